/*
 * Editing one text. Positions are byte offsets at character starts; lines of a many-line
 * field are found again at each use, as fields hold some thousand characters at most.
 */
#include "client/ui/edit.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { EDIT_CHARS = 2000, EDIT_PASTE_ASK_BYTES = 2048, EDIT_PASTE_ASK_CHARS = 500 };

void
edit_init(struct edit *edit, size_t max_chars)
{
	*edit = (struct edit){ .max_chars = max_chars, .goal_col = -1 };
}

void
edit_fini(struct edit *edit)
{
	if (edit->secret && edit->text.data)
		explicit_bzero(edit->text.data, edit->text.room);
	buf_fini(&edit->text);
	buf_fini(&edit->held);
}

const char *
edit_text(const struct edit *edit)
{
	return buf_text(&edit->text);
}

bool
edit_empty(const struct edit *edit)
{
	return edit->text.bytes == 0;
}

static void
edit_moved(struct edit *edit, size_t cursor)
{
	edit->cursor = cursor;
	edit->goal_col = -1;
}

void
edit_clear(struct edit *edit)
{
	if (edit->secret && edit->text.data)
		explicit_bzero(edit->text.data, edit->text.bytes);
	buf_clear(&edit->text);
	edit->scroll = 0;
	edit_moved(edit, 0);
}

/* Characters and steps -------------------------------------------------------------------- */

static uint32_t
edit_code(const struct edit *edit, size_t at, size_t *bytes)
{
	uint32_t code = 0;

	*bytes = text_decode(edit_text(edit) + at, edit->text.bytes - at, &code);
	if (!*bytes)
		*bytes = 1;
	return code;
}

/* The start of the next character that takes cells; marks go with the one before. */
static size_t
edit_after(const struct edit *edit, size_t at)
{
	size_t bytes;

	if (at >= edit->text.bytes)
		return edit->text.bytes;
	edit_code(edit, at, &bytes);
	for (at += bytes; at < edit->text.bytes; at += bytes) {
		uint32_t code = edit_code(edit, at, &bytes);

		if (code == '\n' || text_code_cols(code) > 0)
			break;
	}
	return at;
}

static size_t
edit_before(const struct edit *edit, size_t at)
{
	size_t last = 0, next;

	for (size_t here = 0; here < at; here = next) {
		last = here;
		next = edit_after(edit, here);
	}
	return last;
}

static int
edit_cols_between(const struct edit *edit, size_t from, size_t to)
{
	int cols = 0;
	size_t bytes;

	for (; from < to; from += bytes) {
		int wide = text_code_cols(edit_code(edit, from, &bytes));

		cols += edit->secret ? wide > 0 : wide;
	}
	return cols;
}

static void
edit_cut(struct edit *edit, size_t from, size_t to)
{
	if (from >= to)
		return;
	memmove(edit->text.data + from, edit->text.data + to, edit->text.bytes - to + 1);
	edit->text.bytes -= to - from;
	edit_moved(edit, from);
}

/* The longest part of text that fits max_chars, in bytes. */
static size_t
edit_room(const struct edit *edit, const char *text, size_t bytes)
{
	size_t max = edit->max_chars ? edit->max_chars : EDIT_CHARS;
	size_t used = text_chars(edit_text(edit)), at = 0, step;
	uint32_t code;

	while (at < bytes && used < max && (step = text_decode(text + at, bytes - at, &code))) {
		at += step;
		used++;
	}
	return at;
}

static void
edit_insert_clean(struct edit *edit, const char *text, size_t bytes)
{
	size_t tail = edit->text.bytes - edit->cursor;

	if (!bytes)
		return;
	buf_reserve(&edit->text, bytes + 1);
	memmove(edit->text.data + edit->cursor + bytes, edit->text.data + edit->cursor, tail);
	memcpy(edit->text.data + edit->cursor, text, bytes);
	edit->text.bytes += bytes;
	edit->text.data[edit->text.bytes] = '\0';
	edit_moved(edit, edit->cursor + bytes);
}

/* Keep what numbers are made of. */
static char *
edit_digits(struct arena *arena, const char *text)
{
	char *folded = text_fold_width(arena, text), *out = folded;

	for (const char *in = folded; *in; in++)
		if (strchr("0123456789.,-+", *in))
			*out++ = *in;
	*out = '\0';
	return folded;
}

bool
edit_insert(struct edit *edit, const char *text)
{
	struct arena *arena = arena_new(0);
	const char *clean = text_print(arena, text, edit->multi ? TEXT_BLOCK : TEXT_LINE);
	size_t bytes, fits;

	if (edit->digits)
		clean = edit_digits(arena, clean);
	bytes = strlen(clean);
	fits = edit_room(edit, clean, bytes);
	edit_insert_clean(edit, clean, fits);
	arena_free(arena);
	return fits == bytes;
}

