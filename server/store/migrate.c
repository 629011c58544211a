/*
 * init, migrate and maintain. Plain libpq statements one at a time: nothing here is a request,
 * and some of it (CREATE INDEX CONCURRENTLY) may not run inside a transaction.
 */
#include "server/store/migrate.h"
#include "common/log.h"
#include "server/store/ddl.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "kehu mig": one number for all three programs. */
#define MIGRATE_LOCK "SELECT pg_advisory_lock(7742632)"

enum { MIGRATE_LOCK_TRIES = 15 };

struct migrate {
	const struct migrate_options *options;
	struct arena *arena;
	PGconn *conn;
	const char *why;
	char state[6];
};

static void migrate_say(const struct migrate *m, const char *format, ...) PRINTF_LIKE(2, 3);

static void
migrate_say(const struct migrate *m, const char *format, ...)
{
	va_list args;

	if (!m->options->say)
		return;
	va_start(args, format);
	m->options->say(m->options->say_to, arena_vprintf(m->arena, format, args));
	va_end(args);
}

static void
migrate_silent(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

/* The result of one or several statements, NULL when one failed: then why and state say so. */
static PGresult *
migrate_query(struct migrate *m, const char *text)
{
	PGresult *result = PQexec(m->conn, text);
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	snprintf(m->state, sizeof m->state, "%s", state ? state : "");
	char *message = arena_strdup(
	    m->arena, result ? PQresultErrorMessage(result) : PQerrorMessage(m->conn));
	message[strcspn(message, "\n")] = '\0';
	m->why = message;
	PQclear(result);
	return NULL;
}

static bool
migrate_exec(struct migrate *m, const char *text)
{
	PGresult *result = migrate_query(m, text);

	PQclear(result);
	return result != NULL;
}

/* First cell of a query's first row: "" when there is none, NULL when the query failed. */
static const char *
migrate_cell(struct migrate *m, const char *text)
{
	PGresult *result = migrate_query(m, text);
	const char *cell = NULL;

	if (result)
		cell = PQntuples(result) > 0 ? arena_strdup(m->arena, PQgetvalue(result, 0, 0))
					     : "";
	PQclear(result);
	return cell;
}

static const char *
migrate_quote(struct migrate *m, const char *text)
{
	char *quoted = PQescapeLiteral(m->conn, text, strlen(text));
	const char *copy = arena_strdup(m->arena, quoted ? quoted : "''");

	PQfreemem(quoted);
	return copy;
}

static enum err
migrate_failed(struct migrate *m)
{
	if (!m->conn || PQstatus(m->conn) != CONNECTION_OK)
		return ERR_DB_GONE;
	return ERR_CONFIG;
}

static enum err
migrate_open(struct migrate *m)
{
	m->conn = PQconnectdb(m->options->conninfo);
	if (PQstatus(m->conn) != CONNECTION_OK) {
		char *message = arena_strdup(m->arena, PQerrorMessage(m->conn));
		message[strcspn(message, "\n")] = '\0';
		m->why = message;
		return ERR_DB_GONE;
	}
	PQsetNoticeReceiver(m->conn, migrate_silent, NULL);
	if (!migrate_exec(m,
		"SET client_min_messages = warning; SET statement_timeout = 0;"
		"SET search_path = public; SET DateStyle = ISO; SET TimeZone = 'UTC'") ||
	    !migrate_exec(m, MIGRATE_LOCK))
		return migrate_failed(m);
	return ERR_OK;
}

static void
migrate_close(struct migrate *m)
{
	PQfinish(m->conn);
	m->conn = NULL;
}

/* ---- files --------------------------------------------------------------------------------
 */

static int
migrate_is_sql(const struct dirent *entry)
{
	size_t bytes = strlen(entry->d_name);

	return entry->d_name[0] != '.' && bytes > 4 &&
	       strcmp(entry->d_name + bytes - 4, ".sql") == 0;
}

struct migrate_file {
	const char *name, *text;
	char *checksum;
};

static char *
migrate_checksum(struct arena *arena, const char *text)
{
	uint8_t hash[32];

	hash_sha256(text, strlen(text), hash);
	return hex_encode(arena, hash, sizeof hash);
}

static const char *
migrate_read(struct migrate *m, const char *path)
{
	struct buf text = BUF_INIT;
	const char *copy = NULL;
	FILE *file = fopen(path, "re");

	if (!file)
		goto out;
	for (;;) {
		size_t got = fread(buf_reserve(&text, 65536), 1, 65536, file);
		if (got == 0)
			break;
		buf_wrote(&text, got);
	}
	if (!ferror(file))
		copy = arena_strdup(m->arena, buf_text(&text));
	fclose(file);
out:
	if (!copy)
		m->why = arena_printf(m->arena, "%s: %s", path, strerror(errno));
	buf_fini(&text);
	return copy;
}

/* The .sql files of a folder in the order of their names. */
static enum err
migrate_files(struct migrate *m, const char *folder, struct migrate_file **files, size_t *count)
{
	const char *dir = arena_printf(m->arena, "%s/%s", m->options->sql_dir, folder);
	struct dirent **entries = NULL;
	int found = scandir(dir, &entries, migrate_is_sql, alphasort);
	enum err err = ERR_OK;

	if (found <= 0) {
		m->why = arena_printf(m->arena, "%s: %s", dir,
		    found < 0 ? strerror(errno) : "there are no .sql files");
		free(entries);
		return ERR_CONFIG;
	}
	*files = ARENA_ARRAY(m->arena, struct migrate_file, (size_t)found);
	*count = (size_t)found;
	for (int i = 0; i < found; i++) {
		struct migrate_file *file = &(*files)[i];
		file->name = arena_strdup(m->arena, entries[i]->d_name);
		file->text = migrate_read(m, arena_printf(m->arena, "%s/%s", dir, file->name));
		if (file->text)
			file->checksum = migrate_checksum(m->arena, file->text);
		else
			err = ERR_CONFIG;
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* ---- migrations ---------------------------------------------------------------------------
 */

static enum err
migrate_apply(struct migrate *m, const struct migrate_file *file)
{
	const char *had = migrate_cell(
	    m, arena_printf(m->arena, "SELECT checksum FROM migration WHERE name = %s",
		   migrate_quote(m, file->name)));

	if (!had)
		return migrate_failed(m);
	if (strcmp(had, file->checksum) == 0)
		return ERR_OK;
	if (had[0] != '\0') {
		m->why = arena_printf(m->arena,
		    "migration %s was changed after it was applied; add a new file instead",
		    file->name);
		return ERR_CONFIG;
	}
	if (migrate_exec(m, "BEGIN") && migrate_exec(m, file->text) &&
	    migrate_exec(m, arena_printf(m->arena,
				"INSERT INTO migration (name, checksum) VALUES (%s, '%s')",
				migrate_quote(m, file->name), file->checksum)) &&
	    migrate_exec(m, "COMMIT")) {
		migrate_say(m, "migration %s applied", file->name);
		return ERR_OK;
	}
	m->why = arena_printf(m->arena, "%s: %s", file->name, m->why);
	PQclear(PQexec(m->conn, "ROLLBACK"));
	return migrate_failed(m);
}

static enum err
migrate_apply_all(struct migrate *m)
{
	struct migrate_file *files;
	size_t count;
	enum err err = migrate_files(m, "migrations", &files, &count);

	if (err != ERR_OK)
		return err;
	if (!migrate_exec(m, "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, "
			     "checksum text NOT NULL,"
			     " applied_at timestamptz NOT NULL DEFAULT now());"
			     "CREATE TABLE IF NOT EXISTS repeated (name text PRIMARY KEY, "
			     "checksum text NOT NULL,"
			     " applied_at timestamptz NOT NULL DEFAULT now())"))
		return migrate_failed(m);
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = migrate_apply(m, &files[i]);
	return err;
}

/* ---- the catalogue as the database has it -------------------------------------------------
 */

static bool
migrate_add_field(struct migrate *m, struct catalog *catalog, const PGresult *result, int row,
    uint32_t *entity, struct field *field)
{
	*entity = (uint32_t)strtoul(PQgetvalue(result, row, 0), NULL, 10);
	*field = (struct field){
		.number = (uint32_t)strtoul(PQgetvalue(result, row, 1), NULL, 10),
		.type = (enum field_type)strtol(PQgetvalue(result, row, 2), NULL, 10),
		.zh = PQgetvalue(result, row, 3),
		.en = PQgetvalue(result, row, 4),
		.flags = (uint32_t)strtoul(PQgetvalue(result, row, 5), NULL, 10) | FIELD_CUSTOM,
		.ref = PQgetisnull(result, row, 6) ? NULL : PQgetvalue(result, row, 6),
	};
	field->name = arena_printf(m->arena, "x_%" PRIu32, field->number);
	if (field->type >= TYPE_TEXT && field->type <= TYPE_REFS &&
	    catalog_add_field(catalog, *entity, field) == ERR_OK)
		return true;
	m->why = arena_printf(m->arena,
	    "custom field %" PRIu32 " of entity %" PRIu32 " is not valid", field->number,
	    *entity);
	return false;
}

#define MIGRATE_FIELDS                                                                         \
	"SELECT entity, number, type, zh, en, flags, ref FROM custom_field WHERE ready = %s "  \
	"ORDER BY entity, number"

static struct catalog *
migrate_catalog(struct migrate *m)
{
	PGresult *result = migrate_query(m, arena_printf(m->arena, MIGRATE_FIELDS, "true"));
	struct catalog *catalog;
	struct field field;
	uint32_t entity;

	if (!result)
		return NULL;
	catalog = catalog_new(1);
	for (int i = 0; i < PQntuples(result); i++) {
		if (!migrate_add_field(m, catalog, result, i, &entity, &field)) {
			catalog_unref(catalog);
			catalog = NULL;
			break;
		}
	}
	PQclear(result);
	return catalog;
}

/* ---- what is applied again when it changed ------------------------------------------------
 */

static enum err
migrate_repeat_text(struct migrate *m, const struct catalog *catalog, struct buf *text)
{
	struct migrate_file *files;
	size_t count;
	enum err err = migrate_files(m, "repeat", &files, &count);

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		buf_puts(text, files[i].text);
		buf_puts(text, "\n;\n");
	}
	if (err == ERR_OK)
		ddl_catalog(text, catalog);
	return err;
}

static bool
migrate_keep_checksum(struct migrate *m, const char *checksum)
{
	return migrate_exec(m, arena_printf(m->arena,
				   "INSERT INTO repeated (name, checksum) VALUES ('all', '%s') "
				   "ON CONFLICT (name) DO UPDATE SET checksum = "
				   "EXCLUDED.checksum, applied_at = now()",
				   checksum));
}

static enum err
migrate_repeat(struct migrate *m)
{
	struct buf text = BUF_INIT;
	const struct catalog *catalog = migrate_catalog(m);
	enum err err = catalog ? migrate_repeat_text(m, catalog, &text) : migrate_failed(m);

	if (err != ERR_OK)
		goto out;
	const char *checksum = migrate_checksum(m->arena, buf_text(&text));
	const char *had = migrate_cell(m, "SELECT checksum FROM repeated WHERE name = 'all'");
	if (had && strcmp(had, checksum) == 0)
		goto out;
	if (had && migrate_exec(m, "BEGIN") && migrate_exec(m, buf_text(&text)) &&
	    migrate_keep_checksum(m, checksum) && migrate_exec(m, "COMMIT")) {
		migrate_say(m, "policies, functions and triggers applied");
		goto out;
	}
	PQclear(PQexec(m->conn, "ROLLBACK"));
	err = migrate_failed(m);
out:
	catalog_unref(catalog);
	buf_fini(&text);
	return err;
}

static enum err
migrate_as_owner(struct migrate *m)
{
	enum err err;

	if (!migrate_exec(m, "SET ROLE kehu_owner"))
		return migrate_failed(m);
	err = migrate_apply_all(m);
	if (err == ERR_OK)
		err = migrate_repeat(m);
	if (err == ERR_OK && !migrate_exec(m, "SELECT kehu_partitions()"))
		err = migrate_failed(m);
	return err;
}

enum err
migrate_run(const struct migrate_options *options, struct arena *arena, const char **why)
{
	struct migrate m = { .options = options, .arena = arena };
	enum err err = migrate_open(&m);

	if (err == ERR_OK)
		err = migrate_as_owner(&m);
	migrate_close(&m);
	*why = m.why;
	return err;
}

/* ---- init ---------------------------------------------------------------------------------
 */

/* kehu_app is never a member of kehu_rule: inherited membership alone passes every policy. */
static const char migrate_roles[] =
    "DO $$ DECLARE r text; BEGIN\n"
    "FOREACH r IN ARRAY ARRAY['kehu_owner', 'kehu_app', 'kehu_report', 'kehu_backup'] LOOP\n"
    "  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN\n"
    "    EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE "
    "NOBYPASSRLS', r);\n"
    "  END IF;\n"
    "END LOOP;\n"
    "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kehu_rule') THEN\n"
    "  CREATE ROLE kehu_rule NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;\n"
    "END IF;\n"
    "GRANT kehu_rule TO kehu_owner;\n"
    "GRANT kehu_report TO kehu_app;\n"
    "IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN\n"
    "  EXECUTE format('GRANT kehu_owner, kehu_app TO %I', current_user);\n"
    "END IF;\n"
    "EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());\n"
    "EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO kehu_app, kehu_report, "
    "kehu_backup',"
    " current_database());\n"
    "EXECUTE format('GRANT ALL ON DATABASE %I TO kehu_owner', current_database());\n"
    "ALTER SCHEMA public OWNER TO kehu_owner;\n"
    "REVOKE ALL ON SCHEMA public FROM PUBLIC;\n"
    "END $$";

/* What reports may not call; only a superuser can take it from PUBLIC. */
static const char migrate_functions[] =
    "DO $$ DECLARE f text; BEGIN\n"
    "IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN\n"
    "  FOREACH f IN ARRAY ARRAY['set_config(text, text, boolean)', 'pg_notify(text, text)',\n"
    "    'query_to_xml(text, boolean, boolean, text)', 'lo_create(oid)', 'lo_creat(integer)',\n"
    "    'lo_from_bytea(oid, bytea)', 'lo_put(oid, bigint, bytea)', 'lo_open(oid, integer)'] "
    "LOOP\n"
    "    EXECUTE format('REVOKE EXECUTE ON FUNCTION pg_catalog.%s FROM PUBLIC', f);\n"
    "  END LOOP;\n"
    "  GRANT EXECUTE ON FUNCTION set_config(text, text, boolean), pg_notify(text, text)\n"
    "    TO kehu_app, kehu_rule, kehu_owner, kehu_backup;\n"
    "END IF;\n"
    "END $$";

static enum err
migrate_regions(struct migrate *m)
{
	struct store *store =
	    store_new(&(struct store_options){ .conninfo = m->options->conninfo,
		.role = "kehu_owner",
		.application = "kehud init" });
	size_t made;
	enum err err = region_seed(store, m->arena,
	    arena_printf(m->arena, "%s/data/region.tsv", m->options->sql_dir), &made, &m->why);

	if (err == ERR_OK && made > 0)
		migrate_say(m, "%zu regions added", made);
	store_free(store);
	return err;
}

enum err
migrate_init(const struct migrate_options *options, struct arena *arena, const char **why)
{
	struct migrate m = { .options = options, .arena = arena };
	enum err err = migrate_open(&m);

	if (err == ERR_OK &&
	    (!migrate_exec(&m, migrate_roles) || !migrate_exec(&m, migrate_functions) ||
		!migrate_exec(&m, "CREATE EXTENSION IF NOT EXISTS btree_gin")))
		err = migrate_failed(&m);
	if (err == ERR_OK)
		err = migrate_as_owner(&m);
	if (err == ERR_OK)
		err = migrate_regions(&m);
	migrate_close(&m);
	*why = m.why;
	return err;
}

/* ---- maintain -----------------------------------------------------------------------------
 */

/* Column, triggers and the field's readiness in one transaction, which waits little for locks.
 */
static enum err
maintain_field(struct migrate *m, const struct catalog *catalog, uint32_t entity,
    const struct field *field)
{
	const struct entity_view *view = catalog_entity(catalog, entity);
	struct buf text = BUF_INIT;
	enum err err = ERR_OK;

	buf_puts(&text, "BEGIN; SET LOCAL lock_timeout = '2s';\n");
	ddl_add_column(&text, view->def, field);
	ddl_entity(&text, catalog, view);
	buf_printf(&text,
	    "UPDATE custom_field SET ready = true WHERE entity = %" PRIu32
	    " AND number = %" PRIu32
	    ";\nUPDATE state SET catalog_version = catalog_version + 1;\nCOMMIT",
	    entity, field->number);
	for (int try = 1; !migrate_exec(m, buf_text(&text)); try++) {
		PQclear(PQexec(m->conn, "ROLLBACK"));
		if (strcmp(m->state, "55P03") != 0 || try == MIGRATE_LOCK_TRIES) {
			err = migrate_failed(m);
			break;
		}
		usleep(200000);
	}
	if (err == ERR_OK)
		migrate_say(m, "column %s.%s added", entity_table(view->def), field->name);
	buf_fini(&text);
	return err;
}

static enum err
maintain_fields(struct migrate *m, struct catalog *catalog, size_t *done)
{
	PGresult *result = migrate_query(m, arena_printf(m->arena, MIGRATE_FIELDS, "false"));
	enum err err = result ? ERR_OK : migrate_failed(m);
	struct field field;
	uint32_t entity;

	for (int i = 0; err == ERR_OK && i < PQntuples(result); i++) {
		err = migrate_add_field(m, catalog, result, i, &entity, &field)
			  ? maintain_field(m, catalog, entity, &field)
			  : ERR_CONFIG;
		*done += err == ERR_OK;
	}
	PQclear(result);
	return err;
}

/* An index that a crash left half made is made again. */
static enum err
maintain_index(struct migrate *m, const char *name, const char *text, size_t *done)
{
	const char *valid = migrate_cell(
	    m, arena_printf(m->arena,
		   "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)",
		   migrate_quote(m, name)));

	if (!valid)
		return migrate_failed(m);
	if (valid[0] == 't')
		return ERR_OK;
	if (valid[0] == 'f' &&
	    !migrate_exec(m, arena_printf(m->arena, "DROP INDEX CONCURRENTLY %s", name)))
		return migrate_failed(m);
	if (!migrate_exec(m, text))
		return migrate_failed(m);
	migrate_say(m, "index %s made", name);
	++*done;
	return ERR_OK;
}

static enum err
maintain_indexes(struct migrate *m, const struct catalog *catalog, size_t *done)
{
	struct buf name = BUF_INIT, text = BUF_INIT;
	enum err err = ERR_OK;

	for (size_t i = 0; i < catalog_count(catalog); i++) {
		const struct entity_view *view = catalog_at(catalog, i);
		for (size_t k = 0; err == ERR_OK && k < view->field_count; k++) {
			buf_clear(&name);
			buf_clear(&text);
			if ((view->fields[k]->flags & FIELD_CUSTOM) &&
			    ddl_index(&name, &text, view->def, view->fields[k]))
				err = maintain_index(m, buf_text(&name), buf_text(&text), done);
		}
	}
	buf_fini(&name);
	buf_fini(&text);
	return err;
}

static enum err
maintain_all(struct migrate *m, size_t *done)
{
	struct catalog *catalog = NULL;
	struct buf text = BUF_INIT;
	enum err err = ERR_OK;
	const char *made;

	if (!migrate_exec(m, "SET ROLE kehu_owner") ||
	    !(made = migrate_cell(m, "SELECT kehu_partitions()")) ||
	    !(catalog = migrate_catalog(m)))
		return migrate_failed(m);
	*done += strtoul(made, NULL, 10);
	err = maintain_fields(m, catalog, done);
	if (err == ERR_OK)
		err = maintain_indexes(m, catalog, done);
	/* The generated text has changed with the fields, and is applied already. */
	if (err == ERR_OK)
		err = migrate_repeat_text(m, catalog, &text);
	if (err == ERR_OK &&
	    !migrate_keep_checksum(m, migrate_checksum(m->arena, buf_text(&text))))
		err = migrate_failed(m);
	catalog_unref(catalog);
	buf_fini(&text);
	return err;
}

enum err
maintain_run(
    const struct migrate_options *options, struct arena *arena, size_t *done, const char **why)
{
	struct migrate m = { .options = options, .arena = arena };
	enum err err = migrate_open(&m);

	*done = 0;
	if (err == ERR_OK)
		err = maintain_all(&m, done);
	migrate_close(&m);
	*why = m.why;
	return err;
}
