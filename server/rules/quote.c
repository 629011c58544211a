/*
 * 报价单: a draft is edited, an issued one is as it was sent. A revision is a new version that
 * starts as a copy; a contract or an order takes everything over, prices included, while the
 * quote holds.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/store_tree.h"
#include "server/trade/trade.h"

#include <inttypes.h>
#include <string.h>

#define QUOTE_HOLDS_DAYS 30

static const struct trade_fields quote_fields = TRADE_FIELDS(quote, quoted_on);

static enum err
quote_defaults(struct call *call, struct record *quote)
{
	return trade_join_opportunity(
	    call, quote, F_quote_opportunity_id, F_quote_customer_id, F_quote_contact_id);
}

static enum err
quote_before_save(struct call *call, struct record *quote)
{
	enum err err;

	if (quote->is_new) {
		record_set_text(quote, F_quote_state, "draft");
		if (!record_value(quote, F_quote_revision)->present)
			record_set_number(quote, F_quote_revision, 1);
	} else if (record_changed(quote, F_quote_state)) {
		return ERR_OK; /* an action; nothing else of it changes */
	}
	err = trade_join_opportunity(
	    call, quote, F_quote_opportunity_id, F_quote_customer_id, F_quote_contact_id);
	if (err != ERR_OK)
		return err;
	if (!record_value(quote, F_quote_valid_until)->present)
		record_set_number(quote, F_quote_valid_until,
		    record_number(quote, F_quote_quoted_on) + QUOTE_HOLDS_DAYS);
	if (record_number(quote, F_quote_valid_until) < record_number(quote, F_quote_quoted_on))
		return CALL_FAIL(call, ERR_INVALID, .field = F_quote_valid_until,
		    .text = call_say(
			call, "A quote cannot end before its day", "有效期不能早于报价日期"));
	return trade_changed(quote, &quote_fields) ? trade_price(call, quote, &quote_fields)
						   : ERR_OK;
}

static enum err
quote_issue(struct call *call, struct record *quote, const struct value *arguments)
{
	struct record **lines;

	(void)arguments;
	if (trade_lines(call, quote, E_quote_line, &lines) == 0)
		return CALL_FAIL(call, ERR_EMPTY,
		    .text =
			call_say(call, "A quote without lines says nothing", "报价没有明细"));
	if (record_number(quote, F_quote_valid_until) < call_today(call))
		return CALL_FAIL(call, ERR_QUOTE_ENDED, .field = F_quote_valid_until);
	return ERR_OK;
}

/* "Q2611-000001" to "Q2611-000001-2", and that to "-3". */
static const char *
quote_next_number(struct call *call, const struct record *quote)
{
	const char *number = record_text(quote, F_quote_number);
	int64_t revision = record_number(quote, F_quote_revision);
	size_t bytes = strlen(number);

	if (revision > 1) {
		const char *tail = strrchr(number, '-');

		bytes = tail != NULL ? (size_t)(tail - number) : bytes;
	}
	return arena_printf(call->arena, "%.*s-%" PRId64, (int)bytes, number, revision + 1);
}

static enum err
quote_revise(struct call *call, struct record *quote, const struct value *arguments)
{
	static const uint32_t same[] = { F_quote_customer_id, F_quote_customer_id,
		F_quote_contact_id, F_quote_contact_id, F_quote_currency, F_quote_currency,
		F_quote_tax_included, F_quote_tax_included, F_quote_terms, F_quote_terms,
		F_quote_remarks, F_quote_remarks, F_quote_owner_id, F_quote_owner_id,
		F_quote_opportunity_id, F_quote_opportunity_id, 0 };
	struct record *next = record_make(call, quote->entity);
	enum err err;

	trade_copy(next, quote, same);
	record_set_number(next, F_quote_quoted_on, call_today(call));
	record_set_number(next, F_quote_revision, record_number(quote, F_quote_revision) + 1);
	record_set_number(next, F_quote_previous_id, quote->id);
	record_set_text(next, F_quote_number, quote_next_number(call, quote));
	trade_copy_lines(call, next, E_quote_line, quote, E_quote_line);
	trade_forget_prices(next); /* of lists: what holds today */
	if (arguments[0].present)
		record_set_text(quote, F_quote_reason, arguments[0].text);
	err = record_save(call, next);
	trade_tell_number(call, next, F_quote_number);
	return err;
}

