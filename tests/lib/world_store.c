/*
 * A world put into its database by the superuser, past rules and policies, as kehud would have stored it:
 * with sort keys, digits, search rows and history.
 */
#include "tests/lib/world_private.h"

#include "common/buf.h"
#include "common/date.h"
#include "common/log.h"
#include "common/pinyin.h"
#include "server/record/token.h"
#include "server/store/store.h"
#include "tests/lib/pg.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void
world_put_literal(struct buf *out, const struct field *field, const struct world_value *value)
{
	if (!value->present) {
		buf_puts(out, "NULL");
		return;
	}
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_MONEY:
	case TYPE_REF:
		buf_printf(out, "%" PRId64, value->number);
		break;
	case TYPE_BOOL:
		buf_puts(out, value->number != 0 ? "true" : "false");
		break;
	case TYPE_DATE:
		buf_printf(out, "date '1970-01-01' + %" PRId64, value->number);
		break;
	case TYPE_MOMENT:
		buf_printf(out, "to_timestamp(%" PRId64 ")", value->number / US_PER_SECOND);
		break;
	default:
		buf_printf(out, "'%s'", value->text);
	}
}

/* Columns of a table beside fields that must be filled: "name type" pairs. */
static const char *
world_needed(const struct world *world, const struct entity_view *view)
{
	struct buf names = BUF_INIT;
	const char *result;

	buf_puts(&names, "'id', 'position'");
	for (size_t i = 0; i < view->field_count; i++)
		buf_printf(&names, ", '%s', '%s_key', '%s_digits', '%s_currency'",
		    view->fields[i]->name, view->fields[i]->name, view->fields[i]->name,
		    view->fields[i]->name);
	if (view->def->kind == ENTITY_LINE)
		buf_printf(&names, ", '%s_id'", view->def->parent);
	result = arena_strdup(world->arena,
	    pg_exec(world->database,
		"SELECT coalesce(string_agg(', ' || column_name, '' ORDER BY "
		"ordinal_position), '') || '|' || "
		"coalesce(string_agg(', ' || CASE data_type WHEN 'bytea' THEN "
		"quote_literal('x') || '::bytea' "
		"WHEN 'uuid' THEN 'gen_random_uuid()' WHEN 'text' THEN quote_literal('zh') "
		"ELSE '0' END, '' "
		"ORDER BY ordinal_position), '') FROM information_schema.columns "
		"WHERE table_schema = 'public' AND table_name = '%s' AND is_nullable = 'NO' "
		"AND column_default IS NULL AND column_name NOT IN (%s)",
		entity_table(view->def), buf_text(&names)));
	buf_fini(&names);
	return result;
}

static bool
world_is_stored(const struct field *field)
{
	return (field->flags & FIELD_FIGURE) == 0;
}

static void
world_put_columns(struct buf *out, const struct entity_view *view, const char *needed)
{
	buf_printf(out, "INSERT INTO %s (id", entity_table(view->def));
	if (view->def->kind == ENTITY_LINE)
		buf_printf(out, ", %s_id, position", view->def->parent);
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];

		if (!world_is_stored(field))
			continue;
		buf_printf(out, ", %s", field->name);
		if (field->type == TYPE_MONEY)
			buf_printf(out, ", %s_currency", field->name);
		if (field->type == TYPE_PHONE)
			buf_printf(out, ", %s_digits", field->name);
		if (field->type == TYPE_TEXT && field->flags & FIELD_SORT)
			buf_printf(out, ", %s_key", field->name);
	}
	buf_printf(out, "%.*s, deleted_at) VALUES ", (int)strcspn(needed, "|"), needed);
}

static void
world_put_row(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row, const char *needed)
{
	buf_printf(out, "(%" PRId64, row->row.id);
	if (view->def->kind == ENTITY_LINE)
		buf_printf(out, ", %" PRId64 ", 0", row->parent->row.id);
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);

		if (!world_is_stored(field))
			continue;
		buf_puts(out, ", ");
		world_put_literal(out, field, &value);
		if (field->type == TYPE_MONEY)
			buf_puts(out, ", 'CNY'");
		if (field->type == TYPE_PHONE)
			buf_printf(out, ", '%s'", value.present ? value.text : "");
		if (field->type == TYPE_TEXT && field->flags & FIELD_SORT)
			buf_printf(out, ", '%s'",
			    value.present
				? pinyin_sort_key(world->arena, value.text,
				      field->flags & FIELD_PERSON ? PINYIN_PERSON : PINYIN_NAME)
				: "");
	}
	buf_printf(
	    out, "%s, %s)", strchr(needed, '|') + 1, row->row.deleted ? "now()" : "NULL");
}

