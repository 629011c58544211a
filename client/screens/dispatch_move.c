/*
 * Jobs on the dispatch board are carried with the arrows and put down with Enter: one request each. What the server refuses is
 * said and nothing has moved; what was done is undone by doing the opposite.
 */
#include "client/screens/dispatch_private.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "common/date.h"
#include <string.h>

enum { DISPATCH_STEP = 15, DISPATCH_ARGUMENTS = 3 };
#define DISPATCH_MINUTE (60 * US_PER_SECOND)

static void dispatch_take_next(struct dispatch *board);

static uint32_t
dispatch_version(struct dispatch *board, int64_t id, uint32_t version)
{
	const struct dispatch_job *job = dispatch_find(board, id);

	for (size_t i = 0; job == NULL && board->open != NULL && i < board->open->n_rows; i++)
		if (board->open->rows[i]->id == id)
			return board->open->rows[i]->version;
	return job != NULL ? job->version : version;
}

static void
dispatch_on_done(void *context, const Kehu__ServerFrame *answer)
{
	struct dispatch *board = context;

	board->acting = 0;
	dispatch_note_changed(board, board->doing.id);
	if (board->doing.other != 0)
		dispatch_note_changed(board, board->doing.other);
	if (board->taking) {
		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN)
			board->took++;
		else
			board->refused++;
		dispatch_take_next(board);
		return;
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		ask_say_error(board->app, answer, board->entity->number);
	} else if (board->doing.doing == DO_UNDO) {
		message_say(SAY_OK, 0, tr(T_DISPATCH_UNDONE));
	} else {
		if (board->doing.doing != DO_TELL) {
			board->doing.version = answer->written->version;
			if (board->was_count == DISPATCH_UNDO)
				memmove(board->was, board->was + 1, --board->was_count * sizeof(board->was[0]));
			board->was[board->was_count++] = board->doing;
		}
		message_say(SAY_OK, 0, tr(T_DISPATCH_DONE));
	}
	dispatch_ask_few(board);
	ui_redraw(board->app->ui);
}

/* One act of a job; an argument of 0 is not sent. board->doing says what it is. */
static void
dispatch_act(struct dispatch *board, uint32_t version, const char *action, const int64_t arguments[DISPATCH_ARGUMENTS])
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;
	Kehu__Value values[DISPATCH_ARGUMENTS], *list[DISPATCH_ARGUMENTS];

	if (board->acting != 0)
		return;
	if (version == 0) {
		message_say(SAY_NOTE, 0, tr(T_DISPATCH_GONE));
		return;
	}
	for (uint32_t i = 0; arguments != NULL && i < DISPATCH_ARGUMENTS; i++) {
		if (arguments[i] == 0)
			continue;
		kehu__value__init(&values[i]);
		values[i].has_field = values[i].has_number = true;
		values[i].field = i + 1;
		values[i].number = arguments[i];
		list[act.n_arguments++] = &values[i];
	}
	act.has_entity = act.has_id = act.has_version = true;
	act.entity = board->entity->number;
	act.id = board->doing.id;
	act.version = version;
	act.action = ask_text(action);
	act.arguments = list;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	board->acting = ask_send(board->app, &frame, 0, dispatch_on_done, board);
}

/* Where it is now, to be put back. */
static struct dispatch_was
dispatch_remember(struct dispatch *board, enum dispatch_doing doing, int64_t id)
{
	const struct dispatch_job *job = dispatch_find(board, id);
	struct dispatch_was was = { .doing = doing, .id = id };

	if (job != NULL) {
		was.technician = job->technician;
		was.start_us = board->from_us + job->start * DISPATCH_MINUTE;
		was.minutes = job->minutes;
	}
	return was;
}

static void
dispatch_place(struct dispatch *board, int64_t id, uint32_t version, int64_t technician, int64_t start_us, int minutes)
{
	if (board->acting != 0)
		return;
	board->doing = dispatch_remember(board, DO_PLACE, id);
	dispatch_act(board, version, "place", (const int64_t[]){ technician, start_us, minutes });
}

/* ---- carrying ------------------------------------------------------------------------------ */

/* From the open list it begins where the cursor was on the grid, not in the past. */
void
dispatch_carry(struct dispatch *board)
{
	uint32_t version = 0;
	int minutes = 0, now = (dispatch_now(board) + DISPATCH_STEP - 1) / DISPATCH_STEP * DISPATCH_STEP;
	int64_t id = dispatch_current(board, &version, &minutes);
	const struct dispatch_job *job = dispatch_find(board, id);
	const Kehu__DispatchPerson *person = dispatch_person(board, board->row);

	if (id == 0 || person == NULL)
		return;
	board->carrying = true;
	if (job != NULL) {
		board->carried = *job;
		board->at = job->start;
	} else {
		board->carried = (struct dispatch_job){ .id = id, .version = version, .minutes = minutes, .technician = person->id,
			.start = board->at > now || now > board->days * DISPATCH_DAY_MIN ? board->at : now };
		board->at = board->carried.start;
	}
	board->zone = ZONE_GRID;
}

void
dispatch_drop(struct dispatch *board)
{
	const struct dispatch_job *job = &board->carried;

	board->carrying = false;
	dispatch_place(board, job->id, job->version, job->technician, board->from_us + job->start * DISPATCH_MINUTE, job->minutes);
}

