/*
 * Help: a popup made from the key table. What is typed searches it; Enter runs the entry.
 * F1 again shows the keys of all screens.
 */
#ifndef KEHU_UI_HELP_H
#define KEHU_UI_HELP_H

#include "client/ui/ui.h"

/* Help for the screen on top. */
void help_open(struct ui *ui);

#endif
