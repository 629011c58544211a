/*
 * Moving, marking and drawing the table. Drawing asks only for the rows in sight. The focus
 * bar ends after the widest column or 40 cells: a terminal gets the text of both rows again
 * at each step, and a slow line feels every byte (UX.md 3.9).
 */
#include "client/ui/list.h"
#include "client/ui/term.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { LIST_COLUMNS = 32, LIST_GAP_COLS = 1, LIST_FOCUS_COLS = 40, LIST_OPTION_COLS = 4 };

void
list_init(struct list *list)
{
	list->cursor = list->top = 0;
	if (list->column_count > LIST_COLUMNS)
		list->column_count = LIST_COLUMNS;
	list->rows_seen = 1;
	list->mark = NULL;
	list->mark_count = list->mark_room = 0;
	list->inverted = false;
	list->said_first = list->said_count = 0;
}

void
list_fini(struct list *list)
{
	free(list->mark);
	list->mark = NULL;
	list->mark_count = list->mark_room = 0;
}

void
list_reset(struct list *list, size_t total, bool at_least)
{
	list->cursor = list->top = 0;
	list->said_count = 0;
	list_unmark_all(list);
	list_set_total(list, total, at_least);
}

void
list_set_total(struct list *list, size_t total, bool at_least)
{
	list->total = total;
	list->at_least = at_least;
	if (list->cursor >= total)
		list->cursor = total ? total - 1 : 0;
}

void
list_go(struct list *list, size_t index)
{
	list->cursor = index < list->total ? index : list->total ? list->total - 1 : 0;
}

const struct list_row *
list_current(const struct list *list)
{
	return list->cursor < list->total ? list->row(list->arg, list->cursor) : NULL;
}

/* Marks ----------------------------------------------------------------------------------- */

static struct list_mark *
list_mark_of(const struct list *list, int64_t id)
{
	for (size_t i = 0; i < list->mark_count; i++)
		if (list->mark[i].id == id)
			return &list->mark[i];
	return NULL;
}

static struct list_mark *
list_mark_need(struct list *list, int64_t id)
{
	struct list_mark *mark = list_mark_of(list, id);

	if (mark)
		return mark;
	if (list->mark_count == list->mark_room) {
		list->mark_room = list->mark_room ? list->mark_room * 2 : 16;
		list->mark = mem_resize(list->mark, list->mark_room * sizeof *list->mark);
	}
	mark = &list->mark[list->mark_count++];
	*mark = (struct list_mark){ .id = id };
	return mark;
}

static void
list_mark_drop(struct list *list, struct list_mark *mark)
{
	if (!mark->marked && !mark->option && !mark->refusal)
		*mark = list->mark[--list->mark_count];
}

size_t
list_marked(const struct list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->mark_count; i++)
		count += list->mark[i].marked;
	return list->inverted ? list->total - (count < list->total ? count : list->total)
			      : count;
}

bool
list_is_marked(const struct list *list, int64_t id)
{
	const struct list_mark *mark = list_mark_of(list, id);

	return (mark && mark->marked) != list->inverted;
}

static void
list_unmark(struct list *list)
{
	for (size_t i = list->mark_count; i-- > 0;) {
		list->mark[i].marked = false;
		list_mark_drop(list, &list->mark[i]);
	}
}

void
list_unmark_all(struct list *list)
{
	list->inverted = false;
	list->mark_count = 0;
}

size_t
list_pending(const struct list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->mark_count; i++)
		count += list->mark[i].option && !list->mark[i].refusal;
	return count;
}

void
list_option_done(struct list *list, int64_t id, const char *refusal)
{
	struct list_mark *mark = list_mark_of(list, id);

	if (!mark)
		return;
	mark->refusal = refusal;
	if (!refusal)
		mark->option = 0;
	list_mark_drop(list, mark);
}

const char *
list_refusal(const struct list *list)
{
	const struct list_row *row = list_current(list);
	const struct list_mark *mark = row ? list_mark_of(list, row->id) : NULL;

	return mark ? mark->refusal : NULL;
}

