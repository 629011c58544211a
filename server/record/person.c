/*
 * The Person request. See person.h. Its right is one of its own, to act on the journal of erasures:
 * neither administrators nor auditors have it.
 */
#include "server/record/person.h"

#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/record/derived.h"
#include "server/record/rule.h"

#include <string.h>

#define PERSON_TIMEOUT_MS    "300000" /* every text of every record is looked at */
#define PERSON_ROWS          500
#define PERSON_REPLAY_MAX    1000 /* persons in one request */
#define PERSON_REASON_MAX    200
#define RETENTION_ROWS       10000
#define RETENTION_COUNT_MAX  1000000

enum person_step {
	PERSON_FIND = 1,
	PERSON_EVERYTHING,
	PERSON_ERASE,
	PERSON_JOURNAL,
	PERSON_REPLAY,
	PERSON_RETENTION
};

bool
person_writes(const Kehu__Person *request)
{
	return request->step == PERSON_ERASE || request->step == PERSON_REPLAY ||
	       (request->step == PERSON_RETENTION && !request->dry_run);
}

static Kehu__PersonAnswer *
person_answer(struct call *call)
{
	Kehu__PersonAnswer *answer = ARENA_NEW(call->arena, Kehu__PersonAnswer);

	kehu__person_answer__init(answer);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_PERSON;
	call->answer.person = answer;
	return answer;
}

static void
person_begin(struct call *call)
{
	struct sql *sql = sql_new(call->arena);

	call_begin(call, true);
	sql_add(sql, "SELECT set_config('statement_timeout', '" PERSON_TIMEOUT_MS "', true)");
	store_queue(call->store, sql, NULL);
}

/* What nobody may do unseen: looking somebody up leaves a line, too. */
static void
person_audit(struct call *call, const char *action, int64_t record)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", 'person', ");
	sql_text(sql, action);
	sql_add(sql, ", NULL::bigint, ");
	if (record != 0)
		sql_int(sql, record);
	else
		sql_null(sql, "bigint");
	sql_add(sql, ", NULL::text)");
	store_queue(call->store, sql, NULL);
}

/* Columns: entity, record, place, then text or count as told. */
static void
person_rows(struct call *call, const struct rows *rows, size_t max, bool texts)
{
	Kehu__PersonAnswer *answer = person_answer(call);

	answer->n_rows = rows->count < max ? rows->count : max;
	answer->has_more = answer->more = rows->count > max;
	answer->rows = ARENA_ARRAY(call->arena, Kehu__PersonRow *, answer->n_rows + 1);
	for (size_t i = 0; i < answer->n_rows; i++) {
		Kehu__PersonRow *row = answer->rows[i] = ARENA_NEW(call->arena, Kehu__PersonRow);

		kehu__person_row__init(row);
		row->entity = arena_strdup(call->arena, rows_text(rows, i, 0));
		row->has_record = true;
		row->record = rows_int(rows, i, 1);
		row->place = arena_strdup(call->arena, rows_text(rows, i, 2));
		if (texts) {
			row->text = arena_strdup(call->arena, rows_text(rows, i, 3));
		} else {
			row->has_count = true;
			row->count = (uint64_t)rows_int(rows, i, 3);
		}
	}
	call->rows = answer->n_rows;
}

static enum err
person_find(struct call *call)
{
	const Kehu__Person *request = call->request->person;
	struct sql *sql = sql_new(call->arena);
	const char *text = request->text != NULL ? request->text : "", *clean;
	struct rows *rows;
	enum err err;

	if (request->record == 0 &&
	    (text_clean(call->arena, text, strlen(text), TEXT_LINE, &clean) != ERR_OK ||
		clean[0] == '\0'))
		return CALL_FAIL(call, ERR_REQUIRED);
	person_begin(call);
	person_audit(call, "find", request->record);
	sql_add(sql, "SELECT entity, id, place, n FROM ");
	if (request->record != 0) {
		sql_add(sql, "kehu_person_places(");
		sql_int(sql, request->record);
	} else {
		sql_add(sql, "kehu_person_find(");
		sql_text(sql, clean);
	}
	sql_addf(sql, ") LIMIT %d", 10 * PERSON_ROWS);
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		person_rows(call, rows, 10 * PERSON_ROWS, false);
	return err;
}

static enum err
person_everything(struct call *call)
{
	const Kehu__Person *request = call->request->person;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	person_begin(call);
	if (request->from == 0)
		person_audit(call, "export", request->record);
	sql_add(sql, "SELECT entity, id, place, json FROM kehu_person_rows(");
	sql_int(sql, request->record);
	sql_add(sql, ") OFFSET ");
	sql_int(sql, (int64_t)request->from);
	sql_addf(sql, " LIMIT %d", PERSON_ROWS + 1);
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		person_rows(call, rows, PERSON_ROWS, true);
	return err;
}

/* Records that spoke of who was erased are found by what is left of their texts, and by nothing else. */
static enum err
person_reword(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT tbl, id, doc FROM kehu_person_reworded()");
	err = store_as_rule(call, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++) {
		sql = sql_new(call->arena);
		sql_add(sql, "SELECT kehu_person_tokens(");
		sql_text(sql, rows_text(rows, i, 0));
		sql_add(sql, ", ");
		sql_int(sql, rows_int(rows, i, 1));
		sql_add(sql, ", ");
		sql_text(sql, derived_tokens(call->arena, rows_text(rows, i, 2)));
		sql_add(sql, ")");
		store_queue(call->store, sql, NULL);
	}
	return err == ERR_OK ? store_flush(call->store, call->arena) : err;
}

