/*
 * The command line: what all commands share. A program (kehu, kehu-admin) is a table of
 * commands; cli_run() reads options and settings, connects, runs one and turns errors into one
 * line each on standard error and an exit status: 0 done, 1 refused or invalid, 2 usage, 3 no
 * server.
 */
#ifndef KEHU_CLI_CLI_H
#define KEHU_CLI_CLI_H

#include "client/cli/options.h"
#include "client/cli/sheet.h"
#include "client/link/link.h"
#include "client/settings.h"

struct cli;

struct cli_command {
	const char *name;
	enum err (*run)(struct cli *cli);
	size_t words_min, words_max; /* after the command's name; SIZE_MAX: any */
	uint64_t options;            /* besides OPT_COMMON */
	uint64_t in_place;           /* options that stand for the words there must be */
	bool offline;                /* runs without a server */
	bool screens;                /* opens the full screen, which takes the words */
	const char *usage;           /* "ENTITY [QUERY]" */
	const char *help[2];         /* en, zh */
	const char *more[2];         /* further lines of its help; NULL: none */
	const void *pattern;         /* the program's own (kehu-admin) */
};

struct cli_program {
	const char *name;
	const char *help[2];
	const struct cli_command *commands;
	size_t count;
	/* Without a command: the full screen. NULL: the overview is shown. */
	int (*interactive)(struct cli *cli);
};

struct cli {
	const struct cli_program *program;
	const struct cli_command *command;
	struct arena *arena; /* as long as the command */
	struct options options;
	struct client_settings settings;
	enum lang lang;
	int offset_min;
	int timeout_ms;
	struct link *link;
	const struct cat *cat;
	const char *const *words; /* after the command's name */
	size_t word_count;
	const Kehu__Action *action; /* being done: its errors name its arguments */
	bool said;                  /* the failure was reported already */
};

/* The whole program: its exit status. */
int cli_run(const struct cli_program *program, int argc, char **argv);

const char *cli_say(const struct cli *cli, const char *en, const char *zh);
/*
 * "kehu: E2008 There is no such field: nmae (did you mean name?)" to standard error, once for a
 * failure; returns err. what (and the hint behind it) may be NULL.
 */
enum err cli_fail(struct cli *cli, enum err err, const char *what, const char *hint);
/* The same for what link_call gave: the server's own text, the field it blames, all refused
 * fields. */
enum err cli_fail_answer(
    struct cli *cli, enum err err, const Kehu__ServerFrame *answer, const Kehu__Entity *entity);
