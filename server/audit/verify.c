/*
 * Checking the chain: each segment names the one before, its hash is what it says, its leaves
 * give its root, its rows give its leaves. The first thing that does not hold is named, down to
 * the row where that is possible. Rows are read a batch of segments at a time.
 *
 * What a check inside the database cannot know (a chain cut short, or replaced as a whole) the
 * auditor's tool finds out with the heads kept outside: see client/admin/audit.c.
 */
#include "server/audit/audit.h"

#include "common/date.h"
#include "server/job/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERIFY_SEGMENTS 200 /* of one batch, at most */

struct verify_segment {
	struct chain_segment chain;
	const uint8_t *hash, *leaves;
	size_t hash_bytes, leaf_bytes;
	uint64_t ceiling; /* 0: the era goes on */
};

struct verify {
	struct store *store;
	struct arena *arena;
	struct audit_verdict *verdict;
	uint8_t head[CHAIN_HASH_BYTES]; /* of the last good segment */
	uint64_t number, below, floor;  /* its number, where the next begins */
	uint64_t total;
	struct verify_segment *batch;
	size_t count;
	struct arena *memory; /* of the batch */
};

/* The first break counts. */
static void
verify_blame(
    struct verify *verify, uint64_t segment, int64_t seq, const char *en, const char *zh)
{
	struct audit_verdict *verdict = verify->verdict;

	if (verdict->broken)
		return;
	verdict->broken = true;
	verdict->segment = segment;
	verdict->seq = seq;
	verdict->en = en;
	verdict->zh = zh;
}

/* ---- segments ---------------------------------------------------------------------------- */

static uint64_t
verify_xid(const struct rows *rows, size_t row, size_t column)
{
	return strtoull(rows_text(rows, row, column), NULL, 10);
}

static void
verify_take_segment(struct verify *verify, const struct rows *rows, size_t row)
{
	struct verify_segment *segment = &verify->batch[verify->count++];
	struct chain_segment *chain = &segment->chain;
	size_t bytes;
	const void *data;

	memset(segment, 0, sizeof(*segment));
	chain->number = (uint64_t)rows_int(rows, row, 0);
	chain->floor = (uint64_t)rows_int(rows, row, 1);
	segment->ceiling = (uint64_t)rows_int(rows, row, 2);
	chain->xid_from = verify_xid(rows, row, 3);
	chain->xid_below = verify_xid(rows, row, 4);
	chain->rows = (uint64_t)rows_int(rows, row, 5);
	chain->at_us = rows_moment(rows, row, 6);
	data = rows_bytea(verify->memory, rows, row, 7, &bytes);
	if (bytes == CHAIN_HASH_BYTES)
		memcpy(chain->prev, data, bytes);
	data = rows_bytea(verify->memory, rows, row, 8, &bytes);
	if (bytes == CHAIN_HASH_BYTES)
		memcpy(chain->root, data, bytes);
	segment->hash = rows_bytea(verify->memory, rows, row, 9, &segment->hash_bytes);
	segment->leaves = rows_bytea(verify->memory, rows, row, 10, &segment->leaf_bytes);
}

/* What is wrong with the segment itself, its leaves included; NULL: nothing. */
static const char *
verify_segment(
    const struct verify *verify, const struct verify_segment *segment, const char **zh)
{
	const struct chain_segment *chain = &segment->chain;
	uint8_t hash[CHAIN_HASH_BYTES];

	if (chain->number != verify->number + 1) {
		*zh = "缺少一个区段";
		return "a segment before it is missing";
	}
	if (memcmp(chain->prev, verify->head, sizeof(chain->prev)) != 0) {
		*zh = "与前一区段不相连";
		return "it does not follow the one before";
	}
	chain_hash(chain, hash);
	if (segment->hash_bytes != sizeof(hash) ||
	    memcmp(hash, segment->hash, sizeof(hash)) != 0) {
		*zh = "区段本身被改动";
		return "the segment itself was changed";
	}
	if (chain->xid_from != verify->below || chain->floor != verify->floor) {
		*zh = "范围与前一区段不衔接";
		return "its range does not begin where the one before ends";
	}
	if (segment->leaf_bytes == chain->rows * AUDIT_LEAF_BYTES) {
		audit_leaves_root(segment->leaves, chain->rows, hash);
		if (memcmp(hash, chain->root, sizeof(hash)) == 0)
			return NULL;
	}
	*zh = "区段的行清单被改动";
	return "the segment's list of rows was changed";
}

