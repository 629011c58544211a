/*
 * What can be done with a record (F8): the named actions its state allows, deleting, taking it
 * back, making related records, printing. Reversible acts run at once and offer to be undone;
 * deleting what others hang on asks for their number first.
 */
#include "client/screens/action.h"

#include "client/screens/ask.h"
#include "client/screens/form_values.h"
#include "client/ui/confirm.h"
#include "client/ui/message_log.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { ACTION_TABS = 12, ACTION_COUNT_ROWS = 200, ACTION_KINDS_SHIFT = 16 };

/* What a row of the menu is, in the upper half of its number; its index in the lower. */
enum action_kind {
	ACTION_NAMED = 1,
	ACTION_NEW,
	ACTION_PRINT,
	ACTION_DELETE,
	ACTION_RESTORE,
	ACTION_LOG,
};

/* One record and what is being done with it; lives until the last screen or answer is done. */
struct action {
	struct app *app;
	struct arena *arena;
	const Kehu__Record *record;
	const Kehu__Entity *entity;
	const Kehu__Action *what; /* the named one chosen */
	void (*done)(void *context);
	void *context;
	struct screen *owner; /* on top when the menu was opened: whose context it is */
	unsigned holds;
};

static void
action_release(struct action *action)
{
	if (--action->holds > 0)
		return;
	arena_free(action->arena);
	free(action);
}

static struct action *
action_hold(struct action *action)
{
	action->holds++;
	return action;
}

/* The screen that wanted to know may be gone. */
static void
action_tell(struct action *action)
{
	const struct screen *at = ui_top(action->app->ui);

	while (at != NULL && at != action->owner)
		at = at->below;
	if (at != NULL && action->done != NULL)
		action->done(action->context);
}

static const char *
action_name(const struct action *action, struct arena *arena)
{
	return text_print(arena,
	    arena_printf(arena, "%s %s", action->entity->label,
		action->record->label != NULL ? action->record->label : ""),
	    TEXT_LINE);
}

/* ---- named actions ------------------------------------------------------------------------ */

/* The choice field whose codes the actions of the entity start from; its value. */
static const char *
action_state(const struct action *action, const char *code)
{
	const struct cat *cat = app_cat(action->app);

	for (size_t i = 0; i < action->entity->n_fields; i++) {
		const Kehu__Field *field = action->entity->fields[i];
		const Kehu__Value *value;

		if (field->type != CAT_CHOICE ||
		    cat_item(cat_dictionary(cat, field->dictionary), code) == NULL)
			continue;
		value = cat_value(action->record, field->number);
		return value != NULL ? value->text : NULL;
	}
	return NULL;
}

static bool
action_allowed(const struct action *action, const Kehu__Action *what)
{
	const char *state;

	if (action->record->deleted)
		return false;
	if (what->n_from_states == 0)
		return true;
	state = action_state(action, what->from_states[0]);
	for (size_t i = 0; state != NULL && i < what->n_from_states; i++)
		if (strcmp(what->from_states[i], state) == 0)
			return true;
	return state == NULL; /* the server will say */
}

struct action_form {
	struct screen screen;
	struct action *action;
	struct values values;
	uint32_t asking;
	bool send_wanted;
};

static void
action_said(struct action *action)
{
	message_sayf(
	    SAY_OK, "%s: %s", action->what->label, action_name(action, action->arena));
	ui_redraw(action->app->ui);
	action_tell(action);
}

static void
action_on_acted(void *context, const Kehu__ServerFrame *answer)
{
	struct action *action = context;

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		action_said(action);
	} else {
		ask_say_error(action->app, answer, action->entity->number);
		action_tell(action); /* perhaps it is not what was shown any more */
	}
	action_release(action);
}

static uint32_t
action_send(struct action *action, Kehu__Value **arguments, size_t count,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;

	act.has_entity = act.has_id = act.has_version = true;
	act.entity = action->entity->number;
	act.id = action->record->id;
	act.version = action->record->version;
	act.action = action->what->name;
	act.n_arguments = count;
	act.arguments = arguments;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	return ask_send(action->app, &frame, 0, done, context);
}

/* ---- the form of the arguments ------------------------------------------------------------ */

