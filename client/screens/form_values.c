/*
 * Boxes of a form from fields of the catalogue: their kind and width, the text of a value and
 * the value of a text. References and lists of values are form_refs.c's.
 */
#include "client/screens/form_values.h"

#include "client/screens/form_grid.h"
#include "client/ui/confirm.h"
#include "common/date.h"
#include "common/mem.h"
#include "common/money.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum {
	VALUES_SHORT_CHARS = 20, /* texts up to so many characters may share a row */
	VALUES_SHORT_COLS = 16,
	VALUES_DATE_COLS = 14,
	VALUES_MOMENT_COLS = 18,
	VALUES_REF_COLS = 34,
	VALUES_LONG_COLS = 46,
	VALUES_BLOCK_ROWS = 3,
	VALUES_TALL_ROWS = 30, /* from this height of the terminal on blocks are taller */
	VALUES_TALL_BLOCK_ROWS = 6,
};

/* ---- the boxes ---- */

bool
values_is_bits(const Kehu__Field *field)
{
	return field->bits != NULL && field->bits[0] != '\0';
}

static bool
values_is_short(const struct values_spec *spec)
{
	if (spec->field == NULL)
		return false;
	switch (spec->field->type) {
	case CAT_INT:
		return !values_is_bits(spec->field);
	case CAT_QUANTITY:
	case CAT_CHOICE:
	case CAT_BOOL:
		return true;
	case CAT_TEXT:
		return spec->field->max_chars > 0 &&
		       spec->field->max_chars <= VALUES_SHORT_CHARS;
	default:
		return false;
	}
}

static int
values_cols(const Kehu__Field *field)
{
	switch (field->type) {
	case CAT_INT:
		return values_is_bits(field) ? VALUES_LONG_COLS : VALUES_SHORT_COLS;
	case CAT_QUANTITY:
	case CAT_CHOICE:
		return VALUES_SHORT_COLS;
	case CAT_DATE:
		return VALUES_DATE_COLS;
	case CAT_MOMENT:
	case CAT_MONEY:
		return VALUES_MOMENT_COLS;
	case CAT_REF:
		return VALUES_REF_COLS;
	default:
		return field->max_chars > 0 && field->max_chars <= VALUES_SHORT_CHARS
			   ? VALUES_SHORT_COLS
			   : VALUES_LONG_COLS;
	}
}

static enum form_kind
values_kind(const Kehu__Field *field)
{
	if ((field->flags & CAT_READONLY) != 0 || field->type == CAT_REFS)
		return FORM_SHOW;
	switch (field->type) {
	case CAT_BLOCK:
		return FORM_BLOCK;
	case CAT_CHOICE:
		return FORM_CHOICE;
	case CAT_BOOL:
		return FORM_CHECK;
	default:
		return FORM_TEXT;
	}
}

/* The labels of a dictionary that are still offered. */
static void
values_set_choices(struct values *values, struct form_field *box, const Kehu__Field *field)
{
	const Kehu__Dictionary *dictionary = cat_dictionary(values->cat, field->dictionary);
	const char **labels;

	if (dictionary == NULL)
		return;
	labels = ARENA_ARRAY(values->arena, const char *, dictionary->n_items + 1);
	for (size_t i = 0; i < dictionary->n_items; i++)
		if (!dictionary->items[i]->retired)
			labels[box->choice_count++] = dictionary->items[i]->label;
	box->choices = labels;
}

/* Days, amounts, names of records: typed anew rather than mended in the middle. */
static bool
values_is_code(const Kehu__Field *field)
{
	switch (field->type) {
	case CAT_INT:
	case CAT_DATE:
	case CAT_MOMENT:
	case CAT_MONEY:
	case CAT_QUANTITY:
	case CAT_REF:
		return true;
	default:
		return false;
	}
}

