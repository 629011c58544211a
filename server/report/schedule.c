/*
 * See schedule.h. A run reads as whoever scheduled the report, in a transaction that only reads; what came of it is
 * kept and mailed in another, once, however often the job is run.
 */
#include "server/report/schedule.h"

#include "common/buf.h"
#include "common/date.h"
#include "common/log.h"
#include "server/job/job.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SCHEDULE_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of a file: what mail servers take */

/* ---- what is asked for ------------------------------------------------------------------- */

static const struct field *
schedule_parameter(const struct report_info *info, const char *name)
{
	for (const struct field *field = info->parameters; field->number != 0; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

static Kehu__Value *
schedule_add(struct call *call, Kehu__Report *request, const struct field *field)
{
	Kehu__Value *value = ARENA_NEW(call->arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = true;
	value->field = field->number;
	request->parameters[request->n_parameters++] = value;
	return value;
}

/* "value" or "\"two words\"" at *at, which moves on; NULL: a quote is not closed. */
static char *
schedule_value(struct arena *arena, const char **at)
{
	bool quoted = **at == '"';
	const char *start = *at + quoted;
	size_t bytes = strcspn(start, quoted ? "\"" : " ");

	if (quoted && start[bytes] == '\0')
		return NULL;
	*at = start + bytes + quoted;
	return arena_strndup(arena, start, bytes);
}

static enum err
schedule_one(struct call *call, const struct report_info *info, Kehu__Report *request, const char **at, const char **why)
{
	size_t bytes = strcspn(*at, "= ");
	const char *name = arena_strndup(call->arena, *at, bytes);
	const struct field *field = schedule_parameter(info, name);
	char *text = NULL;
	Kehu__Value *value;

	if (field != NULL && (*at)[bytes] == '=') {
		*at += bytes + 1;
		text = schedule_value(call->arena, at);
	}
	if (text == NULL) {
		*why = arena_printf(call->arena,
		    call_say(call, "%s: the report has no such parameter, or it is not name=value",
			"%s：报表没有此参数，或不是 名称=值 的形式"), name);
		return ERR_INVALID;
	}
	value = schedule_add(call, request, field);
	value->has_number = field->type == TYPE_REF && text[0] == '#';
	value->number = value->has_number ? strtoll(text + 1, NULL, 10) : 0;
	value->text = text;
	return ERR_OK;
}

struct schedule_days {
	int64_t from, to;
};

static struct schedule_days
schedule_period(const char *period, int64_t today)
{
	struct ymd ymd = date_to_ymd(today);
	int64_t month = today - ymd.day + 1, monday = today - date_weekday(today) + 1;
	int64_t year = date_from_ymd((struct ymd){ ymd.year, 1, 1 });

	if (strcmp(period, "yesterday") == 0)
		return (struct schedule_days){ today - 1, today - 1 };
	if (strcmp(period, "last_week") == 0)
		return (struct schedule_days){ monday - 7, monday - 1 };
	if (strcmp(period, "last_month") == 0)
		return (struct schedule_days){ date_add_months(month, -1), month - 1 };
	if (strcmp(period, "this_month") == 0)
		return (struct schedule_days){ month, today };
	if (strcmp(period, "last_year") == 0)
		return (struct schedule_days){ date_from_ymd((struct ymd){ ymd.year - 1, 1, 1 }), year - 1 };
	return (struct schedule_days){ year, today };
}

static enum err
schedule_dates(struct call *call, const struct report_info *info, Kehu__Report *request, const char *period,
    const char **why)
{
	const struct field *from = schedule_parameter(info, "from"), *to = schedule_parameter(info, "to");
	struct schedule_days days = schedule_period(period, call_today(call));
	Kehu__Value *value;

	if (from == NULL || to == NULL || from->type != TYPE_DATE || to->type != TYPE_DATE) {
		*why = call_say(call, "The report has no dates from and to", "报表没有起止日期参数");
		return ERR_INVALID;
	}
	value = schedule_add(call, request, from);
	value->has_number = true;
	value->number = days.from;
	value = schedule_add(call, request, to);
	value->has_number = true;
	value->number = days.to;
	return ERR_OK;
}

enum err
schedule_request(struct call *call, const struct report_info *info, const char *parameters, const char *period,
    Kehu__Report *request, const char **why)
{
	const char *at = parameters != NULL ? parameters : "";
	size_t most = strlen(at) / 2 + 3; /* each is a character, "=" and a space at least */
	enum err err = ERR_OK;

	kehu__report__init(request);
	request->name = arena_strdup(call->arena, info->name);
	request->parameters = ARENA_ARRAY(call->arena, Kehu__Value *, most);
	if (period != NULL && period[0] != '\0')
		err = schedule_dates(call, info, request, period, why);
	for (at += strspn(at, " "); err == ERR_OK && *at != '\0'; at += strspn(at, " "))
		err = schedule_one(call, info, request, &at, why);
	return err;
}

bool
schedule_leaves_house(const char *receivers)
{
	return receivers != NULL && strchr(receivers, '@') != NULL;
}

/* ---- making it --------------------------------------------------------------------------- */

struct schedule_run {
	int64_t id, rows;
	const char *state, *name, *report, *parameters, *period, *format, *receivers; /* in the job's arena */
	const char *title, *why;
	struct buf file;
};

static enum err
schedule_read(struct job *job, void *to)
{
	struct schedule_run *run = to;
	struct sql *sql = sql_new(job->call->arena);
	const char **texts[] = { &run->state, &run->name, &run->report, &run->parameters, &run->period, &run->format,
		&run->receivers };
	struct rows *rows;
	enum err err;

	call_begin(job->call, true);
	sql_add(sql, "SELECT state, name, report, parameters, period, format, receivers FROM kehu_report_asked(");
	sql_int(sql, run->id);
	sql_add(sql, ")");
	err = store_as_rule(job->call, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(job->call, ERR_NO_SUCH_RECORD);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = arena_strdup(job->arena, rows_text(rows, 0, i));
	return ERR_OK;
}

static enum err
schedule_write(void *to, const void *data, size_t bytes)
{
	struct schedule_run *run = to;

	if (run->file.bytes + bytes > SCHEDULE_BYTES_MAX)
		return ERR_TOO_LARGE;
	buf_put(&run->file, data, bytes);
	return ERR_OK;
}

static enum err
schedule_make(struct job *job, void *to)
{
	struct schedule_run *run = to;
	struct call *call = job->call;
	Kehu__Report request;
	/* What of it needs the right to export is asked again each time: rights may have gone. */
	struct report report = { .call = call, .request = &request, .leaves_house = schedule_leaves_house(run->receivers) };
	const struct report_info *info = report_find(call->catalog, run->report);
	const char *why = NULL;
	enum err err;

	buf_clear(&run->file);
	if (info == NULL || !report_allowed(call, info))
		return CALL_FAIL(call, ERR_NO_SUCH_ACTION, .text = call_say(call, "There is no such report", "没有此报表"));
	err = schedule_request(call, info, run->parameters, run->period, &request, &why);
	if (err != ERR_OK)
		return CALL_FAIL(call, err, .text = why);
	request.format = arena_strdup(call->arena, run->format);
	err = report_make(&report, (struct doc_out){ .write = schedule_write, .ctx = run });
	if (err == ERR_REASON_NEEDED)
		err = CALL_FAIL(call, ERR_FORBIDDEN,
		    .text = arena_printf(call->arena,
			call_say(call, "More than %" PRId64 " rows leave only as an export, which says what it is for",
			    "超过 %" PRId64 " 行须作为导出办理，并说明用途"),
			call->server->settings.report_rows));
	run->rows = (int64_t)report.rows;
	run->title = arena_strdup(job->arena, call_say(call, info->en, info->zh));
	return err;
}

static const struct schedule_type {
	const char *format, *type;
} schedule_types[] = {
	{ "pdf", "application/pdf" },
	{ "text", "text/plain; charset=utf-8" },
	{ "html", "text/html; charset=utf-8" },
	{ "csv", "text/csv; charset=utf-8" },
};

static const struct schedule_type *
schedule_type(const char *format)
{
	size_t at = 0;

	while (at < 3 && strcmp(schedule_types[at].format, format) != 0)
		at++;
	return &schedule_types[at];
}

static enum err
schedule_keep(struct job *job, void *to)
{
	struct schedule_run *run = to;
	struct call *call = job->call;
	const struct schedule_type *type = schedule_type(run->format);
	const char *day = date_format(call->arena, call_today(call));
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	call_begin(call, true);
	sql_add(sql, "SELECT kehu_report_keep(");
	sql_int(sql, run->id);
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "%s-%s.%s", run->report, day,
	    strcmp(type->format, "text") == 0 ? "txt" : type->format));
	sql_add(sql, ", ");
	sql_text(sql, type->type);
	sql_add(sql, ", ");
	sql_int(sql, run->rows);
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "%s %s", run->name, day));
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena,
	    call_say(call, "%s (%s): made on %s, %" PRId64 " rows. See the file.\n",
		"%s（%s）：%s 生成，共 %" PRId64 " 行，见附件。\n"),
	    run->name, run->title, day, run->rows));
	sql_add(sql, ", ");
	sql_bytes(sql, buf_text(&run->file), run->file.bytes);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		job_say(job, "%s: %" PRId64 " rows, mailed to %" PRId64, "%s：%" PRId64 " 行，已发 %" PRId64 " 封邮件",
		    run->name, run->rows, rows_int(rows, 0, 0));
	return err;
}

