/*
 * Signing in against real kehuds: waiting after wrong passwords, second factors, locked and
 * ended sessions, certificates of branches. Two kehuds share one database.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/gate/password.h"
#include "server/gate/totp.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include "tests/lib/wire.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "sign"

static struct bed *bed;
static int second; /* port of the other kehud */

/* ---- helpers ----------------------------------------------------------------------------- */

/* As if the last wrong tries were long ago. */
static void
forget_tries(void)
{
	pg_exec(DB, "DELETE FROM login_attempt");
}

static enum err
try_login(struct client *client, const char *user, const char *password)
{
	link_login(client->link, user, password, NULL);
	return link_wait(client->link, BED_WAIT_MS);
}

/* A try on a connection of its own. */
static enum err
try_once(const char *user, const char *password)
{
	struct client *client = client_stranger(bed, LANG_EN);
	enum err err = try_login(client, user, password);

	client_free(client);
	return err;
}

static struct client *
client_at(int port, const char *user)
{
	struct client *client = calloc(1, sizeof(*client));

	client->bed = bed;
	client->arena = arena_new(0);
	client->link = link_new(&(struct link_options){
	    .server = arena_printf(bed->arena, "127.0.0.1:%d", port),
	    .ca_file = bed_ca(bed),
	    .program = "test",
	    .lang = LANG_EN,
	});
	assert_int_equal(try_login(client, user, BED_PASSWORD), ERR_OK);
	return client;
}

static bool
is_out(void *context)
{
	struct link_status status = link_status(((struct client *)context)->link);

	return status.state != LINK_READY && status.state != LINK_SLOW;
}

static bool
is_locked(void *context)
{
	return link_status(((struct client *)context)->link).locked;
}

static bool
is_unlocked(void *context)
{
	return !is_locked(context);
}

static enum err
factor(struct client *client, enum link_factor_step step, const char *code)
{
	link_factor(client->link, step, code);
	return link_wait(client->link, BED_WAIT_MS);
}

static void
unbase32(const char *text, uint8_t out[TOTP_SECRET_BYTES])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t bits = 0;
	int held = 0;
	size_t bytes = 0;

	for (; *text != '\0'; text++) {
		const char *at = strchr(letters, *text);

		assert_non_null(at);
		bits = bits << 5 | (uint32_t)(at - letters);
		held += 5;
		if (held >= 8) {
			held -= 8;
			out[bytes++] = (uint8_t)(bits >> held);
		}
	}
	assert_int_equal(bytes, TOTP_SECRET_BYTES);
}

/* What an authenticator would show now, or in some steps. */
static const char *
code_now(struct client *client, const uint8_t *secret, int64_t steps)
{
	char *code = arena_alloc(client->arena, 7);

	totp_code(secret, totp_step(date_now_us()) + steps, code);
	return code;
}

/* Sets up a second factor in a login that wants one; the recovery codes are copied. */
static void
enrol(struct client *client, const char *user, uint8_t secret[TOTP_SECRET_BYTES], const char *recovery[10])
{
	const Kehu__FactorAnswer *answer;

	assert_int_equal(try_login(client, user, BED_PASSWORD), ERR_FACTOR_ENROLL);
	assert_true(link_status(client->link).needs_factor);
	assert_int_equal(factor(client, LINK_FACTOR_BEGIN, NULL), ERR_FACTOR_ENROLL);
	answer = link_factor_answer(client->link);
	assert_non_null(strstr(answer->uri, answer->secret));
	unbase32(answer->secret, secret);
	assert_int_equal(
	    factor(client, LINK_FACTOR_CONFIRM, code_now(client, secret, 0)), ERR_OK);
	answer = link_factor_answer(client->link);
	assert_int_equal(answer->n_recovery, TOTP_RECOVERY_CODES);
	for (size_t i = 0; i < TOTP_RECOVERY_CODES; i++)
		recovery[i] = arena_strdup(bed->arena, answer->recovery[i]);
}

