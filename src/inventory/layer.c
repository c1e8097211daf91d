/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wire form of layer inventories, version 2: one JSON object. Packages, files, facts, hides and
 * links are arrays of arrays, because a layer can hold a quarter of a million packages and member
 * names would be most of the bytes:
 *
 *   packages  [type, name, version, source name, source version, arch, licence, supplier,
 *             module, inside]; source name and version are "" when they equal name and version
 *   files     [kind, path, first package, packages, first fact, facts, owner]
 *   facts     [key, value]        hides  [kind, path]        links  [path, target]
 *
 * Encoding writes row by row, so it never holds a tree of the whole. Decoding trusts nothing: every
 * row has its exact shape, every index range lies inside its array, every count has a limit, paths
 * are relative and clean, text has no NUL.
 */
#include "inventory/layer.h"

#include "base/json.h"
#include "base/limits.h"

#include <inttypes.h>

/* A byte that is not UTF-8 travels as the three bytes of U+FFFD, so text may grow on the way. */
enum { WIRE_VERSION = 2, WIRE_GROWTH = 3 };

static const struct str state_names[] = {
	[LAYER_OK] = STR_INIT("ok"),
	[LAYER_NOT_A_LAYER] = STR_INIT("not-a-layer"),
	[LAYER_FAILED] = STR_INIT("failed"),
};
static const struct str file_kind_names[] = {
	[LAYER_FILE_DPKG_STATUS] = STR_INIT("dpkg-status"),
	[LAYER_FILE_DPKG_STATUS_D] = STR_INIT("dpkg-status.d"),
	[LAYER_FILE_APK_INSTALLED] = STR_INIT("apk-installed"),
	[LAYER_FILE_OS_RELEASE] = STR_INIT("os-release"),
	[LAYER_FILE_APK_REPOSITORIES] = STR_INIT("apk-repositories"),
	[LAYER_FILE_DEBIAN_VERSION] = STR_INIT("debian-version"),
	[LAYER_FILE_RPM_BDB] = STR_INIT("rpm-bdb"),
	[LAYER_FILE_RPM_NDB] = STR_INIT("rpm-ndb"),
	[LAYER_FILE_RPM_SQLITE] = STR_INIT("rpm-sqlite"),
	[LAYER_FILE_RPM_MANIFEST] = STR_INIT("rpm-manifest"),
	[LAYER_FILE_PACMAN_DESC] = STR_INIT("pacman-desc"),
	[LAYER_FILE_CHISEL] = STR_INIT("chisel"),
	[LAYER_FILE_RELEASE_TEXT] = STR_INIT("release-text"),
	[LAYER_FILE_CONTENT_SETS] = STR_INIT("content-sets"),
	[LAYER_FILE_UBUNTU_PRO] = STR_INIT("ubuntu-pro"),
	[LAYER_FILE_SQLITE_LOG] = STR_INIT("sqlite-log"),
	[LAYER_FILE_OWNED_LIST] = STR_INIT("owned-list"),
	[LAYER_FILE_NPM] = STR_INIT("npm"),
	[LAYER_FILE_PYTHON] = STR_INIT("python"),
	[LAYER_FILE_PYTHON_EGG] = STR_INIT("python-egg"),
	[LAYER_FILE_CONDA] = STR_INIT("conda"),
	[LAYER_FILE_JAVA] = STR_INIT("java"),
	[LAYER_FILE_GEM] = STR_INIT("gem"),
	[LAYER_FILE_COMPOSER] = STR_INIT("composer"),
	[LAYER_FILE_DOTNET] = STR_INIT("dotnet"),
	[LAYER_FILE_JAVA_RELEASE] = STR_INIT("java-release"),
	[LAYER_FILE_BINARY] = STR_INIT("binary"),
};
static const struct str hide_kind_names[] = {
	[LAYER_HIDE_WHITEOUT] = STR_INIT("whiteout"),
	[LAYER_HIDE_OPAQUE] = STR_INIT("opaque"),
	[LAYER_HIDE_REPLACED] = STR_INIT("replaced"),
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* encode */

static int dump_piece(const char *text, size_t n, void *out)
{
	strbuf_add(out, text, n);
	return 0;
}

static void put_value(struct strbuf *out, json_t *value)
{
	CHECK(value &&
		json_dump_callback(value, dump_piece, out, JSON_COMPACT | JSON_ENCODE_ANY) == 0);
	json_decref(value);
}

static void put_text(struct strbuf *out, struct str text)
{
	put_value(out, json_make_string(text));
}

static void put_member(struct strbuf *out, const char *name, struct str text)
{
	strbuf_addf(out, ",\"%s\":", name);
	put_text(out, text);
}

/* Begins row i of a list. */
static void put_row(struct strbuf *out, size_t i)
{
	strbuf_add_cstr(out, i ? ",[" : "[");
}

static void put_package(struct strbuf *out, const struct package *package)
{
	bool same_name = str_eq(package->source_name, package->name);
	bool same_version = str_eq(package->source_version, package->version);
	const struct str columns[] = {
		package_type_name(package->type),
		package->name,
		package->version,
		same_name ? STR("") : package->source_name,
		same_version ? STR("") : package->source_version,
		package->arch,
		package->licence,
		package->supplier,
		package->module,
		package->inside,
	};
	for (size_t i = 0; i < COUNT(columns); i++) {
		if (i)
			strbuf_add_char(out, ',');
		put_text(out, columns[i]);
	}
}

static void put_pair(struct strbuf *out, struct str a, struct str b)
{
	put_text(out, a);
	strbuf_add_char(out, ',');
	put_text(out, b);
}

static void put_lists(struct strbuf *out, const struct layer_inventory *inventory)
{
	strbuf_add_cstr(out, ",\"files\":[");
	for (size_t i = 0; i < inventory->files.n; i++) {
		const struct layer_file *file = &inventory->files.items[i];
		put_row(out, i);
		put_pair(out, file_kind_names[file->kind], file->path);
		strbuf_addf(out, ",%zu,%zu,%zu,%zu,", file->first_package, file->package_count,
			file->first_fact, file->fact_count);
		put_text(out, file->owner);
		strbuf_add_char(out, ']');
	}
	strbuf_add_cstr(out, "],\"packages\":[");
	for (size_t i = 0; i < inventory->packages.n && !strbuf_failed(out); i++) {
		put_row(out, i);
		put_package(out, &inventory->packages.items[i]);
		strbuf_add_char(out, ']');
	}
	strbuf_add_cstr(out, "],\"facts\":[");
	for (size_t i = 0; i < inventory->facts.n; i++) {
		put_row(out, i);
		put_pair(out, inventory->facts.items[i].key, inventory->facts.items[i].value);
		strbuf_add_char(out, ']');
	}
	strbuf_add_cstr(out, "],\"hides\":[");
	for (size_t i = 0; i < inventory->hides.n; i++) {
		put_row(out, i);
		put_pair(out, hide_kind_names[inventory->hides.items[i].kind],
			inventory->hides.items[i].path);
		strbuf_add_char(out, ']');
	}
	strbuf_add_cstr(out, "],\"links\":[");
	for (size_t i = 0; i < inventory->links.n; i++) {
		put_row(out, i);
		put_pair(out, inventory->links.items[i].path, inventory->links.items[i].target);
		strbuf_add_char(out, ']');
	}
	strbuf_add_char(out, ']');
}

void layer_inventory_encode(const struct layer_inventory *inventory, struct strbuf *out)
{
	strbuf_addf(out, "{\"version\":%d", WIRE_VERSION);
	put_member(out, "state", state_names[inventory->state]);
	put_member(out, "reason", inventory->reason);
	put_member(out, "digest", inventory->digest);
	put_member(out, "diff_id", inventory->diff_id);
	put_member(out, "format", inventory->format);
	put_member(out, "analyzers", inventory->analyzers);
	strbuf_addf(out,
		",\"compressed_bytes\":%" PRIu64 ",\"inflated_bytes\":%" PRIu64
		",\"entries\":%" PRIu64 ",\"skipped_entries\":%" PRIu64,
		inventory->compressed_bytes, inventory->inflated_bytes, inventory->entries,
		inventory->skipped_entries);
	put_lists(out, inventory);
	strbuf_add_char(out, '}');
}

/* decode */

struct reader {
	struct arena *arena;
	const json_t *root;
	struct layer_inventory *inventory;
	struct err *err;
};

static int broken(struct reader *reader, const char *what)
{
	return err_set(reader->err, EPROTO, "not a layer inventory: %s", what);
}

static bool take_text(struct reader *reader, const json_t *value, size_t max, struct str *text)
{
	struct str found = json_text(value);
	if (!found.p || found.n > max * WIRE_GROWTH || str_has_nul(found))
		return false;
	*text = arena_str(reader->arena, found);
	return true;
}

/* A path as tar_normalise_path() makes them; the root itself is allowed for hides only. */
static bool path_is_clean(struct str path)
{
	struct str rest = path;
	struct str part;
	while (str_cut(&rest, '/', &part))
		if (!part.n || str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return false;
	return path.n > 0;
}

static bool take_path(struct reader *reader, const json_t *value, struct str *path)
{
	return take_text(reader, value, LIMIT_ENTRY_PATH, path) && path_is_clean(*path);
}

static bool take_name(const json_t *value, const struct str *names, size_t count, size_t *index)
{
	struct str found = json_text(value);
	for (size_t i = 0; i < count; i++) {
		if (found.p && str_eq(found, names[i])) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool take_size(const json_t *value, uint64_t max, uint64_t *number)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		(uint64_t)json_integer_value(value) > max)
		return false;
	*number = (uint64_t)json_integer_value(value);
	return true;
}

static bool take_range(const json_t *row, size_t at, size_t total, size_t *first, size_t *count)
{
	uint64_t a;
	uint64_t b;
	if (!take_size(json_array_get(row, at), total, &a) ||
		!take_size(json_array_get(row, at + 1), total - a, &b))
		return false;
	*first = (size_t)a;
	*count = (size_t)b;
	return true;
}

static bool is_row(const json_t *row, size_t columns)
{
	return json_is_array(row) && json_array_size(row) == columns;
}

/* A list member: present, an array, at most max rows. NULL: not so. */
static const json_t *take_list(struct reader *reader, const char *name, size_t max)
{
	const json_t *list = json_list(reader->root, name);
	return list && json_array_size(list) <= max ? list : NULL;
}

static bool take_package(struct reader *reader, const json_t *row, struct package *package)
{
	struct str columns[10];
	if (!is_row(row, COUNT(columns)))
		return false;
	for (size_t i = 0; i < COUNT(columns); i++)
		if (!take_text(reader, json_array_get(row, i), LIMIT_PACKAGE_TEXT, &columns[i]))
			return false;
	if (!package_type_parse(columns[0], &package->type) || !columns[1].n || !columns[2].n)
		return false;
	package->name = columns[1];
	package->version = columns[2];
	package->source_name = columns[3].n ? columns[3] : columns[1];
	package->source_version = columns[4].n ? columns[4] : columns[2];
	package->arch = columns[5];
	package->licence = columns[6];
	package->supplier = columns[7];
	package->module = columns[8];
	package->inside = columns[9];
	return true;
}

static int take_packages(struct reader *reader)
{
	const json_t *list = take_list(reader, "packages", LIMIT_LAYER_PACKAGES);
	if (!list)
		return broken(reader, "no list of packages, or one that is too long");
	size_t n = json_array_size(list);
	reader->inventory->packages.items = ARENA_ARRAY(reader->arena, n, struct package);
	reader->inventory->packages.n = reader->inventory->packages.capacity = n;
	for (size_t i = 0; i < n; i++)
		if (!take_package(
			    reader, json_array_get(list, i), &reader->inventory->packages.items[i]))
			return broken(reader, "a package is malformed");
	return 0;
}

static int take_facts(struct reader *reader)
{
	const json_t *list = take_list(reader, "facts", LIMIT_LAYER_FACTS);
	if (!list)
		return broken(reader, "no list of facts, or one that is too long");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct layer_fact fact;
		if (!is_row(row, 2) ||
			!take_text(reader, json_array_get(row, 0), LIMIT_PACKAGE_TEXT, &fact.key) ||
			!take_text(
				reader, json_array_get(row, 1), LIMIT_TEXT_FILE_BYTES, &fact.value))
			return broken(reader, "a fact is malformed");
		AVEC_PUSH(reader->arena, &reader->inventory->facts, fact);
	}
	return 0;
}

/* After packages and facts: files name ranges of them. */
static int take_files(struct reader *reader)
{
	const json_t *list = take_list(reader, "files", LIMIT_LAYER_PACKAGES);
	if (!list)
		return broken(reader, "no list of files, or one that is too long");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct layer_file file;
		size_t kind;
		if (!is_row(row, 7) ||
			!take_name(json_array_get(row, 0), file_kind_names, COUNT(file_kind_names),
				&kind) ||
			!take_path(reader, json_array_get(row, 1), &file.path) ||
			!take_range(row, 2, reader->inventory->packages.n, &file.first_package,
				&file.package_count) ||
			!take_range(row, 4, reader->inventory->facts.n, &file.first_fact,
				&file.fact_count) ||
			!take_text(reader, json_array_get(row, 6), LIMIT_PACKAGE_TEXT, &file.owner))
			return broken(reader, "a file is malformed");
		file.kind = (enum layer_file_kind)kind;
		AVEC_PUSH(reader->arena, &reader->inventory->files, file);
	}
	return 0;
}

