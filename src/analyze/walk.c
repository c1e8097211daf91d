/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See walk.h. Per entry the order of the questions matters: an impossible path is counted and
 * dropped first, then whiteouts (their names would match "status.d" patterns), then everything
 * that is neither on nor above a path an analyzer reads is passed over, which is nearly all.
 */
#include "analyze/walk.h"

#include "base/limits.h"

#include <inttypes.h>

void walk_begin(struct walk *walk, struct arena *arena, const struct analyze_budget *budget,
	struct layer_inventory *inventory)
{
	*walk = (struct walk){
		.arena = arena,
		.budget = budget,
		.inventory = inventory,
		.by_path = map_new(),
		.replaced = map_new(),
	};
}

void walk_end(struct walk *walk)
{
	map_free(&walk->by_path);
	map_free(&walk->replaced);
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

/*
 * Something that is no directory stands at path: what lies below is gone, in this layer and in
 * those below. A path that is replaced again needs a look only at the places made since.
 */
static int replace(struct walk *walk, struct str path, struct err *err)
{
	uintptr_t looked = (uintptr_t)map_get(walk->replaced, path);
	for (size_t i = looked ? looked - 1 : 0; i < walk->places.n; i++) {
		struct place *place = walk->places.items[i];
		if (place->path.n > path.n && place->path.p[path.n] == '/' &&
			str_starts(place->path, path))
			place->state = PLACE_GONE;
	}
	map_put(walk->replaced, path, (void *)(uintptr_t)(walk->places.n + 1));
	if (looked)
		return 0;
	int r = hide(walk, LAYER_HIDE_REPLACED, path, err);
	return r < 0 ? err_trace(err, r) : 0;
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

/* The content of the present entry, if it is not more than max bytes. */
static int read_text(struct tar *tar, const struct tar_entry *entry, uint64_t max,
	struct strbuf *text, struct err *err)
{
	if (entry->size > max)
		return err_set(err, E2BIG,
			STR_FMT " holds %" PRIu64 " bytes, more than the limit of %" PRIu64,
			STR_ARG(entry->path), entry->size, max);
	char *room = strbuf_reserve(text, (size_t)entry->size);
	struct stream *content = tar_entry_stream(tar);
	size_t got;
	int r = stream_read_full(content, room, (size_t)entry->size, &got, err);
	stream_close(&content);
	if (r < 0)
		return err_wrap(err, r, STR_FMT, STR_ARG(entry->path));
	strbuf_commit(text, got);
	return 0;
}

static uint64_t most_bytes(const struct walk *walk, const struct analyzer *analyzer)
{
	return walk->budget->database_bytes < analyzer->max_bytes ? walk->budget->database_bytes
								  : analyzer->max_bytes;
}

/* Makes a file of the place: text, found at path, is its content. */
static int analyze_text(
	struct walk *walk, struct str text, struct str path, struct place *place, struct err *err)
{
	struct layer_inventory *inventory = walk->inventory;
	struct analyze_sink sink = { walk->arena, inventory };
	place->file = (struct layer_file){ .kind = place->analyzer->kind,
		.path = place->path,
		.first_package = inventory->packages.n,
		.first_fact = inventory->facts.n };
	int r = place->analyzer->read(text, &sink, err);
	if (r < 0)
		return err_wrap(err, r, STR_FMT " cannot be read", STR_ARG(path));
	place->file.package_count = inventory->packages.n - place->file.first_package;
	place->file.fact_count = inventory->facts.n - place->file.first_fact;
	place->state = PLACE_FILE;
	return 0;
}

static int read_file(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct place *place, struct err *err)
{
	uint64_t max = most_bytes(walk, place->analyzer);
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)max);
	int r = read_text(tar, entry, max, &text, err);
	if (r == 0)
		r = analyze_text(walk, strbuf_view(&text), entry->path, place, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* The place holds what another one of the same kind holds. */
static void share_file(struct place *place, const struct place *other)
{
	place->state = PLACE_FILE;
	place->file = other->file;
	place->file.path = place->path;
}

static int take_whiteout(struct walk *walk, struct str directory, struct str name, struct err *err)
{
	static const struct str opaque = STR_INIT(".wh..wh..opq");
	static const struct str reserved = STR_INIT(".wh..wh.");
	if (str_eq(name, opaque)) {
		if (!analyze_cares_below(directory))
			return 0;
		return hide(walk, LAYER_HIDE_OPAQUE, directory, err);
	}
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
	if (!analyze_cares_below(strbuf_view(&path)))
		return 0;
	return hide(walk, LAYER_HIDE_WHITEOUT, strbuf_view(&path), err);
}

/* A hard link on a path that an analyzer reads. */
static void take_hard_link(struct walk *walk, const struct tar_entry *entry, struct place *place)
{
	const struct place *target = map_get(walk->by_path, entry->target);
	if (target && target->state == PLACE_FILE &&
		target->analyzer->kind == place->analyzer->kind)
		share_file(place, target);
}

static int take_watched(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	const struct analyzer *analyzer, struct err *err)
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
	drop_at(walk, entry->path);
	/* Whatever stands here now, the file of the layers below is gone. */
	if (state == PLACE_GONE || state == PLACE_LINK) {
		r = replace(walk, entry->path, err);
		if (r < 0 || state == PLACE_GONE)
			return r < 0 ? err_trace(err, r) : 0;
	}
	r = add_place(walk, entry, tar_entries(tar), state, &place, err);
	if (r < 0)
		return err_trace(err, r);
	place->analyzer = analyzer;
	if (state == PLACE_FILE)
		return read_file(walk, tar, entry, place, err);
	if (state == PLACE_HARDLINK)
		take_hard_link(walk, entry, place);
	return 0;
}

/* An entry on a directory that leads to paths analyzers read. */
static int take_above(
	struct walk *walk, struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	struct place *place;
	drop_at(walk, entry->path);
	if (entry->type == TAR_DIRECTORY)
		return 0;
	int r = replace(walk, entry->path, err);
	if (r < 0 || entry->type != TAR_SYMLINK)
		return r < 0 ? err_trace(err, r) : 0;
	r = add_place(walk, entry, tar_entries(tar), PLACE_LINK, &place, err);
	return r < 0 ? err_trace(err, r) : 0;
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
	if (str_starts(name, STR(".wh."))) {
		struct str directory = slash == STR_NONE ? STR("") : str_sub(entry->path, 0, slash);
		return take_whiteout(walk, directory, name, err);
	}
	if (!entry->path.n || !analyze_cares_below(entry->path))
		return 0;
	const struct analyzer *analyzer = analyze_for_path(entry->path);
	return analyzer ? take_watched(walk, tar, entry, analyzer, err)
			: take_above(walk, tar, entry, err);
}

int walk_entries(struct walk *walk, struct tar *tar, struct err *err)
{
	for (;;) {
		struct tar_entry entry;
		int r = tar_next(tar, &entry, err);
		if (r == TAR_END)
			return 0;
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

/* Gives the present entry's content to the places before whose link it stands. */
static int read_targets(struct walk *walk, struct tar *tar, const struct tar_entry *entry,
	struct place *first, struct err *err)
{
	const struct place *read[LAYER_FILE_KIND_COUNT];
	size_t count = 0;
	uint64_t max = 0;
	for (const struct place *place = first; place; place = place->next)
		if (most_bytes(walk, place->analyzer) > max)
			max = most_bytes(walk, place->analyzer);
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)max);
	int r = read_text(tar, entry, max, &text, err);
	for (struct place *place = first; place && r == 0; place = place->next) {
		if (tar_entries(tar) >= place->entry)
			continue;
		const struct place *same = find_read(read, count, place->analyzer->kind);
		if (same) {
			share_file(place, same);
			continue;
		}
		if (text.n > most_bytes(walk, place->analyzer))
			return err_set(err, E2BIG,
				STR_FMT " holds %" PRIu64 " bytes, too many for " STR_FMT,
				STR_ARG(entry->path), entry->size, STR_ARG(place->path));
		r = analyze_text(walk, strbuf_view(&text), entry->path, place, err);
		read[count++] = place;
	}
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

int walk_finish(struct walk *walk, struct err *err)
{
	struct layer_inventory *inventory = walk->inventory;
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
		if (place->state != PLACE_FILE)
			continue;
		int r = finish_file(walk, &all, place, err);
		if (r < 0)
			return err_trace(err, r);
	}
	if (arena_exceeded(walk->arena))
		return err_set(err, E2BIG, "the packages of the layer take too much memory");
	return 0;
}
