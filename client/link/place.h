/* Where the client keeps its files, and how it writes them. */
#ifndef KEHU_PLACE_H
#define KEHU_PLACE_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

/* $XDG_STATE_HOME/kehu or ~/.local/state/kehu, and the same for cache and config. In arena; */
/* NULL when there is neither variable nor home. Nothing is made. */
const char *place_state_dir(struct arena *arena);
const char *place_cache_dir(struct arena *arena);
const char *place_config_dir(struct arena *arena);

/* Makes dir and what leads to it, mode 0700. ERR_FILE_SYSTEM: errno tells. */
MUST_CHECK enum err place_make(const char *dir);
/* A file name for server, user and so on: letters and digits stay, the rest is a hash. In
 * arena. */
const char *place_name(struct arena *arena, const char *const *parts, size_t count);
/* Whole or not at all: temporary file beside it (0600), fsync, rename. */
MUST_CHECK enum err place_write(const char *path, const void *data, size_t bytes);
/* The whole file; in arena. ERR_FILE_SYSTEM, also for one over max_bytes. */
MUST_CHECK enum err place_read(
    struct arena *arena, const char *path, size_t max_bytes, uint8_t **data, size_t *bytes);

#endif
