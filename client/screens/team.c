/*
 * The team page of who leads: a line for each person with what was done today, what is late,
 * the day's report and this month's targets. Enter opens the person's visits, F8 the reports, F7 what
 * is late and what nobody has.
 */
#include "client/screens/app.h"

#include "client/screens/ask.h"
#include "client/screens/list.h"
#include "client/ui/list.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TEAM_COLUMNS = 8, TEAM_BAR = 4 };

struct team {
	struct screen screen;
	struct app *app;
	struct list list;
	struct list_column columns[TEAM_COLUMNS];
	struct list_row row;
	const char *cells[TEAM_COLUMNS];
	uint8_t roles[TEAM_COLUMNS];
	struct arena *arena; /* of the answer */
	const Kehu__TeamAnswer *answer;
	enum lang lang; /* of the answer */
	uint32_t number;
};

static const Kehu__TeamMember *
team_current(const struct team *team)
{
	size_t at = team->list.cursor;

	return team->answer != NULL && at < team->answer->n_members ? team->answer->members[at]
								    : NULL;
}

/* "###- 拜访 32/40": of the first target. */
static const char *
team_goal(const struct team *team, const Kehu__TeamMember *member)
{
	const Kehu__DictionaryItem *item;
	const Kehu__TeamGoal *goal;
	const char *bar = "", *label;
	int64_t unit, full;

	if (member->n_goals == 0)
		return "";
	goal = member->goals[0];
	item = cat_item(cat_dictionary(app_cat(team->app), "target_measure"), goal->measure);
	label = item != NULL ? item->label : goal->measure;
	unit = strcmp(goal->measure, "orders") == 0 || strcmp(goal->measure, "receipts") == 0
		   ? 100
		   : 1;
	full = goal->done >= goal->goal ? TEAM_BAR
	       : goal->done <= 0
		   ? 0
		   : (int64_t)((double)goal->done / (double)goal->goal * TEAM_BAR);
	for (int64_t i = 0; i < TEAM_BAR; i++)
		bar = arena_printf(cells_scratch(), "%s%s", bar, i < full ? "#" : "-");
	return arena_printf(cells_scratch(), "%s %s %" PRId64 "/%" PRId64, bar, label,
	    goal->done / unit, goal->goal / unit);
}

static const struct list_row *
team_row(void *arg, size_t index)
{
	struct team *team = arg;
	const Kehu__DictionaryItem *item;
	const Kehu__TeamMember *member;
	struct arena *scratch = cells_scratch();

	if (team->answer == NULL || index >= team->answer->n_members)
		return NULL;
	member = team->answer->members[index];
	item = member->report != NULL
		   ? cat_item(cat_dictionary(app_cat(team->app), "work_report_state"),
			 member->report)
		   : NULL;
	const int64_t numbers[] = { member->visits, member->calls, member->customers,
		member->orders, member->overdue };
	memset(team->roles, 0, sizeof(team->roles));
	team->cells[0] = member->name;
	for (size_t i = 0; i < 5; i++)
		team->cells[1 + i] = arena_printf(scratch, "%" PRId64, numbers[i]);
	team->cells[6] = item != NULL ? item->label : "-";
	if (member->unread > 0)
		team->cells[6] = arena_printf(scratch, tr(T_TEAM_UNREAD), team->cells[6], (int)member->unread);
	team->cells[7] = team_goal(team, member);
	if (member->overdue > 0)
		team->roles[5] = ROLE_BAD;
	if (member->unread > 0)
		team->roles[6] = ROLE_STRONG;
	team->row =
	    (struct list_row){ .id = member->id, .cells = team->cells, .roles = team->roles };
	return &team->row;
}

static void
team_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct team *team = context;

	team->number = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_TEAM) {
		ask_say_error(team->app, frame, 0);
		return;
	}
	arena_reset(team->arena);
	team->answer = link_keep(team->arena, frame)->team;
	list_set_total(&team->list, team->answer->n_members, false);
	ui_redraw(team->app->ui);
}

static void
team_ask(struct team *team, bool quiet)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Team request = KEHU__TEAM__INIT;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TEAM;
	frame.team = &request;
	ask_cancel(team->app, &team->number);
	team->number =
	    ask_send(team->app, &frame, quiet ? ASK_QUIET : 0U, team_on_answer, team);
}

/* ---- the screen ---- */

static const char *
team_title(struct screen *screen)
{
	(void)screen;
	return tr(T_TEAM);
}

static void
team_head(struct screen *screen, struct rect rect)
{
	const struct team *team = (struct team *)screen;

	if (team->answer != NULL)
		cells_put(rect.y, rect.x, rect.cols,
		    arena_printf(cells_scratch(), tr(T_TEAM_HEAD), team->answer->n_members,
			(int)team->answer->leads, (int)team->answer->customers),
		    ROLE_NORMAL);
}

static void
team_set_columns(struct team *team)
{
	/* Numbers are as wide as their titles, so that 80 columns have room for all. */
	const struct {
		enum text_id title;
		int min, want;
	} columns[TEAM_COLUMNS] = { { T_TEAM_NAME, 10, 16 }, { T_TEAM_VISITS, 0, 6 },
		{ T_TEAM_CALLS, 0, 5 }, { T_TEAM_CUSTOMERS, 0, 6 }, { T_TEAM_ORDERS, 0, 6 },
		{ T_TEAM_OVERDUE, 0, 7 }, { T_TEAM_REPORT, 12, 14 }, { T_TEAM_GOAL, team->app->lang == LANG_ZH ? 19 : 17, 28 } };

	for (size_t i = 0; i < TEAM_COLUMNS; i++)
		team->columns[i] = (struct list_column){ .title = tr(columns[i].title),
			.min_cols = columns[i].min > 0 ? columns[i].min : (int)text_cols(tr(columns[i].title)),
			.want_cols = columns[i].want,
			.stretch = i == TEAM_COLUMNS - 1 };
	team->list.empty = tr(T_TEAM_NONE);
	team->lang = team->app->lang;
}

