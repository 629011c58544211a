/*
 * What has to change of one record and its lines so that they equal the file: kehu-admin apply compares
 * values as texts, as the file has them.
 */
#include "client/admin/config_apply.h"

#include "client/link/bits.h"
#include <inttypes.h>
#include <string.h>

/* ---- values ------------------------------------------------------------------------------ */

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

enum err
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
