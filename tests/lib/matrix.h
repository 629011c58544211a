/*
 * The parts of tests/server/matrix.c: every role, entity, action and field is asked of a real kehud,
 * and each answer held against tests/lib/evaluator.c.
 */
#ifndef KEHU_TEST_MATRIX_H
#define KEHU_TEST_MATRIX_H

#include "tests/lib/wire.h"
#include "tests/lib/world.h"

#define TELL_MAX  200 /* sorts of failures printed */
#define ALIKE     4   /* of so many cases alike, one in `make check`; all with KEHU_FULL=1 */
#define ENTITIES  10000
#define ASKS_MAX  40000

struct ask {
	Kehu__ClientFrame *frame;
	const char *what; /* of the request, for people */
	const struct entity *entity;
	const struct world_row *row;
	enum eval_answer expected;
	void (*check)(size_t reader, const struct ask *ask, const struct wire_answer *answer);
	const struct field *field;
	enum eval_show show;
	const struct tab *tab;
};

struct asks {
	struct arena *arena;
	size_t reader, count;
	struct ask list[ASKS_MAX];
};

/* Entities, actions and fields that were met; by entity number and field or nth action. */
struct matrix_met {
	bool created, listed, opened, edited, deleted, restored;
	bool acted[64], refused[64];
	bool seen[200], kept[200]; /* a field's value was shown; was not shown to somebody */
};

extern struct matrix {
	struct bed *bed;
	bool full; /* KEHU_FULL=1: no case is left out */
	struct world *world;
	struct wire **wires;
	size_t cases, failures;
	struct matrix_met *met;
	/* What the evaluator said before: 0 not asked yet, else its answer and one. */
	uint8_t *shown, *shows;
	uint16_t index_of[ENTITIES];
} matrix;

/* ---- telling ----------------------------------------------------------------------------- */

/* A failure: who, where, what, and in which way; each sort is printed once. */
void __attribute__((format(printf, 3, 4))) matrix_wrong(
    size_t reader, const struct ask *ask, const char *format, ...);
/* Does a rule refuse this although the right is there? */
bool matrix_may_refuse(size_t reader, const struct ask *ask, enum err err);
/* Let in or refused as expected? */
void matrix_check_error(size_t reader, const struct ask *ask, const struct wire_answer *answer);
/* How the field shows for the reader, by the evaluator. */
enum eval_show matrix_show(size_t reader, const struct entity *entity, const struct field *field);
/* A field of the catalogue; NULL: there is none. */
const struct field *matrix_field(const struct world_row *row, uint32_t number);
/* Is there a text in the answer that the reader is not to see? */
void matrix_scan(size_t reader, const struct ask *ask, const struct wire_answer *answer);

/* ---- asking ------------------------------------------------------------------------------ */

/* One more request of the reader; its frame is filled in by the caller. */
struct ask *matrix_ask(struct asks *asks, const char *what, const struct entity *entity,
    const struct world_row *row, enum eval_answer expected);
/* No requests yet. */
struct asks *matrix_begin(size_t reader);
/* Sends all, checks all, frees. */
void matrix_end(struct asks *asks);
const struct eval_user *matrix_user(const struct asks *asks);
/* The rows of an entity that concern the reader, one after the other; NULL at the end. */
const struct world_row *matrix_next(const struct asks *asks, const struct entity *entity, size_t *at);
const struct entity_view *matrix_view(const struct entity *entity);
/*
 * Of many cases alike, one in so many is enough for `make check`. Which follows from the case,
 * so that they differ from reader to reader and are the same in every run.
 */
bool matrix_leaves_out(const struct asks *asks, const char *what, int64_t id, uint32_t one_in);
/* The requests by kind; a check may still be put in. */
struct ask *matrix_ask_get(struct asks *asks, const struct world_row *row, enum eval_answer expected);
struct ask *matrix_ask_history(struct asks *asks, const struct world_row *row, enum eval_answer expected);
Kehu__List *matrix_ask_list(struct asks *asks, const struct entity *entity, const char *what,
    enum eval_answer expected, struct ask **ask);
Kehu__Value *matrix_value(struct arena *arena, const struct field *field, const struct world_value *value);
void matrix_intention(struct arena *arena, protobuf_c_boolean *has, ProtobufCBinaryData *data);
/* What is expected to be done goes into a Bulk that keeps nothing; what is not is sent as it
 * is. */
void matrix_rehearse(struct asks *asks, struct ask *ask);
Kehu__Record *matrix_ask_save(struct asks *asks, const char *what, const struct entity *entity,
    const struct world_row *row, enum eval_answer expected, struct ask **ask);

/* ---- reading ----------------------------------------------------------------------------- */

/* NULL: the page does not have it. */
const Kehu__Row *matrix_row_of(const Kehu__Page *page, int64_t id);
/* All of it about the entity. */
void matrix_ask_reading(struct asks *asks, const struct entity *entity);
/* The reader's day; whatever stands in it is looked through. */
void matrix_ask_today(struct asks *asks);

/* ---- writing ----------------------------------------------------------------------------- */

/* Done where it is expected, refused where it is not. */
void matrix_check_write(size_t reader, const struct ask *ask, const struct wire_answer *answer);
void matrix_ask_writing(struct asks *asks, const struct entity *entity);

/* ---- fields ------------------------------------------------------------------------------ */

void matrix_ask_fields(struct asks *asks, const struct entity *entity);
void matrix_check_catalog(size_t reader, const struct ask *ask, const struct wire_answer *answer);

#endif
