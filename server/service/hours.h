/*
 * Working calendars as the database has them, for the arithmetic of common/worktime.h.
 */
#ifndef KEHU_SERVICE_HOURS_H
#define KEHU_SERVICE_HOURS_H

#include "common/worktime.h"
#include "server/record/rule.h"

/* From the columns hours, days and offsets of kehu_hours(), which begin at that column; in the call's arena. */
struct work_calendar hours_of_row(struct call *call, const struct rows *rows, size_t row, int column);

#endif
