/*
 * Delete and Restore: records go to the recycle bin with their lines under one delete_id (the
 * intention's id), and come back with what went. Each has an entry there (entity bin). An entity whose rule does more says so by a hook.
 */
#include "server/record/store_tree.h"

#include "server/record/answer.h"
#include "server/record/write.h"

static void
remove_queue(struct call *call, const char *table, const char *column, int64_t id, bool restore,
    struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	if (restore) {
		sql_addf(sql, "UPDATE %s t SET deleted_at = NULL, delete_id = NULL, version = version + 1, "
			      "updated_at = now() WHERE t.%s = ",
		    table, column);
		sql_int(sql, id);
		sql_add(sql, " AND t.deleted_at IS NOT NULL");
	} else {
		sql_addf(sql, "UPDATE %s t SET deleted_at = now(), version = version + 1, "
			      "updated_at = now(), delete_id = ",
		    table);
		sql_uuid(sql, call->intention);
		sql_addf(sql, " WHERE t.%s = ", column);
		sql_int(sql, id);
		sql_add(sql, " AND t.deleted_at IS NULL");
	}
	store_queue(call->store, sql, rows);
}

/* Lines that went with the record: the same delete_id, read before the record loses it. */
static void
remove_queue_lines(struct call *call, const struct record *record, bool restore)
{
	const struct entity_view *kinds[16];
	const struct entity *def = record->entity->def;
	size_t count = catalog_lines(call->catalog, def, kinds, 16);

	call_open(call, def, record->id, true);
	for (size_t i = 0; i < count; i++) {
		struct sql *sql;
		const char *column = entity_parent_column(call->arena, kinds[i]->def);

		if (!restore) {
			remove_queue(call, entity_table(kinds[i]->def), column, record->id, false, NULL);
			continue;
		}
		sql = sql_new(call->arena);
		sql_addf(sql, "UPDATE %s t SET deleted_at = NULL, delete_id = NULL, version = t.version + 1 "
			      "FROM %s p WHERE p.id = t.%s AND t.delete_id = p.delete_id AND t.%s = ",
		    entity_table(kinds[i]->def), entity_table(def), column, column);
		sql_int(sql, record->id);
		store_queue(call->store, sql, NULL);
	}
}

static enum err
remove_general(struct call *call, struct record *record, bool restore)
{
	struct rows *rows;
	enum err err;

	remove_queue_lines(call, record, restore);
	remove_queue(call, entity_table(record->entity->def), "id", record->id, restore, &rows);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK && rows->affected == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = record->entity->def->number);
	record->version++;
	return err;
}

/* What people know it by, for the bin's list. */
static const char *
remove_title(struct call *call, const struct record *record)
{
	const struct field *label = entity_label(record->entity);

	return label != NULL ? value_print(call, label, record_value(record, label->number)) : "";
}

/* The bin's entry is the database's to write: its owner is the record's, not the deleter. */
static enum err
remove_keep(struct call *call, const struct record *record, bool restore)
{
	const struct entity *def = record->entity->def;
	struct sql *sql = sql_new(call->arena);

	if (restore) {
		sql_add(sql, "SELECT kehu_bin_back(");
		sql_int(sql, record->id);
	} else {
		sql_add(sql, "SELECT kehu_bin_put(");
		sql_text(sql, def->name);
		sql_add(sql, ", ");
		sql_text(sql, entity_table(def));
		sql_add(sql, ", ");
		sql_int(sql, record->id);
		sql_add(sql, ", ");
		sql_text(sql, remove_title(call, record));
		sql_add(sql, ", ");
		sql_bool(sql, def->kind == ENTITY_ACTIVITY);
	}
	sql_add(sql, ")");
	return store_as_rule(call, sql, NULL);
}

static bool
remove_is_restore(const struct write *write)
{
	return write->frame->request_case == KEHU__CLIENT_FRAME__REQUEST_RESTORE;
}

static int64_t
remove_id(const struct write *write)
{
	return remove_is_restore(write) ? write->frame->restore->id : write->frame->delete_->id;
}

enum err
remove_prepare(struct call *call, struct write *write)
{
	uint32_t number = remove_is_restore(write) ? write->frame->restore->entity :
						     write->frame->delete_->entity;
	enum err err;

	write->right = remove_is_restore(write) ? RIGHT_RESTORE : RIGHT_DELETE;
	err = call_entity(call, number, write->right, &write->entity);
	if (err != ERR_OK)
		return err;
	if (write->entity->def->kind == ENTITY_LINE || write->entity->def->kind == ENTITY_ANCHORED ||
	    remove_id(write) <= 0)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = number);
	return ERR_OK;
}

enum err
remove_run(struct call *call, const struct write *write)
{
	bool restore = remove_is_restore(write);
	uint32_t version = restore ? 0 : write->frame->delete_->version;
	enum hook hook = restore ? HOOK_RESTORE : HOOK_DELETE;
	const struct entity *def = write->entity->def;
	struct record *record;
	enum err err;

	err = record_read_to_change(call, write->entity, remove_id(write), &record);
	if (err != ERR_OK)
		return err;
	if (record->deleted != restore)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = def->number);
	if (version != 0 && version != record->version) {
		call->current_version = record->version;
		return CALL_FAIL(call, ERR_CONFLICT, .entity = def->number);
	}
	err = record_may(call, record, write->right, NULL);
	if (err != ERR_OK)
		return err;
	record->old = record->values;
	if (!restore)
		err = rule_run_hooks(call, HOOK_BEFORE_DELETE, record);
	if (err == ERR_OK && rule_has_hook(def, hook))
		err = rule_run_hooks(call, hook, record);
	else if (err == ERR_OK)
		err = remove_general(call, record, restore);
	record->deleted = !restore;
	if (err == ERR_OK)
		err = rule_run_hooks(call, HOOK_AFTER_DELETE, record);
	if (err == ERR_OK)
		err = remove_keep(call, record, restore);
	if (err == ERR_OK)
		answer_written(call, def, record->id, record->version, restore ? "restore" : "delete", "");
	return err;
}
