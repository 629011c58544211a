/*
 * Search: candidates, recheck, rank. The statements for candidates are in search_rows.c.
 *
 * Candidates come from <table>_search (no row policies there, its own access columns); they are
 * matched again by their texts and ranked, and only those that are shown are looked up under
 * the policies of their records. Every arm applies before a limit, so that it never hides a row
 * the reader could see behind rows he could not. Past the limit what equals or begins with the
 * words comes first, the rest by id, page by page to the end; the answer says that it is not
 * ranked.
 *
 * Statements are prepared and planned once (planning cost more than they do), for any words:
 * what depends on how common these are is chosen here. ts_match_vq() is @@ that no index is
 * used for.
 */
#include "server/record/search_private.h"

#include "common/pinyin.h"
#include "server/record/arms.h"
#include "server/record/crowd.h"

#include <stdlib.h>
#include <string.h>

#define TYPO_MAX    2000 /* candidates that may differ by one character */
#define BEST_MAX    200 /* of the exact and of the beginning matches, when there are too many */
#define CROWD_MIN   2001   /* candidates that are too many to sort */
#define COMMON_MIN                                                                             \
	600 /* so many that looking at each costs more than joining two lists of the index */
#define PREFIX_MIN     4  /* characters; shorter beginnings are common */
#define CONFIRM_MIN    50
#define COMMON_MAX     100  /* matches of a common word that are ranked */
#define WALK_SHARE     0.05 /* of all: a walk by id looks at fewer rows than a range lists */

/* ---- candidates -------------------------------------------------------------------------- */

/* Has the query beginnings of a few characters? Nobody counts what they match. */
static bool
search_has_short_prefix(const char *tsquery)
{
	size_t chars = 0;

	for (const char *at = tsquery; *at != '\0'; at++) {
		if (*at == '\'')
			chars = strncmp(at, "':*", 3) == 0 ? chars : 0;
		else if (((unsigned char)*at & 0xC0) != 0x80)
			chars++;
		/* Class and kind are two more. */
		if (strncmp(at, "':*", 3) == 0 && chars < 2 + PREFIX_MIN)
			return true;
	}
	return false;
}

/* Do so many match, whoever sees them? */
static enum err
search_is_common(const struct search_step *step, const char *tsquery, bool *common)
{
	double share, matches;
	enum err err =
	    crowd_share(step->call, step->entity, step->arms, tsquery, &share, &matches);

	*common =
	    matches >= COMMON_MIN || (tsquery != NULL && search_has_short_prefix(tsquery));
	return err;
}

/* Are about so many in the reader's arms by the statistics? The index would first list them all. */
static enum err
search_guess(const struct search_step *step, const char *tsquery, double least, bool *many)
{
	double share, matches;
	enum err err =
	    crowd_share(step->call, step->entity, step->arms, tsquery, &share, &matches);

	*many = err == ERR_OK && share * (double)crowd_rows(step->call, step->entity) >= least;
	return err;
}

/* ---- order and what is there ------------------------------------------------------------- */

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

static void
search_sort(const struct search_step *step)
{
	struct search_result *result = step->result;
	const struct field *label = step->sight->label;

	for (size_t i = 0; i < result->count && result->count > 1; i++)
		if (result->hits[i].name != NULL)
			result->hits[i].sort_key =
			    pinyin_sort_key(step->call->arena, result->hits[i].name,
				label->flags & FIELD_PERSON ? PINYIN_PERSON : PINYIN_NAME);
	qsort(result->hits, result->count, sizeof(*result->hits), search_compare);
}

/* Labels of hits from..to, where the reader's policies show their records; the others are
 * dropped. */
