/*
 * Inside of the PDF renderer: render_pdf.c keeps the surface and the fonts, render_pdf_draw.c
 * draws one page. Nothing else includes this.
 */
#ifndef KEHU_REPORT_RENDER_PDF_H
#define KEHU_REPORT_RENDER_PDF_H

#include "server/report/doc_page.h"

#include <pango/pangocairo.h>

#define PDF_FONT "WenQuanYi Micro Hei"

enum pdf_font { PDF_BODY, PDF_STRONG, PDF_SMALL, PDF_TITLE, PDF_FONTS };

/* Lengths are points, y grows downwards. */
struct pdf_frame {
	double left, top, width, height;
	double cell;  /* width of a cell */
	double pitch; /* height of a line */
};

struct pdf_draw {
	cairo_t *cr;
	const struct page_grid *grid;
	struct pdf_frame frame;
	PangoLayout *layouts[PDF_FONTS];
	double sizes[PDF_FONTS];
};

struct pdf_ink {
	double r, g, b;
};
struct pdf_box {
	double x, y, width, height;
};

/* What both drawing files use. */
extern const struct pdf_ink pdf_ink_text, pdf_ink_quiet, pdf_ink_hair;
const struct pdf_ink *pdf_ink_tone(unsigned tone); /* of a series */
void pdf_draw_line(struct pdf_draw *draw, const struct pdf_ink *ink, double thick, double x0, double y0,
    double x1, double y1);
void pdf_draw_disc(struct pdf_draw *draw, const struct pdf_ink *ink, double x, double y, double radius);
/* A text of the small font, from x on (DOC_LEFT), to x, or around it; y is its middle. Narrowed to room. */
void pdf_draw_label(struct pdf_draw *draw, const char *text, enum doc_align align, double x, double y,
    double room);
/* A line chart or a pie inside of a box. */
void pdf_draw_chart(struct pdf_draw *draw, const struct doc_chart *chart, const struct pdf_box *box);

/* Sets up frame and fonts for the grid. Release with pdf_draw_fini. */
void pdf_draw_init(struct pdf_draw *draw, cairo_t *cr, const struct page_grid *grid);
void pdf_draw_fini(struct pdf_draw *draw);
void pdf_draw_page(struct pdf_draw *draw, const struct page *page);

#endif
