/* Children of one kind: their environment is ours, less what libpq reads, plus the connection.
 */
#include "server/store/tool.h"

#include "common/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* libpq's variables for the keywords that conninfo gives. */
static char **
tool_environment(
    struct arena *arena, const char *conninfo, const char *database, const char **why)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &message);
	size_t count = 0, options_count = 0, at = 0;
	char **env;

	if (options == NULL) {
		*why = arena_printf(arena, "the connection string is wrong: %s",
		    message != NULL ? message : "out of memory");
		PQfreemem(message);
		return NULL;
	}
	while (environ[count] != NULL)
		count++;
	while (options[options_count].keyword != NULL)
		options_count++;
	env = ARENA_ARRAY(arena, char *, count + options_count + 2);
	for (size_t i = 0; i < count; i++)
		if (database == NULL || strncmp(environ[i], "PGDATABASE=", 11) != 0)
			env[at++] = environ[i];
	/* The last of a name counts for none: what is there already is written over. */
	for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
		const char *value = option->val;
		if (database != NULL && strcmp(option->keyword, "dbname") == 0)
			value = database;
		if (option->envvar == NULL || value == NULL)
			continue;
		char *set = arena_printf(arena, "%s=%s", option->envvar, value);
		size_t name_bytes = strlen(option->envvar) + 1, i = 0;
		while (i < at && strncmp(env[i], set, name_bytes) != 0)
			i++;
		env[i] = set;
		at += i == at;
	}
	PQconninfoFree(options);
	return env;
}

static enum err
tool_spawn(struct tool *tool, const char *const *argv, char **env, enum tool_pipe pipe)
{
	posix_spawn_file_actions_t actions;
	char *const *args = (char *const *)(uintptr_t)argv; /* which posix_spawn leaves alone */
	int ends[2] = { -1, -1 }, child = pipe == TOOL_OUTPUT ? 1 : 0, failed;

	if (pipe != TOOL_NONE && pipe2(ends, O_CLOEXEC) != 0)
		return ERR_FILE_SYSTEM;
	posix_spawn_file_actions_init(&actions);
	if (pipe != TOOL_NONE)
		posix_spawn_file_actions_adddup2(&actions, ends[child], child);
	failed = posix_spawnp(&tool->pid, argv[0], &actions, NULL, args, env);
	posix_spawn_file_actions_destroy(&actions);
	if (pipe != TOOL_NONE) {
		close(ends[child]);
		tool->fd = ends[1 - child];
	}
	if (failed == 0)
		return ERR_OK;
	if (tool->fd >= 0)
		close(tool->fd);
	tool->fd = -1;
	errno = failed;
	return ERR_FILE_SYSTEM;
}

enum err
tool_start(struct tool *tool, struct arena *arena, const char *const *argv,
    const char *conninfo, const char *database, enum tool_pipe pipe, const char **why)
{
	char **env = tool_environment(arena, conninfo, database, why);

	*tool = (struct tool){ .program = argv[0], .fd = -1 };
	if (env == NULL)
		return ERR_CONFIG;
	if (tool_spawn(tool, argv, env, pipe) == ERR_OK)
		return ERR_OK;
	*why = errno == ENOENT
		   ? arena_printf(arena, "%s is not there: install postgresql-client", argv[0])
		   : arena_printf(arena, "%s cannot be started: %s", argv[0], strerror(errno));
	return ERR_CONFIG;
}

enum err
tool_wait(struct tool *tool, struct arena *arena, const char **why)
{
	int status = 0;

	if (tool->fd >= 0)
		close(tool->fd);
	tool->fd = -1;
	while (waitpid(tool->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	*why = arena_printf(arena, "%s failed, its reason is above", tool->program);
	return ERR_CONFIG;
}

enum err
tool_run(struct arena *arena, const char *const *argv, const char *conninfo,
    const char *database, const char **why)
{
	struct tool tool;
	enum err err = tool_start(&tool, arena, argv, conninfo, database, TOOL_NONE, why);

	return err == ERR_OK ? tool_wait(&tool, arena, why) : err;
}

const char *
tool_conninfo(struct arena *arena, const char *conninfo, const char *database)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	struct buf text = BUF_INIT;

	if (options == NULL)
		return NULL;
	for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
		const char *value =
		    strcmp(option->keyword, "dbname") == 0 ? database : option->val;
		if (value == NULL)
			continue;
		buf_printf(&text, "%s='", option->keyword);
		for (; *value != '\0'; value++) {
			if (*value == '\'' || *value == '\\')
				buf_putc(&text, '\\');
			buf_putc(&text, *value);
		}
		buf_puts(&text, "' ");
	}
	PQconninfoFree(options);
	const char *result = arena_strdup(arena, buf_text(&text));
	buf_fini(&text);
	return result;
}
