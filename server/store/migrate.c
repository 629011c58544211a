/*
 * init and migrate: roles and rights, numbered migrations once each, the rest again whenever
 * its text changed.
 */
#include "server/store/ddl.h"
#include "server/store/migrate_impl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- migrations ----------------------------------------------------------------------- */

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

/* ---- the catalogue as the database has it --------------------------------------------- */

bool
migrate_add_field(struct migrate *m, struct catalog *catalog, const PGresult *result, int row,
    uint32_t *entity, struct field *field)
{
	const char *cells[CUSTOM_CELLS];

	for (int i = 0; i < CUSTOM_CELLS; i++)
		cells[i] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
	if (custom_make(m->arena, catalog, cells, entity, field) == ERR_OK &&
	    catalog_add_field(catalog, *entity, field) == ERR_OK)
		return true;
	m->why = arena_printf(m->arena, "custom field %s is not valid", cells[CUSTOM_NAME]);
	return false;
}

struct catalog *
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

enum err
migrate_read_catalog(const struct migrate_options *options, struct arena *arena,
    struct catalog **catalog, const char **why)
{
	struct migrate m = { .options = options, .arena = arena };
	enum err err = migrate_open(&m);

	*catalog = NULL;
	if (err == ERR_OK && (!migrate_exec(&m, "SET ROLE kehu_owner") ||
				 (*catalog = migrate_catalog(&m)) == NULL))
		err = m.why != NULL ? migrate_failed(&m) : ERR_CONFIG;
	migrate_close(&m);
	*why = m.why;
	return err;
}

/* ---- what is applied again when it changed -------------------------------------------- */

enum err
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

bool
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

/* ---- init ----------------------------------------------------------------------------- */

/* kehu_app is never a member of kehu_rule: inherited membership alone passes every policy. */
static const char migrate_role_text[] =
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

static enum err
migrate_prepare(struct migrate *m)
{
	return migrate_exec(m, migrate_role_text) && migrate_exec(m, migrate_functions) &&
		       migrate_exec(m, "CREATE EXTENSION IF NOT EXISTS btree_gin") ?
		   ERR_OK :
		   migrate_failed(m);
}

enum err
migrate_roles(const struct migrate_options *options, struct arena *arena, const char **why)
{
	struct migrate m = { .options = options, .arena = arena };
	enum err err = migrate_open(&m);

	if (err == ERR_OK)
		err = migrate_prepare(&m);
	migrate_close(&m);
	*why = m.why;
	return err;
}

enum err
migrate_init(const struct migrate_options *options, struct arena *arena, const char **why)
{
	struct migrate m = { .options = options, .arena = arena };
	enum err err = migrate_open(&m);

	if (err == ERR_OK)
		err = migrate_prepare(&m);
	if (err == ERR_OK)
		err = migrate_as_owner(&m);
	if (err == ERR_OK)
		err = migrate_regions(&m);
	migrate_close(&m);
	*why = m.why;
	return err;
}
