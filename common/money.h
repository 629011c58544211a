/*
 * Money: int64_t minor units plus an ISO 4217 currency; never floating point. Scaled numbers
 * (quantities, rates): int64_t with a fixed number of decimals.
 */
#ifndef KEHU_MONEY_H
#define KEHU_MONEY_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

/* Decimals of a currency: 2 for CNY and most, 0 for JPY and KRW, 3 for KWD …; -1 unknown. */
int money_decimals(const char *currency);
/*
 * "320000", "320,000.50", "32w", "32万", "1.5亿", "3k", "2m", "-5", "¥99", full-width digits.
 * More decimals than the currency has: ERR_NOT_A_NUMBER. Overflow: ERR_TOO_LARGE.
 */
MUST_CHECK enum err money_parse(const char *text, int decimals, int64_t *minor);
/* "320,000.50"; grouped by thousands unless plain. In arena. */
char *money_format(struct arena *arena, int64_t minor, int decimals, bool plain);
/*
 * In Chinese capitals as bills want them, "人民币壹万贰仟叁佰元零伍分"; currency is said before
 * ("人民币", "美元"). Below a hundredth is left out. In arena.
 */
char *money_capitals(struct arena *arena, int64_t minor, int decimals, const char *currency);
/* In English words: "CNY twelve thousand three hundred and 05/100". In arena. */
char *money_words(struct arena *arena, int64_t minor, int decimals, const char *currency);
/* a * b / divisor, half away from zero, in 128 bits. ERR_TOO_LARGE past 64. */
MUST_CHECK enum err money_scale(int64_t a, int64_t b, int64_t divisor, int64_t *result);

#endif
