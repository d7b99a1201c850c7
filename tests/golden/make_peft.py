"""Writes peft/NAME/: adapters as PEFT saves them on the checkpoints of make_models.py, and what PyTorch computes with them.

    pip install torch transformers peft safetensors && python tests/golden/make_peft.py

`adapter_config.json` and `adapter_model.safetensors` are PEFT's own, with A and B random and far from zero.
`golden.safetensors` has, by torch on one CPU:

- `logits.I` `[tokens, vocab]`: row I of `golden.json`, alone, f32;
- `gradient.f32.NAME`, `gradient.f64.NAME`: of Eq. 6 over all pairs of `golden.json`, by every A and B;
- `after.NAME`: A and B after one step of Algorithm 1 over the same pairs as D_train, in f64: for each minibatch in turn
  the losses, backward, clipping of the global norm, AdamW.

An implementation of its own, written from the paper: it goes pair by pair and token by token, without padding.
"""

import json
import math
import os
import pathlib
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
HERE = pathlib.Path(__file__).resolve().parent

# Base, rank, what is adapted (PEFT's words), a training step too.
ADAPTERS = {
    "gpt2-all-linear": ("gpt2", 4, "all-linear", True),
    "llama-all-linear": ("llama", 4, "all-linear", True),
    "qwen2-all-linear": ("qwen2", 8, "all-linear", False),
    "gpt2-c_attn": ("gpt2", 8, ["c_attn"], False),
    "llama-q-v": ("llama", 8, ["q_proj", "v_proj"], False),
}
ALPHA = 16
# (s, s') of each pair: both branches, a tie, a margin equal to tau, principles that made it worse, large rewards.
REWARDS = [(0.1, 0.9), (0.5, 0.5), (0.3, 0.5), (2.0, -1.5), (-4.0, 7.5), (0.25, 0.375), (0.5, 0.75), (-0.2, 0.15)]
# Tokens of prompt, y and y'.
LENGTHS = [(5, 4, 6), (2, 3, 1), (9, 5, 7), (4, 2, 2), (7, 8, 3), (3, 1, 5), (6, 6, 4), (1, 3, 9)]
TAU = 0.25
STEP = {"minibatch": 3, "learning_rate": 3e-3, "weight_decay": 0.02, "max_grad_norm": 45.0, "beta_1": 0.9,
        "beta_2": 0.999, "epsilon": 1e-8}


def load_base(name, dtype=torch.float32):
    folder = HERE / "models" / name
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()


def save_adapter(name, base, rank, targets):
    """Has PEFT make and save an adapter with random A and B."""
    folder = HERE / "peft" / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(5)
    settings = LoraConfig(r=rank, lora_alpha=ALPHA, target_modules=targets, lora_dropout=0.05, task_type="CAUSAL_LM")
    model = get_peft_model(load_base(base), settings)
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "lora_" in key:
                p.normal_(0.0, (0.5 if "lora_A" in key else 0.25) / p.shape[1] ** 0.5)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    # PEFT notes where the base was on this machine, and the targets in any order.
    path = folder / "adapter_config.json"
    saved = json.loads(path.read_text())
    saved["base_model_name_or_path"] = f"tests/golden/models/{base}"
    saved["target_modules"].sort()
    path.write_text(json.dumps(saved, indent=1) + "\n")
    return folder


def load_adapter(folder, base, dtype):
    model = PeftModel.from_pretrained(load_base(base), folder, is_trainable=True).to(dtype)
    # Dropout is for training; these numbers are without it.
    return model.eval()


def trained(model):
    """A and B under the names of the file."""
    return {k.replace(".default.", "."): p for k, p in model.named_parameters() if "lora_" in k}


def losses(model, pairs, rewards, dtype):
    """Eqs. 3 and 4."""

    def log_pi(x, y):
        logits = model(torch.tensor([x + y])).logits[0]
        return [torch.log_softmax(logits[len(x) - 1 + j], -1)[t] for j, t in enumerate(y)]

    rank, wsft = torch.zeros((), dtype=dtype), torch.zeros((), dtype=dtype)
    for (x, y, y2), (s, s2) in zip(pairs, rewards):
        a, b = log_pi(x, y), log_pi(x, y2)
        if s2 - s > TAU:
            rank = rank - (sum(b) / len(b) - sum(a) / len(a))
        else:
            w = 2 * math.exp(s) / (math.exp(s) + math.exp(s2)) - 1
            w2 = 2 * math.exp(s2) / (math.exp(s) + math.exp(s2)) - 1
            wsft = wsft - (w * sum(a) + w2 * sum(b))
    return rank, wsft


