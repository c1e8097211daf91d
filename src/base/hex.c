/* SPDX-License-Identifier: Apache-2.0 */
/* Lower-case hexadecimal, as digests are written (contract in hex.h). */
#include "base/hex.h"

static const char digits[] = "0123456789abcdef";

void hex_encode(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

static int value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_decode(struct str text, uint8_t *out)
{
	if (text.n % 2)
		return false;
	for (size_t i = 0; i < text.n; i += 2) {
		int high = value_of(text.p[i]);
		int low = value_of(text.p[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool hex_is_lower(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (value_of(text.p[i]) < 0)
			return false;
	return text.n > 0;
}
