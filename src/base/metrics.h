/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of the process, from one table (metrics.def), written as Prometheus' text format 0.0.4.
 * Any folder counts; what a figure is needs to be known only there and in the table. Before
 * metrics_start(), which only the server calls, counting does nothing.
 *
 * Threads: any; updates are single atomic operations without locks or allocation. A page is not a
 * snapshot: its figures may be some updates apart, but a histogram's count is the sum of its
 * buckets.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/strbuf.h"

#include <stdatomic.h>

enum metric_kind {
	METRIC_COUNTER,	   /* metric_add() */
	METRIC_GAUGE,	   /* metric_set(), metric_move() */
	METRIC_COUNTER_US, /* metric_set() to what is known elsewhere, in microseconds */
	METRIC_GAUGE_US,   /* the same */
	METRIC_HISTOGRAM,  /* metric_observe(), in microseconds */
};

enum metric {
#define METRIC(id, kind, name, label, values, doc) id,
#define METRIC_ROUTE				   METRIC
#include "base/metrics.def"
#undef METRIC_ROUTE
#undef METRIC
	METRIC_COUNT
};

/* The route of METRIC_ROUTE rows; for all others 0. */
struct metric_route {
	const char *method;
	const char *pattern;
};

/*
 * Once, before other threads run. routes are borrowed for the life of the process; route number
 * count means "none of them".
 */
void metrics_start(const struct metric_route *routes, size_t count);

static const int64_t METRIC_ABSENT = INT64_MIN; /* a gauge that has no value now */

void metric_add(enum metric id, size_t route, unsigned value, uint64_t n);
void metric_move(enum metric id, int64_t by);
void metric_set(enum metric id, unsigned value, int64_t to);
void metric_observe(enum metric id, size_t route, unsigned value, int64_t us);

/* The page. Histograms and route rows that never counted anything are left out. */
void metrics_render(struct strbuf *out);

#endif
