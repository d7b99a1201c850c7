#!/usr/bin/env bash
# The captures of stored runs, drawn by the program itself: no terminal, no keyboard. Some minutes of training first.
#
#     cargo build --release
#     docs/captures/make.sh [PATH/TO/ple]
#
# What is only seen while training runs (effect, training, real-imdb) is made by render.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
ple=${1:-target/release/ple}
ple=$(cd "$(dirname "$ple")" && pwd)/$(basename "$ple")
out=$PWD/docs/captures
experiments=$PWD/experiments
# Runs whose folder has a name that anybody may see.
cd "$(mktemp -d)"
"$ple" train "$experiments/hh.toml" --name hh-harmless --quiet
"$ple" fork hh-harmless --step 20 --set tau=0.05 --name hh-tau-low --quiet
"$ple" train "$experiments/methods/hh-raft.toml" --name hh-raft --quiet --set method.steps=20
capture() {
    "$ple" capture runs/hh-harmless --out "$out/$1.svg" --keys "$2" --size "${3:-120x36}" ${4:-}
}
capture dashboard ""
capture dashboard-light "" 120x36 --light
capture dashboard-80x24 "" 80x24
capture responses "2"
capture tokens "2jT" 120x24
capture principles "3"
capture case-study "4"
capture runs "6" 120x24
capture runs-compare "6vjvx"
capture chart "z" 120x30
capture past "(((("
capture palette ":" 120x30
