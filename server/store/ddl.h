/*
 * SQL made from the catalogue: row policies, history and change-feed triggers, search-row
 * triggers, epoch triggers, grants. Applied again by migrate whenever the text changes.
 *
 * What the policies read (set by kehu_begin and call_open, true for one transaction):
 *   kehu.r<entity>  arms for reading: "own|{departments}|{branches}|{pools}|all|shared"
 *   kehu.w<entity>  arms for writing, same form
 *   kehu.p<entity>  "{ids}" of records opened for reading: their lines, activities, files,
 * history kehu.q<entity>  "{ids}" of records opened for writing A missing r or w setting is an
 * error; a missing p or q opens nothing.
 */
#ifndef KEHU_DDL_H
#define KEHU_DDL_H

#include "common/buf.h"
#include "server/entity/entity.h"

/* What a new column of an entity changes: grants, triggers, and what is made of all entities. */
void ddl_column(struct buf *out, const struct catalog *catalog, const struct entity_view *entity);
/* Everything for one entity; idempotent. */
void ddl_entity(
    struct buf *out, const struct catalog *catalog, const struct entity_view *entity);
/* The function that tells the database what the catalogue knows of persons (sql/repeat/36_person.sql). */
void ddl_personal(struct buf *out, const struct catalog *catalog);
/* The function that tells which columns hold choices of which list (sql/repeat/41_choices.sql). */
void ddl_choices(struct buf *out, const struct catalog *catalog);
/* Everything for all of them, and the policies of history. */
void ddl_catalog(struct buf *out, const struct catalog *catalog);

/* "ALTER TABLE … ADD COLUMN …" for a custom field with the columns that go with it. */
void ddl_add_column(struct buf *out, const struct entity *entity, const struct field *field);
/* Name and text of the index that serves a custom field; false: it is to have none. */
bool ddl_index(
    struct buf *name, struct buf *text, const struct entity *entity, const struct field *field);

/* PostgreSQL's name of a field's column type, as format_type() gives it. */
const char *ddl_type(enum field_type type);
/* The further columns of a field: suffix and type; number 0..; false: no such. */
bool ddl_side_column(
    const struct field *field, size_t number, const char **suffix, const char **type);

#endif
