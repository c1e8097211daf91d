/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates (contract in tls.h). One pair of certificate chain and key is a generation and never
 * changes; the library below may use it in several handshakes at once. A generation that was
 * replaced is kept until the end, because a handshake may still hold it and the library does not
 * tell when it lets go; a renewal every few weeks costs some kilobytes each.
 */
#include "http/tls.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "http/tls_daemon.h"
#include "os/file.h"
#include "os/thread.h"

#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHAIN_MAX = 16, FILE_BYTES_MAX = 1 << 20, NAME_BYTES = 256, EXPIRY_WARNING_DAYS = 14 };

struct generation {
	struct generation *before;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned chain_count;
	gnutls_privkey_t key;
	char name[NAME_BYTES]; /* whose it is, for the log */
	int64_t expires_s;
};

/* What tells that a file is another one than it was. */
struct trace {
	struct timespec changed;
	ino_t inode;
	off_t size;
};

struct source {
	char *path;
	struct trace trace;
};

struct http_tls {
	const struct clock *clock;
	struct lock lock; /* guards all below */
	struct source certificate;
	struct source key;
	struct generation *current;
};

static void generation_free(struct generation *generation)
{
	while (generation) {
		struct generation *before = generation->before;
		for (unsigned i = 0; i < generation->chain_count; i++)
			gnutls_pcert_deinit(&generation->chain[i]);
		if (generation->key)
			gnutls_privkey_deinit(generation->key);
		free(generation);
		generation = before;
	}
}

static struct trace trace_of(const char *path)
{
	struct stat found;
	if (stat(path, &found))
		return (struct trace){ .size = -1 };
	return (struct trace){ found.st_mtim, found.st_ino, found.st_size };
}

static bool same_trace(const struct trace *a, const struct trace *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
	       a->inode == b->inode && a->size == b->size;
}

/* --- reading a pair */

static int read_file(const char *path, const char *what, char *text, size_t *n, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, "cannot open the %s %s", what, path);
	int result = file_read_full(fd, text, FILE_BYTES_MAX, n, err);
	if (result < 0)
		return err_wrap(err, result, "%s %s", what, path);
	if (*n == FILE_BYTES_MAX)
		return err_set(err, EFBIG, "the %s %s is too large to be one", what, path);
	return 0;
}

