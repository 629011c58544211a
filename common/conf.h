/*
 * Configuration by libconfig. One list of settings per program (server/settings.def,
 * client/settings.def) makes the parser, the sample file and the manual's table; this file is
 * the machine they share.
 */
#ifndef KEHU_CONF_H
#define KEHU_CONF_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>
#include <stdio.h>

enum setting_type { SETTING_INT, SETTING_BOOL, SETTING_TEXT, SETTING_FILE };

struct setting {
	const char *path; /* "net.port" */
	enum setting_type type;
	size_t offset; /* into the program's settings struct: int64_t, bool or const char * */
	int64_t min, max, number; /* number: default of INT and BOOL; min and max of INT */
	const char *text;         /* default of TEXT and FILE; NULL: none */
	const char *unit;         /* "ms", "KiB", "" */
	bool reload;
	const char *help;         /* one or two sentences */
};

/*
 * Fill values with defaults, then with what the file says. Unknown settings, wrong types and
 * values out of range are errors: "FILE:LINE: …" in *why (in arena). A SETTING_TEXT may be
 * given as NAME_file = "path" to keep a secret out of the file: the text is that file's, less
 * the newline at its end. SETTING_FILE and NAME_file paths that do not begin with '/' start at
 * the folder of the configuration file. path NULL: defaults only. ERR_CONFIG for everything
 * that is wrong, the first in the file.
 */
MUST_CHECK enum err conf_load(struct arena *arena, const struct setting *settings, size_t count,
    const char *path, void *values, const char **why);
/*
 * The sample file, every setting with its prose, default and range; what it says is commented
 * out. Settings of one group must stand together in the list.
 */
void conf_print_sample(FILE *out, const struct setting *settings, size_t count);
/* The settings part of the manual page, as mdoc list items. */
void conf_print_mdoc(FILE *out, const struct setting *settings, size_t count);

#endif
