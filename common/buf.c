/*
 * Byte buffers: one heap block that doubles. The NUL behind the last byte is kept by every
 * function that changes the length, so that buf_text() costs nothing.
 */
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_BYTES 64

void
buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ .limit = buf->limit };
}

void
buf_clear(struct buf *buf)
{
	buf->bytes = 0;
	buf->full = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

static void
buf_grow(struct buf *buf, size_t bytes)
{
	size_t need, room = buf->room < BUF_FIRST_BYTES ? BUF_FIRST_BYTES : buf->room;

	if (__builtin_add_overflow(buf->bytes, bytes, &need) || need > SIZE_MAX / 4)
		fatal("buffer: %zu bytes asked for", bytes);
	need++;
	if (need <= buf->room)
		return;
	while (room < need)
		room *= 2;
	char *data = mem_resize(buf->data, room);
	buf->data = data;
	buf->room = room;
}

char *
buf_reserve(struct buf *buf, size_t bytes)
{
	buf_grow(buf, bytes);
	return buf->data + buf->bytes;
}

/* How many of bytes more the limit lets in. */
static size_t
buf_allowed(struct buf *buf, size_t bytes)
{
	if (buf->limit == 0)
		return bytes;
	size_t left = buf->bytes < buf->limit ? buf->limit - buf->bytes : 0;
	if (bytes <= left)
		return bytes;
	buf->full = true;
	return left;
}

void
buf_wrote(struct buf *buf, size_t bytes)
{
	if (buf->data == NULL)
		return;
	buf->bytes += buf_allowed(buf, bytes);
	buf->data[buf->bytes] = '\0';
}

void
buf_put(struct buf *buf, const void *data, size_t bytes)
{
	/* After a drop nothing may follow, or the bytes would not be a prefix. */
	if (buf->full || bytes == 0)
		return;
	bytes = buf_allowed(buf, bytes);
	buf_grow(buf, bytes);
	memcpy(buf->data + buf->bytes, data, bytes);
	buf->bytes += bytes;
	buf->data[buf->bytes] = '\0';
}

void
buf_puts(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

void
buf_putc(struct buf *buf, char c)
{
	buf_put(buf, &c, 1);
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void
buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;

	if (buf->full)
		return;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	if (length < 0)
		fatal("buffer: cannot format \"%s\"", format);
	vsnprintf(buf_reserve(buf, (size_t)length), (size_t)length + 1, format, again);
	buf_wrote(buf, (size_t)length);
	va_end(again);
}

void
buf_shift(struct buf *buf, size_t bytes)
{
	if (buf->data == NULL)
		return;
	if (bytes > buf->bytes)
		bytes = buf->bytes;
	buf->bytes -= bytes;
	memmove(buf->data, buf->data + bytes, buf->bytes + 1);
}

const char *
buf_text(const struct buf *buf)
{
	return buf->data == NULL ? "" : buf->data;
}

char *
buf_take(struct buf *buf)
{
	buf_grow(buf, 0);
	char *data = buf->data;
	data[buf->bytes] = '\0';
	*buf = (struct buf){ .limit = buf->limit };
	return data;
}
