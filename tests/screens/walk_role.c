/*
 * Each shipped role at a real terminal, in the company of lib/world.c: home, every list that the
 * palette opens for it, a record of each. Nothing on the screen may be an error, a word that was
 * meant for programmers, a key that the role has no right for, or a text of a row or field that it
 * is not to see. `make check` takes some lists of each role in one language, KEHU_FULL=1 all in both.
 */
#include "tests/lib/desk.h"
#include "tests/lib/world.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB      "walk_role"
#define ONE_IN  16 /* lists of a role, for `make check` */
#define WAIT_MS 15000

static struct bed *bed;
static struct world *world;
static regex_t unwanted;
static size_t screens, lists, records, closed;

struct walk {
	struct vt *vt;
	const struct eval_user *user;
	bool zh;
	const char *at; /* where it is, for people */
};

static void
walk_found(void *to, const struct world_row *row, uint32_t number)
{
	const struct walk *walk = to;
	const struct field *field =
	    entity_field(catalog_entity(world->catalog, row->row.entity->number), number);

	if (field == NULL ||
	    (world_shows(world, walk->user, row) &&
		eval_field(&world->facts, walk->user, row->row.entity, field) <= EVAL_READONLY))
		return;
	fail_msg("%s, %s: %s.%s of place %d stands on the screen", walk->user->role, walk->at,
	    row->row.entity->name, field->name, (int)row->place);
}

static void
walk_look(struct walk *walk)
{
	const char *text;
	regmatch_t at;

	vt_wait_settled(walk->vt, DESK_QUIET_MS, WAIT_MS);
	text = vt_screen_text(walk->vt);
	screens++;
	if (regexec(&unwanted, text, 1, &at, 0) == 0)
		fail_msg("%s, %s: %.60s", walk->user->role, walk->at, text + at.rm_so);
	world_scan(world, (const uint8_t *)text, strlen(text), walk_found, walk);
}

/* Modules of the title are those that open. */
static void
walk_modules(struct walk *walk)
{
	static const struct {
		const char *entity, *zh, *en;
	} modules[] = { { "customer", "2客户", "2Customers" }, { "visit", "3拜访", "3Visits" },
		{ "contact", "4联系人", "4Contacts" } };

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		const struct entity *entity =
		    catalog_entity_named(world->catalog, modules[i].entity)->def;
		bool there = strstr(vt_row(walk->vt, 0), walk->zh ? modules[i].zh : modules[i].en) != NULL;

		if (there != ((eval_rights(&world->facts, walk->user, entity) & EVAL_VIEW) != 0))
			fail_msg("%s: the module of %s is %sthere", walk->user->role, entity->name,
			    there ? "" : "not ");
	}
}

/* A key stands in the last row exactly when the right is there. */
static void
walk_key(struct walk *walk, const char *zh, const char *en, bool wanted)
{
	vt_wait_settled(walk->vt, DESK_QUIET_MS, WAIT_MS);
	if ((strstr(vt_row(walk->vt, 39), walk->zh ? zh : en) != NULL) != wanted)
		fail_msg("%s, %s: %s: %s", walk->user->role, walk->at,
		    wanted ? "lacks a key" : "has a key without the right", vt_row(walk->vt, 39));
}

/* The list of an entity: its label, and the line for the filter. */
static bool
walk_is_open(struct walk *walk, const struct entity *entity)
{
	const char *label = walk->zh ? entity->zh : entity->en;
	char title[100];

	snprintf(title, sizeof(title), " Kehu %s  ", label);
	return strncmp(vt_row(walk->vt, 0), title, strlen(title)) == 0 &&
	       strncmp(vt_row(walk->vt, 1), "F7", 2) == 0;
}

/* Home offers visits to those who may log one, orders to a customer's own people, and names them to nobody else. */
static void
walk_home(struct walk *walk)
{
	const struct entity *visit = catalog_entity_named(world->catalog, "visit")->def;
	const struct entity *order = catalog_entity_named(world->catalog, "order")->def;
	bool may = (eval_rights(&world->facts, walk->user, visit) & EVAL_CREATE) != 0;

	walk_key(walk, "F6新建", "F6New", may || (eval_rights(&world->facts, walk->user, order) & EVAL_CREATE) != 0);
	if (!may && (strstr(vt_screen_text(walk->vt), walk->zh ? "记拜访" : "v visit") != NULL ||
			strstr(vt_screen_text(walk->vt), walk->zh ? "F6 安排拜访" : "F6 plans a visit") != NULL))
		fail_msg("%s: home offers visits", walk->user->role);
}

