/*
 * From argv to exit status. What a command does is in its own file; here are reading the
 * options, connecting, signing in, and saying what went wrong.
 */
#include "client/cli/cli.h"

#include "client/cli/login.h"
#include "common/log.h"
#include "common/text.h"
#include "common/version.h"
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
cli_say(const struct cli *cli, const char *en, const char *zh)
{
	return cli->lang == LANG_ZH ? zh : en;
}

/* ---- saying what went wrong ---- */

static void
cli_complain(
    struct cli *cli, enum err err, const char *text, const char *what, const char *hint)
{
	struct arena *arena = arena_new(0);
	struct buf line = BUF_INIT;

	if (text == NULL || text[0] == '\0')
		text = err_text(err, cli->lang);
	buf_printf(&line, "%s: E%d %s", cli->program->name, (int)err, text);
	if (what != NULL && what[0] != '\0')
		buf_printf(&line, ": %s", what);
	if (hint != NULL && hint[0] != '\0')
		buf_printf(&line, cli->lang == LANG_ZH ? "（%s）" : " (%s)", hint);
	fprintf(stderr, "%s\n", text_print(arena, buf_text(&line), TEXT_LINE));
	buf_fini(&line);
	arena_free(arena);
	cli->said = true;
}

enum err
cli_fail(struct cli *cli, enum err err, const char *what, const char *hint)
{
	if (!cli->said)
		cli_complain(cli, err, NULL, what, hint);
	return err;
}

/* "phones.number": the field an error blames, by the catalogue. */
static const char *
cli_blamed(struct cli *cli, const Kehu__Error *error, const Kehu__Entity *entity)
{
	const Kehu__Entity *of =
	    error->entity != 0 ? cat_entity(cli->cat, error->entity) : entity;
	const Kehu__Field *field = of == NULL ? NULL : cat_field(of, error->field);

	for (size_t i = 0; cli->action != NULL && i < cli->action->n_arguments; i++)
		if (cli->action->arguments[i]->number == error->field)
			return cli->action->arguments[i]->name;
	if (field == NULL)
		return NULL;
	if (of != entity && entity != NULL)
		return arena_printf(cli->arena, "%s.%s", of->name, field->name);
	return field->name;
}

static void
cli_complain_error(struct cli *cli, const Kehu__Error *error, const Kehu__Entity *entity,
    const char *reference)
{
	enum err err = err_known((int)error->code) ? (enum err)error->code : ERR_INTERNAL;

	cli_complain(cli, err, error->text, cli_blamed(cli, error, entity), reference);
}

/* Both sides of a conflict, a line for each field that somebody else has changed. */
static void
cli_show_differences(struct cli *cli, const Kehu__Error *error, const Kehu__Entity *entity)
{
	for (size_t i = 0; entity != NULL && i < error->n_differences; i++) {
		const Kehu__Difference *difference = error->differences[i];
		const Kehu__Field *field = cat_field(entity, difference->field);
		const char *theirs, *yours;

		if (field == NULL)
			continue;
		theirs = cli_cell(cli, cli->arena, SHEET_TABLE, field, difference->theirs).text;
		yours = cli_cell(cli, cli->arena, SHEET_TABLE, field, difference->yours).text;
		fprintf(stderr,
		    cli_say(cli, "%s: %s: theirs \"%s\", yours \"%s\"\n",
			"%s：%s：对方“%s”，您的“%s”\n"),
		    cli->program->name, field->name, theirs != NULL ? theirs : "",
		    yours != NULL ? yours : "");
	}
}

enum err
cli_fail_answer(
    struct cli *cli, enum err err, const Kehu__ServerFrame *answer, const Kehu__Entity *entity)
{
	const char *reference = NULL;

	if (cli->said)
		return err;
	if (answer == NULL || answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR) {
		struct link_status status = link_status(cli->link);

		cli_complain(cli, err, err == status.error ? status.text : NULL, NULL, NULL);
		return err;
	}
	/* The number to give to an administrator, where it is of use. */
	if (answer->reference != 0 && (err == ERR_INTERNAL || err == ERR_DB_GONE))
		reference = arena_printf(cli->arena, "%" PRIu64, answer->reference);
	cli_complain_error(cli, answer->error, entity, reference);
	cli_show_differences(cli, answer->error, entity);
	for (size_t i = 0; i < answer->error->n_more; i++)
		cli_complain_error(cli, answer->error->more[i], entity, NULL);
	return err;
}

