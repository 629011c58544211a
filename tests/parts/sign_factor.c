/*
 * The second factor: set up, used once, lost, kept sealed, and used by scripts.
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

/* ---- the second factor ------------------------------------------------------------------- */

void
administrator_must_set_up_a_second_factor(void **state)
{
	struct client *guo = client_stranger(bed, LANG_EN);
	uint8_t secret[TOTP_SECRET_BYTES];
	const char *recovery[10];

	enrol(guo, "guo", secret, recovery);
	assert_int_equal(client_list(guo, E_user, "")->answer_case, KEHU__SERVER_FRAME__ANSWER_PAGE);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'enrol' AND user_id = %d", USER_GUO), 1);
	client_free(guo);
	/* from now on the password alone opens nothing, and the confirming code is used up */
	guo = client_stranger(bed, LANG_EN);
	assert_int_equal(try_login(guo, "guo", BED_PASSWORD), ERR_FACTOR_NEEDED);
	assert_int_equal(factor(guo, LINK_FACTOR_SIGN_IN, code_now(guo, secret, 0)), ERR_FACTOR_USED);
	assert_int_equal(factor(guo, LINK_FACTOR_SIGN_IN, code_now(guo, secret, 1)), ERR_OK);
	client_free(guo);
	/* the secret is nowhere a reader could get it */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history WHERE record_id = %d AND %d = ANY (fields)", USER_GUO, F_user_factor_at), 1);
	forget_factor("guo");
	forget_tries();
}

void
code_opens_one_door_once(void **state)
{
	struct client *guo = client_stranger(bed, LANG_EN), *other = client_at(bed->port, "ada");
	uint8_t secret[TOTP_SECRET_BYTES];
	const char *recovery[10], *code;

	client_free(other);
	enrol(guo, "guo", secret, recovery);
	client_free(guo);
	guo = client_stranger(bed, LANG_EN);
	other = client_stranger(bed, LANG_EN);
	assert_int_equal(try_login(guo, "guo", BED_PASSWORD), ERR_FACTOR_NEEDED);
	assert_int_equal(try_login(other, "guo", BED_PASSWORD), ERR_FACTOR_NEEDED);
	code = code_now(guo, secret, 1);
	assert_int_equal(factor(guo, LINK_FACTOR_SIGN_IN, code), ERR_OK);
	assert_int_equal(factor(other, LINK_FACTOR_SIGN_IN, code), ERR_FACTOR_USED);
	/* an older one neither, though it is within the window */
	assert_int_equal(factor(other, LINK_FACTOR_SIGN_IN, code_now(other, secret, 0)), ERR_FACTOR_USED);
	/* each recovery code once, whatever its spelling */
	assert_int_equal(factor(other, LINK_FACTOR_SIGN_IN, recovery[3]), ERR_OK);
	client_free(other);
	other = client_stranger(bed, LANG_EN);
	forget_tries();
	assert_int_equal(try_login(other, "guo", BED_PASSWORD), ERR_FACTOR_NEEDED);
	assert_int_equal(factor(other, LINK_FACTOR_SIGN_IN, recovery[3]), ERR_FACTOR_WRONG);
	assert_int_equal(factor(other, LINK_FACTOR_SIGN_IN, recovery[4]), ERR_OK);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM user_recovery WHERE user_id = %d", USER_GUO), 8);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE user_id = %d AND action = 'login' AND detail = 'recovery'", USER_GUO), 2);
	client_free(other);
	client_free(guo);
	forget_factor("guo");
	forget_tries();
}

