/*
 * See name.h. Which characters are traditional is Unihan's word (the table is made at build time);
 * which words are a legal form is ours, and lies here.
 */
#include "common/name.h"

#include "common/buf.h"
#include "common/pinyin.h"
#include "common/text.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include "common/name_table.h"

#define NAME_WORDS     64
#define NAME_HAN_MIN   2 /* shorter ones sound like too many others */

/* Longest first: the first that ends a name is taken off, once. */
static const char *const name_forms_han[] = { "股份有限责任公司", "有限责任公司", "股份有限公司",
	"责任有限公司", "有限公司", "股份公司", "责任公司", "总公司", "公司" };
/* What a company of another's is called: 分公司 is no legal form that may go. */
static const char *const name_branches_han[] = { "分", "子", "支" };

static const char name_forms[] =
    " co coltd company companies corp corporation inc incorporated limited ltd ltda llc llp lp plc "
    "pte pty gmbh mbh ag kg kgaa ohg se sa sas sarl srl spa sl bv nv oy oyj ab as asa aps kk ";

static uint32_t
name_simplified(uint32_t code)
{
	size_t low = 0, high = sizeof(name_variants) / sizeof(name_variants[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (name_variants[middle].traditional == code)
			return name_variants[middle].simplified;
		if (name_variants[middle].traditional < code)
			low = middle + 1;
		else
			high = middle;
	}
	return code;
}

static bool
name_counts(uint32_t code)
{
	switch (utf8proc_category((utf8proc_int32_t)code)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
		return true;
	default:
		return false;
	}
}

/* Marks inside a word, which end none: "S.A.", "l'Oréal", "AT&T". */
static bool
name_joins(uint32_t code)
{
	return code == '.' || code == '\'' || code == 0x2019 || code == 0x30fb || code == 0xb7;
}

/* Words, one blank between them; Han runs are words of their own. */
static size_t
name_words(struct arena *arena, const char *folded, char **words)
{
	struct buf word = BUF_INIT;
	size_t count = 0, chars = 0;
	bool han = false;

	for (const char *at = folded; *at != '\0' && chars < NAME_ALIKE_CHARS;) {
		uint32_t code;
		size_t bytes = text_decode(at, strlen(at), &code);
		char out[4];
		bool counts;

		if (bytes == 0)
			break;
		at += bytes;
		code = name_simplified(code);
		counts = name_counts(code);
		if (word.bytes > 0 && ((!counts && !name_joins(code)) || (counts && text_is_han(code) != han)) &&
		    count < NAME_WORDS) {
			words[count++] = arena_strdup(arena, buf_text(&word));
			word.bytes = 0;
		}
		if (!counts)
			continue;
		han = text_is_han(code);
		buf_put(&word, out, text_encode(code, out));
		chars++;
	}
	if (word.bytes > 0 && count < NAME_WORDS)
		words[count++] = arena_strdup(arena, buf_text(&word));
	buf_fini(&word);
	return count;
}

static bool
name_ends(const char *word, size_t bytes, const char *end)
{
	size_t length = strlen(end);

	return bytes >= length && memcmp(word + bytes - length, end, length) == 0;
}

/* Takes the legal form off the end of a Han word; false: there is none. */
static bool
name_cut_han(char *word)
{
	size_t bytes = strlen(word);

	for (size_t i = 0; i < sizeof(name_forms_han) / sizeof(name_forms_han[0]); i++) {
		size_t left;

		if (!name_ends(word, bytes, name_forms_han[i]))
			continue;
		left = bytes - strlen(name_forms_han[i]);
		for (size_t b = 0; b < sizeof(name_branches_han) / sizeof(name_branches_han[0]); b++)
			if (name_ends(word, left, name_branches_han[b]))
				return false;
		word[left] = '\0';
		return true;
	}
	return false;
}

static bool
name_is_form(struct arena *arena, const char *word)
{
	return strstr(name_forms, arena_printf(arena, " %s ", word)) != NULL;
}

/* How many of the words, from *first on, are the name itself. */
static size_t
name_core(struct arena *arena, char **words, size_t count, size_t *first)
{
	size_t end = count;

	*first = 0;
	if (count > 1 && (strcmp(words[0], "the") == 0 || strcmp(words[0], "pt") == 0))
		*first = 1;
	while (end > *first && name_is_form(arena, words[end - 1]))
		end--;
	if (end > *first && name_cut_han(words[end - 1]) && words[end - 1][0] == '\0')
		end--;
	return end;
}

static char *
name_join(struct arena *arena, char **words, size_t first, size_t end)
{
	struct buf out = BUF_INIT;
	char *joined;

	for (size_t i = first; i < end; i++)
		if (strcmp(words[i], "and") != 0 && strcmp(words[i], "und") != 0)
			buf_puts(&out, words[i]);
	joined = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return joined;
}

char *
name_alike(struct arena *arena, const char *name)
{
	char *words[NAME_WORDS], *whole, *core;
	size_t count = name_words(arena, text_fold(arena, name), words), first, end;

	whole = name_join(arena, words, 0, count);
	end = name_core(arena, words, count, &first);
	core = name_join(arena, words, first, end);
	return core[0] != '\0' ? core : whole;
}

char *
name_sound(struct arena *arena, const char *alike)
{
	size_t han = 0;

	for (const char *at = alike; *at != '\0';) {
		uint32_t code;
		size_t bytes = text_decode(at, strlen(at), &code);

		if (bytes == 0)
			break;
		han += text_is_han(code);
		at += bytes;
	}
	return han >= NAME_HAN_MIN ? pinyin_full(arena, alike, PINYIN_NAME) : NULL;
}
