/*
 * Sharing: who may change a record through a role gives it to one more user, to read or to change. The
 * row of record_share, the history's and the message are written by kehu_record_share
 * (sql/repeat/38_share.sql); what may be done with what is shared is server/access's.
 */
#include "server/record/share.h"

#include "common/date.h"
#include "server/entity/fields.h"

#include <string.h>

/* The record as the user who gets it may read its name: without one if they may not. */
static const char *
share_label(struct call *call, const struct record *record, const struct access_user *to)
{
	const struct field *label = entity_label(access_view(to, record->entity->def));

	if (label == NULL || (label->flags & FIELD_MASKED) != 0)
		return "";
	return value_print(call, label, record_value(record, label->number));
}

static enum err
share_set(struct call *call, struct record *record, int64_t user, uint32_t rights, const char *label)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_record_share(");
	sql_int(sql, record->entity->def->number);
	sql_add(sql, ", ");
	sql_int(sql, record->id);
	sql_add(sql, ", ");
	sql_int(sql, user);
	sql_add(sql, ", ");
	sql_int(sql, rights);
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "%s %s", record->entity->def->en, label));
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "%s %s", record->entity->def->zh, label));
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		record->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

static enum err
share_give(struct call *call, struct record *record, const struct value *arguments)
{
	const struct entity *def = record->entity->def;
	const struct access_user *to = access_user(
	    call->access, arguments[0].number, call_today(call));
	bool write = arguments[1].present && arguments[1].number != 0;

	if (arguments[0].number == record->owner)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "This is the owner already", "该用户已是负责人"));
	/* What no role of theirs lets them see they would not find either. */
	if (to == NULL || (access_rights(to, def) & RIGHT_VIEW) == 0)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = arena_printf(call->arena,
			call_say(call, "No role of this user has to do with %s", "该用户的角色不能查看%s"),
			call_say(call, def->en, def->zh)));
	return share_set(call, record, arguments[0].number,
	    write ? RIGHT_VIEW | RIGHT_EDIT : RIGHT_VIEW, share_label(call, record, to));
}

static enum err
share_end(struct call *call, struct record *record, const struct value *arguments)
{
	return share_set(call, record, arguments[0].number, 0, "");
}

static const struct rule share_rules[] = {
	{ .action = "share", .act = share_give, .right = RIGHT_EDIT, .stores = true },
	{ .action = "unshare", .act = share_end, .right = RIGHT_EDIT, .stores = true },
};

const struct rule *
share_rule(const char *action)
{
	for (size_t i = 0; i < sizeof(share_rules) / sizeof(share_rules[0]); i++)
		if (strcmp(share_rules[i].action, action) == 0)
			return &share_rules[i];
	return NULL;
}