void
clock_an_hour_off_is_told_while_setting_up(void **state)
{
	struct client *guo = client_stranger(bed, LANG_EN);
	uint8_t secret[TOTP_SECRET_BYTES];

	forget_tries();
	assert_int_equal(try_login(guo, "guo", BED_PASSWORD), ERR_FACTOR_ENROLL);
	assert_int_equal(factor(guo, LINK_FACTOR_BEGIN, NULL), ERR_FACTOR_ENROLL);
	unbase32(link_factor_answer(guo->link)->secret, secret);
	assert_int_equal(factor(guo, LINK_FACTOR_CONFIRM, code_now(guo, secret, 120)), ERR_FACTOR_WRONG);
	assert_non_null(strstr(link_status(guo->link).text, "60 minutes fast"));
	assert_int_equal(factor(guo, LINK_FACTOR_CONFIRM, code_now(guo, secret, -120)), ERR_FACTOR_WRONG);
	assert_non_null(strstr(link_status(guo->link).text, "60 minutes slow"));
	assert_int_equal(factor(guo, LINK_FACTOR_CONFIRM, "12345"), ERR_FACTOR_WRONG);
	assert_non_null(strstr(link_status(guo->link).text, "clock says"));
	assert_int_equal(factor(guo, LINK_FACTOR_CONFIRM, code_now(guo, secret, 0)), ERR_OK);
	client_free(guo);
	/* later it is not: each guess would count for many */
	guo = client_stranger(bed, LANG_EN);
	assert_int_equal(try_login(guo, "guo", BED_PASSWORD), ERR_FACTOR_NEEDED);
	assert_int_equal(factor(guo, LINK_FACTOR_SIGN_IN, code_now(guo, secret, 120)), ERR_FACTOR_WRONG);
	assert_null(strstr(link_status(guo->link).text, "minutes"));
	assert_non_null(strstr(link_status(guo->link).text, "clock says"));
	client_free(guo);
	forget_factor("guo");
	forget_tries();
}

void
wrong_codes_are_counted_like_wrong_passwords(void **state)
{
	struct client *guo = client_stranger(bed, LANG_EN);
	uint8_t secret[TOTP_SECRET_BYTES];
	const char *recovery[10];
	enum err err = ERR_OK;
	int wrong = 0;

	forget_tries();
	enrol(guo, "guo", secret, recovery);
	client_free(guo);
	pg_exec(DB, "UPDATE login_attempt SET peer = '10.1.1.1'"); /* the good one was elsewhere */
	guo = client_stranger(bed, LANG_EN);
	assert_int_equal(try_login(guo, "guo", BED_PASSWORD), ERR_FACTOR_NEEDED);
	for (int i = 0; i < 9 && err != ERR_LOGIN_LOCKED; i++) {
		err = factor(guo, LINK_FACTOR_SIGN_IN, "000000");
		wrong += err == ERR_FACTOR_WRONG;
	}
	assert_int_equal(err, ERR_LOGIN_LOCKED);
	assert_in_range(wrong, 3, 4);
	/* a ticket is not for ever either */
	forget_tries();
	pg_exec(DB, "UPDATE login_ticket SET expires_at = now() - interval '1 s'");
	assert_int_equal(factor(guo, LINK_FACTOR_SIGN_IN, code_now(guo, secret, 1)), ERR_TICKET_OLD);
	assert_false(link_status(guo->link).needs_factor);
	client_free(guo);
	forget_factor("guo");
	forget_tries();
}

void
administrator_resets_a_lost_second_factor(void **state)
{
	struct client *guo = client_stranger(bed, LANG_EN), *eve;
	uint8_t secret[TOTP_SECRET_BYTES];
	const char *recovery[10];

	/* one who need not have it has it: then it counts */
	enrol(guo, "guo", secret, recovery);
	pg_exec(DB, "UPDATE user_sign SET secret = decode('00', 'hex') WHERE user_id = %d", USER_EVE);
	pg_exec(DB, "INSERT INTO user_sign (user_id, secret) VALUES (%d, decode(repeat('07', 20), 'hex')) "
		    "ON CONFLICT (user_id) DO UPDATE SET secret = EXCLUDED.secret", USER_EVE);
	pg_exec(DB, "UPDATE users SET factor_at = now() WHERE id = %d", USER_EVE);
	assert_int_equal(try_once("eve", BED_PASSWORD), ERR_FACTOR_NEEDED);
	expect_error(client_act(guo, E_user, USER_ADA, "reset_factor", NULL), ERR_EMPTY, 0);
	expect_written(client_act(guo, E_user, USER_EVE, "reset_factor", NULL));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE user_id = %d AND action = 'reset_factor' AND record_id = %d", USER_GUO, USER_EVE), 1);
	assert_int_equal(try_once("eve", BED_PASSWORD), ERR_OK);
	/* nobody without the right */
	eve = client_at(bed->port, "eve");
	expect_error(client_act(eve, E_user, USER_GUO, "reset_factor", NULL), ERR_FORBIDDEN, 0);
	client_free(eve);
	client_free(guo);
	forget_factor("guo");
	forget_tries();
}

