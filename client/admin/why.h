/* kehu-admin why: explain access. */
#ifndef KEHU_ADMIN_WHY_H
#define KEHU_ADMIN_WHY_H

#include "client/cli/cli.h"

enum err admin_why(struct cli *cli);

#endif
