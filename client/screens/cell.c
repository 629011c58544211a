/* Values in tables: short forms, widths by type, colours of choices. See cell.h. */
#include "client/screens/cell.h"

#include "common/date.h"
#include "common/text.h"
#include <string.h>

enum {
	CELL_CODE_BYTES = 2,
	CELL_LABEL_MIN = 20,
	CELL_LABEL_WANT = 34,
	CELL_TEXT_MAX = 24,
	CELL_CHOICE_MAX = 12
};

/* The year of today is left out, and the time of day where only the day counts. */
static const char *
cell_moment(const struct app *app, const Kehu__Field *field, int64_t us)
{
	int64_t day = date_of_us(us, app->offset_min);
	struct ymd ymd = date_to_ymd(day), today = date_to_ymd(link_today(app->link));
	const char *text = date_format_us(cells_scratch(), us, app->offset_min);

	if (ymd.year != today.year || ymd.year < 1000)
		return date_format(cells_scratch(), day);
	return field->flags & CAT_FIGURE ? arena_strndup(cells_scratch(), text + 5, 5)
					 : text + 5;
}

const char *
cell_text(const struct app *app, const Kehu__Field *field, const Kehu__Value *value)
{
	struct cat_style style = app_style(app);

	if (field->type == CAT_MOMENT && !cat_value_empty(value) && value->has_number &&
	    !value->masked)
		return cell_moment(app, field, value->number);
	if (field->type == CAT_BOOL && !cat_value_empty(value))
		return value->number ? "x" : "";
	const char *text = cat_value_text(cells_scratch(), app_cat(app), field, value, &style);
	return field->type == CAT_BLOCK ? text_print(cells_scratch(), text, TEXT_LINE) : text;
}

/* Choices that people know by letters (levels A to D), not by words. */
static bool
cell_has_codes(const struct cat *cat, const Kehu__Field *field)
{
	const Kehu__Dictionary *dictionary = cat_dictionary(cat, field->dictionary);

	for (size_t i = 0; dictionary != NULL && i < dictionary->n_items; i++)
		if (strlen(dictionary->items[i]->code) > CELL_CODE_BYTES ||
		    dictionary->items[i]->code[0] < 'A' || dictionary->items[i]->code[0] > 'Z')
			return false;
	return dictionary != NULL;
}

const char *
cell_short(const struct app *app, const Kehu__Field *field, const Kehu__Value *value)
{
	if (field->type == CAT_CHOICE && !cat_value_empty(value) && value->text != NULL &&
	    cell_has_codes(app_cat(app), field))
		return text_print(cells_scratch(), value->text, TEXT_LINE);
	return cell_text(app, field, value);
}

/*
 * Only what is good or bad stands out: a page of rows where every other word changes its
 * attributes costs a slow line more than it tells.
 */
enum role
cell_role(const struct cat *cat, const Kehu__Field *field, const Kehu__Value *value)
{
	static const enum role roles[] = { ROLE_NORMAL, ROLE_NORMAL, ROLE_GOOD, ROLE_WARN,
		ROLE_BAD, ROLE_NORMAL };
	const Kehu__DictionaryItem *item;

	if (field->type != CAT_CHOICE || cat_value_empty(value) || value->text == NULL ||
	    value->masked)
		return ROLE_NORMAL;
	item = cat_item(cat_dictionary(cat, field->dictionary), value->text);
	return item != NULL && item->color < sizeof(roles) / sizeof(roles[0])
		   ? roles[item->color]
		   : ROLE_NORMAL;
}

static int
cell_choice_cols(const struct cat *cat, const Kehu__Field *field)
{
	const Kehu__Dictionary *dictionary = cat_dictionary(cat, field->dictionary);
	size_t cols = 2;

	for (size_t i = 0; dictionary != NULL && i < dictionary->n_items; i++)
		if (dictionary->items[i]->label != NULL &&
		    text_cols(dictionary->items[i]->label) > cols)
			cols = text_cols(dictionary->items[i]->label);
	return cols > CELL_CHOICE_MAX ? CELL_CHOICE_MAX : (int)cols;
}

/* How soon a column goes when the window is narrow: the higher the sooner. */
static int
cell_priority(const Kehu__Field *field, size_t at)
{
	static const int kinds[] = { [CAT_TEXT] = 300,
		[CAT_BLOCK] = 600,
		[CAT_INT] = 250,
		[CAT_BOOL] = 250,
		[CAT_DATE] = 100,
		[CAT_MOMENT] = 100,
		[CAT_MONEY] = 150,
		[CAT_QUANTITY] = 250,
		[CAT_CHOICE] = 150,
		[CAT_REF] = 200,
		[CAT_PHONE] = 400,
		[CAT_MAIL] = 500,
		[CAT_LINK] = 550,
		[CAT_REFS] = 450 };
	int kind = field->type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[field->type] : 600;

	return kind + (int)at;
}

static void
cell_column_cols(const struct cat *cat, const Kehu__Field *field, struct list_column *column)
{
	const Kehu__Entity *target = cat_entity(cat, field->references);
	bool long_name = target != NULL && target->searched;
	int max = field->max_chars > 0 && field->max_chars < CELL_TEXT_MAX
		      ? (int)field->max_chars
		      : CELL_TEXT_MAX;

	switch (field->type) {
	case CAT_DATE:
		column->min_cols = column->want_cols = 10;
		break;
	case CAT_MOMENT:
		column->min_cols = field->flags & CAT_FIGURE ? 10 : 11;
		column->want_cols = column->min_cols;
		break;
	case CAT_MONEY:
		column->min_cols = 12;
		column->want_cols = 18;
		column->align = LIST_RIGHT;
		break;
	case CAT_INT:
	case CAT_QUANTITY:
		column->min_cols = 5;
		column->want_cols = 9;
		column->align = LIST_RIGHT;
		break;
	case CAT_BOOL:
		column->min_cols = column->want_cols = 4;
		break;
	case CAT_CHOICE:
		column->want_cols = cell_choice_cols(cat, field);
		column->min_cols = column->want_cols < 10 ? column->want_cols : 10;
		break;
	case CAT_REF:
		/* Names of companies are long, those of people and places are not. */
		column->min_cols = long_name ? 14 : 8;
		column->want_cols = long_name ? CELL_TEXT_MAX : 14;
		break;
	case CAT_PHONE:
		column->min_cols = 11;
		column->want_cols = 15;
		break;
	default:
		column->min_cols = max < 9 ? max : 9;
		column->want_cols = max;
		break;
	}
}

bool
cell_is_whole(const Kehu__Field *field)
{
	return field->type == CAT_PHONE || field->type == CAT_MONEY ||
	       field->type == CAT_DATE || field->type == CAT_MOMENT || field->type == CAT_INT ||
	       field->type == CAT_QUANTITY;
}

struct list_column
cell_column(
    const struct cat *cat, const Kehu__Entity *entity, const Kehu__Field *field, size_t at)
{
	struct list_column column = { .title = field->label,
		.priority = cell_priority(field, at) };
	int title = (int)text_cols(field->label);

	cell_column_cols(cat, field, &column);
	if (field->number == entity->label_field) {
		column.min_cols = CELL_LABEL_MIN;
		column.want_cols = CELL_LABEL_WANT;
		column.stretch = true;
		column.priority = 0;
	}
	/* A title cut short is no title; one cell more shows the order. */
	if (column.min_cols < title && title <= 8)
		column.min_cols = title;
	if (column.want_cols < column.min_cols)
		column.want_cols = column.min_cols;
	return column;
}
