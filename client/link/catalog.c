/*
 * Finding things in the catalogue as the server sent it. Words are compared folded (case,
 * width, compatibility forms); a catalogue has some hundreds of names, so they are looked at
 * one by one.
 */
#include "client/link/catalog.h"

#include "client/link/place.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/frame.h"
#include <stdlib.h>
#include <string.h>

#define CAT_WORD_CHARS     48 /* longer words are near nothing */
#define CAT_FILE_MAX_BYTES ((size_t)16 * 1024 * 1024)

struct cat {
	struct arena *arena;
	Kehu__CatalogAnswer *answer;
};

/* ---- life ---- */

static struct cat *
cat_unpack(const uint8_t *data, size_t bytes)
{
	struct cat *cat = mem_zalloc(1, sizeof(*cat));
	ProtobufCAllocator allocator;

	cat->arena = arena_new(0);
	allocator = frame_allocator(cat->arena);
	cat->answer = kehu__catalog_answer__unpack(&allocator, bytes, data);
	if (cat->answer == NULL) {
		cat_free(cat);
		return NULL;
	}
	return cat;
}

struct cat *
cat_new(const Kehu__CatalogAnswer *answer)
{
	size_t bytes = kehu__catalog_answer__get_packed_size(answer);
	uint8_t *packed = mem_alloc(bytes + 1);

	kehu__catalog_answer__pack(answer, packed);
	struct cat *cat = cat_unpack(packed, bytes);
	if (cat == NULL)
		fatal("a catalogue that was unpacked cannot be unpacked again");
	free(packed);
	return cat;
}

void
cat_free(struct cat *cat)
{
	if (cat == NULL)
		return;
	arena_free(cat->arena);
	free(cat);
}

uint32_t
cat_version(const struct cat *cat)
{
	return cat->answer->version;
}

const uint8_t *
cat_hash(const struct cat *cat, size_t *bytes)
{
	*bytes = cat->answer->hash.len;
	return cat->answer->hash.data;
}

/* ---- words ---- */

/* NULL texts from the wire count as empty. */
static const char *
cat_text(const char *text)
{
	return text != NULL ? text : "";
}

struct cat_word {
	struct arena *arena;
	const char *text; /* folded */
};

static bool
cat_word_open(struct cat_word *word, const char *text)
{
	*word = (struct cat_word){ 0 };
	if (text == NULL || text[0] == '\0')
		return false;
	word->arena = arena_new(0);
	word->text = text_fold(word->arena, text);
	return true;
}

static void
cat_word_close(struct cat_word *word)
{
	if (word->arena != NULL)
		arena_free(word->arena);
}

static bool
cat_word_is(const struct cat_word *word, const char *name)
{
	struct arena_mark mark;

	if (name == NULL || name[0] == '\0')
		return false;
	mark = arena_mark(word->arena);
	bool same = strcmp(text_fold(word->arena, name), word->text) == 0;
	arena_rewind(word->arena, mark);
	return same;
}

/* One of the names in a list separated by spaces. */
static bool
cat_word_among(const struct cat_word *word, const char *names)
{
	struct arena_mark mark;
	bool found = false;
	char *rest, *name;

	if (names == NULL)
		return false;
	mark = arena_mark(word->arena);
	rest = arena_strdup(word->arena, names);
	while (!found && (name = strsep(&rest, " ")) != NULL)
		found = cat_word_is(word, name);
	arena_rewind(word->arena, mark);
	return found;
}

/* ---- entities ---- */

size_t
cat_count(const struct cat *cat)
{
	return cat->answer->n_entities;
}

const Kehu__Entity *
cat_at(const struct cat *cat, size_t index)
{
	return index < cat->answer->n_entities ? cat->answer->entities[index] : NULL;
}

const Kehu__Entity *
cat_entity(const struct cat *cat, uint32_t number)
{
	for (size_t i = 0; i < cat->answer->n_entities; i++)
		if (cat->answer->entities[i]->number == number)
			return cat->answer->entities[i];
	return NULL;
}

static bool
cat_entity_is(const Kehu__Entity *entity, const struct cat_word *word)
{
	return cat_word_is(word, entity->name) || cat_word_is(word, entity->label) ||
	       cat_word_among(word, entity->alias);
}

