/*
 * Arena: memory that dies together. One per request, screen load or session.
 *
 * An arena grows in chunks and its functions never return NULL: out of system memory is
 * fatal. Past its ceiling it still hands out memory but is marked spent; loops over rows ask
 * arena_spent() and stop, and the caller answers "too large".
 */
#ifndef KEHU_ARENA_H
#define KEHU_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

struct arena;

/* ceiling_bytes 0: none. Release with arena_free. */
struct arena *arena_new(size_t ceiling_bytes);
void arena_free(struct arena *arena);

/* Forget everything allocated (one chunk is kept for the next use) and the spent mark. */
void arena_reset(struct arena *arena);

/* Zeroed memory, aligned for any type. bytes 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t bytes) __attribute__((alloc_size(2), returns_nonnull));

/* Zeroed array; an overflow of count * bytes is fatal, as out of memory is. */
void *arena_array(struct arena *arena, size_t count, size_t bytes)
    __attribute__((alloc_size(2, 3), returns_nonnull));

/* Copies, ended with a NUL. arena_strdup(NULL) is NULL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t bytes);
void *arena_memdup(struct arena *arena, const void *data, size_t bytes);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

bool arena_spent(const struct arena *arena);
size_t arena_used_bytes(const struct arena *arena);

/* Marks: give back what was allocated since (for loops inside one long request). */
struct arena_mark {
	void *chunk;
	size_t used;
};
struct arena_mark arena_mark(struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))

#endif
