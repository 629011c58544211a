/* Facts about lines: rounding as common/price.h states it, to the last minor unit. */
#include "common/price.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

__extension__ typedef __int128 wide;

#define LINES 40

static uint64_t seed = 20261122;

/* xorshift64: the same lines in every run. */
static int64_t
below(int64_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed % (uint64_t)limit);
}

static int64_t
amount_of(int64_t quantity, int64_t price, int64_t discount, int decimals)
{
	struct price_line line = { .quantity = quantity, .price = price, .discount = discount };
	int64_t amount = -77;

	assert_int_equal(price_line_amount(&line, decimals, &amount), ERR_OK);
	return amount;
}

static void
line_amount_is_rounded_once_half_away_from_zero(void **state)
{
	/* 3 x 3.3350 = 10.005: half goes up; two roundings (3.34 x 3) would say 10.02 */
	assert_int_equal(amount_of(30000, 33350, 0, 2), 1001);
	assert_int_equal(amount_of(30000, 33349, 0, 2), 1000);
	assert_int_equal(amount_of(-30000, 33350, 0, 2), -1001);
	/* 1 x 0.0050 and one tenth less */
	assert_int_equal(amount_of(10000, 50, 0, 2), 1);
	assert_int_equal(amount_of(9999, 50, 0, 2), 0);
	/* 12 x 14.00 less 15 %: 142.80 */
	assert_int_equal(amount_of(120000, 140000, 1500, 2), 14280);
	/* 7 x 1.35 less 33.33 %: 6.300315 */
	assert_int_equal(amount_of(70000, 13500, 3333, 2), 630);
	assert_int_equal(amount_of(10000, 10000, PERCENT_WHOLE, 2), 0);
	/* yen have no decimals, dinars three */
	assert_int_equal(amount_of(15000, 10000, 0, 0), 2);
	assert_int_equal(amount_of(10000, 12345, 0, 3), 1235);
}

static void
line_amount_refuses_what_it_cannot_hold(void **state)
{
	struct price_line line = { .quantity = 10000, .price = 10000, .discount = 10001 };
	int64_t amount = 5;

	assert_int_equal(price_line_amount(&line, 2, &amount), ERR_INVALID);
	line.discount = -1;
	assert_int_equal(price_line_amount(&line, 2, &amount), ERR_INVALID);
	line = (struct price_line){ .quantity = 999999999999999, .price = 999999999999999 };
	assert_int_equal(price_line_amount(&line, 2, &amount), ERR_TOO_LARGE);
	line.quantity = INT64_MAX;
	assert_int_equal(price_line_amount(&line, 2, &amount), ERR_TOO_LARGE);
	line = (struct price_line){ .quantity = 1, .price = 1, .tax_rate = -1 };
	assert_int_equal(price_line_amount(&line, 2, &amount), ERR_INVALID);
	assert_int_equal(amount, 5);
}

static void
tax_is_rounded_once_for_each_rate(void **state)
{
	struct price_line lines[] = {
		{ .quantity = 10000, .price = 333, .tax_rate = 1300 },
		{ .quantity = 10000, .price = 333, .tax_rate = 600 },
		{ .quantity = 10000, .price = 333, .tax_rate = 1300 },
		{ .quantity = 10000, .price = 333, .tax_rate = 1300 },
		{ .quantity = 10000, .price = 9900, .tax_rate = 0 },
	};
	struct price_total total;

	/* 0.03 each: 13 % of 0.09 is 0.0117, line by line it would have been nothing */
	assert_int_equal(price_total(lines, 5, 2, false, &total), ERR_OK);
	assert_int_equal(lines[0].amount_minor, 3);
	assert_int_equal(total.net_minor, 111);
	assert_int_equal(total.tax_minor, 1);
	assert_int_equal(total.gross_minor, 112);
	/* prices with tax: 113.00 holds 13.00 */
	lines[0] = (struct price_line){ .quantity = 10000, .price = 1130000, .tax_rate = 1300 };
	assert_int_equal(price_total(lines, 1, 2, true, &total), ERR_OK);
	assert_int_equal(total.gross_minor, 11300);
	assert_int_equal(total.tax_minor, 1300);
	assert_int_equal(total.net_minor, 10000);
}

/* value = quotient rounded, exactly: the remainder is at most half, a half goes away from zero.
 */
static void
check_rounded(wide value, wide divisor, int64_t rounded)
{
	wide rest = value - (wide)rounded * divisor;

	if (rest < 0)
		rest = -rest;
	if (2 * rest > divisor)
		fail_msg("%lld is more than half a unit off", (long long)rounded);
	if (2 * rest == divisor)
		assert_true(((wide)rounded * divisor > value) == (value > 0));
}

static void
random_lines(struct price_line *lines, size_t count)
{
	static const int64_t rates[] = { 0, 100, 300, 600, 900, 1300 };

	for (size_t i = 0; i < count; i++)
		lines[i] = (struct price_line){ .quantity = below(2) ? below(100) * 10000
								     : below(10000000) - 100,
			.price = below(2) ? below(100000) * 50 : below(100000000),
			.discount = below(3) ? 0 : below(PERCENT_WHOLE + 1),
			.tax_rate = rates[below(6)] };
}

