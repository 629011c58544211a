/* The commands that kehud runs as the database's owner; they serve nobody. */
#ifndef KEHU_OWNER_H
#define KEHU_OWNER_H

#include "server/server.h"

struct owner_options {
	const char *command;
	const char *conninfo; /* NULL: the connection that clients are served with */
	const char *sql_dir;
	long every_s;         /* maintain again and again; 0: once */
	const char *file;     /* of backup and restore */
	const char *key_file; /* to encrypt it with, or to read it; NULL: none */
	bool check;           /* backup: restore it beside the original and compare */
};

bool owner_has(const char *command);
bool owner_takes_file(const char *command);
/* ERR_USAGE, ERR_CONFIG and what else went wrong, with *why (in arena, may stay NULL). */
MUST_CHECK enum err owner_run(struct arena *arena, const struct server_settings *settings,
    const struct owner_options *options, const char **why);

#endif
