/*
 * Layout of charts. Bars, stacks, Pareto charts and heat maps are lines of cells, which every
 * page sink shows in its way; a line chart and a pie are drawn where a sink can draw, over as
 * many lines as say the same in text.
 */
#include "common/money.h"
#include "common/text.h"
#include "server/report/doc_layout.h"

#include <string.h>

#define CHART_PLOT_LINES 11 /* of a line chart, without axis and labels */
#define CHART_PIE_LINES  12 /* a pie is at least so high */
#define CHART_WHOLE      10000

struct chart {
	struct layout *layout;
	const struct doc_chart *doc;
	uint16_t label_cols, value_cols, bar_cols, bar_col;
	uint64_t largest; /* what a full bar is */
	int64_t whole;    /* sum of the first series */
};

static uint64_t
chart_size(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static int
chart_share(const struct chart *chart, int64_t value)
{
	int share =
	    (int)((double)chart_size(value) / (double)chart->largest * CHART_WHOLE + 0.5);

	return value < 0 ? -share : share;
}

static const char *
chart_figure(const struct chart *chart, int64_t value)
{
	return money_format(chart->layout->scratch, value, (int)chart->doc->decimals, false);
}

static int64_t
chart_sum(const struct doc_chart *doc, size_t point)
{
	int64_t sum = 0;

	for (size_t s = 0; s < doc->series_count; s++)
		if (__builtin_add_overflow(sum, doc->points[point].values[s], &sum))
			return INT64_MAX;
	return sum;
}

static void
chart_measure(struct chart *chart)
{
	const struct doc_chart *doc = chart->doc;
	uint16_t cols = chart->layout->grid->cols;
	bool stacked = doc->kind == DOC_STACKED;

	chart->largest = 1;
	for (size_t i = 0; i < doc->count; i++) {
		size_t label = text_cols(doc->points[i].label);

		if (label > chart->label_cols)
			chart->label_cols = (uint16_t)(label < cols / 3U ? label : cols / 3U);
		if (__builtin_add_overflow(
			chart->whole, doc->points[i].values[0], &chart->whole))
			chart->whole = INT64_MAX;
		for (size_t s = 0; s < (stacked ? 1 : doc->series_count); s++) {
			int64_t value = stacked ? chart_sum(doc, i) : doc->points[i].values[s];
			size_t wide = text_cols(chart_figure(chart, value));

			if (wide > chart->value_cols)
				chart->value_cols = (uint16_t)wide;
			if (chart_size(value) > chart->largest)
				chart->largest = chart_size(value);
		}
	}
	if (doc->kind == DOC_PIE || doc->kind == DOC_PARETO)
		chart->value_cols = (uint16_t)(chart->value_cols + 8);
	chart->bar_col = (uint16_t)(chart->label_cols + 2);
	chart->bar_cols = (uint16_t)(cols - chart->bar_col - chart->value_cols - 2);
}

/* Which mark is which series; of one there is nothing to tell. */
static enum err
chart_legend(struct chart *chart)
{
	const struct doc_chart *doc = chart->doc;
	struct layout *layout = chart->layout;
	struct page_item *items;
	uint16_t col = 0;
	size_t used = 0;
	enum err err;

	if (doc->series_count < 2 || doc->kind == DOC_HEAT)
		return ERR_OK;
	err = layout_need(layout, 1, 0);
	if (err != ERR_OK)
		return err;
	items = layout_add(layout, PAGE_BAR, 2 * doc->series_count);
	for (size_t s = 0; s < doc->series_count; s++) {
		size_t wide = text_cols(doc->series[s]);

		if (col + 4 + wide > layout->grid->cols)
			break;
		items[used++] = (struct page_item){ .col = col,
			.cols = 2,
			.align = DOC_LEFT,
			.style = PAGE_SHARE,
			.share = CHART_WHOLE,
			.tone = (unsigned)s };
		layout_set(layout->page->arena, &items[used++], (uint16_t)(col + 3),
		    (uint16_t)wide, DOC_LEFT, doc->series[s]);
		col = (uint16_t)(col + wide + 6);
	}
	layout_last(layout)->count = used;
	return ERR_OK;
}

/* ---- bars -------------------------------------------------------------------------------- */

static void
chart_bar(struct chart *chart, enum page_line_kind kind, const char *label, int64_t value,
    size_t series, const char *figure, int dot)
{
	struct layout *layout = chart->layout;
	struct page_item *items = layout_add(layout, kind, 3);
	struct arena *arena = layout->page->arena;

	layout_set(arena, &items[0], 0, chart->label_cols, DOC_LEFT, label);
	items[1] = (struct page_item){ .col = chart->bar_col,
		.cols = chart->bar_cols,
		.align = DOC_LEFT,
		.style = PAGE_SHARE,
		.share = chart_share(chart, value),
		.dot = dot,
		.tone = (unsigned)series };
	layout_set(arena, &items[2], (uint16_t)(layout->grid->cols - chart->value_cols),
	    chart->value_cols, DOC_RIGHT, figure);
}

static enum err
chart_bars(struct chart *chart)
{
	const struct doc_chart *doc = chart->doc;
	enum err err = ERR_OK;

	for (size_t i = 0; i < doc->count; i++) {
		err = layout_need(chart->layout, doc->series_count, 0);
		for (size_t s = 0; s < doc->series_count && err == ERR_OK; s++) {
			int64_t value = doc->points[i].values[s];

			chart_bar(chart, PAGE_BAR, s == 0 ? doc->points[i].label : "", value, s,
			    chart_figure(chart, value), 0);
		}
		if (err != ERR_OK)
			break;
	}
	return err;
}

/* "1,200  34.5 %" */
static const char *
chart_figure_share(const struct chart *chart, int64_t value, int64_t part)
{
	int64_t share = 0;

	if (chart->whole == 0 || money_scale(part, 1000, chart->whole, &share) != ERR_OK)
		share = 0;
	return arena_printf(chart->layout->scratch, "%s %5s %%", chart_figure(chart, value),
	    money_format(chart->layout->scratch, share, 1, false));
}

static enum err
chart_pareto(struct chart *chart)
{
	const struct doc_chart *doc = chart->doc;
	int64_t so_far = 0, share;
	enum err err = ERR_OK;

	for (size_t i = 0; i < doc->count && err == ERR_OK; i++) {
		int64_t value = doc->points[i].values[0];

		if (__builtin_add_overflow(so_far, value, &so_far))
			return ERR_TOO_LARGE;
		if (chart->whole <= 0 ||
		    money_scale(so_far, CHART_WHOLE, chart->whole, &share) != ERR_OK)
			share = 0;
		share = share < 0 ? 0 : share > CHART_WHOLE ? CHART_WHOLE : share;
		err = layout_need(chart->layout, 1, 0);
		if (err == ERR_OK)
			chart_bar(chart, PAGE_BAR, doc->points[i].label, value, 0,
			    chart_figure_share(chart, value, so_far), 1 + (int)share);
	}
	return err;
}

/* The series one after the other; what is below nothing has no place in a stack. */
static void
chart_stack(struct chart *chart, size_t point)
{
	const struct doc_chart *doc = chart->doc;
	struct layout *layout = chart->layout;
	struct page_item *items = layout_add(layout, PAGE_BAR, doc->series_count + 2);
	struct arena *arena = layout->page->arena;
	double sum = 0, full = (double)chart->largest;
	uint16_t at = 0;
	size_t used = 0;

	layout_set(
	    arena, &items[used++], 0, chart->label_cols, DOC_LEFT, doc->points[point].label);
	for (size_t s = 0; s < doc->series_count; s++) {
		int64_t value = doc->points[point].values[s];
		uint16_t end;

		sum += value > 0 ? (double)value : 0;
		end = (uint16_t)(sum / full * chart->bar_cols + 0.5);
		if (end > chart->bar_cols)
			end = chart->bar_cols;
		if (end > at)
			items[used++] =
			    (struct page_item){ .col = (uint16_t)(chart->bar_col + at),
				    .cols = (uint16_t)(end - at),
				    .align = DOC_LEFT,
				    .style = PAGE_SHARE,
				    .share = CHART_WHOLE,
				    .tone = (unsigned)s };
		at = end > at ? end : at;
	}
	layout_set(arena, &items[used++], (uint16_t)(layout->grid->cols - chart->value_cols),
	    chart->value_cols, DOC_RIGHT, chart_figure(chart, chart_sum(doc, point)));
	layout_last(layout)->count = used;
}

static enum err
chart_stacks(struct chart *chart)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < chart->doc->count && err == ERR_OK; i++) {
		err = layout_need(chart->layout, 1, 0);
		if (err == ERR_OK)
			chart_stack(chart, i);
	}
	return err;
}