static void
action_form_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct action_form *form = context;
	struct action *action = form->action;
	bool placed = false;

	form->asking = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		action_hold(action);
		ui_pop_to(action->app->ui, &form->screen);
		ui_pop(action->app->ui);
		action_said(action);
		action_release(action);
		return;
	}
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR) {
		const Kehu__Error *error = answer->error;

		placed = error->text != NULL && values_blame(&form->values, error->field, error->text);
		for (size_t i = 0; i < error->n_more; i++)
			placed |= error->more[i]->text != NULL &&
				  values_blame(&form->values, error->more[i]->field,
				      error->more[i]->text);
	}
	if (!placed || !form_show_errors(&form->values.form))
		ask_say_error(action->app, answer, 0);
	ui_redraw(action->app->ui);
}

static void
action_form_send(struct action_form *form)
{
	struct arena *arena;
	Kehu__Value **arguments;
	size_t count;

	form->send_wanted = form->values.asking > 0;
	if (form->send_wanted || form->asking != 0)
		return;
	arena = arena_new(0);
	count = values_collect(&form->values, arena, true, &arguments);
	form->asking =
	    action_send(form->action, arguments, count, action_form_on_answer, form);
	arena_free(arena);
}

static void
action_form_on_settled(void *context)
{
	struct action_form *form = context;

	if (!form->send_wanted)
		return;
	form->send_wanted = false;
	if (form_check_all(&form->values.form) > 0)
		form_show_errors(&form->values.form);
	else
		action_form_send(form);
}

static unsigned
action_form_key(struct screen *screen, enum act act, const struct event *event)
{
	struct action_form *form = (struct action_form *)screen;
	unsigned flags;

	if (act == ACT_back || act == ACT_cancel)
		return UI_NONE;
	flags = values_key(&form->values, act, event);
	if (flags & UI_ACT)
		action_form_send(form);
	return flags & ~(unsigned)UI_ACT;
}

static void
action_form_draw(struct screen *screen, struct rect rect)
{
	form_draw(&((struct action_form *)screen)->values.form, rect, true);
}

static void
action_form_head(struct screen *screen, struct rect rect)
{
	struct action_form *form = (struct action_form *)screen;

	cells_put(rect.y, rect.x, rect.cols, action_name(form->action, cells_scratch()),
	    ROLE_STRONG);
	cells_put_right(rect.y, rect.x + rect.cols / 2, rect.cols - rect.cols / 2 - 1,
	    form_progress(&form->values.form), ROLE_NORMAL);
}

static const char *
action_form_hint(struct screen *screen)
{
	return values_hint(&((struct action_form *)screen)->values);
}

static const char *
action_form_title(struct screen *screen)
{
	return ((struct action_form *)screen)->action->what->label;
}

static bool
action_form_can(struct screen *screen, enum act act)
{
	struct action_form *form = (struct action_form *)screen;
	size_t focus = form->values.form.focus;

	if (act == ACT_pick)
		return focus < form->values.count && (form->values.fields[focus].lookup ||
							 form->values.fields[focus].choices);
	return act != ACT_actions && act != ACT_print && act != ACT_undo && act != ACT_editor;
}

static const char *
action_form_label(struct screen *screen, enum act act)
{
	return act == ACT_save ? ((struct action_form *)screen)->action->what->label : NULL;
}

static void
action_form_leave(struct screen *screen)
{
	struct action_form *form = (struct action_form *)screen;

	ask_cancel(form->action->app, &form->asking);
	values_fini(&form->values);
	action_release(form->action);
	free(form);
}

static const struct screen_ops action_form_ops = {
	.name = "action",
	.context = CTX_FORM,
	.title = action_form_title,
	.head = action_form_head,
	.draw = action_form_draw,
	.hint = action_form_hint,
	.can = action_form_can,
	.label = action_form_label,
	.key = action_form_key,
	.leave = action_form_leave,
};

