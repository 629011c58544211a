/*
 * What goes with goods and money: the delivery note that the customer signs, and the receipt
 * for what was paid. And a quote beside the version before it.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "common/price.h"
#include "server/entity/fields.h"

#include <string.h>

enum { SLIP_RECORD = 1 };
enum { SLIP_VALUES = 4 }; /* of a line that versions differ in */

static const struct field delivery_parameters[] = {
	{ SLIP_RECORD, "delivery", TYPE_REF, "发货单", "Delivery", FIELD_REQUIRED,
	    .ref = "delivery" },
	{ 0 },
};
static const struct field receipt_parameters[] = {
	{ SLIP_RECORD, "receipt", TYPE_REF, "回款", "Receipt", FIELD_REQUIRED,
	    .ref = "receipt" },
	{ 0 },
};
static const struct field quote_versions_parameters[] = {
	{ SLIP_RECORD, "quote", TYPE_REF, "报价单", "Quote", FIELD_REQUIRED, .ref = "quote" },
	{ 0 },
};

static const char *
slip_date(struct arena *arena, const struct rows *rows, size_t row, size_t column)
{
	return rows_null(rows, row, column) ? NULL
					    : date_format(arena, rows_date(rows, row, column));
}

static enum err
slip_each(struct report *report, const char *text, const char *order, report_row each, void *to)
{
	struct sql *sql = report_select(report, text);

	sql_int(sql, report_parameter(report, SLIP_RECORD)->number);
	report_sql(report, sql, order);
	return report_each(report, sql, each, to);
}

/* ---- delivery note ----------------------------------------------------------------------- */

static enum err
slip_put_delivery(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const struct call *call = report->call;
	const struct doc_field fields[] = {
		{ .label = report_label(report, E_delivery, F_delivery_customer_id),
		    .value = report_named(report, rows_text(rows, row, 2)),
		    .wide = true },
		{ .label = report_label(report, E_delivery, F_delivery_address),
		    .value = rows_text(rows, row, 3),
		    .wide = true },
		{ .label = report_label(report, E_order, F_order_contact_id),
		    .value = rows_text(rows, row, 4) },
		{ .label = report_label(report, E_customer, F_customer_phone),
		    .value = rows_text(rows, row, 5) },
		{ .label = report_label(report, E_delivery, F_delivery_delivered_on),
		    .value = slip_date(arena, rows, row, 1) },
		{ .label = report_label(report, E_delivery, F_delivery_order_id),
		    .value = rows_text(rows, row, 6) },
		{ .label = report_label(report, E_delivery, F_delivery_carrier),
		    .value = rows_text(rows, row, 7) },
		{ .label = report_label(report, E_delivery, F_delivery_waybill),
		    .value = rows_text(rows, row, 8) },
		{ .label = report_label(report, E_order, F_order_purchase_number),
		    .value = rows_text(rows, row, 10) },
		{ .label = report_label(report, E_order, F_order_owner_id),
		    .value = report_setup(report, E_user, rows_int(rows, row, 9)) },
		{ .label = call_say(call, "Remarks", "备注"),
		    .value = rows_text(rows, row, 11),
		    .wide = true },
	};
	enum err err = report_begin(report, rows_text(rows, row, 0), DOC_A4, NULL, 0);

	*(bool *)to = true;
	return err == ERR_OK
		   ? doc_fields(report->doc, fields, sizeof(fields) / sizeof(fields[0]), 2)
		   : err;
}

static enum err
slip_put_goods(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const struct doc_cell cells[] = {
		doc_text(rows_text(rows, row, 0)),
		doc_text(rows_text(rows, row, 1)),
		doc_text(rows_text(rows, row, 2)),
		doc_text(report_scaled(arena, rows_int(rows, row, 3), PRICE_DECIMALS, 0)),
		doc_text(
		    report_choice(report, E_product, F_product_unit, rows_text(rows, row, 4))),
		doc_empty(),
	};

	(void)to;
	return doc_row(report->doc, cells);
}

