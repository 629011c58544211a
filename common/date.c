/*
 * Days and moments as numbers: calendar arithmetic, the clocks, printing. Reading what people
 * type is date_parse.c.
 *
 * Days from the wire may be any 64-bit number, so they are clamped to the range of the
 * contract before arithmetic: a nonsense date prints as nonsense, but nothing overflows.
 */
#include "common/date.h"
#include "common/log.h"

#include <time.h>

#define DATE_DAYS_PER_ERA 146097 /* 400 Gregorian years */

static int64_t
date_clamp(int64_t day)
{
	return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : day;
}

static int64_t
date_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool
date_is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
date_month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && date_is_leap(year));
}

bool
date_ymd_valid(struct ymd ymd)
{
	return ymd.year >= 1 && ymd.year <= 9999 && ymd.month >= 1 && ymd.month <= 12 &&
	       ymd.day >= 1 && ymd.day <= date_month_days(ymd.year, ymd.month);
}

/* Years begin in March here, so that the leap day is the last of its year. */
int64_t
date_from_ymd(struct ymd ymd)
{
	int64_t year = (int64_t)ymd.year - (ymd.month <= 2);
	int64_t era = date_floor_div(year, 400);
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (ymd.month + (ymd.month > 2 ? -3 : 9)) + 2) / 5 + ymd.day - 1;
	int64_t day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;

	return era * DATE_DAYS_PER_ERA + day_of_era - 719468;
}

struct ymd
date_to_ymd(int64_t day)
{
	int64_t z = date_clamp(day) + 719468;
	int64_t era = date_floor_div(z, DATE_DAYS_PER_ERA);
	int64_t doe = z - era * DATE_DAYS_PER_ERA;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct ymd){
		.year = (int)(yoe + era * 400 + (month <= 2)),
		.month = month,
		.day = (int)(doy - (153 * mp + 2) / 5 + 1),
	};
}

/* Day 0 was a Thursday. */
int
date_weekday(int64_t day)
{
	int64_t z = date_clamp(day) + 3;

	return (int)(z - date_floor_div(z, 7) * 7) + 1;
}

int64_t
date_add_months(int64_t day, int months)
{
	struct ymd ymd = date_to_ymd(day);
	int64_t total = (int64_t)ymd.year * 12 + ymd.month - 1 + months;

	ymd.year = (int)date_floor_div(total, 12);
	ymd.month = (int)(total - (int64_t)ymd.year * 12) + 1;
	int last = date_month_days(ymd.year, ymd.month);
	if (ymd.day > last)
		ymd.day = last;
	return date_from_ymd(ymd);
}

int64_t
date_month_end(int64_t day)
{
	struct ymd ymd = date_to_ymd(day);

	ymd.day = date_month_days(ymd.year, ymd.month);
	return date_from_ymd(ymd);
}

static int64_t
date_clock_us(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		fatal("the system has no clock %d", (int)clock);
	return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t
date_now_us(void)
{
	return date_clock_us(CLOCK_REALTIME);
}

int64_t
date_monotonic_us(void)
{
	return date_clock_us(CLOCK_MONOTONIC);
}

int64_t
date_today(int offset_min)
{
	return date_of_us(date_now_us(), offset_min);
}

/* Minutes since the epoch on the clock of a branch: no overflow for any us. */
static int64_t
date_local_min(int64_t us, int offset_min)
{
	return date_floor_div(us, 60 * US_PER_SECOND) + offset_min;
}

int64_t
date_of_us(int64_t us, int offset_min)
{
	return date_floor_div(date_local_min(us, offset_min), 24 * 60);
}

char *
date_format(struct arena *arena, int64_t day)
{
	struct ymd ymd = date_to_ymd(day);

	return arena_printf(arena, "%04d-%02d-%02d", ymd.year, ymd.month, ymd.day);
}

char *
date_format_weekday(struct arena *arena, int64_t day, enum lang lang)
{
	static const char *const names[2][7] = {
		{ "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" },
		{ "周一", "周二", "周三", "周四", "周五", "周六", "周日" },
	};

	return arena_printf(arena, "%s %s", date_format(arena, day),
	    names[lang == LANG_ZH][date_weekday(day) - 1]);
}

char *
date_format_us(struct arena *arena, int64_t us, int offset_min)
{
	int64_t min = date_local_min(us, offset_min);
	int64_t day = date_floor_div(min, 24 * 60);
	int of_day = (int)(min - day * 24 * 60);

	return arena_printf(
	    arena, "%s %02d:%02d", date_format(arena, day), of_day / 60, of_day % 60);
}
