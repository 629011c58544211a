/*
 * kehu import: the file goes up in chunks of 64 KiB, the server makes a job of it, the job is
 * followed. Nothing is done before the last chunk, so that a broken link only means beginning
 * again.
 */
#include "client/cli/cli.h"

#include "common/date.h"
#include "common/text.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMPORT_CHUNK_BYTES (64 * 1024)
#define IMPORT_AHEAD       4
#define IMPORT_COLUMNS     1000

enum import_step { IMPORT_START = 1, IMPORT_DATA = 2, IMPORT_END = 3, IMPORT_GIVE_UP = 4 };

struct import {
	struct cli *cli;
	const Kehu__Entity *entity;
	const char *path;
	int fd;
	int64_t bytes, sent; /* bytes 0: not known (a pipe) */
	Kehu__Mapping **map;
	size_t map_count;
	int64_t id, job;
	int64_t told_us;
	/* chunks under way: their requests, by chunk number */
	uint32_t numbers[IMPORT_AHEAD];
	uint32_t chunk;
	size_t waiting;
	enum err err;
	Kehu__ServerFrame *refusal;
};

/* ---- the map: field = "Column"; level = "=A"; customer_phone = { number = "Phone"; }; ---- */

static enum err
import_map_error(struct import *import, const config_setting_t *setting, const char *what)
{
	struct cli *cli = import->cli;

	return cli_fail(cli, ERR_NO_SUCH_FIELD,
	    arena_printf(cli->arena, "%s:%d: %s", cli->options.values[OPT_MAP],
		config_setting_source_line(setting), config_setting_name(setting)),
	    what);
}

static enum err
import_map_one(struct import *import, const config_setting_t *setting,
    const Kehu__Entity *entity, const Kehu__Entity *line)
{
	struct cli *cli = import->cli;
	const char *text = config_setting_get_string(setting),
		   *name = config_setting_name(setting);
	const Kehu__Field *field = cat_field_called(line != NULL ? line : entity, name);
	Kehu__Mapping *mapping = ARENA_NEW(cli->arena, Kehu__Mapping);
	const char *near;

	if (field == NULL) {
		near = cat_field_nearest(line != NULL ? line : entity, name);
		return import_map_error(import, setting,
		    near == NULL
			? NULL
			: arena_printf(cli->arena,
			      cli_say(cli, "did you mean %s?", "是否想用 %s？"), near));
	}
	if (text == NULL)
		return import_map_error(import, setting,
		    cli_say(cli, "the column's name must be a text in quotes",
			"列名应为引号中的文字"));
	if (import->map_count == IMPORT_COLUMNS)
		return cli_fail(cli, ERR_TOO_MANY, cli->options.values[OPT_MAP], NULL);
	kehu__mapping__init(mapping);
	mapping->field = line == NULL
			     ? arena_strdup(cli->arena, field->name)
			     : arena_printf(cli->arena, "%s.%s", line->name, field->name);
	if (text[0] == '=')
		mapping->value = arena_strdup(cli->arena, text + 1);
	else
		mapping->column = arena_strdup(cli->arena, text);
	import->map[import->map_count++] = mapping;
	return ERR_OK;
}

static enum err
import_map_group(struct import *import, const config_setting_t *group,
    const Kehu__Entity *entity, const Kehu__Entity *line)
{
	enum err err = ERR_OK;

	for (int i = 0; err == ERR_OK && i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);

		if (config_setting_type(setting) != CONFIG_TYPE_GROUP || line != NULL) {
			err = import_map_one(import, setting, entity, line);
			continue;
		}
		const Kehu__Entity *kind =
		    cat_line_called(import->cli->cat, entity, config_setting_name(setting));
		if (kind == NULL)
			err = import_map_error(import, setting, NULL);
		else
			err = import_map_group(import, setting, entity, kind);
	}
	return err;
}

static enum err
import_read_map(struct import *import)
{
	struct cli *cli = import->cli;
	const char *path = cli->options.values[OPT_MAP];
	config_t config;
	enum err err;

	if (path == NULL)
		return ERR_OK;
	import->map = ARENA_ARRAY(cli->arena, Kehu__Mapping *, IMPORT_COLUMNS);
	config_init(&config);
	if (config_read_file(&config, path) == CONFIG_TRUE)
		err = import_map_group(
		    import, config_root_setting(&config), import->entity, NULL);
	else if (config_error_type(&config) == CONFIG_ERR_FILE_IO)
		err = cli_fail(cli, ERR_FILE_SYSTEM, path, strerror(errno));
	else
		err = cli_fail(cli, ERR_CONFIG,
		    arena_printf(cli->arena, "%s:%d: %s", path, config_error_line(&config),
			config_error_text(&config)),
		    "short_name = \"Column\";");
	config_destroy(&config);
	return err;
}

