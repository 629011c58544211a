/*
 * sheet: rows to standard output as table, tsv, csv or jsonl, in constant memory. Everything
 * that goes out is cleaned here. A table takes its widths from its first rows (by cells) and
 * cuts what is wider later.
 */
#ifndef KEHU_CLI_SHEET_H
#define KEHU_CLI_SHEET_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include <stdint.h>
#include <stdio.h>

enum sheet_format { SHEET_TABLE, SHEET_TSV, SHEET_CSV, SHEET_JSONL };

enum cell_kind {
	CELL_TEXT,
	CELL_NUMBER, /* right-aligned in tables, bare in jsonl */
	CELL_BOOL,   /* "true", "false" bare in jsonl */
	CELL_JSON,   /* .json is put into jsonl as it is, .text everywhere else */
};

struct sheet_column {
	const char *name;  /* for machines */
	const char *label; /* for people */
};

struct sheet_cell {
	enum cell_kind kind;
	const char *text; /* NULL: empty (null in jsonl) */
	const char *json;
};

struct sheet;

/* ERR_INVALID: no such format. */
MUST_CHECK enum err sheet_format(
    const char *name, enum sheet_format fallback, enum sheet_format *format);
/* header: names in tsv too. Columns are copied. */
struct sheet *sheet_new(FILE *out, enum sheet_format format, const struct sheet_column *columns,
    size_t count, bool header);
/* cells: as many as columns. */
void sheet_row(struct sheet *sheet, const struct sheet_cell *cells);
/* Writes out what is held back; call before waiting for slow things. */
void sheet_flush(struct sheet *sheet);
/* Ends and frees it. ERR_FILE_SYSTEM: not everything could be written (errno tells). */
MUST_CHECK enum err sheet_end(struct sheet *sheet);

/* "…" with what JSON wants escaped; cleaned, newlines kept. */
void sheet_json_text(struct buf *out, const char *text);

#endif
