/* The popup of picker.h: an input line over a list, both the usual widgets. */
#include "client/ui/picker.h"
#include "client/ui/edit.h"
#include "client/ui/list.h"
#include "common/mem.h"
#include "common/pinyin.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	PICKER_ROWS = 9,
	PICKER_PALETTE_ROWS = 10,
	PICKER_COLS = 56,
	PICKER_TEXT = 80,
	PICKER_NOTE_COLS = 18
};

struct picker {
	struct screen screen;
	struct picker_config config;
	char *title;
	struct edit edit;
	struct list list;
	struct list_column columns[2];
	struct arena *arena; /* of the candidates */
	struct picker_item *items;
	size_t count, room;
	struct list_row row;
	const char *cells[2];
	unsigned timer;
	bool moved; /* the user chose a row: new candidates do not move it to the exact one */
	bool owed;  /* Enter came before what is found */
};

static const struct list_row *
picker_row(void *arg, size_t index)
{
	struct picker *picker = arg;

	picker->cells[0] = picker->items[index].label;
	picker->cells[1] = picker->items[index].note;
	picker->row =
	    (struct list_row){ .id = picker->items[index].id, .cells = picker->cells,
		.role = picker->items[index].muted ? ROLE_MUTED : ROLE_NORMAL };
	return &picker->row;
}

void
picker_clear(struct picker *picker)
{
	arena_reset(picker->arena);
	picker->items = NULL;
	picker->count = picker->room = 0;
	picker->moved = false;
	list_reset(&picker->list, 0, false);
	ui_redraw(picker->screen.ui);
}

void
picker_add(struct picker *picker, const struct picker_item *item)
{
	struct picker_item *copy;

	if (picker->count == picker->room) {
		size_t room = picker->room ? picker->room * 2 : 32;
		struct picker_item *items =
		    ARENA_ARRAY(picker->arena, struct picker_item, room);

		if (picker->count)
			memcpy(items, picker->items, picker->count * sizeof *items);
		picker->items = items;
		picker->room = room;
	}
	copy = &picker->items[picker->count++];
	*copy = *item;
	copy->label = arena_strdup(picker->arena, item->label);
	copy->note = arena_strdup(picker->arena, item->note);
	list_set_total(&picker->list, picker->count, false);
	if (item->exact && !picker->moved) {
		list_go(&picker->list, picker->count - 1);
		picker->moved = true;
	}
	ui_redraw(picker->screen.ui);
}

const char *
picker_text(const struct picker *picker)
{
	return edit_text(&picker->edit);
}

void
picker_refresh(struct picker *picker)
{
	picker->config.search(picker->config.arg, picker, picker_text(picker));
}

void
picker_again(struct picker *picker)
{
	size_t at = picker->list.cursor;

	picker_refresh(picker);
	if (at < picker->count)
		list_go(&picker->list, at);
}

static void
picker_on_quiet(void *arg)
{
	struct picker *picker = arg;

	picker->timer = 0;
	picker_refresh(picker);
}

static void
picker_changed(struct picker *picker)
{
	struct loop *loop = ui_loop(picker->screen.ui);

	loop_cancel(loop, picker->timer);
	picker->timer = 0;
	if (picker->config.debounce_ms > 0)
		picker->timer =
		    loop_timer(loop, picker->config.debounce_ms, picker_on_quiet, picker);
	else
		picker_refresh(picker);
}

static unsigned
picker_take(struct picker *picker)
{
	const struct picker_item *item = NULL;

	/* What was typed last has not been searched yet: Enter must not take an old row. */
	if (picker->timer) {
		loop_cancel(ui_loop(picker->screen.ui), picker->timer);
		picker_on_quiet(picker);
	}
	if (picker->list.cursor < picker->count)
		item = &picker->items[picker->list.cursor];
	return picker->config.take(picker->config.arg, item, picker_text(picker)) | UI_HANDLED;
}

void
picker_owe(struct picker *picker)
{
	picker->owed = true;
}

void
picker_settle(struct picker *picker)
{
	if (!picker->owed)
		return;
	picker->owed = false;
	if (ui_top(picker->screen.ui) == &picker->screen)
		ui_do(picker->screen.ui, ACT_open); /* may free the picker */
}

static bool
picker_waits(struct screen *screen)
{
	return ((struct picker *)screen)->owed;
}

static unsigned
picker_key(struct screen *screen, enum act act, const struct event *event)
{
	struct picker *picker = (struct picker *)screen;
	unsigned flags;

	if (act != ACT_open)
		picker->owed = false;
	switch (act) {
	case ACT_open:
		return picker_take(picker);
	case ACT_next:
		if (picker->list.cursor >= picker->count)
			return UI_HANDLED;
		edit_set(&picker->edit, picker->items[picker->list.cursor].label);
		picker_changed(picker);
		return UI_DONE;
	case ACT_back:
	case ACT_cancel:
		return UI_DONE | UI_CLOSE;
	case ACT_up:
	case ACT_down:
	case ACT_page_up:
	case ACT_page_down:
		picker->moved = true;
		return list_key(&picker->list, act, event);
	default:
		break;
	}
	flags = edit_key(&picker->edit, act, event);
	if (flags & UI_CHANGED)
		picker_changed(picker);
	return flags;
}

