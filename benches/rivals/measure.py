"""ple beside the other terminal viewers, in turn, on one machine: tables in Markdown on standard output.

    measure.py --ple PATH --burn PATH --data FOLDER [--steps 1000 100000 1000000] [--sizes 120x40 200x50]
               [--presses 60] [--idle 20]

Start and memory are measured one program after the other; keys in turn, one press each, with all programs open; what
needs no keys, side by side. The second size is measured at the middle number of steps only, and not idle.
benches/rivals.sh calls this with everything that it needs.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SCRIPTS = Path(sys.executable).parent
RATE = 4


def find(pattern):
    return lambda text: (re.search(pattern, text) or [None])[0]


class Program:
    """How it is started on a stored and on a growing run; the key that redraws its charts, and what that changes."""

    def __init__(self, name, key, sign, stored=None, live=None, ready=None, env=None, after=b""):
        self.name, self.key, self.sign = name, key, find(sign)
        self.stored, self.live, self.ready, self.env, self.after = stored, live, ready, env or {}, after


def programs(args, scratch):
    grid = {"metrics_grid": {"rows": 2, "cols": 2}, "right_sidebar_visible": False, "left_sidebar_visible": True}
    (scratch / "wandb-leet.json").write_text(json.dumps(grid))
    quiet = {"WANDB_CONFIG_DIR": str(scratch), "WANDB_MODE": "offline", "XDG_STATE_HOME": str(scratch / "state")}
    ple = [args.ple, "--no-tour", "--runs", scratch / "runs"]
    board = [SCRIPTS / "terminalboard", "--grid", "2x2", "--reset-view"]
    everybody = [
        Program(
            "ple",
            b"z",
            r"─ Margins",
            stored=lambda steps: [*ple, "open", args.data / f"ple-{steps}"],
            live=[*ple, "open", ROOT / "experiments/imdb.toml", "--set", "method.steps=99999"],
            ready=lambda steps: rf"finished {steps:,}/",
            env={"PLE_CONFIG": ""},
        ),
        Program(
            "LEET",
            b"nN",
            r"Metrics \[\d+-\d+ of 8\]",
            stored=lambda steps: [SCRIPTS / "wandb", "leet", latest(args.data / f"wandb-{steps}")],
            live=[SCRIPTS / "wandb", "leet", scratch / "wandb/wandb/latest-run"],
            ready=lambda steps: rf"_step +{steps - 1}\b",
            env=quiet,
            # From the overview to the charts, whose keys they are.
            after=b"\t\t",
        ),
        Program(
            "burn",
            b"\x1b[B",
            r"Full History|Recent History|─Summary",
            stored=lambda steps: [args.burn, steps],
            live=[args.burn, 1000, "--live", RATE],
            ready=lambda steps: "Training is done",
            after=b"x",
        ),
        Program(
            "terminalboard",
            b"np",
            r"page \d/\d",
            stored=lambda steps: [*board, args.data / f"board-{steps}"],
            live=[*board, scratch / "board"],
            ready=lambda steps: r"tags=8[^$]*[⠁-⣿]",
            env={"HOME": str(scratch)},
        ),
    ]
    return [program for program in everybody if Path(program.live[0]).exists()]


def latest(folder):
    """The run's own folder: the link that wandb leaves is named after the place where it was made."""
    return next((folder / "wandb").glob("offline-run-*"))


def keys(opened, presses):
    """Presses each program's key in turn. Returns, by program, (seconds, CPU seconds, bytes) of every press."""
    taken = {program.name: [] for program, _ in opened}
    for i in range(presses):
        for program, terminal in opened:
            key = program.key
            key = key if key[:1] == b"\x1b" else key[i % len(key) :][:1]
            taken[program.name].append(terminal.press(key, program.sign))
    return taken


def latency(presses):
    times = sorted(seconds for seconds, _, _ in presses)
    p50, p99 = (times[round((len(times) - 1) * share)] * 1e3 for share in (0.5, 0.99))
    return f"{p50:.1f} / {p99:.1f}"


def load():
    return os.getloadavg()[0]


