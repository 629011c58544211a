/*
 * Search: candidates, recheck, rank.
 *
 * Candidates come from <table>_search (no row policies there, its own access columns) inside a
 * materialised, limited CTE with a custom plan, and are joined with the record under its
 * policies and conditions. Every arm applies inside, so the limit never hides a row the reader
 * could see behind rows he could not. Past the limit what equals or begins with the words comes
 * first, the rest by id, page by page to the end; the answer says that it is not ranked.
 */
#include "server/record/search_private.h"

#include "server/record/arms.h"
#include "server/record/crowd.h"

#include <stdlib.h>
#include <string.h>

#define TYPO_MAX       2000 /* candidates that may differ by one character */
#define BEST_MAX       200 /* of the exact and of the beginning matches, when there are too many */
#define CROWD_MIN      2001 /* candidates that are too many to sort */
#define FIRST_MAX      40 /* by id, of matches too many to rank: what a first page shows */
#define CROWD_SHARE    0.0012 /* and so many of all: a walk by id comes upon them quickly */
#define PROBE_HITS     3
#define PROBE_ROWS_MIN 200

/* "SELECT s.id, doc, block FROM …": every arm and condition inside, so that a limit counts only
 * what fits. */
static void
search_put_candidates(struct call *call, const struct entity_view *entity,
    const struct arms *arms, struct sql *sql, const char *tsquery, const char *where)
{
	const struct entity *def = entity->def;

	sql_addf(sql, "SELECT s.id, s.doc, (s.ctid::text::point)[0] AS block FROM %s_search s",
	    entity_table(def));
	if (where[0] != '\0')
		sql_addf(sql, " JOIN %s t ON t.id = s.id", entity_table(def));
	sql_add(sql, " WHERE s.tokens @@ ");
	sql_text(sql, tsquery);
	sql_add(sql, "::tsquery AND ");
	record_arms_where(call, sql, entity, "s", arms);
	if (where[0] != '\0')
		sql_addf(sql, " AND t.deleted_at IS NULL AND %s", where);
}

/*
 * For each id of a relation (column SEARCH_AT) record and texts, where the reader's policies
 * show it, looked up by id (the fences keep the planner from reading the whole table when its
 * statistics are old), if the n.n that were found are at most limit. The last fence makes that
 * a condition that is looked at once: as a filter of the join it cost 2,001 look-ups that were
 * thrown away.
 */
static void
search_put_records(
    const struct entity_view *entity, struct sql *sql, const char *from, size_t limit)
{
	const struct entity *def = entity->def;
	const char *label = def->label_field != NULL ? def->label_field : "name";

	sql_addf(sql,
	    " SELECT n.n, n.all_of, r.* FROM n LEFT JOIN LATERAL (SELECT h.id AS at, c.*, "
	    "CASE WHEN c.id IS NOT NULL THEN h.doc END FROM %s h "
	    "LEFT JOIN LATERAL (SELECT t.id, t.%s, t.%s_key FROM %s t WHERE t.id = h.id "
	    "AND t.deleted_at IS NULL OFFSET 0) c ON true "
	    "WHERE n.n <= %zu OFFSET 0) r ON true",
	    from, label, label, entity_table(def), limit);
}

/*
 * The candidates, if they are at most limit; if they are more, but at most read, the first of
 * them by id. Each row begins with how many there are, and there is always one. How many there
 * would be past read is guessed from how far apart in the table they lie, since they come in
 * its order, or are thought to be few.
 */
static void
search_queue(struct call *call, const struct entity_view *entity, const struct arms *arms,
    struct sql *sql, const char *tsquery, const char *where, size_t limit, size_t read,
    struct rows **rows)
{
	const char *from = "h";

	if (read > limit)
		from = arena_printf(call->arena,
		    "(SELECT h.id, h.doc FROM h WHERE n.n <= %zu UNION ALL (SELECT h.id, h.doc "
		    "FROM h "
		    "WHERE n.n > %zu ORDER BY h.id LIMIT %d))",
		    limit, limit, FIRST_MAX);
	sql_add(sql, "WITH h AS MATERIALIZED (");
	search_put_candidates(call, entity, arms, sql, tsquery, where);
	sql_addf(sql,
	    " LIMIT %zu), n AS (SELECT count(*) AS n, (count(*) * (SELECT c.relpages FROM "
	    "pg_class c "
	    "WHERE c.oid = '%s_search'::regclass) / (1 + max(h.block) - min(h.block)))::bigint "
	    "AS all_of "
	    "FROM h)",
	    read + 1, entity_table(entity->def));
	search_put_records(entity, sql, from, read);
	store_queue(call->store, sql, rows);
}

