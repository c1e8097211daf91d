/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of structured log lines (contract in log.h). A line is built on the stack up to 4 KiB and
 * cut there: a log line must not be able to fail or to allocate. Settings are written once before
 * threads start and only read afterwards; the level alone may change while threads run.
 */
#include "base/log.h"

#include "base/timefmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
	enum log_level level;
	const char *name;
} events[] = {
#define EVENT(id, level, name, doc) { level, name },
#include "base/events.def"
#undef EVENT
};

static const char *const level_names[] = { "debug", "info", "warning", "error" };

static struct log_settings settings = { .level = LOG_INFO, .fd = STDERR_FILENO };
static _Atomic enum log_level threshold = LOG_INFO;

struct line {
	char text[4096];
	size_t n;
};

void log_setup(const struct log_settings *chosen)
{
	settings = *chosen;
	threshold = chosen->level;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_enabled(enum log_event_id id)
{
	return events[id].level >= threshold;
}

bool log_level_parse(struct str name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (str_eq(name, str_from(level_names[i]))) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void add(struct line *line, const char *bytes, size_t n)
{
	size_t room = sizeof(line->text) - 2 - line->n; /* newline and a closing brace always fit */
	if (n > room)
		n = room;
	memcpy(line->text + line->n, bytes, n);
	line->n += n;
}

static void add_cstr(struct line *line, const char *text)
{
	add(line, text, strlen(text));
}

static void add_quoted(struct line *line, struct str text)
{
	add(line, "\"", 1);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char escaped[8];
		if (line->n > sizeof(line->text) - 16)
			break; /* keep room for the closing quote */
		if (c == '"' || c == '\\') {
			escaped[0] = '\\';
			escaped[1] = (char)c;
			add(line, escaped, 2);
		} else if (c < 0x20 || c >= 0x7f) {
			int n = snprintf(escaped, sizeof(escaped), "\\u%04x", c);
			add(line, escaped, (size_t)n);
		} else {
			add(line, &text.p[i], 1);
		}
	}
	add(line, "\"", 1);
}

static bool needs_quotes(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return true;
	}
	return text.n == 0;
}

static void add_text(struct line *line, struct str text)
{
	if (settings.json || needs_quotes(text))
		add_quoted(line, text);
	else
		add(line, text.p, text.n);
}

static void add_key(struct line *line, const char *key)
{
	if (settings.json) {
		add(line, line->n ? ",\"" : "{\"", 2);
		add_cstr(line, key);
		add(line, "\":", 2);
	} else {
		if (line->n)
			add(line, " ", 1);
		add_cstr(line, key);
		add(line, "=", 1);
	}
}

static void add_field(struct line *line, const struct log_field *field)
{
	char number[48];
	add_key(line, field->key);
	switch (field->kind) {
	case LOG_FIELD_STR:
		add_text(line, field->text);
		return;
	case LOG_FIELD_U64:
		snprintf(number, sizeof(number), "%" PRIu64, field->u64);
		break;
	case LOG_FIELD_I64:
		snprintf(number, sizeof(number), "%" PRId64, field->i64);
		break;
	case LOG_FIELD_MS:
		snprintf(number, sizeof(number), "%" PRId64 ".%03d", field->i64 / 1000,
			(int)(field->i64 % 1000));
		break;
	case LOG_FIELD_ERR: {
		char path[256];
		add_text(line, str_from(err_text(field->err)));
		add_key(line, "at");
		err_path(field->err, path, sizeof(path));
		add_text(line, str_from(path));
		return;
	}
	}
	add_cstr(line, number);
}

static int64_t now(void)
{
	if (settings.clock)
		return clock_wall(settings.clock);
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

void log_emit(enum log_event_id id, const struct log_field *fields, size_t count)
{
	if (!log_enabled(id))
		return;
	struct line line = { .n = 0 };
	char time_text[TIME_TEXT_MAX];
	time_format(now(), 6, time_text);
	add_field(&line, &F_CSTR("time", time_text));
	add_field(&line, &F_CSTR("level", level_names[events[id].level]));
	add_field(&line, &F_CSTR("event", events[id].name));
	for (size_t i = 0; i < count; i++)
		add_field(&line, &fields[i]);
	if (settings.json)
		line.text[line.n++] = '}';
	line.text[line.n++] = '\n';
	ssize_t ignored = write(settings.fd, line.text, line.n);
	(void)ignored;
}
