/* What programs that watch a server are told: counters, and whether it is well. */
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/pg.h"
#include "common/date.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define DB "status"

static char folder[] = "/tmp/kehu-status-XXXXXX";
static char path[64];
static struct bed *bed;

static int
all_setup(void **state)
{
	static char settings[200];

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(settings, sizeof(settings),
	    "sign: { " BED_CHEAP "second_factor = \"none\"; };\nstatus: { address = \"%s\"; };\n", path);
	bed = bed_new_with(DB, settings);
	return 0;
}

static int
all_teardown(void **state)
{
	bed_free(bed);
	unlink(path);
	return rmdir(folder);
}

/* What is answered to these bytes; "" when nothing is. In the bed's arena. */
static const char *
ask(const char *request)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const struct timeval wait = { .tv_sec = BED_WAIT_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct buf answer = BUF_INIT;
	ssize_t bytes;

	strcpy(to.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((bytes = recv(fd, buf_reserve(&answer, 4096), 4096, 0)) > 0)
		buf_wrote(&answer, (size_t)bytes);
	close(fd);
	const char *text = arena_strdup(bed->arena, buf_text(&answer));
	buf_fini(&answer);
	return text;
}

static const char *
page(const char *name)
{
	return ask(arena_printf(bed->arena, "GET /%s HTTP/1.0\r\n\r\n", name));
}

/* The figure behind a line's beginning; -1: there is no such line. */
static double
figure(const char *text, const char *line)
{
	const char *at = strstr(text, arena_printf(bed->arena, "\n%s ", line));

	return at != NULL ? strtod(at + 1 + strlen(line), NULL) : -1;
}

static void
requests_are_counted_by_name(void **state)
{
	struct client *client = client_new(bed, "ada", LANG_EN);
	const char *before = page("metrics"), *after;

	assert_non_null(strstr(before, "200 OK"));
	assert_non_null(strstr(before, "kehu_info{version=\""));
	assert_true(figure(before, "kehu_connections") == 1);
	assert_true(figure(before, "kehu_up") == 1);
	assert_true(figure(before, "kehu_resident_bytes") > 1e6);
	for (int i = 0; i < 3; i++)
		client_list(client, E_customer, "");
	expect_error(client_list(client, E_customer, "nonsense:x"), ERR_QUERY, 0);
	after = page("metrics");
	assert_true(figure(after, "kehu_request_seconds_count{request=\"list\"}") == 4);
	assert_true(figure(after, "kehu_request_seconds_bucket{request=\"list\",le=\"+Inf\"}") == 4);
	assert_true(figure(after, "kehu_request_seconds_sum{request=\"list\"}") > 0);
	assert_true(figure(after, "kehu_requests_refused_total{request=\"list\"}") == 1);
	assert_true(figure(after, "kehu_requests_failed_total{request=\"list\"}") == -1);
	assert_true(figure(after, "kehu_received_bytes_total") > figure(before, "kehu_received_bytes_total"));
	assert_true(figure(after, "kehu_lane_waiting{lane=\"interactive\"}") == 0);
	/* Nothing of records and nobody's name. */
	assert_null(strstr(after, "ada"));
	client_free(client);
}

static bool
wait_health(const char *status)
{
	int64_t until_us = date_monotonic_us() + 2 * BED_WAIT_MS * INT64_C(1000);

	while (date_monotonic_us() < until_us) {
		if (strstr(page("health"), status) != NULL)
			return true;
		usleep(50000);
	}
	return false;
}

static void
health_follows_the_database(void **state)
{
	assert_true(wait_health("200 OK"));
	pg_shut();
	assert_true(wait_health("503"));
	assert_non_null(strstr(page("health"), "not well; the database answered"));
	assert_true(figure(page("metrics"), "kehu_up") == 0);
	pg_restart();
	assert_true(wait_health("200 OK"));
	assert_true(figure(page("metrics"), "kehu_database_lost_total") > 0);
}

static void
nonsense_is_refused_and_hurts_nobody(void **state)
{
	struct buf huge = BUF_INIT;

	assert_non_null(strstr(page("customers"), "404"));
	assert_non_null(strstr(ask("POST /metrics HTTP/1.0\r\nContent-Length: 2\r\n\r\nxx"), "501"));
	buf_puts(&huge, "GET /metrics HTTP/1.0\r\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&huge, "X-%d: nonsense\r\n", i);
	assert_null(strstr(ask(buf_text(&huge)), "200 OK"));
	buf_fini(&huge);
	ask("\r\n\r\n");
	assert_non_null(strstr(page("health"), "200 OK"));
}

static void
socket_left_behind_is_replaced_and_a_living_one_is_not_taken(void **state)
{
	const char *text;
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	const char *const serve[] = { "-c", bed->conf, "serve", NULL };
	assert_int_equal(bed_run(bed, serve, &text), 2);
	assert_non_null(strstr(text, "status.address"));
	bed_kill(bed, SIGKILL);
	assert_int_equal(access(path, F_OK), 0);
	bed_start(bed);
	assert_true(wait_health("200 OK"));
	bed_kill(bed, SIGTERM);
	assert_int_not_equal(access(path, F_OK), 0);
	bed_start(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_counted_by_name),
		cmocka_unit_test(health_follows_the_database),
		cmocka_unit_test(nonsense_is_refused_and_hurts_nobody),
		cmocka_unit_test(socket_left_behind_is_replaced_and_a_living_one_is_not_taken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, all_setup, all_teardown);
}