static enum err
schedule_fail(struct job *job, void *to)
{
	struct schedule_run *run = to;
	struct sql *sql = sql_new(job->call->arena);

	call_begin(job->call, true);
	sql_add(sql, "SELECT kehu_report_fail(");
	sql_int(sql, run->id);
	sql_add(sql, ", ");
	sql_text(sql, run->why);
	sql_add(sql, ")");
	return store_as_rule(job->call, sql, NULL);
}

enum err
schedule_job_run(struct job *job)
{
	const char *id = job_argument(job, "run");
	struct schedule_run run = { .id = id != NULL ? strtoll(id, NULL, 10) : 0, .file = BUF_INIT };
	struct call *call = job->call;
	enum err err = job_transaction(job, schedule_read, &run);

	/* A run whose end was not heard of made and mailed it already. */
	if (err == ERR_OK && strcmp(run.state, "running") != 0)
		goto out;
	if (err == ERR_OK)
		err = job_transaction(job, schedule_make, &run);
	if (err == ERR_OK && !job_progress(job, run.rows, run.rows))
		err = ERR_CANCELLED;
	if (err == ERR_OK)
		err = job_transaction(job, schedule_keep, &run);
	if (err == ERR_OK || err == ERR_DB_GONE || err == ERR_UNKNOWN_OUTCOME || err == ERR_CANCELLED)
		goto out;
	run.why = arena_strdup(job->arena,
	    call->failure.text != NULL ? call->failure.text : err_text(err, call->session.lang));
	job_say(job, "%s", "%s", run.why);
	if (run.state != NULL && job_transaction(job, schedule_fail, &run) != ERR_OK)
		call_log(call, LOG_WARN, "scheduled report", "run=%" PRId64 " not told that it failed", run.id);
out:
	buf_fini(&run.file);
	return err;
}
