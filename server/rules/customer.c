/*
 * 客户: ownership is moved by rule functions of the database, since a reader's own policies
 * refuse a row that leaves their sight.
 */
#include "common/uuid.h"
#include "server/entity/fields.h"
#include "server/record/alike.h"
#include "server/record/merge.h"
#include "server/record/outbox.h"
#include "server/record/rule.h"

#include <string.h>

static enum err
customer_check(struct call *call, const struct record *customer)
{
	int64_t satisfaction = record_number(customer, F_customer_satisfaction);

	if (satisfaction < 0 || satisfaction > 100)
		return CALL_FAIL(call, ERR_INVALID, .field = F_customer_satisfaction,
		    .text = call_say(call, "Satisfaction runs from 0 to 100", "满意度应在 0 到 100 之间"));
	if (record_number(customer, F_customer_employees) < 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_customer_employees);
	/* Moving a customer is an action of its own: told to those concerned, with a reason. */
	if (!customer->is_new && record_changed(customer, F_customer_owner_id))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_customer_owner_id,
		    .text = call_say(call, "Use the action Transfer to change the owner", "请用“转移”操作变更负责人"));
	return ERR_OK;
}

/* How many more the owner of a row may have, and the department of that owner; INT64_MAX: any number. */
struct customer_room {
	int64_t owner, department, own_left, department_left;
};

static int64_t
customer_left(const struct rows *rows, size_t row, size_t column)
{
	return rows_null(rows, row, column) ? INT64_MAX : rows_int(rows, row, column);
}

/* Takes a place of the owner's and of the department's; false: there is none. */
static bool
customer_take_room(struct customer_room *rooms, size_t count, int64_t owner)
{
	size_t at = 0;

	while (at < count && rooms[at].owner != owner)
		at++;
	if (at == count)
		return true;
	if (rooms[at].own_left < 1 || rooms[at].department_left < 1)
		return false;
	if (rooms[at].own_left != INT64_MAX)
		rooms[at].own_left--;
	for (size_t i = 0; i < count; i++)
		if (rooms[i].department == rooms[at].department && rooms[i].department_left != INT64_MAX)
			rooms[i].department_left--;
	return true;
}

/* Whoever has as many as their pool allows gets no more, made or imported either. */
static enum err
customer_check_hold(
    struct call *call, struct record *const *customers, size_t count, struct failure *refused)
{
	int64_t *owners = ARENA_ARRAY(call->arena, int64_t, count + 1);
	struct sql *sql = sql_new(call->arena);
	struct customer_room *rooms;
	size_t owner_count = 0;
	struct rows *rows;
	enum err err;

	for (size_t i = 0; i < count; i++)
		if (customers[i]->is_new && refused[i].err == ERR_OK &&
		    record_number(customers[i], F_customer_owner_id) != 0)
			owners[owner_count++] = record_number(customers[i], F_customer_owner_id);
	if (owner_count == 0)
		return ERR_OK;
	sql_add(sql, "SELECT user_id, department_id, own_left, department_left FROM kehu_hold_left(");
	sql_ints(sql, owners, owner_count);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	rooms = ARENA_ARRAY(call->arena, struct customer_room, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++)
		rooms[i] = (struct customer_room){ rows_int(rows, i, 0),
			rows_null(rows, i, 1) ? 0 : rows_int(rows, i, 1), customer_left(rows, i, 2),
			customer_left(rows, i, 3) };
	for (size_t i = 0; i < count; i++)
		if (customers[i]->is_new && refused[i].err == ERR_OK &&
		    !customer_take_room(rooms, rows->count, record_number(customers[i], F_customer_owner_id)))
			refused[i] = (struct failure){ .err = ERR_HOLD_LIMIT, .field = F_customer_owner_id };
	return ERR_OK;
}

static enum err
customer_before_save(struct call *call, struct record *customer)
{
	struct failure refused = { .err = ERR_OK };
	enum err err = customer_check(call, customer);

	if (err == ERR_OK)
		err = alike_check_save(call, customer);
	if (err == ERR_OK)
		err = customer_check_hold(call, &customer, 1, &refused);
	return err != ERR_OK || refused.err == ERR_OK ? err : call_fail(call, refused);
}

