# Says who it is and since when it runs, waits for a line in the pipe $1, and says
# until when.
echo $$
date +%s%N
read -r _ <"$1"
exec date +%s%N
