/*
 * Drawing of a page: the layout's lines and cells become points. Lines breathe where the page
 * has room (titles are taller, rules thinner than a line of text, fields of a sheet get air),
 * but nothing moves to another page: heights always add up to less than the grid's.
 *
 * Texts are set proportionally in the cells the layout gave them; one that is still too wide
 * (a word of capitals) is narrowed, never cut.
 */
#include "server/report/render_pdf.h"

#include <string.h>

#define DRAW_LINES_MAX     64
#define DRAW_MARGIN_X      58.0
#define DRAW_MARGIN_TOP    38.0
#define DRAW_MARGIN_BOTTOM 34.0
#define DRAW_BLEED         4.0  /* tinted grounds reach so far beyond their text */
#define DRAW_FIELD_AIR     0.75 /* of a line, added to a sheet's field where there is room */

const struct pdf_ink pdf_ink_text = { 0.13, 0.14, 0.16 };
const struct pdf_ink pdf_ink_quiet = { 0.42, 0.45, 0.50 };
static const struct pdf_ink ink_strong = { 0.11, 0.23, 0.40 };
const struct pdf_ink pdf_ink_hair = { 0.78, 0.81, 0.85 };
static const struct pdf_ink ink_zebra = { 0.965, 0.972, 0.982 };
static const struct pdf_ink ink_tint = { 0.915, 0.935, 0.960 };
/* Of the series, one after the other. */
static const struct pdf_ink ink_tones[] = { { 0.37, 0.53, 0.74 }, { 0.91, 0.62, 0.29 }, { 0.45, 0.67, 0.44 },
	{ 0.78, 0.42, 0.36 }, { 0.55, 0.47, 0.70 }, { 0.38, 0.66, 0.67 }, { 0.80, 0.72, 0.35 }, { 0.60, 0.60, 0.63 },
	{ 0.72, 0.50, 0.62 }, { 0.30, 0.42, 0.56 }, { 0.62, 0.76, 0.85 }, { 0.70, 0.80, 0.62 } };
static const struct pdf_ink ink_dark = { 0.62, 0.30, 0.16 };
static const struct pdf_ink ink_minus = { 0.78, 0.42, 0.36 };

/* Where each line of a page stands. */
struct draw_place {
	double y[DRAW_LINES_MAX], height[DRAW_LINES_MAX];
};

/* The font has no bold cut; the thickened one needs a little more room between letters. */
static void
draw_space_letters(PangoLayout *layout, double space)
{
	PangoAttrList *list = pango_attr_list_new();

	pango_attr_list_insert(list, pango_attr_letter_spacing_new((int)(space * PANGO_SCALE)));
	pango_layout_set_attributes(layout, list);
	pango_attr_list_unref(list);
}

void
pdf_draw_init(struct pdf_draw *draw, cairo_t *cr, const struct page_grid *grid)
{
	static const double scales[PDF_FONTS] = {
		[PDF_BODY] = 1, [PDF_STRONG] = 1, [PDF_SMALL] = 0.86, [PDF_TITLE] = 1.75
	};
	struct pdf_frame *frame = &draw->frame;
	cairo_font_options_t *options = cairo_font_options_create();

	draw->cr = cr;
	draw->grid = grid;
	frame->left = DRAW_MARGIN_X;
	frame->top = DRAW_MARGIN_TOP;
	frame->width = grid->width_pt - 2 * DRAW_MARGIN_X;
	frame->height = grid->height_pt - DRAW_MARGIN_TOP - DRAW_MARGIN_BOTTOM;
	frame->cell = frame->width / grid->cols;
	frame->pitch = frame->height / grid->lines;
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	for (int i = 0; i < PDF_FONTS; i++) {
		PangoFontDescription *font = pango_font_description_from_string(PDF_FONT);
		PangoContext *context = pango_cairo_create_context(cr);

		draw->sizes[i] = frame->pitch * 0.80 * scales[i];
		pango_font_description_set_absolute_size(font, draw->sizes[i] * PANGO_SCALE);
		if (i == PDF_STRONG || i == PDF_TITLE)
			pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
		pango_cairo_context_set_font_options(context, options);
		pango_context_set_round_glyph_positions(context, FALSE);
		draw->layouts[i] = pango_layout_new(context);
		pango_layout_set_font_description(draw->layouts[i], font);
		pango_layout_set_single_paragraph_mode(draw->layouts[i], TRUE);
		if (i == PDF_STRONG || i == PDF_TITLE)
			draw_space_letters(draw->layouts[i], draw->sizes[i] * 0.03);
		g_object_unref(context);
		pango_font_description_free(font);
	}
	cairo_font_options_destroy(options);
}

