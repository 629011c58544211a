/*
 * 线索: contacted, qualified, given to somebody, lost; converted in one transaction into a
 * customer, a contact and an opportunity.
 *
 * What there is already is used: a customer of the same name, a contact of the same name or
 * phone. Where only a colleague has it, the answer says no more than that there is one.
 */
#include "common/date.h"
#include "common/name.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/record/arms.h"
#include "server/record/rule.h"
#include "server/record/store_tree.h"

#include <inttypes.h>
#include <string.h>

static enum err
lead_before_save(struct call *call, struct record *lead)
{
	if (lead->is_new)
		record_set_text(lead, F_lead_state, "new");
	if (record_changed(lead, F_lead_next_on) &&
	    record_value(lead, F_lead_next_on)->present &&
	    record_number(lead, F_lead_next_on) < call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = lead->acting ? 2 : F_lead_next_on,
		    .text = call_say(
			call, "The next contact lies in the past", "下次联系日期已过"));
	if (record_changed(lead, F_lead_received_on) &&
	    record_number(lead, F_lead_received_on) > call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = F_lead_received_on,
		    .text = call_say(
			call, "It cannot have come in the future", "收到日期不能在未来"));
	if (record_number(lead, F_lead_amount) < 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_lead_amount,
		    .text = call_say(call, "An amount is not negative", "金额不能为负"));
	if (!lead->is_new && !lead->acting && record_changed(lead, F_lead_owner_id))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_lead_owner_id,
		    .text = call_say(
			call, "Use Assign to change the owner", "请用“分配”变更负责人"));
	return ERR_OK;
}

/* ---- the short actions ------------------------------------------------------------------- */

static enum err
lead_contact(struct call *call, struct record *lead, const struct value *arguments)
{
	(void)call;
	record_set_number(lead, F_lead_contacted_at, date_now_us());
	if (arguments[0].present)
		record_set_text(lead, F_lead_note, arguments[0].text);
	if (arguments[1].present)
		record_set_number(lead, F_lead_next_on, arguments[1].number);
	return ERR_OK;
}

static enum err
lead_qualify(struct call *call, struct record *lead, const struct value *arguments)
{
	(void)call;
	if (arguments[0].present)
		record_set_text(lead, F_lead_interest, arguments[0].text);
	if (arguments[1].present)
		record_set_text(lead, F_lead_note, arguments[1].text);
	return ERR_OK;
}

static enum err
lead_lose(struct call *call, struct record *lead, const struct value *arguments)
{
	(void)call;
	record_set_text(lead, F_lead_lost_reason, arguments[0].text);
	if (arguments[1].present)
		record_set_text(lead, F_lead_note, arguments[1].text);
	return ERR_OK;
}

static enum err
lead_reopen(struct call *call, struct record *lead, const struct value *arguments)
{
	(void)call;
	record_set_null(lead, F_lead_lost_reason);
	record_set_text(lead, F_lead_note, arguments[0].text);
	return ERR_OK;
}

static enum err
lead_give(struct call *call, struct record *lead, int64_t owner, int64_t pool, enum right right)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_lead_give(");
	sql_int(sql, lead->id);
	sql_add(sql, ", ");
	sql_int(sql, lead->version);
	sql_add(sql, ", ");
	if (owner != 0)
		sql_int(sql, owner);
	else
		sql_null(sql, "bigint");
	sql_add(sql, ", ");
	sql_int(sql, pool);
	sql_add(sql, ", ");
	sql_int(sql, right);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		lead->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

static enum err
lead_assign(struct call *call, struct record *lead, const struct value *arguments)
{
	if (arguments[0].number == record_number(lead, F_lead_owner_id))
		return CALL_FAIL(call, ERR_EMPTY, .field = 1,
		    .text = call_say(call, "This is the owner already", "该用户已是负责人"));
	return lead_give(call, lead, arguments[0].number, 0, RIGHT_ASSIGN);
}

static enum err
lead_release(struct call *call, struct record *lead, const struct value *arguments)
{
	return lead_give(call, lead, 0, arguments[0].number, RIGHT_ACT);
}

static enum err
lead_take(struct call *call, struct record *lead, const struct value *arguments)
{
	(void)arguments;
	if (record_number(lead, F_lead_pool_id) == 0)
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_lead,
		    .text = call_say(call, "Somebody has it already", "已有负责人"));
	return lead_give(call, lead, call->session.user, 0, RIGHT_ACT);
}

/* ---- converting: the customer ------------------------------------------------------------ */