static int
search_compare(const void *a_, const void *b_)
{
	const struct search_hit *a = a_, *b = b_;
	int order;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	order = strcmp(
	    a->sort_key != NULL ? a->sort_key : "", b->sort_key != NULL ? b->sort_key : "");
	if (order != 0)
		return order;
	return (a->id > b->id) - (a->id < b->id);
}

/* A statement that shares the parameters of the caller's filter. */
struct search_step {
	struct call *call;
	const struct entity_view *entity;
	const struct arms *arms;
	const struct search_sight *sight;
	const struct token_query *query;
	struct search_result *result;
	int64_t guess; /* how many there are beyond a limit that was passed */
};

/* read: more than limit where the first by id are of use. */
static enum err
search_step(struct search_step *step, struct sql *sql, const char *where, const char *tsquery,
    bool typo, size_t limit, size_t read, bool *more)
{
	struct rows *rows;
	size_t count;
	enum err err;

	*more = false;
	if (tsquery == NULL)
		return ERR_OK;
	search_queue(
	    step->call, step->entity, step->arms, sql, tsquery, where, limit, read, &rows);
	err = store_flush(step->call->store, step->call->arena);
	if (err != ERR_OK)
		return err;
	count = (size_t)rows_int(rows, 0, SEARCH_COUNT);
	*more = count > limit;
	if (*more) { /* a part without order would differ from page to page: all of it or
			nothing */
		step->guess = rows_int(rows, 0, SEARCH_ALL);
		if (read > limit && count <= read)
			step->result->first = rows;
		return ERR_OK;
	}
	search_take(step->call, step->query, step->sight, typo, rows, step->result);
	return ERR_OK;
}

/* Are there so many by the statistics? The index would first list them all. */
static enum err
search_guess(const struct search_step *step, const char *tsquery, double *share, bool *many)
{
	enum err err = crowd_share(step->call, step->entity, step->arms, tsquery, share);

	*many = err == ERR_OK && *share >= CROWD_SHARE &&
		*share * (double)crowd_rows(step->call, step->entity) >= CROWD_MIN;
	return err;
}

/* Can the arms be walked one by one? There is an index for each, but of companies and of all. */
static bool
search_walks_arms(const struct search_step *step)
{
	return !step->arms->all && step->arms->company == 0 &&
	       step->entity->def->kind == ENTITY_ACTIVITY;
}

/*
 * Whether what the statistics say holds for this reader (a city's name is common, but not in
 * the branch of another city): as many hits as expected among the first rows by id.
 */
static enum err
search_probe(
    struct search_step *step, struct sql *sql, const char *tsquery, double share, bool *crowded)
{
	const char *table = arena_printf(
	    step->call->arena, "%s_search", entity_table(step->entity->def));
	bool walks = search_walks_arms(step);
	struct rows *rows;
	enum err err;

	if (walks)
		share /= crowd_reach(step->call, step->entity, step->arms);
	size_t window = PROBE_ROWS_MIN + (size_t)(PROBE_HITS * 2.5 / share);
	sql_add(sql, "SELECT count(*) FROM (SELECT 1");
	if (walks) {
		arms_from(sql,
		    &(struct arms_page){ .entity = step->entity,
			.arms = step->arms,
			.table = table,
			.columns = "t.id, t.tokens",
			.where = "",
			.order = "t.id",
			.distinct_on = "u.id",
			.outer_order = "u.id",
			.limit = window });
		sql_add(sql, " WHERE true");
	} else {
		sql_addf(sql, " FROM (SELECT * FROM %s ORDER BY id LIMIT %zu OFFSET 0) t WHERE ",
		    table, window);
		record_arms_where(step->call, sql, step->entity, "t", step->arms);
	}
	sql_add(sql, " AND t.tokens @@ ");
	sql_text(sql, tsquery);
	sql_addf(sql, "::tsquery LIMIT %d) p", PROBE_HITS);
	err = store_run(step->call->store, step->call->arena, sql, &rows);
	*crowded = err == ERR_OK && rows_int(rows, 0, 0) == PROBE_HITS;
	return err;
}

