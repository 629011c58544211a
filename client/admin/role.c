/*
 * kehu-admin role matrix ROLE: what a role may do as one table, a row for each kind of record and a
 * column for each right; in it the scope. Then how fields show that are not simply clear.
 */
#include "client/admin/role.h"

#include "client/link/bits.h"

#include <string.h>

enum { ROLE_RIGHTS = 9 };

/* One kind of record: for each right the scopes of its grants. */
struct role_row {
	const char *entity;
	const char *scopes[ROLE_RIGHTS];
	const char *note; /* states and actions it is narrowed to */
};

static const char *
role_value(const struct cli *cli, const Kehu__Entity *entity, const Kehu__Record *line,
    const char *name)
{
	const struct cat_style plain = { .plain = true };
	const Kehu__Field *field = cat_field_called(entity, name);
	const Kehu__Value *value = field != NULL ? cat_value(line, field->number) : NULL;

	return value != NULL ? cat_value_text(cli->arena, cli->cat, field, value, &plain) : "";
}

static int64_t
role_bits(const Kehu__Entity *entity, const Kehu__Record *line)
{
	const Kehu__Field *field = cat_field_called(entity, "rights");
	const Kehu__Value *value = field != NULL ? cat_value(line, field->number) : NULL;

	return value != NULL ? value->number : 0;
}

static void
role_add(struct cli *cli, struct role_row *row, const Kehu__Entity *entity,
    const Kehu__Record *line, bool people)
{
	const char *scope = role_value(cli, entity, line, "scope");
	const char *states = role_value(cli, entity, line, "states");
	const char *actions = role_value(cli, entity, line, "actions");
	const Kehu__DictionaryItem *item = cat_item(cat_dictionary(cli->cat, "scope"), scope);
	int64_t bits = role_bits(entity, line);

	if (people && item != NULL)
		scope = item->label;
	for (int i = 0; i < ROLE_RIGHTS; i++)
		if (bits & (INT64_C(1) << i))
			row->scopes[i] = row->scopes[i] == NULL
					     ? scope
					     : arena_printf(cli->arena, "%s+%s", row->scopes[i], scope);
	if (states[0] != '\0')
		row->note = arena_printf(
		    cli->arena, "%s[%s]", row->note != NULL ? row->note : "", states);
	if (actions[0] != '\0')
		row->note = arena_printf(
		    cli->arena, "%s{%s}", row->note != NULL ? row->note : "", actions);
}

/* The label of the kind for people, where they see it; its name else. */
static const char *
role_kind(struct cli *cli, const char *name, bool people)
{
	const Kehu__Entity *entity = people ? cat_entity_called(cli->cat, name) : NULL;

	return entity != NULL ? entity->label : name;
}

static size_t
role_rows(struct cli *cli, const Kehu__Record *role, const Kehu__Entity *grants, bool people,
    struct role_row *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < role->n_lines; i++) {
		const char *name;
		size_t at = 0;

		if (role->lines[i]->entity != grants->number)
			continue;
		name = role_kind(
		    cli, role_value(cli, grants, role->lines[i], "entity"), people);
		while (at < count && strcmp(rows[at].entity, name) != 0)
			at++;
		if (at == count)
			rows[count++] = (struct role_row){ .entity = name };
		role_add(cli, &rows[at], grants, role->lines[i], people);
	}
	return count;
}

static enum err
role_show_grants(struct cli *cli, const Kehu__Record *role, const Kehu__Entity *grants,
    enum sheet_format format)
{
	const bool people = format == SHEET_TABLE;
	struct sheet_column columns[ROLE_RIGHTS + 2] = { { "entity",
	    cli_say(cli, "Kind of record", "对象") } };
	struct role_row *rows = ARENA_ARRAY(cli->arena, struct role_row, role->n_lines + 1);
	size_t count = role_rows(cli, role, grants, people, rows);
	struct sheet *sheet;

	for (int i = 0; i < ROLE_RIGHTS; i++) {
		int64_t bit = INT64_C(1) << i;

		columns[1 + i].name =
		    bits_text(cli->arena, cli->cat, BITS_RIGHTS, "right", bit, true);
		columns[1 + i].label =
		    bits_text(cli->arena, cli->cat, BITS_RIGHTS, "right", bit, false);
	}
	columns[ROLE_RIGHTS + 1].name = "only";
	columns[ROLE_RIGHTS + 1].label = cli_say(cli, "Only", "仅限");
	sheet = sheet_new(stdout, format, columns, ROLE_RIGHTS + 2,
	    people || cli->options.given & OPT_BIT(HEADER));
	for (size_t r = 0; r < count; r++) {
		struct sheet_cell cells[ROLE_RIGHTS + 2] = { { .text = rows[r].entity } };

		for (int i = 0; i < ROLE_RIGHTS; i++)
			cells[1 + i].text = rows[r].scopes[i];
		cells[ROLE_RIGHTS + 1].text = rows[r].note;
		sheet_row(sheet, cells);
	}
	return cli_sheet_end(cli, sheet);
}

static enum err
role_show_fields(struct cli *cli, const Kehu__Record *role, const Kehu__Entity *fields)
{
	const struct sheet_column columns[] = { { "entity",
						    cli_say(cli, "Kind of record", "对象") },
		{ "field", cli_say(cli, "Field", "字段") },
		{ "show", cli_say(cli, "Shows", "显示") },
		{ "reveal", cli_say(cli, "May reveal", "可揭示") } };
	struct sheet *sheet = sheet_new(stdout, SHEET_TABLE, columns, 4, true);

	for (size_t i = 0; i < role->n_lines; i++) {
		const Kehu__Record *line = role->lines[i];
		const Kehu__DictionaryItem *item;
		const char *show;

		if (line->entity != fields->number)
			continue;
		show = role_value(cli, fields, line, "show");
		item = cat_item(cat_dictionary(cli->cat, "field_show"), show);
		sheet_row(sheet,
		    (struct sheet_cell[]){
			{ .text = role_kind(
			      cli, role_value(cli, fields, line, "entity"), true) },
			{ .text = role_value(cli, fields, line, "field") },
			{ .text = item != NULL ? item->label : show },
			{ .text = strcmp(role_value(cli, fields, line, "reveal"), "true") == 0
				      ? cli_say(cli, "yes", "是")
				      : "" } });
	}
	return cli_sheet_end(cli, sheet);
}

enum err
admin_role_show(struct cli *cli)
{
	const Kehu__Entity *roles = cat_entity_called(cli->cat, "role");
	const Kehu__Entity *grants, *fields;
	enum sheet_format format;
	Kehu__Record *role;
	int64_t id;

	if (roles == NULL)
		return cli_fail(cli, ERR_NO_SUCH_ENTITY, "role", NULL);
	grants = cat_line_called(cli->cat, roles, "role_grant");
	fields = cat_line_called(cli->cat, roles, "role_field");
	if (grants == NULL || fields == NULL)
		return cli_fail(cli, ERR_FORBIDDEN, NULL, NULL);
	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = cli_id(cli, roles, cli->words[0], &id);
	if (err == ERR_OK)
		err = cli_read(cli, roles, id, &role);
	if (err == ERR_OK)
		err = role_show_grants(cli, role, grants, format);
	if (err == ERR_OK && format == SHEET_TABLE)
		err = role_show_fields(cli, role, fields);
	return err;
}
