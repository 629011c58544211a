/*
 * Pages for readers who see rows in many ways, and pages filtered inside a branch, beside the
 * plain page of a branch: PostgreSQL's CPU for each.
 */
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/figures.h"
#include "tests/lib/sample.h"

#include <inttypes.h>

#define ROUNDS      5
#define WIDEST_US   12000
#define FILTERED_US 5000

enum { PLAIN, SOME, WIDEST, LEVEL, LEVEL_RARE, STAGE, REGION, CASES };

static const struct {
	const char *name, *reader, *query;
	size_t answers;
} arms_cases[CASES] = {
	[PLAIN] = { "plain", "branch", "", 1000 },
	[SOME] = { "arms_some", "some", "", 400 },
	[WIDEST] = { "arms_widest", "widest", "", 200 },
	[LEVEL] = { "filter_level", "branch", "level:B", 400 },
	[LEVEL_RARE] = { "filter_level_rare", "branch", "level:A", 400 },
	[STAGE] = { "filter_stage", "branch", "stage:dormant", 400 },
	[REGION] = { "filter_region", "branch", NULL, 400 }, /* one of the branch's own */
};

struct arms_case {
	struct load *load;
	const char *queries[LOAD_CLIENTS];
	struct rounds rounds;
};

static void
arms_next(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame)
{
	const struct arms_case *arms = context;
	Kehu__List *list = ARENA_NEW(load->arena, Kehu__List);

	kehu__list__init(list);
	list->has_entity = list->has_limit = true;
	list->entity = E_customer;
	list->limit = 50;
	list->query = arena_strdup(load->arena, arms->queries[client]);
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame->list = list;
}

/* ---- answers ----------------------------------------------------------------------------- */

/* What the reader sees, by the tables: the ids of the first page in its order. */
static int64_t *
arms_expected(const struct arms_case *arms, size_t client, int64_t user, size_t *count)
{
	const char *query = arms->queries[client];
	const char *where = "";
	struct arena *arena = arms->load->arena;

	if (strncmp(query, "level:", 6) == 0)
		where = arena_printf(arena, "AND c.level = '%s'", query + 6);
	else if (strncmp(query, "stage:", 6) == 0)
		where = arena_printf(arena, "AND c.stage = '%s'", query + 6);
	else if (query[0] != '\0')
		where = arena_printf(arena,
		    "AND c.region_id IN (SELECT id FROM region WHERE name = '%s')", query + 7);
	return sample_ids(arms->load->big, arena, count,
	    "WITH RECURSIVE me AS (SELECT u.*, EXISTS (SELECT FROM user_role l JOIN role r ON "
	    "r.id = l.role_id "
	    "	WHERE l.user_id = u.id AND r.name = 'sales_supervisor') AS supervises, "
	    "	EXISTS (SELECT FROM user_role l JOIN role r ON r.id = l.role_id "
	    "	WHERE l.user_id = u.id AND r.name = 'service_dispatcher') AS dispatches "
	    "	FROM users u WHERE u.id = %" PRId64 "), "
	    "below AS (SELECT department_id AS id FROM me WHERE supervises "
	    "	UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id) "
	    "SELECT c.id FROM customer c, me WHERE c.deleted_at IS NULL AND (c.owner_id = "
	    "me.id "
	    "OR c.department_id IN (SELECT id FROM below) OR dispatches AND c.branch_id = "
	    "me.branch_id "
	    "OR c.pool_id IN (SELECT pool_id FROM pool_member m WHERE m.user_id = me.id AND "
	    "m.deleted_at IS NULL) "
	    "OR c.id IN (SELECT record_id FROM record_share s WHERE s.user_id = me.id AND "
	    "s.entity = %d)) %s "
	    "ORDER BY c.name_key, c.id LIMIT 50",
	    user, E_customer, where);
}

