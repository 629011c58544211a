/* Pick: what pickers keep between two uses. They are opened with pick_open(). */
#ifndef KEHU_PICK_SCREEN_H
#define KEHU_PICK_SCREEN_H

#include "client/screens/app.h"

void pick_init(struct app *app);
void pick_fini(struct app *app);

#endif
