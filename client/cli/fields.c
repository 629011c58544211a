/*
 * field=value: names by the catalogue, values by their type, references asked of the server
 * when they are not given as ids.
 */
#include "client/cli/cli.h"

#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CLI_CANDIDATES 5
#define CLI_LINES      2000 /* a record has no more */

static const char *
cli_did_you_mean(struct cli *cli, const char *near)
{
	if (near == NULL)
		return NULL;
	return arena_printf(
	    cli->arena, cli_say(cli, "did you mean %s?", "是否想用 %s？"), near);
}

/* ---- references ---- */

/* Whole names go before those that only begin with the text ("上海" for 上海市). */
struct cli_found {
	int64_t ids[CLI_CANDIDATES];
	const char *labels[CLI_CANDIDATES], *details[CLI_CANDIDATES];
	bool loose, whole;
	size_t count; /* may pass CLI_CANDIDATES */
};

static void
cli_found_add(struct cli *cli, struct cli_found *found, const char *text, int64_t id,
    const char *label, const char *detail)
{
	const char *wanted = text_fold(cli->arena, text);
	const char *have = text_fold(cli->arena, label != NULL ? label : "");

	bool whole = strcmp(have, wanted) == 0;
	bool begins = found->loose && strncmp(have, wanted, strlen(wanted)) == 0;
	if (!whole && (found->whole || !begins))
		return;
	if (whole && !found->whole)
		*found = (struct cli_found){ .loose = found->loose, .whole = true };
	/* A record may be found by its name and by its number. */
	for (size_t i = 0; i < found->count && i < CLI_CANDIDATES; i++)
		if (found->ids[i] == id)
			return;
	if (found->count < CLI_CANDIDATES) {
		found->ids[found->count] = id;
		found->labels[found->count] = label;
		found->details[found->count] = detail != NULL ? detail : "";
	}
	found->count++;
}

static enum err
cli_find_by_search(
    struct cli *cli, const Kehu__Entity *entity, const char *text, struct cli_found *found)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;
	Kehu__ServerFrame *answer;

	search.text = arena_strdup(cli->arena, text);
	search.has_entity = search.has_limit = true;
	search.entity = entity->number;
	search.limit = 50;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &search;
	enum err err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK || answer->answer_case != KEHU__SERVER_FRAME__ANSWER_SEARCH)
		return err;
	/* A number or a short name names a record as well as its label does. */
	for (size_t i = 0; i < answer->search->n_hits; i++) {
		const Kehu__Hit *hit = answer->search->hits[i];
		const char *label = hit->label, *matched = hit->matched;
		bool by_other = matched != NULL && strcmp(text_fold(cli->arena, matched),
						       text_fold(cli->arena, text)) == 0;

		cli_found_add(
		    cli, found, text, hit->id, by_other ? matched : label, hit->detail);
	}
	return ERR_OK;
}

/* The text as one phrase of the search language. */
static char *
cli_quote(struct cli *cli, const char *text)
{
	struct buf quoted = BUF_INIT;

	buf_putc(&quoted, '"');
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			buf_putc(&quoted, '\\');
		buf_putc(&quoted, *at);
	}
	buf_putc(&quoted, '"');
	char *copy = arena_strdup(cli->arena, buf_text(&quoted));
	buf_fini(&quoted);
	return copy;
}

static enum err
cli_find_by_field(struct cli *cli, const Kehu__Entity *entity, const Kehu__Field *field,
    const char *text, struct cli_found *found)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	uint32_t column = field->number;
	Kehu__ServerFrame *answer;

	list.has_entity = list.has_limit = true;
	list.entity = entity->number;
	list.limit = 500;
	list.n_columns = 1;
	list.columns = &column;
	if (field->flags & CAT_FILTER)
		list.query =
		    arena_printf(cli->arena, "%s:%s", field->name, cli_quote(cli, text));
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	enum err err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK || answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		return err;
	for (size_t i = 0; i < answer->page->n_rows; i++) {
		const Kehu__Row *row = answer->page->rows[i];

		if (row->n_cells == 1)
			cli_found_add(cli, found, text, row->id, field->type == CAT_DATE ? text : row->cells[0]->text, NULL);
	}
	return ERR_OK;
}

