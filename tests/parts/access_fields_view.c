/*
 * Viewing as another user: who may, who is told, what shows, and when it ends.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/parts/access_fields.h"

#include <inttypes.h>

/* ---- view as another user ---------------------------------------------------------------- */

static Kehu__ServerFrame *
view_as(struct client *client, int64_t user, const char *reason, uint32_t minutes)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ViewAs view = KEHU__VIEW_AS__INIT;

	view.has_user = true;
	view.user = user;
	view.reason = arena_strdup(client->arena, reason);
	view.has_minutes = true;
	view.minutes = minutes;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_VIEW_AS;
	frame.view_as = &view;
	return client_call(client, &frame);
}

/* A connection that looks as the user; the one who asked stays as they are. */
static struct client *
client_viewing(struct client *viewer, int64_t user)
{
	struct client *client = client_stranger(bed, LANG_EN);
	Kehu__ServerFrame *answer = view_as(viewer, user, "他说看不到自己的客户", 5);

	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_VIEW_AS);
	link_resume(client->link, answer->view_as->token.data, answer->view_as->token.len);
	assert_int_equal(link_wait(client->link, BED_WAIT_MS), ERR_OK);
	return client;
}

void
viewing_as_another_needs_its_grant_a_reason_and_looks_down(void **state)
{
	/* no grant: the entity is there to see who looked as oneself, and no more */
	expect_error(view_as(ada, USER_BEN, "好奇", 5), ERR_FORBIDDEN, 0);
	expect_error(view_as(guo, USER_ADA, "", 5), ERR_REASON_NEEDED, 0);
	expect_error(view_as(guo, USER_ADA, "太久", 481), ERR_INVALID, 0);
	expect_error(view_as(guo, USER_GUO, "自己", 5), ERR_VIEW_HIGHER, 0);
	expect_error(view_as(guo, USER_FAY, "停用", 5), ERR_NO_SUCH_RECORD, 0);
	/* a superior, and somebody who gives rights */
	pg_exec(DB, "UPDATE users SET superior_id = %d WHERE id = %d", USER_DAN, USER_GUO);
	expect_error(view_as(guo, USER_DAN, "上级", 5), ERR_VIEW_HIGHER, 0);
	pg_exec(DB, "UPDATE users SET superior_id = NULL WHERE id = %d;"
		    "INSERT INTO user_role (user_id, role_id) SELECT %d, id FROM role WHERE name = 'administrator'",
	    USER_GUO, USER_CAI);
	expect_error(view_as(guo, USER_CAI, "同级", 5), ERR_VIEW_HIGHER, 0);
	pg_exec(DB, "DELETE FROM user_role WHERE user_id = %d AND role_id = (SELECT id FROM role WHERE name = 'administrator')",
	    USER_CAI);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM viewing"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'view_as'"), 0);
}

void
viewing_as_another_is_told_audited_and_listed_at_once(void **state)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Sessions sessions = KEHU__SESSIONS__INIT;
	struct client *viewing = client_viewing(guo, USER_ADA);
	const Kehu__ServerFrame *answer;
	bool listed = false;

	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'view_as' AND user_id = %d "
				    "AND record_id = %d", USER_GUO, USER_ADA), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND text LIKE '%%他说看不到%%'",
			     USER_ADA), 1);
	assert_int_equal(client_list(ada, E_viewing, "")->page->n_rows, 1);
	assert_int_equal(client_list(mia, E_viewing, "")->page->n_rows, 0);
	assert_string_equal(link_user(viewing->link)->name, "ada");
	assert_true(link_user(viewing->link)->viewer[0] != '\0');
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SESSIONS;
	frame.sessions = &sessions;
	answer = client_call(ada, &frame);
	for (size_t i = 0; i < answer->sessions->n_sessions; i++)
		listed |= answer->sessions->sessions[i]->viewer != NULL &&
			  answer->sessions->sessions[i]->viewer[0] != '\0';
	assert_true(listed);
	/* what is read is the viewer's reading */
	assert_int_equal(client_get(viewing, E_customer, customer)->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
	client_free(viewing);
}

void
viewing_as_another_shows_rows_of_that_user_and_no_values(void **state)
{
	static const uint32_t kinds[] = { E_customer, E_contact, E_visit };
	struct client *viewing = client_viewing(guo, USER_ADA);
	const int64_t ids[] = { customer, contact, visit };
	const Kehu__ServerFrame *answer;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today today = KEHU__TODAY__INIT;

	for (size_t i = 0; i < 3; i++) {
		answer = client_list(viewing, kinds[i], "");
		assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_PAGE);
		assert_int_equal(answer->page->n_rows, client_list(ada, kinds[i], "")->page->n_rows);
		expect_no_secret(answer);
		assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房"));
		answer = client_get(viewing, kinds[i], ids[i]);
		assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
		expect_no_secret(answer);
		assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房") ||
			     holds(answer, NOTE));
		answer = history(viewing, kinds[i], ids[i]);
		expect_no_secret(answer);
		assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房"));
	}
	answer = related(viewing, E_customer, customer, E_visit);
	assert_int_equal(answer->page->n_rows, 1);
	assert_false(holds(answer, "厂房"));
	/* not by asking either */
	assert_int_equal(client_search(viewing, "保密机械")->search->n_hits, 0);
	assert_int_equal(client_search(viewing, PHONE2)->search->n_hits, 0);
	assert_int_equal(client_list(viewing, E_customer, "name:保密")->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame.today = &today;
	answer = client_call(viewing, &frame);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_TODAY);
	assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房"));
	/* rows of others are not there */
	assert_int_equal(client_list(viewing, E_customer, "")->page->n_rows,
	    pg_int(DB, "SELECT count(*) FROM customer WHERE owner_id = %d AND deleted_at IS NULL", USER_ADA));
	client_free(viewing);
}

