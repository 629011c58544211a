/*
 * Making a report of a text: its parameters, its SQL with the placeholders filled in, and the rows
 * into the document. What the reader may not see is left out here: a column whose field is hidden,
 * or masked and a number, goes with its groups, totals and charts.
 */
#include "server/report/report_file.h"

#include "common/date.h"
#include "common/money.h"
#include "server/entity/dictionary.h"
#include "server/store/ddl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RUN_PIVOT_MAX  36 /* columns made of values */
#define RUN_SLICES_MAX 11 /* of a pie */
#define RUN_POINTS_MAX 40 /* of a chart; what comes after is one more, "others" */

/* One chart while rows come. */
struct run_chart {
	const struct file_chart *chart;
	const char *series[DOC_SERIES_MAX], *keys[DOC_SERIES_MAX]; /* keys: of a column across */
	size_t series_count;
	struct doc_point points[RUN_POINTS_MAX + 1];
	int64_t values[RUN_POINTS_MAX + 1][DOC_SERIES_MAX];
	size_t count, most;
};

struct file_run {
	struct report *report;
	const struct report_file *file;
	const struct file_table *table;
	struct arena *arena; /* the call's: what must outlive a batch of rows */
	struct file_column columns[FILE_COLUMNS_MAX]; /* with the fields that parameters chose */
	bool seen[FILE_COLUMNS_MAX];		      /* by this reader */
	size_t source[FILE_COLUMNS_MAX];	      /* its column of the SQL */
	size_t shown[DOC_COLUMNS_MAX], shown_count;   /* columns of the document, in order */
	size_t groups[DOC_LEVELS_MAX], group_count;
	struct doc_cell last[FILE_COLUMNS_MAX];	      /* of hidden columns: the whole that shares are of */
	struct run_chart *charts[FILE_CHARTS_MAX];
	size_t chart_count;
};

/* ---- parameters -------------------------------------------------------------------------- */

static int64_t
run_first_of(int64_t day, bool year)
{
	struct ymd ymd = date_to_ymd(day);

	ymd.day = 1;
	if (year)
		ymd.month = 1;
	return date_from_ymd(ymd);
}

/* What a parameter is when the reader said nothing; today for a date is the reader's. */
static enum err
run_default(struct report *report, size_t at, const char *initial)
{
	const struct field *field = &report->info->parameters[at];
	struct value *value = &report->parameters[at];
	int64_t today = call_today(report->call);

	if (field->type != TYPE_DATE) {
		if (field->type == TYPE_CHOICE && strncmp(field->dict, "report.", 7) == 0) {
			*value = (struct value){ .present = true, .text = initial };
			return ERR_OK;
		}
		return value_from_text(report->call, field, initial, value);
	}
	if (strcmp(initial, "month") == 0)
		*value = (struct value){ .present = true, .number = run_first_of(today, false) };
	else if (strcmp(initial, "year") == 0)
		*value = (struct value){ .present = true, .number = run_first_of(today, true) };
	else if (strcmp(initial, "year_ago") == 0)
		*value = (struct value){ .present = true,
			.number = run_first_of(run_first_of(today, false) - 335, false) };
	else
		return value_from_text(report->call, field, initial, value);
	return ERR_OK;
}

enum err
report_file_ready(struct report *report)
{
	const struct report_file *file = report_file_of(report->info);

	for (size_t i = 0; i < file->parameter_count; i++) {
		const struct file_parameter *rule = &file->rules[i];
		struct value *value = &report->parameters[i];
		enum err err = ERR_OK;
		const struct entity *entity;

		if (!value->present && rule->initial != NULL)
			err = run_default(report, i, rule->initial);
		if (err != ERR_OK)
			return report_refuse(report, (uint32_t)i + 1, err, NULL);
		if (value->present && rule->fields != NULL &&
		    report_file_choice(report->call, file, i, value->text, &entity) == NULL)
			return report_refuse(report, (uint32_t)i + 1, ERR_INVALID, NULL);
	}
	for (size_t i = 0; i < file->parameter_count; i++) {
		size_t before = file->rules[i].not_before;

		if (before != 0 && report->parameters[i].present && report->parameters[before - 1].present &&
		    report->parameters[i].number < report->parameters[before - 1].number)
			return report_refuse(report, (uint32_t)i + 1, ERR_INVALID,
			    call_say(report->call, "The period ends before it begins", "截止日期早于起始日期"));
	}
	return ERR_OK;
}

