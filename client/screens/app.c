/*
 * The program around the screens: terminal, loop and link on one poll, the state of the link in
 * the title, what the server pushes, and leaving. What a screen shows is its own file's
 * business.
 */
#include "client/screens/app.h"

#include "client/link/place.h"
#include "client/screens/ask.h"
#include "client/screens/live.h"
#include "client/screens/login.h"
#include "client/screens/palette.h"
#include "client/screens/pick.h"
#include "client/screens/recent.h"
#include "client/screens/resume.h"
#include "client/screens/shelf.h"
#include "client/screens/sign.h"
#include "client/screens/viewing.h"
#include "client/screens/views.h"
#include "client/ui/confirm.h"
#include "client/ui/key_file.h"
#include "client/ui/term.h"
#include "common/text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { APP_WORD_MS = 1000 };

static const char *const app_modules[APP_MODULES][2] = {
	{ "Home", "首页" },
	{ "Customers", "客户" },
	{ "Visits", "拜访" },
	{ "Contacts", "联系人" },
	{ "Reports", "报表" },
	{ "Mine", "我的" },
};
/* The list that a module is; NULL: it is none. */
static const char *const app_module_lists[APP_MODULES] = { NULL, "customer", "visit", "contact" };

const struct cat *
app_cat(const struct app *app)
{
	return link_catalog(app->link);
}

struct cat_style
app_style(const struct app *app)
{
	return (struct cat_style){ .offset_min = app->offset_min, .lang = app->lang };
}

const Kehu__Entity *
app_entity(const struct app *app, const char *name)
{
	const struct cat *cat = app_cat(app);

	for (size_t i = 0; cat != NULL && i < cat_count(cat); i++)
		if (strcmp(cat_at(cat, i)->name, name) == 0)
			return cat_at(cat, i);
	return NULL;
}

uint32_t
app_field(const Kehu__Entity *entity, const char *name)
{
	for (size_t i = 0; entity != NULL && i < entity->n_fields; i++)
		if (strcmp(entity->fields[i]->name, name) == 0)
			return entity->fields[i]->number;
	return 0;
}

/* ---- the link in the title ---- */

static const char *
app_link_word(const struct app *app, const struct link_status *status, enum role *role)
{
	struct arena *scratch = app->arena;
	size_t waiting = status->unsynced;

	*role = ROLE_NORMAL;
	switch (status->state) {
	case LINK_READY:
		return waiting > 0 ? arena_printf(scratch, "OK +%zu", waiting) : "OK";
	case LINK_SLOW:
		return tr(T_LINK_SLOW);
	case LINK_BROKEN:
		*role = ROLE_BAD;
		return waiting > 0
			   ? arena_printf(scratch, tr(T_LINK_LOST_QUEUED),
				 status->broken_ms / 1000, waiting)
			   : arena_printf(scratch, tr(T_LINK_LOST), status->broken_ms / 1000);
	case LINK_RESUMING:
		*role = ROLE_BAD;
		return arena_printf(scratch, tr(T_LINK_AGAIN), status->attempt);
	case LINK_ENDED:
		*role = ROLE_BAD;
		return tr(app->entered ? T_LINK_READ_ONLY : T_LINK_NONE);
	default:
		return tr(T_LINK_NONE);
	}
}

static void
app_show_link(void *arg)
{
	struct app *app = arg;
	struct link_status status = link_status(app->link);
	struct arena_mark mark = arena_mark(app->arena);
	enum role role;
	const char *word = app_link_word(app, &status, &role);

	ui_set_link(app->ui, word, role);
	arena_rewind(app->arena, mark);
	loop_cancel(app->loop, app->word_timer);
	app->word_timer = 0;
	/* Seconds pass while it is broken; saves that wait may be answered while it is not. */
	if (status.state == LINK_BROKEN || status.state == LINK_RESUMING || status.unsynced > 0)
		app->word_timer = loop_timer(app->loop, APP_WORD_MS, app_show_link, app);
}

bool
app_may_module(const struct app *app, int module)
{
	const char *name = app_module_lists[module - 1];
	const Kehu__Entity *entity = name != NULL ? app_entity(app, name) : NULL;

	return name == NULL || (entity != NULL && (entity->actions_allowed & CAT_VIEW) != 0);
}

