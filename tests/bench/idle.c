/* What a signed-in connection that does nothing costs kehud in memory: a thousand of them. */
#include "common/log.h"
#include "tests/lib/figures.h"

#include <sys/resource.h>
#include <unistd.h>

#define SESSIONS 1000
#define MAX_KIB  24

int
main(void)
{
	struct rlimit files;
	const struct big *big;
	struct load_idle *idle;
	int64_t before_kib, after_kib;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	big_start();
	big = big_at(0);
	/* A first few, so that what is made once is not counted. */
	idle = load_idle(big, big_reader(big, "own", 0), 20);
	load_idle_end(idle);
	before_kib = big_kehud_kib(big);
	idle = load_idle(big, big_reader(big, "own", 1), SESSIONS);
	usleep(300000); /* callbacks not yet run would hold memory */
	after_kib = big_kehud_kib(big);
	load_idle_end(idle);
	figure("idle_session", 0, (double)(after_kib - before_kib) / SESSIONS, "KiB", MAX_KIB,
	    AT_MOST, 1);
	return 0;
}
