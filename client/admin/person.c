/*
 * kehu-admin person: where somebody occurs, everything kept of them in files, erasing them, the
 * journal of that and doing it again after a restore. Correcting is an ordinary save (cli_set).
 */
#include "client/admin/person.h"

#include "common/date.h"
#include "common/uuid.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PERSON_REPLAY_MAX 1000

enum person_step {
	PERSON_FIND = 1,
	PERSON_EVERYTHING,
	PERSON_ERASE,
	PERSON_JOURNAL,
	PERSON_REPLAY,
	PERSON_RETENTION
};

static enum err
person_ask(struct cli *cli, struct arena *arena, enum person_step step, Kehu__Person *request,
    const Kehu__PersonAnswer **answer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *got;
	enum err err;

	request->has_step = true;
	request->step = step;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PERSON;
	frame.person = request;
	err = cli_ask(cli, arena, &frame, NULL, &got);
	if (err == ERR_OK && got->answer_case != KEHU__SERVER_FRAME__ANSWER_PERSON)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*answer = err == ERR_OK ? got->person : NULL;
	return err;
}

static bool
person_id(const char *word, int64_t *id)
{
	char *end;

	errno = 0;
	*id = strtoll(word[0] == '#' ? word + 1 : word, &end, 10);
	return errno == 0 && *end == '\0' && *id > 0;
}

static enum err
person_need_id(struct cli *cli, Kehu__Person *request)
{
	request->has_record = true;
	return person_id(cli->words[0], &request->record)
		   ? ERR_OK
		   : cli_fail(cli, ERR_USAGE, cli->words[0], cli->command->usage);
}

static void
person_put_rows(struct cli *cli, struct sheet *sheet, const Kehu__PersonAnswer *answer)
{
	for (size_t i = 0; i < answer->n_rows; i++) {
		const Kehu__PersonRow *row = answer->rows[i];

		sheet_row(sheet,
		    (struct sheet_cell[]){ { .text = row->entity },
			{ .kind = CELL_NUMBER,
			    .text = arena_printf(cli->arena, "%" PRId64, row->record) },
			{ .text = row->place },
			{ .kind = CELL_NUMBER,
			    .text = arena_printf(cli->arena, "%" PRIu64, row->count) } });
	}
}

/* By "#12" one person's places; by text whoever has it, else by a bare number that one. */
enum err
admin_person_find(struct cli *cli)
{
	const struct sheet_column columns[] = { { "entity", cli_say(cli, "Kind", "类别") },
		{ "record", cli_say(cli, "Record", "记录") },
		{ "place", cli_say(cli, "Where", "位置") },
		{ "count", cli_say(cli, "Times", "次数") } };
	Kehu__Person request = KEHU__PERSON__INIT;
	const Kehu__PersonAnswer *answer;
	enum sheet_format format;
	struct sheet *sheet;
	int64_t id;
	bool is_id = person_id(cli->words[0], &id);
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	if (err == ERR_OK && cli->words[0][0] != '#') {
		request.text = arena_strdup(cli->arena, cli->words[0]);
		err = person_ask(cli, cli->arena, PERSON_FIND, &request, &answer);
		is_id = is_id && err == ERR_OK && answer->n_rows == 0;
	}
	if (err == ERR_OK && is_id) {
		request.has_record = true;
		request.record = id;
		err = person_ask(cli, cli->arena, PERSON_FIND, &request, &answer);
	} else if (err == ERR_OK && cli->words[0][0] == '#') {
		err = cli_fail(cli, ERR_USAGE, cli->words[0], cli->command->usage);
	}
	if (err != ERR_OK)
		return err;
	sheet =
	    sheet_new(stdout, format, columns, 4, cli->options.given & OPT_BIT(HEADER));
	person_put_rows(cli, sheet, answer);
	return cli_sheet_end(cli, sheet);
}

/* ---- everything --------------------------------------------------------------------------- */

struct person_file {
	int64_t id;
	struct person_file *next;
};

