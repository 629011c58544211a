/*
 * Approvals, the messages they send, and what both share with other users: against a real kehud
 * and PostgreSQL.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "approval"

static struct bed *bed;
static struct client *ada, *ben, *cai, *dan, *eve, *guo;

/* ---- rules and requests ------------------------------------------------------------------ */

/* A rule in force on customers; steps ended by one without kind. Returns its id. */
struct step {
	const char *kind, *agree;
	int64_t user, role, level;
};

static int64_t
make_rule(const char *name, const struct sent *values, const struct step *steps)
{
	struct sent_line lines[8] = { 0 };
	struct sent all[16] = { TEXT_OF(F_approval_rule_name, name),
		TEXT_OF(F_approval_rule_entity, "customer"), NUMBER_OF(F_approval_rule_active, 1) };
	struct sent step_values[8][6] = { 0 };
	size_t count = 3;

	for (; values->field != 0; values++)
		all[count++] = *values;
	for (size_t i = 0; steps[i].kind != NULL; i++) {
		size_t at = 0;

		step_values[i][at++] =
		    (struct sent)TEXT_OF(F_approval_rule_step_kind, steps[i].kind);
		if (steps[i].agree != NULL)
			step_values[i][at++] =
			    (struct sent)TEXT_OF(F_approval_rule_step_agree, steps[i].agree);
		if (steps[i].user != 0)
			step_values[i][at++] =
			    (struct sent)NUMBER_OF(F_approval_rule_step_user_id, steps[i].user);
		if (steps[i].role != 0)
			step_values[i][at++] =
			    (struct sent)NUMBER_OF(F_approval_rule_step_role_id, steps[i].role);
		if (steps[i].level != 0)
			step_values[i][at++] =
			    (struct sent)NUMBER_OF(F_approval_rule_step_level, steps[i].level);
		lines[i] = (struct sent_line){ .entity = E_approval_rule_step, .id = -1 - (int64_t)i,
			.values = step_values[i] };
	}
	return expect_written(client_save(guo, E_approval_rule, 0, 0, all, lines))->id;
}

#define STEPS(...) (const struct step[]){ __VA_ARGS__, { 0 } }

/* The rules of one test do not ask in the next. */
static int
forget_rules(void **state)
{
	pg_exec(DB, "UPDATE approval_rule SET active = false");
	pg_exec(DB, "UPDATE users SET disabled = (id = 106)");
	return 0;
}

/* Anew: the session ended when the user was disabled. */
static void
sign_in(struct client **client, const char *user)
{
	client_free(*client);
	*client = client_new(bed, user, LANG_ZH);
}

static int64_t
make_customer(const char *name)
{
	return expect_written(
	    client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL))
	    ->id;
}

static int64_t
expect_waits(const Kehu__ServerFrame *answer)
{
	const Kehu__Written *written = expect_written(answer);

	assert_true(written->waits);
	assert_int_equal(written->entity, E_approval);
	return written->id;
}

/* Ada raises a customer of hers to level A. */
static int64_t
ask_level(int64_t customer)
{
	return expect_waits(
	    client_save(ada, E_customer, customer, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
}

static const char *
state_of(int64_t approval)
{
	return pg_exec(DB, "SELECT state FROM approval WHERE id = %" PRId64, approval);
}

static const char *
level_of(int64_t customer)
{
	return pg_exec(DB, "SELECT coalesce(level, '') FROM customer WHERE id = %" PRId64, customer);
}

static size_t
waiting(struct client *client)
{
	return client_list(client, E_approval, "approver:me")->page->n_rows;
}

static const Kehu__HistoryAnswer *
proposal(struct client *client, int64_t approval)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Proposal request = KEHU__PROPOSAL__INIT;
	Kehu__ServerFrame *answer;

	request.has_id = true;
	request.id = approval;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PROPOSAL;
	frame.proposal = &request;
	answer = client_call(client, &frame);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_HISTORY);
	return answer->history;
}

static const Kehu__ServerFrame *
decide(struct client *client, int64_t approval, const char *action)
{
	return client_act(client, E_approval, approval, action, SENT(TEXT_OF(1, "ok")));
}

/* ---- the plain way ----------------------------------------------------------------------- */

