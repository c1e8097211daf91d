/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a stream of bytes into the JSON values it holds, without building any of them; contract in
 * reader.h. It only follows brackets and strings, so a broken value stays broken for the parser to
 * name. In line mode a broken value ends with its line and costs nothing else; in a list it may
 * take what follows it along, and the end then reports it.
 */
#include "advisory/reader.h"

#include "base/limits.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>

struct splitter {
	const struct reader_sink *sink;
	bool lines;
	bool list; /* inside the outer "[" */
	bool in_string;
	bool escaped;
	unsigned depth;
	uint64_t count;
	struct strbuf value;
};

struct splitter *splitter_new(bool lines, const struct reader_sink *sink)
{
	struct splitter *splitter = calloc(1, sizeof(*splitter));
	CHECK(splitter);
	splitter->sink = sink;
	splitter->lines = lines;
	splitter->value = STRBUF(LIMIT_ADVISORY_BYTES);
	return splitter;
}

void splitter_free(struct splitter **splitter)
{
	if (*splitter)
		strbuf_free(&(*splitter)->value);
	free(*splitter);
	*splitter = NULL;
}

static int finish_value(struct splitter *splitter, struct err *err)
{
	struct str value = str_trim(strbuf_view(&splitter->value));
	bool failed = strbuf_failed(&splitter->value);
	int r = 0;
	if (value.n || failed) {
		char place[48];
		splitter->count++;
		int n = snprintf(place, sizeof(place), "%s %llu",
			splitter->lines ? "line" : "record", (unsigned long long)splitter->count);
		struct str where = { place, (size_t)n };
		r = failed ? splitter->sink->bad(splitter->sink->context, where,
				     STR("larger than the limit for one record"), err)
			   : splitter->sink->record(splitter->sink->context, where, value, err);
	} else if (splitter->lines) {
		splitter->count++;
	}
	strbuf_clear(&splitter->value);
	splitter->depth = 0;
	splitter->in_string = splitter->escaped = false;
	return r < 0 ? err_trace(err, r) : 0;
}

/* Follows one byte of a value; true when it was the last one of it. */
static bool follow(struct splitter *splitter, char c)
{
	if (splitter->in_string) {
		if (splitter->escaped)
			splitter->escaped = false;
		else if (c == '\\')
			splitter->escaped = true;
		else if (c == '"')
			splitter->in_string = false;
		return false;
	}
	if (c == '"')
		splitter->in_string = true;
	else if (c == '{' || c == '[')
		splitter->depth++;
	else if ((c == '}' || c == ']') && splitter->depth)
		return --splitter->depth == 0;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int feed_byte(struct splitter *splitter, char c, struct err *err)
{
	bool empty = !splitter->value.n && !strbuf_failed(&splitter->value);
	if (splitter->lines) {
		if (c == '\n')
			return finish_value(splitter, err);
		strbuf_add_char(&splitter->value, c);
		return 0;
	}
	if (empty && is_blank(c))
		return 0;
	if (empty && c == '[' && !splitter->list && !splitter->count) {
		splitter->list = true;
		return 0;
	}
	if (splitter->list && !splitter->depth && !splitter->in_string && (c == ',' || c == ']'))
		return finish_value(splitter, err);
	strbuf_add_char(&splitter->value, c);
	return follow(splitter, c) ? finish_value(splitter, err) : 0;
}

int splitter_feed(struct splitter *splitter, struct str bytes, struct err *err)
{
	for (size_t i = 0; i < bytes.n; i++) {
		int r = feed_byte(splitter, bytes.p[i], err);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

int splitter_end(struct splitter *splitter, struct err *err)
{
	int r = finish_value(splitter, err);
	return r < 0 ? err_trace(err, r) : 0;
}
