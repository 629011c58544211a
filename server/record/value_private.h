/* What value.c, value_text.c and value_sql.c share: kinds of type, and the checks. */
#ifndef KEHU_VALUE_PRIVATE_H
#define KEHU_VALUE_PRIVATE_H

#include "server/record/record.h"

#define NUMBER_LIMIT                                                                           \
	INT64_C(1000000000000000) /* 10^15: sums of a million rows stay in 64 bits */

/* Is it stored and sent as its text (choices aside)? */
bool value_is_text(const struct field *field);
/* Cleaned (in the call's arena) and checked into *value; nothing is left of it: absent, ERR_OK. */
MUST_CHECK enum err value_check_text(struct call *call, const struct field *field, const char *text,
    size_t bytes, struct value *value);
/* Is number within what the field's type can be? */
MUST_CHECK enum err value_check_number(const struct field *field, int64_t number);
/*
 * A reference to a set-up record must be there; others are checked by the save, under their
 * arms.
 */
MUST_CHECK enum err value_check_ref(struct call *call, const struct field *field, int64_t id);
/* minor units of currency (borrowed; NULL: CNY) into *value; ERR_NOT_IN_LIST: an unknown currency. */
MUST_CHECK enum err value_check_money(const char *currency, int64_t minor, struct value *value);

#endif
