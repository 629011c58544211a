/*
 * net: sockets, TLS, frames, queues. One libevent thread; lanes of worker threads.
 *
 * It reads frames, checks size, rate and how many a session has in flight, peeks which request
 * it is (the oneof's tag, nothing more) and queues it on the lane that proto/requests.def
 * names. It never decodes business content, never touches the database, never blocks. Workers
 * never write to a socket: they post bytes back, and the loop writes them.
 */
#ifndef KEHU_NET_H
#define KEHU_NET_H

#include "server/gate/call.h"

enum lane { LANE_LOOP, LANE_HASH, LANE_INTERACTIVE, LANE_HEAVY, LANE_JOBS, LANE_COUNT };

struct net;

/* One frame on its way to a worker. Owned by the lane until done. */
struct work {
	uint64_t connection; /* stable handle; a closed connection's is never used again */
	struct session session;
	enum request_id request;
	uint32_t number; /* the client's */
	uint64_t reference;
	uint8_t flags;
	uint8_t *body;
	size_t bytes;
	int64_t arrived_us;      /* monotonic clock */
	volatile bool cancelled; /* set (atomically) by Cancel or when the connection closes */
	bool mark;  /* note in the database that the session is in use */
	bool close; /* a worker may set it: close the connection after the answer */
};

/*
 * Called in a worker thread: answer work by appending frames to out. A request of kind SESSION
 * may change work->session (login, logout); net takes it over when the answer is posted, all
 * but the peer. worker is what worker_start returned.
 */
struct lane_ops {
	void *(*worker_start)(struct server *server, enum lane lane);
	void (*worker_run)(void *worker, struct work *work, struct buf *out);
	/* Between requests, at least every second: housekeeping (jobs lane: run a job). */
	void (*worker_idle)(void *worker);
	void (*worker_stop)(void *worker);
	/*
	 * From a thread of its own, when the work this worker is running was cancelled: make it
	 * end soon. The worker cannot go on to another work meanwhile. NULL: only the flag is
	 * set.
	 */
	void (*worker_cancel)(void *worker);
};

struct net_options {
	struct server *server;
	const char *address; /* "127.0.0.1", "::" */
	int port;            /* 0: any; net_port() tells */
	const char *cert_file, *key_file;
	int lane_threads[LANE_COUNT]; /* LANE_LOOP: 0 */
	int lane_queue[LANE_COUNT];   /* waiting at most; more answers BUSY */
	int max_connections, max_per_address, max_handshakes;
	int idle_timeout_s, handshake_timeout_s, frame_timeout_s;
	int in_flight_max;       /* of one session, queued or running; see server/net/turn.c */
	/* A session that asks for nothing for so many seconds locks; NULL or 0: never. May change. */
	const int64_t *lock_s;
	const char *authority_file; /* whose client certificates are asked for; NULL: none */
	/* Where /metrics and /health are answered (server/net/status.h); NULL: nowhere. */
	const char *status_address;
	/* In the loop's thread: must not block. False: the server is not well. */
	bool (*status)(struct net *net, bool health, struct buf *out);
	size_t output_max_bytes; /* a reader slower than this is disconnected */
	struct lane_ops ops;
};

/* Opens the port, starts threads. NULL and *why (in arena), naming what to do, when it cannot.
 */
struct net *net_new(struct arena *arena, const struct net_options *options, const char **why);
int net_port(const struct net *net);
/* Runs until net_stop; the calling thread is the loop. */
void net_run(struct net *net);
/* Thread- and signal-safe: stop accepting, tell clients Moving, drain, end net_run. */
void net_stop(struct net *net, int drain_s);
/*
 * Thread- and signal-safe: read certificate and key again. New connections get them, those that
 * are there keep theirs; files that do not fit leave all as it was, and the log says why.
 */
void net_reload(struct net *net);
/* Whether net_stop was called: what runs long in a worker (a job) looks and ends. */
bool net_stopping(const struct net *net);
/* Joins the workers: returns when the last has ended what it was doing. NULL is allowed. */
void net_free(struct net *net);

/* From any thread: let one worker of a lane run worker_idle now (a job was added). */
void net_wake(struct net *net, enum lane lane);

/*
 * From a worker: send bytes (whole frames) to a connection before its answer; waits while the
 * connection's output is full, at most timeout_ms. False: gone, cancelled, or too slow. The
 * bytes are copied; one call's worth should stay far below output_max_bytes.
 */
bool net_stream(
    struct net *net, const struct work *work, const struct buf *frames, int timeout_ms);

/*
 * From the change-feed thread: a change committed. Connections whose subscription covers it
 * get one Changed push (batched, at most one a second a connection beyond the first).
 * reach says which session users may hear of it; it is asked in the loop's thread, only for
 * connections whose subscription covers the record, and must not block. A ChangedRecord with
 * id 0 says that more records of its entity changed than a push holds: read the list again.
 * context must live until net_free.
 */
struct net_change {
	uint32_t entity;
	int64_t id;
	uint32_t version;
	int64_t old_access[4], new_access[4]; /* owner, department, branch, pool; 0: none */
};
typedef bool (*net_reach)(void *context, int64_t user, const struct net_change *change);
void net_changed(struct net *net, const struct net_change *changes, size_t count,
    net_reach reach, void *context);
/* Sends a push frame to every logged-in connection of a user (0: of everybody). */
void net_push(struct net *net, int64_t user, const Kehu__ServerFrame *frame);
/*
 * Which of these users have a client open here, signed in and not locked. Asks the loop and waits, so never
 * from the loop's own thread. False: the loop did not answer in a second.
 */
bool net_present(struct net *net, const int64_t *users, size_t count, bool *present);
/* Ends a session's connections and those of a user (0: not asked for) after sending error. */
void net_end_sessions(struct net *net, int64_t session, int64_t user, enum err why);

const char *lane_name(enum lane lane);

struct net_figures {
	uint64_t connections, handshakes, frames_in, frames_out, bytes_in, bytes_out, refused,
	    busy;
	uint64_t waiting[LANE_COUNT];
};
/* In the loop's thread. */
struct net_figures net_figures(struct net *net);

#endif