static enum err
customer_before_save_many(
    struct call *call, struct record *const *customers, size_t count, struct failure *refused)
{
	enum err err;

	for (size_t i = 0; i < count; i++)
		if (refused[i].err == ERR_OK && customer_check(call, customers[i]) != ERR_OK)
			call_refused(call, &refused[i]);
	err = alike_check_many(call, customers, count, refused);
	return err == ERR_OK ? customer_check_hold(call, customers, count, refused) : err;
}

/* The rule changes the row itself and answers its new version. */
static enum err
customer_rule(struct call *call, struct record *customer, const struct sql *sql)
{
	struct rows *rows;
	enum err err = store_as_rule(call, sql, &rows);

	if (err == ERR_OK)
		customer->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

/* "SELECT kehu_customer_<what>(id, version": more arguments follow. */
static struct sql *
customer_begin_rule(struct call *call, const struct record *customer, const char *what)
{
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT kehu_customer_%s(", what);
	sql_int(sql, customer->id);
	sql_add(sql, ", ");
	sql_int(sql, customer->version);
	return sql;
}

static void
customer_add_reason(struct sql *sql, const struct value *reason)
{
	sql_add(sql, ", ");
	sql_text(sql, reason->present ? reason->text : NULL);
	sql_add(sql, ")");
}

static enum err
customer_transfer(struct call *call, struct record *customer, const struct value *arguments)
{
	struct sql *sql = customer_begin_rule(call, customer, "transfer");

	if (arguments[0].number == record_number(customer, F_customer_owner_id))
		return CALL_FAIL(call, ERR_EMPTY, .field = 1,
		    .text = call_say(call, "This is the owner already", "该用户已是负责人"));
	sql_add(sql, ", ");
	sql_int(sql, arguments[0].number);
	customer_add_reason(sql, &arguments[1]);
	return customer_rule(call, customer, sql);
}

/* ---- pools ------------------------------------------------------------------------------- */

static enum err
customer_claim(struct call *call, struct record *customer, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);

	(void)arguments;
	sql_add(sql, "SELECT kehu_customer_claim(");
	sql_int(sql, customer->id);
	sql_add(sql, ")");
	return customer_rule(call, customer, sql);
}

static enum err
customer_assign(struct call *call, struct record *customer, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_customer_assign(");
	sql_int(sql, customer->id);
	sql_add(sql, ", ");
	sql_int(sql, arguments[0].number);
	customer_add_reason(sql, &arguments[1]);
	return customer_rule(call, customer, sql);
}

static enum err
customer_release(struct call *call, struct record *customer, const struct value *arguments)
{
	struct sql *sql = customer_begin_rule(call, customer, "release");

	sql_add(sql, ", ");
	if (arguments[0].present)
		sql_int(sql, arguments[0].number);
	else
		sql_null(sql, "bigint");
	customer_add_reason(sql, &arguments[1]);
	return customer_rule(call, customer, sql);
}

static enum err
customer_protect(struct call *call, struct record *customer, const struct value *arguments)
{
	struct sql *sql = customer_begin_rule(call, customer, "lock");

	sql_add(sql, ", ");
	sql_date(sql, arguments[0].number);
	customer_add_reason(sql, &arguments[1]);
	return customer_rule(call, customer, sql);
}

static enum err
customer_unprotect(struct call *call, struct record *customer, const struct value *arguments)
{
	struct sql *sql = customer_begin_rule(call, customer, "lock");

	(void)arguments;
	sql_add(sql, ", NULL, NULL)");
	return customer_rule(call, customer, sql);
}

/* ---- customers that open for a purpose only ---------------------------------------------- */

static enum err
customer_open(struct call *call, struct record *customer, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (record_number(customer, F_customer_shut) == 0)
		return CALL_FAIL(call, ERR_EMPTY, .entity = E_customer,
		    .text = call_say(call, "It is not shut: it opens as any other", "该客户未设为保密，可直接查看"));
	sql_addf(sql, "SELECT kehu_open_shut(%d, ", E_customer);
	sql_int(sql, customer->id);
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].text);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	call->written_text = call_say(call, "open for eight hours", "八小时内可查看");
	return err;
}

