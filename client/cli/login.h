/* Connecting and signing in from the command line. */
#ifndef KEHU_CLI_LOGIN_H
#define KEHU_CLI_LOGIN_H

#include "client/cli/cli.h"

/*
 * Connects, signs in, has the catalogue; reports its own failures. new_password: the login is
 * only for changing the password (after PASSWORD_CHANGE), else NULL.
 */
MUST_CHECK enum err cli_connect(struct cli *cli, const char *new_password);
/* Ends the session on the server when it can, and frees the link. */
void cli_disconnect(struct cli *cli);
/* The password of the settings, else asked on the terminal without echo. */
MUST_CHECK enum err cli_password_ask(
    struct cli *cli, const char *prompt, const char **password);
/* The options of a link as the settings want it. */
struct link_options cli_link_options(const struct cli *cli);

#endif