static void
forget_factor(const char *user)
{
	pg_exec(DB, "UPDATE users SET factor_at = NULL WHERE name = '%s'", user);
}

/* ---- passwords --------------------------------------------------------------------------- */

static void
login_hashes_again_under_new_parameters(void **state)
{
	pg_exec(DB, "UPDATE users SET password_hash = '%s' WHERE name = 'ada'",
	    password_hash(bed->arena, (struct password_cost){ 11, 2 }, BED_PASSWORD));
	assert_int_equal(try_once("ada", BED_PASSWORD), ERR_OK);
	assert_int_equal(strncmp(pg_exec(DB, "SELECT password_hash FROM users WHERE name = 'ada'"),
			     "scrypt$10$8$1$", 14), 0);
	/* no new password, as far as its owner is concerned */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM password_history h JOIN users u "
				    "ON u.id = h.user_id WHERE u.name = 'ada' AND h.hash LIKE 'scrypt$11$%%'"), 0);
	assert_int_equal(try_once("ada", BED_PASSWORD), ERR_OK);
}

static void
hundred_wrong_passwords_get_nowhere(void **state)
{
	struct client *client = client_stranger(bed, LANG_EN);
	int refused = 0, waits = 0;

	forget_tries();
	for (int i = 0; i < 100; i++) {
		enum err err = try_login(client, "ben", "not the right one");

		refused += err == ERR_LOGIN_REFUSED;
		waits += err == ERR_LOGIN_LOCKED;
	}
	assert_int_equal(refused + waits, 100);
	assert_in_range(refused, 3, 8);
	/* said with the seconds, recorded with the address, and the right one waits too */
	assert_int_equal(try_login(client, "ben", BED_PASSWORD), ERR_LOGIN_LOCKED);
	assert_non_null(strstr(link_status(client->link).text, "wait"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM login_attempt WHERE name = 'ben' AND peer = '127.0.0.1'"), 101);
	/* ten wrong ones lock for a quarter of an hour, and no longer */
	pg_exec(DB, "DELETE FROM login_attempt");
	pg_exec(DB, "INSERT INTO login_attempt (at, name, peer, good) "
		    "SELECT now() - interval '14 minutes', 'ben', '10.9.9.9', false FROM generate_series(1, 10)");
	assert_int_equal(try_login(client, "ben", BED_PASSWORD), ERR_LOGIN_LOCKED);
	pg_exec(DB, "UPDATE login_attempt SET at = now() - interval '16 minutes'");
	assert_int_equal(try_login(client, "ben", BED_PASSWORD), ERR_OK);
	client_free(client);
}

static void
nobody_is_locked_out_of_the_place_they_work_at(void **state)
{
	forget_tries();
	assert_int_equal(try_once("dan", BED_PASSWORD), ERR_OK);
	/* somebody elsewhere tries and tries, and fills this address's own count with other names */
	pg_exec(DB, "INSERT INTO login_attempt (at, name, peer, good) SELECT now(), 'dan', '10.9.9.9', false "
		    "FROM generate_series(1, 50)");
	pg_exec(DB, "INSERT INTO login_attempt (at, name, peer, good) SELECT now(), 'x' || i, '127.0.0.1', false "
		    "FROM generate_series(1, 200) i");
	assert_int_equal(try_once("dan", BED_PASSWORD), ERR_OK);
	assert_int_equal(try_once("cai", BED_PASSWORD), ERR_LOGIN_LOCKED);
	/* wrong ones from here delay by half a minute at most */
	pg_exec(DB, "INSERT INTO login_attempt (at, name, peer, good) SELECT now() - interval '31 s', 'dan', "
		    "'127.0.0.1', false FROM generate_series(1, 40)");
	assert_int_equal(try_once("dan", BED_PASSWORD), ERR_OK);
	forget_tries();
}

static size_t
count_in_log(const char *what)
{
	const char *path = arena_printf(bed->arena, "%s/kehud.log", bed->dir);
	FILE *file = fopen(path, "r");
	char line[4096];
	size_t count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, what) != NULL;
	fclose(file);
	return count;
}

static int
compare_us(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* KEHU_FULL=1 measures as often as TRUST.md asks. */
enum { TIMED_TRIES = 1000, TIMED_TRIES_BRIEF = 150 };

/*
 * What the server computed for each of the last refused sign-ins, from its log, the oldest first: time
 * on the wall says little on a machine that does other things.
 */
static void
read_login_costs(int64_t *cpu_us, size_t count)
{
	const char *path = arena_printf(bed->arena, "%s/kehud.log", bed->dir);
	FILE *file = fopen(path, "r");
	size_t seen = 0, skip = count_in_log("name=login outcome=LOGIN_REFUSED") - count;
	char line[4096];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, " cpu_us=");

		if (strstr(line, "name=login outcome=LOGIN_REFUSED") == NULL || at == NULL)
			continue;
		if (seen >= skip)
			cpu_us[seen - skip] = strtoll(at + 8, NULL, 10);
		seen++;
	}
	fclose(file);
	assert_int_equal(seen, skip + count);
}

