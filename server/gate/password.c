/*
 * Passwords: scrypt by OpenSSL with the parameters stored beside the hash. What a new password
 * must be like is password_policy.c's.
 *
 * OpenSSL's default memory limit refuses N=2^15, so the limit is given. Each computation leaves
 * a debug line in the log: how many a login costs can be counted from outside.
 */
#include "server/gate/password.h"

#include "common/log.h"
#include "common/text.h"
#include "common/tls.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SCRYPT_R 8
#define SCRYPT_LOG_N_MAX 17
#define SCRYPT_P_MAX 8
#define SALT_BYTES 16
#define HASH_BYTES 32

const struct password_cost password_cost_default = { 15, 1 };

/* The same text however it was typed: NFKC. Bytes that are no text stay what they are. */
static const char *
password_normal(struct arena *arena, const char *password)
{
	return text_valid(password, strlen(password)) ? text_nfkc(arena, password) : password;
}

static bool
password_scrypt(const char *password, const uint8_t *salt, struct password_cost cost,
    uint8_t out[HASH_BYTES])
{
	struct arena *arena = arena_new(0);
	char *normal = (char *)(uintptr_t)password_normal(arena, password);
	uint64_t memory = (UINT64_C(256) * SCRYPT_R << cost.log_n) + (UINT64_C(1) << 20);
	bool good = EVP_PBE_scrypt(normal, strlen(normal), salt, SALT_BYTES,
			UINT64_C(1) << cost.log_n, SCRYPT_R, cost.p, memory, out, HASH_BYTES) == 1;

	if (normal != password)
		OPENSSL_cleanse(normal, strlen(normal));
	arena_free(arena);
	log_debug("password hashed", "log_n=%u p=%u", cost.log_n, cost.p);
	return good;
}

static const char *
password_print(struct arena *arena, struct password_cost cost, const uint8_t salt[SALT_BYTES],
    const uint8_t hash[HASH_BYTES])
{
	return arena_printf(arena, "scrypt$%u$%d$%u$%s$%s", cost.log_n, SCRYPT_R, cost.p,
	    hex_encode(arena, salt, SALT_BYTES), hex_encode(arena, hash, HASH_BYTES));
}

char *
password_hash(struct arena *arena, struct password_cost cost, const char *password)
{
	uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
	const char *text;

	random_bytes(salt, sizeof(salt));
	if (!password_scrypt(password, salt, cost, hash))
		fatal("scrypt failed");
	text = password_print(arena, cost, salt, hash);
	OPENSSL_cleanse(hash, sizeof(hash));
	return arena_strdup(arena, text);
}

const char *
password_nobody(struct arena *arena, struct password_cost cost)
{
	static const uint8_t nothing[HASH_BYTES];

	return password_print(arena, cost, nothing, nothing);
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
password_check(
    struct password_cost cost, const char *password, const char *stored, bool *stale)
{
	struct password_cost own;
	unsigned r;
	char salt_hex[2 * SALT_BYTES + 1], hash_hex[2 * HASH_BYTES + 1];
	uint8_t salt[SALT_BYTES], want[HASH_BYTES], got[HASH_BYTES];
	bool same;

	*stale = false;
	if (sscanf(stored, "scrypt$%2u$%2u$%2u$%32[0-9a-f]$%64[0-9a-f]", &own.log_n, &r, &own.p,
		salt_hex, hash_hex) != 5 ||
	    own.log_n > SCRYPT_LOG_N_MAX || r != SCRYPT_R || own.p == 0 || own.p > SCRYPT_P_MAX ||
	    strlen(salt_hex) != 2 * SALT_BYTES || strlen(hash_hex) != 2 * HASH_BYTES ||
	    !password_unhex(salt_hex, salt, SALT_BYTES) ||
	    !password_unhex(hash_hex, want, HASH_BYTES))
		return false;
	if (!password_scrypt(password, salt, own, got))
		return false;
	same = CRYPTO_memcmp(want, got, HASH_BYTES) == 0;
	OPENSSL_cleanse(got, sizeof(got));
	*stale = own.log_n != cost.log_n || own.p != cost.p;
	return same;
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
