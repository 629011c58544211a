/*
 * The first screen: who, where, in which language, and whether this terminal will do. It also
 * asks for a new password when the server wants one, and comes back when a session has ended.
 * The password is kept nowhere; server, user and language are, for the next start.
 */
#include "client/screens/login.h"

#include "client/link/place.h"
#include "client/screens/recent.h"
#include "client/screens/resume.h"
#include "client/screens/shelf.h"
#include "client/screens/sign.h"
#include "client/screens/views.h"
#include "client/ui/edit.h"
#include "client/ui/term.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/version.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { LOGIN_FILE_BYTES = 4096, LOGIN_COLS = 46, LOGIN_LABEL_COLS = 17, LOGIN_FIELD_COLS = 24 };

enum login_field {
	LOGIN_SERVER,
	LOGIN_USER,
	LOGIN_PASSWORD,
	LOGIN_CODE,
	LOGIN_NEW,
	LOGIN_AGAIN,
	LOGIN_EDITS,
	LOGIN_LANGUAGE = LOGIN_EDITS,
	LOGIN_FIELDS
};

struct login {
	struct screen screen;
	struct app *app;
	struct edit edits[LOGIN_EDITS];
	enum login_field focus;
	bool change;   /* the server wants a new password first */
	bool code;     /* the password was right, a code must follow */
	bool trying;   /* an answer is awaited */
	bool again;    /* there are screens below: a session has ended */
	size_t drafts; /* of the last run */
};

static const struct {
	enum text_id label, help;
} login_fields[LOGIN_FIELDS] = {
	[LOGIN_SERVER] = { T_LOGIN_SERVER, T_LOGIN_SERVER_HELP },
	[LOGIN_USER] = { T_LOGIN_USER, T_LOGIN_USER_HELP },
	[LOGIN_PASSWORD] = { T_LOGIN_PASSWORD, T_LOGIN_PASSWORD_HELP },
	[LOGIN_CODE] = { T_LOGIN_CODE, T_LOGIN_CODE_HELP },
	[LOGIN_NEW] = { T_LOGIN_NEW, T_LOGIN_NEW_HELP },
	[LOGIN_AGAIN] = { T_LOGIN_AGAIN, T_LOGIN_AGAIN_HELP },
	[LOGIN_LANGUAGE] = { T_LOGIN_LANGUAGE, T_LOGIN_LANGUAGE_HELP },
};

/* ---- what the last run left ---- */

static const char *
login_file(const struct app *app, struct arena *arena)
{
	return app->options.state_dir == NULL
		   ? NULL
		   : arena_printf(arena, "%s/login", app->options.state_dir);
}

/* The value of "name=value" in what the last run left; NULL: none. In arena. */
static const char *
login_kept(const struct app *app, struct arena *arena, const char *name)
{
	const char *path = login_file(app, arena);
	size_t bytes, length = strlen(name);
	uint8_t *data;

	if (path == NULL || place_read(arena, path, LOGIN_FILE_BYTES, &data, &bytes) != ERR_OK)
		return NULL;
	char *text = arena_strndup(arena, (const char *)data, bytes), *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, name, length) == 0 && line[length] == '=')
			return line + length + 1;
	return NULL;
}

static void
login_recall(struct login *login, const char *user)
{
	struct arena *arena = arena_new(0);
	const char *kept = login_kept(login->app, arena, "user"),
		   *drafts = login_kept(login->app, arena, "drafts");

	if (user == NULL && kept != NULL)
		edit_set(&login->edits[LOGIN_USER], kept);
	login->drafts = drafts == NULL ? 0 : strtoul(drafts, NULL, 10);
	arena_free(arena);
}

/* What nobody configured is the default of the settings' list. */
static bool
login_server_is_default(const char *server)
{
	for (size_t i = 0; i < client_setting_count; i++)
		if (strcmp(client_setting_table[i].path, "connection.server") == 0)
			return strcmp(client_setting_table[i].text, server) == 0;
	return false;
}

const char *
login_server(struct app *app)
{
	const char *kept;

	if (!login_server_is_default(app->options.server))
		return app->options.server;
	kept = login_kept(app, app->arena, "server");
	return kept != NULL && kept[0] != '\0' ? kept : app->options.server;
}

static size_t
login_count_drafts(const struct app *app)
{
	struct journal *journal = link_journal(app->link);
	size_t count = 0;

	for (size_t i = 0; journal != NULL && i < journal_count(journal); i++)
		count += journal_at(journal, i)->kind == JOURNAL_DRAFT;
	return count;
}