/* Into the next hour that is shown, also of another day. */
static void
dispatch_shift(struct dispatch *board, int step)
{
	int at = board->carried.start + step, within;

	if (at < 0 || at >= board->days * DISPATCH_DAY_MIN)
		return;
	within = at % DISPATCH_DAY_MIN;
	if (within < board->hour_from * 60)
		at = step > 0 ? at - within + board->hour_from * 60
			      : at - within - DISPATCH_DAY_MIN + board->hour_to * 60 - DISPATCH_STEP;
	else if (within >= board->hour_to * 60)
		at = step > 0 ? at - within + DISPATCH_DAY_MIN + board->hour_from * 60
			      : at - within + board->hour_to * 60 - DISPATCH_STEP;
	if (at < 0 || at >= board->days * DISPATCH_DAY_MIN)
		return;
	board->carried.start = board->at = at;
}

bool
dispatch_carry_key(struct dispatch *board, enum act act)
{
	const Kehu__DispatchPerson *person;

	switch (act) {
	case ACT_left:
	case ACT_right:
		dispatch_shift(board, act == ACT_left ? -DISPATCH_STEP : DISPATCH_STEP);
		return true;
	case ACT_page_up:
	case ACT_page_down:
		dispatch_shift(board, act == ACT_page_up ? -120 : 120);
		return true;
	case ACT_up:
	case ACT_down:
		if (act == ACT_up ? board->row == 0 : dispatch_person(board, board->row + 1) == NULL)
			return true;
		board->row = act == ACT_up ? board->row - 1 : board->row + 1;
		person = dispatch_person(board, board->row);
		board->carried.technician = person->id;
		return true;
	case ACT_shorter:
		board->carried.minutes -= board->carried.minutes > DISPATCH_STEP ? DISPATCH_STEP : 0;
		return true;
	case ACT_longer:
		board->carried.minutes += DISPATCH_STEP;
		return true;
	case ACT_open:
		dispatch_drop(board);
		return true;
	case ACT_cancel:
	case ACT_back:
		board->carrying = false;
		return true;
	default:
		return false;
	}
}

/* ---- the others ---------------------------------------------------------------------------- */

void
dispatch_swap(struct dispatch *board)
{
	uint32_t version;
	int minutes;
	int64_t id = dispatch_current(board, &version, &minutes), with = board->swap_with;

	if (board->zone != ZONE_GRID || id == 0 || board->acting != 0)
		return;
	if (with == 0 || with == id) {
		board->swap_with = with == id ? 0 : id;
		return;
	}
	board->swap_with = 0;
	board->doing = (struct dispatch_was){ .doing = DO_SWAP, .id = with, .other = id };
	dispatch_act(board, dispatch_version(board, with, 0), "swap", (const int64_t[]){ id, 0, 0 });
}

void
dispatch_unplace(struct dispatch *board)
{
	uint32_t version;
	int minutes;
	int64_t id = dispatch_current(board, &version, &minutes);

	if (board->zone != ZONE_GRID || id == 0 || board->acting != 0)
		return;
	board->doing = dispatch_remember(board, DO_UNPLACE, id);
	dispatch_act(board, version, "unplace", NULL);
}

void
dispatch_tell(struct dispatch *board)
{
	uint32_t version;
	int minutes;
	int64_t id = dispatch_current(board, &version, &minutes);

	if (board->zone != ZONE_GRID || id == 0 || board->acting != 0)
		return;
	board->doing = (struct dispatch_was){ .doing = DO_TELL, .id = id };
	dispatch_act(board, version, "tell", NULL);
}

void
dispatch_take_place(struct dispatch *board)
{
	const Kehu__DispatchPlace *place;

	if (board->places == NULL || board->place_row >= board->places->n_places || board->acting != 0)
		return;
	place = board->places->places[board->place_row];
	dispatch_place(board, place->job, place->version, place->technician, place->start_us, (int)place->minutes);
	board->zone = ZONE_GRID;
}

/* One after another: what somebody else took in the meantime is refused, the rest goes on. */
static void
dispatch_take_next(struct dispatch *board)
{
	const Kehu__DispatchPlace *place;

	if (board->take_next >= board->places->n_places) {
		board->taking = false;
		board->zone = ZONE_GRID;
		message_sayf(board->refused > 0 ? SAY_WARNING : SAY_OK, tr(T_DISPATCH_TOOK), (int)board->took, (int)board->refused);
		dispatch_ask(board, true);
		ui_redraw(board->app->ui);
		return;
	}
	place = board->places->places[board->take_next++];
	dispatch_place(board, place->job, place->version, place->technician, place->start_us, (int)place->minutes);
}

void
dispatch_take_all(struct dispatch *board)
{
	if (board->zone != ZONE_PLACES || board->places == NULL || board->acting != 0 || board->places->n_places == 0)
		return;
	/* places suggested for one job are in each other's stead */
	if (board->places->n_places > 1 && board->places->places[0]->job == board->places->places[1]->job) {
		dispatch_take_place(board);
		return;
	}
	board->taking = true;
	board->take_next = board->took = board->refused = 0;
	dispatch_take_next(board);
}

void
dispatch_undo(struct dispatch *board)
{
	struct dispatch_was was;

	if (board->was_count == 0 || board->acting != 0)
		return;
	was = board->was[--board->was_count];
	board->doing = (struct dispatch_was){ .doing = DO_UNDO, .id = was.id, .other = was.other };
	if (was.doing == DO_SWAP)
		dispatch_act(board, dispatch_version(board, was.id, was.version), "swap", (const int64_t[]){ was.other, 0, 0 });
	else if (was.technician == 0)
		dispatch_act(board, dispatch_version(board, was.id, was.version), "unplace", NULL);
	else
		dispatch_act(board, dispatch_version(board, was.id, was.version), "place",
		    (const int64_t[]){ was.technician, was.start_us, was.minutes });
}
