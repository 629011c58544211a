/*
 * The matrix of a role: a row for each of its grants, a column for each right; then how fields show
 * that are not simply clear. To be read on screen, printed, signed and filed.
 */
#include "server/report/report.h"

#include "server/entity/fields.h"

#include <string.h>

enum { MATRIX_ROLE = 1, MATRIX_RIGHTS = 9, MATRIX_COLUMNS = MATRIX_RIGHTS + 3 };

static const struct field role_matrix_parameters[] = {
	{ MATRIX_ROLE, "role", TYPE_REF, "角色", "Role", FIELD_REQUIRED, .ref = "role" },
	{ 0 },
};

/* What a kind of record is called, whether its reader sees such records or not. */
static const char *
matrix_kind(const struct report *report, const char *name)
{
	const struct entity_view *entity = catalog_entity_named(report->call->catalog, name);

	return entity != NULL ? call_say(report->call, entity->def->en, entity->def->zh) : name;
}

static enum err
matrix_add_grant(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	struct doc_cell cells[MATRIX_COLUMNS];
	int64_t rights = rows_int(rows, row, 2);
	const char *states = rows_text(rows, row, 3), *actions = rows_text(rows, row, 4);

	(void)to;
	cells[0] = doc_text(matrix_kind(report, rows_text(rows, row, 0)));
	cells[1] = doc_text(
	    report_choice(report, E_role_grant, F_role_grant_scope, rows_text(rows, row, 1)));
	for (int i = 0; i < MATRIX_RIGHTS; i++)
		cells[2 + i] = (rights & INT64_C(1) << i) != 0 ? doc_text("x") : doc_empty();
	cells[MATRIX_COLUMNS - 1] = doc_text(arena_printf(arena, "%s%s%s", states != NULL ? states : "",
	    states != NULL && actions != NULL ? "; " : "", actions != NULL ? actions : ""));
	return doc_row(report->doc, cells);
}

static enum err
matrix_add_field(
    struct report *report, struct arena *arena, const struct rows *rows, size_t row, void *to)
{
	const struct doc_cell cells[] = { doc_text(matrix_kind(report, rows_text(rows, row, 0))),
		doc_text(rows_text(rows, row, 1)),
		doc_text(report_choice(report, E_role_field, F_role_field_show, rows_text(rows, row, 2))),
		!rows_null(rows, row, 3) && rows_bool(rows, row, 3) ? doc_text("x") : doc_empty() };

	(void)arena;
	(void)to;
	return doc_row(report->doc, cells);
}

static enum err
matrix_grants(struct report *report)
{
	static const char *const codes[MATRIX_RIGHTS] = { "view", "create", "edit", "delete", "restore",
		"export", "approve", "assign", "act" };
	struct doc_column columns[MATRIX_COLUMNS] = {
		{ .title = call_say(report->call, "Kind of record", "对象"), .min_cols = 16 },
		{ .title = report_label(report, E_role_grant, F_role_grant_scope), .min_cols = 12 },
	};
	struct sql *sql;
	enum err err;

	for (size_t i = 0; i < MATRIX_RIGHTS; i++)
		columns[2 + i] = (struct doc_column){
			.title = report_choice(report, E_role_grant, F_role_grant_rights, codes[i]),
			.align = DOC_CENTRE,
			.min_cols = 7 };
	columns[MATRIX_COLUMNS - 1] = (struct doc_column){ .title = call_say(report->call, "Only", "仅限"),
		.weight = 1,
		.min_cols = 10,
		.wrap = true };
	err = doc_table(report->doc,
	    &(struct doc_table){ .columns = columns, .column_count = MATRIX_COLUMNS });
	if (err != ERR_OK)
		return err;
	sql = report_select(report, "SELECT g.entity, g.scope, g.rights, nullif(g.states, ''), nullif(g.actions, '')"
				    " FROM {role_grant} g WHERE g.role_id = ");
	sql_int(sql, report_parameter(report, MATRIX_ROLE)->number);
	sql_add(sql, " ORDER BY g.position, g.id");
	err = report_each(report, sql, matrix_add_grant, NULL);
	return err == ERR_OK ? doc_table_end(report->doc) : err;
}

static enum err
matrix_fields(struct report *report)
{
	const struct doc_column columns[] = {
		{ .title = call_say(report->call, "Kind of record", "对象"), .min_cols = 16 },
		{ .title = report_label(report, E_role_field, F_role_field_field), .min_cols = 20 },
		{ .title = report_label(report, E_role_field, F_role_field_show), .min_cols = 12 },
		{ .title = report_label(report, E_role_field, F_role_field_reveal), .align = DOC_CENTRE,
		    .min_cols = 10 },
	};
	struct sql *sql;
	enum err err = doc_table(report->doc,
	    &(struct doc_table){ .title = call_say(report->call, "Fields", "字段"),
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]) });

	if (err != ERR_OK)
		return err;
	sql = report_select(report,
	    "SELECT f.entity, f.field, f.show, f.reveal FROM {role_field} f WHERE f.role_id = ");
	sql_int(sql, report_parameter(report, MATRIX_ROLE)->number);
	sql_add(sql, " ORDER BY f.position, f.id");
	err = report_each(report, sql, matrix_add_field, NULL);
	return err == ERR_OK ? doc_table_end(report->doc) : err;
}

static enum err
role_matrix_make(struct report *report)
{
	struct doc_field params[] = { { .label = call_say(report->call, "Role", "角色"),
	    .value = report_setup(report, E_role, report_parameter(report, MATRIX_ROLE)->number) } };
	enum err err = report_begin(report, NULL, DOC_A4_WIDE, params, 1);

	if (err == ERR_OK)
		err = matrix_grants(report);
	if (err == ERR_OK)
		err = matrix_fields(report);
	return err == ERR_OK ? doc_end(report->doc) : err;
}

const struct report_info report_role_matrix = {
	.name = "role_matrix",
	.zh = "角色权限表",
	.en = "Matrix of a role",
	.entity = "role",
	.parameters = role_matrix_parameters,
	.reads = "role role_grant role_field",
	.make = role_matrix_make,
};
