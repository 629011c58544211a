/*
 * The dispatch board: technicians by time over a day or a week, and what has no place yet. One request opens it; what others move
 * is told by pushes and asked for alone. What is on it is dispatch_data.c's, moving dispatch_move.c's.
 */
#include "client/screens/dispatch_private.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "client/screens/recent.h"
#include "common/date.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

enum { DISPATCH_QUERY_CHARS = 200, DISPATCH_WEEK = 7, DISPATCH_HOUR = 60 };

static const char *const dispatch_fields[DISPATCH_CELLS] = {
	[DISPATCH_NUMBER] = "number",
	[DISPATCH_PRIORITY] = "priority",
	[DISPATCH_CUSTOMER] = "customer_id",
	[DISPATCH_SUBJECT] = "subject",
	[DISPATCH_DUE] = "due_at",
	[DISPATCH_MINUTES] = "minutes",
	[DISPATCH_PLACE] = "place",
	[DISPATCH_STATE] = "state",
};

static void
dispatch_on_live(void *context, uint32_t entity, int64_t id, uint32_t version)
{
	struct dispatch *board = context;
	const struct dispatch_job *job = dispatch_find(board, id);

	(void)entity;
	if (job == NULL || version == 0 || job->version != version)
		dispatch_note_changed(board, id);
}

static void
dispatch_on_settled(void *context)
{
	dispatch_ask_few(context);
}

static void
dispatch_done(void *context)
{
	dispatch_ask(context, true);
}

/* ---- the cursor ---------------------------------------------------------------------------- */

/* To the next job of the row on that side, else an hour on. */
static void
dispatch_step(struct dispatch *board, int step)
{
	const Kehu__DispatchPerson *person = dispatch_person(board, board->row);
	const struct dispatch_job *here = person != NULL ? dispatch_at(board, person->id, board->at) : NULL, *best = NULL;
	int at = here != NULL ? here->start : board->at;

	for (size_t i = 0; person != NULL && i < board->count; i++) {
		const struct dispatch_job *job = &board->jobs[i];

		if (job->technician != person->id || job->start < 0 || (step > 0 ? job->start <= at : job->start >= at))
			continue;
		if (best == NULL || (step > 0 ? job->start < best->start : job->start > best->start))
			best = job;
	}
	if (best != NULL && best->start < board->days * DISPATCH_DAY_MIN)
		at = best->start;
	else
		at += step * DISPATCH_HOUR;
	if (at >= 0 && at < board->days * DISPATCH_DAY_MIN)
		board->at = at;
}

static void
dispatch_move_row(size_t *row, size_t count, int64_t step)
{
	int64_t to = (int64_t)*row + step;

	*row = count == 0 || to < 0 ? 0 : (size_t)to >= count ? count - 1 : (size_t)to;
}

static void
dispatch_move_cursor(struct dispatch *board, int64_t step)
{
	if (board->zone == ZONE_PLACES)
		dispatch_move_row(&board->place_row, board->places != NULL ? board->places->n_places : 0, step);
	else if (board->zone == ZONE_OPEN)
		dispatch_move_row(&board->open_row, board->open != NULL ? board->open->n_rows : 0, step);
	else
		dispatch_move_row(&board->row, board->answer != NULL ? board->answer->n_people : 0, step);
}

static void
dispatch_go(struct dispatch *board, int64_t day, int days)
{
	board->days = days;
	board->day = days == 1 ? day : day - (date_weekday(day) - 1);
	board->carrying = false;
	board->swap_with = 0;
	board->at = board->at % DISPATCH_DAY_MIN;
	dispatch_ask(board, false);
}

