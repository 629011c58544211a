/*
 * Merging two records of one kind, as an action of the one that is kept: another, the names of the
 * fields that are taken of it, and why. sql/repeat/39_merge.sql moves what refers to it.
 */
#ifndef KEHU_RECORD_MERGE_H
#define KEHU_RECORD_MERGE_H

#include "server/record/rule.h"

/* Of two by their ids, both of which the caller may merge: *now is the one kept, as it is after that. */
MUST_CHECK enum err merge_pair(struct call *call, const struct entity_view *entity, int64_t kept, int64_t gone,
    const struct value *take, const struct value *reason, struct record **now);
enum err merge_act(struct call *call, struct record *kept, const struct value *arguments);
/* Of a record of merges: takes it back. */
enum err merge_act_undo(struct call *call, struct record *merge, const struct value *arguments);

#define MERGE_RULES { .action = "merge", .act = merge_act, .right = RIGHT_DELETE, .stores = true }

#endif
