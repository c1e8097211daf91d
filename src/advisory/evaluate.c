/* SPDX-License-Identifier: Apache-2.0 */
/* Contract in evaluate.h; one range is evaluated in version/range.c. */
#include "advisory/evaluate.h"

#include "version/range.h"

typedef VEC(struct range_event) event_list;

struct evaluation {
	struct arena *arena;
	enum version_grammar grammar;
	struct str version;
	event_list events; /* of the range being read */
	struct outcome outcome;
};

struct str evaluate_highest(enum version_grammar grammar, struct str a, struct str b)
{
	int order;
	if (!a.n || !b.n)
		return a.n ? a : b;
	return version_compare(grammar, a, b, &order) && order < 0 ? b : a;
}

static void take_inside(struct evaluation *e, struct str fixed)
{
	bool bounded = fixed.n != 0;
	e->outcome.inside = true;
	if (fixed.n)
		AVEC_PUSH(e->arena, &e->outcome.fixes, fixed);
	for (size_t i = 0; i < e->events.n; i++) {
		if (e->events.items[i].kind != RANGE_LAST_AFFECTED)
			continue;
		bounded = true;
		e->outcome.last =
			evaluate_highest(e->grammar, e->outcome.last, e->events.items[i].version);
	}
	e->outcome.open |= !bounded;
}

static void finish_range(struct evaluation *e)
{
	struct str fixed;
	if (!e->events.n)
		return;
	switch (range_contains(e->grammar, e->events.items, e->events.n, e->version, &fixed)) {
	case RANGE_INSIDE:
		take_inside(e, fixed);
		break;
	case RANGE_UNKNOWN:
		e->outcome.unknown = true;
		break;
	case RANGE_OUTSIDE:
		break;
	}
	e->events.n = 0;
}

/* Lists of versions are compared as text; where that fails "1.0" still means "1.0.0" in Python. */
static bool same_version(const struct evaluation *e, struct str listed)
{
	int order;
	return str_eq(listed, e->version) ||
	       (version_compare(e->grammar, listed, e->version, &order) && order == 0);
}

static void take_line(struct evaluation *e, struct str line)
{
	struct range_event event = { .version = str_skip(line, 1) };
	switch (*line.p) {
	case 'R':
		finish_range(e);
		return;
	case 'v':
		e->outcome.listed |= same_version(e, event.version);
		return;
	case 'i':
		event.kind = RANGE_INTRODUCED;
		break;
	case 'f':
		event.kind = RANGE_FIXED;
		break;
	case 'l':
		event.kind = RANGE_LAST_AFFECTED;
		break;
	default:
		event.kind = RANGE_LIMIT;
		break;
	}
	AVEC_PUSH(e->arena, &e->events, event);
}

struct outcome evaluate(
	struct arena *arena, enum version_grammar grammar, struct str ranges, struct str version)
{
	struct evaluation e = { .arena = arena, .grammar = grammar, .version = version };
	struct str line;
	while (str_cut(&ranges, '\n', &line))
		if (line.n)
			take_line(&e, line);
	finish_range(&e);
	e.outcome.listed &= !e.outcome.inside && version.n > 0;
	e.outcome.inside |= e.outcome.listed;
	return e.outcome;
}

bool evaluate_contains(
	struct arena *arena, enum version_grammar grammar, struct str ranges, struct str version)
{
	struct outcome outcome = evaluate(arena, grammar, ranges, version);
	return outcome.inside || outcome.unknown;
}

struct str evaluate_first_fix(struct str ranges)
{
	struct str line;
	while (str_cut(&ranges, '\n', &line))
		if (line.n && *line.p == 'f')
			return str_skip(line, 1);
	return STR_NULL;
}
