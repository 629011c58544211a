/*
 * People who are away, who leave, and who come from outside: who stands in for them, who gets their
 * work, what ends with them, and who lets them in. Against a real kehud (for leavers two of them) and PostgreSQL.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "leaver"

static struct bed *bed;
static struct client *ada, *ben, *cai, *dan, *guo;

static int64_t
today(void)
{
	return date_today(480);
}

static int64_t
make_customer(struct client *client, const char *name)
{
	return expect_written(
	    client_save(client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL))->id;
}

/* From and until are days from today; away 0: the client's own user. */
static Kehu__ServerFrame *
delegate(struct client *client, int64_t away, int64_t to, int64_t from, int64_t until)
{
	struct sent values[6] = { NUMBER_OF(F_delegation_to_user_id, to),
		NUMBER_OF(F_delegation_from_day, today() + from),
		NUMBER_OF(F_delegation_to_day, today() + until),
		TEXT_OF(F_delegation_reason, "年假") };

	if (away != 0)
		values[4] = (struct sent)NUMBER_OF(F_delegation_owner_id, away);
	return client_save(client, E_delegation, 0, 0, values, NULL);
}

static bool
sees(struct client *client, uint32_t entity, int64_t id)
{
	return client_get(client, entity, id)->answer_case == KEHU__SERVER_FRAME__ANSWER_GET;
}

struct sight {
	struct client *client;
	int64_t id;
	bool wanted;
};

static bool
sees_or_not(void *sight_)
{
	struct sight *sight = sight_;

	return sees(sight->client, E_customer, sight->id) == sight->wanted;
}

/* ---- while somebody is away -------------------------------------------------------------- */

