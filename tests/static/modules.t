# SPDX-License-Identifier: GPL-2.0-or-later
#
# The modules build without a word from the compiler (W=1) or sparse (C=1), and do nothing
# within NL_SET_ERR_MSG*_FMT(), whose arguments are not evaluated when nobody asks for the text.
copy=/tmp/modules
kernel=$(basename "$(ls -d /lib/modules/*)")
mkdir -p "$copy"
cp -a Kbuild include pfdrv vfdrv qemu-hooks "$copy/"
find "$copy" \( -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' \) -delete

echo 1..5
if make -s -j"$(nproc)" -C "/lib/modules/$kernel/build" M="$copy" W=1 C=1 modules \
	>"$copy/log" 2>&1 && ! grep -v 'Skipping BTF generation' "$copy/log" >"$copy/words" &&
	[ -n "$(find "$copy" -name '*.ko')" ]
then
	echo "ok 1 - modules build without a warning, with W=1 and sparse"
else
	sed 's/^/# /' "$copy/log"
	echo "not ok 1 - modules build without a warning, with W=1 and sparse"
fi

# What would corrupt a guest's data is not even there to be set.
if [ -e "$copy/vfdrv/vferry_vf.ko" ] && grep -q dirty_log "$copy/vfdrv/dirty.c" &&
	[ -z "$(modinfo -F parm "$copy/vfdrv/vferry_vf.ko" | grep dirty_log)" ]
then
	echo "ok 2 - vferry_vf has no parameter that switches the dirty log off"
else
	echo "not ok 2 - vferry_vf has no parameter that switches the dirty log off"
fi

# One version for packages and modules: DKMS compares what is loaded with what is installed.
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
if [ "$(modinfo -F version "$copy/vfdrv/vferry_vf.ko")" = "$version" ]; then
	echo "ok 3 - the module's version is that of the packages"
else
	echo "not ok 3 - the module's version is that of the packages"
fi

cat pfdrv/*.c vfdrv/*.c qemu-hooks/vfio/*.c | tr '\n' ' ' |
	grep -oE 'NL_SET_ERR_MSG(_ATTR|_MOD|_WEAK)*_FMT(_MOD)?\([^;]*;' >"$copy/texts"
if [ -s "$copy/texts" ] && ! sed 's/"[^"]*"//g; s/[A-Z_]*(//' "$copy/texts" | grep '(' >"$copy/calls"
then
	echo "ok 4 - nothing is called within a text for netlink"
else
	sed 's/^/# /' "$copy/calls"
	echo "not ok 4 - nothing is called within a text for netlink"
fi

# Debian's kernel does not count for each page pool; others do, and ethtool -S shows it there.
if make -s -C "/lib/modules/$kernel/build" M="$copy" W=1 C=2 KCFLAGS=-DCONFIG_PAGE_POOL_STATS \
	vfdrv/ethtool.o pfdrv/rx.o vfdrv/rx.o vfdrv/queue.o >"$copy/pool" 2>&1 &&
	! [ -s "$copy/pool" ] && nm "$copy/vfdrv/ethtool.o" | grep -q 'U page_pool_get_stats'
then
	echo "ok 5 - what knows page pools builds where the kernel counts for each"
else
	sed 's/^/# /' "$copy/pool"
	echo "not ok 5 - what knows page pools builds where the kernel counts for each"
fi
