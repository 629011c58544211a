/*
 * The reader is a state machine over bytes; UTF-8 needs no care, since no delimiter, quote or
 * newline byte occurs inside a character. A row grows in one buffer, cells by their offsets,
 * and moves to the caller's arena when it is complete.
 */
#include "common/csv.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#define CSV_SAMPLE_BYTES ((size_t)64 * 1024)
#define CSV_SAMPLE_ROWS  100

enum csv_state {
	CSV_AT_ROW,      /* before the first byte of a row */
	CSV_AT_CELL,     /* before the first byte of a later cell */
	CSV_IN_CELL,     /* inside an unquoted cell */
	CSV_IN_QUOTES,   /* inside a quoted cell */
	CSV_AFTER_QUOTE, /* behind a quote that may be the closing one or half of "" */
	CSV_CLOSED       /* behind a closing quote and spaces */
};

struct csv_reader {
	struct buf input; /* fed and not yet read, from at on */
	size_t at;
	struct buf cells; /* the row so far, a NUL behind each cell */
	size_t *starts;
	size_t count, room;
	enum csv_state state;
	char delimiter;
	bool begun, finished, after_cr, stray_quote;
	uint64_t line, row_line, quote_line, rows;
	enum csv_fault fault;
	uint64_t fault_line;
};

struct csv_reader *
csv_reader_new(char delimiter)
{
	struct csv_reader *reader = mem_zalloc(1, sizeof(*reader));

	reader->delimiter = delimiter;
	reader->line = 1;
	return reader;
}

void
csv_reader_free(struct csv_reader *reader)
{
	if (reader == NULL)
		return;
	buf_fini(&reader->input);
	buf_fini(&reader->cells);
	free(reader->starts);
	free(reader);
}

void
csv_reader_feed(struct csv_reader *reader, const char *data, size_t bytes)
{
	buf_shift(&reader->input, reader->at);
	reader->at = 0;
	buf_put(&reader->input, data, bytes);
}

void
csv_reader_finish(struct csv_reader *reader)
{
	reader->finished = true;
}

enum csv_fault
csv_reader_fault(const struct csv_reader *reader, uint64_t *line)
{
	*line = reader->fault_line;
	return reader->fault;
}

const char *
csv_fault_text(enum csv_fault fault, enum lang lang)
{
	static const char *const texts[][2] = {
		[CSV_FAULT_NONE] = { "no fault", "无错误" },
		[CSV_FAULT_OPEN_QUOTE] = { "a quote is opened here and never closed",
		    "此处的引号没有结束" },
		[CSV_FAULT_LONG_CELL] = { "a cell is longer than 1 MiB; is a quote missing?",
		    "单元格超过 1 MiB，是否缺少引号？" },
		[CSV_FAULT_LONG_ROW] = { "a row is longer than 4 MiB or 4096 cells",
		    "一行超过 4 MiB 或 4096 个单元格" },
		[CSV_FAULT_NUL] = { "a zero byte: this is not a text file",
		    "含有零字节：这不是文本文件" },
	};

	return texts[fault][lang == LANG_ZH];
}

bool
csv_reader_at_end(const struct csv_reader *reader)
{
	return reader->at == reader->input.bytes;
}

char
csv_reader_delimiter(const struct csv_reader *reader)
{
	return reader->delimiter;
}

static enum csv_status
csv_break(struct csv_reader *reader, enum csv_fault fault, uint64_t line)
{
	reader->fault = fault;
	reader->fault_line = line;
	return CSV_BROKEN;
}

/* Begin a cell; its bytes follow in cells. */
static void
csv_open_cell(struct csv_reader *reader)
{
	if (reader->count == reader->room) {
		reader->room = reader->room == 0 ? 32 : reader->room * 2;
		size_t *starts = mem_resize(reader->starts, reader->room * sizeof(*starts));
		reader->starts = starts;
	}
	reader->starts[reader->count++] = reader->cells.bytes;
}

