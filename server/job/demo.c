/*
 * The demo's way into a database: what is there already, the load, and what must go on from
 * it (ids, document numbers). Making the rows is demo_make.h's job, copying them demo_load.h's.
 */
#include "server/job/demo.h"
#include "server/access/roles.h"
#include "server/entity/dictionaries.h"
#include "server/job/demo_day.h"
#include "server/job/demo_load.h"
#include "server/job/demo_make.h"

#include <string.h>
#include <time.h>

enum { DEMO_CHUNK = 2000, DEMO_HEAVY = 20000 };

struct demo_run {
	struct store *store;
	struct arena *arena;
	const struct demo_options *options;
	struct demo_result *result;
	struct demo_world *world;
	struct demo_load *load;
	bool made_firm; /* else customers are added to one that was there */
};

/* ---- what is there ----------------------------------------------------------------------- */

static enum err
demo_run_regions(struct demo_run *run, struct demo_region **regions, size_t *count)
{
	struct sql *sql = sql_new(run->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql,
	    "SELECT id, code, name FROM region WHERE deleted_at IS NULL ORDER BY code, id");
	err = store_run(run->store, run->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	*count = rows->count;
	*regions = ARENA_ARRAY(run->arena, struct demo_region, rows->count);
	for (size_t i = 0; i < rows->count; i++)
		(*regions)[i] = (struct demo_region){ .id = rows_int(rows, i, 0),
			.code = rows_text(rows, i, 1),
			.name = rows_text(rows, i, 2) };
	return ERR_OK;
}

/* Numbers given so far, and room for new ids in one piece. */
static enum err
demo_run_counters(struct demo_run *run)
{
	uint64_t room = run->options->customers * DEMO_IDS_A_CUSTOMER + DEMO_IDS_A_FIRM;
	struct sql *ids = sql_new(run->arena), *series = sql_new(run->arena);
	struct rows *id, *numbers;
	enum err err;

	sql_add(ids, "SELECT setval('record_id', nextval('record_id') + ");
	sql_int(ids, (int64_t)room);
	sql_add(ids, ")");
	store_queue(run->store, ids, &id);
	sql_add(series, "SELECT prefix, last FROM number_series WHERE period = ''");
	store_queue(run->store, series, &numbers);
	err = store_flush(run->store, run->arena);
	if (err != ERR_OK)
		return err;
	run->world->next_id = rows_int(id, 0, 0) - (int64_t)room;
	for (size_t i = 0; i < numbers->count; i++)
		demo_number_known(
		    run->world, rows_text(numbers, i, 0), (uint64_t)rows_int(numbers, i, 1));
	run->world->before = run->world->numbers[DEMO_SERIES_CUSTOMER][0];
	return ERR_OK;
}

/* ---- a new company ----------------------------------------------------------------------- */

/* Departments come before their managers can, so they learn of them afterwards. */
static enum err
demo_run_managers(struct demo_run *run, const struct demo_manager_of *managers, size_t count)
{
	int64_t *department = ARENA_ARRAY(run->arena, int64_t, count);
	int64_t *manager = ARENA_ARRAY(run->arena, int64_t, count);
	struct sql *sql = sql_new(run->arena);

	for (size_t i = 0; i < count; i++) {
		department[i] = managers[i].department;
		manager[i] = managers[i].manager;
	}
	sql_add(sql, "UPDATE department d SET manager_id = m.manager FROM unnest(");
	sql_ints(sql, department, count);
	sql_add(sql, ", ");
	sql_ints(sql, manager, count);
	sql_add(sql, ") m (department, manager) WHERE d.id = m.department");
	return store_run(run->store, run->arena, sql, NULL);
}

static enum err
demo_run_roles(struct demo_run *run, int64_t *ids)
{
	struct sql *sql = sql_new(run->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT id, name FROM role ORDER BY deleted_at NULLS FIRST, id DESC");
	err = store_run(run->store, run->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++)
		for (size_t r = 0; r < role_shipped_count; r++)
			if (ids[r] == 0 &&
			    strcmp(rows_text(rows, i, 1), role_shipped[r].name) == 0)
				ids[r] = rows_int(rows, i, 0);
	return err;
}

static enum err
demo_run_firm(struct demo_run *run)
{
	int64_t *roles = ARENA_ARRAY(run->arena, int64_t, role_shipped_count);
	struct demo_manager_of *managers;
	size_t count;
	enum err err = demo_run_roles(run, roles);

	if (err != ERR_OK)
		return err;
	demo_make_firm(run->world, run->options, roles, &managers, &count);
	run->result->rows += demo_chunk_rows(&run->world->chunk);
	err = demo_load_chunk(run->load, &run->world->chunk);
	demo_chunk_clear(&run->world->chunk);
	return err == ERR_OK ? demo_run_managers(run, managers, count) : err;
}

/* ---- one that is there ------------------------------------------------------------------- */

static void
demo_run_take_staff(struct demo_run *run, const struct rows *staff)
{
	struct demo_world *world = run->world;

	world->branches = ARENA_ARRAY(run->arena, struct demo_branch, staff->count);
	world->managers = ARENA_ARRAY(run->arena, struct demo_person, staff->count);
	run->result->users = ARENA_ARRAY(run->arena, struct demo_user, staff->count);
	for (size_t i = 0; i < staff->count; i++) {
		struct demo_branch *branch = &world->branches[world->branch_count];

		if (world->branch_count == 0 || branch[-1].id != rows_int(staff, i, 2)) {
			*branch =
			    (struct demo_branch){ .id = rows_int(staff, i, 2), .first = i };
			branch->place = demo_place_of(rows_text(staff, i, 5));
			world->branch_count++;
		}
		world->branches[world->branch_count - 1].count++;
		world->managers[i] = (struct demo_person){ .user = rows_int(staff, i, 0),
			.department = rows_int(staff, i, 1),
			.branch = world->branch_count - 1,
			.name = rows_text(staff, i, 4) };
		run->result->users[i] = (struct demo_user){ .id = rows_int(staff, i, 0),
			.login = rows_text(staff, i, 3),
			.label = rows_text(staff, i, 4),
			.role = "account_manager" };
	}
	world->manager_count = run->result->user_count = staff->count;
	demo_world_serve(world);
}

static size_t
demo_run_take_ids(const struct rows *rows, int64_t *ids, size_t room)
{
	size_t count = rows->count < room ? rows->count : room;

	for (size_t i = 0; i < count; i++)
		ids[i] = rows_int(rows, i, 0);
	return count;
}

/*
 * What is sold: products of the standard price list, and the lists a demo company has. Without all
 * three lists customers who are added buy nothing, as their prices could not be told.
 */
static enum err
demo_run_take_goods(struct demo_run *run)
{
	static const char *const lists[DEMO_LISTS_OF_PRICES] = {
		[DEMO_LIST_ALL] = "level IS NULL AND currency = 'CNY'",
		[DEMO_LIST_A] = "level = 'A' AND currency = 'CNY'",
		[DEMO_LIST_ABROAD] = "level IS NULL AND currency = 'USD'",
	};
	struct demo_world *world = run->world;
	struct rows *list[DEMO_LISTS_OF_PRICES], *rivals, *goods;
	struct sql *sql;
	enum err err;

	for (size_t i = 0; i < DEMO_LISTS_OF_PRICES; i++) {
		sql = sql_new(run->arena);
		sql_addf(sql,
		    "SELECT id FROM price_list WHERE %s AND deleted_at IS NULL AND valid_from <= current_date"
		    " AND (valid_until IS NULL OR valid_until >= current_date) ORDER BY id LIMIT 1",
		    lists[i]);
		store_queue(run->store, sql, &list[i]);
	}
	sql = sql_new(run->arena);
	sql_add(sql, "SELECT id FROM competitor WHERE deleted_at IS NULL ORDER BY id LIMIT 16");
	store_queue(run->store, sql, &rivals);
	err = store_flush(run->store, run->arena);
	if (err != ERR_OK)
		return err;
	world->competitor_count = demo_run_take_ids(rivals, world->competitors, 16);
	for (size_t i = 0; i < DEMO_LISTS_OF_PRICES; i++) {
		if (list[i]->count == 0)
			return ERR_OK;
		world->lists[i] = rows_int(list[i], 0, 0);
	}
	sql = sql_new(run->arena);
	sql_add(sql, "SELECT p.id, p.name, p.unit, p.tax_rate, max(l.price) FROM product p JOIN price_line l ON"
		     " l.product_id = p.id AND l.deleted_at IS NULL AND l.unit IS NULL AND coalesce(l.minimum, 0) = 0"
		     " WHERE p.active AND p.deleted_at IS NULL AND l.price_list_id = ");
	sql_int(sql, world->lists[DEMO_LIST_ALL]);
	sql_addf(sql, " GROUP BY p.id ORDER BY p.id LIMIT %d", DEMO_GOODS - 1);
	err = store_run(run->store, run->arena, sql, &goods);
	for (size_t i = 0; err == ERR_OK && i < goods->count; i++)
		world->goods[world->good_count++] = (struct demo_good){ .id = rows_int(goods, i, 0),
			.name = rows_text(goods, i, 1),
			.unit = rows_text(goods, i, 2),
			.tax = rows_int(goods, i, 3),
			.price = rows_int(goods, i, 4) };
	/* In a company made here the last is sold no more. */
	if (world->good_count > 0) {
		world->goods[world->good_count] = world->goods[0];
		world->good_count++;
	}
	return err;
}

/* A company that sells nothing yet gets what a new one does, kept by the first of its managers. */
static enum err
demo_run_make_goods(struct demo_run *run)
{
	int64_t *roles = ARENA_ARRAY(run->arena, int64_t, role_shipped_count);
	struct demo_world *world = run->world;
	struct sql *sql = sql_new(run->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT EXISTS (SELECT FROM product) OR EXISTS (SELECT FROM price_list)"
		     " OR EXISTS (SELECT FROM currency_rate) OR EXISTS (SELECT FROM discount_limit)");
	err = store_run(run->store, run->arena, sql, &rows);
	if (err == ERR_OK && !rows_bool(rows, 0, 0))
		err = demo_run_roles(run, roles);
	if (err != ERR_OK || rows_bool(rows, 0, 0))
		return err;
	world->marketing = world->finance = world->managers[0];
	demo_make_goods(world, roles, world->now_us);
	run->result->rows += demo_chunk_rows(&world->chunk);
	err = demo_load_chunk(run->load, &world->chunk);
	demo_chunk_clear(&world->chunk);
	return err;
}

static enum err
demo_run_append(struct demo_run *run)
{
	struct demo_world *world = run->world;
	struct sql *staff = sql_new(run->arena), *pools = sql_new(run->arena);
	struct sql *tags = sql_new(run->arena);
	struct rows *rows, *pool, *tag;
	enum err err;

	sql_add(staff,
	    "SELECT DISTINCT ON (u.branch_id, u.id) u.id, u.department_id, u.branch_id, "
	    "u.name, u.label, g.code FROM users u "
	    "JOIN user_role l ON l.user_id = u.id AND l.deleted_at IS NULL "
	    "JOIN role r ON r.id = l.role_id AND r.name = 'account_manager' "
	    "JOIN branch b ON b.id = u.branch_id LEFT JOIN region g ON g.id = b.region_id "
	    "WHERE u.deleted_at IS NULL AND NOT u.disabled AND u.department_id IS NOT NULL "
	    "ORDER BY u.branch_id, u.id");
	sql_add(pools, "SELECT id FROM pool WHERE deleted_at IS NULL AND active ORDER BY id");
	sql_add(tags, "SELECT id FROM tag WHERE deleted_at IS NULL ORDER BY id");
	store_queue(run->store, staff, &rows);
	store_queue(run->store, pools, &pool);
	store_queue(run->store, tags, &tag);
	err = store_flush(run->store, run->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return ERR_WRONG_STATE;
	demo_run_take_staff(run, rows);
	world->pool_count = demo_run_take_ids(pool, world->pools, 8);
	world->tag_count = demo_run_take_ids(tag, world->tags, 64);
	err = demo_run_take_goods(run);
	return err == ERR_OK && world->good_count == 0 ? demo_run_make_goods(run) : err;
}

/* ---- customers --------------------------------------------------------------------------- */

static int64_t
demo_run_cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

static void
demo_run_make(struct demo_run *run, struct arena *scratch, uint64_t count)
{
	int64_t from_us = demo_run_cpu_us();

	demo_chunk_clear(&run->world->chunk);
	for (uint64_t i = 0; i < count; i++) {
		demo_make_customer(run->world, scratch);
		arena_reset(scratch);
	}
	run->result->make_us += demo_run_cpu_us() - from_us;
	run->result->rows += demo_chunk_rows(&run->world->chunk);
}

static enum err
demo_run_customers(struct demo_run *run)
{
	const struct demo_options *options = run->options;
	struct arena *scratch = arena_new(0);
	enum err err = ERR_OK;

	while (err == ERR_OK && run->world->made < options->customers) {
		uint64_t left = options->customers - run->world->made;

		demo_run_make(run, scratch, left < DEMO_CHUNK ? left : DEMO_CHUNK);
		err = demo_load_chunk(run->load, &run->world->chunk);
		if (err == ERR_OK && options->progress != NULL &&
		    !options->progress(options->to, run->world->made, options->customers))
			err = ERR_CANCELLED;
	}
	arena_free(scratch);
	return err;
}

/* ---- numbers go on ----------------------------------------------------------------------- */

static enum err
demo_run_series(struct demo_run *run)
{
	const char **prefixes = ARENA_ARRAY(run->arena, const char *, DEMO_SERIES *DEMO_MONTHS);
	int64_t *last = ARENA_ARRAY(run->arena, int64_t, DEMO_SERIES * DEMO_MONTHS);
	struct sql *sql = sql_new(run->arena);
	size_t count = 0;

	for (size_t s = 0; s < DEMO_SERIES; s++)
		for (size_t m = 0; m < DEMO_MONTHS; m++)
			if (run->world->numbers[s][m] > 0) {
				prefixes[count] = demo_number_prefix(
				    run->world, run->arena, (enum demo_series)s, m);
				last[count++] = (int64_t)run->world->numbers[s][m];
			}
	sql_add(sql, "INSERT INTO number_series (prefix, period, last) "
		     "SELECT n.prefix, '', n.last FROM unnest(");
	sql_texts(sql, prefixes, count);
	sql_add(sql, ", ");
	sql_ints(sql, last, count);
	sql_add(sql, ") n (prefix, last) "
		     "ON CONFLICT (prefix, period) DO UPDATE SET last = EXCLUDED.last");
	return store_run(run->store, run->arena, sql, NULL);
}

/* ---- the whole --------------------------------------------------------------------------- */

static enum err
demo_run_start(struct demo_run *run)
{
	struct sql *sql = sql_new(run->arena);
	struct rows *rows;
	struct demo_region *regions;
	size_t region_count;
	struct roles_told told;
	enum err err = dictionaries_seed(run->store, run->arena);

	if (err == ERR_OK)
		err = roles_seed(run->store, run->arena, &told);
	if (err == ERR_OK)
		err = demo_load_open(
		    run->store, run->arena, run->options->customers >= DEMO_HEAVY, &run->load);
	if (err != ERR_OK)
		return err;
	sql_add(sql, "SELECT EXISTS (SELECT FROM customer)");
	err = store_run(run->store, run->arena, sql, &rows);
	if (err == ERR_OK && rows_bool(rows, 0, 0) && !run->options->append)
		err = ERR_DUPLICATE;
	if (err == ERR_OK)
		err = demo_run_regions(run, &regions, &region_count);
	if (err != ERR_OK)
		return err;
	run->world =
	    demo_world_new(run->arena, run->options, regions, region_count, run->result);
	err = demo_run_counters(run);
	if (err != ERR_OK)
		return err;
	run->made_firm = !rows_bool(rows, 0, 0);
	return run->made_firm ? demo_run_firm(run) : demo_run_append(run);
}

enum err
demo_run(struct store *store, struct arena *arena, const struct demo_options *options,
    struct demo_result *result)
{
	struct demo_run run = {
		.store = store, .arena = arena, .options = options, .result = result
	};
	int64_t from_us = date_monotonic_us();
	enum err err;

	*result = (struct demo_result){ 0 };
	store_begin(store);
	err = demo_run_start(&run);
	if (err == ERR_OK)
		err = demo_run_customers(&run);
	if (err == ERR_OK)
		err = demo_run_series(&run);
	if (err == ERR_OK)
		err = demo_load_close(run.load);
	/* By the indexes: without them a million customers' visits were read for each person and day. */
	if (err == ERR_OK && run.made_firm && run.world->good_count > 0)
		err = demo_make_day(store, arena, options->today);
	if (err == ERR_OK)
		err = store_commit(store, arena);
	else
		store_rollback(store);
	if (run.world != NULL)
		demo_world_free(run.world);
	result->load_us = date_monotonic_us() - from_us - result->make_us;
	return err;
}
