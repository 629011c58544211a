/*
 * What is written past masks, what a reveal shows and counts, and the same at the command line.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/parts/access_fields.h"

#include <inttypes.h>

/* ---- writing ----------------------------------------------------------------------------- */

void
save_does_not_know_hidden_fields(void **state)
{
	expect_error(client_save(hal, E_customer, customer, version_of(),
	    SENT(TEXT_OF(F_customer_remarks, "x")), NULL), ERR_NO_SUCH_FIELD, F_customer_remarks);
	expect_error(client_save(hal, E_customer, customer, version_of(), SENT(EMPTY_OF(F_customer_phone)),
	    NULL), ERR_NO_SUCH_FIELD, F_customer_phone);
	/* what is hidden stays as it is when the rest is saved */
	expect_written(client_save(hal, E_customer, customer, version_of(),
	    SENT(TEXT_OF(F_customer_site, "https://example.org")), NULL));
	assert_string_equal(pg_exec(DB, "SELECT remarks FROM customer WHERE id = %" PRId64, customer), NOTE);
}

/* A list that is not told how goes by name; where names are masked their order would tell them. */
void
masked_names_do_not_order_a_list(void **state)
{
	static const char *const names[] = { "乙顺序", "丙顺序", "甲顺序", "丁顺序" };
	const Kehu__Page *page;
	size_t up = 0, down = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, names[i])), NULL));
	page = client_list(hal, E_customer, "")->page;
	assert_true(page->n_rows > 4);
	for (size_t i = 1; i < page->n_rows; i++) {
		up += page->rows[i]->id > page->rows[i - 1]->id;
		down += page->rows[i]->id < page->rows[i - 1]->id;
	}
	assert_true(up == 0 || down == 0);
}

/* Something is wrong that the reader cannot know of: that it is, but not what. */
void
errors_do_not_name_hidden_fields(void **state)
{
	const char *was = arena_strdup(ada->arena, pg_exec(DB,
	    "SELECT coalesce(satisfaction::text, 'NULL') FROM customer WHERE id = %" PRId64, customer));
	const struct sent *site = SENT(TEXT_OF(F_customer_site, "https://example.net"));
	const Kehu__ServerFrame *answer;

	pg_exec(DB, "UPDATE customer SET satisfaction = 200 WHERE id = %" PRId64, customer);
	expect_error(client_save(ada, E_customer, customer, version_of(), site, NULL), ERR_INVALID,
	    F_customer_satisfaction);
	answer = client_save(hal, E_customer, customer, version_of(), site, NULL);
	expect_error(answer, ERR_INVALID, 0);
	assert_int_equal(answer->error->field, 0);
	assert_null(strstr(answer->error->text, "100"));
	pg_exec(DB, "UPDATE customer SET satisfaction = %s WHERE id = %" PRId64, was, customer);
}

/* What a client shows masked it cannot send back as if it were the value. */
void
a_mask_is_not_stored(void **state)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	Kehu__Value value = KEHU__VALUE__INIT, *values[] = { &value };
	struct uuid intention = uuid_new();

	value.has_field = value.has_masked = value.masked = true;
	value.field = F_customer_site;
	value.text = arena_strdup(ada->arena, "https://****");
	record.has_entity = record.has_id = record.has_version = true;
	record.entity = E_customer;
	record.id = customer;
	record.version = version_of();
	record.n_values = 1;
	record.values = values;
	save.has_intention = true;
	save.intention.data = intention.bytes;
	save.intention.len = sizeof(intention.bytes);
	save.record = &record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	expect_error(client_call(ada, &frame), ERR_READ_ONLY, F_customer_site);
}

void
masked_values_are_filled_in_but_never_replaced(void **state)
{
	uint32_t version = version_of();

	expect_error(client_save(mia, E_customer, customer, version,
	    SENT(TEXT_OF(F_customer_phone, "021-1111")), NULL), ERR_READ_ONLY, F_customer_phone);
	/* a right guess is answered as a wrong one is */
	expect_error(client_save(mia, E_customer, customer, version, SENT(TEXT_OF(F_customer_phone, PHONE)),
	    NULL), ERR_READ_ONLY, F_customer_phone);
	expect_error(client_save(mia, E_customer, customer, version, SENT(EMPTY_OF(F_customer_phone)), NULL),
	    ERR_READ_ONLY, F_customer_phone);
	assert_int_equal(version_of(), version);
	/* where nothing is stored, they may be entered */
	expect_written(client_save(mia, E_customer, customer, version,
	    SENT(TEXT_OF(F_customer_mail, "m@example.org")), NULL));
	assert_string_equal(value_of(client_get(ada, E_customer, customer)->get->record, F_customer_mail)->text,
	    "m@example.org");
	assert_string_equal(value_of(client_get(mia, E_customer, customer)->get->record, F_customer_mail)->text,
	    "m****@example.org");
	expect_error(client_save(mia, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_level, "A")),
	    NULL), ERR_READ_ONLY, F_customer_level);
}

