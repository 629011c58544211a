/*
 * Frames, both directions: head, peek, pack, unpack. Reading protobuf's encoding is wire.c's,
 * compression zstd.c's; sockets are the business of server/net and client/link.
 */
#include "proto/frame.h"

#include "proto/pack.h"
#include "proto/wire.h"
#include "proto/zstd.h"

#include <string.h>

#define FRAME_FIELD_NUMBER 1 /* ClientFrame.number */

const char *
request_name(int number)
{
	switch (number) {
#define REQ(number, name, message, state, kind, lane)                                          \
	case number:                                                                           \
		return #name;
#include "proto/requests.def"
#undef REQ
	default:
		return "?";
	}
}

enum err
frame_head(
    const uint8_t *data, size_t bytes, size_t max_bytes, uint8_t *flags, size_t *body_bytes)
{
	uint32_t length;

	if (bytes < FRAME_HEAD_BYTES)
		return ERR_BAD_FRAME;
	length = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 |
		 data[3];
	if (length < 2 || length - 1 > max_bytes || (data[4] & ~FRAME_ZSTD) != 0)
		return ERR_BAD_FRAME;
	*flags = data[4];
	*body_bytes = length - 1;
	return ERR_OK;
}

enum err
frame_peek(const uint8_t *body, size_t bytes, uint32_t *number, int *request)
{
	struct wire wire = { .at = body, .end = body + bytes };
	struct wire_field field;
	bool numbered = false;

	*number = 0;
	*request = 0;
	while (wire_next(&wire, &field)) {
		if (field.number == FRAME_FIELD_NUMBER) {
			if (numbered || field.type != WIRE_VARINT || field.value > UINT32_MAX)
				return ERR_BAD_FRAME;
			numbered = true;
			*number = (uint32_t)field.value;
		} else if (strcmp(request_name((int)field.number), "?") != 0) {
			if (*request != 0 || field.type != WIRE_BYTES)
				return ERR_BAD_FRAME;
			*request = (int)field.number;
		}
	}
	return wire.at == wire.end ? ERR_OK : ERR_BAD_FRAME;
}

static void *
frame_alloc(void *own, size_t bytes)
{
	struct arena *arena = own;

	/* protobuf-c stops at NULL, so the ceiling is passed by one allocation at most. A
	 * message of very many tiny fields makes it ask for twenty times the body at once. */
	if (arena_spent(arena) || bytes > FRAME_MAX_UNPACKED_BYTES + 1)
		return NULL;
	return arena_alloc(arena, bytes);
}

static void
frame_free(void *own, void *data)
{
	(void)own;
	(void)data;
}

ProtobufCAllocator
frame_allocator(struct arena *arena)
{
	return (ProtobufCAllocator){
		.alloc = frame_alloc, .free = frame_free, .allocator_data = arena
	};
}

/* The message unpacked, or NULL and *why. */
static ProtobufCMessage *
frame_unpack_plain(struct arena *arena, const ProtobufCMessageDescriptor *kind,
    const uint8_t *body, size_t bytes, const char **why)
{
	ProtobufCAllocator allocator = frame_allocator(arena);
	ProtobufCMessage *message;

	*why = wire_refuse(kind, body, bytes, FRAME_MAX_DEPTH);
	if (*why != NULL)
		return NULL;
	message = protobuf_c_message_unpack(kind, &allocator, bytes, body);
	if (arena_spent(arena))
		*why = "the message needs too much memory";
	else if (message == NULL)
		*why = "the message does not fit its definition or has too many fields";
	return *why == NULL ? message : NULL;
}

static enum err
frame_unpack(struct arena *arena, const ProtobufCMessageDescriptor *kind, uint8_t flags,
    const uint8_t *body, size_t bytes, ProtobufCMessage **message, const char **why)
{
	struct buf plain = BUF_INIT;

	*message = NULL;
	if (flags & FRAME_ZSTD) {
		*why = frame_zstd_unpack(&plain, body, bytes);
		if (*why != NULL)
			goto out;
		body = (const uint8_t *)buf_text(&plain);
		bytes = plain.bytes;
	}
	*message = frame_unpack_plain(arena, kind, body, bytes, why);
out:
	buf_fini(&plain); /* protobuf-c has copied what it keeps */
	return *message == NULL ? ERR_BAD_FRAME : ERR_OK;
}

