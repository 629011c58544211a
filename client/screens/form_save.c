/*
 * Saving a form: one intention for each time the user means it, kept in the outbox until the
 * server has answered. The form waits for the answer while the link is well; when it is not, or
 * when the user leaves, the save goes on by itself and a refusal ends up with the draft.
 */
#include "client/screens/form.h"

#include "client/screens/ask.h"
#include "client/screens/conflict.h"
#include "client/screens/draft.h"
#include "client/screens/resume.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { SAVING_LOOK_MS = 400 };

struct form_saving {
	struct app *app;
	struct form_screen *form; /* NULL: it has gone */
	struct arena *arena;
	const Kehu__Entity *entity;
	const char *key, *title, *what;
	unsigned timer;
};

static void
saving_free(struct form_saving *saving)
{
	loop_cancel(saving->app->loop, saving->timer);
	arena_free(saving->arena);
	free(saving);
}

static bool
saving_link_is_well(const struct app *app)
{
	enum link_state state = link_status(app->link).state;

	return state == LINK_READY || state == LINK_SLOW;
}

/* ---- the request ---- */

void
form_fill_head(const struct form_screen *form, struct arena *arena, Kehu__Record *record)
{
	kehu__record__init(record);
	record->has_entity = true;
	record->entity = form->entity->number;
	record->has_id = record->has_version = form->id != 0;
	record->id = form->id;
	record->version = form->version;
	record->n_values = values_collect(&form->values, arena, form->id == 0, &record->values);
}

static void
saving_fill(const struct form_screen *form, struct arena *arena, Kehu__Record *record)
{
	size_t lines = 1;

	form_fill_head(form, arena, record);
	for (size_t i = 0; i < form->line_count; i++)
		lines += lines_count(form->lines[i]);
	record->lines = ARENA_ARRAY(arena, Kehu__Record *, lines);
	for (size_t i = 0; i < form->line_count; i++)
		record->n_lines +=
		    lines_collect(form->lines[i], arena, record->lines + record->n_lines);
}

/* ---- the answer ---- */

static void
saving_said(struct form_saving *saving, const Kehu__Written *written)
{
	const char *text = written->text != NULL ? written->text : "";

	message_sayf(SAY_OK, tr(T_SAVED), saving->what, *text ? " " : "",
	    text_print(saving->arena, text, TEXT_LINE));
}

static void
saving_done(struct form_saving *saving, const Kehu__Written *written)
{
	struct form_screen *form = saving->form;
	void (*saved)(void *, uint32_t, int64_t) = form == NULL ? NULL : form->saved;
	void *context = form == NULL ? NULL : form->context;
	bool is_new = form != NULL && form->id == 0;

	if (form != NULL) {
		form->finished = true;
		form->saving = NULL;
		form_close(form);
	}
	if (consent_said(written)) {
		if (form == NULL)
			app_saved_late(saving->app);
		return;
	}
	saving_said(saving, written);
	if (form == NULL)
		app_saved_late(saving->app);
	else if (saved != NULL)
		saved(context, written->entity, written->id);
	else if (is_new && saving->entity->kind == CAT_ACTIVITY)
		record_open(saving->app, written->entity, written->id);
}

/* One refused field: at its box, at its line, or nowhere. The first one placed has the cursor.
 */
static void
saving_blame(struct form_screen *form, const Kehu__Error *error, bool *placed)
{
	struct arena *arena = arena_new(0);
	const char *text = error->text != NULL
			       ? error->text
			       : err_text((enum err)error->code, form->app->lang);
	bool found = false;

	text = text_print(arena, text, TEXT_LINE);
	if (error->line == 0 && (!error->has_entity || error->entity == form->entity->number))
		found = values_blame(&form->values, error->field, text);
	for (size_t i = 0; i < form->values.count && !found; i++) {
		struct lines *lines = form->values.boxes[i].lines;

		if (lines == NULL || lines_entity(lines)->number != error->entity ||
		    !lines_blame(lines, error->line, error->field, text, !*placed))
			continue;
		form_set_error(&form->values.form, i, text);
		found = true;
	}
	arena_free(arena);
	*placed |= found;
}

