/*
 * Team: of each person whose work reports the reader reads, what was done today, what is late,
 * and how far this month's targets are. One statement by the indexes of owners, under the
 * reader's own scopes; planning it costs more than running it, so that is done once.
 */
#include "server/record/team.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"

#include <string.h>

#define TEAM_PEOPLE 500

static const char *const team_measures[] = { "visits", "customers", "orders", "receipts" };
enum { TEAM_MEASURES = sizeof(team_measures) / sizeof(team_measures[0]) };

/* Columns of the statement; then a goal and what is done of it for each measure. */
enum {
	TEAM_ID,
	TEAM_NAME,
	TEAM_VISITS,
	TEAM_CALLS,
	TEAM_CUSTOMERS,
	TEAM_ORDERS,
	TEAM_OVERDUE,
	TEAM_REPORT,
	TEAM_UNREAD,
	TEAM_GOALS,
};

size_t
team_people(struct call *call, const struct arms *arms, bool me, int64_t *ids)
{
	size_t count = 0;

	for (size_t i = 0; i < access_setup_count(call->access, E_user); i++) {
		const struct setup_record *user = access_setup_at(call->access, E_user, i);

		if ((user->id == call->session.user) == me &&
		    arms_reach(arms, user->id, user->department, user->branch, 0))
			ids[count++] = user->id;
	}
	return count;
}

/* " >= the first moment of day first", and before that of day end (0: no end) of visits. */
static void
team_moments(struct call *call, struct sql *sql, int64_t first, int64_t end)
{
	int64_t zone_us = call->session.offset_min * INT64_C(60) * US_PER_SECOND;

	sql_add(sql, " >= ");
	sql_moment(sql, first * US_PER_DAY - zone_us);
	if (end == 0)
		return;
	sql_add(sql, " AND v.at < ");
	sql_moment(sql, end * US_PER_DAY - zone_us);
}

static void
team_add_visits(struct call *call, struct sql *sql, int64_t month, int64_t today)
{
	sql_add(sql,
	    " LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE v.kind <> 'task') AS month,"
	    " count(*) FILTER (WHERE v.kind NOT IN ('phone', 'message', 'mail', 'task') AND "
	    "v.at");
	team_moments(call, sql, today, 0);
	sql_add(sql, ") AS visits, count(*) FILTER (WHERE v.kind IN ('phone', 'message', "
		     "'mail') AND v.at");
	team_moments(call, sql, today, 0);
	sql_add(sql, ") AS calls FROM visit v WHERE v.owner_id = u.id AND v.deleted_at IS NULL"
		     " AND v.state IN ('started', 'completed') AND v.at");
	team_moments(call, sql, month, today + 1);
	sql_add(sql,
	    ") d ON true LEFT JOIN LATERAL (SELECT count(*) AS late FROM visit v WHERE "
	    "v.owner_id = u.id"
	    " AND v.deleted_at IS NULL AND v.state IN ('planned', 'started') AND v.at");
	team_moments(call, sql, today - 90, today);
	sql_add(sql, ") l ON true LEFT JOIN LATERAL (SELECT count(*) AS late FROM plan_step s "
		     "WHERE s.owner_id = u.id"
		     " AND s.deleted_at IS NULL AND s.state = 'open' AND s.due_on < ");
	sql_date(sql, today);
	sql_add(sql, ") s ON true");
}

static void
team_add_sales(struct call *call, struct sql *sql, int64_t month, int64_t today)
{
	sql_add(sql, " LEFT JOIN LATERAL (SELECT count(*) AS month, count(*) FILTER (WHERE "
		     "c.created_at");
	team_moments(call, sql, today, 0);
	sql_add(sql, ") AS today FROM customer c WHERE c.owner_id = u.id AND c.deleted_at IS "
		     "NULL AND c.created_at");
	team_moments(call, sql, month, 0);
	sql_add(sql, ") c ON true LEFT JOIN LATERAL (SELECT sum(o.total_base - "
		     "coalesce(f.dropped, 0))::bigint AS month,"
		     " count(*) FILTER (WHERE o.ordered_on = ");
	sql_date(sql, today);
	sql_add(sql,
	    ") AS today FROM sales_order o LEFT JOIN sales_order_figures f ON f.id = o.id"
	    " WHERE o.owner_id = u.id AND o.deleted_at IS NULL "
	    "AND o.state IN"
	    " ('confirmed', 'part_delivered', 'delivered', 'closed') AND o.ordered_on >= ");
	sql_date(sql, month);
	sql_add(sql, " AND o.ordered_on <= ");
	sql_date(sql, today);
	sql_add(sql, ") o ON true LEFT JOIN LATERAL (SELECT sum(r.amount_base)::bigint AS "
		     "month FROM receipt r"
		     " WHERE r.owner_id = u.id AND r.deleted_at IS NULL AND r.state = 'booked' "
		     "AND r.received_on >= ");
	sql_date(sql, month);
	sql_add(sql, " AND r.received_on <= ");
	sql_date(sql, today);
	sql_add(sql, ") r ON true");
}

