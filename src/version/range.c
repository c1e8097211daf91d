/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSV range evaluation (contract in range.h). Instead of sorting and walking, the last event at or
 * below the version is looked for: the walk's state after it is the answer, because each event sets
 * the state outright. Order at equal versions: introduced, then fixed; last_affected ends the range
 * only above its own version. So at version v:
 *
 *   introduced e: turns on for v >= e;  fixed e: turns off for v >= e;  last_affected e: for v > e.
 *
 * Among the events that apply to v the one with the highest version decides, and at equal versions
 * the one that turns off. This is linear, needs no memory and cannot depend on the order in the
 * record.
 */
#include "version/range.h"

#include <string.h>

enum { RANGE_EVENTS_MAX = 10000 };

struct walk {
	enum version_grammar grammar;
	struct str version;
	struct str last; /* version of the deciding event; STR_NULL: none or minus infinity */
	bool any;
	bool on;
	bool has_limit;
	bool below_limit;
	bool unknown;
};

static bool is_zero(const struct range_event *event)
{
	return event->kind == RANGE_INTRODUCED && str_eq(event->version, STR("0"));
}

/* Lets an event at `at` (STR_NULL: minus infinity) decide if none higher has. */
static void decide(struct walk *walk, struct str at, bool on)
{
	int order = 1;
	if (walk->any && at.p && walk->last.p)
		walk->unknown |= !version_compare(walk->grammar, at, walk->last, &order);
	else if (walk->any)
		order = at.p ? 1 : walk->last.p ? -1 : 0;
	if (order < 0 || (order == 0 && on))
		return;
	walk->any = true;
	walk->last = at;
	walk->on = on;
}

static void visit(struct walk *walk, const struct range_event *event)
{
	int order;
	if (is_zero(event)) {
		decide(walk, STR_NULL, true);
		return;
	}
	/* "*" as a limit is the schema's spelling of infinity. */
	if (event->kind == RANGE_LIMIT && str_eq(event->version, STR("*"))) {
		walk->has_limit = walk->below_limit = true;
		return;
	}
	if (!version_compare(walk->grammar, walk->version, event->version, &order)) {
		walk->unknown = true;
		return;
	}
	switch (event->kind) {
	case RANGE_INTRODUCED:
		if (order >= 0)
			decide(walk, event->version, true);
		break;
	case RANGE_FIXED:
		if (order >= 0)
			decide(walk, event->version, false);
		break;
	case RANGE_LAST_AFFECTED:
		if (order > 0)
			decide(walk, event->version, false);
		break;
	case RANGE_LIMIT:
		walk->has_limit = true;
		walk->below_limit |= order < 0;
		break;
	}
}

static struct str lowest_fix(enum version_grammar grammar, const struct range_event *events,
	size_t count, struct str version)
{
	struct str lowest = STR_NULL;
	for (size_t i = 0; i < count; i++) {
		int above;
		int order = -1;
		if (events[i].kind != RANGE_FIXED ||
			!version_compare(grammar, events[i].version, version, &above) || above <= 0)
			continue;
		if (lowest.p && !version_compare(grammar, events[i].version, lowest, &order))
			continue;
		if (order < 0)
			lowest = events[i].version;
	}
	return lowest;
}

enum range_result range_contains(enum version_grammar grammar, const struct range_event *events,
	size_t count, struct str version, struct str *fixed)
{
	struct walk walk = { .grammar = grammar, .version = version };
	if (fixed)
		*fixed = STR_NULL;
	if (count > RANGE_EVENTS_MAX || !version_valid(grammar, version))
		return RANGE_UNKNOWN;
	for (size_t i = 0; i < count; i++)
		visit(&walk, &events[i]);
	if (walk.unknown)
		return RANGE_UNKNOWN;
	if (!walk.on || (walk.has_limit && !walk.below_limit))
		return RANGE_OUTSIDE;
	if (fixed)
		*fixed = lowest_fix(grammar, events, count, version);
	return RANGE_INSIDE;
}
