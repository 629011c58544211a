/*
 * The calendar: activities of oneself or of a colleague by day, week and month, overlaps marked. Six
 * weeks around the cursor are one request, so that moving about costs none; it follows what others
 * do. Drawing is calendar_draw.c's.
 */
#include "client/screens/calendar_private.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "client/screens/recent.h"
#include "client/screens/row.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CALENDAR_DAYS = 42, CALENDAR_HOUR = 9 };
#define CALENDAR_MINUTE (60 * US_PER_SECOND)

static const char *const calendar_fields[CALENDAR_CELLS] = {
	[CALENDAR_AT] = "at",
	[CALENDAR_MINUTES] = "minutes",
	[CALENDAR_KIND] = "kind",
	[CALENDAR_CUSTOMER] = "customer_id",
	[CALENDAR_PURPOSE] = "purpose",
	[CALENDAR_STATE] = "state",
};

/* ---- what is in it ---- */

const Kehu__Value *
calendar_value(const struct calendar *calendar, const Kehu__Row *row, enum calendar_cell cell)
{
	return row_value(calendar->page, row, calendar->columns[cell]);
}

size_t
calendar_of_day(const struct calendar *calendar, int64_t day, const struct calendar_item **first)
{
	size_t count = 0;

	*first = NULL;
	for (size_t i = 0; i < calendar->count; i++)
		if (calendar->items[i].day == day) {
			if (count++ == 0)
				*first = &calendar->items[i];
		}
	return count;
}

const struct calendar_item *
calendar_current(const struct calendar *calendar)
{
	const struct calendar_item *first;
	size_t count = calendar_of_day(calendar, calendar->day, &first);

	return calendar->item < count ? first + calendar->item : NULL;
}

bool
calendar_is_open(const struct calendar *calendar, const struct calendar_item *item)
{
	const Kehu__Value *state = calendar_value(calendar, item->row, CALENDAR_STATE);

	return state != NULL && state->text != NULL &&
	       (strcmp(state->text, "planned") == 0 || strcmp(state->text, "started") == 0);
}

void
calendar_mark_conflicts(struct calendar *calendar)
{
	for (size_t i = 0; i < calendar->count; i++)
		calendar->items[i].conflict = false;
	for (size_t i = 0; i < calendar->count; i++)
		for (size_t k = i + 1; k < calendar->count && calendar->items[k].at_us < calendar->items[i].end_us; k++)
			if (calendar->items[k].end_us > calendar->items[i].at_us &&
			    calendar_is_open(calendar, &calendar->items[i]) &&
			    calendar_is_open(calendar, &calendar->items[k]))
				calendar->items[i].conflict = calendar->items[k].conflict = true;
}

static void
calendar_take(struct calendar *calendar, const Kehu__Page *page)
{
	calendar->items = ARENA_ARRAY(calendar->arena, struct calendar_item, page->n_rows + 1);
	calendar->count = 0;
	calendar->cut = page->has_next;
	calendar->page = page;
	for (size_t i = 0; i < page->n_rows; i++) {
		struct calendar_item *item = &calendar->items[calendar->count];
		const Kehu__Value *at = calendar_value(calendar, page->rows[i], CALENDAR_AT);
		const Kehu__Value *minutes = calendar_value(calendar, page->rows[i], CALENDAR_MINUTES);

		if (cat_value_empty(at))
			continue;
		*item = (struct calendar_item){ .row = page->rows[i], .at_us = at->number };
		item->end_us = at->number + (cat_value_empty(minutes) ? 0 : minutes->number * CALENDAR_MINUTE);
		item->day = date_of_us(at->number, calendar->app->offset_min);
		calendar->count++;
	}
	calendar_mark_conflicts(calendar);
}

/* The cursor stays with its record; where that has gone, with its place. */
static void
calendar_place(struct calendar *calendar)
{
	const struct calendar_item *first;

	for (size_t i = 0; calendar->follow != 0 && i < calendar->count; i++)
		if (calendar->items[i].row->id == calendar->follow) {
			calendar->day = calendar->items[i].day;
			(void)calendar_of_day(calendar, calendar->day, &first);
			calendar->item = (size_t)(&calendar->items[i] - first);
		}
	size_t count = calendar_of_day(calendar, calendar->day, &first);
	if (calendar->item >= count)
		calendar->item = count > 0 ? count - 1 : 0;
	calendar->follow = 0;
}

/* ---- reading ---- */

static void calendar_ask(struct calendar *calendar, bool quiet);

