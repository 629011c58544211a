/*
 * Rows of a benchmark's database, past all policies, for choosing what to ask and for checking
 * what was answered.
 */
#ifndef KEHU_TEST_SAMPLE_H
#define KEHU_TEST_SAMPLE_H

#include "tests/lib/big.h"

/* One statement as the superuser; ends the process when it fails. Rows live in arena. */
struct rows *sample_rows(const struct big *big, struct arena *arena, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The first column as numbers; *count of them. */
int64_t *sample_ids(const struct big *big, struct arena *arena, size_t *count,
    const char *format, ...) PRINTF_LIKE(4, 5);

/* 0 … below-1, the same at each run. */
uint64_t sample_random(uint64_t *state, uint64_t below);

#endif
