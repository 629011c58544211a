/*
 * Running a stored request inside the transaction of the one that grants it: another user, another
 * context of the row policies, one commit. A savepoint lies between the two.
 */
#include "server/gate/deferred.h"

#include "server/gate/gate.h"
#include "server/gate/refusal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
deferred_call_init(struct call *call, const struct call *outer, const struct deferred *deferred)
{
	memset(call, 0, sizeof(*call));
	call->server = outer->server;
	call->arena = outer->arena;
	call->store = outer->store;
	call->access = outer->access;
	call->catalog = outer->catalog;
	call->reference = outer->reference;
	call->started_us = outer->started_us;
	call->cancelled = outer->cancelled;
	call->session.state = SESSION_LOGGED_IN;
	call->session.user = deferred->user;
	call->session.lang = deferred->lang;
	call->session.offset_min = deferred->offset_min;
	snprintf(call->session.peer, sizeof(call->session.peer), "approval");
	call->user = access_user(call->access, deferred->user, call_today(call));
	call->intention = deferred->intention;
	call->has_intention = call->nested = true;
	kehu__server_frame__init(&call->answer);
	/* What the outer user may see is not this one's. */
	for (size_t i = 0; i < outer->setting_count; i++) {
		call->setting_names[i] = outer->setting_names[i];
		call->setting_values[i] = "";
	}
	call->setting_count = outer->setting_count;
}

static enum err
deferred_handle(struct call *call, struct deferred *deferred)
{
	Kehu__ClientFrame *frame;
	const char *why;
	enum err err;

	if (call->user == NULL)
		return CALL_FAIL(call, ERR_FORBIDDEN,
		    .text = call_say(call, "The sender is disabled", "发起人已停用"));
	if (frame_unpack_client(call->arena, 0, deferred->request, deferred->bytes, &frame, &why) !=
	    ERR_OK)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	call->request = frame;
	err = gate_handle(call);
	/* What it queued for the trip of a COMMIT. */
	return err == ERR_OK ? store_flush(call->store, call->arena) : err;
}

static void
deferred_audit(struct call *call)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", 0, ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", 'deferred', ");
	sql_text(sql, call->done_action);
	sql_add(sql, ", ");
	sql_int(sql, call->done_entity);
	sql_add(sql, ", ");
	sql_int(sql, call->done_id);
	sql_add(sql, ", ");
	sql_text(sql, NULL);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

enum err
gate_run_deferred(struct call *outer, struct deferred *deferred)
{
	struct call call;
	enum err err = store_savepoint(outer->store, outer->arena);

	if (err != ERR_OK)
		return err;
	deferred_call_init(&call, outer, deferred);
	err = deferred_handle(&call, deferred);
	if (err == ERR_OK) {
		deferred->done = true;
		deferred->entity = call.done_entity;
		deferred->id = call.done_id;
		deferred_audit(&call);
		err = store_release(outer->store, outer->arena);
		/* Settings that only the inner call had stay; no statement of ours reads them. */
		call_context(outer);
		return err;
	}
	if (store_retryable(outer->store) || err_retry_safe(err) || err == ERR_UNKNOWN_OUTCOME ||
	    err == ERR_INTERNAL)
		return err;
	deferred->why = refusal_sentence(&call, err);
	return store_rollback_to(outer->store, outer->arena);
}
