/*
 * Outfile: a file that appears whole or not at all. Bytes go into a temporary file beside it,
 * which takes its name once everything is on disk; a full disk leaves nothing behind.
 */
#ifndef KEHU_OUTFILE_H
#define KEHU_OUTFILE_H

#include "common/arena.h"
#include "common/error.h"

struct outfile;

/* NULL and *why (in arena) when it cannot be made. "~/" is the user's home. */
struct outfile *outfile_open(struct arena *arena, const char *path, const char **why);
/* A file that is never named: for what only passes through to another program. */
struct outfile *outfile_open_temporary(struct arena *arena, const char **why);
/* Errors are kept until the end. */
void outfile_write(struct outfile *file, const void *data, size_t bytes);
/* Begin again from nothing. */
void outfile_restart(struct outfile *file);
/* Make it durable and give it its name. ERR_FILE_SYSTEM and *why; either way file is gone. */
MUST_CHECK enum err outfile_commit(struct outfile *file, struct arena *arena, const char **why);
/* Forget it; NULL is nothing. */
void outfile_abandon(struct outfile *file);
/* The whole path it will have; of a temporary one where it is now. Borrowed. */
const char *outfile_path(const struct outfile *file);
/* ERR_FILE_SYSTEM as soon as something could not be written. */
bool outfile_failed(const struct outfile *file);

#endif