static int
forget_delegations(void **state)
{
	pg_exec(DB, "DELETE FROM delegation; UPDATE approval_rule SET active = false;"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	return 0;
}

static void
who_stands_in_has_the_records_of_who_is_away(void **state)
{
	int64_t id = make_customer(ada, "休假公司"), delegation;
	int64_t reminder = expect_written(client_save(ada, E_reminder, 0, 0,
	    SENT(TEXT_OF(F_reminder_text, "体检"), NUMBER_OF(F_reminder_due_at, date_now_us())), NULL))->id;
	int64_t target = expect_written(client_save(cai, E_target, 0, 0,
	    SENT(TEXT_OF(F_target_level, "person"), TEXT_OF(F_target_measure, "visits"),
		NUMBER_OF(F_target_number, 40), NUMBER_OF(F_target_person_id, USER_ADA)), NULL))->id;
	const char *said;

	assert_false(sees(dan, E_customer, id));
	delegation = expect_written(delegate(ada, 0, USER_DAN, 0, 7))->id;
	assert_true(sees(dan, E_customer, id));
	assert_int_equal(client_list(dan, E_customer, "name:休假公司")->page->n_rows, 1);
	assert_int_equal(client_search(dan, "休假公司")->search->n_hits, 1);
	expect_written(client_save(dan, E_customer, id, 1, SENT(TEXT_OF(F_customer_short_name, "休假")), NULL));
	expect_written(client_act(dan, E_customer, id, "share", SENT(NUMBER_OF(1, USER_BEN), NUMBER_OF(2, 1))));
	/* within their own rights: account managers delete no customers */
	expect_error(client_delete(dan, E_customer, id, 3), ERR_FORBIDDEN, 0);
	/* what is personal stays so, the delegation itself too */
	assert_false(sees(dan, E_delegation, delegation));
	assert_true(sees(ada, E_reminder, reminder));
	assert_false(sees(dan, E_reminder, reminder));
	assert_true(sees(ada, E_target, target));
	assert_false(sees(dan, E_target, target));
	assert_int_equal(client_list(dan, E_reminder, "")->page->n_rows, 0);
	assert_int_equal(client_list(dan, E_target, "")->page->n_rows, 0);
	assert_int_equal(pg_int(DB, "SELECT kehu_may(104, 'customer', 1, 101, 12, 2, NULL)::int"), 1);
	assert_int_equal(pg_int(DB, "SELECT kehu_may(104, 'reminder', 1, 101, 12, 2, NULL)::int"), 0);
	assert_int_equal(client_list(dan, E_message, "kind:system")->page->n_rows, 1);
	assert_int_equal(client_list(ada, E_message, "kind:system")->page->n_rows, 0);
	assert_int_equal(bed_run_as(bed, "kehu-admin", "guo", (const char *[]){ "why", "dan", "customer",
	    arena_printf(bed->arena, "%" PRId64, id), "--language", "en", NULL }, &said), 0);
	assert_non_null(strstr(said, "delegated by"));
	expect_written(client_delete(ada, E_delegation, delegation, 1));
	assert_false(sees(dan, E_customer, id));
	assert_int_equal(client_list(dan, E_customer, "name:休假公司")->page->n_rows, 0);
	assert_true(pg_int(DB, "SELECT count(*) FROM history WHERE entity = 40") >= 1);
	assert_true(pg_int(DB, "SELECT count(*) FROM audit WHERE entity = 40") >= 2);
}

/* Nobody changes anything at midnight: the servers notice by themselves. */
static void
delegation_begins_and_ends_with_the_day(void **state)
{
	struct sight sight = { .client = dan, .id = make_customer(ada, "明日公司"), .wanted = true };
	int64_t id = expect_written(delegate(ada, 0, USER_DAN, 1, 2))->id;

	assert_false(sees(dan, E_customer, sight.id));
	pg_exec(DB, "UPDATE delegation SET from_day = from_day - 1, to_day = to_day - 1 WHERE id = %" PRId64
		    "; UPDATE state SET delegation_day = delegation_day - 1", id);
	assert_true(client_wait(dan, sees_or_not, &sight));
	sight.wanted = false;
	pg_exec(DB, "UPDATE delegation SET from_day = from_day - 2, to_day = to_day - 2 WHERE id = %" PRId64
		    "; UPDATE state SET delegation_day = delegation_day - 1", id);
	assert_true(client_wait(dan, sees_or_not, &sight));
}

static void
delegation_that_makes_no_sense_is_refused(void **state)
{
	int64_t first;

	expect_error(delegate(ada, 0, USER_ADA, 0, 1), ERR_INVALID, F_delegation_to_user_id);
	expect_error(delegate(ada, 0, USER_FAY, 0, 1), ERR_INVALID, F_delegation_to_user_id);
	expect_error(delegate(ada, 0, USER_BEN, -1, 1), ERR_INVALID, F_delegation_from_day);
	expect_error(delegate(ada, 0, USER_BEN, 3, 2), ERR_INVALID, F_delegation_to_day);
	first = expect_written(delegate(ada, 0, USER_BEN, 0, 5))->id;
	expect_error(delegate(ada, 0, USER_CAI, 5, 9), ERR_INVALID, F_delegation_from_day);
	expect_error(delegate(ben, 0, USER_ADA, 5, 9), ERR_CIRCLE, F_delegation_to_user_id);
	/* not on the same days: no circle; round three it is one */
	expect_written(delegate(ben, 0, USER_ADA, 6, 9));
	expect_written(delegate(ben, 0, USER_CAI, 2, 3));
	expect_error(delegate(cai, 0, USER_ADA, 3, 4), ERR_CIRCLE, F_delegation_to_user_id);
	/* others' is for their supervisor and the administrator to arrange */
	expect_error(delegate(dan, USER_ADA, USER_DAN, 20, 21), ERR_FORBIDDEN, 0);
	expect_error(delegate(ben, USER_ADA, USER_BEN, 20, 21), ERR_FORBIDDEN, 0);
	expect_written(delegate(cai, USER_ADA, USER_DAN, 20, 21));
	expect_written(delegate(guo, USER_DAN, USER_CAI, 20, 21));
	expect_error(client_save(ben, E_delegation, first, 1, SENT(NUMBER_OF(F_delegation_to_day, today() + 50)), NULL),
	    ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM delegation"), 5);
}

static void
what_was_given_on_goes_to_the_last(void **state)
{
	int64_t id = make_customer(ada, "转托公司");

	expect_written(delegate(ada, 0, USER_BEN, 0, 5));
	expect_written(delegate(ben, 0, USER_DAN, 0, 0));
	assert_true(sees(ben, E_customer, id));
	assert_true(sees(dan, E_customer, id));
}

/* Those asked before the leave began, and those asked while it lasts. */
static void
who_stands_in_decides_approvals(void **state)
{
	const struct sent_line step[] = { { .entity = E_approval_rule_step, .id = -1,
		.values = SENT(TEXT_OF(F_approval_rule_step_kind, "person"), NUMBER_OF(F_approval_rule_step_user_id, USER_CAI)) }, { 0 } };
	int64_t customer = make_customer(ada, "代批公司"), before, during;

	expect_written(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "定级"),
	    TEXT_OF(F_approval_rule_entity, "customer"), TEXT_OF(F_approval_rule_fields, "level"),
	    NUMBER_OF(F_approval_rule_active, 1)), step));
	before = expect_written(client_save(ada, E_customer, customer, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL))->id;
	assert_false(sees(dan, E_approval, before));
	expect_written(delegate(cai, 0, USER_DAN, 0, 3));
	assert_true(sees(dan, E_approval, before));
	assert_int_equal(client_list(dan, E_approval, "approver:me")->page->n_rows, 1);
	expect_written(client_act(dan, E_approval, before, "approve", NULL));
	assert_string_equal(pg_exec(DB, "SELECT level FROM customer WHERE id = %" PRId64, customer), "A");
	assert_int_equal(pg_int(DB, "SELECT stands_for_id FROM approval_step WHERE approval_id = %" PRId64, before), USER_CAI);
	during = expect_written(client_save(ada, E_customer, customer, 2, SENT(TEXT_OF(F_customer_level, "B")), NULL))->id;
	expect_written(client_act(dan, E_approval, during, "approve", NULL));
	assert_string_equal(pg_exec(DB, "SELECT level FROM customer WHERE id = %" PRId64, customer), "B");
}

/* ---- when somebody leaves ---------------------------------------------------------------- */

static Kehu__ServerFrame *
hand_over(int64_t from, const char *action, int64_t to)
{
	return client_act(guo, E_user, from, action, SENT(NUMBER_OF(1, to)));
}

static int64_t
owned_by(const char *table, int64_t user)
{
	return pg_int(DB, "SELECT count(*) FROM %s WHERE owner_id = %" PRId64 " AND deleted_at IS NULL", table, user);
}

