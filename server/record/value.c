/*
 * Values: from the wire and from people's text, checked against their field; to SQL and back;
 * to the wire with labels. What a type means in each of these places is here and nowhere else.
 */
#include "server/record/record.h"

#include "common/date.h"
#include "common/log.h"
#include "common/money.h"
#include "common/name.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/record/mask.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_LIMIT                                                                           \
	INT64_C(1000000000000000) /* 10^15: sums of a million rows stay in 64 bits */
#define DAY_MIN  INT64_C(-719162) /* 0001-01-01 */
#define DAY_MAX  INT64_C(2932896) /* 9999-12-31 */
#define REFS_MAX 100

static uint32_t
value_max_chars(const struct field *field)
{
	if (field->max_chars != 0)
		return field->max_chars;
	return field->type == TYPE_BLOCK ? 4000 : 200;
}

static bool
value_is_text(const struct field *field)
{
	switch (field->type) {
	case TYPE_TEXT:
	case TYPE_BLOCK:
	case TYPE_PHONE:
	case TYPE_MAIL:
	case TYPE_LINK:
		return true;
	default:
		return false;
	}
}

/* ---- checks ------------------------------------------------------------------------------ */

/* One '@', no spaces, something on both sides: what can be told without asking the mail server.
 */
static bool
value_mail_ok(const char *mail)
{
	const char *at = strchr(mail, '@');

	return at != NULL && at != mail && strchr(at + 1, '@') == NULL &&
	       strchr(at + 1, '.') != NULL && at[1] != '.' && mail[strlen(mail) - 1] != '.' &&
	       strpbrk(mail, " ,;<>\"") == NULL;
}

static bool
value_phone_ok(struct arena *arena, const char *phone)
{
	return strlen(text_digits(arena, phone)) >= 3;
}

static enum err
value_check_text(struct call *call, const struct field *field, const char *text, size_t bytes,
    struct value *value)
{
	const char *clean;
	enum err err = text_clean(call->arena, text, bytes,
	    field->type == TYPE_BLOCK ? TEXT_BLOCK : TEXT_LINE, &clean);

	if (err != ERR_OK)
		return err;
	if (clean[0] == '\0') {
		*value = (struct value){ 0 };
		return ERR_OK;
	}
	if (text_chars(clean) > value_max_chars(field))
		return ERR_TOO_LONG;
	if (field->type == TYPE_MAIL && !value_mail_ok(clean))
		return ERR_INVALID;
	if (field->type == TYPE_PHONE && !value_phone_ok(call->arena, clean))
		return ERR_INVALID;
	*value = (struct value){ .present = true, .text = clean };
	return ERR_OK;
}

static enum err
value_check_number(const struct field *field, int64_t number)
{
	switch (field->type) {
	case TYPE_BOOL:
		return number == 0 || number == 1 ? ERR_OK : ERR_INVALID;
	case TYPE_DATE:
		return number >= DAY_MIN && number <= DAY_MAX ? ERR_OK : ERR_NOT_A_DATE;
	case TYPE_MOMENT:
		return number >= DAY_MIN * US_PER_DAY && number <= DAY_MAX * US_PER_DAY
			   ? ERR_OK
			   : ERR_NOT_A_DATE;
	case TYPE_REF:
		return number > 0 ? ERR_OK : ERR_NO_SUCH_RECORD;
	default:
		return number > -NUMBER_LIMIT && number < NUMBER_LIMIT ? ERR_OK : ERR_TOO_LARGE;
	}
}

/* A reference to a set-up record must be there; others are checked by the save, under their
 * arms. */
static enum err
value_check_ref(struct call *call, const struct field *field, int64_t id)
{
	const struct entity_view *target = catalog_entity_named(call->catalog, field->ref);

	if (target == NULL || target->def->kind != ENTITY_SETUP)
		return ERR_OK;
	return access_setup(call->access, target->def->number, id) != NULL ? ERR_OK
									   : ERR_NO_SUCH_RECORD;
}

