/*
 * Reports that are exported: more rows on paper or in a file than everybody may take away. They are
 * counted for whoever has to agree, and made by the job with the mark of the export on each page and
 * rows that stand for nobody among the others. The report is server/report/'s, the job export.c's.
 */
#include "server/job/export.h"

#include "server/audit/readings.h"
#include "server/report/doc_sink.h"
#include "server/report/render_sinks.h"
#include "server/report/report.h"

#include <string.h>

/* ---- between the report and what renders it ---------------------------------------------- */

/* Hands on what it is told; with rows of nobody if there is a sink behind it, else it counts. */
struct export_sink {
	struct doc_sink sink;
	struct doc_sink *next; /* NULL: nothing is written */
	struct arena *arena;
	struct export_report *export;
	const struct doc_table *table;
	int64_t rows, canary_at;
};

static struct export_sink *
export_sink_of(struct doc_sink *sink)
{
	return (struct export_sink *)(void *)sink;
}

/* Hands one part on. */
#define EXPORT_NEXT(sink, part, ...)                                                           \
	(export_sink_of(sink)->next == NULL                                                    \
		? ERR_OK                                                                       \
		: export_sink_of(sink)->next->ops->part(export_sink_of(sink)->next, __VA_ARGS__))

static enum err
export_sink_begin(struct doc_sink *sink, const struct doc_head *head)
{
	return EXPORT_NEXT(sink, begin, head);
}

static enum err
export_sink_heading(struct doc_sink *sink, const char *text)
{
	return EXPORT_NEXT(sink, heading, text);
}

static enum err
export_sink_note(struct doc_sink *sink, const char *text)
{
	return EXPORT_NEXT(sink, note, text);
}

static enum err
export_sink_fields(struct doc_sink *sink, const struct doc_field *fields, size_t count, unsigned across)
{
	return EXPORT_NEXT(sink, fields, fields, count, across);
}

static enum err
export_sink_signatures(struct doc_sink *sink, const char *const *labels, size_t count)
{
	return EXPORT_NEXT(sink, signatures, labels, count);
}

static enum err
export_sink_chart(struct doc_sink *sink, const struct doc_chart *chart)
{
	return EXPORT_NEXT(sink, chart, chart);
}

static enum err
export_sink_table(struct doc_sink *sink, const struct doc_table *table, const struct doc_groups *groups)
{
	export_sink_of(sink)->table = table;
	return EXPORT_NEXT(sink, table, table, groups);
}

static enum err
export_sink_group(struct doc_sink *sink, size_t level)
{
	return EXPORT_NEXT(sink, group, level);
}

/* The row once more, with the name of nobody in its first text; totals were added up before. */
static enum err
export_sink_canary(struct export_sink *sink, const struct doc_row *row)
{
	struct export_report *export = sink->export;
	const struct doc_table *table = sink->table;
	struct doc_cell *cells =
	    arena_memdup(sink->arena, row->cells, table->column_count * sizeof(*cells));
	struct doc_row fake = *row;

	fake.cells = cells;
	for (size_t i = 0; i < table->column_count; i++) {
		if (table->columns[i].kind != DOC_TEXT || cells[i].text == NULL || cells[i].text[0] == '\0')
			continue;
		cells[i].text = canary_name(export->canary, sink->arena, false);
		export->marks[export->mark_count++] = cells[i].text;
		sink->canary_at = canary_after(sink->canary_at, export->mark_count);
		return sink->next->ops->row(sink->next, &fake);
	}
	return ERR_OK;
}

static enum err
export_sink_row(struct doc_sink *base, const struct doc_row *row)
{
	struct export_sink *sink = export_sink_of(base);
	enum err err = EXPORT_NEXT(base, row, row);

	if (err != ERR_OK || row->kind != DOC_ROW || sink->next == NULL)
		return err;
	/* Later rows take the place of one that had no text to stand in. */
	if (++sink->rows < sink->canary_at || sink->export->mark_count >= sink->export->marks_max)
		return ERR_OK;
	return export_sink_canary(sink, row);
}

static enum err
export_sink_table_end(struct doc_sink *sink, uint64_t rows)
{
	return EXPORT_NEXT(sink, table_end, rows);
}

static enum err
export_sink_end(struct doc_sink *sink)
{
	struct doc_sink *next = export_sink_of(sink)->next;

	return next == NULL ? ERR_OK : next->ops->end(next);
}

static void
export_sink_free(struct doc_sink *sink)
{
	struct doc_sink *next = export_sink_of(sink)->next;

	if (next != NULL)
		next->ops->free(next);
}

