/* Many writes as one, one change of many records, and versions of one record: against a real kehud and PostgreSQL. */
#include "common/buf.h"
#include "common/date.h"
#include "common/uuid.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "bulk"

static struct bed *bed;
static struct client *ada, *guo, *cai, *dan, *eve;

static const Kehu__BulkAnswer *
expect_bulk(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused at step %u: %u %s (field %u)", answer->error->step, answer->error->code,
		    answer->error->text, answer->error->field);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_BULK);
	return answer->bulk;
}

/* A branch, and a department in that branch before either is stored. */
static size_t
new_place(Kehu__ClientFrame **steps, const char *branch, const char *department)
{
	steps[0] = client_save_step(guo, E_branch, -1, 0,
	    SENT(TEXT_OF(F_branch_name, branch), TEXT_OF(F_branch_code, branch)));
	steps[1] = client_save_step(guo, E_department, -2, 0,
	    SENT(TEXT_OF(F_department_name, department), NUMBER_OF(F_department_branch_id, -1)));
	return 2;
}

static void
bulk_steps_may_refer_to_records_made_before_them(void **state)
{
	Kehu__ClientFrame *steps[2];
	const Kehu__BulkAnswer *answer;

	answer = expect_bulk(client_bulk(guo, uuid_new(), steps, new_place(steps, "QD", "青岛一部"), false));
	assert_int_equal(answer->n_steps, 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM department d JOIN branch b ON b.id = d.branch_id "
				    "WHERE b.id = %ld AND d.id = %ld", (long)answer->steps[0]->id,
			     (long)answer->steps[1]->id),
	    1);
}

static void
bulk_keeps_nothing_when_one_step_is_refused(void **state)
{
	Kehu__ClientFrame *steps[3];
	Kehu__ServerFrame *answer;

	new_place(steps, "YT", "烟台一部");
	steps[2] = client_save_step(guo, E_department, -3, 0, SENT(NUMBER_OF(F_department_branch_id, -1)));
	answer = client_bulk(guo, uuid_new(), steps, 3, false);
	expect_error(answer, ERR_REQUIRED, F_department_name);
	assert_int_equal(answer->error->step, 3);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM branch WHERE code = 'YT'"), 0);
	/* a temporary id that no step made is no record */
	steps[0] = client_save_step(guo, E_department, -3, 0,
	    SENT(TEXT_OF(F_department_name, "威海一部"), NUMBER_OF(F_department_branch_id, -9)));
	answer = client_bulk(guo, uuid_new(), steps, 1, false);
	expect_error(answer, ERR_NO_SUCH_RECORD, F_department_branch_id);
}

static void
bulk_rehearsal_answers_and_keeps_nothing(void **state)
{
	Kehu__ClientFrame *steps[2];

	assert_int_equal(
	    expect_bulk(client_bulk(guo, uuid_new(), steps, new_place(steps, "WF", "潍坊一部"), true))->n_steps, 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM branch WHERE code = 'WF'"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outcome o JOIN branch b ON b.id = o.record_id WHERE b.code = 'WF'"), 0);
}

static void
bulk_is_done_once_for_one_intention(void **state)
{
	struct uuid intention = uuid_new();
	Kehu__ClientFrame *steps[2];

	expect_bulk(client_bulk(guo, intention, steps, new_place(steps, "ZB", "淄博一部"), false));
	assert_true(expect_bulk(client_bulk(guo, intention, steps, 2, false))->repeated_request);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM branch WHERE code = 'ZB'"), 1);
}

/* Creating reaches further than deleting: each step is held to its own right. */
static void
bulk_steps_keep_to_their_own_rights(void **state)
{
	Kehu__ClientFrame *steps[3];
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "济南泉城商贸"), TEXT_OF(F_customer_level, "C")), NULL))->id;

	steps[0] = client_save_step(ada, E_customer, -1, 0, SENT(TEXT_OF(F_customer_name, "济南历下商贸")));
	steps[1] = client_save_step(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")));
	assert_int_equal(expect_bulk(client_bulk(ada, uuid_new(), steps, 2, false))->n_steps, 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld AND level = 'A' AND version = 2", (long)id), 1);
	/* an account manager never deletes; nothing of the bulk stays */
	steps[1] = client_save_step(ada, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "B")));
	steps[2] = client_delete_step(ada, E_customer, id, 3);
	expect_error(client_bulk(ada, uuid_new(), steps + 1, 2, false), ERR_FORBIDDEN, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld AND level = 'A' AND version = 2", (long)id), 1);
}

