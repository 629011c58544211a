/*
 * A small company for tests of the database: branches, departments, people with shipped roles,
 * and the context of a transaction as the gate would set it.
 */
#ifndef KEHU_TEST_COMPANY_H
#define KEHU_TEST_COMPANY_H

#include "server/store/store.h"

/* Branches 1 > 2, 3; departments 11 > 12 (branch 2), 13, 14 (branch 3); pool 21 of
 * department 13. */
enum {
	BRANCH_HEAD = 1,
	BRANCH_EAST = 2,
	BRANCH_WEST = 3,
	DEPT_SALES = 11,
	DEPT_KEY = 12,
	DEPT_WEST = 13,
	DEPT_OTHER = 14,
	POOL_WEST = 21,
	USER_ADA = 101, /* account_manager in DEPT_KEY */
	USER_BEN = 102, /* account_manager in DEPT_KEY */
	USER_CAI = 103, /* sales_supervisor of DEPT_SALES */
	USER_DAN = 104, /* account_manager in DEPT_WEST */
	USER_EVE = 105, /* executive */
	USER_FAY = 106, /* disabled account_manager */
	USER_GUO = 107, /* administrator */
};

/* Inserts it into a cloned database. Ids above are taken from below the sequence's start. */
void company_make(const char *database);

/* Start of a transaction in a user's context: settings are name, value, …, NULL. Session 0. */
void company_begin(struct store *store, struct arena *arena, int64_t user, ...)
    __attribute__((sentinel));
/* The same as one implicit transaction for reading. */
void company_read(struct store *store, struct arena *arena, int64_t user, ...)
    __attribute__((sentinel));

/* Run one statement in the open transaction; ends the test when it fails. */
struct rows *company_run(struct store *store, struct arena *arena, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same, answering its failure. */
enum err company_try(struct store *store, struct arena *arena, const char *format, ...)
    PRINTF_LIKE(3, 4);

#define ARMS_ALL  "0|{}|{}|{}|t|0"
#define ARMS_NONE "0|{}|{}|{}|f|0"

#endif
