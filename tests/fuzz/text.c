/*
 * Fuzz target: cleaning, cutting and wrapping of text. What is cleaned holds nothing that is
 * not allowed and is not changed by cleaning it again; what is cut fits. The first byte is the
 * width in cells.
 */
#include "common/text.h"
#include "tests/lib/fuzz.h"

#include <string.h>

static void
text_allowed(const char *text, enum text_kind kind)
{
	size_t bytes = strlen(text), step;
	uint32_t code;

	for (size_t at = 0; at < bytes; at += step) {
		step = text_decode(text + at, bytes - at, &code);
		fuzz_insist(step > 0);
		fuzz_insist(text_code_allowed(code) || (kind == TEXT_BLOCK && code == '\n'));
	}
}

static void
text_look(
    struct arena *arena, const uint8_t *data, size_t bytes, enum text_kind kind, size_t cols)
{
	const char *clean, *again, **lines;
	char *raw = arena_strndup(arena, (const char *)data, bytes);

	text_allowed(text_print(arena, raw, kind), kind);
	if (text_clean(arena, (const char *)data, bytes, kind, &clean) != ERR_OK)
		return;
	text_allowed(clean, kind);
	fuzz_insist(text_clean(arena, clean, strlen(clean), kind, &again) == ERR_OK);
	fuzz_insist(strcmp(clean, again) == 0);
	size_t count = text_wrap(arena, clean, cols, &lines);
	fuzz_insist(count > 0);
	for (size_t i = 0; i < count; i++)
		fuzz_insist(text_cols(lines[i]) <= cols);
	if (kind == TEXT_LINE) {
		fuzz_insist(text_cols(text_cut(arena, clean, cols, true)) == cols);
		fuzz_insist(text_cols(text_cut(arena, clean, cols, false)) <= cols);
	}
	text_fold(arena, clean);
	text_digits(arena, clean);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);

	if (bytes > 0) {
		size_t cols = 2 + data[0] % 120;
		text_look(arena, data + 1, bytes - 1, TEXT_LINE, cols);
		text_look(arena, data + 1, bytes - 1, TEXT_BLOCK, cols);
	}
	arena_free(arena);
	return 0;
}
