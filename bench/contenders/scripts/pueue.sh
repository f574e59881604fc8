#!/usr/bin/env bash
# Has pueue run a command, and shows what it prints as if it ran here:
# pueue.sh PUEUE CONFIG PRIORITY COMMAND...
set -eu
pueue=$1 config=$2 priority=$3
shift 3
pipe=$(mktemp --dry-run "${config%/*}/output.XXXXXX")
mkfifo "$pipe"
"$pueue" --config "$config" add --priority "$priority" \
  -- "$(printf '%q ' "$@") >$pipe" >/dev/null
exec cat "$pipe"
