/* List: what other screens may ask of the lists that are open. Opened with list_open(). */
#ifndef KEHU_LIST_SCREEN_H
#define KEHU_LIST_SCREEN_H

#include "client/screens/app.h"

/* A list with columns of its own (names, separated by commas; NULL or "": the default ones). */
void list_open_view(
    struct app *app, uint32_t entity, const char *query, const char *columns, const char *name);
/* Save what the list on top shows as a view; false: no list is on top. */
bool list_save_view(struct app *app, struct screen *screen, const char *name);

#endif
