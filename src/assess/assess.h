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
#include "store/store.h"

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

struct finding_list {
	struct store_image image; /* state, reason, counts … */
	struct platform platform;
	VEC(struct finding) items; /* sorted by finding_compare */
};
/* Everything a reader needs about one image; text in arena. Outcome STORE_ABSENT. Inside a read. */
int assess_findings(struct db_conn *c, struct arena *arena, struct str manifest_digest,
	struct finding_list *list, struct err *err) MUST_CHECK;

/* Stable outside id of a finding or of the Healthy/NotApplicable row of an image (vulnerability,
 * package empty). */
void assess_finding_id(const struct store_identity *identity, struct str repository,
	struct str digest, const struct finding *finding, char out[37]);

#endif
