/*
 * The Report request: finds the report, reads its parameters, opens the reader's scopes, and
 * carries what a renderer makes to the client. What a report says is its own file's; how it
 * reads is report_read.c's.
 *
 * The transaction turns read-only and into kehu_report before the report's own SQL runs.
 */
#include "server/report/report.h"

#include "server/audit/readings.h"
#include "server/gate/gate.h"
#include "server/record/page.h"
#include "server/report/render_sinks.h"

#include <inttypes.h>
#include <string.h>

#define REPORT_CHUNK_BYTES ((size_t)64 * 1024)
#define REPORT_NARROW_COLS 80
#define REPORT_WIDE_COLS   132
#define REPORT_PAGE_ROWS   100    /* a preview shows no more */

const struct report_info *const report_list[] = {
	&report_visit_sheet,
	&report_role_matrix,
	&report_quote,
	&report_contract,
	&report_order,
	&report_quote_versions,
	&report_delivery,
	&report_receipt,
	&report_statement,
	&report_visits_by_person,
	&report_opportunity_funnel,
	&report_targets,
	&report_list_of,
	NULL,
};

const struct report_info *
report_find(const struct catalog *catalog, const char *name)
{
	const struct report_info *const *list = catalog_reports(catalog);

	for (size_t i = 0; name != NULL && report_list[i] != NULL; i++)
		if (strcmp(report_list[i]->name, name) == 0)
			return report_list[i];
	for (; name != NULL && *list != NULL; list++)
		if (strcmp((*list)->name, name) == 0)
			return *list;
	return NULL;
}

/* The next entity named in reads, or NULL. */
static const struct entity_view *
report_next_read(const struct call *call, const char **reads)
{
	size_t bytes = strcspn(*reads, " ");
	const char *name = arena_strndup(call->arena, *reads, bytes);

	if (bytes == 0)
		return NULL;
	*reads += bytes + ((*reads)[bytes] == ' ');
	return catalog_entity_named(call->catalog, name);
}

const struct entity_view *
report_main(const struct call *call, const struct report_info *info)
{
	const char *reads = info->reads;

	return report_next_read(call, &reads);
}

bool
report_allowed(const struct call *call, const struct report_info *info)
{
	const struct entity_view *entity = report_main(call, info);

	return entity != NULL && (access_rights(call->user, entity->def) & RIGHT_VIEW) != 0;
}

/* ---- parameters -------------------------------------------------------------------------- */

enum err
report_refuse(struct report *report, uint32_t number, enum err err, const char *text)
{
	return CALL_FAIL(report->call, err, .field = number, .text = text);
}

static size_t
report_position(const struct report_info *info, uint32_t number)
{
	size_t at = 0;

	while (info->parameters[at].number != 0 && info->parameters[at].number != number)
		at++;
	return at;
}

struct value *
report_parameter(struct report *report, uint32_t number)
{
	return &report->parameters[report_position(report->info, number)];
}

/* A number as it is stored, or text as a person types it. */
static enum err
report_take_value(struct call *call, const struct field *field, const Kehu__Value *wire,
    struct value *value)
{
	/* a choice among fields: report_file.c knows which */
	if (field->type == TYPE_CHOICE && strncmp(field->dict, "report.", 7) == 0) {
		*value = (struct value){ .present = wire->text != NULL && wire->text[0] != '\0',
			.text = arena_strdup(call->arena, wire->text) };
		return ERR_OK;
	}
	if (!wire->has_number && wire->text != NULL)
		return value_from_text(call, field, wire->text, value);
	return value_from_wire(call, field, wire, value);
}

static enum err
report_take_parameters(struct report *report)
{
	struct call *call = report->call;
	const Kehu__Report *request = report->request;
	const struct field *fields = report->info->parameters;
	size_t count = report_position(report->info, 0);

	report->parameters = ARENA_ARRAY(call->arena, struct value, count + 1);
	for (size_t i = 0; i < request->n_parameters; i++) {
		const Kehu__Value *wire = request->parameters[i];
		size_t at = report_position(report->info, wire->field);
		enum err err;

		if (at == count)
			return report_refuse(report, wire->field, ERR_NO_SUCH_FIELD, NULL);
		err = report_take_value(call, &fields[at], wire, &report->parameters[at]);
		if (err != ERR_OK)
			call_also(call, (struct failure){ .err = err, .field = wire->field });
	}
	for (size_t at = 0; at < count; at++)
		if ((fields[at].flags & FIELD_REQUIRED) != 0 && !report->parameters[at].present &&
		    call->failure.err == ERR_OK)
			call_also(call,
			    (struct failure){ .err = ERR_REQUIRED, .field = fields[at].number });
	if (call->failure.err == ERR_OK && report->info->check != NULL)
		return report->info->check(report);
	return call->failure.err;
}

