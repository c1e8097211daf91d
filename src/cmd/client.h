/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client verbs share: asking the server for a JSON document. The server is client.server
 * of the settings (--server). Failures come with words about which server, and what to do. Main
 * thread.
 */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include "base/json.h"
#include "cmd/config.h"

enum { CLIENT_REFUSED = 1 };

/*
 * GET of server + path ("/api/v1/…" with its query). *answer lives in the arena. Outcome
 * CLIENT_REFUSED: the server answered with an error; *why is its message.
 */
int client_get(struct arena *arena, const struct config *config, struct str path, json_t **answer,
	struct str *why, struct err *err) MUST_CHECK;
/* The same as a POST without a body, for what may take the server up to an hour. */
int client_post(struct arena *arena, const struct config *config, struct str path, json_t **answer,
	struct str *why, struct err *err) MUST_CHECK;

#endif
