/* Lines of a record being edited: what was read and what was changed. */
#include "client/screens/form_grid.h"
#include "client/screens/form_lines_private.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

struct lines *
lines_new(const Kehu__Entity *entity)
{
	struct lines *lines = mem_zalloc(1, sizeof(*lines));

	lines->entity = entity;
	lines->arena = arena_new(0);
	return lines;
}

void
lines_free(struct lines *lines)
{
	if (lines->grid != NULL)
		grid_free(lines->grid);
	arena_free(lines->arena);
	free(lines->line);
	free(lines);
}

const Kehu__Entity *
lines_entity(const struct lines *lines)
{
	return lines->entity;
}

const char *
lines_label(const struct lines *lines)
{
	return lines->entity->label;
}

void
lines_set_near(struct lines *lines, uint32_t entity, int64_t id)
{
	lines->near_entity = entity;
	lines->near_id = id;
}

static struct line *
lines_add(struct lines *lines, int64_t id)
{
	struct line *line;

	if (lines->count == lines->room) {
		lines->room = lines->room ? lines->room * 2 : 8;
		lines->line = mem_resize(lines->line, lines->room * sizeof(*lines->line));
	}
	line = &lines->line[lines->count++];
	*line = (struct line){ .id = id };
	line->values = ARENA_ARRAY(lines->arena, Kehu__Value *, lines->entity->n_fields + 1);
	line->told = ARENA_ARRAY(lines->arena, bool, lines->entity->n_fields + 1);
	return line;
}

struct line *
lines_add_new(struct lines *lines)
{
	struct line *line = lines_add(lines, --lines->temporary);

	line->changed = true;
	return line;
}

static struct line *
lines_find(const struct lines *lines, int64_t id)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->line[i].id == id)
			return &lines->line[i];
	return NULL;
}

static size_t
lines_position(const struct lines *lines, uint32_t field)
{
	size_t i = 0;

	while (i < lines->entity->n_fields && lines->entity->fields[i]->number != field)
		i++;
	return i;
}

void
lines_set(struct lines *lines, struct line *line, const Kehu__Value *value)
{
	size_t at = lines_position(lines, value->field);
	Kehu__Value *copy;

	if (at == lines->entity->n_fields)
		return;
	copy = arena_memdup(lines->arena, value, sizeof(*value));
	copy->text = arena_strdup(lines->arena, value->text);
	line->values[at] = copy;
}

static void
lines_take(struct lines *lines, struct line *line, const Kehu__Record *record)
{
	for (size_t i = 0; i < record->n_values; i++)
		lines_set(lines, line, record->values[i]);
}

void
lines_load(struct lines *lines, const Kehu__Record *record)
{
	lines->count = 0;
	for (size_t i = 0; i < record->n_lines; i++)
		if (record->lines[i]->entity == lines->entity->number)
			lines_take(
			    lines, lines_add(lines, record->lines[i]->id), record->lines[i]);
	lines_regrid(lines);
}

struct grid *
lines_grid(const struct lines *lines)
{
	return lines->grid;
}

void
lines_regrid(struct lines *lines)
{
	if (lines->grid != NULL)
		grid_reset(lines->grid);
}

void
lines_apply(struct lines *lines, const Kehu__Record *draft)
{
	for (size_t i = 0; i < draft->n_lines; i++) {
		const Kehu__Record *kept = draft->lines[i];
		struct line *line;

		if (kept->entity != lines->entity->number)
			continue;
		line = kept->id > 0 ? lines_find(lines, kept->id) : lines_add_new(lines);
		if (line == NULL)
			continue; /* somebody removed it meanwhile */
		line->changed = true;
		line->removed = kept->remove;
		lines_take(lines, line, kept);
	}
	lines_regrid(lines);
}

bool
lines_dirty(const struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->line[i].changed)
			return true;
	return false;
}

const char *
lines_cell(const struct lines *lines, const struct app *app, struct arena *arena,
    const struct line *line, size_t at)
{
	struct cat_style style = app_style(app);

	return cat_value_text(
	    arena, app_cat(app), lines->entity->fields[at], line->values[at], &style);
}

