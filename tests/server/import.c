/*
 * Imports against a real kehud: what is stored, what is refused and why, and that counts add up. With
 * KEHU_DATA, real files that nobody here wrote are imported and found again.
 */
#include "common/date.h"
#include "common/csv.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "imports"
#define CHUNK 50000 /* cuts rows and characters in two */

static struct bed *bed;
static struct client *eve, *cai;

struct counts {
	int64_t read, created, updated, refused;
	const char *state, *text;
	const char *errors; /* the error file */
};

struct map {
	const char *column, *field, *value;
};

static void
client_forget_answers(struct client *client)
{
	arena_reset(client->arena);
}

static Kehu__ServerFrame *
import_step(struct client *client, Kehu__Import *step)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
	frame.import = step;
	return client_call(client, &frame);
}

static Kehu__JobAnswer *
import_job(struct client *client, uint32_t step, int64_t id, uint32_t chunk)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job job = KEHU__JOB__INIT;
	Kehu__ServerFrame *answer;

	job.has_step = job.has_id = job.has_chunk = true;
	job.step = step;
	job.id = id;
	job.chunk = chunk;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &job;
	answer = client_call(client, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB)
		fail_msg("job refused: %s", answer->error->text);
	return answer->job;
}

static int64_t
import_start(struct client *client, uint32_t entity, const struct map *map, Kehu__Import *options)
{
	Kehu__Import start = options != NULL ? *options : (Kehu__Import)KEHU__IMPORT__INIT;
	Kehu__ServerFrame *answer;
	size_t count = 0;

	while (map != NULL && map[count].field != NULL)
		count++;
	start.has_step = start.has_entity = true;
	start.step = 1;
	start.entity = entity;
	start.n_map = count;
	start.map = ARENA_ARRAY(client->arena, Kehu__Mapping *, count + 1);
	for (size_t i = 0; i < count; i++) {
		start.map[i] = ARENA_NEW(client->arena, Kehu__Mapping);
		kehu__mapping__init(start.map[i]);
		start.map[i]->column = arena_strdup(client->arena, map[i].column);
		start.map[i]->field = arena_strdup(client->arena, map[i].field);
		start.map[i]->value = arena_strdup(client->arena, map[i].value);
	}
	answer = import_step(client, &start);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_IMPORT)
		fail_msg("import refused: %s", answer->error->text);
	return answer->import->id;
}

static struct counts
import_data(struct client *client, uint32_t entity, const struct map *map, const char *data,
    size_t bytes, Kehu__Import *options)
{
	int64_t id = import_start(client, entity, map, options);
	Kehu__Import step = KEHU__IMPORT__INIT;
	struct counts counts = { 0 };
	struct buf errors = BUF_INIT;
	Kehu__JobAnswer *job;
	Kehu__ServerFrame *answer;
	int64_t until = date_monotonic_us() + 600 * US_PER_SECOND;

	step.has_step = step.has_id = step.has_chunk = step.has_data = true;
	step.step = 2;
	step.id = id;
	for (size_t at = 0; at < bytes; at += CHUNK, step.chunk++) {
		step.data.data = (uint8_t *)(uintptr_t)(data + at);
		step.data.len = bytes - at < CHUNK ? bytes - at : CHUNK;
		answer = import_step(client, &step);
		assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_IMPORT);
	}
	step = (Kehu__Import)KEHU__IMPORT__INIT;
	step.has_step = step.has_id = true;
	step.step = 3;
	step.id = id;
	answer = import_step(client, &step);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_IMPORT);
	/* as after an answer that was lost with its connection */
	answer = import_step(client, &step);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_IMPORT);
	assert_int_equal(answer->import->job, id);
	for (;;) {
		job = import_job(client, 2, id, 0);
		if (strcmp(job->state, "waiting") != 0 && strcmp(job->state, "running") != 0)
			break;
		assert_true(date_monotonic_us() < until);
		usleep(20000);
	}
	counts.state = arena_strdup(bed->arena, job->state);
	counts.text = arena_strdup(bed->arena, job->text);
	sscanf(job->text, "read %" SCNd64 ", created %" SCNd64 ", updated %" SCNd64 ", refused %" SCNd64,
	    &counts.read, &counts.created, &counts.updated, &counts.refused);
	for (uint32_t i = 0; i < job->chunks; i++) {
		Kehu__JobAnswer *chunk = import_job(client, 4, id, i);

		buf_put(&errors, chunk->data.data, chunk->data.len);
	}
	counts.errors = arena_strdup(bed->arena, buf_text(&errors));
	buf_fini(&errors);
	return counts;
}

static struct counts
import_text(struct client *client, uint32_t entity, const struct map *map, const char *text,
    Kehu__Import *options)
{
	return import_data(client, entity, map, text, strlen(text), options);
}

/* ---- small files ------------------------------------------------------------------------- */

