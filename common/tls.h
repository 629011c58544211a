/*
 * TLS 1.3 and nothing else, the same settings on both sides; certificates made for demo and
 * tests; random bytes, hashes and identifiers.
 */
#ifndef KEHU_TLS_H
#define KEHU_TLS_H

#include "common/arena.h"
#include "common/error.h"
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

void random_bytes(void *out, size_t bytes); /* fatal when the system has none */
void hash_sha256(const void *data, size_t bytes, uint8_t out[32]);
char *hex_encode(struct arena *arena, const void *data, size_t bytes);

/* UUIDv7 (RFC 9562): 48 bits of milliseconds, then random. Ordered within a process. */
struct uuid {
	uint8_t bytes[16];
};
struct uuid uuid_new(void);
int64_t uuid_time_ms(struct uuid uuid);
bool uuid_parse(const char *text, struct uuid *uuid);
char *uuid_format(struct arena *arena, struct uuid uuid);

#endif
