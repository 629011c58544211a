/*
 * The job machine: claim a row, run its kind as the user who started it, store how it ended.
 *
 * Claiming the row is what makes a job run once: whoever updates it to running owns it until
 * the lease ends, and every later write of this run names its claim. A server that dies leaves
 * the lease to run out; another claims the job again, at most three times.
 */
#include "server/job/job.h"

#include "common/date.h"
#include "common/log.h"
#include "server/audit/audit.h"
#include "server/entity/fields.h"
#include "server/job/export.h"
#include "server/record/hand_over.h"
#include "server/report/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOB_LEASE_S	   60
#define JOB_ATTEMPTS_MAX   3
#define JOB_AGAIN_S	   10 /* before a job goes on that the database interrupted */
#define JOB_REPORT_US	   (US_PER_SECOND / 2)
#define JOB_RUNS_MAX	   40 /* of one transaction */
#define JOB_PAUSE_MS	   500

const struct job_kind job_kinds[] = {
	{ "demo", demo_job_run, "administrator" },
	{ "import", import_job_run, NULL },
	{ "hand_over", hand_over_job_run, NULL },
	{ "audit_verify", audit_verify_run, NULL },
	{ "export", export_job_run, NULL },
	{ "report", schedule_job_run, NULL },
	{ "bulk", alter_job_run, NULL },
	{ "duplicates", duplicate_job_run, .entity = E_customer, .right = RIGHT_APPROVE },
	{ 0 },
};

/* ---- claiming ---------------------------------------------------------------------------- */

/* Rights and catalogue, when this worker is the first of the process to need them. */
static bool
job_has_snapshots(struct worker *worker)
{
	struct server *server = worker->server;
	bool loaded;

	pthread_mutex_lock(&server->lock);
	loaded = server->access != NULL && server->catalog != NULL;
	pthread_mutex_unlock(&server->lock);
	return loaded || snapshot_load(server, worker->store) == ERR_OK;
}

static char *
job_claim_name(struct arena *arena)
{
	char host[64] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		snprintf(host, sizeof(host), "?");
	return arena_printf(
	    arena, "%s %d %s", host, (int)getpid(), uuid_format(arena, uuid_new()));
}

/* The oldest job that waits, or whose server let its lease run out; of kinds known here. */
static enum err
job_claim(struct worker *worker, struct job *job, struct rows **rows)
{
	const char *kinds[16];
	size_t count = 0;
	struct sql *sql = sql_new(job->arena);

	while (count < sizeof(kinds) / sizeof(kinds[0]) && job_kinds[count].kind != NULL) {
		kinds[count] = job_kinds[count].kind;
		count++;
	}
	sql_add(sql, "UPDATE job SET state = 'running', attempts = attempts + 1, worker = ");
	sql_text(sql, job->claim);
	sql_addf(sql, ", lease_until = now() + interval '%d seconds'", JOB_LEASE_S);
	sql_add(sql, ", started_at = coalesce(started_at, now()) WHERE id = (SELECT id FROM job"
		     " WHERE state IN ('waiting', 'running')"
		     " AND (lease_until IS NULL OR lease_until < now()) AND kind = ANY(");
	sql_texts(sql, kinds, count);
	sql_add(sql, ") ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
		     " RETURNING id, kind, arguments, created_by, attempts, done, total, cancel,"
		     " (SELECT count(*) FROM job_chunk c WHERE c.job_id = job.id), change_id");
	sql_named(sql);
	store_begin(worker->store);
	store_queue(worker->store, sql, rows);
	return store_commit(worker->store, job->arena);
}

static void
job_take(struct job *job, const struct rows *rows)
{
	job->id = rows_int(rows, 0, 0);
	job->kind = rows_text(rows, 0, 1);
	job->arguments = rows_text(rows, 0, 2);
	job->user = rows_int(rows, 0, 3);
	job->attempts = (int)rows_int(rows, 0, 4);
	job->done = rows_int(rows, 0, 5);
	job->total = rows_int(rows, 0, 6);
	job->cancelled = rows_bool(rows, 0, 7);
	job->chunks = (uint32_t)rows_int(rows, 0, 8);
	job->lease_until_us = date_monotonic_us() + JOB_LEASE_S * US_PER_SECOND;
}

