/* Command line options as a table, and the words around them. */
#ifndef KEHU_CLI_OPTIONS_H
#define KEHU_CLI_OPTIONS_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>
#include <stdio.h>

enum option_id {
#define OPTION(id, ...) OPT_##id,
#include "client/cli/options.def"
#undef OPTION
	OPT_COUNT,
};
#define OPT_BIT(id) (UINT64_C(1) << OPT_##id)
/* Every command takes these. */
#define OPT_COMMON                                                                             \
	(OPT_BIT(SERVER) | OPT_BIT(CA) | OPT_BIT(USER) | OPT_BIT(PASSWORD_FILE) |              \
	    OPT_BIT(OTP_FILE) | OPT_BIT(AS) | OPT_BIT(MINUTES) |                                \
	    OPT_BIT(LANGUAGE) | OPT_BIT(CONFIG) | OPT_BIT(HELP) | OPT_BIT(VERSION))

struct options {
	const char *values[OPT_COUNT]; /* NULL: not given; "" for those without an argument */
	uint64_t given;
	const char **words; /* everything else, in order */
	size_t word_count;
};

/*
 * Options may stand anywhere; "--" ends them. What begins with one '-' and is none of ours
 * (-visited:30d) is a word. ERR_USAGE: *why (in arena, both languages' program name left out)
 * says which argument, in lang.
 */
MUST_CHECK enum err options_parse(struct arena *arena, int argc, char *const *argv,
    enum lang lang, struct options *options, const char **why);
/* The name of the first option given that is not among allowed; NULL: all are. */
const char *options_stray(const struct options *options, uint64_t allowed);
/* A number that an option must be; fallback when it was not given. ERR_USAGE: it is none. */
MUST_CHECK enum err options_number(
    const struct options *options, enum option_id id, int64_t fallback, int64_t *number);
void options_print(FILE *out, uint64_t allowed, enum lang lang);

#endif