void
pdf_draw_fini(struct pdf_draw *draw)
{
	for (int i = 0; i < PDF_FONTS; i++)
		g_clear_object(&draw->layouts[i]);
}

static void
draw_ink_set(cairo_t *cr, const struct pdf_ink *ink)
{
	cairo_set_source_rgb(cr, ink->r, ink->g, ink->b);
}

void
pdf_draw_line(struct pdf_draw *draw, const struct pdf_ink *ink, double thick, double x0, double y0,
    double x1, double y1)
{
	draw_ink_set(draw->cr, ink);
	cairo_set_line_width(draw->cr, thick);
	cairo_move_to(draw->cr, x0, y0);
	cairo_line_to(draw->cr, x1, y1);
	cairo_stroke(draw->cr);
}

static void
draw_ground(struct pdf_draw *draw, const struct pdf_ink *ink, double x, double y, double width,
    double height)
{
	draw_ink_set(draw->cr, ink);
	cairo_rectangle(draw->cr, x, y, width, height);
	cairo_fill(draw->cr);
}

static double
draw_x(const struct pdf_draw *draw, int col)
{
	return draw->frame.left + col * draw->frame.cell;
}

static enum page_line_kind
draw_kind(const struct page *page, size_t i)
{
	return i < page->count ? page->lines[i].kind : PAGE_BLANK;
}

/* Height of a line in lines. Beside a title a blank is shorter; that pays for the title. */
static double
draw_weight(const struct page *page, size_t i)
{
	switch (page->lines[i].kind) {
	case PAGE_TITLE:
		return 1.8;
	case PAGE_RULE:
	case PAGE_TOTAL_RULE:
		return 0.4;
	case PAGE_BLANK:
		if (draw_kind(page, i + 1) == PAGE_TITLE ||
		    (i > 0 && draw_kind(page, i - 1) == PAGE_TITLE))
			return 0.6;
		return 1;
	default:
		return 1;
	}
}

static bool
draw_row_ends(const struct page *page, size_t i)
{
	return draw_kind(page, i + 1) != page->lines[i].kind || page->lines[i + 1].first;
}

/* From the top down; the foot at the bottom. Blank lines at the end are what is left. */
static void
draw_place(const struct pdf_draw *draw, const struct page *page, struct draw_place *place)
{
	const struct pdf_frame *frame = &draw->frame;
	size_t body = page->count - 2, used = body, rows = 0;
	double y = frame->top, sum = 0, air;

	while (used > 0 && draw_kind(page, used - 1) == PAGE_BLANK)
		used--;
	for (size_t i = 0; i < used; i++) {
		place->height[i] = draw_weight(page, i);
		sum += place->height[i];
		rows += page->lines[i].kind == PAGE_FIELD && page->lines[i].first;
	}
	air = rows > 0 ? ((double)body - sum) / (double)rows : 0;
	air = air < 0 ? 0 : air > DRAW_FIELD_AIR ? DRAW_FIELD_AIR : air;
	for (size_t i = 0; i < body; i++) {
		bool field = page->lines[i].kind == PAGE_FIELD;

		if (i >= used)
			place->height[i] = 0;
		if (field && page->lines[i].first)
			place->height[i] += air / 2;
		if (field && draw_row_ends(page, i))
			place->height[i] += air / 2;
		place->height[i] *= frame->pitch;
		place->y[i] = y;
		y += place->height[i];
	}
	place->height[body] = 0.5 * frame->pitch;
	place->height[body + 1] = frame->pitch;
	place->y[body + 1] = frame->top + frame->height - frame->pitch;
	place->y[body] = place->y[body + 1] - place->height[body];
}

