/* Row: a row of a page as a record, for acting on it without asking for the whole first. */
#ifndef KEHU_ROW_H
#define KEHU_ROW_H

#include "client/screens/app.h"

/* The value a row has for a field, by its number; NULL: the page has no such column. */
const Kehu__Value *row_value(const Kehu__Page *page, const Kehu__Row *row, uint32_t field);
/* The record with what the page has of it, in arena; its label is that of its entity's label field. */
const Kehu__Record *row_record(struct arena *arena, const Kehu__Entity *entity,
    const Kehu__Page *page, const Kehu__Row *row);

#endif
