/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distribution specification's common part: the ping, the translation of outcomes into wire
 * errors (the one table is errors.def), and the headers that answers about content share.
 */
#include "api/v2.h"

#include "base/strbuf.h"

struct outcome_row {
	int outcome;
	int status;
	const char *code;
	const char *message;
};

static const struct outcome_row outcome_rows[] = {
#define OUTCOME(outcome, status, code, message) { (outcome), (status), (code), (message) },
#include "api/errors.def"
#undef OUTCOME
};

void v2_base(struct http_exchange *x)
{
	http_set_header(x, "Docker-Distribution-API-Version", STR("registry/2.0"));
	http_reply_text(x, 200, "application/json", STR("{}"));
}

void v2_reply_failure(struct http_exchange *x, int result, struct str detail, const struct err *err)
{
	if (result < 0) {
		api_reply_internal(x, err);
		return;
	}
	size_t count = sizeof(outcome_rows) / sizeof(outcome_rows[0]);
	const struct outcome_row *row = outcome_rows;
	while (row < outcome_rows + count && row->outcome != result)
		row++;
	CHECK(row < outcome_rows + count);
	json_t *root = json_object();
	json_t *entry = json_add_object(json_put_list(root, "errors"));
	json_put_cstr(entry, "code", row->code);
	json_put_cstr(entry, "message", row->message);
	if (detail.n)
		json_put(entry, "detail", detail);
	/* RFC 9110 §15.5.6: a 405 names what is possible; what locks forbid leaves asking. */
	if (row->status == 405)
		http_set_header(x, "Allow",
			http_request_method(x) == HTTP_GET ? STR("HEAD") : STR("GET, HEAD"));
	http_reply_json(x, row->status, root);
}

struct str v2_location(
	struct http_exchange *x, struct str repository, const char *kind, struct str last)
{
	/* Names, digests, tags and ids that got this far hold nothing a path must escape. */
	return http_link(x, arena_printf(http_arena(x), "/v2/" STR_FMT "/%s/" STR_FMT,
				    STR_ARG(repository), kind, STR_ARG(last)));
}

void v2_set_digest(struct http_exchange *x, struct str digest)
{
	http_set_header(x, V2_DIGEST_HEADER, digest);
	http_set_header(x, "ETag", arena_printf(http_arena(x), "\"" STR_FMT "\"", STR_ARG(digest)));
}

bool v2_matches_etag(struct http_exchange *x, struct str digest)
{
	struct str rest = http_header(x, "If-None-Match");
	struct str tag;
	while (str_cut(&rest, ',', &tag)) {
		tag = str_trim(tag);
		if (str_eq(tag, STR("*")))
			return true;
		if (str_starts(tag, STR("W/")))
			tag = str_skip(tag, 2);
		if (tag.n >= 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"')
			tag = str_sub(tag, 1, tag.n - 2);
		if (str_eq(tag, digest))
			return true;
	}
	return false;
}
