/*
 * Signing in against real kehuds: waiting after wrong passwords, second factors, locked and
 * ended sessions, certificates of branches. Two kehuds share one database. Here are the kehuds
 * and the ways to sign in; the tests are in tests/parts/sign_*.c.
 */
#include "common/date.h"
#include "tests/parts/sign.h"

#include <stdio.h>

struct bed *bed;
int second; /* port of the other kehud */
const char *authority;

/* ---- helpers ----------------------------------------------------------------------------- */

/* As if the last wrong tries were long ago. */
void
forget_tries(void)
{
	pg_exec(DB, "DELETE FROM login_attempt");
}

enum err
try_login(struct client *client, const char *user, const char *password)
{
	link_login(client->link, user, password, NULL);
	return link_wait(client->link, BED_WAIT_MS);
}

/* A try on a connection of its own. */
enum err
try_once(const char *user, const char *password)
{
	struct client *client = client_stranger(bed, LANG_EN);
	enum err err = try_login(client, user, password);

	client_free(client);
	return err;
}

struct client *
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

bool
is_out(void *context)
{
	struct link_status status = link_status(((struct client *)context)->link);

	return status.state != LINK_READY && status.state != LINK_SLOW;
}

bool
is_locked(void *context)
{
	return link_status(((struct client *)context)->link).locked;
}

bool
is_unlocked(void *context)
{
	return !is_locked(context);
}

enum err
factor(struct client *client, enum link_factor_step step, const char *code)
{
	link_factor(client->link, step, code);
	return link_wait(client->link, BED_WAIT_MS);
}

void
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
const char *
code_now(struct client *client, const uint8_t *secret, int64_t steps)
{
	char *code = arena_alloc(client->arena, 7);

	totp_code(secret, totp_step(date_now_us()) + steps, code);
	return code;
}

/* Sets up a second factor in a login that wants one; the recovery codes are copied. */
void
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

void
forget_factor(const char *user)
{
	pg_exec(DB, "UPDATE users SET factor_at = NULL WHERE name = '%s'", user);
}

/* Runs kehu-admin as guo, against a port; its exit status and all it says. */
int
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

/* A kehud that asks for certificates; one with "optional" is what the administrator begins with. */
int
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
#define TEST(name) cmocka_unit_test(name),
#include "tests/parts/sign.def"
#undef TEST
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_test_filter(getenv("KEHU_TEST"));
	return cmocka_run_group_tests(tests, sign_start, sign_end);
}
