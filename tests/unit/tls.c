/* Facts about TLS: handshakes in memory between our two contexts, certificates on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct arena *arena;
static char dir[] = "/tmp/kehu-tls-XXXXXX";
static const char *const hosts[] = { "localhost", "127.0.0.1", "::1", "crm.example.com" };

static const char *
path(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static int
tls_setup(void **state)
{
	const char *why = NULL;

	arena = arena_new(0);
	if (mkdtemp(dir) == NULL ||
	    tls_make_certificates(arena, dir, hosts, 4, &why) != ERR_OK) {
		print_error("%s\n", why);
		return -1;
	}
	return 0;
}

static int
tls_teardown(void **state)
{
	const char *command = arena_printf(arena, "rm -rf '%s'", dir);
	int status = system(command);

	arena_free(arena);
	return status;
}

static char *
slurp(const char *file)
{
	char *data = arena_alloc(arena, 65536);
	FILE *in = fopen(file, "re");

	assert_non_null(in);
	size_t got = fread(data, 1, 65535, in);
	fclose(in);
	assert_true(got > 0);
	return data;
}

struct pair {
	SSL_CTX *server_context, *client_context;
	SSL *server, *client;
};

static void
pair_open(struct pair *pair, const char *ca, const char *host)
{
	const char *why = "";
	BIO *a, *b;

	pair->server_context =
	    tls_server_new(arena, path("server.crt"), path("server.key"), &why);
	assert_string_equal(why, "");
	assert_non_null(pair->server_context);
	pair->client_context = tls_client_new(arena, ca, &why);
	assert_string_equal(why, "");
	assert_non_null(pair->client_context);
	pair->server = SSL_new(pair->server_context);
	pair->client = SSL_new(pair->client_context);
	assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(pair->server, a, a);
	SSL_set_bio(pair->client, b, b);
	SSL_set_accept_state(pair->server);
	SSL_set_connect_state(pair->client);
	assert_true(tls_expect_host(pair->client, host));
}

static bool
pair_shake(struct pair *pair)
{
	for (int i = 0; i < 10; i++) {
		ERR_clear_error();
		int client = SSL_do_handshake(pair->client);
		if (client != 1 && SSL_get_error(pair->client, client) != SSL_ERROR_WANT_READ)
			return false;
		unsigned long kept = ERR_peek_error();
		assert_int_equal(kept, 0);
		int server = SSL_do_handshake(pair->server);
		if (server != 1 && SSL_get_error(pair->server, server) != SSL_ERROR_WANT_READ)
			return false;
		if (client == 1 && server == 1)
			return true;
	}
	return false;
}

static void
pair_close(struct pair *pair)
{
	ERR_clear_error();
	SSL_free(pair->server);
	SSL_free(pair->client);
	SSL_CTX_free(pair->server_context);
	SSL_CTX_free(pair->client_context);
}

static void
tls_client_and_server_meet_in_tls13(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct pair pair;
		char got[8] = "";
		pair_open(&pair, path("ca.crt"), hosts[i]);
		assert_true(pair_shake(&pair));
		assert_string_equal(SSL_get_version(pair.client), "TLSv1.3");
		assert_int_equal(SSL_write(pair.client, "hello", 5), 5);
		assert_int_equal(SSL_read(pair.server, got, sizeof(got)), 5);
		assert_string_equal(got, "hello");
		/* No ticket comes along: after the handshake there is nothing to read. */
		assert_int_equal(SSL_read(pair.client, got, 1), -1);
		assert_false(SSL_SESSION_has_ticket(SSL_get0_session(pair.client)));
		assert_true(SSL_get_mode(pair.server) & SSL_MODE_RELEASE_BUFFERS);
		pair_close(&pair);
	}
}

static void
tls_server_refuses_tls12(void **state)
{
	struct pair pair;

	pair_open(&pair, path("ca.crt"), "localhost");
	assert_int_equal(SSL_set_min_proto_version(pair.client, TLS1_2_VERSION), 1);
	assert_int_equal(SSL_set_max_proto_version(pair.client, TLS1_2_VERSION), 1);
	assert_false(pair_shake(&pair));
	assert_string_equal(
	    tls_why(arena, pair.server), "the other side does not speak TLS 1.3");
	pair_close(&pair);
}

