/*
 * What connections cost the server when they do nothing, and when they do nothing good. The
 * clients are another process, so that the memory measured is the server's alone. Sanitizers
 * multiply memory, so there the figures are printed and not judged.
 */
#include "tests/lib/netbed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENTS 1000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JUDGED false
#else
#define JUDGED true
#endif

/* What the other process does with each connection, once it is there. */
enum manner { LOGGED_IN, ONLY_CONNECTED, HALF_FRAME, NEVER_READS };

static long
memory_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* ---- the other process: plain calls, no cmocka ------------------------------------------ */

static bool
client_send(SSL *ssl, Kehu__ClientFrame *frame)
{
	struct buf out = BUF_INIT;
	bool sent;

	frame->has_number = true;
	frame->number++;
	frame_pack_client(&out, frame);
	sent = SSL_write(ssl, out.data, (int)out.bytes) > 0;
	buf_fini(&out);
	return sent;
}

static void
client_login(SSL *ssl)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Hello hello = KEHU__HELLO__INIT;
	Kehu__Login login = KEHU__LOGIN__INIT;
	char user[] = "u7", away[1024];

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HELLO;
	frame.hello = &hello;
	if (!client_send(ssl, &frame) || SSL_read(ssl, away, sizeof(away)) <= 0)
		_exit(3);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LOGIN;
	login.user = user;
	frame.login = &login;
	if (!client_send(ssl, &frame) || SSL_read(ssl, away, sizeof(away)) <= 0)
		_exit(4);
}

static void
client_ask_much(SSL *ssl)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;
	char text[] = "big 900";

	frame.number = 2;
	search.text = text;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &search;
	/* The server may have had enough before the last; the kernel takes the first few MiB.
	 */
	for (int i = 0; i < 12 && client_send(ssl, &frame); i++)
		;
}

static SSL *
client_connect(SSL_CTX *tls, int port)
{
	const int small = 4096, on = 1;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(tls);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		_exit(1);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		_exit(2);
	return ssl;
}

/* Connects all, says so on tell, waits for the end of wait_for. */
static void
client_process(const char *ca, int port, enum manner manner, int count, int tell, int wait_for)
{
	struct arena *arena = arena_new(0);
	const char *why = NULL;
	SSL_CTX *tls = tls_client_new(arena, ca, &why);
	char byte = 0;

	if (tls == NULL)
		_exit(5);
	for (int i = 0; i < count; i++) {
		SSL *ssl = client_connect(tls, port);

		if (manner != ONLY_CONNECTED)
			client_login(ssl);
		if (manner == HALF_FRAME && SSL_write(ssl, "\0\x0f\xff\0\0half", 9) <= 0)
			_exit(6);
		if (manner == NEVER_READS)
			client_ask_much(ssl);
	}
	if (write(tell, &byte, 1) != 1)
		_exit(7);
	(void)!read(wait_for, &byte, 1);
	_exit(0); /* without a word: the kernel closes all */
}

struct clients {
	pid_t pid;
	int told, end;
};

static struct clients
clients_start(struct netbed *bed, enum manner manner, int count)
{
	int tell[2], end[2];
	char byte;
	const char *ca = arena_printf(bed->arena, "%s/ca.crt", bed->dir);

	assert_int_equal(pipe(tell), 0);
	assert_int_equal(pipe(end), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(end[1]);
		close(tell[0]);
		client_process(ca, net_port(bed->net), manner, count, tell[1], end[0]);
	}
	close(tell[1]);
	close(end[0]);
	assert_int_equal(read(tell[0], &byte, 1), 1);
	return (struct clients){ .pid = pid, .told = tell[0], .end = end[1] };
}

static void
clients_end(struct clients *clients)
{
	int status;

	close(clients->end);
	close(clients->told);
	assert_int_equal(waitpid(clients->pid, &status, 0), clients->pid);
	assert_int_equal(status, 0);
}

