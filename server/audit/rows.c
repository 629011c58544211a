/* Rows of the audit as the chain sees them. */
#include "server/audit/audit.h"

#include "common/log.h"
#include "common/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_FETCHED 1000

/* "…::xid8", which has no cast from bigint. */
static void
rows_put_xid(struct arena *arena, struct sql *sql, uint64_t xid)
{
	sql_text(sql, arena_printf(arena, "%" PRIu64, xid));
	sql_add(sql, "::xid8");
}

void
audit_span_where(struct arena *arena, struct sql *sql, const struct audit_span *span)
{
	sql_add(sql, " FROM audit a WHERE a.xid >= ");
	rows_put_xid(arena, sql, span->xid_from);
	sql_add(sql, " AND a.xid < ");
	rows_put_xid(arena, sql, span->xid_below);
	sql_add(sql, " AND a.seq > ");
	sql_int(sql, (int64_t)span->floor);
	if (span->ceiling == 0)
		return;
	sql_add(sql, " AND a.seq <= ");
	sql_int(sql, (int64_t)span->ceiling);
}

enum err
audit_rows_open(struct store *store, struct arena *arena, const struct audit_span *span)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, "DECLARE audit_rows NO SCROLL CURSOR FOR SELECT a.seq, a.at, a.user_id, "
		     "a.session_id, a.reference, a.request, a.action, a.entity, a.record_id, "
		     "a.change_id, a.detail, a.xid");
	audit_span_where(arena, sql, span);
	sql_add(sql, " ORDER BY a.xid, a.seq");
	return store_run(store, arena, sql, NULL);
}

enum err
audit_rows_fetch(struct store *store, struct arena *arena, struct rows **rows)
{
	struct sql *sql = sql_new(arena);

	sql_addf(sql, "FETCH %d FROM audit_rows", ROWS_FETCHED);
	return store_run(store, arena, sql, rows);
}

uint64_t
audit_row_xid(const struct rows *rows, size_t row)
{
	return strtoull(rows_text(rows, row, rows->columns - 1), NULL, 10);
}

/* Each column: whether it has a value, its length, its text. The transaction is no part of it.
 */
void
audit_row_hash(const struct rows *rows, size_t row, uint8_t hash[CHAIN_HASH_BYTES])
{
	uint8_t small[1024], *text = small;
	struct buf big = BUF_INIT;
	size_t bytes = 0, used = 0, columns = rows->columns - 1;

	for (size_t i = 1; i < columns; i++)
		bytes += 5 + rows->bytes[row][i];
	if (bytes > sizeof(small))
		text = (uint8_t *)buf_reserve(&big, bytes);
	for (size_t i = 1; i < columns; i++) {
		bool has = !rows_null(rows, row, i);
		uint32_t length = has ? rows->bytes[row][i] : 0;

		text[used++] = has;
		for (int shift = 24; shift >= 0; shift -= 8)
			text[used++] = (uint8_t)(length >> shift);
		if (length > 0)
			memcpy(text + used, rows->cells[row][i], length);
		used += length;
	}
	hash_sha256(text, used, hash);
	buf_fini(&big);
}

void
audit_leaf_put(struct buf *leaves, uint64_t seq, const uint8_t hash[CHAIN_HASH_BYTES])
{
	uint8_t *at = (uint8_t *)buf_reserve(leaves, AUDIT_LEAF_BYTES);

	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(seq >> (56 - 8 * i));
	memcpy(at + 8, hash, CHAIN_HASH_BYTES);
	buf_wrote(leaves, AUDIT_LEAF_BYTES);
}

uint64_t
audit_leaf_seq(const uint8_t *leaf)
{
	uint64_t seq = 0;

	for (int i = 0; i < 8; i++)
		seq = seq << 8 | leaf[i];
	return seq;
}

void
audit_leaves_root(const uint8_t *leaves, size_t count, uint8_t root[CHAIN_HASH_BYTES])
{
	uint8_t *tree = mem_alloc(count * CHAIN_HASH_BYTES + 1);

	for (size_t i = 0; i < count; i++) {
		const uint8_t *leaf = leaves + i * AUDIT_LEAF_BYTES;

		chain_leaf(audit_leaf_seq(leaf), leaf + 8, tree + i * CHAIN_HASH_BYTES);
	}
	chain_root(tree, count, root);
	free(tree);
}
