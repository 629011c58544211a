/*
 * TLS 1.3 and nothing else, the same settings on both sides; certificates made for demo and
 * tests.
 */
#ifndef KEHU_TLS_H
#define KEHU_TLS_H

#include "common/arena.h"
#include "common/error.h"
#include "common/uuid.h" /* random bytes, hashes, identifiers: callers of TLS need them too */
#include <openssl/ssl.h>
#include <stdint.h>

/*
 * A context for the server (certificate chain and key files) or the client (CA file whose
 * names are checked; NULL: the system's authorities). SSL_MODE_RELEASE_BUFFERS, no tickets, no
 * renegotiation, no compression. NULL and *why (in arena) on failure, naming the file.
 */
SSL_CTX *tls_server_new(struct arena *arena, const char *cert_file, const char *key_file,
    const char **why);
SSL_CTX *tls_client_new(struct arena *arena, const char *ca_file, const char **why);

/*
 * Ask clients for a certificate of this authority. The handshake goes on whatever they show, or
 * without: tls_peer() tells, and the refusal is the protocol's, which can say what to do. false
 * and *why: the file is no authority.
 */
MUST_CHECK bool tls_server_ask(
    struct arena *arena, SSL_CTX *context, const char *authority_file, const char **why);
/* Show this certificate to servers that ask; key_file NULL: in the same file. */
MUST_CHECK bool tls_client_show(struct arena *arena, SSL_CTX *context, const char *cert_file,
    const char *key_file, const char **why);

/* What a client showed in the handshake. */
struct tls_peer {
	bool given;
	enum err verdict; /* OK, CERT_EXPIRED, CERT_EARLY, CERT_UNTRUSTED */
	uint8_t key[32];  /* SHA-256 of its public key */
	char serial[48];  /* hex, lower case */
};
struct tls_peer tls_peer(SSL *ssl);
/* When the certificate of the other side ends, in µs since 1970; 0: it showed none. */
int64_t tls_peer_until_us(SSL *ssl);

/*
 * On a client's connection, before the handshake: the name or address (without brackets) that
 * the certificate must be for, sent as SNI when it is a name. false: it is neither.
 */
MUST_CHECK bool tls_expect_host(SSL *ssl, const char *host);

/* One sentence for the failed handshake of ssl: expired, wrong name, unknown issuer … */
const char *tls_why(struct arena *arena, SSL *ssl);
const char *tls_why_in(struct arena *arena, SSL *ssl, enum lang lang);

/*
 * Make a private CA (ca.crt, ca.key) and a server certificate (server.crt, server.key) for
 * the host names and addresses in dir, mode 0600 for keys; existing files are kept. dir is
 * made when missing. ERR_INVALID: a host is no name or address, or a pair is half there;
 * ERR_FILE_SYSTEM otherwise; *why (in arena) says which.
 */
MUST_CHECK enum err tls_make_certificates(struct arena *arena, const char *dir,
    const char *const *hosts, size_t count, const char **why);
/* Only the authority of it. */
MUST_CHECK enum err tls_make_authority(struct arena *arena, const char *dir, const char **why);

/* A certificate for the machines of a branch, from the authority in dir. */
struct tls_branch {
	int64_t branch;     /* id, in the name urn:kehu:branch:ID */
	const char *label;  /* for people: the common name */
	const char *base;   /* writes BASE.crt and BASE.key, mode 0600; nothing is overwritten */
	int64_t starts_s, ends_s; /* since 1970 */
	char serial[48];    /* out */
};
MUST_CHECK enum err tls_issue_branch(
    struct arena *arena, const char *dir, struct tls_branch *branch, const char **why);

#endif
