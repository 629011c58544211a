/* kehu-admin report add, replace: a file becomes the text of a report; the server looks at it.
 */
#include "client/admin/report_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REPORT_TEXT_BYTES ((size_t)128 * 1024)

static enum err
report_text_read(struct cli *cli, const char *path, const char **text)
{
	FILE *file = fopen(path, "re");
	char *all = arena_alloc(cli->arena, REPORT_TEXT_BYTES + 1);
	size_t bytes = file != NULL ? fread(all, 1, REPORT_TEXT_BYTES + 1, file) : 0;
	bool failed = file == NULL || ferror(file) != 0;
	int why = errno;

	if (file != NULL)
		fclose(file);
	if (failed)
		return cli_fail(cli, ERR_USAGE, path, strerror(why));
	if (bytes > REPORT_TEXT_BYTES)
		return cli_fail(cli, ERR_TOO_LARGE, path, NULL);
	all[bytes] = '\0';
	*text = all;
	return ERR_OK;
}

/* "reports/levels.sql" is the text of levels. */
static const char *
report_text_name(struct cli *cli, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t bytes = strlen(name);

	if (bytes > 4 && strcmp(name + bytes - 4, ".sql") == 0)
		bytes -= 4;
	return arena_strndup(cli->arena, name, bytes);
}

static enum err
report_text_run(struct cli *cli, enum err (*run)(struct cli *cli), bool is_new)
{
	const char **words = ARENA_ARRAY(cli->arena, const char *, 4), *text = NULL;
	const char *name = report_text_name(cli, cli->words[0]);
	enum err err = report_text_read(cli, cli->words[0], &text);

	if (err != ERR_OK)
		return err;
	words[0] = "report";
	words[1] = is_new ? arena_printf(cli->arena, "name=%s", name) : name;
	words[2] = arena_printf(cli->arena, "source=%s", text);
	cli->words = words;
	cli->word_count = 3;
	return run(cli);
}

enum err
admin_report_add(struct cli *cli)
{
	return report_text_run(cli, cli_new, true);
}

enum err
admin_report_replace(struct cli *cli)
{
	return report_text_run(cli, cli_set, false);
}
