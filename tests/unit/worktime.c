/* Facts about working time: hours of a week, holidays, make-up days, clocks put forward and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/date.h"
#include "common/worktime.h"

/* China's clock; the National Day week of 2026 with its make-up Saturday. */
static const struct work_offset china[] = { { 0, 480 } };
static struct work_day days[9];

static int64_t
day_of(int month, int day)
{
	return date_from_ymd((struct ymd){ 2026, month, day });
}

/* A moment of 2026 on a clock so many minutes east. */
static int64_t
at(int month, int day, int hour, int minute, int offset_min)
{
	return day_of(month, day) * US_PER_DAY +
	    (int64_t)(hour * 60 + minute - offset_min) * 60 * US_PER_SECOND;
}

#define CN(month, day, hour, minute) at(month, day, hour, minute, 480)

static struct work_calendar
calendar_of(const char *hours, const struct work_offset *offsets, size_t count)
{
	struct work_calendar calendar = { .offsets = offsets, .offset_count = count };

	assert_int_equal(work_parse(hours, &calendar.week), ERR_OK);
	for (int i = 0; i < 7; i++)
		days[i] = (struct work_day){ .day = day_of(10, 1) + i };
	days[7] = (struct work_day){ .day = day_of(10, 10), .working = true };
	calendar.days = days;
	calendar.day_count = 8;
	return calendar;
}

#define OFFICE "1-5 09:00-12:00 13:30-18:00"
#define OFFICE_MIN (3 * 60 + 270)

static void
hours_are_read_and_nonsense_is_not(void **state)
{
	static const char *const wrong[] = { "", "1-5", "0 09:00-10:00", "8 09:00-10:00", "5-1 09:00-10:00",
		"1 10:00-09:00", "1 09:00-09:00", "1 09:00-24:30", "1 09:60-10:00", "1 09:00-11:00 10:00-12:00",
		"1 9-10", "1-5 09:00-10:00; 3 09:00-10:00", "1 09:00-10:00;", "Mon 09:00-10:00", "1, 09:00-10:00",
		"99999999999 09:00-10:00" };
	struct work_week week;

	assert_int_equal(work_parse(" 1-4,7 9:00-12:00 ; 6 00:00-24:00", &week), ERR_OK);
	assert_int_equal(week.days[0].count, 1);
	assert_int_equal(week.days[4].count, 0);
	assert_int_equal(week.days[5].spans[0].to_min, WORK_DAY_MIN);
	assert_int_equal(week.days[6].spans[0].from_min, 540);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(work_parse(wrong[i], &week), ERR_INVALID);
}

static void
nights_weekends_and_lunch_do_not_count(void **state)
{
	struct work_calendar office = calendar_of(OFFICE, china, 1);

	/* 2026-11-23 is a Monday */
	assert_int_equal(work_minutes_between(&office, CN(11, 23, 9, 0), CN(11, 23, 18, 0)), OFFICE_MIN);
	assert_int_equal(work_minutes_between(&office, CN(11, 23, 11, 30), CN(11, 23, 14, 0)), 60);
	assert_int_equal(work_minutes_between(&office, CN(11, 20, 17, 0), CN(11, 23, 10, 0)), 120);
	assert_int_equal(work_minutes_between(&office, CN(11, 16, 0, 0), CN(11, 23, 0, 0)), 5 * OFFICE_MIN);
	assert_int_equal(work_minutes_between(&office, CN(11, 23, 10, 0), CN(11, 23, 9, 0)), 0);
	assert_true(work_is_on(&office, CN(11, 23, 9, 0)));
	assert_true(work_is_on(&office, CN(11, 23, 12, 0) - 1));
	assert_false(work_is_on(&office, CN(11, 23, 12, 0)));
	assert_false(work_is_on(&office, CN(11, 22, 10, 0)));
}

static void
holidays_are_off_and_make_up_days_are_worked(void **state)
{
	struct work_calendar office = calendar_of(OFFICE, china, 1);

	assert_int_equal(work_minutes_between(&office, CN(10, 1, 0, 0), CN(10, 8, 0, 0)), 0);
	/* Saturday the 10th has the hours of a Monday, Sunday the 11th none */
	assert_int_equal(work_minutes_between(&office, CN(10, 10, 0, 0), CN(10, 12, 0, 0)), OFFICE_MIN);
	assert_int_equal(work_minutes_between(&office, CN(9, 30, 17, 0), CN(10, 8, 10, 0)), 120);
}

