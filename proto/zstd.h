/*
 * Compression of frame bodies. Private to proto/.
 */
#ifndef KEHU_ZSTD_H
#define KEHU_ZSTD_H

#include "common/buf.h"
#include "common/error.h"

/*
 * Append the compressed body to out. False, and nothing appended, when it would not be smaller
 * or the other side would take it for a bomb.
 */
bool frame_zstd_pack(struct buf *out, const uint8_t *body, size_t bytes);

/*
 * Append what body decompresses to. NULL, or a constant sentence when it is no single whole
 * zstd frame, needs too large a window, or grows past the limits of proto/frame.h. Output is
 * made piece by piece: memory follows what really came out, not what a header claims.
 */
MUST_CHECK const char *frame_zstd_unpack(struct buf *out, const uint8_t *body, size_t bytes);

#endif