enum {
	LEAD_CUSTOMER,
	LEAD_CONTACT,
	LEAD_NEW_CUSTOMER,
	LEAD_NO_OPPORTUNITY,
	LEAD_NAME,
	LEAD_AMOUNT,
	LEAD_EXPECTED_ON
};

static const char *
lead_digits(struct call *call, const struct record *lead)
{
	return text_digits(call->arena, record_text(lead, F_lead_mobile));
}

/* Digits of all its phones; the first is the mobile's. */
static size_t
lead_phones(struct call *call, const struct record *lead, const char ***phones)
{
	const char **list = ARENA_ARRAY(call->arena, const char *, lead->line_count + 1);
	size_t count = 0;

	list[count++] = lead_digits(call, lead);
	for (size_t i = 0; i < lead->line_count; i++)
		list[count++] =
		    text_digits(call->arena, record_text(lead->lines[i], F_lead_phone_number));
	*phones = list;
	return count;
}

static enum err
lead_make_customer(struct call *call, const struct record *lead, int64_t *id)
{
	struct record *customer = record_make(call, catalog_entity(call->catalog, E_customer));
	static const uint32_t texts[][2] = { { F_lead_name, F_customer_name },
		{ F_lead_industry, F_customer_industry }, { F_lead_source, F_customer_source },
		{ F_lead_mobile, F_customer_phone }, { F_lead_mail, F_customer_mail },
		{ F_lead_address, F_customer_address },
		{ F_lead_remarks, F_customer_remarks } };
	enum err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (record_value(lead, texts[i][0])->present)
			record_set_text(customer, texts[i][1], record_text(lead, texts[i][0]));
	if (record_value(lead, F_lead_region_id)->present)
		record_set_number(
		    customer, F_customer_region_id, record_number(lead, F_lead_region_id));
	record_set_text(customer, F_customer_stage, "contacted");
	if (record_number(lead, F_lead_owner_id) != 0)
		record_set_number(
		    customer, F_customer_owner_id, record_number(lead, F_lead_owner_id));
	for (size_t i = 0; i < lead->line_count; i++) {
		struct record *phone = record_add_line(
		    call->arena, customer, catalog_entity(call->catalog, E_customer_phone));

		record_set_text(phone, F_customer_phone_number,
		    record_text(lead->lines[i], F_lead_phone_number));
		record_set_text(phone, F_customer_phone_kind,
		    record_text(lead->lines[i], F_lead_phone_kind));
	}
	/* What is like it was looked at, and chosen against, before (lead_find_customer). */
	customer->in_spite = record_text(lead, F_lead_number);
	err = record_save(call, customer);
	*id = customer->stored_id;
	return err;
}

/* Which of the customers found is meant: 0 for none, so that one is to be made. */
static enum err
lead_choose_customer(struct call *call, const struct rows *rows, bool in_spite, int64_t *id)
{
	size_t names = 0, phones = 0, hidden = 0;
	bool hidden_name = false;

	*id = 0;
	for (size_t i = 0; i < rows->count; i++) {
		bool name = strcmp(rows_text(rows, i, 1), "name") == 0;

		if (rows_null(rows, i, 0)) {
			hidden++;
			hidden_name |= name;
			continue;
		}
		names += name;
		phones += !name;
		if (name)
			*id = rows_int(rows, i, 0);
	}
	if (names == 1)
		return ERR_OK;
	if (names > 1)
		return CALL_FAIL(call, ERR_DUPLICATE, .field = LEAD_CUSTOMER + 1,
		    .text =
			call_say(call, "Several customers have this name; choose one of them",
			    "有多个同名客户，请选择其中一个"));
	if (hidden_name || (hidden > 0 && phones == 0 && !in_spite))
		return CALL_FAIL(call, ERR_DUPLICATE, .field = LEAD_CUSTOMER + 1,
		    .text = hidden_name
				? call_say(call,
				      "A colleague has this customer; ask your supervisor",
				      "该客户已存在，由同事负责，请联系主管")
				: call_say(call,
				      "A colleague has a customer with this phone; ask your "
				      "supervisor",
				      "同事已有相同电话的客户，请联系主管"));
	if (phones > 0 && !in_spite)
		return CALL_FAIL(call, ERR_DUPLICATE, .field = LEAD_CUSTOMER + 1,
		    .text = call_say(call,
			"A customer has the same phone; choose it, or say New in spite of it",
			"已有相同电话的客户，请选择它，或选“电话相同仍新建”"));
	return ERR_OK;
}

