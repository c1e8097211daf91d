/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structured logging: one call per finished operation. Each event is a row of events.def (name,
 * level, meaning); fields are typed. Written as one logfmt or JSON line to standard error with a
 * single write(), so lines of threads never mix. Text from outside is escaped here, never by
 * callers. Any thread. Only api, scan, assess and the programs' top level log above debug.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

enum log_event_id {
#define EVENT(id, level, name, doc) id,
#include "base/events.def"
#undef EVENT
	LOG_EVENT_COUNT
};

enum log_field_kind { LOG_FIELD_STR, LOG_FIELD_U64, LOG_FIELD_I64, LOG_FIELD_MS, LOG_FIELD_ERR };

struct log_field {
	const char *key;
	enum log_field_kind kind;
	union {
		struct str text;
		uint64_t u64;
		int64_t i64;
		const struct err *err;
	};
};

#define F_STR(k, v)  ((struct log_field){ .key = (k), .kind = LOG_FIELD_STR, .text = (v) })
#define F_CSTR(k, v) ((struct log_field){ .key = (k), .kind = LOG_FIELD_STR, .text = str_from(v) })
#define F_U64(k, v)  ((struct log_field){ .key = (k), .kind = LOG_FIELD_U64, .u64 = (v) })
#define F_I64(k, v)  ((struct log_field){ .key = (k), .kind = LOG_FIELD_I64, .i64 = (v) })
#define F_MS(k, v)                                                                                 \
	((struct log_field){ .key = (k), .kind = LOG_FIELD_MS, .i64 = (v) }) /* v in us */
#define F_ERR(v) ((struct log_field){ .key = "error", .kind = LOG_FIELD_ERR, .err = (v) })

/* log_event(EV_X, F_STR("digest", d), F_U64("bytes", n)); at least one field. */
#define log_event(id, ...)                                                                         \
	log_emit((id), (const struct log_field[]){ __VA_ARGS__ },                                  \
		sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

struct log_settings {
	enum log_level level; /* lowest level written */
	bool json;
	int fd;
	const struct clock *clock; /* NULL: the system's */
};

/* Before other threads start. Default: LOG_INFO, logfmt, standard error. */
void log_setup(const struct log_settings *settings);
void log_set_level(enum log_level level); /* any time, any thread */
bool log_enabled(enum log_event_id id);
void log_emit(enum log_event_id id, const struct log_field *fields, size_t count);
bool log_level_parse(struct str name, enum log_level *level); /* debug, info, warning, error */

#endif
