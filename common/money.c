/*
 * Money without floating point: digits are added up in 128 bits, the unit (k, 万, 亿 …) and
 * the currency's decimals only move the decimal point, and what then does not come out even
 * is refused, never rounded. Rounding happens in money_scale() alone.
 */
#include "common/money.h"
#include "common/text.h"

#include <string.h>

#define MONEY_TEXT_BYTES 64
#define MONEY_DIGITS     30 /* far past 64 bits, far within 128 */

/* No ISO C type is this wide; gcc and clang have it on every 64-bit machine. */
__extension__ typedef __int128 money_wide;

/* ISO 4217, the currencies that do not have two decimals, and the common ones that do. */
int
money_decimals(const char *currency)
{
	static const char none[] =
	    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
	static const char two[] = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD "
				  "BND BOB BRL BSD BTN BWP "
				  "BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP "
				  "ERN ETB EUR FJD FKP GBP "
				  "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
				  "KES KGS KHR KPW KYD KZT "
				  "LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
				  "MWK MXN MYR MZN NAD NGN "
				  "NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR "
				  "SBD SCR SDG SEK SGD SHP "
				  "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD "
				  "TZS UAH USD UYU UZS VES "
				  "WST XCD YER ZAR ZMW ZWL ";
	static const char three[] = "BHD IQD JOD KWD LYD OMR TND ";
	char word[5];

	if (currency == NULL || strlen(currency) != 3 || strchr(currency, ' ') != NULL)
		return -1;
	memcpy(word, currency, 3);
	memcpy(word + 3, " ", 2);
	if (strstr(two, word) != NULL)
		return 2;
	if (strstr(none, word) != NULL)
		return 0;
	return strstr(three, word) != NULL ? 3 : -1;
}

/* Full-width to ASCII, lower case, spaces out. */
static bool
money_plain(const char *text, char out[MONEY_TEXT_BYTES])
{
	size_t at = 0, bytes = strlen(text);
	uint32_t code;

	while (bytes > 0) {
		size_t length = text_decode(text, bytes, &code);
		if (length == 0 || at + 5 > MONEY_TEXT_BYTES)
			return false;
		text += length;
		bytes -= length;
		if (code >= 0xFF01 && code <= 0xFF5E)
			code = code - 0xFF01 + '!';
		if (code >= 'A' && code <= 'Z')
			code |= 0x20;
		if (code != ' ' && code != 0xA0 && code != 0x3000)
			at += text_encode(code, out + at);
	}
	out[at] = '\0';
	return true;
}

static bool
money_take(const char **at, const char *word)
{
	size_t bytes = strlen(word);

	if (strncmp(*at, word, bytes) != 0)
		return false;
	*at += bytes;
	return true;
}

/* How many places the unit behind the number moves the point. */
static int
money_take_unit(const char **at)
{
	static const struct {
		const char *word;
		int places;
	} rows[] = { { "万亿", 12 }, { "千万", 7 }, { "百万", 6 }, { "亿", 8 }, { "万", 4 },
		{ "w", 4 }, { "千", 3 }, { "k", 3 }, { "m", 6 }, { "百", 2 } };
	int places = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && places == 0; i++)
		if (money_take(at, rows[i].word))
			places = rows[i].places;
	money_take(at, "元");
	return places;
}

/*
 * Digits with thousands commas and a point. *digits becomes the number without its point,
 * *places how many of its digits stood behind it. Commas must stand in threes, or 1,5 (one
 * and a half elsewhere) would be read as 15.
 */
static bool
money_take_digits(const char **at, money_wide *digits, int *places)
{
	int count = 0, since_comma = -1;
	bool point = false;

	*digits = 0;
	*places = 0;
	for (;; (*at)++) {
		char c = **at;
		if (c >= '0' && c <= '9') {
			if (count++ == MONEY_DIGITS)
				return false;
			*digits = *digits * 10 + (c - '0');
			*places += point;
			since_comma += since_comma >= 0 && !point;
		} else if (c == ',' && !point) {
			if (count == 0 || (since_comma < 0 ? count > 3 : since_comma != 3))
				return false;
			since_comma = 0;
		} else if (c == '.' && !point) {
			point = true;
		} else {
			break;
		}
	}
	return count > 0 && (since_comma < 0 || since_comma == 3);
}

/* digits * 10^shift within 64 bits; a negative shift must come out even. */
static enum err
money_shift(money_wide digits, int shift, int64_t *minor)
{
	for (; shift < 0; shift++) {
		if (digits % 10 != 0)
			return ERR_NOT_A_NUMBER;
		digits /= 10;
	}
	for (; shift > 0 && digits != 0; shift--) {
		digits *= 10;
		if (digits > (money_wide)INT64_MAX + 1)
			return ERR_TOO_LARGE;
	}
	if (digits > INT64_MAX)
		return ERR_TOO_LARGE;
	*minor = (int64_t)digits;
	return ERR_OK;
}

enum err
money_parse(const char *text, int decimals, int64_t *minor)
{
	char plain[MONEY_TEXT_BYTES];
	const char *at = plain;
	money_wide digits;
	int places;

	if (!money_plain(text, plain))
		return ERR_NOT_A_NUMBER;
	bool negative = money_take(&at, "-") || money_take(&at, "−");
	if (!negative)
		money_take(&at, "+");
	if (!money_take(&at, "¥") && !money_take(&at, "￥"))
		money_take(&at, "$");
	if (!money_take_digits(&at, &digits, &places))
		return ERR_NOT_A_NUMBER;
	int unit = money_take_unit(&at);
	if (*at != '\0')
		return ERR_NOT_A_NUMBER;
	enum err err = money_shift(digits, decimals + unit - places, minor);
	if (err == ERR_OK && negative)
		*minor = -*minor;
	return err;
}

char *
money_format(struct arena *arena, int64_t minor, int decimals, bool plain)
{
	char out[64], *at = out + sizeof(out);
	uint64_t rest = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
	int places = decimals > 18 ? 18 : decimals < 0 ? 0 : decimals;

	*--at = '\0';
	for (int i = 0; i < places; i++, rest /= 10)
		*--at = (char)('0' + rest % 10);
	if (places > 0)
		*--at = '.';
	int digits = 0;
	do {
		if (!plain && digits > 0 && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + rest % 10);
		rest /= 10;
		digits++;
	} while (rest != 0);
	if (minor < 0)
		*--at = '-';
	return arena_strdup(arena, at);
}

enum err
money_scale(int64_t a, int64_t b, int64_t divisor, int64_t *result)
{
	if (divisor == 0)
		return ERR_INVALID;
	money_wide product = (money_wide)a * b;
	money_wide by = divisor;
	if (by < 0) {
		by = -by;
		product = -product;
	}
	/* Half away from zero: add half to the magnitude, then cut. */
	money_wide magnitude = product < 0 ? -product : product;
	magnitude = (magnitude + by / 2) / by;
	money_wide rounded = product < 0 ? -magnitude : magnitude;
	if (rounded > INT64_MAX || rounded < INT64_MIN)
		return ERR_TOO_LARGE;
	*result = (int64_t)rounded;
	return ERR_OK;
}
