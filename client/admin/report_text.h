/* The report commands of kehu-admin whose argument is a file. */
#ifndef KEHU_ADMIN_REPORT_TEXT_H
#define KEHU_ADMIN_REPORT_TEXT_H

#include "client/cli/cli.h"

/* report add FILE, report replace FILE: the file's name without .sql is the report's. */
enum err admin_report_add(struct cli *cli);
enum err admin_report_replace(struct cli *cli);

#endif
