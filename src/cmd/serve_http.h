/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the HTTP server (listeners, certificate, proxies, external URL, limits) read and
 * checked, so that `lazaret serve` refuses a wrong one before anything is opened. Main thread only.
 */
#ifndef CMD_SERVE_HTTP_H
#define CMD_SERVE_HTTP_H

#include "cmd/config.h"
#include "cmd/listen.h"
#include "http/http.h"

struct serve_http {
	struct listen_list listen;
	struct http_listener listeners[LISTEN_LIST_MAX];
	struct http_tls *tls;	       /* NULL: no certificate */
	struct http_settings settings; /* routes, fallback, context and clock are for the caller */
};

/*
 * -EINVAL with words that name the setting. Text of config is borrowed, the rest is in the arena;
 * both must outlive *http, which stays where it is while a server runs on it.
 */
int serve_http_read(struct arena *arena, const struct config *config, struct serve_http *http,
	struct err *err) MUST_CHECK;
/* Opens the certificate, if there is to be one. */
int serve_http_open(
	struct serve_http *http, const struct config *config, struct err *err) MUST_CHECK;
/* Takes over a new certificate, perhaps of other files; a failure is logged and changes nothing. */
void serve_http_reload(struct serve_http *http, const struct config *config);
void serve_http_close(struct serve_http *http); /* after the server has stopped */

#endif
