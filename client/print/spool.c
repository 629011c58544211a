/* Printing by another program; see spool.h. */
#include "client/print/spool.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPOOL_WORDS = 16, SPOOL_SAID = 400 };

struct spool {
	struct loop *loop;
	pid_t pid;
	int fd;
	char *path;
	char said[SPOOL_SAID];
	size_t bytes;
	void (*done)(void *context, bool printed, const char *said);
	void *context;
};

static void
spool_free(struct spool *spool)
{
	unlink(spool->path);
	free(spool->path);
	free(spool);
}

/* The first line of what it said, fit for a message line. */
static const char *
spool_line(struct spool *spool, struct arena *arena)
{
	spool->said[spool->bytes] = '\0';
	spool->said[strcspn(spool->said, "\n")] = '\0';
	return text_print(arena, spool->said, TEXT_LINE);
}

static void
spool_end(struct spool *spool)
{
	struct arena *arena = arena_new(0);
	int status = 0;

	loop_unwatch(spool->loop, spool->fd);
	close(spool->fd);
	while (waitpid(spool->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (spool->done != NULL)
		spool->done(spool->context, WIFEXITED(status) && WEXITSTATUS(status) == 0,
		    spool_line(spool, arena));
	arena_free(arena);
	spool_free(spool);
}

static void
spool_on_output(void *arg, int fd, short events)
{
	struct spool *spool = arg;
	char more[256];
	ssize_t got = read(fd, more, sizeof(more));

	(void)events;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		spool_end(spool);
		return;
	}
	if ((size_t)got > SPOOL_SAID - 1 - spool->bytes)
		got = (ssize_t)(SPOOL_SAID - 1 - spool->bytes);
	memcpy(spool->said + spool->bytes, more, (size_t)got);
	spool->bytes += (size_t)got;
}

/* In the child: no terminal, no files of ours, and the signals as they were. */
static void
spool_exec(char **words, int output)
{
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(nothing, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execvp(words[0], words);
	dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

static void
spool_split(char *command, const char *path, char **words)
{
	size_t count = 0;
	char *save = NULL;

	for (char *word = strtok_r(command, " ", &save); word != NULL && count < SPOOL_WORDS;
	     word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	words[count++] = (char *)(uintptr_t)path;
	words[count] = NULL;
}

struct spool *
spool_start(struct loop *loop, const char *command, const char *path,
    void (*done)(void *context, bool printed, const char *said), void *context,
    const char **why)
{
	struct spool *spool = mem_zalloc(1, sizeof(*spool));
	char *words[SPOOL_WORDS + 2], *copy = mem_strdup(command);
	int ends[2] = { -1, -1 };

	*spool = (struct spool){
		.loop = loop, .path = mem_strdup(path), .done = done, .context = context
	};
	spool_split(copy, path, words);
	spool->pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
	if (spool->pid == 0)
		spool_exec(words, ends[1]);
	free(copy);
	if (spool->pid < 0) {
		*why = strerror(errno);
		if (ends[0] >= 0)
			close(ends[0]);
		if (ends[1] >= 0)
			close(ends[1]);
		spool_free(spool);
		return NULL;
	}
	close(ends[1]);
	spool->fd = ends[0];
	loop_watch(loop, spool->fd, POLLIN, spool_on_output, spool);
	return spool;
}

void
spool_forget(struct spool *spool)
{
	if (spool != NULL)
		spool->done = NULL;
}