static void
change_waits_and_the_old_value_shows_until_granted(void **state)
{
	int64_t id = make_customer("等待审批公司"), approval;
	const Kehu__HistoryAnswer *changes;
	const Kehu__Written *written;

	make_rule("升A", SENT(TEXT_OF(F_approval_rule_action, "change"), TEXT_OF(F_approval_rule_condition, "level:A")),
	    STEPS({ .kind = "superior", .level = 1 }));
	/* what the condition does not mean is saved at once */
	written = expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "B")), NULL));
	assert_false(written->waits);
	approval = expect_waits(client_save(ada, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	assert_string_equal(level_of(id), "B");
	assert_string_equal(text_of(ada, E_customer, id, F_customer_level), "B");
	assert_int_equal(pg_int(DB, "SELECT version FROM customer WHERE id = %" PRId64, id), 2);
	assert_string_equal(text_of(ada, E_approval, approval, F_approval_waiting_for), "蔡");
	assert_int_equal(waiting(cai), 1);
	assert_int_equal(waiting(ben), 0);
	assert_int_equal(waiting(ada), 0);
	/* the signer is told, and sees what would change */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 103 AND anchor_id = %" PRId64, approval), 1);
	changes = proposal(cai, approval);
	assert_int_equal(changes->n_changes, 1);
	assert_int_equal(changes->changes[0]->entity, E_customer);
	assert_int_equal(changes->changes[0]->n_fields, 1);
	assert_int_equal(changes->changes[0]->fields[0]->field, F_customer_level);
	assert_string_equal(changes->changes[0]->fields[0]->old->text, "B");
	assert_string_equal(changes->changes[0]->fields[0]->new_->text, "A");
	/* nobody approves their own request, nor one that waits for another */
	expect_error(decide(ada, approval, "approve"), ERR_FORBIDDEN, 0);
	expect_error(decide(ben, approval, "approve"), ERR_NO_SUCH_RECORD, 0);
	expect_error(decide(eve, approval, "approve"), ERR_FORBIDDEN, 0);
	expect_written(decide(cai, approval, "approve"));
	assert_string_equal(level_of(id), "A");
	assert_string_equal(state_of(approval), "granted");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history WHERE record_id = %" PRId64 " AND version = 3 AND user_id = 101", id), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE record_id = %" PRId64 " AND request = 'deferred' AND user_id = 101", id), 1);
	expect_error(decide(cai, approval, "approve"), ERR_WRONG_STATE, 0);
	assert_int_equal(waiting(cai), 0);
}

static void
refusal_leaves_everything_as_it_was(void **state)
{
	int64_t id = make_customer("拒绝公司"), approval;

	make_rule("拒", SENT(TEXT_OF(F_approval_rule_action, "save"), TEXT_OF(F_approval_rule_fields, "level")),
	    STEPS({ .kind = "superior", .level = 1 }));
	approval = ask_level(id);
	expect_error(client_act(cai, E_approval, approval, "refuse", SENT(EMPTY_OF(1))), ERR_REQUIRED, 1);
	expect_written(decide(cai, approval, "refuse"));
	assert_string_equal(level_of(id), "C");
	assert_string_equal(state_of(approval), "refused");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 101 AND anchor_id = %" PRId64, approval), 1);
	/* a field the rule does not name */
	assert_false(expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_short_name, "拒绝")), NULL))->waits);
}

static void
new_record_with_lines_is_made_when_granted(void **state)
{
	int64_t approval;
	const Kehu__HistoryAnswer *changes;

	make_rule("新建", SENT(TEXT_OF(F_approval_rule_action, "create"), TEXT_OF(F_approval_rule_condition, "level:A")),
	    STEPS({ .kind = "person", .user = USER_EVE }));
	approval = expect_waits(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "新建审批公司"), TEXT_OF(F_customer_level, "A")),
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = -1,
		.values = SENT(TEXT_OF(F_customer_phone_number, "13900139000")) }, { 0 } }));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '新建审批公司'"), 0);
	changes = proposal(eve, approval);
	assert_int_equal(changes->n_changes, 2);
	expect_written(decide(eve, approval, "approve"));
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE name = '新建审批公司'"), USER_ADA);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer_phone WHERE number = '13900139000'"), 1);
	/* the approval then names the record it made */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM approval a JOIN customer c ON c.id = a.anchor_id WHERE a.id = %" PRId64, approval), 1);
}

static void
wrong_values_are_answered_before_anybody_is_asked(void **state)
{
	make_rule("先查", SENT(TEXT_OF(F_approval_rule_action, "save")), STEPS({ .kind = "superior", .level = 1 }));
	expect_error(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_mail, "no mail")), NULL),
	    ERR_INVALID, F_customer_mail);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM approval WHERE title LIKE '%%no mail%%'"), 0);
}

/* The sender no longer sees what they give away; the condition is judged all the same. */
static void
action_is_judged_past_the_senders_sight(void **state)
{
	int64_t id, approval;

	make_rule("转移", SENT(TEXT_OF(F_approval_rule_action, "transfer"), TEXT_OF(F_approval_rule_condition, "owner:Dan")),
	    STEPS({ .kind = "superior", .level = 2 }));
	id = make_customer("转移审批公司");
	approval = expect_waits(client_act(ada, E_customer, id, "transfer", SENT(NUMBER_OF(1, USER_DAN))));
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE id = %" PRId64, id), USER_ADA);
	expect_written(decide(eve, approval, "approve"));
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE id = %" PRId64, id), USER_DAN);
}

