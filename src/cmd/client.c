/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a server; see client.h. */
#include "cmd/client.h"

#include "fetch/fetch.h"

enum {
	ANSWER_BYTES = 512 << 20, /* findings of an index with many large children */
	POST_SECONDS = 3600,
};

static struct str base_url(const struct config *config)
{
	struct str url = config_text(config, SETTING_CLIENT_SERVER);
	while (str_ends(url, STR("/")))
		url = str_sub(url, 0, url.n - 1);
	return url;
}

/* "message" of an error answer; else what the status says. */
static struct str refusal(struct arena *arena, const struct fetch_response *response)
{
	struct err ignored = ERR_INIT;
	json_t *root;
	if (json_parse_arena(arena, response->body, ANSWER_BYTES, &root, &ignored) == 0) {
		struct str message = json_str(json_obj(root, "error"), "message");
		if (message.n)
			return message;
	}
	return arena_printf(arena, "the server answers with status %ld", response->status);
}

static int ask(struct arena *arena, const struct config *config, struct str path,
	struct fetch_request *request, json_t **answer, struct str *why, struct err *err)
{
	struct str base = base_url(config);
	request->url = arena_printf(arena, STR_FMT STR_FMT, STR_ARG(base), STR_ARG(path)).p;
	request->max_bytes = ANSWER_BYTES;
	request->user_agent = "lazaret/" LAZARET_VERSION;
	struct fetch_response response;
	int r = fetch_run(request, arena, &response, err);
	if (r)
		return err_wrap(err, r, "asking " STR_FMT, STR_ARG(base));
	if (response.status != 200) {
		*why = refusal(arena, &response);
		return CLIENT_REFUSED;
	}
	r = json_parse_arena(arena, response.body, ANSWER_BYTES, answer, err);
	return r ? err_wrap(
			   err, r, "answer of " STR_FMT " (is it a lazaret server?)", STR_ARG(base))
		 : 0;
}

int client_get(struct arena *arena, const struct config *config, struct str path, json_t **answer,
	struct str *why, struct err *err)
{
	struct fetch_request request = { 0 };
	return ask(arena, config, path, &request, answer, why, err);
}

int client_post(struct arena *arena, const struct config *config, struct str path, json_t **answer,
	struct str *why, struct err *err)
{
	struct fetch_request request = {
		.method = "POST",
		.body = STR(""),
		.content_type = "application/json",
		.stall_seconds = POST_SECONDS,
	};
	return ask(arena, config, path, &request, answer, why, err);
}