/* The best of too many: those that equal the words, and those that begin with them. */
static enum err
search_best(struct search_step *step, const struct sql *sql, const char *where)
{
	const char *start = token_query_start_text(step->query);
	bool many = false, ignored;
	double share;
	enum err err;

	step->result->narrow = true;
	err = search_step(step, sql_copy(sql), where, token_query_exact_text(step->query),
	    false, BEST_MAX, BEST_MAX, &ignored);
	if (err == ERR_OK && step->result->crowded)
		err = search_guess(step, start, &share, &many);
	if (err == ERR_OK && !many)
		err = search_step(
		    step, sql_copy(sql), where, start, false, BEST_MAX, BEST_MAX, &ignored);
	return err;
}

enum err
search_run(struct call *call, const struct entity_view *entity, const char *words,
    struct sql *sql, const char *where, size_t candidates, bool known_narrow,
    struct search_result *result)
{
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	const struct search_sight *sight = search_sight(call, entity);
	struct search_step step = {
		.call = call, .entity = entity, .arms = &arms, .sight = sight, .result = result
	};
	bool more = known_narrow, many = false;
	enum err err = ERR_OK;
	double share;

	*result = (struct search_result){ 0 };
	call->matched_whole |= sight->whole[0] != '\0' && search_looks_whole(words);
	step.query = token_query(call->arena, words, sight->clear, sight->whole);
	result->too_short = token_query_is_short(step.query);
	result->hits =
	    ARENA_ARRAY(call->arena, struct search_hit, candidates + TYPO_MAX + 2 * BEST_MAX);
	/* A list is refused by what is there, not by a guess. */
	if (where[0] == '\0' && candidates < CROWD_MIN - 1)
		err = search_guess(&step, token_query_text(step.query), &share, &many);
	if (err == ERR_OK && many)
		err = search_probe(&step, sql_copy(sql), token_query_text(step.query), share,
		    &result->crowded);
	more = more || result->crowded;
	if (err == ERR_OK && !more)
		err = search_step(&step, sql_copy(sql), where, token_query_text(step.query),
		    false, candidates, candidates < CROWD_MIN ? CROWD_MIN - 1 : candidates,
		    &more);
	result->crowded = result->crowded || step.guess >= CROWD_MIN;
	if (err == ERR_OK && more) {
		err = search_best(&step, sql, where);
	} else if (err == ERR_OK && result->count == 0) {
		err = search_step(&step, sql_copy(sql), where,
		    token_query_typo_text(call->arena, step.query), true, TYPO_MAX, TYPO_MAX,
		    &more);
		result->typo = result->count > 0;
		result->narrow = more;
	}
	if (err == ERR_OK)
		qsort(result->hits, result->count, sizeof(*result->hits), search_compare);
	return err;
}

#define REST_ROUNDS 8

static bool
search_has(const struct search_result *result, int64_t id)
{
	for (size_t i = 0; i < result->count; i++)
		if (result->hits[i].id == id)
			return true;
	return false;
}

/*
 * The next candidates by id, of a set that is small enough to be sorted. *crowded: it is not,
 * and nothing was read.
 */
static enum err
search_next_of_few(struct search_step *step, struct sql *sql, const char *where, int64_t after,
    size_t limit, struct rows **rows, bool *crowded)
{
	enum err err;

	sql_add(sql, "WITH g AS MATERIALIZED (");
	search_put_candidates(
	    step->call, step->entity, step->arms, sql, token_query_text(step->query), where);
	sql_add(sql, " AND s.id > ");
	sql_int(sql, after);
	sql_addf(sql, " LIMIT %d), n AS (SELECT count(*) AS n, 0 AS all_of FROM g)", CROWD_MIN);
	search_put_records(step->entity, sql,
	    arena_printf(step->call->arena,
		"(SELECT g.id, g.doc FROM g ORDER BY g.id LIMIT %zu)", limit),
	    CROWD_MIN - 1);
	err = store_run(step->call->store, step->call->arena, sql, rows);
	*crowded = err == ERR_OK && rows_int(*rows, 0, SEARCH_COUNT) == CROWD_MIN;
	return err;
}

