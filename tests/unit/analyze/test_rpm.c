/* SPDX-License-Identifier: Apache-2.0 */
/* rpm's headers and databases byte by byte: what counts, and that damage ends. The databases
 * themselves are compared with rpm in tests/system/test_packages_native.py. */
#include "analyze/rpm_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { INT32 = 4, TEXT = 6, TEXTS = 8 };

struct fixture {
	struct arena *arena;
	struct layer_inventory inventory;
	struct owned *owned;
	struct analyze_sink sink;
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .arena = arena_new(0), .owned = owned_new() };
	f->sink.arena = f->arena;
	f->sink.inventory = &f->inventory;
	f->sink.owned = f->owned;
}

static void end(struct fixture *f)
{
	owned_free(&f->owned);
	arena_free(&f->arena);
}

static void put_be32(struct strbuf *out, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		strbuf_add_char(out, (char)(unsigned char)(value >> shift));
}

static void put_le32(struct strbuf *out, uint32_t value)
{
	for (int shift = 0; shift < 32; shift += 8)
		strbuf_add_char(out, (char)(unsigned char)(value >> shift));
}

/* A header under construction: index and store. */
struct builder {
	struct strbuf index, store;
	uint32_t entries;
};

#define BUILDER                                                                                    \
	{                                                                                          \
		.index = STRBUF(1 << 16), .store = STRBUF(1 << 16)                                 \
	}

static void put_tag(struct builder *b, uint32_t tag, uint32_t type, uint32_t count)
{
	put_be32(&b->index, tag);
	put_be32(&b->index, type);
	put_be32(&b->index, (uint32_t)b->store.n);
	put_be32(&b->index, count);
	b->entries++;
}

static void put_text(struct builder *b, uint32_t tag, const char *text)
{
	put_tag(b, tag, TEXT, 1);
	strbuf_add(&b->store, text, strlen(text) + 1);
}

static void finish(struct builder *b, struct strbuf *out)
{
	put_be32(out, b->entries);
	put_be32(out, (uint32_t)b->store.n);
	strbuf_add_str(out, strbuf_view(&b->index));
	strbuf_add_str(out, strbuf_view(&b->store));
	strbuf_free(&b->index);
	strbuf_free(&b->store);
}

static void put_nevra(struct builder *b)
{
	put_text(b, 1000, "bash");
	put_text(b, 1001, "5.1");
	put_text(b, 1002, "4.el9");
}

static int read_built(struct fixture *f, struct builder *b)
{
	AUTO_STRBUF struct strbuf blob = STRBUF(1 << 17);
	finish(b, &blob);
	return rpm_header_read(strbuf_view(&blob), &f->sink, &f->err);
}

static void a_header_is_read_whole(void **state)
{
	(void)state;
	struct fixture f;
	struct builder b = BUILDER;
	begin(&f);
	put_nevra(&b);
	put_tag(&b, 1003, INT32, 1);
	put_be32(&b.store, 7);
	put_text(&b, 1011, "Tests, Inc.");
	put_text(&b, 1014, "GPLv3+");
	put_text(&b, 1022, "x86_64");
	put_text(&b, 1044, "bash-5.1-4.el9.src.rpm");
	put_text(&b, 5096, "bash:stable:8:9");
	put_tag(&b, 1117, TEXTS, 2);
	strbuf_add(&b.store, "bash\0bashrc", sizeof("bash\0bashrc"));
	put_tag(&b, 1118, TEXTS, 2);
	strbuf_add(&b.store, "/usr/bin/\0/etc/", sizeof("/usr/bin/\0/etc/"));
	put_tag(&b, 1116, INT32, 2);
	put_be32(&b.store, 0);
	put_be32(&b.store, 1);
	assert_int_equal(read_built(&f, &b), 0);
	assert_int_equal(f.inventory.packages.n, 1);
	const struct package *package = f.inventory.packages.items;
	assert_true(str_eq(package->name, STR("bash")));
	assert_true(str_eq(package->version, STR("7:5.1-4.el9")));
	assert_true(str_eq(package->source_name, STR("bash")));
	assert_true(str_eq(package->source_version, STR("7:5.1-4.el9")));
	assert_true(str_eq(package->arch, STR("x86_64")));
	assert_true(str_eq(package->supplier, STR("Tests, Inc.")));
	assert_true(str_eq(package->licence, STR("GPLv3+")));
	assert_true(str_eq(package->module, STR("bash:stable:8:9")));
	assert_true(str_eq(owned_find(f.owned, STR("bin/bash")), STR("rpm:bash")));
	assert_true(str_eq(owned_find(f.owned, STR("etc/bashrc")), STR("rpm:bash")));
	assert_int_equal(owned_find(f.owned, STR("etc/bash")).n, 0);
	end(&f);
}

