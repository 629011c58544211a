/*
 * The grid of cells.h. It knows nothing of terminals; term.c reads it. There is one screen,
 * so there is one grid.
 */
#include "client/ui/cells.h"
#include "client/ui/glyph.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

static struct {
	struct cell *cells;
	int rows, cols;
	int cursor_y, cursor_x;
	enum cells_charset charset;
	enum cells_ambiguous ambiguous;
	bool mono;
	struct arena *scratch;
} grid;

static const struct cell cells_blank = { .code = ' ', .cols = 1, .role = ROLE_NORMAL };

void
cells_resize(int rows, int cols)
{
	grid.rows = rows > 0 ? rows : 1;
	grid.cols = cols > 0 ? cols : 1;
	free(grid.cells);
	grid.cells = mem_zalloc((size_t)grid.rows * (size_t)grid.cols, sizeof *grid.cells);
	cells_erase();
}

int
cells_rows(void)
{
	return grid.rows;
}

int
cells_cols(void)
{
	return grid.cols;
}

void
cells_fini(void)
{
	free(grid.cells);
	if (grid.scratch)
		arena_free(grid.scratch);
	memset(&grid, 0, sizeof grid);
}

struct arena *
cells_scratch(void)
{
	if (!grid.scratch)
		grid.scratch = arena_new(0);
	return grid.scratch;
}

void
cells_erase(void)
{
	for (int i = 0; i < grid.rows * grid.cols; i++)
		grid.cells[i] = cells_blank;
	grid.cursor_y = grid.cursor_x = 0;
	arena_reset(cells_scratch());
}

void
cells_set_charset(enum cells_charset charset)
{
	grid.charset = charset;
}

enum cells_charset
cells_charset(void)
{
	return grid.charset;
}

void
cells_set_ambiguous(enum cells_ambiguous ambiguous)
{
	grid.ambiguous = ambiguous;
}

void
cells_set_mono(bool mono)
{
	grid.mono = mono;
}

bool
cells_mono(void)
{
	return grid.mono;
}

/* Whatever is written over one half of a wide character blanks the other. */
static void
cells_mend(struct cell *row, int x)
{
	if (row[x].cols == 0 && x > 0)
		row[x - 1] = (struct cell){ .code = ' ', .cols = 1, .role = row[x - 1].role };
	if (row[x].cols == 2 && x + 1 < grid.cols)
		row[x + 1] = (struct cell){ .code = ' ', .cols = 1, .role = row[x + 1].role };
}

/* The caller has checked that x and x + cols - 1 are on the row. */
static void
cells_set(struct cell *row, int x, uint32_t code, int cols, enum role role)
{
	cells_mend(row, x);
	row[x] = (struct cell){ .code = code, .cols = (uint8_t)cols, .role = (uint8_t)role };
	if (cols == 2) {
		cells_mend(row, x + 1);
		row[x + 1] = (struct cell){ .role = (uint8_t)role };
	}
}

static void
cells_set_glyph(struct cell *row, int x, uint32_t code, int cols, enum role role)
{
	if (cols == 2 && code < 0x7f) {
		cells_set(row, x, code, 1, role);
		cells_set(row, x + 1, ' ', 1, role);
	} else {
		cells_set(row, x, code, cols, role);
	}
}

/* Muted text is told apart by parentheses where there is no colour. */
static const char *
cells_mute(const char *text, enum role role)
{
	if (role != ROLE_MUTED || !grid.mono || !text[strspn(text, " ")] || text[0] == '(')
		return text;
	return arena_printf(cells_scratch(), "(%s)", text);
}

int
cells_add(int y, int x, int max_cols, const char *text, enum role role)
{
	struct cell *row;
	size_t bytes, step;
	uint32_t code;
	int used = 0, cols;

	if (y < 0 || y >= grid.rows || !text || max_cols <= 0)
		return 0;
	row = grid.cells + (size_t)y * (size_t)grid.cols;
	text = cells_mute(text_print(cells_scratch(), text, TEXT_LINE), role);
	bytes = strlen(text);
	for (; bytes; text += step, bytes -= step) {
		step = text_decode(text, bytes, &code);
		if (!step)
			break;
		code = glyph_for(code, grid.charset, grid.ambiguous, &cols);
		if (!cols)
			continue;
		if (used + cols > max_cols)
			break;
		if (x + used >= 0 && x + used + cols <= grid.cols)
			cells_set_glyph(row, x + used, code, cols, role);
		used += cols;
	}
	return used;
}

static void
cells_pad(int y, int from, int to, enum role role)
{
	struct cell *row;

	if (y < 0 || y >= grid.rows)
		return;
	row = grid.cells + (size_t)y * (size_t)grid.cols;
	for (int x = from < 0 ? 0 : from; x < to && x < grid.cols; x++)
		cells_set(row, x, ' ', 1, role);
}