/* ---- the file ---- */

static enum err
import_open(struct import *import)
{
	struct stat status;

	import->fd = strcmp(import->path, "-") == 0 ? dup(STDIN_FILENO)
						    : open(import->path, O_RDONLY | O_CLOEXEC);
	if (import->fd < 0 || fstat(import->fd, &status) != 0)
		return cli_fail(import->cli, ERR_FILE_SYSTEM, import->path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return cli_fail(import->cli, ERR_FILE_SYSTEM, import->path, strerror(EISDIR));
	import->bytes = S_ISREG(status.st_mode) ? status.st_size : 0;
	return ERR_OK;
}

/* A whole chunk, or what is left of the file. 0: the end; -1: errno. */
static ssize_t
import_read(const struct import *import, uint8_t *data)
{
	size_t bytes = 0;

	while (bytes < IMPORT_CHUNK_BYTES) {
		ssize_t got = read(import->fd, data + bytes, IMPORT_CHUNK_BYTES - bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		bytes += (size_t)got;
	}
	return (ssize_t)bytes;
}

static void
import_progress(struct import *import)
{
	int64_t now_us = date_monotonic_us();

	if (!isatty(STDERR_FILENO) || now_us - import->told_us < US_PER_SECOND / 5)
		return;
	import->told_us = now_us;
	fprintf(stderr, "\r\033[K%s: %s %" PRId64 " KiB", import->cli->program->name,
	    cli_say(import->cli, "sending", "正在上传"), import->sent / 1024);
	if (import->bytes > 0)
		fprintf(stderr, " (%d %%)", (int)(import->sent * 100 / import->bytes));
	fflush(stderr);
}

/* ---- the steps ---- */

static void
import_frame(Kehu__ClientFrame *frame, Kehu__Import *step, enum import_step number, int64_t id)
{
	kehu__client_frame__init(frame);
	kehu__import__init(step);
	step->has_step = true;
	step->step = number;
	step->has_id = id != 0;
	step->id = id;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
	frame->import = step;
}

static enum err
import_answer(struct import *import, const Kehu__ServerFrame *answer)
{
	/* Repeated after a broken link: the stored outcome, whose id is the import's and its
	 * job's. */
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		import->id = import->job = answer->written->id;
		return ERR_OK;
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_IMPORT)
		return cli_fail(import->cli, ERR_BAD_FRAME, NULL, NULL);
	if (answer->import->has_id)
		import->id = answer->import->id;
	if (answer->import->has_job)
		import->job = answer->import->job;
	for (size_t i = 0; i < answer->import->n_unmapped; i++)
		cli_note(import->cli,
		    cli_say(
			import->cli, "column \"%s\" fills no field", "列“%s”没有对应的字段"),
		    answer->import->unmapped[i]);
	return ERR_OK;
}

static char *
import_option(const struct import *import, enum option_id id)
{
	return arena_strdup(import->cli->arena, import->cli->options.values[id]);
}

static enum err
import_start(struct import *import)
{
	struct cli *cli = import->cli;
	Kehu__ClientFrame frame;
	Kehu__Import step;
	Kehu__ServerFrame *answer;

	import_frame(&frame, &step, IMPORT_START, 0);
	step.has_entity = true;
	step.entity = import->entity->number;
	step.map = import->map;
	step.n_map = import->map_count;
	step.has_dry_run = step.dry_run = cli->options.given & OPT_BIT(DRY_RUN);
	step.encoding = import_option(import, OPT_ENCODING);
	step.separator = import_option(import, OPT_SEPARATOR);
	step.match = import_option(import, OPT_MATCH);
	step.on_match = import_option(import, OPT_ON_MATCH);
	enum err err = cli_ask(cli, cli->arena, &frame, import->entity, &answer);
	return err == ERR_OK ? import_answer(import, answer) : err;
}

static void
import_chunk_done(void *context, const Kehu__ServerFrame *answer)
{
	struct import *import = context;
	enum err err = link_error(answer);

	import->waiting--;
	if (err != ERR_OK && import->err == ERR_OK) {
		import->err = err;
		import->refusal = link_keep(import->cli->arena, answer);
	}
}

static enum err
import_wait(struct import *import, size_t most)
{
	while (import->waiting > most) {
		enum err err = link_turn_once(import->cli->link, import->cli->timeout_ms);

		if (err != ERR_OK && import->err == ERR_OK)
			import->err = err;
		if (err != ERR_OK)
			return err;
	}
	return import->err;
}

static void
import_send(struct import *import, uint8_t *data, size_t bytes)
{
	Kehu__ClientFrame frame;
	Kehu__Import step;

	import_frame(&frame, &step, IMPORT_DATA, import->id);
	step.has_data = step.has_chunk = true;
	step.data = (ProtobufCBinaryData){ .data = data, .len = bytes };
	step.chunk = import->chunk;
	import->waiting++;
	import->numbers[import->chunk++ % IMPORT_AHEAD] = link_send(import->cli->link,
	    &(struct link_request){
		.frame = &frame, .done = import_chunk_done, .context = import });
	import->sent += (int64_t)bytes;
}

static enum err
import_data(struct import *import)
{
	uint8_t *data = arena_alloc(import->cli->arena, IMPORT_CHUNK_BYTES);
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		ssize_t bytes = import_read(import, data);

		if (bytes < 0)
			return cli_fail(
			    import->cli, ERR_FILE_SYSTEM, import->path, strerror(errno));
		if (bytes == 0)
			return import_wait(import, 0);
		import_send(import, data, (size_t)bytes);
		err = import_wait(import, IMPORT_AHEAD - 1);
		import_progress(import);
	}
	return err;
}

