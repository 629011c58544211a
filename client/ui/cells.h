/*
 * Cells: the picture of the screen, and the only way to write on it.
 *
 * Widgets and screens write text into a grid of cells; term.c sends the grid to the terminal
 * once per turn of the loop. cells_put() cleans, clips and pads by cells and mends the other
 * half of any wide character it cuts, so nothing can shift a line or send a control sequence.
 * The grid needs no terminal: tests read it back with cells_text().
 */
#ifndef KEHU_UI_CELLS_H
#define KEHU_UI_CELLS_H

#include "common/arena.h"
#include <stdint.h>

/* UX.md 3.7: each has a form without colour, and text carries the meaning as well. */
enum role {
	ROLE_NORMAL,
	ROLE_CHROME, /* title, key bar */
	ROLE_FOCUS,  /* the selected row */
	ROLE_STRONG, /* heads, totals */
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_MUTED, /* stale, unavailable */
	ROLE_LINK,
	ROLE_FIELD, /* a field: underlined, so that its length is seen */
	ROLE_COUNT,
};

struct rect {
	int y, x, rows, cols;
};

struct cell {
	uint32_t code; /* 0 in the right half of a wide character */
	uint8_t cols;  /* 1, 2, or 0 for a right half */
	uint8_t role;
};

/* Size of the grid, at least 1 x 1; the content is lost. */
void cells_resize(int rows, int cols);
int cells_rows(void);
int cells_cols(void);
void cells_fini(void);

/* A frame begins: blanks everywhere, cursor at 0,0, scratch memory given back. */
void cells_erase(void);
/* Memory until the next cells_erase(), for texts made while drawing. */
struct arena *cells_scratch(void);

/*
 * Write text at y, x in exactly width_cols cells: cleaned for a terminal, cut where it is
 * longer, padded with blanks where it is shorter. What lies off the grid is dropped.
 * text NULL is "". Returns the cells the text itself took.
 */
int cells_put(int y, int x, int width_cols, const char *text, enum role role);
/* The same against the right edge of the width. */
int cells_put_right(int y, int x, int width_cols, const char *text, enum role role);
int cells_putf(int y, int x, int width_cols, enum role role, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* Write without padding; returns the cells used, at most max_cols. */
int cells_add(int y, int x, int max_cols, const char *text, enum role role);

/* Blank rectangle, rule, upright rule and frame (ASCII, UX.md 3.1). title may be NULL. */
void cells_fill(struct rect rect, enum role role);
void cells_rule(int y, int x, int width_cols);
void cells_upright(int y, int x, int rows);
void cells_box(struct rect rect, const char *title);
/* done of goal as "####----" in width_cols cells. */
void cells_bar(int y, int x, int width_cols, int64_t done, int64_t goal, enum role role);
/* Give cells another role, text unchanged (the selected row). */
void cells_paint(int y, int x, int width_cols, enum role role);

/* Where the hardware cursor goes: the selected row or field, also when it is not seen. */
void cells_cursor(int y, int x);
void cells_cursor_get(int *y, int *x);

/* A rectangle of rows x cols at most, centred on the grid. */
struct rect cells_centre(int rows, int cols);

/* One row, cells_cols() cells; NULL outside. For term.c and tests. */
const struct cell *cells_row(int y);
/* The grid as text, rows ended by newlines, trailing blanks cut. In arena. */
char *cells_text(struct arena *arena);

/* What the terminal can show (term.c says so; all of Unicode until then). */
enum cells_charset {
	CELLS_ANY,    /* no terminal: tests */
	CELLS_LOCALE, /* what the locale can encode */
	CELLS_ASCII,
};
enum cells_ambiguous {
	CELLS_NARROW,  /* East Asian ambiguous characters take one cell */
	CELLS_UNKNOWN, /* the terminal did not say: quotes and dashes in ASCII */
	CELLS_WIDE,    /* they take two: those without an ASCII form become '?' */
};
void cells_set_charset(enum cells_charset charset);
enum cells_charset cells_charset(void);
void cells_set_ambiguous(enum cells_ambiguous ambiguous);
/* Without colour, muted text stands in parentheses. */
void cells_set_mono(bool mono);
bool cells_mono(void);

#endif
