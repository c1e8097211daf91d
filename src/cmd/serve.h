/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server as one object: everything `lazaret serve` opens, in the order in which it must be
 * opened, wired together, and closed in reverse. verb_serve.c decides when; serve.c knows how.
 * Main thread only.
 */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "cmd/config.h"
#include "cmd/serve_http.h"

struct serve;

/*
 * Opens the data directory (created when absent), database, blobs, workers, scanner and judge, and
 * listens. On failure everything is closed again and err says what could not be opened and why.
 * config and http must outlive the server; http is from serve_http_read() and was opened.
 */
int serve_start(const struct config *config, const struct serve_http *http, struct serve **serve,
	struct err *err) MUST_CHECK;
uint16_t serve_port(const struct serve *serve, size_t listener);
/* "seccomp, landlock 4, rlimits": what confines the workers. */
struct str serve_sandbox(const struct serve *serve);
/* Id of the advisory snapshot in force; empty: none. out: 65 bytes. */
void serve_snapshot(const struct serve *serve, char out[65]);
/* Running requests may finish for grace_seconds, then everything is closed. Nulls *serve. */
void serve_stop(struct serve **serve, unsigned grace_seconds);

#endif