static void
team_add_reports(struct sql *sql, int64_t month, int64_t today)
{
	sql_add(sql, " LEFT JOIN LATERAL (SELECT max(w.state) FILTER (WHERE w.kind = 'daily' "
		     "AND w.day = ");
	sql_date(sql, today);
	sql_add(sql, ") AS today, count(*) FILTER (WHERE w.state = 'handed_in') AS unread FROM "
		     "work_report w"
		     " WHERE w.owner_id = u.id AND w.deleted_at IS NULL AND w.day >= ");
	sql_date(sql, today - 60);
	sql_add(sql, ") w ON true LEFT JOIN LATERAL (SELECT");
	for (size_t i = 0; i < TEAM_MEASURES; i++)
		sql_addf(sql,
		    "%s max(coalesce(t.number, t.amount)) FILTER (WHERE t.measure = '%s') AS "
		    "%s",
		    i > 0 ? "," : "", team_measures[i], team_measures[i]);
	sql_add(sql, " FROM target t WHERE t.person_id = u.id AND t.deleted_at IS NULL AND "
		     "t.level = 'person'"
		     " AND t.month = ");
	sql_date(sql, month);
	sql_add(sql, ") t ON true");
}

void
team_queue(struct call *call, const int64_t *ids, size_t count, struct rows **rows)
{
	int64_t today = call_today(call);
	struct ymd first = date_to_ymd(today);
	struct sql *sql = sql_new(call->arena);
	int64_t month;

	first.day = 1;
	month = date_from_ymd(first);
	sql_add(sql, "SELECT u.id, u.label, d.visits, d.calls, c.today, o.today, l.late + "
		     "s.late, w.today, w.unread,"
		     " t.visits, d.month, t.customers, c.month, t.orders, coalesce(o.month, "
		     "0), t.receipts,"
		     " coalesce(r.month, 0) FROM users u");
	team_add_visits(call, sql, month, today);
	team_add_sales(call, sql, month, today);
	team_add_reports(sql, month, today);
	sql_add(sql, " WHERE u.id = ANY(");
	sql_ints(sql, ids, count);
	sql_addf(sql,
	    ") AND NOT u.disabled AND u.deleted_at IS NULL ORDER BY u.label_key, u.id LIMIT %d",
	    TEAM_PEOPLE);
	sql_named(sql);
	store_queue(call->store, sql, rows);
}

static void
team_queue_unowned(struct call *call, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql,
	    "SELECT (SELECT count(*) FROM lead WHERE pool_id IS NOT NULL AND owner_id IS NULL"
	    " AND deleted_at IS NULL AND state IN ('new', 'contacted', 'qualified')),"
	    " (SELECT count(*) FROM customer WHERE pool_id IS NOT NULL AND owner_id IS NULL AND"
	    " deleted_at IS NULL)");
	store_queue(call->store, sql, rows);
}

bool
team_shows(const struct call *call, const char *measure)
{
	static const struct {
		const char *measure;
		uint32_t entity, field;
	} sums[] = { { "orders", E_order, F_order_total_base }, { "receipts", E_receipt, F_receipt_amount_base } };
	const struct field *field;

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		if (strcmp(sums[i].measure, measure) != 0)
			continue;
		field = entity_field(call_view(call, sums[i].entity), sums[i].field);
		return field != NULL && (field->flags & FIELD_MASKED) == 0;
	}
	return true;
}

