/*
 * The head of the chain, outside the database: to syslog, a file, a command, so that who can
 * write the database cannot rewrite what was said. (Not with common/log.h: its names are
 * syslog's.)
 */
#include "common/date.h"
#include "server/audit/audit.h"

#include <fcntl.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define ANCHOR_COMMAND_US (3600 * US_PER_SECOND)

static bool
anchor_to_file(const char *path, const struct buf *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	bool good = fd >= 0 && write(fd, line->data, line->bytes) == (ssize_t)line->bytes &&
		    fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* At most once an hour: paper. What it takes delays only the next sealing. */
static bool
anchor_to_command(const char *command, const struct buf *line)
{
	static int64_t last_us; /* only the ticker's thread comes here */
	FILE *pipe;
	bool good;

	if (last_us != 0 && date_monotonic_us() - last_us < ANCHOR_COMMAND_US)
		return true;
	last_us = date_monotonic_us();
	pipe = popen(command, "we");
	if (pipe == NULL)
		return false;
	good = fwrite(line->data, 1, line->bytes, pipe) == line->bytes;
	return pclose(pipe) == 0 && good;
}

bool
audit_anchor(const struct server_settings *settings, const struct audit_sealed *sealed)
{
	struct buf line = BUF_INIT;
	bool good = true;

	chain_put_anchor(&line, sealed->number, sealed->at_us, sealed->hash, sealed->mac);
	if (settings->audit_syslog)
		syslog(LOG_AUTHPRIV | LOG_NOTICE, "%.*s", (int)line.bytes - 1, line.data);
	if (settings->audit_file != NULL)
		good = anchor_to_file(settings->audit_file, &line);
	if (settings->audit_command != NULL)
		good = anchor_to_command(settings->audit_command, &line) && good;
	buf_fini(&line);
	return good;
}
