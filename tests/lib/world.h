/*
 * A company made from the catalogue, for tests of who may do what: for each role a reader, and
 * of every entity a row in each place it can lie for that reader, in every state. The facts are
 * kept beside the database, for the evaluator. What a row's fields hold follows from its id and
 * the field's number, so that any text of an answer tells whose it is.
 */
#ifndef KEHU_TEST_WORLD_H
#define KEHU_TEST_WORLD_H

#include "common/arena.h"
#include "tests/lib/evaluator.h"

enum world_place {
	/* of one reader each */
	PLACE_OWN,
	PLACE_TEAM,        /* of somebody whose superior the reader is, in another branch */
	PLACE_SHARED_READ, /* of another branch, shared with the reader */
	PLACE_SHARED_WRITE,
	PLACE_STRANGER, /* of another branch, belonging to an own customer */
	PLACE_OWN_DELETED,
	PLACE_STATE, /* own, one for each further state */
	/* of the same for all readers */
	PLACE_DEPARTMENT,
	PLACE_BELOW,
	PLACE_OTHER_DEPARTMENT, /* of the same branch */
	PLACE_BRANCH_BELOW,
	PLACE_OTHER_BRANCH,
	PLACE_POOL,
	PLACE_OTHER_POOL,
	PLACE_COMPANY,
	PLACE_SHUT, /* of customers and what names them: the customer opens for a stated purpose only */
	PLACE_DEPARTMENT_DELETED,
	PLACE_OTHER_BRANCH_DELETED,
	PLACE_COMMON, /* of a set-up entity */
	PLACE_COMMON_DELETED,
};

struct world_row {
	struct eval_row row;
	enum world_place place;
	size_t reader; /* of places of one reader */
	bool absent;   /* the database takes only one such row: there is none in this place */
	bool made;     /* by the world; else it was there before, with values of its own */
	struct world_row *parent; /* of a line; else NULL */
	struct world_row **lines; /* one of each kind */
	size_t line_count;
};

struct world {
	struct arena *arena;
	const char *database;
	const struct catalog *catalog;
	struct eval_facts facts;
	const struct eval_user
	    *readers; /* one for each role, by eval_roles and then the test's own */
	size_t reader_count;
	struct world_row **rows;
	size_t count;
	size_t first[10000]; /* of an entity's rows, by its number; they lie together, lines
				apart */
};

/* Fills a database that bed_new made, and starts no kehud. Ends the process when it cannot. */
struct world *world_make(const char *database);
void world_free(struct world *world);
/* Sign-in name of a reader. */
const char *world_reader_name(const struct world *world, size_t reader);

/* The row of an entity in a place; NULL: none. reader is ignored for common places. */
struct world_row *world_find(const struct world *world, const struct entity *entity,
    enum world_place place, size_t reader);
struct world_row *world_row(const struct world *world, int64_t id);
/* The line of a kind that a row has; NULL: none. */
struct world_row *world_line(
    const struct world *world, const struct world_row *parent, const struct entity *kind);

/* What a field of a row holds. Absent values have present false. */
struct world_value {
	bool present;
	int64_t number;
	const char *text; /* texts, choices; currency of money */
};
struct world_value world_value(
    const struct world *world, const struct world_row *row, const struct field *field);
/* The row that a value of the first kind (TYPE_REF to an activity) names; NULL: none. */
struct world_row *world_target(
    const struct world *world, const struct world_row *row, const struct field *field);
/* First code of a choice list, and the nth; NULL: there is none. */
const char *world_choice(const struct world *world, const char *dictionary, size_t nth);
/* A row of this entity to refer to, as the reader would: own ones of activities. */
int64_t world_reference(const struct world *world, const char *entity, size_t reader);

/* A new value for a field, other than what row (may be NULL: a new record) holds; as sent. */
struct world_value world_new_value(
    const struct world *world, const struct field *field, size_t reader, uint32_t salt);

/*
 * Whose text stands in these bytes: calls found for every marker of a row's field. "Zq" and the
 * row's id in seven hexadecimal digits, "f", the field's number in two; phones: 199, six digits
 * of the id, two.
 */
void world_scan(const struct world *world, const uint8_t *data, size_t bytes,
    void (*found)(void *to, const struct world_row *row, uint32_t field), void *to);

/* Does the reader see the row, on its own or through the record it belongs to? */
bool world_shows(
    const struct world *world, const struct eval_user *user, const struct world_row *row);

/* All tables whose rows somebody owns or sets up: how many rows, and what is in them; a line each, in arena. */
const char *world_sums(const struct world *world, struct arena *arena);

#define WORLD_FIRST_ID INT64_C(5000001)

#endif
