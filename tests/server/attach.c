/* Files of records against a real kehud and PostgreSQL. */
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "attach"
#define CHUNK 65536

enum { START = 1, DATA, END, GIVE_UP, READ, GIVE_OUT, KEEP_IN };

static struct bed *bed;
static struct client *ada, *ben, *cai, *eve, *guo;
static int64_t customer;
static uint8_t file[2 * CHUNK + 777];

/* ---- asking ------------------------------------------------------------------------------ */

struct step {
	uint32_t step;
	int64_t record, id;
	const char *name;
	uint64_t bytes;
	uint32_t chunk;
	const void *data;
	size_t data_bytes;
	uint32_t entity; /* 0: customer */
};

static Kehu__ServerFrame *
attach(struct client *client, struct step step)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Attach request = KEHU__ATTACH__INIT;

	request.has_step = request.has_entity = request.has_record = request.has_bytes = true;
	request.has_chunk = request.has_id = true;
	request.step = step.step;
	request.entity = step.entity != 0 ? step.entity : E_customer;
	request.record = step.record != 0 ? step.record : customer;
	request.name = arena_strdup(client->arena, step.name);
	request.bytes = step.bytes;
	request.chunk = step.chunk;
	request.id = step.id;
	request.has_data = step.data != NULL;
	request.data.data = (uint8_t *)(uintptr_t)step.data;
	request.data.len = step.data_bytes;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ATTACH;
	frame.attach = &request;
	return client_call(client, &frame);
}

static const Kehu__AttachAnswer *
attached(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused: %u %s", answer->error->code, answer->error->text);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_ATTACH);
	return answer->attach;
}

static int64_t
start(struct client *client, const char *name, uint64_t bytes)
{
	return attached(attach(client, (struct step){ START, .name = name, .bytes = bytes }))->id;
}

static void
send_chunk(struct client *client, int64_t id, uint32_t chunk, size_t bytes)
{
	size_t from = (size_t)chunk * CHUNK, left = bytes - from;

	attached(attach(client,
	    (struct step){ DATA, .id = id, .chunk = chunk, .data = file + from,
		.data_bytes = left < CHUNK ? left : CHUNK }));
}

static int64_t
upload(struct client *client, const char *name, size_t bytes)
{
	int64_t id = start(client, name, bytes);

	for (uint32_t chunk = 0; chunk * (size_t)CHUNK < bytes; chunk++)
		send_chunk(client, id, chunk, bytes);
	attached(attach(client, (struct step){ END, .id = id }));
	return id;
}

static int
attach_setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_EN);
	cai = client_new(bed, "cai", LANG_EN);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_EN);
	customer = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "上海浦东发展银行")), NULL))
	    ->id;
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = (uint8_t)(i * 31 + i / CHUNK);
	return 0;
}

static int
attach_teardown(void **state)
{
	client_free(ada);
	client_free(ben);
	client_free(cai);
	client_free(eve);
	client_free(guo);
	bed_free(bed);
	return 0;
}

/* ---- up and down ------------------------------------------------------------------------- */

static void
a_file_comes_back_as_it_went(void **state)
{
	int64_t id = upload(ada, "C:\\docs\\合同.pdf", sizeof(file));
	uint8_t hash[32];
	size_t at = 0;

	for (uint32_t chunk = 0; at < sizeof(file); chunk++) {
		const Kehu__AttachAnswer *answer =
		    attached(attach(cai, (struct step){ READ, .id = id, .chunk = chunk }));

		assert_string_equal(answer->name, "合同.pdf");
		assert_int_equal(answer->bytes, sizeof(file));
		assert_int_equal(answer->chunk, chunk);
		assert_memory_equal(answer->data.data, file + at, answer->data.len);
		at += answer->data.len;
		assert_int_equal(answer->last, at == sizeof(file));
	}
	assert_int_equal(at, sizeof(file));
	hash_sha256(file, sizeof(file), hash);
	assert_string_equal(pg_exec(DB, "SELECT sha256 FROM attachment WHERE id = %" PRId64, id),
	    hex_encode(ada->arena, hash, sizeof(hash)));
	expect_error(attach(ada, (struct step){ READ, .id = id, .chunk = 3 }), ERR_NO_SUCH_RECORD, 0);
}

