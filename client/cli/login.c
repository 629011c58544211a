/* Connecting and signing in; the password is asked on the terminal where no file gives it. */
#include "client/cli/login.h"

#include "client/link/place.h"
#include "common/text.h"
#include "common/version.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CLI_PASSWORD_BYTES 1024
#define CLI_LOGOUT_MS      1000

/* ---- the terminal ---- */

static bool
cli_read_line(int fd, char *line, size_t room)
{
	size_t bytes = 0;
	char c;

	for (;;) {
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (c == '\n' || c == '\r')
			break;
		if (bytes + 1 < room)
			line[bytes++] = c;
	}
	line[bytes] = '\0';
	return true;
}

enum err
cli_password_ask(struct cli *cli, const char *prompt, const char **password)
{
	char line[CLI_PASSWORD_BYTES];
	struct termios before, quiet;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &before) != 0) {
		if (fd >= 0)
			close(fd);
		return cli_fail(cli, ERR_LOGIN_NEEDED, NULL,
		    cli_say(cli, "give the password with --password-file or KEHU_PASSWORD_FILE",
			"请用 --password-file 或 KEHU_PASSWORD_FILE 提供密码"));
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	dprintf(fd, "%s", prompt);
	/* Should echo not go off, the password is not read: better refused than shown. */
	bool good =
	    tcsetattr(fd, TCSAFLUSH, &quiet) == 0 && cli_read_line(fd, line, sizeof(line));
	tcsetattr(fd, TCSAFLUSH, &before);
	dprintf(fd, "\n");
	close(fd);
	if (!good)
		return cli_fail(cli, ERR_LOGIN_NEEDED, NULL, NULL);
	*password = arena_strdup(cli->arena, line);
	OPENSSL_cleanse(line, sizeof(line));
	return ERR_OK;
}

/* ---- the link ---- */

struct link_options
cli_link_options(const struct cli *cli)
{
	return (struct link_options){
		.server = cli->settings.server,
		.ca_file = cli->settings.ca,
		.cert_file = cli->settings.certificate,
		.key_file = cli->settings.key,
		.program = arena_printf(cli->arena, "%s %s", cli->program->name, KEHU_VERSION),
		.lang = cli->lang,
		.offset_min = cli->offset_min,
		.trace = cli->settings.trace,
		.cache_dir = cli->settings.cache ? place_cache_dir(cli->arena) : NULL,
	};
}

static enum err
cli_credentials(struct cli *cli, const char **password)
{
	const char *user = cli->settings.user;

	*password = cli->settings.password;
	if (user == NULL || user[0] == '\0')
		return cli_fail(cli, ERR_LOGIN_NEEDED, NULL,
		    cli_say(cli, "say who you are with --user or KEHU_USER",
			"请用 --user 或 KEHU_USER 指定用户"));
	if (*password != NULL)
		return ERR_OK;
	return cli_password_ask(cli,
	    arena_printf(cli->arena, cli_say(cli, "Password of %s: ", "%s 的密码："),
		text_print(cli->arena, user, TEXT_LINE)),
	    password);
}

/* ---- view as another user ---- */

/* The session is told to end; politeness, since it would end by itself. */
static void
cli_end_session(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Logout logout = KEHU__LOGOUT__INIT;
	Kehu__ServerFrame *answer;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LOGOUT;
	frame.logout = &logout;
	if (link_status(cli->link).state == LINK_READY &&
	    link_call(cli->link, cli->arena, &frame, &answer, CLI_LOGOUT_MS) != ERR_OK)
		cli_note(cli, "%s", cli_say(cli, "the session was not ended", "会话未能结束"));
	link_free(cli->link);
	cli->link = NULL;
}

/* --as: ask for a session that looks as that user, and go on with it in place of the own one. */
static enum err
cli_view_as(struct cli *cli, const struct link_options *options)
{
	const Kehu__Entity *users = cat_entity_called(cli->cat, "user");
	const char *reason = cli->options.values[OPT_REASON];
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ViewAs view = KEHU__VIEW_AS__INIT;
	Kehu__ServerFrame *answer;
	int64_t minutes;
	enum err err;

	if (users == NULL)
		return cli_fail(cli, ERR_NO_SUCH_ENTITY, "user", NULL);
	err = cli_number(cli, OPT_MINUTES, 0, &minutes);
	if (err == ERR_OK)
		err = cli_id(cli, users, cli->options.values[OPT_AS], &view.user);
	if (err != ERR_OK)
		return err;
	view.has_user = view.has_minutes = true;
	view.minutes = minutes < 0 || minutes > UINT32_MAX ? UINT32_MAX : (uint32_t)minutes;
	view.reason = (char *)(uintptr_t)(reason != NULL ? reason : "");
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_VIEW_AS;
	frame.view_as = &view;
	err = cli_ask(cli, cli->arena, &frame, NULL, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_VIEW_AS)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	cli_end_session(cli);
	cli->link = link_new(options);
	link_resume(cli->link, answer->view_as->token.data, answer->view_as->token.len);
	err = link_wait(cli->link, cli->timeout_ms);
	cli->cat = link_catalog(cli->link);
	return err == ERR_OK ? ERR_OK : cli_fail_answer(cli, err, NULL, NULL);
}

enum err
cli_connect(struct cli *cli, const char *new_password)
{
	struct link_options options = cli_link_options(cli);
	const char *password;

	enum err err = cli_credentials(cli, &password);
	if (err != ERR_OK)
		return err;
	options.give_up = true;
	options.keep_password = new_password == NULL;
	cli->link = link_new(&options);
	link_login(cli->link, cli->settings.user, password, new_password);
	err = cli_second_stage(cli, link_wait(cli->link, cli->timeout_ms));
	cli->cat = link_catalog(cli->link);
	if (err == ERR_OK && link_user(cli->link)->notice[0] != '\0')
		cli_note(cli, "%s", link_user(cli->link)->notice);
	if (err == ERR_OK && cli->options.values[OPT_AS] != NULL) {
		options.cache_dir = NULL; /* what is seen as another user leaves nothing behind */
		options.keep_password = false;
		return cli_view_as(cli, &options);
	}
	if (err == ERR_OK)
		return ERR_OK;
	if (err == ERR_FACTOR_ENROLL)
		return cli_fail(cli, err, NULL,
		    arena_printf(cli->arena, "%s factor setup", cli->program->name));
	if (err == ERR_PASSWORD_CHANGE)
		return cli_fail(cli, err, NULL,
		    arena_printf(cli->arena, "%s password", cli->program->name));
	return cli_fail_answer(cli, err, NULL, NULL);
}

enum err
cli_sign_in(struct cli *cli, const char **password)
{
	struct link_options options = cli_link_options(cli);

	enum err err = cli_credentials(cli, password);
	if (err != ERR_OK)
		return err;
	options.give_up = true;
	cli->link = link_new(&options);
	link_login(cli->link, cli->settings.user, *password, NULL);
	err = cli_second_stage(cli, link_wait(cli->link, cli->timeout_ms));
	cli->cat = link_catalog(cli->link);
	return err;
}

void
cli_disconnect(struct cli *cli)
{
	if (cli->link != NULL)
		cli_end_session(cli);
}
