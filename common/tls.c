/*
 * TLS contexts for both ends, and sentences for what went wrong. Reading and writing is the
 * caller's (libevent on the server, the client's own loop); making certificates is
 * tls_cert.c.
 */
#include "common/tls.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* An encrypted key must fail instead of asking on a terminal nobody looks at. */
static int
tls_no_password(char *buf, int size, int writing, void *data)
{
	(void)buf, (void)size, (void)writing, (void)data;
	return 0;
}

static SSL_CTX *
tls_context_new(const SSL_METHOD *method)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (context == NULL)
		return NULL;
	SSL_CTX_set_options(
	    context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* Idle sessions are many and their 34 KiB of record buffers would be most of them. */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(context, tls_no_password);
	if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(context, 0) != 1) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

static const char *
tls_library_why(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	return reason != NULL ? reason : "the TLS library gives no reason";
}

/* Whether the file is there and readable comes first: OpenSSL's own words for that are poor. */
static const char *
tls_file_why(struct arena *arena, const char *path, const char *expected)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return arena_printf(arena, "%s: %s", path, strerror(errno));
	fclose(file);
	return arena_printf(
	    arena, "%s: cannot be used as %s: %s", path, expected, tls_library_why());
}

SSL_CTX *
tls_server_new(
    struct arena *arena, const char *cert_file, const char *key_file, const char **why)
{
	ERR_clear_error();
	SSL_CTX *context = tls_context_new(TLS_server_method());
	if (context == NULL) {
		*why = tls_library_why();
	} else if (SSL_CTX_use_certificate_chain_file(context, cert_file) != 1) {
		*why = tls_file_why(arena, cert_file, "a certificate");
	} else if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1) {
		/* A key of another certificate is refused here already. */
		*why = tls_file_why(arena, key_file, "the key of the certificate");
	} else {
		return context;
	}
	ERR_clear_error();
	SSL_CTX_free(context);
	return NULL;
}

SSL_CTX *
tls_client_new(struct arena *arena, const char *ca_file, const char **why)
{
	ERR_clear_error();
	SSL_CTX *context = tls_context_new(TLS_client_method());
	if (context == NULL) {
		*why = tls_library_why();
	} else if (ca_file == NULL && SSL_CTX_set_default_verify_paths(context) != 1) {
		*why = tls_library_why();
	} else if (ca_file != NULL && SSL_CTX_load_verify_file(context, ca_file) != 1) {
		*why = tls_file_why(arena, ca_file, "a list of authorities");
	} else {
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
		return context;
	}
	ERR_clear_error();
	SSL_CTX_free(context);
	return NULL;
}

/* ---- certificates of clients ---- */

/* Where a connection keeps the first thing that was wrong with its client's certificate. */
static int tls_slot = -1;
static pthread_once_t tls_slot_once = PTHREAD_ONCE_INIT;

static void
tls_make_slot(void)
{
	tls_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Nothing stops the handshake; what is wrong is told by the protocol, in words. */
static int
tls_note(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!good && SSL_get_ex_data(ssl, tls_slot) == NULL)
		SSL_set_ex_data(ssl, tls_slot, (void *)(intptr_t)X509_STORE_CTX_get_error(store));
	return 1;
}

bool
tls_server_ask(
    struct arena *arena, SSL_CTX *context, const char *authority_file, const char **why)
{
	STACK_OF(X509_NAME) *names;

	pthread_once(&tls_slot_once, tls_make_slot);
	ERR_clear_error();
	names = SSL_load_client_CA_file(authority_file);
	if (names == NULL || SSL_CTX_load_verify_file(context, authority_file) != 1) {
		*why = tls_file_why(arena, authority_file, "a list of authorities");
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		ERR_clear_error();
		return false;
	}
	SSL_CTX_set_client_CA_list(context, names);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, tls_note);
	return true;
}

bool
tls_client_show(struct arena *arena, SSL_CTX *context, const char *cert_file,
    const char *key_file, const char **why)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, cert_file) != 1)
		*why = tls_file_why(arena, cert_file, "a certificate");
	else if (SSL_CTX_use_PrivateKey_file(
		     context, key_file != NULL ? key_file : cert_file, SSL_FILETYPE_PEM) != 1)
		*why = tls_file_why(
		    arena, key_file != NULL ? key_file : cert_file, "the key of the certificate");
	else
		return true;
	ERR_clear_error();
	return false;
}

static enum err
tls_verdict(long error)
{
	switch (error) {
	case X509_V_OK:
		return ERR_OK;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return ERR_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return ERR_CERT_EARLY;
	default:
		return ERR_CERT_UNTRUSTED;
	}
}

static void
tls_read_peer(X509 *cert, struct tls_peer *peer)
{
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = serial == NULL ? NULL : BN_bn2hex(serial);
	unsigned char *key = NULL;
	int bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);

	if (hex == NULL || bytes <= 0 || strlen(hex) >= sizeof(peer->serial)) {
		peer->verdict = ERR_CERT_UNTRUSTED;
	} else {
		hash_sha256(key, (size_t)bytes, peer->key);
		for (size_t i = 0; hex[i] != '\0'; i++)
			peer->serial[i] = (char)tolower((unsigned char)hex[i]);
	}
	OPENSSL_free(key);
	OPENSSL_free(hex);
	BN_free(serial);
}

