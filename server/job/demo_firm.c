/*
 * The demo company itself: a branch for every place others are served from, a head office in
 * the first, departments of some ten account managers under a supervisor, a few of every
 * other role, pools and tags. One branch for every region, one account manager for 500
 * customers.
 */
#include "common/pinyin.h"
#include "common/text.h"
#include "server/access/roles.h"
#include "server/job/demo_make.h"

#include <stdio.h>
#include <string.h>

enum { DEMO_TEAM = 10, DEMO_CUSTOMERS_A_MANAGER = 500 };

struct demo_firm {
	struct demo_world *world;
	const struct demo_options *options;
	const int64_t *role_ids;
	struct demo_random random;
	int64_t created_us;
	char (*logins)[48];
	size_t login_count, login_room;
	struct demo_manager_of *managers;
	size_t manager_count;
	int64_t sales[32];   /* a branch's first sales department */
	int64_t salesperson; /* the first user's id, set aside */
};

static void
demo_firm_stamps(const struct demo_firm *firm, struct demo_rows *rows)
{
	demo_stamps(rows, firm->created_us, firm->created_us, 0);
	demo_row_end(rows);
}

static void
demo_name_cells(const struct demo_firm *firm, struct demo_rows *rows, const char *name,
    enum pinyin_kind kind)
{
	demo_text(rows, name);
	demo_text(rows, pinyin_sort_key(firm->world->arena, name, kind));
}

/* ---- branches ---------------------------------------------------------------------------- */

static void
demo_firm_branches(struct demo_firm *firm)
{
	struct demo_world *world = firm->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_branch];

	for (size_t b = 0; b < world->branch_count; b++) {
		struct demo_branch *branch = &world->branches[b];
		const struct demo_place *place = &demo_places[branch->place];
		const char *phone = demo_landline(&firm->random, world->arena, place);

		branch->id = world->next_id++;
		demo_int(rows, branch->id);
		demo_name_cells(firm, rows,
		    arena_printf(world->arena, "%s%s", place->zh, b == 0 ? "总公司" : "分公司"),
		    PINYIN_NAME);
		demo_text(rows, arena_printf(world->arena, "B%s", place->code));
		demo_ref(rows, b == 0 ? 0 : world->branches[0].id);
		demo_ref(rows, branch->region);
		demo_text(rows, arena_printf(world->arena, "%s市%s88号", place->zh,
				    demo_word(&firm->random, world->vocabulary, DEMO_street)));
		demo_text(rows, phone);
		demo_text(rows, text_digits(world->arena, phone));
		demo_int(rows, DEMO_OFFSET_MIN);
		demo_firm_stamps(firm, rows);
	}
}

/* ---- departments ------------------------------------------------------------------------- */

static int64_t
demo_firm_department(
    struct demo_firm *firm, size_t branch, int64_t parent, const char *what, const char *code)
{
	struct demo_world *world = firm->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_department];
	const struct demo_place *place = &demo_places[world->branches[branch].place];
	int64_t id = world->next_id++;

	demo_int(rows, id);
	demo_name_cells(
	    firm, rows, arena_printf(world->arena, "%s%s", place->zh, what), PINYIN_NAME);
	demo_text(rows, arena_printf(world->arena, "%s-%s", place->code, code));
	demo_int(rows, world->branches[branch].id);
	demo_ref(rows, parent);
	demo_firm_stamps(firm, rows);
	return id;
}

/* 一 … 九十九 */
static const char *
demo_chinese_number(struct arena *arena, unsigned number)
{
	static const char *const digits[] = { "", "一", "二", "三", "四", "五", "六", "七",
		"八", "九" };

	if (number < 10)
		return digits[number];
	return arena_printf(
	    arena, "%s十%s", number < 20 ? "" : digits[number / 10 % 10], digits[number % 10]);
}

/* ---- staff ------------------------------------------------------------------------------- */

/* wangxm, wangxm2, wangxm3 … */
static const char *
demo_firm_login(struct demo_firm *firm, const char *wanted)
{
	char *login = firm->logins[firm->login_count];

	snprintf(login, sizeof(firm->logins[0]), "%s", wanted);
	for (unsigned tried = 2;; tried++) {
		bool taken = false;

		for (size_t i = 0; i < firm->login_count && !taken; i++)
			taken = strcmp(firm->logins[i], login) == 0;
		if (!taken)
			break;
		snprintf(login, sizeof(firm->logins[0]), "%s%u", wanted, tried);
	}
	firm->login_count++;
	return login;
}

static size_t
demo_role_index(const char *name)
{
	size_t at = 0;

	while (strcmp(role_shipped[at].name, name) != 0)
		at++;
	return at;
}

