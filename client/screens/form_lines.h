/*
 * Lines: the small tables of a record (a customer's phones, whom a visit met) while its form is
 * open. In the form they are one box that sums them up; a popup adds, changes and removes them.
 * Lines of numbers have a grid in the form instead (form_grid.h).
 */
#ifndef KEHU_FORM_LINES_H
#define KEHU_FORM_LINES_H

#include "client/screens/app.h"

struct lines;
struct grid;

/* entity: the line entity. */
struct lines *lines_new(const Kehu__Entity *entity);
void lines_free(struct lines *lines);
const Kehu__Entity *lines_entity(const struct lines *lines);
/* "电话"; borrowed from the catalogue. */
const char *lines_label(const struct lines *lines);

/* The lines of a record as read; those of other kinds are passed over. */
void lines_load(struct lines *lines, const Kehu__Record *record);
/* What a draft held: changes laid over what was loaded. */
void lines_apply(struct lines *lines, const Kehu__Record *draft);
bool lines_dirty(const struct lines *lines);
/* "工作 021-6882, 手机 139…" in arena. */
const char *lines_text(const struct lines *lines, const struct app *app, struct arena *arena);
/* Appends what changed, as Save wants it, to list, which has room; the number appended. */
size_t lines_collect(const struct lines *lines, struct arena *arena, Kehu__Record **list);
/*
 * The same for a question: lines that lack what they must have are left out, and so are values
 * the server worked out itself, to be worked out again.
 */
size_t lines_collect_asking(
    const struct lines *lines, struct arena *arena, Kehu__Record **list);
/* What the server worked out for one of these lines. */
void lines_tell(struct lines *lines, const Kehu__Record *told);
/* How many lines_collect() may append. */
size_t lines_count(const struct lines *lines);
/* The server's words at a line; false: it is not one of these. move: the cursor goes there. */
bool lines_blame(struct lines *lines, int64_t id, uint32_t field, const char *text, bool move);
/* Their grid inside the form; NULL: they have a popup only. */
struct grid *lines_grid(const struct lines *lines);
/* The lines differ from what their grid was filled from (the popup was open). */
void lines_regrid(struct lines *lines);
/* Forget blames. */
void lines_clear_errors(struct lines *lines);

/* References are looked for among the records of this one first (the people of a customer). */
void lines_set_near(struct lines *lines, uint32_t entity, int64_t id);
/* The popup. changed: after it is closed with changes. */
void lines_open(
    struct app *app, struct lines *lines, void (*changed)(void *context), void *context);
/* What was typed on a box of lines begins a new one in the table just opened. */
void lines_type(struct app *app, const struct event *event);

#endif
