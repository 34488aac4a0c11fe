# SPDX-License-Identifier: GPL-2.0-or-later
#
# The iproute2 series: its copy of our headers is ours, its completion completes.
series=qemu-hooks/iproute2/patches
. tests/tap.sh

# What a patch makes of a file that it adds.
added() {
	sed -n "/^+++ b\/$(echo "$2" | sed 's/[/.]/\\&/g')\$/,/^--- /p" "$series/$1" |
		sed -n 's/^+//p' | sed 1d
}

# words LINE: what TAB offers at the end of a line
words() {
	bash -c '. "$1"
		_other() { COMPREPLY=(other); }
		_ip_vf_state_load() { _ip_vf_state_rest=_other; }
		read -ra COMP_WORDS <<<"$2"
		[[ $2 == *" " ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_ip_vf_state ip
		echo "${COMPREPLY[*]}"' bash /tmp/ip-vf-state "$1"
}

expect_words() {
	found=$(words "$1")
	[ "$found" = "$2" ] || echo "\"$1\": $found"
}

echo 1..4
result "every patch is in the series, and the other way round" "$(
	grep -v '^#' "$series/series" | sort >/tmp/in-series
	(cd "$series" && ls *.patch) | sort | diff /tmp/in-series -)"
result "the headers in the series are ours" "$(for name in vferry_pf.h vferry_state.h; do
	added 0001-uapi-vferry_pf.patch "include/uapi/linux/$name" |
		diff "include/uapi/$name" - | head -n 20
done)"
added 0004-bash-completion-vf-states.patch bash-completion/ip-vf-state >/tmp/ip-vf-state
result "bash completes the states of a VF" "$(
	expect_words "ip link set pf0 vf 0 state " \
		"auto enable disable migrate cancelmigration suspend resume"
	expect_words "ip -n x link set dev pf0 vf 12 mac 02:00:00:00:00:01 state s" "suspend"
	expect_words "ip link set pf0 vf 0 state m" "migrate")"
result "and leaves all else to what completes ip" "$(
	expect_words "ip link set pf0 " other
	expect_words "ip link set pf0 state " other
	expect_words "ip addr show vf " other)"
