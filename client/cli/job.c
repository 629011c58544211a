/* Following jobs, and files that appear whole or not at all. */
#include "client/cli/cli.h"

#include "common/date.h"
#include "common/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLI_LOOK_FIRST_MS 50
#define CLI_LOOK_MS       1000

/* ---- files ---- */

static enum err
cli_file_failed(struct cli *cli, const char *path)
{
	return cli_fail(cli, ERR_FILE_SYSTEM, path, strerror(errno));
}

enum err
cli_file_open(struct cli *cli, struct cli_file *file, const char *path)
{
	mode_t mask;
	int fd;

	*file = (struct cli_file){ .stream = stdout };
	if (strcmp(path, "-") == 0)
		return ERR_OK;
	file->path = arena_strdup(cli->arena, path);
	file->temporary = arena_printf(cli->arena, "%s.XXXXXX", path);
	fd = mkstemp(file->temporary);
	if (fd < 0)
		return cli_file_failed(cli, path);
	mask = umask(0);
	umask(mask);
	/* What the user asked for gets the rights of any new file, not a temporary one's. */
	if (fchmod(fd, 0666 & ~mask) == 0)
		file->stream = fdopen(fd, "w");
	if (file->stream == NULL || file->stream == stdout) {
		close(fd);
		unlink(file->temporary);
		return cli_file_failed(cli, path);
	}
	return ERR_OK;
}

enum err
cli_file_restart(struct cli *cli, struct cli_file *file)
{
	/* What went to a pipe cannot be taken back. */
	if (file->path == NULL)
		return cli_fail(cli, ERR_NO_SERVER, NULL, NULL);
	if (fflush(file->stream) != 0 || ftruncate(fileno(file->stream), 0) != 0 ||
	    fseek(file->stream, 0, SEEK_SET) != 0)
		return cli_file_failed(cli, file->path);
	return ERR_OK;
}

enum err
cli_file_close(struct cli *cli, struct cli_file *file, bool good)
{
	if (file->path == NULL)
		return good ? cli_flush(cli) : ERR_OK;
	bool written = fflush(file->stream) == 0 && !ferror(file->stream);
	int error = errno;
	if (fclose(file->stream) != 0 && written) {
		written = false;
		error = errno;
	}
	if (good && written && rename(file->temporary, file->path) == 0)
		return ERR_OK;
	if (written)
		error = errno;
	unlink(file->temporary);
	errno = error;
	return good ? cli_file_failed(cli, file->path) : ERR_OK;
}

/* ---- jobs ---- */

static bool
cli_job_over(const Kehu__JobAnswer *job)
{
	static const char *const states[] = { "done", "failed", "cancelled" };

	for (size_t i = 0; i < 3; i++)
		if (job->state != NULL && strcmp(job->state, states[i]) == 0)
			return true;
	return false;
}

/* One line that overwrites itself, on a terminal only. */
static void
cli_progress(const struct cli *cli, const Kehu__JobAnswer *job, bool over)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (over)
		fprintf(stderr, "\r\033[K");
	else if (job->total > 0)
		fprintf(stderr, "\r\033[K%s: %s %" PRId64 " / %" PRId64 " (%d %%)",
		    cli->program->name, cli_say(cli, "working", "处理中"), job->done,
		    job->total, (int)(job->done * 100 / job->total));
	else
		fprintf(stderr, "\r\033[K%s: %s %" PRId64, cli->program->name,
		    cli_say(cli, "working", "处理中"), job->done);
	fflush(stderr);
}

static enum err
cli_look(struct cli *cli, struct arena *arena, int64_t id, Kehu__JobAnswer **job)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job look = KEHU__JOB__INIT;
	Kehu__ServerFrame *answer;

	look.has_step = look.has_id = true;
	look.step = 2;
	look.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &look;
	enum err err = cli_ask(cli, arena, &frame, NULL, &answer);
	if (err == ERR_OK && answer->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*job = err == ERR_OK ? answer->job : NULL;
	return err;
}

enum err
cli_pause(struct cli *cli, int ms)
{
	int64_t until_us = date_monotonic_us() + (int64_t)ms * 1000;

	for (;;) {
		int64_t left_ms = (until_us - date_monotonic_us()) / 1000;

		if (left_ms <= 0)
			return ERR_OK;
		enum err err = link_turn_once(cli->link, (int)left_ms);
		if (err != ERR_OK && err != ERR_TIMEOUT && err != ERR_NO_SERVER)
			return cli_fail_answer(cli, err, NULL, NULL);
	}
}

/* A result on its way while the job still makes it. */
struct cli_stream {
	int64_t id;
	uint32_t attempt, chunk;
	struct cli_file file;
};

enum err
cli_follow(struct cli *cli, int64_t id, Kehu__JobAnswer **job)
{
	struct arena *arena = arena_new(0);
	int wait_ms = CLI_LOOK_FIRST_MS;
	Kehu__JobAnswer *look;

	enum err err = cli_look(cli, arena, id, &look);
	while (err == ERR_OK && !cli_job_over(look)) {
		cli_progress(cli, look, false);
		err = cli_pause(cli, wait_ms);
		wait_ms = wait_ms * 2 > CLI_LOOK_MS ? CLI_LOOK_MS : wait_ms * 2;
		arena_reset(arena);
		if (err == ERR_OK)
			err = cli_look(cli, arena, id, &look);
	}
	if (err == ERR_OK) {
		cli_progress(cli, look, true);
		*job = ARENA_NEW(cli->arena, Kehu__JobAnswer);
		kehu__job_answer__init(*job);
		(*job)->id = id;
		(*job)->state = arena_strdup(cli->arena, look->state);
		(*job)->text = arena_strdup(cli->arena, look->text != NULL ? look->text : "");
		(*job)->chunks = look->chunks;
		(*job)->done = look->done;
		(*job)->total = look->total;
	}
	arena_free(arena);
	return err;
}

