/*
 * Who may do what, all of it: every role, entity, action and field, rows in every place, sent
 * as raw frames to a real kehud, and each answer held against tests/lib/evaluator.c. What is
 * allowed is done in a Bulk that keeps nothing, so that all cases meet the same company; what
 * is denied is sent as it is, and must leave every table as it was. No answer may hold a text
 * that its reader is not to see.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/lib/wire.h"
#include "tests/lib/world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB        "matrix"
#define CASES_MIN 7000
#define TELL_MAX  200 /* sorts of failures printed */
#define ALIKE     4   /* of so many cases alike, one in `make check`; all with KEHU_FULL=1 */
#define ENTITIES  10000
#define ASKS_MAX  40000

/* Whose records a refusal is about. */
enum matrix_whose {
	ALL,
	SHARED, /* shared with the reader, who has no role that reaches them */
	OTHERS,
	OWN,
};

/*
 * What the rules of an entity refuse with an answer of the rights although the right is there.
 * request: create, edit, delete, restore, or an action. Where they refuse with another answer
 * (a value that will not do, something that exists already), the request has got past the
 * rights.
 */
static const struct {
	const char *entity, *request;
	enum err err;
	enum matrix_whose whose;
	const char *role; /* only for roles that begin so */
} matrix_refusals[] = {
	{ "user", "delete", ERR_WRONG_STATE },         /* they are disabled */
	{ "reading", "extend_budget", ERR_FORBIDDEN }, /* one's own */
	/* for whom it waits, whatever the rights: tests/server/approval.c */
	{ "approval", "approve", ERR_FORBIDDEN },
	{ "approval", "refuse", ERR_FORBIDDEN },
	{ "approval", "send_back", ERR_FORBIDDEN },
	{ "approval", "add_signer", ERR_FORBIDDEN },
	{ "approval", "pass_on", ERR_FORBIDDEN },
	{ "approval", "remind", ERR_FORBIDDEN },
	{ "approval", "withdraw", ERR_FORBIDDEN },
	{ "approval", "resubmit", ERR_FORBIDDEN },
	/* what is only shared is not given away, nor turned into records of its owner's */
	{ "lead", "release", ERR_NO_SUCH_RECORD, SHARED },
	{ "lead", "convert", ERR_FORBIDDEN }, /* needs the right to make a customer */
	{ "opportunity", "quote", ERR_FORBIDDEN, SHARED },
	{ "lead", "take", ERR_WRONG_STATE },
	{ "lead", "edit", ERR_WRONG_STATE },
	/* what moves an order's sums or goods is done by who has the order */
	{ "order", "confirm", ERR_FORBIDDEN, SHARED },
	{ "order", "cancel", ERR_FORBIDDEN, SHARED },
	{ "delivery", "cancel", ERR_FORBIDDEN, SHARED },
	{ "receivable", "edit", ERR_FORBIDDEN, SHARED },
	{ "receivable", "settle", ERR_FORBIDDEN, SHARED },
	{ "receipt", "reverse", ERR_FORBIDDEN, SHARED },
	{ "invoice_request", "edit", ERR_FORBIDDEN, SHARED },
	{ "invoice_request", "issue", ERR_FORBIDDEN, SHARED },
	{ "invoice_request", "reject", ERR_FORBIDDEN, SHARED },
	/* prices are worked out from more than the test's own roles reach */
	{ "opportunity", "quote", ERR_FORBIDDEN, ALL, "test_" },
	{ "quote", "create", ERR_FORBIDDEN, ALL, "test_" },
	{ "quote", "revise", ERR_FORBIDDEN, ALL, "test_" },
	{ "order", "create", ERR_FORBIDDEN, ALL, "test_" },
	{ "order", "reprice", ERR_FORBIDDEN, ALL, "test_" },
	/* an order that is not open, a slip that is booked */
	{ "delivery", "create", ERR_WRONG_STATE },
	{ "delivery", "create for another", ERR_WRONG_STATE },
	{ "delivery", "cancel", ERR_WRONG_STATE },
	{ "goods_return", "create", ERR_WRONG_STATE },
	{ "goods_return", "create for another", ERR_WRONG_STATE },
	{ "goods_return", "edit", ERR_WRONG_STATE },
	/* with its result; and only one of a repeating plan has following ones:
	 * tests/server/day.c
	 */
	{ "visit", "done", ERR_WRONG_STATE },
	{ "visit", "change_following", ERR_WRONG_STATE },
	{ "visit", "stop_following", ERR_WRONG_STATE },
	/* who cannot change the activities it has made */
	{ "visit_plan", "end", ERR_FORBIDDEN, SHARED },
	/* written by its author, read by another */
	{ "work_report", "edit", ERR_FORBIDDEN, OTHERS },
	{ "work_report", "hand_in", ERR_FORBIDDEN, OTHERS },
	{ "work_report", "refill", ERR_FORBIDDEN, OTHERS },
	{ "work_report", "read", ERR_FORBIDDEN, OWN },
	{ "work_report", "send_back", ERR_FORBIDDEN, OWN },
	/* one is not set by oneself */
	{ "target", "edit", ERR_FORBIDDEN, OWN },
	{ "target", "edit", ERR_FORBIDDEN, SHARED },
};

static struct bed *bed;
static bool full; /* KEHU_FULL=1: no case is left out */
static struct world *world;
static struct wire **wires;
static size_t cases, failures;

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
static struct {
	bool created, listed, opened, edited, deleted, restored;
	bool acted[64], refused[64];
	bool seen[200], kept[200]; /* a field's value was shown; was not shown to somebody */
} * met;

/* ---- telling ---------------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
matrix_wrong(size_t reader, const struct ask *ask, const char *format, ...)
{
	static const char *const places[] = { "own", "team", "shared to read",
		"shared to write", "a stranger's", "own, deleted", "own, further state",
		"department", "below", "other department", "branch below", "other branch",
		"pool", "other pool", "company", "department, deleted", "other branch, deleted",
		"common", "common, deleted" };
	static struct told {
		const char *what, *format;
		const struct entity *entity;
		const struct field *field;
	} told[TELL_MAX];
	const struct told now = { ask->what, format, ask->entity, ask->field };
	size_t at = 0;
	char text[400];
	va_list args;

	failures++;
	if (getenv("KEHU_FIRST_FAILURE") != NULL) /* tests/tools/mutate wants no more */
		exit(1);
	/* The first of each sort is enough. */
	while (
	    at < TELL_MAX && told[at].what != NULL && memcmp(&told[at], &now, sizeof(now)) != 0)
		at++;
	if (at == TELL_MAX || told[at].what != NULL)
		return;
	told[at] = now;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_message("# %s: %s %s%s%s (%s%s%s%s%s): %s\n", world->readers[reader].role,
	    ask->what, ask->entity != NULL ? ask->entity->name : "",
	    ask->tab != NULL ? " to " : "", ask->tab != NULL ? ask->tab->entity : "",
	    ask->row != NULL ? places[ask->row->place] : "",
	    ask->row != NULL && ask->row->row.state != NULL ? ", " : "",
	    ask->row != NULL && ask->row->row.state != NULL ? ask->row->row.state : "",
	    ask->field != NULL ? ", " : "", ask->field != NULL ? ask->field->name : "", text);
}

static void matrix_check_write(
    size_t reader, const struct ask *ask, const struct wire_answer *answer);

static bool
matrix_is_whose(size_t reader, const struct world_row *row, enum matrix_whose whose)
{
	bool own = row != NULL && row->row.owner == world->readers[reader].id;

	switch (whose) {
	case SHARED:
		return row != NULL && row->place == PLACE_SHARED_WRITE;
	case OTHERS:
		return row != NULL && !own;
	case OWN:
		return own;
	default:
		return true;
	}
}

