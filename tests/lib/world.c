/*
 * See world.h. Rows are inserted by the superuser, past rules and policies, as kehud would have
 * stored them: with sort keys, digits, search rows and history. Values the rules of an entity
 * insist on are in one table below, and those that no rule cares about follow from the type.
 */
#include "tests/lib/world.h"

#include "common/buf.h"
#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include "common/pinyin.h"
#include "server/entity/fields.h"
#include "server/record/token.h"
#include "server/store/store.h"
#include "tests/lib/pg.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	BRANCH = 2,
	OTHER_BRANCH = 3,
	BRANCH_BELOW = 4,
	DEPARTMENT = 11,
	DEPARTMENT_BELOW = 12,
	DEPARTMENT_OF_OTHER = 14,
	DEPARTMENT_BRANCH_BELOW = 15,
	OTHER_DEPARTMENT = 16,
	POOL = 31,
	OTHER_POOL = 32,
	NOBODY = 101, /* who owns none of the rows */
	READER = 200,
	TEAM = 300,
	COLLEAGUE = 401,
	BELOW,
	IN_OTHER_DEPARTMENT,
	IN_BRANCH_BELOW,
	IN_OTHER_BRANCH,
};

/*
 * What rules ask of a value. "#hex": the row's id; "#owner": who owns the row. field "*": of an
 * entity whose rows stay as they are in the database, since more of one would mean something to
 * the server.
 */
static const struct {
	const char *entity, *field, *value; /* NULL: leave it empty */
} world_hints[] = {
	{ "region", "*", NULL },
	{ "dictionary", "*", NULL },
	{ "opportunity_stage", "*", NULL },
	{ "branch", "*", NULL },
	{ "department", "*", NULL },
	{ "user", "*", NULL },
	{ "pool", "*", NULL },
	{ "role", "*", NULL },
	{ "approval_rule", "entity", "customer" },
	{ "approval_rule", "action", "save" },
	{ "approval_rule", "fields", NULL },
	{ "approval_rule", "condition", NULL },
	{ "approval_rule", "active", NULL },
	{ "approval_rule_step", "kind", "superior" },
	{ "approval_rule_step", "level", "1" },
	{ "saved_view", "entity", "customer" },
	{ "saved_view", "query", NULL },
	{ "saved_view", "columns", NULL },
	{ "mail_template", "entity", "customer" },
	{ "opportunity", "stage", "prospecting" },
	{ "opportunity", "probability", NULL },
	{ "opportunity", "closed_on", NULL },
	{ "opportunity", "lost_reason", NULL },
	{ "opportunity", "lost_to_id", NULL },
	{ "outgoing", "files", NULL },
	{ "approval", "action", "transfer" },
	{ "approval", "due_at", NULL }, /* else somebody is reminded */
	{ "visit", "next_on", NULL },
	{ "attachment", "complete", "1" },
	{ "certificate", "name", "#hex" },
	{ "certificate", "revoked_at", NULL },
	{ "plan_step", "due_on", "25000" },
	/* Of these the server does something by itself when their time has come: in 2100. */
	{ "reminder", "due_at", "4102444800000000" },
	{ "reminder", "told_at", "4102444800000000" },
	{ "visit_plan", "made_until", "47482" },
	{ "visit", "remind_min", NULL }, /* else there is a reminder more */
	{ "target", "person_id", "#owner" },
};

/* ---- facts ------------------------------------------------------------------------------ */

static const struct eval_node world_branches[] = { { 1, 0 }, { BRANCH, 1 }, { OTHER_BRANCH, 1 },
	{ BRANCH_BELOW, BRANCH } };
static const struct eval_node world_departments[] = { { DEPARTMENT, 0 },
	{ DEPARTMENT_BELOW, DEPARTMENT }, { 13, 0 }, { DEPARTMENT_OF_OTHER, 0 },
	{ DEPARTMENT_BRANCH_BELOW, 0 }, { OTHER_DEPARTMENT, 0 } };
static const struct eval_member world_members[] = { { POOL, 0, DEPARTMENT }, { 21, 0, 13 } };

/* Roles of the test: scopes, states, actions and field rights that no shipped role has (yet).
 */
static const char *const world_roles[] = { "test_team", "test_hidden", "test_readonly",
	"test_states" };
#define WORLD_ROLES (sizeof(world_roles) / sizeof(world_roles[0]))

struct world_grants {
	struct eval_grant list[1000];
	struct eval_field_rule rules[2000];
	size_t count, rule_count;
};

static void
world_grant(struct world_grants *grants, struct eval_grant grant)
{
	grants->list[grants->count++] = grant;
}

/* Of the entity and its lines, every other field that a record can do without. */
static void
world_field_rules(struct world_grants *grants, const struct catalog *catalog,
    const struct entity *entity, const char *role, enum eval_show show)
{
	for (size_t e = 0; e < catalog_count(catalog); e++) {
		const struct entity_view *view = catalog_at(catalog, e);

		if (view->def != entity && (view->def->kind != ENTITY_LINE ||
					       strcmp(view->def->parent, entity->name) != 0))
			continue;
		for (size_t i = 0; i < view->field_count; i++) {
			const struct field *field = view->fields[i];

			if ((field->flags & FIELD_REQUIRED) == 0 &&
			    (field->number % 2 == 0 || field->flags & FIELD_SENSITIVE))
				grants->rules[grants->rule_count++] =
				    (struct eval_field_rule){ role, view->def->name,
					    field->name, show };
		}
	}
}

static const char *
world_state(const struct world *world, const struct entity *entity, size_t nth)
{
	const struct entity_view *view = catalog_entity(world->catalog, entity->number);
	const struct field *field = entity_field_named(view, entity->state_field);

	return field != NULL ? world_choice(world, field->dict, nth) : NULL;
}

