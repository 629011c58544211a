/*
 * Records in the server's memory: an entity's values as a call reads or changes them, with
 * their lines as one tree. Values and trees live in the call's arena.
 */
#ifndef KEHU_RECORD_H
#define KEHU_RECORD_H

#include "server/gate/call.h"

/* A value of a field, in the field's own type; see proto/kehu.proto for units. */
struct value {
	bool present; /* false: null */
	int64_t number;
	const char *text; /* texts, choices, currency of money; label of a reference when read */
	const int64_t *numbers; /* TYPE_REFS */
	size_t count;
	bool unseen; /* a reference to what its reader does not see */
};

struct record {
	const struct entity_view *entity; /* the catalogue's: rules see every field */
	int64_t id;      /* <= 0: new (temporary) */
	int64_t stored_id; /* of a new record once inserted; else id */
	bool id_asked;     /* a new record's id rides in the trip of its references */
	struct rows *id_rows;
	bool number_asked; /* a new record's number is taken; of a searched entity it is known too */
	struct rows *number_rows; /* after the trip that brings it */
	uint32_t version;
	bool deleted;
	int64_t owner, department, branch, pool; /* access columns as stored (or to be) */
	bool shared_write; /* shared with the reader, to change it */
	struct value *values; /* by position in entity->fields */
	struct value *old;    /* as stored, for changes; NULL for a new record */
	bool *changed;        /* by position */
	bool is_new, removed;
	const char *in_spite; /* why it is saved although a like one exists; NULL: it is not */
	bool acting; /* being changed by a named action, not by a save */
	struct record **lines; /* as stored and as changed */
	size_t line_count;
	uint32_t rights;
	bool shut; /* opens for a stated purpose only, and this reader has stated none: see record_check_open() */
	struct record *parent; /* of a line */
};

/* Of a reader's view, too: in memory a record is whole, record_to_wire() shows what may be shown. */
struct record *record_new(struct arena *arena, const struct entity_view *entity);
/* A new line of a kind at the end of record's; its values are set by the caller. */
struct record *record_add_line(struct arena *arena, struct record *record,
    const struct entity_view *kind);
/* Position of a field; fatal for a field that is not the entity's (a bug of ours). */
size_t record_position(const struct entity_view *entity, uint32_t field);

/* Values by field number (F_visit_at); rules read and write through these. */
const struct value *record_value(const struct record *record, uint32_t field);
int64_t record_number(const struct record *record, uint32_t field); /* null: 0 */
const char *record_text(const struct record *record, uint32_t field); /* null: "" */
bool record_changed(const struct record *record, uint32_t field);
void record_set_number(struct record *record, uint32_t field, int64_t number);
void record_set_text(struct record *record, uint32_t field, const char *text);
void record_set_money(struct record *record, uint32_t field, int64_t minor, const char *currency);
void record_set_null(struct record *record, uint32_t field);

/*
 * Give a record what its reader asked for; field is of the reader's view. A masked field can be
 * filled in where nothing is stored, never replaced unseen: ERR_READ_ONLY, whatever is sent, since
 * the answer "that is what it is" would tell a guess from the rest. A read-only one may be sent as it is.
 */
MUST_CHECK enum err record_take_value(struct record *record, const struct field *field,
    const struct value *value);

/* ---- values ------------------------------------------------------------------------------ */

/*
 * A value from the wire, checked against its field: type, length, range, choice, cleaned text.
 * On failure nothing is recorded; err says what is wrong with it.
 */
MUST_CHECK enum err value_from_wire(struct call *call, const struct field *field,
    const Kehu__Value *wire, struct value *value);
/*
 * A value from text a person or a file gave ("32万", "下周五", "A", label of a choice, id, number or unique
 * label of a set-up record): the same forms the command line and imports take.
 */
MUST_CHECK enum err value_from_text(struct call *call, const struct field *field, const char *text,
    struct value *value);
/* The label that was read of the record a reference names; NULL: its reader does not see that record. */
void value_set_label(struct value *value, const char *label);
/* For people: label of choice and reference, formatted date and money. In arena, never NULL. */
const char *value_print(struct call *call, const struct field *field, const struct value *value);
/* The same as this reader may read it: masked where the reader's view of entity masks it, "" where hidden. */
const char *value_show(struct call *call, const struct entity *entity, const struct field *field,
    const struct value *value);
bool value_same(const struct field *field, const struct value *a, const struct value *b);

/* Columns of a field: 1, or 2 for money. Select list items, "t.amount, t.amount_currency". */
void value_select(struct sql *sql, const struct field *field, const char *alias);
/* Reads them back; *column moves on. */
struct value value_from_row(struct arena *arena, const struct field *field, const struct rows *rows,
    size_t row, size_t *column);
