/*
 * See lunar.h. A year is 17 bits: the number of its leap month or 0 in the lowest four, then a
 * bit for each month in order, a leap month after its namesake: set, it has 30 days. The table
 * is the almanac's (GB/T 33661); where printed almanacs differ because a new moon falls within
 * minutes of midnight (September 1978 and 2057), it has what the mainland's calendar has. The
 * database has the same table (kehu_lunar() in migration 0091); a test holds the two
 * together.
 */
#include "common/lunar.h"

#include "common/date.h"
#include "common/date_read.h"

#include <stdlib.h>
#include <string.h>

#define LUNAR_YEARS (LUNAR_LAST_YEAR - LUNAR_FIRST_YEAR + 1)

// clang-format off
static const uint32_t lunar_years[LUNAR_YEARS] = {
	0x16d28, 0x07520, 0x0ea50, 0x164a5, 0x064b0, 0x0a9b0, 0x15564, 0x056a0, 0x0b590, 0x17522,
	0x07520, 0x1b256, 0x0b250, 0x0a4b0, 0x14ab5, 0x02ad0, 0x056b0, 0x0b692, 0x0da90, 0x1d927,
	0x0e920, 0x0d250, 0x1a4d5, 0x0a560, 0x02b60, 0x15b54, 0x06d40, 0x0ea90, 0x1e922, 0x0e920,
	0x0d266, 0x052b0, 0x0a570, 0x12d65, 0x0b5a0, 0x06d40, 0x0ec93, 0x07490, 0x16937, 0x0a930,
	0x052b0, 0x0a5b6, 0x0aad0, 0x056a0, 0x1b554, 0x0ba40, 0x0b490, 0x1a932, 0x0a950, 0x152d7,
	0x05360, 0x0aad0, 0x15aa5, 0x05b20, 0x0ba50, 0x1d4a3, 0x0b4a0, 0x0a958, 0x0a970, 0x05560,
	0x0ab56, 0x0ad50, 0x06d20, 0x0ea54, 0x0ea50, 0x064a0, 0x0c973, 0x0a9b0, 0x155a7, 0x056a0,
	0x0b690, 0x17525, 0x0b520, 0x0b250, 0x164b4, 0x0a4b0, 0x14ab8, 0x02ad0, 0x056d0, 0x0b696,
	0x0da90, 0x0d920, 0x1d254, 0x0d250, 0x1a4da, 0x0a560, 0x02b60, 0x05b56, 0x06d50, 0x0ea90,
	0x1e925, 0x0e920, 0x0d260, 0x0a563, 0x0a570, 0x14d68, 0x035a0, 0x06d50, 0x16c95, 0x07490,
	0x06930, 0x152b4, 0x052b0, 0x0a5b0, 0x155a2, 0x056a0, 0x1b557, 0x0ba40, 0x0b490, 0x1a935,
	0x0a950, 0x052d0, 0x0aad4, 0x0ab50, 0x15aa9, 0x05d20, 0x0da50, 0x1d4a6, 0x0d4a0, 0x0c950,
	0x152e4, 0x05560, 0x0ab50, 0x15b22, 0x06d20, 0x0ea56, 0x07250, 0x064b0, 0x0c975, 0x0cab0,
	0x055a0, 0x0ad63, 0x0b690, 0x1752b, 0x0b520, 0x0b250, 0x1a4b6, 0x0a4b0, 0x04ab0, 0x055b5,
	0x05ad0, 0x0b6a0, 0x1b522, 0x0d920, 0x1d257, 0x0d250, 0x0a550, 0x14ad5, 0x04b60, 0x05b50,
	0x0daa3, 0x0ec90, 0x1e928, 0x0e920, 0x0d260, 0x0a566, 0x0a570, 0x04d60, 0x06d54, 0x07550,
	0x07490, 0x0e933, 0x06930, 0x152b7, 0x052b0, 0x0a5b0, 0x155a5, 0x056a0, 0x0b650, 0x174a4,
	0x0b4a0, 0x1a958, 0x0a950, 0x052d0, 0x0aad6, 0x0ab50, 0x05aa0, 0x0ba54, 0x0da50, 0x0d4a0,
	0x1c953, 0x0c960, 0x194e7, 0x05560, 0x0ab50, 0x15b25, 0x06d20, 0x0ea50, 0x0e4a4, 0x068b0,
	0x0c978, 0x04ab0, 0x055b0, 0x0ad66, 0x0b6a0, 0x07520, 0x17254, 0x0b450, 0x0a8b0, 0x149b2,
	0x04ab0,
};
// clang-format on

static int
lunar_leap(int year)
{
	return (int)(lunar_years[year - LUNAR_FIRST_YEAR] & 15);
}

static int
lunar_months(int year)
{
	return lunar_leap(year) != 0 ? 13 : 12;
}

