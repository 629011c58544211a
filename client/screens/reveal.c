/*
 * Which masked value, and why; then the value, which goes from the screen again by itself. It is
 * nowhere else: not in a draft, not in the cache, not in the message log.
 */
#include "client/screens/reveal.h"

#include "client/screens/ask.h"
#include "client/ui/form.h"
#include "common/log.h"
#include "common/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { REVEAL_MAX = 40, REVEAL_SHOWN_MS = 60000 };
enum reveal_field { REVEAL_WHICH, REVEAL_REASON, REVEAL_VALUE, REVEAL_FIELDS };

struct reveal_item {
	const Kehu__Field *field;
	uint32_t line_entity;
	int64_t line;
};

struct reveal {
	struct screen screen;
	struct app *app;
	struct arena *arena;
	uint32_t entity;
	int64_t id;
	struct reveal_item items[REVEAL_MAX];
	const char *choices[REVEAL_MAX];
	size_t count;
	struct form form;
	struct form_field fields[REVEAL_FIELDS];
	uint32_t number;
	unsigned timer;
};

/* ---- what there is ---- */

static size_t
reveal_collect(const struct app *app, const Kehu__Record *record, struct arena *arena,
    struct reveal_item *items, const char **choices, size_t count)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), record->entity);
	struct cat_style style = app_style(app);

	for (size_t i = 0; entity != NULL && i < entity->n_fields && count < REVEAL_MAX; i++) {
		const Kehu__Field *field = entity->fields[i];
		const Kehu__Value *value = cat_value(record, field->number);

		if ((field->flags & CAT_REVEAL) == 0 || cat_value_empty(value) || !value->masked)
			continue;
		if (items != NULL) {
			bool line = entity->kind == CAT_LINE;

			items[count] = (struct reveal_item){ .field = field,
				.line_entity = line ? record->entity : 0,
				.line = line ? record->id : 0 };
			/* Each choice is a text of its own, even of two lines that look alike. */
			choices[count] = arena_printf(arena, "%zu %s %s", count + 1,
			    line ? entity->label : field->label,
			    cat_value_text(arena, app_cat(app), field, value, &style));
		}
		count++;
	}
	for (size_t i = 0; i < record->n_lines; i++)
		count = reveal_collect(app, record->lines[i], arena, items, choices, count);
	return count;
}

bool
reveal_can(const struct app *app, const Kehu__Record *record)
{
	return reveal_collect(app, record, NULL, NULL, NULL, 0) > 0;
}

/* ---- asking ---- */

static void
reveal_hide(void *arg)
{
	struct reveal *reveal = arg;

	reveal->timer = 0;
	form_load(&reveal->form, REVEAL_VALUE, "");
	ui_redraw(reveal->app->ui);
}

static void
reveal_on_done(void *context, const Kehu__ServerFrame *answer)
{
	struct reveal *reveal = context;
	struct cat_style style = app_style(reveal->app);
	int which = form_choice(&reveal->form, REVEAL_WHICH);

	reveal->number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_REVEAL || which < 0) {
		ask_say_error(reveal->app, answer, 0);
		return;
	}
	form_load(&reveal->form, REVEAL_VALUE,
	    cat_value_text(reveal->arena, app_cat(reveal->app), reveal->items[which].field,
		answer->reveal->value, &style));
	message_say(SAY_OK, 0, arena_printf(reveal->arena, tr(T_REVEAL_LEFT), answer->reveal->left));
	loop_cancel(reveal->app->loop, reveal->timer);
	reveal->timer = loop_timer(reveal->app->loop, REVEAL_SHOWN_MS, reveal_hide, reveal);
}

