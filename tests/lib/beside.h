/*
 * What a benchmark of one writing request stands on: a bed, and beside it one connection of a
 * superuser that does the same work bare.
 */
#ifndef KEHU_TEST_BESIDE_H
#define KEHU_TEST_BESIDE_H

#include "server/store/store.h"
#include "tests/lib/bed.h"

struct beside {
	struct bed *bed;
	struct client *ada;
	struct store *store; /* bare */
	pid_t backend;       /* its */
};

/* A fresh company of that name. quiet: the bare connection fires no triggers. */
void beside_open(struct beside *beside, const char *database, bool quiet);
void beside_close(struct beside *beside);
/* CPU so far, in nanoseconds: of all backends of kehud, and of the bare one. */
int64_t beside_kehud_ns(const struct beside *beside);
int64_t beside_bare_ns(const struct beside *beside);

#endif
