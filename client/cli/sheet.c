/*
 * The four formats. Machines get every value whole; a table gets one line a row, at most
 * SHEET_MAX_COLS cells a column.
 */
#include "client/cli/sheet.h"

#include "common/csv.h"
#include "common/text.h"
#include <errno.h>
#include <string.h>

#define SHEET_SAMPLE_ROWS 100
#define SHEET_MAX_COLS    48
#define SHEET_GAP         "  "

struct sheet {
	FILE *out;
	enum sheet_format format;
	struct arena *arena; /* the sheet itself and its columns */
	struct arena *rows;  /* rows held back for the widths, or one row at work */
	struct sheet_column *columns;
	size_t count, *widths;
	bool header, started;
	struct sheet_cell **held;
	size_t held_count;
	struct buf line;
	int error; /* errno of the first write that failed */
};

enum err
sheet_format(const char *name, enum sheet_format fallback, enum sheet_format *format)
{
	static const char *const names[] = { "table", "tsv", "csv", "jsonl" };

	*format = fallback;
	if (name == NULL)
		return ERR_OK;
	for (size_t i = 0; i < 4; i++)
		if (strcmp(names[i], name) == 0) {
			*format = (enum sheet_format)i;
			return ERR_OK;
		}
	return ERR_INVALID;
}

struct sheet *
sheet_new(FILE *out, enum sheet_format format, const struct sheet_column *columns, size_t count,
    bool header)
{
	struct arena *arena = arena_new(0);
	struct sheet *sheet = ARENA_NEW(arena, struct sheet);

	sheet->out = out;
	sheet->format = format;
	sheet->header = header || format == SHEET_TABLE || format == SHEET_CSV;
	sheet->arena = arena;
	sheet->rows = arena_new(0);
	sheet->count = count;
	sheet->columns = ARENA_ARRAY(sheet->arena, struct sheet_column, count);
	sheet->widths = ARENA_ARRAY(sheet->arena, size_t, count);
	sheet->held = ARENA_ARRAY(sheet->arena, struct sheet_cell *, SHEET_SAMPLE_ROWS);
	for (size_t i = 0; i < count; i++) {
		sheet->columns[i].name = arena_strdup(sheet->arena, columns[i].name);
		sheet->columns[i].label = arena_strdup(
		    sheet->arena, text_print(sheet->arena, columns[i].label, TEXT_LINE));
	}
	return sheet;
}

static void
sheet_write(struct sheet *sheet)
{
	if (sheet->error == 0 && sheet->line.bytes > 0 &&
	    fwrite(sheet->line.data, 1, sheet->line.bytes, sheet->out) != sheet->line.bytes)
		sheet->error = errno;
	buf_clear(&sheet->line);
}

/* ---- table ---- */

static void
sheet_put_padded(struct sheet *sheet, size_t column, const char *text, bool right)
{
	struct arena *arena = arena_new(0);
	size_t width = sheet->widths[column], cols;
	const char *cut = text_cut(arena, text, width, false);

	cols = text_cols(cut);
	if (column > 0)
		buf_puts(&sheet->line, SHEET_GAP);
	for (size_t i = cols; right && i < width; i++)
		buf_putc(&sheet->line, ' ');
	buf_puts(&sheet->line, cut);
	/* Nothing behind the last column: lines without blanks at their ends. */
	for (size_t i = cols; !right && i < width && column + 1 < sheet->count; i++)
		buf_putc(&sheet->line, ' ');
	arena_free(arena);
}

static void
sheet_put_table(struct sheet *sheet, const struct sheet_cell *cells)
{
	for (size_t i = 0; i < sheet->count; i++)
		sheet_put_padded(sheet, i, cells[i].text, cells[i].kind == CELL_NUMBER);
	while (sheet->line.bytes > 0 && sheet->line.data[sheet->line.bytes - 1] == ' ')
		sheet->line.bytes--;
	buf_putc(&sheet->line, '\n');
}

static void
sheet_put_names(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->count; i++) {
		bool right = sheet->held_count > 0 && sheet->held[0][i].kind == CELL_NUMBER;

		sheet_put_padded(sheet, i, sheet->columns[i].label, right);
	}
	buf_putc(&sheet->line, '\n');
	for (size_t i = 0; i < sheet->count; i++) {
		if (i > 0)
			buf_puts(&sheet->line, SHEET_GAP);
		for (size_t col = 0; col < sheet->widths[i]; col++)
			buf_putc(&sheet->line, '-');
	}
	buf_putc(&sheet->line, '\n');
}

static void
sheet_measure(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->count; i++) {
		size_t width = text_cols(sheet->columns[i].label);

		for (size_t row = 0; row < sheet->held_count; row++) {
			size_t cols = text_cols(sheet->held[row][i].text);

			width = cols > width ? cols : width;
		}
		/* The last column may be as wide as it likes. */
		bool free_end = i + 1 == sheet->count;
		sheet->widths[i] = width > SHEET_MAX_COLS && !free_end ? SHEET_MAX_COLS : width;
	}
}

