# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is installed: all of it is there, manual pages have no fault, the unit is as closed
# as it can be, the catalog knows every message, the rule and the user are understood.
here=$(dirname "$0")
agent=$here/../../agent
root=/tmp/agent-root
. tests/tap.sh

echo 1..8
result "make install" "$(make -s -C "$agent" install DESTDIR="$root" 2>&1)"
result "all files are there" "$(for file in usr/sbin/vferryd usr/bin/vferryctl etc/vferry/vferryd.conf \
	etc/vferry/hooks.d usr/lib/systemd/system/vferryd.service \
	usr/lib/systemd/system/vferryd-hook@.service usr/lib/systemd/system/vferryd-hook@.socket \
	usr/libexec/vferry/vferryd-hook etc/vferry/root-hooks.d usr/lib/systemd/catalog/vferryd.catalog \
	usr/lib/udev/rules.d/90-vferry.rules usr/lib/sysusers.d/vferryd.conf \
	usr/share/man/man8/vferryd.8 usr/share/man/man8/vferryctl.8 usr/share/man/man5/vferryd.conf.5
do
	[ -e "$root/$file" ] || echo "no $file"
done)"
result "mandoc -Tlint has nothing to say" "$(mandoc -Tlint -Wwarning "$agent"/*.[58] 2>&1)"
result "every setting is in the manual" "$(sed -n 's/^	\(WORDS\|NUMBER\)(\([a-z_]*\),.*/\2/p' "$agent/config.c" |
	while read -r name; do
		grep -q "^.It Cm $name = " "$agent/vferryd.conf.5" || echo "$name"
	done)"

# systemd-analyze looks at the unit where it will be.
cp -r /usr/lib/systemd/system/*.target /usr/lib/systemd/system/-.slice "$root/usr/lib/systemd/system/" 2>/dev/null
score=$(systemd-analyze security --offline=yes --root="$root" --threshold=20 vferryd.service 2>&1)
bad=$?
echo "# $(printf '%s\n' "$score" | grep 'Overall exposure')"
result "systemd-analyze security: 2.0 or better" "$([ $bad = 0 ] || printf '%s\n' "$score" | tail -n 80)"

ids=$(sed -n 's/^	\[JOURNAL_.*{ "\([0-9a-f]*\)".*/\1/p' "$agent/journal.c" | sort)
known=$(sed -n 's/^-- \([0-9a-f]*\)$/\1/p' "$agent/vferryd.catalog" | sort)
result "the catalog has every message, and says what to do" "$(
	[ "$ids" = "$known" ] || echo "IDs differ: $ids; $known"
	[ "$(printf '%s\n' "$ids" | wc -l)" -ge 10 ] || echo "few IDs: $ids"
	mkdir -p "$root/usr/lib/systemd/catalog" "$root/var/lib/systemd/catalog"
	journalctl --root="$root" --update-catalog 2>&1
	for id in $ids; do
		journalctl --root="$root" --dump-catalog "$id" 2>&1 | grep -q 'What to do:' || echo "nothing for $id"
	done)"
result "systemd-sysusers makes the user" "$(
	mkdir -p "$root/etc"
	systemd-sysusers --root="$root" "$root/usr/lib/sysusers.d/vferryd.conf" 2>&1 | grep -v '^Creating'
	grep -q '^vferryd:' "$root/etc/passwd" || echo "no user")"
result "udevadm verify" "$(udevadm verify "$root/usr/lib/udev/rules.d/90-vferry.rules" 2>&1 |
	grep -v -e '^$' -e 'Success' -e 'udev rules files have been checked' -e 'Fail: *0')"
