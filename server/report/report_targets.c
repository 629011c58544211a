/*
 * Targets of a month with what is done of them: company, branches, departments, people. Of each that
 * has others below it, what is set for the people in it is added up beside it. What is done is what
 * this reader sees of it; without the right to amounts there are no sums of money.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "common/money.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <string.h>

enum { TARGETS_MONTH = 1, TARGETS_MEASURE, TARGETS_BAR = 10, TARGETS_COLUMNS = 7 };

static const struct field targets_parameters[] = {
	{ TARGETS_MONTH, "month", TYPE_DATE, "月份", "Month", .help_zh = "该月任意一天；空：本月",
	    .help_en = "Any day of it; empty: this month" },
	{ TARGETS_MEASURE, "measure", TYPE_CHOICE, "指标", "Measure", .dict = "target_measure",
	    .help_zh = "空：全部", .help_en = "Empty: all" },
	{ 0 },
};

static enum err
targets_check(struct report *report)
{
	struct value *month = report_parameter(report, TARGETS_MONTH);
	struct ymd ymd = date_to_ymd(month->present ? month->number : call_today(report->call));

	ymd.day = 1;
	*month = (struct value){ .present = true, .number = date_from_ymd(ymd) };
	return ERR_OK;
}

/* ", NAME(below, above) AS (VALUES …)": every record of a tree with all above it, itself too. */
static void
targets_add_tree(struct report *report, struct sql *sql, uint32_t entity, const char *name)
{
	const struct access *access = report->call->access;

	sql_addf(sql, ", %s(below, above) AS (VALUES (0::bigint, 0::bigint)", name);
	for (size_t i = 0; i < access_setup_count(access, entity); i++) {
		const struct setup_record *above = access_setup_at(access, entity, i);
		int64_t *ids;
		size_t count = access_setup_below(access, report->call->arena, entity, above->id, &ids);

		for (size_t k = 0; k < count; k++)
			sql_addf(sql, ", (%" PRId64 ", %" PRId64 ")", ids[k], above->id);
	}
	sql_add(sql, ")");
}

static void
targets_add_days(struct sql *sql, const char *column, int64_t month)
{
	sql_addf(sql, " AND %s >= ", column);
	sql_date(sql, month);
	sql_addf(sql, " AND %s <= ", column);
	sql_date(sql, date_month_end(month));
}

static void
targets_add_moments(struct report *report, struct sql *sql, const char *column, int64_t month)
{
	int64_t midnight_us = report->call->session.offset_min * INT64_C(60) * US_PER_SECOND;

	sql_addf(sql, " AND %s >= ", column);
	sql_moment(sql, month * US_PER_DAY - midnight_us);
	sql_addf(sql, " AND %s < ", column);
	sql_moment(sql, (date_month_end(month) + 1) * US_PER_DAY - midnight_us);
}

/* done(measure, owner, department, branch, n): each measure once over the month. */
static struct sql *
targets_select(struct report *report)
{
	int64_t month = report_parameter(report, TARGETS_MONTH)->number;
	struct sql *sql = report_select(report,
	    "WITH done AS (SELECT 'visits' AS measure, v.owner_id, v.department_id, v.branch_id, count(*) AS n"
	    " FROM {visit} v WHERE v.state IN ('started', 'completed') AND v.kind <> 'task'");

	targets_add_moments(report, sql, "v.at", month);
	report_sql(report, sql,
	    " GROUP BY 2, 3, 4 UNION ALL SELECT 'customers', c.owner_id, c.department_id, c.branch_id, count(*)"
	    " FROM {customer} c WHERE true");
	targets_add_moments(report, sql, "c.created_at", month);
	report_sql(report, sql,
	    " GROUP BY 2, 3, 4 UNION ALL SELECT 'orders', o.owner_id, o.department_id, o.branch_id,"
	    " sum(o.total_base - coalesce(o.dropped, 0))::bigint FROM {order} o"
	    " WHERE o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed')");
	targets_add_days(sql, "o.ordered_on", month);
	report_sql(report, sql,
	    " GROUP BY 2, 3, 4 UNION ALL SELECT 'receipts', r.owner_id, r.department_id, r.branch_id,"
	    " sum(r.amount_base)::bigint FROM {receipt} r WHERE r.state = 'booked'");
	targets_add_days(sql, "r.received_on", month);
	sql_add(sql, " GROUP BY 2, 3, 4)");
	targets_add_tree(report, sql, E_department, "departments");
	targets_add_tree(report, sql, E_branch, "branches");
	report_sql(report, sql,
	    ", goals AS (SELECT t.*, coalesce(t.number, t.amount) AS goal FROM {target} t WHERE t.month = ");
	sql_date(sql, month);
	if (report_parameter(report, TARGETS_MEASURE)->present) {
		sql_add(sql, " AND t.measure = ");
		sql_text(sql, report_parameter(report, TARGETS_MEASURE)->text);
	}
	sql_add(sql, ") SELECT t.level, t.measure, t.goal, t.person_id, t.of_department_id, t.of_branch_id,"
		     " (SELECT sum(d.n)::bigint FROM done d WHERE d.measure = t.measure AND CASE t.level"
		     " WHEN 'person' THEN d.owner_id = t.person_id"
		     " WHEN 'department' THEN d.department_id IN (SELECT x.below FROM departments x"
		     " WHERE x.above = t.of_department_id)"
		     " WHEN 'branch' THEN d.branch_id IN (SELECT x.below FROM branches x WHERE x.above = t.of_branch_id)"
		     " ELSE true END),"
		     " CASE WHEN t.level <> 'person' THEN (SELECT sum(p.goal)::bigint FROM goals p WHERE p.level = 'person'"
		     " AND p.measure = t.measure AND CASE t.level"
		     " WHEN 'department' THEN p.department_id IN (SELECT x.below FROM departments x"
		     " WHERE x.above = t.of_department_id)"
		     " WHEN 'branch' THEN p.branch_id IN (SELECT x.below FROM branches x WHERE x.above = t.of_branch_id)"
		     " ELSE true END) END"
		     " FROM goals t ORDER BY array_position(ARRAY['company', 'branch', 'department', 'person'], t.level),"
		     " t.title, t.measure, t.id");
	return sql;
}