void
app_show_user(struct app *app)
{
	const struct link_user *user = link_user(app->link);
	struct arena_mark mark = arena_mark(app->arena);

	if (user->id == 0)
		return;
	/* Before somebody has signed in there is nowhere to go. */
	for (int i = 0; i < APP_MODULES; i++)
		for (int lang = 0; lang < 2; lang++)
			app->modules[i][lang] = app_may_module(app, i + 1) ? app_modules[i][lang] : NULL;
	/* An array of pointers does not become one of constant pointers by itself. */
	ui_set_modules(app->ui, (const char *const(*)[2])app->modules, APP_MODULES);
	ui_set_user(app->ui, text_print(app->arena,
				 arena_printf(app->arena, "%s%s%s", user->label,
				     user->branch[0] ? "@" : "", user->branch),
				 TEXT_LINE));
	ui_set_banner(app->ui, viewing_banner(app, app->arena));
	arena_rewind(app->arena, mark);
}

/* ---- what the link tells ---- */

/*
 * Back after a break: what others did meanwhile was not pushed. Only what is seen is read again
 * now; screens below it find their rows out of date when they are on top again.
 */
static void
app_read_again(struct app *app)
{
	struct screen *screen = ui_top(app->ui);

	app->epoch++;
	while (screen != NULL && screen->ops->popup)
		screen = screen->below;
	if (screen != NULL && screen->ops->reload != NULL)
		screen->ops->reload(screen);
	views_load(app);
}

static void
app_on_state(void *context, enum link_state state)
{
	struct app *app = context;
	bool ready = (state == LINK_READY || state == LINK_SLOW) && !link_status(app->link).locked;
	bool back = ready && app->broken && app->entered;

	app->broken = !ready;
	app_show_link(app);
	if (!viewing_link_changed(app))
		login_link_changed(app);
	lock_link_changed(app);
	if (back)
		app_read_again(app);
}

static void
app_on_push(void *context, const Kehu__ServerFrame *frame)
{
	struct app *app = context;
	struct arena *arena = arena_new(0);

	switch (frame->answer_case) {
	case KEHU__SERVER_FRAME__ANSWER_CHANGED:
		live_pushed(app, frame->changed);
		break;
	case KEHU__SERVER_FRAME__ANSWER_NOTICE:
		if (frame->notice->text != NULL)
			message_push(text_print(arena, frame->notice->text, TEXT_LINE));
		if (app->entered)
			live_noticed(app);
		break;
	case KEHU__SERVER_FRAME__ANSWER_MOVING:
		message_sayf(SAY_WARNING, tr(T_SERVER_MOVING), frame->moving->seconds);
		break;
	default:
		break;
	}
	arena_free(arena);
	ui_redraw(app->ui);
}

/* Other fields, or their names in another language: what is seen is read again. */
static void
app_on_catalog(void *context, const struct cat *catalog)
{
	struct app *app = context;

	(void)catalog;
	app_show_user(app);
	if (app->entered) {
		app_read_again(app);
		shelf_begin(app);
	}
	ui_redraw(app->ui);
}

void
app_copy(struct app *app, const Kehu__Entity *entity, bool whole, const char *text)
{
	if (!app->settings->clipboard)
		message_say(SAY_WARNING, 0, tr(T_COPY_OFF));
	else if (whole && (entity == NULL || (entity->actions_allowed & CAT_EXPORT) == 0))
		message_say(SAY_WARNING, 0, tr(T_COPY_NO_RIGHT));
	else if (term_copy(text))
		message_sayf(SAY_OK, tr(T_COPIED), text_print(cells_scratch(), text, TEXT_LINE));
	else
		message_say(SAY_WARNING, 0, tr(T_NOT_COPIED));
}

void
app_saved_late(struct app *app)
{
	struct screen *top = ui_top(app->ui);

	if (top != NULL && strcmp(top->ops->name, "record") == 0)
		top->ops->reload(top);
}

