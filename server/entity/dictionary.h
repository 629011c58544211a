/*
 * Dictionaries (choice lists) as part of the catalogue, and loading a catalogue from the
 * database: custom fields and dictionary items of one catalogue version.
 */
#ifndef KEHU_DICTIONARY_H
#define KEHU_DICTIONARY_H

#include "server/entity/entity.h"

struct store;

struct dictionary_item {
	const char *code, *zh, *en;
	const char *pinyin; /* initials of zh */
	uint32_t color;
	bool retired;
	const char *instead; /* code of the choice it was merged into; NULL: none */
};
struct dictionary {
	const char *name, *zh, *en;
	const struct dictionary_item *items;
	size_t count;
};

MUST_CHECK enum err catalog_load(struct store *store, struct catalog **catalog);

const struct dictionary *catalog_dictionary(const struct catalog *catalog, const char *name);
size_t catalog_dictionary_count(const struct catalog *catalog);
const struct dictionary *catalog_dictionary_at(const struct catalog *catalog, size_t index);
const struct dictionary_item *dictionary_item(const struct dictionary *dictionary, const char *code);
/* What is stored when this choice is meant: itself, or the one it was merged into. */
const struct dictionary_item *dictionary_item_used(const struct dictionary *dictionary,
    const struct dictionary_item *item);
/* By code, either label, or pinyin initials when only one fits; folded. NULL: none or several. */
const struct dictionary_item *dictionary_item_called(const struct dictionary *dictionary,
    const char *word);
const char *dictionary_label(const struct catalog *catalog, const struct field *field,
    const char *code, enum lang lang); /* the code itself when unknown */

/* Before publishing: takes the table (its memory belongs to the catalogue's arena). */
struct arena *catalog_arena(struct catalog *catalog);
void catalog_set_dictionaries(struct catalog *catalog, const struct dictionary *list, size_t count);

#endif