static const char *
run_parameter_text(struct report *report, size_t at)
{
	const struct report_file *file = report_file_of(report->info);
	const struct field *field = &file->parameters[at];
	const struct value *value = &report->parameters[at];
	struct call *call = report->call;
	const struct entity *entity;

	switch (field->type) {
	case TYPE_DATE:
		return date_format(call->arena, value->number);
	case TYPE_REF:
		entity = catalog_entity_named(call->catalog, field->ref)->def;
		return entity->kind == ENTITY_SETUP ? report_setup(report, entity->number, value->number)
						    : arena_printf(call->arena, "#%" PRId64, value->number);
	case TYPE_BOOL:
		return value->number ? call_say(call, "Yes", "是") : call_say(call, "No", "否");
	case TYPE_INT:
		return arena_printf(call->arena, "%" PRId64, value->number);
	case TYPE_CHOICE:
		if (file->rules[at].fields != NULL) {
			field = report_file_choice(call, file, at, value->text, &entity);
			return call_say(call, field->en, field->zh);
		}
		return dictionary_label(call->catalog, field, value->text, call->session.lang);
	default:
		return value->text;
	}
}

/* ---- SQL --------------------------------------------------------------------------------- */

/* The text without the parts whose parameter is not given. */
static const char *
run_conditions(struct report *report, const char *text)
{
	const struct report_file *file = report_file_of(report->info);
	struct buf out = BUF_INIT;
	const char *result, *when;

	while ((when = strstr(text, "{when ")) != NULL) {
		size_t bytes = strcspn(when + 6, "}");
		const char *body = when + 6 + bytes + 1, *end = strstr(body, "{end}");

		buf_put(&out, text, (size_t)(when - text));
		for (size_t i = 0; i < file->parameter_count; i++)
			if (strlen(file->parameters[i].name) == bytes &&
			    memcmp(file->parameters[i].name, when + 6, bytes) == 0 &&
			    report->parameters[i].present)
				buf_put(&out, body, (size_t)(end - body));
		text = end + 5;
	}
	buf_puts(&out, text);
	result = arena_strdup(report->call->arena, buf_text(&out));
	buf_fini(&out);
	return result;
}

static int64_t
run_midnight(const struct call *call, int64_t day)
{
	return day * US_PER_DAY - call->session.offset_min * INT64_C(60) * US_PER_SECOND;
}

static void
run_put_value(struct sql *sql, const struct field *field, const struct value *value)
{
	switch (field->type) {
	case TYPE_DATE:
		if (value->present)
			sql_date(sql, value->number);
		else
			sql_null(sql, "date");
		break;
	case TYPE_INT:
	case TYPE_REF:
		if (value->present)
			sql_int(sql, value->number);
		else
			sql_null(sql, "bigint");
		break;
	case TYPE_BOOL:
		sql_bool(sql, value->present && value->number != 0);
		break;
	default:
		sql_text(sql, value->present ? value->text : NULL);
	}
}

static void
run_put_moment(const struct call *call, struct sql *sql, const struct value *value, int64_t days)
{
	if (value->present)
		sql_moment(sql, run_midnight(call, value->number + days));
	else
		sql_null(sql, "timestamptz");
}

static void
run_put_below(struct report *report, struct sql *sql, const struct field *field, const struct value *value)
{
	const struct entity_view *entity = catalog_entity_named(report->call->catalog, field->ref);
	int64_t *ids;

	if (value->present)
		sql_ints(sql, ids,
		    access_setup_below(report->call->access, report->call->arena, entity->def->number,
			value->number, &ids));
	else
		sql_null(sql, "bigint[]");
}

static void
run_put_parameter(struct report *report, struct sql *sql, const char *word)
{
	const struct report_file *file = report_file_of(report->info);
	const struct entity *entity;
	size_t at = 0;

	while (strcmp(file->parameters[at].name, word + 1) != 0)
		at++;
	if (word[0] == '=')
		run_put_value(sql, &file->parameters[at], &report->parameters[at]);
	else if (word[0] == '^')
		run_put_moment(report->call, sql, &report->parameters[at], 0);
	else if (word[0] == '$')
		run_put_moment(report->call, sql, &report->parameters[at], 1);
	else if (word[0] == '<')
		run_put_below(report, sql, &file->parameters[at], &report->parameters[at]);
	else
		sql_add(sql,
		    report_file_choice(report->call, file, at, report->parameters[at].text, &entity)->name);
}

