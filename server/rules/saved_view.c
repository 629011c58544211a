/*
 * 视图: what a view names is there for who saves it; a view is offered to everybody of a role,
 * and taken back. Whose shares follow from the role is sql/repeat/38_share.sql's.
 */
#include "server/entity/fields.h"
#include "server/record/filter.h"
#include "server/record/rule.h"

#include <string.h>

static enum err
view_refuse(struct call *call, uint32_t field, const char *what)
{
	return CALL_FAIL(call, ERR_INVALID, .field = field,
	    .text = arena_printf(call->arena,
		call_say(call, "There is no such field: %s", "没有此字段：%s"), what));
}

/* Names of fields of an entity, separated by commas or spaces; of sort_by with a - before. */
static enum err
view_check_names(struct call *call, const struct record *view, const struct entity_view *entity,
    uint32_t field)
{
	char *copy = arena_strdup(call->arena, record_text(view, field)), *save = NULL;

	for (char *name = strtok_r(copy, ", ", &save); name != NULL;
	     name = strtok_r(NULL, ", ", &save)) {
		const char *plain =
		    field == F_saved_view_sort_by && name[0] == '-' ? name + 1 : name;

		if (entity_field_named(entity, plain) == NULL)
			return view_refuse(call, field, plain);
	}
	return ERR_OK;
}

static enum err
view_before_save(struct call *call, struct record *view)
{
	static const uint32_t named[] = { F_saved_view_columns, F_saved_view_sort_by,
		F_saved_view_group_by, F_saved_view_sum_of };
	const struct entity_view *entity =
	    call_view_named(call, record_text(view, F_saved_view_entity));
	struct filter filter;
	enum err err = ERR_OK;

	if (view->acting)
		return ERR_OK;
	if (entity == NULL || (access_rights(call->user, entity->def) & RIGHT_VIEW) == 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_saved_view_entity,
		    .text = call_say(call, "There is no such kind of record", "没有此类记录"));
	for (size_t i = 0; err == ERR_OK && i < sizeof(named) / sizeof(named[0]); i++)
		if (view->is_new || record_changed(view, named[i]) ||
		    record_changed(view, F_saved_view_entity))
			err = view_check_names(call, view, entity, named[i]);
	if (err == ERR_OK && (view->is_new || record_changed(view, F_saved_view_query)))
		err = filter_bind(call, entity, record_text(view, F_saved_view_query),
		    sql_new(call->arena), &filter);
	return err;
}

static enum err
view_publish(struct call *call, struct record *view, const struct value *arguments)
{
	(void)call;
	record_set_number(view, F_saved_view_role_id, arguments[0].number);
	return ERR_OK;
}

static enum err
view_withdraw(struct call *call, struct record *view, const struct value *arguments)
{
	(void)call;
	(void)arguments;
	record_set_null(view, F_saved_view_role_id);
	return ERR_OK;
}

const struct rule rules_saved_view[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = view_before_save },
	{ .action = "publish", .act = view_publish },
	{ .action = "withdraw", .act = view_withdraw },
	{ 0 },
};
