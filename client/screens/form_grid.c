/* The cells of a grid: boxes by line, keys, checks. Drawing is form_grid_draw.c's. */
#include "client/screens/form_grid_private.h"

#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

bool
grid_wanted(const Kehu__Entity *entity)
{
	for (size_t i = 0; i < entity->n_fields; i++)
		if ((entity->fields[i]->flags & CAT_COLUMN) != 0 &&
		    (entity->fields[i]->type == CAT_MONEY ||
			entity->fields[i]->type == CAT_QUANTITY))
			return true;
	return false;
}

void
grid_new(struct app *app, struct lines *lines, const struct grid_owner *owner)
{
	struct grid *grid = mem_zalloc(1, sizeof(*grid));

	grid->app = app;
	grid->lines = lines;
	grid->owner = *owner;
	lines->grid = grid;
}

void
grid_reset(struct grid *grid)
{
	for (size_t i = 0; i < grid->room; i++) {
		if (grid->row[i] == NULL)
			continue;
		values_fini(&grid->row[i]->values);
		free(grid->row[i]);
		grid->row[i] = NULL;
	}
	grid->cursor = grid->top = 0;
	grid->unpriced = false;
}

void
grid_free(struct grid *grid)
{
	grid_reset(grid);
	free(grid->row);
	free(grid);
}

size_t
grid_line(const struct grid *grid)
{
	return grid->cursor;
}

size_t
grid_at(const struct grid *grid)
{
	return grid->at;
}

size_t
grid_line_count(const struct grid *grid)
{
	return grid->lines->count + (grid->owner.fixed ? 0 : 1);
}

/* ---- rows ---- */

static void grid_on_settled(void *context);
static void grid_on_put(void *context, size_t index);
static bool grid_step(struct grid *grid, int step);

struct grid_row *
grid_row_there(const struct grid *grid, size_t index)
{
	return index < grid->room ? grid->row[index] : NULL;
}

static void
grid_make_room(struct grid *grid, size_t index)
{
	size_t room = index + 16;

	if (index < grid->room)
		return;
	grid->row = mem_resize(grid->row, room * sizeof(struct grid_row *));
	memset(grid->row + grid->room, 0, (room - grid->room) * sizeof(struct grid_row *));
	grid->room = room;
}

struct grid_row *
grid_row(struct grid *grid, size_t index)
{
	const struct lines *lines = grid->lines;
	struct grid_row *row = grid_row_there(grid, index);

	if (row != NULL)
		return row;
	grid_make_room(grid, index);
	row = mem_zalloc(1, sizeof(*row));
	row->grid = grid;
	row->index = index;
	row->values.app = grid->app;
	row->values.settled = grid_on_settled;
	row->values.changed = grid_on_put;
	row->values.context = row;
	values_init_fields(&row->values, lines->entity->fields, lines->entity->n_fields);
	if (index >= lines->count)
		values_load_defaults(&row->values);
	for (size_t at = 0; index < lines->count && at < row->values.count; at++)
		values_load(&row->values, at, lines->line[index].values[at]);
	if (grid->owner.locked != NULL && grid->owner.locked(grid->owner.context, index))
		for (size_t at = 0; at < row->values.count; at++)
			row->values.fields[at].kind = FORM_SHOW;
	grid->row[index] = row;
	return row;
}

static bool
grid_writable(const struct grid_row *row, size_t at)
{
	return row->values.fields[at].kind != FORM_SHOW;
}

enum err
grid_value(
    const struct grid *grid, struct arena *arena, size_t index, size_t at, Kehu__Value *value)
{
	const struct grid_row *row = grid_row_there(grid, index);
	enum err err;

	if (row != NULL && grid_writable(row, at)) {
		err = values_get(&row->values, arena, at, value);
		return err == ERR_OK && cat_value_empty(value) ? ERR_EMPTY : err;
	}
	if (index >= grid->lines->count || cat_value_empty(grid->lines->line[index].values[at]))
		return ERR_EMPTY;
	*value = *grid->lines->line[index].values[at];
	return ERR_OK;
}

/* What was typed goes into the line; what cannot be read yet stays typed. */
static void
grid_keep_row(struct grid_row *row)
{
	struct lines *lines = row->grid->lines;

	if (!row->unkept || row->index >= lines->count)
		return;
	row->unkept = false;
	for (size_t at = 0; at < row->values.count; at++) {
		Kehu__Value value;

		if (!grid_writable(row, at))
			continue;
		if (values_get(&row->values, lines->arena, at, &value) == ERR_OK)
			lines_set(lines, &lines->line[row->index], &value);
		else
			row->unkept = true;
	}
}

void
grid_keep(struct grid *grid)
{
	for (size_t i = 0; i < grid->room; i++)
		if (grid->row[i] != NULL)
			grid_keep_row(grid->row[i]);
}