static void
calendar_on_page(void *context, const Kehu__ServerFrame *answer)
{
	struct calendar *calendar = context;

	calendar->asking = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
		ask_say_error(calendar->app, answer, calendar->entity->number);
		return;
	}
	arena_reset(calendar->arena);
	calendar_take(calendar, link_keep(calendar->arena, answer)->page);
	calendar_place(calendar);
	if (calendar->cut)
		message_say(SAY_WARNING, 0, tr(T_CALENDAR_CUT));
	ui_redraw(calendar->app->ui);
	if (calendar->ask_again)
		calendar_ask(calendar, true);
}

/* The Monday on or before the first of the cursor's month. */
static int64_t
calendar_first(const struct calendar *calendar)
{
	struct ymd ymd = date_to_ymd(calendar->day);

	ymd.day = 1;
	int64_t first = date_from_ymd(ymd);
	return first - (date_weekday(first) - 1);
}

static void
calendar_on_holidays(void *context, const Kehu__ServerFrame *answer)
{
	struct calendar *calendar = context;

	calendar->asking_holidays = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		return;
	arena_reset(calendar->holiday_arena);
	calendar->holidays = link_keep(calendar->holiday_arena, answer)->page;
	ui_redraw(calendar->app->ui);
}

/* Days nobody works; they change seldom, so only with the weeks in sight. */
static void
calendar_ask_holidays(struct calendar *calendar)
{
	const Kehu__Entity *holiday = app_entity(calendar->app, "holiday");
	Kehu__ClientFrame frame;
	Kehu__List list;
	struct arena *arena;

	if (holiday == NULL || calendar->holidays_from == calendar->from)
		return;
	uint32_t columns[] = { app_field(holiday, "day"), app_field(holiday, "name"), app_field(holiday, "working") };

	calendar->holidays_from = calendar->from;
	arena = arena_new(0);
	ask_list_frame(&frame, &list, &(struct ask_list){ .entity = holiday->number,
	    .query = arena_printf(arena, "day:%s..%s", date_format(arena, calendar->from),
		date_format(arena, calendar->from + CALENDAR_DAYS - 1)),
	    .limit = CALENDAR_DAYS, .columns = columns, .column_count = 3 });
	ask_cancel(calendar->app, &calendar->asking_holidays);
	calendar->asking_holidays = ask_send(calendar->app, &frame, LINK_LOW, calendar_on_holidays, calendar);
	arena_free(arena);
}

const char *
calendar_holiday(const struct calendar *calendar, int64_t day, bool *worked)
{
	*worked = false;
	for (size_t i = 0; calendar->holidays != NULL && i < calendar->holidays->n_rows; i++) {
		const Kehu__Row *row = calendar->holidays->rows[i];

		if (row->n_cells < 3 || row->cells[0]->number != day)
			continue;
		*worked = row->cells[2]->number != 0;
		return row->cells[1]->text;
	}
	return NULL;
}

static void
calendar_ask(struct calendar *calendar, bool quiet)
{
	struct app *app = calendar->app;
	const struct calendar_item *current = calendar_current(calendar);
	struct arena *arena;
	uint32_t columns[CALENDAR_CELLS];
	size_t count = 0;
	Kehu__ClientFrame frame;
	Kehu__List list;

	if (calendar->moved.id != 0 && quiet)
		return; /* read again when the move is done */
	calendar->ask_again = calendar->asking != 0 && quiet;
	if (calendar->ask_again)
		return;
	calendar->lang = app->lang;
	if (calendar->follow == 0 && current != NULL)
		calendar->follow = current->row->id;
	calendar->from = calendar_first(calendar);
	calendar_ask_holidays(calendar);
	for (size_t i = 0; i < CALENDAR_CELLS; i++)
		if (calendar->columns[i] != 0)
			columns[count++] = calendar->columns[i];
	arena = arena_new(0);
	ask_list_frame(&frame, &list,
	    &(struct ask_list){ .entity = calendar->entity->number,
		.query = arena_printf(arena, "owner:#%" PRId64 " -state:cancelled at:%s..%s sort:at",
		    calendar->owner != 0 ? calendar->owner : link_user(app->link)->id,
		    date_format(arena, calendar->from), date_format(arena, calendar->from + CALENDAR_DAYS - 1)),
		.limit = CALENDAR_LIMIT,
		.columns = columns,
		.column_count = count });
	ask_cancel(app, &calendar->asking);
	calendar->asking = ask_send(app, &frame, quiet ? (unsigned)ASK_QUIET : 0U, calendar_on_page, calendar);
	arena_free(arena);
}

static void
calendar_on_live(void *context, uint32_t entity, int64_t id, uint32_t version)
{
	(void)context;
	(void)entity;
	(void)id;
	(void)version;
}

static void
calendar_on_settled(void *context)
{
	calendar_ask(context, true);
}

/* ---- what is done ---- */

