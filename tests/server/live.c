/*
 * What one client saves reaches the others that look at it, through one kehud or two; what a client may
 * not see never does; a disabled user is out at once.
 */
#include "common/date.h"
#include "common/tls.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "live"

static struct bed *bed;

/* A client that notes what it is told. */
struct watcher {
	struct client *client;
	int64_t id; /* last record told of */
	uint32_t version;
	int pushes;
};

static void
watcher_push(void *context, const Kehu__ServerFrame *frame)
{
	struct watcher *watcher = context;

	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_CHANGED)
		return;
	for (size_t i = 0; i < frame->changed->n_records; i++) {
		watcher->id = frame->changed->records[i]->id;
		watcher->version = frame->changed->records[i]->version;
		watcher->pushes++;
	}
}

static struct watcher *
watcher_new(const char *user, int port)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct client *client = calloc(1, sizeof(*client));

	client->bed = bed;
	client->arena = arena_new(0);
	client->link = link_new(&(struct link_options){
	    .server = arena_printf(bed->arena, "127.0.0.1:%d", port),
	    .ca_file = bed_ca(bed),
	    .program = "watcher",
	    .lang = LANG_EN,
	    .events = { .context = watcher, .push = watcher_push },
	});
	link_login(client->link, user, BED_PASSWORD, NULL);
	assert_int_equal(link_wait(client->link, BED_WAIT_MS), ERR_OK);
	watcher->client = client;
	return watcher;
}

static void
watcher_free(struct watcher *watcher)
{
	client_free(watcher->client);
	free(watcher);
}

static void
watcher_watch(struct watcher *watcher, int64_t id)
{
	Kehu__Subscribe subscribe = KEHU__SUBSCRIBE__INIT;
	Kehu__Watch watch = KEHU__WATCH__INIT, *list[] = { &watch };
	int64_t ids[] = { id };

	watch.has_entity = true;
	watch.entity = E_customer;
	watch.n_ids = id != 0;
	watch.ids = ids;
	watch.has_all = watch.all = id == 0;
	subscribe.n_watch = 1;
	subscribe.watch = list;
	link_subscribe(watcher->client->link, &subscribe);
	/* a round trip behind it: the subscription is in force */
	client_list(watcher->client, E_tag, "");
}

/* Of the change, that is; its creation may be told first. */
static bool
watcher_was_told_of_change(void *context)
{
	return ((struct watcher *)context)->version > 1;
}

static bool
watcher_was_told(void *context)
{
	return ((struct watcher *)context)->pushes > 0;
}

static int64_t
live_customer(struct client *client, const char *name)
{
	return expect_written(client_save(client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL))->id;
}

static void
a_change_reaches_who_looks_at_the_record(void **state)
{
	struct client *ada = client_new(bed, "ada", LANG_EN);
	struct watcher *cai = watcher_new("cai", bed->port);
	int64_t id = live_customer(ada, "实时公司"), before;

	watcher_watch(cai, id);
	before = date_monotonic_us();
	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	assert_true(client_wait(cai->client, watcher_was_told_of_change, cai));
	print_message("# told after %d ms\n", (int)((date_monotonic_us() - before) / 1000));
	assert_int_equal(cai->id, id);
	assert_int_equal(cai->version, 2);
	watcher_free(cai);
	client_free(ada);
}

static void
a_change_reaches_clients_of_another_kehud(void **state)
{
	struct client *ada = client_new(bed, "ada", LANG_EN);
	struct watcher *cai = watcher_new("cai", bed_second(bed));
	int64_t id = live_customer(ada, "另一台服务器的公司");

	watcher_watch(cai, id);
	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	assert_true(client_wait(cai->client, watcher_was_told, cai));
	assert_int_equal(cai->id, id);
	watcher_free(cai);
	client_free(ada);
}

static void
nobody_hears_of_what_they_may_not_see(void **state)
{
	struct client *ada = client_new(bed, "ada", LANG_EN);
	struct watcher *ben = watcher_new("ben", bed->port), *cai = watcher_new("cai", bed->port);
	int64_t id = live_customer(ada, "听不见的公司");

	watcher_watch(ben, 0); /* all he may see */
	watcher_watch(cai, 0);
	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	/* his supervisor is told; by then he would have been */
	assert_true(client_wait(cai->client, watcher_was_told, cai));
	client_list(ben->client, E_tag, "");
	assert_int_equal(ben->pushes, 0);
	watcher_free(ben);
	watcher_free(cai);
	client_free(ada);
}

static bool
live_is_out(void *context)
{
	struct link_status status = link_status(((struct client *)context)->link);

	return status.state != LINK_READY && status.state != LINK_SLOW;
}

