/*
 * What the files of net/ share with each other and with nobody else.
 *
 *   net.c      the loop: start, run, stop, what other threads post to it
 *   accept.c   new connections up to the end of the TLS handshake
 *   address.c  how many connections each address has
 *   conn.c     open connections: frames in, bytes out, deadlines, the one way they end
 *   stream.c   net_stream(): a worker that waits for its reader
 *   turn.c     which request of a session may go to a worker now
 *   lane.c     queues and worker threads
 *   watch.c    who subscribed to which record
 *   push.c     pushes to clients
 *
 * All but lane.c's workers, net_stream() and net_post() runs in the loop's thread.
 */
#ifndef KEHU_NET_INNER_H
#define KEHU_NET_INNER_H

#include "common/date.h"
#include "server/net/net.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#define NET_SLOT_BITS     20 /* of a connection's handle: its place in net->conns */
#define NET_SWEEP_MS      250
#define NET_SUBSCRIBE_IDS 2000 /* of one connection */

/* ---- posts: the only way from another thread into the loop ------------------------------ */

struct post {
	STAILQ_ENTRY(post) link;
	void (*run)(struct net *net, struct post *post); /* in the loop; owns the post */
};
STAILQ_HEAD(post_list, post);
void net_post(struct net *net, struct post *post);

struct turn_rule;

/* ---- tasks: a request from its arrival to its answer ------------------------------------ */

struct task {
	struct work work; /* first: what workers see, and how net_stream() finds the rest */
	struct post done;
	struct buf out;
	const struct turn_rule *rule;
	TAILQ_ENTRY(task) of_conn;
	TAILQ_ENTRY(task) of_lane;
	struct lane_queue *queue; /* given to this lane; NULL: waits for its turn */
	bool in_queue;            /* under the lane's lock: no worker has taken it yet */
	bool dropped;             /* nobody waits for the answer any more */
	bool stream_clear;        /* under net->stream_lock: the next bytes may be posted */
	uint8_t body[];
};
TAILQ_HEAD(task_list, task);

/* ---- connections ------------------------------------------------------------------------ */

enum conn_state {
	CONN_SILENT,  /* accepted; the client has not opened the TLS handshake */
	CONN_WAITING, /* it has, and waits for one of the handshakes to end */
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_LAST_WORDS, /* what was to be said is being written; input is thrown away */
	CONN_DEAD,       /* waits for the reaper */
};

struct address;
struct watch;

struct conn {
	struct net *net;
	uint64_t id; /* handle: a running number and the slot; never used again */
	enum conn_state state;
	int fd;
	struct event *knock; /* until the handshake */
	struct bufferevent *bev;
	struct address *address;
	struct session session;
	TAILQ_ENTRY(conn) link; /* of net->waiting, ->shaking or ->dead */
	bool counted;           /* as a handshake in progress */
	bool paused;            /* sends too many frames; not read for a moment */
	bool output_ended;
	const char *last_words; /* why it is closed */

	struct task_list tasks; /* in the order of arrival */
	int task_count;

	int64_t since_us; /* of the state */
	int64_t heard_us;
	int64_t used_us;   /* the last request of somebody signed in that was more than a ping */
	int64_t marked_us; /* when that was last noted in the database */
	int64_t frame_us; /* when the frame that is not yet whole began; 0: none */
	int64_t moved_us; /* when output last got smaller, or was empty */
	uint64_t written_bytes, moved_bytes;
	int64_t rate_us;
	int rate_left; /* frames */

	struct watch *watches;
	size_t watch_count;
	struct net_change *changes; /* not yet pushed */
	size_t change_count, change_room;
	int64_t pushed_us;
	TAILQ_ENTRY(conn) pushing;
	bool is_pushing;
};
TAILQ_HEAD(conn_list, conn);

/* NULL: closed. */
struct conn *conn_find(struct net *net, uint64_t id);
/* The handshake is done: from now on frames. */
void conn_open(struct conn *conn);
/*
 * Append whole frames to the output. It may close the connection (a reader too slow, a write
 * that fails): look at conn->state before going on with it.
 */
void conn_send(struct conn *conn, const void *data, size_t bytes);
void conn_send_frame(struct conn *conn, Kehu__ServerFrame *frame);
void conn_send_error(struct conn *conn, uint32_t number, uint64_t reference, enum err err);
void conn_send_done(struct conn *conn, uint32_t number, uint64_t reference);
/* After conn->session was replaced. */
void conn_session_changed(struct conn *conn);
/* Write what is in the output, then close. */
void conn_close(struct conn *conn, const char *reason);
/* While stopping: close a connection that nothing is owed to any more. */
void conn_leave(struct conn *conn);
/* What one sweep does for one connection: deadlines and rates. */
void conn_sweep(struct conn *conn, int64_t now_us);
size_t conn_output_bytes(const struct conn *conn);
void conn_free(struct conn *conn);

/*
 * The one way a connection ends: logs peer, user and reason, cancels its work, forgets its
 * subscription. The struct lives until the loop's next turn, in state CONN_DEAD.
 */
void net_disconnect(struct conn *conn, const char *reason);

/* ---- accepting -------------------------------------------------------------------------- */

/* -1 and *why when the port cannot be opened. */
int accept_listen(struct arena *arena, const struct net_options *options, const char **why);
/* Where a listening socket is bound. */
int accept_port(int fd);
void accept_ready(evutil_socket_t fd, short what, void *net);
/* Starts handshakes that wait, as many as may be in progress. */
void accept_pump(evutil_socket_t fd, short what, void *net);
/* No longer counted among the handshakes in progress; the next may start. */
void accept_uncount(struct conn *conn);