void
viewing_as_another_shows_what_the_viewer_sees_anyway(void **state)
{
	const Kehu__ServerFrame *answer;
	struct client *viewing;

	/* masker sees all customers, their sensitive fields masked */
	pg_exec(DB, "INSERT INTO role_grant (role_id, entity, scope, rights) SELECT id, 'viewing', 'all', 257 "
		    "FROM role WHERE name = 'masker'");
	viewing = client_viewing(mia, USER_ADA);
	answer = client_get(viewing, E_customer, customer);
	assert_true(holds(answer, NAME));
	assert_true(holds(answer, "021****7788"));
	expect_no_secret(answer);
	/* mobile of the contact is masked for the viewer, the visit not: mia sees all visits */
	assert_false(holds(client_get(viewing, E_contact, contact), "13700001111"));
	assert_true(holds(client_get(viewing, E_visit, visit), "看厂房"));
	client_free(viewing);
	pg_exec(DB, "DELETE FROM role_grant WHERE entity = 'viewing' AND role_id = (SELECT id FROM role WHERE name = 'masker')");
}

void
viewing_as_another_only_looks(void **state)
{
	struct client *viewing = client_viewing(guo, USER_ADA);
	const char *before = pg_exec(DB, "SELECT count(*), max(version) FROM customer");

	expect_error(client_save(viewing, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "代写")), NULL), ERR_VIEW_ONLY, 0);
	expect_error(client_act(viewing, E_visit, visit, "start", NULL), ERR_VIEW_ONLY, 0);
	expect_error(client_delete(viewing, E_customer, customer, version_of()), ERR_VIEW_ONLY, 0);
	expect_error(reveal(viewing, customer, F_customer_phone, "想看"), ERR_VIEW_ONLY, 0);
	expect_error(view_as(viewing, USER_BEN, "再代看", 5), ERR_VIEW_ONLY, 0);
	assert_string_equal(pg_exec(DB, "SELECT count(*), max(version) FROM customer"), before);
	client_free(viewing);
}

static bool
is_over(void *context)
{
	return link_status(((struct client *)context)->link).needs_login;
}

void
viewing_as_another_ends_with_its_time_its_grant_or_a_word(void **state)
{
	struct client *viewing = client_viewing(guo, USER_ADA);
	Kehu__ClientFrame today = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today nothing = KEHU__TODAY__INIT;
	Kehu__ServerFrame *answer;
	int64_t id;

	/* anybody who may begin one ends it; the viewer is told */
	id = pg_int(DB, "SELECT max(id) FROM viewing");
	expect_written(client_act(guo, E_viewing, id, "end", NULL));
	assert_true(client_wait(viewing, is_over, viewing));
	expect_error(client_act(guo, E_viewing, id, "end", NULL), ERR_EMPTY, 0);
	client_free(viewing);
	/* its time */
	viewing = client_viewing(guo, USER_ADA);
	pg_exec(DB, "UPDATE session SET expires_at = now() WHERE viewer_id IS NOT NULL AND ended_at IS NULL");
	today.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	today.today = &nothing;
	assert_int_equal(link_call(viewing->link, viewing->arena, &today, &answer, BED_WAIT_MS), ERR_SESSION_ENDED);
	client_free(viewing);
	/* the grant */
	viewing = client_viewing(guo, USER_ADA);
	pg_exec(DB, "UPDATE role_grant SET rights = 1 WHERE entity = 'viewing' AND rights = 257");
	expect_error(client_list(viewing, E_customer, ""), ERR_VIEW_OVER, 0);
	pg_exec(DB, "UPDATE role_grant SET rights = 257 WHERE entity = 'viewing' AND scope = 'all' "
		    "AND role_id = (SELECT id FROM role WHERE name = 'administrator')");
	client_free(viewing);
}

void
command_line_views_as_another(void **state)
{
	const char *text;

	assert_int_equal(run("guo", "list|customer||--as|ada|--reason|核对|--format|tsv|--language|en", &text), 0);
	assert_non_null(strstr(text, "****"));
	assert_null(strstr(text, "保密"));
	assert_int_equal(run("guo", "list|customer||--as|ada|--language|en", &text), 1);
	assert_non_null(strstr(text, "E3022"));
	assert_int_equal(run("ada", "list|customer||--as|ben|--reason|x|--language|zh", &text), 1);
	assert_non_null(strstr(text, "无权"));
	/* it has ended with the command */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM viewing v JOIN session s ON s.id = v.session_id "
				    "WHERE v.reason = '核对' AND v.ended_at IS NOT NULL AND s.ended_at IS NOT NULL"), 1);
}