/* A temporary id stands for the record that an earlier step of the same call made. */
static bool
value_find_made(const struct call *call, const struct field *field, int64_t temporary, int64_t *id)
{
	const struct entity_view *target = catalog_entity_named(call->catalog, field->ref);

	for (size_t i = 0; i < call->made_count; i++)
		if (call->made[i].temporary == temporary &&
		    call->made[i].entity == target->def->number) {
			*id = call->made[i].id;
			return true;
		}
	return false;
}

static enum err
value_check_choice(
    struct call *call, const struct field *field, const char *code, struct value *value)
{
	const struct dictionary *dictionary = catalog_dictionary(call->catalog, field->dict);
	const struct dictionary_item *item = dictionary_item_used(dictionary, dictionary_item(dictionary, code));

	if (item == NULL)
		return ERR_NOT_IN_LIST;
	*value = (struct value){ .present = true, .text = item->code };
	return ERR_OK;
}

static enum err
value_check_money(const char *currency, int64_t minor, struct value *value)
{
	if (currency == NULL || currency[0] == '\0')
		currency = "CNY";
	if (money_decimals(currency) < 0)
		return ERR_NOT_IN_LIST;
	*value = (struct value){ .present = true, .number = minor, .text = currency };
	return ERR_OK;
}

enum err
value_from_wire(
    struct call *call, const struct field *field, const Kehu__Value *wire, struct value *value)
{
	enum err err;

	*value = (struct value){ 0 };
	if (wire->has_masked && wire->masked)
		return ERR_READ_ONLY; /* a masked form must never come back as the value */
	if (value_is_text(field))
		return wire->text == NULL ? ERR_OK
					  : value_check_text(call, field, wire->text,
						strlen(wire->text), value);
	if (field->type == TYPE_CHOICE)
		return wire->text == NULL || wire->text[0] == '\0'
			   ? ERR_OK
			   : value_check_choice(call, field, wire->text, value);
	if (!wire->has_number)
		return wire->text != NULL && wire->text[0] != '\0' && field->type != TYPE_REF
			   ? ERR_NOT_A_NUMBER
			   : ERR_OK;
	if (field->type == TYPE_REF && wire->number < 0) {
		value->present = value_find_made(call, field, wire->number, &value->number);
		return value->present ? ERR_OK : ERR_NO_SUCH_RECORD;
	}
	err = value_check_number(field, wire->number);
	if (err == ERR_OK && field->type == TYPE_MONEY)
		return value_check_money(
		    arena_strdup(call->arena, wire->text), wire->number, value);
	if (err == ERR_OK && field->type == TYPE_REF)
		err = value_check_ref(call, field, wire->number);
	if (err == ERR_OK)
		*value = (struct value){ .present = true, .number = wire->number };
	return err;
}

/* ---- people's text ----------------------------------------------------------------------- */

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

/* The label of a referenced record, as this reader may read that record's label field. */
static const char *
value_print_ref(struct call *call, const struct field *field, const struct value *value)
{
	const struct entity_view *target = call_view_named(call, field->ref);
	const struct field *label = entity_label(target);
	const char *text = value->text;

	if (text == NULL) {
		const struct setup_record *record =
		    access_setup(call->access, target->def->number, value->number);

		text = record != NULL ? record->label : NULL;
	}
	if (text == NULL || label == NULL)
		return arena_printf(call->arena, "#%" PRId64, value->number);
	return label->flags & FIELD_MASKED ? mask_text(call->arena, label, text) : text;
}

/* "查看 修改": the labels of the bits. */
static const char *
value_print_bits(struct call *call, const struct field *field, int64_t bits)
{
	char *copy = arena_strdup(call->arena, field->bits), *save = NULL;
	const char *text = "";

	for (char *code = strtok_r(copy, " ", &save); code != NULL;
	     code = strtok_r(NULL, " ", &save), bits >>= 1)
		if (bits & 1)
			text = arena_printf(call->arena, "%s%s%s", text, *text ? " " : "",
			    dictionary_label(call->catalog, field, code, call->session.lang));
	return text;
}

