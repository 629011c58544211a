/*
 * Duplicates of customers, merging them, public pools and who has whom, against a real kehud.
 */
#include "tests/parts/customers.h"

#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

enum { SAVERS = 64 };

struct bed *bed;
struct client *ada, *ben, *cai, *dan, *guo;

static Kehu__ServerFrame *
save_customer(struct client *client, const char *name, const char *phone, const char *reason)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ClientFrame *step = client_save_step(client, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_phone, phone)));
	struct uuid intention = uuid_new();

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = step->save;
	frame.save->has_intention = true;
	frame.save->intention = (ProtobufCBinaryData){ .data = intention.bytes, .len = sizeof(intention.bytes) };
	frame.save->has_allow_duplicate = frame.save->allow_duplicate = reason != NULL;
	frame.save->duplicate_reason = (char *)(uintptr_t)reason;
	return client_call(client, &frame);
}

int64_t
make_customer(struct client *client, const char *name, const char *phone)
{
	return expect_written(save_customer(client, name, phone, NULL))->id;
}

static Kehu__ServerFrame *
check(struct client *client, const char *name, const char *phone, bool typing)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Check request = KEHU__CHECK__INIT;

	request.name = (char *)(uintptr_t)name;
	request.phone = (char *)(uintptr_t)phone;
	request.has_typing = request.typing = typing;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
	frame.check = &request;
	return client_call(client, &frame);
}

/* ---- duplicates -------------------------------------------------------------------------- */

static void
the_same_name_spelled_otherwise_is_refused(void **state)
{
	static const char *const same[] = { "宁波海曙机电股份有限公司", "寧波（海曙）機電有限責任公司", "宁波海曙机电公司" };

	make_customer(ada, "宁波海曙机电有限公司", "");
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		expect_error(save_customer(ada, same[i], "", NULL), ERR_DUPLICATE, 0);
	/* Who only uses them does not decide that these are two, who approves them does. */
	expect_error(save_customer(ada, same[0], "", "另一家"), ERR_DUPLICATE, 0);
	expect_error(save_customer(cai, same[0], "", NULL), ERR_ALIKE, 0);
	expect_error(save_customer(cai, same[0], "", " "), ERR_REASON_NEEDED, 0);
	expect_written(save_customer(cai, same[0], "", "另一家"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'duplicate' AND user_id = 103 "
				    "AND detail LIKE '%%: 另一家'"), 1);
}

static void
what_is_only_alike_is_saved_with_a_reason(void **state)
{
	make_customer(ada, "台州祥光模具", "0576-88112233");
	expect_error(save_customer(ada, "台州翔光模具", "", NULL), ERR_ALIKE, 0);
	expect_error(save_customer(ada, "温岭大通泵业", "057688112233", NULL), ERR_ALIKE, 0);
	expect_written(save_customer(ada, "温岭大通泵业", "057688112233", "同一大厦的总机"));
	/* Changing it otherwise asks no more. */
	expect_written(client_save(ada, E_customer,
	    pg_int(DB, "SELECT id FROM customer WHERE name = '温岭大通泵业'"), 1,
	    SENT(TEXT_OF(F_customer_remarks, "x")), NULL));
}

static void
a_refusal_names_only_what_one_sees(void **state)
{
	Kehu__ServerFrame *answer;
	int64_t id = make_customer(dan, "兰州西固管业有限公司", "");

	pg_exec(DB, "UPDATE customer_figures SET last_visit_at = '2026-05-20' WHERE id = %" PRId64, id);
	pg_exec(DB, "INSERT INTO customer_figures (id, last_visit_at) VALUES (%" PRId64 ", '2026-05-20') "
		    "ON CONFLICT DO NOTHING", id);
	answer = save_customer(dan, "兰州西固管业", "", NULL);
	expect_error(answer, ERR_DUPLICATE, 0);
	assert_non_null(strstr(answer->error->text, "兰州西固管业有限公司"));
	answer = save_customer(ada, "兰州西固管业", "", NULL);
	expect_error(answer, ERR_DUPLICATE, 0);
	assert_null(strstr(answer->error->text, "兰州"));
	assert_null(strstr(answer->error->text, "Dan"));
	assert_non_null(strstr(answer->error->text, "由同事负责"));
	assert_non_null(strstr(answer->error->text, "2026年5月"));
}