static void
demo_user_role(struct demo_firm *firm, int64_t user, const char *role)
{
	struct demo_rows *rows = &firm->world->chunk.tables[DEMO_TABLE_user_role];

	demo_int(rows, firm->world->next_id++);
	demo_int(rows, user);
	demo_int(rows, 1);
	demo_int(rows, firm->role_ids[demo_role_index(role)]);
	demo_firm_stamps(firm, rows);
}

struct demo_post {
	size_t branch;
	int64_t department, superior;
	const char *role;
};

static struct demo_person
demo_firm_user(struct demo_firm *firm, const struct demo_post *post,
    const struct demo_human *human, int64_t id)
{
	struct demo_world *world = firm->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_users];
	bool first = id == firm->salesperson;
	const char *login = first ? firm->logins[0] : demo_firm_login(firm, human->login);
	const char *phone = demo_mobile(&firm->random, world->arena);
	const char *hash = firm->options->password != NULL
			       ? firm->options->password(firm->options->to, login)
			       : NULL;

	demo_int(rows, id);
	demo_name_cells(firm, rows, login, PINYIN_NAME);
	demo_name_cells(firm, rows, human->name, PINYIN_PERSON);
	demo_int(rows, world->branches[post->branch].id);
	demo_ref(rows, post->department);
	demo_ref(rows, post->superior);
	demo_text(rows, arena_printf(world->arena, "%s@kehu.example.com", login));
	demo_text(rows, phone);
	demo_text(rows, text_digits(world->arena, phone));
	demo_text(rows, human->english ? "en" : "zh");
	demo_text(rows, hash);
	demo_firm_stamps(firm, rows);
	demo_user_role(firm, id, post->role);
	world->result->users[first ? 0 : world->result->user_count++] = (struct demo_user){
		.login = login, .label = human->name, .role = post->role, .id = id
	};
	return (struct demo_person){ .user = id,
		.department = post->department,
		.branch = post->branch,
		.name = human->name };
}

static struct demo_person
demo_firm_hire(struct demo_firm *firm, const struct demo_post *post)
{
	struct demo_world *world = firm->world;
	struct demo_human human = demo_human(
	    &firm->random, world->arena, world->vocabulary, demo_chance(&firm->random, 2));

	return demo_firm_user(firm, post, &human, world->next_id++);
}

/* The first account manager of the head office is the one the demo logs in as. */
static struct demo_person
demo_firm_salesperson(struct demo_firm *firm, const struct demo_post *post)
{
	struct demo_human human = { .name = "王晓敏", .surname = "王", .female = true };

	return demo_firm_user(firm, post, &human, firm->salesperson);
}

static void
demo_firm_manages(struct demo_firm *firm, int64_t department, int64_t manager)
{
	firm->managers[firm->manager_count++] =
	    (struct demo_manager_of){ .department = department, .manager = manager };
}

/* A supervisor with a team. */
static void
demo_firm_team(struct demo_firm *firm, struct demo_post post, size_t first, size_t count)
{
	struct demo_world *world = firm->world;

	post.role = "sales_supervisor";
	int64_t supervisor = demo_firm_hire(firm, &post).user;

	demo_firm_manages(firm, post.department, supervisor);
	post.role = "account_manager";
	post.superior = supervisor;
	for (size_t i = first; i < first + count; i++)
		world->managers[i] =
		    i == 0 ? demo_firm_salesperson(firm, &post) : demo_firm_hire(firm, &post);
}

/* A small branch is one team; a larger one has teams below its sales department. */
static void
demo_firm_sales(struct demo_firm *firm, size_t b)
{
	struct demo_world *world = firm->world;
	const struct demo_branch *branch = &world->branches[b];
	struct demo_post post = { .branch = b };
	size_t teams = (branch->count + DEMO_TEAM - 1) / DEMO_TEAM;

	firm->sales[b] = post.department = demo_firm_department(firm, b, 0, "销售部", "S");
	if (teams == 1) {
		demo_firm_team(firm, post, branch->first, branch->count);
		return;
	}
	post.role = "sales_supervisor";
	post.superior = demo_firm_hire(firm, &post).user;
	demo_firm_manages(firm, firm->sales[b], post.superior);
	for (size_t t = 0; t < teams; t++) {
		size_t first = branch->count * t / teams, end = branch->count * (t + 1) / teams;
		const char *nth = demo_chinese_number(world->arena, (unsigned)t + 1);

		post.department = demo_firm_department(firm, b, firm->sales[b],
		    arena_printf(world->arena, "销售%s部", nth),
		    arena_printf(world->arena, "S%zu", t + 1));
		demo_firm_team(firm, post, branch->first + first, end - first);
	}
}