static void
bulk_refuses_what_is_no_write(void **state)
{
	Kehu__ClientFrame inner = KEHU__CLIENT_FRAME__INIT, *steps[] = { &inner };
	Kehu__Bulk nested = KEHU__BULK__INIT;
	Kehu__Ping ping = KEHU__PING__INIT;

	expect_error(client_bulk(guo, uuid_new(), NULL, 0, false), ERR_EMPTY, 0);
	expect_error(client_bulk(guo, uuid_new(), steps, 1, false), ERR_BAD_REQUEST, 0);
	inner.request_case = KEHU__CLIENT_FRAME__REQUEST_PING;
	inner.ping = &ping;
	expect_error(client_bulk(guo, uuid_new(), steps, 1, false), ERR_BAD_REQUEST, 0);
	inner.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	inner.bulk = &nested;
	expect_error(client_bulk(guo, uuid_new(), steps, 1, false), ERR_BAD_REQUEST, 0);
}

/* ---- one change of many records ---------------------------------------------------------- */

/* What is asked of Alter; ids and values end with 0. */
struct many {
	const char *what, *query, *action;
	const int64_t *ids;
	const struct sent *values;
	bool dry_run, skip;
};

static Kehu__ServerFrame *
alter(struct client *client, uint32_t entity, struct many many)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, *step;
	Kehu__Alter request = KEHU__ALTER__INIT;
	struct uuid intention = uuid_new();
	int64_t ids[16];

	request.has_intention = request.has_entity = request.has_dry_run = request.has_skip_refused = true;
	request.intention.data = intention.bytes;
	request.intention.len = sizeof(intention.bytes);
	request.entity = entity;
	request.what = (char *)(uintptr_t)many.what;
	request.query = (char *)(uintptr_t)many.query;
	request.action = (char *)(uintptr_t)many.action;
	request.dry_run = many.dry_run;
	request.skip_refused = many.skip;
	for (request.ids = ids; many.ids != NULL && many.ids[request.n_ids] != 0; request.n_ids++)
		ids[request.n_ids] = many.ids[request.n_ids];
	if (many.values != NULL) {
		step = client_save_step(client, entity, 0, 0, many.values);
		request.values = step->save->record->values;
		request.n_values = step->save->record->n_values;
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame.alter = &request;
	return client_call(client, &frame);
}

static const Kehu__AlterAnswer *
expect_alter(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused: %u %s (field %u)", answer->error->code, answer->error->text,
		    answer->error->field);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_ALTER);
	return answer->alter;
}

/* So many customers of a user, of level C; ended by 0. */
static const int64_t *
new_customers(struct client *client, const char *name, size_t count)
{
	int64_t *ids = ARENA_ARRAY(client->arena, int64_t, count + 1);

	for (size_t i = 0; i < count; i++)
		ids[i] = expect_written(client_save(client, E_customer, 0, 0,
		    SENT(TEXT_OF(F_customer_name, arena_printf(client->arena, "%s%c%c公司", name, 'A' + (int)i, 'Q' + (int)i)),
			TEXT_OF(F_customer_level, "C")), NULL))->id;
	return ids;
}

static int64_t
count_of(const char *where, const int64_t *ids)
{
	struct buf list = BUF_INIT;
	int64_t count;

	for (size_t i = 0; ids[i] != 0; i++)
		buf_printf(&list, "%s%ld", i > 0 ? "," : "", (long)ids[i]);
	count = pg_int(DB, "SELECT count(*) FROM customer WHERE %s AND id IN (%s)", where, buf_text(&list));
	buf_fini(&list);
	return count;
}

