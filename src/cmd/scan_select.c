/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which images does an archive or a layout hold? Two descriptions exist: the OCI image layout
 * (index.json, nested indexes, content by digest) and docker's manifest.json (paths of layers).
 * Newer archives carry both and they name the same images; the index is preferred because it has
 * digests to check content against. Every manifest an index names is reported: one whose bytes are
 * not there, and one that is a statement about an image and not an image, are said to be so.
 *
 * The documents are outside bytes: sizes, counts and nesting are limited, paths cannot leave the
 * target, and a broken document makes one broken entry where others can still be read.
 */
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "cmd/scan_target.h"
#include "crypto/digest.h"
#include "oci/digest.h"
#include "oci/manifest.h"

enum {
	INDEX_DEPTH = 4,	  /* nesting seen in practice is two */
	TARGET_IMAGES_MAX = 1000, /* images reported of one target */
	PATH_PARTS_MAX = 256,
};

struct selection {
	struct arena *arena;
	const struct scan_source *source;
	struct target_images *images;
	struct map *seen; /* manifests by digest: an index that names itself ends here */
};

bool scan_path_join(struct arena *arena, struct str base, struct str path, struct str *joined)
{
	struct str parts[PATH_PARTS_MAX];
	size_t count = 0;
	struct str sources[] = { str_starts(path, STR("/")) ? STR_NULL : base, path };
	for (size_t i = 0; i < 2; i++) {
		struct str part;
		while (str_cut(&sources[i], '/', &part)) {
			if (part.n == 0 || str_eq(part, STR(".")))
				continue;
			if (str_eq(part, STR(".."))) {
				if (count == 0)
					return false;
				count--;
				continue;
			}
			if (count == PATH_PARTS_MAX)
				return false;
			parts[count++] = part;
		}
	}
	AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_ENTRY_PATH);
	for (size_t i = 0; i < count; i++) {
		if (i)
			strbuf_add_char(&text, '/');
		strbuf_add_str(&text, parts[i]);
	}
	if (strbuf_failed(&text) || text.n == 0)
		return false;
	*joined = arena_str(arena, strbuf_view(&text));
	return true;
}

static struct str blob_path(struct arena *arena, struct str digest)
{
	return arena_printf(arena, "blobs/" STR_FMT "/" STR_FMT,
		STR_ARG(oci_digest_algorithm(digest)), STR_ARG(oci_digest_hex(digest)));
}

/* The document of a descriptor, its bytes checked. Outcome SOURCE_ABSENT. */
static int read_blob(
	const struct selection *s, struct str digest, struct str *text, struct err *err)
{
	if (!oci_digest_valid(digest))
		return err_set(err, EINVAL, "\"" STR_FMT "\" is not a digest",
			STR_ARG(str_sub(digest, 0, 80)));
	int r = s->source->json(s->source->context, blob_path(s->arena, digest), text, err);
	if (r)
		return r < 0 ? err_trace(err, r) : SOURCE_ABSENT;
	char actual[DIGEST_TEXT_MAX];
	bool sha512 = str_eq(oci_digest_algorithm(digest), STR("sha512"));
	digest_bytes(sha512 ? DIGEST_SHA512 : DIGEST_SHA256, *text, actual);
	if (!str_eq(digest, str_from(actual)))
		return err_set(err, EINVAL, "the bytes stored as " STR_FMT " have the digest %s",
			STR_ARG(digest), actual);
	return 0;
}

static struct target_image *add_image(const struct selection *s, enum target_kind kind,
	struct str name, struct str digest, struct str why)
{
	AVEC_PUSH(s->arena, &s->images->items,
		(struct target_image){
			.kind = kind,
			.name = arena_str(s->arena, name.n ? name : digest),
			.digest = arena_str(s->arena, digest),
			.why = arena_str(s->arena, why),
		});
	return &s->images->items.items[s->images->items.n - 1];
}

