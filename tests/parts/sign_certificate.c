/*
 * Certificates of branches: issued, refused, near their end, revoked.
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

static int guarded; /* port of a third kehud: it wants certificates, and no second factors */

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

void
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

void
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

void
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
void
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
