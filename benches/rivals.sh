#!/bin/bash
# ple beside other programs that draw training curves in a terminal: W&B LEET, burn's own renderer, terminalboard.
#
#     benches/rivals.sh [--ple PATH] [options of benches/rivals/measure.py]
#
# The first time it fetches the viewers, builds burn's and makes the runs, all under $RIVALS (target/rivals, 4 GB). After
# that it only measures, in some ten minutes on a busy machine, and prints tables in Markdown.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${RIVALS:-target/rivals}
mkdir -p "$work/data"
work=$(cd "$work" && pwd)
ple=$PWD/target/release/ple
if [ "${1:-}" = --ple ]; then
    ple=$(realpath "$2")
    shift 2
elif [ ! -x "$ple" ]; then
    cargo build --release
fi
if [ ! -x "$work/venv/bin/terminalboard" ]; then
    python3 -m venv "$work/venv"
    # terminalboard 0.5 does not work with plotext 6.
    "$work/venv/bin/pip" install -q wandb==0.31.0 terminalboard==0.5.3 'plotext<6' pyte==0.8.2
fi
if [ ! -x "$work/burn/release/burn-tui" ]; then
    CARGO_TARGET_DIR=$work/burn cargo build --release --manifest-path benches/rivals/burn-tui/Cargo.toml
fi
for steps in 1000 100000 1000000; do
    for what in ple wandb board; do
        made=$work/data/$what-$steps
        [ -e "$made" ] && continue
        # Under another name until it is whole.
        rm -rf "$work/making"
        "$work/venv/bin/python" benches/rivals/data.py $what "$work/making/$what-$steps" $steps --ple "$ple"
        mv "$work/making/$what-$steps" "$made"
    done
done
python="$work/venv/bin/python"
exec "$python" benches/rivals/measure.py --ple "$ple" --burn "$work/burn/release/burn-tui" --data "$work/data" "$@"
