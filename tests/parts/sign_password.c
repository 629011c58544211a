/*
 * Passwords: hashing, waiting after wrong ones, and no telling of who exists.
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

/* ---- passwords --------------------------------------------------------------------------- */

void
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

void
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

void
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

void
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