static void
tls_client_refuses_another_host(void **state)
{
	static const char *const wrong[] = { "example.com", "other.example.com", "127.0.0.2",
		"::2" };

	for (int i = 0; i < 4; i++) {
		struct pair pair;
		pair_open(&pair, path("ca.crt"), wrong[i]);
		assert_false(pair_shake(&pair));
		const char *why = tls_why(arena, pair.client);
		assert_non_null(strstr(why, "the server's certificate is not for "));
		if (i != 3)
			assert_non_null(strstr(why, wrong[i]));
		assert_non_null(
		    strstr(tls_why_in(arena, pair.client, LANG_ZH), "证书不是发给"));
		pair_close(&pair);
	}
}

static void
tls_client_refuses_an_unknown_authority(void **state)
{
	char other[] = "/tmp/kehu-tls-XXXXXX";
	const char *why;
	struct pair pair;

	assert_non_null(mkdtemp(other));
	assert_int_equal(tls_make_certificates(arena, other, hosts, 1, &why), ERR_OK);
	pair_open(&pair, arena_printf(arena, "%s/ca.crt", other), "localhost");
	assert_false(pair_shake(&pair));
	assert_string_equal(tls_why(arena, pair.client),
	    "the server's certificate is not from an authority in the CA file");
	pair_close(&pair);
	assert_int_equal(system(arena_printf(arena, "rm -rf '%s'", other)), 0);
}

static void
tls_client_refuses_an_expired_certificate(void **state)
{
	static const struct {
		int days;
		const char *why;
	} rows[] = { { 820, NULL }, { 826, "expired" }, { -2, "not valid yet" } };

	for (int i = 0; i < 3; i++) {
		struct pair pair;
		pair_open(&pair, path("ca.crt"), "localhost");
		X509_VERIFY_PARAM_set_time(
		    SSL_get0_param(pair.client), time(NULL) + rows[i].days * 86400);
		bool done = pair_shake(&pair);
		assert_int_equal(done, rows[i].why == NULL);
		if (!done)
			assert_non_null(strstr(tls_why(arena, pair.client), rows[i].why));
		pair_close(&pair);
	}
}

static void
tls_peer_that_speaks_something_else_is_told(void **state)
{
	struct pair pair;

	pair_open(&pair, path("ca.crt"), "localhost");
	SSL_do_handshake(pair.client);
	assert_true(
	    BIO_write(SSL_get_wbio(pair.server), "HTTP/1.1 400 Bad Request\r\n\r\n", 28) > 0);
	ERR_clear_error();
	assert_int_equal(SSL_do_handshake(pair.client), -1);
	assert_string_equal(
	    tls_why(arena, pair.client), "the other side does not speak TLS; check the port");
	pair_close(&pair);
}

static void
tls_expect_host_refuses_no_host(void **state)
{
	struct pair pair;

	pair_open(&pair, path("ca.crt"), "localhost");
	assert_false(tls_expect_host(pair.client, ""));
	pair_close(&pair);
}

static X509 *
load(const char *name)
{
	FILE *in = fopen(path(name), "re");

	assert_non_null(in);
	X509 *cert = PEM_read_X509(in, NULL, NULL, NULL);
	fclose(in);
	assert_non_null(cert);
	return cert;
}

static int
days_valid(X509 *cert)
{
	int days, seconds;

	assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(cert),
			     X509_get0_notAfter(cert)),
	    1);
	return days;
}

