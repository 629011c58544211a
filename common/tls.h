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

#endif