static enum err
report_take_paper(struct report *report)
{
	static const struct {
		const char *name;
		enum doc_paper paper;
	} papers[] = { { "a4", DOC_A4 }, { "letter", DOC_LETTER }, { "form", DOC_FORM } };
	const Kehu__Report *request = report->request;
	const char *name = request->paper != NULL ? request->paper : "a4";
	size_t at = 0;

	while (at < 3 && strcmp(papers[at].name, name) != 0)
		at++;
	if (at == 3)
		return CALL_FAIL(report->call, ERR_BAD_REQUEST,
		    .text = call_say(report->call, "Papers are a4, letter and form", "纸张为 a4、letter 或 form"));
	if (request->width != 0 && request->width != REPORT_NARROW_COLS && request->width != REPORT_WIDE_COLS)
		return CALL_FAIL(report->call, ERR_BAD_REQUEST);
	report->has_width = request->width != 0;
	report->paper = papers[at].paper + (request->width == REPORT_WIDE_COLS ? DOC_WIDE : 0);
	return ERR_OK;
}

/* ---- where it goes ----------------------------------------------------------------------- */

bool
report_may_export(const struct call *call, const struct report_info *info)
{
	return (access_rights(call->user, report_main(call, info)->def) & RIGHT_EXPORT) != 0;
}

/* Many rows on paper or in a file are an export, by whatever name; one record's sheet is not. */
static enum err
report_is_export(struct report *report)
{
	struct call *call = report->call;
	uint32_t entity = report_main(call, report->info)->def->number;

	if (report_may_export(report->call, report->info))
		return CALL_FAIL(call, ERR_REASON_NEEDED, .entity = entity,
		    .text = call_say(call, "This is exported, with what it is for",
			"须作为导出办理，并说明用途"));
	return CALL_FAIL(call, ERR_FORBIDDEN, .entity = entity,
	    .text = arena_printf(call->arena,
		call_say(call, "CSV, or more than %" PRId64 " rows on paper or in a file, need the right to export",
		    "CSV，或打印、保存超过 %" PRId64 " 行，需要导出权限"),
		call->server->settings.report_rows));
}

static enum err
report_check_rows(struct report *report)
{
	const char *format = report->request->format;

	if (report->info->entity != NULL || format == NULL || strcmp(format, "preview") == 0 ||
	    report->rows <= (uint64_t)report->call->server->settings.report_rows)
		return ERR_OK;
	return report_is_export(report);
}

/* Rows on their way to the reader count against the day's budget. */
static enum err
report_charge(struct report *report, uint64_t rows)
{
	struct call *call = report->call;
	uint64_t news = rows - report->charged;
	enum err err = report_check_rows(report);

	if (err != ERR_OK)
		return err;
	report->charged = rows;
	if (!readings_use(call, READ_REPORT, report_main(call, report->info), news))
		return CALL_FAIL(call, ERR_BUDGET);
	return ERR_OK;
}

/* A file on its way: full chunks leave as frames, the last one becomes the answer. */
struct report_file {
	struct report *report;
	struct call *call;
	struct buf buf;
	bool streamed;
};

static enum err
report_send_chunk(struct report_file *file)
{
	Kehu__ReportAnswer answer = KEHU__REPORT_ANSWER__INIT;
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;

	enum err err = report_charge(file->report, file->report->rows);

	if (err != ERR_OK)
		return err;
	if (file->call->stream == NULL)
		return ERR_TOO_LARGE;
	answer.has_data = true;
	answer.data.data = (uint8_t *)file->buf.data;
	answer.data.len = file->buf.bytes;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_REPORT;
	frame.report = &answer;
	file->streamed = true;
	if (!file->call->stream(file->call, &frame))
		return ERR_CANCELLED;
	buf_clear(&file->buf);
	return ERR_OK;
}

static enum err
report_write(void *ctx, const void *data, size_t bytes)
{
	struct report_file *file = ctx;
	const char *at = data;

	while (bytes > 0) {
		size_t piece = REPORT_CHUNK_BYTES - file->buf.bytes;
		enum err err = piece > 0 ? ERR_OK : report_send_chunk(file);

		if (err != ERR_OK)
			return err;
		if (piece > bytes)
			piece = bytes;
		buf_put(&file->buf, at, piece);
		at += piece;
		bytes -= piece;
	}
	return ERR_OK;
}

