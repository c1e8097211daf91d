/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running SHA-256 and SHA-512 whose state can leave the process (contract in digest.h). OpenSSL's
 * low-level SHA256_CTX and SHA512_CTX are used because EVP cannot save a state; they reach the same
 * assembly (SHA-NI where the processor has it). OpenSSL 3 marks them deprecated; the warning is
 * switched off in this file only, and digest state is nowhere else touched.
 *
 * Saved form, all numbers big-endian, so that any node can go on with it:
 *   "LZD" version(1) algorithm(1) pending count(1)
 *   chaining words (8 × 4 or 8 × 8 bytes) · message bytes so far (8) · pending bytes (as counted)
 * The pending bytes are the tail of the message that does not fill a block yet. A restored state
 * whose counts contradict each other is refused; wrong chaining words cannot be told apart from
 * right ones and end in a digest that does not match, which is the safe outcome.
 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#include "crypto/digest.h"

#include "base/check.h"
#include "base/hex.h"

#include <openssl/sha.h>
#include <string.h>

enum { SAVED_VERSION = 1, HEADER_SIZE = 6, WORDS = 8 };

_Static_assert(sizeof(SHA256_CTX) <= DIGEST_STATE_MAX, "state fits");
_Static_assert(sizeof(SHA512_CTX) <= DIGEST_STATE_MAX, "state fits");
_Static_assert(_Alignof(SHA512_CTX) <= 16, "state is aligned");
_Static_assert(HEADER_SIZE + WORDS * 8 + 8 + SHA512_CBLOCK <= DIGEST_STATE_MAX, "saved form fits");

static SHA256_CTX *sha256_of(struct digest *digest)
{
	return (SHA256_CTX *)(void *)digest->state;
}

static SHA512_CTX *sha512_of(struct digest *digest)
{
	return (SHA512_CTX *)(void *)digest->state;
}

void digest_init(struct digest *digest, enum digest_algorithm algorithm)
{
	CHECK(algorithm == DIGEST_SHA256 || algorithm == DIGEST_SHA512);
	memset(digest, 0, sizeof(*digest));
	digest->algorithm = algorithm;
	if (algorithm == DIGEST_SHA256)
		CHECK(SHA256_Init(sha256_of(digest)) == 1);
	else
		CHECK(SHA512_Init(sha512_of(digest)) == 1);
}

void digest_update(struct digest *digest, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	if (digest->algorithm == DIGEST_SHA256)
		CHECK(SHA256_Update(sha256_of(digest), bytes, n) == 1);
	else
		CHECK(SHA512_Update(sha512_of(digest), bytes, n) == 1);
}

void digest_final(struct digest *digest, char out[DIGEST_TEXT_MAX])
{
	uint8_t raw[SHA512_DIGEST_LENGTH];
	_Static_assert(sizeof("sha256:") == sizeof("sha512:"), "one prefix length");
	const size_t prefix = sizeof("sha256:") - 1;
	if (digest->algorithm == DIGEST_SHA256) {
		CHECK(SHA256_Final(raw, sha256_of(digest)) == 1);
		memcpy(out, "sha256:", prefix);
		hex_encode(raw, SHA256_DIGEST_LENGTH, out + prefix);
	} else {
		CHECK(SHA512_Final(raw, sha512_of(digest)) == 1);
		memcpy(out, "sha512:", prefix);
		hex_encode(raw, SHA512_DIGEST_LENGTH, out + prefix);
	}
}

void digest_bytes(enum digest_algorithm algorithm, struct str bytes, char out[DIGEST_TEXT_MAX])
{
	struct digest digest;
	digest_init(&digest, algorithm);
	digest_update(&digest, bytes.p, bytes.n);
	digest_final(&digest, out);
}

/* What both contexts have in common, in one shape. */
struct view {
	uint64_t words[WORDS];
	uint64_t message_bytes;
	unsigned char pending[SHA512_CBLOCK];
	size_t pending_count;
};

static size_t word_size(enum digest_algorithm algorithm)
{
	return algorithm == DIGEST_SHA256 ? 4 : 8;
}

static size_t block_size(enum digest_algorithm algorithm)
{
	return algorithm == DIGEST_SHA256 ? (size_t)SHA256_CBLOCK : (size_t)SHA512_CBLOCK;
}

