/*
 * The dispatch board: technicians with hours, leave and jobs over some days, and the jobs that have no place yet. What
 * is sent is made of differences: a week of fifty people with two thousand jobs fits into a few KiB. Placing is
 * the job's own business (server/rules/job_visit.c).
 */
#include "common/date.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/page.h"
#include "server/record/rule.h"
#include "server/record/job_places.h"
#include "server/service/hours.h"

#include <stdlib.h>
#include <string.h>

enum {
	DISPATCH_DAYS = 14,
	DISPATCH_PEOPLE = 200,
	DISPATCH_JOBS = 5000,
	DISPATCH_ONLY = 500,
	DISPATCH_OPEN = 50,
	DISPATCH_COUNTED = 500,
	DISPATCH_STEP_MIN = 15,
	DISPATCH_LONGEST_DAYS = 14, /* of one job */
};
#define DISPATCH_MINUTE (60 * US_PER_SECOND)

struct dispatch {
	const Kehu__Dispatch *request;
	const struct entity_view *jobs, *technicians;
	struct arms arms, people_arms;
	int64_t from_us, until_us;
	struct page_reading *people, *open;
	struct rows *job_rows, *open_rows, *people_rows;
	bool numbered; /* the reader may know numbers */
	Kehu__DispatchAnswer *answer;
};

/* ---- what is asked ------------------------------------------------------------------------- */

/* A condition may be one on technicians, on jobs or on both; of one that is on neither the jobs say why. */
static enum err
dispatch_prepare(struct call *call, struct dispatch *board)
{
	static const uint32_t people[] = { F_technician_name, F_technician_company, F_technician_region_id };
	const char *query = board->request->query != NULL ? board->request->query : "";
	size_t limit = board->request->open < DISPATCH_OPEN ? board->request->open : DISPATCH_OPEN;
	struct page_request asked = { .entity = board->jobs, .arms = &board->arms, .columns = board->request->columns,
		.column_count = board->request->n_columns, .limit = limit != 0 ? limit : 1, .sort = F_job_visit_due_at };
	enum err err = ERR_OK, people_err = ERR_OK;

	if (entity_field(board->jobs, F_job_visit_due_at) == NULL)
		asked.sort = 0;
	asked.query = arena_printf(call->arena, "%s is:open,refused", query);
	err = page_prepare(call, &asked, &board->open);
	if (board->request->n_only == 0 && board->technicians != NULL) {
		struct failure failure = call->failure;
		struct page_request who = { .entity = board->technicians, .arms = &board->people_arms, .columns = people,
			.column_count = sizeof(people) / sizeof(people[0]), .limit = DISPATCH_PEOPLE, .whole = true };

		call->failure = (struct failure){ 0 };
		who.query = arena_printf(call->arena, "%s active:yes", query);
		people_err = page_prepare(call, &who, &board->people);
		if (people_err != ERR_OK && err == ERR_OK) {
			call->failure = (struct failure){ 0 };
			who.query = "active:yes";
			people_err = page_prepare(call, &who, &board->people);
		} else if (people_err == ERR_OK && err != ERR_OK) {
			asked.query = "is:open,refused";
			err = page_prepare(call, &asked, &board->open);
		} else if (err != ERR_OK) {
			call->failure = failure;
		}
	}
	return err != ERR_OK ? err : people_err;
}

static void
dispatch_queue_jobs(struct call *call, struct dispatch *board)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT t.id, t.version, substring(t.number FROM '[0-9]{1,15}$')::bigint, t.technician_id, t.start_at, t.minutes, "
		     "t.state FROM job_visit t WHERE t.deleted_at IS NULL AND t.technician_id IS NOT NULL AND "
		     "t.state NOT IN ('open', 'refused', 'cancelled') AND t.start_at >= ");
	sql_moment(sql, board->from_us - DISPATCH_LONGEST_DAYS * US_PER_DAY);
	sql_add(sql, " AND t.start_at < ");
	sql_moment(sql, board->until_us);
	sql_add(sql, " AND t.end_at > ");
	sql_moment(sql, board->from_us);
	sql_add(sql, " AND ");
	record_arms_where(call, sql, board->jobs, "t", &board->arms);
	if (board->request->n_only > 0) {
		sql_add(sql, " AND t.id = ANY(");
		sql_ints(sql, board->request->only, board->request->n_only);
		sql_add(sql, ")");
	}
	sql_addf(sql, " ORDER BY t.technician_id, t.start_at, t.id LIMIT %d", DISPATCH_JOBS);
	store_queue(call->store, sql, &board->job_rows);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void
