/* SPDX-License-Identifier: Apache-2.0 */
/* What readers ask of the current snapshot, by the handles that judging uses. */
#include "assess/internal.h"

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
