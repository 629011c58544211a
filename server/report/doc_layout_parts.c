/*
 * Layout of what is not a table: headings, notes, the labelled fields and signature lines of a
 * sheet.
 */
#include "common/text.h"
#include "server/report/doc_layout.h"

#define PARTS_LABEL_MOST 14 /* cells of a field's label; a longer one wraps */
#define PARTS_SIGN_LINES 4  /* room to sign, then the line */

static struct layout *
parts_layout(struct doc_sink *sink)
{
	struct layout *layout = (struct layout *)(void *)sink;

	arena_reset(layout->scratch);
	return layout;
}

enum err
layout_heading(struct doc_sink *sink, const char *text)
{
	struct layout *layout = parts_layout(sink);
	enum err err = layout_need(layout, 4, 0); /* never at the foot of a page */

	if (err != ERR_OK)
		return err;
	layout_add_gap(layout);
	layout_add_text(layout, PAGE_HEADING, 0, DOC_LEFT, text);
	return ERR_OK;
}

enum err
layout_note(struct doc_sink *sink, const char *text)
{
	struct layout *layout = parts_layout(sink);
	const char **lines;
	size_t count = text_wrap(layout->scratch, text, layout->grid->cols, &lines);

	layout_add_gap(layout);
	for (size_t i = 0; i < count; i++) {
		enum err err = layout_need(layout, 1, 0);

		if (err != ERR_OK)
			return err;
		layout_add_text(layout, PAGE_NOTE, 0, DOC_LEFT, lines[i]);
		layout_last(layout)->first = i == 0;
	}
	return ERR_OK;
}

/* Where a sheet's fields go: slots side by side, in each a label and a value. */
struct parts_sheet {
	uint16_t slot_cols, label_cols;
};

struct parts_slot {
	uint16_t col, cols; /* of the value */
	const char **lines, **labels;
	size_t count, label_count;
};

static struct parts_sheet
parts_measure(
    const struct layout *layout, const struct doc_field *fields, size_t count, unsigned across)
{
	struct parts_sheet sheet = { .slot_cols = (uint16_t)(layout->grid->cols / across) };
	size_t widest = 4;

	for (size_t i = 0; i < count; i++) {
		size_t cols = text_cols(fields[i].label);

		if (cols > widest)
			widest = cols;
	}
	sheet.label_cols = (uint16_t)(widest < PARTS_LABEL_MOST ? widest : PARTS_LABEL_MOST);
	return sheet;
}

static size_t
parts_fill_slot(struct layout *layout, const struct parts_sheet *sheet, struct parts_slot *slot,
    const struct doc_field *field, unsigned at, unsigned slots)
{
	size_t height = field->min_lines;

	slot->col = (uint16_t)(at * sheet->slot_cols + sheet->label_cols + 3);
	slot->cols = (uint16_t)((at + slots) * sheet->slot_cols - slot->col - 1);
	slot->count = text_wrap(layout->scratch, field->value, slot->cols, &slot->lines);
	slot->label_count =
	    text_wrap(layout->scratch, field->label, sheet->label_cols, &slot->labels);
	height = slot->count > height ? slot->count : height;
	return slot->label_count > height ? slot->label_count : height;
}

/* One line of a row of fields: a cell of air left of the label and on both sides of the value.
 */
static void
parts_field_line(struct layout *layout, const struct parts_sheet *sheet,
    const struct parts_slot *slots, unsigned count, size_t line)
{
	struct page_item *items = layout_add(layout, PAGE_FIELD, (size_t)count * 2);
	struct arena *arena = layout->page->arena;

	for (unsigned i = 0; i < count; i++) {
		uint16_t label_col = (uint16_t)(slots[i].col - sheet->label_cols - 2);

		layout_set(arena, &items[2 * i], label_col, sheet->label_cols, DOC_LEFT,
		    line < slots[i].label_count ? slots[i].labels[line] : "");
		items[2 * i].style = PAGE_LABEL;
		layout_set(arena, &items[2 * i + 1], slots[i].col, slots[i].cols, DOC_LEFT,
		    line < slots[i].count ? slots[i].lines[line] : "");
	}
	layout_last(layout)->first = line == 0;
}

static enum err
parts_field_row(struct layout *layout, const struct parts_sheet *sheet,
    const struct parts_slot *slots, unsigned count, size_t height)
{
	enum err err = layout_need(layout, height, 0);

	for (size_t line = 0; line < height && err == ERR_OK; line++) {
		err = layout_need(layout, 1, 0);
		if (err == ERR_OK)
			parts_field_line(layout, sheet, slots, count, line);
	}
	return err;
}

enum err
layout_fields(
    struct doc_sink *sink, const struct doc_field *fields, size_t count, unsigned across)
{
	struct layout *layout = parts_layout(sink);
	struct parts_sheet sheet = parts_measure(layout, fields, count, across);
	enum err err = ERR_OK;

	layout_add_gap(layout);
	for (size_t i = 0; i < count && err == ERR_OK;) {
		struct parts_slot slots[2];
		bool pair =
		    across == 2 && i + 1 < count && !fields[i].wide && !fields[i + 1].wide;
		size_t height, other;

		arena_reset(layout->scratch);
		height = parts_fill_slot(
		    layout, &sheet, &slots[0], &fields[i], 0, pair ? 1 : across);
		if (pair) {
			other =
			    parts_fill_slot(layout, &sheet, &slots[1], &fields[i + 1], 1, 1);
			height = other > height ? other : height;
		}
		err = parts_field_row(layout, &sheet, slots, pair ? 2 : 1, height);
		i += pair ? 2 : 1;
	}
	return err;
}

enum err
layout_signatures(struct doc_sink *sink, const char *const *labels, size_t count)
{
	struct layout *layout = parts_layout(sink);
	enum err err = layout_need(layout, PARTS_SIGN_LINES, 0);
	struct page_item *items;
	uint16_t slot;

	if (err != ERR_OK || count == 0)
		return err;
	for (size_t i = 1; i < PARTS_SIGN_LINES; i++)
		layout_add(layout, PAGE_BLANK, 0);
	items = layout_add(layout, PAGE_SIGN, count * 2);
	slot = (uint16_t)(layout->grid->cols / count);
	for (size_t i = 0; i < count; i++) {
		uint16_t col = (uint16_t)(i * slot),
			 room = (uint16_t)(slot > 8 ? slot - 4 : slot);
		size_t wide = text_cols(labels[i]);
		uint16_t label = (uint16_t)(wide < room ? wide : room);

		layout_set(layout->page->arena, &items[2 * i], col, label, DOC_LEFT, labels[i]);
		items[2 * i + 1] = (struct page_item){ .col = (uint16_t)(col + label + 1),
			.cols = (uint16_t)(room > label + 1 ? room - label - 1 : 0),
			.align = DOC_LEFT,
			.style = PAGE_UNDERLINE };
	}
	return ERR_OK;
}
