/*
 * Row policies alone: a kehud whose access core puts no condition on rows into its statements
 * (KEHU_TEST_NO_GATE) still lets no row across scopes, on any request: of three people's own records, and
 * of every entity in the company of lib/world.c, by every role. What goes past row policies is the rule
 * functions of the database; those ask for themselves and are store_rules' tests.
 */
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include "tests/lib/wire.h"
#include "tests/lib/world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "access_rows"

enum { OWNERS = 3 };

/* One person's records; every text of them has the mark, which nobody else's has. */
static struct owner {
	const char *user, *mark;
	struct client *client;
	int64_t customer, contact, visit;
} owners[OWNERS] = { { .user = "ada", .mark = "甲一号" }, { .user = "ben", .mark = "乙二号" },
	{ .user = "dan", .mark = "丙三号" } };
static struct bed *bed;
static size_t cases;

static void
expect_nothing_of(const Kehu__ServerFrame *answer, const struct owner *other, const char *what)
{
	size_t bytes = kehu__server_frame__get_packed_size(answer);
	uint8_t *packed = malloc(bytes + 1);

	assert_non_null(packed);
	kehu__server_frame__pack(answer, packed);
	if (memmem(packed, bytes, other->mark, strlen(other->mark)) != NULL)
		fail_msg("%s shows what is %s's", what, other->user);
	free(packed);
	cases++;
}

static void
expect_gone(const Kehu__ServerFrame *answer, const struct owner *other, const char *what)
{
	expect_nothing_of(answer, other, what);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("%s is answered for what is %s's", what, other->user);
}

static Kehu__ServerFrame *
ask_of_record(struct client *client, bool history, uint32_t entity, int64_t id, uint32_t related)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History past = KEHU__HISTORY__INIT;
	Kehu__Related tab = KEHU__RELATED__INIT;

	past.has_entity = past.has_id = tab.has_entity = tab.has_id = tab.has_related = true;
	past.entity = tab.entity = entity;
	past.id = tab.id = id;
	tab.related = related;
	frame.history = &past;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	if (!history) {
		frame.related = &tab;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	}
	return client_call(client, &frame);
}

static void
reading_shows_nothing_of_others(void **state)
{
	static const uint32_t kinds[] = { E_customer, E_contact, E_visit };

	for (size_t i = 0; i < OWNERS; i++)
		for (size_t k = 0; k < OWNERS; k++) {
			struct client *client = owners[i].client;
			const struct owner *other = &owners[k];
			const char *query = arena_printf(client->arena, "name:%s", other->mark);

			if (i == k)
				continue;
			for (size_t e = 0; e < 3; e++)
				expect_nothing_of(client_list(client, kinds[e], ""), other, "list");
			expect_nothing_of(client_list(client, E_customer, query), other, "filter");
			expect_nothing_of(client_list(client, E_customer, "sort:-name"), other, "sort");
			expect_nothing_of(client_search(client, other->mark), other, "search");
			expect_gone(client_get(client, E_customer, other->customer), other, "get");
			expect_gone(client_get(client, E_contact, other->contact), other, "get");
			expect_gone(client_get(client, E_visit, other->visit), other, "get");
			expect_gone(ask_of_record(client, true, E_customer, other->customer, 0), other, "history");
			expect_gone(ask_of_record(client, false, E_customer, other->customer, E_contact), other, "related");
			expect_gone(ask_of_record(client, false, E_customer, other->customer, E_visit), other, "related");
		}
}

static void
own_records_still_show(void **state)
{
	for (size_t i = 0; i < OWNERS; i++) {
		const Kehu__ServerFrame *answer = client_list(owners[i].client, E_customer, "");

		assert_int_equal(answer->page->n_rows, 1);
		assert_int_equal(answer->page->rows[0]->id, owners[i].customer);
		assert_int_equal(client_search(owners[i].client, owners[i].mark)->search->n_hits, 2);
	}
}

