/*
 * Savers: processes that save new customers one after the other, each with one intention
 * however often it must be sent, and write down what was acknowledged. Whatever is done to the
 * server meanwhile, what they wrote down and what the database holds must agree afterwards.
 */
#ifndef KEHU_TEST_SAVERS_H
#define KEHU_TEST_SAVERS_H

#include "tests/lib/bed.h"

struct savers;

struct savers_count {
	int64_t acknowledged;
	int64_t lost;    /* acknowledged and not in the database */
	int64_t doubled; /* more than once in the database */
	int64_t troubles; /* answers that were neither that nor a refusal: send it again */
	int64_t unknown; /* in the database, or perhaps, and nobody was told */
};

/* Forks count processes and waits until each has saved once; a process that uses threads or
 * links already may not call it. */
struct savers *savers_start(struct bed *bed, int count);
/* Wait until that many more saves are acknowledged; false: not within BED_WAIT_MS. */
bool savers_wait(struct savers *savers, int64_t more);
/* Each ends with its present save; counts and frees. Ends the test when one of them failed. */
struct savers_count savers_stop(struct savers *savers);

#endif
