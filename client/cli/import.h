/*
 * kehu import, between its parts: import.c sends the file and follows the job, import_look.c
 * finds out what the file is, import_map.c reads the mapping.
 */
#ifndef KEHU_CLI_IMPORT_H
#define KEHU_CLI_IMPORT_H

#include "client/cli/cli.h"
#include "client/load/load.h"

#define IMPORT_AHEAD       4
#define IMPORT_COLUMNS     1000

enum import_step {
	IMPORT_START = 1,
	IMPORT_DATA = 2,
	IMPORT_END = 3,
	IMPORT_GIVE_UP = 4,
	IMPORT_LEARNT = 5,
};

struct import {
	struct cli *cli;
	const Kehu__Entity *entity;
	struct load load;
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

/* ---- import.c ---- */

/* Without a map: as the user last imported a file of these columns; none where there was none. Reports failures. */
MUST_CHECK enum err import_ask_learnt(struct import *import);

/* ---- import_map.c ---- */

/* --map into import->map. Reports failures. */
MUST_CHECK enum err import_read_map(struct import *import);

/* ---- import_look.c ---- */

/* Opens the file and finds out what it is. Reports failures, among them that it cannot be read.
 */
MUST_CHECK enum err import_look(struct import *import);
/* Without a map: the columns that mean a field. */
void import_suggest_map(struct import *import);
/* --detect: what was found, to standard output. */
MUST_CHECK enum err import_show(struct import *import);

#endif
