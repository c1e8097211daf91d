/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a media type means to a registry and a scanner: one look into media_types.def. Comparison is
 * exact, as clients and other registries do it, although RFC 6838 would ignore case.
 */
#include "oci/manifest.h"

enum media_class {
	MANIFEST = 1 << 0,
	INDEX = 1 << 1,
	CONFIG = 1 << 2,
	LAYER = 1 << 3,
	FOREIGN = 1 << 4,
	ATTESTATION = 1 << 5,
};

struct media_type {
	struct str text;
	unsigned classes;
};

static const struct media_type media_types[] = {
#define MEDIA_TYPE(text, classes) { STR_INIT(text), classes },
#include "oci/media_types.def"
#undef MEDIA_TYPE
};

static bool has_class(struct str text, enum media_class wanted)
{
	for (size_t i = 0; i < sizeof(media_types) / sizeof(media_types[0]); i++) {
		if (str_eq(media_types[i].text, text))
			return (media_types[i].classes & wanted) != 0;
	}
	return false;
}

bool oci_is_manifest_type(struct str media_type)
{
	return has_class(media_type, MANIFEST);
}

bool oci_is_index_type(struct str media_type)
{
	return has_class(media_type, INDEX);
}

bool oci_is_layer_type(struct str media_type)
{
	return has_class(media_type, LAYER);
}

bool oci_is_nondistributable_type(struct str media_type)
{
	return has_class(media_type, FOREIGN);
}

bool oci_is_image_config_type(struct str media_type)
{
	return has_class(media_type, CONFIG);
}

bool oci_is_attestation_type(struct str media_type)
{
	return has_class(media_type, ATTESTATION);
}
