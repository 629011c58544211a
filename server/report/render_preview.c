/*
 * One page of a document as lines, for the screen: the same lines render_text.c prints.
 */
#include "server/report/doc_page.h"
#include "server/report/render_sinks.h"

struct render_preview {
	struct page_sink sink;
	struct arena *arena; /* the caller's */
	struct arena *own;
	struct render_page *page;
	uint64_t wanted;
	bool found;
};

static struct render_preview *
render_preview_of(struct page_sink *sink)
{
	return (struct render_preview *)(void *)sink;
}

static enum err
render_preview_begin(struct page_sink *sink, const struct doc_head *head)
{
	(void)sink;
	(void)head;
	return ERR_OK;
}

static enum err
render_preview_page(struct page_sink *sink, const struct page *page)
{
	struct render_preview *preview = render_preview_of(sink);
	struct render_page *shown = preview->page;
	struct buf line = BUF_INIT;

	if (preview->found || (page->number < preview->wanted && !page->last))
		return ERR_OK;
	preview->found = true;
	*shown = (struct render_page){ .number = page->number,
		.total = page->total,
		.last = page->last,
		.count = page->count };
	shown->lines = ARENA_ARRAY(preview->arena, const char *, page->count);
	for (size_t i = 0; i < page->count; i++) {
		buf_clear(&line);
		page_line_put(&line, &page->lines[i]);
		shown->lines[i] = arena_strdup(preview->arena, buf_text(&line));
	}
	buf_fini(&line);
	return ERR_OK;
}

static enum err
render_preview_end(struct page_sink *sink)
{
	(void)sink;
	return ERR_OK;
}

static bool
render_preview_satisfied(const struct page_sink *sink)
{
	return ((const struct render_preview *)(const void *)sink)->found;
}

static void
render_preview_free(struct page_sink *sink)
{
	arena_free(render_preview_of(sink)->own);
}

struct doc_sink *
render_preview_new(struct arena *arena, uint64_t wanted, struct render_page *page)
{
	static const struct page_sink_ops ops = {
		.begin = render_preview_begin,
		.page = render_preview_page,
		.end = render_preview_end,
		.satisfied = render_preview_satisfied,
		.free = render_preview_free,
	};
	struct arena *own = arena_new(0);
	struct render_preview *preview = ARENA_NEW(own, struct render_preview);

	*page = (struct render_page){ 0 };
	*preview = (struct render_preview){ .sink.ops = &ops,
		.arena = arena,
		.own = own,
		.page = page,
		.wanted = wanted > 0 ? wanted : 1 };
	return doc_layout_new(&preview->sink);
}
