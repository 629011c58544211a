/*
 * The named statements of one connection: which texts are prepared there, least recently used
 * one out when the table is full (a prepared statement costs the server some 40 KiB).
 */
#include "server/store/store_impl.h"
#include "common/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
named_hash(const char *text, size_t bytes)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
	return hash;
}

void
named_format(uint64_t serial, char name[24])
{
	snprintf(name, 24, "k%" PRIu64, serial);
}

/* The text stays prepared on the server until the next flush closes it. */
static void
named_close_later(struct store *store, uint64_t serial)
{
	if (store->closing_count == store->closing_room) {
		store->closing_room = store->closing_room ? store->closing_room * 2 : 8;
		store->closing =
		    mem_resize(store->closing, store->closing_room * sizeof *store->closing);
	}
	store->closing[store->closing_count++] = serial;
}

void
named_drop(struct store *store, size_t index)
{
	free(store->named[index].text);
	store->named[index] = (struct store_named){ .state = NAMED_FREE };
}

void
named_forget_all(struct store *store)
{
	for (size_t i = 0; i < store->named_count; i++)
		named_drop(store, i);
	store->named_count = 0;
	store->closing_count = 0;
}

/* A slot for a new text: an empty one, else that of the statement unused for longest. */
static size_t
named_room(struct store *store)
{
	size_t oldest = STORE_NAMED_MAX;

	for (size_t i = 0; i < store->named_count; i++) {
		if (store->named[i].state == NAMED_FREE)
			return i;
		if (store->named[i].state == NAMED_READY &&
		    (oldest == STORE_NAMED_MAX ||
			store->named[i].used < store->named[oldest].used))
			oldest = i;
	}
	if (store->named_count < STORE_NAMED_MAX)
		return store->named_count++;
	if (oldest < STORE_NAMED_MAX) {
		named_close_later(store, store->named[oldest].serial);
		named_drop(store, oldest);
	}
	return oldest;
}

size_t
named_slot(struct store *store, const char *text, size_t bytes, bool *fresh)
{
	uint64_t hash = named_hash(text, bytes);

	*fresh = false;
	for (size_t i = 0; i < store->named_count; i++) {
		struct store_named *named = &store->named[i];
		if (named->state != NAMED_FREE && named->hash == hash &&
		    strcmp(named->text, text) == 0) {
			named->used = ++store->clock;
			return i;
		}
	}
	size_t slot = named_room(store);
	if (slot == STORE_NAMED_MAX)
		return slot; /* 200 new texts in one flush: the caller sends this one unnamed */
	*fresh = true;
	store->named[slot] = (struct store_named){ .state = NAMED_SENT,
		.hash = hash,
		.serial = ++store->serial,
		.used = ++store->clock,
		.text = mem_strdup(text) };
	return slot;
}
