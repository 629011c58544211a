/* Why a user sees a record, or does not. */
#ifndef KEHU_SCREEN_WHY_H
#define KEHU_SCREEN_WHY_H

#include "client/screens/app.h"

/* id 0: the kind of record as a whole. user 0: oneself, name is not looked at then. */
void why_open(struct app *app, uint32_t entity, int64_t id, int64_t user, const char *name);
/* Of a kind by its code ("customer"), which this user's own catalogue need not have. */
void why_open_kind(struct app *app, const char *kind, int64_t user, const char *name);

#endif
