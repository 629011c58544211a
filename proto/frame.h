/*
 * Frames: u32 big-endian length of what follows, u8 flags (bit 0: zstd), one protobuf
 * message. Limits are checked before anything is allocated. This file holds both directions;
 * it does no input or output.
 */
#ifndef KEHU_FRAME_H
#define KEHU_FRAME_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "proto/kehu.pb-c.h"

#define PROTOCOL_VERSION_MIN     1
#define PROTOCOL_VERSION_MAX     1

#define FRAME_HEAD_BYTES         5
#define FRAME_ZSTD               0x01
#define FRAME_MAX_BYTES_STRANGER ((size_t)4 * 1024) /* before login */
#define FRAME_MAX_BYTES          ((size_t)1024 * 1024)
#define FRAME_MAX_UNPACKED_BYTES ((size_t)4 * 1024 * 1024)
#define FRAME_MAX_RATIO          100  /* unpacked to packed */
#define FRAME_COMPRESS_BYTES     1024 /* smaller ones are not worth it */
#define FRAME_MAX_DEPTH          8    /* nesting of messages */
#define GET_MAX_RELATED		 48   /* tabs read with a record */

enum request_id {
#define REQ(number, name, message, state, kind, lane) REQUEST_##name = number,
#include "proto/requests.def"
#undef REQ
};
/* "list"; "?" for a number that is none of ours. */
const char *request_name(int number);

/*
 * Look at the head of a frame. *body_bytes is what follows the head: the length on the wire
 * less the byte of flags. ERR_BAD_FRAME for an unknown flag, an empty body or one over
 * max_bytes. bytes must be >= FRAME_HEAD_BYTES.
 */
MUST_CHECK enum err frame_head(
    const uint8_t *data, size_t bytes, size_t max_bytes, uint8_t *flags, size_t *body_bytes);

/*
 * The number and the request (0: none that we know) of an uncompressed ClientFrame, from its
 * outermost tags alone; nothing is allocated. ERR_BAD_FRAME when those are malformed or hold
 * two requests, so that what was peeked at is what will be decoded.
 */
MUST_CHECK enum err frame_peek(
    const uint8_t *body, size_t bytes, uint32_t *number, int *request);

/*
 * Decode a body into arena (which owns all of it): decompress under FRAME_MAX_UNPACKED_BYTES
 * and a ratio of 100, check nesting, that nothing singular is given twice and that every
 * string is UTF-8 without NUL, unpack. ERR_BAD_FRAME, *why a constant sentence; an arena
 * whose ceiling is too low for the message is one reason.
 */
MUST_CHECK enum err frame_unpack_client(struct arena *arena, uint8_t flags, const uint8_t *body,
    size_t bytes, Kehu__ClientFrame **frame, const char **why);
MUST_CHECK enum err frame_unpack_server(struct arena *arena, uint8_t flags, const uint8_t *body,
    size_t bytes, Kehu__ServerFrame **frame, const char **why);

/*
 * Append a whole frame to out; compressed (zstd level 1) when zstd and it is worth it.
 * ERR_TOO_LARGE, and nothing appended, when it does not fit FRAME_MAX_BYTES even so; ERR_EMPTY
 * for a frame with nothing set.
 */
enum err frame_pack_client(struct buf *out, const Kehu__ClientFrame *frame);
enum err frame_pack_server(struct buf *out, const Kehu__ServerFrame *frame, bool zstd);

/*
 * protobuf-c allocator over an arena, for messages built or unpacked elsewhere. It gives NULL
 * once the arena is spent.
 */
ProtobufCAllocator frame_allocator(struct arena *arena);

#endif