static bool
matrix_may_refuse(size_t reader, const struct ask *ask, enum err err)
{
	switch (err) {
	case ERR_OK:
	case ERR_NO_SUCH_ENTITY:
	case ERR_NO_SUCH_RECORD:
	case ERR_NO_SUCH_FIELD:
	case ERR_NO_SUCH_ACTION:
	case ERR_FORBIDDEN:
	case ERR_WRONG_STATE:
	case ERR_BAD_REQUEST:
	case ERR_STALE:
	case ERR_INTERNAL:
		break;
	default:
		return ask->check == matrix_check_write && err_name(err)[0] != '?';
	}
	for (size_t i = 0; i < sizeof(matrix_refusals) / sizeof(matrix_refusals[0]); i++)
		if (strcmp(matrix_refusals[i].entity, ask->entity->name) == 0 &&
		    strcmp(matrix_refusals[i].request, ask->what) == 0 &&
		    matrix_refusals[i].err == err &&
		    matrix_is_whose(reader, ask->row, matrix_refusals[i].whose) &&
		    (matrix_refusals[i].role == NULL ||
			strncmp(matrix_refusals[i].role, world->readers[reader].role,
			    strlen(matrix_refusals[i].role)) == 0))
			return true;
	return false;
}

static void
matrix_check_error(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	static const enum err errors[] = { [EVAL_OK] = ERR_OK,
		[EVAL_NO_ENTITY] = ERR_NO_SUCH_ENTITY,
		[EVAL_NO_RECORD] = ERR_NO_SUCH_RECORD,
		[EVAL_NO_ACTION] = ERR_NO_SUCH_ACTION,
		[EVAL_FORBIDDEN] = ERR_FORBIDDEN,
		[EVAL_WRONG_STATE] = ERR_WRONG_STATE,
		[EVAL_BAD_REQUEST] = ERR_BAD_REQUEST };
	enum err expected = errors[ask->expected];

	if (answer->err == expected ||
	    (expected == ERR_OK && matrix_may_refuse(reader, ask, answer->err)))
		return;
	matrix_wrong(reader, ask, "%s expected, answered %s %s (field %u)",
	    eval_answer_name(ask->expected), err_name(answer->err),
	    answer->err != ERR_OK ? answer->frame->error->text : "",
	    answer->err != ERR_OK ? answer->frame->error->field : 0);
}

/* ---- texts that nobody else may read ---------------------------------------------------- */

/* What the evaluator said before: 0 not asked yet, else its answer and one. */
static uint8_t *shown, *shows;
static uint16_t index_of[ENTITIES];

static bool
matrix_shown(size_t reader, const struct world_row *row)
{
	uint8_t *kept = &shown[reader * world->count + (size_t)(row->row.id - WORLD_FIRST_ID)];

	if (*kept == 0)
		*kept = (uint8_t)(1 + world_shows(world, &world->readers[reader], row));
	return *kept == 2;
}

static enum eval_show
matrix_show(size_t reader, const struct entity *entity, const struct field *field)
{
	uint8_t *kept =
	    &shows[(reader * 256 + index_of[entity->number]) * 256 + field->number % 256];

	if (*kept == 0)
		*kept = (uint8_t)(1 + eval_field(&world->facts, &world->readers[reader], entity,
					  field));
	return (enum eval_show)(*kept - 1);
}

struct scan {
	size_t reader;
	const struct ask *ask;
	const uint8_t *sent;
	size_t sent_bytes;
};

static const struct field *
matrix_field(const struct world_row *row, uint32_t number)
{
	return entity_field(catalog_entity(world->catalog, row->row.entity->number), number);
}

static void
matrix_found(void *to, const struct world_row *row, uint32_t number)
{
	struct scan *scan = to;
	const struct field *field = matrix_field(row, number);
	struct world_value value;
	enum eval_show show;

	if (field == NULL)
		return;
	show = matrix_show(scan->reader, row->row.entity, field);
	if (show <= EVAL_READONLY && matrix_shown(scan->reader, row))
		return;
	value = world_value(world, row, field);
	/* What the reader said himself comes back in messages. */
	if (value.text != NULL && scan->sent_bytes > 0 &&
	    memmem(scan->sent, scan->sent_bytes, value.text, strlen(value.text)) != NULL)
		return;
	matrix_wrong(scan->reader, scan->ask,
	    "tells %s.%s of record %" PRId64 " (place %d, reader %zu)", row->row.entity->name,
	    field->name, row->row.id, (int)row->place, row->reader);
}

static void
matrix_scan(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	struct buf sent = BUF_INIT;
	struct scan scan = { .reader = reader, .ask = ask };

	if (frame_pack_client(&sent, ask->frame) == ERR_OK) {
		scan.sent = (const uint8_t *)sent.data;
		scan.sent_bytes = sent.bytes;
	}
	world_scan(world, answer->data, answer->bytes, matrix_found, &scan);
	buf_fini(&sent);
}

/* ---- asking ----------------------------------------------------------------------------- */

static struct ask *
matrix_ask(struct asks *asks, const char *what, const struct entity *entity,
    const struct world_row *row, enum eval_answer expected)
{
	struct ask *ask = &asks->list[asks->count++];

	if (asks->count > ASKS_MAX)
		fatal("more than %d requests at once", ASKS_MAX);
	*ask = (struct ask){ .what = what,
		.entity = entity,
		.row = row,
		.expected = expected,
		.check = matrix_check_error };
	ask->frame = ARENA_NEW(asks->arena, Kehu__ClientFrame);
	kehu__client_frame__init(ask->frame);
	return ask;
}

static struct asks *
matrix_begin(size_t reader)
{
	struct asks *asks = calloc(1, sizeof(*asks));

	asks->arena = arena_new(0);
	asks->reader = reader;
	return asks;
}

/* Sends all, checks all, frees. */
static void
matrix_end(struct asks *asks)
{
	struct wire_answer *answers =
	    ARENA_ARRAY(asks->arena, struct wire_answer, asks->count + 1);
	Kehu__ClientFrame **frames =
	    ARENA_ARRAY(asks->arena, Kehu__ClientFrame *, asks->count + 1);

	for (size_t i = 0; i < asks->count; i++)
		frames[i] = asks->list[i].frame;
	wire_ask(wires[asks->reader], frames, asks->count, asks->arena, answers);
	for (size_t i = 0; i < asks->count; i++) {
		asks->list[i].check(asks->reader, &asks->list[i], &answers[i]);
		matrix_scan(asks->reader, &asks->list[i], &answers[i]);
		cases++;
	}
	arena_free(asks->arena);
	free(asks);
}

static const struct eval_user *
matrix_user(const struct asks *asks)
{
	return &world->readers[asks->reader];
}

/* Rows worth asking about: the reader's own places, the next reader's own, and the common ones.
 */
static bool
matrix_concerns(const struct asks *asks, const struct world_row *row)
{
	if (row->parent != NULL || row->absent)
		return false;
	if (row->place >= PLACE_DEPARTMENT || row->reader == asks->reader)
		return true;
	return row->reader == (asks->reader + 1) % world->reader_count &&
	       (row->place == PLACE_OWN || row->place == PLACE_SHARED_READ);
}

/* The rows of an entity that concern the reader, one after the other; NULL at the end. */
static const struct world_row *
matrix_next(const struct asks *asks, const struct entity *entity, size_t *at)
{
	for (; *at < world->count; (*at)++) {
		const struct world_row *row = world->rows[world->first[entity->number] + *at];

		if (world->first[entity->number] + *at >= world->count ||
		    row->row.entity != entity)
			return NULL;
		if (matrix_concerns(asks, row)) {
			(*at)++;
			return row;
		}
	}
	return NULL;
}

static const struct entity_view *
matrix_view(const struct entity *entity)
{
	return catalog_entity(world->catalog, entity->number);
}

/*
 * Of many cases alike, one in so many is enough for `make check`. Which follows from the case,
 * so that they differ from reader to reader and are the same in every run.
 */
static bool
matrix_leaves_out(const struct asks *asks, const char *what, int64_t id, uint32_t one_in)
{
	uint64_t mix = (uint64_t)id * 1000 + asks->reader;

	for (; *what != '\0'; what++)
		mix = (mix ^ (uint8_t)*what) * UINT64_C(1099511628211);
	return !full && (mix >> 33) % one_in != 0;
}

