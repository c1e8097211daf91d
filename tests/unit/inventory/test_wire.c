/* SPDX-License-Identifier: Apache-2.0 */
/* The wire form of layer inventories and the frames that carry it: round trip, and distrust. */
#include "inventory/protocol.h"

#include "base/limits.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct layer_inventory sample(struct arena *arena)
{
	struct layer_inventory inventory = {
		.state = LAYER_OK,
		.diff_id = STR("sha256:"
			       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
		.format = STR("tar+gzip"),
		.analyzers = STR("dpkg=1"),
		.compressed_bytes = 12,
		.inflated_bytes = 34,
		.entries = 5,
		.skipped_entries = 1,
	};
	struct package package = { .type = PACKAGE_DEB,
		.name = STR("bash"),
		.version = STR("5.2-1+b1"),
		.source_name = STR("bash"),
		.source_version = STR("5.2-1"),
		.arch = STR("amd64"),
		.supplier = STR("caf\xe9 \"quoted\"\n"),
		.module = STR("nodejs:12:8:9"),
		.inside = STR("lib/a.jar") };
	struct layer_fact fact = { STR("ID"), STR("debian") };
	struct layer_file file = { LAYER_FILE_DPKG_STATUS, STR("var/lib/dpkg/status"), 0, 1, 0, 1,
		STR("deb:dpkg") };
	struct layer_hide hide = { LAYER_HIDE_OPAQUE, STR("") };
	struct layer_link link = { STR("lib"), STR("usr/lib") };
	AVEC_PUSH(arena, &inventory.packages, package);
	AVEC_PUSH(arena, &inventory.facts, fact);
	AVEC_PUSH(arena, &inventory.files, file);
	AVEC_PUSH(arena, &inventory.hides, hide);
	AVEC_PUSH(arena, &inventory.links, link);
	return inventory;
}

static void round_trip_keeps_everything(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	AUTO_STRBUF struct strbuf once = STRBUF(1 << 20);
	AUTO_STRBUF struct strbuf twice = STRBUF(1 << 20);
	struct layer_inventory given = sample(arena);
	struct layer_inventory read;
	struct err err = ERR_INIT;
	layer_inventory_encode(&given, &once);
	assert_int_equal(layer_inventory_decode(arena, strbuf_view(&once), &read, &err), 0);
	layer_inventory_encode(&read, &twice);
	assert_string_equal(strbuf_cstr(&once), strbuf_cstr(&twice));
	const struct package *package = &read.packages.items[0];
	assert_true(package_same(package, &given.packages.items[0]));
	/* A byte that is not UTF-8 is replaced, the rest stays. */
	assert_true(str_eq(package->supplier, STR("caf\xef\xbf\xbd \"quoted\"\n")));
	assert_true(str_eq(package->module, STR("nodejs:12:8:9")));
	assert_true(str_eq(package->inside, STR("lib/a.jar")));
	assert_int_equal(read.files.items[0].package_count, 1);
	assert_true(str_eq(read.files.items[0].owner, STR("deb:dpkg")));
	assert_int_equal(read.hides.items[0].kind, LAYER_HIDE_OPAQUE);
	assert_true(str_eq(read.links.items[0].target, STR("usr/lib")));
	assert_int_equal(read.inflated_bytes, 34);
	arena_free(&arena);
}

/* Replaces one part of a good text by another; the result must be refused. */
static void decoder_trusts_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		const char *to;
	} rows[] = {
		{ "\"version\":2", "\"version\":1" },
		{ "\"state\":\"ok\"", "\"state\":\"fine\"" },
		{ "\"state\":\"ok\"", "\"state\":\"failed\"" }, /* without a reason */
		{ "\"reason\":\"\"", "\"reason\":\"why\"" },
		{ "\"diff_id\":\"sha256:e3", "\"diff_id\":\"sha256:E3" },
		{ "\"entries\":5", "\"entries\":-5" },
		{ "\"entries\":5", "\"entries\":\"5\"" },
		{ "[\"dpkg-status\"", "[\"floppy\"" },
		{ "\"var/lib/dpkg/status\",0,1,0,1,\"deb:dpkg\"", "\"../status\",0,1,0,1,\"\"" },
		{ "\"var/lib/dpkg/status\",0,1,0,1,\"deb:dpkg\"", "\"/var/lib\",0,1,0,1,\"\"" },
		{ "\"var/lib/dpkg/status\",0,1,0,1,\"deb:dpkg\"", "\"var\",1,1,0,1,\"\"" },
		{ "\"var/lib/dpkg/status\",0,1,0,1,\"deb:dpkg\"", "\"var\",0,2,0,1,\"\"" },
		{ "\"var/lib/dpkg/status\",0,1,0,1,\"deb:dpkg\"",
			"\"var\",9223372036854775807,1,0,1,\"\"" },
		{ "\"var/lib/dpkg/status\",0,1,0,1,\"deb:dpkg\"", "\"var\",0,1,0,1,0,\"\"" },
		{ "\"var/lib/dpkg/status\",0,1,0,1,\"deb:dpkg\"", "\"var\",0,1,0,1,7" },
		{ "[\"deb\",\"bash\"", "[\"rpm9\",\"bash\"" },
		{ "[\"deb\",\"bash\"", "[\"deb\",\"\"" },
		{ "[\"deb\",\"bash\"", "[\"deb\",\"ba\\u0000sh\"" },
		{ "[\"deb\",\"bash\"", "[\"deb\",7" },
		{ "[\"opaque\",\"\"]", "[\"whiteout\",\"\"]" },
		{ "[\"ID\",\"debian\"]", "[\"ID\"]" },
		{ "\"links\":[", "\"likns\":[" },
	};
	struct arena *arena = arena_new(0);
	AUTO_STRBUF struct strbuf good = STRBUF(1 << 20);
	struct layer_inventory inventory = sample(arena);
	layer_inventory_encode(&inventory, &good);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STRBUF struct strbuf bad = STRBUF(1 << 20);
		const char *at = strstr(strbuf_cstr(&good), rows[i].from);
		struct err err = ERR_INIT;
		assert_non_null(at);
		strbuf_add(&bad, good.p, (size_t)(at - good.p));
		strbuf_add_cstr(&bad, rows[i].to);
		strbuf_add_cstr(&bad, at + strlen(rows[i].from));
		if (layer_inventory_decode(arena, strbuf_view(&bad), &inventory, &err) >= 0)
			fail_msg("accepted: %s", rows[i].to);
	}
	struct err err = ERR_INIT;
	assert_true(layer_inventory_decode(arena, STR("[]"), &inventory, &err) < 0);
	assert_true(layer_inventory_decode(arena, STR("{"), &inventory, &err) < 0);
	arena_free(&arena);
}

