"""Loads folders that this program saved with `transformers`, and says how far their logits or scores are.

    pip install torch transformers safetensors
    PLE_KEEP=FOLDER cargo test --lib a_model_that_is_saved && python tests/golden/check_saved.py FOLDER

FOLDER holds folders named as those of models/, whose golden files they are held against. Exit code 1 if one does not load,
leaves out or adds a parameter, or differs by 1e-4 or more.
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
MODELS = pathlib.Path(__file__).resolve().parent / "models"


@torch.no_grad()
def difference(folder):
    golden = json.loads((MODELS / folder.name / "golden.json").read_text())
    kind = AutoModelForSequenceClassification if "scores" in golden else AutoModelForCausalLM
    model, info = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    odd = {k: v for k, v in info.items() if v}
    assert not odd, f"{folder}: {odd}"
    AutoTokenizer.from_pretrained(folder)
    model.eval()
    if "scores" in golden:
        found = torch.cat([model(torch.tensor([t])).logits[:, 0] for t in golden["texts"]])
        return (found - torch.tensor(golden["scores"])).abs().max().item()
    wanted = load_file(MODELS / folder.name / "golden.safetensors")
    rows = [p + g for p, g in zip(golden["prompts"], golden["greedy"])]
    return max((model(torch.tensor([r])).logits[0] - wanted[f"logits.{i}"]).abs().max().item() for i, r in enumerate(rows))


def main():
    folders = sorted(f for f in pathlib.Path(sys.argv[1]).iterdir() if (MODELS / f.name).exists())
    found = [(f.name, difference(f)) for f in folders]
    for name, far in found:
        print(f"{name:16} {far:.2g}")
    sys.exit(not found or any(far >= 1e-4 for _, far in found))


if __name__ == "__main__":
    main()