static void
values_set_field(struct values *values, struct form_field *box, const Kehu__Field *field)
{
	box->label = field->label;
	box->kind = values_kind(field);
	box->cols = values_cols(field);
	box->rows =
	    cells_rows() >= VALUES_TALL_ROWS ? VALUES_TALL_BLOCK_ROWS : VALUES_BLOCK_ROWS;
	box->max_chars = field->max_chars;
	box->help = field->help;
	box->required = (field->flags & CAT_REQUIRED) != 0 && box->kind != FORM_CHECK &&
			box->kind != FORM_SHOW;
	box->lookup =
	    box->kind == FORM_TEXT &&
	    (field->type == CAT_REF || field->type == CAT_DATE || values_is_bits(field));
	box->retype = box->kind == FORM_CHOICE || (box->kind == FORM_TEXT && values_is_code(field));
	if (box->kind == FORM_CHOICE)
		values_set_choices(values, box, field);
}

static void
values_set_grid(struct form_field *box, struct grid *grid)
{
	if (grid == NULL)
		return;
	box->kind = FORM_PANEL;
	box->lookup = false;
	box->panel_rows = grid_rows;
	box->panel_draw = grid_draw;
	box->panel = grid;
}

static void values_check(void *arg, struct form *form, size_t index);

void
values_init(struct values *values, const struct values_spec *specs, size_t count)
{
	const char *section = NULL;
	bool beside = true;

	values->cat = app_cat(values->app);
	values->arena = arena_new(0);
	values->count = count;
	values->asking = 0;
	values->fields = ARENA_ARRAY(values->arena, struct form_field, count + 1);
	values->boxes = ARENA_ARRAY(values->arena, struct values_box, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct form_field *box = &values->fields[i];
		const struct values_spec *spec = &specs[i];

		values->boxes[i].field = spec->field;
		values->boxes[i].lines = spec->lines;
		box->id = (int)i;
		if (spec->field != NULL) {
			values_set_field(values, box, spec->field);
			section = spec->field->section;
		} else {
			box->label = lines_label(spec->lines);
			box->cols = VALUES_LONG_COLS;
			box->max_chars = 4000;
			box->lookup = true;
			values_set_grid(box, lines_grid(spec->lines));
		}
		/* Above the first box a heading would only take a row. */
		box->section = i > 0 && section != NULL && *section ? section : NULL;
		section = NULL;
		/* Two short ones share a row. */
		beside = !beside && i > 0 && !box->section && values_is_short(spec) &&
			 values_is_short(&specs[i - 1]);
		box->beside = beside;
	}
	values->form = (struct form){
		.fields = values->fields, .count = count, .check = values_check, .arg = values
	};
	form_init(&values->form);
}

void
values_init_fields(struct values *values, Kehu__Field *const *fields, size_t count)
{
	struct values_spec *specs = mem_zalloc(count + 1, sizeof(*specs));

	for (size_t i = 0; i < count; i++)
		specs[i].field = fields[i];
	values_init(values, specs, count);
	free(specs);
}

void
values_fini(struct values *values)
{
	for (size_t i = 0; i < values->count; i++)
		values_forget(values, i);
	form_fini(&values->form);
	arena_free(values->arena);
}

size_t
values_index(const struct values *values, uint32_t field)
{
	size_t i = 0;

	while (i < values->count &&
	       (values->boxes[i].field == NULL || values->boxes[i].field->number != field))
		i++;
	return i;
}

/* ---- from values to text ---- */

static const char *
values_money_text(struct arena *arena, const Kehu__Value *value)
{
	const char *currency = value->text != NULL && *value->text ? value->text : "CNY";
	int decimals = money_decimals(currency);
	const char *amount =
	    money_format(arena, value->number, decimals < 0 ? 2 : decimals, false);

	return strcmp(currency, "CNY") == 0 ? amount
					    : arena_printf(arena, "%s %s", amount, currency);
}

