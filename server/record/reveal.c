/*
 * Reveal: one masked value of one record in clear, for a stated reason. The audit row is committed
 * before the answer leaves, and a person has so many of them a day.
 */
#include "server/record/reveal.h"

#include "common/log.h"
#include "common/text.h"
#include "server/gate/gate.h"
#include "server/record/record.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <string.h>

#define REASON_CHARS_MIN 2
#define REASON_CHARS_MAX 200

enum err
reveal_count_use(struct call *call, const char *kind, int64_t limit, int64_t *left)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_use(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_date(sql, call_today(call));
	sql_add(sql, ", ");
	sql_text(sql, kind);
	sql_add(sql, ", ");
	sql_int(sql, limit);
	sql_add(sql, ")");
	sql_named(sql);
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		*left = rows_int(rows, 0, 0);
	return err;
}

enum err
reveal_count_match(struct call *call)
{
	int64_t left;

	return reveal_count_use(call, "match", call->server->settings.access_matches, &left);
}

void
reveal_count_miss(struct call *call, const char *kind)
{
	struct sql *sql = sql_new(call->arena);

	store_begin(call->store);
	sql_addf(sql,
	    "SELECT set_config('kehu.user', '%" PRId64 "', true), set_config('kehu.session', '%" PRId64 "', true)",
	    call->session.user, call->session.id);
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_add(sql, "SELECT kehu_use(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_date(sql, call_today(call));
	sql_add(sql, ", ");
	sql_text(sql, kind);
	sql_addf(sql, ", %" PRId64 ")", INT64_MAX);
	store_queue(call->store, sql, NULL);
	if (store_commit(call->store, call->arena) == ERR_OK)
		return;
	call_log(call, LOG_WARN, "a wrong guess is not counted", "kind=%s text=%s", kind,
	    log_value(call->arena, store_message(call->store)));
	store_rollback(call->store);
}

/* The field as this reader sees it, of the record or of its line. */
static enum err
reveal_take_field(struct call *call, const struct entity_view *entity, const struct field **field)
{
	const Kehu__Reveal *reveal = call->request->reveal;
	const struct entity_view *view = entity;

	if (reveal->line_entity != 0) {
		view = call_view(call, reveal->line_entity);
		if (view == NULL || view->def->kind != ENTITY_LINE ||
		    strcmp(view->def->parent, entity->def->name) != 0)
			return CALL_FAIL(call, ERR_NO_SUCH_ENTITY, .entity = reveal->line_entity);
	}
	*field = entity_field(view, reveal->field);
	if (*field == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .entity = view->def->number,
		    .field = reveal->field);
	if (((*field)->flags & FIELD_MASKED) == 0)
		return CALL_FAIL(call, ERR_EMPTY, .entity = view->def->number,
		    .field = reveal->field,
		    .text = call_say(call, "This field is not masked for you", "此项对您并未掩码"));
	if (((*field)->flags & FIELD_REVEAL) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = view->def->number,
		    .field = reveal->field);
	return ERR_OK;
}

static enum err
reveal_take_reason(struct call *call, const char **reason)
{
	const char *text = call->request->reveal->reason;

	if (text == NULL ||
	    text_clean(call->arena, text, strlen(text), TEXT_LINE, reason) != ERR_OK ||
	    text_chars(*reason) < REASON_CHARS_MIN)
		return CALL_FAIL(call, ERR_REASON_NEEDED);
	if (text_chars(*reason) > REASON_CHARS_MAX)
		return CALL_FAIL(call, ERR_TOO_LONG);
	return ERR_OK;
}

static const struct value *
reveal_find(const struct call *call, const struct record *record, const struct field *field)
{
	const Kehu__Reveal *reveal = call->request->reveal;

	if (reveal->line_entity == 0)
		return record_value(record, field->number);
	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->id == reveal->line &&
		    record->lines[i]->entity->def->number == reveal->line_entity)
			return record_value(record->lines[i], field->number);
	return NULL;
}

static void
reveal_queue_audit(struct call *call, const struct field *field, const char *reason)
{
	const Kehu__Reveal *reveal = call->request->reveal;
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", 'reveal', 'reveal', ");
	sql_int(sql, reveal->entity);
	sql_add(sql, ", ");
	sql_int(sql, reveal->id);
	sql_add(sql, ", ");
	sql_text(sql, reveal->line_entity == 0
			  ? arena_printf(call->arena, "%s: %s", field_word(field), reason)
			  : arena_printf(call->arena, "%s.%s %" PRId64 ": %s",
				call_view(call, reveal->line_entity)->def->name, field_word(field),
				reveal->line, reason));
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

enum err
handle_reveal(struct call *call)
{
	const Kehu__Reveal *reveal = call->request->reveal;
	Kehu__RevealAnswer *answer = ARENA_NEW(call->arena, Kehu__RevealAnswer);
	const struct entity_view *entity;
	const struct field *field = NULL;
	const struct value *value;
	struct record *record;
	const char *reason = NULL;
	int64_t left;
	enum err err;

	err = call_entity(call, reveal->entity, RIGHT_VIEW, &entity);
	if (err == ERR_OK && (entity->def->kind == ENTITY_LINE || entity->def->kind == ENTITY_ANCHORED))
		err = CALL_FAIL(call, ERR_BAD_REQUEST, .entity = reveal->entity);
	if (err == ERR_OK)
		err = reveal_take_field(call, entity, &field);
	if (err == ERR_OK)
		err = reveal_take_reason(call, &reason);
	if (err != ERR_OK)
		return err;
	call_scope_references(call, entity);
	call_scope(call, entity->def, RIGHT_VIEW);
	call_begin(call, true);
	err = record_read(call, entity, reveal->id, RIGHT_VIEW, true, false, &record);
	if (err != ERR_OK)
		return err;
	value = record != NULL && !record->deleted ? reveal_find(call, record, field) : NULL;
	if (value == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = reveal->entity);
	if (!value->present)
		return CALL_FAIL(call, ERR_EMPTY, .entity = reveal->entity, .field = reveal->field);
	err = reveal_count_use(call, "reveal", call->server->settings.access_reveals, &left);
	if (err != ERR_OK)
		return err;
	reveal_queue_audit(call, field, reason);
	kehu__reveal_answer__init(answer);
	answer->value = ARENA_NEW(call->arena, Kehu__Value);
	value_fill_clear(call, field, value, answer->value);
	answer->has_left = true;
	answer->left = (uint32_t)left;
	call->rows = 1;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_REVEAL;
	call->answer.reveal = answer;
	return ERR_OK;
}