/* A save of before was answered at last. */
static void
app_on_outbox(void *context, const struct journal_entry *entry, const Kehu__ServerFrame *answer)
{
	struct app *app = context;
	enum err err = link_error(answer);
	struct arena *arena = arena_new(0);
	const char *title =
	    text_print(arena, entry->title != NULL ? entry->title : "", TEXT_LINE);

	if (err == ERR_OK) {
		message_sayf(SAY_OK, tr(T_OUTBOX_DONE), title);
		app_saved_late(app);
	} else {
		message_sayf(SAY_WARNING, tr(T_OUTBOX_REFUSED), title,
		    text_print(arena,
			answer->error->text != NULL ? answer->error->text
						    : err_text(err, app->lang),
			TEXT_LINE));
	}
	arena_free(arena);
	ui_redraw(app->ui);
}

void
app_connect(struct app *app, const char *server)
{
	struct app *context = app;

	if (app->link != NULL) {
		loop_unwatch(app->loop, app->link_fd);
		app->link_fd = -1;
		link_free(app->link);
	}
	app->options.server = arena_strdup(app->arena, server);
	app->options.lang = app->lang;
	app->options.events = (struct link_events){
		.context = context,
		.state = app_on_state,
		.push = app_on_push,
		.catalog = app_on_catalog,
		.outbox = app_on_outbox,
	};
	app->link = link_new(&app->options);
}

/* ---- one poll for all ---- */

static void
app_on_link_fd(void *arg, int fd, short events)
{
	(void)fd;
	(void)events;
	link_poll(((struct app *)arg)->link);
}

static void
app_on_link_time(void *arg)
{
	struct app *app = arg;

	app->link_timer = 0;
	link_poll(app->link);
}

static void
app_on_kick(void *arg)
{
	(void)arg; /* the loop turns once more, so that what changed is painted */
}

/* Before each wait: what the screens asked for goes out, and the watch fits the link's socket.
 */
static void
app_before_wait(void *arg)
{
	struct app *app = arg;
	struct pollfd fds[1];
	int timeout_ms = link_timeout_ms(app->link);

	if (timeout_ms == 0) {
		link_poll(app->link);
		loop_timer(app->loop, 0, app_on_kick, app);
		timeout_ms = link_timeout_ms(app->link);
	}
	size_t count = link_fds(app->link, fds);
	if (app->link_fd >= 0 && (count == 0 || fds[0].fd != app->link_fd))
		loop_unwatch(app->loop, app->link_fd);
	app->link_fd = count > 0 ? fds[0].fd : -1;
	if (count > 0)
		loop_watch(app->loop, fds[0].fd, fds[0].events, app_on_link_fd, app);
	loop_cancel(app->loop, app->link_timer);
	app->link_timer =
	    timeout_ms < 0 ? 0 : loop_timer(app->loop, timeout_ms, app_on_link_time, app);
}

/* ---- keys that mean the same everywhere ---- */

static unsigned
app_global_key(void *arg, enum act act)
{
	struct app *app = arg;

	if (app->login != NULL || app->lock != NULL || !app->entered)
		return UI_NONE;
	switch (act) {
	case ACT_end_view:
		if (!viewing_is_on(app))
			return UI_NONE;
		viewing_end(app);
		return UI_DONE;
	case ACT_go:
		palette_open(app);
		return UI_DONE;
	case ACT_print:
		reports_open(app);
		return UI_DONE;
	case ACT_refresh:
	case ACT_redraw: /* also in a form, whose F5 is the field's */
		link_retry(app->link);
		return UI_DONE;
	default:
		if (!viewing_withholds(app, act))
			return UI_NONE;
		message_error(ERR_VIEW_ONLY, NULL, app->lang);
		return UI_DONE;
	}
}

static void
app_cancel(void *arg)
{
	ask_cancel_all(arg);
}

static void
app_open_module(struct app *app, const char *name)
{
	const Kehu__Entity *entity = app_entity(app, name);

	if (entity == NULL)
		message_error(ERR_FORBIDDEN, NULL, app->lang);
	else
		list_open(app, entity->number, "");
}

void
app_module(struct app *app, int module)
{
	if (module == 1)
		ui_pop_to(app->ui, ui_root(app->ui));
	else if (app_module_lists[module - 1] != NULL)
		app_open_module(app, app_module_lists[module - 1]);
	else if (module == 5)
		reports_open(app);
	else
		palette_open_mine(app);
}

