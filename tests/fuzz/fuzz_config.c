// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzer: vferryd.conf. What is taken is within its bounds; what is not has a reason. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR] = "", *text = malloc(size + 1);
	struct config config;
	struct settings s;

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	config_init(&config);
	if (config_parse(&config, text, error)) {
		MUST(!strncmp(error, "line ", 5) && strlen(error) < CONFIG_ERROR);
	} else {
		s = config_for(&config, "eth0");
		MUST(s.mode <= CONFIG_DOWN && config_mode_name(s.mode));
		MUST(s.repair <= 1 && s.hear <= 1 && s.announce <= 1 && s.hooks <= 1);
		MUST(s.announce_rounds >= 1 && s.announce_rounds <= 20);
		MUST(s.announce_initial_ms >= 1 && s.announce_initial_ms <= 10000);
		MUST(s.announce_step_ms <= 10000);
		MUST(s.hook_timeout_ms >= 10 && s.hook_timeout_ms <= 600000);
	}
	free(text);
	return 0;
}
