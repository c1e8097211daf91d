/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of the distribution surface with the real registry, store and blob files in a directory
 * of its own, asked with raw bytes over one connection. Whatever a helper finds wrong fails the
 * test.
 */
#ifndef TEST_V2_FIXTURE_H
#define TEST_V2_FIXTURE_H

#include "api/api.h"
#include "blob/blob.h"
#include "crypto/digest.h"
#include "registry/registry.h"
#include "store/store.h"

#include "../http/raw_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TYPE "application/vnd.oci.image.manifest.v1+json"

struct v2_server {
	char directory[64];
	struct store *store;
	struct blob_store *blobs;
	struct registry *registry;
	struct api_context api;
	struct http_server *server;
	uint16_t port;
	int fd;
};

extern struct v2_server with;
extern struct raw_answer answer;     /* of the last request */
extern char digest[DIGEST_TEXT_MAX]; /* of the last digest_of() */

int start(void **state);
int stop(void **state);

/* One request on the shared connection; more are header lines, each with its CRLF. */
int ask(const char *method, const char *target, const char *more, struct str body);
/* Text that lasts until the next call. */
const char *formatted(const char *format, ...) PRINTF_LIKE(1, 2);
const char *digest_of(struct str content);
void assert_header(const char *name, const char *value);
void assert_code(const char *code);

/* Starts an upload; its Location stays in out. */
void start_upload(const char *repository, char out[256]);
void push_blob(const char *repository, struct str content);
/* Pushes a manifest without layers; subject may be NULL. Its digest is in digest, the result is the
 * status. */
int push_manifest(const char *repository, const char *tag, const char *subject);

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

#endif
