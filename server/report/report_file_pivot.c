/*
 * A pivot: the values of one column become columns. They are read first; then rows of the same
 * line, which come one after another, are put together.
 */
#include "server/report/report_file_run.h"

#include "common/text.h"

#include <string.h>

struct pivot {
	struct file_run *run;
	const char *keys[RUN_PIVOT_MAX + 1], *headings[RUN_PIVOT_MAX + 1];
	size_t key_count;
	size_t fixed[DOC_COLUMNS_MAX], fixed_count; /* columns that say what a row is of */
	struct arena *arena;                        /* of the row being put together */
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
pivot_add_key(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct pivot *pivot = to;
	struct file_run *run = pivot->run;
	size_t column = run->table->pivot - 1;
	struct file_run look = *run; /* the key is the only column of this statement */
	const char *key = rows_text(rows, row, 0);

	look.source[column] = 0;
	if (pivot->key_count == RUN_PIVOT_MAX)
		return CALL_FAIL(report->call, ERR_NARROW,
		    .text = call_say(report->call,
			"More columns than a page holds; ask for a shorter period or less",
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

/* Room for the heading and for figures that are no sums over everything. */
static size_t
pivot_cols(const struct doc_column *column)
{
	size_t need = column->kind == DOC_INTEGER ? 5 : 9, title = text_cols(column->title);

	return title > need && title <= 12 ? title : need;
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
			const char *heading =
			    k < pivot->key_count ? pivot->headings[k]
						 : call_say(run->report->call, "Total", "合计");

			column.title =
			    table->pivot_value_count == 1
				? heading
				: arena_printf(run->arena, "%s %s", heading, column.title);
			if (column.min_cols == 0)
				column.min_cols = (uint16_t)pivot_cols(&column);
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
	return __builtin_add_overflow(sum->value, cell->value, &sum->value) ? ERR_TOO_LARGE
									    : ERR_OK;
}

static enum err
pivot_add_row(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
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
		return CALL_FAIL(
		    report->call, ERR_STALE); /* it came up since the columns were made */
	for (size_t v = 0; v < values && err == ERR_OK; v++) {
		struct doc_cell cell = run_cell(run, rows, row, table->pivot_values[v]);

		err = pivot_add_value(pivot, pivot->fixed_count + k * values + v, &cell);
		if (err == ERR_OK)
			err = pivot_add_value(
			    pivot, pivot->fixed_count + pivot->key_count * values + v, &cell);
	}
	return err;
}

enum err
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
		if (run->shown[i] != run->table->pivot - 1 &&
		    !pivot_is_value(run->table, run->shown[i]))
			pivot->fixed[pivot->fixed_count++] = run->shown[i];
	err = pivot_read_keys(pivot);
	if (err != ERR_OK)
		return err;
	if (pivot->fixed_count + (pivot->key_count + 1) * run->table->pivot_value_count >
	    DOC_COLUMNS_MAX)
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
