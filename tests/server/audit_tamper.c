/*
 * A thousand random changes to the audit and its chain, as somebody with all rights on the
 * database would make them: each must be found, and found where it is. What the database alone
 * cannot tell (a tail cut off, a chain made anew) is found with the first key and heads kept
 * outside.
 */
#include "common/date.h"
#include "server/audit/audit.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB       "audit_tamper"
#define CASES    1000
#define SEGMENTS 12
#define ROWS     20 /* of one segment */

static struct store *store; /* as kehu_app */
static struct arena *arena;
static uint8_t first_key[CHAIN_HASH_BYTES];
static struct chain_anchor anchors[SEGMENTS / 3];
static uint64_t random_state;

static uint64_t
random_below(uint64_t limit)
{
	random_state =
	    random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (random_state >> 33) % limit;
}

static void
seal_all(void)
{
	struct audit_sealed sealed;

	arena_reset(arena);
	assert_int_equal(audit_seal(store, arena, &sealed), ERR_OK);
	assert_int_not_equal(sealed.number, 0);
}

static void
add_rows(uint64_t count)
{
	for (uint64_t left = count; left > 0;) {
		uint64_t some = 1 + random_below(4);

		some = some > left ? left : some;
		/* One statement, one transaction of several rows. */
		pg_exec(DB,
		    "INSERT INTO audit (user_id, session_id, reference, request, action, "
		    "entity, record_id, "
		    "detail) SELECT 101, 5, 7, 'save', 'update', 10, 1000 + g, 'x' || g FROM "
		    "generate_series(1, %" PRIu64 ") g",
		    some);
		left -= some;
	}
}

static int
tamper_setup(void **state)
{
	pg_start();
	pg_database(DB);
	company_make(DB);
	arena = arena_new(0);
	store = pg_store(DB, "kehu_app");
	random_state = 20261122;
	pg_exec(DB, "DELETE FROM audit_key; DELETE FROM audit_segment; DELETE FROM audit");
	assert_true(chain_read_hex(
	    pg_exec(DB, "SELECT kehu_audit_key()"), first_key, CHAIN_HASH_BYTES));
	for (size_t i = 0; i < SEGMENTS; i++) {
		add_rows(ROWS);
		seal_all();
		if (i % 3 == 2) {
			anchors[i / 3].number = i + 1;
			chain_read_hex(pg_exec(DB,
					   "SELECT encode(hash, 'hex') FROM audit_segment "
					   "WHERE number = %zu",
					   i + 1),
			    anchors[i / 3].hash, CHAIN_HASH_BYTES);
		}
	}
	pg_exec(DB, "CREATE TABLE kept_audit AS SELECT * FROM audit;"
		    "CREATE TABLE kept_segment AS SELECT * FROM audit_segment;"
		    "CREATE TABLE kept_key AS SELECT * FROM audit_key");
	return 0;
}

static int
tamper_teardown(void **state)
{
	store_free(store);
	arena_free(arena);
	return 0;
}

/* Only what differs: a thousand times all of it would be a thousand times as many dead rows. */
static void
put_back(void)
{
	pg_exec(DB,
	    "DELETE FROM audit WHERE (tableoid, ctid) NOT IN (SELECT DISTINCT ON (a.seq) "
	    "a.tableoid, a.ctid"
	    " FROM audit a JOIN kept_audit k ON k.seq = a.seq AND k::text = a::text ORDER BY "
	    "a.seq);"
	    "INSERT INTO audit SELECT * FROM kept_audit k WHERE NOT EXISTS (SELECT FROM audit "
	    "a WHERE a.seq = k.seq);"
	    "DELETE FROM audit_segment s WHERE NOT EXISTS (SELECT FROM kept_segment k WHERE "
	    "k::text = s::text);"
	    "INSERT INTO audit_segment SELECT * FROM kept_segment ON CONFLICT DO NOTHING;"
	    "DELETE FROM audit_key; INSERT INTO audit_key SELECT * FROM kept_key");
}

/* ---- checking ---------------------------------------------------------------------------- */

