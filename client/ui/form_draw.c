/*
 * How a form looks. Places are computed at each drawing from the width; a form longer than
 * its rectangle scrolls with the focus.
 */
#include "client/ui/form.h"
#include "common/text.h"

enum { FORM_COLS = 26, FORM_ROWS = 4, FORM_MARK_COLS = 1, FORM_BOTH_COLS = 72 };

struct form_place {
	int y; /* row of the form, not of the screen */
	int x;
	int width; /* cells up to the right edge of what belongs to the field */
};

static int
form_label_cols(const struct form *form)
{
	int widest = 4;

	if (form->label_cols)
		return form->label_cols;
	for (size_t i = 0; i < form->count; i++) {
		int cols = (int)text_cols(form->fields[i].label);

		widest = cols > widest ? cols : widest;
	}
	return widest > 20 ? 20 : widest;
}

static int
form_field_rows(const struct form_field *field)
{
	if (field->kind == FORM_PANEL)
		return field->panel_rows(field->panel);
	return field->kind == FORM_BLOCK ? (field->rows ? field->rows : FORM_ROWS) + 2 : 1;
}

static int
form_field_cols(const struct form_field *field)
{
	return field->kind == FORM_CHECK ? 1 : field->cols ? field->cols : FORM_COLS;
}

/* Places of all fields, and in places[count] that of the button. Returns rows in all. */
static int
form_places(const struct form *form, int cols, struct form_place *places)
{
	int y = 0, rows_before = 0;

	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->fields[i];
		bool beside = field->beside && i > 0 && cols >= FORM_BOTH_COLS &&
			      form->fields[i - 1].kind != FORM_BLOCK &&
			      form->fields[i - 1].kind != FORM_PANEL && !field->section;

		if (beside) {
			places[i - 1].width = cols / 2;
			places[i] =
			    (struct form_place){ places[i - 1].y, cols / 2, cols - cols / 2 };
			continue;
		}
		y += rows_before;
		if (field->section)
			y += i ? 2 : 1;
		places[i] = (struct form_place){ y, 0, cols };
		rows_before = form_field_rows(field);
	}
	y += rows_before + 1;
	places[form->count] = (struct form_place){ y, 0, cols };
	return form->no_button ? y - 1 : y + 1;
}

static void
form_scroll(struct form *form, const struct form_place *places, int rows, int total)
{
	int first = places[form->focus].y, last = first;

	if (form->focus < form->count) {
		last = first + form_field_rows(&form->fields[form->focus]) - 1;
		first -= form->fields[form->focus].section ? 1 : 0;
	}
	if (form->top > first)
		form->top = first;
	if (form->top + rows <= last)
		form->top = last - rows + 1;
	if (form->top + rows > total)
		form->top = total > rows ? total - rows : 0;
}

/* Beside the box: the error, what the value means, or what it was. */
static void
form_draw_side(const struct form *form, size_t index, int y, int x, int cols)
{
	const struct form_field *field = &form->fields[index];
	struct buf choices = BUF_INIT;

	if (cols < 4)
		return;
	if (field->error) {
		cells_putf(y, x, cols, ROLE_BAD, "! %s", field->error);
	} else if (field->echo) {
		cells_add(y, x, cols, field->echo, ROLE_NORMAL);
	} else if (field->kind == FORM_CHOICE && form->focus == index) {
		for (size_t i = 0; i < field->choice_count; i++)
			buf_printf(&choices, "%zu%s ", i + 1, field->choices[i]);
		cells_add(y, x, cols, buf_text(&choices), ROLE_MUTED);
		buf_fini(&choices);
	} else if (form_changed(form, index) && field->was && field->kind == FORM_TEXT) {
		cells_add(y, x, cols, arena_printf(cells_scratch(), tr(T_FORM_WAS), field->was),
		    ROLE_WARN);
	}
}

static void
form_draw_block(struct form *form, size_t index, struct rect box, bool focus)
{
	struct form_field *field = &form->fields[index];
	char *count = arena_printf(cells_scratch(), tr(T_FORM_CHARS),
	    text_chars(edit_text(&field->edit)), field->edit.max_chars);

	cells_box(box, NULL);
	edit_draw(&field->edit,
	    (struct rect){ box.y + 1, box.x + 1, box.rows - 2, box.cols - 2 }, ROLE_NORMAL,
	    focus);
	cells_add(box.y + box.rows - 1, box.x + 2, box.cols - 4,
	    arena_printf(cells_scratch(), " %s ", count), ROLE_NORMAL);
	if (field->error)
		cells_add(box.y, box.x + 2, box.cols - 4,
		    arena_printf(cells_scratch(), " ! %s ", field->error), ROLE_BAD);
}