static void
a_disabled_user_is_out_within_seconds(void **state)
{
	struct client *guo = client_new(bed, "guo", LANG_EN), *dan = client_new(bed, "dan", LANG_EN);
	const Kehu__Record *record = client_get(guo, E_user, USER_DAN)->get->record;
	int64_t before = date_monotonic_us();

	expect_written(client_save(guo, E_user, USER_DAN, record->version, SENT(NUMBER_OF(F_user_disabled, 1)), NULL));
	assert_true(client_wait(dan, live_is_out, dan));
	assert_true(date_monotonic_us() - before < 5 * US_PER_SECOND);
	client_free(dan);
	dan = client_stranger(bed, LANG_EN);
	link_login(dan->link, "dan", BED_PASSWORD, NULL);
	assert_int_not_equal(link_wait(dan->link, 3000), ERR_OK);
	client_free(dan);
	client_free(guo);
}

static void
a_new_role_counts_without_signing_in_again(void **state)
{
	struct client *guo = client_new(bed, "guo", LANG_EN), *eve = client_new(bed, "eve", LANG_EN);
	const Kehu__Record *role;
	Kehu__ServerFrame *answer;
	int64_t until = date_monotonic_us() + 5 * US_PER_SECOND, id = 0;

	assert_int_not_equal(client_save(eve, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "x")), NULL)->answer_case,
	    KEHU__SERVER_FRAME__ANSWER_WRITTEN);
	answer = client_list(guo, E_role, "name:executive");
	role = client_get(guo, E_role, answer->page->rows[0]->id)->get->record;
	for (size_t i = 0; i < role->n_lines; i++)
		if (strcmp(value_of(role->lines[i], F_role_grant_entity)->text, "customer") == 0)
			id = role->lines[i]->id;
	assert_true(id > 0);
	expect_written(client_save(guo, E_role, role->id, role->version, NULL,
	    (const struct sent_line[]){ { .entity = E_role_grant, .id = id,
		.values = SENT(NUMBER_OF(F_role_grant_rights, 255)) }, { 0 } }));
	do {
		answer = client_save(eve, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "新权限公司")), NULL);
	} while (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN && date_monotonic_us() < until);
	expect_written(answer);
	client_free(eve);
	client_free(guo);
}

static int
live_start(void **state)
{
	bed = bed_new(DB);
	return 0;
}

static int
live_end(void **state)
{
	bed_free(bed);
	return 0;
}

/* ---- another certificate ------------------------------------------------------------------ */

/* What a new connection says of the server's certificate. */
static enum err
connect_with(const char *ca)
{
	struct link *link = link_new(&(struct link_options){
	    .server = bed_server(bed), .ca_file = ca, .program = "test", .give_up = true });
	enum err err = link_wait(link, BED_WAIT_MS);

	link_free(link);
	return err;
}

static bool
soon_connects(const char *ca, enum err wanted)
{
	int64_t until_us = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	while (connect_with(ca) != wanted) {
		if (date_monotonic_us() > until_us)
			return false;
		usleep(20000);
	}
	return true;
}

static void
put_certificate(const char *from, const char *name)
{
	const char *command =
	    arena_printf(bed->arena, "cp '%s/%s' '%s/%s'", from, name, bed->dir, name);

	assert_int_equal(system(command), 0);
}

/* On SIGHUP, for new connections; those that are there go on, and useless files change nothing. */
static void
a_renewed_certificate_is_taken_without_a_restart(void **state)
{
	const char *const hosts[] = { "127.0.0.1" };
	const char *other = arena_printf(bed->arena, "%s/other", bed->dir), *why = "";
	const char *other_ca = arena_printf(bed->arena, "%s/ca.crt", other);
	struct client *ada = client_new(bed, "ada", LANG_EN);

	assert_int_equal(tls_make_certificates(bed->arena, other, hosts, 1, &why), ERR_OK);
	assert_int_equal(connect_with(bed_ca(bed)), ERR_LOGIN_NEEDED);
	put_certificate(other, "server.crt");
	/* without its key it fits nothing */
	kill(bed->kehud, SIGHUP);
	expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "证书甲")), NULL));
	assert_int_equal(connect_with(bed_ca(bed)), ERR_LOGIN_NEEDED);
	put_certificate(other, "server.key");
	kill(bed->kehud, SIGHUP);
	assert_true(soon_connects(other_ca, ERR_LOGIN_NEEDED));
	assert_int_equal(connect_with(bed_ca(bed)), ERR_CERTIFICATE);
	/* could not be saved over a new connection: its authority is not the client's */
	expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "证书乙")), NULL));
	client_free(ada);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_reaches_who_looks_at_the_record),
		cmocka_unit_test(a_change_reaches_clients_of_another_kehud),
		cmocka_unit_test(nobody_hears_of_what_they_may_not_see),
		cmocka_unit_test(a_new_role_counts_without_signing_in_again),
		cmocka_unit_test(a_disabled_user_is_out_within_seconds),
		cmocka_unit_test(a_renewed_certificate_is_taken_without_a_restart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, live_start, live_end);
}
