/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: one per event, nothing from outside can forge or break one, levels filter. */
#include "base/json.h"
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t at_zero(void *context)
{
	(void)context;
	return 0;
}

static const struct clock still = { .wall_us = at_zero, .monotonic_us = at_zero };

/* What one call writes, without the newline; the newline itself is checked. */
static struct str written(bool json, enum log_level level, struct str outside, char out[8192])
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	log_setup(&(struct log_settings){
		.level = level, .json = json, .fd = ends[1], .clock = &still });
	struct err err = ERR_INIT;
	(void)err_set(&err, EIO, "it broke");
	log_event(EV_NOTE, F_STR("text", outside), F_U64("n", INT64_MAX), F_I64("i", -1),
		F_MS("took", 1500), F_ERR(&err));
	close(ends[1]);
	size_t n = 0;
	for (ssize_t got; (got = read(ends[0], out + n, 8191 - n)) > 0;)
		n += (size_t)got;
	close(ends[0]);
	out[n] = '\0';
	if (n) {
		assert_int_equal(out[n - 1], '\n');
		out[--n] = '\0';
		assert_null(strchr(out, '\n'));
	}
	return (struct str){ out, n };
}

static void json_lines_are_json(void **state)
{
	(void)state;
	const struct str outside[] = { STR("plain"), STR("a\"b\\c\nd\te"), STR("\x01\x1b[31m\x7f"),
		{ "bad\xff utf8", 9 }, { "nul\0inside", 10 } };
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		char line[8192];
		struct str text = written(true, LOG_INFO, outside[i], line);
		AUTO_JSON json_t *root = NULL;
		struct err err = ERR_INIT;
		if (json_parse(text, 8192, &root, &err))
			fail_msg("%s: %s", err_text(&err), line);
		assert_true(str_eq(json_str(root, "event"), STR("note")));
		assert_non_null(json_str(root, "text").p);
	}
}

static void logfmt_quotes_what_needs_it(void **state)
{
	(void)state;
	char line[8192];
	struct str text = written(false, LOG_INFO, STR("a b\" level=error\nevent=x"), line);
	assert_true(str_contains(text, STR("event=note")));
	assert_true(str_contains(text, STR("text=\"a b\\\" level=error")));
	assert_true(str_contains(text, STR("it broke")));
}

static void long_fields_are_cut_and_the_line_stays_whole(void **state)
{
	(void)state;
	static char big[20000];
	memset(big, '"', sizeof(big));
	char line[8192];
	struct str text = written(true, LOG_INFO, (struct str){ big, sizeof(big) }, line);
	assert_true(text.n <= 4096);
	assert_int_equal(text.p[text.n - 1], '}');
}

static void levels_filter(void **state)
{
	(void)state;
	char line[8192];
	assert_int_equal(written(false, LOG_WARNING, STR("x"), line).n, 0);
	assert_false(log_enabled(EV_NOTE));
	assert_true(log_enabled(EV_SCAN_FAILED));
	enum log_level level;
	assert_true(log_level_parse(STR("warning"), &level) && level == LOG_WARNING);
	assert_false(log_level_parse(STR("loud"), &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_lines_are_json),
		cmocka_unit_test(logfmt_quotes_what_needs_it),
		cmocka_unit_test(long_fields_are_cut_and_the_line_stays_whole),
		cmocka_unit_test(levels_filter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