/* Fay's, who is disabled: rows past the rules of making them. */
static void
give_fay_work(void)
{
	pg_exec(DB,
	    "INSERT INTO customer (id, type, stage, name, name_key, owner_id, department_id, branch_id, co_owners) VALUES"
	    " (7001, 'company', 'active', '移交甲', 'a', 106, 12, 2, NULL), (7002, 'company', 'active', '移交乙', 'b', 106, 12, 2, '{104}'),"
	    " (7003, 'company', 'active', '别人的', 'c', 102, 12, 2, '{106}');"
	    "INSERT INTO customer (id, type, stage, name, name_key, owner_id, department_id, branch_id, deleted_at) VALUES"
	    " (7004, 'company', 'active', '已删的', 'd', 106, 12, 2, now());"
	    "INSERT INTO contact (id, name, name_key, customer_id, owner_id, department_id, branch_id) VALUES"
	    " (7011, '联系人', 'l', 7001, 106, 12, 2);"
	    "INSERT INTO visit (id, number, customer_id, owner_id, department_id, branch_id, state, kind, purpose, at) VALUES"
	    " (7021, 'V1', 7001, 106, 12, 2, 'planned', 'visit', 'x', now()), (7022, 'V2', 7001, 106, 12, 2, 'completed', 'visit', 'x', now());"
	    "INSERT INTO record_share (user_id, entity, record_id, rights) VALUES (106, 10, 7003, 5);"
	    "INSERT INTO pool_member (pool_id, user_id) VALUES (21, 106);"
	    "UPDATE department SET manager_id = 106 WHERE id = 12;"
	    "UPDATE users SET superior_id = 103 WHERE id = 106; UPDATE users SET superior_id = 106 WHERE id = 102;"
	    "UPDATE users SET superior_id = 102 WHERE id = 104");
}

