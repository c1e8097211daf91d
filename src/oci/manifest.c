/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes (contract in manifest.h). The bytes come from outside, and what this file
 * takes from them decides which layers are scanned, while clients read the same bytes with parsers
 * of their own. So whatever two readers could understand differently is refused: a member that
 * occurs twice, "layers" together with "manifests", a media type that contradicts the Content-Type
 * or the members. Members that are merely unknown are ignored.
 *
 * Errors name the member, "layers[3].digest", because their words go to the client.
 */
#include "oci/manifest.h"

#include "base/json.h"
#include "base/limits.h"
#include "oci/digest.h"

static const struct str docker_manifest =
	STR_INIT("application/vnd.docker.distribution.manifest.v2+json");
static const struct str oci_image_manifest = STR_INIT("application/vnd.oci.image.manifest.v1+json");
static const struct str oci_image_index = STR_INIT("application/vnd.oci.image.index.v1+json");

enum { MEDIA_TYPE_MAX = 255 };

/* Absent and null are the same for members that may be missing: Go programs write empty lists so.
 */
static json_t *member(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	return json_is_null(value) ? NULL : value;
}

/*
 * Some readers find members whatever the case of their letters ("Layers"), others do not. A member
 * that is one of ours but for the case is refused, so that both kinds see the same document.
 */
static int check_names(json_t *object, const char *where, struct err *err)
{
	static const struct str names[] = { STR_INIT("schemaVersion"), STR_INIT("mediaType"),
		STR_INIT("artifactType"), STR_INIT("config"), STR_INIT("layers"),
		STR_INIT("manifests"), STR_INIT("subject"), STR_INIT("digest"), STR_INIT("size"),
		STR_INIT("urls"), STR_INIT("platform") };
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		struct str name = str_from(json_object_iter_key(at));
		/* U+017F and U+212A fold to s and k in readers that know Unicode. */
		if (str_contains(name, STR("\xc5\xbf")) || str_contains(name, STR("\xe2\x84\xaa")))
			return err_set(err, EINVAL, "%sa member name imitates another", where);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (str_eq_nocase(name, names[i]) && !str_eq(name, names[i]))
				return err_set(err, EINVAL,
					"%smember " STR_FMT " must be written " STR_FMT, where,
					STR_ARG(name), STR_ARG(names[i]));
		}
	}
	return 0;
}

/* A media type as text: no control characters or blanks, so that it can be a header value. */
static bool media_type_valid(struct str text)
{
	if (!text.n || text.n > MEDIA_TYPE_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	}
	return true;
}

/* An optional member that must be a media type when it is there; STR_NULL: absent. */
static int optional_type(const json_t *object, const char *where, const char *name,
	struct str *type, struct err *err)
{
	*type = STR_NULL;
	const json_t *value = member(object, name);
	if (!value)
		return 0;
	*type = json_text(value);
	if (json_is_string(value) && type->n == 0)
		return 0; /* an empty text says as much as no member */
	if (!media_type_valid(*type))
		return err_set(err, EINVAL, "%s%s is not a media type", where, name);
	return 0;
}

static int read_platform(
	const json_t *object, const char *where, struct oci_descriptor *descriptor, struct err *err)
{
	const json_t *platform = member(object, "platform");
	if (!platform)
		return 0;
	if (!json_is_object(platform))
		return err_set(err, EINVAL, "%s.platform is not an object", where);
	descriptor->os = json_str(platform, "os");
	descriptor->architecture = json_str(platform, "architecture");
	descriptor->variant = json_str(platform, "variant");
	return 0;
}

static int read_urls(
	const json_t *object, const char *where, struct oci_descriptor *descriptor, struct err *err)
{
	const json_t *urls = member(object, "urls");
	if (urls && !json_is_array(urls))
		return err_set(err, EINVAL, "%s.urls is not a list", where);
	for (size_t i = 0; i < json_array_size(urls); i++) {
		if (!json_is_string(json_array_get(urls, i)))
			return err_set(err, EINVAL, "%s.urls[%zu] is not text", where, i);
	}
	descriptor->has_urls = json_array_size(urls) > 0;
	return 0;
}

