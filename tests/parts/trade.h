/*
 * What the parts of the test program "trade" share: one company, who works in it, and what they
 * sell. Each part is one group of tests; tests/server/trade.c runs them one after the other.
 */
#ifndef KEHU_TEST_TRADE_H
#define KEHU_TEST_TRADE_H

#include "tests/lib/bed.h"
#include "tests/lib/company.h"

#define DB "trade"
#define USER_HUA 108 /* finance */
#define USER_MEI 109 /* marketing */
#define MONEY_OF(field_, minor_)                                                               \
	{                                                                                      \
		.field = field_, .text = "CNY", .number = minor_, .has_number = true           \
	}
#define Q(n) ((n)*10000) /* quantities and prices */

extern struct bed *bed;
extern struct client *ada, *ben, *cai, *eve, *guo, *hua, *mei;
extern int64_t today, pump, valve, customer;

#define SO_MANY(quantity_) NUMBER_OF(F_order_line_quantity, quantity_)
#define LINE(entity_, id_, product_, ...)                                                      \
	{                                                                                      \
		.entity = entity_, .id = id_,                                                  \
		.values = SENT(NUMBER_OF(F_order_line_product_id, product_), __VA_ARGS__)      \
	}
#define LINES(...)                                                                             \
	(const struct sent_line[])                                                             \
	{                                                                                      \
		__VA_ARGS__,                                                                   \
		{                                                                              \
			0                                                                      \
		}                                                                              \
	}

/* Saves a new record; its id. */
int64_t save(struct client *client, uint32_t entity, const struct sent *values, const struct sent_line *lines);
/* Ada's, level A, with a tax number of its own. */
int64_t make_customer(const char *name);
/* Counted in pieces, twelve of them a box. */
int64_t make_product(const char *name);
/* A price list of one line. level may be NULL, until 0. */
int64_t make_list(const char *name, const char *level, int64_t from, int64_t until, int64_t product,
    int64_t minimum, int64_t price);
/* A draft of so many pumps. */
int64_t make_order(int64_t buyer, int64_t quantity);
/* A receipt of so many minor units. */
int64_t book(struct client *client, int64_t buyer, int64_t minor, const char *reference);
/* Account managers may give five percent, Ada's superior is Cai; the limit. */
int64_t limit_discounts(const char *name);

const Kehu__Value *line_value(const Kehu__Record *record, size_t line, uint32_t field);
/* The account is what its papers say. */
void check_account(int64_t buyer);
/* What `kehu --language zh …` says to a user, on either stream. */
const char *shell(const char *user, const char *format, ...) PRINTF_LIKE(2, 3);
void expect_said(const char *said, const char *piece);

/* The groups; how many tests failed. */
int trade_prices(void);
int trade_quotes(void);
int trade_consents(void);
int trade_money(void);
int trade_shell(void);
int trade_northwind(void);
int trade_crowd(void);

#endif
