/*
 * Opportunity funnel and forecast: what is open by stage, what it may bring by month, what was
 * won and lost in a period by whom, and how long a stage takes. Amounts of different currencies
 * are never added up: each currency is a group of its own.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "common/money.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <string.h>

enum { FUNNEL_FROM = 1, FUNNEL_TO, FUNNEL_USER, FUNNEL_DEPARTMENT };

static const struct field opportunity_funnel_parameters[] = {
	{ FUNNEL_FROM, "from", TYPE_DATE, "起始日期", "From",
	    .help_zh = "赢单与输单的期间；空：本年一月一日",
	    .help_en = "Of what was won and lost; empty: the first of January" },
	{ FUNNEL_TO, "to", TYPE_DATE, "截止日期", "To", .help_zh = "空：今天",
	    .help_en = "Empty: today" },
	{ FUNNEL_USER, "user", TYPE_REF, "人员", "Person", .ref = "user", .help_zh = "空：全部",
	    .help_en = "Empty: everybody" },
	{ FUNNEL_DEPARTMENT, "department", TYPE_REF, "部门", "Department", .ref = "department",
	    .help_zh = "含下级部门；空：全部", .help_en = "With those below it; empty: all" },
	{ 0 },
};

static enum err
opportunity_funnel_check(struct report *report)
{
	struct value *from = report_parameter(report, FUNNEL_FROM);
	struct value *to = report_parameter(report, FUNNEL_TO);
	const struct call *call = report->call;

	if (!to->present) {
		*to = (struct value){ .present = true, .number = call_today(call) };
		if (from->present && from->number > to->number)
			to->number = from->number;
	}
	if (!from->present) {
		struct ymd first = date_to_ymd(to->number);

		first.month = first.day = 1;
		*from = (struct value){ .present = true, .number = date_from_ymd(first) };
	}
	if (from->number > to->number)
		return report_refuse(report, FUNNEL_TO, ERR_INVALID,
		    call_say(call, "The period ends before it begins", "截止日期早于起始日期"));
	return ERR_OK;
}

/* ---- which ones -------------------------------------------------------------------------- */

static void
funnel_where_whose(struct report *report, struct sql *sql)
{
	const struct call *call = report->call;
	const struct value *user = report_parameter(report, FUNNEL_USER);
	const struct value *department = report_parameter(report, FUNNEL_DEPARTMENT);

	if (user->present) {
		sql_add(sql, " AND o.owner_id = ");
		sql_int(sql, user->number);
	}
	if (department->present) {
		int64_t *ids;
		size_t count = access_setup_below(
		    call->access, call->arena, E_department, department->number, &ids);

		sql_add(sql, " AND o.department_id = ANY(");
		sql_ints(sql, ids, count);
		sql_add(sql, ")");
	}
}

static void
funnel_where_closed(struct report *report, struct sql *sql)
{
	sql_add(sql, " WHERE o.state <> 'open' AND o.closed_on >= ");
	sql_date(sql, report_parameter(report, FUNNEL_FROM)->number);
	sql_add(sql, " AND o.closed_on <= ");
	sql_date(sql, report_parameter(report, FUNNEL_TO)->number);
	funnel_where_whose(report, sql);
}

/* ---- a table of one currency a group ----------------------------------------------------- */

/*
 * Rows are "currency, heading of the row, …": the rest goes into the columns behind the first
 * as their kinds say. A code of a stage is shown by its label.
 */
struct funnel_table {
	const struct doc_column *columns;
	size_t count;
	bool grouped; /* by currency */
	bool stages;  /* the heading is a stage's code */
};

static struct doc_column
funnel_number(const char *title, enum doc_kind kind, bool sum)
{
	return (struct doc_column){ .title = title,
		.kind = kind,
		.decimals = kind == DOC_MONEY ? 2 : 0,
		.sum = sum ? DOC_SUM : DOC_SUM_NONE,
		.min_cols = kind == DOC_MONEY ? 14 : 8 };
}

/* Amounts are stored in minor units of their currency; the column shows two decimals. */
static int64_t
funnel_two_decimals(int64_t minor, const char *currency)
{
	for (int decimals = money_decimals(currency); decimals >= 0 && decimals < 2; decimals++)
		minor *= 10;
	return money_decimals(currency) == 3 ? minor / 10 : minor;
}