/* ---- frames ----------------------------------------------------------------------------- */

static struct ask *
matrix_ask_get(struct asks *asks, const struct world_row *row, enum eval_answer expected)
{
	struct ask *ask = matrix_ask(asks, "get", row->row.entity, row, expected);
	Kehu__Get *get = ARENA_NEW(asks->arena, Kehu__Get);

	kehu__get__init(get);
	get->has_entity = get->has_id = true;
	get->entity = row->row.entity->number;
	get->id = row->row.id;
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	ask->frame->get = get;
	return ask;
}

static struct ask *
matrix_ask_history(struct asks *asks, const struct world_row *row, enum eval_answer expected)
{
	struct ask *ask = matrix_ask(asks, "history", row->row.entity, row, expected);
	Kehu__History *history = ARENA_NEW(asks->arena, Kehu__History);

	kehu__history__init(history);
	history->has_entity = history->has_id = true;
	history->entity = row->row.entity->number;
	history->id = row->row.id;
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	ask->frame->history = history;
	return ask;
}

static Kehu__List *
matrix_ask_list(struct asks *asks, const struct entity *entity, const char *what,
    enum eval_answer expected, struct ask **ask)
{
	Kehu__List *list = ARENA_NEW(asks->arena, Kehu__List);

	*ask = matrix_ask(asks, what, entity, NULL, expected);
	kehu__list__init(list);
	list->has_entity = list->has_limit = true;
	list->entity = entity->number;
	list->limit = 500;
	(*ask)->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	(*ask)->frame->list = list;
	return list;
}

static Kehu__Value *
matrix_value(struct arena *arena, const struct field *field, const struct world_value *value)
{
	Kehu__Value *wire = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(wire);
	wire->has_field = true;
	wire->field = field->number;
	if (!value->present)
		return wire;
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_MOMENT:
	case TYPE_REF:
	case TYPE_MONEY:
		wire->has_number = true;
		wire->number = value->number;
		break;
	default:
		break;
	}
	wire->text = arena_strdup(arena, value->text);
	return wire;
}

static void
matrix_intention(struct arena *arena, protobuf_c_boolean *has, ProtobufCBinaryData *data)
{
	struct uuid uuid = uuid_new();

	*has = true;
	data->data = arena_memdup(arena, uuid.bytes, sizeof(uuid.bytes));
	data->len = sizeof(uuid.bytes);
}

/* What is expected to be done goes into a Bulk that keeps nothing; what is not is sent as it
 * is. */
static void
matrix_rehearse(struct asks *asks, struct ask *ask)
{
	Kehu__Bulk *bulk;
	Kehu__ClientFrame *step = ask->frame;

	if (ask->expected != EVAL_OK)
		return;
	bulk = ARENA_NEW(asks->arena, Kehu__Bulk);
	kehu__bulk__init(bulk);
	matrix_intention(asks->arena, &bulk->has_intention, &bulk->intention);
	bulk->has_dry_run = bulk->dry_run = true;
	bulk->n_steps = 1;
	bulk->steps = ARENA_ARRAY(asks->arena, Kehu__ClientFrame *, 1);
	bulk->steps[0] = step;
	/* A step carries no intention of its own. */
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE)
		step->save->has_intention = false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_ACT)
		step->act->has_intention = false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_DELETE)
		step->delete_->has_intention = false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_RESTORE)
		step->restore->has_intention = false;
	ask->frame = ARENA_NEW(asks->arena, Kehu__ClientFrame);
	kehu__client_frame__init(ask->frame);
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	ask->frame->bulk = bulk;
}

static Kehu__Record *
matrix_ask_save(struct asks *asks, const char *what, const struct entity *entity,
    const struct world_row *row, enum eval_answer expected, struct ask **ask)
{
	Kehu__Save *save = ARENA_NEW(asks->arena, Kehu__Save);
	Kehu__Record *record = ARENA_NEW(asks->arena, Kehu__Record);

	*ask = matrix_ask(asks, what, entity, row, expected);
	kehu__save__init(save);
	kehu__record__init(record);
	matrix_intention(asks->arena, &save->has_intention, &save->intention);
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = entity->number;
	record->id = row != NULL ? row->row.id : 0;
	record->version = row != NULL ? 1 : 0;
	record->values = ARENA_ARRAY(asks->arena, Kehu__Value *, 200);
	save->record = record;
	(*ask)->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	(*ask)->frame->save = save;
	return record;
}

/* ---- reading ---------------------------------------------------------------------------- */

static const Kehu__Row *
matrix_row_of(const Kehu__Page *page, int64_t id)
{
	for (size_t i = 0; i < page->n_rows; i++)
		if (page->rows[i]->id == id)
			return page->rows[i];
	return NULL;
}

/* Exactly the rows that the reader sees: those living, or those in the recycle bin. */
static void
matrix_check_list(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const struct eval_user *user = &world->readers[reader];
	bool deleted = ask->frame->list->deleted;

	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	met[ask->entity->number].listed = true;
	for (size_t i = world->first[ask->entity->number];
	     i < world->count && world->rows[i]->row.entity == ask->entity; i++) {
		const struct world_row *row = world->rows[i];
		bool sees = row->row.deleted == deleted &&
			    (deleted ? eval_open(&world->facts, user, &row->row) == EVAL_OK
				     : eval_sees(&world->facts, user, &row->row));
		struct ask of = *ask;

		of.row = row;
		cases++;
		if (row->made && !row->absent &&
		    (matrix_row_of(answer->frame->page, row->row.id) != NULL) != sees)
			matrix_wrong(reader, &of, sees ? "is missing" : "is there (reader %zu)",
			    row->reader);
	}
}

/* Of a record that is open, everything that belongs to it. */
static void
matrix_check_related(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const struct entity_view *view = catalog_entity_named(world->catalog, ask->tab->entity);
	const struct field *by = entity_field_named(view, ask->tab->field);

	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	for (size_t i = world->first[view->def->number];
	     i < world->count && world->rows[i]->row.entity == view->def; i++) {
		const struct world_row *row = world->rows[i];
		bool belongs = row->made && !row->absent && !row->row.deleted &&
			       world_value(world, row, by).present &&
			       world_value(world, row, by).number == ask->row->row.id;
		struct ask of = *ask;

		of.row = row;
		cases += belongs;
		if (row->made && !row->absent &&
		    (matrix_row_of(answer->frame->page, row->row.id) != NULL) != belongs)
			matrix_wrong(reader, &of, belongs ? "is missing" : "is there");
	}
}

static void
matrix_ask_related(struct asks *asks, const struct world_row *row)
{
	for (const struct tab *tab = row->row.entity->tabs; tab != NULL && tab->entity != NULL;
	     tab++) {
		const struct entity_view *view =
		    catalog_entity_named(world->catalog, tab->entity);
		const struct field *by = entity_field_named(view, tab->field);
		const struct eval_user *user = matrix_user(asks);
		enum eval_answer expected =
		    eval_entity(&world->facts, user, row->row.entity, EVAL_VIEW);
		Kehu__Related *related = ARENA_NEW(asks->arena, Kehu__Related);
		struct ask *ask;

		if (eval_field(&world->facts, user, view->def, by) == EVAL_HIDDEN ||
		    (view->def->kind != ENTITY_ANCHORED &&
			(eval_rights(&world->facts, user, view->def) & EVAL_VIEW) == 0))
			expected = expected == EVAL_OK ? EVAL_NO_ENTITY : expected;
		if (expected == EVAL_OK)
			expected = eval_open(&world->facts, user, &row->row);
		ask = matrix_ask(asks, "related", row->row.entity, row, expected);
		ask->tab = tab;
		ask->check = matrix_check_related;
		kehu__related__init(related);
		related->has_entity = related->has_id = related->has_related =
		    related->has_field = true;
		related->has_limit = true;
		related->limit = 500;
		related->entity = row->row.entity->number;
		related->id = row->row.id;
		related->related = view->def->number;
		related->field = by->number;
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
		ask->frame->related = related;
	}
}

