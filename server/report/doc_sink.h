/*
 * What a renderer of documents implements: one function per part. Texts arrive clean, cells
 * formatted. Every pointer lives until the call returns, except the head (until end), the table
 * and its groups (until table_end).
 */
#ifndef KEHU_REPORT_DOC_SINK_H
#define KEHU_REPORT_DOC_SINK_H

#include "server/report/doc.h"

enum doc_row_kind { DOC_ROW, DOC_SUBTOTAL, DOC_TOTAL };

/* The groups open now, outermost first. */
struct doc_groups {
	size_t depth;
	const char *heading[DOC_LEVELS_MAX];
};

struct doc_row {
	enum doc_row_kind kind;
	size_t level;      /* of a subtotal's group */
	const char *label; /* of a subtotal or total: "Subtotal: Wang Fang" */
	const struct doc_cell *cells;
};

struct doc_sink_ops {
	enum err (*begin)(struct doc_sink *sink, const struct doc_head *head);
	enum err (*heading)(struct doc_sink *sink, const char *text);
	enum err (*note)(struct doc_sink *sink, const char *text);
	enum err (*fields)(struct doc_sink *sink, const struct doc_field *fields, size_t count,
	    unsigned across);
	enum err (*signatures)(struct doc_sink *sink, const char *const *labels, size_t count);
	enum err (*chart)(struct doc_sink *sink, const struct doc_chart *chart);
	enum err (*table)(struct doc_sink *sink, const struct doc_table *table,
	    const struct doc_groups *groups);
	/* A group of this level has begun; its heading is in the groups already. */
	enum err (*group)(struct doc_sink *sink, size_t level);
	enum err (*row)(struct doc_sink *sink, const struct doc_row *row);
	enum err (*table_end)(struct doc_sink *sink, uint64_t rows);
	enum err (*end)(struct doc_sink *sink);
	bool (*satisfied)(const struct doc_sink *sink); /* may be NULL */
	/* Also called for a document that never ended; must write nothing. */
	void (*free)(struct doc_sink *sink);
};

/* First member of a renderer's own struct. */
struct doc_sink {
	const struct doc_sink_ops *ops;
};

/* A clean copy in arena. */
struct doc_chart *doc_chart_dup(struct arena *arena, const struct doc_chart *chart);

/* Words the model adds, in both languages. */
enum doc_word {
	DOC_WORD_TOTAL,
	DOC_WORD_SUBTOTAL,  /* "Subtotal: " */
	DOC_WORD_CONTINUED, /* after a group's heading repeated on the next page */
	DOC_WORD_NO_ROWS,
	DOC_WORD_COLON,
};
const char *doc_word(enum doc_word word, enum lang lang);
/* "Page 2 of 7", or "Page 2" when total is 0. In arena. */
char *doc_page_text(struct arena *arena, uint64_t page, uint64_t total, enum lang lang);

/* The column as this row uses it: in totals, one that counts holds whole numbers. */
struct doc_column doc_row_column(const struct doc_row *row, const struct doc_column *column);
/* Where the column's texts stand; never DOC_ALIGN_KIND. */
enum doc_align doc_column_align(const struct doc_column *column);
/* The cell's value for a machine: no grouping of thousands. In arena; "" when empty. */
const char *doc_cell_plain(struct arena *arena, const struct doc_column *column,
    const struct doc_cell *cell, int offset_min);

#endif
