/* The set-up records of the server, by the keys that a file knows them by; and their export. */
#include "client/admin/config.h"

#include "common/text.h"

#include <inttypes.h>
#include <libconfig.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_PAGE 500

void
config_start(struct config *config, struct cli *cli)
{
	*config = (struct config){ .cli = cli, .count = cat_count(cli->cat) };
	config->kinds = ARENA_ARRAY(cli->arena, struct config_kind, config->count + 1);
	for (size_t i = 0; i < config->count; i++)
		config->kinds[i].entity = cat_at(cli->cat, i);
}

bool
config_has(const Kehu__Entity *entity)
{
	return entity->kind == CAT_SETUP && (entity->actions_allowed & (CAT_CREATE | CAT_EDIT)) != 0 &&
	       strcmp(entity->name, "region") != 0 &&
	       strcmp(entity->name, "certificate") != 0; /* signed, not set up */
}

bool
config_keeps(const Kehu__Field *field)
{
	return (field->flags & (CAT_READONLY | CAT_FIGURE)) == 0;
}

/* ---- keys -------------------------------------------------------------------------------- */

size_t
config_key_fields(const Kehu__Entity *entity, const Kehu__Field *fields[CONFIG_KEYS])
{
	const Kehu__Field *label = cat_field(entity, entity->label_field);
	size_t count = 0;

	for (size_t i = 0; i < entity->n_fields && count < CONFIG_KEYS - 1; i++)
		if ((entity->fields[i]->flags & CAT_UNIQUE) != 0)
			fields[count++] = entity->fields[i];
	if (label != NULL && (label->flags & CAT_UNIQUE) == 0)
		fields[count++] = label;
	return count;
}

static void
config_take_keys(
    struct config *config, const Kehu__Entity *entity, struct config_record *record)
{
	const struct cat_style style = { .plain = true };
	const Kehu__Field *fields[CONFIG_KEYS];
	size_t count = config_key_fields(entity, fields), have = 0;

	for (size_t i = 0; i < count; i++) {
		const Kehu__Value *value = cat_value(record->record, fields[i]->number);

		if (!cat_value_empty(value))
			record->keys[have++] = cat_value_text(
			    config->cli->arena, config->cli->cat, fields[i], value, &style);
	}
	if (have == 0)
		record->keys[0] = arena_printf(config->cli->arena, "#%" PRId64, record->id);
}

static bool
config_is_called(const struct config_record *record, const char *key, bool first)
{
	for (size_t i = first ? 0 : 1; i < (first ? 1 : CONFIG_KEYS); i++)
		if (record->keys[i] != NULL && strcmp(record->keys[i], key) == 0)
			return true;
	return false;
}

struct config_record *
config_find(struct config_kind *kind, const char *key, bool *many)
{
	struct config_record *found = NULL;

	*many = false;
	for (int first = 1; found == NULL && first >= 0; first--)
		for (size_t i = 0; i < kind->count; i++)
			if (config_is_called(&kind->records[i], key, first)) {
				*many = found != NULL;
				found = &kind->records[i];
			}
	return found;
}

static struct config_record *
config_put(struct config *config, struct config_kind *kind, struct config_record record)
{
	if (kind->count == kind->room) {
		size_t room = kind->room == 0 ? 64 : kind->room * 2;
		struct config_record *grown =
		    ARENA_ARRAY(config->cli->arena, struct config_record, room);

		if (kind->count > 0)
			memcpy(grown, kind->records, kind->count * sizeof(*grown));
		kind->records = grown;
		kind->room = room;
	}
	kind->records[kind->count] = record;
	return &kind->records[kind->count++];
}

struct config_record *
config_add(struct config *config, struct config_kind *kind, const char *const keys[CONFIG_KEYS])
{
	struct config_record record = { .id = -++config->made, .named = true };

	memcpy(record.keys, keys, sizeof(record.keys));
	return config_put(config, kind, record);
}

/* ---- reading ----------------------------------------------------------------------------- */

