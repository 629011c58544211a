/*
 * Passwords: scrypt by OpenSSL with the parameters stored beside the hash, and the policy.
 *
 * N=2^15 r=8 p=1 takes about 80 ms and 32 MiB; OpenSSL's default memory limit refuses it, so
 * the limit is given. Only the hash lane's few threads run this.
 */
#include "server/gate/gate.h"

#include "common/log.h"
#include "common/text.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define SCRYPT_LOG_N 15
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_MAX_MEMORY (64u * 1024 * 1024)
#define SALT_BYTES 16
#define HASH_BYTES 32

/* The passwords people choose first; compared without case and trailing digits. */
static const char *const password_common[] = { "password", "passw0rd", "qwertyuiop", "administrator",
	"iloveyou", "woaini", "woaiwojia", "qazwsxedc", "letmein", "welcome", "abcdefghijkl",
	"zhongguo", "kehukehu", "changeme", "mima", "aaaaaaaaaaaa" };

static bool
password_scrypt(const char *password, const uint8_t *salt, size_t salt_bytes, unsigned log_n,
    unsigned r, unsigned p, uint8_t out[HASH_BYTES])
{
	return EVP_PBE_scrypt(password, strlen(password), salt, salt_bytes, UINT64_C(1) << log_n, r,
		   p, SCRYPT_MAX_MEMORY, out, HASH_BYTES) == 1;
}

char *
password_hash(struct arena *arena, const char *password)
{
	uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
	char *text;

	random_bytes(salt, sizeof(salt));
	if (!password_scrypt(password, salt, sizeof(salt), SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, hash))
		fatal("scrypt failed");
	text = arena_printf(arena, "scrypt$%d$%d$%d$%s$%s", SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P,
	    hex_encode(arena, salt, sizeof(salt)), hex_encode(arena, hash, sizeof(hash)));
	OPENSSL_cleanse(hash, sizeof(hash));
	return text;
}

static bool
password_unhex(const char *hex, uint8_t *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned value;

		if (!isxdigit((unsigned char)hex[2 * i]) || !isxdigit((unsigned char)hex[2 * i + 1]) ||
		    sscanf(hex + 2 * i, "%2x", &value) != 1)
			return false;
		out[i] = (uint8_t)value;
	}
	return true;
}

bool
password_check(const char *password, const char *stored, bool *stale)
{
	unsigned log_n, r, p;
	char salt_hex[2 * SALT_BYTES + 1], hash_hex[2 * HASH_BYTES + 1];
	uint8_t salt[SALT_BYTES], want[HASH_BYTES], got[HASH_BYTES];
	bool same;

	*stale = false;
	if (sscanf(stored, "scrypt$%2u$%2u$%2u$%32[0-9a-f]$%64[0-9a-f]", &log_n, &r, &p, salt_hex,
		hash_hex) != 5 ||
	    log_n > 16 || r > 16 || p > 8 || strlen(salt_hex) != 2 * SALT_BYTES ||
	    strlen(hash_hex) != 2 * HASH_BYTES || !password_unhex(salt_hex, salt, SALT_BYTES) ||
	    !password_unhex(hash_hex, want, HASH_BYTES))
		return false;
	if (!password_scrypt(password, salt, sizeof(salt), log_n, r, p, got))
		return false;
	same = CRYPTO_memcmp(want, got, HASH_BYTES) == 0;
	OPENSSL_cleanse(got, sizeof(got));
	*stale = log_n != SCRYPT_LOG_N || r != SCRYPT_R || p != SCRYPT_P;
	return same;
}

enum err
password_policy(const char *password, const char *user)
{
	char lower[129];
	size_t bytes = strlen(password), length = 0;

	if (!text_valid(password, bytes) || text_chars(password) < 12 || bytes > 128)
		return ERR_PASSWORD_WEAK;
	for (; length < bytes; length++)
		lower[length] = (char)tolower((unsigned char)password[length]);
	while (length > 0 && !isalpha((unsigned char)lower[length - 1]) &&
	    (unsigned char)lower[length - 1] < 0x80)
		length--;
	lower[length] = '\0';
	if (length == 0 || (user != NULL && user[0] != '\0' && strcmp(lower, user) == 0))
		return ERR_PASSWORD_WEAK;
	for (size_t i = 0; i < sizeof(password_common) / sizeof(password_common[0]); i++) {
		size_t common = strlen(password_common[i]);

		/* "passwordpassword" and "iloveyou2026" alike */
		if (length % common == 0 && length > 0) {
			size_t at = 0;

			while (at < length && memcmp(lower + at, password_common[i], common) == 0)
				at += common;
			if (at == length)
				return ERR_PASSWORD_WEAK;
		}
	}
	return ERR_OK;
}

char *
password_make(struct arena *arena)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	char *password = arena_alloc(arena, 24);
	uint8_t bytes[64];
	size_t length = 0;

	while (length < 20) {
		random_bytes(bytes, sizeof(bytes));
		/* Bytes past the last whole multiple would favour the first letters. */
		for (size_t i = 0; i < sizeof(bytes) && length < 20; i++)
			if (bytes[i] < 256 / (sizeof(letters) - 1) * (sizeof(letters) - 1))
				password[length++] = letters[bytes[i] % (sizeof(letters) - 1)];
	}
	return password;
}
