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
#include "server/audit/readings.h"
#include "server/record/person.h"
#include "server/entity/fields.h"
#include "server/job/job.h"
#include "server/record/approval.h"
#include "server/record/crowd.h"
#include "server/record/reveal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_MAX 4
#define ARENA_CEILING_BYTES (32u * 1024 * 1024)
#define INTENT_DAYS 7

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

/* ---- intentions ------------------------------------------------------------------------- */

/* The intention's bytes in a writing request; NULL where the message has none. */
static const ProtobufCBinaryData *
gate_intention(const Kehu__ClientFrame *frame)
{
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		return &frame->save->intention;
	case KEHU__CLIENT_FRAME__REQUEST_DELETE:
		return &frame->delete_->intention;
	case KEHU__CLIENT_FRAME__REQUEST_RESTORE:
		return &frame->restore->intention;
	case KEHU__CLIENT_FRAME__REQUEST_ACT:
		return &frame->act->intention;
	case KEHU__CLIENT_FRAME__REQUEST_BULK:
		return &frame->bulk->intention;
	/* Of a transfer in steps only the first is an intention; the others may be sent again. */
	case KEHU__CLIENT_FRAME__REQUEST_IMPORT:
		return frame->import->step == 1 ? &frame->import->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_ATTACH:
		return frame->attach->step == 1 ? &frame->attach->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_JOB:
		return frame->job->step == 1 ? &frame->job->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_EXPORT:
		return &frame->export->intention;
	case KEHU__CLIENT_FRAME__REQUEST_AUDIT:
		return frame->audit->step == 2 ? &frame->audit->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_PERSON:
		return person_writes(frame->person) ? &frame->person->intention : NULL;
	default:
		return NULL;
	}
}

/* Writes that are one transaction each must carry an intention; steps of a transfer may. */
static bool
gate_intention_needed(const Kehu__ClientFrame *frame)
{
	return frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_DELETE ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_RESTORE ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_ACT ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_BULK;
}

static enum err
gate_take_intention(struct call *call, const struct request_row *row)
{
	const ProtobufCBinaryData *bytes = gate_intention(call->request);
	int64_t age_ms;

	if (row->kind != KIND_WRITE || bytes == NULL || bytes->len == 0) {
		if (gate_intention_needed(call->request))
			return CALL_FAIL(call, ERR_BAD_REQUEST);
		/* History and audit rows still want an id for what happened. */
		call->intention = uuid_new();
		return ERR_OK;
	}
	if (bytes->len != sizeof(call->intention.bytes) || (bytes->data[6] >> 4) != 7)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	memcpy(call->intention.bytes, bytes->data, bytes->len);
	call->has_intention = true;
	age_ms = date_now_us() / 1000 - uuid_time_ms(call->intention);
	if (age_ms > INTENT_DAYS * INT64_C(86400000) || age_ms < -INT64_C(86400000))
		return CALL_FAIL(call, ERR_INTENT_UNKNOWN);
	return ERR_OK;
}

/*
 * The content of a write, without the frame's own number and the catalogue it was made under (a
 * client names the new one when it sends again): what a repeat must equal.
 */
static void
gate_content_hash(const struct call *call, uint8_t hash[32])
{
	Kehu__ClientFrame copy = *call->request;
	Kehu__Save save;
	Kehu__Act act;
	uint8_t *packed;
	size_t bytes;

	copy.has_number = false;
	if (copy.request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE) {
		save = *copy.save;
		save.has_catalog_version = false;
		copy.save = &save;
	} else if (copy.request_case == KEHU__CLIENT_FRAME__REQUEST_ACT) {
		act = *copy.act;
		act.has_catalog_version = false;
		copy.act = &act;
	}
	bytes = kehu__client_frame__get_packed_size(&copy);
	packed = arena_alloc(call->arena, bytes);
	kehu__client_frame__pack(&copy, packed);
	hash_sha256(packed, bytes, hash);
}

