/*
 * Drafts: what stands in a form, kept in the journal on this machine until the server has it. A
 * draft is a Record whose values hold the texts of the boxes (with the id of a reference), so
 * that half-typed ones survive as well.
 */
#ifndef KEHU_DRAFT_H
#define KEHU_DRAFT_H

#include "client/screens/app.h"

/* "visit:new:0192…", "customer:4711". In arena. */
const char *draft_key(
    struct app *app, struct arena *arena, const Kehu__Entity *entity, int64_t id);
/* False: it is in memory only (no journal, or the disk is full). */
bool draft_put(struct app *app, const char *key, const char *title, const char *note,
    const Kehu__Record *record);
void draft_drop(struct app *app, const char *key);
/* Why the server refused it, beside what it holds. */
void draft_refused(struct app *app, const char *key, const char *why);
/* NULL: not a draft of a form. In arena. */
Kehu__Record *draft_read(struct arena *arena, const struct journal_entry *entry);
/* The draft of a key; NULL: none. Valid until the journal changes. */
const struct journal_entry *draft_find(struct app *app, const char *key);
/* Drafts of new records with a reference to this one, newest last, at most max. */
size_t draft_about(struct app *app, uint32_t entity, int64_t id,
    const struct journal_entry **entries, size_t max);

#endif
