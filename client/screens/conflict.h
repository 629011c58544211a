/* Conflict: somebody saved the same record first. Theirs beside yours, and a choice for each.
 */
#ifndef KEHU_CONFLICT_H
#define KEHU_CONFLICT_H

#include "client/screens/form.h"

/*
 * Opens above the form. Fields only they changed take their value at once; for the others the
 * user chooses, and F10 puts the choices into the form and saves again over their version.
 */
void conflict_open(struct form_screen *form, const Kehu__Error *error);

#endif