static void
action_form_open(struct action *action)
{
	struct action_form *form = calloc(1, sizeof(*form));

	if (form == NULL)
		fatal("out of memory: action");
	form->screen.ops = &action_form_ops;
	form->action = action_hold(action);
	form->values.app = action->app;
	form->values.settled = action_form_on_settled;
	form->values.context = form;
	values_init_fields(
	    &form->values, action->what->arguments, action->what->n_arguments);
	form->values.form.button =
	    arena_printf(action->arena, "< F10 %s >", action->what->label);
	values_load_defaults(&form->values);
	/* What the record has for a field of the same name is where the argument starts. */
	for (size_t i = 0; i < form->values.count; i++) {
		uint32_t field = app_field(action->entity, action->what->arguments[i]->name);
		const Kehu__Value *value = field ? cat_value(action->record, field) : NULL;

		if (!cat_value_empty(value) && !value->masked &&
		    cat_field(action->entity, field)->type == action->what->arguments[i]->type)
			values_load(&form->values, i, value);
	}
	ui_push(action->app->ui, &form->screen);
}

static void
action_on_confirmed(void *context, int choice)
{
	struct action *action = context;

	if (choice == 1)
		action_send(action, NULL, 0, action_on_acted, action_hold(action));
	action_release(action);
}

static void
action_run(struct action *action)
{
	if (action->what->n_arguments > 0)
		action_form_open(action);
	else if (action->what->danger)
		confirm_open(action->app->ui,
		    &(struct confirm_config){ .title = action->what->label,
			.text = action_name(action, action->arena),
			.choices = { tr(T_NO), action->what->label },
			.letters = { 'n', 'y' },
			.answer = action_on_confirmed,
			.arg = action_hold(action) });
	else
		action_send(action, NULL, 0, action_on_acted, action_hold(action));
}

/* ---- deleting and taking back ------------------------------------------------------------- */

static void
action_on_deleted(void *context, const Kehu__ServerFrame *answer)
{
	struct action *action = context;

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		action->app->deleted_entity = action->entity->number;
		action->app->deleted_id = action->record->id;
		message_sayf(SAY_OK, tr(T_DELETED), action_name(action, action->arena));
	} else {
		ask_say_error(action->app, answer, action->entity->number);
	}
	action_tell(action);
	ui_redraw(action->app->ui);
	action_release(action);
}

static void
action_delete(struct action *action)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Delete request = KEHU__DELETE__INIT;

	request.has_entity = request.has_id = request.has_version = true;
	request.entity = action->entity->number;
	request.id = action->record->id;
	request.version = action->record->version;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame.delete_ = &request;
	ask_send(action->app, &frame, 0, action_on_deleted, action_hold(action));
}

static void
action_on_delete_confirmed(void *context, int choice)
{
	struct action *action = context;

	if (choice == 0)
		action_delete(action);
	action_release(action);
}

/* What hangs on it is known: ask for the number, or go on when there is nothing. */
static void
action_on_counted(void *context, const Kehu__ServerFrame *answer)
{
	struct action *action = context;
	struct buf text = BUF_INIT;
	size_t total = 1;

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET) {
		ask_say_error(action->app, answer, action->entity->number);
		action_release(action);
		return;
	}
	for (size_t i = 0; i < answer->get->n_related; i++) {
		const Kehu__RelatedPage *page = answer->get->related[i];
		const Kehu__Entity *entity = cat_entity(app_cat(action->app), page->entity);

		if (page->page->n_rows == 0 || entity == NULL)
			continue;
		buf_printf(&text, "%s%s %zu%s", text.bytes > 0 ? ", " : "", entity->label,
		    page->page->n_rows, page->page->has_next ? "+" : "");
		total += page->page->n_rows;
	}
	if (total == 1)
		action_delete(action);
	else
		confirm_open(action->app->ui,
		    &(struct confirm_config){ .title = tr(T_DELETE),
			.text = arena_printf(action->arena, tr(T_DELETE_ALONG),
			    action_name(action, action->arena), buf_text(&text)),
			.number = total,
			.answer = action_on_delete_confirmed,
			.arg = action_hold(action) });
	buf_fini(&text);
	action_release(action);
}

