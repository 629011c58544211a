/* Reports; opened with report_open() and reports_open() of app.h. */
#ifndef KEHU_SCREEN_REPORT_H
#define KEHU_SCREEN_REPORT_H

#include "client/screens/app.h"

/* The pages of a report whose parameters are known; copied. */
void report_preview(struct app *app, const Kehu__ReportInfo *info,
    const Kehu__Value *const *values, size_t count);

#endif
