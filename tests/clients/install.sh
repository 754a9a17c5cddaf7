#!/usr/bin/env bash
# Installs the calendar programs that the tests in this folder run: into .venv-clients and node_modules here.
# Does nothing when they are there already. To take newer ones, from this folder:
#   uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
#       requirements.in -o requirements.lock
#   npm update --package-lock-only
set -euo pipefail
cd "$(dirname "$0")"
ROOT=$(cd ../.. && pwd)

readonly ROOT NODE_LOCK=$ROOT/tools/requirements-node.lock
readonly VENV=$ROOT/.venv-clients STAMP=$ROOT/.venv-clients/.stamp

# The programs hold the path they were installed at, so a moved checkout installs them anew.
wanted() { { pwd; cat install.sh requirements.lock package-lock.json .npmrc "$NODE_LOCK"; } | sha256sum; }

# node-ical needs node 20, and Debian 12 has 18.
node_is_new_enough() {
    npm --version >/dev/null 2>&1 && node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' 2>/dev/null
}

install_packages() { "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$1"; }

find_python() {
    local candidate
    for candidate in "$ROOT/.venv/bin/python" python3.11 python3; do
        if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "No Python 3.11 or newer was found; run make setup first." >&2
    return 1
}

# Two test runs started at once must not fill the same folders; the second waits and finds all there.
mkdir -p "$VENV"
exec 9<"$VENV"
if command -v flock >/dev/null; then flock 9; fi
if [[ -f $STAMP && $(<"$STAMP") == "$(wanted)" && -d node_modules/ical.js ]]; then exit 0; fi

echo "  installing the calendar programs for the tests" >&2
rm -f "$STAMP"
python=$(find_python)
"$python" -m venv --clear "$VENV"
install_packages requirements.lock
if node_is_new_enough; then
    ln -s "$(command -v node)" "$VENV/bin/node"
    npm ci --loglevel=error >/dev/null
else
    install_packages "$NODE_LOCK"
    PATH="$VENV/bin:$PATH" "$VENV/bin/npm" ci --loglevel=error >/dev/null
fi
wanted >"$STAMP"
