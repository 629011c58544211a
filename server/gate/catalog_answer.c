/*
 * The Catalog request: entities, fields, actions, tabs, dictionaries and reports as this user
 * may see them, in the user's language. Its hash lets a client keep it.
 */
#include "server/gate/gate.h"
#include "server/audit/audit.h"
#include "server/entity/fields.h"

#include "common/pinyin.h"
#include "server/entity/dictionary.h"
#include "server/record/rule.h"
#include "server/report/report_file.h"

#include <string.h>

/* Wire flags of a field; the low byte of ours goes as it is but for its highest bit. */
enum { WIRE_MANY = 128, WIRE_FIGURE = 256, WIRE_REVEAL = 512, WIRE_UNIQUE = 1024, WIRE_SPARSE = 2048 };

static char *
catalog_copy(struct arena *arena, const char *text)
{
	return text != NULL && text[0] != '\0' ? arena_strdup(arena, text) : NULL;
}

static uint32_t
catalog_field_flags(const struct field *field)
{
	uint32_t flags = field->flags & 0x7f;

	if (field->type == TYPE_REFS)
		flags |= WIRE_MANY;
	if (field->flags & FIELD_FIGURE)
		flags |= WIRE_FIGURE;
	if (field->flags & FIELD_REVEAL)
		flags |= WIRE_REVEAL;
	if (field->flags & FIELD_UNIQUE)
		flags |= WIRE_UNIQUE;
	if (field->flags & FIELD_SPARSE)
		flags |= WIRE_SPARSE;
	return flags;
}

static size_t
catalog_words(struct arena *arena, const char *text, char ***words)
{
	size_t count = 0;
	char *copy = arena_strdup(arena, text != NULL ? text : ""), *save = NULL;

	*words = ARENA_ARRAY(arena, char *, strlen(copy) + 1);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		(*words)[count++] = word;
	return count;
}

static Kehu__Field *
catalog_field_to_wire(struct call *call, const struct field *field)
{
	struct arena *arena = call->arena;
	Kehu__Field *wire = ARENA_NEW(arena, Kehu__Field);
	const struct entity_view *target = catalog_entity_named(call->catalog, field->ref);

	kehu__field__init(wire);
	wire->has_number = wire->has_type = wire->has_flags = true;
	wire->number = field->number;
	wire->type = field->type;
	wire->flags = catalog_field_flags(field);
	wire->name = catalog_copy(arena, field_word(field));
	wire->label = catalog_copy(arena, call_say(call, field->en, field->zh));
	wire->has_max_chars = field->type == TYPE_TEXT || field->type == TYPE_BLOCK ||
	    field->type == TYPE_PHONE || field->type == TYPE_MAIL || field->type == TYPE_LINK;
	wire->max_chars = field->max_chars != 0 ? field->max_chars :
	    field->type == TYPE_BLOCK		? 4000 :
						  200;
	wire->dictionary = catalog_copy(arena, field->dict);
	wire->bits = catalog_copy(arena, field->bits);
	wire->has_references = target != NULL;
	wire->references = target != NULL ? target->def->number : 0;
	wire->help = catalog_copy(arena, call_say(call, field->help_en, field->help_zh));
	wire->section = catalog_copy(arena, call_say(call, field->section_en, field->section_zh));
	wire->n_aliases = catalog_words(arena, field->aliases, &wire->aliases);
	wire->other_label = catalog_copy(arena, call_say(call, field->zh, field->en));
	wire->has_decimals = field->decimals != 0;
	wire->decimals = field->decimals;
	wire->required_unless = catalog_copy(arena, field->required_unless);
	wire->default_value = catalog_copy(arena, field->initial);
	return wire;
}

/* Arguments of actions and parameters of reports are fields too. */
static size_t
catalog_arguments(struct call *call, const struct field *fields, Kehu__Field ***result)
{
	size_t count = 0;

	while (fields != NULL && fields[count].number != 0)
		count++;
	*result = ARENA_ARRAY(call->arena, Kehu__Field *, count + 1);
	for (size_t i = 0; i < count; i++)
		(*result)[i] = catalog_field_to_wire(call, &fields[i]);
	return count;
}

static void
catalog_actions(struct call *call, const struct entity *def, Kehu__Entity *wire)
{
	size_t count = 0;

	while (def->actions != NULL && def->actions[count].name != NULL)
		count++;
	wire->actions = ARENA_ARRAY(call->arena, Kehu__Action *, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct action *action = &def->actions[i];
		const struct rule *rule = rule_action(def, action->name);
		Kehu__Action *out = ARENA_NEW(call->arena, Kehu__Action);

		if (!access_acts(call->user, def, rule->right != 0 ? rule->right : RIGHT_ACT,
			action->name))
			continue;
		kehu__action__init(out);
		out->name = catalog_copy(call->arena, action->name);
		out->label = catalog_copy(call->arena, call_say(call, action->en, action->zh));
		out->n_arguments = catalog_arguments(call, action->arguments, &out->arguments);
		out->n_from_states = catalog_words(call->arena, action->from, &out->from_states);
		out->has_danger = out->danger = action->danger;
		wire->actions[wire->n_actions++] = out;
	}
}