static void
demo_firm_office(struct demo_firm *firm, size_t branch, const char *name, const char *code,
    const char *const *roles, size_t count)
{
	struct demo_post post = { .branch = branch };

	post.department = demo_firm_department(firm, branch, 0, name, code);
	for (size_t i = 0; i < count; i++) {
		post.role = roles[i];
		struct demo_person person = demo_firm_hire(firm, &post);

		if (strcmp(roles[i], "marketing") == 0)
			firm->world->marketing = person;
		if (strcmp(roles[i], "finance") == 0)
			firm->world->finance = person;
		if (strcmp(roles[i], "service_agent") == 0)
			firm->world->branches[branch].agent = person;
		if (strcmp(roles[i], "service_dispatcher") == 0)
			firm->world->branches[branch].dispatcher = person;
		if (strcmp(roles[i], "service_technician") == 0)
			firm->world->branches[branch].technician = person;
		if (i == 0) {
			demo_firm_manages(firm, post.department, person.user);
			post.superior = person.user;
		}
	}
}

static void
demo_firm_offices(struct demo_firm *firm)
{
	static const char *const service[] = { "service_dispatcher", "service_agent",
		"service_technician" };
	static const char *const board[] = { "executive", "executive" };
	static const char *const information[] = { "administrator" };
	static const char *const marketing[] = { "marketing", "marketing" };
	static const char *const finance[] = { "finance", "finance" };
	static const char *const audit[] = { "auditor" };
	struct demo_post outside = { .branch = 0, .role = "external_user" };

	demo_firm_office(firm, 0, "总经办", "E", board, 2);
	demo_firm_office(firm, 0, "信息部", "I", information, 1);
	demo_firm_office(firm, 0, "市场部", "M", marketing, 2);
	demo_firm_office(firm, 0, "财务部", "F", finance, 2);
	demo_firm_office(firm, 0, "审计部", "A", audit, 1);
	for (size_t b = 0; b < firm->world->branch_count; b++)
		demo_firm_office(firm, b, "客户服务部", "K", service, 3);
	demo_firm_hire(firm, &outside);
}

/* ---- service ----------------------------------------------------------------------------- */

/* A branch's technician, or (user 0) one of a subcontractor's. */
static void
demo_firm_technician(struct demo_firm *firm, int64_t team, int64_t region, const struct demo_person *person)
{
	struct demo_world *world = firm->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_technician];

	demo_int(rows, world->next_id++);
	demo_name_cells(firm, rows, person->name, PINYIN_PERSON);
	demo_ref(rows, person->user);
	demo_ref(rows, team);
	demo_bool(rows, true);
	demo_ref(rows, region);
	demo_text(rows, person->user == 0 ? "诚信安装服务部" : NULL);
	demo_firm_stamps(firm, rows);
}

static void
demo_firm_teams_of_service(struct demo_firm *firm)
{
	struct demo_world *world = firm->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_service_team];
	const struct demo_person outside = { .name = "外包 张师傅" };

	for (size_t b = 0; b < world->branch_count; b++) {
		const struct demo_branch *branch = &world->branches[b];
		int64_t team = world->next_id++;

		demo_int(rows, team);
		demo_name_cells(firm, rows, arena_printf(world->arena, "%s服务队", demo_places[branch->place].zh), PINYIN_NAME);
		demo_bool(rows, true);
		demo_ref(rows, branch->region);
		demo_ref(rows, branch->dispatcher.user);
		demo_bool(rows, false);
		demo_firm_stamps(firm, rows);
		demo_firm_technician(firm, team, branch->region, &branch->technician);
		demo_firm_technician(firm, team, branch->region, &outside);
	}
}

/* ---- pools and tags ---------------------------------------------------------------------- */

/* Of the first region only: D customers whom nobody meets leave within a week, the others in a quarter. */
static void
demo_firm_pool_rules(struct demo_firm *firm)
{
	struct demo_world *world = firm->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_pool_rule];

	for (size_t i = 0; i < 2; i++) {
		demo_int(rows, world->next_id++);
		demo_int(rows, world->pools[1]);
		demo_int(rows, (int64_t)i);
		demo_text(rows, i == 0 ? NULL : "D");
		demo_int(rows, i == 0 ? 90 : 7);
		if (i == 0)
			demo_int(rows, 180);
		else
			demo_null(rows);
		demo_null(rows);
		demo_firm_stamps(firm, rows);
	}
}