/* ---- who is asked ------------------------------------------------------------------------ */

static void
all_superiors_are_asked_one_after_the_other(void **state)
{
	int64_t id = make_customer("逐级公司"), approval;

	make_rule("逐级", SENT(TEXT_OF(F_approval_rule_fields, "level")), STEPS({ .kind = "superiors", .level = 2 }));
	approval = ask_level(id);
	assert_int_equal(waiting(eve), 0);
	expect_written(decide(cai, approval, "approve"));
	assert_string_equal(state_of(approval), "waiting");
	assert_string_equal(level_of(id), "C");
	assert_int_equal(waiting(eve), 1);
	expect_written(decide(eve, approval, "approve"));
	assert_string_equal(level_of(id), "A");
}

static void
any_of_a_role_is_enough_and_a_signer_added_must_agree_too(void **state)
{
	int64_t role = pg_int(DB, "SELECT id FROM role WHERE name = 'account_manager'");
	int64_t id = make_customer("会签公司"), approval;

	make_rule("任一", SENT(TEXT_OF(F_approval_rule_fields, "level")),
	    STEPS({ .kind = "role", .role = role, .agree = "any" }));
	approval = ask_level(id);
	/* the role is looked for in the sender's department, and never means the sender or Fay */
	assert_string_equal(text_of(ada, E_approval, approval, F_approval_waiting_for), "Ben");
	expect_error(client_act(ben, E_approval, approval, "add_signer", SENT(NUMBER_OF(1, USER_ADA))), ERR_INVALID, 1);
	expect_written(client_act(ben, E_approval, approval, "add_signer", SENT(NUMBER_OF(1, USER_DAN))));
	expect_written(decide(ben, approval, "approve"));
	assert_string_equal(state_of(approval), "waiting");
	/* Dan, of another branch, sees this one approval */
	assert_int_equal(waiting(dan), 1);
	expect_error(client_get(dan, E_customer, id), ERR_NO_SUCH_RECORD, 0);
	expect_written(decide(dan, approval, "approve"));
	assert_string_equal(level_of(id), "A");
}