static void
world_make_grants(struct world *world, struct world_grants *grants)
{
	const uint32_t all =
	    EVAL_VIEW | EVAL_CREATE | EVAL_EDIT | EVAL_DELETE | EVAL_RESTORE | EVAL_ACT;

	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *def = entity_shipped[e];
		const char *name = def->name;

		if (def->kind == ENTITY_LINE)
			continue;
		if (def->kind == ENTITY_SETUP) {
			for (size_t r = 0; r < WORLD_ROLES; r++)
				world_grant(grants, (struct eval_grant){ world_roles[r], name,
							EVAL_VIEW, "ALL" });
			continue;
		}
		world_grant(grants, (struct eval_grant){ "test_team", name, all, "TEAM" });
		/* some that nothing else is made for, only where they are shared */
		world_grant(grants,
		    (struct eval_grant){ "test_hidden", name, all,
			text_has_word("visit lead work_report", name) ? "SHARED" : "OWN" });
		world_grant(
		    grants, (struct eval_grant){ "test_readonly", name, all, "DEPARTMENT" });
		world_grant(
		    grants, (struct eval_grant){ "test_states", name, EVAL_VIEW, "ALL" });
		world_grant(grants, (struct eval_grant){ "test_states", name, all, "BRANCH",
					world_state(world, def, 0),
					def->actions != NULL ? def->actions[0].name : NULL });
		world_field_rules(grants, world->catalog, def, "test_hidden", EVAL_HIDDEN);
		world_field_rules(grants, world->catalog, def, "test_readonly", EVAL_READONLY);
	}
}

static void
world_make_facts(struct world *world)
{
	size_t readers = eval_role_count + WORLD_ROLES;
	struct world_grants *grants = ARENA_NEW(world->arena, struct world_grants);
	struct eval_user *users = ARENA_ARRAY(world->arena, struct eval_user, 2 * readers + 6);
	size_t count = 0;
	static const int64_t places[][3] = { { COLLEAGUE, BRANCH, DEPARTMENT },
		{ BELOW, BRANCH, DEPARTMENT_BELOW },
		{ IN_OTHER_DEPARTMENT, BRANCH, OTHER_DEPARTMENT },
		{ IN_BRANCH_BELOW, BRANCH_BELOW, DEPARTMENT_BRANCH_BELOW },
		{ IN_OTHER_BRANCH, OTHER_BRANCH, DEPARTMENT_OF_OTHER } };

	for (size_t r = 0; r < readers; r++)
		users[count++] = (struct eval_user){ .id = READER + (int64_t)r,
			.branch = BRANCH,
			.department = DEPARTMENT,
			.role = r < eval_role_count ? eval_roles[r]
						    : world_roles[r - eval_role_count] };
	for (size_t r = 0; r < readers; r++)
		users[count++] = (struct eval_user){ .id = TEAM + (int64_t)r,
			.branch = OTHER_BRANCH,
			.department = DEPARTMENT_OF_OTHER,
			.superior = READER + (int64_t)r,
			.role = "" };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		users[count++] = (struct eval_user){ .id = places[i][0],
			.branch = places[i][1],
			.department = places[i][2],
			.role = "" };
	world_make_grants(world, grants);
	world->readers = users;
	world->reader_count = readers;
	world->facts = (struct eval_facts){
		.users = users,
		.user_count = count,
		.branches = world_branches,
		.branch_count = sizeof(world_branches) / sizeof(world_branches[0]),
		.departments = world_departments,
		.department_count = sizeof(world_departments) / sizeof(world_departments[0]),
		.members = world_members,
		.member_count = sizeof(world_members) / sizeof(world_members[0]),
		.grants = grants->list,
		.grant_count = grants->count,
		.rules = grants->rules,
		.rule_count = grants->rule_count,
	};
}

const char *
world_reader_name(const struct world *world, size_t reader)
{
	return arena_printf(world->arena, "r_%s", world->readers[reader].role);
}

/* ---- rows ------------------------------------------------------------------------------- */

static const char *
world_hint(const struct entity *entity, const struct field *field, bool *found)
{
	*found = true;
	for (size_t i = 0; i < sizeof(world_hints) / sizeof(world_hints[0]); i++)
		if (strcmp(world_hints[i].entity, entity->name) == 0 &&
		    strcmp(world_hints[i].field, field != NULL ? field->name : "*") == 0)
			return world_hints[i].value;
	*found = false;
	return NULL;
}

static bool
world_is_kept(const struct entity *entity)
{
	bool found;

	world_hint(entity, NULL, &found);
	return found;
}

struct world_row *
world_find(const struct world *world, const struct entity *entity, enum world_place place,
    size_t reader)
{
	for (size_t i = world->first[entity->number]; i < world->count; i++) {
		struct world_row *row = world->rows[i];

		if (row->row.entity != entity)
			break;
		if (row->place == place && !row->absent &&
		    (place >= PLACE_DEPARTMENT || row->reader == reader))
			return row;
	}
	return NULL;
}

struct world_row *
world_row(const struct world *world, int64_t id)
{
	int64_t at = id - WORLD_FIRST_ID;

	return at >= 0 && at < (int64_t)world->count && world->rows[at]->row.id == id &&
		       !world->rows[at]->absent
		   ? world->rows[at]
		   : NULL;
}

struct world_row *
world_line(const struct world *world, const struct world_row *parent, const struct entity *kind)
{
	for (size_t i = 0; i < parent->line_count; i++)
		if (parent->lines[i]->row.entity == kind)
			return parent->lines[i];
	return NULL;
}

