# What the fake tools share; sourced by them, with the tool's name in $tool.

set -f
directory=${0%/*}
# Beside the tools as well, for runs that are given no environment.
scenario=${RESLOCK_FAKE_GPU:-$directory/scenario}
if [ ! -f "$scenario" ]; then
  printf 'The scenario file "%s" does not exist\n' "$scenario"
  exit 70
fi
printf '%s\n' "$tool $*" >>"$scenario.calls"

# Calls the function $1 with the fields of $2.
apply() {
  handler=$1
  old_ifs=$IFS
  IFS='|'
  # shellcheck disable=SC2086
  set -- $2
  IFS=$old_ifs
  "$handler" "$@"
}

# Calls the function $1 for every line that starts with the word $2.
each() {
  while IFS= read -r line; do
    case $line in "$2 "*) apply "$1" "${line#"$2 "}" ;; esac
  done <"$scenario"
}

do_sleep() { if [ "$1" = "$tool" ]; then sleep "$2"; fi; }
do_raw() { if [ "$1" = "$tool" ]; then printf '%s\n' "$2"; raw=yes; fi; }
do_fail() { if [ "$1" = "$tool" ]; then printf '%s\n' "$3"; exit "$2"; fi; }

raw=
each do_sleep sleep
each do_fail fail
each do_raw raw
if [ -n "$raw" ]; then exit 0; fi
