/*
 * Storing record trees: what Save, actions, deletes and imports share.
 */
#ifndef KEHU_STORE_TREE_H
#define KEHU_STORE_TREE_H

#include "server/record/record.h"

/*
 * Many new records of one entity without lines, by set: the same checks, the same rules, one statement
 * for each kind of thing. What is refused gets its failure, by place. ERR_…: nothing of it holds, the
 * transaction has failed. Only where record_may_save_many() says so.
 */
bool record_may_save_many(const struct entity_view *entity);
MUST_CHECK enum err record_save_many(
    struct call *call, struct record **records, size_t count, struct failure *refused);
/* The storing of it (store_many.c): those without a failure. */
MUST_CHECK enum err record_store_many(
    struct call *call, struct record **records, size_t count, const struct failure *refused);
/* Does an INSERT name this field? */
bool record_inserts(const struct record *record, size_t position);
/* What a search finds a record by, without its lines. */
struct token_set;
void record_add_search(struct call *call, const struct record *record, struct token_set *tokens,
    struct buf *doc);

/* Defaults, required fields, ownership, references, hooks, storing: the whole of a save. */
MUST_CHECK enum err record_save(struct call *call, struct record *record);
/*
 * The stored record with its lines, locked. ERR_NO_SUCH_RECORD, or ERR_FORBIDDEN where it may be
 * seen but not changed. The scope of the right to change is registered.
 */
MUST_CHECK enum err record_read_to_change(struct call *call, const struct entity_view *entity,
    int64_t id, struct record **record);

/*
 * A new record that the server makes itself (an order of a quote), to be filled and given to
 * record_save; its id rides in the trip of its references. A line of it; max lines in all.
 */
struct record *record_make(struct call *call, const struct entity_view *entity);
struct record *record_make_line(struct call *call, struct record *parent, uint32_t kind, size_t max);

#endif
