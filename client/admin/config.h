/*
 * The set-up of a company as one text file: `kehu-admin export-config` writes it, `kehu-admin
 * apply` makes the system equal to it. What set-up is comes from the catalogue: every set-up
 * entity whose records the user may create, but for the official tree of regions.
 */
#ifndef KEHU_ADMIN_CONFIG_H
#define KEHU_ADMIN_CONFIG_H

#include "client/cli/cli.h"

#define CONFIG_KEYS 4

/* One record as the server has it, or as it will have it. */
struct config_record {
	int64_t id; /* negative: new, under this temporary id */
	/* What names it in the file: its unique fields, then its label; the first is how export
	 * names it. */
	const char *keys[CONFIG_KEYS];
	Kehu__Record *record; /* NULL: new */
	bool named;           /* by the file */
};

struct config_kind {
	const Kehu__Entity *entity;
	struct config_record *records;
	size_t count, room;
	bool loaded, with_lines;
};

struct config {
	struct cli *cli;
	struct config_kind *kinds; /* by position in the catalogue */
	size_t count;
	int64_t made; /* temporary ids handed out */
};

void config_start(struct config *config, struct cli *cli);
/* Is this entity part of the file? */
bool config_has(const Kehu__Entity *entity);
/* The records of an entity, read once; with_lines: each with its lines. Reports failures. */
MUST_CHECK enum err config_load(struct config *config, const Kehu__Entity *entity,
    bool with_lines, struct config_kind **kind);
/*
 * NULL: none has that key; *many: more than one has. A first key goes before others, so that a
 * name is not taken for another's code.
 */
struct config_record *config_find(struct config_kind *kind, const char *key, bool *many);
/* A new record with these keys, under a temporary id. */
struct config_record *config_add(
    struct config *config, struct config_kind *kind, const char *const keys[CONFIG_KEYS]);
/* The fields that give the keys: at most CONFIG_KEYS; returns how many. */
size_t config_key_fields(const Kehu__Entity *entity, const Kehu__Field *fields[CONFIG_KEYS]);
/* The text of a value as the file has it; NULL: empty. References are keys. Reports failures.
 */
MUST_CHECK enum err config_text(struct config *config, const Kehu__Field *field,
    const Kehu__Value *value, const char **text);
/* Is the field written to the file? Not what the server sets itself. */
bool config_keeps(const Kehu__Field *field);

enum err config_export(struct cli *cli);
enum err config_apply(struct cli *cli);

#endif