/* The answer of a write that was done before, in the shape its request expects. */
static void
gate_answer_outcome(struct call *call, uint32_t entity, int64_t id, uint32_t version)
{
	Kehu__ImportAnswer *import;
	Kehu__AttachAnswer *attach;
	Kehu__JobAnswer *job;
	Kehu__AuditAnswer *audit;
	Kehu__Written *written;

	switch (call->request->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_IMPORT:
		import = call->answer.import = ARENA_NEW(call->arena, Kehu__ImportAnswer);
		kehu__import_answer__init(import);
		import->has_id = true;
		import->id = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_IMPORT;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_ATTACH:
		attach = call->answer.attach = ARENA_NEW(call->arena, Kehu__AttachAnswer);
		kehu__attach_answer__init(attach);
		attach->has_id = true;
		attach->id = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ATTACH;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_AUDIT:
		audit = call->answer.audit = ARENA_NEW(call->arena, Kehu__AuditAnswer);
		kehu__audit_answer__init(audit);
		audit->has_job = true;
		audit->job = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_AUDIT;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_PERSON:
		call->answer.person = ARENA_NEW(call->arena, Kehu__PersonAnswer);
		kehu__person_answer__init(call->answer.person);
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_PERSON;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_EXPORT:
	case KEHU__CLIENT_FRAME__REQUEST_JOB:
		job = call->answer.job = ARENA_NEW(call->arena, Kehu__JobAnswer);
		kehu__job_answer__init(job);
		job->has_id = true;
		job->id = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_JOB;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_BULK:
		call->answer.bulk = ARENA_NEW(call->arena, Kehu__BulkAnswer);
		kehu__bulk_answer__init(call->answer.bulk);
		call->answer.bulk->has_repeated_request = call->answer.bulk->repeated_request = true;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_BULK;
		break;
	default:
		written = call->answer.written = ARENA_NEW(call->arena, Kehu__Written);
		kehu__written__init(written);
		written->has_entity = written->has_id = written->has_version = true;
		written->entity = entity;
		written->id = id;
		written->version = version;
		written->has_repeated_request = written->repeated_request = true;
		written->has_waits = written->waits = entity == E_approval &&
		    (call->request->request_case != KEHU__CLIENT_FRAME__REQUEST_ACT ||
			call->request->act->entity != E_approval);
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_WRITTEN;
		break;
	}
}

/* A repeat: answer with the stored outcome, if it is the same user's and the same content. */
static enum err
gate_answer_repeat(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[32];
	struct rows *rows;
	const void *stored;
	size_t bytes;

	store_read(call->store);
	sql_add(sql, "SELECT user_id, hash, status, entity, record_id, version FROM outcome "
		     "WHERE day = outcome_day(");
	sql_uuid(sql, call->intention);
	sql_add(sql, ") AND id = ");
	sql_uuid(sql, call->intention);
	store_queue(call->store, sql, &rows);
	if (store_flush(call->store, call->arena) != ERR_OK)
		return CALL_FAIL(call, ERR_UNKNOWN_OUTCOME);
	if (rows->count == 0)
		return ERR_EMPTY;
	gate_content_hash(call, hash);
	stored = rows_bytea(call->arena, rows, 0, 1, &bytes);
	call->failure = (struct failure){ 0 };
	if (rows_int(rows, 0, 0) != call->session.user || bytes != sizeof(hash) ||
	    memcmp(stored, hash, sizeof(hash)) != 0)
		return CALL_FAIL(call, ERR_INTENT_REUSED);
	gate_answer_outcome(call, (uint32_t)rows_int(rows, 0, 3), rows_int(rows, 0, 4),
	    (uint32_t)rows_int(rows, 0, 5));
	return ERR_OK;
}

/* ---- running ---------------------------------------------------------------------------- */

/* Outcome and audit row of a write, then COMMIT: one more trip for all of it. */
static enum err
gate_finish(struct call *call, const struct request_row *row)
{
	struct sql *sql;
	uint8_t hash[32];
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
	sql = sql_new(call->arena);
	gate_content_hash(call, hash);
	sql_add(sql, "SELECT kehu_outcome(");
	sql_uuid(sql, call->intention);
	sql_add(sql, ", ");
	sql_bytes(sql, hash, sizeof(hash));
	sql_add(sql, ", ");
	sql_int(sql, call->done_entity);
	sql_add(sql, ", ");
	sql_int(sql, call->done_id);
	sql_add(sql, ", ");
	sql_int(sql, call->done_version);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", ");
	sql_text(sql, row->name);
	sql_add(sql, ", ");
	sql_text(sql, call->done_action);
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
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

/*
 * The field a unique index of the database speaks of: they are called <table>_<field>. Text tells
 * nothing of the other record, which the user may not be able to see.
 */
static struct failure
gate_blame_constraint(const struct call *call, enum err err)
{
	struct failure failure = { .err = err };
	const char *name = store_constraint(call->store);

	for (size_t i = 0; err == ERR_DUPLICATE && call->user != NULL && i < catalog_count(call->catalog); i++) {
		const struct entity_view *entity =
		    access_view(call->user, catalog_at(call->catalog, i)->def);
		const char *table = entity_table(entity->def);
		size_t bytes = strlen(table);
		const struct field *field;

		if (strncmp(name, table, bytes) != 0 || name[bytes] != '_')
			continue;
		field = entity_field_named(entity, name + bytes + 1);
		if (field != NULL) {
			failure.entity = entity->def->number;
			failure.field = field->number;
		}
	}
	return failure;
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
	call->begun = call->matched_whole = false;
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
	failure = gate_blame_constraint(call, err);
	if (call->begun)
		store_rollback(call->store);
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
		call->session.user = call->session.id = 0;
		call->failure = (struct failure){ .err = ERR_SESSION_ENDED };
		return ERR_SESSION_ENDED;
	}
	/*
	 * The same intention may have been done by another connection while this one waited for a
	 * lock: then its outcome is the answer, not the conflict seen here.
	 */
	if (call->has_intention && call->begun && err != ERR_DB_GONE) {
		enum err repeat = gate_answer_repeat(call);

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
		err = gate_attempt(call, row, &again);
	}
	if (again)
		return CALL_FAIL(call, ERR_STALE);
	return err;
}

