#!/bin/bash
# Installs what is missing, and only that: tools.sh "DEBIAN PACKAGES" LOCK VENV. Idempotent; says what it does.
set -euo pipefail
packages=$1 lock=$2 venv=$3
say() { printf '\033[1m[yuanlu]\033[0m %s\n' "$*"; }

missing=()
for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "Debian packages missing: ${missing[*]}"
    if ! command -v apt-get >/dev/null; then
        say "this is not a Debian machine: please install them by hand, then run again"; exit 1
    elif [ "$(id -u)" = 0 ]; then as_root=()
    elif command -v sudo >/dev/null; then as_root=(sudo)
    else
        say "they need root: run  apt-get install ${missing[*]}  as root, then run again"; exit 1
    fi
    say "installing them with apt-get (a few minutes on a fresh machine)"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3)
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or newer is needed"; exit 1; }
if [ ! -x "$venv/bin/python" ]; then
    say "making the virtual environment $venv"
    "$python" -m venv "$venv"
fi
say "installing Python packages from $lock (hashes checked)"
"$venv/bin/python" -m pip install --disable-pip-version-check -q --require-hashes -r "$lock"
"$venv/bin/python" -m pip install --disable-pip-version-check -q --no-build-isolation --no-deps --config-settings editable_mode=compat -e .
say "ready"