static struct world_row *
world_add(
    struct world *world, const struct entity *entity, enum world_place place, size_t reader)
{
	static const struct {
		int64_t owner, department, branch, pool;
	} places[] = {
		[PLACE_TEAM] = { 0, DEPARTMENT_OF_OTHER, OTHER_BRANCH, 0 },
		[PLACE_OWN] = { 0, DEPARTMENT, BRANCH, 0 },
		[PLACE_STATE] = { 0, DEPARTMENT, BRANCH, 0 },
		[PLACE_OWN_DELETED] = { 0, DEPARTMENT, BRANCH, 0 },
		[PLACE_SHARED_READ] = { IN_OTHER_BRANCH, DEPARTMENT_OF_OTHER, OTHER_BRANCH, 0 },
		[PLACE_SHARED_WRITE] = { IN_OTHER_BRANCH, DEPARTMENT_OF_OTHER, OTHER_BRANCH,
		    0 },
		[PLACE_STRANGER] = { IN_OTHER_BRANCH, DEPARTMENT_OF_OTHER, OTHER_BRANCH, 0 },
		[PLACE_DEPARTMENT] = { COLLEAGUE, DEPARTMENT, BRANCH, 0 },
		[PLACE_DEPARTMENT_DELETED] = { COLLEAGUE, DEPARTMENT, BRANCH, 0 },
		[PLACE_BELOW] = { BELOW, DEPARTMENT_BELOW, BRANCH, 0 },
		[PLACE_OTHER_DEPARTMENT] = { IN_OTHER_DEPARTMENT, OTHER_DEPARTMENT, BRANCH, 0 },
		[PLACE_BRANCH_BELOW] = { IN_BRANCH_BELOW, DEPARTMENT_BRANCH_BELOW, BRANCH_BELOW,
		    0 },
		[PLACE_OTHER_BRANCH] = { IN_OTHER_BRANCH, DEPARTMENT_OF_OTHER, OTHER_BRANCH,
		    0 },
		[PLACE_OTHER_BRANCH_DELETED] = { IN_OTHER_BRANCH, DEPARTMENT_OF_OTHER,
		    OTHER_BRANCH, 0 },
		[PLACE_POOL] = { 0, DEPARTMENT_OF_OTHER, OTHER_BRANCH, POOL },
		[PLACE_OTHER_POOL] = { 0, DEPARTMENT_OF_OTHER, OTHER_BRANCH, OTHER_POOL },
		[PLACE_COMPANY] = { IN_OTHER_BRANCH, DEPARTMENT_OF_OTHER, OTHER_BRANCH, 0 },
	};
	struct world_row *row = ARENA_NEW(world->arena, struct world_row);

	row->row = (struct eval_row){ .entity = entity,
		.id = WORLD_FIRST_ID + (int64_t)world->count,
		.state = world_state(world, entity, 0) };
	row->place = place;
	row->reader = reader;
	row->made = true;
	row->row.deleted = place == PLACE_OWN_DELETED || place == PLACE_DEPARTMENT_DELETED ||
			   place == PLACE_OTHER_BRANCH_DELETED || place == PLACE_COMMON_DELETED;
	if (entity->kind == ENTITY_ACTIVITY) {
		row->row.owner = places[place].owner;
		row->row.department = places[place].department;
		row->row.branch = places[place].branch;
		row->row.pool = places[place].pool;
		if (place == PLACE_OWN || place == PLACE_STATE || place == PLACE_OWN_DELETED)
			row->row.owner = world->readers[reader].id;
		if (place == PLACE_TEAM)
			row->row.owner = TEAM + (int64_t)reader;
	}
	world->rows[world->count++] = row;
	return row;
}

static void
world_add_share(struct world *world, const struct world_row *row, bool write)
{
	struct eval_share *shares = (struct eval_share *)(uintptr_t)world->facts.shares;

	shares[world->facts.share_count++] = (struct eval_share){ .entity = row->row.entity,
		.record = row->row.id,
		.user = world->readers[row->reader].id,
		.write = write };
}

static void
world_add_activity(struct world *world, const struct entity *entity)
{
	for (size_t r = 0; r < world->reader_count; r++) {
		struct world_row *row;

		world_add(world, entity, PLACE_OWN, r);
		world_add(world, entity, PLACE_TEAM, r);
		world_add_share(world, world_add(world, entity, PLACE_SHARED_READ, r), false);
		world_add_share(world, world_add(world, entity, PLACE_SHARED_WRITE, r), true);
		world_add(world, entity, PLACE_STRANGER, r);
		world_add(world, entity, PLACE_OWN_DELETED, r);
		for (size_t s = 1; world_state(world, entity, s) != NULL; s++) {
			row = world_add(world, entity, PLACE_STATE, r);
			row->row.state = world_state(world, entity, s);
		}
	}
	for (int place = PLACE_DEPARTMENT; place <= PLACE_OTHER_BRANCH_DELETED; place++)
		if (entity->pooled || (place != PLACE_POOL && place != PLACE_OTHER_POOL))
			world_add(world, entity, (enum world_place)place, 0);
}

static void
world_add_kept(struct world *world, const struct entity *entity)
{
	struct world_row *row = ARENA_NEW(world->arena, struct world_row);

	row->row = (struct eval_row){ .entity = entity,
		.id = pg_int(world->database,
		    "SELECT id FROM %s WHERE deleted_at IS NULL ORDER BY id LIMIT 1",
		    entity_table(entity)) };
	row->place = PLACE_COMMON;
	world->rows[world->count++] = row;
}

static void
world_add_lines(struct world *world)
{
	size_t count = world->count;

	for (size_t i = 0; i < count; i++) {
		const struct entity_view *lines[16];
		size_t kinds = world->rows[i]->made ? catalog_lines(world->catalog,
							  world->rows[i]->row.entity, lines, 16)
						    : 0;

		world->rows[i]->lines =
		    ARENA_ARRAY(world->arena, struct world_row *, kinds + 1);
		for (size_t k = 0; k < kinds; k++) {
			struct world_row *line =
			    world_add(world, lines[k]->def, PLACE_COMMON, 0);

			world->rows[i]->lines[world->rows[i]->line_count++] = line;
			line->parent = world->rows[i];
			line->place = world->rows[i]->place;
			line->reader = world->rows[i]->reader;
		}
	}
}

