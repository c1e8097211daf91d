/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file. Whatever the bytes: a value that was taken is in its range, a refusal has
 * words, and what is shown of an accepted configuration is accepted again with the same values.
 */
#include "cmd/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct err err = ERR_INIT;
	struct config config;
	struct config again;
	config_defaults(&config);
	config_defaults(&again);
	int r = config_read_yaml(arena, (struct str){ (const char *)bytes, n }, "f", &config, &err);
	if (r) {
		CHECK(r < 0 && err.text[0]);
	} else {
		AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
		config_show(&config, &text);
		CHECK(config_read_yaml(arena, strbuf_view(&text), "g", &again, &err) == 0);
		for (size_t i = 0; i < SETTING_COUNT; i++)
			CHECK(str_eq(config.values[i].text, again.values[i].text));
	}
	arena_free(&arena);
	return 0;
}