void
login_remember(struct app *app)
{
	struct arena *arena = arena_new(0);
	const char *path = login_file(app, arena);

	if (path != NULL && app->entered && place_make(app->options.state_dir) == ERR_OK) {
		const char *text =
		    arena_printf(arena, "server=%s\nuser=%s\nlanguage=%s\ndrafts=%zu\n",
			app->options.server, link_user(app->link)->name,
			app->lang == LANG_ZH ? "zh" : "en", login_count_drafts(app));

		if (place_write(path, text, strlen(text)) != ERR_OK)
			log_warn("login not remembered", "path=%s", path);
	}
	arena_free(arena);
}

/* ---- signing in ---- */

static const char *
login_value(const struct login *login, enum login_field field)
{
	return edit_text(&login->edits[field]);
}

static bool
login_shows(const struct login *login, enum login_field field)
{
	switch (field) {
	case LOGIN_SERVER:
		return !login->again;
	case LOGIN_CODE:
		return login->code;
	case LOGIN_NEW:
	case LOGIN_AGAIN:
		return login->change && !login->code;
	default:
		return true;
	}
}

static void
login_step(struct login *login, int step)
{
	do
		login->focus = (enum login_field)(
		    ((int)login->focus + LOGIN_FIELDS + step) % LOGIN_FIELDS);
	while (!login_shows(login, login->focus));
}

/* The first field that must be filled in and is not; LOGIN_FIELDS: none. */
static enum login_field
login_missing(const struct login *login)
{
	for (enum login_field field = LOGIN_SERVER; field < LOGIN_EDITS; field++)
		if (login_shows(login, field) && login_value(login, field)[0] == '\0')
			return field;
	return LOGIN_FIELDS;
}

static void
login_try(struct login *login)
{
	struct app *app = login->app;
	enum login_field missing = login_missing(login);

	if (missing != LOGIN_FIELDS) {
		login->focus = missing;
		message_error(ERR_REQUIRED, tr(login_fields[missing].label), tr_lang());
		return;
	}
	if (login->change &&
	    strcmp(login_value(login, LOGIN_NEW), login_value(login, LOGIN_AGAIN)) != 0) {
		edit_clear(&login->edits[LOGIN_AGAIN]);
		login->focus = LOGIN_AGAIN;
		message_say(SAY_ERROR, ERR_INVALID, tr(T_LOGIN_DIFFERENT));
		return;
	}
	if (login->code && link_status(app->link).needs_factor) {
		if (!login->trying)
			ui_busy_begin(app->ui);
		login->trying = true;
		link_factor(app->link, LINK_FACTOR_SIGN_IN, login_value(login, LOGIN_CODE));
		return;
	}
	if (!login->again && strcmp(login_value(login, LOGIN_SERVER), app->options.server) != 0)
		app_connect(app, login_value(login, LOGIN_SERVER));
	else if (link_status(app->link).state == LINK_ENDED ||
		 link_status(app->link).state == LINK_BROKEN)
		link_retry(app->link);
	if (!login->trying)
		ui_busy_begin(app->ui);
	login->trying = true;
	link_login(app->link, login_value(login, LOGIN_USER),
	    login_value(login, LOGIN_PASSWORD),
	    login->change ? login_value(login, LOGIN_NEW) : NULL);
}

static void
login_stop_trying(struct login *login)
{
	if (login->trying)
		ui_busy_end(login->app->ui);
	login->trying = false;
}

/* The second stage: a code in a field of its own, or a factor to be set up. */
static void
login_wants_factor(struct login *login, const struct link_status *status)
{
	if (status->factor_enrol) {
		factor_open(login->app);
		return;
	}
	edit_clear(&login->edits[LOGIN_CODE]);
	login->focus = LOGIN_CODE;
	message_say(login->code ? SAY_ERROR : SAY_NOTE, login->code ? (int)status->error : 0, status->text);
	login->code = true;
}

static void
login_refused(struct login *login, const struct link_status *status)
{
	bool waited = login->trying;

	login_stop_trying(login);
	if (status->needs_factor) {
		login_wants_factor(login, status);
		return;
	}
	login->code = false;
	if (status->error == ERR_PASSWORD_CHANGE) {
		login->change = true;
		login->focus = LOGIN_NEW;
		message_say(SAY_WARNING, 0, status->text);
		return;
	}
	if (status->error == ERR_PASSWORD_WEAK || status->error == ERR_PASSWORD_COMMON ||
	    status->error == ERR_PASSWORD_USED) {
		edit_clear(&login->edits[LOGIN_NEW]);
		edit_clear(&login->edits[LOGIN_AGAIN]);
		login->focus = LOGIN_NEW;
	} else if (waited) {
		edit_clear(&login->edits[LOGIN_PASSWORD]);
		login->focus = LOGIN_PASSWORD;
	}
	if (status->error != ERR_OK)
		message_say(SAY_ERROR, (int)status->error, status->text);
}