struct address {
	struct address *next;
	uint8_t bytes[16];
	int count;
};
#define ADDRESS_BUCKETS 4096
struct sockaddr_storage;
/* Counts one more; NULL when the address has max already. text (64 bytes) gets its name. */
struct address *address_take(
    struct address **table, const struct sockaddr_storage *from, int max, char *text);
void address_give_back(struct address **table, struct address *address);

/* ---- turns ------------------------------------------------------------------------------ */

enum turn_kind { TURN_READ, TURN_WRITE, TURN_SESSION };
struct turn_rule {
	enum session_state needs;
	enum turn_kind kind;
	enum lane lane;
};
/* NULL for a number that is none of our requests. */
const struct turn_rule *turn_rule(int request);
/* A task with an empty body of so many bytes. */
struct task *task_new(const struct conn *conn, size_t bytes);
void task_free(struct task *task);
/* A request arrived; the task is answered, queued, or refused, and freed in the end. */
void turn_take(struct conn *conn, struct task *task, uint32_t number, int request);
/* Give what may run now to the lanes. */
void turn_advance(struct conn *conn);
void turn_cancel(struct conn *conn, uint32_t number);
void turn_drop_all(struct conn *conn);
/* post->run of an answered task. */
void turn_answered(struct net *net, struct post *post);

/* ---- lanes ------------------------------------------------------------------------------ */

struct worker_thread {
	struct net *net;
	struct lane_queue *queue;
	int index;
	pthread_t thread;
	bool started;
	void *own; /* what worker_start returned */
	pthread_mutex_t busy;
	uint64_t reference; /* under busy: of the work it runs; 0: none */
};

struct lane_queue {
	enum lane lane;
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct task_list tasks;
	int count, max;
	unsigned wakes; /* net_wake() calls not yet answered */
	bool open, stopping;
	struct worker_thread *threads;
	int thread_count;
};

struct cancel {
	STAILQ_ENTRY(cancel) link;
	struct lane_queue *queue;
	uint64_t reference;
};

struct canceller {
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	STAILQ_HEAD(, cancel) list;
	pthread_t thread;
	bool started, stopping;
};

void lanes_init(struct net *net);
MUST_CHECK bool lanes_start(struct net *net);
/* Lets the threads begin. */
void lanes_open(struct net *net);
void lanes_stop(struct net *net);
/* False: the queue is full. */
/* How many requests wait there; from any thread. */
uint64_t lane_waiting(struct lane_queue *queue);
MUST_CHECK bool lane_give(struct lane_queue *queue, struct task *task);
/* Takes a task back that no worker has begun. */
MUST_CHECK bool lane_withdraw(struct task *task);
/* Tells the worker that runs it. */
void lane_cancel(struct net *net, struct task *task);

/* ---- streams ----------------------------------------------------------------------------- */

/* Output below which a worker in net_stream() goes on. */
#define STREAM_BYTES ((size_t)128 * 1024)
/* A connection's output fell below it: its workers may post more. */
void stream_moved(struct conn *conn);
/* Sets the flag; a worker that waits in net_stream() sees it at once. */
void stream_cancel(struct net *net, struct task *task);

/* ---- subscriptions ---------------------------------------------------------------------- */

struct watch {
	struct watch *next, **at; /* chain of its bucket */
	struct conn *conn;
	int64_t id; /* 0: every record of the entity */
	uint32_t entity;
};

struct watch_table {
	struct watch **buckets;
	size_t bucket_count, count;
};
void watch_init(struct watch_table *table);
void watch_fini(struct watch_table *table);
/* Replaces a connection's subscription. ERR_TOO_MANY: over NET_SUBSCRIBE_IDS; nothing changed.
 */
MUST_CHECK enum err watch_set(
    struct watch_table *table, struct conn *conn, const Kehu__Subscribe *subscribe);
void watch_clear(struct watch_table *table, struct conn *conn);
/* The first watch of exactly (entity, id) at or behind from (NULL: from the beginning). */
struct watch *watch_next(
    const struct watch_table *table, const struct watch *after, uint32_t entity, int64_t id);

void push_forget(struct conn *conn);
void push_tick(evutil_socket_t fd, short what, void *net);
void push_moving(struct net *net, int seconds);

/* ---- the whole -------------------------------------------------------------------------- */

struct net {
	struct net_options options;
	struct event_base *base;
	struct status *status; /* NULL: not asked for */
	SSL_CTX *tls;
	int listen_fd, wake_fd, port;
	struct event *listen_event, *listen_again, *wake_event, *pump, *reap, *sweep,
	    *push_timer;
	struct event *stop_timer;
	struct arena *scratch; /* of one log line or frame in the loop */

	struct conn **conns;
	uint32_t *free_slots;
	uint32_t free_count, slots_used; /* slots from slots_used on were never used */
	uint64_t conn_number;
	struct conn_list waiting, shaking, dead;
	int shaking_count;
	struct conn_list pushing;
	struct address *addresses[ADDRESS_BUCKETS];
	struct watch_table watches;
	uint64_t reference;

	struct lane_queue lanes[LANE_COUNT];
	struct canceller canceller;
	pthread_mutex_t stream_lock;
	pthread_cond_t stream_moved;

	pthread_mutex_t post_lock;
	struct post_list posts;

	_Atomic bool reload;	  /* asked to read the certificate again */
	_Atomic int stop_drain_s; /* -1: not asked to stop */
	int draining_s;
	bool stopping;

	int64_t log_second;
	int log_count; /* lines about strangers in this second */

	_Atomic uint64_t connections, handshakes, frames_in, frames_out, bytes_in, bytes_out,
	    refused, busy;
};

#define NET_COUNT(net, figure, n)                                                              \
	atomic_fetch_add_explicit(&(net)->figure, (n), memory_order_relaxed)

#endif
