/*
 * Renderers: each makes a sink for doc_new(), which owns it from then on.
 *
 * What goes to a doc_out comes in pieces of a few kilobytes; the last piece leaves in doc_end.
 * Nothing is written by doc_free.
 */
#ifndef KEHU_REPORT_RENDER_SINKS_H
#define KEHU_REPORT_RENDER_SINKS_H

#include "server/report/doc.h"

/*
 * Pages as plain text for a fixed-pitch printer; a form feed between pages. UTF-8, or escp: GB18030 with the
 * ESC/P of dot-matrix printers (length of the page, Han characters, condensed where the paper is narrow).
 */
struct doc_sink *render_text_new(struct doc_out out, bool escp);

/* PDF by cairo and pango, Han characters set in WenQuanYi Micro Hei. */
struct doc_sink *render_pdf_new(struct doc_out out);
/*
 * Whether that font is really there; asked at start, for without it pango prints hex boxes.
 * *why says in both languages what is missing and what to install; static.
 */
MUST_CHECK bool render_pdf_check(const char **why);

/*
 * Fields and table rows as CSV, without pages: one column per group level first (the group's
 * heading on every row), numbers without thousands' commas, texts that a spreadsheet would run
 * as a formula defused. totals: also what paper adds up, which is subtotals and totals with
 * their label in the first column, and the figures of charts.
 */
struct doc_sink *render_csv_new(struct doc_out out, bool totals);

/* One self-contained HTML page, for mail. */
struct doc_sink *render_html_new(struct doc_out out);

/* One page as it will be printed. Lines live in arena and have no trailing spaces. */
struct render_page {
	uint64_t number; /* the page shown: the wanted one, or the last if there are fewer */
	uint64_t total;  /* 0: not known, the document is long */
	bool last;
	const char **lines;
	size_t count;
};
/* Pages count from 1; 0 means the first. Fills *page by doc_end at the latest. */
struct doc_sink *render_preview_new(
    struct arena *arena, uint64_t wanted, struct render_page *page);

#endif
