/*
 * The first screen after signing in: what waits for oneself today, as one answer of the server, the
 * month's targets, the day, messages, the team of who leads one, what lies unfinished on this
 * machine and what was open last. Lines of today are home_today.c's, drawing is home_draw.c's.
 */
#include "client/screens/home_private.h"

#include "client/screens/ask.h"
#include "client/screens/draft.h"
#include "client/screens/palette.h"
#include "client/screens/views.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { HOME_LIVE_MS = 500, HOME_WATCHED = 60, HOME_WHEN_COLS = 9 /* "逾期104天" */ };

/* Of these every change in sight counts, of other records those on the list. */
static const char *const home_watched[] = { "message", "reminder", "approval" };

static const struct list_column home_columns[HOME_PANES][HOME_CELLS] = {
	[HOME_TODAY] = { { .title = "", .min_cols = HOME_WHEN_COLS, .want_cols = HOME_WHEN_COLS },
	    { .title = "", .min_cols = 14, .want_cols = 20, .stretch = true } },
	[HOME_MESSAGES] = { { .title = "", .min_cols = 5, .want_cols = 5 },
	    { .title = "", .min_cols = 12, .want_cols = 20, .stretch = true } },
	[HOME_TEAM] = { { .title = "", .min_cols = 8, .want_cols = 8 },
	    { .title = "", .min_cols = 12, .want_cols = 20, .stretch = true } },
	[HOME_HERE] = { { .title = "", .min_cols = 7, .want_cols = 7 },
	    { .title = "", .min_cols = 12, .want_cols = 20, .stretch = true } },
	[HOME_RECENT] = { { .title = "", .min_cols = 8, .want_cols = 8 },
	    { .title = "", .min_cols = 12, .want_cols = 20, .stretch = true } },
};

bool
home_pane_shown(const struct home *home, enum home_pane_name name)
{
	return name == HOME_TODAY || home->panes[name].rect.rows > 1;
}

/* ---- reading ---- */

/* What stands on the list follows the changes of others. */
static void
home_watch(struct home *home)
{
	size_t used = 0;

	for (size_t i = 0; i < sizeof(home_watched) / sizeof(home_watched[0]); i++) {
		const Kehu__Entity *entity = app_entity(home->app, home_watched[i]);

		if (entity != NULL)
			live_show(home->live[used++], entity->number, NULL, 0, true);
	}
	for (size_t i = 0; i < home->today->n_sections && used < HOME_LIVES; i++) {
		const Kehu__TodaySection *section = home->today->sections[i];
		int64_t ids[HOME_WATCHED];
		size_t count = 0;
		bool seen = false;

		for (size_t s = 0; s < i; s++)
			seen |= home->today->sections[s]->entity == section->entity;
		for (size_t s = i; !seen && s < home->today->n_sections; s++)
			for (size_t r = 0; home->today->sections[s]->entity == section->entity &&
					   r < home->today->sections[s]->page->n_rows && count < HOME_WATCHED;
			     r++)
				ids[count++] = home->today->sections[s]->page->rows[r]->id;
		for (size_t w = 0; w < sizeof(home_watched) / sizeof(home_watched[0]); w++)
			seen |= app_entity(home->app, home_watched[w]) != NULL &&
				app_entity(home->app, home_watched[w])->number == section->entity;
		if (!seen && count > 0)
			live_show(home->live[used++], section->entity, ids, count, false);
	}
	for (; used < HOME_LIVES; used++)
		live_show(home->live[used], 0, NULL, 0, false);
}

static void
home_on_team(void *context, const Kehu__ServerFrame *answer)
{
	struct home *home = context;

	home->team_number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TEAM)
		return;
	arena_reset(home->team_arena);
	home->team = link_keep(home->team_arena, answer)->team;
	ui_redraw(home->app->ui);
}

/* Of who leads nobody it is not asked. */
static void
home_ask_team(struct home *home)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Team team = KEHU__TEAM__INIT;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TEAM;
	frame.team = &team;
	ask_cancel(home->app, &home->team_number);
	home->team_number = ask_send(home->app, &frame, LINK_LOW, home_on_team, home);
}

