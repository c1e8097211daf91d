/* SPDX-License-Identifier: Apache-2.0 */
/* What readers ask of the current snapshot, by the handles that judging uses. */
#include "assess/internal.h"

#include "base/clock.h"

struct assess_reader {
	struct assess *assess;
	struct snapshot_use use;
};

int assess_reader_open(struct assess *assess, struct assess_reader **out, struct err *err)
{
	struct assess_reader *reader = calloc(1, sizeof(*reader));
	CHECK(reader);
	reader->assess = assess;
	int rc = assess_snapshot_take(assess, &reader->use, err);
	if (rc == 0 && !reader->use.snapshot)
		rc = SNAPSHOT_NONE;
	if (rc != 0)
		free(reader);
	else
		*out = reader;
	return rc < 0 ? err_trace(err, rc) : rc;
}

void assess_reader_close(struct assess_reader **slot)
{
	struct assess_reader *reader = *slot;
	if (!reader)
		return;
	assess_snapshot_give(reader->assess, &reader->use);
	free(reader);
	*slot = NULL;
}

int assess_describe(struct assess_reader *reader, struct arena *arena, struct str vulnerability,
	struct vulnerability_text *text, struct err *err)
{
	int rc = snapshot_describe(reader->use.snapshot, arena, vulnerability, text, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int assess_advisories(struct assess *assess, json_t **status, struct err *err)
{
	struct assess_reader *reader = NULL;
	int rc = assess_reader_open(assess, &reader, err);
	if (rc == 0) {
		rc = snapshot_status(reader->use.snapshot, assess->settings.clock, status, err);
		if (rc < 0)
			err_trace(err, rc);
	}
	assess_reader_close(&reader);
	return rc;
}

/* Readers ask for it with every answer and it never changes, so it is kept. */
int64_t assess_snapshot_built(struct assess *assess, struct str snapshot)
{
	struct assess_reader *reader = NULL;
	int64_t built = TIME_NONE;
	if (!snapshot.n)
		return TIME_NONE;
	lock_take(&assess->lock);
	bool known = str_eq(str_from(assess->built_for), snapshot);
	if (known)
		built = assess->built_us;
	lock_release(&assess->lock);
	if (known || assess_reader_open(assess, &reader, NULL) != 0)
		return built;
	if (str_eq(str_from(reader->use.id), snapshot)) {
		built = snapshot_built_at(reader->use.snapshot);
		lock_take(&assess->lock);
		memcpy(assess->built_for, reader->use.id, sizeof(assess->built_for));
		assess->built_us = built;
		lock_release(&assess->lock);
	}
	assess_reader_close(&reader);
	return built;
}