static enum err
person_erase(struct call *call)
{
	const Kehu__Person *request = call->request->person;
	const char *reason = request->text != NULL ? request->text : "", *clean;
	struct sql *sql = sql_new(call->arena);
	Kehu__PersonAnswer *answer;
	struct rows *rows;
	enum err err;

	if (strlen(reason) > PERSON_REASON_MAX * 4 ||
	    text_clean(call->arena, reason, strlen(reason), TEXT_LINE, &clean) != ERR_OK)
		return CALL_FAIL(call, ERR_TOO_LONG);
	if (clean[0] == '\0')
		return CALL_FAIL(call, ERR_REASON_NEEDED);
	person_begin(call);
	sql_add(sql, "SELECT kehu_person_erase(");
	sql_int(sql, request->record);
	sql_add(sql, ", ");
	sql_text(sql, clean);
	sql_add(sql, ", false)");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		err = person_reword(call);
	if (err != ERR_OK)
		return err;
	call->done_entity = E_erasure;
	call->done_id = rows_int(rows, 0, 0);
	call->done_action = "erase";
	answer = person_answer(call);
	answer->has_done = true;
	answer->done = 1;
	return ERR_OK;
}

static enum err
person_journal(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	call_scope(call, call_view(call, E_erasure)->def, RIGHT_VIEW);
	person_begin(call);
	sql_add(sql, "SELECT entity, record, 'journal', 1, created_at FROM erasure ORDER BY created_at, id OFFSET ");
	sql_int(sql, (int64_t)call->request->person->from);
	sql_addf(sql, " LIMIT %d", PERSON_ROWS + 1);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	person_rows(call, rows, PERSON_ROWS, false);
	for (size_t i = 0; i < call->answer.person->n_rows; i++) {
		call->answer.person->rows[i]->has_at_us = true;
		call->answer.person->rows[i]->at_us = rows_moment(rows, i, 4);
	}
	return ERR_OK;
}

static enum err
person_replay(struct call *call)
{
	const Kehu__Person *request = call->request->person;
	size_t count = request->n_erased;
	const char **names = ARENA_ARRAY(call->arena, const char *, count + 1);
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, count + 1);
	int64_t *at = ARENA_ARRAY(call->arena, int64_t, count + 1);
	struct sql *sql = sql_new(call->arena);
	Kehu__PersonAnswer *answer;
	struct rows *rows;
	enum err err;

	if (count == 0 || count > PERSON_REPLAY_MAX)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	for (size_t i = 0; i < count; i++) {
		names[i] = request->erased[i]->entity;
		ids[i] = request->erased[i]->record;
		at[i] = request->erased[i]->at_us;
		if (names[i] == NULL || !text_valid(names[i], strlen(names[i])))
			return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
	person_begin(call);
	sql_add(sql, "SELECT kehu_person_replay(");
	sql_texts(sql, names, count);
	sql_add(sql, ", ");
	sql_ints(sql, ids, count);
	sql_add(sql, ", ARRAY(SELECT timestamptz 'epoch' + u * interval '1 microsecond' FROM unnest(");
	sql_ints(sql, at, count);
	sql_add(sql, ") WITH ORDINALITY AS n (u, i) ORDER BY i))");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		err = person_reword(call);
	if (err != ERR_OK)
		return err;
	call->done_entity = E_erasure;
	call->done_action = "replay";
	answer = person_answer(call);
	answer->has_done = true;
	answer->done = (uint64_t)rows_int(rows, 0, 0);
	return ERR_OK;
}

static enum err
person_retention(struct call *call)
{
	bool dry = call->request->person->dry_run;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	person_begin(call);
	sql_add(sql, "SELECT what, 0, what, n FROM kehu_retention(");
	sql_bool(sql, dry);
	sql_addf(sql, ", %d)", dry ? RETENTION_COUNT_MAX : RETENTION_ROWS);
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		err = person_reword(call);
	if (err != ERR_OK)
		return err;
	call->done_entity = E_retention_rule;
	call->done_action = "retention";
	person_rows(call, rows, PERSON_ROWS, false);
	return ERR_OK;
}

enum err
handle_person(struct call *call)
{
	const Kehu__Person *request = call->request->person;
	const struct entity_view *entity;
	enum err err = call_entity(call, E_erasure,
	    request->step == PERSON_JOURNAL ? RIGHT_VIEW : RIGHT_ACT, &entity);

	if (err != ERR_OK)
		return err;
	if (!access_arms(call->user, entity->def,
		 request->step == PERSON_JOURNAL ? RIGHT_VIEW : RIGHT_ACT)
		 .all)
		return CALL_FAIL(call, ERR_FORBIDDEN);
	if (person_writes(request) && !call->has_intention)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	switch (request->step) {
	case PERSON_FIND:
		return person_find(call);
	case PERSON_EVERYTHING:
		return person_everything(call);
	case PERSON_ERASE:
		return person_erase(call);
	case PERSON_JOURNAL:
		return person_journal(call);
	case PERSON_REPLAY:
		return person_replay(call);
	case PERSON_RETENTION:
		return person_retention(call);
	default:
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
}

enum err
person_retention_tick(struct worker *worker)
{
	struct sql *sql = sql_new(worker->arena);
	struct rows *rows;
	enum err err;

	sql_addf(sql, "SELECT what, n FROM kehu_retention(false, %d) WHERE n > 0", RETENTION_ROWS);
	store_begin(worker->store);
	store_queue(worker->store, sql, &rows);
	err = store_commit(worker->store, worker->arena);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++)
		log_info("over its time and gone", "what=%s rows=%s", rows_text(rows, i, 0),
		    rows_text(rows, i, 1));
	return err;
}
