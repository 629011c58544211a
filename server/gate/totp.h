/*
 * Second factors: codes that change every half minute (RFC 6238: HMAC-SHA-1, 6 digits, 30 s) and
 * recovery codes. What was used is the database's to remember.
 */
#ifndef KEHU_TOTP_H
#define KEHU_TOTP_H

#include "common/arena.h"
#include <stdbool.h>
#include <stdint.h>

#define TOTP_SECRET_BYTES 20
#define TOTP_STEP_S 30
#define TOTP_RECOVERY_CODES 10
#define TOTP_HASH_BYTES 32

/* The code of a step as six digits (out has room for 7 bytes). */
void totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step, char out[7]);
/* Of a moment, microseconds since 1970. */
int64_t totp_step(int64_t us);
/*
 * The step in [from, to] whose code this is, the one nearest to the middle first; 0: none.
 * Blanks in the code do not count. Looks at all of them, right or not.
 */
int64_t totp_find(
    const uint8_t secret[TOTP_SECRET_BYTES], const char *code, int64_t from, int64_t to);
/* Base32 without padding, as authenticators show and take it. In arena. */
char *totp_base32(struct arena *arena, const uint8_t *data, size_t bytes);
/* "otpauth://totp/Kehu:wangxm?secret=…", what the QR code says. In arena. */
char *totp_uri(struct arena *arena, const uint8_t secret[TOTP_SECRET_BYTES], const char *user);

/* 16 letters and digits in groups of four: "k7mq-…". In arena. */
char *totp_recovery_make(struct arena *arena);
/* What is kept of one; blanks, dashes and capitals do not count. False: it is none. */
bool totp_recovery_hash(const char *code, uint8_t hash[TOTP_HASH_BYTES]);

#endif