/* ---- answering -------------------------------------------------------------------------- */

/*
 * A rule may blame a field that this reader does not know of: then it blames none. Which field the
 * reader himself named is no news to him.
 */
static struct failure
gate_seen_failure(const struct call *call, struct failure failure)
{
	const Kehu__ClientFrame *frame = call->request;
	uint32_t entity = failure.entity;
	const struct entity_view *view;

	if (call->user == NULL || failure.field == 0 || failure.err == ERR_NO_SUCH_FIELD)
		return failure;
	if (entity == 0 && frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE &&
	    frame->save->record != NULL)
		entity = frame->save->record->entity;
	view = call_view(call, entity);
	if (view == NULL || entity_field(view, failure.field) != NULL)
		return failure;
	failure.field = 0;
	failure.text = NULL;
	return failure;
}

static Kehu__Error *
gate_error(const struct call *call, const struct failure *blamed)
{
	const struct failure seen = gate_seen_failure(call, *blamed), *failure = &seen;
	Kehu__Error *error = ARENA_NEW(call->arena, Kehu__Error);
	const char *text = failure->text != NULL ? failure->text :
						   err_text(failure->err, call->session.lang);

	kehu__error__init(error);
	error->has_code = true;
	error->code = (uint32_t)failure->err;
	error->text = arena_strdup(call->arena, text);
	error->has_entity = failure->entity != 0;
	error->entity = failure->entity;
	error->has_field = failure->field != 0;
	error->field = failure->field;
	error->has_line = failure->line != 0;
	error->line = failure->line;
	error->has_position = failure->err == ERR_QUERY;
	error->position = failure->position;
	error->has_ticket = failure->ticket != NULL;
	if (failure->ticket != NULL)
		error->ticket = (ProtobufCBinaryData){ 32, (uint8_t *)(uintptr_t)failure->ticket };
	error->has_retry_safe = true;
	error->retry_safe = err_retry_safe(failure->err);
	return error;
}

static void
gate_answer_error(struct call *call)
{
	Kehu__Error *error = gate_error(call, &call->failure);

	error->has_step = call->failed_step != 0;
	error->step = call->failed_step;
	if (call->more_count > 0) {
		error->n_more = call->more_count;
		error->more = ARENA_ARRAY(call->arena, Kehu__Error *, call->more_count);
		for (size_t i = 0; i < call->more_count; i++)
			error->more[i] = gate_error(call, &call->more[i]);
	}
	if (call->failure.err == ERR_CONFLICT) {
		error->n_differences = call->difference_count;
		error->differences = (Kehu__Difference **)(uintptr_t)call->differences;
		error->has_version = true;
		error->version = call->current_version;
	}
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
	call->answer.error = error;
}

static void
gate_log(const struct call *call, const char *name, enum err err, size_t bytes)
{
	int64_t us = date_monotonic_us() - call->started_us;
	bool slow = us / 1000 >= call->server->settings.log_slow;
	int level = err == ERR_INTERNAL ? LOG_ERROR : slow ? LOG_WARN : LOG_INFO;

	if (!log_wants((enum log_level)level))
		return;
	call_log(call, level, slow ? "slow request" : "request",
	    "name=%s outcome=%s us=%" PRId64 " rows=%zu bytes=%zu", name, err_name(err), us,
	    call->rows, bytes);
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
	return gate_take_intention(call, *row);
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
		gate_answer_error(&call);
	call.answer.has_number = call.answer.has_reference = true;
	call.answer.number = work->number;
	call.answer.reference = call.reference;
	if (frame_pack_server(out, &call.answer, call.session.zstd) != ERR_OK) {
		/* A big answer of many rows; nothing was appended. */
		err = ERR_TOO_LARGE;
		call.failure = (struct failure){ .err = err };
		call.more_count = 0;
		gate_answer_error(&call);
		frame_pack_server(out, &call.answer, call.session.zstd);
	}
	work->session = call.session;
	if (work->mark && err != ERR_SESSION_ENDED)
		gate_mark(&call);
	gate_log(&call, row != NULL ? row->name : "?", err, out->bytes);
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
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		fatal("out of memory");
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
