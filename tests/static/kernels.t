# SPDX-License-Identifier: GPL-2.0-or-later
#
# The modules build without a warning (W=1) for every kernel whose headers Debian serves, with
# its own compiler, and DKMS is told that they do. What has been built for a kernel, of these
# very sources, is not built again.
. tests/tap.sh

work=/tmp/kernels
marks=$VFERRY_CACHE/headers/built
mkdir -p "$work" "$marks"
sources="Kbuild include pfdrv vfdrv qemu-hooks/vfio"
hash=$(find $sources \( -name '*.[ch]' ! -name '*.mod.c' -o -name Kbuild \) | sort |
	xargs sha256sum "$0" tests/lab/headers | sha256sum | cut -c1-16)

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
	tree=$1 headers=$2 copy=$3
	shift 3
	unshare --mount --propagation private sh -eu -c '
		tree=$1 headers=$2
		mount --bind "$3" "$tree/src"
		mount --rbind /dev "$tree/dev"
		mount -t proc proc "$tree/proc"
		mount -t tmpfs tmp "$tree/tmp"
		shift 3
		exec chroot "$tree" env -i PATH=/usr/bin HOME=/tmp LC_ALL=C make -s -j"$(nproc)" \
			-C "/$headers" W=1 cmd_checkdoc=: "$@"
	' build "$tree" "$headers" "$copy" "$@" 2>&1 </dev/null
}

# tree_of SUITE: as soon as it is there; its trouble otherwise
tree_of() {
	while [ ! -e "$work/$1.done" ]; do
		sleep 0.1
	done
	[ "$(cat "$work/$1.done")" = 0 ] || { cat "$work/$1.log"; return 1; }
	cat "$work/$1.tree"
}

# trouble SUITE FLAVOUR DKMS SUBDIR: what keeps the modules from being used there
trouble() {
	tree=$(tree_of "$1") || { echo "$tree"; return; }
	headers=$(headers_of "$tree" "$2")
	release=${headers#usr/src/linux-headers-}
	[ "$(echo "$headers" | wc -w)" = 1 ] || { echo "not one kernel of $1: $headers"; return; }
	echo "$release" >"$work/$1-$2.release"
	for package in $3; do
		echo "$release" | grep -qE "$(sed -n 's/^BUILD_EXCLUSIVE_KERNEL="\(.*\)"/\1/p' \
			"debian/$package-dkms.dkms")" || echo "$package: not for DKMS on $release"
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

# unseen DIR HEADER: does it build when Kbuild looks for features where there are none?
unseen() {
	tree=$(tree_of trixie-backports) || { echo "$tree"; return; }
	copy "$work/src"
	sed -i "s|$2|no-such-header.h|" "$work/src/$1/Kbuild"
	if build "$tree" "$(headers_of "$tree" amd64)" "$work/src" M="/src/$1" main.o >"$work/log"; then
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
	found=$(trouble "$@")
	result "$name: $(cat "$work/$1-$2.release" 2>/dev/null || echo "$1's, $2")" "$found"
}

echo 1..8
rm -f "$work"/*.release
kernel "vferry_vf builds for Debian 12" bookworm amd64 vferry-guest vfdrv 1
kernel "all build for Debian 13" trixie amd64 "vferry-guest vferry-host"
kernel "all build for Debian 13" trixie cloud-amd64 "vferry-guest vferry-host"
kernel "all build for Debian 13" trixie rt-amd64 "vferry-guest vferry-host"
kernel "all build for its backports" trixie-backports amd64 "vferry-guest vferry-host"
kernel "all build for sid" sid amd64 "vferry-guest vferry-host"
result "vferry_vfio does not build if Kbuild cannot find what the kernel has" \
	"$(unseen qemu-hooks/vfio linux/vfio.h)"
result "nor does vferry_vf" "$(unseen vfdrv net/netdev_queues.h)"
wait