static void
an_empty_file_is_a_file(void **state)
{
	int64_t id = upload(ada, "empty", 0);
	const Kehu__AttachAnswer *answer = attached(attach(ada, (struct step){ READ, .id = id }));

	assert_true(answer->last);
	assert_int_equal(answer->data.len, 0);
}

static void
a_chunk_sent_twice_is_stored_once(void **state)
{
	int64_t id = start(ada, "twice", CHUNK + 1);

	send_chunk(ada, id, 1, CHUNK + 1); /* any order */
	send_chunk(ada, id, 0, CHUNK + 1);
	send_chunk(ada, id, 0, CHUNK + 1);
	attached(attach(ada, (struct step){ END, .id = id }));
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM attachment_chunk WHERE attachment_id = %" PRId64, id), 2);
	/* and ended twice it is as whole as before */
	assert_true(attached(attach(ada, (struct step){ END, .id = id }))->last);
	assert_int_equal(pg_int(DB, "SELECT version FROM attachment WHERE id = %" PRId64, id), 1);
}

/* ---- what is not whole ------------------------------------------------------------------- */

/* Files of the customer as its tab lists them. */
static size_t
files_listed(struct client *client)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related = KEHU__RELATED__INIT;
	Kehu__ServerFrame *answer;

	related.has_entity = related.has_id = related.has_related = related.has_limit = true;
	related.entity = E_customer;
	related.id = customer;
	related.related = E_attachment;
	related.limit = 500;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	answer = client_call(client, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		fail_msg("files not listed: %u %s", answer->error->code, answer->error->text);
	return answer->page->n_rows;
}

static void
an_upload_without_its_end_is_nobodys_to_see(void **state)
{
	size_t before = files_listed(ada);
	int64_t id = start(ada, "half", CHUNK * 2);
	Kehu__ServerFrame *answer;

	assert_true(before > 0);
	send_chunk(ada, id, 0, CHUNK * 2);
	assert_int_equal(files_listed(ada), before);
	expect_error(attach(ada, (struct step){ READ, .id = id }), ERR_NO_SUCH_RECORD, 0);
	answer = attach(ada, (struct step){ END, .id = id });
	expect_error(answer, ERR_BAD_FILE, 0);
	assert_non_null(strstr(answer->error->text, "65536 / 131072"));
	attached(attach(ada, (struct step){ GIVE_UP, .id = id }));
	expect_error(attach(ada, (struct step){ END, .id = id }), ERR_NO_SUCH_RECORD, 0);
	/* what nobody ended is purged after a day */
	pg_exec(DB, "UPDATE attachment SET created_at = now() - interval '2 days' WHERE NOT complete;"
		    "SET ROLE kehu_owner; SELECT kehu_partitions()");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM attachment WHERE NOT complete"), 0);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM attachment_chunk WHERE attachment_id = %" PRId64, id), 0);
}

static void
a_damaged_file_is_refused(void **state)
{
	int64_t id = start(ada, "damaged", 10);
	uint8_t hash[32];

	send_chunk(ada, id, 0, 10);
	hash_sha256("something else", 14, hash);
	expect_error(
	    attach(ada, (struct step){ END, .id = id, .data = hash, .data_bytes = sizeof(hash) }),
	    ERR_BAD_FILE, 0);
	hash_sha256(file, 10, hash);
	attached(attach(ada, (struct step){ END, .id = id, .data = hash, .data_bytes = sizeof(hash) }));
	/* what is whole stays as it is */
	expect_error(attach(ada, (struct step){ DATA, .id = id, .data = file, .data_bytes = 10 }),
	    ERR_NO_SUCH_RECORD, 0);
}