static void
writing_changes_nothing_of_others(void **state)
{
	const char *before = pg_exec(DB, "SELECT md5(string_agg(c::text, '|' ORDER BY c.id)) FROM customer c");

	for (size_t i = 0; i < OWNERS; i++)
		for (size_t k = 0; k < OWNERS; k++) {
			struct client *client = owners[i].client;
			const struct owner *other = &owners[k];

			if (i == k)
				continue;
			expect_gone(client_save(client, E_customer, other->customer, 1,
			    SENT(TEXT_OF(F_customer_remarks, "x")), NULL), other, "save");
			expect_gone(client_save(client, E_visit, other->visit, 1,
			    SENT(TEXT_OF(F_visit_place, "x")), NULL), other, "save");
			expect_gone(client_act(client, E_visit, other->visit, "complete",
			    SENT(TEXT_OF(1, "agreed"))), other, "act");
			expect_gone(client_act(client, E_customer, other->customer, "share",
			    SENT(NUMBER_OF(1, USER_EVE))), other, "share");
			/* nor is a record of others named by one's own */
			expect_gone(client_save(client, E_visit, 0, 0,
			    SENT(NUMBER_OF(F_visit_customer_id, other->customer), TEXT_OF(F_visit_purpose, "x")), NULL),
			    other, "reference");
		}
	assert_string_equal(pg_exec(DB, "SELECT md5(string_agg(c::text, '|' ORDER BY c.id)) FROM customer c"), before);
}

/* So it was they that hid the rows: this kehud has no condition of its own. */
static void
without_row_policies_everything_shows(void **state)
{
	pg_exec(DB, "ALTER TABLE customer DISABLE ROW LEVEL SECURITY");
	assert_int_equal(client_list(owners[0].client, E_customer, "")->page->n_rows, OWNERS);
	assert_int_equal(client_get(owners[0].client, E_customer, owners[2].customer)->answer_case,
	    KEHU__SERVER_FRAME__ANSWER_GET);
	pg_exec(DB, "ALTER TABLE customer ENABLE ROW LEVEL SECURITY");
	assert_int_equal(client_list(owners[0].client, E_customer, "")->page->n_rows, 1);
}

/* ---- every entity, every role ------------------------------------------------------------ */

enum { ASKS_MAX = 8000 };

/* What one reader is to ask; of a row that the reader does not see, or (row NULL) a list. */
struct asks {
	struct arena *arena;
	const struct world *world;
	size_t reader, count;
	Kehu__ClientFrame *frames[ASKS_MAX];
	const struct world_row *rows[ASKS_MAX];
};

static const struct eval_user *
asks_user(const struct asks *asks)
{
	return &asks->world->readers[asks->reader];
}

static Kehu__ClientFrame *
asks_add(struct asks *asks, const struct world_row *row, Kehu__ClientFrame__RequestCase what)
{
	Kehu__ClientFrame *frame = ARENA_NEW(asks->arena, Kehu__ClientFrame);

	assert_true(asks->count < ASKS_MAX);
	kehu__client_frame__init(frame);
	frame->request_case = what;
	asks->rows[asks->count] = row;
	asks->frames[asks->count++] = frame;
	return frame;
}

static void
asks_intend(struct asks *asks, protobuf_c_boolean *has, ProtobufCBinaryData *data)
{
	struct uuid uuid = uuid_new();

	*has = true;
	data->data = arena_memdup(asks->arena, uuid.bytes, sizeof(uuid.bytes));
	data->len = sizeof(uuid.bytes);
}

static void
asks_list(struct asks *asks, const struct entity *entity)
{
	Kehu__ClientFrame *frame = asks_add(asks, NULL, KEHU__CLIENT_FRAME__REQUEST_LIST);

	frame->list = ARENA_NEW(asks->arena, Kehu__List);
	kehu__list__init(frame->list);
	frame->list->has_entity = frame->list->has_limit = true;
	frame->list->entity = entity->number;
	frame->list->limit = 500;
}

