/*
 * The demo company: a believable firm with branches, staff and customers, the same for the same
 * number of customers, seed and day; made in C and loaded by COPY, fast enough for a million.
 * Names are drawn from word lists of our own, phones are numbers that do not exist, mail
 * addresses end in example.com, example.net or example.org.
 */
#ifndef KEHU_DEMO_H
#define KEHU_DEMO_H

#include "server/store/store.h"

struct demo_options {
	uint64_t customers;
	uint64_t seed;
	int64_t today; /* day the two years of visits end, days since 1970 */
	bool append;   /* add to customers that are there; otherwise they are a refusal */
	/*
	 * The stored password hash for a demo user, called once for each; the same text may be
	 * answered every time. NULL: nobody can log in.
	 */
	const char *(*password)(void *to, const char *login);
	/* Called after each chunk; false stops the load, nothing is kept. May be NULL. */
	bool (*progress)(void *to, uint64_t done, uint64_t total);
	void *to;
};

/* Somebody to log in as: the demo salesperson first, then at least one for each role. */
struct demo_user {
	const char *login, *label, *role;
	int64_t id;
};

struct demo_result { /* in the arena of demo_run */
	struct demo_user *users;
	size_t user_count;
	uint64_t customers, contacts, visits, rows;
	int64_t make_us, load_us; /* CPU to make the rows; wall time of the rest */
};

/*
 * Makes and loads the company in one transaction of its own over store, which must be connected
 * as kehu_owner: row policies, history triggers, references and heavy indexes are set aside
 * for the load and put back in the same transaction. kehud should not be serving meanwhile; it
 * waits for the locks.
 * ERR_DUPLICATE: there are customers and append is not set. ERR_WRONG_STATE: append finds
 * nobody who could own customers. ERR_CANCELLED: progress said stop.
 */
MUST_CHECK enum err demo_run(struct store *store, struct arena *arena,
    const struct demo_options *options, struct demo_result *result);

#endif
