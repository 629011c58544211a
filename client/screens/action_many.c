/*
 * One named action for many rows: the frame with a step for each, the question after the trial,
 * and what came of it. Form and arguments are action_run.c's.
 */
#include "client/screens/action_private.h"
#include "client/screens/ask.h"
#include "client/ui/confirm.h"
#include "common/text.h"

enum { MANY_NAMES = 5 };

uint32_t
action_many_send(struct action *action, const Kehu__Act *act,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Bulk bulk = KEHU__BULK__INIT;
	uint32_t asking;

	bulk.steps = ARENA_ARRAY(arena, Kehu__ClientFrame *, action->row_count);
	for (size_t i = 0; i < action->row_count; i++) {
		Kehu__ClientFrame *step = ARENA_NEW(arena, Kehu__ClientFrame);
		Kehu__Act *one = arena_memdup(arena, act, sizeof(*act));

		one->id = action->rows[i].id;
		one->version = action->rows[i].version;
		kehu__client_frame__init(step);
		step->request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
		step->act = one;
		bulk.steps[bulk.n_steps++] = step;
	}
	bulk.has_dry_run = true;
	bulk.dry_run = !action->agreed;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame.bulk = &bulk;
	consent_fill(&action->consent, &frame);
	asking = ask_send(action->app, &frame, 0, done, context);
	arena_free(arena);
	return asking;
}

void
action_many_ask(struct action *action, void (*answer)(void *arg, int choice), void *arg)
{
	const char *names = "";

	for (size_t i = 0; i < action->row_count && i < MANY_NAMES; i++)
		names = arena_printf(action->arena, "%s%s%s", names, i > 0 ? tr(T_MANY_AND) : "",
		    text_print(action->arena, action->rows[i].label, TEXT_LINE));
	if (action->row_count > MANY_NAMES)
		names = arena_printf(action->arena, "%s%s…", names, tr(T_MANY_AND));
	confirm_open(action->app->ui,
	    &(struct confirm_config){ .title = action->what->label,
		.text = arena_printf(action->arena, tr(T_MANY_TEXT), action->row_count, names),
		.choices = { tr(T_NO), action->what->label },
		.letters = { 'n', 'y' },
		.acts = { ACT_NONE, ACT_save },
		.answer = answer,
		.arg = arg });
}

void
action_many_said(struct action *action, const Kehu__BulkAnswer *answer)
{
	if (answer->n_steps == 0 || !consent_said(answer->steps[0]))
		message_sayf(SAY_OK, tr(T_MANY_DONE), action->what->label, action->row_count);
	ui_redraw(action->app->ui);
	action_tell(action);
}

void
action_many_refused(struct action *action, const Kehu__ServerFrame *answer)
{
	const Kehu__Error *error =
	    answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR ? answer->error : NULL;

	action->agreed = false;
	if (error == NULL || error->step == 0 || error->step > action->row_count)
		ask_say_error(action->app, answer, action->entity->number);
	else
		message_sayf(SAY_WARNING, tr(T_MANY_REFUSED),
		    text_print(action->arena, action->rows[error->step - 1].label, TEXT_LINE),
		    error->text != NULL ? text_print(action->arena, error->text, TEXT_LINE)
					: err_text(link_error(answer), action->app->lang));
	ui_redraw(action->app->ui);
}
