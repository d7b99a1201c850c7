"""Loads an adapter that `ple` wrote with PEFT, and says how far its logits are from others of the same policy.

    pip install torch transformers peft safetensors
    ple export RUN --format peft -o ADAPTER && ple export RUN --format merged -o MERGED
    python tests/golden/check_peft.py ADAPTER --base BASE --merged MERGED

or, with what a test of this repository leaves behind (an adapter, and `ours.safetensors`: rows of token ids `ids.I` and
this program's logits of them `logits.I`):

    PLE_KEEP=FOLDER cargo test --lib an_adapter_written_here && python tests/golden/check_peft.py FOLDER/*

Compared are PEFT on the base, `transformers` on the merged folder, and this program. Exit code 1 if any two differ by
more than the limit, or if the adapter changes nothing.
"""

import argparse
import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


@torch.no_grad()
def check(adapter, base, merged, limit):
    """True if all agree."""
    base = base or json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"]
    model = load(base)
    rows, ours = [], []
    if (adapter / "ours.safetensors").exists():
        kept = load_file(adapter / "ours.safetensors")
        for i in range(len(kept) // 2):
            rows.append(kept[f"ids.{i}"].long().tolist())
            ours.append(kept[f"logits.{i}"])
    else:
        generator = torch.Generator().manual_seed(3)
        rows = [torch.randint(0, model.config.vocab_size, (n,), generator=generator).tolist() for n in (5, 24)]
    run = lambda m: [m(torch.tensor([row])).logits[0] for row in rows]
    alone = run(model)
    by_peft = run(PeftModel.from_pretrained(model, adapter).eval())
    far = lambda a, b: max((x - y).abs().max().item() for x, y in zip(a, b))
    moved, good = far(alone, by_peft), True
    print(f"{adapter}: on {base} it moves logits by {moved:.3g}")
    if moved == 0:
        print("  the adapter changes nothing")
        good = False
    others = {"this program": ours} if ours else {}
    if merged:
        others["the merged folder"] = run(load(merged))
    for name, other in others.items():
        difference = far(by_peft, other)
        good &= difference <= limit
        print(f"  PEFT against {name}: {difference:.3g} {'' if difference <= limit else f'is more than {limit:g}'}")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("adapters", nargs="+", type=pathlib.Path)
    parser.add_argument("--base", help="default: what adapter_config.json names")
    parser.add_argument("--merged", type=pathlib.Path)
    parser.add_argument("--limit", type=float, default=1e-4)
    args = parser.parse_args()
    results = [check(a, args.base, args.merged, args.limit) for a in args.adapters]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