static void
questions_are_answered_counted_and_recorded(void **state)
{
	Kehu__ServerFrame *answer = check(ada, "蘭州西固管業", "", false);
	int64_t questions =
	    pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'check' AND user_id = 101");

	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_CHECK);
	assert_int_equal(answer->check->n_matches, 1);
	assert_true(answer->check->matches[0]->same && !answer->check->matches[0]->has_id);
	assert_string_equal(answer->check->matches[0]->place, "colleague");
	assert_int_equal(answer->check->matches[0]->met_month, 202605);
	assert_int_equal(questions, 1);
	/* A form's own question counts when it tells of what one cannot see. */
	answer = check(ada, "没有这样的公司", "", true);
	assert_int_equal(answer->check->n_matches, 0);
	assert_false(answer->check->has_left);
	answer = check(ada, "兰州西固管业", "", true);
	assert_true(answer->check->has_left);
	expect_error(check(ada, "", "", false), ERR_EMPTY, 0);
	pg_exec(DB, "UPDATE access_use SET used = 60 WHERE user_id = 101 AND kind = 'check'");
	expect_error(check(ada, "兰州西固管业", "", false), ERR_DAY_LIMIT, 0);
	expect_error(check(guo, "兰州西固管业", "", false), ERR_NO_SUCH_ENTITY, 0);
	pg_exec(DB, "DELETE FROM access_use WHERE user_id = 101");
}

struct saver {
	pthread_t thread;
	struct client *client;
	int64_t customer; /* to claim */
	enum err err;
};

static void *
saver_run(void *saver_)
{
	struct saver *saver = saver_;
	Kehu__ServerFrame *answer =
	    save_customer(saver->client, "六十四人同存一家有限公司", "0571-64646464", NULL);

	saver->err = link_error(answer);
	return NULL;
}

static void
saved_by_sixty_four_at_once_there_is_one(void **state)
{
	static struct saver savers[SAVERS];
	size_t saved = 0, refused = 0;

	for (size_t i = 0; i < SAVERS; i++)
		savers[i].client = client_new(bed, i % 2 == 0 ? "ada" : "ben", LANG_ZH);
	for (size_t i = 0; i < SAVERS; i++)
		assert_int_equal(pthread_create(&savers[i].thread, NULL, saver_run, &savers[i]), 0);
	for (size_t i = 0; i < SAVERS; i++) {
		pthread_join(savers[i].thread, NULL);
		saved += savers[i].err == ERR_OK;
		refused += savers[i].err == ERR_DUPLICATE;
		client_free(savers[i].client);
	}
	assert_int_equal(saved, 1);
	assert_int_equal(refused, SAVERS - 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name_alike = '六十四人同存一家'"), 1);
}

/* ---- pools ------------------------------------------------------------------------------- */

/* The pass as a server runs it. */
static int64_t
run_pass(void)
{
	return pg_int(DB, "SELECT kehu_pool_pass(1000) FROM (SELECT set_config('kehu.user', '0', true), "
			  "set_config('kehu.session', '0', true), set_config('kehu.change', '', true)) x");
}

static void
age(int64_t customer, int days)
{
	pg_exec(DB, "UPDATE customer SET owned_since = now() - make_interval(days => %d) WHERE id = %" PRId64, days,
	    customer);
	pg_exec(DB, "UPDATE pool_state SET stale = true");
}

/* Pool 21 is that of department 13, where Dan is. Its rules: 30 days without follow-up, A 60. */
static void
set_rules(const struct sent *more)
{
	const struct sent_line rules[] = {
		{ .entity = E_pool_rule, .id = -1, .values = SENT(NUMBER_OF(F_pool_rule_follow_days, 30)) },
		{ .entity = E_pool_rule, .id = -2, .values = SENT(TEXT_OF(F_pool_rule_level, "A"),
		    NUMBER_OF(F_pool_rule_follow_days, 60), NUMBER_OF(F_pool_rule_order_days, 365)) }, { 0 } };
	bool there = pg_int(DB, "SELECT count(*) FROM pool_rule WHERE pool_id = 21") > 0;

	expect_written(client_save(guo, E_pool, 21,
	    (uint32_t)pg_int(DB, "SELECT version FROM pool WHERE id = 21"), more, there ? NULL : rules));
}

static void
a_customer_nobody_follows_up_goes_to_the_pool_and_its_owner_is_told_why(void **state)
{
	int64_t idle = make_customer(dan, "三十天无人跟进", ""), level = make_customer(dan, "重点六十天", ""),
		met = make_customer(dan, "刚拜访过的客户", ""), deal = make_customer(dan, "有商机的客户", "");
	const Kehu__Record *move;
	Kehu__ServerFrame *answer;

	pg_exec(DB, "UPDATE customer SET level = 'A' WHERE id = %" PRId64, level);
	set_rules(SENT(NUMBER_OF(F_pool_recycles, 1), NUMBER_OF(F_pool_warn_days, 7)));
	age(idle, 31), age(level, 31), age(met, 31), age(deal, 31);
	pg_exec(DB, "INSERT INTO visit (customer_id, at, kind, purpose, state, owner_id) VALUES "
		    "(%" PRId64 ", now() - interval '1 day', 'visit', 'x', 'completed', 104)", met);
	pg_exec(DB, "SELECT kehu_customer_figures(%" PRId64 ")", met);
	pg_exec(DB, "INSERT INTO opportunity (name, name_key, customer_id, stage, state, opened_on, owner_id) VALUES "
		    "('x', 'x', %" PRId64 ", 'need', 'open', '2020-01-01', 104)", deal);
	assert_int_equal(run_pass(), 1);
	assert_int_equal(pg_int(DB, "SELECT pool_id FROM customer WHERE id = %" PRId64 " AND owner_id IS NULL", idle), 21);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE owner_id = 104 AND id IN (%" PRId64 ", %" PRId64
				    ", %" PRId64 ")", level, met, deal), 3);
	/* Once is enough. */
	assert_int_equal(run_pass(), 0);
	answer = client_list(dan, E_customer_move, "owner:me kind:recycle");
	assert_int_equal(answer->page->n_rows, 1);
	move = client_get(dan, E_customer_move, answer->page->rows[0]->id)->get->record;
	assert_string_equal(value_of(move, F_customer_move_customer_name)->text, "三十天无人跟进");
	assert_string_equal(value_of(move, F_customer_move_clock)->text, "follow");
	assert_int_equal(value_of(move, F_customer_move_limit_days)->number, 30);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 104 AND text LIKE '%%三十天无人跟进%%'"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'recycle' AND record_id = 21"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history WHERE record_id = %" PRId64 " AND 28 = ANY (fields)", idle), 1);
	/* Nobody elsewhere hears of it. */
	assert_int_equal(client_list(ada, E_customer_move, "kind:recycle")->page->n_rows, 0);
}