static enum err
search_look_up(const struct search_step *step, size_t from, size_t *to)
{
	struct search_result *result = step->result;
	const struct entity *def = step->entity->def;
	struct arena *arena = step->call->arena;
	int64_t *ids = ARENA_ARRAY(arena, int64_t, *to - from + 1);
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	size_t kept = from;
	enum err err;

	for (size_t i = from; i < *to; i++)
		ids[i - from] = result->hits[i].id;
	sql_addf(sql, "SELECT t.id, t.%s FROM %s t WHERE t.id = ANY(",
	    def->label_field != NULL ? def->label_field : "name", entity_table(def));
	sql_ints(sql, ids, *to - from);
	sql_add(sql, ") AND t.deleted_at IS NULL");
	sql_named(sql);
	err = store_run(step->call->store, arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	for (size_t i = from; i < *to; i++)
		for (size_t r = 0; r < rows->count; r++)
			if (rows_int(rows, r, 0) == result->hits[i].id) {
				result->hits[kept] = result->hits[i];
				result->hits[kept++].label = search_label(
				    step->call, step->sight, rows_text(rows, r, 1));
				break;
			}
	memmove(result->hits + kept, result->hits + *to,
	    (result->count - *to) * sizeof(*result->hits));
	result->count -= *to - kept;
	*to = kept;
	return ERR_OK;
}

/* The first so many hits that there are. */
static enum err
search_confirm(const struct search_step *step, size_t wanted)
{
	size_t done = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK && done < wanted && done < step->result->count) {
		size_t more =
		    wanted - done < CONFIRM_MIN && done > 0 ? CONFIRM_MIN : wanted - done;
		size_t to =
		    done + more < step->result->count ? done + more : step->result->count;

		err = search_look_up(step, done, &to);
		done = to;
	}
	return err;
}

/* ---- one query --------------------------------------------------------------------------- */

