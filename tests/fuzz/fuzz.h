/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every fuzzer begins with. */
#ifndef VFERRY_FUZZ_H
#define VFERRY_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What is not so is a finding, as a crash is. */
#define MUST(condition) do {	\
	if (!(condition))	\
		abort();	\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