static void
catalog_tabs(struct call *call, const struct entity *def, Kehu__Entity *wire)
{
	size_t count = 0;

	while (def->tabs != NULL && def->tabs[count].entity != NULL)
		count++;
	wire->tabs = ARENA_ARRAY(call->arena, Kehu__Tab *, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct tab *tab = &def->tabs[i];
		const struct entity_view *entity = call_view_named(call, tab->entity);
		const struct field *by = entity != NULL ? entity_field_named(entity, tab->field) : NULL;
		char **names;
		size_t name_count;
		Kehu__Tab *out;

		if (by == NULL || (entity->def->kind != ENTITY_ANCHORED &&
					  (access_rights(call->user, entity->def) & RIGHT_VIEW) == 0))
			continue;
		out = ARENA_NEW(call->arena, Kehu__Tab);
		kehu__tab__init(out);
		out->has_entity = out->has_field = true;
		out->entity = entity->def->number;
		out->field = by->number;
		out->label = catalog_copy(call->arena, call_say(call, tab->en, tab->zh));
		name_count = catalog_words(call->arena, tab->columns, &names);
		out->columns = ARENA_ARRAY(call->arena, uint32_t, name_count + 1);
		for (size_t n = 0; n < name_count; n++) {
			const struct field *field = entity_field_named(entity, names[n]);

			if (field != NULL)
				out->columns[out->n_columns++] = field->number;
		}
		wire->tabs[wire->n_tabs++] = out;
	}
}

static Kehu__Entity *
catalog_entity_to_wire(struct call *call, const struct entity_view *entity)
{
	const struct entity *def = entity->def;
	const struct entity_view *parent = catalog_entity_named(call->catalog, def->parent);
	const struct field *label = entity_label(entity);
	const struct field *sort = entity_field_named(entity, def->sort_field);
	Kehu__Entity *wire = ARENA_NEW(call->arena, Kehu__Entity);

	kehu__entity__init(wire);
	wire->has_number = wire->has_kind = wire->has_actions_allowed = true;
	wire->number = def->number;
	wire->kind = def->kind;
	wire->actions_allowed = access_rights(call->user, def);
	wire->name = catalog_copy(call->arena, def->name);
	wire->label = catalog_copy(call->arena, call_say(call, def->en, def->zh));
	wire->alias = catalog_copy(call->arena, def->alias);
	wire->has_parent = parent != NULL;
	wire->parent = parent != NULL ? parent->def->number : 0;
	wire->has_label_field = label != NULL;
	wire->label_field = label != NULL ? label->number : 0;
	if (sort != NULL && (sort->flags & FIELD_MASKED) != 0)
		sort = NULL;
	wire->has_sort_field = sort != NULL;
	wire->sort_field = sort != NULL ? sort->number : 0;
	wire->has_sort_down = wire->sort_down = def->sort_down;
	wire->has_searched = wire->searched = def->searched;
	wire->fields = ARENA_ARRAY(call->arena, Kehu__Field *, entity->field_count + 1);
	for (size_t i = 0; i < entity->field_count; i++)
		wire->fields[wire->n_fields++] = catalog_field_to_wire(call, entity->fields[i]);
	catalog_actions(call, def, wire);
	catalog_tabs(call, def, wire);
	return wire;
}

static Kehu__Dictionary *
catalog_dictionary_to_wire(struct call *call, const struct dictionary *dictionary)
{
	Kehu__Dictionary *wire = ARENA_NEW(call->arena, Kehu__Dictionary);

	kehu__dictionary__init(wire);
	wire->name = catalog_copy(call->arena, dictionary->name);
	wire->label = catalog_copy(call->arena, call_say(call, dictionary->en, dictionary->zh));
	wire->n_items = dictionary->count;
	wire->items = ARENA_ARRAY(call->arena, Kehu__DictionaryItem *, dictionary->count + 1);
	for (size_t i = 0; i < dictionary->count; i++) {
		const struct dictionary_item *item = &dictionary->items[i];
		Kehu__DictionaryItem *out = ARENA_NEW(call->arena, Kehu__DictionaryItem);

		kehu__dictionary_item__init(out);
		out->code = catalog_copy(call->arena, item->code);
		out->label = catalog_copy(call->arena, call_say(call, item->en, item->zh));
		out->pinyin = catalog_copy(call->arena, item->pinyin);
		out->has_color = item->color != 0;
		out->color = item->color;
		out->has_retired = out->retired = item->retired;
		wire->items[i] = out;
	}
	return wire;
}

