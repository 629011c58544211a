/* Named actions of a record: whether its state allows one, its arguments, and doing it. */
#include "client/screens/action_private.h"
#include "client/screens/ask.h"
#include "client/screens/duplicate.h"
#include "client/screens/form_values.h"
#include "client/screens/merge.h"
#include "client/ui/confirm.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

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

bool
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

/* What the server says of it (what a lead became) stands in place of the record's name. */
static void
action_said(struct action *action, const Kehu__Written *written)
{
	bool more =
	    written->text != NULL && *written->text && strcmp(written->text, action->what->label) != 0;

	if (!consent_said(written))
		message_sayf(SAY_OK, "%s: %s", action->what->label,
		    more ? written->text : action_name(action, action->arena));
	ui_redraw(action->app->ui);
	action_tell(action);
}

static void action_send_again(void *context);
static void action_on_agreed(void *context, int choice);

static void
action_on_acted(void *context, const Kehu__ServerFrame *answer)
{
	struct action *action = context;

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		action_said(action, answer->written);
	} else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ALTER) {
		if (action->agreed)
			action_many_said(action, answer->alter);
		else if (!action_many_ask(action, answer->alter, action_on_agreed, action_hold(action)))
			action_release(action);
	} else if (consent_is_wanted(answer)) {
		consent_open(
		    action->app, answer, &action->consent, action_send_again, action_hold(action));
	} else {
		action->agreed = false;
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

	act.has_entity = act.has_id = true;
	act.has_version = action->record->version != 0;
	act.entity = action->entity->number;
	act.id = action->record->id;
	act.version = action->record->version;
	act.action = action->what->name;
	act.n_arguments = count;
	act.arguments = arguments;
	if (action->how != NULL)
		return action_many_send(action, &act, done, context);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	consent_fill(&action->consent, &frame);
	return ask_send(action->app, &frame, 0, done, context);
}

/* Once more, with whom to ask. The hold was taken when that was asked for. */
static void
action_send_again(void *context)
{
	action_send(context, NULL, 0, action_on_acted, context);
}

static void
action_on_agreed(void *context, int choice)
{
	struct action *action = context;

	action->agreed = choice == 1;
	if (action->agreed)
		action_send(action, NULL, 0, action_on_acted, action_hold(action));
	action_release(action);
}

/* ---- the form of the arguments ---- */

static void action_form_with_consent(void *form);
static void action_form_on_agreed(void *context, int choice);

static void
action_form_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct action_form *form = context;
	struct action *action = form->action;
	bool placed = false;

	form->asking = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ALTER && !action->agreed) {
		action_many_ask(action, answer->alter, action_form_on_agreed, form);
		return;
	}
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN ||
	    answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ALTER) {
		action_hold(action);
		ui_pop_to(action->app->ui, &form->screen);
		ui_pop(action->app->ui);
		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ALTER)
			action_many_said(action, answer->alter);
		else
			action_said(action, answer->written);
		action_release(action);
		return;
	}
	if (consent_is_wanted(answer)) {
		consent_open(
		    action->app, answer, &action->consent, action_form_with_consent, form);
		return;
	}
	action->agreed = false; /* what was agreed to was not this */
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR) {
		const Kehu__Error *error = answer->error;

		placed = error->text != NULL &&
			 values_blame(&form->values, error->field, error->text);
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
	form->asking = action_send(form->action, arguments, count, action_form_on_answer, form);
	arena_free(arena);
}

static void
action_form_with_consent(void *form)
{
	action_form_send(form);
}

static void
action_form_on_agreed(void *context, int choice)
{
	struct action_form *form = context;

	form->action->agreed = choice == 1;
	if (form->action->agreed)
		action_form_send(form);
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

	cells_put(
	    rect.y, rect.x, rect.cols, action_name(form->action, cells_scratch()), ROLE_STRONG);
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
	struct action_form *form = mem_zalloc(1, sizeof(*form));

	form->screen.ops = &action_form_ops;
	form->action = action_hold(action);
	form->values.app = action->app;
	form->values.settled = action_form_on_settled;
	form->values.context = form;
	values_init_fields(&form->values, action->what->arguments, action->what->n_arguments);
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
action_on_merged(void *context)
{
	action_tell(context);
}

static void
action_on_merge_gone(void *context)
{
	action_release(context);
}

void
action_run(struct action *action)
{
	uint32_t entity = action->entity->number;
	int64_t ids[2] = { action->record->id, 0 };

	if (merge_is(action->what) && action->row_count == 0 &&
	    (duplicate_pair(action->app, action->record, &entity, ids) || ids[1] == 0))
		merge_open(action->app, entity, ids[0], ids[1], action_on_merged, action_on_merge_gone,
		    action_hold(action));
	else if (action->what->n_arguments > 0)
		action_form_open(action);
	else if (action->what->danger && action->how == NULL)
		confirm_open(
		    action->app->ui, &(struct confirm_config){ .title = action->what->label,
					 .text = action_name(action, action->arena),
					 .choices = { tr(T_NO), action->what->label },
					 .letters = { 'n', 'y' },
					 .answer = action_on_confirmed,
					 .arg = action_hold(action) });
	else
		action_send(action, NULL, 0, action_on_acted, action_hold(action));
}

void
action_run_with(struct action *action, Kehu__Value **arguments, size_t count)
{
	action_send(action, arguments, count, action_on_acted, action_hold(action));
}
