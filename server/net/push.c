/*
 * What the server says unasked: changes of records on somebody's screen, notices, sessions
 * ended, the server stopping.
 *
 * A connection hears of a first change at once and then at most once a second, with all that
 * changed meanwhile, so that an import does not drown those who watch the list.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <stdlib.h>
#include <string.h>

#define PUSH_INTERVAL_US US_PER_SECOND
#define PUSH_TICK_MS     100
#define PUSH_RECORDS     200 /* in one push; past it an entity is named as a whole */

/* ---- changes ---------------------------------------------------------------------------- */

static void
push_drop_changes(struct conn *conn)
{
	free(conn->changes);
	conn->changes = NULL;
	conn->change_count = conn->change_room = 0;
}

void
push_forget(struct conn *conn)
{
	watch_clear(&conn->net->watches, conn);
	push_drop_changes(conn);
	if (conn->is_pushing)
		TAILQ_REMOVE(&conn->net->pushing, conn, pushing);
	conn->is_pushing = false;
}

/* One record or, where id is 0, the entity as a whole. */
static void
push_add(struct conn *conn, uint32_t entity, int64_t id, uint32_t version)
{
	struct net_change *change;

	for (size_t i = 0; i < conn->change_count; i++) {
		change = &conn->changes[i];
		if (change->entity != entity || (change->id != id && change->id != 0))
			continue;
		if (version > change->version)
			change->version = version;
		return;
	}
	if (conn->change_count == conn->change_room) {
		conn->change_room = conn->change_room == 0 ? 4 : conn->change_room * 2;
		change = mem_resize(conn->changes, conn->change_room * sizeof(*change));
		conn->changes = change;
	}
	conn->changes[conn->change_count++] =
	    (struct net_change){ .entity = entity, .id = id, .version = version };
}

/* Too many records: forget those of this entity, name it as a whole. */
static void
push_add_whole(struct conn *conn, uint32_t entity)
{
	size_t kept = 0;

	for (size_t i = 0; i < conn->change_count; i++)
		if (conn->changes[i].entity != entity)
			conn->changes[kept++] = conn->changes[i];
	conn->change_count = kept;
	push_add(conn, entity, 0, 0);
}

static void
push_flush(struct conn *conn)
{
	struct arena *arena = arena_new(0);
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Changed changed = KEHU__CHANGED__INIT;
	Kehu__ChangedRecord *records =
	    ARENA_ARRAY(arena, Kehu__ChangedRecord, conn->change_count);

	changed.n_records = conn->change_count;
	changed.records = ARENA_ARRAY(arena, Kehu__ChangedRecord *, conn->change_count);
	for (size_t i = 0; i < conn->change_count; i++) {
		kehu__changed_record__init(&records[i]);
		records[i].has_entity = records[i].has_id = true;
		records[i].entity = conn->changes[i].entity;
		records[i].id = conn->changes[i].id;
		records[i].has_version = conn->changes[i].version != 0;
		records[i].version = conn->changes[i].version;
		changed.records[i] = &records[i];
	}
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_CHANGED;
	frame.changed = &changed;
	push_drop_changes(conn);
	conn->pushed_us = date_monotonic_us();
	conn_send_frame(conn, &frame);
	arena_free(arena);
}

/* Sends what is due; the rest waits for the next tick. */
static void
push_flush_due(struct net *net)
{
	const struct timeval tick = { .tv_usec = PUSH_TICK_MS * 1000 };
	int64_t now = date_monotonic_us();
	struct conn *conn, *next;

	for (conn = TAILQ_FIRST(&net->pushing); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, pushing);
		if (conn->pushed_us != 0 && now - conn->pushed_us < PUSH_INTERVAL_US)
			continue;
		TAILQ_REMOVE(&net->pushing, conn, pushing);
		conn->is_pushing = false;
		push_flush(conn);
	}
	if (!TAILQ_EMPTY(&net->pushing))
		event_add(net->push_timer, &tick);
}

void
push_tick(evutil_socket_t fd, short what, void *net)
{
	(void)fd;
	(void)what;
	push_flush_due(net);
}

struct change_post {
	struct post post;
	net_reach reach;
	void *context;
	size_t count;
	struct net_change changes[];
};

/* What reach said last for a change: a user often has the record open twice. */
struct push_asked {
	int64_t user;
	bool answer;
};

static void
push_change_to(struct conn *conn, const struct change_post *post,
    const struct net_change *change, struct push_asked *asked)
{
	if (conn->session.state != SESSION_LOGGED_IN)
		return;
	if (asked->user != conn->session.user)
		*asked = (struct push_asked){ conn->session.user,
			post->reach(post->context, conn->session.user, change) };
	if (!asked->answer)
		return;
	if (conn->change_count < PUSH_RECORDS)
		push_add(conn, change->entity, change->id, change->version);
	else
		push_add_whole(conn, change->entity);
	if (!conn->is_pushing)
		TAILQ_INSERT_TAIL(&conn->net->pushing, conn, pushing);
	conn->is_pushing = true;
}

static void
push_changed(struct net *net, struct post *own)
{
	struct change_post *post = (struct change_post *)own;

	for (size_t i = 0; i < post->count; i++) {
		const struct net_change *change = &post->changes[i];
		struct push_asked asked = { 0 };
		struct watch *watch = NULL;

		while ((watch = watch_next(&net->watches, watch, change->entity, change->id)) !=
		       NULL)
			push_change_to(watch->conn, post, change, &asked);
		while ((watch = watch_next(&net->watches, watch, change->entity, 0)) != NULL)
			push_change_to(watch->conn, post, change, &asked);
	}
	free(post);
	push_flush_due(net);
}

