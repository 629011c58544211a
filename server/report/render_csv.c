/*
 * CSV: the rows of a document for another program, with the group's heading on every row where
 * paper has it once above them. Titles, notes, signatures and pages are for people and left
 * out.
 */
#include "common/csv.h"
#include "common/money.h"
#include "server/report/doc_sink.h"
#include "server/report/render_out.h"
#include "server/report/render_sinks.h"

struct render_csv {
	struct doc_sink sink;
	struct arena *arena; /* holds this struct */
	struct arena *scratch;
	struct render_out out;
	struct csv_writer writer;
	const struct doc_head *head;
	const struct doc_table *table;
	const struct doc_groups *groups;
	bool totals;
	bool started; /* a part was written: an empty line comes before the next */
};

static struct render_csv *
render_csv_of(struct doc_sink *sink)
{
	struct render_csv *csv = (struct render_csv *)(void *)sink;

	arena_reset(csv->scratch);
	return csv;
}

static enum err
render_csv_end_row(struct render_csv *csv)
{
	csv_end_row(&csv->writer);
	return render_out_spill(&csv->out);
}

static void
render_csv_part(struct render_csv *csv)
{
	if (csv->started)
		render_csv_end_row(csv);
	csv->started = true;
}

static enum err
render_csv_begin(struct doc_sink *sink, const struct doc_head *head)
{
	render_csv_of(sink)->head = head;
	return ERR_OK;
}

/* Headings and notes. */
static enum err
render_csv_skip_text(struct doc_sink *sink, const char *text)
{
	(void)text;
	return render_csv_of(sink)->out.err;
}

static enum err
render_csv_signatures(struct doc_sink *sink, const char *const *labels, size_t count)
{
	(void)labels;
	(void)count;
	return render_csv_of(sink)->out.err;
}

static enum err
render_csv_fields(
    struct doc_sink *sink, const struct doc_field *fields, size_t count, unsigned across)
{
	struct render_csv *csv = render_csv_of(sink);

	(void)across;
	render_csv_part(csv);
	for (size_t i = 0; i < count; i++) {
		csv_put(&csv->writer, fields[i].label, CSV_TEXT);
		csv_put(&csv->writer, fields[i].value, CSV_TEXT);
		render_csv_end_row(csv);
	}
	return csv->out.err;
}

static enum err
render_csv_chart(struct doc_sink *sink, const struct doc_chart *chart)
{
	struct render_csv *csv = render_csv_of(sink);

	if (!csv->totals)
		return csv->out.err;
	render_csv_part(csv);
	if (chart->title != NULL) {
		csv_put(&csv->writer, chart->title, CSV_TEXT);
		for (size_t s = 0; chart->series_count > 1 && s < chart->series_count; s++)
			csv_put(&csv->writer, chart->series[s], CSV_TEXT);
		render_csv_end_row(csv);
	}
	for (size_t i = 0; i < chart->count; i++) {
		csv_put(&csv->writer, chart->points[i].label, CSV_TEXT);
		for (size_t s = 0; s < chart->series_count; s++)
			csv_put(&csv->writer,
			    money_format(csv->scratch, chart->points[i].values[s], (int)chart->decimals, true),
			    CSV_NUMBER);
		render_csv_end_row(csv);
	}
	return csv->out.err;
}

static enum err
render_csv_table(
    struct doc_sink *sink, const struct doc_table *table, const struct doc_groups *groups)
{
	struct render_csv *csv = render_csv_of(sink);

	csv->table = table;
	csv->groups = groups;
	render_csv_part(csv);
	for (size_t i = 0; i < table->level_count; i++)
		csv_put(&csv->writer, table->levels[i].title ? table->levels[i].title : "",
		    CSV_TEXT);
	for (size_t i = 0; i < table->column_count; i++)
		csv_put(&csv->writer, table->columns[i].title, CSV_TEXT);
	return render_csv_end_row(csv);
}

static enum err
render_csv_group(struct doc_sink *sink, size_t level)
{
	(void)level;
	return render_csv_of(sink)->out.err;
}

static void
render_csv_cell(struct render_csv *csv, const struct doc_row *row, size_t i)
{
	struct doc_column column = doc_row_column(row, &csv->table->columns[i]);
	const struct doc_cell *cell = &row->cells[i];
	const char *text = cell->text;

	/* a total's label takes the first cell, unless a figure has it or groups come before */
	if (row->kind != DOC_ROW && i == 0 && csv->table->level_count == 0 && *text == '\0')
		text = row->label;
	else
		text = doc_cell_plain(csv->scratch, &column, cell, csv->head->offset_min);
	csv_put(&csv->writer, text, cell->has == DOC_CELL_VALUE ? CSV_NUMBER : CSV_TEXT);
}

static enum err
render_csv_row(struct doc_sink *sink, const struct doc_row *row)
{
	struct render_csv *csv = render_csv_of(sink);
	const struct doc_table *table = csv->table;

	if (row->kind != DOC_ROW && !csv->totals)
		return csv->out.err;
	for (size_t i = 0; i < table->level_count; i++) {
		const char *heading = i < csv->groups->depth ? csv->groups->heading[i] : "";

		if (row->kind != DOC_ROW)
			heading = i == 0 ? row->label : "";
		csv_put(&csv->writer, heading, CSV_TEXT);
	}
	for (size_t i = 0; i < table->column_count; i++)
		render_csv_cell(csv, row, i);
	return render_csv_end_row(csv);
}

static enum err
render_csv_table_end(struct doc_sink *sink, uint64_t rows)
{
	(void)rows;
	return render_csv_of(sink)->out.err;
}

static enum err
render_csv_end(struct doc_sink *sink)
{
	return render_out_flush(&render_csv_of(sink)->out);
}

static void
render_csv_free(struct doc_sink *sink)
{
	struct render_csv *csv = render_csv_of(sink);

	render_out_fini(&csv->out);
	arena_free(csv->scratch);
	arena_free(csv->arena);
}

struct doc_sink *
render_csv_new(struct doc_out out, bool totals)
{
	static const struct doc_sink_ops ops = {
		.begin = render_csv_begin,
		.heading = render_csv_skip_text,
		.note = render_csv_skip_text,
		.fields = render_csv_fields,
		.signatures = render_csv_signatures,
		.chart = render_csv_chart,
		.table = render_csv_table,
		.group = render_csv_group,
		.row = render_csv_row,
		.table_end = render_csv_table_end,
		.end = render_csv_end,
		.free = render_csv_free,
	};
	struct arena *arena = arena_new(0);
	struct render_csv *csv = ARENA_NEW(arena, struct render_csv);

	csv->sink.ops = &ops;
	csv->arena = arena;
	csv->scratch = arena_new(0);
	csv->out.to = out;
	csv->writer = (struct csv_writer){
		.out = &csv->out.buf, .delimiter = ',', .crlf = true, .defuse = true
	};
	csv->totals = totals;
	return &csv->sink;
}
