/*
 * Working time: what of a span of moments somebody works, by the hours of a week, the holidays and
 * the days worked in their place (调休), on a clock that may be put forward and back. Pure: where
 * the hours, days and offsets come from is the caller's.
 */
#ifndef KEHU_WORKTIME_H
#define KEHU_WORKTIME_H

#include "common/arena.h"
#include "common/error.h"
#include <stddef.h>
#include <stdint.h>

enum { WORK_SPANS = 6, WORK_DAY_MIN = 24 * 60 };

/* From and to on the wall clock, in minutes since midnight. */
struct work_span {
	int from_min, to_min;
};

/* The hours of a week, Monday first; in order, not touching. */
struct work_week {
	struct {
		struct work_span spans[WORK_SPANS];
		size_t count;
	} days[7];
};

/* A day that is not like others of its weekday. */
struct work_day {
	int64_t day;  /* since 1970-01-01 */
	bool working; /* worked although its weekday may not be; else off */
};

/* The clock is so many minutes east of UTC from that moment on. */
struct work_offset {
	int64_t from_us;
	int offset_min;
};

struct work_calendar {
	struct work_week week;
	const struct work_day *days; /* by day, ascending */
	size_t day_count;
	const struct work_offset *offsets; /* ascending; at least one, which holds before it too */
	size_t offset_count;
};

/*
 * "1-5 09:00-12:00 13:30-18:00; 6 09:00-12:00": weekdays (1 is Monday; 1-5, 6, 1,3,5), their hours;
 * 24:00 is midnight at the end. ERR_INVALID: anything else, a weekday twice, hours that overlap or
 * end before they begin, and no hours at all.
 */
MUST_CHECK enum err work_parse(const char *text, struct work_week *week);

/* Minutes worked from one moment to another, begun ones not counted; 0 when it is not later. */
int64_t work_minutes_between(const struct work_calendar *calendar, int64_t from_us, int64_t to_us);

/*
 * The moment at which so many minutes were worked from a moment on. ERR_INVALID: they are not
 * worked within ten years, or fewer than 0.
 */
MUST_CHECK enum err work_add_minutes(
    const struct work_calendar *calendar, int64_t from_us, int64_t minutes, int64_t *end_us);

/* Is that moment within working hours? */
bool work_is_on(const struct work_calendar *calendar, int64_t at_us);

#endif
