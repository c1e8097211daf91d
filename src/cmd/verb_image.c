/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lazaret image`: what a server knows about its images. The server's documents are printed as they
 * are with --format json, and through report/ as tables, the same code that prints the results of
 * `lazaret scan`.
 */
#include "base/timefmt.h"
#include "cmd/client.h"
#include "cmd/threshold.h"
#include "cmd/verbs.h"
#include "fetch/fetch.h"
#include "oci/reference.h"
#include "os/clock.h"
#include "report/report.h"

#include <stdio.h>

enum {
	REPORT_BYTES = 256 << 20,
	WAIT_STEP_MS = 200,
	WAIT_SECONDS_MAX = 86400,
	PAGES_MAX = 100000,
	DIGEST_SHOWN = 19
};

static enum cli_exit client_fail(int r, struct str why, const struct err *err)
{
	if (r == CLIENT_REFUSED)
		return cli_fail(NULL, STR_FMT, STR_ARG(why));
	(void)cli_fail(err, "no answer");
	cli_note("start a server with `lazaret serve`, or name another one with --server URL");
	return CLI_FAILURE;
}

static enum cli_exit print_json(const json_t *root)
{
	char *text = json_dump(root, true);
	enum cli_exit code = cli_print(str_from(text));
	free(text);
	return code == CLI_DONE ? cli_print(STR("\n")) : code;
}

static enum cli_exit prepare(struct cli *cli, struct config **config, bool *json)
{
	struct err err = ERR_INIT;
	enum cli_exit code = cli_format(cli, json);
	if (code == CLI_DONE && config_from_cli(cli, config, &err))
		code = cli_misuse(NULL, "%s", err_text(&err));
	return code;
}

/* --- image ls */

static struct str joined(struct arena *arena, const json_t *list)
{
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item) {
		if (i)
			strbuf_add_char(&text, ',');
		strbuf_add_str(&text, json_text(item));
	}
	return arena_str(arena, strbuf_view(&text));
}

static struct str count_cell(struct arena *arena, const json_t *counts, const char *member)
{
	return arena_printf(arena, "%lld", (long long)json_int(counts, member, 0));
}

static struct str first_line(struct str text)
{
	struct str line = text;
	str_cut(&text, '\n', &line);
	return line;
}

static void add_image_row(struct arena *arena, struct report_table *table, const json_t *image)
{
	const json_t *counts = json_obj(image, "counts");
	struct str digest = json_str(image, "digest");
	struct str tags = joined(arena, json_list(image, "tags"));
	struct str state = json_str(image, "state");
	bool judged = str_eq(state, image_state_name(IMAGE_UNHEALTHY)) ||
		      str_eq(state, image_state_name(IMAGE_HEALTHY));
	struct str cells[10] = {
		json_str(image, "repository"),
		tags.n ? tags : STR("-"),
		tags.n ? str_sub(digest, 0, DIGEST_SHOWN)
		       : digest, /* what has no tag needs it whole */
		state,
		STR("-"),
		STR("-"),
		STR("-"),
		STR("-"),
		STR("-"),
		first_line(json_str(image, "reason")),
	};
	static const char *const members[] = { "critical", "high", "medium", "low", "unknown" };
	for (size_t i = 0; judged && i < sizeof(members) / sizeof(members[0]); i++)
		cells[4 + i] = count_cell(arena, counts, members[i]);
	report_table_row(table, cells);
}

static enum cli_exit print_images(struct arena *arena, const json_t *images)
{
	static const char *const titles[] = { "REPOSITORY", "TAGS", "DIGEST", "STATE", "CRITICAL",
		"HIGH", "MEDIUM", "LOW", "UNKNOWN", "REASON" };
	if (!json_array_size(images))
		return cli_print(STR("no images\n"));
	struct report_table *table =
		report_table_new(arena, titles, sizeof(titles) / sizeof(titles[0]));
	size_t i;
	json_t *image;
	json_array_foreach (images, i, image)
		add_image_row(arena, table, image);
	AUTO_STRBUF struct strbuf text = STRBUF(REPORT_BYTES);
	report_table_print(table, cli_width(), &text);
	return cli_print(strbuf_view(&text));
}

/* All pages into one list. */
static int gather_images(struct arena *arena, const struct config *config, struct str path,
	json_t *images, struct str *why, struct err *err)
{
	for (unsigned page = 0; page < PAGES_MAX; page++) {
		json_t *answer;
		int r = client_get(arena, config, path, &answer, why, err);
		if (r)
			return r < 0 ? err_trace(err, r) : CLIENT_REFUSED;
		json_t *list = json_object_get(answer, "images");
		if (!json_is_array(list))
			return err_set(err, EPROTO, "the answer has no list of images");
		json_array_extend(images, list);
		path = json_str(answer, "next");
		if (!path.n)
			return 0;
		if (!str_starts(path, STR("/")))
			return err_set(err, EPROTO, "the next page is not a path of the server");
	}
	return err_set(err, E2BIG, "the list of images does not end");
}

enum cli_exit verb_image_ls(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct config *config;
	bool json;
	enum cli_exit code = prepare(cli, &config, &json);
	if (code != CLI_DONE)
		return code;
	struct str path = STR("/api/v1/images?n=1000");
	struct str repository = str_from(cli_option(cli, "repository"));
	if (repository.p) {
		struct str escaped = fetch_escape(cli->arena, repository);
		path = arena_printf(cli->arena, STR_FMT "&repository=" STR_FMT, STR_ARG(path),
			STR_ARG(escaped));
	}
	struct str why = STR("");
	AUTO_JSON json_t *root = json_object();
	json_t *images = json_put_list(root, "images");
	int r = gather_images(cli->arena, config, path, images, &why, &err);
	if (r)
		return client_fail(r, why, &err);
	return json ? print_json(root) : print_images(cli->arena, images);
}

/* --- image findings */

static enum cli_exit print_document(struct arena *arena, const json_t *document)
{
	struct err err = ERR_INIT;
	struct report_image image;
	if (report_findings_from_json(arena, document, &image, &err))
		return cli_fail(&err, "findings");
	AUTO_STRBUF struct strbuf text = STRBUF(REPORT_BYTES);
	report_findings_table(&image, cli_width(), &text);
	const json_t *children = json_list(document, "children");
	size_t i;
	json_t *child;
	json_array_foreach (children, i, child) {
		if (report_findings_from_json(arena, child, &image, &err))
			return cli_fail(&err, "findings");
		strbuf_add_char(&text, '\n');
		report_findings_table(&image, cli_width(), &text);
	}
	if (strbuf_failed(&text))
		return cli_fail(NULL, "the report is too large; --format json has no such limit");
	return cli_print(strbuf_view(&text));
}

static enum image_state state_of(const json_t *document)
{
	enum image_state state;
	return image_state_parse(json_str(document, "state"), &state) ? state : IMAGE_PENDING;
}

static bool parse_wait(const struct cli *cli, uint64_t *seconds)
{
	struct str text = str_from(cli_option(cli, "wait"));
	*seconds = 0;
	return !text.p || (str_parse_u64(text, seconds) && *seconds <= WAIT_SECONDS_MAX);
}

static void pause_ms(long ms)
{
	struct timespec pause = { .tv_nsec = ms * 1000000 };
	nanosleep(&pause, NULL);
}

/* Asks until there is a verdict or the time is over; the last answer counts. */
static int get_findings(struct cli *cli, const struct config *config, uint64_t wait_seconds,
	json_t **document, struct str *why, struct err *err)
{
	struct str escaped = fetch_escape(cli->arena, str_from(cli->arguments[0]));
	struct str path =
		arena_printf(cli->arena, "/api/v1/findings?image=" STR_FMT, STR_ARG(escaped));
	const struct clock *clock = os_clock();
	int64_t end = clock_monotonic(clock) + (int64_t)wait_seconds * 1000000;
	for (;;) {
		struct arena_mark mark = arena_mark(cli->arena);
		int r = client_get(cli->arena, config, path, document, why, err);
		if (r || state_of(*document) != IMAGE_PENDING || clock_monotonic(clock) >= end)
			return r < 0 ? err_trace(err, r) : r;
		arena_rollback(cli->arena, mark);
		pause_ms(WAIT_STEP_MS);
	}
}

static enum cli_exit findings_exit(
	const struct cli *cli, const struct threshold *threshold, const json_t *document)
{
	struct err err = ERR_INIT;
	struct report_image image;
	enum image_state state = state_of(document);
	if (state == IMAGE_PENDING && cli_option(cli, "wait"))
		return cli_fail(NULL, "%s: there is no verdict yet", cli->arguments[0]);
	if (!threshold->set)
		return CLI_DONE;
	if (report_findings_from_json(cli->arena, document, &image, &err))
		return cli_fail(&err, "findings");
	enum cli_exit code = threshold_exit(threshold, state, &image.counts);
	if (code == CLI_FAILURE)
		return cli_fail(NULL,
			"%s: nothing to hold against --fail-on: its state is " STR_FMT,
			cli->arguments[0], STR_ARG(image_state_name(state)));
	return code;
}

/* The server writes documents for other programs. By digest: a tag may have moved since. */
static enum cli_exit print_report(
	struct cli *cli, const struct config *config, enum report_format format, struct str digest)
{
	struct err err = ERR_INIT;
	struct oci_reference reference;
	struct str why = STR("");
	json_t *document;
	CHECK(oci_reference_parse(str_from(cli->arguments[0]), &reference));
	struct str image = arena_printf(
		cli->arena, STR_FMT "@" STR_FMT, STR_ARG(reference.repository), STR_ARG(digest));
	struct str path = arena_printf(cli->arena,
		"/api/v1/report?image=" STR_FMT "&format=" STR_FMT,
		STR_ARG(fetch_escape(cli->arena, image)), STR_ARG(report_format_name(format)));
	int r = client_get(cli->arena, config, path, &document, &why, &err);
	return r ? client_fail(r, why, &err) : print_json(document);
}

enum cli_exit verb_image_findings(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct config *config;
	struct threshold threshold;
	struct oci_reference reference;
	uint64_t wait_seconds;
	enum report_format format;
	enum cli_exit code = cli_report_format(cli, &format);
	if (code == CLI_DONE && config_from_cli(cli, &config, &err))
		code = cli_misuse(NULL, "%s", err_text(&err));
	if (code == CLI_DONE)
		code = threshold_from_cli(cli, &threshold);
	if (code != CLI_DONE)
		return code;
	if (!parse_wait(cli, &wait_seconds))
		return cli_misuse(
			cli, "--wait: a number of seconds up to %d expected", WAIT_SECONDS_MAX);
	if (!oci_reference_parse(str_from(cli->arguments[0]), &reference))
		return cli_misuse(cli, "\"%.200s\" is not REPO[:TAG|@DIGEST]", cli->arguments[0]);
	json_t *document;
	struct str why = STR("");
	int r = get_findings(cli, config, wait_seconds, &document, &why, &err);
	if (r)
		return client_fail(r, why, &err);
	if (format == REPORT_TABLE)
		code = print_document(cli->arena, document);
	else if (format == REPORT_JSON)
		code = print_json(document);
	else
		code = print_report(cli, config, format, json_str(document, "digest"));
	return code == CLI_DONE ? findings_exit(cli, &threshold, document) : code;
}