static void
what_leaves_soon_is_told_ahead_and_listed(void **state)
{
	int64_t soon = make_customer(dan, "五天后离开", "");
	Kehu__ServerFrame *rehearsal;
	int64_t before;

	age(soon, 25);
	before = pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 104");
	assert_int_equal(run_pass(), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 104"), before + 1);
	assert_int_equal(run_pass(), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 104"), before + 1);
	assert_int_equal(client_list(dan, E_customer, "owner:me leaves:..+7d")->page->n_rows, 1);
	/* Rehearsed: by who changes pools or looks after this one, without names they do not see. */
	expect_error(client_act(dan, E_pool, 21, "rehearse", NULL), ERR_FORBIDDEN, 0);
	rehearsal = client_act(guo, E_pool, 21, "rehearse", NULL);
	assert_non_null(strstr(expect_written(rehearsal)->text, "0 个客户将立即进入公海"));
	assert_null(strstr(expect_written(rehearsal)->text, "五天后离开"));
	assert_int_equal(client_list(dan, E_customer, "owner:me leaves:..+3d")->page->n_rows, 0);
	/* Protected, it stays longer; but not for ever. */
	expect_error(client_act(dan, E_customer, soon, "protect",
	    SENT(NUMBER_OF(1, date_of_us(date_now_us(), 480) + 400))), ERR_LOCK_LIMIT, 0);
	expect_written(client_act(dan, E_customer, soon, "protect",
	    SENT(NUMBER_OF(1, date_of_us(date_now_us(), 480) + 20), TEXT_OF(2, "招标中"))));
	assert_int_equal(client_list(dan, E_customer, "owner:me leaves:..+7d")->page->n_rows, 0);
	assert_int_equal(client_list(dan, E_customer, "owner:me leaves:..+30d name:五天")->page->n_rows, 1);
	age(soon, 31);
	assert_int_equal(run_pass(), 0);
	expect_written(client_act(dan, E_customer, soon, "unprotect", NULL));
	age(soon, 31);
	assert_int_equal(run_pass(), 1);
}

static int64_t
put_in_pool(const char *name)
{
	return pg_int(DB, "INSERT INTO customer (name, name_key, type, stage, pool_id) VALUES ('%s', 'l', 'company', "
			  "'potential', 21) RETURNING id", name);
}

static void *
claim_run(void *saver_)
{
	struct saver *saver = saver_;

	saver->err =
	    link_error(client_act(saver->client, E_customer, saver->customer, "claim", NULL));
	return NULL;
}

static void
of_two_who_claim_at_once_one_wins(void **state)
{
	static struct saver savers[2];

	/* Ben belongs to it for now, too. */
	pg_exec(DB, "INSERT INTO pool_member (pool_id, user_id) VALUES (21, 102)");
	for (int round = 0; round < 10; round++) {
		pg_exec(DB, "DELETE FROM customer_move WHERE customer_id IN (SELECT id FROM customer WHERE name = '两人同抢')");
		pg_exec(DB, "DELETE FROM customer WHERE name = '两人同抢'");
		int64_t customer = put_in_pool("两人同抢");

		for (size_t i = 0; i < 2; i++) {
			savers[i].client = i == 0 ? dan : ben;
			savers[i].customer = customer;
		}
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&savers[i].thread, NULL, claim_run, &savers[i]), 0);
		for (size_t i = 0; i < 2; i++)
			pthread_join(savers[i].thread, NULL);
		assert_true((savers[0].err == ERR_OK) != (savers[1].err == ERR_OK));
		assert_true(savers[0].err == ERR_TAKEN || savers[1].err == ERR_TAKEN ||
			    savers[0].err == ERR_NO_SUCH_RECORD || savers[1].err == ERR_NO_SUCH_RECORD ||
			    savers[0].err == ERR_FORBIDDEN || savers[1].err == ERR_FORBIDDEN);
		assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer_move m JOIN customer c ON c.id = m.customer_id "
					    "WHERE c.name = '两人同抢' AND m.kind = 'claim'"), 1);
	}
}

