/*
 * Files of records: what the Attach request and its tests share.
 */
#ifndef KEHU_ATTACH_H
#define KEHU_ATTACH_H

#include "common/arena.h"
#include "common/error.h"

/*
 * The name a file is kept under: cleaned, without the path it had on its owner's machine.
 * ERR_REQUIRED: nothing is left; ERR_INVALID: "." or ".."; ERR_TOO_LONG, ERR_BAD_TEXT.
 */
MUST_CHECK enum err attach_file_name(struct arena *arena, const char *given, const char **name);

#endif