const char *
lines_text(const struct lines *lines, const struct app *app, struct arena *arena)
{
	struct buf text = BUF_INIT;
	const char *copy;

	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->line[i];
		const char *gap = text.bytes > 0 ? ", " : "";

		for (size_t at = 0; !line->removed && at < lines->entity->n_fields; at++) {
			const char *cell = lines_cell(lines, app, arena, line, at);

			if (*cell == '\0')
				continue;
			buf_printf(&text, "%s%s", gap, cell);
			gap = " ";
		}
	}
	copy = arena_strdup(arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

size_t
lines_count(const struct lines *lines)
{
	return lines->count;
}

/* Everything a person must fill in is there. */
static bool
lines_complete(const struct lines *lines, const struct line *line)
{
	for (size_t at = 0; at < lines->entity->n_fields && !line->removed; at++)
		if ((lines->entity->fields[at]->flags & (CAT_REQUIRED | CAT_READONLY)) ==
			CAT_REQUIRED &&
		    cat_value_empty(line->values[at]))
			return false;
	return true;
}

static void
lines_wire(const struct lines *lines, struct arena *arena, const struct line *line, bool asking,
    Kehu__Record *wire)
{
	kehu__record__init(wire);
	wire->has_entity = wire->has_id = true;
	wire->entity = lines->entity->number;
	wire->id = line->id;
	wire->has_remove = wire->remove = line->removed;
	wire->values = ARENA_ARRAY(arena, Kehu__Value *, lines->entity->n_fields + 1);
	for (size_t at = 0; !line->removed && at < lines->entity->n_fields; at++) {
		const Kehu__Field *field = lines->entity->fields[at];

		/* A masked value is known to the server only. */
		if (line->values[at] != NULL && !line->values[at]->masked &&
		    !(field->flags & CAT_READONLY) && !(asking && line->told[at]))
			wire->values[wire->n_values++] = line->values[at];
	}
}

static size_t
lines_gather(const struct lines *lines, struct arena *arena, bool asking, Kehu__Record **list)
{
	size_t count = 0;

	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->line[i];

		if (!line->changed || (line->removed && line->id < 0) ||
		    (asking && !lines_complete(lines, line)))
			continue;
		list[count] = ARENA_NEW(arena, Kehu__Record);
		lines_wire(lines, arena, line, asking, list[count++]);
	}
	return count;
}

size_t
lines_collect(const struct lines *lines, struct arena *arena, Kehu__Record **list)
{
	return lines_gather(lines, arena, false, list);
}

size_t
lines_collect_asking(const struct lines *lines, struct arena *arena, Kehu__Record **list)
{
	return lines_gather(lines, arena, true, list);
}

static bool
lines_same(const Kehu__Value *a, const Kehu__Value *b)
{
	if (cat_value_empty(a) || a->has_number != b->has_number)
		return false;
	return a->has_number ? a->number == b->number : strcmp(a->text, b->text) == 0;
}

static void
lines_tell_value(struct lines *lines, struct line *line, size_t at, const Kehu__Value *value)
{
	const Kehu__Field *field = lines->entity->fields[at];

	if ((field->flags & CAT_READONLY) != 0) {
		line->values[at] = NULL;
		if (value != NULL)
			lines_set(lines, line, value);
		return;
	}
	if (value == NULL || lines_same(line->values[at], value) ||
	    (!cat_value_empty(line->values[at]) && !line->told[at] && line->id < 0))
		return;
	if (!grid_tell(lines->grid, (size_t)(line - lines->line), at, value))
		return;
	lines_set(lines, line, value);
	line->told[at] = true;
}

void
lines_tell(struct lines *lines, const Kehu__Record *told)
{
	struct line *line = lines_find(lines, told->id);

	for (size_t at = 0; line != NULL && line->changed && at < lines->entity->n_fields; at++)
		lines_tell_value(
		    lines, line, at, cat_value(told, lines->entity->fields[at]->number));
}

bool
lines_blame(struct lines *lines, int64_t id, uint32_t field, const char *text, bool move)
{
	struct line *line = lines_find(lines, id);
	size_t at = lines_position(lines, field);

	if (line == NULL)
		return false;
	line->error =
	    at == lines->entity->n_fields
		? arena_strdup(lines->arena, text)
		: arena_printf(lines->arena, "%s: %s", lines->entity->fields[at]->label, text);
	if (lines->grid != NULL)
		grid_blame(lines->grid, (size_t)(line - lines->line), field, text, move);
	return true;
}

void
lines_clear_errors(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		lines->line[i].error = NULL;
}