static void
chunks_of_a_wrong_size_are_refused(void **state)
{
	int64_t id = start(ada, "sizes", CHUNK + 10);

	expect_error(attach(ada, (struct step){ DATA, .id = id, .data = file, .data_bytes = 5 }),
	    ERR_BAD_REQUEST, 0);
	expect_error(attach(ada, (struct step){ DATA, .id = id, .chunk = 1, .data = file, .data_bytes = 11 }),
	    ERR_BAD_REQUEST, 0);
	expect_error(attach(ada, (struct step){ DATA, .id = id, .chunk = 2, .data = file, .data_bytes = 1 }),
	    ERR_BAD_REQUEST, 0);
	expect_error(
	    attach(ada, (struct step){ DATA, .id = id, .chunk = UINT32_MAX, .data = file, .data_bytes = 1 }),
	    ERR_TOO_LARGE, 0);
	expect_error(
	    attach(ada, (struct step){ DATA, .id = id, .data = file, .data_bytes = CHUNK + 10 }),
	    ERR_TOO_LARGE, 0);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM attachment_chunk WHERE attachment_id = %" PRId64, id), 0);
}

static void
files_over_the_limit_are_refused_at_once(void **state)
{
	Kehu__ServerFrame *answer = attach(
	    ada, (struct step){ START, .name = "big", .bytes = 50u * 1024 * 1024 + 1 });

	expect_error(answer, ERR_TOO_LARGE, F_attachment_bytes);
	assert_non_null(strstr(answer->error->text, "50 MiB"));
	expect_error(attach(ada, (struct step){ START, .name = "dir/", .bytes = 1 }), ERR_REQUIRED,
	    F_attachment_name);
}

/* ---- rights ------------------------------------------------------------------------------ */

static void
files_are_reached_through_their_record_only(void **state)
{
	int64_t id = upload(ada, "secret", 100);
	int64_t bens = expect_written(client_save(ben, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "Minghe Foods")), NULL))
	    ->id;

	/* ben does not see the customer */
	expect_error(attach(ben, (struct step){ READ, .id = id }), ERR_NO_SUCH_RECORD, 0);
	expect_error(attach(ben, (struct step){ START, .name = "x", .bytes = 1 }), ERR_NO_SUCH_RECORD, 0);
	/* nor does naming a record of his own open it */
	expect_error(attach(ben, (struct step){ READ, .id = id, .record = bens }), ERR_NO_SUCH_RECORD, 0);
	expect_error(attach(ben, (struct step){ DATA, .id = id, .record = bens, .data = file, .data_bytes = 1 }),
	    ERR_NO_SUCH_RECORD, 0);
	/* eve may look, not add */
	attached(attach(eve, (struct step){ READ, .id = id }));
	expect_error(attach(eve, (struct step){ START, .name = "x", .bytes = 1 }), ERR_FORBIDDEN, 0);
	/* administrators do not see customers; to them files do not exist */
	expect_error(attach(guo, (struct step){ READ, .id = id }), ERR_NO_SUCH_ENTITY, 0);
	/* lines and files have no files */
	expect_error(attach(ada, (struct step){ READ, .id = id, .entity = E_attachment }),
	    ERR_NO_SUCH_ENTITY, 0);
}

static void
an_upload_is_its_beginners_alone(void **state)
{
	int64_t id = start(ada, "mine", 10);

	/* the supervisor may change the customer, not somebody's upload */
	expect_error(attach(cai, (struct step){ DATA, .id = id, .data = file, .data_bytes = 10 }),
	    ERR_NO_SUCH_RECORD, 0);
	expect_error(attach(cai, (struct step){ END, .id = id }), ERR_NO_SUCH_RECORD, 0);
	expect_error(attach(cai, (struct step){ GIVE_UP, .id = id }), ERR_NO_SUCH_RECORD, 0);
	send_chunk(ada, id, 0, 10);
	attached(attach(ada, (struct step){ END, .id = id }));
}

