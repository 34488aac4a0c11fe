# SPDX-License-Identifier: GPL-2.0-or-later
#
# For Makefiles that install: where what goes that others read. systemd and udev look into
# /usr/lib and /usr/local/lib, wherever PREFIX is; modprobe too, but an initramfs has only what
# is in /usr/lib or /etc.

PREFIX		?= /usr
lib		:= $(if $(filter /usr,$(PREFIX)),/usr/lib,/usr/local/lib)
SYSTEMD		?= $(lib)/systemd
UDEV		?= $(lib)/udev
SYSUSERS	?= $(lib)/sysusers.d
MODPROBE	?= $(if $(filter /usr,$(PREFIX)),/usr/lib,/etc)/modprobe.d

# $(call install_unit,FILE): what it starts of ours is below PREFIX. O: for what is made.
install_unit	= sed 's|^\(Exec[A-Za-z]*=[-+!]*\)/usr\(/[a-z/]*/vferry\)|\1$(PREFIX)\2|' $(1) >$(O)/$(notdir $(1)) && \
	install -D -m 644 $(O)/$(notdir $(1)) $(DESTDIR)$(SYSTEMD)/system/$(notdir $(1))
