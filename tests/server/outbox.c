/*
 * The outbox against a real kehud, PostgreSQL and mail servers that behave and that do not.
 */
#include "common/date.h"
#include "common/tls.h"
#include "server/entity/fields.h"
#include "server/outbox/send.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include "tests/parts/outbox.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct bed *bed;
struct smtp *smtp;
struct client *ada, *eve;
static struct smtp *gateway;
static struct client *guo;
static const char *plain_settings; /* the bed's own */

static int64_t
make_customer(const char *name, const char *mail)
{
	/* The same customer for each test is not a duplicate here. */
	pg_exec(DB, "UPDATE customer SET phone_digits = NULL, name_alike = NULL, name_sound = NULL");
	return expect_written(client_save(ada, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_mail, mail),
		    TEXT_OF(F_customer_phone, "13800138000")), NULL))
	    ->id;
}

/* The newest row of the outbox. */
static int64_t
newest(void)
{
	return pg_int(DB, "SELECT max(id) FROM outgoing");
}

static int64_t
send_mail(int64_t customer, const char *subject)
{
	expect_written(client_act(ada, E_customer, customer, "send_mail",
	    SENT(TEXT_OF(3, subject), TEXT_OF(4, "您好，{name}。\n.\n{user}"))));
	return newest();
}

void
expect_state(int64_t id, const char *state)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);
	const char *now = "";

	while (date_monotonic_us() < until) {
		now = pg_exec(DB, "SELECT state FROM outgoing WHERE id = %" PRId64, id);
		if (strcmp(now, state) == 0)
			return;
		usleep(50000);
	}
	fail_msg("%s, not %s: %s", now, state,
	    pg_exec(DB, "SELECT answer FROM outgoing WHERE id = %" PRId64, id));
}

