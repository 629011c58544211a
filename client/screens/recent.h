/*
 * Recent: what was opened last, for the palette, the home screen and pickers. Kept with the
 * drafts, encrypted as they are, since names of customers are in it.
 */
#ifndef KEHU_RECENT_H
#define KEHU_RECENT_H

#include "client/screens/app.h"

enum { RECENT_MAX = 60 };

struct recent_item {
	uint32_t entity;
	int64_t id;
	const char *label; /* borrowed until the next recent_add() */
};

void recent_init(struct app *app);
void recent_fini(struct app *app);
/* To the front; an empty label keeps the one known. */
void recent_add(struct app *app, uint32_t entity, int64_t id, const char *label);
/* Newest first, of an entity (0: of all), at most max. Returns how many. */
size_t recent_list(
    const struct app *app, uint32_t entity, struct recent_item *items, size_t max);
/* Somebody signed in: what was kept for this user. */
void recent_load(struct app *app);

#endif
