#!/bin/sh
# Everything that reads the code without running it. Goes on after a failure, so that one run shows all there is.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=""

run() {
    printf '── %s\n' "$*"
    program=$1
    shift
    ".venv/bin/$program" "$@" || failed="$failed $program"
}

run ruff check --quiet .
run ruff format --check --quiet .
run mypy --num-workers 2
run lint-imports --no-logo
run deptry --no-ansi src
run typos

if [ -n "$failed" ]; then
    printf 'make check: not clean:%s\n' "$failed" >&2
    exit 1
fi
echo "make check: clean"
