# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is installed: all of it is there, manual pages have no fault, the unit is as closed
# as it can be, the catalog knows every message, the rule and the user are understood.
here=$(dirname "$0")
agent=$here/../../agent
root=/tmp/agent-root
. tests/tap.sh

echo 1..13
result "make install" "$(make -s -C "$agent" install DESTDIR="$root" 2>&1)"
result "all files are there" "$(for file in usr/sbin/vferryd usr/bin/vferryctl etc/vferry/vferryd.conf \
	etc/vferry/hooks.d usr/lib/systemd/system/vferryd.service \
	usr/lib/systemd/system/vferryd-hook@.service usr/lib/systemd/system/vferryd-hook@.socket \
	usr/share/bash-completion/completions/vferryctl usr/share/zsh/vendor-completions/_vferryctl \
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

# The programs are not where they will be, nor is mandoc's man.
result "systemd-analyze verify: units" "$(SYSTEMD_UNIT_PATH=$root/usr/lib/systemd/system: systemd-analyze \
	verify --man=no --recursive-errors=no vferryd.service vferryd-hook@resume.socket \
	vferryd-hook@resume.service 2>&1 | grep -v 'is not executable: No such file')"

complete() {
	bash -c '. "$1/vferryctl.bash"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vferryctl
		echo "${COMPREPLY[*]}"' bash "$agent" "$@"
}
result "bash completes vferryctl" "$(
	[ "$(complete vferryctl "")" = "status history watch check --json --runtime --help --version" ] ||
		complete vferryctl ""
	[ "$(complete vferryctl --json h)" = history ] || complete vferryctl --json h
	[ "$(complete vferryctl status --)" = "--json --runtime" ] || complete vferryctl status --
	[ "$(complete vferryctl --runtime /us)" = /usr ] || complete vferryctl --runtime /us
	[ -z "$(complete vferryctl --help "")" ] || echo "something after --help")"
# zsh WORDS...: what TAB offers in zsh, with its own completion system
zsh_words() {
	timeout 60 zsh -f tests/static/zsh-complete "$root/usr/share/zsh/vendor-completions" /dev/null "$@"
}
result "zsh completes vferryctl, with every command and option" "$(
	zsh_words "vferryctl " "vferryctl --" "vferryctl --json h" "vferryctl --runtime=/us" \
		"vferryctl --help " >/tmp/zsh.words 2>&1
	sed -n 1,2p /tmp/zsh.words >/tmp/zsh.first
	for word in $("$agent/../build/agent/vferryctl" --help | sed -n 's/^  \([a-z-]*\).*/\1/p'); do
		grep -q -w -e "$word" /tmp/zsh.first || { echo "no $word:"; cat /tmp/zsh.words; }
		case " $(complete vferryctl "") " in *" $word "*) ;; *) echo "bash: no $word" ;; esac
	done
	sed -n '3,$p' /tmp/zsh.words | xargs | grep -qx 'history usr' || cat /tmp/zsh.words)"

mkdir -p "$root/etc" "$root/var/lib/systemd/catalog"
result "make install: the user is made, the catalog updated, unless it is for elsewhere" "$(
	[ ! -e "$root/etc/passwd" ] || echo "a user for a package"
	"$agent/register" "$root" 2>&1 | grep -v '^Creating'
	grep -q '^vferryd:' "$root/etc/passwd" || echo "no user")"
