#!/bin/sh
# Resolve every dependency once and write requirements/*.lock with hashes. `make lock` keeps what is pinned and adds what
# is new; `make lock UPGRADE=1` takes the newest of everything.
#
#   dev.lock     everything: what `make test` installs
#   server.lock  the server: what `make up` installs
#   base.lock    agent, client and command line only
#   build.lock   uv and hatchling, which install and build the rest
#   node.lock    Node for the front end, where the machine has none
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    # One version for every Python: else the types that mypy sees, and what was tested, differ from Python to Python.
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
        --no-emit-index-url --annotation-style line --custom-compile-command "make lock" ${UPGRADE:+--upgrade} \
        --output-file "requirements/$output" "$@"
}

# The widest set first: the others are its subsets and take its versions, so that `make up` after `make test` (or before)
# changes nothing that the other installed.
compile dev.lock pyproject.toml --extra server --extra postgres --group dev --group build
compile server.lock pyproject.toml --extra server --extra postgres --constraint requirements/dev.lock
compile base.lock pyproject.toml --constraint requirements/dev.lock
compile build.lock --group build --constraint requirements/dev.lock
compile node.lock --group node
