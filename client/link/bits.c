/* See bits.h. Which code is which bit never depends on how a dictionary is ordered. */
#include "client/link/bits.h"

#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *
bits_text(struct arena *arena, const struct cat *cat, const char *words,
    const char *dictionary, int64_t bits, bool plain)
{
	const Kehu__Dictionary *list = cat_dictionary(cat, dictionary);
	char *copy = arena_strdup(arena, words), *save = NULL;
	struct buf text = BUF_INIT;
	int64_t bit = 1;

	for (char *code = strtok_r(copy, " ", &save); code != NULL;
	     code = strtok_r(NULL, " ", &save), bit <<= 1) {
		const Kehu__DictionaryItem *item = plain ? NULL : cat_item(list, code);

		if (bits & bit)
			buf_printf(&text, "%s%s", text.bytes > 0 ? (plain ? "," : " ") : "",
			    item != NULL ? item->label : code);
	}
	/* What this program has no word for is not lost. */
	if (bits & ~(bit - 1))
		buf_printf(&text, "%s%" PRId64, text.bytes > 0 ? (plain ? "," : " ") : "",
		    bits & ~(bit - 1));
	copy = arena_strdup(arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

/* The bit of one word; 0: it is none. */
static int64_t
bits_of_word(struct arena *arena, const Kehu__Dictionary *list, const char *words, const char *word)
{
	const Kehu__DictionaryItem *item = list != NULL ? cat_item_called(list, word) : NULL;
	const char *code = item != NULL ? item->code : text_fold(arena, word);
	char *copy = arena_strdup(arena, words), *save = NULL;
	int64_t bit = 1;

	for (char *one = strtok_r(copy, " ", &save); one != NULL;
	     one = strtok_r(NULL, " ", &save), bit <<= 1)
		if (strcmp(one, code) == 0)
			return bit;
	return 0;
}

enum err
bits_parse(struct arena *arena, const struct cat *cat, const char *words,
    const char *dictionary, const char *text, int64_t *bits)
{
	const Kehu__Dictionary *list = cat_dictionary(cat, dictionary);
	char *copy = text_fold_width(arena, text), *save = NULL, *end;

	*bits = strtoll(copy, &end, 10);
	if (end != copy && *end == '\0' && *bits >= 0)
		return ERR_OK;
	*bits = 0;
	for (char *at = copy; (at = strstr(at, "、")) != NULL;)
		memcpy(at, "   ", 3);
	for (char *word = strtok_r(copy, " ,+", &save); word != NULL;
	     word = strtok_r(NULL, " ,+", &save)) {
		int64_t bit = bits_of_word(arena, list, words, word);

		if (bit == 0)
			return ERR_NOT_IN_LIST;
		*bits |= bit;
	}
	return ERR_OK;
}