int
cells_put(int y, int x, int width_cols, const char *text, enum role role)
{
	int used = cells_add(y, x, width_cols, text, role);

	cells_pad(y, x + used, x + width_cols, role);
	return used;
}

int
cells_put_right(int y, int x, int width_cols, const char *text, enum role role)
{
	int cols = text ? (int)text_cols(text_print(cells_scratch(), text, TEXT_LINE)) : 0;
	int left = cols < width_cols ? width_cols - cols : 0;

	cells_pad(y, x, x + left, role);
	return cells_put(y, x + left, width_cols - left, text, role);
}

int
cells_putf(int y, int x, int width_cols, enum role role, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(cells_scratch(), format, args);
	va_end(args);
	return cells_put(y, x, width_cols, text, role);
}

void
cells_fill(struct rect rect, enum role role)
{
	for (int y = rect.y; y < rect.y + rect.rows; y++)
		cells_pad(y, rect.x, rect.x + rect.cols, role);
}

void
cells_rule(int y, int x, int width_cols)
{
	for (int i = 0; i < width_cols; i++)
		cells_add(y, x + i, 1, "-", ROLE_NORMAL);
}

void
cells_upright(int y, int x, int rows)
{
	for (int i = 0; i < rows; i++)
		cells_add(y + i, x, 1, "|", ROLE_NORMAL);
}

void
cells_box(struct rect rect, const char *title)
{
	int last_y = rect.y + rect.rows - 1, last_x = rect.x + rect.cols - 1;

	cells_fill(rect, ROLE_NORMAL);
	cells_rule(rect.y, rect.x, rect.cols);
	cells_rule(last_y, rect.x, rect.cols);
	cells_upright(rect.y, rect.x, rect.rows);
	cells_upright(rect.y, last_x, rect.rows);
	cells_add(rect.y, rect.x, 1, "+", ROLE_NORMAL);
	cells_add(rect.y, last_x, 1, "+", ROLE_NORMAL);
	cells_add(last_y, rect.x, 1, "+", ROLE_NORMAL);
	cells_add(last_y, last_x, 1, "+", ROLE_NORMAL);
	if (title && *title) {
		title = text_cut(
		    cells_scratch(), title, (size_t)(rect.cols > 6 ? rect.cols - 6 : 1), false);
		cells_add(rect.y, rect.x + 2, rect.cols - 4,
		    arena_printf(cells_scratch(), " %s ", title), ROLE_STRONG);
	}
}

void
cells_bar(int y, int x, int width_cols, int64_t done, int64_t goal, enum role role)
{
	int filled = 0;

	if (goal > 0 && done > 0)
		filled =
		    done >= goal ? width_cols : (int)((double)done / (double)goal * width_cols);
	for (int i = 0; i < width_cols; i++)
		cells_add(y, x + i, 1, i < filled ? "#" : "-", role);
}

void
cells_paint(int y, int x, int width_cols, enum role role)
{
	if (y < 0 || y >= grid.rows)
		return;
	for (int i = x < 0 ? 0 : x; i < x + width_cols && i < grid.cols; i++)
		grid.cells[(size_t)y * (size_t)grid.cols + (size_t)i].role = (uint8_t)role;
}

void
cells_cursor(int y, int x)
{
	grid.cursor_y = y < 0 ? 0 : y >= grid.rows ? grid.rows - 1 : y;
	grid.cursor_x = x < 0 ? 0 : x >= grid.cols ? grid.cols - 1 : x;
}

void
cells_cursor_get(int *y, int *x)
{
	*y = grid.cursor_y;
	*x = grid.cursor_x;
}

struct rect
cells_centre(int rows, int cols)
{
	struct rect rect = { 0 };

	rect.rows = rows < grid.rows ? rows : grid.rows;
	rect.cols = cols < grid.cols ? cols : grid.cols;
	rect.y = (grid.rows - rect.rows) / 2;
	rect.x = (grid.cols - rect.cols) / 2;
	return rect;
}

const struct cell *
cells_row(int y)
{
	return y < 0 || y >= grid.rows ? NULL : grid.cells + (size_t)y * (size_t)grid.cols;
}

char *
cells_text(struct arena *arena)
{
	size_t room = (size_t)grid.rows * ((size_t)grid.cols * 4 + 1) + 1;
	char *text = arena_alloc(arena, room), *out = text, *end;

	for (int y = 0; y < grid.rows; y++) {
		const struct cell *row = cells_row(y);

		end = out;
		for (int x = 0; x < grid.cols; x++) {
			if (!row[x].cols)
				continue;
			out += text_encode(row[x].code, out);
			if (row[x].code != ' ')
				end = out;
		}
		out = end;
		*out++ = '\n';
	}
	*out = '\0';
	return text;
}