static void
login_done(struct login *login)
{
	struct app *app = login->app;
	int64_t user = link_user(app->link)->id;
	bool enrolled = app->factor != NULL;

	login_stop_trying(login);
	recent_load(app);
	views_load(app);
	ui_pop_to(app->ui, &login->screen);
	ui_pop(app->ui);
	/* Somebody else than before: nothing of the other's stays on the screen. */
	while (app->user != user && ui_top(app->ui) != NULL)
		ui_pop(app->ui);
	bool fresh = app->user != user;
	if (fresh)
		home_open(app);
	app->entered = true;
	app->user = user;
	shelf_begin(app);
	login_remember(app);
	message_acted();
	if (fresh)
		resume_begin(app);
	if (link_user(app->link)->notice[0] != '\0')
		message_say(SAY_WARNING, 0, link_user(app->link)->notice);
	if (enrolled)
		factor_show_recovery(app, link_factor_answer(app->link));
	lock_watch(app);
}

void
login_link_changed(struct app *app)
{
	struct link_status status = link_status(app->link);

	ui_redraw(app->ui);
	if (app->login == NULL) {
		if (status.needs_login && app->entered) {
			login_open(app, link_user(app->link)->name, NULL);
			message_say(SAY_WARNING, 0, status.text);
		}
		return;
	}
	if (status.state == LINK_READY || status.state == LINK_SLOW)
		login_done(app->login);
	else if (factor_link_changed(app))
		return;
	else if (status.needs_login)
		login_refused(app->login, &status);
	else if (status.state == LINK_ENDED || status.state == LINK_BROKEN)
		message_say(SAY_ERROR, (int)status.error, status.text);
	if (app->login != NULL && status.state == LINK_ENDED)
		login_stop_trying(app->login);
}

/* ---- the screen ---- */

static const char *
login_title(struct screen *screen)
{
	return tr(((struct login *)screen)->change ? T_LOGIN_TITLE_CHANGE : T_LOGIN_TITLE);
}

static void
login_draw_language(const struct login *login, int y, int x, bool focus)
{
	bool zh = login->app->lang == LANG_ZH;

	cells_putf(y, x, LOGIN_FIELD_COLS, focus ? ROLE_FOCUS : ROLE_NORMAL,
	    "(%s) 中文  (%s) English", zh ? "*" : " ", zh ? " " : "*");
	if (focus)
		cells_cursor(y, x + (zh ? 1 : 11));
}

static void
login_draw_field(struct login *login, enum login_field field, int y, int x)
{
	bool focus = login->focus == field;

	cells_put(y, x, LOGIN_LABEL_COLS, tr(login_fields[field].label), ROLE_NORMAL);
	x += LOGIN_LABEL_COLS;
	if (field == LOGIN_LANGUAGE) {
		login_draw_language(login, y, x, focus);
		return;
	}
	cells_add(y, x, 1, "[", ROLE_NORMAL);
	edit_draw(&login->edits[field], (struct rect){ y, x + 1, 1, LOGIN_FIELD_COLS },
	    ROLE_FIELD, focus);
	cells_add(y, x + 1 + LOGIN_FIELD_COLS, 1, "]", ROLE_NORMAL);
}

/* What a support call would ask first. */
static void
login_draw_test(const struct login *login, int y, int x)
{
	struct link_status status = link_status(login->app->link);
	const char *rtt =
	    status.rtt_ms < 0 ? "" : arena_printf(cells_scratch(), "  RTT %dms", status.rtt_ms);

	cells_putf(y, x, cells_cols() - x, ROLE_NORMAL, "%s  TERM=%s  %s  |%s|  %dx%d  %s%s",
	    tr(T_LOGIN_TEST), term_name(), term_codeset(), "客户", cells_cols(), cells_rows(),
	    tr(term_has_colour() ? T_LOGIN_COLOUR : T_LOGIN_MONO), rtt);
	if (login->drafts > 0)
		cells_putf(
		    y + 1, x, cells_cols() - x, ROLE_WARN, tr(T_LOGIN_DRAFTS), login->drafts);
}

