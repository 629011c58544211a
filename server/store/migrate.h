/*
 * Bringing a database to the shape this program needs, as its owner: `kehud init`, `kehud
 * migrate`, `kehud maintain`. None of them serves clients; each holds one advisory lock, so
 * that two at once wait for each other.
 */
#ifndef KEHU_MIGRATE_H
#define KEHU_MIGRATE_H

#include "server/entity/entity.h"
#include "server/store/store.h"

struct migrate_options {
	const char *conninfo; /* init: a superuser, or owner of the database with CREATEROLE */
	const char *sql_dir;  /* holds migrations/, repeat/ and data/ */
	void (*say)(void *to, const char *line); /* what was done, for people; may be NULL */
	void *say_to;
};

/*
 * Roles (kehu_owner, kehu_app, kehu_report, kehu_rule, kehu_backup) and rights on the database,
 * then everything of migrate_run, then the official regions. Safe to run again.
 * ERR_CONFIG: the database refused or a file is wrong, *why (in arena) says which; ERR_DB_GONE.
 */
MUST_CHECK enum err migrate_init(
    const struct migrate_options *options, struct arena *arena, const char **why);

/* Only the first part of it: roles, rights on the database, extensions. */
MUST_CHECK enum err migrate_roles(
    const struct migrate_options *options, struct arena *arena, const char **why);

/*
 * migrations/ in order, each in one transaction, once; a file changed after it was applied is
 * refused. repeat/ and what ddl.h generates are applied again when their text changed.
 */
MUST_CHECK enum err migrate_run(
    const struct migrate_options *options, struct arena *arena, const char **why);

/*
 * Partitions ahead, old ones dropped; columns, triggers and indexes of custom fields that
 * wait for them. *done: how many things were made or dropped.
 */
MUST_CHECK enum err maintain_run(
    const struct migrate_options *options, struct arena *arena, size_t *done, const char **why);

/* The catalogue with the custom fields that are ready, as the owner reads it. catalog_unref() it. */
MUST_CHECK enum err migrate_read_catalog(const struct migrate_options *options, struct arena *arena,
    struct catalog **catalog, const char **why);

/*
 * Whether database and catalogue fit: every column there and of its type, every sortable or
 * filterable type with leakproof comparisons. Further tables and columns do not matter, so
 * that an old and a new server can run side by side. ERR_CONFIG and *why names what is missing.
 */
MUST_CHECK enum err store_check_schema(
    struct store *store, const struct catalog *catalog, struct arena *arena, const char **why);

/* Inserts the official divisions of sql_dir/data/region.tsv that are not there yet. */
MUST_CHECK enum err region_seed(
    struct store *store, struct arena *arena, const char *path, size_t *made, const char **why);

#endif