static enum err
funnel_add_row(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const struct funnel_table *table = to;
	const char *currency = rows_text(rows, row, 0), *heading = rows_text(rows, row, 1);
	struct doc_cell *cells = ARENA_ARRAY(arena, struct doc_cell, table->count);
	enum err err = ERR_OK;

	cells[0] = doc_text(
	    table->stages ? report_choice(report, E_opportunity, F_opportunity_stage, heading)
	    : heading != NULL ? heading
			      : call_say(report->call, "(none)", "(无)"));
	for (size_t i = 1; i < table->count; i++) {
		int64_t value = rows_int(rows, row, i + 1);

		cells[i] = rows_null(rows, row, i + 1) ? doc_empty()
			   : table->columns[i].kind == DOC_MONEY
			       ? doc_value(funnel_two_decimals(value, currency))
			       : doc_value(value);
	}
	if (table->grouped)
		err = doc_break(report->doc, (struct doc_key[]){ { currency, currency } });
	return err != ERR_OK ? err : doc_row(report->doc, cells);
}

static enum err
funnel_put_table(
    struct report *report, const char *title, struct funnel_table *table, const struct sql *sql)
{
	struct doc_table doc = { .title = title,
		.columns = table->columns,
		.column_count = table->count,
		.totals = false };
	enum err err;

	if (table->grouped) {
		doc.levels[0] =
		    (struct doc_level){ call_say(report->call, "Currency", "币种"), true };
		doc.level_count = 1;
	}
	err = doc_table(report->doc, &doc);
	if (err == ERR_OK)
		err = report_each(report, sql, funnel_add_row, table);
	return err == ERR_OK ? doc_table_end(report->doc) : err;
}

/* ---- the parts --------------------------------------------------------------------------- */

static enum err
funnel_put_stages(struct report *report)
{
	struct call *call = report->call;
	const struct doc_column columns[] = {
		{ .title = call_say(call, "Stage", "阶段"), .weight = 1, .min_cols = 12 },
		funnel_number(call_say(call, "Number", "数量"), DOC_INTEGER, true),
		funnel_number(call_say(call, "Amount", "金额"), DOC_MONEY, true),
		funnel_number(call_say(call, "Weighted", "加权金额"), DOC_MONEY, true),
		funnel_number(call_say(call, "Days so far", "已停留(天)"), DOC_INTEGER, false),
		funnel_number(call_say(call, "Stalled", "停滞"), DOC_INTEGER, true),
	};
	struct sql *sql = report_select(report,
	    "SELECT coalesce(o.amount_currency, 'CNY'), o.stage, count(*), "
	    "sum(o.amount)::bigint,"
	    " sum(o.weighted)::bigint,"
	    " round(avg(extract(epoch FROM now() - o.stage_since) / 86400))::bigint,"
	    " count(*) FILTER (WHERE o.stalls_on < ");

	sql_date(sql, call_today(call));
	report_sql(report, sql,
	    ") FROM {opportunity} o LEFT JOIN {opportunity_stage} s ON s.stage = o.stage"
	    " WHERE o.state = 'open'");
	funnel_where_whose(report, sql);
	sql_add(sql, " GROUP BY 1, 2, s.position ORDER BY 1, s.position, 2");
	return funnel_put_table(report, call_say(call, "Open by stage", "各阶段商机"),
	    &(struct funnel_table){ columns, 6, true, true }, sql);
}

static enum err
funnel_put_months(struct report *report)
{
	struct call *call = report->call;
	const struct doc_column columns[] = {
		{ .title = call_say(call, "Expected in", "预计成交月份"),
		    .weight = 1,
		    .min_cols = 12 },
		funnel_number(call_say(call, "Number", "数量"), DOC_INTEGER, true),
		funnel_number(call_say(call, "Amount", "金额"), DOC_MONEY, true),
		funnel_number(call_say(call, "Weighted", "加权金额"), DOC_MONEY, true),
	};
	struct sql *sql = report_select(report,
	    "SELECT coalesce(o.amount_currency, 'CNY'), to_char(o.expected_on, 'YYYY-MM'), "
	    "count(*),"
	    " sum(o.amount)::bigint, sum(o.weighted)::bigint FROM {opportunity} o"
	    " WHERE o.state = 'open'");

	funnel_where_whose(report, sql);
	sql_add(sql, " GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST");
	return funnel_put_table(report, call_say(call, "Forecast by month", "按月预测"),
	    &(struct funnel_table){ columns, 4, true, false }, sql);
}