/* Page after page of JSON lines; files of the record are noted in *files. */
static enum err
person_put_everything(
    struct cli *cli, FILE *stream, Kehu__Person *request, const char **entity, struct person_file **files)
{
	const Kehu__PersonAnswer *answer;
	enum err err;

	request->has_from = true;
	do {
		err = person_ask(cli, cli->arena, PERSON_EVERYTHING, request, &answer);
		if (err != ERR_OK)
			return err;
		for (size_t i = 0; i < answer->n_rows; i++) {
			const Kehu__PersonRow *row = answer->rows[i];

			fprintf(stream, "{\"kind\":\"%s\",\"id\":%" PRId64 ",\"place\":\"%s\",\"data\":%s}\n",
			    row->entity, row->record, row->place, row->text);
			if (strcmp(row->place, "record") == 0)
				*entity = row->entity;
			if (strcmp(row->entity, "attachment") == 0) {
				struct person_file *file =
				    ARENA_NEW(cli->arena, struct person_file);

				*file = (struct person_file){ row->record, *files };
				*files = file;
			}
		}
		request->from += answer->n_rows;
	} while (answer->more);
	return ERR_OK;
}

enum err
admin_person_export(struct cli *cli)
{
	Kehu__Person request = KEHU__PERSON__INIT;
	const char *dir = cli->options.values[OPT_OUTPUT], *kind = NULL;
	const Kehu__Entity *entity;
	struct person_file *files = NULL;
	struct cli_file file;
	enum err err = person_need_id(cli, &request), closed;

	if (err == ERR_OK && dir == NULL)
		return cli_fail(cli, ERR_USAGE, "-o", cli->command->usage);
	if (err == ERR_OK && mkdir(dir, 0700) != 0 && errno != EEXIST)
		return cli_fail(cli, ERR_FILE_SYSTEM, dir, strerror(errno));
	if (err == ERR_OK)
		err = cli_file_open(cli, &file, arena_printf(cli->arena, "%s/person.jsonl", dir));
	if (err != ERR_OK)
		return err;
	err = person_put_everything(cli, file.stream, &request, &kind, &files);
	closed = cli_file_close(cli, &file, err == ERR_OK);
	if (err == ERR_OK)
		err = closed;
	if (err == ERR_OK && files != NULL)
		err = cli_entity(cli, kind, &entity);
	for (; err == ERR_OK && files != NULL; files = files->next)
		err = cli_attach_fetch(cli, entity, request.record, files->id,
		    arena_printf(cli->arena, "%s/file-%" PRId64, dir, files->id));
	return err;
}

/* ---- erasing ------------------------------------------------------------------------------ */

static void
person_intend(struct cli *cli, Kehu__Person *request)
{
	struct uuid id = uuid_new();

	request->has_intention = true;
	request->intention.len = sizeof(id.bytes);
	request->intention.data = arena_memdup(cli->arena, id.bytes, sizeof(id.bytes));
}

enum err
admin_person_erase(struct cli *cli)
{
	Kehu__Person request = KEHU__PERSON__INIT;
	const Kehu__PersonAnswer *answer;
	enum err err = person_need_id(cli, &request);

	if (err != ERR_OK)
		return err;
	request.text = arena_strdup(cli->arena, cli->options.values[OPT_REASON]);
	person_intend(cli, &request);
	err = person_ask(cli, cli->arena, PERSON_ERASE, &request, &answer);
	if (err != ERR_OK)
		return err;
	cli_print(cli, cli_say(cli, "Erased: #%" PRId64, "已删除：#%" PRId64), request.record);
	return cli_flush(cli);
}

/* A line each: kind, id, microseconds since 1970. */
enum err
admin_person_journal(struct cli *cli)
{
	Kehu__Person request = KEHU__PERSON__INIT;
	const char *path = cli->options.values[OPT_OUTPUT];
	const Kehu__PersonAnswer *answer;
	struct cli_file file;
	enum err err = cli_file_open(cli, &file, path != NULL ? path : "-"), closed;

	if (err != ERR_OK)
		return err;
	request.has_from = true;
	do {
		err = person_ask(cli, cli->arena, PERSON_JOURNAL, &request, &answer);
		for (size_t i = 0; err == ERR_OK && i < answer->n_rows; i++)
			fprintf(file.stream, "%s %" PRId64 " %" PRId64 "\n", answer->rows[i]->entity,
			    answer->rows[i]->record, answer->rows[i]->at_us);
		request.from += err == ERR_OK ? answer->n_rows : 0;
	} while (err == ERR_OK && answer->more);
	closed = cli_file_close(cli, &file, err == ERR_OK);
	return err != ERR_OK ? err : closed;
}

