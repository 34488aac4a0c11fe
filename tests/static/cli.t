# SPDX-License-Identifier: GPL-2.0-or-later
#
# What belongs to the host's command and is no program: its manual, completion,
# catalog, units, rules; and that it can be installed.
cli=qemu-hooks/cli
. tests/tap.sh

# words LINE: what TAB offers at the end of a line
words() {
	bash -c '. "$1"
		_vferry_targets() { echo pf0 pf0/0; }
		_vferry_domains() { echo web db; }
		read -ra COMP_WORDS <<<"$2"
		[[ $2 == *" " ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_vferry
		echo "${COMPREPLY[*]}"' bash $cli/vferry.bash "$1"
}

expect_words() {
	found=$(words "$1")
	[ "$found" = "$2" ] || echo "\"$1\": $found"
}

echo 1..8
result "the manual is clean" "$(mandoc -Tlint -Wstyle $cli/vferry.8 2>&1 |
	grep -v 'referenced manual not found')"
make -s -C $cli O=/tmp/cli install DESTDIR=/tmp/installed >/tmp/install.log 2>&1 ||
	cat /tmp/install.log
vferry=/tmp/installed/usr/sbin/vferry
result "it builds and can be installed" "$([ -x $vferry ] && [ -s \
	/tmp/installed/usr/lib/systemd/system/vferry-journal.service ] || cat /tmp/install.log)"
result "the manual has every option of every command" "$(
	for command in list watch check migrate vf history setup libvirt; do
		$vferry $command --help | grep -oE -- '--[a-z-]+' | sort -u |
			grep -vE -- '--(json|help)$' | while read -r option; do
			grep -q -- "-$(echo "$option" | cut -c3-)\b" $cli/vferry.8 ||
				echo "$command $option"
		done
	done)"
result "so has the completion" "$(
	for command in list watch check migrate vf history setup libvirt; do
		$vferry $command --help | grep -oE -- '--[a-z-]+' | sort -u |
			while read -r option; do
			words "vferry $command -" | grep -qw -- "$option" || echo "$command $option"
		done
	done)"
result "bash completes commands, VFs and words" "$(
	expect_words "vferry mi" "migrate"
	expect_words "vferry check p" "pf0 pf0/0"
	expect_words "vferry vf pf0/0 s" "suspend"
	expect_words "vferry libvirt prepare w" "web"
	expect_words "vferry nosuch " "")"
result "the catalog has what the program writes, and is one" "$(
	sed -n 's/^#define MESSAGE_.*"\(.*\)"/\1/p' $cli/journal.h | sort >/tmp/ids
	[ -s /tmp/ids ] || echo "no ids in journal.h"
	sed -n 's/^-- //p' $cli/vferry.catalog | sort | diff /tmp/ids -
	mkdir -p /tmp/croot/usr/lib/systemd/catalog
	cp $cli/vferry.catalog /tmp/croot/usr/lib/systemd/catalog/
	journalctl --root=/tmp/croot --update-catalog 2>&1
	[ -s /tmp/croot/var/lib/systemd/catalog/database ] || echo "no catalog was made")"
result "systemd takes the units" "$(
	mkdir -p /tmp/units
	for unit in host journal; do
		sed "s|/usr/sbin/vferry|$vferry|; s|/sbin/modprobe|/usr/sbin/modprobe|" \
			$cli/system/vferry-$unit.service >/tmp/units/vferry-$unit.service
	done
	sed "s|/usr/sbin/vferry|$vferry|" qemu-hooks/libvirt/vferry-libvirt.service \
		>/tmp/units/vferry-libvirt.service
	systemd-analyze verify --man=no --recursive-errors=no /tmp/units/* 2>&1)"
result "udev takes the rules" "$(udevadm verify --no-summary --no-style \
	$cli/system/60-vferry.rules 2>&1)"
