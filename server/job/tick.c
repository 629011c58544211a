/*
 * See tick.h. Which kehud does what is for one of them is decided by a row of table tick: who
 * moves next_at on does it. A run that lasts longer than its period must hold a lock of its
 * own.
 */
#include "server/job/tick.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/audit/audit.h"
#include "server/job/export.h"
#include "server/record/message.h"
#include "server/audit/readings.h"
#include "server/record/person.h"

#include <stdlib.h>
#include <time.h>

#define TICK_LOOK_MS 250

/* Delegations begin and end at midnight, when nobody changes anything. */
static enum err
tick_day(struct worker *worker)
{
	struct sql *sql = sql_new(worker->arena);
	struct rows *rows;

	sql_add(sql, "SELECT kehu_delegation_turn(true)");
	sql_named(sql);
	store_begin(worker->store);
	store_queue(worker->store, sql, &rows);
	return store_commit(worker->store, worker->arena);
}

/* A function that does at most so much at a time and says how much, until nothing is left; nobody's doing. */
static enum err
tick_batches(struct worker *worker, const char *function, int batch)
{
	struct rows *rows;
	enum err err;

	do {
		struct sql *context = sql_new(worker->arena), *sql = sql_new(worker->arena);

		sql_add(context, "SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true), "
				 "set_config('kehu.change', '', true)");
		sql_addf(sql, "SELECT %s(%d)", function, batch);
		store_begin(worker->store);
		store_queue(worker->store, context, NULL);
		store_queue(worker->store, sql, &rows);
		err = store_commit(worker->store, worker->arena);
	} while (err == ERR_OK && rows_int(rows, 0, 0) >= batch);
	return err;
}

/* Customers whose clock has run out go to their pool. */
static enum err
tick_pools(struct worker *worker)
{
	return tick_batches(worker, "kehu_pool_pass", 2000);
}

/* Tickets whose promise is about to break, or broke. */
static enum err
tick_sla(struct worker *worker)
{
	return tick_batches(worker, "kehu_sla_pass", 200);
}

/* Reports whose time has come are queued, and the files of those kept long enough go. */
static enum err
tick_reports(struct worker *worker)
{
	enum err err = tick_batches(worker, "kehu_reports_due", 50);

	return err == ERR_OK ? tick_batches(worker, "kehu_reports_expire", 100) : err;
}

/* What records have of choices that were merged becomes the other, some at a time, until none is left. */
static enum err
tick_choices(struct worker *worker)
{
	return tick_batches(worker, "kehu_choice_pass", 1000);
}

/* A function that does all there is at once; nobody's doing. */
static enum err
tick_once(struct worker *worker, const char *function)
{
	struct sql *context = sql_new(worker->arena), *sql = sql_new(worker->arena);

	sql_add(context, "SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true), "
			 "set_config('kehu.change', '', true)");
	sql_addf(sql, "SELECT %s()", function);
	store_begin(worker->store);
	store_queue(worker->store, context, NULL);
	store_queue(worker->store, sql, NULL);
	return store_commit(worker->store, worker->arena);
}

/* Once a quarter, accounts that nobody uses come up for review. */
static enum err
tick_reviews(struct worker *worker)
{
	return tick_once(worker, "kehu_account_review");
}

/* Reminders of anniversaries and birthdays that are near. */
static enum err
tick_anniversaries(struct worker *worker)
{
	return tick_once(worker, "kehu_anniversaries");
}

/* Classes of customers, and monthly figures that fell. */
static enum err
tick_classes(struct worker *worker)
{
	enum err err = tick_batches(worker, "kehu_months_fell", 1000);

	return err == ERR_OK ? tick_once(worker, "kehu_classify_all") : err;
}

const struct tick_kind tick_kinds[] = {
	{ "day", 5, false, tick_day },
	{ "pools", 30, false, tick_pools },
	{ "sla", 5, false, tick_sla },
	{ "reports", 5, false, tick_reports },
	{ "choices", 5, false, tick_choices },
	{ "audit_seal", 10, false, audit_seal_tick },
	{ "readings", 10, true, readings_tick },
	{ "approval_remind", 5, false, approval_remind_tick },
	{ "follow", 10, false, message_follow_tick },
	{ "message_mail", 5, false, message_mail_tick },
	{ "exports", 60, false, export_tick },
	{ "classes", 60, false, tick_classes },
	{ "anniversaries", 600, false, tick_anniversaries },
	{ "account_review", 3600, false, tick_reviews },
	{ "retention", 3600, false, person_retention_tick },
	{ 0 },
};

