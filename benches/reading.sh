#!/usr/bin/env bash
# Reading and encoding beside Hugging Face datasets and tokenizers: the same file, tokenizer and threads, in turn.
#
#     benches/reading.sh FILE hh|imdb|tldr [PYTHON] [ROUNDS] [THREADS]
#
# PYTHON needs datasets and tokenizers (default: python3). A ratio above 1: this program is faster. The peer is taken at
# its faster way, with an Arrow table or as a stream.
set -euo pipefail
cd "$(dirname "$0")/.."
file=$1
task=$2
python=${3:-python3}
rounds=${4:-3}
export RAYON_NUM_THREADS=${5:-$(nproc)}
tokenizer=assets/tiny/tokenizer.json
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# PLE_READING names a built benchmark; without it, it is built here.
reading=${PLE_READING:-}
if [ -z "$reading" ]; then
    cargo bench --quiet --bench reading --no-run
fi
ours() {
    if [ -n "$reading" ]; then
        "$reading" "$@"
    else
        cargo bench --quiet --bench reading -- "$@"
    fi
}
for round in $(seq "$rounds"); do
    echo "round $round of $rounds; load $(cut -d' ' -f1 /proc/loadavg)"
    ours "$file" --task "$task" --tokenizer "$tokenizer" --rounds 1 >"$out/ple.$round"
    for how in arrow stream; do
        "$python" benches/reading_peer.py "$file" "$task" "$tokenizer" 1 "$how" >"$out/$how.$round"
    done
done
"$python" - "$out" <<'PY'
import glob, statistics, sys

def read(side):
    rounds, peaks = [], []
    for path in sorted(glob.glob(f"{sys.argv[1]}/{side}.*")):
        for line in open(path):
            cells = line.split("\t")
            if cells[0] == "peak":
                peaks.append(int(cells[1]))
            elif len(cells) == 3:
                rounds.append([float(x) for x in cells])
    return rounds, max(peaks)

ours, _ = read("ple")
print(f"{'':8} {'s (median)':>10} {'rows/s':>9} {'tokens/s':>10} {'tokens':>10} {'peak MB':>8}  ratio of each round, median")
for side in ("ple", "arrow", "stream"):
    rounds, peak = read(side)
    seconds = statistics.median(r[0] for r in rounds)
    ratios = [r[0] / o[0] for r, o in zip(rounds, ours)]
    each = "" if side == "ple" else " ".join(f"{r:.2f}" for r in ratios) + f"  {statistics.median(ratios):.2f}"
    rows, tokens = rounds[0][1:]
    print(f"{side:8} {seconds:10.3f} {rows / seconds:9.0f} {tokens / seconds:10.0f} {tokens:10.0f} {peak:8}  {each}")
PY