void
edit_set(struct edit *edit, const char *text)
{
	bool digits = edit->digits;

	edit_clear(edit);
	edit->digits = false; /* "320,000.00 CNY" may be shown where only digits are typed */
	edit_insert(edit, text ? text : "");
	edit->digits = digits;
}

void
edit_take_held(struct edit *edit, bool yes)
{
	if (yes)
		edit_insert(edit, buf_text(&edit->held));
	buf_fini(&edit->held);
	edit->held = BUF_INIT;
}

/* Lines of a many-line field ------------------------------------------------------------ */

/* The end of the visual line from start in cols cells; *next is where the following begins. */
static size_t
edit_line_end(const struct edit *edit, size_t start, int cols, size_t *next)
{
	size_t at = start, space = 0, bytes;
	int used = 0;

	while (at < edit->text.bytes) {
		uint32_t code = edit_code(edit, at, &bytes);
		int wide = text_code_cols(code);

		if (code == '\n') {
			*next = at + 1;
			return at;
		}
		if (used + wide > cols && at > start) {
			/* Latin words move down whole; Han breaks anywhere. */
			*next = space > start && code < 0x80 && code != ' ' ? space : at;
			return *next;
		}
		if (code == ' ' || code >= 0x2e80)
			space = at + bytes;
		used += wide;
		at += bytes;
	}
	*next = edit->text.bytes + 1; /* no line follows */
	return at;
}

struct edit_line {
	size_t number, start, end;
};

/* The line that holds a position; number counts from 0. */
static struct edit_line
edit_line_of(const struct edit *edit, size_t at, int cols)
{
	struct edit_line line = { 0 };
	size_t next;

	for (;; line.number++, line.start = next) {
		line.end = edit_line_end(edit, line.start, cols, &next);
		if (next > edit->text.bytes || at < next)
			return line;
	}
}

static struct edit_line
edit_line_at(const struct edit *edit, size_t number, int cols)
{
	struct edit_line line = { 0 };
	size_t next;

	for (;; line.number++, line.start = next) {
		line.end = edit_line_end(edit, line.start, cols, &next);
		if (line.number == number || next > edit->text.bytes)
			return line;
	}
}

static size_t
edit_at_col(const struct edit *edit, struct edit_line line, int col)
{
	size_t at = line.start, next;

	while (at < line.end) {
		next = edit_after(edit, at);
		if (next > line.end || edit_cols_between(edit, line.start, next) > col)
			break;
		at = next;
	}
	return at;
}

static unsigned
edit_key_lines(struct edit *edit, int step)
{
	int cols = edit->last_cols > 0 ? edit->last_cols : 60, goal;
	struct edit_line line = edit_line_of(edit, edit->cursor, cols), to;

	if (step < 0 && line.number == 0)
		return UI_NONE;
	to = edit_line_at(edit,
	    step < 0 && line.number < (size_t)-step ? 0 : line.number + (size_t)step, cols);
	if (to.number == line.number)
		return UI_NONE;
	goal = edit->goal_col >= 0 ? edit->goal_col
				   : edit_cols_between(edit, line.start, edit->cursor);
	edit->cursor = edit_at_col(edit, to, goal);
	edit->goal_col = goal;
	return UI_DONE;
}

/* Keys ---------------------------------------------------------------------------------- */

static size_t
edit_word(const struct edit *edit, int step)
{
	size_t at = edit->cursor, here, bytes;
	bool word = false;

	while (step < 0 ? at > 0 : at < edit->text.bytes) {
		here = step < 0 ? edit_before(edit, at) : at;
		if (edit_code(edit, here, &bytes) != ' ')
			word = true;
		else if (word)
			break;
		at = step < 0 ? here : edit_after(edit, at);
	}
	return at;
}

static struct edit_line
edit_line_here(const struct edit *edit)
{
	if (edit->multi)
		return edit_line_of(
		    edit, edit->cursor, edit->last_cols > 0 ? edit->last_cols : 60);
	return (struct edit_line){ .end = edit->text.bytes };
}

static unsigned
edit_move(struct edit *edit, size_t to)
{
	edit_moved(edit, to);
	return UI_DONE;
}

static unsigned
edit_remove(struct edit *edit, size_t from, size_t to)
{
	edit_cut(edit, from, to);
	return UI_DONE | (from < to ? UI_CHANGED : 0U);
}

static unsigned
edit_type(struct edit *edit, const struct event *event)
{
	uint32_t code = event_char(event);
	char text[5] = { 0 };
	size_t before = edit->text.bytes;

	if (event->kind == EVENT_PASTE) {
		/* A short field takes what fits; a long one might take it all. */
		if (event->bytes > EDIT_PASTE_ASK_BYTES &&
		    edit->max_chars >= EDIT_PASTE_ASK_CHARS) {
			buf_clear(&edit->held);
			buf_puts(&edit->held, event->text);
			return UI_DONE | UI_ASK;
		}
		return UI_DONE | UI_CHANGED |
		       (edit_insert(edit, event->text) ? 0U : UI_REFUSED);
	}
	if (!code)
		return UI_NONE;
	text_encode(code, text);
	if (!edit_insert(edit, text) || edit->text.bytes == before)
		return UI_DONE | UI_REFUSED;
	return UI_DONE | UI_CHANGED;
}

