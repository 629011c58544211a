/*
 * Transactions over pipelined libpq: queue, flush, commit. One flush is one round trip: BEGIN,
 * what is queued, perhaps COMMIT, and a Sync. PostgreSQL skips the rest of a pipeline after an
 * error, COMMIT included, so a failed flush has stored nothing.
 */
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/store/store_impl.h"
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYNC_WAIT_MS = 5000 };

static char *
store_dup(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

struct store *
store_new(const struct store_options *options)
{
	struct store *store = mem_zalloc(1, sizeof *store);

	store->conninfo = store_dup(options->conninfo ? options->conninfo : "");
	store->role = store_dup(options->role);
	store->application = store_dup(options->application);
	store->statement_timeout_ms = options->statement_timeout_ms;
	store->lock_timeout_ms = options->lock_timeout_ms;
	store->need_primary = options->need_primary;
	pthread_mutex_init(&store->cancel_lock, NULL);
	return store;
}

void
store_free(struct store *store)
{
	if (!store)
		return;
	store_disconnect(store);
	pthread_mutex_destroy(&store->cancel_lock);
	buf_fini(&store->copy_row);
	free(store->queue);
	free(store->sent);
	free(store->closing);
	free(store->conninfo);
	free(store->role);
	free(store->application);
	free(store);
}

static void
store_set_committing(struct store *store, bool committing)
{
	pthread_mutex_lock(&store->cancel_lock);
	store->committing = committing;
	pthread_mutex_unlock(&store->cancel_lock);
}

static void
store_start(struct store *store, enum store_mode mode)
{
	assert(store->mode == STORE_IDLE);
	store_forget_failure(store);
	store->mode = mode;
	store->queued = 0;
	store->lost = store->local_only = false;
	pthread_mutex_lock(&store->cancel_lock);
	store->cancelled = false;
	pthread_mutex_unlock(&store->cancel_lock);
}

void
store_begin(struct store *store)
{
	store_start(store, STORE_TRANSACTION);
}

void
store_read(struct store *store)
{
	store_start(store, STORE_READ);
}

static struct store_piece *
store_piece_add(struct store_piece **pieces, size_t *count, size_t *room)
{
	if (*count == *room) {
		*room = *room ? *room * 2 : 32;
		*pieces = mem_resize(*pieces, *room * sizeof **pieces);
	}
	struct store_piece *piece = &(*pieces)[(*count)++];
	memset(piece, 0, sizeof *piece);
	return piece;
}

static void
store_queue_piece(struct store *store, struct store_piece piece)
{
	*store_piece_add(&store->queue, &store->queued, &store->queue_room) = piece;
}

void
store_queue(struct store *store, const struct sql *sql, struct rows **rows)
{
	assert(store->mode != STORE_IDLE);
	if (rows)
		*rows = NULL;
	store_queue_piece(
	    store, (struct store_piece){ .kind = PIECE_STATEMENT, .sql = sql, .rows = rows });
}

static struct store_piece *
store_sent_add(struct store *store, enum store_piece_kind kind)
{
	struct store_piece *piece =
	    store_piece_add(&store->sent, &store->sent_count, &store->sent_room);

	piece->kind = kind;
	return piece;
}

static bool
store_send_text(struct store *store, enum store_piece_kind kind, const char *text)
{
	store_sent_add(store, kind);
	store->figures.statements++;
	return PQsendQueryParams(store->conn, text, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

/* A named statement is prepared in the same pipeline that first runs it. */
static bool
store_send_named(struct store *store, const struct store_piece *piece, bool *unnamed)
{
	const struct sql *sql = piece->sql;
	char name[24];
	bool fresh;
	size_t slot = named_slot(store, sql->text, sql->bytes, &fresh);

	*unnamed = slot == STORE_NAMED_MAX;
	if (*unnamed)
		return true;
	named_format(store->named[slot].serial, name);
	if (fresh) {
		store_sent_add(store, PIECE_PREPARE)->named = slot;
		store->figures.named_prepares++;
		if (!PQsendPrepare(store->conn, name, sql->text, 0, NULL))
			return false;
	} else {
		store->figures.named_hits++;
	}
	*store_sent_add(store, PIECE_STATEMENT) = *piece;
	return PQsendQueryPrepared(
		   store->conn, name, (int)sql->count, sql->values, NULL, NULL, 0) == 1;
}

static bool
store_send_piece(struct store *store, const struct store_piece *piece)
{
	bool unnamed = true;

	if (piece->kind != PIECE_STATEMENT)
		return store_send_text(store, piece->kind, piece->text);
	store->figures.statements++;
	if (piece->sql->named && !store_send_named(store, piece, &unnamed))
		return false;
	if (!unnamed)
		return true;
	*store_sent_add(store, PIECE_STATEMENT) = *piece;
	return PQsendQueryParams(store->conn, piece->sql->text, (int)piece->sql->count, NULL,
		   piece->sql->values, NULL, NULL, 0) == 1;
}

/* Kept statements that were pushed out here are dropped there, before the next BEGIN. */
static bool
store_send_closing(struct store *store)
{
	char text[64], name[24];

	if (store->forget) {
		named_forget_all(store);
		store->forget = false;
		return store_send_text(store, PIECE_CLOSE, "DEALLOCATE ALL");
	}
	for (size_t i = 0; i < store->closing_count; i++) {
		named_format(store->closing[i], name);
		snprintf(text, sizeof text, "DEALLOCATE %s", name);
		if (!store_send_text(store, PIECE_CLOSE, text))
			return false;
	}
	store->closing_count = 0;
	return true;
}

static bool
store_send_all(struct store *store, bool commit)
{
	store->sent_count = 0;
	if (PQpipelineStatus(store->conn) == PQ_PIPELINE_OFF &&
	    !PQenterPipelineMode(store->conn))
		return false;
	if (!store->opened) {
		if (!store_send_closing(store))
			return false;
		if (store->mode == STORE_TRANSACTION &&
		    !store_send_text(store, PIECE_BEGIN, "BEGIN"))
			return false;
	}
	for (size_t i = 0; i < store->queued; i++) {
		if (!store_send_piece(store, &store->queue[i]))
			return false;
	}
	if (commit) {
		store->commit_sent = true;
		if (!store_send_text(store, PIECE_COMMIT, "COMMIT"))
			return false;
	}
	store->figures.round_trips++;
	return PQpipelineSync(store->conn) == 1;
}

static void
store_take_good(struct store *store, struct arena *arena, const struct store_piece *piece,
    const PGresult *result)
{
	switch (piece->kind) {
	case PIECE_PREPARE:
		store->named[piece->named].state = NAMED_READY;
		break;
	case PIECE_BEGIN:
		store->opened = true;
		break;
	case PIECE_COMMIT:
		store->opened = false;
		if (strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "COMMIT") != 0)
			store_fail(store, ERR_INTERNAL, "COMMIT ended as ROLLBACK");
		break;
	case PIECE_STATEMENT:
		if (piece->rows)
			*piece->rows = rows_from_result(arena, result);
		break;
	case PIECE_CLOSE:
	case PIECE_CONTROL:
		break;
	}
}

static void
store_take_result(struct store *store, struct arena *arena, const struct store_piece *piece,
    const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		store_take_good(store, arena, piece, result);
		return;
	case PGRES_PIPELINE_ABORTED:
	case PGRES_FATAL_ERROR:
		if (piece->kind == PIECE_PREPARE)
			named_drop(store, piece->named);
		if (piece->kind == PIECE_CLOSE)
			store->forget = true;
		if (PQresultStatus(result) != PGRES_FATAL_ERROR)
			return;
		store_fail_result(store, result, piece->kind == PIECE_COMMIT);
		/* A COMMIT that was refused has ended its transaction. */
		if (piece->kind == PIECE_COMMIT)
			store->opened = false;
		return;
	default: /* an empty statement, COPY through the pipeline: our own mistake */
		store_fail(
		    store, ERR_INTERNAL, "a statement gave an unexpected kind of answer");
		store->lost = true;
	}
}

/*
 * The next result once all statements are answered: only the Sync is left, and comes at once. libpq
 * 15 that had no memory for its result waits for another for ever; hence the bound.
 */
static PGresult *
store_last_result(struct store *store)
{
	int64_t until_us = date_monotonic_us() + SYNC_WAIT_MS * INT64_C(1000);
	struct pollfd ready = { .fd = PQsocket(store->conn), .events = POLLIN };

	while (PQisBusy(store->conn)) {
		int64_t left_ms = (until_us - date_monotonic_us()) / 1000;

		if (left_ms <= 0) {
			store->lost = true;
			return NULL;
		}
		if (poll(&ready, 1, (int)left_ms) > 0 && PQconsumeInput(store->conn) != 1)
			break;
	}
	return PQgetResult(store->conn);
}

/* Reads the answers in order; false when the connection broke before the last one. */
static bool
store_receive(struct store *store, struct arena *arena)
{
	PGresult *result;

	for (size_t i = 0; i < store->sent_count; i++) {
		while ((result = PQgetResult(store->conn))) {
			store_take_result(store, arena, &store->sent[i], result);
			PQclear(result);
			if (store->lost || PQstatus(store->conn) != CONNECTION_OK)
				return store->sent[i].kind == PIECE_COMMIT &&
				       store->failed == ERR_OK;
		}
	}
	/* An error may still come here: the end of an implicit transaction. */
	while ((result = store_last_result(store))) {
		bool synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		if (PQresultStatus(result) == PGRES_FATAL_ERROR)
			store_fail_result(store, result, false);
		PQclear(result);
		if (synced)
			return true;
		if (store->lost || PQstatus(store->conn) != CONNECTION_OK)
			return false;
	}
	return false;
}

/*
 * What an idle connection has to say before it is used again: perhaps that the server ended it
 * (seen as a notice) or that it is gone.
 */
static void
store_check_idle(struct store *store)
{
	struct pollfd ready = { .events = POLLIN };

	while (store->conn) {
		ready.fd = PQsocket(store->conn);
		if (ready.fd < 0 || poll(&ready, 1, 0) <= 0)
			return;
		bool read = PQconsumeInput(store->conn) == 1;
		(void)PQisBusy(store->conn); /* hands notices to their receiver */
		if (!read || store->dismissed || PQstatus(store->conn) != CONNECTION_OK)
			store_disconnect(store);
	}
}

static enum err
store_exchange(struct store *store, struct arena *arena, bool commit)
{
	if (!store->opened) {
		if (store->lost)
			return store_fail(store, ERR_DB_GONE, "the connection was lost");
		store_check_idle(store);
		if (store_connect(store) != ERR_OK)
			return store->failed;
	}
	store->commit_sent = false;
	if (commit)
		store_set_committing(store, true);
	bool done = store_send_all(store, commit) && store_receive(store, arena);
	if (commit)
		store_set_committing(store, false);
	store->queued = 0;
	if (!done || store->lost) {
		store->lost = true;
		if (store->failed == ERR_OK) {
			store_fail(store,
			    store->commit_sent ? ERR_UNKNOWN_OUTCOME : ERR_DB_GONE,
			    store->conn ? PQerrorMessage(store->conn) : "");
			store->retryable = !store->commit_sent;
		}
		store_disconnect(store);
	}
	if (store->failed == ERR_OK && !commit && arena && arena_spent(arena))
		store_fail(store, ERR_TOO_LARGE, "the answer is larger than its arena");
	return store->failed;
}

enum err
store_flush(struct store *store, struct arena *arena)
{
	assert(store->mode != STORE_IDLE && !store->copying);
	if (store->failed != ERR_OK)
		store->queued = 0;
	else if (store->queued > 0)
		(void)!store_exchange(store, arena, false);
	if (store->mode == STORE_READ)
		store->mode = STORE_IDLE;
	return store->failed;
}

enum err
store_run(struct store *store, struct arena *arena, const struct sql *sql, struct rows **rows)
{
	store_queue(store, sql, rows);
	return store_flush(store, arena);
}

enum err
store_commit(struct store *store, struct arena *arena)
{
	assert(store->mode == STORE_TRANSACTION && !store->copying);
	if (store->failed == ERR_OK && (store->opened || store->queued > 0))
		(void)!store_exchange(store, arena, true);
	if (store->failed != ERR_OK)
		store_rollback(store);
	store->mode = STORE_IDLE;
	return store->failed;
}

void
store_rollback(struct store *store)
{
	bool done = true;

	store->queued = 0;
	store->mode = STORE_IDLE;
	if (!store->opened || !store->conn)
		return;
	if (store->copying) {
		PQputCopyEnd(store->conn, "given up");
		PGresult *result;
		while ((result = PQgetResult(store->conn)))
			PQclear(result);
		store->copying = false;
	}
	if (PQpipelineStatus(store->conn) == PQ_PIPELINE_OFF)
		done = PQenterPipelineMode(store->conn) == 1;
	store->sent_count = 0;
	done = done && store_send_text(store, PIECE_CONTROL, "ROLLBACK") &&
	       PQpipelineSync(store->conn) == 1 && store_receive(store, NULL);
	store->opened = false;
	if (!done || store->lost)
		store_disconnect(store);
}

/* SAVEPOINT and its kin: text is constant. */
static enum err
store_control(struct store *store, struct arena *arena, const char *text)
{
	assert(store->mode == STORE_TRANSACTION);
	store_queue_piece(store, (struct store_piece){ .kind = PIECE_CONTROL, .text = text });
	return store_flush(store, arena);
}

enum err
store_savepoint(struct store *store, struct arena *arena)
{
	return store_control(store, arena, "SAVEPOINT kehu");
}

enum err
store_release(struct store *store, struct arena *arena)
{
	return store_control(store, arena, "RELEASE SAVEPOINT kehu");
}

enum err
store_rollback_to(struct store *store, struct arena *arena)
{
	store->queued = 0;
	if (!store->lost)
		store_forget_failure(store);
	store_queue_piece(store, (struct store_piece){ .kind = PIECE_CONTROL,
				     .text = "ROLLBACK TO SAVEPOINT kehu" });
	return store_control(store, arena, "RELEASE SAVEPOINT kehu");
}

const char *
store_state(const struct store *store)
{
	return store->state;
}

const char *
store_constraint(const struct store *store)
{
	return store->constraint;
}

const char *
store_message(const struct store *store)
{
	return store->message;
}

const char *
store_hint(const struct store *store)
{
	return store->hint;
}

bool
store_retryable(const struct store *store)
{
	return store->failed != ERR_OK && store->retryable;
}

bool
store_local_only(const struct store *store)
{
	return store->local_only;
}

struct store_figures
store_figures(const struct store *store)
{
	return store->figures;
}
