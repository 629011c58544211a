/* Cell: a value in the few columns a table has for it, and its colour. */
#ifndef KEHU_CELL_H
#define KEHU_CELL_H

#include "client/screens/app.h"
#include "client/ui/list.h"

/* Short: "10-15 14:00" or, in another year, "2025-10-15"; figures of time as days. In scratch
 * memory. */
const char *cell_text(
    const struct app *app, const Kehu__Field *field, const Kehu__Value *value);
/* The same for a table: choices that people know by their letters as those. */
const char *cell_short(
    const struct app *app, const Kehu__Field *field, const Kehu__Value *value);
/* The colour of a choice; normal for all else. */
enum role cell_role(const struct cat *cat, const Kehu__Field *field, const Kehu__Value *value);
/* Whether a part of the text is of no use (numbers, dates): better no column than a cut one. */
bool cell_is_whole(const Kehu__Field *field);
/* How a field is laid out as a column of a list. Title is borrowed from the catalogue. */
struct list_column cell_column(
    const struct cat *cat, const Kehu__Entity *entity, const Kehu__Field *field, size_t at);

#endif
