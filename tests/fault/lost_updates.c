/*
 * Many clients edit the same few records at once, each from the version it read: whoever comes
 * second is told and reads again. No version is given twice, none is missing, and each change
 * that was acknowledged is in the history, made from the version before it.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "lost_updates"

/* In `make check`; and for each of N, up to the figures of `make fault`. */
enum { CLIENTS = 8, RECORDS = 5, EDITS = 40, CLIENTS_MOST = 64, RECORDS_MOST = 100, EDITS_PER_N = 2000 };

struct crowd {
	struct bed *bed;
	int clients, records, edits;
	int64_t ids[RECORDS_MOST];
	pid_t pids[CLIENTS_MOST];
};

static const char *
said_path(const struct crowd *crowd, int who)
{
	return arena_printf(crowd->bed->arena, "%s/edits%d", crowd->bed->dir, who);
}

/* By a process of its own: nobody has a link when the editors are forked. */
static void
crowd_make(struct crowd *crowd)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct client *client = client_new(crowd->bed, "ada", LANG_EN);

		for (int i = 0; i < crowd->records; i++) {
			const char *name = arena_printf(client->arena, "edited %d", i);

			expect_written(client_save(
			    client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL));
		}
		client_free(client);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 0; i < crowd->records; i++)
		crowd->ids[i] = pg_int(DB, "SELECT id FROM customer WHERE name = 'edited %d'", i);
}

/* Lines of record, version read, version made; conflicts are counted as a line of version 0. */
static _Noreturn void
edit(const struct crowd *crowd, int who)
{
	FILE *said = fopen(said_path(crowd, who), "w");
	struct client *client = client_new(crowd->bed, who % 2 == 0 ? "ada" : "cai", LANG_EN);
	unsigned seed = (unsigned)who;

	if (said == NULL)
		_exit(1);
	for (int done = 0; done < crowd->edits / crowd->clients;) {
		int64_t id = crowd->ids[rand_r(&seed) % crowd->records];
		const Kehu__Record *record = record_of(client, E_customer, id);
		uint32_t version = record->version;
		const char *text = arena_printf(client->arena, "%d.%d after %u", who, done, version);
		const Kehu__ServerFrame *answer = client_save(
		    client, E_customer, id, version, SENT(TEXT_OF(F_customer_remarks, text)), NULL);

		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
			fprintf(said, "%" PRId64 " %u %u\n", id, version, answer->written->version);
			done++;
		} else if (answer->error->code == ERR_CONFLICT) {
			fprintf(said, "%" PRId64 " %u 0\n", id, version);
		} else {
			fatal("an edit was refused: %u %s", answer->error->code, answer->error->text);
		}
		arena_reset(client->arena);
	}
	client_free(client);
	_exit(fclose(said) == 0 ? 0 : 1);
}

static void
said_load(const char *path)
{
	FILE *said = fopen(path, "r");
	struct buf rows = BUF_INIT;
	int64_t id, read, made;

	assert_non_null(said);
	while (fscanf(said, "%" SCNd64 " %" SCNd64 " %" SCNd64, &id, &read, &made) == 3)
		buf_printf(&rows, "%s(%" PRId64 ",%" PRId64 ",%" PRId64 ")", rows.bytes > 0 ? "," : "", id,
		    read, made);
	pg_exec(DB, "INSERT INTO said VALUES %s", buf_text(&rows));
	buf_fini(&rows);
	fclose(said);
}

static void
crowd_load(const struct crowd *crowd)
{
	pg_exec(DB, "CREATE TABLE said (id bigint, read bigint, made bigint)");
	for (int i = 0; i < crowd->clients; i++) {
		int status;

		assert_int_equal(waitpid(crowd->pids[i], &status, 0), crowd->pids[i]);
		assert_int_equal(status, 0);
		said_load(said_path(crowd, i));
	}
}

static void
edits_at_once_are_never_lost(void **state)
{
	int n = getenv("N") != NULL ? atoi(getenv("N")) : 0;
	struct bed *bed = bed_new(DB);
	struct crowd crowd = { .bed = bed,
		.clients = n > 0 ? CLIENTS_MOST : CLIENTS,
		.records = n > 0 ? RECORDS_MOST : RECORDS,
		.edits = n > 0 ? n * EDITS_PER_N : EDITS * CLIENTS };

	crowd_make(&crowd);
	fflush(NULL);
	for (int i = 0; i < crowd.clients; i++) {
		crowd.pids[i] = fork();
		if (crowd.pids[i] == 0)
			edit(&crowd, i);
	}
	crowd_load(&crowd);
	print_message("# lost_updates: %d clients, %d records, %" PRId64 " edits, %" PRId64 " conflicts\n",
	    crowd.clients, crowd.records, pg_int(DB, "SELECT count(*) FROM said WHERE made > 0"),
	    pg_int(DB, "SELECT count(*) FROM said WHERE made = 0"));
	assert_true(pg_int(DB, "SELECT count(*) FROM said WHERE made = 0") > 0);
	/* each was made from the version that it read, and no two from one */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM said WHERE made > 0 AND made <> read + 1"), 0);
	assert_int_equal(pg_int(DB,
	    "SELECT count(*) - count(DISTINCT (id, made)) FROM said WHERE made > 0"), 0);
	/* the history has each of them, and nothing else */
	assert_int_equal(pg_int(DB,
	    "SELECT count(*) FROM (SELECT root_id, version FROM history WHERE entity = %d AND kind = 2"
	    " EXCEPT ALL SELECT id, made FROM said WHERE made > 0) x", E_customer), 0);
	assert_int_equal(pg_int(DB,
	    "SELECT count(*) FROM (SELECT id, made FROM said WHERE made > 0 EXCEPT ALL SELECT root_id,"
	    " version FROM history WHERE entity = %d AND kind = 2) x", E_customer), 0);
	assert_int_equal(pg_int(DB,
	    "SELECT count(*) FROM customer c JOIN (SELECT id, max(made) AS made FROM said GROUP BY id) s"
	    " ON s.id = c.id AND s.made > 0 WHERE c.version <> s.made"), 0);
	bed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_at_once_are_never_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