static void
arms_check(const struct arms_case *arms, size_t client, int64_t user, const char *name)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;
	int64_t *ids;
	size_t count;

	arms_next(arms->load, client, (void *)(uintptr_t)arms, &frame);
	answer = load_ask(arms->load, client, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		fatal("%s: no page", name);
	ids = arms_expected(arms, client, user, &count);
	if (count == 0 || answer->page->n_rows != count)
		fatal("%s: %zu rows, not %zu", name, answer->page->n_rows, count);
	for (size_t i = 0; i < count; i++)
		if (answer->page->rows[i]->id != ids[i])
			fatal("%s: row %zu is %" PRId64 ", not %" PRId64, name, i,
			    answer->page->rows[i]->id, ids[i]);
	load_forget(arms->load);
}

/* ---- rounds ------------------------------------------------------------------------------ */

static const char *
arms_region(const struct big *big, struct arena *arena, int64_t user)
{
	struct rows *rows = sample_rows(big, arena,
	    "SELECT r.name FROM customer c JOIN region r ON r.id = c.region_id "
	    "WHERE c.deleted_at IS NULL AND c.branch_id = (SELECT branch_id FROM users WHERE "
	    "id = %" PRId64 ") AND (SELECT count(*) FROM region o WHERE o.name = r.name) = 1 "
	    "AND NOT EXISTS (SELECT FROM region o WHERE o.parent_id = r.id) "
	    "GROUP BY 1 ORDER BY count(*) DESC, 1 OFFSET 3 LIMIT 1",
	    user);

	if (rows->count == 0)
		fatal("no region to filter by");
	return arena_printf(arena, "region:%s", rows_text(rows, 0, 0));
}

static void
arms_open(struct arms_case *arms, size_t kind, const struct big *big)
{
	const struct load_work work = { .next = arms_next, .context = arms };
	bool many = arms_cases[kind].reader[0] == 'b';
	int64_t users[LOAD_CLIENTS];

	for (int i = 0; i < LOAD_CLIENTS; i++) {
		users[i] = big_reader(big, arms_cases[kind].reader, many ? i : 0);
		arms->queries[i] = arms_cases[kind].query;
		if (arms->queries[i] == NULL)
			arms->queries[i] = arms_region(big, big->arena, users[i]);
	}
	arms->load = load_new(big, users, LOAD_CLIENTS, true);
	for (size_t i = 0; i < (many ? 3 : 1); i++)
		arms_check(arms, i, users[i], arms_cases[kind].name);
	load_run(arms->load, &work, 200);
}

static void
arms_tell(struct spent spent[BIG_SIZES_MAX][CASES], size_t size)
{
	uint64_t customers = big_at(size)->customers;
	const struct spent *of = spent[size];

	figure(
	    "arms_some_pg_cpu", customers, of[SOME].pg_us, "us", of[PLAIN].pg_us, AT_MOST, 8);
	figure("arms_widest_pg_cpu", customers, of[WIDEST].pg_us, "us", WIDEST_US, AT_MOST, 1);
	for (size_t i = LEVEL; i < CASES; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s_pg_cpu", arms_cases[i].name);
		figure(name, customers, of[i].pg_us, "us", FILTERED_US, AT_MOST, 1);
	}
}

int
main(void)
{
	static struct arms_case cases[BIG_SIZES_MAX][CASES];
	struct spent spent[BIG_SIZES_MAX][CASES];
	size_t sizes;

	big_start();
	sizes = big_count();
	for (size_t s = 0; s < sizes; s++)
		for (size_t c = 0; c < CASES; c++)
			arms_open(&cases[s][c], c, big_at(s));
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t c = 0; c < CASES; c++)
			for (size_t s = 0; s < sizes; s++)
				rounds_measure(&cases[s][c].rounds, cases[s][c].load,
				    &(struct load_work){
					.next = arms_next, .context = &cases[s][c] },
				    arms_cases[c].answers);
	for (size_t s = 0; s < sizes; s++) {
		for (size_t c = 0; c < CASES; c++)
			spent[s][c] = rounds_median(&cases[s][c].rounds);
		arms_tell(spent, s);
	}
	for (size_t c = SOME; c < CASES; c++)
		figure_growth(
		    arms_cases[c].name, spent[0][c].pg_us, spent[sizes - 1][c].pg_us, "us");
	return 0;
}
