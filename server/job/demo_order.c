/*
 * What becomes of a demo order: its age decides how far it is. Everything adds up as kehud
 * would have booked it: instalments to the order, receipts to instalments, the rest to the
 * customer's balance, and all of it to what the customer owes.
 */
#include "server/job/demo_trade.h"

#include "common/money.h"
#include "server/entity/fields.h"

#include <string.h>

enum { DEMO_FRESH = 2, DEMO_GOING = 8, DEMO_GONE = 20, DEMO_DONE = 45, DEMO_PARTS = 3 };

struct demo_order {
	struct demo_document *document;
	struct demo_random *random;
	const char *state;
	int64_t age;
	bool open; /* something of it is to be paid still */
};

/* ---- deliveries -------------------------------------------------------------------------- */

/* The lines from first on, up to end, whole. */
static int64_t
demo_order_deliver(struct demo_order *order, size_t first, size_t end, int64_t day)
{
	static const char *const carriers[] = { "顺丰速运", "德邦物流", "中通快运",
		"自有车辆" };
	struct demo_document *document = order->document;
	struct demo_customer *customer = document->customer;
	bool received = document->world->today - day > 4;
	int64_t id;
	struct demo_rows *rows = demo_document_rows(document, DEMO_TABLE_delivery, &id);

	demo_text(rows, demo_number(document->world, customer->scratch, DEMO_SERIES_DELIVERY,
			    demo_at(day, 15 * 60)));
	demo_int(rows, document->id);
	demo_int(rows, customer->id);
	demo_date(rows, day);
	demo_text(rows, carriers[demo_below(order->random, 4)]);
	demo_text(rows, arena_printf(customer->scratch, "WB%010llu",
			    (unsigned long long)demo_between(order->random, 0, 9999999999)));
	demo_text(rows, received ? "received" : "shipped");
	demo_text(
	    rows, received && customer->contact_count > 0 ? customer->contact_names[0] : NULL);
	demo_document_end(document, rows, day, true);
	for (size_t i = first; i < end; i++) {
		rows = demo_document_line(document, DEMO_TABLE_delivery_line, id, i - first);
		demo_int(rows, document->world->goods[document->goods[i]].id);
		demo_int(rows, document->lines[i].quantity);
		demo_text(rows, document->world->goods[document->goods[i]].unit);
		demo_int(rows, document->returned[i]);
		demo_int(rows, document->line_ids[i]);
		demo_document_end(document, rows, day, false);
		document->delivered[i] = document->lines[i].quantity;
	}
	return document->world->next_id - 1; /* of the last line */
}

/* One piece of the last line comes back. */
static void
demo_order_return(struct demo_order *order, int64_t delivery_line, int64_t day)
{
	static const char *const reasons[] = { "包装破损", "型号发错", "性能不符合要求" };
	struct demo_document *document = order->document;
	size_t at = document->count - 1;
	struct price_line line = document->lines[at];
	struct price_total total;
	int decimals = money_decimals(document->currency);
	int64_t id, base, delivery = delivery_line - (int64_t)document->count;
	struct demo_rows *rows;

	line.quantity = PRICE_SCALE;
	if (price_total(&line, 1, decimals, document->with_tax, &total) != ERR_OK ||
	    price_to_base(total.gross_minor, decimals, document->rate, &base) != ERR_OK)
		return;
	rows = demo_document_rows(document, DEMO_TABLE_goods_return, &id);
	demo_text(rows, demo_number(document->world, document->customer->scratch,
			    DEMO_SERIES_RETURN, demo_at(day, 15 * 60)));
	demo_int(rows, delivery);
	demo_int(rows, document->id);
	demo_int(rows, document->customer->id);
	demo_date(rows, day);
	demo_text(rows, reasons[demo_below(order->random, 3)]);
	demo_money(rows, total.gross_minor, document->currency);
	demo_money(rows, base, PRICE_BASE);
	demo_document_end(document, rows, day, true);
	rows = demo_document_line(document, DEMO_TABLE_goods_return_line, id, 0);
	demo_int(rows, document->world->goods[document->goods[at]].id);
	demo_int(rows, line.quantity);
	demo_text(rows, document->world->goods[document->goods[at]].unit);
	demo_money(rows, line.amount_minor, document->currency);
	demo_int(rows, delivery_line);
	demo_document_end(document, rows, day, false);
	document->customer->owed -= base;
}

