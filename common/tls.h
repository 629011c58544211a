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
 * names are checked). SSL_MODE_RELEASE_BUFFERS, no tickets, no renegotiation, no compression.
 * NULL and *why (in arena) on failure, naming the file.
 */
SSL_CTX *tls_server_new(struct arena *arena, const char *cert_file, const char *key_file,
    const char **why);
SSL_CTX *tls_client_new(struct arena *arena, const char *ca_file, const char **why);
/* One sentence for the failed handshake of ssl: expired, wrong name, unknown issuer … */
const char *tls_why(struct arena *arena, SSL *ssl);

/*
 * Make a private CA (ca.crt, ca.key) and a server certificate (server.crt, server.key) for
 * the host names and addresses in dir, mode 0600 for keys; existing files are kept.
 */
MUST_CHECK enum err tls_make_certificates(struct arena *arena, const char *dir,
    const char *const *hosts, size_t count, const char **why);

#endif
