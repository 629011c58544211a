/*
 * Sealed: the key file, and AES-256-GCM by OpenSSL. A sealed secret is: form (1 byte), id of the
 * key (4), nonce (12), what is sealed, tag (16). The owner and the head are authenticated too, so
 * that a secret copied to another row opens nothing.
 */
#include "common/sealed.h"

#include "common/buf.h"
#include "common/log.h"
#include "common/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALED_FORM = 1, SEALED_HEAD = 5, SEALED_NONCE = 12, SEALED_TAG = 16 };
enum { SEALED_KEY_BYTES = 32, SEALED_FILE_MAX = 16384 };

/* ---- the key file ------------------------------------------------------------------------- */

static int
sealed_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F'   ? c - 'A' + 10 : -1;
}

static bool
sealed_unhex(const char *text, uint8_t *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		int high = sealed_digit(text[2 * i]);
		int low = high < 0 ? -1 : sealed_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void
sealed_name(struct sealed_key *key)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[32];

	hash_sha256(key->bytes, sizeof(key->bytes), hash);
	for (size_t i = 0; i < SEALED_ID_CHARS; i++)
		key->id[i] = digits[hash[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	key->id[SEALED_ID_CHARS] = '\0';
}

/* One line without its end; false: it is neither key, remark nor empty. */
static bool
sealed_line(struct sealed_keys *keys, char *line)
{
	struct sealed_key *key = &keys->keys[keys->count];

	line[strcspn(line, "#\r\n")] = '\0';
	for (size_t length = strlen(line); length > 0 && strchr(" \t", line[length - 1]) != NULL;)
		line[--length] = '\0';
	if (line[0] == '\0')
		return true;
	if (keys->count == SEALED_KEYS_MAX || strlen(line) != 2 * SEALED_KEY_BYTES ||
	    !sealed_unhex(line, key->bytes, SEALED_KEY_BYTES))
		return false;
	sealed_name(key);
	keys->count++;
	return true;
}

static enum err
sealed_lines(struct arena *arena, FILE *file, const char *path, struct sealed_keys *keys,
    const char **why)
{
	char line[512];
	int number = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK && fgets(line, sizeof(line), file) != NULL) {
		number++;
		if (sealed_line(keys, line))
			continue;
		*why = arena_printf(arena, "%s:%d: a key has %d hexadecimal digits, and a file at most %d keys",
		    path, number, 2 * SEALED_KEY_BYTES, SEALED_KEYS_MAX);
		err = ERR_CONFIG;
	}
	OPENSSL_cleanse(line, sizeof(line));
	if (err == ERR_OK && keys->count == 0) {
		*why = arena_printf(arena, "%s holds no key", path);
		err = ERR_CONFIG;
	}
	return err;
}

enum err
sealed_read(struct arena *arena, const char *path, struct sealed_keys *keys, const char **why)
{
	FILE *file = fopen(path, "re");
	struct stat about;
	enum err err;

	*keys = (struct sealed_keys){ 0 };
	if (file == NULL) {
		*why = arena_printf(arena, "%s: %s", path, strerror(errno));
		return ERR_FILE_SYSTEM;
	}
	/* The keys would stay behind in stdio's own memory. */
	setvbuf(file, NULL, _IONBF, 0);
	if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
		*why = arena_printf(arena, "%s is no file", path);
		err = ERR_CONFIG;
	} else if ((about.st_mode & S_IRWXO) != 0) {
		*why = arena_printf(arena, "%s may be read by everybody: chmod o= it", path);
		err = ERR_CONFIG;
	} else {
		err = sealed_lines(arena, file, path, keys, why);
	}
	fclose(file);
	if (err != ERR_OK)
		sealed_wipe(keys);
	return err;
}

void
sealed_wipe(struct sealed_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}

const struct sealed_key *
sealed_key(const struct sealed_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->keys[i].id, id) == 0)
			return &keys->keys[i];
	return NULL;
}

/* What is there, as it is; an absent file is empty. */
static bool
sealed_old(const char *path, struct buf *text, mode_t *mode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[512];
	struct stat about;
	ssize_t got = 0;

	if (fd < 0)
		return errno == ENOENT;
	if (fstat(fd, &about) == 0)
		*mode = about.st_mode & 07777;
	while (text->bytes < SEALED_FILE_MAX && (got = read(fd, part, sizeof(part))) > 0)
		buf_put(text, part, (size_t)got);
	OPENSSL_cleanse(part, sizeof(part));
	close(fd);
	return got == 0;
}

static bool
sealed_write(const char *path, const char *text, size_t length, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good;

	if (fd < 0)
		return false;
	good = fchmod(fd, mode) == 0 && write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
	return close(fd) == 0 && good;
}