static void
claims_are_limited_cool_off_and_stop_at_the_cap(void **state)
{
	int64_t one = put_in_pool("可领一"), two = put_in_pool("可领二"), own = make_customer(dan, "自己放弃的", "");

	set_rules(SENT(NUMBER_OF(F_pool_claim_limit, 1), NUMBER_OF(F_pool_claim_days, 7),
	    NUMBER_OF(F_pool_cool_days, 5)));
	pg_exec(DB, "UPDATE customer_move SET at = at - interval '8 days' WHERE kind = 'claim'");
	expect_written(client_act(dan, E_customer, own, "release", SENT(TEXT_OF(2, "顾不过来"))));
	expect_error(client_act(dan, E_customer, own, "claim", NULL), ERR_COOLING, 0);
	expect_written(client_act(dan, E_customer, one, "claim", NULL));
	expect_error(client_act(dan, E_customer, two, "claim", NULL), ERR_CLAIM_LIMIT, 0);
	pg_exec(DB, "UPDATE customer_move SET at = at - interval '8 days'");
	set_rules(SENT(NUMBER_OF(F_pool_hold_person, pg_int(DB, "SELECT count(*) FROM customer WHERE owner_id = 104"))));
	expect_error(client_act(dan, E_customer, two, "claim", NULL), ERR_HOLD_LIMIT, 0);
	expect_error(save_customer(dan, "满额之后新建", "", NULL), ERR_HOLD_LIMIT, F_customer_owner_id);
	set_rules(SENT(EMPTY_OF(F_pool_hold_person)));
	expect_written(client_act(dan, E_customer, own, "claim", NULL));
	/* What is in no pool of theirs does not exist for others. */
	expect_error(client_act(ada, E_customer, two, "claim", NULL), ERR_NO_SUCH_RECORD, 0);
	/* A pool that is off gives nothing. */
	set_rules(SENT(NUMBER_OF(F_pool_active, 0)));
	expect_error(client_act(dan, E_customer, two, "claim", NULL), ERR_NO_SUCH_RECORD, 0);
	set_rules(SENT(NUMBER_OF(F_pool_active, 1)));
}