/* 60 MB of empty lists would become gigabytes of tree; full lists of packages are fine. */
static void decoder_memory_is_bounded(void **state)
{
	(void)state;
	enum { LISTS = 20000000 };
	struct arena *arena = arena_new(0);
	AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_INVENTORY_BYTES);
	struct layer_inventory inventory = sample(arena);
	struct layer_inventory read;
	struct err err = ERR_INIT;
	strbuf_add_cstr(&text, "{\"version\":1,\"packages\":[[]");
	for (int i = 0; i < LISTS; i++)
		strbuf_add_cstr(&text, ",[]");
	strbuf_add_cstr(&text, "]}");
	assert_int_equal(layer_inventory_decode(arena, strbuf_view(&text), &read, &err), -EPROTO);
	assert_true(str_contains(str_from(err_text(&err)), STR("too many parts")));

	const struct package package = inventory.packages.items[0];
	while (inventory.packages.n < LIMIT_LAYER_PACKAGES)
		AVEC_PUSH(arena, &inventory.packages, package);
	strbuf_clear(&text);
	layer_inventory_encode(&inventory, &text);
	assert_int_equal(layer_inventory_decode(arena, strbuf_view(&text), &read, &err), 0);
	assert_int_equal(read.packages.n, LIMIT_LAYER_PACKAGES);
	arena_free(&arena);
}

static void messages_round_trip(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	AUTO_STRBUF struct strbuf bytes = STRBUF(1 << 20);
	struct worker_request request = { WORKER_REQUEST_ARCHIVE, 1, 2, UINT64_MAX, 4, 5, 6, 7,
		STR("name") };
	struct worker_request request_read;
	worker_request_encode(&request, &bytes);
	assert_int_equal(worker_request_decode(strbuf_view(&bytes), &request_read, &err), 0);
	assert_true(request_read.database_bytes == UINT64_MAX);
	assert_true(request_read.file_bytes == 4 && request_read.nested_bytes == 5);
	assert_true(request_read.nested_entries == 6 && request_read.nested_depth == 7);
	assert_true(str_eq(request_read.name, request.name));
	for (size_t n = 0; n < bytes.n; n++)
		assert_true(worker_request_decode(
				    str_sub(strbuf_view(&bytes), 0, n), &request_read, &err) < 0);
	strbuf_add_char(&bytes, 'x');
	assert_true(worker_request_decode(strbuf_view(&bytes), &request_read, &err) < 0);

	strbuf_clear(&bytes);
	struct worker_entry entry = { .path = STR("a/b"), .document = STR("{}") };
	struct worker_entry entry_read;
	worker_entry_encode(&entry, &bytes);
	assert_int_equal(worker_entry_decode(strbuf_view(&bytes), &entry_read, &err), 0);
	assert_true(str_eq(entry_read.document, STR("{}")));
	strbuf_clear(&bytes);
	entry.link = STR("both");
	worker_entry_encode(&entry, &bytes);
	assert_true(worker_entry_decode(strbuf_view(&bytes), &entry_read, &err) < 0);

	strbuf_clear(&bytes);
	struct worker_archive archive = { LAYER_FAILED, STR("why") };
	struct worker_archive archive_read;
	worker_archive_encode(&archive, &bytes);
	assert_int_equal(worker_archive_decode(strbuf_view(&bytes), &archive_read, &err), 0);
	assert_int_equal(archive_read.state, LAYER_FAILED);
}

