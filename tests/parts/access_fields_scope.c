/*
 * How far grants reach, their states and actions, and what nobody may set up.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/parts/access_fields.h"

#include <inttypes.h>

/* ---- scopes and states ------------------------------------------------------------------- */

void
team_reaches_what_people_below_own(void **state)
{
	int64_t dans;
	struct client *dan = client_new(bed, "dan", LANG_EN);

	dans = expect_written(client_save(dan, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "丹的客户")), NULL))->id;
	/* lea over ben over ada */
	assert_int_equal(client_get(lea, E_customer, customer)->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
	assert_true(client_list(lea, E_customer, "name:保密")->page->n_rows == 1);
	assert_true(client_list(lea, E_customer, "name:保密")->page->rows[0]->rights & 1);
	expect_written(client_save(lea, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_postcode, "200000")), NULL));
	expect_error(client_get(lea, E_customer, dans), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(client_list(lea, E_customer, "name:丹的")->page->n_rows, 0);
	client_free(dan);
}

void
external_users_see_their_company_only(void **state)
{
	const Kehu__ServerFrame *answer;

	assert_int_equal(client_list(ext, E_customer, "")->page->n_rows, 0);
	pg_exec(DB, "UPDATE users SET company_id = %" PRId64 " WHERE id = %d", customer, USER_EXT);
	answer = client_list(ext, E_customer, "");
	assert_int_equal(answer->page->n_rows, 1);
	assert_int_equal(answer->page->rows[0]->id, customer);
	expect_no_secret(answer);
	assert_int_equal(client_list(ext, E_contact, "")->page->n_rows, 1);
	assert_int_equal(client_search(ext, "许秘密")->search->n_hits, 1);
	assert_int_equal(client_search(ext, "另一家")->search->n_hits, 0);
	expect_error(client_list(ext, E_visit, ""), ERR_NO_SUCH_ENTITY, 0);
	/* what we think of them is not theirs to read */
	assert_null(cat_field(cat_entity(link_catalog(ext->link), E_customer), F_customer_level));
	assert_null(cat_field(cat_entity(link_catalog(ext->link), E_contact), F_contact_role));
	expect_error(client_save(ext, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_site, "https://x.example")), NULL),
	    ERR_FORBIDDEN, 0);
}

/* A dealer works with customers of others that were shared with it, and knows of no more. */
void
dealer_sees_what_was_shared_with_it(void **state)
{
	int64_t shared = expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "经销门店")), NULL))->id;

	assert_int_equal(client_search(ext, "经销门店")->search->n_hits, 0);
	expect_error(client_get(ext, E_customer, shared), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(ada, E_customer, shared, "share", SENT(NUMBER_OF(1, USER_EXT), NUMBER_OF(2, 1))));
	assert_int_equal(client_list(ext, E_customer, "")->page->n_rows, 2);
	assert_int_equal(client_get(ext, E_customer, shared)->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
	assert_int_equal(client_search(ext, "经销门店")->search->n_hits, 1);
	expect_error(client_save(ext, E_customer, shared, 1, SENT(TEXT_OF(F_customer_site, "https://x.example")), NULL),
	    ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_customer, shared, "unshare", SENT(NUMBER_OF(1, USER_EXT))));
	expect_error(client_get(ext, E_customer, shared), ERR_NO_SUCH_RECORD, 0);
}

void
grants_hold_in_their_states_only(void **state)
{
	const Kehu__ServerFrame *answer = client_get(sam, E_customer, customer);

	assert_true(answer->get->record->rights & 1);
	expect_written(client_save(sam, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_postcode, "200001")), NULL));
	expect_written(client_save(ada, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_stage, "lost")), NULL));
	answer = client_get(sam, E_customer, customer);
	assert_int_equal(answer->get->record->rights & 1, 0);
	assert_int_equal(client_list(sam, E_customer, "name:保密")->page->rows[0]->rights & 1, 0);
	answer = client_save(sam, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_postcode, "200002")), NULL);
	expect_error(answer, ERR_WRONG_STATE, F_customer_stage);
	expect_written(client_save(ada, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_stage, "active")), NULL));
}

