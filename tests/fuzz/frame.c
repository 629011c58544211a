/*
 * Fuzz target (libFuzzer): whatever arrives as a frame, from either side. The first byte
 * chooses which; then comes a frame as on the wire.
 */
#include "proto/frame.h"
#include "tests/lib/fuzz.h"

#define CEILING_BYTES ((size_t)8 * 1024 * 1024)

static void
fuzz_client(struct arena *arena, uint8_t flags, const uint8_t *body, size_t bytes)
{
	Kehu__ClientFrame *frame;
	const char *why;
	uint32_t number;
	int request = 0;
	enum err peeked = frame_peek(body, bytes, &number, &request);

	if (frame_unpack_client(arena, flags, body, bytes, &frame, &why) != ERR_OK ||
	    flags != 0 || peeked != ERR_OK)
		return;
	/* What is queued by its peeked name must be what a worker finds in it. */
	fuzz_insist((int)frame->request_case == request && frame->number == number);
	struct buf again = BUF_INIT;
	fuzz_insist(
	    frame_pack_client(&again, frame) != ERR_OK || again.bytes >= FRAME_HEAD_BYTES);
	buf_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *arena;
	Kehu__ServerFrame *frame;
	const char *why;
	uint8_t flags;
	size_t body_bytes;

	if (bytes < 1 + FRAME_HEAD_BYTES)
		return 0;
	const uint8_t *body = data + 1 + FRAME_HEAD_BYTES;
	size_t left = bytes - 1 - FRAME_HEAD_BYTES;
	if (frame_head(data + 1, FRAME_HEAD_BYTES, FRAME_MAX_BYTES, &flags, &body_bytes) !=
	    ERR_OK)
		return 0;
	if (body_bytes > left)
		body_bytes = left;
	arena = arena_new(CEILING_BYTES);
	if (data[0] & 1)
		(void)!frame_unpack_server(arena, flags, body, body_bytes, &frame, &why);
	else
		fuzz_client(arena, flags, body, body_bytes);
	arena_free(arena);
	return 0;
}
