/*
 * Dates as people type them, in both languages at once. The text is first made plain; then
 * each form is tried in turn and must use up all of it. The forms do not overlap, so their
 * order does not matter. Times of day are time_parse.c.
 */
#include "common/date.h"

#include "common/date_read.h"
#include "common/lunar.h"

#include <string.h>

struct date_reader {
	char text[DATE_TEXT_BYTES];
	int64_t today;
	bool past;
};

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

	if (date_read_any(&at, months) >= 0)
		*day = date_month_end(in->today);
	else if (date_read_any(&at, years) >= 0)
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
		digits[count] = date_read_digits(&at, &numbers[count]);
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

	if (!date_read_number(&at, &number))
		return false;
	if (date_read_word(&at, "年")) {
		year = number;
		if (!date_read_number(&at, &number))
			return false;
	}
	if (date_read_word(&at, "月")) {
		month = number;
		if (!date_read_number(&at, &number))
			return false;
	}
	bool marked = date_read_any(&at, days) >= 0;
	if (*at != '\0' || (month == 0 && (year != 0 || !marked)))
		return false;
	if (year != 0)
		return date_make(year, month, number, day);
	return month != 0 ? date_nearest_month_day(in, month, number, day)
			  : date_nearest_day(in, number, day);
}

/* Day, week, month or year for the number of a relative date; '\0' for no unit. */
static char
date_read_unit(const char **at)
{
	static const char *const units[] = { "个月", "个星期", "个礼拜", "星期", "礼拜", "天",
		"日", "周", "月", "年", "d", "w", "m", "y", NULL };
	static const char kinds[] = "mwwwwddwmydwmy";
	int unit = date_read_any(at, units);

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
	bool plus = date_read_word(&at, "+"), minus = !plus && date_read_word(&at, "-");

	if (plus || minus)
		sign = plus ? 1 : -1;
	if (!date_read_number(&at, &number))
		return false;
	const char *unit_at = at;
	char unit = date_read_unit(&at);
	bool doubtful = strcmp(unit_at, "日") == 0 || strcmp(unit_at, "月") == 0 ||
			strcmp(unit_at, "年") == 0;
	if (doubtful && !plus && !minus)
		return false;
	if (!plus && !minus && date_read_any(&at, later) >= 0)
		sign = 1;
	else if (!plus && !minus && date_read_any(&at, before) >= 0)
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
date_read_english_weekday(const char **at)
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
date_read_han_weekday(const char **at)
{
	static const char *const weeks[] = { "周", "星期", "礼拜", NULL };
	static const char *const days[] = { "一", "二", "三", "四", "五", "六", "日", "天", "1",
		"2", "3", "4", "5", "6", "7", NULL };

	date_read_word(at, "个");
	if (date_read_any(at, weeks) < 0)
		return 0;
	int index = date_read_any(at, days);
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
	int word = date_read_any(&at, words), now = date_weekday(in->today);
	int week = word < 0 ? 0 : weeks[word];

	if ((word == 3 || word == 4) && date_read_word(&at, words[word]))
		week *= 2; /* 下下周五 */
	int weekday = word >= 3 ? 0 : date_read_english_weekday(&at);
	if (weekday == 0)
		weekday = date_read_han_weekday(&at);
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

	if (!date_read_plain(text, in.text))
		return ERR_NOT_A_DATE;
	if (lunar_prefix(in.text) != 0)
		return lunar_parse(in.text + lunar_prefix(in.text), day) ? ERR_OK : ERR_NOT_A_DATE;
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
