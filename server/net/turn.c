/*
 * Whose turn it is within one session.
 *
 *   - At most two requests of a session are with the lanes at once, one of them heavy, so that
 *     nobody takes all workers and a long report leaves its reader able to work.
 *   - Requests that change the session (hello, login, logout …) run alone.
 *   - A write waits for the writes sent before it; a read too, so that a session always reads
 *     what it wrote. Other reads may overtake each other.
 *   - Ping and Cancel are answered on arrival, Subscribe once the requests before it that
 *     change the session are done.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <openssl/crypto.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TURN_AT_ONCE          2
#define TURN_STRANGER_MAX     4 /* requests in flight before login */
#define TURN_MARK_US          (60 * US_PER_SECOND)
#define TURN_LOOP_BODY_BYTES  ((size_t)64 * 1024)
#define TURN_LOOP_ARENA_BYTES ((size_t)1024 * 1024)

/* The states of proto/requests.def. */
#define NEEDS_ANY       SESSION_STRANGER
#define NEEDS_HELLO     SESSION_HELLO
#define NEEDS_LOCKED    SESSION_LOCKED
#define NEEDS_LOGGED_IN SESSION_LOGGED_IN

const struct turn_rule *
turn_rule(int request)
{
	static const struct turn_rule rules[] = {
#define REQ(number, name, message, state, kind, lane)                                          \
	[number] = { NEEDS_##state, TURN_##kind, LANE_##lane },
#include "proto/requests.def"
#undef REQ
	};

	if (strcmp(request_name(request), "?") == 0)
		return NULL;
	return &rules[request];
}

/* ---- tasks ------------------------------------------------------------------------------ */

struct task *
task_new(const struct conn *conn, size_t bytes)
{
	struct task *task = mem_alloc(sizeof(*task) + bytes);

	*task = (struct task){ .done.run = turn_answered, .stream_clear = true };
	task->work.connection = conn->id;
	task->work.body = task->body;
	task->work.bytes = bytes;
	task->work.arrived_us = date_monotonic_us();
	return task;
}

void
task_free(struct task *task)
{
	/* It may have held a password. */
	OPENSSL_cleanse(task->body, task->work.bytes);
	buf_fini(&task->out);
	free(task);
}

static void
turn_remove(struct conn *conn, struct task *task)
{
	TAILQ_REMOVE(&conn->tasks, task, of_conn);
	conn->task_count--;
}

/* Answer a task with an error; it is no longer in the list and dies here. */
static void
turn_refuse(struct conn *conn, struct task *task, enum err err)
{
	if (err == ERR_BUSY)
		NET_COUNT(conn->net, busy, 1);
	else
		NET_COUNT(conn->net, refused, 1);
	conn_send_error(conn, task->work.number, task->work.reference, err);
	task_free(task);
}

/* ---- answered by the loop itself -------------------------------------------------------- */

static enum err
turn_run_decoded(struct conn *conn, const Kehu__ClientFrame *frame)
{
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_PING:
		return ERR_OK;
	case KEHU__CLIENT_FRAME__REQUEST_CANCEL:
		turn_cancel(conn, frame->cancel->number);
		return ERR_OK;
	case KEHU__CLIENT_FRAME__REQUEST_SUBSCRIBE:
		return watch_set(&conn->net->watches, conn, frame->subscribe);
	default:
		return ERR_BAD_REQUEST;
	}
}

/* The task is no longer in the list and dies here. */
static void
turn_run_in_loop(struct conn *conn, struct task *task)
{
	struct arena *arena;
	Kehu__ClientFrame *frame;
	const char *why;
	enum err err = ERR_TOO_LARGE;

	if (task->work.bytes <= TURN_LOOP_BODY_BYTES) {
		arena = arena_new(TURN_LOOP_ARENA_BYTES);
		err = frame_unpack_client(
		    arena, 0, task->work.body, task->work.bytes, &frame, &why);
		if (err == ERR_OK)
			err = turn_run_decoded(conn, frame);
		arena_free(arena);
	}
	if (err != ERR_OK) {
		turn_refuse(conn, task, err);
		return;
	}
	conn_send_done(conn, task->work.number, task->work.reference);
	task_free(task);
}

