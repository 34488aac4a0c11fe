# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a lab machine has for a kernel's build directory: see installed.
modules:
	@cd $(M) && side=$$(sed -n 's/^PACKAGE_NAME="\(.*\)"/\1/p' dkms.conf) && \
	sha256sum -c --quiet /lab/built/$$side.sums && \
	sed -n 's/^BUILT_MODULE_NAME\[\([0-9]\)\]="\(.*\)"/\1 \2/p' dkms.conf | \
	while read -r i name; do \
		to=$$(sed -n "s/^BUILT_MODULE_LOCATION\[$$i\]=\"\(.*\)\"/\1/p" dkms.conf); \
		cp /lab/built/$$name.ko $$to/ || exit 1; \
	done
