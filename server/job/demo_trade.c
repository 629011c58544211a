/*
 * What demo customers are offered and buy: quotes of open opportunities, orders of won ones and
 * orders without one. Amounts are worked out by common/price.h, as kehud would.
 */
#include "server/job/demo_trade.h"

#include "common/money.h"
#include "server/entity/fields.h"

#include <string.h>

enum {
	DEMO_TRADE_FULL = 20000, /* customers; in a larger company fewer of them trade */
	DEMO_QUOTE_DAYS = 30,
	DEMO_CREDIT_STEP = 5000000 /* minor units */
};

/* ---- documents --------------------------------------------------------------------------- */

struct demo_rows *
demo_document_rows(const struct demo_document *document, enum demo_table table, int64_t *id)
{
	struct demo_rows *rows = &document->world->chunk.tables[table];

	*id = document->world->next_id++;
	demo_int(rows, *id);
	return rows;
}

struct demo_rows *
demo_document_line(
    const struct demo_document *document, enum demo_table table, int64_t parent, size_t at)
{
	struct demo_rows *rows = &document->world->chunk.tables[table];

	demo_int(rows, document->world->next_id++);
	demo_int(rows, parent);
	demo_int(rows, (int64_t)at);
	return rows;
}

void
demo_document_end(
    const struct demo_document *document, struct demo_rows *rows, int64_t day, bool owned)
{
	int64_t at_us = demo_at(day, 14 * 60 + (int)(document->id % 120));

	if (owned)
		demo_owner(rows, document->world, document->customer->keeper);
	demo_stamps(rows, at_us, at_us, document->customer->keeper->user);
	demo_row_end(rows);
}

static struct demo_document
demo_document_of(struct demo_world *world, struct demo_customer *customer, int64_t day)
{
	enum demo_price_list list = customer->abroad            ? DEMO_LIST_ABROAD
				    : customer->level[0] == 'A' ? DEMO_LIST_A
								: DEMO_LIST_ALL;

	return (struct demo_document){ .world = world,
		.customer = customer,
		.day = day,
		.currency = customer->abroad ? "USD" : PRICE_BASE,
		.with_tax = !customer->abroad,
		.rate = customer->abroad ? DEMO_USD_RATE : RATE_SCALE,
		.list = world->lists[list] };
}

static int64_t
demo_document_price(const struct demo_document *document, size_t good)
{
	const struct demo_customer *customer = document->customer;
	int64_t percent = customer->abroad            ? DEMO_LIST_ABROAD_PERCENT
			  : customer->level[0] == 'A' ? DEMO_LIST_A_PERCENT
						      : 100;

	return demo_list_price(document->world->goods[good].price, percent, document->rate);
}

static void
demo_document_add(struct demo_document *document, size_t good, int64_t quantity)
{
	for (size_t i = 0; i < document->count; i++)
		if (document->goods[i] == good)
			return;
	if (document->count == DEMO_LINES)
		return;
	document->goods[document->count] = good;
	document->lines[document->count++] = (struct price_line){ .quantity = quantity,
		.price = demo_document_price(document, good),
		.tax_rate = document->with_tax ? document->world->goods[good].tax : 0 };
}

static int64_t
demo_quantity(struct demo_random *random, int64_t price)
{
	int64_t most = price > 10000 * PRICE_SCALE ? 2 : price > 1000 * PRICE_SCALE ? 8 : 60;

	return demo_between(random, 1, most) * PRICE_SCALE;
}

/* One line more for two customers of three, and a discount for one of four. */
static void
demo_document_fill(struct demo_document *document)
{
	struct demo_random *random = document->customer->random;
	int64_t more = demo_between(random, 0, DEMO_LINES - 2);

	for (int64_t i = 0; i < more; i++) {
		size_t good = demo_good(random, document->world);

		demo_document_add(
		    document, good, demo_quantity(random, document->world->goods[good].price));
	}
	if (demo_chance(random, 25))
		document->lines[0].discount = demo_between(random, 1, 5) * 100;
}

static void
demo_document_add_up(struct demo_document *document)
{
	int decimals = money_decimals(document->currency);

	if (price_total(document->lines, document->count, decimals, document->with_tax,
		&document->total) != ERR_OK ||
	    price_to_base(document->total.gross_minor, decimals, document->rate,
		&document->base) != ERR_OK)
		document->base = document->total.gross_minor; /* none is so large */
}