static enum err
delivery_make(struct report *report)
{
	struct call *call = report->call;
	const struct doc_column columns[] = {
		{ .title = report_label(report, E_product, F_product_number), .min_cols = 9 },
		{ .title = report_label(report, E_delivery_line, F_delivery_line_product_id),
		    .weight = 2,
		    .wrap = true },
		{ .title = report_label(report, E_product, F_product_specification),
		    .weight = 1,
		    .wrap = true },
		{ .title = report_label(report, E_delivery_line, F_delivery_line_quantity),
		    .align = DOC_RIGHT,
		    .min_cols = 9 },
		{ .title = report_label(report, E_delivery_line, F_delivery_line_unit),
		    .min_cols = 6 },
		{ .title = call_say(call, "Received", "实收"), .min_cols = 9 },
	};
	const struct doc_table table = { .columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]) };
	const char *const labels[] = { call_say(call, "Sent by", "发货人"),
		call_say(call, "Carrier", "承运人"), call_say(call, "Received by", "收货人") };
	bool found = false;
	enum err err = slip_each(report,
	    "SELECT d.number, d.delivered_on, c.name, coalesce(d.address, o.address, "
	    "c.address) "
	    "AS address, k.name AS contact, c.phone, o.number AS order_number, d.carrier, "
	    "d.waybill, d.owner_id, o.purchase_number, d.remarks FROM {delivery} d LEFT JOIN "
	    "{order} o ON o.id = d.order_id LEFT JOIN {customer} c ON c.id = d.customer_id "
	    "LEFT "
	    "JOIN {contact} k ON k.id = o.contact_id WHERE d.id = ",
	    "", slip_put_delivery, &found);

	if (err == ERR_OK && !found)
		return report_refuse(report, SLIP_RECORD, ERR_NO_SUCH_RECORD, NULL);
	if (err == ERR_OK)
		err = doc_table(report->doc, &table);
	if (err == ERR_OK)
		err = slip_each(report,
		    "SELECT p.number, p.name, p.specification, l.quantity, l.unit FROM "
		    "{delivery_line} l LEFT JOIN {product} p ON p.id = l.product_id WHERE "
		    "l.delivery_id = ",
		    " ORDER BY l.position, l.id", slip_put_goods, NULL);
	if (err == ERR_OK)
		err = doc_signatures(report->doc, labels, 3);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_delivery = {
	.name = "delivery",
	.zh = "发货单",
	.en = "Delivery note",
	.entity = "delivery",
	.parameters = delivery_parameters,
	.reads = "delivery delivery_line order customer contact product",
	.make = delivery_make,
};

/* ---- receipt ----------------------------------------------------------------------------- */

struct slip_receipt {
	bool found;
	const char *currency;
};

static enum err
slip_put_receipt(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct slip_receipt *receipt = to;
	const char *currency = rows_text(rows, row, 3);
	bool foreign = currency != NULL && strcmp(currency, PRICE_BASE) != 0;
	const struct doc_field fields[] = {
		{ .label = report_label(report, E_receipt, F_receipt_customer_id),
		    .value = report_named(report, rows_text(rows, row, 6)),
		    .wide = true },
		{ .label = report_label(report, E_receipt, F_receipt_payer),
		    .value = rows_text(rows, row, 7) },
		{ .label = report_label(report, E_receipt, F_receipt_received_on),
		    .value = slip_date(arena, rows, row, 1) },
		{ .label = report_label(report, E_receipt, F_receipt_method),
		    .value = report_choice(
			report, E_receipt, F_receipt_method, rows_text(rows, row, 4)) },
		{ .label = report_label(report, E_receipt, F_receipt_reference),
		    .value = rows_text(rows, row, 5) },
		{ .label = report_label(report, E_receipt, F_receipt_state),
		    .value = report_choice(
			report, E_receipt, F_receipt_state, rows_text(rows, row, 10)) },
		{ .label = report_label(report, E_receipt, F_receipt_amount),
		    .value = report_amount(arena, rows, row, 2, currency) },
		{ .label = report_words_label(report),
		    .value = report_words(report, arena, rows, row, 2, currency),
		    .wide = true },
		{ .label = report_label(report, E_receipt, F_receipt_remarks),
		    .value = rows_text(rows, row, 11),
		    .wide = true },
		{ .label = report_label(report, E_receipt, F_receipt_amount_base),
		    .value = report_amount(arena, rows, row, 8, PRICE_BASE) },
	};
	size_t count = sizeof(fields) / sizeof(fields[0]) - !foreign;
	enum err err = report_begin(report, rows_text(rows, row, 0), DOC_A4, NULL, 0);

	receipt->found = true;
	receipt->currency = arena_strdup(report->call->arena, currency);
	return err == ERR_OK ? doc_fields(report->doc, fields, count, 2) : err;
}

static enum err
slip_put_payment(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const struct doc_cell cells[] = {
		doc_text(rows_text(rows, row, 0)),
		doc_text(rows_text(rows, row, 1)),
		doc_text(slip_date(arena, rows, row, 2)),
		doc_value(rows_int(rows, row, 3)),
	};

	(void)to;
	return doc_row(report->doc, cells);
}

