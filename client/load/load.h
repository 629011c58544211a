/*
 * A file on its way in, as both the command line and the screen bring it: what it is, found from its first
 * bytes, its pieces, and a watch over what is sent, so that one which is cut, endless or no text stops before
 * the server has all of it. And which field a column of it means.
 */
#ifndef KEHU_LOAD_H
#define KEHU_LOAD_H

#include "client/link/catalog.h"
#include "common/intake.h"

#include <sys/stat.h>
#include <sys/types.h>

#define LOAD_CHUNK_BYTES (64 * 1024)

struct load {
	const char *path; /* "-": standard input; "~/" is the user's home */
	enum lang lang;
	struct arena *arena;           /* the owner's; found lives in it */
	struct intake_options options; /* what the user says of it */
	struct intake_found found;
	int fd;             /* -1: not open */
	struct stat status; /* as it was opened */
	uint8_t *head;      /* its first bytes, read to find out what it is */
	size_t head_bytes;
	struct intake *check;
	struct arena *check_arena;
	int64_t bytes, sent; /* bytes 0: not known (a pipe) */
};

/*
 * Open the file and find out what it is, with the first rows; path, lang, arena and options are set, the
 * rest is 0. ERR_FILE_SYSTEM, ERR_BAD_FILE: *why says it; close it all the same.
 */
MUST_CHECK enum err load_open(struct load *load, size_t rows, const char **why);
void load_close(struct load *load);
/* A whole chunk, or what is left of the file. 0: the end; -1: errno. */
ssize_t load_read(struct load *load, uint8_t *data);
/*
 * Looks at a chunk before it is sent (then load->sent grows by it), at the end (0 bytes) also whether the file
 * stayed as it was.
 */
MUST_CHECK enum err load_check(struct load *load, const uint8_t *data, size_t bytes, const char **why);

/* The field that a column of a file means, by name, label, alias, or how it is spelled; NULL: none. */
const Kehu__Field *load_suggest(const Kehu__Entity *entity, const char *header);
/* The same as a mapping says it, also of a line: "name", "customer_phone.number"; in arena. */
const char *load_suggest_path(
    struct arena *arena, const struct cat *cat, const Kehu__Entity *entity, const char *header);

#endif
