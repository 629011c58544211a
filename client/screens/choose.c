/*
 * The screen of choose.h. What is typed is asked in a form of that one field, so that dates, choices and
 * references are checked as everywhere.
 */
#include "client/screens/choose.h"

#include "client/screens/ask.h"
#include "client/screens/form_values.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>

const char *
choose_text(const struct choose *choose, const Kehu__Field *field, const Kehu__Value *value)
{
	struct cat_style style = app_style(choose->app);

	return arena_strdup(choose->arena,
	    text_print(choose->arena,
		cat_value_text(choose->arena, app_cat(choose->app), field, value, &style), TEXT_LINE));
}

static const struct list_row *
choose_row(void *arg, size_t index)
{
	struct choose *choose = arg;
	const struct choose_row *row = &choose->rows[index];
	const char *words[] = { tr(T_CHOOSE_OPEN), tr(choose->left_word), tr(choose->right_word),
		row->typed_text };

	choose->cells[0] = row->field->label;
	/* Where both have nothing there is nothing to take. */
	choose->cells[1] = row->fixed || (row->side == CHOOSE_LEFT && row->left[0] == '\0' && row->right[0] == '\0')
			       ? ""
			       : words[row->side];
	choose->cells[2] = row->left;
	choose->cells[3] = row->right;
	choose->row = (struct list_row){ .id = (int64_t)index + 1,
		.cells = choose->cells,
		.role = row->fixed		      ? ROLE_MUTED
			: row->side == CHOOSE_OPEN ? ROLE_WARN
						   : ROLE_NORMAL };
	return &choose->row;
}

/* ---- typing in place of both ---- */

struct choose_typing {
	struct screen screen;
	struct choose *choose;
	struct choose_row *row;
	struct values values;
	bool wanted; /* F10 while a reference was looked up */
};

static void
choose_take_typed(struct choose_typing *typing)
{
	struct choose *choose = typing->choose;
	Kehu__Value *value = ARENA_NEW(choose->arena, Kehu__Value);
	struct event none = { EVENT_NONE };

	typing->wanted = typing->values.asking > 0;
	if (typing->wanted || values_get(&typing->values, choose->arena, 0, value) != ERR_OK)
		return;
	value->text = value->text != NULL ? arena_strdup(choose->arena, value->text) : NULL;
	typing->row->typed = value;
	typing->row->typed_text = cat_value_empty(value) ? tr(T_CHOOSE_NOTHING)
							 : choose_text(choose, typing->row->field, value);
	typing->row->side = CHOOSE_TYPED;
	list_key(&choose->list, ACT_down, &none);
	ui_pop_to(choose->app->ui, &typing->screen);
	ui_pop(choose->app->ui);
	ui_redraw(choose->app->ui);
}

static void
choose_on_settled(void *context)
{
	struct choose_typing *typing = context;

	if (!typing->wanted)
		return;
	typing->wanted = false;
	if (form_check_all(&typing->values.form) > 0)
		form_show_errors(&typing->values.form);
	else
		choose_take_typed(typing);
}

static unsigned
choose_typing_key(struct screen *screen, enum act act, const struct event *event)
{
	struct choose_typing *typing = (struct choose_typing *)screen;
	unsigned flags;

	if (act == ACT_back || act == ACT_cancel)
		return UI_NONE;
	flags = values_key(&typing->values, act, event);
	if (flags & UI_ACT)
		choose_take_typed(typing);
	return flags & ~(unsigned)UI_ACT;
}

static void
choose_typing_head(struct screen *screen, struct rect rect)
{
	const struct choose_typing *typing = (struct choose_typing *)screen;

	cells_put(rect.y, rect.x, rect.cols,
	    arena_printf(cells_scratch(), "%s: %s | %s: %s", tr(typing->choose->left_word), typing->row->left,
		tr(typing->choose->right_word), typing->row->right),
	    ROLE_NORMAL);
}

static void
choose_typing_draw(struct screen *screen, struct rect rect)
{
	form_draw(&((struct choose_typing *)screen)->values.form, rect, true);
}

static const char *
choose_typing_hint(struct screen *screen)
{
	return values_hint(&((struct choose_typing *)screen)->values);
}

static const char *
choose_typing_title(struct screen *screen)
{
	return ((struct choose_typing *)screen)->row->field->label;
}

static bool
choose_typing_can(struct screen *screen, enum act act)
{
	const struct values *values = &((struct choose_typing *)screen)->values;

	if (act == ACT_pick)
		return values->fields[0].lookup || values->fields[0].choices;
	return act == ACT_help || act == ACT_back || act == ACT_save || act == ACT_restore;
}

static const char *
choose_typing_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_save ? tr(T_CHOOSE_TAKE) : NULL;
}

static void
choose_typing_leave(struct screen *screen)
{
	struct choose_typing *typing = (struct choose_typing *)screen;

	values_fini(&typing->values);
	free(typing);
}

static const struct screen_ops choose_typing_ops = {
	.name = "choose_typing",
	.context = CTX_FORM,
	.title = choose_typing_title,
	.head = choose_typing_head,
	.draw = choose_typing_draw,
	.hint = choose_typing_hint,
	.can = choose_typing_can,
	.label = choose_typing_label,
	.key = choose_typing_key,
	.leave = choose_typing_leave,
};

