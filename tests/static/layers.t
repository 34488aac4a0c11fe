# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may know whom: each part includes headers of its own, the contracts of include/, and those
# parts that stand below it. What both programs of a host need is in qemu-hooks/host/.
. tests/tap.sh

# strangers FOLDER ALLOWED...: what it includes that is in none of these folders
strangers() {
	folder=$1
	shift
	grep -Ho '^#include "[^"]*"' "$folder"/*.[ch] | sed 's/:#include / /; s/"//g; s,\.\./include/,,' |
	while read -r file header; do
		for where in "$folder" include "$@"; do
			[ -e "$where/$header" ] && [ "${header#*../}" = "$header" ] && continue 2
		done
		echo "$file includes $header"
	done
}

echo 1..5
result "the drivers know the contracts, not each other" \
	"$(for part in pfdrv vfdrv qemu-hooks/vfio; do strangers $part; done)"
result "the library of the host's programs knows neither of them" "$(strangers qemu-hooks/host)"
result "the command and the hook share the library, nothing else" "$(
	strangers qemu-hooks/cli qemu-hooks/host; strangers qemu-hooks/libvirt qemu-hooks/host)"
result "the agent has the escaping of foreign text from the host's library, nothing else" "$(
	strangers agent qemu-hooks/host
	for own in agent/*.h; do echo "${own#agent/}"; done >/tmp/own
	grep -ho '^#include "[^"]*"' agent/*.[ch] | sed 's/.*"\(.*\)"/\1/' | sort -u |
	while read -r header; do
		[ ! -e "qemu-hooks/host/$header" ] || [ "$header" = text.h ] ||
			grep -qx "$header" /tmp/own || echo "$header"
	done)"
result "a folder of which nobody may take anything is seen" "$(
	strangers qemu-hooks/libvirt | grep -q 'hook.c includes status.h' || echo "it is not")"
