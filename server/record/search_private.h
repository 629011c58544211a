/*
 * What the parts of a search share: which rows to look at (search.c, search_rows.c), and what of a
 * row its reader may see (search_hit.c).
 */
#ifndef KEHU_SEARCH_PRIVATE_H
#define KEHU_SEARCH_PRIVATE_H

#include "server/record/arms.h"
#include "server/record/search.h"

#define SEARCHED_FIELDS_MAX 320 /* of a record and its lines, custom ones among them */

/* Columns of candidates: how many there are, where that is asked for. */
enum { SEARCH_COUNT, SEARCH_ID, SEARCH_DOC };

/*
 * What this reader may find an entity by. Classes choose the tokens that candidates are found
 * by; one class can be of several fields with different rights, so each text is looked at again
 * by its own field's.
 */
struct search_sight {
	char clear[16], whole[16]; /* letters of the classes shown clear, and of those masked */
	struct {
		uint32_t entity;
		const struct field *field;
	} fields[SEARCHED_FIELDS_MAX];
	size_t count;
	const struct field *label; /* NULL: hidden */
};

/* What the call's user may find an entity, seen as his view shows it, by; in the call's arena.
 */
const struct search_sight *search_sight(
    const struct call *call, const struct entity_view *entity);
/* Do the words look like the whole of a number or mail address, which a masked field is found
 * by? */
bool search_looks_whole(const char *words);
/* A record's label as its reader may see it; "": not at all. */
const char *search_label(
    struct call *call, const struct search_sight *sight, const char *label);
/*
 * Those of the rows that really match go to the end of the result, which has room for all of
 * them; to a narrow one each record comes once. typo: one character may differ.
 */
void search_take(struct call *call, const struct token_query *query,
    const struct search_sight *sight, bool typo, const struct rows *rows,
    struct search_result *result);

/* A statement that shares the parameters of the caller's filter. */
struct search_step {
	struct call *call;
	const struct entity_view *entity;
	const struct arms *arms;
	const struct search_sight *sight;
	const struct token_query *query;
	struct search_result *result;
};

/*
 * The tsquery for the index of words within branches, when the reader has a few branches and the
 * words are Han; NULL: that index is no use.
 */
const char *search_in_branches(const struct search_step *step, const char *tsquery);
/*
 * "SELECT columns FROM …": search rows s that match, within the arms. Of a rare word all are
 * looked at; of a common one the index joins the lists of word and arm, which for 100,000
 * records of an arm costs as much as looking at hundreds.
 */
void search_put_candidates(const struct search_step *step, struct sql *sql, const char *columns,
    const char *tsquery, const char *where, int64_t after, bool common);
/* A walk by id in each arm, of search rows only: for words that many of the arm's records have.
 */
MUST_CHECK enum err search_next_in_arms(struct search_step *step, struct sql *sql, int64_t after,
    size_t limit, struct rows **rows);
/*
 * The next by id, at most limit: range by range of ids, for which the index joins its lists before a
 * row is looked at. Read until there are enough, so what it costs does not grow with the records.
 */
MUST_CHECK enum err search_next_in_ranges(struct search_step *step, struct sql *sql, int64_t after,
    size_t limit, struct rows **rows);

#endif
