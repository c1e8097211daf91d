/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, wiring and closing of the server (contract in serve.h).
 *
 * The order is the order of need: the database first, because its owner lock decides whether this
 * directory is ours; the listening socket last, so that the first request meets a complete server.
 * Closing goes the other way round: no request may run when the scanner ends, no scan when the
 * judge ends, nothing when the database closes.
 *
 * The hooks are the only wires between the parts: a growing upload, a durable blob or manifest go
 * to the scanner, a complete package set goes to the judge. They are called on request and scanner
 * threads.
 */
#include "cmd/serve.h"

#include "api/api.h"
#include "assess/assess.h"
#include "blob/blob.h"
#include "cmd/housekeeping.h"
#include "cmd/scan_workers.h"
#include "http/http.h"
#include "os/clock.h"
#include "os/file.h"
#include "registry/registry.h"
#include "scan/coordinator.h"
#include "store/store.h"

#include <stdlib.h>

struct serve {
	struct store *store;
	struct blob_store *blobs;
	struct worker_pool *workers;
	struct assess *assess;
	struct scan_coordinator *scan;
	struct registry *registry;
	struct housekeeping *keeper;
	struct api_context api;
	struct http_server *http;
};

static int image_ready(void *context, struct str manifest_digest, struct err *err)
{
	const struct serve *serve = context;
	int r = assess_image(serve->assess, manifest_digest, err);
	return r ? err_trace(err, r) : 0;
}

static void blob_committed(void *context, struct str upload, struct str digest, uint64_t size)
{
	const struct serve *serve = context;
	scan_blob_committed(serve->scan, upload, digest, size);
}

static void upload_grew(
	void *context, struct str upload, struct blob_stage *stage, uint64_t before, uint64_t size)
{
	const struct serve *serve = context;
	scan_upload_grew(serve->scan, upload, stage, before, size);
}

static void upload_verified(void *context, struct str upload, uint64_t size)
{
	const struct serve *serve = context;
	scan_upload_verified(serve->scan, upload, size);
}

static void upload_dropped(void *context, struct str upload)
{
	const struct serve *serve = context;
	scan_upload_dropped(serve->scan, upload);
}

static void manifest_committed(void *context, struct str digest)
{
	const struct serve *serve = context;
	scan_manifest_committed(serve->scan, digest);
}

static int open_storage(struct serve *serve, const char *data, struct err *err)
{
	int r = file_make_dirs(data, 0750, err);
	if (r)
		return err_wrap(err, r, "data directory");
	r = store_open(data, os_clock(), &serve->store, err);
	if (r)
		return err_trace(err, r);
	r = blob_store_open_fs(data, &serve->blobs, err);
	return r ? err_wrap(err, r, "blob storage") : 0;
}

static int start_scanner(struct serve *serve, const struct config *config, struct err *err)
{
	struct worker_settings workers = scan_worker_settings(config);
	workers.followers = (unsigned)config_number(config, SETTING_SCAN_FOLLOWERS);
	int r = worker_pool_start(&workers, &serve->workers, err);
	if (r)
		return err_wrap(err, r,
			"starting the layer readers (lazaret-worker must lie beside lazaret)");
	struct assess_settings assess = {
		.store = serve->store,
		.data_dir = config_cstr(config, SETTING_SERVER_DATA),
		.clock = os_clock(),
		.poll_ms = (unsigned)config_number(config, SETTING_ADVISORIES_POLL_MS),
	};
	r = assess_start(&assess, &serve->assess, err);
	if (r)
		return err_trace(err, r);
	struct scan_settings scan = {
		.store = serve->store,
		.blobs = serve->blobs,
		.workers = serve->workers,
		.clock = os_clock(),
		.hooks = { .context = serve, .image_ready = image_ready },
		.followers = workers.followers,
	};
	r = scan_start(&scan, &serve->scan, err);
	return r ? err_trace(err, r) : 0;
}

static enum api_metrics metrics_readers(const struct config *config)
{
	struct str choice = config_text(config, SETTING_SERVER_METRICS);
	return str_eq(choice, STR("off"))    ? API_METRICS_OFF
	       : str_eq(choice, STR("open")) ? API_METRICS_OPEN
					     : API_METRICS_LOOPBACK;
}

static int start_housekeeping(struct serve *serve, const struct config *config, struct err *err)
{
	struct registry_gc_policy policy = housekeeping_policy(config);
	registry_gc_set_policy(serve->registry, &policy);
	return housekeeping_start(serve->registry, config, &serve->keeper, err);
}

static int start_http(struct serve *serve, const struct config *config,
	const struct serve_http *wanted, struct err *err)
{
	struct registry_hooks hooks = {
		.context = serve,
		.blob_committed = blob_committed,
		.manifest_committed = manifest_committed,
		.upload_grew = upload_grew,
		.upload_verified = upload_verified,
		.upload_dropped = upload_dropped,
	};
	int r = registry_new(serve->store, serve->blobs, os_clock(), &hooks, &serve->registry, err);
	if (r == 0)
		r = start_housekeeping(serve, config, err);
	if (r)
		return err_trace(err, r);
	serve->api = (struct api_context){
		.registry = serve->registry,
		.store = serve->store,
		.assess = serve->assess,
		.scan = serve->scan,
		.clock = os_clock(),
		.metrics = metrics_readers(config),
	};
	struct http_settings http = wanted->settings;
	http.fallback = api_fallback;
	http.context = &serve->api;
	http.clock = os_clock();
	api_routes(&http.routes, &http.route_count);
	r = http_server_start(&http, &serve->http, err);
	return r ? err_trace(err, r) : 0;
}

int serve_start(const struct config *config, const struct serve_http *http, struct serve **out,
	struct err *err)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	CHECK(serve);
	int r = open_storage(serve, config_cstr(config, SETTING_SERVER_DATA), err);
	if (r == 0)
		r = start_scanner(serve, config, err);
	if (r == 0)
		r = start_http(serve, config, http, err);
	if (r) {
		serve_stop(&serve, 0);
		return err_trace(err, r);
	}
	*out = serve;
	return 0;
}

uint16_t serve_port(const struct serve *serve, size_t listener)
{
	return http_server_port(serve->http, listener);
}

struct str serve_sandbox(const struct serve *serve)
{
	return worker_pool_sandbox(serve->workers);
}

void serve_snapshot(const struct serve *serve, char out[65])
{
	assess_snapshot_id(serve->assess, out);
}

void serve_stop(struct serve **serve_pointer, unsigned grace_seconds)
{
	struct serve *serve = *serve_pointer;
	if (serve->http)
		http_server_stop(&serve->http, grace_seconds);
	housekeeping_stop(&serve->keeper);
	if (serve->scan)
		scan_stop(&serve->scan);
	if (serve->registry)
		registry_free(&serve->registry);
	if (serve->assess)
		assess_stop(&serve->assess);
	if (serve->workers)
		worker_pool_stop(&serve->workers);
	if (serve->blobs)
		blob_store_close(&serve->blobs);
	if (serve->store)
		store_close(&serve->store);
	free(serve);
	*serve_pointer = NULL;
}
