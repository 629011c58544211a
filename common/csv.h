/*
 * CSV and TSV (RFC 4180) in constant memory: a reader fed with pieces of UTF-8 (after
 * struct text_decoder), and a writer into a buffer.
 *
 * Rows end at LF, CRLF or CR; quoted cells hold delimiters, quotes ("") and newlines. Lines
 * without a byte are skipped, rows of empty cells are not. A quote inside an unquoted cell is
 * an ordinary character; what follows a closing quote is taken as Excel does, and the row is
 * marked stray_quote for the caller to refuse.
 */
#ifndef KEHU_CSV_H
#define KEHU_CSV_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include <stdint.h>

#define CSV_CELL_BYTES ((size_t)1024 * 1024)
#define CSV_ROW_BYTES  ((size_t)4 * 1024 * 1024)
#define CSV_ROW_CELLS  ((size_t)4096)

struct csv_row {
	const char *const *cells; /* in the arena given, each ended with a NUL */
	size_t count;
	uint64_t number; /* of the row, from 1, the header counted */
	uint64_t line;   /* physical line it begins at, from 1 */
	bool stray_quote;
};

enum csv_fault {
	CSV_FAULT_NONE,
	CSV_FAULT_OPEN_QUOTE, /* never closed; the error's line is where it was opened */
	CSV_FAULT_LONG_CELL,
	CSV_FAULT_LONG_ROW,
	CSV_FAULT_NUL,
};

enum csv_status {
	CSV_ROW,  /* one row was read */
	CSV_MORE, /* feed more, or say that the input has ended */
	CSV_END,
	CSV_BROKEN, /* see csv_reader_fault; nothing more can be read */
};

struct csv_reader;

/* delimiter '\0': the first "sep=" line says, else it is guessed from the first 64 KiB. */
struct csv_reader *csv_reader_new(char delimiter);
void csv_reader_free(struct csv_reader *reader);
/* The bytes are copied. Ask for all rows before feeding more, or memory is not constant. */
void csv_reader_feed(struct csv_reader *reader, const char *data, size_t bytes);
void csv_reader_finish(struct csv_reader *reader);
enum csv_status csv_reader_next(
    struct csv_reader *reader, struct arena *arena, struct csv_row *row);
enum csv_fault csv_reader_fault(const struct csv_reader *reader, uint64_t *line);
const char *csv_fault_text(enum csv_fault fault, enum lang lang);
/* Whether all that was fed is read. */
bool csv_reader_at_end(const struct csv_reader *reader);
/* '\0' while it is not known yet. */
char csv_reader_delimiter(const struct csv_reader *reader);

/* The likeliest of , ; tab | in a sample: the one that gives rows of equal length. */
char csv_detect_delimiter(const char *data, size_t bytes);

struct csv_writer {
	struct buf *out;
	char delimiter;
	bool crlf;   /* rows end in CRLF instead of LF */
	bool defuse; /* text that a spreadsheet would run as a formula gets a leading ' */
	size_t cells;
	size_t row_at;
};

enum csv_kind { CSV_TEXT, CSV_NUMBER }; /* a number is ours and never defused */

void csv_put(struct csv_writer *writer, const char *text, enum csv_kind kind);
void csv_end_row(struct csv_writer *writer);
/* Whether a spreadsheet would take the text for a formula (=, +, -, @, full-width ones too). */
bool csv_is_formula(const char *text);
/* A cell as it was before a writer defused it; points into text. */
const char *csv_armed(const char *text);

#endif
