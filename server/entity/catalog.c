/*
 * The catalogue: shipped entities from the .def files, custom fields joined on, look-ups.
 * Names in queries are folded, so that 级别, "Level" and "lv" all find the field.
 */
#include "server/entity/entity.h"

#include "common/text.h"
#include "server/entity/dictionary.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MAKE_ENTITY "server/entity/make_table.h"
#include "server/entity_enum.h"
#undef MAKE_ENTITY

const struct entity *const entity_shipped[] = {
#include "server/entity_list.inc"
	NULL
};

struct catalog {
	atomic_int references;
	uint32_t version;
	struct arena *arena;
	struct entity_view *views;
	size_t count;
	const struct dictionary *dictionaries;
	size_t dictionary_count;
	const struct report_info *const *reports;
};

static size_t
catalog_field_count(const struct field *fields)
{
	size_t count = 0;

	while (fields[count].number != 0)
		count++;
	return count;
}

struct catalog *
catalog_new(uint32_t version)
{
	struct arena *arena = arena_new(0);
	struct catalog *catalog = ARENA_NEW(arena, struct catalog);

	catalog->arena = arena;
	catalog->version = version;
	atomic_init(&catalog->references, 1);
	while (entity_shipped[catalog->count] != NULL)
		catalog->count++;
	catalog->views = ARENA_ARRAY(arena, struct entity_view, catalog->count);
	for (size_t i = 0; i < catalog->count; i++) {
		const struct entity *def = entity_shipped[i];
		struct entity_view *view = &catalog->views[i];
		size_t count = catalog_field_count(def->fields);
		const struct field **fields = ARENA_ARRAY(arena, const struct field *, count);

		for (size_t f = 0; f < count; f++)
			fields[f] = &def->fields[f];
		*view = (struct entity_view){ .def = def, .fields = fields, .field_count = count };
	}
	return catalog;
}

enum err
catalog_add_field(struct catalog *catalog, uint32_t number, const struct field *field)
{
	struct entity_view *view = NULL;
	const struct field **fields;
	struct field *copy;

	for (size_t i = 0; i < catalog->count; i++)
		if (catalog->views[i].def->number == number)
			view = &catalog->views[i];
	if (view == NULL || field->number < 10000 || entity_field(view, field->number) != NULL ||
	    entity_field_named(view, field->name) != NULL ||
	    entity_field_named(view, field->code) != NULL)
		return ERR_INVALID;
	copy = ARENA_NEW(catalog->arena, struct field);
	*copy = *field;
	copy->name = arena_strdup(catalog->arena, field->name);
	copy->zh = arena_strdup(catalog->arena, field->zh);
	copy->en = arena_strdup(catalog->arena, field->en);
	copy->code = arena_strdup(catalog->arena, field->code);
	copy->dict = arena_strdup(catalog->arena, field->dict);
	copy->ref = arena_strdup(catalog->arena, field->ref);
	copy->aliases = arena_strdup(catalog->arena, field->aliases);
	copy->help_zh = arena_strdup(catalog->arena, field->help_zh);
	copy->help_en = arena_strdup(catalog->arena, field->help_en);
	copy->initial = arena_strdup(catalog->arena, field->initial);
	copy->least = arena_strdup(catalog->arena, field->least);
	copy->most = arena_strdup(catalog->arena, field->most);
	copy->section_zh = arena_strdup(catalog->arena, field->section_zh);
	copy->section_en = arena_strdup(catalog->arena, field->section_en);
	copy->flags |= FIELD_CUSTOM;
	fields = ARENA_ARRAY(catalog->arena, const struct field *, view->field_count + 1);
	memcpy(fields, view->fields, view->field_count * sizeof(*fields));
	fields[view->field_count] = copy;
	view->fields = fields;
	view->field_count++;
	return ERR_OK;
}

const struct catalog *
catalog_ref(const struct catalog *catalog)
{
	/* The count is the one thing that changes in a published catalogue. */
	atomic_fetch_add(&((struct catalog *)(uintptr_t)catalog)->references, 1);
	return catalog;
}

void
catalog_unref(const struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	if (atomic_fetch_sub(&((struct catalog *)(uintptr_t)catalog)->references, 1) == 1)
		arena_free(catalog->arena);
}

uint32_t
catalog_version(const struct catalog *catalog)
{
	return catalog->version;
}

void
catalog_set_reports(struct catalog *catalog, const struct report_info *const *list)
{
	catalog->reports = list;
}