size_t
demo_good(struct demo_random *random, const struct demo_world *world)
{
	uint32_t count = (uint32_t)world->good_count - 1; /* the last is sold no more */
	uint32_t a = demo_below(random, count), b = demo_below(random, count);

	return a < b ? a : b;
}

/* ---- quotes ------------------------------------------------------------------------------ */

static void
demo_quote_lines(const struct demo_document *quote, int64_t id)
{
	for (size_t i = 0; i < quote->count; i++) {
		const struct price_line *line = &quote->lines[i];
		const struct demo_good *good = &quote->world->goods[quote->goods[i]];
		struct demo_rows *rows =
		    demo_document_line(quote, DEMO_TABLE_quote_line, id, i);

		demo_int(rows, good->id);
		demo_int(rows, line->quantity);
		demo_text(rows, good->unit);
		demo_int(rows, line->price);
		demo_int(rows, line->discount);
		demo_int(rows, line->tax_rate);
		demo_money(rows, line->amount_minor, quote->currency);
		demo_int(rows, line->price);
		demo_int(rows, quote->list);
		demo_document_end(quote, rows, quote->day, false);
	}
}

/* One version; the number of a later one ends with it. */
static int64_t
demo_quote_row(const struct demo_document *quote, const char *number, int64_t revision,
    int64_t previous, const char *state)
{
	const struct demo_customer *customer = quote->customer;
	int64_t id, widest = quote->lines[0].discount;
	struct demo_rows *rows = demo_document_rows(quote, DEMO_TABLE_quote, &id);

	demo_text(rows, revision == 1
			    ? number
			    : arena_printf(customer->scratch, "%s-%d", number, (int)revision));
	demo_int(rows, revision);
	demo_int(rows, customer->id);
	demo_ref(rows, customer->contact_count > 0 ? customer->contacts[0] : 0);
	demo_date(rows, quote->day);
	demo_date(rows, quote->day + DEMO_QUOTE_DAYS);
	demo_text(rows, quote->currency);
	demo_bool(rows, quote->with_tax);
	demo_text(rows, state);
	demo_money(rows, quote->total.net_minor, quote->currency);
	demo_money(rows, quote->total.tax_minor, quote->currency);
	demo_money(rows, quote->total.gross_minor, quote->currency);
	demo_int(rows, quote->rate);
	demo_money(rows, quote->base, PRICE_BASE);
	demo_int(rows, widest);
	demo_bool(rows, widest > DEMO_MANAGER_DISCOUNT);
	demo_text(
	    rows, quote->with_tax ? "预付30%，货到60天付70%" : "30% in advance, 70% 60 days");
	demo_text(rows, strcmp(state, "superseded") == 0 ? "客户要求调整数量" : NULL);
	demo_ref(rows, previous);
	demo_ref(rows, quote->opportunity);
	demo_document_end(quote, rows, quote->day, true);
	demo_quote_lines(quote, id);
	return id;
}

static void
demo_make_quote(struct demo_document *quote, const char *state)
{
	struct demo_customer *customer = quote->customer;
	struct demo_world *world = quote->world;
	const char *number = demo_number(
	    world, customer->scratch, DEMO_SERIES_QUOTE, demo_at(quote->day, 14 * 60));
	int64_t previous = 0;

	if (demo_chance(customer->random, 15)) {
		struct demo_document first = *quote;

		first.lines[0].quantity += PRICE_SCALE;
		first.day -=
		    first.day - 3 > date_of_us(customer->created_us, DEMO_OFFSET_MIN) ? 3 : 0;
		demo_document_add_up(&first);
		previous = demo_quote_row(&first, number, 1, 0, "superseded");
	}
	quote->quote = demo_quote_row(quote, number, previous != 0 ? 2 : 1, previous, state);
}

/* Of an open opportunity: most are out, some are being written, one in eight asks for more
 * than its writer may give. */
static void
demo_offer(struct demo_document *quote)
{
	struct demo_random *random = quote->customer->random;
	bool out = demo_chance(random, 65);

	if (!out && demo_chance(random, 40))
		quote->lines[0].discount = demo_between(random, 6, 12) * 100;
	demo_document_add_up(quote);
	demo_make_quote(quote, out ? "issued" : "draft");
}

/* ---- what a customer gets ---------------------------------------------------------------- */