static enum err
lead_find_customer(struct call *call, const struct record *lead, bool in_spite, int64_t *id)
{
	struct sql *sql = sql_new(call->arena);
	const char **phones;
	struct rows *rows;
	size_t count = lead_phones(call, lead, &phones);
	enum err err;

	sql_add(sql, "SELECT id, matched FROM kehu_lead_matches(");
	sql_text(sql, name_alike(call->arena, record_text(lead, F_lead_name)));
	sql_add(sql, ", ");
	sql_texts(sql, phones, count);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	return err != ERR_OK ? err : lead_choose_customer(call, rows, in_spite, id);
}

/* ---- converting: the contact ------------------------------------------------------------- */

static enum err
lead_make_contact(struct call *call, const struct record *lead, int64_t customer, int64_t *id)
{
	struct record *contact = record_make(call, catalog_entity(call->catalog, E_contact));
	static const uint32_t texts[][2] = { { F_lead_person, F_contact_name },
		{ F_lead_title, F_contact_title }, { F_lead_mobile, F_contact_mobile },
		{ F_lead_mail, F_contact_mail } };
	enum err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (record_value(lead, texts[i][0])->present)
			record_set_text(contact, texts[i][1], record_text(lead, texts[i][0]));
	record_set_number(contact, F_contact_customer_id, customer);
	err = record_save(call, contact);
	*id = contact->stored_id;
	return err;
}

/* A person known from another customer stands with this one, too; once is enough. */
static enum err
lead_join_contact(struct call *call, int64_t id, int64_t customer)
{
	struct record *contact, *line;
	enum err err =
	    record_read_to_change(call, catalog_entity(call->catalog, E_contact), id, &contact);

	if (err != ERR_OK)
		return err;
	if (record_number(contact, F_contact_customer_id) == customer)
		return ERR_OK;
	for (size_t i = 0; i < contact->line_count; i++)
		if (contact->lines[i]->entity->def->number == E_contact_customer &&
		    record_number(contact->lines[i], F_contact_customer_customer_id) == customer)
			return ERR_OK;
	line = record_add_line(
	    call->arena, contact, catalog_entity(call->catalog, E_contact_customer));
	record_set_number(line, F_contact_customer_customer_id, customer);
	return record_save(call, contact);
}

static enum err
lead_take_contact(struct call *call, const struct record *lead, int64_t customer, int64_t *id)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	*id = 0;
	if (record_text(lead, F_lead_person)[0] == '\0')
		return ERR_OK; /* nobody is named */
	sql_add(sql, "SELECT id, here FROM kehu_contact_matches(");
	sql_int(sql, customer);
	sql_add(sql, ", ");
	sql_text(
	    sql, pinyin_sort_key(call->arena, record_text(lead, F_lead_person), PINYIN_PERSON));
	sql_add(sql, ", ");
	sql_text(sql, lead_digits(call, lead));
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return lead_make_contact(call, lead, customer, id);
	if (rows_null(rows, 0, 0))
		return CALL_FAIL(call, ERR_DUPLICATE, .field = LEAD_CONTACT + 1,
		    .text = call_say(call, "A colleague has this contact; ask your supervisor",
			"该联系人已存在，由同事负责，请联系主管"));
	*id = rows_int(rows, 0, 0);
	return rows_bool(rows, 0, 1) ? ERR_OK : lead_join_contact(call, *id, customer);
}

/* ---- converting: the whole --------------------------------------------------------------- */

static enum err
lead_make_opportunity(struct call *call, const struct record *lead,
    const struct value *arguments, struct record **made)
{
	struct record *opportunity =
	    record_make(call, catalog_entity(call->catalog, E_opportunity));
	const struct value *amount = arguments[LEAD_AMOUNT].present
					 ? &arguments[LEAD_AMOUNT]
					 : record_value(lead, F_lead_amount);
	const char *need = record_text(lead, F_lead_need);

	if (arguments[LEAD_NAME].present)
		record_set_text(opportunity, F_opportunity_name, arguments[LEAD_NAME].text);
	else
		record_set_text(opportunity, F_opportunity_name,
		    text_cut(call->arena,
			need[0] != '\0' ? need : record_text(lead, F_lead_name), 120, false));
	record_set_number(
	    opportunity, F_opportunity_customer_id, record_number(lead, F_lead_customer_id));
	if (record_number(lead, F_lead_contact_id) != 0)
		record_set_number(opportunity, F_opportunity_contact_id,
		    record_number(lead, F_lead_contact_id));
	record_set_number(opportunity, F_opportunity_lead_id, lead->id);
	if (record_value(lead, F_lead_source)->present)
		record_set_text(
		    opportunity, F_opportunity_source, record_text(lead, F_lead_source));
	if (need[0] != '\0')
		record_set_text(opportunity, F_opportunity_need, need);
	if (amount->present)
		record_set_money(
		    opportunity, F_opportunity_amount, amount->number, amount->text);
	if (arguments[LEAD_EXPECTED_ON].present) {
		if (arguments[LEAD_EXPECTED_ON].number < call_today(call))
			return CALL_FAIL(call, ERR_INVALID, .field = LEAD_EXPECTED_ON + 1,
			    .text = call_say(call, "The expected date lies in the past",
				"预计成交日期已过"));
		record_set_number(
		    opportunity, F_opportunity_expected_on, arguments[LEAD_EXPECTED_ON].number);
	}
	if (record_number(lead, F_lead_owner_id) != 0)
		record_set_number(
		    opportunity, F_opportunity_owner_id, record_number(lead, F_lead_owner_id));
	*made = opportunity;
	return record_save(call, opportunity);
}

