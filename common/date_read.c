/*
 * The smallest pieces of typed dates: words, digits, numbers in characters.
 */
#include "common/date_read.h"
#include "common/text.h"

#include <string.h>

bool
date_read_plain(const char *text, char out[DATE_TEXT_BYTES])
{
	size_t at = 0, bytes = strlen(text);
	bool space = false;
	uint32_t code;

	while (bytes > 0) {
		size_t length = text_decode(text, bytes, &code);
		if (length == 0 || at + 6 > DATE_TEXT_BYTES)
			return false;
		if (code >= 0xFF01 && code <= 0xFF5E)
			code = code - 0xFF01 + '!';
		if (code >= 'A' && code <= 'Z')
			code |= 0x20;
		if (code == ' ' || code == '\t' || code == 0x3000) {
			space = true;
		} else {
			bool digits = at > 0 && out[at - 1] >= '0' && out[at - 1] <= '9' &&
				      code >= '0' && code <= '9';
			if (space && digits)
				out[at++] = '-';
			at += text_encode(code, out + at);
			space = false;
		}
		text += length;
		bytes -= length;
	}
	out[at] = '\0';
	return at > 0;
}

bool
date_read_word(const char **at, const char *word)
{
	size_t bytes = strlen(word);

	if (strncmp(*at, word, bytes) != 0)
		return false;
	*at += bytes;
	return true;
}

int
date_read_any(const char **at, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (date_read_word(at, words[i]))
			return i;
	return -1;
}

int
date_read_digits(const char **at, int *value)
{
	int digits = 0, sum = 0;

	for (; digits <= 5 && (*at)[digits] >= '0' && (*at)[digits] <= '9'; digits++)
		sum = sum * 10 + ((*at)[digits] - '0');
	if (digits > 5)
		return 0;
	*value = sum;
	*at += digits;
	return digits;
}

static int
date_read_han_digit(const char **at)
{
	static const char *const words[] = { "零", "一", "二", "三", "四", "五", "六", "七",
		"八", "九", "两", NULL };
	int digit = date_read_any(at, words);

	return digit == 10 ? 2 : digit;
}

bool
date_read_number(const char **at, int *value)
{
	if (date_read_digits(at, value) > 0)
		return true;
	int tens = date_read_han_digit(at);
	if (!date_read_word(at, "十")) {
		*value = tens < 0 ? 0 : tens;
		return tens >= 0;
	}
	int ones = date_read_han_digit(at);
	*value = (tens < 0 ? 1 : tens) * 10 + (ones < 0 ? 0 : ones);
	return true;
}
