/*
 * Two companies that differ only in what one reader may not see answer that reader byte for
 * byte alike. For each role a database is cloned, every row and field out of its sight is
 * changed, and the same requests go to both: lists, filters, sorts, groups, searches, related
 * records, history, reports, and what is refused: writes, alone and in a Bulk, revealing, exports,
 * imports, the audit, a person's data. The requests follow from a seed.
 *
 * What is left out of the comparison has nothing to do with data: the number of a request and
 * its reference in the log. Times are those stored, alike in both; an answer with the minute of
 * its making in it is asked for again when it differs. A unique value that somebody else's
 * record has is refused in one company only: that such a record exists is meant to be said
 * (CUS-5), so no new unique values are sent. Requests are made in tests/parts/twins_*.c.
 */
#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include "tests/lib/wire.h"
#include "tests/parts/twins.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define PURE     "twins"
#define LEFT     "twins_left"
#define SHORT    100  /* requests of a role in `make check` */
#define FULL     1000 /* with KEHU_FULL=1 */
#define SEED     20261122
#define TELL_MAX 60

/* Requests that read nothing, change things, or are another suite's; all others must be sent
 * here. */
static const char *const twins_exempt[] = { "hello", "login", "resume", "logout", "ping",
	"catalog", "attach", "job", "subscribe", "cancel", "password", "factor", "lock",
	"sessions", "restore", "view_as" };

static struct bed *left, *right;
static size_t cases, differences, sent[1000];
struct world *world;
uint64_t twins_state;

uint32_t
twins_random(uint32_t below)
{
	twins_state =
	    twins_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(twins_state >> 33) % below;
}

/* Each in its turn, so that each is sent whatever the dice say. */
static bool
twins_seldom(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	static const char *const measures[] = { "visits", "customers", "orders", "receipts" };
	static unsigned turn;

	switch (turn++ % 4) {
	case 0:
		return twins_tree(arena, frame, reader);
	case 1:
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TARGETS;
		frame->targets = ARENA_NEW(arena, Kehu__Targets);
		kehu__targets__init(frame->targets);
		frame->targets->measure = arena_strdup(arena, measures[twins_random(4)]);
		frame->targets->has_months = true;
		frame->targets->months = 1 + twins_random(12);
		return true;
	case 2:
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TEAM;
		frame->team = ARENA_NEW(arena, Kehu__Team);
		kehu__team__init(frame->team);
		frame->team->has_me = true;
		frame->team->me = twins_random(2);
		return true;
	default:
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_DISPATCH;
		frame->dispatch = ARENA_NEW(arena, Kehu__Dispatch);
		kehu__dispatch__init(frame->dispatch);
		frame->dispatch->has_from_us = frame->dispatch->has_days = frame->dispatch->has_open = true;
		frame->dispatch->from_us = date_now_us() - date_now_us() % (INT64_C(86400) * 1000000);
		frame->dispatch->days = 1 + twins_random(14);
		frame->dispatch->open = twins_random(51);
		return true;
	}
}