void
net_changed(struct net *net, const struct net_change *changes, size_t count, net_reach reach,
    void *context)
{
	struct change_post *post;

	if (count == 0)
		return;
	post = mem_alloc(sizeof(*post) + count * sizeof(*changes));
	*post = (struct change_post){
		.post.run = push_changed, .reach = reach, .context = context, .count = count
	};
	memcpy(post->changes, changes, count * sizeof(*changes));
	net_post(net, &post->post);
}

/* ---- frames for everybody, or for one user ---------------------------------------------- */

struct push_post {
	struct post post;
	int64_t user;
	struct buf frame;
};

static void
push_send_all(
    struct net *net, enum session_state at_least, int64_t user, const struct buf *frame)
{
	for (uint32_t slot = 0; slot < net->slots_used; slot++) {
		struct conn *conn = net->conns[slot];

		if (conn != NULL && conn->session.state >= at_least &&
		    (user == 0 || (conn->session.user == user && conn->session.viewer == 0)))
			conn_send(conn, frame->data, frame->bytes);
	}
}

static void
push_pushed(struct net *net, struct post *own)
{
	struct push_post *post = (struct push_post *)own;

	push_send_all(net, SESSION_LOGGED_IN, post->user, &post->frame);
	buf_fini(&post->frame);
	free(post);
}

void
net_push(struct net *net, int64_t user, const Kehu__ServerFrame *frame)
{
	struct push_post *post = mem_zalloc(1, sizeof(*post));

	post->post.run = push_pushed;
	post->user = user;
	if (frame_pack_server(&post->frame, frame, false) != ERR_OK)
		log_error("push dropped", "answer=%d", (int)frame->answer_case);
	net_post(net, &post->post);
}

/* ---- who is here ------------------------------------------------------------------------ */

/* Shared by the one who asks and the loop; the second to let go frees it. */
struct present_post {
	struct post post;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool answered, abandoned;
	size_t count;
	bool *present;
	int64_t users[];
};

static void
present_free(struct present_post *post)
{
	pthread_mutex_destroy(&post->lock);
	pthread_cond_destroy(&post->done);
	free(post->present);
	free(post);
}

static void
push_present(struct net *net, struct post *own)
{
	struct present_post *post = (struct present_post *)own;
	bool abandoned;

	for (uint32_t slot = 0; slot < net->slots_used; slot++) {
		const struct conn *conn = net->conns[slot];

		for (size_t i = 0; conn != NULL && conn->session.state == SESSION_LOGGED_IN && i < post->count; i++)
			if (post->users[i] == conn->session.user && conn->session.viewer == 0)
				post->present[i] = true;
	}
	pthread_mutex_lock(&post->lock);
	post->answered = true;
	abandoned = post->abandoned;
	pthread_cond_signal(&post->done);
	pthread_mutex_unlock(&post->lock);
	if (abandoned)
		present_free(post);
}

bool
net_present(struct net *net, const int64_t *users, size_t count, bool *present)
{
	struct present_post *post = mem_zalloc(1, sizeof(*post) + count * sizeof(*users));
	struct timespec until;
	bool answered;

	post->present = mem_zalloc(count + 1, sizeof(*post->present));
	pthread_mutex_init(&post->lock, NULL);
	pthread_cond_init(&post->done, NULL);
	post->post.run = push_present;
	post->count = count;
	memcpy(post->users, users, count * sizeof(*users));
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	net_post(net, &post->post);
	pthread_mutex_lock(&post->lock);
	while (!post->answered && pthread_cond_timedwait(&post->done, &post->lock, &until) == 0)
		;
	answered = post->answered;
	post->abandoned = !answered;
	if (answered)
		memcpy(present, post->present, count * sizeof(*present));
	pthread_mutex_unlock(&post->lock);
	if (answered)
		present_free(post);
	return answered;
}

void
push_moving(struct net *net, int seconds)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Moving moving = KEHU__MOVING__INIT;
	struct buf out = BUF_INIT;

	moving.has_seconds = true;
	moving.seconds = (uint32_t)seconds;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_MOVING;
	frame.moving = &moving;
	if (frame_pack_server(&out, &frame, false) == ERR_OK)
		push_send_all(net, SESSION_HELLO, 0, &out);
	buf_fini(&out);
}

/* ---- sessions ended --------------------------------------------------------------------- */

struct end_post {
	struct post post;
	int64_t session, user;
	enum err why;
};

static void
push_ended(struct net *net, struct post *own)
{
	struct end_post *post = (struct end_post *)own;

	for (uint32_t slot = 0; slot < net->slots_used; slot++) {
		struct conn *conn = net->conns[slot];

		if (conn == NULL || conn->session.state < SESSION_LOCKED)
			continue;
		if ((post->session == 0 || conn->session.id != post->session) &&
		    (post->user == 0 || conn->session.user != post->user))
			continue;
		conn_send_error(conn, 0, 0, post->why);
		conn_close(conn, "the session was ended");
	}
	free(post);
}

void
net_end_sessions(struct net *net, int64_t session, int64_t user, enum err why)
{
	struct end_post *post = mem_zalloc(1, sizeof(*post));

	*post = (struct end_post){
		.post.run = push_ended, .session = session, .user = user, .why = why
	};
	net_post(net, &post->post);
}
