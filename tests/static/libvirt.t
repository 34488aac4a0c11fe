# SPDX-License-Identifier: GPL-2.0-or-later
#
# libvirt's hook where no PF driver is: installed as libvirt wants it, silent where it is not
# concerned. And vferry libvirt, with a libvirtd in which libvirt's own test driver stands in for
# QEMU: definitions, events, a daemon that goes and one that hangs. What VFs make of it: the
# lab's case libvirt.
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

echo 1..16
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

# Each process that goes on, to be ended
pids=
trap '{ kill -CONT $pids; kill $pids; } 2>/dev/null' EXIT

# start NAME: a libvirtd, with its socket in /tmp/NAME; $! is its process
start() {
	mkdir -p /tmp/$1
	printf '%s\n' "unix_sock_dir = \"/tmp/$1\"" 'auth_unix_rw = "none"' 'auth_unix_ro = "none"' \
		"log_outputs = \"4:file:/tmp/$1/log\"" >/tmp/$1/conf
	unshare --mount sh -c 'for dir in etc lib log cache run; do
			case $dir in etc) dir=/etc ;; run) dir=/run ;; *) dir=/var/$dir ;; esac
			mkdir -p $dir/libvirt
			mount -t tmpfs libvirt $dir/libvirt
		done
		exec libvirtd --config "$0/conf" --pid-file "$0/pid"' /tmp/$1 >/tmp/$1/err 2>&1 &
	pids="$pids $!"
}

# until WHAT COMMAND...: it succeeds within 20 s
until_() {
	what=$1
	shift
	for _ in $(seq 200); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "not within 20 s: $what"
}

uri() {
	echo "test+unix:///default?socket=/tmp/$1/libvirt-sock"
}

virsh() {
	command virsh --quiet --connect "$(uri lv)" "$@"
}

start lv
daemon=$!
start hung
hung=$!
until_ libvirtd virsh list
until_ "another libvirtd" command virsh --quiet --connect "$(uri hung)" list
# What the test driver knows goes with its last connection.
connected() {
	ss -xp | grep -q "$1/libvirt-sock.*libvirtd"
}
command virsh --connect "$(uri lv)" event --loop --event lifecycle >/tmp/events 2>&1 &
pids="$pids $!"
until_ "a connection" connected lv
# A domain that libvirt takes and vferry does not: what is said of it shows that it was looked at.
sed "s|<name>web|<name>bad|; s|<uuid>.*|<uuid>c7a5fdbd-edaf-9455-926a-d65c16db18ff</uuid>|; s|<description>|<metadata><vferry:domain \
	xmlns:vferry='urn:vferry:domain:1' network='$(printf '%0100d' 0)'/></metadata>&|" \
	$domains/plain.xml >/tmp/bad.xml
command virsh --quiet --connect "$(uri hung)" event --loop --event lifecycle >/dev/null 2>&1 &
pids="$pids $!"
until_ "a connection" connected hung
for command in "define /tmp/bad.xml" "start bad"; do
	command virsh --quiet --connect "$(uri hung)" $command
done
# One that will hear nothing any more, and one that will hear nothing
$vferry libvirt sync --follow --connect="$(uri hung)" 2>/tmp/hung.follow &
pids="$pids $!"
until_ "a connection of vferry's" grep -q "bad: metadata" /tmp/hung.follow
kill -STOP $hung
# Its deadline is half a minute: for this test, a tenth.
cat >/tmp/soon.c <<'END'
#include <dlfcn.h>
#include <time.h>

int timer_settime(timer_t timer, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	int (*real)(timer_t, int, const struct itimerspec *, struct itimerspec *) =
		dlsym(RTLD_NEXT, "timer_settime");
	struct itimerspec soon = *new;

	soon.it_value.tv_sec /= 10;
	return real(timer, flags, &soon, old);
}
END
gcc -D_GNU_SOURCE -shared -fPIC -o /tmp/soon.so /tmp/soon.c
LD_PRELOAD=/tmp/soon.so $vferry libvirt sync --json --connect="$(uri hung)" >/tmp/hung.json 2>/tmp/hung.sync &
asker=$!

sed "s|<hostdev mode='subsystem' type='pci' managed='yes'>|&<driver model='vferry_vfio'/>|
	s|<devices>|&<graphics type='vnc' port='-1' autoport='yes' passwd='secret'/>|" \
	$domains/plain.xml >/tmp/web.xml
virsh define /tmp/web.xml >/tmp/define.log 2>&1 || sed 's/^/# /' /tmp/define.log
# definition: of web, as it is now, with its secrets
definition() {
	virsh dumpxml --inactive --security-info ${1:-web}
}
definition >/tmp/before.xml
prepare() {
	$vferry libvirt prepare --connect="$(uri lv)" "$@" 2>&1
}

