/*
 * List: a table over rows that its owner holds or fetches. The owner describes columns and
 * gives rows by index; the list draws, scrolls, marks and tells which rows are in sight, so
 * that the owner can fetch the pages around them.
 */
#ifndef KEHU_UI_LIST_H
#define KEHU_UI_LIST_H

#include "client/ui/widget.h"

enum list_align { LIST_LEFT, LIST_RIGHT };
enum list_sort { LIST_UNSORTED, LIST_RISING, LIST_FALLING };

struct list_column {
	const char *title;
	int min_cols;  /* never narrower */
	int want_cols; /* as wide as this when there is room */
	bool stretch;  /* takes what is left over */
	enum list_align align;
	int priority; /* 0 stays; of the others the highest goes first when narrow */
	enum list_sort sort;
	bool bar; /* cells are "37/50": drawn as ###-- */
};

struct list_row {
	int64_t id;
	const char *const *cells; /* one per column; NULL is "" */
	enum role role;
	const uint8_t *roles; /* of single cells, or NULL */
};

struct list_mark {
	int64_t id;
	bool marked;
	char option;         /* '2'..'8', 0: none */
	const char *refusal; /* why the option was refused; the owner's, or NULL */
};

struct list {
	/* by the owner */
	const struct list_column *columns;
	size_t column_count;
	/* Row index, or NULL while it is not there yet ("..." is drawn). */
	const struct list_row *(*row)(void *arg, size_t index);
	/* The rows in sight changed; fetch them and their neighbours. May be NULL. */
	void (*visible)(void *arg, size_t first, size_t count);
	void *arg;
	size_t total;
	bool at_least; /* more rows than total may follow */
	const char
	    *options; /* the digits that mean something here ("25678"); NULL: no Opt column */
	bool marks;   /* Space, * and - */
	const char *empty; /* what to say without rows; NULL: "No rows." */
	bool plain;        /* no heads (pickers, menus) */

	/* by the list */
	size_t cursor, top;
	int rows_seen;    /* body rows at the last drawing */
	struct rect body; /* and where they were, for clicks */
	int widths[32];   /* of the columns at the last drawing, 0: dropped */
	struct list_mark *mark;
	size_t mark_count, mark_room;
	bool inverted; /* marked are all but those in mark */
	size_t said_first, said_count;
};

/* Fields of the owner are kept, the rest starts anew. */
void list_init(struct list *list);
void list_fini(struct list *list);
/* Other rows: cursor and marks start anew. */
void list_reset(struct list *list, size_t total, bool at_least);
/* The number of rows is known better now; cursor and marks stay. */
void list_set_total(struct list *list, size_t total, bool at_least);
/* Put the cursor on a row; it is scrolled into sight at the next drawing. */
void list_go(struct list *list, size_t index);
/* The row under the cursor, or NULL. */
const struct list_row *list_current(const struct list *list);

/*
 * One key. Answers UI_ACT for Enter: run the options when list_pending() is not 0, else
 * open the current row. UI_REFUSED: a digit that is no option here.
 */
unsigned list_key(struct list *list, enum act act, const struct event *event);

/* Heads in the first row of rect (unless plain), rows below. */
void list_draw(struct list *list, struct rect rect, bool focus);

/* Marks: rows an action on many goes to. */
size_t list_marked(const struct list *list);
bool list_is_marked(const struct list *list, int64_t id);
void list_unmark_all(struct list *list);
/* Rows with an option waiting; each is mark[i].option != 0. */
size_t list_pending(const struct list *list);
/* Options done: forget that of a row, or keep it with the reason of its refusal. */
void list_option_done(struct list *list, int64_t id, const char *refusal);
/* The reason an option of the current row was refused, or NULL. */
const char *list_refusal(const struct list *list);

/* "1-17/41" of the rows in sight. In arena. */
char *list_range(struct arena *arena, const struct list *list);

#endif
