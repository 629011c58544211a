/* How a grid looks: columns by width, cells, and what the lines come to while they are typed.
 */
#include "client/screens/form_grid_private.h"

#include "common/money.h"
#include "common/price.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum {
	GRID_NUMBER_COLS = 5, /* "~ 12 " before the cells */
	GRID_WIDE_COLS = 100, /* from here on there is room for what is no column elsewhere */
	GRID_LINES = 6,       /* in sight at a time */
	GRID_TALL_ROWS = 30,
	GRID_TALL_LINES = 14,
	GRID_LEAST_COLS = 8,
};

int
grid_cols(void)
{
	return cells_cols();
}

/* ---- columns ---- */

static int
grid_column_cols(const Kehu__Field *field, bool wide)
{
	switch (field->type) {
	case CAT_QUANTITY:
		return field->decimals <= PERCENT_DECIMALS && !wide ? 6 : 10;
	case CAT_MONEY:
		return 12;
	case CAT_CHOICE:
		return 6;
	case CAT_DATE:
		return 10;
	case CAT_BOOL:
	case CAT_INT:
		return 5;
	default:
		return 0; /* what is left over */
	}
}

static bool
grid_column_fits(const Kehu__Field *field, int cols)
{
	if ((field->flags & CAT_COLUMN) != 0)
		return true;
	return cols >= GRID_WIDE_COLS && field->type == CAT_TEXT &&
	       (field->flags & CAT_READONLY) == 0;
}

size_t
grid_columns(const struct grid *grid, int cols, struct grid_column *columns)
{
	const Kehu__Entity *entity = grid->lines->entity;
	int left = cols - GRID_NUMBER_COLS, stretched = 0;
	size_t count = 0;

	for (size_t at = 0; at < entity->n_fields && count < GRID_COLUMNS; at++) {
		const Kehu__Field *field = entity->fields[at];
		struct grid_column *column = &columns[count];

		if (!grid_column_fits(field, cols))
			continue;
		*column = (struct grid_column){ .at = at,
			.cols = grid_column_cols(field, cols >= GRID_WIDE_COLS) };
		column->stretch = column->cols == 0;
		column->right = field->type == CAT_QUANTITY || field->type == CAT_MONEY ||
				field->type == CAT_INT;
		if (column->right && grid->owner.cell_cols > 0)
			column->cols = grid->owner.cell_cols;
		stretched += column->stretch;
		left -= column->cols + 1;
		count++;
	}
	for (size_t i = 0; i < count; i++) {
		if (!columns[i].stretch)
			continue;
		columns[i].cols = left / stretched;
		if (columns[i].cols < GRID_LEAST_COLS)
			columns[i].cols = GRID_LEAST_COLS;
	}
	return count;
}

int
grid_column_x(const struct grid *grid, size_t at, int cols, int *width)
{
	struct grid_column columns[GRID_COLUMNS];
	size_t count = grid_columns(grid, cols, columns);
	int x = GRID_NUMBER_COLS;

	for (size_t i = 0; i < count; i++) {
		*width = columns[i].cols;
		if (columns[i].at == at)
			return x;
		x += columns[i].cols + 1;
	}
	return -1;
}

/* ---- what lines come to ---- */

/* The number of the cell of that name; 0 where there is none. */
static int64_t
grid_number(const struct grid *grid, struct arena *arena, size_t index, const char *name)
{
	const Kehu__Field *field = cat_field_called(grid->lines->entity, name);
	Kehu__Value value;

	for (size_t at = 0; field != NULL && at < grid->lines->entity->n_fields; at++)
		if (grid->lines->entity->fields[at] == field)
			return grid_value(grid, arena, index, at, &value) == ERR_OK
				   ? value.number
				   : 0;
	return 0;
}

static bool
grid_is_priced(const struct grid *grid)
{
	return cat_field_called(grid->lines->entity, "price") != NULL &&
	       cat_field_called(grid->lines->entity, "discount") != NULL &&
	       cat_field_called(grid->lines->entity, "amount") != NULL;
}

static struct price_line
grid_price_line(const struct grid *grid, struct arena *arena, size_t index)
{
	return (struct price_line){
		.quantity = grid_number(grid, arena, index, "quantity"),
		.price = grid_number(grid, arena, index, "price"),
		.discount = grid_number(grid, arena, index, "discount"),
		.tax_rate = grid_number(grid, arena, index, "tax_rate"),
	};
}

