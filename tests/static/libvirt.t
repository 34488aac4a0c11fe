# SPDX-License-Identifier: GPL-2.0-or-later
#
# libvirt's hook where no PF driver is: installed as libvirt wants it, silent where it is not
# concerned. And vferry libvirt prepare, with a virsh that stands in for the real one.
hook=qemu-hooks/libvirt
domains=tests/unit/domains
. tests/tap.sh

# What AppArmor's profile of libvirtd starts: libvirt's hooks, and what is in sbin.
profile=/etc/apparmor.d/usr.sbin.libvirtd

# try FILE OPERATION...: status and words of the hook
try() {
	file=$1
	shift
	out=$($program web "$@" - <"$file" 2>/tmp/err)
	echo "$? $out$(cat /tmp/err)"
}

expect() {
	[ "$1" = "$2" ] || echo "\"$2\" was expected: \"$1\""
}

echo 1..10
result "the manual is clean" "$(mandoc -Tlint -Wstyle $hook/vferry-libvirt.8 2>&1 |
	grep -v 'referenced manual not found')"
make -s -C $hook O=/tmp/libvirt install DESTDIR=/tmp/installed >/tmp/install.log 2>&1 ||
	cat /tmp/install.log
make -s -C qemu-hooks/cli O=/tmp/cli install DESTDIR=/tmp/installed >>/tmp/install.log 2>&1 ||
	cat /tmp/install.log
program=/tmp/installed/usr/sbin/vferry-libvirt-hook
vferry=/tmp/installed/usr/sbin/vferry
result "it builds and can be installed" "$([ -x $program ] && [ -x $vferry ] &&
	[ -s /tmp/installed/usr/share/man/man8/vferry-libvirt.8 ] || cat /tmp/install.log)"
result "libvirt's link leads to it, and AppArmor lets libvirtd start it" "$(
	link=$(readlink /tmp/installed/etc/libvirt/hooks/qemu.d/vferry)
	[ "/tmp/installed$link" = $program ] || echo "the link leads to $link"
	grep -qxF "  $(dirname "$link")/* PUx," $profile || echo "$profile does not have $link")"
result "it is silent about domains and operations that are none of its business" "$(
	echo "<domain/>" >/tmp/none.xml
	sed 's/type=.pci. managed/type="scsi" managed/' $domains/plain.xml >/tmp/other.xml
	expect "$(try /tmp/none.xml migrate begin)" "0 "
	expect "$(try /dev/null release end)" "0 "
	expect "$(try /tmp/other.xml migrate begin)" "0 "
	for op in "prepare begin" "start begin" "started begin" "stopped end" "release end" \
		"reconnect begin" "attach begin"; do
		expect "$(try $domains/plain.xml $op)" "0 "
	done
	# nothing at that address here, and no NIC that it could be about
	expect "$(try $domains/plain.xml migrate begin)" "0 ")"
result "without the PF driver it refuses a domain that needs it, and says why" "$(
	for op in migrate restore; do
		expect "$(try $domains/migratable.xml $op begin)" \
			"1 vferry on $(uname -n): the PF driver is not loaded: modprobe vferry_pf"
	done
	echo "<!DOCTYPE hostdev>" | cat - $domains/migratable.xml >/tmp/doctype.xml
	expect "$(try /tmp/doctype.xml migrate begin)" \
		"1 vferry on $(uname -n): the domain's XML is refused: it has a document type"
	$program --help | grep -q Usage || echo "no help"
	$program >/dev/null 2>&1
	expect $? 2)"

# A virsh that knows one domain, kept in a file.
mkdir -p /tmp/bin
cat >/tmp/bin/virsh <<'END'
#!/bin/sh
echo "$*" >>/tmp/virsh.log
case $* in
"--quiet dumpxml --inactive --domain web"|"--quiet dumpxml --inactive --domain web --security-info")
	cat /tmp/web.xml
	# somebody else, with virsh edit, as soon as it has been read
	! [ -e /tmp/edit ] || { rm /tmp/edit; sed -i "s|<name>|<title>edited</title>&|" /tmp/web.xml; } ;;
"--quiet dumpxml --domain web")
	sed "s/slot='0x10' function='0x0'/slot='0x10' function='0x4'/" /tmp/web.xml ;;
"--quiet list --name --persistent")
	printf 'web\n\n' ;;
"--quiet define /tmp/"*)
	cp "$3" /tmp/web.xml ;;
"--quiet --connect qemu:///other "*)
	echo "error: other" >&2; exit 1 ;;
*)
	echo "error: failed to get domain" >&2; exit 1 ;;
esac
END
chmod 755 /tmp/bin/virsh
sed "s|<source>\$|&|; s|<hostdev mode='subsystem' type='pci' managed='yes'>|&<driver model='vferry_vfio'/>|" \
	$domains/plain.xml >/tmp/web.xml
cp /tmp/web.xml /tmp/before.xml
prepare() {
	PATH=/tmp/bin:$PATH $vferry libvirt prepare "$@" 2>&1
}

