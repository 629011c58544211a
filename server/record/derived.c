/*
 * See derived.h. A chunk is read without locks and written where the text is still the one that
 * was read: who saved in between has made keys and tokens anew already. The place is a row of
 * settings, which each chunk locks first, so that two runs share the work.
 */
#include "server/record/derived.h"

#include "common/buf.h"
#include "common/log.h"
#include "common/name.h"
#include "common/pinyin.h"
#include "common/uuid.h"
#include "server/record/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DERIVED_CHUNK      500
#define DERIVED_LOCK_TRIES 15
#define DERIVED_KEYS_MAX   160 /* keys of one entity, custom fields among them */
#define DERIVED_LINES_MAX  16

/* ---- the rules --------------------------------------------------------------------------- */

/* Texts in which every rule of keys and tokens has a say. */
static const char *const derived_samples[] = { "重庆长安汽车股份有限公司", "单雄信", "欧阳修",
	"厦门国际银行", "ABB（中国）有限公司", "*ST长城", "TCL科技", "A. O. Smith",
	"Müller & Söhne GmbH", "3M", "C-2024-000123", "000720", "138 1234-5678",
	"+86 10 6552 9988 转 801", "(0571) 8888 6666; 13900001111", "wang.wei@example.com",
	"王　伟", "ｗａｎｇ ＷＥＩ", "女娲旅行社", "吕布", "龘", "トヨタ自動車", "Газпром",
	"O'Brien's", "臺灣雲達（上海）股份有限公司", "The Acme Trading Co., Ltd.", "" };

static void
derived_put_sample(struct arena *arena, struct buf *all, const char *text)
{
	static const char classes[] = "nhcpmt";
	const char *alike = name_alike(arena, text), *sound = name_sound(arena, alike);

	buf_printf(all, "%s\n%s\n%s\n%s\n", pinyin_sort_key(arena, text, PINYIN_NAME),
	    pinyin_sort_key(arena, text, PINYIN_PERSON), alike, sound != NULL ? sound : "-");
	for (const char *class = classes; *class != '\0'; class ++) {
		struct token_set set = { 0 };

		token_index(arena, &set, *class, text);
		token_set_sort(&set);
		for (size_t i = 0; i < set.count; i++)
			buf_printf(all, "%s ", set.tokens[i]);
		buf_putc(all, '\n');
	}
}

/* What of a field is kept beside it: the columns' endings, ended by NULL. */
#define DERIVED_COLUMNS 4

static bool
derived_has_key(const struct field *field)
{
	return field->type == TYPE_TEXT && (field->flags & FIELD_SORT) != 0;
}

static size_t
derived_columns(const struct field *field, const char *columns[static DERIVED_COLUMNS])
{
	size_t count = 0;

	if (derived_has_key(field))
		columns[count++] = "_key";
	if ((field->flags & FIELD_ALIKE) != 0) {
		columns[count++] = "_alike";
		if (derived_has_key(field))
			columns[count++] = "_sound";
	}
	return count;
}

static const char *
derived_value(struct arena *arena, const struct field *field, const char *column, const char *text)
{
	if (strcmp(column, "_alike") == 0)
		return name_alike(arena, text);
	if (strcmp(column, "_sound") == 0)
		return name_sound(arena, name_alike(arena, text));
	return pinyin_sort_key(
	    arena, text, field->flags & FIELD_PERSON ? PINYIN_PERSON : PINYIN_NAME);
}

/* Custom ones begin without values, so their keys are never behind: only which of them are searched counts. */
static void
derived_put_custom(struct buf *all, const struct entity_view *view)
{
	for (size_t i = 0; i < view->field_count; i++)
		if ((view->fields[i]->flags & FIELD_CUSTOM) && (view->fields[i]->flags & FIELD_SEARCH))
			buf_printf(all, "%" PRIu32 ".%" PRIu32 "%c\n", view->def->number, view->fields[i]->number,
			    view->fields[i]->search);
}

