/*
 * Dates and times as people type them, in both languages at once. The text is first made
 * plain (full-width to ASCII, lower case, no spaces); then each form is tried in turn and must
 * use up all of it. The forms do not overlap, so their order does not matter.
 */
#include "common/date.h"
#include "common/text.h"

#include <string.h>

#define DATE_TEXT_BYTES 64

struct date_reader {
	char text[DATE_TEXT_BYTES];
	int64_t today;
	bool past;
};

/* Spaces go, but between two digits they separate: "11 23" is 11-23. */
static bool
date_plain(const char *text, char out[DATE_TEXT_BYTES])
{
	size_t at = 0, bytes = strlen(text);
	bool space = false;
	uint32_t code;

	while (bytes > 0) {
		size_t length = text_decode(text, bytes, &code);
		if (length == 0 || at + 6 > DATE_TEXT_BYTES)
			return false;
		if (code >= 0xFF01 && code <= 0xFF5E)
			code = code - 0xFF01 + '!';
		if (code >= 'A' && code <= 'Z')
			code |= 0x20;
		if (code == ' ' || code == '\t' || code == 0x3000) {
			space = true;
		} else {
			bool digits = at > 0 && out[at - 1] >= '0' && out[at - 1] <= '9' &&
				      code >= '0' && code <= '9';
			if (space && digits)
				out[at++] = '-';
			at += text_encode(code, out + at);
			space = false;
		}
		text += length;
		bytes -= length;
	}
	out[at] = '\0';
	return at > 0;
}

static bool
date_take(const char **at, const char *word)
{
	size_t bytes = strlen(word);

	if (strncmp(*at, word, bytes) != 0)
		return false;
	*at += bytes;
	return true;
}

/* Words of a list ended by NULL; the index of the one taken, -1 for none. Longest first. */
static int
date_take_any(const char **at, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (date_take(at, words[i]))
			return i;
	return -1;
}

/* At most 5 digits, so that no sum of them overflows; returns how many there were. */
static int
date_take_digits(const char **at, int *value)
{
	int digits = 0;

	*value = 0;
	for (; digits < 6 && **at >= '0' && **at <= '9'; (*at)++, digits++)
		*value = *value * 10 + (**at - '0');
	return digits <= 5 ? digits : 0;
}

static int
date_take_han_digit(const char **at)
{
	static const char *const words[] = { "零", "一", "二", "三", "四", "五", "六", "七",
		"八", "九", "两", NULL };
	int digit = date_take_any(at, words);

	return digit == 10 ? 2 : digit;
}

/* 5, 12, 五, 十二, 二十三, 两: up to 99 in characters. */
static bool
date_take_number(const char **at, int *value)
{
	if (date_take_digits(at, value) > 0)
		return true;
	int tens = date_take_han_digit(at);
	if (!date_take(at, "十")) {
		*value = tens < 0 ? 0 : tens;
		return tens >= 0;
	}
	int ones = date_take_han_digit(at);
	*value = (tens < 0 ? 1 : tens) * 10 + (ones < 0 ? 0 : ones);
	return true;
}

static bool
date_make(int year, int month, int day, int64_t *out)
{
	struct ymd ymd = { .year = year, .month = month, .day = day };

	if (!date_ymd_valid(ymd))
		return false;
	*out = date_from_ymd(ymd);
	return true;
}

/* The nearest such day of a year; up to 8 years off, as 02-29 may be (1896, 1904). */
static bool
date_nearest_month_day(const struct date_reader *in, int month, int day, int64_t *out)
{
	int year = date_to_ymd(in->today).year;

	for (int i = 0; i <= 8; i++)
		if (date_make(in->past ? year - i : year + i, month, day, out) &&
		    (in->past ? *out <= in->today : *out >= in->today))
			return true;
	return false;
}

/* The nearest such day of a month; a 31st may be two months off. */
static bool
date_nearest_day(const struct date_reader *in, int day, int64_t *out)
{
	struct ymd ymd = date_to_ymd(in->today);

	for (int i = 0; i <= 2; i++) {
		int month = ymd.year * 12 + ymd.month - 1 + (in->past ? -i : i);
		if (date_make(month / 12, month % 12 + 1, day, out) &&
		    (in->past ? *out <= in->today : *out >= in->today))
			return true;
	}
	return false;
}

static bool
date_form_word(const struct date_reader *in, int64_t *day)
{
	static const struct {
		const char *word;
		int days;
	} rows[] = { { "today", 0 }, { "tomorrow", 1 }, { "tmr", 1 }, { "yesterday", -1 },
		{ "今天", 0 }, { "今日", 0 }, { "明天", 1 }, { "明日", 1 }, { "后天", 2 },
		{ "大后天", 3 }, { "昨天", -1 }, { "昨日", -1 }, { "前天", -2 },
		{ "大前天", -3 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(in->text, rows[i].word) == 0) {
			*day = in->today + rows[i].days;
			return true;
		}
	}
	return false;
}