size_t
grid_asking(const struct grid *grid)
{
	size_t asking = 0;

	for (size_t i = 0; i < grid->room; i++)
		if (grid->row[i] != NULL)
			asking += grid->row[i]->values.asking;
	return asking;
}

/* The cell changed: the line that was not there yet now is. */
static void
grid_touch(struct grid_row *row, size_t at)
{
	struct grid *grid = row->grid;
	struct line *line = row->index < grid->lines->count ? &grid->lines->line[row->index]
							    : lines_add_new(grid->lines);

	line->changed = true;
	line->error = NULL;
	line->told[at] = false;
	row->unkept = true;
	grid->unpriced = true;
	grid->owner.touched(grid->owner.context);
}

static void
grid_ask_price(struct grid *grid)
{
	if (!grid->unpriced || grid_asking(grid) > 0)
		return;
	grid->unpriced = false;
	grid->owner.priced(grid->owner.context);
}

/* A value was taken from a list: on to the next cell. */
static void
grid_on_put(void *context, size_t index)
{
	struct grid_row *row = context;
	struct grid *grid = row->grid;

	grid_touch(row, index);
	grid_keep_row(row);
	if (grid->cursor == row->index && grid->at == index)
		grid->fresh = grid_step(grid, 1);
	grid_ask_price(grid);
}

static void
grid_on_settled(void *context)
{
	struct grid_row *row = context;
	struct grid *grid = row->grid;

	grid_keep_row(row);
	if (grid_asking(grid) > 0)
		return;
	grid_ask_price(grid);
	grid->owner.settled(grid->owner.context);
}

/* ---- checks ---- */

/* A new line in which nothing stands but what it began with. */
static bool
grid_row_blank(const struct grid_row *row)
{
	for (size_t at = 0; at < row->values.count; at++) {
		const Kehu__Field *field = row->values.boxes[at].field;
		bool begins = field->default_value != NULL && *field->default_value;

		if (grid_writable(row, at) && !begins && *form_value(&row->values.form, at))
			return false;
	}
	return true;
}

static const char *
grid_check_row(struct grid *grid, struct grid_row *row)
{
	struct line *line = &grid->lines->line[row->index];

	if (line->id < 0 && grid_row_blank(row))
		line->removed = true;
	if (line->removed || form_check_all(&row->values.form) == 0)
		return NULL;
	for (size_t at = 0; at < row->values.count; at++) {
		if (row->values.fields[at].error == NULL)
			continue;
		grid->cursor = row->index;
		grid->at = at;
		return row->values.fields[at].error;
	}
	return NULL;
}

const char *
grid_check(struct grid *grid)
{
	const char *error = NULL;

	for (size_t i = 0; i < grid->room && i < grid->lines->count && error == NULL; i++)
		if (grid->row[i] != NULL)
			error = grid_check_row(grid, grid->row[i]);
	grid_keep(grid);
	return error;
}

void
grid_blame(struct grid *grid, size_t index, uint32_t field, const char *text, bool move)
{
	struct grid_row *row = grid_row(grid, index);
	size_t at = values_index(&row->values, field);

	if (!values_blame(&row->values, field, text))
		at = grid->at;
	if (move) {
		grid->cursor = index;
		grid->at = at;
	}
}

bool
grid_tell(struct grid *grid, size_t index, size_t at, const Kehu__Value *value)
{
	struct grid_row *row = grid_row_there(grid, index);

	if (row == NULL || !grid_writable(row, at))
		return true;
	if (form_changed(&row->values.form, at))
		return false;
	values_load(&row->values, at, value);
	return true;
}

/* ---- moving ---- */

/* The column beside the present one that can be typed into; false: none. */
static bool
grid_step(struct grid *grid, int step)
{
	struct grid_column columns[GRID_COLUMNS];
	size_t count = grid_columns(grid, grid_cols(), columns), i = 0;
	const struct grid_row *row = grid_row(grid, grid->cursor);

	while (i < count && columns[i].at != grid->at)
		i++;
	if (i == count) /* the focus was handed to a field that is not shown */
		i = step > 0 ? count - 1 : 0;
	for (i += (size_t)step; i < count; i += (size_t)step)
		if (grid_writable(row, columns[i].at)) {
			grid->at = columns[i].at;
			return true;
		}
	return false;
}

/* To the first or the last cell of the line. */
static void
grid_to_end(struct grid *grid, bool last)
{
	struct grid_column columns[GRID_COLUMNS];
	size_t count = grid_columns(grid, grid_cols(), columns);
	const struct grid_row *row = grid_row(grid, grid->cursor);

	for (size_t i = 0; i < count; i++) {
		size_t at = columns[last ? count - 1 - i : i].at;

		if (grid_writable(row, at)) {
			grid->at = at;
			return;
		}
	}
}

