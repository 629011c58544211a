/* Lines: what their data and their popup share. See form_lines.h. */
#ifndef KEHU_FORM_LINES_PRIVATE_H
#define KEHU_FORM_LINES_PRIVATE_H

#include "client/screens/form_lines.h"

struct line {
	int64_t id;           /* negative: new */
	Kehu__Value **values; /* by position of the entity's fields; NULL: empty */
	bool *told;           /* by position: worked out by the server, not typed */
	bool changed, removed;
	const char *error;
};

struct lines {
	const Kehu__Entity *entity;
	struct arena *arena;
	struct line *line;
	size_t count, room;
	int64_t temporary;    /* id of the last new line */
	uint32_t near_entity; /* whose records are offered first */
	int64_t near_id;
	struct grid *grid; /* NULL: they have a popup only */
};

/* A new line, changed already, with a temporary id; valid until the next one is added. */
struct line *lines_add_new(struct lines *lines);
/* Copies a value into its place. */
void lines_set(struct lines *lines, struct line *line, const Kehu__Value *value);
/* What a person reads at a position; in arena. */
const char *lines_cell(const struct lines *lines, const struct app *app, struct arena *arena,
    const struct line *line, size_t at);

#endif