/* The reason is in the audit, as everything an action is given. */
static enum err
customer_shut(struct call *call, struct record *customer, const struct value *arguments)
{
	(void)call, (void)arguments;
	record_set_number(customer, F_customer_shut, 1);
	return ERR_OK;
}

static enum err
customer_unshut(struct call *call, struct record *customer, const struct value *arguments)
{
	(void)call, (void)arguments;
	record_set_number(customer, F_customer_shut, 0);
	return ERR_OK;
}

/* Contacts, relations, visits and their lines go along, and come back with it. */
static enum err
customer_delete(struct call *call, struct record *customer)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_customer_delete(");
	sql_int(sql, customer->id);
	sql_add(sql, ", ");
	sql_int(sql, customer->version);
	sql_add(sql, ", ");
	sql_uuid(sql, call->intention);
	sql_add(sql, ")");
	return customer_rule(call, customer, sql);
}

static enum err
customer_restore(struct call *call, struct record *customer)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_customer_restore(");
	sql_int(sql, customer->id);
	sql_add(sql, ")");
	return customer_rule(call, customer, sql);
}

/* Why is in the record, so that whoever reads the class reads it too. */
static enum err
customer_classify(struct call *call, struct record *customer, const struct value *arguments)
{
	(void)call;
	if (arguments[0].present && arguments[0].text[0] != '\0') {
		record_set_text(customer, F_customer_class_hand, arguments[0].text);
		record_set_text(customer, F_customer_class_reason, arguments[1].text);
	} else {
		record_set_null(customer, F_customer_class_hand);
		record_set_null(customer, F_customer_class_reason);
	}
	return ERR_OK;
}

/* Signs that nobody mistakes for others. */
static enum err
customer_check_in_code(struct call *call, struct record *customer, const struct value *arguments)
{
	static const char signs[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"; /* 32 of them */
	uint8_t random[8];
	char *code = arena_alloc(call->arena, sizeof(random) + 1);

	(void)arguments;
	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		code[i] = signs[random[i] % 32];
	code[sizeof(random)] = '\0';
	record_set_text(customer, F_customer_check_in_code, code);
	call->written_text = code;
	return ERR_OK;
}

const struct rule rules_customer[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = customer_before_save, .many = customer_before_save_many },
	/* Who enters it is not to know it beforehand. */
	{ .action = "check_in_code", .act = customer_check_in_code, .right = RIGHT_APPROVE },
	/* What the rules say is not for those whom it measures to change. */
	{ .action = "classify", .act = customer_classify, .right = RIGHT_APPROVE },
	{ .hook = HOOK_DELETE, .run = customer_delete },
	{ .hook = HOOK_RESTORE, .run = customer_restore },
	{ .action = "send_mail", .act = outbox_act_mail, .stores = true },
	{ .action = "send_sms", .act = outbox_act_sms, .stores = true },
	{ .action = "transfer", .act = customer_transfer, .right = RIGHT_ASSIGN, .stores = true },
	MERGE_RULES,
	{ .action = "claim", .act = customer_claim, .right = RIGHT_EDIT, .stores = true },
	{ .action = "assign", .act = customer_assign, .right = RIGHT_EDIT, .stores = true },
	{ .action = "release", .act = customer_release, .right = RIGHT_EDIT, .stores = true },
	{ .action = "protect", .act = customer_protect, .right = RIGHT_EDIT, .stores = true },
	{ .action = "open", .act = customer_open, .right = RIGHT_VIEW, .reads = true, .stores = true, .opens = true },
	{ .action = "shut", .act = customer_shut, .right = RIGHT_APPROVE },
	{ .action = "unshut", .act = customer_unshut, .right = RIGHT_APPROVE },
	{ .action = "unprotect", .act = customer_unprotect, .right = RIGHT_EDIT, .stores = true },
	{ 0 },
};
