/*
 * What the fuzz targets share. A target is one function; libFuzzer feeds it (`make fuzz`), and
 * tests/fuzz/replay/ feeds it its seeds and what they become when damaged (`make check`).
 */
#ifndef KEHU_TESTS_FUZZ_H
#define KEHU_TESTS_FUZZ_H

#include "common/arena.h"
#include <stdint.h>
#include <stdlib.h>

#define FUZZ_CEILING_BYTES ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* An input, eaten from the front; past its end come zeros and "". */
struct fuzz {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t
fuzz_byte(struct fuzz *fuzz)
{
	if (fuzz->left == 0)
		return 0;
	fuzz->left--;
	return *fuzz->at++;
}

/* Up to the next newline (which is eaten), in arena; a NUL in it ends the text early. */
static inline const char *
fuzz_line(struct arena *arena, struct fuzz *fuzz)
{
	size_t bytes = 0;

	while (bytes < fuzz->left && fuzz->at[bytes] != '\n')
		bytes++;
	const char *line = arena_strndup(arena, (const char *)fuzz->at, bytes);
	size_t eaten = bytes < fuzz->left ? bytes + 1 : bytes;
	fuzz->at += eaten;
	fuzz->left -= eaten;
	return line;
}

/* All that is left, in arena. */
static inline const char *
fuzz_rest(struct arena *arena, struct fuzz *fuzz)
{
	const char *rest = arena_strndup(arena, (const char *)fuzz->at, fuzz->left);

	fuzz->at += fuzz->left;
	fuzz->left = 0;
	return rest;
}

/* What must hold for every input; the fuzzer keeps the one for which it does not. */
static inline void
fuzz_insist(bool holds)
{
	if (!holds)
		abort();
}

#endif
