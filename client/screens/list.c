/*
 * The list of any entity, with a preview beside it where there is room: the screen and its
 * keys. Columns and rows are list_column.c's, moving list_move.c's, the filter line
 * list_filter.c's, what is done with rows list_option.c's.
 */
#include "client/screens/list.h"

#include "client/screens/ask.h"
#include "client/screens/cell.h"
#include "client/screens/import.h"
#include "client/screens/jobs.h"
#include "client/screens/list_private.h"
#include "client/screens/recent.h"
#include "client/screens/resume.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIST_PREVIEW_FROM_COLS = 110, /* wider windows show the preview by themselves */
	LIST_PREVIEW_COLS = 40,
	LIST_PREVIEW_MIN_COLS = 24,
	LIST_LEAST_COLS = 44,
	LIST_QUERY_CHARS = 1000,
};

const Kehu__Entity *
list_screen_entity(const struct list_screen *screen)
{
	const struct cat *cat = app_cat(screen->app);

	return cat == NULL ? NULL : cat_entity(cat, screen->entity);
}

const Kehu__Row *
list_screen_current(const struct list_screen *screen)
{
	const Kehu__Row *row = list_data_row(screen->data, screen->list.cursor);

	return row != NULL && row->n_cells > 0 ? row : NULL;
}

/* ---- what others change ---- */

static void
list_on_live(void *context, uint32_t entity, int64_t id, uint32_t version)
{
	struct list_screen *screen = context;
	size_t at;

	(void)entity;
	if (list_data_find(screen->data, id, &at)) {
		if (list_data_row(screen->data, at)->version != version || version == 0)
			list_data_refresh(screen->data, id);
		preview_again(screen->preview, id);
		return;
	}
	if (version != 1 || screen->fresh_count == LIST_NEW_MAX)
		return;
	for (size_t i = 0; i < screen->fresh_count; i++)
		if (screen->fresh[i] == id)
			return;
	screen->fresh[screen->fresh_count++] = id;
	ui_redraw(screen->app->ui);
}

static void
list_show_live(struct list_screen *screen)
{
	int64_t ids[256];
	size_t count = 0;

	for (int i = 0; i < screen->list.rows_seen && count < 256; i++) {
		const Kehu__Row *row =
		    list_data_row(screen->data, screen->list.top + (size_t)i);

		if (row != NULL)
			ids[count++] = row->id;
	}
	live_show(screen->live, screen->entity, ids, count, true);
}

/* ---- drawing ---- */

static bool
list_has_preview(const struct list_screen *screen, int cols)
{
	if (screen->preview_off || cols < LIST_LEAST_COLS + LIST_PREVIEW_MIN_COLS)
		return false;
	return screen->preview_on || cols >= LIST_PREVIEW_FROM_COLS;
}

static int
list_preview_cols(const struct list_screen *screen, int cols)
{
	int want = cols >= LIST_PREVIEW_FROM_COLS ? LIST_PREVIEW_COLS : cols * 2 / 5;

	want += screen->list_less_cols;
	if (want > cols - LIST_LEAST_COLS)
		want = cols - LIST_LEAST_COLS;
	return want < LIST_PREVIEW_MIN_COLS ? LIST_PREVIEW_MIN_COLS : want;
}

static const char *
list_empty(const struct list_screen *screen)
{
	const Kehu__Entity *entity = list_screen_entity(screen);
	const char *label = entity == NULL ? "" : entity->label;

	if (list_data_waits(screen->data))
		return "";
	if (screen->query[0])
		return arena_printf(cells_scratch(), tr(T_LIST_NONE_FIT), label);
	return arena_printf(cells_scratch(),
	    tr(entity != NULL && entity->actions_allowed & CAT_CREATE ? T_LIST_NONE : T_LIST_NONE_READ), label);
}

static void
list_draw_preview(struct list_screen *screen, struct rect rect)
{
	const Kehu__Row *row = list_screen_current(screen);
	size_t count;
	const uint32_t *columns = list_data_columns(screen->data, &count);

	preview_point(screen->preview, row, columns, count);
	cells_upright(rect.y, rect.x, rect.rows);
	preview_draw(
	    screen->preview, (struct rect){ rect.y, rect.x + 2, rect.rows, rect.cols - 2 });
}

static void
list_screen_draw(struct screen *base, struct rect rect)
{
	struct list_screen *screen = (struct list_screen *)base;
	struct rect rows = rect;

	list_column_make(screen);
	screen->list.empty = list_empty(screen);
	if (list_has_preview(screen, rect.cols))
		rows.cols -= list_preview_cols(screen, rect.cols);
	list_draw(&screen->list, rows, !screen->prompt.open);
	if (rows.cols < rect.cols)
		list_draw_preview(screen,
		    (struct rect){ rect.y, rows.cols, rect.rows, rect.cols - rows.cols });
	list_show_live(screen);
}

