/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS 4.0 (FIRST, "Common Vulnerability Scoring System version 4.0: Specification Document",
 * section 8). A vector belongs to a macro vector: its levels in six equivalence classes (EQ1 …
 * EQ6), whose score is a figure of the standard (cvss4.def). Within the macro vector the score
 * falls from its highest vector towards the score of the next lower one: for each class the part
 * of the way that the vector has gone, times the drop to the class's next level; the mean over the
 * classes that have a next level is taken off.
 *
 * The score is that of all metrics in the vector: base alone, or with threat and environmental
 * metrics where they are there (the standard's CVSS-B, -BT, -BE, -BTE). Computed on integers, so
 * that rounding a half up means the same everywhere.
 */
#include "advisory/cvss_private.h"

#include "base/check.h"

/* Values are in the order of falling severity: the index is the distance in steps. */
enum { AV, PR, UI, AC, AT, VC, VI, VA, SC, SI, SA, E, CR, IR, AR, EFFECTIVE };
/* The modified base metrics follow in the order of the base ones; safety is a value of two. */
enum { MODIFIED = EFFECTIVE, METRICS = MODIFIED + SA + 1 };

static const struct cvss_metric metrics[METRICS] = {
	[AV] = { .name = STR_INIT("AV"), .values = "NALP" },
	[PR] = { .name = STR_INIT("PR"), .values = "NLH" },
	[UI] = { .name = STR_INIT("UI"), .values = "NPA" },
	[AC] = { .name = STR_INIT("AC"), .values = "LH" },
	[AT] = { .name = STR_INIT("AT"), .values = "NP" },
	[VC] = { .name = STR_INIT("VC"), .values = "HLN" },
	[VI] = { .name = STR_INIT("VI"), .values = "HLN" },
	[VA] = { .name = STR_INIT("VA"), .values = "HLN" },
	/* "Safety" comes before these three, but only as a modified value: see effective(). */
	[SC] = { .name = STR_INIT("SC"), .values = "HLN" },
	[SI] = { .name = STR_INIT("SI"), .values = "HLN" },
	[SA] = { .name = STR_INIT("SA"), .values = "HLN" },
	[E] = { .name = STR_INIT("E"), .values = "APUX", .optional = true },
	[CR] = { .name = STR_INIT("CR"), .values = "HMLX", .optional = true },
	[IR] = { .name = STR_INIT("IR"), .values = "HMLX", .optional = true },
	[AR] = { .name = STR_INIT("AR"), .values = "HMLX", .optional = true },
	[MODIFIED + AV] = { .name = STR_INIT("MAV"), .values = "NALPX", .optional = true },
	[MODIFIED + PR] = { .name = STR_INIT("MPR"), .values = "NLHX", .optional = true },
	[MODIFIED + UI] = { .name = STR_INIT("MUI"), .values = "NPAX", .optional = true },
	[MODIFIED + AC] = { .name = STR_INIT("MAC"), .values = "LHX", .optional = true },
	[MODIFIED + AT] = { .name = STR_INIT("MAT"), .values = "NPX", .optional = true },
	[MODIFIED + VC] = { .name = STR_INIT("MVC"), .values = "HLNX", .optional = true },
	[MODIFIED + VI] = { .name = STR_INIT("MVI"), .values = "HLNX", .optional = true },
	[MODIFIED + VA] = { .name = STR_INIT("MVA"), .values = "HLNX", .optional = true },
	[MODIFIED + SC] = { .name = STR_INIT("MSC"), .values = "HLNX", .optional = true },
	[MODIFIED + SI] = { .name = STR_INIT("MSI"), .values = "SHLNX", .optional = true },
	[MODIFIED + SA] = { .name = STR_INIT("MSA"), .values = "SHLNX", .optional = true },
};

enum { HIGH = 0, NONE = 2, SAFETY = 0, SUBSEQUENT_HIGH = 1, SUBSEQUENT_NONE = 3 };

/* Levels in the equivalence classes. */
enum { EQ1, EQ2, EQ3, EQ4, EQ5, EQ6, CLASSES };

enum { NO_SCORE = -1 };

static const short scores[3][2][3][3][3][2] = {
#define CVSS4_SCORES(eq1, eq2, eq3, eq4, a0, a1, b0, b1, c0, c1)                                   \
	[eq1][eq2][eq3][eq4] = { { a0, a1 }, { b0, b1 }, { c0, c1 } },
#include "advisory/cvss4.def"
#undef CVSS4_SCORES
};

/* The highest vectors of a level, and how many steps the level reaches below them. */
enum { MAXIMA = 5, WIDTH = 6, LEVELS = 5 };
struct level {
	int depth;
	int count;
	int highest[MAXIMA][WIDTH]; /* values of the group's metrics */
};

/* Metrics that a class is made of, with its levels. */
struct group {
	int width;
	int metrics[WIDTH];
	struct level levels[LEVELS];
};

static const struct group group_eq1 = { 3, { AV, PR, UI },
	{ { 1, 1, { { 0, 0, 0 } } }, { 4, 3, { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } },
		{ 5, 2, { { 3, 0, 0 }, { 1, 1, 1 } } } } };

static const struct group group_eq2 = { 2, { AC, AT },
	{ { 1, 1, { { 0, 0 } } }, { 2, 2, { { 1, 0 }, { 0, 1 } } } } };

/* EQ3 and EQ6 depend on each other and make one group; its levels are 00, 01, 10, 11 and 21. */
static const struct group group_eq36 = { 6, { VC, VI, VA, CR, IR, AR },
	{
		{ 7, 1, { { 0, 0, 0, 0, 0, 0 } } },
		{ 6, 2, { { 0, 0, 1, 1, 1, 0 }, { 0, 0, 0, 1, 1, 1 } } },
		{ 8, 2, { { 1, 0, 0, 0, 0, 0 }, { 0, 1, 0, 0, 0, 0 } } },
		{ 8, 5,
			{ { 1, 0, 1, 0, 1, 0 }, { 1, 0, 0, 0, 1, 1 }, { 0, 1, 0, 1, 0, 1 },
				{ 0, 1, 1, 1, 0, 0 }, { 1, 1, 0, 0, 0, 1 } } },
		{ 10, 1, { { 1, 1, 1, 0, 0, 0 } } },
	} };

static const struct group group_eq4 = { 3, { SC, SI, SA },
	{ { 6, 1, { { 1, 0, 0 } } }, { 5, 1, { { 1, 1, 1 } } }, { 4, 1, { { 2, 2, 2 } } } } };

/* The values that count: modified ones before base ones; what is not defined is the worst case. */
static void effective(const int picked[METRICS], int v[EFFECTIVE])
{
	for (int i = 0; i < EFFECTIVE; i++) {
		bool subsequent = i == SC || i == SI || i == SA;
		v[i] = picked[i] + (subsequent ? 1 : 0);
		if (i > SA) {
			bool defined = picked[i] >= 0 && metrics[i].values[picked[i]] != 'X';
			v[i] = defined ? picked[i] : 0;
			continue;
		}
		int modified = picked[MODIFIED + i];
		if (modified >= 0 && metrics[MODIFIED + i].values[modified] != 'X')
			v[i] = modified + (i == SC ? 1 : 0);
	}
}

static void classify(const int v[EFFECTIVE], int eq[CLASSES])
{
	bool any = v[AV] == 0 || v[PR] == 0 || v[UI] == 0;
	bool all = v[AV] == 0 && v[PR] == 0 && v[UI] == 0;
	bool physical = v[AV] == 3;
	eq[EQ1] = all ? 0 : any && !physical ? 1 : 2;
	eq[EQ2] = v[AC] == 0 && v[AT] == 0 ? 0 : 1;
	if (v[VC] == HIGH && v[VI] == HIGH)
		eq[EQ3] = 0;
	else
		eq[EQ3] = v[VC] == HIGH || v[VI] == HIGH || v[VA] == HIGH ? 1 : 2;
	if (v[SI] == SAFETY || v[SA] == SAFETY)
		eq[EQ4] = 0;
	else
		eq[EQ4] = v[SC] == SUBSEQUENT_HIGH || v[SI] == SUBSEQUENT_HIGH ||
					  v[SA] == SUBSEQUENT_HIGH
				  ? 1
				  : 2;
	eq[EQ5] = v[E];
	bool required = (v[CR] == HIGH && v[VC] == HIGH) || (v[IR] == HIGH && v[VI] == HIGH) ||
			(v[AR] == HIGH && v[VA] == HIGH);
	eq[EQ6] = required ? 0 : 1;
}

static int score_of(const int eq[CLASSES])
{
	if (eq[EQ1] > 2 || eq[EQ2] > 1 || eq[EQ3] > 2 || eq[EQ4] > 2 || eq[EQ5] > 2 || eq[EQ6] > 1)
		return NO_SCORE;
	return scores[eq[EQ1]][eq[EQ2]][eq[EQ3]][eq[EQ4]][eq[EQ5]][eq[EQ6]];
}

/* The score one level lower in a class, all others equal. */
static int lower(const int eq[CLASSES], int class)
{
	int next[CLASSES];
	for (int i = 0; i < CLASSES; i++)
		next[i] = eq[i];
	next[class]++;
	return score_of(next);
}

/* The same for EQ3 and EQ6 together: of two ways down the one with the higher score. */
static int lower_eq36(const int eq[CLASSES])
{
	int by_eq3 = lower(eq, EQ3);
	int by_eq6 = lower(eq, EQ6);
	return by_eq3 > by_eq6 ? by_eq3 : by_eq6;
}

/* Steps from the first of the level's highest vectors that no metric lies above. */
static int distance(const struct group *group, const struct level *level, const int v[EFFECTIVE])
{
	for (int k = 0; k < level->count; k++) {
		int steps = 0;
		bool below = true;
		for (int i = 0; i < group->width; i++) {
			int step = v[group->metrics[i]] - level->highest[k][i];
			steps += step;
			below = below && step >= 0;
		}
		if (below)
			return steps;
	}
	check_failed("a highest vector of the level", __FILE__, __LINE__, __func__);
}

/* The depths 1, 2, 4, 5, 6, 7, 8 and 10 divide it. */
enum { UNIT = 840 };

struct drop {
	int sum; /* in tenths of a score by UNIT */
	int classes;
};

static void add(struct drop *drop, const struct group *group, int level, const int v[EFFECTIVE],
	int score, int next)
{
	const struct level *at = &group->levels[level];
	if (next == NO_SCORE)
		return;
	drop->classes++;
	drop->sum += (score - next) * distance(group, at, v) * (UNIT / at->depth);
}

bool cvss4_score(struct str text, int *tenths)
{
	int picked[METRICS];
	int v[EFFECTIVE];
	int eq[CLASSES];
	if (!cvss_pick(text, metrics, METRICS, picked))
		return false;
	effective(picked, v);
	*tenths = 0;
	if (v[VC] == NONE && v[VI] == NONE && v[VA] == NONE && v[SC] == SUBSEQUENT_NONE &&
		v[SI] == SUBSEQUENT_NONE && v[SA] == SUBSEQUENT_NONE)
		return true;
	classify(v, eq);
	int score = score_of(eq);
	CHECK(score != NO_SCORE);
	struct drop drop = { 0 };
	add(&drop, &group_eq1, eq[EQ1], v, score, lower(eq, EQ1));
	add(&drop, &group_eq2, eq[EQ2], v, score, lower(eq, EQ2));
	add(&drop, &group_eq36, 2 * eq[EQ3] + eq[EQ6] - (eq[EQ3] == 2), v, score, lower_eq36(eq));
	add(&drop, &group_eq4, eq[EQ4], v, score, lower(eq, EQ4));
	/* EQ5 is one metric: its only vector is the highest, so it drops nothing but counts. */
	drop.classes += lower(eq, EQ5) != NO_SCORE;
	if (!drop.classes)
		drop.classes = 1;
	int unit = UNIT * drop.classes;
	*tenths = (2 * (score * unit - drop.sum) + unit) / (2 * unit);
	return true;
}
