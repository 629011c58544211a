/*
 * Confirm: a box that asks. The safe answer is the default; what cannot be undone, or
 * touches many, asks to type the number.
 */
#ifndef KEHU_UI_CONFIRM_H
#define KEHU_UI_CONFIRM_H

#include "client/ui/edit.h"
#include "client/ui/ui.h"

enum { CONFIRM_CHOICES = 5, CONFIRM_NOTHING = -1 };

struct confirm_config {
	const char *title, *text; /* copied; text is wrapped */
	/* With number > 0 it must be typed; answer() then gets 0. No choices in that case. */
	size_t number;
	/* Else up to five, the first one is the default and should be the safe one. */
	const char *choices[CONFIRM_CHOICES]; /* copied */
	char letters[CONFIRM_CHOICES];        /* typing it moves to the choice; 0: none */
	enum act acts[CONFIRM_CHOICES]; /* a key that takes the choice at once (ACT_save) */
	/* The choice, or CONFIRM_NOTHING for Esc and a wrong number. The box is gone by then.
	 */
	void (*answer)(void *arg, int choice);
	void *arg;
};

/* Drops what was typed ahead. */
void confirm_open(struct ui *ui, const struct confirm_config *config);

/* Ask whether the long paste that edit holds (UI_ASK) is wanted; edit must outlive the box. */
void confirm_paste(struct ui *ui, struct edit *edit);

#endif
