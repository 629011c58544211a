/* Facts about money: reading what people type, printing, rounding; never a float. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/money.h"

#include <string.h>

static void
money_parse_reads_what_people_type(void **state)
{
	static const struct {
		const char *text;
		int decimals;
		int64_t minor;
	} rows[] = { { "320000", 2, 32000000 }, { "320,000.50", 2, 32000050 }, { "0", 2, 0 },
		{ "32w", 2, 32000000 }, { "32万", 2, 32000000 }, { "3.25万", 2, 3250000 },
		{ "1.5亿", 2, 15000000000 }, { "2万亿", 2, 200000000000000 },
		{ "3k", 2, 300000 }, { "2m", 2, 200000000 }, { "3千", 2, 300000 },
		{ "5百万", 2, 500000000 }, { "-5", 2, -500 }, { "+5", 2, 500 },
		{ "¥99", 2, 9900 }, { "￥99.9", 2, 9990 }, { "$1.25", 2, 125 },
		{ "-¥99", 2, -9900 }, { "３２０，０００．５", 2, 32000050 },
		{ "１２万", 2, 12000000 }, { "99元", 2, 9900 }, { "32万元", 2, 32000000 },
		{ " 1 234 ", 2, 123400 }, { ".5", 2, 50 }, { "5.", 2, 500 },
		{ "1500", 0, 1500 }, { "1.5k", 0, 1500 }, { "1.234", 3, 1234 },
		{ "0.10", 1, 1 }, { "1.00", 0, 1 }, { "1,234,567.89", 2, 123456789 },
		{ "92233720368547758.07", 2, INT64_MAX },
		{ "-92233720368547758.07", 2, -INT64_MAX }, { "0.00000001亿", 0, 1 },
		{ "000000000000000000000000012", 2, 1200 }, { "-0", 2, 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t minor = -1;
		enum err err = money_parse(rows[i].text, rows[i].decimals, &minor);
		if (err != ERR_OK || minor != rows[i].minor)
			fail_msg("%s: %s, %lld", rows[i].text, err_name(err), (long long)minor);
	}
}

static void
money_parse_refuses_what_is_not_a_number(void **state)
{
	static const char *const bad[] = { "", " ", "-", "abc", "1.2.3", "1,5", "12,34",
		"1234,567", ",123", "1,234,", "1,23.5", "5x", "5万万", "--5", "5-", "0x10",
		"1e5", "¥", "万", "\xFF", "1.005", "0.001", "1.00001万5", "nan", "inf", "٣",
		"11111111111111111111111111111111111111111111111111111111111111111111111111" };
	int64_t minor = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (money_parse(bad[i], 2, &minor) != ERR_NOT_A_NUMBER)
			fail_msg("%s", bad[i]);
	assert_int_equal(money_parse("1.5", 0, &minor), ERR_NOT_A_NUMBER);
	assert_int_equal(minor, 77);
}

static void
money_parse_refuses_more_than_64_bits(void **state)
{
	int64_t minor;

	assert_int_equal(money_parse("92233720368547758.08", 2, &minor), ERR_TOO_LARGE);
	assert_int_equal(money_parse("9999999999亿", 2, &minor), ERR_TOO_LARGE);
	assert_int_equal(
	    money_parse("999999999999999999999999999999", 2, &minor), ERR_TOO_LARGE);
	assert_int_equal(money_parse("-9999999999999999999", 0, &minor), ERR_TOO_LARGE);
}

static void
money_format_groups_by_thousands(void **state)
{
	struct arena *arena = arena_new(0);

	assert_string_equal(money_format(arena, 32000050, 2, false), "320,000.50");
	assert_string_equal(money_format(arena, 32000050, 2, true), "320000.50");
	assert_string_equal(money_format(arena, 0, 2, false), "0.00");
	assert_string_equal(money_format(arena, 5, 2, false), "0.05");
	assert_string_equal(money_format(arena, -5, 2, false), "-0.05");
	assert_string_equal(money_format(arena, 999, 0, false), "999");
	assert_string_equal(money_format(arena, 1000, 0, false), "1,000");
	assert_string_equal(money_format(arena, -123456789, 0, false), "-123,456,789");
	assert_string_equal(money_format(arena, 1234, 3, false), "1.234");
	assert_string_equal(
	    money_format(arena, INT64_MIN, 2, false), "-92,233,720,368,547,758.08");
	assert_string_equal(money_format(arena, INT64_MAX, 0, true), "9223372036854775807");
	arena_free(arena);
}

static void
money_text_comes_back_the_same(void **state)
{
	static const int64_t values[] = { 0, 1, -1, 99, 100, -100, 12345678901234, INT64_MAX,
		-INT64_MAX };
	struct arena *arena = arena_new(0);

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		for (int decimals = 0; decimals <= 6; decimals++) {
			for (int plain = 0; plain <= 1; plain++) {
				int64_t back;
				char *text = money_format(arena, values[i], decimals, plain);
				assert_int_equal(money_parse(text, decimals, &back), ERR_OK);
				assert_true(back == values[i]);
			}
		}
	}
	arena_free(arena);
}

static void
money_decimals_follow_iso_4217(void **state)
{
	assert_int_equal(money_decimals("CNY"), 2);
	assert_int_equal(money_decimals("USD"), 2);
	assert_int_equal(money_decimals("JPY"), 0);
	assert_int_equal(money_decimals("KRW"), 0);
	assert_int_equal(money_decimals("KWD"), 3);
	assert_int_equal(money_decimals("BTC"), -1);
	assert_int_equal(money_decimals("cny"), -1);
	assert_int_equal(money_decimals(""), -1);
	assert_int_equal(money_decimals("CNYX"), -1);
	assert_int_equal(money_decimals("NY "), -1);
	assert_int_equal(money_decimals(NULL), -1);
}

static void
money_scale_rounds_half_away_from_zero(void **state)
{
	static const struct {
		int64_t a, b, divisor, result;
	} rows[] = { { 10, 1, 4, 3 }, { -10, 1, 4, -3 }, { 10, -1, 4, -3 }, { 10, 1, -4, -3 },
		{ 1, 1, 3, 0 }, { 2, 1, 3, 1 }, { -2, 1, 3, -1 }, { 1, 1, 2, 1 },
		{ -1, 1, 2, -1 }, { 9999, 1300, 10000, 1300 },
		{ INT64_MAX, 1000000, 1000000, INT64_MAX }, { INT64_MIN, 1, 1, INT64_MIN },
		{ INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN } };
	int64_t result;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    money_scale(rows[i].a, rows[i].b, rows[i].divisor, &result), ERR_OK);
		assert_true(result == rows[i].result);
	}
	assert_int_equal(money_scale(INT64_MAX, 2, 1, &result), ERR_TOO_LARGE);
	assert_int_equal(money_scale(INT64_MIN, -1, 1, &result), ERR_TOO_LARGE);
	assert_int_equal(money_scale(1, 1, 0, &result), ERR_INVALID);
}

static void
amounts_are_written_in_capitals(void **state)
{
	/* the examples of 支付结算办法 and what lies around them */
	static const struct {
		int64_t minor;
		const char *zh, *en;
	} cases[] = {
		{ 0, "人民币零元整", "CNY zero and 00/100" },
		{ 4, "人民币肆分", "CNY zero and 04/100" },
		{ 150, "人民币壹元伍角整", "CNY one and 50/100" },
		{ 1000, "人民币壹拾元整", "CNY ten and 00/100" },
		{ 1005, "人民币壹拾元零伍分", "CNY ten and 05/100" },
		{ 140950, "人民币壹仟肆佰零玖元伍角整",
		    "CNY one thousand four hundred nine and 50/100" },
		{ 600714, "人民币陆仟零柒元壹角肆分", "CNY six thousand seven and 14/100" },
		{ 168032, "人民币壹仟陆佰捌拾元零叁角贰分",
		    "CNY one thousand six hundred eighty and 32/100" },
		{ 10700053, "人民币壹拾万柒仟元零伍角叁分",
		    "CNY one hundred seven thousand and 53/100" },
		{ 1640902, "人民币壹万陆仟肆佰零玖元零贰分",
		    "CNY sixteen thousand four hundred nine and 02/100" },
		{ 32504, "人民币叁佰贰拾伍元零肆分",
		    "CNY three hundred twenty-five and 04/100" },
		{ 1000000000, "人民币壹仟万元整", "CNY ten million and 00/100" },
		{ 10000000001, "人民币壹亿元零壹分", "CNY one hundred million and 01/100" },
		{ 10002000300, "人民币壹亿零贰万零叁元整",
		    "CNY one hundred million twenty thousand three and 00/100" },
		{ -2100, "人民币负贰拾壹元整", "CNY minus twenty-one and 00/100" },
	};
	struct arena *arena = arena_new(0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(
		    money_capitals(arena, cases[i].minor, 2, "人民币"), cases[i].zh);
		assert_string_equal(money_words(arena, cases[i].minor, 2, "CNY"), cases[i].en);
	}
	assert_string_equal(money_capitals(arena, 120, 0, "日元"), "日元壹佰贰拾元整");
	assert_string_equal(money_words(arena, 120, 0, "JPY"), "JPY one hundred twenty");
	assert_non_null(money_words(arena, INT64_MIN, 2, "CNY"));
	assert_non_null(money_capitals(arena, INT64_MIN, 0, "人民币"));
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_parse_reads_what_people_type),
		cmocka_unit_test(money_parse_refuses_what_is_not_a_number),
		cmocka_unit_test(money_parse_refuses_more_than_64_bits),
		cmocka_unit_test(money_format_groups_by_thousands),
		cmocka_unit_test(money_text_comes_back_the_same),
		cmocka_unit_test(money_decimals_follow_iso_4217),
		cmocka_unit_test(money_scale_rounds_half_away_from_zero),
		cmocka_unit_test(amounts_are_written_in_capitals),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("money", tests, NULL, NULL);
}
