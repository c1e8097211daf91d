/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests, indexes and image configurations, as far as a registry and a scanner must understand
 * them (OCI image specification 1.1, Docker image manifest version 2 schema 2). Unknown members are
 * kept by never rewriting the bytes. Text of results is allocated from the arena.
 */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

struct oci_descriptor {
	struct str media_type;
	struct str digest;
	uint64_t size;
	struct str artifact_type;
	struct str os, architecture, variant; /* of platform; empty when absent */
	bool has_urls; /* "urls" is a non-empty list: content may live elsewhere */
};

enum oci_kind {
	OCI_KIND_IMAGE,	   /* image manifest whose config is an image configuration */
	OCI_KIND_ARTIFACT, /* image manifest of another config or with artifactType: not a container
			      image */
	OCI_KIND_INDEX,	   /* index or manifest list */
};

struct oci_manifest {
	enum oci_kind kind;
	struct str media_type;
	struct str artifact_type; /* explicit, else the config's media type for artifacts; empty */
	struct oci_descriptor config;	      /* images and artifacts */
	VEC(struct oci_descriptor) layers;    /* base first */
	VEC(struct oci_descriptor) manifests; /* of an index */
	bool has_subject;
	struct oci_descriptor subject;
};

/*
 * content_type is the request's Content-Type without parameters, empty when unknown; it must agree
 * with "mediaType" where both exist. -EINVAL with words a client can show.
 */
int oci_manifest_parse(struct arena *arena, struct str bytes, struct str content_type,
	struct oci_manifest *manifest, struct err *err) MUST_CHECK;
/* A statement about an image (BuildKit's provenance and SBOM manifests): every layer is in-toto, so
 * there is nothing to scan although the configuration is that of an image. */
bool oci_manifest_is_attestation(const struct oci_manifest *manifest);
/* At least one layer may be missing from the registry: nondistributable type or "urls". */
bool oci_manifest_has_foreign_layer(const struct oci_manifest *manifest);
bool oci_descriptor_is_foreign(const struct oci_descriptor *descriptor);

struct oci_history {
	struct str created_by;
	bool empty_layer;
};

struct oci_config {
	struct str os, architecture, variant;
	int64_t created_us; /* TIME_NONE: absent */
	VEC(struct str) diff_ids;
	VEC(struct oci_history) history;
};
int oci_config_parse(struct arena *arena, struct str bytes, struct oci_config *config,
	struct err *err) MUST_CHECK;

/* Media types (media_types.def). */
bool oci_is_manifest_type(struct str media_type); /* any manifest or index type we understand */
bool oci_is_index_type(struct str media_type);
bool oci_is_layer_type(struct str media_type); /* tar layer of Docker or OCI, any compression */
bool oci_is_nondistributable_type(struct str media_type); /* foreign / nondistributable layers */
bool oci_is_image_config_type(struct str media_type);
bool oci_is_attestation_type(struct str media_type); /* in-toto statements */

#endif
