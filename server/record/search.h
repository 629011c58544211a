/*
 * Finding records by words: candidates from the gram tokens, rechecked exactly.
 */
#ifndef KEHU_SEARCH_H
#define KEHU_SEARCH_H

#include "server/record/token.h"
#include "server/record/record.h"

struct search_hit {
	int64_t id;
	enum token_rank rank;
	const char *label; /* "": hidden; of those that were confirmed */
	const char *name, *sort_key; /* what it sorts by; NULL: not for this reader */
	uint32_t field;      /* of the entity (or of a line), that matched */
	const char *matched; /* its text */
};

struct search_result {
	struct search_hit *hits; /* best first, then by sort key */
	size_t count;
	bool typo;   /* nothing matched exactly */
	bool narrow; /* more candidates than the limit: only what equals or begins with the words is here */
	struct rows *first; /* narrow: the first by id, for search_rest, if they were read; or NULL */
	bool too_short;
};

/*
 * All records of entity (the reader's view) that match words, if there are not more than candidates,
 * through the reader's arms. Of the best wanted it was seen that they are there: with their labels; others may
 * be of records that were deleted.
 * where: further conditions over alias t with their parameters already in sql, or "". The
 * transaction has begun (more than one trip). known_narrow: an earlier page found too many, do not look again.
 */
MUST_CHECK enum err search_run(struct call *call, const struct entity_view *entity,
    const char *words, struct sql *sql, const char *where, size_t candidates, bool known_narrow,
    size_t wanted, struct search_result *result);

/*
 * What a narrow result left out: matches in the order of their ids, after one, at most limit, less
 * those already in ranked. *last is where to go on, 0: nothing more.
 */
MUST_CHECK enum err search_rest(struct call *call, const struct entity_view *entity,
    const char *words, struct sql *sql, const char *where, const struct search_result *ranked,
    int64_t after, size_t limit, struct search_result *result, int64_t *last);

#endif