static void
import_takes_columns_that_name_fields(void **state)
{
	struct counts counts = import_text(eve, E_customer, NULL,
	    "name,级别,phone,nonsense\n第一进口公司,A,010-88880001,x\n第二进口公司,b,010-88880002,y\n", NULL);

	assert_string_equal(counts.state, "done");
	assert_int_equal(counts.read, 2);
	assert_int_equal(counts.created, 2);
	assert_string_equal(counts.errors, "");
	assert_int_equal(client_search(eve, "第二进口")->search->n_hits, 1);
	assert_string_equal(pg_exec(DB, "SELECT level FROM customer WHERE name = '第二进口公司'"), "B");
	/* each row has its history and the same change id */
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT h.change_id) FROM history h JOIN customer c ON c.id = h.record_id "
		"WHERE c.name LIKE '第_进口公司'"), 1);
}

static void
import_refuses_rows_with_line_column_and_reason(void **state)
{
	struct counts counts = import_text(eve, E_customer, NULL,
	    "name,level,mail\n好公司,A,a@example.com\n坏级别公司,Q,b@example.com\n,A,c@example.com\n"
	    "坏邮箱公司,A,nowhere\n多一列公司,A,d@example.com,extra\n又一好公司,B,e@example.com\n", NULL);

	assert_int_equal(counts.read, 6);
	assert_int_equal(counts.created, 2);
	assert_int_equal(counts.refused, 4);
	assert_non_null(strstr(counts.errors, "name,level,mail,kehu_line,kehu_column,kehu_reason"));
	assert_non_null(strstr(counts.errors, "坏级别公司,Q,b@example.com,3,level,"));
	assert_non_null(strstr(counts.errors, ",A,c@example.com,4,name,"));
	assert_non_null(strstr(counts.errors, "坏邮箱公司,A,nowhere,5,mail,"));
	assert_non_null(strstr(counts.errors, "多一列公司"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE '坏%%' OR name LIKE '多一列%%'"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM import_chunk"), 0);
}

/* One column may fill two fields; what no column fills is asked for by its name. */
static void
import_fills_two_fields_of_one_column_and_names_what_it_lacks(void **state)
{
	const struct map map[] = { { "firm", "name", NULL }, { "firm", "short_name", NULL }, { "since", "founded_on", NULL }, { 0 } };
	struct counts counts = import_text(eve, E_customer, map, "since,firm\n1999-12-31 00:00:00.000,双用列公司\n", NULL);

	assert_int_equal(counts.created, 1);
	assert_string_equal(pg_exec(DB, "SELECT name || short_name || founded_on FROM customer WHERE name = '双用列公司'"),
	    "双用列公司双用列公司1999-12-31");
	counts = import_text(eve, E_customer, NULL, "level\nA\n", NULL);
	assert_int_equal(counts.refused, 1);
	assert_non_null(strstr(counts.errors, "A,2,Name,"));
}

static void
import_dry_run_stores_nothing(void **state)
{
	Kehu__Import options = KEHU__IMPORT__INIT;
	struct counts counts;

	options.has_dry_run = options.dry_run = true;
	counts = import_text(eve, E_customer, NULL, "name,level\n试跑公司,A\n试跑坏公司,Q\n", &options);
	assert_int_equal(counts.created, 1);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE '试跑%%'"), 0);
}

static void
import_updates_what_it_matches(void **state)
{
	Kehu__Import options = KEHU__IMPORT__INIT;
	struct counts counts;

	import_text(eve, E_customer, NULL, "name,tax_number,level\n匹配公司,TAX-1,C\n", NULL);
	options.match = (char *)(uintptr_t)"tax_number";
	counts = import_text(eve, E_customer, NULL, "name,tax_number,level\n匹配公司,TAX-1,A\n新配公司,TAX-2,B\n", &options);
	assert_int_equal(counts.created, 1);
	assert_int_equal(counts.refused, 1);
	options.on_match = (char *)(uintptr_t)"update";
	counts = import_text(eve, E_customer, NULL, "name,tax_number,level\n匹配公司,TAX-1,A\n新配公司,TAX-2,B\n", &options);
	assert_int_equal(counts.updated, 2);
	assert_string_equal(pg_exec(DB, "SELECT level FROM customer WHERE tax_number = 'TAX-1'"), "A");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE tax_number LIKE 'TAX-%%'"), 2);
}

static void
import_makes_lines_and_constants(void **state)
{
	const struct map map[] = { { "公司", "name", NULL }, { "手机", "phones.number", NULL },
		{ NULL, "source", "import" }, { NULL, "level", "D" }, { 0 } };
	const char *source = pg_exec(DB, "SELECT i.code FROM dictionary_item i JOIN dictionary d ON d.id = i.dictionary_id "
		"WHERE d.name = 'customer_source' ORDER BY i.position LIMIT 1");
	struct map with_source[5];
	struct counts counts;

	memcpy(with_source, map, sizeof(map));
	with_source[2].value = arena_strdup(bed->arena, source);
	counts = import_text(eve, E_customer, with_source, "公司;手机\n带手机公司;13900001234\n没手机公司;\n", NULL);
	assert_int_equal(counts.created, 2);
	assert_int_equal(client_search(eve, "13900001234")->search->n_hits, 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer_phone p JOIN customer c ON c.id = p.customer_id "
		"WHERE c.name = '没手机公司'"), 0);
}