static void
matrix_check_search(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool found = false;

	if (answer->err != ERR_OK) {
		matrix_check_error(reader, ask, answer);
		return;
	}
	for (size_t i = 0; i < answer->frame->search->n_hits; i++)
		found |= answer->frame->search->hits[i]->id == ask->row->row.id;
	if (found != (ask->expected == EVAL_OK))
		matrix_wrong(reader, ask, found ? "is found" : "is not found");
}

/* By the label, whole: seen clear, or masked, it is found exactly where the row is seen. */
static void
matrix_ask_search(struct asks *asks, const struct world_row *row)
{
	const struct entity *entity = row->row.entity;
	const struct entity_view *view = matrix_view(entity);
	const struct field *label = entity_label(view);
	const struct eval_user *user = matrix_user(asks);
	Kehu__Search *search = ARENA_NEW(asks->arena, Kehu__Search);
	enum eval_answer expected = eval_entity(&world->facts, user, entity, EVAL_VIEW);
	struct ask *ask;

	if (!entity->searched || row->row.deleted)
		return;
	if (expected == EVAL_FORBIDDEN)
		expected = EVAL_NO_ENTITY; /* nothing to search in */
	if (expected == EVAL_OK && !eval_sees(&world->facts, user, &row->row))
		expected = EVAL_NO_RECORD;
	ask = matrix_ask(asks, "search", entity, row, expected);
	ask->check = matrix_check_search;
	kehu__search__init(search);
	search->has_entity = true;
	search->entity = entity->number;
	search->text = arena_strdup(asks->arena, world_value(world, row, label).text);
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	ask->frame->search = search;
}

static void
matrix_check_why(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	if (answer->err != ERR_OK) {
		if (ask->expected != EVAL_NO_ENTITY)
			matrix_check_error(reader, ask, answer);
		return;
	}
	if (answer->frame->why->sees != (ask->expected == EVAL_OK))
		matrix_wrong(reader, ask, "explained as %s",
		    answer->frame->why->sees ? "seen" : "not seen");
}

static void
matrix_ask_why(struct asks *asks, const struct world_row *row)
{
	const struct eval_user *user = matrix_user(asks);
	Kehu__Why *why = ARENA_NEW(asks->arena, Kehu__Why);
	enum eval_answer expected = eval_open(&world->facts, user, &row->row);
	struct ask *ask;

	if (row->row.deleted)
		return;
	ask = matrix_ask(asks, "why", row->row.entity, row, expected);
	ask->check = matrix_check_why;
	kehu__why__init(why);
	why->has_entity = why->has_id = true;
	why->entity = row->row.entity->number;
	why->id = row->row.id;
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_WHY;
	ask->frame->why = why;
}

static void
matrix_check_get(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	matrix_check_error(reader, ask, answer);
	met[ask->entity->number].opened |= answer->err == ERR_OK;
}

static void
matrix_ask_reading(struct asks *asks, const struct entity *entity)
{
	const struct eval_user *user = matrix_user(asks);
	const struct world_row *row;
	struct ask *ask;
	Kehu__List *list;
	size_t at = 0;

	for (int deleted = 0; deleted < 2; deleted++) {
		list = matrix_ask_list(asks, entity, deleted ? "recycle bin" : "list",
		    eval_entity(&world->facts, user, entity, EVAL_VIEW), &ask);
		list->has_deleted = list->deleted = deleted;
		ask->check = matrix_check_list;
	}
	while ((row = matrix_next(asks, entity, &at)) != NULL) {
		matrix_ask_get(asks, row, eval_open(&world->facts, user, &row->row))->check =
		    matrix_check_get;
		if (!matrix_leaves_out(asks, "history", row->row.id, ALIKE))
			matrix_ask_history(
			    asks, row, eval_open(&world->facts, user, &row->row));
		if (entity->kind == ENTITY_ANCHORED)
			continue;
		if (!matrix_leaves_out(asks, "why", row->row.id, ALIKE))
			matrix_ask_why(asks, row);
		matrix_ask_search(asks, row);
		if (row->place != PLACE_STATE &&
		    !matrix_leaves_out(asks, "related", row->row.id, ALIKE))
			matrix_ask_related(asks, row);
	}
}

/* The reader's day; whatever stands in it is looked through. */
static void
matrix_ask_today(struct asks *asks)
{
	struct ask *ask = matrix_ask(asks, "today", entity_shipped[0], NULL, EVAL_OK);

	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	ask->frame->today = ARENA_NEW(asks->arena, Kehu__Today);
	kehu__today__init(ask->frame->today);
	ask->frame->today->has_limit = true;
	ask->frame->today->limit = 50;
}

static void
reading_shows_what_the_roles_say(void **state)
{
	size_t before = failures;

	for (size_t r = 0; r < world->reader_count; r++) {
		struct asks *asks = matrix_begin(r);

		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			matrix_ask_reading(asks, entity_shipped[e]);
		matrix_ask_today(asks);
		matrix_end(asks);
	}
	assert_int_equal(failures, before);
}

/* ---- writing ---------------------------------------------------------------------------- */

static void
matrix_check_write(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool done = answer->err == ERR_OK && ask->expected == EVAL_OK;
	uint32_t number = ask->entity->number;

	matrix_check_error(reader, ask, answer);
	done |= ask->expected == EVAL_OK && matrix_may_refuse(reader, ask, answer->err);
	for (size_t i = 0; ask->entity->actions != NULL && ask->entity->actions[i].name != NULL;
	     i++)
		if (strcmp(ask->entity->actions[i].name, ask->what) == 0) {
			met[number].acted[i] |= done;
			met[number].refused[i] |= ask->expected != EVAL_OK;
		}
	met[number].created |= done && strcmp(ask->what, "create") == 0;
	met[number].edited |= done && strcmp(ask->what, "edit") == 0;
	met[number].deleted |= done && strcmp(ask->what, "delete") == 0;
	met[number].restored |= done && strcmp(ask->what, "restore") == 0;
}

/* A field that the reader may change: the first that is neither asked by rules nor ownership.
 */
static const struct field *
matrix_editable(const struct eval_user *user, const struct entity_view *view)
{
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];

		if ((field->flags &
			(FIELD_READONLY | FIELD_FIGURE | FIELD_UNIQUE | FIELD_HIDDEN)) == 0 &&
		    (field->type == TYPE_TEXT || field->type == TYPE_BLOCK ||
			field->type == TYPE_LINK || field->type == TYPE_INT) &&
		    (field->flags & FIELD_NUMBERED) == 0 &&
		    strcmp(field->name, "entity") != 0 && strcmp(field->name, "action") != 0 &&
		    eval_field(&world->facts, user, view->def, field) == EVAL_CLEAR)
			return field;
	}
	return NULL;
}

/* What may be done to the reader's own and to what there is one of is all done. */
static bool
matrix_leaves_out_write(const struct asks *asks, const char *what, const struct world_row *row,
    enum eval_answer expected)
{
	if (expected == EVAL_NO_ENTITY || expected == EVAL_NO_RECORD)
		return matrix_leaves_out(asks, what, row->row.id, 2 * ALIKE);
	return (expected != EVAL_OK ||
		   (row->place >= PLACE_DEPARTMENT && row->place < PLACE_COMMON)) &&
	       matrix_leaves_out(asks, what, row->row.id, ALIKE);
}

static void
matrix_ask_edit(struct asks *asks, const struct world_row *row)
{
	const struct eval_user *user = matrix_user(asks);
	const struct field *field = matrix_editable(user, matrix_view(row->row.entity));
	enum eval_answer expected =
	    eval_change(&world->facts, user, &row->row, EVAL_EDIT, NULL);
	struct world_value value;
	Kehu__Record *record;
	struct ask *ask;

	if (!row->made || /* of the system's own set-up */
	    matrix_leaves_out_write(asks, "edit", row, expected))
		return;
	record = matrix_ask_save(asks, "edit", row->row.entity, row, expected, &ask);
	ask->check = matrix_check_write;
	if (field != NULL) {
		value = world_new_value(world, field, asks->reader, field->number);
		record->values[record->n_values++] = matrix_value(asks->arena, field, &value);
	}
	matrix_rehearse(asks, ask);
}

