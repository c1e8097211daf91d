/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Liveness and readiness. Both ask the database for real (a page of one repository name), because
 * a server whose database does not answer serves nothing. They differ while the server drains: it
 * is alive, so nobody should kill it, but it is not ready, so nobody should send it more work.
 */
#include "api/api.h"
#include "api/handlers.h"
#include "assess/assess.h"
#include "registry/registry.h"
#include "scan/coordinator.h"

static bool database_answers(struct http_exchange *x, struct err *err)
{
	struct str_list names = { 0 };
	return registry_catalog(
		       api_context(x)->registry, http_arena(x), STR_NULL, 1, &names, err) == 0;
}

static void put_details(struct http_exchange *x, json_t *root)
{
	const struct api_context *context = api_context(x);
	if (context->assess) {
		char snapshot[65] = "";
		assess_snapshot_id(context->assess, snapshot);
		json_put(root, "snapshot", snapshot[0] ? str_from(snapshot) : STR_NULL);
	}
	if (context->scan)
		json_put_int(root, "backlog", (int64_t)scan_backlog(context->scan));
}

static void reply_health(struct http_exchange *x, bool ready)
{
	struct err err = ERR_INIT;
	bool answers = database_answers(x, &err);
	if (!answers)
		api_log_internal(x, &err);
	bool drains = http_draining(x);
	bool good = answers && !(ready && drains);
	json_t *root = json_object();
	json_put_cstr(root, "status", good ? "ok" : answers ? "draining" : "failing");
	json_put_cstr(root, "database", answers ? "ok" : "does not answer");
	json_put_bool(root, "draining", drains);
	if (answers)
		put_details(x, root);
	http_set_header(x, "Cache-Control", STR("no-store"));
	http_reply_json(x, good ? 200 : 503, root);
}

void health_live(struct http_exchange *x)
{
	reply_health(x, false);
}

void health_ready(struct http_exchange *x)
{
	reply_health(x, true);
}