static void
run_put_name(void *to, struct sql *sql, const char *word)
{
	struct report *report = to;
	const struct call *call = report->call;

	if (strchr("=^$<.", word[0]) != NULL)
		run_put_parameter(report, sql, word);
	else if (strcmp(word, "today") == 0)
		sql_date(sql, call_today(call));
	else if (strcmp(word, "now") == 0)
		sql_moment(sql, date_now_us());
	else if (strncmp(word, "local ", 6) == 0)
		sql_addf(sql, "(%s AT TIME ZONE 'UTC' + interval '%d minutes')", word + 6,
		    call->session.offset_min);
	else
		report_sql(report, sql, arena_printf(call->arena, "{%s}", word));
}

/* head, the table's SQL, tail: constant texts and names of columns. */
static struct sql *
run_select(struct file_run *run, const char *head, const char *tail)
{
	struct sql *sql = report_select(run->report, head);

	report_expand(sql, run_conditions(run->report, run->table->sql), run_put_name, run->report);
	sql_add(sql, tail);
	return sql;
}

/* ---- what this reader sees of it --------------------------------------------------------- */

/* Masked numbers are not summed, nor worked with; masked texts show as such. */
static bool
run_sees(const struct call *call, const struct entity *entity, const struct field *field, bool worked)
{
	enum field_right right = access_field(call->user, entity, field);

	return right != FIELD_SHOW_HIDDEN &&
	       (right != FIELD_SHOW_MASKED || (!worked && strcmp(ddl_type(field->type), "text") == 0));
}

static bool
run_sees_needs(const struct file_run *run, const char *needs)
{
	const struct call *call = run->report->call;

	while (needs != NULL && *needs != '\0') {
		size_t bytes = strcspn(needs, " ");
		char *word = arena_strndup(run->arena, needs, bytes), *dot = strchr(word, '.');
		const struct entity_view *entity;

		*dot = '\0';
		entity = catalog_entity_named(call->catalog, word);
		if (!run_sees(call, entity->def, entity_field_named(entity, dot + 1), true))
			return false;
		needs += bytes + (needs[bytes] == ' ');
	}
	return true;
}

static bool
run_is_worked(const struct file_column *column)
{
	return column->kind == FILE_SHARE || column->kind == FILE_AVERAGE;
}

/* Columns with the field that a parameter chose, where each stands in the SQL, and which are seen. */
static void
run_look(struct file_run *run)
{
	const struct call *call = run->report->call;
	size_t source = 0;

	for (size_t i = 0; i < run->table->column_count; i++) {
		struct file_column *column = &run->columns[i];

		*column = run->table->columns[i];
		run->source[i] = source;
		source += !run_is_worked(column);
		if (column->by != 0) {
			column->field = report_file_choice(call, run->file, column->by - 1,
			    run->report->parameters[column->by - 1].text, &column->entity);
			column->kind = column->field->type == TYPE_REF ? FILE_SETUP : FILE_CHOICE;
			if (column->title.zh == NULL)
				column->title = (struct file_words){ column->field->zh, column->field->en };
		}
		run->seen[i] = (column->field == NULL || run_sees(call, column->entity, column->field, column->sum == DOC_SUM)) &&
			       run_sees_needs(run, column->needs);
		if (run_is_worked(column))
			run->seen[i] = run->seen[column->over] && run->seen[column->under];
	}
	for (size_t i = 0; i < run->table->group_count; i++)
		if (run->seen[run->table->groups[i].column] && run->seen[run->table->groups[i].label])
			run->groups[run->group_count++] = i;
	for (size_t i = 0; i < run->table->column_count; i++)
		if (run->seen[i] && !run->columns[i].hidden)
			run->shown[run->shown_count++] = i;
}

static const char *
run_words(const struct file_run *run, const struct file_words *words)
{
	return words->zh != NULL ? call_say(run->report->call, words->en, words->zh) : NULL;
}

/* ---- cells ------------------------------------------------------------------------------- */

static const char *
run_word(const struct file_run *run, const char *code)
{
	for (size_t i = 0; i < run->file->word_count; i++)
		if (strcmp(run->file->words[i].code, code) == 0)
			return run_words(run, &run->file->words[i].title);
	return code;
}

static struct doc_cell
run_cell(const struct file_run *run, const struct rows *rows, size_t row, size_t at)
{
	const struct file_column *column = &run->columns[at];
	const struct call *call = run->report->call;
	size_t source = run->source[at];

	if (rows_null(rows, row, source))
		return doc_empty();
	switch (column->kind) {
	case FILE_INTEGER:
	case FILE_NUMBER:
	case FILE_MONEY:
		return doc_value(rows_int(rows, row, source));
	case FILE_DATE:
		return doc_value(rows_date(rows, row, source));
	case FILE_MOMENT:
		return doc_value(rows_moment(rows, row, source));
	case FILE_BOOL:
		return doc_text(rows_bool(rows, row, source) ? call_say(call, "Yes", "是")
							     : call_say(call, "No", "否"));
	case FILE_WORD:
		return doc_text(run_word(run, rows_text(rows, row, source)));
	case FILE_CHOICE:
		return doc_text(dictionary_label(call->catalog, column->field,
		    rows_text(rows, row, source), call->session.lang));
	case FILE_SETUP:
		return doc_text(report_setup(run->report,
		    catalog_entity_named(call->catalog, column->field->ref)->def->number,
		    rows_int(rows, row, source)));
	default:
		return doc_text(rows_text(rows, row, source));
	}
}