result "prepare shows what is to be changed, and changes nothing" "$(
	prepare web >/tmp/out || { echo "status $?"; cat /tmp/out; }
	grep -qx -- '+++ web with what it needs' /tmp/out || cat /tmp/out
	grep -qx -- '+      <alias name="ua-vf0"/>' /tmp/out || cat /tmp/out
	grep -q '^change  VF 0000:01:10.0: alias ua-vf0' /tmp/out || cat /tmp/out
	grep -qE '^-' /tmp/out && grep -E '^-[^-]' /tmp/out | grep -vE '<domain |^-  *<hostdev' |
		sed 's/^/taken away: /'
	definition | cmp - /tmp/before.xml
	! grep secret /tmp/out || echo "it tells secrets"
	prepare --json web >/tmp/out.json || echo "status $?"
	virsh dumpxml --inactive web >/tmp/shown.xml
	$vferry libvirt prepare --xml --json --file=/tmp/shown.xml >/tmp/out2.json || echo "status $?"
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lab python3 -c '
from vlab.schema import fits
found = fits(open("/tmp/out.json").read(), "libvirt")
assert found["domain"] == "web" and not found["applied"] and found["changes"], found
assert found["diff"].startswith("--- web as it is\n+++ "), found
assert "xml" not in found
with_xml = fits(open("/tmp/out2.json").read(), "libvirt")
assert with_xml["diff"] == found["diff"] and "ua-vf0" in with_xml["xml"]' 2>&1)"

# Somebody else, by virsh define, after it has been read: diff is run in between.
mkdir -p /tmp/bin
cat >/tmp/bin/diff <<END
#!/bin/sh
sed 's|<name>|<title>edited</title>&|' /tmp/before.xml >/tmp/edited.xml
/usr/bin/virsh --quiet --connect '$(uri lv)' define /tmp/edited.xml >/dev/null
exec /usr/bin/diff "\$@"
END
chmod 755 /tmp/bin/diff
result "--apply does not undo what somebody else changes meanwhile" "$(
	found=$(PATH=/tmp/bin:$PATH prepare --apply web; echo "status $?")
	case $found in
	*"changed by somebody else meanwhile: nothing was done"*"status 1") ;;
	*) echo "$found" ;;
	esac
	definition | grep -q "<title>edited</title>" || echo "the edit is lost"
	! definition | grep -q ua-vf0 || echo "it was defined all the same"
	virsh define /tmp/before.xml)"

# And after it has been read again: when libvirt is just told.
cat >/tmp/late.c <<'END'
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>

virDomainPtr virDomainDefineXML(virConnectPtr conn, const char *xml)
{
	void *libvirt = dlopen("libvirt.so.0", RTLD_NOW | RTLD_NOLOAD);
	virDomainPtr (*real)(virConnectPtr, const char *) = dlsym(libvirt, "virDomainDefineXML");

	unsetenv("LD_PRELOAD");
	system(getenv("LATE"));
	return real(conn, xml);
}
END
result "a definition of somebody else's at the very moment is told of" "$(
	gcc -D_GNU_SOURCE -shared -fPIC -o /tmp/late.so /tmp/late.c -lvirt 2>&1 | grep -v warning
	found=$(LD_PRELOAD=/tmp/late.so LATE="virsh --quiet --connect '$(uri lv)' define /tmp/edited.xml" \
		prepare --apply web; echo "status $?")
	case $found in
	*"web was defined by somebody else at the same moment"*"status 1") ;;
	*) echo "$found" ;;
	esac
	virsh define /tmp/before.xml)"
result "--apply defines it anew, with its secrets; a second time there is nothing to do" "$(
	prepare --apply web >/tmp/out || { echo "status $?"; cat /tmp/out; }
	grep -qx 'web: changed; in force when it is started the next time' /tmp/out || cat /tmp/out
	definition | grep -q 'ua-vf0' || definition
	definition | grep -q "passwd='secret'" || definition
	[ -z "$(ls -d /tmp/vferry-* 2>/dev/null)" ] || echo "files are left"
	# By a file: this driver does not keep what is QEMU's alone.
	$vferry libvirt prepare --xml --file=/tmp/before.xml >/tmp/after.xml 2>/dev/null ||
		echo "status $?"
	nothing_to_do() {
		expect "$($vferry libvirt prepare "$@" 2>&1 | grep -v '^note    VF 0000:01:10.0: no VF')" \
			"web: nothing to do"
	}
	nothing_to_do --file=/tmp/after.xml
	nothing_to_do --file=- </tmp/after.xml)"

