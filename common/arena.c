/*
 * Arenas: a list of chunks, newest first, each used from front to back. Nothing is released
 * singly; zeroing happens on the way out, so that a kept chunk is as good as a new one.
 *
 * Under AddressSanitizer every allocation is followed by a poisoned gap and given-back memory
 * is poisoned, so that overruns and uses after a rewind are found as with malloc.
 */
#include "common/arena.h"
#include "common/log.h"
#include "common/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define ARENA_POISON(at, bytes)   ASAN_POISON_MEMORY_REGION((at), (bytes))
#define ARENA_UNPOISON(at, bytes) ASAN_UNPOISON_MEMORY_REGION((at), (bytes))
#define ARENA_GAP_BYTES           16
#else
#define ARENA_POISON(at, bytes)   ((void)(at), (void)(bytes))
#define ARENA_UNPOISON(at, bytes) ((void)(at), (void)(bytes))
#define ARENA_GAP_BYTES           0
#endif

#define ARENA_FIRST_BYTES   2048 /* a session's arena often needs no more */
#define ARENA_LARGEST_BYTES ((size_t)256 * 1024)
#define ARENA_KEPT_BYTES    ((size_t)64 * 1024)

struct arena_chunk {
	struct arena_chunk *older;
	size_t room, used;
	size_t before; /* used in all older chunks */
	_Alignas(max_align_t) char data[];
};

struct arena {
	struct arena_chunk *chunk;
	size_t ceiling;
	size_t next_bytes;
	bool spent;
};

static size_t
arena_round_up(size_t bytes)
{
	const size_t align = _Alignof(max_align_t);

	if (bytes > SIZE_MAX / 2)
		fatal("arena: %zu bytes asked for", bytes);
	return (bytes + align - 1) / align * align;
}

static void
arena_add_chunk(struct arena *arena, size_t at_least)
{
	size_t room = arena->next_bytes > at_least ? arena->next_bytes : at_least;
	struct arena_chunk *chunk = mem_alloc(sizeof(*chunk) + room);

	*chunk = (struct arena_chunk){
		.older = arena->chunk, .room = room, .before = arena_used_bytes(arena)
	};
	ARENA_POISON(chunk->data, room);
	arena->chunk = chunk;
	if (arena->next_bytes < ARENA_LARGEST_BYTES)
		arena->next_bytes *= 2;
}

static void
arena_free_chunk(struct arena_chunk *chunk)
{
	ARENA_UNPOISON(chunk->data, chunk->room);
	free(chunk);
}

struct arena *
arena_new(size_t ceiling_bytes)
{
	struct arena *arena = mem_alloc(sizeof(*arena));

	*arena = (struct arena){ .ceiling = ceiling_bytes, .next_bytes = ARENA_FIRST_BYTES };
	return arena;
}

void
arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	arena_rewind(arena, (struct arena_mark){ 0 });
	free(arena);
}

void
arena_reset(struct arena *arena)
{
	struct arena_chunk *kept = arena->chunk;

	if (kept == NULL)
		return;
	arena->chunk = kept->older;
	arena_rewind(arena, (struct arena_mark){ 0 });
	arena->next_bytes = ARENA_FIRST_BYTES;
	arena->spent = false;
	if (kept->room > ARENA_KEPT_BYTES) {
		arena_free_chunk(kept);
		return;
	}
	kept->older = NULL;
	kept->used = kept->before = 0;
	ARENA_POISON(kept->data, kept->room);
	arena->chunk = kept;
}

void *
arena_alloc(struct arena *arena, size_t bytes)
{
	size_t step = arena_round_up(bytes) + ARENA_GAP_BYTES;
	struct arena_chunk *chunk = arena->chunk;

	if (chunk == NULL || chunk->room - chunk->used < step) {
		arena_add_chunk(arena, step);
		chunk = arena->chunk;
	}
	void *out = chunk->data + chunk->used;
	chunk->used += step;
	ARENA_UNPOISON(out, bytes);
	if (arena->ceiling != 0 && arena_used_bytes(arena) > arena->ceiling)
		arena->spent = true;
	return memset(out, 0, bytes);
}

void *
arena_array(struct arena *arena, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total))
		fatal("arena: array of %zu times %zu bytes", count, bytes);
	return arena_alloc(arena, total);
}

char *
arena_strdup(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_memdup(arena, text, strlen(text) + 1);
}

char *
arena_strndup(struct arena *arena, const char *text, size_t bytes)
{
	char *out = arena_alloc(arena, bytes + 1);

	if (bytes != 0)
		memcpy(out, text, bytes);
	return out;
}

void *
arena_memdup(struct arena *arena, const void *data, size_t bytes)
{
	void *out = arena_alloc(arena, bytes);

	return bytes == 0 ? out : memcpy(out, data, bytes);
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *out = arena_vprintf(arena, format, args);
	va_end(args);
	return out;
}

char *
arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	char small[256];
	va_list again;

	va_copy(again, args);
	int length = vsnprintf(small, sizeof(small), format, args);
	if (length < 0)
		fatal("arena: cannot format \"%s\"", format);
	char *out = arena_alloc(arena, (size_t)length + 1);
	if ((size_t)length < sizeof(small))
		memcpy(out, small, (size_t)length);
	else
		vsnprintf(out, (size_t)length + 1, format, again);
	va_end(again);
	return out;
}

bool
arena_spent(const struct arena *arena)
{
	return arena->spent;
}

size_t
arena_used_bytes(const struct arena *arena)
{
	return arena->chunk == NULL ? 0 : arena->chunk->before + arena->chunk->used;
}

struct arena_mark
arena_mark(struct arena *arena)
{
	return (struct arena_mark){
		.chunk = arena->chunk,
		.used = arena->chunk == NULL ? 0 : arena->chunk->used,
	};
}

/* The spent mark stays: what was cut short because of it must still be answered "too large". */
void
arena_rewind(struct arena *arena, struct arena_mark mark)
{
	while (arena->chunk != NULL && arena->chunk != mark.chunk) {
		struct arena_chunk *older = arena->chunk->older;
		arena_free_chunk(arena->chunk);
		arena->chunk = older;
	}
	if (arena->chunk != NULL) {
		arena->chunk->used = mark.used;
		ARENA_POISON(arena->chunk->data + mark.used, arena->chunk->room - mark.used);
	}
}
