/*
 * Inside of the layout, shared by its files: doc_layout.c keeps pages, doc_layout_parts.c and
 * doc_layout_table.c fill them. Nothing else includes this.
 */
#ifndef KEHU_REPORT_DOC_LAYOUT_H
#define KEHU_REPORT_DOC_LAYOUT_H

#include "server/report/doc_page.h"

/* Pages held back until the total is known; a longer document goes without it. */
#define LAYOUT_HELD          16
#define LAYOUT_FOOT_LINES    2
#define LAYOUT_RUNNING_LINES 2

struct layout_page {
	struct arena *arena; /* items and texts */
	struct page_line *lines;
	size_t count;
	uint64_t number;
};

struct layout {
	struct doc_sink sink;
	struct page_sink *out;
	const struct doc_head *head;
	const struct page_grid *grid;
	struct arena *arena;   /* the layout itself, page lines */
	struct arena *scratch; /* one part or row */

	struct layout_page held[LAYOUT_HELD];
	size_t held_count;
	struct layout_page *page; /* being filled */
	uint64_t pages;
	bool streaming; /* more pages than can be held */

	const struct doc_table *table; /* NULL: no table open */
	const struct doc_groups *groups;
	struct page_box boxes[DOC_COLUMNS_MAX];
	struct arena *table_arena;
	const char **titles[DOC_COLUMNS_MAX]; /* wrapped */
	size_t title_counts[DOC_COLUMNS_MAX];
	size_t title_lines;
	size_t reserve; /* lines kept free below a row, so that no total stands alone */
	uint64_t rows;  /* since the innermost group began */
};

/* Lines left on this page. */
size_t layout_room(const struct layout *layout);
/* Lines of a fresh page below its running head (and the open table's, with depth groups). */
size_t layout_fresh_room(const struct layout *layout, size_t depth);
/* Begins a new page; an open table's head and its outer depth groups are repeated on it. */
MUST_CHECK enum err layout_break(struct layout *layout, size_t depth);
/* Breaks unless lines are left, where a fresh page would do any better. */
MUST_CHECK enum err layout_need(struct layout *layout, size_t lines, size_t depth);

/* Adds a line (there must be room) and returns its items, to be filled in. */
struct page_item *layout_add(struct layout *layout, enum page_line_kind kind, size_t items);
struct page_line *layout_last(struct layout *layout);
void layout_add_rule(struct layout *layout, enum page_line_kind kind);
/* A line of one text. */
void layout_add_text(struct layout *layout, enum page_line_kind kind, uint16_t col,
    enum doc_align align, const char *text);
/* A blank line, unless at the page's top, under a rule or under another one. */
void layout_add_gap(struct layout *layout);
/* Puts text into an item, cut to fit its cells; the copy lives in arena (the page's). */
void layout_set(struct arena *arena, struct page_item *item, uint16_t col, uint16_t cols,
    enum doc_align align, const char *text);

/* Head, and headings of the open groups up to depth, of the open table. */
void layout_table_head(struct layout *layout);
void layout_group_heading(struct layout *layout, size_t level, bool continued);

extern const struct doc_sink_ops layout_ops;
enum err layout_heading(struct doc_sink *sink, const char *text);
enum err layout_note(struct doc_sink *sink, const char *text);
enum err layout_fields(
    struct doc_sink *sink, const struct doc_field *fields, size_t count, unsigned across);
enum err layout_signatures(struct doc_sink *sink, const char *const *labels, size_t count);
enum err layout_chart(struct doc_sink *sink, const struct doc_chart *chart);
enum err layout_table(
    struct doc_sink *sink, const struct doc_table *table, const struct doc_groups *groups);
enum err layout_group(struct doc_sink *sink, size_t level);
enum err layout_row(struct doc_sink *sink, const struct doc_row *row);
enum err layout_table_end(struct doc_sink *sink, uint64_t rows);

#endif
