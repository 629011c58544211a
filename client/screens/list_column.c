/*
 * Columns and rows of a list: which fields, how wide, in which order, and what stands in a row.
 */
#include "client/screens/cell.h"
#include "client/screens/list_private.h"
#include "common/text.h"
#include <string.h>

enum { LIST_MEASURED = 60 /* rows */ };

/* Field numbers of "name,level"; none when a view has no columns of its own. */
static size_t
column_named(const Kehu__Entity *entity, const char *names, uint32_t *columns)
{
	struct arena *arena = arena_new(0);
	char *save = NULL, *copy = arena_strdup(arena, names);
	size_t count = 0;

	for (char *name = strtok_r(copy, ", ", &save); name != NULL && count < LIST_COLUMNS_MAX;
	     name = strtok_r(NULL, ", ", &save)) {
		uint32_t field = app_field(entity, name);

		if (field != 0)
			columns[count++] = field;
	}
	arena_free(arena);
	return count;
}

static void
column_show_sort(struct list_screen *screen, const Kehu__Entity *entity)
{
	uint32_t sort = screen->sort != 0 ? screen->sort : entity->sort_field;
	bool down = screen->sort != 0 ? screen->down : entity->sort_down;

	if (screen->sort == 0 && strstr(screen->query, "sort:") != NULL)
		sort = 0; /* the query's own, which only the server reads */
	for (size_t i = 0; i < screen->column_count; i++)
		screen->columns[i].sort = screen->fields[i] != sort ? LIST_UNSORTED
					  : down                    ? LIST_FALLING
								    : LIST_RISING;
}

static const Kehu__Value *
column_cell(const struct list_screen *screen, const Kehu__Row *row, uint32_t field)
{
	size_t count;
	const uint32_t *columns = list_data_columns(screen->data, &count);

	for (size_t i = 0; i < count && i < row->n_cells; i++)
		if (columns[i] == field)
			return row->cells[i];
	return NULL;
}

/* As wide as the rows of the first page need, within what the type allows. */
void
list_column_measure(struct list_screen *screen)
{
	const Kehu__Entity *entity = list_screen_entity(screen);

	for (size_t i = 0; entity != NULL && i < screen->column_count; i++) {
		const Kehu__Field *field = cat_field(entity, screen->fields[i]);
		struct list_column *column = &screen->columns[i];
		int most = (int)text_cols(column->title) + 1;

		*column = cell_column(screen->cat, entity, field, i);
		for (size_t at = 0; screen->data != NULL && at < LIST_MEASURED &&
				    list_data_row(screen->data, at) != NULL;
		     at++) {
			const Kehu__Value *value = column_cell(
			    screen, list_data_row(screen->data, at), screen->fields[i]);
			int cols = value == NULL
				       ? 0
				       : (int)text_cols(cell_short(screen->app, field, value));

			most = cols > most ? cols : most;
		}
		column->want_cols = most < column->want_cols ? most : column->want_cols;
		/* Half a phone number or amount is none: whole, or the column goes. */
		if (column->min_cols > column->want_cols || cell_is_whole(field))
			column->min_cols = column->want_cols;
	}
}

/* Again when the catalogue is another: labels in the other language, a field more. */
void
list_column_make(struct list_screen *screen)
{
	const Kehu__Entity *entity = list_screen_entity(screen);

	if (entity == NULL)
		return;
	if (screen->cat != app_cat(screen->app)) {
		screen->cat = app_cat(screen->app);
		screen->column_count = 0;
		if (screen->column_names[0] != '\0')
			screen->column_count =
			    column_named(entity, screen->column_names, screen->fields);
		if (screen->column_count == 0)
			screen->column_count =
			    cat_columns(entity, screen->fields, LIST_COLUMNS_MAX);
		for (size_t i = 0; i < screen->column_count; i++)
			screen->columns[i] = cell_column(
			    screen->cat, entity, cat_field(entity, screen->fields[i]), i);
		screen->list.column_count = screen->column_count;
		list_option_find(screen);
		list_column_measure(screen);
	}
	column_show_sort(screen, entity);
}

const char *
list_screen_label(const struct list_screen *screen, const Kehu__Row *row)
{
	const Kehu__Entity *entity = list_screen_entity(screen);
	const Kehu__Field *field =
	    entity == NULL ? NULL : cat_field(entity, entity->label_field);

	return field == NULL
		   ? ""
		   : cell_text(screen->app, field, column_cell(screen, row, field->number));
}

const struct list_row *
list_column_row(void *arg, size_t index)
{
	struct list_screen *screen = arg;
	const Kehu__Entity *entity = list_screen_entity(screen);
	const Kehu__Row *row = list_data_row(screen->data, index);

	if (row == NULL || entity == NULL)
		return NULL;
	for (size_t i = 0; i < screen->column_count; i++) {
		const Kehu__Field *field = cat_field(entity, screen->fields[i]);
		const Kehu__Value *value = column_cell(screen, row, screen->fields[i]);

		screen->cells[i] =
		    field == NULL || value == NULL ? "" : cell_short(screen->app, field, value);
		screen->roles[i] = field == NULL || value == NULL
				       ? ROLE_NORMAL
				       : (uint8_t)cell_role(screen->cat, field, value);
	}
	screen->row =
	    (struct list_row){ .id = row->id, .cells = screen->cells, .roles = screen->roles };
	if (row->n_cells == 0) { /* deleted while it was in sight */
		for (size_t i = 0; i < screen->column_count; i++)
			if (screen->fields[i] == entity->label_field || i == 0)
				screen->cells[i] = tr(T_LIST_GONE);
		screen->row.role = ROLE_MUTED;
	}
	return &screen->row;
}

unsigned
list_column_sort(struct list_screen *screen, bool turn)
{
	const Kehu__Entity *entity = list_screen_entity(screen);
	uint32_t now = screen->sort != 0 ? screen->sort
		       : entity == NULL  ? 0
					 : entity->sort_field;
	size_t at = screen->column_count;

	if (entity == NULL)
		return UI_HANDLED;
	if (turn) {
		screen->down = screen->sort != 0 ? !screen->down : !entity->sort_down;
		screen->sort = now;
		list_screen_ask(screen, false, false);
		return UI_DONE;
	}
	for (size_t i = 0; i < screen->column_count; i++)
		if (screen->fields[i] == now)
			at = i;
	for (size_t i = 1; i <= screen->column_count; i++) {
		const uint32_t field = screen->fields[(at + i) % screen->column_count];
		const Kehu__Field *known = cat_field(entity, field);

		if (field == now || known == NULL || !(known->flags & CAT_SORT))
			continue;
		screen->sort = field;
		screen->down = false;
		list_screen_ask(screen, false, false);
		return UI_DONE;
	}
	message_say(SAY_NOTE, 0, tr(T_LIST_NO_SORT));
	return UI_DONE;
}
