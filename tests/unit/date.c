/* Facts about dates: the calendar, every form people type, printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/date.h"
#include "common/lunar.h"

#include <string.h>
#include <time.h>

static struct arena *arena;

static int
date_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
date_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

static int64_t
day(int year, int month, int day)
{
	return date_from_ymd((struct ymd){ year, month, day });
}

static void
date_every_day_of_ten_thousand_years_comes_back(void **state)
{
	int64_t last = day(9999, 12, 31);
	struct ymd want = { 1, 1, 1 };

	for (int64_t at = day(1, 1, 1); at <= last; at++) {
		struct ymd got = date_to_ymd(at);
		if (got.year != want.year || got.month != want.month || got.day != want.day ||
		    date_from_ymd(got) != at || !date_ymd_valid(got))
			fail_msg("%d-%d-%d", want.year, want.month, want.day);
		want.day++;
		if (!date_ymd_valid(want)) {
			want.day = 1;
			want.month++;
		}
		if (want.month == 13) {
			want.month = 1;
			want.year++;
		}
	}
	assert_int_equal(want.year, 10000);
}

static void
date_agrees_with_the_c_library(void **state)
{
	for (int64_t at = -200000; at < 200000; at += 37) {
		time_t seconds = (time_t)(at * 86400);
		struct tm tm;
		gmtime_r(&seconds, &tm);
		struct ymd ymd = date_to_ymd(at);
		assert_int_equal(ymd.year, tm.tm_year + 1900);
		assert_int_equal(ymd.month, tm.tm_mon + 1);
		assert_int_equal(ymd.day, tm.tm_mday);
		assert_int_equal(date_weekday(at) % 7, tm.tm_wday);
	}
}

static void
date_known_days_have_known_numbers(void **state)
{
	assert_int_equal(day(1970, 1, 1), 0);
	assert_int_equal(day(1969, 12, 31), -1);
	assert_int_equal(day(2000, 3, 1), 11017);
	assert_int_equal(date_weekday(day(2026, 11, 23)), 1);
	assert_int_equal(date_weekday(day(2000, 1, 1)), 6);
	assert_int_equal(date_weekday(day(1969, 12, 28)), 7);
}

static void
date_ymd_valid_knows_leap_years(void **state)
{
	assert_true(date_ymd_valid((struct ymd){ 2024, 2, 29 }));
	assert_true(date_ymd_valid((struct ymd){ 2000, 2, 29 }));
	assert_false(date_ymd_valid((struct ymd){ 1900, 2, 29 }));
	assert_false(date_ymd_valid((struct ymd){ 2023, 2, 29 }));
	assert_false(date_ymd_valid((struct ymd){ 2026, 13, 1 }));
	assert_false(date_ymd_valid((struct ymd){ 2026, 0, 1 }));
	assert_false(date_ymd_valid((struct ymd){ 2026, 4, 31 }));
	assert_false(date_ymd_valid((struct ymd){ 0, 1, 1 }));
	assert_false(date_ymd_valid((struct ymd){ 10000, 1, 1 }));
}

static void
date_add_months_stays_inside_the_month(void **state)
{
	assert_int_equal(date_add_months(day(2026, 1, 31), 1), day(2026, 2, 28));
	assert_int_equal(date_add_months(day(2024, 1, 31), 1), day(2024, 2, 29));
	assert_int_equal(date_add_months(day(2024, 2, 29), 12), day(2025, 2, 28));
	assert_int_equal(date_add_months(day(2026, 3, 31), -1), day(2026, 2, 28));
	assert_int_equal(date_add_months(day(2026, 1, 15), -1), day(2025, 12, 15));
	assert_int_equal(date_add_months(day(2026, 12, 15), 1), day(2027, 1, 15));
	assert_int_equal(date_add_months(day(2026, 6, 30), -18), day(2024, 12, 30));
	assert_int_equal(date_month_end(day(2024, 2, 3)), day(2024, 2, 29));
	assert_int_equal(date_month_end(day(2026, 12, 31)), day(2026, 12, 31));
}

static void
date_of_nonsense_numbers_does_not_overflow(void **state)
{
	static const int64_t days[] = { INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX,
		INT64_MAX / 2 };

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		assert_in_range(date_weekday(days[i]), 1, 7);
		assert_non_null(date_format(arena, days[i]));
		date_add_months(days[i], INT32_MAX);
		date_add_months(days[i], INT32_MIN);
		date_month_end(days[i]);
		assert_non_null(date_format_us(arena, days[i], 840));
		assert_non_null(date_format_us(arena, days[i], -840));
	}
}

static void
assert_date(const char *text, int64_t today, bool past, int64_t want)
{
	int64_t got = INT64_MIN;
	enum err err = date_parse(text, today, past, &got);

	if (err != ERR_OK)
		fail_msg("%s: %s", text, err_name(err));
	if (got != want)
		fail_msg("%s on %s%s: %s, not %s", text, date_format(arena, today),
		    past ? " (past)" : "", date_format(arena, got), date_format(arena, want));
}

/* Monday, the day of the examples in the header. */
#define MONDAY day(2026, 11, 23)

