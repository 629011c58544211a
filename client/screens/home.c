/*
 * The first screen after signing in: what is to be done today, whom one should see again, what
 * lies unfinished on this machine, what was open last. Each pane of records is a query of the
 * search language that Enter on its last row opens as a list.
 */
#include "client/screens/ask.h"
#include "client/screens/cell.h"
#include "client/screens/draft.h"
#include "client/screens/live.h"
#include "client/screens/palette.h"
#include "client/screens/recent.h"
#include "client/screens/views.h"
#include "client/ui/list.h"
#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { HOME_ROWS = 20, HOME_COLUMNS = 4, HOME_CELLS = 3, HOME_MORE = -1 };
enum home_pane_name { HOME_TODAY, HOME_AGAIN, HOME_HERE, HOME_RECENT, HOME_PANES };

struct home_pane {
	struct home *home;
	enum home_pane_name name;
	struct list list;
	/* of the server's panes */
	uint32_t entity, columns[HOME_COLUMNS], number, total_number;
	size_t column_count;
	struct arena *arena;
	const Kehu__Page *page;
	bool failed;
	size_t total; /* of all that fit; 0: not known */
	bool total_at_least;
	/* the row being drawn */
	struct list_row row;
	const char *cells[HOME_CELLS];
	uint8_t roles[HOME_CELLS];
};

/* Records that want attention, counted only: the palette's codes open them. */
enum { HOME_COUNTS = 4 };
struct home_count {
	struct home *home;
	uint32_t number;
	int64_t total;
	bool at_least;
};

struct home {
	struct screen screen;
	struct app *app;
	struct home_pane panes[HOME_PANES];
	enum home_pane_name focus;
	struct live_view *live[2];
	struct home_count counts[HOME_COUNTS];
	struct recent_item recent[HOME_ROWS];
	size_t recent_count;
	enum lang lang; /* of the answers */
};

/* What a pane of records asks, and its columns: a name, a moment and what else is shown. */
static const struct {
	enum text_id title;
	const char *entity, *query;
	const char *columns[HOME_COLUMNS];
} home_queries[] = {
	[HOME_TODAY] = { T_HOME_TODAY, "visit",
	    "owner:me state:planned,started at:<+1d sort:at",
	    { "at", "kind", "customer_id", "purpose" } },
	[HOME_AGAIN] = { T_HOME_AGAIN, "customer", "owner:me level:A,B -visited:30d",
	    { "name", "level", "last_visit_at", NULL } },
};

static const struct {
	const char *entity, *query;
	enum text_id text;
} home_count_queries[HOME_COUNTS] = {
	{ "approval", "approver:me", T_HOME_APPROVALS },
	{ "message", "-has:read_at", T_HOME_UNREAD },
	{ "opportunity", "owner:me state:open expected_on:..eom", T_HOME_CLOSING },
	{ "plan_step", "owner:me state:open due:<+1d", T_HOME_STEPS },
};

static const struct list_column home_columns[HOME_PANES][HOME_CELLS] = {
	[HOME_TODAY] = { { .title = "", .min_cols = 9, .want_cols = 9 },
	    { .title = "", .min_cols = 14, .want_cols = 20, .stretch = true },
	    { .title = "", .min_cols = 6, .want_cols = 16, .priority = 1 } },
	[HOME_AGAIN] = { { .title = "", .min_cols = 2, .want_cols = 2 },
	    { .title = "", .min_cols = 14, .want_cols = 26, .stretch = true },
	    { .title = "", .min_cols = 8, .want_cols = 8, .priority = 1 } },
	[HOME_HERE] = { { .title = "", .min_cols = 7, .want_cols = 7 },
	    { .title = "", .min_cols = 12, .want_cols = 20, .stretch = true },
	    { .title = "", .min_cols = 11, .want_cols = 11, .priority = 1 } },
	[HOME_RECENT] = { { .title = "", .min_cols = 8, .want_cols = 8 },
	    { .title = "", .min_cols = 12, .want_cols = 20, .stretch = true },
	    { .title = "", .min_cols = 1, .want_cols = 1, .priority = 1 } },
};

/* ---- rows ---- */

static const char *
home_cell(const struct home_pane *pane, const Kehu__Row *row, size_t column)
{
	const Kehu__Entity *entity = cat_entity(app_cat(pane->home->app), pane->entity);
	const Kehu__Field *field =
	    entity == NULL ? NULL : cat_field(entity, pane->columns[column]);

	return field == NULL || column >= row->n_cells
		   ? ""
		   : cell_text(pane->home->app, field, row->cells[column]);
}