static void
chosen_signer_and_reason_are_asked_for(void **state)
{
	int64_t id = make_customer("自选公司"), approval, chosen[] = { USER_DAN };
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Delete request = KEHU__DELETE__INIT;
	struct uuid intention = uuid_new();
	char reason[] = "客户要求";

	make_rule("自选", SENT(TEXT_OF(F_approval_rule_action, "delete"), NUMBER_OF(F_approval_rule_needs_reason, 1)),
	    STEPS({ .kind = "chosen" }));
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame.delete_ = &request;
	request.has_entity = request.has_id = request.has_intention = true;
	request.entity = E_customer;
	request.id = id;
	request.intention.data = intention.bytes;
	request.intention.len = sizeof(intention.bytes);
	expect_error(client_call(cai, &frame), ERR_APPROVAL_REASON, 0);
	frame.approval_reason = reason;
	expect_error(client_call(cai, &frame), ERR_APPROVER_NEEDED, 0);
	frame.n_approvers = 1;
	frame.approvers = chosen;
	approval = expect_waits(client_call(cai, &frame));
	/* the same intention again is the same approval */
	assert_int_equal(expect_waits(client_call(cai, &frame)), approval);
	assert_string_equal(text_of(dan, E_approval, approval, F_approval_reason), "客户要求");
	expect_written(decide(dan, approval, "approve"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %" PRId64 " AND deleted_at IS NOT NULL", id), 1);
}

static void
approver_who_is_disabled_is_replaced_and_the_reason_shows(void **state)
{
	int64_t id = make_customer("停用公司"), approval;

	make_rule("停用", SENT(TEXT_OF(F_approval_rule_fields, "level")), STEPS({ .kind = "person", .user = USER_CAI }));
	pg_exec(DB, "UPDATE users SET disabled = true WHERE id = 103");
	approval = ask_level(id);
	pg_exec(DB, "UPDATE users SET disabled = false WHERE id = 103");
	sign_in(&cai, "cai");
	assert_string_equal(pg_exec(DB, "SELECT user_id || ' ' || stands_for_id || ' ' || why FROM approval_step WHERE approval_id = %" PRId64, approval), "105 103 disabled");
	expect_written(decide(eve, approval, "approve"));
	assert_string_equal(level_of(id), "A");
}

static void
own_request_goes_to_the_superior(void **state)
{
	int64_t id = expect_written(client_save(cai, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "本人审批公司")), NULL))->id;
	int64_t approval;

	make_rule("本人", SENT(TEXT_OF(F_approval_rule_fields, "level")), STEPS({ .kind = "person", .user = USER_CAI }));
	approval = expect_waits(client_save(cai, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	assert_string_equal(pg_exec(DB, "SELECT user_id || ' ' || why FROM approval_step WHERE approval_id = %" PRId64, approval), "105 self");
	/* whoever has nobody above cannot ask */
	expect_error(client_save(eve, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL), ERR_FORBIDDEN, 0);
}

/* Four eyes: what changes rights waits for another administrator, where that is switched on. */
static void
change_of_rights_waits_for_another_administrator(void **state)
{
	int64_t role = pg_int(DB, "SELECT id FROM role WHERE name = 'finance'"), approval;
	const struct sent_line grant[] = { { .entity = E_role_grant, .id = -1,
		.values = SENT(TEXT_OF(F_role_grant_entity, "lead"), TEXT_OF(F_role_grant_scope, "all"),
		    NUMBER_OF(F_role_grant_rights, 1)) }, { 0 } };
	const struct sent_line held[] = { { .entity = E_user_role, .id = -1,
		.values = SENT(NUMBER_OF(F_user_role_role_id, role)) }, { 0 } };
	uint32_t version = client_get(guo, E_role, role)->get->record->version;

	assert_int_equal(pg_int(DB, "SELECT count(*) FROM approval_rule WHERE rank = 5 AND NOT active"), 5);
	pg_exec(DB, "UPDATE approval_rule SET active = true WHERE rank = 5 AND entity IN ('role', 'user', 'approval_rule')");
	/* with one administrator alone nobody could agree */
	assert_int_equal(client_save(guo, E_role, role, version, NULL, grant)->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	pg_exec(DB, "INSERT INTO user_role (user_id, role_id) SELECT %d, id FROM role WHERE name = 'administrator'", USER_BEN);
	approval = expect_waits(client_save(guo, E_role, role, version, NULL, grant));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM role_grant WHERE role_id = %" PRId64 " AND entity = 'lead' AND scope = 'all' AND rights = 1", role), 0);
	assert_int_equal(decide(guo, approval, "approve")->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	expect_written(decide(ben, approval, "approve"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM role_grant WHERE role_id = %" PRId64 " AND entity = 'lead' AND scope = 'all' AND rights = 1", role), 1);
	/* who has a role, and the rules that say so; a role's name is nothing to ask about */
	approval = expect_waits(client_save(guo, E_user, USER_DAN,
	    client_get(guo, E_user, USER_DAN)->get->record->version, NULL, held));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM user_role WHERE user_id = %d AND role_id = %" PRId64, USER_DAN, role), 0);
	expect_written(client_act(ben, E_approval, approval, "refuse", SENT(TEXT_OF(1, "no"))));
	expect_waits(client_save(guo, E_approval_rule, pg_int(DB, "SELECT id FROM approval_rule WHERE rank = 5 AND entity = 'role' AND action = 'save'"),
	    1, SENT(NUMBER_OF(F_approval_rule_active, 0)), NULL));
	assert_false(expect_written(client_save(guo, E_role, role, version + 1, SENT(TEXT_OF(F_role_label, "财务")), NULL))->waits);
	pg_exec(DB, "DELETE FROM user_role WHERE user_id = %d AND role_id = (SELECT id FROM role WHERE name = 'administrator')", USER_BEN);
}

/* ---- on the way -------------------------------------------------------------------------- */

static void
sent_back_and_sent_again_passed_on_and_withdrawn(void **state)
{
	int64_t id = make_customer("退回公司"), approval, other;

	make_rule("两步", SENT(TEXT_OF(F_approval_rule_fields, "level")),
	    STEPS({ .kind = "superior", .level = 1 }, { .kind = "person", .user = USER_EVE }));
	approval = ask_level(id);
	expect_written(decide(cai, approval, "approve"));
	/* one step back: Cai is asked again */
	expect_written(client_act(eve, E_approval, approval, "send_back", SENT(TEXT_OF(1, "看不清"), NUMBER_OF(2, 1))));
	assert_int_equal(waiting(cai), 1);
	expect_error(client_act(cai, E_approval, approval, "send_back", SENT(TEXT_OF(1, "远"), NUMBER_OF(2, 5))), ERR_INVALID, 2);
	expect_written(client_act(cai, E_approval, approval, "send_back", SENT(TEXT_OF(1, "补充说明"))));
	assert_string_equal(state_of(approval), "returned");
	assert_int_equal(waiting(cai), 0);
	expect_error(decide(cai, approval, "approve"), ERR_WRONG_STATE, 0);
	expect_error(client_act(cai, E_approval, approval, "resubmit", SENT(EMPTY_OF(1))), ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_approval, approval, "resubmit", SENT(TEXT_OF(1, "已补充"))));
	expect_written(client_act(cai, E_approval, approval, "pass_on", SENT(NUMBER_OF(1, USER_BEN))));
	assert_int_equal(waiting(cai), 0);
	expect_written(client_act(ada, E_approval, approval, "remind", NULL));
	expect_written(decide(ben, approval, "approve"));
	assert_string_equal(state_of(approval), "waiting");
	/* asked again of the same record, the older request gives way */
	other = ask_level(id);
	assert_string_equal(state_of(approval), "withdrawn");
	expect_error(client_act(cai, E_approval, other, "withdraw", SENT(EMPTY_OF(1))), ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_approval, other, "withdraw", SENT(EMPTY_OF(1))));
	assert_string_equal(state_of(other), "withdrawn");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM approval_step WHERE state = 'waiting' AND deleted_at IS NULL AND approval_id IN (%" PRId64 ", %" PRId64 ")", approval, other), 0);
	assert_string_equal(level_of(id), "C");
}

static void
grant_that_no_longer_fits_ends_as_failed_with_the_reason(void **state)
{
	int64_t id = make_customer("版本公司"), approval;

	make_rule("版本", SENT(TEXT_OF(F_approval_rule_fields, "level")), STEPS({ .kind = "superior", .level = 1 }));
	approval = ask_level(id);
	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_short_name, "新")), NULL));
	expect_written(decide(cai, approval, "approve"));
	assert_string_equal(state_of(approval), "failed");
	assert_string_equal(level_of(id), "C");
	assert_true(strlen(text_of(ada, E_approval, approval, F_approval_outcome)) > 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 101 AND anchor_id = %" PRId64, approval), 1);
	/* the sender is gone */
	approval = expect_waits(client_save(ada, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	pg_exec(DB, "UPDATE users SET disabled = true WHERE id = 101");
	expect_written(decide(cai, approval, "approve"));
	assert_string_equal(state_of(approval), "failed");
	assert_string_equal(level_of(id), "C");
	pg_exec(DB, "UPDATE users SET disabled = false WHERE id = 101");
	sign_in(&ada, "ada");
}

/* One who may approve alone is asked twice at once: the request is done once. */
static void
two_signers_at_once_do_it_once(void **state)
{
	struct client *second = client_new(bed, "cai", LANG_ZH);
	int64_t before, approval;

	make_rule("同时", SENT(TEXT_OF(F_approval_rule_action, "create")),
	    STEPS({ .kind = "person", .user = USER_CAI, .agree = "any" }, { .kind = "person", .user = USER_BEN, .agree = "any" }));
	approval = expect_waits(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "一次公司")), NULL));
	before = pg_int(DB, "SELECT count(*) FROM customer");
	expect_written(decide(cai, approval, "approve"));
	/* the same person's other client comes late, and stands for nobody else */
	expect_error(decide(second, approval, "approve"), ERR_FORBIDDEN, 0);
	expect_written(decide(ben, approval, "approve"));
	expect_error(decide(ben, approval, "approve"), ERR_WRONG_STATE, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), before + 1);
	client_free(second);
}