static void
team_draw(struct screen *screen, struct rect rect)
{
	struct team *team = (struct team *)screen;

	if (team->lang != team->app->lang)
		team_set_columns(team);
	list_draw(&team->list, rect, true);
}

static const char *
team_hint(struct screen *screen)
{
	return team_current((struct team *)screen) != NULL ? tr(T_TEAM_HINT) : NULL;
}

static bool
team_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_edit && act != ACT_new && act != ACT_print &&
	       act != ACT_preview;
}

static const char *
team_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_actions ? tr(T_TEAM_REPORTS) : act == ACT_find ? tr(T_TEAM_UNDONE) : NULL;
}

/* What the person at the cursor has of an entity. */
static void
team_open_list(struct team *team, const char *name)
{
	const Kehu__TeamMember *member = team_current(team);
	const Kehu__Entity *entity = app_entity(team->app, name);

	if (member != NULL && entity != NULL)
		list_open(team->app, entity->number,
		    arena_printf(cells_scratch(), "owner:\"%s\"", member->name));
}

/* ---- what is late, what nobody has ---- */

static const struct {
	enum text_id title;
	const char *entity, *query;
	bool own; /* of the person at the cursor */
} team_undone[] = {
	{ T_TEAM_LATE_VISITS, "visit", "state:planned,started at:<today sort:at", true },
	{ T_TEAM_LATE_STEPS, "plan_step", "state:open due:<today sort:due_on", true },
	{ T_TEAM_FREE_LEADS, "lead", "has:pool_id -has:owner_id state:new,contacted,qualified", false },
	{ T_TEAM_FREE_CUSTOMERS, "customer", "has:pool_id -has:owner_id", false },
};

static void
team_undone_search(void *arg, struct picker *picker, const char *text)
{
	struct team *team = arg;
	const Kehu__TeamMember *member = team_current(team);

	picker_clear(picker);
	for (size_t i = 0; i < sizeof(team_undone) / sizeof(team_undone[0]); i++) {
		bool own = team_undone[i].own;

		if (app_entity(team->app, team_undone[i].entity) == NULL || (own && member == NULL) ||
		    (*text && !picker_match(tr(team_undone[i].title), text)))
			continue;
		picker_add(picker, &(struct picker_item){ .id = (int64_t)i + 1,
				       .label = tr(team_undone[i].title),
				       .note = own ? member->name : NULL });
	}
}

static unsigned
team_undone_take(void *arg, const struct picker_item *item, const char *text)
{
	struct team *team = arg;
	const Kehu__TeamMember *member = team_current(team);
	size_t i;

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	i = (size_t)item->id - 1;
	if (team_undone[i].own && member == NULL)
		return UI_HANDLED;
	list_open(team->app, app_entity(team->app, team_undone[i].entity)->number,
	    team_undone[i].own ?
		arena_printf(cells_scratch(), "owner:\"%s\" %s", member->name, team_undone[i].query) :
		team_undone[i].query);
	return UI_DONE | UI_CLOSE;
}

static unsigned
team_key(struct screen *screen, enum act act, const struct event *event)
{
	struct team *team = (struct team *)screen;
	unsigned flags;

	if (act == ACT_actions) {
		team_open_list(team, "work_report");
		return UI_DONE;
	}
	if (act == ACT_find) {
		picker_open(team->app->ui, &(struct picker_config){ .title = tr(T_TEAM_UNDONE),
					       .search = team_undone_search,
					       .take = team_undone_take,
					       .arg = team });
		return UI_DONE;
	}
	if (act == ACT_refresh)
		return UI_DONE | UI_RELOAD;
	flags = list_key(&team->list, act, event);
	if (flags & UI_ACT)
		team_open_list(team, "visit");
	return flags & ~(unsigned)UI_ACT;
}

static void
team_resume(struct screen *screen)
{
	team_ask((struct team *)screen, true);
}

static void
team_reload(struct screen *screen)
{
	team_ask((struct team *)screen, false);
}

static void
team_leave(struct screen *screen)
{
	struct team *team = (struct team *)screen;

	ask_cancel(team->app, &team->number);
	list_fini(&team->list);
	arena_free(team->arena);
	free(team);
}

static const struct screen_ops team_ops = {
	.name = "team",
	.context = CTX_LIST,
	.title = team_title,
	.head = team_head,
	.draw = team_draw,
	.hint = team_hint,
	.can = team_can,
	.label = team_label,
	.key = team_key,
	.reload = team_reload,
	.resume = team_resume,
	.leave = team_leave,
};

void
team_open(struct app *app)
{
	struct team *team = mem_zalloc(1, sizeof(*team));

	team->screen.ops = &team_ops;
	team->app = app;
	team->arena = arena_new(0);
	team_set_columns(team);
	team->list = (struct list){ .columns = team->columns,
		.column_count = TEAM_COLUMNS,
		.row = team_row,
		.arg = team,
		.empty = tr(T_TEAM_NONE) };
	list_init(&team->list);
	ui_push(app->ui, &team->screen);
	team_ask(team, false);
}