static void
list_screen_head(struct screen *base, struct rect rect)
{
	list_filter_draw((struct list_screen *)base, rect);
}

static const char *
list_screen_title(struct screen *base)
{
	struct list_screen *screen = (struct list_screen *)base;
	const Kehu__Entity *entity = list_screen_entity(screen);

	if (screen->name[0] != '\0')
		return text_cut(cells_scratch(),
		    text_print(cells_scratch(), screen->name, TEXT_LINE), 16, false);
	return entity == NULL ? "" : entity->label;
}

static const char *
list_screen_hint(struct screen *base)
{
	struct list_screen *screen = (struct list_screen *)base;
	const char *refusal = list_refusal(&screen->list);

	if (screen->fault != NULL)
		return screen->fault;
	return refusal != NULL ? refusal : list_option_legend(screen);
}

static enum ctx
list_screen_context(struct screen *base)
{
	return ((struct list_screen *)base)->prompt.open ? CTX_INPUT : CTX_LIST;
}

static bool
list_screen_can(struct screen *base, enum act act)
{
	struct list_screen *screen = (struct list_screen *)base;
	const Kehu__Entity *entity = list_screen_entity(screen);
	uint32_t allowed = entity == NULL ? 0 : entity->actions_allowed;
	bool some = screen->list.total > 0;

	switch (act) {
	case ACT_new:
		return allowed & CAT_CREATE;
	case ACT_edit:
		return some && (allowed & CAT_EDIT);
	case ACT_open:
	case ACT_mark:
	case ACT_actions:
		return some;
	case ACT_import:
		return import_may(screen->app, entity);
	case ACT_export:
		return some && (allowed & CAT_EXPORT);
	case ACT_undo:
		return screen->undo_count > 0;
	case ACT_reply:
		return list_option_can_reply(screen);
	default:
		return true;
	}
}

/* ---- keys ---- */

void
list_screen_open_row(struct list_screen *screen, const Kehu__Row *row)
{
	recent_add(screen->app, screen->entity, row->id, list_screen_label(screen, row));
	record_open(screen->app, screen->entity, row->id);
}

static unsigned
list_key_preview(struct list_screen *screen)
{
	bool shown = list_has_preview(screen, cells_cols());

	screen->preview_off = shown;
	screen->preview_on = !shown;
	return UI_DONE;
}

static unsigned
list_key_open(struct list_screen *screen)
{
	const Kehu__Row *row = list_screen_current(screen);

	if (list_pending(&screen->list) > 0)
		return list_option_run(screen);
	if (row != NULL)
		list_screen_open_row(screen, row);
	return UI_DONE;
}

