#!/usr/bin/env bash
# The engine beside PyTorch: the same weights, token ids and lengths on the same two cores, in turn, as ratios.
#
#     benches/peer.sh [PYTHON] [ROUNDS]
#
# PYTHON needs torch, safetensors and transformers (default: python3). A ratio above 1: this program is faster. On a busy
# machine set OMP_WAIT_POLICY=PASSIVE, or PyTorch's threads spend most of their time waiting for each other.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
rounds=${2:-3}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

cargo bench --quiet --bench engine --no-run
engine() { cargo bench --quiet --bench engine -- "$@"; }
engine --rounds 1 --work "$out/work.json" >/dev/null
for round in $(seq "$rounds"); do
    echo "round $round of $rounds; load $(cut -d' ' -f1 /proc/loadavg)"
    engine >"$out/ple.$round"
    "$python" benches/torch_peer.py "$out/work.json" >"$out/torch.$round"
done
"$python" - "$out" <<'PY'
import glob, statistics, sys

def read(side):
    rounds = []
    for path in sorted(glob.glob(f"{sys.argv[1]}/{side}.*")):
        rows = [line.rstrip("\n").split("\t") for line in open(path)]
        rounds.append({r[0]: [float(x) for x in r[1:]] for r in rows if len(r) == 5})
    return rounds

ours, theirs = read("ple"), read("torch")
print(f"{'work':10} {'peer':26} {'ple ms':>8} {'torch ms':>9} {'ratio of each round':24} {'median':>6} {'cpu ratio':>9}  check")
for name in ours[0]:
    for peer in (p for p in theirs[0] if p == name or p.startswith(name + " ")):
        ratios = [t[peer][0] / o[name][0] for o, t in zip(ours, theirs)]
        cpu = statistics.median(t[peer][2] / o[name][2] for o, t in zip(ours, theirs))
        a, b = (statistics.median(r[k][0] for r in rounds) for rounds, k in ((ours, name), (theirs, peer)))
        same = f"{ours[0][name][3]:.6f} {theirs[0][peer][3]:.6f}" if name in ("sample", "score", "update") else ""
        each = " ".join(f"{r:.2f}" for r in ratios)
        print(f"{name:10} {peer:26} {a:8.1f} {b:9.1f} {each:24} {statistics.median(ratios):6.2f} {cpu:9.2f}  {same}")
PY
