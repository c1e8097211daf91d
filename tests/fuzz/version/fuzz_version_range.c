/* SPDX-License-Identifier: Apache-2.0 */
/* A version and a list of events, one per line ("i1.0"): the order of events must not matter. */
#include "base/check.h"
#include "version/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { EVENTS_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str rest = { (const char *)bytes, n };
	struct str version = STR("");
	struct str line;
	struct range_event events[EVENTS_MAX];
	struct range_event turned[EVENTS_MAX];
	size_t count = 0;
	str_cut(&rest, '\n', &version);
	while (count < EVENTS_MAX && str_cut(&rest, '\n', &line)) {
		if (!line.n)
			continue;
		events[count++] = (struct range_event){
			.kind = (enum range_event_kind)((unsigned char)*line.p % 4),
			.version = str_skip(line, 1),
		};
	}
	for (size_t i = 0; i < count; i++)
		turned[i] = events[count - 1 - i];
	struct str fixed;
	enum range_result result = range_contains(GRAMMAR_DPKG, events, count, version, &fixed);
	CHECK(result == range_contains(GRAMMAR_DPKG, turned, count, version, NULL));
	CHECK(result == RANGE_INSIDE || !fixed.p);
	return 0;
}
