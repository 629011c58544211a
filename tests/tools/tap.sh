# For test scripts: check NAME COMMAND… prints a line of TAP, the command's output when it fails.
# Sourced; plan N comes first, the script ends with done_testing.
tap_number=0 tap_failed=0
tmp=$(mktemp -d /tmp/kehu-test-XXXXXX)

plan() {
	echo "1..$1"
}

check() {
	tap_number=$((tap_number + 1))
	tap_name=$1
	shift
	if "$@" >"$tmp/tap.out" 2>&1; then
		echo "ok $tap_number - $tap_name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_number - $tap_name"
		sed 's/^/# /' "$tmp/tap.out"
	fi
}

done_testing() {
	[ "$tap_failed" -eq 0 ]
}
