/*
 * What is derived from texts and stored beside them: sort keys (common/pinyin.h), what duplicates
 * are found by (common/name.h) and search rows (token.h). When the rules they follow have changed, `kehud maintain` makes them again.
 */
#ifndef KEHU_DERIVED_H
#define KEHU_DERIVED_H

#include "server/entity/entity.h"
#include "server/store/store.h"

/*
 * A checksum of the rules of this program: readings and phrases of pinyin, what keys and tokens
 * they give for a set of texts, and which fields have them, custom ones too. Hexadecimal, in arena.
 */
char *derived_rules(struct arena *arena, const struct catalog *catalog);

/* The tokens of a search row by its texts ("class, tab, text" a line), with spaces between them. In arena. */
const char *derived_tokens(struct arena *arena, const char *doc);

/* *due: what is stored was made by other rules, or is being made again. */
MUST_CHECK enum err derived_check(
    struct store *store, const struct catalog *catalog, struct arena *arena, bool *due);

struct derived_done {
	uint64_t rows;    /* looked at */
	uint64_t changed; /* keys and search rows that were not as the rules make them */
	bool due;         /* there was something to look for */
	bool ended;       /* nothing is left; false: chunks_max was reached */
};

/*
 * Goes on where the last run of the same rules ended, chunk by chunk, each in a transaction of
 * its own; chunks_max 0: to the end. store is the owner's. Only rows that differ are written,
 * and only if nobody changed their text meanwhile; history, versions and clients know nothing
 * of it. On failure the store says why.
 */
MUST_CHECK enum err derived_make(struct store *store, const struct catalog *catalog,
    size_t chunks_max, struct derived_done *done);

#endif
