/* What the dispatch board shows: asked for whole once, and in pieces as others move jobs. */
#include "client/screens/dispatch_private.h"

#include "client/screens/ask.h"
#include "client/screens/row.h"
#include "common/date.h"
#include "common/log.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DISPATCH_MINUTE (60 * US_PER_SECOND)

const Kehu__DispatchPerson *
dispatch_person(const struct dispatch *board, size_t row)
{
	return board->answer != NULL && row < board->answer->n_people ? board->answer->people[row] : NULL;
}

struct dispatch_job *
dispatch_find(struct dispatch *board, int64_t id)
{
	for (size_t i = 0; i < board->count; i++)
		if (board->jobs[i].id == id)
			return &board->jobs[i];
	return NULL;
}

const struct dispatch_job *
dispatch_at(const struct dispatch *board, int64_t technician, int at)
{
	for (size_t i = 0; i < board->count; i++)
		if (board->jobs[i].technician == technician && board->jobs[i].start <= at &&
		    at < board->jobs[i].start + board->jobs[i].minutes)
			return &board->jobs[i];
	return NULL;
}

const Kehu__Value *
dispatch_value(const struct dispatch *board, const Kehu__Row *row, enum dispatch_cell cell)
{
	return row_value(board->open, row, board->columns[cell]);
}

const char *
dispatch_state(const struct dispatch *board, uint32_t state)
{
	const Kehu__Dictionary *states = cat_dictionary(app_cat(board->app), "job_state");

	return states != NULL && state < states->n_items ? states->items[state]->code : "";
}

int
dispatch_now(const struct dispatch *board)
{
	return (int)((link_now_us(board->app->link) - board->from_us) / DISPATCH_MINUTE);
}

const char *
dispatch_number(const struct dispatch *board, int64_t number)
{
	(void)board;
	return number > 0 ? arena_printf(cells_scratch(), "%04" PRId64, number) : "";
}

int64_t
dispatch_current(const struct dispatch *board, uint32_t *version, int *minutes)
{
	const Kehu__DispatchPerson *person = dispatch_person(board, board->row);
	const struct dispatch_job *job = person != NULL ? dispatch_at(board, person->id, board->at) : NULL;

	if (board->zone == ZONE_OPEN && board->open != NULL && board->open_row < board->open->n_rows) {
		const Kehu__Row *row = board->open->rows[board->open_row];
		const Kehu__Value *length = dispatch_value(board, row, DISPATCH_MINUTES);

		*version = row->version;
		*minutes = cat_value_empty(length) ? 60 : (int)length->number;
		return row->id;
	}
	if (board->zone != ZONE_GRID || job == NULL)
		return 0;
	*version = job->version;
	*minutes = job->minutes;
	return job->id;
}

/* ---- taking answers ------------------------------------------------------------------------ */

static void
dispatch_put_job(struct dispatch *board, const struct dispatch_job *job)
{
	struct dispatch_job *had = dispatch_find(board, job->id);

	if (had != NULL) {
		*had = *job;
		return;
	}
	if (board->count == board->room) {
		size_t room = board->room == 0 ? 256 : board->room * 2;
		struct dispatch_job *jobs = realloc(board->jobs, room * sizeof(*jobs));

		if (jobs == NULL)
			fatal("out of memory: dispatch");
		board->jobs = jobs;
		board->room = room;
	}
	board->jobs[board->count++] = *job;
}

static void
dispatch_take_jobs(struct dispatch *board, const Kehu__DispatchJobs *jobs, bool whole)
{
	int64_t number = 0;
	struct dispatch_job job = { 0 };

	if (whole)
		board->count = 0;
	for (size_t i = 0; jobs != NULL && i < jobs->n_ids && i < jobs->n_numbers && i < jobs->n_versions &&
			   i < jobs->n_technicians && i < jobs->n_starts && i < jobs->n_minutes && i < jobs->n_states;
	     i++) {
		job.id += jobs->ids[i];
		number += jobs->numbers[i];
		job.number = number + job.id;
		job.technician += jobs->technicians[i];
		job.start += jobs->starts[i];
		job.minutes = (int)jobs->minutes[i];
		job.version = jobs->versions[i];
		job.state = jobs->states[i];
		if (!whole) {
			dispatch_put_job(board, &job);
			continue;
		}
		/* of a whole board none is there yet: no looking for it */
		if (board->count == board->room) {
			dispatch_put_job(board, &job);
			continue;
		}
		board->jobs[board->count++] = job;
	}
}

