/*
 * Dates and times. A day is the number of days since 1970-01-01 (int32_t range used), a
 * moment is microseconds since 1970-01-01 00:00 UTC. No time zone names here but the fixed
 * offset of a branch, in minutes east; rules about calendars live in the server.
 */
#ifndef KEHU_DATE_H
#define KEHU_DATE_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_SECOND)

struct ymd {
	int year, month, day; /* month 1..12 */
};

/* Gregorian, years 1..9999. Algorithm: H. Hinnant, "chrono-compatible low-level date algorithms". */
int64_t date_from_ymd(struct ymd ymd);
struct ymd date_to_ymd(int64_t day);
bool date_ymd_valid(struct ymd ymd);
/* 1 = Monday … 7 = Sunday (ISO 8601). */
int date_weekday(int64_t day);
int64_t date_add_months(int64_t day, int months); /* the last day where the month is shorter */
int64_t date_month_end(int64_t day);

int64_t date_now_us(void);
int64_t date_monotonic_us(void);
int64_t date_today(int offset_min);
int64_t date_of_us(int64_t us, int offset_min); /* day of a moment */

/*
 * What people type: 2026-11-23, 2026/11/23, 20261123, 1123 and 11-23 (next such day on or
 * after today; for past=true the latest on or before), 15 (next 15th), +3d -2w 1m 1y,
 * today tomorrow yesterday, mon…sun (next after today), "next mon", eom, eoy; 今天 明天 后天
 * 昨天 前天 大后天, 周五 星期五 礼拜五, 下周五 上周五 本周五, 月底 年底, 3天后 2周前, 11月23日,
 * 2026年11月23日; full-width digits. Weeks start on Monday; 下周五/"next fri" is the one of
 * the next week. After 农历 or "lunar": what common/lunar.h reads. Anything else, or 02-30, is
 * ERR_NOT_A_DATE. An offset without a sign (3d) and a weekday without a week look back when
 * past; a bare weekday is never today itself.
 */
MUST_CHECK enum err date_parse(const char *text, int64_t today, bool past, int64_t *day);

/* 14, 1400, 14:00, 2pm, 2:30pm, 下午2点, 14点30 -> minutes since midnight. ERR_INVALID. */
MUST_CHECK enum err time_parse(const char *text, int *minutes);

/* "2026-11-23", "2026-11-23 14:05", "2026-11-23 周一" / "Mon". In arena. */
char *date_format(struct arena *arena, int64_t day);
char *date_format_weekday(struct arena *arena, int64_t day, enum lang lang);
char *date_format_us(struct arena *arena, int64_t us, int offset_min);
/*
 * Both ISO forms back: "2026-11-23T14:05:00Z", "2026-11-23 14:05[:06][+08:00]"; also what
 * date_parse and time_parse take, with a space between them. A date alone is its midnight, a
 * time alone is today's; without a zone the clock is offset_min's. ERR_NOT_A_DATE.
 */
MUST_CHECK enum err date_parse_us(const char *text, int64_t now_us, int offset_min, int64_t *us);

#endif