void
masked_lines_are_added_but_not_replaced_or_removed(void **state)
{
	int64_t line = client_get(ada, E_customer, customer)->get->record->lines[0]->id;

	expect_error(client_save(mia, E_customer, customer, version_of(), NULL,
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = line,
		.values = SENT(TEXT_OF(F_customer_phone_number, "13000000000")) }, { 0 } }),
	    ERR_READ_ONLY, F_customer_phone_number);
	expect_error(client_save(mia, E_customer, customer, version_of(), NULL,
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = line, .remove = true }, { 0 } }),
	    ERR_READ_ONLY, F_customer_phone_number);
	expect_written(client_save(mia, E_customer, customer, version_of(), NULL,
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = -1,
		.values = SENT(TEXT_OF(F_customer_phone_number, "13000000000")) }, { 0 } }));
	assert_int_equal(client_get(ada, E_customer, customer)->get->record->n_lines, 2);
}

void
conflicts_mask_what_others_wrote(void **state)
{
	uint32_t before = version_of();
	const Kehu__ServerFrame *answer;

	expect_written(client_save(ada, E_customer, customer, before,
	    SENT(TEXT_OF(F_customer_bank_account, "6222001234560000"), TEXT_OF(F_customer_remarks, "again")),
	    NULL));
	answer = client_save(mia, E_customer, customer, before, SENT(TEXT_OF(F_customer_site, "https://a.example")), NULL);
	expect_error(answer, ERR_CONFLICT, 0);
	assert_int_equal(answer->error->n_differences, 2);
	assert_false(holds(answer, "6222001234560000"));
	answer = client_save(hal, E_customer, customer, before, SENT(TEXT_OF(F_customer_site, "https://a.example")), NULL);
	expect_error(answer, ERR_CONFLICT, 0);
	assert_int_equal(answer->error->n_differences, 0);
	expect_written(client_save(ada, E_customer, customer, version_of(),
	    SENT(TEXT_OF(F_customer_bank_account, BANK), TEXT_OF(F_customer_remarks, NOTE)), NULL));
}

/* ---- reveal ------------------------------------------------------------------------------ */

void
reveal_needs_a_reason_and_is_recorded_first(void **state)
{
	int64_t rows = pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'reveal'");
	const Kehu__ServerFrame *answer;

	expect_error(reveal(mia, customer, F_customer_phone, NULL), ERR_REASON_NEEDED, 0);
	expect_error(reveal(mia, customer, F_customer_phone, "  "), ERR_REASON_NEEDED, 0);
	answer = reveal(mia, customer, F_customer_phone, "客户来电核对");
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_REVEAL);
	assert_string_equal(answer->reveal->value->text, PHONE);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'reveal'"), rows + 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'reveal' AND user_id = %d "
				    "AND record_id = %" PRId64 " AND detail = 'phone: 客户来电核对'",
			     USER_MIA, customer), 1);
	/* the audit has no value of it */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE detail ~ '5566 ?7788'"), 0);
}

void
reveal_is_for_masked_fields_of_those_who_may(void **state)
{
	expect_error(reveal(mia, customer, F_customer_remarks, "为什么"), ERR_EMPTY, F_customer_remarks);
	expect_error(reveal(mia, customer, F_customer_capital, "为什么"), ERR_FORBIDDEN, F_customer_capital);
	expect_error(reveal(hal, customer, F_customer_phone, "为什么"), ERR_NO_SUCH_FIELD, F_customer_phone);
	expect_error(reveal(mia, 999999999, F_customer_phone, "为什么"), ERR_NO_SUCH_RECORD, 0);
	expect_error(reveal(lea, customer, F_customer_phone, "为什么"), ERR_EMPTY, F_customer_phone);
	assert_int_equal(reveal(hal, customer, F_customer_name, "核对名称")->answer_case,
	    KEHU__SERVER_FRAME__ANSWER_REVEAL);
}

