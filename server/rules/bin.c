/*
 * 回收站: an entry is made by deleting; here it is restored, by the same request that the record's own
 * restoring is, or emptied by the rule function that alone may delete rows.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"
#include "server/record/write.h"

static enum err
bin_before_save(struct call *call, struct record *entry)
{
	return entry->is_new ? CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_bin) : ERR_OK;
}

static enum err
bin_restore(struct call *call, struct record *entry, const struct value *arguments)
{
	const struct entity_view *entity = call_view_named(call, record_text(entry, F_bin_entity));
	Kehu__ClientFrame *frame = ARENA_NEW(call->arena, Kehu__ClientFrame);
	struct write write;
	enum err err;

	(void)arguments;
	if (entity == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	kehu__client_frame__init(frame);
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
	frame->restore = ARENA_NEW(call->arena, Kehu__Restore);
	kehu__restore__init(frame->restore);
	frame->restore->entity = entity->def->number;
	frame->restore->id = record_number(entry, F_bin_record);
	err = write_prepare(call, frame, &write);
	if (err != ERR_OK)
		return err;
	/* What write_prepare registered, too. */
	call_context(call);
	write_scope(call, &write);
	err = write_run(call, &write);
	entry->version++;
	return err;
}

static enum err
bin_empty(struct call *call, struct record *entry, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_bin_empty(");
	sql_int(sql, entry->id);
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].present ? arguments[0].text : NULL);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	entry->version++;
	return err;
}

const struct rule rules_bin[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = bin_before_save },
	{ .action = "restore", .act = bin_restore, .right = RIGHT_ACT, .stores = true },
	{ .action = "empty", .act = bin_empty, .right = RIGHT_APPROVE, .stores = true },
	{ 0 },
};