static void
world_put_search_fields(struct world *world, const struct entity_view *view,
    const struct world_row *row, struct token_set *tokens, struct buf *doc)
{
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);

		if ((field->flags & FIELD_SEARCH) == 0 || !value.present)
			continue;
		token_index(world->arena, tokens, field->search, value.text);
		buf_printf(doc, "%c%" PRIu32 ".%" PRIu32 "\t%s\n", field->search,
		    view->def->number, field->number, value.text);
	}
}

static void
world_put_search(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row)
{
	const struct entity_view *lines[16];
	size_t kinds = catalog_lines(world->catalog, view->def, lines, 16);
	struct token_set tokens = { 0 };
	struct buf doc = BUF_INIT;

	world_put_search_fields(world, view, row, &tokens, &doc);
	for (size_t k = 0; k < kinds; k++) {
		const struct world_row *line = world_line(world, row, lines[k]->def);

		if (line != NULL)
			world_put_search_fields(world, lines[k], line, &tokens, &doc);
	}
	token_set_sort(&tokens);
	buf_printf(out,
	    "INSERT INTO %s_search (id, owner_id, department_id, branch_id, pool_id, tokens, "
	    "doc) VALUES (%" PRId64 ", nullif(%" PRId64 ", 0), %" PRId64 ", %" PRId64
	    ", nullif(%" PRId64 ", 0), array_to_tsvector(ARRAY[",
	    entity_table(view->def), row->row.id, row->row.owner, row->row.department,
	    row->row.branch, row->row.pool);
	for (size_t i = 0; i < tokens.count; i++)
		buf_printf(out, "%s'%s'", i > 0 ? "," : "", tokens.tokens[i]);
	buf_printf(out, "]::text[]), '%s');\n", buf_text(&doc));
	buf_fini(&doc);
}

static void
world_put_figures(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row)
{
	buf_printf(out, "INSERT INTO %s_figures (id", entity_table(view->def));
	for (size_t i = 0; i < view->field_count; i++)
		if (!world_is_stored(view->fields[i]))
			buf_printf(out, ", %s", view->fields[i]->name);
	buf_printf(out, ") VALUES (%" PRId64, row->row.id);
	for (size_t i = 0; i < view->field_count; i++) {
		struct world_value value = world_value(world, row, view->fields[i]);

		if (world_is_stored(view->fields[i]))
			continue;
		buf_puts(out, ", ");
		world_put_literal(out, view->fields[i], &value);
	}
	/* What a trigger worked out already is not what the world says. */
	buf_puts(out, ") ON CONFLICT (id) DO UPDATE SET");
	for (size_t i = 0, count = 0; i < view->field_count; i++)
		if (!world_is_stored(view->fields[i]))
			buf_printf(out, "%s %s = EXCLUDED.%s", count++ > 0 ? "," : "", view->fields[i]->name,
			    view->fields[i]->name);
	buf_puts(out, ";\n");
}

/* A value as history keeps it. */
static const char *
world_history_text(
    struct arena *arena, const struct field *field, const struct world_value *value)
{
	switch (field->type) {
	case TYPE_MONEY:
		return arena_printf(arena, "%" PRId64 " CNY", value->number);
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_MOMENT:
	case TYPE_REF:
		return arena_printf(arena, "%" PRId64, value->number);
	default:
		return value->text;
	}
}

/* One change that filled in every field. */
static void
world_put_history(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row)
{
	const struct world_row *root = row->parent != NULL ? row->parent : row;
	struct buf fields = BUF_INIT, old = BUF_INIT, new = BUF_INIT;

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);

		if (!value.present || !world_is_stored(field) || field->flags & FIELD_HIDDEN)
			continue;
		buf_printf(&fields, "%s%" PRIu32, fields.bytes > 0 ? "," : "", field->number);
		buf_printf(&old, "%sNULL", old.bytes > 0 ? "," : "");
		buf_printf(&new, "%s'%s'", new.bytes > 0 ? "," : "",
		    world_history_text(world->arena, field, &value));
	}
	buf_printf(out,
	    "INSERT INTO history (at, user_id, entity, record_id, root_entity, root_id, "
	    "version, kind, fields, old, new) "
	    "VALUES (now() - interval '1 hour', %d, %" PRIu32 ", %" PRId64 ", %" PRIu32
	    ", %" PRId64 ", 1, 2, '{%s}', ARRAY[%s]::text[], ARRAY[%s]::text[]);\n",
	    COLLEAGUE, view->def->number, row->row.id, root->row.entity->number, root->row.id,
	    buf_text(&fields), buf_text(&old), buf_text(&new));
	buf_fini(&fields);
	buf_fini(&old);
	buf_fini(&new);
}

