#!/usr/bin/env python3
"""What the bundled experiments learn: the gap closes, rewards and truth rise, held-out queries too.

    cargo build --release && python3 benches/learning.py [--seeds 0 1 2] [--tasks imdb hh tldr] [--as-printed]

Prints one row a run: mean gap (guided minus original) over the first and the last steps, the original's reward and
truth there, held-out numbers before and after, seconds to the first step and to step 40, largest resident memory.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def mean(rows, key):
    values = [r[key] for r in rows if r[key] is not None]
    return sum(values) / len(values) if values else float("nan")


def run(ple, experiment, seed, sets):
    with tempfile.TemporaryDirectory() as runs:
        command = [ple, "train", experiment, "--seed", str(seed), "--json", "--runs", runs]
        command += [x for s in sets for x in ("--set", s)]
        start, first, at_40 = time.time(), None, None
        steps, held = [], []
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for line in child.stdout:
            event = json.loads(line)
            if event["event"] == "step":
                steps.append(event)
                first = first or time.time() - start
                if event["step"] == 39:
                    at_40 = time.time() - start
            elif event["event"] == "evaluation":
                held.append(event)
        code = child.wait()
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return code, steps, held, first, at_40, memory


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--tasks", nargs="*", default=["imdb", "hh", "tldr"])
    parser.add_argument("--as-printed", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--ple", default=os.path.join(ROOT, "target", "release", "ple"))
    args = parser.parse_args()
    folder = "experiments/as-printed" if args.as_printed else "experiments"
    print("task seed | gap 0-5   35-40  ratio | original 0-5 35-40  rise | truth 0-5  35-40 | held-out reward   truth"
          "          | first s  40 steps s  MB")
    for task in args.tasks:
        for seed in args.seeds:
            code, steps, held, first, at_40, memory = run(args.ple, f"{folder}/{task}.toml", seed, args.set)
            a, b = steps[:6], steps[35:41]
            if code or not b:
                print(f"{task:4} {seed:4} | exit code {code} after {len(steps)} steps")
                continue
            for r in steps:
                r["gap"] = r["reward_guided"] - r["reward_original"]
            ga, gb = mean(a, "gap"), mean(b, "gap")
            oa, ob = mean(a, "reward_original"), mean(b, "reward_original")
            ta, tb = mean(a, "truth_original"), mean(b, "truth_original")
            h0, h1 = held[0], held[-1]
            print(f"{task:4} {seed:4} | {ga:+6.2f} {gb:+7.2f} {gb / ga:+6.2f} | {oa:+8.2f} {ob:+8.2f} {ob - oa:+6.2f}"
                  f" | {ta:+6.2f} {tb:+8.2f} | {h0['reward_original']:+.2f} -> {h1['reward_original']:+.2f}"
                  f"  {h0['truth_original']:+.2f} -> {h1['truth_original']:+.2f}"
                  f" | {first:6.1f} {at_40:10.1f} {memory:6.0f}", flush=True)


if __name__ == "__main__":
    main()
