/*
 * Pages: a document laid out on a grid of cells, once, for everything that shows pages. The
 * layout breaks pages and places texts; a page sink (text, preview, PDF) only draws them, so
 * what the preview shows is what is printed.
 *
 * A wide character takes two cells. Every text fits the cells of its item.
 */
#ifndef KEHU_REPORT_DOC_PAGE_H
#define KEHU_REPORT_DOC_PAGE_H

#include "common/buf.h"
#include "server/report/doc_sink.h"

enum page_line_kind {
	PAGE_BLANK,
	PAGE_LETTER, /* organisation and number above the title */
	PAGE_TITLE,
	PAGE_PARAM,
	PAGE_RUNNING,    /* the small head of every page but the first */
	PAGE_RULE,       /* thin rule over the whole width */
	PAGE_TOTAL_RULE, /* the one above a grand total */
	PAGE_HEADING,
	PAGE_HEAD, /* titles of a table's columns */
	PAGE_GROUP,
	PAGE_ROW,
	PAGE_SUBTOTAL,
	PAGE_TOTAL,
	PAGE_FIELD,
	PAGE_SIGN,
	PAGE_BAR,
	PAGE_CHART, /* of a drawn chart: its text for who cannot draw */
	PAGE_NOTE,
	PAGE_FOOT,
};

enum page_style {
	PAGE_PLAIN,
	PAGE_LABEL,     /* of a field: quiet, on a tinted ground */
	PAGE_UNDERLINE, /* no text: a line to write on */
	PAGE_SHARE,     /* no text: a bar of so many ten-thousandths of the cells */
	PAGE_SHADE,     /* a figure on a ground of so many ten-thousandths of darkness */
};

struct page_item {
	uint16_t col, cols;
	enum doc_align align; /* never DOC_ALIGN_KIND */
	enum page_style style;
	int share; /* below 0: a negative value's bar */
	int dot;   /* bars: 1 + where a dot stands, in ten-thousandths; 0: none */
	unsigned tone; /* bars: which series */
	const char *text;
};

struct page_line {
	enum page_line_kind kind;
	bool first;                    /* of a row or field that takes several lines */
	uint64_t index;                /* rows: which of its group */
	size_t level;                  /* groups and subtotals */
	const struct doc_chart *chart; /* first line of a drawn chart */
	size_t chart_lines;            /* how many lines it covers */
	const struct page_item *items; /* from left to right, never overlapping */
	size_t count;
};

struct page {
	uint64_t number;
	uint64_t total; /* 0: not known yet */
	bool last;
	const struct page_line *lines; /* exactly the grid's; the last two are rule and foot */
	size_t count;
};

struct page_grid {
	uint16_t cols, lines;
	double width_pt, height_pt;
};
const struct page_grid *page_grid(enum doc_paper paper);

struct page_sink;
struct page_sink_ops {
	enum err (*begin)(struct page_sink *sink, const struct doc_head *head);
	/* Pages in order; everything in the page dies when the call returns. */
	enum err (*page)(struct page_sink *sink, const struct page *page);
	enum err (*end)(struct page_sink *sink);
	bool (*satisfied)(const struct page_sink *sink); /* may be NULL */
	void (*free)(struct page_sink *sink);
};
struct page_sink {
	const struct page_sink_ops *ops;
};

/* Takes the page sink. Pages are held back at first, so that a short document knows its total.
 */
struct doc_sink *doc_layout_new(struct page_sink *pages);

/* What bars and points of a series are made of in text. */
char page_tone_mark(unsigned tone);

/* Appends the line as plain text, without line end and trailing spaces. */
void page_line_put(struct buf *out, const struct page_line *line);

/*
 * Where a table's columns go: places cols and widths on a grid this wide.
 * ERR_TOO_LARGE: more columns than can stand side by side.
 */
struct page_box {
	uint16_t col, cols;
};
MUST_CHECK enum err page_columns(
    const struct doc_column *columns, size_t count, uint16_t cols, struct page_box *boxes);

#endif
