#!/bin/sh
# Bring a fresh clone to where trimtab runs: the Makefile's targets call this first.
#
#   scripts/bootstrap.sh server    .venv with the server's locked dependencies, and the built pages  (make up)
#   scripts/bootstrap.sh dev       the same and everything that tests, checks and docs need           (make test, check)
#   scripts/bootstrap.sh browser   Chromium for the browser tests, where it can be had                (make test)
#
# It needs a Debian-like machine with some Python >= 3.11; it installs system packages only as root, and else says the one
# command to type. What is done already is skipped: each step leaves a stamp in .venv/stamps with a digest of what it was
# made from. PYTHON=/path/to/python chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

VENV=.venv
BIN=$VENV/bin
STAMPS=$VENV/stamps
OLDEST=311 # what pyproject.toml asks for
NEWEST=314 # the newest that every locked dependency has wheels for
NODE_OLDEST=18 # what esbuild asks for

main() {
    clean_environment
    wait_for_turn
    for goal in "$@"; do
        case $goal in
        server) virtual_environment && build_tools && dependencies server && front_end && package ;;
        dev) virtual_environment && build_tools && dependencies dev && front_end && package ;;
        browser) browser ;;
        *) fail "cannot bootstrap: got '$goal'; expected server, dev or browser" ;;
        esac
    done
}

say() { printf 'trimtab: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

digest() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }

# Whether step $1 was done from the state $2 already.
is_done() { [ -f "$STAMPS/$1" ] && [ "$(cat "$STAMPS/$1")" = "$2" ]; }

mark_done() {
    mkdir -p "$STAMPS"
    printf '%s\n' "$2" >"$STAMPS/$1"
}

is_root() { [ "$(id -u)" = 0 ]; }

clean_environment() {
    # Another project's active environment must not leak into this one.
    unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_REQUIRE_VIRTUALENV=0 PIP_USER=0 npm_config_update_notifier=false
    # Behind a proxy that signs for others, the machine's own certificates are the ones that count.
    bundle=/etc/ssl/certs/ca-certificates.crt
    export UV_SYSTEM_CERTS=true
    if [ -f "$bundle" ]; then
        export PIP_CERT="${PIP_CERT:-$bundle}" NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$bundle}"
    fi
}

# Two targets at once (make up beside make test) would install over each other.
wait_for_turn() {
    command -v flock >/dev/null 2>&1 || return 0
    exec 9>.venv.lock
    flock --nonblock 9 || {
        say "another make is setting up here; waiting for it"
        flock 9
    }
}

# ── system packages ──────────────────────────────────────────────────────────────────────────────────────────────────

apt_install() {
    is_root && command -v apt-get >/dev/null 2>&1 || return 1
    say "installing the system package: $*"
    # The package lists may be missing or old: try with those that are there, then with new ones.
    apt_get install "$@" 2>/dev/null || { apt_get update && apt_get install "$@"; }
}

apt_get() {
    command=$1
    shift
    # Descriptor 9 is the lock of wait_for_turn; a daemon that a package starts must not keep it.
    DEBIAN_FRONTEND=noninteractive apt-get "$command" -y -qq --no-install-recommends "$@" >/dev/null 9>&-
}

# ── Python ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# Prints the interpreter to use, or nothing. $1 is what it must import beside what trimtab needs itself.
find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        for candidate in $(every_path_of "$name"); do
            if suits "$candidate" "$1"; then
                printf '%s\n' "$candidate"
                return 0
            fi
        done
    done
}

