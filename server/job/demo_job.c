/*
 * The demo company as a job: arguments to options, progress to the job's row, the people to
 * log in as to its result.
 *
 * The load works as the owner of the tables, on a connection of its own, which the server's
 * login to the database must be allowed to; a production server's need not be.
 */
#include "server/job/job.h"

#include "common/date.h"
#include "common/log.h"
#include "server/job/demo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEMO_CUSTOMERS	       2000
#define DEMO_CUSTOMERS_MAX     5000000
#define DEMO_SEED	       1
#define DEMO_PASSWORD_CHARS    16
#define DEMO_LOCK_TIMEOUT_MS   30000

struct demo_job {
	struct job *job;
	char password[DEMO_PASSWORD_CHARS + 1];
	const char *hash;
};

/* Without characters that are easily taken for each other. */
static void
demo_job_make_password(struct demo_job *demo)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[DEMO_PASSWORD_CHARS];

	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < DEMO_PASSWORD_CHARS; i++)
		demo->password[i] = letters[random[i] % (sizeof(letters) - 1)];
	demo->password[DEMO_PASSWORD_CHARS] = '\0';
	demo->hash = password_hash(demo->job->arena, password_cost_default, demo->password);
}

static const char *
demo_job_password(void *to, const char *login)
{
	const struct demo_job *demo = to;

	(void)login;
	return demo->hash;
}

static bool
demo_job_progress(void *to, uint64_t done, uint64_t total)
{
	struct demo_job *demo = to;

	return job_progress(demo->job, (int64_t)done, (int64_t)total);
}

/* ---- arguments --------------------------------------------------------------------------- */

/* A whole number within bounds; absent: the usual one. */
static bool
demo_job_number(struct job *job, const char *name, uint64_t usual, uint64_t max, uint64_t *number)
{
	const char *text = job_argument(job, name);
	char *end;

	*number = usual;
	if (text == NULL)
		return true;
	*number = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number <= max)
		return true;
	job_say(job, "%s must be a whole number from 0 to %" PRIu64, "%s 须为 0 到 %" PRIu64 " 的整数",
	    name, max);
	return false;
}

static enum err
demo_job_options(struct job *job, struct demo_options *options)
{
	const char *today = job_argument(job, "today");
	uint64_t append;

	if (!demo_job_number(job, "customers", DEMO_CUSTOMERS, DEMO_CUSTOMERS_MAX,
		&options->customers) ||
	    !demo_job_number(job, "seed", DEMO_SEED, UINT64_MAX, &options->seed) ||
	    !demo_job_number(job, "append", 0, 1, &append))
		return ERR_INVALID;
	options->append = append == 1;
	options->today = call_today(job->call);
	if (today != NULL && date_parse(today, options->today, true, &options->today) != ERR_OK) {
		job_say(job, "today is not a date", "today 不是有效的日期");
		return ERR_NOT_A_DATE;
	}
	if (options->append && job->attempts > 1) {
		/* Nobody knows whether the first run's customers are there. */
		job_say(job, "Interrupted; look how many customers there are before adding more",
		    "已中断；请先查看现有客户数再追加");
		return ERR_UNKNOWN_OUTCOME;
	}
	return ERR_OK;
}

/* ---- the end ----------------------------------------------------------------------------- */

static void
demo_job_explain(struct job *job, const struct store *store, enum err err)
{
	if (err == ERR_DUPLICATE && strcmp(store_state(store), "23505") == 0)
		job_say(job, "Branches or people of a demo company are there already; use append=1",
		    "演示公司的网点或人员已存在，请使用 append=1");
	else if (err == ERR_DUPLICATE)
		job_say(job, "There are customers already; a demo company needs an empty database, or append=1",
		    "数据库中已有客户；演示公司需要空数据库，或使用 append=1");
	else if (err == ERR_WRONG_STATE)
		job_say(job, "There is nobody who could own customers; make account managers first",
		    "没有可负责客户的人员，请先建立客户经理");
	else if (strcmp(store_state(store), "42501") == 0)
		job_say(job, "The server's database login may not work as kehu_owner",
		    "服务器的数据库账号不能以 kehu_owner 身份工作");
}

/* Login, role, name, id, password: one line for each person. */
static enum err
demo_job_tell(const struct demo_job *demo, const struct demo_result *result)
{
	struct job *job = demo->job;
	struct buf out = BUF_INIT;
	enum err err;

	for (size_t i = 0; i < result->user_count; i++) {
		const struct demo_user *user = &result->users[i];

		buf_printf(&out, "%s\t%s\t%s\t%" PRId64 "\t%s\n", user->login, user->role, user->label,
		    user->id, demo->password);
	}
	err = job_result(job, out.data, out.bytes);
	buf_fini(&out);
	job_say(job, "%" PRIu64 " customers, %" PRIu64 " contacts, %" PRIu64 " visits in %" PRId64 " s",
	    "%" PRIu64 " 个客户，%" PRIu64 " 个联系人，%" PRIu64 " 次拜访，用时 %" PRId64 " 秒",
	    result->customers, result->contacts, result->visits,
	    (result->make_us + result->load_us) / US_PER_SECOND);
	return err;
}

/* So that its list of likely duplicates is not empty. */
static enum err
demo_job_scan(struct job *job, void *to)
{
	struct rows *rows;

	(void)to;
	call_begin(job->call, true);
	job_queue(job->call, "duplicates", "", &rows);
	return store_flush(job->call->store, job->call->arena);
}

enum err
demo_job_run(struct job *job)
{
	const struct server_settings *settings = &job->worker->server->settings;
	struct demo_job demo = { .job = job };
	struct demo_result result = { 0 };
	struct demo_options options = {
		.password = demo_job_password,
		.progress = demo_job_progress,
		.to = &demo,
	};
	struct store *store;
	enum err err = demo_job_options(job, &options);

	if (err != ERR_OK)
		return err;
	demo_job_make_password(&demo);
	store = store_new(&(struct store_options){
	    .conninfo = settings->database_connection,
	    .role = "kehu_owner",
	    .lock_timeout_ms = DEMO_LOCK_TIMEOUT_MS,
	    .application = "kehud demo",
	    .need_primary = true,
	});
	err = demo_run(store, job->arena, &options, &result);
	if (err == ERR_OK)
		err = demo_job_tell(&demo, &result);
	else
		demo_job_explain(job, store, err);
	if (err == ERR_OK)
		err = job_transaction(job, demo_job_scan, NULL);
	store_free(store);
	return err;
}