static void
import_finds_references_by_name(void **state)
{
	struct counts counts;

	import_text(cai, E_customer, NULL, "name,short_name\n被引用公司,被引用\n", NULL);
	counts = import_text(cai, E_contact, NULL, "name,customer,mobile\n仇联系,被引用,13911110000\n无主联系,没有这家,13911110001\n", NULL);
	assert_int_equal(counts.created, 1);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(client_search(cai, "qlx")->search->n_hits, 1);
}

static void
import_makes_references_when_told(void **state)
{
	static const char text[] = "name,customer,mobile\n甲新人,全新引用公司,13911112000\n乙新人,全新引用公司,13911112001\n"
				   "丙新人,另一引用公司,nothing\n";
	Kehu__Import options = KEHU__IMPORT__INIT;
	struct counts counts = import_text(cai, E_contact, NULL, text, NULL);

	assert_int_equal(counts.refused, 3);
	options.has_create_references = options.create_references = true;
	counts = import_text(cai, E_contact, NULL, text, &options);
	assert_int_equal(counts.created, 2);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '全新引用公司'"), 1);
	/* what a refused row referred to was made and went with it */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '另一引用公司'"), 0);
}

static void
import_of_broken_files_says_why(void **state)
{
	struct counts counts;

	counts = import_text(eve, E_customer, NULL, "name,level\n\"没有结束的引号,A\n下一行,B\n", NULL);
	assert_string_equal(counts.state, "failed");
	counts = import_data(eve, E_customer, NULL, "name\n\0\0\n", 8, NULL);
	assert_string_equal(counts.state, "failed");
	counts = import_text(eve, E_customer, NULL, "nothing,here\n1,2\n", NULL);
	assert_string_equal(counts.state, "failed");
	assert_true(counts.text[0] != '\0');
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '下一行'"), 0);
}

/* What is wrong near the end is seen before the first row is stored. */
static void
import_of_a_cut_file_leaves_nothing(void **state)
{
	struct buf file = BUF_INIT;
	struct counts counts;
	int64_t before = pg_int(DB, "SELECT count(*) FROM customer");

	buf_puts(&file, "name,level,phone\n");
	for (int i = 0; i < 600; i++)
		buf_printf(&file, "截断公司%d,A,021-%08d\n", i, 60000000 + i);
	buf_puts(&file, "最后一家,A");
	counts = import_data(eve, E_customer, NULL, buf_text(&file), file.bytes, NULL);
	assert_string_equal(counts.state, "failed");
	assert_non_null(strstr(counts.text, "line 602"));
	counts = import_text(eve, E_customer, NULL, "PK\x03\x04 and more of it", NULL);
	assert_string_equal(counts.state, "failed");
	assert_non_null(strstr(counts.text, "zip"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), before);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM import_chunk"), 0);
	buf_fini(&file);
}

static void
import_reads_cards_and_json_lines(void **state)
{
	const struct map card[] = { { "name", "name", NULL }, { "phone", "phone", NULL }, { "remarks", "remarks", NULL }, { 0 } };
	struct counts counts;

	counts = import_text(eve, E_customer, card,
	    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:名片一号公司\r\nTEL;TYPE=work:020-88990011\r\nNOTE:一\\n二\r\nEND:VCARD\r\n"
	    "BEGIN:VCARD\r\nVERSION:2.1\r\nTEL:1\r\nEND:VCARD\r\n", NULL);
	assert_int_equal(counts.read, 2);
	assert_int_equal(counts.created, 1);
	assert_int_equal(counts.refused, 1);
	assert_string_equal(pg_exec(DB, "SELECT remarks FROM customer WHERE name = '名片一号公司'"), "一\n二");
	counts = import_text(eve, E_customer, NULL,
	    "{\"name\":\"行式一号公司\",\"employees\":12}\n{\"name\":\"行式二号公司\",\"employees\":null}\n{broken\n", NULL);
	assert_int_equal(counts.created, 2);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(pg_int(DB, "SELECT employees FROM customer WHERE name = '行式一号公司'"), 12);
}

static void
import_reads_dates_in_the_order_it_is_told(void **state)
{
	static const char text[] = "name,founded_on\n日期公司,03/04/2001\n";
	Kehu__Import options = KEHU__IMPORT__INIT;
	struct counts counts = import_text(eve, E_customer, NULL, text, NULL);

	assert_int_equal(counts.refused, 1); /* nobody said which is the month */
	options.dates = (char *)(uintptr_t)"dmy";
	counts = import_text(eve, E_customer, NULL, text, &options);
	assert_int_equal(counts.created, 1);
	assert_string_equal(pg_exec(DB, "SELECT founded_on FROM customer WHERE name = '日期公司'"), "2001-04-03");
}

