/*
 * One thread reads the change table by snapshot difference and hands what it finds to net, which
 * knows who is looking at what. It polls each second and is woken by an empty NOTIFY from kehud's own
 * waker (saves never NOTIFY: that would serialise their commits).
 *
 * The same thread loads fresh snapshots when a change of rights shows, and ends the connections of
 * users who were disabled and of sessions that were ended, so that this happens within the second
 * on every kehud.
 */
#include "server/gate/metrics.h"
#include "server/gate/feed.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FEED_BATCH_MAX 5000
#define FEED_SESSION 31        /* no record: a session that has ended (session_on_end) */
#define FEED_WAIT_MS 200       /* longest a committed change waits to be seen */
#define FEED_PURGE_US (60 * US_PER_SECOND)

struct feed {
	struct server *server;
	struct store *store;
	struct arena *arena;
	pthread_t thread;
	atomic_bool stop;
	char position[256]; /* pg_current_snapshot of the last reading; "" at start */
	int64_t purged_us;
};

/* May this user hear of a record with these access columns, as it was or as it is? */
static bool
feed_reach(void *server_, int64_t user_id, const struct net_change *change)
{
	struct server *server = server_;
	const struct access_user *user;
	const struct entity_view *entity;
	bool reach = false;

	pthread_mutex_lock(&server->lock);
	user = access_user(server->access, user_id, date_today(0));
	entity = catalog_entity(server->catalog, change->entity);
	if (user != NULL && entity != NULL) {
		struct arms arms = access_arms(user, entity->def, RIGHT_VIEW);
		const int64_t *old = change->old_access, *new = change->new_access;

		/* Whoever something is shared with asked by id; the read that follows is checked. */
		reach = arms_reach(&arms, old[0], old[1], old[2], old[3]) ||
		    arms_reach(&arms, new[0], new[1], new[2], new[3]) || arms.shared_with != 0 || arms.company != 0;
	}
	pthread_mutex_unlock(&server->lock);
	return reach;
}

static void
feed_end_disabled(struct feed *feed, int64_t user)
{
	bool gone;

	pthread_mutex_lock(&feed->server->lock);
	gone = access_user(feed->server->access, user, date_today(0)) == NULL;
	pthread_mutex_unlock(&feed->server->lock);
	if (gone)
		net_end_sessions(feed->server->net, 0, user, ERR_SESSION_ENDED);
}

/* A message reaches its reader's open client as a notice; what it is about can be opened. */
static void
feed_push_message(struct feed *feed, const struct rows *rows, size_t row)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Notice notice = KEHU__NOTICE__INIT;

	notice.text = arena_strdup(feed->arena, rows_text(rows, row, 2));
	notice.has_entity = notice.has_id = true;
	notice.entity = rows_null(rows, row, 4) ? E_message : (uint32_t)rows_int(rows, row, 3);
	notice.id = rows_null(rows, row, 4) ? rows_int(rows, row, 0) : rows_int(rows, row, 4);
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_NOTICE;
	frame.notice = &notice;
	net_push(feed->server->net, rows_int(rows, row, 1), &frame);
}

/* New messages, for the users of this kehud. */
static void
feed_deliver_messages(struct feed *feed, const struct net_change *changes, size_t count)
{
	int64_t *ids = ARENA_ARRAY(feed->arena, int64_t, count + 1);
	struct sql *context, *sql;
	struct rows *rows;
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		if (changes[i].entity == E_message && changes[i].version == 1)
			ids[found++] = changes[i].id;
	if (found == 0)
		return;
	store_read(feed->store);
	context = sql_new(feed->arena);
	sql_addf(context, "SELECT set_config('kehu.r%d', '0|{}|{}|{}|t|0', true)", E_message);
	store_queue(feed->store, context, NULL);
	sql = sql_new(feed->arena);
	sql_add(sql, "SELECT id, owner_id, text, anchor_entity, anchor_id FROM message WHERE id = ANY (");
	sql_ints(sql, ids, found);
	sql_add(sql, ") AND read_at IS NULL ORDER BY id");
	store_queue(feed->store, sql, &rows);
	if (store_flush(feed->store, feed->arena) != ERR_OK)
		return;
	for (size_t i = 0; i < rows->count; i++)
		feed_push_message(feed, rows, i);
}

