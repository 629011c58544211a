/* See vault.h for the form. */
#include "server/backup/vault.h"
#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VAULT_MAGIC       "KEHUBAK1"
#define VAULT_MAGIC_BYTES 8
#define VAULT_SALT_BYTES  16
#define VAULT_HEAD_BYTES  (VAULT_MAGIC_BYTES + SEALED_ID_CHARS + VAULT_SALT_BYTES)
#define VAULT_PIECE_BYTES ((size_t)64 * 1024)
#define VAULT_TAG_BYTES   16
#define VAULT_LAST        UINT32_C(0x80000000)
/* How pg_dump's own format begins. */
#define VAULT_PLAIN "PGDMP"

struct vault {
	FILE *file;
	char *path, *part; /* part: its name while it is written; NULL: it is read */
	EVP_CIPHER_CTX *cipher;
	bool sealed, ended;
	uint8_t key[32];
	uint64_t number; /* of the next piece */
	uint8_t piece[VAULT_PIECE_BYTES], out[VAULT_PIECE_BYTES];
	size_t held, taken; /* bytes in piece; of these already read */
};

static struct vault *
vault_new(const char *path)
{
	struct vault *vault = mem_zalloc(1, sizeof(*vault));

	vault->path = mem_strdup(path);
	return vault;
}

void
vault_close(struct vault *vault)
{
	if (vault == NULL)
		return;
	if (vault->file != NULL)
		fclose(vault->file);
	if (vault->part != NULL)
		unlink(vault->part);
	EVP_CIPHER_CTX_free(vault->cipher);
	OPENSSL_cleanse(vault->key, sizeof(vault->key));
	free(vault->part);
	free(vault->path);
	free(vault);
}

static bool
vault_cipher(struct vault *vault, const struct sealed_key *key, const uint8_t *salt)
{
	unsigned bytes = sizeof(vault->key);

	vault->sealed = true;
	vault->cipher = EVP_CIPHER_CTX_new();
	return vault->cipher != NULL && HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes), salt,
					    VAULT_SALT_BYTES, vault->key, &bytes) != NULL;
}

/* A piece in place of piece[] into out[], or back; the tag is made or checked. */
static bool
vault_crypt(struct vault *vault, bool seal, uint32_t length, uint8_t *tag)
{
	EVP_CIPHER_CTX *cipher = vault->cipher;
	uint8_t nonce[12] = { 0 }, head[4];
	int bytes = (int)(length & ~VAULT_LAST), done;

	for (int i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(vault->number >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		head[i] = (uint8_t)(length >> (24 - 8 * i));
	vault->number++;
	if (EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, vault->key, nonce, seal) != 1 ||
	    EVP_CipherUpdate(cipher, NULL, &done, head, sizeof(head)) != 1 ||
	    EVP_CipherUpdate(cipher, vault->out, &done, vault->piece, bytes) != 1)
		return false;
	if (!seal &&
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, VAULT_TAG_BYTES, tag) != 1)
		return false;
	if (EVP_CipherFinal_ex(cipher, vault->out + done, &done) != 1)
		return false;
	return !seal ||
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, VAULT_TAG_BYTES, tag) == 1;
}

/* ---- writing ----------------------------------------------------------------------------- */

static bool
vault_put(struct vault *vault, const void *data, size_t bytes)
{
	return fwrite(data, 1, bytes, vault->file) == bytes;
}

struct vault *
vault_make(
    struct arena *arena, const char *path, const struct sealed_key *key, const char **why)
{
	struct vault *vault = vault_new(path);
	uint8_t salt[VAULT_SALT_BYTES];
	int fd;

	if (asprintf(&vault->part, "%s.part", path) < 0)
		abort();
	fd = open(vault->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	vault->file = fd >= 0 ? fdopen(fd, "wb") : NULL;
	bool good = vault->file != NULL;
	if (good && key != NULL)
		good = RAND_bytes(salt, sizeof(salt)) == 1 && vault_cipher(vault, key, salt) &&
		       vault_put(vault, VAULT_MAGIC, VAULT_MAGIC_BYTES) &&
		       vault_put(vault, key->id, SEALED_ID_CHARS) &&
		       vault_put(vault, salt, sizeof(salt));
	if (good)
		return vault;
	*why = arena_printf(arena, "%s cannot be written: %s", vault->part, strerror(errno));
	vault_close(vault);
	return NULL;
}

static enum err
vault_put_piece(struct vault *vault, bool last)
{
	uint32_t length = (uint32_t)vault->held | (last ? VAULT_LAST : 0);
	uint8_t tag[VAULT_TAG_BYTES];
	uint8_t head[4] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16),
		(uint8_t)(length >> 8), (uint8_t)length };

	if (!vault_crypt(vault, true, length, tag) || !vault_put(vault, head, sizeof(head)) ||
	    !vault_put(vault, vault->out, vault->held) || !vault_put(vault, tag, sizeof(tag)))
		return ERR_FILE_SYSTEM;
	vault->held = 0;
	return ERR_OK;
}

