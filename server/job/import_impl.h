/*
 * Inside the import job: import.c runs it, import_source.c reads the file, import_row.c makes a
 * record of a row, import_batch.c stores rows one by one, import_error.c writes what was
 * refused.
 */
#ifndef KEHU_IMPORT_IMPL_H
#define KEHU_IMPORT_IMPL_H

#include "common/intake.h"
#include "server/job/import.h"

#define IMPORT_BATCH_ROWS  200
#define IMPORT_BATCH_BYTES ((size_t)4 * 1024 * 1024)

struct import_row {
	const char **cells; /* in the batch's arena */
	bool mark;          /* stands for no record: see export.h */
	size_t count;
	uint64_t line;
	enum intake_flaw flaw;
	/* outcome */
	enum err err;
	const char *column, *reason;
	bool created, updated;
};

struct import {
	struct job *job;
	Kehu__Import *request;
	enum intake_order order; /* of the file's dates */
	struct import_map map;
	const char **header;
	size_t header_count;
	struct arena *batch_arena;
	struct import_row rows[IMPORT_BATCH_ROWS];
	size_t row_count, batch_bytes;
	bool careful;      /* savepoint for each row */
	bool wrote_header; /* of the error file */
	int64_t read, created, updated, refused;
	int64_t marks; /* of the rows read, those that stand for no record */
	int64_t skip;  /* rows done by an earlier run */
	int64_t total; /* rows of the file */
	uint64_t chunks;
};

/* ---- import_source.c: the file, chunk by chunk ---- */

struct import_source;
/* From the beginning of the file; encoding and all else as the request says or as is found. */
struct import_source *import_source_open(struct import *import);
void import_source_close(struct import_source *source);
/* The next row, which dies with the one after it. *more false: there is none. ERR_BAD_FILE says
 * why. */
MUST_CHECK enum err import_source_next(
    struct import_source *source, struct intake_row *row, bool *more);
/* The stored request, and how many chunks there are. */
MUST_CHECK enum err import_source_request(struct import *import);

/* ---- import_row.c ---- */

/* Refuses a row, the first time for good; returns err. */
enum err import_blame(
    struct import *import, struct import_row *row, enum err err, const char *column);
/* The header of the column that feeds a field, for blaming it. */
const char *import_header_of(const struct import *import, uint32_t entity, uint32_t field);
/* What is wrong with a row before its cells are looked at. */
MUST_CHECK enum err import_check_shape(struct import *import, struct import_row *row);
/* The record a row means, its values set: a new one or the one it matches. */
MUST_CHECK enum err import_make_record(
    struct import *import, struct import_row *row, struct record **record);

/* ---- import_batch.c ---- */

/* Store the rows that were gathered and report those refused. */
MUST_CHECK enum err import_flush(struct import *import);

/* ---- import_error.c ---- */

/* The row as it was with line, column and reason behind it, to be mended and imported again. */
MUST_CHECK enum err import_write_refusal(struct import *import, const struct import_row *row);

#endif