const char *
value_print(struct call *call, const struct field *field, const struct value *value)
{
	if (!value->present)
		return "";
	switch (field->type) {
	case TYPE_CHOICE:
		return dictionary_label(call->catalog, field, value->text, call->session.lang);
	case TYPE_BOOL:
		return value->number ? call_say(call, "yes", "是") : call_say(call, "no", "否");
	case TYPE_DATE:
		return date_format(call->arena, value->number);
	case TYPE_MOMENT:
		return date_format_us(call->arena, value->number, call->session.offset_min);
	case TYPE_MONEY:
		return arena_printf(call->arena, "%s %s",
		    money_format(
			call->arena, value->number, money_decimals(value->text), false),
		    value->text);
	case TYPE_QUANTITY:
		return money_format(call->arena, value->number, (int)field->decimals, false);
	case TYPE_INT:
		return field->bits != NULL
			   ? value_print_bits(call, field, value->number)
			   : arena_printf(call->arena, "%" PRId64, value->number);
	case TYPE_REF:
		return value_print_ref(call, field, value);
	default:
		return value->text != NULL ? value->text : "";
	}
}

/* The reader's own form of a field; NULL: hidden. */
static const struct field *
value_seen(const struct call *call, const struct entity *entity, const struct field *field)
{
	if (field->flags & FIELD_VIEWED)
		return field;
	return entity_field(access_view(call->user, entity), field->number);
}

const char *
value_show(struct call *call, const struct entity *entity, const struct field *field,
    const struct value *value)
{
	const char *text;

	field = value_seen(call, entity, field);
	if (field == NULL || !value->present)
		return "";
	text = value_print(call, field, value);
	return field->flags & FIELD_MASKED ? mask_text(call->arena, field, text) : text;
}

bool
value_same(const struct field *field, const struct value *a, const struct value *b)
{
	if (a->present != b->present)
		return false;
	if (!a->present)
		return true;
	if (value_is_text(field) || field->type == TYPE_CHOICE)
		return strcmp(a->text, b->text) == 0;
	if (field->type == TYPE_REFS)
		return a->count == b->count &&
		       (a->count == 0 ||
			   memcmp(a->numbers, b->numbers, a->count * sizeof(int64_t)) == 0);
	return a->number == b->number &&
	       (field->type != TYPE_MONEY || strcmp(a->text, b->text) == 0);
}

/* ---- SQL --------------------------------------------------------------------------------- */

void
value_select(struct sql *sql, const struct field *field, const char *alias)
{
	sql_addf(sql, "%s.%s", alias, field->name);
	if (field->type == TYPE_MONEY)
		sql_addf(sql, ", %s.%s_currency", alias, field->name);
}

struct value
value_from_row(struct arena *arena, const struct field *field, const struct rows *rows,
    size_t row, size_t *column)
{
	size_t at = (*column)++;
	struct value value = { .present = !rows_null(rows, row, at) };

	if (field->type == TYPE_MONEY)
		(*column)++;
	if (!value.present)
		return value;
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_REF:
		value.number = rows_int(rows, row, at);
		break;
	case TYPE_BOOL:
		value.number = rows_bool(rows, row, at);
		break;
	case TYPE_DATE:
		value.number = rows_date(rows, row, at);
		break;
	case TYPE_MOMENT:
		value.number = rows_moment(rows, row, at);
		break;
	case TYPE_MONEY:
		value.number = rows_int(rows, row, at);
		value.text = rows_text(rows, row, at + 1);
		if (value.text == NULL)
			value.text = "CNY";
		break;
	case TYPE_REFS:
		value.count =
		    rows_ints(arena, rows, row, at, (int64_t **)(uintptr_t)&value.numbers);
		break;
	default:
		value.text = rows_text(rows, row, at);
		break;
	}
	return value;
}

