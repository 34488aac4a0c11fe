# SPDX-License-Identifier: GPL-2.0-or-later
#
# debian/: the packages can be built, have what they should, and the modules' sources that
# they install are complete: dkms builds them here. What they do on a machine: the
# lab's case packages.
. tests/tap.sh

echo 1..13
work=/tmp/debian
mkdir -p $work
debs=$(tests/lab/debs 2>$work/log)
result "they can be built" "$([ -n "$debs" ] || cat $work/log)"
result "nothing warns" "$(grep -iE '^dh.*(warning|error)|dpkg-.*: warning' "$debs/log" |
	grep -v 'substitution variable')"
result "lintian finds nothing" "$(lintian --allow-root --display-info --fail-on error,warning,info \
	--tag-display-limit 0 "$debs"/1/*.deb "$debs"/dbgsym/*_0.1_*.deb >$work/lintian 2>&1 || cat $work/lintian)"

for package in vferry-host vferry-host-dkms vferry-guest vferry-guest-dkms; do
	dpkg-deb -x "$debs"/1/${package}_*.deb $work/$package
	dpkg-deb -e "$debs"/1/${package}_*.deb $work/$package/DEBIAN
done 2>$work/log
result "each has its files" "$(cd $work && cat log; for file in \
	vferry-host/usr/sbin/vferry vferry-host/usr/lib/systemd/system/vferry-host.service \
	vferry-host/usr/lib/udev/rules.d/60-vferry.rules vferry-host/usr/share/man/man8/vferry.8.gz \
	vferry-host/usr/share/man/man5/vferry-host.conf.5.gz \
	vferry-host/usr/share/doc/vferry-host/examples/host.conf \
	vferry-host/usr/lib/vferry/vferry-libvirt.so vferry-host/usr/sbin/vferry-libvirt-hook vferry-host/usr/lib/systemd/system/vferry-libvirt.service \
	vferry-host/usr/share/man/man8/vferry-libvirt.8.gz \
	vferry-host-dkms/usr/lib/modprobe.d/vferry-host.conf \
	vferry-guest/usr/sbin/vferryd vferry-guest/usr/bin/vferryctl \
	vferry-guest/usr/lib/systemd/system/vferryd.service vferry-guest/etc/vferry/vferryd.conf \
	vferry-guest/usr/lib/systemd/system/vferry-driver.service \
	vferry-guest/usr/lib/sysusers.d/vferryd.conf \
	vferry-guest-dkms/usr/lib/modprobe.d/vferry-guest.conf; do
	[ -s $file ] || echo "no $file"
done
	[ -L vferry-host/etc/libvirt/hooks/qemu.d/vferry ] || echo "no link for libvirt"
	[ -L vferry-host/usr/share/man/man8/vferry-libvirt-hook.8.gz ] || echo "no manual of the hook"
	find vferry-host* vferry-guest* -path '*/etc/modprobe.d/*' -o -name '*.example')"
result "documents: those of a host and of a guest, with links that lead somewhere" "$(
	for file in README.md ARCHITECTURE.md PROTOCOL.md SECURITY.md CHANGELOG.md docs/*.md; do
		[ -s $work/vferry-host/usr/share/doc/vferry-host/$file ] || echo "host: no $file"
	done
	for file in SECURITY.md CHANGELOG.md docs/install.md docs/trouble.md; do
		[ -s $work/vferry-guest/usr/share/doc/vferry-guest/$file ] || echo "guest: no $file"
	done
	for package in vferry-host vferry-guest; do
		PYTHONDONTWRITEBYTECODE=1 python3 tests/static/doctool.py \
			$work/$package/usr/share/doc/$package installed 2>&1
	done
	# and what is large is in no other
	find $work/*-dkms/usr/share/doc -size +8k)"
result "a host with plain QEMU needs no libvirt; with libvirt the service begins" "$(
	cd $work
	sed -n '/^Suggests:/p' vferry-host/DEBIAN/control | grep -q 'libvirt0 (>=' || echo "not suggested"
	grep -E '^(Pre-)?Depends:|^Recommends:' vferry-host/DEBIAN/control | grep libvirt
	grep '^Depends:' vferry-host/DEBIAN/control | grep -q libjansson4 || echo "no libjansson4"
	unit=vferry-host/usr/lib/systemd/system/vferry-libvirt.service
	grep -qx 'WantedBy=libvirtd.service virtqemud.service' $unit || echo "not wanted"
	grep -qx 'PartOf=libvirtd.service virtqemud.service' $unit || echo "no part of it")"
result "maintainer scripts: the user, the initramfs, services that an upgrade starts again" "$(
	cd $work
	grep -q 'systemd-sysusers.* vferryd.conf' vferry-guest/DEBIAN/postinst || echo "no user vferryd"
	for side in host guest; do
		grep -qx 'activate-noawait update-initramfs' vferry-$side-dkms/DEBIAN/triggers ||
			echo "$side: no update-initramfs"
	done
	for unit in vferry-guest/vferryd vferry-host/vferry-journal vferry-host/vferry-libvirt; do
		package=${unit%/*}
		grep -qE "(_dh_action|try-restart).*${unit#*/}.service" $package/DEBIAN/postinst ||
			echo "$unit: not started again"
		grep -q "deb-systemd-invoke stop.*${unit#*/}.service" $package/DEBIAN/prerm ||
			echo "$unit: not stopped"
	done)"

