/* The menu of what administrators set up. */
#ifndef KEHU_SCREEN_ADMIN_H
#define KEHU_SCREEN_ADMIN_H

#include "client/screens/app.h"
#include "client/ui/picker.h"

/* Whether this user has anything to administer. */
bool admin_can(const struct app *app);
void admin_open(struct app *app);

#endif