static int take_hides(struct reader *reader)
{
	const json_t *list = take_list(reader, "hides", LIMIT_LAYER_WHITEOUTS);
	if (!list)
		return broken(reader, "no list of hides, or one that is too long");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct layer_hide hide;
		size_t kind;
		if (!is_row(row, 2) ||
			!take_name(json_array_get(row, 0), hide_kind_names, COUNT(hide_kind_names),
				&kind) ||
			!take_text(reader, json_array_get(row, 1), LIMIT_ENTRY_PATH, &hide.path) ||
			(hide.path.n ? !path_is_clean(hide.path) : kind != LAYER_HIDE_OPAQUE))
			return broken(reader, "a hide is malformed");
		hide.kind = (enum layer_hide_kind)kind;
		AVEC_PUSH(reader->arena, &reader->inventory->hides, hide);
	}
	return 0;
}

static int take_links(struct reader *reader)
{
	const json_t *list = take_list(reader, "links", LIMIT_LAYER_WHITEOUTS);
	if (!list)
		return broken(reader, "no list of links, or one that is too long");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		struct layer_link link;
		if (!is_row(row, 2) || !take_path(reader, json_array_get(row, 0), &link.path) ||
			!take_text(reader, json_array_get(row, 1), LIMIT_ENTRY_PATH, &link.target))
			return broken(reader, "a link is malformed");
		AVEC_PUSH(reader->arena, &reader->inventory->links, link);
	}
	return 0;
}