struct found {
	uint64_t segment; /* 0: nothing is wrong */
	int64_t seq;
};

/* As an auditor does: within the database, then with what is kept outside. */
static struct found
check(void)
{
	struct chain_check heads = { .anchors = anchors,
		.anchor_count = sizeof(anchors) / sizeof(anchors[0]),
		.has_key = true };
	struct audit_verdict verdict;
	struct rows *rows;

	arena_reset(arena);
	assert_int_equal(audit_verify(store, arena, NULL, NULL, &verdict), ERR_OK);
	if (verdict.broken)
		return (struct found){ verdict.segment, verdict.seq };
	memcpy(heads.key, first_key, sizeof(heads.key));
	store_begin(store);
	rows = company_run(
	    store, arena, "SELECT number, hash, mac FROM audit_segment ORDER BY number");
	for (size_t i = 0; i < rows->count; i++) {
		size_t bytes;

		chain_check_head(&heads, (uint64_t)rows_int(rows, i, 0),
		    rows_bytea(arena, rows, i, 1, &bytes),
		    rows_bytea(arena, rows, i, 2, &bytes));
	}
	store_rollback(store);
	chain_check_end(&heads);
	return (struct found){ heads.broken, 0 };
}

/* ---- the changes ------------------------------------------------------------------------- */

static int64_t
row_of(uint64_t segment, uint64_t nth)
{
	return pg_int(DB,
	    "SELECT a.seq FROM audit a, audit_segment s WHERE s.number = %" PRIu64
	    " AND a.xid >= s.xid_from AND a.xid < s.xid_below ORDER BY a.xid, a.seq OFFSET "
	    "%" PRIu64 " LIMIT 1",
	    segment, nth);
}

static struct found
change_row(void)
{
	static const char *const changes[] = { "at = at + interval '1 microsecond'",
		"user_id = 102", "user_id = NULL", "session_id = 6",
		"reference = reference + 1", "request = 'list'", "action = 'updatE'",
		"action = NULL", "entity = 11", "record_id = record_id + 1",
		"change_id = gen_random_uuid()", "detail = detail || ' '", "detail = ''",
		"(request, action) = (request || 'u', 'pdate')" };
	uint64_t segment = 1 + random_below(SEGMENTS);
	int64_t seq = row_of(segment, random_below(ROWS));

	pg_exec(DB, "UPDATE audit SET %s WHERE seq = %" PRId64,
	    changes[random_below(sizeof(changes) / sizeof(changes[0]))], seq);
	return (struct found){ segment, seq };
}

static struct found
delete_row(void)
{
	uint64_t segment = 1 + random_below(SEGMENTS);
	int64_t seq = row_of(segment, random_below(ROWS));

	pg_exec(DB, "DELETE FROM audit WHERE seq = %" PRId64, seq);
	return (struct found){ segment, seq };
}

/* A row that never happened, with a seq of its own, in the transaction of another. */
static struct found
insert_row(void)
{
	uint64_t segment = 1 + random_below(SEGMENTS);
	int64_t seq = row_of(segment, random_below(ROWS));
	int64_t made = pg_int(DB,
	    "INSERT INTO audit (seq, xid, at, user_id, request, action) SELECT "
	    "nextval('audit_seq'), xid, at, "
	    "103, 'save', 'update' FROM audit WHERE seq = %" PRId64 " RETURNING seq",
	    seq);

	return (struct found){ segment, made };
}

/* The same row twice. */
static struct found
repeat_row(void)
{
	uint64_t segment = 1 + random_below(SEGMENTS);
	int64_t seq = row_of(segment, random_below(ROWS));

	pg_exec(DB, "INSERT INTO audit SELECT * FROM audit WHERE seq = %" PRId64, seq);
	return (struct found){ segment, -1 };
}