/* The field whose day names a record, as a holiday's; NULL: none, or the text is no day. */
static const Kehu__Field *
cli_day_field(struct cli *cli, const Kehu__Entity *entity, const char *text)
{
	struct cat_now now = { .today = link_today(cli->link) };
	Kehu__Value value;

	for (size_t i = 0; i < entity->n_fields; i++)
		if (entity->fields[i]->type == CAT_DATE && (entity->fields[i]->flags & CAT_UNIQUE) != 0 &&
		    cat_value_parse(cli->arena, cli->cat, entity->fields[i], text, &now, &value) == ERR_OK)
			return entity->fields[i];
	return NULL;
}

/* By label, else by what else names one: a login name, a code, a number. */
static enum err
cli_find_by_list(
    struct cli *cli, const Kehu__Entity *entity, const char *text, struct cli_found *found)
{
	static const char *const others[] = { "name", "code", "number" };
	const Kehu__Field *label = cat_field(entity, entity->label_field), *field = label;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && found->count == 0; i++) {
		if (field != NULL && (i == 0 || field != label))
			err = cli_find_by_field(cli, entity, field, text, found);
		if (i == sizeof(others) / sizeof(others[0]))
			break;
		field = cat_field_called(entity, others[i]);
	}
	field = cli_day_field(cli, entity, text);
	return err == ERR_OK && found->count == 0 && field != NULL ? cli_find_by_field(cli, entity, field, text, found) : err;
}

/* "#12 华信科技 (上海), #40 华信科技 (北京)": which of them was meant. */
static const char *
cli_candidates(struct cli *cli, const struct cli_found *found)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < found->count && i < CLI_CANDIDATES; i++)
		buf_printf(&text, "%s#%" PRId64 " %s%s%s", i == 0 ? "" : ", ", found->ids[i],
		    found->labels[i], found->details[i][0] == '\0' ? "" : " ",
		    found->details[i]);
	const char *copy = arena_strdup(cli->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

enum err
cli_reference(
    struct cli *cli, const Kehu__Entity *entity, const char *text, bool loose, int64_t *id)
{
	struct cat_now now = { 0 };
	Kehu__Field field = KEHU__FIELD__INIT;
	struct cli_found found = { .loose = loose && entity->kind == CAT_SETUP };
	Kehu__Value value;

	field.type = CAT_REF;
	if (cat_value_parse(cli->arena, cli->cat, &field, text, &now, &value) == ERR_OK &&
	    value.has_number) {
		*id = value.number;
		return ERR_OK;
	}
	if (strcmp(entity->name, "user") == 0 &&
	    (strcmp(text, "me") == 0 || strcmp(text, "我") == 0)) {
		*id = link_user(cli->link)->id;
		return ERR_OK;
	}
	enum err err = entity->searched ? cli_find_by_search(cli, entity, text, &found)
					: cli_find_by_list(cli, entity, text, &found);
	if (err != ERR_OK)
		return err;
	*id = found.ids[0];
	if (found.count == 1)
		return ERR_OK;
	const char *what = arena_printf(cli->arena, "%s %s", entity->name, text);
	if (found.count == 0)
		return cli_fail(cli, ERR_NO_SUCH_RECORD, what, NULL);
	return cli_fail(cli, ERR_NARROW, what, cli_candidates(cli, &found));
}

/* ---- one value ---- */

/* What may stand there, for an error: "A 重点, B 一般, …". */
static const char *
cli_choices(struct cli *cli, const Kehu__Field *field)
{
	const Kehu__Dictionary *dictionary = cat_dictionary(cli->cat, field->dictionary);
	struct buf text = BUF_INIT;

	for (size_t i = 0; dictionary != NULL && i < dictionary->n_items && text.bytes < 200;
	     i++)
		if (!dictionary->items[i]->retired)
			buf_printf(&text, "%s%s %s", text.bytes == 0 ? "" : ", ",
			    dictionary->items[i]->code, dictionary->items[i]->label);
	const char *copy = arena_strdup(cli->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

enum err
cli_value(struct cli *cli, const Kehu__Field *field, const char *text, Kehu__Value **value)
{
	struct cat_now now = { .now_us = link_now_us(cli->link),
		.today = link_today(cli->link),
		.offset_min = cli->offset_min };
	const Kehu__Entity *target = cat_entity(cli->cat, field->references);

	*value = ARENA_NEW(cli->arena, Kehu__Value);
	enum err err = cat_value_parse(cli->arena, cli->cat, field, text, &now, *value);
	if (err == ERR_NOT_IN_LIST && field->type == CAT_REF && target != NULL) {
		err = cli_reference(cli, target, text, true, &(*value)->number);
		(*value)->has_number = err == ERR_OK;
	}
	if (err == ERR_OK)
		return ERR_OK;
	const char *hint = err == ERR_NOT_IN_LIST ? cli_choices(cli, field) : NULL;
	return cli_fail(cli, err, arena_printf(cli->arena, "%s=%s", field->name, text), hint);
}

/* ---- field=value words ---- */

static enum err
cli_split(struct cli *cli, const char *word, const char **name, const char **text)
{
	const char *equals = strchr(word, '=');

	if (equals == NULL || equals == word)
		return cli_fail(cli, ERR_USAGE, word, "field=value");
	*name = arena_strndup(cli->arena, word, (size_t)(equals - word));
	*text = equals + 1;
	return ERR_OK;
}

static enum err
cli_no_field(struct cli *cli, const char *name, const char *near)
{
	return cli_fail(cli, ERR_NO_SUCH_FIELD, name, cli_did_you_mean(cli, near));
}

static void
cli_add_value(struct cli *cli, Kehu__Record *record, Kehu__Value *value)
{
	for (size_t i = 0; i < record->n_values; i++)
		if (record->values[i]->field == value->field) {
			record->values[i] = value;
			return;
		}
	Kehu__Value **values = ARENA_ARRAY(cli->arena, Kehu__Value *, record->n_values + 1);
	if (record->n_values > 0)
		memcpy(values, record->values, record->n_values * sizeof(*values));
	values[record->n_values++] = value;
	record->values = values;
}

static Kehu__Record *
cli_line_find(Kehu__Record *const *lines, size_t count, uint32_t entity, bool made)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i]->entity == entity && (!made || lines[i]->id < 0))
			return lines[i];
	return NULL;
}