static void growth_and_want_round_trip(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	AUTO_STRBUF struct strbuf bytes = STRBUF(64);
	const struct worker_growth growth = { WORKER_GROWN, (uint64_t)5 << 32 };
	struct worker_growth read;
	worker_growth_encode(&growth, &bytes);
	assert_int_equal(bytes.n, frame_payload_max(FRAME_GROWTH));
	assert_int_equal(worker_growth_decode(strbuf_view(&bytes), &read, &err), 0);
	assert_int_equal(read.state, WORKER_GROWN);
	assert_true(read.bytes == growth.bytes);
	for (size_t n = 0; n < bytes.n; n++)
		assert_true(
			worker_growth_decode(str_sub(strbuf_view(&bytes), 0, n), &read, &err) < 0);
	bytes.p[0] = WORKER_GIVEN_UP + 1;
	assert_true(worker_growth_decode(strbuf_view(&bytes), &read, &err) < 0);
	bytes.p[0] = WORKER_GROWING;
	bytes.p[11] = (char)0x80; /* no file is as long as that */
	assert_true(worker_growth_decode(strbuf_view(&bytes), &read, &err) < 0);

	uint64_t have;
	strbuf_clear(&bytes);
	worker_want_encode(UINT64_MAX, &bytes);
	assert_int_equal(bytes.n, frame_payload_max(FRAME_WANT));
	assert_int_equal(worker_want_decode(strbuf_view(&bytes), &have, &err), 0);
	assert_true(have == UINT64_MAX);
	assert_true(worker_want_decode(str_skip(strbuf_view(&bytes), 1), &have, &err) < 0);
}

static int64_t fixed_time(void *context)
{
	return *(int64_t *)context;
}

static void frames_carry_descriptors_and_end(void **state)
{
	(void)state;
	int pair[2];
	int pipes[2];
	int passed;
	char text[8];
	struct err err = ERR_INIT;
	struct frame frame;
	AUTO_STRBUF struct strbuf buffer = STRBUF(1 << 16);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(frame_send(pair[0], FRAME_REQUEST, STR("payload"), pipes[0], &err), 0);
	assert_int_equal(frame_send(pair[0], FRAME_HELLO, STR(""), -1, &err), 0);
	assert_int_equal(frame_receive(pair[1], NULL, &buffer, &frame, &passed, &err), 0);
	assert_int_equal(frame.kind, FRAME_REQUEST);
	assert_true(str_eq(frame.payload, STR("payload")));
	assert_true(passed >= 0 && (fcntl(passed, F_GETFD) & FD_CLOEXEC));
	assert_int_equal(write(pipes[1], "through", 7), 7);
	assert_int_equal(read(passed, text, 7), 7);
	close(passed);
	assert_int_equal(frame_receive(pair[1], NULL, &buffer, &frame, &passed, &err), 0);
	assert_int_equal(frame.kind, FRAME_HELLO);
	assert_int_equal(passed, -1);
	/* Nothing more comes: the deadline, then the end. */
	int64_t now = 5;
	const struct clock clock = { fixed_time, fixed_time, &now };
	const struct frame_deadline passed_deadline = { &clock, 5 };
	assert_int_equal(frame_receive(pair[1], &passed_deadline, &buffer, &frame, &passed, &err),
		FRAME_LATE);
	close(pair[0]);
	assert_int_equal(frame_receive(pair[1], NULL, &buffer, &frame, &passed, &err), FRAME_END);
	close(pair[1]);
	close(pipes[0]);
	close(pipes[1]);
}

static void frames_are_bounded_by_kind(void **state)
{
	(void)state;
	char header[FRAME_HEADER_BYTES];
	enum frame_kind kind;
	uint64_t length;
	struct err err = ERR_INIT;
	frame_encode_header(FRAME_LAYER, LIMIT_INVENTORY_BYTES, header);
	assert_int_equal(frame_decode_header(header, &kind, &length, &err), 0);
	assert_int_equal(length, LIMIT_INVENTORY_BYTES);
	frame_encode_header(FRAME_HELLO, 257, header);
	assert_true(frame_decode_header(header, &kind, &length, &err) < 0);
	frame_encode_header((enum frame_kind)99, 0, header);
	assert_true(frame_decode_header(header, &kind, &length, &err) < 0);
	memset(header, 'x', sizeof(header));
	assert_true(frame_decode_header(header, &kind, &length, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_keeps_everything),
		cmocka_unit_test(decoder_trusts_nothing),
		cmocka_unit_test(decoder_memory_is_bounded),
		cmocka_unit_test(messages_round_trip),
		cmocka_unit_test(growth_and_want_round_trip),
		cmocka_unit_test(frames_carry_descriptors_and_end),
		cmocka_unit_test(frames_are_bounded_by_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
