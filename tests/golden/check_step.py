"""Computes a step of a stored run again with PyTorch and PEFT, and says how far the run's own numbers are from that.

    pip install torch transformers peft safetensors
    ple train experiments/imdb.toml --set policy.model=tests/golden/models/llama ... --set checkpoint.every=1 --name mine
    python tests/golden/check_step.py runs/mine [--step N]

The policy must be a model folder with an adapter on all linear layers, and the run must have checkpoints before and after
the step. Taken from the run are the pairs (token ids and rewards), the settings, the adapter and AdamW's moments before
the step; computed are tau, the order of D_train, the branch and the weights of each pair, for every minibatch the losses
and the gradient, the clipping, AdamW, and so the adapter and the moments after the step, all in float64. Exit code 1 if
something is further off than f32 explains.
"""

import argparse
import json
import math
import os
import pathlib
import sqlite3
import struct
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
SHUFFLE_REPLAY = 5


class ChaCha8:
    """The random stream of (seed, purpose, step, row)."""

    def __init__(self, *key):
        self.key = struct.unpack("<8I", struct.pack("<4Q", *key))
        self.counter, self.words = 0, []

    def block(self):
        def quarter(x, a, b, c, d):
            for p, q, r, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[p] = (x[p] + x[q]) & 0xFFFFFFFF
                x[r] ^= x[p]
                x[r] = ((x[r] << turn) | (x[r] >> (32 - turn))) & 0xFFFFFFFF

        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *self.key,
                 self.counter & 0xFFFFFFFF, self.counter >> 32, 0, 0]
        x = list(start)
        for _ in range(4):
            for four in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(x, *four)
        self.counter += 1
        return [(a + b) & 0xFFFFFFFF for a, b in zip(x, start)]

    def below(self, n):
        if not self.words:
            self.words = self.block()
        return (self.words.pop(0) * n) >> 32


def d_train(db, method, step, seed):
    """The pairs the step learns from, in the order of its updates: x, y, y', s, s'."""
    replay = method.get("replay", "all")
    first = {"all": 0, "latest": step}.get(replay) if isinstance(replay, str) else max(0, step + 1 - replay["window"])
    ids = lambda blob: list(struct.unpack(f"<{len(blob) // 4}I", blob))
    rows = db.execute("SELECT prompt_ids, original_ids, guided_ids, reward_original, reward_guided, shaped_original, "
                      "shaped_guided FROM pairs WHERE step BETWEEN ? AND ? ORDER BY step, idx", (first, step))
    pairs = [(ids(x), ids(y), ids(g), s if a is None else a, s2 if b is None else b) for x, y, g, s, s2, a, b in rows]
    random = ChaCha8(seed, SHUFFLE_REPLAY, step, 0)
    for i in range(len(pairs) - 1, 0, -1):
        j = random.below(i + 1)
        pairs[i], pairs[j] = pairs[j], pairs[i]
    return pairs


def losses(model, pairs, tau, method):
    """Eqs. 3 and 4, pair by pair, without padding."""

    def log_pi(x, y):
        logits = torch.log_softmax(model(torch.tensor([x + y])).logits[0], -1)
        return sum(logits[len(x) - 1 + j, t] for j, t in enumerate(y)), len(y)

    rank, wsft = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for x, y, g, s, s2 in pairs:
        (a, n), (b, m) = log_pi(x, y), log_pi(x, g)
        if method.get("rank", True) and s2 - s > tau:
            rank = rank - (b / m - a / n)
        else:
            w = math.tanh((s - s2) / 2)
            if method.get("eq4", "sum") == "mean":
                a, b = a / n, b / m
            wsft = wsft - (w * a - w * b)
    divisor = len(pairs) if method.get("reduction", "sum") == "mean" else 1
    return rank / divisor, wsft / divisor


def read_checkpoint(run, step):
    with safe_open(run / "checkpoints" / f"step-{step:06}.safetensors", "pt") as f:
        header = json.loads(f.metadata()["ple.checkpoint"])
        # Matrices lie here as [in, out], in PyTorch as [out, in].
        return header, {k: f.get_tensor(k).double().T.contiguous() for k in f.keys()}


