/*
 * Sealing: rows of transactions that are over become leaves, a root, a segment. Only one server
 * does it at a time: kehu_audit_seal_begin locks the key, and whoever comes second finds it
 * taken.
 */
#include "server/audit/audit.h"

#include "common/date.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_SEGMENTS_MAX 50 /* in one run; a backlog waits for the next */

/* ---- one segment ------------------------------------------------------------------------- */

struct seal {
	struct store *store;
	struct arena *arena;
	struct chain_segment segment;
	struct buf leaves;
};

static struct audit_span
seal_span(const struct seal *seal)
{
	return (struct audit_span){ .floor = seal->segment.floor,
		.xid_from = seal->segment.xid_from,
		.xid_below = seal->segment.xid_below };
}

static uint64_t
seal_number(const struct rows *rows, size_t column)
{
	return strtoull(rows_text(rows, 0, column), NULL, 10);
}

/* A segment ends between two transactions: after so many rows, or after the one that has more.
 */
static enum err
seal_bound(struct seal *seal, bool *more)
{
	struct sql *sql = sql_new(seal->arena);
	struct audit_span span = seal_span(seal);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT a.xid");
	audit_span_where(seal->arena, sql, &span);
	sql_addf(sql, " ORDER BY a.xid, a.seq OFFSET %d LIMIT 1", AUDIT_SEGMENT_ROWS);
	err = store_run(seal->store, seal->arena, sql, &rows);
	*more = err == ERR_OK && rows->count > 0;
	if (!*more)
		return err;
	seal->segment.xid_below = seal_number(rows, 0);
	sql = sql_new(seal->arena);
	sql_add(sql, "SELECT 1");
	span = seal_span(seal);
	audit_span_where(seal->arena, sql, &span);
	sql_add(sql, " LIMIT 1");
	err = store_run(seal->store, seal->arena, sql, &rows);
	/* All before that place is one transaction: it goes into one segment, however big. */
	if (err == ERR_OK && rows->count == 0)
		seal->segment.xid_below++;
	return err;
}

static enum err
seal_rows(struct seal *seal)
{
	struct audit_span span = seal_span(seal);
	enum err err = audit_rows_open(seal->store, seal->arena, &span);
	size_t count = 1;

	while (err == ERR_OK && count > 0) {
		struct arena_mark mark = arena_mark(seal->arena);
		uint8_t hash[CHAIN_HASH_BYTES];
		struct rows *rows;

		err = audit_rows_fetch(seal->store, seal->arena, &rows);
		count = err == ERR_OK ? rows->count : 0;
		for (size_t i = 0; i < count; i++) {
			audit_row_hash(rows, i, hash);
			audit_leaf_put(&seal->leaves, (uint64_t)rows_int(rows, i, 0), hash);
		}
		seal->segment.rows += count;
		arena_rewind(seal->arena, mark);
	}
	return err;
}

static enum err
seal_end(struct seal *seal, struct audit_sealed *sealed)
{
	struct chain_segment *segment = &seal->segment;
	struct sql *sql = sql_new(seal->arena);
	struct rows *rows;
	const void *mac;
	size_t bytes;
	enum err err;

	audit_leaves_root((const uint8_t *)seal->leaves.data, segment->rows, segment->root);
	chain_hash(segment, sealed->hash);
	sql_add(sql, "SELECT kehu_audit_seal_end(");
	sql_int(sql, (int64_t)segment->number);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)segment->floor);
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(seal->arena, "%" PRIu64, segment->xid_from));
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(seal->arena, "%" PRIu64, segment->xid_below));
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)segment->rows);
	sql_add(sql, ", ");
	sql_moment(sql, segment->at_us);
	sql_add(sql, ", ");
	sql_bytes(sql, segment->prev, sizeof(segment->prev));
	sql_add(sql, ", ");
	sql_bytes(sql, segment->root, sizeof(segment->root));
	sql_add(sql, ", ");
	sql_bytes(sql, sealed->hash, sizeof(sealed->hash));
	sql_add(sql, ", ");
	sql_bytes(sql, seal->leaves.data, seal->leaves.bytes);
	sql_add(sql, ")");
	store_queue(seal->store, sql, &rows);
	err = store_commit(seal->store, seal->arena);
	if (err != ERR_OK)
		return err;
	mac = rows_bytea(seal->arena, rows, 0, 0, &bytes);
	memcpy(sealed->mac, mac, bytes < sizeof(sealed->mac) ? bytes : sizeof(sealed->mac));
	sealed->number = segment->number;
	sealed->rows = segment->rows;
	sealed->at_us = segment->at_us;
	return ERR_OK;
}

/* Where the chain ends. rows: none when another server seals. */
static enum err
seal_begin(struct seal *seal, struct rows **rows)
{
	struct chain_segment *segment = &seal->segment;
	struct sql *sql = sql_new(seal->arena);
	const void *prev;
	size_t bytes;
	enum err err;

	sql_add(
	    sql, "SELECT number, prev, floor, xid_from, below FROM kehu_audit_seal_begin()");
	err = store_run(seal->store, seal->arena, sql, rows);
	if (err != ERR_OK || (*rows)->count == 0)
		return err;
	segment->number = (uint64_t)rows_int(*rows, 0, 0);
	prev = rows_bytea(seal->arena, *rows, 0, 1, &bytes);
	if (bytes == sizeof(segment->prev))
		memcpy(segment->prev, prev, bytes);
	segment->floor = (uint64_t)rows_int(*rows, 0, 2);
	segment->xid_from = seal_number(*rows, 3);
	segment->xid_below = seal_number(*rows, 4);
	segment->at_us = date_now_us();
	return ERR_OK;
}

enum err
audit_seal(struct store *store, struct arena *arena, struct audit_sealed *sealed)
{
	struct seal seal = { .store = store, .arena = arena, .leaves = BUF_INIT };
	struct rows *rows;
	enum err err;

	*sealed = (struct audit_sealed){ 0 };
	store_begin(store);
	err = seal_begin(&seal, &rows);
	if (err != ERR_OK || rows->count == 0)
		goto out;
	err = seal_bound(&seal, &sealed->more);
	if (err == ERR_OK)
		err = seal_rows(&seal);
	if (err == ERR_OK && seal.segment.rows > 0)
		err = seal_end(&seal, sealed);
out:
	if (err != ERR_OK || sealed->number == 0) {
		char state[8];

		snprintf(state, sizeof(state), "%s", store_state(store));
		store_rollback(store);
		if (strcmp(state, "40001") == 0)
			err = ERR_OK;
	}
	buf_fini(&seal.leaves);
	return err;
}

/* ---- periodic ---------------------------------------------------------------------------- */

enum err
audit_seal_tick(struct worker *worker)
{
	struct audit_sealed sealed = { .more = true };
	enum err err = ERR_OK;

	for (int i = 0; err == ERR_OK && sealed.more && i < SEAL_SEGMENTS_MAX; i++) {
		arena_reset(worker->arena);
		err = audit_seal(worker->store, worker->arena, &sealed);
		if (err == ERR_OK && sealed.number > 0 &&
		    !audit_anchor(&worker->server->settings, &sealed))
			log_error(
			    "head of the audit not kept", "segment=%" PRIu64, sealed.number);
	}
	return err;
}