/* Segments after the last good one, as far as they hold. */
static enum err
verify_read_segments(struct verify *verify)
{
	struct sql *sql = sql_new(verify->memory);
	struct rows *rows;
	const char *en, *zh = NULL;
	enum err err;

	sql_add(sql,
	    "SELECT number, floor, ceiling, xid_from, xid_below, rows, at, prev, root, hash, "
	    "leaves FROM (SELECT s.*, sum(s.rows) OVER (ORDER BY s.number) AS so_far FROM "
	    "audit_segment s WHERE s.number > ");
	sql_int(sql, (int64_t)verify->number);
	sql_addf(sql,
	    " ORDER BY s.number LIMIT %d) s WHERE so_far - s.rows < %d ORDER BY number",
	    VERIFY_SEGMENTS, AUDIT_SEGMENT_ROWS);
	store_read(verify->store);
	store_queue(verify->store, sql, &rows);
	err = store_flush(verify->store, verify->memory);
	if (err != ERR_OK)
		return err;
	verify->batch = ARENA_ARRAY(verify->memory, struct verify_segment, rows->count + 1);
	verify->count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		struct verify_segment *segment = &verify->batch[verify->count];

		verify_take_segment(verify, rows, i);
		en = verify_segment(verify, segment, &zh);
		if (en != NULL) {
			verify_blame(verify, verify->number + 1, 0, en, zh);
			verify->count--;
			break;
		}
		verify->number = segment->chain.number;
		memcpy(verify->head, segment->hash, sizeof(verify->head));
		verify->below = segment->ceiling != 0 ? 0 : segment->chain.xid_below;
		verify->floor = segment->ceiling != 0 ? segment->ceiling : segment->chain.floor;
		if (segment->ceiling != 0)
			break; /* what follows counts its transactions anew: another batch */
	}
	return ERR_OK;
}

/* ---- rows -------------------------------------------------------------------------------- */

/* The rows of one batch, beside the leaves they should give. */
struct verify_walk {
	size_t segment; /* of the batch */
	size_t leaf;    /* of that segment */
};

static const uint8_t *
verify_leaf(const struct verify *verify, const struct verify_walk *walk)
{
	return verify->batch[walk->segment].leaves + walk->leaf * AUDIT_LEAF_BYTES;
}

/*
 * A row that is not the leaf expected: changed (same seq), come between, or the one expected is
 * gone. Rows come by transaction and seq, so a leaf of this segment with the row's seq further
 * on means that those between are missing.
 */
static void
verify_blame_row(struct verify *verify, const struct verify_walk *walk, uint64_t seq)
{
	const struct verify_segment *segment = &verify->batch[walk->segment];
	uint64_t number = segment->chain.number;
	uint64_t expected =
	    walk->leaf < segment->chain.rows ? audit_leaf_seq(verify_leaf(verify, walk)) : 0;

	if (seq == expected) {
		verify_blame(verify, number, (int64_t)seq, "the row was changed", "该行被改动");
		return;
	}
	for (size_t leaf = walk->leaf; seq != 0 && leaf < segment->chain.rows; leaf++)
		if (audit_leaf_seq(segment->leaves + leaf * AUDIT_LEAF_BYTES) == seq)
			seq = 0;
	if (seq == 0)
		verify_blame(
		    verify, number, (int64_t)expected, "the row is missing", "该行缺失");
	else
		verify_blame(verify, number, (int64_t)seq,
		    "the row was not there when it was sealed", "该行是封存后加入的");
}

/* Segments that end before this transaction have had all their rows. */
static void
verify_move_on(struct verify *verify, struct verify_walk *walk, uint64_t xid)
{
	while (!verify->verdict->broken && walk->segment < verify->count &&
	       verify->batch[walk->segment].chain.xid_below <= xid) {
		if (walk->leaf < verify->batch[walk->segment].chain.rows)
			verify_blame_row(verify, walk, 0);
		walk->segment++;
		walk->leaf = 0;
	}
}

static void
verify_row(struct verify *verify, struct verify_walk *walk, const struct rows *rows, size_t row)
{
	uint64_t seq = (uint64_t)rows_int(rows, row, 0);
	uint8_t hash[CHAIN_HASH_BYTES];

	verify_move_on(verify, walk, audit_row_xid(rows, row));
	if (verify->verdict->broken)
		return;
	audit_row_hash(rows, row, hash);
	if (walk->leaf < verify->batch[walk->segment].chain.rows &&
	    audit_leaf_seq(verify_leaf(verify, walk)) == seq &&
	    memcmp(verify_leaf(verify, walk) + 8, hash, sizeof(hash)) == 0) {
		walk->leaf++;
		verify->verdict->rows++;
		return;
	}
	verify_blame_row(verify, walk, seq);
}