# With a root of its own in the place of / where make install would use that. Whatever PREFIX is,
# systemd, udev and the journal read what is theirs, and units start what is installed.
hooks=$here/../../qemu-hooks
result "elsewhere than in /usr too, agent and host" "$(
	for prefix in /usr /usr/local /opt/x; do
		make -s -n -C "$agent" install DESTDIR= PREFIX=$prefix | grep '^\./register' >/tmp/register
		grep -q . /tmp/register || echo "make install PREFIX=$prefix does not register"
		elsewhere=/tmp/elsewhere$prefix.root
		mkdir -p "$elsewhere/etc" "$elsewhere/var/lib/systemd/catalog"
		make -s -C "$agent" install DESTDIR="$elsewhere" PREFIX=$prefix 2>&1
		for part in cli libvirt; do
			make -s -C "$hooks/$part" O="$PWD/build/lab/out/$part" install DESTDIR="$elsewhere" PREFIX=$prefix 2>&1
		done
		cp "$agent/register" "$elsewhere/"
		(cd "$elsewhere" && eval "$(sed "s|^\./register \"\"|./register $elsewhere|" /tmp/register)") 2>&1 |
			grep -v -e '^Creating'
		grep -q '^vferryd:' "$elsewhere/etc/passwd" || echo "$prefix: no user"
		for catalog in "$agent/vferryd.catalog" "$hooks/cli/vferry.catalog"; do
			id=$(sed -n 's/^-- \([0-9a-f]*\)$/\1/p' "$catalog" | head -n 1)
			journalctl --root="$elsewhere" --dump-catalog "$id" >/dev/null 2>&1 ||
				echo "$prefix: no $id in the catalog"
		done
		for unit in vferryd vferryd-hook@ vferry-driver vferry-host vferry-journal vferry-libvirt; do
			systemctl --root="$elsewhere" is-enabled $unit.service 2>&1 |
				grep -qE '^(static|disabled|indirect)' || echo "$prefix: systemd does not see $unit"
			program=$(find "$elsewhere" -name $unit.service -exec sed -n \
				's|^ExecStart=\([^ ]*\).*|\1|p' {} +)
			[ -f "$elsewhere$program" ] && [ -x "$elsewhere$program" ] ||
				echo "$prefix: $unit: no program, ${program:-none is said}"
		done
		udevadm verify --root="$elsewhere" >/tmp/rules 2>&1
		grep -q '2 udev rules files have been checked' /tmp/rules || { echo "$prefix:"; cat /tmp/rules; }
	done)"
ids=$(sed -n 's/^	\[JOURNAL_.*{ "\([0-9a-f]*\)".*/\1/p' "$agent/journal.c" | sort)
known=$(sed -n 's/^-- \([0-9a-f]*\)$/\1/p' "$agent/vferryd.catalog" | sort)
result "the catalog has every message, and says what to do" "$(
	[ "$ids" = "$known" ] || echo "IDs differ: $ids; $known"
	[ "$(printf '%s\n' "$ids" | wc -l)" -ge 10 ] || echo "few IDs: $ids"
	for id in $ids; do
		journalctl --root="$root" --dump-catalog "$id" 2>&1 | grep -q 'What to do:' || echo "nothing for $id"
	done)"
result "udevadm verify" "$(udevadm verify "$root/usr/lib/udev/rules.d/90-vferry.rules" 2>&1 |
	grep -v -e '^$' -e 'Success' -e 'udev rules files have been checked' -e 'Fail: *0')"

# An agent that has been taken over, and a terminal of root's
cat >/tmp/agent.py <<'END'
import json, os, socket, sys
os.makedirs("/tmp/agent", exist_ok=True)
server = socket.socket(socket.AF_UNIX)
server.bind("/tmp/agent/control")
server.listen()
print("ready", flush=True)
bad = "\x1b[2J\x9b31m\u202e"
vf = {"vf": bad, "pci": bad, "state": bad, "mode": bad, "migratable": False, "reason": bad,
      "migration": {"vf": bad, "outcome": bad, "differences": [bad]}}
for answer in ({"vfs": [vf]}, {"vfs": [vf]}, {"problems": [bad]}, {"error": bad},
               {"MESSAGE": bad}):
    connection, _ = server.accept()
    connection.recv(100)
    connection.sendall(json.dumps(answer).encode() + b"\n")
    connection.close()
END
result "vferryctl: what the agent says is cleaned" "$(
	python3 /tmp/agent.py >/tmp/agent.out 2>&1 &
	timeout 20 sh -c 'until grep -q ready /tmp/agent.out; do :; done' || cat /tmp/agent.out
	for words in status "--json status" check history watch; do
		timeout 20 "$root/usr/bin/vferryctl" --runtime /tmp/agent $words >/tmp/ctl.out 2>&1
		grep -q '2J' /tmp/ctl.out || { echo "$words: not what was said:"; cat -v /tmp/ctl.out; }
		python3 -c 'import sys; text = open("/tmp/ctl.out", "rb").read().decode()
bad = [hex(ord(c)) for c in text if c not in "\n\t" and not c.isprintable()]
assert not bad, sys.argv[1] + ": " + " ".join(bad)' "$words" 2>&1 | tail -n 1
	done
	wait)"
