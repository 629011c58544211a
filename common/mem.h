/*
 * Memory that is always there: nobody who asks here gets NULL. A reserve is given back to the
 * system when it refuses; while that is out, mem_short() tells, and a server takes no new work.
 * If even that does not help, the process ends with a line that says so: what it had not
 * acknowledged is sent again by its clients, exactly once.
 */
#ifndef KEHU_MEM_H
#define KEHU_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc(3), calloc(3), realloc(3), strdup(3) and strndup(3); free(3) ends what they give. */
void *mem_alloc(size_t bytes) __attribute__((returns_nonnull));
void *mem_zalloc(size_t count, size_t bytes) __attribute__((returns_nonnull));
void *mem_resize(void *memory, size_t bytes) __attribute__((returns_nonnull));
char *mem_strdup(const char *text) __attribute__((returns_nonnull));
char *mem_strndup(const char *text, size_t bytes) __attribute__((returns_nonnull));

/*
 * Hold a reserve of so many bytes, at the start of a process; without it there is none. OpenSSL
 * lives by it too, if it was not used before.
 */
void mem_reserve(size_t bytes);

/* The reserve is out; tries to have it back first. Any thread. */
bool mem_short(void);

#endif
