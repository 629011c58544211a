/*
 * What people of a demo company do with their day.
 */
#ifndef KEHU_DEMO_DAY_H
#define KEHU_DEMO_DAY_H

#include "server/store/store.h"

/*
 * Targets, work reports and requests that wait for consent, of what was loaded; within the
 * load's transaction, triggers set aside.
 */
MUST_CHECK enum err demo_make_day(struct store *store, struct arena *arena, int64_t today);

#endif