static unsigned
calendar_item_key(struct calendar *calendar, enum act act, const struct calendar_item *item)
{
	struct arena *arena;
	const Kehu__Value *purpose, *kind;
	const Kehu__Record *record;

	if (item == NULL)
		return UI_DONE;
	arena = arena_new(0);
	purpose = calendar_value(calendar, item->row, CALENDAR_PURPOSE);
	kind = calendar_value(calendar, item->row, CALENDAR_KIND);
	record = row_record(arena, calendar->entity, calendar->page, item->row);
	switch (act) {
	case ACT_open:
		recent_add(calendar->app, calendar->entity->number, item->row->id,
		    purpose != NULL && purpose->text != NULL ? purpose->text : "");
		record_open(calendar->app, calendar->entity->number, item->row->id);
		break;
	case ACT_edit:
		form_open_edit(calendar->app, calendar->entity->number, item->row->id);
		break;
	case ACT_done:
		action_start(calendar->app, record, action_finish(kind != NULL ? kind->text : NULL),
		    calendar_on_settled, calendar);
		break;
	case ACT_snooze:
		action_start(calendar->app, record, "postpone", calendar_on_settled, calendar);
		break;
	default:
		action_open(calendar->app, record, calendar_on_settled, calendar);
	}
	arena_free(arena);
	return UI_DONE;
}

/* At the end of what the cursor is on, else in the morning. */
static void
calendar_new(struct calendar *calendar)
{
	const struct calendar_item *item = calendar_current(calendar);
	Kehu__Value at = KEHU__VALUE__INIT, owner = KEHU__VALUE__INIT;
	const Kehu__Value *values[] = { &at, &owner };

	at.has_field = at.has_number = true;
	at.field = calendar->columns[CALENDAR_AT];
	at.number = item != NULL ? item->end_us :
	    calendar->day * US_PER_DAY + (CALENDAR_HOUR * 60 - calendar->app->offset_min) * CALENDAR_MINUTE;
	owner.has_field = owner.has_number = true;
	owner.field = app_field(calendar->entity, "owner_id");
	owner.number = calendar->owner;
	owner.text = calendar->owner_label;
	form_open_new(calendar->app, calendar->entity->number,
	    &(struct form_preset){ .values = values, .count = calendar->owner != 0 ? 2 : 1 });
}

static void
calendar_on_owner(void *context, int64_t id, const char *label)
{
	struct calendar *calendar = context;

	calendar->owner = id;
	snprintf(calendar->owner_label, sizeof(calendar->owner_label), "%s", label);
	calendar->item = 0;
	calendar_ask(calendar, false);
}

static void
calendar_pick_owner(struct calendar *calendar)
{
	const Kehu__Entity *user = app_entity(calendar->app, "user");

	if (calendar->owner != 0) {
		calendar_on_owner(calendar, 0, "");
		return;
	}
	if (user != NULL)
		pick_open(calendar->app, user->number, tr(T_CALENDAR_OF), calendar_on_owner, calendar);
}

/* ---- keys ---- */

static void
calendar_go(struct calendar *calendar, int64_t day)
{
	calendar->day = day;
	calendar->item = 0;
	calendar->follow = 0;
	if (day < calendar->from || day >= calendar->from + CALENDAR_DAYS ||
	    (calendar->view == CALENDAR_BY_MONTH && calendar_first(calendar) != calendar->from))
		calendar_ask(calendar, false);
}

static void
calendar_go_month(struct calendar *calendar, int step)
{
	struct ymd ymd = date_to_ymd(calendar->day);
	int day = ymd.day;

	ymd.month += step;
	if (ymd.month < 1 || ymd.month > 12) {
		ymd.year += step;
		ymd.month = step < 0 ? 12 : 1;
	}
	ymd.day = 1;
	int64_t first = date_from_ymd(ymd), last = date_month_end(first);
	calendar_go(calendar, first + day - 1 > last ? last : first + day - 1);
}

static void
calendar_step_item(struct calendar *calendar, int step)
{
	const struct calendar_item *first;
	size_t count = calendar_of_day(calendar, calendar->day, &first);

	if (step < 0 && calendar->item > 0)
		calendar->item--;
	else if (step > 0 && calendar->item + 1 < count)
		calendar->item++;
}

