/* Jobs by command: what runs on the server for longer than a request, seen, cancelled, their results fetched; the demo. */
#include "client/admin/admin.h"

#include "common/date.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum err
admin_job_ended(struct cli *cli, const Kehu__JobAnswer *job)
{
	if (strcmp(job->state, "done") == 0)
		return ERR_OK;
	return cli_fail(cli,
	    strcmp(job->state, "cancelled") == 0 ? ERR_CANCELLED : ERR_INTERNAL, job->text,
	    NULL);
}

/* Who can log in comes out as "login, role, name, id, password", for scripts to read. */
enum err
admin_demo(struct cli *cli)
{
	struct buf arguments = BUF_INIT;
	int64_t customers, seed, id = 0;
	Kehu__JobAnswer *job;

	enum err err = cli_number(cli, OPT_CUSTOMERS, 2000, &customers);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_SEED, 1, &seed);
	if (err != ERR_OK)
		return err;
	buf_printf(&arguments, "customers=%" PRId64 " seed=%" PRId64, customers, seed);
	for (size_t i = 0; i < cli->word_count; i++)
		buf_printf(&arguments, " %s", cli->words[i]);
	err = cli_job_start(cli, "demo", buf_text(&arguments), &id);
	buf_fini(&arguments);
	if (err == ERR_OK)
		err = cli_follow(cli, id, &job);
	if (err == ERR_OK)
		err = admin_job_ended(cli, job);
	if (err != ERR_OK)
		return err;
	cli_note(cli, "%s", job->text);
	return cli_job_result(cli, job, "-");
}

static enum err
admin_job_step(struct cli *cli, uint32_t step, Kehu__JobAnswer **job)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job request = KEHU__JOB__INIT;
	Kehu__ServerFrame *answer;
	char *end;

	request.has_step = request.has_id = true;
	request.step = step;
	request.id = strtoll(cli->words[0], &end, 10);
	if (*end != '\0' || request.id <= 0)
		return cli_fail(cli, ERR_USAGE, cli->words[0], NULL);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	enum err err = cli_ask(cli, cli->arena, &frame, NULL, &answer);
	if (err == ERR_OK && answer->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*job = err == ERR_OK ? answer->job : NULL;
	return err;
}

enum err
admin_job_show(struct cli *cli)
{
	Kehu__JobAnswer *job;

	enum err err = admin_job_step(cli, 2, &job);
	if (err != ERR_OK)
		return err;
	cli_print(cli, "%" PRId64 "\t%s\t%s\t%" PRId64 "/%" PRId64 "\t%s", job->id, job->kind,
	    job->state, job->done, job->total, job->text != NULL ? job->text : "");
	return cli_flush(cli);
}

static struct sheet_cell
admin_moment(struct cli *cli, bool known, int64_t us)
{
	return (struct sheet_cell){
		.text = known ? date_format_us(cli->arena, us, cli->offset_min) : NULL
	};
}

static void
admin_job_row(struct cli *cli, struct sheet *sheet, const Kehu__JobAnswer *job)
{
	const char *who = job->has_user ? job->user_label : NULL;

	sheet_row(
	    sheet, (struct sheet_cell[]){
		       { CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, job->id), NULL },
		       { .text = job->state }, { .text = job->kind },
		       { CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, job->done), NULL },
		       { CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, job->total), NULL },
		       { .text = who }, admin_moment(cli, job->has_created_us, job->created_us),
		       admin_moment(cli, job->has_finished_us, job->finished_us),
		       { .text = job->text } });
}

/* Page by page, as a server lists a hundred at a time at most. */
static enum err
admin_job_rows(struct cli *cli, struct sheet *sheet, int64_t limit)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job request = KEHU__JOB__INIT;
	Kehu__ServerFrame *answer;

	request.has_step = request.has_limit = true;
	request.step = 5;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	for (int64_t left = limit; limit == 0 || left > 0;) {
		request.limit = limit == 0 || left > 100 ? 100 : (uint32_t)left;
		enum err err = cli_ask(cli, cli->arena, &frame, NULL, &answer);
		if (err != ERR_OK)
			return err;
		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB)
			return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
		for (size_t i = 0; i < answer->job->n_jobs; i++)
			admin_job_row(cli, sheet, answer->job->jobs[i]);
		if (answer->job->n_jobs == 0)
			return ERR_OK;
		left -= (int64_t)answer->job->n_jobs;
		request.has_id = true;
		request.id = answer->job->jobs[answer->job->n_jobs - 1]->id;
	}
	return ERR_OK;
}

enum err
admin_job_list(struct cli *cli)
{
	const struct sheet_column columns[] = { { "id", "ID" },
		{ "state", cli_say(cli, "State", "状态") },
		{ "kind", cli_say(cli, "Kind", "种类") },
		{ "done", cli_say(cli, "Done", "完成") },
		{ "total", cli_say(cli, "Total", "总数") },
		{ "user", cli_say(cli, "Started by", "发起人") },
		{ "created", cli_say(cli, "Created", "创建时间") },
		{ "finished", cli_say(cli, "Finished", "结束时间") },
		{ "text", cli_say(cli, "Result", "结果") } };
	enum sheet_format format;
	int64_t limit;

	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_LIMIT, 50, &limit);
	if (err != ERR_OK)
		return err;
	struct sheet *sheet = sheet_new(stdout, format, columns,
	    sizeof(columns) / sizeof(columns[0]), cli->options.given & OPT_BIT(HEADER));
	err = admin_job_rows(cli, sheet, limit);
	enum err ended = cli_sheet_end(cli, sheet);
	return err != ERR_OK ? err : ended;
}

enum err
admin_job_cancel(struct cli *cli)
{
	Kehu__JobAnswer *job;

	return admin_job_step(cli, 3, &job);
}

enum err
admin_job_result(struct cli *cli)
{
	const char *path = cli->options.values[OPT_OUTPUT];
	Kehu__JobAnswer *job;

	enum err err = admin_job_step(cli, 2, &job);
	return err == ERR_OK ? cli_job_result(cli, job, path == NULL ? "-" : path) : err;
}
