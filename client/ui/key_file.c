/* Reading a file of keys, line by line, into the one table of key.c. */
#include "client/ui/key_file.h"

#include <errno.h>
#include <string.h>

enum { KEY_FILE_LINE = 300 };

static enum err
key_file_line(struct arena *arena, char *line, const char **why)
{
	char *name, *keys;

	line[strcspn(line, "\r\n")] = '\0';
	/* '#' may be a key, so a comment begins a line or stands between blanks. */
	name = line + strspn(line, " \t");
	if (*name == '\0' || *name == '#')
		return ERR_OK;
	keys = name + strcspn(name, " \t=");
	if (*keys != '\0')
		*keys++ = '\0';
	keys += strspn(keys, " \t=");
	for (char *at = keys; *at != '\0'; at++) {
		if (*at == '\t')
			*at = ' ';
	}
	char *comment = strstr(keys, " # ");
	if (comment != NULL)
		*comment = '\0';
	if (*keys == '\0') {
		*why = arena_printf(arena, "no keys for \"%s\"", name);
		return ERR_CONFIG;
	}
	return key_bind(arena, name, keys, why);
}

enum err
key_file_load(struct arena *arena, const char *path, const char **why)
{
	FILE *file = fopen(path, "r");
	char line[KEY_FILE_LINE];
	enum err err = ERR_OK;
	int number = 0;

	if (file == NULL) {
		*why = arena_printf(arena, "%s: %s", path, strerror(errno));
		return ERR_FILE_SYSTEM;
	}
	while (err == ERR_OK && fgets(line, sizeof(line), file) != NULL) {
		number++;
		err = key_file_line(arena, line, why);
	}
	fclose(file);
	if (err != ERR_OK) {
		key_reset();
		*why = arena_printf(arena, "%s:%d: %s", path, number, *why);
	}
	return err;
}
