/*
 * A crowd that keeps a server busy with nothing: clients that send a byte a second, that ask
 * and never read, that begin a handshake and say no more. Those who work beside them are all
 * answered, the memory of kehud stays bounded, and the crowd is thrown out in its time.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/lib/wire.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "slow_clients"
#define SETTINGS \
	"log: { level = \"warn\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n" \
	"budget: { rows = 0; };\n"

enum {
	WORKERS = 4,         /* processes */
	CONNECTIONS = 5,     /* of each; ten times as many with N */
	CROWD = 60,          /* of each kind; a thousand with N */
	ASKED_AT_ONCE = 4,   /* each a second */
	WORK_MS = 2000,      /* how long is measured */
	TIMES_MOST = 200000, /* of one process */
	GROWTH_KIB = 512 * 1024,
};

struct times {
	int count;
	int32_t us[TIMES_MOST];
};

static struct bed *bed;
static bool whole; /* make fault */

/* ---- those who work ----------------------------------------------------------------------- */

static _Noreturn void
work(struct times *times)
{
	struct wire *wires[CONNECTIONS * 10];
	int count = whole ? CONNECTIONS * 10 : CONNECTIONS;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, *frames = &frame;
	Kehu__List list = KEHU__LIST__INIT;
	struct arena *arena = arena_new(0);
	int64_t until_us;

	list.has_entity = list.has_limit = true;
	list.entity = E_customer;
	list.limit = 50;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	for (int i = 0; i < count; i++)
		wires[i] = wire_open(bed, "cai", LANG_EN);
	until_us = date_monotonic_us() + WORK_MS * INT64_C(1000);
	for (int i = 0; date_monotonic_us() < until_us && times->count < TIMES_MOST; i++) {
		struct wire_answer answer;
		int64_t from_us = date_monotonic_us();

		wire_ask(wires[i % count], &frames, 1, arena, &answer);
		if (answer.err != ERR_OK)
			fatal("somebody who works was refused: %s", err_name(answer.err));
		times->us[times->count++] = (int32_t)(date_monotonic_us() - from_us);
		arena_reset(arena);
	}
	_exit(0);
}

static int
by_length(const void *a, const void *b)
{
	return *(const int32_t *)a - *(const int32_t *)b;
}

/* The 99th of a hundred answers, in µs; ends the test when somebody was not answered. */
static int32_t
work_p99(int *answers)
{
	struct times *all = mmap(NULL, sizeof(*all) * WORKERS, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[WORKERS];
	int32_t *us, p99;
	int count = 0;

	assert_true(all != MAP_FAILED);
	fflush(NULL);
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			work(&all[i]);
	}
	us = calloc((size_t)TIMES_MOST * WORKERS, sizeof(*us));
	for (int i = 0; i < WORKERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
		memcpy(us + count, all[i].us, (size_t)all[i].count * sizeof(*us));
		count += all[i].count;
	}
	assert_true(count > 0);
	qsort(us, (size_t)count, sizeof(*us), by_length);
	p99 = us[count * 99 / 100];
	*answers = count;
	free(us);
	munmap(all, sizeof(*all) * WORKERS);
	return p99;
}

/* ---- the crowd ---------------------------------------------------------------------------- */

static int
crowd_connect(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)bed->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		fatal("the crowd cannot connect");
	return fd;
}

/* Asks for a lot, and never reads. False: nobody is there any more. */
static bool
crowd_ask(struct wire *wire)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Catalog catalog = KEHU__CATALOG__INIT;
	struct buf out = BUF_INIT;
	bool there;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CATALOG;
	frame.catalog = &catalog;
	frame.has_number = true;
	frame.number = 100;
	for (int i = 0; i < ASKED_AT_ONCE; i++) {
		if (frame_pack_client(&out, &frame) != ERR_OK)
			fatal("a request that cannot be packed");
	}
	there = wire_put(wire, out.data, out.bytes);
	buf_fini(&out);
	return there;
}

