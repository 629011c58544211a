/*
 * A customer opened with all its tabs (the 360° view), as the client asks for it: one request,
 * one answer; its bytes with zstd, and what kehud spends beside PostgreSQL.
 */
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/figures.h"
#include "tests/lib/sample.h"

#include <inttypes.h>

#define ROUNDS    5
#define ANSWERS   2000
#define CUSTOMERS 300
#define TAB_ROWS  10 /* client/screens/record_tab.h asks for so many first */
#define TABS_MAX  32

struct open_bench {
	struct load *load;
	struct arena *arena;
	int64_t *ids[LOAD_CLIENTS]; /* customers each connection's user sees */
	size_t counts[LOAD_CLIENTS];
	Kehu__Related tabs[TABS_MAX], *tab_list[TABS_MAX];
	size_t tab_count;
	uint64_t random;
	struct rounds rounds;
};

/* ---- the request ------------------------------------------------------------------------- */

static const Kehu__Entity *
open_entity(const Kehu__CatalogAnswer *catalog, uint32_t number)
{
	for (size_t i = 0; i < catalog->n_entities; i++)
		if (catalog->entities[i]->number == number)
			return catalog->entities[i];
	return NULL;
}

static void
open_make_tab(struct open_bench *bench, const Kehu__Tab *tab)
{
	Kehu__Related *related = &bench->tabs[bench->tab_count];

	if (bench->tab_count == TABS_MAX)
		fatal("more than %d tabs", TABS_MAX);
	kehu__related__init(related);
	related->has_related = related->has_field = related->has_limit = true;
	related->related = tab->entity;
	related->field = tab->field;
	related->limit = TAB_ROWS;
	related->n_columns = tab->n_columns;
	related->columns =
	    arena_memdup(bench->arena, tab->columns, tab->n_columns * sizeof(tab->columns[0]));
	bench->tab_list[bench->tab_count++] = related;
}

/* The tabs of a customer that the readers' own catalogue has: the client asks for no others. */
static void
open_make_tabs(struct open_bench *bench)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Catalog request = KEHU__CATALOG__INIT;
	const Kehu__ServerFrame *answer;
	const Kehu__Entity *customer;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CATALOG;
	frame.catalog = &request;
	answer = load_ask(bench->load, 0, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_CATALOG)
		fatal("there is no catalogue");
	customer = open_entity(answer->catalog, E_customer);
	if (customer == NULL)
		fatal("the catalogue has no customers");
	for (size_t i = 0; i < customer->n_tabs; i++)
		if (open_entity(answer->catalog, customer->tabs[i]->entity) != NULL)
			open_make_tab(bench, customer->tabs[i]);
	load_forget(bench->load);
}

static void
open_next(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame)
{
	struct open_bench *bench = context;
	Kehu__Get *get = ARENA_NEW(load->arena, Kehu__Get);

	kehu__get__init(get);
	get->has_entity = get->has_id = true;
	get->entity = E_customer;
	get->id = bench->ids[client][sample_random(&bench->random, bench->counts[client])];
	get->n_related = bench->tab_count;
	get->related = bench->tab_list;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame->get = get;
}

/* ---- the answer -------------------------------------------------------------------------- */

static void
open_check_one(struct open_bench *bench, size_t client)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	const Kehu__GetAnswer *get;
	Kehu__ServerFrame *answer;
	struct rows *rows;
	size_t contacts = 0, visits = 0;

	open_next(bench->load, client, bench, &frame);
	answer = load_ask(bench->load, client, &frame);
	get = answer->get;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET || get->record == NULL ||
	    get->record->id != frame.get->id || get->n_related != bench->tab_count)
		fatal("a customer does not open with its tabs");
	for (size_t i = 0; i < get->n_related; i++) {
		contacts +=
		    get->related[i]->entity == E_contact ? get->related[i]->page->n_rows : 0;
		visits +=
		    get->related[i]->entity == E_visit ? get->related[i]->page->n_rows : 0;
	}
	rows = sample_rows(bench->load->big, bench->load->arena,
	    "SELECT least(%d, (SELECT count(*) FROM contact WHERE customer_id = c.id AND "
	    "deleted_at IS NULL)), "
	    "least(%d, (SELECT count(*) FROM visit WHERE customer_id = c.id AND deleted_at IS "
	    "NULL)), "
	    "(SELECT count(*) FROM customer_address WHERE customer_id = c.id AND deleted_at IS "
	    "NULL) "
	    "+ (SELECT count(*) FROM customer_phone WHERE customer_id = c.id AND deleted_at IS "
	    "NULL) "
	    "+ (SELECT count(*) FROM customer_mail WHERE customer_id = c.id AND deleted_at IS "
	    "NULL) "
	    "+ (SELECT count(*) FROM customer_tag WHERE customer_id = c.id AND deleted_at IS "
	    "NULL) "
	    "FROM customer c WHERE id = %" PRId64,
	    TAB_ROWS, TAB_ROWS, frame.get->id);
	if (rows_int(rows, 0, 0) != (int64_t)contacts ||
	    rows_int(rows, 0, 1) != (int64_t)visits ||
	    rows_int(rows, 0, 2) != (int64_t)get->record->n_lines)
		fatal("customer %" PRId64 " opens without all that it has", frame.get->id);
}

/* ---- rounds ------------------------------------------------------------------------------ */

static void
open_open(struct open_bench *bench, const struct big *big)
{
	const struct load_work work = { .next = open_next, .context = bench };
	int64_t users[LOAD_CLIENTS];

	bench->arena = arena_new(0);
	for (int i = 0; i < LOAD_CLIENTS; i++) {
		users[i] = big_reader(big, "own", i);
		bench->ids[i] = sample_ids(big, bench->arena, &bench->counts[i],
		    "SELECT id FROM customer WHERE deleted_at IS NULL AND owner_id = "
		    "%" PRId64 " ORDER BY hashint8(id), id LIMIT %d",
		    users[i], CUSTOMERS);
	}
	bench->load = load_new(big, users, LOAD_CLIENTS, true);
	open_make_tabs(bench);
	for (size_t i = 0; i < 5 * LOAD_CLIENTS; i++)
		open_check_one(bench, i % LOAD_CLIENTS);
	load_run(bench->load, &work, 500);
	load_forget(bench->load);
}

int
main(void)
{
	static struct open_bench benches[BIG_SIZES_MAX];
	struct spent spent[BIG_SIZES_MAX];
	size_t last;

	big_start();
	last = big_count() - 1;
	for (size_t i = 0; i <= last; i++)
		open_open(&benches[i], big_at(i));
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i <= last; i++)
			rounds_measure(&benches[i].rounds, benches[i].load,
			    &(struct load_work){ .next = open_next, .context = &benches[i] },
			    ANSWERS);
	for (size_t i = 0; i <= last; i++) {
		spent[i] = rounds_median(&benches[i].rounds);
		figure("open_kehud_cpu", big_at(i)->customers, spent[i].kehud_us, "us",
		    spent[i].pg_us, AT_MOST, 0.5);
		figure(
		    "open_bytes", big_at(i)->customers, spent[i].bytes, "B", 2000, AT_MOST, 1);
		/* load_run waits for one frame for each that it sent. */
		figure("open_round_trips", big_at(i)->customers, 1, "", 1, AT_MOST, 1);
	}
	figure_growth("open_pg_cpu", spent[0].pg_us, spent[last].pg_us, "us");
	figure_growth("open_kehud_cpu", spent[0].kehud_us, spent[last].kehud_us, "us");
	return 0;
}