static struct rect
picker_box(const struct picker *picker)
{
	struct rect box = cells_centre(PICKER_ROWS + 4, PICKER_COLS + 4);

	if (picker->config.palette) {
		box.y = 2;
		box.x = 0;
		box.rows = PICKER_PALETTE_ROWS;
	}
	return box;
}

static void
picker_draw(struct screen *screen, struct rect rect)
{
	struct picker *picker = (struct picker *)screen;
	struct rect box = picker_box(picker),
		    rows = { box.y + 1, box.x + 1, box.rows - 2, box.cols - 2 };
	const char *label = picker->config.palette ? picker->title : "> ";
	int y = picker->config.palette ? 1 : box.y + 1,
	    x = picker->config.palette ? 0 : box.x + 1;
	int cols = picker->config.palette ? rect.cols : box.cols - 2;

	cells_box(box, picker->config.palette ? NULL : picker->title);
	if (!picker->config.palette) {
		rows.y++;
		rows.rows--;
	}
	list_draw(&picker->list, rows, true);
	cells_fill((struct rect){ y, x, 1, cols }, ROLE_NORMAL);
	x += cells_add(y, x, cols, label, ROLE_NORMAL);
	/* The line is where one types; the row taken is marked by '>' and reversed. */
	edit_draw(&picker->edit, (struct rect){ y, x, 1, cols - (int)text_cols(label) },
	    ROLE_NORMAL, true);
}

static const char *
picker_hint(struct screen *screen)
{
	(void)screen;
	return tr(T_PICK_HINT);
}

static const char *
picker_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_open ? tr(T_PICK_TAKE) : act == ACT_next ? tr(T_PICK_COMPLETE) : NULL;
}

static enum ctx
picker_context(struct screen *screen)
{
	return ((struct picker *)screen)->config.palette ? CTX_PALETTE : CTX_PICKER;
}

static void
picker_leave(struct screen *screen)
{
	struct picker *picker = (struct picker *)screen;

	loop_cancel(ui_loop(screen->ui), picker->timer);
	if (picker->config.closed)
		picker->config.closed(picker->config.arg);
	edit_fini(&picker->edit);
	list_fini(&picker->list);
	arena_free(picker->arena);
	free(picker->title);
	free(picker);
}

static const struct screen_ops picker_ops = {
	.name = "picker",
	.context = CTX_PICKER,
	.context_now = picker_context,
	.popup = true,
	.draw = picker_draw,
	.hint = picker_hint,
	.label = picker_label,
	.key = picker_key,
	.waits = picker_waits,
	.leave = picker_leave,
};

struct picker *
picker_open(struct ui *ui, const struct picker_config *config)
{
	struct picker *picker = mem_zalloc(1, sizeof *picker);

	picker->screen.ops = &picker_ops;
	picker->config = *config;
	picker->title = mem_strdup(config->title ? config->title : "");
	picker->arena = arena_new(0);
	edit_init(&picker->edit, PICKER_TEXT);
	edit_set(&picker->edit, config->text);
	picker->columns[0] = (struct list_column){
		.title = "", .min_cols = 20, .want_cols = 32, .stretch = true
	};
	picker->columns[1] = (struct list_column){
		.title = "", .min_cols = 1, .want_cols = PICKER_NOTE_COLS, .priority = 1
	};
	picker->list = (struct list){ .columns = picker->columns,
		.column_count = 2,
		.row = picker_row,
		.arg = picker,
		.plain = true,
		.empty = tr(T_PICK_NONE) };
	list_init(&picker->list);
	ui_push(ui, &picker->screen);
	picker_refresh(picker);
	return picker;
}

int
picker_match(const char *label, const char *typed)
{
	struct arena *arena;
	char *text, *want, *initials, *full;
	size_t bytes;
	int fits = 0;

	if (!*typed)
		return 1;
	arena = arena_new(0);
	text = text_fold(arena, label);
	want = text_fold(arena, typed);
	initials = pinyin_initials(arena, label, PINYIN_NAME);
	full = pinyin_full(arena, label, PINYIN_NAME);
	bytes = strlen(want);
	if (strcmp(text, want) == 0 || strcasecmp(initials, want) == 0)
		fits = 3;
	else if (strncmp(text, want, bytes) == 0 || strncasecmp(initials, want, bytes) == 0 ||
		 strncasecmp(full, want, bytes) == 0)
		fits = 2;
	else if (strstr(text, want) || strstr(initials, want))
		fits = 1;
	arena_free(arena);
	return fits;
}