static enum err
verify_read_rows(struct verify *verify)
{
	const struct verify_segment *first = &verify->batch[0];
	const struct verify_segment *last = &verify->batch[verify->count - 1];
	struct audit_span span = { .floor = first->chain.floor,
		.ceiling = last->ceiling,
		.xid_from = first->chain.xid_from,
		.xid_below = last->chain.xid_below };
	struct verify_walk walk = { 0 };
	size_t count = 1;
	enum err err;

	store_begin(verify->store);
	err = audit_rows_open(verify->store, verify->memory, &span);
	while (err == ERR_OK && count > 0 && !verify->verdict->broken) {
		struct arena_mark mark = arena_mark(verify->memory);
		struct rows *rows;

		err = audit_rows_fetch(verify->store, verify->memory, &rows);
		count = err == ERR_OK ? rows->count : 0;
		for (size_t i = 0; i < count && !verify->verdict->broken; i++)
			verify_row(verify, &walk, rows, i);
		arena_rewind(verify->memory, mark);
	}
	store_rollback(verify->store);
	if (err == ERR_OK)
		verify_move_on(verify, &walk, UINT64_MAX);
	return err;
}

/* ---- all of it --------------------------------------------------------------------------- */

/* The chain's own count, and rows that no segment could have held. */
static enum err
verify_rest(struct verify *verify)
{
	struct sql *sql = sql_new(verify->memory);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT coalesce(max(number), 0) FROM audit_segment");
	store_read(verify->store);
	store_queue(verify->store, sql, &rows);
	err = store_flush(verify->store, verify->memory);
	if (err == ERR_OK)
		verify->total = (uint64_t)rows_int(rows, 0, 0);
	return err;
}

enum err
audit_verify(struct store *store, struct arena *arena,
    bool (*progress)(void *to, uint64_t done, uint64_t total), void *to,
    struct audit_verdict *verdict)
{
	struct verify verify = {
		.store = store, .arena = arena, .verdict = verdict, .memory = arena_new(0)
	};
	enum err err;

	*verdict = (struct audit_verdict){ 0 };
	err = verify_rest(&verify);
	while (err == ERR_OK && !verdict->broken) {
		arena_reset(verify.memory);
		err = verify_read_segments(&verify);
		/* Rows of the segments that hold are looked at first: theirs is the earlier
		 * break. */
		if (err == ERR_OK && verify.count > 0) {
			struct audit_verdict later = *verdict;

			verdict->broken = false;
			err = verify_read_rows(&verify);
			if (!verdict->broken && later.broken) {
				later.rows = verdict->rows;
				*verdict = later;
			}
		}
		verdict->segments += verify.count;
		if (err == ERR_OK && progress != NULL &&
		    !progress(to, verify.number, verify.total))
			err = ERR_CANCELLED;
		if (verify.count == 0)
			break;
	}
	arena_free(verify.memory);
	return err;
}

/* ---- the job ----------------------------------------------------------------------------- */

static bool
verify_progress(void *job_, uint64_t done, uint64_t total)
{
	return job_progress(job_, (int64_t)done, (int64_t)total);
}

enum err
audit_verify_run(struct job *job)
{
	struct audit_verdict verdict;
	enum err err =
	    audit_verify(job->worker->store, job->arena, verify_progress, job, &verdict);

	if (err != ERR_OK)
		return err;
	if (!verdict.broken) {
		job_say(job, "The chain holds: %" PRIu64 " segments, %" PRIu64 " rows",
		    "链条完整：%" PRIu64 " 个区段，%" PRIu64 " 行", verdict.segments,
		    verdict.rows);
		return ERR_OK;
	}
	if (verdict.seq != 0)
		job_say(job, "Broken at segment %" PRIu64 ", row %" PRId64 ": %s",
		    "断于区段 %" PRIu64 "，行 %" PRId64 "：%s", verdict.segment, verdict.seq,
		    call_say(job->call, verdict.en, verdict.zh));
	else
		job_say(job, "Broken at segment %" PRIu64 ": %s", "断于区段 %" PRIu64 "：%s",
		    verdict.segment, call_say(job->call, verdict.en, verdict.zh));
	return ERR_AUDIT_BROKEN;
}
