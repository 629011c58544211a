/*
 * Grids of the papers, and a page's line as plain text. Rules and bars are made of ASCII here:
 * line-drawing characters are one cell on some printers and two on others.
 */
#include "common/text.h"
#include "server/report/doc_page.h"

#include <stdlib.h>

static const struct page_grid page_grids[] = {
	[DOC_A4] = { .cols = 80, .lines = 60, .width_pt = 595.28, .height_pt = 841.89 },
	[DOC_A4_WIDE] = { .cols = 132, .lines = 42, .width_pt = 841.89, .height_pt = 595.28 },
	[DOC_LETTER] = { .cols = 80, .lines = 56, .width_pt = 612, .height_pt = 792 },
	[DOC_LETTER_WIDE] = { .cols = 132, .lines = 42, .width_pt = 792, .height_pt = 612 },
	[DOC_FORM] = { .cols = 80, .lines = 64, .width_pt = 684, .height_pt = 792 },
	[DOC_FORM_WIDE] = { .cols = 132, .lines = 64, .width_pt = 1071, .height_pt = 792 },
};

const struct page_grid *
page_grid(enum doc_paper paper)
{
	return &page_grids[paper];
}

static void
page_put_fill(struct buf *out, char c, size_t count)
{
	while (count-- > 0)
		buf_putc(out, c);
}

static size_t
page_share_cols(int share, uint16_t cols)
{
	return (size_t)(abs(share) * cols + 5000) / 10000;
}

static size_t
page_item_cols(const struct page_item *item)
{
	switch (item->style) {
	case PAGE_UNDERLINE:
		return item->cols;
	case PAGE_SHARE:
		if (item->dot > 0)
			return item->cols;
		return page_share_cols(item->share, item->cols);
	case PAGE_SHADE:
		return item->cols;
	default:
		return text_cols(item->text);
	}
}

static size_t
page_item_indent(const struct page_item *item, size_t used)
{
	if (used >= item->cols || item->align == DOC_LEFT)
		return 0;
	return item->align == DOC_RIGHT ? item->cols - used : (item->cols - used) / 2;
}

static char
page_line_mark(enum page_line_kind kind)
{
	if (kind == PAGE_TOTAL_RULE)
		return '=';
	return kind == PAGE_RULE ? '-' : '_';
}

/* What a series' bars and points are made of. */
char
page_tone_mark(unsigned tone)
{
	return "#=+o*x%~@:-."[tone % DOC_SERIES_MAX];
}

static void
page_put_share(struct buf *out, const struct page_item *item)
{
	size_t bar = page_share_cols(item->share, item->cols);
	size_t dot = item->dot > 0 ? page_share_cols(item->dot - 1, item->cols) : 0;
	char mark = item->share < 0 ? '-' : page_tone_mark(item->tone);

	for (size_t i = 0; i < (item->dot > 0 ? item->cols : bar); i++)
		buf_putc(out, item->dot > 0 && i + 1 == (dot > 0 ? dot : 1) ? '*' : i < bar ? mark : ' ');
}

/* "@  12": how dark, and the figure. */
static void
page_put_shade(struct buf *out, const struct page_item *item)
{
	size_t used = text_cols(item->text);

	if (item->cols <= used) {
		buf_puts(out, item->text);
		return;
	}
	buf_putc(out, " .:-=+*#%@"[item->share * 9 / 10000]);
	page_put_fill(out, ' ', item->cols - 1 - used);
	buf_puts(out, item->text);
}

static void
page_put_item(
    struct buf *out, const struct page_line *line, const struct page_item *item, size_t used)
{
	if (item->style == PAGE_UNDERLINE)
		page_put_fill(out, page_line_mark(line->kind), used);
	else if (item->style == PAGE_SHARE)
		page_put_share(out, item);
	else if (item->style == PAGE_SHADE)
		page_put_shade(out, item);
	else
		buf_puts(out, item->text);
}

void
page_line_put(struct buf *out, const struct page_line *line)
{
	size_t at = 0;

	for (size_t i = 0; i < line->count; i++) {
		const struct page_item *item = &line->items[i];
		size_t used = page_item_cols(item);
		size_t start = item->col + page_item_indent(item, used);

		if (used == 0)
			continue;
		if (start > at)
			page_put_fill(out, ' ', start - at);
		page_put_item(out, line, item, used);
		at = start + used;
	}
}