/* As a heading or a label. */
static const char *
run_cell_text(const struct file_run *run, struct arena *arena, const struct rows *rows, size_t row, size_t at)
{
	struct doc_cell cell = run_cell(run, rows, row, at);
	const struct file_column *column = &run->columns[at];

	if (cell.has == DOC_CELL_EMPTY)
		return call_say(run->report->call, "(none)", "（未填）");
	if (cell.has == DOC_CELL_TEXT)
		return cell.text;
	if (column->kind == FILE_DATE)
		return date_format(arena, cell.value);
	if (column->kind == FILE_MOMENT)
		return date_format_us(arena, cell.value, run->report->call->session.offset_min);
	return report_scaled(arena, cell.value, (int)column->decimals, (int)column->decimals);
}

static int64_t
run_power(int decimals)
{
	int64_t power = 1;

	while (decimals-- > 0)
		power *= 10;
	return power;
}

/* a in percent of b, or a by b, rounded; empty where there is nothing to divide by. */
static struct doc_cell
run_ratio(const struct file_run *run, const struct file_column *column, const struct doc_cell *over,
    const struct doc_cell *under)
{
	int shift = (int)column->decimals + (int)run->columns[column->under].decimals -
		    (int)run->columns[column->over].decimals + (column->kind == FILE_SHARE ? 2 : 0);
	int64_t divisor, result;

	if (over->has != DOC_CELL_VALUE || under->has != DOC_CELL_VALUE || under->value == 0 ||
	    __builtin_mul_overflow(under->value, run_power(-shift), &divisor) ||
	    money_scale(over->value, run_power(shift), divisor, &result) != ERR_OK)
		return doc_empty();
	return doc_value(result);
}

/* The cell of a column: in the row or total itself, or, of one that is not shown, as it came last. */
static const struct doc_cell *
run_operand(const struct file_run *run, const struct doc_cell *cells, size_t column)
{
	for (size_t i = 0; i < run->shown_count; i++)
		if (run->shown[i] == column)
			return &cells[i];
	return &run->last[column];
}

/* Columns worked out of others, which stand in cells already. */
static void
run_work_out(const struct file_run *run, struct doc_cell *cells)
{
	for (size_t i = 0; i < run->shown_count; i++) {
		const struct file_column *column = &run->columns[run->shown[i]];

		if (run_is_worked(column))
			cells[i] = run_ratio(run, column, run_operand(run, cells, column->over),
			    run_operand(run, cells, column->under));
	}
}

static void
run_total(void *ctx, size_t depth, uint64_t rows, struct doc_cell *cells)
{
	(void)depth;
	(void)rows;
	run_work_out(ctx, cells);
}

/* ---- charts ------------------------------------------------------------------------------ */

static struct run_chart *
run_open_chart(struct file_run *run, const struct file_chart *of)
{
	struct run_chart *chart = ARENA_NEW(run->arena, struct run_chart);

	chart->chart = of;
	chart->most = of->kind == DOC_PIE ? RUN_SLICES_MAX : RUN_POINTS_MAX;
	for (size_t i = 0; i < of->value_count && of->across == 0; i++)
		chart->series[chart->series_count++] = run_words(run, &run->columns[of->values[i]].title);
	return chart;
}

static void
run_open_charts(struct file_run *run)
{
	for (size_t i = 0; i < run->table->chart_count; i++) {
		const struct file_chart *chart = &run->table->charts[i];
		bool seen = run->seen[chart->label];

		for (size_t k = 0; k < chart->value_count; k++)
			seen = seen && run->seen[chart->values[k]];
		if (!seen)
			continue;
		if (chart->across != 0 && !run->seen[chart->across - 1])
			continue;
		run->charts[run->chart_count++] = run_open_chart(run, chart);
	}
}