/* ---- secrets kept sealed ------------------------------------------------------------------ */

/* kehud with the bed's configuration and the database's owner; its status. */
int
owner(const char *command, const char **said)
{
	const char *const arguments[] = { "-c", bed->conf, "--owner", pg_conninfo(DB), "--sql", pg_sql_dir(),
		command, NULL };

	return bed_run(bed, arguments, said);
}

/* The key that guo's secret is sealed with; "": it is plain. */
static const char *
sealed_with(void)
{
	return pg_exec(DB, "SELECT CASE WHEN length(secret) = 20 THEN '' ELSE encode(substr(secret, 2, 4), 'hex') END "
			   "FROM user_sign WHERE user_id = %d", USER_GUO);
}

static void
expect_in_by_code(const uint8_t *secret)
{
	struct client *guo = client_stranger(bed, LANG_EN);

	pg_exec(DB, "UPDATE user_sign SET step = NULL");
	assert_int_equal(try_login(guo, "guo", BED_PASSWORD), ERR_FACTOR_NEEDED);
	assert_int_equal(factor(guo, LINK_FACTOR_SIGN_IN, code_now(guo, secret, 0)), ERR_OK);
	client_free(guo);
	forget_tries();
}

void
secrets_are_kept_sealed_and_sealed_anew(void **state)
{
	const char *file = arena_printf(bed->arena, "%s/factor.keys", bed->dir), *said, *first, *next;
	const char *const add[] = { "make-key", file, NULL };
	struct client *guo = client_stranger(bed, LANG_EN);
	const char *recovery[10], *plain;
	uint8_t secret[TOTP_SECRET_BYTES];

	enrol(guo, "guo", secret, recovery);
	client_free(guo);
	forget_tries();
	first = arena_strdup(bed->arena, sealed_with());
	assert_string_equal(first, pg_exec(DB, "SELECT factor_key FROM state"));
	plain = hex_encode(bed->arena, secret, sizeof(secret));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM user_sign WHERE position('%s' IN encode(secret, 'hex')) > 0", plain), 0);
	expect_in_by_code(secret);
	/* one kept plain by a kehud of before: sealed by its next use, or by maintain */
	pg_exec(DB, "UPDATE user_sign SET secret = decode('%s', 'hex') WHERE user_id = %d", plain, USER_GUO);
	expect_in_by_code(secret);
	assert_string_equal(sealed_with(), first);
	pg_exec(DB, "UPDATE user_sign SET secret = decode('%s', 'hex') WHERE user_id = %d", plain, USER_GUO);
	assert_int_equal(owner("maintain", &said), 0);
	assert_non_null(strstr(said, "second factors sealed"));
	assert_string_equal(sealed_with(), first);
	/* a newer key: only one that is new is changed over to, and kehud reads it while it runs */
	assert_int_equal(owner("rotate-key", &said), 2);
	assert_non_null(strstr(said, "make-key"));
	assert_int_equal(bed_run(bed, add, &said), 0);
	assert_int_equal(owner("rotate-key", &said), 0);
	next = arena_strdup(bed->arena, sealed_with());
	assert_string_not_equal(first, next);
	assert_non_null(strstr(said, next));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'rotate-key' AND detail = 'from=%s to=%s'", first, next), 1);
	expect_in_by_code(secret);
	/* a secret copied to another user's row opens nothing there */
	pg_exec(DB, "INSERT INTO user_sign (user_id, secret) SELECT %d, secret FROM user_sign WHERE user_id = %d "
		    "ON CONFLICT (user_id) DO UPDATE SET secret = EXCLUDED.secret", USER_EVE, USER_GUO);
	pg_exec(DB, "UPDATE users SET factor_at = now() WHERE id = %d", USER_EVE);
	guo = client_stranger(bed, LANG_EN);
	assert_int_equal(try_login(guo, "eve", BED_PASSWORD), ERR_FACTOR_NEEDED);
	assert_int_equal(factor(guo, LINK_FACTOR_SIGN_IN, code_now(guo, secret, 1)), ERR_FACTOR_KEY);
	client_free(guo);
	forget_factor("eve");
	forget_tries();
}

