/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: published vectors, and states that leave the process and come back. */
#include "crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char sha256_empty[] =
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* FIPS 180-4 examples: empty, one block, two blocks, a million times "a". */
static const struct {
	enum digest_algorithm algorithm;
	const char *text;
	unsigned times;
	const char *digest;
} vectors[] = {
	{ DIGEST_SHA256, "", 1, sha256_empty },
	{ DIGEST_SHA256, "abc", 1,
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ DIGEST_SHA256, "a", 1000000,
		"sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ DIGEST_SHA512, "abc", 1,
		"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ DIGEST_SHA512, "a", 1000000,
		"sha512:e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
		"de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b" },
};

static void published_vectors_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct digest digest;
		char text[DIGEST_TEXT_MAX];
		digest_init(&digest, vectors[i].algorithm);
		for (unsigned n = 0; n < vectors[i].times; n++)
			digest_update(&digest, vectors[i].text, strlen(vectors[i].text));
		digest_final(&digest, text);
		assert_string_equal(text, vectors[i].digest);
	}
}

static void fill(unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(i * 131 + (i >> 8) * 7 + 3);
}

/* Hashes `before` bytes, saves, restores into another object, hashes the rest. */
static void hash_in_two(enum digest_algorithm algorithm, const unsigned char *bytes, size_t before,
	size_t n, char out[DIGEST_TEXT_MAX])
{
	struct digest first;
	struct digest second;
	unsigned char saved[DIGEST_STATE_MAX];
	digest_init(&first, algorithm);
	digest_update(&first, bytes, before);
	size_t length = digest_save(&first, saved);
	memset(&first, 0xa5, sizeof(first));
	memset(&second, 0x5a, sizeof(second));
	struct err err = ERR_INIT;
	assert_int_equal(digest_restore(&second, (struct str){ (char *)saved, length }, &err), 0);
	digest_update(&second, bytes + before, n - before);
	digest_final(&second, out);
}

static void a_restored_state_goes_on_exactly(void **state)
{
	(void)state;
	unsigned char bytes[700];
	fill(bytes, sizeof(bytes));
	for (int algorithm = DIGEST_SHA256; algorithm <= DIGEST_SHA512; algorithm++) {
		char whole[DIGEST_TEXT_MAX];
		char parts[DIGEST_TEXT_MAX];
		digest_bytes((enum digest_algorithm)algorithm,
			(struct str){ (char *)bytes, sizeof(bytes) }, whole);
		for (size_t before = 0; before <= 300; before++) {
			hash_in_two((enum digest_algorithm)algorithm, bytes, before, sizeof(bytes),
				parts);
			assert_string_equal(parts, whole);
		}
	}
}

static void a_count_past_32_bits_survives(void **state)
{
	(void)state;
	/* The low word of SHA-256's bit count has run over: 640 MiB are more than 2^32 bits. */
	enum { CHUNK = 1 << 20, CHUNKS = 640 };
	unsigned char *chunk = malloc(CHUNK);
	assert_non_null(chunk);
	fill(chunk, CHUNK);
	struct digest straight;
	digest_init(&straight, DIGEST_SHA256);
	for (int i = 0; i < CHUNKS; i++)
		digest_update(&straight, chunk, CHUNK);
	unsigned char saved[DIGEST_STATE_MAX];
	size_t length = digest_save(&straight, saved);
	struct digest resumed;
	assert_int_equal(digest_restore(&resumed, (struct str){ (char *)saved, length }, NULL), 0);
	digest_update(&straight, "x", 1);
	digest_update(&resumed, "x", 1);
	char expected[DIGEST_TEXT_MAX];
	char got[DIGEST_TEXT_MAX];
	digest_final(&straight, expected);
	digest_final(&resumed, got);
	assert_string_equal(got, expected);
	free(chunk);
}

/* The saved form is a contract between nodes and releases: its bytes must not change. */
static void the_saved_form_is_fixed(void **state)
{
	(void)state;
	static const unsigned char expected[] = "LZD\x01\x00\x03"
						"\x6a\x09\xe6\x67\xbb\x67\xae\x85"
						"\x3c\x6e\xf3\x72\xa5\x4f\xf5\x3a"
						"\x51\x0e\x52\x7f\x9b\x05\x68\x8c"
						"\x1f\x83\xd9\xab\x5b\xe0\xcd\x19"
						"\x00\x00\x00\x00\x00\x00\x00\x03"
						"abc";
	struct digest digest;
	unsigned char saved[DIGEST_STATE_MAX];
	digest_init(&digest, DIGEST_SHA256);
	digest_update(&digest, "abc", 3);
	assert_int_equal(digest_save(&digest, saved), sizeof(expected) - 1);
	assert_memory_equal(saved, expected, sizeof(expected) - 1);
}

static void assert_refused(const unsigned char *saved, size_t n)
{
	struct digest digest;
	struct err err = ERR_INIT;
	assert_int_equal(
		digest_restore(&digest, (struct str){ (const char *)saved, n }, &err), -EINVAL);
	assert_true(err.code == -EINVAL && err.text[0]);
}

static void damaged_states_are_refused(void **state)
{
	(void)state;
	struct digest digest;
	unsigned char saved[DIGEST_STATE_MAX + 1] = { 0 };
	digest_init(&digest, DIGEST_SHA256);
	digest_update(&digest,
		"seventy bytes of text, so that one block is full and a few are left ..", 70);
	size_t n = digest_save(&digest, saved);
	for (size_t shorter = 0; shorter < n; shorter++)
		assert_refused(saved, shorter);
	assert_refused(saved, n + 1);
	/* magic, version, algorithm, pending count; then the count of message bytes */
	const size_t counts = 6 + 32;
	for (size_t i = 0; i < 6; i++) {
		saved[i] ^= 0x40;
		assert_refused(saved, n);
		saved[i] ^= 0x40;
	}
	saved[counts] ^= 0x80; /* more bytes than can be counted in bits */
	assert_refused(saved, n);
	saved[counts] ^= 0x80;
	saved[counts + 7] ^= 0x01; /* does not agree with what is pending */
	assert_refused(saved, n);
	saved[counts + 7] ^= 0x01;
	assert_int_equal(digest_restore(&digest, (struct str){ (char *)saved, n }, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_hold),
		cmocka_unit_test(a_restored_state_goes_on_exactly),
		cmocka_unit_test(a_count_past_32_bits_survives),
		cmocka_unit_test(the_saved_form_is_fixed),
		cmocka_unit_test(damaged_states_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