static void
unknown_users_cost_what_known_ones_do(void **state)
{
	static const char *const names[] = { "cai", "nobody-of-that-name" };
	static int64_t all_us[2 * TIMED_TRIES], took_us[2][TIMED_TRIES];
	struct client *client = client_stranger(bed, LANG_EN);
	int tries = getenv("KEHU_FULL") != NULL ? TIMED_TRIES : TIMED_TRIES_BRIEF;
	const char *said[2];
	size_t hashed[2] = { 0 };
	double apart;

	/* none of them counts, or the fourth would wait */
	forget_tries();
	pg_exec(DB, "CREATE FUNCTION not_counted() RETURNS trigger LANGUAGE plpgsql AS "
		    "$$BEGIN NEW.outcome := 'half'; RETURN NEW; END$$;"
		    "CREATE TRIGGER not_counted BEFORE INSERT OR UPDATE ON login_attempt FOR EACH ROW "
		    "EXECUTE FUNCTION not_counted()");
	for (int unknown = 0; unknown < 2; unknown++) {
		hashed[unknown] = count_in_log("password hashed");
		for (int i = 0; i < 20; i++)
			assert_int_equal(try_login(client, names[unknown], "wrong, whoever it is"), ERR_LOGIN_REFUSED);
		hashed[unknown] = count_in_log("password hashed") - hashed[unknown];
		said[unknown] = arena_strdup(bed->arena, link_status(client->link).text);
	}
	for (int i = 0; i < 2 * tries; i++)
		assert_int_equal(try_login(client, names[(i / 2 + i) % 2], "wrong, whoever it is"), ERR_LOGIN_REFUSED);
	pg_exec(DB, "DROP TRIGGER not_counted ON login_attempt; DROP FUNCTION not_counted()");
	read_login_costs(all_us, (size_t)(2 * tries));
	for (int i = 0; i < 2 * tries; i++)
		took_us[(i / 2 + i) % 2][i / 2] = all_us[i];
	for (int unknown = 0; unknown < 2; unknown++)
		qsort(took_us[unknown], (size_t)tries, sizeof(took_us[0][0]), compare_us);
	apart = 100.0 * (double)(took_us[1][tries / 2] - took_us[0][tries / 2]) / (double)took_us[0][tries / 2];
	print_message("# medians of %d tries: known %" PRId64 " us of the server's CPU, unknown %" PRId64
		      " us (%+.1f %%)\n", tries, took_us[0][tries / 2], took_us[1][tries / 2], apart);
	assert_true(apart > -5 && apart < 5);
	assert_string_equal(said[0], said[1]);
	assert_int_equal(hashed[0], 20);
	assert_int_equal(hashed[1], 20);
	client_free(client);
}

/* ---- the second factor ------------------------------------------------------------------- */

static void
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

static void
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

static void
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

static void
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

static void
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
static int
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

static void
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

static void
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

static void
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

static void
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

static void
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

static void
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

static void
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
static void
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

static void
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

/* ---- kehu-admin, and certificates of branches ---------------------------------------------- */