/* Signers of one role, each at a client of their own, going through the same requests at once. */
enum { SIGNERS = 8, REQUESTS = 12, FIRST_SIGNER = 301 };

struct signer {
	struct client *client;
	const int64_t *approvals;
	size_t number, done, late, bad;
	uint32_t worst;
};

static void *
sign_all(void *to)
{
	struct signer *signer = to;

	for (size_t i = 0; i < REQUESTS; i++) {
		int64_t approval = signer->approvals[(i + signer->number) % REQUESTS];
		/* the first half wants everybody, who agree; of the others anyone decides either way */
		bool refuse = approval >= signer->approvals[REQUESTS / 2] && signer->number % 2 == 1;
		const Kehu__ServerFrame *answer = client_act(signer->client, E_approval, approval,
		    refuse ? "refuse" : "approve", SENT(TEXT_OF(1, "x")));

		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
			signer->done++;
		} else if (answer->error->code == ERR_WRONG_STATE || answer->error->code == ERR_FORBIDDEN) {
			signer->late++;
		} else {
			signer->bad++;
			signer->worst = answer->error->code;
		}
		arena_reset(signer->client->arena);
	}
	return NULL;
}

static void
many_signers_at_once_have_one_outcome(void **state)
{
	struct signer signers[SIGNERS] = { 0 };
	int64_t approvals[REQUESTS], role = pg_int(DB, "SELECT id FROM role WHERE name = 'finance'");
	int64_t before = pg_int(DB, "SELECT count(*) FROM customer"), granted;
	pthread_t threads[SIGNERS];

	for (int i = 0; i < SIGNERS; i++)
		pg_exec(DB, "INSERT INTO users (id, name, name_key, label, label_key, branch_id, password_hash) SELECT "
			    "%d, 's%d', 's%d', 'S%d', 's%d', 1, password_hash FROM users WHERE id = 101; INSERT INTO "
			    "user_role (user_id, role_id) VALUES (%d, %" PRId64 ")", FIRST_SIGNER + i, i, i, i, i,
		    FIRST_SIGNER + i, role);
	pg_exec(DB, "UPDATE state SET access_epoch = access_epoch + 1");
	for (int i = 0; i < REQUESTS; i++) {
		if (i % (REQUESTS / 2) == 0) {
			forget_rules(state);
			make_rule(i == 0 ? "人人同意" : "任一同意", SENT(TEXT_OF(F_approval_rule_action, "create")),
			    STEPS({ .kind = "role", .role = role, .agree = i == 0 ? "all" : "any" }));
			pg_exec(DB, "UPDATE approval_rule_step SET within = 'company' WHERE role_id = %" PRId64, role);
			pg_exec(DB, "UPDATE state SET access_epoch = access_epoch + 1");
		}
		approvals[i] = expect_waits(client_save(ada, E_customer, 0, 0,
		    SENT(TEXT_OF(F_customer_name, arena_printf(bed->arena, "众签公司%d", i))), NULL));
	}
	for (size_t i = 0; i < SIGNERS; i++)
		signers[i] = (struct signer){ .number = i, .approvals = approvals,
			.client = client_new(bed, arena_printf(bed->arena, "s%zu", i), LANG_EN) };
	for (size_t i = 0; i < SIGNERS; i++)
		pthread_create(&threads[i], NULL, sign_all, &signers[i]);
	for (size_t i = 0; i < SIGNERS; i++) {
		pthread_join(threads[i], NULL);
		if (signers[i].bad > 0)
			fail_msg("a signer was answered E%u", signers[i].worst);
		client_free(signers[i].client);
	}
	for (int i = 0; i < REQUESTS; i++)
		assert_string_not_equal(state_of(approvals[i]), "waiting");
	granted = pg_int(DB, "SELECT count(*) FROM approval WHERE state = 'granted' AND id >= %" PRId64, approvals[0]);
	assert_true(granted >= REQUESTS / 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), before + granted);
	/* each seat decided once, and of any one's decision there is one */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM approval a WHERE a.id >= %" PRId64 " AND 1 <> (SELECT "
				    "count(*) FROM approval_step s WHERE s.approval_id = a.id AND s.agree = 'any' AND "
				    "s.state IN ('granted', 'refused')) AND EXISTS (SELECT FROM approval_step s WHERE "
				    "s.approval_id = a.id AND s.agree = 'any')", approvals[0]), 0);
	assert_int_equal(pg_int(DB, "SELECT deadlocks FROM pg_stat_database WHERE datname = '%s'", DB), 0);
	print_message("# %d signers, %d requests, %" PRId64 " granted\n", SIGNERS, REQUESTS, granted);
}