/* Rows stored together pass what they would pass alone. */
static void
import_by_set_checks_as_a_save_does(void **state)
{
	struct counts counts = import_text(cai, E_customer, NULL,
	    "name,tax_number,phone,founded_on,employees,level\n"
	    "成批甲贸易公司,SET-1,022-77770001,2001-02-03,12,A\n"
	    "成批乙贸易公司,SET-1,022-77770002,,,B\n"	   /* the tax number of the first */
	    "成批甲贸易有限公司,SET-3,022-77770003,,,B\n" /* its name */
	    "成批丁工业公司,SET-4,022-77770001,,,B\n"	   /* its phone */
	    "成批戊科技公司,SET-5,022-77770005,,-3,B\n"   /* nobody employs so few */
	    "成批己建材公司,SET-6,022-77770006,1999-12-31,7,\n", NULL);

	assert_int_equal(counts.created, 2);
	assert_int_equal(counts.refused, 4);
	assert_non_null(strstr(counts.errors, "comes twice"));
	assert_non_null(strstr(counts.errors, ",6,employees,"));
	assert_string_equal(pg_exec(DB, "SELECT string_agg(founded_on || ' ' || employees, ';' ORDER BY tax_number) FROM customer "
		"WHERE tax_number LIKE 'SET-_'"), "2001-02-03 12;1999-12-31 7");
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT number) FROM customer c JOIN customer_search s USING (id) "
		"WHERE tax_number LIKE 'SET-_' AND number LIKE 'C%%' AND s.owner_id = c.owner_id"), 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history h JOIN customer c ON c.id = h.record_id JOIN change n ON n.id = c.id "
		"WHERE tax_number LIKE 'SET-_' AND h.kind = 1 AND h.user_id = c.owner_id"), 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM import_row"), 0);
	assert_int_equal(client_search(cai, "cpjjc")->search->n_hits, 1);
	/* again: each is told which it is */
	counts = import_text(cai, E_customer, NULL, "name\n成批甲贸易公司\n成批己建材公司\n", NULL);
	assert_int_equal(counts.refused, 2);
	assert_non_null(strstr(counts.errors, "成批己建材公司 (same name)"));
}

static const Kehu__ImportAnswer *
import_learnt(struct client *client, const char *const *columns, size_t count)
{
	Kehu__Import step = KEHU__IMPORT__INIT;
	Kehu__ServerFrame *answer;

	step.has_step = step.has_entity = true;
	step.step = 5;
	step.entity = E_customer;
	step.n_columns = count;
	step.columns = ARENA_ARRAY(client->arena, char *, count);
	for (size_t i = 0; i < count; i++)
		step.columns[i] = arena_strdup(client->arena, columns[i]);
	answer = import_step(client, &step);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_IMPORT);
	return answer->import;
}

/* A file of the same columns is proposed as its user last mapped one; a try teaches nothing. */
static void
import_proposes_the_map_used_before(void **state)
{
	static const char *const head[] = { "Firma", "Ort", "Tel" };
	const struct map first[] = { { "Firma", "short_name", NULL }, { 0 } };
	const struct map second[] = { { "Firma", "name", NULL }, { "Tel", "phones.number", NULL }, { NULL, "level", "B" }, { 0 } };
	Kehu__Import options = KEHU__IMPORT__INIT;
	const Kehu__ImportAnswer *learnt;
	int64_t known = pg_int(DB, "SELECT count(*) FROM import_map");

	options.has_dry_run = options.dry_run = true;
	import_text(eve, E_customer, first, "Firma,Ort,Tel\n学列公司,x,y\n", &options);
	assert_int_equal(import_learnt(eve, head, 3)->n_map, 0);
	import_text(eve, E_customer, second, "Firma,Ort,Tel\n学列一公司,x,021-60001111\n", NULL);
	import_text(eve, E_customer, second, "Firma,Ort,Tel\n学列二公司,x,021-60002222\n", NULL);
	learnt = import_learnt(eve, head, 3);
	assert_int_equal(learnt->n_map, 3);
	assert_string_equal(learnt->map[0]->column, "Firma");
	assert_string_equal(learnt->map[0]->field, "name");
	assert_string_equal(learnt->map[1]->field, "phones.number");
	assert_string_equal(learnt->map[2]->value, "B");
	assert_int_equal(import_learnt(eve, head, 2)->n_map, 0);
	assert_int_equal(import_learnt(cai, head, 3)->n_map, 0); /* another's own */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM import_map"), known + 1);
}

