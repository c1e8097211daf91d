/* SPDX-License-Identifier: Apache-2.0 */
/* Counting and the page, exactly. The tests share one process and so one set of cells. */
#include "base/metrics.h"

#include <pthread.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct metric_route routes[] = { { "GET", "/a" }, { "PUT", "/odd\"\\\n" } };

static char page[1 << 20];

static const char *rendered(void)
{
	AUTO_STRBUF struct strbuf text = STRBUF(sizeof(page) - 1);
	metrics_render(&text);
	assert_false(strbuf_failed(&text));
	memcpy(page, strbuf_cstr(&text), text.n + 1);
	return page;
}

static void expect(const char *line)
{
	const char *at = strstr(rendered(), line);
	if (!at || (at != page && at[-1] != '\n'))
		fail_msg("no line %s", line);
}

static void refuse(const char *text)
{
	if (strstr(rendered(), text))
		fail_msg("unexpected: %s", text);
}

static void before_the_start_nothing_counts(void **state)
{
	(void)state;
	metric_add(M_WORKER_LOST, 0, 0, 5);
	metric_observe(M_LAYER_SECONDS, 0, 0, 5);
	metric_set(M_UPLOADS, 0, 5);
	assert_string_equal(rendered(), "");
	metrics_start(routes, 2);
	expect("lazaret_worker_lost_total 0\n");
	expect("lazaret_uploads_open 0\n");
}

static void labels_are_escaped_and_unused_routes_left_out(void **state)
{
	(void)state;
	refuse("route=");
	metric_add(M_HTTP_REQUESTS, 1, 1, 3);
	metric_add(M_HTTP_REQUESTS, 2, 3, 1);
	expect("lazaret_http_requests_total{method=\"PUT\",route=\"/odd\\\"\\\\\\n\",code=\"2xx\"} "
	       "3\n");
	expect("lazaret_http_requests_total{method=\"\",route=\"\",code=\"4xx\"} 1\n");
	refuse("route=\"/a\"");
	metric_add(M_HTTP_BYTES, 0, 1, (uint64_t)5 << 40);
	expect("lazaret_http_body_bytes_total{direction=\"in\"} 0\n");
	expect("lazaret_http_body_bytes_total{direction=\"out\"} 5497558138880\n");
}

static void histograms_add_up(void **state)
{
	(void)state;
	refuse("lazaret_http_request_seconds_bucket");
	static const int64_t us[] = { 0, 500, 501, 1000, 90000, 300000001 };
	for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++)
		metric_observe(M_HTTP_SECONDS, 0, 0, us[i]);
	expect("# TYPE lazaret_http_request_seconds histogram\n");
	expect("lazaret_http_request_seconds_bucket{method=\"GET\",route=\"/a\",le=\"0.0005\"} "
	       "2\n");
	expect("lazaret_http_request_seconds_bucket{method=\"GET\",route=\"/a\",le=\"0.001\"} 4\n");
	expect("lazaret_http_request_seconds_bucket{method=\"GET\",route=\"/a\",le=\"0.05\"} 4\n");
	expect("lazaret_http_request_seconds_bucket{method=\"GET\",route=\"/a\",le=\"0.1\"} 5\n");
	expect("lazaret_http_request_seconds_bucket{method=\"GET\",route=\"/a\",le=\"300\"} 5\n");
	expect("lazaret_http_request_seconds_bucket{method=\"GET\",route=\"/a\",le=\"+Inf\"} 6\n");
	expect("lazaret_http_request_seconds_sum{method=\"GET\",route=\"/a\"} 300.092002\n");
	expect("lazaret_http_request_seconds_count{method=\"GET\",route=\"/a\"} 6\n");
}

static void gauges_move_and_disappear(void **state)
{
	(void)state;
	metric_move(M_HTTP_CONNECTIONS, 3);
	metric_move(M_HTTP_CONNECTIONS, -1);
	expect("lazaret_http_connections 2\n");
	metric_set(M_ADVISORIES_AGE, 0, 90061000005);
	expect("lazaret_advisories_age_seconds 90061.000005\n");
	metric_set(M_ADVISORIES_AGE, 0, METRIC_ABSENT);
	refuse("\nlazaret_advisories_age_seconds ");
}

static void *count_many(void *argument)
{
	(void)argument;
	for (int i = 0; i < 100000; i++) {
		metric_add(M_WORKER_STARTS, 0, 0, 1);
		metric_observe(M_DB_WRITE_SECONDS, 0, 1, i);
	}
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	(void)state;
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	expect("lazaret_worker_starts_total 400000\n");
	expect("lazaret_database_write_seconds_count{kind=\"durable\"} 400000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_start_nothing_counts),
		cmocka_unit_test(labels_are_escaped_and_unused_routes_left_out),
		cmocka_unit_test(histograms_add_up),
		cmocka_unit_test(gauges_move_and_disappear),
		cmocka_unit_test(nothing_is_lost_between_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