static bool
dispatch_move_key(struct dispatch *board, enum act act)
{
	switch (act) {
	case ACT_up:
	case ACT_down:
		dispatch_move_cursor(board, act == ACT_up ? -1 : 1);
		return true;
	case ACT_page_up:
	case ACT_page_down:
	case ACT_half_up:
	case ACT_half_down:
		dispatch_move_cursor(board, act == ACT_page_up || act == ACT_half_up ? -8 : 8);
		return true;
	case ACT_first:
	case ACT_last:
		dispatch_move_cursor(board, act == ACT_first ? -INT32_MAX : INT32_MAX);
		return true;
	case ACT_left:
	case ACT_right:
		if (board->zone == ZONE_GRID)
			dispatch_step(board, act == ACT_left ? -1 : 1);
		return true;
	case ACT_next:
	case ACT_previous:
		board->zone = board->zone == ZONE_GRID ? ZONE_OPEN : ZONE_GRID;
		return true;
	case ACT_day_sooner:
		dispatch_go(board, board->day - board->days, board->days);
		return true;
	case ACT_day_after:
		dispatch_go(board, board->day + board->days, board->days);
		return true;
	case ACT_today:
		dispatch_go(board, link_today(board->app->link), board->days);
		return true;
	case ACT_by_day:
		dispatch_go(board, board->day + board->at / DISPATCH_DAY_MIN, 1);
		return true;
	case ACT_by_week:
		dispatch_go(board, board->day, board->days == 1 ? DISPATCH_WEEK : 1);
		return true;
	default:
		return false;
	}
}

/* ---- keys ---------------------------------------------------------------------------------- */

static unsigned
dispatch_record_key(struct dispatch *board, enum act act)
{
	uint32_t version;
	int minutes;
	int64_t id = dispatch_current(board, &version, &minutes);

	if (id == 0)
		return UI_DONE;
	if (act == ACT_edit) {
		form_open_edit(board->app, board->entity->number, id);
	} else if (act == ACT_open) {
		recent_add(board->app, board->entity->number, id, "");
		record_open(board->app, board->entity->number, id);
	} else if (board->detail == NULL || board->detail->id != id) {
		return UI_DONE; /* what may be done with it is on its way */
	} else if (act == ACT_actions) {
		action_open(board->app, board->detail, dispatch_done, board);
	} else {
		action_start(board->app, board->detail, act == ACT_split ? "split" : "finish", dispatch_done, board);
	}
	return UI_DONE;
}

static unsigned
dispatch_click(struct dispatch *board, const struct event *event)
{
	const struct rect *grid = &board->grid, *open = &board->open_rect;

	if (event->row >= grid->y && event->row < grid->y + grid->rows && event->col >= grid->x && event->col < grid->x + grid->cols) {
		size_t row = board->top + (size_t)(event->row - grid->y);
		const Kehu__DispatchPerson *person = dispatch_person(board, row);

		if (person == NULL)
			return UI_DONE;
		board->zone = ZONE_GRID;
		board->row = row;
		board->at = dispatch_minute_of(board, event->col - grid->x);
		if (board->carrying) {
			board->carried.technician = person->id;
			board->carried.start = board->at;
			dispatch_drop(board);
		}
	} else if (event->row >= open->y && event->row < open->y + open->rows && event->col < open->x + open->cols) {
		size_t row = board->open_top + (size_t)(event->row - open->y);

		if (board->open != NULL && row < board->open->n_rows) {
			bool again = board->zone == ZONE_OPEN && board->open_row == row;

			board->zone = ZONE_OPEN;
			board->open_row = row;
			if (again)
				dispatch_carry(board);
		}
	}
	dispatch_ask_detail(board);
	return UI_DONE;
}

static unsigned
dispatch_prompt_key(struct dispatch *board, enum act act, const struct event *event)
{
	unsigned flags = prompt_key(&board->prompt, act, event);

	if (flags & UI_ACT) {
		free(board->query);
		board->query = strdup(prompt_text(&board->prompt));
		if (board->query == NULL)
			fatal("out of memory: dispatch");
		dispatch_ask(board, false);
	}
	return flags & ~(unsigned)(UI_ACT | UI_CHANGED | UI_LOOKUP);
}