const Kehu__Entity *
cat_entity_called(const struct cat *cat, const char *text)
{
	const Kehu__Entity *found = NULL;
	struct cat_word word;

	if (!cat_word_open(&word, text))
		return NULL;
	for (size_t i = 0; i < cat->answer->n_entities && found == NULL; i++)
		if (cat_entity_is(cat->answer->entities[i], &word))
			found = cat->answer->entities[i];
	cat_word_close(&word);
	return found;
}

size_t
cat_lines(
    const struct cat *cat, const Kehu__Entity *parent, const Kehu__Entity **lines, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < cat->answer->n_entities && count < max; i++) {
		const Kehu__Entity *entity = cat->answer->entities[i];

		if (entity->kind == CAT_LINE && entity->parent == parent->number)
			lines[count++] = entity;
	}
	return count;
}

/* "phone", "phones" of customer_phone under customer; its own names too. */
static bool
cat_line_is(const Kehu__Entity *parent, const Kehu__Entity *line, const struct cat_word *word)
{
	size_t prefix_bytes = strlen(cat_text(parent->name));
	const char *name = cat_text(line->name);

	if (cat_entity_is(line, word))
		return true;
	if (strncmp(name, cat_text(parent->name), prefix_bytes) != 0 ||
	    name[prefix_bytes] != '_')
		return false;
	name += prefix_bytes + 1;
	return cat_word_is(word, name) ||
	       cat_word_is(word, arena_printf(word->arena, "%ss", name)) ||
	       cat_word_is(word, arena_printf(word->arena, "%ses", name));
}

const Kehu__Entity *
cat_line_called(const struct cat *cat, const Kehu__Entity *parent, const char *text)
{
	const Kehu__Entity *lines[64], *found = NULL;
	size_t count = cat_lines(cat, parent, lines, sizeof(lines) / sizeof(lines[0]));
	struct cat_word word;

	if (!cat_word_open(&word, text))
		return NULL;
	for (size_t i = 0; i < count && found == NULL; i++)
		if (cat_line_is(parent, lines[i], &word))
			found = lines[i];
	cat_word_close(&word);
	return found;
}

/* ---- fields and actions ---- */

const Kehu__Field *
cat_field(const Kehu__Entity *entity, uint32_t number)
{
	for (size_t i = 0; i < entity->n_fields; i++)
		if (entity->fields[i]->number == number)
			return entity->fields[i];
	return NULL;
}

static bool
cat_field_is(const Kehu__Field *field, const struct cat_word *word)
{
	if (cat_word_is(word, field->name) || cat_word_is(word, field->label))
		return true;
	for (size_t i = 0; i < field->n_aliases; i++)
		if (cat_word_among(word, field->aliases[i]))
			return true;
	return false;
}

const Kehu__Field *
cat_field_among(Kehu__Field *const *fields, size_t count, const char *text)
{
	const Kehu__Field *found = NULL;
	struct cat_word word;

	if (!cat_word_open(&word, text))
		return NULL;
	for (size_t i = 0; i < count && found == NULL; i++) /* a name before any label */
		if (cat_word_is(&word, fields[i]->name))
			found = fields[i];
	for (size_t i = 0; i < count && found == NULL; i++)
		if (cat_field_is(fields[i], &word))
			found = fields[i];
	for (size_t i = 0; i < count && found == NULL; i++)
		if (cat_word_is(&word, fields[i]->other_label))
			found = fields[i];
	cat_word_close(&word);
	return found;
}

const Kehu__Field *
cat_field_called(const Kehu__Entity *entity, const char *word)
{
	return cat_field_among(entity->fields, entity->n_fields, word);
}

const Kehu__Action *
cat_action_called(const Kehu__Entity *entity, const char *text)
{
	const Kehu__Action *found = NULL;
	struct cat_word word;

	if (!cat_word_open(&word, text))
		return NULL;
	for (size_t i = 0; i < entity->n_actions && found == NULL; i++)
		if (cat_word_is(&word, entity->actions[i]->name) ||
		    cat_word_is(&word, entity->actions[i]->label))
			found = entity->actions[i];
	cat_word_close(&word);
	return found;
}

size_t
cat_columns(const Kehu__Entity *entity, uint32_t *columns, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < entity->n_fields && count < max; i++)
		if (entity->fields[i]->flags & CAT_COLUMN)
			columns[count++] = entity->fields[i]->number;
	return count;
}

/* ---- the nearest name ---- */

