/*
 * Amounts in words: in Chinese the capitals that bills and contracts want (支付结算办法, annex
 * 1), in English the words of a cheque with the cents as a fraction.
 */
#include "common/money.h"

#include "common/buf.h"

#include <stdint.h>

enum { GROUP_DIGITS = 4, GROUPS = 5 }; /* 10^20 holds any 64 bits */

static const char *const capitals[] = { "零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌",
	"玖" };

static uint64_t
words_power(int decimals)
{
	uint64_t power = 1;

	for (; decimals > 0; decimals--)
		power *= 10;
	return power;
}

/* Four digits: "壹仟零贰". */
static void
words_chinese_group(struct buf *out, unsigned group)
{
	static const char *const units[GROUP_DIGITS] = { "仟", "佰", "拾", "" };
	unsigned place = 1000;
	bool begun = false, zero = false;

	for (int i = 0; i < GROUP_DIGITS; i++, place /= 10) {
		unsigned digit = group / place % 10;

		if (digit == 0) {
			zero = begun;
			continue;
		}
		buf_printf(out, "%s%s%s", zero ? capitals[0] : "", capitals[digit], units[i]);
		begun = true;
		zero = false;
	}
}

/* Groups of four from the highest; one that is empty or begins with a zero says so once. */
static void
words_chinese_whole(struct buf *out, uint64_t whole)
{
	static const char *const units[GROUPS] = { "亿亿", "万亿", "亿", "万", "" };
	uint64_t power = UINT64_C(10000000000000000);
	bool begun = false, gap = false;

	if (whole == 0)
		buf_puts(out, capitals[0]);
	for (int i = 0; i < GROUPS; i++, power /= 10000) {
		unsigned group = (unsigned)(whole / power % 10000);

		if (group == 0) {
			gap = begun;
			continue;
		}
		if (begun && (gap || group < 1000))
			buf_puts(out, capitals[0]);
		words_chinese_group(out, group);
		buf_puts(out, units[i]);
		begun = true;
		gap = false;
	}
}

char *
money_capitals(struct arena *arena, int64_t minor, int decimals, const char *currency)
{
	uint64_t value = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
	uint64_t power = words_power(decimals), whole = value / power;
	unsigned cents = (unsigned)(value % power * 100 / power);
	struct buf out = BUF_INIT;
	char *text;

	buf_printf(&out, "%s%s", currency, minor < 0 ? "负" : "");
	if (whole > 0 || cents == 0) {
		words_chinese_whole(&out, whole);
		buf_puts(&out, "元");
	}
	if (cents == 0) {
		buf_puts(&out, "整");
	} else {
		if (whole > 0 && (cents < 10 || whole % 10 == 0))
			buf_puts(&out, capitals[0]);
		if (cents >= 10)
			buf_printf(&out, "%s角", capitals[cents / 10]);
		if (cents % 10 != 0)
			buf_printf(&out, "%s分", capitals[cents % 10]);
		else
			buf_puts(&out, "整");
	}
	text = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

/* ---- English ----------------------------------------------------------------------------- */

/* Up to 999: "two hundred seventy-five". */
static void
words_english_group(struct buf *out, unsigned group)
{
	static const char *const small[] = { "", "one", "two", "three", "four", "five", "six",
		"seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
		"fifteen", "sixteen", "seventeen", "eighteen", "nineteen" };
	static const char *const tens[] = { "", "", "twenty", "thirty", "forty", "fifty",
		"sixty", "seventy", "eighty", "ninety" };
	unsigned rest = group % 100;

	if (group >= 100)
		buf_printf(out, "%s hundred%s", small[group / 100], rest > 0 ? " " : "");
	if (rest < 20)
		buf_puts(out, small[rest]);
	else
		buf_printf(
		    out, "%s%s%s", tens[rest / 10], rest % 10 > 0 ? "-" : "", small[rest % 10]);
}

char *
money_words(struct arena *arena, int64_t minor, int decimals, const char *currency)
{
	static const char *const units[] = { " quintillion", " quadrillion", " trillion",
		" billion", " million", " thousand", "" };
	uint64_t value = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
	uint64_t power = words_power(decimals), whole = value / power, rest = value % power;
	uint64_t place = UINT64_C(1000000000000000000);
	struct buf out = BUF_INIT;
	char *text;

	buf_printf(&out, "%s%s", currency, minor < 0 ? " minus" : "");
	if (whole == 0)
		buf_puts(&out, " zero");
	for (size_t i = 0; place > 0; i++, place /= 1000) {
		unsigned group = (unsigned)(whole / place % 1000);

		if (group == 0)
			continue;
		buf_putc(&out, ' ');
		words_english_group(&out, group);
		buf_puts(&out, units[i]);
	}
	if (decimals > 0)
		buf_printf(&out, " and %0*llu/%llu", decimals, (unsigned long long)rest,
		    (unsigned long long)power);
	text = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return text;
}