static void
csv_close_cell(struct csv_reader *reader)
{
	buf_putc(&reader->cells, '\0');
}

/* Cells that arrived too long are refused before memory grows with the file. */
static bool
csv_too_long(struct csv_reader *reader, enum csv_fault *fault)
{
	size_t start = reader->count == 0 ? 0 : reader->starts[reader->count - 1];

	*fault = reader->cells.bytes - start > CSV_CELL_BYTES ? CSV_FAULT_LONG_CELL
		 : reader->cells.bytes > CSV_ROW_BYTES || reader->count > CSV_ROW_CELLS
		     ? CSV_FAULT_LONG_ROW
		     : CSV_FAULT_NONE;
	return *fault != CSV_FAULT_NONE;
}

static void
csv_take_row(struct csv_reader *reader, struct arena *arena, struct csv_row *row)
{
	char *text = arena_memdup(arena, reader->cells.data, reader->cells.bytes);
	const char **cells = ARENA_ARRAY(arena, const char *, reader->count);

	for (size_t i = 0; i < reader->count; i++)
		cells[i] = text + reader->starts[i];
	*row = (struct csv_row){
		.cells = cells,
		.count = reader->count,
		.number = ++reader->rows,
		.line = reader->row_line,
		.stray_quote = reader->stray_quote,
	};
	buf_clear(&reader->cells);
	reader->count = 0;
	reader->stray_quote = false;
	reader->state = CSV_AT_ROW;
}

/* The first byte of a row or cell. */
static void
csv_begin_cell(struct csv_reader *reader, char c)
{
	if (reader->state == CSV_AT_ROW)
		reader->row_line = reader->line;
	csv_open_cell(reader);
	if (c == '"') {
		reader->state = CSV_IN_QUOTES;
		reader->quote_line = reader->line;
	} else {
		reader->state = CSV_IN_CELL;
		buf_putc(&reader->cells, c);
	}
}

/* A byte of a cell that is no delimiter and no end of a row. */
static void
csv_add(struct csv_reader *reader, char c)
{
	switch (reader->state) {
	case CSV_AT_ROW:
	case CSV_AT_CELL:
		csv_begin_cell(reader, c);
		break;
	case CSV_IN_CELL:
		buf_putc(&reader->cells, c);
		break;
	case CSV_IN_QUOTES:
		if (c == '"')
			reader->state = CSV_AFTER_QUOTE;
		else
			buf_putc(&reader->cells, c);
		break;
	case CSV_AFTER_QUOTE:
		if (c == '"') {
			reader->state = CSV_IN_QUOTES;
			buf_putc(&reader->cells, c);
			break;
		}
		/* fall through */
	case CSV_CLOSED:
		/* Spaces before the delimiter are common and harmless. */
		reader->state = c == ' ' ? CSV_CLOSED : CSV_IN_CELL;
		if (c != ' ') {
			reader->stray_quote = true;
			buf_putc(&reader->cells, c);
		}
		break;
	}
}

/* Cells are copied by runs, not by bytes, where nothing in them has a meaning. */
static void
csv_add_run(struct csv_reader *reader)
{
	const char *start = reader->input.data + reader->at;
	size_t left = reader->input.bytes - reader->at, run = 0;
	bool quoted = reader->state == CSV_IN_QUOTES;

	if (!quoted && reader->state != CSV_IN_CELL)
		return;
	while (run < left && start[run] != '\n' && start[run] != '\r' && start[run] != '\0' &&
	       start[run] != (quoted ? '"' : reader->delimiter))
		run++;
	buf_put(&reader->cells, start, run);
	reader->at += run;
	if (run > 0)
		reader->after_cr = false;
}

