/*
 * Targets: one measure of the people whose targets the reader sees, month by month, with what is
 * done of it. One statement by the indexes of owners, as of team.c. Setting them is Save's.
 */
#include "common/date.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/team.h"

#include <string.h>

enum { TARGETS_PEOPLE = 500, TARGETS_MONTHS = 3, TARGETS_MONTHS_MAX = 12, TARGETS_LAST_DAY = 2900000 };

/* Columns of the statement: a row for each person and month. */
enum { TARGETS_PERSON, TARGETS_NAME, TARGETS_ID, TARGETS_VERSION, TARGETS_GOAL, TARGETS_DONE };

struct targets {
	struct call *call;
	const struct entity_view *entity;
	const char *measure;
	size_t months;
	int64_t first[TARGETS_MONTHS_MAX + 1]; /* the day after the last month, too */
};

static enum err
targets_read(struct targets *targets, const Kehu__Targets *request)
{
	struct call *call = targets->call;
	const struct field *measure = entity_field(targets->entity, F_target_measure);
	struct ymd ymd = date_to_ymd(request->has_month ? request->month : call_today(call));

	targets->measure = request->measure != NULL ? request->measure : "";
	targets->months = request->has_months ? request->months : TARGETS_MONTHS;
	if (targets->months < 1 || targets->months > TARGETS_MONTHS_MAX || request->month < 0 ||
	    request->month > TARGETS_LAST_DAY)
		return CALL_FAIL(call, ERR_INVALID, .field = F_target_month);
	if (measure == NULL ||
	    dictionary_item(catalog_dictionary(call->catalog, measure->dict), targets->measure) == NULL)
		return CALL_FAIL(call, ERR_NOT_IN_LIST, .field = F_target_measure);
	ymd.day = 1;
	targets->first[0] = date_from_ymd(ymd);
	for (size_t i = 0; i < targets->months; i++)
		targets->first[i + 1] = date_month_end(targets->first[i]) + 1;
	return ERR_OK;
}

/* ---- the statement ---- */

/* "m(month, day, end_day, at, end_at)": each month by days and by moments. */
static void
targets_add_months(const struct targets *targets, struct sql *sql)
{
	int64_t zone_us = targets->call->session.offset_min * INT64_C(60) * US_PER_SECOND;

	sql_add(sql, "(VALUES ");
	for (size_t i = 0; i < targets->months; i++) {
		sql_add(sql, i > 0 ? ", (" : "(");
		sql_date(sql, targets->first[i]);
		sql_add(sql, ", ");
		sql_date(sql, targets->first[i + 1]);
		sql_add(sql, ", ");
		sql_moment(sql, targets->first[i] * US_PER_DAY - zone_us);
		sql_add(sql, ", ");
		sql_moment(sql, targets->first[i + 1] * US_PER_DAY - zone_us);
		sql_add(sql, ")");
	}
	sql_add(sql, ") m(day, end_day, at, end_at)");
}

/* What u did in month m, as the report of targets and the team page count it. */
static const char *
targets_done(const char *measure)
{
	static const char *const done[][2] = {
		{ "visits", "SELECT count(*) FROM visit v WHERE v.owner_id = u.id AND v.deleted_at IS NULL"
			    " AND v.state IN ('started', 'completed') AND v.kind <> 'task'"
			    " AND v.at >= m.at AND v.at < m.end_at" },
		{ "customers", "SELECT count(*) FROM customer c WHERE c.owner_id = u.id AND c.deleted_at IS NULL"
			       " AND c.created_at >= m.at AND c.created_at < m.end_at" },
		{ "orders", "SELECT coalesce(sum(o.total_base - coalesce(f.dropped, 0)), 0)::bigint FROM sales_order o"
			    " LEFT JOIN sales_order_figures f ON f.id = o.id WHERE o.owner_id = u.id"
			    " AND o.deleted_at IS NULL"
			    " AND o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed')"
			    " AND o.ordered_on >= m.day AND o.ordered_on < m.end_day" },
		{ "receipts", "SELECT coalesce(sum(r.amount_base), 0)::bigint FROM receipt r WHERE r.owner_id = u.id"
			      " AND r.deleted_at IS NULL AND r.state = 'booked'"
			      " AND r.received_on >= m.day AND r.received_on < m.end_day" },
	};

	for (size_t i = 0; i < sizeof(done) / sizeof(done[0]); i++)
		if (strcmp(done[i][0], measure) == 0)
			return done[i][1];
	return "SELECT NULL::bigint"; /* a measure of the company's own is only set */
}