static void
demo_order_deliveries(struct demo_order *order)
{
	struct demo_document *document = order->document;
	size_t count = document->count;
	int64_t day = document->day + demo_between(order->random, 1, 7), line;
	bool comes_back;

	if (day > document->world->today)
		day = document->world->today;
	if (strcmp(order->state, "part_delivered") == 0) {
		(void)demo_order_deliver(order, 0, 1, day);
		return;
	}
	if (count > 1 && demo_chance(order->random, 25)) {
		(void)demo_order_deliver(order, 0, 1, day);
		if (day + 3 <= document->world->today)
			day += 3;
		(void)demo_order_deliver(order, 1, count, day);
		return;
	}
	comes_back = order->age > DEMO_DONE && demo_chance(order->random, 6);
	if (comes_back)
		document->returned[count - 1] = PRICE_SCALE;
	line = demo_order_deliver(order, 0, count, day);
	if (comes_back)
		demo_order_return(order, line, day + 9);
}

/* ---- money ------------------------------------------------------------------------------- */

/* Pays minor units on an instalment, and perhaps a round sum ahead. */
static void
demo_order_pay(struct demo_order *order, int64_t receivable, int64_t minor, int64_t day)
{
	struct demo_document *document = order->document;
	struct demo_customer *customer = document->customer;
	struct demo_world *world = document->world;
	bool ahead =
	    strcmp(document->currency, PRICE_BASE) == 0 && demo_chance(order->random, 4);
	int64_t rest = ahead ? demo_between(order->random, 1, 40) * 50000 : 0, base, id;
	struct demo_rows *rows = demo_document_rows(document, DEMO_TABLE_receipt, &id);

	if (price_to_base(minor + rest, money_decimals(document->currency), document->rate,
		&base) != ERR_OK)
		base = 0;
	demo_text(rows,
	    demo_number(world, customer->scratch, DEMO_SERIES_RECEIPT, demo_at(day, 10 * 60)));
	demo_int(rows, customer->id);
	demo_date(rows, day);
	demo_money(rows, minor + rest, document->currency);
	demo_text(rows, demo_chance(order->random, 85) ? "transfer" : "acceptance");
	demo_text(rows, arena_printf(customer->scratch, "%lld%06lld",
			    (long long)(20260000 + day % 10000), (long long)(id % 1000000)));
	demo_text(rows, "booked");
	demo_money(rows, base, PRICE_BASE);
	if (rest > 0) {
		demo_money(rows, rest, PRICE_BASE);
	} else {
		demo_null(rows);
		demo_null(rows);
	}
	demo_text(rows, customer->name);
	demo_document_end(document, rows, day, true);
	rows = demo_document_line(document, DEMO_TABLE_receipt_allocation, id, 0);
	demo_int(rows, receivable);
	demo_money(rows, minor, document->currency);
	demo_document_end(document, rows, day, false);
	document->paid += minor;
	customer->owed -= base;
	if (rest == 0)
		return;
	customer->balance += rest;
	rows = demo_document_rows(document, DEMO_TABLE_prepaid_entry, &receivable);
	demo_int(rows, customer->id);
	demo_moment(rows, demo_at(day, 10 * 60) + customer->balance);
	demo_text(rows, "received");
	demo_money(rows, rest, PRICE_BASE);
	demo_money(rows, customer->balance, PRICE_BASE);
	demo_int(rows, id);
	demo_document_end(document, rows, day, true);
}

/* How much of an instalment was paid: all, for most that are due; half; nothing. */
static int64_t
demo_order_paid(struct demo_order *order, int64_t due, int64_t minor)
{
	int64_t late = order->document->world->today - due;

	if (late < 0 || !demo_chance(order->random, late > 120 ? 97 : late > 20 ? 88 : 60))
		return 0;
	return demo_chance(order->random, 6) ? minor / 2 : minor;
}

static void
demo_order_instalment(
    struct demo_order *order, size_t at, int64_t percent, int64_t due, int64_t minor)
{
	struct demo_document *document = order->document;
	int64_t id, paid = demo_order_paid(order, due, minor);
	int64_t day = due + demo_between(order->random, -2, 15);
	struct demo_rows *rows = demo_document_rows(document, DEMO_TABLE_receivable, &id);

