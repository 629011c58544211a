/*
 * The words and plain values every renderer shares: "Total", "Page 2 of 7" in both languages,
 * and a cell as a machine reads it.
 */
#include "common/date.h"
#include "common/money.h"
#include "server/report/doc_sink.h"

#include <inttypes.h>

static const char *const doc_words[][2] = {
	[DOC_WORD_TOTAL] = { "Total", "合计" },
	[DOC_WORD_SUBTOTAL] = { "Subtotal: ", "小计：" },
	[DOC_WORD_CONTINUED] = { " (continued)", "（续）" },
	[DOC_WORD_NO_ROWS] = { "(no records)", "（无记录）" },
	[DOC_WORD_COLON] = { ": ", "：" },
};

const char *
doc_word(enum doc_word word, enum lang lang)
{
	return doc_words[word][lang == LANG_ZH];
}

char *
doc_page_text(struct arena *arena, uint64_t page, uint64_t total, enum lang lang)
{
	if (lang == LANG_ZH)
		return total > 0 ? arena_printf(arena, "第 %" PRIu64 " 页 / 共 %" PRIu64 " 页",
				       page, total)
				 : arena_printf(arena, "第 %" PRIu64 " 页", page);
	return total > 0 ? arena_printf(arena, "Page %" PRIu64 " of %" PRIu64, page, total)
			 : arena_printf(arena, "Page %" PRIu64, page);
}

struct doc_column
doc_row_column(const struct doc_row *row, const struct doc_column *column)
{
	struct doc_column used = *column;

	if (row->kind != DOC_ROW && used.sum == DOC_COUNT)
		used.kind = DOC_INTEGER;
	return used;
}

enum doc_align
doc_column_align(const struct doc_column *column)
{
	if (column->align != DOC_ALIGN_KIND)
		return column->align;
	return column->kind == DOC_INTEGER || column->kind == DOC_MONEY ? DOC_RIGHT : DOC_LEFT;
}

const char *
doc_cell_plain(struct arena *arena, const struct doc_column *column,
    const struct doc_cell *cell, int offset_min)
{
	if (cell->has != DOC_CELL_VALUE)
		return cell->text != NULL ? cell->text : "";
	switch (column->kind) {
	case DOC_MONEY:
		return money_format(arena, cell->value, column->decimals, true);
	case DOC_DATE:
		return date_format(arena, cell->value);
	case DOC_MOMENT:
		return date_format_us(arena, cell->value, offset_min);
	case DOC_TEXT:
	case DOC_INTEGER:
		break;
	}
	return money_format(arena, cell->value, 0, true);
}
