/*
 * Values to SQL and back: the columns of a field with those derived from it, their parameters, and
 * their texts for COPY.
 */
#include "server/record/value_private.h"

#include "common/name.h"
#include "common/pinyin.h"
#include "common/text.h"

#include <inttypes.h>

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
