# SPDX-License-Identifier: GPL-2.0-or-later
#
# All is built and run inside a Debian 13 root that is made on first use, under
# build/ or, if set, in VFERRY_CACHE. Needs root on a Debian 12 or 13 machine.

ENTER := tests/lab/enter

.PHONY: all root modules agent iproute2 deb lab demo bench check check-long check-stack clean

all: modules

root:
	tests/lab/recipe

# C=1 runs sparse too.
modules: root
	C=$(C) $(ENTER) tests/lab/build modules

# The guest's agent, in build/agent.
agent: root
	$(ENTER) make -s -C agent

# The distribution's iproute2 with our patches: .deb files under build/iproute2.
VFERRY_IPROUTE2_FALLBACK ?= bookworm
iproute2: root
	mkdir -p build/iproute2
	$(ENTER) env VFERRY_IPROUTE2_FALLBACK=$(VFERRY_IPROUTE2_FALLBACK) sh -c 'cp "$$(qemu-hooks/iproute2/build)"/*.deb build/iproute2/'
	ls build/iproute2/*.deb

# Debian packages, in build/deb: modules for DKMS, programs; for host and guest.
deb: root
	rm -rf build/deb
	$(ENTER) debian/build build/deb
	ls build/deb/*.deb

# make lab CASE=boot
lab:
	@test -n "$(CASE)" || { echo "which case? make lab CASE=name: $(patsubst tests/lab/cases/%.py,%,$(wildcard tests/lab/cases/*.py))"; exit 2; }
	tests/lab/run $(CASE)

# Two emulated hosts, a nested guest, A to B and back under traffic.
demo: root
	tests/lab/demo

# Five ways to move a guest, side by side: about an hour; what is there already is not
# measured again. make bench QUICK=1: 3 migrations each, less than 15 minutes.
# SETUPS="vferry virtio", LOADS="idle rx", N=10, LIMIT=seconds, FRESH=1: tests/bench/README.md
bench: root
	tests/bench/run $(if $(QUICK),--quick) $(if $(SETUPS),--setups "$(SETUPS)") \
		$(if $(LOADS),--loads "$(LOADS)") $(if $(N),--n $(N)) \
		$(if $(LIMIT),--limit $(LIMIT)) $(if $(FRESH),--fresh)

# All tests, a line each: build/check has all that they print. make check V=1 prints it too,
# make check TESTS="tests/static/modules.t ..." runs some.
check: root
	tests/check $(if $(V),--verbose) $(TESTS)

# What takes hours: the lab with kernels that look for faults and with the newest stack, long
# fuzzing, many migrations, the whole benchmark. PARTS="lockdep kasan ...": some; what has
# passed for this tree is not done again.
check-long:
	tests/check-long $(PARTS)

# The lab with kernel, QEMU and libvirt of trixie-backports: part of check-long.
check-stack:
	tests/check-long stack

clean:
	find pfdrv vfdrv qemu-hooks \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.cmd' \
		-o -name modules.order \) -delete
	rm -f Module.symvers modules.order .Module.symvers.cmd .modules.order.cmd
	rm -rf build/lab build/demo build/bench
