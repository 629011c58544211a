/*
 * The screen of a form: keys, undo, leaving, and how it is opened. Its boxes are form_boxes.c's
 * and form_values.c's, drafts form_draft.c's, saving form_save.c's.
 */
#include "client/screens/form.h"

#include "client/screens/ask.h"
#include "client/screens/draft.h"
#include "client/ui/confirm.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { FORM_UNDO_MERGE_MS = 2000 };

/* ---- undo ---- */

/* What a box held before it changed. Typing without a pause is one step. */
static void
form_remember(struct form_screen *form, size_t index, const char *text)
{
	int64_t now_ms = loop_now_ms();
	struct form_undo *last = form->undo_count ? &form->undo[form->undo_count - 1] : NULL;

	if (last != NULL && last->index == index && now_ms - last->at_ms < FORM_UNDO_MERGE_MS) {
		last->at_ms = now_ms;
		return;
	}
	if (form->undo_count == FORM_UNDO_MAX) {
		free(form->undo[0].text);
		memmove(form->undo, form->undo + 1, (FORM_UNDO_MAX - 1) * sizeof(*form->undo));
		form->undo_count--;
	}
	form->undo[form->undo_count++] =
	    (struct form_undo){ .index = index, .text = mem_strdup(text), .at_ms = now_ms };
}

static unsigned
form_undo(struct form_screen *form)
{
	struct form_undo *last;

	if (form->undo_count == 0) {
		message_say(SAY_NOTE, 0, tr(T_UNDO_NONE));
		return UI_DONE;
	}
	last = &form->undo[--form->undo_count];
	form_put(&form->values.form, last->index, last->text);
	form_focus(&form->values.form, last->index);
	free(last->text);
	form_touch(form);
	return UI_DONE;
}

/* ---- leaving ---- */

void
form_close(struct form_screen *form)
{
	struct ui *ui = form->app->ui;

	ui_pop_to(ui, &form->screen);
	ui_pop(ui);
}

static void
form_on_left(void *arg, int choice)
{
	struct form_screen *form = arg;

	if (choice == 0) {
		form->unkept = true;
		form_keep(form);
		message_sayf(SAY_NOTE, tr(T_DRAFT_KEPT), form->entity->label);
		form_close(form);
	} else if (choice == 1) {
		ui_do(form->app->ui, ACT_save);
	} else if (choice == 2) {
		draft_drop(form->app, form->key);
		form->finished = true;
		form_close(form);
	}
}

static unsigned
form_leave_asking(struct form_screen *form)
{
	if (form->saving != NULL || !form_is_dirty(form))
		return UI_DONE | UI_CLOSE;
	confirm_open(form->app->ui, &(struct confirm_config){ .title = tr(T_LEAVE_FORM),
					.text = tr(T_LEAVE_FORM_TEXT),
					.choices = { tr(T_LEAVE_FORM_KEEP),
					    tr(T_LEAVE_FORM_SAVE), tr(T_LEAVE_FORM_DISCARD) },
					.letters = { 0, 's', 'd' },
					.acts = { ACT_NONE, ACT_save, ACT_NONE },
					.answer = form_on_left,
					.arg = form });
	return UI_DONE;
}

/* ---- keys ---- */

static void
form_on_put(void *context, size_t index)
{
	struct form_screen *form = context;

	(void)index;
	form->unkept = true;
	form_keep(form);
	form_price(form);
}

static void
form_on_lines(void *context)
{
	struct form_screen *form = context;

	values_show_lines(&form->values);
	for (size_t i = 0; i < form->line_count; i++)
		lines_regrid(form->lines[i]);
	form->unkept = true;
	form_keep(form);
	form_price(form);
}

/* References being looked up, on the form and in its grids. */
static size_t
form_asking(const struct form_screen *form)
{
	size_t asking = form->values.asking;

	for (size_t i = 0; i < form->line_count; i++)
		if (lines_grid(form->lines[i]) != NULL)
			asking += grid_asking(lines_grid(form->lines[i]));
	return asking;
}

static void
form_save(struct form_screen *form)
{
	form->save_wanted = form_asking(form) > 0;
	if (!form->save_wanted)
		form_send(form);
}

static void
form_on_settled(void *context)
{
	struct form_screen *form = context;

	if (form_asking(form) > 0)
		return;
	if (!form->save_wanted) {
		form_price(form);
		return;
	}
	form->save_wanted = false;
	if (form_check_all(&form->values.form) > 0)
		form_show_errors(&form->values.form);
	else
		form_save(form);
}

/* ---- grids ---- */

static void
form_on_cell(void *context)
{
	form_touch(context);
}