/* A choice among fields is a list of those that this user may know of. */
static void
catalog_field_list(struct call *call, const struct report_file *file, size_t parameter,
    Kehu__CatalogAnswer *answer)
{
	Kehu__Dictionary *wire = ARENA_NEW(call->arena, Kehu__Dictionary);
	char **names;
	size_t count = catalog_words(call->arena, file->rules[parameter].fields, &names);

	kehu__dictionary__init(wire);
	wire->name = catalog_copy(call->arena, file->parameters[parameter].dict);
	wire->items = ARENA_ARRAY(call->arena, Kehu__DictionaryItem *, count + 1);
	for (size_t i = 0; i < count; i++) {
		Kehu__DictionaryItem *out = ARENA_NEW(call->arena, Kehu__DictionaryItem);
		const struct entity *entity;
		const struct field *field = report_file_choice(call, file, parameter, names[i], &entity);

		if (field == NULL)
			continue;
		kehu__dictionary_item__init(out);
		out->code = names[i];
		out->label = catalog_copy(call->arena, call_say(call, field->en, field->zh));
		out->pinyin = pinyin_initials(call->arena, field->zh, PINYIN_NAME);
		wire->items[wire->n_items++] = out;
	}
	answer->dictionaries[answer->n_dictionaries++] = wire;
}

static void
catalog_report(struct call *call, const struct report_info *info, Kehu__CatalogAnswer *answer)
{
	const struct entity_view *entity = catalog_entity_named(call->catalog, info->entity);
	const struct report_file *file = report_file_of(info);
	Kehu__ReportInfo *out;

	if (!report_allowed(call, info))
		return;
	out = ARENA_NEW(call->arena, Kehu__ReportInfo);
	kehu__report_info__init(out);
	out->name = catalog_copy(call->arena, info->name);
	out->label = catalog_copy(call->arena, call_say(call, info->en, info->zh));
	out->has_entity = entity != NULL;
	out->entity = entity != NULL ? entity->def->number : 0;
	out->has_main = true;
	out->main = report_main(call, info)->def->number;
	out->n_parameters = catalog_arguments(call, info->parameters, &out->parameters);
	answer->reports[answer->n_reports++] = out;
	for (size_t i = 0; file != NULL && i < file->parameter_count; i++)
		if (file->rules[i].fields != NULL)
			catalog_field_list(call, file, i, answer);
}

/* Of the program's own reports and the catalogue's. */
static size_t
catalog_report_count(const struct call *call)
{
	size_t own = 0, others = 0;

	while (report_list[own] != NULL)
		own++;
	while (catalog_reports(call->catalog)[others] != NULL)
		others++;
	return own + others;
}

static void
catalog_put_reports(struct call *call, Kehu__CatalogAnswer *answer)
{
	answer->reports = ARENA_ARRAY(call->arena, Kehu__ReportInfo *, catalog_report_count(call) + 1);
	for (size_t i = 0; report_list[i] != NULL; i++)
		catalog_report(call, report_list[i], answer);
	for (size_t i = 0; catalog_reports(call->catalog)[i] != NULL; i++)
		catalog_report(call, catalog_reports(call->catalog)[i], answer);
}

enum err
handle_catalog(struct call *call)
{
	const ProtobufCBinaryData *have = &call->request->catalog->have;
	Kehu__CatalogAnswer *answer = ARENA_NEW(call->arena, Kehu__CatalogAnswer);
	size_t count = catalog_count(call->catalog), bytes;
	uint8_t *packed, *hash = arena_alloc(call->arena, 32);

	kehu__catalog_answer__init(answer);
	answer->entities = ARENA_ARRAY(call->arena, Kehu__Entity *, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct entity_view *entity =
		    access_view(call->user, catalog_at(call->catalog, i)->def);

		/* What the user has no right on does not exist; files come with their records. */
		if (entity->def->kind == ENTITY_ANCHORED || access_rights(call->user, entity->def) != 0)
			answer->entities[answer->n_entities++] = catalog_entity_to_wire(call, entity);
	}
	count = catalog_dictionary_count(call->catalog);
	answer->dictionaries = ARENA_ARRAY(call->arena, Kehu__Dictionary *,
	    count + catalog_report_count(call) * FILE_PARAMETERS_MAX + 1);
	for (size_t i = 0; i < count; i++)
		answer->dictionaries[answer->n_dictionaries++] =
		    catalog_dictionary_to_wire(call, catalog_dictionary_at(call->catalog, i));
	catalog_put_reports(call, answer);
	answer->audits = answer->has_audits = audit_may(call);
	bytes = kehu__catalog_answer__get_packed_size(answer);
	packed = arena_alloc(call->arena, bytes);
	kehu__catalog_answer__pack(answer, packed);
	hash_sha256(packed, bytes, hash);
	if (have->len == 32 && memcmp(have->data, hash, 32) == 0)
		kehu__catalog_answer__init(answer);
	answer->has_hash = answer->has_version = true;
	answer->hash.data = hash;
	answer->hash.len = 32;
	answer->version = catalog_version(call->catalog);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_CATALOG;
	call->answer.catalog = answer;
	return ERR_OK;
}