static void
matrix_ask_remove(struct asks *asks, const struct world_row *row, bool restore)
{
	const struct eval_user *user = matrix_user(asks);
	enum eval_answer expected = eval_change(
	    &world->facts, user, &row->row, restore ? EVAL_RESTORE : EVAL_DELETE, NULL);
	const char *what = restore ? "restore" : "delete";
	struct ask *ask;

	if (matrix_leaves_out_write(asks, what, row, expected))
		return;
	ask = matrix_ask(asks, what, row->row.entity, row, expected);
	ask->check = matrix_check_write;
	if (restore) {
		Kehu__Restore *wire = ARENA_NEW(asks->arena, Kehu__Restore);

		kehu__restore__init(wire);
		matrix_intention(asks->arena, &wire->has_intention, &wire->intention);
		wire->has_entity = wire->has_id = true;
		wire->entity = row->row.entity->number;
		wire->id = row->row.id;
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
		ask->frame->restore = wire;
	} else {
		Kehu__Delete *wire = ARENA_NEW(asks->arena, Kehu__Delete);

		kehu__delete__init(wire);
		matrix_intention(asks->arena, &wire->has_intention, &wire->intention);
		wire->has_entity = wire->has_id = true;
		wire->entity = row->row.entity->number;
		wire->id = row->row.id;
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
		ask->frame->delete_ = wire;
	}
	matrix_rehearse(asks, ask);
}

static void
matrix_ask_act(struct asks *asks, const struct world_row *row, const struct action *action)
{
	const struct eval_user *user = matrix_user(asks);
	const struct entity *entity = row->row.entity;
	enum eval_answer expected = eval_change(
	    &world->facts, user, &row->row, eval_action_right(entity, action->name), action);
	struct ask *ask;
	Kehu__Act *act;

	if (matrix_leaves_out_write(asks, action->name, row, expected))
		return;
	ask = matrix_ask(asks, action->name, entity, row, expected);
	act = ARENA_NEW(asks->arena, Kehu__Act);
	ask->check = matrix_check_write;
	kehu__act__init(act);
	matrix_intention(asks->arena, &act->has_intention, &act->intention);
	act->has_entity = act->has_id = true;
	act->entity = entity->number;
	act->id = row->row.id;
	act->action = arena_strdup(asks->arena, action->name);
	act->arguments = ARENA_ARRAY(asks->arena, Kehu__Value *, 20);
	for (const struct field *argument = action->arguments;
	     argument != NULL && argument->number != 0; argument++) {
		struct world_value value =
		    world_new_value(world, argument, asks->reader, argument->number);

		if (argument->flags & FIELD_REQUIRED)
			act->arguments[act->n_arguments++] =
			    matrix_value(asks->arena, argument, &value);
	}
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	ask->frame->act = act;
	matrix_rehearse(asks, ask);
}

/* A new record with what it must have, for oneself or for a colleague. */
static void
matrix_ask_create(struct asks *asks, const struct entity *entity, bool assign)
{
	const struct eval_user *user = matrix_user(asks);
	const struct entity_view *view = matrix_view(entity);
	const struct field *owner = entity_field_named(view, "owner_id");
	enum eval_answer expected = eval_entity(&world->facts, user, entity, EVAL_CREATE);
	const struct world_row *like = world_find(world, entity,
	    entity->kind == ENTITY_ACTIVITY ? PLACE_OWN : PLACE_COMMON, asks->reader);
	Kehu__Record *record;
	struct ask *ask;

	if (assign &&
	    (owner == NULL || owner->flags & FIELD_READONLY || entity->kind != ENTITY_ACTIVITY))
		return;
	record = matrix_ask_save(
	    asks, assign ? "create for another" : "create", entity, NULL, expected, &ask);
	ask->check = matrix_check_write;
	for (size_t i = 0; like != NULL && i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, like, field);
		const struct world_row *target = world_target(world, like, field);

		if ((field->flags & FIELD_REQUIRED) == 0 ||
		    (field->flags & FIELD_READONLY) != 0 || field == owner)
			continue;
		if (target != NULL && expected == EVAL_OK &&
		    !eval_sees(&world->facts, user, &target->row))
			ask->expected = EVAL_NO_RECORD;
		if (target == NULL && (field->flags & FIELD_UNIQUE) != 0)
			value = world_new_value(world, field, asks->reader, entity->number);
		record->values[record->n_values++] = matrix_value(asks->arena, field, &value);
	}
	if (assign) {
		const struct world_row *of = world_find(world, entity, PLACE_DEPARTMENT, 0);
		struct world_value value = { .present = true, .number = of->row.owner };

		record->values[record->n_values++] = matrix_value(asks->arena, owner, &value);
		if (ask->expected == EVAL_OK)
			ask->expected = eval_create(&world->facts, user, &of->row);
	} else if (like != NULL && ask->expected == EVAL_OK) {
		ask->expected = eval_create(&world->facts, user, &like->row);
	}
	matrix_rehearse(asks, ask);
}

static void
matrix_ask_writing(struct asks *asks, const struct entity *entity)
{
	const struct world_row *row;
	size_t at = 0;

	matrix_ask_create(asks, entity, false);
	matrix_ask_create(asks, entity, true);
	while ((row = matrix_next(asks, entity, &at)) != NULL) {
		matrix_ask_edit(asks, row);
		matrix_ask_remove(asks, row, false);
		matrix_ask_remove(asks, row, true);
		for (const struct action *action = entity->actions;
		     action != NULL && action->name != NULL; action++)
			matrix_ask_act(asks, row, action);
	}
}

/* All tables whose rows somebody owns or sets up: how many rows, and what is in them. */
static const char *
matrix_checksum(struct arena *arena)
{
	struct buf sql = BUF_INIT;
	const char *sum;

	buf_puts(&sql, "SELECT string_agg(x, E'\\n') FROM (");
	/* What a user has read is counted all the time. */
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		if (entity_shipped[e]->number != E_reading)
			buf_printf(&sql,
			    "%sSELECT '%s ' || count(*) || ' ' || "
			    "coalesce(sum(hashtextextended(t::text, 0)), 0) AS x FROM %s t",
			    e > 0 ? " UNION ALL " : "", entity_table(entity_shipped[e]),
			    entity_table(entity_shipped[e]));
	buf_puts(&sql, " UNION ALL SELECT 'share ' || coalesce(sum(hashtextextended(t::text, "
		       "0)), 0) FROM record_share t"
		       " UNION ALL SELECT 'history ' || count(*) FROM history"
		       " UNION ALL SELECT 'outcome ' || count(*) FROM outcome) s");
	sum = arena_strdup(arena, pg_exec(DB, "%s", buf_text(&sql)));
	buf_fini(&sql);
	return sum;
}

/* Two checksums line by line: a line is a table. */
static void
matrix_compare(const char *role, const char *before, const char *after)
{
	while (*before != '\0' && *after != '\0') {
		size_t a = strcspn(before, "\n"), b = strcspn(after, "\n");

		if (a != b || memcmp(before, after, a) != 0) {
			print_message("# rows were changed by %s: %.*s\n", role, (int)b, after);
			failures++;
		}
		before += a + (before[a] != '\0');
		after += b + (after[b] != '\0');
	}
}

static void
writing_does_what_the_roles_say_and_denied_writes_change_no_row(void **state)
{
	struct arena *arena = arena_new(0);
	const char *before = matrix_checksum(arena), *after;
	size_t wrong = failures;

	for (size_t r = 0; r < world->reader_count; r++) {
		struct asks *asks = matrix_begin(r);

		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			matrix_ask_writing(asks, entity_shipped[e]);
		matrix_end(asks);
		matrix_compare(world->readers[r].role, before, after = matrix_checksum(arena));
		before = after;
	}
	arena_free(arena);
	assert_int_equal(failures, wrong);
}