void
grants_name_single_actions(void **state)
{
	const Kehu__Entity *entity = cat_entity(link_catalog(sam->link), E_visit);
	int64_t own;

	assert_non_null(cat_action_called(entity, "start"));
	assert_null(cat_action_called(entity, "complete"));
	pg_exec(DB, "INSERT INTO role_grant (role_id, entity, scope, rights) SELECT id, 'visit', 'branch', 3 FROM role WHERE name = 'stater'");
	own = expect_written(client_save(sam, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer), TEXT_OF(F_visit_purpose, "自己的"),
		NUMBER_OF(F_visit_at, date_now_us() + INT64_C(86400000000))), NULL))->id;
	expect_written(client_act(sam, E_visit, own, "start", NULL));
	expect_error(client_act(sam, E_visit, own, "complete", SENT(TEXT_OF(1, "agreed"))), ERR_FORBIDDEN, 0);
	expect_error(client_act(sam, E_visit, visit, "cancel", SENT(TEXT_OF(1, "不行"))), ERR_FORBIDDEN, 0);
}

/* ---- what nobody may set up -------------------------------------------------------------- */

static Kehu__ServerFrame *
save_role_line(int64_t role, uint32_t entity, const struct sent *values)
{
	uint32_t version = client_get(guo, E_role, role)->get->record->version;

	return client_save(guo, E_role, role, version, NULL,
	    (const struct sent_line[]){ { .entity = entity, .id = -1, .values = values }, { 0 } });
}

#define GRANT_OF(entity_, scope_, rights_)                                                     \
	TEXT_OF(F_role_grant_entity, entity_), TEXT_OF(F_role_grant_scope, scope_),            \
	    NUMBER_OF(F_role_grant_rights, rights_)

void
grants_name_what_there_is(void **state)
{
	int64_t role = client_list(guo, E_role, "name:masker")->page->rows[0]->id;
	int64_t lines = pg_int(DB, "SELECT count(*) FROM role_grant") + pg_int(DB, "SELECT count(*) FROM role_field");

	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("custoner", "all", 1))),
	    ERR_NO_SUCH_ENTITY, F_role_grant_entity);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("customer_phone", "all", 1))),
	    ERR_INVALID, F_role_grant_entity);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("branch", "own", 1))), ERR_INVALID,
	    F_role_grant_scope);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("saved_view", "company", 1))),
	    ERR_INVALID, F_role_grant_scope);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("lead", "all", 4096))), ERR_INVALID,
	    F_role_grant_rights);
	expect_error(save_role_line(role, E_role_grant,
	    SENT(GRANT_OF("lead", "all", 4), TEXT_OF(F_role_grant_states, "new nowhere"))), ERR_INVALID,
	    F_role_grant_states);
	expect_error(save_role_line(role, E_role_grant,
	    SENT(GRANT_OF("lead", "all", 256), TEXT_OF(F_role_grant_actions, "explode"))), ERR_INVALID,
	    F_role_grant_actions);
	expect_error(save_role_line(role, E_role_field,
	    SENT(TEXT_OF(F_role_field_entity, "customer"), TEXT_OF(F_role_field_field, "phnoe"))),
	    ERR_NO_SUCH_FIELD, F_role_field_field);
	expect_error(save_role_line(role, E_role_field,
	    SENT(TEXT_OF(F_role_field_entity, "user"), TEXT_OF(F_role_field_field, "password_hash"))),
	    ERR_NO_SUCH_FIELD, F_role_field_field);
	expect_error(save_role_line(role, E_role_field,
	    SENT(TEXT_OF(F_role_field_entity, "customer"), TEXT_OF(F_role_field_field, "site"),
		TEXT_OF(F_role_field_show, "blurred"))), ERR_NOT_IN_LIST, F_role_field_show);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM role_grant") + pg_int(DB, "SELECT count(*) FROM role_field"),
	    lines);
	expect_written(save_role_line(role, E_role_grant,
	    SENT(GRANT_OF("lead", "team", 4), TEXT_OF(F_role_grant_states, "new contacted"))));
}