static void
targets_queue(const struct targets *targets, const int64_t *ids, size_t count, struct rows **rows)
{
	struct sql *sql = sql_new(targets->call->arena);

	sql_addf(sql,
	    "SELECT u.id, u.label, t.id, t.version, coalesce(t.number, t.amount), (%s)"
	    " FROM (SELECT id, label, label_key FROM users WHERE id = ANY(",
	    team_shows(targets->call, targets->measure) ? targets_done(targets->measure) : "SELECT NULL::bigint");
	sql_ints(sql, ids, count);
	sql_addf(sql, ") AND NOT disabled AND deleted_at IS NULL ORDER BY label_key, id LIMIT %d) u CROSS JOIN ",
	    TARGETS_PEOPLE);
	targets_add_months(targets, sql);
	sql_add(sql, " LEFT JOIN target t ON t.person_id = u.id AND t.month = m.day AND t.level = 'person'"
		     " AND t.deleted_at IS NULL AND t.measure = ");
	sql_text(sql, targets->measure);
	sql_add(sql, " ORDER BY u.label_key, u.id, m.day");
	store_queue(targets->call->store, sql, rows);
}

/* ---- the answer ---- */

static Kehu__TargetsCell *
targets_take_cell(struct arena *arena, const struct rows *rows, size_t row, bool goals)
{
	Kehu__TargetsCell *cell = ARENA_NEW(arena, Kehu__TargetsCell);

	kehu__targets_cell__init(cell);
	if (!rows_null(rows, row, TARGETS_ID)) {
		cell->has_id = cell->has_version = true;
		cell->id = rows_int(rows, row, TARGETS_ID);
		cell->version = (uint32_t)rows_int(rows, row, TARGETS_VERSION);
		cell->has_goal = goals && !rows_null(rows, row, TARGETS_GOAL);
		cell->goal = cell->has_goal ? rows_int(rows, row, TARGETS_GOAL) : 0;
	}
	cell->has_done = !rows_null(rows, row, TARGETS_DONE);
	cell->done = cell->has_done ? rows_int(rows, row, TARGETS_DONE) : 0;
	return cell;
}

static bool
targets_may_set(const struct targets *targets, int64_t person)
{
	const struct setup_record *user = access_setup(targets->call->access, E_user, person);

	return user != NULL && team_may_set(targets->call, targets->entity->def, RIGHT_CREATE, person,
				   user->department, user->branch);
}

static Kehu__TargetsAnswer *
targets_take(const struct targets *targets, const struct rows *rows)
{
	struct arena *arena = targets->call->arena;
	Kehu__TargetsAnswer *answer = ARENA_NEW(arena, Kehu__TargetsAnswer);
	bool money = strcmp(targets->measure, "orders") == 0 || strcmp(targets->measure, "receipts") == 0;
	const struct field *goal =
	    entity_field(targets->entity, money ? F_target_amount : F_target_number);
	bool goals = goal != NULL && (goal->flags & FIELD_MASKED) == 0;

	kehu__targets_answer__init(answer);
	answer->has_money = answer->money = money;
	answer->months = arena_memdup(arena, targets->first, targets->months * sizeof(int64_t));
	answer->n_months = targets->months;
	answer->rows = ARENA_ARRAY(arena, Kehu__TargetsRow *, rows->count / targets->months + 1);
	for (size_t i = 0; i + targets->months <= rows->count; i += targets->months) {
		Kehu__TargetsRow *row = ARENA_NEW(arena, Kehu__TargetsRow);

		kehu__targets_row__init(row);
		row->has_person = row->has_may_set = true;
		row->person = rows_int(rows, i, TARGETS_PERSON);
		row->name = arena_strdup(arena, rows_text(rows, i, TARGETS_NAME));
		row->may_set = goals && (goal->flags & FIELD_READONLY) == 0 && targets_may_set(targets, row->person);
		row->cells = ARENA_ARRAY(arena, Kehu__TargetsCell *, targets->months);
		for (; row->n_cells < targets->months; row->n_cells++)
			row->cells[row->n_cells] = targets_take_cell(arena, rows, i + row->n_cells, goals);
		answer->rows[answer->n_rows++] = row;
	}
	return answer;
}

enum err
handle_targets(struct call *call)
{
	struct targets targets = { .call = call };
	struct rows *rows;
	struct arms arms;
	int64_t *ids;
	size_t count = 0;
	enum err err = call_entity(call, E_target, RIGHT_VIEW, &targets.entity);

	if (err == ERR_OK)
		err = targets_read(&targets, call->request->targets);
	if (err != ERR_OK)
		return err;
	team_scope_done(call);
	arms = call_scope(call, targets.entity->def, RIGHT_VIEW);
	ids = ARENA_ARRAY(call->arena, int64_t, access_setup_count(call->access, E_user) + 1);
	count = team_people(call, &arms, false, ids);
	count += team_people(call, &arms, true, ids + count);
	call_begin(call, false);
	targets_queue(&targets, ids, count, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	call->answer.targets = targets_take(&targets, rows);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_TARGETS;
	call->rows = call->answer.targets->n_rows;
	return ERR_OK;
}