static void
report_answer(struct report *report, Kehu__ReportAnswer *answer)
{
	struct call *call = report->call;

	answer->has_last = answer->last = true;
	answer->title = arena_strdup(call->arena,
	    call_say(call, report->info->en, report->info->zh));
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_REPORT;
	call->answer.report = answer;
	call->rows = report->rows;
}

enum err
report_run(struct report *report, struct doc_sink *sink)
{
	enum err err;

	report->doc = doc_new(sink);
	err = report->info->make(report);
	doc_free(report->doc);
	return err;
}

static enum err
report_preview(struct report *report)
{
	struct call *call = report->call;
	struct render_page page = { 0 };
	Kehu__ReportAnswer *answer = ARENA_NEW(call->arena, Kehu__ReportAnswer);
	enum err err =
	    report_run(report, render_preview_new(call->arena, report->request->page, &page));

	if (err == ERR_OK)
		err = report_charge(report, report->rows < page.count ? report->rows : page.count);
	if (err != ERR_OK)
		return err;
	kehu__report_answer__init(answer);
	answer->n_lines = page.count;
	answer->lines = (char **)(uintptr_t)page.lines;
	answer->has_page = true;
	answer->page = (uint32_t)page.number;
	answer->has_pages = page.total > 0;
	answer->pages = (uint32_t)page.total;
	report_answer(report, answer);
	return ERR_OK;
}

static struct doc_sink *
report_sink_text(struct doc_out out)
{
	return render_text_new(out, false);
}

static struct doc_sink *
report_sink_escp(struct doc_out out)
{
	return render_text_new(out, true);
}

static struct doc_sink *
report_sink_csv(struct doc_out out)
{
	return render_csv_new(out, false);
}

static const struct report_format {
	const char *name;
	struct doc_sink *(*sink)(struct doc_out out); /* NULL: preview */
} report_formats[] = {
	{ "preview", NULL },
	{ "text", report_sink_text },
	{ "escp", report_sink_escp },
	{ "csv", report_sink_csv },
	{ "pdf", render_pdf_new },
	{ "html", render_html_new },
};

static enum err
report_render_file(struct report *report, const struct report_format *format)
{
	struct call *call = report->call;
	struct report_file file = { .report = report, .call = call, .buf = BUF_INIT };
	Kehu__ReportAnswer *answer = ARENA_NEW(call->arena, Kehu__ReportAnswer);
	enum err err =
	    report_run(report, format->sink((struct doc_out){ .write = report_write, .ctx = &file }));

	if (err == ERR_OK)
		err = report_charge(report, report->rows);
	if (err == ERR_OK) {
		kehu__report_answer__init(answer);
		answer->has_data = true;
		answer->data.data =
		    arena_memdup(call->arena, buf_text(&file.buf), file.buf.bytes);
		answer->data.len = file.buf.bytes;
		report_answer(report, answer);
	} else if (file.streamed) {
		/*
		 * What went out cannot be taken back: a fresh transaction forgets the database's
		 * error, so that the gate answers this one and does not run the report again.
		 */
		store_rollback(call->store);
		store_begin(call->store);
	}
	buf_fini(&file.buf);
	return err;
}

static const struct report_format *
report_format(const char *name)
{
	for (size_t i = 0; i < sizeof(report_formats) / sizeof(report_formats[0]); i++)
		if (strcmp(report_formats[i].name, name) == 0)
			return &report_formats[i];
	return NULL;
}

/* ---- the request ------------------------------------------------------------------------- */

/* An audit line for what leaves the screen. */
static void
report_queue_audit(struct report *report, const struct report_format *format)
{
	struct call *call = report->call;
	struct sql *sql = sql_new(call->arena);
	const struct entity_view *entity =
	    catalog_entity_named(call->catalog, report->info->entity);

	if (format->sink == NULL)
		return;
	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", 'report', ");
	sql_text(sql, report->info->name);
	sql_add(sql, ", ");
	sql_int(sql, entity != NULL ? entity->def->number : 0);
	sql_add(sql, ", ");
	sql_int(sql, entity != NULL ? report->parameters[0].number : 0);
	sql_add(sql, ", ");
	sql_text(sql, format->name);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