enum err
sealed_add(struct arena *arena, const char *path, const char **id, const char **why)
{
	const char *fresh = arena_printf(arena, "%s.new", path);
	struct buf text = BUF_INIT;
	struct sealed_keys keys = { 0 };
	struct sealed_key key = { 0 };
	mode_t mode = 0600;
	enum err err = access(path, F_OK) == 0 ? sealed_read(arena, path, &keys, why) : ERR_OK;

	if (err == ERR_OK && keys.count == SEALED_KEYS_MAX) {
		*why = arena_printf(arena, "%s has %d keys: remove old ones first", path, SEALED_KEYS_MAX);
		err = ERR_CONFIG;
	}
	if (err != ERR_OK)
		goto out;
	random_bytes(key.bytes, sizeof(key.bytes));
	sealed_name(&key);
	if (sealed_old(path, &text, &mode)) {
		if (text.bytes > 0 && buf_text(&text)[text.bytes - 1] != '\n')
			buf_puts(&text, "\n");
		for (size_t i = 0; i < sizeof(key.bytes); i++)
			buf_printf(&text, "%02x", key.bytes[i]);
		buf_printf(&text, " # %s\n", key.id);
	}
	if (text.bytes == 0 ||
	    !sealed_write(fresh, buf_text(&text), text.bytes, mode) || rename(fresh, path) != 0) {
		*why = arena_printf(arena, "%s cannot be written: %s", path, strerror(errno));
		err = ERR_FILE_SYSTEM;
		goto out;
	}
	*id = arena_strdup(arena, key.id);
out:
	OPENSSL_cleanse(&key, sizeof(key));
	sealed_wipe(&keys);
	if (text.data != NULL)
		OPENSSL_cleanse(text.data, text.bytes);
	buf_fini(&text);
	return err;
}

enum err
sealed_make(struct arena *arena, const char *path, const char **why)
{
	const char *id;

	return access(path, F_OK) == 0 ? ERR_OK : sealed_add(arena, path, &id, why);
}

/* ---- sealing ------------------------------------------------------------------------------ */

static void
sealed_must(bool good)
{
	if (!good)
		fatal("OpenSSL refuses AES-256-GCM");
}

static EVP_CIPHER_CTX *
sealed_begin(const struct sealed_key *key, const char *owner, const uint8_t *head, bool sealing)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int length;

	sealed_must(context != NULL &&
	    EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, head + SEALED_HEAD, sealing) == 1 &&
	    EVP_CipherUpdate(context, NULL, &length, head, SEALED_HEAD) == 1 &&
	    EVP_CipherUpdate(context, NULL, &length, (const uint8_t *)owner, (int)strlen(owner)) == 1);
	return context;
}

void
sealed_seal(const struct sealed_key *key, const char *owner, const void *data, size_t bytes, uint8_t *out)
{
	uint8_t *body = out + SEALED_HEAD + SEALED_NONCE;
	EVP_CIPHER_CTX *context;
	int length, rest;

	out[0] = SEALED_FORM;
	sealed_must(sealed_unhex(key->id, out + 1, SEALED_ID_CHARS / 2));
	random_bytes(out + SEALED_HEAD, SEALED_NONCE);
	context = sealed_begin(key, owner, out, true);
	sealed_must(EVP_CipherUpdate(context, body, &length, data, (int)bytes) == 1 &&
	    EVP_CipherFinal_ex(context, body + length, &rest) == 1 &&
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, SEALED_TAG, body + bytes) == 1);
	EVP_CIPHER_CTX_free(context);
}

bool
sealed_id(const uint8_t *data, size_t bytes, char out[SEALED_ID_CHARS + 1])
{
	if (bytes <= SEALED_EXTRA || data[0] != SEALED_FORM)
		return false;
	snprintf(out, SEALED_ID_CHARS + 1, "%02x%02x%02x%02x", data[1], data[2], data[3], data[4]);
	return true;
}

bool
sealed_open(const struct sealed_key *key, const char *owner, const uint8_t *data, size_t bytes, void *out)
{
	const uint8_t *body = data + SEALED_HEAD + SEALED_NONCE;
	uint8_t tag[SEALED_TAG];
	char id[SEALED_ID_CHARS + 1];
	EVP_CIPHER_CTX *context;
	size_t held = bytes - SEALED_EXTRA;
	int length, rest;
	bool good;

	if (!sealed_id(data, bytes, id) || strcmp(id, key->id) != 0)
		return false;
	memcpy(tag, body + held, sizeof(tag));
	context = sealed_begin(key, owner, data, false);
	good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, SEALED_TAG, tag) == 1 &&
	    EVP_CipherUpdate(context, out, &length, body, (int)held) == 1 &&
	    EVP_CipherFinal_ex(context, (uint8_t *)out + length, &rest) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}
