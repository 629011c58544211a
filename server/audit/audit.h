/*
 * The audit: who did what, sealed into a chain (common/chain.h) whose head is kept outside.
 * Rows are written in the transaction of what they record (sql/repeat/10_begin.sql); here they
 * are sealed, checked and read.
 */
#ifndef KEHU_AUDIT_H
#define KEHU_AUDIT_H

#include "common/chain.h"
#include "server/gate/gate.h"

/* A segment's rows at most, unless one transaction wrote more. */
#define AUDIT_SEGMENT_ROWS 20000

struct audit_sealed {
	uint64_t number, rows; /* number 0: nothing was sealed */
	int64_t at_us;
	uint8_t hash[CHAIN_HASH_BYTES], mac[CHAIN_HASH_BYTES];
	bool more; /* rows are left that could be sealed at once */
};

/*
 * Seal the rows of every transaction that is over, up to a segment's worth. In a transaction of
 * its own; *sealed->number is 0 when there was nothing, or another server is at it.
 */
MUST_CHECK enum err audit_seal(
    struct store *store, struct arena *arena, struct audit_sealed *sealed);
/* Writes the head where the settings say. False: somewhere it could not be written. */
bool audit_anchor(const struct server_settings *settings, const struct audit_sealed *sealed);
/* Periodic: seals what there is and writes the head where the settings say. */
enum err audit_seal_tick(struct worker *worker);

/*
 * Audit rows in the order they are sealed in, for sealing and checking. In an open transaction:
 * open, then fetch until no rows come. Columns: seq, what is hashed, the transaction.
 */
struct audit_span {
	uint64_t floor;   /* seq above this */
	uint64_t ceiling; /* and up to this; 0: any */
	uint64_t xid_from, xid_below;
};
void audit_span_where(struct arena *arena, struct sql *sql, const struct audit_span *span);
MUST_CHECK enum err audit_rows_open(
    struct store *store, struct arena *arena, const struct audit_span *span);
MUST_CHECK enum err audit_rows_fetch(
    struct store *store, struct arena *arena, struct rows **rows);
void audit_row_hash(const struct rows *rows, size_t row, uint8_t hash[CHAIN_HASH_BYTES]);
uint64_t audit_row_xid(const struct rows *rows, size_t row);

/* One row as a segment keeps it: seq in 8 bytes, then its hash. */
#define AUDIT_LEAF_BYTES (8 + CHAIN_HASH_BYTES)
void audit_leaf_put(struct buf *leaves, uint64_t seq, const uint8_t hash[CHAIN_HASH_BYTES]);
uint64_t audit_leaf_seq(const uint8_t *leaf);
/* The root over so many of them. */
void audit_leaves_root(const uint8_t *leaves, size_t count, uint8_t root[CHAIN_HASH_BYTES]);

/* What a check found. */
struct audit_verdict {
	uint64_t segments, rows;
	bool broken;
	uint64_t segment;    /* the first that is not as it was sealed; 0: none */
	int64_t seq;         /* the row to blame; 0: none can be named */
	const char *en, *zh; /* what is wrong, in arena */
};
/*
 * Check the whole chain. Each statement is a transaction of its own, so it may last. progress
 * (may be NULL) hears of every segment; false ends with ERR_CANCELLED.
 */
MUST_CHECK enum err audit_verify(struct store *store, struct arena *arena,
    bool (*progress)(void *to, uint64_t done, uint64_t total), void *to,
    struct audit_verdict *verdict);
/* The job of Audit step 2. */
struct call;
/* Whether the user may read the audit: who sees everybody's readings. */
bool audit_may(const struct call *call);

struct job;
enum err audit_verify_run(struct job *job);

#endif