/* Two rows change places: whoever did the one did the other. */
static struct found
swap_rows(void)
{
	uint64_t one = random_below(SEGMENTS * ROWS), other = random_below(SEGMENTS * ROWS - 1);
	uint64_t first = one < other ? one : other;
	int64_t a, b;

	other += other >= one;
	first = one < other ? one : other;
	a = row_of(1 + one / ROWS, one % ROWS);
	b = row_of(1 + other / ROWS, other % ROWS);
	pg_exec(DB,
	    "UPDATE audit a SET seq = %" PRId64 " + %" PRId64
	    " - a.seq, xid = b.xid FROM audit b"
	    " WHERE (a.seq, b.seq) IN ((%" PRId64 ", %" PRId64 "), (%" PRId64 ", %" PRId64 "))",
	    a, b, a, b, b, a);
	/* Rows alike but for the record they name. */
	if (strcmp(pg_exec(DB, "SELECT count(*) FROM (SELECT a.* FROM audit a EXCEPT SELECT * "
			       "FROM kept_audit) x"),
		"0") == 0)
		return (struct found){ 0, 0 };
	return (struct found){ 1 + first / ROWS, -1 };
}

/* Out of its segment, into another or among what is not sealed yet. */
static struct found
move_row(void)
{
	uint64_t from = 1 + random_below(SEGMENTS), to = 1 + random_below(SEGMENTS + 1);
	int64_t seq = row_of(from, random_below(ROWS));

	to += to == from;
	if (to > SEGMENTS)
		pg_exec(DB, "UPDATE audit SET xid = pg_current_xact_id() WHERE seq = %" PRId64,
		    seq);
	else
		pg_exec(DB,
		    "UPDATE audit SET xid = (SELECT xid_from FROM audit_segment WHERE number = "
		    "%" PRIu64 ") WHERE seq = %" PRId64,
		    to, seq);
	return (struct found){ to < from ? to : from, -1 };
}

static struct found
change_segment(void)
{
	static const char *const changes[] = { "hash = sha256(hash)", "prev = sha256(prev)",
		"root = sha256(root)", "rows = rows + 1", "rows = rows - 1",
		"mac = sha256(mac)", "at = at + interval '1 second'",
		"leaves = overlay(leaves placing '\\xff' from 5)",
		"leaves = overlay(leaves placing sha256(leaves) from 9)",
		"leaves = substr(leaves, 1, length(leaves) - 40)", "floor = floor + 1",
		"xid_below = (xid_below::text::bigint + 1)::text::xid8",
		"xid_from = (xid_from::text::bigint + 1)::text::xid8",
		"number = number + 1000" };
	uint64_t segment = 1 + random_below(SEGMENTS);
	uint64_t which = random_below(sizeof(changes) / sizeof(changes[0]));

	pg_exec(
	    DB, "UPDATE audit_segment SET %s WHERE number = %" PRIu64, changes[which], segment);
	return (struct found){ segment, -1 };
}

static struct found
delete_segment(void)
{
	uint64_t segment = 1 + random_below(SEGMENTS);

	pg_exec(DB, "DELETE FROM audit_segment WHERE number = %" PRIu64, segment);
	return (struct found){ segment, -1 };
}

/* The last segments with their rows, and the chain's own count set back. */
static struct found
cut_tail(void)
{
	uint64_t kept = random_below(SEGMENTS);

	pg_exec(DB,
	    "DELETE FROM audit WHERE xid >= coalesce((SELECT xid_below FROM audit_segment "
	    "WHERE number = %" PRIu64
	    "), '0'); DELETE FROM audit_segment WHERE number > %" PRIu64
	    "; UPDATE audit_key SET number = %" PRIu64 " + 1",
	    kept, kept, kept);
	return (struct found){ kept + 1, -1 };
}

static struct found
cut_rows(void)
{
	uint64_t segment = 1 + random_below(SEGMENTS);
	int64_t seq = row_of(segment, 0);

	pg_exec(DB,
	    "DELETE FROM audit WHERE xid >= (SELECT xid FROM audit WHERE seq = %" PRId64 ")",
	    seq);
	return (struct found){ segment, seq };
}

/*
 * Segments from one on are made anew over what the rows now say, with hashes that are right and
 * whatever key there is: only the first key, or a head kept outside, tells.
 */