/* Which line of its kind a word means: "lines.", "lines+.", "lines[2].". */
struct cli_place {
	const char *kind;
	bool added;   /* one beside those that are stored */
	int64_t line; /* by number, from 1; 0: the first */
};

static enum err
cli_place(struct cli *cli, const char *name, const char *dot, struct cli_place *place)
{
	const char *open = memchr(name, '[', (size_t)(dot - name));
	const char *end = open != NULL ? open : dot;
	char *rest = NULL;

	*place = (struct cli_place){ .added = end > name && end[-1] == '+' };
	place->kind = arena_strndup(cli->arena, name, (size_t)(end - name) - place->added);
	if (open == NULL)
		return ERR_OK;
	place->line = strtoll(open + 1, &rest, 10);
	if (rest + 1 != dot || *rest != ']' || place->added || place->line < 1 ||
	    place->line > CLI_LINES)
		return cli_fail(cli, ERR_USAGE, name, "lines[2].field");
	return ERR_OK;
}

/* The stored line of that number; past the last one a new line is meant, always the same id. */
static int64_t
cli_line_id(const Kehu__Entity *line, const Kehu__Record *stored, int64_t number)
{
	int64_t seen = 0;

	for (size_t i = 0; stored != NULL && i < stored->n_lines; i++)
		if (stored->lines[i]->entity == line->number && ++seen == number)
			return stored->lines[i]->id;
	return -(CLI_LINES + 1) * (int64_t)line->number - number;
}

static Kehu__Record *
cli_line_add(struct cli *cli, const Kehu__Entity *line, int64_t id, Kehu__Record *record)
{
	Kehu__Record *made = ARENA_NEW(cli->arena, Kehu__Record);
	Kehu__Record **lines = ARENA_ARRAY(cli->arena, Kehu__Record *, record->n_lines + 1);

	kehu__record__init(made);
	made->has_entity = made->has_id = true;
	made->entity = line->number;
	made->id = id;
	if (record->n_lines > 0)
		memcpy(lines, record->lines, record->n_lines * sizeof(*lines));
	lines[record->n_lines++] = made;
	record->lines = lines;
	return made;
}

