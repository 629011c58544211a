/*
 * kehu attach: a file up to a record in numbered chunks, or an attachment down into a file.
 * Every step names the record, through which alone a file is reached.
 */
#include "client/cli/cli.h"

#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTACH_CHUNK_BYTES (64 * 1024)

enum attach_step {
	ATTACH_START = 1,
	ATTACH_DATA = 2,
	ATTACH_END = 3,
	ATTACH_READ = 5,
	ATTACH_GIVE_OUT = 6,
	ATTACH_KEEP_IN = 7,
};

struct attach {
	struct cli *cli;
	const Kehu__Entity *entity;
	int64_t record;
};

static enum err
attach_ask(struct attach *attach, struct arena *arena, Kehu__Attach *step,
    enum attach_step number, Kehu__AttachAnswer **result)
{
	struct cli *cli = attach->cli;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;

	step->has_step = step->has_entity = step->has_record = true;
	step->step = number;
	step->entity = attach->entity->number;
	step->record = attach->record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ATTACH;
	frame.attach = step;
	enum err err = cli_ask(cli, arena, &frame, NULL, &answer);
	if (err != ERR_OK)
		return err;
	/* Repeated after a broken link, start and end give their stored outcome. */
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		*result = ARENA_NEW(arena, Kehu__AttachAnswer);
		kehu__attach_answer__init(*result);
		(*result)->has_id = true;
		(*result)->id = answer->written->id;
		return ERR_OK;
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ATTACH)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*result = answer->attach;
	return ERR_OK;
}

/* ---- down ---- */

static enum err
attach_fetch(struct attach *attach, int64_t id, const char *path)
{
	struct cli *cli = attach->cli;
	Kehu__Attach step = KEHU__ATTACH__INIT;
	struct cli_file file;

	step.has_id = step.has_chunk = true;
	step.id = id;
	enum err err = cli_file_open(cli, &file, path);
	if (err != ERR_OK)
		return err;
	for (bool last = false; err == ERR_OK && !last; step.chunk++) {
		struct arena *arena = arena_new(0);
		Kehu__AttachAnswer *answer;

		err = attach_ask(attach, arena, &step, ATTACH_READ, &answer);
		if (err == ERR_OK) {
			fwrite(answer->data.data, 1, answer->data.len, file.stream);
			last = answer->last || answer->data.len == 0;
		}
		arena_free(arena);
	}
	enum err closed = cli_file_close(cli, &file, err == ERR_OK);
	return err != ERR_OK ? err : closed;
}

enum err
cli_attach_fetch(struct cli *cli, const Kehu__Entity *entity, int64_t record, int64_t id,
    const char *path)
{
	struct attach attach = { .cli = cli, .entity = entity, .record = record };

	return attach_fetch(&attach, id, path);
}

static enum err
attach_take_id(struct attach *attach, const char *word, int64_t *id)
{
	char *end;

	*id = strtoll(word[0] == '#' ? word + 1 : word, &end, 10);
	if (*end != '\0' || *id <= 0)
		return cli_fail(attach->cli, ERR_USAGE, word, "attach --get|--give-out|--keep-in ENTITY ID ATTACHMENT");
	return ERR_OK;
}

static enum err
attach_get(struct attach *attach, const char *word)
{
	const char *path = attach->cli->options.values[OPT_OUTPUT];
	int64_t id;
	enum err err = attach_take_id(attach, word, &id);

	return err == ERR_OK ? attach_fetch(attach, id, path == NULL ? "-" : path) : err;
}

/* Whether the customer's own people see it, too. */
static enum err
attach_give_out(struct attach *attach, const char *word, bool out)
{
	Kehu__Attach step = KEHU__ATTACH__INIT;
	Kehu__AttachAnswer *answer;
	enum err err = attach_take_id(attach, word, &step.id);

	step.has_id = true;
	if (err == ERR_OK)
		err = attach_ask(attach, attach->cli->arena, &step, out ? ATTACH_GIVE_OUT : ATTACH_KEEP_IN, &answer);
	return err;
}

/* ---- up ---- */

