/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS scores; see cvss.h. A vector is split into "metric:value" pairs; each base metric must be
 * there exactly once with a known value. Versions 2 and 3: other pairs (temporal, environmental)
 * are allowed and do not change the base score. Version 4 is in cvss4.c.
 */
#include "advisory/cvss.h"

#include "advisory/cvss_private.h"

#include <math.h>

enum { METRICS_MAX = 64 };

enum { AV, AC, PR, UI, SC, C3, I3, A3, METRICS_V3 };

static const struct cvss_metric metrics_v3[METRICS_V3] = {
	[AV] = { STR_INIT("AV"), "NALP", { 0.85, 0.62, 0.55, 0.2 }, false },
	[AC] = { STR_INIT("AC"), "LH", { 0.77, 0.44 }, false },
	[PR] = { STR_INIT("PR"), "NLH", { 0.85, 0.62, 0.27 }, false },
	[UI] = { STR_INIT("UI"), "NR", { 0.85, 0.62 }, false },
	[SC] = { STR_INIT("S"), "UC", { 0, 1 }, false },
	[C3] = { STR_INIT("C"), "HLN", { 0.56, 0.22, 0 }, false },
	[I3] = { STR_INIT("I"), "HLN", { 0.56, 0.22, 0 }, false },
	[A3] = { STR_INIT("A"), "HLN", { 0.56, 0.22, 0 }, false },
};

enum { AV2, AC2, AU2, C2, I2, A2, METRICS_V2 };

static const struct cvss_metric metrics_v2[METRICS_V2] = {
	[AV2] = { STR_INIT("AV"), "LAN", { 0.395, 0.646, 1.0 }, false },
	[AC2] = { STR_INIT("AC"), "HML", { 0.35, 0.61, 0.71 }, false },
	[AU2] = { STR_INIT("Au"), "MSN", { 0.45, 0.56, 0.704 }, false },
	[C2] = { STR_INIT("C"), "NPC", { 0, 0.275, 0.660 }, false },
	[I2] = { STR_INIT("I"), "NPC", { 0, 0.275, 0.660 }, false },
	[A2] = { STR_INIT("A"), "NPC", { 0, 0.275, 0.660 }, false },
};

bool cvss_pick(struct str vector, const struct cvss_metric *metrics, int count, int picked[])
{
	for (int i = 0; i < count; i++)
		picked[i] = -1;
	struct str pair;
	int pairs = 0;
	while (str_cut(&vector, '/', &pair)) {
		size_t colon = str_find(pair, ':');
		if (colon == STR_NONE || ++pairs > METRICS_MAX)
			return false;
		struct str name = str_sub(pair, 0, colon);
		struct str value = str_skip(pair, colon + 1);
		for (int i = 0; i < count; i++) {
			if (!str_eq(name, metrics[i].name))
				continue;
			size_t at = value.n == 1 ? str_find(str_from(metrics[i].values), *value.p)
						 : STR_NONE;
			if (at == STR_NONE || picked[i] >= 0)
				return false;
			picked[i] = (int)at;
		}
	}
	for (int i = 0; i < count; i++)
		if (picked[i] < 0 && !metrics[i].optional)
			return false;
	return true;
}

/* The standard's Roundup: up to one decimal, on integers so that 4.02 cannot become 4.1 by a
 * binary fraction. */
static int round_up_tenths(double score)
{
	long scaled = lround(score * 100000);
	return (int)(scaled % 10000 ? scaled / 10000 + 1 : scaled / 10000);
}

static bool score_v3(struct str metrics, int *tenths)
{
	int at[METRICS_V3];
	double w[METRICS_V3];
	if (!cvss_pick(metrics, metrics_v3, METRICS_V3, at))
		return false;
	for (int i = 0; i < METRICS_V3; i++)
		w[i] = metrics_v3[i].weights[at[i]];
	bool changed = w[SC] > 0;
	/* Privileges weigh less when the scope changes. */
	if (changed && at[PR] > 0)
		w[PR] = at[PR] == 1 ? 0.68 : 0.5;
	double iss = 1 - (1 - w[C3]) * (1 - w[I3]) * (1 - w[A3]);
	double impact = changed ? 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15) : 6.42 * iss;
	double exploitability = 8.22 * w[AV] * w[AC] * w[PR] * w[UI];
	if (impact <= 0) {
		*tenths = 0;
		return true;
	}
	double sum = (changed ? 1.08 : 1.0) * (impact + exploitability);
	*tenths = round_up_tenths(sum < 10 ? sum : 10);
	return true;
}

static bool score_v2(struct str metrics, int *tenths)
{
	int at[METRICS_V2];
	double w[METRICS_V2];
	if (!cvss_pick(metrics, metrics_v2, METRICS_V2, at))
		return false;
	for (int i = 0; i < METRICS_V2; i++)
		w[i] = metrics_v2[i].weights[at[i]];
	double impact = 10.41 * (1 - (1 - w[C2]) * (1 - w[I2]) * (1 - w[A2]));
	double exploitability = 20 * w[AV2] * w[AC2] * w[AU2];
	double score = impact > 0 ? (0.6 * impact + 0.4 * exploitability - 1.5) * 1.176 : 0;
	*tenths = (int)lround(score * 10);
	return true;
}

bool cvss_parse(struct str text, struct cvss *cvss)
{
	*cvss = CVSS_NONE;
	struct cvss found = { .vector = text, .score_tenths = -1 };
	bool ok;
	if (str_starts(text, STR("CVSS:3.1/")) || str_starts(text, STR("CVSS:3.0/"))) {
		found.version = text.p[7] == '1' ? STR("3.1") : STR("3.0");
		ok = score_v3(str_skip(text, 9), &found.score_tenths);
	} else if (str_starts(text, STR("CVSS:4.0/"))) {
		found.version = STR("4.0");
		ok = cvss4_score(str_skip(text, 9), &found.score_tenths);
	} else {
		if (text.n > 2 && *text.p == '(' && text.p[text.n - 1] == ')')
			text = str_sub(text, 1, text.n - 2);
		found.version = STR("2.0");
		ok = score_v2(text, &found.score_tenths);
	}
	if (ok)
		*cvss = found;
	return ok;
}

enum severity cvss_severity(const struct cvss *cvss)
{
	int tenths = cvss->score_tenths;
	if (tenths < 0)
		return SEVERITY_UNKNOWN;
	if (tenths < 40)
		return SEVERITY_LOW;
	if (tenths < 70)
		return SEVERITY_MEDIUM;
	/* Version 2 has no "critical". */
	return tenths < 90 || str_eq(cvss->version, STR("2.0")) ? SEVERITY_HIGH : SEVERITY_CRITICAL;
}
