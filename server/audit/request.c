/*
 * The Audit request: rows of the audit, its check as a job, the heads of its chain. For those
 * who may see everybody's reading, which the shipped roles give to auditors alone.
 */
#include "server/audit/audit.h"

#include "common/text.h"
#include "server/entity/fields.h"
#include "server/job/export.h"
#include "server/net/net.h"
#include "server/server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AUDIT_ROWS_MAX     500
#define AUDIT_ROWS_DEFAULT 50
#define AUDIT_HEADS_MAX    1000

enum audit_step { AUDIT_LIST = 1, AUDIT_CHECK, AUDIT_HEADS, AUDIT_MARK };

static Kehu__AuditAnswer *
audit_answer(struct call *call)
{
	Kehu__AuditAnswer *answer = ARENA_NEW(call->arena, Kehu__AuditAnswer);

	kehu__audit_answer__init(answer);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_AUDIT;
	call->answer.audit = answer;
	return answer;
}

/* ---- rows -------------------------------------------------------------------------------- */

static void
audit_filter_int(struct sql *sql, const char *column, bool given, int64_t value)
{
	if (!given)
		return;
	sql_addf(sql, " AND a.%s = ", column);
	sql_int(sql, value);
}

static void
audit_filter_text(struct sql *sql, const char *column, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	sql_addf(sql, " AND a.%s = ", column);
	sql_text(sql, value);
}

/* The cursor is "xid seq" of the last row given. */
static enum err
audit_filter_cursor(struct call *call, struct sql *sql, const ProtobufCBinaryData *cursor)
{
	const char *text = arena_strndup(call->arena, (const char *)cursor->data, cursor->len);
	char *end;
	uint64_t xid = strtoull(text, &end, 10);
	int64_t seq;

	if (cursor->len == 0)
		return ERR_OK;
	if (end == text || *end != ' ')
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	text = end + 1;
	seq = strtoll(text, &end, 10);
	if (end == text || *end != '\0')
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	sql_add(sql, " AND (a.xid, a.seq) < (");
	sql_text(sql, arena_printf(call->arena, "%" PRIu64, xid));
	sql_add(sql, "::xid8, ");
	sql_int(sql, seq);
	sql_add(sql, ")");
	return ERR_OK;
}

/* By the snapshot, not the table: who reads the audit need not be allowed to read users. 0: nobody. */
static int64_t
audit_user_called(const struct call *call, const char *login)
{
	for (size_t i = 0; i < access_setup_count(call->access, E_user); i++) {
		const struct setup_record *user = access_setup_at(call->access, E_user, i);

		if (strcmp(user->key, login) == 0)
			return user->id;
	}
	return 0;
}

static enum err
audit_filter(struct call *call, struct sql *sql)
{
	const Kehu__Audit *request = call->request->audit;

	audit_filter_int(sql, "user_id", request->has_user, request->user);
	audit_filter_int(sql, "entity", request->has_entity, request->entity);
	audit_filter_int(sql, "record_id", request->has_record, request->record);
	if (request->who != NULL && request->who[0] != '\0')
		audit_filter_int(sql, "user_id", true, audit_user_called(call, request->who));
	audit_filter_text(sql, "request", request->request);
	audit_filter_text(sql, "action", request->action);
	if (request->has_since_us) {
		sql_add(sql, " AND a.at >= ");
		sql_moment(sql, request->since_us);
	}
	if (request->has_until_us) {
		sql_add(sql, " AND a.at < ");
		sql_moment(sql, request->until_us);
	}
	return audit_filter_cursor(call, sql, &request->cursor);
}

static Kehu__AuditRow *
audit_row(struct call *call, const struct rows *rows, size_t i)
{
	Kehu__AuditRow *row = ARENA_NEW(call->arena, Kehu__AuditRow);
	const struct setup_record *user =
	    access_setup(call->access, E_user, rows_int(rows, i, 2));

	kehu__audit_row__init(row);
	row->has_seq = row->has_at_us = true;
	row->seq = rows_int(rows, i, 0);
	row->at_us = rows_moment(rows, i, 1);
	row->has_user = !rows_null(rows, i, 2);
	row->user = rows_int(rows, i, 2);
	row->user_label = user != NULL ? arena_strdup(call->arena, user->label) : NULL;
	row->has_session = !rows_null(rows, i, 3);
	row->session = rows_int(rows, i, 3);
	row->has_reference = !rows_null(rows, i, 4);
	row->reference = rows_int(rows, i, 4);
	row->request = arena_strdup(call->arena, rows_text(rows, i, 5));
	row->action = arena_strdup(call->arena, rows_text(rows, i, 6));
	row->has_entity = rows_int(rows, i, 7) != 0;
	row->entity = (uint32_t)rows_int(rows, i, 7);
	row->has_record = rows_int(rows, i, 8) != 0;
	row->record = rows_int(rows, i, 8);
	row->detail = arena_strdup(call->arena, rows_text(rows, i, 9));
	return row;
}

