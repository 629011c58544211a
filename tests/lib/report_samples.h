/*
 * Two documents from literal data, as the product prints them: a visit sheet, and visits by
 * person and month with subtotals. And a long one of any number of rows.
 */
#ifndef KEHU_TESTS_REPORT_SAMPLES_H
#define KEHU_TESTS_REPORT_SAMPLES_H

#include "common/buf.h"
#include "server/report/doc.h"

enum err sample_visit_sheet(struct doc *doc, enum lang lang);
/* 3 people, 2 months each, 14 visits; minutes and cost are summed. */
enum err sample_visits_by_person(struct doc *doc, enum lang lang);
/* A chart of each kind over twelve months and three regions. */
enum err sample_charts(struct doc *doc, enum lang lang);
/* A plain list with totals: row n holds n minutes and n cents. */
enum err sample_long_list(struct doc *doc, enum lang lang, int64_t rows);

/* Collects into a buffer; fails with ERR_NO_SPACE once room_bytes (0: no end) are used up. */
struct sample_file {
	struct buf buf;
	size_t room_bytes;
};
struct doc_out sample_out(struct sample_file *file);

#endif
