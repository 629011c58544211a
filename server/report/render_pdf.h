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

/* Sets up frame and fonts for the grid. Release with pdf_draw_fini. */
void pdf_draw_init(struct pdf_draw *draw, cairo_t *cr, const struct page_grid *grid);
void pdf_draw_fini(struct pdf_draw *draw);
void pdf_draw_page(struct pdf_draw *draw, const struct page *page);

#endif
