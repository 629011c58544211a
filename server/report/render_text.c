/*
 * Pages as plain text: every line of the grid, a form feed between pages. Escape sequences of
 * particular printers are added by whoever knows the printer.
 */
#include "server/report/doc_page.h"
#include "server/report/render_out.h"
#include "server/report/render_sinks.h"

struct render_text {
	struct page_sink sink;
	struct arena *arena; /* holds this struct */
	struct render_out out;
};

static struct render_text *
render_text_of(struct page_sink *sink)
{
	return (struct render_text *)(void *)sink;
}

static enum err
render_text_begin(struct page_sink *sink, const struct doc_head *head)
{
	(void)sink;
	(void)head;
	return ERR_OK;
}

static enum err
render_text_page(struct page_sink *sink, const struct page *page)
{
	struct render_out *out = &render_text_of(sink)->out;

	if (page->number > 1)
		buf_putc(&out->buf, '\f');
	for (size_t i = 0; i < page->count; i++) {
		page_line_put(&out->buf, &page->lines[i]);
		buf_putc(&out->buf, '\n');
	}
	return render_out_spill(out);
}

static enum err
render_text_end(struct page_sink *sink)
{
	return render_out_flush(&render_text_of(sink)->out);
}

static void
render_text_free(struct page_sink *sink)
{
	struct render_text *text = render_text_of(sink);

	render_out_fini(&text->out);
	arena_free(text->arena);
}

struct doc_sink *
render_text_new(struct doc_out out)
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
	return doc_layout_new(&text->sink);
}