static void
an_administrator_of_the_pool_gives_to_its_members_only(void **state)
{
	int64_t id = put_in_pool("待分配");

	expect_error(client_act(dan, E_customer, id, "assign", SENT(NUMBER_OF(1, USER_DAN))), ERR_FORBIDDEN, 0);
	pg_exec(DB, "INSERT INTO pool_member (pool_id, user_id, administrator) VALUES (21, 104, true)");
	expect_error(client_act(dan, E_customer, id, "assign", SENT(NUMBER_OF(1, USER_ADA))), ERR_INVALID, 0);
	expect_written(client_act(dan, E_customer, id, "assign", SENT(NUMBER_OF(1, USER_DAN), TEXT_OF(2, "按片区"))));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer_move WHERE customer_id = %" PRId64
				    " AND kind = 'assign' AND reason = '按片区' AND by_id = 104", id), 1);
}

static void
a_transfer_is_told_to_those_concerned(void **state)
{
	int64_t id = make_customer(ada, "要转给本的客户", "");

	expect_written(client_act(cai, E_customer, id, "transfer", SENT(NUMBER_OF(1, USER_BEN), TEXT_OF(2, "片区调整"))));
	for (int user = 101; user <= 102; user++)
		assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND "
					    "text LIKE '%%要转给本的客户%%片区调整%%'", user), 1);
	assert_int_equal(client_list(ada, E_customer_move, "owner:me kind:transfer")->page->n_rows, 1);
}

/* ---- merging ----------------------------------------------------------------------------- */

static int64_t
refers(const char *table, int64_t customer)
{
	return pg_int(DB, "SELECT count(*) FROM %s WHERE customer_id = %" PRId64 " AND deleted_at IS NULL", table,
	    customer);
}

static void
merging_moves_everything_and_is_undone_days_later(void **state)
{
	int64_t kept = make_customer(ada, "青岛崂山矿泉", "0532-11112222"), gone, merge;
	const Kehu__Record *record;

	gone = expect_written(save_customer(ada, "青島嶗山礦泉飲料", "0532-33334444", NULL))->id;
	expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "崂小山"), NUMBER_OF(F_contact_customer_id, gone)), NULL));
	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, gone), TEXT_OF(F_visit_purpose, "看样"),
		NUMBER_OF(F_visit_at, date_now_us() + INT64_C(86400000000))), NULL));
	expect_written(client_save(ada, E_customer, gone, 1, NULL,
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = -1,
		.values = SENT(TEXT_OF(F_customer_phone_number, "13900005555")) }, { 0 } }));
	/* Who may not delete does not merge. */
	expect_error(client_act(ada, E_customer, kept, "merge", SENT(NUMBER_OF(1, gone))), ERR_FORBIDDEN, 0);
	expect_error(client_act(cai, E_customer, kept, "merge", SENT(NUMBER_OF(1, kept))), ERR_INVALID, 0);
	expect_error(client_act(cai, E_customer, kept, "merge",
	    SENT(NUMBER_OF(1, gone), TEXT_OF(2, "number"))), ERR_INVALID, 2);
	expect_written(client_act(cai, E_customer, kept, "merge",
	    SENT(NUMBER_OF(1, gone), TEXT_OF(2, "phone 简称"), TEXT_OF(3, "同一家"))));
	assert_int_equal(refers("contact", gone) + refers("visit", gone) + refers("customer_phone", gone), 0);
	assert_int_equal(refers("contact", kept), 1);
	assert_int_equal(refers("visit", kept), 1);
	record = client_get(cai, E_customer, kept)->get->record;
	assert_string_equal(value_of(record, F_customer_phone)->text, "0532-33334444");
	assert_string_equal(value_of(record, F_customer_name)->text, "青岛崂山矿泉");
	assert_int_equal(value_of(record, F_customer_open_visits)->number, 1);
	/* Search knows the phones that came along, at once. */
	assert_int_equal(client_search(ada, "13900005555")->search->hits[0]->id, kept);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %" PRId64 " AND deleted_at IS NULL", gone), 0);
	/* Days later, with something changed since. */
	expect_written(client_save(ada, E_customer, kept, record->version,
	    SENT(TEXT_OF(F_customer_remarks, "已改")), NULL));
	merge = client_list(cai, E_merge, "state:done")->page->rows[0]->id;
	expect_error(client_act(ada, E_merge, merge, "undo", NULL), ERR_NO_SUCH_ENTITY, 0);
	expect_written(client_act(cai, E_merge, merge, "undo", NULL));
	expect_error(client_act(cai, E_merge, merge, "undo", NULL), ERR_WRONG_STATE, 0);
	assert_int_equal(refers("contact", gone), 1);
	assert_int_equal(refers("visit", gone), 1);
	record = client_get(cai, E_customer, kept)->get->record;
	assert_string_equal(value_of(record, F_customer_phone)->text, "0532-11112222");
	assert_string_equal(value_of(record, F_customer_remarks)->text, "已改");
	assert_int_equal(client_search(ada, "13900005555")->search->hits[0]->id, gone);
	assert_int_equal(value_of(client_get(cai, E_customer, gone)->get->record, F_customer_open_visits)->number, 1);
}

