/* kehu-admin's commands as a program for cli_run(). */
#ifndef KEHU_ADMIN_H
#define KEHU_ADMIN_H

#include "client/cli/cli.h"

struct cli_program admin_program(void);

#endif
