# SPDX-License-Identifier: GPL-2.0-or-later
#
# debian/: the packages can be built, have what they should, and the modules' sources
# that they install are complete: DKMS's own command builds them.
. tests/tap.sh

echo 1..5
work=/tmp/debian
mkdir -p $work
result "they can be built" "$(debian/build $work >$work/log 2>&1 || tail -30 $work/log)"
result "nothing warns" "$(grep -iE '^dh.*(warning|error)|dpkg-.*: warning' $work/log |
	grep -v 'substitution variable')"

for package in vferry-host vferry-host-dkms vferry-guest vferry-guest-dkms; do
	dpkg-deb -x $work/${package}_*.deb $work/$package
done 2>$work/log
result "each has its files" "$(cd $work && cat log; for file in \
	vferry-host/usr/sbin/vferry vferry-host/usr/lib/systemd/system/vferry-host.service \
	vferry-host/usr/lib/udev/rules.d/60-vferry.rules vferry-host/usr/share/man/man8/vferry.8.gz \
	vferry-host/usr/sbin/vferry-libvirt-hook vferry-host/usr/lib/systemd/system/vferry-libvirt.service \
	vferry-host/usr/share/man/man8/vferry-libvirt.8.gz \
	vferry-guest/usr/sbin/vferryd vferry-guest/usr/bin/vferryctl \
	vferry-guest/usr/lib/systemd/system/vferryd.service vferry-guest/etc/vferry/vferryd.conf \
	vferry-guest/usr/lib/sysusers.d/vferryd.conf; do
	[ -s $file ] || echo "no $file"
done
	[ -L vferry-host/etc/libvirt/hooks/qemu.d/vferry ] || echo "no link for libvirt")"

# As DKMS does: the file names directories that are known when it is read.
cat >$work/dkms <<'END'
kernel_source_dir=$(echo /lib/modules/*/build)
dkms_tree=$2
. "$1/dkms.conf"
build=$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build
mkdir -p "${build%/build}"
cp -r "$1" "$build"
${MAKE[0]} || exit 1
for i in ${!BUILT_MODULE_NAME[@]}; do
	[ -s "$build/${BUILT_MODULE_LOCATION[i]}/${BUILT_MODULE_NAME[i]}.ko" ] || exit 1
done
END
for side in host guest; do
	result "the $side's modules are built from what is installed, as DKMS does" "$(
		bash $work/dkms $work/vferry-$side-dkms/usr/src/vferry-$side-* $work/dkms-tree \
			>$work/log 2>&1 || tail -30 $work/log)"
done