/* ---- fields ----------------------------------------------------------------------------- */

static bool
matrix_value_same(
    const struct field *field, const struct world_value *value, const Kehu__Value *wire)
{
	if (!value->present)
		return !wire->has_number && (wire->text == NULL || wire->text[0] == '\0');
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_REF:
	case TYPE_MONEY:
		return wire->has_number && wire->number == value->number;
	case TYPE_MOMENT:
		return wire->has_number && wire->number == value->number;
	default:
		return wire->text != NULL && strcmp(wire->text, value->text) == 0;
	}
}

/* One value as somebody was answered it; NULL: it is not there. */
static void
matrix_check_value(size_t reader, const struct ask *ask, const struct world_row *row,
    const struct field *field, const Kehu__Value *wire, const char *way)
{
	enum eval_show show = matrix_show(reader, row->row.entity, field);
	struct world_value value = world_value(world, row, field);
	struct ask of = *ask;

	of.field = field;
	of.what = way;
	of.entity = row->row.entity;
	cases++;
	if (show == EVAL_HIDDEN) {
		met[row->row.entity->number].kept[field->number % 200] = true;
		if (wire != NULL)
			matrix_wrong(reader, &of, "a hidden field is there");
		return;
	}
	if (!value.present)
		return;
	if (wire == NULL) {
		matrix_wrong(reader, &of, "is missing");
	} else if (show == EVAL_MASKED) {
		met[row->row.entity->number].kept[field->number % 200] = true;
		if (!wire->masked || wire->has_number || wire->text == NULL ||
		    (value.text != NULL && strstr(wire->text, value.text) != NULL))
			matrix_wrong(reader, &of, "is not masked: %s", wire->text);
	} else {
		met[row->row.entity->number].seen[field->number % 200] = true;
		if (wire->masked || !matrix_value_same(field, &value, wire))
			matrix_wrong(reader, &of, "is %s %" PRId64 " instead of %s %" PRId64,
			    wire->text != NULL ? wire->text : "-", wire->number,
			    value.text != NULL ? value.text : "-", value.number);
	}
}

static const Kehu__Value *
matrix_value_in(const Kehu__Record *record, uint32_t field)
{
	for (size_t i = 0; i < record->n_values; i++)
		if (record->values[i]->field == field)
			return record->values[i];
	return NULL;
}

static void
matrix_check_record(size_t reader, const struct ask *ask, const struct world_row *row,
    const Kehu__Record *record)
{
	const struct entity_view *view = matrix_view(row->row.entity);

	for (size_t i = 0; i < view->field_count; i++)
		matrix_check_value(reader, ask, row, view->fields[i],
		    matrix_value_in(record, view->fields[i]->number), "get");
	for (size_t i = 0; i < record->n_lines; i++) {
		const struct world_row *line = world_row(world, record->lines[i]->id);

		if (line != NULL)
			matrix_check_record(reader, ask, line, record->lines[i]);
	}
}

static void
matrix_check_get_fields(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	matrix_check_error(reader, ask, answer);
	if (answer->err == ERR_OK)
		matrix_check_record(reader, ask, ask->row, answer->frame->get->record);
}

static void
matrix_check_history_fields(
    size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	for (size_t c = 0; c < answer->frame->history->n_changes; c++) {
		const Kehu__Change *change = answer->frame->history->changes[c];
		const struct world_row *row = world_row(world, change->id);
		const struct entity_view *view =
		    row != NULL ? matrix_view(row->row.entity) : NULL;

		for (size_t i = 0; change->kind == 2 && view != NULL && i < view->field_count;
		     i++) {
			const struct field *field = view->fields[i];
			const Kehu__Value *wire = NULL;

			if (field->flags & FIELD_FIGURE ||
			    strcmp(field->name, "created_at") == 0)
				continue;
			for (size_t f = 0; f < change->n_fields; f++)
				if (change->fields[f]->field == field->number)
					wire = change->fields[f]->new_;
			matrix_check_value(reader, ask, row, field, wire, "history");
		}
	}
}

static void
matrix_check_columns(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const Kehu__Page *page;
	const Kehu__Row *row;

	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	page = answer->frame->page;
	row = matrix_row_of(page, ask->row->row.id);
	if (row == NULL) {
		matrix_wrong(reader, ask, "the row is not listed");
		return;
	}
	for (size_t i = 0; i < page->n_columns; i++) {
		const struct field *field = matrix_field(ask->row, page->columns[i]);

		if (field != NULL)
			matrix_check_value(
			    reader, ask, ask->row, field, row->cells[i], "list column");
	}
}

/* A request about one field that is answered, or refused as if there were no such field. */
static void
matrix_check_refused(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool refused = answer->err == ERR_NO_SUCH_FIELD || answer->err == ERR_QUERY ||
		       answer->err == ERR_READ_ONLY;

	if (refused != (ask->expected != EVAL_OK) || (answer->err != ERR_OK && !refused))
		matrix_wrong(reader, ask, "%s: answered %s %s",
		    ask->expected == EVAL_OK ? "to be answered" : "to be refused",
		    err_name(answer->err),
		    answer->err != ERR_OK ? answer->frame->error->text : "");
}

static void
matrix_check_found(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool found = false;

	if (answer->err == ERR_OK &&
	    answer->frame->answer_case == KEHU__SERVER_FRAME__ANSWER_PAGE)
		found = matrix_row_of(answer->frame->page, ask->row->row.id) != NULL;
	else if (answer->err == ERR_OK)
		for (size_t i = 0; i < answer->frame->search->n_hits; i++)
			found |= answer->frame->search->hits[i]->id == ask->row->row.id;
	if (found != (ask->expected == EVAL_OK))
		matrix_wrong(reader, ask, found ? "finds the row" : "does not find the row");
}

static const char *
matrix_query_value(
    struct arena *arena, const struct field *field, const struct world_value *value)
{
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
		return arena_printf(arena, "%" PRId64, value->number);
	case TYPE_MONEY:
		return arena_printf(arena, "%" PRId64, value->number / 100);
	case TYPE_BOOL:
		return value->number != 0 ? "yes" : "no";
	case TYPE_REF:
		return arena_printf(arena, "#%" PRId64, value->number);
	case TYPE_DATE:
	case TYPE_MOMENT:
		return "2026-02-20";
	case TYPE_REFS:
		return "x";
	default:
		return value->text;
	}
}

static bool
matrix_is_text(const struct field *field)
{
	return field->type == TYPE_TEXT || field->type == TYPE_PHONE ||
	       field->type == TYPE_MAIL || field->type == TYPE_LINK;
}

/* Does the name of a hidden field mean another one, too, that is not hidden? */
static bool
matrix_is_alias(const struct asks *asks, const struct entity *entity, const struct field *field)
{
	const struct entity_view *view = matrix_view(entity);

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *other = view->fields[i];

		if (other != field && matrix_show(asks->reader, entity, other) != EVAL_HIDDEN &&
		    (strcasecmp(other->en, field->name) == 0 ||
			(other->aliases != NULL &&
			    strstr(other->aliases, field->name) != NULL)))
			return true;
	}
	return false;
}