static void
world_add_rows(struct world *world)
{
	world->rows = ARENA_ARRAY(world->arena, struct world_row *, 40000);
	world->facts.shares = ARENA_ARRAY(world->arena, struct eval_share, 10000);
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *def = entity_shipped[e];

		world->first[def->number] = world->count;
		if (def->kind == ENTITY_ACTIVITY || def->kind == ENTITY_ANCHORED) {
			world_add_activity(world, def);
		} else if (def->kind == ENTITY_SETUP && !world_is_kept(def)) {
			world_add(world, def, PLACE_COMMON, 0);
			world_add(world, def, PLACE_COMMON_DELETED, 0);
		} else if (def->kind == ENTITY_SETUP) {
			world_add_kept(world, def);
		}
	}
	world_add_lines(world);
}

/* ---- values ----------------------------------------------------------------------------- */

const char *
world_choice(const struct world *world, const char *dictionary, size_t nth)
{
	static char kept[200][1000];
	static char names[200][60];
	size_t d = 0, bytes;
	char *at, *code;

	while (names[d][0] != '\0' && strcmp(names[d], dictionary) != 0)
		d++;
	if (names[d][0] == '\0') {
		snprintf(names[d], sizeof(names[d]), "%s", dictionary);
		snprintf(kept[d], sizeof(kept[d]), "%s",
		    pg_exec(world->database,
			"SELECT string_agg(i.code, ' ' ORDER BY i.position, i.id) FROM "
			"dictionary_item i "
			"JOIN dictionary d ON d.id = i.dictionary_id WHERE d.name = '%s'",
			dictionary));
	}
	for (at = kept[d]; nth > 0 && at != NULL; nth--) {
		at = strchr(at, ' ');
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL || *at == '\0')
		return NULL;
	bytes = strcspn(at, " ");
	code = arena_strndup(world->arena, at, bytes);
	return code;
}

static const struct entity *
world_entity(const struct world *world, const char *name)
{
	const struct entity_view *view = catalog_entity_named(world->catalog, name);

	if (view == NULL)
		fatal("no entity is called %s", name);
	return view->def;
}

int64_t
world_reference(const struct world *world, const char *name, size_t reader)
{
	const struct entity *entity = world_entity(world, name);
	struct world_row *row;

	switch (entity->number) {
	case E_user:
		return NOBODY;
	case E_branch:
		return BRANCH;
	case E_department:
		return DEPARTMENT;
	case E_pool:
		return POOL;
	default:
		row = world_find(world, entity,
		    entity->kind == ENTITY_SETUP ? PLACE_COMMON : PLACE_OWN, reader);
		return row != NULL ? row->row.id : 0;
	}
}

/*
 * References between activities go to the row in the same place, but a stranger's to the
 * reader's own, and a row of another state to the own one; an entity to itself, not at all.
 */
struct world_row *
world_target(const struct world *world, const struct world_row *row, const struct field *field)
{
	const struct entity *target =
	    field->type == TYPE_REF ? world_entity(world, field->ref) : NULL;
	enum world_place place = row->place;

	if (target == NULL || target->kind != ENTITY_ACTIVITY || target == row->row.entity ||
	    target->number < E_customer)
		return NULL;
	if (row->parent == NULL && place == PLACE_STRANGER)
		/* Through one way only, so that it is clear which. */
		place = target->number == E_customer ? PLACE_OWN : PLACE_STRANGER;
	if (place == PLACE_STATE || place == PLACE_OWN_DELETED)
		place = PLACE_OWN;
	if (place == PLACE_DEPARTMENT_DELETED)
		place = PLACE_DEPARTMENT;
	if (place == PLACE_OTHER_BRANCH_DELETED)
		place = PLACE_OTHER_BRANCH;
	if (place == PLACE_POOL || place == PLACE_OTHER_POOL)
		place = target->pooled ? place : PLACE_OTHER_BRANCH;
	/* Only what was inserted before: by number, customers first. */
	if (target->number > row->row.entity->number && row->parent == NULL)
		return NULL;
	return world_find(world, target, place, row->reader);
}

static struct world_row *
world_anchor(const struct world *world, const struct world_row *row)
{
	const struct field anchor = { .type = TYPE_REF, .ref = "customer" };

	return row->row.entity->number > E_customer ? world_target(world, row, &anchor) : NULL;
}

static bool
world_access_value(
    const struct world_row *row, const struct field *field, struct world_value *value)
{
	const struct eval_row *of = &row->row;

	if (of->entity->kind != ENTITY_ACTIVITY)
		return false;
	if (strcmp(field->name, "owner_id") == 0)
		value->number = of->owner;
	else if (strcmp(field->name, "department_id") == 0)
		value->number = of->department;
	else if (strcmp(field->name, "branch_id") == 0)
		value->number = of->branch;
	else if (strcmp(field->name, "pool_id") == 0)
		value->number = of->pool;
	else
		return false;
	value->present = value->number != 0;
	return true;
}

static const char *
world_text(struct arena *arena, const struct field *field, int64_t id)
{
	uint32_t max = field->max_chars != 0 ? field->max_chars : 200;

	switch (field->type) {
	case TYPE_PHONE:
		return arena_printf(
		    arena, "199%06" PRId64 "%02u", id - 5000000, field->number % 100);
	case TYPE_MAIL:
		return arena_printf(
		    arena, "zq%07" PRIx64 "f%02x@example.com", (uint64_t)id, field->number);
	case TYPE_LINK:
		return arena_printf(
		    arena, "https://zq%07" PRIx64 "f%02x.example", (uint64_t)id, field->number);
	default:
		if (max < 12)
			return "Q";
		return arena_printf(arena, "Zq%07" PRIx64 "f%02x", (uint64_t)id, field->number);
	}
}

