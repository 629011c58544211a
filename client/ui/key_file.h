/*
 * The user's own keys: a file of lines "ACTION KEY [KEY...]", such as "mark_all *  Ctrl-W"; '#'
 * begins a comment. The first key is the one the key bar shows. Names of actions and keys are
 * those of the help and of kehu(1).
 */
#ifndef KEHU_UI_KEY_FILE_H
#define KEHU_UI_KEY_FILE_H

#include "client/ui/key.h"

/*
 * Take the keys over. ERR_CONFIG and *why (in arena, with file and line): an unknown action or
 * key, or one that is taken; nothing of the file holds then.
 */
MUST_CHECK enum err key_file_load(struct arena *arena, const char *path, const char **why);

#endif
