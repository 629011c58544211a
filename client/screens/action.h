/* Acts on one record: its named actions, deleting and taking it back, printing. See also app.h.
 */
#ifndef KEHU_ACTION_H
#define KEHU_ACTION_H

#include "client/screens/app.h"

/* Open the preview of the first report made for one record of this entity; false: there is
 * none. */
bool action_print(struct app *app, uint32_t entity, int64_t id);

/*
 * Do one named action of a record: its form where it has arguments, else at once. done: after
 * success, while the screen on top now is still there. The record is copied.
 */
void action_start(struct app *app, const Kehu__Record *record, const char *name,
    void (*done)(void *context), void *context);

/* The same at once, with these arguments, whatever its form would ask. */
void action_do(struct app *app, const Kehu__Record *record, const char *name,
    Kehu__Value **arguments, size_t count, void (*done)(void *context), void *context);

/* A row that is meant with others; the label is borrowed. */
struct action_row {
	int64_t id;
	uint32_t version;
	const char *label;
};

/* Which records are meant: these rows, or all that a query of their list finds. */
struct action_many {
	uint32_t entity;
	const struct action_row *rows;
	size_t count;
	const char *query; /* NULL: the rows */
};

/*
 * The same for all of them, as one: how is "act" (with the action's name), "set" (of this field),
 * "tag", "untag", "delete" or "restore". Its form once, then the server tries it and keeps nothing, a
 * question says what can be done, and it is done. Everything is copied; done is called while the
 * screen owner is still there.
 */
void action_many(struct app *app, const struct action_many *many, const char *how, const char *name,
    const Kehu__Field *field, struct screen *owner, void (*done)(void *context), void *context);

/* What ends an activity of a kind: tasks and mails are simply done, of others it is asked what came of them. */
const char *action_finish(const char *kind);

/*
 * The last deletion can be taken back from any screen (Ctrl-Z, u) until something else is
 * deleted.
 */
bool action_can_undo(const struct app *app);
/* UI_NONE: there is nothing to undo. */
unsigned action_undo(struct app *app);

#endif