static enum err
funnel_put_closed(struct report *report)
{
	struct call *call = report->call;
	const struct doc_column columns[] = {
		{ .title = call_say(call, "Person", "人员"), .weight = 1, .min_cols = 12 },
		funnel_number(call_say(call, "Won", "赢单"), DOC_INTEGER, true),
		funnel_number(call_say(call, "Amount won", "赢单金额"), DOC_MONEY, true),
		funnel_number(call_say(call, "Lost", "输单"), DOC_INTEGER, true),
		funnel_number(call_say(call, "Win rate %", "赢率 %"), DOC_INTEGER, false),
		funnel_number(
		    call_say(call, "Days to win", "成交周期(天)"), DOC_INTEGER, false),
	};
	struct sql *sql = report_select(report,
	    "SELECT coalesce(o.amount_currency, 'CNY'), u.label,"
	    " count(*) FILTER (WHERE o.state = 'won'),"
	    " sum(o.amount) FILTER (WHERE o.state = 'won')::bigint,"
	    " count(*) FILTER (WHERE o.state = 'lost'),"
	    " round(100.0 * count(*) FILTER (WHERE o.state = 'won') / count(*))::bigint,"
	    " round(avg(o.closed_on - o.opened_on) FILTER (WHERE o.state = 'won'))::bigint"
	    " FROM {opportunity} o LEFT JOIN {user} u ON u.id = o.owner_id");

	funnel_where_closed(report, sql);
	sql_add(
	    sql, " GROUP BY 1, o.owner_id, 2, u.label_key ORDER BY 1, u.label_key, o.owner_id");
	return funnel_put_table(report, call_say(call, "Won and lost", "赢单与输单"),
	    &(struct funnel_table){ columns, 6, true, false }, sql);
}

static enum err
funnel_put_times(struct report *report)
{
	struct call *call = report->call;
	const struct doc_column columns[] = {
		{ .title = call_say(call, "Stage left", "离开的阶段"),
		    .weight = 1,
		    .min_cols = 12 },
		funnel_number(call_say(call, "Moves", "次数"), DOC_INTEGER, false),
		funnel_number(
		    call_say(call, "Days on average", "平均天数"), DOC_INTEGER, false),
		funnel_number(call_say(call, "Longest", "最长(天)"), DOC_INTEGER, false),
	};
	int64_t midnight_us = call->session.offset_min * INT64_C(60) * US_PER_SECOND;
	struct sql *sql = report_select(report,
	    "SELECT '', m.from_stage, count(*), round(avg(m.days))::bigint, max(m.days)"
	    " FROM {opportunity_move} m JOIN {opportunity} o ON o.id = m.opportunity_id"
	    " LEFT JOIN {opportunity_stage} s ON s.stage = m.from_stage"
	    " WHERE m.from_stage IS NOT NULL AND m.at >= ");

	sql_moment(
	    sql, report_parameter(report, FUNNEL_FROM)->number * US_PER_DAY - midnight_us);
	sql_add(sql, " AND m.at < ");
	sql_moment(
	    sql, (report_parameter(report, FUNNEL_TO)->number + 1) * US_PER_DAY - midnight_us);
	funnel_where_whose(report, sql);
	sql_add(sql, " GROUP BY 2, s.position ORDER BY s.position, 2");
	return funnel_put_table(report, call_say(call, "Time in a stage", "阶段停留时间"),
	    &(struct funnel_table){ columns, 4, false, true }, sql);
}

static enum err
opportunity_funnel_make(struct report *report)
{
	struct call *call = report->call;
	const struct value *user = report_parameter(report, FUNNEL_USER);
	const struct value *department = report_parameter(report, FUNNEL_DEPARTMENT);
	struct doc_field params[3];
	size_t count = 0;
	enum err err;

	params[count++] = (struct doc_field){ .label = call_say(call, "Period", "期间"),
		.value = arena_printf(call->arena, call_say(call, "%s to %s", "%s 至 %s"),
		    date_format(call->arena, report_parameter(report, FUNNEL_FROM)->number),
		    date_format(call->arena, report_parameter(report, FUNNEL_TO)->number)) };
	if (user->present)
		params[count++] = (struct doc_field){ .label = call_say(call, "Person", "人员"),
			.value = report_setup(report, E_user, user->number) };
	if (department->present)
		params[count++] =
		    (struct doc_field){ .label = call_say(call, "Department", "部门"),
			    .value = report_setup(report, E_department, department->number) };
	err = report_begin(report, NULL, DOC_A4, params, count);
	if (err == ERR_OK)
		err = funnel_put_stages(report);
	if (err == ERR_OK)
		err = funnel_put_months(report);
	if (err == ERR_OK)
		err = funnel_put_closed(report);
	if (err == ERR_OK)
		err = funnel_put_times(report);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_opportunity_funnel = {
	.name = "opportunity_funnel",
	.zh = "商机漏斗与预测",
	.en = "Opportunity funnel and forecast",
	.parameters = opportunity_funnel_parameters,
	.reads = "opportunity user opportunity_move opportunity_stage",
	.check = opportunity_funnel_check,
	.make = opportunity_funnel_make,
};