static bool
connections_become(struct netbed *bed, uint64_t count, int timeout_ms)
{
	int64_t end = netbed_ms() + timeout_ms;

	while (net_figures(bed->net).connections != count && netbed_ms() < end)
		poll(NULL, 0, 5);
	return net_figures(bed->net).connections == count;
}

static long
kib_each(struct netbed *bed, enum manner manner, int count)
{
	/* A first few, so that what is made once is not counted. */
	struct clients warm = clients_start(bed, LOGGED_IN, 20);

	clients_end(&warm);
	assert_true(connections_become(bed, 0, 10000));
	long before = memory_kib();
	struct clients clients = clients_start(bed, manner, count);
	assert_int_equal(net_figures(bed->net).connections, count);
	/* Callbacks not yet run would hold memory; the clients saw all their answers. */
	poll(NULL, 0, 300);
	long used = memory_kib() - before;
	clients_end(&clients);
	assert_true(connections_become(bed, 0, 10000));
	print_message("# KiB a connection: %.1f\n", (double)used / count);
	return used / count;
}

static void
idle_session_costs_at_most_16_kib(void **state)
{
	struct netbed *bed = netbed_new();

	netbed_start(bed);
	long each = kib_each(bed, LOGGED_IN, CLIENTS);
	assert_true(!JUDGED || each <= 16);
	netbed_free(bed);
}

static void
stranger_costs_at_most_64_kib(void **state)
{
	struct netbed *bed = netbed_new();

	netbed_start(bed);
	long each = kib_each(bed, ONLY_CONNECTED, CLIENTS);
	assert_true(!JUDGED || each <= 64);
	netbed_free(bed);
}

/* Slow senders and non-readers at once, and somebody at work beside them. */
static void
assert_work_goes_on(struct netbed *bed, enum manner manner, int count, long kib_most)
{
	long before = memory_kib();
	struct peer *peer = peer_login(bed, 1);
	struct clients clients = clients_start(bed, manner, count);
	int64_t worst = 0;
	enum err err;

	for (int i = 0; i < 100; i++) {
		int64_t start = netbed_ms();

		peer_command(peer, REQUEST_search, "echo");
		peer_answer(peer, &err);
		assert_int_equal(err, ERR_OK);
		if (netbed_ms() - start > worst)
			worst = netbed_ms() - start;
	}
	long used = memory_kib() - before;
	print_message("# worst answer %lld ms, %ld MiB\n", (long long)worst, used / 1024);
	assert_true(worst < 1000);
	assert_true(!JUDGED || used <= kib_most);
	/* All but the one at work are thrown out in time. */
	assert_true(connections_become(bed, 1, 15000));
	clients_end(&clients);
	peer_ping(peer);
	peer_answer(peer, &err);
	assert_int_equal(err, ERR_OK);
	peer_free(peer);
}

static void
thousand_slow_senders_hurt_nobody(void **state)
{
	struct netbed *bed = netbed_new();

	bed->options.frame_timeout_s = 3;
	netbed_start(bed);
	assert_work_goes_on(bed, HALF_FRAME, CLIENTS, CLIENTS * 24);
	netbed_free(bed);
}

static void
non_readers_hurt_nobody(void **state)
{
	struct netbed *bed = netbed_new();
	/* A sanitizer takes long to make their gigabyte of answers. */
	const int count = JUDGED ? 100 : 10;

	bed->options.frame_timeout_s = 3;
	bed->options.output_max_bytes = 256 * 1024;
	netbed_start(bed);
	/* The limit and one answer each, and room for the answers being made. */
	assert_work_goes_on(bed, NEVER_READS, count, count * (256 + 900 + 64) + 16 * 1024);
	netbed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_session_costs_at_most_16_kib),
		cmocka_unit_test(stranger_costs_at_most_64_kib),
		cmocka_unit_test(thousand_slow_senders_hurt_nobody),
		cmocka_unit_test(non_readers_hurt_nobody),
	};
	struct rlimit files;

	/* A descriptor for each connection, in either process. */
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
