/*
 * Built and run by the Makefile: the parts of the client's manual pages that come from its
 * lists, on standard output. `manual settings`, `manual sample`, `manual keys`.
 */
#include "client/settings.h"
#include "client/ui/key.h"

#include <stdlib.h>
#include <string.h>

struct manual_key {
	const char *keys, *help;
};

static const struct manual_key manual_keys[] = {
#define KEY(id, contexts, keys_, bar, danger, label, label_zh, help_, help_zh)                 \
	{ .keys = keys_, .help = help_ },
#define ALSO(id, contexts, keys_)
#include "client/keys.def"
#undef KEY
#undef ALSO
};

/* One word for mdoc: signs that roff would take for its own are escaped. */
static void
manual_print(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (strchr(".'`^~\"-", *text) != NULL)
			printf("%s", *text == '.'    ? "\\&."
				     : *text == '\'' ? "\\(aq"
				     : *text == '`'  ? "\\(ga"
				     : *text == '^'  ? "\\(ha"
				     : *text == '~'  ? "\\(ti"
				     : *text == '"'  ? "\\(dq"
						     : "-");
		else
			putchar(*text);
	}
}

static void
manual_print_keys(void)
{
	for (size_t i = 0; i < sizeof(manual_keys) / sizeof(manual_keys[0]); i++) {
		char keys[128], *rest = keys;

		if (manual_keys[i].keys[0] == '\0')
			continue; /* run by name only */
		snprintf(keys, sizeof(keys), "%s", manual_keys[i].keys);
		fputs(".It", stdout);
		for (const char *key, *sep = ""; (key = strsep(&rest, " ")) != NULL;
		     sep = " ,") {
			if (*key == '\0')
				continue;
			printf("%s Ic \\&", sep); /* mdoc has its own view of a lone ":" */
			manual_print(key);
		}
		putchar('\n');
		manual_print(manual_keys[i].help);
		fputs(".\n", stdout);
	}
}

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (strcmp(what, "settings") == 0)
		conf_print_mdoc(stdout, client_setting_table, client_setting_count);
	else if (strcmp(what, "sample") == 0)
		conf_print_sample(stdout, client_setting_table, client_setting_count);
	else if (strcmp(what, "keys") == 0)
		manual_print_keys();
	else
		return 2;
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