static void
expect_answer(int64_t id, const char *words)
{
	const char *answer = pg_exec(DB, "SELECT coalesce(answer, '') FROM outgoing WHERE id = %" PRId64, id);

	if (strstr(answer, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", answer, words);
}

/* Later tries are due now. */
static void
hurry(int64_t id)
{
	pg_exec(DB, "UPDATE outgoing SET next_at = now() WHERE id = %" PRId64 " AND state = 'waiting'", id);
}

static void
expect_tried(int64_t id, const char *words)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	while (date_monotonic_us() < until && pg_int(DB, "SELECT attempts::integer - (state = 'sending')::integer FROM outgoing WHERE id = %" PRId64, id) < 1)
		usleep(50000);
	expect_answer(id, words);
}

static int
behave(void **state)
{
	smtp_set_mood(smtp, SMTP_GOOD);
	return 0;
}

/* ---- mail -------------------------------------------------------------------------------- */

static void
mail_leaves_once_by_tls_and_shows_on_its_customer(void **state)
{
	int64_t id = make_customer("浦东银行", "info@pudong.example"), mail;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related = KEHU__RELATED__INIT;
	size_t before = smtp_count(smtp);
	const char *text;

	mail = send_mail(id, "关于合同 {number}");
	expect_state(mail, "sent");
	expect_answer(mail, "250 taken as 42");
	assert_int_equal(smtp_count(smtp), before + 1);
	text = smtp_mail(smtp, before);
	assert_non_null(strstr(text, "MAIL FROM:<crm@kehu.example>"));
	assert_non_null(strstr(text, "RCPT TO:<info@pudong.example>"));
	assert_non_null(strstr(text, "Subject: =?UTF-8?B?"));
	assert_non_null(strstr(text, "From: Ada <crm@kehu.example>"));
	assert_non_null(strstr(text, pg_exec(DB, "SELECT message_id FROM outgoing WHERE id = %" PRId64, mail)));
	/* 您好，浦东银行。 */
	assert_non_null(strstr(text, "5oKo5aW977yM5rWm5Lic6ZO26KGM44CC"));
	/* whoever sees the customer sees what was sent to it */
	related.has_entity = related.has_id = related.has_related = true;
	related.entity = E_customer;
	related.id = id;
	related.related = E_outgoing;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	assert_int_equal(client_call(ada, &frame)->page->n_rows, 1);
	assert_int_equal(client_call(eve, &frame)->page->n_rows, 1);
}

static void
address_with_a_newline_is_refused_and_nothing_is_queued(void **state)
{
	static const char *const bad[] = { "a@b.example\nBcc: all@x.example", "no mail", "a@b.example>",
		"a b@c.example", "\xe7\x94\xb2@b.example", "a@-b.example" };
	int64_t id = make_customer("坏地址", "x@bad.example"), before = newest();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_error(client_act(ada, E_customer, id, "send_mail",
		    SENT(TEXT_OF(2, bad[i]), TEXT_OF(3, "s"), TEXT_OF(4, "t"))), ERR_INVALID, 2);
	expect_error(client_act(ada, E_customer, id, "send_sms", SENT(TEXT_OF(2, "12a"), TEXT_OF(3, "t"))), ERR_INVALID, 2);
	expect_error(client_act(ada, E_customer, id, "send_mail", SENT(TEXT_OF(3, "s"))), ERR_REQUIRED, 4);
	assert_int_equal(newest(), before);
}

static void
refused_for_now_is_tried_again_and_refused_for_good_is_not(void **state)
{
	int64_t id = make_customer("晚点", "later@x.example"), mail;
	size_t before = smtp_count(smtp);

	smtp_set_mood(smtp, SMTP_LATER);
	mail = send_mail(id, "later");
	expect_tried(mail, "451 come again");
	smtp_set_mood(smtp, SMTP_GOOD);
	hurry(mail);
	expect_state(mail, "sent");
	assert_int_equal(smtp_count(smtp), before + 1);
	smtp_set_mood(smtp, SMTP_NEVER);
	mail = send_mail(id, "never");
	expect_state(mail, "failed");
	/* its escape sequence did not survive */
	expect_answer(mail, "550 nobody here");
	assert_null(strchr(pg_exec(DB, "SELECT answer FROM outgoing WHERE id = %" PRId64, mail), 0x1b));
	/* used up: dead, with the last reason */
	smtp_set_mood(smtp, SMTP_LATER);
	mail = send_mail(id, "dead");
	for (int i = 0; i < 3; i++) {
		int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

		while (date_monotonic_us() < until && pg_int(DB, "SELECT attempts::integer - (state = 'sending')::integer FROM outgoing WHERE id = %" PRId64, mail) <= i)
			usleep(20000);
		hurry(mail);
	}
	expect_state(mail, "failed");
	expect_answer(mail, "451");
}

static void
mail_whose_end_is_not_known_is_not_sent_twice(void **state)
{
	int64_t id = make_customer("断线", "drop@x.example"), mail;
	size_t before = smtp_count(smtp);

	smtp_set_mood(smtp, SMTP_DROP_AFTER);
	mail = send_mail(id, "unknown");
	expect_state(mail, "unknown");
	smtp_set_mood(smtp, SMTP_GOOD);
	hurry(mail);
	usleep(1500000);
	assert_int_equal(smtp_count(smtp), before + 1);
	expect_state(mail, "unknown");
	/* a person decides */
	expect_written(client_act(ada, E_outgoing, mail, "again", NULL));
	expect_state(mail, "sent");
	assert_int_equal(smtp_count(smtp), before + 2);
	expect_error(client_act(ada, E_outgoing, mail, "again", NULL), ERR_WRONG_STATE, 0);
	/* broken off before anything was handed over: safe to send again */
	smtp_set_mood(smtp, SMTP_DROP_BEFORE);
	mail = send_mail(id, "again");
	expect_tried(mail, "");
	smtp_set_mood(smtp, SMTP_GOOD);
	hurry(mail);
	expect_state(mail, "sent");
	assert_int_equal(smtp_count(smtp), before + 3);
}

static void
server_that_hangs_or_talks_nonsense_is_given_up(void **state)
{
	int64_t id = make_customer("沉默", "silent@x.example"), mail;

	smtp_set_mood(smtp, SMTP_SILENT);
	mail = send_mail(id, "silent");
	expect_tried(mail, "imed out");
	smtp_set_mood(smtp, SMTP_NONSENSE);
	hurry(mail);
	usleep(100000);
	mail = send_mail(id, "nonsense");
	expect_tried(mail, "");
	smtp_set_mood(smtp, SMTP_GOOD);
	hurry(mail);
	expect_state(mail, "sent");
}

/* What a kehud that was lost had under way. */
static void
lost_sender_leaves_what_it_handed_over_unknown(void **state)
{
	int64_t id = make_customer("丢失", "lost@x.example"), first, second;

	smtp_set_mood(smtp, SMTP_LATER);
	first = send_mail(id, "handed");
	expect_tried(first, "451");
	second = send_mail(id, "not handed");
	expect_tried(second, "451");
	smtp_set_mood(smtp, SMTP_GOOD);
	pg_exec(DB, "UPDATE outgoing SET state = 'sending', worker = 'gone', lease_until = now() - interval '1 s', next_at = now(), handed_at = CASE WHEN id = %" PRId64 " THEN now() END WHERE id IN (%" PRId64 ", %" PRId64 ")", first, first, second);
	expect_state(first, "unknown");
	expect_state(second, "sent");
}

static void
opted_out_address_gets_nothing(void **state)
{
	int64_t id = make_customer("退订公司", "Stop@x.example"), mail;
	size_t before = smtp_count(smtp);

	expect_written(client_save(guo, E_opt_out, 0, 0, SENT(TEXT_OF(F_opt_out_address, "stop@X.example")), NULL));
	mail = send_mail(id, "no");
	usleep(700000);
	expect_state(mail, "stopped");
	assert_int_equal(smtp_count(smtp), before);
}

static void
template_speaks_the_senders_language(void **state)
{
	int64_t id = make_customer("模板公司", "tpl@x.example"), template;

	template = expect_written(client_save(guo, E_mail_template, 0, 0,
	    SENT(TEXT_OF(F_mail_template_name, "hello"), TEXT_OF(F_mail_template_title, "问候"),
		TEXT_OF(F_mail_template_subject_zh, "{name} 您好"), TEXT_OF(F_mail_template_body_zh, "{level} {nothing}"),
		TEXT_OF(F_mail_template_subject_en, "Dear {name}")), NULL))->id;
	expect_written(client_act(ada, E_customer, id, "send_mail", SENT(NUMBER_OF(1, template))));
	assert_string_equal(pg_exec(DB, "SELECT subject || '|' || body FROM outgoing WHERE id = %" PRId64, newest()),
	    "模板公司 您好|C级 普通 {nothing}");
	expect_error(client_act(ada, E_customer, id, "send_sms", SENT(NUMBER_OF(1, template))), ERR_NO_SUCH_RECORD, 1);
}

static void
report_goes_along_as_a_file(void **state)
{
	int64_t id = make_customer("附件公司", "file@x.example"), mail;
	size_t before = smtp_count(smtp);

	smtp_set_mood(smtp, SMTP_LATER);
	mail = send_mail(id, "file");
	expect_tried(mail, "451");
	pg_exec(DB, "INSERT INTO outgoing_file VALUES (%" PRId64 ", 0, 'visits.pdf', 'application/pdf', '%%PDF-1.7')", mail);
	smtp_set_mood(smtp, SMTP_GOOD);
	hurry(mail);
	expect_state(mail, "sent");
	assert_non_null(strstr(smtp_mail(smtp, before), "filename=\"visits.pdf\""));
	assert_non_null(strstr(smtp_mail(smtp, before), "JVBERi0xLjc="));
}

static void
certificate_of_somebody_else_is_not_trusted(void **state)
{
	const char *dir = arena_printf(bed->arena, "%s/other", bed->dir), *why;
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	const char *settings = bed->settings;
	struct smtp *other;
	int64_t id = make_customer("假证书", "cert@x.example"), mail;

	mkdir(dir, 0700);
	assert_int_equal(tls_make_certificates(bed->arena, dir, hosts, 2, &why), ERR_OK);
	other = smtp_new(arena_printf(bed->arena, "%s/server.crt", dir), arena_printf(bed->arena, "%s/server.key", dir), 1);
	bed_kill(bed, SIGTERM);
	bed->settings = arena_printf(bed->arena, "%smail: { server = \"127.0.0.1:%d\"; ca = \"%s\"; timeout = 5; };\n", plain_settings, smtp_port(other), bed_ca(bed));
	bed_start(bed);
	client_free(ada);
	ada = client_new(bed, "ada", LANG_ZH);
	mail = send_mail(id, "cert");
	expect_tried(mail, "ertificate");
	assert_int_equal(smtp_count(other), 0);
	bed_kill(bed, SIGTERM);
	bed->settings = settings;
	bed_start(bed);
	client_free(ada);
	ada = client_new(bed, "ada", LANG_ZH);
	hurry(mail);
	expect_state(mail, "sent");
	smtp_free(other);
}

static void
message_is_mailed_to_who_is_away_and_wants_that(void **state)
{
	size_t before = smtp_count(smtp);
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	pg_exec(DB, "UPDATE users SET mail = name || '@office.example', mail_away = (id <> 104) WHERE id IN (102, 104, 105)");
	/* Ben is away; Dan is, too, but does not want it; Eve is signed in */
	for (int64_t to = USER_BEN; to <= USER_EVE; to++)
		if (to != USER_CAI)
			expect_written(client_save(ada, E_message, 0, 0,
			    SENT(NUMBER_OF(F_message_to_id, to), TEXT_OF(F_message_text, "Lunch?")), NULL));
	pg_exec(DB, "UPDATE message SET created_at = now() - interval '2 minutes'");
	while (date_monotonic_us() < until && smtp_count(smtp) == before)
		usleep(50000);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE NOT mailed AND read_at IS NULL"), 0);
	assert_int_equal(smtp_count(smtp), before + 1);
	assert_non_null(strstr(smtp_mail(smtp, before), "RCPT TO:<ben@office.example>"));
}

/* ---- text messages ----------------------------------------------------------------------- */

static void
text_message_goes_through_the_gateway(void **state)
{
	int64_t id = make_customer("短信公司", "sms@x.example"), sms;

	gateway_set_status(gateway, 200);
	expect_written(client_act(ada, E_customer, id, "send_sms", SENT(TEXT_OF(3, "\"引号\" {name}"))));
	sms = newest();
	expect_state(sms, "sent");
	assert_string_equal(smtp_mail(gateway, 0),
	    arena_printf(bed->arena, "{\"to\":\"13800138000\",\"text\":\"\\\"引号\\\" 短信公司\",\"id\":\"%s\"}",
		pg_exec(DB, "SELECT message_id FROM outgoing WHERE id = %" PRId64, sms)));
	gateway_set_status(gateway, 400);
	expect_written(client_act(ada, E_customer, id, "send_sms", SENT(TEXT_OF(3, "t"))));
	expect_state(newest(), "failed");
	gateway_set_status(gateway, 503);
	expect_written(client_act(ada, E_customer, id, "send_sms", SENT(TEXT_OF(3, "t"))));
	sms = newest();
	expect_tried(sms, "503");
	gateway_set_status(gateway, 200);
	hurry(sms);
	expect_state(sms, "sent");
}

static void
test_message_tells_what_the_server_said(void **state)
{
	size_t before = smtp_count(smtp);
	const char *said;

	smtp_set_mood(smtp, SMTP_GOOD);
	if (bed_run_as(bed, "kehu-admin", "guo", (const char *[]){ "test-mail", "post@office.example", "--language", "en", NULL }, &said) != 0)
		fail_msg("%s", said);
	assert_non_null(strstr(said, "Sent: 250 taken as 42"));
	assert_non_null(strstr(smtp_mail(smtp, before), "RCPT TO:<post@office.example>"));
	/* refused for now: said, and not sent later when nobody waits for it */
	smtp_set_mood(smtp, SMTP_LATER);
	assert_int_equal(bed_run_as(bed, "kehu-admin", "guo", (const char *[]){ "test-mail", "post@office.example", NULL }, &said), 1);
	assert_non_null(strstr(said, "451 come again"));
	expect_state(newest(), "cancelled");
	gateway_set_status(gateway, 400);
	assert_int_equal(bed_run_as(bed, "kehu-admin", "guo", (const char *[]){ "test-sms", "13800138000", "--language", "en", NULL }, &said), 1);
	assert_non_null(strstr(said, "Not sent: 400"));
	/* bad addresses; who may not change accounts */
	assert_int_equal(bed_run_as(bed, "kehu-admin", "guo", (const char *[]){ "test-mail", "no mail", NULL }, &said), 1);
	assert_int_equal(bed_run_as(bed, "kehu-admin", "eve", (const char *[]){ "test-mail", "post@office.example", NULL }, &said), 1);
	assert_int_equal(smtp_count(smtp), before + 1);
}

/* ---- without a database ------------------------------------------------------------------ */

static void
words_are_encoded_whole_characters_at_a_time(void **state)
{
	struct arena *arena = arena_new(0);
	const struct outgoing sms = { .address = "+86 1", .body = "a b\"\n", .message_id = "k" };

	assert_string_equal(mail_encode_word(arena, "plain"), "plain");
	assert_string_equal(mail_encode_word(arena, "客户"), "=?UTF-8?B?5a6i5oi3?=");
	assert_string_equal(mail_encode_word(arena, "a\nBcc: x"), "=?UTF-8?B?YQpCY2M6IHg=?=");
	assert_string_equal(mail_encode_word(arena, "一二三四五六七八九十一二三四五"),
	    "=?UTF-8?B?5LiA5LqM5LiJ5Zub5LqU5YWt5LiD5YWr5Lmd5Y2B5LiA5LqM5LiJ5Zub?=\r\n =?UTF-8?B?5LqU?=");
	assert_string_equal(sms_fill(arena, "to={to}&t={text}&{no}", "application/x-www-form-urlencoded", &sms),
	    "to=%2B86%201&t=a%20b%22%0A&{no}");
	arena_free(arena);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	smtp = smtp_new(arena_printf(bed->arena, "%s/server.crt", bed->dir), arena_printf(bed->arena, "%s/server.key", bed->dir), 1);
	gateway = gateway_new();
	plain_settings = bed->settings;
	bed_kill(bed, SIGTERM);
	bed->settings = arena_printf(bed->arena,
	    "%smail: { server = \"127.0.0.1:%d\"; ca = \"%s\"; from = \"Kehu <crm@kehu.example>\"; timeout = 3; tries = 3; };\n"
	    "sms: { url = \"http://127.0.0.1:%d/send\"; };\n",
	    plain_settings, smtp_port(smtp), bed_ca(bed), smtp_port(gateway));
	bed_start(bed);
	ada = client_new(bed, "ada", LANG_ZH);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	client_free(eve);
	client_free(guo);
	bed_free(bed);
	smtp_free(smtp);
	smtp_free(gateway);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, behave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_encoded_whole_characters_at_a_time),
		TEST(mail_leaves_once_by_tls_and_shows_on_its_customer),
		TEST(address_with_a_newline_is_refused_and_nothing_is_queued),
		TEST(refused_for_now_is_tried_again_and_refused_for_good_is_not),
		TEST(mail_whose_end_is_not_known_is_not_sent_twice),
		TEST(server_that_hangs_or_talks_nonsense_is_given_up),
		TEST(lost_sender_leaves_what_it_handed_over_unknown),
		TEST(opted_out_address_gets_nothing),
		TEST(template_speaks_the_senders_language),
		TEST(report_goes_along_as_a_file),
		TEST(message_is_mailed_to_who_is_away_and_wants_that),
		TEST(text_message_goes_through_the_gateway),
		TEST(test_message_tells_what_the_server_said),
		TEST(certificate_of_somebody_else_is_not_trusted),
		/* these start a second server, which would send the others' mails too */
		TEST(scheduled_report_reaches_its_receivers_once),
		TEST(scheduled_report_is_made_in_its_owners_rights),
		TEST(schedule_says_what_is_wrong_with_it),
		TEST(kept_reports_expire),
	};

	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
