/*
 * The home screen of a salesperson with 2,000 customers and 10,000 activities: one request, one
 * answer, PostgreSQL's CPU, among the activities of few and of many others.
 */
#include "common/log.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"
#include "tests/lib/sample.h"

#include <inttypes.h>

#define ROUNDS     5
#define ANSWERS    200
#define CUSTOMERS  2000
#define ACTIVITIES 10000
#define MAX_US     10000
#define SECTIONS   4 /* at least: there is something of each kind to do */

struct home_bench {
	struct load *load;
	struct rounds rounds;
};

static void
home_next(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame)
{
	Kehu__Today *today = ARENA_NEW(load->arena, Kehu__Today);

	(void)client;
	(void)context;
	kehu__today__init(today);
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame->today = today;
}

/*
 * An account manager nobody else measures, with so many customers and visits of their own: what
 * is missing is added once. Of a hundred visits one is overdue and two are to come.
 */
static int64_t
home_user(const struct big *big)
{
	int64_t user;

	pg_exec(big->database,
	    "INSERT INTO bench.reader SELECT 'home', 0, max(u.id) FROM users u "
	    "JOIN user_role l ON l.user_id = u.id JOIN role r ON r.id = l.role_id "
	    "WHERE r.name = 'account_manager' AND u.id NOT IN (SELECT user_id FROM "
	    "bench.reader) "
	    "ON CONFLICT DO NOTHING");
	user = big_reader(big, "home", 0);
	pg_exec(big->database,
	    "INSERT INTO customer (number, number_key, name, name_key, type, level, stage, "
	    "owner_id, "
	    "department_id, branch_id, created_by, updated_by) "
	    "SELECT 'HOME' || n, 'home' || n, 'Home ' || n, 'home ' || n, 'company', "
	    "chr((65 + n %% 4)::integer), 'potential', u.id, u.department_id, u.branch_id, "
	    "u.id, u.id "
	    "FROM users u, generate_series((SELECT count(*) FROM customer WHERE owner_id = "
	    "%" PRId64 " AND deleted_at IS NULL) + 1, %d) n WHERE u.id = %" PRId64,
	    user, CUSTOMERS, user);
	pg_exec(big->database,
	    "INSERT INTO visit (customer_id, at, kind, purpose, state, owner_id, "
	    "department_id, "
	    "branch_id, created_by, updated_by) "
	    "SELECT c.ids[1 + n %% cardinality(c.ids)], now() - make_interval(hours => "
	    "(CASE n %% 100 WHEN 0 THEN 30 WHEN 1 THEN -1 WHEN 2 THEN -200 ELSE n "
	    "END)::integer), "
	    "'visit', 'home', CASE WHEN n %% 100 < 3 THEN 'planned' ELSE 'completed' END, "
	    "u.id, u.department_id, u.branch_id, u.id, u.id "
	    "FROM users u, (SELECT array_agg(id ORDER BY id) AS ids FROM customer WHERE "
	    "owner_id = %" PRId64 " AND deleted_at IS NULL) c, generate_series((SELECT "
	    "count(*) FROM visit WHERE owner_id = %" PRId64
	    " AND deleted_at IS NULL) + 1, %d) n WHERE u.id = %" PRId64,
	    user, user, ACTIVITIES, user);
	pg_exec(big->database, "ANALYZE visit, customer");
	return user;
}

static void
home_check(struct load *load)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;

	home_next(load, 0, NULL, &frame);
	answer = load_ask(load, 0, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TODAY ||
	    answer->today->n_sections < SECTIONS)
		fatal("there is nothing to do today");
}

static void
home_open(struct home_bench *bench, const struct big *big)
{
	const struct load_work work = { .next = home_next };
	int64_t users[LOAD_CLIENTS], user = home_user(big);

	for (int i = 0; i < LOAD_CLIENTS; i++)
		users[i] = user;
	bench->load = load_new(big, users, LOAD_CLIENTS, true);
	home_check(bench->load);
	load_run(bench->load, &work, ANSWERS); /* statements prepared and planned everywhere */
}

int
main(void)
{
	static struct home_bench benches[BIG_SIZES_MAX];
	struct spent spent[BIG_SIZES_MAX];
	size_t last;

	big_start();
	last = big_count() - 1;
	for (size_t i = 0; i <= last; i++)
		home_open(&benches[i], big_at(i));
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i <= last; i++)
			rounds_measure(&benches[i].rounds, benches[i].load,
			    &(struct load_work){ .next = home_next }, ANSWERS);
	for (size_t i = 0; i <= last; i++) {
		spent[i] = rounds_median(&benches[i].rounds);
		figure("home_pg_cpu", big_at(i)->customers, spent[i].pg_us, "us", MAX_US,
		    AT_MOST, 1);
		figure("home_kehud_cpu", big_at(i)->customers, spent[i].kehud_us, "us",
		    spent[i].pg_us, AT_MOST, 0);
		/* load_run waits for one frame for each that it sent. */
		figure("home_round_trips", big_at(i)->customers, 1, "", 1, AT_MOST, 1);
	}
	figure_growth("home_pg_cpu", spent[0].pg_us, spent[last].pg_us, "us");
	return 0;
}
