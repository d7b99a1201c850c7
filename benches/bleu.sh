#!/usr/bin/env bash
# BLEU beside sacrebleu: the same 100,000 pairs, in turn, in one run. Prints the ratio.
#
#     benches/bleu.sh [PYTHON] [ROUNDS] [PAIRS]
#
# PYTHON needs sacrebleu (default: python3). A ratio above 1: this program is faster. Both read the files, cut lines into
# tokens by 13a and count; starting Python and importing sacrebleu is not counted.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
rounds=${2:-5}
pairs=${3:-100000}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# PLE_BLEU names a built benchmark; without it, it is built here.
bleu=${PLE_BLEU:-}
if [ -z "$bleu" ]; then
    cargo bench --quiet --bench bleu --no-run
fi
ours() {
    if [ -n "$bleu" ]; then
        "$bleu" "$@"
    else
        cargo bench --quiet --bench bleu -- "$@"
    fi
}
"$python" benches/bleu_peer.py --write "$pairs" "$out/hyp" "$out/ref"
for round in $(seq "$rounds"); do
    echo "round $round of $rounds; load $(cut -d' ' -f1 /proc/loadavg)"
    ours "$out/hyp" "$out/ref" 1 >>"$out/ours"
    RAYON_NUM_THREADS=1 ours "$out/hyp" "$out/ref" 1 >>"$out/one"
    "$python" benches/bleu_peer.py "$out/hyp" "$out/ref" 1 >>"$out/peer"
done
"$python" - "$out" "$pairs" <<'PY'
import statistics, sys

read = lambda name: [[float(x) for x in line.split()] for line in open(f"{sys.argv[1]}/{name}")]
sides = {"ple, all cores": read("ours"), "ple, one thread": read("one"), "sacrebleu": read("peer")}
scores = {name: rows[0][1] for name, rows in sides.items()}
print(f"{'':16} {'s (median)':>10} {'pairs/s':>9} {'BLEU':>14}  ratio of each round, median")
for name, rows in sides.items():
    seconds = statistics.median(r[0] for r in rows)
    ratios = [theirs[0] / ours[0] for ours, theirs in zip(rows, sides["sacrebleu"])]
    each = " ".join(f"{r:.1f}" for r in ratios) + f"  {statistics.median(ratios):.1f}"
    print(f"{name:16} {seconds:10.3f} {int(sys.argv[2]) / seconds:9.0f} {rows[0][1]:14.10f}  {each if name != 'sacrebleu' else ''}")
if max(scores.values()) - min(scores.values()) > 1e-8:
    sys.exit("the scores differ")
PY
