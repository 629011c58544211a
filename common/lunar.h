/*
 * The Chinese lunar calendar, from 1900-01-31 (the first day of lunar 1900) to 2101-01-28. Days
 * are those of common/date.h. Years begin with the first month; a leap month has the number of
 * the one before it.
 */
#ifndef KEHU_LUNAR_H
#define KEHU_LUNAR_H

#include "common/arena.h"
#include "common/error.h"
#include <stddef.h>
#include <stdint.h>

#define LUNAR_FIRST_YEAR 1900
#define LUNAR_LAST_YEAR  2100

struct lunar_day {
	int year, month, day;
	bool leap; /* of a leap month */
};

/* False: the day is outside of what the table holds. */
MUST_CHECK bool lunar_from_day(int64_t day, struct lunar_day *lunar);
/* False: there is no such lunar day. */
MUST_CHECK bool lunar_to_day(struct lunar_day lunar, int64_t *day);

/*
 * What people type after 农历 or "lunar": 1985-8-15, 1985年8月15日, 1985年八月十五,
 * 1985年闰四月初三, 2020-闰4-3, 2020-leap4-3, 冬月 and 腊月 too. False: it is no such day.
 */
MUST_CHECK bool lunar_parse(const char *text, int64_t *day);
/* How many bytes 农历, 阴历 or "lunar" take at the start of text, spaces included; 0: none of
 * them is there. */
size_t lunar_prefix(const char *text);

#endif