/* Keys ------------------------------------------------------------------------------------ */

static unsigned
list_move(struct list *list, int64_t step)
{
	int64_t to = (int64_t)list->cursor + step;

	if (to >= (int64_t)list->total)
		to = (int64_t)list->total - 1;
	list->cursor = to > 0 ? (size_t)to : 0;
	return UI_DONE;
}

static unsigned
list_key_mark(struct list *list)
{
	const struct list_row *row = list_current(list);
	struct list_mark *mark;

	if (!row)
		return UI_HANDLED;
	mark = list_mark_need(list, row->id);
	mark->marked = !mark->marked;
	list_mark_drop(list, mark);
	return list_move(list, 1) | UI_CHANGED;
}

static unsigned
list_key_mark_all(struct list *list)
{
	bool all = list_marked(list) == list->total;

	list_unmark(list);
	list->inverted = !all;
	return UI_DONE | UI_CHANGED;
}

/* A digit beside the row; the same digit again takes it back. */
static unsigned
list_key_option(struct list *list, const struct event *event)
{
	const struct list_row *row = list_current(list);
	struct list_mark *mark;

	if (!list->options)
		return UI_NONE;
	if (!row || event->code > 127 || !strchr(list->options, (int)event->code))
		return UI_HANDLED | UI_REFUSED;
	mark = list_mark_need(list, row->id);
	mark->refusal = NULL;
	if (mark->option == (char)event->code) {
		mark->option = 0;
		list_mark_drop(list, mark);
		return UI_DONE | UI_CHANGED;
	}
	mark->option = (char)event->code;
	return list_move(list, 1) | UI_CHANGED;
}

/* A click selects the row; on the selected row it opens it. */
static unsigned
list_click(struct list *list, const struct event *event)
{
	size_t row = list->top + (size_t)(event->row - list->body.y);

	if (event->row < list->body.y || event->row >= list->body.y + list->body.rows ||
	    event->col < list->body.x || event->col >= list->body.x + list->body.cols ||
	    row >= list->total)
		return UI_NONE;
	if (row == list->cursor)
		return UI_HANDLED | UI_ACT;
	list->cursor = row;
	return UI_DONE;
}

unsigned
list_key(struct list *list, enum act act, const struct event *event)
{
	int64_t page = list->rows_seen > 1 ? list->rows_seen - 1 : 1;

	if (event->kind == EVENT_CLICK)
		return list_click(list, event);
	switch (act) {
	case ACT_up:
		return list_move(list, -1);
	case ACT_down:
		return list_move(list, 1);
	case ACT_page_up:
		return list_move(list, -page);
	case ACT_page_down:
		return list_move(list, page);
	case ACT_half_up:
		return list_move(list, -(page + 1) / 2);
	case ACT_half_down:
		return list_move(list, (page + 1) / 2);
	case ACT_first:
		return list_move(list, -(int64_t)list->total);
	case ACT_last:
		return list_move(list, (int64_t)list->total);
	case ACT_open:
		return list->total ? UI_HANDLED | UI_ACT : UI_HANDLED;
	case ACT_mark:
		return list->marks ? list_key_mark(list) : UI_NONE;
	case ACT_mark_all:
		return list->marks ? list_key_mark_all(list) : UI_NONE;
	case ACT_invert:
		if (!list->marks)
			return UI_NONE;
		list->inverted = !list->inverted;
		return UI_DONE | UI_CHANGED;
	case ACT_option:
		return list_key_option(list, event);
	default:
		return UI_NONE;
	}
}

/* Layout ---------------------------------------------------------------------------------- */

static int
list_widths_sum(const struct list *list)
{
	int sum = 0;

	for (size_t i = 0; i < list->column_count; i++)
		sum += list->widths[i] ? list->widths[i] + LIST_GAP_COLS : 0;
	return sum;
}