static void
import_needs_the_right_to_create(void **state)
{
	struct client *guo = client_new(bed, "guo", LANG_EN);
	Kehu__Import start = KEHU__IMPORT__INIT;

	start.has_step = start.has_entity = true;
	start.step = 1;
	start.entity = E_customer;
	expect_error(import_step(guo, &start), ERR_NO_SUCH_ENTITY, 0);
	client_free(guo);
}

/* ---- taking it back ---------------------------------------------------------------------- */

static int64_t
last_import(void)
{
	return pg_int(DB, "SELECT max(id) FROM import");
}

static int64_t
customer_named(const char *name)
{
	return pg_int(DB, "SELECT id FROM customer WHERE name = '%s'", name);
}

/* What it made is deleted, what it changed has what it had, lines too; what was touched since stays and is named. */
static void
import_is_undone_but_for_what_was_touched_since(void **state)
{
	const struct map map[] = { { "name", "name", NULL }, { "tax", "tax_number", NULL }, { "level", "level", NULL },
		{ "mobile", "phones.number", NULL }, { 0 } };
	Kehu__Import options = KEHU__IMPORT__INIT;
	struct counts counts;
	int64_t id, edited, used;
	const char *kept;

	import_text(cai, E_customer, NULL,
	    "name,tax_number,level\n撤回老甲公司,UNDO-1,C\n撤回老乙公司,UNDO-2,C\n撤回老丙公司,UNDO-3,C\n", NULL);
	options.match = (char *)(uintptr_t)"tax_number";
	options.on_match = (char *)(uintptr_t)"update";
	options.file = (char *)(uintptr_t)"/home/cai/撤回.csv";
	counts = import_text(cai, E_customer, map,
	    "name,tax,level,mobile\n撤回老甲公司,UNDO-1,A,0531-61000001\n撤回老乙公司,UNDO-2,A,0531-61000002\n"
	    "撤回老丙公司,UNDO-3,C,\n撤丁新办公司,UNDO-4,B,0531-61000004\n撤回新戊公司,UNDO-5,B,\n撤回新己公司,UNDO-6,B,\n"
	    "撤丁新办公司,UNDO-4,D,\n撤回坏公司,UNDO-9,Q,\n",
	    &options);
	assert_int_equal(counts.created, 3);
	assert_int_equal(counts.updated, 4);
	id = last_import();
	assert_string_equal(pg_exec(DB, "SELECT concat_ws(' ', file, entity, rows_read, rows_created, rows_updated, rows_refused, state, "
		"(SELECT name FROM users u WHERE u.id = owner_id)) FROM import WHERE id = %ld", (long)id),
	    "撤回.csv customer 8 3 4 1 done cai");
	edited = customer_named("撤回新戊公司");
	used = customer_named("撤回新己公司");
	expect_written(client_save(cai, E_customer, edited, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	expect_written(client_save(cai, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "戴后来"), NUMBER_OF(F_contact_customer_id, used)), NULL));
	expect_written(client_save(cai, E_customer, customer_named("撤回老乙公司"), 2,
	    SENT(TEXT_OF(F_customer_level, "B")), NULL));
	expect_written(client_act(cai, E_import, id, "undo", NULL));
	assert_string_equal(pg_exec(DB, "SELECT string_agg(name || ' ' || level || ' ' || (deleted_at IS NULL)::int || ' ' || "
		"(SELECT count(*) FROM customer_phone p WHERE p.customer_id = c.id AND p.deleted_at IS NULL), ';' ORDER BY tax_number) "
		"FROM customer c WHERE tax_number LIKE 'UNDO-_'"),
	    "撤回老甲公司 C 1 0;撤回老乙公司 B 1 1;撤回老丙公司 C 1 0;撤丁新办公司 B 0 0;撤回新戊公司 A 1 0;撤回新己公司 B 1 0");
	assert_int_equal(pg_int(DB, "SELECT kept FROM import WHERE id = %ld AND state = 'undone' AND undone_at IS NOT NULL", (long)id), 3);
	kept = pg_exec(DB, "SELECT kept_names FROM import WHERE id = %ld", (long)id);
	assert_non_null(strstr(kept, "撤回老乙公司: changed since"));
	assert_non_null(strstr(kept, "撤回新戊公司: changed since"));
	assert_non_null(strstr(kept, "撤回新己公司: other records refer to it"));
	assert_int_equal(client_search(cai, "撤丁新办")->search->n_hits, 0);
	expect_error(client_act(cai, E_import, id, "undo", NULL), ERR_WRONG_STATE, 0);
}