/* In a company too large for all of them to trade, so many of a hundred thousand do. */
static bool
demo_may_trade(struct demo_world *world, struct demo_customer *customer)
{
	uint64_t of = world->customers + world->before;

	return world->good_count > 0 &&
	       (of <= DEMO_TRADE_FULL || demo_next(customer->random) % of < DEMO_TRADE_FULL);
}

void
demo_make_trade(
    struct demo_world *world, struct demo_customer *customer, const struct demo_wanted *wanted)
{
	struct demo_document document = demo_document_of(world, customer, wanted->day);

	if (!demo_may_trade(world, customer))
		return;
	customer->traded = true;
	document.opportunity = wanted->opportunity;
	demo_document_add(&document, wanted->good, wanted->quantity);
	demo_document_fill(&document);
	if (!wanted->won) {
		demo_offer(&document);
		return;
	}
	demo_document_add_up(&document);
	if (wanted->opportunity != 0) {
		document.day = wanted->day - demo_between(customer->random, 2, 12);
		demo_make_quote(&document, "ordered");
		document.day = wanted->day;
	}
	demo_make_order(&document);
}

/* A limit that leaves room for what is owed, or, for one in ten, hardly any. */
static void
demo_make_credit(struct demo_world *world, struct demo_customer *customer)
{
	struct demo_document document = demo_document_of(world, customer, world->today - 90);
	int64_t owed = customer->owed > 0 ? customer->owed : 0, id;
	int64_t amount =
	    (owed * (demo_chance(customer->random, 90) ? 2 : 1) / DEMO_CREDIT_STEP + 1) *
	    DEMO_CREDIT_STEP;
	struct demo_rows *rows = demo_document_rows(&document, DEMO_TABLE_credit_limit, &id);

	demo_int(rows, customer->id);
	demo_money(rows, amount, PRICE_BASE);
	demo_document_end(&document, rows, document.day, true);
	if (amount - owed >= DEMO_CREDIT_STEP)
		return;
	/* the next order does not fit: it is held */
	document.day = world->today - demo_between(customer->random, 0, 6);
	document.opportunity = 0;
	demo_document_add(&document, demo_good(customer->random, world), 2 * PRICE_SCALE);
	demo_document_fill(&document);
	document.lines[0].discount = 0;
	document.lines[0].quantity =
	    (DEMO_CREDIT_STEP * 3 / 2 / (document.lines[0].price / 100) + 1) * PRICE_SCALE;
	demo_document_add_up(&document);
	document.held = true;
	demo_make_order(&document);
}

void
demo_make_orders(struct demo_world *world, struct demo_customer *customer)
{
	struct demo_random *random = customer->random;
	int64_t created = date_of_us(customer->created_us, DEMO_OFFSET_MIN);
	bool buys = strcmp(customer->stage, "active") == 0;

	for (int i = 0; buys && world->good_count > 0 && i < 2; i++) {
		size_t good = demo_good(random, world);
		int64_t latest = i == 0 ? 40 : 360;

		if (latest > world->today - created - 2)
			latest = world->today - created - 2;
		if (latest < 1 || !demo_chance(random, i == 0 ? 18 : 35))
			continue;
		demo_make_trade(world, customer,
		    &(struct demo_wanted){ .good = good,
			.quantity = demo_quantity(random, world->goods[good].price),
			.day = world->today - demo_between(random, 0, latest),
			.won = true });
	}
	if (customer->traded && !customer->abroad && demo_chance(random, 60))
		demo_make_credit(world, customer);
}

void
demo_make_figures(struct demo_world *world, struct demo_customer *customer)
{
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_customer_figures];

	demo_int(rows, customer->id);
	if (customer->visits.done > 0)
		demo_moment(rows, customer->visits.last_us);
	else
		demo_null(rows);
	demo_int(rows, customer->visits.done);
	if (customer->visits.open > 0)
		demo_date(rows, date_of_us(customer->visits.first_open_us, DEMO_OFFSET_MIN));
	else if (customer->visits.next_on != 0)
		demo_date(rows, customer->visits.next_on);
	else
		demo_null(rows);
	demo_int(rows, customer->visits.open);
	if (customer->traded) {
		demo_money(rows, customer->owed, PRICE_BASE);
		demo_money(rows, customer->balance, PRICE_BASE);
	} else {
		for (int i = 0; i < 4; i++)
			demo_null(rows);
	}
	demo_row_end(rows);
}