/* "10:00 华信科技 报价"; a visit of an earlier day is late. */
static void
home_row_today(struct home_pane *pane, const Kehu__Row *row)
{
	struct app *app = pane->home->app;
	int64_t us = row->n_cells > 0 ? row->cells[0]->number : 0;
	int64_t late = link_today(app->link) - date_of_us(us, app->offset_min);
	const char *when = date_format_us(cells_scratch(), us, app->offset_min);

	pane->cells[0] =
	    late > 0 ? arena_printf(cells_scratch(), tr(T_HOME_LATE), (int)late) : when + 11;
	pane->cells[1] = home_cell(pane, row, 2);
	pane->cells[2] = home_cell(pane, row, 3);
	pane->roles[0] = late > 0 ? ROLE_BAD : ROLE_NORMAL;
}

static void
home_row_again(struct home_pane *pane, const Kehu__Row *row)
{
	struct app *app = pane->home->app;
	const Kehu__Value *last = row->n_cells > 2 ? row->cells[2] : NULL;

	/* The level's letter is enough here. */
	pane->cells[0] = row->n_cells > 1 && row->cells[1]->text != NULL
			     ? text_print(cells_scratch(), row->cells[1]->text, TEXT_LINE)
			     : "";
	pane->cells[1] = home_cell(pane, row, 0);
	pane->cells[2] =
	    cat_value_empty(last)
		? tr(T_HOME_NEVER)
		: arena_printf(cells_scratch(), tr(T_HOME_DAYS),
		      (int)(link_today(app->link) - date_of_us(last->number, app->offset_min)));
}

/* The drafts, then what is on its way to the server. */
static const struct journal_entry *
home_entry(const struct home *home, size_t index)
{
	struct journal *journal = link_journal(home->app->link);

	for (enum journal_kind kind = JOURNAL_DRAFT; kind <= JOURNAL_OUTBOX; kind++)
		for (size_t i = 0; journal != NULL && i < journal_count(journal); i++)
			if (journal_at(journal, i)->kind == kind && index-- == 0)
				return journal_at(journal, i);
	return NULL;
}

static void
home_row_here(struct home_pane *pane, size_t index)
{
	struct app *app = pane->home->app;
	const struct journal_entry *entry = home_entry(pane->home, index);
	bool refused = entry->note != NULL && entry->note[0] != '\0';

	pane->cells[0] = tr(entry->kind == JOURNAL_OUTBOX ? T_HOME_OUTBOX : T_HOME_DRAFT);
	pane->cells[1] = text_print(cells_scratch(), entry->title, TEXT_LINE);
	pane->cells[2] =
	    refused ? text_print(cells_scratch(), entry->note, TEXT_LINE)
		    : date_format_us(cells_scratch(), entry->at_us, app->offset_min) + 5;
	pane->roles[2] = refused ? ROLE_BAD : ROLE_NORMAL;
}

static void
home_row_recent(struct home_pane *pane, size_t index)
{
	const struct recent_item *item = &pane->home->recent[index];
	const Kehu__Entity *entity = cat_entity(app_cat(pane->home->app), item->entity);

	pane->cells[0] = entity == NULL ? "" : entity->label;
	pane->cells[1] = item->label;
}

static const struct list_row *
home_row(void *arg, size_t index)
{
	struct home_pane *pane = arg;
	const Kehu__Row *row =
	    pane->page != NULL && index < pane->page->n_rows ? pane->page->rows[index] : NULL;

	memset(pane->cells, 0, sizeof(pane->cells));
	memset(pane->roles, 0, sizeof(pane->roles));
	pane->row = (struct list_row){
		.id = (int64_t)index, .cells = pane->cells, .roles = pane->roles
	};
	if (pane->name == HOME_HERE) {
		home_row_here(pane, index);
	} else if (pane->name == HOME_RECENT) {
		home_row_recent(pane, index);
	} else if (row == NULL) {
		pane->row.id = HOME_MORE;
		pane->cells[1] = tr(T_HOME_ALL);
	} else if (pane->name == HOME_TODAY) {
		home_row_today(pane, row);
	} else {
		home_row_again(pane, row);
	}
	return &pane->row;
}

/* ---- reading ---- */

