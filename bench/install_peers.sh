#!/usr/bin/env bash
# Installs those that the benches compare with, on Debian; what cannot be had is left out.
set -u
cd "$(dirname "$0")/.."
mkdir -p build/peers

try() {
  echo "+ $*"
  "$@" || echo "left out: $*" >&2
}

if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  try apt-get update -q
  try apt-get install -qy --no-install-recommends \
    util-linux task-spooler parallel procps python3-venv nodejs npm
fi

python=build/python_reslock_0.12.3
if [ ! -x "$python/bin/reslock" ]; then
  try python3 -m venv "$python"
  try "$python/bin/pip" install -q reslock==0.12.3
fi

command -v npm >/dev/null &&
  try npm install --silent --no-save --prefix build/peers proper-lockfile@4.1.2

# Built from source: this takes some minutes.
command -v cargo >/dev/null && ! command -v pueue >/dev/null &&
  try cargo install --quiet --root build/peers pueue
exit 0