static struct found
forge_from(void)
{
	uint64_t segment = 1 + random_below(SEGMENTS);
	uint64_t was = segment;

	pg_exec(DB, "UPDATE audit SET user_id = 102 WHERE seq = %" PRId64,
	    row_of(segment, random_below(ROWS)));
	pg_exec(DB,
	    "DELETE FROM audit_segment WHERE number >= %" PRIu64
	    "; UPDATE audit_key SET number = %" PRIu64,
	    segment, segment);
	/* One segment holds what the rest held; then the chain grows as it was. */
	seal_all();
	for (; segment < SEGMENTS; segment++) {
		add_rows(2);
		seal_all();
	}
	return (struct found){ was, -1 };
}

/* An old copy of the database is put back, its key too, and work goes on. */
static struct found
roll_back(void)
{
	uint64_t kept = random_below(SEGMENTS), anchor = kept - kept % 3 + 3;
	uint8_t key[CHAIN_HASH_BYTES];
	struct buf hex = BUF_INIT;

	memcpy(key, first_key, sizeof(key));
	for (uint64_t i = 0; i < kept; i++)
		chain_key_forward(key);
	chain_put_hex(&hex, key, sizeof(key));
	cut_tail();
	pg_exec(DB,
	    "DELETE FROM audit_segment; DELETE FROM audit; INSERT INTO audit_segment SELECT * "
	    "FROM kept_segment"
	    " WHERE number <= %" PRIu64
	    "; INSERT INTO audit SELECT * FROM kept_audit WHERE xid < coalesce("
	    "(SELECT max(xid_below::text::bigint) FROM audit_segment)::text::xid8, '0');"
	    "UPDATE audit_key SET number = %" PRIu64 " + 1, key = '\\x%s'",
	    kept, kept, buf_text(&hex));
	buf_fini(&hex);
	for (uint64_t i = kept; i < SEGMENTS; i++) {
		add_rows(2);
		seal_all();
	}
	return (struct found){ anchor, -1 };
}

/* ---- the proof --------------------------------------------------------------------------- */

static void
every_change_is_found_where_it_is(void **state)
{
	static const struct {
		const char *name;
		struct found (*make)(void);
		unsigned weight;
	} kinds[] = {
		{ "change a row", change_row, 20 },
		{ "delete a row", delete_row, 15 },
		{ "insert a row", insert_row, 15 },
		{ "repeat a row", repeat_row, 5 },
		{ "swap two rows", swap_rows, 10 },
		{ "move a row", move_row, 8 },
		{ "change a segment", change_segment, 12 },
		{ "delete a segment", delete_segment, 3 },
		{ "cut the tail", cut_tail, 4 },
		{ "cut the rows of the tail", cut_rows, 3 },
		{ "replace segments", forge_from, 3 },
		{ "roll back", roll_back, 2 },
	};
	size_t done[sizeof(kinds) / sizeof(kinds[0])] = { 0 }, cases = 0;

	assert_int_equal(check().segment, 0);
	while (cases < CASES) {
		unsigned at = (unsigned)random_below(100);
		struct found expected, found;
		size_t kind = 0;

		while (at >= kinds[kind].weight)
			at -= kinds[kind++].weight;
		expected = kinds[kind].make();
		if (expected.segment == 0) {
			put_back();
			continue; /* nothing changed: two rows that are alike */
		}
		found = check();
		if (found.segment != expected.segment ||
		    (expected.seq >= 0 && found.seq != expected.seq))
			fail_msg("case %zu, %s: segment %" PRIu64 " row %" PRId64
				 ", found at segment %" PRIu64 " row %" PRId64,
			    cases, kinds[kind].name, expected.segment, expected.seq,
			    found.segment, found.seq);
		put_back();
		done[kind]++;
		cases++;
	}
	assert_int_equal(check().segment, 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_int_not_equal(done[i], 0);
		print_message("# %zu × %s\n", done[i], kinds[i].name);
	}
	print_message("# %zu cases\n", cases);
}

