/*
 * kehu-admin apply: what has to change so that the system equals the file, shown as a diff and
 * done as one Bulk, all or nothing. With --dry-run the server rehearses it and keeps nothing.
 *
 * Users and custom fields are never deleted: those a file with some does not name are disabled, or retired.
 */
#include "client/admin/config.h"

#include "client/link/bits.h"
#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <string.h>

/* A record of the file with what is there, and how far its step is made. */
struct wish {
	const Kehu__Entity *entity;
	struct config_kind *kind;
	size_t at; /* its record: kind->records[at] */
	const config_setting_t *group;
	const char *title; /* "branch SH", for people */
	enum { WISH_OPEN, WISH_BEING_MADE, WISH_DONE } state;
};

struct apply {
	struct config config;
	struct cli *cli;
	const char *path;
	bool keep; /* leave alone what the file does not name */
	struct wish *wishes;
	size_t count, room;
	Kehu__Record **later; /* references in a ring of new records, set when all are made */
	size_t later_count;
	Kehu__ClientFrame **steps;
	const struct wish **of; /* whose step it is; NULL: nobody's in the file */
	size_t step_count, step_room;
	size_t created, changed, removed, same;
};

static enum err
apply_refuse(struct apply *apply, const config_setting_t *at, enum err err, const char *what,
    const char *hint)
{
	return cli_fail(apply->cli, err,
	    arena_printf(apply->cli->arena, "%s:%u: %s", apply->path,
		config_setting_source_line(at), what),
	    hint);
}

static const char *
apply_near(struct apply *apply, const char *near)
{
	return near == NULL
		   ? NULL
		   : arena_printf(apply->cli->arena,
			 cli_say(apply->cli, "did you mean %s?", "是否想用 %s？"), near);
}

/* ---- the file ---------------------------------------------------------------------------- */

/* Any scalar as the text a person would type. */
static const char *
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

/* ---- steps ------------------------------------------------------------------------------- */

static void
apply_add_step(struct apply *apply, Kehu__ClientFrame *step, const struct wish *wish)
{
	if (apply->step_count == apply->step_room) {
		size_t room = apply->step_room == 0 ? 64 : apply->step_room * 2;
		Kehu__ClientFrame **steps =
		    ARENA_ARRAY(apply->cli->arena, Kehu__ClientFrame *, room);
		const struct wish **of =
		    ARENA_ARRAY(apply->cli->arena, const struct wish *, room);

		for (size_t i = 0; i < apply->step_count; i++) {
			steps[i] = apply->steps[i];
			of[i] = apply->of[i];
		}
		apply->steps = steps;
		apply->of = of;
		apply->step_room = room;
	}
	apply->steps[apply->step_count] = step;
	apply->of[apply->step_count++] = wish;
}

static Kehu__Record *
apply_record_new(struct apply *apply, uint32_t entity, int64_t id, uint32_t version)
{
	Kehu__Record *record = ARENA_NEW(apply->cli->arena, Kehu__Record);

	kehu__record__init(record);
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = entity;
	record->id = id;
	record->version = version;
	return record;
}

static void
apply_save(struct apply *apply, Kehu__Record *record, const struct wish *wish)
{
	Kehu__ClientFrame *step = ARENA_NEW(apply->cli->arena, Kehu__ClientFrame);

	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	step->save = ARENA_NEW(apply->cli->arena, Kehu__Save);
	kehu__save__init(step->save);
	step->save->record = record;
	apply_add_step(apply, step, wish);
}

static void
apply_put_value(struct apply *apply, Kehu__Record *record, Kehu__Value *value)
{
	Kehu__Value **values =
	    ARENA_ARRAY(apply->cli->arena, Kehu__Value *, record->n_values + 1);

	if (record->n_values > 0)
		memcpy(values, record->values, record->n_values * sizeof(*values));
	values[record->n_values++] = value;
	record->values = values;
}

/* A change of a record that an earlier step makes: its temporary id under the version it will
 * have. */
static void
apply_put_later(struct apply *apply, const Kehu__Record *made, Kehu__Value *value)
{
	Kehu__Record *record = apply_record_new(apply, made->entity, made->id, 1);
	Kehu__Record **later =
	    ARENA_ARRAY(apply->cli->arena, Kehu__Record *, apply->later_count + 1);

	if (apply->later_count > 0)
		memcpy(later, apply->later, apply->later_count * sizeof(*later));
	apply_put_value(apply, record, value);
	later[apply->later_count++] = record;
	apply->later = later;
}

