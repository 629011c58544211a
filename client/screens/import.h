/*
 * Importing on screen: import.c asks for the file and shows what it is, import_columns.c which column fills
 * which field, tries it and does it, import_send.c sends the file and follows the job.
 */
#ifndef KEHU_IMPORT_SCREEN_H
#define KEHU_IMPORT_SCREEN_H

#include "client/load/load.h"
#include "client/screens/app.h"
#include "client/ui/list.h"

/* The file and what the user says of it; texts live in the arena of the columns' screen. */
struct import_plan {
	uint32_t entity;
	const char *path;
	struct intake_options options;
	const char *dates, *match, *on_match; /* "": not said */
	bool create_references;
};

struct import_column {
	const char *header, *sample;
	const char *field; /* "phones.number"; NULL: not taken */
	const char *label;
};

enum import_state { IMPORT_MAPS, IMPORT_SENDS, IMPORT_RUNS, IMPORT_TRIED, IMPORT_DONE };

enum { IMPORT_SHOWN_COLUMNS = 3, IMPORT_AHEAD = 4 };

struct import_columns {
	struct screen screen;
	struct app *app;
	struct arena *arena;
	struct import_plan plan;
	struct import_column *columns;
	size_t column_count;
	struct list list;
	struct list_column heads[IMPORT_SHOWN_COLUMNS];
	const char *cells[IMPORT_SHOWN_COLUMNS];
	struct list_row row;
	/* the run, of which import_send.c takes care */
	enum import_state state;
	bool touched; /* the user chose a field */
	bool dry;
	char said[400]; /* what came of it */
	struct arena *run_arena;
	struct load load;
	uint32_t asking[IMPORT_AHEAD]; /* chunks and all else, by place */
	size_t under_way;
	bool all_read;
	uint32_t chunk;
	int64_t job, total, done;
	int64_t record; /* of the import that was done */
	unsigned timer;
	struct outfile *errors;
	uint32_t error_chunk, error_chunks;
};

/* Ask how the user last mapped a file of these columns; what comes replaces the suggestions. */
void import_send_ask(struct import_columns *import);
/* In import_columns.c: take it. */
void import_columns_take(struct import_columns *import, const Kehu__ImportAnswer *answer);

/* Begin sending; dry: nothing is stored. The head tells how it goes. */
void import_send_start(struct import_columns *import, bool dry);
/* Stop what is under way: the upload is given up, the job is told to stop. */
void import_send_stop(struct import_columns *import);
/* Free what the run holds. */
void import_send_end(struct import_columns *import);

void import_columns_open(struct app *app, const struct import_plan *plan);
/* For records of this entity. */
void import_open(struct app *app, uint32_t entity);
/* Whether the user may import such records. */
bool import_may(struct app *app, const Kehu__Entity *entity);

#endif
