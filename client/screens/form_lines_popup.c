/*
 * The table of lines over a form, and the small form of one line. Lines with one reference and
 * nothing else (whom a visit met) are picked straight from the list of records.
 */
#include "client/screens/form_lines_private.h"
#include "client/screens/form_near.h"
#include "client/screens/form_values.h"
#include "client/ui/list.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { LINES_COLUMNS = 6, LINES_BOX_ROWS = 16, LINES_BOX_COLS = 60 };

struct lines_screen {
	struct screen screen;
	struct app *app;
	struct lines *lines;
	struct list list;
	struct list_column columns[LINES_COLUMNS];
	size_t fields[LINES_COLUMNS]; /* positions */
	struct list_row row;
	const char *cells[LINES_COLUMNS];
	bool changed;
	void (*done)(void *context);
	void *context;
};

/* The last row stands for a new line. */
static const struct list_row *
lines_row(void *arg, size_t index)
{
	struct lines_screen *popup = arg;
	const struct line *line;

	memset(popup->cells, 0, sizeof(popup->cells));
	popup->row = (struct list_row){ .cells = popup->cells };
	if (index >= popup->lines->count) {
		size_t wide = 0;

		while (wide + 1 < popup->list.column_count && !popup->columns[wide].stretch)
			wide++;
		popup->cells[wide] = tr(T_LINES_ADD);
		return &popup->row;
	}
	line = &popup->lines->line[index];
	popup->row.id = line->id;
	for (size_t i = 0; i < popup->list.column_count; i++)
		popup->cells[i] = lines_cell(
		    popup->lines, popup->app, cells_scratch(), line, popup->fields[i]);
	if (line->removed)
		popup->cells[0] = arena_printf(
		    cells_scratch(), "(%s) %s", tr(T_LINES_REMOVED), popup->cells[0]);
	popup->row.role = line->error != NULL ? ROLE_BAD
			  : line->removed     ? ROLE_MUTED
					      : ROLE_NORMAL;
	return &popup->row;
}

static void
lines_refresh(struct lines_screen *popup)
{
	list_set_total(&popup->list, popup->lines->count + 1, false);
	ui_redraw(popup->app->ui);
}

static void
lines_touch(struct lines_screen *popup, struct line *line)
{
	line->changed = true;
	line->error = NULL;
	popup->changed = true;
	lines_refresh(popup);
}

/* ---- one line ---- */

struct line_screen {
	struct screen screen;
	struct lines_screen *popup;
	struct values values;
	size_t index; /* of the line; the number of lines: a new one */
	bool save_wanted;
};

static void
line_keep(struct line_screen *edit)
{
	struct lines *lines = edit->popup->lines;
	struct line *line =
	    edit->index < lines->count ? &lines->line[edit->index] : lines_add_new(lines);

	for (size_t i = 0; i < edit->values.count; i++) {
		Kehu__Value value;

		if (edit->values.fields[i].kind != FORM_SHOW &&
		    values_get(&edit->values, lines->arena, i, &value) == ERR_OK)
			lines_set(lines, line, &value);
	}
	list_go(&edit->popup->list, lines->count);
	lines_touch(edit->popup, line);
}

static unsigned
line_save(struct line_screen *edit)
{
	edit->save_wanted = edit->values.asking > 0;
	if (edit->save_wanted)
		return UI_DONE;
	line_keep(edit);
	return UI_DONE | UI_CLOSE;
}

static void
line_on_settled(void *context)
{
	struct line_screen *edit = context;

	if (!edit->save_wanted)
		return;
	edit->save_wanted = false;
	if (form_check_all(&edit->values.form) > 0) {
		form_show_errors(&edit->values.form);
	} else if (ui_top(edit->popup->app->ui) == &edit->screen &&
		   (line_save(edit) & UI_CLOSE)) {
		ui_pop(edit->popup->app->ui);
	}
}

static unsigned
line_key(struct screen *screen, enum act act, const struct event *event)
{
	struct line_screen *edit = (struct line_screen *)screen;
	unsigned flags = values_key(&edit->values, act, event);

	return flags & UI_ACT ? line_save(edit) : flags;
}

