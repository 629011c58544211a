/*
 * 对账单: what a customer was charged and paid, day by day, with the balance; in CNY, as the
 * account is kept. Orders count from the day they were ordered, less what was closed
 * undelivered.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "common/price.h"
#include "server/entity/fields.h"

#include <string.h>

enum { STATEMENT_CUSTOMER = 1, STATEMENT_FROM, STATEMENT_TO };

static const struct field statement_parameters[] = {
	{ STATEMENT_CUSTOMER, "customer", TYPE_REF, "客户", "Customer", FIELD_REQUIRED,
	    .ref = "customer" },
	{ STATEMENT_FROM, "from", TYPE_DATE, "从", "From" },
	{ STATEMENT_TO, "to", TYPE_DATE, "到", "To" },
	{ 0 },
};

enum { ENTRY_DAY, ENTRY_KIND, ENTRY_NUMBER, ENTRY_CHARGED, ENTRY_PAID };

struct statement {
	const char *customer, *number;
	int64_t balance;
	bool opened;
};

static enum err
statement_check(struct report *report)
{
	struct value *from = report_parameter(report, STATEMENT_FROM),
		     *to = report_parameter(report, STATEMENT_TO);

	if (!to->present)
		*to = (struct value){ .present = true, .number = call_today(report->call) };
	if (!from->present)
		*from = (struct value){ .present = true, .number = to->number - 365 };
	if (from->number > to->number)
		return report_refuse(report, STATEMENT_TO, ERR_INVALID, NULL);
	return ERR_OK;
}

static enum err
statement_take_customer(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct statement *statement = to;

	(void)arena;
	statement->customer = arena_strdup(report->call->arena, rows_text(rows, row, 0));
	statement->number = arena_strdup(report->call->arena, rows_text(rows, row, 1));
	return ERR_OK;
}

/* The balance brought forward, before the first entry of the period. */
static enum err
statement_open(struct report *report, struct statement *statement)
{
	const struct doc_cell cells[] = { doc_value(
					      report_parameter(report, STATEMENT_FROM)->number),
		doc_text(call_say(report->call, "Brought forward", "期初余额")), doc_empty(),
		doc_empty(), doc_empty(), doc_value(statement->balance) };

	if (statement->opened)
		return ERR_OK;
	statement->opened = true;
	return doc_row(report->doc, cells);
}

static const char *
statement_kind(const struct call *call, const char *kind)
{
	if (strcmp(kind, "order") == 0)
		return call_say(call, "Order", "订单");
	return strcmp(kind, "receipt") == 0 ? call_say(call, "Receipt", "回款")
					    : call_say(call, "Return", "退货");
}

static enum err
statement_put(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct statement *statement = to;
	int64_t day = rows_date(rows, row, ENTRY_DAY);
	int64_t charged = rows_int(rows, row, ENTRY_CHARGED),
		paid = rows_int(rows, row, ENTRY_PAID);
	struct doc_cell cells[6];
	enum err err;

	(void)arena;
	if (day < report_parameter(report, STATEMENT_FROM)->number) {
		statement->balance += charged - paid;
		return ERR_OK;
	}
	err = statement_open(report, statement);
	statement->balance += charged - paid;
	cells[0] = doc_value(day);
	cells[1] = doc_text(statement_kind(report->call, rows_text(rows, row, ENTRY_KIND)));
	cells[2] = doc_text(rows_text(rows, row, ENTRY_NUMBER));
	cells[3] = charged != 0 ? doc_value(charged) : doc_empty();
	cells[4] = paid != 0 ? doc_value(paid) : doc_empty();
	cells[5] = doc_value(statement->balance);
	return err == ERR_OK ? doc_row(report->doc, cells) : err;
}