/*
 * Says 'r' when all are there. Half handshakes and frames begun get a byte each second, until
 * told to end; then says 'd' when the server has ended all of them.
 */
static _Noreturn void
crowd_run(int say)
{
	static const uint8_t hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 };
	int count = whole ? 1000 : CROWD;
	int *halves = calloc((size_t)count, sizeof(int));
	struct wire **senders = calloc((size_t)count, sizeof(struct wire *)), **deaf = calloc((size_t)count, sizeof(struct wire *));
	int64_t until_us = date_monotonic_us() + INT64_C(600000000);
	int left = 1;

	for (int i = 0; i < count; i++) {
		senders[i] = wire_stranger(bed, true);
		deaf[i] = wire_open(bed, "cai", LANG_EN);
		crowd_ask(deaf[i]);
	}
	for (int i = 0; i < count; i++) {
		halves[i] = crowd_connect();
		if (send(halves[i], hello, sizeof(hello), MSG_NOSIGNAL) < 0)
			fatal("the crowd cannot send");
	}
	if (write(say, "r", 1) != 1)
		_exit(1);
	for (int turn = 0; left > 0 && date_monotonic_us() < until_us; turn++) {
		left = 0;
		for (int i = 0; i < count; i++) {
			left += wire_put(senders[i], turn == 0 ? "\0" : "\x08", 1);
			left += crowd_ask(deaf[i]);
			left += send(halves[i], "\1", 1, MSG_NOSIGNAL) == 1;
		}
		usleep(1000000);
	}
	_exit(left == 0 && write(say, "d", 1) == 1 ? 0 : 1);
}

/* ---- both --------------------------------------------------------------------------------- */

static long
kehud_kib(void)
{
	FILE *status = fopen(arena_printf(bed->arena, "/proc/%d/status", (int)bed->kehud), "r");
	char line[256];
	long kib = 0;

	assert_non_null(status);
	while (fgets(line, sizeof(line), status) != NULL && sscanf(line, "VmRSS: %ld", &kib) != 1)
		continue;
	fclose(status);
	return kib;
}

static bool
heard(int fd, char what, int wait_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char said = 0;

	return poll(&ready, 1, wait_ms) > 0 && read(fd, &said, 1) == 1 && said == what;
}

static void
a_slow_crowd_stops_nobody(void **state)
{
	int say[2], alone_answers, beside_answers, status;
	int32_t alone_us, beside_us;
	long before_kib, most_kib;
	int64_t cleared_us;
	pid_t crowd;

	whole = getenv("N") != NULL && atoi(getenv("N")) > 0;
	bed = bed_new_with(DB, SETTINGS);
	bed_kill(bed, SIGTERM);
	bed->net = "frame_timeout = 10; output = 64; ";
	bed_start(bed);
	alone_us = work_p99(&alone_answers);
	before_kib = kehud_kib();
	assert_int_equal(pipe(say), 0);
	fflush(NULL);
	crowd = fork();
	if (crowd == 0)
		crowd_run(say[1]);
	assert_true(heard(say[0], 'r', BED_WAIT_MS * 6));
	cleared_us = date_monotonic_us();
	beside_us = work_p99(&beside_answers);
	most_kib = kehud_kib();
	assert_true(heard(say[0], 'd', BED_WAIT_MS * 6));
	cleared_us = date_monotonic_us() - cleared_us;
	assert_int_equal(waitpid(crowd, &status, 0), crowd);
	assert_int_equal(status, 0);
	print_message("# slow_clients: %d of each kind: p99 alone %d us, beside them %d us (%.2f); kehud grew by %ld KiB; "
		      "all thrown out after %" PRId64 " ms\n",
	    whole ? 1000 : CROWD, alone_us, beside_us, (double)beside_us / alone_us, most_kib - before_kib,
	    cleared_us / 1000);
	assert_true(most_kib - before_kib < GROWTH_KIB);
	bed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_crowd_stops_nobody),
	};
	struct rlimit files = { 0 };

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