static void
apply_put_line(struct apply *apply, Kehu__Record *record, Kehu__Record *line)
{
	Kehu__Record **lines =
	    ARENA_ARRAY(apply->cli->arena, Kehu__Record *, record->n_lines + 1);

	if (record->n_lines > 0)
		memcpy(lines, record->lines, record->n_lines * sizeof(*lines));
	lines[record->n_lines++] = line;
	record->lines = lines;
}

static void
apply_show(struct apply *apply, const char *sign, const char *what, const char *field,
    const char *old, const char *new)
{
	if (field == NULL)
		cli_print(apply->cli, "%s %s", sign, what);
	else
		cli_print(apply->cli, "%s %s: %s %s -> %s", sign, what, field,
		    old != NULL ? old : "()", new != NULL ? new : "()");
}

/* ---- values ------------------------------------------------------------------------------ */

static enum err apply_wish(struct apply *apply, struct wish *wish);

/* A record that the file makes has to be made before it is referred to; *ring: it waits for us.
 */
static enum err
apply_reference(struct apply *apply, const config_setting_t *at, const Kehu__Field *field,
    const char *key, Kehu__Value *value, bool *ring)
{
	const Kehu__Entity *target = cat_entity(apply->cli->cat, field->references);
	struct config_kind *kind;
	struct config_record *record;
	enum err err = config_load(&apply->config, target, false, &kind);
	bool many;

	if (err != ERR_OK)
		return err;
	record = config_find(kind, key, &many);
	if (record == NULL || many)
		return apply_refuse(apply, at, many ? ERR_NARROW : ERR_NO_SUCH_RECORD,
		    arena_printf(apply->cli->arena, "%s = \"%s\"", field->name, key), NULL);
	value->has_number = true;
	value->number = record->id;
	for (size_t i = 0; value->number < 0 && i < apply->count; i++) {
		struct wish *wish = &apply->wishes[i];

		if (wish->kind != kind || kind->records[wish->at].id != value->number)
			continue;
		*ring = wish->state == WISH_BEING_MADE;
		return wish->state == WISH_OPEN ? apply_wish(apply, wish) : ERR_OK;
	}
	return ERR_OK;
}

static enum err
apply_value(struct apply *apply, const config_setting_t *at, const Kehu__Field *field,
    const char *text, Kehu__Value **value, bool *ring)
{
	const Kehu__Entity *target = cat_entity(apply->cli->cat, field->references);
	struct cat_now now = { .now_us = link_now_us(apply->cli->link),
		.today = link_today(apply->cli->link),
		.offset_min = apply->cli->offset_min };
	enum err err;

	*value = ARENA_NEW(apply->cli->arena, Kehu__Value);
	kehu__value__init(*value);
	(*value)->has_field = true;
	(*value)->field = field->number;
	if (text == NULL)
		return ERR_OK;
	if (field->type == CAT_REF && target != NULL && target->kind == CAT_SETUP &&
	    text[0] != '#')
		return apply_reference(apply, at, field, text, *value, ring);
	err = cat_value_parse(apply->cli->arena, apply->cli->cat, field, text, &now, *value);
	return err == ERR_OK
		   ? err
		   : apply_refuse(apply, at, err,
			 arena_printf(apply->cli->arena, "%s = \"%s\"", field->name, text),
			 NULL);
}

static bool
apply_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/*
 * What the file says of a field, in the words of config_text(): a record by its first key,
 * "false" as nothing. NULL: nothing.
 */
static enum err
apply_said(struct apply *apply, const Kehu__Field *field, const config_setting_t *group,
    const char **text)
{
	const config_setting_t *member = config_setting_get_member(group, field->name);
	const Kehu__Entity *target = cat_entity(apply->cli->cat, field->references);
	const struct config_record *record;
	struct config_kind *kind;
	bool many;
	enum err err;

	*text = member != NULL ? apply_scalar(apply, member) : NULL;
	if (*text != NULL && field->type == CAT_BOOL && strcmp(*text, "false") == 0)
		*text = NULL;
	/* Words in any order, or a number: as export writes them. */
	if (*text != NULL && field->bits != NULL && field->bits[0] != '\0') {
		int64_t bits;

		if (bits_parse(apply->cli->arena, apply->cli->cat, field->bits,
			field->dictionary, *text, &bits) == ERR_OK)
			*text = bits_text(apply->cli->arena, apply->cli->cat, field->bits,
			    field->dictionary, bits, true);
		return ERR_OK;
	}
	if (*text == NULL || field->type != CAT_REF || target == NULL ||
	    target->kind != CAT_SETUP)
		return ERR_OK;
	err = config_load(&apply->config, target, false, &kind);
	if (err != ERR_OK)
		return err;
	record = config_find(kind, *text, &many);
	if (record != NULL && !many)
		*text = record->keys[0];
	return ERR_OK;
}

