/*
 * See chain.h. Everything is SHA-256 with a different first byte for leaf, node, segment and
 * key, so that no value of one kind can pass for another.
 */
#include "common/chain.h"

#include "common/uuid.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHAIN_LEAF = 0, CHAIN_NODE = 1, CHAIN_SEGMENT = 2 };

static uint8_t *
chain_put_u64(uint8_t *at, uint64_t value)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		*at++ = (uint8_t)(value >> shift);
	return at;
}

static uint8_t *
chain_put_hash(uint8_t *at, const uint8_t hash[CHAIN_HASH_BYTES])
{
	memcpy(at, hash, CHAIN_HASH_BYTES);
	return at + CHAIN_HASH_BYTES;
}

void
chain_leaf(uint64_t seq, const uint8_t row[CHAIN_HASH_BYTES], uint8_t leaf[CHAIN_HASH_BYTES])
{
	uint8_t text[1 + 8 + CHAIN_HASH_BYTES] = { CHAIN_LEAF };

	chain_put_hash(chain_put_u64(text + 1, seq), row);
	hash_sha256(text, sizeof(text), leaf);
}

void
chain_root(uint8_t *leaves, size_t count, uint8_t root[CHAIN_HASH_BYTES])
{
	uint8_t text[1 + 2 * CHAIN_HASH_BYTES] = { CHAIN_NODE };

	if (count == 0) {
		memset(root, 0, CHAIN_HASH_BYTES);
		return;
	}
	for (; count > 1; count = (count + 1) / 2)
		for (size_t i = 0; i < (count + 1) / 2; i++) {
			uint8_t *left = leaves + 2 * i * CHAIN_HASH_BYTES;
			uint8_t *to = leaves + i * CHAIN_HASH_BYTES;

			if (2 * i + 1 == count) { /* alone: it moves up as it is */
				memmove(to, left, CHAIN_HASH_BYTES);
				continue;
			}
			memcpy(text + 1, left, (size_t)2 * CHAIN_HASH_BYTES);
			hash_sha256(text, sizeof(text), to);
		}
	memcpy(root, leaves, CHAIN_HASH_BYTES);
}

void
chain_hash(const struct chain_segment *segment, uint8_t hash[CHAIN_HASH_BYTES])
{
	uint8_t text[1 + 2 * CHAIN_HASH_BYTES + 6 * 8] = { CHAIN_SEGMENT }, *at = text + 1;

	at = chain_put_hash(at, segment->prev);
	at = chain_put_hash(at, segment->root);
	at = chain_put_u64(at, segment->number);
	at = chain_put_u64(at, segment->rows);
	at = chain_put_u64(at, segment->xid_from);
	at = chain_put_u64(at, segment->xid_below);
	at = chain_put_u64(at, segment->floor);
	chain_put_u64(at, (uint64_t)segment->at_us);
	hash_sha256(text, sizeof(text), hash);
}

/* ---- the key ----------------------------------------------------------------------------- */

static void
chain_keyed(const uint8_t key[CHAIN_HASH_BYTES], uint8_t kind,
    const uint8_t text[CHAIN_HASH_BYTES], uint8_t hash[CHAIN_HASH_BYTES])
{
	uint8_t all[2 * CHAIN_HASH_BYTES + 1];

	memcpy(all, key, CHAIN_HASH_BYTES);
	all[CHAIN_HASH_BYTES] = kind;
	memcpy(all + CHAIN_HASH_BYTES + 1, text, CHAIN_HASH_BYTES);
	hash_sha256(all, sizeof(all), hash);
}

void
chain_mac(const uint8_t key[CHAIN_HASH_BYTES], const uint8_t hash[CHAIN_HASH_BYTES],
    uint8_t mac[CHAIN_HASH_BYTES])
{
	uint8_t inner[CHAIN_HASH_BYTES];

	chain_keyed(key, 1, hash, inner);
	chain_keyed(key, 2, inner, mac);
}

void
chain_key_forward(uint8_t key[CHAIN_HASH_BYTES])
{
	uint8_t text[CHAIN_HASH_BYTES + 1];

	memcpy(text, key, CHAIN_HASH_BYTES);
	text[CHAIN_HASH_BYTES] = 3;
	hash_sha256(text, sizeof(text), key);
}