static void
tls_certificates_say_what_they_are_for(void **state)
{
	X509 *ca = load("ca.crt"), *leaf = load("server.crt");
	char group[32] = "";

	assert_true(X509_check_ca(ca) == 1);
	assert_int_equal(X509_check_ca(leaf), 0);
	assert_int_equal(X509_get_pathlen(ca), 0);
	assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
	assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(days_valid(leaf), 825);
	assert_int_equal(days_valid(ca), 3653);
	assert_int_equal(X509_verify(leaf, X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_check_host(leaf, "crm.example.com", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(leaf, "::1", 0), 1);
	assert_int_equal(X509_check_host(leaf, "x.example.com", 0, 0, NULL), 0);
	assert_int_equal(
	    EVP_PKEY_get_group_name(X509_get0_pubkey(leaf), group, sizeof(group), NULL), 1);
	assert_string_equal(group, "prime256v1");
	X509_free(ca);
	X509_free(leaf);
}

static void
tls_key_files_are_for_their_owner_only(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
	} rows[] = { { "ca.key", 0600 }, { "server.key", 0600 }, { "ca.crt", 0644 },
		{ "server.crt", 0644 } };
	struct stat st;

	for (int i = 0; i < 4; i++) {
		assert_int_equal(stat(path(rows[i].name), &st), 0);
		assert_int_equal(st.st_mode & 0777, rows[i].mode);
	}
}

static void
tls_existing_certificates_are_kept(void **state)
{
	const char *why = NULL;
	const char *ca = slurp(path("ca.crt")), *leaf = slurp(path("server.crt"));

	assert_int_equal(tls_make_certificates(arena, dir, hosts, 1, &why), ERR_OK);
	assert_null(why);
	assert_string_equal(slurp(path("ca.crt")), ca);
	assert_string_equal(slurp(path("server.crt")), leaf);
	/* A removed server pair is made anew by the same authority. */
	assert_int_equal(unlink(path("server.crt")), 0);
	assert_int_equal(tls_make_certificates(arena, dir, hosts, 4, &why), ERR_INVALID);
	assert_non_null(strstr(why, "server.crt, server.key: only one"));
	assert_int_equal(unlink(path("server.key")), 0);
	assert_int_equal(tls_make_certificates(arena, dir, hosts, 4, &why), ERR_OK);
	assert_string_equal(slurp(path("ca.crt")), ca);
	assert_string_not_equal(slurp(path("server.crt")), leaf);
	struct pair pair;
	pair_open(&pair, path("ca.crt"), "crm.example.com");
	assert_true(pair_shake(&pair));
	pair_close(&pair);
}

static void
tls_make_certificates_refuses_bad_hosts_and_places(void **state)
{
	static const char *const bad[] = { "", "a b", "a,DNS:evil", "-x", "客户", "a/b" };
	const char *why, *fresh = path("fresh");

	for (int i = 0; i < 6; i++)
		assert_int_equal(
		    tls_make_certificates(arena, fresh, &bad[i], 1, &why), ERR_INVALID);
	assert_int_equal(tls_make_certificates(arena, fresh, NULL, 0, &why), ERR_INVALID);
	assert_int_equal(access(fresh, F_OK), -1); /* nothing was begun */
	assert_int_equal(
	    tls_make_certificates(arena, "/nowhere/at/all", hosts, 1, &why), ERR_FILE_SYSTEM);
	assert_string_equal(why, "/nowhere/at/all: No such file or directory");
}

static void
tls_contexts_name_the_bad_file(void **state)
{
	const char *why = NULL;

	assert_null(tls_server_new(arena, "/nowhere.crt", path("server.key"), &why));
	assert_string_equal(why, "/nowhere.crt: No such file or directory");
	assert_null(tls_server_new(arena, path("server.key"), path("server.key"), &why));
	assert_non_null(strstr(why, "server.key: cannot be used as a certificate: "));
	assert_null(tls_server_new(arena, path("server.crt"), path("ca.key"), &why));
	assert_non_null(strstr(why, "ca.key: cannot be used as the key of the certificate: "));
	assert_null(tls_client_new(arena, "/dev/null", &why));
	assert_non_null(strstr(why, "/dev/null: cannot be used as a list of authorities"));
	assert_null(tls_client_new(arena, "/nowhere.crt", &why));
	assert_int_equal(ERR_peek_error(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_client_and_server_meet_in_tls13),
		cmocka_unit_test(tls_server_refuses_tls12),
		cmocka_unit_test(tls_client_refuses_another_host),
		cmocka_unit_test(tls_client_refuses_an_unknown_authority),
		cmocka_unit_test(tls_client_refuses_an_expired_certificate),
		cmocka_unit_test(tls_peer_that_speaks_something_else_is_told),
		cmocka_unit_test(tls_expect_host_refuses_no_host),
		cmocka_unit_test(tls_certificates_say_what_they_are_for),
		cmocka_unit_test(tls_key_files_are_for_their_owner_only),
		cmocka_unit_test(tls_existing_certificates_are_kept),
		cmocka_unit_test(tls_make_certificates_refuses_bad_hosts_and_places),
		cmocka_unit_test(tls_contexts_name_the_bad_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tls", tests, tls_setup, tls_teardown);
}
