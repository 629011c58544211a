/*
 * The visit sheet: one visit on one page, to take along, to sign and to file. What is not
 * known yet has room for handwriting.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHEET_VISIT = 1 };

static const struct field visit_sheet_parameters[] = {
	{ SHEET_VISIT, "visit", TYPE_REF, "拜访", "Visit", FIELD_REQUIRED, .ref = "visit" },
	{ 0 },
};

struct sheet {
	struct buf people;   /* whom we met */
	const struct rows *rows; /* the visit */
	size_t row;
	struct doc_field fields[32];
	size_t count;
	bool found;
};

/* ---- people ------------------------------------------------------------------------------ */

/* "李明（采购经理）、王强" */
static enum err
sheet_add_person(struct report *report, struct arena *arena, const struct rows *rows, size_t row,
    void *to)
{
	struct sheet *sheet = to;
	const char *name = rows_text(rows, row, 0), *title = rows_text(rows, row, 1);

	(void)arena;
	if (sheet->people.bytes > 0)
		buf_puts(&sheet->people, call_say(report->call, ", ", "、"));
	buf_puts(&sheet->people, name);
	if (title != NULL && title[0] != '\0')
		buf_printf(&sheet->people, call_say(report->call, " (%s)", "（%s）"), title);
	return ERR_OK;
}

static enum err
sheet_read_people(struct report *report, struct sheet *sheet)
{
	struct sql *sql = report_select(report,
	    "SELECT c.name, c.title FROM {visit_contact} l JOIN {contact} c ON c.id = l.contact_id"
	    " WHERE l.visit_id = ");

	sql_int(sql, report_parameter(report, SHEET_VISIT)->number);
	sql_add(sql, " ORDER BY l.position, l.id");
	return report_each(report, sql, sheet_add_person, sheet);
}

/* ---- the visit --------------------------------------------------------------------------- */

#define SHEET_COLUMNS(X)                                                                         \
	X(NUMBER, "v.number")                                                                    \
	X(AT, "v.at")                                                                            \
	X(MINUTES, "v.minutes")                                                                  \
	X(KIND, "v.kind")                                                                        \
	X(PURPOSE, "v.purpose")                                                                  \
	X(PLACE, "v.place")                                                                      \
	X(STATE, "v.state")                                                                      \
	X(SUMMARY, "v.summary")                                                                  \
	X(OUTCOME, "v.outcome")                                                                  \
	X(NEXT_STEP, "v.next_step")                                                              \
	X(NEXT_ON, "v.next_on")                                                                  \
	X(COST, "v.cost")                                                                        \
	X(CURRENCY, "v.cost_currency")                                                           \
	X(COMPETITOR, "v.competitor")                                                            \
	X(REASON, "v.reason")                                                                    \
	X(OWNER, "v.owner_id")                                                                   \
	X(DEPARTMENT, "v.department_id")                                                         \
	X(CUSTOMER_ID, "v.customer_id")                                                          \
	X(CUSTOMER, "c.name")                                                                    \
	X(CUSTOMER_NUMBER, "c.number")                                                           \
	X(LEVEL, "c.level")                                                                      \
	X(PHONE, "c.phone")                                                                      \
	X(ADDRESS, "c.address")

enum sheet_column {
#define X(name, column) SHEET_##name,
	SHEET_COLUMNS(X)
#undef X
};

/* The leading comma of the list is dropped where it is used. */
#define X(name, column) "," column
static const char sheet_columns[] = SHEET_COLUMNS(X);
#undef X

static const char *
sheet_text(const struct sheet *sheet, enum sheet_column column)
{
	return rows_text(sheet->rows, sheet->row, column);
}

static bool
sheet_has(const struct sheet *sheet, enum sheet_column column)
{
	const char *text = sheet_text(sheet, column);

	return text != NULL && text[0] != '\0';
}

static void
sheet_add(struct sheet *sheet, struct doc_field field)
{
	sheet->fields[sheet->count++] = field;
}

/* A field of the visit as it is. */
static void
sheet_add_visit(struct sheet *sheet, const struct report *report, uint32_t field,
    const char *value)
{
	sheet_add(sheet,
	    (struct doc_field){ .label = report_label(report, E_visit, field), .value = value });
}