static Kehu__Record *
config_record_of_row(struct config *config, const Kehu__Entity *entity, const Kehu__Page *page,
    const Kehu__Row *row)
{
	struct arena *arena = config->cli->arena;
	Kehu__Record *record = ARENA_NEW(arena, Kehu__Record);

	kehu__record__init(record);
	record->entity = entity->number;
	record->id = row->id;
	record->version = row->version;
	record->values = ARENA_ARRAY(arena, Kehu__Value *, row->n_cells + 1);
	for (size_t i = 0; i < row->n_cells && i < page->n_columns; i++) {
		row->cells[i]->has_field = true;
		row->cells[i]->field = page->columns[i];
		record->values[record->n_values++] = row->cells[i];
	}
	return record;
}

static enum err
config_load_page(struct config *config, struct config_kind *kind, Kehu__List *list)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = list;
	enum err err = cli_ask(config->cli, config->cli->arena, &frame, kind->entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		return cli_fail(config->cli, ERR_BAD_FRAME, NULL, NULL);
	for (size_t i = 0; i < answer->page->n_rows; i++) {
		struct config_record record = { .record =
						    config_record_of_row(config, kind->entity,
							answer->page, answer->page->rows[i]) };

		record.id = record.record->id;
		config_take_keys(config, kind->entity, &record);
		config_put(config, kind, record);
	}
	list->has_cursor = answer->page->has_next && answer->page->next.len > 0;
	list->cursor = answer->page->next;
	return ERR_OK;
}

static enum err
config_load_rows(struct config *config, struct config_kind *kind)
{
	const Kehu__Entity *entity = kind->entity;
	Kehu__List list = KEHU__LIST__INIT;
	enum err err;

	list.has_entity = list.has_limit = true;
	list.entity = entity->number;
	list.limit = CONFIG_PAGE;
	list.columns = ARENA_ARRAY(config->cli->arena, uint32_t, entity->n_fields + 1);
	for (size_t i = 0; i < entity->n_fields; i++)
		if (entity->fields[i]->type != CAT_BLOCK)
			list.columns[list.n_columns++] = entity->fields[i]->number;
	do
		err = config_load_page(config, kind, &list);
	while (err == ERR_OK && list.has_cursor);
	return err;
}

