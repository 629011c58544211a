/*
 * Which column of a file goes into which field.
 */
#include "server/job/import.h"

#include "common/text.h"

#include <stdlib.h>
#include <string.h>

static bool
import_may_write(const struct field *field)
{
	return field != NULL && (field->flags & FIELD_READONLY) == 0;
}

/* "phones.number": the line kind by its name or alias. */
static const struct entity_view *
import_line_kind(struct call *call, const struct entity_view *entity, const char *word, size_t bytes)
{
	const struct entity_view *kinds[16];
	size_t count = call_lines(call, entity->def, kinds, 16);

	for (size_t i = 0; i < count; i++) {
		const struct entity *def = kinds[i]->def;

		if ((strlen(def->name) == bytes && strncmp(def->name, word, bytes) == 0) ||
		    (def->alias != NULL && strlen(def->alias) == bytes &&
			strncmp(def->alias, word, bytes) == 0))
			return kinds[i];
	}
	return NULL;
}

static enum err
import_refuse(struct call *call, const char *en, const char *zh, const char *what)
{
	return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .text = arena_printf(call->arena,
	    call_say(call, en, zh), text_print(call->arena, what, TEXT_LINE)));
}

static enum err
import_find_field(struct call *call, const struct entity_view *entity, const char *name,
    struct import_column *column)
{
	const char *dot = strchr(name, '.');

	if (dot != NULL) {
		column->line = import_line_kind(call, entity, name, (size_t)(dot - name));
		column->field = column->line != NULL ? entity_field_called(column->line, dot + 1) : NULL;
	} else {
		column->line = NULL;
		column->field = entity_field_called(entity, name);
	}
	if (column->field == NULL)
		return import_refuse(call, "There is no field \"%s\"", "没有字段“%s”", name);
	if (!import_may_write(column->field))
		return import_refuse(call, "The field \"%s\" cannot be written", "字段“%s”不可写入", name);
	return ERR_OK;
}

static enum err
import_bind_one(struct call *call, struct arena *arena, const Kehu__Mapping *mapping,
    const char *const *header, size_t count, struct import_map *map)
{
	struct import_column column = { 0 };
	enum err err;

	if (mapping->field == NULL)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	err = import_find_field(call, map->entity, mapping->field, &column);
	if (err != ERR_OK)
		return err;
	if (mapping->column == NULL) {
		column.header = arena_strdup(arena, mapping->value != NULL ? mapping->value : "");
		map->constants[map->constant_count++] = column;
		return ERR_OK;
	}
	for (size_t i = 0; i < count; i++)
		if (strcmp(header[i], mapping->column) == 0) {
			column.header = arena_strdup(arena, header[i]);
			column.at = i;
			map->columns[map->column_count++] = column;
			return ERR_OK;
		}
	return import_refuse(call, "The file has no column \"%s\"", "文件中没有“%s”列", mapping->column);
}

static int
import_compare_places(const void *a, const void *b)
{
	const struct import_column *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

enum err
import_bind(struct call *call, struct arena *arena, const Kehu__Import *request,
    const char *const *header, size_t count, struct import_map *map)
{
	enum err err = ERR_OK;

	map->columns = ARENA_ARRAY(arena, struct import_column, count + request->n_map + 1);
	map->constants = ARENA_ARRAY(arena, struct import_column, request->n_map + 1);
	map->dry_run = request->dry_run;
	for (size_t i = 0; err == ERR_OK && i < request->n_map; i++)
		err = import_bind_one(call, arena, request->map[i], header, count, map);
	for (size_t i = 0; err == ERR_OK && request->n_map == 0 && i < count; i++) {
		struct import_column found = { .header = arena_strdup(arena, header[i]), .at = i };

		/* Columns that name no field are left out, not refused: the file is not ours. */
		found.field = entity_field_called(map->entity, header[i]);
		if (import_may_write(found.field))
			map->columns[map->column_count++] = found;
	}
	qsort(map->columns, map->column_count, sizeof(*map->columns), import_compare_places);
	if (err == ERR_OK && request->match != NULL && request->match[0] != '\0') {
		map->match = entity_field_called(map->entity, request->match);
		if (map->match == NULL)
			return import_refuse(call, "There is no field \"%s\"", "没有字段“%s”", request->match);
		if (map->match->flags & FIELD_MASKED)
			return import_refuse(call, "The field \"%s\" is masked for you", "字段“%s”对您是掩码的", request->match);
		map->add = request->on_match != NULL && strcmp(request->on_match, "add") == 0;
		map->update = map->add ||
		    (request->on_match != NULL && strcmp(request->on_match, "update") == 0);
	}
	if (err == ERR_OK && map->column_count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_FIELD,
		    .text = call_say(call, "No column of the file names a field; give a mapping",
			"文件中没有可识别的列，请提供映射文件"));
	return err;
}
