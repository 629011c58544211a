/* See worktime.h. Day by day: nobody asks for more than some years, and a year is 366 steps. */
#include "common/worktime.h"

#include "common/date.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_MINUTE (60 * US_PER_SECOND)
#define WORK_YEARS_DAYS 3660

/* ---- hours of a week --------------------------------------------------------------------- */

static bool
work_take_number(const char **at, int max, int *number)
{
	const char *p = *at;

	*number = 0;
	for (; *p >= '0' && *p <= '9' && *number <= max; p++)
		*number = *number * 10 + (*p - '0');
	if (p == *at || *number > max)
		return false;
	*at = p;
	return true;
}

static bool
work_take_clock(const char **at, int *minutes)
{
	int hour, minute;

	if (!work_take_number(at, 24, &hour) || *(*at)++ != ':' ||
	    !work_take_number(at, 59, &minute))
		return false;
	*minutes = hour * 60 + minute;
	return *minutes <= WORK_DAY_MIN;
}

/* "1-5", "6", "1,3,5": bit 0 is Monday; 0: it is none of these. */
static unsigned
work_take_weekdays(const char **at)
{
	unsigned bits = 0;

	for (;;) {
		int first, last;

		if (!work_take_number(at, 7, &first) || first == 0)
			return 0;
		last = first;
		if (**at == '-') {
			(*at)++;
			if (!work_take_number(at, 7, &last) || last < first)
				return 0;
		}
		for (int day = first; day <= last; day++)
			bits |= 1U << (day - 1);
		if (**at != ',')
			return bits;
		(*at)++;
	}
}

static void
work_skip_blanks(const char **at)
{
	while (**at == ' ')
		(*at)++;
}

static bool
work_add_span(struct work_week *week, unsigned weekdays, struct work_span span)
{
	for (size_t day = 0; day < 7; day++) {
		size_t *count = &week->days[day].count;

		if ((weekdays & 1U << day) == 0)
			continue;
		if (*count == WORK_SPANS ||
		    (*count > 0 && week->days[day].spans[*count - 1].to_min >= span.from_min))
			return false;
		week->days[day].spans[(*count)++] = span;
	}
	return true;
}

/* One part between semicolons. */
static bool
work_take_part(const char **at, struct work_week *week, unsigned *known)
{
	unsigned weekdays = work_take_weekdays(at);
	size_t spans = 0;

	if (weekdays == 0 || (weekdays & *known) != 0)
		return false;
	*known |= weekdays;
	for (work_skip_blanks(at); **at != ';' && **at != '\0'; work_skip_blanks(at), spans++) {
		struct work_span span;

		if (!work_take_clock(at, &span.from_min) || *(*at)++ != '-' ||
		    !work_take_clock(at, &span.to_min) || span.to_min <= span.from_min ||
		    !work_add_span(week, weekdays, span))
			return false;
	}
	return spans > 0;
}

enum err
work_parse(const char *text, struct work_week *week)
{
	unsigned known = 0;

	memset(week, 0, sizeof(*week));
	for (work_skip_blanks(&text);; work_skip_blanks(&text)) {
		if (!work_take_part(&text, week, &known))
			return ERR_INVALID;
		if (*text == '\0')
			return ERR_OK;
		text++; /* the semicolon */
	}
}

/* ---- one day ----------------------------------------------------------------------------- */

static int
work_compare_day(const void *key, const void *entry)
{
	int64_t day = *(const int64_t *)key, other = ((const struct work_day *)entry)->day;

	return day < other ? -1 : day > other;
}

/* The spans of a day; a day worked in place of another has its weekday's, else the week's first. */
static size_t
work_spans(const struct work_calendar *calendar, int64_t day, const struct work_span **spans)
{
	const struct work_day *special = calendar->day_count == 0
		? NULL
		: bsearch(&day, calendar->days, calendar->day_count, sizeof(*calendar->days),
		      work_compare_day);
	size_t weekday = (size_t)date_weekday(day) - 1;

	if (special != NULL && !special->working)
		return 0;
	for (size_t i = 0; special != NULL && calendar->week.days[weekday].count == 0 && i < 7; i++)
		if (calendar->week.days[i].count > 0)
			weekday = i;
	*spans = calendar->week.days[weekday].spans;
	return calendar->week.days[weekday].count;
}

static int
work_offset_min(const struct work_calendar *calendar, int64_t at_us)
{
	size_t i = calendar->offset_count - 1;

	while (i > 0 && calendar->offsets[i].from_us > at_us)
		i--;
	return calendar->offsets[i].offset_min;
}

/*
 * The moment of a time on the wall clock: the first one where the clock shows it twice, that of the
 * change where it is skipped.
 */
static int64_t
work_moment(const struct work_calendar *calendar, int64_t day, int minute)
{
	int64_t wall_us = day * US_PER_DAY + minute * US_PER_MINUTE, at_us = wall_us;

	for (size_t i = 0; i < calendar->offset_count; i++) {
		bool last = i + 1 == calendar->offset_count;

		at_us = wall_us - calendar->offsets[i].offset_min * US_PER_MINUTE;
		if (i > 0 && at_us < calendar->offsets[i].from_us)
			return calendar->offsets[i].from_us;
		if (last || at_us < calendar->offsets[i + 1].from_us)
			return at_us;
	}
	return at_us;
}

/* ---- spans of moments -------------------------------------------------------------------- */

static int64_t
work_us_between(const struct work_calendar *calendar, int64_t from_us, int64_t to_us)
{
	int64_t day = date_of_us(from_us, work_offset_min(calendar, from_us)), worked_us = 0;

	for (; day * US_PER_DAY < to_us + US_PER_DAY; day++) {
		const struct work_span *spans;
		size_t count = work_spans(calendar, day, &spans);

		for (size_t i = 0; i < count; i++) {
			int64_t begin = work_moment(calendar, day, spans[i].from_min);
			int64_t end = work_moment(calendar, day, spans[i].to_min);

			begin = begin < from_us ? from_us : begin;
			end = end > to_us ? to_us : end;
			worked_us += end > begin ? end - begin : 0;
		}
	}
	return worked_us;
}

int64_t
work_minutes_between(const struct work_calendar *calendar, int64_t from_us, int64_t to_us)
{
	return work_us_between(calendar, from_us, to_us) / US_PER_MINUTE;
}

enum err
work_add_minutes(
    const struct work_calendar *calendar, int64_t from_us, int64_t minutes, int64_t *end_us)
{
	int64_t day = date_of_us(from_us, work_offset_min(calendar, from_us));
	int64_t last = day + WORK_YEARS_DAYS, left_us;

	*end_us = from_us;
	if (minutes <= 0 || minutes > WORK_YEARS_DAYS * WORK_DAY_MIN)
		return minutes == 0 ? ERR_OK : ERR_INVALID;
	for (left_us = minutes * US_PER_MINUTE; day < last; day++) {
		const struct work_span *spans;
		size_t count = work_spans(calendar, day, &spans);

		for (size_t i = 0; i < count; i++) {
			int64_t begin = work_moment(calendar, day, spans[i].from_min);
			int64_t end = work_moment(calendar, day, spans[i].to_min);

			begin = begin < from_us ? from_us : begin;
			if (end <= begin)
				continue;
			if (end - begin >= left_us) {
				*end_us = begin + left_us;
				return ERR_OK;
			}
			left_us -= end - begin;
		}
	}
	return ERR_INVALID;
}

bool
work_is_on(const struct work_calendar *calendar, int64_t at_us)
{
	return work_us_between(calendar, at_us, at_us + 1) > 0;
}