static enum err
config_load_lines(struct config *config, struct config_kind *kind)
{
	for (size_t i = 0; i < kind->count; i++) {
		enum err err = cli_read(
		    config->cli, kind->entity, kind->records[i].id, &kind->records[i].record);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err
config_load(struct config *config, const Kehu__Entity *entity, bool with_lines,
    struct config_kind **result)
{
	struct config_kind *kind = config->kinds;
	enum err err = ERR_OK;

	while (kind->entity->number != entity->number)
		kind++;
	if (!kind->loaded)
		err = config_load_rows(config, kind);
	if (err == ERR_OK && with_lines && !kind->with_lines)
		err = config_load_lines(config, kind);
	kind->loaded = true;
	kind->with_lines = kind->with_lines || with_lines;
	*result = kind;
	return err;
}

/* ---- values ------------------------------------------------------------------------------ */

static enum err
config_reference_text(
    struct config *config, const Kehu__Entity *target, int64_t id, const char **text)
{
	struct config_kind *kind;
	enum err err = config_load(config, target, false, &kind);
	bool many;

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < kind->count; i++) {
		if (kind->records[i].id != id)
			continue;
		*text = kind->records[i].keys[0];
		config_find(kind, *text, &many);
		return !many
			   ? ERR_OK
			   : cli_fail(config->cli, ERR_DUPLICATE,
				 arena_printf(config->cli->arena, "%s %s", target->name, *text),
				 cli_say(config->cli, "give them codes that tell them apart",
				     "请为其设置不同的代码"));
	}
	*text = arena_printf(config->cli->arena, "#%" PRId64, id);
	return ERR_OK;
}

enum err
config_text(struct config *config, const Kehu__Field *field, const Kehu__Value *value,
    const char **text)
{
	const struct cat_style style = { .plain = true };
	const Kehu__Entity *target = cat_entity(config->cli->cat, field->references);

	*text = NULL;
	if (cat_value_empty(value) || (field->type == CAT_BOOL && value->number == 0))
		return ERR_OK;
	if (field->type == CAT_REF && target != NULL && target->kind == CAT_SETUP)
		return config_reference_text(config, target, value->number, text);
	*text = cat_value_text(config->cli->arena, config->cli->cat, field, value, &style);
	return ERR_OK;
}

/* ---- export ------------------------------------------------------------------------------ */

static void
config_put_value(config_setting_t *group, const Kehu__Field *field, const char *text)
{
	long long number = strtoll(text, NULL, 10);

	if (field->bits != NULL && field->bits[0] != '\0')
		config_setting_set_string(
		    config_setting_add(group, field->name, CONFIG_TYPE_STRING), text);
	else if (field->type == CAT_INT && number >= INT_MIN && number <= INT_MAX)
		config_setting_set_int(
		    config_setting_add(group, field->name, CONFIG_TYPE_INT), (int)number);
	else if (field->type == CAT_INT)
		config_setting_set_int64(
		    config_setting_add(group, field->name, CONFIG_TYPE_INT64), number);
	else if (field->type == CAT_BOOL)
		config_setting_set_bool(
		    config_setting_add(group, field->name, CONFIG_TYPE_BOOL), true);
	else
		config_setting_set_string(
		    config_setting_add(group, field->name, CONFIG_TYPE_STRING), text);
}

static enum err
config_put_record(struct config *config, config_setting_t *list, const Kehu__Record *record)
{
	const Kehu__Entity *entity = cat_entity(config->cli->cat, record->entity), *lines[64];
	config_setting_t *group = config_setting_add(list, NULL, CONFIG_TYPE_GROUP);
	size_t count = cat_lines(config->cli->cat, entity, lines, 64);
	enum err err = ERR_OK;
	const char *text;

	for (size_t i = 0; err == ERR_OK && i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];

		if (!config_keeps(field))
			continue;
		err = config_text(config, field, cat_value(record, field->number), &text);
		if (err == ERR_OK && text != NULL)
			config_put_value(group, field, text);
	}
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		config_setting_t *of = NULL;

		for (size_t j = 0; err == ERR_OK && j < record->n_lines; j++) {
			if (record->lines[j]->entity != lines[i]->number)
				continue;
			if (of == NULL)
				of =
				    config_setting_add(group, lines[i]->name, CONFIG_TYPE_LIST);
			err = config_put_record(config, of, record->lines[j]);
		}
	}
	return err;
}

static enum err
config_put_kind(struct config *config, config_setting_t *root, const Kehu__Entity *entity)
{
	config_setting_t *list = config_setting_add(root, entity->name, CONFIG_TYPE_LIST);
	struct config_kind *kind;
	enum err err = config_load(config, entity, true, &kind);

	for (size_t i = 0; err == ERR_OK && i < kind->count; i++)
		err = config_put_record(config, list, kind->records[i].record);
	return err;
}

enum err
config_export(struct cli *cli)
{
	const char *path = cli->options.values[OPT_OUTPUT];
	struct cli_file file;
	struct config config;
	config_t tree;
	enum err err = ERR_OK;

	config_start(&config, cli);
	config_init(&tree);
	config_set_tab_width(&tree, 2);
	for (size_t i = 0; err == ERR_OK && i < config.count; i++)
		if (config_has(config.kinds[i].entity))
			err = config_put_kind(
			    &config, config_root_setting(&tree), config.kinds[i].entity);
	if (err == ERR_OK)
		err = cli_file_open(cli, &file, path == NULL ? "-" : path);
	if (err == ERR_OK) {
		fprintf(file.stream, "# %s\n",
		    cli_say(cli, "kehu-admin apply makes the system equal to this file",
			"kehu-admin apply 使系统与本文件一致"));
		config_write(&tree, file.stream);
		err = cli_file_close(cli, &file, ferror(file.stream) == 0);
	}
	config_destroy(&tree);
	return err;
}
