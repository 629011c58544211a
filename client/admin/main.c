/* kehu-admin: set-up over the same protocol, gate and rights as everything else. */
#include "client/admin/admin.h"

int
main(int argc, char **argv)
{
	const struct cli_program program = admin_program();

	return cli_run(&program, argc, argv);
}