static int read_chain(struct generation *generation, const char *path, char *text, struct err *err)
{
	size_t n = 0;
	int result = read_file(path, "certificate", text, &n, err);
	if (result)
		return err_trace(err, result);
	gnutls_datum_t pem = { (unsigned char *)text, (unsigned)n };
	unsigned count = CHAIN_MAX;
	int code = gnutls_pcert_list_import_x509_raw(generation->chain, &count, &pem,
		GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	if (code < 0)
		return err_set(err, EINVAL,
			"the certificate %s is not a PEM chain beginning with the server's: %s",
			path, gnutls_strerror(code));
	generation->chain_count = count;
	return 0;
}

static int read_key(struct generation *generation, const char *path, char *text, struct err *err)
{
	size_t n = 0;
	int result = read_file(path, "private key", text, &n, err);
	if (result)
		return err_trace(err, result);
	CHECK(gnutls_privkey_init(&generation->key) == 0);
	gnutls_datum_t pem = { (unsigned char *)text, (unsigned)n };
	int code =
		gnutls_privkey_import_x509_raw(generation->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_memset(text, 0, n);
	if (code == GNUTLS_E_DECRYPTION_FAILED)
		return err_set(err, EINVAL,
			"the private key %s is encrypted; store it without a password, readable "
			"by the server only",
			path);
	if (code < 0)
		return err_set(err, EINVAL, "%s is not a private key in PEM: %s", path,
			gnutls_strerror(code));
	return 0;
}

/* Whether the key signs for the certificate: both have the same public key. */
static int check_pair(const struct generation *generation, const char *certificate_path,
	const char *key_path, struct err *err)
{
	unsigned char ours[64];
	unsigned char theirs[64];
	size_t ours_n = sizeof(ours);
	size_t theirs_n = sizeof(theirs);
	gnutls_pubkey_t public;
	CHECK(gnutls_pubkey_init(&public) == 0);
	int code = gnutls_pubkey_import_privkey(public, generation->key, 0, 0);
	if (code >= 0)
		code = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, ours, &ours_n);
	if (code >= 0)
		code = gnutls_pubkey_get_key_id(
			generation->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, theirs, &theirs_n);
	gnutls_pubkey_deinit(public);
	if (code < 0)
		return err_set(err, EINVAL, "the private key %s cannot be used: %s", key_path,
			gnutls_strerror(code));
	if (ours_n != theirs_n || memcmp(ours, theirs, ours_n) != 0)
		return err_set(err, EINVAL,
			"the private key %s does not belong to the certificate %s", key_path,
			certificate_path);
	return 0;
}

static int describe(struct generation *generation, const char *path, struct err *err)
{
	gnutls_x509_crt_t certificate;
	CHECK(gnutls_x509_crt_init(&certificate) == 0);
	int code = gnutls_x509_crt_import(
		certificate, &generation->chain[0].cert, GNUTLS_X509_FMT_DER);
	if (code >= 0) {
		size_t n = sizeof(generation->name);
		if (gnutls_x509_crt_get_subject_alt_name(
			    certificate, 0, generation->name, &n, NULL) < 0) {
			n = sizeof(generation->name);
			if (gnutls_x509_crt_get_dn(certificate, generation->name, &n) < 0)
				generation->name[0] = '\0';
		}
		generation->expires_s = gnutls_x509_crt_get_expiration_time(certificate);
	}
	gnutls_x509_crt_deinit(certificate);
	if (code < 0)
		return err_set(err, EINVAL, "the certificate %s cannot be read: %s", path,
			gnutls_strerror(code));
	return 0;
}

static int generation_read(const char *certificate_path, const char *key_path,
	struct generation **generation, struct err *err)
{
	struct generation *made = calloc(1, sizeof(*made));
	CHECK(made);
	char *text = malloc(FILE_BYTES_MAX);
	CHECK(text);
	int result = read_chain(made, certificate_path, text, err);
	if (!result)
		result = read_key(made, key_path, text, err);
	if (!result)
		result = check_pair(made, certificate_path, key_path, err);
	if (!result)
		result = describe(made, certificate_path, err);
	free(text);
	if (result) {
		generation_free(made);
		return err_trace(err, result);
	}
	*generation = made;
	return 0;
}

/* --- the pair in force */

static void log_loaded(const struct http_tls *tls)
{
	int64_t left_s = tls->current->expires_s - clock_wall(tls->clock) / 1000000;
	int64_t days = left_s / 86400 - (left_s < 0);
	log_event(days < EXPIRY_WARNING_DAYS ? EV_TLS_EXPIRES : EV_TLS_LOADED,
		F_CSTR("certificate", tls->certificate.path), F_CSTR("name", tls->current->name),
		F_I64("days_left", days));
}

/* Under the lock (or before anybody else knows the object). */
static int load(struct http_tls *tls, struct err *err)
{
	/* The traces first: a file that changes while it is read is read once more. */
	tls->certificate.trace = trace_of(tls->certificate.path);
	tls->key.trace = trace_of(tls->key.path);
	struct generation *fresh = NULL;
	int result = generation_read(tls->certificate.path, tls->key.path, &fresh, err);
	if (result)
		return err_trace(err, result);
	CHECK(fresh);
	fresh->before = tls->current;
	tls->current = fresh;
	log_loaded(tls);
	return 0;
}

static char *copy_path(const char *path)
{
	char *copy = strdup(path);
	CHECK(copy);
	return copy;
}

int http_tls_open(const char *certificate_file, const char *key_file, const struct clock *clock,
	struct http_tls **tls, struct err *err)
{
	struct http_tls *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->clock = clock;
	lock_init(&made->lock, LOCK_HTTP_TLS);
	made->certificate.path = copy_path(certificate_file);
	made->key.path = copy_path(key_file);
	int result = load(made, err);
	if (result) {
		http_tls_close(&made);
		return err_trace(err, result);
	}
	*tls = made;
	return 0;
}

int http_tls_reload(
	struct http_tls *tls, const char *certificate_file, const char *key_file, struct err *err)
{
	lock_take(&tls->lock);
	struct source certificate = tls->certificate;
	struct source key = tls->key;
	tls->certificate.path = copy_path(certificate_file);
	tls->key.path = copy_path(key_file);
	int result = load(tls, err);
	if (result) {
		log_event(EV_TLS_REFUSED, F_ERR(err));
		free(tls->certificate.path);
		free(tls->key.path);
		tls->certificate = certificate;
		tls->key = key;
	} else {
		free(certificate.path);
		free(key.path);
	}
	lock_release(&tls->lock);
	return result ? err_trace(err, result) : 0;
}

void http_tls_close(struct http_tls **tls)
{
	struct http_tls *ending = *tls;
	*tls = NULL;
	if (!ending)
		return;
	generation_free(ending->current);
	free(ending->certificate.path);
	free(ending->key.path);
	lock_destroy(&ending->lock);
	free(ending);
}

static void look(struct http_tls *tls)
{
	struct trace certificate = trace_of(tls->certificate.path);
	struct trace key = trace_of(tls->key.path);
	if (same_trace(&certificate, &tls->certificate.trace) && same_trace(&key, &tls->key.trace))
		return;
	struct err err = ERR_INIT;
	if (load(tls, &err))
		log_event(EV_TLS_REFUSED, F_ERR(&err));
}

void http_tls_current(
	struct http_tls *tls, gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key)
{
	lock_take(&tls->lock);
	look(tls);
	struct generation *current = tls->current;
	lock_release(&tls->lock);
	*chain = current->chain;
	*count = current->chain_count;
	*key = current->key;
}