/* The hours that are worked, and those that somebody has a job in. */
static void
dispatch_fit_hours(struct dispatch *board)
{
	int from = 8 * 60, until = 19 * 60;

	for (size_t i = 0; board->answer != NULL && i < board->answer->n_shifts; i++)
		for (size_t k = 0; k + 1 < board->answer->shifts[i]->n_minutes; k += 2) {
			int a = (int)board->answer->shifts[i]->minutes[k] % DISPATCH_DAY_MIN;
			int b = (int)(board->answer->shifts[i]->minutes[k + 1] - 1) % DISPATCH_DAY_MIN + 1;

			from = a < from ? a : from;
			until = b > until ? b : until;
		}
	for (size_t i = 0; i < board->count; i++) {
		int a = (board->jobs[i].start + DISPATCH_DAY_MIN) % DISPATCH_DAY_MIN, b = a + board->jobs[i].minutes;

		from = a < from ? a : from;
		until = b > until ? b : until;
	}
	board->hour_from = from / 60;
	board->hour_to = until > DISPATCH_DAY_MIN ? 24 : (until + 59) / 60;
}

static void
dispatch_take_open(struct dispatch *board, const Kehu__ServerFrame *answer)
{
	const Kehu__DispatchAnswer *taken = answer->dispatch;

	if (taken->open == NULL)
		return;
	arena_reset(board->arena_open);
	board->open = link_keep(board->arena_open, answer)->dispatch->open;
	board->open_count = taken->open_count;
	if (board->open_row >= board->open->n_rows)
		board->open_row = board->open->n_rows > 0 ? board->open->n_rows - 1 : 0;
}

static void
dispatch_on_whole(void *context, const Kehu__ServerFrame *answer)
{
	struct dispatch *board = context;

	board->asking = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_DISPATCH) {
		ask_say_error(board->app, answer, board->entity->number);
		return;
	}
	arena_reset(board->arena);
	board->answer = link_keep(board->arena, answer)->dispatch;
	dispatch_take_jobs(board, board->answer->jobs, true);
	dispatch_take_open(board, answer);
	dispatch_fit_hours(board);
	if (board->row >= board->answer->n_people)
		board->row = board->answer->n_people > 0 ? board->answer->n_people - 1 : 0;
	dispatch_ask_detail(board);
	ui_redraw(board->app->ui);
	if (board->pending_count > 0 || board->pending_all)
		dispatch_ask_few(board);
}

static void
dispatch_on_few(void *context, const Kehu__ServerFrame *answer)
{
	struct dispatch *board = context;

	board->asking_few = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_DISPATCH) {
		dispatch_ask(board, true);
		return;
	}
	dispatch_take_jobs(board, answer->dispatch->jobs, false);
	dispatch_take_open(board, answer);
	dispatch_fit_hours(board);
	board->detail_of = 0;
	dispatch_ask_detail(board);
	ui_redraw(board->app->ui);
	if (board->pending_count > 0 || board->pending_all)
		dispatch_ask_few(board);
}

/* ---- asking -------------------------------------------------------------------------------- */

static uint32_t
dispatch_send(struct dispatch *board, Kehu__Dispatch *request, unsigned flags,
    void (*done)(void *context, const Kehu__ServerFrame *answer))
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	uint32_t columns[DISPATCH_CELLS];

	request->n_columns = 0;
	for (size_t i = 0; i < DISPATCH_CELLS; i++)
		if (board->columns[i] != 0)
			columns[request->n_columns++] = board->columns[i];
	request->columns = columns;
	request->has_from_us = request->has_days = true;
	request->from_us = board->from_us;
	request->days = (uint32_t)board->days;
	request->query = ask_text(board->query);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DISPATCH;
	frame.dispatch = request;
	return ask_send(board->app, &frame, flags, done, board);
}