static enum err
import_end(struct import *import)
{
	Kehu__ClientFrame frame;
	Kehu__Import step;
	Kehu__ServerFrame *answer;

	import_frame(&frame, &step, IMPORT_END, import->id);
	enum err err =
	    cli_ask(import->cli, import->cli->arena, &frame, import->entity, &answer);
	return err == ERR_OK ? import_answer(import, answer) : err;
}

/* A refused upload is not left lying on the server; nobody waits for the answer. */
static void
import_give_up(struct import *import)
{
	Kehu__ClientFrame frame;
	Kehu__Import step;

	if (import->id == 0)
		return;
	import_frame(&frame, &step, IMPORT_GIVE_UP, import->id);
	link_send(
	    import->cli->link, &(struct link_request){ .frame = &frame, .flags = LINK_ONCE });
}

static enum err
import_upload(struct import *import)
{
	enum err err = import_start(import);

	if (err == ERR_OK)
		err = import_data(import);
	if (err == ERR_OK)
		return import_end(import);
	/* Chunks still under way would call back into what is gone. */
	for (size_t i = 0; i < IMPORT_AHEAD; i++)
		link_cancel(import->cli->link, import->numbers[i]);
	import_give_up(import);
	return cli_fail_answer(import->cli, err, import->refusal, import->entity);
}

/* ---- the result ---- */

/* The job's summary is in the user's language: read, created, updated, refused. */
static bool
import_counts(const char *text, int64_t counts[4])
{
	size_t count = 0;

	while (count < 4) {
		char *end;

		text += strcspn(text, "0123456789");
		if (*text == '\0')
			return false;
		counts[count++] = strtoll(text, &end, 10);
		text = end;
	}
	return true;
}

/* The last line of the output is a contract for scripts, the same in every language. */
static enum err
import_report(struct import *import, const Kehu__JobAnswer *job)
{
	struct cli *cli = import->cli;
	const char *errors = cli->options.values[OPT_ERRORS];
	int64_t counts[4];

	if (strcmp(job->state, "done") != 0) {
		enum err err =
		    strcmp(job->state, "cancelled") == 0 ? ERR_CANCELLED : ERR_BAD_FILE;

		return cli_fail(cli, err, import->path, job->text);
	}
	if (errors != NULL) {
		enum err err = cli_job_result(cli, job, errors);

		if (err != ERR_OK)
			return err;
	} else if (job->chunks > 0) {
		cli_note(cli, "%s",
		    cli_say(cli, "--errors FILE would say which rows were refused and why",
			"加上 --errors FILE 可得到被拒绝的行及原因"));
	}
	if (!import_counts(job->text, counts))
		return cli_fail(cli, ERR_BAD_FRAME, job->text, NULL);
	cli_print(cli,
	    "read %" PRId64 ", created %" PRId64 ", updated %" PRId64 ", refused %" PRId64,
	    counts[0], counts[1], counts[2], counts[3]);
	enum err err = cli_flush(cli);
	if (err != ERR_OK || counts[3] == 0)
		return err;
	cli->said = true; /* by that line; only the exit status is left to tell */
	return ERR_INVALID;
}

enum err
cli_import(struct cli *cli)
{
	struct import import = { .cli = cli, .path = cli->words[1], .fd = -1 };
	Kehu__JobAnswer *job;

	enum err err = cli_entity(cli, cli->words[0], &import.entity);
	if (err == ERR_OK)
		err = import_open(&import);
	if (err == ERR_OK)
		err = import_read_map(&import);
	if (err == ERR_OK)
		err = import_upload(&import);
	if (isatty(STDERR_FILENO) && import.told_us != 0)
		fprintf(stderr, "\r\033[K");
	if (err == ERR_OK)
		err = cli_follow(cli, import.job, &job);
	if (err == ERR_OK)
		err = import_report(&import, job);
	if (import.fd >= 0)
		close(import.fd);
	return err;
}
