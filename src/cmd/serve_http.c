/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to struct http_settings; see serve_http.h. */
#include "cmd/serve_http.h"

#include "http/tls.h"
#include "os/clock.h"

static int check_listeners(const struct config *config, struct serve_http *http, struct err *err)
{
	bool certificate = config_text(config, SETTING_TLS_CERTIFICATE).n > 0;
	if (certificate != (config_text(config, SETTING_TLS_KEY).n > 0))
		return err_set(err, EINVAL, "tls.certificate and tls.key belong together");
	int result = listen_list_parse(
		config_text(config, SETTING_SERVER_LISTEN), certificate, &http->listen, err);
	if (result)
		return err_wrap(err, result, "server.listen");
	bool plain_allowed = config_bool(config, SETTING_SERVER_ALLOW_PLAIN_HTTP);
	for (size_t i = 0; i < http->listen.n; i++) {
		const struct listen_address *address = &http->listen.items[i];
		if (!address->tls && !address->loopback && !plain_allowed)
			return err_set(err, EINVAL,
				"other machines could reach %s over plain HTTP: passwords and "
				"images would travel readable; give a certificate (tls.certificate "
				"and tls.key), or listen on 127.0.0.1 behind a proxy that speaks "
				"TLS, or ask for it with --set server.allow_plain_http=true",
				address->address);
		http->listeners[i] = (struct http_listener){ .address = address->address,
			.port = address->port };
	}
	http->settings.listeners = http->listeners;
	http->settings.listener_count = http->listen.n;
	return 0;
}

/* "https://host[:port][/path]"; in the arena without final slash. */
static int check_external_url(
	struct arena *arena, const struct config *config, struct serve_http *http, struct err *err)
{
	struct str text = config_text(config, SETTING_SERVER_EXTERNAL_URL);
	if (!text.n)
		return 0;
	struct str rest = STR_NULL;
	if (str_starts(text, STR("https://")))
		rest = str_skip(text, 8);
	else if (str_starts(text, STR("http://")))
		rest = str_skip(text, 7);
	size_t slash = str_find(rest, '/');
	struct http_forwarded path = { .prefix = STR_NULL };
	struct str host = slash == STR_NONE ? rest : str_sub(rest, 0, slash);
	if (slash != STR_NONE)
		http_forwarded_prefix(str_skip(rest, slash), &path);
	bool path_good = slash == STR_NONE || slash + 1 == rest.n || path.prefix.n;
	if (!http_host_valid(host) || !path_good)
		return err_set(err, EINVAL,
			"server.external_url: \"" STR_FMT
			"\" is not a URL like https://registry.example.org or "
			"https://example.org/registry",
			STR_ARG(str_sub(text, 0, 200)));
	while (str_ends(text, STR("/")))
		text = str_sub(text, 0, text.n - 1);
	http->settings.external_url = arena_cstr(arena, text);
	return 0;
}

static unsigned number(const struct config *config, enum setting setting)
{
	return (unsigned)config_number(config, setting);
}

int serve_http_read(
	struct arena *arena, const struct config *config, struct serve_http *http, struct err *err)
{
	*http = (struct serve_http){ .tls = NULL };
	int result = check_listeners(config, http, err);
	if (!result)
		result = check_external_url(arena, config, http, err);
	if (result)
		return err_trace(err, result);
	result = http_networks_parse(
		arena, config_text(config, SETTING_PROXY_TRUSTED), &http->settings.trusted, err);
	if (result)
		return err_wrap(err, result, "proxy.trusted");
	bool rfc = str_eq(config_text(config, SETTING_PROXY_HEADERS), STR("forwarded"));
	http->settings.forwarded = rfc ? HTTP_FORWARDED_RFC : HTTP_FORWARDED_X;
	http->settings.idle_seconds = number(config, SETTING_SERVER_IDLE_SECONDS);
	http->settings.limits = (struct http_limits){
		.connections = number(config, SETTING_SERVER_CONNECTIONS),
		.client_connections = number(config, SETTING_LIMITS_CLIENT_CONNECTIONS),
		.requests = number(config, SETTING_LIMITS_REQUESTS),
		.client_requests = number(config, SETTING_LIMITS_CLIENT_REQUESTS),
		.uploads = number(config, SETTING_LIMITS_UPLOADS),
		.client_uploads = number(config, SETTING_LIMITS_CLIENT_UPLOADS),
		.client_rate = number(config, SETTING_LIMITS_CLIENT_RATE),
		.client_burst = number(config, SETTING_LIMITS_CLIENT_BURST),
		.body_rate = number(config, SETTING_LIMITS_BODY_RATE),
		.body_grace_seconds = number(config, SETTING_LIMITS_BODY_GRACE_SECONDS),
	};
	return 0;
}

int serve_http_open(struct serve_http *http, const struct config *config, struct err *err)
{
	if (!config_text(config, SETTING_TLS_CERTIFICATE).n)
		return 0;
	int result = http_tls_open(config_cstr(config, SETTING_TLS_CERTIFICATE),
		config_cstr(config, SETTING_TLS_KEY), os_clock(), &http->tls, err);
	if (result)
		return err_wrap(err, result, "TLS");
	for (size_t i = 0; i < http->listen.n; i++)
		if (http->listen.items[i].tls)
			http->listeners[i].tls = http->tls;
	return 0;
}

void serve_http_reload(struct serve_http *http, const struct config *config)
{
	const char *certificate = config_cstr(config, SETTING_TLS_CERTIFICATE);
	const char *key = config_cstr(config, SETTING_TLS_KEY);
	if (!http->tls || !*certificate || !*key)
		return; /* to begin or to end with TLS needs other listeners, that is a restart */
	struct err logged = ERR_INIT;
	int ignored = http_tls_reload(http->tls, certificate, key, &logged);
	(void)ignored;
}

void serve_http_close(struct serve_http *http)
{
	http_tls_close(&http->tls);
}