/* ---- whose turn ------------------------------------------------------------------------- */

/* What goes before a task in the order of arrival and is not answered yet. */
struct turn_before {
	bool any, write, session;
	int given;
	bool heavy;
};

static bool
turn_may_start(const struct turn_rule *rule, const struct turn_before *before)
{
	if (before->session)
		return false;
	if (rule->lane == LANE_LOOP)
		return true;
	if (before->given >= TURN_AT_ONCE || (rule->lane == LANE_HEAVY && before->heavy))
		return false;
	return rule->kind == TURN_SESSION ? !before->any : !before->write;
}

static void
turn_note(const struct turn_rule *rule, struct turn_before *before)
{
	before->any = before->any || rule->lane != LANE_LOOP;
	before->write = before->write || rule->kind == TURN_WRITE;
	before->session =
	    before->session || (rule->kind == TURN_SESSION && rule->lane != LANE_LOOP);
}

/* Whether it went to a lane; else it was answered and is gone. */
static bool
turn_start(struct conn *conn, struct task *task, const struct turn_rule *rule)
{
	enum err err = ERR_OK;

	if (conn->session.state < rule->needs)
		err = session_refusal(conn->session.state, rule->needs);
	else if (rule->lane != LANE_LOOP) {
		task->work.session = conn->session;
		if (lane_give(&conn->net->lanes[rule->lane], task))
			return true;
		err = ERR_BUSY;
	}
	turn_remove(conn, task);
	if (err != ERR_OK)
		turn_refuse(conn, task, err);
	else
		turn_run_in_loop(conn, task);
	return false;
}

static void
turn_count_given(const struct conn *conn, struct turn_before *before)
{
	const struct task *task;

	TAILQ_FOREACH(task, &conn->tasks, of_conn)
	if (task->queue != NULL) {
		before->given++;
		before->heavy = before->heavy || task->queue->lane == LANE_HEAVY;
	}
}

void
turn_advance(struct conn *conn)
{
	struct turn_before before = { 0 };
	struct task *task, *next;

	turn_count_given(conn, &before);
	for (task = TAILQ_FIRST(&conn->tasks); task != NULL; task = next) {
		const struct turn_rule *rule = task->rule;

		next = TAILQ_NEXT(task, of_conn);
		if (task->queue == NULL && turn_may_start(rule, &before)) {
			bool given = turn_start(conn, task, rule);

			/* Answering may have ended the connection, and its tasks with it. */
			if (conn->state != CONN_OPEN)
				return;
			if (!given)
				continue;
			before.given++;
			before.heavy = before.heavy || rule->lane == LANE_HEAVY;
		}
		turn_note(rule, &before);
	}
}

/* ---- coming and going ------------------------------------------------------------------- */

static bool
turn_is_immediate(int request)
{
	return request == REQUEST_ping || request == REQUEST_cancel;
}

static enum err
turn_check(const struct conn *conn, const struct turn_rule *rule, int request)
{
	int max = conn->net->options.in_flight_max;

	if (rule == NULL)
		return ERR_BAD_REQUEST;
	if (turn_is_immediate(request))
		return conn->session.state < rule->needs ?
		    session_refusal(conn->session.state, rule->needs) : ERR_OK;
	if (conn->net->stopping || mem_short())
		return ERR_BUSY;
	if (conn->session.state < SESSION_LOCKED && max > TURN_STRANGER_MAX)
		max = TURN_STRANGER_MAX;
	return conn->task_count >= max ? ERR_TOO_MANY : ERR_OK;
}

/*
 * A session that asked for nothing for so long locks; what its client does by itself (pings, its
 * subscription) does not count. Resume on another kehud goes by the mark in the database.
 */
