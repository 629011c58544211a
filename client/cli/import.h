/*
 * kehu import, between its parts: import.c sends the file and follows the job, import_look.c
 * finds out what the file is, import_map.c reads the mapping.
 */
#ifndef KEHU_CLI_IMPORT_H
#define KEHU_CLI_IMPORT_H

#include "client/cli/cli.h"
#include "common/intake.h"

#include <sys/stat.h>

#define IMPORT_CHUNK_BYTES (64 * 1024)
#define IMPORT_AHEAD       4
#define IMPORT_COLUMNS     1000

enum import_step {
	IMPORT_START = 1,
	IMPORT_DATA = 2,
	IMPORT_END = 3,
	IMPORT_GIVE_UP = 4,
};

struct import {
	struct cli *cli;
	const Kehu__Entity *entity;
	const char *path;
	int fd;
	struct stat status; /* as it was opened */
	uint8_t *head;      /* its first bytes, read to find out what it is */
	size_t head_bytes;
	bool head_whole;
	struct intake_options options; /* what the user said of it */
	struct intake_found found;
	struct intake
	    *check; /* reads what is sent, so that a bad file is not sent to its end */
	struct arena *check_arena;
	int64_t bytes, sent; /* bytes 0: not known (a pipe) */
	Kehu__Mapping **map;
	size_t map_count;
	int64_t id, job;
	int64_t told_us;
	/* chunks under way: their requests, by chunk number */
	uint32_t numbers[IMPORT_AHEAD];
	uint32_t chunk;
	size_t waiting;
	enum err err;
	Kehu__ServerFrame *refusal;
};

/* ---- import_map.c ---- */

/* --map into import->map. Reports failures. */
MUST_CHECK enum err import_read_map(struct import *import);

/* ---- import_look.c ---- */

/* Opens the file and finds out what it is. Reports failures, among them that it cannot be read.
 */
MUST_CHECK enum err import_open(struct import *import);
/* A whole chunk, or what is left of the file. 0: the end; -1: errno. */
ssize_t import_read(struct import *import, uint8_t *data);
/* Looks at a chunk on its way; at the end (0 bytes) also whether the file stayed as it was. */
MUST_CHECK enum err import_check(struct import *import, const uint8_t *data, size_t bytes);
void import_close(struct import *import);
/* --detect: what was found, to standard output. */
MUST_CHECK enum err import_show(struct import *import);

#endif