static bool
date_form_end(const struct date_reader *in, int64_t *day)
{
	static const char *const months[] = { "eom", "月底", "月末", "本月底", "本月末", NULL };
	static const char *const years[] = { "eoy", "年底", "年末", "本年底", "今年底", NULL };
	const char *at = in->text;

	if (date_take_any(&at, months) >= 0)
		*day = date_month_end(in->today);
	else if (date_take_any(&at, years) >= 0)
		date_make(date_to_ymd(in->today).year, 12, 31, day);
	else
		return false;
	return *at == '\0';
}

/* 20261123, 1123, 15: nothing but digits. */
static bool
date_form_digits(const struct date_reader *in, int64_t *day)
{
	size_t digits = strspn(in->text, "0123456789");
	int value = 0;

	if (in->text[digits] != '\0' || digits > 8)
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (in->text[i] - '0');
	if (digits == 8)
		return date_make(value / 10000, value / 100 % 100, value % 100, day);
	if (digits == 4)
		return date_nearest_month_day(in, value / 100, value % 100, day);
	return digits <= 2 && date_nearest_day(in, value, day);
}

/* 2026-11-23 and 11-23, with '-', '/' or '.'. */
static bool
date_form_parted(const struct date_reader *in, int64_t *day)
{
	const char *at = in->text;
	int numbers[3], digits[3], count = 0;
	char mark = '\0';

	while (count < 3) {
		digits[count] = date_take_digits(&at, &numbers[count]);
		if (digits[count++] == 0)
			return false;
		if (*at == '\0')
			break;
		if (strchr("-/.", *at) == NULL || (mark != '\0' && mark != *at))
			return false;
		mark = *at++;
	}
	if (*at != '\0' || digits[count - 1] > 2 || (count == 3 && digits[1] > 2))
		return false;
	if (count == 3)
		return digits[0] == 4 && date_make(numbers[0], numbers[1], numbers[2], day);
	return count == 2 && digits[0] <= 2 && mark != '\0' &&
	       date_nearest_month_day(in, numbers[0], numbers[1], day);
}

/* 2026年11月23日, 11月23日, 23日, 23号; the last word may be missing after a month. */
static bool
date_form_han(const struct date_reader *in, int64_t *day)
{
	static const char *const days[] = { "日", "号", NULL };
	const char *at = in->text;
	int number, year = 0, month = 0;

	if (!date_take_number(&at, &number))
		return false;
	if (date_take(&at, "年")) {
		year = number;
		if (!date_take_number(&at, &number))
			return false;
	}
	if (date_take(&at, "月")) {
		month = number;
		if (!date_take_number(&at, &number))
			return false;
	}
	bool marked = date_take_any(&at, days) >= 0;
	if (*at != '\0' || (month == 0 && (year != 0 || !marked)))
		return false;
	if (year != 0)
		return date_make(year, month, number, day);
	return month != 0 ? date_nearest_month_day(in, month, number, day)
			  : date_nearest_day(in, number, day);
}

/* Day, week, month or year for the number of a relative date; '\0' for no unit. */
static char
date_take_unit(const char **at)
{
	static const char *const units[] = { "个月", "个星期", "个礼拜", "星期", "礼拜", "天",
		"日", "周", "月", "年", "d", "w", "m", "y", NULL };
	static const char kinds[] = "mwwwwddwmydwmy";
	int unit = date_take_any(at, units);

	return unit < 0 ? '\0' : kinds[unit];
}

/* A unit in characters needs 后 or 前 where it would read as a date otherwise: 3月, 15日. */
static bool
date_form_offset(const struct date_reader *in, int64_t *day)
{
	static const char *const later[] = { "以后", "之后", "后", NULL };
	static const char *const before[] = { "以前", "之前", "前", NULL };
	const char *at = in->text;
	int number, sign = in->past ? -1 : 1;
	bool plus = date_take(&at, "+"), minus = !plus && date_take(&at, "-");

	if (plus || minus)
		sign = plus ? 1 : -1;
	if (!date_take_number(&at, &number))
		return false;
	const char *unit_at = at;
	char unit = date_take_unit(&at);
	bool doubtful = strcmp(unit_at, "日") == 0 || strcmp(unit_at, "月") == 0 ||
			strcmp(unit_at, "年") == 0;
	if (doubtful && !plus && !minus)
		return false;
	if (!plus && !minus && date_take_any(&at, later) >= 0)
		sign = 1;
	else if (!plus && !minus && date_take_any(&at, before) >= 0)
		sign = -1;
	if (*at != '\0' || unit == '\0')
		return false;
	if (unit == 'd' || unit == 'w')
		*day = in->today + (int64_t)sign * number * (unit == 'w' ? 7 : 1);
	else
		*day = date_add_months(in->today, sign * number * (unit == 'y' ? 12 : 1));
	return true;
}

