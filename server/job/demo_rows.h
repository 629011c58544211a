/*
 * Rows a demo company is made of, table by table, on their way to wherever they are wanted: the
 * database takes them by COPY, a test reads them back. Cells are text as PostgreSQL reads it.
 */
#ifndef KEHU_DEMO_ROWS_H
#define KEHU_DEMO_ROWS_H

#include "common/buf.h"

enum demo_table {
#define TABLE(name, columns) DEMO_TABLE_##name,
#include "server/job/demo_tables.def"
#undef TABLE
	DEMO_TABLES
};

struct demo_table_info {
	const char *name;
	const char *columns; /* "id, name, …" */
};
extern const struct demo_table_info demo_tables[DEMO_TABLES];

struct demo_rows {
	struct buf cells; /* each ended with a NUL; a null is "\1" */
	size_t count;
	size_t columns;
	size_t cell; /* of the row being written */
};

struct demo_chunk {
	struct demo_rows tables[DEMO_TABLES];
};

void demo_chunk_init(struct demo_chunk *chunk);
void demo_chunk_fini(struct demo_chunk *chunk);
void demo_chunk_clear(struct demo_chunk *chunk);
size_t demo_chunk_rows(const struct demo_chunk *chunk);

void demo_text(struct demo_rows *rows, const char *text); /* NULL: null */
void demo_int(struct demo_rows *rows, int64_t value);
void demo_ref(struct demo_rows *rows, int64_t id); /* 0: null */
void demo_bool(struct demo_rows *rows, bool value);
void demo_null(struct demo_rows *rows);
/* An amount in minor units and its currency: two cells. */
void demo_money(struct demo_rows *rows, int64_t minor, const char *currency);
void demo_date(struct demo_rows *rows, int64_t day);
void demo_moment(struct demo_rows *rows, int64_t us);
/* Asserts that the row has its cells. */
void demo_row_end(struct demo_rows *rows);

/* Reading back: *at starts at 0; the next cell, NULL for a null. Call within the cells only. */
const char *demo_cell(const struct demo_rows *rows, size_t *at);

#endif
