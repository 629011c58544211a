/*
 * Who may do what, all of it: every role, entity, action and field, rows in every place, sent
 * as raw frames to a real kehud, and each answer held against tests/lib/evaluator.c. What is
 * allowed is done in a Bulk that keeps nothing, so that all cases meet the same company; what
 * is denied is sent as it is, and must leave every table as it was. No answer may hold a text
 * that its reader is not to see.
 */
#include "server/entity/fields.h"
#include "tests/lib/matrix.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB        "matrix"
#define CASES_MIN 7000

static void
reading_shows_what_the_roles_say(void **state)
{
	size_t before = matrix.failures;

	for (size_t r = 0; r < matrix.world->reader_count; r++) {
		struct asks *asks = matrix_begin(r);

		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			matrix_ask_reading(asks, entity_shipped[e]);
		matrix_ask_today(asks);
		matrix_end(asks);
	}
	assert_int_equal(matrix.failures, before);
}

/* Two checksums line by line: a line is a table. */
static void
matrix_compare(const char *role, const char *before, const char *after)
{
	while (*before != '\0' && *after != '\0') {
		size_t a = strcspn(before, "\n"), b = strcspn(after, "\n");

		if (a != b || memcmp(before, after, a) != 0) {
			print_message("# rows were changed by %s: %.*s\n", role, (int)b, after);
			matrix.failures++;
		}
		before += a + (before[a] != '\0');
		after += b + (after[b] != '\0');
	}
}

static void
writing_does_what_the_roles_say_and_denied_writes_change_no_row(void **state)
{
	struct arena *arena = arena_new(0);
	const char *before = world_sums(matrix.world, arena), *after;
	size_t wrong = matrix.failures;

	for (size_t r = 0; r < matrix.world->reader_count; r++) {
		struct asks *asks = matrix_begin(r);

		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			matrix_ask_writing(asks, entity_shipped[e]);
		matrix_end(asks);
		matrix_compare(matrix.world->readers[r].role, before, after = world_sums(matrix.world, arena));
		before = after;
	}
	arena_free(arena);
	assert_int_equal(matrix.failures, wrong);
}

static void
fields_show_as_the_roles_say_in_every_way(void **state)
{
	size_t before = matrix.failures;

	for (size_t r = 0; r < matrix.world->reader_count; r++) {
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
	assert_int_equal(matrix.failures, before);
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
	size_t before = matrix.failures;

	for (size_t r = 0; r < matrix.world->reader_count; r++) {
		struct asks *asks = matrix_begin(r);
		struct arena *arena = arena_new(0);
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, *one = &frame;
		Kehu__Catalog catalog = KEHU__CATALOG__INIT;
		struct wire_answer answer;

		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CATALOG;
		frame.catalog = &catalog;
		wire_ask(matrix.wires[r], &one, 1, arena, &answer);
		for (size_t i = 0; i < answer.frame->catalog->n_reports; i++) {
			const Kehu__ReportInfo *info = answer.frame->catalog->reports[i];
			const struct entity_view *view =
			    info->entity != 0 ? catalog_entity(matrix.world->catalog, info->entity)
					      : NULL;

			for (size_t p = 0; p < 7; p++) {
				static const enum world_place places[] = { PLACE_OWN,
					PLACE_OTHER_BRANCH, PLACE_SHARED_READ, PLACE_STRANGER,
					PLACE_DEPARTMENT, PLACE_POOL, PLACE_SHUT };
				const struct world_row *row =
				    view != NULL ? world_find(matrix.world, view->def, places[p], r)
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
	assert_int_equal(matrix.failures, before);
}

/* ---- all of it -------------------------------------------------------------------------- */

static void
matrix_lacks(const char *what, const struct entity *entity, const char *name)
{
	print_message("# not covered: %s of %s%s%s\n", what, entity->name,
	    name != NULL ? "." : "", name != NULL ? name : "");
	matrix.failures++;
}

/* Was anybody to be allowed this at all? */
static bool
matrix_anybody(const struct entity *entity, uint32_t right)
{
	for (size_t r = 0; r < matrix.world->reader_count; r++)
		if (eval_rights(&matrix.world->facts, &matrix.world->readers[r], entity) & right)
			return true;
	return false;
}

static void
every_entity_action_and_field_is_covered(void **state)
{
	size_t before = matrix.failures;

	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];
		const struct entity_view *view = matrix_view(entity);
		bool top = entity->kind == ENTITY_ACTIVITY || entity->kind == ENTITY_SETUP;

		if (top && !matrix.met[entity->number].listed)
			matrix_lacks("list", entity, NULL);
		if (top && !matrix.met[entity->number].opened)
			matrix_lacks("get", entity, NULL);
		if (top && !matrix.met[entity->number].created && matrix_anybody(entity, EVAL_CREATE))
			matrix_lacks("create", entity, NULL);
		for (size_t i = 0; entity->actions != NULL && entity->actions[i].name != NULL;
		     i++) {
			if (!matrix.met[entity->number].acted[i])
				matrix_lacks("action done", entity, entity->actions[i].name);
			if (!matrix.met[entity->number].refused[i])
				matrix_lacks("action refused", entity, entity->actions[i].name);
		}
		for (size_t i = 0; i < view->field_count; i++) {
			const struct field *field = view->fields[i];

			if (entity->kind == ENTITY_ACTIVITY &&
			    (field->flags & FIELD_SENSITIVE) &&
			    !matrix.met[entity->number].kept[field->number % 200])
				matrix_lacks("masked or hidden field", entity, field->name);
		}
	}
	print_message("# matrix: %zu cases\n", matrix.cases);
	assert_int_equal(matrix.failures, before);
	assert_true(matrix.cases >= CASES_MIN);
}

/* The other line alone: what the access core does when the database would let anything pass. */
static void
matrix_open_tables(void)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		pg_exec(DB, "ALTER TABLE %s DISABLE ROW LEVEL SECURITY",
		    entity_table(entity_shipped[e]));
	pg_exec(DB, "ALTER TABLE history DISABLE ROW LEVEL SECURITY");
}

static int
matrix_start(void **state)
{
	const char *setting = getenv("KEHU_FULL");

	matrix.full = setting != NULL && strcmp(setting, "1") == 0;
	matrix.bed = bed_new_with(DB,
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; unusual = 10000000; };\n");
	matrix.world = world_make(DB);
	if (getenv("KEHU_NO_POLICIES") != NULL)
		matrix_open_tables();
	matrix.met = calloc(ENTITIES, sizeof(*matrix.met));
	matrix.wires = calloc(matrix.world->reader_count, sizeof(*matrix.wires));
	matrix.shown = calloc(matrix.world->reader_count, matrix.world->count);
	matrix.shows = calloc(matrix.world->reader_count, 256 * 256);
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		matrix.index_of[entity_shipped[e]->number] = (uint16_t)e;
	for (size_t r = 0; r < matrix.world->reader_count; r++)
		matrix.wires[r] =
		    wire_open(matrix.bed, world_reader_name(matrix.world, r), r % 2 ? LANG_ZH : LANG_EN);
	return 0;
}

static int
matrix_stop(void **state)
{
	for (size_t r = 0; r < matrix.world->reader_count; r++)
		wire_close(matrix.wires[r]);
	free(matrix.wires);
	free(matrix.met);
	free(matrix.shown);
	free(matrix.shows);
	world_free(matrix.world);
	bed_free(matrix.bed);
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
	cmocka_set_test_filter(getenv("KEHU_TEST"));
	return cmocka_run_group_tests(tests, matrix_start, matrix_stop);
}
