/* The audit commands of kehu-admin, and following a job of its own to its end. */
#ifndef KEHU_ADMIN_AUDIT_H
#define KEHU_ADMIN_AUDIT_H

#include "client/cli/cli.h"

enum err admin_audit_list(struct cli *cli);
enum err admin_audit_verify(struct cli *cli);
enum err admin_audit_head(struct cli *cli);
enum err admin_audit_mark(struct cli *cli);

#endif