/* Sort, filter by the whole value, by its first half, has:, search for both, and saving it. */
static void
matrix_ask_field(struct asks *asks, const struct world_row *row, const struct field *field)
{
	const struct entity *entity = row->row.entity;
	const struct eval_user *user = matrix_user(asks);
	enum eval_show show = eval_field(&world->facts, user, entity, field);
	struct world_value value = world_value(world, row, field);
	bool clear = show == EVAL_CLEAR || show == EVAL_READONLY, filters;
	struct ask *ask;
	Kehu__List *list;

	/* Clear, masked or hidden decides, and most are clear. */
	if (clear && matrix_leaves_out(asks, field->name, entity->number, ALIKE))
		return;
	list = matrix_ask_list(asks, entity, "sort",
	    clear && field->type != TYPE_REFS ? EVAL_OK : EVAL_BAD_REQUEST, &ask);
	list->has_sort = true;
	list->sort = field->number;
	list->limit = 1;
	ask->field = field;
	ask->check = matrix_check_refused;
	if (show == EVAL_HIDDEN && !matrix_is_alias(asks, entity, field)) {
		list = matrix_ask_list(asks, entity, "list column", EVAL_BAD_REQUEST, &ask);
		list->n_columns = 1;
		list->columns = ARENA_ARRAY(asks->arena, uint32_t, 1);
		list->columns[0] = field->number;
		ask->field = field;
		ask->check = matrix_check_refused;
		list = matrix_ask_list(asks, entity, "has:", EVAL_BAD_REQUEST, &ask);
		list->query = arena_printf(asks->arena, "has:%s", field->name);
		list->limit = 1;
		ask->field = field;
		ask->check = matrix_check_refused;
	}
	if (!value.present ||
	    (value.text != NULL && strlen(value.text) < 8 && show != EVAL_CLEAR))
		return;
	if (show == EVAL_HIDDEN && matrix_is_alias(asks, entity, field))
		return;
	filters = show != EVAL_HIDDEN && (field->flags & FIELD_FILTER) != 0 &&
		  (show != EVAL_MASKED || matrix_is_text(field));
	list =
	    matrix_ask_list(asks, entity, "filter", filters ? EVAL_OK : EVAL_BAD_REQUEST, &ask);
	list->query = arena_printf(
	    asks->arena, "%s:%s", field->name, matrix_query_value(asks->arena, field, &value));
	ask->field = field;
	ask->row = row;
	ask->check =
	    filters && matrix_is_text(field) ? matrix_check_found : matrix_check_refused;
	if (ask->check == matrix_check_refused)
		list->limit = 1;
	if (!clear && value.text != NULL && filters) {
		list = matrix_ask_list(asks, entity, "filter by a part", EVAL_NO_RECORD, &ask);
		list->query = arena_printf(asks->arena, "%s:%s", field->name, value.text + 2);
		ask->field = field;
		ask->row = row;
		ask->check = matrix_check_found;
	}
}

/* A masked or hidden text is searched whole or not at all. */
static void
matrix_ask_field_search(struct asks *asks, const struct world_row *row,
    const struct world_row *of, const struct field *field)
{
	enum eval_show show =
	    eval_field(&world->facts, matrix_user(asks), of->row.entity, field);
	struct world_value value = world_value(world, of, field);

	if (!row->row.entity->searched || !value.present || (field->flags & FIELD_SEARCH) == 0)
		return;
	for (int part = 0; part < 2; part++) {
		Kehu__Search *search = ARENA_NEW(asks->arena, Kehu__Search);
		bool finds = show <= EVAL_READONLY || (show == EVAL_MASKED && !part);
		struct ask *ask =
		    matrix_ask(asks, part ? "search for a part" : "search for the whole",
			row->row.entity, row, finds ? EVAL_OK : EVAL_NO_RECORD);

		kehu__search__init(search);
		search->has_entity = search->has_limit = true;
		search->entity = row->row.entity->number;
		search->limit = 200;
		/* Without its beginning, which all texts of a row have in common. */
		search->text = arena_strdup(asks->arena, value.text + (part ? 2 : 0));
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
		ask->frame->search = search;
		ask->field = field;
		ask->check = matrix_check_found;
		if (part &&
		    show <= EVAL_READONLY) /* a part of a mail address need not find it */
			ask->check = matrix_check_refused;
	}
}

/* Saving a field that is not the reader's to change; lines with their record. */
static void
matrix_ask_field_save(struct asks *asks, const struct world_row *row,
    const struct world_row *of, const struct field *field)
{
	const struct eval_user *user = matrix_user(asks);
	enum eval_show show = eval_field(&world->facts, user, of->row.entity, field);
	bool readonly = (field->flags & (FIELD_READONLY | FIELD_FIGURE)) != 0;
	struct world_value value = world_new_value(world, field, asks->reader, field->number);
	Kehu__Record *record, *at;
	struct ask *ask;

	if (eval_change(&world->facts, user, &row->row, EVAL_EDIT, NULL) != EVAL_OK)
		return;
	if (show == EVAL_CLEAR && !readonly)
		return;
	if (show == EVAL_MASKED && !world_value(world, of, field).present)
		return;
	if (!value.present || field->type == TYPE_CHOICE ||
	    (value.text != NULL && strlen(value.text) < 8) || field->type == TYPE_REF ||
	    field->type == TYPE_BOOL)
		return; /* the value may be the same, which is no change */
	record = at =
	    matrix_ask_save(asks, "save a field", row->row.entity, row, EVAL_BAD_REQUEST, &ask);
	ask->field = field;
	ask->check = matrix_check_refused;
	if (of != row) {
		at = ARENA_NEW(asks->arena, Kehu__Record);
		kehu__record__init(at);
		at->has_entity = at->has_id = true;
		at->entity = of->row.entity->number;
		at->id = of->row.id;
		at->values = ARENA_ARRAY(asks->arena, Kehu__Value *, 1);
		record->n_lines = 1;
		record->lines = ARENA_ARRAY(asks->arena, Kehu__Record *, 1);
		record->lines[0] = at;
	}
	at->values[at->n_values++] = matrix_value(asks->arena, field, &value);
}

/* The row by which a reader meets an entity's fields. */
static const struct world_row *
matrix_sample(const struct asks *asks, const struct entity *entity)
{
	static const enum world_place places[] = { PLACE_OWN, PLACE_COMMON, PLACE_COMPANY };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct world_row *row =
		    world_find(world, entity, places[i], asks->reader);

		if (row != NULL && row->made &&
		    eval_open(&world->facts, matrix_user(asks), &row->row) == EVAL_OK)
			return row;
	}
	return NULL;
}

static void
matrix_ask_columns(struct asks *asks, const struct world_row *row)
{
	const struct entity_view *view = matrix_view(row->row.entity);
	struct ask *ask;
	Kehu__List *list = matrix_ask_list(asks, row->row.entity, "list column", EVAL_OK, &ask);

	ask->row = row;
	ask->check = matrix_check_columns;
	list->columns = ARENA_ARRAY(asks->arena, uint32_t, view->field_count + 1);
	for (size_t i = 0; i < view->field_count; i++)
		if (eval_field(&world->facts, matrix_user(asks), row->row.entity,
			view->fields[i]) != EVAL_HIDDEN)
			list->columns[list->n_columns++] = view->fields[i]->number;
}

static void
matrix_ask_fields(struct asks *asks, const struct entity *entity)
{
	const struct world_row *row = matrix_sample(asks, entity);
	const struct entity_view *view = matrix_view(entity);

	if (row == NULL)
		return;
	matrix_ask_get(asks, row, EVAL_OK)->check = matrix_check_get_fields;
	matrix_ask_history(asks, row, EVAL_OK)->check = matrix_check_history_fields;
	matrix_ask_columns(asks, row);
	for (size_t i = 0; i < view->field_count; i++) {
		matrix_ask_field(asks, row, view->fields[i]);
		matrix_ask_field_search(asks, row, row, view->fields[i]);
		matrix_ask_field_save(asks, row, row, view->fields[i]);
	}
	for (size_t l = 0; l < row->line_count; l++) {
		const struct entity_view *line = matrix_view(row->lines[l]->row.entity);

		for (size_t i = 0; i < line->field_count; i++) {
			matrix_ask_field_search(asks, row, row->lines[l], line->fields[i]);
			matrix_ask_field_save(asks, row, row->lines[l], line->fields[i]);
		}
	}
}

