/* The audit on screen, for those who may read it. */
#ifndef KEHU_SCREEN_AUDIT_H
#define KEHU_SCREEN_AUDIT_H

#include "client/screens/app.h"

/* Whether this user may: the catalogue says so. */
bool audit_can(const struct app *app);
void audit_open(struct app *app);

#endif