static void
derived_put_fields(struct buf *all, const struct entity *entity)
{
	for (const struct field *field = entity->fields; field->number != 0; field++) {
		bool searched = (field->flags & FIELD_SEARCH) != 0;

		if (searched || derived_has_key(field) || (field->flags & FIELD_ALIKE) != 0)
			buf_printf(all, "%" PRIu32 ".%" PRIu32 "%c%d%d%d\n", entity->number,
			    field->number, searched ? field->search : '-',
			    derived_has_key(field), (field->flags & FIELD_PERSON) != 0,
			    (field->flags & FIELD_ALIKE) != 0);
	}
}

char *
derived_rules(struct arena *arena, const struct catalog *catalog)
{
	struct arena *scratch = arena_new(0);
	struct buf all = BUF_INIT;
	uint8_t hash[32];

	pinyin_checksum(hash);
	buf_put(&all, hash, sizeof(hash));
	for (size_t i = 0; i < sizeof(derived_samples) / sizeof(derived_samples[0]); i++)
		derived_put_sample(scratch, &all, derived_samples[i]);
	for (size_t i = 0; entity_shipped[i] != NULL; i++)
		derived_put_fields(&all, entity_shipped[i]);
	for (size_t i = 0; i < catalog_count(catalog); i++)
		derived_put_custom(&all, catalog_at(catalog, i));
	hash_sha256(all.data, all.bytes, hash);
	buf_fini(&all);
	arena_free(scratch);
	return hex_encode(arena, hash, sizeof(hash));
}

enum err
derived_check(struct store *store, const struct catalog *catalog, struct arena *arena, bool *due)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT value FROM settings WHERE name = 'derived.rules'");
	store_read(store);
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	*due = err == ERR_OK &&
	       (rows->count == 0 || strcmp(rows_text(rows, 0, 0), derived_rules(arena, catalog)) != 0);
	return err;
}

/* ---- one chunk --------------------------------------------------------------------------- */

/* Where a run is: what is left begins with the first id above at of the entity at index. */
struct derived_place {
	size_t index;
	int64_t at;
};

struct derived {
	struct store *store;
	struct arena *arena; /* emptied after each chunk */
	const struct catalog *catalog;
	const char *rules;
	struct derived_done *done;
};

struct derived_entity {
	const struct entity *def;
	const struct field *keys[DERIVED_KEYS_MAX];
	const char *columns[DERIVED_KEYS_MAX];
	size_t key_count;
};

/* Columns of what is read of a chunk. */
enum { DERIVED_ID, DERIVED_TEXTS, DERIVED_WAS, DERIVED_KEYS };

static struct derived_entity
derived_entity(const struct entity_view *view)
{
	struct derived_entity entity = { .def = view->def };

	for (size_t i = 0; i < view->field_count; i++) {
		const char *columns[DERIVED_COLUMNS];
		size_t count = derived_columns(view->fields[i], columns);

		for (size_t c = 0; c < count; c++) {
			if (entity.key_count == DERIVED_KEYS_MAX)
				fatal("more than %d keys", DERIVED_KEYS_MAX);
			entity.keys[entity.key_count] = view->fields[i];
			entity.columns[entity.key_count++] = columns[c];
		}
	}
	return entity;
}

/* "concat('n10.2', E'\t' || t.name || E'\n', …)": the searched texts of one row as a search row
 * has them. */
static void
derived_put_texts(struct sql *sql, const struct entity_view *view, const char *alias)
{
	sql_add(sql, "concat(''");
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];

		if (field->flags & FIELD_SEARCH)
			sql_addf(sql,
			    ", '%c%" PRIu32 ".%" PRIu32 "' || E'\\t' || %s.%s || E'\\n'",
			    field->search, view->def->number, field->number, alias,
			    field->name);
	}
	sql_add(sql, ")");
}

static void
derived_put_doc(struct derived *derived, struct sql *sql, const struct entity_view *view)
{
	const struct entity_view *lines[DERIVED_LINES_MAX];
	size_t count = catalog_lines(derived->catalog, view->def, lines, DERIVED_LINES_MAX);

	derived_put_texts(sql, view, "t");
	for (size_t i = 0; i < count; i++) {
		sql_add(sql, " || coalesce((SELECT string_agg(");
		derived_put_texts(sql, lines[i], "l");
		sql_addf(sql,
		    ", '' ORDER BY l.position, l.id) FROM %s l WHERE l.%s = t.id "
		    "AND l.deleted_at IS NULL), '')",
		    entity_table(lines[i]->def),
		    entity_parent_column(derived->arena, lines[i]->def));
	}
}

