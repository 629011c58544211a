/*
 * Inside of store/: what its files share. Nobody outside includes this.
 */
#ifndef KEHU_STORE_IMPL_H
#define KEHU_STORE_IMPL_H

#include "server/store/store.h"
#include <libpq-fe.h>
#include <pthread.h>

#define STORE_NAMED_MAX 200

struct sql {
	struct arena *arena;
	char *text;
	size_t bytes, room;
	const char **values;
	size_t count, value_room;
	bool named;
};

enum store_mode {
	STORE_IDLE,
	STORE_READ,        /* one implicit transaction, over with its flush */
	STORE_TRANSACTION, /* BEGIN queued or open */
};

/* What a queued piece of work is, for reading its answer. */
enum store_piece_kind {
	PIECE_STATEMENT,
	PIECE_PREPARE,
	PIECE_CLOSE,
	PIECE_BEGIN,
	PIECE_CONTROL,
	PIECE_COMMIT
};

struct store_piece {
	enum store_piece_kind kind;
	const struct sql *sql; /* PIECE_STATEMENT */
	const char *text;      /* PIECE_CONTROL */
	struct rows **rows;
	size_t named; /* PIECE_PREPARE: index */
};

enum named_state { NAMED_FREE, NAMED_SENT, NAMED_READY };

struct store_named {
	enum named_state state;
	uint64_t hash, serial, used;
	char *text;
};

struct store {
	char *conninfo, *role, *application;
	int statement_timeout_ms, lock_timeout_ms;
	bool need_primary;

	PGconn *conn;
	bool connected_before;
	enum store_mode mode;
	bool opened; /* BEGIN reached the server on this connection */
	bool lost;   /* the connection broke inside this transaction */
	bool local_only;
	bool dismissed;   /* the server said goodbye while the connection was idle */
	bool commit_sent; /* with the flush under way */
	bool forget;      /* the kept statements are to be dropped with the next transaction */

	struct store_piece *queue; /* what callers queued */
	size_t queued, queue_room;
	struct store_piece *sent; /* what went out with this flush, in order */
	size_t sent_count, sent_room;

	struct store_named named[STORE_NAMED_MAX];
	size_t named_count;
	uint64_t serial, clock;
	uint64_t *closing; /* serials evicted here, not yet deallocated there */
	size_t closing_count, closing_room;

	enum err failed;
	bool retryable;
	char state[6];
	char constraint[64], table[64], column[64];
	char message[512], hint[256];

	pthread_mutex_t cancel_lock;
	PGcancel *cancel;
	bool committing; /* under cancel_lock */
	bool cancelled;  /* under cancel_lock */

	int server, socket;       /* while watched: which server's, and its descriptor */
	struct store *primary_next; /* under the lock of primary.c */

	struct buf copy_row;
	size_t copy_cells;
	bool copying;

	struct store_figures figures;
};

/* Connects when there is no connection. The failure is recorded. */
enum err store_connect(struct store *store);
void store_disconnect(struct store *store);
/* Record the first failure; later ones are kept out. */
enum err store_fail(struct store *store, enum err err, const char *message);
enum err store_fail_result(struct store *store, const PGresult *result, bool committing);
void store_forget_failure(struct store *store);
/* Copies a result into arena. */
struct rows *rows_from_result(struct arena *arena, const PGresult *result);

/* One server of several in a connection string; NULL: not said. */
struct connect_place {
	char *host, *address, *port;
};
struct connect_parameters {
	PQconninfoOption *given; /* to be freed with PQconninfoFree after use */
	const char *keywords[64], *values[64];
	size_t count;
};
/*
 * What to connect with: the string, with our defaults, at place (NULL: wherever it says). False:
 * it cannot be read; *why (may be NULL) is for PQfreemem.
 */
bool connect_parameters(struct connect_parameters *parameters, const char *conninfo,
    const char *application, const struct connect_place *place, char **why);

/* Where a store is to connect: *place NULL: as its string says. False: no server takes writes. */
bool primary_place(const struct store *store, const struct connect_place **place, int *server);
/* A connection made there is cut when another server is the primary; false: it is already. */
bool primary_join(struct store *store, int server);
void primary_leave(struct store *store);

/* Named statements: index of text's slot, or of a new one (*fresh); an old one is evicted. */
size_t named_slot(struct store *store, const char *text, size_t bytes, bool *fresh);
void named_drop(struct store *store, size_t index);
void named_forget_all(struct store *store);
void named_format(uint64_t serial, char name[24]);

#endif