static void
form_on_priced(void *context)
{
	struct form_screen *form = context;

	form_keep(form);
	form_price(form);
}

static enum err
form_head_value(void *context, struct arena *arena, const char *name, Kehu__Value *value)
{
	const struct form_screen *form = context;
	const Kehu__Field *field = cat_field_called(form->entity, name);
	size_t at =
	    field == NULL ? form->values.count : values_index(&form->values, field->number);

	if (at == form->values.count)
		return ERR_EMPTY;
	return values_get(&form->values, arena, at, value);
}

static const char *
form_head_label(void *context, const char *name)
{
	const struct form_screen *form = context;
	const Kehu__Field *field = cat_field_called(form->entity, name);

	return field != NULL ? field->label : NULL;
}

const struct grid_owner form_grid_owner = {
	.touched = form_on_cell,
	.priced = form_on_priced,
	.settled = form_on_settled,
	.head = form_head_value,
	.label = form_head_label,
};

/* The grid of a box; NULL: it has none. */
static struct grid *
form_grid(const struct form_screen *form, size_t index)
{
	if (index >= form->values.count || form->values.boxes[index].lines == NULL)
		return NULL;
	return lines_grid(form->values.boxes[index].lines);
}

/* The first reference filled in says whose people, files or parts are meant. */
static void
form_open_lines(struct form_screen *form, struct lines *lines)
{
	for (size_t i = 0; i < form->values.count; i++) {
		const struct values_box *box = &form->values.boxes[i];

		if (box->field == NULL || box->field->type != CAT_REF || box->ref_id == 0)
			continue;
		lines_set_near(lines, box->field->references, box->ref_id);
		break;
	}
	lines_open(form->app, lines, form_on_lines, form);
}

/* Keys of a lines box: it opens its table; the keys that move pass. */
static unsigned
form_key_lines(struct form_screen *form, enum act act, const struct event *event)
{
	struct lines *lines = form->values.boxes[form->values.form.focus].lines;

	if (lines == NULL)
		return UI_NONE;
	if (lines_grid(lines) != NULL) {
		if (act != ACT_actions)
			return grid_key(lines_grid(lines), act, event);
		grid_keep(lines_grid(lines));
		form_open_lines(form, lines);
		return UI_DONE;
	}
	if (act == ACT_open || act == ACT_pick) {
		form_open_lines(form, lines);
		return UI_DONE;
	}
	if (act == ACT_NONE && event_char(event)) {
		form_open_lines(form, lines);
		lines_type(form->app, event);
		return UI_DONE;
	}
	switch (act) {
	case ACT_NONE:
	case ACT_erase:
	case ACT_delete:
	case ACT_kill:
	case ACT_clear:
	case ACT_restore:
		return UI_HANDLED;
	default:
		return UI_NONE;
	}
}

/* Another box has the focus: a grid's cursor comes in from its side, prices follow the head. */
static void
form_enter(struct form_screen *form, bool forward)
{
	struct grid *grid = form_grid(form, form->values.form.focus);

	if (grid != NULL)
		grid_enter(grid, forward);
	if (form->reprice)
		form_price(form);
	form->reprice = false;
}

static unsigned
form_key_box(struct form_screen *form, enum act act, const struct event *event)
{
	struct form *boxes = &form->values.form;
	size_t focus = boxes->focus;
	char *before = focus < boxes->count ? mem_strdup(form_value(boxes, focus)) : NULL;
	unsigned flags = values_key(&form->values, act, event);

	if (before != NULL && strcmp(before, form_value(boxes, focus)) != 0 &&
	    form->values.boxes[focus].field != NULL) {
		form_remember(form, focus, before);
		form_touch(form);
		form->reprice = form->recheck = true;
	}
	free(before);
	if (boxes->focus != focus) {
		if (form->recheck)
			form_check_alike(form, focus);
		form->recheck = false;
		form_keep(form);
		form_enter(form, act != ACT_previous && act != ACT_up);
	}
	if ((flags & UI_ACT) != 0)
		form_save(form);
	return flags & ~(unsigned)UI_ACT;
}

static unsigned
form_screen_key(struct screen *screen, enum act act, const struct event *event)
{
	struct form_screen *form = (struct form_screen *)screen;
	unsigned flags = UI_NONE;

	if (act == ACT_back || act == ACT_cancel)
		return form_leave_asking(form);
	if (!form->ready || form->saving != NULL)
		return act == ACT_help || act == ACT_redraw ? UI_NONE : UI_HANDLED;
	if (act == ACT_undo)
		return form_undo(form);
	if (form->values.form.focus < form->values.count)
		flags = form_key_lines(form, act, event);
	return flags != UI_NONE ? flags : form_key_box(form, act, event);
}

