/*
 * kehu import: the file goes up in chunks of 64 KiB, the server makes a job of it, the job is
 * followed. Nothing is done before the last chunk, so that a broken link only means beginning
 * again.
 */
#include "client/cli/import.h"

#include "common/date.h"
#include "common/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the file ---- */

static void
import_progress(struct import *import)
{
	int64_t now_us = date_monotonic_us();

	if (!isatty(STDERR_FILENO) || now_us - import->told_us < US_PER_SECOND / 5)
		return;
	import->told_us = now_us;
	fprintf(stderr, "\r\033[K%s: %s %" PRId64 " KiB", import->cli->program->name,
	    cli_say(import->cli, "sending", "正在上传"), import->load.sent / 1024);
	if (import->load.bytes > 0)
		fprintf(stderr, " (%d %%)", (int)(import->load.sent * 100 / import->load.bytes));
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

/* As it was said or found: what was shown is what is read. */
static char *
import_separator(const struct import *import)
{
	char delimiter = import->load.found.delimiter;

	return delimiter != '\0' ? arena_printf(import->cli->arena, "%c", delimiter) : NULL;
}

/* Dates that could be read in two ways are left to the server to refuse. */
static char *
import_dates(const struct import *import)
{
	enum intake_order order = import->load.found.order;

	if (import->cli->options.values[OPT_DATES] != NULL)
		return import_option(import, OPT_DATES);
	return order == INTAKE_ORDER_DMY || order == INTAKE_ORDER_MDY
		   ? arena_strdup(import->cli->arena, intake_order_word(order))
		   : NULL;
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
	step.encoding = arena_strdup(cli->arena, import->load.found.encoding);
	step.separator = import_separator(import);
	step.format = arena_strdup(cli->arena, import->load.found.format);
	step.has_no_header = step.no_header = !import->load.found.header;
	step.dates = import_dates(import);
	step.file = arena_strdup(cli->arena, import->load.path);
	step.has_create_references = step.create_references =
	    cli->options.given & OPT_BIT(CREATE_REFERENCES);
	step.match = import_option(import, OPT_MATCH);
	step.on_match = import_option(import, OPT_ON_MATCH);
	enum err err = cli_ask(cli, cli->arena, &frame, import->entity, &answer);
	return err == ERR_OK ? import_answer(import, answer) : err;
}

enum err
import_ask_learnt(struct import *import)
{
	const struct intake_found *found = &import->load.found;
	struct cli *cli = import->cli;
	Kehu__ClientFrame frame;
	Kehu__Import step;
	Kehu__ServerFrame *answer;
	enum err err;

	if (!found->header || found->column_count == 0)
		return ERR_OK;
	import_frame(&frame, &step, IMPORT_LEARNT, 0);
	step.has_entity = true;
	step.entity = import->entity->number;
	step.n_columns = found->column_count;
	step.columns = ARENA_ARRAY(cli->arena, char *, found->column_count);
	for (size_t i = 0; i < found->column_count; i++)
		step.columns[i] = arena_strdup(cli->arena, found->columns[i]);
	err = cli_ask(cli, cli->arena, &frame, import->entity, &answer);
	if (err != ERR_OK || answer->answer_case != KEHU__SERVER_FRAME__ANSWER_IMPORT)
		return err;
	import->map = answer->import->map;
	import->map_count = answer->import->n_map;
	return ERR_OK;
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
	import->load.sent += (int64_t)bytes;
}

static enum err
import_data(struct import *import)
{
	uint8_t *data = arena_alloc(import->cli->arena, LOAD_CHUNK_BYTES);
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		const char *why = NULL;
		ssize_t bytes = load_read(&import->load, data);

		if (bytes < 0)
			return cli_fail(
			    import->cli, ERR_FILE_SYSTEM, import->load.path, strerror(errno));
		err = load_check(&import->load, data, (size_t)bytes, &why);
		if (err != ERR_OK)
			return cli_fail(import->cli, err, import->load.path, why);
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

/* The job's summary is in the user's language: read, created, updated, refused, number of the import's record. */
static bool
import_counts(const char *text, int64_t counts[5])
{
	size_t count = 0;

	counts[4] = 0;
	while (count < 5) {
		char *end;

		text += strcspn(text, "0123456789");
		if (*text == '\0')
			break;
		counts[count++] = strtoll(text, &end, 10);
		text = end;
	}
	return count >= 4;
}

/* The last line of the output is a contract for scripts, the same in every language. */
static enum err
import_report(struct import *import, const Kehu__JobAnswer *job)
{
	struct cli *cli = import->cli;
	const char *errors = cli->options.values[OPT_ERRORS];
	int64_t counts[5];

	if (strcmp(job->state, "done") != 0) {
		enum err err =
		    strcmp(job->state, "cancelled") == 0 ? ERR_CANCELLED : ERR_BAD_FILE;

		return cli_fail(cli, err, import->load.path, job->text);
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
	if (counts[4] != 0 && counts[1] + counts[2] > 0)
		cli_note(cli, cli_say(cli, "to take it back: act import %" PRId64 " undo", "撤销：act import %" PRId64 " undo"),
		    counts[4]);
	cli_print(cli,
	    "read %" PRId64 ", created %" PRId64 ", updated %" PRId64 ", refused %" PRId64,
	    counts[0], counts[1], counts[2], counts[3]);
	enum err err = cli_flush(cli);
	if (err != ERR_OK || counts[3] == 0)
		return err;
	cli->said = true; /* by that line; only the exit status is left to tell */
	return ERR_INVALID;
}

/* As last time, or by what the columns are called. */
static enum err
import_take_map(struct import *import)
{
	enum err err = import_ask_learnt(import);

	if (err == ERR_OK && import->map_count > 0)
		cli_note(import->cli, "%s",
		    cli_say(import->cli, "columns are taken as in your last import of such a file; --map FILE says otherwise",
			"按您上次导入此类文件的列对应；用 --map FILE 另行指定"));
	else if (err == ERR_OK)
		import_suggest_map(import);
	return err;
}

enum err
cli_import(struct cli *cli)
{
	struct import import = { .cli = cli, .load = { .path = cli->words[1], .fd = -1 } };
	Kehu__JobAnswer *job;

	enum err err = cli_entity(cli, cli->words[0], &import.entity);
	if (err == ERR_OK)
		err = import_look(&import);
	if (err == ERR_OK && (cli->options.given & OPT_BIT(DETECT))) {
		err = import_ask_learnt(&import);
		if (err == ERR_OK)
			err = import_show(&import);
		load_close(&import.load);
		return err;
	}
	if (err == ERR_OK)
		err = import_read_map(&import);
	if (err == ERR_OK && cli->options.values[OPT_MAP] == NULL)
		err = import_take_map(&import);
	if (err == ERR_OK)
		err = import_upload(&import);
	if (isatty(STDERR_FILENO) && import.told_us != 0)
		fprintf(stderr, "\r\033[K");
	if (err == ERR_OK)
		err = cli_follow(cli, import.job, &job);
	if (err == ERR_OK)
		err = import_report(&import, job);
	load_close(&import.load);
	return err;
}
