"""Writes ple_losses.json: Eqs. 3 to 6 of PLE and their gradients, by PyTorch in float64.

    pip install torch && python tests/golden/make_ple_losses.py

An implementation of its own, written from the paper and not from src/method: it loops over pairs and tokens.
"""

import json
import math
import pathlib

import torch

torch.manual_seed(7)
VOCAB = 5
# (s, s') of each pair: both branches, a tie, a margin equal to tau, principles that made it worse, large rewards.
REWARDS = [(0.1, 0.9), (0.5, 0.5), (0.3, 0.5), (2.0, -1.5), (-4.0, 7.5), (0.25, 0.375)]
LENGTHS = [(3, 4), (1, 2), (5, 1), (2, 2), (4, 3), (2, 6)]
TAU = 0.25


def log_pi(logits, targets):
    return [torch.log_softmax(row, 0)[t] for row, t in zip(logits, targets)]


def losses(pairs, tau, eq4, reduction):
    rank = torch.zeros((), dtype=torch.float64)
    wsft = torch.zeros((), dtype=torch.float64)
    for (s, s2), (y, ty), (y2, ty2) in pairs:
        a, b = log_pi(y, ty), log_pi(y2, ty2)
        if s2 - s > tau:
            rank = rank - (sum(b) / len(b) - sum(a) / len(a))
        else:
            w = 2 * math.exp(s) / (math.exp(s) + math.exp(s2)) - 1
            w2 = 2 * math.exp(s2) / (math.exp(s) + math.exp(s2)) - 1
            na, nb = (len(a), len(b)) if eq4 == "mean" else (1, 1)
            wsft = wsft - (w * sum(a) / na + w2 * sum(b) / nb)
    n = len(pairs) if reduction == "mean" else 1
    return rank / n, wsft / n


def main():
    pairs, rows = [], []
    for (s, s2), (n, n2) in zip(REWARDS, LENGTHS):
        sides = []
        for length in (n, n2):
            # Rounded to numbers that f32 holds, so that both sides compute from the same.
            logits = torch.randn(length, VOCAB).double().mul(64).round().div(64)
            logits.requires_grad_(True)
            targets = torch.randint(0, VOCAB, (length,)).tolist()
            sides.append((logits, targets))
        pairs.append(((s, s2), *sides))
        rows.append({
            "rewards": [s, s2],
            "original": {"logits": sides[0][0].tolist(), "targets": sides[0][1]},
            "guided": {"logits": sides[1][0].tolist(), "targets": sides[1][1]},
        })
    cases = []
    for eq4 in ("sum", "mean"):
        for reduction in ("sum", "mean"):
            for logits in (p[i][0] for p in pairs for i in (1, 2)):
                logits.grad = None
            rank, wsft = losses(pairs, TAU, eq4, reduction)
            (rank + wsft).backward()
            cases.append({
                "eq4": eq4,
                "reduction": reduction,
                "rank": rank.item(),
                "wsft": wsft.item(),
                "total": (rank + wsft).item(),
                "gradients": [[p[1][0].grad.tolist(), p[2][0].grad.tolist()] for p in pairs],
            })
    path = pathlib.Path(__file__).with_name("ple_losses.json")
    path.write_text(json.dumps({"tau": TAU, "vocabulary": VOCAB, "pairs": rows, "cases": cases}, indent=1) + "\n")
    print("wrote", path, "torch", torch.__version__)


if __name__ == "__main__":
    main()