enum err
vault_write(struct vault *vault, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	enum err err = ERR_OK;

	if (!vault->sealed)
		return vault_put(vault, data, bytes) ? ERR_OK : ERR_FILE_SYSTEM;
	while (bytes > 0 && err == ERR_OK) {
		size_t room = VAULT_PIECE_BYTES - vault->held;
		size_t more = bytes < room ? bytes : room;
		if (room == 0) {
			err = vault_put_piece(vault, false);
			continue;
		}
		memcpy(vault->piece + vault->held, at, more);
		vault->held += more;
		at += more;
		bytes -= more;
	}
	return err;
}

/* The folder too, so that the name is there after a power cut. */
static bool
vault_sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL
			   ? mem_strdup(".")
			   : mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool good = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	free(folder);
	return good;
}

enum err
vault_keep(struct vault *vault, struct arena *arena, const char **why)
{
	bool good = !vault->sealed || vault_put_piece(vault, true) == ERR_OK;

	good = good && fflush(vault->file) == 0 && fsync(fileno(vault->file)) == 0 &&
	       rename(vault->part, vault->path) == 0;
	if (!good) {
		*why = arena_printf(
		    arena, "%s cannot be written: %s", vault->path, strerror(errno));
		return ERR_FILE_SYSTEM;
	}
	free(vault->part);
	vault->part = NULL;
	if (vault_sync_folder(vault->path))
		return ERR_OK;
	*why = arena_printf(
	    arena, "the folder of %s cannot be made durable: %s", vault->path, strerror(errno));
	return ERR_FILE_SYSTEM;
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool
vault_get(struct vault *vault, void *data, size_t bytes)
{
	return fread(data, 1, bytes, vault->file) == bytes;
}

/* NULL: it can be read; else why not. */
static const char *
vault_begin(struct vault *vault, struct arena *arena, const struct sealed_keys *keys)
{
	uint8_t head[VAULT_HEAD_BYTES];
	char id[SEALED_ID_CHARS + 1] = "";
	size_t plain = strlen(VAULT_PLAIN);

	vault->held = fread(head, 1, VAULT_HEAD_BYTES, vault->file);
	if (vault->held >= plain && memcmp(head, VAULT_PLAIN, plain) == 0) {
		memcpy(vault->piece, head, vault->held);
		return NULL;
	}
	if (vault->held < VAULT_HEAD_BYTES || memcmp(head, VAULT_MAGIC, VAULT_MAGIC_BYTES) != 0)
		return arena_printf(arena, "%s is no backup of Kehu", vault->path);
	vault->held = 0;
	for (size_t i = 0; i < SEALED_ID_CHARS; i++) {
		char c = (char)head[VAULT_MAGIC_BYTES + i];
		id[i] = c >= '!' && c <= '~' ? c : '?';
	}
	const struct sealed_key *key = keys != NULL ? sealed_key(keys, id) : NULL;
	if (key == NULL)
		return arena_printf(arena,
		    "%s is encrypted with the key %s: give the file that holds it with --key",
		    vault->path, id);
	if (!vault_cipher(vault, key, head + VAULT_MAGIC_BYTES + SEALED_ID_CHARS))
		return "out of memory";
	return NULL;
}

struct vault *
vault_open(
    struct arena *arena, const char *path, const struct sealed_keys *keys, const char **why)
{
	struct vault *vault = vault_new(path);

	vault->file = fopen(path, "rbe");
	if (vault->file == NULL)
		*why = arena_printf(arena, "%s cannot be read: %s", path, strerror(errno));
	else
		*why = vault_begin(vault, arena, keys);
	if (*why == NULL)
		return vault;
	vault_close(vault);
	return NULL;
}

/* The next piece, opened, into piece[]. */
static enum err
vault_get_piece(struct vault *vault)
{
	uint8_t head[4], tag[VAULT_TAG_BYTES];

	if (!vault_get(vault, head, sizeof(head)))
		return ERR_INVALID;
	uint32_t length = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 |
			  (uint32_t)head[2] << 8 | head[3];
	size_t bytes = length & ~VAULT_LAST;
	if (bytes > VAULT_PIECE_BYTES || !vault_get(vault, vault->piece, bytes) ||
	    !vault_get(vault, tag, sizeof(tag)) || !vault_crypt(vault, false, length, tag))
		return ERR_INVALID;
	memcpy(vault->piece, vault->out, bytes);
	vault->held = bytes;
	vault->taken = 0;
	vault->ended = (length & VAULT_LAST) != 0;
	/* Nothing may follow the last. */
	return vault->ended && fgetc(vault->file) != EOF ? ERR_INVALID : ERR_OK;
}

enum err
vault_read(struct vault *vault, void *data, size_t room, size_t *bytes)
{
	enum err err = ERR_OK;

	*bytes = 0;
	while (err == ERR_OK && vault->taken == vault->held && vault->sealed && !vault->ended)
		err = vault_get_piece(vault);
	if (err != ERR_OK)
		return err;
	if (vault->taken < vault->held) {
		size_t left = vault->held - vault->taken;
		*bytes = left < room ? left : room;
		memcpy(data, vault->piece + vault->taken, *bytes);
		vault->taken += *bytes;
	} else if (!vault->sealed) {
		*bytes = fread(data, 1, room, vault->file);
		err = ferror(vault->file) != 0 ? ERR_INVALID : ERR_OK;
	}
	return err;
}