/* ---- heat map ---------------------------------------------------------------------------- */

static enum err
chart_heat(struct chart *chart)
{
	const struct doc_chart *doc = chart->doc;
	struct layout *layout = chart->layout;
	uint16_t room = (uint16_t)(layout->grid->cols - chart->bar_col);
	uint16_t cell =
	    (uint16_t)(room / doc->series_count > 14 ? 14 : room / doc->series_count);
	enum err err = ERR_OK;

	for (size_t i = 0; i <= doc->count && err == ERR_OK; i++) {
		struct page_item *items;

		err = layout_need(layout, i == 0 ? 3 : 1, 0);
		if (err != ERR_OK)
			break;
		items = layout_add(layout, PAGE_BAR, doc->series_count + 1);
		layout_set(layout->page->arena, &items[0], 0, chart->label_cols, DOC_LEFT,
		    i > 0 ? doc->points[i - 1].label : "");
		for (size_t s = 0; s < doc->series_count; s++) {
			int64_t value = i > 0 ? doc->points[i - 1].values[s] : 0;

			layout_set(layout->page->arena, &items[s + 1],
			    (uint16_t)(chart->bar_col + s * cell), (uint16_t)(cell - 1),
			    DOC_RIGHT,
			    i == 0       ? doc->series[s]
			    : value != 0 ? chart_figure(chart, value)
					 : "");
			if (i > 0) {
				int share = chart_share(chart, value);

				items[s + 1].style = PAGE_SHADE;
				items[s + 1].share = share < 0 ? 0 : share;
			}
		}
	}
	return err;
}

