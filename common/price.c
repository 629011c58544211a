/*
 * The arithmetic of lines, exact in 128 bits until the one rounding that each rule allows.
 */
#include "common/price.h"

#include "common/money.h"

#include <stdbool.h>

/* No ISO C type is this wide; gcc and clang have it on every 64-bit machine. */
__extension__ typedef __int128 price_wide;

#define PRICE_LIMIT                                                                            \
	INT64_C(1000000000000000) /* 10^15: the product of all factors fits 128 bits */

static int64_t
price_power(int decimals)
{
	int64_t power = 1;

	for (int i = 0; i < decimals; i++)
		power *= 10;
	return power;
}

/* Half away from zero. ERR_TOO_LARGE past 64 bits. */
static enum err
price_round(price_wide value, price_wide divisor, int64_t *result)
{
	price_wide magnitude = ((value < 0 ? -value : value) + divisor / 2) / divisor;
	price_wide rounded = value < 0 ? -magnitude : magnitude;

	if (rounded >= PRICE_LIMIT || rounded <= -PRICE_LIMIT)
		return ERR_TOO_LARGE;
	*result = (int64_t)rounded;
	return ERR_OK;
}

enum err
price_line_amount(const struct price_line *line, int decimals, int64_t *amount_minor)
{
	price_wide value;

	if (line->discount < 0 || line->discount > PERCENT_WHOLE || line->tax_rate < 0 ||
	    line->tax_rate > PERCENT_WHOLE || decimals < 0 || decimals > 3)
		return ERR_INVALID;
	if (line->quantity >= PRICE_LIMIT || line->quantity <= -PRICE_LIMIT ||
	    line->price >= PRICE_LIMIT || line->price <= -PRICE_LIMIT)
		return ERR_TOO_LARGE;
	value = (price_wide)line->quantity * line->price * (PERCENT_WHOLE - line->discount) *
		price_power(decimals);
	return price_round(
	    value, (price_wide)PRICE_SCALE * PRICE_SCALE * PERCENT_WHOLE, amount_minor);
}

/* The tax of all lines of one rate, worked out where the first of them stands. */
static enum err
price_add_group(const struct price_line *lines, size_t count, size_t first, bool tax_included,
    int64_t *tax_minor)
{
	int64_t rate = lines[first].tax_rate, sum = 0, tax;
	enum err err;

	for (size_t i = 0; i < first; i++)
		if (lines[i].tax_rate == rate)
			return ERR_OK;
	for (size_t i = first; i < count; i++)
		if (lines[i].tax_rate == rate)
			sum += lines[i].amount_minor;
	err = money_scale(sum, rate, tax_included ? PERCENT_WHOLE + rate : PERCENT_WHOLE, &tax);
	if (err == ERR_OK)
		*tax_minor += tax;
	return err;
}

enum err
price_total(struct price_line *lines, size_t count, int decimals, bool tax_included,
    struct price_total *total)
{
	price_wide sum = 0;
	int64_t tax = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		err = price_line_amount(&lines[i], decimals, &lines[i].amount_minor);
		if (err == ERR_OK)
			sum += lines[i].amount_minor;
	}
	if (err == ERR_OK && (sum >= PRICE_LIMIT || sum <= -PRICE_LIMIT))
		err = ERR_TOO_LARGE;
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = price_add_group(lines, count, i, tax_included, &tax);
	if (err != ERR_OK)
		return err;
	total->tax_minor = tax;
	total->net_minor = (int64_t)sum - (tax_included ? tax : 0);
	total->gross_minor = total->net_minor + tax;
	return ERR_OK;
}

enum err
price_to_base(int64_t amount_minor, int decimals, int64_t rate, int64_t *base_minor)
{
	price_wide value =
	    (price_wide)amount_minor * rate * price_power(money_decimals(PRICE_BASE));

	return price_round(value, (price_wide)RATE_SCALE * price_power(decimals), base_minor);
}

enum err
price_split(int64_t total_minor, const int64_t *percents, size_t count, int64_t *parts_minor)
{
	int64_t percent = 0, given = 0, share;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		if (percents[i] <= 0 || percents[i] > PERCENT_WHOLE - percent)
			return ERR_INVALID;
		percent += percents[i];
		err = money_scale(total_minor, percent, PERCENT_WHOLE, &share);
		if (err != ERR_OK)
			return err;
		parts_minor[i] = share - given;
		given = share;
	}
	return percent == PERCENT_WHOLE ? ERR_OK : ERR_INVALID;
}

int64_t
price_discount(int64_t list_price, int64_t price, int64_t discount)
{
	price_wide full, sold;
	int64_t percent;

	if (list_price <= 0)
		return discount > 0 ? discount : 0;
	full = (price_wide)list_price * PERCENT_WHOLE;
	sold = (price_wide)price * (PERCENT_WHOLE - discount);
	if (sold >= full)
		return 0;
	if (price_round((full - sold) * PERCENT_WHOLE, full, &percent) != ERR_OK)
		return PERCENT_WHOLE;
	return percent;
}
