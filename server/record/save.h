/*
 * What the Save request (save.c) and every other save of a record (save_record.c) share.
 */
#ifndef KEHU_SAVE_H
#define KEHU_SAVE_H

#include "server/record/store_tree.h"

/* One more refused field of a record or of a line of it; the save goes on, to name them all. */
void save_refuse(
    struct call *call, const struct record *record, const struct field *field, enum err err);
/* Defaults of a new record or line, where nothing was sent. */
void save_take_initials(struct call *call, struct record *record);
/*
 * Refuses what is out of its field's bounds, and the required fields that are empty. What the server fills in (a state, a number) is not
 * for the user to miss; nor is what the user's roles hide: such a user can make no record that needs
 * it.
 */
void save_check_values(struct call *call, struct record *record);

#endif
