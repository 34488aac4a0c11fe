# SPDX-License-Identifier: GPL-2.0-or-later
#
# The four packages in a Debian of its own, by dpkg: installed, upgraded, with another kernel,
# removed, purged, installed again. Which module would be loaded first, what the initramfs
# has, what is left. What only a machine that runs shows is in the lab's case packages.
. tests/tap.sh

echo 1..10
image=$(tests/lab/image)
out=/run/packages
kernel=$(basename "$(ls -d /lib/modules/*)")
mkdir -p $out
. tests/lab/installed-root
root=$out/all.tree

in_root() {
	chroot $root "$@"
}

# Its output if it fails
try() {
	"$@" >$out/log 2>&1 || { echo "$* failed"; tail -30 $out/log; }
}

# loaded RELEASE MODULE: what modprobe would load, in this order
loaded() {
	in_root modprobe -S "$1" -n -v "$2" 2>/dev/null | sed -n 's/^insmod .*\/\([a-z_]*\)\.ko.*/\1/p' |
		grep -E '^(igb|igbvf|vferry_..|vferry_vfio)$' | uniq | xargs
}

expect_loaded() {
	found=$(loaded "$1" "$2")
	[ "$found" = "$3" ] || echo "Linux $1: for $2, modprobe loads $found, not $3"
}

# in_initramfs RELEASE: what it has of these
in_initramfs() {
	in_root lsinitramfs "/boot/initrd.img-$1" | grep -oE 'vferry_[a-z]*\.ko|igbvf\.ko|vferry-.*\.conf' |
		sort | xargs
}

expect_initramfs() {
	found=$(in_initramfs "$1")
	[ "$found" = "$2" ] || echo "initramfs of $1: $found, not $2"
}

{ make_debs && make_root $root all && in_root update-initramfs -c -k "$kernel"; } >$out/make.log 2>&1 ||
	sed 's/^/# /' $out/make.log
result "without vferry: igb and igbvf" "$(
	expect_loaded "$kernel" igbvf "igbvf"
	expect_initramfs "$kernel" "igbvf.ko")"
# As images are made: by apt in a chroot, in which nothing may be started.
printf '#!/bin/sh\nexit 101\n' >$root/usr/sbin/policy-rc.d
chmod 755 $root/usr/sbin/policy-rc.d
mkdir -p $root/var/lib/apt/lists/partial $root/var/cache/apt/archives/partial
result "installed, by apt alone: the agent's user, modules, modprobe.d in the initramfs" "$(
	try in_root sh -c 'DEBIAN_FRONTEND=noninteractive apt-get install --no-install-recommends -qy \
		/lab/deb/1/*.deb'
	in_root getent passwd vferryd >/dev/null || echo "no user vferryd"
	expect_initramfs "$kernel" "igbvf.ko vferry-guest.conf vferry-host.conf vferry_vf.ko"
	in_root dkms status | grep -c ': installed' | grep -qx 2 || in_root dkms status)"
result "at the first boot: vferry-host and vferry-libvirt start, the rest by its NIC; nothing runs yet" "$(
	for unit in vferry-host vferry-libvirt vferry-journal vferryd vferry-driver vferryd-hook@resume.socket; do
		case $unit in
		vferry-host|vferry-libvirt) want=enabled ;;
		vferryd-hook*) want=disabled ;;
		*) want=static ;;
		esac
		[ "$(in_root systemctl is-enabled $unit)" = $want ] || echo "$unit is not $want"
	done
	find $root/run $root/etc/vferry -type f ! -name vferryd.conf
	for exe in /proc/[0-9]*/exe; do
		readlink "$exe" | grep "$root.*vferry"
	done)"
rm $root/usr/sbin/policy-rc.d
result "vferry_vf before igbvf, igb before vferry_pf, which no alias loads" "$(
	expect_loaded "$kernel" igbvf "vferry_vf igbvf"
	expect_loaded "$kernel" vferry_pf "igb vferry_pf"
	expect_loaded "$kernel" vferry_vfio "igb vferry_pf vferry_vfio"
	expect_loaded "$kernel" pci:v00008086d000010C9sv00008086sd0000A03Cbc02sc00i00 "igb"
	case $(loaded "$kernel" pci:v00008086d000010CAsv00008086sd0000A03Cbc02sc00i00) in
	vferry_vf*) ;;
	*) loaded "$kernel" pci:v00008086d000010CAsv00008086sd0000A03Cbc02sc00i00 ;;
	esac)"
copy_modules $root "$root/usr/lib/modules/$new"
result "another kernel without headers: igbvf and igb are loaded, and are in its initramfs" "$(
	try update_kernel $root "$new"
	expect_loaded "$new" igbvf "igbvf"
	expect_loaded "$new" pci:v00008086d000010C9sv00008086sd0000A03Cbc02sc00i00 "igb"
	expect_initramfs "$new" "igbvf.ko vferry-guest.conf vferry-host.conf")"
result "its headers come: DKMS builds, and the initramfs is made anew" "$(
	ln -s /usr/src/linux-headers-lab "$root/usr/lib/modules/$new/build"
	try in_root run-parts --exit-on-error --arg="$new" /etc/kernel/header_postinst.d
	expect_loaded "$new" igbvf "vferry_vf igbvf"
	expect_initramfs "$new" "igbvf.ko vferry-guest.conf vferry-host.conf vferry_vf.ko")"
result "an upgrade leaves one version" "$(
	try in_root sh -c 'dpkg -i /lab/deb/2/*.deb'
	in_root dkms status | grep -v '0.1+lab.*: installed'
	ls -d $root/usr/src/vferry-*-0.1 2>/dev/null
	expect_initramfs "$new" "igbvf.ko vferry-guest.conf vferry-host.conf vferry_vf.ko")"
result "removed: the stock drivers, also in the initramfs" "$(
	try in_root dpkg -r vferry-host vferry-host-dkms vferry-guest vferry-guest-dkms
	expect_loaded "$new" igbvf "igbvf"
	expect_initramfs "$new" "igbvf.ko"
	find $root/usr/lib/modules $root/etc/libvirt/hooks -name '*vferry*')"
result "purged: nothing is left" "$(
	try in_root dpkg -P vferry-host vferry-host-dkms vferry-guest vferry-guest-dkms
	find $root -xdev \( -path $root/lab -o -path $root/proc -o -path $root/dev \) -prune \
		-o -name '*vferry*' -print)"
result "installed again" "$(
	try in_root sh -c 'dpkg -i /lab/deb/2/*.deb'
	expect_initramfs "$new" "igbvf.ko vferry-guest.conf vferry-host.conf vferry_vf.ko"
	expect_loaded "$new" igbvf "vferry_vf igbvf")"
end_root $root
