/*
 * The second factor on the command line: the code a login wants, and setting one up. Codes come
 * from a file (KEHU_OTP_FILE, --otp-file) or are asked for on the terminal.
 */
#include "client/cli/cli.h"
#include "client/cli/login.h"

#include "client/print/qr.h"
#include <string.h>
#include <unistd.h>

enum { FACTOR_TRIES = 3, FACTOR_WAIT_US = 200000, FACTOR_WAITS = 1200 };

static enum err
factor_code(struct cli *cli, const char **code)
{
	const char *path = cli->settings.otp_file, *why = "";

	if (path == NULL)
		return cli_password_ask(cli,
		    cli_say(cli, "Code of the authenticator, or a recovery code: ", "验证器动态码或恢复码："),
		    code);
	enum err err = settings_read_password(cli->arena, path, code, &why);
	return err == ERR_OK ? err : cli_fail(cli, err, why, NULL);
}

/*
 * The first code of a secret that was just printed: a script cannot have it beforehand, so its
 * file is waited for.
 */
static enum err
factor_first_code(struct cli *cli, const char **code)
{
	for (int i = 0; cli->settings.otp_file != NULL && access(cli->settings.otp_file, F_OK) != 0 &&
			i < FACTOR_WAITS;
	     i++)
		usleep(FACTOR_WAIT_US);
	return factor_code(cli, code);
}

static enum err
factor_step(struct cli *cli, enum link_factor_step step, const char *code)
{
	link_factor(cli->link, step, code);
	return link_wait(cli->link, cli->timeout_ms);
}

enum err
cli_second_stage(struct cli *cli, enum err err)
{
	const char *code;

	for (int i = 0; i < FACTOR_TRIES && link_status(cli->link).needs_factor &&
			!link_status(cli->link).factor_enrol;
	     i++) {
		if (i > 0)
			cli_note(cli, "%s", link_status(cli->link).text);
		enum err asked = factor_code(cli, &code);
		if (asked != ERR_OK)
			return asked;
		err = factor_step(cli, LINK_FACTOR_SIGN_IN, code);
		/* A file would only say the same again. */
		if (err == ERR_OK || cli->settings.otp_file != NULL)
			return err;
	}
	return err;
}

/* ---- setting one up ---- */

static void
factor_show(struct cli *cli, const Kehu__FactorAnswer *answer)
{
	const struct qr *qr = qr_new(cli->arena, answer->uri);

	for (int i = 0; qr != NULL && i < qr->rows; i++)
		cli_print(cli, "%s", qr->lines[i]);
	cli_print(cli, "%s%s", cli_say(cli, "secret: ", "密钥："), answer->secret);
	cli_print(cli, "%s", answer->uri);
}

static enum err
factor_show_recovery(struct cli *cli, const Kehu__FactorAnswer *answer)
{
	cli_note(cli, "%s",
	    cli_say(cli, "Recovery codes: each signs in once without the authenticator. Keep them safe; they are not shown again.",
		"恢复码：没有验证器时每个可登录一次。请妥善保存，不再显示。"));
	for (size_t i = 0; i < answer->n_recovery; i++)
		cli_print(cli, "%s", answer->recovery[i]);
	return cli_flush(cli);
}

static enum err
factor_ask(struct cli *cli, Kehu__Factor *request, const Kehu__FactorAnswer **answer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *got;

	request->has_step = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_FACTOR;
	frame.factor = request;
	enum err err = cli_ask(cli, cli->arena, &frame, NULL, &got);
	if (err == ERR_OK && got->answer_case != KEHU__SERVER_FRAME__ANSWER_FACTOR)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	if (err == ERR_OK)
		*answer = got->factor;
	return err;
}

/* The login itself wants it: nothing else is open yet. */
enum err
cli_factor_enrol(struct cli *cli)
{
	const char *code;
	enum err err = factor_step(cli, LINK_FACTOR_BEGIN, NULL);

	if (err != ERR_FACTOR_ENROLL || link_factor_answer(cli->link) == NULL)
		return cli_fail_answer(cli, err, NULL, NULL);
	factor_show(cli, link_factor_answer(cli->link));
	err = cli_flush(cli);
	for (int i = 0; err == ERR_OK && i < FACTOR_TRIES; i++) {
		err = factor_first_code(cli, &code);
		if (err != ERR_OK)
			return err;
		err = factor_step(cli, LINK_FACTOR_CONFIRM, code);
		if (err == ERR_OK)
			return factor_show_recovery(cli, link_factor_answer(cli->link));
		if (cli->settings.otp_file != NULL || !link_status(cli->link).needs_factor)
			break;
		cli_note(cli, "%s", link_status(cli->link).text);
		err = i + 1 < FACTOR_TRIES ? ERR_OK : err;
	}
	return cli_fail_answer(cli, err, NULL, NULL);
}

/* Signed in: another telephone, or one at all. */
static enum err
factor_replace(struct cli *cli, const char *password)
{
	Kehu__Factor request = KEHU__FACTOR__INIT;
	const Kehu__FactorAnswer *answer;
	const char *code;

	request.step = 5;
	enum err err = factor_ask(cli, &request, &answer);
	if (err == ERR_OK && answer->enrolled) {
		err = factor_code(cli, &code);
		if (err == ERR_OK)
			request.code = arena_strdup(cli->arena, code);
	}
	request.step = 2;
	request.password = arena_strdup(cli->arena, password);
	if (err == ERR_OK)
		err = factor_ask(cli, &request, &answer);
	if (err != ERR_OK)
		return err;
	factor_show(cli, answer);
	err = cli_flush(cli);
	if (err == ERR_OK)
		err = factor_first_code(cli, &code);
	if (err != ERR_OK)
		return err;
	request = (Kehu__Factor)KEHU__FACTOR__INIT;
	request.step = 3;
	request.code = arena_strdup(cli->arena, code);
	err = factor_ask(cli, &request, &answer);
	return err == ERR_OK ? factor_show_recovery(cli, answer) : err;
}

enum err
cli_factor_setup(struct cli *cli)
{
	const char *password;
	enum err err = cli_sign_in(cli, &password);

	if (err == ERR_FACTOR_ENROLL)
		return cli_factor_enrol(cli);
	return err == ERR_OK ? factor_replace(cli, password) : cli_fail_answer(cli, err, NULL, NULL);
}

enum err
cli_factor_codes(struct cli *cli)
{
	Kehu__Factor request = KEHU__FACTOR__INIT;
	const Kehu__FactorAnswer *answer;
	const char *code;
	enum err err = factor_code(cli, &code);

	if (err != ERR_OK)
		return err;
	request.step = 4;
	request.code = arena_strdup(cli->arena, code);
	err = factor_ask(cli, &request, &answer);
	return err == ERR_OK ? factor_show_recovery(cli, answer) : err;
}

enum err
cli_factor_show(struct cli *cli)
{
	static const struct sheet_column columns[] = { { "enrolled", "Set up" },
		{ "recovery_left", "Recovery codes left" } };
	Kehu__Factor request = KEHU__FACTOR__INIT;
	const Kehu__FactorAnswer *answer;
	enum sheet_format format;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	request.step = 5;
	if (err == ERR_OK)
		err = factor_ask(cli, &request, &answer);
	if (err != ERR_OK)
		return err;
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 2, cli->options.given & OPT_BIT(HEADER));
	sheet_row(sheet, (struct sheet_cell[]){ { CELL_BOOL, answer->enrolled ? "true" : "false", NULL },
			     { CELL_NUMBER, arena_printf(cli->arena, "%u", answer->recovery_left), NULL } });
	return cli_sheet_end(cli, sheet);
}
