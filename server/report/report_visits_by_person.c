/*
 * Visits by person and month: what was carried out in a period, with subtotals. Amounts of
 * different currencies are never added up: each of the usual ones has a column of its own.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "common/money.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <string.h>

#define BY_CURRENCIES_MAX 3 /* further ones share a column of text */
#define BY_PEOPLE_MAX     40 /* bars of the chart */

enum { BY_FROM = 1, BY_TO, BY_USER, BY_DEPARTMENT };

static const struct field visits_by_person_parameters[] = {
	{ BY_FROM, "from", TYPE_DATE, "起始日期", "From", .help_zh = "空：本月一日",
	    .help_en = "Empty: the first of this month" },
	{ BY_TO, "to", TYPE_DATE, "截止日期", "To", .help_zh = "空：今天", .help_en = "Empty: today" },
	{ BY_USER, "user", TYPE_REF, "人员", "Person", .ref = "user", .help_zh = "空：全部",
	    .help_en = "Empty: everybody" },
	{ BY_DEPARTMENT, "department", TYPE_REF, "部门", "Department", .ref = "department",
	    .help_zh = "含下级部门；空：全部", .help_en = "With those below it; empty: all" },
	{ 0 },
};

struct by_person {
	const char *currencies[BY_CURRENCIES_MAX];
	size_t currency_count;
	bool others; /* there are amounts in further currencies */
	struct doc_point points[BY_PEOPLE_MAX];
	int64_t minutes[BY_PEOPLE_MAX];
	size_t people; /* may be more than there are bars */
	int64_t person;
};

static enum err
visits_by_person_check(struct report *report)
{
	struct value *from = report_parameter(report, BY_FROM);
	struct value *to = report_parameter(report, BY_TO);
	const struct call *call = report->call;

	if (!to->present) {
		*to = (struct value){ .present = true, .number = call_today(call) };
		if (from->present && from->number > to->number)
			to->number = from->number;
	}
	if (!from->present) {
		struct ymd first = date_to_ymd(to->number);

		first.day = 1;
		*from = (struct value){ .present = true, .number = date_from_ymd(first) };
	}
	if (from->number > to->number)
		return report_refuse(report, BY_TO, ERR_INVALID,
		    call_say(call, "The period ends before it begins", "截止日期早于起始日期"));
	return ERR_OK;
}

/* ---- which visits ------------------------------------------------------------------------ */

static int64_t
by_midnight(const struct call *call, int64_t day)
{
	return day * US_PER_DAY - call->session.offset_min * INT64_C(60) * US_PER_SECOND;
}

static void
by_where(struct report *report, struct sql *sql)
{
	const struct call *call = report->call;
	const struct value *user = report_parameter(report, BY_USER);
	const struct value *department = report_parameter(report, BY_DEPARTMENT);

	sql_add(sql, " WHERE v.state IN ('started', 'completed') AND v.at >= ");
	sql_moment(sql, by_midnight(call, report_parameter(report, BY_FROM)->number));
	sql_add(sql, " AND v.at < ");
	sql_moment(sql, by_midnight(call, report_parameter(report, BY_TO)->number + 1));
	if (user->present) {
		sql_add(sql, " AND v.owner_id = ");
		sql_int(sql, user->number);
	}
	if (department->present) {
		int64_t *ids;
		size_t count = access_setup_below(call->access, call->arena, E_department,
		    department->number, &ids);

		sql_add(sql, " AND v.department_id = ANY(");
		sql_ints(sql, ids, count);
		sql_add(sql, ")");
	}
}

static enum err
by_add_currency(struct report *report, struct arena *arena, const struct rows *rows, size_t row,
    void *to)
{
	struct by_person *by = to;

	(void)arena;
	if (by->currency_count < BY_CURRENCIES_MAX)
		by->currencies[by->currency_count++] =
		    arena_strdup(report->call->arena, rows_text(rows, row, 0));
	else
		by->others = true;
	return ERR_OK;
}

static enum err
by_read_currencies(struct report *report, struct by_person *by)
{
	struct sql *sql =
	    report_select(report, "SELECT coalesce(v.cost_currency, 'CNY') FROM {visit} v");
	enum err err;

	by_where(report, sql);
	sql_add(sql, " AND v.cost IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1");
	err = report_each(report, sql, by_add_currency, by);
	if (by->currency_count == 0)
		by->currencies[by->currency_count++] = "CNY";
	return err;
}

/* ---- rows -------------------------------------------------------------------------------- */

enum {
	BY_ROW_OWNER,
	BY_ROW_PERSON,
	BY_ROW_AT,
	BY_ROW_CUSTOMER,
	BY_ROW_KIND,
	BY_ROW_PURPOSE,
	BY_ROW_MINUTES,
	BY_ROW_COST,
	BY_ROW_CURRENCY,
	BY_ROW_CUSTOMER_ID,
};

