/*
 * What is counted by the day: masked values shown for a reason, and masked values looked for whole.
 */
#ifndef KEHU_REVEAL_H
#define KEHU_REVEAL_H

#include "server/gate/call.h"

/*
 * Count one use of its kind by the user today, in the open transaction. *left is how many remain.
 * ERR_DAY_LIMIT: none.
 */
MUST_CHECK enum err reveal_count_use(
    struct call *call, const char *kind, int64_t limit, int64_t *left);
/* Count one look for a masked value by all of it: who tries number after number is stopped. */
MUST_CHECK enum err reveal_count_match(struct call *call);

/*
 * A guess of this kind failed: counted although what it was a part of is rolled back. The call's
 * transaction has ended; nothing is said when it cannot be counted.
 */
void reveal_count_miss(struct call *call, const char *kind);

#endif