enum err
cli_job_start(struct cli *cli, const char *kind, const char *arguments, int64_t *id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job job = KEHU__JOB__INIT;
	Kehu__ServerFrame *answer;

	job.has_step = true;
	job.step = 1;
	job.kind = arena_strdup(cli->arena, kind);
	job.arguments = arena_strdup(cli->arena, arguments);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &job;
	enum err err = cli_ask(cli, cli->arena, &frame, NULL, &answer);
	if (err != ERR_OK)
		return err;
	/* Repeated after a broken link, the start gives its stored outcome. */
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN)
		*id = answer->written->id;
	else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_JOB)
		*id = answer->job->id;
	else
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	return ERR_OK;
}

enum err
cli_see_out(struct cli *cli, int64_t id)
{
	enum sheet_format format;
	Kehu__JobAnswer *job;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	if (err == ERR_OK)
		err = cli_follow(cli, id, &job);
	if (err != ERR_OK)
		return err;
	if (strcmp(job->state, "done") != 0)
		return cli_fail(cli,
		    strcmp(job->state, "cancelled") == 0 ? ERR_CANCELLED : ERR_INTERNAL, job->text, NULL);
	if (format != SHEET_TABLE)
		return ERR_OK;
	cli_print(cli, "%s", job->text);
	return cli_flush(cli);
}

/* One chunk of a result into the file. */
static enum err
cli_job_chunk(struct cli *cli, int64_t id, uint32_t chunk, struct cli_file *file)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job read = KEHU__JOB__INIT;
	Kehu__ServerFrame *answer;
	enum err err;

	read.has_step = read.has_id = read.has_chunk = true;
	read.step = 4;
	read.id = id;
	read.chunk = chunk;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &read;
	err = cli_ask(cli, arena, &frame, NULL, &answer);
	if (err == ERR_OK && answer->answer_case == KEHU__SERVER_FRAME__ANSWER_JOB)
		fwrite(answer->job->data.data, 1, answer->job->data.len, file->stream);
	arena_free(arena);
	return err;
}

enum err
cli_job_result(struct cli *cli, const Kehu__JobAnswer *job, const char *path)
{
	struct cli_file file;
	enum err err = cli_file_open(cli, &file, path);

	if (err != ERR_OK)
		return err;
	for (uint32_t chunk = 0; err == ERR_OK && chunk < job->chunks; chunk++)
		err = cli_job_chunk(cli, job->id, chunk, &file);
	enum err closed = cli_file_close(cli, &file, err == ERR_OK);
	return err != ERR_OK ? err : closed;
}

/* The chunks that are there by now. *last: the job is over. */
static enum err
cli_stream_on(struct cli *cli, struct cli_stream *stream, bool *last)
{
	struct arena *arena = arena_new(0);
	Kehu__JobAnswer *look;
	enum err err = cli_look(cli, arena, stream->id, &look);

	*last = err != ERR_OK || cli_job_over(look);
	if (err == ERR_OK && look->attempt != stream->attempt) {
		/* Another server begins anew, and the file with it. */
		if (stream->chunk > 0)
			err = cli_file_restart(cli, &stream->file);
		stream->attempt = look->attempt;
		stream->chunk = 0;
	}
	if (err == ERR_OK)
		cli_progress(cli, look, *last);
	if (err == ERR_OK && *last && strcmp(look->state, "done") != 0)
		err = cli_fail(cli,
		    strcmp(look->state, "cancelled") == 0 ? ERR_CANCELLED : ERR_FORBIDDEN,
		    look->text, NULL);
	if (err == ERR_OK && look->fetched)
		err = cli_fail(cli, ERR_FETCHED, NULL, NULL);
	while (err == ERR_OK && stream->chunk < look->chunks)
		err = cli_job_chunk(cli, stream->id, stream->chunk++, &stream->file);
	if (err == ERR_OK)
		fflush(stream->file.stream);
	if (err == ERR_OK && *last)
		cli_note(cli, "%s", look->text);
	arena_free(arena);
	return err;
}

enum err
cli_job_fetch(struct cli *cli, int64_t id, const char *path)
{
	struct cli_stream stream = { .id = id };
	int wait_ms = CLI_LOOK_FIRST_MS;
	bool last = false;
	enum err err = cli_file_open(cli, &stream.file, path);

	if (err != ERR_OK)
		return err;
	while (err == ERR_OK && !last) {
		uint32_t before = stream.chunk;

		err = cli_stream_on(cli, &stream, &last);
		wait_ms = stream.chunk > before	     ? CLI_LOOK_FIRST_MS
			  : wait_ms * 2 > CLI_LOOK_MS ? CLI_LOOK_MS
						      : wait_ms * 2;
		if (err == ERR_OK && !last)
			err = cli_pause(cli, wait_ms);
	}
	enum err closed = cli_file_close(cli, &stream.file, err == ERR_OK);
	return err != ERR_OK ? err : closed;
}