static void
line_draw(struct screen *screen, struct rect rect)
{
	struct line_screen *edit = (struct line_screen *)screen;
	struct rect box = cells_centre((int)edit->values.count * 2 + 4, LINES_BOX_COLS + 8);

	(void)rect;
	cells_box(box, lines_label(edit->popup->lines));
	form_draw(&edit->values.form,
	    (struct rect){ box.y + 1, box.x + 1, box.rows - 2, box.cols - 2 }, true);
}

static const char *
line_hint(struct screen *screen)
{
	return values_hint(&((struct line_screen *)screen)->values);
}

static void
line_leave(struct screen *screen)
{
	struct line_screen *edit = (struct line_screen *)screen;

	values_fini(&edit->values);
	free(edit);
}

static const struct screen_ops line_ops = {
	.name = "line",
	.context = CTX_FORM,
	.popup = true,
	.draw = line_draw,
	.hint = line_hint,
	.key = line_key,
	.leave = line_leave,
};

/* A new line begins where something must be filled in: its kind has a default mostly. */
static void
line_begin(struct line_screen *edit)
{
	struct form *form = &edit->values.form;

	for (size_t i = 0; i < edit->values.count; i++)
		if (edit->values.fields[i].required && *form_value(form, i) == '\0') {
			form_focus(form, i);
			break;
		}
}

static void
line_open(struct lines_screen *popup, size_t index)
{
	const struct lines *lines = popup->lines;
	struct line_screen *edit = mem_zalloc(1, sizeof(*edit));

	edit->screen.ops = &line_ops;
	edit->popup = popup;
	edit->index = index;
	edit->values.app = popup->app;
	edit->values.settled = line_on_settled;
	edit->values.context = edit;
	values_init_fields(&edit->values, lines->entity->fields, lines->entity->n_fields);
	edit->values.form.button = tr(T_LINE_BUTTON);
	if (index == lines->count)
		values_load_defaults(&edit->values);
	for (size_t at = 0; index < lines->count && at < edit->values.count; at++)
		values_load(&edit->values, at, lines->line[index].values[at]);
	if (index == lines->count)
		line_begin(edit);
	ui_push(popup->app->ui, &edit->screen);
}

/* ---- keys of the popup ---- */

/* The only field of a line that is nothing but a reference; NULL: it is more. */
static const Kehu__Field *
lines_only_reference(const struct lines *lines)
{
	return lines->entity->n_fields == 1 && lines->entity->fields[0]->type == CAT_REF
		   ? lines->entity->fields[0]
		   : NULL;
}

static void
lines_on_picked(void *context, int64_t id, const char *label)
{
	struct lines_screen *popup = context;
	const Kehu__Field *field = popup->lines->entity->fields[0];
	struct line *line = NULL;
	Kehu__Value value = KEHU__VALUE__INIT;

	for (size_t i = 0; i < popup->lines->count; i++)
		if (!popup->lines->line[i].removed && popup->lines->line[i].values[0] != NULL &&
		    popup->lines->line[i].values[0]->number == id)
			return; /* it is there already */
	line = lines_add_new(popup->lines);
	value.has_field = value.has_number = true;
	value.field = field->number;
	value.number = id;
	value.text = arena_strdup(popup->lines->arena, label);
	lines_set(popup->lines, line, &value);
	lines_touch(popup, line);
	list_go(&popup->list, popup->lines->count);
}

static void
lines_pick(struct lines_screen *popup, const Kehu__Field *field)
{
	const struct lines *lines = popup->lines;

	if (!near_open(popup->app, lines->near_entity, lines->near_id, field->references,
		field->label, lines_on_picked, popup))
		pick_open(popup->app, field->references, field->label, lines_on_picked, popup);
}

static unsigned
lines_enter(struct lines_screen *popup)
{
	const Kehu__Field *only = lines_only_reference(popup->lines);
	size_t index = popup->list.cursor;

	if (only == NULL)
		line_open(popup, index);
	else if (index >= popup->lines->count)
		lines_pick(popup, only);
	return UI_DONE;
}

/* Delete takes a line away, and again gives it back. */
static unsigned
lines_delete(struct lines_screen *popup)
{
	struct line *line;

	if (popup->list.cursor >= popup->lines->count)
		return UI_HANDLED;
	line = &popup->lines->line[popup->list.cursor];
	line->removed = !line->removed;
	lines_touch(popup, line);
	return UI_DONE;
}