static void
home_watch(struct home *home)
{
	for (int i = 0; i < 2; i++) {
		const struct home_pane *pane = &home->panes[i];
		int64_t ids[HOME_ROWS];
		size_t count = 0;

		for (size_t r = 0;
		     pane->page != NULL && r < pane->page->n_rows && r < HOME_ROWS; r++)
			ids[count++] = pane->page->rows[r]->id;
		live_show(home->live[i], pane->entity, ids, count, false);
	}
}

static void
home_on_total(void *context, const Kehu__ServerFrame *answer)
{
	struct home_pane *pane = context;

	pane->total_number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE || !answer->page->has_total)
		return;
	pane->total = (size_t)answer->page->total;
	pane->total_at_least = answer->page->total_at_least;
	ui_redraw(pane->home->app->ui);
}

static void
home_ask_total(struct home_pane *pane)
{
	struct app *app = pane->home->app;
	Kehu__ClientFrame frame;
	Kehu__List list;

	ask_list_frame(&frame, &list,
	    &(struct ask_list){ .entity = pane->entity,
		.query = home_queries[pane->name].query,
		.limit = 1,
		.total = true,
		.columns = pane->columns,
		.column_count = 1 });
	ask_cancel(app, &pane->total_number);
	pane->total_number = ask_send(app, &frame, LINK_LOW, home_on_total, pane);
}

static void
home_on_page(void *context, const Kehu__ServerFrame *answer)
{
	struct home_pane *pane = context;
	struct app *app = pane->home->app;

	pane->number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
		pane->failed = true;
		ask_say_error(app, answer, pane->entity);
		return;
	}
	pane->failed = false;
	arena_reset(pane->arena);
	pane->page = link_keep(pane->arena, answer)->page;
	size_t rows = pane->page->n_rows + (pane->page->has_next ? 1 : 0);
	list_set_total(&pane->list, rows, false);
	pane->total = 0;
	if (pane->page->has_next)
		home_ask_total(pane);
	home_watch(pane->home);
	ui_redraw(app->ui);
}

static void
home_ask(struct home_pane *pane, bool quiet)
{
	struct app *app = pane->home->app;
	const Kehu__Entity *entity = app_entity(app, home_queries[pane->name].entity);
	Kehu__ClientFrame frame;
	Kehu__List list;
	bool fresh;
	int64_t age_ms;

	pane->entity = entity == NULL ? 0 : entity->number;
	pane->column_count = 0;
	for (size_t i = 0; i < HOME_COLUMNS && home_queries[pane->name].columns[i] != NULL;
	     i++) {
		uint32_t field = app_field(entity, home_queries[pane->name].columns[i]);

		if (field == 0)
			return; /* not for this user */
		pane->columns[pane->column_count++] = field;
	}
	ask_list_frame(&frame, &list,
	    &(struct ask_list){ .entity = pane->entity,
		.query = home_queries[pane->name].query,
		.limit = HOME_ROWS - 1,
		.columns = pane->columns,
		.column_count = pane->column_count });
	struct arena *arena = arena_new(0);
	bool known = link_cached(app->link, arena, &frame, &age_ms, &fresh) != NULL;
	arena_free(arena);
	if (quiet && known && fresh)
		return;
	ask_cancel(app, &pane->number);
	pane->number = ask_send(
	    app, &frame, LINK_CACHE | (quiet ? (unsigned)ASK_QUIET : 0U), home_on_page, pane);
}

static void
home_on_count(void *context, const Kehu__ServerFrame *answer)
{
	struct home_count *count = context;

	count->number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE || !answer->page->has_total)
		return;
	count->total = answer->page->total;
	count->at_least = answer->page->total_at_least;
	ui_redraw(count->home->app->ui);
}

static void
home_ask_counts(struct home *home)
{
	for (size_t i = 0; i < HOME_COUNTS; i++) {
		const Kehu__Entity *entity = app_entity(home->app, home_count_queries[i].entity);
		struct home_count *count = &home->counts[i];
		Kehu__ClientFrame frame;
		Kehu__List list;

		ask_cancel(home->app, &count->number);
		if (entity == NULL)
			continue;
		ask_list_frame(&frame, &list,
		    &(struct ask_list){ .entity = entity->number,
			.query = home_count_queries[i].query,
			.limit = 1,
			.total = true });
		count->number = ask_send(home->app, &frame, LINK_LOW, home_on_count, count);
	}
}

static void
home_count_here(struct home *home)
{
	size_t count = 0;

	while (count < 500 && home_entry(home, count) != NULL)
		count++;
	list_set_total(&home->panes[HOME_HERE].list, count, false);
	home->recent_count = recent_list(home->app, 0, home->recent, HOME_ROWS);
	list_set_total(&home->panes[HOME_RECENT].list, home->recent_count, false);
}

