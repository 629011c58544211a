/*
 * Values: from the wire, checked against their field; printed for people; to the wire with labels.
 * What a type means for people's text and for SQL is in value_text.c and value_sql.c, and nowhere else.
 */
#include "server/record/value_private.h"

#include "common/date.h"
#include "common/money.h"
#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/record/mask.h"

#include <inttypes.h>
#include <string.h>

#define DAY_MIN INT64_C(-719162) /* 0001-01-01 */
#define DAY_MAX INT64_C(2932896) /* 9999-12-31 */

static uint32_t
value_max_chars(const struct field *field)
{
	if (field->max_chars != 0)
		return field->max_chars;
	return field->type == TYPE_BLOCK ? 4000 : 200;
}

bool
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

enum err
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

enum err
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

enum err
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

enum err
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

/* ---- for people -------------------------------------------------------------------------- */

/* The label of a referenced record, as this reader may read that record's label field. */
static const char *
value_print_ref(struct call *call, const struct field *field, const struct value *value)
{
	const struct entity_view *target = call_view_named(call, field->ref);
	const struct field *label = entity_label(target);
	const char *text = value->text;

	if (value->unseen)
		return call_unseen(call);
	if (text == NULL) {
		const struct setup_record *record =
		    access_setup(call->access, target->def->number, value->number);

		text = record != NULL ? record->label : NULL;
	}
	if (text == NULL || label == NULL)
		return arena_printf(call->arena, "#%" PRId64, value->number);
	return label->flags & FIELD_MASKED ? mask_text(call->arena, label, text) : text;
}

void
value_set_label(struct value *value, const char *label)
{
	value->text = label;
	value->unseen = value->present && label == NULL;
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