static void
many_are_set_together_and_what_was_not_touched_since_is_put_back(void **state)
{
	const int64_t *ids = new_customers(ada, "曲阜", 4);
	const Kehu__AlterAnswer *answer;
	struct many many = { .what = "set", .ids = ids,
		.values = SENT(TEXT_OF(F_customer_level, "A"), TEXT_OF(F_customer_remarks, "重点")), .dry_run = true };
	int64_t bulk;

	answer = expect_alter(alter(ada, E_customer, many));
	assert_int_equal(answer->total, 4);
	assert_int_equal(answer->done, 4);
	assert_int_equal(count_of("level = 'A'", ids), 0);
	many.dry_run = false;
	answer = expect_alter(alter(ada, E_customer, many));
	bulk = answer->bulk;
	assert_int_equal(answer->done, 4);
	assert_true(answer->undoable);
	assert_int_equal(count_of("level = 'A' AND remarks = '重点' AND version = 2 AND updated_by = 101", ids), 4);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history h JOIN bulk b ON b.change_id = h.change_id "
				    "WHERE b.id = %ld AND h.kind = 2 AND h.user_id = 101", (long)bulk), 4);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM bulk WHERE id = %ld AND records = 4 AND owner_id = 101 "
				    "AND title LIKE '%%A%%' AND state = 'done'", (long)bulk), 1);
	/* The same once more changes nothing, and leaves no record. */
	answer = expect_alter(alter(ada, E_customer, many));
	assert_int_equal(answer->same, 4);
	assert_false(answer->has_bulk);
	expect_written(client_save(ada, E_customer, ids[1], 2, SENT(TEXT_OF(F_customer_level, "B")), NULL));
	expect_written(client_act(ada, E_bulk, bulk, "undo", NULL));
	assert_int_equal(count_of("level = 'C' AND remarks IS NULL", ids), 3);
	assert_int_equal(count_of("level = 'B' AND remarks = '重点'", ids), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM bulk WHERE id = %ld AND state = 'undone' AND kept = 1 "
				    "AND kept_names LIKE '%%曲阜B%%'", (long)bulk), 1);
	expect_error(client_act(ada, E_bulk, bulk, "undo", NULL), ERR_WRONG_STATE, 0);
}

static void
many_with_some_refused_are_left_alone_unless_these_are_skipped(void **state)
{
	const int64_t *ids = new_customers(ada, "邹城", 3);
	struct many many = { .what = "act", .action = "transfer", .ids = ids, .values = SENT(NUMBER_OF(1, 102)) };
	const Kehu__AlterAnswer *answer;
	int64_t bulk;

	expect_written(client_act(cai, E_customer, ids[0], "transfer", SENT(NUMBER_OF(1, 102))));
	many.dry_run = true;
	answer = expect_alter(alter(cai, E_customer, many));
	assert_int_equal(answer->done, 2);
	assert_int_equal(answer->refused, 1);
	assert_int_equal(answer->refusals[0]->id, ids[0]);
	assert_string_equal(answer->refusals[0]->label, "邹城AQ公司");
	assert_true(strlen(answer->refusals[0]->text) > 0);
	many.dry_run = false;
	expect_error(alter(cai, E_customer, many), ERR_BULK_REFUSED, 0);
	assert_int_equal(count_of("owner_id = 102", ids), 1);
	many.skip = true;
	answer = expect_alter(alter(cai, E_customer, many));
	bulk = answer->bulk;
	assert_int_equal(count_of("owner_id = 102", ids), 3);
	expect_written(client_act(cai, E_bulk, bulk, "undo", NULL));
	assert_int_equal(count_of("owner_id = 101", ids), 2);
	/* Of an account manager's own what a rule refuses is told by its field. */
	many = (struct many){ .what = "set", .ids = ids + 1, .values = SENT(NUMBER_OF(F_customer_satisfaction, 500)) };
	expect_error(alter(ada, E_customer, many), ERR_BULK_REFUSED, 0);
	many.values = SENT(TEXT_OF(F_customer_name, ""));
	expect_error(alter(ada, E_customer, many), ERR_REQUIRED, F_customer_name);
	many.values = SENT(TEXT_OF(F_customer_number, "X"));
	expect_error(alter(ada, E_customer, many), ERR_READ_ONLY, F_customer_number);
	/* Another's is not there; no right to change many at all is another matter. */
	many = (struct many){ .what = "set", .ids = (const int64_t[]){ ids[0], 0 }, .values = SENT(TEXT_OF(F_customer_level, "A")) };
	expect_error(alter(ada, E_customer, many), ERR_BULK_REFUSED, 0);
	expect_error(alter(eve, E_customer, many), ERR_FORBIDDEN, 0);
	expect_error(alter(ada, E_customer, (struct many){ .what = "eat", .ids = ids }), ERR_BAD_REQUEST, 0);
	expect_error(alter(ada, E_customer, (struct many){ .what = "set", .query = "级别:A 编号:不存在的", .values = many.values }), ERR_EMPTY, 0);
}