static enum err
statement_read(struct report *report, struct statement *statement)
{
	int64_t customer = report_parameter(report, STATEMENT_CUSTOMER)->number;
	struct sql *sql = report_select(report,
	    "SELECT * FROM (SELECT o.ordered_on AS day, 'order' AS kind, o.number,"
	    " o.total_base - coalesce(o.dropped, 0) AS charged, 0::bigint AS paid FROM {order} "
	    "o WHERE o.state IN"
	    " ('confirmed', 'part_delivered', 'delivered', 'closed') AND o.customer_id = ");

	sql_int(sql, customer);
	report_sql(report, sql,
	    " UNION ALL SELECT g.returned_on, 'return', g.number, 0, g.total_base FROM "
	    "{goods_return} g"
	    " WHERE g.customer_id = ");
	sql_int(sql, customer);
	report_sql(report, sql,
	    " UNION ALL SELECT r.received_on, 'receipt', r.number, 0, r.amount_base FROM "
	    "{receipt} r"
	    " WHERE r.state = 'booked' AND r.customer_id = ");
	sql_int(sql, customer);
	sql_add(sql, ") e WHERE e.day <= ");
	sql_date(sql, report_parameter(report, STATEMENT_TO)->number);
	sql_add(sql, " ORDER BY e.day, e.kind, e.number");
	return report_each(report, sql, statement_put, statement);
}

static enum err
statement_begin(struct report *report, const struct statement *statement)
{
	struct call *call = report->call;
	const struct doc_field params[] = {
		{ .label = report_label(report, E_order, F_order_customer_id),
		    .value = statement->customer },
		{ .label = call_say(call, "Period", "期间"),
		    .value = arena_printf(call->arena, call_say(call, "%s to %s", "%s 至 %s"),
			date_format(
			    call->arena, report_parameter(report, STATEMENT_FROM)->number),
			date_format(
			    call->arena, report_parameter(report, STATEMENT_TO)->number)) },
		{ .label = call_say(call, "Currency", "币种"), .value = PRICE_BASE },
	};
	struct doc_column columns[] = {
		{ .title = call_say(call, "Day", "日期"), .kind = DOC_DATE },
		{ .title = call_say(call, "Entry", "摘要"), .weight = 1 },
		{ .title = call_say(call, "Number", "单号"), .min_cols = 14 },
		{ .title = call_say(call, "Charged", "应收"),
		    .kind = DOC_MONEY,
		    .decimals = 2,
		    .sum = DOC_SUM,
		    .min_cols = 13 },
		{ .title = call_say(call, "Paid", "已收"),
		    .kind = DOC_MONEY,
		    .decimals = 2,
		    .sum = DOC_SUM,
		    .min_cols = 13 },
		{ .title = call_say(call, "Balance", "余额"),
		    .kind = DOC_MONEY,
		    .decimals = 2,
		    .min_cols = 13 },
	};
	const struct doc_table table = { .columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.totals = true };
	enum err err = report_begin(
	    report, statement->number, DOC_A4, params, sizeof(params) / sizeof(params[0]));

	return err == ERR_OK ? doc_table(report->doc, &table) : err;
}

static enum err
statement_make(struct report *report)
{
	const struct call *call = report->call;
	const char *const labels[] = { call_say(call, "Confirmed by the customer",
					   "客户确认（盖章）"),
		call_say(call, "Day", "日期") };
	struct statement statement = { 0 };
	struct sql *sql =
	    report_select(report, "SELECT c.name, c.number FROM {customer} c WHERE c.id = ");
	enum err err;

	sql_int(sql, report_parameter(report, STATEMENT_CUSTOMER)->number);
	err = report_each(report, sql, statement_take_customer, &statement);
	if (err == ERR_OK && statement.customer == NULL)
		return report_refuse(report, STATEMENT_CUSTOMER, ERR_NO_SUCH_RECORD, NULL);
	if (err == ERR_OK)
		err = statement_begin(report, &statement);
	if (err == ERR_OK)
		err = statement_read(report, &statement);
	if (err == ERR_OK)
		err = statement_open(report, &statement);
	if (err == ERR_OK)
		err = doc_fields(report->doc,
		    &(struct doc_field){
			.label = call_say(call, "Balance at the end", "期末余额"),
			.wide = true,
			.value = report_money(call->arena, statement.balance, PRICE_BASE) },
		    1, 1);
	if (err == ERR_OK)
		err = doc_signatures(report->doc, labels, 2);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_statement = {
	.name = "statement",
	.zh = "客户对账单",
	.en = "Statement of account",
	.entity = "customer",
	.parameters = statement_parameters,
	.reads = "customer order goods_return receipt",
	.check = statement_check,
	.make = statement_make,
};