# status WORDS...: a command that fails, with these words
fails() {
	status=$1 words=$2
	shift 2
	found=$("$@" 2>&1)
	code=$?
	[ $code = "$status" ] || echo "$*: status $code: $found"
	case $found in *"$words"*) ;; *) echo "$*: \"$words\" was expected: $found" ;; esac
}
result "prepare says what is wrong" "$(
	fails 1 "nosuch: libvirt: Domain not found" prepare nosuch
	bare="$vferry libvirt prepare"
	fails 3 "libvirt: Failed to connect socket to '/nosuch'" \
		$bare "--connect=test+unix:///default?socket=/nosuch" web
	fails 1 "none of its devices is a VF of vferry's" $bare --file=/tmp/other.xml
	fails 1 "not XML: line 1" $bare --file=tests/static/libvirt.t
	fails 1 "document type" $bare --file=/tmp/doctype.xml
	fails 3 "No such file" $bare --file=/nosuch
	fails 1 "not text" $bare --file=/tmp/installed/usr/sbin/vferry
	fails 2 "--apply and --connect need a domain" $bare --apply --file=/tmp/before.xml
	fails 2 "which domain? Or --file=FILE" $bare
	fails 2 "one domain at a time" $bare web db)"
result "without libvirt's library: all but what needs it works, and says so" "$(
	mkdir -p /tmp/plain/sbin
	cp $vferry /tmp/plain/sbin/
	missing="libvirt's client library cannot be used: /tmp/plain/lib/vferry/vferry-libvirt.so: cannot open"
	fails 3 "$missing" /tmp/plain/sbin/vferry libvirt prepare web
	fails 3 "$missing" /tmp/plain/sbin/vferry libvirt sync --follow
	/tmp/plain/sbin/vferry libvirt prepare --file=/tmp/before.xml >/tmp/out 2>&1 || cat /tmp/out
	! ldd $vferry | grep libvirt || echo "vferry needs it")"

sync() {
	$vferry libvirt sync --connect="$(uri lv)" "$@" 2>&1
}
result "sync leaves alone what is no VF of vferry's, and says what is wrong" "$(
	virsh define /tmp/after.xml
	virsh start web
	definition >/tmp/kept.xml
	expect "$(sync; echo $?)" 0
	expect "$(sync --json web)" '{"changes":[]}'
	expect "$(sync --json c7a5fdbd-edaf-9455-926a-d65c16db1809)" '{"changes":[]}'
	sync --json | PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lab python3 -c '
import sys
from vlab.schema import fits
fits(sys.stdin.read(), "libvirt_sync")' 2>&1
	definition | cmp - /tmp/kept.xml
	fails 1 "nosuch: libvirt: Domain not found" sync nosuch
	for wrong in --apply "--follow web" --xml --file=/tmp/web.xml; do
		expect "$(sync $wrong >/dev/null; echo $?)" 2
	done)"

said() {
	[ "$(grep -c "$1" /tmp/follow)" -ge "$2" ]
}
$vferry libvirt sync --follow --connect="$(uri lv)" >/tmp/follow 2>&1 &
pids="$pids $!"
result "sync --follow: what is started, defined or goes on, when it is quiet; nothing else" "$(
	until_ "it to be connected" sh -c '[ $(ss -xp | grep -c "lv/libvirt-sock.*libvirtd") -ge 2 ]'
	virsh define /tmp/bad.xml
	virsh start bad
	until_ "the start" said "bad: metadata: the network's name is too long" 1
	virsh suspend bad
	virsh resume bad
	until_ "suspend, resume" said "bad: metadata" 2
	virsh define /tmp/bad.xml
	until_ "the definition" said "bad: metadata" 3
	! said "bad: metadata" 4 || echo "it does not wait")"
# What is wrong with bad is a result, which nobody reads.
result "sync --follow ends when its reader has gone" "$(
	{
		timeout 20 $vferry libvirt sync --follow --json --connect="$(uri lv)" 2>/tmp/unread
		echo $? >/tmp/unread.status
	} | :
	expect "$(cat /tmp/unread.status)" 3
	grep -q "the result cannot be written: Broken pipe" /tmp/unread || cat /tmp/unread
	virsh destroy bad
	virsh undefine bad)"
kill $daemon
gone=$(until_ "its end" said "the daemon has gone, or says nothing: trying again" 1)
start lv
result "libvirtd is started anew: so is what is heard of it" "$(
	echo "$gone" | grep .
	until_ libvirtd virsh list
	until_ "a connection" connected lv
	before=$(grep -c "bad: metadata" /tmp/follow)
	virsh define /tmp/bad.xml
	virsh start bad
	until_ "the start" said "bad: metadata" $((before + 1)))"
wait $asker
status=$?
result "a libvirtd that hangs ends the wait for it" "$(
	expect "$status $(cat /tmp/hung.sync)" "3 vferry: libvirt does not answer"
	expect "$(cat /tmp/hung.json)" '{"errors":["libvirt does not answer"],"status":3}'
	until_ "the keepalive" grep -q "the daemon has gone, or says nothing: trying again" /tmp/hung.follow)"