/*
 * The fields of a group beside those of the stored record (NULL: new) into made; *differs when
 * any is another. A field the file leaves out is empty there, unless all else is kept.
 */
static enum err
apply_fields(struct apply *apply, const Kehu__Entity *entity, const config_setting_t *group,
    const Kehu__Record *stored, const char *title, Kehu__Record *made)
{
	for (size_t i = 0; i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		const config_setting_t *member = config_setting_get_member(group, field->name);
		const char *text, *old = NULL;
		Kehu__Value *value;
		bool ring = false;
		enum err err;

		if (!config_keeps(field) || (member == NULL && (stored == NULL || apply->keep)))
			continue;
		err = apply_said(apply, field, group, &text);
		if (err != ERR_OK)
			return err;
		if (stored != NULL) {
			err = config_text(
			    &apply->config, field, cat_value(stored, field->number), &old);
			if (err != ERR_OK)
				return err;
			if (apply_same(old, text))
				continue;
		}
		err = apply_value(apply, member != NULL ? member : group, field,
		    text == NULL && field->type == CAT_BOOL ? "false" : text, &value, &ring);
		if (err != ERR_OK)
			return err;
		if (ring)
			apply_put_later(apply, made, value);
		else
			apply_put_value(apply, made, value);
		if (stored != NULL && title != NULL)
			apply_show(apply, "~", title, field->name, old, text);
	}
	return ERR_OK;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* How alike a stored line and one of the file are: 2 equal, 1 of the same name, 0 not. */
static enum err
apply_compare_line(struct apply *apply, const Kehu__Entity *entity,
    const config_setting_t *group, const Kehu__Record *line, int *alike)
{
	bool first = true;

	*alike = 2;
	for (size_t i = 0; i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		const char *text, *old = NULL;
		enum err err;

		if (!config_keeps(field))
			continue;
		err = apply_said(apply, field, group, &text);
		if (err == ERR_OK)
			err = config_text(
			    &apply->config, field, cat_value(line, field->number), &old);
		if (err != ERR_OK)
			return err;
		if (!apply_same(old, text)) {
			*alike = first ? 0 : 1;
			if (first)
				return ERR_OK;
		}
		first = false;
	}
	return ERR_OK;
}

struct apply_lines {
	const Kehu__Entity *entity;
	const config_setting_t *list;
	const Kehu__Record *stored;
	bool *taken; /* stored lines that the file has */
	const char *title;
	Kehu__Record *made;
};

static enum err
apply_match_line(struct apply *apply, struct apply_lines *lines, const config_setting_t *group,
    int wanted, const Kehu__Record **found)
{
	for (size_t i = 0; lines->stored != NULL && i < lines->stored->n_lines; i++) {
		int alike;
		enum err err;

		if (lines->taken[i] || lines->stored->lines[i]->entity != lines->entity->number)
			continue;
		err = apply_compare_line(
		    apply, lines->entity, group, lines->stored->lines[i], &alike);
		if (err != ERR_OK)
			return err;
		if (alike >= wanted) {
			lines->taken[i] = true;
			*found = lines->stored->lines[i];
			return ERR_OK;
		}
	}
	return ERR_OK;
}

static enum err
apply_line(struct apply *apply, struct apply_lines *lines, const config_setting_t *group,
    const Kehu__Record *found)
{
	const char *title =
	    arena_printf(apply->cli->arena, "%s: %s", lines->title, lines->entity->name);
	Kehu__Record *line = apply_record_new(apply, lines->entity->number,
	    found != NULL ? found->id : -1 - (int64_t)lines->made->n_lines, 0);
	enum err err = apply_fields(apply, lines->entity, group, found, title, line);

	if (err != ERR_OK || (found != NULL && line->n_values == 0))
		return err;
	if (found == NULL && lines->stored != NULL)
		apply_show(apply, "+",
		    arena_printf(apply->cli->arena, "%s %s", title,
			config_setting_length(group) > 0
			    ? apply_scalar(apply, config_setting_get_elem(group, 0))
			    : ""),
		    NULL, NULL, NULL);
	apply_put_line(apply, lines->made, line);
	return ERR_OK;
}

static enum err
apply_lines_of(struct apply *apply, struct apply_lines *lines)
{
	int count = lines->list != NULL ? config_setting_length(lines->list) : 0;
	const Kehu__Record **found =
	    ARENA_ARRAY(apply->cli->arena, const Kehu__Record *, (size_t)count + 1);
	enum err err = ERR_OK;

	/* Equal lines first, so that one more of a name is not taken for a change of all. */
	for (int wanted = 2; err == ERR_OK && wanted > 0; wanted--)
		for (int i = 0; err == ERR_OK && i < count; i++)
			if (found[i] == NULL)
				err = apply_match_line(apply, lines,
				    config_setting_get_elem(lines->list, (unsigned)i), wanted,
				    &found[i]);
	for (int i = 0; err == ERR_OK && i < count; i++)
		err = apply_line(
		    apply, lines, config_setting_get_elem(lines->list, (unsigned)i), found[i]);
	for (size_t i = 0; err == ERR_OK && !apply->keep && lines->stored != NULL &&
			   i < lines->stored->n_lines;
	     i++) {
		const Kehu__Record *old = lines->stored->lines[i];
		Kehu__Record *line;
		const char *text = NULL;

		if (lines->taken[i] || old->entity != lines->entity->number)
			continue;
		line = apply_record_new(apply, old->entity, old->id, 0);
		line->has_remove = line->remove = true;
		apply_put_line(apply, lines->made, line);
		if (lines->entity->n_fields > 0)
			err = config_text(&apply->config, lines->entity->fields[0],
			    cat_value(old, lines->entity->fields[0]->number), &text);
		apply_show(apply, "-",
		    arena_printf(apply->cli->arena, "%s: %s %s", lines->title,
			lines->entity->name, text != NULL ? text : ""),
		    NULL, NULL, NULL);
	}
	return err;
}

/* A file knows fields by their names alone, not by the labels that people may also type. */
static const char *
apply_near_field(struct apply *apply, const Kehu__Entity *entity, const char *name)
{
	const char *near = name != NULL ? cat_field_nearest(entity, name) : NULL;

	return near == NULL ? NULL : apply_near(apply, cat_field_called(entity, near)->name);
}

/* ---- one record -------------------------------------------------------------------------- */

static enum err
apply_check_names(
    struct apply *apply, const Kehu__Entity *entity, const config_setting_t *group, bool line)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(member);
		const Kehu__Entity *kind =
		    line ? NULL
			 : cat_line_called(apply->cli->cat, entity, name != NULL ? name : "");
		const Kehu__Field *field = NULL;
		enum err err = ERR_OK;

		for (size_t f = 0; name != NULL && f < entity->n_fields; f++)
			if (strcmp(entity->fields[f]->name, name) == 0)
				field = entity->fields[f];
		if (kind != NULL && config_setting_is_list(member)) {
			for (int j = 0; err == ERR_OK && j < config_setting_length(member); j++)
				err = apply_check_names(apply, kind,
				    config_setting_get_elem(member, (unsigned)j), true);
			if (err != ERR_OK)
				return err;
		} else if (field == NULL)
			return apply_refuse(apply, member, ERR_NO_SUCH_FIELD,
			    name != NULL ? name : entity->name,
			    apply_near_field(apply, entity, name));
		else if (apply_scalar(apply, member) == NULL)
			return apply_refuse(apply, member, ERR_INVALID, name, NULL);
		else if (!config_keeps(field))
			return apply_refuse(apply, member, ERR_READ_ONLY, name, NULL);
	}
	return ERR_OK;
}

