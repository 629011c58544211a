/* Palette: see app.h for palette_open(). */
#ifndef KEHU_PALETTE_H
#define KEHU_PALETTE_H

#include "client/screens/app.h"

/* Module 6: what is the user's own, as a menu. */
void palette_open_mine(struct app *app);
/* With a first text. */
void palette_open_text(struct app *app, const char *text);

#endif
