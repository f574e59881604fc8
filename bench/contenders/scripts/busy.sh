# Runs for $1 seconds, and says from when until when.
date +%s%N
sleep "$1"
exec date +%s%N