static enum pdf_font
draw_font(const struct page_line *line)
{
	switch (line->kind) {
	case PAGE_TITLE:
		return PDF_TITLE;
	case PAGE_HEADING:
	case PAGE_HEAD:
	case PAGE_GROUP:
	case PAGE_SUBTOTAL:
	case PAGE_TOTAL:
		return PDF_STRONG;
	case PAGE_RUNNING:
	case PAGE_FOOT:
		return PDF_SMALL;
	default:
		return PDF_BODY;
	}
}

static const struct pdf_ink *
draw_text_ink(const struct page_line *line, const struct page_item *item)
{
	switch (line->kind) {
	case PAGE_TITLE:
	case PAGE_HEADING:
	case PAGE_HEAD:
	case PAGE_GROUP:
		return &ink_strong;
	case PAGE_RUNNING:
	case PAGE_FOOT:
	case PAGE_LETTER:
	case PAGE_PARAM:
		return &pdf_ink_quiet;
	default:
		return item->style == PAGE_LABEL ? &pdf_ink_quiet : &pdf_ink_text;
	}
}

void
pdf_draw_label(struct pdf_draw *draw, const char *text, enum doc_align align, double x, double y,
    double room)
{
	PangoLayout *layout = draw->layouts[PDF_SMALL];
	PangoRectangle extents;
	double wide, narrow;

	if (text[0] == '\0')
		return;
	pango_layout_set_text(layout, text, -1);
	pango_layout_get_extents(layout, NULL, &extents);
	wide = (double)extents.width / PANGO_SCALE;
	narrow = wide > room ? room / wide : 1;
	if (align == DOC_RIGHT)
		x -= wide * narrow;
	else if (align == DOC_CENTRE)
		x -= wide * narrow / 2;
	cairo_save(draw->cr);
	draw_ink_set(draw->cr, &pdf_ink_text);
	cairo_translate(draw->cr, x, y + draw->sizes[PDF_SMALL] * 0.36);
	cairo_scale(draw->cr, narrow, 1);
	cairo_move_to(draw->cr, 0, 0);
	pango_cairo_show_layout_line(draw->cr, pango_layout_get_line_readonly(layout, 0));
	cairo_restore(draw->cr);
}

static void
draw_text(struct pdf_draw *draw, const struct page_line *line, const struct page_item *item,
    double middle)
{
	enum pdf_font font = draw_font(line);
	PangoLayout *layout = draw->layouts[font];
	double room = item->cols * draw->frame.cell, x = draw_x(draw, item->col), wide, narrow;
	PangoRectangle extents;

	if (item->text[0] == '\0')
		return;
	pango_layout_set_text(layout, item->text, -1);
	pango_layout_get_extents(layout, NULL, &extents);
	wide = (double)extents.width / PANGO_SCALE;
	narrow = wide > room ? room / wide : 1;
	if (item->align == DOC_RIGHT)
		x += room - wide * narrow;
	else if (item->align == DOC_CENTRE)
		x += (room - wide * narrow) / 2;
	cairo_save(draw->cr);
	draw_ink_set(draw->cr, draw_text_ink(line, item));
	cairo_translate(draw->cr, x, middle + draw->sizes[font] * 0.36);
	cairo_scale(draw->cr, narrow, 1);
	cairo_move_to(draw->cr, 0, 0);
	pango_cairo_show_layout_line(draw->cr, pango_layout_get_line_readonly(layout, 0));
	cairo_restore(draw->cr);
}

const struct pdf_ink *
pdf_ink_tone(unsigned tone)
{
	return &ink_tones[tone % (sizeof(ink_tones) / sizeof(ink_tones[0]))];
}

static void
draw_bar(struct pdf_draw *draw, const struct page_item *item, double y, double height)
{
	int share = item->share < 0 ? -item->share : item->share;
	double width = item->cols * draw->frame.cell * share / 10000;

	draw_ground(draw, item->share < 0 ? &ink_minus : pdf_ink_tone(item->tone),
	    draw_x(draw, item->col), y + height * 0.18, width, height * 0.64);
}

