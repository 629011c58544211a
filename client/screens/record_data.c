/* Reading a record with its tabs in one round trip, and following what others do to it. */
#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "client/screens/recent.h"
#include "client/screens/record.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

static void
record_take(struct record_screen *screen, const Kehu__ServerFrame *answer)
{
	const Kehu__GetAnswer *get;

	/* What was read before is in the arena that goes. */
	screen->event_count = 0;
	arena_reset(screen->arena);
	get = link_keep(screen->arena, answer)->get;
	screen->record = get->record;
	for (size_t i = 0; i < screen->tab_count; i++)
		for (size_t p = 0; p < get->n_related; p++)
			if (get->related[p]->entity == screen->tabs[i].tab->entity &&
			    get->related[p]->field == screen->tabs[i].tab->field)
				record_tab_take(&screen->tabs[i], get->related[p]->page);
	record_overview_gather(screen);
	record_history_stale(screen->history);
	if (record_on_history(screen))
		record_history_ask(screen->history);
	recent_add(screen->app, screen->entity->number, screen->id, screen->record->label);
}

static void
record_on_read(void *context, const Kehu__ServerFrame *answer)
{
	(void)answer;
	record_ask(context, ASK_QUIET);
}

/* A message that is opened is read. */
static void
record_mark_read(struct record_screen *screen)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;

	if (strcmp(screen->entity->name, "message") != 0 || screen->read_sent ||
	    !cat_value_empty(cat_value(screen->record, app_field(screen->entity, "read_at"))))
		return;
	screen->read_sent = true;
	act.has_entity = act.has_id = act.has_version = true;
	act.entity = screen->entity->number;
	act.id = screen->id;
	act.version = screen->record->version;
	act.action = ask_text("read");
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	screen->asking = ask_send(screen->app, &frame, ASK_QUIET, record_on_read, screen);
}

static void
record_on_opened(void *context)
{
	record_ask(context, 0);
}

/* A shut record: its form asks what for, once; whoever turns back leaves an empty screen behind. */
static bool
record_ask_purpose(struct record_screen *screen, enum err err)
{
	Kehu__Record stub = KEHU__RECORD__INIT;

	if (err != ERR_PURPOSE_NEEDED || screen->purpose_asked || screen->record != NULL)
		return false;
	screen->purpose_asked = true;
	stub.has_entity = stub.has_id = true;
	stub.entity = screen->entity->number;
	stub.id = screen->id;
	action_start(screen->app, &stub, "open", record_on_opened, screen);
	return true;
}

static void
record_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct record_screen *screen = context;
	enum err err = link_error(answer);
	bool first = screen->record == NULL;

	screen->asking = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_GET &&
	    answer->get->record != NULL) {
		screen->read_ms = loop_now_ms();
		record_take(screen, answer);
		record_mark_read(screen);
	} else {
		ask_say_error(screen->app, answer, screen->entity->number);
		if (record_ask_purpose(screen, err))
			return;
	}
	ui_redraw(screen->app->ui);
	/* Nothing to show, or nothing any more. */
	if (err == ERR_NO_SUCH_RECORD || (first && err != ERR_OK)) {
		ui_pop_to(screen->app->ui, &screen->screen);
		ui_pop(screen->app->ui);
	}
}

/* The record with all its tabs: one round trip. */
struct record_request {
	Kehu__ClientFrame frame;
	Kehu__Get get;
	Kehu__Related related[RECORD_TABS], *list[RECORD_TABS];
};

static void
record_frame(const struct record_screen *screen, struct record_request *request)
{
	ask_get_frame(&request->frame, &request->get, screen->entity->number, screen->id);
	for (size_t i = 0; i < screen->tab_count; i++) {
		record_tab_ask(&screen->tabs[i], &request->related[i]);
		request->list[i] = &request->related[i];
	}
	request->get.n_related = screen->tab_count;
	request->get.related = request->list;
}

void
record_ask(struct record_screen *screen, unsigned flags)
{
	struct record_request request;

	ask_cancel(screen->app, &screen->asking);
	record_frame(screen, &request);
	screen->asking =
	    ask_send(screen->app, &request.frame, flags | LINK_CACHE, record_on_answer, screen);
}