/* The call of a job: its user's, in the language and time zone they asked in. */
static void
job_call_init(struct job *job, struct call *call, const struct rows *rows)
{
	const char *lang = job_argument(job, "lang"), *offset = job_argument(job, "offset");
	const char *change = rows_text(rows, 0, 9);

	gate_call_init(call, job->worker, job->user);
	call->session.state = SESSION_LOGGED_IN;
	call->session.lang = lang != NULL && strcmp(lang, "zh") == 0 ? LANG_ZH : LANG_EN;
	call->session.offset_min = offset != NULL ? atoi(offset) : 0;
	snprintf(call->session.peer, sizeof(call->session.peer), "job");
	call->reference = (uint64_t)job->id;
	/* History and audit name what started it. */
	if (change == NULL || !uuid_parse(change, &call->intention))
		call->intention = uuid_new();
	job->call = call;
	snapshot_take(call->server, call);
	if (job->user != 0 && call->user == NULL &&
	    snapshot_load(call->server, call->store) == ERR_OK) {
		snapshot_release(call);
		snapshot_take(call->server, call);
	}
}

/* ---- ending ------------------------------------------------------------------------------ */

enum job_end { JOB_DONE, JOB_FAILED, JOB_CANCELLED, JOB_AGAIN };

static enum job_end
job_end_of(const struct job *job, enum err err)
{
	if (err == ERR_OK)
		return JOB_DONE;
	if (job->cancelled)
		return JOB_CANCELLED;
	if (job->released)
		return JOB_AGAIN;
	if ((err == ERR_DB_GONE || err == ERR_UNKNOWN_OUTCOME) && job->attempts < JOB_ATTEMPTS_MAX)
		return JOB_AGAIN;
	return JOB_FAILED;
}

static const char *
job_end_text(const struct job *job, enum err err)
{
	const struct call *call = job->call;

	if (job->text[0] != '\0')
		return job->text;
	if (err == ERR_OK)
		return NULL;
	return call->failure.text != NULL ? call->failure.text :
					    err_text(err, call->session.lang);
}

static enum err
job_store_end(struct job *job, enum job_end end, enum err err, struct rows **rows)
{
	static const char *const states[] = { "done", "failed", "cancelled", "waiting" };
	struct store *store = job->worker->store;
	struct sql *sql = sql_new(job->arena);

	sql_add(sql, "UPDATE job SET state = ");
	sql_text(sql, states[end]);
	sql_add(sql, ", done = ");
	sql_int(sql, job->done);
	sql_add(sql, ", total = ");
	sql_int(sql, job->total);
	sql_add(sql, ", text = ");
	sql_text(sql, end == JOB_AGAIN ? NULL : job_end_text(job, err));
	sql_add(sql, ", error = ");
	sql_int(sql, end == JOB_FAILED ? (int64_t)err : 0);
	sql_add(sql, "::integer");
	if (end != JOB_AGAIN)
		sql_add(sql, ", finished_at = now(), lease_until = NULL");
	else if (job->released) /* the server's doing, not the job's */
		sql_add(sql, ", attempts = attempts - 1, lease_until = NULL");
	else
		sql_addf(sql, ", lease_until = now() + interval '%d seconds'", JOB_AGAIN_S);
	sql_add(sql, " WHERE id = ");
	sql_int(sql, job->id);
	sql_add(sql, " AND state = 'running' AND worker = ");
	sql_text(sql, job->claim);
	sql_add(sql, " RETURNING id");
	store_begin(store);
	store_queue(store, sql, rows);
	return store_commit(store, job->arena);
}

static bool
job_server_stops(const struct job *job)
{
	return job->worker->server->net != NULL && net_stopping(job->worker->server->net);
}

static void
job_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = JOB_PAUSE_MS * 1000000L }, NULL);
}

/* While the lease lasts the end is tried again; afterwards another server finds the job. */
static void
job_end(struct job *job, enum err err)
{
	enum job_end end = job_end_of(job, err);
	struct rows *rows = NULL;
	enum err stored;

	/* Whatever the kind left open. */
	store_rollback(job->worker->store);
	for (;;) {
		stored = job_store_end(job, end, err, &rows);
		if (stored == ERR_OK || job_server_stops(job) ||
		    date_monotonic_us() >= job->lease_until_us)
			break;
		job_pause();
	}
	if (stored != ERR_OK || rows->count == 0)
		call_log(job->call, LOG_WARN, "job left to others", "job=%" PRId64 " kind=%s why=%s",
		    job->id, job->kind, stored != ERR_OK ? err_name(stored) : "lease");
	else
		call_log(job->call, err == ERR_INTERNAL ? LOG_ERROR : LOG_INFO, "job",
		    "job=%" PRId64 " kind=%s outcome=%s attempt=%d done=%" PRId64, job->id, job->kind,
		    err_name(err), job->attempts, job->done);
}