/* The place of a label among the points; what comes after the last one is one more, "others". */
static size_t
run_point(struct file_run *run, struct run_chart *chart, const char *label)
{
	size_t at = chart->count;

	for (size_t i = 0; i < chart->count && (chart->chart->across != 0 || chart->chart->by_group); i++)
		if (strcmp(chart->points[i].label, label) == 0)
			return i;
	if (at >= chart->most) {
		at = chart->most;
		label = call_say(run->report->call, "Others", "其他");
	}
	if (at == chart->count) {
		chart->points[at].label = arena_strdup(run->arena, label);
		chart->count = at + 1;
	}
	return at;
}

/* The series of a value across; the last one takes what there is no room for. */
static size_t
run_series(struct file_run *run, struct run_chart *chart, const char *key)
{
	size_t at = 0;

	while (at < chart->series_count && strcmp(chart->keys[at], key) != 0)
		at++;
	if (at < chart->series_count)
		return at;
	if (at == DOC_SERIES_MAX) {
		chart->series[at - 1] = call_say(run->report->call, "Others", "其他");
		return at - 1;
	}
	chart->series[at] = chart->keys[at] = arena_strdup(run->arena, key);
	chart->series_count = at + 1;
	return at;
}

static enum err
run_add_value(struct run_chart *chart, size_t point, size_t series, const struct doc_cell *cell)
{
	int64_t *value = &chart->values[point][series];

	if (cell->has != DOC_CELL_VALUE)
		return ERR_OK;
	return __builtin_add_overflow(*value, cell->value, value) ? ERR_TOO_LARGE : ERR_OK;
}

static enum err
run_add_point(struct file_run *run, struct run_chart *chart, struct arena *arena,
    const struct rows *rows, size_t row)
{
	const struct file_chart *of = chart->chart;
	size_t point = run_point(run, chart, run_cell_text(run, arena, rows, row, of->label));
	enum err err = ERR_OK;

	for (size_t i = 0; i < of->value_count && err == ERR_OK; i++) {
		struct doc_cell cell = run_cell(run, rows, row, of->values[i]);
		size_t series = of->across == 0
				    ? i
				    : run_series(run, chart, run_cell_text(run, arena, rows, row, of->across - 1));

		err = run_add_value(chart, point, series, &cell);
	}
	return err;
}

static enum err
run_add_points(struct file_run *run, struct arena *arena, const struct rows *rows, size_t row)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < run->chart_count && err == ERR_OK; i++)
		err = run_add_point(run, run->charts[i], arena, rows, row);
	return err;
}

static int
run_compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What stands across comes in any order of rows, and reads in its own. */
static void
run_sort_series(struct run_chart *chart)
{
	const char *sorted[DOC_SERIES_MAX];
	int64_t values[DOC_SERIES_MAX];
	size_t from[DOC_SERIES_MAX];

	memcpy(sorted, chart->series, sizeof(sorted));
	qsort(sorted, chart->series_count, sizeof(sorted[0]), run_compare_keys);
	for (size_t i = 0; i < chart->series_count; i++)
		for (size_t k = 0; k < chart->series_count; k++)
			if (sorted[i] == chart->series[k])
				from[i] = k;
	for (size_t p = 0; p < chart->count; p++) {
		memcpy(values, chart->values[p], sizeof(values));
		for (size_t i = 0; i < chart->series_count; i++)
			chart->values[p][i] = values[from[i]];
	}
	memcpy(chart->series, sorted, sizeof(sorted));
}

static enum err
run_put_charts(struct file_run *run)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < run->chart_count && err == ERR_OK; i++) {
		struct run_chart *chart = run->charts[i];

		if (chart->count < 2 || chart->series_count == 0)
			continue;
		if (chart->chart->across != 0)
			run_sort_series(chart);
		for (size_t p = 0; p < chart->count; p++)
			chart->points[p].values = chart->values[p];
		err = doc_chart(run->report->doc,
		    &(struct doc_chart){ .kind = chart->chart->kind,
			.title = run_words(run, &chart->chart->title),
			.series = chart->series,
			.series_count = chart->series_count,
			.points = chart->points,
			.count = chart->count,
			.decimals = run->columns[chart->chart->values[0]].decimals });
	}
	return err;
}

/* ---- rows -------------------------------------------------------------------------------- */

static enum err
run_break(struct file_run *run, struct arena *arena, const struct rows *rows, size_t row)
{
	struct doc_key keys[DOC_LEVELS_MAX];

	for (size_t i = 0; i < run->group_count; i++) {
		const struct file_group *group = &run->table->groups[run->groups[i]];
		const char *key = rows_text(rows, row, run->source[group->column]);

		keys[i] = (struct doc_key){ key != NULL ? key : "",
			run_cell_text(run, arena, rows, row, group->label) };
	}
	return run->group_count > 0 ? doc_break(run->report->doc, keys) : ERR_OK;
}

