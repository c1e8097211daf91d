/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells and page of the metrics (contract in metrics.h). Every metric is an array of 64-bit cells:
 * rows (routes, or one) times label values times the cells of one series. A histogram's series is a
 * cell for each bucket, not yet added up, then the sum; adding up happens when the page is written,
 * so an observation is two atomic additions.
 */
#include "base/metrics.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>

/* Upper bounds in microseconds; the last bucket has none. */
static const int64_t bounds_us[] = { 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000, 300000000 };
enum { BOUNDS = sizeof(bounds_us) / sizeof(bounds_us[0]), SERIES_HISTOGRAM = BOUNDS + 2 };

static const struct {
	enum metric_kind kind;
	bool by_route;
	const char *name;
	const char *label;
	const char *values;
	const char *doc;
} table[] = {
#define METRIC(id, kind, name, label, values, doc)	 { kind, false, name, label, values, doc },
#define METRIC_ROUTE(id, kind, name, label, values, doc) { kind, true, name, label, values, doc },
#include "base/metrics.def"
#undef METRIC_ROUTE
#undef METRIC
};

static const struct metric_route *routes;
static size_t route_count;
static _Atomic int64_t *cells[METRIC_COUNT]; /* written before threads run */
static unsigned label_values[METRIC_COUNT];

static unsigned count_values(const char *values)
{
	unsigned n = 1;
	for (; *values; values++)
		n += *values == '|';
	return n;
}

static size_t series_cells(enum metric id)
{
	return table[id].kind == METRIC_HISTOGRAM ? SERIES_HISTOGRAM : 1;
}

static size_t row_count(enum metric id)
{
	return table[id].by_route ? route_count + 1 : 1;
}

void metrics_start(const struct metric_route *given, size_t count)
{
	CHECK(!cells[0]);
	routes = given;
	route_count = count;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		enum metric id = (enum metric)i;
		label_values[id] = count_values(table[id].values);
		cells[id] = calloc(
			row_count(id) * label_values[id] * series_cells(id), sizeof(*cells[id]));
		CHECK(cells[id]);
	}
	metric_set(M_BUILD, 0, 1);
}

static _Atomic int64_t *series(enum metric id, size_t route, unsigned value)
{
	CHECK(route < row_count(id) && value < label_values[id]);
	return cells[id] + (route * label_values[id] + value) * series_cells(id);
}

void metric_add(enum metric id, size_t route, unsigned value, uint64_t n)
{
	if (cells[id])
		atomic_fetch_add_explicit(
			series(id, route, value), (int64_t)n, memory_order_relaxed);
}

void metric_move(enum metric id, int64_t by)
{
	if (cells[id])
		atomic_fetch_add_explicit(series(id, 0, 0), by, memory_order_relaxed);
}

void metric_set(enum metric id, unsigned value, int64_t to)
{
	if (cells[id])
		atomic_store_explicit(series(id, 0, value), to, memory_order_relaxed);
}

void metric_observe(enum metric id, size_t route, unsigned value, int64_t us)
{
	if (!cells[id])
		return;
	_Atomic int64_t *at = series(id, route, value);
	size_t bucket = 0;
	while (bucket < BOUNDS && us > bounds_us[bucket])
		bucket++;
	atomic_fetch_add_explicit(at + bucket, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(at + BOUNDS + 1, us > 0 ? us : 0, memory_order_relaxed);
}

/* --- the page */

static void add_escaped(struct strbuf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '\\' || c == '"')
			strbuf_add_char(out, '\\');
		if (c == '\n')
			strbuf_add_str(out, STR("\\n"));
		else
			strbuf_add_char(out, c);
	}
}

static void add_label(struct strbuf *out, char *before, const char *name, struct str value)
{
	strbuf_addf(out, "%c%s=\"", *before, name);
	add_escaped(out, value);
	strbuf_add_char(out, '"');
	*before = ',';
}

/* The text between name and number. bound: of a histogram's bucket, or NULL. */
static void add_labels(
	struct strbuf *out, enum metric id, size_t route, struct str value, const char *bound)
{
	char before = '{';
	if (table[id].by_route) {
		bool known = route < route_count;
		add_label(out, &before, "method", str_from(known ? routes[route].method : ""));
		add_label(out, &before, "route", str_from(known ? routes[route].pattern : ""));
	}
	if (table[id].label[0])
		add_label(out, &before, table[id].label, value);
	if (bound)
		add_label(out, &before, "le", str_from(bound));
	if (before == ',')
		strbuf_add_char(out, '}');
}

static void add_seconds(struct strbuf *out, int64_t us)
{
	strbuf_addf(out, " %" PRId64 ".%06d\n", us / 1000000, (int)(us % 1000000));
}

static void render_histogram(struct strbuf *out, enum metric id, size_t route, struct str value,
	const _Atomic int64_t *at)
{
	int64_t total = 0;
	int64_t buckets[BOUNDS + 1];
	for (size_t i = 0; i <= BOUNDS; i++) {
		total += atomic_load_explicit(at + i, memory_order_relaxed);
		buckets[i] = total;
	}
	if (!total)
		return;
	const char *name = table[id].name;
	for (size_t i = 0; i <= BOUNDS; i++) {
		char bound[32] = "+Inf";
		if (i < BOUNDS)
			snprintf(bound, sizeof(bound), "%g", (double)bounds_us[i] / 1e6);
		strbuf_addf(out, "%s_bucket", name);
		add_labels(out, id, route, value, bound);
		strbuf_addf(out, " %" PRId64 "\n", buckets[i]);
	}
	strbuf_addf(out, "%s_sum", name);
	add_labels(out, id, route, value, NULL);
	add_seconds(out, atomic_load_explicit(at + BOUNDS + 1, memory_order_relaxed));
	strbuf_addf(out, "%s_count", name);
	add_labels(out, id, route, value, NULL);
	strbuf_addf(out, " %" PRId64 "\n", total);
}

static void render_series(struct strbuf *out, enum metric id, size_t route, struct str value,
	const _Atomic int64_t *at)
{
	enum metric_kind kind = table[id].kind;
	if (kind == METRIC_HISTOGRAM) {
		render_histogram(out, id, route, value, at);
		return;
	}
	int64_t number = atomic_load_explicit(at, memory_order_relaxed);
	if (number == METRIC_ABSENT || (table[id].by_route && !number))
		return;
	strbuf_add_str(out, str_from(table[id].name));
	add_labels(out, id, route, value, NULL);
	if (kind == METRIC_COUNTER_US || kind == METRIC_GAUGE_US)
		add_seconds(out, number);
	else
		strbuf_addf(out, " %" PRId64 "\n", number);
}

static void render(struct strbuf *out, enum metric id)
{
	static const char *const types[] = { "counter", "gauge", "counter", "gauge", "histogram" };
	strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", table[id].name, table[id].doc,
		table[id].name, types[table[id].kind]);
	for (size_t route = 0; route < row_count(id); route++) {
		struct str rest = str_from(table[id].values);
		struct str value;
		for (unsigned n = 0; str_cut(&rest, '|', &value); n++)
			render_series(out, id, route, value, series(id, route, n));
	}
}

void metrics_render(struct strbuf *out)
{
	for (unsigned id = 0; cells[0] && id < METRIC_COUNT; id++)
		render(out, (enum metric)id);
}
