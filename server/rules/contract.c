/*
 * 合同: a draft is edited, a signed one is as it was signed. Orders are made of it while it runs and
 * take its prices; a renewal is a new draft that follows it. Its owner's reminder is the work of a
 * trigger (sql/repeat/35_trade.sql).
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/store_tree.h"
#include "server/trade/trade.h"

#define CONTRACT_REMIND_DAYS 30

static const struct trade_fields contract_fields = TRADE_FIELDS(contract, signed_on);

static enum err
contract_defaults(struct call *call, struct record *contract)
{
	return trade_join_opportunity(call, contract, F_contract_opportunity_id,
	    F_contract_customer_id, F_contract_contact_id);
}

/* The last day of a year that begins on this one. */
static int64_t
contract_year(int64_t day)
{
	struct ymd ymd = date_to_ymd(day);

	ymd.year++;
	if (ymd.month == 2 && ymd.day == 29)
		ymd.day = 28;
	return date_from_ymd(ymd) - 1;
}

/* What is left empty of its days, and that they follow one another. */
static enum err
contract_set_days(struct call *call, struct record *contract)
{
	int64_t from, until;

	if (!record_value(contract, F_contract_valid_from)->present)
		record_set_number(contract, F_contract_valid_from,
		    record_number(contract, F_contract_signed_on));
	from = record_number(contract, F_contract_valid_from);
	if (!record_value(contract, F_contract_valid_until)->present)
		record_set_number(contract, F_contract_valid_until, contract_year(from));
	until = record_number(contract, F_contract_valid_until);
	if (until < from)
		return CALL_FAIL(call, ERR_INVALID, .field = F_contract_valid_until,
		    .text = call_say(call, "A contract cannot end before it begins", "到期日期不能早于生效日期"));
	if (!record_value(contract, F_contract_remind_on)->present)
		record_set_number(contract, F_contract_remind_on, until - CONTRACT_REMIND_DAYS);
	if (record_number(contract, F_contract_remind_on) > until)
		return CALL_FAIL(call, ERR_INVALID, .field = F_contract_remind_on,
		    .text = call_say(call, "Be reminded before it ends", "提醒日期应在到期日期之前"));
	return ERR_OK;
}

static enum err
contract_before_save(struct call *call, struct record *contract)
{
	bool of_quote = record_value(contract, F_contract_quote_id)->present;
	struct trade_fields fields = contract_fields;
	enum err err;

	if (contract->is_new)
		record_set_text(contract, F_contract_state, "draft");
	else if (record_changed(contract, F_contract_state))
		return ERR_OK; /* an action; nothing else of it changes */
	err = trade_join_opportunity(call, contract, F_contract_opportunity_id,
	    F_contract_customer_id, F_contract_contact_id);
	if (err == ERR_OK)
		err = contract_set_days(call, contract);
	fields.prices_are_given =
	    of_quote || record_value(contract, F_contract_previous_id)->present;
	if (err != ERR_OK || !trade_changed(contract, &fields))
		return err;
	err = trade_price(call, contract, &fields);
	return err == ERR_OK && fields.prices_are_given
		   ? trade_keep_granted(call, contract, &fields, of_quote ? "quote" : "contract",
			 record_number(contract,
			     of_quote ? F_contract_quote_id : F_contract_previous_id))
		   : err;
}

static enum err
contract_sign(struct call *call, struct record *contract, const struct value *arguments)
{
	struct record **lines;

	if (trade_lines(call, contract, E_contract_line, &lines) == 0)
		return CALL_FAIL(call, ERR_EMPTY,
		    .text = call_say(call, "A contract without lines agrees nothing", "合同没有明细"));
	if (arguments[0].present)
		record_set_number(contract, F_contract_signed_on, arguments[0].number);
	if (record_number(contract, F_contract_signed_on) > call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = arguments[0].present ? 1 : F_contract_signed_on,
		    .text = call_say(call, "It is not signed before that day comes", "签订日期不能晚于今天"));
	if (record_number(contract, F_contract_valid_until) < call_today(call))
		return CALL_FAIL(call, ERR_CONTRACT_ENDED);
	return ERR_OK;
}