/* Read one byte; true when it ended a row. */
static bool
csv_read_byte(struct csv_reader *reader, char c)
{
	bool newline = c == '\n' || c == '\r', second = c == '\n' && reader->after_cr;
	bool quoted = reader->state == CSV_IN_QUOTES;

	reader->after_cr = c == '\r';
	if (second && !quoted) {
		return false; /* CR did the work */
	} else if (newline && !quoted) {
		bool row = reader->state != CSV_AT_ROW;
		if (reader->state == CSV_AT_CELL)
			csv_open_cell(reader);
		if (row)
			csv_close_cell(reader);
		reader->line++;
		return row;
	} else if (c == reader->delimiter && !quoted) {
		if (reader->state == CSV_AT_ROW)
			reader->row_line = reader->line;
		if (reader->state == CSV_AT_ROW || reader->state == CSV_AT_CELL)
			csv_open_cell(reader);
		csv_close_cell(reader);
		reader->state = CSV_AT_CELL;
		return false;
	}
	csv_add(reader, c);
	reader->line += newline && !second;
	return false;
}

/* "sep=;" alone on the first line, as Excel writes and reads it. */
static bool
csv_take_hint(struct csv_reader *reader)
{
	const char *data = buf_text(&reader->input) + reader->at;
	size_t left = reader->input.bytes - reader->at;

	if (left < 6 || strncasecmp(data, "sep=", 4) != 0 || data[4] == '\0' ||
	    strchr(",;\t|", data[4]) == NULL ||
	    (data[5] != '\n' && data[5] != '\r'))
		return false;
	reader->delimiter = data[4];
	reader->at += 5;
	return true;
}

/* BOM and delimiter. False: the sample is still too short to tell. */
static bool
csv_begin(struct csv_reader *reader)
{
	size_t want = reader->delimiter == '\0' ? CSV_SAMPLE_BYTES : 3;

	if (!reader->finished && reader->input.bytes < want)
		return false;
	if (reader->input.bytes >= 3 && memcmp(reader->input.data, "\xEF\xBB\xBF", 3) == 0)
		reader->at = 3;
	if (reader->delimiter == '\0' && !csv_take_hint(reader))
		reader->delimiter = csv_detect_delimiter(
		    buf_text(&reader->input) + reader->at, reader->input.bytes - reader->at);
	reader->begun = true;
	return true;
}

/* The input has ended: the last row needs no newline. */
static enum csv_status
csv_end(struct csv_reader *reader, struct arena *arena, struct csv_row *row)
{
	if (reader->state == CSV_AT_ROW)
		return CSV_END;
	if (reader->state == CSV_IN_QUOTES)
		return csv_break(reader, CSV_FAULT_OPEN_QUOTE, reader->quote_line);
	if (reader->state == CSV_AT_CELL)
		csv_open_cell(reader);
	csv_close_cell(reader);
	csv_take_row(reader, arena, row);
	return CSV_ROW;
}

enum csv_status
csv_reader_next(struct csv_reader *reader, struct arena *arena, struct csv_row *row)
{
	enum csv_fault fault;

	if (reader->fault != CSV_FAULT_NONE)
		return CSV_BROKEN;
	if (!reader->begun && !csv_begin(reader))
		return CSV_MORE;
	while (reader->at < reader->input.bytes) {
		csv_add_run(reader);
		if (csv_too_long(reader, &fault))
			return csv_break(reader, fault, reader->row_line);
		if (reader->at == reader->input.bytes)
			break;
		char c = reader->input.data[reader->at++];
		if (c == '\0')
			return csv_break(reader, CSV_FAULT_NUL, reader->line);
		if (csv_read_byte(reader, c)) {
			csv_take_row(reader, arena, row);
			return CSV_ROW;
		}
	}
	return reader->finished ? csv_end(reader, arena, row) : CSV_MORE;
}