static void
form_draw_line(struct form *form, size_t index, int y, int x, int end, bool focus)
{
	struct form_field *field = &form->fields[index];
	int cols = form_field_cols(field);

	if (cols > end - x - 4)
		cols = end - x - 4 > 1 ? end - x - 4 : 1;
	cells_add(y, x, 1, "[", ROLE_NORMAL);
	if (field->kind == FORM_CHECK) {
		cells_put(y, x + 1, 1, field->checked ? "x" : "", ROLE_NORMAL);
		if (focus)
			cells_cursor(y, x + 1);
	} else {
		edit_draw(&field->edit, (struct rect){ y, x + 1, 1, cols },
		    focus ? ROLE_FIELD : ROLE_NORMAL, focus);
	}
	x += 1 + cols;
	x += cells_add(y, x, 3, field->lookup ? "]F4" : "]", ROLE_NORMAL);
	form_draw_side(form, index, y, x + 2, end - x - 2);
}

/* The box of a block, cut where the form's rectangle ends. */
static struct rect
form_block_box(const struct form_field *field, struct rect rect, int y, int x)
{
	int rows = form_field_rows(field), left = rect.y + rect.rows - y;

	return (struct rect){ y, x, rows < left ? rows : left, rect.x + rect.cols - x };
}

static void
form_draw_field(
    struct form *form, size_t index, struct form_place place, struct rect rect, bool focus)
{
	struct form_field *field = &form->fields[index];
	int y = rect.y + place.y - form->top, x = rect.x + place.x,
	    label_cols = form_label_cols(form);
	bool writable = field->kind != FORM_SHOW && !field->readonly;
	const char *mark = field->error                            ? "!"
			   : writable && form_changed(form, index) ? "~"
			   : field->required                       ? "*"
								   : " ";

	if (field->section && place.y - 1 >= form->top) {
		cells_rule(y - 1, rect.x, rect.cols);
		cells_add(y - 1, rect.x + 2, rect.cols - 4,
		    arena_printf(cells_scratch(), " %s ", field->section), ROLE_STRONG);
	}
	if (place.y < form->top)
		return;
	if (field->kind == FORM_PANEL) {
		field->panel_draw(field->panel, form_block_box(field, rect, y, x), focus);
		return;
	}
	cells_add(y, x, 1, mark,
	    field->error   ? ROLE_BAD
	    : *mark == '~' ? ROLE_WARN
			   : ROLE_STRONG);
	cells_add(y, x + FORM_MARK_COLS, label_cols, field->label, ROLE_NORMAL);
	x += FORM_MARK_COLS + label_cols + 1;
	if (!writable)
		cells_add(y, x + 1, rect.x + place.x + place.width - x - 1,
		    edit_text(&field->edit), ROLE_NORMAL);
	else if (field->kind == FORM_BLOCK)
		form_draw_block(form, index, form_block_box(field, rect, y, x), focus);
	else
		form_draw_line(form, index, y, x, rect.x + place.x + place.width, focus);
}

void
form_draw(struct form *form, struct rect rect, bool focus)
{
	struct form_place *places =
	    arena_array(cells_scratch(), form->count + 1, sizeof *places);
	int total = form_places(form, rect.cols, places);
	struct form_place button = places[form->count];

	cells_fill(rect, ROLE_NORMAL);
	form_scroll(form, places, rect.rows, total);
	for (size_t i = 0; i < form->count; i++) {
		int last = places[i].y + form_field_rows(&form->fields[i]) - 1;

		if (last - form->top < rect.rows && last >= form->top)
			form_draw_field(form, i, places[i], rect, focus && form->focus == i);
	}
	if (form->no_button || button.y - form->top >= rect.rows || button.y < form->top)
		return;
	cells_add(rect.y + button.y - form->top, rect.x + FORM_MARK_COLS, rect.cols - 2,
	    form->button ? form->button : tr(T_FORM_SAVE),
	    focus && form->focus == form->count ? ROLE_FOCUS : ROLE_NORMAL);
	if (focus && form->focus == form->count)
		cells_cursor(rect.y + button.y - form->top, rect.x + FORM_MARK_COLS);
}
