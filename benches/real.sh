#!/usr/bin/env bash
# Real models beside transformers and PEFT: the same weights, token ids and settings on the same threads, in turn, as ratios.
#
#     benches/real.sh [--python PYTHON] [--rounds N] [--reps N] [--threads N] [--tiny] [--only NAME] [--keep FOLDER]
#
# GPT-2 at its full shape (124M, random weights by a formula; about 1 GB of disk while this runs) and the bundled model:
# 8 prompts of 41 to 88 tokens, 64 new tokens sampled for each; a whole PLE step with LoRA (r = 8) and a reward model of the
# same shape. PYTHON (default: python3) needs torch, transformers, peft and safetensors. A ratio above 1: this program is
# faster. `--tiny` tries everything in a minute with a small GPT-2, and its numbers mean nothing.
#
# Let nothing else run. Where something must, set OMP_WAIT_POLICY=PASSIVE, or PyTorch's threads spend most of their time
# waiting for each other (seen: a hundredfold). PROFILE=dev and CARGO=... choose how this side is built.
set -euo pipefail
cd "$(dirname "$0")/.."
python=python3 rounds=3 reps=2 threads=2 tiny="" only="" keep=""
while [ $# -gt 0 ]; do
    case $1 in
        --python) python=$2; shift ;;
        --rounds) rounds=$2; shift ;;
        --reps) reps=$2; shift ;;
        --threads) threads=$2; shift ;;
        --only) only=$2; shift ;;
        --keep) keep=$2; shift ;;
        --tiny) tiny=--tiny ;;
        *) echo "$0: unknown option $1" >&2; exit 2 ;;
    esac
    shift
done
"$python" -c 'import torch, transformers, peft, safetensors, numpy' || {
    echo "$0: $python lacks a package; pip install torch transformers peft safetensors" >&2
    exit 2
}
if [ -n "$keep" ]; then
    mkdir -p "$keep"
    out=$(cd "$keep" && pwd)
else
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
fi

# The path of what was built, so that running it takes no lock of cargo's.
engine=$(${CARGO:-cargo} build --quiet --profile "${PROFILE:-release}" --bench real --message-format=json |
    "$python" -c '
import json, sys
for line in sys.stdin:
    made = json.loads(line)
    if made.get("executable") and made["target"]["name"] == "real":
        print(made["executable"])')

ls "$out"/*.work.json >/dev/null 2>&1 || "$python" benches/real_peer.py prepare "$out" $tiny
"$python" -c '
import os, platform, torch, transformers, peft
model = [l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")]
print(model[0] if model else platform.processor(), "x", os.cpu_count())
print("torch", torch.__version__, "transformers", transformers.__version__, "peft", peft.__version__)'
echo "$threads threads, OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-(not set)}, profile ${PROFILE:-release}"
rm -f "$out"/*.ple.*.json "$out"/*.peer.*.json
for work in "$out"/*.work.json; do
    name=$(basename "$work" .work.json)
    if [ -n "$only" ] && [ "$only" != "$name" ]; then continue; fi
    # The bundled model takes a hundredth of the time.
    n=$reps
    if [ "$name" = bundled ]; then n=$((5 * reps)); fi
    for round in $(seq "$rounds"); do
        echo "$name, round $round of $rounds; load $(cut -d' ' -f1 /proc/loadavg)"
        RAYON_NUM_THREADS=$threads "$engine" "$work" --reps "$n" --warm 1 >"$out/$name.ple.$round.json"
        OMP_NUM_THREADS=$threads "$python" -W ignore benches/real_peer.py run "$work" --reps "$n" --warm 1 --threads "$threads" \
            >"$out/$name.peer.$round.json"
    done
done
"$python" benches/real_peer.py report "$out"