static void
asks_get(struct asks *asks, const struct world_row *row)
{
	Kehu__ClientFrame *frame = asks_add(asks, row, KEHU__CLIENT_FRAME__REQUEST_GET);

	frame->get = ARENA_NEW(asks->arena, Kehu__Get);
	kehu__get__init(frame->get);
	frame->get->has_entity = frame->get->has_id = true;
	frame->get->entity = row->row.entity->number;
	frame->get->id = row->row.id;
}

static void
asks_act(struct asks *asks, const struct world_row *row, const char *action)
{
	Kehu__ClientFrame *frame = asks_add(asks, row, KEHU__CLIENT_FRAME__REQUEST_ACT);

	frame->act = ARENA_NEW(asks->arena, Kehu__Act);
	kehu__act__init(frame->act);
	asks_intend(asks, &frame->act->has_intention, &frame->act->intention);
	frame->act->has_entity = frame->act->has_id = true;
	frame->act->entity = row->row.entity->number;
	frame->act->id = row->row.id;
	frame->act->action = arena_strdup(asks->arena, action);
}

static void
asks_save(struct asks *asks, const struct world_row *row)
{
	Kehu__ClientFrame *frame = asks_add(asks, row, KEHU__CLIENT_FRAME__REQUEST_SAVE);
	Kehu__Record *record = ARENA_NEW(asks->arena, Kehu__Record);

	frame->save = ARENA_NEW(asks->arena, Kehu__Save);
	kehu__save__init(frame->save);
	kehu__record__init(record);
	asks_intend(asks, &frame->save->has_intention, &frame->save->intention);
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = row->row.entity->number;
	record->id = row->row.id;
	record->version = 1;
	frame->save->record = record;
}

static void
asks_delete(struct asks *asks, const struct world_row *row)
{
	Kehu__ClientFrame *frame = asks_add(asks, row, KEHU__CLIENT_FRAME__REQUEST_DELETE);

	frame->delete_ = ARENA_NEW(asks->arena, Kehu__Delete);
	kehu__delete__init(frame->delete_);
	asks_intend(asks, &frame->delete_->has_intention, &frame->delete_->intention);
	frame->delete_->has_entity = frame->delete_->has_id = frame->delete_->has_version = true;
	frame->delete_->entity = row->row.entity->number;
	frame->delete_->id = row->row.id;
	frame->delete_->version = 1;
}

/* A row of the reader's own places, of the next reader's, or of the common ones, that is not seen. */
static bool
asks_concern(const struct asks *asks, const struct world_row *row)
{
	size_t next = (asks->reader + 1) % asks->world->reader_count;

	return row->made && !row->absent && row->parent == NULL &&
	       row->row.entity->kind == ENTITY_ACTIVITY &&
	       (row->place >= PLACE_DEPARTMENT || row->reader == asks->reader ||
		   (row->reader == next && row->place == PLACE_OWN)) &&
	       !world_shows(asks->world, asks_user(asks), row);
}

static void
asks_row(struct asks *asks, const struct world_row *row)
{
	const struct action *action = row->row.entity->actions;

	asks_get(asks, row);
	if (row->place != PLACE_OTHER_BRANCH && row->place != PLACE_OWN)
		return;
	asks_save(asks, row);
	asks_delete(asks, row);
	for (; action != NULL && action->name != NULL; action++)
		asks_act(asks, row, action->name);
}

struct found {
	const struct asks *asks;
	const char *what;
};

static void
asks_found(void *to, const struct world_row *row, uint32_t field)
{
	const struct found *found = to;

	if (!world_shows(found->asks->world, asks_user(found->asks), row))
		fail_msg("%s: %s tells field %u of %s in place %d", asks_user(found->asks)->role,
		    found->what, field, row->row.entity->name, (int)row->place);
}