/* Columns of low priority go until the rest fits at its least width. */
static void
list_drop_columns(struct list *list, int cols)
{
	while (list_widths_sum(list) > cols) {
		size_t worst = list->column_count;

		for (size_t i = 0; i < list->column_count; i++)
			if (list->widths[i] && list->columns[i].priority > 0 &&
			    (worst == list->column_count ||
				list->columns[i].priority >= list->columns[worst].priority))
				worst = i;
		if (worst == list->column_count)
			return;
		list->widths[worst] = 0;
	}
}

static void
list_layout(struct list *list, int cols)
{
	int left;

	for (size_t i = 0; i < list->column_count; i++)
		list->widths[i] = list->columns[i].min_cols > 0 ? list->columns[i].min_cols : 1;
	list_drop_columns(list, cols);
	left = cols - list_widths_sum(list);
	for (size_t i = 0; i < list->column_count && left > 0; i++) {
		int more = list->columns[i].want_cols - list->widths[i];

		if (!list->widths[i] || more <= 0)
			continue;
		more = more < left ? more : left;
		list->widths[i] += more;
		left -= more;
	}
	for (size_t i = 0; i < list->column_count && left > 0; i++) {
		if (!list->columns[i].stretch || !list->widths[i])
			continue;
		list->widths[i] += left;
		left = 0;
	}
}

/* Drawing --------------------------------------------------------------------------------- */

static int
list_lead_cols(const struct list *list)
{
	return list->options ? LIST_OPTION_COLS : 1;
}

static void
list_draw_cell(
    const struct list *list, int y, int x, size_t column, const char *text, enum role role)
{
	const struct list_column *how = &list->columns[column];
	int cols = list->widths[column];

	if (text && (int)text_cols(text) > cols)
		text = text_cut(cells_scratch(), text, (size_t)cols, false);
	if (how->align == LIST_RIGHT)
		cells_put_right(y, x, cols, text, role);
	else
		cells_put(y, x, cols, text, role);
}

/* "37/50", or per cent. */
static void
list_draw_bar(
    const struct list *list, int y, int x, size_t column, const char *text, enum role role)
{
	char *end;
	int64_t done = strtoll(text, &end, 10);

	cells_bar(y, x, list->widths[column], done,
	    *end == '/' ? strtoll(end + 1, NULL, 10) : 100, role);
}

static void
list_draw_heads(const struct list *list, struct rect rect)
{
	int x = rect.x + list_lead_cols(list);

	cells_put(rect.y, rect.x, rect.cols, list->options ? tr(T_LIST_OPT) : "", ROLE_STRONG);
	for (size_t i = 0; i < list->column_count; i++) {
		const struct list_column *column = &list->columns[i];

		if (!list->widths[i])
			continue;
		list_draw_cell(list, rect.y, x, i,
		    column->sort == LIST_UNSORTED
			? column->title
			: arena_printf(cells_scratch(), "%s%c", column->title,
			      column->sort == LIST_RISING ? '^' : 'v'),
		    ROLE_STRONG);
		x += list->widths[i] + LIST_GAP_COLS;
	}
}

/* The lead: option digit, mark, and '>' on the selected row. */
static void
list_draw_lead(const struct list *list, int y, int x, const struct list_row *row, bool selected)
{
	const struct list_mark *mark = row ? list_mark_of(list, row->id) : NULL;
	bool marked = row && list->marks && list_is_marked(list, row->id);
	char lead[LIST_OPTION_COLS + 1] = "    ";

	lead[0] = selected ? '>' : marked ? '*' : ' ';
	if (list->options) {
		if (mark && mark->option)
			lead[selected ? 1 : 0] = mark->option;
		if (marked)
			lead[2] = '*';
		if (mark && mark->refusal)
			lead[2] = '!';
	} else if (marked && selected) {
		lead[0] = '*';
	}
	lead[list_lead_cols(list)] = '\0';
	cells_put(
	    y, x, list_lead_cols(list), lead, mark && mark->refusal ? ROLE_BAD : ROLE_NORMAL);
}