/* Related records (not files) go along: count them first. */
static void
action_delete_asking(struct action *action)
{
	Kehu__ClientFrame frame;
	Kehu__Get get;
	Kehu__Related related[ACTION_TABS], *list[ACTION_TABS];
	size_t count = 0;

	for (size_t i = 0; i < action->entity->n_tabs && count < ACTION_TABS; i++) {
		const Kehu__Tab *tab = action->entity->tabs[i];
		const Kehu__Entity *entity = cat_entity(app_cat(action->app), tab->entity);

		if (entity == NULL || entity->kind != CAT_ACTIVITY || tab->n_columns == 0)
			continue;
		kehu__related__init(&related[count]);
		related[count].has_related = related[count].has_field = true;
		related[count].has_limit = true;
		related[count].related = tab->entity;
		related[count].field = tab->field;
		related[count].limit = ACTION_COUNT_ROWS;
		related[count].n_columns = 1;
		related[count].columns = tab->columns;
		list[count] = &related[count];
		count++;
	}
	if (count == 0) {
		action_delete(action);
		return;
	}
	ask_get_frame(&frame, &get, action->entity->number, action->record->id);
	get.n_related = count;
	get.related = list;
	ask_send(action->app, &frame, 0, action_on_counted, action_hold(action));
}

static void
action_on_restored(void *context, const Kehu__ServerFrame *answer)
{
	struct app *app = context;
	struct screen *top = ui_top(app->ui);

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		message_say(SAY_OK, 0, tr(T_RESTORED));
		app->deleted_id = 0;
	} else {
		ask_say_error(app, answer, app->deleted_entity);
	}
	if (top != NULL && top->ops->reload != NULL)
		top->ops->reload(top);
	ui_redraw(app->ui);
}

static void
action_restore(struct app *app, uint32_t entity, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Restore request = KEHU__RESTORE__INIT;

	request.has_entity = request.has_id = true;
	request.entity = entity;
	request.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
	frame.restore = &request;
	ask_send(app, &frame, 0, action_on_restored, app);
}

bool
action_can_undo(const struct app *app)
{
	return app->deleted_id != 0;
}

unsigned
action_undo(struct app *app)
{
	if (app->deleted_id == 0)
		return UI_NONE;
	action_restore(app, app->deleted_entity, app->deleted_id);
	return UI_DONE;
}

/* ---- printing ----------------------------------------------------------------------------- */

static const Kehu__ReportInfo *
action_report(const struct app *app, uint32_t entity, size_t skip)
{
	const struct cat *cat = app_cat(app);

	for (size_t i = 0; i < cat_report_count(cat); i++) {
		const Kehu__ReportInfo *info = cat_report_at(cat, i);

		if (info->entity == entity && info->n_parameters > 0 && skip-- == 0)
			return info;
	}
	return NULL;
}

static void
action_open_report(struct app *app, const Kehu__ReportInfo *info, int64_t id)
{
	Kehu__Value value = KEHU__VALUE__INIT;
	const Kehu__Value *values[1] = { &value };

	value.has_field = value.has_number = true;
	value.field = info->parameters[0]->number;
	value.number = id;
	report_open(app, info->name, values, 1);
}

bool
action_print(struct app *app, uint32_t entity, int64_t id)
{
	const Kehu__ReportInfo *info = action_report(app, entity, 0);

	if (info == NULL)
		return false;
	action_open_report(app, info, id);
	return true;
}

/* ---- the menu ----------------------------------------------------------------------------- */

static void
action_new_related(struct action *action, const Kehu__Tab *tab)
{
	Kehu__Value value = KEHU__VALUE__INIT;
	const Kehu__Value *values[1] = { &value };

	value.has_field = value.has_number = true;
	value.field = tab->field;
	value.number = action->record->id;
	value.text = action->record->label;
	form_open_new(action->app, tab->entity,
	    &(struct form_preset){ .values = values, .count = 1 });
}

static void
action_take(struct action *action, enum action_kind kind, size_t index)
{
	switch (kind) {
	case ACTION_NAMED:
		action->what = action->entity->actions[index];
		action_run(action);
		break;
	case ACTION_NEW:
		action_new_related(action, action->entity->tabs[index]);
		break;
	case ACTION_PRINT:
		action_open_report(action->app,
		    action_report(action->app, action->entity->number, index),
		    action->record->id);
		break;
	case ACTION_DELETE:
		action_delete_asking(action);
		break;
	case ACTION_RESTORE:
		action_restore(action->app, action->entity->number, action->record->id);
		break;
	case ACTION_LOG:
		message_log_open(action->app->ui);
		break;
	}
}

