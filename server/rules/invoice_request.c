/*
 * 开票申请: made of an order, with the customer's title data as it was then; finance issues it
 * or sends it back. All requests of an order together never ask for more than the order.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

#include <string.h>

/* Columns of the customer, in the order of their fields here. */
static const uint32_t invoice_title[] = { F_invoice_request_customer_id,
	F_invoice_request_title, F_invoice_request_tax_number, F_invoice_request_bank,
	F_invoice_request_bank_account, F_invoice_request_address, F_invoice_request_phone };
#define INVOICE_TITLES (sizeof(invoice_title) / sizeof(invoice_title[0]))

static enum err
invoice_fill(struct call *call, struct record *asked)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	/* The first title for this kind of invoice, else the first for any; what it leaves out is the customer's. */
	sql_add(sql, "SELECT o.customer_id, coalesce(t.title, c.name), coalesce(t.tax_number, c.tax_number), "
		     "coalesce(t.bank, c.bank), coalesce(t.bank_account, c.bank_account), "
		     "coalesce(t.address, c.address), coalesce(t.phone, c.phone) "
		     "FROM sales_order o LEFT JOIN customer c ON c.id = o.customer_id LEFT JOIN "
		     "LATERAL kehu_invoice_title(c.id, ");
	sql_text(sql, record_text(asked, F_invoice_request_kind));
	sql_add(sql, ") t ON true WHERE o.id = ");
	sql_int(sql, record_number(asked, F_invoice_request_order_id));
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK || rows->count == 0)
		return err; /* an order out of sight is refused with the other references */
	for (size_t i = 0; i < INVOICE_TITLES; i++) {
		if (record_value(asked, invoice_title[i])->present || rows_null(rows, 0, i))
			continue;
		if (i == 0)
			record_set_number(asked, invoice_title[i], rows_int(rows, 0, i));
		else
			record_set_text(asked, invoice_title[i], rows_text(rows, 0, i));
	}
	return ERR_OK;
}

static enum err
invoice_before_save(struct call *call, struct record *asked)
{
	if (asked->is_new)
		record_set_text(asked, F_invoice_request_state, "asked");
	else if (record_changed(asked, F_invoice_request_state))
		return ERR_OK; /* an action */
	if (record_number(asked, F_invoice_request_amount) <= 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_invoice_request_amount,
		    .text =
			call_say(call, "Nothing is left to be invoiced", "没有可开票的金额"));
	if (record_text(asked, F_invoice_request_title)[0] == '\0')
		return CALL_FAIL(call, ERR_REQUIRED, .field = F_invoice_request_title);
	if (strcmp(record_text(asked, F_invoice_request_kind), "special") == 0 &&
	    record_text(asked, F_invoice_request_tax_number)[0] == '\0')
		return CALL_FAIL(call, ERR_REQUIRED, .field = F_invoice_request_tax_number,
		    .text = call_say(call, "A special invoice needs the customer's tax number",
			"专用发票须有客户税号"));
	return ERR_OK;
}

static enum err
invoice_count(struct call *call, struct record *asked)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	sql_add(sql, "SELECT kehu_order_invoiced(");
	sql_int(sql, record_number(asked, F_invoice_request_order_id));
	sql_add(sql, ")");
	sql_named(sql);
	return store_as_rule(call, sql, &rows);
}

static enum err
invoice_issue(struct call *call, struct record *asked, const struct value *arguments)
{
	record_set_text(asked, F_invoice_request_invoice_number, arguments[0].text);
	record_set_number(asked, F_invoice_request_issued_on,
	    arguments[1].present ? arguments[1].number : call_today(call));
	return ERR_OK;
}

static enum err
invoice_reject(struct call *call, struct record *asked, const struct value *arguments)
{
	(void)call;
	record_set_text(asked, F_invoice_request_reason, arguments[0].text);
	return ERR_OK;
}

const struct rule rules_invoice_request[] = {
	{ .hook = HOOK_DEFAULTS, .run = invoice_fill },
	{ .hook = HOOK_BEFORE_SAVE, .run = invoice_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = invoice_count },
	{ .action = "issue", .act = invoice_issue },
	{ .action = "reject", .act = invoice_reject },
	{ 0 },
};
