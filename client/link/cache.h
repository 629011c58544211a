/* Recent answers to reads, in memory, least recently used out first. */
#ifndef KEHU_LINK_CACHE_H
#define KEHU_LINK_CACHE_H

#include "proto/frame.h"

struct link_cache;

struct link_cache *link_cache_new(size_t max_bytes);
void link_cache_free(struct link_cache *cache);
void link_cache_clear(struct link_cache *cache);
/* The key of a read: what it asks, whatever its number. */
void link_cache_key(const Kehu__ClientFrame *frame, uint8_t key[32]);
/* entity: the one the answer is about, 0: many. Replaces what the key had. */
void link_cache_put(struct link_cache *cache, const uint8_t key[32], uint32_t entity,
    const Kehu__ServerFrame *answer);
/* A copy in arena, NULL: none. */
Kehu__ServerFrame *link_cache_get(struct link_cache *cache, struct arena *arena,
    const uint8_t key[32], int64_t *age_ms, bool *fresh);
/* Something of this entity changed (0: anything): answers about it are not fresh any more. */
void link_cache_stale(struct link_cache *cache, uint32_t entity);

#endif
