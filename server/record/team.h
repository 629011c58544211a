/* What people did today and how far their targets are, for the team page and for one's own day. */
#ifndef KEHU_TEAM_H
#define KEHU_TEAM_H

#include "server/record/record.h"

/*
 * Before the transaction: the scopes that team_queue() reads under, and whose work reports the reader
 * reads. An error as call_entity() has it for who sees no work reports.
 */
MUST_CHECK enum err team_scope(struct call *call, struct arms *arms);
/* The users of those arms into ids: the reader alone, or all besides the reader; how many. */
size_t team_people(struct call *call, const struct arms *arms, bool me, int64_t *ids);
/* A row for each of these users, 500 at most; team_take_member() reads them after the flush. */
void team_queue(struct call *call, const int64_t *ids, size_t count, struct rows **rows);
Kehu__TeamMember *team_take_member(struct call *call, const struct rows *rows, size_t row);

/* Whether the reader sees what is done of this measure: sums of money are for those who see what they are of. */
bool team_shows(const struct call *call, const char *measure);
/*
 * Whether the user may set targets of a person who lies there (0: of a department, a branch or the company): of
 * those one leads, and one's own who leads all.
 */
bool team_may_set(const struct call *call, const struct entity *target, enum right right, int64_t person,
    int64_t department, int64_t branch);
/* Before the transaction: what is read to tell what was done of any measure. */
void team_scope_done(struct call *call);

#endif