/* ---- rules ------------------------------------------------------------------------------- */

static void
rule_that_means_nothing_is_refused_at_its_field(void **state)
{
	const struct sent_line step[] = { { .entity = E_approval_rule_step, .id = -1,
		.values = SENT(TEXT_OF(F_approval_rule_step_kind, "person")) }, { 0 } };

	expect_error(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "x"),
	    TEXT_OF(F_approval_rule_entity, "nothing")), NULL), ERR_NO_SUCH_ENTITY, F_approval_rule_entity);
	expect_error(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "x"),
	    TEXT_OF(F_approval_rule_entity, "customer"), TEXT_OF(F_approval_rule_action, "fly")), NULL), ERR_NO_SUCH_ACTION, F_approval_rule_action);
	expect_error(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "x"),
	    TEXT_OF(F_approval_rule_entity, "customer"), TEXT_OF(F_approval_rule_condition, "levle:A")), NULL), ERR_QUERY, F_approval_rule_condition);
	expect_error(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "x"),
	    TEXT_OF(F_approval_rule_entity, "customer"), TEXT_OF(F_approval_rule_fields, "level colour")), NULL), ERR_NO_SUCH_FIELD, F_approval_rule_fields);
	expect_error(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "x"),
	    TEXT_OF(F_approval_rule_entity, "customer")), step), ERR_REQUIRED, F_approval_rule_step_user_id);
	expect_error(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "x"),
	    TEXT_OF(F_approval_rule_entity, "customer"), NUMBER_OF(F_approval_rule_active, 1)), NULL), ERR_REQUIRED, F_approval_rule_active);
	expect_error(client_save(ada, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "x")), NULL), ERR_NO_SUCH_ENTITY, 0);
}