/* How many rows of a sample have the commonest number of cells, and which number that is. */
static void
csv_try_delimiter(
    const char *data, size_t bytes, char delimiter, size_t *rows, size_t *equal, size_t *cells)
{
	struct arena *arena = arena_new(0);
	struct csv_reader *reader = csv_reader_new(delimiter);
	size_t counts[CSV_SAMPLE_ROWS];
	struct csv_row row;

	*rows = *equal = *cells = 0;
	csv_reader_feed(reader, data, bytes);
	if (bytes < CSV_SAMPLE_BYTES)
		csv_reader_finish(reader); /* else the last row may be cut and does not count */
	while (*rows < CSV_SAMPLE_ROWS && csv_reader_next(reader, arena, &row) == CSV_ROW) {
		counts[(*rows)++] = row.count;
		arena_reset(arena);
	}
	for (size_t i = 0; i < *rows; i++) {
		size_t same = 0;
		for (size_t j = 0; j < *rows; j++)
			same += counts[j] == counts[i];
		if (same > *equal || (same == *equal && counts[i] > *cells)) {
			*equal = same;
			*cells = counts[i];
		}
	}
	csv_reader_free(reader);
	arena_free(arena);
}

char
csv_detect_delimiter(const char *data, size_t bytes)
{
	static const char candidates[] = { ',', '\t', ';', '|' };
	char best = ',';
	double best_score = 0;
	size_t best_cells = 1;

	if (bytes > CSV_SAMPLE_BYTES)
		bytes = CSV_SAMPLE_BYTES;
	for (size_t i = 0; i < sizeof(candidates); i++) {
		size_t rows, equal, cells;
		csv_try_delimiter(data, bytes, candidates[i], &rows, &equal, &cells);
		if (cells < 2)
			continue;
		double score = (double)equal / (double)rows;
		if (score > best_score || (score == best_score && cells > best_cells)) {
			best = candidates[i];
			best_score = score;
			best_cells = cells;
		}
	}
	return best;
}

bool
csv_is_formula(const char *text)
{
	size_t bytes = strlen(text);
	uint32_t code;

	while (bytes > 0) {
		size_t length = text_decode(text, bytes, &code);
		if (length == 0)
			return false;
		if (code >= 0xFF01 && code <= 0xFF5E)
			code = code - 0xFF01 + '!';
		if (code != ' ' && code != '\n' && code != 0xA0 && code != 0x3000)
			return code == '=' || code == '+' || code == '-' || code == '@' ||
			       code == '\t' || code == '\r';
		text += length;
		bytes -= length;
	}
	return false;
}

/* Behind apostrophes of its own: a text that begins with one must keep it through an import. */
static bool
csv_needs_defusing(const char *text)
{
	return csv_is_formula(text + strspn(text, "'"));
}

const char *
csv_armed(const char *text)
{
	return text[0] == '\'' && csv_needs_defusing(text) ? text + 1 : text;
}

static bool
csv_needs_quotes(const struct csv_writer *writer, const char *text)
{
	size_t bytes = strlen(text);
	const char special[] = { '"', '\r', '\n', writer->delimiter, '\0' };

	return bytes > 0 &&
	       (text[0] == ' ' || text[bytes - 1] == ' ' || strpbrk(text, special) != NULL);
}

void
csv_put(struct csv_writer *writer, const char *text, enum csv_kind kind)
{
	bool defuse = writer->defuse && kind == CSV_TEXT && csv_needs_defusing(text);

	if (writer->cells == 0)
		writer->row_at = writer->out->bytes;
	if (writer->cells++ > 0)
		buf_putc(writer->out, writer->delimiter);
	bool quotes = csv_needs_quotes(writer, text);
	if (quotes)
		buf_putc(writer->out, '"');
	if (defuse)
		buf_putc(writer->out, '\'');
	while (quotes && *text != '\0') {
		size_t run = strcspn(text, "\"");
		buf_put(writer->out, text, run);
		text += run;
		if (*text == '"') {
			buf_put(writer->out, "\"\"", 2);
			text++;
		}
	}
	buf_puts(writer->out, text);
	if (quotes)
		buf_putc(writer->out, '"');
}

void
csv_end_row(struct csv_writer *writer)
{
	/* One empty cell would be an empty line, which readers skip. */
	if (writer->cells == 1 && writer->out->bytes == writer->row_at)
		buf_puts(writer->out, "\"\"");
	buf_puts(writer->out, writer->crlf ? "\r\n" : "\n");
	writer->cells = 0;
}