	demo_text(rows,
	    arena_printf(document->customer->scratch, "%s/%zu", document->number, at + 1));
	demo_int(rows, document->id);
	demo_int(rows, document->customer->id);
	demo_date(rows, due);
	demo_money(rows, minor, document->currency);
	demo_int(rows, percent);
	demo_document_end(document, rows, document->day, true);
	rows = &document->world->chunk.tables[DEMO_TABLE_receivable_figures];
	demo_int(rows, id);
	demo_money(rows, paid, document->currency);
	demo_money(rows, minor - paid, document->currency);
	if (paid < minor)
		demo_date(rows, due);
	else
		demo_null(rows);
	demo_int(rows, document->customer->keeper->user);
	demo_row_end(rows);
	order->open = order->open || paid < minor;
	if (paid > 0)
		demo_order_pay(order, id, paid,
		    day < document->day            ? document->day
		    : day > document->world->today ? document->world->today
						   : day);
}

static void
demo_order_plan(struct demo_order *order)
{
	static const struct {
		size_t count;
		int64_t percents[DEMO_PARTS], days[DEMO_PARTS];
	} plans[] = { { 1, { 10000 }, { 30 } }, { 2, { 3000, 7000 }, { 3, 60 } },
		{ 2, { 5000, 5000 }, { 15, 45 } },
		{ 3, { 3000, 6000, 1000 }, { 3, 45, 180 } } };
	uint32_t which = demo_below(order->random, 4);
	const struct demo_document *document = order->document;
	int64_t parts[DEMO_PARTS];

	if (price_split(document->total.gross_minor, plans[which].percents, plans[which].count,
		parts) != ERR_OK)
		return;
	for (size_t i = 0; i < plans[which].count; i++)
		demo_order_instalment(order, i, plans[which].percents[i],
		    document->day + plans[which].days[i], parts[i]);
}

static void
demo_order_invoice(struct demo_order *order)
{
	struct demo_document *document = order->document;
	struct demo_customer *customer = document->customer;
	int64_t day = document->day + demo_between(order->random, 5, 25), id;
	bool issued = order->document->world->today - day > 5 || demo_chance(order->random, 30);
	struct demo_rows *rows;

	if (day > document->world->today)
		day = document->world->today;
	rows = demo_document_rows(document, DEMO_TABLE_invoice_request, &id);
	demo_text(rows, demo_number(document->world, customer->scratch, DEMO_SERIES_INVOICE,
			    demo_at(day, 16 * 60)));
	demo_int(rows, document->id);
	demo_int(rows, customer->id);
	demo_date(rows, day);
	demo_text(rows, !document->with_tax            ? "foreign"
			: customer->tax_number != NULL ? "special"
						       : "ordinary");
	demo_money(rows, document->total.gross_minor, document->currency);
	demo_text(rows, customer->name);
	demo_text(rows, customer->tax_number);
	demo_text(rows, customer->bank);
	demo_text(rows, customer->bank_account);
	demo_text(rows, issued ? "issued" : "asked");
	if (issued) {
		demo_text(rows, arena_printf(customer->scratch, "26%018lld", (long long)id));
		demo_date(rows, day);
	} else {
		demo_null(rows);
		demo_null(rows);
	}
	demo_document_end(document, rows, day, true);
	document->invoiced = document->total.gross_minor;
}

/* ---- the order --------------------------------------------------------------------------- */

/* Before anything of it: how far an order of this age is. */
static const char *
demo_order_state(const struct demo_order *order)
{
	uint32_t at = demo_below(order->random, 100);

	if (order->document->held)
		return "held";
	if (at < 3)
		return "cancelled";
	if (order->age < DEMO_FRESH)
		return at < 50 ? "draft" : "confirmed";
	if (order->age < DEMO_GOING)
		return at < 45 && order->document->count > 1 ? "part_delivered" : "confirmed";
	if (order->age < DEMO_GONE && at < 30 && order->document->count > 1)
		return "part_delivered";
	return "delivered";
}