static enum err
attach_send(struct attach *attach, const char *path, FILE *file, int64_t id, EVP_MD_CTX *sum)
{
	uint8_t *data = arena_alloc(attach->cli->arena, ATTACH_CHUNK_BYTES);
	Kehu__Attach step = KEHU__ATTACH__INIT;
	enum err err = ERR_OK;

	step.has_id = step.has_chunk = step.has_data = true;
	step.id = id;
	for (; err == ERR_OK; step.chunk++) {
		struct arena *arena = arena_new(0);
		Kehu__AttachAnswer *answer;

		step.data = (ProtobufCBinaryData){ .data = data,
			.len = fread(data, 1, ATTACH_CHUNK_BYTES, file) };
		EVP_DigestUpdate(sum, data, step.data.len);
		if (step.data.len > 0)
			err = attach_ask(attach, arena, &step, ATTACH_DATA, &answer);
		arena_free(arena);
		if (step.data.len < ATTACH_CHUNK_BYTES)
			break;
	}
	if (err == ERR_OK && ferror(file))
		err = cli_fail(attach->cli, ERR_FILE_SYSTEM, path, strerror(errno));
	return err;
}

static enum err
attach_start(struct attach *attach, const char *path, FILE *file, int64_t *id)
{
	struct cli *cli = attach->cli;
	const char *slash = strrchr(path, '/');
	Kehu__Attach start = KEHU__ATTACH__INIT;
	Kehu__AttachAnswer *answer;
	struct stat status;

	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
		return cli_fail(cli, ERR_FILE_SYSTEM, path,
		    cli_say(cli, "not a regular file", "不是普通文件"));
	start.name = arena_strdup(cli->arena, slash == NULL ? path : slash + 1);
	start.has_bytes = true;
	start.bytes = (uint64_t)status.st_size;
	enum err err = attach_ask(attach, cli->arena, &start, ATTACH_START, &answer);
	if (err == ERR_OK)
		*id = answer->id;
	return err;
}

/* The end carries the file's SHA-256, so that what is stored is what was read here. */
static enum err
attach_put(struct attach *attach, const char *path, FILE *file)
{
	struct cli *cli = attach->cli;
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	Kehu__Attach end = KEHU__ATTACH__INIT;
	Kehu__AttachAnswer *answer;
	uint8_t hash[32];

	if (sum == NULL || EVP_DigestInit_ex(sum, EVP_sha256(), NULL) != 1)
		fatal("no SHA-256");
	end.has_id = end.has_data = true;
	enum err err = attach_start(attach, path, file, &end.id);
	if (err == ERR_OK)
		err = attach_send(attach, path, file, end.id, sum);
	EVP_DigestFinal_ex(sum, hash, NULL);
	EVP_MD_CTX_free(sum);
	end.data = (ProtobufCBinaryData){ .data = hash, .len = sizeof(hash) };
	if (err == ERR_OK)
		err = attach_ask(attach, cli->arena, &end, ATTACH_END, &answer);
	if (err != ERR_OK)
		return err;
	cli_print(cli, "%" PRId64, end.id);
	return cli_flush(cli);
}

enum err
cli_attach(struct cli *cli)
{
	struct attach attach = { .cli = cli };

	enum err err = cli_entity(cli, cli->words[0], &attach.entity);
	if (err == ERR_OK)
		err = cli_id(cli, attach.entity, cli->words[1], &attach.record);
	if (err != ERR_OK)
		return err;
	if (cli->options.given & OPT_BIT(GET))
		return attach_get(&attach, cli->words[2]);
	if (cli->options.given & (OPT_BIT(GIVE_OUT) | OPT_BIT(KEEP_IN)))
		return attach_give_out(&attach, cli->words[2], (cli->options.given & OPT_BIT(GIVE_OUT)) != 0);
	FILE *file = fopen(cli->words[2], "re");
	if (file == NULL)
		return cli_fail(cli, ERR_FILE_SYSTEM, cli->words[2], strerror(errno));
	err = attach_put(&attach, cli->words[2], file);
	fclose(file);
	return err;
}
