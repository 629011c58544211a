/*
 * Export: the rows of a list into a file that says who took it away, when and what for. Beside
 * that line it has a few rows that stand for nobody, which only this export has: a leaked file
 * names its exporter by them, and imports leave them out.
 */
#ifndef KEHU_EXPORT_H
#define KEHU_EXPORT_H

#include "server/job/export_writer.h"
#include "server/job/job.h"
#include "server/record/page.h"

#define EXPORT_PAGE_ROWS 2000
#define EXPORT_IDS_MAX	 5000 /* marked rows */

enum err export_job_run(struct job *job);
/* Files that were fetched or lay too long go. */
enum err export_tick(struct worker *worker);

/*
 * Above so many rows somebody else has to agree: a rule of approval for each entity that customers'
 * data can be taken away from, by the catalogue. Each is shipped once, to administrators to change as
 * they like. As the owner, in the open transaction.
 */
MUST_CHECK enum err export_rules_seed(struct store *store, struct arena *arena);

/* ---- export_request.c, for both -------------------------------------------------------- */

/* As export_writer_open(), by what the request says. */
bool export_open(struct export_writer *writer, const Kehu__Export *request, struct buf *out);
/* Where to go on, and with how many rows. */
struct export_place {
	ProtobufCBinaryData cursor;
	size_t rows;
};
/* The rows of the request within its user's right to export; before the transaction begins. */
MUST_CHECK enum err export_prepare(struct call *call, const Kehu__Export *request,
    struct export_place place, const struct entity_view **entity,
    struct page_reading **reading);
/* After it began: rows that are marked, or that words are looked up for. */
MUST_CHECK enum err export_find_words(struct call *call, const Kehu__Export *request,
    const struct entity_view *entity, struct page_reading *reading);

/* "kehu-export:12:0123456789abcdef" in a cell; NULL: the cell is no watermark. In arena. */
const char *export_mark_in(struct arena *arena, const char *cell);

#define CANARY_FIRST 50 /* rows before the first */

/* After how many rows the next one comes: they get fewer the longer the file gets. */
int64_t canary_after(int64_t at, size_t made);

/* A row that stands for nobody, made after the one it is put behind. */
struct canary {
	uint64_t seed; /* moves on */
};
const char *canary_name(struct canary *canary, struct arena *arena, bool person);
/* A text of the same shape with other digits and, in a mail address, other letters. */
const char *canary_text(
    struct canary *canary, struct arena *arena, const char *text, bool mail);

/* ---- export_report.c -------------------------------------------------------------------- */

/* A report that is exported: how it is told from others, and what came of it. */
struct export_report {
	const Kehu__Export *request;
	const char *foot, *mark; /* of each page */
	struct canary *canary;
	struct buf *out; /* the file in UTF-8 */
	const char **marks; /* given to nobody, up to marks_max; the caller's memory, in the job's arena */
	size_t mark_count, marks_max;
	int64_t rows;
};
/* Whether it can be had in that form; its parameters are checked, its rows counted and not charged. */
MUST_CHECK enum err export_report_count(struct call *call, const Kehu__Export *request, int64_t *rows);
/* One transaction of the job, charged to its user's budget. */
MUST_CHECK enum err export_report_make(struct job *job, struct export_report *export);

#endif