# With stand-ins for what they call. Which units run or have failed is said in files.
mkdir -p $work/stand $work/units
for command in udevadm deb-systemd-invoke; do
	printf '#!/bin/sh\necho "${0##*/} $*" >>%s/said\n' $work >$work/stand/$command
done
cat >$work/stand/systemctl <<-END
	#!/bin/sh
	for word; do
		case \$word in
		is-*) file=$work/units/\$word ;;
		*.service) ! grep -qsx "\$word" "\$file" || exit 0 ;;
		esac
	done
	[ -z "\${file:-}" ]
END
for command in deb-systemd-helper systemd-sysusers; do
	printf '#!/bin/sh\n' >$work/stand/$command
done
chmod 755 $work/stand/*

# scripts PACKAGE COMMANDS: its maintainer scripts, as dpkg calls them. active, failed, module: what
# the machine has
scripts() {
	what="${active:-no libvirt}${failed:+, $failed failed}${module:+, $module}: $*"
	: >$work/said
	echo "${active:-}" >$work/units/is-active
	echo "${failed:-}" >$work/units/is-failed
	PATH=$work/stand:$PATH unshare --mount sh -euc '
		mount -t tmpfs run /run
		mkdir -p /run/systemd/system /run/udev
		touch /run/udev/control
		mount -t tmpfs module /sys/module
		mkdir "/sys/module/$1"
		scripts=$2
		for name in preinst postinst prerm postrm; do
			eval "$name() { [ ! -e $scripts/$name ] || $scripts/$name \"\$@\"; }"
		done
		eval "$3"
		find /run -name "vferry*"' scripts "${module:-other}" $work/$1/DEBIAN "$2" 2>&1
}

calls() {
	grep -qE "$1" $work/said || { echo "$what: no $1:"; cat $work/said; }
}

calls_not() {
	! grep -E "$1" $work/said || echo "$what"
}

new='preinst install; postinst configure ""'
again='preinst install 0.1; postinst configure 0.1'
upgrade='preinst upgrade 0.1 0.2; postinst configure 0.1'
starts_libvirt='invoke (re)?start.* .?vferry-libvirt'
result "maintainer scripts start nothing that serves what is stopped, upgrades nothing that was" "$(
	for commands in "$new" "$again" 'prerm remove; postinst abort-remove'; do
		scripts vferry-host "$commands"
		calls 'invoke start .?vferry-host'
		calls 'udevadm trigger'
		calls_not "$starts_libvirt"
		for active in libvirtd.service virtqemud.service; do
			scripts vferry-host "$commands"
			calls "invoke reload $active"
			calls 'invoke start .?vferry-libvirt'
		done
		active=
		scripts vferry-guest "$commands"
		calls 'udevadm trigger'
	done
	for active in '' libvirtd.service; do
		scripts vferry-host "$upgrade"
		calls 'invoke try-restart .*vferry-libvirt'
		calls_not "$starts_libvirt"
		calls_not 'invoke (re)?start .?vferry-host'
		calls_not 'udevadm trigger'
	done
	active=
	module=vferry_pf scripts vferry-host "$upgrade"
	calls 'invoke restart .?vferry-host'
	failed=vferry-host.service scripts vferry-host "$upgrade"
	calls 'invoke restart .?vferry-host'
	scripts vferry-guest "$upgrade"
	calls 'udevadm control --reload'
	calls_not 'udevadm trigger'
	# what an administrator has enabled by the name of an event
	scripts vferry-guest 'prerm remove; postrm remove'
	calls "invoke stop .*vferryd-hook@\*\.socket")"
result "the agent is started by its VF, by nothing else" "$(cd $work
	# but for what an administrator enables by the name of an event
	grep -n Install $(ls vferry-guest/usr/lib/systemd/system/* | grep -v 'vferryd-hook@')
	grep -q 'SYSTEMD_WANTS.*vferryd.service' vferry-guest/usr/lib/udev/rules.d/90-vferry.rules ||
		echo "no rule")"
result "programs: position independent, bound at once, with checked string functions" "$(
	for file in $work/vferry-host/usr/sbin/* $work/vferry-guest/usr/sbin/* $work/vferry-guest/usr/bin/* \
			$work/vferry-guest/usr/libexec/vferry/*; do
		readelf -h $file | grep -q 'DYN (Pos' || echo "$file: no PIE"
		readelf -d $file | grep -q BIND_NOW || echo "$file: no bindnow"
		readelf -W --dyn-syms $file | grep -q '__[a-z]*printf_chk' || echo "$file: no FORTIFY"
	done)"
result "no unit is more exposed than 3.0" "$(
	for unit in $work/*/usr/lib/systemd/system/*.service; do
		# there to do as root whatever an administrator wants done
		case $unit in *vferryd-hook@*) continue ;; esac
		systemd-analyze security --no-pager --offline=true --threshold=30 $unit 2>&1 |
			grep 'exposure' >$work/log
		awk -v unit=${unit##*/} '{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) found = $i }
			END { if (found == "" || found > 3) print unit, found }' $work/log
	done)"

