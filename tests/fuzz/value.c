/* Fuzz target: dates, times and money as people type them. What is understood is written and
 * understood again as the same. */
#include "common/date.h"
#include "common/money.h"
#include "tests/lib/fuzz.h"

#define VALUE_TODAY  INT64_C(20780) /* 2026-11-23 */
#define VALUE_NOW_US (VALUE_TODAY * US_PER_DAY + 5 * 3600 * US_PER_SECOND)

static void
value_dates(struct arena *arena, const char *text, bool past)
{
	int64_t day, again, us;
	int minutes;

	if (date_parse(text, VALUE_TODAY, past, &day) == ERR_OK) {
		fuzz_insist(
		    date_parse(date_format(arena, day), VALUE_TODAY, past, &again) == ERR_OK &&
		    again == day);
		struct ymd ymd = date_to_ymd(day);
		fuzz_insist(date_ymd_valid(ymd) && date_from_ymd(ymd) == day);
		date_format_weekday(arena, day, LANG_ZH);
	}
	if (time_parse(text, &minutes) == ERR_OK)
		fuzz_insist(minutes >= 0 && minutes <= 24 * 60);
	if (date_parse_us(text, VALUE_NOW_US, 480, &us) == ERR_OK)
		date_format_us(arena, us, 480);
}

static void
value_money(struct arena *arena, const char *text, int decimals)
{
	int64_t minor, again;

	if (money_parse(text, decimals, &minor) != ERR_OK)
		return;
	fuzz_insist(money_parse(money_format(arena, minor, decimals, false), decimals,
			&again) == ERR_OK &&
		    again == minor);
	fuzz_insist(money_parse(money_format(arena, minor, decimals, true), decimals, &again) ==
			ERR_OK &&
		    again == minor);
	money_capitals(arena, minor, decimals, "CNY");
	money_words(arena, minor, decimals, "CNY");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
	struct fuzz fuzz = { .at = data, .left = bytes < 256 ? bytes : 256 };
	uint8_t how = fuzz_byte(&fuzz);
	const char *text = fuzz_rest(arena, &fuzz);

	value_dates(arena, text, (how & 0x80) != 0);
	value_money(arena, text, how % 4);
	arena_free(arena);
	return 0;
}
