/*
 * Around signing in at a real terminal: a second factor set up and used, the list of sessions,
 * the locked screen.
 */
#include "common/date.h"
#include "common/sealed.h"
#include "server/gate/totp.h"
#include "tests/lib/desk.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_sign"

static struct bed *bed;

/* What guo's telephone shows, now or in some steps; column: secret or pending. */
static const char *
code_of(const char *column, int64_t steps)
{
	const char *hex = pg_exec(DB, "SELECT encode(%s, 'hex') FROM user_sign WHERE user_id = %d", column, USER_GUO);
	uint8_t held[TOTP_SECRET_BYTES + SEALED_EXTRA], secret[TOTP_SECRET_BYTES];
	struct sealed_keys keys;
	const char *why;
	static char code[7];

	assert_int_equal(strlen(hex), 2 * sizeof(held));
	for (size_t i = 0; i < sizeof(held); i++) {
		unsigned value;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
		held[i] = (uint8_t)value;
	}
	assert_int_equal(sealed_read(bed->arena, arena_printf(bed->arena, "%s/factor.keys", bed->dir), &keys, &why), ERR_OK);
	assert_true(sealed_open(&keys.keys[0], arena_printf(bed->arena, "user %d, second factor", USER_GUO), held,
	    sizeof(held), secret));
	totp_code(secret, totp_step(date_now_us()) + steps, code);
	return code;
}

static struct vt *
desk_of(const char *user, const char *lang)
{
	return desk_open(bed, &(struct desk_options){ .user = user, .lang = lang });
}

static void
second_factor_is_set_up_while_signing_in(void **state)
{
	struct vt *vt = desk_of("guo", "zh");

	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "二次验证");
	desk_sees(vt, "█");
	desk_sees(vt, "动态码");
	desk_type(vt, "000000{Enter}");
	desk_sees(vt, "E1012");
	desk_type(vt, code_of("pending", 0));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "恢复码");
	desk_sees(vt, "10  ");
	/* not closed by mistake */
	desk_type(vt, "{Esc}");
	desk_sees(vt, "恢复码");
	desk_type(vt, "{Enter}");
	desk_misses(vt, "恢复码");
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static void
code_is_asked_for_after_the_password(void **state)
{
	struct vt *vt = desk_of("guo", "en");

	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "Code");
	desk_shows(vt, "login_code_en");
	desk_type(vt, "123456{Enter}");
	desk_sees(vt, "E1012");
	desk_type(vt, code_of("secret", 1));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "1Home");
	desk_leave(vt);
	pg_exec(DB, "UPDATE users SET factor_at = NULL WHERE id = %d", USER_GUO);
}

static void
sessions_are_listed_and_ended(void **state)
{
	struct client *ada = client_new(bed, "ada", LANG_EN);
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "{F9}hh{Enter}");
	desk_sees(vt, "我的会话");
	desk_sees(vt, "本会话");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session WHERE user_id = %d AND ended_at IS NULL", USER_ADA), 2);
	/* the one in use is not ended from here */
	desk_type(vt, "{F8}");
	if (strstr(vt_screen_text(vt), "结束 ada") == NULL) {
		desk_sees(vt, "这是当前会话");
		desk_type(vt, "{Down}{F8}");
	}
	desk_sees(vt, "结束 ada");
	desk_type(vt, "y{Enter}");
	desk_sees(vt, "会话已结束");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session WHERE user_id = %d AND ended_at IS NULL", USER_ADA), 1);
	desk_type(vt, "{F3}");
	desk_leave(vt);
	client_free(ada);
}

/* Whoever sets the company up finds it all in one menu, and looks as somebody else from there. */
static void
administration_is_walked(const char *lang)
{
	const bool zh = strcmp(lang, "zh") == 0;
	struct vt *vt = desk_home(bed, "guo", lang, 24, 80);

	desk_type(vt, "{F1}F11");
	desk_misses(vt, zh ? "代看其他用户时" : "While viewing");
	desk_type(vt, "{Esc}{F9}gl{Enter}");
	desk_sees(vt, zh ? "机构人员" : "People");
	desk_sees(vt, zh ? "编号规则" : "Numbering");
	desk_misses(vt, zh ? "回复" : "Answer");
	/* a role's line: its rights as words, ticked */
	desk_type(vt, "{F9}js{Enter}");
	desk_sees(vt, "account_manager");
	desk_type(vt, "{F2}");
	desk_sees(vt, zh ? "须二次验证" : "Second factor");
	desk_type(vt, "{Tab}{Tab}{Tab}{Tab}{F4}{Enter}");
	desk_sees(vt, zh ? "限于状态" : "Only in states");
	desk_type(vt, "{Tab}{Tab}{F4}");
	desk_sees(vt, zh ? "Enter 勾选" : "Tick with Enter");
	desk_sees(vt, zh ? "分配" : "Assign");
	desk_type(vt, "{Esc}{Esc}{Esc}{Esc}");
	desk_sees(vt, "sales_supervisor");
	desk_type(vt, "{F9}yxsz{Enter}");
	desk_sees(vt, zh ? "运行设置" : "Setting");
	/* why, of a kind that an administrator does not see; whom, by the login name */
	desk_type(vt, "{F9}gl{Enter}{Down}{Down}{Down}{Down}{Down}{Down}{Enter}");
	desk_sees(vt, zh ? "问谁" : "Whom");
	desk_type(vt, "ada{Enter}");
	desk_sees(vt, zh ? "哪类记录" : "Which kind");
	desk_type(vt, "customer{Enter}");
	desk_sees(vt, "Ada");
	desk_sees(vt, "account_manager");
	/* as Ada, and back */
	desk_type(vt, "{F3}{F9}dkyh{Enter}");
	desk_type(vt, "ada{Enter}");
	desk_sees(vt, zh ? "理由" : "Reason");
	desk_type(vt, "ticket 7{F10}");
	desk_sees(vt, zh ? "F11 结束" : "F11 ends");
	desk_type(vt, "v");
	desk_sees(vt, "E3031");
	desk_type(vt, "{F11}");
	desk_misses(vt, zh ? "F11 结束" : "F11 ends");
	desk_leave(vt);
}

