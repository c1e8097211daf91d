/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sub-assessments as Azure's security API has them: one row per finding of an image in a
 * repository, one Healthy row per clean image, one NotApplicable row per image that cannot be
 * judged. security.c finds the rows (scope, paging), security_row.c writes one as JSON,
 * security_token.c writes and reads the opaque token of a next page.
 */
#ifndef API_SECURITY_H
#define API_SECURITY_H

#include "assess/assess.h"
#include "base/json.h"

#define SECURITY_API_VERSION "2019-01-01-preview"

struct security_row {
	char id[37]; /* the last segment of its resource id */
	const struct store_image_row *manifest;
	const struct finding_list *list;
	const struct finding *finding; /* NULL: the row of an image without findings */
};

/* What rows have in common within one answer. */
struct security_setting {
	const struct store_identity *identity;
	struct str registry_host;
	struct assess_reader *reader; /* long texts; NULL: none */
};

/* Is there a row at all for an image in this state? */
bool security_has_rows(enum image_state state);
/* New reference. arena is for the time of the call. */
json_t *security_row_json(const struct security_setting *setting, struct arena *arena,
	const struct security_row *row);

/* Where the next page starts: after this row. Text of results is in arena. */
struct security_position {
	struct str repository; /* empty: at the beginning */
	struct str digest;
	struct str row; /* id of the last row seen of that image */
};
struct str security_token_write(struct arena *arena, const struct security_position *position);
bool security_token_read(struct arena *arena, struct str token, struct security_position *position);

#endif