const struct report_info *const *
catalog_reports(const struct catalog *catalog)
{
	static const struct report_info *const none[] = { NULL };

	return catalog->reports != NULL ? catalog->reports : none;
}

size_t
catalog_count(const struct catalog *catalog)
{
	return catalog->count;
}

const struct entity_view *
catalog_at(const struct catalog *catalog, size_t index)
{
	return &catalog->views[index];
}

const struct entity_view *
catalog_entity(const struct catalog *catalog, uint32_t number)
{
	for (size_t i = 0; i < catalog->count; i++)
		if (catalog->views[i].def->number == number)
			return &catalog->views[i];
	return NULL;
}

const struct entity_view *
catalog_entity_named(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; name != NULL && i < catalog->count; i++)
		if (catalog->views[i].def->name[0] == name[0] &&
		    strcmp(catalog->views[i].def->name, name) == 0)
			return &catalog->views[i];
	return NULL;
}

const char *
field_word(const struct field *field)
{
	return field->code != NULL ? field->code : field->name;
}

const char *
entity_table(const struct entity *entity)
{
	return entity->table != NULL ? entity->table : entity->name;
}

const char *
entity_company_column(const struct entity *entity)
{
	if (entity->kind != ENTITY_ACTIVITY)
		return NULL;
	if (strcmp(entity->name, "customer") == 0)
		return "id";
	for (const struct field *field = entity->fields; field->number != 0; field++)
		if (field->type == TYPE_REF && strcmp(field->name, "customer_id") == 0)
			return field->name;
	return NULL;
}

const struct entity_view *
entity_whole(const struct entity_view *entity)
{
	return entity->whole != NULL ? entity->whole : entity;
}

const struct field *
entity_field(const struct entity_view *entity, uint32_t number)
{
	for (size_t i = 0; number != 0 && i < entity->field_count; i++)
		if (entity->fields[i]->number == number)
			return entity->fields[i];
	return NULL;
}

const struct field *
entity_field_named(const struct entity_view *entity, const char *name)
{
	for (size_t i = 0; name != NULL && i < entity->field_count; i++)
		if (strcmp(entity->fields[i]->name, name) == 0 ||
		    (entity->fields[i]->code != NULL && strcmp(entity->fields[i]->code, name) == 0))
			return entity->fields[i];
	return NULL;
}

const struct field *
entity_label(const struct entity_view *entity)
{
	const char *name = entity->def->label_field;

	return entity_field_named(entity, name != NULL ? name : "name");
}

const struct field *
entity_field_called(const struct entity_view *entity, const char *word)
{
	struct arena *arena = arena_new(0);
	const char *folded = text_fold(arena, word);
	const struct field *found = entity_field_named(entity, folded);

	for (size_t i = 0; found == NULL && i < entity->field_count; i++) {
		const struct field *field = entity->fields[i];

		if (strcmp(text_fold(arena, field->zh), folded) == 0 ||
		    strcmp(text_fold(arena, field->en), folded) == 0 ||
		    (field->aliases != NULL && text_has_word(text_fold(arena, field->aliases), folded)))
			found = field;
	}
	arena_free(arena);
	return found;
}

size_t
catalog_lines(const struct catalog *catalog, const struct entity *parent,
    const struct entity_view **lines, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < catalog->count && count < max; i++) {
		const struct entity *def = catalog->views[i].def;

		if (def->kind == ENTITY_LINE && strcmp(def->parent, parent->name) == 0)
			lines[count++] = &catalog->views[i];
	}
	return count;
}

const char *
entity_parent_column(struct arena *arena, const struct entity *line)
{
	return arena_printf(arena, "%s_id", line->parent);
}

struct arena *
catalog_arena(struct catalog *catalog)
{
	return catalog->arena;
}

void
catalog_set_dictionaries(struct catalog *catalog, const struct dictionary *list, size_t count)
{
	catalog->dictionaries = list;
	catalog->dictionary_count = count;
}

size_t
catalog_dictionary_count(const struct catalog *catalog)
{
	return catalog->dictionary_count;
}

const struct dictionary *
catalog_dictionary_at(const struct catalog *catalog, size_t index)
{
	return &catalog->dictionaries[index];
}

const struct dictionary *
catalog_dictionary(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; name != NULL && i < catalog->dictionary_count; i++)
		if (strcmp(catalog->dictionaries[i].name, name) == 0)
			return &catalog->dictionaries[i];
	return NULL;
}