static int guarded; /* port of a third kehud: it wants certificates, and no second factors */
static const char *authority;

/* Runs kehu-admin as guo, against a port; its exit status and all it says. */
static int
admin(int port, const char *certificate, const char *arguments, const char **said)
{
	const char *command = arena_printf(bed->arena,
	    "umask 022; printf '%s' >%s/password; KEHU_SERVER=127.0.0.1:%d KEHU_CA=%s KEHU_USER=guo "
	    "KEHU_PASSWORD_FILE=%s/password KEHU_CERTIFICATE=%s%s KEHU_KEY=%s%s HOME=%s "
	    "%s --language en %s 2>&1",
	    BED_PASSWORD, bed->dir, port, bed_ca(bed), bed->dir, certificate, certificate[0] ? ".crt" : "",
	    certificate, certificate[0] ? ".key" : "", bed->dir, bed_program("kehu-admin"), arguments);
	FILE *pipe = popen(command, "r");
	struct buf out = BUF_INIT;
	size_t bytes;
	int status;

	assert_non_null(pipe);
	while ((bytes = fread(buf_reserve(&out, 4096), 1, 4096, pipe)) > 0)
		buf_wrote(&out, bytes);
	status = pclose(pipe);
	*said = arena_strdup(bed->arena, buf_text(&out));
	buf_fini(&out);
	return WEXITSTATUS(status);
}

static enum err
try_with(const char *base, const char *user, struct client **result)
{
	struct client *client = calloc(1, sizeof(*client));
	enum err err;

	client->bed = bed;
	client->arena = arena_new(0);
	client->link = link_new(&(struct link_options){
	    .server = arena_printf(bed->arena, "127.0.0.1:%d", guarded),
	    .ca_file = bed_ca(bed),
	    .cert_file = base == NULL ? NULL : arena_printf(bed->arena, "%s.crt", base),
	    .key_file = base == NULL ? NULL : arena_printf(bed->arena, "%s.key", base),
	    .program = "test",
	    .lang = LANG_EN,
	});
	err = try_login(client, user, BED_PASSWORD);
	if (result != NULL)
		*result = client;
	else
		client_free(client);
	return err;
}

/* Signed by this authority, registered or not, valid from and to these seconds from now. */
static const char *
issue(const char *name, const char *dir, int64_t from_s, int64_t to_s, bool registered)
{
	struct tls_branch branch = { .branch = BRANCH_EAST, .label = "东区",
		.base = arena_printf(bed->arena, "%s/%s", bed->dir, name),
		.starts_s = date_now_us() / 1000000 + from_s, .ends_s = date_now_us() / 1000000 + to_s };
	const char *why = NULL;

	if (tls_issue_branch(bed->arena, dir, &branch, &why) != ERR_OK)
		fail_msg("%s", why);
	if (registered)
		pg_exec(DB, "INSERT INTO certificate (name, name_key, branch_id, starts_at, ends_at) "
			    "VALUES ('%s', '%s', %d, now() - interval '1 day', now() + interval '90 days')",
		    branch.serial, branch.serial, BRANCH_EAST);
	return branch.base;
}

/* A kehud that asks for certificates; one with "optional" is what the administrator begins with. */
static int
start_guarded(const char *word)
{
	const char *before = bed->settings;
	int port;

	bed->settings = arena_printf(bed->arena,
	    "sign: { " BED_CHEAP "second_factor = \"none\"; certificate = \"%s\"; authority = \"%s/ca.crt\"; };\n",
	    word, authority);
	port = bed_second(bed);
	bed->settings = before;
	return port;
}