static void old_file_lists_are_read(void **state)
{
	(void)state;
	struct fixture f;
	struct builder b = BUILDER;
	begin(&f);
	put_nevra(&b);
	put_tag(&b, 1027, TEXTS, 1);
	strbuf_add(&b.store, "/opt/x", sizeof("/opt/x"));
	assert_int_equal(read_built(&f, &b), 0);
	assert_true(str_eq(owned_find(f.owned, STR("opt/x")), STR("rpm:bash")));
	end(&f);
}

static void source_packages_are_split_from_the_right(void **state)
{
	(void)state;
	static const struct {
		const char *file, *name, *version;
	} rows[] = {
		{ "bash-5.1-4.el9.src.rpm", "bash", "5.1-4.el9" },
		{ "perl-Pod-Escapes-1.07-460.el9.src.rpm", "perl-Pod-Escapes", "1.07-460.el9" },
		{ "x-1-1.nosrc.rpm", "x", "1-1" },
		{ "(none)", NULL, NULL },
		{ "x-1.src.rpm", NULL, NULL },
		{ "-1-1.src.rpm", NULL, NULL },
		{ "bash-5.1-4.el9.rpm", NULL, NULL },
		{ "", NULL, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str name = STR("");
		struct str version = STR("");
		bool split = rpm_source_split(str_from(rows[i].file), &name, &version);
		assert_int_equal(split, rows[i].name != NULL);
		if (!split)
			continue;
		assert_true(str_eq(name, str_from(rows[i].name)));
		assert_true(str_eq(version, str_from(rows[i].version)));
	}
}

/* The epoch of the source package is that of the package only if they have the same version. */
static void epochs_are_put_in_front(void **state)
{
	(void)state;
	static const struct {
		const char *epoch, *source, *version, *source_version;
	} rows[] = {
		{ "0", "a-1-2.src.rpm", "1-2", "1-2" },
		{ "", "a-1-2.src.rpm", "1-2", "1-2" },
		{ "(none)", "a-1-2.src.rpm", "1-2", "1-2" },
		{ "3", "a-1-2.src.rpm", "3:1-2", "3:1-2" },
		{ "3", "a-9-2.src.rpm", "3:1-2", "9-2" },
		{ "3", "(none)", "3:1-2", "3:1-2" },
	};
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct rpm_texts texts = { .name = STR("b"),
			.epoch = str_from(rows[i].epoch),
			.version = STR("1"),
			.release = STR("2"),
			.source_rpm = str_from(rows[i].source) };
		struct package package = { 0 };
		rpm_package_fill(arena, &texts, &package);
		assert_true(str_eq(package.version, str_from(rows[i].version)));
		assert_true(str_eq(package.source_version, str_from(rows[i].source_version)));
	}
	arena_free(&arena);
}

