/*
 * Widths: how many cells each column of a table gets on a given grid, before any row is seen
 * (a streamed table cannot be measured). Columns get what their kind needs, then share what is
 * left by weight; when there is too little, texts give way first.
 */
#include "common/text.h"
#include "server/report/doc_page.h"

#define COLUMNS_GAP   2
#define COLUMNS_TITLE 12 /* a longer title may wrap */
#define COLUMNS_LEAST 4  /* of a squeezed text: one Han character and ".." */

static const uint16_t columns_need[] = {
	[DOC_TEXT] = 10,
	[DOC_INTEGER] = 7,
	[DOC_MONEY] = 13,
	[DOC_DATE] = 10,
	[DOC_MOMENT] = 16,
};

/*
 * What a column needs unless it says so itself: room for its kind, two cells more where sums
 * are larger than the rows, and its title on one line, or two when it is long.
 */
static uint16_t
columns_want(const struct doc_column *column)
{
	uint16_t need = columns_need[column->kind];
	size_t title = column->title ? text_cols(column->title) : 0;

	if (column->min_cols > 0)
		return column->min_cols;
	if (column->kind == DOC_MONEY && column->sum == DOC_SUM)
		need = (uint16_t)(need + 2);
	if (title > COLUMNS_TITLE)
		title = title < 4 * COLUMNS_TITLE ? title / 2 + 1 : 2 * COLUMNS_TITLE;
	return title > need ? (uint16_t)title : need;
}

static int
columns_total(const struct page_box *boxes, size_t count, int gap)
{
	int total = gap * ((int)count - 1);

	for (size_t i = 0; i < count; i++)
		total += boxes[i].cols;
	return total;
}

/* Weights as given; if none is, texts share; if there is no text, everything does. */
static void
columns_weights(const struct doc_column *columns, size_t count, unsigned *weights)
{
	unsigned given = 0, texts = 0;

	for (size_t i = 0; i < count; i++) {
		given += columns[i].weight;
		texts += columns[i].kind == DOC_TEXT;
	}
	for (size_t i = 0; i < count; i++) {
		if (given > 0)
			weights[i] = columns[i].weight;
		else
			weights[i] = texts == 0 || columns[i].kind == DOC_TEXT;
	}
}

static void
columns_widen(const struct doc_column *columns, size_t count, struct page_box *boxes, int spare)
{
	unsigned weights[DOC_COLUMNS_MAX], left = 0;

	columns_weights(columns, count, weights);
	for (size_t i = 0; i < count; i++)
		left += weights[i];
	for (size_t i = 0; i < count && left > 0; i++) {
		int share = (int)((unsigned)spare * weights[i] / left);

		boxes[i].cols = (uint16_t)(boxes[i].cols + share);
		spare -= share;
		left -= weights[i];
	}
}

/* Takes cells from the widest text until enough are saved or all are at their least. */
static int
columns_squeeze(
    const struct doc_column *columns, size_t count, struct page_box *boxes, int over)
{
	for (; over > 0; over--) {
		struct page_box *widest = NULL;

		for (size_t i = 0; i < count; i++) {
			if (columns[i].kind == DOC_TEXT && boxes[i].cols > COLUMNS_LEAST &&
			    (widest == NULL || boxes[i].cols > widest->cols))
				widest = &boxes[i];
		}
		if (widest == NULL)
			return over;
		widest->cols--;
	}
	return over;
}

enum err
page_columns(
    const struct doc_column *columns, size_t count, uint16_t cols, struct page_box *boxes)
{
	int gap = COLUMNS_GAP, spare;
	uint16_t at = 0;

	for (size_t i = 0; i < count; i++)
		boxes[i].cols = columns_want(&columns[i]);
	if (columns_total(boxes, count, gap) > cols)
		gap = 1;
	spare = cols - columns_total(boxes, count, gap);
	if (spare > 0)
		columns_widen(columns, count, boxes, spare);
	else if (columns_squeeze(columns, count, boxes, -spare) > 0)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < count; i++) {
		boxes[i].col = at;
		at = (uint16_t)(at + boxes[i].cols + gap);
	}
	return ERR_OK;
}

enum doc_paper
doc_paper_for(const struct doc_column *columns, size_t count)
{
	int total = COLUMNS_GAP * ((int)count - 1);

	for (size_t i = 0; i < count; i++)
		total += columns_want(&columns[i]);
	return total <= page_grid(DOC_A4)->cols ? DOC_A4 : DOC_A4_WIDE;
}