static void
asks_check(const struct asks *asks, size_t at, const struct wire_answer *answer)
{
	const struct world_row *row = asks->rows[at];
	struct found found = { asks, row != NULL ? "a request for one record" : "a list" };

	cases++;
	world_scan(asks->world, answer->data, answer->bytes, asks_found, &found);
	if (row != NULL && answer->err == ERR_OK)
		fail_msg("%s: request %d is answered for %s in place %d", asks_user(asks)->role,
		    (int)asks->frames[at]->request_case, row->row.entity->name, (int)row->place);
	for (size_t i = 0; row == NULL && answer->err == ERR_OK && i < answer->frame->page->n_rows; i++) {
		const struct world_row *shown = world_row(asks->world, answer->frame->page->rows[i]->id);

		if (shown != NULL && !world_shows(asks->world, asks_user(asks), shown))
			fail_msg("%s: a list shows %s in place %d", asks_user(asks)->role,
			    shown->row.entity->name, (int)shown->place);
	}
}

static void
reader_meets_no_row_of_others(struct bed *company, const struct world *world, size_t reader)
{
	struct asks *asks = calloc(1, sizeof(*asks));
	struct wire *wire = wire_open(company, world_reader_name(world, reader), LANG_EN);
	struct wire_answer *answers;

	assert_non_null(asks);
	asks->arena = arena_new(0);
	asks->world = world;
	asks->reader = reader;
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		if (entity_shipped[e]->kind == ENTITY_ACTIVITY)
			asks_list(asks, entity_shipped[e]);
	for (size_t i = 0; i < world->count; i++)
		if (asks_concern(asks, world->rows[i]))
			asks_row(asks, world->rows[i]);
	answers = ARENA_ARRAY(asks->arena, struct wire_answer, asks->count);
	wire_ask(wire, asks->frames, asks->count, asks->arena, answers);
	for (size_t i = 0; i < asks->count; i++)
		asks_check(asks, i, &answers[i]);
	wire_close(wire);
	arena_free(asks->arena);
	free(asks);
}

static void
no_role_meets_a_row_of_others_of_any_entity(void **state)
{
	struct bed *company = bed_new_with("access_world",
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; unusual = 10000000; };\n");
	struct world *world = world_make("access_world");
	struct arena *arena = arena_new(0);
	const char *before = world_sums(world, arena);

	for (size_t r = 0; r < world->reader_count; r++)
		reader_meets_no_row_of_others(company, world, r);
	assert_string_equal(world_sums(world, arena), before);
	arena_free(arena);
	world_free(world);
	bed_free(company);
}

static void
enough_was_asked(void **state)
{
	print_message("# %zu cases\n", cases);
	assert_true(cases >= 5000);
}

static int
rows_start(void **state)
{
	bed_kehud = "kehud-open";
	bed = bed_new(DB);
	for (size_t i = 0; i < OWNERS; i++) {
		struct owner *owner = &owners[i];
		struct client *client = owner->client = client_new(bed, owner->user, LANG_ZH);

		owner->customer = expect_written(client_save(client, E_customer, 0, 0,
		    SENT(TEXT_OF(F_customer_name, owner->mark), TEXT_OF(F_customer_remarks, owner->mark)), NULL))->id;
		owner->contact = expect_written(client_save(client, E_contact, 0, 0,
		    SENT(TEXT_OF(F_contact_name, owner->mark), NUMBER_OF(F_contact_customer_id, owner->customer)),
		    NULL))->id;
		owner->visit = expect_written(client_save(client, E_visit, 0, 0,
		    SENT(NUMBER_OF(F_visit_customer_id, owner->customer), TEXT_OF(F_visit_purpose, owner->mark)),
		    NULL))->id;
	}
	return 0;
}

static int
rows_end(void **state)
{
	for (size_t i = 0; i < OWNERS; i++)
		client_free(owners[i].client);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_records_still_show),
		cmocka_unit_test(reading_shows_nothing_of_others),
		cmocka_unit_test(writing_changes_nothing_of_others),
		cmocka_unit_test(without_row_policies_everything_shows),
		cmocka_unit_test(no_role_meets_a_row_of_others_of_any_entity),
		cmocka_unit_test(enough_was_asked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, rows_start, rows_end);
}