def gradients(folder, base, pairs, dtype):
    model = load_adapter(folder, base, dtype)
    rank, wsft = losses(model, pairs, REWARDS, dtype)
    (rank + wsft).backward()
    return {"rank": rank.item(), "wsft": wsft.item()}, {k: p.grad for k, p in trained(model).items()}


def step(folder, base, pairs, dtype):
    """One step's updates: what each of them reports, A and B before and after all."""
    model = load_adapter(folder, base, dtype)
    parameters = trained(model)
    before = {k: p.detach().clone() for k, p in parameters.items()}
    adamw = torch.optim.AdamW(parameters.values(), lr=STEP["learning_rate"], weight_decay=STEP["weight_decay"],
                              betas=(STEP["beta_1"], STEP["beta_2"]), eps=STEP["epsilon"])
    updates = []
    for first in range(0, len(pairs), STEP["minibatch"]):
        part = slice(first, first + STEP["minibatch"])
        adamw.zero_grad()
        rank, wsft = losses(model, pairs[part], REWARDS[part], dtype)
        (rank + wsft).backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), STEP["max_grad_norm"])
        adamw.step()
        updates.append({"rank": rank.item(), "wsft": wsft.item(), "loss": (rank + wsft).item(), "grad_norm": norm.item()})
    return updates, before, {k: p.detach().clone() for k, p in parameters.items()}


def far(a, b):
    """Greatest relative error of any tensor, by its norm."""
    return max(((a[k].double() - b[k].double()).norm() / b[k].double().norm()).item() for k in b)


def main():
    for name, (base, rank, targets, training) in ADAPTERS.items():
        folder = save_adapter(name, base, rank, targets)
        config = json.loads((HERE / "models" / base / "config.json").read_text())
        known = json.loads((HERE / "models" / base / "golden.json").read_text())
        rows = [p + g for p, g in zip(known["prompts"][:2], known["greedy"])]
        golden = {"base": base, "torch": torch.__version__, "peft": peft.__version__,
                  "transformers": transformers.__version__, "rows": rows}
        tensors = {}
        with torch.no_grad():
            model, alone = load_adapter(folder, base, torch.float32), load_base(base)
            for i, row in enumerate(rows):
                tensors[f"logits.{i}"] = model(torch.tensor([row])).logits[0]
            moved = (tensors["logits.0"] - alone(torch.tensor([rows[0]])).logits[0]).abs().max().item()
        print(name, "the adapter moves logits by", moved)
        if training:
            generator = torch.Generator().manual_seed(11)
            draw = lambda n: torch.randint(0, config["vocab_size"], (n,), generator=generator).tolist()
            pairs = [tuple(draw(n) for n in lengths) for lengths in LENGTHS]
            golden |= {"pairs": pairs, "rewards": REWARDS, "tau": TAU, "step": STEP}
            found = {}
            for dtype, word in ((torch.float32, "f32"), (torch.float64, "f64")):
                golden[f"losses.{word}"], found[word] = gradients(folder, base, pairs, dtype)
                tensors |= {f"gradient.{word}.{k}": g for k, g in found[word].items()}
            golden["updates"], before, after = step(folder, base, pairs, torch.float64)
            updates_f32, before_f32, after_f32 = step(folder, base, pairs, torch.float32)
            change = {k: after[k] - before[k] for k in after}
            change_f32 = {k: after_f32[k] - before_f32[k] for k in after}
            golden["torch_f32_against_f64"] = {"gradient": far(found["f32"], found["f64"]),
                                               "change": far(change_f32, change)}
            tensors |= {f"after.{k}": p for k, p in after.items()}
            print(" losses", golden["losses.f64"], "\n updates", golden["updates"],
                  "\n f32 against f64", golden["torch_f32_against_f64"])
        text = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items())
        (folder / "golden.json").write_text("{\n" + text + "\n}\n")
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "golden.safetensors")


if __name__ == "__main__":
    main()
