# SPDX-License-Identifier: GPL-2.0-or-later
#
# The library of the host's programs: what is true of a host, whoever asks. Each program
# includes this and has it built in its own folder, O, by its own rule for %.o.

vpath %.c ../host

library	:= $(O)/libvferry-host.a
$(library): $(patsubst ../host/%.c,$(O)/%.o,$(wildcard ../host/*.c)) ../host
	rm -f $@
	$(AR) rcs $@ $(filter %.o,$^)

# A source that was elsewhere when it was built last is not missed.
../%.c: ;