static void
date_parse_reads_whole_dates(void **state)
{
	static const char *const same[] = { "2026-11-30", "2026/11/30", "2026.11.30",
		"20261130", "2026年11月30日", "2026年11月30号", "2026年11月30",
		"２０２６-１１-３０", "２０２６年１１月３０日", " 2026-11-30 ",
		"2026 年 11 月 30 日", "2026 11 30", "２０２６１１３０" };

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_date(same[i], MONDAY, false, day(2026, 11, 30));
		assert_date(same[i], MONDAY, true, day(2026, 11, 30));
	}
	assert_date("2024-2-9", MONDAY, false, day(2024, 2, 9));
	assert_date("2024-02-29", MONDAY, false, day(2024, 2, 29));
	assert_date("0001-01-01", MONDAY, false, day(1, 1, 1));
	assert_date("9999-12-31", MONDAY, false, day(9999, 12, 31));
}

static void
date_parse_finds_the_nearest_such_day_of_a_year(void **state)
{
	static const char *const forms[] = { "1124", "11-24", "11/24", "11.24", "11月24日",
		"11月24", "十一月二十四日", "11 24" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_date(forms[i], MONDAY, false, day(2026, 11, 24));
		assert_date(forms[i], MONDAY, true, day(2025, 11, 24));
	}
	assert_date("1123", MONDAY, false, MONDAY); /* today counts both ways */
	assert_date("1123", MONDAY, true, MONDAY);
	assert_date("1122", MONDAY, false, day(2027, 11, 22));
	assert_date("1-1", MONDAY, false, day(2027, 1, 1));
	assert_date("0229", MONDAY, false, day(2028, 2, 29));
	assert_date("0229", MONDAY, true, day(2024, 2, 29));
	assert_date("2月29日", day(1897, 1, 1), false, day(1904, 2, 29)); /* 1900 has none */
}

static void
date_parse_finds_the_nearest_such_day_of_a_month(void **state)
{
	assert_date("15", MONDAY, false, day(2026, 12, 15));
	assert_date("15", MONDAY, true, day(2026, 11, 15));
	assert_date("15日", MONDAY, false, day(2026, 12, 15));
	assert_date("１５号", MONDAY, false, day(2026, 12, 15));
	assert_date("23", MONDAY, false, MONDAY);
	assert_date("23", MONDAY, true, MONDAY);
	assert_date("5", MONDAY, false, day(2026, 12, 5));
	assert_date("31", MONDAY, false, day(2026, 12, 31)); /* November has none */
	assert_date("31", MONDAY, true, day(2026, 10, 31));
	assert_date("31", day(2026, 7, 1), true, day(2026, 5, 31));
	assert_date("30", day(2027, 1, 31), false, day(2027, 3, 30));
	assert_date("1", day(2026, 12, 2), false, day(2027, 1, 1));
	assert_date("25", day(2027, 1, 2), true, day(2026, 12, 25));
}