/* The record a report is about opens its lines; without it there is no report. */
static void
report_queue_open(struct report *report, struct rows **opened)
{
	struct call *call = report->call;
	const struct entity_view *entity =
	    catalog_entity_named(call->catalog, report->info->entity);
	struct sql *sql = sql_new(call->arena);

	if (entity == NULL)
		return;
	sql_addf(sql, "SELECT set_config('kehu.p%" PRIu32 "', '{' || r.id || '}', true) FROM ",
	    entity->def->number);
	report_sql(report, sql, arena_printf(call->arena, "{%s} r", entity->def->name));
	sql_add(sql, " WHERE r.id = ");
	sql_int(sql, report->parameters[0].number);
	store_queue(call->store, sql, opened);
}

void
report_scope(struct report *report)
{
	const char *reads = report->info->reads;
	const struct entity_view *entity;

	if (report->matching != NULL)
		call_scope_references(report->call, report->matching->entity);
	while ((entity = report_next_read(report->call, &reads)) != NULL)
		if (entity->def->kind == ENTITY_ACTIVITY || entity->def->kind == ENTITY_SETUP)
			call_scope(report->call, entity->def, RIGHT_VIEW);
}

enum err
report_enter(struct report *report)
{
	static const char *const settings[] = { "SET TRANSACTION READ ONLY",
		/* All rows are wanted, not the first few soon. */
		"SET LOCAL cursor_tuple_fraction = 1", "SET LOCAL ROLE kehu_report" };
	struct call *call = report->call;
	struct rows *opened = NULL;
	enum err err;

	if (report->matching != NULL && report->matching->has_words) {
		int64_t *ids;

		err = lists_find_words(call, report->matching->entity, report->matching->query, &ids,
		    &report->matching->id_count);
		if (err != ERR_OK)
			return err;
		report->matching->ids = ids;
	}
	report_queue_open(report, &opened);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct sql *sql = sql_new(call->arena);

		sql_add(sql, settings[i]);
		store_queue(call->store, sql, NULL);
	}
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK && opened != NULL && opened->count == 0)
		return report_refuse(
		    report, report->info->parameters[0].number, ERR_NO_SUCH_RECORD, NULL);
	return err;
}

enum err
report_take(struct report *report)
{
	struct call *call = report->call;
	enum err err;

	report->info = report_find(call->catalog, report->request->name);
	if (report->info == NULL || !report_allowed(call, report->info))
		return CALL_FAIL(call, ERR_NO_SUCH_ACTION,
		    .text = call_say(call, "There is no such report", "没有此报表"));
	err = report_take_paper(report);
	return err == ERR_OK ? report_take_parameters(report) : err;
}

void
report_start(struct call *call)
{
	if (call->begun)
		call_context(call);
	else
		call_begin(call, true);
}

/* What it asks for is checked, and its transaction begun. */
static enum err
report_open(struct report *report, const struct report_format *format)
{
	struct call *call = report->call;
	uint64_t ahead;
	enum err err;

	if (format == NULL)
		return CALL_FAIL(call, ERR_BAD_REQUEST,
		    .text = call_say(call, "Formats are preview, text, escp, csv, pdf and html",
			"格式为 preview、text、escp、csv、pdf 或 html"));
	err = report_take(report);
	/* Rows as a table for another program need the right, however few. */
	if (err == ERR_OK && format->sink == report_sink_csv && report->info->entity == NULL &&
	    !report_may_export(call, report->info))
		err = report_is_export(report);
	if (err == ERR_OK && report->leaves_house && !report_may_export(call, report->info))
		err = CALL_FAIL(call, ERR_FORBIDDEN,
		    .text = call_say(call, "Mailing it to an address outside needs the right to export",
			"发送至外部邮箱需要导出权限"));
	if (err == ERR_OK)
		err = readings_reserve(
		    call, format->sink == NULL ? REPORT_PAGE_ROWS : REPORT_AHEAD_ROWS, &ahead);
	if (err != ERR_OK)
		return err;
	report_scope(report);
	report_start(call);
	report_queue_audit(report, format);
	return report_enter(report);
}

enum err
report_make(struct report *report, struct doc_out out)
{
	const struct report_format *format = report_format(report->request->format);
	enum err err = report_open(report, format);

	if (err == ERR_OK)
		err = report_run(report, format->sink(out));
	return err == ERR_OK ? report_charge(report, report->rows) : err;
}

enum err
handle_report(struct call *call)
{
	const Kehu__Report *request = call->request->report;
	const struct report_format *format =
	    report_format(request->format != NULL ? request->format : "preview");
	struct report report = { .call = call, .request = request };
	enum err err = report_open(&report, format);

	if (err != ERR_OK)
		return err;
	return format->sink == NULL ? report_preview(&report) :
				      report_render_file(&report, format);
}
