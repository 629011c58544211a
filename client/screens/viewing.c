/*
 * View as another user. The link that views is a second one: it resumes the session that ViewAs
 * opened, keeps no drafts and no catalogue on disk, and takes the place of the own link, which is
 * put aside as it is.
 */
#include "client/screens/viewing.h"

#include "client/screens/ask.h"
#include "client/screens/recent.h"
#include "client/screens/sign.h"
#include "client/screens/views.h"
#include "client/ui/form.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum viewing_field { VIEWING_WHO, VIEWING_REASON, VIEWING_MINUTES, VIEWING_FIELDS };

static const char *const viewing_minutes[] = { "15", "30", "60", "120", "240", "480" };

struct viewing_form {
	struct screen screen;
	struct app *app;
	int64_t user;
	struct form form;
	struct form_field fields[VIEWING_FIELDS];
	uint32_t number;
};

bool
viewing_can(const struct app *app)
{
	const Kehu__Entity *entity = app_entity(app, "viewing");

	return entity != NULL && (entity->actions_allowed & CAT_ACT) != 0;
}

bool
viewing_is_on(const struct app *app)
{
	return app->base != NULL;
}

const char *
viewing_banner(const struct app *app, struct arena *arena)
{
	const struct link_user *user = link_user(app->link);
	const char *clock;

	if (!viewing_is_on(app))
		return "";
	clock = date_format_us(arena, user->until_us, app->offset_min);
	return text_print(arena,
	    arena_printf(arena, tr(T_VIEWING_BANNER), user->label,
		strlen(clock) >= 16 ? clock + 11 : clock),
	    TEXT_LINE);
}

/* ---- what there is to do meanwhile ---- */

bool
viewing_withholds(const struct app *app, enum act act)
{
	static const enum act writing[] = { ACT_new, ACT_edit, ACT_done, ACT_snooze, ACT_later,
		ACT_log_visit, ACT_log_call, ACT_reply, ACT_undo, ACT_reveal, ACT_why };

	for (size_t i = 0; viewing_is_on(app) && i < sizeof(writing) / sizeof(writing[0]); i++)
		if (writing[i] == act)
			return true;
	return act == ACT_end_view && !viewing_is_on(app);
}

void
viewing_offer(struct app *app)
{
	for (int act = 1; act < ACT_COUNT; act++)
		ui_withhold(app->ui, (enum act)act, viewing_withholds(app, (enum act)act));
}

/* ---- from one link to the other ---- */

/* Nothing of one user stays on the screen for the other. */
static void
viewing_clear(struct app *app, struct link *link)
{
	while (ui_top(app->ui) != NULL)
		ui_pop(app->ui);
	loop_unwatch(app->loop, app->link_fd);
	app->link_fd = -1;
	app->link = link;
	app->entered = false;
	app->epoch++;
}

static void
viewing_enter(struct app *app)
{
	app->user = link_user(app->link)->id;
	viewing_offer(app);
	home_open(app);
	app->entered = true;
	app_show_user(app);
	recent_load(app);
	views_load(app);
}

/* ---- a screen while the other session is entered ---- */

static const char *
viewing_wait_title(struct screen *screen)
{
	(void)screen;
	return tr(T_VIEWING);
}

static void
viewing_wait_draw(struct screen *screen, struct rect rect)
{
	(void)screen;
	cells_put(rect.y + 1, rect.x + 2, rect.cols - 2, tr(T_LOADING), ROLE_NORMAL);
}

static unsigned
viewing_wait_key(struct screen *screen, enum act act, const struct event *event)
{
	(void)screen;
	(void)act;
	(void)event;
	return UI_DONE;
}

static void
viewing_wait_leave(struct screen *screen)
{
	free(screen);
}

static const struct screen_ops viewing_wait_ops = {
	.name = "viewing_wait",
	.context = CTX_LOGIN,
	.title = viewing_wait_title,
	.draw = viewing_wait_draw,
	.key = viewing_wait_key,
	.leave = viewing_wait_leave,
};

static void
viewing_begin(struct app *app, const Kehu__ViewAsAnswer *answer)
{
	struct link_options options = app->options;
	struct screen *wait = mem_zalloc(1, sizeof(*wait));
	struct link *link;

	options.state_dir = options.cache_dir = NULL;
	options.keep_password = false;
	link = link_new(&options);
	link_resume(link, answer->token.data, answer->token.len);
	app->base = app->link;
	viewing_clear(app, link);
	wait->ops = &viewing_wait_ops;
	ui_push(app->ui, wait);
}

/* Not in the link's own callback, where it cannot be freed. */
static void
viewing_on_end(void *arg)
{
	struct app *app = arg;
	struct link *link = app->link;

	app->base_timer = 0;
	if (app->base == NULL)
		return;
	viewing_clear(app, app->base);
	app->base = NULL;
	link_logout(link);
	link_free(link);
	viewing_enter(app);
	message_say(SAY_OK, 0, tr(T_VIEWING_ENDED));
	lock_link_changed(app);
	lock_watch(app);
}

void
viewing_end(struct app *app)
{
	if (app->base != NULL && app->base_timer == 0)
		app->base_timer = loop_timer(app->loop, 0, viewing_on_end, app);
}