static void
work_goes_over_as_one_and_is_counted_before(void **state)
{
	const Kehu__Written *written;
	struct sent values[] = { NUMBER_OF(1, USER_DAN), { 0 } };

	give_fay_work();
	written = expect_written(hand_over(USER_FAY, "preview_hand_over", USER_DAN));
	assert_string_equal(written->text, "将移交给 Dan：部门 1, 用户 1, 客户 2, 联系人 1, 拜访 1, 公海成员 1, 共享给本人 1");
	assert_int_equal(owned_by("customer", USER_FAY), 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE anchor_id = 106"), 0);
	written = expect_written(hand_over(USER_FAY, "hand_over", USER_DAN));
	assert_non_null(strstr(written->text, "客户 2, 联系人 1, 拜访 1"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE owner_id = 106"), 0);
	assert_true(sees(dan, E_customer, 7001));
	assert_true(sees(dan, E_contact, 7011));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = 7001 AND department_id = 13 AND branch_id = 3"), 1);
	/* who made a visit stays known; who helps is listed once, and not with their own */
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM visit WHERE id = 7022"), USER_FAY);
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM visit WHERE id = 7021"), USER_DAN);
	assert_string_equal(pg_exec(DB, "SELECT coalesce(co_owners::text, '-') FROM customer WHERE id = 7003"), "{104}");
	assert_true(sees(dan, E_customer, 7003));
	/* Dan was two steps below Fay, and is where Fay was */
	assert_string_equal(pg_exec(DB, "SELECT string_agg(id || '>' || superior_id, ' ' ORDER BY id) FROM users WHERE id IN (102, 104)"), "102>104 104>103");
	assert_int_equal(pg_int(DB, "SELECT manager_id FROM department WHERE id = 12"), USER_DAN);
	assert_int_equal(pg_int(DB, "SELECT user_id FROM pool_member WHERE pool_id = 21 AND user_id IS NOT NULL AND deleted_at IS NULL"), USER_DAN);
	/* one change in the history, and in the audit what and to whom */
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT change_id) FROM history WHERE record_id IN (7001, 7002, 7011, 7021) AND kind = 2"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'hand_over' AND record_id = 106 AND detail LIKE 'to=104 %% 10=2 %%'"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE anchor_id = 106 AND owner_id IN (102, 103, 104)"), 3);
	written = expect_written(hand_over(USER_FAY, "hand_over", USER_DAN));
	assert_string_equal(written->text, "已移交给 Dan：无");
	/* to oneself, to the administrator who does it, to a disabled account, by others */
	expect_error(hand_over(USER_FAY, "hand_over", USER_FAY), ERR_INVALID, 1);
	expect_error(hand_over(USER_DAN, "hand_over", USER_FAY), ERR_INVALID, 1);
	expect_error(hand_over(USER_DAN, "hand_over", USER_GUO), ERR_OWN_RIGHTS, 0);
	expect_error(client_act(cai, E_user, USER_FAY, "hand_over", values), ERR_FORBIDDEN, 0);
	assert_int_equal(owned_by("customer", USER_FAY), 0);
}

/* ---- who must say what for --------------------------------------------------------------- */

static Kehu__ServerFrame *
history_of(struct client *client, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History history = KEHU__HISTORY__INIT;

	history.has_entity = history.has_id = true;
	history.entity = E_customer;
	history.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame.history = &history;
	return client_call(client, &frame);
}

/* Whether a shut customer and its contact show in lists, searches, counts, related rows; its whole name always finds it. */
static void
shut_customer_is_found(struct client *client, int64_t id, bool found)
{
	static const char *const words[] = { "保密", "13811118888", "密洽人", NULL };
	Kehu__ServerFrame *frame;

	assert_int_equal(client_list(client, E_customer, "name:保密公司")->page->n_rows, found);
	assert_int_equal(client_list(client, E_customer, "level:B name:保密公司")->page->n_rows, found);
	assert_int_equal(client_list(client, E_contact, "name:密洽人")->page->n_rows, found);
	for (size_t i = 0; words[i] != NULL; i++)
		assert_int_equal(client_search(client, words[i])->search->n_hits, found);
	frame = client_search(client, "保密公司");
	assert_int_equal(frame->search->n_hits, 1);
	assert_int_equal(frame->search->hits[0]->id, id);
	assert_string_equal(frame->search->hits[0]->matched, "保密公司");
}

/* The work that names a shut customer goes on: its name is told to who may see it, in lists, forms and reports alike. */
static void
visit_names_its_customer(int64_t visit, bool named)
{
	static const char *const langs[] = { "zh", "en" };
	const char *id = arena_printf(bed->arena, "#%" PRId64, visit), *said;

	for (size_t i = 0; i < 2; i++) {
		const char *const *commands[] = {
			(const char *[]){ "list", "visit", "purpose:密访", "--columns", "customer_id", "--language", langs[i], NULL },
			(const char *[]){ "get", "visit", id, "--language", langs[i], NULL },
			(const char *[]){ "report", "visits_by_person", "user=ada", "from=-3d", "to=+3d", "--format", "csv", "--language", langs[i], NULL },
			(const char *[]){ "report", "visit_sheet", arena_printf(bed->arena, "visit=%s", id), "--format", "text", "--language", langs[i], NULL },
		};

		for (size_t c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
			assert_int_equal(bed_run_as(bed, "kehu", "cai", commands[c], &said), 0);
			assert_int_equal(strstr(said, "保密公司") != NULL, named);
			assert_int_equal(strstr(said, i == 0 ? "（不可见）" : "(not visible)") != NULL, !named);
		}
	}
}

static void
shut_customer_opens_for_a_stated_purpose_only(void **state)
{
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "保密公司"), TEXT_OF(F_customer_phone, "13811118888"), TEXT_OF(F_customer_level, "B")), NULL))->id;
	int64_t contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "密洽人"), NUMBER_OF(F_contact_customer_id, id)), NULL))->id;
	int64_t approval, visit = expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(TEXT_OF(F_visit_purpose, "密访"), NUMBER_OF(F_visit_customer_id, id),
		NUMBER_OF(F_visit_at, date_now_us())), NULL))->id;
	const struct sent reason[] = { TEXT_OF(1, "并购谈判"), { 0 } };
	const Kehu__Written *written;
	uint32_t version;
	const char *said;

	expect_error(client_act(ada, E_customer, id, "shut", reason), ERR_FORBIDDEN, 0);
	expect_error(client_act(cai, E_customer, id, "open", reason), ERR_EMPTY, 0);
	version = expect_written(client_act(cai, E_customer, id, "shut", reason))->version;
	/* its owner goes on; to others it is not there, but for who asks for it by its name or its id */
	assert_true(sees(ada, E_customer, id));
	shut_customer_is_found(ada, id, true);
	shut_customer_is_found(cai, id, false);
	visit_names_its_customer(visit, false);
	expect_error(client_get(cai, E_contact, contact), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(client_search(ben, "保密公司")->search->n_hits, 0);
	expect_error(client_get(cai, E_customer, id), ERR_PURPOSE_NEEDED, 0);
	expect_error(history_of(cai, id), ERR_PURPOSE_NEEDED, 0);
	expect_error(client_save(cai, E_customer, id, version, SENT(TEXT_OF(F_customer_level, "A")), NULL), ERR_PURPOSE_NEEDED, 0);
	expect_error(client_act(cai, E_customer, id, "unshut", reason), ERR_PURPOSE_NEEDED, 0);
	expect_error(client_act(cai, E_customer, id, "open", NULL), ERR_REQUIRED, 1);
	expect_error(client_act(ben, E_customer, id, "open", reason), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(cai, E_customer, id, "open", reason));
	assert_true(sees(cai, E_customer, id));
	shut_customer_is_found(cai, id, true);
	visit_names_its_customer(visit, true);
	assert_int_equal(history_of(cai, id)->answer_case, KEHU__SERVER_FRAME__ANSWER_HISTORY);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE user_id = 103 AND action = 'open_shut' AND record_id = %" PRId64
				    " AND detail = '并购谈判'", id), 1);
	pg_exec(DB, "UPDATE record_opening SET until_at = now() WHERE record_id = %" PRId64, id);
	expect_error(client_get(cai, E_customer, id), ERR_PURPOSE_NEEDED, 0);

	/* where it is set, somebody agrees first */
	pg_exec(DB, "UPDATE approval_rule SET active = true WHERE entity = 'customer' AND action = 'open';"
		    "UPDATE approval_rule_step SET kind = 'person', user_id = 107 WHERE approval_rule_id = "
		    "(SELECT id FROM approval_rule WHERE entity = 'customer' AND action = 'open');"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	written = expect_written(client_act(cai, E_customer, id, "open", reason));
	assert_true(written->waits);
	approval = written->id;
	expect_error(client_get(cai, E_customer, id), ERR_PURPOSE_NEEDED, 0);
	expect_written(client_act(guo, E_approval, approval, "approve", NULL));
	assert_true(sees(cai, E_customer, id));
	pg_exec(DB, "DELETE FROM record_opening; UPDATE approval_rule SET active = false; UPDATE state SET access_epoch = access_epoch + 1");

	/* by the command line */
	assert_int_not_equal(bed_run_as(bed, "kehu", "cai", (const char *[]){ "get", "customer", arena_printf(bed->arena, "#%" PRId64, id), "--language", "en", NULL }, &said), 0);
	assert_non_null(strstr(said, "act ... open purpose="));
	assert_int_equal(bed_run_as(bed, "kehu", "cai",
			     (const char *[]){ "act", "customer", arena_printf(bed->arena, "#%" PRId64, id), "open", "purpose=核对", NULL }, &said), 0);
	assert_int_equal(bed_run_as(bed, "kehu", "cai",
			     (const char *[]){ "get", "customer", arena_printf(bed->arena, "#%" PRId64, id), NULL }, &said), 0);
	expect_written(client_act(cai, E_customer, id, "unshut", reason));
}

/* ---- the whole of it --------------------------------------------------------------------- */

static bool
is_out(void *client)
{
	struct link_status status = link_status(((struct client *)client)->link);

	return status.state != LINK_READY && status.state != LINK_SLOW;
}