/* Nobody is held back: the cell that is left is checked, its line kept, prices asked for. */
static void
grid_leave_cell(struct grid *grid)
{
	struct grid_row *row = grid_row(grid, grid->cursor);
	const struct form_field *box = &row->values.fields[grid->at];

	form_focus(&row->values.form, grid->at);
	values_take_code(&row->values);
	if (box->touched || box->error != NULL)
		form_check(&row->values.form, grid->at);
	grid_keep_row(row);
	grid_ask_price(grid);
}

static unsigned
grid_go(struct grid *grid, int step)
{
	size_t before = grid->cursor;

	grid_leave_cell(grid);
	grid->fresh = true;
	/* An untouched new line has no second cell: the form goes on. */
	if (step > 0 && before >= grid->lines->count)
		return UI_NONE;
	if (grid_step(grid, step))
		return UI_DONE;
	if (step < 0 && before == 0)
		return UI_NONE;
	if (before + (size_t)step >= grid_line_count(grid))
		return UI_NONE;
	grid->cursor = before + (size_t)step;
	grid_to_end(grid, step < 0);
	return UI_DONE;
}

static unsigned
grid_go_line(struct grid *grid, int step)
{
	grid_leave_cell(grid);
	grid->fresh = true;
	if ((step < 0 && grid->cursor == 0) || (step > 0 && grid->cursor + 1 >= grid_line_count(grid)))
		return UI_NONE;
	grid->cursor += (size_t)step;
	return UI_DONE;
}

void
grid_enter(struct grid *grid, bool forward)
{
	for (size_t i = 0; i < grid->lines->count; i++)
		if (grid->lines->line[i].error != NULL)
			return; /* the cursor stands on what was refused */
	grid->fresh = true;
	grid->cursor = forward ? 0 : grid_line_count(grid) - 1;
	grid_to_end(grid, false);
}

/* Takes the line away, and again gives it back. */
static unsigned
grid_remove(struct grid *grid)
{
	struct line *line;

	if (grid->owner.fixed || grid->cursor >= grid->lines->count)
		return UI_HANDLED;
	line = &grid->lines->line[grid->cursor];
	line->removed = !line->removed;
	line->changed = true;
	line->error = NULL;
	grid->unpriced = true;
	grid->owner.touched(grid->owner.context);
	grid_ask_price(grid);
	return UI_DONE;
}

/* ---- keys ---- */

bool
grid_can_pick(const struct grid *grid)
{
	const struct grid_row *row = grid_row_there(grid, grid->cursor);

	return row != NULL && (row->values.fields[grid->at].lookup ||
				  row->values.fields[grid->at].choices != NULL);
}

static unsigned
grid_key_cell(struct grid *grid, enum act act, const struct event *event)
{
	struct grid_row *row = grid_row(grid, grid->cursor);
	size_t at = grid->at;
	bool removed =
	    grid->cursor < grid->lines->count && grid->lines->line[grid->cursor].removed;
	char *before;
	unsigned flags;

	if ((removed && (act == ACT_NONE || act == ACT_pick)) || !grid_writable(row, at))
		return UI_HANDLED;
	form_focus(&row->values.form, at);
	before = mem_strdup(form_value(&row->values.form, at));
	if (grid->fresh && act == ACT_NONE && row->values.fields[at].kind != FORM_CHECK)
		edit_clear(&row->values.fields[at].edit);
	grid->fresh = row->values.form.fresh = false;
	flags = values_key(&row->values, act, event);
	if (before != NULL && strcmp(before, form_value(&row->values.form, at)) != 0)
		grid_touch(row, at);
	free(before);
	return flags;
}

unsigned
grid_key(struct grid *grid, enum act act, const struct event *event)
{
	switch (act) {
	case ACT_next:
	case ACT_open:
		return grid_go(grid, 1);
	case ACT_previous:
		return grid_go(grid, -1);
	case ACT_up:
		return grid_go_line(grid, -1);
	case ACT_down:
		return grid_go_line(grid, 1);
	case ACT_remove_line:
		return grid_remove(grid);
	case ACT_save:
		grid_leave_cell(grid);
		return UI_NONE;
	case ACT_NONE:
	case ACT_erase:
	case ACT_delete:
	case ACT_kill:
	case ACT_clear:
	case ACT_restore:
	case ACT_pick:
	case ACT_left:
	case ACT_right:
	case ACT_first:
	case ACT_last:
	case ACT_line_start:
	case ACT_word_left:
	case ACT_word_right:
		return grid_key_cell(grid, act, event);
	default:
		return UI_NONE;
	}
}