static size_t
cat_codes(const char *text, uint32_t *codes, size_t max)
{
	size_t count = 0, bytes = strlen(text);

	while (bytes > 0 && count < max) {
		size_t step = text_decode(text, bytes, &codes[count]);

		if (step == 0)
			return max;
		count++;
		text += step;
		bytes -= step;
	}
	return count;
}

/* Letters left out, added, changed or swapped between two words (optimal string alignment). */
static size_t
cat_distance(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
	size_t rows[3][CAT_WORD_CHARS + 1], *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_count; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= a_count; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_count; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		size_t *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_count];
}

struct cat_near {
	const struct cat_word *word;
	uint32_t codes[CAT_WORD_CHARS];
	size_t count, best;
	const char *name; /* what to suggest */
};

static void
cat_near_open(struct cat_near *near, const struct cat_word *word)
{
	*near = (struct cat_near){ .word = word };
	near->count = cat_codes(word->text, near->codes, CAT_WORD_CHARS);
	/* A third of the letters may be wrong, at least one: "cutsomer", "nmae". */
	near->best = near->count < CAT_WORD_CHARS ? near->count / 3 + 2 : 0;
	if (near->best > 4)
		near->best = 4;
}

static void
cat_near_try(struct cat_near *near, const char *text, const char *name)
{
	uint32_t codes[CAT_WORD_CHARS];
	struct arena_mark mark = arena_mark(near->word->arena);

	if (near->best == 0 || text == NULL)
		return;
	size_t count = cat_codes(text_fold(near->word->arena, text), codes, CAT_WORD_CHARS);
	arena_rewind(near->word->arena, mark);
	if (count == CAT_WORD_CHARS)
		return;
	size_t distance = cat_distance(near->codes, near->count, codes, count);
	if (distance >= near->best || distance >= count)
		return;
	near->best = distance;
	near->name = name;
}

const char *
cat_entity_nearest(const struct cat *cat, const char *text)
{
	struct cat_word word;
	struct cat_near near = { 0 };

	if (!cat_word_open(&word, text))
		return NULL;
	cat_near_open(&near, &word);
	for (size_t i = 0; i < cat->answer->n_entities; i++) {
		const Kehu__Entity *entity = cat->answer->entities[i];

		cat_near_try(&near, entity->name, entity->name);
		cat_near_try(&near, entity->label, entity->label);
	}
	cat_word_close(&word);
	return near.name;
}

static void
cat_near_field(struct cat_near *near, const Kehu__Field *field)
{
	cat_near_try(near, field->name, field->name);
	cat_near_try(near, field->label, field->label);
	for (size_t i = 0; i < field->n_aliases; i++)
		cat_near_try(near, field->aliases[i], field->aliases[i]);
}

const char *
cat_field_nearest_among(Kehu__Field *const *fields, size_t count, const char *text)
{
	struct cat_word word;
	struct cat_near near = { 0 };

	if (!cat_word_open(&word, text))
		return NULL;
	cat_near_open(&near, &word);
	for (size_t i = 0; i < count; i++)
		cat_near_field(&near, fields[i]);
	cat_word_close(&word);
	return near.name;
}

const char *
cat_field_nearest(const Kehu__Entity *entity, const char *word)
{
	return cat_field_nearest_among(entity->fields, entity->n_fields, word);
}

const char *
cat_action_nearest(const Kehu__Entity *entity, const char *text)
{
	struct cat_word word;
	struct cat_near near = { 0 };

	if (!cat_word_open(&word, text))
		return NULL;
	cat_near_open(&near, &word);
	for (size_t i = 0; i < entity->n_actions; i++) {
		cat_near_try(&near, entity->actions[i]->name, entity->actions[i]->name);
		cat_near_try(&near, entity->actions[i]->label, entity->actions[i]->label);
	}
	cat_word_close(&word);
	return near.name;
}

/* ---- dictionaries and reports ---- */

const Kehu__Dictionary *
cat_dictionary(const struct cat *cat, const char *name)
{
	if (name == NULL)
		return NULL;
	for (size_t i = 0; i < cat->answer->n_dictionaries; i++)
		if (strcmp(cat_text(cat->answer->dictionaries[i]->name), name) == 0)
			return cat->answer->dictionaries[i];
	return NULL;
}

const Kehu__DictionaryItem *
cat_item(const Kehu__Dictionary *dictionary, const char *code)
{
	if (dictionary == NULL || code == NULL)
		return NULL;
	for (size_t i = 0; i < dictionary->n_items; i++)
		if (strcmp(cat_text(dictionary->items[i]->code), code) == 0)
			return dictionary->items[i];
	return NULL;
}