/* While some commit, others roll back and two seal: every row is in exactly one segment. */
static void
sealing_beside_open_transactions_loses_no_row(void **state)
{
	struct store *slow = pg_store(DB, NULL), *second = pg_store(DB, "kehu_app");
	struct audit_sealed sealed, other;
	struct arena *more = arena_new(0);
	int64_t held;

	put_back();
	store_begin(slow);
	company_run(slow, more, "SELECT kehu_audit(101, 5, 7, 'save', 'slow', 10, 1, NULL)");
	add_rows(30);
	/* What is open, and what began after it, waits. */
	arena_reset(arena);
	assert_int_equal(audit_seal(store, arena, &sealed), ERR_OK);
	held =
	    pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'update'") - SEGMENTS * ROWS;
	assert_int_equal(held, 30);
	assert_int_equal(sealed.rows, 0);
	/* Two servers: one of them seals. */
	assert_int_equal(store_commit(slow, more), ERR_OK);
	store_begin(second);
	company_run(second, more, "SELECT * FROM kehu_audit_seal_begin()");
	arena_reset(arena);
	assert_int_equal(audit_seal(store, arena, &other), ERR_OK);
	assert_int_equal(other.number, 0);
	store_rollback(second);
	arena_reset(arena);
	assert_int_equal(audit_seal(store, arena, &sealed), ERR_OK);
	assert_int_equal(sealed.rows, 31);
	assert_int_equal(sealed.number, SEGMENTS + 1);
	assert_int_equal(check().segment, 0);
	store_free(slow);
	store_free(second);
	arena_free(more);
	put_back();
}

static void
a_backlog_becomes_segments_of_bounded_size(void **state)
{
	struct audit_sealed sealed = { .more = true };
	size_t segments = 0;

	put_back();
	for (int i = 0; i < 5; i++)
		pg_exec(DB, "INSERT INTO audit (user_id, request) SELECT 101, 'save' FROM "
			    "generate_series(1, 9000)");
	for (; sealed.more; segments++) {
		arena_reset(arena);
		assert_int_equal(audit_seal(store, arena, &sealed), ERR_OK);
		assert_in_range(sealed.rows, 1, AUDIT_SEGMENT_ROWS);
	}
	assert_in_range(segments, 3, 5);
	assert_int_equal(check().segment, 0);
	put_back();
}

/* One transaction of more rows than a segment holds is one segment all the same. */
static void
a_big_transaction_is_one_segment(void **state)
{
	struct audit_sealed sealed;

	put_back();
	add_rows(3);
	pg_exec(DB, "INSERT INTO audit (user_id, request) SELECT 101, 'save' FROM "
		    "generate_series(1, 25000)");
	add_rows(3);
	for (int i = 0; i < 3; i++) {
		arena_reset(arena);
		assert_int_equal(audit_seal(store, arena, &sealed), ERR_OK);
		assert_int_equal(sealed.rows, i == 1 ? 25000 : 3);
	}
	assert_int_equal(check().segment, 0);
	put_back();
}

/* The run-time role neither rewrites the audit nor learns the key. */
static void
the_server_itself_cannot_rewrite_it(void **state)
{
	static const char *const refused[] = { "UPDATE audit SET user_id = 1",
		"DELETE FROM audit", "TRUNCATE audit", "UPDATE audit_segment SET mac = hash",
		"DELETE FROM audit_segment",
		"INSERT INTO audit_segment SELECT * FROM audit_segment",
		"SELECT key FROM audit_key", "UPDATE audit_key SET number = 1" };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		store_begin(store);
		if (company_try(store, arena, "%s", refused[i]) == ERR_OK)
			fail_msg("allowed: %s", refused[i]);
		assert_string_equal(store_state(store), "42501");
		store_rollback(store);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_is_found_where_it_is),
		cmocka_unit_test(sealing_beside_open_transactions_loses_no_row),
		cmocka_unit_test(a_backlog_becomes_segments_of_bounded_size),
		cmocka_unit_test(a_big_transaction_is_one_segment),
		cmocka_unit_test(the_server_itself_cannot_rewrite_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, tamper_setup, tamper_teardown);
}
