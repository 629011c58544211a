/*
 * The arithmetic of the audit's hash chain, shared by the server that seals and the auditor's
 * tool that checks: leaves of a Merkle tree, segments that each name the one before, and a key
 * that is hashed forward at every segment so that the past cannot be signed again.
 */
#ifndef KEHU_CHAIN_H
#define KEHU_CHAIN_H

#include "common/buf.h"
#include "common/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_HASH_BYTES 32

/* What a segment's hash covers besides the root of its rows. */
struct chain_segment {
	uint64_t number; /* from 1 */
	uint64_t rows;
	uint64_t xid_from, xid_below; /* its rows' transactions */
	uint64_t floor; /* rows up to this seq belong to a database before a restore */
	int64_t at_us;
	uint8_t prev[CHAIN_HASH_BYTES], root[CHAIN_HASH_BYTES];
};

/* A row's leaf: its seq and the hash of its columns. */
void chain_leaf(
    uint64_t seq, const uint8_t row[CHAIN_HASH_BYTES], uint8_t leaf[CHAIN_HASH_BYTES]);
/* The root over count leaves, lying one behind the other; they are used up. None: zeros. */
void chain_root(uint8_t *leaves, size_t count, uint8_t root[CHAIN_HASH_BYTES]);
void chain_hash(const struct chain_segment *segment, uint8_t hash[CHAIN_HASH_BYTES]);

/* What the key says of a segment's hash; the same as sql/repeat/27_audit.sql computes. */
void chain_mac(const uint8_t key[CHAIN_HASH_BYTES], const uint8_t hash[CHAIN_HASH_BYTES],
    uint8_t mac[CHAIN_HASH_BYTES]);
/* The key of the next segment, in place. */
void chain_key_forward(uint8_t key[CHAIN_HASH_BYTES]);

/* The line that is kept outside: "kehu-audit 12 2026-11-22T08:00:00Z <hash> <mac>". */
void chain_put_anchor(struct buf *out, uint64_t number, int64_t at_us,
    const uint8_t hash[CHAIN_HASH_BYTES], const uint8_t mac[CHAIN_HASH_BYTES]);
/* Reads such a line, whatever stands before it (a syslog prefix). False: it is none. */
bool chain_read_anchor(const char *line, uint64_t *number, uint8_t hash[CHAIN_HASH_BYTES]);

/* ---- heads, from outside ----------------------------------------------------------------- */

/*
 * The chain's heads in order, held against what is known outside the database: the first key,
 * heads kept elsewhere. It finds what a check within the database cannot: a chain cut short,
 * forked, or made anew.
 */
enum chain_fault {
	CHAIN_WHOLE,
	CHAIN_GAP,      /* a segment is missing */
	CHAIN_UNSIGNED, /* signed with another key */
	CHAIN_FORKED,   /* not the head that was kept */
	CHAIN_SHORT,    /* a head that was kept is past the end */
};
struct chain_anchor {
	uint64_t number;
	uint8_t hash[CHAIN_HASH_BYTES];
};
struct chain_check {
	const struct chain_anchor *anchors;
	size_t anchor_count;
	bool has_key;
	uint8_t key[CHAIN_HASH_BYTES]; /* the first one; moves on */
	uint64_t number;               /* of the last head seen */
	enum chain_fault fault;
	uint64_t broken; /* the segment to blame */
};
/* False: the first fault was found (and stays). */
bool chain_check_head(struct chain_check *check, uint64_t number,
    const uint8_t hash[CHAIN_HASH_BYTES], const uint8_t mac[CHAIN_HASH_BYTES]);
bool chain_check_end(struct chain_check *check);
const char *chain_fault_text(enum chain_fault fault, enum lang lang);

void chain_put_hex(struct buf *out, const uint8_t *bytes, size_t count);
/* Exactly count bytes of hexadecimal digits at text. */
bool chain_read_hex(const char *text, uint8_t *bytes, size_t count);

#endif
