/*
 * The screen of conflict.h: a table of the fields both sides changed. Nothing is chosen for the
 * user; what is left open keeps F10 from saving.
 */
#include "client/screens/conflict.h"

#include "client/ui/list.h"
#include "common/log.h"
#include "common/text.h"
#include "proto/frame.h"
#include <stdlib.h>
#include <string.h>

enum { CONFLICT_COLUMNS = 4 };

enum conflict_side { CONFLICT_OPEN, CONFLICT_THEIRS, CONFLICT_YOURS };

struct conflict_row {
	size_t index; /* of the box */
	const Kehu__Field *field;
	Kehu__Value *theirs;
	const char *theirs_text, *yours_text;
	enum conflict_side side;
};

struct conflict {
	struct screen screen;
	struct form_screen *form;
	struct arena *arena;
	uint32_t version;
	struct conflict_row *rows;
	size_t count;
	struct list list;
	struct list_row row;
	const char *cells[CONFLICT_COLUMNS];
};

static struct list_column conflict_columns[CONFLICT_COLUMNS] = {
	{ .min_cols = 10, .want_cols = 14 },
	{ .min_cols = 4, .want_cols = 6 },
	{ .min_cols = 20, .want_cols = 28, .stretch = true },
	{ .min_cols = 20, .want_cols = 28, .stretch = true },
};

static const struct list_row *
conflict_row(void *arg, size_t index)
{
	static const enum text_id words[] = { T_CONFLICT_OPEN, T_CONFLICT_THEIRS,
		T_CONFLICT_YOURS };
	struct conflict *conflict = arg;
	const struct conflict_row *row = &conflict->rows[index];

	conflict->cells[0] = row->field->label;
	conflict->cells[1] = tr(words[row->side]);
	conflict->cells[2] = row->theirs_text;
	conflict->cells[3] = row->yours_text;
	conflict->row = (struct list_row){ .id = (int64_t)index + 1,
		.cells = conflict->cells,
		.role = row->side == CONFLICT_OPEN ? ROLE_WARN : ROLE_NORMAL };
	return &conflict->row;
}

/* ---- what is in conflict ---- */

static Kehu__Value *
conflict_keep(struct arena *arena, const Kehu__Value *value, uint32_t field)
{
	Kehu__Value *copy = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(copy);
	if (value != NULL) {
		*copy = *value;
		copy->text = arena_strdup(arena, value->text);
	}
	copy->has_field = true;
	copy->field = field;
	return copy;
}

/* A field they changed: silently theirs when it was not changed here, else a row. */
static void
conflict_add(struct conflict *conflict, const Kehu__Difference *difference)
{
	struct values *values = &conflict->form->values;
	size_t index = values_index(values, difference->field);
	struct cat_style style = app_style(conflict->form->app);
	struct conflict_row *row;

	if (index == values->count || values->fields[index].kind == FORM_SHOW)
		return;
	if (!form_changed(&values->form, index)) {
		values_load(values, index, difference->theirs);
		return;
	}
	row = &conflict->rows[conflict->count++];
	row->index = index;
	row->field = values->boxes[index].field;
	row->theirs = conflict_keep(conflict->arena, difference->theirs, difference->field);
	row->theirs_text = cat_value_text(
	    conflict->arena, app_cat(conflict->form->app), row->field, row->theirs, &style);
	row->yours_text = arena_strdup(conflict->arena, form_value(&values->form, index));
	if (strcmp(row->theirs_text, row->yours_text) == 0)
		row->side = CONFLICT_YOURS; /* both meant the same */
}

/* ---- choosing ---- */

/* Theirs lies under the box; yours stands above it as a change, where it was chosen. */
static void
conflict_apply(struct conflict *conflict)
{
	struct values *values = &conflict->form->values;

	for (size_t i = 0; i < conflict->count; i++) {
		const struct conflict_row *row = &conflict->rows[i];
		struct values_box *box = &values->boxes[row->index];
		int64_t id = box->ref_id;
		char *label = box->ref_label == NULL ? NULL : strdup(box->ref_label);

		values_load(values, row->index, row->theirs);
		if (row->side == CONFLICT_YOURS) {
			if (label != NULL)
				values_set_ref(values, row->index, id, label);
			form_put(&values->form, row->index, row->yours_text);
			form_check(&values->form, row->index);
		}
		free(label);
	}
	form_rebase(conflict->form, conflict->version);
}

