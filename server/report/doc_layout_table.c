/*
 * Layout of tables: heads repeated on every page, group headings, rows with wrapped cells,
 * subtotals and totals. A row is broken over two pages only when it is higher than a page, and
 * room is kept below rows so that a total never stands on a page without one.
 */
#include "common/text.h"
#include "server/report/doc_layout.h"

#include <string.h>

#define TABLE_TITLE_LINES 3 /* a column's title wraps to at most so many */
#define TABLE_LABEL_LEAST 8 /* cells a total's label needs left of the first figure */

static struct layout *
table_layout(struct doc_sink *sink)
{
	struct layout *layout = (struct layout *)(void *)sink;

	arena_reset(layout->scratch);
	return layout;
}

static void
table_wrap_titles(struct layout *layout, const struct doc_table *table)
{
	layout->title_lines = 1;
	for (size_t i = 0; i < table->column_count; i++) {
		size_t count = text_wrap(layout->table_arena, table->columns[i].title,
		    layout->boxes[i].cols, &layout->titles[i]);

		if (count > TABLE_TITLE_LINES)
			count = TABLE_TITLE_LINES;
		layout->title_counts[i] = count;
		if (count > layout->title_lines)
			layout->title_lines = count;
	}
}

/* Whether a total's label must stand above its figures, which begin at col. */
static bool
table_label_above(uint16_t col, size_t level)
{
	return col < 2 * level + TABLE_LABEL_LEAST;
}

/* Lines that totals may need right below a row. */
static size_t
table_reserve(const struct layout *layout, const struct doc_table *table)
{
	size_t first = 0, lines = table->totals ? 2 : 0;
	uint16_t col;

	while (first < table->column_count && table->columns[first].sum == DOC_SUM_NONE)
		first++;
	col = first < table->column_count ? layout->boxes[first].col : layout->grid->cols;
	if (table->totals && table_label_above(col, 0))
		lines++;
	for (size_t i = 0; i < table->level_count; i++) {
		if (table->levels[i].subtotal)
			lines += table_label_above(col, i) ? 2 : 1;
	}
	return lines;
}

enum err
layout_table(
    struct doc_sink *sink, const struct doc_table *table, const struct doc_groups *groups)
{
	struct layout *layout = table_layout(sink);
	enum err err;

	err = page_columns(
	    table->columns, table->column_count, layout->grid->cols, layout->boxes);
	if (err != ERR_OK)
		return err;
	arena_reset(layout->table_arena);
	layout->groups = groups;
	layout->rows = 0;
	layout->reserve = table_reserve(layout, table);
	table_wrap_titles(layout, table);
	err = layout_need(
	    layout, 4 + layout->title_lines + table->level_count + layout->reserve, 0);
	if (err != ERR_OK)
		return err;
	layout_add_gap(layout);
	if (table->title != NULL)
		layout_add_text(layout, PAGE_HEADING, 0, DOC_LEFT, table->title);
	layout->table = table;
	layout_table_head(layout);
	return ERR_OK;
}

void
layout_table_head(struct layout *layout)
{
	const struct doc_table *table = layout->table;

	for (size_t line = 0; line < layout->title_lines; line++) {
		struct page_item *items = layout_add(layout, PAGE_HEAD, table->column_count);

		for (size_t i = 0; i < table->column_count; i++) {
			size_t skip = layout->title_lines - layout->title_counts[i];
			const char *text = line < skip ? "" : layout->titles[i][line - skip];

			layout_set(layout->page->arena, &items[i], layout->boxes[i].col,
			    layout->boxes[i].cols, doc_column_align(&table->columns[i]), text);
		}
		layout_last(layout)->first = line == 0;
	}
	layout_add_rule(layout, PAGE_RULE);
}

void
layout_group_heading(struct layout *layout, size_t level, bool continued)
{
	enum lang lang = layout->head->lang;
	const char *title = layout->table->levels[level].title;
	char *text = arena_printf(layout->page->arena, "%s%s%s%s", title ? title : "",
	    title ? doc_word(DOC_WORD_COLON, lang) : "", layout->groups->heading[level],
	    continued ? doc_word(DOC_WORD_CONTINUED, lang) : "");

	layout_add_text(layout, PAGE_GROUP, (uint16_t)(2 * level), DOC_LEFT, text);
	layout_last(layout)->level = level;
}

enum err
layout_group(struct doc_sink *sink, size_t level)
{
	struct layout *layout = table_layout(sink);
	size_t below = layout->table->level_count - level + 1; /* inner headings and a row */
	enum err err = layout_need(layout, below + 1 + layout->reserve, level);

	if (err != ERR_OK)
		return err;
	if (level == 0)
		layout_add_gap(layout);
	layout->rows = 0;
	layout_group_heading(layout, level, false);
	return ERR_OK;
}

/* A cell laid out: where and what. */
struct table_cell {
	struct page_box box;
	enum doc_align align;
	const char **lines;
	size_t count; /* 0: empty */
};

/*
 * A figure wider than its column first borrows the empty cells on its left (totals do), then
 * drops the thousands' commas; a figure is never cut, as a cut one reads as another.
 */
static const char *
table_fit_figure(
    struct layout *layout, const struct doc_row *row, size_t i, struct page_box *box)
{
	const struct doc_cell *cells = row->cells;
	struct doc_column column = doc_row_column(row, &layout->table->columns[i]);
	const char *text = cells[i].text;
	size_t need = text_cols(text), left = i;

