#!/bin/sh
# Run every benchmark of bench/ (or those whose name holds an argument); each ends in one JSON line with its ratios.
set -eu
cd "$(dirname "$0")/.."

found=0
for file in bench/bench_*.py; do
    [ -e "$file" ] || break
    for word in "${@:-bench_}"; do
        case $file in *"$word"*) ;; *) continue ;; esac
        found=1
        printf '── %s\n' "$file"
        .venv/bin/python "$file"
        break
    done
done
if [ "$found" = 0 ]; then
    echo "cannot run benchmarks: none in bench/ matches: ${*:-bench_*.py}" >&2
    exit 1
fi
