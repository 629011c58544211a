/* Views: queries with a name and a letter, kept on the server as saved_view records. */
#ifndef KEHU_VIEWS_H
#define KEHU_VIEWS_H

#include "client/screens/app.h"

struct view {
	int64_t id;
	uint32_t version;
	const char *name, *entity, *query;
	const char *columns; /* names of fields, separated by commas; "": the default ones */
	char letter;         /* 'a'..'z', 0: none */
};

void views_init(struct app *app);
void views_fini(struct app *app);
/* Somebody signed in, or a view was changed: ask for them. */
void views_load(struct app *app);

size_t views_count(const struct app *app);
/* Borrowed until the next event. */
const struct view *views_at(const struct app *app, size_t index);
const struct view *views_lettered(const struct app *app, char letter);
void views_open(struct app *app, const struct view *view);
/*
 * Save what a list shows under a name: a new view with the first letter that is free, or the
 * view of that name changed.
 */
void views_save(struct app *app, const char *name, const Kehu__Entity *entity,
    const char *query, const char *columns);

#endif