#define TICK_KINDS (sizeof(tick_kinds) / sizeof(tick_kinds[0]) - 1)

struct ticker {
	struct worker worker;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	int64_t due_us[TICK_KINDS]; /* monotonic */
};

static bool
tick_is_mine(struct ticker *ticker, const struct tick_kind *kind)
{
	struct worker *worker = &ticker->worker;
	struct sql *sql = sql_new(worker->arena);
	struct rows *rows;

	if (kind->everywhere)
		return true;
	sql_add(sql, "SELECT kehu_tick(");
	sql_text(sql, kind->name);
	sql_add(sql, ", ");
	sql_int(sql, kind->every_s);
	sql_add(sql, ")");
	sql_named(sql);
	store_begin(worker->store);
	store_queue(worker->store, sql, &rows);
	if (store_commit(worker->store, worker->arena) != ERR_OK) {
		store_rollback(worker->store);
		return false;
	}
	return rows_bool(rows, 0, 0);
}

static void
tick_run(struct ticker *ticker, const struct tick_kind *kind)
{
	struct worker *worker = &ticker->worker;
	enum err err;

	arena_reset(worker->arena);
	if (!tick_is_mine(ticker, kind))
		return;
	err = kind->run(worker);
	if (err == ERR_OK)
		return;
	log_warn("periodic work failed", "name=%s outcome=%s state=%s text=%s", kind->name,
	    err_name(err), store_state(worker->store),
	    log_value(worker->arena, store_message(worker->store)));
	store_rollback(worker->store);
}

/* False: the server stops. */
static bool
tick_wait(struct ticker *ticker)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TICK_LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&ticker->lock);
	if (!ticker->stop)
		pthread_cond_timedwait(&ticker->wake, &ticker->lock, &until);
	stop = ticker->stop;
	pthread_mutex_unlock(&ticker->lock);
	return !stop;
}

static void *
tick_thread(void *ticker_)
{
	struct ticker *ticker = ticker_;

	while (tick_wait(ticker))
		for (size_t i = 0; i < TICK_KINDS; i++) {
			if (date_monotonic_us() < ticker->due_us[i])
				continue;
			tick_run(ticker, &tick_kinds[i]);
			ticker->due_us[i] =
			    date_monotonic_us() + tick_kinds[i].every_s * US_PER_SECOND;
		}
	for (size_t i = 0; i < TICK_KINDS; i++)
		if (tick_kinds[i].everywhere)
			tick_run(ticker, &tick_kinds[i]);
	return NULL;
}

static void
ticker_free(struct ticker *ticker)
{
	store_free(ticker->worker.store);
	arena_free(ticker->worker.arena);
	pthread_mutex_destroy(&ticker->lock);
	pthread_cond_destroy(&ticker->wake);
	free(ticker);
}

struct ticker *
ticker_start(struct server *server)
{
	struct ticker *ticker = mem_zalloc(1, sizeof(*ticker));

	pthread_mutex_init(&ticker->lock, NULL);
	pthread_cond_init(&ticker->wake, NULL);
	ticker->worker =
	    (struct worker){ .server = server, .lane = LANE_JOBS, .arena = arena_new(0) };
	ticker->worker.store = store_new(&(struct store_options){
	    .conninfo = server->settings.database_connection,
	    .role = server->settings.database_role,
	    .statement_timeout_ms = (int)server->settings.database_heavy_timeout,
	    .lock_timeout_ms = (int)server->settings.database_lock_timeout,
	    .application = "kehud tick",
	    .need_primary = true,
	});
	if (pthread_create(&ticker->thread, NULL, tick_thread, ticker) != 0) {
		ticker_free(ticker);
		return NULL;
	}
	return ticker;
}

void
ticker_stop(struct ticker *ticker)
{
	if (ticker == NULL)
		return;
	pthread_mutex_lock(&ticker->lock);
	ticker->stop = true;
	pthread_cond_signal(&ticker->wake);
	pthread_mutex_unlock(&ticker->lock);
	pthread_join(ticker->thread, NULL);
	ticker_free(ticker);
}