enum { BY_DAY, BY_CUSTOMER, BY_KIND, BY_PURPOSE, BY_MINUTES, BY_COST, BY_COLUMNS_MAX = BY_COST + BY_CURRENCIES_MAX + 1 };

static void
by_count_person(struct by_person *by, struct report *report, const struct rows *rows, size_t row)
{
	int64_t owner = rows_int(rows, row, BY_ROW_OWNER);

	if (by->people == 0 || owner != by->person) {
		by->person = owner;
		if (by->people < BY_PEOPLE_MAX)
			by->points[by->people].label =
			    arena_strdup(report->call->arena, rows_text(rows, row, BY_ROW_PERSON));
		by->people++;
	}
	if (by->people <= BY_PEOPLE_MAX)
		by->minutes[by->people - 1] += rows_int(rows, row, BY_ROW_MINUTES);
}

/* ERR_STALE: a currency came up since the columns were made; never leave an amount out. */
static enum err
by_put_cost(const struct by_person *by, struct arena *arena, const struct rows *rows, size_t row,
    struct doc_cell *cells)
{
	const char *currency = rows_text(rows, row, BY_ROW_CURRENCY);
	int64_t cost = rows_int(rows, row, BY_ROW_COST);

	for (size_t i = 0; i < by->currency_count + by->others; i++)
		cells[BY_COST + i] = doc_empty();
	if (rows_null(rows, row, BY_ROW_COST))
		return ERR_OK;
	if (currency == NULL)
		currency = "CNY";
	for (size_t i = 0; i < by->currency_count; i++)
		if (strcmp(by->currencies[i], currency) == 0) {
			cells[BY_COST + i] = doc_value(cost);
			return ERR_OK;
		}
	if (!by->others)
		return ERR_STALE;
	cells[BY_COST + by->currency_count] = doc_text(report_money(arena, cost, currency));
	return ERR_OK;
}

static enum err
by_add_visit(struct report *report, struct arena *arena, const struct rows *rows, size_t row,
    void *to)
{
	struct by_person *by = to;
	int64_t day = date_of_us(
	    rows_moment(rows, row, BY_ROW_AT), report->call->session.offset_min);
	struct ymd ymd = date_to_ymd(day);
	const char *month = arena_printf(arena, "%04d-%02d", ymd.year, ymd.month);
	struct doc_cell cells[BY_COLUMNS_MAX];
	enum err err;

	by_count_person(by, report, rows, row);
	cells[BY_DAY] = doc_value(day);
	cells[BY_CUSTOMER] = doc_text(rows_null(rows, row, BY_ROW_CUSTOMER_ID) ?
	    NULL : report_named(report, rows_text(rows, row, BY_ROW_CUSTOMER)));
	cells[BY_KIND] = doc_text(
	    report_choice(report, E_visit, F_visit_kind, rows_text(rows, row, BY_ROW_KIND)));
	cells[BY_PURPOSE] = doc_text(rows_text(rows, row, BY_ROW_PURPOSE));
	cells[BY_MINUTES] = rows_null(rows, row, BY_ROW_MINUTES) ?
	    doc_empty() : doc_value(rows_int(rows, row, BY_ROW_MINUTES));
	err = by_put_cost(by, arena, rows, row, cells);
	if (err == ERR_OK)
		err = doc_break(report->doc,
		    (struct doc_key[]){ { rows_text(rows, row, BY_ROW_OWNER),
					    rows_text(rows, row, BY_ROW_PERSON) },
			{ month, month } });
	return err != ERR_OK ? err : doc_row(report->doc, cells);
}

static enum err
by_read_visits(struct report *report, struct by_person *by)
{
	struct sql *sql = report_select(report,
	    "SELECT v.owner_id, u.label, v.at, coalesce(c.short_name, c.name), v.kind, v.purpose,"
	    " v.minutes, v.cost, v.cost_currency, v.customer_id FROM {visit} v JOIN {user} u ON u.id = v.owner_id"
	    " LEFT JOIN {customer} c ON c.id = v.customer_id");

	by_where(report, sql);
	sql_add(sql, " ORDER BY u.label_key, v.owner_id, v.at, v.id");
	return report_each(report, sql, by_add_visit, by);
}

/* ---- the document ------------------------------------------------------------------------ */