static void
many_are_tagged_deleted_and_restored_and_all_is_undone(void **state)
{
	const int64_t *ids = new_customers(ada, "滕州", 3);
	int64_t tag = expect_written(client_save(cai, E_tag, 0, 0, SENT(TEXT_OF(F_tag_name, "展会")), NULL))->id;
	const char *tagged = "id IN (SELECT customer_id FROM customer_tag t WHERE t.deleted_at IS NULL)";
	struct many many = { .what = "tag", .query = "滕州", .values = SENT(NUMBER_OF(F_customer_tag_tag_id, tag)) };
	const Kehu__AlterAnswer *answer = expect_alter(alter(ada, E_customer, many));

	assert_int_equal(answer->done, 3);
	assert_int_equal(count_of(tagged, ids), 3);
	answer = expect_alter(alter(ada, E_customer, many));
	assert_int_equal(answer->same, 3);
	many.what = "untag";
	many.ids = (const int64_t[]){ ids[0], 0 };
	answer = expect_alter(alter(ada, E_customer, many));
	assert_int_equal(count_of(tagged, ids), 2);
	expect_written(client_act(ada, E_bulk, answer->bulk, "undo", NULL));
	assert_int_equal(count_of(tagged, ids), 3);
	/* Searched fields keep the search right. */
	expect_alter(alter(ada, E_customer, (struct many){ .what = "set", .ids = ids, .values = SENT(TEXT_OF(F_customer_short_name, "墨子故里")) }));
	assert_int_equal(client_search(ada, "墨子故里")->search->n_hits, 3);
	expect_error(alter(ada, E_customer, (struct many){ .what = "delete", .ids = ids }), ERR_FORBIDDEN, 0);
	answer = expect_alter(alter(cai, E_customer, (struct many){ .what = "delete", .ids = ids }));
	assert_int_equal(count_of("deleted_at IS NOT NULL", ids), 3);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 101 AND text LIKE '%%共 3 条%%'"), 1);
	expect_written(client_act(cai, E_bulk, answer->bulk, "undo", NULL));
	assert_int_equal(count_of("deleted_at IS NULL", ids), 3);
	expect_alter(alter(cai, E_customer, (struct many){ .what = "delete", .ids = ids }));
	answer = expect_alter(alter(cai, E_customer, (struct many){ .what = "restore", .ids = ids }));
	assert_int_equal(answer->done, 3);
	assert_int_equal(count_of("deleted_at IS NULL", ids), 3);
}

static void
job_wait(int64_t id)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	while (pg_int(DB, "SELECT count(*) FROM job WHERE id = %ld AND state = 'done'", (long)id) == 0) {
		if (date_monotonic_us() > until)
			fail_msg("job %ld did not end", (long)id);
		usleep(20000);
	}
}

/* However long its transaction lasts, and whatever its lease said when that began. */
static void
job_cannot_be_claimed(int64_t id)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	while (pg_int(DB, "SELECT count(*) FROM job WHERE id = %ld AND state = 'running'", (long)id) == 0 ||
	       pg_int(DB, "SELECT count(*) FROM (SELECT FROM job WHERE id = %ld FOR UPDATE SKIP LOCKED) j", (long)id) != 0) {
		if (date_monotonic_us() > until)
			fail_msg("job %ld was never held", (long)id);
		usleep(20000);
	}
}