/* A note for people, only when standard error is a terminal. */
void cli_note(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* Ask and wait; reports its own failures. answer lives in arena. */
MUST_CHECK enum err cli_ask(struct cli *cli, struct arena *arena,
    const Kehu__ClientFrame *frame, const Kehu__Entity *entity, Kehu__ServerFrame **answer);
/* Ends a sheet; a pipe closed by its reader ends the program quietly. */
MUST_CHECK enum err cli_sheet_end(struct cli *cli, struct sheet *sheet);
/* A line to standard output, cleaned; for results that are not rows. */
void cli_print(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* What was written with cli_print could be written. */
MUST_CHECK enum err cli_flush(struct cli *cli);

/* The word at index as entity, id, or number option; report their own failures. */
MUST_CHECK enum err cli_entity(struct cli *cli, const char *word, const Kehu__Entity **entity);
MUST_CHECK enum err cli_id(
    struct cli *cli, const Kehu__Entity *entity, const char *word, int64_t *id);
MUST_CHECK enum err cli_number(
    struct cli *cli, enum option_id id, int64_t fallback, int64_t *number);
MUST_CHECK enum err cli_format(
    struct cli *cli, enum sheet_format fallback, enum sheet_format *format);

/* ---- fields.c: values from words ---- */

/* A value for field from text; references by label are asked of the server. Reports failures.
 */
MUST_CHECK enum err cli_value(
    struct cli *cli, const Kehu__Field *field, const char *text, Kehu__Value **value);
/*
 * The id of the one record of entity that text names: "#12", "12", "me", its label or number.
 * loose: of set-up records the beginning of the name will do, if it fits one alone.
 */
MUST_CHECK enum err cli_reference(
    struct cli *cli, const Kehu__Entity *entity, const char *text, bool loose, int64_t *id);
/*
 * field=value words into record. stored: the record as it is, for ids of its lines; NULL: new.
 * "phones.number=…" fills the first line of that kind.
 */
MUST_CHECK enum err cli_assign(struct cli *cli, const Kehu__Entity *entity,
    const Kehu__Record *stored, const char *const *words, size_t count, Kehu__Record *record);
/* name=value words among arguments of an action or report. */
MUST_CHECK enum err cli_arguments(struct cli *cli, Kehu__Field *const *fields,
    size_t field_count, const char *const *words, size_t count, Kehu__Value ***values,
    size_t *value_count);
/* A cell for a value in a format. In arena. */
struct sheet_cell cli_cell(struct cli *cli, struct arena *arena, enum sheet_format format,
    const Kehu__Field *field, const Kehu__Value *value);

/* ---- rows.c: pages of rows to a sheet ---- */

struct cli_column {
	const Kehu__Field *field; /* NULL: id or version */
	bool version;
};
/* --columns as field numbers, "id" and "version"; without it id and the default columns. */
MUST_CHECK enum err cli_columns(struct cli *cli, const Kehu__Entity *entity, const char *text,
    struct cli_column **columns, size_t *count);

/* A sheet for changes of records, and its rows. */
struct sheet *cli_history_sheet(struct cli *cli, enum sheet_format format);
void cli_put_history(struct cli *cli, struct arena *arena, struct sheet *sheet,
    enum sheet_format format, const Kehu__HistoryAnswer *history);

/* ---- approval.c ---- */

/* --approver and --reason into a write. Reports failures. */
MUST_CHECK enum err cli_approval_options(struct cli *cli, Kehu__ClientFrame *frame);

/* ---- job.c ---- */

/* Starts nothing; follows a job to its end, with progress on a terminal. *answer in cli->arena.
 */
MUST_CHECK enum err cli_follow(struct cli *cli, int64_t job, Kehu__JobAnswer **answer);
/* Start a job of a kind that the user may start; its number. */
MUST_CHECK enum err cli_job_start(struct cli *cli, const char *kind, const char *arguments, int64_t *id);
/* The same of a job that an action left: what came of it is said, failing where it did not end well. */
MUST_CHECK enum err cli_see_out(struct cli *cli, int64_t job);
/* Lets ms pass in the link's own loop, so that pings go on. Reports failures. */
MUST_CHECK enum err cli_pause(struct cli *cli, int ms);
/* All chunks of its result to path. */
MUST_CHECK enum err cli_job_result(
    struct cli *cli, const Kehu__JobAnswer *job, const char *path);
/* The same of a job that may still run: what it has made is written at once. Reports failures. */
MUST_CHECK enum err cli_job_fetch(struct cli *cli, int64_t job, const char *path);
/* A file that appears whole or not at all; path "-": standard output. */
struct cli_file {
	FILE *stream;
	char *path, *temporary;
};
MUST_CHECK enum err cli_file_open(struct cli *cli, struct cli_file *file, const char *path);
MUST_CHECK enum err cli_file_restart(struct cli *cli, struct cli_file *file);
/* good false: it is removed. */
MUST_CHECK enum err cli_file_close(struct cli *cli, struct cli_file *file, bool good);

/* ---- record.c ---- */

/* The intention of a write: given with --intention, or new. Reports failures. */
MUST_CHECK enum err cli_intention(
    struct cli *cli, protobuf_c_boolean *has, ProtobufCBinaryData *intention);
/* Save a record and say so. Reports failures. */
MUST_CHECK enum err cli_save(
    struct cli *cli, const Kehu__Entity *entity, Kehu__Record *record, const char *done);
/* A record with its lines to standard output. */
MUST_CHECK enum err cli_show_record(struct cli *cli, const Kehu__Record *record);
/* One record with its lines, in cli->arena. Reports failures. */
MUST_CHECK enum err cli_read(
    struct cli *cli, const Kehu__Entity *entity, int64_t id, Kehu__Record **record);

/* ---- attach.c ---- */

/* One attachment of a record to path. Reports failures. */
MUST_CHECK enum err cli_attach_fetch(struct cli *cli, const Kehu__Entity *entity, int64_t record,
    int64_t id, const char *path);

/* ---- view.c ---- */

/* What is listed: of --view, as far as options do not say otherwise. Texts are "" where there is none. */
struct cli_view {
	const Kehu__Entity *entity;
	const char *query, *columns, *sort, *group, *sums;
};
/* From --view, the words and options of list. Reports failures. */
MUST_CHECK enum err cli_view_take(struct cli *cli, struct cli_view *view);
/* Counts and sums of what the view finds, a line for each group and a last one of all. */
MUST_CHECK enum err cli_view_groups(struct cli *cli, const struct cli_view *view);

/* ---- the commands ---- */

enum err cli_list(struct cli *cli);
enum err cli_related(struct cli *cli);
enum err cli_get(struct cli *cli);
enum err cli_new(struct cli *cli);
enum err cli_set(struct cli *cli);
enum err cli_act(struct cli *cli);
enum err cli_delete(struct cli *cli);
enum err cli_restore(struct cli *cli);
enum err cli_history(struct cli *cli);
enum err cli_version(struct cli *cli);
enum err cli_compare(struct cli *cli);
enum err cli_put_back(struct cli *cli);
enum err cli_tag(struct cli *cli);
enum err cli_untag(struct cli *cli);
enum err cli_proposal(struct cli *cli);
enum err cli_reveal(struct cli *cli);
enum err cli_today(struct cli *cli);
enum err cli_calendar(struct cli *cli);
enum err cli_search(struct cli *cli);
enum err cli_board(struct cli *cli);
enum err cli_team(struct cli *cli);
enum err cli_tree(struct cli *cli);
enum err cli_targets(struct cli *cli);
enum err cli_check(struct cli *cli);
enum err cli_merge(struct cli *cli);
enum err cli_duplicates_scan(struct cli *cli);
enum err cli_duplicates_list(struct cli *cli);
enum err cli_duplicates_look(struct cli *cli);
enum err cli_duplicates_merge(struct cli *cli);
enum err cli_duplicates_not(struct cli *cli);
enum err cli_import(struct cli *cli);
enum err cli_report(struct cli *cli);
enum err cli_export(struct cli *cli);
/* export.c: sends one, and fetches what it makes to -o; or says that somebody has to agree first. */
MUST_CHECK enum err cli_export_fetch(struct cli *cli, Kehu__Export *request, const Kehu__Entity *entity);
enum err cli_jobs(struct cli *cli);
enum err cli_fetch(struct cli *cli);
enum err cli_cancel(struct cli *cli);
enum err cli_attach(struct cli *cli);
enum err cli_password(struct cli *cli);
enum err cli_factor_setup(struct cli *cli);
enum err cli_factor_codes(struct cli *cli);
enum err cli_factor_show(struct cli *cli);
enum err cli_fields(struct cli *cli);
enum err cli_doctor(struct cli *cli);

#endif