static unsigned
list_key_act(struct list_screen *screen, enum act act)
{
	const Kehu__Row *row = list_screen_current(screen);

	switch (act) {
	case ACT_find:
		prompt_open(&screen->prompt);
		return UI_DONE;
	case ACT_refresh:
		link_retry(screen->app->link);
		list_screen_ask(screen, false, true);
		return UI_DONE;
	case ACT_new:
		list_option_new(screen);
		return UI_DONE;
	case ACT_edit:
		if (row != NULL)
			form_open_edit(screen->app, screen->entity, row->id);
		return UI_DONE;
	case ACT_actions:
		list_option_actions(screen);
		return UI_DONE;
	case ACT_reply:
		list_option_reply(screen);
		return UI_DONE;
	case ACT_undo:
		list_option_undo(screen);
		return UI_DONE;
	case ACT_sort:
		return list_column_sort(screen, false);
	case ACT_sort_turn:
		return list_column_sort(screen, true);
	case ACT_preview:
		return list_key_preview(screen);
	case ACT_narrower:
		screen->list_less_cols += 4;
		return UI_DONE;
	case ACT_wider:
		screen->list_less_cols -= 4;
		return UI_DONE;
	case ACT_columns:
		list_choose_columns(screen);
		return UI_DONE;
	case ACT_group:
		list_choose_group(screen);
		return UI_DONE;
	case ACT_export:
		export_open(screen->app, screen);
		return UI_DONE;
	case ACT_import:
		import_open(screen->app, screen->entity);
		return UI_DONE;
	case ACT_copy:
	case ACT_copy_record:
		list_option_copy(screen, act == ACT_copy_record);
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

/* Han letters and pastes mean that somebody is looking for something. */
static bool
list_is_typing(const struct event *event)
{
	return event->kind == EVENT_PASTE ||
	       (event_char(event) != 0 && text_is_han(event_char(event)));
}

static unsigned
list_screen_key(struct screen *base, enum act act, const struct event *event)
{
	struct list_screen *screen = (struct list_screen *)base;
	size_t from = screen->list.cursor;
	unsigned flags;

	if (!screen->prompt.open && act == ACT_NONE && list_is_typing(event))
		prompt_open(&screen->prompt);
	if (screen->prompt.open)
		return list_filter_key(screen, act, event);
	if (act == ACT_half_up && screen->list.total == 0 && screen->query[0] != '\0') {
		list_filter_set(screen, "");
		return UI_DONE;
	}
	flags = list_key(&screen->list, act, event);
	list_move_owe(screen, from, act);
	if (flags & UI_ACT)
		return list_key_open(screen);
	if (flags & UI_REFUSED)
		message_say(SAY_NOTE, 0, tr(T_LIST_NO_OPTION));
	return flags == UI_NONE ? list_key_act(screen, act) : flags | UI_REDRAW;
}

/* ---- the screen ---- */

/* After a form or a record above went: only if something was written is it read again. */
static void
list_screen_resume(struct screen *base)
{
	struct list_screen *screen = (struct list_screen *)base;

	if (!list_data_fresh(screen->data))
		list_screen_ask(screen, true, true);
}

static void
list_screen_reload(struct screen *base)
{
	list_screen_ask((struct list_screen *)base, true, true);
}

static void
list_screen_leave(struct screen *base)
{
	struct list_screen *screen = (struct list_screen *)base;

	loop_cancel(screen->app->loop, screen->debounce);
	ask_cancel(screen->app, &screen->getting);
	list_option_leave(screen);
	live_close(screen->live);
	preview_free(screen->preview);
	list_data_free(screen->data);
	list_fini(&screen->list);
	prompt_fini(&screen->prompt);
	arena_free(screen->arena);
	free(screen->query);
	free(screen->fault);
	free(screen->name);
	free(screen->column_names);
	free(screen->group);
	free(screen->sums);
	free(screen);
}

/* Rows are read with the columns there are now. */
void
list_screen_read(struct list_screen *screen)
{
	if (screen->data != NULL)
		list_data_free(screen->data);
	screen->data = list_data_new(
	    screen->app, &(struct list_data_config){ .entity = screen->entity,
			     .columns = screen->fields,
			     .column_count = screen->column_names[0] != '\0' ? screen->column_count : 0,
			     .changed = list_move_changed,
			     .failed = list_move_failed,
			     .context = screen });
}

/* Names hold no tabs: they are of the catalogue, or were cleaned. */
static const char *
list_screen_place(struct screen *base)
{
	struct list_screen *screen = (struct list_screen *)base;
	const Kehu__Entity *entity = list_screen_entity(screen);
	const Kehu__Row *row = list_screen_current(screen);
	struct view view;

	if (entity == NULL)
		return NULL;
	view = list_choose_view(screen, screen->name);
	return arena_printf(cells_scratch(), "list\t%s\t%zu\t%" PRId64 "\t%s\t%s\t%s\t%s", entity->name,
	    screen->list.cursor, row != NULL ? row->id : 0, view.columns != NULL ? view.columns : "",
	    view.sort != NULL ? view.sort : "", screen->name,
	    text_print(cells_scratch(), screen->query, TEXT_LINE));
}

static const struct screen_ops list_ops = {
	.name = "list",
	.place = list_screen_place,
	.context = CTX_LIST,
	.context_now = list_screen_context,
	.title = list_screen_title,
	.head = list_screen_head,
	.draw = list_screen_draw,
	.hint = list_screen_hint,
	.can = list_screen_can,
	.key = list_screen_key,
	.reload = list_screen_reload,
	.resume = list_screen_resume,
	.leave = list_screen_leave,
};

static int
list_module(const Kehu__Entity *entity)
{
	static const char *const names[] = { "customer", "visit", "contact" };

	for (int i = 0; i < 3; i++)
		if (strcmp(entity->name, names[i]) == 0)
			return i + 2;
	return 0;
}

static char *
list_dup(const char *text)
{
	char *copy = mem_strdup(text != NULL ? text : "");

	return copy;
}

/* "-name": downwards. A field that is no longer there orders nothing. */
static void
list_take_sort(struct list_screen *screen, const Kehu__Entity *entity, const char *sort)
{
	screen->down = screen->down_before = sort[0] == '-';
	screen->sort = screen->sort_before =
	    sort[0] == '\0' ? 0 : app_field(entity, sort + (sort[0] == '-'));
}

void
list_open_view(struct app *app, uint32_t entity_number, const struct view *view)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), entity_number);
	struct list_screen *screen = mem_zalloc(1, sizeof(*screen));

	if (entity == NULL) {
		free(screen);
		message_error(ERR_NO_SUCH_ENTITY, NULL, app->lang);
		return;
	}
	screen->ops = list_ops;
	screen->ops.module = list_module(entity);
	screen->screen.ops = &screen->ops;
	screen->app = app;
	screen->entity = entity_number;
	screen->arena = arena_new(0);
	screen->name = list_dup(view->name);
	screen->column_names = list_dup(view->columns);
	screen->group = list_dup(view->group);
	screen->sums = list_dup(view->sums);
	screen->query = list_dup(view->query);
	list_take_sort(screen, entity, view->sort != NULL ? view->sort : "");
	screen->prompt.label = tr(T_FIND_PROMPT);
	prompt_init(&screen->prompt, LIST_QUERY_CHARS);
	prompt_set(&screen->prompt, screen->query);
	screen->list = (struct list){ .columns = screen->columns,
		.row = list_column_row,
		.visible = list_move_visible,
		.arg = screen,
		.marks = true };
	list_init(&screen->list);
	screen->preview = preview_new(app, entity_number);
	screen->live =
	    live_open(app, &(struct live_config){ .changed = list_on_live, .context = screen });
	list_column_make(screen);
	list_screen_read(screen);
	ui_push(app->ui, &screen->screen);
	list_screen_ask(screen, false, false);
}

