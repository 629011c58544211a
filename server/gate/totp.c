/* See totp.h. */
#include "server/gate/totp.h"

#include "common/log.h"
#include "common/tls.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define RECOVERY_CHARS 16

static const char totp_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void
totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step, char out[7])
{
	uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
	unsigned bytes = 0;
	uint32_t number;

	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	if (HMAC(EVP_sha1(), secret, TOTP_SECRET_BYTES, counter, sizeof(counter), mac, &bytes) ==
		NULL ||
	    bytes < 20)
		fatal("HMAC failed");
	const uint8_t *at = mac + (mac[bytes - 1] & 15);
	number = ((uint32_t)at[0] & 127) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	snprintf(out, 7, "%06u", number % 1000000);
	OPENSSL_cleanse(mac, sizeof(mac));
}

int64_t
totp_step(int64_t us)
{
	return us / 1000000 / TOTP_STEP_S;
}

/* Six digits of what was typed; false: it is no code. */
static bool
totp_digits(const char *code, char out[7])
{
	size_t count = 0;

	for (; *code != '\0'; code++) {
		if (*code == ' ')
			continue;
		if (!isdigit((unsigned char)*code) || count == 6)
			return false;
		out[count++] = *code;
	}
	out[count] = '\0';
	return count == 6;
}

int64_t
totp_find(const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t from, int64_t to)
{
	int64_t found = 0, middle = (from + to) / 2;
	char typed[7], want[7];

	if (!totp_digits(code, typed))
		return 0;
	for (int64_t step = from; step <= to; step++) {
		totp_code(secret, step, want);
		if (CRYPTO_memcmp(typed, want, 6) == 0 &&
		    (found == 0 || llabs(step - middle) < llabs(found - middle)))
			found = step;
	}
	return found;
}

char *
totp_base32(struct arena *arena, const uint8_t *data, size_t bytes)
{
	char *text = arena_alloc(arena, bytes * 8 / 5 + 2);
	size_t length = 0;
	uint32_t bits = 0;
	int held = 0;

	for (size_t i = 0; i < bytes; i++) {
		bits = bits << 8 | data[i];
		for (held += 8; held >= 5; held -= 5)
			text[length++] = totp_letters[bits >> (held - 5) & 31];
	}
	if (held > 0)
		text[length++] = totp_letters[bits << (5 - held) & 31];
	text[length] = '\0';
	return text;
}

char *
totp_uri(struct arena *arena, const uint8_t secret[TOTP_SECRET_BYTES], const char *user)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	char *name = arena_alloc(arena, 3 * strlen(user) + 1);
	size_t length = 0;

	for (const char *c = user; *c != '\0'; c++)
		if (strchr(plain, *c) != NULL)
			name[length++] = *c;
		else
			length += (size_t)sprintf(name + length, "%%%02X", (unsigned char)*c);
	name[length] = '\0';
	return arena_printf(arena, "otpauth://totp/Kehu:%s?secret=%s", name,
	    totp_base32(arena, secret, TOTP_SECRET_BYTES));
}

char *
totp_recovery_make(struct arena *arena)
{
	uint8_t bytes[10];
	char *code = arena_alloc(arena, RECOVERY_CHARS + 4);
	const char *letters;
	size_t length = 0;

	random_bytes(bytes, sizeof(bytes));
	letters = totp_base32(arena, bytes, sizeof(bytes));
	for (size_t i = 0; i < RECOVERY_CHARS; i++) {
		if (i > 0 && i % 4 == 0)
			code[length++] = '-';
		code[length++] = (char)tolower((unsigned char)letters[i]);
	}
	code[length] = '\0';
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return code;
}

bool
totp_recovery_hash(const char *code, uint8_t hash[TOTP_HASH_BYTES])
{
	char plain[RECOVERY_CHARS];
	size_t count = 0;

	for (; *code != '\0'; code++) {
		if (*code == ' ' || *code == '-')
			continue;
		if (count == RECOVERY_CHARS || strchr(totp_letters, toupper((unsigned char)*code)) == NULL)
			return false;
		plain[count++] = (char)toupper((unsigned char)*code);
	}
	if (count != RECOVERY_CHARS)
		return false;
	hash_sha256(plain, sizeof(plain), hash);
	OPENSSL_cleanse(plain, sizeof(plain));
	return true;
}
