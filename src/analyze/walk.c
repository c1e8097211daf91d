/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See walk.h. Per entry the order of the questions matters: an impossible path is counted and
 * dropped first, then whiteouts (their names would match "status.d" patterns), then what the table
 * names, then what begins like an executable; everything else is passed over, which is nearly all.
 *
 * Lower layers are not known here. What may hide something in them is kept: whiteouts, links, and
 * of ordinary files those that stand where an executable could have stood.
 */
#include "analyze/walk.h"

#include "base/limits.h"

#include <inttypes.h>
#include <string.h>

/* Hides by guess (see below) that are kept at most; real layers have some thousand. */
enum { GUESSES_MAX = 20000 };
/* A buffer larger than this is given back after the file. */
enum { SPOOL_KEPT_BYTES = 8 << 20 };
/* Smaller than the header of any ELF file. */
enum { BINARY_BYTES_MIN = 52 };

static uint64_t or_default(uint64_t budget, uint64_t otherwise)
{
	return budget ? budget : otherwise;
}

void walk_begin(struct walk *walk, struct arena *arena, const struct analyze_budget *budget,
	struct layer_inventory *inventory)
{
	*walk = (struct walk){
		.arena = arena,
		.budget = budget,
		.inventory = inventory,
		.by_path = map_new(),
		.replaced = map_new(),
		.owned = owned_new(),
		.nested = { .bytes = or_default(budget->nested_bytes, LIMIT_NESTED_BYTES),
			.entries = or_default(budget->nested_entries, LIMIT_NESTED_ENTRIES),
			.memory = or_default(budget->file_bytes, LIMIT_SPOOL_BYTES),
			.depth = (unsigned)or_default(budget->nested_depth, LIMIT_NESTED_DEPTH) },
	};
	uint64_t most = walk->nested.memory > budget->database_bytes ? walk->nested.memory
								     : budget->database_bytes;
	walk->spool = STRBUF((size_t)most);
}

void walk_end(struct walk *walk)
{
	map_free(&walk->by_path);
	map_free(&walk->replaced);
	strbuf_free(&walk->spool);
	for (size_t i = 0; i < walk->kept.n; i++)
		strbuf_free(&walk->kept.items[i]);
	VEC_FREE(&walk->kept);
	owned_free(&walk->owned);
	VEC_FREE(&walk->places);
}

static int hide(struct walk *walk, enum layer_hide_kind kind, struct str path, struct err *err)
{
	if (walk->inventory->hides.n >= LIMIT_LAYER_WHITEOUTS)
		return err_set(
			err, E2BIG, "the layer has more than %zu whiteouts", LIMIT_LAYER_WHITEOUTS);
	struct layer_hide made = { kind, arena_str(walk->arena, path) };
	AVEC_PUSH(walk->arena, &walk->inventory->hides, made);
	return 0;
}

static void drop_at(struct walk *walk, struct str path)
{
	struct place *place = map_get(walk->by_path, path);
	if (place)
		place->state = PLACE_GONE;
}

/* Something that is no directory stands at path: what lay below is gone. */
static void replace_tree(struct walk *walk, struct str path, uint64_t entry)
{
	map_put(walk->replaced, path, (void *)(uintptr_t)entry);
}

