/*
 * The kehuds of tests/server/sign.c and the ways to sign in, for the files its tests are in.
 */
#ifndef KEHU_TESTS_PARTS_SIGN_H
#define KEHU_TESTS_PARTS_SIGN_H

#include "server/gate/totp.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "sign"

extern struct bed *bed;
extern int second;            /* port of the other kehud */
extern const char *authority; /* where the certificates come from; set by their first test */

/* As if the last wrong tries were long ago. */
void forget_tries(void);

/* Signs in on an open connection; why it was refused, or ERR_OK. */
enum err try_login(struct client *client, const char *user, const char *password);

/* A try on a connection of its own. */
enum err try_once(const char *user, const char *password);

/* A signed-in client of the kehud at a port, to be freed with client_free(). */
struct client *client_at(int port, const char *user);

/* For client_wait(): the session is over. */
bool is_out(void *context);

/* For client_wait(): the session is locked. */
bool is_locked(void *context);

/* For client_wait(): the session is not locked. */
bool is_unlocked(void *context);

/* One step of the second factor, with a code or NULL. */
enum err factor(struct client *client, enum link_factor_step step, const char *code);

/* The secret that a text of base 32 stands for. */
void unbase32(const char *text, uint8_t out[TOTP_SECRET_BYTES]);

/* What an authenticator would show now, or in some steps. */
const char *code_now(struct client *client, const uint8_t *secret, int64_t steps);

/* Sets up a second factor in a login that wants one; the recovery codes are copied. */
void enrol(struct client *client, const char *user, uint8_t secret[TOTP_SECRET_BYTES], const char *recovery[10]);

/* As if the user had set up no second factor. */
void forget_factor(const char *user);

/* kehud with the bed's configuration and the database's owner; its status. */
int owner(const char *command, const char **said);

/* Runs kehu-admin as guo, against a port; its exit status and all it says. */
int admin(int port, const char *certificate, const char *arguments, const char **said);

/* A kehud that asks for certificates; one with "optional" is what the administrator begins with. */
int start_guarded(const char *word);

#define TEST(name) void name(void **state);
#include "tests/parts/sign.def"
#undef TEST

#endif