def table(title, columns, rows):
    print(f"\n{title}\n\n| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, cells in rows:
        print(f"| {name} | {' | '.join(cells)} |")
    sys.stdout.flush()


def stored(args, scratch, size, steps, idle):
    """A finished run is opened by each, keys are pressed, and then nobody touches anything."""
    columns, rows = size
    before = load()
    opened, start = [], []
    for program in programs(args, scratch):
        terminal = Terminal(program.stored(steps), columns, rows, program.env)
        first = terminal.wait("first frame", lambda text: len(text.split()) > 10)
        data = first if re.search(program.ready(steps), terminal.text()) else None
        data = data or terminal.wait("data", find(program.ready(steps)))
        os.write(terminal.master, program.after)
        time.sleep(1)
        terminal.parse()
        start.append((first, data, terminal.memory()))
        opened.append((program, terminal))
    taken = keys(opened, args.presses // 2)
    rest = []
    if idle:
        marks = [(t.cpu(), len(t.chunks)) for _, t in opened]
        time.sleep(args.idle)
        for (_, terminal), (cpu, chunk) in zip(opened, marks):
            sent = sum(len(data) for _, data in terminal.chunks[chunk:])
            rest.append(f"{100 * (terminal.cpu() - cpu) / args.idle:.2f} %, {sent}")
    for _, terminal in opened:
        terminal.close()
    names = [program.name for program, _ in opened]
    press = [taken[name] for name in names]
    lines = [
        ("start to first frame, ms", [f"{first * 1e3:.0f}" for first, _, _ in start]),
        ("start to all data shown, ms", [f"{data * 1e3:.0f}" for _, data, _ in start]),
        ("memory, MB", [" + ".join(f"{m:.0f}" for m in memory) for _, _, memory in start]),
        ("CPU of a redraw, ms", [f"{median(c for _, c, _ in p) * 1e3:.1f}" for p in press]),
        ("key to frame p50 / p99, ms", [latency(p) for p in press]),
        ("bytes of a redraw", [f"{median(b for _, _, b in p):.0f}" for p in press]),
    ]
    if idle:
        lines.append((f"idle for {args.idle} s: CPU of a core, bytes sent", rest))
    what = f"{steps:,} steps, {columns}x{rows}, {args.presses // 2} presses each"
    table(f"{what}, load {before:.1f} to {load():.1f}", names, lines)


def live(args, scratch, size, pause):
    """All look at runs that grow, on the same two cores, while ple trains; a second ple watches the first one's run."""
    columns, rows = size
    before = load()
    writers = []
    for what in ["wandb", "board"]:
        command = [sys.executable, HERE / "data.py", what, scratch / what, "1000", "--live", str(RATE)]
        writers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    opened = []
    try:
        everybody = programs(args, scratch)
        trains = everybody[0]
        first = Terminal(trains.live, columns, rows, trains.env)
        first.wait("step", find(r"step [1-9]\d*/"))
        run = next((scratch / "runs").glob("imdb*"))
        watch = Program("ple, watching", b"z", r"─ Margins", live=[*trains.live[:4], "open", run], env=trains.env)
        trains.name = "ple, training"
        opened = [(trains, first)]
        for program in [watch, *everybody[1:]]:
            opened.append((program, Terminal(program.live, columns, rows, program.env)))
        for program, terminal in opened:
            terminal.wait("charts", program.sign)
            os.write(terminal.master, program.after)
        time.sleep(3)
        taken = keys(opened, args.presses)
        marks = [(t.cpu(), len(t.chunks)) for _, t in opened]
        time.sleep(args.idle)
        quiet = [(t.cpu() - cpu, t.frames(chunk)) for (_, t), (cpu, chunk) in zip(opened, marks)]
        names = [program.name for program, _ in opened]
        press = [taken[name] for name in names]
        used = [f"{100 * cpu / args.idle:.2f} %" for cpu, _ in quiet]
        used[0] = "(trains)"
        lines = [
            ("key to frame p50 / p99, ms", [latency(p) for p in press]),
            (f"frames in {args.idle} s without keys", [str(len(sizes)) for _, sizes in quiet]),
            ("bytes a frame", [f"{sum(sizes) / max(1, len(sizes)):.0f}" for _, sizes in quiet]),
            ("bytes a second", [f"{sum(sizes) / args.idle:.0f}" for _, sizes in quiet]),
            ("CPU of a core", used),
            ("memory, MB", [" + ".join(f"{m:.0f}" for m in t.memory()) for _, t in opened]),
        ]
        what = f"while training, {columns}x{rows}, {args.presses} presses each"
        table(f"{what}, load {before:.1f} to {load():.1f}", names, lines)
        if not pause:
            return
        # Paused, the trainer waits: what is left is the workbench.
        os.write(first.master, b" ")
        first.wait("pause", find("paused at"))
        time.sleep(2)
        cpu = first.cpu()
        time.sleep(args.idle)
        print(f"\nple paused for {args.idle} s: {100 * (first.cpu() - cpu) / args.idle:.2f} % of a core")
    finally:
        for _, terminal in opened:
            terminal.close()
        for writer in writers:
            writer.terminate()
            writer.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ple", type=Path, required=True)
    parser.add_argument("--burn", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--sizes", nargs="+", default=["120x40", "200x50"])
    help = "of each program while training; half as many on stored runs"
    parser.add_argument("--presses", type=int, default=60, help=help)
    parser.add_argument("--idle", type=int, default=20, help="seconds in which nobody touches anything")
    args = parser.parse_args()
    middle = args.steps[len(args.steps) // 2 :][:1]
    for i, size in enumerate(args.sizes):
        size = tuple(map(int, size.split("x")))
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            for steps in middle if i else args.steps:
                stored(args, Path(scratch), size, steps, idle=i == 0 and [steps] == middle)
            live(args, Path(scratch), size, pause=i == 0)


if __name__ == "__main__":
    main()
