#!/usr/bin/env bash
# Installs those that the benches compare with, on Debian; what cannot be had is left out.
set -u
cd "$(dirname "$0")/.."
mkdir -p build/peers

try() {
  echo "+ $*"
  "$@" || echo "left out: $*" >&2
}

have() { command -v "$1" >/dev/null; }

# One by one, and only what is missing: one that cannot be had must not keep out the
# others, and a Node from elsewhere stays.
if have apt-get && [ "$(id -u)" = 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  try apt-get update -q
  install() { try apt-get install -qy --no-install-recommends "$@"; }
  have flock || install util-linux
  have tsp || install task-spooler
  have sem || install parallel
  have ps || install procps
  have npm || install nodejs npm
  python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
  have pueue || have cargo || install cargo gcc libc6-dev
fi

python=build/python_reslock_0.12.3
if [ ! -x "$python/bin/reslock" ]; then
  try python3 -m venv "$python"
  try "$python/bin/pip" install -q reslock==0.12.3
fi

have npm &&
  try npm install --silent --no-save --prefix build/peers proper-lockfile@4.1.2

# Built from source: this takes some minutes, and needs a Rust of the last years.
have cargo && ! have pueue && [ ! -x build/peers/bin/pueue ] &&
  try cargo install --quiet --locked --root build/peers pueue
exit 0
