/*
 * The client's catalogue: what the server said about entities, fields, actions, tabs,
 * dictionaries and reports, in the user's language and as far as the user may see it.
 *
 * The protobuf messages are used as they came; this file finds things in them. A catalogue is
 * immutable. On disk it is one file per server, user and language, mode 0600, named by its
 * hash.
 */
#ifndef KEHU_CATALOG_CLIENT_H
#define KEHU_CATALOG_CLIENT_H

#include "common/arena.h"
#include "common/error.h"
#include "proto/kehu.pb-c.h"

/* Over the wire; the same numbers as server/entity/entity.h, listed in PROTOCOL.md. */
enum cat_type {
	CAT_TEXT = 1,
	CAT_BLOCK,
	CAT_INT,
	CAT_BOOL,
	CAT_DATE,
	CAT_MOMENT,
	CAT_MONEY,
	CAT_QUANTITY,
	CAT_CHOICE,
	CAT_REF,
	CAT_PHONE,
	CAT_MAIL,
	CAT_LINK,
	CAT_REFS,
};
enum cat_flag {
	CAT_REQUIRED = 1,
	CAT_READONLY = 2,
	CAT_SORT = 4,
	CAT_FILTER = 8,
	CAT_SEARCH = 16,
	CAT_COLUMN = 32,
	CAT_MASKED = 64,
	CAT_MANY = 128,
	CAT_FIGURE = 256,
	CAT_REVEAL = 512, /* masked, and one value may be asked for with a reason */
	CAT_UNIQUE = 1024,
	CAT_SPARSE = 2048, /* overviews leave it out, but for a figure that there is */
};
enum cat_kind { CAT_ACTIVITY = 1, CAT_LINE = 2, CAT_SETUP = 3 };
enum cat_allowed { /* Entity.actions_allowed */
	CAT_VIEW = 1,
	CAT_CREATE = 2,
	CAT_EDIT = 4,
	CAT_DELETE = 8,
	CAT_RESTORE = 16,
	CAT_EXPORT = 32,
	CAT_APPROVE = 64,
	CAT_ACT = 256,
};
enum cat_right { /* Record.rights, Row.rights */
	CAT_MAY_EDIT = 1,
	CAT_MAY_DELETE = 2,
	CAT_MAY_RESTORE = 4,
	CAT_MAY_ASSIGN = 8,
};

struct cat;

/* Owns a copy of answer's bytes. ERR_BAD_FRAME never happens for a frame that was unpacked. */
struct cat *cat_new(const Kehu__CatalogAnswer *answer);
void cat_free(struct cat *cat);

uint32_t cat_version(const struct cat *cat);
/* The hash the server gave: *bytes of it. */
const uint8_t *cat_hash(const struct cat *cat, size_t *bytes);

size_t cat_count(const struct cat *cat);
const Kehu__Entity *cat_at(const struct cat *cat, size_t index);
const Kehu__Entity *cat_entity(const struct cat *cat, uint32_t number);
/* By name, label or alias; case and width folded. NULL: none. */
const Kehu__Entity *cat_entity_called(const struct cat *cat, const char *word);
const Kehu__Field *cat_field(const Kehu__Entity *entity, uint32_t number);
/* By name, label or alias; case and width folded. NULL: none. */
const Kehu__Field *cat_field_called(const Kehu__Entity *entity, const char *word);
const Kehu__Action *cat_action_called(const Kehu__Entity *entity, const char *word);
/* The nearest entity, field or action name to a mistyped word; NULL: nothing is near. */
const char *cat_entity_nearest(const struct cat *cat, const char *word);
const char *cat_field_nearest(const Kehu__Entity *entity, const char *word);
const char *cat_action_nearest(const Kehu__Entity *entity, const char *word);
/* The line entities of a parent, in order; up to max. */
size_t cat_lines(
    const struct cat *cat, const Kehu__Entity *parent, const Kehu__Entity **lines, size_t max);
/* "phones" of customer: a line entity by its own names, or without the parent's name, also in
 * the plural. */
const Kehu__Entity *cat_line_called(
    const struct cat *cat, const Kehu__Entity *parent, const char *word);
/* The same as cat_field_called and cat_field_nearest among an action's or a report's arguments.
 */
const Kehu__Field *cat_field_among(Kehu__Field *const *fields, size_t count, const char *word);
const char *cat_field_nearest_among(Kehu__Field *const *fields, size_t count, const char *word);
/* Field numbers of the default list columns; up to max. */
size_t cat_columns(const Kehu__Entity *entity, uint32_t *columns, size_t max);

const Kehu__Dictionary *cat_dictionary(const struct cat *cat, const char *name);
const Kehu__DictionaryItem *cat_item(const Kehu__Dictionary *dictionary, const char *code);
/* By code, label or pinyin initials (the latter only when one item has them). NULL: none. */
const Kehu__DictionaryItem *cat_item_called(
    const Kehu__Dictionary *dictionary, const char *word);
/* Whether the reader may read the audit. */
bool cat_audits(const struct cat *cat);
size_t cat_report_count(const struct cat *cat);
const Kehu__ReportInfo *cat_report_at(const struct cat *cat, size_t index);
const Kehu__ReportInfo *cat_report(const struct cat *cat, const char *word);
/*
 * The entity whose rows a report shows, which an export of it names: its own, or of a list the one that its
 * parameters name.
 */
uint32_t cat_report_main(const struct cat *cat, const Kehu__Report *report);

/* ---- values ---- */

/* A value of record by field number; NULL when absent. */
const Kehu__Value *cat_value(const Kehu__Record *record, uint32_t field);
bool cat_value_empty(const Kehu__Value *value);

struct cat_style {
	int offset_min; /* moments are shown on this clock */
	bool plain; /* for machines: no grouping of digits, choices as codes, moments as ISO UTC
		     */
	enum lang lang;
};
/* What a person reads, cleaned for an outlet (one line unless CAT_BLOCK). In arena, never NULL.
 */
const char *cat_value_text(struct arena *arena, const struct cat *cat, const Kehu__Field *field,
    const Kehu__Value *value, const struct cat_style *style);

struct cat_now {
	int64_t now_us, today;
	int offset_min;
};
/*
 * What a person types, for every type but references by label (ERR_NOT_IN_LIST, to be asked
 * of the server; "#12" and plain digits are ids). An empty text is an empty value. value is
 * initialised here, its texts live in arena; .field is set.
 */
MUST_CHECK enum err cat_value_parse(struct arena *arena, const struct cat *cat,
    const Kehu__Field *field, const char *text, const struct cat_now *now, Kehu__Value *value);

/* ---- on disk ---- */

/* NULL: none kept, or not this hash (hash_bytes 0: any will do). */
struct cat *cat_load(const char *dir, const char *server, const char *user, enum lang lang,
    const uint8_t *hash, size_t hash_bytes);
/* Failing to keep it is no error: it is only asked for again. */
void cat_store(const struct cat *cat, const char *dir, const char *server, const char *user,
    enum lang lang);

#endif
