/*
 * Inside of migrate and maintain: a connection of the owner, statements one at a time. Nobody
 * else includes this.
 */
#ifndef KEHU_MIGRATE_IMPL_H
#define KEHU_MIGRATE_IMPL_H

#include "server/entity/custom.h"
#include "server/store/migrate.h"
#include <libpq-fe.h>

struct migrate {
	const struct migrate_options *options;
	struct arena *arena;
	PGconn *conn;
	const char *why; /* the first line of the last failure, in arena */
	char state[6];   /* and its SQLSTATE */
};

struct migrate_file {
	const char *name, *text;
	char *checksum;
};

void migrate_say(const struct migrate *m, const char *format, ...) PRINTF_LIKE(2, 3);

/* Connects and takes the lock that init, migrate and maintain share. */
MUST_CHECK enum err migrate_open(struct migrate *m);
void migrate_close(struct migrate *m);
/* What a failed statement is for the caller: ERR_CONFIG, or ERR_DB_GONE. */
enum err migrate_failed(const struct migrate *m);

/* The result of one or several statements (PQclear it); NULL when one failed. */
PGresult *migrate_query(struct migrate *m, const char *text);
MUST_CHECK bool migrate_exec(struct migrate *m, const char *text);
/* First cell of a query's first row: "" when there is none, NULL when the query failed. */
const char *migrate_cell(struct migrate *m, const char *text);
const char *migrate_quote(struct migrate *m, const char *text);

char *migrate_checksum(struct arena *arena, const char *text);
/* The .sql files of a folder of sql_dir in the order of their names. */
MUST_CHECK enum err migrate_files(
    struct migrate *m, const char *folder, struct migrate_file **files, size_t *count);

/* The catalogue with the custom fields that are ready; NULL when a query failed. */
struct catalog *migrate_catalog(struct migrate *m);
/* One custom field of a result of MIGRATE_FIELDS; false and why when it is not valid. */
MUST_CHECK bool migrate_add_field(struct migrate *m, struct catalog *catalog,
    const PGresult *result, int row, uint32_t *entity, struct field *field);
#define MIGRATE_FIELDS                                                                         \
	"SELECT " CUSTOM_COLUMNS ", f.id FROM field f LEFT JOIN dictionary d ON d.id = f.dictionary_id " \
	"WHERE f.ready = %s AND f.deleted_at IS NULL ORDER BY " CUSTOM_ORDER

/* Text of everything that is applied again when it changes, and keeping its checksum. */
MUST_CHECK enum err migrate_repeat_text(
    struct migrate *m, const struct catalog *catalog, struct buf *text);
MUST_CHECK bool migrate_keep_checksum(struct migrate *m, const char *checksum);

#endif