/* On a port, with the certificate of these files; NULL: without. The outcome of signing in. */
static enum err
sign_in_at(int port, const char *base, const char *user, struct client **result)
{
	struct client *client = calloc(1, sizeof(*client));
	enum err err;

	assert_non_null(client);
	client->bed = bed;
	client->arena = arena_new(0);
	client->link = link_new(&(struct link_options){
	    .server = arena_printf(bed->arena, "127.0.0.1:%d", port),
	    .ca_file = bed_ca(bed),
	    .cert_file = base == NULL ? NULL : arena_printf(bed->arena, "%s.crt", base),
	    .key_file = base == NULL ? NULL : arena_printf(bed->arena, "%s.key", base),
	    .program = "test",
	    .lang = LANG_ZH,
	});
	link_login(client->link, user, BED_PASSWORD, NULL);
	err = link_wait(client->link, BED_WAIT_MS);
	if (result != NULL)
		*result = client;
	else
		client_free(client);
	return err;
}

#define ADMIN(...) admin((const char *[]){ __VA_ARGS__, NULL })

/* What kehu-admin prints for the administrator; the test ends where it fails. */
static const char *
admin(const char *const *arguments)
{
	const char *said;

	if (bed_run_as(bed, "kehu-admin", "guo", arguments, &said) != 0)
		fail_msg("%s", said);
	return said;
}

/* More than one batch, Fay's too: 1,300 customers. The lock keeps the job at its first batch. */
static void
give_fay_much(void)
{
	pg_exec(DB,
	    "UPDATE customer SET owner_id = 102 WHERE owner_id = 104; DELETE FROM message WHERE anchor_id = 106;"
	    "INSERT INTO customer (id, type, stage, name, name_key, owner_id, department_id, branch_id)"
	    " SELECT 80000 + n, 'company', 'active', '大户' || n, 'd' || n, 106, 12, 2 FROM generate_series(1, 1300) n");
}

static bool
job_is(void *state)
{
	return pg_int(DB, "SELECT count(*) FROM job WHERE kind = 'hand_over' AND state = '%s'", (const char *)state) == 1;
}

static void
large_portfolio_goes_over_as_a_job_and_goes_on_after_a_stop(void **state)
{
	struct store *holder = pg_store(DB, NULL);
	int64_t audited = pg_int(DB, "SELECT max(seq) FROM audit");
	struct sql *sql = sql_new(bed->arena);
	const Kehu__Written *written;
	const char *said;

	give_fay_much();
	sql_add(sql, "SELECT FROM customer WHERE id = 80700 FOR UPDATE");
	store_begin(holder);
	assert_int_equal(store_run(holder, bed->arena, sql, NULL), ERR_OK);
	written = expect_written(hand_over(USER_FAY, "hand_over", USER_DAN));
	assert_true(written->job != 0);
	assert_non_null(strstr(written->text, "前 500 条已移交给 Dan"));
	/* neither twice at once, nor to another meanwhile */
	expect_error(hand_over(USER_FAY, "hand_over", USER_CAI), ERR_WRONG_STATE, 0);
	assert_true(client_wait(guo, job_is, (void *)(uintptr_t)"running"));
	assert_int_equal(owned_by("customer", USER_FAY), 800);
	assert_int_equal(bed_run_as(bed, "kehu-admin", "guo",
			     (const char *[]){ "job", "cancel", arena_printf(bed->arena, "%" PRId64, written->job), NULL }, &said), 0);
	store_rollback(holder);
	store_free(holder);
	assert_true(client_wait(guo, job_is, (void *)(uintptr_t)"cancelled"));
	/* whole batches, and those concerned know */
	assert_int_equal(owned_by("customer", USER_FAY), 300);
	assert_int_equal(owned_by("customer", USER_DAN), 1000);
	assert_string_equal(pg_exec(DB, "SELECT text FROM job WHERE kind = 'hand_over'"), "已中止：已移交 1000 条，剩余 300 条；再次移交即可继续");
	assert_string_equal(pg_exec(DB, "SELECT string_agg(owner_id::text, ' ' ORDER BY owner_id) FROM message WHERE text LIKE '%%移交给 Dan 已中止%%'"), "104 107");
	assert_string_equal(pg_exec(DB, "SELECT string_agg(action, ' ' ORDER BY seq) FROM audit WHERE record_id = 106 AND action LIKE 'hand_over%%' AND seq > %" PRId64, audited),
	    "hand_over_part hand_over hand_over_part hand_over_stopped");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE text LIKE '%%的全部工作已移交%%'"), 0);
	/* again, by the command line, which sees the job out */
	admin((const char *[]){ "user", "hand-over", "fay", "dan", NULL });
	assert_int_equal(owned_by("customer", USER_FAY), 0);
	assert_int_equal(owned_by("customer", USER_DAN), 1300);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE text LIKE '%%Fay 的全部工作已移交给您%%' AND owner_id = 104"), 1);
	pg_exec(DB, "UPDATE customer SET owner_id = 106 WHERE owner_id = 104");
	said = admin((const char *[]){ "user", "hand-over", "fay", "dan", NULL });
	if (strstr(said, "Handed over to Dan: 500 before, then Customer 800") == NULL)
		fail_msg("%s", said);
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT change_id) FROM history WHERE entity = 10 AND record_id IN (80001, 81299) AND kind = 2"), 3);
}

/* A second kehud on the same database that lets in branches' machines only. */
static int
start_guarded(const char *authority)
{
	const char *before = bed->settings;
	int port;

	bed->settings = arena_printf(bed->arena,
	    "sign: { " BED_CHEAP "second_factor = \"none\"; certificate = \"required\"; authority = \"%s/ca.crt\"; };\n",
	    authority);
	port = bed_second(bed);
	bed->settings = before;
	return port;
}

/* ---- who comes from outside -------------------------------------------------------------- */

