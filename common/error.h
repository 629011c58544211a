/*
 * Errors: one list (error.def) gives number, name, whether a retry is safe, exit status
 * for the command line, and both messages. Numbers go over the wire and never change.
 */
#ifndef KEHU_ERROR_H
#define KEHU_ERROR_H

#include <stdbool.h>

enum err {
#define E(number, name, retry, exit, en, zh) ERR_##name = number,
#include "common/error.def"
#undef E
};

enum lang { LANG_EN = 0, LANG_ZH = 1 };

/* "E2101" numbers on screen are the enum's numbers. Unknown numbers give INTERNAL's texts. */
const char *err_name(enum err err);
/* The one of that name, as the database's functions give it; NULL and any other: FORBIDDEN. */
enum err err_named(const char *name);
const char *err_text(enum err err, enum lang lang);
bool err_retry_safe(enum err err);
/* Exit status of a command that ended so: 0 done, 1 refused or invalid, 2 usage, 3 no server. */
int err_exit_status(enum err err);
/* Whether a number from the wire is one of ours. */
bool err_known(int number);

#endif