static const char *
grid_currency(const struct grid *grid, struct arena *arena, int *decimals)
{
	Kehu__Value value;
	const char *currency = PRICE_BASE;

	if (grid->owner.head(grid->owner.context, arena, "currency", &value) == ERR_OK &&
	    value.text != NULL && money_decimals(value.text) >= 0)
		currency = value.text;
	*decimals = money_decimals(currency);
	return currency;
}

static bool
grid_tax_included(const struct grid *grid, struct arena *arena)
{
	Kehu__Value value;

	return grid->owner.head(grid->owner.context, arena, "tax_included", &value) == ERR_OK &&
	       value.number != 0;
}

/* "5,650.00", "" where it cannot be said yet. */
static const char *
grid_amount_text(const struct grid *grid, struct arena *arena, size_t index)
{
	struct price_line line = grid_price_line(grid, arena, index);
	int64_t amount;
	int decimals;

	grid_currency(grid, arena, &decimals);
	if (price_line_amount(&line, decimals, &amount) != ERR_OK)
		return "";
	return money_format(arena, amount, decimals, false);
}

static const char *
grid_total_text(const struct grid *grid, struct arena *arena)
{
	size_t count = 0;
	struct price_line *lines =
	    ARENA_ARRAY(arena, struct price_line, grid->lines->count + 1);
	struct price_total total;
	const char *names[] = { "net", "tax", "total" }, *text = "";
	int decimals;
	const char *currency = grid_currency(grid, arena, &decimals);

	for (size_t i = 0; i < grid->lines->count; i++)
		if (!grid->lines->line[i].removed)
			lines[count++] = grid_price_line(grid, arena, i);
	if (price_total(lines, count, decimals, grid_tax_included(grid, arena), &total) !=
	    ERR_OK)
		return "";
	for (size_t i = 0; i < 3; i++) {
		const int64_t amounts[] = { total.net_minor, total.tax_minor,
			total.gross_minor };
		const char *label = grid->owner.label(grid->owner.context, names[i]);

		text = arena_printf(arena, "%s%s%s %s", text, i > 0 ? "   " : "",
		    label != NULL ? label : "",
		    money_format(arena, amounts[i], decimals, false));
	}
	return strcmp(currency, PRICE_BASE) == 0 ? text
						 : arena_printf(arena, "%s %s", text, currency);
}

/* ---- drawing ---- */

static size_t
grid_lines_in_sight(const struct grid *grid)
{
	size_t most = cells_rows() >= GRID_TALL_ROWS ? GRID_TALL_LINES : GRID_LINES;

	if (grid->owner.other_rows > 0)
		most = cells_rows() > grid->owner.other_rows ? (size_t)(cells_rows() - grid->owner.other_rows) : 1;
	return grid_line_count(grid) < most ? grid_line_count(grid) : most;
}

int
grid_rows(void *arg)
{
	const struct grid *grid = arg;

	/* heading, titles, lines, and what they come to */
	return 2 + (int)grid_lines_in_sight(grid) + (grid_is_priced(grid) ? 1 : 0);
}

static const char *
grid_cell_text(const struct grid *grid, struct arena *arena, size_t index, size_t at)
{
	const struct grid_row *row = grid_row_there(grid, index);
	const Kehu__Field *field = grid->lines->entity->fields[at];

	if (row != NULL && row->values.fields[at].kind != FORM_SHOW)
		return field->type == CAT_BOOL ? (row->values.fields[at].checked ? "x" : "")
					       : form_value(&row->values.form, at);
	if (index >= grid->lines->count)
		return "";
	if (grid->owner.show != NULL) {
		const char *text = grid->owner.show(grid->owner.context, index, at);

		if (text != NULL)
			return text;
	}
	if (strcmp(field->name, "amount") == 0 && grid_is_priced(grid))
		return grid_amount_text(grid, arena, index);
	return lines_cell(grid->lines, grid->app, arena, &grid->lines->line[index], at);
}

static void
grid_draw_cell(struct grid *grid, size_t index, const struct grid_column *column,
    struct rect cell, bool focus)
{
	struct grid_row *row = grid_row_there(grid, index);
	struct form_field *box = row == NULL ? NULL : &row->values.fields[column->at];
	bool removed = index < grid->lines->count && grid->lines->line[index].removed;
	enum role role = removed                             ? ROLE_MUTED
			 : box != NULL && box->error != NULL ? ROLE_BAD
							     : ROLE_NORMAL;
	const char *text;

