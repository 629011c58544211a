/*
 * What the server works out for lines while they are typed: prices, units, taxes. It is asked
 * with the very save that F10 would send, as a dry run: what it answers is what would be
 * stored.
 */
#include "client/screens/form.h"

#include "client/screens/ask.h"
#include "client/screens/form_grid.h"
#include "common/text.h"

/* The record as it stands, with the lines of the grids that are complete; how many. */
static size_t
price_fill(const struct form_screen *form, struct arena *arena, Kehu__Record *record)
{
	size_t room = 1;

	form_fill_head(form, arena, record);
	for (size_t i = 0; i < form->line_count; i++)
		room += lines_count(form->lines[i]);
	record->lines = ARENA_ARRAY(arena, Kehu__Record *, room);
	for (size_t i = 0; i < form->line_count; i++)
		if (lines_grid(form->lines[i]) != NULL)
			record->n_lines += lines_collect_asking(
			    form->lines[i], arena, record->lines + record->n_lines);
	return record->n_lines;
}

static void
price_tell(struct form_screen *form, const Kehu__Record *record)
{
	for (size_t i = 0; i < form->line_count; i++) {
		if (lines_grid(form->lines[i]) == NULL)
			continue;
		for (size_t k = 0; k < record->n_lines; k++)
			if (record->lines[k]->entity == lines_entity(form->lines[i])->number)
				lines_tell(form->lines[i], record->lines[k]);
	}
}

/* What is wrong with a line is said now; what is still empty on the form, when it is saved. */
static void
price_blame(struct form_screen *form, const Kehu__Error *error)
{
	struct arena *arena = arena_new(0);
	const char *text = error->text != NULL
			       ? error->text
			       : err_text((enum err)error->code, form->app->lang);

	text = text_print(arena, text, TEXT_LINE);
	for (size_t i = 0; i < form->line_count && error->line != 0; i++)
		if (lines_grid(form->lines[i]) != NULL &&
		    lines_entity(form->lines[i])->number == error->entity)
			lines_blame(form->lines[i], error->line, error->field, text, false);
	if (error->line == 0 && error->entity == form->entity->number &&
	    error->code != ERR_REQUIRED)
		values_blame(&form->values, error->field, text);
	arena_free(arena);
}

static void
price_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct form_screen *form = context;

	form->pricing = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_BULK) {
		for (size_t i = 0; i < answer->bulk->n_steps; i++)
			if (answer->bulk->steps[i]->record != NULL)
				price_tell(form, answer->bulk->steps[i]->record);
	} else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR) {
		price_blame(form, answer->error);
		for (size_t i = 0; i < answer->error->n_more; i++)
			price_blame(form, answer->error->more[i]);
	}
	ui_redraw(form->app->ui);
}

void
form_price(struct form_screen *form)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, step = KEHU__CLIENT_FRAME__INIT;
	Kehu__ClientFrame *steps[] = { &step };
	Kehu__Bulk bulk = KEHU__BULK__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record;

	ask_cancel(form->app, &form->pricing);
	for (size_t i = 0; i < form->line_count; i++)
		lines_clear_errors(form->lines[i]);
	if (form->saving == NULL && price_fill(form, arena, &record) > 0) {
		save.record = &record;
		step.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
		step.save = &save;
		bulk.has_dry_run = bulk.dry_run = true;
		bulk.n_steps = 1;
		bulk.steps = steps;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
		frame.bulk = &bulk;
		form->pricing = ask_send(form->app, &frame, ASK_QUIET, price_on_answer, form);
	}
	arena_free(arena);
}