static unsigned
dispatch_do_key(struct dispatch *board, enum act act)
{
	uint32_t version;
	int minutes;
	int64_t id = dispatch_current(board, &version, &minutes);

	switch (act) {
	case ACT_open:
		if (board->zone == ZONE_PLACES)
			dispatch_take_place(board);
		else if (board->zone == ZONE_OPEN)
			dispatch_carry(board);
		else
			return dispatch_record_key(board, act);
		return UI_DONE;
	case ACT_carry:
	case ACT_shorter:
	case ACT_longer:
		dispatch_carry(board);
		if (act != ACT_carry && board->carrying)
			(void)dispatch_carry_key(board, act);
		return UI_DONE;
	case ACT_suggest:
		if (id != 0)
			dispatch_ask_places(board, id);
		return UI_DONE;
	case ACT_propose:
		dispatch_ask_places(board, 0);
		return UI_DONE;
	case ACT_take_all:
		dispatch_take_all(board);
		return UI_DONE;
	case ACT_swap:
		dispatch_swap(board);
		return UI_DONE;
	case ACT_unplace:
		dispatch_unplace(board);
		return UI_DONE;
	case ACT_tell:
		dispatch_tell(board);
		return UI_DONE;
	case ACT_edit:
	case ACT_actions:
	case ACT_split:
	case ACT_done:
		return dispatch_record_key(board, act);
	default:
		return UI_NONE;
	}
}