const Kehu__DictionaryItem *
cat_item_called(const Kehu__Dictionary *dictionary, const char *text)
{
	const Kehu__DictionaryItem *named = NULL, *initials = NULL;
	size_t initials_count = 0;
	struct cat_word word;

	if (dictionary == NULL || !cat_word_open(&word, text))
		return NULL;
	for (size_t i = 0; i < dictionary->n_items && named == NULL; i++) {
		const Kehu__DictionaryItem *item = dictionary->items[i];

		if (cat_word_is(&word, item->code) || cat_word_is(&word, item->label))
			named = item;
		if (!item->retired && cat_word_is(&word, item->pinyin)) {
			initials = item;
			initials_count++;
		}
	}
	cat_word_close(&word);
	return named != NULL ? named : initials_count == 1 ? initials : NULL;
}

bool
cat_audits(const struct cat *cat)
{
	return cat->answer->audits;
}

size_t
cat_report_count(const struct cat *cat)
{
	return cat->answer->n_reports;
}

const Kehu__ReportInfo *
cat_report_at(const struct cat *cat, size_t index)
{
	return index < cat->answer->n_reports ? cat->answer->reports[index] : NULL;
}

const Kehu__ReportInfo *
cat_report(const struct cat *cat, const char *text)
{
	const Kehu__ReportInfo *found = NULL;
	struct cat_word word;

	if (!cat_word_open(&word, text))
		return NULL;
	for (size_t i = 0; i < cat->answer->n_reports && found == NULL; i++)
		if (cat_word_is(&word, cat->answer->reports[i]->name) ||
		    cat_word_is(&word, cat->answer->reports[i]->label))
			found = cat->answer->reports[i];
	cat_word_close(&word);
	return found;
}

uint32_t
cat_report_main(const struct cat *cat, const Kehu__Report *report)
{
	const Kehu__ReportInfo *info = cat_report(cat, report->name);
	const Kehu__Entity *entity = NULL;

	if (info == NULL)
		return 0;
	for (size_t i = 0; i < info->n_parameters && strcmp(info->name, "list") == 0; i++)
		for (size_t v = 0; v < report->n_parameters && strcmp(info->parameters[i]->name, "of") == 0; v++)
			if (report->parameters[v]->field == info->parameters[i]->number)
				entity = cat_entity_called(cat, report->parameters[v]->text);
	return entity != NULL ? entity->number : info->main;
}

/* ---- on disk ---- */

static const char *
cat_path(
    struct arena *arena, const char *dir, const char *server, const char *user, enum lang lang)
{
	const char *parts[] = { server, user, lang == LANG_ZH ? "zh" : "en" };

	return arena_printf(arena, "%s/catalog-%s", dir, place_name(arena, parts, 3));
}

struct cat *
cat_load(const char *dir, const char *server, const char *user, enum lang lang,
    const uint8_t *hash, size_t hash_bytes)
{
	struct arena *arena = arena_new(0);
	struct cat *cat = NULL;
	uint8_t *data;
	size_t bytes, have_bytes;

	/* The file is ours, but disks rot: it is unpacked as carefully as a frame. */
	if (place_read(arena, cat_path(arena, dir, server, user, lang), CAT_FILE_MAX_BYTES,
		&data, &bytes) == ERR_OK)
		cat = cat_unpack(data, bytes);
	if (cat != NULL) {
		const uint8_t *have = cat_hash(cat, &have_bytes);

		if (hash_bytes > 0 &&
		    (have_bytes != hash_bytes || memcmp(have, hash, hash_bytes) != 0)) {
			cat_free(cat);
			cat = NULL;
		}
	}
	arena_free(arena);
	return cat;
}

void
cat_store(const struct cat *cat, const char *dir, const char *server, const char *user,
    enum lang lang)
{
	struct arena *arena = arena_new(0);
	size_t bytes = kehu__catalog_answer__get_packed_size(cat->answer);
	uint8_t *packed = arena_alloc(arena, bytes + 1);

	kehu__catalog_answer__pack(cat->answer, packed);
	if (place_make(dir) != ERR_OK ||
	    place_write(cat_path(arena, dir, server, user, lang), packed, bytes) != ERR_OK)
		log_debug("catalogue not kept", "dir=%s", log_value(arena, dir));
	arena_free(arena);
}