static unsigned
calendar_move_key(struct calendar *calendar, enum act act)
{
	static const int days[] = { 1, 7, 0 };
	bool month = calendar->view == CALENDAR_BY_MONTH;
	int sign = act == ACT_page_up || act == ACT_half_up || act == ACT_up || act == ACT_left || act == ACT_previous ? -1 : 1;

	switch (act) {
	case ACT_left:
	case ACT_right:
		calendar_go(calendar, calendar->day + sign);
		return UI_DONE;
	case ACT_up:
	case ACT_down:
		if (month)
			calendar_go(calendar, calendar->day + 7 * sign);
		else
			calendar_step_item(calendar, sign);
		return UI_DONE;
	case ACT_next:
	case ACT_previous:
		calendar_step_item(calendar, sign);
		return UI_DONE;
	case ACT_page_up:
	case ACT_page_down:
	case ACT_half_up:
	case ACT_half_down:
		if (month)
			calendar_go_month(calendar, sign);
		else
			calendar_go(calendar, calendar->day + sign * days[calendar->view]);
		return UI_DONE;
	case ACT_first:
	case ACT_today:
		calendar_go(calendar, link_today(calendar->app->link));
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

static unsigned
calendar_key(struct screen *screen, enum act act, const struct event *event)
{
	struct calendar *calendar = (struct calendar *)screen;
	unsigned flags = calendar_move_key(calendar, act);

	(void)event;
	if (flags != UI_NONE)
		return flags;
	switch (act) {
	case ACT_by_day:
	case ACT_by_week:
	case ACT_by_month:
		calendar->view = (enum calendar_view)(act - ACT_by_day);
		calendar_go(calendar, calendar->day);
		return UI_DONE;
	case ACT_open:
	case ACT_edit:
	case ACT_done:
	case ACT_snooze:
	case ACT_actions:
		return calendar_item_key(calendar, act, calendar_current(calendar));
	case ACT_new:
		calendar_new(calendar);
		return UI_DONE;
	case ACT_sooner:
	case ACT_after:
	case ACT_day_sooner:
	case ACT_day_after:
	case ACT_shorter:
	case ACT_longer:
		return calendar_move(calendar, act);
	case ACT_colleague:
		calendar_pick_owner(calendar);
		return UI_DONE;
	case ACT_refresh:
		calendar_ask(calendar, false);
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

/* ---- the screen ---- */

static const char *
calendar_title(struct screen *screen)
{
	(void)screen;
	return tr(T_CALENDAR);
}

static const char *
calendar_hint(struct screen *screen)
{
	(void)screen;
	return tr(T_CALENDAR_HINT);
}

static bool
calendar_can(struct screen *screen, enum act act)
{
	struct calendar *calendar = (struct calendar *)screen;

	switch (act) {
	case ACT_new:
		return (calendar->entity->actions_allowed & CAT_CREATE) != 0;
	case ACT_open:
	case ACT_edit:
	case ACT_actions:
	case ACT_done:
	case ACT_snooze:
	case ACT_sooner:
	case ACT_after:
	case ACT_day_sooner:
	case ACT_day_after:
	case ACT_shorter:
	case ACT_longer:
		return calendar_current(calendar) != NULL;
	case ACT_print:
	case ACT_find:
	case ACT_undo:
		return false;
	default:
		return true;
	}
}

static void
calendar_resume(struct screen *screen)
{
	calendar_ask((struct calendar *)screen, true);
}

static void
calendar_reload(struct screen *screen)
{
	calendar_ask((struct calendar *)screen, false);
}

static void
calendar_leave(struct screen *screen)
{
	struct calendar *calendar = (struct calendar *)screen;

	ask_cancel(calendar->app, &calendar->asking);
	ask_cancel(calendar->app, &calendar->asking_holidays);
	ask_cancel(calendar->app, &calendar->moved.saving);
	arena_free(calendar->holiday_arena);
	live_close(calendar->live);
	arena_free(calendar->arena);
	free(calendar);
}

static const struct screen_ops calendar_ops = {
	.name = "calendar",
	.context = CTX_CALENDAR,
	.title = calendar_title,
	.draw = calendar_draw,
	.hint = calendar_hint,
	.can = calendar_can,
	.key = calendar_key,
	.reload = calendar_reload,
	.resume = calendar_resume,
	.leave = calendar_leave,
};

void
calendar_open(struct app *app)
{
	const Kehu__Entity *entity = app_entity(app, "visit");
	struct calendar *calendar;

	if (entity == NULL || app_field(entity, "at") == 0) {
		message_error(ERR_FORBIDDEN, NULL, app->lang);
		return;
	}
	calendar = mem_zalloc(1, sizeof(*calendar));
	calendar->screen.ops = &calendar_ops;
	calendar->app = app;
	calendar->entity = entity;
	calendar->arena = arena_new(0);
	calendar->holiday_arena = arena_new(0);
	calendar->view = CALENDAR_BY_WEEK;
	calendar->day = link_today(app->link);
	for (size_t i = 0; i < CALENDAR_CELLS; i++)
		calendar->columns[i] = app_field(entity, calendar_fields[i]);
	calendar->live = live_open(app, &(struct live_config){
	    .changed = calendar_on_live, .settled = calendar_on_settled, .context = calendar });
	live_show(calendar->live, entity->number, NULL, 0, true);
	ui_push(app->ui, &calendar->screen);
	calendar_ask(calendar, false);
}
