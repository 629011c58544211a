/* Views: queries with a name and a letter, kept on the server as saved_view records. */
#ifndef KEHU_VIEWS_H
#define KEHU_VIEWS_H

#include "client/screens/app.h"

struct view {
	int64_t id;
	uint32_t version;
	const char *name, *entity, *query;
	const char *columns; /* names of fields, separated by commas; "": the default ones */
	const char *sort;    /* name of a field, "-" before it: downwards; "": the query's own */
	const char *group;   /* the field it is grouped by, "": none */
	const char *sums;    /* fields that are summed, separated by commas */
	char letter;         /* 'a'..'z', 0: none */
	bool own;            /* not of somebody who shares it with a role */
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
 * Save what a screen shows (the name, and all but id, version and letter, which are found): a new view
 * with the first letter that is free, or one's own of that name changed.
 */
void views_save(struct app *app, const struct view *view);

/* ---- group.c ---- */

/* What a view finds, counted and summed by the field it is grouped by. Its texts are copied. */
void group_open(struct app *app, const struct view *view);
/* What the groups of screen are of; false: it has none. */
bool group_view(const struct screen *screen, struct view *view);
/* Save what the groups on top show as a view; false: none are on top. */
bool group_save_view(struct app *app, struct screen *screen, const char *name);

/* ---- list_choose.c ---- */

/*
 * Fields of an entity to choose from, with those of names chosen, in their order; each Enter
 * tells the names then chosen.
 */
struct field_choice {
	uint32_t entity;
	enum text_id title;
	const char *names;
	bool one;         /* one alone, or none */
	bool (*fits)(const Kehu__Entity *entity, const Kehu__Field *field);
	void (*chosen)(void *arg, const char *names);
	void *arg;
};
void field_choice_open(struct app *app, const struct field_choice *choice);
/* Whether a list can be grouped by a field, and whether it can be summed. */
bool field_groups(const Kehu__Entity *entity, const Kehu__Field *field);
bool field_sums(const Kehu__Entity *entity, const Kehu__Field *field);

#endif
