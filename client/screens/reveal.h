/* Reveal: one masked value of a record, shown for a while for a reason that the server records. */
#ifndef KEHU_SCREEN_REVEAL_H
#define KEHU_SCREEN_REVEAL_H

#include "client/screens/app.h"

/* Does the record have a masked value that this user may reveal? */
bool reveal_can(const struct app *app, const Kehu__Record *record);
/* The form that asks which and why. record is read here only. */
void reveal_open(struct app *app, const Kehu__Record *record);

#endif