static struct world_value
world_type_value(
    const struct world *world, const struct field *field, int64_t id, size_t reader)
{
	struct world_value value = { .present = true };

	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
		value.number = 1 + id % 90;
		break;
	case TYPE_BOOL:
		value.number = 0;
		break;
	case TYPE_DATE:
		value.number = 6000 + id % 14000;
		break;
	case TYPE_MOMENT:
		value.number = (INT64_C(20500) * 86400 + id % 100000) * US_PER_SECOND;
		break;
	case TYPE_MONEY:
		value.number = 100 * (id % 100000);
		value.text = "CNY";
		break;
	case TYPE_CHOICE:
		value.text = world_choice(world, field->dict, 0);
		value.present = value.text != NULL;
		break;
	case TYPE_REF:
		value.number = world_reference(world, field->ref, reader);
		value.present = value.number != 0;
		break;
	case TYPE_REFS:
		value.present = false;
		break;
	default:
		value.text = world_text(world->arena, field, id);
		break;
	}
	return value;
}

struct world_value
world_value(const struct world *world, const struct world_row *row, const struct field *field)
{
	const struct entity *entity = row->row.entity;
	struct world_value value = { .present = true };
	const struct world_row *target;
	bool hinted;
	const char *hint = world_hint(entity, field, &hinted);

	if (world_access_value(row, field, &value))
		return value;
	if (entity->state_field != NULL && strcmp(entity->state_field, field->name) == 0) {
		value.text = row->row.state;
		return value;
	}
	if (strncmp(field->name, "anchor_", 7) == 0) {
		target = world_anchor(world, row);
		value.present = target != NULL;
		value.number = target == NULL                              ? 0
			       : strcmp(field->name, "anchor_entity") == 0 ? E_customer
									   : target->row.id;
		return value;
	}
	if (hinted) {
		value.present = hint != NULL;
		value.text =
		    hint != NULL && strcmp(hint, "#hex") == 0
			? arena_printf(world->arena, "0a%06" PRIx64, (uint64_t)row->row.id)
			: hint;
		value.number = hint == NULL                  ? 0
			       : strcmp(hint, "#owner") == 0 ? row->row.owner
							     : strtoll(hint, NULL, 10);
		return value;
	}
	if (field->type == TYPE_REF &&
	    world_entity(world, field->ref)->kind == ENTITY_ACTIVITY) {
		target = world_target(world, row, field);
		value.present = target != NULL;
		value.number = target != NULL ? target->row.id : 0;
		return value;
	}
	/* Nobody reads a message yet, no mail has failed yet … */
	return world_type_value(world, field, row->row.id, row->reader);
}

struct world_value
world_new_value(
    const struct world *world, const struct field *field, size_t reader, uint32_t salt)
{
	return world_type_value(world, field, 6000000 + (int64_t)salt, reader);
}

/* ---- into the database ------------------------------------------------------------------ */

static void
world_put_literal(struct buf *out, const struct field *field, const struct world_value *value)
{
	if (!value->present) {
		buf_puts(out, "NULL");
		return;
	}
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_MONEY:
	case TYPE_REF:
		buf_printf(out, "%" PRId64, value->number);
		break;
	case TYPE_BOOL:
		buf_puts(out, value->number != 0 ? "true" : "false");
		break;
	case TYPE_DATE:
		buf_printf(out, "date '1970-01-01' + %" PRId64, value->number);
		break;
	case TYPE_MOMENT:
		buf_printf(out, "to_timestamp(%" PRId64 ")", value->number / US_PER_SECOND);
		break;
	default:
		buf_printf(out, "'%s'", value->text);
	}
}

/* Columns of a table beside fields that must be filled: "name type" pairs. */
static const char *
world_needed(const struct world *world, const struct entity_view *view)
{
	struct buf names = BUF_INIT;
	const char *result;

	buf_puts(&names, "'id', 'position'");
	for (size_t i = 0; i < view->field_count; i++)
		buf_printf(&names, ", '%s', '%s_key', '%s_digits', '%s_currency'",
		    view->fields[i]->name, view->fields[i]->name, view->fields[i]->name,
		    view->fields[i]->name);
	if (view->def->kind == ENTITY_LINE)
		buf_printf(&names, ", '%s_id'", view->def->parent);
	result = arena_strdup(world->arena,
	    pg_exec(world->database,
		"SELECT coalesce(string_agg(', ' || column_name, '' ORDER BY "
		"ordinal_position), '') || '|' || "
		"coalesce(string_agg(', ' || CASE data_type WHEN 'bytea' THEN "
		"quote_literal('x') || '::bytea' "
		"WHEN 'uuid' THEN 'gen_random_uuid()' WHEN 'text' THEN quote_literal('zh') "
		"ELSE '0' END, '' "
		"ORDER BY ordinal_position), '') FROM information_schema.columns "
		"WHERE table_schema = 'public' AND table_name = '%s' AND is_nullable = 'NO' "
		"AND column_default IS NULL AND column_name NOT IN (%s)",
		entity_table(view->def), buf_text(&names)));
	buf_fini(&names);
	return result;
}

static bool
world_is_stored(const struct field *field)
{
	return (field->flags & FIELD_FIGURE) == 0;
}

static void
world_put_columns(struct buf *out, const struct entity_view *view, const char *needed)
{
	buf_printf(out, "INSERT INTO %s (id", entity_table(view->def));
	if (view->def->kind == ENTITY_LINE)
		buf_printf(out, ", %s_id, position", view->def->parent);
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];

		if (!world_is_stored(field))
			continue;
		buf_printf(out, ", %s", field->name);
		if (field->type == TYPE_MONEY)
			buf_printf(out, ", %s_currency", field->name);
		if (field->type == TYPE_PHONE)
			buf_printf(out, ", %s_digits", field->name);
		if (field->type == TYPE_TEXT && field->flags & FIELD_SORT)
			buf_printf(out, ", %s_key", field->name);
	}
	buf_printf(out, "%.*s, deleted_at) VALUES ", (int)strcspn(needed, "|"), needed);
}