void
list_resume(struct app *app, char *const words[RESUME_WORDS])
{
	const Kehu__Entity *entity = app_entity(app, words[0]);
	struct list_screen *screen;

	if (entity == NULL)
		return;
	list_open_view(app, entity->number,
	    &(struct view){ .columns = words[3], .sort = words[4], .name = words[5], .query = words[6] });
	screen = (struct list_screen *)ui_top(app->ui);
	/* The first rows are on their way; the cursor waits for its own. */
	screen->list.cursor = strtoul(words[1], NULL, 10);
	screen->keep = strtoll(words[2], NULL, 10);
}

void
list_open(struct app *app, uint32_t entity, const char *query)
{
	const Kehu__Entity *of = cat_entity(app_cat(app), entity);

	list_open_view(app, entity,
	    &(struct view){
		.query = query, .columns = of != NULL ? list_choose_remembered(app, of->name) : "" });
}

static struct list_screen *
list_of_screen(struct screen *screen)
{
	return screen != NULL && screen->ops->draw == list_screen_draw
		   ? (struct list_screen *)screen
		   : NULL;
}

static struct screen *
list_below(const struct app *app)
{
	struct screen *base = ui_top(app->ui);

	while (base != NULL && base->ops->popup)
		base = base->below;
	return base;
}

uint32_t
list_entity_below(const struct app *app)
{
	const struct list_screen *screen = list_of_screen(list_below(app));

	return screen == NULL ? 0 : screen->entity;
}

bool
list_view_below(const struct app *app, struct view *view)
{
	struct screen *base = list_below(app);
	struct list_screen *screen = list_of_screen(base);

	if (screen == NULL)
		return group_view(base, view);
	*view = list_choose_view(screen, screen->name);
	/* The list itself, not the groups it was last seen in. */
	view->group = view->sums = "";
	return view->entity[0] != '\0';
}

bool
list_save_view(struct app *app, struct screen *base, const char *name)
{
	struct list_screen *screen = list_of_screen(base);
	const Kehu__Entity *entity = screen == NULL ? NULL : list_screen_entity(screen);

	if (entity == NULL)
		return group_save_view(app, base, name);
	struct view view = list_choose_view(screen, name);

	views_save(app, &view);
	return true;
}

bool
list_neighbour(
    struct app *app, uint32_t entity, int64_t id, int step, int64_t *other, size_t *place)
{
	struct list_screen *screen = NULL;
	size_t at;

	for (struct screen *base = ui_top(app->ui); base != NULL && screen == NULL;
	     base = base->below) {
		screen = list_of_screen(base);
		if (screen != NULL && screen->entity != entity)
			screen = NULL;
	}
	if (screen == NULL || !list_data_find(screen->data, id, &at) || (step < 0 && at == 0))
		return false;
	const Kehu__Row *row = list_data_row(screen->data, at + (size_t)step);
	if (row == NULL || row->n_cells == 0)
		return false;
	list_go(&screen->list, at + (size_t)step);
	list_data_visible(screen->data, at + (size_t)step, (size_t)screen->list.rows_seen);
	*other = row->id;
	*place = at + (size_t)step + 1;
	return true;
}
