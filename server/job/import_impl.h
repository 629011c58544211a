/*
 * Inside the import job: import.c runs it, import_source.c reads the file, import_row.c makes a
 * record of a row, import_batch.c stores rows one by one, import_error.c writes what was
 * refused, import_record.c keeps what was done, import_undo.c takes it back,
 * import_learn.c keeps how the columns were mapped.
 */
#ifndef KEHU_IMPORT_IMPL_H
#define KEHU_IMPORT_IMPL_H

#include "common/intake.h"
#include "server/job/import.h"

#define IMPORT_BATCH_ROWS   1000
#define IMPORT_CAREFUL_ROWS 200 /* where each row is a save of its own */
#define IMPORT_BATCH_BYTES  ((size_t)4 * 1024 * 1024)

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
	int64_t match; /* of a batch by set: the record it means; 0: none */
	int64_t record; /* that was made or changed */
};

/* A record that was made because a row refers to it. */
struct import_made {
	const struct entity *def;
	int64_t id;
};

/* What a name in a reference's column stands for. */
struct import_name {
	const struct entity *def;
	const char *text;
	int64_t id;
	size_t found; /* 1: it is that one */
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
	bool careful;              /* savepoint for each row */
	bool by_set;               /* new records are stored many at once */
	struct import_name *names; /* of this batch, sorted; in the call's arena */
	size_t name_count;
	struct import_made *made; /* of this batch; in the call's arena */
	size_t made_count, made_room;
	int64_t record_id; /* of the import itself; 0: a dry run, which leaves none */
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
/* The header of the column that feeds a field, for blaming it; the name of the field where none does. */
const char *import_header_of(const struct import *import, uint32_t entity, uint32_t field);
/* What is wrong with a row before its cells are looked at. */
MUST_CHECK enum err import_check_shape(struct import *import, struct import_row *row);
/* The record a row means, its values set: a new one or the one it matches. */
MUST_CHECK enum err import_make_record(
    struct import *import, struct import_row *row, struct record **record);

/* A new record with the row's values; it gets its id when it is stored. */
MUST_CHECK enum err import_fill_new(
    struct import *import, struct import_row *row, struct record **record);
/* The cell by which a row is known; NULL: none. */
const char *import_match_cell(const struct import *import, const struct import_row *row);

/* ---- import_names.c ---- */

/* The record of an activity's entity that a cell names: by number, name or short name, among
 * those in sight. */
MUST_CHECK enum err import_find_reference(
    struct import *import, const struct field *field, const char *text, int64_t *id);
/*
 * Makes a record of that name, where the import may: with nothing but its name, by the same rules as any
 * other. ERR_NO_SUCH_RECORD: it may not. A row refused later takes it along (import->careful).
 */
MUST_CHECK enum err import_make_reference(
    struct import *import, const struct field *field, const char *text, int64_t *id);
/* Scopes for that, before call_begin(). */
void import_scope_names(struct import *import);
/* Whether a cell is to be looked up so: not set-up, which is at hand, and no id. */
bool import_by_name(const struct import *import, const struct field *field, const char *text);
/* Finds what all references of the batch by name mean, in one question for each kind. */
MUST_CHECK enum err import_find_names(struct import *import);

/* ---- import_set.c ---- */

/* Whether new records of this import can be stored by set. */
bool import_may_by_set(const struct import *import);
/*
 * Store the rows of the batch by set; *done false: rows of it mean the same record, and one by
 * one is the only order that is right.
 */
MUST_CHECK enum err import_batch_by_set(struct import *import, bool *done);

/* ---- import_batch.c ---- */

/*
 * Every transaction has a snapshot of its own, and the one before may be gone: what the header names is found
 * in the call's again, before the map is looked at.
 */
MUST_CHECK enum err import_bind_header(struct import *import);
/* Save one row. A refusal is in the row; another error is the database's. */
MUST_CHECK enum err import_save(struct import *import, struct import_row *row);

/* Store the rows that were gathered and report those refused. */
MUST_CHECK enum err import_flush(struct import *import);

/* ---- import_record.c ---- */

/* The record of this import: a new one, or the one an earlier run began. */
MUST_CHECK enum err import_record_begin(struct import *import);
/* In a batch's transaction: what it made and changed. */
void import_record_part(struct import *import);
/* How it ended, and its counts. */
MUST_CHECK enum err import_record_end(struct import *import, const char *state);
/* Of a record made for a reference. */
void import_record_made(struct import *import, const struct entity *def, int64_t id);

/* ---- import_learn.c ---- */

/* Keep the mapping for the user's next file of these columns; in the transaction that ends the import. */
void import_learn(struct import *import);

/* ---- import_undo.c ---- */

/* The job that undoes an import, batch by batch. */
MUST_CHECK enum err import_undo_run(struct job *job, int64_t id);

/* ---- import_error.c ---- */

/* The row as it was with line, column and reason behind it, to be mended and imported again. */
MUST_CHECK enum err import_write_refusal(struct import *import, const struct import_row *row);

#endif
