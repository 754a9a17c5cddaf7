#!/usr/bin/env bash
# Brings a checkout into working order, part by part; a part that is up to date costs a few milliseconds.
#
#   tools/setup.sh runtime    .venv with the program and what it runs on, and the browser's scripts
#   tools/setup.sh dev        the same with what the tests and checks need
#   tools/setup.sh compiled   the search as machine code, in a cache on disk
#   tools/setup.sh chromium   the browser that the tests drive, from the system's packages
#   tools/setup.sh clients    the calendar programs that the tests read our files with
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=.venv STAMPS=.venv/stamps VENDOR=planner/static/vendor
# What the pages load, as the packages bring it.
readonly BROWSER_PARTS=(htmx.org/dist/htmx.min.js @event-calendar/build/dist/event-calendar.min.{js,css})
export UV_SYSTEM_CERTS=true PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '  %s\n' "$*" >&2; }
fail() { printf '\nSet-up stopped: %s\n' "$*" >&2; exit 1; }

# A part is fresh when its stamp holds the digest of the files that describe it.
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { local stamp=$1; shift; [[ -f $stamp && $(<"$stamp") == "$(digest "$@")" ]]; }
stamp() { local stamp=$1; shift; mkdir -p "$(dirname "$stamp")"; digest "$@" >"$stamp"; }

apt_install() {
    local install=(apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@") as_root=()
    command -v apt-get >/dev/null || fail "these system packages are missing: $* (named as on Debian)."
    if [[ $(id -u) != 0 ]]; then
        sudo -n true 2>/dev/null || fail "system packages are missing. Please run:  sudo ${install[*]}"
        as_root=(sudo -n)
    fi
    say "installing $* with apt-get"
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    # The package lists of a new machine are empty or old, so a first failure only means: fetch them.
    "${as_root[@]}" "${install[@]}" >/dev/null 2>&1 && return
    "${as_root[@]}" apt-get update >/dev/null && "${as_root[@]}" "${install[@]}" >/dev/null ||
        fail "apt-get could not install $*. Please run:  ${install[*]}"
}

python_is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3 python3.12 python3.13 python3.14}; do
        if python_is_new_enough "$candidate"; then echo "$candidate"; return; fi
    done
    fail "Python 3.11 or newer was not found. Install it (Debian: apt-get install python3 python3-venv) or say PYTHON=/path/to/python3."
}

new_venv() {
    local python version
    python=$(find_python)
    # Debian ships Python without the part that fills a new environment.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        apt_install "$version-venv"
    fi
    say "making $VENV with $("$python" --version)"
    "$python" -m venv --clear $VENV
}

# Its programs hold the path they were made at: in a moved or copied checkout they would run the old place's code.
venv_belongs_here() {
    python_is_new_enough $VENV/bin/python && [[ ! -f $STAMPS/place || $(<$STAMPS/place) == "$PWD" ]]
}

make_venv() {
    if venv_belongs_here; then
        if fresh $STAMPS/venv tools/requirements-setup.lock; then return; fi
        # Without pip it was interrupted in the making.
        $VENV/bin/python -m pip --version >/dev/null 2>&1 || new_venv
    else
        new_venv
    fi
    $VENV/bin/python -m pip install -qq --require-hashes -r tools/requirements-setup.lock ||
        fail "the packages of tools/requirements-setup.lock could not be fetched; is the network reachable?"
    stamp $STAMPS/venv tools/requirements-setup.lock
    echo "$PWD" >$STAMPS/place
}

install_lock() {
    # pip is slower but reads pip.conf, where some networks name the package index that they can reach.
    $VENV/bin/uv pip install --quiet --compile-bytecode --python $VENV/bin/python --require-hashes -r "$1" ||
        { say "uv did not manage; trying pip"; $VENV/bin/python -m pip install -qq --require-hashes -r "$1"; } ||
        fail "the packages of $1 could not be installed; is the network reachable?"
}

