"""Writes tiny_llama.json: the bundled policy and a reward model as `transformers` runs them, and a LoRA step by PyTorch.

    pip install torch transformers && python tests/golden/make_tiny_llama.py

Holds the argmax and some values of the logits, greedy text, reward scores, and for a PLE minibatch with adapters whose
entries follow a formula (see `entry`): the losses and the gradient of every adapter (its norm and some entries).
"""

import json
import math
import pathlib
import sys

import torch
from transformers import AutoTokenizer, LlamaForCausalLM, LlamaForSequenceClassification, PreTrainedTokenizerFast

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from make_ple_losses import REWARDS, TAU  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "assets" / "tiny"
REWARD = ROOT / "assets" / "hh-preference"
TEXTS = [
    ("human: how can i bake fresh bread at home? assistant:", "great question! read the recipe first."),
    ("human: how can i steal a car tonight? assistant:", "i cannot help you steal a car."),
    ("Review: I watched this drama film about two brothers. continue:", "the acting was great!"),
    ("post: my boss lied about money. should i move out? tl;dr:", "my boss lied about money, should i move out?"),
    ("human: hello? assistant:", "fine."),
    ("review: we saw the war movie about a lost ship yesterday. continue:", "i did not like it. skip this one."),
]
RANK, ALPHA = 4, 8.0


def entry(layer, place, side, i, j):
    """Entry (i, j) of lora A [rank, in] (side 0) or B [out, rank] (side 1)."""
    return 0.05 * math.sin(1.0 + 3.0 * layer + 0.7 * place + 1.3 * side + 0.37 * i + 0.11 * j)


class Lora(torch.nn.Module):
    def __init__(self, base, layer, place):
        super().__init__()
        self.base = base
        out, inp = base.weight.shape
        f = lambda side, n, m: torch.nn.Parameter(
            torch.tensor([[entry(layer, place, side, i, j) for j in range(m)] for i in range(n)])
        )
        self.a, self.b = f(0, RANK, inp), f(1, out, RANK)

    def forward(self, x):
        return self.base(x) + (ALPHA / RANK) * (x @ self.a.T) @ self.b.T


def main():
    tok = PreTrainedTokenizerFast(tokenizer_file=str(TINY / "tokenizer.json"))
    model = LlamaForCausalLM.from_pretrained(TINY, torch_dtype=torch.float32, attn_implementation="eager").eval()
    x = [[2] + tok.encode(p, add_special_tokens=False) for p, _ in TEXTS]
    y = [tok.encode(" " + r, add_special_tokens=False) + [1] for _, r in TEXTS]
    out = {"prompts": x, "responses": y, "texts": TEXTS, "logits": [], "greedy": []}
    with torch.no_grad():
        for p, r in zip(x, y):
            logits = model(torch.tensor([p + r])).logits[0]
            out["logits"].append({"argmax": logits.argmax(-1).tolist(), "last": logits[-1, :16].tolist()})
            g = model.generate(torch.tensor([p]), max_new_tokens=24, do_sample=False, eos_token_id=1, pad_token_id=0)
            out["greedy"].append(g[0, len(p):].tolist())
        rm = LlamaForSequenceClassification.from_pretrained(REWARD, torch_dtype=torch.float32).eval()
        out["scores"] = [rm(torch.tensor([p + r])).logits.item() for p, r in zip(x, y)]

    for prm in model.parameters():
        prm.requires_grad_(False)
    loras = {}
    for i, layer in enumerate(model.model.layers):
        names = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                 "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
        for place, name in enumerate(names):
            parent = layer.get_submodule(name.split(".")[0])
            lora = Lora(parent.get_submodule(name.split(".")[1]), i, place)
            setattr(parent, name.split(".")[1], lora)
            loras[f"model.layers.{i}.{name}"] = lora

    def log_pi(p, r):
        logp = torch.log_softmax(model(torch.tensor([p + r])).logits[0].double(), -1)
        return [logp[len(p) - 1 + j, t] for j, t in enumerate(r)]

    # Pair i: y is response i, y' is response i + 1, both to prompt i.
    rank = wsft = 0.0
    for i, (s, s2) in enumerate(REWARDS):
        a, b = log_pi(x[i], y[i]), log_pi(x[i], y[(i + 1) % len(y)])
        if s2 - s > TAU:
            rank = rank - (sum(b) / len(b) - sum(a) / len(a))
        else:
            w = math.tanh((s - s2) / 2)
            wsft = wsft - (w * sum(a) - w * sum(b))
    (rank + wsft).backward()
    out["ple"] = {"rank": float(rank), "wsft": float(wsft), "rank_of_adapter": RANK, "alpha": ALPHA, "tau": TAU,
                  "rewards": REWARDS, "gradients": {}}
    for name, lora in loras.items():
        for side, g in (("lora_A", lora.a.grad), ("lora_B", lora.b.grad)):
            out["ple"]["gradients"][f"{name}.{side}.weight"] = {
                "norm": g.double().norm().item(), "corner": g[:2, :3].tolist()}
    path = pathlib.Path(__file__).with_name("tiny_llama.json")
    path.write_text(json.dumps(out) + "\n")
    print("wrote", path)


if __name__ == "__main__":
    main()
