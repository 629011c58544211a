/*
 * The sheets a customer gets: a quote, a contract and an order, the same page with other words. Amounts are
 * those stored with the record; nothing is worked out again here.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "common/money.h"
#include "common/price.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <string.h>

enum { SHEET_RECORD = 1 };

static const struct field quote_parameters[] = {
	{ SHEET_RECORD, "quote", TYPE_REF, "报价单", "Quote", FIELD_REQUIRED, .ref = "quote" },
	{ 0 },
};
static const struct field contract_parameters[] = {
	{ SHEET_RECORD, "contract", TYPE_REF, "合同", "Contract", FIELD_REQUIRED, .ref = "contract" },
	{ 0 },
};
static const struct field order_parameters[] = {
	{ SHEET_RECORD, "order", TYPE_REF, "订单", "Order", FIELD_REQUIRED, .ref = "order" },
	{ 0 },
};

/* Columns of both heads. */
enum {
	HEAD_NUMBER,
	HEAD_DAY,
	HEAD_UNTIL,
	HEAD_CURRENCY,
	HEAD_NET,
	HEAD_TAX,
	HEAD_TOTAL,
	HEAD_TERMS,
	HEAD_REMARKS,
	HEAD_OWNER,
	HEAD_CUSTOMER,
	HEAD_ADDRESS,
	HEAD_PHONE,
	HEAD_CONTACT,
	HEAD_INCLUDED,
	HEAD_RATE,
	HEAD_BASE,
	HEAD_FROM,
};
enum {
	LINE_NAME,
	LINE_SPECIFICATION,
	LINE_QUANTITY,
	LINE_UNIT,
	LINE_PRICE,
	LINE_DISCOUNT,
	LINE_TAX,
	LINE_AMOUNT
};

struct trade_sheet {
	const char *head, *lines, *order_by; /* SQL up to the record's id */
	const char *day_label, *from_label, *until_label; /* NULL: not on this sheet */
	const char *currency;
	struct doc_field sums[6];
	size_t sum_count;
	const char *terms, *remarks;
	bool found;
};

static void
sheet_add_sum(struct trade_sheet *sheet, const char *label, const char *value)
{
	sheet->sums[sheet->sum_count++] =
	    (struct doc_field){ .label = label, .value = value, .wide = true };
}

/* The totals, the last one also in words, and of a foreign currency in CNY. */
static void
sheet_take_sums(struct report *report, struct arena *scratch, struct trade_sheet *sheet,
    const struct rows *rows, size_t row)
{
	const uint32_t sums[] = { F_order_net, F_order_tax, F_order_total };
	struct arena *arena = report->call->arena;

	for (size_t i = 0; i < 3; i++)
		sheet_add_sum(sheet, report_label(report, E_order, sums[i]),
		    report_amount(arena, rows, row, HEAD_NET + i, sheet->currency));
	sheet_add_sum(sheet, report_words_label(report),
	    report_words(report, arena, rows, row, HEAD_TOTAL, sheet->currency));
	if (sheet->currency == NULL || strcmp(sheet->currency, PRICE_BASE) == 0 ||
	    rows_null(rows, row, HEAD_BASE))
		return;
	sheet_add_sum(sheet, report_label(report, E_order, F_order_rate),
	    arena_printf(arena, "1 %s = %s " PRICE_BASE, sheet->currency,
		report_scaled(scratch, rows_int(rows, row, HEAD_RATE), RATE_DECIMALS, 4)));
	sheet_add_sum(sheet, report_label(report, E_order, F_order_total_base),
	    report_amount(arena, rows, row, HEAD_BASE, PRICE_BASE));
}

