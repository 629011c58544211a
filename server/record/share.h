/*
 * Sharing one record with one user, to read it or to change it: the same for every entity whose .def
 * says SHARING.
 */
#ifndef KEHU_SHARE_H
#define KEHU_SHARE_H

#include "server/record/rule.h"

/* May records of this entity be shared? */
bool share_may(const struct entity *entity);
/* The rule of the actions share and unshare; NULL: another action, or the entity has none of them. */
const struct rule *share_rule(const struct entity *entity, const char *action);

#endif