/* ---- running ----------------------------------------------------------------------------- */

static enum err
job_run(struct job *job)
{
	if (job->cancelled)
		return ERR_CANCELLED;
	if (job->attempts > JOB_ATTEMPTS_MAX) {
		job_say(job, "Interrupted %d times; given up", "已中断 %d 次，不再重试",
		    JOB_ATTEMPTS_MAX);
		return ERR_INTERNAL;
	}
	if (job->user != 0 && job->call->user == NULL)
		return ERR_FORBIDDEN; /* disabled since */
	for (const struct job_kind *kind = job_kinds; kind->kind != NULL; kind++)
		if (strcmp(kind->kind, job->kind) == 0)
			return kind->run(job);
	return ERR_INTERNAL; /* claimed without being asked for */
}

void
job_run_waiting(struct worker *worker)
{
	struct job job = { .worker = worker };
	struct rows *rows = NULL;
	struct call call;

	job.arena = arena_new(0);
	job.claim = job_claim_name(job.arena);
	if (job_server_stops(&job) || !job_has_snapshots(worker) ||
	    job_claim(worker, &job, &rows) != ERR_OK || rows->count == 0)
		goto out;
	job_take(&job, rows);
	job_call_init(&job, &call, rows);
	job_end(&job, job_run(&job));
	gate_call_fini(&call);
out:
	arena_free(job.arena);
}

/* ---- for the kinds ----------------------------------------------------------------------- */

/* A fresh start within the same call: new snapshots, nothing registered, no failure. */
static void
job_call_renew(struct call *call)
{
	snapshot_release(call);
	arena_reset(call->arena);
	call->failure = (struct failure){ 0 };
	call->more_count = call->difference_count = call->setting_count = 0;
	call->begun = call->has_jobs = false;
	snapshot_take(call->server, call);
}

/* Whether a failed transaction may be run again, having done what that takes. */
static bool
job_may_repeat(struct job *job, enum err err)
{
	struct store *store = job->call->store;
	char state[8];

	snprintf(state, sizeof(state), "%s", store_state(store));
	if (err == ERR_DB_GONE && store_retryable(store)) {
		if (job_server_stops(job) || date_monotonic_us() >= job->lease_until_us)
			return false;
		job_pause();
		return true;
	}
	if (strcmp(state, STATE_STALE_ACCESS) == 0 || strcmp(state, STATE_STALE_CATALOG) == 0)
		return snapshot_load(job->call->server, store) == ERR_OK;
	return strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0;
}

/* Who claims skips rows that are locked. The clock, not the time this transaction began. */
enum err
job_hold(struct job *job)
{
	struct call *call = job->call;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_addf(sql, "UPDATE job SET lease_until = clock_timestamp() + interval '%d seconds' WHERE id = ", JOB_LEASE_S);
	sql_int(sql, job->id);
	sql_add(sql, " AND state = 'running' AND worker = ");
	sql_text(sql, job->claim);
	sql_add(sql, " RETURNING id");
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	job->released = rows->count == 0;
	if (!job->released)
		job->lease_until_us = date_monotonic_us() + JOB_LEASE_S * US_PER_SECOND;
	return job->released ? ERR_CANCELLED : ERR_OK;
}

enum err
job_transaction(struct job *job, enum err (*work)(struct job *job, void *to), void *to)
{
	struct call *call = job->call;
	enum err err = ERR_STALE;

	for (int i = 0; i < JOB_RUNS_MAX; i++) {
		bool retryable;

		job_call_renew(call);
		if (job->user != 0 && call->user == NULL)
			return CALL_FAIL(call, ERR_FORBIDDEN);
		err = work(job, to);
		if (err == ERR_OK && call->begun)
			err = store_commit(call->store, call->arena);
		if (err == ERR_OK) {
			gate_committed(call);
			return ERR_OK;
		}
		/* The rollback clears nothing that says why. */
		store_rollback(call->store);
		retryable = job_may_repeat(job, err);
		if (!retryable)
			break;
	}
	return CALL_FAIL(call, err);
}