static void
walk_record(struct walk *walk, const struct entity *entity, uint32_t rights)
{
	/* the first row, if there is one */
	if (strstr(vt_screen_text(walk->vt), "\n>") == NULL)
		return;
	vt_type(walk->vt, "{Enter}");
	walk_look(walk);
	records++;
	if ((rights & EVAL_EDIT) == 0)
		walk_key(walk, "F2改", "F2Edit", false);
	desk_type(walk->vt, "{F8}");
	walk_look(walk);
	desk_type(walk->vt, "{Esc}");
	desk_type(walk->vt, "{F3}");
}

static void
walk_list(struct walk *walk, const struct entity *entity)
{
	uint32_t rights = eval_rights(&world->facts, walk->user, entity);
	char keys[80];

	walk->at = entity->name;
	snprintf(keys, sizeof(keys), "{F9}%s{Enter}", entity->name);
	desk_type(walk->vt, keys);
	if ((rights & EVAL_VIEW) == 0) {
		walk_look(walk);
		closed++;
		if (walk_is_open(walk, entity))
			fail_msg("%s: the list of %s opens", walk->user->role, entity->name);
		desk_type(walk->vt, "{Esc}"); /* the palette, or what it found instead */
		return;
	}
	for (int i = 0; i < 40 && !walk_is_open(walk, entity); i++)
		vt_wait_settled(walk->vt, DESK_QUIET_MS, WAIT_MS);
	if (!walk_is_open(walk, entity))
		fail_msg("%s: the list of %s does not open: %s", walk->user->role, entity->name,
		    vt_row(walk->vt, 0));
	walk_look(walk);
	lists++;
	walk_key(walk, "F6新建", "F6New", (rights & EVAL_CREATE) != 0);
	if ((rights & EVAL_EDIT) == 0)
		walk_key(walk, "F2改", "F2Edit", false);
	walk_record(walk, entity, rights);
	desk_type(walk->vt, "{F3}");
}

static void
each_role_sees_its_own_and_no_more(void **state)
{
	bool full = getenv("KEHU_FULL") != NULL;

	for (size_t turn = 0; turn < 2 * eval_role_count; turn++) {
		size_t reader = turn / 2;
		struct walk walk = {
			.user = &world->readers[reader], .zh = turn % 2 == 0, .at = "home"
		};

		if (!full && reader % 2 != turn % 2)
			continue;
		walk.vt = desk_home(bed, world_reader_name(world, reader), walk.zh ? "zh" : "en", 40, 120);
		walk_look(&walk);
		walk_modules(&walk);
		walk_home(&walk);
		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			if (entity_shipped[e]->alias != NULL &&
			    (entity_shipped[e]->kind == ENTITY_ACTIVITY || entity_shipped[e]->kind == ENTITY_SETUP) &&
			    (full || (e + reader) % ONE_IN == 0))
				walk_list(&walk, entity_shipped[e]);
		desk_end(walk.vt);
	}
}

static void
enough_was_looked_at(void **state)
{
	print_message("# %zu screens of %zu roles: %zu lists opened, %zu kept shut, %zu records\n", screens,
	    eval_role_count, lists, closed, records);
	assert_true(screens > 6 * eval_role_count);
	assert_true(lists > 0 && closed > 0 && records > 0);
}

static int
role_start(void **state)
{
	assert_int_equal(regcomp(&unwanted,
	    "\\(null\\)|%[sdzu]|TODO|FIXME|placeholder|\\?\\?\\?|(^|[ (])E[1-9][0-9]{3}([^0-9]|$)",
	    REG_EXTENDED | REG_NEWLINE), 0);
	bed = bed_new_with(DB,
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; unusual = 10000000; };\n");
	world = world_make(DB);
	return 0;
}

static int
role_end(void **state)
{
	world_free(world);
	bed_free(bed);
	regfree(&unwanted);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_sees_its_own_and_no_more),
		cmocka_unit_test(enough_was_looked_at),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, role_start, role_end);
}