/* Rows of kehu_changes: snapshot, seq, entity, id, version, kind, old access ×4, new access ×4. */
static void
feed_deliver(struct feed *feed, const struct rows *rows)
{
	struct net_change *changes = ARENA_ARRAY(feed->arena, struct net_change, rows->count);
	size_t count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		struct net_change *change = &changes[count];

		if (rows_null(rows, i, 2))
			continue;
		change->entity = (uint32_t)rows_int(rows, i, 2);
		change->id = rows_int(rows, i, 3);
		change->version = (uint32_t)rows_int(rows, i, 4);
		for (size_t k = 0; k < 4; k++) {
			change->old_access[k] = rows_int(rows, i, 6 + k);
			change->new_access[k] = rows_int(rows, i, 10 + k);
		}
		count++;
	}
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (changes[i].entity == E_user)
			feed_end_disabled(feed, changes[i].id);
		if (changes[i].entity == FEED_SESSION)
			net_end_sessions(feed->server->net, changes[i].id, 0, ERR_SESSION_ENDED);
	}
	net_changed(feed->server->net, changes, count, feed_reach, feed->server);
	feed_deliver_messages(feed, changes, count);
}

/*
 * Rights and catalogue may have changed without a record to tell of: a line of a role, a custom
 * field. A request finds stale snapshots by itself when they let it through; this is for those
 * that refuse.
 */
static bool
feed_is_stale(struct feed *feed, const struct rows *state)
{
	bool stale;

	if (state->count == 0)
		return false;
	pthread_mutex_lock(&feed->server->lock);
	stale = access_epoch(feed->server->access) != rows_int(state, 0, 0) ||
	    catalog_version(feed->server->catalog) != (uint32_t)rows_int(state, 0, 1);
	pthread_mutex_unlock(&feed->server->lock);
	return stale;
}

static void
feed_read(struct feed *feed)
{
	struct sql *sql = sql_new(feed->arena), *epoch = sql_new(feed->arena);
	struct rows *rows, *state;

	store_read(feed->store);
	sql_add(epoch, "SELECT access_epoch, catalog_version FROM state");
	sql_named(epoch);
	store_queue(feed->store, epoch, &state);
	sql_add(sql, "SELECT * FROM kehu_changes(");
	sql_text(sql, feed->position);
	sql_addf(sql, ", %d)", FEED_BATCH_MAX);
	sql_named(sql);
	store_queue(feed->store, sql, &rows);
	enum err err = store_flush(feed->store, feed->arena);
	metrics_database(err == ERR_OK);
	if (err != ERR_OK || rows->count == 0)
		return;
	snprintf(feed->position, sizeof(feed->position), "%s", rows_text(rows, 0, 0));
	if (feed_is_stale(feed, state) && snapshot_load(feed->server, feed->store) != ERR_OK)
		log_warn("snapshots not loaded", "state=%s", store_state(feed->store));
	feed_deliver(feed, rows);
}

static void
feed_purge(struct feed *feed)
{
	struct sql *sql = sql_new(feed->arena);

	if (date_monotonic_us() - feed->purged_us < FEED_PURGE_US)
		return;
	feed->purged_us = date_monotonic_us();
	sql_add(sql, "SELECT kehu_change_purge(10000)");
	store_begin(feed->store);
	store_queue(feed->store, sql, NULL);
	if (store_commit(feed->store, feed->arena) != ERR_OK)
		store_rollback(feed->store);
}

static void *
feed_run(void *feed_)
{
	struct feed *feed = feed_;

	while (!atomic_load(&feed->stop)) {
		arena_reset(feed->arena);
		feed_read(feed);
		feed_purge(feed);
		store_wait_notify(feed->store, FEED_WAIT_MS);
	}
	return NULL;
}

struct feed *
feed_start(struct server *server)
{
	struct feed *feed = mem_zalloc(1, sizeof(*feed));

	feed->server = server;
	feed->arena = arena_new(0);
	feed->purged_us = date_monotonic_us();
	feed->store = store_new(&(struct store_options){
	    .conninfo = server->settings.database_connection,
	    .role = server->settings.database_role,
	    .statement_timeout_ms = (int)server->settings.database_statement_timeout,
	    .lock_timeout_ms = (int)server->settings.database_lock_timeout,
	    .application = "kehud feed",
	    .need_primary = true,
	});
	if (pthread_create(&feed->thread, NULL, feed_run, feed) != 0) {
		store_free(feed->store);
		arena_free(feed->arena);
		free(feed);
		return NULL;
	}
	return feed;
}

void
feed_stop(struct feed *feed)
{
	if (feed == NULL)
		return;
	atomic_store(&feed->stop, true);
	pthread_join(feed->thread, NULL);
	store_free(feed->store);
	arena_free(feed->arena);
	free(feed);
}
