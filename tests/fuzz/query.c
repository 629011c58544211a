/* Fuzz target: the search language. Whatever is typed is a query or an error that points into
 * the text. */
#include "common/query.h"
#include "tests/lib/fuzz.h"

#include <string.h>

static void
query_within(struct query_span span, size_t bytes)
{
	fuzz_insist(span.at_bytes <= bytes && span.bytes <= bytes - span.at_bytes);
}

static void
query_look(const struct query *query, size_t bytes)
{
	size_t values = 0;

	fuzz_insist(query->count <= QUERY_TERMS);
	for (size_t i = 0; i < query->count; i++) {
		const struct query_term *term = &query->terms[i];
		query_within(term->at, bytes);
		query_within(term->field_at, bytes);
		fuzz_insist(term->count > 0);
		for (size_t j = 0; j < term->count; j++) {
			query_within(term->values[j].at, bytes);
			fuzz_insist(term->values[j].text != NULL);
			fuzz_insist((term->values[j].high != NULL) ==
				    (term->values[j].op == QUERY_RANGE));
		}
		values += term->count;
	}
	fuzz_insist(values <= QUERY_VALUES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
	struct fuzz fuzz = { .at = data, .left = bytes };
	const char *text = fuzz_rest(arena, &fuzz);
	struct query *query;
	struct query_error error = { 0 };

	if (query_parse(arena, text, &query, &error) == ERR_OK) {
		query_look(query, strlen(text));
	} else {
		fuzz_insist(error.fault != QUERY_FAULT_NONE);
		query_within(error.at, strlen(text));
		fuzz_insist(*query_fault_text(error.fault, LANG_ZH) != '\0');
	}
	arena_free(arena);
	return 0;
}