static unsigned
conflict_save(struct conflict *conflict)
{
	struct form_screen *form = conflict->form;
	size_t open = 0;

	for (size_t i = 0; i < conflict->count; i++)
		open += conflict->rows[i].side == CONFLICT_OPEN;
	if (open > 0) {
		message_sayf(SAY_WARNING, tr(T_CONFLICT_LEFT), open);
		return UI_DONE | UI_REFUSED;
	}
	conflict_apply(conflict);
	ui_pop(form->app->ui); /* this screen; the form is on top again */
	if (form_is_dirty(form))
		ui_do(form->app->ui, ACT_save);
	else
		message_say(SAY_NOTE, 0, tr(T_CONFLICT_NOTHING));
	return UI_DONE;
}

static unsigned
conflict_choose(struct conflict *conflict, enum conflict_side side)
{
	struct event none = { EVENT_NONE };
	struct conflict_row *row;

	if (conflict->list.cursor >= conflict->count)
		return UI_HANDLED;
	row = &conflict->rows[conflict->list.cursor];
	if (side == CONFLICT_OPEN)
		side = row->side == CONFLICT_THEIRS ? CONFLICT_YOURS : CONFLICT_THEIRS;
	row->side = side;
	list_key(&conflict->list, ACT_down, &none);
	return UI_DONE;
}

static unsigned
conflict_key(struct screen *screen, enum act act, const struct event *event)
{
	struct conflict *conflict = (struct conflict *)screen;

	switch (act) {
	case ACT_save:
		return conflict_save(conflict);
	case ACT_left:
		return conflict_choose(conflict, CONFLICT_THEIRS);
	case ACT_right:
		return conflict_choose(conflict, CONFLICT_YOURS);
	case ACT_open:
		return conflict_choose(conflict, CONFLICT_OPEN);
	case ACT_next:
	case ACT_down:
		return list_key(&conflict->list, ACT_down, event);
	case ACT_previous:
	case ACT_up:
		return list_key(&conflict->list, ACT_up, event);
	case ACT_back:
	case ACT_cancel:
		return UI_DONE | UI_CLOSE;
	default:
		if (event_char(event) == '1' || event_char(event) == '2')
			return conflict_choose(conflict,
			    event_char(event) == '1' ? CONFLICT_THEIRS : CONFLICT_YOURS);
		return UI_NONE;
	}
}

/* ---- the screen ---- */

static void
conflict_draw(struct screen *screen, struct rect rect)
{
	struct conflict *conflict = (struct conflict *)screen;

	conflict_columns[0].title = tr(T_CONFLICT_FIELD);
	conflict_columns[1].title = tr(T_CONFLICT_CHOICE);
	conflict_columns[2].title = tr(T_CONFLICT_THEIRS);
	conflict_columns[3].title = tr(T_CONFLICT_YOURS);
	list_draw(&conflict->list, rect, true);
}

static void
conflict_head(struct screen *screen, struct rect rect)
{
	(void)screen;
	cells_put(rect.y, rect.x, rect.cols, tr(T_CONFLICT_TEXT), ROLE_WARN);
}

static const char *
conflict_hint(struct screen *screen)
{
	(void)screen;
	return tr(T_CONFLICT_HINT);
}

static const char *
conflict_title(struct screen *screen)
{
	(void)screen;
	return tr(T_CONFLICT_TITLE);
}

static bool
conflict_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_help || act == ACT_save || act == ACT_back || act == ACT_next;
}

static void
conflict_leave(struct screen *screen)
{
	struct conflict *conflict = (struct conflict *)screen;

	list_fini(&conflict->list);
	arena_free(conflict->arena);
	free(conflict);
}

static const struct screen_ops conflict_ops = {
	.name = "conflict",
	.context = CTX_FORM,
	.title = conflict_title,
	.head = conflict_head,
	.draw = conflict_draw,
	.hint = conflict_hint,
	.can = conflict_can,
	.key = conflict_key,
	.leave = conflict_leave,
};

void
conflict_open(struct form_screen *form, const Kehu__Error *error)
{
	struct conflict *conflict = calloc(1, sizeof(*conflict));

	if (conflict == NULL)
		fatal("out of memory: conflict");
	conflict->screen.ops = &conflict_ops;
	conflict->form = form;
	conflict->arena = arena_new(0);
	conflict->version = error->version;
	conflict->rows =
	    ARENA_ARRAY(conflict->arena, struct conflict_row, error->n_differences + 1);
	for (size_t i = 0; i < error->n_differences; i++)
		conflict_add(conflict, error->differences[i]);
	conflict->list = (struct list){ .columns = conflict_columns,
		.column_count = CONFLICT_COLUMNS,
		.row = conflict_row,
		.arg = conflict,
		.empty = tr(T_CONFLICT_NONE) };
	list_init(&conflict->list);
	list_reset(&conflict->list, conflict->count, false);
	message_error(ERR_CONFLICT, NULL, form->app->lang);
	ui_push(form->app->ui, &conflict->screen);
}