bool
record_is_fresh(const struct record_screen *screen)
{
	struct record_request request;
	struct arena *arena = arena_new(0);
	bool fresh = false;
	int64_t age_ms;

	record_frame(screen, &request);
	if (link_cached(screen->app->link, arena, &request.frame, &age_ms, &fresh) == NULL)
		fresh = false;
	arena_free(arena);
	return fresh;
}

void
record_show_cached(struct record_screen *screen)
{
	struct record_request request;
	struct arena *arena = arena_new(0);
	const Kehu__ServerFrame *answer;
	int64_t age_ms;
	bool fresh;

	record_frame(screen, &request);
	answer = link_cached(screen->app->link, arena, &request.frame, &age_ms, &fresh);
	if (answer != NULL && answer->answer_case == KEHU__SERVER_FRAME__ANSWER_GET &&
	    answer->get->record != NULL) {
		screen->read_ms = loop_now_ms() - age_ms;
		record_take(screen, answer);
	}
	arena_free(arena);
}

/* A screen that nobody sees, for the request it would send; NULL: no such entity. */
static struct record_screen *
record_unseen(struct app *app, uint32_t entity, int64_t id)
{
	struct record_screen *screen = mem_zalloc(1, sizeof(*screen));

	screen->app = app;
	screen->id = id;
	screen->entity = cat_entity(app_cat(app), entity);
	if (screen->entity == NULL) {
		free(screen);
		return NULL;
	}
	record_make_tabs(screen);
	return screen;
}

uint32_t
record_ask_ahead(struct app *app, uint32_t entity, int64_t id,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context)
{
	struct record_screen *screen = record_unseen(app, entity, id);
	struct record_request request;
	uint32_t number;

	if (screen == NULL)
		return 0;
	record_frame(screen, &request);
	number = ask_send(app, &request.frame, LINK_LOW | LINK_CACHE, done, context);
	record_drop_tabs(screen);
	free(screen);
	return number;
}

bool
record_is_kept(struct app *app, uint32_t entity, int64_t id)
{
	struct record_screen *screen = record_unseen(app, entity, id);
	struct record_request request;
	struct arena *arena = arena_new(0);
	bool kept = false, fresh;
	int64_t age_ms;

	if (screen != NULL) {
		record_frame(screen, &request);
		kept = link_cached(app->link, arena, &request.frame, &age_ms, &fresh) != NULL;
		record_drop_tabs(screen);
		free(screen);
	}
	arena_free(arena);
	return kept;
}

void
record_reload(struct record_screen *screen)
{
	record_ask(screen, ASK_QUIET);
}

/* ---- what others do ---- */

/* Somebody else's change is told with what it was; our own is no news. */
static void
record_on_change(void *context, const Kehu__ServerFrame *answer)
{
	struct record_screen *screen = context;
	struct arena *arena = arena_new(0);

	screen->asking_change = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_HISTORY &&
	    ui_top(screen->app->ui) == &screen->screen && answer->history->n_changes > 0 &&
	    answer->history->changes[0]->user != link_user(screen->app->link)->id) {
		const Kehu__Change *change = answer->history->changes[0];
		const char *who = change->user_label != NULL ? change->user_label : "";

		message_sayf(SAY_NOTE, tr(T_RECORD_CHANGED), text_print(arena, who, TEXT_LINE),
		    record_history_text(screen->app, arena, change));
		screen->changed_seen = true;
		ui_redraw(screen->app->ui);
	}
	arena_free(arena);
}

static void
record_ask_change(struct record_screen *screen)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History request = KEHU__HISTORY__INIT;

	ask_cancel(screen->app, &screen->asking_change);
	request.has_entity = request.has_id = request.has_limit = true;
	request.entity = screen->entity->number;
	request.id = screen->id;
	request.limit = 1;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame.history = &request;
	screen->asking_change =
	    ask_send(screen->app, &frame, ASK_QUIET, record_on_change, screen);
}

void
record_on_pushed(void *context, uint32_t entity, int64_t id, uint32_t version)
{
	struct record_screen *screen = context;

	if (entity != screen->entity->number || id != screen->id)
		return;
	if (screen->record != NULL && version != 0 && version <= screen->record->version)
		return;
	screen->pushed = version;
}

void
record_on_settled(void *context)
{
	struct record_screen *screen = context;

	if (screen->pushed == 0)
		return;
	screen->pushed = 0;
	record_reload(screen);
	record_ask_change(screen);
}