/* ---- what is drawn ----------------------------------------------------------------------- */

/* Begins a drawn chart of so many lines, all on one page. */
static enum err
chart_open_block(struct chart *chart, size_t lines)
{
	return layout_need(chart->layout, lines, 0);
}

static void
chart_close_block(struct chart *chart, size_t first)
{
	struct layout_page *page = chart->layout->page;

	page->lines[first].chart = doc_chart_dup(page->arena, chart->doc);
	page->lines[first].chart_lines = page->count - first;
}

static enum err
chart_pie(struct chart *chart)
{
	const struct doc_chart *doc = chart->doc;
	size_t lines = doc->count > CHART_PIE_LINES ? doc->count : CHART_PIE_LINES, first;
	enum err err = chart_open_block(chart, lines);

	if (err != ERR_OK)
		return err;
	if (lines > layout_room(chart->layout))
		return chart_bars(chart);
	first = chart->layout->page->count;
	for (size_t i = 0; i < doc->count; i++) {
		int64_t value = doc->points[i].values[0];

		chart_bar(chart, PAGE_CHART, doc->points[i].label, value, 0,
		    chart_figure_share(chart, value, value), 0);
	}
	for (size_t i = doc->count; i < lines; i++)
		layout_add(chart->layout, PAGE_CHART, 0);
	chart_close_block(chart, first);
	return ERR_OK;
}

/* Lowest and highest value, nothing included. */
static void
chart_range(const struct doc_chart *doc, double *low, double *high)
{
	*low = *high = 0;
	for (size_t i = 0; i < doc->count; i++)
		for (size_t s = 0; s < doc->series_count; s++) {
			double value = (double)doc->points[i].values[s];

			*low = value < *low ? value : *low;
			*high = value > *high ? value : *high;
		}
	if (*high <= *low)
		*high = *low + 1;
}

/* The points of all series on a grid of characters. */
static void
chart_plot(const struct chart *chart, char plot[CHART_PLOT_LINES][140], size_t cols)
{
	const struct doc_chart *doc = chart->doc;
	double low, high;

	chart_range(doc, &low, &high);
	for (size_t y = 0; y < CHART_PLOT_LINES; y++) {
		memset(plot[y], ' ', cols);
		plot[y][cols] = '\0';
	}
	for (size_t s = 0; s < doc->series_count; s++)
		for (size_t i = 0; i < doc->count; i++) {
			size_t x = doc->count > 1 ? i * (cols - 1) / (doc->count - 1) : 0;
			double height = ((double)doc->points[i].values[s] - low) / (high - low);

			plot[(size_t)((1 - height) * (CHART_PLOT_LINES - 1) + 0.5)][x] =
			    page_tone_mark((unsigned)s);
		}
}