static const struct doc_sink_ops export_sink_ops = {
	.begin = export_sink_begin,
	.heading = export_sink_heading,
	.note = export_sink_note,
	.fields = export_sink_fields,
	.signatures = export_sink_signatures,
	.chart = export_sink_chart,
	.table = export_sink_table,
	.group = export_sink_group,
	.row = export_sink_row,
	.table_end = export_sink_table_end,
	.end = export_sink_end,
	.free = export_sink_free,
};

static struct doc_sink *
export_sink_new(struct arena *arena, struct doc_sink *next, struct export_report *export)
{
	struct export_sink *sink = ARENA_NEW(arena, struct export_sink);

	*sink = (struct export_sink){ .sink = { &export_sink_ops },
		.next = next,
		.arena = arena,
		.export = export,
		.canary_at = CANARY_FIRST };
	return &sink->sink;
}

/* ---- forms ------------------------------------------------------------------------------- */

static struct doc_sink *
export_csv_new(struct doc_out out)
{
	return render_csv_new(out, false);
}

static struct doc_sink *
export_text_new(struct doc_out out)
{
	return render_text_new(out, false);
}

static struct doc_sink *
export_escp_new(struct doc_out out)
{
	return render_text_new(out, true);
}

static const struct export_report_form {
	const char *format;
	struct doc_sink *(*sink)(struct doc_out out);
	bool own; /* known to reports alone, in one encoding */
} export_report_forms[] = {
	{ "csv", export_csv_new, false },
	{ "pdf", render_pdf_new, false },
	{ "text", export_text_new, false },
	{ "escp", export_escp_new, true },
	{ "html", render_html_new, true },
};

static const struct export_report_form *
export_report_form(const Kehu__Export *request)
{
	const size_t count = sizeof(export_report_forms) / sizeof(export_report_forms[0]);
	struct export_writer writer;

	for (size_t i = 0; request->format != NULL && i < count; i++) {
		const struct export_report_form *form = &export_report_forms[i];

		if (strcmp(form->format, request->format) == 0)
			return (form->own ? request->encoding == NULL || request->encoding[0] == '\0'
					  : export_open(&writer, request, NULL))
				   ? form
				   : NULL;
	}
	return NULL;
}

/* ---- making it --------------------------------------------------------------------------- */

static enum err
export_report_take(struct report *report, const Kehu__Export *request)
{
	struct call *call = report->call;
	enum err err;

	report->request = request->report;
	if (export_report_form(request) == NULL || request->n_ids > 0)
		return CALL_FAIL(call, ERR_BAD_REQUEST,
		    .text = call_say(call, "Formats are csv (utf-8, utf-8-bom or gb18030), pdf, text, escp and html",
			"格式为 csv（编码 utf-8、utf-8-bom、gb18030）、pdf、text、escp 或 html"));
	err = report_take(report);
	if (err == ERR_OK && report_main(call, report->info)->def->number != request->entity)
		err = CALL_FAIL(call, ERR_BAD_REQUEST);
	if (err == ERR_OK)
		report_scope(report);
	return err;
}

enum err
export_report_count(struct call *call, const Kehu__Export *request, int64_t *rows)
{
	struct report report = { .call = call };
	enum err err = export_report_take(&report, request), back;

	if (err != ERR_OK)
		return err;
	report_start(call);
	/* What makes the transaction a report's goes away with the savepoint: a job is queued next. */
	err = store_savepoint(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	err = report_enter(&report);
	if (err == ERR_OK)
		err = report_run(&report, export_sink_new(call->arena, NULL, NULL));
	if (err != ERR_OK)
		return err;
	back = store_rollback_to(call->store, call->arena);
	*rows = (int64_t)report.rows;
	return back;
}

static enum err
export_report_write(void *to, const void *data, size_t bytes)
{
	buf_put(to, data, bytes);
	return ERR_OK;
}

static enum err
export_report_run(struct job *job, void *to)
{
	struct export_report *export = to;
	struct call *call = job->call;
	const struct export_report_form *form = export_report_form(export->request);
	struct report report = { .call = call, .foot = export->foot, .mark = export->mark };
	uint64_t ahead;
	enum err err = export_report_take(&report, export->request);

	buf_clear(export->out);
	export->mark_count = 0;
	if (err == ERR_OK)
		err = readings_reserve(call, REPORT_AHEAD_ROWS, &ahead);
	if (err != ERR_OK)
		return err;
	report_start(call);
	err = report_enter(&report);
	if (err == ERR_OK)
		err = report_run(&report,
		    export_sink_new(job->arena,
			form->sink((struct doc_out){ .write = export_report_write, .ctx = export->out }),
			export));
	if (err == ERR_OK && !readings_use(call, READ_REPORT, report_main(call, report.info), report.rows))
		err = CALL_FAIL(call, ERR_BUDGET);
	export->rows = (int64_t)report.rows;
	return err;
}

enum err
export_report_make(struct job *job, struct export_report *export)
{
	return job_transaction(job, export_report_run, export);
}