result "prepare shows what is to be changed, and changes nothing" "$(
	: >/tmp/virsh.log
	prepare web >/tmp/out || { echo "status $?"; cat /tmp/out; }
	grep -qx -- '+++ web with what it needs' /tmp/out || cat /tmp/out
	grep -qx -- '+      <alias name="ua-vf0"/>' /tmp/out || cat /tmp/out
	grep -q '^change  VF 0000:01:10.0: alias ua-vf0' /tmp/out || cat /tmp/out
	grep -qE '^-' /tmp/out && grep -E '^-[^-]' /tmp/out | grep -vE '<domain |^-  *<hostdev' |
		sed 's/^/taken away: /'
	cmp /tmp/web.xml /tmp/before.xml
	grep -v dumpxml /tmp/virsh.log
	prepare --json web >/tmp/out.json || echo "status $?"
	prepare --xml --json --file=/tmp/web.xml >/tmp/out2.json || echo "status $?"
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lab python3 -c '
from vlab.schema import fits
found = fits(open("/tmp/out.json").read(), "libvirt")
assert found["domain"] == "web" and not found["applied"] and found["changes"], found
assert found["diff"].startswith("--- web as it is\n+++ "), found
assert "xml" not in found
with_xml = fits(open("/tmp/out2.json").read(), "libvirt")
assert with_xml["diff"] == found["diff"] and "ua-vf0" in with_xml["xml"]' 2>&1)"
result "--apply does not undo what somebody else changes meanwhile" "$(
	touch /tmp/edit
	found=$(prepare --apply web; echo "status $?")
	case $found in
	*"changed by somebody else meanwhile: nothing was done"*"status 1") ;;
	*) echo "$found" ;;
	esac
	grep -q "<title>edited</title>" /tmp/web.xml || echo "the edit is lost"
	! grep -q ua-vf0 /tmp/web.xml || echo "it was defined all the same"
	cp /tmp/before.xml /tmp/web.xml)"
result "--apply defines it anew; a second time there is nothing to do" "$(
	: >/tmp/virsh.log
	prepare --apply web >/tmp/out || { echo "status $?"; cat /tmp/out; }
	grep -qx 'web: changed; in force when it is started the next time' /tmp/out || cat /tmp/out
	grep -q 'ua-vf0' /tmp/web.xml || cat /tmp/web.xml
	grep -q 'dumpxml .* --security-info' /tmp/virsh.log || cat /tmp/virsh.log
	[ -z "$(ls -d /tmp/vferry-* 2>/dev/null)" ] || echo "files are left"
	cp /tmp/web.xml /tmp/after.xml
	: >/tmp/virsh.log
	nothing_to_do() {
		expect "$(prepare "$@" | grep -v '^note    VF 0000:01:10.0: no VF')" "web: nothing to do"
	}
	nothing_to_do --apply web
	cmp /tmp/web.xml /tmp/after.xml
	grep define /tmp/virsh.log
	nothing_to_do --file=/tmp/after.xml
	nothing_to_do --file=- </tmp/after.xml
	$vferry libvirt prepare --xml --file=/tmp/before.xml 2>/dev/null | cmp - /tmp/after.xml)"

# status WORDS...: a command that fails, with these words
fails() {
	status=$1 words=$2
	shift 2
	found=$(prepare "$@")
	code=$?
	[ $code = "$status" ] || echo "$*: status $code: $found"
	case $found in *"$words"*) ;; *) echo "$*: \"$words\" was expected: $found" ;; esac
}
result "prepare says what is wrong" "$(
	fails 1 "failed to get domain" nosuch
	fails 1 "error: other" --connect=qemu:///other web
	fails 1 "none of its devices is a VF of vferry's" --file=/tmp/other.xml
	fails 1 "not XML: line 1" --file=tests/static/libvirt.t
	fails 1 "document type" --file=/tmp/doctype.xml
	fails 3 "No such file" --file=/nosuch
	fails 1 "not text" --file=/tmp/installed/usr/sbin/vferry
	fails 2 "--apply and --connect need a domain" --apply --file=/tmp/before.xml
	fails 2 "which domain? Or --file=FILE"
	fails 2 "one domain at a time" web db
	found=$(PATH=/nosuch $vferry libvirt prepare web 2>&1)
	expect "$? $found" "3 vferry: virsh: No such file or directory
vferry: virsh cannot be run: is libvirt-clients installed?")"

# What it does to a VF of vferry's is seen in the case libvirt.
sync() {
	PATH=/tmp/bin:$PATH $vferry libvirt sync "$@" 2>&1
}
result "sync leaves alone what is no VF of vferry's, and says what is wrong" "$(
	: >/tmp/virsh.log
	expect "$(sync; echo $?)" 0
	expect "$(sync --json web)" '{"changes":[]}'
	sync --json | PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lab python3 -c '
import sys
from vlab.schema import fits
fits(sys.stdin.read(), "libvirt_sync")' 2>&1
	cmp /tmp/web.xml /tmp/after.xml
	grep define /tmp/virsh.log
	grep -q 'dumpxml --domain web' /tmp/virsh.log || cat /tmp/virsh.log
	expect "$(sync nosuch; echo $?)" "error: failed to get domain
1"
	expect "$(sync --connect=qemu:///other; echo $?)" "error: other
1"
	for wrong in --apply "--follow web" --xml --file=/tmp/web.xml; do
		expect "$(sync $wrong >/dev/null; echo $?)" 2
	done
	expect "$(PATH=/nosuch $vferry libvirt sync 2>/dev/null; echo $?)" 3)"
