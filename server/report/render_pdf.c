/*
 * PDF: cairo's surface, its stream, and the fonts. Pages go out as they are finished; only what
 * a PDF needs at its end (fonts in use, one entry per page) stays in memory.
 */
#include "server/report/render_pdf.h"
#include "common/log.h"
#include "server/report/render_out.h"
#include "server/report/render_sinks.h"

#include <cairo-pdf.h>
#include <strings.h>

#ifdef __SANITIZE_ADDRESS__
/* Pango and fontconfig keep fonts until the process ends; the sanitizer takes that for a leak.
 */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\nleak:libpango\n";
}
#endif

struct render_pdf {
	struct page_sink sink;
	struct arena *arena; /* holds this struct */
	struct render_out out;
	cairo_surface_t *surface;
	cairo_t *cr;
	struct pdf_draw draw;
	bool closing; /* freed before its end: what cairo still writes is dropped */
};

static struct render_pdf *
render_pdf_of(struct page_sink *sink)
{
	return (struct render_pdf *)(void *)sink;
}

static cairo_status_t
render_pdf_write(void *ctx, const unsigned char *data, unsigned bytes)
{
	struct render_pdf *pdf = ctx;

	if (pdf->closing)
		return CAIRO_STATUS_SUCCESS;
	buf_put(&pdf->out.buf, data, bytes);
	return render_out_spill(&pdf->out) == ERR_OK ? CAIRO_STATUS_SUCCESS
						     : CAIRO_STATUS_WRITE_ERROR;
}

/* The write's own error if there was one; else what cairo has to say. */
static enum err
render_pdf_error(const struct render_pdf *pdf)
{
	cairo_status_t status = cairo_status(pdf->cr);

	if (pdf->out.err != ERR_OK)
		return pdf->out.err;
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(pdf->surface);
	return status == CAIRO_STATUS_SUCCESS ? ERR_OK : ERR_INTERNAL;
}

static enum err
render_pdf_begin(struct page_sink *sink, const struct doc_head *head)
{
	struct render_pdf *pdf = render_pdf_of(sink);
	const struct page_grid *grid = page_grid(head->paper);
	const char *why;

	if (!render_pdf_check(&why)) {
		log_error("no font for PDF", "why=\"%s\"", why);
		return ERR_CONFIG;
	}
	pdf->surface = cairo_pdf_surface_create_for_stream(
	    render_pdf_write, pdf, grid->width_pt, grid->height_pt);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_TITLE, head->title);
	cairo_pdf_surface_set_metadata(pdf->surface, CAIRO_PDF_METADATA_CREATOR, "Kehu");
	if (head->organisation != NULL)
		cairo_pdf_surface_set_metadata(
		    pdf->surface, CAIRO_PDF_METADATA_AUTHOR, head->organisation);
	pdf->cr = cairo_create(pdf->surface);
	pdf_draw_init(&pdf->draw, pdf->cr, grid);
	return render_pdf_error(pdf);
}

static enum err
render_pdf_page(struct page_sink *sink, const struct page *page)
{
	struct render_pdf *pdf = render_pdf_of(sink);

	pdf_draw_page(&pdf->draw, page);
	cairo_show_page(pdf->cr);
	return render_pdf_error(pdf);
}

static enum err
render_pdf_end(struct page_sink *sink)
{
	struct render_pdf *pdf = render_pdf_of(sink);
	enum err err;

	pdf_draw_fini(&pdf->draw);
	cairo_surface_finish(pdf->surface);
	err = render_pdf_error(pdf);
	return err != ERR_OK ? err : render_out_flush(&pdf->out);
}

static void
render_pdf_free(struct page_sink *sink)
{
	struct render_pdf *pdf = render_pdf_of(sink);

	pdf->closing = true;
	pdf_draw_fini(&pdf->draw);
	if (pdf->cr != NULL)
		cairo_destroy(pdf->cr);
	if (pdf->surface != NULL)
		cairo_surface_destroy(pdf->surface);
	render_out_fini(&pdf->out);
	arena_free(pdf->arena);
}

struct doc_sink *
render_pdf_new(struct doc_out out)
{
	static const struct page_sink_ops ops = {
		.begin = render_pdf_begin,
		.page = render_pdf_page,
		.end = render_pdf_end,
		.free = render_pdf_free,
	};
	struct arena *arena = arena_new(0);
	struct render_pdf *pdf = ARENA_NEW(arena, struct render_pdf);

	pdf->sink.ops = &ops;
	pdf->arena = arena;
	pdf->out.to = out;
	return doc_layout_new(&pdf->sink);
}

/* Fontconfig answers any name with some font; only the font itself tells which one it is. */
static bool
render_pdf_font_found(PangoContext *context)
{
	PangoFontDescription *wanted = pango_font_description_from_string(PDF_FONT " 10");
	PangoFont *font = pango_context_load_font(context, wanted);
	bool found = false;

	if (font != NULL) {
		PangoFontDescription *got = pango_font_describe(font);

		found = strcasecmp(pango_font_description_get_family(got), PDF_FONT) == 0 &&
			pango_font_has_char(font, 0x5BA2);
		pango_font_description_free(got);
		g_object_unref(font);
	}
	pango_font_description_free(wanted);
	return found;
}

bool
render_pdf_check(const char **why)
{
	PangoContext *context =
	    pango_font_map_create_context(pango_cairo_font_map_get_default());
	bool found = render_pdf_font_found(context);

	g_object_unref(context);
	*why = found ? NULL
		     : "the font " PDF_FONT " is missing, install fonts-wqy-microhei / "
		       "缺少字体 " PDF_FONT "，请安装 fonts-wqy-microhei";
	return found;
}
