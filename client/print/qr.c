/*
 * See qr.h. The light modules are drawn in the terminal's foreground and the dark ones left in its
 * background: right on a dark terminal, inverted on a light one, which cameras read as well.
 */
#include "client/print/qr.h"

#include "common/buf.h"
#include <qrencode.h>

enum { QR_MARGIN = 1 };

static bool
qr_light(const QRcode *code, int y, int x)
{
	y -= QR_MARGIN;
	x -= QR_MARGIN;
	if (y < 0 || x < 0 || y >= code->width || x >= code->width)
		return true;
	return (code->data[y * code->width + x] & 1) == 0;
}

const struct qr *
qr_new(struct arena *arena, const char *text)
{
	/* indexed by upper light, lower light */
	static const char *const halves[2][2] = { { " ", "▄" }, { "▀", "█" } };
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (code == NULL)
		return NULL;
	struct qr *qr = ARENA_NEW(arena, struct qr);
	qr->cols = code->width + 2 * QR_MARGIN;
	qr->rows = (qr->cols + 1) / 2;
	const char **lines = ARENA_ARRAY(arena, const char *, (size_t)qr->rows);
	for (int y = 0; y < qr->rows; y++) {
		struct buf line = BUF_INIT;

		for (int x = 0; x < qr->cols; x++)
			buf_puts(&line, halves[qr_light(code, 2 * y, x)]
					      [2 * y + 1 >= qr->cols || qr_light(code, 2 * y + 1, x)]);
		lines[y] = arena_strdup(arena, buf_text(&line));
		buf_fini(&line);
	}
	qr->lines = lines;
	QRcode_free(code);
	return qr;
}
