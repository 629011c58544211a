/*
 * A bulk load by the owner role: what makes single rows safe or fast but a million slow is set
 * aside, rows go in by COPY, and everything is put back, all in the caller's transaction.
 */
#ifndef KEHU_DEMO_LOAD_H
#define KEHU_DEMO_LOAD_H

#include "server/job/demo_rows.h"
#include "server/store/store.h"

struct demo_load;

/*
 * Takes the demo's tables for itself (readers and writers wait for the end of the transaction),
 * lifts the owner's row policies (COPY refuses them) and switches history, change-feed and
 * epoch triggers off. heavy: also drops indexes and references of the big tables, to be made
 * again at the end. load lives in arena.
 */
MUST_CHECK enum err demo_load_open(
    struct store *store, struct arena *arena, bool heavy, struct demo_load **load);
/* Copies the rows of a chunk in, table by table. */
MUST_CHECK enum err demo_load_chunk(struct demo_load *load, const struct demo_chunk *chunk);
/* Puts back what was set aside, takes statistics, and makes servers reload their snapshots. */
MUST_CHECK enum err demo_load_close(struct demo_load *load);

#endif
