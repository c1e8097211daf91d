/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values. A function that can fail returns int (MUST_CHECK):
 *   0     done;
 *   > 0   an outcome from the function's own enum, named in its header comment; the direct caller
 *         handles it and never forwards it;
 *   < 0   a negative errno; never matched by callers, only forwarded with err_trace/err_wrap.
 * The words travel in a caller-owned struct err, always the last parameter. It holds no
 * allocation, so it works when memory is gone. A NULL err is allowed everywhere and drops the
 * words. Functions either log or return errors, never both. Thread rule: one thread at a time.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/check.h"

#include <errno.h>
#include <stddef.h>

enum { ERR_TEXT_MAX = 512, ERR_FRAMES_MAX = 8 };

struct err_frame {
	const char *file;
	int line;
};

struct err {
	int code;		 /* negative errno of the origin; 0: no error recorded */
	char text[ERR_TEXT_MAX]; /* one line without newline, NUL-terminated, truncated to fit */
	unsigned frame_count;
	struct err_frame frames[ERR_FRAMES_MAX]; /* [0] is the origin */
};

#define ERR_INIT ((struct err){ .code = 0 })

/* Records a failure. code is a positive or negative errno; returns the negative one. */
#define err_set(err, code, ...)	 err_set_at((err), (code), __FILE__, __LINE__, __VA_ARGS__)
/* As err_set with ": <strerror(errno)>" appended and errno as the code. */
#define err_sys(err, ...)	 err_sys_at((err), errno, __FILE__, __LINE__, __VA_ARGS__)
/* Forwards a failure: notes the frame, returns code unchanged. */
#define err_trace(err, code)	 err_trace_at((err), (code), __FILE__, __LINE__)
/* Forwards a failure with "<words>: " put before the text. */
#define err_wrap(err, code, ...) err_wrap_at((err), (code), __FILE__, __LINE__, __VA_ARGS__)

int err_set_at(struct err *err, int code, const char *file, int line, const char *format, ...)
	PRINTF_LIKE(5, 6);
int err_sys_at(struct err *err, int code, const char *file, int line, const char *format, ...)
	PRINTF_LIKE(5, 6);
int err_trace_at(struct err *err, int code, const char *file, int line);
int err_wrap_at(struct err *err, int code, const char *file, int line, const char *format, ...)
	PRINTF_LIKE(5, 6);

/* The words, or "no error". Valid as long as err is. */
const char *err_text(const struct err *err);
/* "file:line < file:line ..." of the frames into out (NUL-terminated, truncated). */
void err_path(const struct err *err, char *out, size_t out_size);

#endif