static enum err
derived_read(struct derived *derived, const struct entity_view *view,
    const struct derived_entity *entity, int64_t after, struct rows **rows)
{
	struct sql *sql = sql_new(derived->arena);
	const char *table = entity_table(view->def);

	sql_add(sql, "SELECT t.id, ");
	if (view->def->searched)
		derived_put_doc(derived, sql, view);
	else
		sql_add(sql, "NULL");
	sql_add(sql, view->def->searched ? ", s.doc" : ", NULL");
	for (size_t i = 0; i < entity->key_count; i++)
		sql_addf(sql, ", t.%s, t.%s%s", entity->keys[i]->name, entity->keys[i]->name,
		    entity->columns[i]);
	sql_addf(sql, " FROM %s t", table);
	if (view->def->searched)
		sql_addf(sql, " LEFT JOIN %s_search s ON s.id = t.id", table);
	sql_add(sql, " WHERE t.id > ");
	sql_int(sql, after);
	sql_addf(sql, " ORDER BY t.id LIMIT %d", DERIVED_CHUNK);
	sql_named(sql);
	return store_run(derived->store, derived->arena, sql, rows);
}

/* Keys of one field that are not what its texts give. */
static void
derived_put_keys(struct derived *derived, const struct derived_entity *entity, size_t key,
    const struct rows *rows)
{
	const struct field *field = entity->keys[key];
	struct arena *arena = derived->arena;
	int64_t *ids = ARENA_ARRAY(arena, int64_t, rows->count);
	const char **texts = ARENA_ARRAY(arena, const char *, rows->count);
	const char **keys = ARENA_ARRAY(arena, const char *, rows->count);
	size_t count = 0, column = DERIVED_KEYS + 2 * key;
	struct sql *sql;

	for (size_t i = 0; i < rows->count; i++) {
		const char *text = rows_text(rows, i, column),
			   *had = rows_text(rows, i, column + 1);

		if (text == NULL)
			continue;
		keys[count] = derived_value(arena, field, entity->columns[key], text);
		if (had == keys[count] || (had != NULL && keys[count] != NULL && strcmp(had, keys[count]) == 0))
			continue;
		ids[count] = rows_int(rows, i, DERIVED_ID);
		texts[count++] = text;
	}
	derived->done->changed += count;
	if (count == 0)
		return;
	sql = sql_new(arena);
	sql_addf(sql, "UPDATE %s t SET %s%s = n.key FROM unnest(", entity_table(entity->def),
	    field->name, entity->columns[key]);
	sql_ints(sql, ids, count);
	sql_add(sql, ", ");
	sql_texts(sql, texts, count);
	sql_add(sql, ", ");
	sql_texts(sql, keys, count);
	sql_addf(sql, ") n (id, text, key) WHERE t.id = n.id AND t.%s = n.text", field->name);
	sql_named(sql);
	store_queue(derived->store, sql, NULL);
}