static void
home_load(struct home *home, bool quiet)
{
	home->lang = home->app->lang;
	home_ask(&home->panes[HOME_TODAY], quiet);
	home_ask(&home->panes[HOME_AGAIN], quiet);
	home_ask_counts(home);
}

static void
home_on_live(void *context, uint32_t entity, int64_t id, uint32_t version)
{
	struct home *home = context;

	(void)id;
	(void)version;
	for (int i = 0; i < 2; i++)
		if (home->panes[i].entity == entity)
			home_ask(&home->panes[i], true);
}

/* ---- drawing ---- */

static const char *
home_pane_title(const struct home *home, enum home_pane_name name)
{
	const struct home_pane *pane = &home->panes[name];
	size_t unsynced = link_status(home->app->link).unsynced;
	size_t rows = pane->page != NULL ? pane->page->n_rows : 0;
	size_t count = pane->total > 0 ? pane->total : rows;
	bool more =
	    pane->total > 0 ? pane->total_at_least : pane->page != NULL && pane->page->has_next;

	switch (name) {
	case HOME_HERE:
		return unsynced > 0
			   ? arena_printf(cells_scratch(), tr(T_HOME_HERE_QUEUED), unsynced)
			   : tr(T_HOME_HERE);
	case HOME_RECENT:
		return tr(T_HOME_RECENT);
	default:
		return arena_printf(cells_scratch(), "%s (%zu%s)", tr(home_queries[name].title),
		    count, more ? "+" : "");
	}
}

static const char *
home_pane_empty(const struct home_pane *pane)
{
	static const enum text_id texts[HOME_PANES] = { T_HOME_TODAY_NONE, T_HOME_AGAIN_NONE,
		T_HOME_HERE_NONE, T_HOME_RECENT_NONE };

	if (pane->name < HOME_HERE && pane->page == NULL && !pane->failed)
		return "";
	return tr(pane->failed ? T_HOME_FAILED : texts[pane->name]);
}

static void
home_draw_pane(struct home *home, enum home_pane_name name, struct rect rect)
{
	struct home_pane *pane = &home->panes[name];
	bool focus = home->focus == name;

	if (rect.rows < 2)
		return;
	cells_put(rect.y, rect.x + 1, rect.cols - 1,
	    text_cut(
		cells_scratch(), home_pane_title(home, name), (size_t)rect.cols - 1, false),
	    ROLE_STRONG);
	pane->list.empty = home_pane_empty(pane);
	list_draw(
	    &pane->list, (struct rect){ rect.y + 1, rect.x, rect.rows - 1, rect.cols }, focus);
	/* The other panes show no cursor. */
	if (!focus && pane->list.total > 0)
		cells_add(pane->list.body.y + (int)(pane->list.cursor - pane->list.top), rect.x,
		    1, " ", ROLE_NORMAL);
}

/* "待审批 1  本月底前成交 3" at the right; nothing where there is nothing to do. */
static void
home_draw_counts(const struct home *home, int y, int cols)
{
	const char *text = "";

	for (size_t i = 0; i < HOME_COUNTS; i++)
		if (home->counts[i].total > 0)
			text = arena_printf(cells_scratch(), "%s  %s %d%s", text,
			    tr(home_count_queries[i].text), (int)home->counts[i].total,
			    home->counts[i].at_least ? "+" : "");
	if (*text)
		cells_put_right(y, cols - (int)text_cols(text) - 1, (int)text_cols(text) + 1, text,
		    ROLE_STRONG);
}

static void
home_draw_views(const struct home *home, int y, int cols)
{
	const char *text = tr(T_HOME_VIEWS);

	for (size_t i = 0; i < views_count(home->app); i++) {
		const struct view *view = views_at(home->app, i);

		text = arena_printf(cells_scratch(), "%s  %c %s", text,
		    view->letter ? view->letter : '-', view->name);
	}
	if (views_count(home->app) == 0)
		text = arena_printf(cells_scratch(), "%s %s", text, tr(T_HOME_VIEWS_NONE));
	cells_put(y, 1, cols - 1, text_cut(cells_scratch(), text, (size_t)cols - 1, false),
	    ROLE_NORMAL);
	home_draw_counts(home, y, cols);
}

