/*
 * The catalogue: every entity, field, action and tab, declared once in server/entity/<name>.def and,
 * for custom fields, in the database. Everything else (SQL identifiers, validation, rights,
 * search tokens, triggers, import columns, the client's screens) derives from it.
 */
#ifndef KEHU_ENTITY_H
#define KEHU_ENTITY_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

/* Over the wire: never renumbered. */
enum field_type {
	TYPE_TEXT = 1,   /* one line */
	TYPE_BLOCK = 2,  /* many lines */
	TYPE_INT = 3,
	TYPE_BOOL = 4,
	TYPE_DATE = 5,   /* column date */
	TYPE_MOMENT = 6, /* column timestamptz */
	TYPE_MONEY = 7,  /* columns <name> (bigint, minor units) and <name>_currency */
	TYPE_QUANTITY = 8, /* bigint scaled by decimals */
	TYPE_CHOICE = 9, /* text: code of a dictionary item */
	TYPE_REF = 10,   /* bigint: id of another entity's record */
	TYPE_PHONE = 11, /* text as typed; <name>_digits holds the digits for matching */
	TYPE_MAIL = 12,
	TYPE_LINK = 13,
	TYPE_REFS = 14,  /* bigint[]: several references; not sortable */
};

enum field_flag { /* the low byte goes over the wire as it is */
	FIELD_REQUIRED = 1,
	FIELD_READONLY = 2,    /* set by the server only */
	FIELD_SORT = 4,        /* text: has a <name>_key column, COLLATE "C" */
	FIELD_FILTER = 8,
	FIELD_SEARCH = 16,     /* gives search tokens of .search class */
	FIELD_COLUMN = 32,     /* in the default list */
	FIELD_MASKED = 64,     /* for this reader; set per access snapshot, never in a .def */
	FIELD_FIGURE = 256,    /* lives in <entity>_figures, computed by rules */
	FIELD_SENSITIVE = 512, /* may be masked or hidden per role; reads are audited */
	FIELD_UNIQUE = 1024,   /* among live records; a unique index promises it */
	FIELD_PERSON = 2048,   /* a person's name: surname readings apply */
	FIELD_RETIRED = 4096,  /* custom field no longer offered */
	FIELD_CUSTOM = 8192,   /* number >= 10000, column x_<number> */
	FIELD_NUMBERED = 16384,/* filled from the entity's number series when left empty */
	FIELD_HIDDEN = 32768,  /* never leaves the server (access columns' internals, hashes) */
	FIELD_VIEWED = 65536,  /* of a reader's view: MASKED and READONLY say what the reader may */
	FIELD_BLANK = 262144,  /* of a reader's view: masked so that nothing of it shows */
	FIELD_ALIKE = 524288,  /* text: has <name>_alike, and where lists sort by it <name>_sound: what duplicates
	                          are found by (common/name.h) */
	FIELD_SPARSE = 1048576, /* seldom looked for: overviews leave it out, but for a figure that there is */
	FIELD_INDEXED = 2097152, /* custom field: an index of its own was asked for */
	FIELD_REVEAL = 131072, /* of a reader's view: masked, and one value may be asked for with a reason */
};

enum entity_kind {
	ENTITY_ACTIVITY = 1, /* has access columns owner_id, department_id, branch_id (pool_id if .pooled) */
	ENTITY_LINE = 2,     /* reached only through its parent */
	ENTITY_SETUP = 3,    /* no rows arms: seen by grant on the entity as a whole */
	ENTITY_ANCHORED = 4, /* belongs to any record: columns anchor_entity, anchor_id; reached like a line */
};

struct field {
	uint32_t number; /* permanent, within its entity; custom ones from 10000 */
	const char *name; /* column, and name in queries, imports and the command line */
	enum field_type type;
	const char *zh, *en;
	uint32_t flags;
	uint32_t max_chars;       /* texts; 0: 200 (TYPE_BLOCK 4000) */
	uint32_t decimals;        /* TYPE_QUANTITY */
	const char *dict;         /* TYPE_CHOICE: dictionary name; of .bits the labels */
	const char *bits;         /* TYPE_INT of several yes and no: the codes of its bits, in order */
	const char *ref;          /* TYPE_REF, TYPE_REFS: entity name */
	char search;              /* token class of FIELD_SEARCH (server/record/token.h) */
	const char *aliases;      /* further names in queries, space-separated: "级别 lv" */
	const char *section_zh, *section_en; /* form section that starts at this field */
	const char *help_zh, *help_en;
	const char *required_unless; /* FIELD_REQUIRED but for codes of a choice beside it: "kind task meeting", or, without codes, where that field has a value */
	const char *initial;      /* default of a new record: code, number, "today", "now", "me"; "company": that of a customer's own people */
	const char *code;         /* of a custom field: what people call it, since its column is x_<number> */
	const char *least, *most; /* bounds of what is saved, as people write values; NULL: none */
};

struct action {
	const char *name; /* "complete" */
	const char *zh, *en;
	const struct field *arguments; /* ended by number 0 */
	const char *from; /* states it may start from, space-separated; NULL: any */
	const char *to;   /* state it leads to; NULL: the rule decides */
	bool danger;
};