static enum err
apply_lines_all(
    struct apply *apply, struct wish *wish, const Kehu__Record *stored, Kehu__Record *made)
{
	const Kehu__Entity *kinds[64];
	size_t count = cat_lines(apply->cli->cat, wish->entity, kinds, 64);
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		struct apply_lines lines = { .entity = kinds[i],
			.list = config_setting_get_member(wish->group, kinds[i]->name),
			.stored = stored,
			.title = wish->title,
			.made = made };

		lines.taken = ARENA_ARRAY(
		    apply->cli->arena, bool, stored != NULL ? stored->n_lines + 1 : 1);
		err = apply_lines_of(apply, &lines);
	}
	return err;
}

static enum err
apply_wish(struct apply *apply, struct wish *wish)
{
	struct config_record record = wish->kind->records[wish->at];
	const Kehu__Record *stored = record.record;
	Kehu__Record *made;
	enum err err;

	wish->state = WISH_BEING_MADE;
	err = apply_check_names(apply, wish->entity, wish->group, false);
	if (err != ERR_OK)
		return err;
	made = apply_record_new(
	    apply, wish->entity->number, record.id, stored != NULL ? stored->version : 0);
	err = apply_fields(apply, wish->entity, wish->group, stored, wish->title, made);
	if (err == ERR_OK)
		err = apply_lines_all(apply, wish, stored, made);
	if (err != ERR_OK)
		return err;
	wish->state = WISH_DONE;
	if (stored != NULL && made->n_values == 0 && made->n_lines == 0) {
		apply->same++;
		return ERR_OK;
	}
	if (stored == NULL) {
		apply->created++;
		apply_show(apply, "+", wish->title, NULL, NULL, NULL);
	} else
		apply->changed++;
	apply_save(apply, made, wish);
	return ERR_OK;
}