static void
demo_order_row(const struct demo_order *order)
{
	const struct demo_document *document = order->document;
	const struct demo_customer *customer = document->customer;
	struct demo_rows *rows = &document->world->chunk.tables[DEMO_TABLE_sales_order];

	demo_int(rows, document->id);
	demo_text(rows, document->number);
	demo_int(rows, customer->id);
	demo_ref(rows, customer->contact_count > 0 ? customer->contacts[0] : 0);
	demo_date(rows, document->day);
	demo_date(rows, document->day + 14);
	demo_text(rows, document->currency);
	demo_bool(rows, document->with_tax);
	demo_text(rows, order->state);
	demo_money(rows, document->total.net_minor, document->currency);
	demo_money(rows, document->total.tax_minor, document->currency);
	demo_money(rows, document->total.gross_minor, document->currency);
	demo_int(rows, document->rate);
	demo_money(rows, document->base, PRICE_BASE);
	demo_int(rows, document->lines[0].discount);
	demo_bool(rows, false);
	demo_text(rows, document->id % 3 == 0 ? arena_printf(customer->scratch, "PO-%lld",
						    (long long)(document->id % 100000))
					      : NULL);
	demo_text(rows,
	    document->with_tax ? "预付30%，货到60天付70%" : "30% in advance, 70% 60 days");
	demo_text(rows, strcmp(order->state, "cancelled") == 0 ? "客户项目暂停" : NULL);
	if (strcmp(order->state, "draft") == 0)
		demo_null(rows);
	else
		demo_moment(rows, demo_at(document->day, 15 * 60));
	demo_ref(rows, document->quote);
	demo_ref(rows, document->opportunity);
	demo_document_end(document, rows, document->day, true);
}

static void
demo_order_lines(const struct demo_order *order)
{
	const struct demo_document *document = order->document;
	struct demo_rows *rows = &document->world->chunk.tables[DEMO_TABLE_order_line];

	for (size_t i = 0; i < document->count; i++) {
		const struct price_line *line = &document->lines[i];
		const struct demo_good *good = &document->world->goods[document->goods[i]];

		demo_int(rows, document->line_ids[i]);
		demo_int(rows, document->id);
		demo_int(rows, (int64_t)i);
		demo_int(rows, good->id);
		demo_int(rows, line->quantity);
		demo_text(rows, good->unit);
		demo_int(rows, line->price);
		demo_int(rows, line->discount);
		demo_int(rows, line->tax_rate);
		demo_money(rows, line->amount_minor, document->currency);
		demo_int(rows, line->price);
		demo_int(rows, document->list);
		demo_int(rows, document->delivered[i]);
		demo_int(rows, document->returned[i]);
		demo_document_end(document, rows, document->day, false);
	}
}

static void
demo_order_figures(const struct demo_document *document)
{
	struct demo_rows *rows = &document->world->chunk.tables[DEMO_TABLE_sales_order_figures];

	if (document->paid == 0 && document->invoiced == 0)
		return;
	demo_int(rows, document->id);
	demo_money(rows, document->paid, document->currency);
	demo_money(rows, document->invoiced, document->currency);
	demo_row_end(rows);
}

void
demo_make_order(struct demo_document *document)
{
	struct demo_order order = { .document = document,
		.random = document->customer->random,
		.age = document->world->today - document->day };
	bool counts;

	document->id = document->world->next_id++;
	for (size_t i = 0; i < document->count; i++)
		document->line_ids[i] = document->world->next_id++;
	document->number = demo_number(document->world, document->customer->scratch,
	    DEMO_SERIES_ORDER, demo_at(document->day, 14 * 60));
	order.state = demo_order_state(&order);
	counts = !document->held && strcmp(order.state, "draft") != 0 &&
		 strcmp(order.state, "cancelled") != 0;
	if (counts) {
		document->customer->owed += document->base;
		demo_order_plan(&order);
	}
	if (counts && strcmp(order.state, "confirmed") != 0) {
		demo_order_deliveries(&order);
		if (demo_chance(order.random, 60))
			demo_order_invoice(&order);
	}
	if (strcmp(order.state, "delivered") == 0 && order.age > DEMO_DONE && !order.open)
		order.state = "closed";
	demo_order_row(&order);
	demo_order_lines(&order);
	demo_order_figures(document);
}