void
dispatch_ask(struct dispatch *board, bool quiet)
{
	Kehu__Dispatch request = KEHU__DISPATCH__INIT;

	board->lang = board->app->lang;
	board->from_us = board->day * US_PER_DAY - (int64_t)board->app->offset_min * DISPATCH_MINUTE;
	board->pending_count = 0;
	board->pending_all = false;
	request.has_open = true;
	request.open = DISPATCH_OPEN_ROWS;
	ask_cancel(board->app, &board->asking);
	ask_cancel(board->app, &board->asking_few);
	board->asking = dispatch_send(board, &request, quiet ? (unsigned)ASK_QUIET : 0U, dispatch_on_whole);
}

void
dispatch_note_changed(struct dispatch *board, int64_t id)
{
	for (size_t i = 0; i < board->pending_count; i++)
		if (board->pending[i] == id)
			return;
	if (board->pending_count < DISPATCH_PENDING)
		board->pending[board->pending_count++] = id;
	else
		board->pending_all = true;
}

/* What is asked for again leaves the board until it comes: where it is not any more, it does not come. */
void
dispatch_ask_few(struct dispatch *board)
{
	Kehu__Dispatch request = KEHU__DISPATCH__INIT;

	if (board->asking != 0 || board->asking_few != 0 || (board->pending_count == 0 && !board->pending_all))
		return;
	if (board->pending_all) {
		dispatch_ask(board, true);
		return;
	}
	for (size_t i = 0; i < board->pending_count; i++) {
		struct dispatch_job *job = dispatch_find(board, board->pending[i]);

		if (job != NULL)
			*job = board->jobs[--board->count];
	}
	request.only = board->pending;
	request.n_only = board->pending_count;
	request.has_open = true;
	request.open = DISPATCH_OPEN_ROWS;
	board->asking_few = dispatch_send(board, &request, ASK_QUIET, dispatch_on_few);
	board->pending_count = 0;
}

static void
dispatch_on_places(void *context, const Kehu__ServerFrame *answer)
{
	struct dispatch *board = context;

	board->asking_places = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_DISPATCH) {
		ask_say_error(board->app, answer, board->entity->number);
		return;
	}
	if (answer->dispatch->n_places == 0) {
		message_error(ERR_NO_TECHNICIAN, NULL, board->app->lang);
		return;
	}
	arena_reset(board->arena_places);
	board->places = link_keep(board->arena_places, answer)->dispatch;
	board->zone = ZONE_PLACES;
	board->place_row = board->place_top = 0;
	ui_redraw(board->app->ui);
}

void
dispatch_ask_places(struct dispatch *board, int64_t job)
{
	Kehu__Dispatch request = KEHU__DISPATCH__INIT;
	int64_t one = job;

	request.only = &one;
	request.n_only = 1;
	request.has_suggest = job != 0;
	request.suggest = job;
	request.has_propose = job == 0;
	request.propose = job == 0;
	ask_cancel(board->app, &board->asking_places);
	board->asking_places = dispatch_send(board, &request, 0, dispatch_on_places);
}

static void
dispatch_on_detail(void *context, const Kehu__ServerFrame *answer)
{
	struct dispatch *board = context;

	board->asking_detail = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET)
		return;
	arena_reset(board->arena_detail);
	board->detail = link_keep(board->arena_detail, answer)->get->record;
	ui_redraw(board->app->ui);
}

void
dispatch_ask_detail(struct dispatch *board)
{
	Kehu__ClientFrame frame;
	Kehu__Get get;
	uint32_t version;
	int minutes;
	int64_t id = dispatch_current(board, &version, &minutes);

	if (id == board->detail_of)
		return;
	ask_cancel(board->app, &board->asking_detail);
	board->detail_of = id;
	if (board->detail != NULL && board->detail->id != id)
		board->detail = NULL;
	if (id == 0)
		return;
	ask_get_frame(&frame, &get, board->entity->number, id);
	board->asking_detail = ask_send(board->app, &frame, LINK_LOW, dispatch_on_detail, board);
}