static enum err
run_add_row(struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct file_run *run = to;
	struct doc_cell cells[DOC_COLUMNS_MAX];
	enum err err;

	for (size_t i = 0; i < run->shown_count; i++)
		cells[i] = run_is_worked(&run->columns[run->shown[i]])
			       ? doc_empty()
			       : run_cell(run, rows, row, run->shown[i]);
	for (size_t i = 0; i < run->table->column_count; i++)
		if (run->columns[i].hidden && !run_is_worked(&run->columns[i]))
			run->last[i] = run_cell(run, rows, row, i);
	run_work_out(run, cells);
	err = run_add_points(run, arena, rows, row);
	if (err == ERR_OK)
		err = run_break(run, arena, rows, row);
	return err == ERR_OK ? doc_row(report->doc, cells) : err;
}

/* A row as labelled fields, two side by side. */
static enum err
run_add_card(struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const struct file_run *run = to;
	struct doc_field fields[FILE_COLUMNS_MAX];

	for (size_t i = 0; i < run->shown_count; i++) {
		const struct file_column *column = &run->columns[run->shown[i]];

		fields[i] = (struct doc_field){ .label = run_words(run, &column->title),
			.value = rows_null(rows, row, run->source[run->shown[i]])
				     ? NULL
				     : run_cell_text(run, arena, rows, row, run->shown[i]),
			.wide = column->wrap };
	}
	return doc_fields(report->doc, fields, run->shown_count, 2);
}

/* ---- tables ------------------------------------------------------------------------------ */

static struct doc_column
run_column(const struct file_run *run, size_t at)
{
	static const enum doc_kind kinds[] = { [FILE_INTEGER] = DOC_INTEGER, [FILE_NUMBER] = DOC_MONEY,
		[FILE_MONEY] = DOC_MONEY, [FILE_DATE] = DOC_DATE, [FILE_MOMENT] = DOC_MOMENT,
		[FILE_SHARE] = DOC_MONEY, [FILE_AVERAGE] = DOC_MONEY };
	const struct file_column *column = &run->columns[at];
	bool text = column->kind >= sizeof(kinds) / sizeof(kinds[0]);

	return (struct doc_column){
		.title = run_words(run, &column->title),
		.kind = text ? DOC_TEXT : kinds[column->kind],
		.decimals = (uint8_t)column->decimals,
		.sum = column->sum,
		.min_cols = column->width,
		.weight = column->weight,
		.wrap = column->wrap,
	};
}

/* ---- a pivot: the values of one column become columns ------------------------------------ */

struct pivot {
	struct file_run *run;
	const char *keys[RUN_PIVOT_MAX + 1], *headings[RUN_PIVOT_MAX + 1];
	size_t key_count;
	size_t fixed[DOC_COLUMNS_MAX], fixed_count; /* columns that say what a row is of */
	struct arena *arena;			     /* of the row being put together */
	struct doc_cell cells[DOC_COLUMNS_MAX];
	size_t cell_count;
	bool open;
};

static bool
pivot_is_value(const struct file_table *table, size_t column)
{
	for (size_t i = 0; i < table->pivot_value_count; i++)
		if (table->pivot_values[i] == column)
			return true;
	return false;
}

static enum err
pivot_add_key(struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct pivot *pivot = to;
	struct file_run *run = pivot->run;
	size_t column = run->table->pivot - 1;
	struct file_run look = *run; /* the key is the only column of this statement */
	const char *key = rows_text(rows, row, 0);

	look.source[column] = 0;
	if (pivot->key_count == RUN_PIVOT_MAX)
		return CALL_FAIL(report->call, ERR_NARROW,
		    .text = call_say(report->call, "More columns than a page holds; ask for a shorter period or less",
			"列数超出页面，请缩短期间或缩小范围"));
	pivot->keys[pivot->key_count] = arena_strdup(run->arena, key != NULL ? key : "");
	pivot->headings[pivot->key_count++] =
	    arena_strdup(run->arena, run_cell_text(&look, arena, rows, row, column));
	return ERR_OK;
}

static enum err
pivot_read_keys(struct pivot *pivot)
{
	struct file_run *run = pivot->run;
	const char *name = run->table->columns[run->table->pivot - 1].name;
	struct arena *arena = run->arena;
	uint64_t rows = run->report->rows;
	enum err err = report_each(run->report,
	    run_select(run, arena_printf(arena, "SELECT q.%s FROM (", name),
		arena_printf(arena, ") q GROUP BY 1 ORDER BY 1")),
	    pivot_add_key, pivot);

	run->report->rows = rows; /* they are headings, not what is read */
	return err;
}

