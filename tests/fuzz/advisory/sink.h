/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that touches every byte it is given, for the reader targets. */
#ifndef FUZZ_ADVISORY_SINK_H
#define FUZZ_ADVISORY_SINK_H

#include "advisory/reader.h"
#include "base/check.h"

static int sink_begin(void *context, struct str name, bool whole, struct err *err)
{
	(void)context;
	(void)name;
	(void)whole;
	(void)err;
	return 0;
}

static int sink_record(void *context, struct str place, struct str bytes, struct err *err)
{
	unsigned *sum = context;
	(void)err;
	CHECK(place.p);
	for (size_t i = 0; i < bytes.n; i++)
		*sum += (unsigned char)bytes.p[i];
	return 0;
}

static int sink_bad(void *context, struct str place, struct str reason, struct err *err)
{
	(void)context;
	(void)err;
	CHECK(place.n && reason.n);
	return 0;
}

static int sink_end(void *context, struct err *err)
{
	(void)context;
	(void)err;
	return 0;
}

static inline struct reader_sink sink_make(unsigned *sum)
{
	return (struct reader_sink){ sum, sink_begin, sink_record, sink_bad, sink_end };
}

#endif
