/*
 * Backup and restore of a whole database with PostgreSQL's own programs, into one file that may
 * be encrypted (vault.h). Left out is what would do harm when it comes back: sessions (people
 * sign in again) and the feed of changes (whose transaction numbers mean nothing elsewhere).
 */
#ifndef KEHU_BACKUP_H
#define KEHU_BACKUP_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

struct backup_options {
	const char *conninfo; /* as a superuser, or a member of kehu_owner */
	const char *file;
	const char *key_file; /* NULL: not encrypted; encrypted with its newest key */
	bool check; /* restore it into a database of its own, compare, drop that again */
};

struct backup_done {
	uint64_t tables, rows; /* counted if checked */
	uint64_t audit_rows;   /* of the chain, verified in the copy */
	uint64_t erasures;     /* restored: persons whom the backup knows to be erased */
};

/* The file is there whole, or not at all. ERR_CONFIG, ERR_FILE_SYSTEM, ERR_INVALID and *why (in
 * arena). */
MUST_CHECK enum err backup_make(struct arena *arena, const struct backup_options *options,
    struct backup_done *done, const char **why);
/*
 * Into the empty database of conninfo, in one transaction; the file is checked to its end
 * before that. Roles that are missing are made.
 */
MUST_CHECK enum err backup_restore(struct arena *arena, const struct backup_options *options,
    struct backup_done *done, const char **why);

#endif
