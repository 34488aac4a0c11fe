# SPDX-License-Identifier: GPL-2.0-or-later
#
# The modules build without a warning (W=1) for every kernel whose headers Debian serves, with
# its own compiler, and DKMS is told that they do. What has been built for a kernel, of these
# very sources, is not built again.
#
# sid and backports move on by themselves. What they bring does not make this tree wrong: a
# kernel that is newer than those that DKMS is told of, or none at all, is a TODO.
. tests/tap.sh

work=/tmp/kernels
marks=$VFERRY_CACHE/headers/built
mkdir -p "$work" "$marks"
sources="Kbuild include pfdrv vfdrv qemu-hooks/vfio"
hash=$(find $sources \( -name '*.[ch]' ! -name '*.mod.c' -o -name Kbuild \) | sort |
	xargs sha256sum "$0" tests/lab/headers tests/lab/headers-make | sha256sum | cut -c1-16)

# copy DIR: the sources alone
copy() {
	rm -rf "$1"
	mkdir -p "$1/qemu-hooks"
	cp -a Kbuild include pfdrv vfdrv "$1/"
	cp -a qemu-hooks/vfio "$1/qemu-hooks/"
	find "$1" \( -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' \) -delete
}

# headers_of TREE FLAVOUR: their folder in there
headers_of() {
	(cd "$1" && ls -d usr/src/linux-headers-*-"$2" |
		grep -E "^usr/src/linux-headers-[0-9]+[.][0-9.]*([+][a-z0-9.]+|-[0-9]+)-$2\$")
}

# build TREE HEADERS SOURCES ARGUMENT...: with what is in TREE alone. That comments are as they
# should be is for modules.t to say.
build() {
	tests/lab/headers-make "$@" W=1 cmd_checkdoc=:
}

# tree_of SUITE: as soon as it is there; its trouble otherwise
tree_of() {
	while [ ! -e "$work/$1.done" ]; do
		sleep 0.1
	done
	[ "$(cat "$work/$1.done")" = 0 ] || { cat "$work/$1.log"; return 1; }
	cat "$work/$1.tree"
}

# release_of TREE FLAVOUR: of its kernel
release_of() {
	headers_of "$@" | sed 's|^usr/src/linux-headers-||'
}

# bound PACKAGE: for which kernels DKMS builds it
bound() {
	sed -n 's/^BUILD_EXCLUSIVE_KERNEL="\(.*\)"/\1/p' "debian/$1-dkms.dkms"
}

# beyond RELEASE PACKAGE: is it newer than all of them?
beyond() {
	newest=$(for major in $(seq 1 30); do
		seq -f "$major.%g." 0 30
	done | grep -E "$(bound "$2")" | sort -V | tail -1)
	version=$(echo "$1" | cut -d. -f1,2).
	[ -n "$newest" ] && [ "$version" != "$newest" ] &&
		[ "$(printf '%s\n' "$version" "$newest" | sort -V | tail -1)" = "$version" ]
}

# later SUITE FLAVOUR DKMS: why there is nothing to be built for yet; nothing otherwise
later() {
	case $1 in sid|*-backports) ;; *) return ;; esac
	tree=$(tree_of "$1") || {
		[ "$(cat "$work/$1.done")" != 3 ] || echo "$1 serves no headers that could be installed"
		return
	}
	for release in $(release_of "$tree" "$2"); do
		for package in $3; do
			! beyond "$release" "$package" || echo "$release is newer than what $package-dkms is for"
		done
	done | head -1
}

# todo NAME REASON: a test of TAP that cannot be passed yet
todo() {
	count=$((count + 1))
	echo "not ok $count - $1 # TODO $2"
}

# trouble SUITE FLAVOUR DKMS SUBDIR: what keeps the modules from being used there
trouble() {
	tree=$(tree_of "$1") || { echo "$tree"; return; }
	headers=$(headers_of "$tree" "$2")
	release=$(release_of "$tree" "$2")
	[ "$(echo "$headers" | wc -w)" = 1 ] || { echo "not one kernel of $1: $headers"; return; }
	echo "$release" >"$work/$1-$2.release"
	for package in $3; do
		echo "$release" | grep -qE "$(bound "$package")" || echo "$package: not for DKMS on $release"
	done
	mark=$marks/$hash-$(basename "$tree")-$2
	[ ! -e "$mark" ] || return
	copy "$work/src"
	if build "$tree" "$headers" "$work/src" M="/src${4:+/$4}" modules >"$work/log" &&
		! grep -v 'Skipping BTF generation' "$work/log" &&
		[ "$(find "$work/src" -name '*.ko' | wc -l)" = "${5:-3}" ]
	then
		touch "$mark"
	else
		cat "$work/log"
		echo "$release: $(find "$work/src" -name '*.ko' | wc -l) modules"
	fi
}

# unseen SUITE DIR HEADER: does it build when Kbuild looks for features where there are none?
unseen() {
	tree=$(tree_of "$1") || { echo "$tree"; return; }
	copy "$work/src"
	sed -i "s|$3|no-such-header.h|" "$work/src/$2/Kbuild"
	if build "$tree" "$(headers_of "$tree" amd64)" "$work/src" M="/src/$2" main.o >"$work/log"; then
		echo "it does"
	else
		grep -q 'error: #error .*see Kbuild' "$work/log" || cat "$work/log"
	fi
}

for suite in bookworm trixie trixie-backports sid; do
	rm -f "$work/$suite.done"
	{
		status=0
		tests/lab/headers "$suite" >"$work/$suite.tree" 2>"$work/$suite.log" </dev/null || status=$?
		echo "$status" >"$work/$suite.new"
		mv "$work/$suite.new" "$work/$suite.done"
	} &
done

# kernel NAME SUITE FLAVOUR PACKAGES [SUBDIR MODULES]
kernel() {
	name=$1
	shift
	reason=$(later "$@")
	[ -z "$reason" ] || { todo "$name" "$reason"; return; }
	found=$(trouble "$@")
	result "$name: $(cat "$work/$1-$2.release" 2>/dev/null || echo "$1's, $2")" "$found"
}

echo 1..10
rm -f "$work"/*.release
kernel "vferry_vf builds for Debian 12" bookworm amd64 vferry-guest vfdrv 1
kernel "all build for Debian 13" trixie amd64 "vferry-guest vferry-host"
kernel "all build for Debian 13" trixie cloud-amd64 "vferry-guest vferry-host"
kernel "all build for Debian 13" trixie rt-amd64 "vferry-guest vferry-host"
kernel "all build for its backports" trixie-backports amd64 "vferry-guest vferry-host"
kernel "all build for sid" sid amd64 "vferry-guest vferry-host"
reason=$(later trixie-backports amd64 vferry-host)
name="vferry_vfio does not build if Kbuild cannot find what the kernel has"
if [ -n "$reason" ]; then
	todo "$name" "$reason"
	todo "nor does vferry_pf" "$reason"
else
	result "$name" "$(unseen trixie-backports qemu-hooks/vfio linux/vfio.h)"
	result "nor does vferry_pf" "$(unseen trixie-backports pfdrv linux/ethtool.h)"
fi
result "nor does vferry_vf" "$(unseen trixie vfdrv net/netdev_queues.h)"
result "what is newer than all that DKMS is told of is known by its number" "$(
	for release in 6.1.0-39-amd64 6.12.9+deb13-amd64 6.19.1-rt-amd64; do
		! beyond $release vferry-host || echo "$release is beyond"
	done
	for release in 30.0.1-amd64 29.12-rc3-amd64; do
		beyond $release vferry-guest || echo "$release is not beyond"
	done)"
wait
