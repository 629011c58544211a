/*
 * COPY … FROM STDIN inside an open transaction: rows in PostgreSQL's text format, escaped here
 * and sent in pieces of some 64 KiB. COPY does not go through a pipeline, so the connection
 * leaves pipeline mode for as long as it lasts.
 */
#include "server/store/store_impl.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum { COPY_PIECE_BYTES = 65536 };

static enum err
copy_lost(struct store *store)
{
	store_fail(store, ERR_DB_GONE, store->conn ? PQerrorMessage(store->conn) : "");
	store->lost = store->retryable = true;
	store_disconnect(store);
	return store->failed;
}

enum err
store_copy_begin(struct store *store, struct arena *arena, const char *text)
{
	assert(store->mode == STORE_TRANSACTION && !store->copying);
	/* An empty statement would be refused: a harmless one makes sure that BEGIN has gone
	 * out. */
	if (!store->opened && store->queued == 0) {
		struct sql *sql = sql_new(arena);
		sql_add(sql, "SELECT 1");
		store_queue(store, sql, NULL);
	}
	if (store_flush(store, arena) != ERR_OK)
		return store->failed;
	if (!PQexitPipelineMode(store->conn))
		return copy_lost(store);
	PGresult *result = PQexec(store->conn, text);
	store->figures.statements++;
	store->figures.round_trips++;
	if (PQresultStatus(result) == PGRES_COPY_IN)
		store->copying = true;
	else
		store_fail_result(store, result, false);
	PQclear(result);
	buf_clear(&store->copy_row);
	store->copy_cells = 0;
	return store->failed;
}

static void
copy_separate(struct store *store)
{
	if (store->copy_cells++ > 0)
		buf_putc(&store->copy_row, '\t');
}

void
copy_text(struct store *store, const char *cell)
{
	struct buf *row = &store->copy_row;

	copy_separate(store);
	if (!cell) {
		buf_puts(row, "\\N");
		return;
	}
	for (const char *c = cell; *c; c++) {
		switch (*c) {
		case '\\':
			buf_puts(row, "\\\\");
			break;
		case '\t':
			buf_puts(row, "\\t");
			break;
		case '\n':
			buf_puts(row, "\\n");
			break;
		case '\r':
			buf_puts(row, "\\r");
			break;
		default:
			buf_putc(row, *c);
		}
	}
}

void
copy_int(struct store *store, int64_t value)
{
	copy_separate(store);
	buf_printf(&store->copy_row, "%" PRId64, value);
}

static enum err
copy_send(struct store *store)
{
	if (store->copy_row.bytes > 0 &&
	    PQputCopyData(store->conn, store->copy_row.data, (int)store->copy_row.bytes) != 1)
		return copy_lost(store);
	buf_clear(&store->copy_row);
	return ERR_OK;
}

enum err
copy_end_row(struct store *store)
{
	if (store->failed != ERR_OK)
		return store->failed;
	buf_putc(&store->copy_row, '\n');
	store->copy_cells = 0;
	return store->copy_row.bytes < COPY_PIECE_BYTES ? ERR_OK : copy_send(store);
}

enum err
store_copy_end(struct store *store, struct arena *arena, size_t *count)
{
	PGresult *result;

	(void)arena;
	*count = 0;
	if (!store->copying || store->failed != ERR_OK || copy_send(store) != ERR_OK)
		return store->failed;
	if (PQputCopyEnd(store->conn, NULL) != 1)
		return copy_lost(store);
	store->copying = false;
	while ((result = PQgetResult(store->conn))) {
		if (PQresultStatus(result) == PGRES_COMMAND_OK)
			*count = strtoull(PQcmdTuples(result), NULL, 10);
		else
			store_fail_result(store, result, false);
		PQclear(result);
		if (PQstatus(store->conn) != CONNECTION_OK)
			return copy_lost(store);
	}
	return store->failed;
}
