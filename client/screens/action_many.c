/*
 * One change of many records: marked rows, or all that a list's query finds. The server tries it and
 * keeps nothing, a question says what can be done and what cannot, then it is done as one. Form and
 * arguments are action_run.c's.
 */
#include "client/screens/action_private.h"
#include "client/screens/ask.h"
#include "client/ui/confirm.h"
#include "client/ui/message_log.h"
#include "common/text.h"

#include <inttypes.h>
#include <string.h>

enum { MANY_NAMED = 4 };

static Kehu__Alter *
many_request(const struct action *action, struct arena *arena, const Kehu__Act *act)
{
	Kehu__Alter *alter = ARENA_NEW(arena, Kehu__Alter);
	bool set = strcmp(action->how, "set") == 0;

	kehu__alter__init(alter);
	alter->has_intention = act->has_intention;
	alter->has_entity = alter->has_dry_run = alter->has_skip_refused = true;
	alter->entity = action->entity->number;
	alter->what = arena_strdup(arena, action->how);
	alter->action = act->action;
	alter->dry_run = !action->agreed;
	alter->skip_refused = action->agreed && action->refused > 0;
	alter->query = action->query != NULL ? arena_strdup(arena, action->query) : NULL;
	alter->ids = ARENA_ARRAY(arena, int64_t, action->row_count + 1);
	alter->versions = ARENA_ARRAY(arena, uint32_t, action->row_count + 1);
	for (size_t i = 0; i < action->row_count; i++) {
		alter->ids[alter->n_ids++] = action->rows[i].id;
		/* A value is set whatever else was changed meanwhile. */
		if (!set)
			alter->versions[alter->n_versions++] = action->rows[i].version;
	}
	alter->n_values = act->n_arguments;
	alter->values = act->arguments;
	if (set && alter->n_values == 0) { /* emptied */
		alter->values = ARENA_NEW(arena, Kehu__Value *);
		alter->values[0] = ARENA_NEW(arena, Kehu__Value);
		kehu__value__init(alter->values[0]);
		alter->values[0]->has_field = true;
		alter->values[0]->field = action->what->arguments[0]->number;
		alter->n_values = 1;
	}
	return alter;
}

uint32_t
action_many_send(struct action *action, const Kehu__Act *act,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	uint32_t asking;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame.alter = many_request(action, arena, act);
	consent_fill(&action->consent, &frame);
	asking = ask_send(action->app, &frame, 0, done, context);
	arena_free(arena);
	return asking;
}

/* "华信科技: 该用户已是负责人" for the first few of those refused. */
static const char *
many_refusals(const struct action *action, const Kehu__AlterAnswer *answer)
{
	const char *text = "";

	for (size_t i = 0; i < answer->n_refusals && i < MANY_NAMED; i++)
		text = arena_printf(action->arena, "%s\n%s: %s", text,
		    text_print(action->arena, answer->refusals[i]->label, TEXT_LINE),
		    text_print(action->arena, answer->refusals[i]->text, TEXT_LINE));
	if (answer->refused > MANY_NAMED)
		text = arena_printf(action->arena, "%s\n...", text);
	return text;
}

static const char *
many_counts(const struct action *action, const Kehu__AlterAnswer *answer)
{
	const char *text = "";

	if (answer->tried < answer->total)
		text = arena_printf(action->arena, tr(T_MANY_TRIED), answer->total, answer->tried);
	text = arena_printf(action->arena, "%s%s", text,
	    arena_printf(action->arena, tr(T_MANY_CAN), answer->done));
	if (answer->same > 0)
		text = arena_printf(action->arena, "%s%s", text,
		    arena_printf(action->arena, tr(T_MANY_SAME), answer->same));
	if (answer->refused > 0)
		text = arena_printf(action->arena, "%s%s", text,
		    arena_printf(action->arena, tr(T_MANY_CANNOT), answer->refused));
	return text;
}

bool
action_many_ask(struct action *action, const Kehu__AlterAnswer *answer,
    void (*agreed)(void *arg, int choice), void *arg)
{
	action->refused = answer->refused;
	if (answer->done == 0) {
		message_sayf(SAY_WARNING, tr(T_MANY_NONE), many_counts(action, answer),
		    answer->n_refusals > 0 ? text_print(action->arena, answer->refusals[0]->text, TEXT_LINE) : "");
		ui_redraw(action->app->ui);
		return false;
	}
	confirm_open(action->app->ui,
	    &(struct confirm_config){ .title = action->what->label,
		.text = arena_printf(action->arena, "%s%s\n%s", many_counts(action, answer),
		    many_refusals(action, answer),
		    tr(answer->undoable ? T_MANY_UNDOABLE : T_MANY_FINAL)),
		.choices = { tr(T_NO), action->what->label },
		.letters = { 'n', 'y' },
		.acts = { ACT_NONE, ACT_save },
		.answer = agreed,
		.arg = arg });
	return true;
}

void
action_many_said(struct action *action, const Kehu__AlterAnswer *answer)
{
	action->agreed = false;
	if (answer->has_job)
		message_sayf(SAY_OK, tr(T_MANY_JOB), action->what->label, answer->total, answer->job);
	else
		message_sayf(answer->refused > 0 ? SAY_WARNING : SAY_OK, tr(T_MANY_DONE),
		    action->what->label, answer->done,
		    answer->refused > 0 ? arena_printf(action->arena, tr(T_MANY_CANNOT), answer->refused) : "");
	ui_redraw(action->app->ui);
	action_tell(action);
}
