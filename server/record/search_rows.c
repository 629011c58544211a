/*
 * The statements that look for candidates of a search in <table>_search. Which of them is asked
 * follows from how common the words are, and is search.c's.
 */
#include "server/record/search_private.h"

#include "server/record/arms.h"

#define RANGE_BITS     16   /* of ids: as the index of words has them, migration 0051 */
#define BRANCH_BITS    18   /* the same in the index of words within branches, server/store/ddl.c */
#define BRANCHES_MAX   20   /* asked by that index */

const char *
search_in_branches(const struct search_step *step, const char *tsquery)
{
	const struct arms *arms = step->arms;

	if (step->entity->def->kind != ENTITY_ACTIVITY || arms->all ||
	    arms->branch_count == 0 || arms->branch_count > BRANCHES_MAX)
		return NULL;
	return token_query_in(step->call->arena, tsquery, arms->branches, arms->branch_count);
}

/* "SELECT columns FROM …": search rows s that match in the reader's branches, then those of other arms. */
static void
search_put_in_branches(const struct search_step *step, struct sql *sql, const char *columns,
    const char *inside, const char *tsquery, const char *range)
{
	const char *table = entity_table(step->entity->def);
	struct arms rest = *step->arms;

	sql_addf(sql, "SELECT %s FROM %s_search s WHERE search_branch_grams(s.branch_id, s.tokens) @@ ",
	    columns, table);
	sql_text(sql, inside);
	sql_addf(sql, "::tsquery%s UNION ALL SELECT %s FROM %s_search s WHERE s.tokens @@ ", range,
	    columns, table);
	sql_text(sql, tsquery);
	sql_addf(sql, "::tsquery%s AND (s.branch_id = ANY(", range);
	sql_ints(sql, rest.branches, rest.branch_count);
	sql_add(sql, ")) IS NOT TRUE AND ");
	rest.branch_count = 0;
	record_arms_where(step->call, sql, step->entity, "s", &rest);
}

void
search_put_candidates(const struct search_step *step, struct sql *sql, const char *columns,
    const char *tsquery, const char *where, int64_t after, bool common)
{
	const char *table = entity_table(step->entity->def);
	bool fence = !common && !step->arms->all && where[0] == '\0';
	const char *inside = where[0] == '\0' && after < 0 ? search_in_branches(step, tsquery) : NULL;

	if (inside != NULL) {
		search_put_in_branches(step, sql, columns, inside, tsquery, "");
		sql_named(sql);
		return;
	}
	sql_addf(sql, "SELECT %s FROM ", columns);
	sql_addf(sql, fence ? "(SELECT * FROM %s_search s" : "%s_search s", table);
	if (where[0] != '\0')
		sql_addf(sql, " JOIN %s t ON t.id = s.id", table);
	sql_add(sql, " WHERE s.tokens @@ ");
	sql_text(sql, tsquery);
	sql_add(sql, "::tsquery");
	if (after >= 0) { /* not by the index of ids, which would list all behind */
		sql_add(sql, " AND s.id + 0 > ");
		sql_int(sql, after);
	}
	sql_add(sql, fence ? " OFFSET 0) s WHERE " : " AND ");
	record_arms_where(step->call, sql, step->entity, "s", step->arms);
	if (where[0] != '\0')
		sql_addf(sql, " AND t.deleted_at IS NULL AND %s", where);
	else
		sql_named(sql);
}

enum err
search_next_in_arms(
    struct search_step *step, struct sql *sql, int64_t after, size_t limit, struct rows **rows)
{
	struct arena *arena = step->call->arena;

	/* A sub-select: the words are read once, not for each record. */
	sql_add(sql, "ts_match_vq(t.tokens, (SELECT ");
	sql_text(sql, token_query_text(step->query));
	sql_add(sql, "::tsquery)) AND t.id > ");
	sql_int(sql, after);
	const char *where = sql_cut(sql, 0);

	sql_add(sql, "SELECT 0, t.*");
	arms_from(
	    sql, &(struct arms_page){ .entity = step->entity,
		     .arms = step->arms,
		     .table = arena_printf(arena, "%s_search", entity_table(step->entity->def)),
		     .columns = "t.id, t.doc",
		     .where = where,
		     .order = "t.id",
		     .distinct_on = "u.id",
		     .outer_order = "u.id",
		     .limit = limit });
	sql_add(sql, " ORDER BY t.id");
	sql_named(sql);
	return store_run(step->call->store, arena, sql, rows);
}

enum err
search_next_in_ranges(
    struct search_step *step, struct sql *sql, int64_t after, size_t limit, struct rows **rows)
{
	const char *table = entity_table(step->entity->def);
	const char *words = token_query_text(step->query), *inside = search_in_branches(step, words);
	int bits = inside != NULL ? BRANCH_BITS : RANGE_BITS;
	const char *range;

	/* The ranges that have records, one after the other, as far as is wanted. */
	sql_addf(sql,
	    "WITH RECURSIVE range (at) AS ((SELECT n.id >> %d FROM %s_search n WHERE n.id > ",
	    bits, table);
	sql_int(sql, after);
	sql_addf(sql,
	    " ORDER BY n.id LIMIT 1) UNION ALL SELECT m.at FROM range, LATERAL "
	    "(SELECT n.id >> %d AS at FROM %s_search n WHERE n.id >= (range.at + 1) << %d "
	    "ORDER BY n.id LIMIT 1) m), start (id) AS (SELECT ",
	    bits, table, bits);
	sql_int(sql, after);
	sql_add(sql, ") SELECT 0, r.id, r.doc FROM range, start, LATERAL (");
	range = arena_printf(step->call->arena,
	    " AND (s.id >> %d) = range.at AND s.id + 0 > start.id", bits);
	if (inside != NULL) {
		search_put_in_branches(step, sql, "s.id, s.doc", inside, words, range);
	} else {
		sql_addf(sql, "SELECT s.id, s.doc FROM %s_search s WHERE s.tokens @@ ", table);
		sql_text(sql, words);
		sql_addf(sql, "::tsquery%s AND ", range);
		record_arms_where(step->call, sql, step->entity, "s", step->arms);
	}
	sql_addf(sql, " ORDER BY id OFFSET 0) r LIMIT %zu", limit);
	sql_named(sql);
	return store_run(step->call->store, step->call->arena, sql, rows);
}