static enum err
sheet_put_head(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct trade_sheet *sheet = to;
	const struct call *call = report->call;
	const char *until = rows_null(rows, row, HEAD_UNTIL)
				? NULL
				: date_format(arena, rows_date(rows, row, HEAD_UNTIL));
	const char *from = sheet->from_label == NULL || rows_null(rows, row, HEAD_FROM)
			       ? NULL
			       : date_format(arena, rows_date(rows, row, HEAD_FROM));
	const struct doc_field fields[] = {
		{ .label = report_label(report, E_order, F_order_customer_id),
		    .value = report_named(report, rows_text(rows, row, HEAD_CUSTOMER)),
		    .wide = true },
		{ .label = report_label(report, E_order, F_order_contact_id),
		    .value = rows_text(rows, row, HEAD_CONTACT) },
		{ .label = report_label(report, E_customer, F_customer_phone),
		    .value = rows_text(rows, row, HEAD_PHONE) },
		{ .label = call_say(call, "Address", "地址"),
		    .value = rows_text(rows, row, HEAD_ADDRESS),
		    .wide = true },
		{ .label = sheet->day_label,
		    .value = date_format(arena, rows_date(rows, row, HEAD_DAY)) },
		{ .label = sheet->from_label, .value = from },
		{ .label = sheet->until_label, .value = until },
		{ .label = report_label(report, E_order, F_order_owner_id),
		    .value = report_setup(report, E_user, rows_int(rows, row, HEAD_OWNER)) },
		{ .label = report_label(report, E_order, F_order_currency),
		    .value = arena_printf(arena, "%s%s",
			report_choice(report, E_order, F_order_currency,
			    rows_text(rows, row, HEAD_CURRENCY)),
			rows_bool(rows, row, HEAD_INCLUDED)
			    ? call_say(call, ", prices with tax", "，含税价")
			    : call_say(call, ", prices without tax", "，不含税价")) },
	};
	enum err err;

	sheet->found = true;
	sheet->currency = arena_strdup(call->arena, rows_text(rows, row, HEAD_CURRENCY));
	sheet_take_sums(report, arena, sheet, rows, row);
	sheet->terms = arena_strdup(call->arena, rows_text(rows, row, HEAD_TERMS));
	sheet->remarks = arena_strdup(call->arena, rows_text(rows, row, HEAD_REMARKS));
	err = report_begin(report, rows_text(rows, row, HEAD_NUMBER), DOC_A4, NULL, 0);
	return err == ERR_OK
		   ? doc_fields(report->doc, fields, sizeof(fields) / sizeof(fields[0]), 2)
		   : err;
}

static enum err
sheet_put_line(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const char *more = rows_text(rows, row, LINE_SPECIFICATION);
	const char *name = rows_text(rows, row, LINE_NAME);
	const struct doc_cell cells[] = {
		doc_text(more != NULL && more[0] != '\0'
			     ? arena_printf(arena, "%s %s", name, more)
			     : name),
		doc_text(report_scaled(
		    arena, rows_int(rows, row, LINE_QUANTITY), PRICE_DECIMALS, 0)),
		doc_text(report_choice(
		    report, E_product, F_product_unit, rows_text(rows, row, LINE_UNIT))),
		doc_text(
		    report_scaled(arena, rows_int(rows, row, LINE_PRICE), PRICE_DECIMALS, 2)),
		rows_int(rows, row, LINE_DISCOUNT) == 0
		    ? doc_empty()
		    : doc_text(report_scaled(
			  arena, rows_int(rows, row, LINE_DISCOUNT), PERCENT_DECIMALS, 0)),
		doc_text(
		    report_scaled(arena, rows_int(rows, row, LINE_TAX), PERCENT_DECIMALS, 0)),
		doc_value(rows_int(rows, row, LINE_AMOUNT)),
	};

	(void)to;
	return doc_row(report->doc, cells);
}

static enum err
sheet_table(struct report *report, struct trade_sheet *sheet)
{
	struct call *call = report->call;
	struct doc_column columns[] = {
		{ .title = report_label(report, E_order_line, F_order_line_product_id),
		    .weight = 1,
		    .wrap = true },
		{ .title = report_label(report, E_order_line, F_order_line_quantity),
		    .align = DOC_RIGHT,
		    .min_cols = 8 },
		{ .title = report_label(report, E_order_line, F_order_line_unit),
		    .min_cols = 6 },
		{ .title = report_label(report, E_order_line, F_order_line_price),
		    .align = DOC_RIGHT,
		    .min_cols = 11 },
		{ .title = call_say(call, "Disc.%", "折扣%"),
		    .align = DOC_RIGHT,
		    .min_cols = 6 },
		{ .title = call_say(call, "Tax%", "税率%"), .align = DOC_RIGHT, .min_cols = 5 },
		{ .title = report_label(report, E_order_line, F_order_line_amount),
		    .kind = DOC_MONEY,
		    .decimals = (uint8_t)report_decimals(sheet->currency),
		    .sum = DOC_SUM,
		    .min_cols = 13 },
	};
	const struct doc_table table = { .columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.totals = true };
	struct sql *sql = report_select(report, sheet->lines);
	enum err err = doc_table(report->doc, &table);

	sql_int(sql, report_parameter(report, SHEET_RECORD)->number);
	sql_add(sql, sheet->order_by);
	if (err == ERR_OK)
		err = report_each(report, sql, sheet_put_line, sheet);
	return err;
}