static void
contacts_are_merged_too(void **state)
{
	int64_t customer = make_customer(ada, "联系人合并公司", "");
	int64_t kept = expect_written(client_save(ada, E_contact, 0, 0, SENT(TEXT_OF(F_contact_name, "王合"),
		NUMBER_OF(F_contact_customer_id, customer)), NULL))->id;
	int64_t gone = expect_written(client_save(ada, E_contact, 0, 0, SENT(TEXT_OF(F_contact_name, "王和"),
		TEXT_OF(F_contact_mobile, "13911112222"), NUMBER_OF(F_contact_customer_id, customer)), NULL))->id;

	expect_written(client_act(cai, E_contact, kept, "merge", SENT(NUMBER_OF(1, gone), TEXT_OF(2, "mobile"))));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contact WHERE mobile_digits = '13911112222' AND id = %" PRId64, kept), 1);
	assert_int_equal(refers("contact", customer), 1);
	expect_written(client_act(cai, E_merge, client_list(cai, E_merge, "kind:contact")->page->rows[0]->id, "undo", NULL));
	assert_int_equal(refers("contact", customer), 2);
}

/* ---- the scan ---------------------------------------------------------------------------- */

static void
scan(struct client *client)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job job = KEHU__JOB__INIT;
	struct uuid intention = uuid_new();
	Kehu__ServerFrame *answer;

	job.has_step = job.has_intention = true;
	job.step = 1;
	job.kind = (char *)(uintptr_t) "duplicates";
	job.intention = (ProtobufCBinaryData){ .data = intention.bytes, .len = sizeof(intention.bytes) };
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &job;
	answer = client_call(client, &frame);
	if (client == ada) {
		expect_error(answer, ERR_FORBIDDEN, 0);
		return;
	}
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_JOB);
	for (int tries = 0; tries < 6000 && pg_int(DB, "SELECT count(*) FROM job WHERE id = %" PRId64
			" AND state IN ('waiting', 'running')", answer->job->id) == 1; tries++)
		usleep(10000);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job WHERE id = %" PRId64 " AND state = 'done'", answer->job->id), 1);
}

/* Past the check of saving, as what was there before it, or came from elsewhere. */
static int64_t
slip_in(int64_t like, const char *set)
{
	int64_t id = pg_int(DB, "SELECT nextval('record_id')");

	pg_exec(DB, "INSERT INTO customer (id, name, name_key, name_alike, name_sound, type, stage, phone, phone_digits, number, "
		    "owner_id, department_id, branch_id) SELECT %" PRId64 ", name, name_key, name_alike, name_sound, type, stage, phone, "
		    "phone_digits, 'S%" PRId64 "', owner_id, department_id, branch_id FROM customer WHERE id = %" PRId64,
	    id, id, like);
	pg_exec(DB, "UPDATE customer SET %s WHERE id = %" PRId64, set, id);
	return id;
}

/* 0: there is none that is open. */
static int64_t
pair_of(int64_t first, int64_t second)
{
	return pg_int(DB, "SELECT coalesce(max(id), 0) FROM duplicate WHERE first_id = %" PRId64 " AND second_id = %" PRId64
			  " AND state = 'open'", first, second);
}