/* What stands in the box: what could have been typed. */
static const char *
values_text(const struct values *values, struct arena *arena, const Kehu__Field *field,
    const Kehu__Value *value)
{
	struct cat_style style = app_style(values->app);

	if (cat_value_empty(value))
		return "";
	if (field->type == CAT_BOOL && !value->masked)
		return value->number != 0 ? "1" : "";
	if (field->type == CAT_MONEY && value->has_number && !value->masked)
		return values_money_text(arena, value);
	return cat_value_text(arena, values->cat, field, value, &style);
}

static void
values_place(struct values *values, size_t index, const Kehu__Value *value, bool loaded)
{
	const Kehu__Field *field = values->boxes[index].field;
	struct arena *arena = arena_new(0);
	const char *text = values_text(values, arena, field, value);

	values_forget(values, index);
	/* A masked value is only to be seen; where there is none, one may be filled in. */
	if (field->flags & CAT_MASKED)
		values->fields[index].kind =
		    value != NULL && value->masked ? FORM_SHOW : values_kind(field);
	if (field->type == CAT_REF && !cat_value_empty(value))
		values_set_ref(values, index, value->number, text);
	if (loaded)
		form_load(&values->form, index, text);
	else
		form_put(&values->form, index, text);
	if (*text && values->fields[index].kind != FORM_SHOW)
		form_check(&values->form, index);
	arena_free(arena);
}

void
values_load(struct values *values, size_t index, const Kehu__Value *value)
{
	values_place(values, index, value, true);
}

void
values_put(struct values *values, size_t index, const Kehu__Value *value)
{
	values_place(values, index, value, false);
}

/* The default of one field; false: it has none. */
static bool
values_default(const struct values *values, struct arena *arena, const Kehu__Field *field,
    Kehu__Value *value)
{
	const struct app *app = values->app;
	const struct link_user *user = link_user(app->link);
	struct cat_now now = { link_now_us(app->link), link_today(app->link), app->offset_min };
	const char *word = field->default_value;

	kehu__value__init(value);
	if (word == NULL || *word == '\0')
		return false;
	value->has_number = true;
	if (strcmp(word, "me") == 0) {
		value->number = user->id;
		value->text = arena_strdup(arena, user->label);
	} else if (strcmp(word, "now") == 0) {
		value->number = now.now_us;
	} else if (strcmp(word, "today") == 0) {
		value->number = now.today;
	} else {
		return cat_value_parse(arena, values->cat, field, word, &now, value) == ERR_OK;
	}
	return true;
}

void
values_load_defaults(struct values *values)
{
	struct arena *arena = arena_new(0);

	for (size_t i = 0; i < values->count; i++) {
		const Kehu__Field *field = values->boxes[i].field;
		Kehu__Value value;

		if (field != NULL && values->fields[i].kind != FORM_SHOW &&
		    *form_value(&values->form, i) == '\0' &&
		    values_default(values, arena, field, &value))
			values_load(values, i, &value);
	}
	arena_free(arena);
}

void
values_show_lines(struct values *values)
{
	struct arena *arena = arena_new(0);

	for (size_t i = 0; i < values->count; i++) {
		const struct lines *lines = values->boxes[i].lines;

		if (lines == NULL)
			continue;
		form_load(&values->form, i, lines_text(lines, values->app, arena));
		form_set_echo(
		    &values->form, i, lines_dirty(lines) ? tr(T_FORM_LINES_CHANGED) : NULL);
	}
	arena_free(arena);
}

/* ---- from text to values ---- */