static enum err
sheet_end(struct report *report, struct trade_sheet *sheet)
{
	const struct call *call = report->call;
	const struct doc_field more[] = {
		{ .label = report_label(report, E_order, F_order_terms),
		    .value = sheet->terms,
		    .wide = true },
		{ .label = report_label(report, E_order, F_order_remarks),
		    .value = sheet->remarks,
		    .wide = true },
	};
	const char *const labels[] = { call_say(call, "Seller", "供方（盖章）"),
		call_say(call, "Buyer", "需方（盖章）") };
	enum err err = doc_fields(report->doc, sheet->sums, sheet->sum_count, 1);

	if (err == ERR_OK)
		err = doc_fields(report->doc, more, 2, 1);
	if (err == ERR_OK)
		err = doc_signatures(report->doc, labels, 2);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

static enum err
sheet_make(struct report *report, struct trade_sheet *sheet)
{
	struct sql *sql = report_select(report, sheet->head);
	enum err err;

	sql_int(sql, report_parameter(report, SHEET_RECORD)->number);
	err = report_each(report, sql, sheet_put_head, sheet);
	if (err == ERR_OK && !sheet->found)
		return report_refuse(report, SHEET_RECORD, ERR_NO_SUCH_RECORD, NULL);
	if (err == ERR_OK)
		err = sheet_table(report, sheet);
	return err == ERR_OK ? sheet_end(report, sheet) : err;
}

static enum err
quote_make(struct report *report)
{
	struct trade_sheet sheet = {
		.head = "SELECT r.number, r.quoted_on, r.valid_until, r.currency, r.net, "
			"r.tax, r.total, r.terms, r.remarks,"
			" r.owner_id, c.name, c.address, c.phone, k.name AS contact, "
			"r.tax_included, r.rate, r.total_base FROM {quote} r"
			" LEFT JOIN {customer} c ON c.id = r.customer_id LEFT JOIN {contact} k "
			"ON k.id = r.contact_id WHERE r.id = ",
		.lines = "SELECT p.name, coalesce(l.description, p.specification) AS more, "
			 "l.quantity, l.unit, l.price, l.discount,"
			 " l.tax_rate, l.amount FROM {quote_line} l LEFT JOIN {product} p ON "
			 "p.id = l.product_id WHERE l.quote_id = ",
		.order_by = " ORDER BY l.position, l.id",
		.day_label = report_label(report, E_quote, F_quote_quoted_on),
		.until_label = report_label(report, E_quote, F_quote_valid_until),
	};

	return sheet_make(report, &sheet);
}

const struct report_info report_quote = {
	.name = "quote",
	.zh = "报价单",
	.en = "Quotation",
	.entity = "quote",
	.parameters = quote_parameters,
	.reads = "quote quote_line customer contact product",
	.make = quote_make,
};

static enum err
contract_make(struct report *report)
{
	struct trade_sheet sheet = {
		.head = "SELECT r.number, r.signed_on, r.valid_until, r.currency, r.net, r.tax, "
			"r.total, r.terms, r.remarks,"
			" r.owner_id, c.name, c.address, c.phone, k.name AS contact, "
			"r.tax_included, r.rate, r.total_base, r.valid_from FROM {contract} r"
			" LEFT JOIN {customer} c ON c.id = r.customer_id LEFT JOIN {contact} k "
			"ON k.id = r.contact_id WHERE r.id = ",
		.lines = "SELECT p.name, coalesce(l.description, p.specification) AS more, "
			 "l.quantity, l.unit, l.price, l.discount,"
			 " l.tax_rate, l.amount FROM {contract_line} l LEFT JOIN {product} p ON "
			 "p.id = l.product_id WHERE l.contract_id = ",
		.order_by = " ORDER BY l.position, l.id",
		.day_label = report_label(report, E_contract, F_contract_signed_on),
		.from_label = report_label(report, E_contract, F_contract_valid_from),
		.until_label = report_label(report, E_contract, F_contract_valid_until),
	};

	return sheet_make(report, &sheet);
}

const struct report_info report_contract = {
	.name = "contract",
	.zh = "销售合同",
	.en = "Sales contract",
	.entity = "contract",
	.parameters = contract_parameters,
	.reads = "contract contract_line customer contact product",
	.make = contract_make,
};

static enum err
order_make(struct report *report)
{
	struct trade_sheet sheet = {
		.head = "SELECT r.number, r.ordered_on, r.due_on, r.currency, r.net, r.tax, "
			"r.total, r.terms, r.remarks,"
			" r.owner_id, c.name, coalesce(r.address, c.address) AS address, "
			"c.phone, k.name AS contact,"
			" r.tax_included, r.rate, r.total_base FROM {order} r LEFT JOIN "
			"{customer} c ON c.id = "
			"r.customer_id"
			" LEFT JOIN {contact} k ON k.id = r.contact_id WHERE r.id = ",
		.lines = "SELECT p.name, coalesce(l.description, p.specification) AS more, "
			 "l.quantity, l.unit, l.price, l.discount,"
			 " l.tax_rate, l.amount FROM {order_line} l LEFT JOIN {product} p ON "
			 "p.id = l.product_id WHERE l.order_id = ",
		.order_by = " ORDER BY l.position, l.id",
		.day_label = report_label(report, E_order, F_order_ordered_on),
		.until_label = report_label(report, E_order, F_order_due_on),
	};

	return sheet_make(report, &sheet);
}

const struct report_info report_order = {
	.name = "order",
	.zh = "销售订单",
	.en = "Sales order",
	.entity = "order",
	.parameters = order_parameters,
	.reads = "order order_line customer contact product",
	.make = order_make,
};
