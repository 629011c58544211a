/*
 * Export: the rows of a list into a file that says who took it away, when and what for. Beside
 * that line it has a few rows that stand for nobody, which only this export has: a leaked file
 * names its exporter by them, and imports leave them out.
 */
#ifndef KEHU_EXPORT_H
#define KEHU_EXPORT_H

#include "server/job/job.h"

enum err export_job_run(struct job *job);

/* "kehu-export:12:0123456789abcdef" in a cell; NULL: the cell is no watermark. In arena. */
const char *export_mark_in(struct arena *arena, const char *cell);

/* A row that stands for nobody, made after the one it is put behind. */
struct canary {
	uint64_t seed; /* moves on */
};
const char *canary_name(struct canary *canary, struct arena *arena, bool person);
/* A text of the same shape with other digits and, in a mail address, other letters. */
const char *canary_text(
    struct canary *canary, struct arena *arena, const char *text, bool mail);

#endif