unsigned
edit_key(struct edit *edit, enum act act, const struct event *event)
{
	size_t at = edit->cursor;

	switch (act) {
	case ACT_left:
		return edit_move(edit, edit_before(edit, at));
	case ACT_right:
		return edit_move(edit, edit_after(edit, at));
	case ACT_word_left:
		return edit_move(edit, edit_word(edit, -1));
	case ACT_word_right:
		return edit_move(edit, edit_word(edit, 1));
	case ACT_first:
	case ACT_line_start:
		return edit_move(edit, edit_line_here(edit).start);
	case ACT_last:
		return edit_move(edit, edit_line_here(edit).end);
	case ACT_erase:
		return edit_remove(edit, edit_before(edit, at), at);
	case ACT_delete:
		return edit_remove(edit, at, edit_after(edit, at));
	case ACT_kill:
		return edit_remove(edit, at, edit_line_here(edit).end);
	case ACT_clear:
		return edit_remove(edit, 0, edit->text.bytes);
	case ACT_up:
		return edit->multi ? edit_key_lines(edit, -1) : UI_NONE;
	case ACT_down:
		return edit->multi ? edit_key_lines(edit, 1) : UI_NONE;
	case ACT_page_up:
		return edit->multi ? edit_key_lines(edit, -edit->last_rows) : UI_NONE;
	case ACT_page_down:
		return edit->multi ? edit_key_lines(edit, edit->last_rows) : UI_NONE;
	case ACT_open:
		if (!edit->multi)
			return UI_NONE;
		return UI_DONE | (edit_insert(edit, "\n") ? UI_CHANGED : UI_REFUSED);
	case ACT_NONE:
		return edit_type(edit, event);
	default:
		return UI_NONE;
	}
}

/* Drawing --------------------------------------------------------------------------------- */

static char *
edit_stars(const struct edit *edit, size_t from)
{
	int count = edit_cols_between(edit, from, edit->text.bytes);
	char *stars = arena_alloc(cells_scratch(), (size_t)count + 1);

	memset(stars, '*', (size_t)count);
	return stars;
}

/* Keep the cursor in sight: the cell after the text is needed for typing. */
static void
edit_scroll_line(struct edit *edit, int cols)
{
	if (edit->scroll > edit->cursor)
		edit->scroll = edit->cursor;
	while (edit->scroll < edit->cursor &&
	       edit_cols_between(edit, edit->scroll, edit->cursor) > cols - 1)
		edit->scroll = edit_after(edit, edit->scroll);
	while (edit->scroll > 0 && edit_cols_between(edit, edit_before(edit, edit->scroll),
				       edit->text.bytes) < cols)
		edit->scroll = edit_before(edit, edit->scroll);
}

static void
edit_draw_line(struct edit *edit, struct rect rect, enum role role, bool focus)
{
	edit_scroll_line(edit, rect.cols);
	/* Only the room left is underlined: a letter typed is then one byte, not sixteen. */
	cells_put(rect.y, rect.x, rect.cols, "", role);
	cells_add(rect.y, rect.x, rect.cols,
	    edit->secret ? edit_stars(edit, edit->scroll) : edit_text(edit) + edit->scroll,
	    role == ROLE_FIELD ? ROLE_NORMAL : role);
	if (focus)
		cells_cursor(
		    rect.y, rect.x + edit_cols_between(edit, edit->scroll, edit->cursor));
}

static void
edit_draw_lines(struct edit *edit, struct rect rect, enum role role, bool focus)
{
	struct edit_line at = edit_line_of(edit, edit->cursor, rect.cols), line;
	size_t rows = (size_t)rect.rows;

	if (edit->scroll > at.number)
		edit->scroll = at.number;
	if (edit->scroll + rows <= at.number)
		edit->scroll = at.number - rows + 1;
	cells_fill(rect, role);
	for (size_t i = 0; i < rows; i++) {
		line = edit_line_at(edit, edit->scroll + i, rect.cols);
		if (line.number != edit->scroll + i)
			break;
		cells_put(rect.y + (int)i, rect.x, rect.cols,
		    arena_strndup(
			cells_scratch(), edit_text(edit) + line.start, line.end - line.start),
		    role);
	}
	if (focus)
		cells_cursor(rect.y + (int)(at.number - edit->scroll),
		    rect.x + edit_cols_between(edit, at.start, edit->cursor));
}

void
edit_draw(struct edit *edit, struct rect rect, enum role role, bool focus)
{
	edit->last_cols = rect.cols;
	edit->last_rows = rect.rows > 1 ? rect.rows - 1 : 1;
	if (rect.cols < 1 || rect.rows < 1)
		return;
	if (edit->multi)
		edit_draw_lines(edit, rect, role, focus);
	else
		edit_draw_line(edit, rect, role, focus);
}