void
value_bind(struct sql *sql, const struct field *field, const struct value *value)
{
	switch (field->type) {
	case TYPE_BOOL:
		if (value->present)
			sql_bool(sql, value->number != 0);
		else
			sql_null(sql, "boolean");
		break;
	case TYPE_DATE:
		if (value->present)
			sql_date(sql, value->number);
		else
			sql_null(sql, "date");
		break;
	case TYPE_MOMENT:
		if (value->present)
			sql_moment(sql, value->number);
		else
			sql_null(sql, "timestamptz");
		break;
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_REF:
	case TYPE_MONEY:
		if (value->present)
			sql_int(sql, value->number);
		else
			sql_null(sql, "bigint");
		break;
	case TYPE_REFS:
		sql_ints(sql, value->numbers, value->present ? value->count : 0);
		break;
	default:
		sql_text(sql, value->present ? value->text : NULL);
		break;
	}
}

/*
 * The columns derived from a value: money's currency, a phone's digits, a text's sort key, and a
 * name as it is compared and as it sounds.
 */
enum derived {
	DERIVED_NONE, /* ends a list */
	DERIVED_CURRENCY,
	DERIVED_DIGITS,
	DERIVED_KEY,
	DERIVED_ALIKE,
	DERIVED_SOUND,
};
enum { DERIVED_MAX = 4 };

static const char *const derived_suffix[] = { "", "_currency", "_digits", "_key", "_alike", "_sound" };

static void
value_derived(const struct field *field, enum derived list[static DERIVED_MAX])
{
	size_t count = 0;

	if (field->type == TYPE_MONEY)
		list[count++] = DERIVED_CURRENCY;
	if (field->type == TYPE_PHONE)
		list[count++] = DERIVED_DIGITS;
	if (field->type == TYPE_TEXT && (field->flags & FIELD_SORT) != 0)
		list[count++] = DERIVED_KEY;
	if ((field->flags & FIELD_ALIKE) != 0) {
		list[count++] = DERIVED_ALIKE;
		if ((field->flags & FIELD_SORT) != 0)
			list[count++] = DERIVED_SOUND;
	}
	list[count] = DERIVED_NONE;
}

static const char *
value_derived_text(struct call *call, const struct field *field, enum derived derived,
    const struct value *value)
{
	const char *text = NULL;

	if (value->present)
		switch (derived) {
		case DERIVED_CURRENCY:
			text = value->text;
			break;
		case DERIVED_DIGITS:
			text = text_digits(call->arena, value->text);
			break;
		case DERIVED_ALIKE:
			text = name_alike(call->arena, value->text);
			break;
		case DERIVED_SOUND:
			text = name_sound(call->arena, name_alike(call->arena, value->text));
			break;
		default:
			text = pinyin_sort_key(call->arena, value->text,
			    field->flags & FIELD_PERSON ? PINYIN_PERSON : PINYIN_NAME);
		}
	return text;
}

static void
value_bind_derived(struct call *call, struct sql *sql, const struct field *field, enum derived derived,
    const struct value *value)
{
	sql_text(sql, value_derived_text(call, field, derived, value));
}

static const char *
value_copy_text(struct call *call, const struct field *field, const struct value *value)
{
	if (!value->present)
		return NULL;
	if (value_is_text(field) || field->type == TYPE_CHOICE)
		return value->text;
	return arena_printf(call->arena, "%" PRId64, value->number);
}

size_t
value_texts(struct call *call, const struct field *field, const struct value *value,
    const char *texts[VALUE_COLUMNS_MAX])
{
	enum derived derived[DERIVED_MAX];
	size_t count = 0;

	value_derived(field, derived);
	texts[count++] = value_copy_text(call, field, value);
	for (const enum derived *d = derived; *d != DERIVED_NONE; d++)
		texts[count++] = value_derived_text(call, field, *d, value);
	return count;
}

