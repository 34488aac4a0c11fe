# SPDX-License-Identifier: GPL-2.0-or-later
#
# What belongs to the host's command and is no program: its manual, completion,
# catalog, units, rules; and that it can be installed.
cli=qemu-hooks/cli
. tests/tap.sh

# words LINE: what TAB offers at the end of a line, which readline splits at = too
words() {
	bash -c '. "$1"
		_vferry_targets() { echo pf0 pf0/0; }
		_vferry_domains() { echo web db; }
		HOSTFILE=/tmp/hosts
		read -ra COMP_WORDS <<<"${2//=/ = }"
		[[ $2 == *" " ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_vferry
		echo "${COMPREPLY[*]}"' bash $cli/vferry.bash "$1"
}

expect_words() {
	found=$(words "$1")
	[ "$found" = "$2" ] || echo "\"$1\": $found"
}

# expect STATUS WORDS COMMAND...: what fails says why, with these words
expect() {
	status=$1 text=$2
	shift 2
	"$@" >/tmp/out 2>/tmp/err && found=0 || found=$?
	[ "$found" = "$status" ] || echo "$*: exit status $found"
	grep -qF -- "$text" /tmp/err || { echo "$*:"; cat /tmp/err; }
}

echo 1..14
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
printf '10.0.0.1 hosta\n10.0.0.2 hostb\n' >/tmp/hosts
mkdir -p /tmp/files && touch "/tmp/files/one.qmp" "/tmp/files/two words"
result "bash completes what stands behind an option's =" "$(
	expect_words "vferry check --to=" "hosta hostb"
	expect_words "vferry check --to=hostb" "hostb"
	expect_words "vferry check --to h" "hosta hostb"
	expect_words "vferry migrate --qmp=/tmp/files/o" "/tmp/files/one.qmp"
	expect_words "vferry migrate --qmp=/tmp/files/t" "/tmp/files/two words"
	expect_words "vferry history --plot=/tmp/files/o" "/tmp/files/one.qmp"
	expect_words "vferry migrate --vf=pf0/" "pf0/0"
	expect_words "vferry migrate --timeout=" ""
	expect_words "vferry help mi" "migrate"
	expect_words "vferry --ver" "--version")"
# zsh LINE...: what TAB offers in zsh, with its own completion system
cat >/tmp/zsh.stand-ins <<'END'
_vferry_targets() { compadd pf0 pf0/0 }
_vferry_domains() { compadd web db }
_hosts() { compadd hosta hostb }
END
zsh_words() {
	timeout 60 zsh -f tests/static/zsh-complete /tmp/installed/usr/share/zsh/vendor-completions \
		/tmp/zsh.stand-ins "vferry l" "$@" | tail -n +2
}
result "zsh completes every command, and every option of each" "$(
	set -- $($vferry --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
	expect_zsh() {
		for want in $2; do
			case " $3 " in *" $want "*) ;; *) echo "$1: no $want: $3" ;; esac
		done
	}
	expect_zsh "vferry " "$* help" "$(zsh_words "vferry ")"
	for command in "$@"; do
		expect_zsh "vferry $command" "$($vferry $command --help | grep -oE -- '--[a-z-]+' |
			sort -u | xargs)" "$(zsh_words "vferry $command --")"
	done)"
result "zsh completes VFs, words, and what stands behind an option's =" "$(
	zsh_words "vferry mi" "vferry check p" "vferry vf pf0/0 s" "vferry libvirt " \
		"vferry libvirt prepare w" "vferry check --to=" "vferry migrate --vf=pf0/" \
		"vferry migrate --qmp=/tmp/files/o" "vferry migrate --timeout=" "vferry help mi" \
		"vferry --ver" "vferry nosuch " >/tmp/zsh.words 2>&1
	printf '%s\n' migrate "pf0 pf0/0" suspend "prepare sync" web "hosta hostb" pf0/0 one.qmp "" \
		migrate --version "" | diff - /tmp/zsh.words)"
result "bad words: what is wrong, and what was expected" "$(
	expect 2 "vf: --wait=5x: not a number of seconds from 1 to 86400" \
		$vferry vf pf0 0 migrate --wait=5x
	for bad in "" " 1" +1 -1 1K 0x5 1.5 99999999999999999999; do
		expect 2 "not a number of seconds" $vferry vf pf0 0 migrate "--wait=$bad"
		expect 2 "not a number of seconds" \
			$vferry migrate --qmp=/x "--timeout=$bad" tcp:x:1
		expect 2 "not a number of bytes" $vferry watch "--buffer=$bad"
		expect 2 "not a number" $vferry history "--lines=$bad"
	done
	expect 2 "not a number of milliseconds" \
		$vferry migrate --qmp=/x --downtime-limit=1K tcp:x:1
	expect 2 "not a number of bytes" $vferry migrate --qmp=/x --bandwidth=1k tcp:x:1
	expect 2 "which VF" $vferry check
	expect 2 "the name of a host is missing" $vferry check --to
	expect 2 "the name of a host is missing" $vferry check --to= pf0/0
	expect 2 "--qmp=SOCKET is missing" $vferry migrate tcp:x:1
	expect 2 "the URI where QEMU awaits the guest" $vferry migrate --qmp=/x
	expect 2 "PF NUMBER WORD" $vferry vf
	expect 2 "which domain" $vferry libvirt prepare
	expect 2 "prepare or sync" $vferry libvirt
	expect 2 "not one of prepare, sync" $vferry libvirt nosuch
	expect 2 "--nosuch: no such option" $vferry list --nosuch
	expect 2 "-x: no such option" $vferry list -x
	expect 2 "takes no value" $vferry list --json=yes
	expect 2 "b: too many words" $vferry watch a b
	expect 2 "words: it takes no such word" $vferry setup words
	expect 2 "zzz: not the first digits of a migration's id" $vferry history zzz
	expect 2 "no such command" $vferry nosuch
	expect 3 "Is a directory" $vferry setup -c /tmp)"
result "help COMMAND, --json COMMAND, --version" "$(
	$vferry check --help >/tmp/help
	$vferry help check | diff - /tmp/help 2>&1
	[ "$($vferry --version)" = "vferry $(dpkg-parsechangelog -SVersion 2>/dev/null)" ] ||
		$vferry --version
	expect 3 "modprobe vferry_pf" $vferry --json list
	python3 -c 'import json; j = json.load(open("/tmp/out")); \
		assert j["status"] == 3 and "modprobe" in j["errors"][0], j' 2>&1
	for words in "history zzz --json" "--json nosuch" "list --nosuch -j" "check --json"; do
		expect 2 "" $vferry $words
		python3 -c 'import json; j = json.load(open("/tmp/out")); \
			assert j["status"] == 2 and j["errors"][0], j' 2>&1
	done)"
result "what cannot be written is no success" "$(
	for words in --help --version "list --help" "check --facts" "history --json"; do
		$vferry $words >/dev/full 2>/tmp/err && echo "$words: exit status 0"
		grep -q "No space left" /tmp/err || echo "$words: $(cat /tmp/err)"
	done)"
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
