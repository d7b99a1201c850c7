"""The same run for every program: eight series over as many steps as asked for.

    data.py ple|wandb|board FOLDER STEPS [--ple PATH] [--live RATE]

`ple` is a stored run of two steps that were really trained, whose numbers and further steps are ours; `wandb` is an
offline run, written by the wandb library and, from step 1,000 on, here in its format; `board` is an event file as
TensorBoard writes them. With --live the last two go on at RATE steps a second until the process is ended.
"""

import argparse
import itertools
import json
import math
import os
import sqlite3
import struct
import subprocess
import time
import zlib
from pathlib import Path

NAMES = ["reward_original", "reward_guided", "truth_original", "truth_guided", "loss", "loss_rank", "grad_norm", "tau"]
ROOT = Path(__file__).resolve().parents[2]


def value(step, k):
    """A slow approach with a wave on it; the same as in burn-tui/src/main.rs."""
    return 1 - math.exp(-step / (2000 * (k + 1))) + 0.2 * math.sin(step * (0.37 + 0.11 * k))


def row(step):
    return {name: value(step, k) for k, name in enumerate(NAMES)}


def paced(steps, rate):
    """The rows of so many steps at once; with a rate, more of them for ever, so many a second."""
    yield from map(row, range(steps))
    start = time.monotonic()
    for i in itertools.count() if rate else []:
        time.sleep(max(0, start + i / rate - time.monotonic()))
        yield row(steps + i)


def ple(folder, steps, program):
    """Rows are as src/run/packed.rs has them: 15 numbers, two optional ones, the method's metrics."""
    command = [program, "--runs", folder.parent, "train", ROOT / "experiments/imdb.toml", "--name", folder.name]
    command += ["--quiet", "--set", "method.steps=2", "--set", "eval.every=0"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    db = sqlite3.connect(folder / "run.db")
    columns = [c[1] for c in db.execute("pragma table_info(steps)")]
    first = dict(zip(columns, db.execute("select * from steps where step = 1").fetchone()))
    order = """tau decay learning_rate reward_original reward_original_std reward_guided reward_guided_std
        loss_rank loss_wsft loss grad_norm length_original length_guided ended seconds""".split()
    metrics = first["exact"][15 * 8 + 2 * 9 :]

    def rows():
        for step in range(steps):
            new = first | row(step) | {"step": step}
            truths = (new["truth_original"], new["truth_guided"])
            new["exact"] = struct.pack("<15d", *(new[name] for name in order))
            new["exact"] += b"".join(b"\1" + struct.pack("<d", t) for t in truths) + metrics
            yield [new[c] for c in columns]

    db.executemany(f"insert or replace into steps values ({','.join('?' * len(columns))})", rows())
    told = ((step, str(step)) for step in range(2, steps))
    db.executemany("insert into events (kind, step, key) values ('step', ?, ?)", told)
    # The end comes last, and both ends of the story agree on how long it was.
    db.execute("update events set record = json_set(record, '$.steps', ?), step = ? where kind = 'done'", (steps, steps))
    db.execute("update events set seq = (select max(seq) + 1 from events) where kind = 'done'")
    db.execute("update meta set value = json_set(value, '$.experiment.method.steps', ?) where key = 'started'", (steps,))
    db.commit()


def wandb(folder, steps, live):
    """Written by the wandb library; past a thousand steps, which take it long, here as it would."""
    os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    import wandb as library

    folder.mkdir(parents=True, exist_ok=True)
    settings = library.Settings(x_disable_stats=True, console="off")
    run = library.init(project="rivals", dir=folder, settings=settings)
    for values in paced(min(steps, 1000), live):
        run.log(values)
    run.finish()
    # Only when its service is gone is the file whole.
    library.teardown()
    if steps > 1000:
        prolong(next(folder.glob("wandb/offline-run-*/*.wandb")), steps)


def prolong(path, steps):
    """Gives a finished run of wandb more steps, which are written as those before them."""
    from wandb.proto.wandb_internal_pb2 import Record

    records = [Record.FromString(data) for data in unframed(path.read_bytes()[7:])]
    last = max(i for i, r in enumerate(records) if r.WhichOneof("record_type") == "history")
    # A summary of the runtime, one of the values, and the values.
    of_a_step, tail = records[last - 2 : last + 1], records[last + 1 :]
    begin = json.loads({i.nested_key[0]: i.value_json for i in of_a_step[2].history.item}["_timestamp"])
    with open(path, "wb") as file:
        file.write(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
        for record in more(records[: last + 1], of_a_step, tail, begin, steps):
            frame(file, record.SerializeToString())


def more(head, of_a_step, tail, begin, steps):
    yield from head
    number = head[-1].num
    for step in range(1000, steps):
        values = row(step) | {"_step": step, "_timestamp": begin + step, "_runtime": step}
        for record in of_a_step:
            number += 1
            record.num = number
            for item in [*record.summary.update, *record.history.item] if record is not of_a_step[0] else []:
                item.value_json = json.dumps(values[item.nested_key[0]])
            if record is of_a_step[2]:
                record.history.step.num = step
            yield record
    # What the run ends with, and the newest values as its summary.
    for record in [of_a_step[1], *tail]:
        number += 1
        record.num = number
        yield record


def unframed(data):
    """The records of a log in blocks of 32 KiB, whose first one has a header of 7 bytes."""
    at, record = 0, b""
    while at < len(data):
        left = 32768 - (at + 7) % 32768
        if left < 7:
            at += left
            continue
        length, kind = struct.unpack("<4xHB", data[at : at + 7])
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield record
            record = b""


def frame(file, data):
    """Writes a record: whole, or in parts where a block ends."""
    first = True
    while first or data:
        left = 32768 - file.tell() % 32768
        if left < 7:
            file.write(bytes(left))
            continue
        part, data = data[: left - 7], data[left - 7 :]
        kind = bytes([{(True, True): 1, (True, False): 2, (False, False): 3, (False, True): 4}[first, not data]])
        file.write(struct.pack("<IHc", zlib.crc32(part, zlib.crc32(kind)), len(part), kind) + part)
        first = False


def board(folder, steps, live):
    """An event is a protobuf message between two checksums; the viewer's own reader does not look at those."""

    def varint(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    def message(field, data):
        return varint(field << 3 | 2) + varint(len(data)) + data

    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "events.out.tfevents.1700000000.host", "wb") as file:
        for step, numbers in enumerate(paced(steps, live)):
            summary = b"".join(
                message(1, message(1, name.encode()) + b"\x15" + struct.pack("<f", x)) for name, x in numbers.items()
            )
            event = b"\x09" + struct.pack("<d", 1.7e9 + step) + b"\x10" + varint(step) + message(5, summary)
            file.write(struct.pack("<QI", len(event), 0) + event + struct.pack("<I", 0))
            if step >= steps:
                file.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["ple", "wandb", "board"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("--ple", default="ple")
    parser.add_argument("--live", type=float, default=0)
    args = parser.parse_args()
    match args.what:
        case "ple":
            ple(args.folder, args.steps, args.ple)
        case "wandb":
            wandb(args.folder, args.steps, args.live)
        case "board":
            board(args.folder, args.steps, args.live)
