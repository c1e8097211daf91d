/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lazaret advisories`: import, update, status, compare. They work on the files of a data directory
 * and need no server; a server on the same directory notices a new snapshot by itself.
 */
#include "advisory/import.h"
#include "advisory/snapshot.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "cmd/config.h"
#include "cmd/verbs.h"
#include "fetch/fetch.h"
#include "os/clock.h"
#include "os/file.h"
#include "version/version.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { REPORT_BYTES = 16 << 20, ECOSYSTEMS_MAX = 64, BAD_SHOWN = 20 };

#define DEFAULT_FEED "https://osv-vulnerabilities.storage.googleapis.com"

static const char *const default_ecosystems[] = { "Debian", "Alpine" };

/* The data directory; NULL with the exit code in *exit when the configuration is wrong. */
static const char *data_dir(struct cli *cli, enum cli_exit *exit)
{
	struct err err = ERR_INIT;
	struct config *config;
	if (config_from_cli(cli, &config, &err)) {
		*exit = cli_misuse(cli, "%s", err_text(&err));
		return NULL;
	}
	return config_cstr(config, SETTING_SERVER_DATA);
}

/* --- import */

static void show_progress(void *context, const char *path, uint64_t records)
{
	(void)context;
	fprintf(stderr, "\r\033[K%llu records, reading %s", (unsigned long long)records, path);
	fflush(stderr);
}

static void end_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static json_t *import_json(const struct import_report *report)
{
	json_t *root = json_object();
	json_put_cstr(root, "snapshot", report->snapshot_id);
	json_put_int(root, "records", (int64_t)report->records);
	json_put_int(root, "withdrawn", (int64_t)report->withdrawn);
	json_put_int(root, "cveRecords", (int64_t)report->severities);
	json_put_int(root, "bad", (int64_t)report->bad);
	json_t *list = json_put_list(root, "badRecords");
	for (size_t i = 0; i < report->named.n; i++) {
		json_t *bad = json_add_object(list);
		json_put_cstr(bad, "where", report->named.items[i].where);
		json_put_cstr(bad, "reason", report->named.items[i].reason);
	}
	return root;
}

static void import_table(const struct import_report *report, double seconds, struct strbuf *out)
{
	strbuf_addf(out, "%llu advisories (%llu withdrawn) and %llu CVE records in %.1f s\n",
		(unsigned long long)report->records, (unsigned long long)report->withdrawn,
		(unsigned long long)report->severities, seconds);
	if (report->bad)
		strbuf_addf(
			out, "%llu bad records were left out:\n", (unsigned long long)report->bad);
	for (size_t i = 0; i < report->named.n && i < BAD_SHOWN; i++)
		strbuf_addf(out, "  %s: %s\n", report->named.items[i].where,
			report->named.items[i].reason);
	if (report->bad > BAD_SHOWN)
		strbuf_addf(out, "  … and %llu more (--format json names up to %d)\n",
			(unsigned long long)(report->bad - BAD_SHOWN), LIMIT_BAD_RECORDS_NAMED);
	strbuf_addf(out, "snapshot %s is in force\n", report->snapshot_id);
}

static enum cli_exit print_json(json_t *root)
{
	AUTO_FREE char *text = json_dump(root, true);
	json_decref(root);
	AUTO_STRBUF struct strbuf out = STRBUF(REPORT_BYTES);
	strbuf_addf(&out, "%s\n", text);
	return cli_print(strbuf_view(&out));
}

static enum cli_exit import_paths(
	const char *data, const char *const *paths, size_t count, bool json)
{
	const struct clock *clock = os_clock();
	struct import_report report;
	struct err err = ERR_INIT;
	const struct import_settings settings = {
		.data_dir = data,
		.paths = paths,
		.path_count = count,
		.clock = clock,
		.progress = isatty(STDERR_FILENO) ? show_progress : NULL,
	};
	int64_t start_us = clock_monotonic(clock);
	int r = advisory_import(&settings, &report, &err);
	double seconds = (double)(clock_monotonic(clock) - start_us) / 1e6;
	end_progress();
	enum cli_exit exit;
	AUTO_STRBUF struct strbuf out = STRBUF(REPORT_BYTES);
	if (r < 0) {
		exit = cli_fail(&err, "the import changed nothing");
	} else if (json) {
		exit = print_json(import_json(&report));
	} else {
		import_table(&report, seconds, &out);
		exit = cli_print(strbuf_view(&out));
	}
	VEC_FREE(&report.named);
	return exit;
}

enum cli_exit verb_advisories_import(struct cli *cli)
{
	bool json;
	enum cli_exit exit = cli_format(cli, &json);
	if (exit != CLI_DONE)
		return exit;
	const char *data = data_dir(cli, &exit);
	return data ? import_paths(data, cli->arguments, cli->argument_count, json) : exit;
}

/* --- update */

struct download {
	struct arena *arena;
	const char *base;      /* URL */
	const char *directory; /* where the files go */
	const char *ecosystem;
	bool show;
};

static void show_bytes(void *context, uint64_t done, uint64_t total)
{
	const struct download *download = context;
	if (!download->show)
		return;
	fprintf(stderr, "\r\033[K%s: %.1f MB", download->ecosystem, (double)done / 1e6);
	if (total)
		fprintf(stderr, " of %.1f MB", (double)total / 1e6);
	fflush(stderr);
}

/* Downloads BASE/ECOSYSTEM/all.zip to DIRECTORY/ECOSYSTEM/all.zip: the end of the path names the
 * source, so a later import of the same archive by hand replaces the same records. */
static int download_one(struct download *download, const char **path, struct err *err)
{
	struct str name = fetch_escape(download->arena, str_from(download->ecosystem));
	struct str url = arena_printf(
		download->arena, "%s/" STR_FMT "/all.zip", download->base, STR_ARG(name));
	struct str folder =
		arena_printf(download->arena, "%s/%s", download->directory, download->ecosystem);
	struct str file = arena_printf(download->arena, STR_FMT "/all.zip", STR_ARG(folder));
	int r = file_make_dirs(folder.p, 0700, err);
	if (r < 0)
		return err_trace(err, r);
	AUTO_CLOSE int fd = -1;
	r = file_open(file.p, O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd, err);
	if (r < 0)
		return err_trace(err, r);
	const struct fetch_request request = { .url = url.p, .max_bytes = (size_t)16 << 30 };
	long status = 0;
	r = fetch_to_fd(&request, fd, &status, show_bytes, download, err);
	if (download->show)
		end_progress();
	if (r < 0)
		return err_wrap(err, r, "cannot download %s", url.p);
	if (status != 200)
		return err_set(
			err, EIO, "cannot download %s: the server answered %ld", url.p, status);
	*path = file.p;
	return 0;
}

static bool ecosystem_ok(const char *name)
{
	return *name && *name != '.' && !str_contains(str_from(name), STR("/"));
}

static size_t wanted_ecosystems(const struct cli *cli, const char *names[ECOSYSTEMS_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < cli->value_count && n < ECOSYSTEMS_MAX; i++)
		if (str_eq(str_from(cli->values[i].option->name), STR("ecosystem")))
			names[n++] = cli->values[i].text;
	for (size_t i = 0; !n && i < sizeof(default_ecosystems) / sizeof(*default_ecosystems); i++)
		names[i] = default_ecosystems[i];
	return n ? n : sizeof(default_ecosystems) / sizeof(*default_ecosystems);
}

static void remove_downloads(const char *directory, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s/all.zip", directory, names[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		rmdir(path);
	}
	rmdir(directory);
}

static enum cli_exit update_into(
	struct cli *cli, const char *data, const char *directory, bool json)
{
	const char *names[ECOSYSTEMS_MAX];
	const char *paths[ECOSYSTEMS_MAX];
	const char *base = cli_option(cli, "url");
	size_t count = wanted_ecosystems(cli, names);
	struct err err = ERR_INIT;
	struct download download = {
		.arena = cli->arena,
		.base = base ? base : DEFAULT_FEED,
		.directory = directory,
		.show = isatty(STDERR_FILENO),
	};
	for (size_t i = 0; i < count; i++)
		if (!ecosystem_ok(names[i]))
			return cli_misuse(cli, "\"%s\" is not the name of an ecosystem", names[i]);
	int r = 0;
	for (size_t i = 0; i < count && r == 0; i++) {
		download.ecosystem = names[i];
		r = download_one(&download, &paths[i], &err);
	}
	enum cli_exit exit = r < 0 ? cli_fail(&err, "the advisories were not updated")
				   : import_paths(data, paths, count, json);
	remove_downloads(directory, names, count);
	return exit;
}

enum cli_exit verb_advisories_update(struct cli *cli)
{
	bool json;
	enum cli_exit exit = cli_format(cli, &json);
	if (exit != CLI_DONE)
		return exit;
	const char *data = data_dir(cli, &exit);
	if (!data)
		return exit;
	struct err err = ERR_INIT;
	struct str parent = arena_printf(cli->arena, "%s/advisories", data);
	if (file_make_dirs(parent.p, 0750, &err) < 0)
		return cli_fail(&err, "the advisories were not updated");
	char *directory =
		arena_cstr(cli->arena, arena_printf(cli->arena, "%s/download-XXXXXX", parent.p));
	if (!mkdtemp(directory))
		return cli_fail(NULL, "cannot write in %s", parent.p);
	exit = update_into(cli, data, directory, json);
	rmdir(directory);
	return exit;
}

/* --- status */

static void status_table(const json_t *status, struct strbuf *out)
{
	int64_t hours = json_int(status, "ageSeconds", 0) / 3600;
	strbuf_addf(out, "snapshot    " STR_FMT "\n", STR_ARG(json_str(status, "id")));
	strbuf_addf(out, "imported    " STR_FMT " (%lld d %lld h ago)\n",
		STR_ARG(json_str(status, "built")), (long long)(hours / 24),
		(long long)(hours % 24));
	strbuf_addf(out,
		"advisories  %lld (%lld withdrawn), CVE records %lld, bad records %lld\n\n",
		(long long)json_int(status, "records", 0),
		(long long)json_int(status, "withdrawn", 0),
		(long long)json_int(status, "cveRecords", 0),
		(long long)json_int(status, "bad", 0));
	const json_t *item;
	size_t i;
	strbuf_addf(out, "%-32s %10s %6s  %s\n", "SOURCE", "RECORDS", "BAD", "NEWEST");
	json_array_foreach (json_list(status, "sources"), i, item) {
		strbuf_addf(out, "%-32.*s %10lld %6lld  " STR_FMT "\n",
			STR_ARG(json_str(item, "name")),
			(long long)(json_int(item, "records", 0) + json_int(item, "cveRecords", 0)),
			(long long)json_int(item, "bad", 0),
			STR_ARG(str_sub(json_str(item, "newest"), 0, 10)));
	}
	if (json_array_size(json_list(status, "badRecords")))
		strbuf_addf(out, "\nleft out (--format json names more):\n");
	json_array_foreach (json_list(status, "badRecords"), i, item) {
		if (i < BAD_SHOWN)
			strbuf_addf(out, "  " STR_FMT ": " STR_FMT "\n",
				STR_ARG(json_str(item, "where")),
				STR_ARG(json_str(item, "reason")));
	}
	strbuf_addf(out, "\n%-32s %10s\n", "RELEASE", "RECORDS");
	json_array_foreach (json_list(status, "releases"), i, item) {
		if (json_is_true(json_object_get(item, "matched")))
			strbuf_addf(out, "%-32.*s %10lld\n", STR_ARG(json_str(item, "name")),
				(long long)json_int(item, "records", 0));
	}
}

enum cli_exit verb_advisories_status(struct cli *cli)
{
	bool json;
	enum cli_exit exit = cli_format(cli, &json);
	if (exit != CLI_DONE)
		return exit;
	const char *data = data_dir(cli, &exit);
	if (!data)
		return exit;
	struct err err = ERR_INIT;
	struct snapshot *snapshot;
	int r = snapshot_open_current(data, &snapshot, &err);
	if (r == SNAPSHOT_NONE)
		return cli_fail(NULL,
			"%s has no advisories yet: run `lazaret advisories update` or "
			"`lazaret advisories import`",
			data);
	if (r < 0)
		return cli_fail(&err, "%s", data);
	json_t *status;
	r = snapshot_status(snapshot, os_clock(), &status, &err);
	snapshot_close(&snapshot);
	if (r < 0)
		return cli_fail(&err, "%s", data);
	if (json)
		return print_json(status);
	AUTO_STRBUF struct strbuf out = STRBUF(REPORT_BYTES);
	status_table(status, &out);
	json_decref(status);
	return cli_print(strbuf_view(&out));
}

/* --- compare */

/* What one line of standard input ("A<tab>B") answers. */
static const char *compare_line(enum version_grammar grammar, struct str line)
{
	struct str a;
	int order;
	if (!str_cut(&line, '\t', &a) || !version_compare(grammar, a, line, &order))
		return "invalid\n";
	return order < 0 ? "<\n" : order > 0 ? ">\n" : "=\n";
}

enum cli_exit verb_advisories_compare(struct cli *cli)
{
	enum version_grammar grammar;
	if (!version_grammar_parse(str_from(cli->arguments[0]), &grammar)) {
		AUTO_STRBUF struct strbuf names = STRBUF(1024);
		for (int i = 0; i < GRAMMAR_COUNT; i++) {
			strbuf_add_cstr(&names, i ? ", " : "");
			strbuf_add_str(&names, version_grammar_name((enum version_grammar)i));
		}
		return cli_misuse(cli, "\"%s\" is not a version grammar (known: %s)",
			cli->arguments[0], strbuf_cstr(&names));
	}
	AUTO_FREE char *line = NULL;
	size_t room = 0;
	ssize_t n;
	enum cli_exit exit = CLI_DONE;
	while (exit == CLI_DONE && (n = getline(&line, &room, stdin)) >= 0) {
		if (n && line[n - 1] == '\n')
			n--;
		exit = cli_print(str_from(compare_line(grammar, (struct str){ line, (size_t)n })));
	}
	return exit;
}
