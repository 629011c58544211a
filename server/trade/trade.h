/*
 * What the rules of quotes, contracts, orders and what follows from them share: prices found and lines
 * added up, lines copied forward, quantities as people write them.
 */
#ifndef KEHU_TRADE_H
#define KEHU_TRADE_H

#include "common/price.h"
#include "server/record/rule.h"

/* Where a quote, a contract or an order keeps what its lines are added up to: field numbers. */
struct trade_fields {
	uint32_t customer, day, currency, tax_included, owner;
	uint32_t net, tax, total, rate, total_base, discount_max, over_limit;
	uint32_t line_entity;
	bool
	    prices_are_given; /* a price whose list has ended stays: the document promised it */
};

/* Of an entity whose document is of that day. */
#define TRADE_FIELDS(entity_, day_)                                                            \
	{                                                                                      \
		.customer = F_##entity_##_customer_id, .day = F_##entity_##_##day_,            \
		.currency = F_##entity_##_currency,                                            \
		.tax_included = F_##entity_##_tax_included, .owner = F_##entity_##_owner_id,   \
		.net = F_##entity_##_net, .tax = F_##entity_##_tax,                            \
		.total = F_##entity_##_total, .rate = F_##entity_##_rate,                      \
		.total_base = F_##entity_##_total_base,                                        \
		.discount_max = F_##entity_##_discount_max,                                    \
		.over_limit = F_##entity_##_over_limit, .line_entity = E_##entity_##_line,     \
	}

/* Of a quote's, a contract's and an order's line: the same numbers in all. */
enum trade_line_field {
	TRADE_PRODUCT = 1,
	TRADE_QUANTITY,
	TRADE_UNIT,
	TRADE_PRICE,
	TRADE_DISCOUNT,
	TRADE_TAX_RATE,
	TRADE_AMOUNT,
	TRADE_DESCRIPTION,
	TRADE_LIST_PRICE,
	TRADE_PRICE_LIST,
};

/*
 * Before a save: find what lines leave empty (unit, price, tax), check them, add them up, and
 * set the head's totals, rate, widest discount and whether that is past the caller's limit.
 * Refused lines are answered by their field, all at once.
 */
MUST_CHECK enum err trade_price(
    struct call *call, struct record *record, const struct trade_fields *fields);
/* Forget prices that came from a list, so that trade_price finds them again. */
void trade_forget_prices(struct record *record);
/* Whether a save changed anything that prices depend on. */
bool trade_changed(const struct record *record, const struct trade_fields *fields);

/* What lines come to by the rules of common/price.h. currency "CNY" where empty. */
MUST_CHECK enum err trade_total(struct call *call, struct price_line *lines, size_t count,
    const char *currency, bool tax_included, struct price_total *total);
/* An amount in the base currency. */
MUST_CHECK enum err trade_base(
    int64_t amount_minor, const char *currency, int64_t rate, int64_t *base_minor);
/* Ask for a currency's rate on a day in a trip of its own. ERR_NO_RATE blames the field. */
MUST_CHECK enum err trade_rate(struct call *call, const struct record *record, uint32_t field,
    const char *currency, int64_t day, int64_t *rate);

void trade_set_money(
    struct record *record, uint32_t field, int64_t minor, const char *currency);
/* Copy fields of the same meaning from one record to another: pairs from, to, ended by 0. */
void trade_copy(struct record *to, const struct record *from, const uint32_t *pairs);
/* The lines of a document in another, appended: every field but what becomes of them later. */
void trade_copy_lines(struct call *call, struct record *to, uint32_t to_entity,
    const struct record *from, uint32_t from_entity);
/*
 * After trade_price: what was granted on the document it comes from (of this kind and id) is granted;
 * only more than that is past the limit.
 */
MUST_CHECK enum err trade_keep_granted(struct call *call, struct record *record,
    const struct trade_fields *fields, const char *kind, int64_t id);
/*
 * A document that names an opportunity is for the same customer: what the document leaves empty
 * comes from there, another customer is refused at the opportunity. Fields by number.
 */
MUST_CHECK enum err trade_join_opportunity(struct call *call, struct record *record,
    uint32_t opportunity, uint32_t customer, uint32_t contact);
/* The lines of one kind, those being removed left out; in the call's arena. */
size_t trade_lines(
    struct call *call, const struct record *record, uint32_t entity, struct record ***lines);

/*
 * "1=5 2=3.5" into quantities by line (counted from 1), scaled by PRICE_SCALE; text NULL or
 * empty: open as it is. ERR_INVALID, ERR_OVER_DELIVERY or ERR_EMPTY blame argument field.
 */
MUST_CHECK enum err trade_quantities(struct call *call, uint32_t field, const char *text,
    const int64_t *open, size_t count, int64_t *quantities);

/* The action's answer tells the number of what it made, also when that comes with the COMMIT.
 */
void trade_tell_number(struct call *call, struct record *made, uint32_t field);

/* The rules that are one call of a rule function answering a record's new version. */
MUST_CHECK enum err trade_rule(struct call *call, struct record *record, const struct sql *sql);

#endif