static void
every_total_adds_up_and_is_within_half_a_unit(void **state)
{
	for (int round = 0; round < 20000; round++) {
		struct price_line lines[LINES];
		size_t count = (size_t)below(LINES) + 1;
		int decimals = (int)below(4);
		bool included = below(2) != 0;
		struct price_total total;
		wide power = 1, sum = 0, tax = 0;

		for (int i = 0; i < decimals; i++)
			power *= 10;
		random_lines(lines, count);
		assert_int_equal(price_total(lines, count, decimals, included, &total), ERR_OK);
		for (size_t i = 0; i < count; i++) {
			check_rounded((wide)lines[i].quantity * lines[i].price *
					  (10000 - lines[i].discount) * power,
			    (wide)10000 * 10000 * 10000, lines[i].amount_minor);
			sum += lines[i].amount_minor;
		}
		/* what is printed adds up */
		assert_true(total.net_minor + total.tax_minor == total.gross_minor);
		assert_true((included ? total.gross_minor : total.net_minor) == sum);
		for (int64_t rate = 0; rate <= 1300; rate += 100) {
			int64_t group = 0, part;

			for (size_t i = 0; i < count; i++)
				group += lines[i].tax_rate == rate ? lines[i].amount_minor : 0;
			/* an independent rounding: twice the value, one more, halved */
			wide top = (wide)(group < 0 ? -group : group) * rate * 2;
			wide by = included ? 10000 + rate : 10000;

			part = (int64_t)((top + by) / (2 * by));
			tax += group < 0 ? -part : part;
		}
		assert_true(total.tax_minor == tax);
	}
}

static void
order_of_lines_does_not_matter(void **state)
{
	for (int round = 0; round < 500; round++) {
		struct price_line lines[LINES], turned[LINES];
		struct price_total one, other;

		random_lines(lines, LINES);
		for (size_t i = 0; i < LINES; i++)
			turned[i] = lines[LINES - 1 - i];
		assert_int_equal(price_total(lines, LINES, 2, round & 1, &one), ERR_OK);
		assert_int_equal(price_total(turned, LINES, 2, round & 1, &other), ERR_OK);
		assert_memory_equal(&one, &other, sizeof(one));
	}
}

static void
parts_of_a_total_add_up(void **state)
{
	int64_t thirds[] = { 3333, 3333, 3334 }, parts[12];

	assert_int_equal(price_split(10000, thirds, 3, parts), ERR_OK);
	assert_int_equal(parts[0] + parts[1] + parts[2], 10000);
	assert_int_equal(parts[0], 3333);
	assert_int_equal(price_split(1, thirds, 3, parts), ERR_OK);
	assert_int_equal(parts[0] + parts[1] + parts[2], 1);
	assert_int_equal(price_split(100, thirds, 2, parts), ERR_INVALID);
	thirds[1] = 0;
	assert_int_equal(price_split(100, thirds, 3, parts), ERR_INVALID);
	for (int round = 0; round < 20000; round++) {
		int64_t percents[12], left = PERCENT_WHOLE, total = below(100000000000),
				      sum = 0;
		size_t count = (size_t)below(11) + 1;

		for (size_t i = 0; i < count; i++) {
			percents[i] =
			    i + 1 == count ? left : below(left - (int64_t)(count - i)) + 1;
			left -= percents[i];
		}
		assert_int_equal(price_split(total, percents, count, parts), ERR_OK);
		for (size_t i = 0; i < count; i++) {
			/* each within one unit of its share */
			wide off = (wide)parts[i] * PERCENT_WHOLE - (wide)total * percents[i];

			assert_true(off <= PERCENT_WHOLE && off >= -PERCENT_WHOLE);
			sum += parts[i];
		}
		assert_true(sum == total);
	}
}

static void
base_amount_minds_both_currencies_decimals(void **state)
{
	int64_t base;

	assert_int_equal(
	    price_to_base(10000, 2, 7123456, &base), ERR_OK); /* 100.00 USD at 7.123456 */
	assert_int_equal(base, 71235);
	assert_int_equal(
	    price_to_base(10000, 0, 48765, &base), ERR_OK); /* 10,000 JPY at 0.048765 */
	assert_int_equal(base, 48765);
	assert_int_equal(price_to_base(12345, 2, RATE_SCALE, &base), ERR_OK);
	assert_int_equal(base, 12345);
}

static void
discount_is_told_against_the_list(void **state)
{
	assert_int_equal(price_discount(1000000, 1000000, 0), 0);
	assert_int_equal(price_discount(1000000, 900000, 0), 1000);
	assert_int_equal(price_discount(1000000, 900000, 1000), 1900); /* both count */
	assert_int_equal(
	    price_discount(1000000, 1100000, 500), 0); /* still dearer than the list */
	assert_int_equal(price_discount(0, 500000, 700), 700);
	assert_int_equal(price_discount(30000, 20000, 0), 3333);
	assert_int_equal(price_discount(1000000, 0, 0), PERCENT_WHOLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_amount_is_rounded_once_half_away_from_zero),
		cmocka_unit_test(line_amount_refuses_what_it_cannot_hold),
		cmocka_unit_test(tax_is_rounded_once_for_each_rate),
		cmocka_unit_test(every_total_adds_up_and_is_within_half_a_unit),
		cmocka_unit_test(order_of_lines_does_not_matter),
		cmocka_unit_test(parts_of_a_total_add_up),
		cmocka_unit_test(base_amount_minds_both_currencies_decimals),
		cmocka_unit_test(discount_is_told_against_the_list),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
