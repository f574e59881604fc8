#!/usr/bin/env bash
# Calls a command again and again until the moment $1, in microseconds since 1970, and
# says before each call when it is.
end=$1
shift
while now=${EPOCHREALTIME//[.,]/} && ((now < end)); do
  echo "asked $now"
  "$@" || echo failed
done
