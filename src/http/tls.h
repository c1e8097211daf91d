/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of the TLS listeners: read from two PEM files (certificate with its chain,
 * private key), read again when one of the files has changed. Each handshake looks, so the first
 * connection after a renewal has the new certificate; connections that are open stay as they are.
 * A pair that cannot be used (unreadable, halves that do not belong together) is logged and the
 * one before stays in force, until the files change once more. TLS 1.2 and newer. Any thread.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/clock.h"
#include "base/err.h"

struct http_tls;

/* Words name the file that is wrong and what is wrong with it. */
int http_tls_open(const char *certificate_file, const char *key_file, const struct clock *clock,
	struct http_tls **tls, struct err *err) MUST_CHECK;
/* Reads the files, perhaps others than before, whether they changed or not. On failure, which is
 * logged here, the pair in force stays, and so do its files. */
int http_tls_reload(struct http_tls *tls, const char *certificate_file, const char *key_file,
	struct err *err) MUST_CHECK;
void http_tls_close(struct http_tls **tls); /* after the servers that use it have stopped */

#endif