static enum err
lead_may_make(struct call *call, uint32_t entity)
{
	const struct entity *def = catalog_entity(call->catalog, entity)->def;

	return (access_rights(call->user, def) & RIGHT_CREATE) != 0
		   ? ERR_OK
		   : CALL_FAIL(call, ERR_FORBIDDEN, .entity = entity);
}

static enum err
lead_convert_customer(
    struct call *call, struct record *lead, const struct value *arguments, bool *made)
{
	int64_t id = arguments[LEAD_CUSTOMER].present ? arguments[LEAD_CUSTOMER].number : 0;
	bool in_spite =
	    arguments[LEAD_NEW_CUSTOMER].present && arguments[LEAD_NEW_CUSTOMER].number != 0;
	enum err err = ERR_OK;

	if (id == 0)
		err = lead_find_customer(call, lead, in_spite, &id);
	*made = err == ERR_OK && id == 0;
	if (*made)
		err = lead_may_make(call, E_customer);
	if (*made && err == ERR_OK)
		err = lead_make_customer(call, lead, &id);
	if (err == ERR_OK)
		record_set_number(lead, F_lead_customer_id, id);
	return err;
}

static enum err
lead_convert_contact(struct call *call, struct record *lead, const struct value *arguments)
{
	int64_t id = arguments[LEAD_CONTACT].present ? arguments[LEAD_CONTACT].number : 0;
	enum err err = ERR_OK;

	if (id == 0) {
		err = lead_may_make(call, E_contact);
		if (err == ERR_OK)
			err = lead_take_contact(
			    call, lead, record_number(lead, F_lead_customer_id), &id);
	} else {
		err = lead_join_contact(call, id, record_number(lead, F_lead_customer_id));
	}
	if (err == ERR_OK && id != 0)
		record_set_number(lead, F_lead_contact_id, id);
	return err;
}

static enum err
lead_convert(struct call *call, struct record *lead, const struct value *arguments)
{
	bool without = arguments[LEAD_NO_OPPORTUNITY].present &&
		       arguments[LEAD_NO_OPPORTUNITY].number != 0;
	struct record *opportunity = NULL;
	bool made = false;
	enum err err = lead_convert_customer(call, lead, arguments, &made);

	if (err == ERR_OK)
		err = lead_convert_contact(call, lead, arguments);
	if (err == ERR_OK && !without)
		err = lead_may_make(call, E_opportunity);
	if (err == ERR_OK && !without)
		err = lead_make_opportunity(call, lead, arguments, &opportunity);
	if (err != ERR_OK)
		return err;
	if (opportunity != NULL)
		record_set_number(lead, F_lead_opportunity_id, opportunity->stored_id);
	record_set_text(lead, F_lead_state, "converted");
	call->written_text = arena_printf(call->arena, "%s%s%s",
	    made ? call_say(call, "New customer", "新建客户")
		 : call_say(call, "Customer there already", "使用已有客户"),
	    opportunity != NULL ? call_say(call, ", opportunity ", "，商机 ") : "",
	    opportunity != NULL ? record_text(opportunity, F_opportunity_number) : "");
	return ERR_OK;
}

const struct rule rules_lead[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = lead_before_save },
	{ .action = "contact", .act = lead_contact },
	{ .action = "qualify", .act = lead_qualify },
	{ .action = "convert", .act = lead_convert, .makes = "customer contact opportunity" },
	{ .action = "lose", .act = lead_lose },
	{ .action = "reopen", .act = lead_reopen },
	{ .action = "assign", .act = lead_assign, .right = RIGHT_ASSIGN, .stores = true },
	{ .action = "release", .act = lead_release, .stores = true },
	{ .action = "take", .act = lead_take, .stores = true },
	{ 0 },
};