static void
turn_use(struct conn *conn, struct task *task, const struct turn_rule *rule)
{
	const int64_t *lock_s = conn->net->options.lock_s;
	int64_t now = date_monotonic_us(), lock_us = 0;

	if (lock_s != NULL)
		lock_us = __atomic_load_n(lock_s, __ATOMIC_RELAXED) * US_PER_SECOND;
	if (rule == NULL || rule->lane == LANE_LOOP || conn->session.state != SESSION_LOGGED_IN)
		return;
	if (lock_us > 0 && now - conn->used_us > lock_us) {
		conn->session.state = SESSION_LOCKED;
		push_forget(conn);
		return;
	}
	conn->used_us = now;
	task->work.mark = rule->kind != TURN_SESSION && now - conn->marked_us > TURN_MARK_US;
	if (task->work.mark)
		conn->marked_us = now;
}

void
turn_take(struct conn *conn, struct task *task, uint32_t number, int request)
{
	const struct turn_rule *rule = turn_rule(request);
	enum err err;

	turn_use(conn, task, rule);
	err = turn_check(conn, rule, request);
	task->rule = rule;
	task->work.number = number;
	task->work.request = (enum request_id)request;
	task->work.reference = ++conn->net->reference;
	if (err != ERR_OK) {
		turn_refuse(conn, task, err);
	} else if (turn_is_immediate(request)) {
		turn_run_in_loop(conn, task);
	} else {
		TAILQ_INSERT_TAIL(&conn->tasks, task, of_conn);
		conn->task_count++;
		turn_advance(conn);
	}
}

void
turn_cancel(struct conn *conn, uint32_t number)
{
	struct task *task;

	TAILQ_FOREACH(task, &conn->tasks, of_conn)
	if (task->work.number == number)
		break;
	if (task == NULL)
		return;
	if (task->queue != NULL && !lane_withdraw(task)) {
		lane_cancel(conn->net, task);
		return;
	}
	turn_remove(conn, task);
	turn_refuse(conn, task, ERR_CANCELLED);
	if (conn->state == CONN_OPEN)
		turn_advance(conn);
}

void
turn_drop_all(struct conn *conn)
{
	struct task *task;

	while ((task = TAILQ_FIRST(&conn->tasks)) != NULL) {
		turn_remove(conn, task);
		if (task->queue == NULL || lane_withdraw(task)) {
			task_free(task);
			continue;
		}
		task->dropped = true;
		lane_cancel(conn->net, task);
	}
}

/* The peer's address and key stay what they are, whatever a worker wrote there. */
static void
turn_take_session(struct conn *conn, const struct session *session)
{
	struct session old = conn->session;

	conn->session = *session;
	memcpy(conn->session.peer, old.peer, sizeof(old.peer));
	conn->session.key.given = old.key.given;
	memcpy(conn->session.key.hash, old.key.hash, sizeof(old.key.hash));
	if (old.state != SESSION_LOGGED_IN)
		conn->used_us = conn->marked_us = date_monotonic_us();
	if (conn->session.state != SESSION_LOGGED_IN || conn->session.user != old.user)
		push_forget(conn);
	conn_session_changed(conn);
}

void
turn_answered(struct net *net, struct post *post)
{
	struct task *task = (struct task *)(void *)((char *)post - offsetof(struct task, done));
	struct conn *conn = task->dropped ? NULL : conn_find(net, task->work.connection);

	if (conn != NULL) {
		turn_remove(conn, task);
		if (task->rule->kind == TURN_SESSION)
			turn_take_session(conn, &task->work.session);
		if (task->out.bytes > 0)
			conn_send(conn, task->out.data, task->out.bytes);
		else /* it was cancelled before it began, or a worker forgot to answer */
			conn_send_error(conn, task->work.number, task->work.reference,
			    task->work.cancelled ? ERR_CANCELLED : ERR_INTERNAL);
		if (task->work.close)
			conn_close(conn, "a worker refused the request");
	}
	task_free(task);
	if (conn != NULL && conn->state == CONN_OPEN) {
		turn_advance(conn);
		conn_leave(conn);
	}
}