static void
world_put_row(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row, const char *needed)
{
	buf_printf(out, "(%" PRId64, row->row.id);
	if (view->def->kind == ENTITY_LINE)
		buf_printf(out, ", %" PRId64 ", 0", row->parent->row.id);
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);

		if (!world_is_stored(field))
			continue;
		buf_puts(out, ", ");
		world_put_literal(out, field, &value);
		if (field->type == TYPE_MONEY)
			buf_puts(out, ", 'CNY'");
		if (field->type == TYPE_PHONE)
			buf_printf(out, ", '%s'", value.present ? value.text : "");
		if (field->type == TYPE_TEXT && field->flags & FIELD_SORT)
			buf_printf(out, ", '%s'",
			    value.present
				? pinyin_sort_key(world->arena, value.text,
				      field->flags & FIELD_PERSON ? PINYIN_PERSON : PINYIN_NAME)
				: "");
	}
	buf_printf(
	    out, "%s, %s)", strchr(needed, '|') + 1, row->row.deleted ? "now()" : "NULL");
}

static void
world_put_search_fields(struct world *world, const struct entity_view *view,
    const struct world_row *row, struct token_set *tokens, struct buf *doc)
{
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);

		if ((field->flags & FIELD_SEARCH) == 0 || !value.present)
			continue;
		token_index(world->arena, tokens, field->search, value.text);
		buf_printf(doc, "%c%" PRIu32 ".%" PRIu32 "\t%s\n", field->search,
		    view->def->number, field->number, value.text);
	}
}

static void
world_put_search(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row)
{
	const struct entity_view *lines[16];
	size_t kinds = catalog_lines(world->catalog, view->def, lines, 16);
	struct token_set tokens = { 0 };
	struct buf doc = BUF_INIT;

	world_put_search_fields(world, view, row, &tokens, &doc);
	for (size_t k = 0; k < kinds; k++) {
		const struct world_row *line = world_line(world, row, lines[k]->def);

		if (line != NULL)
			world_put_search_fields(world, lines[k], line, &tokens, &doc);
	}
	token_set_sort(&tokens);
	buf_printf(out,
	    "INSERT INTO %s_search (id, owner_id, department_id, branch_id, pool_id, tokens, "
	    "doc) VALUES (%" PRId64 ", nullif(%" PRId64 ", 0), %" PRId64 ", %" PRId64
	    ", nullif(%" PRId64 ", 0), array_to_tsvector(ARRAY[",
	    entity_table(view->def), row->row.id, row->row.owner, row->row.department,
	    row->row.branch, row->row.pool);
	for (size_t i = 0; i < tokens.count; i++)
		buf_printf(out, "%s'%s'", i > 0 ? "," : "", tokens.tokens[i]);
	buf_printf(out, "]::text[]), '%s');\n", buf_text(&doc));
	buf_fini(&doc);
}

static void
world_put_figures(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row)
{
	buf_printf(out, "INSERT INTO %s_figures (id", entity_table(view->def));
	for (size_t i = 0; i < view->field_count; i++)
		if (!world_is_stored(view->fields[i]))
			buf_printf(out, ", %s", view->fields[i]->name);
	buf_printf(out, ") VALUES (%" PRId64, row->row.id);
	for (size_t i = 0; i < view->field_count; i++) {
		struct world_value value = world_value(world, row, view->fields[i]);

		if (world_is_stored(view->fields[i]))
			continue;
		buf_puts(out, ", ");
		world_put_literal(out, view->fields[i], &value);
	}
	buf_puts(out, ") ON CONFLICT DO NOTHING;\n");
}

/* A value as history keeps it. */
static const char *
world_history_text(
    struct arena *arena, const struct field *field, const struct world_value *value)
{
	switch (field->type) {
	case TYPE_MONEY:
		return arena_printf(arena, "%" PRId64 " CNY", value->number);
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_MOMENT:
	case TYPE_REF:
		return arena_printf(arena, "%" PRId64, value->number);
	default:
		return value->text;
	}
}

/* One change that filled in every field. */
static void
world_put_history(struct world *world, struct buf *out, const struct entity_view *view,
    const struct world_row *row)
{
	const struct world_row *root = row->parent != NULL ? row->parent : row;
	struct buf fields = BUF_INIT, old = BUF_INIT, new = BUF_INIT;

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);

		if (!value.present || !world_is_stored(field) || field->flags & FIELD_HIDDEN)
			continue;
		buf_printf(&fields, "%s%" PRIu32, fields.bytes > 0 ? "," : "", field->number);
		buf_printf(&old, "%sNULL", old.bytes > 0 ? "," : "");
		buf_printf(&new, "%s'%s'", new.bytes > 0 ? "," : "",
		    world_history_text(world->arena, field, &value));
	}
	buf_printf(out,
	    "INSERT INTO history (at, user_id, entity, record_id, root_entity, root_id, "
	    "version, kind, fields, old, new) "
	    "VALUES (now() - interval '1 hour', %d, %" PRIu32 ", %" PRId64 ", %" PRIu32
	    ", %" PRId64 ", 1, 2, '{%s}', ARRAY[%s]::text[], ARRAY[%s]::text[]);\n",
	    COLLEAGUE, view->def->number, row->row.id, root->row.entity->number, root->row.id,
	    buf_text(&fields), buf_text(&old), buf_text(&new));
	buf_fini(&fields);
	buf_fini(&old);
	buf_fini(&new);
}

/* A line of a row that is not there goes with it. */
static bool
world_is_orphan(struct world_row *row)
{
	row->absent |= row->parent != NULL && row->parent->absent;
	return row->absent;
}

static void
world_note_absent(struct world *world, const struct entity_view *view)
{
	struct store *store = pg_store(world->database, NULL);
	struct sql *sql = sql_new(world->arena);
	struct rows *rows;

	sql_addf(sql, "SELECT id FROM %s", entity_table(view->def));
	store_begin(store);
	if (store_run(store, world->arena, sql, &rows) != ERR_OK)
		fatal("cannot read %s: %s", view->def->name, store_message(store));
	for (size_t i = 0; i < world->count; i++)
		if (world->rows[i]->row.entity == view->def && world->rows[i]->made)
			world->rows[i]->absent = true;
	for (size_t i = 0; i < rows->count; i++) {
		int64_t at = rows_int(rows, i, 0) - WORLD_FIRST_ID;

		if (at >= 0 && at < (int64_t)world->count)
			world->rows[at]->absent = false;
	}
	store_free(store);
}

