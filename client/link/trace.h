/*
 * What goes over the wire, one line for each frame, into a file that the user names
 * (connection.trace): which request, how many bytes, when. No contents. For measuring, and for
 * telling a slow line from a slow server.
 *
 *   MS  > or <  NUMBER  NAME  BYTES  low or -
 */
#ifndef KEHU_TRACE_H
#define KEHU_TRACE_H

#include "proto/frame.h"
#include <stdio.h>

struct trace;

/* NULL where path is, and (with a line in the log) where the file cannot be written. */
struct trace *trace_open(const char *path);
void trace_close(struct trace *trace);
/* request: of the oneof; bytes: of the whole frame. trace may be NULL. */
void trace_sent(struct trace *trace, uint32_t number, int request, size_t bytes, bool low);
void trace_taken(struct trace *trace, const Kehu__ServerFrame *frame, size_t bytes);

#endif
