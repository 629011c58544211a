/* Files that appear whole or not at all; see outfile.h. */
#include "client/print/outfile.h"

#include "common/log.h"
#include "common/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outfile {
	char *path, *temporary;
	int fd, error;
	bool named;
};

static struct outfile *
outfile_new(const char *path, const char *pattern, bool named)
{
	struct outfile *file = mem_zalloc(1, sizeof(*file));

	file->named = named;
	file->temporary = mem_strdup(pattern);
	file->fd = mkostemp(file->temporary, O_CLOEXEC);
	file->error = file->fd < 0 ? errno : 0;
	file->path = mem_strdup(named ? path : file->temporary);
	return file;
}

static void
outfile_free(struct outfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file->temporary);
	free(file);
}

/* What could not be opened is told at once. */
static struct outfile *
outfile_checked(struct outfile *file, struct arena *arena, const char **why)
{
	if (file->fd >= 0)
		return file;
	*why = arena_printf(arena, "%s: %s", file->path, strerror(file->error));
	outfile_free(file);
	return NULL;
}

static const char *
outfile_home(struct arena *arena, const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && path[1] == '/' && home != NULL)
		return arena_printf(arena, "%s/%s", home, path + 2);
	return path;
}

struct outfile *
outfile_open(struct arena *arena, const char *path, const char **why)
{
	struct stat status;

	path = outfile_home(arena, path);
	/* Renaming over a folder or a device would not do what was meant. */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
		*why = arena_printf(
		    arena, "%s: %s", path, strerror(S_ISDIR(status.st_mode) ? EISDIR : EINVAL));
		return NULL;
	}
	return outfile_checked(
	    outfile_new(path, arena_printf(arena, "%s.XXXXXX", path), true), arena, why);
}

struct outfile *
outfile_open_temporary(struct arena *arena, const char **why)
{
	const char *dir = getenv("TMPDIR");

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	return outfile_checked(
	    outfile_new(NULL, arena_printf(arena, "%s/kehu-XXXXXX", dir), false), arena, why);
}

void
outfile_write(struct outfile *file, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0 && file->error == 0) {
		ssize_t wrote = write(file->fd, at, bytes);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			file->error = errno;
			return;
		}
		at += wrote;
		bytes -= (size_t)wrote;
	}
}

void
outfile_restart(struct outfile *file)
{
	file->error = 0;
	if (ftruncate(file->fd, 0) != 0 || lseek(file->fd, 0, SEEK_SET) != 0)
		file->error = errno;
}

bool
outfile_failed(const struct outfile *file)
{
	return file->error != 0;
}

const char *
outfile_path(const struct outfile *file)
{
	return file->path;
}

/* mkstemp makes files nobody else may read; a named one is like any other the user makes. */
static void
outfile_set_mode(const struct outfile *file)
{
	mode_t mask = umask(0);

	umask(mask);
	if (file->named && fchmod(file->fd, 0666 & ~mask) != 0)
		log_warn("mode of a file not set", "errno=%d", errno);
}

enum err
outfile_commit(struct outfile *file, struct arena *arena, const char **why)
{
	enum err err = ERR_OK;

	outfile_set_mode(file);
	if (file->error == 0 && fsync(file->fd) != 0)
		file->error = errno;
	if (close(file->fd) != 0 && file->error == 0)
		file->error = errno;
	file->fd = -1;
	if (file->error == 0 && file->named && rename(file->temporary, file->path) != 0)
		file->error = errno;
	if (file->error != 0) {
		unlink(file->temporary);
		*why = arena_printf(arena, "%s: %s", file->path, strerror(file->error));
		err = ERR_FILE_SYSTEM;
	}
	outfile_free(file);
	return err;
}

void
outfile_abandon(struct outfile *file)
{
	if (file == NULL)
		return;
	unlink(file->temporary);
	outfile_free(file);
}
