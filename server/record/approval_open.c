/*
 * Storing a request that waits for consent, and showing what it would change.
 */
#include "server/record/approval.h"

#include "common/date.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/answer.h"
#include "server/record/history.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <string.h>

#define REASON_CHARS 400
#define SIGNERS_MAX  20

/* The request as it was sent, without what belongs to the sending. */
static void
approval_bind_request(struct call *call, struct sql *sql)
{
	Kehu__ClientFrame copy = *call->request;
	uint8_t *packed;
	size_t bytes;

	copy.has_number = false;
	copy.n_approvers = 0;
	copy.approval_reason = NULL;
	bytes = kehu__client_frame__get_packed_size(&copy);
	packed = arena_alloc(call->arena, bytes);
	kehu__client_frame__pack(&copy, packed);
	sql_bytes(sql, packed, bytes);
}

static void
approval_queue_change(struct call *call, int64_t id, size_t position,
    const struct approval_change *change)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "INSERT INTO approval_change (approval_id, position, entity, record_id, version, "
		     "kind, fields, old, new) VALUES (");
	sql_int(sql, id);
	sql_addf(sql, ", %zu, %" PRIu32 ", ", position, change->entity);
	sql_int(sql, change->id);
	sql_addf(sql, ", %" PRIu32 ", %d, ", change->version, change->kind);
	sql_ints(sql, change->fields, change->count);
	sql_add(sql, "::integer[], ");
	sql_texts(sql, change->old, change->count);
	sql_add(sql, ", ");
	sql_texts(sql, change->new, change->count);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

static void
approval_bind_open(
    struct call *call, const struct approval_request *request, struct sql *sql, const char *reason)
{
	int64_t *rules = ARENA_ARRAY(call->arena, int64_t, request->rule_count);

	for (size_t i = 0; i < request->rule_count; i++)
		rules[i] = request->rules[i]->id;
	sql_add(sql, "SELECT o.id, o.version, o.waiting_for, n FROM kehu_number_of('approval', ");
	sql_text(sql, catalog_entity(call->catalog, E_approval)->def->number_prefix);
	sql_add(sql, ", ");
	sql_date(sql, call_today(call));
	sql_add(sql, ", ");
	sql_int(sql, access_user_branch(call->user));
	sql_add(sql, ") n, LATERAL kehu_approval_open(n, ");
	sql_int(sql, request->entity->number);
	sql_add(sql, ", ");
	sql_int(sql, request->id);
	sql_add(sql, ", ");
	sql_text(sql, request->action);
	sql_add(sql, ", ");
	sql_text(sql, request->title);
	sql_add(sql, ", ");
	sql_text(sql, reason);
	sql_add(sql, ", ");
	sql_ints(sql, rules, request->rule_count);
	sql_add(sql, ", ");
	sql_ints(sql, call->request->approvers, call->request->n_approvers);
	sql_add(sql, ", ");
	approval_bind_request(call, sql);
	sql_add(sql, ", ");
	sql_text(sql, call->session.lang == LANG_ZH ? "zh" : "en");
	sql_addf(sql, ", %d, ", call->session.offset_min);
	sql_uuid(sql, call->intention);
	sql_add(sql, ") o");
}

static enum err
approval_check_wishes(
    struct call *call, const struct approval_request *request, const char **reason)
{
	const char *wanted = call->request->approval_reason;

	*reason = "";
	if (wanted != NULL &&
	    text_clean(call->arena, wanted, strlen(wanted), TEXT_LINE, reason) != ERR_OK)
		return CALL_FAIL(call, ERR_BAD_TEXT);
	if (text_chars(*reason) > REASON_CHARS)
		return CALL_FAIL(call, ERR_TOO_LONG);
	if (call->request->n_approvers > SIGNERS_MAX)
		return CALL_FAIL(call, ERR_TOO_LARGE);
	for (size_t i = 0; i < request->rule_count; i++)
		if (request->rules[i]->needs_reason && (*reason)[0] == '\0')
			return CALL_FAIL(call, ERR_APPROVAL_REASON);
	return ERR_OK;
}

enum err
approval_open(struct call *call, const struct approval_request *request)
{
	const struct entity_view *entity = catalog_entity(call->catalog, E_approval);
	struct sql *sql = sql_new(call->arena);
	Kehu__Written *written;
	const char *reason;
	struct rows *rows;
	enum err err = approval_check_wishes(call, request, &reason);

	if (err != ERR_OK)
		return err;
	approval_bind_open(call, request, sql, reason);
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	/* The sender writes beside a row of their own. */
	call_scope(call, entity->def, RIGHT_VIEW);
	call_context(call);
	for (size_t i = 0; i < request->change_count; i++)
		approval_queue_change(call, rows_int(rows, 0, 0), i, &request->changes[i]);
	call->failure = (struct failure){ 0 };
	answer_written(call, entity->def, rows_int(rows, 0, 0), (uint32_t)rows_int(rows, 0, 1),
	    request->action,
	    arena_printf(call->arena,
		call_say(call, "%s waits for approval by %s", "%s 待 %s 审批"),
		rows_text(rows, 0, 3), rows_text(rows, 0, 2)));
	call->number_comes = NULL;
	written = call->answer.written;
	written->has_waits = written->waits = true;
	if (call->request->request_case != KEHU__CLIENT_FRAME__REQUEST_BULK)
		return ERR_OK;
	call->answer.bulk = ARENA_NEW(call->arena, Kehu__BulkAnswer);
	kehu__bulk_answer__init(call->answer.bulk);
	call->answer.bulk->steps = ARENA_ARRAY(call->arena, Kehu__Written *, 1);
	call->answer.bulk->steps[call->answer.bulk->n_steps++] = written;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_BULK;
	return ERR_OK;
}

/* ---- Proposal ---------------------------------------------------------------------------- */

enum err
handle_proposal(struct call *call)
{
	Kehu__HistoryAnswer *answer = ARENA_NEW(call->arena, Kehu__HistoryAnswer);
	const struct entity_view *entity;
	struct record_reading *reading;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	struct arms arms;
	enum err err = call_entity(call, E_approval, RIGHT_VIEW, &entity);

	if (err != ERR_OK)
		return err;
	arms = call_scope(call, entity->def, RIGHT_VIEW);
	call_scope_references(call, entity);
	call_begin(call, false);
	reading = record_queue_read(call, entity, call->request->proposal->id, &arms, false, false);
	sql_add(sql, "SELECT c.position, a.created_at, a.owner_id, c.entity, c.record_id, c.version, "
		     "c.kind, c.fields, c.old, c.new, a.intention "
		     "FROM approval a JOIN approval_change c ON c.approval_id = a.id WHERE a.id = ");
	sql_int(sql, call->request->proposal->id);
	sql_add(sql, " ORDER BY c.position");
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (record_take_read(call, reading) == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_approval);
	kehu__history_answer__init(answer);
	answer->changes = ARENA_ARRAY(call->arena, Kehu__Change *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++)
		answer->changes[answer->n_changes++] = history_change(call, rows, i);
	call->rows += answer->n_changes;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_HISTORY;
	call->answer.history = answer;
	return ERR_OK;
}