static void
branch_certificate_lets_in_its_branch(void **state)
{
	const char *said, *base = arena_printf(bed->arena, "%s/east", bed->dir), *serial;
	struct stat key;
	int optional;

	forget_tries();
	authority = arena_printf(bed->arena, "%s/authority", bed->dir);
	assert_int_equal(admin(0, "", arena_printf(bed->arena, "cert init --dir %s", authority), &said), 0);
	assert_non_null(strstr(said, "/authority/ca.crt"));
	optional = start_guarded("optional");
	guarded = start_guarded("required");
	if (admin(optional, "", arena_printf(bed->arena, "cert issue 东区 'front desk' --dir %s -o %s", authority, base), &said) != 0)
		fail_msg("%s", said);
	serial = arena_strndup(bed->arena, said, strcspn(said, "\t"));
	assert_int_equal(strlen(serial), 32);
	assert_int_equal(stat(arena_printf(bed->arena, "%s.key", base), &key), 0);
	assert_int_equal(key.st_mode & 0777, 0600);
	/* files that are there are not written over, and an unknown branch leaves none */
	assert_int_equal(admin(optional, "", arena_printf(bed->arena, "cert issue 东区 --dir %s -o %s", authority, base), &said), 1);
	assert_int_equal(admin(optional, "", arena_printf(bed->arena, "cert issue nowhere --dir %s -o %s2", authority, base), &said), 1);
	assert_int_not_equal(access(arena_printf(bed->arena, "%s2.key", base), F_OK), 0);
	assert_int_equal(admin(optional, "", "cert list --format jsonl", &said), 0);
	assert_non_null(strstr(said, serial));
	assert_non_null(strstr(said, "front desk"));

	assert_int_equal(try_with(base, "ada", NULL), ERR_OK);
	assert_int_equal(try_with(base, "dan", NULL), ERR_CERT_BRANCH);
	assert_int_equal(try_with(base, "eve", NULL), ERR_CERT_BRANCH); /* of the head office */
	assert_int_equal(try_with(NULL, "ada", NULL), ERR_CERT_NEEDED);
	assert_int_equal(try_with(base, "ada", NULL), ERR_OK);
	/* renewed: another key for the same machine, and both work */
	assert_int_equal(admin(optional, "", arena_printf(bed->arena, "cert renew %s --dir %s -o %s-new", serial, authority, base), &said), 0);
	assert_int_equal(try_with(arena_printf(bed->arena, "%s-new", base), "ada", NULL), ERR_OK);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM certificate WHERE branch_id = %d AND device = 'front desk'", BRANCH_EAST), 2);
	forget_tries();
}

static void
bad_certificates_are_refused_with_what_to_do(void **state)
{
	const char *other = arena_printf(bed->arena, "%s/other", bed->dir), *why = NULL;
	const int64_t day = 86400;
	const struct {
		const char *base;
		enum err err;
		const char *says;
	} rows[] = {
		{ issue("expired", authority, -100 * day, -day, true), ERR_CERT_EXPIRED, "expired" },
		{ issue("early", authority, day, 90 * day, true), ERR_CERT_EARLY, "clocks" },
		{ issue("stranger", authority, -60, day, false), ERR_CERT_UNKNOWN, "issued again" },
		{ arena_printf(bed->arena, "%s/server", bed->dir), ERR_CERT_UNTRUSTED, "authority" },
	};
	struct client *client;

	forget_tries();
	assert_int_equal(tls_make_authority(bed->arena, other, &why), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(try_with(rows[i].base, "ada", &client), rows[i].err);
		assert_non_null(strstr(link_status(client->link).text, rows[i].says));
		client_free(client);
	}
	assert_int_equal(try_with(issue("foreign", other, -60, day, true), "ada", NULL), ERR_CERT_UNTRUSTED);
	/* signed by itself */
	assert_int_equal(try_with(arena_printf(bed->arena, "%s/ca", other), "ada", NULL), ERR_CERT_UNTRUSTED);
	/* nobody got as far as a password */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM login_attempt"), 0);
}

static void
certificate_near_its_end_is_told_of(void **state)
{
	const char *base = issue("near", authority, -60, 10 * 86400, true);
	struct client *client;

	pg_exec(DB, "UPDATE certificate SET ends_at = now() + interval '10 days 1 hour' WHERE id = (SELECT max(id) FROM certificate)");
	assert_int_equal(try_with(base, "ada", &client), ERR_OK);
	assert_non_null(strstr(link_user(client->link)->notice, "expires in 10 days"));
	client_free(client);
}

