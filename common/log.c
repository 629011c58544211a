/*
 * The log. A record is formatted into one block on the stack and leaves in one write(2), so
 * lines of different threads and processes never mix. Rotation is the system's: log_open()
 * again (on SIGHUP) swaps the file under the same descriptor without a moment of loss.
 */
#include "common/log.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_BYTES  4096
#define LOG_VALUE_BYTES 200

static atomic_int log_fd = STDERR_FILENO;
static atomic_int log_level = LOG_INFO;
static pthread_mutex_t log_swap = PTHREAD_MUTEX_INITIALIZER;

bool
log_open(const char *path, enum log_level level)
{
	bool done = true;

	atomic_store(&log_level, (int)level);
	if (path == NULL)
		return true;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return false;
	pthread_mutex_lock(&log_swap);
	int old = atomic_load(&log_fd);
	if (old == STDERR_FILENO) {
		atomic_store(&log_fd, fd);
	} else {
		/* A writer may hold the old number: keep it, change the file behind it. */
		done = dup3(fd, old, O_CLOEXEC) >= 0;
		int saved = errno;
		close(fd);
		errno = saved;
	}
	pthread_mutex_unlock(&log_swap);
	return done;
}

void
log_close(void)
{
	pthread_mutex_lock(&log_swap);
	int old = atomic_exchange(&log_fd, STDERR_FILENO);
	if (old != STDERR_FILENO)
		close(old);
	pthread_mutex_unlock(&log_swap);
}

bool
log_wants(enum log_level level)
{
	return (int)level <= atomic_load(&log_level);
}

static size_t
log_begin(char *line, size_t room, enum log_level level, const char *message)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t at = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &tm);
	int more = snprintf(line + at, room - at, ".%03ldZ %s %s", now.tv_nsec / 1000000,
	    names[level], message);
	at += more > 0 ? (size_t)more : 0;
	return at < room ? at : room - 1;
}

/* The last fence behind log_value(): no byte of a record can be a control. C1 is C2 80..9F. */
static void
log_defuse(char *line, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)line[i];
		bool c1 = c == 0xC2 && i + 1 < bytes && (unsigned char)line[i + 1] < 0xA0;

		if (c < 0x20 || c == 0x7F || c1)
			line[i] = '?';
		if (c1)
			line[++i] = '?';
	}
}

static void
log_emit(char *line, size_t at)
{
	int saved = errno;

	log_defuse(line, at);
	line[at++] = '\n';
	/* A full disk or closed pipe must not stop the server, and there is nowhere to say so.
	 */
	while (write(atomic_load(&log_fd), line, at) < 0 && errno == EINTR)
		continue;
	errno = saved;
}

static void
log_vwrite(enum log_level level, const char *message, const char *format, va_list args)
{
	char line[LOG_LINE_BYTES + 1]; /* one for the newline */
	size_t at = log_begin(line, LOG_LINE_BYTES - 4, level, message);
	size_t start = at;

	line[at++] = ' ';
	int more = vsnprintf(line + at, LOG_LINE_BYTES - at, format, args);
	if (more <= 0) {
		at = start;
	} else if ((size_t)more >= LOG_LINE_BYTES - at) {
		memcpy(line + LOG_LINE_BYTES - 4, "...", 3);
		at = LOG_LINE_BYTES - 1;
	} else {
		at += (size_t)more;
	}
	log_emit(line, at);
}

void
log_write(enum log_level level, const char *message, const char *format, ...)
{
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	log_vwrite(level, message, format, args);
	va_end(args);
}

static bool
log_plain(const char *text)
{
	size_t bytes = strlen(text);

	if (bytes == 0 || bytes > LOG_VALUE_BYTES)
		return false;
	for (size_t i = 0; i < bytes; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"\\=", text[i]) != NULL)
			return false;
	return true;
}

/* Text a terminal can show stays as it is, Chinese too; quotes and all else become escapes. */
static size_t
log_escape(char *out, const char *text, size_t bytes)
{
	uint32_t code;
	size_t from = 0, at = 0;

	while (from < bytes && at < LOG_VALUE_BYTES) {
		size_t length = text_decode(text + from, bytes - from, &code);
		if (length != 0 && text_code_allowed(code)) {
			if (code == '"' || code == '\\')
				out[at++] = '\\';
			memcpy(out + at, text + from, length);
			at += length;
		} else {
			length = 1; /* the bytes that follow are bad by themselves */
			at += (size_t)sprintf(out + at, "\\x%02x", (unsigned char)text[from]);
		}
		from += length;
	}
	if (from < bytes)
		at += (size_t)sprintf(out + at, "...");
	return at;
}

const char *
log_value(struct arena *arena, const char *text)
{
	if (text == NULL)
		return "-";
	if (log_plain(text))
		return text;
	char *out = arena_alloc(arena, LOG_VALUE_BYTES + 16);
	out[0] = '"';
	size_t at = 1 + log_escape(out + 1, text, strlen(text));
	out[at] = '"';
	return out;
}

void
fatal(const char *format, ...)
{
	char line[LOG_LINE_BYTES + 1];
	va_list args;

	size_t at = log_begin(line, LOG_LINE_BYTES - 2, LOG_ERROR, "fatal ");
	va_start(args, format);
	int more = vsnprintf(line + at, LOG_LINE_BYTES - at, format, args);
	va_end(args);
	if (more > 0)
		at =
		    (size_t)more < LOG_LINE_BYTES - at ? at + (size_t)more : LOG_LINE_BYTES - 1;
	log_emit(line, at);
	abort();
}

enum log_level
log_level_named(const char *name)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	for (size_t i = 0; name != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}