static bool is_digest_or_empty(struct str text)
{
	struct str algorithm;
	if (!text.n)
		return true;
	struct str hex = text;
	if (!str_cut(&hex, ':', &algorithm))
		return false;
	size_t length = str_eq(algorithm, STR("sha256"))   ? 64
			: str_eq(algorithm, STR("sha512")) ? 128
							   : 0;
	for (size_t i = 0; i < hex.n; i++)
		if (!((hex.p[i] >= '0' && hex.p[i] <= '9') || (hex.p[i] >= 'a' && hex.p[i] <= 'f')))
			return false;
	return length && hex.n == length;
}

static int take_head(struct reader *reader)
{
	struct layer_inventory *inventory = reader->inventory;
	const struct {
		const char *name;
		struct str *text;
	} texts[] = {
		{ "reason", &inventory->reason },
		{ "digest", &inventory->digest },
		{ "diff_id", &inventory->diff_id },
		{ "format", &inventory->format },
		{ "analyzers", &inventory->analyzers },
	};
	const struct {
		const char *name;
		uint64_t *number;
	} numbers[] = {
		{ "compressed_bytes", &inventory->compressed_bytes },
		{ "inflated_bytes", &inventory->inflated_bytes },
		{ "entries", &inventory->entries },
		{ "skipped_entries", &inventory->skipped_entries },
	};
	size_t state;

	if (!json_is_object(reader->root))
		return broken(reader, "not an object");
	if (json_int(reader->root, "version", 0) != WIRE_VERSION)
		return broken(reader, "its version is unknown");
	if (!take_name(json_object_get(reader->root, "state"), state_names, COUNT(state_names),
		    &state))
		return broken(reader, "its state is unknown");
	inventory->state = (enum layer_state)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (!take_text(reader, json_object_get(reader->root, texts[i].name),
			    LIMIT_PACKAGE_TEXT, texts[i].text))
			return broken(reader, texts[i].name);
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (!take_size(json_object_get(reader->root, numbers[i].name), INT64_MAX,
			    numbers[i].number))
			return broken(reader, numbers[i].name);
	if (!is_digest_or_empty(inventory->digest) || !is_digest_or_empty(inventory->diff_id))
		return broken(reader, "a digest is malformed");
	if ((inventory->state == LAYER_OK) != (inventory->reason.n == 0))
		return broken(reader, "state and reason do not agree");
	return 0;
}

int layer_inventory_decode(
	struct arena *arena, struct str text, struct layer_inventory *inventory, struct err *err)
{
	static int (*const steps[])(struct reader *) = { take_head, take_packages, take_facts,
		take_files, take_hides, take_links };
	AUTO_JSON json_t *root = NULL;
	/* A few bytes of text can become a hundred of tree ("[],[],…"): asked before it is built.
	 */
	if (json_values_at_most(text) > LIMIT_INVENTORY_VALUES)
		return err_set(err, EPROTO, "not a layer inventory: it has too many parts");
	if (json_parse(text, LIMIT_INVENTORY_BYTES, &root, err) < 0)
		return err_wrap(err, -EPROTO, "not a layer inventory");
	struct layer_inventory found = { 0 };
	struct reader reader = { .arena = arena, .root = root, .inventory = &found, .err = err };
	for (size_t i = 0; i < COUNT(steps); i++) {
		int r = steps[i](&reader);
		if (r < 0)
			return err_trace(err, r);
	}
	*inventory = found;
	return 0;
}