static unsigned
action_on_take(void *arg, const struct picker_item *item, const char *text)
{
	struct action *action = arg;

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	action_take(action, (enum action_kind)(item->id >> ACTION_KINDS_SHIFT),
	    (size_t)(item->id & ((1 << ACTION_KINDS_SHIFT) - 1)));
	return UI_DONE | UI_CLOSE;
}

struct action_list {
	struct picker *picker;
	const char *typed;
	int want;
};

static void
action_item(const struct action_list *list, enum action_kind kind, size_t index,
    const char *label, const char *note)
{
	int fits = picker_match(label, list->typed);

	if (fits == list->want)
		picker_add(list->picker,
		    &(struct picker_item){ .id = (int64_t)kind << ACTION_KINDS_SHIFT |
						 (int64_t)index,
			.label = label,
			.note = note,
			.exact = fits == 3 });
}

/* What the first tab of an entity may make; NULL: nothing. */
static const Kehu__Entity *
action_makes(const struct action *action, size_t tab)
{
	Kehu__Tab *const *tabs = action->entity->tabs;
	const Kehu__Entity *entity = cat_entity(app_cat(action->app), tabs[tab]->entity);

	for (size_t i = 0; i < tab; i++)
		if (tabs[i]->entity == tabs[tab]->entity)
			return NULL;
	if (entity == NULL || entity->kind != CAT_ACTIVITY || action->record->deleted)
		return NULL;
	return (entity->actions_allowed & CAT_CREATE) != 0 ? entity : NULL;
}

static void
action_items(const struct action *action, const struct action_list *list)
{
	const Kehu__Entity *entity = action->entity, *made;
	const Kehu__ReportInfo *info;

	for (size_t i = 0; i < entity->n_actions; i++)
		if (action_allowed(action, entity->actions[i]))
			action_item(list, ACTION_NAMED, i, entity->actions[i]->label,
			    entity->actions[i]->name);
	for (size_t i = 0; i < entity->n_tabs; i++)
		if ((made = action_makes(action, i)) != NULL)
			action_item(list, ACTION_NEW, i,
			    arena_printf(action->arena, tr(T_NEW_WHAT), made->label), "F6");
	for (size_t i = 0; (info = action_report(action->app, entity->number, i)) != NULL; i++)
		action_item(list, ACTION_PRINT, i, info->label, "Ctrl-T");
	if (!action->record->deleted && (action->record->rights & CAT_MAY_DELETE) != 0)
		action_item(list, ACTION_DELETE, 0, tr(T_DELETE), NULL);
	if (action->record->deleted && (action->record->rights & CAT_MAY_RESTORE) != 0)
		action_item(list, ACTION_RESTORE, 0, tr(T_RESTORE), NULL);
	action_item(list, ACTION_LOG, 0, tr(T_LOG_TITLE), NULL);
}

static void
action_search(void *arg, struct picker *picker, const char *text)
{
	const struct action *action = arg;

	picker_clear(picker);
	for (int want = *text ? 3 : 1; want >= 1; want--)
		action_items(action,
		    &(struct action_list){ .picker = picker, .typed = text, .want = want });
}

static void
action_on_closed(void *arg)
{
	action_release(arg);
}

void
action_open(struct app *app, const Kehu__Record *record, void (*done)(void *context),
    void *context)
{
	struct action *action = calloc(1, sizeof(*action));
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__GetAnswer get = KEHU__GET_ANSWER__INIT;

	if (action == NULL)
		fatal("out of memory: action");
	action->app = app;
	action->arena = arena_new(0);
	/* The screen below reads its record again while the menu is open. */
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_GET;
	frame.get = &get;
	get.record = (Kehu__Record *)(uintptr_t)record;
	action->record = link_keep(action->arena, &frame)->get->record;
	action->entity = cat_entity(app_cat(app), record->entity);
	action->done = done;
	action->context = context;
	action->owner = ui_top(app->ui);
	action->holds = 1;
	picker_open(app->ui, &(struct picker_config){ .title = tr(T_ACTIONS),
				 .search = action_search,
				 .take = action_on_take,
				 .closed = action_on_closed,
				 .arg = action });
}