static void
saving_refused(struct form_screen *form, const Kehu__ServerFrame *answer)
{
	const Kehu__Error *error = answer->error;
	bool placed = false;

	saving_blame(form, error, &placed);
	for (size_t i = 0; i < error->n_more; i++)
		saving_blame(form, error->more[i], &placed);
	if (!placed || !form_show_errors(&form->values.form))
		ask_say_error(form->app, answer, form->entity->number);
}

static void
saving_with_consent(void *form)
{
	form_send(form);
}

static void
saving_failed(struct form_saving *saving, const Kehu__ServerFrame *answer)
{
	struct form_screen *form = saving->form;
	const char *text = answer->error->text != NULL
			       ? answer->error->text
			       : err_text(link_error(answer), saving->app->lang);

	text = text_print(saving->arena, text, TEXT_LINE);
	if (form == NULL) {
		draft_refused(saving->app, saving->key, text);
		message_sayf(SAY_WARNING, tr(T_SAVE_REFUSED), saving->title, text);
		return;
	}
	form->saving = NULL;
	if (consent_is_wanted(answer))
		consent_open(form->app, answer, &form->consent, saving_with_consent, form);
	else if (link_error(answer) == ERR_CONFLICT)
		conflict_open(form, answer->error);
	else
		saving_refused(form, answer);
}

static void
saving_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct form_saving *saving = context;

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN)
		saving_done(saving, answer->written);
	else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		saving_failed(saving, answer);
	ui_redraw(saving->app->ui);
	saving_free(saving);
}

/* ---- without an answer ---- */

void
form_saving_leave(struct form_screen *form)
{
	struct form_saving *saving = form->saving;

	loop_cancel(saving->app->loop, saving->timer);
	saving->timer = 0;
	saving->form = NULL;
	form->saving = NULL;
	form->finished = true;
	if (!ui_quitting(saving->app->ui))
		message_sayf(SAY_NOTE, tr(T_SAVE_QUEUED), saving->title);
}

/* While it waits: when the link breaks, the user need not wait any longer. */
static void
saving_look(void *arg)
{
	struct form_saving *saving = arg;

	saving->timer = 0;
	if (saving->form == NULL)
		return;
	if (saving_link_is_well(saving->app))
		saving->timer =
		    loop_timer(saving->app->loop, SAVING_LOOK_MS, saving_look, saving);
	else
		form_close(saving->form);
}

void
form_send(struct form_screen *form)
{
	struct form_saving *saving = mem_zalloc(1, sizeof(*saving));
	struct app *app = form->app; /* the form may be gone at the end */
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record;

	/* The draft is what is left should the server refuse it when nobody is looking. */
	form->unkept = true;
	form_keep(form);
	for (size_t i = 0; i < form->line_count; i++)
		lines_clear_errors(form->lines[i]);
	saving->app = app;
	saving->form = form;
	saving->arena = arena_new(0);
	saving->entity = form->entity;
	saving->key = arena_strdup(saving->arena, form->key);
	saving->title = form_title_text(form, saving->arena);
	saving->what = text_print(saving->arena,
	    arena_printf(saving->arena, "%s %s", form->entity->label, form_subject(form)),
	    TEXT_LINE);
	form->saving = saving;
	saving_fill(form, saving->arena, &record);
	save.record = &record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	consent_fill(&form->consent, &frame);
	link_send(app->link, &(struct link_request){ .frame = &frame,
				 .done = saving_on_answer,
				 .context = saving,
				 .flags = LINK_OUTBOX,
				 .title = saving->title,
				 .key = saving->key });
	if (saving_link_is_well(app))
		saving->timer = loop_timer(app->loop, SAVING_LOOK_MS, saving_look, saving);
	else
		form_close(form);
	resume_keep(app);
	ui_redraw(app->ui);
}
