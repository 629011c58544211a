/*
 * Values as history keeps them: texts, and back. An approval keeps what it would change alike.
 */
#ifndef KEHU_HISTORY_H
#define KEHU_HISTORY_H

#include "server/record/record.h"

/* A value in its stored form; NULL: empty. In arena or borrowed from value. */
const char *history_text(struct arena *arena, const struct field *field, const struct value *value);
/*
 * One change for the reader: columns id, at, user_id, entity, record_id, version, kind, fields, old,
 * new, change_id. Fields hidden to them are not there.
 */
Kehu__Change *history_change(struct call *call, const struct rows *rows, size_t row);

#endif