static void
date_parse_reads_offsets(void **state)
{
	static const struct {
		const char *text;
		int year, month, day;
	} rows[] = { { "+3d", 2026, 11, 26 }, { "3d", 2026, 11, 26 }, { "-2w", 2026, 11, 9 },
		{ "1m", 2026, 12, 23 }, { "+1y", 2027, 11, 23 }, { "+3D", 2026, 11, 26 },
		{ "＋３ｄ", 2026, 11, 26 }, { "+ 3 d", 2026, 11, 26 },
		{ "3天后", 2026, 11, 26 }, { "三天后", 2026, 11, 26 },
		{ "三天之后", 2026, 11, 26 }, { "2周前", 2026, 11, 9 },
		{ "两周前", 2026, 11, 9 }, { "两个星期以前", 2026, 11, 9 },
		{ "十天前", 2026, 11, 13 }, { "３０天后", 2026, 12, 23 },
		{ "30天", 2026, 12, 23 }, { "2个月后", 2027, 1, 23 }, { "3月后", 2027, 2, 23 },
		{ "1年前", 2025, 11, 23 }, { "+15日", 2026, 12, 8 }, { "+0d", 2026, 11, 23 },
		{ "二十一天后", 2026, 12, 14 }, { "+99999d", 2300, 9, 7 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_date(
		    rows[i].text, MONDAY, false, day(rows[i].year, rows[i].month, rows[i].day));
	assert_date("1m", day(2026, 1, 31), false, day(2026, 2, 28));
	assert_date("+1y", day(2024, 2, 29), false, day(2025, 2, 28));
	/* Without a sign the past looks back; with one it means what it says. */
	assert_date("3d", MONDAY, true, day(2026, 11, 20));
	assert_date("30天", MONDAY, true, day(2026, 10, 24));
	assert_date("+3d", MONDAY, true, day(2026, 11, 26));
	assert_date("3天后", MONDAY, true, day(2026, 11, 26));
}

static void
date_parse_reads_words(void **state)
{
	static const struct {
		const char *text;
		int days;
	} rows[] = { { "today", 0 }, { "Tomorrow", 1 }, { "YESTERDAY", -1 }, { "今天", 0 },
		{ "明天", 1 }, { "后天", 2 }, { "大后天", 3 }, { "昨天", -1 }, { "前天", -2 },
		{ "大前天", -3 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_date(rows[i].text, MONDAY, false, MONDAY + rows[i].days);
		assert_date(rows[i].text, MONDAY, true, MONDAY + rows[i].days);
	}
}

static void
date_parse_knows_the_end_of_month_and_year(void **state)
{
	assert_date("eom", MONDAY, false, day(2026, 11, 30));
	assert_date("月底", MONDAY, false, day(2026, 11, 30));
	assert_date("EOM", day(2024, 2, 29), false, day(2024, 2, 29));
	assert_date("月底", day(2026, 2, 1), true, day(2026, 2, 28));
	assert_date("eoy", MONDAY, false, day(2026, 12, 31));
	assert_date("年底", day(2026, 12, 31), false, day(2026, 12, 31));
}

static void
date_parse_knows_weekdays_from_every_weekday(void **state)
{
	/* Monday 23 to Sunday 29; Friday of that week is the 27th. */
	for (int i = 0; i < 7; i++) {
		int64_t today = MONDAY + i, friday = day(2026, 11, 27);
		static const char *const next[] = { "下周五", "下星期五", "下礼拜五",
			"下个星期五", "下周5", "next fri", "next friday", "Next Fri" };
		for (size_t n = 0; n < sizeof(next) / sizeof(next[0]); n++)
			assert_date(next[n], today, false, friday + 7);
		assert_date("上周五", today, false, friday - 7);
		assert_date("last fri", today, true, friday - 7);
		assert_date("本周五", today, false, friday);
		assert_date("这周五", today, true, friday);
		assert_date("this fri", today, false, friday);
		assert_date("下下周五", today, false, friday + 14);
		assert_date("上上周五", today, false, friday - 14);
		assert_date("下周日", today, false, day(2026, 12, 6));
		assert_date("下周天", today, false, day(2026, 12, 6));
		assert_date("下周一", today, false, day(2026, 11, 30));
		assert_date("next mon", today, false, day(2026, 11, 30));
		/* Without a week: the next one after today, for the past the last before it. */
		assert_date("周五", today, false, i < 4 ? friday : friday + 7);
		assert_date("星期五", today, false, i < 4 ? friday : friday + 7);
		assert_date("fri", today, false, i < 4 ? friday : friday + 7);
		assert_date("friday", today, true, i <= 4 ? friday - 7 : friday);
		assert_date("礼拜五", today, true, i <= 4 ? friday - 7 : friday);
		assert_date("mon", today, false, MONDAY + 7);
		assert_date("sun", today, false, i < 6 ? MONDAY + 6 : MONDAY + 13);
		assert_date("sun", today, true, MONDAY - 1);
	}
}

static void
date_parse_refuses_everything_else(void **state)
{
	static const char *const bad[] = { "", " ", "02-30", "0230", "2026-02-30", "2023-02-29",
		"2月30日", "13-01", "1301", "0", "00", "32", "000", "123", "12345", "123456",
		"1234567", "123456789", "20261301", "20260001", "2026-11", "2026-11-", "-11-23",
		"2026-11/23", "26-11-23", "2026-11-23x", "x", "abc", "d", "+d", "+3", "-5",
		"3x", "3dd", "+-3d", "fr", "fridays", "mo", "next", "下周", "周八", "周", "下",
		"星期", "3月", "2026年", "2026年11月", "11月", "月", "日", "年", "十", "一",
		"2026年13月1日", "0000-01-01", "+9999y", "-9999y", "+999999d",
		"99999999999999d", "today x", "tomorrowx", "明", "明天后", "next next fri",
		"\xFF", "2026-11-23\xFF", "3天后前", "+3天后", "eomx", "2026-011-23",
		"02026-11-23", "下this fri", "next周", "1123日",
		"今天今天今天今天今天今天今天今天今天今天今天今天今天今天今天" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t got = 123456789;
		enum err err = date_parse(bad[i], MONDAY, i % 2 == 0, &got);
		if (err != ERR_NOT_A_DATE)
			fail_msg(
			    "\"%s\": %s, %s", bad[i], err_name(err), date_format(arena, got));
		assert_int_equal(got, 123456789);
	}
}

static void
date_parse_never_fails_on_any_bytes(void **state)
{
	static const char *const parts[] = { "2", "0", "11", "-", "/", ".", "+", "d", "w", "周",
		"五", "下", "月", "日", "年", "后", "前", "十", "三", "next", "fri", " ",
		"\xFF", "：", ":", "点", "pm", "今", "天", "T", "Z", "99999" };
	unsigned seed = 99;

	for (int round = 0; round < 200000; round++) {
		char text[128] = "";
		int64_t got;
		int minutes;
		for (int i = round % 7; i >= 0; i--) {
			seed = seed * 1103515245 + 12345;
			strcat(text, parts[(seed >> 16) % (sizeof(parts) / sizeof(parts[0]))]);
		}
		if (date_parse(text, MONDAY, round & 1, &got) == ERR_OK)
			assert_true(date_ymd_valid(date_to_ymd(got)));
		if (time_parse(text, &minutes) == ERR_OK)
			assert_in_range(minutes, 0, 1439);
		(void)!date_parse_us(text, 0, 480, &got);
	}
}

/* New Year's days, Mid-Autumns and leap months as the almanac has them. */
static void
lunar_days_are_those_of_the_almanac(void **state)
{
	static const struct {
		struct lunar_day lunar;
		struct ymd solar;
	} known[] = {
		{ { 1900, 1, 1, false }, { 1900, 1, 31 } }, { { 1917, 2, 1, true }, { 1917, 3, 23 } },
		{ { 1949, 8, 10, false }, { 1949, 10, 1 } }, { { 1954, 1, 1, false }, { 1954, 2, 3 } },
		{ { 1978, 8, 15, false }, { 1978, 9, 17 } }, { { 1984, 10, 1, true }, { 1984, 11, 23 } },
		{ { 1985, 8, 15, false }, { 1985, 9, 29 } }, { { 2000, 1, 1, false }, { 2000, 2, 5 } },
		{ { 2008, 7, 8, false }, { 2008, 8, 8 } }, { { 2020, 4, 1, true }, { 2020, 5, 23 } },
		{ { 2023, 2, 1, true }, { 2023, 3, 22 } }, { { 2023, 12, 30, false }, { 2024, 2, 9 } },
		{ { 2024, 12, 29, false }, { 2025, 1, 28 } }, { { 2025, 6, 1, true }, { 2025, 7, 25 } },
		{ { 2026, 1, 1, false }, { 2026, 2, 17 } }, { { 2026, 8, 15, false }, { 2026, 9, 25 } },
		{ { 2033, 11, 1, true }, { 2033, 12, 22 } }, { { 2100, 1, 1, false }, { 2100, 2, 9 } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct lunar_day got;
		int64_t back;

		assert_true(lunar_from_day(date_from_ymd(known[i].solar), &got));
		assert_int_equal(got.year, known[i].lunar.year);
		assert_int_equal(got.month, known[i].lunar.month);
		assert_int_equal(got.day, known[i].lunar.day);
		assert_int_equal(got.leap, known[i].lunar.leap);
		assert_true(lunar_to_day(known[i].lunar, &back));
		assert_int_equal(back, date_from_ymd(known[i].solar));
	}
}

static void
every_lunar_day_comes_back_and_follows_the_one_before(void **state)
{
	int64_t first = day(1900, 1, 31), last = day(2101, 1, 28), back;
	struct lunar_day before = { 0 }, now;

	for (int64_t d = first; d <= last; d++) {
		assert_true(lunar_from_day(d, &now));
		assert_true(lunar_to_day(now, &back));
		assert_int_equal(back, d);
		assert_true(now.day == 1 || now.day == before.day + 1);
		assert_true(now.day != 1 || d == first || before.day == 29 || before.day == 30);
		before = now;
	}
	assert_false(lunar_from_day(first - 1, &now));
	assert_false(lunar_from_day(last + 1, &now));
	assert_false(lunar_to_day((struct lunar_day){ 2026, 4, 1, true }, &back));
	assert_false(lunar_to_day((struct lunar_day){ 2026, 13, 1, false }, &back));
	assert_false(lunar_to_day((struct lunar_day){ 2101, 1, 1, false }, &back));
	assert_false(lunar_to_day((struct lunar_day){ 2024, 12, 30, false }, &back));
}

static void
date_parse_reads_lunar_days(void **state)
{
	static const struct {
		const char *text;
		struct ymd solar;
	} rows[] = {
		{ "农历1985-8-15", { 1985, 9, 29 } }, { "农历 1985年八月十五", { 1985, 9, 29 } },
		{ "阴历1985/8/15", { 1985, 9, 29 } }, { "lunar 1985-8-15", { 1985, 9, 29 } },
		{ "农历2020年闰四月初一", { 2020, 5, 23 } }, { "Lunar 2020-leap4-1", { 2020, 5, 23 } },
		{ "农历2023年腊月三十", { 2024, 2, 9 } }, { "农历2024年腊月廿九", { 2025, 1, 28 } },
		{ "农历2026年正月初一日", { 2026, 2, 17 } }, { "农历1990年冬月十日", { 1990, 12, 26 } },
	};
	static const char *const bad[] = { "农历", "农历1985", "农历1985-8", "农历1985-8-31", "lunar 8-15",
		"农历2026-闰4-1", "农历1899-1-1", "农历1985-8-15x", "农历八月十五" };
	int64_t got;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (date_parse(rows[i].text, MONDAY, false, &got) != ERR_OK || got != date_from_ymd(rows[i].solar))
			fail_msg("%s", rows[i].text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(date_parse(bad[i], MONDAY, false, &got), ERR_NOT_A_DATE);
}

static void
time_parse_reads_clocks(void **state)
{
	static const struct {
		const char *text;
		int minutes;
	} rows[] = { { "14", 840 }, { "1400", 840 }, { "14:00", 840 }, { "14：00", 840 },
		{ "2pm", 840 }, { "2 PM", 840 }, { "2:30pm", 870 }, { "230pm", 870 },
		{ "930", 570 }, { "9", 540 }, { "9:05", 545 }, { "09.05", 545 }, { "12am", 0 },
		{ "12pm", 720 }, { "12:30am", 30 }, { "0", 0 }, { "0:00", 0 },
		{ "23:59", 1439 }, { "下午2点", 840 }, { "下午２点３０", 870 },
		{ "下午两点半", 870 }, { "14点30", 870 }, { "14点30分", 870 },
		{ "14时30分", 870 }, { "14点", 840 }, { "十四点", 840 }, { "九点整", 540 },
		{ "上午9点", 540 }, { "早上8:30", 510 }, { "晚上8点", 1200 },
		{ "中午12点", 720 }, { "中午11点半", 690 }, { "中午1点", 780 },
		{ "凌晨12点", 0 }, { "凌晨3点", 180 }, { "下午14点", 840 }, { "下午2:15", 855 },
		{ "九点十五分", 555 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int minutes = -1;
		enum err err = time_parse(rows[i].text, &minutes);
		if (err != ERR_OK || minutes != rows[i].minutes)
			fail_msg("%s: %s, %d", rows[i].text, err_name(err), minutes);
	}
}

static void
time_parse_refuses_everything_else(void **state)
{
	static const char *const bad[] = { "", "24", "24:00", "2400", "14:60", "1460", "14:5",
		"14:", ":30", "pm", "13pm", "0am", "14:00pm", "上午13点", "晚上12点", "下午",
		"点", "两", "14点60", "14点123456整", "abc", "14:00:", "-5", "12345", "2pmpm",
		"上午2pm", "\xFF" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int minutes = -7;
		if (time_parse(bad[i], &minutes) != ERR_INVALID)
			fail_msg("%s: %d", bad[i], minutes);
		assert_int_equal(minutes, -7);
	}
}

static void
date_format_prints_iso_and_weekdays(void **state)
{
	assert_string_equal(date_format(arena, MONDAY), "2026-11-23");
	assert_string_equal(date_format(arena, day(999, 1, 2)), "0999-01-02");
	assert_string_equal(date_format_weekday(arena, MONDAY, LANG_ZH), "2026-11-23 周一");
	assert_string_equal(date_format_weekday(arena, MONDAY + 6, LANG_EN), "2026-11-29 Sun");
}

static void
date_of_a_moment_depends_on_the_offset(void **state)
{
	int64_t us = (day(2026, 11, 23) * 24 + 17) * 3600 * US_PER_SECOND; /* 17:00 UTC */

	assert_int_equal(date_of_us(us, 0), day(2026, 11, 23));
	assert_int_equal(date_of_us(us, 480), day(2026, 11, 24));
	assert_int_equal(date_of_us(-1, 0), -1);
	assert_int_equal(date_of_us(0, -1), -1);
	assert_string_equal(date_format_us(arena, us, 0), "2026-11-23 17:00");
	assert_string_equal(date_format_us(arena, us, 480), "2026-11-24 01:00");
	assert_string_equal(date_format_us(arena, -1, 0), "1969-12-31 23:59");
}

static void
date_parse_us_reads_both_iso_forms_and_words(void **state)
{
	int64_t base = day(2026, 11, 23) * US_PER_DAY, hour = 3600 * US_PER_SECOND;
	int64_t now = base + 2 * hour; /* 10:00 in Shanghai */
	const struct {
		const char *text;
		int64_t us;
	} rows[] = { { "2026-11-23T14:05:00Z", base + 14 * hour + 300 * US_PER_SECOND },
		{ "2026-11-23 14:05", base + 6 * hour + 300 * US_PER_SECOND },
		{ "2026-11-23 14:05:06", base + 6 * hour + 306 * US_PER_SECOND },
		{ "2026-11-23 14:05:06.25", base + 6 * hour + 306250000 },
		{ "2026-11-23T14:05:06.1234567Z", base + 14 * hour + 306123456 },
		{ "2026-11-23 14:05+08:00", base + 6 * hour + 300 * US_PER_SECOND },
		{ "2026-11-23 14:05:06+0530",
		    base + 8 * hour + 35 * 60 * US_PER_SECOND + 6 * US_PER_SECOND },
		{ "2026-11-23T14:05:00-05", base + 19 * hour + 300 * US_PER_SECOND },
		{ "20261123T14:05", base + 6 * hour + 300 * US_PER_SECOND },
		{ "2026-11-23", base - 8 * hour }, { "明天 14:00", base + 30 * hour },
		{ "next mon 2pm", base + (7 * 24 + 6) * hour }, { "15:00", base + 7 * hour },
		{ "明天 下午3点", base + 31 * hour }, { "+3d 9", base + 73 * hour },
		{ "明天", base + 16 * hour } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t us = -1;
		enum err err = date_parse_us(rows[i].text, now, 480, &us);
		if (err != ERR_OK || us != rows[i].us)
			fail_msg("%s: %s, %s", rows[i].text, err_name(err),
			    date_format_us(arena, us, 480));
	}
}

static void
date_parse_us_refuses_everything_else(void **state)
{
	static const char *const bad[] = { "", "2026-11-23T", "2026-11-23T25:00:00Z",
		"2026-02-30 10:00", "2026-11-23 10:00+25:00", "2026-11-23 10:00 +08:00x",
		"2026-11-23 10:60", "2026-11-23 10:00:60", "2026-11-23 10:00:00.", "T10:00",
		"x 10:00", "2026-11-23 x", "2026-11-23 10:00:00ZZ" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t us;
		if (date_parse_us(bad[i], 0, 480, &us) != ERR_NOT_A_DATE)
			fail_msg("%s", bad[i]);
	}
}

static void
date_clocks_run(void **state)
{
	int64_t mono = date_monotonic_us(), now = date_now_us();

	assert_true(date_monotonic_us() >= mono);
	assert_true(now > day(2024, 1, 1) * US_PER_DAY);
	assert_in_range(date_today(0) - date_of_us(now, 0), 0, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(date_every_day_of_ten_thousand_years_comes_back),
		cmocka_unit_test(date_agrees_with_the_c_library),
		cmocka_unit_test(date_known_days_have_known_numbers),
		cmocka_unit_test(date_ymd_valid_knows_leap_years),
		cmocka_unit_test(date_add_months_stays_inside_the_month),
		cmocka_unit_test(date_of_nonsense_numbers_does_not_overflow),
		cmocka_unit_test(date_parse_reads_whole_dates),
		cmocka_unit_test(date_parse_finds_the_nearest_such_day_of_a_year),
		cmocka_unit_test(date_parse_finds_the_nearest_such_day_of_a_month),
		cmocka_unit_test(date_parse_reads_offsets),
		cmocka_unit_test(date_parse_reads_words),
		cmocka_unit_test(date_parse_knows_the_end_of_month_and_year),
		cmocka_unit_test(date_parse_knows_weekdays_from_every_weekday),
		cmocka_unit_test(date_parse_refuses_everything_else),
		cmocka_unit_test(date_parse_never_fails_on_any_bytes),
		cmocka_unit_test(lunar_days_are_those_of_the_almanac),
		cmocka_unit_test(every_lunar_day_comes_back_and_follows_the_one_before),
		cmocka_unit_test(date_parse_reads_lunar_days),
		cmocka_unit_test(time_parse_reads_clocks),
		cmocka_unit_test(time_parse_refuses_everything_else),
		cmocka_unit_test(date_format_prints_iso_and_weekdays),
		cmocka_unit_test(date_of_a_moment_depends_on_the_offset),
		cmocka_unit_test(date_parse_us_reads_both_iso_forms_and_words),
		cmocka_unit_test(date_parse_us_refuses_everything_else),
		cmocka_unit_test(date_clocks_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("date", tests, date_setup, date_teardown);
}
