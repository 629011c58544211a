/*
 * Passwords: hashing with stored parameters, and what a new one must be like. Whoever calls
 * password_hash or password_check must be in the hash lane or have time: each takes about 80 ms.
 */
#ifndef KEHU_PASSWORD_H
#define KEHU_PASSWORD_H

#include "common/arena.h"
#include "common/error.h"

/* Of scrypt: N = 2^log_n, r = 8, p. */
struct password_cost {
	unsigned log_n, p;
};
/* 2^15 and 1: about 80 ms and 32 MiB. */
extern const struct password_cost password_cost_default;

/* "scrypt$15$8$1$<salt>$<hash>" (log2 N, r, p; hex) of the password in NFKC. In arena. */
char *password_hash(struct arena *arena, struct password_cost cost, const char *password);
/* A stored form no password has: checking against it takes as long as a real one. */
const char *password_nobody(struct arena *arena, struct password_cost cost);
/* Constant time. *stale: the parameters are not cost, hash again. */
bool password_check(
    struct password_cost cost, const char *password, const char *stored, bool *stale);
/* 20 random letters and digits that are not mistaken for each other. In arena. */
char *password_make(struct arena *arena);

/* What a new password must be like, and whose it is. */
struct password_rules {
	size_t chars_min;    /* characters, not bytes; at most 128 are taken */
	int classes_min;     /* of small, capital, digit, other; 0: no such rule */
	const char *company; /* words to refuse, separated by blanks; NULL: none */
	const char *user;    /* login name and name of the person; NULL: unknown */
	const char *label;
};

/* ERR_OK, ERR_PASSWORD_WEAK (too short, too long, classes) or ERR_PASSWORD_COMMON. */
enum err password_policy(
    struct arena *arena, const struct password_rules *rules, const char *password);

#endif
