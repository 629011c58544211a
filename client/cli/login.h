/* Connecting and signing in from the command line. */
#ifndef KEHU_CLI_LOGIN_H
#define KEHU_CLI_LOGIN_H

#include "client/cli/cli.h"

/*
 * Connects, signs in, has the catalogue; reports its own failures. new_password: the login is
 * only for changing the password (after PASSWORD_CHANGE), else NULL.
 */
MUST_CHECK enum err cli_connect(struct cli *cli, const char *new_password);
/*
 * Only the login, answered with what became of it; failures of the server are not reported yet.
 * *password: what was used. For commands that set up what the login wants.
 */
MUST_CHECK enum err cli_sign_in(struct cli *cli, const char **password);
/* The code where the login wants one (err FACTOR_NEEDED); else err. */
MUST_CHECK enum err cli_second_stage(struct cli *cli, enum err err);
/* After FACTOR_ENROLL: shows the secret, wants a code, prints recovery codes; signed in. */
MUST_CHECK enum err cli_factor_enrol(struct cli *cli);
/* Ends the session on the server when it can, and frees the link. */
void cli_disconnect(struct cli *cli);
/* The password of the settings, else asked on the terminal without echo. */
MUST_CHECK enum err cli_password_ask(
    struct cli *cli, const char *prompt, const char **password);
/* The options of a link as the settings want it. */
struct link_options cli_link_options(const struct cli *cli);

#endif