static void
sheet_add_wide(struct sheet *sheet, const char *label, const char *value, uint16_t lines)
{
	sheet_add(sheet,
	    (struct doc_field){ .label = label, .value = value, .wide = true, .min_lines = lines });
}

/* "14:00–15:30", also past midnight; only the start when the end is not known. */
static const char *
sheet_time(const struct sheet *sheet, struct arena *arena, int offset_min)
{
	const int64_t day_minutes = INT64_C(24) * 60;
	int64_t at = rows_moment(sheet->rows, sheet->row, SHEET_AT);
	int64_t minutes = rows_int(sheet->rows, sheet->row, SHEET_MINUTES);
	int64_t start = at / (60 * US_PER_SECOND) + offset_min -
	    date_of_us(at, offset_min) * day_minutes;
	int64_t end = (start + minutes) % day_minutes;

	if (minutes <= 0 || minutes >= day_minutes)
		return arena_printf(arena, "%02" PRId64 ":%02" PRId64, start / 60, start % 60);
	return arena_printf(arena, "%02" PRId64 ":%02" PRId64 "–%02" PRId64 ":%02" PRId64, start / 60,
	    start % 60, end / 60, end % 60);
}

static void
sheet_add_customer(struct sheet *sheet, struct report *report)
{
	const struct call *call = report->call;

	sheet_add_wide(sheet, report_label(report, E_visit, F_visit_customer_id),
	    sheet_text(sheet, SHEET_CUSTOMER_ID) != NULL ?
	    report_named(report, sheet_text(sheet, SHEET_CUSTOMER)) : NULL, 0);
	sheet_add(sheet, (struct doc_field){ .label = call_say(call, "Customer no.", "客户编号"),
			     .value = sheet_text(sheet, SHEET_CUSTOMER_NUMBER) });
	sheet_add(sheet, (struct doc_field){ .label = call_say(call, "Customer level", "客户级别"),
			     .value = report_choice(report, E_customer, F_customer_level,
				 sheet_text(sheet, SHEET_LEVEL)) });
	sheet_add_wide(sheet, call_say(call, "People met", "会见人员"),
	    sheet->people.bytes > 0 ? buf_text(&sheet->people) : NULL, 0);
	sheet_add_wide(sheet, report_label(report, E_customer, F_customer_address),
	    sheet_text(sheet, SHEET_ADDRESS), 0);
	sheet_add(sheet,
	    (struct doc_field){ .label = report_label(report, E_customer, F_customer_phone),
		.value = sheet_text(sheet, SHEET_PHONE) });
}

static void
sheet_add_time(struct sheet *sheet, struct report *report, struct arena *arena)
{
	const struct call *call = report->call;
	int offset_min = call->session.offset_min;
	int64_t at = rows_moment(sheet->rows, sheet->row, SHEET_AT);

	sheet_add_visit(sheet, report, F_visit_place, sheet_text(sheet, SHEET_PLACE));
	sheet_add(sheet, (struct doc_field){ .label = call_say(call, "Day", "拜访日期"),
			     .value = date_format_weekday(
				 arena, date_of_us(at, offset_min), call->session.lang) });
	sheet_add(sheet, (struct doc_field){ .label = call_say(call, "Time", "时间"),
			     .value = sheet_time(sheet, arena, offset_min) });
	sheet_add_visit(sheet, report, F_visit_kind,
	    report_choice(report, E_visit, F_visit_kind, sheet_text(sheet, SHEET_KIND)));
	sheet_add_visit(sheet, report, F_visit_state,
	    report_choice(report, E_visit, F_visit_state, sheet_text(sheet, SHEET_STATE)));
	sheet_add_visit(sheet, report, F_visit_owner_id,
	    report_setup(report, E_user, rows_int(sheet->rows, sheet->row, SHEET_OWNER)));
	sheet_add_visit(sheet, report, F_visit_department_id,
	    report_setup(report, E_department,
		rows_int(sheet->rows, sheet->row, SHEET_DEPARTMENT)));
}

