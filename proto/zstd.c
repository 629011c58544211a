/*
 * zstd for frame bodies, both ways. A context costs hundreds of KiB to make, so each thread
 * keeps one of each kind until it ends.
 */
#include "proto/zstd.h"

#include "common/log.h"
#include "proto/frame.h"

#include <pthread.h>
#include <stdlib.h>
#include <zstd.h>

#define FRAME_ZSTD_LEVEL       1
#define FRAME_ZSTD_WINDOW_LOG  20 /* 1 MiB */
#define FRAME_ZSTD_PIECE_BYTES ((size_t)32 * 1024)

struct frame_zstd {
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
};

static _Thread_local struct frame_zstd frame_zstd;
static pthread_key_t frame_zstd_key;
static pthread_once_t frame_zstd_once = PTHREAD_ONCE_INIT;

static void
frame_zstd_end(void *own)
{
	struct frame_zstd *zstd = own;

	ZSTD_freeCCtx(zstd->pack);
	ZSTD_freeDCtx(zstd->unpack);
	*zstd = (struct frame_zstd){ 0 };
}

static void
frame_zstd_make_key(void)
{
	if (pthread_key_create(&frame_zstd_key, frame_zstd_end) != 0)
		fatal("no key for thread data left");
}

/* The key is there for its destructor alone; the pointer is in the thread's own storage. */
static void
frame_zstd_keep(void)
{
	pthread_once(&frame_zstd_once, frame_zstd_make_key);
	if (pthread_setspecific(frame_zstd_key, &frame_zstd) != 0)
		fatal("out of memory: thread data");
}

static ZSTD_CCtx *
frame_zstd_packer(void)
{
	if (frame_zstd.pack == NULL) {
		frame_zstd_keep();
		frame_zstd.pack = ZSTD_createCCtx();
		if (frame_zstd.pack == NULL)
			fatal("out of memory: zstd");
		ZSTD_CCtx_setParameter(
		    frame_zstd.pack, ZSTD_c_compressionLevel, FRAME_ZSTD_LEVEL);
		ZSTD_CCtx_setParameter(
		    frame_zstd.pack, ZSTD_c_windowLog, FRAME_ZSTD_WINDOW_LOG);
	}
	return frame_zstd.pack;
}

static ZSTD_DCtx *
frame_zstd_unpacker(void)
{
	if (frame_zstd.unpack == NULL) {
		frame_zstd_keep();
		frame_zstd.unpack = ZSTD_createDCtx();
		if (frame_zstd.unpack == NULL)
			fatal("out of memory: zstd");
		ZSTD_DCtx_setParameter(
		    frame_zstd.unpack, ZSTD_d_windowLogMax, FRAME_ZSTD_WINDOW_LOG);
	}
	ZSTD_DCtx_reset(frame_zstd.unpack, ZSTD_reset_session_only);
	return frame_zstd.unpack;
}

bool
frame_zstd_pack(struct buf *out, const uint8_t *body, size_t bytes)
{
	size_t room = ZSTD_compressBound(bytes);
	char *into = buf_reserve(out, room);
	size_t packed = ZSTD_compress2(frame_zstd_packer(), into, room, body, bytes);

	if (ZSTD_isError(packed) || packed >= bytes || bytes / FRAME_MAX_RATIO >= packed)
		return false;
	buf_wrote(out, packed);
	return true;
}

const char *
frame_zstd_unpack(struct buf *out, const uint8_t *body, size_t bytes)
{
	ZSTD_DCtx *zstd = frame_zstd_unpacker();
	ZSTD_inBuffer in = { .src = body, .size = bytes };
	size_t limit = bytes * FRAME_MAX_RATIO, total = 0;

	if (limit > FRAME_MAX_UNPACKED_BYTES)
		limit = FRAME_MAX_UNPACKED_BYTES;
	for (;;) {
		ZSTD_outBuffer piece = { .dst = buf_reserve(out, FRAME_ZSTD_PIECE_BYTES),
			.size = FRAME_ZSTD_PIECE_BYTES };
		size_t left = ZSTD_decompressStream(zstd, &piece, &in);

		if (ZSTD_isError(left))
			return "the compressed data is damaged";
		total += piece.pos;
		if (total > limit)
			return "the compressed data grows too large";
		buf_wrote(out, piece.pos);
		if (left == 0)
			break;
		/* No room was lacking and nothing is left to read: it was cut off. */
		if (in.pos == in.size && piece.pos < piece.size)
			return "the compressed data is cut off";
	}
	return in.pos == in.size ? NULL : "bytes follow the compressed data";
}
