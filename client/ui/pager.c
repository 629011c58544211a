/* The reading window of pager.h. The grid is exact: what is cut is off the sides. */
#include "client/ui/pager.h"
#include "common/text.h"

enum { PAGER_PAN_COLS = 16 };

static unsigned
pager_to(struct pager *pager, int64_t top)
{
	int64_t last = (int64_t)pager->count - pager->rows_seen;

	if (top > last)
		top = last;
	pager->top = top > 0 ? (size_t)top : 0;
	return UI_DONE;
}

static unsigned
pager_pan(struct pager *pager, int step)
{
	int last = pager->width_cols - pager->cols_seen;

	pager->left += step;
	if (pager->left > last)
		pager->left = last;
	if (pager->left < 0)
		pager->left = 0;
	return UI_DONE;
}

unsigned
pager_key(struct pager *pager, enum act act)
{
	int64_t top = (int64_t)pager->top,
		page = pager->rows_seen > 1 ? pager->rows_seen - 1 : 1;

	switch (act) {
	case ACT_up:
		return pager_to(pager, top - 1);
	case ACT_down:
		return pager_to(pager, top + 1);
	case ACT_page_up:
		return pager_to(pager, top - page);
	case ACT_page_down:
		return pager_to(pager, top + page);
	case ACT_half_up:
		return pager_to(pager, top - page / 2);
	case ACT_half_down:
		return pager_to(pager, top + page / 2);
	case ACT_first:
		return pager_to(pager, 0);
	case ACT_last:
		return pager_to(pager, (int64_t)pager->count);
	case ACT_left:
		return pager_pan(pager, -PAGER_PAN_COLS);
	case ACT_right:
		return pager_pan(pager, PAGER_PAN_COLS);
	default:
		return UI_NONE;
	}
}

/* The part of a line from the left cell on; a wide character cut in two leaves a blank. */
static const char *
pager_from(const char *text, int left)
{
	size_t used, bytes;

	text = text_print(cells_scratch(), text, TEXT_LINE);
	bytes = text_fit(text, (size_t)left, &used);
	if ((int)used == left || !text[bytes])
		return text + bytes;
	bytes = text_fit(text, (size_t)left + 1, &used);
	return arena_printf(cells_scratch(), " %s", text + bytes);
}

void
pager_draw(struct pager *pager, struct rect rect)
{
	const char *text;

	pager->rows_seen = rect.rows;
	pager->cols_seen = rect.cols;
	pager_to(pager, (int64_t)pager->top);
	pager_pan(pager, 0);
	cells_fill(rect, ROLE_NORMAL);
	for (int i = 0; i < rect.rows && pager->top + (size_t)i < pager->count; i++) {
		text = pager->line(pager->arg, pager->top + (size_t)i);
		if (!text)
			break;
		cells_put(
		    rect.y + i, rect.x, rect.cols, pager_from(text, pager->left), ROLE_NORMAL);
	}
	cells_cursor(rect.y, rect.x);
}

const char *
pager_place(const struct pager *pager)
{
	return arena_printf(cells_scratch(), tr(T_PAGER_AT), pager->top + 1, pager->count);
}
