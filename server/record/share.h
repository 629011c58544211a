/*
 * Sharing one record with one user, to read it or to change it: the same for every entity whose .def
 * says SHARING.
 */
#ifndef KEHU_SHARE_H
#define KEHU_SHARE_H

#include "server/record/rule.h"

/* The rule of the actions share and unshare; NULL: another action. */
const struct rule *share_rule(const char *action);

#endif
