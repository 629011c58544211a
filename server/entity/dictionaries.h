/*
 * The choice lists Kehu ships (dictionaries.def) and putting them into a database.
 */
#ifndef KEHU_DICTIONARIES_H
#define KEHU_DICTIONARIES_H

#include "server/store/store.h"

/* What a choice's colour means; the client shows it by its colour role of that name. */
enum dictionary_color {
	COLOR_NORMAL = 0,
	COLOR_STRONG = 1,
	COLOR_GOOD = 2,
	COLOR_WARN = 3,
	COLOR_BAD = 4,
	COLOR_MUTED = 5,
};

/* Its name among the choices of the list "tone": the colour that terminals show it in. */
const char *dictionary_tone(enum dictionary_color color);
enum dictionary_color dictionary_color_named(const char *tone); /* unknown, NULL: normal */

/* Whether code is a shipped choice of the list; code NULL: whether the list is shipped. */
bool dictionary_ships(const char *list, const char *code);

/*
 * Inserts the lists and choices the database never had, in the open transaction of a store
 * that may write them; what an administrator renamed, retired or deleted stays as it is.
 * Safe to run at every start. ERR_DB_GONE and others of store_run.
 */
MUST_CHECK enum err dictionaries_seed(struct store *store, struct arena *arena);

#endif
