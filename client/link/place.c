/* Directories after the XDG base directory specification; files others may not read. */
#include "client/link/place.h"

#include "common/buf.h"
#include "common/uuid.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
place_dir(struct arena *arena, const char *variable, const char *below_home)
{
	const char *base = getenv(variable), *home = getenv("HOME");

	/* The specification says relative paths there are invalid. */
	if (base != NULL && base[0] == '/')
		return arena_printf(arena, "%s/kehu", base);
	if (home == NULL || home[0] != '/')
		return NULL;
	return arena_printf(arena, "%s/%s/kehu", home, below_home);
}

const char *
place_state_dir(struct arena *arena)
{
	return place_dir(arena, "XDG_STATE_HOME", ".local/state");
}

const char *
place_cache_dir(struct arena *arena)
{
	return place_dir(arena, "XDG_CACHE_HOME", ".cache");
}

const char *
place_config_dir(struct arena *arena)
{
	return place_dir(arena, "XDG_CONFIG_HOME", ".config");
}

enum err
place_make(const char *dir)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s", dir) >= sizeof(path))
		return ERR_FILE_SYSTEM;
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return ERR_FILE_SYSTEM;
		if (slash == NULL)
			return ERR_OK;
		*slash = '/';
	}
}

const char *
place_name(struct arena *arena, const char *const *parts, size_t count)
{
	struct buf text = BUF_INIT;
	uint8_t hash[32];

	for (size_t i = 0; i < count; i++)
		buf_put(&text, parts[i], strlen(parts[i]) + 1);
	hash_sha256(text.data, text.bytes, hash);
	buf_fini(&text);
	return hex_encode(arena, hash, 12);
}

static bool
place_write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t wrote = write(fd, at, bytes);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		at += wrote;
		bytes -= (size_t)wrote;
	}
	return true;
}

enum err
place_write(const char *path, const void *data, size_t bytes)
{
	char temporary[PATH_MAX];

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
	    sizeof(temporary))
		return ERR_FILE_SYSTEM;
	int fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return ERR_FILE_SYSTEM;
	bool good = place_write_all(fd, data, bytes) && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	if (good && rename(temporary, path) == 0)
		return ERR_OK;
	int error = errno;
	unlink(temporary);
	errno = error;
	return ERR_FILE_SYSTEM;
}

enum err
place_read(
    struct arena *arena, const char *path, size_t max_bytes, uint8_t **data, size_t *bytes)
{
	enum err err = ERR_FILE_SYSTEM;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ERR_FILE_SYSTEM;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (uintmax_t)status.st_size > max_bytes)
		goto out;
	*data = arena_alloc(arena, (size_t)status.st_size + 1);
	*bytes = 0;
	while (*bytes < (size_t)status.st_size) {
		ssize_t got = read(fd, *data + *bytes, (size_t)status.st_size - *bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			goto out;
		if (got == 0)
			break;
		*bytes += (size_t)got;
	}
	err = ERR_OK;
out:
	close(fd);
	return err;
}
