/* Grid: what its keys and its drawing share. See form_grid.h. */
#ifndef KEHU_FORM_GRID_PRIVATE_H
#define KEHU_FORM_GRID_PRIVATE_H

#include "client/screens/form_grid.h"
#include "client/screens/form_lines_private.h"
#include "client/screens/form_values.h"

enum { GRID_COLUMNS = 12 };

/* A line whose cells have boxes; kept once made, so that no look-up is lost by going on. */
struct grid_row {
	struct grid *grid;
	size_t index;         /* of the line; the number of lines: one that is not there yet */
	struct values values; /* boxes by position of the line entity's fields */
	bool unkept;          /* typed, and not in the lines yet */
};

struct grid {
	struct app *app;
	struct lines *lines;
	struct grid_owner owner;
	struct grid_row **row; /* by line; NULL: never entered */
	size_t room;
	size_t cursor; /* line; the number of lines: the new one */
	size_t at;     /* position of the field with the focus */
	size_t top;    /* first line in sight */
	bool fresh; /* the cell was just entered: what is typed takes the place of what is there
		     */
	bool unpriced; /* typed since prices were asked for */
};

struct grid_column {
	size_t at;
	int cols;
	bool right, stretch;
};

/* The columns that fit into so many cells; up to GRID_COLUMNS. */
size_t grid_columns(const struct grid *grid, int cols, struct grid_column *columns);
/* Width of the grid on the present terminal. */
int grid_cols(void);
/* The row of a line with its boxes, made where it has none yet. */
struct grid_row *grid_row(struct grid *grid, size_t index);
/* NULL: it has no boxes yet. */
struct grid_row *grid_row_there(const struct grid *grid, size_t index);
/* How many lines there are to stand on: one more than there are, where one may be added. */
size_t grid_line_count(const struct grid *grid);

#endif
