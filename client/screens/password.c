/* A form of three fields; nothing typed here is kept as a draft. */
#include "client/screens/password.h"

#include "client/screens/ask.h"
#include "client/ui/form.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum password_field { PASSWORD_OLD, PASSWORD_NEW, PASSWORD_AGAIN, PASSWORD_FIELDS };

struct password {
	struct screen screen;
	struct app *app;
	struct form form;
	struct form_field fields[PASSWORD_FIELDS];
	uint32_t number;
};

static void
password_check(void *arg, struct form *form, size_t index)
{
	(void)arg;
	if (index == PASSWORD_AGAIN &&
	    strcmp(form_value(form, PASSWORD_NEW), form_value(form, PASSWORD_AGAIN)) != 0)
		form_set_error(form, index, tr(T_LOGIN_DIFFERENT));
}

static void
password_on_done(void *context, const Kehu__ServerFrame *answer)
{
	struct password *password = context;
	struct app *app = password->app;
	enum err err = link_error(answer);

	password->number = 0;
	if (err == ERR_OK) {
		message_say(SAY_OK, 0, tr(T_PASSWORD_CHANGED));
		ui_pop_to(app->ui, &password->screen);
		ui_pop(app->ui);
		return;
	}
	ask_say_error(app, answer, 0);
	form_focus(&password->form, err == ERR_PASSWORD_WEAK ? PASSWORD_NEW : PASSWORD_OLD);
}

static void
password_send(struct password *password)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Password request = KEHU__PASSWORD__INIT;

	if (password->number != 0)
		return;
	request.old_password = ask_text(form_value(&password->form, PASSWORD_OLD));
	request.new_password = ask_text(form_value(&password->form, PASSWORD_NEW));
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PASSWORD;
	frame.password = &request;
	/* Not kept for a link that may come back: the user is asked again. */
	password->number =
	    ask_send(password->app, &frame, LINK_ONCE, password_on_done, password);
}

static unsigned
password_key(struct screen *screen, enum act act, const struct event *event)
{
	struct password *password = (struct password *)screen;
	unsigned flags = form_key(&password->form, act, event);

	if (flags & UI_ACT)
		password_send(password);
	return flags & ~(unsigned)(UI_ACT | UI_LOOKUP | UI_ASK | UI_CHANGED);
}

static void
password_draw(struct screen *screen, struct rect rect)
{
	rect.y += 2;
	rect.rows -= 2;
	form_draw(&((struct password *)screen)->form, rect, true);
}

static const char *
password_hint(struct screen *screen)
{
	return form_hint(&((struct password *)screen)->form);
}

static const char *
password_title(struct screen *screen)
{
	(void)screen;
	return tr(T_LOGIN_TITLE_CHANGE);
}

static bool
password_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_actions && act != ACT_print && act != ACT_pick && act != ACT_editor;
}

static void
password_leave(struct screen *screen)
{
	struct password *password = (struct password *)screen;

	ask_cancel(password->app, &password->number);
	form_fini(&password->form);
	free(password);
}

static const struct screen_ops password_ops = {
	.name = "password",
	.context = CTX_FORM,
	.module = 6,
	.title = password_title,
	.draw = password_draw,
	.hint = password_hint,
	.can = password_can,
	.key = password_key,
	.leave = password_leave,
};

void
password_open(struct app *app)
{
	struct password *password = mem_zalloc(1, sizeof(*password));

	password->screen.ops = &password_ops;
	password->app = app;
	password->fields[PASSWORD_OLD] =
	    (struct form_field){ .label = tr(T_PASSWORD_OLD), .help = tr(T_PASSWORD_OLD_HELP) };
	password->fields[PASSWORD_NEW] =
	    (struct form_field){ .label = tr(T_LOGIN_NEW), .help = tr(T_LOGIN_NEW_HELP) };
	password->fields[PASSWORD_AGAIN] =
	    (struct form_field){ .label = tr(T_LOGIN_AGAIN), .help = tr(T_LOGIN_AGAIN_HELP) };
	for (size_t i = 0; i < PASSWORD_FIELDS; i++) {
		password->fields[i].id = (int)i;
		password->fields[i].kind = FORM_SECRET;
		password->fields[i].required = true;
	}
	password->form = (struct form){ .fields = password->fields,
		.count = PASSWORD_FIELDS,
		.check = password_check,
		.arg = password };
	form_init(&password->form);
	ui_push(app->ui, &password->screen);
}