static void
chart_plot_line(struct chart *chart, const char *figure, const char *text)
{
	struct layout *layout = chart->layout;
	struct page_item *items = layout_add(layout, PAGE_CHART, 2);

	layout_set(layout->page->arena, &items[0], 0, chart->value_cols, DOC_RIGHT, figure);
	layout_set(layout->page->arena, &items[1], (uint16_t)(chart->value_cols + 1),
	    (uint16_t)(layout->grid->cols - chart->value_cols - 1), DOC_LEFT, text);
}

/* As many labels as stand side by side below the axis. */
static void
chart_plot_labels(struct chart *chart, size_t cols)
{
	const struct doc_chart *doc = chart->doc;
	struct layout *layout = chart->layout;
	struct page_item *items = layout_add(layout, PAGE_CHART, doc->count);
	size_t used = 0, end = 0;

	for (size_t i = 0; i < doc->count; i++) {
		size_t wide = text_cols(doc->points[i].label);
		size_t x = doc->count > 1 ? i * (cols - 1) / (doc->count - 1) : 0;
		size_t col = x + 1 > wide / 2 ? x + 1 - wide / 2 : 0;

		if (col + wide > cols + 1)
			col = cols + 1 > wide ? cols + 1 - wide : 0;
		if (used > 0 && col < end + 2)
			continue;
		layout_set(layout->page->arena, &items[used++],
		    (uint16_t)(chart->value_cols + 1 + col), (uint16_t)wide, DOC_LEFT,
		    doc->points[i].label);
		end = col + wide;
	}
	layout_last(layout)->count = used;
}

static enum err
chart_line(struct chart *chart)
{
	size_t cols = (size_t)(chart->layout->grid->cols - chart->value_cols - 3), first;
	char plot[CHART_PLOT_LINES][140];
	enum err err = chart_open_block(chart, CHART_PLOT_LINES + 2);
	double low, high;

	if (err != ERR_OK)
		return err;
	first = chart->layout->page->count;
	chart_plot(chart, plot, cols);
	chart_range(chart->doc, &low, &high);
	for (size_t y = 0; y < CHART_PLOT_LINES; y++) {
		bool marked = y % ((CHART_PLOT_LINES - 1) / 2) == 0;
		double value = high - (high - low) * (double)y / (CHART_PLOT_LINES - 1);

		chart_plot_line(chart, marked ? chart_figure(chart, (int64_t)value) : "",
		    arena_printf(chart->layout->scratch, "|%s", plot[y]));
	}
	memset(plot[0], '-', cols);
	chart_plot_line(chart, "", arena_printf(chart->layout->scratch, "+%s", plot[0]));
	chart_plot_labels(chart, cols);
	chart_close_block(chart, first);
	return ERR_OK;
}

enum err
layout_chart(struct doc_sink *sink, const struct doc_chart *doc)
{
	static enum err (*const kinds[])(struct chart * chart) = { [DOC_BARS] = chart_bars,
		[DOC_STACKED] = chart_stacks,
		[DOC_LINE] = chart_line,
		[DOC_PIE] = chart_pie,
		[DOC_PARETO] = chart_pareto,
		[DOC_HEAT] = chart_heat };
	struct chart chart = { .layout = (struct layout *)(void *)sink, .doc = doc };
	bool drawn = doc->kind == DOC_LINE || doc->kind == DOC_PIE;
	enum err err;

	arena_reset(chart.layout->scratch);
	chart_measure(&chart);
	err = layout_need(chart.layout,
	    drawn            ? CHART_PLOT_LINES + 5
	    : doc->count < 6 ? doc->count * doc->series_count % 24 + 3
			     : 6,
	    0);
	if (err != ERR_OK || doc->count == 0)
		return err;
	layout_add_gap(chart.layout);
	if (doc->title != NULL)
		layout_add_text(chart.layout, PAGE_HEADING, 0, DOC_LEFT, doc->title);
	err = chart_legend(&chart);
	return err == ERR_OK ? kinds[doc->kind](&chart) : err;
}
