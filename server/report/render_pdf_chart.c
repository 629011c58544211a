/*
 * Drawn charts: lines over an axis, and a pie with its legend. What is only bars is drawn line
 * by line in render_pdf_draw.c.
 */
#include "server/report/render_pdf.h"

#include "common/money.h"

#define CHART_TICKS 5

struct plot {
	struct pdf_draw *draw;
	const struct doc_chart *chart;
	struct pdf_box area;
	double low, high;
	struct arena *arena;
};

static const char *
plot_figure(const struct plot *plot, double value)
{
	return money_format(plot->arena, (int64_t)value, (int)plot->chart->decimals, false);
}

/* Steps of 1, 2 or 5 times a power of ten, so that people can read values off. */
static double
plot_step(double range)
{
	static const double parts[] = { 1, 2, 5, 10 };
	double step = 1;

	while (step * 10 * CHART_TICKS < range)
		step *= 10;
	for (size_t i = 0; i < 4; i++)
		if (step * parts[i] * CHART_TICKS >= range)
			return step * parts[i];
	return step * 10;
}

static void
plot_measure(struct plot *plot)
{
	const struct doc_chart *chart = plot->chart;
	double step, low = 0, high = 0;

	for (size_t i = 0; i < chart->count; i++)
		for (size_t s = 0; s < chart->series_count; s++) {
			double value = (double)chart->points[i].values[s];

			low = value < low ? value : low;
			high = value > high ? value : high;
		}
	step = plot_step(high - low > 0 ? high - low : 1);
	while (plot->high < high || plot->high <= 0)
		plot->high += step;
	while (plot->low > low)
		plot->low -= step;
}

static double
plot_y(const struct plot *plot, double value)
{
	return plot->area.y +
	       plot->area.height * (plot->high - value) / (plot->high - plot->low);
}

static double
plot_x(const struct plot *plot, size_t i)
{
	size_t steps = plot->chart->count > 1 ? plot->chart->count - 1 : 1;

	return plot->area.x + plot->area.width * (double)i / (double)steps;
}

static void
plot_axes(struct plot *plot)
{
	const struct pdf_box *area = &plot->area;
	double step = plot_step(plot->high - plot->low), used = -1000;

	for (double value = plot->low; value <= plot->high + step / 2; value += step) {
		double y = plot_y(plot, value);

		pdf_draw_line(plot->draw, value == 0 ? &pdf_ink_quiet : &pdf_ink_hair, 0.5,
		    area->x, y, area->x + area->width, y);
		pdf_draw_label(
		    plot->draw, plot_figure(plot, value), DOC_RIGHT, area->x - 5, y, 90);
	}
	for (size_t i = 0; i < plot->chart->count; i++) {
		double x = plot_x(plot, i), room = 38;

		if (x - used < room)
			continue;
		pdf_draw_line(plot->draw, &pdf_ink_quiet, 0.5, x, area->y + area->height, x,
		    area->y + area->height + 3);
		pdf_draw_label(plot->draw, plot->chart->points[i].label, DOC_CENTRE, x,
		    area->y + area->height + 10, room);
		used = x;
	}
}

static void
plot_lines(struct plot *plot)
{
	for (size_t s = 0; s < plot->chart->series_count; s++) {
		const struct pdf_ink *ink = pdf_ink_tone((unsigned)s);

		for (size_t i = 0; i < plot->chart->count; i++) {
			double x = plot_x(plot, i),
			       y = plot_y(plot, (double)plot->chart->points[i].values[s]);

			if (i > 0)
				pdf_draw_line(plot->draw, ink, 1.4, plot_x(plot, i - 1),
				    plot_y(plot, (double)plot->chart->points[i - 1].values[s]),
				    x, y);
			pdf_draw_disc(plot->draw, ink, x, y, 2);
		}
	}
}

/* ---- pie --------------------------------------------------------------------------------- */

static void
pie_slice(
    struct plot *plot, double x, double y, double radius, double from, double to, unsigned tone)
{
	const struct pdf_ink *ink = pdf_ink_tone(tone);
	cairo_t *cr = plot->draw->cr;

	cairo_set_source_rgb(cr, ink->r, ink->g, ink->b);
	cairo_move_to(cr, x, y);
	cairo_arc(cr, x, y, radius, from, to);
	cairo_close_path(cr);
	cairo_fill_preserve(cr);
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_set_line_width(cr, 0.8);
	cairo_stroke(cr);
}

static void
pie_legend(struct plot *plot, size_t i, double x, double y, double whole)
{
	const struct doc_point *point = &plot->chart->points[i];
	double right = plot->area.x + plot->area.width;

	pdf_draw_disc(plot->draw, pdf_ink_tone((unsigned)i), x, y, 3.4);
	pdf_draw_label(plot->draw, point->label, DOC_LEFT, x + 9, y, right - x - 140);
	pdf_draw_label(plot->draw, plot_figure(plot, (double)point->values[0]), DOC_RIGHT,
	    right - 50, y, 90);
	if (whole > 0)
		pdf_draw_label(plot->draw,
		    arena_printf(
			plot->arena, "%.1f %%", (double)point->values[0] * 100 / whole),
		    DOC_RIGHT, right, y, 48);
}

/* Slices clockwise from the top; what is not above nothing has none. */
static void
plot_pie(struct plot *plot)
{
	const struct pdf_box *area = &plot->area;
	double radius = area->height * 0.46, at = -G_PI / 2, whole = 0;
	double x = area->x + radius + 20, y = area->y + area->height / 2;
	double pitch =
	    area->height / (double)(plot->chart->count > 12 ? plot->chart->count : 12);

	if (radius > 90)
		radius = 90;
	for (size_t i = 0; i < plot->chart->count; i++)
		whole += plot->chart->points[i].values[0] > 0
			     ? (double)plot->chart->points[i].values[0]
			     : 0;
	for (size_t i = 0; i < plot->chart->count; i++) {
		double value = (double)plot->chart->points[i].values[0];
		double turn = whole > 0 && value > 0 ? value / whole * 2 * G_PI : 0;

		if (turn > 0)
			pie_slice(plot, x, y, radius, at, at + turn, (unsigned)i);
		at += turn;
		pie_legend(
		    plot, i, x + radius + 40, area->y + pitch * ((double)i + 0.5), whole);
	}
}

void
pdf_draw_chart(struct pdf_draw *draw, const struct doc_chart *chart, const struct pdf_box *box)
{
	struct plot plot = {
		.draw = draw, .chart = chart, .area = *box, .arena = arena_new(0)
	};

	if (chart->kind == DOC_PIE) {
		plot_pie(&plot);
	} else {
		plot.area.x += 62;
		plot.area.width -= 62 + 24;
		plot.area.y += 6;
		plot.area.height -= 26;
		plot_measure(&plot);
		plot_axes(&plot);
		plot_lines(&plot);
	}
	arena_free(plot.arena);
}