static void
login_draw(struct screen *screen, struct rect rect)
{
	struct login *login = (struct login *)screen;
	int rows = 0;

	for (enum login_field field = 0; field < LOGIN_FIELDS; field++)
		rows += login_shows(login, field);
	struct rect box = cells_centre(rows + 8, LOGIN_COLS + 4);
	int y = box.y = rect.y + (rect.rows - rows - 11) / 2, x = box.x + 3;
	cells_box(box, NULL);
	cells_putf(++y, x, LOGIN_COLS - 2, ROLE_STRONG, "Kehu  %s   v%s", tr(T_LOGIN_PRODUCT),
	    KEHU_VERSION);
	cells_rule(++y, box.x + 1, box.cols - 2);
	y++;
	for (enum login_field field = 0; field < LOGIN_FIELDS; field++)
		if (login_shows(login, field))
			login_draw_field(login, field, ++y, x);
	cells_put(y + 2, x, LOGIN_COLS - 2,
	    tr(login->trying    ? T_LOGIN_TRYING
		: login->change ? T_LOGIN_BUTTONS_CHANGE
				: T_LOGIN_BUTTONS),
	    ROLE_STRONG);
	login_draw_test(login, box.y + box.rows + 1, 8);
}

static const char *
login_hint(struct screen *screen)
{
	struct login *login = (struct login *)screen;

	return arena_printf(cells_scratch(), "%s: %s", tr(login_fields[login->focus].label),
	    tr(login_fields[login->focus].help));
}

static bool
login_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_pick;
}

static const char *
login_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_open ? tr(T_LOGIN_ENTER) : act == ACT_back ? tr(T_LOGIN_LEAVE) : NULL;
}

static unsigned
login_key_language(struct login *login, enum act act, const struct event *event)
{
	struct app *app = login->app;

	if (act != ACT_left && act != ACT_right && event_char(event) != ' ')
		return UI_NONE;
	app_set_lang(app, app->lang == LANG_ZH ? LANG_EN : LANG_ZH);
	return UI_DONE;
}

static unsigned
login_key_cancel(struct login *login)
{
	struct app *app = login->app;

	if (login->code && !login->trying) {
		login->code = false;
		edit_clear(&login->edits[LOGIN_PASSWORD]);
		login->focus = LOGIN_PASSWORD;
		return UI_DONE;
	}
	/* Without a session nothing below can be used. */
	if (!login->trying) {
		ui_quit(app->ui);
		return UI_DONE;
	}
	login_stop_trying(login);
	app_connect(app, app->options.server);
	message_say(SAY_NOTE, 0, tr(T_CANCELLED));
	return UI_DONE;
}

static unsigned
login_key(struct screen *screen, enum act act, const struct event *event)
{
	struct login *login = (struct login *)screen;
	unsigned flags = UI_NONE;

	if (login->focus == LOGIN_LANGUAGE)
		flags = login_key_language(login, act, event);
	else if (!login->trying)
		flags = edit_key(&login->edits[login->focus], act, event);
	if (flags != UI_NONE)
		return flags;
	switch (act) {
	case ACT_next:
	case ACT_down:
		login_step(login, 1);
		return UI_DONE;
	case ACT_previous:
	case ACT_up:
		login_step(login, -1);
		return UI_DONE;
	case ACT_open:
		/* Enter goes on until the password is there, then it signs in. */
		if (login->focus < LOGIN_PASSWORD && login_missing(login) != LOGIN_FIELDS && !login->code)
			login_step(login, 1);
		else if (!login->trying)
			login_try(login);
		return UI_DONE;
	case ACT_back:
	case ACT_cancel:
		return login_key_cancel(login);
	default:
		return UI_NONE;
	}
}

static void
login_leave(struct screen *screen)
{
	struct login *login = (struct login *)screen;

	login_stop_trying(login);
	login->app->login = NULL;
	for (size_t i = 0; i < LOGIN_EDITS; i++)
		edit_fini(&login->edits[i]);
	free(login);
}

static const struct screen_ops login_ops = {
	.name = "login",
	.context = CTX_LOGIN,
	.title = login_title,
	.draw = login_draw,
	.hint = login_hint,
	.can = login_can,
	.label = login_label,
	.key = login_key,
	.leave = login_leave,
};

void
login_open(struct app *app, const char *user, const char *password)
{
	struct login *login = mem_zalloc(1, sizeof(*login));

	login->screen.ops = &login_ops;
	login->app = app;
	login->again = app->entered;
	for (size_t i = 0; i < LOGIN_EDITS; i++) {
		edit_init(&login->edits[i], 200);
		login->edits[i].secret = i >= LOGIN_PASSWORD && i != LOGIN_CODE;
	}
	edit_set(&login->edits[LOGIN_SERVER], app->options.server);
	edit_set(&login->edits[LOGIN_USER], user);
	edit_set(&login->edits[LOGIN_PASSWORD], password);
	login_recall(login, user);
	app->login = login;
	ui_push(app->ui, &login->screen);
	login->focus =
	    login_missing(login) < LOGIN_EDITS ? login_missing(login) : LOGIN_PASSWORD;
	if (password != NULL && login_missing(login) == LOGIN_FIELDS)
		login_try(login);
}
