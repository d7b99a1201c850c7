#!/usr/bin/env python3
"""Variants of PLE beside PLE on its newest pairs, each at the learning rate that suits it best, at equal samples.

    cargo build --release && python3 benches/fair.py --log FILE [--ple PLE] [--tasks hh imdb tldr] [--only newest importance] [--print]

Each contender of each task first runs once a learning rate of its grid, on a validation seed; the rate with the best truth on held-out
queries is kept (and the one with the best reward told, which is what somebody without a checker could choose by). Then it runs with that
rate on other seeds, whose queries and samples the choice never saw. Every run samples as many responses. Prints means and deviations over
the test seeds, and the difference to `newest` seed by seed. A run whose row is in the log already is not made again.
"""

import argparse
import json
import math
import os

import variants

WINDOW = variants.WINDOW
CONTENDERS = {
    "newest": ([], [1e-3, 2e-3, 4e-3]),
    "importance": ([WINDOW, "method.stabilise.importance=1.0"], [5e-4, 1e-3, 2e-3]),
    # 2e-3 was the worst rate of importance-weighted replay on every task.
    "clip": ([WINDOW, "method.stabilise.clip=0.1"], [5e-4, 1e-3]),
    # tau from 3 by the pure level set, and by Eq. 7, at the rates of `newest`, from which they differ in tau alone.
    "pure": (["method.tau0=3.0", "method.schedule=pure", "method.purity=0.6"], None),
    "high": (["method.tau0=3.0"], None),
}
STEPS = {"hh": 24, "imdb": 16, "tldr": 16}


def spread(values):
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))


class Runs:
    """The runs of a log: made where they are missing, unless `only_read`."""

    def __init__(self, args):
        self.args = args
        self.rows = {}
        if os.path.exists(args.log):
            for line in open(args.log):
                row = json.loads(line)
                self.rows[tuple(row["run"])] = row

    def of(self, task, name, rate, seed, queries):
        key = (task, name, rate, seed, STEPS[task], queries)
        if key not in self.rows and not self.args.print:
            steps = STEPS[task]
            more = [
                f"method.learning_rate={rate}", f"method.steps={steps}", f"eval.every={steps}", f"eval.queries={queries}",
                "method.queries_per_step=8", "method.minibatch=8", "generation.max_new_tokens=40",
            ]
            found = variants.run(self.args.ple, task, seed, CONTENDERS[name][0], more)
            row = {"run": key, **found}
            del row["metrics"]
            with open(self.args.log, "a") as log:
                log.write(json.dumps(row) + "\n")
            self.rows[key] = row
            last = " ".join(f"{x[-1]:+.2f}" for x in (row["reward"], row["truth"]) if x)
            print(f"{task:4} {name:10} rate {rate:g} seed {seed:3} {found['seconds']:4.0f} s  reward, truth: {last}", flush=True)
        return self.rows.get(key)


def chosen(runs, task, name):
    """The rates with the best held-out truth and with the best held-out reward on the validation seed; None before all rates ran."""
    if CONTENDERS[name][1] is None:
        return chosen(runs, task, "newest")
    rows = [(rate, runs.of(task, name, rate, runs.args.validation, runs.args.queries)) for rate in CONTENDERS[name][1]]
    if any(row is None for _, row in rows):
        return None
    return tuple(max(rows, key=lambda r: r[1][what][-1])[0] for what in ("truth", "reward"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", nargs="*", default=["hh", "imdb", "tldr"])
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--validation", type=int, default=100)
    parser.add_argument("--queries", type=int, default=48, help="held-out queries on the validation seed")
    parser.add_argument("--test-queries", type=int, default=96)
    parser.add_argument("--ple", default=os.path.join(variants.ROOT, "target", "release", "ple"))
    parser.add_argument("--print", action="store_true", help="run nothing: only the tables of what the log has")
    parser.add_argument("--log", required=True)
    args = parser.parse_args()
    runs = Runs(args)

    rates = {}
    for name in args.only:
        for task in args.tasks:
            rates[task, name] = chosen(runs, task, name)
        for seed in args.seeds:
            for task in args.tasks:
                if rates[task, name]:
                    runs.of(task, name, rates[task, name][0], seed, args.test_queries)

    print("\nvalidation: held-out reward, truth by learning rate")
    for name in args.only:
        for task in args.tasks:
            grid = CONTENDERS[name][1] or []
            rows = [(rate, runs.rows.get((task, name, rate, args.validation, STEPS[task], args.queries))) for rate in grid]
            text = "  ".join(f"{rate:g}: {row['reward'][-1]:+.2f} {row['truth'][-1]:+.2f}" for rate, row in rows if row)
            print(f"{task:4} {name:10} {text}  best truth, best reward at {rates[task, name]}")
    print("\ntest: mean ± sd over seeds, and the difference in truth to newest, seed by seed")
    for task in args.tasks:
        newest = {}
        for name in args.only:
            if not rates[task, name]:
                continue
            rate = rates[task, name][0]
            rows = {s: runs.rows.get((task, name, rate, s, STEPS[task], args.test_queries)) for s in args.seeds}
            rows = {s: row for s, row in rows.items() if row}
            if not rows:
                continue
            reward, truth = ([row[what][-1] for row in rows.values()] for what in ("reward", "truth"))
            newest = newest or {s: row["truth"][-1] for s, row in rows.items()}
            pairs = [row["truth"][-1] - newest[s] for s, row in rows.items() if s in newest]
            alarms = sum(len(row["alarms"]) for row in rows.values())
            text = " ".join(f"{d:+.2f}" for d in pairs)
            (r, rs), (t, ts) = spread(reward), spread(truth)
            print(f"{task:4} {name:10} rate {rate:g} n {len(rows)}  reward {r:+.2f} ± {rs:.2f}  truth {t:+.2f} ± {ts:.2f}  [{text}]  alarms {alarms}")


if __name__ == "__main__":
    main()