/* A line of a row that is not there goes with it. */
static bool
world_is_orphan(struct world_row *row)
{
	row->absent |= row->parent != NULL && row->parent->absent;
	return row->absent;
}

static void
world_note_absent(struct world *world, const struct entity_view *view)
{
	struct store *store = pg_store(world->database, NULL);
	struct sql *sql = sql_new(world->arena);
	struct rows *rows;

	sql_addf(sql, "SELECT id FROM %s", entity_table(view->def));
	store_begin(store);
	if (store_run(store, world->arena, sql, &rows) != ERR_OK)
		fatal("cannot read %s: %s", view->def->name, store_message(store));
	for (size_t i = 0; i < world->count; i++)
		if (world->rows[i]->row.entity == view->def && world->rows[i]->made)
			world->rows[i]->absent = true;
	for (size_t i = 0; i < rows->count; i++) {
		int64_t at = rows_int(rows, i, 0) - WORLD_FIRST_ID;

		if (at >= 0 && at < (int64_t)world->count)
			world->rows[at]->absent = false;
	}
	store_free(store);
}

static void
world_store_entity(struct world *world, const struct entity_view *view)
{
	const struct entity *def = view->def;
	const char *needed = world_needed(world, view);
	struct buf out = BUF_INIT;
	bool any = false;

	for (size_t i = 0; i < world->count; i++) {
		const struct world_row *row = world->rows[i];

		if (row->row.entity != def || !row->made || world_is_orphan(world->rows[i]))
			continue;
		if (!any)
			world_put_columns(&out, view, needed);
		buf_puts(&out, any ? ",\n" : "\n");
		any = true;
		world_put_row(world, &out, view, row, needed);
	}
	if (any)
		pg_exec(world->database, "%s ON CONFLICT DO NOTHING", buf_text(&out));
	buf_clear(&out);
	world_note_absent(world, view);
	for (size_t i = 0; any && i < world->count; i++) {
		const struct world_row *row = world->rows[i];

		if (row->row.entity != def || !row->made || row->absent)
			continue;
		if (def->searched)
			world_put_search(world, &out, view, row);
		world_put_history(world, &out, view, row);
	}
	if (any)
		pg_exec(world->database, "%s", buf_text(&out));
	buf_fini(&out);
}

static void
world_store_figures(struct world *world, const struct entity_view *view)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < world->count; i++) {
		const struct world_row *row = world->rows[i];

		if (row->row.entity == view->def && row->made && !row->absent && !world_is_orphan(world->rows[i]))
			world_put_figures(world, &out, view, row);
	}
	if (out.bytes > 0)
		pg_exec(world->database, "%s", buf_text(&out));
	buf_fini(&out);
}

void
world_store_rows(struct world *world)
{
	/* When these customers leave is made up: the server must not work it out. */
	pg_exec(world->database, "CREATE OR REPLACE FUNCTION kehu_pool_read() RETURNS bigint "
				 "LANGUAGE sql AS 'SELECT 0::bigint'");
	for (int turn = 0; turn < 3; turn++) {
		for (uint32_t number = 1; number < 1000; number++) {
			const struct entity_view *view = catalog_entity(world->catalog, number);
			int at;

			if (view == NULL)
				continue;
			at = view->def->kind == ENTITY_SETUP  ? 0
			     : view->def->kind == ENTITY_LINE ? 2
							      : 1;
			if (at == turn)
				world_store_entity(world, view);
		}
	}
	/* Last: what the database works out as rows come is not what the world says. */
	for (uint32_t number = 1; number < 1000; number++) {
		const struct entity_view *view = catalog_entity(world->catalog, number);

		if (view != NULL && view->def->figures)
			world_store_figures(world, view);
	}
}

static void
world_put_rights(struct buf *out, const struct eval_facts *facts)
{
	for (size_t i = 0; i < facts->grant_count; i++) {
		const struct eval_grant *grant = &facts->grants[i];
		char scope[20] = "";

		for (size_t c = 0; grant->scope[c] != '\0'; c++)
			scope[c] = (char)tolower((unsigned char)grant->scope[c]);
		buf_printf(out,
		    "INSERT INTO role_grant (role_id, position, entity, scope, rights, states, "
		    "actions) SELECT id, 0, "
		    "'%s', '%s', %u, nullif('%s', ''), nullif('%s', '') FROM role WHERE name = "
		    "'%s';\n",
		    grant->entity, scope, grant->rights,
		    grant->states != NULL ? grant->states : "",
		    grant->actions != NULL ? grant->actions : "", grant->role);
	}
	for (size_t i = 0; i < facts->rule_count; i++) {
		static const char *const shows[] = { "clear", "readonly", "masked", "hidden" };
		const struct eval_field_rule *rule = &facts->rules[i];

		buf_printf(out,
		    "INSERT INTO role_field (role_id, position, entity, field, show, reveal) "
		    "SELECT id, 0, '%s', '%s', "
		    "'%s', false FROM role WHERE name = '%s';\n",
		    rule->entity, rule->field, shows[rule->show], rule->role);
	}
}

