/*
 * 字典: choices are retired, offered again, merged and put in order. A code is stored in
 * records, so it stays; a merged choice says which to use in its place, and the records follow
 * (sql/repeat/41_choices.sql).
 */
#include "server/entity/dictionary.h"
#include "server/entity/dictionaries.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

static enum err
dictionary_refuse(struct call *call, uint32_t argument, enum err err, const char *text)
{
	return CALL_FAIL(call, err, .field = argument, .text = text);
}

/* A choice by its code, label or initials; NULL: none. */
static struct record *
dictionary_line(struct call *call, const struct record *dictionary, const struct value *called)
{
	const struct dictionary *list =
	    catalog_dictionary(call->catalog, record_text(dictionary, F_dictionary_name));
	const struct dictionary_item *item =
	    called->present ? dictionary_item_called(list, called->text) : NULL;
	const char *code = item != NULL ? item->code : called->text;

	for (size_t i = 0; called->present && i < dictionary->line_count; i++)
		if (!dictionary->lines[i]->removed &&
		    strcmp(record_text(dictionary->lines[i], F_dictionary_item_code), code) ==
			0)
			return dictionary->lines[i];
	return NULL;
}

static enum err
dictionary_missing(struct call *call, uint32_t argument)
{
	return dictionary_refuse(call, argument, ERR_NOT_IN_LIST,
	    call_say(call, "The list has no such choice", "字典中没有该选项"));
}

static enum err
dictionary_retire_item(
    struct call *call, struct record *dictionary, const struct value *arguments)
{
	struct record *line = dictionary_line(call, dictionary, &arguments[0]);

	if (line == NULL)
		return dictionary_missing(call, 1);
	record_set_number(line, F_dictionary_item_retired, 1);
	return ERR_OK;
}

static enum err
dictionary_offer_item(
    struct call *call, struct record *dictionary, const struct value *arguments)
{
	struct record *line = dictionary_line(call, dictionary, &arguments[0]);

	if (line == NULL)
		return dictionary_missing(call, 1);
	record_set_number(line, F_dictionary_item_retired, 0);
	record_set_null(line, F_dictionary_item_instead);
	record_set_null(line, F_dictionary_item_merged);
	return ERR_OK;
}

/* States are what actions and rules go by, and so are the shipped choices of set-up: they mean
 * something to the program. */
static bool
dictionary_is_the_programs(const struct call *call, const char *name, const char *code)
{
	for (size_t e = 0; e < catalog_count(call->catalog); e++) {
		const struct entity_view *view = catalog_at(call->catalog, e);
		const struct entity *top = view->def;

		if (top->kind == ENTITY_LINE)
			top = catalog_entity_named(call->catalog, top->parent)->def;
		for (size_t i = 0; i < view->field_count; i++) {
			const struct field *field = view->fields[i];

			if (field->type != TYPE_CHOICE || (field->flags & FIELD_CUSTOM) ||
			    strcmp(field->dict, name) != 0)
				continue;
			if (view->def->state_field != NULL &&
			    strcmp(view->def->state_field, field->name) == 0)
				return true;
			if (top->kind == ENTITY_SETUP && top->number != E_product &&
			    dictionary_ships(name, code))
				return true;
		}
	}
	return false;
}

static enum err
dictionary_merge_item(
    struct call *call, struct record *dictionary, const struct value *arguments)
{
	struct record *line = dictionary_line(call, dictionary, &arguments[0]);
	const struct record *into = dictionary_line(call, dictionary, &arguments[1]);
	const char *code;

	if (line == NULL || into == NULL)
		return dictionary_missing(call, line == NULL ? 1 : 2);
	code = record_text(line, F_dictionary_item_code);
	if (into == line || record_number(into, F_dictionary_item_retired) != 0)
		return dictionary_refuse(call, 2, ERR_INVALID,
		    call_say(call, "Another choice that is in use", "须为另一个在用的选项"));
	if (dictionary_is_the_programs(call, record_text(dictionary, F_dictionary_name), code))
		return dictionary_refuse(call, 1, ERR_INVALID,
		    call_say(call, "Rules go by this choice: retire it instead",
			"规则依据此选项，请改为停用"));
	record_set_number(line, F_dictionary_item_retired, 1);
	record_set_text(
	    line, F_dictionary_item_instead, record_text(into, F_dictionary_item_code));
	record_set_null(line, F_dictionary_item_merged);
	/* What was merged into it before follows, so that one step is always enough. */
	for (size_t i = 0; i < dictionary->line_count; i++)
		if (strcmp(record_text(dictionary->lines[i], F_dictionary_item_instead),
			code) == 0)
			record_set_text(dictionary->lines[i], F_dictionary_item_instead,
			    record_text(into, F_dictionary_item_code));
	return ERR_OK;
}

/* Positions are no field: the labels are named too, so that everybody's catalogue is made anew.
 */
static enum err
dictionary_place_item(
    struct call *call, struct record *dictionary, const struct value *arguments)
{
	struct record *line = dictionary_line(call, dictionary, &arguments[0]);
	const struct record *before = dictionary_line(call, dictionary, &arguments[1]);
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, dictionary->line_count + 1);
	struct sql *sql = sql_new(call->arena);
	size_t count = 0;

	if (line == NULL || line == before || (arguments[1].present && before == NULL))
		return dictionary_missing(call, line == NULL ? 1 : 2);
	for (size_t i = 0; i < dictionary->line_count; i++) {
		if (dictionary->lines[i] == before)
			ids[count++] = line->id;
		if (dictionary->lines[i] != line)
			ids[count++] = dictionary->lines[i]->id;
	}
	if (before == NULL)
		ids[count++] = line->id;
	call_open(call, dictionary->entity->def, dictionary->id, true);
	sql_add(sql, "UPDATE dictionary_item i SET position = n.nth, zh = i.zh FROM unnest(");
	sql_ints(sql, ids, count);
	sql_add(sql, ") WITH ORDINALITY AS n (id, nth) WHERE i.id = n.id");
	store_queue(call->store, sql, NULL);
	return ERR_OK;
}

static enum err
dictionary_before_save(struct call *call, struct record *dictionary)
{
	for (size_t i = 0; i < dictionary->line_count; i++) {
		const struct record *line = dictionary->lines[i];

		if (line->entity->def->number == E_dictionary_item && !line->is_new &&
		    !line->removed && line->old != NULL &&
		    record_changed(line, F_dictionary_item_code))
			return CALL_FAIL(call, ERR_READ_ONLY, .entity = E_dictionary_item,
			    .line = line->id, .field = F_dictionary_item_code,
			    .text = call_say(call,
				"Records hold this code: change its labels, or add another and "
				"merge",
				"记录中存有此代码：请改标签，或新增后合并"));
	}
	return ERR_OK;
}

const struct rule rules_dictionary[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = dictionary_before_save },
	{ .action = "retire_item", .act = dictionary_retire_item },
	{ .action = "offer_item", .act = dictionary_offer_item },
	{ .action = "merge_item", .act = dictionary_merge_item },
	{ .action = "place_item", .act = dictionary_place_item },
	{ 0 },
};