int64_t
tls_peer_until_us(SSL *ssl)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);
	struct tm tm;

	if (peer == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(peer), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * 1000000;
}

struct tls_peer
tls_peer(SSL *ssl)
{
	struct tls_peer peer = { 0 };
	X509 *cert = SSL_get1_peer_certificate(ssl);

	if (cert == NULL)
		return peer;
	peer.given = true;
	peer.verdict = tls_verdict((long)(intptr_t)SSL_get_ex_data(ssl, tls_slot));
	tls_read_peer(cert, &peer);
	X509_free(cert);
	return peer;
}

bool
tls_expect_host(SSL *ssl, const char *host)
{
	struct in6_addr address;
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (host[0] == '\0' || strlen(host) > 253)
		return false;
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

struct tls_sentence {
	long code;
	const char *text[2];
};

static const struct tls_sentence tls_verify_sentences[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED,
	    { "the server's certificate has expired; ask an administrator to renew it",
		"服务器证书已过期，请联系管理员更新" } },
	{ X509_V_ERR_CERT_NOT_YET_VALID,
	    { "the server's certificate is not valid yet; compare the clocks of both machines",
		"服务器证书尚未生效，请核对两台机器的时钟" } },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	    { "the server's certificate is not from an authority in the CA file",
		"服务器证书不是由 CA 文件中的机构签发的" } },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
	    { "the server's certificate is not from an authority in the CA file",
		"服务器证书不是由 CA 文件中的机构签发的" } },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	    { "the server's certificate is not from an authority in the CA file",
		"服务器证书不是由 CA 文件中的机构签发的" } },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
	    { "the server's certificate is not from an authority in the CA file",
		"服务器证书不是由 CA 文件中的机构签发的" } },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE,
	    { "the server's certificate is not from the authority it names",
		"服务器证书的签名与其签发机构不符" } },
	{ X509_V_ERR_INVALID_PURPOSE,
	    { "the certificate is not one for servers", "该证书不能用于服务器" } },
};

static const struct tls_sentence tls_reason_sentences[] = {
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	    { "the other side does not know who issued our certificate",
		"对方不认可本机证书的签发机构" } },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	    { "the other side refused our certificate", "对方拒绝了本机证书" } },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	    { "the other side says our certificate has expired", "对方称本机证书已过期" } },
	{ SSL_R_WRONG_VERSION_NUMBER, { "the other side does not speak TLS; check the port",
					  "对方未使用 TLS，请检查端口" } },
	{ SSL_R_UNSUPPORTED_PROTOCOL,
	    { "the other side does not speak TLS 1.3", "对方不支持 TLS 1.3" } },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
	    { "the other side does not speak TLS 1.3", "对方不支持 TLS 1.3" } },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING,
	    { "the other side closed the connection during the handshake",
		"对方在握手时关闭了连接" } },
};

#define TLS_FIND(rows, code, lang)                                                             \
	tls_find((rows), sizeof(rows) / sizeof((rows)[0]), (code), (lang))

static const char *
tls_find(const struct tls_sentence *rows, size_t count, long code, enum lang lang)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return rows[i].text[lang == LANG_ZH];
	return NULL;
}

static const char *
tls_wrong_host(struct arena *arena, SSL *ssl, enum lang lang)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	char *address = X509_VERIFY_PARAM_get1_ip_asc(param);
	const char *name = X509_VERIFY_PARAM_get0_host(param, 0);
	const char *host = address != NULL ? address : name != NULL ? name : "?";
	const char *why =
	    lang == LANG_ZH
		? arena_printf(arena, "服务器证书不是发给 %s 的", host)
		: arena_printf(arena, "the server's certificate is not for %s", host);

	OPENSSL_free(address);
	return why;
}

const char *
tls_why_in(struct arena *arena, SSL *ssl, enum lang lang)
{
	long verify = SSL_get_verify_result(ssl);
	unsigned long code = ERR_peek_last_error();
	const char *why = NULL;

	if (verify == X509_V_ERR_HOSTNAME_MISMATCH || verify == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return tls_wrong_host(arena, ssl, lang);
	if (verify != X509_V_OK) {
		why = TLS_FIND(tls_verify_sentences, verify, lang);
		return why != NULL ? why : X509_verify_cert_error_string(verify);
	}
	if (ERR_GET_LIB(code) == ERR_LIB_SSL)
		why = TLS_FIND(tls_reason_sentences, ERR_GET_REASON(code), lang);
	if (why == NULL && code != 0)
		why = ERR_reason_error_string(code);
	if (why == NULL)
		why = lang == LANG_ZH ? "连接在握手时中断"
				      : "the connection ended during the handshake";
	return why;
}

const char *
tls_why(struct arena *arena, SSL *ssl)
{
	return tls_why_in(arena, ssl, LANG_EN);
}