/* Three letters or more of an English name. */
static int
date_take_english_weekday(const char **at)
{
	static const char *const names[] = { "monday", "tuesday", "wednesday", "thursday",
		"friday", "saturday", "sunday" };
	size_t bytes = strlen(*at);

	for (int i = 0; bytes >= 3 && i < 7; i++) {
		if (strncmp(names[i], *at, bytes) == 0) {
			*at += bytes;
			return i + 1;
		}
	}
	return 0;
}

static int
date_take_han_weekday(const char **at)
{
	static const char *const weeks[] = { "周", "星期", "礼拜", NULL };
	static const char *const days[] = { "一", "二", "三", "四", "五", "六", "日", "天", "1",
		"2", "3", "4", "5", "6", "7", NULL };

	date_take(at, "个");
	if (date_take_any(at, weeks) < 0)
		return 0;
	int index = date_take_any(at, days);
	return index < 0 ? 0 : index < 7 ? index + 1 : index == 7 ? 7 : index - 7;
}

/* Without a week named: the next such day after today, for the past the last before it. */
static bool
date_form_weekday(const struct date_reader *in, int64_t *day)
{
	static const char *const words[] = { "next", "last", "this", "下", "上", "本", "这",
		NULL };
	static const int weeks[] = { 1, -1, 0, 1, -1, 0, 0 };
	const char *at = in->text;
	int word = date_take_any(&at, words), now = date_weekday(in->today);
	int week = word < 0 ? 0 : weeks[word];

	if ((word == 3 || word == 4) && date_take(&at, words[word]))
		week *= 2; /* 下下周五 */
	int weekday = word >= 3 ? 0 : date_take_english_weekday(&at);
	if (weekday == 0)
		weekday = date_take_han_weekday(&at);
	if (weekday == 0 || *at != '\0')
		return false;
	*day = in->today + weekday - now + 7 * week;
	if (word < 0 && in->past && weekday >= now)
		*day -= 7;
	if (word < 0 && !in->past && weekday <= now)
		*day += 7;
	return true;
}

enum err
date_parse(const char *text, int64_t today, bool past, int64_t *day)
{
	static bool (*const forms[])(const struct date_reader *, int64_t *) = { date_form_word,
		date_form_end, date_form_digits, date_form_parted, date_form_han,
		date_form_offset, date_form_weekday };
	struct date_reader in = { .today = today, .past = past };
	int64_t found;

	if (!date_plain(text, in.text))
		return ERR_NOT_A_DATE;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!forms[i](&in, &found))
			continue;
		if (!date_ymd_valid(date_to_ymd(found)))
			return ERR_NOT_A_DATE;
		*day = found;
		return ERR_OK;
	}
	return ERR_NOT_A_DATE;
}

/* The word before the clock: a (morning), p (afternoon), m (noon), n (night), or '\0'. */
static char
time_take_half(const char **at)
{
	static const char *const words[] = { "上午", "早上", "凌晨", "早", "下午", "傍晚",
		"中午", "晚上", "晚", NULL };
	static const char halves[] = "aaaappmnn";
	int word = date_take_any(at, words);

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
	int digits = date_take_digits(at, hour);

	*minute = 0;
	if (digits == 0 && !date_take_number(at, hour))
		return false;
	if (digits == 3 || digits == 4) { /* 930, 1400 */
		*minute = *hour % 100;
		*hour /= 100;
		return true;
	}
	if (date_take(at, ":") || date_take(at, "."))
		return date_take_digits(at, minute) == 2;
	if (date_take(at, "点") || date_take(at, "时")) {
		if (date_take(at, "半"))
			*minute = 30;
		else if (date_take_number(at, minute))
			date_take(at, "分");
		else
			date_take(at, "整");
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

	if (!date_plain(text, plain))
		return ERR_INVALID;
	char half = time_take_half(&at);
	if (!time_take_clock(&at, &hour, &minute))
		return ERR_INVALID;
	if (half == '\0' && (date_take(&at, "am") || date_take(&at, "pm"))) {
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
	int digits = date_take_digits(&at, &hours);
	if (digits == 4) {
		minutes = hours % 100;
		hours /= 100;
	} else if (digits != 2 ||
		   (date_take(&at, ":") && date_take_digits(&at, &minutes) != 2)) {
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
	if (!date_take(at, ":"))
		return true;
	if (date_take_digits(at, &seconds) != 2 || seconds > 59)
		return false;
	*us = seconds * US_PER_SECOND;
	if (!date_take(at, "."))
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

	if (!date_plain(text, plain) || date_take_digits(&at, &hour) != 2 ||
	    !date_take(&at, ":") || date_take_digits(&at, &minute) != 2)
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
