/*
 * Sessions: listed, ended, outdated, locked, on both kehuds.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/gate/password.h"
#include "tests/lib/wire.h"
#include "tests/parts/sign.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- sessions ---------------------------------------------------------------------------- */

static const Kehu__SessionsAnswer *
sessions(struct client *client, int64_t end, bool all)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Sessions request = KEHU__SESSIONS__INIT;
	Kehu__ServerFrame *answer;

	request.has_end = end != 0;
	request.end = end;
	request.has_all = request.all = all;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SESSIONS;
	frame.sessions = &request;
	answer = client_call(client, &frame);
	return answer->answer_case == KEHU__SERVER_FRAME__ANSWER_SESSIONS ? answer->sessions : NULL;
}

static int64_t
other_session(const Kehu__SessionsAnswer *answer)
{
	for (size_t i = 0; i < answer->n_sessions; i++)
		if (!answer->sessions[i]->own)
			return answer->sessions[i]->id;
	return 0;
}

void
session_ended_by_its_user_is_out_on_the_other_kehud(void **state)
{
	struct client *here, *there, *cai;
	int64_t before, id;

	pg_exec(DB, "UPDATE session SET ended_at = now() WHERE ended_at IS NULL");
	here = client_at(bed->port, "ada");
	there = client_at(second, "ada");
	cai = client_at(second, "cai");
	assert_int_equal(sessions(here, 0, false)->n_sessions, 2);
	id = other_session(sessions(here, 0, false));
	/* another's is not there for her, and the list of all is not hers to see */
	assert_null(sessions(here, other_session(sessions(cai, 0, false)) + 1000000, false));
	assert_null(sessions(here, pg_int(DB, "SELECT id FROM session WHERE user_id = %d AND ended_at IS NULL", USER_CAI), false));
	assert_null(sessions(here, 0, true));
	before = date_monotonic_us();
	assert_int_equal(sessions(here, id, false)->n_sessions, 1);
	assert_true(client_wait(there, is_out, there));
	print_message("# out after %d ms\n", (int)((date_monotonic_us() - before) / 1000));
	assert_false(is_out(cai));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'sessions' AND record_id = %d", USER_ADA), 1);
	client_free(here);
	client_free(there);
	client_free(cai);
}

void
disabled_user_is_out_on_both_kehuds(void **state)
{
	struct client *here = client_at(bed->port, "dan"), *there = client_at(second, "dan");
	int64_t before = date_monotonic_us();

	pg_exec(DB, "UPDATE users SET disabled = true, version = version + 1 WHERE name = 'dan'");
	assert_true(client_wait(here, is_out, here));
	assert_true(client_wait(there, is_out, there));
	assert_true(date_monotonic_us() - before < 5 * US_PER_SECOND);
	client_free(here);
	client_free(there);
	pg_exec(DB, "UPDATE users SET disabled = false, version = version + 1 WHERE name = 'dan'");
	/* enabled again, the old sessions stay over */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session WHERE user_id = %d AND ended_at IS NULL", USER_DAN), 0);
}

void
new_password_ends_the_other_sessions(void **state)
{
	struct client *here = client_at(bed->port, "ben"), *there = client_at(second, "ben");
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Password request = KEHU__PASSWORD__INIT;

	request.old_password = (char *)(uintptr_t)BED_PASSWORD;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PASSWORD;
	frame.password = &request;
	request.new_password = (char *)(uintptr_t)"password2026";
	expect_error(client_call(here, &frame), ERR_PASSWORD_COMMON, 0);
	request.new_password = (char *)(uintptr_t)BED_PASSWORD;
	expect_error(client_call(here, &frame), ERR_PASSWORD_USED, 0);
	request.new_password = (char *)(uintptr_t)"昨夜西风凋碧树独上高楼";
	expect_error(client_call(here, &frame), ERR_PASSWORD_WEAK, 0);
	request.new_password = (char *)(uintptr_t)"昨夜西风凋碧树独上高楼望尽";
	assert_int_equal(client_call(here, &frame)->answer_case, KEHU__SERVER_FRAME__ANSWER_DONE);
	assert_true(client_wait(there, is_out, there));
	assert_false(is_out(here));
	/* the one before the last is refused too: three are remembered */
	request.old_password = request.new_password;
	request.new_password = (char *)(uintptr_t)BED_PASSWORD;
	expect_error(client_call(here, &frame), ERR_PASSWORD_USED, 0);
	client_free(here);
	client_free(there);
	pg_exec(DB, "UPDATE users SET password_hash = '%s' WHERE name = 'ben'",
	    password_hash(bed->arena, bed_cheap, BED_PASSWORD));
}