struct tab {
	const char *entity; /* related entity */
	const char *field;  /* its TYPE_REF field that points here */
	const char *zh, *en;
	const char *columns; /* field names, space-separated */
};

struct entity {
	uint32_t number; /* permanent */
	const char *name;
	const char *table; /* NULL in a .def: the name */
	const char *zh, *en;
	enum entity_kind kind;
	const char *parent;       /* ENTITY_LINE: parent entity; the column is <parent>_id */
	const char *alias;        /* function codes for the palette, "khl cust" */
	const char *label_field;  /* what names a record; default "name" */
	const char *sort_field;
	bool sort_down;
	bool pooled;              /* has pool_id */
	bool searched;            /* has <table>_search */
	bool figures;             /* has <table>_figures */
	bool many;                /* records come by the thousand: imports store them by set, triggers on new rows work by statement */
	bool filtered;            /* a line: lists of the parent filter by its label field (kehu_<table>_of) */
	bool inherits_owner;      /* access columns follow those of .owner_from's record */
	const char *owner_from;   /* field name of that reference */
	bool anchored;            /* an activity: also read through the record that anchor_entity, anchor_id name */
	bool personal;            /* an activity: who stands in for its owner, or gets their work, does not have it */
	const char *kept;         /* states in which a record stays with its owner when their work is handed over; "*": any */
	const char *number_prefix;/* of FIELD_NUMBERED: "C" -> C000123, "V%y%m-" -> V2611-000123 */
	const char *state_field;  /* a choice field; actions' from/to */
	const char *person;       /* a row is a person with rights of their own: "" always, or "type=person": of that choice */
	const char *frozen;       /* states, space-separated, in which a record and its lines are only acted on */
	const char *plain;        /* fields that no hook of its rules looks at: many records are set to a value by one statement */
	const struct field *fields; /* in form order, ended by number 0 */
	const struct action *actions; /* ended by name NULL */
	const struct tab *tabs;       /* ended by entity NULL */
};

/* All shipped entities, in the order of entities.def, ended by NULL. */
extern const struct entity *const entity_shipped[];

/*
 * A catalogue: shipped entities with the custom fields of one catalogue version. Immutable
 * once made; shared by reference count.
 */
struct catalog;

/*
 * An entity with its custom fields joined on. The catalogue's own have every field: they are what
 * rules and statements work with. A reader's (access_view, call_entity) have only what the reader
 * may know of: hidden fields are absent, masked and read-only ones are copies that say so. Whatever
 * is shown to a reader, or asked by, goes by the reader's view.
 */
struct entity_view {
	const struct entity *def;
	const struct field *const *fields; /* shipped first */
	size_t field_count;
	const struct entity_view *whole; /* of a reader's view: the catalogue's; else NULL */
};

struct catalog *catalog_new(uint32_t version);
/* Adds one custom field before the catalogue is published. ERR_INVALID names what is wrong. */
MUST_CHECK enum err catalog_add_field(struct catalog *catalog, uint32_t entity,
    const struct field *field);
const struct catalog *catalog_ref(const struct catalog *catalog);
void catalog_unref(const struct catalog *catalog);
uint32_t catalog_version(const struct catalog *catalog);

size_t catalog_count(const struct catalog *catalog);
const struct entity_view *catalog_at(const struct catalog *catalog, size_t index);
const struct entity_view *catalog_entity(const struct catalog *catalog, uint32_t number);
const struct entity_view *catalog_entity_named(const struct catalog *catalog, const char *name);

/*
 * Reports that came from the database, ended by NULL, before the catalogue is published; they live in its
 * arena (server/report/report_file.h). None: an empty list.
 */
struct report_info;
void catalog_set_reports(struct catalog *catalog, const struct report_info *const *list);
const struct report_info *const *catalog_reports(const struct catalog *catalog);

const char *entity_table(const struct entity *entity);
/* What people, files and set-up call a field. */
const char *field_word(const struct field *field);
/* The column by which its rows belong to a company: a customer's own id, or the customer_id of an activity. NULL: none. */
const char *entity_company_column(const struct entity *entity);
/* The catalogue's view with every field, of a reader's or of itself. */
const struct entity_view *entity_whole(const struct entity_view *entity);
const struct field *entity_field(const struct entity_view *entity, uint32_t number);
/* By column, or by the word of a custom field. */
const struct field *entity_field_named(const struct entity_view *entity, const char *name);
/* The field that names a record; NULL: the view has it not. */
const struct field *entity_label(const struct entity_view *entity);
/* By name, label in either language, or alias; case and width folded. */
const struct field *entity_field_called(const struct entity_view *entity, const char *word);
/* The line entities of a parent, in catalogue order; up to max. */
size_t catalog_lines(const struct catalog *catalog, const struct entity *parent,
    const struct entity_view **lines, size_t max);
/* Column that names the parent of a line: "<parent>_id". */
const char *entity_parent_column(struct arena *arena, const struct entity *line);

#endif