static unsigned
lines_key(struct screen *screen, enum act act, const struct event *event)
{
	struct lines_screen *popup = (struct lines_screen *)screen;

	switch (act) {
	case ACT_open:
	case ACT_pick:
		return lines_enter(popup);
	case ACT_delete:
	case ACT_erase:
		return lines_delete(popup);
	case ACT_save:
	case ACT_back:
	case ACT_cancel:
		return UI_DONE | UI_CLOSE;
	case ACT_up:
	case ACT_down:
	case ACT_page_up:
	case ACT_page_down:
	case ACT_first:
	case ACT_last:
		return list_key(&popup->list, act, event);
	case ACT_next:
		return list_key(&popup->list, ACT_down, event);
	case ACT_previous:
		return list_key(&popup->list, ACT_up, event);
	default:
		return UI_NONE;
	}
}

static void
lines_draw(struct screen *screen, struct rect rect)
{
	struct lines_screen *popup = (struct lines_screen *)screen;
	struct rect box = cells_centre(LINES_BOX_ROWS, LINES_BOX_COLS);

	(void)rect;
	cells_box(box, lines_label(popup->lines));
	list_draw(&popup->list,
	    (struct rect){ box.y + 1, box.x + 1, box.rows - 2, box.cols - 2 }, true);
}

static const char *
lines_hint(struct screen *screen)
{
	struct lines_screen *popup = (struct lines_screen *)screen;

	if (popup->list.cursor < popup->lines->count &&
	    popup->lines->line[popup->list.cursor].error != NULL)
		return popup->lines->line[popup->list.cursor].error;
	return tr(T_LINES_HINT);
}

static const char *
lines_key_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_save ? tr(T_LINES_DONE) : NULL;
}

static bool
lines_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_help || act == ACT_save || act == ACT_open || act == ACT_delete;
}

static void
lines_leave(struct screen *screen)
{
	struct lines_screen *popup = (struct lines_screen *)screen;

	if (popup->changed && popup->done != NULL && !ui_quitting(popup->app->ui))
		popup->done(popup->context);
	list_fini(&popup->list);
	free(popup);
}

static const struct screen_ops lines_ops = {
	.name = "lines",
	.context = CTX_FORM,
	.popup = true,
	.draw = lines_draw,
	.hint = lines_hint,
	.can = lines_can,
	.label = lines_key_label,
	.key = lines_key,
	.leave = lines_leave,
};

static void
lines_set_columns(struct lines_screen *popup)
{
	const Kehu__Entity *entity = popup->lines->entity;
	size_t count = 0;

	for (size_t i = 0; i < entity->n_fields && count < LINES_COLUMNS; i++) {
		bool narrow = entity->fields[i]->type == CAT_CHOICE;

		popup->fields[count] = i;
		popup->columns[count++] =
		    (struct list_column){ .title = entity->fields[i]->label,
			    .min_cols = narrow ? 6 : 10,
			    .want_cols = narrow ? 8 : 20,
			    .stretch = !narrow };
	}
	popup->list.columns = popup->columns;
	popup->list.column_count = count;
}

void
lines_open(struct app *app, struct lines *lines, void (*changed)(void *context), void *context)
{
	struct lines_screen *popup = mem_zalloc(1, sizeof(*popup));

	popup->screen.ops = &lines_ops;
	popup->app = app;
	popup->lines = lines;
	popup->done = changed;
	popup->context = context;
	popup->list = (struct list){ .row = lines_row, .arg = popup };
	lines_set_columns(popup);
	list_init(&popup->list);
	list_reset(&popup->list, lines->count + 1, false);
	ui_push(app->ui, &popup->screen);
	if (lines->count == 0)
		lines_enter(popup);
}

void
lines_type(struct app *app, const struct event *event)
{
	struct screen *top = ui_top(app->ui);

	if (top->ops == &lines_ops) {
		struct lines_screen *popup = (struct lines_screen *)top;

		list_go(&popup->list, popup->lines->count);
		lines_enter(popup);
		top = ui_top(app->ui);
	}
	if (top->ops->key != NULL && top->ops != &lines_ops)
		top->ops->key(top, ACT_NONE, event);
}
