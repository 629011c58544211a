/*
 * What lines of a quote or an order come to. Rounding is stated here and nowhere else, after
 * EN 16931-1 (BT-131, BR-CO-10, BR-CO-17), which is also how 增值税 invoices add up:
 *
 *   1. A line's amount is quantity x price x (100 - discount) %, worked out exactly and rounded
 *      once, half away from zero, to the currency's minor unit.
 *   2. Tax is worked out once for each rate on the sum of its lines' amounts and rounded once:
 *      sum x rate, or, where prices include tax, sum x rate / (100 % + rate).
 *   3. Everything else is sums of what was rounded: what is printed adds up.
 *
 * Server and client call the same functions, so what is shown while typing is what is stored.
 */
#ifndef KEHU_PRICE_H
#define KEHU_PRICE_H

#include "common/arena.h"
#include "common/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRICE_DECIMALS   4 /* of a unit price and of a quantity: scaled by 10,000 */
#define PRICE_SCALE      INT64_C(10000)
#define PERCENT_DECIMALS 2 /* of a discount and of a tax rate: 13 % is 1300 */
#define PERCENT_WHOLE    INT64_C(10000)
#define RATE_DECIMALS    6 /* of a currency's rate: base currency for one unit of it */
#define RATE_SCALE       INT64_C(1000000)
#define PRICE_BASE       "CNY" /* what limits, balances and sums over currencies are kept in */

struct price_line {
	int64_t quantity;     /* scaled by PRICE_SCALE; negative for what comes back */
	int64_t price;        /* scaled by PRICE_SCALE */
	int64_t discount;     /* percent, scaled by 100; 0 to PERCENT_WHOLE */
	int64_t tax_rate;     /* percent, scaled by 100; not negative */
	int64_t amount_minor; /* answered by price_total */
};

struct price_total {
	int64_t net_minor, tax_minor, gross_minor;
};

/* Rule 1. ERR_INVALID: a discount or rate out of range; ERR_TOO_LARGE past 64 bits. */
MUST_CHECK enum err price_line_amount(
    const struct price_line *line, int decimals, int64_t *amount_minor);
/* Rules 1 to 3 for all lines of one document in one currency of so many decimals. */
MUST_CHECK enum err price_total(struct price_line *lines, size_t count, int decimals,
    bool tax_included, struct price_total *total);
/*
 * An amount of a currency in the base currency: amount x rate, rounded once. Both in minor
 * units, each with its own decimals.
 */
MUST_CHECK enum err price_to_base(
    int64_t amount_minor, int decimals, int64_t rate, int64_t *base_minor);
/*
 * Split a total by percentages (scaled by 100) that make up the whole: each part is the rounded
 * running share less what was given before, so that the parts add up to the total.
 * ERR_INVALID: they do not make up 100 %, or one is not positive.
 */
MUST_CHECK enum err price_split(
    int64_t total_minor, const int64_t *percents, size_t count, int64_t *parts_minor);
/*
 * What was really taken off, in percent scaled by 100 and rounded half up: the line's price and
 * discount against the list's price. 0 when nothing was taken off or the list has no price.
 */
int64_t price_discount(int64_t list_price, int64_t price, int64_t discount);

#endif