const char *
value_cast(const struct field *field, size_t column)
{
	if (column > 0)
		return "%s";
	switch (field->type) {
	case TYPE_BOOL:
		return "coalesce(%s::bigint, 0) <> 0";
	case TYPE_DATE:
		return "date '1970-01-01' + %s::integer";
	case TYPE_MOMENT:
		return "timestamptz '1970-01-01 00:00+00' + %s::bigint * interval '1 microsecond'";
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_REF:
	case TYPE_MONEY:
		return "%s::bigint";
	default:
		return "%s";
	}
}

void
value_columns(struct sql *sql, const struct field *field)
{
	enum derived derived[DERIVED_MAX];

	value_derived(field, derived);
	sql_add(sql, field->name);
	for (const enum derived *d = derived; *d != DERIVED_NONE; d++)
		sql_addf(sql, ", %s%s", field->name, derived_suffix[*d]);
}

void
value_bind_all(
    struct call *call, struct sql *sql, const struct field *field, const struct value *value)
{
	enum derived derived[DERIVED_MAX];

	value_derived(field, derived);
	value_bind(sql, field, value);
	for (const enum derived *d = derived; *d != DERIVED_NONE; d++) {
		sql_add(sql, ", ");
		value_bind_derived(call, sql, field, *d, value);
	}
}

void
value_assign(
    struct call *call, struct sql *sql, const struct field *field, const struct value *value)
{
	enum derived derived[DERIVED_MAX];

	value_derived(field, derived);
	sql_addf(sql, "%s = ", field->name);
	value_bind(sql, field, value);
	for (const enum derived *d = derived; *d != DERIVED_NONE; d++) {
		sql_addf(sql, ", %s%s = ", field->name, derived_suffix[*d]);
		value_bind_derived(call, sql, field, *d, value);
	}
}

/* ---- to the wire ------------------------------------------------------------------------- */

static char *
value_lend(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void
value_put_clear(
    struct call *call, const struct field *field, const struct value *value, Kehu__Value *wire)
{
	if (field->type == TYPE_REF) {
		wire->has_number = true;
		wire->number = value->number;
		wire->text = value_lend(value_print(call, field, value));
	} else if (value_is_text(field) || field->type == TYPE_CHOICE ||
		   field->type == TYPE_REFS) {
		wire->text = value_lend(value->text);
	} else {
		wire->has_number = true;
		wire->number = value->number;
		wire->text = field->type == TYPE_MONEY ? value_lend(value->text) : NULL;
	}
}

void
value_fill_clear(
    struct call *call, const struct field *field, const struct value *value, Kehu__Value *wire)
{
	kehu__value__init(wire);
	wire->has_field = true;
	wire->field = field->number;
	if (value->present)
		value_put_clear(call, field, value, wire);
}

void
value_fill_wire(struct call *call, const struct entity *entity, const struct field *field,
    const struct value *value, bool with_field, Kehu__Value *wire)
{
	const struct field *seen = value_seen(call, entity, field);

	kehu__value__init(wire);
	if (with_field) {
		wire->has_field = true;
		wire->field = field->number;
	}
	if (!value->present || seen == NULL)
		return;
	if (seen->flags & FIELD_MASKED) {
		wire->has_masked = wire->masked = true;
		wire->text = value_lend(value_show(call, entity, seen, value));
	} else {
		value_put_clear(call, seen, value, wire);
	}
}

Kehu__Value *
value_to_wire(struct call *call, const struct entity *entity, const struct field *field,
    const struct value *value, bool with_field)
{
	Kehu__Value *wire = ARENA_NEW(call->arena, Kehu__Value);

	value_fill_wire(call, entity, field, value, with_field, wire);
	return wire;
}
