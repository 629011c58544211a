/*
 * Times of day as people type them, and moments: a date, a time and perhaps a zone.
 */
#include "common/date.h"
#include "common/date_read.h"

#include <string.h>

/* The word before the clock: a (morning), p (afternoon), m (noon), n (night), or '\0'. */
static char
time_take_half(const char **at)
{
	static const char *const words[] = { "上午", "早上", "凌晨", "早", "下午", "傍晚",
		"中午", "晚上", "晚", NULL };
	static const char halves[] = "aaaappmnn";
	int word = date_read_any(at, words);

	return word < 0 ? '\0' : halves[word];
}

/* The hour of 24 that hour means in that half, -1 for none: 中午11点 and 中午1点 both exist. */
static int
time_hour(char half, int hour)
{
	switch (half) {
	case 'a':
		return hour > 12 ? -1 : hour % 12;
	case 'p':
		return hour < 12 ? hour + 12 : hour;
	case 'm':
		return hour < 10 ? hour + 12 : hour;
	case 'n': /* 晚上12点 is the next day's beginning, which the date would not say */
		return hour == 12 ? -1 : hour < 12 ? hour + 12 : hour;
	default:
		return hour;
	}
}

/* Hour and minute after the half was taken; what follows is left. */
static bool
time_take_clock(const char **at, int *hour, int *minute)
{
	const char *start = *at;
	int digits = date_read_digits(at, hour);

	*minute = 0;
	if (digits == 0 && !date_read_number(at, hour))
		return false;
	if (digits == 3 || digits == 4) { /* 930, 1400 */
		*minute = *hour % 100;
		*hour /= 100;
		return true;
	}
	if (date_read_word(at, ":") || date_read_word(at, "."))
		return date_read_digits(at, minute) == 2;
	if (date_read_word(at, "点") || date_read_word(at, "时")) {
		if (date_read_word(at, "半"))
			*minute = 30;
		else if (date_read_number(at, minute))
			date_read_word(at, "分");
		else
			date_read_word(at, "整");
		return true;
	}
	return digits == *at - start;
}

enum err
time_parse(const char *text, int *minutes)
{
	char plain[DATE_TEXT_BYTES];
	const char *at = plain;
	int hour, minute;

	if (!date_read_plain(text, plain))
		return ERR_INVALID;
	char half = time_take_half(&at);
	if (!time_take_clock(&at, &hour, &minute))
		return ERR_INVALID;
	if (half == '\0' && (date_read_word(&at, "am") || date_read_word(&at, "pm"))) {
		half = at[-2];
		if (hour < 1 || hour > 12)
			return ERR_INVALID;
	}
	hour = time_hour(half, hour);
	if (*at != '\0' || hour < 0 || hour > 23 || minute > 59)
		return ERR_INVALID;
	*minutes = hour * 60 + minute;
	return ERR_OK;
}

/* "Z", "+08:00", "+0800", "+08" at the end; false when what is there is none of them. */
static bool
time_take_zone(const char *at, int *offset_min)
{
	int hours, minutes = 0;

	if (*at == '\0')
		return true;
	if (strcmp(at, "z") == 0) {
		*offset_min = 0;
		return true;
	}
	int sign = *at == '+' ? 1 : -1;
	if (*at != '+' && *at != '-')
		return false;
	at++;
	int digits = date_read_digits(&at, &hours);
	if (digits == 4) {
		minutes = hours % 100;
		hours /= 100;
	} else if (digits != 2 ||
		   (date_read_word(&at, ":") && date_read_digits(&at, &minutes) != 2)) {
		return false;
	}
	*offset_min = sign * (hours * 60 + minutes);
	return *at == '\0' && hours <= 14 && minutes <= 59;
}

/* ":06" and ".123456" behind the minutes, in microseconds. */
static bool
time_take_seconds(const char **at, int64_t *us)
{
	int seconds;
	int64_t unit = US_PER_SECOND;

	*us = 0;
	if (!date_read_word(at, ":"))
		return true;
	if (date_read_digits(at, &seconds) != 2 || seconds > 59)
		return false;
	*us = seconds * US_PER_SECOND;
	if (!date_read_word(at, "."))
		return true;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		unit /= 10;
		*us += (**at - '0') * unit; /* past the sixth decimal: times zero */
	}
	return unit != US_PER_SECOND;
}

/* The ISO clock: 14:05[:06[.123]][zone]. Minutes of the day go to *minutes. */
static bool
time_iso(const char *text, int *minutes, int64_t *us, int *offset_min)
{
	char plain[DATE_TEXT_BYTES];
	const char *at = plain;
	int hour, minute;

	if (!date_read_plain(text, plain) || date_read_digits(&at, &hour) != 2 ||
	    !date_read_word(&at, ":") || date_read_digits(&at, &minute) != 2)
		return false;
	*minutes = hour * 60 + minute;
	return hour <= 23 && minute <= 59 && time_take_seconds(&at, us) &&
	       time_take_zone(at, offset_min);
}

enum err
date_parse_us(const char *text, int64_t now_us, int offset_min, int64_t *us)
{
	char date[DATE_TEXT_BYTES] = "";
	const char *clock = text;
	int64_t today = date_of_us(now_us, offset_min), day = today, below_minute = 0;
	int minutes = 0;

	if (date_parse(text, today, false, &day) == ERR_OK) {
		*us = (day * 24 * 60 - offset_min) * 60 * US_PER_SECOND;
		return ERR_OK;
	}
	/* The date ends at a 'T' between digits or at the last space: "next mon 14:00". */
	for (const char *at = text; *at != '\0' && at - text < DATE_TEXT_BYTES - 1; at++) {
		bool mark = (*at == 'T' || *at == 't') && at > text && at[-1] >= '0' &&
			    at[-1] <= '9' && at[1] >= '0' && at[1] <= '9';
		if (!mark && *at != ' ')
			continue;
		memcpy(date, text, (size_t)(at - text));
		date[at - text] = '\0';
		clock = at + 1;
	}
	if (date[0] != '\0' && date_parse(date, today, false, &day) != ERR_OK)
		return ERR_NOT_A_DATE;
	if (!time_iso(clock, &minutes, &below_minute, &offset_min) &&
	    time_parse(clock, &minutes) != ERR_OK)
		return ERR_NOT_A_DATE;
	*us = (day * 24 * 60 + minutes - offset_min) * 60 * US_PER_SECOND + below_minute;
	return ERR_OK;
}
