/*
 * Small secrets sealed for the database with keys that are kept outside it: AES-256-GCM, bound to
 * whom they belong to. A key file has a key a line, 64 hexadecimal digits, the newest last; '#'
 * begins a remark.
 */
#ifndef KEHU_SEALED_H
#define KEHU_SEALED_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

#define SEALED_KEYS_MAX 32
#define SEALED_ID_CHARS 8
#define SEALED_EXTRA 33 /* bytes a sealed secret is longer: form, key's id, nonce and tag */

struct sealed_key {
	char id[SEALED_ID_CHARS + 1]; /* the first digits of the key's SHA-256 */
	uint8_t bytes[32];
};
struct sealed_keys {
	size_t count;
	struct sealed_key keys[SEALED_KEYS_MAX]; /* the newest last */
};

/*
 * Reads a key file; wipe the keys after use. ERR_FILE_SYSTEM: it cannot be read; ERR_CONFIG: it
 * holds no key, or something else, or others may read it. *why (in arena) is one sentence.
 */
MUST_CHECK enum err sealed_read(
    struct arena *arena, const char *path, struct sealed_keys *keys, const char **why);
void sealed_wipe(struct sealed_keys *keys);
/* NULL: there is none of this id. */
const struct sealed_key *sealed_key(const struct sealed_keys *keys, const char *id);

/*
 * Adds a fresh key as the last line, its id in *id; the file is made, mode 0600, if it is not
 * there, and replaced whole. ERR_FILE_SYSTEM, and what sealed_read() says.
 */
MUST_CHECK enum err sealed_add(
    struct arena *arena, const char *path, const char **id, const char **why);
/* The same unless the file is there. */
MUST_CHECK enum err sealed_make(struct arena *arena, const char *path, const char **why);

/* out has room for bytes + SEALED_EXTRA. What it is opened with must be the same owner. */
void sealed_seal(const struct sealed_key *key, const char *owner, const void *data, size_t bytes,
    uint8_t *out);
/* The id of the key that sealed this (out has room for it); false: it is not sealed. */
bool sealed_id(const uint8_t *data, size_t bytes, char out[SEALED_ID_CHARS + 1]);
/* out has room for bytes - SEALED_EXTRA. False: another key or owner, or it was changed. */
MUST_CHECK bool sealed_open(const struct sealed_key *key, const char *owner, const uint8_t *data,
    size_t bytes, void *out);

#endif