static void
more_than_a_thousand_are_done_and_undone_by_a_job(void **state)
{
	struct many many = { .what = "set", .query = "简称:千户", .values = SENT(TEXT_OF(F_customer_level, "B")) };
	const Kehu__AlterAnswer *answer;
	int64_t bulk;

	pg_exec(DB, "INSERT INTO customer (name, name_key, short_name, short_name_key, type, level, stage, owner_id, department_id, branch_id, number) "
		    "SELECT '千户' || i, 'q' || i, '千户', 'q', 'company', 'D', 'potential', u.id, u.department_id, u.branch_id, 'Q' || i "
		    "FROM users u, generate_series(1, 1200) i WHERE u.id = 101");
	many.dry_run = true;
	answer = expect_alter(alter(ada, E_customer, many));
	assert_int_equal(answer->done, 1200);
	many.dry_run = false;
	pg_exec(DB, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END'; "
		    "CREATE TRIGGER slow BEFORE UPDATE ON customer FOR EACH ROW WHEN (NEW.short_name = '千户') EXECUTE FUNCTION slow()");
	answer = expect_alter(alter(ada, E_customer, many));
	assert_int_equal(answer->total, 1200);
	assert_false(answer->has_bulk);
	job_cannot_be_claimed(answer->job);
	job_wait(answer->job);
	pg_exec(DB, "DROP TRIGGER slow ON customer; DROP FUNCTION slow()");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE short_name = '千户' AND level = 'B'"), 1200);
	bulk = pg_int(DB, "SELECT max(id) FROM bulk");
	expect_written(client_act(ada, E_bulk, bulk, "undo", NULL));
	job_wait(pg_int(DB, "SELECT max(id) FROM job"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE short_name = '千户' AND level = 'D' AND version = 3"), 1200);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM bulk WHERE id = %ld AND state = 'undone' AND kept = 0", (long)bulk), 1);
}

static void
many_above_the_limit_wait_for_consent(void **state)
{
	const int64_t *ids = new_customers(ada, "兖州", 3);
	struct many many = { .what = "set", .ids = ids, .values = SENT(TEXT_OF(F_customer_level, "A")) };
	const struct sent_line steps[] = {
		{ .entity = E_approval_rule_step,
		    .values = SENT(TEXT_OF(F_approval_rule_step_kind, "person"), NUMBER_OF(F_approval_rule_step_user_id, 103),
			TEXT_OF(F_approval_rule_step_agree, "all")) },
		{ 0 },
	};
	int64_t rule = expect_written(client_save(guo, E_approval_rule, 0, 0,
	    SENT(TEXT_OF(F_approval_rule_name, "批量"), NUMBER_OF(F_approval_rule_rank, 1),
		TEXT_OF(F_approval_rule_entity, "customer"), TEXT_OF(F_approval_rule_action, "bulk"),
		NUMBER_OF(F_approval_rule_rows_over, 2), NUMBER_OF(F_approval_rule_active, 1)), steps))->id;
	const Kehu__Written *waits = expect_written(alter(ada, E_customer, many));

	assert_true(waits->waits);
	assert_int_equal(count_of("level = 'A'", ids), 0);
	expect_written(client_act(cai, E_approval, waits->id, "approve", NULL));
	assert_int_equal(count_of("level = 'A'", ids), 3);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM bulk WHERE owner_id = 101 AND records = 3 AND title LIKE '%%A%%' AND state = 'done'"), 1);
	/* Two are not above it. */
	many.ids = (const int64_t[]){ ids[0], ids[1], 0 };
	many.values = SENT(TEXT_OF(F_customer_level, "D"));
	expect_alter(alter(ada, E_customer, many));
	pg_exec(DB, "UPDATE approval_rule SET active = false WHERE id = %ld", (long)rule);
}

/* ---- versions ---------------------------------------------------------------------------- */

static Kehu__ServerFrame *
version(struct client *client, int64_t id, uint32_t number, const struct uuid *change)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Version request = KEHU__VERSION__INIT;

	request.has_entity = request.has_id = request.has_version = true;
	request.entity = E_customer;
	request.id = id;
	request.version = number;
	if (change != NULL) {
		request.has_change = true;
		request.change.data = (uint8_t *)(uintptr_t)change->bytes;
		request.change.len = sizeof(change->bytes);
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_VERSION;
	frame.version = &request;
	return client_call(client, &frame);
}

static const Kehu__Record *
expect_version(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused: %u %s", answer->error->code, answer->error->text);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_VERSION);
	return answer->version->record;
}