/* The laptop is lost: its certificate is revoked on one kehud, its session ends on another. */
static void
revoked_certificate_ends_its_sessions(void **state)
{
	const char *base = issue("lost", authority, -60, 86400, true), *said, *serial;
	struct client *client;
	int64_t before;

	serial = arena_strdup(bed->arena, pg_exec(DB, "SELECT name FROM certificate ORDER BY id DESC LIMIT 1"));
	assert_int_equal(try_with(base, "ada", &client), ERR_OK);
	/* a session belongs to the key it was opened with */
	pg_exec(DB, "UPDATE session SET key_hash = sha256('another') WHERE certificate = '%s'", serial);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session s, session_resume(s.token_hash, 1000, 0, sha256('yet another')) "
				    "WHERE s.certificate = '%s'", serial), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session s, session_resume(s.token_hash, 1000, 0, NULL) "
				    "WHERE s.certificate = '%s'", serial), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM session s, session_resume(s.token_hash, 1000, 0, sha256('another')) "
				    "WHERE s.certificate = '%s'", serial), 1);
	before = date_monotonic_us();
	assert_int_equal(admin(start_guarded("optional"), "", arena_printf(bed->arena, "cert revoke %s", serial), &said), 0);
	before = date_monotonic_us();
	assert_true(client_wait(client, is_out, client));
	assert_true(date_monotonic_us() - before < 5 * US_PER_SECOND);
	client_free(client);
	assert_int_equal(try_with(base, "ada", NULL), ERR_CERT_REVOKED);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'revoke' AND user_id = %d", USER_GUO), 1);
}

static void
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

/* Without a terminal: secret on standard output, code from a file. */
static void
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

static int
sign_start(void **state)
{
	bed = bed_new_with(DB, "log: { level = \"debug\"; };\n"
			       "sign: { " BED_CHEAP "second_factor = \"role\"; password_days = 90; "
			       "password_history = 3; };\n");
	second = bed_second(bed);
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
		cmocka_unit_test(login_hashes_again_under_new_parameters),
		cmocka_unit_test(hundred_wrong_passwords_get_nowhere),
		cmocka_unit_test(nobody_is_locked_out_of_the_place_they_work_at),
		cmocka_unit_test(administrator_must_set_up_a_second_factor),
		cmocka_unit_test(code_opens_one_door_once),
		cmocka_unit_test(clock_an_hour_off_is_told_while_setting_up),
		cmocka_unit_test(wrong_codes_are_counted_like_wrong_passwords),
		cmocka_unit_test(administrator_resets_a_lost_second_factor),
		cmocka_unit_test(secrets_are_kept_sealed_and_sealed_anew),
		cmocka_unit_test(kehud_without_the_key_says_so_and_does_not_start),
		cmocka_unit_test(session_ended_by_its_user_is_out_on_the_other_kehud),
		cmocka_unit_test(disabled_user_is_out_on_both_kehuds),
		cmocka_unit_test(new_password_ends_the_other_sessions),
		cmocka_unit_test(old_password_must_be_changed),
		cmocka_unit_test(locked_session_answers_nothing_but_the_password),
		cmocka_unit_test(locked_session_refuses_raw_requests),
		cmocka_unit_test(lock_outlives_the_connection),
		cmocka_unit_test(second_factor_is_set_up_and_used_by_scripts),
		cmocka_unit_test(branch_certificate_lets_in_its_branch),
		cmocka_unit_test(bad_certificates_are_refused_with_what_to_do),
		cmocka_unit_test(certificate_near_its_end_is_told_of),
		cmocka_unit_test(revoked_certificate_ends_its_sessions),
		cmocka_unit_test(administrator_lists_and_ends_sessions),
		cmocka_unit_test(unknown_users_cost_what_known_ones_do),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_test_filter(getenv("KEHU_TEST"));
	return cmocka_run_group_tests(tests, sign_start, sign_end);
}
