#!/usr/bin/env python3
"""Named variants of PLE with replay, beside PLE that learns from its newest pairs only, at equal samples.

    cargo build --release && python3 benches/variants.py [--tasks hh] [--seeds 0 1] [--steps 30] [--only clip kl] [--log FILE]

Trains experiments/{task}.toml with the settings of each variant below and prints one row a run: reward and truth on
held-out queries after each evaluation, without the principles. A run whose row is in the log already is not made again.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WINDOW = "method.replay={ window = 4 }"
NAMES = (
    "stabilise/ratio", "stabilise/limited", "stabilise/kl", "theory/pure_margin", "theory/pure_margin_whole",
    "theory/consistent_0", "theory/consistent_whole", "theory/consistent_at_tau",
)
VARIANTS = {
    "latest": [],
    "window": [WINDOW],
    "importance-1": [WINDOW, "method.stabilise.importance=1.0"],
    "importance-2": [WINDOW, "method.stabilise.importance=2.0"],
    "clip-0.05": [WINDOW, "method.stabilise.clip=0.05"],
    "clip-0.1": [WINDOW, "method.stabilise.clip=0.1"],
    "clip-0.2": [WINDOW, "method.stabilise.clip=0.2"],
    "hinge-0.5": [WINDOW, "method.stabilise.hinge=0.5"],
    "sigmoid-0.5": [WINDOW, "method.stabilise.sigmoid=0.5"],
    "kl-0.05": [WINDOW, "method.stabilise.kl=0.05"],
    "sft-0.3": [WINDOW, "method.stabilise.sft=0.3"],
    "clip-kl": [WINDOW, "method.stabilise.clip=0.1", "method.stabilise.kl=0.02"],
    "all-clip-0.1": ["method.replay=all", "method.stabilise.clip=0.1"],
    "all-importance-1": ["method.replay=all", "method.stabilise.importance=1.0"],
    # tau: the paper's beginning and a high one, each by Eq. 7 and by the pure level set.
    "pure": ["method.schedule=pure"],
    "high": ["method.tau0=3.0"],
    "high-pure": ["method.tau0=3.0", "method.schedule=pure"],
    "high-pure-0.6": ["method.tau0=3.0", "method.schedule=pure", "method.purity=0.6"],
}


def quarter(values, last=True):
    n = max(1, len(values) // 4)
    values = [v for v in (values[-n:] if last else values[:n]) if v is not None]
    return sum(values) / len(values) if values else float("nan")


def run(ple, task, seed, sets, more):
    with tempfile.TemporaryDirectory() as runs:
        sets = [*sets, *more, "checkpoint.every=0"]
        command = [ple, "train", f"experiments/{task}.toml", "--seed", str(seed), "--json", "--runs", runs]
        command += [x for s in sets for x in ("--set", s)]
        start = time.time()
        child = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        events = [json.loads(line) for line in child.stdout.splitlines()]
    held = [e for e in events if e["event"] == "evaluation"]
    told = [e for e in events if e["event"] == "step"]
    return {
        "code": child.returncode,
        "seconds": time.time() - start,
        "at": [e["step"] for e in held],
        # The original side of the last quarter of the steps: new queries, the policy as it is.
        "late_reward": quarter([e["reward_original"] for e in told]),
        "late_truth": quarter([e["truth_original"] for e in told]),
        "worst_truth": min((e["truth_original"] for e in told), default=None),
        "reward": [e["reward_original"] for e in held],
        "truth": [e["truth_original"] for e in held],
        "tau": told[-1]["tau"] if told else None,
        "loss": told[-1]["loss"] if told else None,
        "alarms": [e["message"] for e in events if e["event"] == "alarm"],
        "metrics": {n: [e["metrics"].get(n) for e in told] for n in NAMES},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", nargs="*", default=["hh", "imdb", "tldr"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    parser.add_argument("--only", nargs="*", default=list(VARIANTS))
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--queries", type=int, default=96)
    parser.add_argument("--batch", type=int, default=24, help="queries of a step, and pairs of an update")
    parser.add_argument("--tokens", type=int, default=72, help="of a response")
    parser.add_argument("--ple", default=os.path.join(ROOT, "target", "release", "ple"))
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--log")
    args = parser.parse_args()
    more = [
        f"method.steps={args.steps}", f"eval.every={args.every}", f"eval.queries={args.queries}",
        f"method.queries_per_step={args.batch}", f"method.minibatch={args.batch}",
        f"generation.max_new_tokens={args.tokens}", *args.set,
    ]
    done = set()
    if args.log and os.path.exists(args.log):
        done = {tuple(json.loads(line)["run"]) for line in open(args.log)}
    for seed in args.seeds:
        for task in args.tasks:
            for name in args.only:
                key = (task, seed, name, args.steps, args.batch)
                if key in done:
                    continue
                found = run(args.ple, task, seed, VARIANTS[name], more)
                if args.log:
                    with open(args.log, "a") as log:
                        log.write(json.dumps({"run": key, **found}) + "\n")
                text = "  ".join(f"{t}: {r:+.2f} {u:+.2f}" for t, r, u in zip(found["at"], found["reward"], found["truth"]))
                print(f"{task:4} {seed} {name:14} {found['seconds']:5.0f} s | {text} | late {found['late_reward']:+.2f} {found['late_truth']:+.2f} | " + "  ".join(
                    f"{n.split('/')[1]} {quarter(x, False):.2f} {quarter(x):.2f}" for n, x in found["metrics"].items()
                    if any(v is not None for v in x)), flush=True)


if __name__ == "__main__":
    main()