const char *
derived_tokens(struct arena *arena, const char *doc)
{
	struct token_set set = { 0 };
	struct buf out = BUF_INIT;

	while (*doc != '\0') {
		size_t length = strcspn(doc, "\n");
		const char *tab = memchr(doc, '\t', length);

		if (tab != NULL)
			token_index(arena, &set, doc[0],
			    arena_strndup(arena, tab + 1, length - (size_t)(tab + 1 - doc)));
		doc += length + (doc[length] == '\n');
	}
	token_set_sort(&set);
	for (size_t i = 0; i < set.count; i++)
		buf_printf(&out, i == 0 ? "%s" : " %s", set.tokens[i]);
	const char *text = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

/* Which of them are not as the rules make them is the database's to say: it has the stored
 * ones. */
static void
derived_put_searches(struct derived *derived, const struct entity *def, const struct rows *rows,
    struct rows **updated, struct rows **inserted)
{
	struct arena *arena = derived->arena;
	int64_t *ids = ARENA_ARRAY(arena, int64_t, rows->count);
	const char **docs = ARENA_ARRAY(arena, const char *, rows->count);
	const char **was = ARENA_ARRAY(arena, const char *, rows->count);
	const char **tokens = ARENA_ARRAY(arena, const char *, rows->count);
	const char *table = entity_table(def),
		   *vector = "array_to_tsvector(string_to_array(n.tokens, ' '))";
	struct sql *sql = sql_new(arena), *add = sql_new(arena);

	for (size_t i = 0; i < rows->count; i++) {
		ids[i] = rows_int(rows, i, DERIVED_ID);
		docs[i] = rows_text(rows, i, DERIVED_TEXTS);
		was[i] = rows_text(rows, i, DERIVED_WAS);
		tokens[i] = derived_tokens(arena, docs[i]);
	}
	sql_addf(
	    sql, "UPDATE %s_search s SET doc = n.doc, tokens = %s FROM unnest(", table, vector);
	sql_addf(add,
	    "INSERT INTO %s_search (id, owner_id, department_id, branch_id, pool_id, doc, "
	    "tokens) "
	    "SELECT t.id, t.owner_id, t.department_id, t.branch_id, %s, n.doc, %s FROM unnest(",
	    table, def->pooled ? "t.pool_id" : "NULL", vector);
	for (int i = 0; i < 2; i++) {
		struct sql *to = i == 0 ? sql : add;

		sql_ints(to, ids, rows->count);
		sql_add(to, ", ");
		sql_texts(to, docs, rows->count);
		sql_add(to, ", ");
		sql_texts(to, was, rows->count);
		sql_add(to, ", ");
		sql_texts(to, tokens, rows->count);
		sql_add(to, ") n (id, doc, was, tokens)");
		sql_named(to);
	}
	sql_addf(sql,
	    " WHERE s.id = n.id AND s.doc = n.was AND (s.doc <> n.doc OR s.tokens <> %s)",
	    vector);
	sql_addf(add,
	    " JOIN %s t ON t.id = n.id WHERE n.was IS NULL ON CONFLICT (id) DO NOTHING", table);
	store_queue(derived->store, sql, updated);
	store_queue(derived->store, add, inserted);
}

/* ---- the place --------------------------------------------------------------------------- */

/* "RULES ENTITY ID"; of other rules, or of an entity that is no more: from the beginning. */
static struct derived_place
derived_place_read(const struct derived *derived, const char *text)
{
	size_t bytes = strlen(derived->rules);
	struct derived_place place = { 0 };
	unsigned long entity;
	char *end;

	if (strncmp(text, derived->rules, bytes) != 0 || text[bytes] != ' ')
		return place;
	entity = strtoul(text + bytes, &end, 10);
	for (size_t i = 0; i < catalog_count(derived->catalog); i++)
		if (catalog_at(derived->catalog, i)->def->number == entity)
			return (
			    struct derived_place){ .index = i, .at = strtoll(end, NULL, 10) };
	return place;
}

static void
derived_put_place(struct derived *derived, const struct derived_place *place)
{
	struct sql *sql = sql_new(derived->arena);

	sql_add(sql, "UPDATE settings SET value = ");
	sql_text(sql, arena_printf(derived->arena, "%s %" PRIu32 " %" PRId64, derived->rules,
			  catalog_at(derived->catalog, place->index)->def->number, place->at));
	sql_add(sql, " WHERE name = 'derived.at'");
	sql_named(sql);
	store_queue(derived->store, sql, NULL);
}

/* Names of persons are in the servers' snapshots with their keys: those are made anew. */
static void
derived_put_end(struct derived *derived)
{
	struct sql *sql = sql_new(derived->arena), *place = sql_new(derived->arena),
		   *epoch = sql_new(derived->arena);

	sql_add(sql, "INSERT INTO settings (name, value) VALUES ('derived.rules', ");
	sql_text(sql, derived->rules);
	sql_add(sql, ") ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value");
	store_queue(derived->store, sql, NULL);
	sql_add(place, "DELETE FROM settings WHERE name = 'derived.at'");
	store_queue(derived->store, place, NULL);
	if (derived->done->changed > 0) {
		sql_add(epoch, "UPDATE state SET access_epoch = access_epoch + 1");
		store_queue(derived->store, epoch, NULL);
	}
	derived->done->ended = true;
}

static enum err
derived_lock_place(struct derived *derived, struct derived_place *place)
{
	struct sql *add = sql_new(derived->arena), *sql = sql_new(derived->arena);
	struct rows *rows;
	enum err err;

	sql_add(add, "INSERT INTO settings (name, value) VALUES ('derived.at', '') ON CONFLICT "
		     "DO NOTHING");
	sql_named(add);
	store_queue(derived->store, add, NULL);
	sql_add(sql, "SELECT value FROM settings WHERE name = 'derived.at' FOR UPDATE");
	sql_named(sql);
	err = store_run(derived->store, derived->arena, sql, &rows);
	if (err == ERR_OK)
		*place =
		    derived_place_read(derived, rows->count > 0 ? rows_text(rows, 0, 0) : "");
	return err;
}

/* The next rows of the entity at place; place moves on, to the next entity behind the last. */
static enum err
derived_rows(struct derived *derived, struct derived_place *place)
{
	const struct entity_view *view = catalog_at(derived->catalog, place->index);
	struct derived_entity entity = derived_entity(view);
	struct rows *rows, *updated = NULL, *inserted = NULL;
	enum err err = ERR_OK;

	if (entity.key_count == 0 && !view->def->searched) {
		*place = (struct derived_place){ .index = place->index + 1 };
		return ERR_OK;
	}
	err = derived_read(derived, view, &entity, place->at, &rows);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < entity.key_count; i++)
		derived_put_keys(derived, &entity, i, rows);
	if (view->def->searched && rows->count > 0)
		derived_put_searches(derived, view->def, rows, &updated, &inserted);
	derived->done->rows += rows->count;
	if (rows->count == DERIVED_CHUNK)
		place->at = rows_int(rows, rows->count - 1, DERIVED_ID);
	else
		*place = (struct derived_place){ .index = place->index + 1 };
	err = store_flush(derived->store, derived->arena);
	if (err == ERR_OK && updated != NULL)
		derived->done->changed += updated->affected + inserted->affected;
	return err;
}