void
pdf_draw_disc(struct pdf_draw *draw, const struct pdf_ink *ink, double x, double y, double radius)
{
	draw_ink_set(draw->cr, ink);
	cairo_new_path(draw->cr); /* a text before leaves its point, which the arc would begin at */
	cairo_arc(draw->cr, x, y, radius, 0, 2 * G_PI);
	cairo_fill(draw->cr);
}

static double
draw_dot_x(const struct pdf_draw *draw, const struct page_item *item)
{
	return draw_x(draw, item->col) + item->cols * draw->frame.cell * (item->dot - 1) / 10000;
}

/* The running share of a Pareto chart: a dot, joined to the one of the line above. */
static void
draw_dot(struct pdf_draw *draw, const struct page *page, const struct draw_place *place, size_t i, size_t n)
{
	const struct page_item *item = &page->lines[i].items[n];
	double x = draw_dot_x(draw, item), y = place->y[i] + place->height[i] / 2;

	if (i > 0 && page->lines[i - 1].kind == PAGE_BAR && page->lines[i - 1].count > n &&
	    page->lines[i - 1].items[n].dot > 0)
		pdf_draw_line(draw, &ink_dark, 1, draw_dot_x(draw, &page->lines[i - 1].items[n]),
		    place->y[i - 1] + place->height[i - 1] / 2, x, y);
	pdf_draw_disc(draw, &ink_dark, x, y, 1.8);
}

/* A figure of a heat map on its ground. */
static void
draw_shade(struct pdf_draw *draw, const struct page_item *item, double y, double height)
{
	double part = item->share / 10000.0, x = draw_x(draw, item->col), width = item->cols * draw->frame.cell;
	const struct pdf_ink ink = { 1 - part * 0.55, 1 - part * 0.38, 1 - part * 0.20 };

	draw_ground(draw, &ink, x, y + 0.4, width + draw->frame.cell * 0.8, height - 0.8);
}

static void
draw_rule(struct pdf_draw *draw, const struct page *page, size_t i, double middle)
{
	double x0 = draw->frame.left - DRAW_BLEED;
	double x1 = draw->frame.left + draw->frame.width + DRAW_BLEED;
	enum page_line_kind above = i > 0 ? draw_kind(page, i - 1) : PAGE_BLANK;
	enum page_line_kind below = draw_kind(page, i + 1);

	if (below == PAGE_FIELD)
		return; /* the sheet's own frame begins here */
	if (above == PAGE_HEAD || page->lines[i].kind == PAGE_TOTAL_RULE)
		pdf_draw_line(draw, &ink_strong, 0.9, x0, middle, x1, middle);
	else
		pdf_draw_line(draw, below == PAGE_HEAD ? &ink_strong : &pdf_ink_hair, 0.5, x0, middle,
		    x1, middle);
}

/* Tinted grounds of heads, every other row, totals; the hairlines that belong to rows. */
static void
draw_line_ground(
    struct pdf_draw *draw, const struct page *page, const struct draw_place *place, size_t i)
{
	const struct page_line *line = &page->lines[i];
	double x = draw->frame.left - DRAW_BLEED, width = draw->frame.width + 2 * DRAW_BLEED;
	double y = place->y[i], height = place->height[i];
	double indent =
	    line->kind == PAGE_SUBTOTAL ? 2 * draw->frame.cell * (double)line->level : 0;

	switch (line->kind) {
	case PAGE_HEAD:
		/* reaches the middles of the rules above and below */
		draw_ground(draw, &ink_tint, x, y - 0.2 * draw->frame.pitch, width,
		    height + 0.4 * draw->frame.pitch);
		break;
	case PAGE_TOTAL:
		draw_ground(draw, &ink_tint, x, y - 0.2 * draw->frame.pitch, width,
		    height + 0.3 * draw->frame.pitch);
		break;
	case PAGE_ROW:
		if (line->index % 2 == 1)
			draw_ground(draw, &ink_zebra, x, y, width, height);
		break;
	case PAGE_SUBTOTAL:
		if (line->first)
			pdf_draw_line(draw, &pdf_ink_hair, 0.6, x + indent, y, x + width, y);
		break;
	default:
		break;
	}
}