/* … in this layer and, as was said only once, in those below. */
static int replace(struct walk *walk, struct str path, uint64_t entry, struct err *err)
{
	bool said = map_get(walk->replaced, path) != NULL;
	replace_tree(walk, path, entry);
	int r = said ? 0 : hide(walk, LAYER_HIDE_REPLACED, path, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/*
 * The same for what most likely hides nothing: it is said as long as there are not too many. A
 * layer in which every file is executable shall not fail.
 */
static int replace_by_guess(struct walk *walk, struct str path, uint64_t entry, struct err *err)
{
	if (walk->guesses >= GUESSES_MAX || walk->inventory->hides.n >= LIMIT_LAYER_WHITEOUTS)
		return 0;
	walk->guesses++;
	int r = replace(walk, path, entry, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* A directory above the path was replaced after this entry. */
static bool lost_its_directory(const struct walk *walk, struct str path, uint64_t entry)
{
	size_t slash;
	while ((slash = str_rfind(path, '/')) != STR_NONE) {
		path = str_sub(path, 0, slash);
		if ((uintptr_t)map_get(walk->replaced, path) > entry)
			return true;
	}
	return false;
}

static int add_place(struct walk *walk, const struct tar_entry *entry, uint64_t number,
	enum place_state state, struct place **result, struct err *err)
{
	if (walk->places.n >= LIMIT_LAYER_PACKAGES || arena_exceeded(walk->arena))
		return err_set(err, E2BIG, "the layer has too many package files and links");
	struct place *place = ARENA_NEW(walk->arena, struct place);
	place->state = state;
	place->path = arena_str(walk->arena, entry->path);
	place->target = arena_str(walk->arena, entry->target);
	place->entry = number;
	VEC_PUSH(&walk->places, place);
	map_put(walk->by_path, place->path, place);
	*result = place;
	return 0;
}

/* The content of the present entry, of which head was read already, into the spool. */
static int read_text(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct str head, struct err *err)
{
	strbuf_clear(&walk->spool);
	char *room = strbuf_reserve(&walk->spool, (size_t)entry->size);
	CHECK(room && head.n <= entry->size);
	if (head.n)
		memcpy(room, head.p, head.n);
	struct stream *content = tar_entry_stream(tar);
	size_t got;
	int r = stream_read_full(content, room + head.n, (size_t)entry->size - head.n, &got, err);
	stream_close(&content);
	if (r < 0)
		return err_wrap(err, r, STR_FMT, STR_ARG(entry->path));
	strbuf_commit(&walk->spool, head.n + got);
	return 0;
}

static void release_spool(struct walk *walk)
{
	if (walk->spool.capacity > SPOOL_KEPT_BYTES)
		strbuf_free(&walk->spool);
}

/* Files that say something useful, but without which the packages are known all the same. */
static bool is_optional(enum layer_file_kind kind)
{
	return layer_file_is_language(kind) || kind == LAYER_FILE_RELEASE_TEXT ||
	       kind == LAYER_FILE_CONTENT_SETS || kind == LAYER_FILE_UBUNTU_PRO ||
	       kind == LAYER_FILE_OWNED_LIST;
}

/* Files that are no part of the inventory themselves. */
static bool is_for_others(enum layer_file_kind kind)
{
	return kind == LAYER_FILE_SQLITE_LOG || kind == LAYER_FILE_OWNED_LIST;
}

static uint64_t most_bytes(const struct walk *walk, const struct analyzer *analyzer)
{
	bool language = layer_file_is_language(analyzer->kind);
	uint64_t budget = language ? walk->nested.memory : walk->budget->database_bytes;
	return budget < analyzer->max_bytes ? budget : analyzer->max_bytes;
}

static int add_partial(struct analyze_sink *sink, struct err *err)
{
	AUTO_STRBUF struct strbuf words = STRBUF(LIMIT_PACKAGE_TEXT);
	if (!sink->partial_count)
		return 0;
	strbuf_add_str(&words, sink->partial.n ? sink->partial : STR("it is damaged"));
	if (sink->partial_count > 1)
		strbuf_addf(&words, " (and %zu more)", sink->partial_count - 1);
	int r = analyze_add_fact(sink, LAYER_FACT_PARTIAL, strbuf_view(&words), err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* What an analyzer's failure means: for a language's file words, for a database the end. */
static int take_failure(
	struct walk *walk, struct analyze_sink *sink, struct place *place, int r, struct err *err)
{
	if (!is_optional(place->analyzer->kind) || arena_exceeded(walk->arena))
		return err_trace(err, r);
	if (r != -E2BIG)
		walk->inventory->packages.n = place->file.first_package;
	walk->inventory->facts.n = place->file.first_fact;
	analyze_partial(sink, str_from(err_text(err)));
	*err = ERR_INIT;
	return 0;
}

static void begin_file(struct walk *walk, struct place *place, struct analyze_sink *sink)
{
	*sink = (struct analyze_sink){ .arena = walk->arena,
		.inventory = walk->inventory,
		.path = place->path,
		.nested = &walk->nested,
		.owned = walk->owned };
	place->file = (struct layer_file){ .kind = place->analyzer->kind,
		.path = place->path,
		.first_package = walk->inventory->packages.n,
		.first_fact = walk->inventory->facts.n };
}

static int end_file(struct place *place, struct analyze_sink *sink, struct err *err)
{
	int r = add_partial(sink, err);
	if (r < 0)
		return err_trace(err, r);
	place->file.package_count = sink->inventory->packages.n - place->file.first_package;
	place->file.fact_count = sink->inventory->facts.n - place->file.first_fact;
	place->state = PLACE_FILE;
	return 0;
}

/*
 * An SQLite database is read with the log beside it, which may come before or after it: both wait
 * for the end of the layer, in memory of their own.
 */
static bool has_to_wait(enum layer_file_kind kind)
{
	return kind == LAYER_FILE_RPM_SQLITE || kind == LAYER_FILE_SQLITE_LOG;
}

static int keep_text(struct walk *walk, struct str text, struct place *place, struct err *err)
{
	struct strbuf copy = STRBUF(text.n);
	uint64_t most = 2 * walk->budget->database_bytes;
	if (text.n > most - walk->kept_bytes)
		return err_set(err, E2BIG,
			"the SQLite databases of the layer hold more than %" PRIu64
			" bytes together",
			most);
	walk->kept_bytes += text.n;
	strbuf_add_str(&copy, text);
	place->kept = strbuf_view(&copy);
	place->state = PLACE_FILE;
	VEC_PUSH(&walk->kept, copy);
	return 0;
}

/* Makes a file of the place: text, found at path, is its content. */
static int analyze_text(struct walk *walk, struct str text, struct str log, struct str path,
	struct place *place, struct err *err)
{
	struct analyze_sink sink;
	struct err why = ERR_INIT;
	begin_file(walk, place, &sink);
	sink.log = log;
	int r = place->analyzer->read(text, &sink, &why);
	if (r < 0)
		r = take_failure(walk, &sink, place, r, &why);
	if (r < 0) {
		if (err)
			*err = why;
		return err_wrap(err, r, STR_FMT " cannot be read", STR_ARG(path));
	}
	r = end_file(place, &sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int take_text(
	struct walk *walk, struct str text, struct str path, struct place *place, struct err *err)
{
	int r;
	if (has_to_wait(place->analyzer->kind))
		r = keep_text(walk, text, place, err);
	else
		r = analyze_text(walk, text, STR(""), path, place, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Makes a file of the place of which nothing was read. */
static int tell_unread(struct walk *walk, struct place *place, struct str words, struct err *err)
{
	struct analyze_sink sink;
	begin_file(walk, place, &sink);
	analyze_partial(&sink, words);
	int r = end_file(place, &sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int too_large(struct walk *walk, const struct tar_entry *entry, struct place *place,
	uint64_t max, struct err *err)
{
	if (!is_optional(place->analyzer->kind))
		return err_set(err, E2BIG,
			STR_FMT " holds %" PRIu64 " bytes, more than the limit of %" PRIu64,
			STR_ARG(entry->path), entry->size, max);
	struct str words = arena_printf(walk->arena,
		"it holds %" PRIu64 " bytes, more than the limit of %" PRIu64, entry->size, max);
	int r = tell_unread(walk, place, words, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_file(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct str head, struct place *place, struct err *err)
{
	uint64_t max = most_bytes(walk, place->analyzer);
	if (entry->size > max) {
		int told = too_large(walk, entry, place, max, err);
		return told < 0 ? err_trace(err, told) : 0;
	}
	int r = read_text(walk, tar, entry, head, err);
	if (r == 0)
		r = take_text(walk, strbuf_view(&walk->spool), entry->path, place, err);
	release_spool(walk);
	return r < 0 ? err_trace(err, r) : 0;
}

/* The place holds what another one of the same kind holds. */
static void share_file(struct place *place, const struct place *other)
{
	place->state = PLACE_FILE;
	place->file = other->file;
	place->file.path = place->path;
	place->kept = other->kept;
}

static int take_whiteout(struct walk *walk, struct str directory, struct str name, struct err *err)
{
	static const struct str opaque = STR_INIT(".wh..wh..opq");
	static const struct str reserved = STR_INIT(".wh..wh.");
	if (str_eq(name, opaque))
		return hide(walk, LAYER_HIDE_OPAQUE, directory, err);
	if (str_starts(name, reserved)) /* housekeeping of aufs */
		return 0;
	struct str hidden = str_skip(name, STR(".wh.").n);
	if (!hidden.n || str_eq(hidden, STR(".")) || str_eq(hidden, STR(".."))) {
		walk->inventory->skipped_entries++;
		return 0;
	}
	AUTO_STRBUF struct strbuf path = STRBUF(LIMIT_ENTRY_PATH);
	strbuf_add_str(&path, directory);
	if (directory.n)
		strbuf_add_char(&path, '/');
	strbuf_add_str(&path, hidden);
	return hide(walk, LAYER_HIDE_WHITEOUT, strbuf_view(&path), err);
}

/* A hard link on a path that an analyzer reads. */
static void take_hard_link(struct walk *walk, const struct tar_entry *entry, struct place *place)
{
	const struct place *target = map_get(walk->by_path, entry->target);
	if (target && target->state == PLACE_FILE &&
		target->analyzer->kind == place->analyzer->kind &&
		!lost_its_directory(walk, target->path, target->entry))
		share_file(place, target);
}

static int take_watched(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	const struct analyzer *analyzer, struct str head, struct err *err)
{
	static const enum place_state states[] = {
		[TAR_FILE] = PLACE_FILE,
		[TAR_DIRECTORY] = PLACE_GONE,
		[TAR_SYMLINK] = PLACE_LINK,
		[TAR_HARDLINK] = PLACE_HARDLINK,
		[TAR_OTHER] = PLACE_GONE,
	};
	enum place_state state = states[entry->type];
	struct place *place;
	int r;
	/* Whatever stands here now, the file of the layers below is gone. */
	if (state == PLACE_GONE || state == PLACE_LINK) {
		r = replace(walk, entry->path, tar_entries(tar), err);
		if (r < 0 || state == PLACE_GONE)
			return r < 0 ? err_trace(err, r) : 0;
	} else {
		replace_tree(walk, entry->path, tar_entries(tar));
	}
	r = add_place(walk, entry, tar_entries(tar), state, &place, err);
	if (r < 0)
		return err_trace(err, r);
	place->analyzer = analyzer;
	if (state == PLACE_FILE)
		return read_file(walk, tar, entry, head, place, err);
	if (state == PLACE_HARDLINK)
		take_hard_link(walk, entry, place);
	return 0;
}

/* An entry on a directory that leads to paths analyzers read. */
static int take_above(
	struct walk *walk, struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	struct place *place;
	int r = replace(walk, entry->path, tar_entries(tar), err);
	if (r < 0 || entry->type != TAR_SYMLINK)
		return r < 0 ? err_trace(err, r) : 0;
	r = add_place(walk, entry, tar_entries(tar), PLACE_LINK, &place, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Where distributions have thousands of links that never stand for a program or a package. */
static bool has_harmless_links(struct str path)
{
	static const struct str places[] = {
		STR_INIT("usr/share/doc/"),
		STR_INIT("usr/share/man/"),
		STR_INIT("usr/share/locale/"),
		STR_INIT("usr/share/zoneinfo/"),
		STR_INIT("usr/share/terminfo/"),
		STR_INIT("usr/share/icons/"),
		STR_INIT("etc/"),
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (str_starts(path, places[i]))
			return true;
	return false;
}

static int take_symlink(
	struct walk *walk, struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	/* "bin -> usr/bin": later layers name programs either way. */
	if (str_find(entry->path, '/') == STR_NONE)
		return take_above(walk, tar, entry, err);
	if (has_harmless_links(entry->path))
		return 0;
	int r = replace_by_guess(walk, entry->path, tar_entries(tar), err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Programs are named without an extension, or as libraries: "jq-1.6", "libssl.so.3". */
static bool named_like_binary(struct str name)
{
	size_t dot = str_rfind(name, '.');
	if (dot == STR_NONE || dot + 1 >= name.n)
		return true;
	char next = name.p[dot + 1];
	return (next >= '0' && next <= '9') || str_eq(str_skip(name, dot), STR(".so"));
}

/* A file that no pattern names: is it an executable? */
static int take_unnamed(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct str name, struct err *err)
{
	char bytes[ANALYZE_HEAD_BYTES];
	struct str head = { bytes, 0 };
	if (entry->size >= BINARY_BYTES_MIN) {
		struct stream *content = tar_entry_stream(tar);
		int r = stream_read_full(content, bytes, sizeof(bytes), &head.n, err);
		stream_close(&content);
		if (r < 0)
			return err_wrap(err, r, STR_FMT, STR_ARG(entry->path));
	}
	const struct analyzer *analyzer = analyze_for_head(head);
	int r = 0;
	if (analyzer)
		r = take_watched(walk, tar, entry, analyzer, head, err);
	else if (entry->executable && named_like_binary(name))
		r = replace_by_guess(walk, entry->path, tar_entries(tar), err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Another name of an executable of this layer, or of nothing that matters. */
static int take_unnamed_hard_link(
	struct walk *walk, struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	const struct place *target = map_get(walk->by_path, entry->target);
	if (!target || target->state != PLACE_FILE || target->analyzer->kind != LAYER_FILE_BINARY)
		return 0;
	int r = take_watched(walk, tar, entry, target->analyzer, STR(""), err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int take_named(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct str name, struct err *err)
{
	const struct analyzer *analyzer = analyze_for_path(entry->path);
	/* A directory "x.egg-info" or "x.jar" is what it is. */
	if (analyzer && layer_file_is_language(analyzer->kind) && entry->type == TAR_DIRECTORY)
		return 0;
	if (analyzer)
		return take_watched(walk, tar, entry, analyzer, STR(""), err);
	if (entry->type == TAR_DIRECTORY)
		return 0;
	if (analyze_cares_below(entry->path))
		return take_above(walk, tar, entry, err);
	switch (entry->type) {
	case TAR_FILE:
		return take_unnamed(walk, tar, entry, name, err);
	case TAR_SYMLINK:
		return take_symlink(walk, tar, entry, err);
	case TAR_HARDLINK:
		return take_unnamed_hard_link(walk, tar, entry, err);
	default:
		return 0;
	}
}

static int take_entry(
	struct walk *walk, struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	if (entry->impossible) {
		walk->inventory->skipped_entries++;
		return 0;
	}
	size_t slash = str_rfind(entry->path, '/');
	struct str name = slash == STR_NONE ? entry->path : str_skip(entry->path, slash + 1);
	int r;
	if (str_starts(name, STR(".wh."))) {
		struct str directory = slash == STR_NONE ? STR("") : str_sub(entry->path, 0, slash);
		r = take_whiteout(walk, directory, name, err);
	} else if (entry->path.n) {
		drop_at(walk, entry->path);
		r = take_named(walk, tar, entry, name, err);
	} else {
		r = 0;
	}
	return r < 0 ? err_trace(err, r) : 0;
}

/* Places below what stands where a directory stood. */
static void drop_replaced(struct walk *walk)
{
	for (size_t i = 0; i < walk->places.n; i++) {
		struct place *place = walk->places.items[i];
		if (lost_its_directory(walk, place->path, place->entry))
			place->state = PLACE_GONE;
	}
}

int walk_entries(struct walk *walk, struct tar *tar, struct err *err)
{
	for (;;) {
		struct tar_entry entry;
		int r = tar_next(tar, &entry, err);
		if (r == TAR_END) {
			drop_replaced(walk);
			return 0;
		}
		if (r < 0)
			return err_trace(err, r);
		walk->inventory->entries = tar_entries(tar);
		r = take_entry(walk, tar, &entry, err);
		if (r < 0)
			return err_trace(err, r);
	}
}

const struct place *walk_waiting(const struct walk *walk)
{
	for (size_t i = 0; i < walk->places.n; i++)
		if (walk->places.items[i]->state == PLACE_HARDLINK)
			return walk->places.items[i];
	return NULL;
}

void walk_give_up_links(struct walk *walk)
{
	struct err ignored = ERR_INIT;
	for (size_t i = 0; i < walk->places.n; i++) {
		struct place *place = walk->places.items[i];
		/* Without room for its words the place keeps waiting, and fails the layer. */
		if (place->state == PLACE_HARDLINK &&
			layer_file_is_language(place->analyzer->kind) &&
			tell_unread(walk, place,
				STR("it is a hard link to an earlier file, and this layer cannot "
				    "be read again"),
				&ignored) < 0)
			return;
	}
}

/* Places that wait, by target; and how often a place was given a target. */
struct waiting {
	struct map *by_target;
	VEC(struct place *) places;
	size_t visits;
};

/* Visits beyond one for each place: targets that come several times before their links. */
enum { REPEATED_VISITS_MAX = 1 << 20 };

static void collect_waiting(struct walk *walk, struct waiting *waiting)
{
	for (size_t i = 0; i < walk->places.n; i++) {
		struct place *place = walk->places.items[i];
		if (place->state != PLACE_HARDLINK)
			continue;
		place->target_seen = false;
		place->next = map_put(waiting->by_target, place->target, place);
		VEC_PUSH(&waiting->places, place);
	}
}

/* The first of these places that is a file of this kind by the present entry. */
static const struct place *find_read(
	const struct place *const *read, size_t count, enum layer_file_kind kind)
{
	for (size_t i = 0; i < count; i++)
		if (read[i]->analyzer->kind == kind)
			return read[i];
	return NULL;
}

/* Gives the present entry's content, in the spool, to the places before whose link it stands. */
static int read_targets(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct place *first, struct err *err)
{
	const struct place *read[LAYER_FILE_KIND_COUNT];
	size_t count = 0;
	uint64_t max = 0;
	for (const struct place *place = first; place; place = place->next)
		if (most_bytes(walk, place->analyzer) > max)
			max = most_bytes(walk, place->analyzer);
	int r = entry->size <= max ? read_text(walk, tar, entry, STR(""), err) : 0;
	for (struct place *place = first; place && r == 0; place = place->next) {
		if (tar_entries(tar) >= place->entry)
			continue;
		const struct place *same = find_read(read, count, place->analyzer->kind);
		if (same) {
			share_file(place, same);
			continue;
		}
		if (entry->size > most_bytes(walk, place->analyzer))
			r = too_large(walk, entry, place, most_bytes(walk, place->analyzer), err);
		else
			r = take_text(walk, strbuf_view(&walk->spool), entry->path, place, err);
		read[count++] = place;
	}
	release_spool(walk);
	return r < 0 ? err_trace(err, r) : 0;
}

/* The entry is what waiting links name: reads it, or follows it if it is a hard link itself. */
static int take_target(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct waiting *waiting, struct place *first, struct err *err)
{
	bool wanted = false;
	struct str next = STR("");
	for (struct place *place = first; place; place = place->next) {
		waiting->visits++;
		if (tar_entries(tar) >= place->entry)
			continue;
		if (entry->type == TAR_HARDLINK && !wanted)
			next = arena_str(walk->arena, entry->target);
		wanted = true;
		place->target_seen = true;
		place->state = entry->type == TAR_HARDLINK ? PLACE_HARDLINK : PLACE_GONE;
		place->next_target = next;
		place->next_entry = tar_entries(tar);
	}
	if (waiting->visits > waiting->places.n + REPEATED_VISITS_MAX ||
		arena_exceeded(walk->arena))
		return err_set(err, E2BIG, "too many hard links to entries that are repeated");
	if (!wanted || entry->type != TAR_FILE)
		return 0;
	int r = read_targets(walk, tar, entry, first, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* What the pass made of those that still wait. */
static void end_pass(struct walk *walk, struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->places.n; i++) {
		struct place *place = waiting->places.items[i];
		if (place->state != PLACE_HARDLINK)
			continue;
		if (place->target_seen) {
			place->target = place->next_target;
			place->entry = place->next_entry;
			continue;
		}
		/* A target that is not in this layer can only be in one below. */
		place->state = PLACE_LINK;
		place->target = arena_printf(walk->arena, "/" STR_FMT, STR_ARG(place->target));
	}
}

int walk_hard_links(struct walk *walk, struct tar *tar, struct err *err)
{
	struct waiting waiting = { .by_target = map_new() };
	int r = 0;
	collect_waiting(walk, &waiting);
	while (r == 0) {
		struct tar_entry entry;
		r = tar_next(tar, &entry, err);
		struct place *first =
			r == 0 && !entry.impossible ? map_get(waiting.by_target, entry.path) : NULL;
		if (first)
			r = take_target(walk, tar, &entry, &waiting, first, err);
	}
	if (r >= 0)
		end_pass(walk, &waiting);
	map_free(&waiting.by_target);
	VEC_FREE(&waiting.places);
	return r < 0 ? err_trace(err, r) : 0;
}

/* The place's packages and facts, appended to those of the result. */
static int finish_file(struct walk *walk, const struct layer_inventory *all,
	const struct place *place, struct err *err)
{
	struct layer_inventory *inventory = walk->inventory;
	struct layer_file file = place->file;
	/* Nothing in it, as in most libraries: all it can do is stand where a lower layer has more.
	 */
	if (layer_file_is_language(file.kind) && !file.package_count && !file.fact_count) {
		struct layer_hide made = { LAYER_HIDE_REPLACED, file.path };
		if (inventory->hides.n < LIMIT_LAYER_WHITEOUTS)
			AVEC_PUSH(walk->arena, &inventory->hides, made);
		return 0;
	}
	if (layer_file_is_language(file.kind))
		file.owner = arena_str(walk->arena, owned_find(walk->owned, file.path));
	file.first_package = inventory->packages.n;
	file.first_fact = inventory->facts.n;
	if (file.package_count > LIMIT_LAYER_PACKAGES - inventory->packages.n)
		return err_set(err, E2BIG, "the layer holds, over links, more than %zu packages",
			LIMIT_LAYER_PACKAGES);
	if (file.fact_count > LIMIT_LAYER_FACTS - inventory->facts.n)
		return err_set(err, E2BIG, "the layer holds, over links, more than %zu facts",
			LIMIT_LAYER_FACTS);
	for (size_t k = 0; k < file.package_count; k++)
		AVEC_PUSH(walk->arena, &inventory->packages,
			all->packages.items[place->file.first_package + k]);
	for (size_t k = 0; k < file.fact_count; k++)
		AVEC_PUSH(walk->arena, &inventory->facts,
			all->facts.items[place->file.first_fact + k]);
	AVEC_PUSH(walk->arena, &inventory->files, file);
	return 0;
}

static const struct place *file_at(const struct walk *walk, struct str path)
{
	const struct place *place = map_get(walk->by_path, path);
	return place && place->state == PLACE_FILE ? place : NULL;
}

static int read_waiting(struct walk *walk, struct place *place, struct err *err)
{
	static const struct str ending = STR_INIT("-wal");
	AUTO_STRBUF struct strbuf path = STRBUF(LIMIT_ENTRY_PATH + ending.n);
	if (place->analyzer->kind == LAYER_FILE_SQLITE_LOG) {
		struct str database = str_sub(place->path, 0, place->path.n - ending.n);
		if (!place->kept.n || file_at(walk, database))
			return 0;
		return err_set(err, EINVAL,
			STR_FMT " is the log of a database that is not in this layer",
			STR_ARG(place->path));
	}
	strbuf_add_str(&path, place->path);
	strbuf_add_str(&path, ending);
	const struct place *log = file_at(walk, strbuf_view(&path));
	int r = analyze_text(walk, place->kept, log && log->kept.p ? log->kept : STR(""),
		place->path, place, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int walk_finish(struct walk *walk, struct err *err)
{
	struct layer_inventory *inventory = walk->inventory;
	for (size_t i = 0; i < walk->places.n; i++) {
		struct place *place = walk->places.items[i];
		int r = place->state == PLACE_FILE && has_to_wait(place->analyzer->kind)
				? read_waiting(walk, place, err)
				: 0;
		if (r < 0)
			return err_trace(err, r);
	}
	struct layer_inventory all = *inventory;
	inventory->packages.items = NULL;
	inventory->packages.n = inventory->packages.capacity = 0;
	inventory->facts.items = NULL;
	inventory->facts.n = inventory->facts.capacity = 0;
	for (size_t i = 0; i < walk->places.n; i++) {
		const struct place *place = walk->places.items[i];
		if (place->state == PLACE_LINK) {
			struct layer_link link = { place->path, place->target };
			AVEC_PUSH(walk->arena, &inventory->links, link);
		}
		if (place->state != PLACE_FILE || is_for_others(place->analyzer->kind))
			continue;
		int r = finish_file(walk, &all, place, err);
		if (r < 0)
			return err_trace(err, r);
	}
	if (arena_exceeded(walk->arena))
		return err_set(err, E2BIG, "the packages of the layer take too much memory");
	return 0;
}