/* Counted things as they are, money with its decimals. */
static const char *
targets_amount(struct arena *arena, const char *measure, int64_t amount)
{
	bool money = strcmp(measure, "orders") == 0 || strcmp(measure, "receipts") == 0;

	return money_format(arena, amount, money ? 2 : 0, false);
}

static const char *
targets_bar(struct arena *arena, int64_t done, int64_t goal)
{
	int64_t full = goal <= 0 || done <= 0 ? 0
		       : done >= goal	      ? TARGETS_BAR
					      : (int64_t)((double)done / (double)goal * TARGETS_BAR);
	char *bar = arena_alloc(arena, TARGETS_BAR + 1);

	memset(bar, '-', TARGETS_BAR);
	memset(bar, '#', (size_t)full);
	bar[TARGETS_BAR] = '\0';
	return bar;
}

static const char *
targets_subject(const struct report *report, const struct rows *rows, size_t row)
{
	static const struct {
		size_t column;
		uint32_t entity;
	} subjects[] = { { 3, E_user }, { 4, E_department }, { 5, E_branch } };

	for (size_t i = 0; i < 3; i++)
		if (!rows_null(rows, row, subjects[i].column))
			return report_setup(report, subjects[i].entity, rows_int(rows, row, subjects[i].column));
	return call_say(report->call, "Company", "公司");
}

static enum err
targets_add_row(struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const char *level = rows_text(rows, row, 0), *measure = rows_text(rows, row, 1);
	const char *heading = report_choice(report, E_target, F_target_level, level);
	bool knows = !rows_null(rows, row, 2);
	int64_t goal = knows ? rows_int(rows, row, 2) : 0;
	int64_t done = rows_null(rows, row, 6) ? 0 : rows_int(rows, row, 6);
	const struct doc_cell cells[TARGETS_COLUMNS] = { doc_text(targets_subject(report, rows, row)),
		doc_text(report_choice(report, E_target, F_target_measure, measure)),
		knows ? doc_text(targets_amount(arena, measure, goal)) : doc_empty(),
		rows_null(rows, row, 7) ? doc_empty() : doc_text(targets_amount(arena, measure, rows_int(rows, row, 7))),
		doc_text(targets_amount(arena, measure, done)),
		knows && goal > 0 ? doc_value(done > INT64_MAX / 100 ? 100 : done * 100 / goal) : doc_empty(),
		doc_text(targets_bar(arena, done, goal)) };
	enum err err = doc_break(report->doc, (struct doc_key[]){ { level, heading } });

	(void)to;
	return err != ERR_OK ? err : doc_row(report->doc, cells);
}

static enum err
targets_make(struct report *report)
{
	struct call *call = report->call;
	const struct value *measure = report_parameter(report, TARGETS_MEASURE);
	const struct doc_column columns[TARGETS_COLUMNS] = {
		{ .title = call_say(call, "Of", "对象"), .weight = 1, .min_cols = 10 },
		{ .title = call_say(call, "Measure", "指标"), .min_cols = 13 },
		{ .title = call_say(call, "Target", "目标"), .align = DOC_RIGHT, .min_cols = 12 },
		{ .title = call_say(call, "Set below", "下级合计"), .align = DOC_RIGHT, .min_cols = 12 },
		{ .title = call_say(call, "Done", "完成"), .align = DOC_RIGHT, .min_cols = 12 },
		{ .title = "%", .kind = DOC_INTEGER, .min_cols = 3 },
		{ .title = call_say(call, "Completion", "完成情况"), .min_cols = TARGETS_BAR },
	};
	struct doc_table table = { .columns = columns, .column_count = TARGETS_COLUMNS,
		.levels = { { call_say(call, "Level", "层级"), false } }, .level_count = 1 };
	struct doc_field params[2];
	size_t count = 0;
	enum err err;

	params[count++] = (struct doc_field){ .label = call_say(call, "Month", "月份"),
		.value = arena_strndup(call->arena,
		    date_format(call->arena, report_parameter(report, TARGETS_MONTH)->number), 7) };
	if (measure->present)
		params[count++] = (struct doc_field){ .label = call_say(call, "Measure", "指标"),
			.value = report_choice(report, E_target, F_target_measure, measure->text) };
	err = report_begin(report, NULL, DOC_A4_WIDE, params, count);
	if (err == ERR_OK)
		err = doc_table(report->doc, &table);
	if (err == ERR_OK)
		err = report_each(report, targets_select(report), targets_add_row, NULL);
	if (err == ERR_OK)
		err = doc_table_end(report->doc);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_targets = {
	.name = "targets",
	.zh = "目标完成情况",
	.en = "Targets and what is done of them",
	.parameters = targets_parameters,
	.reads = "target visit customer order receipt",
	.check = targets_check,
	.make = targets_make,
};
