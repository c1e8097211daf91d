/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finding: one vulnerability in one package of one image, with everything a reader needs: what,
 * how bad and who says so, where, and what to do. Made by assess/ for stored images and by the
 * matcher directly for `lazaret scan`; printed by report/. Text is borrowed from the maker's arena.
 */
#ifndef INVENTORY_FINDING_H
#define INVENTORY_FINDING_H

#include "base/vec.h"
#include "inventory/image.h"

enum severity { SEVERITY_UNKNOWN, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
struct str severity_name(enum severity severity); /* "Unknown" "Low" "Medium" "High" "Critical" */
bool severity_parse(struct str text,
	enum severity *severity); /* any case; also moderate, important, negligible, none */

enum fix_state { FIX_UNKNOWN, FIX_AVAILABLE, FIX_NONE, FIX_WONT };
struct str fix_state_name(enum fix_state state); /* "unknown" "fixed" "not fixed" "will not fix" */
bool fix_state_parse(struct str text, enum fix_state *state);

/* One vulnerability that matches one package on one platform. */
struct match {
	struct str vulnerability; /* CVE-… or, where there is none, the advisory's own id */
	struct str advisories;	  /* ids of all records that say so, comma separated, sorted */
	struct str title;	  /* short; may be empty */
	enum severity severity;
	struct str severity_source; /* who says so: "Debian", "GitHub", "CVE record (NVD)", …;
				       "none" when unknown */
	struct str cvss_vector;	    /* may be empty */
	int cvss_score_tenths;	    /* 98 = 9.8; -1: none */
	struct str cvss_version;    /* "2.0", "3.0", "3.1", "4.0"; empty: none */
	enum fix_state fix_state;
	struct str
		fixed_version;	/* of the source package, as the advisory writes it; empty: none */
	struct str explanation; /* "Debian:10 openssl 1.1.1d-0+deb10u3 < fixed 1.1.1n-0+deb10u4
				   (DSA-5139-1)" */
	int64_t published_us;	/* TIME_NONE: unknown */
	int64_t modified_us;
};

struct finding {
	struct match match;
	struct package package;
	struct str purl;
	uint32_t layer;		 /* index of the layer that brought the package */
	struct str layer_digest; /* as stored; may be empty in `lazaret scan` of a root directory */
	struct str evidence;	 /* file that proves the package */
	struct str remedy;	 /* one sentence: what to do */
};

/* State of an image. Unknown is a state: silence is never "healthy". */
enum image_state {
#define IMAGE_STATE(id, name, code, cause, doc) id,
#include "inventory/image_states.def"
#undef IMAGE_STATE
	IMAGE_STATE_COUNT
};
struct str image_state_name(enum image_state state);
struct str image_state_code(
	enum image_state state); /* Azure status.code; empty while there is no row */
struct str image_state_cause(enum image_state state); /* Azure status.cause */
bool image_state_parse(struct str name, enum image_state *state);

struct severity_counts {
	uint32_t by_severity[SEVERITY_CRITICAL + 1];
	uint32_t total;
	uint32_t fixable;
};

/* Why an image without findings is not healthy: some packages could not be judged. */
/* An image without findings of which not everything was read. */
#define IMAGE_PARTIAL_VERDICT                                                                      \
	STR("Nothing was found in what could be read, but not everything was.")
/* The reason of a stored image (verdict, newline, remark) says that not everything was read. */
bool image_reason_is_partial(struct str reason);
struct str image_not_evaluated_words(
	struct arena *arena, uint32_t not_evaluated, uint32_t packages);
/* "Upgrade libssl1.1 from 1.1.1c-r0 to 1.1.1k-r0 or later: apk upgrade --no-cache libssl1.1 (built
 * from source package openssl), or use a newer base image; then rebuild and push." */
struct str finding_remedy(
	struct arena *arena, const struct package *package, const struct match *match);
/* Sorted as people read: severity down, fixable first, vulnerability, package. For qsort. */
int finding_compare(const void *a, const void *b);

#endif