/* An offer that has ended promises nothing any more. */
static enum err
quote_check_holds(struct call *call, const struct record *quote)
{
	int64_t until = record_number(quote, F_quote_valid_until);

	if (until >= call_today(call))
		return ERR_OK;
	return CALL_FAIL(call, ERR_QUOTE_ENDED, .field = F_quote_valid_until,
	    .text = arena_printf(call->arena,
		call_say(call, "The quote ended on %s; revise it", "报价已于 %s 到期，请修订"),
		date_format(call->arena, until)));
}

static enum err
quote_order(struct call *call, struct record *quote, const struct value *arguments)
{
	static const uint32_t same[] = { F_quote_customer_id, F_order_customer_id,
		F_quote_contact_id, F_order_contact_id, F_quote_currency, F_order_currency,
		F_quote_tax_included, F_order_tax_included, F_quote_terms, F_order_terms,
		F_quote_remarks, F_order_remarks, F_quote_owner_id, F_order_owner_id,
		F_quote_opportunity_id, F_order_opportunity_id, 0 };
	struct record *order = record_make(call, catalog_entity(call->catalog, E_order));
	enum err err = quote_check_holds(call, quote);

	(void)arguments;
	if (err != ERR_OK)
		return err;
	trade_copy(order, quote, same);
	record_set_number(order, F_order_ordered_on, call_today(call));
	record_set_number(order, F_order_quote_id, quote->id);
	trade_copy_lines(call, order, E_order_line, quote, E_quote_line);
	err = record_save(call, order);
	trade_tell_number(call, order, F_order_number);
	return err;
}

static enum err
quote_contract(struct call *call, struct record *quote, const struct value *arguments)
{
	static const uint32_t same[] = { F_quote_customer_id, F_contract_customer_id,
		F_quote_contact_id, F_contract_contact_id, F_quote_currency, F_contract_currency,
		F_quote_tax_included, F_contract_tax_included, F_quote_terms, F_contract_terms,
		F_quote_remarks, F_contract_remarks, F_quote_owner_id, F_contract_owner_id,
		F_quote_opportunity_id, F_contract_opportunity_id, 0 };
	struct record *contract = record_make(call, catalog_entity(call->catalog, E_contract));
	enum err err = quote_check_holds(call, quote);

	if (err != ERR_OK)
		return err;
	trade_copy(contract, quote, same);
	record_set_number(contract, F_contract_signed_on, call_today(call));
	if (arguments[0].present)
		record_set_number(contract, F_contract_valid_until, arguments[0].number);
	record_set_number(contract, F_contract_quote_id, quote->id);
	trade_copy_lines(call, contract, E_contract_line, quote, E_quote_line);
	err = record_save(call, contract);
	trade_tell_number(call, contract, F_contract_number);
	return err;
}

static enum err
quote_lose(struct call *call, struct record *quote, const struct value *arguments)
{
	(void)call;
	record_set_text(quote, F_quote_reason, arguments[0].text);
	return ERR_OK;
}

const struct rule rules_quote[] = {
	{ .hook = HOOK_DEFAULTS, .run = quote_defaults },
	{ .hook = HOOK_BEFORE_SAVE, .run = quote_before_save },
	{ .action = "issue", .act = quote_issue },
	{ .action = "revise", .act = quote_revise, .makes = "quote" },
	{ .action = "order", .act = quote_order, .makes = "order" },
	{ .action = "contract", .act = quote_contract, .makes = "contract" },
	{ .action = "lose", .act = quote_lose },
	{ 0 },
};