static Kehu__ClientFrame *
twins_make(struct arena *arena, size_t reader)
{
	Kehu__ClientFrame *frame = ARENA_NEW(arena, Kehu__ClientFrame);

	for (;;) {
		uint32_t way = twins_random(100);
		/* Rare ones go first, so that each is sent whatever the dice say of a world that grew. */
		bool groups = sent[KEHU__CLIENT_FRAME__REQUEST_GROUPS % 1000] == 0;
		bool board = !groups && sent[KEHU__CLIENT_FRAME__REQUEST_BOARD % 1000] == 0;

		kehu__client_frame__init(frame);
		if (way < 30) {
			twins_list(arena, frame, reader);
		} else if (way < 44) {
			twins_search(arena, frame, reader);
		} else if (way < 52) {
			if (!twins_related(arena, frame, reader))
				continue;
		} else if (way < 82) {
			if (!twins_record(arena, frame, reader, (way - 52) / 5))
				continue;
		} else if (way < 83) {
			if (twins_random(2) == 0)
				twins_alter(arena, frame, reader);
			else if (!twins_record(arena, frame, reader, 6))
				continue;
		} else if (way < 84) {
			if (!twins_bulk(arena, frame, reader))
				continue;
		} else if (way < 87) {
			if (!twins_reveal(arena, frame, reader))
				continue;
		} else if (way < 92) {
			if (!twins_denied(arena, frame, reader, twins_random(4)))
				continue;
		} else if (way < 95) {
			twins_report(arena, frame, reader);
		} else if (way < 96) {
			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
			frame->today = ARENA_NEW(arena, Kehu__Today);
			kehu__today__init(frame->today);
			frame->today->has_limit = true;
			frame->today->limit = twins_random(51);
		} else if (way < 97) {
			if (!twins_seldom(arena, frame, reader))
				continue;
		} else if (!groups && !board && twins_random(3) == 0) {
			/* Of what exists and is not seen the answer tells, so it is asked of what does not. */
			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
			frame->check = ARENA_NEW(arena, Kehu__Check);
			kehu__check__init(frame->check);
			frame->check->name = arena_printf(arena, "没有这样的公司 %u", (unsigned)twins_random(9));
			frame->check->has_typing = true;
			frame->check->typing = twins_random(2);
		} else if (groups || (!board && way < 98 && twins_random(2) == 0)) {
			const struct entity_view *view = catalog_entity_named(world->catalog, "customer");

			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_GROUPS;
			frame->groups = ARENA_NEW(arena, Kehu__Groups);
			kehu__groups__init(frame->groups);
			frame->groups->has_entity = frame->groups->has_field = true;
			frame->groups->entity = view->def->number;
			frame->groups->field = view->fields[twins_random(view->field_count)]->number;
			frame->groups->n_sums = 1;
			frame->groups->sums = ARENA_NEW(arena, uint32_t);
			frame->groups->sums[0] = view->fields[twins_random(view->field_count)]->number;
		} else if (board || way < 98) {
			const struct entity_view *view =
			    catalog_entity_named(world->catalog, "opportunity");

			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
			frame->board = ARENA_NEW(arena, Kehu__Board);
			kehu__board__init(frame->board);
			if (twins_random(2) == 0)
				frame->board->query =
				    arena_strdup(arena, twins_term(arena, view, reader));
		} else {
			const struct world_row *row =
			    twins_row(catalog_entity_named(world->catalog, "approval"), reader);

			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_PROPOSAL;
			frame->proposal = ARENA_NEW(arena, Kehu__Proposal);
			kehu__proposal__init(frame->proposal);
			frame->proposal->has_id = true;
			frame->proposal->id = row->row.id;
		}
		sent[frame->request_case % 1000]++;
		return frame;
	}
}

/* ---- comparing --------------------------------------------------------------------------- */

static const char *
twins_describe(struct arena *arena, const Kehu__ClientFrame *frame)
{
	const char *name = request_name((int)frame->request_case);

	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_LIST:
		return arena_printf(arena, "list %s '%s' sort %u%s%s",
		    catalog_entity(world->catalog, frame->list->entity)->def->name,
		    frame->list->query, frame->list->sort,
		    frame->list->deleted ? " deleted" : "", frame->list->total ? " total" : "");
	case KEHU__CLIENT_FRAME__REQUEST_SEARCH:
		return arena_printf(arena, "search '%s' %u", frame->search->text,
		    frame->search->has_entity ? frame->search->entity : 0);
	case KEHU__CLIENT_FRAME__REQUEST_GET:
		return arena_printf(
		    arena, "get %u %" PRId64, frame->get->entity, frame->get->id);
	case KEHU__CLIENT_FRAME__REQUEST_HISTORY:
		return arena_printf(
		    arena, "history %u %" PRId64, frame->history->entity, frame->history->id);
	case KEHU__CLIENT_FRAME__REQUEST_RELATED:
		return arena_printf(arena, "related %u %" PRId64 " %u", frame->related->entity,
		    frame->related->id, frame->related->related);
	case KEHU__CLIENT_FRAME__REQUEST_REPORT:
		return arena_printf(
		    arena, "report %s %s", frame->report->name, frame->report->format);
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		return arena_printf(arena, "save %u %" PRId64 " field %u",
		    frame->save->record->entity, frame->save->record->id,
		    frame->save->record->values[0]->field);
	default:
		return name;
	}
}

static bool
twins_same(const struct wire_answer *a, const struct wire_answer *b)
{
	return a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0;
}