static void
demo_firm_pools(struct demo_firm *firm)
{
	static const char *const names[] = { "全国公海", "华东公海", "华北公海", "华南公海",
		"西部公海" };
	struct demo_world *world = firm->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_pool];
	struct demo_rows *members = &world->chunk.tables[DEMO_TABLE_pool_member];

	world->pool_count = sizeof(names) / sizeof(names[0]);
	for (size_t p = 0; p < world->pool_count; p++) {
		world->pools[p] = world->next_id++;
		demo_int(rows, world->pools[p]);
		demo_name_cells(firm, rows, names[p], PINYIN_NAME);
		demo_bool(rows, true);
		demo_bool(rows, p == 1);
		demo_int(rows, 7);
		demo_int(rows, 5);
		demo_int(rows, 1);
		demo_int(rows, 7);
		demo_int(rows, 90);
		demo_firm_stamps(firm, rows);
	}
	demo_firm_pool_rules(firm);
	for (size_t b = 0; b < world->branch_count; b++) {
		size_t regional = 1 + b % (world->pool_count - 1);

		for (size_t i = 0; i < 2; i++) {
			demo_int(members, world->next_id++);
			demo_int(members, world->pools[i == 0 ? 0 : regional]);
			demo_int(members, (int64_t)b + 1);
			demo_null(members);
			demo_int(members, firm->sales[b]);
			demo_firm_stamps(firm, members);
		}
	}
}

static void
demo_firm_tags(struct demo_firm *firm)
{
	struct demo_world *world = firm->world;
	const struct demo_list *words = &world->vocabulary->lists[DEMO_tag];
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_tag];

	for (size_t i = 0; i < words->count; i++) {
		world->tags[i] = world->next_id++;
		demo_int(rows, world->tags[i]);
		demo_name_cells(firm, rows, words->words[i], PINYIN_NAME);
		demo_int(rows, 0);
		demo_firm_stamps(firm, rows);
	}
	world->tag_count = words->count;
}

/* Those whom visits see at the customers'. */
static void
demo_make_competitors(struct demo_firm *firm)
{
	struct demo_world *world = firm->world;
	const struct demo_list *words = &world->vocabulary->lists[DEMO_competitor];
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_competitor];

	for (size_t i = 0; i < words->count && i < 16; i++) {
		world->competitors[i] = world->next_id++;
		demo_int(rows, world->competitors[i]);
		demo_name_cells(firm, rows, words->words[i], PINYIN_NAME);
		demo_firm_stamps(firm, rows);
		world->competitor_count++;
	}
}

/* ---- size -------------------------------------------------------------------------------- */

/* Branches with their share of the account managers: at least one, two at the head office. */
static void
demo_firm_plan(struct demo_world *world)
{
	uint64_t wanted = world->customers / DEMO_CUSTOMERS_A_MANAGER;
	uint64_t all = 0;
	uint64_t *weights = ARENA_ARRAY(world->arena, uint64_t, demo_place_count);

	world->branches = ARENA_ARRAY(world->arena, struct demo_branch, demo_place_count);
	for (size_t p = 0; p < demo_place_count; p++) {
		if (strcmp(demo_places[p].branch, demo_places[p].code) == 0)
			world->branches[world->branch_count++] =
			    (struct demo_branch){ .place = p,
				    .region = world->cities[p].region };
		all += demo_places[p].weight;
	}
	demo_world_serve(world);
	for (size_t p = 0; p < demo_place_count; p++)
		weights[world->cities[p].branch] += demo_places[p].weight;
	for (size_t b = 0; b < world->branch_count; b++) {
		struct demo_branch *branch = &world->branches[b];
		uint64_t share = (wanted * weights[b] + all / 2) / all;

		branch->count = (size_t)share > (b == 0) ? (size_t)share : 1 + (b == 0);
		branch->first = world->manager_count;
		world->manager_count += branch->count;
	}
	world->managers = ARENA_ARRAY(world->arena, struct demo_person, world->manager_count);
}

void
demo_make_firm(struct demo_world *world, const struct demo_options *options,
    const int64_t *role_ids, struct demo_manager_of **managers, size_t *manager_count)
{
	struct demo_firm firm = { .world = world, .options = options, .role_ids = role_ids };

	demo_firm_plan(world);
	/* Supervisors and offices come to fewer than this beside the account managers. */
	firm.login_room = world->manager_count * 2 + world->branch_count * 8 + 32;
	firm.logins = arena_array(world->arena, firm.login_room, sizeof(firm.logins[0]));
	firm.managers = ARENA_ARRAY(world->arena, struct demo_manager_of, firm.login_room);
	world->result->users = ARENA_ARRAY(world->arena, struct demo_user, firm.login_room);
	firm.random = demo_random_for(world->seed, UINT64_MAX);
	firm.created_us = demo_at(world->today - 6 * 366, 9 * 60);
	firm.salesperson = world->next_id++;
	strcpy(firm.logins[firm.login_count++], "wangxm");
	world->result->user_count = 1;
	demo_firm_branches(&firm);
	for (size_t b = 0; b < world->branch_count; b++)
		demo_firm_sales(&firm, b);
	demo_firm_offices(&firm);
	demo_firm_teams_of_service(&firm);
	demo_firm_pools(&firm);
	demo_firm_tags(&firm);
	demo_make_competitors(&firm);
	demo_make_goods(world, role_ids, firm.created_us);
	*managers = firm.managers;
	*manager_count = firm.manager_count;
}