static void
minutes_added_end_within_working_hours(void **state)
{
	struct work_calendar office = calendar_of(OFFICE, china, 1);
	int64_t end;

	assert_int_equal(work_add_minutes(&office, CN(11, 23, 11, 30), 60, &end), ERR_OK);
	assert_true(end == CN(11, 23, 14, 0));
	assert_int_equal(work_add_minutes(&office, CN(11, 20, 19, 0), 1, &end), ERR_OK);
	assert_true(end == CN(11, 23, 9, 1));
	assert_int_equal(work_add_minutes(&office, CN(9, 30, 17, 0), 120, &end), ERR_OK);
	assert_true(end == CN(10, 8, 10, 0));
	assert_int_equal(work_minutes_between(&office, CN(9, 30, 17, 0), end), 120);
	assert_int_equal(work_add_minutes(&office, CN(11, 23, 3, 0), 0, &end), ERR_OK);
	assert_true(end == CN(11, 23, 3, 0));
	assert_int_equal(work_add_minutes(&office, CN(11, 23, 3, 0), -1, &end), ERR_INVALID);
	assert_int_equal(work_add_minutes(&office, CN(11, 23, 3, 0), INT64_MAX, &end), ERR_INVALID);
}

/* Berlin: forward on 2026-03-29 at 02:00 (01:00 UTC), back on 2026-10-25 at 03:00 (01:00 UTC). */
static void
clock_put_forward_and_back_is_minded(void **state)
{
	const struct work_offset berlin[] = { { 0, 60 }, { at(3, 29, 1, 0, 0), 120 }, { at(10, 25, 1, 0, 0), 60 } };
	struct work_calendar always = calendar_of("1-7 00:00-24:00", berlin, 3);
	struct work_calendar night = calendar_of("7 01:00-04:00", berlin, 3);
	int64_t end;

	assert_int_equal(work_minutes_between(&always, at(3, 29, 0, 0, 60), at(3, 30, 0, 0, 120)), 23 * 60);
	assert_int_equal(work_minutes_between(&always, at(10, 25, 0, 0, 120), at(10, 26, 0, 0, 60)), 25 * 60);
	assert_int_equal(work_minutes_between(&night, at(3, 28, 12, 0, 60), at(3, 29, 12, 0, 120)), 2 * 60);
	assert_int_equal(work_minutes_between(&night, at(10, 24, 12, 0, 120), at(10, 25, 12, 0, 60)), 4 * 60);
	assert_int_equal(work_add_minutes(&night, at(3, 28, 12, 0, 60), 90, &end), ERR_OK);
	assert_true(end == at(3, 29, 3, 30, 120));
}

/* What was added is what lies between, from any minute of some weeks on. */
static void
adding_and_counting_agree(void **state)
{
	struct work_calendar office = calendar_of(OFFICE "; 6 09:00-12:00", china, 1);
	unsigned seed = 7;

	for (int i = 0; i < 2000; i++) {
		int64_t from = CN(9, 20, 0, 0), minutes, end;

		seed = seed * 1103515245U + 12345U;
		from += (int64_t)(seed >> 8) % (40 * 1440) * 60 * US_PER_SECOND;
		seed = seed * 1103515245U + 12345U;
		minutes = (int64_t)(seed >> 8) % 5000 + 1;
		assert_int_equal(work_add_minutes(&office, from, minutes, &end), ERR_OK);
		assert_int_equal(work_minutes_between(&office, from, end), minutes);
		assert_int_equal(work_minutes_between(&office, from, end - 60 * US_PER_SECOND), minutes - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_are_read_and_nonsense_is_not),
		cmocka_unit_test(nights_weekends_and_lunch_do_not_count),
		cmocka_unit_test(holidays_are_off_and_make_up_days_are_worked),
		cmocka_unit_test(minutes_added_end_within_working_hours),
		cmocka_unit_test(clock_put_forward_and_back_is_minded),
		cmocka_unit_test(adding_and_counting_agree),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
