/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts and findings. Judges image package sets against the current advisory snapshot, gives
 * images their state and counts, re-judges stored images when the snapshot changes (old verdicts
 * stay in force until replaced), and derives the findings of an image for readers.
 *
 * Threads: assess_image from scan threads; findings from request threads; one own thread watches
 * the snapshot pointer.
 */
#ifndef ASSESS_ASSESS_H
#define ASSESS_ASSESS_H

#include "advisory/snapshot.h"
#include "base/clock.h"
#include "base/err.h"
#include "inventory/listed.h"
#include "store/store.h"

/* Key of the assessment that registry images get (the classic plan's). */
#define ASSESS_KEY "dbd0cb49-b563-45e7-9724-889e799fa648"

struct assess;

struct assess_settings {
	struct store *store;
	const char *data_dir;
	const struct clock *clock;
	unsigned poll_ms; /* how often the snapshot pointer is looked at; 0: default */
};

int assess_start(
	const struct assess_settings *settings, struct assess **assess, struct err *err) MUST_CHECK;
void assess_stop(struct assess **assess);

/* Judges one image whose package set is stored: packages not yet judged by the current snapshot,
 * then state and counts. */
int assess_image(struct assess *assess, struct str manifest_digest, struct err *err) MUST_CHECK;
/* True when no image rests on another snapshot than the current one. */
bool assess_settled(struct assess *assess);
/* Id of the snapshot judging uses now; empty text when there is none. out: 65 bytes. */
void assess_snapshot_id(struct assess *assess, char out[65]);

/*
 * What readers ask of the current snapshot. Outcome SNAPSHOT_NONE: nothing was imported yet.
 * assess_describe() gives empty texts for a vulnerability it does not know.
 */
int assess_advisories(struct assess *assess, json_t **status, struct err *err) MUST_CHECK;
/* When a snapshot was built; TIME_NONE unless it is the current one. */
int64_t assess_snapshot_built(struct assess *assess, struct str snapshot);
struct assess_reader; /* a snapshot held open by one thread for several questions */
int assess_reader_open(
	struct assess *assess, struct assess_reader **reader, struct err *err) MUST_CHECK;
void assess_reader_close(struct assess_reader **reader);
int assess_describe(struct assess_reader *reader, struct arena *arena, struct str vulnerability,
	struct vulnerability_text *text, struct err *err) MUST_CHECK;

struct finding_list {
	struct store_image image; /* state, reason, counts … */
	struct platform platform;
	VEC(struct finding) items; /* sorted by finding_compare */
};
/*
 * Everything a reader needs about one image; text in arena. Outcome STORE_ABSENT: no such image.
 * Inside a read. An image without package set (pending, unsupported, failed) has no items.
 */
int assess_findings(struct db_conn *c, struct arena *arena, struct str manifest_digest,
	struct finding_list *list, struct err *err) MUST_CHECK;

/*
 * All packages that count of an image that assess_findings() has described; text in arena. Inside
 * the same read. An image without package set has none.
 */
int assess_packages(struct db_conn *c, struct arena *arena, const struct finding_list *image,
	struct listed_package **packages, size_t *count, struct err *err) MUST_CHECK;

/* Stable outside id of a finding or of the Healthy/NotApplicable row of an image (vulnerability,
 * package empty). */
void assess_finding_id(const struct store_identity *identity, struct str repository,
	struct str digest, const struct finding *finding, char out[37]);

#endif
