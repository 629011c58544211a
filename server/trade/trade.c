/*
 * Small things that the rules of trade share.
 */
#include "server/trade/trade.h"

#include "common/money.h"
#include "common/text.h"
#include "server/record/store_tree.h"

#include <stdlib.h>
#include <string.h>

static int
trade_decimals(const char *currency)
{
	int decimals = money_decimals(currency);

	return decimals >= 0 ? decimals : money_decimals(PRICE_BASE);
}

enum err
trade_total(struct call *call, struct price_line *lines, size_t count, const char *currency,
    bool tax_included, struct price_total *total)
{
	(void)call;
	return price_total(lines, count, trade_decimals(currency), tax_included, total);
}

enum err
trade_base(int64_t amount_minor, const char *currency, int64_t rate, int64_t *base_minor)
{
	return price_to_base(amount_minor, trade_decimals(currency), rate, base_minor);
}

enum err
trade_rate(struct call *call, const struct record *record, uint32_t field, const char *currency,
    int64_t day, int64_t *rate)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_rate(");
	sql_text(sql, currency);
	sql_add(sql, ", ");
	sql_date(sql, day);
	sql_add(sql, ")");
	sql_named(sql);
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows_null(rows, 0, 0))
		return CALL_FAIL(
		    call, ERR_NO_RATE, .entity = record->entity->def->number, .field = field);
	*rate = rows_int(rows, 0, 0);
	return ERR_OK;
}

void
trade_set_money(struct record *record, uint32_t field, int64_t minor, const char *currency)
{
	size_t at = record_position(record->entity, field);
	struct value value = { .present = true, .number = minor, .text = currency };

	if (value_same(record->entity->fields[at], &record->values[at], &value))
		return;
	record->values[at] = value;
	record->changed[at] = true;
}

void
trade_copy(struct record *to, const struct record *from, const uint32_t *pairs)
{
	for (; pairs[0] != 0; pairs += 2) {
		size_t at = record_position(to->entity, pairs[1]);

		to->values[at] = *record_value(from, pairs[0]);
		to->changed[at] = true;
	}
}

void
trade_copy_lines(struct call *call, struct record *to, uint32_t to_entity,
    const struct record *from, uint32_t from_entity)
{
	struct record **lines;
	size_t count = trade_lines(call, from, from_entity, &lines);

	for (size_t i = 0; i < count; i++) {
		struct record *line = record_make_line(call, to, to_entity, count);

		for (size_t f = 0; f < lines[i]->entity->field_count; f++) {
			uint32_t number = lines[i]->entity->fields[f]->number;

			if (lines[i]->values[f].present && number != TRADE_AMOUNT &&
			    number < 10000)
				trade_copy(
				    line, lines[i], (const uint32_t[]){ number, number, 0 });
		}
	}
}

enum err
trade_keep_granted(struct call *call, struct record *record, const struct trade_fields *fields,
    const char *kind, int64_t id)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (record_number(record, fields->over_limit) == 0)
		return ERR_OK;
	sql_addf(sql, "SELECT discount_max FROM %s WHERE id = ", kind);
	sql_int(sql, id);
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->count > 0 &&
	    record_number(record, fields->discount_max) <= rows_int(rows, 0, 0))
		record_set_number(record, fields->over_limit, 0);
	return err;
}

enum err
trade_join_opportunity(struct call *call, struct record *record, uint32_t opportunity,
    uint32_t customer, uint32_t contact)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (!record_value(record, opportunity)->present ||
	    (!record_changed(record, opportunity) && !record_changed(record, customer)))
		return ERR_OK;
	sql_add(sql, "SELECT customer_id, contact_id FROM opportunity WHERE id = ");
	sql_int(sql, record_number(record, opportunity));
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK || rows->count == 0 || rows_null(rows, 0, 0))
		return err; /* one out of sight is refused with the other references */
	if (!record_value(record, customer)->present) {
		record_set_number(record, customer, rows_int(rows, 0, 0));
		if (!rows_null(rows, 0, 1) && !record_value(record, contact)->present)
			record_set_number(record, contact, rows_int(rows, 0, 1));
	}
	if (record_number(record, customer) != rows_int(rows, 0, 0))
		return CALL_FAIL(call, ERR_INVALID, .field = opportunity,
		    .text = call_say(
			call, "This opportunity is another customer's", "该商机属于另一客户"));
	return ERR_OK;
}

size_t
trade_lines(
    struct call *call, const struct record *record, uint32_t entity, struct record ***lines)
{
	struct record **list =
	    ARENA_ARRAY(call->arena, struct record *, record->line_count + 1);
	size_t count = 0;

	for (size_t i = 0; i < record->line_count; i++)
		if (!record->lines[i]->removed &&
		    record->lines[i]->entity->def->number == entity)
			list[count++] = record->lines[i];
	*lines = list;
	return count;
}

/* One "2=3.5". */
static enum err
trade_take_quantity(struct call *call, const char *word, size_t bytes, const int64_t *open,
    size_t count, int64_t *quantities)
{
	char *text = arena_strndup(call->arena, word, bytes), *end;
	unsigned long line = strtoul(text, &end, 10);
	int64_t quantity;

	if (end == text || (*end != '=' && *end != ':') || line == 0 || line > count ||
	    quantities[line - 1] != 0 ||
	    money_parse(end + 1, PRICE_DECIMALS, &quantity) != ERR_OK || quantity <= 0)
		return ERR_INVALID;
	if (quantity > open[line - 1])
		return ERR_OVER_DELIVERY;
	quantities[line - 1] = quantity;
	return ERR_OK;
}

enum err
trade_quantities(struct call *call, uint32_t field, const char *text, const int64_t *open,
    size_t count, int64_t *quantities)
{
	bool any = false;
	enum err err = ERR_OK;

	for (size_t i = 0; i < count; i++)
		quantities[i] = text == NULL || text[0] == '\0' ? open[i] : 0;
	while (err == ERR_OK && text != NULL && *text != '\0') {
		size_t bytes = strcspn(text, " ,;");

		if (bytes > 0)
			err = trade_take_quantity(call, text, bytes, open, count, quantities);
		text += bytes;
		text += strspn(text, " ,;");
	}
	for (size_t i = 0; i < count; i++)
		any = any || quantities[i] > 0;
	if (err == ERR_OK && !any)
		err = ERR_EMPTY;
	if (err == ERR_INVALID)
		return CALL_FAIL(call, err, .field = field,
		    .text = call_say(call, "Lines and quantities are written as 1=5 2=3",
			"请按“行号=数量”填写，如 1=5 2=3"));
	return err == ERR_OK ? ERR_OK : CALL_FAIL(call, err, .field = field);
}

void
trade_tell_number(struct call *call, struct record *made, uint32_t field)
{
	if (record_value(made, field)->present)
		call->written_text = record_text(made, field);
	else if (made->number_asked)
		call->number_comes = &made->number_rows;
}

enum err
trade_rule(struct call *call, struct record *record, const struct sql *sql)
{
	struct rows *rows;
	enum err err = store_as_rule(call, sql, &rows);

	if (err == ERR_OK)
		record->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}