dispatch_take_jobs(struct call *call, struct dispatch *board)
{
	const struct dictionary *states = catalog_dictionary(call->catalog, "job_state");
	const struct rows *rows = board->job_rows;
	Kehu__DispatchJobs *jobs = ARENA_NEW(call->arena, Kehu__DispatchJobs);
	int64_t id = 0, number = 0, technician = 0, start = 0;
	size_t n = rows->count;

	kehu__dispatch_jobs__init(jobs);
	jobs->ids = ARENA_ARRAY(call->arena, int64_t, n + 1);
	jobs->numbers = ARENA_ARRAY(call->arena, int64_t, n + 1);
	jobs->versions = ARENA_ARRAY(call->arena, uint32_t, n + 1);
	jobs->technicians = ARENA_ARRAY(call->arena, int64_t, n + 1);
	jobs->starts = ARENA_ARRAY(call->arena, int32_t, n + 1);
	jobs->minutes = ARENA_ARRAY(call->arena, uint32_t, n + 1);
	jobs->states = ARENA_ARRAY(call->arena, uint32_t, n + 1);
	jobs->n_ids = jobs->n_numbers = jobs->n_versions = jobs->n_technicians = jobs->n_starts = jobs->n_minutes =
	    jobs->n_states = n;
	for (size_t i = 0; i < n; i++) {
		int64_t known = board->numbered ? rows_int(rows, i, 2) - rows_int(rows, i, 0) : -rows_int(rows, i, 0);
		int64_t at = (rows_moment(rows, i, 4) - board->from_us) / DISPATCH_MINUTE;

		jobs->ids[i] = rows_int(rows, i, 0) - id;
		jobs->numbers[i] = known - number;
		jobs->versions[i] = (uint32_t)rows_int(rows, i, 1);
		jobs->technicians[i] = rows_int(rows, i, 3) - technician;
		jobs->starts[i] = (int32_t)(at - start);
		jobs->minutes[i] = (uint32_t)rows_int(rows, i, 5);
		for (size_t k = 0; k < states->count; k++)
			if (strcmp(states->items[k].code, rows_text(rows, i, 6)) == 0)
				jobs->states[i] = (uint32_t)k;
		id = rows_int(rows, i, 0);
		number = known;
		technician = rows_int(rows, i, 3);
		start = at;
	}
	board->answer->jobs = jobs;
}

/* When the people of a calendar work, in quarters of an hour. */
static Kehu__DispatchShift *
dispatch_shift(struct call *call, const struct dispatch *board, const struct work_calendar *calendar)
{
	Kehu__DispatchShift *shift = ARENA_NEW(call->arena, Kehu__DispatchShift);
	uint32_t length = (uint32_t)((board->until_us - board->from_us) / DISPATCH_MINUTE);
	bool on = false;

	kehu__dispatch_shift__init(shift);
	shift->minutes = ARENA_ARRAY(call->arena, uint32_t, length / DISPATCH_STEP_MIN + 2);
	for (uint32_t at = 0; at < length; at += DISPATCH_STEP_MIN) {
		if (work_is_on(calendar, board->from_us + at * DISPATCH_MINUTE) == on)
			continue;
		on = !on;
		shift->minutes[shift->n_minutes++] = at;
	}
	if (on)
		shift->minutes[shift->n_minutes++] = length;
	return shift;
}

/* "µs:µs:job …" to minutes within the board. */
static void
dispatch_take_away(struct call *call, const struct dispatch *board, const char *text, Kehu__DispatchPerson *person)
{
	size_t room = 3;

	for (const char *p = text; *p != '\0'; p++)
		room += *p == ' ' ? 3 : 0;
	person->away = ARENA_ARRAY(call->arena, int32_t, room);
	while (*text != '\0' && person->n_away + 3 <= room) {
		char *end;
		int64_t from = strtoll(text, &end, 10), until = *end == ':' ? strtoll(end + 1, &end, 10) : 0;
		int64_t job = *end == ':' ? strtoll(end + 1, &end, 10) : 0;

		from = from < board->from_us ? board->from_us : from;
		until = until > board->until_us ? board->until_us : until;
		person->away[person->n_away++] = (int32_t)((from - board->from_us) / DISPATCH_MINUTE);
		person->away[person->n_away++] = (int32_t)((until - board->from_us) / DISPATCH_MINUTE);
		person->away[person->n_away++] = job != 0;
		text = *end == ' ' ? end + 1 : end + strlen(end);
	}
}

static const char *
dispatch_cell(const Kehu__Page *page, size_t row, uint32_t field)
{
	for (size_t i = 0; i < page->n_columns && i < page->rows[row]->n_cells; i++)
		if (page->columns[i] == field && page->rows[row]->cells[i]->text != NULL)
			return page->rows[row]->cells[i]->text;
	return "";
}

