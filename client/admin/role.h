/* kehu-admin role matrix. */
#ifndef KEHU_ADMIN_ROLE_H
#define KEHU_ADMIN_ROLE_H

#include "client/cli/cli.h"

enum err admin_role_show(struct cli *cli);

#endif