/* ---- drawing ---- */

static void
form_screen_head(struct screen *screen, struct rect rect)
{
	struct form_screen *form = (struct form_screen *)screen;
	const char *left = "";

	if (form->saving != NULL)
		left = tr(T_SAVING);
	else if (form->kept_us != 0)
		left = arena_printf(cells_scratch(),
		    tr(form->kept_on_disk ? T_DRAFT_AT : T_DRAFT_MEMORY),
		    date_format_us(cells_scratch(), form->kept_us, form->app->offset_min) + 11);
	cells_put(rect.y, rect.x, rect.cols, left, ROLE_NORMAL);
	if (form->ready)
		cells_put_right(rect.y, rect.x + rect.cols / 2, rect.cols - rect.cols / 2 - 1,
		    form_progress(&form->values.form), ROLE_NORMAL);
}

static void
form_screen_draw(struct screen *screen, struct rect rect)
{
	struct form_screen *form = (struct form_screen *)screen;

	if (form->ready)
		form_draw(&form->values.form, rect, true);
	else
		cells_fill(rect, ROLE_NORMAL);
}

static const char *
form_screen_hint(struct screen *screen)
{
	struct form_screen *form = (struct form_screen *)screen;

	if (!form->ready)
		return NULL;
	if (form_grid(form, form->values.form.focus) != NULL)
		return grid_hint(form_grid(form, form->values.form.focus));
	if (form->values.form.focus < form->values.count &&
	    form->values.boxes[form->values.form.focus].lines != NULL)
		return tr(T_FORM_LINES_HINT);
	return values_hint(&form->values);
}

static const char *
form_screen_title(struct screen *screen)
{
	struct form_screen *form = (struct form_screen *)screen;

	return arena_printf(cells_scratch(), "%s%s",
	    arena_printf(cells_scratch(),
		tr(form->id == 0 ? T_FORM_TITLE_NEW : T_FORM_TITLE_EDIT), form->entity->label,
		""),
	    form_is_dirty(form) ? tr(T_FORM_UNSAVED) : "");
}

static bool
form_screen_can(struct screen *screen, enum act act)
{
	struct form_screen *form = (struct form_screen *)screen;
	size_t focus = form->ready ? form->values.form.focus : 0;

	switch (act) {
	case ACT_actions:
	case ACT_remove_line:
		return form->ready && form_grid(form, focus) != NULL;
	case ACT_print:
	case ACT_editor:
		return false;
	case ACT_pick:
		if (form->ready && form_grid(form, focus) != NULL)
			return grid_can_pick(form_grid(form, focus));
		return form->ready && focus < form->values.count &&
		       (form->values.fields[focus].lookup ||
			   form->values.fields[focus].choices);
	case ACT_undo:
		return form->undo_count > 0;
	default:
		return true;
	}
}

/* ---- life ---- */

static void
form_screen_flush(struct screen *screen)
{
	form_keep((struct form_screen *)screen);
}

static void
form_screen_leave(struct screen *screen)
{
	struct form_screen *form = (struct form_screen *)screen;

	form_keep(form);
	if (form->saving != NULL)
		form_saving_leave(form);
	ask_cancel(form->app, &form->asking);
	ask_cancel(form->app, &form->pricing);
	ask_cancel(form->app, &form->checking);
	loop_cancel(form->app->loop, form->timer);
	for (size_t i = 0; i < form->undo_count; i++)
		free(form->undo[i].text);
	if (form->ready)
		values_fini(&form->values);
	for (size_t i = 0; i < form->line_count; i++)
		lines_free(form->lines[i]);
	arena_free(form->arena);
	free(form);
}

/* What was typed is a draft; an untouched form is not worth coming back to, what is on its way is not to be
 * saved twice. */
static const char *
form_screen_place(struct screen *base)
{
	struct form_screen *form = (struct form_screen *)base;

	if (form->finished || form->saving != NULL || !form->ready || !form_is_dirty(form))
		return NULL;
	return arena_printf(cells_scratch(), "draft\t%s", form->key);
}

static const struct screen_ops form_screen_ops = {
	.name = "form",
	.place = form_screen_place,
	.context = CTX_FORM,
	.title = form_screen_title,
	.head = form_screen_head,
	.draw = form_screen_draw,
	.hint = form_screen_hint,
	.can = form_screen_can,
	.key = form_screen_key,
	.flush = form_screen_flush,
	.leave = form_screen_leave,
};

