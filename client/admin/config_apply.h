/*
 * Inside `kehu-admin apply` (config.h): the file's records with what is there, and the steps that make the
 * system equal to it, in three files: what the file says, what has to change, what is sent.
 */
#ifndef KEHU_ADMIN_CONFIG_APPLY_H
#define KEHU_ADMIN_CONFIG_APPLY_H

#include "client/admin/config.h"

#include <libconfig.h>

/* A record of the file with what is there, and how far its step is made. */
struct wish {
	const Kehu__Entity *entity;
	struct config_kind *kind;
	size_t at; /* its record: kind->records[at] */
	const config_setting_t *group;
	const char *title; /* "branch SH", for people */
	enum { WISH_OPEN, WISH_BEING_MADE, WISH_DONE } state;
};

struct apply {
	struct config config;
	struct cli *cli;
	const char *path;
	bool keep; /* leave alone what the file does not name */
	struct wish *wishes;
	size_t count, room;
	Kehu__Record **later; /* references in a ring of new records, set when all are made */
	size_t later_count;
	Kehu__ClientFrame **steps;
	const struct wish **of; /* whose step it is; NULL: nobody's in the file */
	size_t step_count, step_room;
	size_t created, changed, removed, same;
};

/* ---- what is sent ------------------------------------------------------------------------ */

/* One more request of the Bulk; wish: whose it is, NULL: nobody's in the file. */
void apply_add_step(struct apply *apply, Kehu__ClientFrame *step, const struct wish *wish);
/* A record without values. */
Kehu__Record *apply_record_new(
    struct apply *apply, uint32_t entity, int64_t id, uint32_t version);
void apply_save(struct apply *apply, Kehu__Record *record, const struct wish *wish);
void apply_put_value(struct apply *apply, Kehu__Record *record, Kehu__Value *value);
/* A change of a record that an earlier step makes: its temporary id under the version it will have. */
void apply_put_later(struct apply *apply, const Kehu__Record *made, Kehu__Value *value);
void apply_put_line(struct apply *apply, Kehu__Record *record, Kehu__Record *line);
/* A line of the diff; field NULL: the whole record. */
void apply_show(struct apply *apply, const char *sign, const char *what, const char *field,
    const char *old, const char *new);
/* What the file does not name of the kinds it has goes, or is disabled. */
void apply_others(struct apply *apply, const config_setting_t *root);
/* All steps as one Bulk; a failure is reported with the line of the file. */
MUST_CHECK enum err apply_send(struct apply *apply, bool dry_run);

/* ---- what the file says ------------------------------------------------------------------ */

/* Reports what is wrong at a place of the file. */
enum err apply_refuse(struct apply *apply, const config_setting_t *at, enum err err, const char *what,
    const char *hint);
/* "did you mean x?"; NULL: nothing is near. */
const char *apply_near(struct apply *apply, const char *near);
/* Any scalar as the text a person would type; NULL: it is none. */
const char *apply_scalar(struct apply *apply, const config_setting_t *setting);

/* ---- what has to change ------------------------------------------------------------------ */

/* The steps of one record, after those of what it refers to. */
MUST_CHECK enum err apply_wish(struct apply *apply, struct wish *wish);

#endif