static void
world_store_entity(struct world *world, const struct entity_view *view)
{
	const struct entity *def = view->def;
	const char *needed = world_needed(world, view);
	struct buf out = BUF_INIT;
	bool any = false;

	for (size_t i = 0; i < world->count; i++) {
		const struct world_row *row = world->rows[i];

		if (row->row.entity != def || !row->made || world_is_orphan(world->rows[i]))
			continue;
		if (!any)
			world_put_columns(&out, view, needed);
		buf_puts(&out, any ? ",\n" : "\n");
		any = true;
		world_put_row(world, &out, view, row, needed);
	}
	if (any)
		pg_exec(world->database, "%s ON CONFLICT DO NOTHING", buf_text(&out));
	buf_clear(&out);
	world_note_absent(world, view);
	for (size_t i = 0; any && i < world->count; i++) {
		const struct world_row *row = world->rows[i];

		if (row->row.entity != def || !row->made || row->absent)
			continue;
		if (def->searched)
			world_put_search(world, &out, view, row);
		if (def->figures)
			world_put_figures(world, &out, view, row);
		world_put_history(world, &out, view, row);
	}
	if (any)
		pg_exec(world->database, "%s", buf_text(&out));
	buf_fini(&out);
}

/* Set-up first, then customers, what names them, and lines last: references are there by then.
 */
static void
world_store_rows(struct world *world)
{
	for (int turn = 0; turn < 3; turn++) {
		for (uint32_t number = 1; number < 1000; number++) {
			const struct entity_view *view = catalog_entity(world->catalog, number);
			int at;

			if (view == NULL)
				continue;
			at = view->def->kind == ENTITY_SETUP  ? 0
			     : view->def->kind == ENTITY_LINE ? 2
							      : 1;
			if (at == turn)
				world_store_entity(world, view);
		}
	}
}

static void
world_put_rights(struct buf *out, const struct eval_facts *facts)
{
	for (size_t i = 0; i < facts->grant_count; i++) {
		const struct eval_grant *grant = &facts->grants[i];
		char scope[20] = "";

		for (size_t c = 0; grant->scope[c] != '\0'; c++)
			scope[c] = (char)tolower((unsigned char)grant->scope[c]);
		buf_printf(out,
		    "INSERT INTO role_grant (role_id, position, entity, scope, rights, states, "
		    "actions) SELECT id, 0, "
		    "'%s', '%s', %u, nullif('%s', ''), nullif('%s', '') FROM role WHERE name = "
		    "'%s';\n",
		    grant->entity, scope, grant->rights,
		    grant->states != NULL ? grant->states : "",
		    grant->actions != NULL ? grant->actions : "", grant->role);
	}
	for (size_t i = 0; i < facts->rule_count; i++) {
		static const char *const shows[] = { "clear", "readonly", "masked", "hidden" };
		const struct eval_field_rule *rule = &facts->rules[i];

		buf_printf(out,
		    "INSERT INTO role_field (role_id, position, entity, field, show, reveal) "
		    "SELECT id, 0, '%s', '%s', "
		    "'%s', false FROM role WHERE name = '%s';\n",
		    rule->entity, rule->field, shows[rule->show], rule->role);
	}
}

static void
world_store_people(struct world *world)
{
	const struct eval_facts *facts = &world->facts;
	struct buf out = BUF_INIT;

	buf_puts(&out,
	    "INSERT INTO branch (id, name, name_key, parent_id, offset_min) VALUES (4, "
	    "'Below', 'below', 2, 480);\n"
	    "INSERT INTO department (id, name, name_key, branch_id) VALUES (15, 'Fifteen', "
	    "'15', 4), (16, 'Sixteen', '16', 2);\n"
	    "INSERT INTO pool (id, name, name_key, active) VALUES (31, 'Pool in', '31', true), "
	    "(32, 'Pool out', '32', true);\n"
	    "INSERT INTO pool_member (pool_id, member_department_id) VALUES (31, 11);\n");
	for (size_t i = 0; i < WORLD_ROLES; i++)
		buf_printf(&out,
		    "INSERT INTO role (name, name_key, label, label_key, second_factor) VALUES "
		    "('%s', '%s', '%s', '%s', false);\n",
		    world_roles[i], world_roles[i], world_roles[i], world_roles[i]);
	world_put_rights(&out, facts);
	for (size_t i = 0; i < facts->user_count; i++) {
		const struct eval_user *user = &facts->users[i];
		const char *name = i < world->reader_count
				       ? world_reader_name(world, i)
				       : arena_printf(world->arena, "u%" PRId64, user->id);

		buf_printf(&out,
		    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, "
		    "department_id, superior_id, disabled, "
		    "password_hash) SELECT %" PRId64 ", '%s', '%s', 'P%s', 'p%s', %" PRId64
		    ", %" PRId64 ", nullif(%" PRId64
		    ", 0), false, password_hash FROM users WHERE id = 101;\n",
		    user->id, name, name, name, name, user->branch, user->department,
		    user->superior);
		if (user->role[0] != '\0')
			buf_printf(&out,
			    "INSERT INTO user_role (user_id, role_id) SELECT %" PRId64
			    ", id FROM role WHERE name = '%s';\n",
			    user->id, user->role);
	}
	pg_exec(world->database, "%s", buf_text(&out));
	buf_fini(&out);
}

