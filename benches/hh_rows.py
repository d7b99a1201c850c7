"""Many HH rows from few: the rows of a folder again and again, each time as another conversation.

    python3 benches/hh_rows.py FOLDER ROWS OUT.jsonl

For measuring memory: the whole published set has about 161,000 rows. A number in front of the first human turn makes
every query its own, so that nothing is saved by equal rows.
"""

import glob
import gzip
import itertools
import json
import sys

folder, rows, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
lines = [line for path in sorted(glob.glob(f"{folder}/*.jsonl.gz")) for line in gzip.open(path, "rt")]
with open(out, "w") as file:
    for i, line in zip(range(rows), itertools.cycle(lines)):
        row = json.loads(line)
        mark = "\n\nHuman:"
        row = {name: text.replace(mark, f"{mark} ({i // len(lines)})", 1) for name, text in row.items()}
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
