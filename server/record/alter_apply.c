/*
 * Doing one change to many records. Fields that no rule of the entity looks at are set by one
 * statement; anything else goes record by record through the same checks, hooks and rules as a
 * request for it alone, each behind a savepoint, so that one refused does not undo the others.
 */
#include "server/record/alter.h"

#include "common/text.h"
#include "server/entity/fields.h"
#include "server/gate/refusal.h"
#include "server/record/approval.h"
#include "server/record/store_tree.h"

#include <inttypes.h>
#include <string.h>

/* ---- outcome ----------------------------------------------------------------------------- */

static void
alter_refuse(struct alter *alter, const struct alter_row *row, const char *text)
{
	struct arena *arena = alter->call->arena;

	if (alter->refused < ALTER_NAMED_MAX)
		alter->refusals[alter->refused] = (struct alter_refusal){ .id = row->id,
			.label = row->label, .text = arena_strdup(arena, text) };
	alter->refused++;
}

static void
alter_note_done(struct alter *alter, int64_t id, int64_t version)
{
	alter->done_ids[alter->done] = id;
	alter->done_versions[alter->done++] = version;
}

/* ---- all at once ------------------------------------------------------------------------- */

static bool
alter_field_is_plain(const struct alter *alter, const struct field *field)
{
	const struct entity *def = alter->entity->def;
	const struct entity_view *target = catalog_entity_named(alter->call->catalog, field->ref);

	if ((field->flags & (FIELD_SEARCH | FIELD_UNIQUE | FIELD_ALIKE | FIELD_NUMBERED | FIELD_FIGURE |
		FIELD_MASKED)) != 0 || (target != NULL && target->def->kind != ENTITY_SETUP) ||
	    strcmp(field->name, "owner_id") == 0)
		return false;
	if (rule_has_hook(def, HOOK_BEFORE_SAVE) || rule_has_hook(def, HOOK_AFTER_SAVE))
		return def->plain != NULL && text_has_word(def->plain, field->name);
	return true;
}

/* Required-unless and states are asked record by record; so is who must consent to a change. */
static bool
alter_is_plain(const struct alter *alter)
{
	const struct entity *def = alter->entity->def;

	if (alter->what != ALTER_SET || approval_may_ask(alter->call, def))
		return false;
	for (size_t i = 0; i < alter->value_count; i++)
		if (!alter_field_is_plain(alter, alter->values[i].field))
			return false;
	return true;
}

static struct sql *
alter_update(struct alter *alter, const int64_t *ids, size_t count)
{
	struct call *call = alter->call;
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "UPDATE %s t SET version = version + 1, updated_at = now(), updated_by = ",
	    entity_table(alter->entity->def));
	sql_int(sql, call->session.user);
	for (size_t i = 0; i < alter->value_count; i++) {
		sql_add(sql, ", ");
		value_assign(call, sql, alter->values[i].field, &alter->values[i].value);
	}
	sql_add(sql, " WHERE t.id = ANY(");
	sql_ints(sql, ids, count);
	sql_add(sql, ") AND t.deleted_at IS NULL AND (false");
	for (size_t i = 0; i < alter->value_count; i++) {
		sql_add(sql, " OR ROW(");
		value_columns(sql, alter->values[i].field);
		sql_add(sql, ") IS DISTINCT FROM ROW(");
		value_bind_all(call, sql, alter->values[i].field, &alter->values[i].value);
		sql_add(sql, ")");
	}
	sql_add(sql, ") RETURNING t.id, t.version");
	return sql;
}

