/*
 * Reading protobuf's encoding field by field, and what is checked of a message before
 * protobuf-c sees it. Private to proto/.
 */
#ifndef KEHU_WIRE_H
#define KEHU_WIRE_H

#include "common/arena.h"
#include "common/error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct wire {
	const uint8_t *at, *end;
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;      /* WIRE_VARINT */
	const uint8_t *data; /* WIRE_BYTES: borrowed from the message */
	size_t bytes;
};

/* The next field; false at the end or at malformed bytes: wire->at != wire->end tells. */
bool wire_next(struct wire *wire, struct wire_field *field);

/*
 * Whether a message of this kind may be unpacked: well formed, nested at most max_depth deep,
 * nothing singular twice, strings UTF-8 without NUL. NULL when so, else a constant sentence.
 */
MUST_CHECK const char *wire_refuse(
    const ProtobufCMessageDescriptor *kind, const uint8_t *data, size_t bytes, int max_depth);

#endif