static unsigned
choose_type(struct choose *choose, struct choose_row *row)
{
	struct choose_typing *typing = mem_zalloc(1, sizeof(*typing));
	Kehu__Field *field;

	field = arena_memdup(choose->arena, row->field, sizeof(*row->field));
	typing->screen.ops = &choose_typing_ops;
	typing->choose = choose;
	typing->row = row;
	typing->values.app = choose->app;
	typing->values.settled = choose_on_settled;
	typing->values.context = typing;
	values_init_fields(&typing->values, &field, 1);
	typing->values.form.button = arena_printf(choose->arena, "< F10 %s >", tr(T_CHOOSE_TAKE));
	if (row->side == CHOOSE_TYPED)
		values_put(&typing->values, 0, row->typed);
	else if (!cat_value_empty(row->start))
		values_put(&typing->values, 0, row->start);
	ui_push(choose->app->ui, &typing->screen);
	return UI_DONE;
}

/* ---- choosing ---- */

static unsigned
choose_set(struct choose *choose, enum choose_side side)
{
	struct event none = { EVENT_NONE };
	struct choose_row *row;

	if (choose->list.cursor >= choose->count) {
		if (side == CHOOSE_TYPED && choose->pick != NULL)
			choose->pick(choose);
		return UI_HANDLED;
	}
	row = &choose->rows[choose->list.cursor];
	if (row->fixed)
		return UI_DONE | UI_REFUSED;
	if (side == CHOOSE_TYPED)
		return choose_type(choose, row);
	if (side == CHOOSE_OPEN)
		side = row->side == CHOOSE_LEFT ? CHOOSE_RIGHT : CHOOSE_LEFT;
	row->side = side;
	list_key(&choose->list, ACT_down, &none);
	return UI_DONE;
}

static unsigned
choose_save(struct choose *choose)
{
	size_t open = 0;

	for (size_t i = 0; i < choose->count; i++)
		open += !choose->rows[i].fixed && choose->rows[i].side == CHOOSE_OPEN;
	if (open > 0) {
		message_sayf(SAY_WARNING, tr(T_CHOOSE_LEFT), open);
		return UI_DONE | UI_REFUSED;
	}
	return choose->save(choose);
}

static unsigned
choose_key(struct screen *screen, enum act act, const struct event *event)
{
	struct choose *choose = (struct choose *)screen;

	switch (act) {
	case ACT_save:
		return choose_save(choose);
	case ACT_left:
		return choose_set(choose, CHOOSE_LEFT);
	case ACT_right:
		return choose_set(choose, CHOOSE_RIGHT);
	case ACT_open:
		return choose_set(choose, CHOOSE_OPEN);
	case ACT_pick:
		return choose_set(choose, CHOOSE_TYPED);
	case ACT_next:
		return list_key(&choose->list, ACT_down, event);
	case ACT_previous:
		return list_key(&choose->list, ACT_up, event);
	case ACT_down:
	case ACT_up:
	case ACT_page_down:
	case ACT_page_up:
	case ACT_first:
	case ACT_last:
		return list_key(&choose->list, act, event);
	case ACT_back:
	case ACT_cancel:
		return UI_DONE | UI_CLOSE;
	default:
		if (event_char(event) >= '1' && event_char(event) <= '3')
			return choose_set(choose, CHOOSE_LEFT + (event_char(event) - '1'));
		return UI_NONE;
	}
}

/* ---- the screen ---- */

static void
choose_draw(struct screen *screen, struct rect rect)
{
	list_draw(&((struct choose *)screen)->list, rect, true);
}

static void
choose_head(struct screen *screen, struct rect rect)
{
	const struct choose *choose = (struct choose *)screen;

	cells_put(rect.y, rect.x, rect.cols, choose->note, choose->note_role);
}

static const char *
choose_hint(struct screen *screen)
{
	return tr(((struct choose *)screen)->hint);
}

static const char *
choose_title(struct screen *screen)
{
	return tr(((struct choose *)screen)->title);
}

static bool
choose_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_help || act == ACT_save || act == ACT_back || act == ACT_next || act == ACT_pick;
}

static const char *
choose_label(struct screen *screen, enum act act)
{
	const struct choose *choose = (struct choose *)screen;

	return act == ACT_pick ? tr(T_CHOOSE_TYPE) : act == ACT_save ? tr(choose->save_word) : NULL;
}

static void
choose_leave(struct screen *screen)
{
	struct choose *choose = (struct choose *)screen;

	if (choose->gone != NULL)
		choose->gone(choose);
	list_fini(&choose->list);
	arena_free(choose->arena);
	free(choose);
}

static const struct screen_ops choose_ops = {
	.name = "choose",
	.context = CTX_FORM,
	.title = choose_title,
	.head = choose_head,
	.draw = choose_draw,
	.hint = choose_hint,
	.can = choose_can,
	.label = choose_label,
	.key = choose_key,
	.leave = choose_leave,
};

void
choose_show(struct choose *choose)
{
	choose->columns[0] = (struct list_column){ .title = tr(T_CHOOSE_FIELD), .min_cols = 10, .want_cols = 14 };
	choose->columns[1] = (struct list_column){ .title = tr(T_CHOOSE_CHOICE), .min_cols = 4, .want_cols = 6 };
	choose->columns[2] = (struct list_column){
		.title = choose->left_title, .min_cols = 20, .want_cols = 28, .stretch = true };
	choose->columns[3] = (struct list_column){
		.title = choose->right_title, .min_cols = 20, .want_cols = 28, .stretch = true };
	list_reset(&choose->list, choose->count, false);
	ui_redraw(choose->app->ui);
}

void
choose_open(struct choose *choose)
{
	choose->screen.ops = &choose_ops;
	choose->list = (struct list){ .columns = choose->columns,
		.column_count = CHOOSE_COLUMNS,
		.row = choose_row,
		.arg = choose,
		.empty = tr(choose->none) };
	list_init(&choose->list);
	choose_show(choose);
	ui_push(choose->app->ui, &choose->screen);
}
