/*
 * Moving in a list: rows come page by page while keys ask for more, and when rows are read
 * again the cursor stays where it was.
 */
#include "client/screens/list_private.h"
#include <stdlib.h>

enum {
	LIST_END_MAX = 2000, /* End goes on to the very last row of so many */
	LIST_END_STEP = 500, /* and so far in longer ones */
};

void
list_move_visible(void *arg, size_t first, size_t count)
{
	struct list_screen *screen = arg;

	list_data_visible(screen->data, first, count);
}

/* What a key wanted to move beyond the rows that were here, now that more of them are. */
static void
move_pay(struct list_screen *screen)
{
	struct list *list = &screen->list;
	size_t want = screen->owed_to, at;

	if (want == 0)
		return;
	if (want < list->total || !list_data_more(screen->data))
		screen->owed_to = 0;
	else
		list_data_reach(screen->data, want);
	list_go(list, want);
	if (screen->keep != 0 && list_data_find(screen->data, screen->keep, &at))
		list_go(list, at);
}

/* How far beyond the row it was on a key wanted to go, where there were no more rows. */
static size_t
move_step(const struct list_screen *screen, enum act act)
{
	size_t page = screen->list.rows_seen > 1 ? (size_t)screen->list.rows_seen - 1 : 1;

	switch (act) {
	case ACT_page_down:
		return page;
	case ACT_half_down:
		return (page + 1) / 2;
	case ACT_down:
		return 1;
	default:
		return 0;
	}
}

/* The cursor stopped at the last row here, and the key was for going on. */
void
list_move_owe(struct list_screen *screen, size_t from, enum act act)
{
	struct list *list = &screen->list;
	size_t step = move_step(screen, act), count;
	bool at_least, known = list_data_count(screen->data, &count, &at_least) && !at_least;

	screen->keep = 0; /* where the user goes counts, not where the cursor was */
	if (step == 0 && act != ACT_last) {
		screen->owed_to = 0;
		return;
	}
	if (list->cursor + 1 < list->total || !list_data_more(screen->data))
		return;
	if (step > 0) {
		screen->owed_to = (screen->owed_to > from ? screen->owed_to : from) + step;
	} else if (known && count <= LIST_END_MAX) {
		screen->owed_to = count;
	} else {
		screen->owed_to = list->total + LIST_END_STEP;
		message_say(SAY_NOTE, 0, tr(T_LIST_FAR));
	}
	move_pay(screen);
}

/* Rows of another query, or the same again: then the cursor stays on its record, marks stay. */
static void
move_begin(struct list_screen *screen, size_t end, bool more)
{
	struct list *list = &screen->list;
	size_t from = list->cursor, at = 0;

	list_column_measure(screen);
	screen->owed_to = 0;
	if (screen->keep_marks) {
		list_set_total(list, end, more);
		list->said_count = 0; /* what is in sight is to be said again */
	} else {
		list_reset(list, end, more);
	}
	if (screen->keep != 0 && list_data_find(screen->data, screen->keep, &at)) {
		list_go(list, at);
	} else if (screen->keep != 0 && more && from >= end && from <= LIST_END_MAX) {
		screen->owed_to = from; /* further down: where it was, or nearly so */
		move_pay(screen);
	}
	screen->fresh_count = 0;
	free(screen->fault);
	screen->fault = NULL;
	screen->sort_before = screen->sort;
	screen->down_before = screen->down;
}

void
list_move_changed(void *context, bool first)
{
	struct list_screen *screen = context;
	size_t end = list_data_end(screen->data);
	bool more = list_data_more(screen->data);

	if (first) {
		move_begin(screen, end, more);
	} else {
		list_set_total(&screen->list, end, more);
		move_pay(screen);
	}
	ui_redraw(screen->app->ui);
}

void
list_move_failed(void *context, const Kehu__ServerFrame *answer)
{
	struct list_screen *screen = context;

	/* A refused order: the one of before stands, as the rows do. */
	screen->sort = screen->sort_before;
	screen->down = screen->down_before;
	list_filter_failed(screen, answer);
	ui_redraw(screen->app->ui);
}

void
list_screen_ask(struct list_screen *screen, bool quiet, bool keep)
{
	const Kehu__Row *row = keep ? list_screen_current(screen) : NULL;

	screen->keep = row == NULL ? 0 : row->id;
	screen->keep_marks = keep;
	list_data_ask(screen->data, screen->query, screen->sort, screen->down,
	    (quiet ? DATA_QUIET : 0U) | (keep ? DATA_AGAIN : 0U));
}