void
cli_note(const struct cli *cli, const char *format, ...)
{
	struct arena *arena;
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	arena = arena_new(0);
	va_start(args, format);
	const char *text = arena_vprintf(arena, format, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", cli->program->name, text_print(arena, text, TEXT_LINE));
	arena_free(arena);
}

void
cli_print(const struct cli *cli, const char *format, ...)
{
	struct arena *arena = arena_new(0);
	va_list args;

	(void)cli;
	va_start(args, format);
	const char *text = arena_vprintf(arena, format, args);
	va_end(args);
	fputs(text_print(arena, text, TEXT_BLOCK), stdout);
	fputc('\n', stdout);
	arena_free(arena);
}

/* ---- output that cannot be written ---- */

/* As if the signal had come in the first place: what a shell expects of "kehu list | head". */
static void
cli_die_of_pipe(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

static enum err
cli_written(struct cli *cli, int error)
{
	if (error == 0)
		return ERR_OK;
	if (error == EPIPE)
		cli_die_of_pipe();
	return cli_fail(
	    cli, ERR_FILE_SYSTEM, cli_say(cli, "standard output", "标准输出"), strerror(error));
}

enum err
cli_sheet_end(struct cli *cli, struct sheet *sheet)
{
	return cli_written(cli, sheet_end(sheet) == ERR_OK ? 0 : errno);
}

enum err
cli_flush(struct cli *cli)
{
	errno = 0;
	return cli_written(
	    cli, fflush(stdout) != 0 || ferror(stdout) ? errno != 0 ? errno : EIO : 0);
}

/* ---- words ---- */

enum err
cli_entity(struct cli *cli, const char *word, const Kehu__Entity **entity)
{
	*entity = cat_entity_called(cli->cat, word);
	if (*entity != NULL)
		return ERR_OK;
	const char *near = cat_entity_nearest(cli->cat, word);
	return cli_fail(cli, ERR_NO_SUCH_ENTITY, word,
	    near == NULL ? NULL
			 : arena_printf(cli->arena,
			       cli_say(cli, "did you mean %s?", "是否想用 %s？"), near));
}

enum err
cli_id(struct cli *cli, const Kehu__Entity *entity, const char *word, int64_t *id)
{
	return cli_reference(cli, entity, word, false, id);
}

enum err
cli_number(struct cli *cli, enum option_id id, int64_t fallback, int64_t *number)
{
	if (options_number(&cli->options, id, fallback, number) == ERR_OK)
		return ERR_OK;
	return cli_fail(cli, ERR_USAGE, cli->options.values[id],
	    cli_say(cli, "a number is wanted", "此处应为数字"));
}

enum err
cli_format(struct cli *cli, enum sheet_format fallback, enum sheet_format *format)
{
	const char *text = cli->options.values[OPT_FORMAT];

	if (sheet_format(text, fallback, format) == ERR_OK)
		return ERR_OK;
	return cli_fail(cli, ERR_USAGE, text, "table, tsv, csv, jsonl");
}

enum err
cli_ask(struct cli *cli, struct arena *arena, const Kehu__ClientFrame *frame,
    const Kehu__Entity *entity, Kehu__ServerFrame **answer)
{
	enum err err = link_call(cli->link, arena, frame, answer, cli->timeout_ms);

	return err == ERR_OK ? ERR_OK : cli_fail_answer(cli, err, *answer, entity);
}

/* ---- help ---- */

static void
cli_help_command(const struct cli *cli, const struct cli_command *command)
{
	int lang = cli->lang == LANG_ZH;

	printf("%s %s %s\n\n%s%s\n", cli->program->name, command->name, command->usage,
	    command->help[lang], lang ? "。" : ".");
	if (command->more[lang] != NULL)
		printf("\n%s\n", command->more[lang]);
	printf("\n%s\n", cli_say(cli, "Options:", "选项："));
	options_print(stdout, command->options | OPT_COMMON, cli->lang);
}

static void
cli_help(const struct cli *cli)
{
	const struct cli_program *program = cli->program;
	int lang = cli->lang == LANG_ZH;

	printf("%s\n\n%s\n", program->help[lang], cli_say(cli, "Commands:", "命令："));
	for (size_t i = 0; i < program->count; i++) {
		struct arena *arena = arena_new(0);
		const char *left = arena_printf(
		    arena, "%s %s", program->commands[i].name, program->commands[i].usage);

		/* A long one gets a line of its own. */
		if (text_cols(left) > 38)
			printf("  %s\n%41s%s\n", left, "", program->commands[i].help[lang]);
		else
			printf("  %s %s\n", text_cut(arena, left, 38, true),
			    program->commands[i].help[lang]);
		arena_free(arena);
	}
	printf("\n%s\n", cli_say(cli, "Options of every command:", "通用选项："));
	options_print(stdout, OPT_COMMON, cli->lang);
	printf("\n%s\n",
	    cli_say(cli, "Exit status: 0 done, 1 refused or invalid, 2 wrong use, 3 no server.",
		"退出状态：0 完成，1 被拒绝或无效，2 用法错误，3 无法连接服务器。"));
}

/* ---- reading the command line ---- */

/* Several words may name a command ("user add"); the longest name that fits wins. */
static const struct cli_command *
cli_find_command(const struct cli *cli, size_t *used)
{
	const struct cli_command *found = NULL;
	const struct options *options = &cli->options;

	*used = 0;
	for (size_t i = 0; i < cli->program->count; i++) {
		const struct cli_command *command = &cli->program->commands[i];
		const char *name = command->name;
		size_t word = 0;

		while (*name != '\0' && word < options->word_count) {
			size_t bytes = strcspn(name, " ");

			if (strlen(options->words[word]) != bytes ||
			    strncmp(options->words[word], name, bytes) != 0)
				break;
			word++;
			name += bytes + (name[bytes] == ' ');
		}
		if (*name == '\0' && word > *used) {
			found = command;
			*used = word;
		}
	}
	return found;
}

static enum err
cli_usage(struct cli *cli, const char *what)
{
	const struct cli_command *command = cli->command;
	const char *hint = command == NULL
			       ? arena_printf(cli->arena, "%s --help", cli->program->name)
			       : arena_printf(cli->arena, "%s %s %s", cli->program->name,
				     command->name, command->usage);

	return cli_fail(cli, ERR_USAGE, what, hint);
}

static enum err
cli_choose(struct cli *cli)
{
	size_t used;
	const char *stray;

	cli->command = cli_find_command(cli, &used);
	if (cli->command == NULL) {
		stray = options_stray(&cli->options, OPT_COMMON);
		if (cli->options.word_count > 0)
			return cli_usage(cli, cli->options.words[0]);
		if (stray == NULL && cli->options.given & OPT_BIT(AS))
			return cli_usage(cli, "--as"); /* the screen asks for it itself */
		return stray == NULL ? ERR_OK
				     : cli_usage(cli, arena_printf(cli->arena, "--%s", stray));
	}
	cli->words = cli->options.words + used;
	cli->word_count = cli->options.word_count - used;
	if (cli->options.given & OPT_BIT(HELP))
		return ERR_OK;
	if (cli->word_count < cli->command->words_min && !(cli->options.given & cli->command->in_place))
		return cli_usage(cli, cli_say(cli, "something is missing", "缺少参数"));
	if (cli->word_count > cli->command->words_max)
		return cli_usage(cli, cli->words[cli->command->words_max]);
	/* Looking as another user wants a reason whatever is looked at. */
	stray = options_stray(&cli->options, cli->command->options | OPT_COMMON |
		(cli->options.given & OPT_BIT(AS) ? OPT_BIT(REASON) : 0));
	return stray == NULL ? ERR_OK : cli_usage(cli, arena_printf(cli->arena, "--%s", stray));
}

static enum err
cli_settings(struct cli *cli)
{
	const char *const *values = cli->options.values;
	const char *why = "";

	enum err err = settings_load(cli->arena, values[OPT_CONFIG], &cli->settings, &why);
	if (err != ERR_OK)
		return cli_fail(cli, err, why, NULL);
	if (values[OPT_SERVER] != NULL)
		cli->settings.server = values[OPT_SERVER];
	if (values[OPT_CA] != NULL)
		cli->settings.ca = values[OPT_CA];
	if (values[OPT_USER] != NULL)
		cli->settings.user = values[OPT_USER];
	if (values[OPT_LANGUAGE] != NULL)
		cli->settings.language = values[OPT_LANGUAGE];
	if (values[OPT_OTP_FILE] != NULL)
		cli->settings.otp_file = values[OPT_OTP_FILE];
	if (settings_lang(&cli->settings, &cli->lang) != ERR_OK)
		return cli_fail(
		    cli, ERR_USAGE, cli->settings.language, "--language zh, --language en");
	if (values[OPT_PASSWORD_FILE] != NULL) {
		err = settings_read_password(
		    cli->arena, values[OPT_PASSWORD_FILE], &cli->settings.password, &why);
		if (err != ERR_OK)
			return cli_fail(cli, err, why, NULL);
	}
	cli->timeout_ms = (int)cli->settings.timeout * 1000;
	err = settings_offset(cli->arena, &cli->settings, &cli->offset_min, &why);
	if (err != ERR_OK)
		return cli_fail(cli, err, why, NULL);
	return ERR_OK;
}

/* Help must come in the right language even when the rest of the line is wrong. */
static void
cli_early_lang(struct cli *cli, int argc, char **argv)
{
	cli->settings.language = NULL;
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--language") == 0)
			cli->settings.language = argv[i + 1];
	if (settings_lang(&cli->settings, &cli->lang) != ERR_OK)
		cli->settings.language = NULL;
}

/* ---- running ---- */

static enum err
cli_run_command(struct cli *cli)
{
	enum err err = ERR_OK;

	if (!cli->command->offline)
		err = cli_connect(cli, NULL);
	if (err == ERR_OK)
		err = cli->command->run(cli);
	/* A failure nobody has spoken of yet is still told. */
	if (err != ERR_OK)
		cli_fail(cli, err, NULL, NULL);
	else
		err = cli_flush(cli);
	cli_disconnect(cli);
	return err;
}

static int
cli_status(enum err err)
{
	return err == ERR_OK ? 0 : err_exit_status(err);
}

static int
cli_dispatch(struct cli *cli)
{
	if (cli->options.given & OPT_BIT(VERSION)) {
		printf("%s %s\n", cli->program->name, KEHU_VERSION);
		return cli_status(cli_flush(cli));
	}
	if (cli->options.given & OPT_BIT(HELP)) {
		if (cli->command != NULL)
			cli_help_command(cli, cli->command);
		else
			cli_help(cli);
		return cli_status(cli_flush(cli));
	}
	if (cli_settings(cli) != ERR_OK)
		return 2;
	if (cli->command != NULL && !cli->command->screens)
		return cli_status(cli_run_command(cli));
	if (cli->program->interactive != NULL)
		return cli->program->interactive(cli);
	cli_help(cli);
	return 2;
}

int
cli_run(const struct cli_program *program, int argc, char **argv)
{
	struct cli cli = { .program = program, .arena = arena_new(0) };
	const char *why = "";
	int status;

	signal(SIGPIPE, SIG_IGN); /* a closed pipe shows as EPIPE, see cli_written() */
	cli_early_lang(&cli, argc, argv);
	if (options_parse(cli.arena, argc - 1, argv + 1, cli.lang, &cli.options, &why) !=
	    ERR_OK)
		status = cli_status(cli_fail(
		    &cli, ERR_USAGE, why, arena_printf(cli.arena, "%s --help", program->name)));
	else if (cli_choose(&cli) != ERR_OK)
		status = 2;
	else
		status = cli_dispatch(&cli);
	arena_free(cli.arena);
	return status;
}