void
app_set_lang(struct app *app, enum lang lang)
{
	if (lang == LANG_ZH && !term_shows_han() && term_is_open()) {
		message_say(SAY_WARNING, 0, tr(T_NO_HAN));
		return;
	}
	app->lang = lang;
	app->options.lang = lang;
	tr_set_lang(lang);
	link_set_lang(app->link, lang);
	ui_redraw(app->ui);
}

void
app_logout(struct app *app)
{
	if (viewing_is_on(app)) {
		viewing_end(app); /* out of the other user first */
		return;
	}
	/* Nothing of this user stays on the screen; the next one gets a home of his own. */
	link_logout(app->link);
	while (ui_top(app->ui) != NULL)
		ui_pop(app->ui);
	ui_set_modules(app->ui, NULL, 0);
	ui_set_user(app->ui, "");
	app->entered = false;
	app->user = 0;
	app_connect(app, app->options.server);
	login_open(app, NULL, NULL);
}

static void
app_on_leave(void *arg, int choice)
{
	struct app *app = arg;

	if (choice == 0)
		ui_quit(app->ui);
}

void
app_leave(struct app *app)
{
	struct link_status status = link_status(app->link);
	char text[200];

	snprintf(text, sizeof(text), tr(status.unsynced > 0 ? T_LEAVE_UNSYNCED : T_LEAVE_TEXT),
	    status.unsynced);
	confirm_open(app->ui, &(struct confirm_config){ .title = tr(T_LEAVE_TITLE),
				  .text = text,
				  .choices = { tr(T_LEAVE_YES), tr(T_LEAVE_NO) },
				  .letters = { 'y', 'n' },
				  .answer = app_on_leave,
				  .arg = app });
}

/* ---- the whole run ---- */

static void
app_init(struct app *app)
{
	app->loop = loop_new();
	app->ui = ui_new(app->loop);
	ask_init(app);
	live_init(app);
	views_init(app);
	recent_init(app);
	pick_init(app);
	shelf_init(app);
	resume_init(app);
	ui_set_clock(app->ui, app->offset_min);
	ui_set_cancel(app->ui, app_cancel, app);
	ui_set_global(app->ui, app_global_key, app);
	viewing_offer(app);
	loop_before(app->loop, app_before_wait, app);
}

static void
app_fini(struct app *app)
{
	loop_before(app->loop, NULL, NULL);
	if (!viewing_is_on(app))
		login_remember(app);
	resume_fini(app);
	ui_free(app->ui);
	shelf_fini(app);
	pick_fini(app);
	recent_fini(app);
	views_fini(app);
	live_fini(app);
	ask_fini(app);
	viewing_fini(app);
	link_free(app->link);
	loop_free(app->loop);
}

/* The user's own keys; what is wrong with them is said before the screen opens. */
static bool
app_load_keys(struct app *app)
{
	const char *path = app->settings->keys, *dir, *why;

	if (path == NULL && (dir = place_config_dir(app->arena)) != NULL) {
		path = arena_printf(app->arena, "%s/keys", dir);
		if (access(path, F_OK) != 0)
			return true;
	}
	if (path == NULL || key_file_load(app->arena, path, &why) == ERR_OK)
		return true;
	fprintf(stderr, "kehu: %s\n", why);
	return false;
}

int
app_run(const struct link_options *options, const struct client_settings *settings,
    const char *user, const char *password, const char *const *target)
{
	struct app app = { .settings = settings,
		.target = target,
		.options = *options,
		.arena = arena_new(0),
		.lang = options->lang,
		.offset_min = options->offset_min,
		.link_fd = -1 };
	const char *why = NULL;

	tr_set_lang(app.lang);
	if (!app_load_keys(&app)) {
		arena_free(app.arena);
		return err_exit_status(ERR_USAGE);
	}
	if (term_open(&(struct term_options){ .theme = settings->theme, .mouse = settings->mouse, .ascii = settings->ascii },
		&why) != ERR_OK) {
		fprintf(stderr, "kehu: %s\n", why);
		arena_free(app.arena);
		return err_exit_status(ERR_USAGE);
	}
	if (!term_shows_han())
		app.lang = LANG_EN;
	tr_set_lang(app.lang);
	app_init(&app);
	app_connect(&app, login_server(&app));
	login_open(&app, user, password);
	ui_run(app.ui);
	app_fini(&app);
	term_close();
	cells_fini();
	arena_free(app.arena);
	return 0;
}