static enum err
audit_list(struct call *call)
{
	const Kehu__Audit *request = call->request->audit;
	size_t limit = request->limit == 0               ? AUDIT_ROWS_DEFAULT
		       : request->limit > AUDIT_ROWS_MAX ? AUDIT_ROWS_MAX
							 : request->limit;
	struct sql *sql = sql_new(call->arena);
	Kehu__AuditAnswer *answer;
	struct rows *rows;
	const char *next;
	enum err err;

	sql_add(sql,
	    "SELECT a.seq, a.at, a.user_id, a.session_id, a.reference, a.request, a.action, "
	    "a.entity, a.record_id, a.detail, a.xid FROM audit a WHERE true");
	err = audit_filter(call, sql);
	if (err != ERR_OK)
		return err;
	sql_add(sql, " ORDER BY a.xid DESC, a.seq DESC LIMIT ");
	sql_int(sql, (int64_t)limit + 1);
	call_begin(call, false);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	answer = audit_answer(call);
	answer->n_rows = rows->count < limit ? rows->count : limit;
	answer->rows = ARENA_ARRAY(call->arena, Kehu__AuditRow *, answer->n_rows + 1);
	for (size_t i = 0; i < answer->n_rows; i++)
		answer->rows[i] = audit_row(call, rows, i);
	if (rows->count > limit) {
		next = arena_printf(call->arena, "%s %" PRId64, rows_text(rows, limit - 1, 10),
		    rows_int(rows, limit - 1, 0));
		answer->has_next = true;
		answer->next.data = (uint8_t *)(uintptr_t)next;
		answer->next.len = strlen(next);
	}
	call->rows = answer->n_rows;
	return ERR_OK;
}

/* ---- the chain --------------------------------------------------------------------------- */

static enum err
audit_check(struct call *call)
{
	struct rows *rows;
	enum err err;

	if (!call->has_intention)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	call_begin(call, true);
	job_queue(call, "audit_verify", "", &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	call->done_id = rows_int(rows, 0, 0);
	call->done_action = "verify";
	audit_answer(call)->job = call->done_id;
	call->answer.audit->has_job = true;
	return ERR_OK;
}

static enum err
audit_heads(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	Kehu__AuditAnswer *answer;
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT number, at, rows, hash, mac FROM audit_segment WHERE number >= ");
	sql_int(sql, (int64_t)call->request->audit->from);
	sql_addf(sql, " ORDER BY number LIMIT %d", AUDIT_HEADS_MAX);
	call_begin(call, false);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	answer = audit_answer(call);
	answer->n_heads = rows->count;
	answer->heads = ARENA_ARRAY(call->arena, Kehu__AuditHead *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		Kehu__AuditHead *head = answer->heads[i] =
		    ARENA_NEW(call->arena, Kehu__AuditHead);
		size_t bytes;

		kehu__audit_head__init(head);
		head->has_number = head->has_at_us = head->has_rows = head->has_hash =
		    head->has_mac = true;
		head->number = (uint64_t)rows_int(rows, i, 0);
		head->at_us = rows_moment(rows, i, 1);
		head->rows = (uint64_t)rows_int(rows, i, 2);
		head->hash.data =
		    (uint8_t *)(uintptr_t)rows_bytea(call->arena, rows, i, 3, &bytes);
		head->hash.len = bytes;
		head->mac.data =
		    (uint8_t *)(uintptr_t)rows_bytea(call->arena, rows, i, 4, &bytes);
		head->mac.len = bytes;
	}
	call->rows = rows->count;
	return ERR_OK;
}

/* Whose export had this row: none other has. */
static enum err
audit_mark(struct call *call)
{
	const char *text = call->request->audit->text;
	const char *mark = text != NULL ? export_mark_in(call->arena, text) : NULL;
	struct sql *sql = sql_new(call->arena);
	Kehu__AuditAnswer *answer;
	struct rows *rows;
	enum err err;

	if (text == NULL || !text_valid(text, strlen(text)))
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	/* Columns as of a row of the audit. */
	sql_add(sql, "SELECT 0, l.at, l.user_id, NULL::bigint, NULL::bigint, 'export', NULL, "
		     "l.entity, l.id, "
		     "l.reason FROM kehu_export_marked(");
	sql_texts(sql, (const char *const[]){ mark != NULL ? mark : text }, 1);
	sql_add(sql, ") m JOIN export_log l ON l.id = m.export_id");
	call_begin(call, false);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	answer = audit_answer(call);
	answer->n_rows = 1;
	answer->rows = ARENA_ARRAY(call->arena, Kehu__AuditRow *, 1);
	answer->rows[0] = audit_row(call, rows, 0);
	return ERR_OK;
}

bool
audit_may(const struct call *call)
{
	return access_arms(call->user, catalog_entity(call->catalog, E_reading)->def, RIGHT_VIEW).all;
}

enum err
handle_audit(struct call *call)
{
	const struct entity_view *entity;
	enum err err = call_entity(call, E_reading, RIGHT_VIEW, &entity);

	if (err != ERR_OK)
		return err;
	if (!audit_may(call))
		return CALL_FAIL(call, ERR_FORBIDDEN);
	switch (call->request->audit->step) {
	case AUDIT_LIST:
		return audit_list(call);
	case AUDIT_CHECK:
		return audit_check(call);
	case AUDIT_HEADS:
		return audit_heads(call);
	case AUDIT_MARK:
		return audit_mark(call);
	default:
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
}