static enum err
person_send_replay(struct cli *cli, Kehu__Person *request, uint64_t *done)
{
	const Kehu__PersonAnswer *answer;
	enum err err;

	if (request->n_erased == 0)
		return ERR_OK;
	person_intend(cli, request);
	err = person_ask(cli, cli->arena, PERSON_REPLAY, request, &answer);
	if (err == ERR_OK)
		*done += answer->done;
	request->n_erased = 0;
	return err;
}

static bool
person_parse_line(struct cli *cli, const char *line, Kehu__PersonRow **row)
{
	char entity[61], rest[2];
	int64_t record, at_us;

	if (sscanf(line, "%60s %" SCNd64 " %" SCNd64 " %1s", entity, &record, &at_us, rest) != 3)
		return false;
	*row = ARENA_NEW(cli->arena, Kehu__PersonRow);
	kehu__person_row__init(*row);
	(*row)->entity = arena_strdup(cli->arena, entity);
	(*row)->has_record = (*row)->has_at_us = true;
	(*row)->record = record;
	(*row)->at_us = at_us;
	return true;
}

enum err
admin_person_replay(struct cli *cli)
{
	Kehu__Person request = KEHU__PERSON__INIT;
	FILE *file = fopen(cli->words[0], "r");
	uint64_t done = 0;
	char line[200];
	enum err err = ERR_OK;

	if (file == NULL)
		return cli_fail(cli, ERR_FILE_SYSTEM, cli->words[0], strerror(errno));
	request.erased = ARENA_ARRAY(cli->arena, Kehu__PersonRow *, PERSON_REPLAY_MAX);
	while (err == ERR_OK && fgets(line, sizeof line, file) != NULL) {
		if (!person_parse_line(cli, line, &request.erased[request.n_erased])) {
			line[strcspn(line, "\n")] = '\0';
			err = cli_fail(cli, ERR_INVALID, line,
			    cli_say(cli, "a line is: kind id microseconds", "每行为：类别 编号 微秒"));
			break;
		}
		if (++request.n_erased == PERSON_REPLAY_MAX)
			err = person_send_replay(cli, &request, &done);
	}
	fclose(file);
	if (err == ERR_OK)
		err = person_send_replay(cli, &request, &done);
	if (err != ERR_OK)
		return err;
	cli_print(cli, cli_say(cli, "Erased again: %" PRIu64, "重新删除：%" PRIu64), done);
	return cli_flush(cli);
}

enum err
admin_person_retention(struct cli *cli)
{
	const struct sheet_column columns[] = { { "what", cli_say(cli, "What", "数据") },
		{ "count", cli_say(cli, "Records", "记录数") } };
	Kehu__Person request = KEHU__PERSON__INIT;
	const Kehu__PersonAnswer *answer;
	enum sheet_format format;
	struct sheet *sheet;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	if (err != ERR_OK)
		return err;
	request.has_dry_run = true;
	request.dry_run = (cli->options.given & OPT_BIT(DRY_RUN)) != 0;
	if (!request.dry_run)
		person_intend(cli, &request);
	err = person_ask(cli, cli->arena, PERSON_RETENTION, &request, &answer);
	if (err != ERR_OK)
		return err;
	sheet =
	    sheet_new(stdout, format, columns, 2, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < answer->n_rows; i++)
		sheet_row(sheet,
		    (struct sheet_cell[]){ { .text = answer->rows[i]->entity },
			{ .kind = CELL_NUMBER,
			    .text = arena_printf(
				cli->arena, "%" PRIu64, answer->rows[i]->count) } });
	return cli_sheet_end(cli, sheet);
}
