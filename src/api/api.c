/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route table and the wording of errors (contract in api.h). Which format an error has is
 * decided here and nowhere else, from the path: so also a request that found no route at all is
 * answered in the format its client understands.
 */
#include "api/api.h"

#include "api/handlers.h"
#include "base/log.h"
#include "base/strbuf.h"

enum { ERROR_MESSAGE_MAX = 2048 };

static const struct http_route routes[] = {
#define ROUTE(method_, pattern_, permission_, handler_, flags_, doc_)                              \
	{ .method = HTTP_##method_,                                                                \
		.pattern = (pattern_),                                                             \
		.permission = (permission_),                                                       \
		.handle = (handler_),                                                              \
		.flags = (flags_),                                                                 \
		.doc = (doc_) },
#define STREAM(method_, pattern_, permission_, sink_, flags_, doc_)                                \
	{ .method = HTTP_##method_,                                                                \
		.pattern = (pattern_),                                                             \
		.permission = (permission_),                                                       \
		.sink = &(sink_),                                                                  \
		.flags = (flags_),                                                                 \
		.doc = (doc_) },
#include "api/routes.def"
#undef ROUTE
#undef STREAM
};

void api_routes(const struct http_route **table, size_t *count)
{
	*table = routes;
	*count = sizeof(routes) / sizeof(routes[0]);
}

/* Answers in the distribution specification's form: its own surface, and Azure's additions. */
static bool path_is_v2(struct str path)
{
	return str_eq(path, STR("/v2")) || str_starts(path, STR("/v2/")) ||
	       str_starts(path, STR("/acr/"));
}

static json_t *error_body(struct str path, const char *code, struct str message)
{
	json_t *root = json_object();
	json_t *entry = path_is_v2(path) ? json_add_object(json_put_list(root, "errors"))
					 : json_put_object(root, "error");
	json_put_cstr(entry, "code", code);
	json_put(entry, "message", message);
	return root;
}

void api_reply_error(struct http_exchange *x, int status, const char *code, const char *format, ...)
{
	AUTO_STRBUF struct strbuf message = STRBUF(ERROR_MESSAGE_MAX);
	va_list args;
	va_start(args, format);
	strbuf_vaddf(&message, format, args);
	va_end(args);
	struct str text = strbuf_failed(&message) ? STR("the request cannot be served")
						  : strbuf_view(&message);
	http_reply_json(x, status, error_body(http_path(x), code, text));
}

void api_log_internal(struct http_exchange *x, const struct err *err)
{
	char path[512];
	err_path(err, path, sizeof(path));
	log_event(EV_REQUEST_FAILED, F_STR("id", http_request_id(x)),
		F_STR("method", http_method_name(http_request_method(x))),
		F_STR("path", http_path(x)), F_ERR(err), F_CSTR("at", path));
}

void api_reply_internal(struct http_exchange *x, const struct err *err)
{
	api_log_internal(x, err);
	bool v2 = path_is_v2(http_path(x));
	struct str id = http_request_id(x);
	api_reply_error(x, 500, v2 ? "UNKNOWN" : "InternalServerError",
		"the server failed; its log says why under request id " STR_FMT, STR_ARG(id));
}

struct fallback_code {
	int status;
	const char *v2;
	const char *other;
};

static const struct fallback_code fallback_codes[] = {
	{ 404, "NAME_UNKNOWN", "ResourceNotFound" },
	{ 405, "UNSUPPORTED", "MethodNotAllowed" },
	{ 413, "SIZE_INVALID", "RequestEntityTooLarge" },
	{ 414, "UNSUPPORTED", "RequestUriTooLong" },
	{ 429, "TOOMANYREQUESTS", "TooManyRequests" },
	{ 431, "UNSUPPORTED", "RequestHeadersTooLarge" },
	{ 400, "UNSUPPORTED", "BadRequest" },
};

void api_fallback(struct http_exchange *x, int status, const char *why)
{
	const struct fallback_code *code = fallback_codes;
	const struct fallback_code *last =
		&fallback_codes[sizeof(fallback_codes) / sizeof(fallback_codes[0]) - 1];
	while (code < last && code->status != status)
		code++;
	bool v2 = path_is_v2(http_path(x));
	if (v2)
		http_set_header(x, "Docker-Distribution-API-Version", STR("registry/2.0"));
	api_reply_error(x, status, v2 ? code->v2 : code->other, "%s", why);
}

bool api_param_u64(struct http_exchange *x, const char *name, uint64_t *value)
{
	struct str text = http_param(x, name);
	return !text.p || str_parse_u64(text, value);
}
