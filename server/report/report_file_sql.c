/*
 * The parameters of a report that is a text: what they are when nothing is said, what they must
 * be, and how they and the other placeholders go into its SQL.
 */
#include "server/report/report_file_run.h"

#include "common/date.h"
#include "server/entity/dictionary.h"

#include <inttypes.h>
#include <string.h>

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
		*value =
		    (struct value){ .present = true, .number = run_first_of(today, false) };
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

		if (before != 0 && report->parameters[i].present &&
		    report->parameters[before - 1].present &&
		    report->parameters[i].number < report->parameters[before - 1].number)
			return report_refuse(report, (uint32_t)i + 1, ERR_INVALID,
			    call_say(report->call, "The period ends before it begins",
				"截止日期早于起始日期"));
	}
	return ERR_OK;
}

const char *
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
		return entity->kind == ENTITY_SETUP
			   ? report_setup(report, entity->number, value->number)
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
run_put_moment(
    const struct call *call, struct sql *sql, const struct value *value, int64_t days)
{
	if (value->present)
		sql_moment(sql, run_midnight(call, value->number + days));
	else
		sql_null(sql, "timestamptz");
}

static void
run_put_below(struct report *report, struct sql *sql, const struct field *field,
    const struct value *value)
{
	const struct entity_view *entity =
	    catalog_entity_named(report->call->catalog, field->ref);
	int64_t *ids;

	if (value->present)
		sql_ints(sql, ids,
		    access_setup_below(report->call->access, report->call->arena,
			entity->def->number, value->number, &ids));
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
		sql_add(sql, report_file_choice(
				 report->call, file, at, report->parameters[at].text, &entity)
				 ->name);
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
	else if (strcmp(word, "matching") == 0 && report->matching != NULL)
		report_put_matching(report, sql);
	else if (strncmp(word, "local ", 6) == 0)
		sql_addf(sql, "(%s AT TIME ZONE 'UTC' + interval '%d minutes')", word + 6,
		    call->session.offset_min);
	else
		report_sql(report, sql, arena_printf(call->arena, "{%s}", word));
}

/* head, the table's SQL, tail: constant texts and names of columns. */
struct sql *
run_select(struct file_run *run, const char *head, const char *tail)
{
	struct sql *sql = report_select(run->report, head);

	report_expand(
	    sql, run_conditions(run->report, run->table->sql), run_put_name, run->report);
	sql_add(sql, tail);
	return sql;
}
