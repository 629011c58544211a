/*
 * From a frame to its answer: decode, check, run the handler in a transaction, commit, pack.
 *
 * Handlers have no effect outside their transaction, so the gate runs them again when the
 * snapshots turn out stale or the database asks for it. A write's outcome row is stored in the
 * transaction of the work; a repeat of the same intention finds it and gets the same answer.
 */
#include "server/gate/gate.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/audit/readings.h"
#include "server/gate/intention.h"
#include "server/gate/metrics.h"
#include "server/gate/refusal.h"
#include "server/job/job.h"
#include "server/record/approval.h"
#include "server/record/crowd.h"
#include "server/record/reveal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS_MAX 4
#define ARENA_CEILING_BYTES (32u * 1024 * 1024)

enum request_kind { KIND_READ, KIND_WRITE, KIND_SESSION };

struct request_row {
	enum request_id id;
	const char *name;
	enum session_state state;
	enum request_kind kind;
	enum err (*handle)(struct call *call);
};

#define STATE_ANY SESSION_STRANGER
#define STATE_HELLO SESSION_HELLO
#define STATE_LOCKED SESSION_LOCKED
#define STATE_LOGGED_IN SESSION_LOGGED_IN
#define HANDLER_LOOP(name) NULL
#define HANDLER_HASH(name) handle_##name
#define HANDLER_INTERACTIVE(name) handle_##name
#define HANDLER_HEAVY(name) handle_##name
#define HANDLER_JOBS(name) handle_##name

static const struct request_row gate_requests[] = {
#define REQ(number, name, message, state, kind, lane) \
	{ (enum request_id)number, #name, STATE_##state, KIND_##kind, HANDLER_##lane(name) },
#include "proto/requests.def"
#undef REQ
};

static const struct request_row *
gate_request(int number)
{
	for (size_t i = 0; i < sizeof(gate_requests) / sizeof(gate_requests[0]); i++)
		if ((int)gate_requests[i].id == number)
			return &gate_requests[i];
	return NULL;
}

enum err
gate_handle(struct call *call)
{
	const struct request_row *row = gate_request((int)call->request->request_case);

	if (row == NULL || row->handle == NULL || row->kind != KIND_WRITE)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	return row->handle(call);
}

/* ---- running ---------------------------------------------------------------------------- */

/* Outcome and audit row of a write, then COMMIT: one more trip for all of it. */
static enum err
gate_finish(struct call *call, const struct request_row *row)
{
	enum err err;

	if (call->one_trip)
		return ERR_OK;
	if (call->matched_whole && reveal_count_match(call) != ERR_OK)
		return call->failure.err;
	if (call->discard) {
		store_rollback(call->store);
		return ERR_OK;
	}
	if (!call->has_intention)
		return store_commit(call->store, call->arena);
	intention_queue_outcome(call, row->name);
	err = store_commit(call->store, call->arena);
	if (err == ERR_OK && call->number_comes != NULL)
		call->answer.written->text =
		    arena_strdup(call->arena, rows_text(*call->number_comes, 0, 0));
	if (err == ERR_OK && call->remark_comes != NULL && (*call->remark_comes)->count > 0 &&
	    call->answer.answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN)
		call->answer.written->text = arena_printf(call->arena, "%s%s%s", call->answer.written->text,
		    call->answer.written->text[0] != '\0' ? "  " : "", rows_text(*call->remark_comes, 0, 0));
	return err;
}

static void
gate_forget_attempt(struct call *call)
{
	call->failure = (struct failure){ 0 };
	call->more_count = 0;
	call->difference_count = 0;
	call->setting_count = 0;
	call->number_comes = NULL;
	call->remark_comes = NULL;
	call->written_text = NULL;
	call->done_job = 0;
	call->opening = false;
	call->begun = call->matched_whole = false;
	call->missed = NULL;
	call->has_jobs = false;
	call->discard = false;
	call->failed_step = 0;
	call->may_wait = false;
	call->rows = 0;
	kehu__server_frame__init(&call->answer);
}

void
gate_committed(struct call *call)
{
	if (call->has_jobs && call->server->net != NULL)
		net_wake(call->server->net, LANE_JOBS);
	call->has_jobs = false;
}

/* One run of the handler in its transaction. *again: run once more with fresh snapshots. */
static enum err
gate_attempt(struct call *call, const struct request_row *row, bool *again)
{
	struct failure failure;
	const char *state;
	enum err err;

	*again = false;
	if (row->kind == KIND_WRITE)
		approval_prepare(call);
	err = row->handle(call);
	if (err == ERR_OK)
		err = approval_intercept(call);
	if (err == ERR_OK)
		err = call->begun ? gate_finish(call, row) : ERR_OK;
	if (err == ERR_OK) {
		gate_committed(call);
		return ERR_OK;
	}
	/* Refused by rights as this server knows them: they may have been given since. */
	if (!call->begun && call->user != NULL) {
		*again = snapshot_refresh(call);
		return *again ? err : call_fail(call, (struct failure){ .err = err });
	}
	state = arena_strdup(call->arena, store_state(call->store));
	failure = refusal_by_constraint(call, err);
	if (call->begun)
		store_rollback(call->store);
	if (call->missed != NULL)
		reveal_count_miss(call, call->missed);
	if (err == ERR_UNKNOWN_OUTCOME)
		return CALL_FAIL(call, err);
	if (strcmp(state, STATE_STALE_ACCESS) == 0 || strcmp(state, STATE_STALE_CATALOG) == 0) {
		enum err load = snapshot_load(call->server, call->store);

		*again = load == ERR_OK;
		return load == ERR_OK ? err : CALL_FAIL(call, load);
	}
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0) {
		*again = true;
		return err;
	}
	if (strcmp(state, STATE_SESSION_ENDED) == 0) {
		call->session.state = SESSION_HELLO;
		call->session.user = call->session.id = call->session.viewer = 0;
		call->failure = (struct failure){ .err = ERR_SESSION_ENDED };
		return ERR_SESSION_ENDED;
	}
	/*
	 * The same intention may have been done by another connection while this one waited for a
	 * lock: then its outcome is the answer, not the conflict seen here.
	 */
	if (call->has_intention && call->begun && err != ERR_DB_GONE) {
		enum err repeat = intention_answer_repeat(call);

		if (repeat == ERR_OK || repeat == ERR_INTENT_REUSED)
			return repeat;
	}
	return call_fail(call, failure);
}