static enum err
alter_apply_plain(struct alter *alter, const struct alter_row *rows, size_t count)
{
	struct call *call = alter->call;
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, count + 1);
	struct rows *changed;
	size_t allowed = 0;
	enum err err;

	for (size_t i = 0; i < count; i++)
		if (rows[i].gone)
			alter_refuse(alter, &rows[i], err_text(ERR_NO_SUCH_RECORD, call->session.lang));
		else if ((rows[i].rights & 1) == 0)
			alter_refuse(alter, &rows[i], err_text(ERR_FORBIDDEN, call->session.lang));
		else
			ids[allowed++] = rows[i].id;
	if (allowed == 0)
		return ERR_OK;
	err = store_run(call->store, call->arena, alter_update(alter, ids, allowed), &changed);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < changed->count; i++)
		alter_note_done(alter, rows_int(changed, i, 0), rows_int(changed, i, 1));
	alter->same += allowed - changed->count;
	return ERR_OK;
}

/* ---- one by one -------------------------------------------------------------------------- */

static bool
alter_line_changes(const struct record *line)
{
	for (size_t i = 0; i < line->entity->field_count; i++)
		if (line->changed[i])
			return true;
	return false;
}

static bool
alter_changes(const struct record *record)
{
	for (size_t i = 0; i < record->entity->field_count; i++)
		if (record->changed[i])
			return true;
	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->removed || record->lines[i]->is_new ||
		    alter_line_changes(record->lines[i]))
			return true;
	return false;
}

static enum err
alter_put_values(struct alter *alter, struct record *record)
{
	struct call *call = alter->call;

	for (size_t i = 0; i < alter->value_count; i++) {
		const struct field *field = alter->values[i].field;
		enum err err = record_take_value(record, field, &alter->values[i].value);

		if (err != ERR_OK)
			return CALL_FAIL(call, err, .entity = record->entity->def->number,
			    .field = field->number);
	}
	return ERR_OK;
}

static void
alter_put_tags(struct alter *alter, struct record *record)
{
	const struct field *tag = entity_field_named(alter->tag_line, "tag_id");
	size_t before = record->line_count;

	for (size_t t = 0; t < alter->tag_count; t++) {
		bool there = false;

		for (size_t i = 0; i < before; i++) {
			struct record *line = record->lines[i];

			if (line->entity->def != alter->tag_line->def ||
			    record_number(line, tag->number) != alter->tags[t])
				continue;
			there = true;
			line->removed = alter->what == ALTER_UNTAG;
		}
		if (!there && alter->what == ALTER_TAG)
			record_set_number(
			    record_add_line(alter->call->arena, record, alter->tag_line), tag->number,
			    alter->tags[t]);
	}
}

static enum err
alter_one_save(struct alter *alter, const struct alter_row *row, int64_t *version)
{
	struct call *call = alter->call;
	struct record *record;
	enum err err = record_read_to_change(call, alter->entity, row->id, &record);

	if (err == ERR_OK && record->deleted)
		err = CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = alter->entity->def->number);
	if (err == ERR_OK && row->version != 0 && row->version != record->version)
		err = CALL_FAIL(call, ERR_CONFLICT, .entity = alter->entity->def->number);
	if (err == ERR_OK)
		err = record_may(call, record, RIGHT_EDIT, NULL);
	if (err != ERR_OK)
		return err;
	record->old = arena_memdup(
	    call->arena, record->values, record->entity->field_count * sizeof(*record->values));
	if (alter->what == ALTER_SET)
		err = alter_put_values(alter, record);
	else if (alter->what == ALTER_BACK)
		err = alter_put_back(alter, record);
	else
		alter_put_tags(alter, record);
	if (err != ERR_OK)
		return err;
	if (!alter_changes(record)) {
		*version = 0;
		return ERR_OK;
	}
	err = record_save(call, record);
	if (err == ERR_OK)
		err = approval_check_row(call, record);
	*version = record->version;
	return err;
}

