/*
 * Lock and Sessions: who is there. A locked session answers only Lock and Logout; net locks
 * one that nobody used (server/net/turn.c), its client when nobody touched a key.
 */
#include "server/gate/session.h"

#include "server/entity/fields.h"
#include "server/record/answer.h"

#include <string.h>

#define SESSIONS_MAX 500

static enum err
presence_set_lock(struct call *call, bool lock)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT session_lock(");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_bool(sql, lock);
	sql_add(sql, ")");
	err = session_run(call, sql, &rows);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (!rows_bool(rows, 0, 0)) {
		call->session.state = SESSION_HELLO;
		call->session.id = call->session.user = call->session.viewer = 0;
		return CALL_FAIL(call, ERR_SESSION_ENDED);
	}
	call->session.state = lock ? SESSION_LOCKED : SESSION_LOGGED_IN;
	answer_done(call);
	return ERR_OK;
}

enum err
handle_lock(struct call *call)
{
	const char *password = call->request->lock->password;
	const struct setup_record *self = access_setup(call->access, E_user, call_reader(call));
	struct session_account account;
	bool stale;
	enum err err;

	if (password == NULL)
		return presence_set_lock(call, true);
	err = session_try(call, self != NULL ? self->key : "", &account);
	if (err != ERR_OK)
		return err;
	if (account.hash == NULL || !account.open ||
	    !password_check(server_password_cost(call->server), password, account.hash, &stale)) {
		session_tried(call, account.attempt, "wrong");
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	}
	session_tried(call, account.attempt, "good");
	return presence_set_lock(call, false);
}

/* Whoever may act on accounts sees and ends all sessions. */
static bool
presence_may_all(const struct call *call)
{
	return (access_rights(call->user, catalog_entity(call->catalog, E_user)->def) & RIGHT_ACT) != 0;
}

static enum err
presence_end(struct call *call, int64_t session)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT session_end(");
	sql_int(sql, session);
	sql_add(sql, ", ");
	sql_int(sql, presence_may_all(call) ? 0 : call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ")");
	err = session_run(call, sql, &rows);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	/* The same answer for one that is another's and one that is not there. */
	if (!rows_bool(rows, 0, 0))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	return ERR_OK;
}

static Kehu__SessionInfo *
presence_info(struct call *call, const struct rows *rows, size_t i)
{
	Kehu__SessionInfo *info = ARENA_NEW(call->arena, Kehu__SessionInfo);

	kehu__session_info__init(info);
	info->has_id = info->has_user = info->has_began_us = info->has_seen_us = info->has_ends_us =
	    info->has_locked = info->has_own = true;
	info->id = rows_int(rows, i, 0);
	info->user = rows_int(rows, i, 1);
	info->name = arena_strdup(call->arena, rows_text(rows, i, 2));
	info->label = arena_strdup(call->arena, rows_text(rows, i, 3));
	info->address = arena_strdup(call->arena, rows_text(rows, i, 4));
	info->client = arena_strdup(call->arena, rows_text(rows, i, 5));
	info->began_us = rows_moment(rows, i, 6);
	info->seen_us = rows_moment(rows, i, 7);
	info->ends_us = rows_moment(rows, i, 8);
	info->locked = rows_bool(rows, i, 9);
	info->certificate = arena_strdup(call->arena, rows_text(rows, i, 10));
	info->own = info->id == call->session.id;
	if (rows_int(rows, i, 12) != 0)
		info->viewer = arena_strdup(call->arena, rows_text(rows, i, 11));
	return info;
}

enum err
handle_sessions(struct call *call)
{
	const Kehu__Sessions *request = call->request->sessions;
	Kehu__SessionsAnswer *answer = ARENA_NEW(call->arena, Kehu__SessionsAnswer);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err = ERR_OK;

	if (request->all && !presence_may_all(call))
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_user);
	if (request->end != 0)
		err = presence_end(call, request->end);
	if (err != ERR_OK)
		return err;
	/* The list that is left, also after an end. The session itself is checked as ever. */
	call_begin(call, false);
	sql_add(sql, "SELECT * FROM session_list(");
	sql_int(sql, request->all ? 0 : call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, SESSIONS_MAX);
	sql_add(sql, ")");
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	kehu__sessions_answer__init(answer);
	answer->n_sessions = rows->count;
	answer->sessions = ARENA_ARRAY(call->arena, Kehu__SessionInfo *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++)
		answer->sessions[i] = presence_info(call, rows, i);
	call->rows = rows->count;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_SESSIONS;
	call->answer.sessions = answer;
	return ERR_OK;
}
