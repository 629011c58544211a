/*
 * Pages as plain text: every line of the grid, a form feed between pages. For dot-matrix printers
 * with the few sequences of ESC/P that set the page up; texts never hold any, as all are cleaned.
 */
#include "common/text.h"
#include "server/report/doc_page.h"
#include "server/report/render_out.h"
#include "server/report/render_sinks.h"

struct render_text {
	struct page_sink sink;
	struct arena *arena; /* holds this struct */
	struct render_out out;
	bool escp;
	struct buf line; /* escp: before it is GB18030 */
};

/* Lines of a page at six to the inch, as the printer counts them. */
static int
render_escp_lines(enum doc_paper paper)
{
	return paper == DOC_A4 ? 70 : paper == DOC_A4_WIDE ? 49 : paper == DOC_LETTER_WIDE ? 51 : 66;
}

/*
 * Reset, six lines to the inch, the page's length, Han characters on; across a sheet that is no wide form,
 * everything condensed.
 */
static void
render_escp_begin(struct buf *out, enum doc_paper paper)
{
	buf_printf(out, "\033@\0332\033C%c\034&", render_escp_lines(paper));
	if (paper == DOC_A4_WIDE || paper == DOC_LETTER_WIDE)
		buf_puts(out, "\017\034\017");
}

static struct render_text *
render_text_of(struct page_sink *sink)
{
	return (struct render_text *)(void *)sink;
}

static enum err
render_text_begin(struct page_sink *sink, const struct doc_head *head)
{
	struct render_text *text = render_text_of(sink);

	if (text->escp)
		render_escp_begin(&text->out.buf, head->paper);
	return ERR_OK;
}

/* A character that the printer's code lacks prints as a question mark. */
static void
render_escp_line(struct render_text *text, const struct page_line *line)
{
	buf_clear(&text->line);
	page_line_put(&text->line, line);
	if (text_encode_to("GB18030", buf_text(&text->line), text->line.bytes, &text->out.buf) != ERR_OK)
		buf_putc(&text->out.buf, '?');
	buf_puts(&text->out.buf, "\r\n");
}

static enum err
render_text_page(struct page_sink *sink, const struct page *page)
{
	struct render_text *text = render_text_of(sink);
	struct render_out *out = &text->out;

	if (page->number > 1)
		buf_putc(&out->buf, '\f');
	for (size_t i = 0; i < page->count; i++) {
		if (text->escp) {
			render_escp_line(text, &page->lines[i]);
		} else {
			page_line_put(&out->buf, &page->lines[i]);
			buf_putc(&out->buf, '\n');
		}
	}
	return render_out_spill(out);
}

static enum err
render_text_end(struct page_sink *sink)
{
	struct render_text *text = render_text_of(sink);

	/* the last page is ejected, and the printer as it was */
	if (text->escp)
		buf_puts(&text->out.buf, "\f\033@");
	return render_out_flush(&text->out);
}

static void
render_text_free(struct page_sink *sink)
{
	struct render_text *text = render_text_of(sink);

	render_out_fini(&text->out);
	buf_fini(&text->line);
	arena_free(text->arena);
}

struct doc_sink *
render_text_new(struct doc_out out, bool escp)
{
	static const struct page_sink_ops ops = {
		.begin = render_text_begin,
		.page = render_text_page,
		.end = render_text_end,
		.free = render_text_free,
	};
	struct arena *arena = arena_new(0);
	struct render_text *text = ARENA_NEW(arena, struct render_text);

	text->sink.ops = &ops;
	text->arena = arena;
	text->out.to = out;
	text->escp = escp;
	return doc_layout_new(&text->sink);
}
