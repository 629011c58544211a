/* See version.h. */
#include "client/link/version.h"

#include <string.h>

void
version_ask(struct arena *arena, const struct version_asked *asked, Kehu__ClientFrame *frame)
{
	Kehu__Version *version = ARENA_NEW(arena, Kehu__Version);

	kehu__version__init(version);
	version->has_entity = version->has_id = true;
	version->entity = asked->entity;
	version->id = asked->id;
	version->has_version = asked->version != 0;
	version->version = asked->version;
	version->has_change = asked->version == 0 && asked->change.len > 0;
	if (version->has_change) {
		version->change.len = asked->change.len;
		version->change.data = arena_memdup(arena, asked->change.data, asked->change.len);
	}
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_VERSION;
	frame->version = version;
}

const Kehu__Record *
version_line(const Kehu__Record *record, uint32_t entity, int64_t id)
{
	for (size_t i = 0; i < record->n_lines; i++)
		if (record->lines[i]->entity == entity && record->lines[i]->id == id)
			return record->lines[i];
	return NULL;
}

bool
version_same(const Kehu__Field *field, const Kehu__Value *a, const Kehu__Value *b)
{
	bool text = field->type != CAT_REF, number;

	if (a == NULL || b == NULL || cat_value_empty(a) || cat_value_empty(b))
		return (a == NULL || cat_value_empty(a)) == (b == NULL || cat_value_empty(b));
	number = a->has_number == b->has_number && (!a->has_number || a->number == b->number);
	return number && (!text || strcmp(a->text != NULL ? a->text : "", b->text != NULL ? b->text : "") == 0);
}

bool
version_puts_back(const Kehu__Field *field)
{
	return (field->flags & (CAT_READONLY | CAT_MASKED | CAT_FIGURE)) == 0;
}

static bool
version_is_wanted(const Kehu__Field *field, const uint32_t *fields, size_t count)
{
	if (!version_puts_back(field))
		return false;
	for (size_t i = 0; i < count; i++)
		if (fields[i] == field->number)
			return true;
	return count == 0 && strcmp(field->name, "owner_id") != 0;
}

/* The values of then where now has others; an empty one empties. */
static void
version_add_values(struct arena *arena, const Kehu__Entity *entity, const Kehu__Record *now,
    const Kehu__Record *then, const uint32_t *fields, size_t count, Kehu__Record *back)
{
	back->values = ARENA_ARRAY(arena, Kehu__Value *, entity->n_fields + 1);
	for (size_t i = 0; i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		const Kehu__Value *wanted = cat_value(then, field->number);
		const Kehu__Value *there = now != NULL ? cat_value(now, field->number) : NULL;
		Kehu__Value *value;

		if (!version_is_wanted(field, fields, count) || version_same(field, wanted, there) ||
		    (wanted != NULL && wanted->masked))
			continue;
		value = ARENA_NEW(arena, Kehu__Value);
		if (wanted != NULL)
			*value = *wanted;
		else
			kehu__value__init(value);
		value->has_field = true;
		value->field = field->number;
		back->values[back->n_values++] = value;
	}
}

static Kehu__Record *
version_new_line(struct arena *arena, const Kehu__Record *of, Kehu__Record *back)
{
	Kehu__Record *line = ARENA_NEW(arena, Kehu__Record);

	kehu__record__init(line);
	line->has_entity = line->has_id = true;
	line->entity = of->entity;
	line->id = of->id;
	back->lines[back->n_lines++] = line;
	return line;
}

/* Lines that have gone since come back as new ones, those added since go. */
static void
version_add_lines(struct arena *arena, const struct cat *cat, const Kehu__Record *now,
    const Kehu__Record *then, Kehu__Record *back)
{
	back->lines = ARENA_ARRAY(arena, Kehu__Record *, now->n_lines + then->n_lines + 1);
	for (size_t i = 0; i < then->n_lines; i++) {
		const Kehu__Record *old = then->lines[i];
		const Kehu__Record *there = version_line(now, old->entity, old->id);
		const Kehu__Entity *entity = cat_entity(cat, old->entity);
		Kehu__Record *line;

		if (entity == NULL)
			continue;
		line = version_new_line(arena, old, back);
		version_add_values(arena, entity, there, old, NULL, 0, line);
		if (there == NULL)
			line->id = -1 - (int64_t)i;
		else if (line->n_values == 0)
			back->n_lines--;
	}
	for (size_t i = 0; i < now->n_lines; i++)
		if (version_line(then, now->lines[i]->entity, now->lines[i]->id) == NULL &&
		    cat_entity(cat, now->lines[i]->entity) != NULL) {
			Kehu__Record *line = version_new_line(arena, now->lines[i], back);

			line->has_remove = line->remove = true;
		}
}

Kehu__Record *
version_back(struct arena *arena, const struct cat *cat, const Kehu__Record *now,
    const Kehu__Record *then, const uint32_t *fields, size_t count)
{
	const Kehu__Entity *entity = cat_entity(cat, now->entity);
	Kehu__Record *back = ARENA_NEW(arena, Kehu__Record);

	if (entity == NULL)
		return NULL;
	kehu__record__init(back);
	back->has_entity = back->has_id = back->has_version = true;
	back->entity = now->entity;
	back->id = now->id;
	back->version = now->version;
	version_add_values(arena, entity, now, then, fields, count, back);
	if (count == 0)
		version_add_lines(arena, cat, now, then, back);
	return back->n_values + back->n_lines > 0 ? back : NULL;
}