/* All that match, or *more and none: a part without order would differ from page to page. */
static enum err
search_step(struct search_step *step, struct sql *sql, const char *where, const char *tsquery,
    bool typo, size_t limit, bool *more)
{
	bool common = true;
	struct rows *rows;
	enum err err = ERR_OK;

	*more = false;
	if (tsquery == NULL)
		return ERR_OK;
	if (!typo)
		err = search_is_common(step, tsquery, &common);
	if (err != ERR_OK)
		return err;
	search_put_candidates(step, sql, "0, s.id, s.doc", tsquery, where, -1, common);
	sql_addf(sql, " LIMIT %zu", limit + 1);
	err = store_run(step->call->store, step->call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	*more = rows->count > limit;
	if (!*more && rows->count > 0)
		search_take(step->call, step->query, step->sight, typo, rows, step->result);
	return ERR_OK;
}

/*
 * The next by id, at most limit. Of words that hundreds of each range have, the records are walked
 * themselves.
 */
static enum err
search_next(struct search_step *step, const struct sql *sql, int64_t after, size_t limit,
    struct rows **rows)
{
	double share, matches;
	enum err err = crowd_share(step->call, step->entity, step->arms,
	    token_query_text(step->query), &share, &matches);

	if (err != ERR_OK)
		return err;
	/* Search rows have no column for a company's people. */
	if (step->arms->company == 0 &&
	    search_in_branches(step, token_query_text(step->query)) == NULL &&
	    matches >= WALK_SHARE * (double)crowd_rows(step->call, step->entity))
		return search_next_in_arms(step, sql_copy(sql), after, limit, rows);
	return search_next_in_ranges(step, sql_copy(sql), after, limit, rows);
}

/*
 * A common word: read by id, so that the first page of what cannot be ranked is there with the
 * answer whether there are too many.
 */
static enum err
search_common(struct search_step *step, const struct sql *sql, size_t limit, bool *more)
{
	struct rows *rows;
	enum err err = search_next(step, sql, 0, limit + 1, &rows);

	if (err != ERR_OK)
		return err;
	*more = rows->count > limit;
	if (*more)
		step->result->first = rows;
	else
		search_take(step->call, step->query, step->sight, false, rows, step->result);
	return ERR_OK;
}

/* The best of too many: those that equal the words, and those that begin with them. */
static enum err
search_best(struct search_step *step, const struct sql *sql, const char *where)
{
	const char *start = token_query_start_text(step->query);
	bool many, ignored;
	enum err err;

	step->result->narrow = true;
	err = search_step(step, sql_copy(sql), where, token_query_exact_text(step->query),
	    false, BEST_MAX, &ignored);
	if (err == ERR_OK)
		err = search_guess(step, start, CROWD_MIN, &many);
	if (err == ERR_OK && !many)
		err = search_step(step, sql_copy(sql), where, start, false, BEST_MAX, &ignored);
	return err;
}

static enum err
search_typo(struct search_step *step, const struct sql *sql, const char *where, size_t wanted)
{
	struct search_result *result = step->result;
	bool more;
	enum err err = search_step(step, sql_copy(sql), where,
	    token_query_typo_text(step->call->arena, step->query), true, TYPO_MAX, &more);

	result->typo = result->count > 0;
	result->narrow = more;
	search_sort(step);
	return err == ERR_OK ? search_confirm(step, wanted) : err;
}

enum err
search_run(struct call *call, const struct entity_view *entity, const char *words,
    struct sql *sql, const char *where, size_t candidates, bool known_narrow, size_t wanted,
    struct search_result *result)
{
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	const struct search_sight *sight = search_sight(call, entity);
	struct search_step step = {
		.call = call, .entity = entity, .arms = &arms, .sight = sight, .result = result
	};
	bool more = known_narrow, many = false;
	enum err err = ERR_OK;

	*result = (struct search_result){ 0 };
	call->matched_whole |= sight->whole[0] != '\0' && search_looks_whole(words);
	step.query = token_query(call->arena, words, sight->clear, sight->whole);
	result->too_short = token_query_is_short(step.query);
	result->hits =
	    ARENA_ARRAY(call->arena, struct search_hit, candidates + TYPO_MAX + 2 * BEST_MAX);
	/* A list wants them all and in no order. */
	if (where[0] == '\0' && candidates < CROWD_MIN - 1)
		err = search_guess(&step, token_query_text(step.query), COMMON_MIN, &many);
	if (err == ERR_OK && !more && many)
		err = search_common(
		    &step, sql, candidates < COMMON_MAX ? candidates : COMMON_MAX, &more);
	else if (err == ERR_OK && !more)
		err = search_step(&step, sql_copy(sql), where, token_query_text(step.query),
		    false, candidates, &more);
	if (err == ERR_OK && more)
		err = search_best(&step, sql, where);
	if (err != ERR_OK)
		return err;
	search_sort(&step);
	err = search_confirm(&step, wanted);
	return err == ERR_OK && !more && result->count == 0
		   ? search_typo(&step, sql, where, wanted)
		   : err;
}

/* ---- what is left ------------------------------------------------------------------------ */

#define REST_ROUNDS 6

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
 * and nothing is to be had of it.
 */
static enum err
search_next_of_few(struct search_step *step, struct sql *sql, const char *where, int64_t after,
    size_t limit, struct rows **rows, bool *crowded)
{
	const char *query = token_query_text(step->query);
	bool common;
	enum err err = search_is_common(step, query, &common);

	if (err != ERR_OK)
		return err;
	sql_add(sql, "WITH g AS MATERIALIZED (");
	search_put_candidates(step, sql, "s.id", query, where, after, common);
	sql_addf(sql,
	    " LIMIT %d) SELECT (SELECT count(*) FROM g), p.id, s.doc FROM "
	    "(SELECT g.id FROM g ORDER BY g.id LIMIT %zu) p "
	    "JOIN %s_search s ON s.id = p.id ORDER BY p.id",
	    CROWD_MIN, limit, entity_table(step->entity->def));
	err = store_run(step->call->store, step->call->arena, sql, rows);
	*crowded = err == ERR_OK && (*rows)->count > 0 &&
		   rows_int(*rows, 0, SEARCH_COUNT) == CROWD_MIN;
	return err;
}

/* The next of a crowd under a filter: the index walk by id stops at the limit since matches are
 * many. */
static enum err
search_next_of_many(struct search_step *step, struct sql *sql, const char *where, int64_t after,
    size_t limit, struct rows **rows)
{
	const char *table = entity_table(step->entity->def);

	sql_addf(sql,
	    "SELECT 0, s.id, s.doc FROM %s_search s JOIN %s t ON t.id = s.id "
	    "WHERE t.deleted_at IS NULL AND ts_match_vq(s.tokens, (SELECT ",
	    table, table);
	sql_text(sql, token_query_text(step->query));
	sql_add(sql, "::tsquery)) AND s.id > ");
	sql_int(sql, after);
	sql_add(sql, " AND ");
	record_arms_where(step->call, sql, step->entity, "s", step->arms);
	sql_addf(sql, " AND %s ORDER BY s.id LIMIT %zu", where, limit);
	return store_run(step->call->store, step->call->arena, sql, rows);
}

/* One of a few numbers, so that there are as few statements. */
static size_t
search_rest_rows(size_t wanted)
{
	size_t rows = 25;

	while (rows < wanted)
		rows *= 2;
	return rows;
}

/* The first so many of more rows. */
static struct rows *
search_head(struct arena *arena, const struct rows *rows, size_t count)
{
	struct rows *head = arena_memdup(arena, rows, sizeof(*rows));

	head->count = count;
	return head;
}

static enum err
search_rest_read(struct search_step *step, const struct sql *sql, const char *where,
    int64_t after, size_t limit, bool *crowded, struct rows **rows)
{
	enum err err = ERR_OK;

	if (where[0] == '\0')
		return search_next(step, sql, after, limit, rows);
	if (!*crowded)
		err =
		    search_next_of_few(step, sql_copy(sql), where, after, limit, rows, crowded);
	return err != ERR_OK || !*crowded
		   ? err
		   : search_next_of_many(step, sql_copy(sql), where, after, limit, rows);
}

enum err
search_rest(struct call *call, const struct entity_view *entity, const char *words,
    struct sql *sql, const char *where, const struct search_result *ranked, int64_t after,
    size_t limit, struct search_result *result, int64_t *last)
{
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	const struct search_sight *sight = search_sight(call, entity);
	struct search_result found;
	struct search_step step = {
		.call = call, .entity = entity, .arms = &arms, .sight = sight, .result = &found
	};
	bool crowded = false;

	*result = (struct search_result){ 0 };
	*last = after;
	step.query = token_query(call->arena, words, sight->clear, sight->whole);
	result->hits = ARENA_ARRAY(call->arena, struct search_hit, limit + 1);
	for (int round = 0; round < REST_ROUNDS && result->count < limit; round++) {
		size_t read = search_rest_rows(limit - result->count);
		struct rows *rows = NULL;
		enum err err = ERR_OK;

		if (*last == 0 && ranked->first != NULL && ranked->first->count >= read)
			rows = search_head(call->arena, ranked->first, read);
		else
			err = search_rest_read(&step, sql, where, *last, read, &crowded, &rows);
		if (err != ERR_OK)
			return err;
		found = (struct search_result){ .hits = ARENA_ARRAY(
						    call->arena, struct search_hit, read + 1) };
		search_take(call, step.query, sight, false, rows, &found);
		err = search_confirm(&step, found.count);
		if (err != ERR_OK)
			return err;
		*last = rows->count < read ? 0 : rows_int(rows, rows->count - 1, SEARCH_ID);
		for (size_t i = 0; i < found.count; i++) {
			if (search_has(ranked, found.hits[i].id))
				continue;
			if (result->count == limit) {
				*last = result->hits[limit - 1].id;
				return ERR_OK;
			}
			result->hits[result->count++] = found.hits[i];
		}
		if (*last == 0)
			return ERR_OK;
	}
	return ERR_OK;
}
