/*
 * Values as people read and type them, by the type of their field. References by name are asked
 * of the server by whoever needs them; everything else is decided here without it.
 */
#include "client/link/bits.h"

#include "common/date.h"
#include "common/money.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CAT_CURRENCY "CNY"

const Kehu__Value *
cat_value(const Kehu__Record *record, uint32_t field)
{
	for (size_t i = 0; i < record->n_values; i++)
		if (record->values[i]->field == field)
			return record->values[i];
	return NULL;
}

bool
cat_value_empty(const Kehu__Value *value)
{
	return value == NULL ||
	       (!value->has_number && (value->text == NULL || value->text[0] == '\0'));
}

/* ---- out ---- */

/* "2026-11-23T06:05:00Z": one form for machines, whatever the clock. */
static const char *
cat_moment_plain(struct arena *arena, int64_t us)
{
	int64_t day = date_of_us(us, 0), second = (us - day * US_PER_DAY) / US_PER_SECOND;

	return arena_printf(arena, "%sT%02d:%02d:%02dZ", date_format(arena, day),
	    (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
}

static const char *
cat_choice_text(const struct cat *cat, const Kehu__Field *field, const char *code,
    const struct cat_style *style)
{
	const Kehu__DictionaryItem *item =
	    style->plain ? NULL : cat_item(cat_dictionary(cat, field->dictionary), code);

	return item != NULL && item->label != NULL ? item->label : code;
}

/* "1,200" for 1,200.0000: nobody types the noughts, and nobody reads them. */
static const char *
cat_quantity(struct arena *arena, const Kehu__Field *field, int64_t number, bool plain)
{
	const char *text = money_format(arena, number, (int)field->decimals, plain);
	size_t length = strlen(text);

	if (plain || strchr(text, '.') == NULL)
		return text;
	while (text[length - 1] == '0')
		length--;
	if (text[length - 1] == '.')
		length--;
	return arena_strndup(arena, text, length);
}

static const char *
cat_number_text(struct arena *arena, const struct cat *cat, const Kehu__Field *field,
    const Kehu__Value *value, const struct cat_style *style)
{
	const char *currency = value->text != NULL ? value->text : CAT_CURRENCY;
	int decimals = money_decimals(currency);

	switch (field->type) {
	case CAT_BOOL:
		if (style->plain)
			return value->number ? "true" : "false";
		if (style->lang == LANG_ZH)
			return value->number ? "是" : "否";
		return value->number ? "yes" : "no";
	case CAT_DATE:
		return date_format(arena, value->number);
	case CAT_MOMENT:
		return style->plain ? cat_moment_plain(arena, value->number)
				    : date_format_us(arena, value->number, style->offset_min);
	case CAT_MONEY:
		return arena_printf(arena, "%s %s",
		    money_format(
			arena, value->number, decimals < 0 ? 2 : decimals, style->plain),
		    currency);
	case CAT_QUANTITY:
		return cat_quantity(arena, field, value->number, style->plain);
	case CAT_REF:
		return value->text != NULL ? value->text
					   : arena_printf(arena, "#%" PRId64, value->number);
	default:
		if (field->bits != NULL && field->bits[0] != '\0')
			return bits_text(arena, cat, field->bits, field->dictionary,
			    value->number, style->plain);
		return arena_printf(arena, "%" PRId64, value->number);
	}
}

const char *
cat_value_text(struct arena *arena, const struct cat *cat, const Kehu__Field *field,
    const Kehu__Value *value, const struct cat_style *style)
{
	const char *text = "";

	if (cat_value_empty(value))
		return "";
	if (value->masked || !value->has_number)
		text = value->text != NULL ? value->text : "";
	else if (field != NULL)
		text = cat_number_text(arena, cat, field, value, style);
	if (field != NULL && field->type == CAT_CHOICE && !value->masked)
		text = cat_choice_text(cat, field, text, style);
	bool block = field != NULL && field->type == CAT_BLOCK;
	return text_print(arena, text, block ? TEXT_BLOCK : TEXT_LINE);
}

/* ---- in ---- */

static enum err
cat_parse_bool(struct arena *arena, const char *text, int64_t *number)
{
	static const char *const words[2][8] = {
		{ "0", "n", "no", "false", "f", "off", "否", "无" },
		{ "1", "y", "yes", "true", "t", "on", "是", "有" },
	};
	const char *folded = text_fold(arena, text);

	for (int truth = 0; truth < 2; truth++)
		for (size_t i = 0; i < 8; i++)
			if (strcmp(words[truth][i], folded) == 0) {
				*number = truth;
				return ERR_OK;
			}
	return ERR_INVALID;
}

/* "320000", "32w", "100 USD", "USD 100". */
static enum err
cat_parse_money(struct arena *arena, const char *text, Kehu__Value *value)
{
	char *amount = text_fold_width(arena, text);
	size_t bytes = strlen(amount);
	char currency[4] = CAT_CURRENCY, code[4] = { 0 };

	if (bytes > 4 && amount[bytes - 4] == ' ')
		memcpy(code, amount + bytes - 3, 3);
	if (code[0] != '\0' && money_decimals(code) >= 0) {
		amount[bytes - 4] = '\0';
		memcpy(currency, code, sizeof(currency));
	} else if (bytes > 4 && amount[3] == ' ') {
		memcpy(code, amount, 3);
		if (money_decimals(code) >= 0) {
			amount += 4;
			memcpy(currency, code, sizeof(currency));
		}
	}
	value->text = arena_strdup(arena, currency);
	return money_parse(amount, money_decimals(currency), &value->number);
}

/* "#12" and "12" are ids; a name is the server's to find. */
static enum err
cat_parse_id(const char *text, int64_t *number)
{
	const char *digits = text[0] == '#' ? text + 1 : text;
	char *end;

	long long id = strtoll(digits, &end, 10);
	if (end == digits || *end != '\0' || id <= 0 || id == INT64_MAX || digits[0] == '+')
		return ERR_NOT_IN_LIST;
	*number = id;
	return ERR_OK;
}

static enum err
cat_parse_choice(struct arena *arena, const struct cat *cat, const Kehu__Field *field,
    const char *text, Kehu__Value *value)
{
	const Kehu__DictionaryItem *item =
	    cat_item_called(cat_dictionary(cat, field->dictionary), text);

	if (item == NULL)
		return ERR_NOT_IN_LIST;
	value->text = arena_strdup(arena, item->code);
	return ERR_OK;
}

static enum err
cat_parse_text(
    struct arena *arena, const Kehu__Field *field, const char *clean, Kehu__Value *value)
{
	if (field->max_chars > 0 && text_chars(clean) > field->max_chars)
		return ERR_TOO_LONG;
	value->text = arena_strdup(arena, clean);
	return ERR_OK;
}

static enum err
cat_parse_number(struct arena *arena, const struct cat *cat, const Kehu__Field *field,
    const char *text, const struct cat_now *now, Kehu__Value *value)
{
	switch (field->type) {
	case CAT_INT:
		if (field->bits != NULL && field->bits[0] != '\0')
			return bits_parse(
			    arena, cat, field->bits, field->dictionary, text, &value->number);
		return money_parse(text, 0, &value->number);
	case CAT_QUANTITY:
		return money_parse(text, (int)field->decimals, &value->number);
	case CAT_BOOL:
		return cat_parse_bool(arena, text, &value->number);
	case CAT_DATE:
		return date_parse(text, now->today, false, &value->number);
	case CAT_MOMENT:
		return date_parse_us(text, now->now_us, now->offset_min, &value->number);
	case CAT_MONEY:
		return cat_parse_money(arena, text, value);
	case CAT_REF:
		return cat_parse_id(text, &value->number);
	default:
		return ERR_READ_ONLY; /* many references are set by actions */
	}
}

enum err
cat_value_parse(struct arena *arena, const struct cat *cat, const Kehu__Field *field,
    const char *text, const struct cat_now *now, Kehu__Value *value)
{
	const char *clean;

	kehu__value__init(value);
	value->has_field = true;
	value->field = field->number;
	enum err err = text_clean(arena, text, strlen(text),
	    field->type == CAT_BLOCK ? TEXT_BLOCK : TEXT_LINE, &clean);
	if (err != ERR_OK || clean[0] == '\0')
		return err;
	switch (field->type) {
	case CAT_TEXT:
	case CAT_BLOCK:
	case CAT_PHONE:
	case CAT_MAIL:
	case CAT_LINK:
		return cat_parse_text(arena, field, clean, value);
	case CAT_CHOICE:
		return cat_parse_choice(arena, cat, field, clean, value);
	default:
		err = cat_parse_number(arena, cat, field, clean, now, value);
		value->has_number = err == ERR_OK;
		return err;
	}
}