static void
matrix_check_catalog(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const struct eval_user *user = &world->readers[reader];

	matrix_check_error(reader, ask, answer);
	for (size_t e = 0; answer->err == ERR_OK && entity_shipped[e] != NULL; e++) {
		const struct entity_view *view = matrix_view(entity_shipped[e]);
		const Kehu__Entity *wire = NULL;

		for (size_t i = 0; i < answer->frame->catalog->n_entities; i++)
			if (answer->frame->catalog->entities[i]->number == view->def->number)
				wire = answer->frame->catalog->entities[i];
		for (size_t i = 0; wire != NULL && i < view->field_count; i++) {
			const struct field *field = view->fields[i];
			enum eval_show show = eval_field(&world->facts, user, view->def, field);
			const Kehu__Field *found = NULL;
			struct ask of = *ask;

			of.entity = view->def;
			of.field = field;
			cases++;
			for (size_t f = 0; f < wire->n_fields; f++)
				if (wire->fields[f]->number == field->number)
					found = wire->fields[f];
			if ((found != NULL) != (show != EVAL_HIDDEN))
				matrix_wrong(reader, &of,
				    found != NULL ? "a hidden field is told" : "is missing");
			else if (found != NULL &&
				 ((found->flags & FIELD_MASKED) != 0) != (show == EVAL_MASKED))
				matrix_wrong(reader, &of, "told as %u", found->flags);
		}
	}
}

static void
fields_show_as_the_roles_say_in_every_way(void **state)
{
	size_t before = failures;

	for (size_t r = 0; r < world->reader_count; r++) {
		struct asks *asks = matrix_begin(r);
		struct ask *ask =
		    matrix_ask(asks, "catalogue", entity_shipped[0], NULL, EVAL_OK);

		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_CATALOG;
		ask->frame->catalog = ARENA_NEW(asks->arena, Kehu__Catalog);
		kehu__catalog__init(ask->frame->catalog);
		ask->check = matrix_check_catalog;
		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			if (entity_shipped[e]->kind == ENTITY_ACTIVITY ||
			    entity_shipped[e]->kind == ENTITY_SETUP)
				matrix_ask_fields(asks, entity_shipped[e]);
		matrix_end(asks);
	}
	assert_int_equal(failures, before);
}

/* ---- reports: whatever they print ------------------------------------------------------- */

static void
matrix_check_nothing(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	(void)reader;
	(void)ask;
	(void)answer;
}

static void
reports_print_nothing_that_is_not_seen(void **state)
{
	static const char *const formats[] = { "csv", "html", "text" };
	size_t before = failures;

	for (size_t r = 0; r < world->reader_count; r++) {
		struct asks *asks = matrix_begin(r);
		struct arena *arena = arena_new(0);
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, *one = &frame;
		Kehu__Catalog catalog = KEHU__CATALOG__INIT;
		struct wire_answer answer;

		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CATALOG;
		frame.catalog = &catalog;
		wire_ask(wires[r], &one, 1, arena, &answer);
		for (size_t i = 0; i < answer.frame->catalog->n_reports; i++) {
			const Kehu__ReportInfo *info = answer.frame->catalog->reports[i];
			const struct entity_view *view =
			    info->entity != 0 ? catalog_entity(world->catalog, info->entity)
					      : NULL;

			for (size_t p = 0; p < 6; p++) {
				static const enum world_place places[] = { PLACE_OWN,
					PLACE_OTHER_BRANCH, PLACE_SHARED_READ, PLACE_STRANGER,
					PLACE_DEPARTMENT, PLACE_POOL };
				const struct world_row *row =
				    view != NULL ? world_find(world, view->def, places[p], r)
						 : NULL;
				struct ask *ask;
				Kehu__Report *report;

				if ((view == NULL && p >= 3) || (view != NULL && row == NULL))
					continue;
				ask = matrix_ask(asks, info->name,
				    view != NULL ? view->def : entity_shipped[0], row, EVAL_OK);
				report = ARENA_NEW(asks->arena, Kehu__Report);
				kehu__report__init(report);
				report->name = arena_strdup(asks->arena, info->name);
				report->format = arena_strdup(asks->arena, formats[p % 3]);
				if (row != NULL) {
					const struct field id = { .number = 1,
						.type = TYPE_REF };
					struct world_value value = { .present = true,
						.number = row->row.id };

					report->n_parameters = 1;
					report->parameters =
					    ARENA_ARRAY(asks->arena, Kehu__Value *, 1);
					report->parameters[0] =
					    matrix_value(asks->arena, &id, &value);
				}
				ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
				ask->frame->report = report;
				ask->check = matrix_check_nothing;
			}
		}
		matrix_end(asks);
		arena_free(arena);
	}
	assert_int_equal(failures, before);
}

/* ---- all of it -------------------------------------------------------------------------- */

static void
matrix_lacks(const char *what, const struct entity *entity, const char *name)
{
	print_message("# not covered: %s of %s%s%s\n", what, entity->name,
	    name != NULL ? "." : "", name != NULL ? name : "");
	failures++;
}

/* Was anybody to be allowed this at all? */
static bool
matrix_anybody(const struct entity *entity, uint32_t right)
{
	for (size_t r = 0; r < world->reader_count; r++)
		if (eval_rights(&world->facts, &world->readers[r], entity) & right)
			return true;
	return false;
}

static void
every_entity_action_and_field_is_covered(void **state)
{
	size_t before = failures;

	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];
		const struct entity_view *view = matrix_view(entity);
		bool top = entity->kind == ENTITY_ACTIVITY || entity->kind == ENTITY_SETUP;

		if (top && !met[entity->number].listed)
			matrix_lacks("list", entity, NULL);
		if (top && !met[entity->number].opened)
			matrix_lacks("get", entity, NULL);
		if (top && !met[entity->number].created && matrix_anybody(entity, EVAL_CREATE))
			matrix_lacks("create", entity, NULL);
		for (size_t i = 0; entity->actions != NULL && entity->actions[i].name != NULL;
		     i++) {
			if (!met[entity->number].acted[i])
				matrix_lacks("action done", entity, entity->actions[i].name);
			if (!met[entity->number].refused[i])
				matrix_lacks("action refused", entity, entity->actions[i].name);
		}
		for (size_t i = 0; i < view->field_count; i++) {
			const struct field *field = view->fields[i];

			if (entity->kind == ENTITY_ACTIVITY &&
			    (field->flags & FIELD_SENSITIVE) &&
			    !met[entity->number].kept[field->number % 200])
				matrix_lacks("masked or hidden field", entity, field->name);
		}
	}
	print_message("# matrix: %zu cases\n", cases);
	assert_int_equal(failures, before);
	assert_true(cases >= CASES_MIN);
}

static int
matrix_start(void **state)
{
	const char *setting = getenv("KEHU_FULL");

	full = setting != NULL && strcmp(setting, "1") == 0;
	bed = bed_new_with(DB,
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; unusual = 10000000; };\n");
	world = world_make(DB);
	met = calloc(ENTITIES, sizeof(*met));
	wires = calloc(world->reader_count, sizeof(*wires));
	shown = calloc(world->reader_count, world->count);
	shows = calloc(world->reader_count, 256 * 256);
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		index_of[entity_shipped[e]->number] = (uint16_t)e;
	for (size_t r = 0; r < world->reader_count; r++)
		wires[r] =
		    wire_open(bed, world_reader_name(world, r), r % 2 ? LANG_ZH : LANG_EN);
	return 0;
}

static int
matrix_stop(void **state)
{
	for (size_t r = 0; r < world->reader_count; r++)
		wire_close(wires[r]);
	free(wires);
	free(met);
	free(shown);
	free(shows);
	world_free(world);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_shows_what_the_roles_say),
		cmocka_unit_test(fields_show_as_the_roles_say_in_every_way),
		cmocka_unit_test(reports_print_nothing_that_is_not_seen),
		cmocka_unit_test(
		    writing_does_what_the_roles_say_and_denied_writes_change_no_row),
		cmocka_unit_test(every_entity_action_and_field_is_covered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, matrix_start, matrix_stop);
}
