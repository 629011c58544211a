/*
 * The locked screen: after some minutes without a key the session locks, here and on the server.
 * What was on the screen lies below and comes back with the password; nothing of it is drawn.
 */
#include "client/screens/sign.h"

#include "client/ui/edit.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { LOCK_CHARS = 128, LOCK_COLS = 46 };

struct lock {
	struct screen screen;
	struct app *app;
	struct edit password;
	bool trying;
};

/* ---- the watch ---- */

static void
lock_on_time(void *arg)
{
	struct app *app = arg;

	app->lock_timer = 0;
	lock_watch(app);
}

void
lock_watch(struct app *app)
{
	int64_t limit_ms = (int64_t)link_user(app->link)->lock_s * 1000;
	int64_t idle_ms = loop_now_ms() - ui_typed_ms(app->ui);

	loop_cancel(app->loop, app->lock_timer);
	app->lock_timer = 0;
	if (limit_ms == 0 || app->lock != NULL || app->login != NULL)
		return;
	if (idle_ms >= limit_ms)
		link_lock(app->link);
	else
		app->lock_timer =
		    loop_timer(app->loop, (int)(limit_ms - idle_ms), lock_on_time, app);
}

void
lock_now(struct app *app)
{
	link_lock(app->link);
}

/* ---- the screen ---- */

static const char *
lock_title(struct screen *screen)
{
	(void)screen;
	return tr(T_LOCK_TITLE);
}

static void
lock_draw(struct screen *screen, struct rect rect)
{
	struct lock *lock = (struct lock *)screen;
	struct rect box = cells_centre(9, LOCK_COLS + 4);
	int y = box.y = rect.y + (rect.rows - 9) / 2, x = box.x + 3;

	cells_box(box, tr(T_LOCK_TITLE));
	cells_put(y + 2, x, LOCK_COLS - 2, tr(T_LOCK_TEXT), ROLE_NORMAL);
	cells_put(y + 4, x, 10, tr(T_LOCK_PASSWORD), ROLE_NORMAL);
	cells_add(y + 4, x + 10, 1, "[", ROLE_NORMAL);
	edit_draw(&lock->password, (struct rect){ y + 4, x + 11, 1, 24 }, ROLE_FIELD, true);
	cells_add(y + 4, x + 35, 1, "]", ROLE_NORMAL);
	cells_put(y + 6, x, LOCK_COLS - 2, tr(lock->trying ? T_LOGIN_TRYING : T_LOCK_BUTTONS),
	    ROLE_STRONG);
}

static bool
lock_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_open || act == ACT_back || act == ACT_redraw || act == ACT_help;
}

static const char *
lock_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_open ? tr(T_LOCK_OPEN) : act == ACT_back ? tr(T_LOCK_LEAVE) : NULL;
}

static unsigned
lock_key(struct screen *screen, enum act act, const struct event *event)
{
	struct lock *lock = (struct lock *)screen;
	unsigned flags = lock->trying ? UI_NONE : edit_key(&lock->password, act, event);

	if (flags != UI_NONE)
		return flags;
	if (act == ACT_open && !lock->trying && !edit_empty(&lock->password)) {
		lock->trying = true;
		link_unlock(lock->app->link, edit_text(&lock->password));
		edit_clear(&lock->password);
		return UI_DONE;
	}
	if (act == ACT_back) {
		app_logout(lock->app);
		return UI_DONE;
	}
	/* Nothing else works, and nothing closes it. */
	return act == ACT_redraw || act == ACT_help ? UI_NONE : UI_DONE;
}

static void
lock_leave(struct screen *screen)
{
	struct lock *lock = (struct lock *)screen;

	lock->app->lock = NULL;
	edit_fini(&lock->password);
	free(lock);
}

static const struct screen_ops lock_ops = {
	.name = "lock",
	.context = CTX_LOGIN,
	.title = lock_title,
	.draw = lock_draw,
	.can = lock_can,
	.label = lock_label,
	.key = lock_key,
	.leave = lock_leave,
};

static void
lock_open(struct app *app)
{
	struct lock *lock = mem_zalloc(1, sizeof(*lock));

	lock->screen.ops = &lock_ops;
	lock->app = app;
	edit_init(&lock->password, LOCK_CHARS);
	lock->password.secret = true;
	app->lock = lock;
	/* A message may name a customer. */
	message_say(SAY_NOTE, 0, tr(T_LOCK_TITLE));
	ui_push(app->ui, &lock->screen);
}

void
lock_link_changed(struct app *app)
{
	struct link_status status = link_status(app->link);
	struct lock *lock = app->lock;

	if (status.locked && lock == NULL && app->login == NULL) {
		lock_open(app);
	} else if (status.locked && lock != NULL && lock->trying && status.error != ERR_OK) {
		lock->trying = false;
		message_say(SAY_ERROR, (int)status.error, status.text);
	} else if (!status.locked && lock != NULL && app->login == NULL) {
		ui_pop_to(app->ui, &lock->screen);
		ui_pop(app->ui);
		message_clear();
		lock_watch(app);
	}
}