Kehu__TeamMember *
team_take_member(struct call *call, const struct rows *rows, size_t row)
{
	Kehu__TeamMember *member = ARENA_NEW(call->arena, Kehu__TeamMember);

	kehu__team_member__init(member);
	member->has_id = member->has_visits = member->has_calls = member->has_customers = true;
	member->has_orders = member->has_overdue = member->has_unread = true;
	member->id = rows_int(rows, row, TEAM_ID);
	member->name = arena_strdup(call->arena, rows_text(rows, row, TEAM_NAME));
	member->visits = rows_int(rows, row, TEAM_VISITS);
	member->calls = rows_int(rows, row, TEAM_CALLS);
	member->customers = rows_int(rows, row, TEAM_CUSTOMERS);
	member->orders = rows_int(rows, row, TEAM_ORDERS);
	member->overdue = rows_int(rows, row, TEAM_OVERDUE);
	member->unread = rows_int(rows, row, TEAM_UNREAD);
	if (!rows_null(rows, row, TEAM_REPORT))
		member->report = arena_strdup(call->arena, rows_text(rows, row, TEAM_REPORT));
	member->goals = ARENA_ARRAY(call->arena, Kehu__TeamGoal *, TEAM_MEASURES);
	for (size_t i = 0; i < TEAM_MEASURES; i++) {
		Kehu__TeamGoal *goal;

		if (rows_null(rows, row, TEAM_GOALS + 2 * i) || !team_shows(call, team_measures[i]))
			continue;
		goal = ARENA_NEW(call->arena, Kehu__TeamGoal);
		kehu__team_goal__init(goal);
		goal->measure = arena_strdup(call->arena, team_measures[i]);
		goal->has_goal = goal->has_done = true;
		goal->goal = rows_int(rows, row, TEAM_GOALS + 2 * i);
		goal->done = rows_int(rows, row, TEAM_GOALS + 2 * i + 1);
		member->goals[member->n_goals++] = goal;
	}
	return member;
}

static void
team_scope_each(struct call *call, const uint32_t *entities, size_t count)
{
	for (size_t i = 0; i < count; i++)
		call_scope(call, catalog_entity(call->catalog, entities[i])->def, RIGHT_VIEW);
}

void
team_scope_done(struct call *call)
{
	static const uint32_t reads[] = { E_user, E_visit, E_customer, E_order, E_receipt };

	team_scope_each(call, reads, sizeof(reads) / sizeof(reads[0]));
}

enum err
team_scope(struct call *call, struct arms *arms)
{
	static const uint32_t reads[] = { E_plan_step, E_target, E_lead };
	const struct entity_view *entity;
	enum err err = call_entity(call, E_work_report, RIGHT_VIEW, &entity);

	if (err != ERR_OK)
		return err;
	team_scope_done(call);
	team_scope_each(call, reads, sizeof(reads) / sizeof(reads[0]));
	*arms = call_scope(call, entity->def, RIGHT_VIEW);
	return ERR_OK;
}

bool
team_may_set(const struct call *call, const struct entity *target, enum right right, int64_t person,
    int64_t department, int64_t branch)
{
	struct arms arms = access_arms(call->user, target, right);

	return arms.all || (person != call->session.user && arms_reach(&arms, person, department, branch, 0));
}

enum err
handle_team(struct call *call)
{
	bool me = call->request->team->me;
	struct rows *rows, *unowned;
	Kehu__TeamAnswer *answer;
	struct arms arms;
	int64_t *ids;
	size_t count;
	enum err err = team_scope(call, &arms);

	if (err != ERR_OK)
		return err;
	ids = ARENA_ARRAY(call->arena, int64_t, access_setup_count(call->access, E_user) + 1);
	count = team_people(call, &arms, me, ids);
	call_begin(call, false);
	call_plan_once(call);
	team_queue(call, ids, count, &rows);
	team_queue_unowned(call, &unowned);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	answer = ARENA_NEW(call->arena, Kehu__TeamAnswer);
	kehu__team_answer__init(answer);
	answer->members = ARENA_ARRAY(call->arena, Kehu__TeamMember *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++)
		answer->members[answer->n_members++] = team_take_member(call, rows, i);
	answer->has_leads = answer->has_customers = true;
	answer->leads = rows_int(unowned, 0, 0);
	answer->customers = rows_int(unowned, 0, 1);
	call->rows = rows->count;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_TEAM;
	call->answer.team = answer;
	return ERR_OK;
}
