/*
 * What all widgets share. A widget is a plain struct: the owner fills in its description,
 * draws it into a rectangle and hands it keys; it answers with flags and keeps no screen.
 */
#ifndef KEHU_UI_WIDGET_H
#define KEHU_UI_WIDGET_H

#include "client/ui/cells.h"
#include "client/ui/key.h"
#include "client/ui/tr.h"

enum ui_flags {
	UI_NONE = 0, /* not mine: the next one is asked */
	UI_HANDLED = 1 << 0,
	UI_REDRAW = 1 << 1,
	UI_RELOAD = 1 << 2,  /* the data must be fetched again */
	UI_CLOSE = 1 << 3,   /* close the screen that answered so */
	UI_ACT = 1 << 4,     /* Enter: the owner does what the widget is for */
	UI_CHANGED = 1 << 5, /* a value changed */
	UI_LOOKUP = 1 << 6,  /* the user wants the list of values */
	UI_ASK = 1 << 7,     /* the user must say yes first (a long paste) */
	UI_REFUSED = 1 << 8, /* not possible: the owner may say why */
};

#define UI_DONE (UI_HANDLED | UI_REDRAW)

#endif
