/*
 * See remind.h. A reminder that is due becomes a message of its owner in the transaction that marks it
 * as told; the change feed brings that to the clients that are open, on whichever server. The server
 * that has one of them marks the reminder as shown; what nobody marks goes by mail (the outbox).
 *
 * Looking costs one index read of what is due. Two servers take different rows (SKIP LOCKED).
 */
#include "server/job/remind.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define REMIND_LOOK_MS	  250
#define REMIND_BATCH	  500
#define REMIND_MAIL_AFTER_S 3
#define PLAN_EVERY_US	  (60 * US_PER_SECOND)
#define PLAN_BATCH	  20

struct remind {
	struct server *server;
	struct store *store;
	struct arena *arena;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	int64_t plans_us; /* monotonic: when to look at plans next */
};

/* In a transaction of the server's own: user and session 0, nothing open. */
static bool
remind_run(struct remind *remind, const struct sql *sql, struct rows **rows)
{
	struct sql *context = sql_new(remind->arena);

	store_begin(remind->store);
	sql_add(context, "SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true), "
			 "set_config('kehu.change', '', true)");
	sql_named(context);
	store_queue(remind->store, context, NULL);
	store_queue(remind->store, sql, rows);
	if (store_commit(remind->store, remind->arena) == ERR_OK)
		return true;
	log_warn("reminders", "state=%s text=%s", store_state(remind->store),
	    log_value(remind->arena, store_message(remind->store)));
	store_rollback(remind->store);
	return false;
}

/* A function that works on some rows and says how many there were: again while there may be more. */
static bool
remind_all(struct remind *remind, const char *call, int batch)
{
	struct sql *sql = sql_new(remind->arena);
	struct rows *rows;

	sql_addf(sql, "SELECT %s%d)", call, batch);
	sql_named(sql);
	do {
		if (!remind_run(remind, sql, &rows))
			return false;
	} while (rows_int(rows, 0, 0) >= batch);
	return true;
}

/* Of those told, the ones whose people have a client open here. */
static void
remind_mark_shown(struct remind *remind)
{
	struct sql *sql = sql_new(remind->arena);
	int64_t *ids, *users;
	bool *here;
	size_t count = 0;
	struct rows *rows;

	sql_add(sql, "SELECT id, owner_id FROM kehu_remind_unseen()");
	sql_named(sql);
	if (!remind_run(remind, sql, &rows) || rows->count == 0)
		return;
	ids = ARENA_ARRAY(remind->arena, int64_t, rows->count);
	users = ARENA_ARRAY(remind->arena, int64_t, rows->count);
	here = ARENA_ARRAY(remind->arena, bool, rows->count);
	for (size_t i = 0; i < rows->count; i++)
		users[i] = rows_int(rows, i, 1);
	if (!net_present(remind->server->net, users, rows->count, here))
		return;
	for (size_t i = 0; i < rows->count; i++)
		if (here[i])
			ids[count++] = rows_int(rows, i, 0);
	if (count == 0)
		return;
	sql = sql_new(remind->arena);
	sql_add(sql, "SELECT kehu_remind_seen(");
	sql_ints(sql, ids, count);
	sql_add(sql, ")");
	sql_named(sql);
	(void)remind_run(remind, sql, NULL);
}

static void
remind_plans(struct remind *remind)
{
	if (date_monotonic_us() < remind->plans_us)
		return;
	remind->plans_us = date_monotonic_us() + PLAN_EVERY_US;
	(void)remind_all(remind, "kehu_plans_make(", PLAN_BATCH);
}

/* False: the server stops. */
static bool
remind_wait(struct remind *remind)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += REMIND_LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&remind->lock);
	if (!remind->stop)
		pthread_cond_timedwait(&remind->wake, &remind->lock, &until);
	stop = remind->stop;
	pthread_mutex_unlock(&remind->lock);
	return !stop;
}

static void *
remind_thread(void *remind_)
{
	struct remind *remind = remind_;

	while (remind_wait(remind)) {
		arena_reset(remind->arena);
		if (!remind_all(remind, remind->server->settings.remind_working != 0 ?
			"kehu_remind(true, " : "kehu_remind(false, ", REMIND_BATCH))
			continue;
		remind_mark_shown(remind);
		(void)remind_all(remind,
		    arena_printf(remind->arena, "kehu_remind_mail(%d, ", REMIND_MAIL_AFTER_S), REMIND_BATCH);
		remind_plans(remind);
	}
	return NULL;
}

static void
remind_free(struct remind *remind)
{
	store_free(remind->store);
	arena_free(remind->arena);
	pthread_mutex_destroy(&remind->lock);
	pthread_cond_destroy(&remind->wake);
	free(remind);
}

struct remind *
remind_start(struct server *server)
{
	struct remind *remind = mem_zalloc(1, sizeof(*remind));

	pthread_mutex_init(&remind->lock, NULL);
	pthread_cond_init(&remind->wake, NULL);
	remind->server = server;
	remind->arena = arena_new(0);
	remind->store = store_new(&(struct store_options){
	    .conninfo = server->settings.database_connection,
	    .role = server->settings.database_role,
	    .statement_timeout_ms = (int)server->settings.database_statement_timeout,
	    .lock_timeout_ms = (int)server->settings.database_lock_timeout,
	    .application = "kehud remind",
	    .need_primary = true,
	});
	if (pthread_create(&remind->thread, NULL, remind_thread, remind) != 0) {
		remind_free(remind);
		return NULL;
	}
	return remind;
}

void
remind_stop(struct remind *remind)
{
	if (remind == NULL)
		return;
	pthread_mutex_lock(&remind->lock);
	remind->stop = true;
	pthread_cond_signal(&remind->wake);
	pthread_mutex_unlock(&remind->lock);
	pthread_join(remind->thread, NULL);
	remind_free(remind);
}