void
kehud_without_the_key_says_so_and_does_not_start(void **state)
{
	const char *file = arena_printf(bed->arena, "%s/factor.keys", bed->dir);
	const char *away = arena_printf(bed->arena, "%s.away", file), *said;
	const char *const serve[] = { "-c", bed->conf, "serve", NULL };
	const char *const add[] = { "make-key", file, NULL };

	/* guo's secret of the test before is sealed */
	assert_string_not_equal(sealed_with(), "");
	assert_int_equal(rename(file, away), 0);
	assert_int_equal(bed_run(bed, serve, &said), 2);
	assert_non_null(strstr(said, "bring the file back"));
	assert_non_null(strstr(said, sealed_with()));
	assert_int_equal(bed_run(bed, add, &said), 0);
	assert_int_equal(bed_run(bed, serve, &said), 2);
	assert_non_null(strstr(said, "bring the file back"));
	/* without secrets it is another server's file that is missing, or any */
	forget_factor("guo");
	pg_exec(DB, "UPDATE user_sign SET secret = NULL, pending = NULL");
	assert_int_equal(bed_run(bed, serve, &said), 2);
	assert_non_null(strstr(said, "the other servers"));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(bed_run(bed, serve, &said), 2);
	assert_non_null(strstr(said, "kehud make-key"));
	assert_int_equal(rename(away, file), 0);
}

/* Without a terminal: secret on standard output, code from a file. */
void
second_factor_is_set_up_and_used_by_scripts(void **state)
{
	const char *said, *otp = arena_printf(bed->arena, "%s/otp", bed->dir);
	uint8_t secret[TOTP_SECRET_BYTES];
	struct client *helper = client_stranger(bed, LANG_EN);
	char *setup;
	FILE *file;

	forget_factor("guo");
	forget_tries();
	assert_int_equal(admin(bed->port, "", "user list", &said), 1);
	assert_non_null(strstr(said, "E1011"));
	assert_non_null(strstr(said, "kehu-admin factor setup"));
	/* the code needs the secret, which is only in what it prints: the file comes later */
	setup = arena_printf(bed->arena, "factor setup --otp-file %s >%s/setup & "
	    "for i in $(seq 300); do grep -q '^secret' %s/setup 2>/dev/null && break; sleep 0.1; done; true", otp, bed->dir, bed->dir);
	assert_int_equal(admin(bed->port, "", setup, &said), 0);
	file = fopen(arena_printf(bed->arena, "%s/setup", bed->dir), "r");
	assert_non_null(file);
	char line[4096], key[64] = "";
	int blocks = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		blocks += strstr(line, "█") != NULL;
		if (sscanf(line, "secret: %63[A-Z2-7]", key) == 1)
			break;
	}
	fclose(file);
	assert_in_range(blocks, 15, 20);
	unbase32(key, secret);
	file = fopen(arena_printf(bed->arena, "%s.new", otp), "w");
	assert_non_null(file);
	fprintf(file, "%s\n", code_now(helper, secret, 0));
	fclose(file);
	assert_int_equal(rename(arena_printf(bed->arena, "%s.new", otp), otp), 0);
	for (int i = 0; i < 200 && pg_int(DB, "SELECT count(*) FROM users WHERE name = 'guo' AND factor_at IS NOT NULL") == 0; i++)
		usleep(100000);
	unlink(otp);
	file = fopen(otp, "w");
	fprintf(file, "%s\n", code_now(helper, secret, 1));
	fclose(file);
	assert_int_equal(admin(bed->port, "", arena_printf(bed->arena, "factor show --format jsonl --otp-file %s", otp), &said), 0);
	assert_non_null(strstr(said, "\"enrolled\":true,\"recovery_left\":10"));
	/* a stale file is refused, not asked about */
	assert_int_equal(admin(bed->port, "", arena_printf(bed->arena, "user list --otp-file %s", otp), &said), 1);
	assert_non_null(strstr(said, "E1013"));
	client_free(helper);
	forget_factor("guo");
	forget_tries();
}

/* ------------------------------------------------------------------------------------------ */