static int
list_focus_cols(const struct list *list, struct rect rect)
{
	int cols = list_lead_cols(list);

	for (size_t i = 0; i < list->column_count; i++) {
		if (!list->widths[i])
			continue;
		if (cols + list->widths[i] > LIST_FOCUS_COLS && cols > list_lead_cols(list))
			break;
		cols += list->widths[i] + LIST_GAP_COLS;
	}
	return cols > rect.cols ? rect.cols : cols > LIST_FOCUS_COLS ? LIST_FOCUS_COLS : cols;
}

static void
list_draw_row(const struct list *list, struct rect rect, int y, size_t index, bool focus)
{
	const struct list_row *row = list->row(list->arg, index);
	int x = rect.x + list_lead_cols(list);
	bool selected = index == list->cursor;

	cells_put(y, rect.x, rect.cols, "", ROLE_NORMAL);
	list_draw_lead(list, y, rect.x, row, selected);
	if (!row)
		cells_add(y, x, 3, "...", ROLE_NORMAL);
	for (size_t i = 0; row && i < list->column_count; i++) {
		enum role role = row->roles && row->roles[i] ? row->roles[i] : row->role;

		if (!list->widths[i])
			continue;
		if (list->columns[i].bar && row->cells[i] && *row->cells[i])
			list_draw_bar(list, y, x, i, row->cells[i], role);
		else
			list_draw_cell(list, y, x, i, row->cells[i], role);
		x += list->widths[i] + LIST_GAP_COLS;
	}
	if (selected && focus) {
		cells_paint(y, rect.x, list_focus_cols(list, rect), ROLE_FOCUS);
		cells_cursor(y, rect.x);
	}
}

/* Over a slow line a step past the edge scrolls half a page: one paint instead of many. */
static void
list_scroll(struct list *list, size_t rows)
{
	size_t extra = term_is_remote() && rows > 3 ? rows / 2 : 0;

	if (list->cursor < list->top)
		list->top = list->cursor > extra ? list->cursor - extra : 0;
	if (list->cursor >= list->top + rows)
		list->top = list->cursor - rows + 1 + extra;
	if (list->top + rows > list->total)
		list->top = list->total > rows ? list->total - rows : 0;
}

static void
list_say_visible(struct list *list, size_t rows)
{
	size_t count = list->total - list->top < rows ? list->total - list->top : rows;

	if (list->at_least && list->top + rows >= list->total)
		count = rows;
	if (!list->visible || (list->said_first == list->top && list->said_count == count))
		return;
	list->said_first = list->top;
	list->said_count = count;
	list->visible(list->arg, list->top, count);
}

void
list_draw(struct list *list, struct rect rect, bool focus)
{
	int heads = list->plain ? 0 : 1, rows = rect.rows - heads;

	if (rows < 1)
		return;
	list->rows_seen = rows;
	list->body = (struct rect){ rect.y + heads, rect.x, rows, rect.cols };
	list_layout(list, rect.cols - list_lead_cols(list));
	list_scroll(list, (size_t)rows);
	list_say_visible(list, (size_t)rows);
	cells_fill(rect, ROLE_NORMAL);
	if (heads)
		list_draw_heads(list, rect);
	if (focus)
		cells_cursor(rect.y + heads, rect.x);
	for (int i = 0; i < rows && list->top + (size_t)i < list->total; i++)
		list_draw_row(list, rect, rect.y + heads + i, list->top + (size_t)i, focus);
	if (!list->total)
		cells_put(rect.y + heads, rect.x + 1, rect.cols - 1,
		    list->empty ? list->empty : tr(T_LIST_EMPTY), ROLE_NORMAL);
}

char *
list_range(struct arena *arena, const struct list *list)
{
	size_t last = list->top + (size_t)list->rows_seen;

	if (!list->total)
		return arena_strdup(arena, "0");
	return arena_printf(arena, tr(list->at_least ? T_LIST_RANGE_MORE : T_LIST_RANGE),
	    list->top + 1, last < list->total ? last : list->total, list->total);
}