/* ---- lines kept outside ------------------------------------------------------------------ */

#define CHAIN_ANCHOR "kehu-audit "

void
chain_put_hex(struct buf *out, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%02x", bytes[i]);
}

static int
chain_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
chain_read_hex(const char *text, uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int high = chain_digit(text[2 * i]);
		int low = high < 0 ? -1 : chain_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return chain_digit(text[2 * count]) < 0;
}

void
chain_put_anchor(struct buf *out, uint64_t number, int64_t at_us,
    const uint8_t hash[CHAIN_HASH_BYTES], const uint8_t mac[CHAIN_HASH_BYTES])
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm utc;
	char when[32];

	gmtime_r(&seconds, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	buf_printf(out, CHAIN_ANCHOR "%" PRIu64 " %s ", number, when);
	chain_put_hex(out, hash, CHAIN_HASH_BYTES);
	buf_putc(out, ' ');
	chain_put_hex(out, mac, CHAIN_HASH_BYTES);
	buf_putc(out, '\n');
}

bool
chain_read_anchor(const char *line, uint64_t *number, uint8_t hash[CHAIN_HASH_BYTES])
{
	const char *at = strstr(line, CHAIN_ANCHOR);
	char *end;

	if (at == NULL)
		return false;
	at += strlen(CHAIN_ANCHOR);
	*number = strtoull(at, &end, 10);
	if (end == at || *end != ' ')
		return false;
	at = strchr(end + 1, ' ');
	return at != NULL && chain_read_hex(at + 1, hash, CHAIN_HASH_BYTES);
}

/* ---- heads, from outside ----------------------------------------------------------------- */

static bool
chain_blame(struct chain_check *check, enum chain_fault fault, uint64_t number)
{
	if (check->fault == CHAIN_WHOLE) {
		check->fault = fault;
		check->broken = number;
	}
	return false;
}

bool
chain_check_head(struct chain_check *check, uint64_t number,
    const uint8_t hash[CHAIN_HASH_BYTES], const uint8_t mac[CHAIN_HASH_BYTES])
{
	uint8_t expected[CHAIN_HASH_BYTES];

	if (check->fault != CHAIN_WHOLE)
		return false;
	if (number != check->number + 1)
		return chain_blame(check, CHAIN_GAP, check->number + 1);
	check->number = number;
	if (check->has_key) {
		chain_mac(check->key, hash, expected);
		if (memcmp(expected, mac, sizeof(expected)) != 0)
			return chain_blame(check, CHAIN_UNSIGNED, number);
		chain_key_forward(check->key);
	}
	for (size_t i = 0; i < check->anchor_count; i++)
		if (check->anchors[i].number == number &&
		    memcmp(check->anchors[i].hash, hash, CHAIN_HASH_BYTES) != 0)
			return chain_blame(check, CHAIN_FORKED, number);
	return true;
}

bool
chain_check_end(struct chain_check *check)
{
	uint64_t beyond = 0;

	for (size_t i = 0; i < check->anchor_count; i++)
		if (check->anchors[i].number > check->number &&
		    (beyond == 0 || check->anchors[i].number < beyond))
			beyond = check->anchors[i].number;
	if (check->fault == CHAIN_WHOLE && beyond != 0)
		return chain_blame(check, CHAIN_SHORT, check->number + 1);
	return check->fault == CHAIN_WHOLE;
}

const char *
chain_fault_text(enum chain_fault fault, enum lang lang)
{
	static const char *const texts[][2] = {
		[CHAIN_WHOLE] = { "it holds", "完整" },
		[CHAIN_GAP] = { "the segment is missing", "缺少该区段" },
		[CHAIN_UNSIGNED] = { "it was signed with another key", "签名密钥不符" },
		[CHAIN_FORKED] = { "it is not the one whose head was kept",
		    "与留存的链头不符" },
		[CHAIN_SHORT] = { "the chain ends here, but later heads were kept",
		    "链条到此为止，但留存有更晚的链头" },
	};

	return texts[fault][lang == LANG_ZH];
}