static void
sheet_add_result(struct sheet *sheet, struct report *report, struct arena *arena)
{
	const char *currency = sheet_text(sheet, SHEET_CURRENCY);
	const char *cost = NULL, *next_on = NULL;

	if (sheet_has(sheet, SHEET_COST))
		cost = report_money(arena, rows_int(sheet->rows, sheet->row, SHEET_COST),
		    currency != NULL ? currency : "CNY");
	if (sheet_has(sheet, SHEET_NEXT_ON))
		next_on = date_format_weekday(arena,
		    rows_date(sheet->rows, sheet->row, SHEET_NEXT_ON), report->call->session.lang);
	sheet_add_wide(sheet, report_label(report, E_visit, F_visit_purpose),
	    sheet_text(sheet, SHEET_PURPOSE), 0);
	sheet_add_wide(sheet, report_label(report, E_visit, F_visit_summary),
	    sheet_text(sheet, SHEET_SUMMARY), 6);
	sheet_add_visit(sheet, report, F_visit_outcome,
	    report_choice(report, E_visit, F_visit_outcome, sheet_text(sheet, SHEET_OUTCOME)));
	sheet_add_visit(sheet, report, F_visit_cost, cost);
	sheet_add_visit(sheet, report, F_visit_competitor, sheet_text(sheet, SHEET_COMPETITOR));
	sheet_add_visit(sheet, report, F_visit_next_on, next_on);
	sheet_add_wide(sheet, report_label(report, E_visit, F_visit_next_step),
	    sheet_text(sheet, SHEET_NEXT_STEP), 2);
	if (sheet_has(sheet, SHEET_REASON))
		sheet_add_wide(sheet, report_label(report, E_visit, F_visit_reason),
		    sheet_text(sheet, SHEET_REASON), 0);
	sheet_add_wide(sheet, call_say(report->call, "Customer's remarks", "客户意见"), NULL, 4);
}

static enum err
sheet_print(struct report *report, struct arena *arena, const struct rows *rows, size_t row,
    void *to)
{
	struct sheet *sheet = to;
	const struct call *call = report->call;
	const char *const labels[] = { report_label(report, E_visit, F_visit_owner_id),
		call_say(call, "Customer", "客户签字"), call_say(call, "Supervisor", "主管") };
	enum err err;

	sheet->rows = rows;
	sheet->row = row;
	sheet->found = true;
	sheet_add_customer(sheet, report);
	sheet_add_time(sheet, report, arena);
	sheet_add_result(sheet, report, arena);
	err = report_begin(report, sheet_text(sheet, SHEET_NUMBER), DOC_A4, NULL, 0);
	if (err == ERR_OK)
		err = doc_fields(report->doc, sheet->fields, sheet->count, 2);
	if (err == ERR_OK)
		err = doc_signatures(report->doc, labels, sizeof(labels) / sizeof(labels[0]));
	return err;
}

static enum err
visit_sheet_make(struct report *report)
{
	struct sheet sheet = { .people = BUF_INIT };
	struct sql *sql;
	enum err err = sheet_read_people(report, &sheet);

	if (err != ERR_OK)
		goto out;
	sql = report_select(report, "SELECT ");
	sql_add(sql, sheet_columns + 1);
	report_sql(report, sql,
	    " FROM {visit} v LEFT JOIN {customer} c ON c.id = v.customer_id WHERE v.id = ");
	sql_int(sql, report_parameter(report, SHEET_VISIT)->number);
	err = report_each(report, sql, sheet_print, &sheet);
	if (err == ERR_OK && !sheet.found)
		err = report_refuse(report, SHEET_VISIT, ERR_NO_SUCH_RECORD, NULL);
	if (err == ERR_OK)
		err = doc_end(report->doc);
out:
	buf_fini(&sheet.people);
	return err;
}

const struct report_info report_visit_sheet = {
	.name = "visit_sheet",
	.zh = "客户拜访单",
	.en = "Visit sheet",
	.entity = "visit",
	.parameters = visit_sheet_parameters,
	.reads = "visit visit_contact customer contact",
	.make = visit_sheet_make,
};
