/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lazaret check`: reads everything in a data directory again and says what is wrong with it
 * (registry/audit.h). It needs the directory for itself: a server on it is a refusal, not a race.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "blob/blob.h"
#include "cmd/config.h"
#include "cmd/verbs.h"
#include "os/clock.h"
#include "registry/audit.h"
#include "store/store.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORT_BYTES = 256 << 20 };

static void show_progress(void *context, uint64_t bytes, uint64_t total)
{
	(void)context;
	fprintf(stderr, "\r\033[K%.1f of %.1f MB read", (double)bytes / 1e6, (double)total / 1e6);
	fflush(stderr);
}

static json_t *check_json(const struct audit_result *result)
{
	json_t *root = json_object();
	json_put_bool(root, "clean", !result->findings.n);
	json_put_int(root, "blobs", (int64_t)result->blobs);
	json_put_int(root, "bytes", (int64_t)result->bytes);
	json_put_int(root, "manifests", (int64_t)result->manifests);
	json_put_int(root, "shownAgain", (int64_t)result->pardoned);
	json_t *findings = json_put_list(root, "findings");
	for (size_t i = 0; i < result->findings.n; i++) {
		const struct audit_finding *finding = &result->findings.items[i];
		json_t *item = json_add_object(findings);
		json_put_cstr(item, "kind", audit_kind_name(finding->kind));
		json_put(item, "name", finding->name);
		json_put(item, "reason", finding->reason);
		json_put(item, "quarantine", finding->moved);
		json_t *affected = json_put_list(item, "affected");
		for (size_t k = 0; k < finding->affected.n; k++) {
			const struct audit_affected *one = &finding->affected.items[k];
			json_t *manifest = json_add_object(affected);
			json_put(manifest, "repository", one->repository);
			json_put(manifest, "digest", one->digest);
			json_t *tags = json_put_list(manifest, "tags");
			struct str rest = one->tags, tag;
			while (rest.n && str_cut(&rest, ',', &tag))
				json_array_append_new(tags, json_make_string(tag));
		}
	}
	return root;
}

static void check_table(const struct audit_result *result, struct strbuf *out)
{
	for (size_t i = 0; i < result->findings.n; i++) {
		const struct audit_finding *finding = &result->findings.items[i];
		strbuf_addf(out, "%-8s  " STR_FMT ": " STR_FMT "\n", audit_kind_name(finding->kind),
			STR_ARG(finding->name), STR_ARG(finding->reason));
		if (finding->moved.n)
			strbuf_addf(out, "          now quarantine/" STR_FMT "\n",
				STR_ARG(finding->moved));
		for (size_t k = 0; k < finding->affected.n; k++) {
			const struct audit_affected *one = &finding->affected.items[k];
			strbuf_addf(out,
				"          needed by " STR_FMT "@" STR_FMT "%s" STR_FMT "\n",
				STR_ARG(one->repository), STR_ARG(one->digest),
				one->tags.n ? ", tags " : ", no tag", STR_ARG(one->tags));
		}
	}
	if (result->pardoned)
		strbuf_addf(out, "%llu blobs that were damaged before are right again\n",
			(unsigned long long)result->pardoned);
	strbuf_addf(out, "%llu blobs (%.1f MB) and %llu manifests checked: ",
		(unsigned long long)result->blobs, (double)result->bytes / 1e6,
		(unsigned long long)result->manifests);
	if (result->findings.n)
		strbuf_addf(out, "%zu wrong\n", result->findings.n);
	else
		strbuf_add_cstr(out, "nothing is wrong\n");
}

static enum cli_exit print_result(const struct audit_result *result, bool json)
{
	AUTO_STRBUF struct strbuf out = STRBUF(REPORT_BYTES);
	if (json) {
		AUTO_JSON json_t *root = check_json(result);
		AUTO_FREE char *text = json_dump(root, true);
		strbuf_add_cstr(&out, text);
		strbuf_add_char(&out, '\n');
	} else {
		check_table(result, &out);
	}
	if (strbuf_failed(&out))
		return cli_fail(NULL, "the report is too large");
	return cli_print(strbuf_view(&out));
}

static int run_audit(
	const char *data, struct arena *arena, struct audit_result *result, struct err *err)
{
	struct store *store;
	struct blob_store *blobs = NULL;
	int r = store_open(data, os_clock(), &store, err);
	if (r < 0)
		return err_trace(err, r);
	r = blob_store_open_fs(data, &blobs, err);
	bool show = isatty(STDERR_FILENO);
	const struct audit_settings settings = {
		.store = store,
		.blobs = blobs,
		.progress = show ? show_progress : NULL,
	};
	if (r == 0)
		r = registry_audit(&settings, arena, result, err);
	if (show)
		fputs("\r\033[K", stderr);
	blob_store_close(&blobs);
	store_close(&store);
	return r < 0 ? err_trace(err, r) : 0;
}

enum cli_exit verb_check(struct cli *cli)
{
	bool json;
	struct err err = ERR_INIT;
	struct config *config;
	enum cli_exit code = cli_format(cli, &json);
	if (code != CLI_DONE)
		return code;
	if (config_from_cli(cli, &config, &err))
		return cli_misuse(cli, "%s", err_text(&err));
	const char *data = config_cstr(config, SETTING_SERVER_DATA);
	/* Opening would make a new registry of any directory. */
	struct str database = arena_printf(cli->arena, "%s/lazaret.db", data);
	struct stat info;
	if (stat(database.p, &info) != 0)
		return cli_fail(
			NULL, "%s holds no registry (%s cannot be found)", data, database.p);
	struct audit_result result = { 0 };
	int r = run_audit(data, cli->arena, &result, &err);
	if (r < 0) {
		/* What was moved by then must be known. */
		if (result.findings.n)
			(void)print_result(&result, json);
		return cli_fail(&err, "the check did not come to its end");
	}
	code = print_result(&result, json);
	return code == CLI_DONE && result.findings.n ? CLI_FINDINGS : code;
}