/* ---- what the file does not name --------------------------------------------------------- */

/* Users are disabled and custom fields retired, since what hangs on them stays; NULL: it is deleted. */
static const char *
apply_instead(const Kehu__Entity *entity)
{
	return strcmp(entity->name, "user") == 0	   ? "disabled" :
	    strcmp(entity->name, "custom_field") == 0 ? "retired" :
							NULL;
}

static void
apply_disable(struct apply *apply, const Kehu__Entity *entity, const Kehu__Record *stored,
    const char *title)
{
	const Kehu__Field *disabled = cat_field_called(entity, apply_instead(entity));
	const Kehu__Value *now = disabled != NULL ? cat_value(stored, disabled->number) : NULL;
	Kehu__Record *made =
	    apply_record_new(apply, entity->number, stored->id, stored->version);
	Kehu__Value *value;

	if (disabled == NULL || (now != NULL && now->number != 0))
		return;
	value = ARENA_NEW(apply->cli->arena, Kehu__Value);
	kehu__value__init(value);
	value->has_field = value->has_number = true;
	value->field = disabled->number;
	value->number = 1;
	apply_put_value(apply, made, value);
	apply_show(apply, "~", title, disabled->name, NULL, "true");
	apply_save(apply, made, NULL);
	apply->changed++;
}

static void
apply_remove(struct apply *apply, const Kehu__Entity *entity, const Kehu__Record *stored,
    const char *title)
{
	Kehu__ClientFrame *step = ARENA_NEW(apply->cli->arena, Kehu__ClientFrame);

	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	step->delete_ = ARENA_NEW(apply->cli->arena, Kehu__Delete);
	kehu__delete__init(step->delete_);
	step->delete_->has_entity = step->delete_->has_id = step->delete_->has_version = true;
	step->delete_->entity = entity->number;
	step->delete_->id = stored->id;
	step->delete_->version = stored->version;
	apply_show(apply, "-", title, NULL, NULL, NULL);
	apply_add_step(apply, step, NULL);
	apply->removed++;
}

static void
apply_others(struct apply *apply, const config_setting_t *root)
{
	/* Backwards: what refers to others goes before them. */
	for (size_t i = apply->config.count; i-- > 0;) {
		struct config_kind *kind = &apply->config.kinds[i];

		/* What is not made here is not unmade either: settings, numberings. */
		if (config_setting_get_member(root, kind->entity->name) == NULL ||
		    !(kind->entity->actions_allowed & CAT_CREATE))
			continue;
		for (size_t r = 0; r < kind->count; r++) {
			const struct config_record *record = &kind->records[r];
			const char *title = arena_printf(
			    apply->cli->arena, "%s %s", kind->entity->name, record->keys[0]);

			if (record->named)
				continue;
			if (apply_instead(kind->entity) != NULL)
				apply_disable(apply, kind->entity, record->record, title);
			else
				apply_remove(apply, kind->entity, record->record, title);
		}
	}
}

/* ---- the command ------------------------------------------------------------------------- */

static enum err
apply_send(struct apply *apply, bool dry_run)
{
	struct cli *cli = apply->cli;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Bulk bulk = KEHU__BULK__INIT;
	Kehu__ServerFrame *answer;
	enum err err;

	bulk.steps = apply->steps;
	bulk.n_steps = apply->step_count;
	bulk.has_dry_run = true;
	bulk.dry_run = dry_run;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame.bulk = &bulk;
	err = link_call(cli->link, cli->arena, &frame, &answer, cli->timeout_ms);
	if (err == ERR_OK)
		return answer->answer_case == KEHU__SERVER_FRAME__ANSWER_BULK
			   ? ERR_OK
			   : cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	if (answer != NULL && answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR &&
	    answer->error->step > 0 && answer->error->step <= apply->step_count) {
		const struct wish *wish = apply->of[answer->error->step - 1];

		if (wish != NULL)
			fprintf(stderr, "%s:%u: %s\n", apply->path,
			    config_setting_source_line(wish->group), wish->title);
	}
	return cli_fail_answer(cli, err, answer, NULL);
}

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
