/* Charts of a report that is a text, collected while its rows come. */
#include "server/report/report_file_run.h"

#include <stdlib.h>
#include <string.h>

static struct run_chart *
run_open_chart(struct file_run *run, const struct file_chart *of)
{
	struct run_chart *chart = ARENA_NEW(run->arena, struct run_chart);

	chart->chart = of;
	chart->most = of->kind == DOC_PIE ? RUN_SLICES_MAX : RUN_POINTS_MAX;
	for (size_t i = 0; i < of->value_count && of->across == 0; i++)
		chart->series[chart->series_count++] =
		    run_words(run, &run->columns[of->values[i]].title);
	return chart;
}

void
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

/* The place of a label among the points; what comes after the last one is one more, "others".
 */
static size_t
run_point(struct file_run *run, struct run_chart *chart, const char *label)
{
	size_t at = chart->count;

	for (size_t i = 0;
	     i < chart->count && (chart->chart->across != 0 || chart->chart->by_group); i++)
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
				    : run_series(run, chart,
					  run_cell_text(run, arena, rows, row, of->across - 1));

		err = run_add_value(chart, point, series, &cell);
	}
	return err;
}

enum err
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

enum err
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
