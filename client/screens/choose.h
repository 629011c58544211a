/*
 * Choose: a table of fields with two sides; for each the left one is taken, the right one, or what is
 * typed in their place. Screens whose first member it is say what the sides are and what comes of it.
 */
#ifndef KEHU_CHOOSE_H
#define KEHU_CHOOSE_H

#include "client/screens/app.h"
#include "client/ui/list.h"

enum choose_side { CHOOSE_OPEN, CHOOSE_LEFT, CHOOSE_RIGHT, CHOOSE_TYPED };
enum { CHOOSE_COLUMNS = 4 };

struct choose_row {
	/* by the owner, in its arena */
	const Kehu__Field *field;
	const char *left, *right;  /* one line each */
	const Kehu__Value *start;  /* what typing begins with, or NULL */
	enum choose_side side;
	bool fixed;                /* only shown */
	size_t index;              /* the owner's */
	const Kehu__Value *value;  /* the owner's */

	/* by choose, when side is CHOOSE_TYPED */
	const Kehu__Value *typed;
	const char *typed_text;
};

struct choose {
	struct screen screen;

	/* by the owner, before choose_open() */
	struct app *app;
	struct arena *arena; /* freed with the screen */
	struct choose_row *rows;
	size_t count;
	enum text_id title, hint, none, left_word, right_word; /* of the title, of single choices */
	const char *left_title, *right_title;
	const char *note; /* row 1 */
	enum role note_role;
	enum text_id save_word; /* of F10 in the key bar */
	/* F10, when nothing is open; answers as a screen's key does. */
	unsigned (*save)(struct choose *choose);
	/* F4 with nothing to choose from; NULL: nothing. */
	void (*pick)(struct choose *choose);
	/* The screen goes; it frees itself, after this. May be NULL. */
	void (*gone)(struct choose *choose);

	/* by choose */
	struct list list;
	struct list_column columns[CHOOSE_COLUMNS];
	struct list_row row;
	const char *cells[CHOOSE_COLUMNS];
};

/* Pushes the screen, which was allocated with malloc() and is freed when it goes. */
void choose_open(struct choose *choose);
/* Rows and titles are others now. */
void choose_show(struct choose *choose);

/* A value in one line. In the arena of choose. */
const char *choose_text(const struct choose *choose, const Kehu__Field *field, const Kehu__Value *value);

#endif
