/*
 * Collects small writes into pieces, see the header.
 */
#include "server/report/render_out.h"

#define RENDER_PIECE_BYTES ((size_t)32 * 1024)

enum err
render_out_flush(struct render_out *out)
{
	if (out->err == ERR_OK && out->buf.bytes > 0)
		out->err = out->to.write(out->to.ctx, out->buf.data, out->buf.bytes);
	buf_clear(&out->buf);
	return out->err;
}

enum err
render_out_spill(struct render_out *out)
{
	return out->buf.bytes >= RENDER_PIECE_BYTES ? render_out_flush(out) : out->err;
}

void
render_out_fini(struct render_out *out)
{
	buf_fini(&out->buf);
}