/* Fixed columns, each key with each value, each value over all keys. */
static size_t
pivot_columns(const struct pivot *pivot, struct doc_column *columns)
{
	const struct file_run *run = pivot->run;
	const struct file_table *table = run->table;
	size_t count = 0;

	for (size_t i = 0; i < pivot->fixed_count; i++)
		columns[count++] = run_column(run, pivot->fixed[i]);
	for (size_t k = 0; k <= pivot->key_count; k++)
		for (size_t v = 0; v < table->pivot_value_count; v++) {
			struct doc_column column = run_column(run, table->pivot_values[v]);
			const char *heading = k < pivot->key_count
						  ? pivot->headings[k]
						  : call_say(run->report->call, "Total", "合计");

			column.title = table->pivot_value_count == 1
					   ? heading
					   : arena_printf(run->arena, "%s %s", heading, column.title);
			if (column.min_cols == 0)
				column.min_cols = column.kind == DOC_INTEGER ? 5 : 9;
			columns[count++] = column;
		}
	return count;
}

/* Puts the row together so far into the document. */
static enum err
pivot_flush(struct pivot *pivot)
{
	enum err err = pivot->open ? doc_row(pivot->run->report->doc, pivot->cells) : ERR_OK;

	pivot->open = false;
	arena_reset(pivot->arena);
	return err;
}

static bool
pivot_same(const struct doc_cell *a, const struct doc_cell *b)
{
	if (a->has != b->has)
		return false;
	if (a->has == DOC_CELL_TEXT)
		return strcmp(a->text, b->text) == 0;
	return a->has == DOC_CELL_EMPTY || a->value == b->value;
}

static void
pivot_begin_row(struct pivot *pivot, const struct doc_cell *fixed)
{
	for (size_t i = 0; i < pivot->cell_count; i++)
		pivot->cells[i] = doc_empty();
	for (size_t i = 0; i < pivot->fixed_count; i++) {
		pivot->cells[i] = fixed[i];
		if (fixed[i].has == DOC_CELL_TEXT)
			pivot->cells[i].text = arena_strdup(pivot->arena, fixed[i].text);
	}
	pivot->open = true;
}

static enum err
pivot_add_value(struct pivot *pivot, size_t at, const struct doc_cell *cell)
{
	struct doc_cell *sum = &pivot->cells[at];

	if (cell->has != DOC_CELL_VALUE)
		return ERR_OK;
	if (sum->has != DOC_CELL_VALUE)
		*sum = doc_value(0);
	return __builtin_add_overflow(sum->value, cell->value, &sum->value) ? ERR_TOO_LARGE : ERR_OK;
}

static enum err
pivot_add_row(struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct pivot *pivot = to;
	struct file_run *run = pivot->run;
	const struct file_table *table = run->table;
	const char *key = rows_text(rows, row, run->source[table->pivot - 1]);
	struct doc_cell fixed[DOC_COLUMNS_MAX];
	size_t k = 0, values = table->pivot_value_count;
	bool same = pivot->open;
	enum err err = run_add_points(run, arena, rows, row);

	for (size_t i = 0; i < pivot->fixed_count; i++) {
		fixed[i] = run_cell(run, rows, row, pivot->fixed[i]);
		same = same && pivot_same(&fixed[i], &pivot->cells[i]);
	}
	if (!same) {
		if (err == ERR_OK)
			err = pivot_flush(pivot);
		pivot_begin_row(pivot, fixed);
	}
	while (k < pivot->key_count && strcmp(pivot->keys[k], key != NULL ? key : "") != 0)
		k++;
	if (k == pivot->key_count)
		return CALL_FAIL(report->call, ERR_STALE); /* it came up since the columns were made */
	for (size_t v = 0; v < values && err == ERR_OK; v++) {
		struct doc_cell cell = run_cell(run, rows, row, table->pivot_values[v]);

		err = pivot_add_value(pivot, pivot->fixed_count + k * values + v, &cell);
		if (err == ERR_OK)
			err = pivot_add_value(pivot, pivot->fixed_count + pivot->key_count * values + v, &cell);
	}
	return err;
}

