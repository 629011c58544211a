/*
 * kehu: with a command the command line, without one the full screen. What either does is in
 * client/cli and client/screens.
 */
#include "client/cli/kehu.h"
#include "client/cli/login.h"
#include "client/link/place.h"
#include "client/screens/app.h"
#include "common/mem.h"

static int
main_screens(struct cli *cli)
{
	struct link_options options = cli_link_options(cli);
	const char **target = ARENA_ARRAY(cli->arena, const char *, cli->word_count + 1);

	for (size_t i = 0; i < cli->word_count; i++)
		target[i] = cli->words[i];

	options.state_dir = cli->settings.drafts ? place_state_dir(cli->arena) : NULL;
	return app_run(&options, &cli->settings, cli->settings.user, cli->settings.password, target);
}

int
main(int argc, char **argv)
{
	const struct cli_program program = kehu_program(main_screens);

	mem_reserve(256 * 1024); /* what a form on the screen needs to be sent or kept */
	return cli_run(&program, argc, argv);
}
