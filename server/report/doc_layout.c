/*
 * Layout, the pages: heads, feet, breaks, and when a page goes out. The first pages are held
 * back, so that "page 2 of 3" is right for any document a person reads to its end; a longer one
 * is sent on page by page with "page 17", in flat memory, and only its last page names the
 * total.
 */
#include "server/report/doc_layout.h"
#include "common/text.h"

#include <assert.h>

static struct layout *
layout_of(struct doc_sink *sink)
{
	return (struct layout *)(void *)sink;
}

size_t
layout_room(const struct layout *layout)
{
	return layout->grid->lines - LAYOUT_FOOT_LINES - layout->page->count;
}

size_t
layout_fresh_room(const struct layout *layout, size_t depth)
{
	size_t used = LAYOUT_FOOT_LINES + LAYOUT_RUNNING_LINES;

	if (layout->table != NULL)
		used += layout->title_lines + 1 + depth;
	return layout->grid->lines - used;
}

static void
layout_push(struct layout_page *page, enum page_line_kind kind, const struct page_item *items,
    size_t count)
{
	page->lines[page->count++] =
	    (struct page_line){ .kind = kind, .first = true, .items = items, .count = count };
}

struct page_item *
layout_add(struct layout *layout, enum page_line_kind kind, size_t items)
{
	struct page_item *item = ARENA_ARRAY(layout->page->arena, struct page_item, items);

	assert(layout_room(layout) > 0);
	layout_push(layout->page, kind, item, items);
	return item;
}

struct page_line *
layout_last(struct layout *layout)
{
	return &layout->page->lines[layout->page->count - 1];
}

void
layout_set(struct arena *arena, struct page_item *item, uint16_t col, uint16_t cols,
    enum doc_align align, const char *text)
{
	*item = (struct page_item){ .col = col, .cols = cols, .align = align };
	item->text = text_cut(arena, text != NULL ? text : "", cols, false);
}

void
layout_add_text(struct layout *layout, enum page_line_kind kind, uint16_t col,
    enum doc_align align, const char *text)
{
	struct page_item *item = layout_add(layout, kind, 1);

	layout_set(
	    layout->page->arena, item, col, (uint16_t)(layout->grid->cols - col), align, text);
}

static struct page_item
layout_rule_item(const struct layout *layout)
{
	return (struct page_item){
		.cols = layout->grid->cols, .align = DOC_LEFT, .style = PAGE_UNDERLINE
	};
}

void
layout_add_rule(struct layout *layout, enum page_line_kind kind)
{
	*layout_add(layout, kind, 1) = layout_rule_item(layout);
}

void
layout_add_gap(struct layout *layout)
{
	enum page_line_kind above;

	if (layout->page->count == 0 || layout_room(layout) == 0)
		return;
	above = layout_last(layout)->kind;
	if (above != PAGE_BLANK && above != PAGE_RULE)
		layout_add(layout, PAGE_BLANK, 0);
}

/* Two texts at the edges of a line of this page; the left one gives way. */
static void
layout_edges(struct layout_page *page, uint16_t cols, struct page_item *items, const char *left,
    const char *right)
{
	size_t wide = right != NULL ? text_cols(right) : 0;
	uint16_t most = (uint16_t)(wide > cols / 2 ? cols / 2 : wide);
	uint16_t rest = (uint16_t)(cols - most - (most > 0 ? 2 : 0));

	layout_set(page->arena, &items[0], 0, rest, DOC_LEFT, left);
	layout_set(page->arena, &items[1], (uint16_t)(cols - most), most, DOC_RIGHT, right);
}

/* Fills the page up and adds its foot. */
static void
layout_finish(struct layout *layout, struct layout_page *page, uint64_t total)
{
	struct page_item *rule, *foot;

	while (page->count < (size_t)layout->grid->lines - LAYOUT_FOOT_LINES)
		layout_push(page, PAGE_BLANK, NULL, 0);
	rule = ARENA_NEW(page->arena, struct page_item);
	*rule = layout_rule_item(layout);
	layout_push(page, PAGE_RULE, rule, 1);

	foot = ARENA_ARRAY(page->arena, struct page_item, 2);
	layout_edges(page, layout->grid->cols, foot, layout->head->printed,
	    doc_page_text(page->arena, page->number, total, layout->head->lang));
	layout_push(page, PAGE_FOOT, foot, 2);
}

static enum err
layout_deliver(struct layout *layout, struct layout_page *held, uint64_t total, bool last)
{
	struct page page = { .number = held->number, .total = total, .last = last };

	layout_finish(layout, held, total);
	page.lines = held->lines;
	page.count = held->count;
	return layout->out->ops->page(layout->out, &page);
}

static enum err
layout_deliver_held(struct layout *layout, uint64_t total, bool last)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < layout->held_count && err == ERR_OK; i++)
		err = layout_deliver(
		    layout, &layout->held[i], total, last && i + 1 == layout->held_count);
	layout->held_count = 0;
	return err;
}

