/*
 * Inside of a report that is a text, shared by its files: report_file_sql.c fills in parameters
 * and placeholders, report_file_cell.c says what the reader sees and what cells show,
 * report_file_chart.c and report_file_pivot.c collect charts and pivots, report_file_run.c
 * makes the document of it. Nothing else includes this.
 */
#ifndef KEHU_REPORT_FILE_RUN_H
#define KEHU_REPORT_FILE_RUN_H

#include "server/report/report_file.h"

#define RUN_PIVOT_MAX  36 /* columns made of values */
#define RUN_SLICES_MAX 11 /* of a pie */
#define RUN_POINTS_MAX 40 /* of another chart; what comes after is one more, "others" */

/* One chart while rows come. */
struct run_chart {
	const struct file_chart *chart;
	const char *series[DOC_SERIES_MAX],
	    *keys[DOC_SERIES_MAX]; /* keys: of a column across */
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
	struct file_column
	    columns[FILE_COLUMNS_MAX];              /* with the fields that parameters chose */
	bool seen[FILE_COLUMNS_MAX];                /* by this reader */
	size_t source[FILE_COLUMNS_MAX];            /* its column of the SQL */
	size_t shown[DOC_COLUMNS_MAX], shown_count; /* columns of the document, in order */
	size_t groups[DOC_LEVELS_MAX], group_count;
	struct doc_cell
	    last[FILE_COLUMNS_MAX]; /* of hidden columns: the whole that shares are of */
	struct run_chart *charts[FILE_CHARTS_MAX];
	size_t chart_count;
};

/* What a parameter says in the head. */
const char *run_parameter_text(struct report *report, size_t at);
/* head, the table's SQL, tail: constant texts and names of columns. */
struct sql *run_select(struct file_run *run, const char *head, const char *tail);

/* Columns with the field that a parameter chose, where each stands in the SQL, and which are
 * seen. */
void run_look(struct file_run *run);
/* In the reader's language; NULL: nothing is said. */
const char *run_words(const struct file_run *run, const struct file_words *words);
/* Worked out of others, not in the SQL. */
bool run_is_worked(const struct file_column *column);
struct doc_cell run_cell(
    const struct file_run *run, const struct rows *rows, size_t row, size_t at);
/* The same as a heading or a label. */
const char *run_cell_text(const struct file_run *run, struct arena *arena,
    const struct rows *rows, size_t row, size_t at);
/* Cells of columns that are worked out of others, which stand in cells already. */
void run_work_out(const struct file_run *run, struct doc_cell *cells);
/* A column of the document. */
struct doc_column run_column(const struct file_run *run, size_t at);

void run_open_charts(struct file_run *run);
MUST_CHECK enum err run_add_points(
    struct file_run *run, struct arena *arena, const struct rows *rows, size_t row);
MUST_CHECK enum err run_put_charts(struct file_run *run);

/* The table with the values of one column as columns. */
MUST_CHECK enum err run_pivot_table(struct file_run *run);

#endif
