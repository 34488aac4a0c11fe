# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run one fuzzer for FUZZ_SECONDS and say in TAP what came of it. Sourced by
# run-NAME.t with NAME as $name. New inputs go to FUZZ_DIR; one that fails is
# kept there, and the fuzzer given that file as argument shows it again.
here=$(dirname "$0")
found=$FUZZ_DIR/found-$name
log=$FUZZ_DIR/$name.log

echo 1..2
mkdir -p "$found"

# 1: what is in the committed corpus, each once
if "$FUZZ_DIR/fuzz_$name" -runs=0 "$here/corpus/$name" > "$log" 2>&1; then
	echo "ok 1 - $name: $(ls "$here/corpus/$name" | wc -l) seeds"
else
	sed 's/^/# /' "$log"
	echo "not ok 1 - $name: seeds"
fi

# 2: new inputs
if "$FUZZ_DIR/fuzz_$name" -max_total_time="$FUZZ_SECONDS" -timeout=10 -max_len=4096 \
	-artifact_prefix="$found/failed-" -print_final_stats=1 \
	"$found" "$here/corpus/$name" > "$log" 2>&1; then
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ "${runs:-0}" -ge 1000 ]; then
		echo "ok 2 - $name: $runs inputs in $FUZZ_SECONDS s"
	else
		echo "not ok 2 - $name: only ${runs:-no} inputs in $FUZZ_SECONDS s"
	fi
else
	tail -n 60 "$log" | sed 's/^/# /'
	echo "not ok 2 - $name: an input fails, kept in $found"
fi