/* Signs in at the bed with a password of one's own choice, the first time in place of a one-time one. */
static struct client *
enter(const char *login, const char *password, const char *new_password, enum err wanted)
{
	struct client *client = calloc(1, sizeof(*client));

	assert_non_null(client);
	client->bed = bed;
	client->arena = arena_new(0);
	client->link = link_new(&(struct link_options){ .server = bed_server(bed), .ca_file = bed_ca(bed), .program = "test", .lang = LANG_EN });
	link_login(client->link, login, password, NULL);
	if (new_password != NULL) {
		assert_int_equal(link_wait(client->link, BED_WAIT_MS), ERR_PASSWORD_CHANGE);
		link_login(client->link, login, password, new_password);
	}
	assert_int_equal(link_wait(client->link, BED_WAIT_MS), wanted);
	return client;
}

static bool
sees_company(void *client)
{
	return client_list(client, E_customer, "")->page->n_rows == 1;
}

/* Does a part of the first screen hold this record? */
static bool
today_names(struct client *client, const char *part, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today today = KEHU__TODAY__INIT;
	const Kehu__TodayAnswer *answer;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame.today = &today;
	answer = client_call(client, &frame)->today;
	for (size_t i = 0; i < answer->n_sections; i++)
		for (size_t r = 0; strcmp(answer->sections[i]->name, part) == 0 && r < answer->sections[i]->page->n_rows; r++)
			if (answer->sections[i]->page->rows[r]->id == id)
				return true;
	return false;
}

