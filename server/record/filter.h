/*
 * The search language bound to an entity: conditions as SQL, words left for the token search.
 */
#ifndef KEHU_FILTER_H
#define KEHU_FILTER_H

#include "server/record/record.h"

struct filter {
	const char *where; /* SQL over alias t, cut from the statement; "" for none */
	bool user_filter;  /* has conditions of the user's (so: no named statement) */
	const char *words; /* bare words and phrases, space-separated; "" for none */
	const struct field *sort;
	bool sort_down;
};

/*
 * Bind text to entity; parameters go into sql. Unknown fields, wrong values: ERR_QUERY with the
 * position in text and a sentence that names the nearest field. Hidden fields do not exist.
 */
MUST_CHECK enum err filter_bind(struct call *call, const struct entity_view *entity,
    const char *text, struct sql *sql, struct filter *filter);

#endif
