/*
 * maintain: partitions, and the columns, triggers and indexes of custom fields that wait for
 * them. Statements are made from catalogue numbers only.
 */
#include "server/store/ddl.h"
#include "server/store/migrate_impl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAINTAIN_LOCK_TRIES = 15 };

/* ---- maintain ------------------------------------------------------------------------- */

/* Column, triggers and the field's readiness in one transaction, which waits little for locks.
 */
static enum err
maintain_field(struct migrate *m, const struct catalog *catalog, uint32_t entity,
    const struct field *field, const char *id)
{
	const struct entity_view *view = catalog_entity(catalog, entity);
	struct buf text = BUF_INIT;
	enum err err = ERR_OK;

	buf_puts(&text, "BEGIN; SET LOCAL lock_timeout = '2s';\n");
	ddl_add_column(&text, view->def, field);
	ddl_column(&text, catalog, view);
	/* Its triggers tell every kehud that the catalogue has changed. */
	buf_printf(&text,
	    "UPDATE field SET ready = true, version = version + 1 WHERE id = %s;\nCOMMIT", id);
	for (int try = 1; !migrate_exec(m, buf_text(&text)); try++) {
		PQclear(PQexec(m->conn, "ROLLBACK"));
		if (strcmp(m->state, "55P03") != 0 || try == MAINTAIN_LOCK_TRIES) {
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
			  ? maintain_field(m, catalog, entity, &field, PQgetvalue(result, i, CUSTOM_CELLS))
			  : ERR_CONFIG;
		*done += err == ERR_OK;
	}
	PQclear(result);
	return err;
}

/* An index that a crash left half made is made again; text NULL: there is to be none. */
static enum err
maintain_index(struct migrate *m, const char *name, const char *text, size_t *done)
{
	const char *valid = migrate_cell(
	    m, arena_printf(m->arena,
		   "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)",
		   migrate_quote(m, name)));

	if (!valid)
		return migrate_failed(m);
	if (valid[0] == (text != NULL ? 't' : '\0'))
		return ERR_OK;
	if (valid[0] != '\0' &&
	    !migrate_exec(m, arena_printf(m->arena, "DROP INDEX CONCURRENTLY %s", name)))
		return migrate_failed(m);
	if (text != NULL && !migrate_exec(m, text))
		return migrate_failed(m);
	migrate_say(m, "index %s %s", name, text != NULL ? "made" : "dropped");
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
			if (!(view->fields[k]->flags & FIELD_CUSTOM))
				continue;
			bool wanted = ddl_index(&name, &text, view->def, view->fields[k]);
			err = maintain_index(m, buf_text(&name), wanted ? buf_text(&text) : NULL, done);
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