static void
the_scan_finds_what_slipped_in_and_what_is_decided_stays_decided(void **state)
{
	int64_t first = make_customer(ada, "温州雁荡制鞋有限公司", "0577-11110001"), pair, merge;
	int64_t second = slip_in(first, "phone_digits = ''"), third;

	/* Who may not approve customers does not scan. */
	scan(ada);
	scan(cai);
	pair = pair_of(first, second);
	assert_int_not_equal(pair, 0);
	assert_int_equal(value_of(client_get(cai, E_duplicate, pair)->get->record, F_duplicate_matched)->number, 2);
	assert_string_equal(value_of(client_get(cai, E_duplicate, pair)->get->record, F_duplicate_degree)->text, "same");
	/* The owner of both sees the pair, but may not merge; another's owner does not see it. */
	assert_int_equal(client_get(ada, E_duplicate, pair)->get->record->id, pair);
	expect_error(client_act(ada, E_duplicate, pair, "merge", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_get(ben, E_duplicate, pair), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(ben, E_duplicate, pair, "dismiss", NULL), ERR_NO_SUCH_RECORD, 0);
	/* Two branches of one firm: they are not proposed again, until somebody wants to look again. */
	expect_written(client_act(ada, E_duplicate, pair, "dismiss", SENT(TEXT_OF(1, "两家门店"))));
	scan(cai);
	assert_int_equal(pair_of(first, second), 0);
	expect_written(client_act(cai, E_duplicate, pair, "reopen", NULL));
	assert_int_equal(pair_of(first, second), pair);
	/* Merged from the pair; the undo brings the pair back, too. */
	expect_written(client_act(cai, E_duplicate, pair, "merge", SENT(TEXT_OF(1, "second"), TEXT_OF(3, "同一家"))));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %" PRId64 " AND deleted_at IS NULL", first), 0);
	assert_int_equal(pair_of(first, second), 0);
	expect_error(client_act(cai, E_duplicate, pair, "merge", NULL), ERR_WRONG_STATE, F_duplicate_state);
	merge = client_list(cai, E_merge, arena_printf(bed->arena, "kept_id:%" PRId64, second))->page->rows[0]->id;
	expect_written(client_act(cai, E_merge, merge, "undo", NULL));
	assert_int_equal(pair_of(first, second), pair);
	/* What is no longer alike is closed; what is deleted, too. */
	third = slip_in(first, "name_alike = 'other', name_sound = 'other'");
	scan(cai);
	assert_int_not_equal(pair_of(first, third), 0);
	pg_exec(DB, "UPDATE customer SET phone_digits = '' WHERE id = %" PRId64, third);
	expect_written(client_delete(cai, E_customer, second, 0));
	scan(cai);
	assert_int_equal(pair_of(first, third), 0);
	assert_int_equal(pair_of(first, second), 0);
}

static void
of_many_alike_each_is_paired_with_the_oldest_and_switchboards_with_nobody(void **state)
{
	int64_t first = make_customer(ada, "唐山曹妃甸钢构", "0315-11112222");

	for (int i = 0; i < 11; i++)
		slip_in(first, "phone_digits = '', name_sound = ''");
	for (int i = 0; i < 12; i++)
		slip_in(first, "phone_digits = '95588955', name_alike = id::text, name_sound = ''");
	scan(cai);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM duplicate WHERE first_id = %" PRId64, first), 11);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM duplicate d JOIN customer c ON c.id = d.second_id "
				    "WHERE c.phone_digits = '95588955'"), 0);
}

/* ---- the company ------------------------------------------------------------------------- */

static void
set_up(void)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
}

static void
tear_down(void)
{
	struct client *const all[] = { ada, ben, cai, dan, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_name_spelled_otherwise_is_refused),
		cmocka_unit_test(what_is_only_alike_is_saved_with_a_reason),
		cmocka_unit_test(a_refusal_names_only_what_one_sees),
		cmocka_unit_test(questions_are_answered_counted_and_recorded),
		cmocka_unit_test(saved_by_sixty_four_at_once_there_is_one),
		cmocka_unit_test(a_customer_nobody_follows_up_goes_to_the_pool_and_its_owner_is_told_why),
		cmocka_unit_test(what_leaves_soon_is_told_ahead_and_listed),
		cmocka_unit_test(of_two_who_claim_at_once_one_wins),
		cmocka_unit_test(claims_are_limited_cool_off_and_stop_at_the_cap),
		cmocka_unit_test(an_administrator_of_the_pool_gives_to_its_members_only),
		cmocka_unit_test(a_transfer_is_told_to_those_concerned),
		cmocka_unit_test(merging_moves_everything_and_is_undone_days_later),
		cmocka_unit_test(contacts_are_merged_too),
		cmocka_unit_test(the_scan_finds_what_slipped_in_and_what_is_decided_stays_decided),
		cmocka_unit_test(of_many_alike_each_is_paired_with_the_oldest_and_switchboards_with_nobody),
	};

	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	set_up();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	failed += customers_record();
	tear_down();
	return failed;
}
