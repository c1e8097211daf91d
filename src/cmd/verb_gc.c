/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lazaret gc`: asks a running server what its garbage collector would remove (--dry-run), or has
 * it run a round now (--now). The server's own rules hold in either case, its grace included.
 */
#include "base/cleanup.h"
#include "cmd/client.h"
#include "cmd/verbs.h"

#include <stdlib.h>

enum { REPORT_BYTES = 1 << 20 };

static void add_row(const json_t *answer, const char *member, const char *words, struct strbuf *out)
{
	strbuf_addf(out, "%-24s %lld\n", words, (long long)json_int(answer, member, 0));
}

static void gc_table(const json_t *answer, bool now, struct strbuf *out)
{
	strbuf_add_cstr(out, now ? "removed\n" : "a round would remove\n");
	add_row(answer, "manifests", "  manifests", out);
	add_row(answer, "links", "  blobs of repositories", out);
	add_row(answer, "blobs", "  files", out);
	add_row(answer, "bytes", "  bytes", out);
	add_row(answer, "uploads", "  uploads", out);
	add_row(answer, "pinned", "kept for open uploads", out);
	if (now)
		add_row(answer, "failures", "put off (see the log)", out);
	else
		add_row(answer, "waiting", "waiting for their grace", out);
}

static enum cli_exit print_answer(const json_t *answer, bool now, bool json)
{
	AUTO_STRBUF struct strbuf out = STRBUF(REPORT_BYTES);
	if (json) {
		AUTO_FREE char *text = json_dump(answer, true);
		strbuf_addf(&out, "%s\n", text);
	} else {
		gc_table(answer, now, &out);
	}
	enum cli_exit code = cli_print(strbuf_view(&out));
	if (code == CLI_DONE && json_int(answer, "failures", 0))
		return cli_fail(NULL, "not everything could be removed; the server's log says why");
	return code;
}

enum cli_exit verb_gc(struct cli *cli)
{
	bool json;
	struct err err = ERR_INIT;
	struct config *config;
	bool now = cli_option(cli, "now") != NULL;
	enum cli_exit code = cli_format(cli, &json);
	if (code != CLI_DONE)
		return code;
	if (now == (cli_option(cli, "dry-run") != NULL))
		return cli_misuse(cli, "either --dry-run or --now is needed");
	if (config_from_cli(cli, &config, &err))
		return cli_misuse(NULL, "%s", err_text(&err));
	json_t *answer;
	struct str why;
	int r = now ? client_post(cli->arena, config, STR("/api/v1/gc"), &answer, &why, &err)
		    : client_get(cli->arena, config, STR("/api/v1/gc"), &answer, &why, &err);
	if (r == CLIENT_REFUSED)
		return cli_fail(NULL, STR_FMT, STR_ARG(why));
	if (r < 0) {
		(void)cli_fail(&err, "no answer");
		cli_note("start a server with `lazaret serve`, or name another one with --server "
			 "URL");
		return CLI_FAILURE;
	}
	return print_answer(answer, now, json);
}
