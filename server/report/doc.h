/*
 * The report document: title, parameters, labelled fields, tables with groups and totals,
 * charts, notes. A producer tells it once, part by part and row by row; a sink (text, preview,
 * CSV, PDF, HTML: render_sinks.h) takes it from there, so a million rows need flat memory.
 *
 *	struct doc *doc = doc_new(render_pdf_new(out));
 *	doc_begin(doc, &(struct doc_head){ .title = "Visits", .lang = LANG_EN, … });
 *	doc_table(doc, &(struct doc_table){ .columns = columns, .column_count = 3, .totals =
 *true }); while (rows) doc_row(doc, (struct doc_cell[]){ doc_text(name), doc_day(day),
 *doc_value(minor) }); err = doc_end(doc); doc_free(doc);
 *
 * Errors stick: the first one (a full disk, a cancelled job, an overflowing sum) is returned by
 * every later call and by doc_end, so a producer may look only there; a loop over many rows
 * looks at doc_row's answer to stop early. A document without a doc_end that gave ERR_OK is no
 * document; whoever owns the output throws it away.
 *
 * Texts are UTF-8 and are cleaned here for every outlet. Everything handed in is copied; the
 * caller's memory may go when the call returns.
 */
#ifndef KEHU_REPORT_DOC_H
#define KEHU_REPORT_DOC_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

#define DOC_LEVELS_MAX  4
#define DOC_COLUMNS_MAX 64

/* Where finished bytes go. Anything but ERR_OK ends the document with that error. */
struct doc_out {
	enum err (*write)(void *ctx, const void *data, size_t bytes);
	void *ctx;
};

/*
 * The grid a page is laid out on: A4 upright 80 × 60 cells, A4 across 132 × 42; letter; continuous forms of
 * eleven inches, 80 or 132 cells wide and 64 high. Each is followed by itself with DOC_WIDE.
 */
enum doc_paper { DOC_A4, DOC_A4_WIDE, DOC_LETTER, DOC_LETTER_WIDE, DOC_FORM, DOC_FORM_WIDE };
#define DOC_WIDE 1

enum doc_align {
	DOC_ALIGN_KIND,
	DOC_LEFT,
	DOC_RIGHT,
	DOC_CENTRE
}; /* KIND: as the kind wants */

enum doc_kind {
	DOC_TEXT,
	DOC_INTEGER, /* value: the number */
	DOC_MONEY,   /* value: minor units, see decimals; also for any number with decimals */
	DOC_DATE,    /* value: days since 1970-01-01 */
	DOC_MOMENT,  /* value: microseconds since 1970, shown at the head's offset_min */
};

enum doc_sum {
	DOC_SUM_NONE,
	DOC_SUM,   /* of the values; a shown text instead of a value (a masked one) spoils it */
	DOC_COUNT, /* of the cells that are not empty */
};

struct doc_column {
	const char *title;
	enum doc_kind kind;
	enum doc_align align;
	enum doc_sum sum;
	uint8_t decimals;  /* of DOC_MONEY */
	uint16_t min_cols; /* 0: what the kind needs */
	uint16_t weight;   /* share of the space left; if no column has one, texts share it */
	bool wrap;         /* long text goes on below; else it is cut with ".." */
};

/* A table cell: a text, a value of the column's kind, or nothing. */
struct doc_cell {
	enum { DOC_CELL_EMPTY, DOC_CELL_TEXT, DOC_CELL_VALUE } has;
	const char *text; /* sinks: always set, formatted and clean */
	int64_t value;
};

static inline struct doc_cell
doc_text(const char *text)
{
	return (struct doc_cell){ .has = text ? DOC_CELL_TEXT : DOC_CELL_EMPTY, .text = text };
}

static inline struct doc_cell
doc_value(int64_t value)
{
	return (struct doc_cell){ .has = DOC_CELL_VALUE, .value = value };
}

static inline struct doc_cell
doc_empty(void)
{
	return (struct doc_cell){ .has = DOC_CELL_EMPTY };
}

/* A labelled value: a parameter line of the head, or a field of a sheet. */
struct doc_field {
	const char *label;
	const char *value;  /* NULL: empty; may have line breaks in a field */
	bool wide;          /* fields: takes the whole width */
	uint16_t min_lines; /* fields: room for handwriting, 0: 1 */
};

