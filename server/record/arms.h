/*
 * Arms as SQL: the first line of visibility. Row policies repeat them as the second.
 *
 * A page through several arms is a union of top-N subqueries, each a plain equality with an index
 * of its own; departments and pools go by LATERAL with the LIMIT inside, shares behind a fence
 * (OFFSET 0). All of this was measured; see the tests of plans before changing a word.
 */
#ifndef KEHU_ARMS_H
#define KEHU_ARMS_H

#include "server/record/record.h"

/*
 * "FROM (union) t": rows of entity reachable through arms that satisfy where, in order, at most
 * limit. columns are the select list of each arm (alias t); where and order are pieces cut
 * from sql ("" for none; order begins with the sort expression and ends with t.id).
 * table: where the arms are looked for, NULL: the entity's own; a search table has no company arm.
 * distinct_on and outer_order: the same over the union's output (alias u), for removing doubles.
 */
struct arms_page {
	const struct entity_view *entity;
	const struct arms *arms;
	const char *table, *columns, *where, *order, *distinct_on, *outer_order;
	size_t limit;
};
void arms_from(struct sql *sql, const struct arms_page *page);

/* Number of different arms: 1 needs no union. */
size_t arms_count(const struct arms *arms, const struct entity *entity);

/* "(SELECT label FROM target WHERE id = expression AND arms)": null where the reader may not see it. */
void arms_label_select(struct call *call, struct sql *sql, const struct entity_view *target,
    const char *expression);

#endif