void
world_store_people(struct world *world)
{
	const struct eval_facts *facts = &world->facts;
	struct buf out = BUF_INIT;

	buf_puts(&out,
	    "INSERT INTO tick (name, next_at) VALUES ('anniversaries', '2100-01-01'), ('classes', '2100-01-01') "
	    "ON CONFLICT (name) DO UPDATE SET next_at = EXCLUDED.next_at; "
	    "INSERT INTO branch (id, name, name_key, parent_id, offset_min) VALUES (4, "
	    "'Below', 'below', 2, 480);\n"
	    "INSERT INTO department (id, name, name_key, branch_id) VALUES (15, 'Fifteen', "
	    "'15', 4), (16, 'Sixteen', '16', 2);\n"
	    "INSERT INTO pool (id, name, name_key, active) VALUES (31, 'Pool in', '31', true), "
	    "(32, 'Pool out', '32', true);\n"
	    "INSERT INTO pool_member (pool_id, member_department_id) VALUES (31, 11);\n");
	for (size_t i = 0; i < WORLD_ROLES; i++)
		buf_printf(&out,
		    "INSERT INTO role (name, name_key, label, label_key, second_factor) VALUES "
		    "('%s', '%s', '%s', '%s', false);\n",
		    world_roles[i], world_roles[i], world_roles[i], world_roles[i]);
	world_put_rights(&out, facts);
	for (size_t i = 0; i < facts->user_count; i++) {
		const struct eval_user *user = &facts->users[i];
		const char *name = i < world->reader_count
				       ? world_reader_name(world, i)
				       : arena_printf(world->arena, "u%" PRId64, user->id);

		buf_printf(&out,
		    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, "
		    "department_id, superior_id, disabled, "
		    "password_hash) SELECT %" PRId64 ", '%s', '%s', 'P%s', 'p%s', %" PRId64
		    ", %" PRId64 ", nullif(%" PRId64
		    ", 0), false, password_hash FROM users WHERE id = 101;\n",
		    user->id, name, name, name, name, user->branch, user->department,
		    user->superior);
		if (user->role[0] != '\0')
			buf_printf(&out,
			    "INSERT INTO user_role (user_id, role_id) SELECT %" PRId64
			    ", id FROM role WHERE name = '%s';\n",
			    user->id, user->role);
	}
	pg_exec(world->database, "%s", buf_text(&out));
	buf_fini(&out);
}

void
world_store_company(struct world *world)
{
	const struct entity *customer = world_entity(world, "customer");
	const struct world_row *place = world_find(world, customer, PLACE_COMPANY, 0);
	int64_t company = place != NULL ? place->row.id : 0;
	struct eval_user *users = (struct eval_user *)(uintptr_t)world->facts.users;

	for (size_t r = 0; r < world->reader_count; r++)
		users[r].company = company;
	pg_exec(world->database,
	    "UPDATE users SET company_id = %" PRId64 " WHERE id BETWEEN %d AND %zu", company,
	    READER, READER + world->reader_count - 1);
	for (size_t i = 0; i < world->count; i++) {
		struct world_row *row = world->rows[i];
		const struct field of = { .type = TYPE_REF, .ref = "customer" };
		const char *column = entity_company_column(row->row.entity);
		const struct world_row *target;

		if (column == NULL || row->parent != NULL)
			continue;
		target = row->row.entity == customer ? row : world_target(world, row, &of);
		row->row.company = target != NULL ? target->row.id : 0;
	}
}

void
world_store_shares(struct world *world)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < world->facts.share_count; i++) {
		const struct eval_share *share = &world->facts.shares[i];

		buf_printf(&out,
		    "INSERT INTO record_share (user_id, entity, record_id, rights) VALUES "
		    "(%" PRId64 ", %" PRIu32 ", %" PRId64 ", %d);\n",
		    share->user, share->entity->number, share->record, share->write ? 5 : 1);
	}
	buf_printf(&out, "SELECT setval('record_id', 9000000); UPDATE state SET access_epoch = "
			 "access_epoch + 1, "
			 "catalog_version = catalog_version + 1;\n");
	pg_exec(world->database, "%s", buf_text(&out));
	buf_fini(&out);
}