struct doc_head {
	const char *title;
	enum lang lang; /* of the words the renderers add: page, total, subtotal */
	enum doc_paper paper;
	int offset_min;           /* for DOC_MOMENT, minutes east */
	const char *organisation; /* top left, or NULL */
	const char *number;       /* top right (a sheet's number), or NULL */
	const char *printed; /* "Printed by Wang Fang, 2026-11-22 14:05": foot of each page */
	const struct doc_field *params;
	size_t param_count;
};

struct doc_level {
	const char *title; /* "Person": before the heading, and the column's title in CSV */
	bool subtotal;
};

struct doc_table {
	const char *title; /* or NULL */
	const struct doc_column *columns;
	size_t column_count;
	struct doc_level levels[DOC_LEVELS_MAX]; /* outermost first */
	size_t level_count;
	bool totals; /* a grand total below */
	/*
	 * May replace the cells of a total before it is shown (an average, a share of the
	 * whole). depth 0 is the grand total, 1 the outermost group; rows counts the rows below
	 * it.
	 */
	void (*total)(void *ctx, size_t depth, uint64_t rows, struct doc_cell *cells);
	void *total_ctx;
};

/* One group a row belongs to: the key tells groups apart (two people may share a name). */
struct doc_key {
	const char *key;
	const char *heading;
};

enum doc_chart_kind {
	DOC_BARS,    /* side by side, one bar for each series */
	DOC_STACKED, /* the series one after the other in one bar */
	DOC_LINE,    /* points from left to right */
	DOC_PIE,     /* of the first series; bars where nothing can be drawn */
	DOC_PARETO,  /* bars of the first series, with the share of the whole up to there */
	DOC_HEAT,    /* a table of shades: a line for each point, a column for each series */
};

#define DOC_SERIES_MAX 12

struct doc_point {
	const char *label;
	const int64_t *values; /* one for each series */
};

struct doc_chart {
	enum doc_chart_kind kind;
	const char *title; /* or NULL */
	const char *const *series;
	size_t series_count; /* at least 1 */
	const struct doc_point *points;
	size_t count;
	unsigned decimals; /* of the values, as DOC_MONEY has */
};

struct doc;
struct doc_sink;

/* Takes the sink; doc_free releases both, whether the document was ended or not. */
struct doc *doc_new(struct doc_sink *sink);
void doc_free(struct doc *doc);

enum err doc_begin(struct doc *doc, const struct doc_head *head);
MUST_CHECK enum err doc_end(struct doc *doc);
/* The error so far. */
enum err doc_error(const struct doc *doc);
/*
 * Whether the sink has what it wanted (a preview its page): the producer may stop sending rows
 * and call doc_end at once. Totals sent to a satisfied sink are not shown to anybody.
 */
bool doc_satisfied(const struct doc *doc);

/* Parts, in any order and number. Each ends an open table. */
enum err doc_heading(struct doc *doc, const char *text);
enum err doc_note(struct doc *doc, const char *text); /* a paragraph; line breaks are kept */
/* Fields side by side in across (1 or 2) columns. */
enum err doc_fields(
    struct doc *doc, const struct doc_field *fields, size_t count, unsigned across);
enum err doc_signatures(struct doc *doc, const char *const *labels, size_t count);
enum err doc_chart(struct doc *doc, const struct doc_chart *chart);

/*
 * A table: opened, filled with rows, closed by doc_table_end (or the next part, or doc_end).
 * The producer sends rows in group order and says where groups begin, by either of doc_group  a
 * group of this level (0: outermost) begins, open ones from there on end; doc_break  this row's
 * key on every level: groups begin where a key has changed.
 */
enum err doc_table(struct doc *doc, const struct doc_table *table);
enum err doc_group(struct doc *doc, size_t level, const char *heading);
enum err doc_break(struct doc *doc, const struct doc_key *keys);
/* column_count cells. ERR_TOO_LARGE: a sum left 64 bits. */
enum err doc_row(struct doc *doc, const struct doc_cell *cells);
enum err doc_table_end(struct doc *doc);

/* The paper on which these columns have room: upright if that will do. */
enum doc_paper doc_paper_for(const struct doc_column *columns, size_t count);

#endif