static void
twins_tell(struct arena *arena, size_t reader, const Kehu__ClientFrame *frame,
    const struct wire_answer *a, const struct wire_answer *b)
{
	size_t at = 0, from;

	if (differences++ >= TELL_MAX)
		return;
	while (at < a->bytes && at < b->bytes && a->data[at] == b->data[at])
		at++;
	from = at > 20 ? at - 20 : 0;
	print_message("# %s: %s: %zu and %zu bytes (%s, %s), from byte %zu: %s | %s\n",
	    world->readers[reader].role, twins_describe(arena, frame), a->bytes, b->bytes,
	    err_name(a->err), err_name(b->err), at,
	    text_print(arena,
		arena_strndup(arena, (const char *)a->data + from,
		    a->bytes - from < 60 ? a->bytes - from : 60),
		TEXT_LINE),
	    text_print(arena,
		arena_strndup(arena, (const char *)b->data + from,
		    b->bytes - from < 60 ? b->bytes - from : 60),
		TEXT_LINE));
	if (getenv("KEHU_FIRST_FAILURE") != NULL) /* tests/tools/mutate wants no more */
		exit(1);
}

static void
twins_ask(size_t reader, size_t count)
{
	const char *name = world_reader_name(world, reader);
	enum lang lang = reader % 2 ? LANG_ZH : LANG_EN;
	struct wire *wires[2] = { wire_open(left, name, lang), wire_open(right, name, lang) };
	struct arena *arena = arena_new(0);

	for (size_t done = 0; done < count;) {
		Kehu__ClientFrame *frames[50];
		struct wire_answer answers[2][50];
		size_t batch = 0;

		while (batch < 50 && done + batch < count)
			frames[batch++] = twins_make(arena, reader);
		for (int side = 0; side < 2; side++)
			wire_ask(wires[side], frames, batch, arena, answers[side]);
		for (size_t i = 0; i < batch; i++) {
			struct wire_answer again[2];

			cases++;
			if (twins_same(&answers[0][i], &answers[1][i]))
				continue;
			for (int side = 0; side < 2; side++)
				wire_ask(wires[side], &frames[i], 1, arena, &again[side]);
			if (!twins_same(&again[0], &again[1]))
				twins_tell(arena, reader, frames[i], &again[0], &again[1]);
		}
		done += batch;
		arena_reset(arena);
	}
	arena_free(arena);
	wire_close(wires[0]);
	wire_close(wires[1]);
}

static void
what_is_not_seen_makes_no_difference(void **state)
{
	const char *full = getenv("KEHU_FULL");
	size_t count = full != NULL && full[0] == '1' ? FULL : SHORT;

	twins_state = SEED;
	for (size_t r = 0; r < eval_role_count; r++) {
		int64_t began = date_monotonic_us();

		pg_exec("postgres", "CREATE DATABASE " LEFT " TEMPLATE " PURE);
		pg_exec("postgres", "CREATE DATABASE " RIGHT " TEMPLATE " PURE);
		twins_change(r);
		bed_start(left);
		bed_start(right);
		twins_ask(r, count);
		if (getenv("KEHU_VERBOSE") != NULL)
			print_message("# %s: %" PRId64 " ms\n", world->readers[r].role,
			    (date_monotonic_us() - began) / 1000);
		bed_kill(left, SIGKILL);
		bed_kill(right, SIGKILL);
		pg_drop(LEFT);
		pg_drop(RIGHT);
	}
	print_message("# twins: %zu cases\n", cases);
	assert_int_equal(differences, 0);
	assert_int_equal(cases, eval_role_count * count);
}

/* A new kind of request is sent here or excused above. */
static void
every_reading_request_is_sent(void **state)
{
	static const struct {
		int number;
		const char *name;
	} requests[] = {
#define REQ(number, name, ...) { number, #name },
#include "proto/requests.def"
#undef REQ
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		bool exempt = false;

		for (size_t e = 0; e < sizeof(twins_exempt) / sizeof(twins_exempt[0]); e++)
			exempt |= strcmp(twins_exempt[e], requests[i].name) == 0;
		if (!exempt && sent[requests[i].number % 1000] == 0)
			fail_msg("no request of the kind %s was sent", requests[i].name);
	}
}

static int
twins_start(void **state)
{
	static const char settings[] =
	    "log: { level = \"warn\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; unusual = 10000000; };\n";

	left = bed_new_with(PURE, settings);
	bed_kill(left, SIGTERM);
	world = world_make(PURE);
	pg_exec(PURE, "ANALYZE");
	right = bed_beside(left, RIGHT);
	left->database = LEFT;
	left->port = 0;
	return 0;
}

static int
twins_stop(void **state)
{
	world_free(world);
	left->database = PURE;
	bed_free(left);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_seen_makes_no_difference),
		cmocka_unit_test(every_reading_request_is_sent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, twins_start, twins_stop);
}
