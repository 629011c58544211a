/* kehu attach: a file up to a record in numbered chunks, or an attachment down into a file. */
#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTACH_CHUNK_BYTES (64 * 1024)

enum attach_step { ATTACH_START = 1, ATTACH_DATA = 2, ATTACH_END = 3, ATTACH_READ = 5 };

static enum err
attach_ask(struct cli *cli, struct arena *arena, Kehu__Attach *step, enum attach_step number,
    Kehu__AttachAnswer **attach)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;

	step->has_step = true;
	step->step = number;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ATTACH;
	frame.attach = step;
	enum err err = cli_ask(cli, arena, &frame, NULL, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ATTACH)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*attach = answer->attach;
	return ERR_OK;
}

/* ---- down ---- */

static enum err
attach_get(struct cli *cli)
{
	Kehu__Attach step = KEHU__ATTACH__INIT;
	const char *path = cli->options.values[OPT_OUTPUT];
	struct cli_file file;
	char *end;

	step.has_id = step.has_chunk = true;
	step.id = strtoll(cli->words[0], &end, 10);
	if (*end != '\0' || step.id <= 0 || cli->word_count != 1)
		return cli_fail(cli, ERR_USAGE, cli->words[0], "attach --get ID -o FILE");
	if (path == NULL)
		return cli_fail(cli, ERR_USAGE, "attach --get", "-o FILE");
	enum err err = cli_file_open(cli, &file, path);
	if (err != ERR_OK)
		return err;
	for (bool last = false; err == ERR_OK && !last; step.chunk++) {
		struct arena *arena = arena_new(0);
		Kehu__AttachAnswer *answer;

		err = attach_ask(cli, arena, &step, ATTACH_READ, &answer);
		if (err == ERR_OK) {
			fwrite(answer->data.data, 1, answer->data.len, file.stream);
			last = answer->last || answer->data.len == 0;
		}
		arena_free(arena);
	}
	enum err closed = cli_file_close(cli, &file, err == ERR_OK);
	return err != ERR_OK ? err : closed;
}

/* ---- up ---- */

static enum err
attach_send(struct cli *cli, const char *path, FILE *file, int64_t id)
{
	uint8_t *data = arena_alloc(cli->arena, ATTACH_CHUNK_BYTES);
	Kehu__Attach step = KEHU__ATTACH__INIT;
	enum err err = ERR_OK;

	step.has_id = step.has_chunk = step.has_data = true;
	step.id = id;
	for (; err == ERR_OK; step.chunk++) {
		struct arena *arena = arena_new(0);
		Kehu__AttachAnswer *answer;

		step.data = (ProtobufCBinaryData){ .data = data,
			.len = fread(data, 1, ATTACH_CHUNK_BYTES, file) };
		if (step.data.len > 0)
			err = attach_ask(cli, arena, &step, ATTACH_DATA, &answer);
		arena_free(arena);
		if (step.data.len < ATTACH_CHUNK_BYTES)
			break;
	}
	if (err == ERR_OK && ferror(file))
		err = cli_fail(cli, ERR_FILE_SYSTEM, path, strerror(errno));
	return err;
}

static enum err
attach_put(
    struct cli *cli, const Kehu__Entity *entity, int64_t record, const char *path, FILE *file)
{
	Kehu__Attach start = KEHU__ATTACH__INIT, end = KEHU__ATTACH__INIT;
	const char *slash = strrchr(path, '/');
	Kehu__AttachAnswer *answer;
	struct stat status;

	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
		return cli_fail(cli, ERR_FILE_SYSTEM, path,
		    cli_say(cli, "not a regular file", "不是普通文件"));
	start.has_entity = start.has_record = start.has_bytes = true;
	start.entity = entity->number;
	start.record = record;
	start.name = arena_strdup(cli->arena, slash == NULL ? path : slash + 1);
	start.bytes = (uint64_t)status.st_size;
	enum err err = attach_ask(cli, cli->arena, &start, ATTACH_START, &answer);
	if (err == ERR_OK)
		err = attach_send(cli, path, file, answer->id);
	if (err != ERR_OK)
		return err;
	end.has_id = true;
	end.id = answer->id;
	err = attach_ask(cli, cli->arena, &end, ATTACH_END, &answer);
	if (err != ERR_OK)
		return err;
	cli_print(cli, "%" PRId64, answer->has_id ? answer->id : end.id);
	return cli_flush(cli);
}

enum err
cli_attach(struct cli *cli)
{
	const Kehu__Entity *entity;
	int64_t record;

	if (cli->options.given & OPT_BIT(GET))
		return attach_get(cli);
	if (cli->word_count != 3)
		return cli_fail(cli, ERR_USAGE, "attach", "attach ENTITY ID FILE");
	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &record);
	if (err != ERR_OK)
		return err;
	FILE *file = fopen(cli->words[2], "re");
	if (file == NULL)
		return cli_fail(cli, ERR_FILE_SYSTEM, cli->words[2], strerror(errno));
	err = attach_put(cli, entity, record, cli->words[2], file);
	fclose(file);
	return err;
}