enum err
values_get(const struct values *values, struct arena *arena, size_t index, Kehu__Value *value)
{
	const struct values_box *box = &values->boxes[index];
	const struct app *app = values->app;
	struct cat_now now = { link_now_us(app->link), link_today(app->link), app->offset_min };
	const char *text = form_value(&values->form, index);

	kehu__value__init(value);
	value->has_field = true;
	value->field = box->field->number;
	if (box->field->type == CAT_BOOL) {
		value->has_number = true;
		value->number = *text ? 1 : 0;
		return ERR_OK;
	}
	if (*text == '\0')
		return ERR_OK;
	if (box->field->type != CAT_REF)
		return cat_value_parse(arena, values->cat, box->field, text, &now, value);
	if (box->ref_id == 0 || box->ref_label == NULL || strcmp(box->ref_label, text) != 0)
		return ERR_NOT_IN_LIST;
	value->has_number = true;
	value->number = box->ref_id;
	value->text = arena_strdup(arena, box->ref_label);
	return ERR_OK;
}

size_t
values_collect(
    const struct values *values, struct arena *arena, bool all, Kehu__Value ***result)
{
	Kehu__Value **list = ARENA_ARRAY(arena, Kehu__Value *, values->count + 1);
	size_t count = 0;

	for (size_t i = 0; i < values->count; i++) {
		Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);
		bool wanted = all ? *form_value(&values->form, i) != '\0'
				  : form_changed(&values->form, i);

		if (values->boxes[i].field == NULL || values->fields[i].kind == FORM_SHOW ||
		    !wanted)
			continue;
		if (values_get(values, arena, i, value) == ERR_OK)
			list[count++] = value;
	}
	*result = list;
	return count;
}

/* ---- checks ---- */

/* "= 2026-11-27 周五", or only the weekday when the date itself stands in the box. */
static const char *
values_echo_day(struct arena *arena, const char *typed, int64_t day, const char *whole)
{
	const char *weekday = date_format_weekday(arena, day, tr_lang());
	const char *space = strrchr(weekday, ' ');

	if (strcmp(typed, whole) == 0)
		return space != NULL ? space + 1 : NULL;
	return arena_printf(arena, "= %s %s", whole, space != NULL ? space + 1 : "");
}

static const char *
values_echo_digits(struct arena *arena, const char *typed)
{
	const char *digits = text_digits(arena, typed);

	return *digits && strcmp(digits, typed) != 0 ? arena_printf(arena, "= %s", digits)
						     : NULL;
}

/* Beside the box: what its text means, where that is not plain. */
static const char *
values_echo(const struct values *values, struct arena *arena, const Kehu__Field *field,
    const char *typed, const Kehu__Value *value)
{
	int offset_min = values->app->offset_min;
	const char *text;

	switch (field->type) {
	case CAT_DATE:
		return values_echo_day(
		    arena, typed, value->number, date_format(arena, value->number));
	case CAT_MOMENT:
		return values_echo_day(arena, typed, date_of_us(value->number, offset_min),
		    date_format_us(arena, value->number, offset_min));
	case CAT_MONEY:
	case CAT_QUANTITY:
	case CAT_INT:
		text = values_text(values, arena, field, value);
		return strcmp(text, typed) == 0 ? NULL : arena_printf(arena, "= %s", text);
	case CAT_PHONE:
		return values_echo_digits(arena, typed);
	default:
		return NULL;
	}
}

/* Format checks that need no server; it checks again. */
static enum err
values_check_format(const Kehu__Field *field, const char *text)
{
	const char *at = strchr(text, '@');

	if (field->type == CAT_MAIL &&
	    (at == NULL || at == text || at[1] == '\0' || strchr(text, ' ') != NULL))
		return ERR_INVALID;
	if (field->type == CAT_PHONE && strcspn(text, "0123456789") == strlen(text)) {
		struct arena *arena = arena_new(0);
		bool none = *text_digits(arena, text) == '\0';

		arena_free(arena);
		return none ? ERR_INVALID : ERR_OK;
	}
	return ERR_OK;
}