static void
who_may_only_read_by_a_share_adds_no_file(void **state)
{
	int64_t id = upload(ada, "shared", 10);

	expect_written(client_act(ada, E_customer, customer, "share", SENT(NUMBER_OF(1, USER_BEN))));
	attached(attach(ben, (struct step){ READ, .id = id }));
	expect_error(attach(ben, (struct step){ START, .name = "x", .bytes = 1 }), ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_customer, customer, "share",
	    SENT(NUMBER_OF(1, USER_BEN), NUMBER_OF(2, 1))));
	attached(attach(ben, (struct step){ START, .name = "x", .bytes = 1 }));
	expect_written(client_act(ada, E_customer, customer, "unshare", SENT(NUMBER_OF(1, USER_BEN))));
	expect_error(attach(ben, (struct step){ READ, .id = id }), ERR_NO_SUCH_RECORD, 0);
}

/* A file is ours until it is given out: neither its name nor a byte of it is the customer's before. */
static void
customers_own_people_see_the_files_that_were_given_out(void **state)
{
	struct client *ext;
	int64_t ours, theirs;

	pg_exec(DB,
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, password_hash, company_id)"
	    " SELECT 130, 'ext', 'ext', 'ext', 'ext', 1, password_hash, %" PRId64 " FROM users WHERE id = 101;"
	    "INSERT INTO user_role (user_id, role_id) SELECT 130, id FROM role WHERE name = 'external_user';"
	    "UPDATE state SET access_epoch = access_epoch + 1",
	    customer);
	ext = client_new(bed, "ext", LANG_EN);
	ours = upload(ada, "低价底线.xlsx", 100);
	theirs = upload(ada, "送货单.pdf", 100);
	assert_int_equal(files_listed(ext), 0);
	expect_error(attach(ext, (struct step){ READ, .id = theirs }), ERR_NO_SUCH_RECORD, 0);
	expect_error(attach(ext, (struct step){ GIVE_OUT, .id = theirs }), ERR_FORBIDDEN, 0);
	expect_error(attach(eve, (struct step){ GIVE_OUT, .id = theirs }), ERR_FORBIDDEN, 0);
	expect_error(attach(ben, (struct step){ GIVE_OUT, .id = theirs }), ERR_NO_SUCH_RECORD, 0);
	expect_error(attach(ada, (struct step){ GIVE_OUT, .id = theirs + 1000 }), ERR_NO_SUCH_RECORD, 0);
	bed_shell(bed, "ada", NULL, "$KEHU attach --give-out customer %" PRId64 " %" PRId64, customer, theirs);
	assert_int_equal(files_listed(ext), 1);
	attached(attach(ext, (struct step){ READ, .id = theirs }));
	expect_error(attach(ext, (struct step){ READ, .id = ours }), ERR_NO_SUCH_RECORD, 0);
	expect_error(attach(ext, (struct step){ START, .name = "x", .bytes = 1 }), ERR_FORBIDDEN, 0);
	attached(attach(ada, (struct step){ KEEP_IN, .id = theirs }));
	assert_int_equal(files_listed(ext), 0);
	expect_error(attach(ext, (struct step){ READ, .id = theirs }), ERR_NO_SUCH_RECORD, 0);
	client_free(ext);
}

static void
steps_that_are_none_are_refused(void **state)
{
	expect_error(attach(ada, (struct step){ 0 }), ERR_BAD_REQUEST, 0);
	expect_error(attach(ada, (struct step){ 77 }), ERR_BAD_REQUEST, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_comes_back_as_it_went),
		cmocka_unit_test(an_empty_file_is_a_file),
		cmocka_unit_test(a_chunk_sent_twice_is_stored_once),
		cmocka_unit_test(an_upload_without_its_end_is_nobodys_to_see),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(chunks_of_a_wrong_size_are_refused),
		cmocka_unit_test(files_over_the_limit_are_refused_at_once),
		cmocka_unit_test(files_are_reached_through_their_record_only),
		cmocka_unit_test(an_upload_is_its_beginners_alone),
		cmocka_unit_test(who_may_only_read_by_a_share_adds_no_file),
		cmocka_unit_test(customers_own_people_see_the_files_that_were_given_out),
		cmocka_unit_test(steps_that_are_none_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, attach_setup, attach_teardown);
}