/* A draft at the price of the list, for whom looks after the customer; no other price, date or customer. */
static void
ask_for_an_order(struct client *ext, int64_t company, int64_t other)
{
	const struct sent_line lines[] = { { .entity = E_order_line, .id = -1,
		.values = SENT(NUMBER_OF(F_order_line_product_id, 7101), NUMBER_OF(F_order_line_quantity, 30000)) }, { 0 } };
	const struct sent_line cheap[] = { { .entity = E_order_line, .id = -1,
		.values = SENT(NUMBER_OF(F_order_line_product_id, 7101), NUMBER_OF(F_order_line_quantity, 30000),
		    NUMBER_OF(F_order_line_price, 1)) }, { 0 } };
	int64_t order;

	pg_exec(DB, "INSERT INTO product (id, name, name_key, unit, active, tax_rate, number) VALUES (7101, '水泵', 'shuibeng', 'piece', true, 1300, 'P7101');"
		    "INSERT INTO price_list (id, name, name_key, currency, tax_included, valid_from, owner_id, branch_id) VALUES (7102, '价目', 'jiamu', 'CNY', true, current_date - 9, 103, 1);"
		    "INSERT INTO price_line (price_list_id, product_id, price) VALUES (7102, 7101, 500000)");
	expect_error(client_save(ext, E_order, 0, 0, SENT(NUMBER_OF(F_order_customer_id, other)), lines), ERR_READ_ONLY, F_order_customer_id);
	expect_error(client_save(ext, E_order, 0, 0, SENT(TEXT_OF(F_order_address, "门口")), cheap), ERR_READ_ONLY, F_order_line_price);
	expect_error(client_save(ext, E_order, 0, 0, SENT(NUMBER_OF(F_order_owner_id, USER_DAN)), lines),
	    ERR_READ_ONLY, F_order_owner_id);
	order = expect_written(client_save(ext, E_order, 0, 0,
	    SENT(NUMBER_OF(F_order_ordered_on, today() - 200)), lines))->id;
	assert_true(sees(ext, E_order, order));
	assert_int_equal(pg_int(DB, "SELECT customer_id FROM sales_order WHERE id = %" PRId64, order), company);
	assert_true(today_names(ext, "orders", order));
	assert_false(today_names(ada, "orders", order));
	assert_string_equal(pg_exec(DB, "SELECT concat_ws(' ', owner_id, department_id, state, total, ordered_on >= kehu_today() - 1) FROM sales_order WHERE id = %" PRId64, order),
	    "101 12 draft 15000 t");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 101 AND anchor_id = %" PRId64 " AND text LIKE '客户提交了订单%%'", order), 1);
	expect_error(client_act(ext, E_order, order, "confirm", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
}

/* What we say beside a customer's records stays among ourselves. */
static void
hears_nothing_said(struct client *ext, int64_t customer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related = KEHU__RELATED__INIT;

	expect_written(client_act(ada, E_customer, customer, "comment", SENT(TEXT_OF(1, "账期还能再压"))));
	related.has_entity = related.has_id = related.has_related = true;
	related.entity = E_customer;
	related.id = customer;
	related.related = E_comment;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	assert_int_equal(client_call(ada, &frame)->page->n_rows, 1);
	expect_error(client_call(ext, &frame), ERR_NO_SUCH_ENTITY, 0);
	expect_error(client_act(ext, E_customer, customer, "follow", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(ext, E_customer, customer, "comment", SENT(TEXT_OF(1, "x"))), ERR_FORBIDDEN, 0);
}

static void
outsider_is_asked_in_registers_is_approved_and_sees_one_company(void **state)
{
	int64_t id = make_customer(ada, "外联公司"), other = make_customer(dan, "外人公司"), invitation, approval;
	const struct sent wanted[] = { TEXT_OF(1, "xu.wai"), TEXT_OF(2, "许外"), TEXT_OF(3, "13800138000"), { 0 } };
	const struct sent taken[] = { TEXT_OF(1, "ben"), TEXT_OF(2, "许外"), { 0 } };
	const struct sent reason[] = { TEXT_OF(1, "换人"), { 0 } };
	const Kehu__Written *written;
	struct client *ext, *again;
	const char *said, *password, *login;

	pg_exec(DB, "UPDATE approval_rule SET active = true WHERE entity = 'invitation'; UPDATE state SET access_epoch = access_epoch + 1");
	/* of a customer that somebody else looks after: neither seen nor invited */
	expect_error(client_save(dan, E_invitation, 0, 0,
	    SENT(TEXT_OF(F_invitation_name, "冒名"), NUMBER_OF(F_invitation_customer_id, id)), NULL), ERR_NO_SUCH_RECORD, F_invitation_customer_id);
	expect_error(client_save(ada, E_invitation, 0, 0, SENT(TEXT_OF(F_invitation_name, "许"), NUMBER_OF(F_invitation_customer_id, id),
	    NUMBER_OF(F_invitation_until_on, today() + 400)), NULL), ERR_INVALID, F_invitation_until_on);
	invitation = expect_written(client_save(ada, E_invitation, 0, 0,
	    SENT(TEXT_OF(F_invitation_name, "许"), NUMBER_OF(F_invitation_customer_id, id), TEXT_OF(F_invitation_language, "en")), NULL))->id;
	assert_false(sees(ben, E_invitation, invitation));
	expect_error(client_act(ada, E_invitation, invitation, "register", wanted), ERR_FORBIDDEN, 0);
	said = expect_written(client_act(ada, E_invitation, invitation, "issue", NULL))->text;
	login = arena_printf(bed->arena, "inv%" PRId64, invitation);
	assert_non_null(strstr(said, login));
	password = strrchr(said, ' ') + 1;

	/* before the consent: the invitation and nothing of anybody */
	ext = enter(login, password, "Wai.Lian.2026!", ERR_OK);
	assert_int_equal(client_list(ext, E_customer, "")->page->n_rows, 0);
	assert_int_equal(client_list(ext, E_order, "")->page->n_rows, 0);
	assert_int_equal(client_list(ext, E_invitation, "")->page->n_rows, 1);
	assert_int_equal(client_list(ext, E_message, "")->page->n_rows, 1);
	expect_error(client_act(ext, E_invitation, invitation, "withdraw", reason), ERR_FORBIDDEN, 0);
	expect_error(client_act(ext, E_invitation, invitation, "issue", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(ext, E_invitation, invitation, "register", taken), ERR_DUPLICATE, 1);
	expect_error(client_act(ext, E_invitation, invitation, "register", SENT(TEXT_OF(1, "许 外"), TEXT_OF(2, "许外"))), ERR_INVALID, 1);
	written = expect_written(client_act(ext, E_invitation, invitation, "register", wanted));
	assert_true(written->waits);
	approval = written->id;
	assert_int_equal(client_list(ext, E_customer, "")->page->n_rows, 0);
	assert_false(sees(ben, E_approval, approval));
	expect_error(client_act(ext, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);

	/* who asked them in says that it is them */
	assert_int_equal(client_list(ada, E_approval, "approver:me")->page->n_rows, 1);
	expect_written(client_act(ada, E_approval, approval, "approve", NULL));
	assert_true(client_wait(ext, sees_company, ext));
	assert_true(sees(ext, E_customer, id));
	assert_false(sees(ext, E_customer, other));
	expect_error(client_act(ext, E_invitation, invitation, "register", wanted), ERR_WRONG_STATE, F_invitation_state);
	assert_string_equal(pg_exec(DB, "SELECT concat_ws(' ', name, label, phone_digits, company_id = %" PRId64 ", expires_on) FROM users WHERE id = "
	    "(SELECT user_id FROM invitation WHERE id = %" PRId64 ")", id, invitation), "xu.wai 许外 13800138000 t");
	client_free(enter(login, "Wai.Lian.2026!", NULL, ERR_LOGIN_REFUSED));
	again = enter("xu.wai", "Wai.Lian.2026!", NULL, ERR_OK);
	assert_true(sees_company(again));
	/* names of ours, not how to reach us past who looks after them */
	assert_null(cat_field_called(cat_entity(link_catalog(again->link), E_user), "phone"));

	hears_nothing_said(again, id);
	ask_for_an_order(again, id, other);
	expect_written(client_act(ada, E_invitation, invitation, "withdraw", reason));
	assert_true(client_wait(again, is_out, again));
	client_free(enter("xu.wai", "Wai.Lian.2026!", NULL, ERR_LOGIN_REFUSED));
	assert_string_equal(pg_exec(DB, "SELECT string_agg(action, ' ' ORDER BY seq) FROM audit WHERE entity = 37 AND record_id = %" PRId64
					" AND action IN ('invite', 'admit', 'invite_end')", invitation), "invite admit invite_end");
	client_free(ext);
	client_free(again);
}

/* Dan has not been there for long, Fay is disabled anyway; Ben was here a minute ago. */
static void
accounts_nobody_uses_come_up_for_review_each_quarter(void **state)
{
	int64_t review;

	pg_exec(DB, "UPDATE users SET created_at = now() - interval '200 days' WHERE id IN (102, 104, 106, 105);"
		    "DELETE FROM account_use; UPDATE session SET seen_at = now() - interval '100 days' WHERE user_id = 104;"
		    "DELETE FROM account_review_run");
	assert_int_equal(pg_int(DB, "BEGIN; SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true),"
				    " set_config('kehu.change', '', true); SELECT kehu_account_review()"), 2);
	pg_exec(DB, "BEGIN; SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true),"
		    " set_config('kehu.change', '', true); SELECT kehu_account_review(); COMMIT");
	assert_string_equal(pg_exec(DB, "SELECT string_agg(concat_ws(' ', owner_id, state, last_used_on < current_date - 90), ', ' ORDER BY owner_id) FROM account_review"),
	    "104 open t, 105 open");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 107 AND text LIKE '有 2 个账号 90 天未使用%%'"), 1);
	/* once a quarter */
	assert_int_equal(pg_int(DB, "BEGIN; SELECT set_config('kehu.user', '0', true); SELECT kehu_account_review()"), 0);
	assert_int_equal(client_list(guo, E_account_review, "state:open")->page->n_rows, 2);
	expect_error(client_list(cai, E_account_review, ""), ERR_NO_SUCH_ENTITY, 0);
	review = pg_int(DB, "SELECT id FROM account_review WHERE owner_id = 105");
	expect_error(client_act(guo, E_account_review, review, "keep", NULL), ERR_REQUIRED, 1);
	ADMIN("review", "keep", arena_printf(bed->arena, "#%" PRId64, review), "董事");
	expect_error(client_act(guo, E_account_review, review, "disable", NULL), ERR_WRONG_STATE, F_account_review_state);
	review = pg_int(DB, "SELECT id FROM account_review WHERE owner_id = 104");
	expect_written(client_act(guo, E_account_review, review, "disable", NULL));
	assert_true(client_wait(dan, is_out, dan));
	assert_string_equal(pg_exec(DB, "SELECT string_agg(concat_ws(' ', owner_id, state, decider_id, reason), ', ' ORDER BY owner_id) FROM account_review"),
	    "104 disabled 107, 105 kept 107 董事");
}

/*
 * Ben leaves, and his laptop is gone. His work is Ada's, he is out wherever he was signed in, and
 * whoever has the laptop does not get in, with whatever password.
 */
static void
leaver_is_handed_over_shut_out_and_the_laptop_refused(void **state)
{
	const char *authority = arena_printf(bed->arena, "%s/authority", bed->dir);
	const char *base = arena_printf(bed->arena, "%s/laptop", bed->dir), *serial, *said;
	int64_t id = make_customer(ben, "离职公司"), before;
	struct client *there, *thief;
	int guarded;

	ADMIN("cert", "init", "--dir", authority);
	guarded = start_guarded(authority);
	said = ADMIN("cert", "issue", "东区", "laptop", "--dir", authority, "-o", base);
	serial = arena_strndup(bed->arena, said, strcspn(said, "\t"));
	assert_int_equal(sign_in_at(guarded, NULL, "ben", NULL), ERR_CERT_NEEDED);
	assert_int_equal(sign_in_at(guarded, base, "ben", &there), ERR_OK);
	assert_int_equal(sign_in_at(guarded, base, "ada", &thief), ERR_OK);
	assert_true(sees(there, E_customer, id));

	said = ADMIN("user", "hand-over", "ben", "ada", "--dry-run", "--language", "en");
	assert_non_null(strstr(said, "Would go to Ada: "));
	assert_false(sees(ada, E_customer, id));
	said = ADMIN("user", "hand-over", "ben", "ada", "--language", "en");
	assert_non_null(strstr(said, "Handed over to Ada: "));
	assert_true(sees(ada, E_customer, id));
	assert_false(sees(ben, E_customer, id));

	before = date_monotonic_us();
	ADMIN("user", "disable", "ben");
	before = date_monotonic_us();
	assert_true(client_wait(ben, is_out, ben));
	assert_true(client_wait(there, is_out, there));
	assert_true(date_monotonic_us() - before < 5 * US_PER_SECOND);
	assert_false(is_out(thief));

	ADMIN("cert", "revoke", serial);
	before = date_monotonic_us();
	assert_true(client_wait(thief, is_out, thief));
	assert_true(date_monotonic_us() - before < 5 * US_PER_SECOND);
	assert_int_equal(sign_in_at(guarded, base, "ada", NULL), ERR_CERT_REVOKED);
	assert_int_equal(sign_in_at(bed->port, NULL, "ben", NULL), ERR_LOGIN_REFUSED);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session WHERE ended_at IS NULL AND (user_id = %d "
				    "OR certificate = '%s')", USER_BEN, serial), 0);
	assert_string_equal(pg_exec(DB, "SELECT string_agg(DISTINCT action, ' ' ORDER BY action) FROM audit WHERE user_id = %d "
					"AND action IN ('hand_over', 'revoke', 'preview_hand_over')", USER_GUO), "hand_over preview_hand_over revoke");
	client_free(there);
	client_free(thief);
}

static int
leaver_start(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
leaver_end(void **state)
{
	client_free(ada);
	client_free(ben);
	client_free(cai);
	client_free(dan);
	client_free(guo);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_stands_in_has_the_records_of_who_is_away, forget_delegations),
		cmocka_unit_test_setup(delegation_begins_and_ends_with_the_day, forget_delegations),
		cmocka_unit_test_setup(delegation_that_makes_no_sense_is_refused, forget_delegations),
		cmocka_unit_test_setup(what_was_given_on_goes_to_the_last, forget_delegations),
		cmocka_unit_test_setup(who_stands_in_decides_approvals, forget_delegations),
		cmocka_unit_test_setup(work_goes_over_as_one_and_is_counted_before, forget_delegations),
		cmocka_unit_test_setup(large_portfolio_goes_over_as_a_job_and_goes_on_after_a_stop, forget_delegations),
		cmocka_unit_test_setup(shut_customer_opens_for_a_stated_purpose_only, forget_delegations),
		cmocka_unit_test_setup(outsider_is_asked_in_registers_is_approved_and_sees_one_company, forget_delegations),
		cmocka_unit_test_setup(accounts_nobody_uses_come_up_for_review_each_quarter, forget_delegations),
		cmocka_unit_test_setup(leaver_is_handed_over_shut_out_and_the_laptop_refused, forget_delegations),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, leaver_start, leaver_end);
}