/* Fields and lines as they were, lines that went since too. */
static void
record_is_shown_as_it_was_at_each_version(void **state)
{
	const struct sent_line phone[] = {
		{ .entity = E_customer_phone, .id = -1, .values = SENT(TEXT_OF(F_customer_phone_number, "0531-88001122")) },
		{ 0 },
	};
	struct uuid lines_only = uuid_new();
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "泰安岱宗旅游"), TEXT_OF(F_customer_level, "C"),
		TEXT_OF(F_customer_site, "http://a.example")), phone))->id;
	const Kehu__Record *record = client_get(ada, E_customer, id)->get->record;
	struct sent_line gone[] = { { .entity = E_customer_phone, .id = record->lines[0]->id, .remove = true }, { 0 } };

	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A"), EMPTY_OF(F_customer_site)), NULL));
	expect_written(client_save_as(ada, lines_only, E_customer, id, 2, NULL, gone));
	expect_written(client_save(ada, E_customer, id, 3, SENT(TEXT_OF(F_customer_level, "B")), NULL));
	record = expect_version(version(ada, id, 1, NULL));
	assert_string_equal(value_of(record, F_customer_level)->text, "C");
	assert_string_equal(value_of(record, F_customer_site)->text, "http://a.example");
	assert_int_equal(record->n_lines, 1);
	assert_int_equal(record->version, 1);
	record = expect_version(version(ada, id, 2, NULL));
	assert_string_equal(value_of(record, F_customer_level)->text, "A");
	assert_null(value_of(record, F_customer_site));
	assert_int_equal(record->n_lines, 1);
	record = expect_version(version(ada, id, 0, &lines_only));
	assert_string_equal(value_of(record, F_customer_level)->text, "A");
	assert_int_equal(record->n_lines, 0);
	assert_string_equal(value_of(expect_version(version(ada, id, 4, NULL)), F_customer_level)->text, "B");
	expect_error(version(ada, id, 0, NULL), ERR_NO_SUCH_RECORD, 0);
	expect_error(version(dan, id, 1, NULL), ERR_NO_SUCH_RECORD, 0);
}

/* What is masked or hidden now is so in every version. */
static void
old_values_are_shown_as_the_reader_may_see_them_now(void **state)
{
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "莱芜钢城物资"), TEXT_OF(F_customer_bank_account, "6222020200112233445")), NULL))->id;
	const Kehu__Value *value;

	expect_written(client_save(ada, E_customer, id, 1, SENT(EMPTY_OF(F_customer_bank_account)), NULL));
	value = value_of(expect_version(version(ada, id, 1, NULL)), F_customer_bank_account);
	assert_string_equal(value->text, "6222020200112233445");
	value = value_of(expect_version(version(eve, id, 1, NULL)), F_customer_bank_account);
	assert_non_null(value);
	pg_exec(DB, "INSERT INTO role_field (role_id, entity, field, show) SELECT id, 'customer', 'bank_account', 'hidden' "
		    "FROM role WHERE name = 'executive'");
	assert_null(value_of(expect_version(version(eve, id, 1, NULL)), F_customer_bank_account));
	pg_exec(DB, "UPDATE role_field SET show = 'masked' WHERE field = 'bank_account' AND role_id = (SELECT id FROM role WHERE name = 'executive')");
	value = value_of(expect_version(version(eve, id, 1, NULL)), F_customer_bank_account);
	assert_true(value->masked);
	assert_null(strstr(value->text, "020200"));
}

/* ---- the recycle bin --------------------------------------------------------------------- */

static int64_t
bin_of(int64_t record, const char *state)
{
	return pg_int(DB, "SELECT coalesce(max(id), 0) FROM bin WHERE record = %ld AND state = '%s'", (long)record, state);
}

/* Its contacts and lines go along and come back; the entry says who, and what became of it. */
static void
what_is_deleted_lies_in_the_bin_and_comes_back_whole(void **state)
{
	const struct sent_line phone[] = {
		{ .entity = E_customer_phone, .id = -1, .values = SENT(TEXT_OF(F_customer_phone_number, "0531-77001122")) },
		{ 0 },
	};
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "微山湖渔业")), phone))->id;
	int64_t contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "孔令湖"), NUMBER_OF(F_contact_customer_id, id)), NULL))->id, entry;

	expect_written(client_delete(cai, E_customer, id, 1));
	entry = bin_of(id, "in_bin");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM bin WHERE id = %ld AND title = '微山湖渔业' AND by_id = 103 "
				    "AND owner_id = 101 AND entity = 'customer'", (long)entry), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contact WHERE id = %ld AND deleted_at IS NOT NULL", (long)contact), 1);
	/* The owner sees the entry, but may not restore customers. */
	expect_error(client_act(ada, E_bin, entry, "restore", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(dan, E_bin, entry, "restore", NULL), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(cai, E_bin, entry, "restore", NULL));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer c JOIN contact t ON t.customer_id = c.id JOIN customer_phone p "
				    "ON p.customer_id = c.id WHERE c.id = %ld AND c.deleted_at IS NULL AND t.deleted_at IS NULL "
				    "AND p.deleted_at IS NULL", (long)id), 1);
	assert_int_equal(bin_of(id, "restored"), entry);
	expect_error(client_act(cai, E_bin, entry, "restore", NULL), ERR_WRONG_STATE, 0);
}

