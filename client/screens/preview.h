/*
 * Preview: one record beside a list. It follows the cursor when that has come to rest: first
 * what the row says, then the record with the first rows of its tabs, in one round trip.
 */
#ifndef KEHU_PREVIEW_H
#define KEHU_PREVIEW_H

#include "client/screens/app.h"

struct preview;

struct preview *preview_new(struct app *app, uint32_t entity);
void preview_free(struct preview *preview);

/* The cursor is on this row (id 0: on none). columns: of its cells. Nothing is drawn yet. */
void preview_point(
    struct preview *preview, const Kehu__Row *row, const uint32_t *columns, size_t count);
/* The record shown was changed: read it again. */
void preview_again(struct preview *preview, int64_t id);
/* The record of id if it is here; borrowed until the next event. */
const Kehu__Record *preview_record(const struct preview *preview, int64_t id);

void preview_draw(struct preview *preview, struct rect rect);

#endif