static void take_config(struct arena *arena, struct target_image *image, struct str text)
{
	struct err err = ERR_INIT;
	struct oci_config config;
	if (oci_config_parse(arena, text, &config, &err)) {
		image->kind = TARGET_BROKEN;
		image->why = arena_printf(arena, "its configuration is broken: %s", err_text(&err));
		return;
	}
	image->has_config = true;
	if (config.os.n)
		image->os = config.os;
	if (config.architecture.n)
		image->architecture = config.architecture;
	if (config.variant.n)
		image->variant = config.variant;
	for (size_t i = 0; i < config.diff_ids.n && i < LIMIT_LAYERS; i++)
		AVEC_PUSH(arena, &image->diff_ids, config.diff_ids.items[i]);
}

/* --- OCI */

static void select_manifest(const struct selection *s, const struct oci_manifest *manifest,
	struct str digest, struct str name)
{
	if (manifest->kind == OCI_KIND_ARTIFACT || oci_manifest_is_attestation(manifest)) {
		struct str type = manifest->artifact_type;
		struct str why =
			type.n ? arena_printf(s->arena,
					 "an artifact of type " STR_FMT ", not a container image",
					 STR_ARG(str_sub(type, 0, 100)))
			       : STR("a statement about an image (attestation), not an image");
		add_image(s, TARGET_ARTIFACT, name, digest, why);
		return;
	}
	struct target_image *image = add_image(s, TARGET_IMAGE, name, digest, STR(""));
	image->os = manifest->config.os;
	for (size_t i = 0; i < manifest->layers.n; i++) {
		struct str layer = manifest->layers.items[i].digest;
		AVEC_PUSH(s->arena, &image->layers,
			(struct target_layer){ blob_path(s->arena, layer), layer });
	}
	struct err err = ERR_INIT;
	struct str text;
	int r = read_blob(s, manifest->config.digest, &text, &err);
	if (r < 0) {
		image->kind = TARGET_BROKEN;
		image->why = arena_printf(s->arena, "%s", err_text(&err));
	} else if (r == 0) {
		take_config(s->arena, image, text);
	}
}

static struct str annotation_name(const json_t *descriptor)
{
	static const char *const members[] = { "io.containerd.image.name",
		"org.opencontainers.image.ref.name" };
	const json_t *annotations = json_obj(descriptor, "annotations");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct str name = json_str(annotations, members[i]);
		if (name.n)
			return name;
	}
	return STR_NULL;
}

static int select_index(
	struct selection *s, struct str text, struct str name, unsigned depth, struct err *err);

/* One entry of an index. Only trouble with the whole target is an error. */
static int select_entry(struct selection *s, const struct oci_descriptor *entry, struct str name,
	unsigned depth, struct err *err)
{
	if (s->images->items.n >= TARGET_IMAGES_MAX)
		return err_set(err, E2BIG, "names more than %d images", TARGET_IMAGES_MAX);
	if (map_put(s->seen, entry->digest, s))
		return 0;
	struct err why = ERR_INIT;
	struct str text;
	struct oci_manifest manifest;
	int r = read_blob(s, entry->digest, &text, &why);
	if (r == SOURCE_ABSENT) {
		struct target_image *image = add_image(s, TARGET_ABSENT, name, entry->digest,
			STR("the index names it, but it is not in this archive"));
		image->os = arena_str(s->arena, entry->os);
		image->architecture = arena_str(s->arena, entry->architecture);
		image->variant = arena_str(s->arena, entry->variant);
		return 0;
	}
	if (r == 0)
		r = oci_manifest_parse(s->arena, text, entry->media_type, &manifest, &why);
	if (r < 0) {
		add_image(s, TARGET_BROKEN, name, entry->digest, str_from(err_text(&why)));
		return 0;
	}
	if (manifest.kind == OCI_KIND_INDEX && depth == INDEX_DEPTH) {
		add_image(s, TARGET_BROKEN, name, entry->digest,
			STR("an index nested deeper than any real one"));
		return 0;
	}
	if (manifest.kind == OCI_KIND_INDEX)
		return select_index(s, text, name, depth + 1, err);
	select_manifest(s, &manifest, entry->digest, name);
	return 0;
}

