/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text forms of time (contract in timefmt.h). The calendar arithmetic is done here with the civil
 * day algorithm rather than by timegm(), so years outside what time_t functions of a libc accept
 * behave the same everywhere; years 0000 to 9999 are supported, as in RFC 3339.
 */
#include "base/timefmt.h"

#include "base/check.h"

#include <stdio.h>

static int64_t days_from_civil(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

struct civil {
	int64_t year;
	int month, day, hour, minute, second, us, weekday;
};

static struct civil civil_from_us(int64_t us)
{
	int64_t seconds = us / 1000000;
	int64_t fraction = us % 1000000;
	if (fraction < 0) {
		fraction += 1000000;
		seconds--;
	}
	int64_t days = seconds / 86400;
	int64_t rest = seconds % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_index = (5 * day_of_year + 2) / 153;
	int month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
	return (struct civil){
		.year = year_of_era + era * 400 + (month <= 2),
		.month = month,
		.day = (int)(day_of_year - (153 * month_index + 2) / 5 + 1),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
		.us = (int)fraction,
		.weekday = (int)(((days % 7) + 11) % 7), /* 1970-01-01 was a Thursday (4) */
	};
}

void time_format(int64_t us, int fraction_digits, char out[TIME_TEXT_MAX])
{
	CHECK(fraction_digits == 0 || fraction_digits == 6 || fraction_digits == 7);
	struct civil c = civil_from_us(us);
	int n = snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", (int)c.year, c.month,
		c.day, c.hour, c.minute, c.second);
	CHECK(n > 0 && n < TIME_TEXT_MAX - 10);
	size_t room = (size_t)(TIME_TEXT_MAX - n);
	if (fraction_digits)
		snprintf(out + n, room, ".%06d%sZ", c.us, fraction_digits == 7 ? "0" : "");
	else
		snprintf(out + n, room, "Z");
}

void time_format_http(int64_t us, char out[TIME_TEXT_MAX])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	struct civil c = civil_from_us(us);
	snprintf(out, TIME_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[c.weekday], c.day,
		months[c.month - 1], (int)c.year, c.hour, c.minute, c.second);
}

/* Takes exactly n digits from the front. */
static bool take_digits(struct str *text, size_t n, int *value)
{
	uint64_t number;
	if (text->n < n || !str_parse_u64(str_sub(*text, 0, n), &number))
		return false;
	*value = (int)number;
	*text = str_skip(*text, n);
	return true;
}

static bool take_char(struct str *text, const char *any_of)
{
	for (; text->n && *any_of; any_of++) {
		if (text->p[0] == *any_of) {
			*text = str_skip(*text, 1);
			return true;
		}
	}
	return false;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct str *text, int64_t *days)
{
	int year, month, day;
	if (!take_digits(text, 4, &year) || !take_char(text, "-") ||
		!take_digits(text, 2, &month) || !take_char(text, "-") ||
		!take_digits(text, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

static bool take_clock(struct str *text, int64_t *us)
{
	int hour, minute, second;
	if (!take_digits(text, 2, &hour) || !take_char(text, ":") ||
		!take_digits(text, 2, &minute) || !take_char(text, ":") ||
		!take_digits(text, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	int64_t fraction = 0;
	if (take_char(text, ".")) {
		int64_t scale = 100000;
		size_t digits = 0;
		for (; text->n && text->p[0] >= '0' && text->p[0] <= '9'; digits++) {
			fraction += (text->p[0] - '0') * scale;
			scale /= 10;
			*text = str_skip(*text, 1);
		}
		if (!digits)
			return false;
	}
	*us = ((int64_t)hour * 3600 + minute * 60 + second) * 1000000 + fraction;
	return true;
}

static bool take_offset(struct str *text, int64_t *us)
{
	*us = 0;
	if (take_char(text, "Zz"))
		return true;
	int sign = take_char(text, "+") ? 1 : take_char(text, "-") ? -1 : 0;
	int hour, minute;
	if (!sign || !take_digits(text, 2, &hour))
		return false;
	take_char(text, ":");
	if (!take_digits(text, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*us = sign * ((int64_t)hour * 3600 + minute * 60) * 1000000;
	return true;
}

/* 0000-01-01T00:00:00Z and the last microsecond of 9999: the years that the text form can say. */
#define DAY_US	 ((int64_t)86400 * 1000000)
#define FIRST_US (-719528 * DAY_US)
#define LAST_US	 (2932897 * DAY_US - 1)

bool time_parse(struct str text, int64_t *us)
{
	int64_t days, clock = 0, offset = 0;
	if (!take_date(&text, &days))
		return false;
	if (text.n && (!take_char(&text, "Tt ") || !take_clock(&text, &clock) ||
			      !take_offset(&text, &offset) || text.n))
		return false;
	int64_t result = days * DAY_US + clock - offset;
	if (result < FIRST_US || result > LAST_US) /* an offset can lead out of the four digits */
		return false;
	*us = result;
	return true;
}