/* The rows held back, once their widths are known. */
static void
sheet_release(struct sheet *sheet)
{
	if (!sheet->started) {
		sheet->started = true;
		sheet_measure(sheet);
		sheet_put_names(sheet);
	}
	for (size_t row = 0; row < sheet->held_count; row++)
		sheet_put_table(sheet, sheet->held[row]);
	sheet->held_count = 0;
	sheet_write(sheet);
	arena_reset(sheet->rows);
}

static void
sheet_hold(struct sheet *sheet, const struct sheet_cell *cells)
{
	struct sheet_cell *copy = ARENA_ARRAY(sheet->rows, struct sheet_cell, sheet->count);

	for (size_t i = 0; i < sheet->count; i++) {
		const char *text = cells[i].text == NULL ? "" : cells[i].text;

		copy[i].kind = cells[i].kind;
		copy[i].text =
		    arena_strdup(sheet->rows, text_print(sheet->rows, text, TEXT_LINE));
	}
	sheet->held[sheet->held_count++] = copy;
	if (sheet->started || sheet->held_count == SHEET_SAMPLE_ROWS)
		sheet_release(sheet);
}

/* ---- the formats for machines ---- */

static void
sheet_put_tsv(struct sheet *sheet, const struct sheet_cell *cells)
{
	for (size_t i = 0; i < sheet->count; i++) {
		if (i > 0)
			buf_putc(&sheet->line, '\t');
		if (cells[i].text != NULL)
			buf_puts(
			    &sheet->line, text_print(sheet->rows, cells[i].text, TEXT_LINE));
	}
	buf_putc(&sheet->line, '\n');
}

static void
sheet_put_csv(struct sheet *sheet, const struct sheet_cell *cells)
{
	/* CSV is what people open in a spreadsheet: no text may run there as a formula. */
	struct csv_writer writer = { .out = &sheet->line, .delimiter = ',', .defuse = true };

	for (size_t i = 0; i < sheet->count; i++) {
		const char *text = cells[i].text == NULL ? "" : cells[i].text;

		csv_put(&writer, text_print(sheet->rows, text, TEXT_BLOCK),
		    cells[i].kind == CELL_NUMBER ? CSV_NUMBER : CSV_TEXT);
	}
	csv_end_row(&writer);
}

void
sheet_json_text(struct buf *out, const char *text)
{
	struct arena *arena = arena_new(0);

	buf_putc(out, '"');
	for (const char *at = text_print(arena, text, TEXT_BLOCK); *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else if (*at == '\n')
			buf_puts(out, "\\n");
		else
			buf_putc(out, *at);
	}
	buf_putc(out, '"');
	arena_free(arena);
}

static void
sheet_put_json(struct sheet *sheet, const struct sheet_cell *cells)
{
	buf_putc(&sheet->line, '{');
	for (size_t i = 0; i < sheet->count; i++) {
		if (i > 0)
			buf_putc(&sheet->line, ',');
		sheet_json_text(&sheet->line, sheet->columns[i].name);
		buf_putc(&sheet->line, ':');
		if (cells[i].kind == CELL_JSON && cells[i].json != NULL)
			buf_puts(&sheet->line, cells[i].json);
		else if (cells[i].text == NULL)
			buf_puts(&sheet->line, "null");
		else if (cells[i].kind == CELL_NUMBER || cells[i].kind == CELL_BOOL)
			buf_puts(&sheet->line, cells[i].text);
		else
			sheet_json_text(&sheet->line, cells[i].text);
	}
	buf_puts(&sheet->line, "}\n");
}

static void
sheet_start(struct sheet *sheet)
{
	struct sheet_cell *names;

	if (sheet->started)
		return;
	sheet->started = true;
	if (!sheet->header || sheet->format == SHEET_JSONL)
		return;
	names = ARENA_ARRAY(sheet->rows, struct sheet_cell, sheet->count);
	for (size_t i = 0; i < sheet->count; i++)
		names[i].text = sheet->columns[i].name;
	if (sheet->format == SHEET_CSV)
		sheet_put_csv(sheet, names);
	else
		sheet_put_tsv(sheet, names);
}

void
sheet_row(struct sheet *sheet, const struct sheet_cell *cells)
{
	if (sheet->format == SHEET_TABLE) {
		sheet_hold(sheet, cells);
		return;
	}
	sheet_start(sheet);
	if (sheet->format == SHEET_TSV)
		sheet_put_tsv(sheet, cells);
	else if (sheet->format == SHEET_CSV)
		sheet_put_csv(sheet, cells);
	else
		sheet_put_json(sheet, cells);
	sheet_write(sheet);
	arena_reset(sheet->rows);
}

void
sheet_flush(struct sheet *sheet)
{
	if (sheet->format == SHEET_TABLE && sheet->held_count > 0)
		sheet_release(sheet);
	if (fflush(sheet->out) != 0 && sheet->error == 0)
		sheet->error = errno;
}

enum err
sheet_end(struct sheet *sheet)
{
	if (sheet->format == SHEET_TABLE)
		sheet_release(sheet);
	else
		sheet_start(sheet);
	sheet_write(sheet);
	sheet_flush(sheet);
	int error = sheet->error;
	buf_fini(&sheet->line);
	arena_free(sheet->rows);
	arena_free(sheet->arena); /* and with it the sheet */
	errno = error;
	return error == 0 ? ERR_OK : ERR_FILE_SYSTEM;
}