static enum err
receipt_make(struct report *report)
{
	struct call *call = report->call;
	struct slip_receipt receipt = { 0 };
	struct doc_column columns[] = {
		{ .title = report_label(report, E_receivable, F_receivable_order_id),
		    .weight = 1 },
		{ .title = report_label(
		      report, E_receipt_allocation, F_receipt_allocation_receivable_id),
		    .weight = 1 },
		{ .title = report_label(report, E_receivable, F_receivable_due_on),
		    .min_cols = 12 },
		{ .title =
			report_label(report, E_receipt_allocation, F_receipt_allocation_amount),
		    .kind = DOC_MONEY,
		    .sum = DOC_SUM,
		    .min_cols = 16 },
	};
	const struct doc_table table = { .columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.totals = true };
	const char *const labels[] = { call_say(call, "Received by", "收款人（盖章）"),
		call_say(call, "Checked by", "复核") };
	enum err err = slip_each(report,
	    "SELECT r.number, r.received_on, r.amount, r.amount_currency, r.method, "
	    "r.reference, "
	    "c.name, r.payer, r.amount_base, r.to_balance, r.state, r.remarks FROM {receipt} r "
	    "LEFT JOIN {customer} c ON c.id = r.customer_id WHERE r.id = ",
	    "", slip_put_receipt, &receipt);

	if (err == ERR_OK && !receipt.found)
		return report_refuse(report, SLIP_RECORD, ERR_NO_SUCH_RECORD, NULL);
	if (err != ERR_OK)
		return err;
	columns[3].decimals = (uint8_t)report_decimals(receipt.currency);
	err = doc_table(report->doc, &table);
	if (err == ERR_OK)
		err = slip_each(report,
		    "SELECT o.number AS order_number, v.number, v.due_on, a.amount, a.position "
		    "FROM "
		    "{receipt_allocation} a LEFT JOIN {receivable} v ON v.id = a.receivable_id "
		    "LEFT "
		    "JOIN {order} o ON o.id = v.order_id WHERE a.receipt_id = ",
		    " ORDER BY a.position, a.id", slip_put_payment, NULL);
	if (err == ERR_OK)
		err = doc_signatures(report->doc, labels, 2);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_receipt = {
	.name = "receipt",
	.zh = "收款收据",
	.en = "Receipt",
	.entity = "receipt",
	.parameters = receipt_parameters,
	.reads = "receipt receipt_allocation receivable order customer",
	.make = receipt_make,
};

/* ---- versions of a quote ----------------------------------------------------------------- */

struct slip_versions {
	bool found;
	int64_t before;
	const char *currency;
};

/* "Q2611-000001-2  1,200.00 CNY" */
static const char *
slip_version(struct arena *arena, const struct rows *rows, size_t row, size_t number,
    size_t total, const char *currency)
{
	const char *amount = report_amount(arena, rows, row, total, currency);

	return arena_printf(
	    arena, "%s  %s", rows_text(rows, row, number), amount != NULL ? amount : "");
}

static enum err
slip_put_versions(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct slip_versions *versions = to;
	const char *currency = rows_text(rows, row, 4);
	bool has = !rows_null(rows, row, 5), sums = has && !rows_null(rows, row, 3) &&
						    !rows_null(rows, row, 7) &&
						    currency != NULL;
	const struct doc_field fields[] = {
		{ .label = report_label(report, E_quote, F_quote_customer_id),
		    .value = report_named(report, rows_text(rows, row, 1)),
		    .wide = true },
		{ .label = report_label(report, E_quote, F_quote_previous_id),
		    .value = has ? slip_version(arena, rows, row, 6, 7, currency) : NULL },
		{ .label = report_label(report, E_quote, F_quote_revision),
		    .value = slip_version(arena, rows, row, 0, 3, currency) },
		{ .label = report_label(report, E_quote, F_quote_reason),
		    .value = rows_text(rows, row, 8) },
		{ .label = call_say(report->call, "Difference", "差额"),
		    .value =
			sums ? report_money(arena,
				   rows_int(rows, row, 3) - rows_int(rows, row, 7), currency)
			     : NULL },
	};
	enum err err = report_begin(report, rows_text(rows, row, 0), DOC_A4, NULL, 0);

	versions->found = true;
	versions->before = has ? rows_int(rows, row, 5) : 0;
	versions->currency = arena_strdup(report->call->arena, currency);
	return err == ERR_OK
		   ? doc_fields(report->doc, fields, sizeof(fields) / sizeof(fields[0]), 2)
		   : err;
}

/* A value of both versions: "50", "51 > 50" where it changed, "- > 50" of a new line. */
static struct doc_cell
slip_number(struct arena *arena, const struct rows *rows, size_t row, size_t was, int decimals,
    int keep)
{
	size_t is = was + SLIP_VALUES;
	const char *before = "-", *now = "-";

	if (!rows_null(rows, row, was))
		before = report_scaled(arena, rows_int(rows, row, was), decimals, keep);
	if (!rows_null(rows, row, is))
		now = report_scaled(arena, rows_int(rows, row, is), decimals, keep);
	return doc_text(
	    strcmp(before, now) == 0 ? now : arena_printf(arena, "%s > %s", before, now));
}

static struct doc_cell
slip_sum(const struct rows *rows, size_t row, size_t column)
{
	return rows_null(rows, row, column) ? doc_empty()
					    : doc_value(rows_int(rows, row, column));
}

static enum err
slip_put_change(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const struct doc_cell cells[] = {
		doc_text(rows_text(rows, row, 0)),
		slip_number(arena, rows, row, 1, PRICE_DECIMALS, 0),
		slip_number(arena, rows, row, 2, PRICE_DECIMALS, 2),
		slip_number(arena, rows, row, 3, PERCENT_DECIMALS, 0),
		slip_sum(rows, row, 4),
		slip_sum(rows, row, 4 + SLIP_VALUES),
		doc_value(rows_int(rows, row, 4 + SLIP_VALUES) - rows_int(rows, row, 4)),
	};

	(void)to;
	return doc_row(report->doc, cells);
}

/* Lines of both versions by product, the nth of a product beside the nth. */
static enum err
slip_compare(struct report *report, const struct slip_versions *versions)
{
	static const char lines[] =
	    "SELECT l.product_id, row_number() OVER (PARTITION BY "
	    "l.product_id ORDER BY l.position, "
	    "l.id) AS nth, l.quantity, l.price, coalesce(l.discount, 0) AS discount, l.amount, "
	    "l.position FROM {quote_line} l "
	    "WHERE l.quote_id = ";
	struct sql *sql = report_select(report, "WITH was AS (");

	report_sql(report, sql, lines);
	sql_int(sql, versions->before);
	sql_add(sql, "), now AS (");
	report_sql(report, sql, lines);
	sql_int(sql, report_parameter(report, SLIP_RECORD)->number);
	report_sql(report, sql,
	    ") SELECT p.name, was.quantity, was.price, was.discount, was.amount, now.quantity "
	    "AS "
	    "new_quantity, now.price AS new_price, now.discount AS new_discount, now.amount AS "
	    "new_amount FROM was FULL JOIN now USING (product_id, nth) LEFT JOIN {product} p "
	    "ON "
	    "p.id = product_id ORDER BY coalesce(now.position, was.position), p.id");
	return report_each(report, sql, slip_put_change, NULL);
}

static enum err
quote_versions_make(struct report *report)
{
	struct call *call = report->call;
	struct slip_versions versions = { 0 };
	const char *amount = report_label(report, E_quote_line, F_quote_line_amount);
	struct doc_column columns[] = {
		{ .title = report_label(report, E_quote_line, F_quote_line_product_id),
		    .weight = 1,
		    .wrap = true },
		{ .title = report_label(report, E_quote_line, F_quote_line_quantity),
		    .align = DOC_RIGHT,
		    .min_cols = 10 },
		{ .title = report_label(report, E_quote_line, F_quote_line_price),
		    .align = DOC_RIGHT,
		    .min_cols = 19 },
		{ .title = call_say(call, "Disc.%", "折扣%"),
		    .align = DOC_RIGHT,
		    .min_cols = 7 },
		{ .title = arena_printf(
		      call->arena, call_say(call, "%s before", "原%s"), amount) },
		{ .title = amount },
		{ .title = call_say(call, "Difference", "差额") },
	};
	const struct doc_table table = { .columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.totals = true };
	enum err err = slip_each(report,
	    "SELECT q.number, c.name, q.revision, q.total, q.currency, q.previous_id, w.number "
	    "AS "
	    "old_number, w.total AS old_total, w.reason FROM {quote} q LEFT JOIN {quote} w ON "
	    "w.id = q.previous_id LEFT JOIN {customer} c ON c.id = q.customer_id WHERE q.id = ",
	    "", slip_put_versions, &versions);

	if (err == ERR_OK && !versions.found)
		return report_refuse(report, SLIP_RECORD, ERR_NO_SUCH_RECORD, NULL);
	if (err != ERR_OK)
		return err;
	for (size_t i = 4; i < table.column_count; i++) {
		columns[i].kind = DOC_MONEY;
		columns[i].sum = DOC_SUM;
		columns[i].min_cols = 12;
		columns[i].decimals = (uint8_t)report_decimals(versions.currency);
	}
	err = doc_table(report->doc, &table);
	if (err == ERR_OK)
		err = slip_compare(report, &versions);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_quote_versions = {
	.name = "quote_versions",
	.zh = "报价版本对比",
	.en = "Quotation and the version before",
	.entity = "quote",
	.parameters = quote_versions_parameters,
	.reads = "quote quote_line customer product",
	.make = quote_versions_make,
};