static void
rule_asks_only_senders_of_its_role_and_department(void **state)
{
	int64_t role = pg_int(DB, "SELECT id FROM role WHERE name = 'account_manager'");
	int64_t id = make_customer("角色公司");

	make_rule("角色", SENT(TEXT_OF(F_approval_rule_fields, "level"), NUMBER_OF(F_approval_rule_role_id, role),
	    NUMBER_OF(F_approval_rule_department_id, DEPT_SALES)), STEPS({ .kind = "superior", .level = 1 }));
	assert_false(expect_written(client_save(cai, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "B")), NULL))->waits);
	assert_false(expect_written(client_save(dan, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "西部公司"), TEXT_OF(F_customer_level, "A")), NULL))->waits);
	assert_true(expect_written(client_save(ada, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "A")), NULL))->waits);
}

/* ---- reminders and messages -------------------------------------------------------------- */

static bool
grows_past(const char *count, int64_t past)
{
	int64_t until = date_monotonic_us() + 2 * BED_WAIT_MS * INT64_C(1000);

	while (date_monotonic_us() < until) {
		if (pg_int(DB, "%s", count) > past)
			return true;
		usleep(50000);
	}
	return false;
}

static void
late_approval_is_called_to_mind_once_a_period(void **state)
{
	static const char count[] = "SELECT count(*) FROM message WHERE owner_id = 103 AND text LIKE '仍待您审批%'";
	int64_t id = make_customer("催办公司"), approval;

	make_rule("催办", SENT(TEXT_OF(F_approval_rule_fields, "level")), STEPS({ .kind = "superior", .level = 1 }));
	approval = ask_level(id);
	pg_exec(DB, "UPDATE approval SET due_at = now() - interval '1 s' WHERE id = %" PRId64, approval);
	assert_true(grows_past(count, 0));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM approval WHERE id = %" PRId64 " AND due_at > now() + interval '23 h'", approval), 1);
	expect_written(client_act(ada, E_approval, approval, "withdraw", NULL));
}

static void
message_reaches_its_reader_and_is_answered(void **state)
{
	const Kehu__Page *page;
	int64_t id;

	expect_written(client_save(ada, E_message, 0, 0,
	    SENT(NUMBER_OF(F_message_to_id, USER_BEN), TEXT_OF(F_message_text, "Lunch?")), NULL));
	expect_error(client_save(ada, E_message, 0, 0, SENT(TEXT_OF(F_message_text, "x")), NULL), ERR_REQUIRED, F_message_to_id);
	expect_error(client_save(ada, E_message, 0, 0, SENT(NUMBER_OF(F_message_to_id, USER_FAY), TEXT_OF(F_message_text, "x")), NULL), ERR_INVALID, F_message_to_id);
	page = client_list(ben, E_message, "from:Ada kind:message -has:read_at")->page;
	assert_int_equal(page->n_rows, 1);
	id = page->rows[0]->id;
	/* a message is its reader's alone */
	expect_error(client_get(cai, E_message, id), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_get(ada, E_message, id), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(ben, E_message, id, "reply", SENT(TEXT_OF(1, "Yes"))));
	assert_int_equal(client_list(ben, E_message, "from:Ada kind:message -has:read_at")->page->n_rows, 0);
	assert_int_equal(client_list(ada, E_message, "from:Ben kind:message -has:read_at")->page->n_rows, 1);
	expect_error(client_save(ben, E_message, id, 2, SENT(TEXT_OF(F_message_text, "other")), NULL), ERR_FORBIDDEN, 0);
}

static void
message_to_a_department_reaches_its_members_once(void **state)
{
	/* Cai is in it, Ada, Ben and Fay, who is disabled, in the one below; Dan is in another, but named. */
	static const char told[] = "SELECT count(*) FROM message WHERE from_id = 101 AND text LIKE 'Meeting at nine%%' AND kind = '%s' AND owner_id IN (%s)";

	expect_written(client_save(ada, E_message, 0, 0,
	    SENT(NUMBER_OF(F_message_to_department_id, DEPT_SALES), NUMBER_OF(F_message_to_id, USER_BEN),
		TEXT_OF(F_message_text, "Meeting at nine @Dan")), NULL));
	assert_int_equal(pg_int(DB, told, "message", "SELECT id FROM users"),
	    pg_int(DB, "SELECT count(*) FROM users WHERE department_id IN (%d, %d) AND NOT coalesce(disabled, false) AND id <> 101", DEPT_SALES, DEPT_KEY));
	assert_int_equal(pg_int(DB, told, "message", "102"), 1);
	assert_int_equal(pg_int(DB, told, "message", "103"), 1);
	assert_int_equal(pg_int(DB, told, "mention", "104"), 1);
	assert_int_equal(pg_int(DB, told, "sent", "101"), 1);
}