	while (need > box->cols && left > 0 && cells[left - 1].text[0] == '\0') {
		uint16_t end = (uint16_t)(box->col + box->cols);

		left--;
		box->col = layout->boxes[left].col;
		box->cols = (uint16_t)(end - box->col);
	}
	if (need <= box->cols)
		return text;
	text = doc_cell_plain(layout->scratch, &column, &cells[i], layout->head->offset_min);
	if (text_cols(text) <= box->cols)
		return text;
	return memset(arena_alloc(layout->scratch, (size_t)box->cols + 1), '#', box->cols);
}

static size_t
table_lay_cells(struct layout *layout, const struct doc_row *row, struct table_cell *laid)
{
	const struct doc_table *table = layout->table;
	size_t height = 1;

	for (size_t i = 0; i < table->column_count; i++) {
		const struct doc_column *column = &table->columns[i];
		const struct doc_cell *cell = &row->cells[i];

		laid[i] = (struct table_cell){ .box = layout->boxes[i],
			.align = doc_column_align(column) };
		if (cell->text[0] == '\0')
			continue;
		if (column->wrap && cell->has == DOC_CELL_TEXT) {
			laid[i].count = text_wrap(
			    layout->scratch, cell->text, laid[i].box.cols, &laid[i].lines);
		} else {
			laid[i].lines = ARENA_NEW(layout->scratch, const char *);
			laid[i].count = 1;
			laid[i].lines[0] = cell->has == DOC_CELL_VALUE
					       ? table_fit_figure(layout, row, i, &laid[i].box)
					       : cell->text;
		}
		if (laid[i].count > height)
			height = laid[i].count;
	}
	return height;
}

static void
table_add_line(
    struct layout *layout, enum page_line_kind kind, const struct table_cell *laid, size_t line)
{
	size_t count = layout->table->column_count, used = 0;
	struct page_item *items = layout_add(layout, kind, count + 1);

	for (size_t i = 0; i < count; i++) {
		if (line < laid[i].count)
			layout_set(layout->page->arena, &items[used++], laid[i].box.col,
			    laid[i].box.cols, laid[i].align, laid[i].lines[line]);
	}
	layout_last(layout)->count = used;
}

static enum err
table_row(struct layout *layout, const struct doc_row *row)
{
	struct table_cell laid[DOC_COLUMNS_MAX];
	size_t height = table_lay_cells(layout, row, laid), depth = layout->groups->depth;
	enum err err = layout_need(layout, height + layout->reserve, depth);

	for (size_t line = 0; line < height && err == ERR_OK; line++) {
		err = layout_need(layout, 1, depth);
		if (err != ERR_OK)
			break;
		table_add_line(layout, PAGE_ROW, laid, line);
		layout_last(layout)->first = line == 0;
		layout_last(layout)->index = layout->rows;
	}
	layout->rows++;
	return err;
}

/* Where the first figure of a totals line begins. */
static uint16_t
table_first_col(const struct layout *layout, const struct table_cell *laid)
{
	for (size_t i = 0; i < layout->table->column_count; i++) {
		if (laid[i].count > 0)
			return laid[i].box.col;
	}
	return layout->grid->cols;
}

/* Puts the label before the figures of the line just added. */
static void
table_prepend_label(struct layout *layout, const char *label, uint16_t indent, uint16_t end)
{
	struct page_line *line = layout_last(layout);
	struct arena *arena = layout->page->arena;
	struct page_item *items = ARENA_ARRAY(arena, struct page_item, line->count + 1);

	memcpy(items + 1, line->items, line->count * sizeof(*items));
	layout_set(arena, &items[0], indent, (uint16_t)(end - indent - 1), DOC_LEFT, label);
	line->items = items;
	line->count++;
}

static enum err
table_total(struct layout *layout, const struct doc_row *row)
{
	bool grand = row->kind == DOC_TOTAL;
	enum page_line_kind kind = grand ? PAGE_TOTAL : PAGE_SUBTOTAL;
	uint16_t indent = (uint16_t)(grand ? 0 : 2 * row->level), first;
	struct table_cell laid[DOC_COLUMNS_MAX];
	enum err err;
	bool above;

	table_lay_cells(layout, row, laid);
	first = table_first_col(layout, laid);
	above = table_label_above(first, indent / 2);
	err = layout_need(layout, 1 + (size_t)above + (size_t)grand, layout->groups->depth);
	if (err != ERR_OK)
		return err;
	if (grand)
		layout_add_rule(layout, PAGE_TOTAL_RULE);
	if (above)
		layout_add_text(layout, kind, indent, DOC_LEFT, row->label);
	table_add_line(layout, kind, laid, 0);
	layout_last(layout)->first = !above;
	if (!above)
		table_prepend_label(layout, row->label, indent, first);
	layout_last(layout)->level = row->level;
	return ERR_OK;
}

enum err
layout_row(struct doc_sink *sink, const struct doc_row *row)
{
	struct layout *layout = table_layout(sink);

	return row->kind == DOC_ROW ? table_row(layout, row) : table_total(layout, row);
}

enum err
layout_table_end(struct doc_sink *sink, uint64_t rows)
{
	struct layout *layout = table_layout(sink);
	enum err err = ERR_OK;

	if (rows == 0) {
		err = layout_need(layout, 1, 0);
		if (err == ERR_OK)
			layout_add_text(layout, PAGE_NOTE, 0, DOC_CENTRE,
			    doc_word(DOC_WORD_NO_ROWS, layout->head->lang));
	}
	layout->table = NULL;
	return err;
}
