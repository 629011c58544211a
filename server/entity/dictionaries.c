/*
 * The shipped choice lists as one table, and bringing a database up to it. What the lists hold
 * afterwards is the administrators' business; the catalogue reads them from the database.
 */
#include "server/entity/dictionaries.h"
#include "common/pinyin.h"

#include <string.h>

struct dictionary_row { /* code NULL: opens a list named so; else a choice of the list above */
	const char *name, *code;
	const char *zh, *en;
	enum dictionary_color color;
};

#define DICT(name_, zh_, en_) { .name = #name_, .zh = zh_, .en = en_ },
#define ITEM(code_, zh_, en_, color_)                                                          \
	{ .code = code_, .zh = zh_, .en = en_, .color = COLOR_##color_ },
static const struct dictionary_row dictionary_rows[] = {
#include "server/entity/dictionaries.def"
};
#undef DICT
#undef ITEM
#define DICTIONARY_ROWS (sizeof(dictionary_rows) / sizeof(dictionary_rows[0]))

static const char *const dictionary_tones[] = { "normal", "strong", "green", "yellow", "red", "grey" };

const char *
dictionary_tone(enum dictionary_color color)
{
	return dictionary_tones[color];
}

enum dictionary_color
dictionary_color_named(const char *tone)
{
	for (size_t i = 0; tone != NULL && i < sizeof(dictionary_tones) / sizeof(dictionary_tones[0]); i++)
		if (strcmp(dictionary_tones[i], tone) == 0)
			return (enum dictionary_color)i;
	return COLOR_NORMAL;
}

bool
dictionary_ships(const char *list, const char *code)
{
	bool inside = false;

	for (size_t i = 0; i < DICTIONARY_ROWS; i++) {
		const struct dictionary_row *row = &dictionary_rows[i];

		if (row->code == NULL)
			inside = strcmp(row->name, list) == 0;
		if (inside &&
		    (code == NULL || (row->code != NULL && strcmp(row->code, code) == 0)))
			return true;
	}
	return false;
}

/* The table as columns, for unnest: lists alone, or choices with the list of each. */
struct dictionary_columns {
	size_t count;
	const char *list[DICTIONARY_ROWS], *list_key[DICTIONARY_ROWS];
	const char *code[DICTIONARY_ROWS];
	const char *zh[DICTIONARY_ROWS], *en[DICTIONARY_ROWS];
	const char *tone[DICTIONARY_ROWS];
};

static struct dictionary_columns *
dictionary_collect(struct arena *arena, bool items)
{
	struct dictionary_columns *columns = ARENA_NEW(arena, struct dictionary_columns);
	const char *list = NULL;

	for (size_t i = 0; i < DICTIONARY_ROWS; i++) {
		const struct dictionary_row *row = &dictionary_rows[i];
		size_t at = columns->count;

		if (row->code == NULL)
			list = row->name;
		if ((row->code != NULL) != items)
			continue;
		columns->list[at] = list;
		columns->list_key[at] = pinyin_sort_key(arena, list, PINYIN_NAME);
		columns->code[at] = row->code;
		columns->zh[at] = row->zh;
		columns->en[at] = row->en;
		columns->tone[at] = dictionary_tone(row->color);
		columns->count++;
	}
	return columns;
}

/* Deleted lists and choices count as had: deleting one is a decision. */
enum err
dictionaries_seed(struct store *store, struct arena *arena)
{
	struct dictionary_columns *lists = dictionary_collect(arena, false);
	struct dictionary_columns *items = dictionary_collect(arena, true);
	struct sql *sql = sql_new(arena);
	enum err err;

	sql_add(sql, "INSERT INTO dictionary (name, name_key, zh, en) "
		     "SELECT n.name, n.key, n.zh, n.en FROM unnest(");
	sql_texts(sql, lists->list, lists->count);
	sql_add(sql, ", ");
	sql_texts(sql, lists->list_key, lists->count);
	sql_add(sql, ", ");
	sql_texts(sql, lists->zh, lists->count);
	sql_add(sql, ", ");
	sql_texts(sql, lists->en, lists->count);
	sql_add(sql,
	    ") WITH ORDINALITY AS n (name, key, zh, en, nth) "
	    "WHERE NOT EXISTS (SELECT FROM dictionary d WHERE d.name = n.name) ORDER BY n.nth");
	err = store_run(store, arena, sql, NULL);
	if (err != ERR_OK)
		return err;

	sql = sql_new(arena);
	sql_add(sql,
	    "INSERT INTO dictionary_item (dictionary_id, position, code, zh, en, tone) "
	    "SELECT d.id, n.nth, n.code, n.zh, n.en, n.tone FROM unnest(");
	sql_texts(sql, items->list, items->count);
	sql_add(sql, ", ");
	sql_texts(sql, items->code, items->count);
	sql_add(sql, ", ");
	sql_texts(sql, items->zh, items->count);
	sql_add(sql, ", ");
	sql_texts(sql, items->en, items->count);
	sql_add(sql, ", ");
	sql_texts(sql, items->tone, items->count);
	sql_add(sql, ") WITH ORDINALITY AS n (list, code, zh, en, tone, nth) "
		     "JOIN dictionary d ON d.name = n.list "
		     "WHERE NOT EXISTS (SELECT FROM dictionary_item i "
		     "WHERE i.dictionary_id = d.id AND i.code = n.code) ORDER BY n.nth");
	return store_run(store, arena, sql, NULL);
}