def check(run, step):
    """True if the step is what PyTorch makes of it."""
    db = sqlite3.connect(f"file:{run / 'run.db'}?mode=ro", uri=True)
    started = json.loads(db.execute("SELECT value FROM meta WHERE key = 'started'").fetchone()[0])
    experiment = started.get("experiment") or next(iter(started.values()))["experiment"]
    method, lora = experiment["method"], experiment["policy"]["lora"]
    before, found_before = read_checkpoint(run, step)
    after, found_after = read_checkpoint(run, step + 1)
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(experiment["policy"]["model"], dtype=torch.float64,
                                                attn_implementation="eager").eval()
    model = get_peft_model(base, LoraConfig(r=lora["rank"], lora_alpha=lora["alpha"], target_modules="all-linear",
                                            task_type="CAUSAL_LM")).eval()
    name = lambda key: key.removeprefix("base_model.model.").replace(".default.", ".")
    parameters = {name(k): p for k, p in model.named_parameters() if p.requires_grad}
    adapters = {k for k in found_before if ".moment_" not in k}
    if adapters != set(parameters):
        print("  not the same adapters:", sorted(adapters ^ set(parameters))[:4])
        return False
    adamw = torch.optim.AdamW(parameters.values(), lr=float(before["learning_rate"]), betas=(0.9, 0.999), eps=1e-8,
                              weight_decay=method.get("weight_decay", 0.0))
    with torch.no_grad():
        for key, p in parameters.items():
            p.copy_(found_before[key])
            if f"{key}.moment_1" in found_before:
                adamw.state[p] = {"step": torch.tensor(float(before["optimizer_step"])),
                                  "exp_avg": found_before[f"{key}.moment_1"].clone(),
                                  "exp_avg_sq": found_before[f"{key}.moment_2"].clone()}
    tau = method.get("tau0", 0.2) * method.get("decay", 0.9) ** step
    pairs = d_train(db, method, step, experiment.get("seed", 0))
    sums, updates = [0.0, 0.0, 0.0], 0
    for at in range(0, len(pairs), method.get("minibatch", 24)):
        batch = pairs[at:at + method.get("minibatch", 24)]
        adamw.zero_grad()
        rank, wsft = losses(model, batch, tau, method)
        kept = [loss for loss, on in ((rank, "rank"), (wsft, "weighted_sft")) if method.get(on, True)]
        sum(kept).backward()
        limit = method.get("max_grad_norm", 0.0) or math.inf
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), limit)
        adamw.step()
        for i, value in enumerate((rank.item(), wsft.item(), norm.item())):
            sums[i] += value
        updates += 1
    columns = "tau, loss_rank, loss_wsft, grad_norm, updates, replay, ranked"
    told = db.execute(f"SELECT {columns} FROM steps WHERE step = ?", (step,)).fetchone()
    ranked = sum(s2 - s > tau and method.get("rank", True) for *_, s, s2 in pairs)
    computed = (tau, sums[0] / updates, sums[1] / updates, sums[2] / updates, updates, len(pairs), ranked)
    good = True
    for what, found, wanted in zip(columns.split(", "), told, computed):
        error = abs(found - wanted) / max(1.0, abs(wanted))
        good &= error < 1e-4
        print(f"  {what:10} {found:12.7g} PyTorch {wanted:12.7g} {'' if error < 1e-4 else 'FAR'}")
    far = lambda a, b: ((a - b).norm() / b.norm()).item() if b.norm() > 0 else a.norm().item()
    with torch.no_grad():
        change = max(far(found_after[k] - found_before[k], p - found_before[k]) for k, p in parameters.items())
        moments = max(far(found_after[f"{k}.moment_{i}"], adamw.state[p][s])
                      for k, p in parameters.items() for i, s in ((1, "exp_avg"), (2, "exp_avg_sq")))
    good &= change < 1e-3 and moments < 1e-3
    print(f"  greatest relative error of a change of A or B: {change:.2g}, of a moment: {moments:.2g}")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--step", type=int, help="default: every step that has checkpoints around it")
    args = parser.parse_args()
    has = lambda n: (args.run / "checkpoints" / f"step-{n:06}.safetensors").exists()
    steps = [args.step] if args.step is not None else [n for n in range(10_000) if has(n) and has(n + 1)]
    good = bool(steps)
    for step in steps:
        print(f"step {step} of {args.run}")
        good &= check(args.run, step)
    sys.exit(not good)


if __name__ == "__main__":
    main()