/* Not customers alone: whatever is shared one by one is talked about, and its followers hear of it. */
static void
lead_is_followed_and_talked_about(void **state)
{
	int64_t id = expect_written(client_save(ada, E_lead, 0, 0, SENT(TEXT_OF(F_lead_name, "关注线索公司")), NULL))->id;
	const char *count = arena_printf(bed->arena,
	    "SELECT count(*) FROM message WHERE kind = 'follow' AND owner_id = 103 AND anchor_id = %" PRId64, id);

	expect_written(client_act(cai, E_lead, id, "follow", NULL));
	expect_written(client_act(ada, E_lead, id, "comment", SENT(TEXT_OF(1, "@Ben 看一下"))));
	assert_string_equal(pg_exec(DB, "SELECT string_agg(owner_id || kind, ' ' ORDER BY owner_id) FROM message WHERE anchor_id = %" PRId64, id),
	    "102mention 103comment");
	expect_written(client_act(ada, E_lead, id, "qualify", NULL));
	assert_true(grows_past(count, 0));
}

static void
comment_reaches_followers_owner_and_those_named(void **state)
{
	int64_t id = make_customer("评论公司");
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related = KEHU__RELATED__INIT;
	const char *count = arena_printf(bed->arena,
	    "SELECT count(*) FROM message WHERE kind = 'follow' AND owner_id = 101 AND anchor_id = %" PRId64, id);

	expect_written(client_act(eve, E_customer, id, "follow", NULL));
	expect_written(client_act(cai, E_customer, id, "comment", SENT(TEXT_OF(1, "请 @Ben 跟进"))));
	assert_string_equal(pg_exec(DB, "SELECT string_agg(owner_id || kind, ' ' ORDER BY owner_id) FROM message WHERE anchor_id = %" PRId64, id),
	    "101comment 102mention 105comment");
	expect_error(client_act(ben, E_customer, id, "comment", SENT(TEXT_OF(1, "x"))), ERR_NO_SUCH_RECORD, 0);
	/* beside the record for whoever sees it */
	related.has_entity = related.has_id = related.has_related = true;
	related.entity = E_customer;
	related.id = id;
	related.related = E_comment;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	assert_int_equal(client_call(ada, &frame)->page->n_rows, 1);
	/* the owner hears that somebody else changed it, and what it was only by looking */
	expect_written(client_save(cai, E_customer, id, 1, SENT(TEXT_OF(F_customer_short_name, "秘密")), NULL));
	assert_true(grows_past(count, 0));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE text LIKE '%%秘密%%'"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE kind = 'follow' AND owner_id = 103 AND anchor_id = %" PRId64, id), 0);
	expect_written(client_act(ada, E_customer, id, "unfollow", NULL));
	expect_written(client_act(cai, E_customer, id, "comment", SENT(TEXT_OF(1, "again"))));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE kind = 'comment' AND owner_id = 101 AND anchor_id = %" PRId64, id), 1);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	pg_exec(DB, "UPDATE users SET superior_id = CASE id WHEN 103 THEN 105 ELSE 103 END WHERE id IN (101, 102, 103)");
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_EN);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
teardown(void **state)
{
	struct client *all[] = { ada, ben, cai, dan, eve, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, forget_rules)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(change_waits_and_the_old_value_shows_until_granted),
		TEST(refusal_leaves_everything_as_it_was),
		TEST(new_record_with_lines_is_made_when_granted),
		TEST(wrong_values_are_answered_before_anybody_is_asked),
		TEST(action_is_judged_past_the_senders_sight),
		TEST(all_superiors_are_asked_one_after_the_other),
		TEST(any_of_a_role_is_enough_and_a_signer_added_must_agree_too),
		TEST(chosen_signer_and_reason_are_asked_for),
		TEST(approver_who_is_disabled_is_replaced_and_the_reason_shows),
		TEST(own_request_goes_to_the_superior),
		TEST(change_of_rights_waits_for_another_administrator),
		TEST(sent_back_and_sent_again_passed_on_and_withdrawn),
		TEST(grant_that_no_longer_fits_ends_as_failed_with_the_reason),
		TEST(two_signers_at_once_do_it_once),
		TEST(many_signers_at_once_have_one_outcome),
		TEST(rule_that_means_nothing_is_refused_at_its_field),
		TEST(rule_asks_only_senders_of_its_role_and_department),
		TEST(late_approval_is_called_to_mind_once_a_period),
		TEST(message_reaches_its_reader_and_is_answered),
		TEST(message_to_a_department_reaches_its_members_once),
		TEST(comment_reaches_followers_owner_and_those_named),
		TEST(lead_is_followed_and_talked_about),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
