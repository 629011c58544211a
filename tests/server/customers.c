/*
 * Duplicates of customers, merging them, public pools and who has whom, against a real kehud.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "customers"
enum { SAVERS = 64 };

static struct bed *bed;
static struct client *ada, *ben, *cai, *dan, *guo;

static Kehu__ServerFrame *
save_customer(struct client *client, const char *name, const char *phone, const char *reason)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ClientFrame *step = client_save_step(client, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_phone, phone)));
	struct uuid intention = uuid_new();

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = step->save;
	frame.save->has_intention = true;
	frame.save->intention = (ProtobufCBinaryData){ .data = intention.bytes, .len = sizeof(intention.bytes) };
	frame.save->has_allow_duplicate = frame.save->allow_duplicate = reason != NULL;
	frame.save->duplicate_reason = (char *)(uintptr_t)reason;
	return client_call(client, &frame);
}

static int64_t
make_customer(struct client *client, const char *name, const char *phone)
{
	return expect_written(save_customer(client, name, phone, NULL))->id;
}

static Kehu__ServerFrame *
check(struct client *client, const char *name, const char *phone, bool typing)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Check request = KEHU__CHECK__INIT;

	request.name = (char *)(uintptr_t)name;
	request.phone = (char *)(uintptr_t)phone;
	request.has_typing = request.typing = typing;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
	frame.check = &request;
	return client_call(client, &frame);
}

/* ---- duplicates -------------------------------------------------------------------------- */

static void
the_same_name_spelled_otherwise_is_refused(void **state)
{
	static const char *const same[] = { "宁波海曙机电股份有限公司", "寧波（海曙）機電有限責任公司", "宁波海曙机电公司" };

	make_customer(ada, "宁波海曙机电有限公司", "");
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		expect_error(save_customer(ada, same[i], "", NULL), ERR_DUPLICATE, 0);
	/* Who only uses them does not decide that these are two, who approves them does. */
	expect_error(save_customer(ada, same[0], "", "另一家"), ERR_DUPLICATE, 0);
	expect_error(save_customer(cai, same[0], "", NULL), ERR_ALIKE, 0);
	expect_error(save_customer(cai, same[0], "", " "), ERR_REASON_NEEDED, 0);
	expect_written(save_customer(cai, same[0], "", "另一家"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'duplicate' AND user_id = 103 "
				    "AND detail LIKE '%%: 另一家'"), 1);
}

static void
what_is_only_alike_is_saved_with_a_reason(void **state)
{
	make_customer(ada, "台州祥光模具", "0576-88112233");
	expect_error(save_customer(ada, "台州翔光模具", "", NULL), ERR_ALIKE, 0);
	expect_error(save_customer(ada, "温岭大通泵业", "057688112233", NULL), ERR_ALIKE, 0);
	expect_written(save_customer(ada, "温岭大通泵业", "057688112233", "同一大厦的总机"));
	/* Changing it otherwise asks no more. */
	expect_written(client_save(ada, E_customer,
	    pg_int(DB, "SELECT id FROM customer WHERE name = '温岭大通泵业'"), 1,
	    SENT(TEXT_OF(F_customer_remarks, "x")), NULL));
}

static void
a_refusal_names_only_what_one_sees(void **state)
{
	Kehu__ServerFrame *answer;
	int64_t id = make_customer(dan, "兰州西固管业有限公司", "");

	pg_exec(DB, "UPDATE customer_figures SET last_visit_at = '2026-05-20' WHERE id = %" PRId64, id);
	pg_exec(DB, "INSERT INTO customer_figures (id, last_visit_at) VALUES (%" PRId64 ", '2026-05-20') "
		    "ON CONFLICT DO NOTHING", id);
	answer = save_customer(dan, "兰州西固管业", "", NULL);
	expect_error(answer, ERR_DUPLICATE, 0);
	assert_non_null(strstr(answer->error->text, "兰州西固管业有限公司"));
	answer = save_customer(ada, "兰州西固管业", "", NULL);
	expect_error(answer, ERR_DUPLICATE, 0);
	assert_null(strstr(answer->error->text, "兰州"));
	assert_null(strstr(answer->error->text, "Dan"));
	assert_non_null(strstr(answer->error->text, "由同事负责"));
	assert_non_null(strstr(answer->error->text, "2026年5月"));
}

static void
questions_are_answered_counted_and_recorded(void **state)
{
	Kehu__ServerFrame *answer = check(ada, "蘭州西固管業", "", false);
	int64_t questions =
	    pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'check' AND user_id = 101");

	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_CHECK);
	assert_int_equal(answer->check->n_matches, 1);
	assert_true(answer->check->matches[0]->same && !answer->check->matches[0]->has_id);
	assert_string_equal(answer->check->matches[0]->place, "colleague");
	assert_int_equal(answer->check->matches[0]->met_month, 202605);
	assert_int_equal(questions, 1);
	/* A form's own question counts when it tells of what one cannot see. */
	answer = check(ada, "没有这样的公司", "", true);
	assert_int_equal(answer->check->n_matches, 0);
	assert_false(answer->check->has_left);
	answer = check(ada, "兰州西固管业", "", true);
	assert_true(answer->check->has_left);
	expect_error(check(ada, "", "", false), ERR_EMPTY, 0);
	pg_exec(DB, "UPDATE access_use SET used = 60 WHERE user_id = 101 AND kind = 'check'");
	expect_error(check(ada, "兰州西固管业", "", false), ERR_DAY_LIMIT, 0);
	expect_error(check(guo, "兰州西固管业", "", false), ERR_NO_SUCH_ENTITY, 0);
	pg_exec(DB, "DELETE FROM access_use WHERE user_id = 101");
}

struct saver {
	pthread_t thread;
	struct client *client;
	enum err err;
};

static void *
saver_run(void *saver_)
{
	struct saver *saver = saver_;
	Kehu__ServerFrame *answer =
	    save_customer(saver->client, "六十四人同存一家有限公司", "0571-64646464", NULL);

	saver->err = link_error(answer);
	return NULL;
}

static void
saved_by_sixty_four_at_once_there_is_one(void **state)
{
	static struct saver savers[SAVERS];
	size_t saved = 0, refused = 0;

	for (size_t i = 0; i < SAVERS; i++)
		savers[i].client = client_new(bed, i % 2 == 0 ? "ada" : "dan", LANG_ZH);
	for (size_t i = 0; i < SAVERS; i++)
		assert_int_equal(pthread_create(&savers[i].thread, NULL, saver_run, &savers[i]), 0);
	for (size_t i = 0; i < SAVERS; i++) {
		pthread_join(savers[i].thread, NULL);
		saved += savers[i].err == ERR_OK;
		refused += savers[i].err == ERR_DUPLICATE;
		client_free(savers[i].client);
	}
	assert_int_equal(saved, 1);
	assert_int_equal(refused, SAVERS - 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name_alike = '六十四人同存一家'"), 1);
}

/* ---- the company ------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
tear_down(void **state)
{
	struct client *const all[] = { ada, ben, cai, dan, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_name_spelled_otherwise_is_refused),
		cmocka_unit_test(what_is_only_alike_is_saved_with_a_reason),
		cmocka_unit_test(a_refusal_names_only_what_one_sees),
		cmocka_unit_test(questions_are_answered_counted_and_recorded),
		cmocka_unit_test(saved_by_sixty_four_at_once_there_is_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