static enum err
gate_run(struct call *call, const struct request_row *row)
{
	enum err err = ERR_STALE;
	bool again = true;

	for (int i = 0; again && i < ATTEMPTS_MAX; i++) {
		if (i > 0) {
			snapshot_release(call);
			gate_forget_attempt(call);
		}
		snapshot_take(call->server, call);
		if (row->state >= SESSION_LOCKED && call->user == NULL) {
			/* Disabled since, or not in this snapshot yet: the database knows better once. */
			if (i == 0 && snapshot_load(call->server, call->store) == ERR_OK)
				continue;
			return CALL_FAIL(call, ERR_SESSION_ENDED);
		}
		if (call->session.viewer != 0) {
			err = viewing_enter(call);
			if (err != ERR_OK)
				return err;
		}
		err = gate_attempt(call, row, &again);
	}
	if (again)
		return CALL_FAIL(call, ERR_STALE);
	return err;
}

/* ---- answering -------------------------------------------------------------------------- */

/* What this thread has computed so far, whatever else the machine does. */
static int64_t
gate_cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

static void
gate_log(const struct call *call, int request, enum err err, size_t bytes)
{
	int64_t us = date_monotonic_us() - call->started_us, cpu_us = gate_cpu_us() - call->cpu_us;
	bool slow = us / 1000 >= call->server->settings.log_slow;
	int level = err == ERR_INTERNAL ? LOG_ERROR : slow ? LOG_WARN : LOG_INFO;

	metrics_request(request, err, us, cpu_us);
	if (!log_wants((enum log_level)level))
		return;
	call_log(call, level, slow ? "slow request" : "request",
	    "name=%s outcome=%s us=%" PRId64 " cpu_us=%" PRId64 " rows=%zu bytes=%zu", request_name(request),
	    err_name(err), us, cpu_us, call->rows, bytes);
	if (err == ERR_INTERNAL)
		call_log(call, level, "database said", "state=%s text=%s", store_state(call->store),
		    log_value(call->arena, store_message(call->store)));
}

struct gate_stream {
	struct worker *worker;
	struct work *work;
};

static bool
gate_stream(struct call *call, const Kehu__ServerFrame *frame)
{
	struct gate_stream *stream = call->stream_to;
	Kehu__ServerFrame copy = *frame;
	struct buf out = BUF_INIT;
	bool sent;

	copy.has_number = copy.has_reference = true;
	copy.number = stream->work->number;
	copy.reference = call->reference;
	sent = frame_pack_server(&out, &copy, call->session.zstd) == ERR_OK &&
	    net_stream(stream->worker->server->net, stream->work, &out, 30000);
	buf_fini(&out);
	return sent;
}

static enum err
gate_decode(struct call *call, struct work *work, const struct request_row **row)
{
	Kehu__ClientFrame *frame;
	const char *why;

	*row = gate_request((int)work->request);
	if (frame_unpack_client(call->arena, work->flags, work->body, work->bytes, &frame, &why) !=
	    ERR_OK) {
		call_log(call, LOG_WARN, "frame refused", "why=%s", log_value(call->arena, why));
		work->close = true;
		return CALL_FAIL(call, ERR_BAD_FRAME);
	}
	call->request = frame;
	if (*row == NULL || (int)frame->request_case != (int)work->request || (*row)->handle == NULL)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (call->session.state < (*row)->state)
		return CALL_FAIL(call, session_refusal(call->session.state, (*row)->state));
	return intention_take(call, (*row)->kind == KIND_WRITE);
}