static void
home_on_today(void *context, const Kehu__ServerFrame *answer)
{
	struct home *home = context;
	const struct home_item *current = home_today_current(home);

	home->number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TODAY) {
		home->failed = true;
		ask_say_error(home->app, answer, 0);
		return;
	}
	if (home->follow == 0 && current != NULL && current->row != NULL) {
		home->follow = current->row->id;
		home->follow_entity = current->section->entity;
	}
	home->failed = false;
	arena_reset(home->arena);
	home->today = link_keep(home->arena, answer)->today;
	home_today_make(home, home->item_rows);
	home_watch(home);
	if (home->today->leads > 0 && home->team == NULL)
		home_ask_team(home);
	ui_redraw(home->app->ui);
}

void
home_load(struct home *home, bool quiet)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today today = KEHU__TODAY__INIT;

	home->lang = home->app->lang;
	today.has_limit = true;
	today.limit = HOME_ROWS;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame.today = &today;
	loop_cancel(home->app->loop, home->timer);
	home->timer = 0;
	ask_cancel(home->app, &home->number);
	home->number = ask_send(
	    home->app, &frame, LINK_CACHE | (quiet ? (unsigned)ASK_QUIET : 0U), home_on_today, home);
	if (!quiet && home->team != NULL)
		home_ask_team(home);
}

static void
home_on_timer(void *context)
{
	struct home *home = context;

	home->timer = 0;
	home_load(home, true);
}

static void
home_on_live(void *context, uint32_t entity, int64_t id, uint32_t version)
{
	struct home *home = context;

	(void)entity;
	(void)id;
	(void)version;
	/* Many changes of one moment are one reading. */
	if (home->timer == 0)
		home->timer = loop_timer(home->app->loop, HOME_LIVE_MS, home_on_timer, home);
}

/* ---- keys ---- */

static unsigned
home_open_row(struct home *home)
{
	struct home_pane *pane = &home->panes[home->focus];
	size_t index = pane->list.cursor;
	struct app *app = home->app;

	/* A draft may have gone since it was drawn. */
	if ((pane->name == HOME_HERE && home_entry(home, index) == NULL) || list_current(&pane->list) == NULL)
		return UI_DONE;
	if (pane->name == HOME_HERE) {
		const struct journal_entry *entry = home_entry(home, index);

		if (entry->kind == JOURNAL_DRAFT)
			form_open_draft(app, entry);
		else
			message_say(SAY_NOTE, 0, tr(T_HOME_OUTBOX_WAITS));
	} else if (pane->name == HOME_RECENT) {
		struct recent_item item = home->recent[index];

		record_open(app, item.entity, item.id);
	} else if (pane->name == HOME_TEAM) {
		team_open(app);
	} else {
		return home_today_key(home, ACT_open);
	}
	return UI_DONE;
}

static void
home_step(struct home *home, int step)
{
	do
		home->focus = (enum home_pane_name)(((int)home->focus + HOME_PANES + step) % HOME_PANES);
	while (!home_pane_shown(home, home->focus));
}

static void
home_new(struct home *home)
{
	const Kehu__Entity *entity = home_new_entity(home);

	if (entity == NULL)
		message_error(ERR_FORBIDDEN, NULL, home->app->lang);
	else
		form_open_new(home->app, entity->number, NULL);
}

static unsigned
home_key(struct screen *screen, enum act act, const struct event *event)
{
	struct home *home = (struct home *)screen;
	unsigned flags = list_key(&home->panes[home->focus].list, act, event);

	if (flags & UI_ACT)
		return home_open_row(home);
	if (flags != UI_NONE)
		return flags | UI_REDRAW;
	flags = home_today_key(home, act);
	if (flags != UI_NONE)
		return flags;
	switch (act) {
	case ACT_next:
	case ACT_right:
		home_step(home, 1);
		return UI_DONE;
	case ACT_previous:
	case ACT_left:
		home_step(home, -1);
		return UI_DONE;
	case ACT_module:
		app_module(home->app, (int)(event->code - '0'));
		return UI_DONE;
	case ACT_refresh:
		link_retry(home->app->link);
		home_load(home, false);
		views_load(home->app);
		return UI_DONE;
	case ACT_new:
		home_new(home);
		return UI_DONE;
	case ACT_find:
		palette_open(home->app);
		return UI_DONE;
	case ACT_back:
		app_leave(home->app);
		return UI_DONE;
	case ACT_cancel:
		return UI_HANDLED; /* Esc leaves nothing by accident */
	default:
		return UI_NONE;
	}
}

