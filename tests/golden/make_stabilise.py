"""Writes stabilise.json: the variants of Eqs. 3 and 4 and their anchors with their gradients, by PyTorch in float64.

    pip install torch && python tests/golden/make_stabilise.py

An implementation of its own, written from the equations in docs/methods.md and not from src/method: it loops over pairs
and lets PyTorch differentiate. The numbers are log-probabilities of whole responses, y and y' of each pair.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
# (s, s') of each pair: both branches, a tie, a margin equal to tau, principles that made it worse, large rewards.
REWARDS = [(0.1, 0.9), (0.5, 0.5), (0.3, 0.5), (2.0, -1.5), (-4.0, 7.5), (0.25, 0.375), (1.0, 0.0), (0.0, 1.0)]
LENGTHS = [(3, 4), (1, 2), (5, 1), (2, 2), (4, 3), (2, 6), (3, 3), (8, 7)]
TAU = 0.25
VARIANTS = [
    {"importance": 1.0}, {"importance": 2.0}, {"clip": 0.2}, {"clip": 0.05}, {"hinge": 0.5}, {"hinge": 2.0},
    {"sigmoid": 1.0}, {"sigmoid": 0.25}, {"kl": 0.1}, {"clip": 0.2, "kl": 0.05}, {"hinge": 1.0, "kl": 0.5},
    {"sft": 0.3}, {"importance": 1.0, "sft": 1.5}, {"kl": 0.1, "sft": 0.3},
]
# Tokens of the rows of the data that stand beside the pairs for the supervised anchor.
ROW_LENGTHS = [3, 1, 6, 2, 5, 9, 4, 2]


def rounded(x):
    # To numbers that f32 holds, so that both sides compute from the same.
    return x.mul(256).round().div(256)


def one_pair(variant, now, then, lengths, strengths, normalised):
    """The loss of a pair, the sum of the weights of its responses, and how many were limited."""
    scale = [1 / n if normalised else 1.0 for n in lengths]
    if "importance" in variant:
        ratios = [torch.exp(n - t).item() for n, t in zip(now, then)]
        weights = [min(variant["importance"], r) for r in ratios]
        loss = -sum(a * w * n * k for a, w, n, k in zip(strengths, weights, now, scale))
        return loss, sum(weights), sum(r > variant["importance"] for r in ratios)
    if "clip" in variant:
        epsilon, loss, weight, limited = variant["clip"], 0.0, 0.0, 0
        for a, n, t, length, k in zip(strengths, now, then, lengths, scale):
            ratio = torch.exp((n - t) / length)
            free, clipped = ratio * a, torch.clamp(ratio, 1 - epsilon, 1 + epsilon) * a
            loss = loss - torch.minimum(free, clipped) * length * k
            weight += ratio.item()
            limited += int(clipped.item() < free.item())
        return loss, weight, limited
    strength = abs(strengths[1])
    sign = (strengths[1] > 0) - (strengths[1] < 0)
    lead = sign * (now[1] * scale[1] - now[0] * scale[0])
    tokens = 1.0 if normalised else sum(lengths) / 2
    if "hinge" in variant:
        room = variant["hinge"] * tokens
        return strength * F.relu(room - lead), 2.0, 2 * int(lead.item() >= room)
    if "sigmoid" in variant:
        unit = variant["sigmoid"] * tokens
        return -strength * unit * F.logsigmoid(lead / unit), 2.0, 2 * torch.sigmoid(lead / unit).item()
    loss = -sum(a * n * k for a, n, k in zip(strengths, now, scale))
    return loss, 2.0, 0


def main():
    n = len(REWARDS)
    lengths = torch.tensor(LENGTHS, dtype=torch.float64)
    then = rounded(-torch.rand(n, 2) * 3 * lengths)
    moved = torch.tensor([[0, 0], [0.01, -0.01], [0.3, -0.4], [-0.5, 0.6], [0.1, 0.1], [1.5, -2.0], [0.5, -0.5], [-0.7, 0.9]])
    now = rounded(then + moved * lengths)
    reference = rounded(then - torch.randn(n, 2) * lengths)
    row_lengths = torch.tensor(ROW_LENGTHS, dtype=torch.float64)
    rows = rounded(-torch.rand(n) * 2 * row_lengths)
    cases = []
    for variant in VARIANTS:
        for eq4 in ("sum", "mean"):
            for reduction in ("sum", "mean"):
                x = now.clone().requires_grad_(True)
                z = rows.clone().requires_grad_(True)
                rank, wsft, far = torch.zeros(()), torch.zeros(()), torch.zeros(())
                weight, limited, divergence = 0.0, 0.0, 0.0
                for i, (s, s2) in enumerate(REWARDS):
                    if s2 - s > TAU:
                        loss, w, l = one_pair(variant, x[i], then[i], LENGTHS[i], (-1.0, 1.0), True)
                        rank = rank + loss
                    else:
                        a = torch.tanh(torch.tensor((s - s2) / 2)).item()
                        loss, w, l = one_pair(variant, x[i], then[i], LENGTHS[i], (a, -a), eq4 == "mean")
                        wsft = wsft + loss
                    weight, limited = weight + w, limited + l
                    for k in (0, 1):
                        delta = x[i, k] - reference[i, k]
                        far = far + delta ** 2 / (2 * LENGTHS[i][k])
                        divergence += delta.item()
                # Eq. 1 on each row: the mean over the tokens of its response.
                supervised = torch.zeros(())
                for i, length in enumerate(ROW_LENGTHS):
                    supervised = supervised - z[i] / length
                divisor = n if reduction == "mean" else 1
                total = (rank + wsft + variant.get("kl", 0.0) * far + variant.get("sft", 0.0) * supervised) / divisor
                total.backward()
                cases.append({
                    "variant": variant, "eq4": eq4, "reduction": reduction,
                    "rank": (rank / divisor).item(), "wsft": (wsft / divisor).item(), "total": total.item(),
                    "weight": weight, "limited": limited,
                    "divergence": divergence if "kl" in variant else 0.0,
                    "gradients": x.grad.T.tolist(),
                    "supervised": supervised.item(), "row_gradients": z.grad.tolist(),
                })
    out = {
        "tau": TAU, "rewards": REWARDS, "lengths": lengths.T.tolist(), "now": now.T.tolist(), "then": then.T.tolist(),
        "reference": reference.T.tolist(), "rows": rows.tolist(), "row_lengths": row_lengths.tolist(), "cases": cases,
    }
    path = pathlib.Path(__file__).with_name("stabilise.json")
    path.write_text(json.dumps(out) + "\n")
    print("wrote", path, "torch", torch.__version__)


if __name__ == "__main__":
    main()
