/* kehu's commands as a program for cli_run(). */
#ifndef KEHU_CLI_KEHU_H
#define KEHU_CLI_KEHU_H

#include "client/cli/cli.h"

/* interactive: what runs without a command. */
struct cli_program kehu_program(int (*interactive)(struct cli *cli));

#endif
