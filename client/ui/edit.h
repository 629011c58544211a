/*
 * Edit: a field of text, one line or many with soft wrap by cells. Text is UTF-8 and moves
 * by characters (combining marks stay with theirs); the view scrolls by cells.
 */
#ifndef KEHU_UI_EDIT_H
#define KEHU_UI_EDIT_H

#include "client/ui/widget.h"
#include "common/buf.h"

struct edit {
	struct buf text;
	size_t cursor;    /* byte offset, always at a character */
	size_t max_chars; /* 0: 2000 */
	bool multi;       /* newlines and wrapping; Enter makes a new line */
	bool secret;      /* drawn as stars, wiped when freed */
	bool digits;      /* only digits, point, sign; full-width ones folded */
	size_t scroll;    /* byte offset of the first character seen; multi: first line */
	int last_cols;    /* width of the last drawing, for moving by lines */
	int last_rows;
	int goal_col;    /* Up and Down keep the column */
	struct buf held; /* a paste over 2 KB waiting for a yes (UI_ASK) */
};

void edit_init(struct edit *edit, size_t max_chars);
void edit_fini(struct edit *edit);
/* Replace the text, cleaned; the cursor goes to its end. */
void edit_set(struct edit *edit, const char *text);
/* Borrowed until the next change. */
const char *edit_text(const struct edit *edit);
bool edit_empty(const struct edit *edit);
void edit_clear(struct edit *edit);

/* Insert at the cursor, cleaned; what passes max_chars is left out. True when all fitted. */
bool edit_insert(struct edit *edit, const char *text);
/* The paste that was held: insert it, or forget it. */
void edit_take_held(struct edit *edit, bool yes);

/* One key. UI_NONE for those it has no use for (Up in one line, Enter, Tab). */
unsigned edit_key(struct edit *edit, enum act act, const struct event *event);

/* Draw; with focus the hardware cursor goes to the place of typing. */
void edit_draw(struct edit *edit, struct rect rect, enum role role, bool focus);

#endif