/* A walk by id in each arm, of search rows only; their records after that, as in a small set. */
static enum err
search_next_in_arms(
    struct search_step *step, struct sql *sql, int64_t after, size_t limit, struct rows **rows)
{
	struct arena *arena = step->call->arena;

	sql_add(sql, "t.tokens @@ ");
	sql_text(sql, token_query_text(step->query));
	sql_add(sql, "::tsquery AND t.id > ");
	sql_int(sql, after);
	const char *where = sql_cut(sql, 0);

	sql_add(sql, "WITH g AS MATERIALIZED (SELECT t.*");
	arms_from(sql,
	    &(struct arms_page){ .entity = step->entity,
		.arms = step->arms,
		.table = arena_printf(arena, "%s_search", entity_table(step->entity->def)),
		.columns = "t.id, t.doc",
		.where = where,
		.order = "t.id",
		.distinct_on = "u.id",
		.outer_order = "u.id",
		.limit = limit });
	sql_add(sql, "), n AS (SELECT 0 AS n, 0 AS all_of)");
	search_put_records(step->entity, sql, "(SELECT g.id, g.doc FROM g ORDER BY g.id)", limit);
	return store_run(step->call->store, arena, sql, rows);
}

/* The same of a crowd: the index walk by id stops at the limit since matches are many. */
static enum err
search_next_of_many(struct search_step *step, struct sql *sql, const char *where, int64_t after,
    size_t limit, struct rows **rows)
{
	const struct entity *def = step->entity->def;
	const char *label = def->label_field != NULL ? def->label_field : "name";

	sql_addf(sql,
	    "SELECT 0, 0, s.id, t.id, t.%s, t.%s_key, s.doc FROM %s_search s JOIN %s t ON t.id "
	    "= s.id "
	    "WHERE t.deleted_at IS NULL AND s.tokens @@ ",
	    label, label, entity_table(def), entity_table(def));
	sql_text(sql, token_query_text(step->query));
	sql_add(sql, "::tsquery AND s.id > ");
	sql_int(sql, after);
	sql_add(sql, " AND ");
	record_arms_where(step->call, sql, step->entity, "s", step->arms);
	if (where[0] != '\0')
		sql_addf(sql, " AND %s", where);
	sql_addf(sql, " ORDER BY s.id LIMIT %zu", limit);
	return store_run(step->call->store, step->call->arena, sql, rows);
}

enum err
search_rest(struct call *call, const struct entity_view *entity, const char *words,
    struct sql *sql, const char *where, const struct search_result *ranked, int64_t after,
    size_t limit, struct search_result *result, int64_t *last)
{
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	const struct search_sight *sight = search_sight(call, entity);
	struct search_step step = {
		.call = call, .entity = entity, .arms = &arms, .sight = sight, .result = result
	};
	bool crowded = ranked->crowded;

	*result = (struct search_result){ 0 };
	*last = after;
	step.query = token_query(call->arena, words, sight->clear, sight->whole);
	result->hits = ARENA_ARRAY(call->arena, struct search_hit, limit + 1);
	for (int round = 0; round < REST_ROUNDS && result->count < limit; round++) {
		size_t before = result->count, want = limit - result->count, kept = before;
		struct rows *rows, first;
		enum err err = ERR_OK;

		if (*last == 0 && ranked->first != NULL && ranked->first->count >= want) {
			first = *ranked->first;
			first.count = want;
			rows = &first;
		} else if (!crowded) {
			err = search_next_of_few(
			    &step, sql_copy(sql), where, *last, want, &rows, &crowded);
		}
		if (err == ERR_OK && crowded && where[0] == '\0' && search_walks_arms(&step))
			err = search_next_in_arms(&step, sql_copy(sql), *last, want, &rows);
		else if (err == ERR_OK && crowded)
			err = search_next_of_many(
			    &step, sql_copy(sql), where, *last, want, &rows);
		if (err != ERR_OK)
			return err;
		search_take(call, step.query, sight, false, rows, result);
		for (size_t i = before; i < result->count; i++)
			if (!search_has(ranked, result->hits[i].id))
				result->hits[kept++] = result->hits[i];
		result->count = kept;
		if (rows->count < want || rows_null(rows, rows->count - 1, SEARCH_AT)) {
			*last = 0;
			return ERR_OK;
		}
		*last = rows_int(rows, rows->count - 1, SEARCH_AT);
	}
	return ERR_OK;
}
