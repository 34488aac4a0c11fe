# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests in shell, which run at the top of the tree: . tests/tap.sh
#
# result NAME TROUBLE: a test of TAP, which failed if there is any trouble.
count=0
result() {
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		printf '%s\n' "$2" | sed 's/^/# /'
		echo "not ok $count - $1"
	fi
}
