/* Fuzz target: a configuration file, of the server and of the client. Whatever it holds, it is
 * taken or refused with a line that says why. */
#include "client/settings.h"
#include "server/server.h"
#include "tests/lib/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
	struct client_settings client;
	struct server_settings server;
	const char *why = NULL;
	char path[32];
	int fd = memfd_create("kehu.conf", MFD_CLOEXEC);

	fuzz_insist(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	enum err err =
	    conf_load(arena, client_setting_table, client_setting_count, path, &client, &why);
	fuzz_insist(err == ERR_OK || (why != NULL && *why != '\0'));
	why = NULL;
	err = conf_load(arena, server_setting_table, server_setting_count, path, &server, &why);
	fuzz_insist(err == ERR_OK || (why != NULL && *why != '\0'));
	close(fd);
	arena_free(arena);
	return 0;
}
