/* jobs: what runs or ran on the server for the user; fetch: what such a job made; cancel. */
#include "client/cli/cli.h"

#include "common/date.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_DEFAULT = 20, JOBS_COLUMNS = 7 };

enum jobs_step { JOBS_CANCEL = 3, JOBS_LIST = 5 };

static enum err
jobs_ask(struct cli *cli, enum jobs_step step, int64_t id, int64_t limit, Kehu__JobAnswer **job)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job request = KEHU__JOB__INIT;
	Kehu__ServerFrame *answer;
	enum err err;

	request.has_step = true;
	request.step = step;
	request.has_id = id != 0;
	request.id = id;
	request.has_limit = limit > 0;
	request.limit = (uint32_t)limit;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	err = cli_ask(cli, cli->arena, &frame, NULL, &answer);
	if (err == ERR_OK && answer->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*job = err == ERR_OK ? answer->job : NULL;
	return err;
}

static const char *
jobs_state(struct cli *cli, enum sheet_format format, const Kehu__JobAnswer *job)
{
	static const char *const words[][3] = { { "waiting", "waiting", "等待" },
		{ "running", "running", "进行中" }, { "done", "done", "完成" },
		{ "failed", "failed", "失败" }, { "cancelled", "cancelled", "已取消" } };

	if (job->fetched)
		return format == SHEET_TABLE ? cli_say(cli, "fetched", "已取走") : "fetched";
	for (size_t i = 0; format == SHEET_TABLE && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], job->state) == 0)
			return cli_say(cli, words[i][1], words[i][2]);
	return job->state;
}

enum err
cli_jobs(struct cli *cli)
{
	const struct sheet_column columns[JOBS_COLUMNS] = { { "id", "ID" },
		{ "kind", cli_say(cli, "Kind", "种类") },
		{ "state", cli_say(cli, "State", "状态") },
		{ "done", cli_say(cli, "Done", "已处理") },
		{ "title", cli_say(cli, "What", "内容") },
		{ "text", cli_say(cli, "Outcome", "结果") },
		{ "created", cli_say(cli, "Started", "开始时间") } };
	enum sheet_format format;
	Kehu__JobAnswer *list;
	struct sheet *sheet;
	int64_t limit;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	if (err == ERR_OK)
		err = cli_number(cli, OPT_LIMIT, JOBS_DEFAULT, &limit);
	if (err == ERR_OK)
		err = jobs_ask(cli, JOBS_LIST, 0, limit, &list);
	if (err != ERR_OK)
		return err;
	sheet = sheet_new(
	    stdout, format, columns, JOBS_COLUMNS, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < list->n_jobs; i++) {
		const Kehu__JobAnswer *job = list->jobs[i];

		sheet_row(sheet,
		    (struct sheet_cell[JOBS_COLUMNS]){
			{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, job->id), NULL },
			{ .text = job->kind }, { .text = jobs_state(cli, format, job) },
			{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, job->done), NULL },
			{ .text = job->title }, { .text = job->text },
			{ .text = date_format_us(
			      cli->arena, job->created_us, cli->offset_min) } });
	}
	return cli_sheet_end(cli, sheet);
}

/* A job by its number, or the approval it came of by its: "AP2611-000012". */
static enum err
jobs_id(struct cli *cli, const char *word, int64_t *id)
{
	const Kehu__Entity *approval = cat_entity_called(cli->cat, "approval");
	const Kehu__Field *field;
	const Kehu__Value *value;
	Kehu__Record *record;
	enum err err;

	*id = strtoll(word, NULL, 10);
	if (word[0] != '\0' && word[strspn(word, "0123456789")] == '\0')
		return ERR_OK;
	if (approval == NULL)
		return cli_fail(cli, ERR_NO_SUCH_RECORD, word, NULL);
	err = cli_id(cli, approval, word, id);
	if (err == ERR_OK)
		err = cli_read(cli, approval, *id, &record);
	if (err != ERR_OK)
		return err;
	field = cat_field_called(approval, "job_id");
	value = field != NULL ? cat_value(record, field->number) : NULL;
	if (value == NULL || !value->has_number)
		return cli_fail(cli, ERR_WRONG_STATE, word,
		    cli_say(cli, "no file has come of this approval", "此审批尚未生成文件"));
	*id = value->number;
	return ERR_OK;
}

enum err
cli_fetch(struct cli *cli)
{
	const char *path = cli->options.values[OPT_OUTPUT];
	int64_t id;
	enum err err = jobs_id(cli, cli->words[0], &id);

	return err == ERR_OK ? cli_job_fetch(cli, id, path != NULL ? path : "-") : err;
}

enum err
cli_cancel(struct cli *cli)
{
	Kehu__JobAnswer *job;
	int64_t id;
	enum err err = jobs_id(cli, cli->words[0], &id);

	if (err == ERR_OK)
		err = jobs_ask(cli, JOBS_CANCEL, id, 0, &job);
	if (err != ERR_OK)
		return err;
	cli_print(cli, "%s", jobs_state(cli, SHEET_TABLE, job));
	return cli_flush(cli);
}
