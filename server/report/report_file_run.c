/*
 * Making a report of a text: its tables one after the other into the document, row by row as
 * they come.
 */
#include "server/report/report_file_run.h"

#include <string.h>

static void
run_total(void *ctx, size_t depth, uint64_t rows, struct doc_cell *cells)
{
	(void)depth;
	(void)rows;
	run_work_out(ctx, cells);
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
run_add_row(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
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
run_add_card(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
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

	/* the record that a card is of says itself */
	for (size_t i = file->info.entity != NULL; i < file->parameter_count; i++)
		if (report->parameters[i].present)
			params[count++] = (struct doc_field){
				.label = call_say(report->call, file->parameters[i].en,
				    file->parameters[i].zh),
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
		if (runs[i].table->card)
			continue;
		for (size_t k = 0; k < runs[i].shown_count; k++)
			columns[k] = run_column(&runs[i], runs[i].shown[k]);
		if (runs[i].shown_count > 0 &&
		    doc_paper_for(columns, runs[i].shown_count) == DOC_A4_WIDE)
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
		runs[i] = (struct file_run){ .report = report,
			.file = file,
			.table = &file->tables[i],
			.arena = arena };
		run_look(&runs[i]);
	}
	err = run_begin(report, run_paper(report, runs, file->table_count));
	for (size_t i = 0; i < file->table_count && err == ERR_OK; i++)
		if (runs[i].shown_count > 0)
			err = run_table(&runs[i]);
	for (size_t i = 0; i < file->note_count && err == ERR_OK; i++)
		err = doc_note(
		    report->doc, call_say(report->call, file->notes[i].en, file->notes[i].zh));
	return err == ERR_OK ? doc_end(report->doc) : err;
}