/* The customer that all readers belong to; it counts for a role whose scope is the company. */
static void
world_store_company(struct world *world)
{
	const struct entity *customer = world_entity(world, "customer");
	const struct world_row *place = world_find(world, customer, PLACE_COMPANY, 0);
	int64_t company = place != NULL ? place->row.id : 0;
	struct eval_user *users = (struct eval_user *)(uintptr_t)world->facts.users;

	for (size_t r = 0; r < world->reader_count; r++)
		users[r].company = company;
	pg_exec(world->database,
	    "UPDATE users SET company_id = %" PRId64 " WHERE id BETWEEN %d AND %zu", company,
	    READER, READER + world->reader_count - 1);
	for (size_t i = 0; i < world->count; i++) {
		struct world_row *row = world->rows[i];
		const struct field of = { .type = TYPE_REF, .ref = "customer" };
		const char *column = entity_company_column(row->row.entity);
		const struct world_row *target;

		if (column == NULL || row->parent != NULL)
			continue;
		target = row->row.entity == customer ? row : world_target(world, row, &of);
		row->row.company = target != NULL ? target->row.id : 0;
	}
}

static void
world_store_shares(struct world *world)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < world->facts.share_count; i++) {
		const struct eval_share *share = &world->facts.shares[i];

		buf_printf(&out,
		    "INSERT INTO record_share (user_id, entity, record_id, rights) VALUES "
		    "(%" PRId64 ", %" PRIu32 ", %" PRId64 ", %d);\n",
		    share->user, share->entity->number, share->record, share->write ? 5 : 1);
	}
	buf_printf(&out, "SELECT setval('record_id', 9000000); UPDATE state SET access_epoch = "
			 "access_epoch + 1, "
			 "catalog_version = catalog_version + 1;\n");
	pg_exec(world->database, "%s", buf_text(&out));
	buf_fini(&out);
}

struct world *
world_make(const char *database)
{
	struct arena *arena = arena_new(0);
	struct world *world = ARENA_NEW(arena, struct world);

	world->arena = arena;
	world->database = database;
	world->catalog = catalog_new(1);
	world_make_facts(world);
	world_store_people(world);
	world_add_rows(world);
	world_store_rows(world);
	world_store_company(world);
	world_store_shares(world);
	return world;
}

void
world_free(struct world *world)
{
	catalog_unref(world->catalog);
	arena_free(world->arena);
}

/* ---- reading answers -------------------------------------------------------------------- */

static bool
world_hex(const uint8_t *data, size_t digits, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < digits; i++) {
		if (!isxdigit(data[i]))
			return false;
		*number =
		    *number * 16 +
		    (uint64_t)(isdigit(data[i]) ? data[i] - '0' : tolower(data[i]) - 'a' + 10);
	}
	return true;
}

static bool
world_digits(const uint8_t *data, size_t digits, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < digits; i++) {
		if (!isdigit(data[i]))
			return false;
		*number = *number * 10 + (uint64_t)(data[i] - '0');
	}
	return true;
}

void
world_scan(const struct world *world, const uint8_t *data, size_t bytes,
    void (*found)(void *to, const struct world_row *row, uint32_t field), void *to)
{
	for (size_t at = 0; at + 11 <= bytes; at++) {
		const struct world_row *row = NULL;
		uint64_t id, field = 0;

		if ((data[at] == 'Z' || data[at] == 'z') && data[at + 1] == 'q' &&
		    at + 12 <= bytes && world_hex(data + at + 2, 7, &id) &&
		    data[at + 9] == 'f' && world_hex(data + at + 10, 2, &field))
			row = world_row(world, (int64_t)id);
		else if (memcmp(data + at, "199", 3) == 0 &&
			 world_digits(data + at + 3, 6, &id) &&
			 world_digits(data + at + 9, 2, &field))
			row = world_row(world, (int64_t)id + 5000000);
		if (row != NULL && row->made)
			found(to, row, (uint32_t)field);
	}
}

bool
world_shows(
    const struct world *world, const struct eval_user *user, const struct world_row *row)
{
	const struct entity_view *view =
	    catalog_entity(world->catalog, row->row.entity->number);
	const struct world_row *anchor;

	if (row->parent != NULL)
		return world_shows(world, user, row->parent);
	if ((eval_rights(&world->facts, user, row->row.entity) & EVAL_VIEW) != 0 &&
	    row->row.entity->kind != ENTITY_ANCHORED &&
	    eval_sees(&world->facts, user, &row->row))
		return true;
	if ((eval_rights(&world->facts, user, row->row.entity) & EVAL_VIEW) == 0 &&
	    row->row.entity->kind != ENTITY_ANCHORED)
		return false;
	/* Through a record it names, while that is open. */
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		const struct world_row *target =
		    field->type == TYPE_REF ? world_target(world, row, field) : NULL;

		if (target != NULL && world_value(world, row, field).present &&
		    eval_sees(&world->facts, user, &target->row))
			return true;
	}
	anchor = row->row.entity->anchored || row->row.entity->kind == ENTITY_ANCHORED
		     ? world_anchor(world, row)
		     : NULL;
	return anchor != NULL && eval_sees(&world->facts, user, &anchor->row);
}

const char *
world_sums(const struct world *world, struct arena *arena)
{
	struct buf sql = BUF_INIT;
	const char *sums;

	buf_puts(&sql, "SELECT string_agg(x, E'\\n') FROM (");
	/* What a user has read is counted all the time. */
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		if (entity_shipped[e]->number != E_reading)
			buf_printf(&sql,
			    "%sSELECT '%s ' || count(*) || ' ' || "
			    "coalesce(sum(hashtextextended(t::text, 0)), 0) AS x FROM %s t",
			    e > 0 ? " UNION ALL " : "", entity_table(entity_shipped[e]),
			    entity_table(entity_shipped[e]));
	buf_printf(&sql,
	    " UNION ALL SELECT 'share ' || coalesce(sum(hashtextextended(t::text, 0)), 0) "
	    "FROM record_share t"
	    " UNION ALL SELECT 'history ' || count(*) FROM history WHERE entity <> %d"
	    " UNION ALL SELECT 'outcome ' || count(*) FROM outcome) s",
	    E_reading);
	sums = arena_strdup(arena, pg_exec(world->database, "%s", buf_text(&sql)));
	buf_fini(&sql);
	return sums;
}
