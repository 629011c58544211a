/*
 * The map of kehu import: which column fills which field.
 *     field = "Column"; level = "=A"; customer_phone = { number = "Phone"; };
 */
#include "client/cli/import.h"

#include <errno.h>
#include <libconfig.h>
#include <string.h>

static enum err
import_map_error(struct import *import, const config_setting_t *setting, const char *what)
{
	struct cli *cli = import->cli;

	return cli_fail(cli, ERR_NO_SUCH_FIELD,
	    arena_printf(cli->arena, "%s:%d: %s", cli->options.values[OPT_MAP],
		config_setting_source_line(setting), config_setting_name(setting)),
	    what);
}

static enum err
import_map_one(struct import *import, const config_setting_t *setting,
    const Kehu__Entity *entity, const Kehu__Entity *line)
{
	struct cli *cli = import->cli;
	const char *text = config_setting_get_string(setting),
		   *name = config_setting_name(setting);
	const Kehu__Field *field = cat_field_called(line != NULL ? line : entity, name);
	Kehu__Mapping *mapping = ARENA_NEW(cli->arena, Kehu__Mapping);
	const char *near;

	if (field == NULL) {
		near = cat_field_nearest(line != NULL ? line : entity, name);
		return import_map_error(import, setting,
		    near == NULL
			? NULL
			: arena_printf(cli->arena,
			      cli_say(cli, "did you mean %s?", "是否想用 %s？"), near));
	}
	if (text == NULL)
		return import_map_error(import, setting,
		    cli_say(cli, "the column's name must be a text in quotes",
			"列名应为引号中的文字"));
	if (import->map_count == IMPORT_COLUMNS)
		return cli_fail(cli, ERR_TOO_MANY, cli->options.values[OPT_MAP], NULL);
	kehu__mapping__init(mapping);
	mapping->field = line == NULL
			     ? arena_strdup(cli->arena, field->name)
			     : arena_printf(cli->arena, "%s.%s", line->name, field->name);
	if (text[0] == '=')
		mapping->value = arena_strdup(cli->arena, text + 1);
	else
		mapping->column = arena_strdup(cli->arena, text);
	import->map[import->map_count++] = mapping;
	return ERR_OK;
}

static enum err
import_map_group(struct import *import, const config_setting_t *group,
    const Kehu__Entity *entity, const Kehu__Entity *line)
{
	enum err err = ERR_OK;

	for (int i = 0; err == ERR_OK && i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);

		if (config_setting_type(setting) != CONFIG_TYPE_GROUP || line != NULL) {
			err = import_map_one(import, setting, entity, line);
			continue;
		}
		const Kehu__Entity *kind =
		    cat_line_called(import->cli->cat, entity, config_setting_name(setting));
		if (kind == NULL)
			err = import_map_error(import, setting, NULL);
		else
			err = import_map_group(import, setting, entity, kind);
	}
	return err;
}

enum err
import_read_map(struct import *import)
{
	struct cli *cli = import->cli;
	const char *path = cli->options.values[OPT_MAP];
	config_t config;
	enum err err;

	if (path == NULL)
		return ERR_OK;
	import->map = ARENA_ARRAY(cli->arena, Kehu__Mapping *, IMPORT_COLUMNS);
	config_init(&config);
	if (config_read_file(&config, path) == CONFIG_TRUE)
		err = import_map_group(
		    import, config_root_setting(&config), import->entity, NULL);
	else if (config_error_type(&config) == CONFIG_ERR_FILE_IO)
		err = cli_fail(cli, ERR_FILE_SYSTEM, path, strerror(errno));
	else
		err = cli_fail(cli, ERR_CONFIG,
		    arena_printf(cli->arena, "%s:%d: %s", path, config_error_line(&config),
			config_error_text(&config)),
		    "short_name = \"Column\";");
	config_destroy(&config);
	return err;
}