/* A sheet's fields as a form: labels on a tinted ground, hairlines between and around. */
static void
draw_field_frame(
    struct pdf_draw *draw, const struct page *page, const struct draw_place *place, size_t i)
{
	const struct page_line *line = &page->lines[i];
	double cell = draw->frame.cell, left = draw->frame.left;
	double right = left + draw->frame.width, y = place->y[i], bottom = y + place->height[i];

	for (size_t n = 0; n < line->count; n++) {
		const struct page_item *item = &line->items[n];
		double x0 = draw_x(draw, item->col) - cell, width = (item->cols + 2) * cell;

		if (item->style != PAGE_LABEL)
			continue;
		draw_ground(draw, &ink_tint, x0, y, width, bottom - y);
		pdf_draw_line(draw, &pdf_ink_hair, 0.6, x0, y, x0, bottom);
		pdf_draw_line(draw, &pdf_ink_hair, 0.6, x0 + width, y, x0 + width, bottom);
	}
	pdf_draw_line(draw, &pdf_ink_hair, 0.6, right, y, right, bottom);
	if (line->first || i == 0 || draw_kind(page, i - 1) != PAGE_FIELD)
		pdf_draw_line(draw, &pdf_ink_hair, 0.6, left, y, right, y);
	if (draw_kind(page, i + 1) != PAGE_FIELD)
		pdf_draw_line(draw, &pdf_ink_hair, 0.6, left, bottom, right, bottom);
}

static void
draw_items(
    struct pdf_draw *draw, const struct page *page, const struct draw_place *place, size_t i)
{
	const struct page_line *line = &page->lines[i];
	double y = place->y[i], height = place->height[i], middle = y + height / 2;

	/* a field's air lies outside its row, so its lines keep their distance */
	if (line->kind == PAGE_FIELD && !draw_row_ends(page, i))
		middle = y + height - draw->frame.pitch / 2;
	else if (line->kind == PAGE_FIELD && !line->first)
		middle = y + draw->frame.pitch / 2;
	for (size_t n = 0; n < line->count; n++) {
		const struct page_item *item = &line->items[n];

		if (line->kind == PAGE_RULE || line->kind == PAGE_TOTAL_RULE)
			draw_rule(draw, page, i, middle);
		else if (item->style == PAGE_SHARE) {
			draw_bar(draw, item, y, height);
			if (item->dot > 0)
				draw_dot(draw, page, place, i, n);
		}
		else if (item->style == PAGE_UNDERLINE)
			pdf_draw_line(draw, &pdf_ink_quiet, 0.6, draw_x(draw, item->col), middle + 4,
			    draw_x(draw, item->col + item->cols), middle + 4);
		else {
			if (item->style == PAGE_SHADE)
				draw_shade(draw, item, y, height);
			draw_text(draw, line, item, middle);
		}
	}
}

void
pdf_draw_page(struct pdf_draw *draw, const struct page *page)
{
	struct draw_place place;

	draw_place(draw, page, &place);
	for (size_t i = 0; i < page->count; i++)
		draw_line_ground(draw, page, &place, i);
	for (size_t i = 0; i < page->count; i++) {
		if (page->lines[i].kind == PAGE_FIELD)
			draw_field_frame(draw, page, &place, i);
	}
	for (size_t i = 0; i < page->count; i++) {
		const struct page_line *line = &page->lines[i];

		if (line->chart != NULL)
			pdf_draw_chart(draw, line->chart,
			    &(struct pdf_box){ .x = draw->frame.left,
				.y = place.y[i],
				.width = draw->frame.width,
				.height = place.y[i + line->chart_lines] - place.y[i] });
		else if (line->kind != PAGE_CHART)
			draw_items(draw, page, &place, i);
	}
}
