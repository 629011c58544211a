/*
 * Signing in at a real terminal, against a real server: the first screen in both languages,
 * refusals, a forced new password, servers that are not there, what is remembered, and leaving.
 */
#include "common/date.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_login"

static struct bed *bed;

static void
login_screen_is_as_drawn(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada" });

	desk_sees(vt, "RTT");
	desk_shows(vt, "login_zh");
	desk_type(vt, "{Tab}{Right}");
	desk_sees(vt, "Terminal check");
	desk_shows(vt, "login_en");
	desk_type(vt, "{F3}");
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	assert_false(vt_alt_screen(vt));
	assert_int_equal(vt_close(vt), 0);
}

static void
login_screen_fits_a_large_terminal(void **state)
{
	struct vt *vt = desk_open(bed,
	    &(struct desk_options){ .user = "ada", .lang = "en", .rows = 40, .cols = 120 });

	desk_sees(vt, "RTT");
	desk_shows(vt, "login_en_120");
	desk_end(vt);
}

static void
start_to_login_stays_within_its_bytes(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada" });

	desk_sees(vt, "RTT");
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	size_t bytes = vt_bytes(vt);
	print_message("# start to login screen: %zu bytes, limit 1200\n", bytes);
	assert_in_range(bytes, 1, 1200);
	desk_end(vt);
}

static void
login_goes_on_to_home(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ 0 });

	desk_type(vt, "ada{Enter}");
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "1首页 2客户");
	desk_sees(vt, "Ada@东区");
	desk_leave(vt);
}

static void
login_says_why_it_was_refused(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada" });

	desk_type(vt, "{Enter}");
	desk_sees(vt, "E2002");
	desk_type(vt, "wrong one{Enter}");
	desk_sees(vt, "E1002 用户名或密码错误");
	/* The password is empty again, so the next try is all that must be typed. */
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static void
login_never_shows_the_password(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada" });

	desk_type(vt, "secret words");
	assert_null(strstr(vt_screen_text(vt), "secret"));
	assert_non_null(strstr(vt_screen_text(vt), "[************"));
	desk_end(vt);
}

static void
login_asks_for_a_new_password_where_one_is_due(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ben" });

	pg_exec(DB, "UPDATE users SET must_change = true WHERE name = 'ben'");
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "新密码");
	desk_type(vt, "short{Tab}other{Enter}");
	desk_sees(vt, "两次输入的密码不一致");
	desk_type(vt, "short{Enter}");
	desk_sees(vt, "E1005");
	desk_type(vt, "a much longer password{Tab}a much longer password{Enter}");
	desk_sees(vt, "1首页");
	desk_leave(vt);
	vt = desk_open(
	    bed, &(struct desk_options){ .user = "ben", .password = "a much longer password" });
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static void
login_goes_by_itself_with_a_password_file(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "en", 24, 80);

	desk_sees(vt, "To do today");
	desk_leave(vt);
}

