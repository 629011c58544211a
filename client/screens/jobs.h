/* Jobs: what runs on the server for the user (exports, imports), and fetching what it made. */
#ifndef KEHU_JOBS_SCREEN_H
#define KEHU_JOBS_SCREEN_H

#include "client/screens/app.h"

struct list_screen;

/*
 * The list of jobs. job and path: this one's result is written to path as soon as it is done; 0 and
 * NULL: nothing is awaited.
 */
void jobs_open(struct app *app, int64_t job, const char *path); /* jobs.c */
/* The box for exporting the rows of a list, or those marked in it. */
void export_open(struct app *app, const struct list_screen *list); /* export.c */
/* The same for a report of more rows than everybody may take away; path: the file proposed. */
void export_open_report(
    struct app *app, const Kehu__ReportInfo *info, const Kehu__Report *report, const char *path);

#endif