static void
home_draw(struct screen *screen, struct rect rect)
{
	struct home *home = (struct home *)screen;
	int left = rect.cols * 11 / 20, right = rect.cols - left - 1;
	int top = (rect.rows - 4) / 2, low = rect.rows - 4 - top, middle = rect.y + 1 + top;

	if (home->lang != home->app->lang && link_lang(home->app->link) == home->app->lang)
		home_load(home, true);
	home_count_here(home);
	cells_rule(rect.y, 0, rect.cols);
	home_draw_pane(home, HOME_TODAY, (struct rect){ rect.y + 1, 0, top, left });
	home_draw_pane(home, HOME_HERE, (struct rect){ rect.y + 1, left + 1, top, right });
	home_draw_pane(home, HOME_AGAIN, (struct rect){ middle + 1, 0, low, left });
	home_draw_pane(home, HOME_RECENT, (struct rect){ middle + 1, left + 1, low, right });
	cells_upright(rect.y + 1, left, top + 1 + low);
	cells_rule(middle, 0, rect.cols);
	cells_add(middle, left, 1, "+", ROLE_NORMAL);
	cells_rule(middle + 1 + low, 0, rect.cols);
	home_draw_views(home, middle + 2 + low, rect.cols);
	const struct list *list = &home->panes[home->focus].list;
	cells_cursor(list->body.y + (int)(list->cursor - list->top), list->body.x);
}

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
	(void)screen;
	return tr(T_HOME_HINT);
}

/* ---- keys ---- */

static unsigned
home_open_row(struct home *home)
{
	struct home_pane *pane = &home->panes[home->focus];
	const struct list_row *current = list_current(&pane->list);
	size_t index = pane->list.cursor;
	struct app *app = home->app;

	if (current == NULL)
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
	} else if (current->id == HOME_MORE) {
		list_open(app, pane->entity, home_queries[pane->name].query);
	} else {
		const Kehu__Row *row = pane->page->rows[index];

		recent_add(app, pane->entity, row->id,
		    home_cell(pane, row, pane->name == HOME_TODAY ? 3 : 0));
		record_open(app, pane->entity, row->id);
	}
	return UI_DONE;
}

static void
home_step(struct home *home, int step)
{
	/* Left top, left bottom, right top, right bottom: as they are named. */
	home->focus =
	    (enum home_pane_name)(((int)home->focus + HOME_PANES + step) % HOME_PANES);
}

static void
home_new_visit(struct home *home)
{
	const Kehu__Entity *visit = app_entity(home->app, "visit");

	if (visit == NULL || !(visit->actions_allowed & CAT_CREATE))
		message_error(ERR_FORBIDDEN, NULL, home->app->lang);
	else
		form_open_new(home->app, visit->number, NULL);
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
	switch (act) {
	case ACT_next:
		home_step(home, 1);
		return UI_DONE;
	case ACT_previous:
		home_step(home, -1);
		return UI_DONE;
	case ACT_right:
	case ACT_left:
		home_step(home, HOME_PANES / 2);
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
		home_new_visit(home);
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

static bool
home_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_actions && act != ACT_undo;
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

	live_close(home->live[0]);
	live_close(home->live[1]);
	for (size_t i = 0; i < HOME_COUNTS; i++)
		ask_cancel(home->app, &home->counts[i].number);
	for (size_t i = 0; i < HOME_PANES; i++) {
		ask_cancel(home->app, &home->panes[i].number);
		ask_cancel(home->app, &home->panes[i].total_number);
		list_fini(&home->panes[i].list);
		arena_free(home->panes[i].arena);
	}
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
	struct home *home = calloc(1, sizeof(*home));

	if (home == NULL)
		fatal("out of memory: home");
	home->screen.ops = &home_ops;
	home->app = app;
	for (size_t i = 0; i < HOME_COUNTS; i++)
		home->counts[i].home = home;
	for (size_t i = 0; i < HOME_PANES; i++) {
		struct home_pane *pane = &home->panes[i];

		*pane = (struct home_pane){
			.home = home, .name = (enum home_pane_name)i, .arena = arena_new(0)
		};
		pane->list = (struct list){ .columns = home_columns[i],
			.column_count = HOME_CELLS,
			.row = home_row,
			.arg = pane,
			.plain = true };
		list_init(&pane->list);
	}
	for (int i = 0; i < 2; i++)
		home->live[i] = live_open(
		    app, &(struct live_config){ .changed = home_on_live, .context = home });
	ui_push(app->ui, &home->screen);
	home_load(home, false);
}
