/*
 * Random bytes, hashes, hexadecimal, and identifiers: UUIDv7 (RFC 9562), 48 bits of
 * milliseconds and then random, ordered within a process.
 */
#ifndef KEHU_UUID_H
#define KEHU_UUID_H

#include "common/arena.h"
#include <stdint.h>

void random_bytes(void *out, size_t bytes); /* fatal when the system has none */
void hash_sha256(const void *data, size_t bytes, uint8_t out[32]);
/* Lower case, in arena. */
char *hex_encode(struct arena *arena, const void *data, size_t bytes);

struct uuid {
	uint8_t bytes[16];
};

/* Each is greater than all before it, byte by byte, from any thread and when the clock goes
 * back. */
struct uuid uuid_new(void);
int64_t uuid_time_ms(struct uuid uuid);
/* The 36-character form in either case; *uuid is left alone when text is anything else. */
bool uuid_parse(const char *text, struct uuid *uuid);
/* Lower case, in arena. */
char *uuid_format(struct arena *arena, struct uuid uuid);

#endif