static enum err
alter_one_write(struct alter *alter, const struct alter_row *row, int64_t *version)
{
	struct call *call = alter->call;
	const Kehu__ClientFrame *frame = alter->write.frame;
	const char *name = alter->what == ALTER_ACT ? alter->action : alter_name(alter->what);
	enum err err;

	if (alter->what == ALTER_ACT) {
		frame->act->id = row->id;
		frame->act->has_version = row->version != 0;
		frame->act->version = (uint32_t)row->version;
	} else if (alter->what == ALTER_DELETE) {
		frame->delete_->id = row->id;
		frame->delete_->version = (uint32_t)row->version;
	} else {
		frame->restore->id = row->id;
	}
	err = write_run(call, &alter->write);
	if (err != ERR_OK)
		return err;
	*version = call->answer.written->version;
	return approval_check_done(call, alter->entity, row->id, name);
}

static void
alter_forget(struct call *call)
{
	call->failure = (struct failure){ 0 };
	call->more_count = call->difference_count = 0;
	call->current_version = 0;
	call->number_comes = call->remark_comes = NULL;
	call->written_text = NULL;
}

/* An error of the world ends it all; what speaks of the record is its refusal. */
static bool
alter_is_fatal(const struct store *store, enum err err)
{
	return store_retryable(store) || (err_retry_safe(err) && err != ERR_LOCKED) ||
	    err == ERR_UNKNOWN_OUTCOME || err == ERR_INTERNAL || store_state(store)[0] == '5';
}

static enum err
alter_one(struct alter *alter, const struct alter_row *row, struct arena *scratch)
{
	struct call *call = alter->call;
	struct arena *kept = call->arena;
	int64_t version = 0;
	const char *why = NULL;
	enum err err = store_savepoint(call->store, scratch), end;

	if (err != ERR_OK)
		return err;
	call->arena = scratch;
	err = alter->what <= ALTER_UNTAG || alter->what == ALTER_BACK
		  ? alter_one_save(alter, row, &version)
					 : alter_one_write(alter, row, &version);
	if (err == ERR_OK)
		err = store_flush(call->store, scratch);
	if (err != ERR_OK && !alter_is_fatal(call->store, err)) {
		struct failure failure = refusal_by_constraint(call, err);

		if (call->failure.err == ERR_OK)
			call->failure = failure;
		why = refusal_sentence(call, err);
	}
	call->arena = kept;
	if (err != ERR_OK && why == NULL)
		return err;
	if (why != NULL)
		alter_refuse(alter, row, why);
	else if (version == 0)
		alter->same++;
	else
		alter_note_done(alter, row->id, version);
	alter_forget(call);
	end = why != NULL ? store_rollback_to(call->store, scratch)
			  : store_release(call->store, scratch);
	return end;
}

static enum err
alter_apply_each(struct alter *alter, const struct alter_row *rows, size_t count)
{
	struct call *call = alter->call;
	struct arena *scratch = arena_new(0);
	enum err err = ERR_OK;

	write_scope(call, &(struct write){ .entity = alter->entity, .right = alter->right });
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (call->cancelled != NULL && *call->cancelled)
			err = CALL_FAIL(call, ERR_CANCELLED);
		else
			err = alter_one(alter, &rows[i], scratch);
		arena_reset(scratch);
	}
	arena_free(scratch);
	kehu__server_frame__init(&call->answer);
	return err;
}

enum err
alter_apply(struct alter *alter, size_t max)
{
	struct arena *arena = alter->call->arena;
	bool versions = false;
	size_t count;

	alter->done_ids = ARENA_ARRAY(arena, int64_t, alter->row_count + 1);
	alter->done_versions = ARENA_ARRAY(arena, int64_t, alter->row_count + 1);
	for (size_t i = 0; i < alter->row_count; i++)
		versions |= alter->rows[i].version != 0;
	if (!versions && alter_is_plain(alter)) {
		alter->tried = alter->row_count;
		return alter_apply_plain(alter, alter->rows, alter->row_count);
	}
	count = alter->row_count < max ? alter->row_count : max;
	alter->tried = count;
	return alter_apply_each(alter, alter->rows, count);
}
