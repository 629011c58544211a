/*
 * The gate: every request of every client passes here, and only here.
 */
#ifndef KEHU_GATE_H
#define KEHU_GATE_H

#include "server/gate/password.h"
#include "server/server.h"

/* A worker of a lane: its connection, its arena. */
struct worker {
	struct server *server;
	enum lane lane;
	struct store *store;
	struct arena *arena;
	struct crowds *crowds; /* server/record/crowd.h */
};

/* The lane operations of kehud (see net.h). */
extern const struct lane_ops gate_lane_ops;

/* Handlers: one for each request that a worker answers; names from proto/requests.def. */
#define REQ(number, name, message, state, kind, lane) enum err handle_##name(struct call *call);
#include "proto/requests.def"
#undef REQ

/* Run the handler of call->request, whatever it is; ERR_BAD_REQUEST where there is none to write with. */
MUST_CHECK enum err gate_handle(struct call *call);

/*
 * Run a piece of the server's own work (a job, the change feed) as a call of its own: user 0 or a
 * named one, no client. The call's arena is the worker's.
 */
void gate_call_init(struct call *call, struct worker *worker, int64_t user);
void gate_call_fini(struct call *call);

/* After the commit of a call: what waited for it (jobs) begins now, not at the next look. */
void gate_committed(struct call *call);

/* What a password costs on this server. */
struct password_cost server_password_cost(const struct server *server);

/*
 * In a session that looks as another user (viewing.c): refuses what is not looking, and gives the call
 * that user as the viewer may look through him.
 */
MUST_CHECK enum err viewing_enter(struct call *call);

/* Snapshots (snapshot.c): load what is missing or stale into the server; references into the call. */
MUST_CHECK enum err snapshot_load(struct server *server, struct store *store);
/*
 * Loads again if the database has newer ones than the call: for refusals that came before any
 * transaction, which would have told. True: newer ones are there. Store idle.
 */
bool snapshot_refresh(struct call *call);
void snapshot_take(struct server *server, struct call *call);
void snapshot_release(struct call *call);

#endif