void
old_password_must_be_changed(void **state)
{
	struct client *eve = client_stranger(bed, LANG_EN);

	forget_tries();
	pg_exec(DB, "UPDATE user_sign SET password_at = now() - interval '91 days' WHERE user_id = %d", USER_EVE);
	assert_int_equal(try_login(eve, "eve", BED_PASSWORD), ERR_PASSWORD_CHANGE);
	link_login(eve->link, "eve", BED_PASSWORD, "eve eve eve eve");
	assert_int_equal(link_wait(eve->link, BED_WAIT_MS), ERR_PASSWORD_COMMON);
	link_login(eve->link, "eve", BED_PASSWORD, "a passphrase of my own");
	assert_int_equal(link_wait(eve->link, BED_WAIT_MS), ERR_OK);
	client_free(eve);
	pg_exec(DB, "UPDATE users SET password_hash = '%s' WHERE name = 'eve'",
	    password_hash(bed->arena, bed_cheap, BED_PASSWORD));
}

/* ---- locking ----------------------------------------------------------------------------- */

void
locked_session_answers_nothing_but_the_password(void **state)
{
	struct client *ada = client_at(bed->port, "ada");
	Kehu__ServerFrame *answer = NULL;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;

	link_lock(ada->link);
	assert_true(is_locked(ada));
	list.has_entity = true;
	list.entity = E_tag;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	/* what is asked meanwhile waits */
	assert_int_equal(link_call(ada->link, ada->arena, &frame, &answer, 300), ERR_TIMEOUT);
	link_unlock(ada->link, "not the password");
	for (int i = 0; i < 100 && link_status(ada->link).error == ERR_OK; i++)
		assert_int_equal(link_turn_once(ada->link, 100), ERR_OK);
	assert_int_equal(link_status(ada->link).error, ERR_LOGIN_REFUSED);
	assert_true(is_locked(ada));
	link_unlock(ada->link, BED_PASSWORD);
	assert_true(client_wait(ada, is_unlocked, ada));
	assert_int_equal(client_list(ada, E_tag, "")->answer_case, KEHU__SERVER_FRAME__ANSWER_PAGE);
	client_free(ada);
	forget_tries();
}

/* The server itself refuses, whatever the client thinks; and it stays so on another connection. */
/* A client of somebody else's making does not wait. */
void
locked_session_refuses_raw_requests(void **state)
{
	struct arena *arena = arena_new(0);
	struct wire *wire = wire_open(bed, "ada", LANG_EN);
	Kehu__ClientFrame lock = KEHU__CLIENT_FRAME__INIT, list = KEHU__CLIENT_FRAME__INIT,
			  *frames[] = { &lock, &list };
	Kehu__Lock nothing = KEHU__LOCK__INIT;
	Kehu__List tags = KEHU__LIST__INIT;
	struct wire_answer answer;

	tags.has_entity = true;
	tags.entity = E_tag;
	lock.request_case = KEHU__CLIENT_FRAME__REQUEST_LOCK;
	lock.lock = &nothing;
	list.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	list.list = &tags;
	wire_ask(wire, &frames[1], 1, arena, &answer);
	assert_int_equal(answer.err, ERR_OK);
	wire_ask(wire, &frames[0], 1, arena, &answer);
	assert_int_equal(answer.err, ERR_OK);
	wire_ask(wire, &frames[1], 1, arena, &answer);
	assert_int_equal(answer.err, ERR_SESSION_LOCKED);
	wire_close(wire);
	arena_free(arena);
}

void
lock_outlives_the_connection(void **state)
{
	struct client *ada;

	pg_exec(DB, "UPDATE session SET ended_at = now() WHERE ended_at IS NULL");
	ada = client_at(bed->port, "ada");
	/* locked by another's hand: this client does not know */
	pg_exec(DB, "UPDATE session SET seen_at = now() - interval '20 minutes' WHERE user_id = %d AND ended_at IS NULL", USER_ADA);
	bed_kill(bed, SIGKILL);
	bed_start(bed);
	assert_true(client_wait(ada, is_locked, ada));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session WHERE user_id = %d AND locked_at IS NOT NULL AND ended_at IS NULL", USER_ADA), 1);
	link_unlock(ada->link, BED_PASSWORD);
	assert_true(client_wait(ada, is_unlocked, ada));
	assert_int_equal(client_list(ada, E_tag, "")->answer_case, KEHU__SERVER_FRAME__ANSWER_PAGE);
	client_free(ada);
}

void
administrator_lists_and_ends_sessions(void **state)
{
	const char *said;
	struct client *cai = client_at(second, "cai");
	int port = start_guarded("optional");

	assert_int_equal(admin(port, "", "session list --format jsonl", &said), 0);
	assert_non_null(strstr(said, "\"user\":\"cai\""));
	assert_non_null(strstr(said, "127.0.0.1"));
	assert_int_equal(admin(port, "", "session end cai", &said), 0);
	assert_true(client_wait(cai, is_out, cai));
	assert_int_equal(admin(port, "", "session end cai", &said), 1);
	assert_int_equal(admin(port, "", "session end 999999999", &said), 1);
	client_free(cai);
}
