/* kehu report: made on the server, streamed into a file that appears whole or not at all. */
#include "client/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct report {
	struct cli *cli;
	struct cli_file file;
	bool done;
	enum err err;
	Kehu__ServerFrame *refusal;
};

static void
report_chunk(void *context, const Kehu__ServerFrame *answer)
{
	struct report *report = context;

	report->done = link_last(answer);
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR) {
		report->err = link_error(answer);
		report->refusal = link_keep(report->cli->arena, answer);
		return;
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT) {
		report->err = ERR_BAD_FRAME;
		return;
	}
	for (size_t i = 0; i < answer->report->n_lines; i++)
		fprintf(report->file.stream, "%s\n", answer->report->lines[i]);
	fwrite(answer->report->data.data, 1, answer->report->data.len, report->file.stream);
}

static void
report_restart(void *context)
{
	struct report *report = context;

	if (report->err == ERR_OK)
		report->err = cli_file_restart(report->cli, &report->file);
}

/* The reports there are, with their parameters. */
static enum err
report_list(struct cli *cli)
{
	const struct sheet_column columns[] = { { "name", cli_say(cli, "Report", "报表") },
		{ "label", cli_say(cli, "Title", "名称") },
		{ "parameters", cli_say(cli, "Parameters", "参数") } };
	enum sheet_format format;

	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err != ERR_OK)
		return err;
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 3, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < cat_report_count(cli->cat); i++) {
		const Kehu__ReportInfo *info = cat_report_at(cli->cat, i);
		struct buf parameters = BUF_INIT;

		for (size_t j = 0; j < info->n_parameters; j++)
			buf_printf(&parameters,
			    info->parameters[j]->flags & CAT_REQUIRED ? "%s%s=" : "%s[%s=]", j == 0 ? "" : " ",
			    info->parameters[j]->name);
		sheet_row(
		    sheet, (struct sheet_cell[]){ { .text = info->name },
			       { .text = info->label }, { .text = buf_text(&parameters) } });
		buf_fini(&parameters);
	}
	return cli_sheet_end(cli, sheet);
}

static enum err
report_run(struct cli *cli, Kehu__Report *request, const char *path)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	struct report report = { .cli = cli };

	enum err err = cli_file_open(cli, &report.file, path);
	if (err != ERR_OK)
		return err;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame.report = request;
	uint32_t number = link_send(cli->link, &(struct link_request){ .frame = &frame,
						   .done = report_chunk,
						   .restart = report_restart,
						   .context = &report });
	while (err == ERR_OK && !report.done && report.err == ERR_OK)
		err = link_turn_once(cli->link, cli->timeout_ms);
	link_cancel(cli->link, number);
	if (err == ERR_OK)
		err = report.err;
	if (err != ERR_OK)
		cli_fail_answer(cli, err, report.refusal, NULL);
	enum err closed = cli_file_close(cli, &report.file, err == ERR_OK);
	return err != ERR_OK ? err : closed;
}

/* With what it is for it is an export: made by a job, with its marks, perhaps after somebody agreed. */
static enum err
report_export(struct cli *cli, Kehu__Report *report)
{
	Kehu__Export request = KEHU__EXPORT__INIT;

	request.has_entity = true;
	request.entity = cat_report_main(cli->cat, report);
	request.format = report->format;
	request.encoding = arena_strdup(cli->arena, cli->options.values[OPT_ENCODING]);
	request.reason = arena_strdup(cli->arena, cli->options.values[OPT_REASON]);
	request.report = report;
	return cli_export_fetch(cli, &request, cat_entity(cli->cat, request.entity));
}

/* "visits.pdf" says its format itself. */
static const char *
report_format(const struct cli *cli, const char *path)
{
	static const char *const known[][2] = { { ".pdf", "pdf" }, { ".csv", "csv" },
		{ ".html", "html" } };
	const char *format = cli->options.values[OPT_FORMAT], *dot = strrchr(path, '.');

	if (format != NULL)
		return format;
	for (size_t i = 0; i < 3 && dot != NULL; i++)
		if (strcmp(dot, known[i][0]) == 0)
			return known[i][1];
	return "text";
}

/* How a value of this kind is typed, for whoever left it out. */
static const char *
report_form(struct cli *cli, const Kehu__Field *field)
{
	switch (field->type) {
	case CAT_REF:
		return cli_say(cli, "NUMBER, name or #id", "编号、名称或 #id");
	case CAT_DATE:
		return "2026-11-22";
	case CAT_BOOL:
		return cli_say(cli, "yes or no", "是 或 否");
	case CAT_INT:
		return "12";
	default:
		return "...";
	}
}

/* Before asking the server: the first needed parameter that is missing, and how it is given. */
static enum err
report_check(struct cli *cli, const Kehu__ReportInfo *info, const Kehu__Report *request)
{
	for (size_t i = 0; i < info->n_parameters; i++) {
		const Kehu__Field *field = info->parameters[i];
		bool given = (field->flags & CAT_REQUIRED) == 0;

		for (size_t j = 0; j < request->n_parameters; j++)
			given |= request->parameters[j]->field == field->number;
		if (!given)
			return cli_fail(cli, ERR_REQUIRED, field->label,
			    arena_printf(cli->arena, "%s report %s %s=(%s)", cli->program->name, info->name,
				field->name, report_form(cli, field)));
	}
	return ERR_OK;
}

enum err
cli_report(struct cli *cli)
{
	Kehu__Report request = KEHU__REPORT__INIT;
	const char *path = cli->options.values[OPT_OUTPUT];
	const Kehu__ReportInfo *info;
	const char *format;
	int64_t width;

	if (cli->word_count == 0)
		return report_list(cli);
	info = cat_report(cli->cat, cli->words[0]);
	if (info == NULL)
		return cli_fail(cli, ERR_INVALID, cli->words[0],
		    arena_printf(cli->arena, "%s report", cli->program->name));
	enum err err = cli_number(cli, OPT_WIDTH, 0, &width);
	if (err == ERR_OK)
		err = cli_arguments(cli, info->parameters, info->n_parameters, cli->words + 1,
		    cli->word_count - 1, &request.parameters, &request.n_parameters);
	if (err == ERR_OK)
		err = report_check(cli, info, &request);
	if (err != ERR_OK)
		return err;
	path = path == NULL ? "-" : path;
	format = report_format(cli, path);
	if (strcmp(format, "pdf") == 0 && strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return cli_fail(cli, ERR_USAGE, "pdf", "-o FILE");
	request.name = info->name;
	request.format = arena_strdup(cli->arena, format);
	request.has_width = width != 0;
	request.width = (uint32_t)width;
	request.paper = arena_strdup(cli->arena, cli->options.values[OPT_PAPER]);
	return cli->options.values[OPT_REASON] != NULL ? report_export(cli, &request)
						       : report_run(cli, &request, path);
}
