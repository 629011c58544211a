/*
 * See world.h. Rows are inserted by the superuser, past rules and policies, as kehud would have
 * stored them: with sort keys, digits, search rows and history. Values the rules of an entity
 * insist on are in one table below, and those that no rule cares about follow from the type.
 */
#include "tests/lib/world_private.h"

#include "common/log.h"
#include "common/text.h"
#include "server/store/migrate.h"
#include "tests/lib/pg.h"

#include <stdlib.h>
#include <string.h>

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
	{ "work_calendar", "hours", "1-5 09:00-18:00" },
	{ "technician", "user_id", NULL }, /* else who helps in a job sees it */
	{ "job_visit", "state", "open" },
	{ "job_visit", "done_at", NULL },
	{ "job_visit", "technician_id", NULL },
	{ "job_visit", "start_at", NULL },
	{ "job_visit", "minutes", "60" },
	{ "sla", "active", NULL },
	{ "ticket", "on_site_at", NULL },
	{ "ticket_clock", "alarm_at", NULL },
	{ "service_team", "automatic", NULL }, /* else tickets go elsewhere */
	{ "work_calendar", "zone", "UTC" },
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
	{ "saved_view", "sort_by", NULL },
	{ "saved_view", "group_by", NULL },
	{ "saved_view", "sum_of", NULL },
	{ "saved_view", "role_id", NULL },
	{ "report_schedule", "report", "customer_composition" },
	{ "report_schedule", "parameters", NULL },
	{ "report_schedule", "period", NULL },
	{ "report_schedule", "day", "1" },
	{ "report_schedule", "time", "08:00" },
	{ "report_schedule", "paused", "1" },
	{ "report_schedule", "receivers", NULL },
	{ "report_schedule", "keep_days", "30" },
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
	{ "attachment", "given_out", "1" },
	{ "certificate", "name", "#hex" },
	{ "certificate", "revoked_at", NULL },
	{ "plan_step", "due_on", "25000" },
	/* Of these the server does something by itself when their time has come: in 2100. */
	{ "reminder", "due_at", "4102444800000000" },
	{ "reminder", "told_at", "4102444800000000" },
	{ "visit_plan", "made_until", "47482" },
	{ "visit", "remind_min", NULL }, /* else there is a reminder more */
	{ "target", "person_id", "#owner" },
	{ "report", "name", "#hex" },
	{ "report", "shipped", "0" },
	{ "report", "disabled", "1" },
	{ "report", "source", "-- report: zh=x en=x\n-- table:\n-- column: a text zh=x en=x\nSELECT c.level AS a FROM {customer} c" },
};

/* ---- facts ------------------------------------------------------------------------------ */

static const struct eval_node world_branches[] = { { 1, 0 }, { BRANCH, 1 }, { OTHER_BRANCH, 1 },
	{ BRANCH_BELOW, BRANCH } };
static const struct eval_node world_departments[] = { { DEPARTMENT, 0 },
	{ DEPARTMENT_BELOW, DEPARTMENT }, { 13, 0 }, { DEPARTMENT_OF_OTHER, 0 },
	{ DEPARTMENT_BRANCH_BELOW, 0 }, { OTHER_DEPARTMENT, 0 } };
static const struct eval_member world_members[] = { { POOL, 0, DEPARTMENT }, { 21, 0, 13 } };

const char *const world_roles[WORLD_ROLES] = { "test_team", "test_hidden", "test_readonly",
	"test_states" };

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
					    field_word(field), show };
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

const char *
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

/* What somebody reads of a customer that he has not opened: nothing of these. */
static bool
world_goes_with_customer(const struct entity *entity)
{
	return text_has_word("customer contact anniversary customer_month customer_relation customer_move paper", entity->name);
}

static bool
world_names_customer(const struct entity *entity)
{
	return entity->kind == ENTITY_ANCHORED || entity_company_column(entity) != NULL;
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
		[PLACE_SHUT] = { COLLEAGUE, DEPARTMENT, BRANCH, 0 },
	};
	struct world_row *row = ARENA_NEW(world->arena, struct world_row);

	row->row = (struct eval_row){ .entity = entity,
		.id = WORLD_FIRST_ID + (int64_t)world->count,
		.state = world_state(world, entity, 0) };
	row->place = place;
	row->reader = reader;
	row->made = true;
	row->row.shut = place == PLACE_SHUT && world_goes_with_customer(entity);
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
		if ((entity->pooled || (place != PLACE_POOL && place != PLACE_OTHER_POOL)) &&
		    (place != PLACE_SHUT || world_names_customer(entity)))
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

/* A custom field of each kind on each kind of entity; every third is sensitive. Numbers apart from those of rows' texts. */
static const struct catalog *
world_define_fields(const char *database, struct arena *arena)
{
	struct migrate_options options = { .conninfo = pg_conninfo(database), .sql_dir = pg_sql_dir() };
	struct catalog *catalog = NULL;
	const char *why = "";
	size_t done;

	pg_exec(database,
	    "INSERT INTO field (name, name_key, number, kind, zh, en, dictionary_id, target, decimals, searched, sensitive) "
	    "SELECT e || '.own_' || k, '', 10060 + n, split_part(k, '_of', 1), e || '自定' || n, e || ' own ' || n, "
	    "(SELECT id FROM dictionary WHERE name = 'industry' AND k = 'choice'), "
	    "CASE WHEN k = 'reference' THEN 'user' END, CASE WHEN k = 'number_of' THEN 2 END, "
	    "e IN ('customer', 'customer_phone') AND k IN ('text', 'phone', 'mail', 'link'), n %% 3 = 0 "
	    "FROM unnest(ARRAY['customer', 'customer_phone', 'visit', 'order_line', 'product']) e, "
	    "unnest(ARRAY['text', 'block', 'number', 'number_of', 'money', 'date', 'moment', 'choice', 'reference', "
	    "'yes_no', 'phone', 'mail', 'link']) WITH ORDINALITY AS x (k, n)");
	if (maintain_run(&options, arena, &done, &why) != ERR_OK ||
	    migrate_read_catalog(&options, arena, &catalog, &why) != ERR_OK)
		fatal("custom fields of the world: %s", why);
	return catalog;
}

struct world *
world_make(const char *database)
{
	struct arena *arena = arena_new(0);
	struct world *world = ARENA_NEW(arena, struct world);

	world->arena = arena;
	world->database = database;
	world->catalog = world_define_fields(database, arena);
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