static enum err
derived_chunk(struct derived *derived)
{
	size_t entities = catalog_count(derived->catalog);
	struct derived_place place;
	uint64_t from = derived->done->rows;
	enum err err;

	store_begin(derived->store);
	err = derived_lock_place(derived, &place);
	while (err == ERR_OK && place.index < entities &&
	       derived->done->rows - from < DERIVED_CHUNK)
		err = derived_rows(derived, &place);
	if (err == ERR_OK && place.index < entities)
		derived_put_place(derived, &place);
	else if (err == ERR_OK)
		derived_put_end(derived);
	if (err == ERR_OK)
		err = store_commit(derived->store, derived->arena);
	if (err != ERR_OK)
		store_rollback(derived->store);
	return err;
}

/* A row that is being saved is waited for, but not for long: then the chunk is tried again. */
static enum err
derived_try_chunk(struct derived *derived)
{
	struct derived_done before = *derived->done;
	enum err err = ERR_OK;

	for (int try = 1; try <= DERIVED_LOCK_TRIES; try++) {
		*derived->done = before;
		arena_reset(derived->arena);
		err = derived_chunk(derived);
		if (err == ERR_OK || (strcmp(store_state(derived->store), "55P03") != 0 &&
					 !store_retryable(derived->store)))
			break;
	}
	return err;
}

enum err
derived_make(struct store *store, const struct catalog *catalog, size_t chunks_max,
    struct derived_done *done)
{
	struct arena *arena = arena_new(0);
	struct derived derived = { .store = store,
		.arena = arena_new(0),
		.catalog = catalog,
		.rules = derived_rules(arena, catalog),
		.done = done };
	enum err err;

	*done = (struct derived_done){ 0 };
	err = derived_check(store, catalog, arena, &done->due);
	done->ended = err == ERR_OK && !done->due;
	for (size_t chunk = 0;
	     err == ERR_OK && !done->ended && (chunks_max == 0 || chunk < chunks_max); chunk++)
		err = derived_try_chunk(&derived);
	arena_free(derived.arena);
	arena_free(arena);
	return err;
}