static void
reveal_send(struct reveal *reveal)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Reveal request = KEHU__REVEAL__INIT;
	int which = form_choice(&reveal->form, REVEAL_WHICH);

	if (reveal->number != 0 || which < 0)
		return;
	request.has_entity = request.has_id = request.has_field = true;
	request.entity = reveal->entity;
	request.id = reveal->id;
	request.field = reveal->items[which].field->number;
	request.has_line_entity = request.has_line = reveal->items[which].line_entity != 0;
	request.line_entity = reveal->items[which].line_entity;
	request.line = reveal->items[which].line;
	request.reason = ask_text(form_value(&reveal->form, REVEAL_REASON));
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REVEAL;
	frame.reveal = &request;
	reveal->number = ask_send(reveal->app, &frame, LINK_ONCE, reveal_on_done, reveal);
}

/* ---- the screen ---- */

static unsigned
reveal_key(struct screen *screen, enum act act, const struct event *event)
{
	struct reveal *reveal = (struct reveal *)screen;
	unsigned flags = form_key(&reveal->form, act, event);

	if (flags & UI_ACT)
		reveal_send(reveal);
	return flags & ~(unsigned)(UI_ACT | UI_LOOKUP | UI_ASK | UI_CHANGED);
}

static void
reveal_draw(struct screen *screen, struct rect rect)
{
	rect.y += 2;
	rect.rows -= 2;
	form_draw(&((struct reveal *)screen)->form, rect, true);
}

static const char *
reveal_hint(struct screen *screen)
{
	return form_hint(&((struct reveal *)screen)->form);
}

static const char *
reveal_title(struct screen *screen)
{
	(void)screen;
	return tr(T_REVEAL_TITLE);
}

static bool
reveal_screen_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_actions && act != ACT_print && act != ACT_editor;
}

static void
reveal_leave(struct screen *screen)
{
	struct reveal *reveal = (struct reveal *)screen;

	ask_cancel(reveal->app, &reveal->number);
	loop_cancel(reveal->app->loop, reveal->timer);
	form_fini(&reveal->form);
	arena_free(reveal->arena);
	free(reveal);
}

static const struct screen_ops reveal_ops = {
	.name = "reveal",
	.context = CTX_FORM,
	.module = 2,
	.title = reveal_title,
	.draw = reveal_draw,
	.hint = reveal_hint,
	.can = reveal_screen_can,
	.key = reveal_key,
	.leave = reveal_leave,
};

void
reveal_open(struct app *app, const Kehu__Record *record)
{
	struct reveal *reveal = mem_zalloc(1, sizeof(*reveal));

	reveal->screen.ops = &reveal_ops;
	reveal->app = app;
	reveal->arena = arena_new(0);
	reveal->entity = record->entity;
	reveal->id = record->id;
	reveal->count =
	    reveal_collect(app, record, reveal->arena, reveal->items, reveal->choices, 0);
	reveal->fields[REVEAL_WHICH] = (struct form_field){ .label = tr(T_REVEAL_WHICH),
		.kind = FORM_CHOICE,
		.cols = 40,
		.required = true,
		.choices = reveal->choices,
		.choice_count = reveal->count };
	reveal->fields[REVEAL_REASON] = (struct form_field){ .label = tr(T_REVEAL_REASON),
		.cols = 40,
		.max_chars = 200,
		.required = true,
		.help = tr(T_REVEAL_REASON_HELP) };
	reveal->fields[REVEAL_VALUE] = (struct form_field){
		.label = tr(T_REVEAL_VALUE), .kind = FORM_SHOW, .cols = 40
	};
	for (size_t i = 0; i < REVEAL_FIELDS; i++)
		reveal->fields[i].id = (int)i;
	reveal->form = (struct form){
		.fields = reveal->fields, .count = REVEAL_FIELDS, .button = tr(T_REVEAL_SHOW)
	};
	form_init(&reveal->form);
	if (reveal->count > 0)
		form_load(&reveal->form, REVEAL_WHICH, reveal->choices[0]);
	form_focus(&reveal->form, REVEAL_REASON);
	ui_push(app->ui, &reveal->screen);
}
