/*
 * The file of a backup: as it is, or encrypted piece by piece (AES-256-GCM) so that one of any
 * size is written and read in constant memory, and a byte that was changed, swapped or cut off
 * is noticed.
 *
 * Encrypted: "KEHUBAK1", the key's id (8 characters), 16 random bytes; then pieces, each a
 * length (4 bytes, big-endian; its highest bit marks the last piece), as many bytes, a tag
 * of 16. A file has a key of its own: HMAC-SHA256 of the random bytes under the key of the key
 * file. A piece's nonce is its number; its length is authenticated with it.
 */
#ifndef KEHU_BACKUP_VAULT_H
#define KEHU_BACKUP_VAULT_H

#include "common/sealed.h"

struct vault;

/*
 * A file to be written, under a name of its own until vault_keep(). key NULL: as it is.
 * NULL and *why (in arena): it cannot be made.
 */
struct vault *vault_make(
    struct arena *arena, const char *path, const struct sealed_key *key, const char **why);
MUST_CHECK enum err vault_write(struct vault *vault, const void *data, size_t bytes);
/* Durable, and under its name. ERR_FILE_SYSTEM and *why; the file is gone then. */
MUST_CHECK enum err vault_keep(struct vault *vault, struct arena *arena, const char **why);

/*
 * A file to be read; keys may be NULL for one that is not encrypted. NULL and *why: it cannot
 * be read, is no backup, or its key is not among these.
 */
struct vault *vault_open(
    struct arena *arena, const char *path, const struct sealed_keys *keys, const char **why);
/* The next bytes, at most room; *bytes 0 at the end. ERR_INVALID: damaged or cut off. */
MUST_CHECK enum err vault_read(struct vault *vault, void *data, size_t room, size_t *bytes);

/* Also of one half written, which is then removed. */
void vault_close(struct vault *vault);

#endif