void
nobody_gives_themselves_rights(void **state)
{
	int64_t own = client_list(guo, E_role, "name:administrator")->page->rows[0]->id;
	int64_t other = client_list(guo, E_role, "name:executive")->page->rows[0]->id;
	uint32_t version = client_get(guo, E_user, USER_GUO)->get->record->version;

	expect_error(save_role_line(own, E_role_grant, SENT(GRANT_OF("customer", "all", 1))), ERR_OWN_RIGHTS, 0);
	expect_error(client_save(guo, E_user, USER_GUO, version, NULL,
	    (const struct sent_line[]){ { .entity = E_user_role, .id = -1,
		.values = SENT(NUMBER_OF(F_user_role_role_id, other)) }, { 0 } }), ERR_OWN_RIGHTS, 0);
	expect_error(client_save(guo, E_user, USER_GUO, version, SENT(NUMBER_OF(F_user_branch_id, BRANCH_EAST)), NULL),
	    ERR_OWN_RIGHTS, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM user_role WHERE user_id = %d", USER_GUO), 1);
	expect_written(client_save(guo, E_user, USER_GUO, version, SENT(TEXT_OF(F_user_mail, "guo@example.org")), NULL));
}

void
role_that_somebody_has_is_not_deleted(void **state)
{
	int64_t role = client_list(guo, E_role, "name:executive")->page->rows[0]->id;
	const Kehu__ServerFrame *answer = client_delete(guo, E_role, role, 0);

	expect_error(answer, ERR_IN_USE, 0);
	assert_non_null(strstr(answer->error->text, "Eve"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM role WHERE name = 'executive' AND deleted_at IS NULL"), 1);
	expect_written(client_delete(guo, E_role,
	    expect_written(client_save(guo, E_role, 0, 0,
		SENT(TEXT_OF(F_role_name, "nobodys"), TEXT_OF(F_role_label, "Nobody's")), NULL))->id, 0));
}

void
user_without_a_branch_is_refused(void **state)
{
	int64_t before = pg_int(DB, "SELECT count(*) FROM users");

	expect_error(client_save(guo, E_user, 0, 0, SENT(TEXT_OF(F_user_name, "lost"), TEXT_OF(F_user_label, "Lost")), NULL),
	    ERR_REQUIRED, F_user_branch_id);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM users"), before);
}

void
trees_have_no_circle(void **state)
{
	const Kehu__ServerFrame *answer;

	expect_error(client_save(guo, E_department, DEPT_SALES, 1, SENT(NUMBER_OF(F_department_parent_id, DEPT_KEY)), NULL),
	    ERR_CIRCLE, F_department_parent_id);
	expect_error(client_save(guo, E_branch, BRANCH_HEAD, 1, SENT(NUMBER_OF(F_branch_parent_id, BRANCH_HEAD)), NULL),
	    ERR_CIRCLE, F_branch_parent_id);
	/* ada below ben below lea */
	answer = client_save(guo, E_user, USER_LEA, client_get(guo, E_user, USER_LEA)->get->record->version,
	    SENT(NUMBER_OF(F_user_superior_id, USER_ADA)), NULL);
	expect_error(answer, ERR_CIRCLE, F_user_superior_id);
	expect_error(client_save(guo, E_user, 0, 0, SENT(TEXT_OF(F_user_name, "nobranch"), TEXT_OF(F_user_label, "无网点")), NULL),
	    ERR_REQUIRED, F_user_branch_id);
}
