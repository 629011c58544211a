/* List: what other screens may ask of the lists that are open. Opened with list_open(). */
#ifndef KEHU_LIST_SCREEN_H
#define KEHU_LIST_SCREEN_H

#include "client/screens/app.h"

struct view;
/* A list with the query, columns, order and name of a view. */
void list_open_view(struct app *app, uint32_t entity, const struct view *view);
/* Save what the list on top shows as a view; false: no list is on top. */
bool list_save_view(struct app *app, struct screen *screen, const char *name);
/* The same as a view, in scratch memory; of groups with the field they are of. false: neither is there. */
bool list_view_below(const struct app *app, struct view *view);
/* What the list is of that lies under menus and boxes; 0: there is none. */
uint32_t list_entity_below(const struct app *app);

#endif