static void damaged_headers_are_told(void **state)
{
	(void)state;
	for (int damage = 0; damage < 6; damage++) {
		struct fixture f;
		struct builder b = BUILDER;
		begin(&f);
		if (damage)
			put_nevra(&b);
		if (damage == 1) { /* outside the store */
			put_tag(&b, 1022, TEXT, 1);
			memset(b.index.p + b.index.n - 8, 0x7f, 4);
		} else if (damage == 2) { /* more names than indexes */
			put_tag(&b, 1118, TEXTS, 1);
			strbuf_add(&b.store, "/", 2);
			put_tag(&b, 1116, INT32, 1);
			put_be32(&b.store, 0);
			put_tag(&b, 1117, TEXTS, 2);
			strbuf_add(&b.store, "a\0b", 4);
		} else if (damage == 3) { /* an index without a directory */
			put_tag(&b, 1118, TEXTS, 1);
			strbuf_add(&b.store, "/", 2);
			put_tag(&b, 1116, INT32, 1);
			put_be32(&b.store, 1);
			put_tag(&b, 1117, TEXTS, 1);
			strbuf_add(&b.store, "a", 2);
		} else if (damage == 4) { /* two billion directories */
			put_tag(&b, 1117, TEXTS, 0);
			put_tag(&b, 1116, INT32, 0);
			put_tag(&b, 1118, TEXTS, 0x7fffffff);
			strbuf_add(&b.store, "/", 2);
		} else if (damage == 5) { /* a text without an end */
			put_tag(&b, 1117, TEXTS, 1);
			put_tag(&b, 1116, INT32, 1);
			put_be32(&b.store, 0);
			put_tag(&b, 1118, TEXTS, 1);
			strbuf_add(&b.store, "/usr", 4);
		}
		assert_true(read_built(&f, &b) < 0);
		assert_true(f.err.text[0] != 0);
		end(&f);
	}
}

/* --- Berkeley DB */

enum { PAGE = 512 };

/* Three pages: the head, a hash page with one record, an overflow page with its value. */
static void build_berkeley(struct strbuf *out, struct str header, uint32_t next, uint32_t length)
{
	char *p = strbuf_reserve(out, 3 * PAGE);
	assert_true(header.n <= PAGE - 26);
	memset(p, 0, 3 * PAGE);
	memcpy(p + 12, "\x61\x15\x06", 3);
	p[21] = PAGE >> 8;
	p[25] = 8;
	p[32] = 2;
	char *hash = p + PAGE;
	hash[20] = 2;
	hash[25] = 13;
	/* key at 500 (5 bytes: type and number), value at 488 (12 bytes) */
	memcpy(hash + 26, "\xfb\x01\xef\x01", 4);
	memcpy(hash + 507, "\x01\x01\x00\x00\x00", 5);
	hash[495] = 3;
	hash[499] = 2;
	for (int i = 0; i < 4; i++)
		hash[503 + i] = (char)(unsigned char)(length >> (8 * i));
	char *overflow = p + 2 * PAGE;
	overflow[16] = (char)next;
	overflow[22] = (char)(unsigned char)header.n;
	overflow[23] = (char)(unsigned char)(header.n >> 8);
	overflow[25] = 7;
	memcpy(overflow + 26, header.p, header.n);
	strbuf_commit(out, 3 * PAGE);
}