bool
viewing_link_changed(struct app *app)
{
	struct link_status status = link_status(app->link);

	if (app->base == NULL)
		return false;
	if (status.needs_login || status.state == LINK_ENDED)
		viewing_end(app);
	else if (!app->entered && (status.state == LINK_READY || status.state == LINK_SLOW)) {
		ui_pop(app->ui);
		viewing_enter(app);
	}
	return true;
}

void
viewing_fini(struct app *app)
{
	loop_cancel(app->loop, app->base_timer);
	if (app->base != NULL) {
		link_logout(app->link);
		link_free(app->base);
	}
	app->base = NULL;
}

/* ---- the form ---- */

static void
viewing_on_done(void *context, const Kehu__ServerFrame *answer)
{
	struct viewing_form *form = context;
	struct app *app = form->app;

	form->number = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_VIEW_AS)
		viewing_begin(app, answer->view_as); /* the form is gone with all screens */
	else
		ask_say_error(app, answer, 0);
}

static void
viewing_send(struct viewing_form *form)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ViewAs view = KEHU__VIEW_AS__INIT;

	if (form->number != 0)
		return;
	view.has_user = view.has_minutes = true;
	view.user = form->user;
	view.reason = ask_text(form_value(&form->form, VIEWING_REASON));
	view.minutes = (uint32_t)strtoul(form_value(&form->form, VIEWING_MINUTES), NULL, 10);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_VIEW_AS;
	frame.view_as = &view;
	form->number = ask_send(form->app, &frame, LINK_ONCE, viewing_on_done, form);
}

static unsigned
viewing_key(struct screen *screen, enum act act, const struct event *event)
{
	struct viewing_form *form = (struct viewing_form *)screen;
	unsigned flags = form_key(&form->form, act, event);

	if (flags & UI_ACT)
		viewing_send(form);
	return flags & ~(unsigned)(UI_ACT | UI_LOOKUP | UI_ASK | UI_CHANGED);
}

static void
viewing_draw(struct screen *screen, struct rect rect)
{
	cells_put(rect.y, rect.x + 1, rect.cols - 1, tr(T_VIEWING_ABOUT), ROLE_WARN);
	rect.y += 2;
	rect.rows -= 2;
	form_draw(&((struct viewing_form *)screen)->form, rect, true);
}

static const char *
viewing_hint(struct screen *screen)
{
	return form_hint(&((struct viewing_form *)screen)->form);
}

static bool
viewing_screen_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_actions && act != ACT_print && act != ACT_editor;
}

static void
viewing_leave(struct screen *screen)
{
	struct viewing_form *form = (struct viewing_form *)screen;

	ask_cancel(form->app, &form->number);
	form_fini(&form->form);
	free(form);
}

static const struct screen_ops viewing_ops = {
	.name = "viewing",
	.context = CTX_FORM,
	.module = 6,
	.title = viewing_wait_title,
	.draw = viewing_draw,
	.hint = viewing_hint,
	.can = viewing_screen_can,
	.key = viewing_key,
	.leave = viewing_leave,
};

void
viewing_open_as(struct app *app, int64_t user, const char *label)
{
	struct viewing_form *form = mem_zalloc(1, sizeof(*form));

	form->screen.ops = &viewing_ops;
	form->app = app;
	form->user = user;
	form->fields[VIEWING_WHO] =
	    (struct form_field){ .label = tr(T_VIEWING_WHO), .kind = FORM_SHOW, .cols = 40 };
	form->fields[VIEWING_REASON] = (struct form_field){ .label = tr(T_VIEWING_REASON),
		.cols = 50,
		.max_chars = 200,
		.required = true,
		.help = tr(T_VIEWING_REASON_HELP) };
	form->fields[VIEWING_MINUTES] = (struct form_field){ .label = tr(T_VIEWING_MINUTES),
		.kind = FORM_CHOICE,
		.cols = 8,
		.required = true,
		.choices = viewing_minutes,
		.choice_count = sizeof(viewing_minutes) / sizeof(viewing_minutes[0]) };
	for (size_t i = 0; i < VIEWING_FIELDS; i++)
		form->fields[i].id = (int)i;
	form->form = (struct form){
		.fields = form->fields, .count = VIEWING_FIELDS, .button = tr(T_VIEWING_BEGIN)
	};
	form_init(&form->form);
	form_load(&form->form, VIEWING_WHO, label);
	form_load(&form->form, VIEWING_MINUTES, viewing_minutes[1]);
	form_focus(&form->form, VIEWING_REASON);
	ui_push(app->ui, &form->screen);
}

static void
viewing_on_chosen(void *context, int64_t id, const char *label)
{
	viewing_open_as(context, id, label);
}

void
viewing_open(struct app *app)
{
	const Kehu__Entity *users = app_entity(app, "user");

	if (users != NULL && viewing_can(app) && !viewing_is_on(app))
		pick_open(app, users->number, tr(T_VIEWING), viewing_on_chosen, app);
	else
		message_error(ERR_FORBIDDEN, NULL, app->lang);
}
