/* The frames of a link as lines of a file. See trace.h. */
#include "client/link/trace.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trace {
	FILE *file;
	int64_t began_us;
};

struct trace *
trace_open(const char *path)
{
	struct trace *trace;
	int fd;

	if (path == NULL || path[0] == '\0')
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_warn("frames are not traced", "file=%s why=%s", path, strerror(errno));
		return NULL;
	}
	trace = mem_zalloc(1, sizeof(*trace));
	if ((trace->file = fdopen(fd, "a")) == NULL)
		fatal("frames cannot be traced: %s", strerror(errno));
	setvbuf(trace->file, NULL, _IOLBF, 0);
	trace->began_us = date_monotonic_us();
	return trace;
}

void
trace_close(struct trace *trace)
{
	if (trace == NULL)
		return;
	fclose(trace->file);
	free(trace);
}

static void
trace_line(struct trace *trace, char way, uint32_t number,
    const ProtobufCMessageDescriptor *descriptor, int which, size_t bytes, bool low)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(descriptor, (unsigned)which);

	fprintf(trace->file, "%" PRId64 "\t%c\t%" PRIu32 "\t%s\t%zu\t%s\n",
	    (date_monotonic_us() - trace->began_us) / 1000, way, number,
	    field != NULL ? field->name : "?", bytes, low ? "low" : "-");
}

void
trace_sent(struct trace *trace, uint32_t number, int request, size_t bytes, bool low)
{
	if (trace != NULL)
		trace_line(trace, '>', number, &kehu__client_frame__descriptor, request, bytes, low);
}

void
trace_taken(struct trace *trace, const Kehu__ServerFrame *frame, size_t bytes)
{
	if (trace != NULL)
		trace_line(trace, '<', frame->number, &kehu__server_frame__descriptor,
		    (int)frame->answer_case, bytes, false);
}