void
reveal_shows_a_line_of_that_record_only(void **state)
{
	int64_t line = client_get(ada, E_customer, customer)->get->record->lines[0]->id;
	int64_t other = expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "另一家")), NULL))->id;
	const Kehu__ServerFrame *answer =
	    reveal_line(mia, customer, F_customer_phone_number, E_customer_phone, line, "回电");

	assert_string_equal(answer->reveal->value->text, PHONE2);
	expect_error(reveal_line(mia, other, F_customer_phone_number, E_customer_phone, line, "回电"),
	    ERR_NO_SUCH_RECORD, 0);
	expect_error(reveal_line(mia, customer, F_contact_phone_number, E_contact_phone, line, "回电"),
	    ERR_NO_SUCH_ENTITY, 0);
}

void
reveal_ends_at_the_daily_limit(void **state)
{
	int64_t rows;

	pg_exec(DB, "UPDATE access_use SET used = 29 WHERE user_id = %d AND kind = 'reveal'", USER_MIA);
	assert_int_equal(reveal(mia, customer, F_customer_phone, "第三十次")->reveal->left, 0);
	rows = pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'reveal'");
	expect_error(reveal(mia, customer, F_customer_phone, "第三十一次"), ERR_DAY_LIMIT, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'reveal'"), rows);
	/* by the day: what others used does not count */
	assert_int_equal(reveal(both, customer, F_customer_phone, "另一人")->reveal->left, 29);
}

void
whole_matches_of_masked_values_are_counted(void **state)
{
	pg_exec(DB, "UPDATE access_use SET used = 100 WHERE user_id = %d AND kind = 'match'", USER_MIA);
	expect_error(client_search(mia, "13912345679"), ERR_DAY_LIMIT, 0);
	expect_error(client_list(mia, E_customer, "tax:91310000XYZSECRET2"), ERR_DAY_LIMIT, 0);
	assert_int_equal(client_search(mia, "保密机械")->search->n_hits, 1);
	assert_int_equal(client_search(ada, "13912345679")->search->n_hits, 0);
	pg_exec(DB, "UPDATE access_use SET used = 0 WHERE user_id = %d", USER_MIA);
}

/* ---- the command line -------------------------------------------------------------------- */

void
command_line_masks_and_reveals(void **state)
{
	const char *text, *words;

	words = arena_printf(bed->arena, "get|customer|%" PRId64, customer);
	assert_int_equal(run("mia", words, &text), 0);
	assert_non_null(strstr(text, "021****7788"));
	assert_null(strstr(text, "5566 7"));
	assert_null(strstr(text, "55667"));
	assert_int_equal(run("mia", "list|customer||--columns|number,phone|--format|csv", &text), 0);
	assert_non_null(strstr(text, "021****7788"));
	assert_int_equal(run("hal", "list|customer||--columns|number,phone|--language|zh", &text), 1);
	assert_non_null(strstr(text, "没有此字段"));
	assert_int_equal(run("hal", "list|customer||--columns|number,phone|--language|en", &text), 1);
	assert_non_null(strstr(text, "no such field"));
	words = arena_printf(bed->arena, "reveal|customer|%" PRId64 "|phone", customer);
	assert_int_equal(run("mia", words, &text), 1);
	assert_non_null(strstr(text, "E3022"));
	words = arena_printf(bed->arena, "reveal|customer|%" PRId64 "|phone|--reason|回电", customer);
	assert_int_equal(run("mia", words, &text), 0);
	assert_string_equal(text, PHONE "\n");
	words = arena_printf(bed->arena, "reveal|customer|%" PRId64 "|phones[1].number|--reason|回电", customer);
	assert_int_equal(run("mia", words, &text), 0);
	assert_string_equal(text, PHONE2 "\n");
}

void
import_does_not_know_hidden_columns(void **state)
{
	const char *data = arena_printf(bed->arena, "%s/in.csv", bed->dir), *text;
	FILE *file = fopen(data, "w");

	assert_non_null(file);
	fputs("name,phone,remarks,level\n进口甲,021-7777777,r,A\n", file);
	fclose(file);
	pg_exec(DB, "INSERT INTO role_field (role_id, entity, field, show) SELECT id, 'customer', 'type', 'clear' "
		    "FROM role WHERE name = 'hider'");
	/* columns that the reader has no field for are left out like any others */
	if (run("hal", arena_printf(bed->arena, "import|customer|%s", data), &text) != 0)
		fail_msg("%s", text);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '进口甲' AND remarks IS NULL "
				    "AND phone IS NULL AND level = 'A'"), 1);
	assert_int_equal(run("mia", arena_printf(bed->arena, "import|customer|%s|--match|name|--on-match|update", data), &text), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '进口甲' AND phone = '021-7777777'"), 1);
}
