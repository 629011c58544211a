/*
 * Imports: a file sent in chunks becomes a job that saves its rows through the same checks, hooks and
 * history as a person's saves.
 */
#ifndef KEHU_IMPORT_H
#define KEHU_IMPORT_H

#include "server/job/job.h"
#include "server/record/record.h"

/* Where the cells of one column go. */
struct import_column {
	const struct field *field;       /* NULL: not taken */
	const struct entity_view *line;  /* the field is of the first line of this kind */
	const char *header;              /* as in the file */
	size_t at;                       /* its place in the file */
};

struct import_map {
	const struct entity_view *entity;
	struct import_column *columns; /* those taken, in the order of the file; one may fill several fields */
	size_t column_count;
	struct import_column *constants; /* header is the value */
	size_t constant_count;
	const struct field *match;
	bool update; /* an existing record is changed, else refused as a duplicate */
	bool add;    /* as update, but a row's lines come beside those there: one row, one line */
	bool dry_run;
};

/*
 * Bind a request's mapping to a header row; without a mapping, columns whose header names a field
 * are taken. Fields the user may not write are refused. The map lives in arena and points into the
 * views of the call's snapshot.
 */
MUST_CHECK enum err import_bind(struct call *call, struct arena *arena,
    const Kehu__Import *request, const char *const *header, size_t count, struct import_map *map);

/* Step 5 of the request: how its user last mapped a file of these columns. */
MUST_CHECK enum err import_learnt(struct call *call);

/*
 * The action "undo" of an import: what it made is deleted and what it changed put back, as far as nobody has
 * touched it since; the rest is named in it. More than a request may hold becomes a job.
 */
enum err import_act_undo(struct call *call, struct record *import, const struct value *arguments);

#endif
