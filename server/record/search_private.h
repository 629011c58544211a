/*
 * What the two halves of a search share: which rows to look at (search.c), and what of a row
 * its reader may see (search_hit.c).
 */
#ifndef KEHU_SEARCH_PRIVATE_H
#define KEHU_SEARCH_PRIVATE_H

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

#endif