/* The line of a kind in what is being built: a stored one, or a new one. */
static Kehu__Record *
cli_line_of(struct cli *cli, const Kehu__Entity *line, const Kehu__Record *stored,
    const struct cli_place *place, Kehu__Record *record)
{
	Kehu__Record *made = NULL, *old = NULL;
	int64_t id = cli_line_id(line, stored, place->line);

	if (place->line > 0) {
		for (size_t i = 0; i < record->n_lines; i++)
			if (record->lines[i]->id == id)
				return record->lines[i];
		return cli_line_add(cli, line, id, record);
	}
	made = cli_line_find(record->lines, record->n_lines, line->number, place->added);
	if (made != NULL)
		return made;
	if (stored != NULL && !place->added)
		old = cli_line_find(stored->lines, stored->n_lines, line->number, false);
	return cli_line_add(
	    cli, line, old != NULL ? old->id : -1 - (int64_t)record->n_lines, record);
}

static enum err
cli_assign_one(struct cli *cli, const Kehu__Entity *entity, const Kehu__Record *stored,
    const char *word, Kehu__Record *record)
{
	const char *name, *text, *dot;
	Kehu__Value *value;

	enum err err = cli_split(cli, word, &name, &text);
	if (err != ERR_OK)
		return err;
	dot = strchr(name, '.');
	if (dot != NULL) {
		struct cli_place place;
		const Kehu__Entity *line;

		err = cli_place(cli, name, dot, &place);
		if (err != ERR_OK)
			return err;
		line = cat_line_called(cli->cat, entity, place.kind);
		if (line == NULL)
			return cli_no_field(cli, name, NULL);
		record = cli_line_of(cli, line, stored, &place, record);
		entity = line;
		name = dot + 1;
	}
	const Kehu__Field *field = cat_field_called(entity, name);
	if (field == NULL)
		return cli_no_field(cli, name, cat_field_nearest(entity, name));
	err = cli_value(cli, field, text, &value);
	if (err == ERR_OK)
		cli_add_value(cli, record, value);
	return err;
}

enum err
cli_assign(struct cli *cli, const Kehu__Entity *entity, const Kehu__Record *stored,
    const char *const *words, size_t count, Kehu__Record *record)
{
	for (size_t i = 0; i < count; i++) {
		enum err err = cli_assign_one(cli, entity, stored, words[i], record);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err
cli_arguments(struct cli *cli, Kehu__Field *const *fields, size_t field_count,
    const char *const *words, size_t count, Kehu__Value ***values, size_t *value_count)
{
	Kehu__Record record = KEHU__RECORD__INIT;

	for (size_t i = 0; i < count; i++) {
		const char *name, *text;
		Kehu__Value *value;

		enum err err = cli_split(cli, words[i], &name, &text);
		if (err != ERR_OK)
			return err;
		const Kehu__Field *field = cat_field_among(fields, field_count, name);
		if (field == NULL)
			return cli_no_field(
			    cli, name, cat_field_nearest_among(fields, field_count, name));
		err = cli_value(cli, field, text, &value);
		if (err != ERR_OK)
			return err;
		cli_add_value(cli, &record, value);
	}
	*values = record.values;
	*value_count = record.n_values;
	return ERR_OK;
}

/* ---- cells ---- */

static const char *
cli_json_reference(struct arena *arena, const Kehu__Value *value)
{
	struct buf json = BUF_INIT;

	buf_printf(&json, "{\"id\":%" PRId64 ",\"label\":", value->number);
	sheet_json_text(&json, value->text != NULL ? value->text : "");
	buf_putc(&json, '}');
	const char *copy = arena_strdup(arena, buf_text(&json));
	buf_fini(&json);
	return copy;
}

struct sheet_cell
cli_cell(struct cli *cli, struct arena *arena, enum sheet_format format,
    const Kehu__Field *field, const Kehu__Value *value)
{
	struct cat_style style = {
		.offset_min = cli->offset_min, .plain = format != SHEET_TABLE, .lang = cli->lang
	};
	struct sheet_cell cell = { .kind = CELL_TEXT };

	if (cat_value_empty(value))
		return cell;
	cell.text = cat_value_text(arena, cli->cat, field, value, &style);
	if (value->masked || !value->has_number || field == NULL)
		return cell;
	if (field->type == CAT_INT || field->type == CAT_QUANTITY)
		cell.kind = CELL_NUMBER;
	else if (field->type == CAT_MONEY && format == SHEET_TABLE)
		cell.kind = CELL_NUMBER;
	else if (field->type == CAT_BOOL)
		cell.kind = CELL_BOOL;
	else if (field->type == CAT_REF && format == SHEET_JSONL)
		cell = (struct sheet_cell){ CELL_JSON, cell.text,
			cli_json_reference(arena, value) };
	return cell;
}
