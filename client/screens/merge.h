/* Merge: two records of a customer or contact side by side, and one made of them. */
#ifndef KEHU_MERGE_SCREEN_H
#define KEHU_MERGE_SCREEN_H

#include "client/screens/app.h"

/*
 * kept stays, other goes into it; 0: which one is asked. done: they are merged; gone: the screen goes,
 * merged or not. Both may be NULL.
 */
void merge_open(struct app *app, uint32_t entity, int64_t kept, int64_t other,
    void (*done)(void *context), void (*gone)(void *context), void *context);

/* Whether an action of an entity is one that this screen does. */
bool merge_is(const Kehu__Action *action);

#endif