/* Fields that are required but for some codes of this choice, or unless this one is filled. */
static void
values_follow(struct values *values, size_t index, const char *text, const char *code)
{
	const char *name = values->boxes[index].field->name;
	size_t length = strlen(name);

	for (size_t i = 0; i < values->count; i++) {
		const Kehu__Field *field = values->boxes[i].field;
		const char *unless = field != NULL && field->required_unless != NULL
					 ? field->required_unless
					 : "";

		if (strncmp(unless, name, length) != 0)
			continue;
		if (unless[length] == '\0')
			values->fields[i].required = *text == '\0';
		else if (unless[length] == ' ' && code != NULL)
			values->fields[i].required = !text_has_word(unless + length, code);
	}
}

/* A box was left, or all are checked before saving. */
static void
values_check(void *arg, struct form *form, size_t index)
{
	struct values *values = arg;
	const Kehu__Field *field = values->boxes[index].field;
	struct arena *arena;
	Kehu__Value value;
	const char *text;
	enum err err;

	if (field == NULL && lines_grid(values->boxes[index].lines) != NULL)
		form_set_error(form, index, grid_check(lines_grid(values->boxes[index].lines)));
	if (field == NULL || values->fields[index].kind == FORM_SHOW)
		return;
	form_set_echo(form, index, NULL);
	if (field->type == CAT_REF) {
		values_follow(values, index, form_value(form, index), NULL);
		values_resolve(values, index);
		return;
	}
	arena = arena_new(0);
	text = form_value(form, index);
	err = values_get(values, arena, index, &value);
	if (err == ERR_OK && *text)
		err = values_check_format(field, text);
	if (err == ERR_OK)
		values_follow(values, index, text, field->type == CAT_CHOICE ? value.text : NULL);
	if (err != ERR_OK)
		form_set_error(form, index, err_text(err, tr_lang()));
	else if (*text)
		form_set_echo(form, index, values_echo(values, arena, field, text, &value));
	arena_free(arena);
}

bool
values_blame(struct values *values, uint32_t field, const char *text)
{
	size_t index = values_index(values, field);

	if (index == values->count || values->fields[index].kind == FORM_SHOW)
		return false;
	form_set_error(&values->form, index, text);
	return true;
}

/* ---- keys ---- */

void
values_take_code(struct values *values)
{
	size_t index = values->form.focus;
	const struct values_box *box;
	const Kehu__DictionaryItem *item;

	if (index >= values->count || values->fields[index].kind != FORM_CHOICE)
		return;
	box = &values->boxes[index];
	if (form_choice(&values->form, index) >= 0 || *form_value(&values->form, index) == '\0')
		return;
	item = cat_item(cat_dictionary(values->cat, box->field->dictionary),
	    form_value(&values->form, index));
	if (item != NULL && !item->retired)
		edit_set(&values->fields[index].edit, item->label);
}

unsigned
values_key(struct values *values, enum act act, const struct event *event)
{
	unsigned flags;

	if (act != ACT_NONE)
		values_take_code(values);
	flags = form_key(&values->form, act, event);
	if (flags & UI_LOOKUP)
		return values_pick(values);
	if (act == ACT_NONE && event_char(event) == '@' && (flags & UI_CHANGED))
		values_mention(values);
	if (flags & UI_ASK)
		confirm_paste(values->app->ui, &values->fields[values->form.focus].edit);
	if (flags & UI_REFUSED && act == ACT_pick)
		return UI_HANDLED;
	return flags;
}

const char *
values_hint(const struct values *values)
{
	const struct form *form = &values->form;
	const struct form_field *field;
	struct buf text = BUF_INIT;
	const char *copy;

	if (form->focus >= form->count)
		return NULL;
	field = &form->fields[form->focus];
	if (field->kind != FORM_CHOICE)
		return form_hint(form);
	buf_printf(&text, "%s: ", field->label);
	if (field->help != NULL && *field->help)
		buf_printf(&text, "%s  ", field->help);
	for (size_t i = 0; i < field->choice_count; i++)
		buf_printf(&text, "%zu%s ", i + 1, field->choices[i]);
	copy = arena_strdup(cells_scratch(), buf_text(&text));
	buf_fini(&text);
	return copy;
}