/* Of the month at index, from 0. */
static int
lunar_month_days(int year, int index)
{
	return 29 + (int)((lunar_years[year - LUNAR_FIRST_YEAR] >> (4 + index)) & 1);
}

static int
lunar_year_days(int year)
{
	int days = 0;

	for (int i = 0; i < lunar_months(year); i++)
		days += lunar_month_days(year, i);
	return days;
}

static int64_t
lunar_first_day(void)
{
	return date_from_ymd((struct ymd){ LUNAR_FIRST_YEAR, 1, 31 });
}

bool
lunar_from_day(int64_t day, struct lunar_day *lunar)
{
	int64_t left = day - lunar_first_day();
	int year = LUNAR_FIRST_YEAR, index = 0, leap;

	if (left < 0)
		return false;
	while (year <= LUNAR_LAST_YEAR && left >= lunar_year_days(year))
		left -= lunar_year_days(year++);
	if (year > LUNAR_LAST_YEAR)
		return false;
	while (left >= lunar_month_days(year, index))
		left -= lunar_month_days(year, index++);
	leap = lunar_leap(year);
	*lunar = (struct lunar_day){ .year = year,
		.day = (int)left + 1,
		.leap = leap != 0 && index == leap,
		.month = leap != 0 && index >= leap ? index : index + 1 };
	return true;
}

bool
lunar_to_day(struct lunar_day lunar, int64_t *day)
{
	int64_t sum = lunar_first_day();
	int leap, index;

	if (lunar.year < LUNAR_FIRST_YEAR || lunar.year > LUNAR_LAST_YEAR || lunar.month < 1 ||
	    lunar.month > 12 || lunar.day < 1)
		return false;
	leap = lunar_leap(lunar.year);
	if (lunar.leap && lunar.month != leap)
		return false;
	index = lunar.month - 1 + (lunar.leap || (leap != 0 && lunar.month > leap));
	if (lunar.day > lunar_month_days(lunar.year, index))
		return false;
	for (int year = LUNAR_FIRST_YEAR; year < lunar.year; year++)
		sum += lunar_year_days(year);
	for (int i = 0; i < index; i++)
		sum += lunar_month_days(lunar.year, i);
	*day = sum + lunar.day - 1;
	return true;
}

/* ---- what people type ----------------------------------------------------------------------
 */

size_t
lunar_prefix(const char *text)
{
	const char *at = text;

	if (!date_read_word(&at, "农历") && !date_read_word(&at, "阴历") && !date_read_word(&at, "lunar"))
		return 0;
	while (*at == ' ' || *at == ':')
		at++;
	return (size_t)(at - text);
}

static int
lunar_digit(const char **at)
{
	static const char *const digits[] = { "〇", "一", "二", "三", "四", "五", "六", "七",
		"八", "九" };

	for (int i = 0; i < 10; i++)
		if (date_read_word(at, digits[i]))
			return i;
	return -1;
}

/* 8, 十五, 廿三, 三十, 初三; 0: none of them. */
static int
lunar_number(const char **at)
{
	int tens, ones;
	char *end;

	(void)date_read_word(at, "初");
	if (**at >= '0' && **at <= '9') {
		long number = strtol(*at, &end, 10);

		*at = end;
		return number <= 9999 ? (int)number : 0;
	}
	if (date_read_word(at, "廿"))
		tens = 20;
	else if (date_read_word(at, "十"))
		tens = 10;
	else {
		ones = lunar_digit(at);
		if (ones < 0)
			return 0;
		if (!date_read_word(at, "十"))
			return ones;
		tens = ones * 10;
	}
	ones = lunar_digit(at);
	return ones > 0 ? tens + ones : tens;
}

/* The second half of a date: "闰4-3", "八月十五", "腊月廿三". */
static bool
lunar_parse_month(const char **at, struct lunar_day *lunar)
{
	lunar->leap = date_read_word(at, "闰") || date_read_word(at, "閏") || date_read_word(at, "leap");
	while (**at == ' ')
		(*at)++;
	if (date_read_word(at, "正"))
		lunar->month = 1;
	else if (date_read_word(at, "冬"))
		lunar->month = 11;
	else if (date_read_word(at, "腊") || date_read_word(at, "臘"))
		lunar->month = 12;
	else
		lunar->month = lunar_number(at);
	return date_read_word(at, "-") || date_read_word(at, "月") || date_read_word(at, "/");
}

bool
lunar_parse(const char *text, int64_t *day)
{
	struct lunar_day lunar = { 0 };
	const char *at = text;

	lunar.year = lunar_number(&at);
	if (!date_read_word(&at, "-") && !date_read_word(&at, "年") && !date_read_word(&at, "/"))
		return false;
	if (!lunar_parse_month(&at, &lunar))
		return false;
	lunar.day = lunar_number(&at);
	(void)date_read_word(&at, "日");
	while (*at == ' ')
		at++;
	return *at == '\0' && lunar_to_day(lunar, day);
}