# Every executable of that name: the first on the PATH may be too old, or a shim of a version that is not installed.
every_path_of() {
    case $1 in */*) printf '%s\n' "$1" && return 0 ;; esac
    old_ifs=$IFS
    IFS=:
    for folder in $PATH:/usr/local/bin:/usr/bin; do
        if [ -x "$folder/$1" ]; then printf '%s\n' "$folder/$1"; fi
    done
    IFS=$old_ifs
}

suits() {
    "$1" -c "
import sys
import bz2, ctypes, lzma, sqlite3, ssl, zlib  # a Python that was built without their headers lacks some of them
$2
version = sys.version_info[0] * 100 + sys.version_info[1]
sys.exit(not $OLDEST <= version <= $NEWEST)
" >/dev/null 2>&1
}

virtual_environment() {
    if [ -x "$BIN/python" ] && suits "$BIN/python" "import pip" && { is_done venv "$PWD" || [ ! -f "$STAMPS/venv" ]; }; then
        mark_done venv "$PWD"
        return 0
    fi
    with_venv="import ensurepip, venv"
    python=$(find_python "$with_venv")
    if [ -z "$python" ] && [ -z "${PYTHON:-}" ] && apt_install python3 python3-venv; then
        python=$(find_python "$with_venv")
    fi
    if [ -z "$python" ]; then
        explain_missing_python
    fi
    say "making $VENV with $python ($("$python" -V 2>&1))"
    rm -rf "$VENV" # broken, of another Python, or moved from another folder
    "$python" -m venv "$VENV" || fail "cannot make $VENV with $python: its message is above"
    mark_done venv "$PWD"
}

explain_missing_python() {
    if [ -n "${PYTHON:-}" ]; then
        fail "cannot use PYTHON=$PYTHON: expected Python 3.11 to 3.14 with venv, ensurepip, sqlite3 and ssl"
    fi
    python=$(find_python "")
    if [ -n "$python" ]; then
        say "cannot make $VENV: $python ($("$python" -V 2>&1)) lacks ensurepip, which makes virtual environments"
    else
        say "cannot make $VENV: no Python 3.11 to 3.14 (with sqlite3, ssl, bz2 and lzma) on the PATH"
    fi
    fail "try: sudo apt-get install -y python3 python3-venv   (or name another one: make up PYTHON=/path/to/python3)"
}

# ── Python packages ──────────────────────────────────────────────────────────────────────────────────────────────────

build_tools() {
    from=$(digest requirements/build.lock)
    if is_done build "$from" && [ -x "$BIN/uv" ]; then return 0; fi
    say "installing uv and hatchling"
    "$BIN/python" -m pip install --quiet --require-hashes --requirement requirements/build.lock ||
        fail "cannot install uv: pip's message is above; is a Python package index reachable (PIP_INDEX_URL for a mirror)?"
    mark_done build "$from"
}

# $1 is server or dev. The server's lock is a subset of dev's with the same versions (scripts/lock.sh).
dependencies() {
    if is_done dev "$(digest requirements/dev.lock)"; then return 0; fi
    from=$(digest "requirements/$1.lock")
    if is_done "$1" "$from"; then return 0; fi
    say "installing the locked dependencies ($1): some hundred MB, once"
    uv_install --require-hashes --requirement "requirements/$1.lock" ||
        fail "cannot install the dependencies: uv's message is above; is a Python package index reachable (UV_DEFAULT_INDEX for a mirror)?"
    mark_done "$1" "$from"
}

uv_install() {
    # uv does not read pip's configuration; a mirror that is set there counts all the same.
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        mirror=${PIP_INDEX_URL:-$("$BIN/python" -m pip config get global.index-url 2>/dev/null || true)}
        if [ -n "$mirror" ]; then export UV_DEFAULT_INDEX="$mirror"; fi
    fi
    "$BIN/uv" pip install --quiet --python "$BIN/python" "$@"
}

package() {
    from=$(digest pyproject.toml hatch_build.py requirements/build.lock)
    if is_done package "$from" && [ -x "$BIN/trimtab" ]; then return 0; fi
    uv_install --no-deps --no-build-isolation --editable . || fail "cannot install trimtab itself: uv's message is above"
    mark_done package "$from"
}

# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────

front_end() {
    if "$BIN/python" -c "import sys, hatch_build; sys.exit(not hatch_build.is_current())"; then return 0; fi
    say "building the pages"
    if ! has_node; then
        say "no Node.js >= $NODE_OLDEST with npm here: taking the one that ships as a Python package"
        uv_install --require-hashes --requirement requirements/node.lock || fail "cannot install Node.js: uv's message is above"
        PATH="$PWD/$BIN:$PATH"
    fi
    "$BIN/python" hatch_build.py >&2 || fail "cannot build the pages: the message is above; is an npm registry reachable?"
}

has_node() {
    command -v npm >/dev/null 2>&1 || return 1
    version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge "$NODE_OLDEST" ]
}

# ── browser ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# The shell alone draws a page in less than half of a whole Chromium's processor time; it is asked for once.
browser() {
    if command -v chromium-headless-shell >/dev/null 2>&1; then return 0; fi
    if [ ! -f "$STAMPS/no-headless-shell" ]; then
        apt_install chromium-headless-shell && return 0
        : >"$STAMPS/no-headless-shell"
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    apt_install chromium && return 0
    say "no Chromium here: the browser tests will be skipped; to run them: sudo apt-get install -y chromium-headless-shell"
}

main "$@"
