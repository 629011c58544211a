/*
 * Random bytes, SHA-256, UUIDv7. The order of identifiers made in one millisecond is kept by
 * a counter in the 12 bits after the version, begun at random below half (RFC 9562, 6.2,
 * method 1); when it runs over, the millisecond is counted on ahead of the clock.
 */
#include "common/uuid.h"
#include "common/date.h"
#include "common/log.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

void
random_bytes(void *out, size_t bytes)
{
	unsigned char *at = out;

	while (bytes > 0) {
		int step = bytes > 65536 ? 65536 : (int)bytes;
		if (RAND_bytes(at, step) != 1)
			fatal("the system gives no random bytes");
		at += step;
		bytes -= (size_t)step;
	}
}

void
hash_sha256(const void *data, size_t bytes, uint8_t out[32])
{
	if (EVP_Digest(data, bytes, out, NULL, EVP_sha256(), NULL) != 1)
		fatal("SHA-256 is not available");
}

char *
hex_encode(struct arena *arena, const void *data, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = data;
	char *out = arena_alloc(arena, bytes * 2 + 1);

	for (size_t i = 0; i < bytes; i++) {
		out[i * 2] = digits[in[i] >> 4];
		out[i * 2 + 1] = digits[in[i] & 15];
	}
	return out;
}

static pthread_mutex_t uuid_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t uuid_last_ms;
static unsigned uuid_counter;
/* Drawn many at a time: a draw of ten bytes costs as much as one of hundreds. Not shared with a child. */
static uint8_t uuid_pool[640];
static size_t uuid_pool_left;
static pid_t uuid_pool_of;

/* Under the lock. */
static void
uuid_random(uint8_t *out, size_t bytes)
{
	if (uuid_pool_left < bytes || uuid_pool_of != getpid()) {
		random_bytes(uuid_pool, sizeof(uuid_pool));
		uuid_pool_left = sizeof(uuid_pool);
		uuid_pool_of = getpid();
	}
	uuid_pool_left -= bytes;
	memcpy(out, uuid_pool + uuid_pool_left, bytes);
}

struct uuid
uuid_new(void)
{
	struct uuid uuid;
	int64_t now_ms = date_now_us() / 1000;

	pthread_mutex_lock(&uuid_lock);
	uuid_random(uuid.bytes + 6, sizeof(uuid.bytes) - 6);
	unsigned seed = ((unsigned)uuid.bytes[6] << 8 | uuid.bytes[7]) & 0x7FF;
	if (now_ms > uuid_last_ms) {
		uuid_last_ms = now_ms;
		uuid_counter = seed;
	} else if (++uuid_counter > 0xFFF) {
		uuid_last_ms++;
		uuid_counter = seed;
	}
	int64_t ms = uuid_last_ms;
	unsigned counter = uuid_counter;
	pthread_mutex_unlock(&uuid_lock);
	for (int i = 0; i < 6; i++)
		uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	uuid.bytes[6] = (uint8_t)(0x70 | counter >> 8);
	uuid.bytes[7] = (uint8_t)counter;
	uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3F));
	return uuid;
}

int64_t
uuid_time_ms(struct uuid uuid)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | uuid.bytes[i];
	return ms;
}

static int
uuid_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
uuid_parse(const char *text, struct uuid *uuid)
{
	struct uuid out;

	if (strlen(text) != 36)
		return false;
	for (size_t i = 0, at = 0; i < sizeof(out.bytes); i++, at += 2) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-')
			return false;
		int high = uuid_hex(text[at]), low = uuid_hex(text[at + 1]);
		if (high < 0 || low < 0)
			return false;
		out.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*uuid = out;
	return true;
}

char *
uuid_format(struct arena *arena, struct uuid uuid)
{
	const uint8_t *b = uuid.bytes;

	return arena_printf(arena,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
	    b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
	    b[15]);
}