static void
dispatch_take_people(struct call *call, struct dispatch *board)
{
	Kehu__Page *page = page_take(call, board->people);
	const struct rows *rows = board->people_rows;
	Kehu__DispatchAnswer *answer = board->answer;
	int64_t *calendars = ARENA_ARRAY(call->arena, int64_t, rows->count + 1);

	answer->people = ARENA_ARRAY(call->arena, Kehu__DispatchPerson *, page->n_rows + 1);
	answer->shifts = ARENA_ARRAY(call->arena, Kehu__DispatchShift *, rows->count + 1);
	for (size_t i = 0; i < page->n_rows; i++) {
		Kehu__DispatchPerson *person = ARENA_NEW(call->arena, Kehu__DispatchPerson);
		const char *company = dispatch_cell(page, i, F_technician_company);
		size_t k, at = 0;

		for (k = 0; k < rows->count && rows_int(rows, k, 0) != page->rows[i]->id; k++)
			;
		if (k == rows->count)
			continue;
		kehu__dispatch_person__init(person);
		while (at < answer->n_shifts && calendars[at] != rows_int(rows, k, 1))
			at++;
		if (at == answer->n_shifts) {
			struct work_calendar calendar = hours_of_row(call, rows, k, 3);

			calendars[at] = rows_int(rows, k, 1);
			answer->shifts[answer->n_shifts++] = dispatch_shift(call, board, &calendar);
		}
		person->has_id = person->has_shift = true;
		person->id = page->rows[i]->id;
		person->shift = (uint32_t)at;
		person->name = arena_strdup(call->arena, dispatch_cell(page, i, F_technician_name));
		person->note = arena_strdup(call->arena,
		    company[0] != '\0' ? company : dispatch_cell(page, i, F_technician_region_id));
		dispatch_take_away(call, board, rows_text(rows, k, 2), person);
		answer->people[answer->n_people++] = person;
	}
}

/* ---- places -------------------------------------------------------------------------------- */

static void
dispatch_add_place(struct call *call, struct dispatch *board, int64_t job, int64_t version, int64_t minutes,
    const struct place *found)
{
	Kehu__DispatchPlace *place = ARENA_NEW(call->arena, Kehu__DispatchPlace);

	kehu__dispatch_place__init(place);
	place->has_job = place->has_version = place->has_technician = place->has_start_us = place->has_minutes =
	    place->has_travel_min = place->has_cost = true;
	place->job = job;
	place->version = (uint32_t)version;
	place->technician = found->person->id;
	place->name = arena_strdup(call->arena, found->person->name);
	place->start_us = found->start_us;
	place->minutes = (uint32_t)minutes;
	place->travel_min = (uint32_t)found->travel_min;
	place->cost = found->cost;
	board->answer->places[board->answer->n_places++] = place;
}

static enum err
dispatch_suggest(struct call *call, struct dispatch *board)
{
	struct place best[JOB_PLACES];
	struct record *job;
	size_t count = 0;
	enum err err = record_read(call, board->jobs, board->request->suggest, RIGHT_VIEW, false, false, &job);

	if (err == ERR_OK && (job == NULL || !record_is_there(job)))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_job_visit);
	if (err == ERR_OK)
		err = job_places_find(call, job, record_number(job, F_job_visit_minutes), best, &count);
	board->answer->places = ARENA_ARRAY(call->arena, Kehu__DispatchPlace *, JOB_PLACES);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		dispatch_add_place(call, board, job->id, job->version, record_number(job, F_job_visit_minutes), &best[i]);
	return err;
}

static void
dispatch_queue_wanted(struct call *call, struct dispatch *board)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT t.id, t.version, t.minutes, t.region_id, coalesce(t.skill, ''), t.window_from, t.window_until FROM job_visit t "
		     "WHERE t.deleted_at IS NULL AND t.state IN ('open', 'refused') AND ");
	record_arms_where(call, sql, board->jobs, "t", &board->arms);
	sql_addf(sql, " ORDER BY t.due_at NULLS LAST, t.priority NULLS LAST, t.id LIMIT %d", JOB_WANTED);
	store_queue(call->store, sql, &board->open_rows);
}

