/*
 * Values from the text of people and of files: numbers, yes and no, days, money, set-up records by
 * any of their names. Checking what came out is value.c's.
 */
#include "server/record/value_private.h"

#include "common/date.h"
#include "common/money.h"
#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"

#include <stdlib.h>
#include <string.h>

static enum err
value_parse_int(const char *text, int64_t *number)
{
	return money_parse(text, 0, number);
}

static enum err
value_parse_bool(struct arena *arena, const char *text, int64_t *number)
{
	static const char *const yes[] = { "1", "y", "yes", "true", "t", "on", "是", "有", "对",
		NULL };
	static const char *const no[] = { "0", "n", "no", "false", "f", "off", "否", "无", "不",
		NULL };
	const char *folded = text_fold(arena, text);

	for (size_t i = 0; yes[i] != NULL; i++)
		if (strcmp(yes[i], folded) == 0) {
			*number = 1;
			return ERR_OK;
		}
	for (size_t i = 0; no[i] != NULL; i++)
		if (strcmp(no[i], folded) == 0) {
			*number = 0;
			return ERR_OK;
		}
	return ERR_INVALID;
}

/* What people leave off a division's name: 深圳 is 深圳市, 内蒙古 is 内蒙古自治区. */
static bool
value_is_region_suffix(const char *rest)
{
	static const char *const suffixes[] = { "省", "市", "区", "县", "自治区", "壮族自治区",
		"回族自治区", "维吾尔自治区", "特别行政区", "地区", "盟", "自治州", "自治县" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(rest, suffixes[i]) == 0)
			return true;
	return false;
}

/* Provinces were stored before cities and those before districts: the first that fits is the
 * widest. */
static enum err
value_parse_region(struct call *call, const char *folded, int64_t *id)
{
	size_t count = access_setup_count(call->access, E_region), bytes = strlen(folded);

	for (size_t i = 0; bytes > 0 && i < count; i++) {
		const struct setup_record *record = access_setup_at(call->access, E_region, i);

		/* Of provinces any beginning will do: 内蒙 is 内蒙古自治区. */
		if (strncmp(record->label, folded, bytes) == 0 &&
		    (record->parent == 0 || value_is_region_suffix(record->label + bytes))) {
			*id = record->id;
			return ERR_OK;
		}
	}
	return ERR_NO_SUCH_RECORD;
}

/* A set-up record by id ("#12", "12"), second name, label, or initials when one alone fits. */
static enum err
value_parse_setup(struct call *call, uint32_t entity, const char *text, int64_t *id)
{
	const struct field *label = entity_label(call_view(call, entity));
	const char *folded = text_fold(call->arena, text);
	size_t count = access_setup_count(call->access, entity), by_label = 0, by_pinyin = 0;
	int64_t label_id = 0, pinyin_id = 0;

	/* Names that are not shown are not for comparing either. */
	if (label == NULL || (label->flags & FIELD_MASKED) != 0)
		return ERR_NO_SUCH_RECORD;
	for (size_t i = 0; i < count; i++) {
		const struct setup_record *record = access_setup_at(call->access, entity, i);

		if (record->key[0] != '\0' && strcmp(record->folded_key, folded) == 0) {
			*id = record->id;
			return ERR_OK;
		}
		if (strcmp(record->folded, folded) == 0) {
			label_id = record->id;
			by_label++;
		} else if (strcmp(record->pinyin, folded) == 0) {
			pinyin_id = record->id;
			by_pinyin++;
		}
	}
	if (by_label == 1 || (by_label == 0 && by_pinyin == 1)) {
		*id = by_label == 1 ? label_id : pinyin_id;
		return ERR_OK;
	}
	if (by_label > 1)
		return ERR_NARROW;
	return entity == E_region ? value_parse_region(call, folded, id) : ERR_NO_SUCH_RECORD;
}

static enum err
value_parse_ref(struct call *call, const struct field *field, const char *text, int64_t *id)
{
	const struct entity_view *target = catalog_entity_named(call->catalog, field->ref);
	const char *digits = text[0] == '#' ? text + 1 : text;
	char *end;
	int64_t number;

	if (target->def->number == E_user &&
	    (strcmp(text, "me") == 0 || strcmp(text, "我") == 0)) {
		*id = call->session.user;
		return ERR_OK;
	}
	number = strtoll(digits, &end, 10);
	if (*end == '\0' && end != digits && number > 0 &&
	    value_check_ref(call, field, number) == ERR_OK) {
		*id = number;
		return ERR_OK;
	}
	if (target->def->kind != ENTITY_SETUP)
		return ERR_NO_SUCH_RECORD;
	return value_parse_setup(call, target->def->number, text, id);
}

static enum err
value_parse_money(struct call *call, const char *text, struct value *value)
{
	char currency[4] = "CNY";
	const char *space = strrchr(text, ' ');
	char *amount = arena_strdup(call->arena, text);
	int64_t minor;
	enum err err;

	if (space != NULL && strlen(space + 1) == 3 && money_decimals(space + 1) >= 0) {
		memcpy(currency, space + 1, 4);
		amount[space - text] = '\0';
	}
	err = money_parse(amount, money_decimals(currency), &minor);
	if (err != ERR_OK)
		return err;
	if (minor <= -NUMBER_LIMIT || minor >= NUMBER_LIMIT)
		return ERR_TOO_LARGE;
	return value_check_money(arena_strdup(call->arena, currency), minor, value);
}

enum err
value_from_text(
    struct call *call, const struct field *field, const char *text, struct value *value)
{
	const struct dictionary_item *item;
	const char *clean;
	int64_t number = 0;
	enum err err;

	*value = (struct value){ 0 };
	if (value_is_text(field))
		return value_check_text(call, field, text, strlen(text), value);
	err = text_clean(call->arena, text, strlen(text), TEXT_LINE, &clean);
	if (err != ERR_OK || clean[0] == '\0')
		return err;
	switch (field->type) {
	case TYPE_CHOICE:
		item = dictionary_item_called(
		    catalog_dictionary(call->catalog, field->dict), clean);
		item = dictionary_item_used(catalog_dictionary(call->catalog, field->dict), item);
		if (item == NULL)
			return ERR_NOT_IN_LIST;
		*value = (struct value){ .present = true, .text = item->code };
		return ERR_OK;
	case TYPE_MONEY:
		return value_parse_money(call, clean, value);
	case TYPE_BOOL:
		err = value_parse_bool(call->arena, clean, &number);
		break;
	case TYPE_DATE:
		err = date_parse(clean, call_today(call), false, &number);
		break;
	case TYPE_MOMENT:
		err = date_parse_us(clean, date_now_us(), call->session.offset_min, &number);
		if (err != ERR_OK &&
		    date_parse(clean, call_today(call), false, &number) == ERR_OK) {
			number = number * US_PER_DAY -
				 (int64_t)call->session.offset_min * 60 * US_PER_SECOND;
			err = ERR_OK;
		}
		break;
	case TYPE_QUANTITY:
		err = money_parse(clean, (int)field->decimals, &number);
		break;
	case TYPE_REF:
		err = value_parse_ref(call, field, clean, &number);
		break;
	default:
		err = value_parse_int(clean, &number);
		break;
	}
	if (err == ERR_OK)
		err = value_check_number(field, number);
	if (err == ERR_OK)
		*value = (struct value){ .present = true, .number = number };
	return err;
}