static void berkeley_chains_end(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf header = STRBUF(PAGE);
	struct builder b = BUILDER;
	put_nevra(&b);
	finish(&b, &header);
	const struct {
		uint32_t next, length;
		int packages; /* -1: damage */
	} rows[] = {
		{ 0, (uint32_t)header.n, 1 },
		{ 2, (uint32_t)header.n + 1, -1 }, /* the page leads to itself */
		{ 0, (uint32_t)header.n + 1, -1 }, /* and to nowhere */
		{ 1, (uint32_t)header.n + 1, -1 }, /* and to a page of another kind */
		{ 9, (uint32_t)header.n + 1, -1 },
		{ 0, 0x7fffffff, -1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		AUTO_STRBUF struct strbuf file = STRBUF(3 * PAGE);
		begin(&f);
		build_berkeley(&file, strbuf_view(&header), rows[i].next, rows[i].length);
		int r = analyze_rpm_bdb(strbuf_view(&file), &f.sink, &f.err);
		assert_true(rows[i].packages < 0 ? r < 0 : r == 0);
		if (r == 0)
			assert_int_equal(f.inventory.packages.n, rows[i].packages);
		end(&f);
	}
}

/* Two records that share an overflow page would be read twice as often with every level. */
static void berkeley_pages_are_read_once(void **state)
{
	(void)state;
	struct fixture f;
	AUTO_STRBUF struct strbuf header = STRBUF(PAGE);
	AUTO_STRBUF struct strbuf file = STRBUF(3 * PAGE);
	struct builder b = BUILDER;
	put_nevra(&b);
	finish(&b, &header);
	begin(&f);
	build_berkeley(&file, strbuf_view(&header), 0, (uint32_t)header.n);
	char *hash = file.p + PAGE;
	hash[20] = 4;
	memcpy(hash + 30, "\xea\x01\xde\x01", 4);
	memcpy(hash + 490, hash + 507, 5);
	memcpy(hash + 478, hash + 495, 12);
	assert_true(analyze_rpm_bdb(strbuf_view(&file), &f.sink, &f.err) < 0);
	assert_non_null(strstr(f.err.text, "meets itself or another"));
	end(&f);
}

/* --- NDB */

static void ndb_slots_lead_to_blobs(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf header = STRBUF(PAGE);
	struct builder b = BUILDER;
	put_nevra(&b);
	finish(&b, &header);
	for (int shared = 0; shared < 2; shared++) {
		struct fixture f;
		AUTO_STRBUF struct strbuf file = STRBUF(16 * 1024);
		begin(&f);
		strbuf_add(&file, "RpmP", 4);
		put_le32(&file, 0);
		put_le32(&file, 1);
		put_le32(&file, 1);
		while (file.n < 32)
			strbuf_add_char(&file, 0);
		for (uint32_t slot = 0; file.n < 4096; slot++) {
			strbuf_add(&file, "Slot", 4);
			bool used = slot == 3 || (shared && slot > 3);
			put_le32(&file, used ? 1 : 0);
			put_le32(&file, used ? 4096 / 16 : 0);
			put_le32(&file, used ? 20 : 0);
		}
		strbuf_add(&file, "BlbS", 4);
		put_le32(&file, 1);
		put_le32(&file, 1);
		put_le32(&file, (uint32_t)header.n);
		strbuf_add_str(&file, strbuf_view(&header));
		for (size_t i = 0; i < 12 || file.n % 16; i++)
			strbuf_add_char(&file, 0);
		int r = analyze_rpm_ndb(strbuf_view(&file), &f.sink, &f.err);
		assert_int_equal(r < 0, shared);
		if (!shared)
			assert_int_equal(f.inventory.packages.n, 1);
		end(&f);
	}
}

static void text_manifests_are_read_line_by_line(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f);
	struct str text =
		STR("bash\t5.1.8-1.cm2\t1\t2\tMicrosoft "
		    "Corporation\t(none)\t12\tx86_64\t0\tbash-5.1.8-1.cm2.src.rpm\n"
		    "bind-libs\t9.16-1\t1\t2\t(none)\t32\t1\tnoarch\t32\tbind-9.16-1.src.rpm\n");
	assert_int_equal(analyze_rpm_manifest(text, &f.sink, &f.err), 0);
	assert_int_equal(f.inventory.packages.n, 2);
	const struct package *packages = f.inventory.packages.items;
	assert_true(str_eq(packages[0].supplier, STR("Microsoft Corporation")));
	assert_true(str_eq(packages[1].version, STR("32:9.16-1")));
	assert_true(str_eq(packages[1].source_name, STR("bind")));
	assert_true(str_eq(packages[1].source_version, STR("32:9.16-1")));
	assert_true(analyze_rpm_manifest(STR("a\tb\n"), &f.sink, &f.err) < 0);
	assert_true(analyze_rpm_manifest(STR("\t1\t\t\t\t\t\t\t\t\n"), &f.sink, &f.err) < 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_read_whole),
		cmocka_unit_test(old_file_lists_are_read),
		cmocka_unit_test(source_packages_are_split_from_the_right),
		cmocka_unit_test(epochs_are_put_in_front),
		cmocka_unit_test(damaged_headers_are_told),
		cmocka_unit_test(berkeley_chains_end),
		cmocka_unit_test(berkeley_pages_are_read_once),
		cmocka_unit_test(ndb_slots_lead_to_blobs),
		cmocka_unit_test(text_manifests_are_read_line_by_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