/* Customers that contacts named go too, once nothing names them. */
static void
undoing_an_import_takes_what_it_made_for_its_references(void **state)
{
	const struct map map[] = { { "who", "name", NULL }, { "firm", "customer_id", NULL }, { 0 } };
	Kehu__Import options = KEHU__IMPORT__INIT;
	struct counts counts;

	options.has_create_references = options.create_references = true;
	counts = import_text(cai, E_contact, map, "who,firm\n简撤回,撤引一公司\n聂撤回,撤引一公司\n曲撤回,撤引二公司\n", &options);
	assert_int_equal(counts.created, 3);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE '撤引_公司'"), 2);
	expect_written(client_act(cai, E_import, last_import(), "undo", NULL));
	assert_int_equal(pg_int(DB, "SELECT (SELECT count(*) FROM customer WHERE name LIKE '撤引_公司' AND deleted_at IS NULL) + "
		"(SELECT count(*) FROM contact WHERE name LIKE '_撤回' AND deleted_at IS NULL)"), 0);
	assert_int_equal(pg_int(DB, "SELECT kept FROM import WHERE id = %ld", (long)last_import()), 0);
}

/* Above a thousand records a job does it, batch by batch, and the import says so meanwhile. */
static void
a_large_import_is_undone_by_a_job(void **state)
{
	int64_t until = date_monotonic_us() + 120 * US_PER_SECOND, id;
	struct buf file = BUF_INIT;
	struct counts counts;

	buf_puts(&file, "name,tax_number\n");
	for (int i = 0; i < 1200; i++)
		buf_printf(&file, "大批撤回第%d号,BULK-%d\n", i + 10000, i);
	counts = import_data(cai, E_customer, NULL, buf_text(&file), file.bytes, NULL);
	assert_int_equal(counts.created, 1200);
	id = last_import();
	pg_exec(DB, "UPDATE customer SET version = version + 1, level = 'A' WHERE tax_number = 'BULK-7'");
	expect_written(client_act(cai, E_import, id, "undo", NULL));
	while (pg_int(DB, "SELECT count(*) FROM import WHERE id = %ld AND state = 'undone'", (long)id) == 0) {
		assert_true(date_monotonic_us() < until);
		usleep(20000);
	}
	assert_int_equal(pg_int(DB, "SELECT kept FROM import WHERE id = %ld", (long)id), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE tax_number LIKE 'BULK-%%' AND deleted_at IS NULL"), 1);
	buf_fini(&file);
}

/* Who imports does not always delete; who imports is not another's business. */
static void
undoing_an_import_asks_for_the_rights_to_what_came_in(void **state)
{
	struct client *ada = client_new(bed, "ada", LANG_EN), *dan = client_new(bed, "dan", LANG_EN);
	int64_t id;

	assert_int_equal(import_text(ada, E_customer, NULL, "name\n撤回权限公司\n", NULL).created, 1);
	id = last_import();
	expect_error(client_act(ada, E_import, id, "undo", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(dan, E_import, id, "undo", NULL), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(cai, E_import, id, "undo", NULL));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '撤回权限公司' AND deleted_at IS NULL"), 0);
	expect_error(client_save(cai, E_import, 0, 0, SENT(TEXT_OF(F_import_file, "x")), NULL), ERR_FORBIDDEN, 0);
	pg_exec(DB, "UPDATE retention_rule SET active = true, days = 30 WHERE what = 'import'");
	pg_exec(DB, "UPDATE import SET at = now() - interval '40 days' WHERE id = %ld", (long)id);
	assert_int_equal(pg_int(DB, "SELECT n FROM kehu_retention(false, 100) WHERE what = 'import'"), 1);
	assert_int_equal(pg_int(DB, "SELECT (SELECT count(*) FROM import WHERE id = %ld) + (SELECT count(*) FROM import_part WHERE import_id = %ld)",
		(long)id, (long)id), 0);
	client_free(ada);
	client_free(dan);
}

/* ---- real files -------------------------------------------------------------------------- */

static char *
read_data(const char *name, size_t *bytes)
{
	const char *dir = getenv("KEHU_DATA");
	struct buf data = BUF_INIT;
	FILE *file;
	size_t got;

	if (dir == NULL)
		return NULL;
	file = fopen(arena_printf(bed->arena, "%s/%s", dir, name), "r");
	if (file == NULL)
		return NULL;
	while ((got = fread(buf_reserve(&data, 65536), 1, 65536, file)) > 0)
		buf_wrote(&data, got);
	fclose(file);
	*bytes = data.bytes;
	return buf_take(&data);
}

static const struct map companies_map[] = { { "股票代码", "tax_number", NULL }, { "股票名称", "short_name", NULL },
	{ "公司全称", "name", NULL }, { "英文名称", "name_en", NULL }, { "地区", "region", NULL }, { 0 } };

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The full names a search gives, paged to the end; sorted, in the client's arena. */
static size_t
search_pages(struct client *client, const char *text, const char ***labels)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;
	const char **found = ARENA_ARRAY(client->arena, const char *, 20000);
	size_t count = 0;

	search.text = (char *)(uintptr_t)text;
	search.has_limit = search.has_entity = true;
	search.limit = 200;
	search.entity = E_customer;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &search;
	for (;;) {
		Kehu__ServerFrame *answer = client_call(client, &frame);

		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_SEARCH)
			fail_msg("%s: %s", text, answer->error->text);
		for (size_t i = 0; i < answer->search->n_hits && count < 20000; i++)
			found[count++] = answer->search->hits[i]->label;
		if (!answer->search->has_next)
			break;
		search.has_cursor = true;
		search.cursor = answer->search->next;
	}
	qsort(found, count, sizeof(*found), compare_texts);
	*labels = found;
	return count;
}

