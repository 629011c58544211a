/*
 * The database connection of one worker: blocking, pipelined libpq. The only folder that
 * includes libpq.
 *
 * A request's life: store_begin (or store_read for a read of one trip), queue statements,
 * store_flush to send and read their answers, more of the same, store_commit. An error anywhere
 * fails the rest of the transaction; the first failure is kept in the store and answered by
 * every later call. Not for use by two threads.
 */
#ifndef KEHU_STORE_H
#define KEHU_STORE_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/tls.h"
#include <stdint.h>

struct store;

struct store_options {
	const char *conninfo; /* libpq connection string; multi-host allowed */
	const char *role; /* "kehu_app", "kehu_owner": SET ROLE after connecting unless NULL */
	int statement_timeout_ms, lock_timeout_ms;
	const char *application; /* application_name */
	bool need_primary;
};

/* Never NULL; connects at first use and again after a loss. */
struct store *store_new(const struct store_options *options);
void store_free(struct store *store);

/*
 * Where the connection string names several servers: watch which of them is the primary, and
 * have all stores of that string work with it alone. Answers when each was asked once.
 */
void store_primary_start(const char *conninfo);
void store_primary_stop(void); /* when no store is connected any more */

/* A statement being written: text in pieces with bound parameters. Lives in an arena. */
struct sql;
struct sql *sql_new(struct arena *arena);
void sql_add(struct sql *sql, const char *text); /* constant text or catalogue names only */
void sql_addf(struct sql *sql, const char *format, ...) PRINTF_LIKE(2, 3); /* same rule */
/* Append "$n" for a new parameter (with its cast where the type needs one). */
void sql_int(struct sql *sql, int64_t value);      /* $n::bigint */
void sql_text(struct sql *sql, const char *value); /* $n::text; NULL: null */
void sql_bool(struct sql *sql, bool value);
void sql_date(struct sql *sql, int64_t day);                     /* $n::date */
void sql_moment(struct sql *sql, int64_t us);                    /* $n::timestamptz */
void sql_bytes(struct sql *sql, const void *data, size_t bytes); /* $n::bytea */
void sql_uuid(struct sql *sql, struct uuid uuid);
void sql_ints(struct sql *sql, const int64_t *values, size_t count); /* $n::bigint[] */
void sql_texts(struct sql *sql, const char *const *values,
    size_t count);                                /* $n::text[]; NULL items: null */
void sql_null(struct sql *sql, const char *cast); /* $n::cast */
/* Keep the statement prepared under its text (named, LRU of 200 a connection). */
void sql_named(struct sql *sql);
const char *sql_string(const struct sql *sql);
/*
 * Text is written in place; to use a piece elsewhere or twice, note the length before, write
 * it, and cut it off again: its parameters keep their numbers.
 */
size_t sql_length(const struct sql *sql);
/* A new statement that begins as this one: the same text and parameters so far. */
struct sql *sql_copy(const struct sql *sql);
const char *sql_cut(struct sql *sql, size_t from);

/* Rows of one answered statement, copied into the arena of the flush. */
struct rows {
	size_t count, columns;
	size_t affected; /* INSERT, UPDATE, DELETE */
	char ***cells;   /* [row][column], NULL: null */
	uint32_t **bytes;
};
const char *rows_text(const struct rows *rows, size_t row, size_t column); /* NULL: null */
int64_t rows_int(const struct rows *rows, size_t row, size_t column);      /* null: 0 */
bool rows_null(const struct rows *rows, size_t row, size_t column);
bool rows_bool(const struct rows *rows, size_t row, size_t column);
int64_t rows_date(const struct rows *rows, size_t row, size_t column);   /* days */
int64_t rows_moment(const struct rows *rows, size_t row, size_t column); /* µs */
const void *rows_bytea(
    struct arena *arena, const struct rows *rows, size_t row, size_t column, size_t *bytes);
/* Elements of a bigint[] or text[] in its text form. */
size_t rows_ints(
    struct arena *arena, const struct rows *rows, size_t row, size_t column, int64_t **values);
size_t rows_texts(
    struct arena *arena, const struct rows *rows, size_t row, size_t column, char ***values);

/* Open an explicit transaction (sent with the next flush). */
void store_begin(struct store *store);
/* One pipeline that is a transaction by itself: nothing may follow its flush. Cheaper than
 * BEGIN … COMMIT. */
void store_read(struct store *store);
/* Queue a statement; its rows are answered by the next flush into *rows (may be NULL). */
void store_queue(struct store *store, const struct sql *sql, struct rows **rows);
/* Send what is queued, wait, fill the rows (in arena). One round trip. */
MUST_CHECK enum err store_flush(struct store *store, struct arena *arena);
/* Queue and flush one statement. */
MUST_CHECK enum err store_run(
    struct store *store, struct arena *arena, const struct sql *sql, struct rows **rows);
/*
 * COMMIT with whatever is still queued before it. An error after COMMIT was sent is
 * ERR_UNKNOWN_OUTCOME; COMMIT is never cancelled.
 */
MUST_CHECK enum err store_commit(struct store *store, struct arena *arena);
void store_rollback(struct store *store);
/*
 * In an open transaction: part of the work that may fail alone. store_rollback_to forgets the
 * failure and ends the savepoint; after success store_release ends it.
 */
MUST_CHECK enum err store_savepoint(struct store *store, struct arena *arena);
MUST_CHECK enum err store_release(struct store *store, struct arena *arena);
MUST_CHECK enum err store_rollback_to(struct store *store, struct arena *arena);

/*
 * What failed first: "" or the SQLSTATE; constraint and column names; the server's message
 * (for the log only). Borrowed until the next begin.
 */
const char *store_state(const struct store *store);
const char *store_constraint(const struct store *store);
const char *store_message(const struct store *store);
const char *store_hint(const struct store *store);
/*
 * Whether the whole transaction may simply be run again: a serialisation failure or deadlock,
 * stale caches (after reloading them: STATE_STALE_ACCESS, STATE_STALE_CATALOG), a connection
 * lost before COMMIT was sent.
 */
bool store_retryable(const struct store *store);
/* The last commit is durable here but was not confirmed by the synchronous standby. */
bool store_local_only(const struct store *store);

/* Thread-safe: ask the running statement to stop (not a COMMIT). */
void store_cancel(struct store *store);

/* COPY in: begin with text "COPY t (…) FROM STDIN", rows as text-format cells, end. */
MUST_CHECK enum err store_copy_begin(
    struct store *store, struct arena *arena, const char *text);
void copy_text(struct store *store, const char *cell); /* NULL: null; escaped here */
void copy_int(struct store *store, int64_t value);
MUST_CHECK enum err copy_end_row(struct store *store);
MUST_CHECK enum err store_copy_end(struct store *store, struct arena *arena, size_t *count);

/* LISTEN support for the change feed: wait up to timeout_ms for a NOTIFY; true when one came.
 */
bool store_wait_notify(struct store *store, int timeout_ms);

/* Figures for `make bench` and metrics. */
struct store_figures {
	uint64_t statements, round_trips, named_hits, named_prepares, reconnects;
};
struct store_figures store_figures(const struct store *store);

/* SQLSTATEs of our own, raised by sql/repeat. */
#define STATE_STALE_ACCESS  "KH001"
#define STATE_REPEATED      "KH002"
#define STATE_SESSION_ENDED "KH003"
#define STATE_STALE_CATALOG "KH004"
#define STATE_REFUSED                                                                          \
	"KH005" /* a rule function refuses: message is the error's name, hint the detail */

#endif