# As mmdebstrap does with --mode=chrootless, on a machine that runs: its systemd, udev and
# libvirt are not told. debhelper's own lines are not ours.
image=$work/image
mkdir -p $work/stub $image/var/lib/dpkg/info $image/var/lib/dpkg/updates $image/var/lib/dpkg/triggers \
	$image/etc/systemd/system/sockets.target.wants
touch $image/var/lib/dpkg/status
for command in udevadm systemctl deb-systemd-invoke; do
	printf '#!/bin/sh\necho "${0##*/} $*" >>%s/calls\n' $work >$work/stub/$command
	chmod 755 $work/stub/$command
done
chrootless() {
	PATH=$work/stub:$PATH unshare --mount sh -euc 'mount -t tmpfs run /run
		mkdir -p /run/systemd/system /run/udev
		touch /run/udev/control
		exec "$@"' run dpkg --root=$image --log=$work/dpkg.log --force-script-chrootless \
		--force-depends "$@" >$work/log 2>&1 || { echo "dpkg $* failed"; cat $work/log; }
	grep -E 'udevadm|libvirtd|virtqemud' $work/calls
}
result "into an image, from outside: the user, enabled services; this machine notices nothing" "$(
	chrootless -i "$debs"/1/vferry-host_*.deb "$debs"/1/vferry-guest_*.deb
	grep -q '^vferryd:' $image/etc/passwd || echo "no user vferryd"
	for unit in multi-user.target.wants/vferry-host libvirtd.service.wants/vferry-libvirt; do
		[ -L $image/etc/systemd/system/$unit.service ] || echo "$unit: not enabled"
	done
	ln -s /usr/lib/systemd/system/vferryd-hook@.socket \
		$image/etc/systemd/system/sockets.target.wants/vferryd-hook@resume.socket
	chrootless -P vferry-host vferry-guest
	find $image -name '*vferry-*' -o -name '*vferryd-*')"

# With trees of its own, of which nothing is installed.
mkdir -p $work/tree $work/src $work/modules
cp -r $work/vferry-host-dkms/usr/src/* $work/vferry-guest-dkms/usr/src/* $work/src/
kernel=$(basename /lib/modules/*)
result "dkms builds the modules of both from what is installed" "$(
	for side in host guest; do
		source=$(echo $work/src/vferry-$side-*)
		dkms build -m vferry-$side -v "${source##*-}" -k "$kernel" --dkmstree $work/tree \
			--sourcetree $work/src --installtree $work/modules \
			--kernelsourcedir "/lib/modules/$kernel/build" >$work/log 2>&1 || {
			tail -30 $work/log
			cat $work/tree/vferry-$side/*/build/make.log
		}
	done
	for module in vferry_pf vferry_vfio vferry_vf; do
		[ -n "$(find $work/tree -path '*/module/*' -name "$module.ko*" -size +0)" ] || echo "no $module"
	done)"