/* The line of a menu with this text becomes the current one. */
static void
go_down_to(struct vt *vt, const char *text)
{
	for (int i = 0; i < 40; i++) {
		const char *line;

		vt_wait_settled(vt, 50, DESK_SOON_MS);
		line = strstr(vt_screen_text(vt), "\n>");
		if (line != NULL && memmem(line, 1 + strcspn(line + 1, "\n"), text, strlen(text)) != NULL)
			return;
		desk_type(vt, "{Down}");
	}
	fail_msg("no line has %s:\n%s", text, vt_screen_text(vt));
}

/* An auditor reads what was done, narrowed by words, a row whole, and has the chain checked. */
static void
audit_is_read(const char *lang)
{
	const bool zh = strcmp(lang, "zh") == 0;
	struct vt *vt = desk_home(bed, "ann", lang, 24, 80);

	desk_type(vt, "{F9}gl{Enter}");
	desk_sees(vt, zh ? "系统管理" : "Administration");
	go_down_to(vt, zh ? "谁做了什么" : "What was done");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "说明" : "Detail");
	desk_sees(vt, "login");
	desk_type(vt, "{F7}{Ctrl-U}user=ann action=login{Enter}");
	desk_sees(vt, "user=ann action=login");
	desk_sees(vt, "Ann");
	desk_misses(vt, "view_as");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "会话 " : "session ");
	desk_type(vt, "{F7}{Ctrl-U}colour=red{Enter}");
	desk_sees(vt, zh ? "无法识别 colour=red" : "colour=red says nothing here");
	desk_type(vt, "{F7}{Ctrl-U}user=ann action=nothing-of-the-kind{Enter}");
	desk_sees(vt, zh ? "没有符合的审计记录" : "F7 narrows otherwise");
	desk_type(vt, "{F8}");
	desk_sees(vt, zh ? "我的作业" : "My jobs");
	desk_leave(vt);
	/* who administers users does not read it */
	vt = desk_home(bed, "guo", lang, 24, 80);
	desk_type(vt, "{F9}gl{Enter}");
	desk_sees(vt, zh ? "机构人员" : "People");
	desk_type(vt, "{End}");
	vt_wait_settled(vt, 200, DESK_SOON_MS);
	assert_null(strstr(vt_screen_text(vt), zh ? "谁做了什么" : "What was done"));
	desk_leave(vt);
}

static void
audit_is_read_in_chinese(void **state)
{
	pg_exec(DB, "INSERT INTO users (id, name, name_key, label, label_key, branch_id, password_hash) "
		    "SELECT 150, 'ann', 'ann', 'Ann', 'ann', 1, password_hash FROM users WHERE id = 101;"
		    "INSERT INTO user_role (user_id, role_id) SELECT 150, id FROM role WHERE name = 'auditor'");
	audit_is_read("zh");
}

static void
audit_is_read_in_english(void **state)
{
	audit_is_read("en");
}

static void
administration_is_walked_in_chinese(void **state)
{
	bed->settings = "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n";
	bed_kill(bed, SIGTERM);
	bed_start(bed);
	administration_is_walked("zh");
}

static void
administration_is_walked_in_english(void **state)
{
	administration_is_walked("en");
}

static void
locked_screen_gives_everything_back(void **state)
{
	struct vt *vt;

	bed->settings = "log: { level = \"info\"; };\nsession: { lock = 8; };\n"
			"sign: { " BED_CHEAP "second_factor = \"none\"; };\n";
	bed_kill(bed, SIGTERM);
	bed_start(bed);
	vt = desk_home(bed, "cai", "zh", 24, 80);
	desk_type(vt, "{F9}xkh{Enter}");
	desk_type(vt, "半张表单");
	desk_sees(vt, "半张表单");
	desk_sees(vt, "请输入密码继续"); /* by itself, after eight seconds */
	desk_misses(vt, "半张表单");
	desk_shows(vt, "locked_zh");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session WHERE user_id = %d AND locked_at IS NOT NULL AND ended_at IS NULL", USER_CAI), 1);
	desk_type(vt, "{F9}{Esc}{F12}");
	desk_sees(vt, "请输入密码继续");
	desk_type(vt, "not it{Enter}");
	desk_sees(vt, "E1002");
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "半张表单");
	desk_misses(vt, "请输入密码继续");
	desk_end(vt);
}

static int
sign_start(void **state)
{
	bed = bed_new_with(DB, "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"role\"; };\n");
	return 0;
}

static int
sign_end(void **state)
{
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_factor_is_set_up_while_signing_in),
		cmocka_unit_test(code_is_asked_for_after_the_password),
		cmocka_unit_test(sessions_are_listed_and_ended),
		cmocka_unit_test(locked_screen_gives_everything_back),
		cmocka_unit_test(administration_is_walked_in_chinese),
		cmocka_unit_test(administration_is_walked_in_english),
		cmocka_unit_test(audit_is_read_in_chinese),
		cmocka_unit_test(audit_is_read_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, sign_start, sign_end);
}
