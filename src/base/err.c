/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The carrier of error words (contract in err.h). Everything works on fixed buffers: an error path
 * must not be able to fail itself. Control characters in the words become '?', because they often
 * quote input and end up in logs and terminals.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void scrub(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void add_frame(struct err *err, const char *file, int line)
{
	if (err->frame_count < ERR_FRAMES_MAX)
		err->frames[err->frame_count++] = (struct err_frame){ file, line };
}

static int negative(int code)
{
	CHECK(code != 0);
	return code > 0 ? -code : code;
}

int err_set_at(struct err *err, int code, const char *file, int line, const char *format, ...)
{
	code = negative(code);
	if (!err)
		return code;
	*err = ERR_INIT;
	err->code = code;
	va_list args;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	scrub(err->text);
	add_frame(err, file, line);
	return code;
}

int err_sys_at(struct err *err, int code, const char *file, int line, const char *format, ...)
{
	code = code ? negative(code) : -EIO;
	if (!err)
		return code;
	*err = ERR_INIT;
	err->code = code;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->text)) {
		char buffer[128];
		const char *reason = strerror_r(-code, buffer, sizeof(buffer));
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", reason);
	}
	scrub(err->text);
	add_frame(err, file, line);
	return code;
}

int err_trace_at(struct err *err, int code, const char *file, int line)
{
	CHECK(code < 0);
	if (err)
		add_frame(err, file, line);
	return code;
}

int err_wrap_at(struct err *err, int code, const char *file, int line, const char *format, ...)
{
	CHECK(code < 0);
	if (!err)
		return code;
	char words[ERR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	char inner[ERR_TEXT_MAX];
	memcpy(inner, err->text, sizeof(inner));
	size_t used = strnlen(words, sizeof(words) - 1);
	memcpy(err->text, words, used);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	scrub(err->text);
	add_frame(err, file, line);
	return code;
}

const char *err_text(const struct err *err)
{
	return err && err->code ? err->text : "no error";
}

void err_path(const struct err *err, char *out, size_t out_size)
{
	CHECK(out_size > 0);
	out[0] = '\0';
	size_t used = 0;
	for (unsigned i = 0; err && i < err->frame_count; i++) {
		int n = snprintf(out + used, out_size - used, "%s%s:%d", i ? " < " : "",
			err->frames[i].file, err->frames[i].line);
		if (n < 0 || (size_t)n >= out_size - used)
			return;
		used += (size_t)n;
	}
}