static enum err
dispatch_propose(struct call *call, struct dispatch *board)
{
	const struct rows *rows = board->open_rows;
	struct job_wanted *wanted = ARENA_ARRAY(call->arena, struct job_wanted, rows->count + 1);
	int64_t now = date_now_us(), days = (board->until_us - board->from_us) / US_PER_DAY;
	enum err err;

	for (size_t i = 0; i < rows->count; i++) {
		const struct setup_record *region = access_setup(call->access, E_region, rows_int(rows, i, 3));
		int64_t from_us = board->from_us > now ? board->from_us : now, until_us = board->until_us;

		if (!rows_null(rows, i, 5) && rows_moment(rows, i, 5) > from_us)
			from_us = rows_moment(rows, i, 5);
		if (!rows_null(rows, i, 6) && rows_moment(rows, i, 6) < until_us)
			until_us = rows_moment(rows, i, 6);
		wanted[i] = (struct job_wanted){ .id = rows_int(rows, i, 0), .version = rows_int(rows, i, 1),
			.skill = rows_text(rows, i, 4),
			.job = { .minutes = rows_int(rows, i, 2), .region = region != NULL ? strtoll(region->key, NULL, 10) : 0,
			    .from_us = from_us, .until_us = until_us } };
	}
	err = job_places_propose(call, wanted, rows->count, board->from_us, days);
	board->answer->places = ARENA_ARRAY(call->arena, Kehu__DispatchPlace *, rows->count + 1);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++)
		if (wanted[i].place.person != NULL)
			dispatch_add_place(call, board, wanted[i].id, wanted[i].version, wanted[i].job.minutes, &wanted[i].place);
	return err;
}

/* ---- the request --------------------------------------------------------------------------- */

static enum err
dispatch_read(struct call *call, struct dispatch *board)
{
	struct rows *count = NULL;
	enum err err;

	dispatch_queue_jobs(call, board);
	if (board->people != NULL)
		page_queue(call, board->people);
	if (board->request->open != 0) {
		page_queue(call, board->open);
		page_count(call, board->open, DISPATCH_COUNTED, &count);
	}
	if (board->request->propose)
		dispatch_queue_wanted(call, board);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK && board->people != NULL) {
		struct sql *sql = sql_new(call->arena);

		sql_add(sql, "SELECT id, calendar, away, hours, days, offsets FROM kehu_dispatch_people(");
		sql_moment(sql, board->from_us);
		sql_add(sql, ", ");
		sql_moment(sql, board->until_us);
		sql_add(sql, ")");
		err = store_as_rule(call, sql, &board->people_rows);
	}
	if (err != ERR_OK)
		return err;
	dispatch_take_jobs(call, board);
	if (board->people != NULL)
		dispatch_take_people(call, board);
	if (board->request->open != 0) {
		board->answer->open = page_take(call, board->open);
		board->answer->has_open_count = true;
		board->answer->open_count = (uint32_t)rows_int(count, 0, 0);
	}
	if (board->request->suggest != 0)
		return dispatch_suggest(call, board);
	return board->request->propose ? dispatch_propose(call, board) : ERR_OK;
}

enum err
handle_dispatch(struct call *call)
{
	static const uint32_t needed[] = { F_job_visit_technician_id, F_job_visit_start_at, F_job_visit_minutes, F_job_visit_state };
	struct dispatch board = { .request = call->request->dispatch };
	uint32_t days = board.request->days;
	enum err err = call_entity(call, E_job_visit, RIGHT_VIEW, &board.jobs);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (entity_field(board.jobs, needed[i]) == NULL || (entity_field(board.jobs, needed[i])->flags & FIELD_MASKED) != 0)
			return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_job_visit);
	if (days < 1 || days > DISPATCH_DAYS || board.request->n_only > DISPATCH_ONLY || board.request->from_us < 0 ||
	    board.request->from_us > INT64_C(4000000000) * US_PER_SECOND)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = E_job_visit);
	board.from_us = board.request->from_us;
	board.until_us = board.from_us + days * US_PER_DAY;
	board.numbered = entity_field(board.jobs, F_job_visit_number) != NULL;
	if (call_entity(call, E_technician, RIGHT_VIEW, &board.technicians) != ERR_OK) {
		board.technicians = NULL;
		call->failure = (struct failure){ 0 };
	}
	call_scope_references(call, board.jobs);
	if (board.technicians != NULL)
		board.people_arms = call_scope(call, board.technicians->def, RIGHT_VIEW);
	board.arms = call_scope(call, board.jobs->def, RIGHT_VIEW);
	err = dispatch_prepare(call, &board);
	if (err != ERR_OK)
		return err;
	if (page_words(board.open)[0] != '\0')
		return CALL_FAIL(call, ERR_QUERY, .entity = E_job_visit,
		    .text = call_say(call, "A condition is a field with a value: area:上海 team:…", "条件为 字段:值，如 区域:上海"));
	board.answer = ARENA_NEW(call->arena, Kehu__DispatchAnswer);
	kehu__dispatch_answer__init(board.answer);
	call_begin(call, board.people != NULL || board.request->suggest != 0 || board.request->propose);
	err = dispatch_read(call, &board);
	if (err == ERR_OK) {
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_DISPATCH;
		call->answer.dispatch = board.answer;
	}
	return err;
}