	if (focus && box != NULL && box->kind != FORM_CHECK) {
		edit_draw(&box->edit, cell, ROLE_FIELD, true);
		return;
	}
	text = grid_cell_text(grid, cells_scratch(), index, column->at);
	if (column->right)
		cells_put_right(cell.y, cell.x, cell.cols, text, role);
	else
		cells_put(cell.y, cell.x, cell.cols, text, role);
	if (focus)
		cells_cursor(cell.y, cell.x);
}

static void
grid_draw_line(struct grid *grid, size_t index, struct rect rect, bool focus)
{
	const struct line *line = index < grid->lines->count ? &grid->lines->line[index] : NULL;
	const char *mark = line == NULL          ? " "
			   : line->error != NULL ? "!"
			   : line->removed       ? "-"
			   : line->changed       ? "~"
						 : " ";
	struct grid_column columns[GRID_COLUMNS];
	size_t count = grid_columns(grid, rect.cols, columns);
	int x = rect.x + GRID_NUMBER_COLS;

	cells_put(rect.y, rect.x, 1, mark, *mark == '!' ? ROLE_BAD : ROLE_WARN);
	if (line == NULL)
		cells_put_right(rect.y, rect.x + 1, 3, "+", ROLE_MUTED);
	else
		cells_put_right(rect.y, rect.x + 1, 3,
		    arena_printf(cells_scratch(), "%zu", index + 1),
		    line->removed ? ROLE_MUTED : ROLE_NORMAL);
	for (size_t i = 0; i < count; i++) {
		grid_draw_cell(grid, index, &columns[i],
		    (struct rect){ rect.y, x, 1, columns[i].cols },
		    focus && index == grid->cursor && columns[i].at == grid->at);
		x += columns[i].cols + 1;
	}
}

static void
grid_draw_titles(const struct grid *grid, struct rect rect)
{
	struct grid_column columns[GRID_COLUMNS];
	size_t count = grid_columns(grid, rect.cols, columns);
	int x = rect.x + GRID_NUMBER_COLS;

	for (size_t i = 0; i < count; i++) {
		const char *label = grid->lines->entity->fields[columns[i].at]->label;

		if (columns[i].right)
			cells_put_right(rect.y, x, columns[i].cols, label, ROLE_STRONG);
		else
			cells_put(rect.y, x, columns[i].cols, label, ROLE_STRONG);
		x += columns[i].cols + 1;
	}
}

void
grid_draw(void *arg, struct rect rect, bool focus)
{
	struct grid *grid = arg;
	size_t in_sight = grid_lines_in_sight(grid);
	int end = rect.y + rect.rows;

	if (focus)
		grid_row(grid, grid->cursor);
	if (grid->top > grid->cursor)
		grid->top = grid->cursor;
	if (grid->cursor >= grid->top + in_sight)
		grid->top = grid->cursor - in_sight + 1;
	if (grid->top + in_sight > grid_line_count(grid))
		grid->top = grid_line_count(grid) - in_sight;
	cells_rule(rect.y, rect.x, rect.cols);
	cells_add(rect.y, rect.x + 2, rect.cols - 4,
	    arena_printf(cells_scratch(), " %s ", lines_label(grid->lines)), ROLE_STRONG);
	rect = (struct rect){ rect.y + 1, rect.x, 1, rect.cols };
	if (rect.y < end)
		grid_draw_titles(grid, rect);
	for (size_t i = 0; i < in_sight && ++rect.y < end; i++)
		grid_draw_line(grid, grid->top + i, rect, focus);
	if (grid_is_priced(grid) && ++rect.y < end)
		cells_put_right(rect.y, rect.x, rect.cols - 1,
		    grid_total_text(grid, cells_scratch()), ROLE_STRONG);
}

const char *
grid_hint(const struct grid *grid)
{
	struct grid_row *row = grid_row_there(grid, grid->cursor);
	const struct line *line =
	    grid->cursor < grid->lines->count ? &grid->lines->line[grid->cursor] : NULL;
	const char *hint;

	if (row == NULL)
		return tr(T_GRID_HINT);
	if (row->values.fields[grid->at].error != NULL)
		return arena_printf(cells_scratch(), "%s: %s",
		    row->values.fields[grid->at].label, row->values.fields[grid->at].error);
	if (line != NULL && line->error != NULL)
		return line->error;
	form_focus(&row->values.form, grid->at);
	hint = values_hint(&row->values);
	return arena_printf(
	    cells_scratch(), "%s  %s", hint != NULL ? hint : "", tr(T_GRID_HINT));
}