static int read_descriptor(
	json_t *object, const char *where, struct oci_descriptor *descriptor, struct err *err)
{
	*descriptor = (struct oci_descriptor){ 0 };
	if (!json_is_object(object))
		return err_set(err, EINVAL, "%s is missing or not a descriptor object", where);
	char prefix[48];
	snprintf(prefix, sizeof(prefix), "%s: ", where);
	int rc = check_names(object, prefix, err);
	if (rc < 0)
		return err_trace(err, rc);
	descriptor->media_type = json_str(object, "mediaType");
	if (!media_type_valid(descriptor->media_type))
		return err_set(err, EINVAL, "%s.mediaType is missing or not a media type", where);
	descriptor->digest = json_str(object, "digest");
	if (!oci_digest_valid(descriptor->digest))
		return err_set(err, EINVAL, "%s.digest is missing or not a sha256 or sha512 digest",
			where);
	const json_t *size = json_object_get(object, "size");
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return err_set(err, EINVAL, "%s.size is missing or not a number of bytes", where);
	descriptor->size = (uint64_t)json_integer_value(size);
	rc = read_platform(object, where, descriptor, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = read_urls(object, where, descriptor, err);
	if (rc < 0)
		return err_trace(err, rc);
	return optional_type(object, prefix, "artifactType", &descriptor->artifact_type, err);
}

/* The list member must be there; null stands for the empty list. */
static int check_list(const json_t *root, const char *name, size_t limit, struct err *err)
{
	const json_t *list = json_object_get(root, name);
	if (!list)
		return err_set(err, EINVAL, "%s is missing", name);
	if (!json_is_null(list) && !json_is_array(list))
		return err_set(err, EINVAL, "%s is not a list", name);
	if (json_array_size(list) > limit)
		return err_set(err, EINVAL, "%s has %zu entries, more than the %zu allowed", name,
			json_array_size(list), limit);
	return 0;
}

static int read_image(
	struct arena *arena, const json_t *root, struct oci_manifest *manifest, struct err *err)
{
	int rc = read_descriptor(json_object_get(root, "config"), "config", &manifest->config, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = check_list(root, "layers", LIMIT_LAYERS, err);
	if (rc < 0)
		return err_trace(err, rc);
	const json_t *layers = json_object_get(root, "layers");
	for (size_t i = 0; i < json_array_size(layers); i++) {
		char where[32];
		snprintf(where, sizeof(where), "layers[%zu]", i);
		struct oci_descriptor layer;
		rc = read_descriptor(json_array_get(layers, i), where, &layer, err);
		if (rc < 0)
			return err_trace(err, rc);
		AVEC_PUSH(arena, &manifest->layers, layer);
	}
	bool image =
		oci_is_image_config_type(manifest->config.media_type) && !manifest->artifact_type.n;
	manifest->kind = image ? OCI_KIND_IMAGE : OCI_KIND_ARTIFACT;
	if (!image && !manifest->artifact_type.n)
		manifest->artifact_type = manifest->config.media_type;
	return 0;
}

static int read_index(
	struct arena *arena, const json_t *root, struct oci_manifest *manifest, struct err *err)
{
	int rc = check_list(root, "manifests", LIMIT_INDEX_ENTRIES, err);
	if (rc < 0)
		return err_trace(err, rc);
	const json_t *entries = json_object_get(root, "manifests");
	for (size_t i = 0; i < json_array_size(entries); i++) {
		char where[32];
		snprintf(where, sizeof(where), "manifests[%zu]", i);
		struct oci_descriptor entry;
		rc = read_descriptor(json_array_get(entries, i), where, &entry, err);
		if (rc < 0)
			return err_trace(err, rc);
		AVEC_PUSH(arena, &manifest->manifests, entry);
	}
	manifest->kind = OCI_KIND_INDEX;
	return 0;
}

/*
 * The type is what the document says, else what the request said, else what its members show. A
 * Docker document always says it; only the OCI forms may leave it out.
 */
static int choose_type(
	const json_t *root, struct str content_type, struct str *type, struct err *err)
{
	int rc = optional_type(root, "", "mediaType", type, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (type->n && content_type.n && !str_eq(*type, content_type))
		return err_set(err, EINVAL,
			"mediaType is " STR_FMT ", but the Content-Type is " STR_FMT,
			STR_ARG(*type), STR_ARG(content_type));
	if (!type->n)
		*type = content_type;
	if (!type->n)
		*type = json_object_get(root, "manifests") ? oci_image_index : oci_image_manifest;
	if (!oci_is_manifest_type(*type))
		return err_set(err, EINVAL, STR_FMT " is not a manifest type of this registry",
			STR_ARG(*type));
	return 0;
}

static int check_shape(const json_t *root, struct str type, struct err *err)
{
	const json_t *version = json_object_get(root, "schemaVersion");
	if (!json_is_integer(version) || json_integer_value(version) != 2)
		return err_set(err, EINVAL, "schemaVersion is not 2");
	bool index = oci_is_index_type(type);
	const char *foreign = index ? "layers" : "manifests";
	if (json_object_get(root, foreign))
		return err_set(err, EINVAL, "a document of type " STR_FMT " must not have %s",
			STR_ARG(type), foreign);
	if (index && json_object_get(root, "config"))
		return err_set(err, EINVAL, "a document of type " STR_FMT " must not have config",
			STR_ARG(type));
	return 0;
}

static int read_subject(const json_t *root, struct oci_manifest *manifest, struct err *err)
{
	json_t *subject = member(root, "subject");
	if (!subject || str_eq(manifest->media_type, docker_manifest))
		return 0; /* Docker documents know no subject: there it is an unknown member */
	int rc = read_descriptor(subject, "subject", &manifest->subject, err);
	if (rc < 0)
		return err_trace(err, rc);
	manifest->has_subject = true;
	return 0;
}

int oci_manifest_parse(struct arena *arena, struct str bytes, struct str content_type,
	struct oci_manifest *manifest, struct err *err)
{
	json_t *root;
	*manifest = (struct oci_manifest){ 0 };
	if (json_values_at_most(bytes) > LIMIT_DOCUMENT_VALUES)
		return err_set(err, E2BIG, "the manifest holds more than %zu JSON values",
			LIMIT_DOCUMENT_VALUES);
	int rc = json_parse_unique_arena(arena, bytes, LIMIT_MANIFEST_BYTES, &root, err);
	if (rc < 0)
		return err_wrap(err, rc, "the manifest cannot be read");
	if (!json_is_object(root))
		return err_set(err, EINVAL, "the manifest is not a JSON object");
	rc = check_names(root, "", err);
	if (rc < 0)
		return err_trace(err, rc);
	struct str type;
	rc = choose_type(root, content_type, &type, err);
	if (rc < 0)
		return err_trace(err, rc);
	manifest->media_type = arena_str(arena, type);
	rc = check_shape(root, type, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = optional_type(root, "", "artifactType", &manifest->artifact_type, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = oci_is_index_type(type) ? read_index(arena, root, manifest, err)
				     : read_image(arena, root, manifest, err);
	if (rc < 0)
		return err_trace(err, rc);
	return read_subject(root, manifest, err);
}

bool oci_manifest_is_attestation(const struct oci_manifest *manifest)
{
	if (manifest->kind == OCI_KIND_INDEX || !manifest->layers.n)
		return false;
	for (size_t i = 0; i < manifest->layers.n; i++) {
		if (!oci_is_attestation_type(manifest->layers.items[i].media_type))
			return false;
	}
	return true;
}

bool oci_manifest_has_foreign_layer(const struct oci_manifest *manifest)
{
	for (size_t i = 0; i < manifest->layers.n; i++) {
		if (oci_descriptor_is_foreign(&manifest->layers.items[i]))
			return true;
	}
	return false;
}

bool oci_descriptor_is_foreign(const struct oci_descriptor *descriptor)
{
	return descriptor->has_urls || oci_is_nondistributable_type(descriptor->media_type);
}