static enum err
run_pivot_table(struct file_run *run)
{
	struct pivot *pivot = ARENA_NEW(run->arena, struct pivot);
	struct doc_column columns[DOC_COLUMNS_MAX];
	struct doc_table table = { .title = run_words(run, &run->table->title),
		.columns = columns,
		.totals = run->table->totals };
	enum err err;

	pivot->run = run;
	for (size_t i = 0; i < run->shown_count; i++)
		if (run->shown[i] != run->table->pivot - 1 && !pivot_is_value(run->table, run->shown[i]))
			pivot->fixed[pivot->fixed_count++] = run->shown[i];
	err = pivot_read_keys(pivot);
	if (err != ERR_OK)
		return err;
	if (pivot->fixed_count + (pivot->key_count + 1) * run->table->pivot_value_count > DOC_COLUMNS_MAX)
		return CALL_FAIL(run->report->call, ERR_NARROW);
	pivot->cell_count = table.column_count = pivot_columns(pivot, columns);
	err = doc_table(run->report->doc, &table);
	pivot->arena = arena_new(0);
	if (err == ERR_OK)
		err = report_each(run->report, run_select(run, "", ""), pivot_add_row, pivot);
	if (err == ERR_OK)
		err = pivot_flush(pivot);
	arena_free(pivot->arena);
	return err == ERR_OK ? doc_table_end(run->report->doc) : err;
}

static enum err
run_plain_table(struct file_run *run)
{
	struct doc_column columns[DOC_COLUMNS_MAX];
	struct doc_table table = { .title = run_words(run, &run->table->title),
		.columns = columns,
		.column_count = run->shown_count,
		.level_count = run->group_count,
		.totals = run->table->totals,
		.total = run_total,
		.total_ctx = run };
	enum err err;

	for (size_t i = 0; i < run->shown_count; i++)
		columns[i] = run_column(run, run->shown[i]);
	for (size_t i = 0; i < run->group_count; i++) {
		const struct file_group *group = &run->table->groups[run->groups[i]];

		table.levels[i].title = run_words(run, &run->columns[group->column].title);
		table.levels[i].subtotal = group->subtotal;
	}
	err = doc_table(run->report->doc, &table);
	if (err == ERR_OK)
		err = report_each(run->report, run_select(run, "", ""), run_add_row, run);
	return err == ERR_OK ? doc_table_end(run->report->doc) : err;
}

static enum err
run_table(struct file_run *run)
{
	enum err err;

	run_open_charts(run);
	if (run->table->card)
		err = report_each(run->report, run_select(run, "", ""), run_add_card, run);
	else if (run->table->pivot != 0)
		err = run_pivot_table(run);
	else
		err = run_plain_table(run);
	return err == ERR_OK ? run_put_charts(run) : err;
}

static enum err
run_begin(struct report *report, enum doc_paper paper)
{
	const struct report_file *file = report_file_of(report->info);
	struct doc_field params[FILE_PARAMETERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < file->parameter_count; i++)
		if (report->parameters[i].present)
			params[count++] = (struct doc_field){
				.label = call_say(report->call, file->parameters[i].en, file->parameters[i].zh),
				.value = run_parameter_text(report, i),
			};
	return report_begin(report, NULL, paper, params, count);
}

/* The paper all tables fit on. */
static enum doc_paper
run_paper(struct report *report, struct file_run *runs, size_t count)
{
	struct doc_column columns[DOC_COLUMNS_MAX];

	if (report_file_of(report->info)->wide)
		return DOC_A4_WIDE;
	for (size_t i = 0; i < count; i++) {
		if (runs[i].table->pivot != 0)
			return DOC_A4_WIDE;
		for (size_t k = 0; k < runs[i].shown_count; k++)
			columns[k] = run_column(&runs[i], runs[i].shown[k]);
		if (runs[i].shown_count > 0 && doc_paper_for(columns, runs[i].shown_count) == DOC_A4_WIDE)
			return DOC_A4_WIDE;
	}
	return DOC_A4;
}

enum err
report_file_make(struct report *report)
{
	const struct report_file *file = report_file_of(report->info);
	struct arena *arena = report->call->arena;
	struct file_run *runs = ARENA_ARRAY(arena, struct file_run, file->table_count);
	enum err err;

	for (size_t i = 0; i < file->table_count; i++) {
		runs[i] = (struct file_run){
			.report = report, .file = file, .table = &file->tables[i], .arena = arena
		};
		run_look(&runs[i]);
	}
	err = run_begin(report, run_paper(report, runs, file->table_count));
	for (size_t i = 0; i < file->table_count && err == ERR_OK; i++)
		if (runs[i].shown_count > 0)
			err = run_table(&runs[i]);
	for (size_t i = 0; i < file->note_count && err == ERR_OK; i++)
		err = doc_note(report->doc, call_say(report->call, file->notes[i].en, file->notes[i].zh));
	return err == ERR_OK ? doc_end(report->doc) : err;
}
