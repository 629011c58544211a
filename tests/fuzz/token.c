/*
 * Fuzz target: search by tokens. The first line is what is searched, the rest a record's text;
 * the first byte its class. What the recheck accepts the index must find.
 */
#include "common/text.h"
#include "tests/lib/fuzz.h"
#include "tests/lib/tsquery.h"

#include <string.h>

static void
token_look(struct arena *arena, char class, const char *typed, const char *text, bool typo)
{
	struct token_query *query = token_query(arena, typed, "nhcpmt", NULL);
	struct token_field field = { .class = class, .text = text };
	struct token_set set = { 0 };
	struct token_hit hit;
	const char *tsquery =
	    typo ? token_query_typo_text(arena, query) : token_query_text(query);

	token_index(arena, &set, class, text);
	token_set_sort(&set);
	for (size_t i = 0; i < set.count; i++)
		fuzz_insist(strpbrk(set.tokens[i], "'\\ ") == NULL);
	/* Also for the grammar of a query that finds nothing. */
	bool asked = tsquery_finds(tsquery, &set);
	bool found = token_match(arena, query, &field, 1, typo, &hit);
	fuzz_insist(!found || set.full || tsquery == NULL || asked);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char classes[] = "nhcpmt";
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
	struct fuzz fuzz = { .at = data, .left = bytes < 4096 ? bytes : 4096 };
	char class = classes[fuzz_byte(&fuzz) % (sizeof(classes) - 1)];
	const char *typed = fuzz_line(arena, &fuzz);
	const char *text = fuzz_rest(arena, &fuzz);

	/* What a server gives it is cleaned. */
	if (text_clean(arena, typed, strlen(typed), TEXT_LINE, &typed) == ERR_OK &&
	    text_clean(arena, text, strlen(text), TEXT_LINE, &text) == ERR_OK) {
		token_look(arena, class, typed, text, false);
		token_look(arena, class, typed, text, true);
	}
	arena_free(arena);
	return 0;
}