bool
job_progress(struct job *job, int64_t done, int64_t total)
{
	struct store *store = job->worker->store;
	int64_t now_us = date_monotonic_us();
	struct arena_mark mark;
	struct rows *rows = NULL;
	struct sql *sql;

	job->done = done;
	job->total = total;
	if (job_server_stops(job))
		job->released = true;
	if (job->cancelled || job->released)
		return false;
	if (now_us - job->reported_us < JOB_REPORT_US)
		return true;
	mark = arena_mark(job->arena);
	sql = sql_new(job->arena);
	sql_add(sql, "UPDATE job SET done = ");
	sql_int(sql, done);
	sql_add(sql, ", total = ");
	sql_int(sql, total);
	sql_addf(sql, ", lease_until = now() + interval '%d seconds' WHERE id = ", JOB_LEASE_S);
	sql_int(sql, job->id);
	sql_add(sql, " AND state = 'running' AND worker = ");
	sql_text(sql, job->claim);
	sql_add(sql, " RETURNING cancel");
	sql_named(sql);
	store_begin(store);
	store_queue(store, sql, &rows);
	if (store_commit(store, job->arena) == ERR_OK) {
		job->reported_us = now_us;
		job->lease_until_us = now_us + JOB_LEASE_S * US_PER_SECOND;
		job->released = rows->count == 0;
		job->cancelled = rows->count > 0 && rows_bool(rows, 0, 0);
	} else {
		/* The database may come back within the lease. */
		job->released = now_us >= job->lease_until_us;
	}
	arena_rewind(job->arena, mark);
	return !job->cancelled && !job->released;
}

static enum err
job_add_chunk(struct job *job, const void *data, size_t bytes)
{
	struct store *store = job->worker->store;
	struct arena_mark mark = arena_mark(job->arena);
	struct sql *sql = sql_new(job->arena);
	enum err err;

	/* Only of a job that is still ours. */
	sql_add(sql, "INSERT INTO job_chunk (job_id, number, data) SELECT id, ");
	sql_int(sql, job->chunks);
	sql_add(sql, ", ");
	sql_bytes(sql, data, bytes);
	sql_add(sql, " FROM job WHERE id = ");
	sql_int(sql, job->id);
	sql_add(sql, " AND state = 'running' AND worker = ");
	sql_text(sql, job->claim);
	store_begin(store);
	store_queue(store, sql, NULL);
	err = store_commit(store, job->arena);
	arena_rewind(job->arena, mark);
	if (err == ERR_OK)
		job->chunks++;
	return err;
}

enum err
job_result(struct job *job, const void *data, size_t bytes)
{
	const char *at = data;
	enum err err = ERR_OK;

	while (err == ERR_OK && bytes > 0) {
		size_t piece = bytes < JOB_CHUNK_BYTES ? bytes : JOB_CHUNK_BYTES;

		err = job_add_chunk(job, at, piece);
		at += piece;
		bytes -= piece;
	}
	return err;
}

void
job_say(struct job *job, const char *en, const char *zh, ...)
{
	va_list args;

	va_start(args, zh);
	vsnprintf(job->text, sizeof(job->text), call_say(job->call, en, zh), args);
	va_end(args);
}

/* ---- arguments --------------------------------------------------------------------------- */

char *
job_argument_in(struct arena *arena, const char *arguments, const char *name)
{
	size_t name_bytes = strlen(name);

	for (const char *at = arguments; *at != '\0';) {
		size_t head = strcspn(at, " =");
		bool found = head == name_bytes && at[head] == '=' && memcmp(at, name, head) == 0;
		const char *value = at + head + (at[head] == '=');
		bool quoted = at[head] == '=' && *value == '"';
		size_t bytes = quoted ? strcspn(++value, "\"") : strcspn(value, " ");

		if (found)
			return arena_strndup(arena, value, bytes);
		at = value + bytes;
		at += quoted && *at == '"';
		at += strspn(at, " ");
	}
	return NULL;
}

char *
job_argument(struct job *job, const char *name)
{
	return job_argument_in(job->arena, job->arguments, name);
}

void
job_queue(struct call *call, const char *kind, const char *arguments, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "INSERT INTO job (kind, arguments, session_id, change_id, created_by) VALUES (");
	sql_text(sql, kind);
	sql_add(sql, ", ");
	/* How its summary will be worded; the first of a name counts, so arguments may differ. */
	sql_text(sql,
	    arena_printf(call->arena, "%s%slang=%s offset=%d", arguments,
		arguments[0] != '\0' ? " " : "", call->session.lang == LANG_ZH ? "zh" : "en",
		call->session.offset_min));
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_uuid(sql, call->intention);
	sql_add(sql, ", ");
	sql_int(sql, call->session.user);
	sql_add(sql, ") RETURNING id");
	store_queue(call->store, sql, rows);
	call->has_jobs = true;
}
