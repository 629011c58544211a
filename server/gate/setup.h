/*
 * What a new database needs before anybody can sign in: roles, choice lists, a first branch and
 * administrator. Run by `kehud init` and `kehud migrate` as the owner.
 */
#ifndef KEHU_SETUP_H
#define KEHU_SETUP_H

#include "common/arena.h"
#include "common/error.h"
#include "server/store/migrate.h"

/*
 * Roles and dictionaries that are missing; roles that nobody changed follow what ships, and options->say
 * hears of these and of those left alone.
 */
MUST_CHECK enum err setup_seed(
    struct arena *arena, const struct migrate_options *options, const char **why);
/*
 * The same, then branch "总部", and user "admin" with a random one-time password (in arena), when
 * there is no user yet; else *password is NULL.
 */
MUST_CHECK enum err setup_first(struct arena *arena, const struct migrate_options *options,
    const char **password, const char **why);
/*
 * The audit's first key, when there was none: hexadecimal digits, told this once. NULL else. With
 * it an auditor proves that no segment was signed anew.
 */
MUST_CHECK enum err setup_audit_key(struct arena *arena, const char *conninfo, const char **key,
    const char **why);

#endif
