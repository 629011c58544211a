/*
 * The shelf: what stays readable while there is no link. After signing in, when nothing else
 * wants the line, one's own customers, contacts and the visits of the next days are read ahead
 * into the link's cache; the go-to box and pickers find them by name without asking anybody.
 * In memory only, gone with the session; how many, says client.offline.
 */
#ifndef KEHU_SHELF_H
#define KEHU_SHELF_H

#include "client/screens/app.h"

struct shelf_item {
	uint32_t entity;
	int64_t id;
	const char *label, *note; /* until the shelf is filled anew */
};

void shelf_init(struct app *app);
void shelf_fini(struct app *app);
/* Somebody has signed in, or the catalogue is another one: fill it, in a moment. */
void shelf_begin(struct app *app);
/* Whether answers must come from what is kept here: there is no link. */
bool shelf_serves(const struct app *app);
/*
 * What is called so (a name, its beginning, its initials, digits of a phone), best first; entity
 * 0: of any kind. How many, at most max.
 */
size_t shelf_find(const struct app *app, uint32_t entity, const char *text, struct shelf_item *items,
    size_t max);

#endif
