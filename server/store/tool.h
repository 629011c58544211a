/*
 * PostgreSQL's own programs (pg_dump, pg_restore, createdb, dropdb) run as children, with the
 * connection in their environment, where no other user sees its password.
 */
#ifndef KEHU_STORE_TOOL_H
#define KEHU_STORE_TOOL_H

#include "common/arena.h"
#include "common/error.h"
#include <sys/types.h>

struct tool {
	const char *program;
	pid_t pid;
	int fd; /* the child's output to be read, or input to be written; -1: none */
};

enum tool_pipe { TOOL_NONE, TOOL_OUTPUT, TOOL_INPUT };

/*
 * argv ends with NULL. The child connects as conninfo says, to another database unless that is
 * NULL; its complaints go to our standard error. ERR_CONFIG and *why (in arena): conninfo is
 * wrong, or the program is not installed.
 */
MUST_CHECK enum err tool_start(struct tool *tool, struct arena *arena, const char *const *argv,
    const char *conninfo, const char *database, enum tool_pipe pipe, const char **why);
/* Closes the pipe and waits. ERR_CONFIG and *why unless it ended with status 0. */
MUST_CHECK enum err tool_wait(struct tool *tool, struct arena *arena, const char **why);
/* Start and wait. */
MUST_CHECK enum err tool_run(struct arena *arena, const char *const *argv, const char *conninfo,
    const char *database, const char **why);
/* The connection string for another database of the same server; in arena, NULL when conninfo
 * is wrong. */
const char *tool_conninfo(struct arena *arena, const char *conninfo, const char *database);

#endif
