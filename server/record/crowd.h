/*
 * Which search words are so common that looking all their records up is waste: a guess from the
 * statistics PostgreSQL keeps of the search tables, for the first step of a search only.
 * Whoever uses it looks whether it holds.
 */
#ifndef KEHU_CROWD_H
#define KEHU_CROWD_H

#include "server/record/record.h"

/* A worker's copy of the statistics, loaded when asked for and again after ten minutes. */
struct crowds *crowds_new(void);
void crowds_free(struct crowds *crowds);

/*
 * About which share of an entity's records (0 to 1) carry what a tsquery asks for and lie in
 * the reader's arms: the widest arm counts. 0: too few to tell, or no statistics yet. *matches:
 * how many carry it in all, whoever sees them. May ask the database; the
 * transaction has begun.
 */
MUST_CHECK enum err crowd_share(struct call *call, const struct entity_view *entity,
    const struct arms *arms, const char *tsquery, double *share, double *matches);
/* How many records the share is of. */
int64_t crowd_rows(const struct call *call, const struct entity_view *entity);

#endif