static struct form_screen *
form_new(struct app *app, uint32_t number, int64_t id)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), number);
	struct form_screen *form;

	if (entity == NULL ||
	    (entity->actions_allowed & (id == 0 ? CAT_CREATE : CAT_EDIT)) == 0) {
		message_error(ERR_FORBIDDEN, entity == NULL ? NULL : entity->label, app->lang);
		return NULL;
	}
	form = mem_zalloc(1, sizeof(*form));
	form->screen.ops = &form_screen_ops;
	form->app = app;
	form->arena = arena_new(0);
	form->entity = entity;
	form->id = id;
	form->values.app = app;
	form->values.settled = form_on_settled;
	form->values.changed = form_on_put;
	form->values.context = form;
	return form;
}

/* The boxes are full: a draft of before is laid over them. */
static void
form_ready(struct form_screen *form)
{
	const struct journal_entry *draft = draft_find(form->app, form->key);

	form->ready = true;
	if (form->restored == NULL && draft != NULL)
		form->restored = draft_read(form->arena, draft);
	if (form->restored != NULL) {
		form_from_draft(form, form->restored);
		form->kept_us = draft != NULL ? draft->at_us : 0;
		form->kept_on_disk = true;
		if (draft != NULL && draft->note != NULL && *draft->note)
			message_say(
			    SAY_WARNING, 0, text_print(form->arena, draft->note, TEXT_LINE));
		else
			message_say(SAY_NOTE, 0, tr(T_DRAFT_RESTORED));
	}
	form_focus_first(form);
	ui_redraw(form->app->ui);
}

static void
form_on_record(void *context, const Kehu__ServerFrame *answer)
{
	struct form_screen *form = context;

	form->asking = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET ||
	    answer->get->record == NULL) {
		ask_say_error(form->app, answer, form->entity->number);
		form->finished = true;
		form_close(form);
		return;
	}
	form_make_boxes(form);
	form_load_record(form, answer->get->record);
	form_ready(form);
}

void
form_open_new(struct app *app, uint32_t entity, const struct form_preset *preset)
{
	struct form_screen *form = form_new(app, entity, 0);

	if (form == NULL)
		return;
	form->key = draft_key(app, form->arena, form->entity, 0);
	form_make_boxes(form);
	for (size_t i = 0; preset != NULL && i < preset->count; i++) {
		size_t at = values_index(&form->values, preset->values[i]->field);

		if (at < form->values.count && form->values.fields[at].kind != FORM_SHOW)
			values_load(&form->values, at, preset->values[i]);
	}
	if (preset != NULL) {
		form->saved = preset->saved;
		form->context = preset->context;
	}
	values_load_defaults(&form->values);
	values_show_lines(&form->values);
	form_ready(form);
	ui_push(app->ui, &form->screen);
}

void
form_open_edit(struct app *app, uint32_t entity, int64_t id)
{
	struct form_screen *form = form_new(app, entity, id);
	Kehu__ClientFrame frame;
	Kehu__Get get;

	if (form == NULL)
		return;
	form->key = draft_key(app, form->arena, form->entity, id);
	ask_get_frame(&frame, &get, entity, id);
	ui_push(app->ui, &form->screen);
	form->asking = ask_send(app, &frame, 0, form_on_record, form);
}

void
form_edit_field(struct app *app, const Kehu__Record *record, uint32_t field)
{
	struct form_screen *form;
	size_t at;

	if ((record->rights & CAT_MAY_EDIT) == 0) {
		message_error(ERR_FORBIDDEN, NULL, app->lang);
		return;
	}
	form = form_new(app, record->entity, record->id);
	if (form == NULL)
		return;
	form->key = draft_key(app, form->arena, form->entity, record->id);
	form_make_boxes(form);
	form_load_record(form, record);
	form_ready(form);
	at = values_index(&form->values, field);
	if (at < form->values.count)
		form_focus(&form->values.form, at);
	ui_push(app->ui, &form->screen);
}

void
form_edit_record(struct app *app, const Kehu__Record *record)
{
	form_edit_field(app, record, 0);
}

void
form_open_draft(struct app *app, const struct journal_entry *draft)
{
	struct arena *arena = arena_new(0);
	Kehu__Record *record = draft_read(arena, draft);
	struct form_screen *form = NULL;

	if (record == NULL || !record->has_entity) {
		message_error(ERR_BAD_FILE, draft->title, app->lang);
	} else if (record->id > 0) {
		form_open_edit(app, record->entity, record->id);
	} else {
		form = form_new(app, record->entity, 0);
	}
	if (form != NULL) {
		form->key = arena_strdup(form->arena, draft->key);
		form_make_boxes(form);
		form_ready(form);
		ui_push(app->ui, &form->screen);
	}
	arena_free(arena);
}

void
form_rebase(struct form_screen *form, uint32_t version)
{
	form->version = version;
	form->unkept = true;
	form_keep(form);
}