/* ---- the screen ---- */

static void
home_head(struct screen *screen, struct rect rect)
{
	(void)screen;
	cells_put(rect.y, rect.x, rect.cols, tr(T_HOME_GO), ROLE_NORMAL);
}

static const char *
home_title(struct screen *screen)
{
	(void)screen;
	return tr(T_MODULE_HOME);
}

static const char *
home_hint(struct screen *screen)
{
	const struct home *home = (struct home *)screen;

	return tr(home->focus == HOME_TODAY && home_today_current(home) != NULL
		      ? home_can_visit(home) ? T_HOME_HINT_TODAY
		      : home_today_can(home, ACT_done) || home_today_can(home, ACT_snooze) ? T_HOME_HINT_PLAIN
											   : T_HOME_HINT
		  : home->focus == HOME_MESSAGES				? T_HOME_HINT_MESSAGES
										: T_HOME_HINT);
}

static bool
home_can(struct screen *screen, enum act act)
{
	const struct home *home = (struct home *)screen;

	switch (act) {
	case ACT_actions:
	case ACT_done:
	case ACT_snooze:
	case ACT_later:
	case ACT_log_visit:
	case ACT_log_call:
	case ACT_reply:
		return home_today_can(home, act);
	case ACT_new:
		return home_new_entity(home) != NULL;
	default:
		return act != ACT_undo && act != ACT_print;
	}
}

static const char *
home_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_back ? tr(T_HOME_LEAVE) : act == ACT_find ? tr(T_HOME_FIND) : NULL;
}

static void
home_resume(struct screen *screen)
{
	home_load((struct home *)screen, true);
}

static void
home_reload(struct screen *screen)
{
	home_load((struct home *)screen, false);
}

static void
home_leave(struct screen *screen)
{
	struct home *home = (struct home *)screen;

	loop_cancel(home->app->loop, home->timer);
	for (size_t i = 0; i < HOME_LIVES; i++)
		live_close(home->live[i]);
	ask_cancel(home->app, &home->number);
	ask_cancel(home->app, &home->team_number);
	for (size_t i = 0; i < HOME_PANES; i++)
		list_fini(&home->panes[i].list);
	arena_free(home->arena);
	arena_free(home->team_arena);
	free(home);
}

static const struct screen_ops home_ops = {
	.name = "home",
	.context = CTX_HOME,
	.module = 1,
	.title = home_title,
	.head = home_head,
	.draw = home_draw,
	.hint = home_hint,
	.can = home_can,
	.label = home_label,
	.key = home_key,
	.reload = home_reload,
	.resume = home_resume,
	.leave = home_leave,
};

void
home_open(struct app *app)
{
	struct home *home = mem_zalloc(1, sizeof(*home));

	home->screen.ops = &home_ops;
	home->app = app;
	home->arena = arena_new(0);
	home->team_arena = arena_new(0);
	for (size_t i = 0; i < HOME_PANES; i++) {
		struct home_pane *pane = &home->panes[i];

		*pane = (struct home_pane){ .home = home, .name = (enum home_pane_name)i };
		pane->list = (struct list){ .columns = home_columns[i],
			.column_count = HOME_CELLS,
			.row = home_row,
			.arg = pane,
			.plain = true };
		list_init(&pane->list);
	}
	for (int i = 0; i < HOME_LIVES; i++)
		home->live[i] = live_open(app, &(struct live_config){ .changed = home_on_live, .context = home });
	ui_push(app->ui, &home->screen);
	home_load(home, false);
}
