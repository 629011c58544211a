/*
 * Grid: the lines of a form that are counted or paid (of a quote, an order, a delivery), keyed
 * in cell by cell inside the form. Tab and Enter go on, past the last cell to a new line. What
 * the server works out is told by form_price.c; the cells are boxes of form_values.c.
 */
#ifndef KEHU_FORM_GRID_H
#define KEHU_FORM_GRID_H

#include "client/screens/form_lines.h"

/* What the form does for its grids. */
struct grid_owner {
	/* Something was typed. */
	void (*touched)(void *context);
	/* A cell was left and prices may be others now. */
	void (*priced)(void *context);
	/* No reference of a line is being looked up any more. */
	void (*settled)(void *context);
	/* A value of the record the lines belong to, by the field's name; ERR_EMPTY: none. */
	enum err (*head)(
	    void *context, struct arena *arena, const char *name, Kehu__Value *value);
	/* Borrowed; the label of such a field, NULL: there is none. */
	const char *(*label)(void *context, const char *name);
	/* The text of a cell that is only read; NULL: the line's own. May be NULL. */
	const char *(*show)(void *context, size_t line, size_t at);
	/* Whether nothing of a line may be typed into. May be NULL. */
	bool (*locked)(void *context, size_t line);
	bool fixed;    /* lines are neither added nor taken away */
	int cell_cols; /* of a number; 0: by its type */
	int other_rows; /* of the terminal, the lines have the rest; 0: a few lines in a form */
	void *context;
};

/* Lines of numbers: one of their columns is an amount or a quantity. */
bool grid_wanted(const Kehu__Entity *entity);
/* Owner is copied. The grid belongs to the lines and goes with them. */
void grid_new(struct app *app, struct lines *lines, const struct grid_owner *owner);
void grid_free(struct grid *grid);
/* The lines were loaded anew. */
void grid_reset(struct grid *grid);

/* Focus comes from the box before (forward) or from the one after. */
void grid_enter(struct grid *grid, bool forward);
/* UI_NONE: the key leaves the grid, or is the form's. */
unsigned grid_key(struct grid *grid, enum act act, const struct event *event);
/* Where the cursor is: the line, and the position of its field. */
size_t grid_line(const struct grid *grid);
size_t grid_at(const struct grid *grid);
/* The value of a cell as it stands, typed or read; ERR_EMPTY where there is none. */
MUST_CHECK enum err grid_value(
    const struct grid *grid, struct arena *arena, size_t index, size_t at, Kehu__Value *value);
/* Where the column of a field begins in so many cells, and how wide it is; -1: it is not shown. */
int grid_column_x(const struct grid *grid, size_t at, int cols, int *width);
/* Whether F4 has a list for the cell. */
bool grid_can_pick(const struct grid *grid);
/* What was typed goes into the lines. */
void grid_keep(struct grid *grid);
/* Check all cells; the first error, and the cursor is on it. NULL: all is well. */
const char *grid_check(struct grid *grid);
/* References being looked up. */
size_t grid_asking(const struct grid *grid);
/* The server's words at a cell; line counts from 0. move: the cursor goes there. */
void grid_blame(struct grid *grid, size_t line, uint32_t field, const char *text, bool move);
/* A value the server worked out for a cell nobody typed into; false: somebody did. */
bool grid_tell(struct grid *grid, size_t line, size_t at, const Kehu__Value *value);

/* ---- form_grid_draw.c ---- */

int grid_rows(void *grid);
void grid_draw(void *grid, struct rect rect, bool focus);
/* For the hint row. In scratch memory. */
const char *grid_hint(const struct grid *grid);

#endif
