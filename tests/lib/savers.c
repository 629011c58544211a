/* The processes are children, so that each has a link of its own and none shares a fate. */
#include "tests/lib/savers.h"

#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAVERS_MAX = 32, SAVER_TRIES = 40, SAVER_PAUSE_US = 100000, SAVER_LINE_BYTES = 32 };

struct savers {
	struct bed *bed;
	int count;
	pid_t pids[SAVERS_MAX];
};

static volatile sig_atomic_t saver_ends;

static void
saver_end(int signal_number)
{
	(void)signal_number;
	saver_ends = 1;
}

static char *
saver_path(const struct bed *bed, int saver)
{
	return arena_printf(bed->arena, "%s/saver%d", bed->dir, saver);
}

/* The same intention until there is an outcome. 0: none to be had. *troubles: answers without one. */
static int64_t
saver_save(struct client *client, const char *name, int *troubles)
{
	struct uuid intention = link_intention(client->link);

	for (*troubles = 0; *troubles < SAVER_TRIES; (*troubles)++) {
		const Kehu__ServerFrame *answer = client_save_as(client, intention, E_customer,
		    0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL);

		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN)
			return answer->written->id;
		if (!err_retry_safe((enum err)answer->error->code) &&
		    answer->error->code != ERR_UNKNOWN_OUTCOME)
			fatal("a save was refused: %u %s", answer->error->code,
			    answer->error->text);
		usleep(SAVER_PAUSE_US);
	}
	return 0;
}

/* Lines of one length, so that the size of the file counts them. */
static _Noreturn void
saver_run(struct bed *bed, int saver)
{
	FILE *said = fopen(saver_path(bed, saver), "w");
	struct client *client;

	if (said == NULL)
		_exit(1);
	signal(SIGTERM, saver_end);
	client = client_new(bed, "ada", LANG_EN);
	for (int i = 0; !saver_ends; i++) {
		char name[SAVER_LINE_BYTES];
		int troubles;

		snprintf(name, sizeof(name), "saver%d.%d", saver, i);
		int64_t id = saver_save(client, name, &troubles);
		fprintf(said, "%-15s%12" PRId64 "%4d\n", name, id, troubles);
		fflush(said);
		arena_reset(client->arena);
	}
	client_free(client);
	_exit(fclose(said) == 0 ? 0 : 1);
}

/* Lines that all have written together; *each: every one has. */
static int64_t
savers_said(const struct savers *savers, bool *each)
{
	struct stat stat_;
	int64_t lines = 0;

	*each = true;
	for (int i = 0; i < savers->count; i++) {
		if (stat(saver_path(savers->bed, i), &stat_) == 0 && stat_.st_size > 0)
			lines += stat_.st_size / SAVER_LINE_BYTES;
		else
			*each = false;
	}
	return lines;
}

bool
savers_wait(struct savers *savers, int64_t more)
{
	int64_t until_us = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);
	bool each;
	int64_t enough = savers_said(savers, &each) + more;

	while (savers_said(savers, &each) < enough || !each) {
		if (date_monotonic_us() > until_us)
			return false;
		usleep(2000);
	}
	return true;
}

struct savers *
savers_start(struct bed *bed, int count)
{
	struct savers *savers = ARENA_NEW(bed->arena, struct savers);

	*savers =
	    (struct savers){ .bed = bed, .count = count < SAVERS_MAX ? count : SAVERS_MAX };
	fflush(NULL);
	for (int i = 0; i < savers->count; i++) {
		unlink(saver_path(bed, i));
		savers->pids[i] = fork();
		if (savers->pids[i] == 0)
			saver_run(bed, i);
		if (savers->pids[i] < 0)
			fatal("fork");
	}
	/* Signing in takes its time, and is not what is tried. */
	if (!savers_wait(savers, 0))
		fatal("not all savers could sign in and save");
	return savers;
}

/* What was said, as a table beside what is stored. */
static void
savers_load(const struct savers *savers, const char *database)
{
	pg_exec(database, "CREATE TABLE said (name text, id bigint, troubles bigint)");
	for (int i = 0; i < savers->count; i++) {
		FILE *said = fopen(saver_path(savers->bed, i), "r");
		char name[SAVER_LINE_BYTES];
		int64_t id;
		int troubles;

		while (said != NULL && fscanf(said, "%31s %" SCNd64 " %d", name, &id, &troubles) == 3)
			pg_exec(database, "INSERT INTO said VALUES ('%s', %" PRId64 ", %d)", name, id,
			    troubles);
		if (said != NULL)
			fclose(said);
	}
}

struct savers_count
savers_stop(struct savers *savers)
{
	const char *database = savers->bed->database;
	struct savers_count count;

	for (int i = 0; i < savers->count; i++)
		kill(savers->pids[i], SIGTERM);
	for (int i = 0; i < savers->count; i++) {
		int status;

		if (waitpid(savers->pids[i], &status, 0) != savers->pids[i] || status != 0)
			fatal("saver %d failed", i);
	}
	savers_load(savers, database);
	count.acknowledged = pg_int(database, "SELECT count(*) FROM said WHERE id <> 0");
	count.troubles = pg_int(database, "SELECT coalesce(sum(troubles), 0) FROM said");
	count.lost = pg_int(database,
	    "SELECT count(*) FROM said s WHERE s.id <> 0 AND NOT EXISTS (SELECT FROM customer c"
	    " WHERE c.id = s.id AND c.name = s.name)");
	count.doubled = pg_int(database,
	    "SELECT count(*) FROM (SELECT FROM customer WHERE name LIKE 'saver%%.%%'"
	    " GROUP BY name HAVING count(*) > 1) d");
	count.unknown = pg_int(database,
	    "SELECT (SELECT count(*) FROM said WHERE id = 0) + (SELECT count(*) FROM customer c"
	    " WHERE c.name LIKE 'saver%%.%%' AND NOT EXISTS (SELECT FROM said s WHERE s.id <> 0"
	    " AND s.name = c.name))");
	pg_exec(database, "DROP TABLE said");
	return count;
}
