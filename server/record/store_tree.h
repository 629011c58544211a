/*
 * Storing record trees: what Save, actions, deletes and imports share.
 */
#ifndef KEHU_STORE_TREE_H
#define KEHU_STORE_TREE_H

#include "server/record/record.h"

/* A new record whose id is asked for with its references; for record_save. */
struct record *record_make(struct call *call, const struct entity_view *entity);
/* Defaults, required fields, ownership, references, hooks, storing: the whole of a save. */
MUST_CHECK enum err record_save(struct call *call, struct record *record);
/*
 * The stored record with its lines, locked. ERR_NO_SUCH_RECORD, or ERR_FORBIDDEN where it may be
 * seen but not changed. The scope of the right to change is registered.
 */
MUST_CHECK enum err record_read_to_change(struct call *call, const struct entity_view *entity,
    int64_t id, struct record **record);

#endif
