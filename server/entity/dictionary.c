/*
 * Dictionaries in memory, and the catalogue as the database has it.
 */
#include "server/entity/dictionary.h"

#include "common/log.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/custom.h"
#include "server/entity/dictionaries.h"
#include "server/store/store.h"

#include <string.h>

const struct dictionary_item *
dictionary_item(const struct dictionary *dictionary, const char *code)
{
	for (size_t i = 0; dictionary != NULL && i < dictionary->count; i++)
		if (strcmp(dictionary->items[i].code, code) == 0)
			return &dictionary->items[i];
	return NULL;
}

const struct dictionary_item *
dictionary_item_used(const struct dictionary *dictionary, const struct dictionary_item *item)
{
	const struct dictionary_item *used =
	    item != NULL && item->instead != NULL ? dictionary_item(dictionary, item->instead) : NULL;

	return used != NULL ? used : item;
}

const struct dictionary_item *
dictionary_item_called(const struct dictionary *dictionary, const char *word)
{
	const struct dictionary_item *found = dictionary_item(dictionary, word), *by_pinyin = NULL;
	struct arena *arena = arena_new(0);
	const char *folded = text_fold(arena, word);
	int matches = 0;

	for (size_t i = 0; dictionary != NULL && found == NULL && i < dictionary->count; i++) {
		const struct dictionary_item *item = &dictionary->items[i];

		if (strcmp(text_fold(arena, item->code), folded) == 0 ||
		    strcmp(text_fold(arena, item->zh), folded) == 0 ||
		    strcmp(text_fold(arena, item->en), folded) == 0)
			found = item;
		else if (strcmp(item->pinyin, folded) == 0) {
			by_pinyin = item;
			matches++;
		}
	}
	arena_free(arena);
	return found != NULL ? found : matches == 1 ? by_pinyin : NULL;
}

const char *
dictionary_label(const struct catalog *catalog, const struct field *field, const char *code,
    enum lang lang)
{
	const struct dictionary_item *item =
	    code != NULL ? dictionary_item(catalog_dictionary(catalog, field->dict), code) : NULL;

	if (item == NULL)
		return code;
	return lang == LANG_ZH ? item->zh : item->en;
}

static const char *
catalog_text(struct arena *arena, const struct rows *rows, size_t row, size_t column)
{
	return arena_strdup(arena, rows_text(rows, row, column));
}

/* Rows: dictionary name, zh, en, item code, zh, en, tone, retired, instead; ordered. */
static void
catalog_take_dictionaries(struct catalog *catalog, const struct rows *rows)
{
	struct arena *arena = catalog_arena(catalog);
	struct dictionary *list = ARENA_ARRAY(arena, struct dictionary, rows->count + 1);
	struct dictionary_item *items = ARENA_ARRAY(arena, struct dictionary_item, rows->count + 1);
	size_t count = 0, used = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (count == 0 || strcmp(list[count - 1].name, rows_text(rows, i, 0)) != 0)
			list[count++] = (struct dictionary){
				.name = catalog_text(arena, rows, i, 0),
				.zh = catalog_text(arena, rows, i, 1),
				.en = catalog_text(arena, rows, i, 2),
				.items = &items[used],
			};
		if (rows_null(rows, i, 3))
			continue;
		items[used] = (struct dictionary_item){
			.code = catalog_text(arena, rows, i, 3),
			.zh = catalog_text(arena, rows, i, 4),
			.en = catalog_text(arena, rows, i, 5),
			.pinyin = pinyin_initials(arena, rows_text(rows, i, 4), PINYIN_NAME),
			.color = dictionary_color_named(rows_text(rows, i, 6)),
			.retired = rows_bool(rows, i, 7),
			.instead = catalog_text(arena, rows, i, 8),
		};
		used++;
		list[count - 1].count++;
	}
	catalog_set_dictionaries(catalog, list, count);
}

/* Rows of CUSTOM_COLUMNS. The first of an entity that nobody gave a section begins one. */
static enum err
catalog_take_fields(struct catalog *catalog, const struct rows *rows)
{
	struct arena *arena = arena_new(0);
	uint32_t last = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < rows->count; i++) {
		const char *cells[CUSTOM_CELLS];
		struct field field;
		uint32_t entity;

		for (size_t c = 0; c < CUSTOM_CELLS; c++)
			cells[c] = rows_text(rows, i, c);
		err = custom_make(arena, catalog, cells, &entity, &field);
		if (err == ERR_OK && entity != last && (field.flags & FIELD_RETIRED) == 0) {
			last = entity;
			if (field.section_zh == NULL && field.section_en == NULL) {
				field.section_zh = "更多";
				field.section_en = "More";
			}
		}
		if (err == ERR_OK)
			err = catalog_add_field(catalog, entity, &field);
		if (err != ERR_OK) {
			log_error("custom field refused", "name=%s", rows_text(rows, i, CUSTOM_NAME));
			err = ERR_CONFIG;
		}
	}
	arena_free(arena);
	return err;
}

enum err
catalog_load(struct store *store, struct catalog **result)
{
	struct arena *scratch = arena_new(0);
	struct sql *state = sql_new(scratch), *fields = sql_new(scratch), *items = sql_new(scratch);
	struct rows *state_rows, *field_rows, *item_rows;
	struct catalog *catalog;
	enum err err;

	store_read(store);
	sql_add(state, "SELECT catalog_version FROM state");
	store_queue(store, state, &state_rows);
	sql_add(fields, "SELECT * FROM catalog_fields()");
	store_queue(store, fields, &field_rows);
	sql_add(items, "SELECT name, zh, en, code, item_zh, item_en, tone, retired, instead "
		       "FROM catalog_dictionary_items()");
	store_queue(store, items, &item_rows);
	err = store_flush(store, scratch);
	if (err != ERR_OK)
		goto out;
	catalog = catalog_new((uint32_t)rows_int(state_rows, 0, 0));
	err = catalog_take_fields(catalog, field_rows);
	if (err != ERR_OK) {
		catalog_unref(catalog);
		goto out;
	}
	catalog_take_dictionaries(catalog, item_rows);
	*result = catalog;
out:
	arena_free(scratch);
	return err;
}
