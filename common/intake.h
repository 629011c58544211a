/*
 * Files that people bring: CSV and TSV, vCards 2.1 to 4.0 and JSON lines, in any encoding, read
 * as a header and rows in constant memory. What a file is, is found from its first bytes;
 * whoever knows better says so. Servers read imports by it, clients show by it what will be
 * read.
 */
#ifndef KEHU_INTAKE_H
#define KEHU_INTAKE_H

#include "common/csv.h"

#define INTAKE_SAMPLE_BYTES ((size_t)64 * 1024)

/* What is known of a file; "" and 0 where it is to be found out. */
struct intake_options {
	const char *format;   /* "csv", "tsv", "vcard", "jsonl" */
	const char *encoding; /* as iconv names it */
	char delimiter;
	bool no_header; /* the first row is data: the columns are called 1, 2, … */
};

/* What is wrong with one row; the others are as good as ever. */
enum intake_flaw {
	INTAKE_SOUND,
	INTAKE_STRAY_QUOTE,
	INTAKE_BAD_JSON,
	INTAKE_NEW_KEY, /* of a JSON object: none that the first objects had */
	INTAKE_NO_NAME, /* a card that names nobody */
};

struct intake_row {
	const char *const *cells; /* in the arena given */
	size_t count;
	uint64_t line; /* physical line it begins at, from 1 */
	enum intake_flaw flaw;
};

struct intake;

/* Options are copied. */
struct intake *intake_new(const struct intake_options *options);
void intake_free(struct intake *intake);
/* Any pieces. Ask for all rows before feeding more, or memory is not constant. */
void intake_feed(struct intake *intake, const void *data, size_t bytes);
void intake_finish(struct intake *intake);
/* The first row is the header, of as many cells as a sound row has. CSV_BROKEN: see
 * intake_fault. */
enum csv_status intake_next(struct intake *intake, struct arena *arena, struct intake_row *row);
/* Why nothing more can be read, with its place: "line 7: a quote is opened here and never
 * closed". */
const char *intake_fault(const struct intake *intake, struct arena *arena, enum lang lang);
const char *intake_flaw_text(enum intake_flaw flaw, enum lang lang);

/* Once the first row was read: what the file was taken for. */
const char *intake_format(const struct intake *intake);
const char *intake_encoding(const struct intake *intake);
char intake_delimiter(const struct intake *intake); /* '\0': its format has none */

/* ---- finding out ------------------------------------------------------------------------- */

/* In what order a file writes the parts of its dates. */
enum intake_order {
	INTAKE_ORDER_NONE,
	INTAKE_ORDER_YMD,
	INTAKE_ORDER_DMY,
	INTAKE_ORDER_MDY,
	INTAKE_ORDER_EITHER
};

/* What the first bytes of a file tell; texts live in the arena. */
struct intake_found {
	const char *format, *encoding;
	char delimiter;
	bool header;             /* of a CSV: the first row names the columns */
	enum intake_order order; /* INTAKE_ORDER_EITHER: day and month cannot be told apart */
	const char *const *columns;
	size_t column_count;
	const struct intake_row *rows; /* the first rows behind the header */
	size_t row_count;
	const char *fault; /* NULL: nothing is wrong so far */
};

/* whole: there is nothing behind data. rows: at most so many are kept to be shown. */
void intake_find(struct arena *arena, const struct intake_options *options, const void *data,
    size_t bytes, bool whole, size_t rows, enum lang lang, struct intake_found *found);
/* "ymd", "dmy", "mdy", "either", ""; and back (false: no such word). */
const char *intake_order_word(enum intake_order order);
bool intake_order_of(const char *word, enum intake_order *order);
/* A date with day and month in that order as year-month-day; all else as it is. */
const char *intake_date(struct arena *arena, const char *text, enum intake_order order);
/* "1996-07-04 00:00:00.000", as databases write a day, without its midnight; any other text as it is. */
const char *intake_day(struct arena *arena, const char *text);

#endif