install_program() {
    fresh $STAMPS/program pyproject.toml && return
    $VENV/bin/uv pip install --quiet --python $VENV/bin/python --offline --no-deps --no-build-isolation --editable . ||
        fail "the program itself could not be installed into $VENV."
    stamp $STAMPS/program pyproject.toml
}

browser_parts_are_there() {
    local part
    for part in "${BROWSER_PARTS[@]}"; do [[ -f $VENDOR/${part##*/} ]] || return 1; done
}

fetch_browser_parts() {
    local npm=npm part
    browser_parts_are_there && fresh node_modules/.planner-stamp package.json package-lock.json .npmrc && return
    if ! npm --version >/dev/null 2>&1; then
        install_lock tools/requirements-node.lock
        npm=$VENV/bin/npm
    fi
    say "fetching the browser's scripts with npm"
    PATH="$PWD/$VENV/bin:$PATH" "$npm" ci --loglevel=error >/dev/null ||
        fail "npm could not fetch the browser's scripts (package-lock.json); is the network reachable?"
    mkdir -p $VENDOR
    for part in "${BROWSER_PARTS[@]}"; do cp "node_modules/$part" $VENDOR/; done
    stamp node_modules/.planner-stamp package.json package-lock.json .npmrc
}

packages() {
    local lock=$1 name=$2
    make_venv
    if ! fresh "$STAMPS/$name" "$lock"; then
        say "installing the packages of $lock"
        install_lock "$lock"
        stamp "$STAMPS/$name" "$lock"
    fi
    install_program
    fetch_browser_parts
    fonts
}

# The printed plan shows names in any script. Beside the program, since on the system they would change how pages look.
fonts() {
    local home=$VENV/share/fonts names=(fonts-noto-core fonts-droid-fallback fonts-noto-color-emoji) as_root=() place package
    if [[ -d $home ]]; then return; fi
    if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
    place=$(mktemp -d)
    say "fetching fonts for the printed plan"
    # The package lists of a new machine are empty or old.
    if (cd "$place" && { apt-get download "${names[@]}" ||
        { "${as_root[@]}" apt-get update && apt-get download "${names[@]}"; }; }) >/dev/null 2>&1; then
        for package in "$place"/*.deb; do dpkg-deb -x "$package" "$place/all"; done
        mkdir -p "$(dirname $home)" && mv "$place/all/usr/share/fonts" $home
    else
        say "no fonts: a printed plan has only the scripts that this system has (Debian: apt-get install ${names[*]})"
    fi
    rm -rf "$place"
}

# Machine code for courses that compete: over a minute the first time, nothing while its sources stay as they are.
compiled() { $VENV/bin/python -m planner.scheduling.warm >&2 || say "the search was not compiled: it works, but slower"; }

chromium() {
    local missing=()
    [[ -x /usr/bin/chromium ]] || missing+=(chromium)
    # Playwright's own node does not start without libatomic, and says only "Connection closed".
    [[ $(/sbin/ldconfig -p) == *libatomic.so.1* ]] || missing+=(libatomic1)
    [[ -d /usr/share/fonts/truetype/dejavu ]] || missing+=(fonts-dejavu-core)
    [[ ${#missing[@]} == 0 ]] || apt_install "${missing[@]}"
}

clients() {
    [[ -f tests/clients/install.sh ]] || return 0
    [[ $(/sbin/ldconfig -p) == *libical.so.3* ]] || apt_install libical3
    bash tests/clients/install.sh || fail "the calendar programs for the tests could not be installed."
}

# Two targets started at once must not fill the same environment; the second waits and finds all fresh.
exec 9>.setup.lock
if command -v flock >/dev/null; then flock 9; fi
[[ $# -gt 0 ]] || fail "say which part: runtime, dev, compiled, chromium, clients"
for part in "$@"; do
    case $part in
        runtime) packages requirements.lock runtime ;;
        dev) packages requirements-dev.lock dev ;;
        compiled | chromium | clients) "$part" ;;
        *) fail "there is no part called $part" ;;
    esac
done