static enum err
contract_order(struct call *call, struct record *contract, const struct value *arguments)
{
	static const uint32_t same[] = { F_contract_customer_id, F_order_customer_id,
		F_contract_contact_id, F_order_contact_id, F_contract_currency, F_order_currency,
		F_contract_tax_included, F_order_tax_included, F_contract_terms, F_order_terms,
		F_contract_owner_id, F_order_owner_id, F_contract_quote_id, F_order_quote_id,
		F_contract_their_number, F_order_purchase_number,
		F_contract_opportunity_id, F_order_opportunity_id, 0 };
	struct record *order = record_make(call, catalog_entity(call->catalog, E_order));
	enum err err;

	(void)arguments;
	if (record_number(contract, F_contract_valid_until) < call_today(call))
		return CALL_FAIL(call, ERR_CONTRACT_ENDED,
		    .text = arena_printf(call->arena,
			call_say(call, "The contract ended on %s; renew it", "合同已于 %s 到期，请续签"),
			date_format(call->arena, record_number(contract, F_contract_valid_until))));
	trade_copy(order, contract, same);
	record_set_number(order, F_order_ordered_on, call_today(call));
	record_set_number(order, F_order_contract_id, contract->id);
	trade_copy_lines(call, order, E_order_line, contract, E_contract_line);
	err = record_save(call, order);
	trade_tell_number(call, order, F_order_number);
	return err;
}

static enum err
contract_renew(struct call *call, struct record *contract, const struct value *arguments)
{
	static const uint32_t same[] = { F_contract_title, F_contract_title, F_contract_customer_id,
		F_contract_customer_id, F_contract_contact_id, F_contract_contact_id,
		F_contract_currency, F_contract_currency, F_contract_tax_included,
		F_contract_tax_included, F_contract_terms, F_contract_terms, F_contract_remarks,
		F_contract_remarks, F_contract_owner_id, F_contract_owner_id, 0 };
	struct record *next = record_make(call, contract->entity);
	int64_t from = record_number(contract, F_contract_valid_until) + 1;
	int64_t days = from - record_number(contract, F_contract_valid_from);
	/* A year is followed by a year, however many days it has. */
	int64_t until = from - 1 == contract_year(record_number(contract, F_contract_valid_from))
			    ? contract_year(from)
			    : from + days - 1;
	enum err err;

	if (arguments[0].present)
		until = arguments[0].number;
	if (until < from)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "The renewal ends after the contract does", "续签应晚于原合同到期日期"));
	trade_copy(next, contract, same);
	record_set_number(next, F_contract_signed_on, call_today(call));
	record_set_number(next, F_contract_valid_from, from);
	record_set_number(next, F_contract_valid_until, until);
	record_set_number(next, F_contract_previous_id, contract->id);
	trade_copy_lines(call, next, E_contract_line, contract, E_contract_line);
	err = record_save(call, next);
	trade_tell_number(call, next, F_contract_number);
	return err;
}

static enum err
contract_end(struct call *call, struct record *contract, const struct value *arguments)
{
	(void)call;
	record_set_text(contract, F_contract_reason, arguments[0].text);
	return ERR_OK;
}

const struct rule rules_contract[] = {
	{ .hook = HOOK_DEFAULTS, .run = contract_defaults },
	{ .hook = HOOK_BEFORE_SAVE, .run = contract_before_save },
	{ .action = "sign", .act = contract_sign },
	{ .action = "order", .act = contract_order, .makes = "order" },
	{ .action = "renew", .act = contract_renew, .makes = "contract" },
	{ .action = "end", .act = contract_end },
	{ 0 },
};