enum err
frame_unpack_client(struct arena *arena, uint8_t flags, const uint8_t *body, size_t bytes,
    Kehu__ClientFrame **frame, const char **why)
{
	ProtobufCMessage *message;
	enum err err = frame_unpack(
	    arena, &kehu__client_frame__descriptor, flags, body, bytes, &message, why);

	*frame = (Kehu__ClientFrame *)message;
	return err;
}

enum err
frame_unpack_server(struct arena *arena, uint8_t flags, const uint8_t *body, size_t bytes,
    Kehu__ServerFrame **frame, const char **why)
{
	ProtobufCMessage *message;
	enum err err = frame_unpack(
	    arena, &kehu__server_frame__descriptor, flags, body, bytes, &message, why);

	*frame = (Kehu__ServerFrame *)message;
	return err;
}

/* Put the head of the frame whose body was appended at out->bytes - body_bytes before it. */
static void
frame_put_head(uint8_t *head, size_t body_bytes, uint8_t flags)
{
	uint32_t length = (uint32_t)body_bytes + 1;

	head[0] = (uint8_t)(length >> 24);
	head[1] = (uint8_t)(length >> 16);
	head[2] = (uint8_t)(length >> 8);
	head[3] = (uint8_t)length;
	head[4] = flags;
}

static void
frame_cut(struct buf *out, size_t bytes)
{
	out->bytes = bytes;
	if (out->data != NULL)
		out->data[bytes] = '\0';
}

/* The body goes behind a head; compressed when zstd and it is worth it. */
static enum err
frame_put(struct buf *out, const uint8_t *body, size_t bytes, bool zstd)
{
	static const uint8_t room_for_head[FRAME_HEAD_BYTES];
	size_t start = out->bytes;
	uint8_t flags = 0;

	buf_put(out, room_for_head, sizeof(room_for_head));
	if (zstd && bytes >= FRAME_COMPRESS_BYTES && frame_zstd_pack(out, body, bytes))
		flags = FRAME_ZSTD;
	else if (bytes <= FRAME_MAX_BYTES)
		buf_put(out, body, bytes);
	bytes = out->bytes - start - FRAME_HEAD_BYTES;
	if (bytes == 0 || bytes > FRAME_MAX_BYTES) {
		frame_cut(out, start);
		return ERR_TOO_LARGE;
	}
	frame_put_head((uint8_t *)out->data + start, bytes, flags);
	return ERR_OK;
}

static enum err
frame_pack(struct buf *out, const ProtobufCMessage *message, bool zstd)
{
	size_t bytes = protobuf_c_message_get_packed_size(message);
	struct buf body = BUF_INIT;
	enum err err;

	if (bytes == 0 || bytes > FRAME_MAX_UNPACKED_BYTES)
		return bytes == 0 ? ERR_EMPTY : ERR_TOO_LARGE;
	protobuf_c_message_pack(message, (uint8_t *)buf_reserve(&body, bytes));
	err = frame_put(out, (const uint8_t *)body.data, bytes, zstd);
	buf_fini(&body);
	return err;
}

enum err
frame_pack_client(struct buf *out, const Kehu__ClientFrame *frame)
{
	return frame_pack(out, &frame->base, false);
}

enum err
frame_pack_server(struct buf *out, const Kehu__ServerFrame *frame, bool zstd)
{
	struct buf body = BUF_INIT;
	enum err err;

	if (!pack_page_frame(&body, frame))
		return frame_pack(out, &frame->base, zstd);
	err = body.bytes > FRAME_MAX_UNPACKED_BYTES
		  ? ERR_TOO_LARGE
		  : frame_put(out, (const uint8_t *)body.data, body.bytes, zstd);
	buf_fini(&body);
	return err;
}
