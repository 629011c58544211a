/*
 * kehu-admin apply: what has to change so that the system equals the file, shown as a diff and
 * done as one Bulk, all or nothing. With --dry-run the server rehearses it and keeps nothing.
 * Here: what the file says, and the command. config_apply_record.c compares, config_apply_step.c sends.
 */
#include "client/admin/config_apply.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum err
apply_refuse(struct apply *apply, const config_setting_t *at, enum err err, const char *what,
    const char *hint)
{
	return cli_fail(apply->cli, err,
	    arena_printf(apply->cli->arena, "%s:%u: %s", apply->path,
		config_setting_source_line(at), what),
	    hint);
}

const char *
apply_near(struct apply *apply, const char *near)
{
	return near == NULL
		   ? NULL
		   : arena_printf(apply->cli->arena,
			 cli_say(apply->cli, "did you mean %s?", "是否想用 %s？"), near);
}

/* ---- the file ---------------------------------------------------------------------------- */

/* Any scalar as the text a person would type. */
const char *
apply_scalar(struct apply *apply, const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return arena_printf(
		    apply->cli->arena, "%" PRId64, (int64_t)config_setting_get_int64(setting));
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(setting) ? "true" : "false";
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(setting);
	default:
		return NULL;
	}
}

/* What the file calls a record, in the order of config_key_fields(). */
static void
apply_keys(struct apply *apply, const Kehu__Entity *entity, const config_setting_t *group,
    const char *keys[CONFIG_KEYS])
{
	const Kehu__Field *fields[CONFIG_KEYS];
	size_t count = config_key_fields(entity, fields), have = 0;

	for (size_t i = 0; i < count; i++) {
		const config_setting_t *member =
		    config_setting_get_member(group, fields[i]->name);
		const char *key = member != NULL ? apply_scalar(apply, member) : NULL;

		if (key != NULL && key[0] != '\0')
			keys[have++] = arena_strdup(apply->cli->arena, key);
	}
}

static enum err
apply_take_record(struct apply *apply, const Kehu__Entity *entity, struct config_kind *kind,
    const config_setting_t *group)
{
	const char *keys[CONFIG_KEYS] = { NULL };
	struct config_record *record;
	bool many;

	if (config_setting_is_group(group))
		apply_keys(apply, entity, group, keys);
	if (keys[0] == NULL)
		return apply_refuse(apply, group, ERR_REQUIRED, entity->name,
		    cli_say(
			apply->cli, "a record needs its name or code", "记录须有名称或代码"));
	record = config_find(kind, keys[0], &many);
	if (many || (record != NULL && record->named))
		return apply_refuse(apply, group, ERR_DUPLICATE,
		    arena_printf(apply->cli->arena, "%s %s", entity->name, keys[0]), NULL);
	if (record == NULL)
		record = config_add(&apply->config, kind, keys);
	record->named = true;
	if (apply->count == apply->room) {
		size_t room = apply->room == 0 ? 64 : apply->room * 2;
		struct wish *grown = ARENA_ARRAY(apply->cli->arena, struct wish, room);

		if (apply->count > 0)
			memcpy(grown, apply->wishes, apply->count * sizeof(*grown));
		apply->wishes = grown;
		apply->room = room;
	}
	apply->wishes[apply->count++] = (struct wish){ .entity = entity,
		.kind = kind,
		.at = (size_t)(record - kind->records),
		.group = group,
		.title = arena_printf(apply->cli->arena, "%s %s", entity->name, keys[0]) };
	return ERR_OK;
}

static enum err
apply_take_section(struct apply *apply, const config_setting_t *section)
{
	const char *name = config_setting_name(section);
	const Kehu__Entity *entity = cat_entity_called(apply->cli->cat, name);
	struct config_kind *kind;
	enum err err;

	if (entity == NULL || !config_has(entity))
		return apply_refuse(apply, section, ERR_NO_SUCH_ENTITY, name,
		    entity != NULL
			? NULL
			: apply_near(apply, cat_entity_nearest(apply->cli->cat, name)));
	if (!config_setting_is_list(section))
		return apply_refuse(apply, section, ERR_CONFIG, name, "( { … }, … )");
	err = config_load(&apply->config, entity, true, &kind);
	for (int i = 0; err == ERR_OK && i < config_setting_length(section); i++)
		err = apply_take_record(
		    apply, entity, kind, config_setting_get_elem(section, (unsigned)i));
	return err;
}

/* ---- the command ------------------------------------------------------------------------- */

static enum err
apply_tree(struct apply *apply, const config_setting_t *root)
{
	bool dry_run = apply->cli->options.given & OPT_BIT(DRY_RUN);
	enum err err = ERR_OK;

	for (int i = 0; err == ERR_OK && i < config_setting_length(root); i++)
		err = apply_take_section(apply, config_setting_get_elem(root, (unsigned)i));
	for (size_t i = 0; err == ERR_OK && i < apply->count; i++)
		if (apply->wishes[i].state == WISH_OPEN)
			err = apply_wish(apply, &apply->wishes[i]);
	for (size_t i = 0; err == ERR_OK && i < apply->later_count; i++)
		apply_save(apply, apply->later[i], NULL);
	if (err == ERR_OK && !apply->keep)
		apply_others(apply, root);
	if (err == ERR_OK && apply->step_count > 0)
		err = apply_send(apply, dry_run);
	if (err != ERR_OK)
		return err;
	cli_print(apply->cli, "created %zu, changed %zu, removed %zu, same %zu", apply->created,
	    apply->changed, apply->removed, apply->same);
	return cli_flush(apply->cli);
}

enum err
config_apply(struct cli *cli)
{
	struct apply apply = {
		.cli = cli, .path = cli->words[0], .keep = cli->options.given & OPT_BIT(KEEP)
	};
	config_t tree;
	enum err err;

	config_start(&apply.config, cli);
	config_init(&tree);
	if (config_read_file(&tree, apply.path) == CONFIG_TRUE)
		err = apply_tree(&apply, config_root_setting(&tree));
	else if (config_error_type(&tree) == CONFIG_ERR_FILE_IO)
		err = cli_fail(cli, ERR_FILE_SYSTEM, apply.path, strerror(errno));
	else
		err = cli_fail(cli, ERR_CONFIG,
		    arena_printf(cli->arena, "%s:%d: %s", apply.path, config_error_line(&tree),
			config_error_text(&tree)),
		    NULL);
	config_destroy(&tree);
	return err;
}