static bool
search_finds(struct client *client, const char *text, const char *label)
{
	const char **labels;
	size_t count = search_pages(client, text, &labels);

	return bsearch(&label, labels, count, sizeof(*labels), compare_texts) != NULL;
}

struct company {
	const char *short_name, *full_name, *initials;
};

static size_t
read_companies(const char *data, size_t bytes, struct company **result)
{
	struct csv_reader *reader = csv_reader_new(',');
	struct company *list = ARENA_ARRAY(bed->arena, struct company, 5000);
	struct csv_row row;
	size_t count = 0;

	csv_reader_feed(reader, data, bytes);
	csv_reader_finish(reader);
	while (csv_reader_next(reader, bed->arena, &row) == CSV_ROW && count < 5000)
		if (row.number > 1)
			list[count++] = (struct company){ row.cells[1], row.cells[4], row.cells[6] };
	csv_reader_free(reader);
	*result = list;
	return count;
}

struct pair {
	char text[12]; /* two neighbouring characters of a short name */
	const struct company *company;
};

static int
compare_pairs(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->text, ((const struct pair *)b)->text);
}

static size_t
collect_pairs(const struct company *companies, size_t count, struct pair **result)
{
	struct pair *pairs = ARENA_ARRAY(bed->arena, struct pair, count * 12);
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		for (const char *at = companies[i].short_name;;) {
			uint32_t code;
			size_t first = text_decode(at, strlen(at), &code);
			size_t second = first > 0 ? text_decode(at + first, strlen(at + first), &code) : 0;

			if (second == 0 || total == count * 12)
				break;
			snprintf(pairs[total].text, sizeof(pairs[total].text), "%.*s", (int)(first + second), at);
			if (strchr(pairs[total].text, ' ') == NULL) /* else it is two words */
				pairs[total++].company = &companies[i];
			at += first;
		}
	qsort(pairs, total, sizeof(*pairs), compare_pairs);
	*result = pairs;
	return total;
}

/* Each pair is searched once, to the last page, and must give every company that has it. */
static size_t
search_all_pairs(struct client *client, const struct pair *pairs, size_t count, size_t *searched)
{
	size_t missed = 0, stride = getenv("KEHU_FULL") != NULL ? 1 : 5, number = 0;

	for (size_t i = 0, next; i < count; i = next, number++) {
		const char **labels;
		size_t found;

		for (next = i; next < count && strcmp(pairs[next].text, pairs[i].text) == 0; next++)
			continue;
		if (number % stride != 0 && next - i < 50)
			continue;
		(*searched)++;
		found = search_pages(client, pairs[i].text, &labels);
		for (size_t k = i; k < next; k++)
			if (bsearch(&pairs[k].company->full_name, labels, found, sizeof(*labels), compare_texts) == NULL) {
				print_message("# %s does not find %s\n", pairs[i].text, pairs[k].company->short_name);
				missed++;
			}
		client_forget_answers(client);
	}
	return missed;
}

static void
listed_companies_are_found_by_initials_and_pairs(void **state)
{
	size_t bytes = 0, count, by_initials = 0, searched = 0, missed, pair_count;
	char *data = read_data("cn_listed_companies/companies.csv", &bytes);
	struct company *companies;
	struct pair *pairs;
	struct counts counts;

	if (data == NULL)
		skip();
	counts = import_data(eve, E_customer, companies_map, data, bytes, NULL);
	if (strcmp(counts.state, "done") != 0)
		fail_msg("%s: %s", counts.state, counts.text);
	assert_int_equal(counts.read, counts.created + counts.updated + counts.refused);
	count = read_companies(data, bytes, &companies);
	assert_int_equal(counts.read, count);
	print_message("# %s\n", counts.text);
	assert_int_equal(counts.refused, 0);
	for (size_t i = 0; i < count; i++) {
		by_initials += search_finds(eve, companies[i].initials, companies[i].full_name);
		client_forget_answers(eve);
	}
	pair_count = collect_pairs(companies, count, &pairs);
	missed = search_all_pairs(eve, pairs, pair_count, &searched);
	print_message("# %zu of %zu found by initials; %zu pairs searched, %zu misses\n", by_initials, count,
	    searched, missed);
	assert_true(by_initials * 100 >= count * 99);
	assert_int_equal(missed, 0);
	free(data);
}

