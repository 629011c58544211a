/*
 * Stands before libc in a program under test. Counts and refuses as refuse.h says: memory (NULL),
 * or a call to the system, with the error such a call really gives: a full disk, no descriptors, a
 * connection that is reset, no thread. Calls that libc makes within itself are not seen.
 */
#include "tests/preload/refuse.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* What libc calls its own; they need no look-up, which would ask for memory itself. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void __libc_free(void *memory);

enum { FRAMES_MOST = 40 };

static struct refuse *refuse;
static int refuse_told; /* who asked is written to standard error */

__attribute__((constructor)) static void
refuse_open(void)
{
	const char *path = getenv(REFUSE_FILE_ENV);
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page;

	refuse_told = getenv(REFUSE_TOLD_ENV) != NULL;
	(void)backtrace(&page, 1); /* what it needs it asks for now */
	if (fd < 0)
		return;
	page = mmap(NULL, sizeof(struct refuse), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED)
		refuse = page;
}

static int
refuse_now(enum refuse_what what, const char *name)
{
	void *frames[FRAMES_MOST];

	if (refuse == NULL || atomic_load_explicit(&refuse->what, memory_order_relaxed) != (int)what)
		return 0;
	atomic_fetch_add(&refuse->asked, 1);
	if (atomic_fetch_sub(&refuse->left, 1) != 1)
		return 0;
	memset(refuse->name, 0, sizeof(refuse->name));
	memcpy(refuse->name, name, strnlen(name, sizeof(refuse->name) - 1));
	atomic_fetch_add(&refuse->refused, 1);
	if (refuse_told)
		backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MOST), 2);
	return 1;
}

static void
refuse_hold(const void *memory, int64_t blocks)
{
	if (memory != NULL && refuse != NULL)
		atomic_fetch_add_explicit(&refuse->blocks, blocks, memory_order_relaxed);
}

/* ---- memory -------------------------------------------------------------------------------- */

void *
malloc(size_t bytes)
{
	void *memory = NULL;

	if (refuse_now(REFUSE_MEMORY, "malloc"))
		errno = ENOMEM;
	else
		memory = __libc_malloc(bytes);
	refuse_hold(memory, 1);
	return memory;
}

void *
calloc(size_t count, size_t bytes)
{
	void *memory = NULL;

	if (refuse_now(REFUSE_MEMORY, "calloc"))
		errno = ENOMEM;
	else
		memory = __libc_calloc(count, bytes);
	refuse_hold(memory, 1);
	return memory;
}

void *
realloc(void *memory, size_t bytes)
{
	void *wider;

	if (refuse_now(REFUSE_MEMORY, "realloc")) {
		errno = ENOMEM;
		return NULL;
	}
	wider = __libc_realloc(memory, bytes);
	if (memory == NULL)
		refuse_hold(wider, 1);
	return wider;
}

void
free(void *memory)
{
	refuse_hold(memory, -1);
	__libc_free(memory);
}

/* ---- calls --------------------------------------------------------------------------------- */

/* The next one of that name: libc's. Looked up at the first call, before anything is refused. */
#define NEXT(name_) \
	static __typeof__(&name_) next; \
	if (next == NULL) \
		next = (__typeof__(&name_))dlsym(RTLD_NEXT, #name_)

#define REFUSED(name_, error_) \
	do \
		if (refuse_now(REFUSE_CALL, #name_)) { \
			errno = error_; \
			return -1; \
		} \
	while (0)

/* What wakes a thread (eventfd, timerfd): such a call has no way to fail. */
static int
cannot_fail(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == 0;
}

/* A connection that failed once is broken for good; anything else only says error. */
static int
broken(int fd, int error_of_socket, int error)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode))
		return error;
	shutdown(fd, SHUT_RDWR);
	return error_of_socket;
}

ssize_t
read(int fd, void *data, size_t bytes)
{
	NEXT(read);
	if (!cannot_fail(fd))
		REFUSED(read, broken(fd, ECONNRESET, EIO));
	return next(fd, data, bytes);
}

ssize_t
write(int fd, const void *data, size_t bytes)
{
	NEXT(write);
	if (!cannot_fail(fd))
		REFUSED(write, broken(fd, EPIPE, ENOSPC));
	return next(fd, data, bytes);
}

ssize_t
pread(int fd, void *data, size_t bytes, off_t at)
{
	NEXT(pread);
	REFUSED(pread, EIO);
	return next(fd, data, bytes, at);
}

ssize_t
pwrite(int fd, const void *data, size_t bytes, off_t at)
{
	NEXT(pwrite);
	REFUSED(pwrite, ENOSPC);
	return next(fd, data, bytes, at);
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	NEXT(writev);
	REFUSED(writev, broken(fd, EPIPE, ENOSPC));
	return next(fd, parts, count);
}

ssize_t
readv(int fd, const struct iovec *parts, int count)
{
	NEXT(readv);
	REFUSED(readv, broken(fd, ECONNRESET, EIO));
	return next(fd, parts, count);
}

ssize_t
send(int fd, const void *data, size_t bytes, int flags)
{
	NEXT(send);
	REFUSED(send, broken(fd, EPIPE, EPIPE));
	return next(fd, data, bytes, flags);
}

ssize_t
recv(int fd, void *data, size_t bytes, int flags)
{
	NEXT(recv);
	REFUSED(recv, broken(fd, ECONNRESET, ECONNRESET));
	return next(fd, data, bytes, flags);
}

int
socket(int domain, int type, int protocol)
{
	NEXT(socket);
	REFUSED(socket, EMFILE);
	return next(domain, type, protocol);
}

int
connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
	NEXT(connect);
	REFUSED(connect, ECONNREFUSED);
	return next(fd, address, bytes);
}

int
accept4(int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
	NEXT(accept4);
	REFUSED(accept4, EMFILE);
	return next(fd, address, bytes, flags);
}

static mode_t
mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	NEXT(open);
	REFUSED(open, EMFILE);
	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return next(path, flags, mode);
}

int
openat(int folder, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	NEXT(openat);
	REFUSED(openat, EMFILE);
	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return next(folder, path, flags, mode);
}

int
fsync(int fd)
{
	NEXT(fsync);
	REFUSED(fsync, EIO);
	return next(fd);
}

int
fdatasync(int fd)
{
	NEXT(fdatasync);
	REFUSED(fdatasync, EIO);
	return next(fd);
}

int
rename(const char *from, const char *to)
{
	NEXT(rename);
	REFUSED(rename, EIO);
	return next(from, to);
}

int
ftruncate(int fd, off_t bytes)
{
	NEXT(ftruncate);
	REFUSED(ftruncate, EIO);
	return next(fd, bytes);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context)
{
	NEXT(pthread_create);
	return refuse_now(REFUSE_CALL, "pthread_create") ? EAGAIN : next(thread, attributes, run, context);
}