static void view_get(const struct digest *digest, struct view *view)
{
	memset(view, 0, sizeof(*view));
	if (digest->algorithm == DIGEST_SHA256) {
		SHA256_CTX context;
		memcpy(&context, digest->state, sizeof(context));
		for (size_t i = 0; i < WORDS; i++)
			view->words[i] = context.h[i];
		view->message_bytes = (((uint64_t)context.Nh << 32) | context.Nl) / 8;
		view->pending_count = context.num;
		memcpy(view->pending, context.data, view->pending_count);
	} else {
		SHA512_CTX context;
		memcpy(&context, digest->state, sizeof(context));
		for (size_t i = 0; i < WORDS; i++)
			view->words[i] = context.h[i];
		view->message_bytes = ((uint64_t)context.Nh << 61) | (context.Nl >> 3);
		view->pending_count = context.num;
		memcpy(view->pending, context.u.p, view->pending_count);
	}
}

static void view_put(const struct view *view, struct digest *digest)
{
	if (digest->algorithm == DIGEST_SHA256) {
		SHA256_CTX *context = sha256_of(digest);
		for (size_t i = 0; i < WORDS; i++)
			context->h[i] = (SHA_LONG)view->words[i];
		context->Nh = (SHA_LONG)((view->message_bytes * 8) >> 32);
		context->Nl = (SHA_LONG)(view->message_bytes * 8);
		context->num = (unsigned)view->pending_count;
		memcpy(context->data, view->pending, view->pending_count);
	} else {
		SHA512_CTX *context = sha512_of(digest);
		for (size_t i = 0; i < WORDS; i++)
			context->h[i] = view->words[i];
		context->Nh = view->message_bytes >> 61;
		context->Nl = view->message_bytes << 3;
		context->num = (unsigned)view->pending_count;
		memcpy(context->u.p, view->pending, view->pending_count);
	}
}

static void put_number(unsigned char *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (unsigned char)(value >> (8 * (size - 1 - i)));
}

static uint64_t get_number(const unsigned char *in, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | in[i];
	return value;
}

size_t digest_save(const struct digest *digest, unsigned char out[DIGEST_STATE_MAX])
{
	struct view view;
	view_get(digest, &view);
	size_t width = word_size(digest->algorithm);
	memcpy(out, "LZD", 3);
	out[3] = SAVED_VERSION;
	out[4] = (unsigned char)digest->algorithm;
	out[5] = (unsigned char)view.pending_count;
	size_t n = HEADER_SIZE;
	for (size_t i = 0; i < WORDS; i++, n += width)
		put_number(out + n, view.words[i], width);
	put_number(out + n, view.message_bytes, 8);
	n += 8;
	memcpy(out + n, view.pending, view.pending_count);
	return n + view.pending_count;
}

static int header_check(struct str saved, struct err *err)
{
	if (saved.n < HEADER_SIZE || memcmp(saved.p, "LZD", 3) != 0)
		return err_set(err, EINVAL, "not a saved digest state");
	const unsigned char *in = (const unsigned char *)saved.p;
	if (in[3] != SAVED_VERSION)
		return err_set(err, EINVAL,
			"saved digest state has version %u, this program reads version %d", in[3],
			SAVED_VERSION);
	if (in[4] != DIGEST_SHA256 && in[4] != DIGEST_SHA512)
		return err_set(err, EINVAL, "saved digest state names unknown algorithm %u", in[4]);
	return 0;
}

int digest_restore(struct digest *digest, struct str saved, struct err *err)
{
	int result = header_check(saved, err);
	if (result < 0)
		return err_trace(err, result);
	const unsigned char *in = (const unsigned char *)saved.p;
	enum digest_algorithm algorithm = (enum digest_algorithm)in[4];
	size_t width = word_size(algorithm);
	struct view view = { .pending_count = in[5] };
	if (view.pending_count >= block_size(algorithm) ||
		saved.n != HEADER_SIZE + WORDS * width + 8 + view.pending_count)
		return err_set(
			err, EINVAL, "saved digest state has a wrong length (%zu bytes)", saved.n);
	in += HEADER_SIZE;
	for (size_t i = 0; i < WORDS; i++, in += width)
		view.words[i] = get_number(in, width);
	view.message_bytes = get_number(in, 8);
	if (view.message_bytes >> 60 ||
		view.message_bytes % block_size(algorithm) != view.pending_count)
		return err_set(err, EINVAL, "saved digest state has contradicting counts");
	memcpy(view.pending, in + 8, view.pending_count);
	digest_init(digest, algorithm);
	view_put(&view, digest);
	return 0;
}