/* For good, with all that belonged to it; by nobody without the right, and not while something lives on it. */
static void
emptying_takes_all_of_it_for_good_and_is_a_right_of_its_own(void **state)
{
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "嘉祥石雕")), NULL))->id;
	int64_t held = expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "金乡大蒜")), NULL))->id;
	int64_t contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "曾石生"), NUMBER_OF(F_contact_customer_id, id)), NULL))->id;

	expect_written(client_delete(cai, E_customer, id, 1));
	expect_written(client_delete(cai, E_customer, held, 1));
	expect_error(client_act(cai, E_bin, bin_of(id, "in_bin"), "empty", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(eve, E_bin, bin_of(id, "in_bin"), "empty", SENT(TEXT_OF(1, "重复"))));
	assert_int_equal(pg_int(DB, "SELECT (SELECT count(*) FROM customer WHERE id = %ld) + (SELECT count(*) FROM contact WHERE id = %ld) "
				    "+ (SELECT count(*) FROM customer_search WHERE id = %ld) + (SELECT count(*) FROM history WHERE root_id = %ld)",
			     (long)id, (long)contact, (long)id, (long)id), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM bin WHERE record = %ld AND state = 'emptied' AND title IS NULL AND ended_by = 105 AND rows > 1", (long)id), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'emptied' AND record_id = %ld AND user_id = 105", (long)id), 1);
	pg_exec(DB, "UPDATE users SET company_id = %ld WHERE id = 106", (long)held);
	expect_error(client_act(eve, E_bin, bin_of(held, "in_bin"), "empty", NULL), ERR_BIN_HELD, 0);
	pg_exec(DB, "UPDATE users SET company_id = NULL WHERE id = 106");
	pg_exec(DB, "UPDATE retention_rule SET active = true, days = 30 WHERE what = 'bin'");
	pg_exec(DB, "UPDATE bin SET at = now() - interval '40 days' WHERE record = %ld", (long)held);
	assert_int_equal(pg_int(DB, "SELECT n FROM kehu_retention(false, 100) WHERE what = 'bin'"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld", (long)held), 0);
}

static int
bulk_start(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	guo = client_new(bed, "guo", LANG_EN);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	eve = client_new(bed, "eve", LANG_ZH);
	return 0;
}

static int
bulk_end(void **state)
{
	client_free(ada);
	client_free(guo);
	client_free(cai);
	client_free(dan);
	client_free(eve);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_steps_may_refer_to_records_made_before_them),
		cmocka_unit_test(bulk_keeps_nothing_when_one_step_is_refused),
		cmocka_unit_test(bulk_rehearsal_answers_and_keeps_nothing),
		cmocka_unit_test(bulk_is_done_once_for_one_intention),
		cmocka_unit_test(bulk_steps_keep_to_their_own_rights),
		cmocka_unit_test(many_are_set_together_and_what_was_not_touched_since_is_put_back),
		cmocka_unit_test(many_with_some_refused_are_left_alone_unless_these_are_skipped),
		cmocka_unit_test(many_are_tagged_deleted_and_restored_and_all_is_undone),
		cmocka_unit_test(more_than_a_thousand_are_done_and_undone_by_a_job),
		cmocka_unit_test(many_above_the_limit_wait_for_consent),
		cmocka_unit_test(record_is_shown_as_it_was_at_each_version),
		cmocka_unit_test(old_values_are_shown_as_the_reader_may_see_them_now),
		cmocka_unit_test(what_is_deleted_lies_in_the_bin_and_comes_back_whole),
		cmocka_unit_test(emptying_takes_all_of_it_for_good_and_is_a_right_of_its_own),
		cmocka_unit_test(bulk_refuses_what_is_no_write),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, bulk_start, bulk_end);
}