static size_t
by_columns(struct report *report, const struct by_person *by, struct doc_column *columns)
{
	struct call *call = report->call;
	const char *cost = report_label(report, E_visit, F_visit_cost);
	size_t count = BY_COST;

	columns[BY_DAY] = (struct doc_column){ .title = call_say(call, "Day", "日期"),
		.kind = DOC_DATE };
	columns[BY_CUSTOMER] = (struct doc_column){
		.title = report_label(report, E_visit, F_visit_customer_id), .weight = 3 };
	columns[BY_KIND] = (struct doc_column){
		.title = report_label(report, E_visit, F_visit_kind), .min_cols = 8, .weight = 1 };
	columns[BY_PURPOSE] = (struct doc_column){ .title = report_label(report, E_visit, F_visit_purpose),
		.weight = 3, .wrap = true };
	columns[BY_MINUTES] = (struct doc_column){ .title = report_label(report, E_visit, F_visit_minutes),
		.kind = DOC_INTEGER, .sum = DOC_SUM, .min_cols = 9 };
	for (size_t i = 0; i < by->currency_count; i++) {
		int decimals = money_decimals(by->currencies[i]);

		columns[count++] = (struct doc_column){
			.title = arena_printf(call->arena, "%s %s", cost, by->currencies[i]),
			.kind = DOC_MONEY,
			.decimals = decimals < 0 ? 2 : (uint8_t)decimals,
			.sum = DOC_SUM,
			.min_cols = 12,
		};
	}
	if (by->others)
		columns[count++] = (struct doc_column){
			.title = call_say(call, "Other currencies", "其他币种"),
			.align = DOC_RIGHT,
			.min_cols = 16,
		};
	return count;
}

/* How many visits a total covers stands where the customers' names stand in the rows. */
static void
by_total(void *ctx, size_t depth, uint64_t rows, struct doc_cell *cells)
{
	struct report *report = ctx;
	struct call *call = report->call;

	(void)depth;
	cells[BY_PURPOSE] = doc_text(arena_printf(call->arena,
	    call_say(call, rows == 1 ? "%" PRIu64 " visit" : "%" PRIu64 " visits", "%" PRIu64 " 次"),
	    rows));
}

static enum err
by_begin(struct report *report, enum doc_paper paper)
{
	struct call *call = report->call;
	const struct value *user = report_parameter(report, BY_USER);
	const struct value *department = report_parameter(report, BY_DEPARTMENT);
	struct doc_field params[3];
	size_t count = 0;

	params[count++] = (struct doc_field){ .label = call_say(call, "Period", "期间"),
		.value = arena_printf(call->arena, call_say(call, "%s to %s", "%s 至 %s"),
		    date_format(call->arena, report_parameter(report, BY_FROM)->number),
		    date_format(call->arena, report_parameter(report, BY_TO)->number)) };
	if (user->present)
		params[count++] = (struct doc_field){ .label = call_say(call, "Person", "人员"),
			.value = report_setup(report, E_user, user->number) };
	if (department->present)
		params[count++] = (struct doc_field){ .label = call_say(call, "Department", "部门"),
			.value = report_setup(report, E_department, department->number) };
	return report_begin(report, NULL, paper, params, count);
}

static enum err
by_put_chart(struct report *report, struct by_person *by)
{
	const char *minutes = report_label(report, E_visit, F_visit_minutes);

	for (size_t i = 0; i < by->people; i++)
		by->points[i].values = &by->minutes[i];
	return doc_chart(report->doc,
	    &(struct doc_chart){ .kind = DOC_BARS,
		.title = call_say(report->call, "Minutes by person", "各人员拜访时长（分）"),
		.series = &minutes,
		.series_count = 1,
		.points = by->points,
		.count = by->people });
}

static enum err
visits_by_person_make(struct report *report)
{
	struct call *call = report->call;
	struct by_person by = { 0 };
	struct doc_column columns[BY_COLUMNS_MAX];
	struct doc_table table = {
		.columns = columns,
		.levels = { { call_say(call, "Person", "人员"), true },
		    { call_say(call, "Month", "月份"), true } },
		.level_count = 2,
		.totals = true,
		.total = by_total,
		.total_ctx = report,
	};
	enum err err = by_read_currencies(report, &by);

	if (err != ERR_OK)
		return err;
	report->rows = 0;
	table.column_count = by_columns(report, &by, columns);
	err = by_begin(report, doc_paper_for(columns, table.column_count));
	if (err == ERR_OK)
		err = doc_table(report->doc, &table);
	if (err == ERR_OK)
		err = by_read_visits(report, &by);
	if (err == ERR_OK && by.people > 1 && by.people <= BY_PEOPLE_MAX)
		err = by_put_chart(report, &by);
	if (err == ERR_OK)
		err = doc_note(report->doc,
		    call_say(call, "Visits that are planned or were cancelled are not counted.",
			"计划中和已取消的拜访不计入。"));
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_visits_by_person = {
	.name = "visits_by_person",
	.zh = "人员月度拜访统计",
	.en = "Visits by person and month",
	.parameters = visits_by_person_parameters,
	.reads = "visit customer user",
	.check = visits_by_person_check,
	.make = visits_by_person_make,
};
