/*
 * Growing byte buffer on the heap, always ended with a NUL that its length leaves out.
 * Appending never fails (out of memory is fatal); a buffer with a limit that would pass it
 * drops what does not fit and stays marked full, checked once at the end.
 */
#ifndef KEHU_BUF_H
#define KEHU_BUF_H

#include "common/arena.h"
#include <stdint.h>

struct buf {
	char *data; /* NULL until the first byte */
	size_t bytes;
	size_t room;
	size_t limit; /* 0: none */
	bool full;
};

#define BUF_INIT ((struct buf){ 0 })

void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_put(struct buf *buf, const void *data, size_t bytes);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* Drop bytes from the front. */
void buf_shift(struct buf *buf, size_t bytes);
/* Room for at least bytes more; returns where to write them, then call buf_wrote. */
char *buf_reserve(struct buf *buf, size_t bytes);
void buf_wrote(struct buf *buf, size_t bytes);
/* The text so far, "" when empty; borrowed until the next change. */
const char *buf_text(const struct buf *buf);
/* Moves the bytes to the caller (free with free()) and clears the buffer. */
char *buf_take(struct buf *buf);

#endif
