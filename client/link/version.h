/*
 * Two versions of a record: what differs, and the change that makes the one like the other.
 */
#ifndef KEHU_LINK_VERSION_H
#define KEHU_LINK_VERSION_H

#include "client/link/catalog.h"

/* Ask for a record as it was; version 0: as after this change. */
struct version_asked {
	uint32_t entity;
	int64_t id;
	uint32_t version;
	ProtobufCBinaryData change;
};
/* Into frame, in arena. */
void version_ask(struct arena *arena, const struct version_asked *asked, Kehu__ClientFrame *frame);

/* The line of a record with this kind and id; NULL: it has none. */
const Kehu__Record *version_line(const Kehu__Record *record, uint32_t entity, int64_t id);
/* Two values of a field, either NULL for empty. */
bool version_same(const Kehu__Field *field, const Kehu__Value *a, const Kehu__Value *b);
/* A field that can be put back: not the server's own, not masked. */
bool version_puts_back(const Kehu__Field *field);

/*
 * The record to save so that now gets what then had: those fields (numbers), or with none all that can be
 * put back, and the lines. Whose it is stays, unless named: that moves by an action. NULL: nothing
 * differs. In arena; values are borrowed.
 */
Kehu__Record *version_back(struct arena *arena, const struct cat *cat, const Kehu__Record *now,
    const Kehu__Record *then, const uint32_t *fields, size_t count);

#endif