/* That somebody uses the session, once a minute: what another kehud would lock it by. */
static void
gate_mark(struct call *call)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT session_seen(");
	sql_int(sql, call->session.id);
	sql_add(sql, ")");
	sql_named(sql);
	store_begin(call->store);
	store_queue(call->store, sql, NULL);
	if (store_commit(call->store, call->arena) != ERR_OK)
		store_rollback(call->store);
}

static void
gate_serve(void *worker_, struct work *work, struct buf *out)
{
	struct worker *worker = worker_;
	struct gate_stream stream = { worker, work };
	const struct request_row *row = NULL;
	struct call call;
	enum err err;

	gate_call_init(&call, worker, 0);
	call.session = work->session;
	call.reference = work->reference;
	call.started_us = work->arrived_us;
	call.cancelled = &work->cancelled;
	call.stream = gate_stream;
	call.stream_to = &stream;
	err = gate_decode(&call, work, &row);
	if (err == ERR_OK)
		err = gate_run(&call, row);
	if (err == ERR_OK)
		err = readings_charge_answer(&call);
	if (err == ERR_OK && arena_spent(call.arena))
		err = CALL_FAIL(&call, ERR_TOO_LARGE);
	if (err != ERR_OK)
		refusal_answer(&call);
	call.answer.has_number = call.answer.has_reference = true;
	call.answer.number = work->number;
	call.answer.reference = call.reference;
	if (frame_pack_server(out, &call.answer, call.session.zstd) != ERR_OK) {
		/* A big answer of many rows; nothing was appended. */
		err = ERR_TOO_LARGE;
		call.failure = (struct failure){ .err = err };
		call.more_count = 0;
		refusal_answer(&call);
		frame_pack_server(out, &call.answer, call.session.zstd);
	}
	work->session = call.session;
	if (work->mark && err != ERR_SESSION_ENDED)
		gate_mark(&call);
	gate_log(&call, (int)work->request, err, out->bytes);
	gate_call_fini(&call);
}

void
gate_call_init(struct call *call, struct worker *worker, int64_t user)
{
	memset(call, 0, sizeof(*call));
	arena_reset(worker->arena);
	call->server = worker->server;
	call->arena = worker->arena;
	call->store = worker->store;
	call->crowds = worker->crowds;
	call->session.user = user;
	call->started_us = date_monotonic_us();
	call->cpu_us = gate_cpu_us();
	kehu__server_frame__init(&call->answer);
}

void
gate_call_fini(struct call *call)
{
	snapshot_release(call);
}

/* ---- workers ---------------------------------------------------------------------------- */

static void *
gate_worker_start(struct server *server, enum lane lane)
{
	static const char *const names[LANE_COUNT] = { "kehud loop", "kehud hash",
		"kehud interactive", "kehud heavy", "kehud jobs" };
	const struct server_settings *settings = &server->settings;
	struct worker *worker = mem_zalloc(1, sizeof(*worker));

	worker->server = server;
	worker->lane = lane;
	worker->arena = arena_new(ARENA_CEILING_BYTES);
	worker->crowds = crowds_new();
	worker->store = store_new(&(struct store_options){
	    .conninfo = settings->database_connection,
	    .role = settings->database_role,
	    .statement_timeout_ms = (int)(lane == LANE_JOBS || lane == LANE_HEAVY ?
		    settings->database_heavy_timeout :
		    settings->database_statement_timeout),
	    .lock_timeout_ms = (int)settings->database_lock_timeout,
	    .application = names[lane],
	    .need_primary = true,
	});
	return worker;
}

static void
gate_worker_idle(void *worker_)
{
	struct worker *worker = worker_;

	if (worker->lane == LANE_JOBS)
		job_run_waiting(worker);
}

/* From the loop's thread: what the worker waits for in the database is to end. */
static void
gate_worker_cancel(void *worker_)
{
	struct worker *worker = worker_;

	store_cancel(worker->store);
}

static void
gate_worker_stop(void *worker_)
{
	struct worker *worker = worker_;

	store_free(worker->store);
	crowds_free(worker->crowds);
	arena_free(worker->arena);
	free(worker);
}

const struct lane_ops gate_lane_ops = {
	.worker_start = gate_worker_start,
	.worker_run = gate_serve,
	.worker_idle = gate_worker_idle,
	.worker_cancel = gate_worker_cancel,
	.worker_stop = gate_worker_stop,
};
