/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: the process' counters (base/metrics.h) in the format that Prometheus reads. What is
 * known elsewhere is asked when the page is; each such question costs the same however much is
 * stored. Who may ask is a setting, because figures tell strangers what goes on here.
 */
#include "base/metrics.h"

#include "api/api.h"
#include "api/handlers.h"
#include "assess/assess.h"
#include "base/timefmt.h"
#include "os/usage.h"
#include "registry/gc.h"
#include "scan/coordinator.h"
#include "store/store.h"

#include <stdlib.h>

enum { PAGE_MAX = 4 << 20 };

/* Names of the routes, for the life of the process. */
static struct metric_route *names;

void api_metrics_start(const struct clock *clock)
{
	const struct http_route *routes;
	size_t count;
	api_routes(&routes, &count);
	names = calloc(count, sizeof(*names));
	CHECK(names);
	for (size_t i = 0; i < count; i++)
		names[i] = (struct metric_route){ http_method_name(routes[i].method).p,
			routes[i].pattern };
	metrics_start(names, count);
	metric_set(M_PROCESS_START, 0, clock_wall(clock));
}

static int read_totals(struct db_conn *c, void *argument, struct err *err)
{
	return store_totals(c, argument, err);
}

static int ask_store(const struct api_context *context, struct err *err)
{
	struct store_totals totals;
	int rc = store_read(context->store, read_totals, &totals, err);
	if (rc < 0)
		return err_trace(err, rc);
	metric_set(M_STORAGE_BLOBS, 0, totals.blobs);
	metric_set(M_STORAGE_BYTES, 0, totals.blob_bytes);
	metric_set(M_UPLOADS, 0, totals.uploads);
	return 0;
}

static void ask_collector(const struct api_context *context)
{
	struct gc_stats stats;
	registry_gc_stats(context->registry, &stats);
	metric_set(M_GC_LAST, 0,
		stats.last_round_us == TIME_NONE ? METRIC_ABSENT : stats.last_round_us);
}

static int ask_process(struct err *err)
{
	struct os_usage usage;
	int rc = os_usage(&usage, err);
	if (rc < 0)
		return err_trace(err, rc);
	metric_set(M_PROCESS_CPU, 0, usage.cpu_us);
	metric_set(M_PROCESS_RSS, 0, usage.resident_bytes);
	metric_set(M_PROCESS_FDS, 0, usage.open_fds);
	metric_set(M_PROCESS_FDS_MAX, 0, usage.fd_limit);
	metric_set(M_PROCESS_THREADS, 0, usage.threads);
	return 0;
}

static void ask_scanner(const struct api_context *context)
{
	if (context->scan)
		metric_set(M_SCAN_BACKLOG, 0, (int64_t)scan_backlog(context->scan));
	int64_t age = METRIC_ABSENT;
	if (context->assess) {
		char snapshot[65] = "";
		assess_snapshot_id(context->assess, snapshot);
		int64_t built = assess_snapshot_built(context->assess, str_from(snapshot));
		if (snapshot[0] && built != TIME_NONE)
			age = clock_wall(context->clock) - built;
	}
	metric_set(M_ADVISORIES_AGE, 0, age);
}

static bool may_ask(struct http_exchange *x)
{
	switch (api_context(x)->metrics) {
	case API_METRICS_OFF:
		return false;
	case API_METRICS_OPEN:
		return true;
	case API_METRICS_LOOPBACK:
		break;
	}
	struct str remote = http_remote(x);
	return str_starts(remote, STR("127.")) || str_eq(remote, STR("::1")) ||
	       str_starts(remote, STR("::ffff:127."));
}

void metrics_get(struct http_exchange *x)
{
	if (!may_ask(x)) {
		api_fallback(x, 404, "there is nothing at this address");
		return;
	}
	struct err err = ERR_INIT;
	const struct api_context *context = api_context(x);
	int rc = ask_store(context, &err);
	if (rc == 0)
		rc = ask_process(&err);
	if (rc < 0) {
		api_reply_internal(x, &err);
		return;
	}
	ask_collector(context);
	ask_scanner(context);
	AUTO_STRBUF struct strbuf page = STRBUF(PAGE_MAX);
	metrics_render(&page);
	CHECK(!strbuf_failed(&page));
	http_set_header(x, "Cache-Control", STR("no-store"));
	http_reply_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", strbuf_view(&page));
}