static void
the_gb18030_twin_gives_the_same_records(void **state)
{
	size_t bytes = 0;
	char *data = read_data("cn_listed_companies/companies_gb18030.csv", &bytes);
	Kehu__Import options = KEHU__IMPORT__INIT;
	int64_t before;
	struct counts counts;

	if (data == NULL)
		skip();
	before = pg_int(DB, "SELECT count(*) FROM customer");
	options.match = (char *)(uintptr_t)"tax_number";
	options.on_match = (char *)(uintptr_t)"update";
	counts = import_data(eve, E_customer, companies_map, data, bytes, &options);
	assert_int_equal(counts.created, 0);
	assert_int_equal(counts.updated + counts.refused, counts.read);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), before);
	/* nothing differed, so nothing changed */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history h JOIN customer c ON c.id = h.record_id "
		"WHERE h.kind = 2 AND h.fields <> '{}' AND c.tax_number ~ '^[0-9]{6}[.]'"), 0);
	free(data);
}

static void
northwind_rows_with_a_column_too_many_are_reported(void **state)
{
	const struct map map[] = { { "companyName", "name", NULL }, { "customerID", "short_name", NULL },
		{ "address", "address", NULL }, { "postalCode", "postcode", NULL }, { "phone", "phone", NULL }, { 0 } };
	size_t bytes = 0;
	char *data = read_data("northwind/csv/customers.csv", &bytes);
	struct counts counts;

	if (data == NULL)
		skip();
	counts = import_data(eve, E_customer, map, data, bytes, NULL);
	print_message("# %s\n", counts.text);
	assert_int_equal(counts.read, 91);
	assert_int_equal(counts.refused, 24);
	assert_int_equal(counts.created, 67);
	assert_int_equal(client_search(eve, "Alfreds")->search->n_hits, 1);
	assert_true(client_search(eve, "Alfreds Futterkste")->search->n_hits >= 1); /* one letter missing */
	free(data);
}

/* Each change of what users may do lets go of what was known about the file's columns. */
static void
import_goes_on_while_rights_change(void **state)
{
	struct buf file = BUF_INIT;
	struct counts counts;
	pid_t pid;

	buf_puts(&file, "name,short_name\n");
	for (int i = 0; i < 3000; i++)
		buf_printf(&file, "Reload %d Limited,RL%d\n", i, i);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 12; i++) {
			pg_exec(DB, "UPDATE state SET access_epoch = access_epoch + 1");
			usleep(20000);
		}
		_exit(0);
	}
	counts = import_data(eve, E_customer, NULL, file.data, file.bytes, NULL);
	waitpid(pid, NULL, 0);
	assert_string_equal(counts.state, "done");
	assert_int_equal(counts.created, 3000);
	buf_fini(&file);
}

static int
imports_start(void **state)
{
	bed = bed_new(DB);
	/* the executive of the shipped roles only looks; here he brings the data in */
	pg_exec(DB, "UPDATE role_grant g SET rights = rights | 255 FROM role r WHERE r.id = g.role_id "
		"AND r.name = 'executive' AND g.entity IN ('customer', 'contact'); "
		"UPDATE state SET access_epoch = access_epoch + 1");
	bed_kill(bed, SIGTERM);
	bed_start(bed);
	eve = client_new(bed, "eve", LANG_EN);
	cai = client_new(bed, "cai", LANG_EN);
	return 0;
}

static int
imports_end(void **state)
{
	client_free(eve);
	client_free(cai);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(import_takes_columns_that_name_fields),
		cmocka_unit_test(import_refuses_rows_with_line_column_and_reason),
		cmocka_unit_test(import_fills_two_fields_of_one_column_and_names_what_it_lacks),
		cmocka_unit_test(import_dry_run_stores_nothing),
		cmocka_unit_test(import_updates_what_it_matches),
		cmocka_unit_test(import_makes_lines_and_constants),
		cmocka_unit_test(import_finds_references_by_name),
		cmocka_unit_test(import_makes_references_when_told),
		cmocka_unit_test(import_of_broken_files_says_why),
		cmocka_unit_test(import_of_a_cut_file_leaves_nothing),
		cmocka_unit_test(import_reads_cards_and_json_lines),
		cmocka_unit_test(import_reads_dates_in_the_order_it_is_told),
		cmocka_unit_test(import_by_set_checks_as_a_save_does),
		cmocka_unit_test(import_proposes_the_map_used_before),
		cmocka_unit_test(import_needs_the_right_to_create),
		cmocka_unit_test(import_goes_on_while_rights_change),
		cmocka_unit_test(import_is_undone_but_for_what_was_touched_since),
		cmocka_unit_test(undoing_an_import_takes_what_it_made_for_its_references),
		cmocka_unit_test(a_large_import_is_undone_by_a_job),
		cmocka_unit_test(undoing_an_import_asks_for_the_rights_to_what_came_in),
		cmocka_unit_test(listed_companies_are_found_by_initials_and_pairs),
		cmocka_unit_test(the_gb18030_twin_gives_the_same_records),
		cmocka_unit_test(northwind_rows_with_a_column_too_many_are_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, imports_start, imports_end);
}