static void
layout_open(struct layout *layout)
{
	struct layout_page *page = &layout->held[layout->held_count++];

	if (page->arena == NULL) {
		page->arena = arena_new(0);
		page->lines = ARENA_ARRAY(layout->arena, struct page_line, layout->grid->lines);
	}
	arena_reset(page->arena);
	page->count = 0;
	page->number = ++layout->pages;
	layout->page = page;
}

enum err
layout_break(struct layout *layout, size_t depth)
{
	const struct doc_head *head = layout->head;

	if (layout->streaming || layout->held_count == LAYOUT_HELD) {
		enum err err = layout_deliver_held(layout, 0, false);

		if (err != ERR_OK)
			return err;
		layout->streaming = true;
	}
	layout_open(layout);
	layout_edges(layout->page, layout->grid->cols, layout_add(layout, PAGE_RUNNING, 2),
	    head->title, head->number != NULL ? head->number : head->organisation);
	layout_add_rule(layout, PAGE_RULE);
	if (layout->table != NULL) {
		layout_table_head(layout);
		for (size_t level = 0; level < depth; level++)
			layout_group_heading(layout, level, true);
	}
	return ERR_OK;
}

enum err
layout_need(struct layout *layout, size_t lines, size_t depth)
{
	if (layout_room(layout) >= lines)
		return ERR_OK;
	if (layout_room(layout) > 0 && lines > layout_fresh_room(layout, depth))
		return ERR_OK;
	return layout_break(layout, depth);
}

/* Parameters side by side as far as they go. */
static void
layout_params(struct layout *layout)
{
	const struct doc_head *head = layout->head;
	uint16_t cols = layout->grid->cols;
	struct page_item *items = NULL;
	uint16_t at = 0;

	for (size_t i = 0; i < head->param_count && layout_room(layout) > 8; i++) {
		const char *label = head->params[i].label;
		char *text = arena_printf(layout->scratch, "%s%s%s", label,
		    *label ? doc_word(DOC_WORD_COLON, head->lang) : "", head->params[i].value);
		size_t wide = text_cols(text) < cols ? text_cols(text) : cols;

		if (items == NULL || at + wide > cols) {
			items = layout_add(layout, PAGE_PARAM, head->param_count);
			layout_last(layout)->count = 0;
			at = 0;
		}
		layout_set(layout->page->arena, &items[layout_last(layout)->count++], at,
		    (uint16_t)wide, DOC_LEFT, text);
		at = (uint16_t)(at + wide + 4);
	}
}

static enum err
layout_begin(struct doc_sink *sink, const struct doc_head *head)
{
	struct layout *layout = layout_of(sink);
	enum err err;

	layout->head = head;
	layout->grid = page_grid(head->paper);
	err = layout->out->ops->begin(layout->out, head);
	if (err != ERR_OK)
		return err;
	layout_open(layout);
	if (head->organisation != NULL || head->number != NULL)
		layout_edges(layout->page, layout->grid->cols,
		    layout_add(layout, PAGE_LETTER, 2), head->organisation, head->number);
	layout_add(layout, PAGE_BLANK, 0);
	layout_add_text(layout, PAGE_TITLE, 0, DOC_CENTRE, head->title);
	layout_add(layout, PAGE_BLANK, 0);
	layout_params(layout);
	layout_add_rule(layout, PAGE_RULE);
	return ERR_OK;
}

static enum err
layout_end(struct doc_sink *sink)
{
	struct layout *layout = layout_of(sink);
	enum err err = layout_deliver_held(layout, layout->pages, true);

	return err != ERR_OK ? err : layout->out->ops->end(layout->out);
}

static bool
layout_satisfied(const struct doc_sink *sink)
{
	const struct layout *layout = (const struct layout *)(const void *)sink;

	return layout->out->ops->satisfied != NULL && layout->out->ops->satisfied(layout->out);
}

static void
layout_free(struct doc_sink *sink)
{
	struct layout *layout = layout_of(sink);

	layout->out->ops->free(layout->out);
	for (size_t i = 0; i < LAYOUT_HELD; i++) {
		if (layout->held[i].arena != NULL)
			arena_free(layout->held[i].arena);
	}
	arena_free(layout->table_arena);
	arena_free(layout->scratch);
	arena_free(layout->arena);
}

const struct doc_sink_ops layout_ops = {
	.begin = layout_begin,
	.heading = layout_heading,
	.note = layout_note,
	.fields = layout_fields,
	.signatures = layout_signatures,
	.chart = layout_chart,
	.table = layout_table,
	.group = layout_group,
	.row = layout_row,
	.table_end = layout_table_end,
	.end = layout_end,
	.satisfied = layout_satisfied,
	.free = layout_free,
};

struct doc_sink *
doc_layout_new(struct page_sink *pages)
{
	struct arena *arena = arena_new(0);
	struct layout *layout = ARENA_NEW(arena, struct layout);

	layout->sink.ops = &layout_ops;
	layout->out = pages;
	layout->arena = arena;
	layout->scratch = arena_new(0);
	layout->table_arena = arena_new(0);
	return &layout->sink;
}