static void
login_remembers_who_but_not_the_password(void **state)
{
	struct vt *vt =
	    desk_open(bed, &(struct desk_options){
			       .user = "ada", .password = BED_PASSWORD, .state = "remember" });

	desk_sees(vt, "1首页");
	desk_leave(vt);
	vt = desk_open(bed, &(struct desk_options){ .state = "remember" });
	desk_sees(vt, "[ada");
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static void
login_says_that_the_server_cannot_be_reached(void **state)
{
	struct vt *vt =
	    desk_open(bed, &(struct desk_options){ .user = "ada", .server = "127.0.0.1:1" });

	desk_sees(vt, "无法连接 127.0.0.1:1");
	/* Another server is typed over it. */
	vt_type(vt, "{BackTab}{BackTab}{Ctrl-U}");
	vt_type(vt, bed_server(bed));
	desk_type(vt, "{Tab}{Tab}" BED_PASSWORD "{Enter}");
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static void
login_refuses_a_strange_certificate(void **state)
{
	const char *const hosts[] = { "localhost", "127.0.0.1" };
	const char *dir = arena_printf(bed->arena, "%s/other", bed->dir), *why = NULL;
	char *argv_ca;

	assert_int_equal(tls_make_certificates(bed->arena, dir, hosts, 2, &why), ERR_OK);
	argv_ca = arena_printf(bed->arena, "KEHU_CA=%s/ca.crt", dir);
	const char *const argv[] = { bed_program("kehu"), "--language", "en", NULL };
	const char *const env[] = { argv_ca,
		arena_printf(bed->arena, "KEHU_SERVER=%s", bed_server(bed)), "KEHU_USER=ada",
		NULL };
	struct vt *vt = vt_open(&(struct vt_options){ .argv = argv, .env = env });
	desk_sees(vt, "E4009");
	desk_end(vt);
}

static void
login_survives_a_server_that_comes_later(void **state)
{
	bed_kill(bed, SIGKILL);
	struct vt *vt =
	    desk_open(bed, &(struct desk_options){ .user = "ada", .password = BED_PASSWORD });
	desk_sees(vt, "无法连接");
	bed_start(bed);
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static void
sigterm_and_sighup_end_it_in_good_order(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP };

	for (int i = 0; i < 2; i++) {
		struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

		vt_signal(vt, signals[i]);
		assert_true(vt_wait_exit(vt, DESK_SOON_MS));
		assert_false(vt_alt_screen(vt));
		assert_true(vt_cursor_visible(vt));
		assert_int_equal(vt_close(vt), 0);
	}
}

static void
unusable_terminal_is_one_line(void **state)
{
	int status = system(
	    arena_printf(bed->arena, "KEHU_SERVER=%s %s --language en </dev/null >%s/out 2>&1",
		bed_server(bed), bed_program("kehu"), bed->dir));
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_int_equal(
	    WEXITSTATUS(system(arena_printf(bed->arena,
		"test $(wc -l <%s/out) = 1 && grep -q terminal %s/out", bed->dir, bed->dir))),
	    0);
}

static void
session_that_ended_asks_again_and_keeps_the_screen(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "2");
	desk_sees(vt, "[客户]");
	pg_exec(DB, "DELETE FROM session");
	bed_kill(bed, SIGKILL);
	bed_start(bed);
	desk_sees(vt, "登录");
	desk_sees(vt, "[ada");
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "[客户]");
	desk_leave(vt);
}

static void
password_is_changed_while_signed_in(void **state)
{
	struct vt *vt = desk_home(bed, "dan", "zh", 24, 80);

	desk_type(vt, "6mm{Enter}");
	desk_sees(vt, "当前密码");
	desk_type(vt, "not it{Tab}some new words here{Tab}some new words here{F10}");
	desk_sees(vt, "E1002");
	desk_type(vt, "{Ctrl-U}" BED_PASSWORD "{Tab}{Tab}other{F10}");
	desk_sees(vt, "不一致");
	desk_type(vt, "{Ctrl-U}some new words here{F10}");
	desk_sees(vt, "密码已修改");
	desk_leave(vt);
	vt = desk_open(bed, &(struct desk_options){ .user = "dan", .password = "some new words here" });
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	return 0;
}

static int
teardown(void **state)
{
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(login_screen_is_as_drawn),
		cmocka_unit_test(login_screen_fits_a_large_terminal),
		cmocka_unit_test(start_to_login_stays_within_its_bytes),
		cmocka_unit_test(login_goes_on_to_home),
		cmocka_unit_test(login_says_why_it_was_refused),
		cmocka_unit_test(login_never_shows_the_password),
		cmocka_unit_test(login_asks_for_a_new_password_where_one_is_due),
		cmocka_unit_test(login_goes_by_itself_with_a_password_file),
		cmocka_unit_test(login_remembers_who_but_not_the_password),
		cmocka_unit_test(login_says_that_the_server_cannot_be_reached),
		cmocka_unit_test(login_refuses_a_strange_certificate),
		cmocka_unit_test(login_survives_a_server_that_comes_later),
		cmocka_unit_test(sigterm_and_sighup_end_it_in_good_order),
		cmocka_unit_test(unusable_terminal_is_one_line),
		cmocka_unit_test(password_is_changed_while_signed_in),
		cmocka_unit_test(session_that_ended_asks_again_and_keeps_the_screen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