/* Bind as parameters: the value itself. */
void value_bind(struct sql *sql, const struct field *field, const struct value *value);
/* The columns a value is stored in with all its derived ones (_currency, _digits, _key, _alike): names, then values. */
void value_columns(struct sql *sql, const struct field *field);
void value_bind_all(struct call *call, struct sql *sql, const struct field *field,
    const struct value *value);
/*
 * The same as texts for COPY, NULL: null; and what makes values of those texts again, behind the columns'
 * names: each takes one "%s". Dates are days, moments µs since 1970.
 */
#define VALUE_COLUMNS_MAX 4
size_t value_texts(struct call *call, const struct field *field, const struct value *value,
    const char *texts[VALUE_COLUMNS_MAX]);
const char *value_cast(const struct field *field, size_t column);
void value_assign(struct call *call, struct sql *sql, const struct field *field,
    const struct value *value);
/*
 * To the wire; labels of set-up references and masks are put in here. Texts are borrowed: from
 * value (in the call's arena) or from the access snapshot that the call holds.
 */
Kehu__Value *value_to_wire(struct call *call, const struct entity *entity,
    const struct field *field, const struct value *value, bool with_field);
/* In clear, whatever the reader's view says: for Reveal, which asks for itself. */
void value_fill_clear(
    struct call *call, const struct field *field, const struct value *value, Kehu__Value *wire);
/* The same as value_to_wire into *wire. */
void value_fill_wire(struct call *call, const struct entity *entity, const struct field *field,
    const struct value *value, bool with_field, Kehu__Value *wire);

/* ---- whole records ----------------------------------------------------------------------- */

/*
 * Read one record through the arms of right, with its lines when lines. The transaction has
 * begun. *record is NULL when it is not there for this reader. lock: FOR NO KEY UPDATE.
 */
MUST_CHECK enum err record_read(struct call *call, const struct entity_view *entity, int64_t id,
    enum right right, bool lines, bool lock, struct record **record);
/* Queue the pieces of record_read, so that more can ride in the same trip; take after the flush. */
struct record_reading;
struct record_reading *record_queue_read(struct call *call, const struct entity_view *entity,
    int64_t id, const struct arms *arms, bool lines, bool lock);
/* The same with lines that were taken away: they are removed and deleted. */
struct record_reading *record_queue_read_gone(struct call *call, const struct entity_view *entity,
    int64_t id, const struct arms *arms);
struct record *record_take_read(struct call *call, struct record_reading *reading);

/*
 * Store a new or changed record with its lines: numbers, derived columns, search row, version.
 * Hooks have run. Sets stored_id and version. The number of a new record that is not searched
 * for comes with the next flush or the COMMIT, in number_rows.
 */
MUST_CHECK enum err record_store(struct call *call, struct record *record);
/* The search row of a searched record, from its stored text fields and lines. */
MUST_CHECK enum err record_store_search(struct call *call, struct record *record);

Kehu__Record *record_to_wire(struct call *call, const struct record *record);
/* What the reader may do with rows of an entity, looked up once for all of them. */
#define RECORD_RIGHTS 4
struct row_rights {
	const struct access_user *user;
	const struct entity *entity;
	struct arms arms[RECORD_RIGHTS];
	bool edits_shared;
	bool by_state; /* and so the row's state is wanted */
};
/* The record as access rights see it, by the values it has now. */
struct access_row record_access_row(const struct record *record);
/* It was reached, and is not in the recycle bin, which is for those who may restore what lies in it. */
bool record_is_there(const struct record *record);
/* ERR_PURPOSE_NEEDED, where the record is shut to this reader. */
MUST_CHECK enum err record_check_open(struct call *call, const struct record *record);
struct row_rights record_row_rights(const struct call *call, const struct entity *entity);
/* Edit, delete, restore, assign bits for a row with these access columns and state. */
uint32_t record_rights(const struct row_rights *rights, const struct access_row *row);
/*
 * What a state forbids, of a record that was read to be changed: a frozen one is neither edited nor
 * deleted, and a right (for this action; NULL: none) may be for certain states only. ERR_WRONG_STATE
 * where another state would do, ERR_FORBIDDEN where none does.
 */
MUST_CHECK enum err record_may(
    struct call *call, const struct record *record, enum right right, const char *action);
/*
 * May the reader make this new record, for whom and where it is now to be (owner, department, branch,
 * pool, customer are set)? ERR_FORBIDDEN where no arm of a grant to create reaches it; shares reach
 * nothing that is not there yet.
 */
MUST_CHECK enum err record_may_make(struct call *call, const struct record *record);

/* "t.owner_id = … OR …" for one row read by id; TRUE for all. Appends to sql. */
void record_arms_where(struct call *call, struct sql *sql, const struct entity_view *entity,
    const char *alias, const struct arms *arms);

#endif