static unsigned
dispatch_key(struct screen *screen, enum act act, const struct event *event)
{
	struct dispatch *board = (struct dispatch *)screen;
	unsigned flags;

	if (board->prompt.open)
		return dispatch_prompt_key(board, act, event);
	if (event->kind == EVENT_CLICK)
		return dispatch_click(board, event);
	if (board->carrying && dispatch_carry_key(board, act))
		return UI_DONE;
	if ((act == ACT_cancel || act == ACT_back) && (board->swap_with != 0 || board->zone == ZONE_PLACES)) {
		board->swap_with = 0;
		board->zone = ZONE_GRID;
		return UI_DONE;
	}
	if (dispatch_move_key(board, act)) {
		dispatch_ask_detail(board);
		return UI_DONE;
	}
	flags = dispatch_do_key(board, act);
	if (flags != UI_NONE)
		return flags;
	switch (act) {
	case ACT_new:
		form_open_new(board->app, board->entity->number, NULL);
		return UI_DONE;
	case ACT_find:
		prompt_open(&board->prompt);
		return UI_DONE;
	case ACT_refresh:
		dispatch_ask(board, false);
		return UI_DONE;
	case ACT_undo:
		if (board->was_count == 0)
			return action_undo(board->app);
		dispatch_undo(board);
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

/* ---- the screen ---------------------------------------------------------------------------- */

static const char *
dispatch_title(struct screen *screen)
{
	(void)screen;
	return tr(T_DISPATCH);
}

static void
dispatch_head(struct screen *screen, struct rect rect)
{
	struct dispatch *board = (struct dispatch *)screen;
	const char *from = date_format(cells_scratch(), board->day);

	board->prompt.label = tr(T_BOARD_FILTER);
	prompt_draw(&board->prompt, rect,
	    board->days == 1 ? arena_printf(cells_scratch(), "[%s]", from)
			     : arena_printf(cells_scratch(), "[%s %s]", tr(T_DISPATCH_WEEK), from));
}

static const char *
dispatch_hint(struct screen *screen)
{
	struct dispatch *board = (struct dispatch *)screen;

	if (board->carrying)
		return arena_printf(cells_scratch(), "%s %02d:%02d  %s", date_format(cells_scratch(), board->day + board->carried.start / DISPATCH_DAY_MIN),
		    board->carried.start % DISPATCH_DAY_MIN / 60, board->carried.start % 60, tr(T_DISPATCH_CARRY));
	return tr(board->swap_with != 0 ? T_DISPATCH_SWAP : T_DISPATCH_HINT);
}

static enum ctx
dispatch_context(struct screen *screen)
{
	return ((struct dispatch *)screen)->prompt.open ? CTX_INPUT : CTX_DISPATCH;
}

static bool
dispatch_can(struct screen *screen, enum act act)
{
	struct dispatch *board = (struct dispatch *)screen;
	uint32_t version;
	int minutes;

	switch (act) {
	case ACT_undo:
		return board->was_count > 0 || action_can_undo(board->app);
	case ACT_new:
		return (board->entity->actions_allowed & CAT_CREATE) != 0;
	case ACT_edit:
	case ACT_actions:
	case ACT_carry:
	case ACT_suggest:
		return dispatch_current(board, &version, &minutes) != 0;
	case ACT_swap:
	case ACT_split:
	case ACT_tell:
	case ACT_unplace:
	case ACT_done:
		return board->zone == ZONE_GRID && dispatch_current(board, &version, &minutes) != 0;
	case ACT_take_all:
		return board->zone == ZONE_PLACES;
	case ACT_print:
		return false;
	default:
		return true;
	}
}

static void
dispatch_resume(struct screen *screen)
{
	dispatch_ask((struct dispatch *)screen, true);
}

static void
dispatch_reload(struct screen *screen)
{
	dispatch_ask((struct dispatch *)screen, false);
}

static void
dispatch_leave(struct screen *screen)
{
	struct dispatch *board = (struct dispatch *)screen;

	ask_cancel(board->app, &board->asking);
	ask_cancel(board->app, &board->asking_few);
	ask_cancel(board->app, &board->asking_places);
	ask_cancel(board->app, &board->asking_detail);
	ask_cancel(board->app, &board->acting);
	live_close(board->live);
	prompt_fini(&board->prompt);
	arena_free(board->arena);
	arena_free(board->arena_open);
	arena_free(board->arena_places);
	arena_free(board->arena_detail);
	free(board->jobs);
	free(board->query);
	free(board);
}

static const struct screen_ops dispatch_ops = {
	.name = "dispatch",
	.context = CTX_DISPATCH,
	.context_now = dispatch_context,
	.title = dispatch_title,
	.head = dispatch_head,
	.draw = dispatch_draw,
	.hint = dispatch_hint,
	.can = dispatch_can,
	.key = dispatch_key,
	.reload = dispatch_reload,
	.resume = dispatch_resume,
	.leave = dispatch_leave,
};

void
dispatch_open(struct app *app, const char *query)
{
	const Kehu__Entity *entity = app_entity(app, "job_visit");
	struct dispatch *board;

	if (entity == NULL) {
		message_error(ERR_FORBIDDEN, NULL, app->lang);
		return;
	}
	board = calloc(1, sizeof(*board));
	if (board == NULL || (board->query = strdup(query)) == NULL)
		fatal("out of memory: dispatch");
	board->screen.ops = &dispatch_ops;
	board->app = app;
	board->entity = entity;
	board->arena = arena_new(0);
	board->arena_open = arena_new(0);
	board->arena_places = arena_new(0);
	board->arena_detail = arena_new(0);
	board->hour_from = 8;
	board->hour_to = 19;
	board->days = 1;
	board->day = link_today(app->link);
	board->at = 9 * DISPATCH_HOUR;
	for (size_t i = 0; i < DISPATCH_CELLS; i++)
		board->columns[i] = app_field(entity, dispatch_fields[i]);
	prompt_init(&board->prompt, DISPATCH_QUERY_CHARS);
	prompt_set(&board->prompt, query);
	board->live = live_open(
	    app, &(struct live_config){ .changed = dispatch_on_live, .settled = dispatch_on_settled, .context = board });
	live_show(board->live, entity->number, NULL, 0, true);
	ui_push(app->ui, &board->screen);
	dispatch_ask(board, false);
}
