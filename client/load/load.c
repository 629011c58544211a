/* Reading a file that is to be imported; sending it is the owner's. */
#include "client/load/load.h"

#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOAD_HEAD_BYTES (4 * INTAKE_SAMPLE_BYTES)

/* Until so many bytes are there or the file ends; -1: errno. */
static ssize_t
load_read_some(int fd, uint8_t *data, size_t most)
{
	size_t bytes = 0;

	while (bytes < most) {
		ssize_t got = read(fd, data + bytes, most - bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		bytes += (size_t)got;
	}
	return (ssize_t)bytes;
}

ssize_t
load_read(struct load *load, uint8_t *data)
{
	size_t bytes = load->head_bytes < LOAD_CHUNK_BYTES ? load->head_bytes : LOAD_CHUNK_BYTES;
	ssize_t got;

	memcpy(data, load->head, bytes);
	load->head += bytes;
	load->head_bytes -= bytes;
	got = load_read_some(load->fd, data + bytes, LOAD_CHUNK_BYTES - bytes);
	return got < 0 ? -1 : (ssize_t)bytes + got;
}

static int
load_open_file(const struct load *load)
{
	const char *home = getenv("HOME"), *path = load->path;

	if (strcmp(path, "-") == 0)
		return dup(STDIN_FILENO);
	if (strncmp(path, "~/", 2) == 0 && home != NULL)
		path = arena_printf(load->arena, "%s/%s", home, path + 2);
	return open(path, O_RDONLY | O_CLOEXEC);
}

enum err
load_open(struct load *load, size_t rows, const char **why)
{
	ssize_t got = -1;

	load->fd = load_open_file(load);
	load->head = arena_alloc(load->arena, LOAD_HEAD_BYTES);
	if (load->fd >= 0 && fstat(load->fd, &load->status) == 0) {
		if (S_ISDIR(load->status.st_mode))
			errno = EISDIR;
		else
			got = load_read_some(load->fd, load->head, LOAD_HEAD_BYTES);
	}
	if (got < 0) {
		*why = arena_strdup(load->arena, strerror(errno));
		return ERR_FILE_SYSTEM;
	}
	load->bytes = S_ISREG(load->status.st_mode) ? load->status.st_size : 0;
	load->head_bytes = (size_t)got;
	intake_find(load->arena, &load->options, load->head, load->head_bytes,
	    load->head_bytes < LOAD_HEAD_BYTES, rows, load->lang, &load->found);
	*why = load->found.fault;
	if (*why != NULL)
		return ERR_BAD_FILE;
	load->check = intake_new(&(struct intake_options){ .format = load->found.format,
	    .encoding = load->found.encoding,
	    .delimiter = load->found.delimiter,
	    .no_header = !load->found.header });
	load->check_arena = arena_new(0);
	return ERR_OK;
}

void
load_close(struct load *load)
{
	if (load->fd >= 0)
		close(load->fd);
	load->fd = -1;
	intake_free(load->check);
	load->check = NULL;
	if (load->check_arena != NULL)
		arena_free(load->check_arena);
	load->check_arena = NULL;
}

/* Somebody wrote to it while it was read: what was sent may be half of each. */
static bool
load_changed(const struct load *load)
{
	struct stat now;

	return S_ISREG(load->status.st_mode) &&
	       (fstat(load->fd, &now) != 0 || now.st_size != load->status.st_size ||
		   now.st_mtim.tv_sec != load->status.st_mtim.tv_sec ||
		   now.st_mtim.tv_nsec != load->status.st_mtim.tv_nsec ||
		   load->sent != now.st_size);
}

enum err
load_check(struct load *load, const uint8_t *data, size_t bytes, const char **why)
{
	struct intake_row row;
	enum csv_status status;

	if (bytes > 0)
		intake_feed(load->check, data, bytes);
	else
		intake_finish(load->check);
	while ((status = intake_next(load->check, load->check_arena, &row)) == CSV_ROW)
		arena_reset(load->check_arena);
	if (status == CSV_BROKEN)
		*why = intake_fault(load->check, load->arena, load->lang);
	else if (bytes == 0 && load_changed(load))
		*why = load->lang == LANG_ZH ? "读取期间文件发生了变化"
					     : "the file changed while it was read";
	else
		return ERR_OK;
	return ERR_BAD_FILE;
}
