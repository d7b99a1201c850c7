#!/usr/bin/env python3
"""Makes choose.json: what the logits processors of transformers leave of some logits, one after another as `generate`
applies them.

    python tests/golden/make_choose.py

Needs torch and transformers (made with torch 2.15, transformers 5.23).
"""

import json
import math
import os

import torch
from transformers import (MinPLogitsWarper, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper,
                          TopPLogitsWarper)

VOCABULARY = 40


def row(seed, spread):
    """Logits that another program can make too."""
    return [spread * math.sin(1.0 + 2.3 * seed + 0.7 * i * (i + seed)) for i in range(VOCABULARY)]


CASES = [
    {},
    {"temperature": 0.7},
    {"top_k": 1},
    {"top_k": 5},
    {"top_k": 400},
    {"top_p": 0.9},
    {"top_p": 0.3},
    {"top_p": 0.01},
    {"min_p": 0.05},
    {"min_p": 0.6},
    {"repetition_penalty": 1.3},
    {"repetition_penalty": 0.8},
    {"temperature": 1.5, "top_k": 12, "top_p": 0.8},
    {"temperature": 0.5, "top_p": 0.95, "min_p": 0.1},
    {"repetition_penalty": 1.7, "temperature": 1.2, "top_k": 20, "top_p": 0.85, "min_p": 0.08},
]
SEEN = [0, 3, 4, 4, 11, 17, 17, 25, 39]

cases = []
for case in CASES:
    for seed, spread in ((1, 2.0), (2, 6.0)):
        ids, scores = torch.tensor([SEEN]), torch.tensor([row(seed, spread)], dtype=torch.float32)
        if (penalty := case.get("repetition_penalty", 1.0)) != 1.0:
            scores = RepetitionPenaltyLogitsProcessor(penalty)(ids, scores)
        if (temperature := case.get("temperature", 1.0)) != 1.0:
            scores = TemperatureLogitsWarper(temperature)(ids, scores)
        if k := case.get("top_k", 0):
            scores = TopKLogitsWarper(k)(ids, scores)
        if (p := case.get("top_p", 1.0)) < 1.0:
            scores = TopPLogitsWarper(p)(ids, scores)
        if p := case.get("min_p", 0.0):
            scores = MinPLogitsWarper(p)(ids, scores)
        probabilities = torch.softmax(scores.double(), -1)[0].tolist()
        cases.append({"settings": case, "seed": seed, "spread": spread, "probabilities": [round(p, 9) for p in probabilities]})

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "choose.json")
with open(path, "w") as file:
    json.dump({"vocabulary": VOCABULARY, "seen": SEEN, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
