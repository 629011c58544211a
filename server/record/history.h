/*
 * Values as history keeps them: texts, and back. An approval keeps what it would change alike.
 */
#ifndef KEHU_HISTORY_H
#define KEHU_HISTORY_H

#include "server/record/record.h"

/* A value in its stored form; NULL: empty. In arena or borrowed from value. */
const char *history_text(struct arena *arena, const struct field *field, const struct value *value);
/* The stored form back into a value: integers for most types, "minor CUR" for money; NULL: empty. */
struct value history_value(struct arena *arena, const struct field *field, const char *text);
/*
 * One change for the reader: columns id, at, user_id, entity, record_id, version, kind, fields, old,
 * new, change_id. Fields hidden to them are not there.
 */
Kehu__Change *history_change(struct call *call, const struct rows *rows, size_t row);
/*
 * Queue the changes of a record and its lines with ids below before, the newest first, in these columns.
 * The record was queued to be read before it: that opens its history.
 */
void history_queue(struct call *call, const struct entity *entity, int64_t id, int64_t before,
    size_t max, struct rows **rows);

#endif