static int select_index(
	struct selection *s, struct str text, struct str name, unsigned depth, struct err *err)
{
	struct oci_manifest index;
	int r = oci_manifest_parse(
		s->arena, text, STR("application/vnd.oci.image.index.v1+json"), &index, err);
	if (r)
		return err_wrap(err, r, "index");
	json_t *root;
	r = json_parse_arena(s->arena, text, LIMIT_MANIFEST_BYTES, &root, err);
	if (r)
		return err_wrap(err, r, "index");
	for (size_t i = 0; i < index.manifests.n; i++) {
		struct str own = annotation_name(json_array_get(json_list(root, "manifests"), i));
		r = select_entry(s, &index.manifests.items[i], own.n ? own : name, depth, err);
		if (r)
			return err_trace(err, r);
	}
	return 0;
}

/* --- docker save */

static struct str docker_name(const json_t *entry)
{
	const json_t *tags = json_list(entry, "RepoTags");
	struct str first = json_text(json_array_get(tags, 0));
	return first.n ? first : json_str(entry, "Config");
}

static void select_docker_entry(const struct selection *s, const json_t *entry)
{
	struct target_image *image =
		add_image(s, TARGET_IMAGE, docker_name(entry), STR(""), STR(""));
	if (!image->name.n)
		image->name = STR("image without a name");
	struct str path;
	struct str text;
	struct err err = ERR_INIT;
	if (scan_path_join(s->arena, STR(""), json_str(entry, "Config"), &path)) {
		int r = s->source->json(s->source->context, path, &text, &err);
		if (r == 0)
			take_config(s->arena, image, text);
	}
	const json_t *layers = json_list(entry, "Layers");
	if (!layers || json_array_size(layers) > LIMIT_LAYERS) {
		image->kind = TARGET_BROKEN;
		image->why = layers ? STR("manifest.json names more layers than an image can have")
				    : STR("manifest.json names no list of layers for it");
		return;
	}
	for (size_t i = 0; i < json_array_size(layers); i++) {
		if (!scan_path_join(
			    s->arena, STR(""), json_text(json_array_get(layers, i)), &path)) {
			image->kind = TARGET_BROKEN;
			image->why = STR("manifest.json names a layer by an impossible path");
			return;
		}
		AVEC_PUSH(s->arena, &image->layers, (struct target_layer){ path, STR("") });
	}
}

static int select_docker(const struct selection *s, struct str text, struct err *err)
{
	json_t *root;
	int r = json_parse_arena(s->arena, text, LIMIT_MANIFEST_BYTES, &root, err);
	if (r)
		return err_wrap(err, r, "manifest.json");
	if (!json_is_array(root))
		return err_set(err, EINVAL, "manifest.json is not a list of images");
	if (json_array_size(root) > TARGET_IMAGES_MAX)
		return err_set(
			err, E2BIG, "manifest.json names more than %d images", TARGET_IMAGES_MAX);
	for (size_t i = 0; i < json_array_size(root); i++)
		select_docker_entry(s, json_array_get(root, i));
	return 0;
}

int scan_select(struct arena *arena, const struct scan_source *source, struct target_images *images,
	struct err *err)
{
	struct selection s = { .arena = arena, .source = source, .images = images };
	struct str text;
	int r = source->json(source->context, STR("index.json"), &text, err);
	if (r < 0)
		return err_trace(err, r);
	if (r == 0) {
		s.seen = map_new();
		r = select_index(&s, text, STR(""), 0, err);
		map_free(&s.seen);
		return r ? err_wrap(err, r, "index.json") : 0;
	}
	r = source->json(source->context, STR("manifest.json"), &text, err);
	if (r)
		return r < 0 ? err_trace(err, r) : SOURCE_ABSENT;
	return select_docker(&s, text, err);
}
