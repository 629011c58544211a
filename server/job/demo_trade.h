/*
 * Between the two files that make what a demo customer bought: the document whose lines are
 * copied from the quote to the order and on, and what becomes of an order.
 */
#ifndef KEHU_DEMO_TRADE_H
#define KEHU_DEMO_TRADE_H

#include "server/job/demo_make.h"

enum { DEMO_LINES = 4 };

struct demo_document {
	struct demo_world *world;
	struct demo_customer *customer;
	int64_t opportunity, quote, id;
	const char *number;
	int64_t day;
	const char *currency;
	bool with_tax;
	int64_t rate, list; /* the price list's id */
	size_t goods[DEMO_LINES];
	struct price_line lines[DEMO_LINES];
	int64_t line_ids[DEMO_LINES], delivered[DEMO_LINES], returned[DEMO_LINES];
	size_t count;
	struct price_total total;
	int64_t base; /* the total in CNY */
	int64_t paid, invoiced;
	bool held; /* past the customer's credit */
};

/* A row of an activity that is its customer's keeper's: its id is written, *id says it. */
struct demo_rows *demo_document_rows(
    const struct demo_document *document, enum demo_table table, int64_t *id);
/* A line's id, parent and position. */
struct demo_rows *demo_document_line(
    const struct demo_document *document, enum demo_table table, int64_t parent, size_t at);
/* Who made it and when, that day; with the owner's columns before, or without for lines. */
void demo_document_end(
    const struct demo_document *document, struct demo_rows *rows, int64_t day, bool owned);

/*
 * What becomes of an order since its day: deliveries, a return, instalments with what was paid
 * on them, a request for an invoice. Writes the order with its lines and figures, and moves
 * the customer's account.
 */
void demo_make_order(struct demo_document *order);

#endif
