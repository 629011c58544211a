/*
 * Field rights against a real kehud and PostgreSQL, on every path by which a field could show
 * itself: catalogue, list, sort, filter, search, get, related, history, conflict, report,
 * import, save, reveal, the command line. Secrets are looked for in the bytes of each answer.
 */
#include "client/cli/kehu.h"
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "access_fields"

enum { USER_MIA = 121, USER_HAL = 122, USER_BOTH = 123, USER_EXT = 124, USER_LEA = 125, USER_SAM = 126 };

#define PHONE  "021-5566 7788"
#define PHONE2 "13912345678"
#define TAX    "91310000XYZSECRET1"
#define BANK   "6222001234567890"
#define NOTE   "hiddenremark"
#define NAME   "保密机械有限公司"

static struct bed *bed;
static struct client *ada, *mia, *hal, *both, *ext, *lea, *sam, *guo;
static int64_t customer, contact, visit;

/* ---- the company ------------------------------------------------------------------------- */

static void
add_user(int64_t id, const char *name, const char *roles)
{
	pg_exec(DB,
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, department_id, "
	    "disabled, password_hash) SELECT %" PRId64 ", '%s', '%s', '%s', '%s', 2, 12, false, "
	    "password_hash FROM users WHERE id = 101;"
	    "INSERT INTO user_role (user_id, role_id) SELECT %" PRId64
	    ", id FROM role WHERE name = ANY (string_to_array('%s', ' '))",
	    id, name, name, name, name, id, roles);
}

static void
add_role(const char *name, const char *grants, const char *fields)
{
	pg_exec(DB,
	    "INSERT INTO role (name, name_key, label, label_key) VALUES ('%s', '%s', '%s', '%s');"
	    "INSERT INTO role_grant (role_id, entity, scope, rights, states, actions) "
	    "SELECT r.id, g.* FROM role r, (VALUES %s) g WHERE r.name = '%s'",
	    name, name, name, name, grants, name);
	if (fields != NULL)
		pg_exec(DB,
		    "INSERT INTO role_field (role_id, entity, field, show, reveal) "
		    "SELECT r.id, f.* FROM role r, (VALUES %s) f WHERE r.name = '%s'",
		    fields, name);
}

static void
make_company(void)
{
	add_role("masker",
	    "('customer', 'all', 7::bigint, NULL, NULL), ('contact', 'all', 7, NULL, NULL),"
	    "('visit', 'all', 1, NULL, NULL)",
	    "('customer', '*', 'masked', true), ('contact', '*', 'masked', false),"
	    "('customer', 'level', 'readonly', false), ('customer', 'capital', 'masked', false)");
	add_role("hider",
	    "('customer', 'all', 7::bigint, NULL, NULL), ('contact', 'all', 7, NULL, NULL),"
	    "('visit', 'all', 3, NULL, NULL)",
	    "('customer', '*', 'hidden', false), ('customer', 'remarks', 'hidden', false),"
	    "('customer', 'name', 'masked', true), ('customer', 'short_name', 'hidden', false),"
	    "('customer', 'satisfaction', 'hidden', false), ('contact', '*', 'hidden', false)");
	add_role("leader", "('customer', 'team', 5::bigint, NULL, NULL)", NULL);
	add_role("stater",
	    "('customer', 'all', 5::bigint, 'potential active', NULL), ('visit', 'all', 1, NULL, NULL),"
	    "('visit', 'own', 256, NULL, 'start cancel')",
	    NULL);
	add_user(USER_MIA, "mia", "masker");
	add_user(USER_HAL, "hal", "hider");
	add_user(USER_BOTH, "bot", "masker hider");
	add_user(USER_EXT, "ext", "external_user");
	add_user(USER_LEA, "lea", "leader");
	add_user(USER_SAM, "sam", "stater");
	pg_exec(DB, "UPDATE users SET superior_id = 125 WHERE id = 102;"
		    "UPDATE users SET superior_id = 102 WHERE id = 101");
}

static void
make_records(void)
{
	customer = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, NAME), TEXT_OF(F_customer_short_name, "保密"),
		TEXT_OF(F_customer_phone, PHONE), TEXT_OF(F_customer_tax_number, TAX),
		TEXT_OF(F_customer_bank_account, BANK), TEXT_OF(F_customer_remarks, NOTE),
		NUMBER_OF(F_customer_satisfaction, 77), NUMBER_OF(F_customer_capital, 987654321)),
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = -1,
		.values = SENT(TEXT_OF(F_customer_phone_number, PHONE2)) }, { 0 } }))->id;
	contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "许秘密"), NUMBER_OF(F_contact_customer_id, customer),
		TEXT_OF(F_contact_mobile, "13700001111")), NULL))->id;
	visit = expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer), TEXT_OF(F_visit_purpose, "看厂房")), NULL))->id;
}

/* ---- asking ------------------------------------------------------------------------------ */

static bool
holds(const Kehu__ServerFrame *answer, const char *secret)
{
	size_t bytes = kehu__server_frame__get_packed_size(answer);
	uint8_t *packed = malloc(bytes + 1);
	bool found;

	assert_non_null(packed);
	kehu__server_frame__pack(answer, packed);
	found = memmem(packed, bytes, secret, strlen(secret)) != NULL;
	free(packed);
	return found;
}

/* Nothing of the secrets in any form; what is allowed to show is another test's. */
static void
expect_no_secret(const Kehu__ServerFrame *answer)
{
	static const char *const secrets[] = { "5566", PHONE2, "13700001111", "XYZSECRET", BANK };

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (holds(answer, secrets[i]))
			fail_msg("\"%s\" is in an answer of kind %d", secrets[i], answer->answer_case);
}

static const Kehu__Field *
field_of(struct client *client, uint32_t entity, uint32_t field)
{
	return cat_field(cat_entity(link_catalog(client->link), entity), field);
}

static Kehu__ServerFrame *
list_columns(struct client *client, uint32_t entity, const char *query, uint32_t column, uint32_t sort)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;

	list.has_entity = true;
	list.entity = entity;
	list.query = arena_strdup(client->arena, query);
	list.n_columns = column != 0;
	list.columns = &column;
	list.has_sort = sort != 0;
	list.sort = sort;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	return client_call(client, &frame);
}

static Kehu__ServerFrame *
history(struct client *client, uint32_t entity, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History request = KEHU__HISTORY__INIT;

	request.has_entity = request.has_id = true;
	request.entity = entity;
	request.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame.history = &request;
	return client_call(client, &frame);
}

static Kehu__ServerFrame *
related(struct client *client, uint32_t entity, int64_t id, uint32_t other)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related request = KEHU__RELATED__INIT;

	request.has_entity = request.has_id = request.has_related = true;
	request.entity = entity;
	request.id = id;
	request.related = other;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &request;
	return client_call(client, &frame);
}

static Kehu__ServerFrame *
reveal_line(struct client *client, int64_t id, uint32_t field, uint32_t line_entity, int64_t line,
    const char *reason)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Reveal request = KEHU__REVEAL__INIT;

	request.has_entity = request.has_id = request.has_field = true;
	request.entity = E_customer;
	request.id = id;
	request.field = field;
	request.has_line_entity = request.has_line = line_entity != 0;
	request.line_entity = line_entity;
	request.line = line;
	request.reason = reason != NULL ? arena_strdup(client->arena, reason) : NULL;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REVEAL;
	frame.reveal = &request;
	return client_call(client, &frame);
}

static Kehu__ServerFrame *
reveal(struct client *client, int64_t id, uint32_t field, const char *reason)
{
	return reveal_line(client, id, field, 0, 0, reason);
}

static uint32_t
version_of(void)
{
	return client_get(ada, E_customer, customer)->get->record->version;
}

/* ---- the catalogue ----------------------------------------------------------------------- */

static void
catalogue_has_no_hidden_field_and_marks_masked_ones(void **state)
{
	const Kehu__Field *field = field_of(mia, E_customer, F_customer_phone);

	assert_true(field->flags & CAT_MASKED);
	assert_true(field->flags & CAT_REVEAL);
	assert_false(field_of(mia, E_contact, F_contact_mobile)->flags & CAT_REVEAL);
	assert_true(field_of(mia, E_customer, F_customer_level)->flags & CAT_READONLY);
	assert_false(field_of(mia, E_customer, F_customer_capital)->flags & CAT_FILTER);
	assert_true(field_of(mia, E_customer_phone, F_customer_phone_number)->flags & CAT_MASKED);
	assert_null(field_of(hal, E_customer, F_customer_phone));
	assert_null(field_of(hal, E_customer, F_customer_remarks));
	assert_null(field_of(hal, E_customer_phone, F_customer_phone_number));
	assert_false(field_of(hal, E_customer, F_customer_name)->flags & CAT_SORT);
	assert_false(field_of(ada, E_customer, F_customer_phone)->flags & CAT_MASKED);
}

static void
of_two_roles_the_most_permissive_counts(void **state)
{
	/* masker says masked, hider hidden */
	assert_true(field_of(both, E_customer, F_customer_phone)->flags & CAT_MASKED);
	/* only one of them says anything: clear for the other */
	assert_false(field_of(both, E_customer, F_customer_name)->flags & CAT_MASKED);
	assert_non_null(field_of(both, E_customer, F_customer_remarks));
	assert_false(field_of(both, E_customer, F_customer_level)->flags & CAT_READONLY);
}

/* ---- reading ----------------------------------------------------------------------------- */

static void
get_masks_and_leaves_out(void **state)
{
	const Kehu__ServerFrame *answer = client_get(mia, E_customer, customer);
	const Kehu__Record *record = answer->get->record;

	expect_no_secret(answer);
	assert_string_equal(value_of(record, F_customer_phone)->text, "021****7788");
	assert_true(value_of(record, F_customer_phone)->masked);
	assert_string_equal(value_of(record, F_customer_capital)->text, "****");
	assert_string_equal(value_of(record->lines[0], F_customer_phone_number)->text, "139****5678");
	assert_string_equal(value_of(record, F_customer_remarks)->text, NOTE);
	answer = client_get(hal, E_customer, customer);
	expect_no_secret(answer);
	assert_false(holds(answer, NOTE));
	assert_false(holds(answer, "机械"));
	assert_null(value_of(answer->get->record, F_customer_satisfaction));
	assert_string_equal(answer->get->record->label, "保密****");
	assert_int_equal(answer->get->record->n_lines, 1);
	assert_int_equal(answer->get->record->lines[0]->n_values, 1); /* its kind */
}

static void
lists_mask_leave_out_and_do_not_know_hidden_columns(void **state)
{
	const Kehu__ServerFrame *answer = client_list(mia, E_customer, "");

	expect_no_secret(answer);
	assert_true(answer->page->n_rows > 0);
	answer = client_list(hal, E_customer, "");
	expect_no_secret(answer);
	assert_false(holds(answer, "机械"));
	for (size_t i = 0; i < answer->page->n_columns; i++)
		assert_int_not_equal(answer->page->columns[i], F_customer_phone);
	expect_error(list_columns(hal, E_customer, "", F_customer_remarks, 0), ERR_NO_SUCH_FIELD,
	    F_customer_remarks);
	/* the labels of references are those of the customer's name */
	answer = client_list(hal, E_visit, "");
	assert_true(answer->page->n_rows > 0);
	assert_false(holds(answer, "机械"));
	assert_true(holds(answer, "保密****"));
}

static void
masked_and_hidden_fields_do_not_sort(void **state)
{
	expect_error(list_columns(mia, E_customer, "", 0, F_customer_capital), ERR_NO_SUCH_FIELD,
	    F_customer_capital);
	expect_error(list_columns(mia, E_customer, "sort:capital", 0, 0), ERR_QUERY, 0);
	expect_error(list_columns(hal, E_customer, "", 0, F_customer_satisfaction), ERR_NO_SUCH_FIELD,
	    F_customer_satisfaction);
	expect_error(list_columns(hal, E_customer, "sort:satisfaction", 0, 0), ERR_QUERY, 0);
	/* the list's own order would tell of the names: there is none */
	assert_int_equal(cat_entity(link_catalog(hal->link), E_customer)->sort_field, 0);
	assert_int_equal(client_list(hal, E_customer, "")->answer_case, KEHU__SERVER_FRAME__ANSWER_PAGE);
}

static void
masked_fields_are_compared_whole_or_not_at_all(void **state)
{
	expect_error(client_list(mia, E_customer, "tax:>91"), ERR_QUERY, 0);
	expect_error(client_list(mia, E_customer, "tax:91..92"), ERR_QUERY, 0);
	assert_int_equal(client_list(mia, E_customer, "tax:91310000")->page->n_rows, 0);
	assert_int_equal(client_list(mia, E_customer, "tax:" TAX)->page->n_rows, 1);
	/* a number would be found in a few tries */
	expect_error(client_list(mia, E_customer, "capital:9876543.21"), ERR_QUERY, 0);
	assert_int_equal(client_list(ada, E_customer, "capital:>9876543")->page->n_rows, 1);
	expect_error(client_list(mia, E_contact, "birthday:2000-01-01"), ERR_QUERY, 0);
}

static void
hidden_fields_are_unknown_to_the_search_language(void **state)
{
	const Kehu__ServerFrame *answer = client_list(hal, E_customer, "satisfaction:77");

	expect_error(answer, ERR_QUERY, 0);
	/* the same answer as for a word that never was a field, nor is the field proposed */
	assert_false(holds(answer, "满意度"));
	expect_error(client_list(hal, E_customer, "satisfactio:77"), ERR_QUERY, 0);
	assert_null(strstr(client_list(hal, E_customer, "satisfactio:77")->error->text, "satisfaction\"?"));
	expect_error(client_list(hal, E_customer, "has:satisfaction"), ERR_QUERY, 0);
	expect_error(client_list(hal, E_customer, "tax:" TAX), ERR_QUERY, 0);
	/* nor is a reference compared by a name that is masked */
	expect_error(client_list(hal, E_visit, "customer:" NAME), ERR_QUERY, 0);
}

static void
search_finds_masked_numbers_whole_only(void **state)
{
	const Kehu__ServerFrame *answer = client_search(mia, "5566");

	assert_int_equal(answer->search->n_hits, 0);
	answer = client_search(mia, "02155667788");
	assert_int_equal(answer->search->n_hits, 1);
	assert_int_equal(answer->search->hits[0]->id, customer);
	assert_string_equal(answer->search->hits[0]->matched, "021****7788");
	assert_int_equal(client_search(mia, PHONE2)->search->n_hits, 1);
	assert_int_equal(client_search(mia, "1391234567")->search->n_hits, 0);
	assert_true(client_search(ada, "5566")->search->n_hits > 0);
}

static void
search_does_not_know_hidden_values(void **state)
{
	assert_int_equal(client_search(hal, "02155667788")->search->n_hits, 0);
	assert_int_equal(client_search(hal, PHONE2)->search->n_hits, 0);
	assert_int_equal(client_search(hal, "13700001111")->search->n_hits, 0);
	/* short_name is hidden, name masked: neither part of them finds it */
	assert_int_equal(client_search(hal, "保密")->search->n_hits, 0);
	assert_int_equal(client_search(hal, "bmjx")->search->n_hits, 0);
	assert_true(client_search(ada, "保密")->search->n_hits > 0);
}

static void
related_pages_mask_too(void **state)
{
	const Kehu__ServerFrame *answer = related(mia, E_customer, customer, E_contact);

	assert_int_equal(answer->page->n_rows, 1);
	expect_no_secret(answer);
	assert_true(holds(answer, "137****1111"));
	answer = related(hal, E_customer, customer, E_contact);
	assert_int_equal(answer->page->n_rows, 1);
	expect_no_secret(answer);
	assert_false(holds(answer, "137"));
}

static void
history_masks_and_leaves_out(void **state)
{
	const Kehu__ServerFrame *answer;

	expect_written(client_save(ada, E_customer, customer, version_of(),
	    SENT(TEXT_OF(F_customer_phone, "021-5566 9999"), NUMBER_OF(F_customer_satisfaction, 78)), NULL));
	expect_written(client_save(ada, E_customer, customer, version_of(),
	    SENT(TEXT_OF(F_customer_phone, PHONE)), NULL));
	answer = history(mia, E_customer, customer);
	assert_true(answer->history->n_changes >= 3);
	expect_no_secret(answer);
	assert_true(holds(answer, "021****9999"));
	answer = history(hal, E_customer, customer);
	expect_no_secret(answer);
	assert_false(holds(answer, NOTE));
	for (size_t i = 0; i < answer->history->n_changes; i++)
		for (size_t f = 0; f < answer->history->changes[i]->n_fields; f++)
			assert_int_not_equal(answer->history->changes[i]->fields[f]->field,
			    answer->history->changes[i]->entity == E_customer ? F_customer_satisfaction : 999);
}

static void
reports_mask_and_leave_out(void **state)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Report report = KEHU__REPORT__INIT;
	Kehu__Value value = KEHU__VALUE__INIT, *list[] = { &value };
	const Kehu__ServerFrame *answer;

	value.has_field = value.has_number = true;
	value.field = 1;
	value.number = visit;
	report.name = (char *)(uintptr_t)"visit_sheet";
	report.format = (char *)(uintptr_t)"preview";
	report.n_parameters = 1;
	report.parameters = list;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame.report = &report;
	answer = client_call(mia, &frame);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_REPORT);
	expect_no_secret(answer);
	answer = client_call(hal, &frame);
	expect_no_secret(answer);
	assert_false(holds(answer, "机械"));
	assert_true(holds(client_call(ada, &frame), "保密机械"));
}

/* ---- writing ----------------------------------------------------------------------------- */

static void
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
static void
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
static void
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
static void
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

static void
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

static void
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

static void
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

static void
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

static void
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

static void
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

static void
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

static void
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

/* kehu as a person at a shell runs it; words are separated by '|'. Output in *text. */
static int
run(const char *user, const char *words, const char **text)
{
	const char *path = arena_printf(bed->arena, "%s/out", bed->dir);
	char *argv[40], *copy = arena_strdup(bed->arena, words), *word, buffer[8192] = "";
	int argc = 1, status;
	FILE *file;
	pid_t pid;

	argv[0] = copy;
	while ((word = strsep(&copy, "|")) != NULL)
		argv[argc++] = word;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		const struct cli_program kehu = kehu_program(NULL);

		file = fopen(arena_printf(bed->arena, "%s/password", bed->dir), "w");
		fputs(BED_PASSWORD "\n", file);
		fclose(file);
		setenv("KEHU_SERVER", bed_server(bed), 1);
		setenv("KEHU_CA", bed_ca(bed), 1);
		setenv("KEHU_USER", user, 1);
		setenv("KEHU_PASSWORD_FILE", arena_printf(bed->arena, "%s/password", bed->dir), 1);
		setenv("XDG_CACHE_HOME", bed->dir, 1);
		setenv("XDG_CONFIG_HOME", bed->dir, 1);
		if (freopen("/dev/null", "r", stdin) == NULL || freopen(path, "w", stdout) == NULL ||
		    dup2(fileno(stdout), 2) < 0)
			_exit(99);
		status = cli_run(&kehu, argc, argv);
		fflush(NULL);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	file = fopen(path, "r");
	assert_non_null(file);
	buffer[fread(buffer, 1, sizeof(buffer) - 1, file)] = '\0';
	fclose(file);
	*text = arena_strdup(bed->arena, buffer);
	return WEXITSTATUS(status);
}

static void
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

static void
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
	assert_int_equal(run("hal", arena_printf(bed->arena, "import|customer|%s", data), &text), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '进口甲' AND remarks IS NULL "
				    "AND phone IS NULL AND level = 'A'"), 1);
	assert_int_equal(run("mia", arena_printf(bed->arena, "import|customer|%s|--match|name|--on-match|update", data), &text), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '进口甲' AND phone = '021-7777777'"), 1);
}

/* ---- view as another user ---------------------------------------------------------------- */

static Kehu__ServerFrame *
view_as(struct client *client, int64_t user, const char *reason, uint32_t minutes)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ViewAs view = KEHU__VIEW_AS__INIT;

	view.has_user = true;
	view.user = user;
	view.reason = arena_strdup(client->arena, reason);
	view.has_minutes = true;
	view.minutes = minutes;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_VIEW_AS;
	frame.view_as = &view;
	return client_call(client, &frame);
}

/* A connection that looks as the user; the one who asked stays as they are. */
static struct client *
client_viewing(struct client *viewer, int64_t user)
{
	struct client *client = client_stranger(bed, LANG_EN);
	Kehu__ServerFrame *answer = view_as(viewer, user, "他说看不到自己的客户", 5);

	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_VIEW_AS);
	link_resume(client->link, answer->view_as->token.data, answer->view_as->token.len);
	assert_int_equal(link_wait(client->link, BED_WAIT_MS), ERR_OK);
	return client;
}

static void
viewing_as_another_needs_its_grant_a_reason_and_looks_down(void **state)
{
	/* no grant: the entity is there to see who looked as oneself, and no more */
	expect_error(view_as(ada, USER_BEN, "好奇", 5), ERR_FORBIDDEN, 0);
	expect_error(view_as(guo, USER_ADA, "", 5), ERR_REASON_NEEDED, 0);
	expect_error(view_as(guo, USER_ADA, "太久", 481), ERR_INVALID, 0);
	expect_error(view_as(guo, USER_GUO, "自己", 5), ERR_VIEW_HIGHER, 0);
	expect_error(view_as(guo, USER_FAY, "停用", 5), ERR_NO_SUCH_RECORD, 0);
	/* a superior, and somebody who gives rights */
	pg_exec(DB, "UPDATE users SET superior_id = %d WHERE id = %d", USER_DAN, USER_GUO);
	expect_error(view_as(guo, USER_DAN, "上级", 5), ERR_VIEW_HIGHER, 0);
	pg_exec(DB, "UPDATE users SET superior_id = NULL WHERE id = %d;"
		    "INSERT INTO user_role (user_id, role_id) SELECT %d, id FROM role WHERE name = 'administrator'",
	    USER_GUO, USER_CAI);
	expect_error(view_as(guo, USER_CAI, "同级", 5), ERR_VIEW_HIGHER, 0);
	pg_exec(DB, "DELETE FROM user_role WHERE user_id = %d AND role_id = (SELECT id FROM role WHERE name = 'administrator')",
	    USER_CAI);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM viewing"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'view_as'"), 0);
}

static void
viewing_as_another_is_told_audited_and_listed_at_once(void **state)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Sessions sessions = KEHU__SESSIONS__INIT;
	struct client *viewing = client_viewing(guo, USER_ADA);
	const Kehu__ServerFrame *answer;
	bool listed = false;

	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'view_as' AND user_id = %d "
				    "AND record_id = %d", USER_GUO, USER_ADA), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND text LIKE '%%他说看不到%%'",
			     USER_ADA), 1);
	assert_int_equal(client_list(ada, E_viewing, "")->page->n_rows, 1);
	assert_int_equal(client_list(mia, E_viewing, "")->page->n_rows, 0);
	assert_string_equal(link_user(viewing->link)->name, "ada");
	assert_true(link_user(viewing->link)->viewer[0] != '\0');
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SESSIONS;
	frame.sessions = &sessions;
	answer = client_call(ada, &frame);
	for (size_t i = 0; i < answer->sessions->n_sessions; i++)
		listed |= answer->sessions->sessions[i]->viewer != NULL &&
			  answer->sessions->sessions[i]->viewer[0] != '\0';
	assert_true(listed);
	/* what is read is the viewer's reading */
	assert_int_equal(client_get(viewing, E_customer, customer)->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
	client_free(viewing);
}

static void
viewing_as_another_shows_rows_of_that_user_and_no_values(void **state)
{
	static const uint32_t kinds[] = { E_customer, E_contact, E_visit };
	struct client *viewing = client_viewing(guo, USER_ADA);
	const int64_t ids[] = { customer, contact, visit };
	const Kehu__ServerFrame *answer;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today today = KEHU__TODAY__INIT;

	for (size_t i = 0; i < 3; i++) {
		answer = client_list(viewing, kinds[i], "");
		assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_PAGE);
		assert_int_equal(answer->page->n_rows, client_list(ada, kinds[i], "")->page->n_rows);
		expect_no_secret(answer);
		assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房"));
		answer = client_get(viewing, kinds[i], ids[i]);
		assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
		expect_no_secret(answer);
		assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房") ||
			     holds(answer, NOTE));
		answer = history(viewing, kinds[i], ids[i]);
		expect_no_secret(answer);
		assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房"));
	}
	answer = related(viewing, E_customer, customer, E_visit);
	assert_int_equal(answer->page->n_rows, 1);
	assert_false(holds(answer, "厂房"));
	/* not by asking either */
	assert_int_equal(client_search(viewing, "保密机械")->search->n_hits, 0);
	assert_int_equal(client_search(viewing, PHONE2)->search->n_hits, 0);
	assert_int_equal(client_list(viewing, E_customer, "name:保密")->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame.today = &today;
	answer = client_call(viewing, &frame);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_TODAY);
	assert_false(holds(answer, "保密") || holds(answer, "秘密") || holds(answer, "厂房"));
	/* rows of others are not there */
	assert_int_equal(client_list(viewing, E_customer, "")->page->n_rows,
	    pg_int(DB, "SELECT count(*) FROM customer WHERE owner_id = %d AND deleted_at IS NULL", USER_ADA));
	client_free(viewing);
}

static void
viewing_as_another_shows_what_the_viewer_sees_anyway(void **state)
{
	const Kehu__ServerFrame *answer;
	struct client *viewing;

	/* masker sees all customers, their sensitive fields masked */
	pg_exec(DB, "INSERT INTO role_grant (role_id, entity, scope, rights) SELECT id, 'viewing', 'all', 257 "
		    "FROM role WHERE name = 'masker'");
	viewing = client_viewing(mia, USER_ADA);
	answer = client_get(viewing, E_customer, customer);
	assert_true(holds(answer, NAME));
	assert_true(holds(answer, "021****7788"));
	expect_no_secret(answer);
	/* mobile of the contact is masked for the viewer, the visit not: mia sees all visits */
	assert_false(holds(client_get(viewing, E_contact, contact), "13700001111"));
	assert_true(holds(client_get(viewing, E_visit, visit), "看厂房"));
	client_free(viewing);
	pg_exec(DB, "DELETE FROM role_grant WHERE entity = 'viewing' AND role_id = (SELECT id FROM role WHERE name = 'masker')");
}

static void
viewing_as_another_only_looks(void **state)
{
	struct client *viewing = client_viewing(guo, USER_ADA);
	const char *before = pg_exec(DB, "SELECT count(*), max(version) FROM customer");

	expect_error(client_save(viewing, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "代写")), NULL), ERR_VIEW_ONLY, 0);
	expect_error(client_act(viewing, E_visit, visit, "start", NULL), ERR_VIEW_ONLY, 0);
	expect_error(client_delete(viewing, E_customer, customer, version_of()), ERR_VIEW_ONLY, 0);
	expect_error(reveal(viewing, customer, F_customer_phone, "想看"), ERR_VIEW_ONLY, 0);
	expect_error(view_as(viewing, USER_BEN, "再代看", 5), ERR_VIEW_ONLY, 0);
	assert_string_equal(pg_exec(DB, "SELECT count(*), max(version) FROM customer"), before);
	client_free(viewing);
}

static bool
is_over(void *context)
{
	return link_status(((struct client *)context)->link).needs_login;
}

static void
viewing_as_another_ends_with_its_time_its_grant_or_a_word(void **state)
{
	struct client *viewing = client_viewing(guo, USER_ADA);
	Kehu__ClientFrame today = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today nothing = KEHU__TODAY__INIT;
	Kehu__ServerFrame *answer;
	int64_t id;

	/* anybody who may begin one ends it; the viewer is told */
	id = pg_int(DB, "SELECT max(id) FROM viewing");
	expect_written(client_act(guo, E_viewing, id, "end", NULL));
	assert_true(client_wait(viewing, is_over, viewing));
	expect_error(client_act(guo, E_viewing, id, "end", NULL), ERR_EMPTY, 0);
	client_free(viewing);
	/* its time */
	viewing = client_viewing(guo, USER_ADA);
	pg_exec(DB, "UPDATE session SET expires_at = now() WHERE viewer_id IS NOT NULL AND ended_at IS NULL");
	today.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	today.today = &nothing;
	assert_int_equal(link_call(viewing->link, viewing->arena, &today, &answer, BED_WAIT_MS), ERR_SESSION_ENDED);
	client_free(viewing);
	/* the grant */
	viewing = client_viewing(guo, USER_ADA);
	pg_exec(DB, "UPDATE role_grant SET rights = 1 WHERE entity = 'viewing' AND rights = 257");
	expect_error(client_list(viewing, E_customer, ""), ERR_VIEW_OVER, 0);
	pg_exec(DB, "UPDATE role_grant SET rights = 257 WHERE entity = 'viewing' AND scope = 'all' "
		    "AND role_id = (SELECT id FROM role WHERE name = 'administrator')");
	client_free(viewing);
}

static void
command_line_views_as_another(void **state)
{
	const char *text;

	assert_int_equal(run("guo", "list|customer||--as|ada|--reason|核对|--format|tsv|--language|en", &text), 0);
	assert_non_null(strstr(text, "****"));
	assert_null(strstr(text, "保密"));
	assert_int_equal(run("guo", "list|customer||--as|ada|--language|en", &text), 1);
	assert_non_null(strstr(text, "E3022"));
	assert_int_equal(run("ada", "list|customer||--as|ben|--reason|x|--language|zh", &text), 1);
	assert_non_null(strstr(text, "无权"));
	/* it has ended with the command */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM viewing v JOIN session s ON s.id = v.session_id "
				    "WHERE v.reason = '核对' AND v.ended_at IS NOT NULL AND s.ended_at IS NOT NULL"), 1);
}

/* ---- scopes and states ------------------------------------------------------------------- */

static void
team_reaches_what_people_below_own(void **state)
{
	int64_t dans;
	struct client *dan = client_new(bed, "dan", LANG_EN);

	dans = expect_written(client_save(dan, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "丹的客户")), NULL))->id;
	/* lea over ben over ada */
	assert_int_equal(client_get(lea, E_customer, customer)->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
	assert_true(client_list(lea, E_customer, "name:保密")->page->n_rows == 1);
	assert_true(client_list(lea, E_customer, "name:保密")->page->rows[0]->rights & 1);
	expect_written(client_save(lea, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_postcode, "200000")), NULL));
	expect_error(client_get(lea, E_customer, dans), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(client_list(lea, E_customer, "name:丹的")->page->n_rows, 0);
	client_free(dan);
}

static void
external_users_see_their_company_only(void **state)
{
	const Kehu__ServerFrame *answer;

	assert_int_equal(client_list(ext, E_customer, "")->page->n_rows, 0);
	pg_exec(DB, "UPDATE users SET company_id = %" PRId64 " WHERE id = %d", customer, USER_EXT);
	answer = client_list(ext, E_customer, "");
	assert_int_equal(answer->page->n_rows, 1);
	assert_int_equal(answer->page->rows[0]->id, customer);
	expect_no_secret(answer);
	assert_int_equal(client_list(ext, E_contact, "")->page->n_rows, 1);
	assert_int_equal(client_search(ext, "许秘密")->search->n_hits, 1);
	assert_int_equal(client_search(ext, "另一家")->search->n_hits, 0);
	expect_error(client_list(ext, E_visit, ""), ERR_NO_SUCH_ENTITY, 0);
	expect_error(client_save(ext, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_site, "https://x.example")), NULL),
	    ERR_FORBIDDEN, 0);
}

static void
grants_hold_in_their_states_only(void **state)
{
	const Kehu__ServerFrame *answer = client_get(sam, E_customer, customer);

	assert_true(answer->get->record->rights & 1);
	expect_written(client_save(sam, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_postcode, "200001")), NULL));
	expect_written(client_save(ada, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_stage, "lost")), NULL));
	answer = client_get(sam, E_customer, customer);
	assert_int_equal(answer->get->record->rights & 1, 0);
	assert_int_equal(client_list(sam, E_customer, "name:保密")->page->rows[0]->rights & 1, 0);
	answer = client_save(sam, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_postcode, "200002")), NULL);
	expect_error(answer, ERR_WRONG_STATE, F_customer_stage);
	expect_written(client_save(ada, E_customer, customer, version_of(), SENT(TEXT_OF(F_customer_stage, "active")), NULL));
}

static void
grants_name_single_actions(void **state)
{
	const Kehu__Entity *entity = cat_entity(link_catalog(sam->link), E_visit);
	int64_t own;

	assert_non_null(cat_action_called(entity, "start"));
	assert_null(cat_action_called(entity, "complete"));
	pg_exec(DB, "INSERT INTO role_grant (role_id, entity, scope, rights) SELECT id, 'visit', 'branch', 3 FROM role WHERE name = 'stater'");
	own = expect_written(client_save(sam, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer), TEXT_OF(F_visit_purpose, "自己的"),
		NUMBER_OF(F_visit_at, date_now_us() + INT64_C(86400000000))), NULL))->id;
	expect_written(client_act(sam, E_visit, own, "start", NULL));
	expect_error(client_act(sam, E_visit, own, "complete", SENT(TEXT_OF(1, "agreed"))), ERR_FORBIDDEN, 0);
	expect_error(client_act(sam, E_visit, visit, "cancel", SENT(TEXT_OF(1, "不行"))), ERR_FORBIDDEN, 0);
}

/* ---- what nobody may set up -------------------------------------------------------------- */

static Kehu__ServerFrame *
save_role_line(int64_t role, uint32_t entity, const struct sent *values)
{
	uint32_t version = client_get(guo, E_role, role)->get->record->version;

	return client_save(guo, E_role, role, version, NULL,
	    (const struct sent_line[]){ { .entity = entity, .id = -1, .values = values }, { 0 } });
}

#define GRANT_OF(entity_, scope_, rights_)                                                     \
	TEXT_OF(F_role_grant_entity, entity_), TEXT_OF(F_role_grant_scope, scope_),            \
	    NUMBER_OF(F_role_grant_rights, rights_)

static void
grants_name_what_there_is(void **state)
{
	int64_t role = client_list(guo, E_role, "name:masker")->page->rows[0]->id;
	int64_t lines = pg_int(DB, "SELECT count(*) FROM role_grant") + pg_int(DB, "SELECT count(*) FROM role_field");

	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("custoner", "all", 1))),
	    ERR_NO_SUCH_ENTITY, F_role_grant_entity);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("customer_phone", "all", 1))),
	    ERR_INVALID, F_role_grant_entity);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("branch", "own", 1))), ERR_INVALID,
	    F_role_grant_scope);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("saved_view", "company", 1))),
	    ERR_INVALID, F_role_grant_scope);
	expect_error(save_role_line(role, E_role_grant, SENT(GRANT_OF("lead", "all", 4096))), ERR_INVALID,
	    F_role_grant_rights);
	expect_error(save_role_line(role, E_role_grant,
	    SENT(GRANT_OF("lead", "all", 4), TEXT_OF(F_role_grant_states, "new nowhere"))), ERR_INVALID,
	    F_role_grant_states);
	expect_error(save_role_line(role, E_role_grant,
	    SENT(GRANT_OF("lead", "all", 256), TEXT_OF(F_role_grant_actions, "explode"))), ERR_INVALID,
	    F_role_grant_actions);
	expect_error(save_role_line(role, E_role_field,
	    SENT(TEXT_OF(F_role_field_entity, "customer"), TEXT_OF(F_role_field_field, "phnoe"))),
	    ERR_NO_SUCH_FIELD, F_role_field_field);
	expect_error(save_role_line(role, E_role_field,
	    SENT(TEXT_OF(F_role_field_entity, "user"), TEXT_OF(F_role_field_field, "password_hash"))),
	    ERR_NO_SUCH_FIELD, F_role_field_field);
	expect_error(save_role_line(role, E_role_field,
	    SENT(TEXT_OF(F_role_field_entity, "customer"), TEXT_OF(F_role_field_field, "site"),
		TEXT_OF(F_role_field_show, "blurred"))), ERR_NOT_IN_LIST, F_role_field_show);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM role_grant") + pg_int(DB, "SELECT count(*) FROM role_field"),
	    lines);
	expect_written(save_role_line(role, E_role_grant,
	    SENT(GRANT_OF("lead", "team", 4), TEXT_OF(F_role_grant_states, "new contacted"))));
}

static void
nobody_gives_themselves_rights(void **state)
{
	int64_t own = client_list(guo, E_role, "name:administrator")->page->rows[0]->id;
	int64_t other = client_list(guo, E_role, "name:executive")->page->rows[0]->id;
	uint32_t version = client_get(guo, E_user, USER_GUO)->get->record->version;

	expect_error(save_role_line(own, E_role_grant, SENT(GRANT_OF("customer", "all", 1))), ERR_OWN_RIGHTS, 0);
	expect_error(client_save(guo, E_user, USER_GUO, version, NULL,
	    (const struct sent_line[]){ { .entity = E_user_role, .id = -1,
		.values = SENT(NUMBER_OF(F_user_role_role_id, other)) }, { 0 } }), ERR_OWN_RIGHTS, 0);
	expect_error(client_save(guo, E_user, USER_GUO, version, SENT(NUMBER_OF(F_user_branch_id, BRANCH_EAST)), NULL),
	    ERR_OWN_RIGHTS, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM user_role WHERE user_id = %d", USER_GUO), 1);
	expect_written(client_save(guo, E_user, USER_GUO, version, SENT(TEXT_OF(F_user_mail, "guo@example.org")), NULL));
}

static void
role_that_somebody_has_is_not_deleted(void **state)
{
	int64_t role = client_list(guo, E_role, "name:executive")->page->rows[0]->id;
	const Kehu__ServerFrame *answer = client_delete(guo, E_role, role, 0);

	expect_error(answer, ERR_IN_USE, 0);
	assert_non_null(strstr(answer->error->text, "Eve"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM role WHERE name = 'executive' AND deleted_at IS NULL"), 1);
	expect_written(client_delete(guo, E_role,
	    expect_written(client_save(guo, E_role, 0, 0,
		SENT(TEXT_OF(F_role_name, "nobodys"), TEXT_OF(F_role_label, "Nobody's")), NULL))->id, 0));
}

static void
user_without_a_branch_is_refused(void **state)
{
	int64_t before = pg_int(DB, "SELECT count(*) FROM users");

	expect_error(client_save(guo, E_user, 0, 0, SENT(TEXT_OF(F_user_name, "lost"), TEXT_OF(F_user_label, "Lost")), NULL),
	    ERR_REQUIRED, F_user_branch_id);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM users"), before);
}

static void
trees_have_no_circle(void **state)
{
	const Kehu__ServerFrame *answer;

	expect_error(client_save(guo, E_department, DEPT_SALES, 1, SENT(NUMBER_OF(F_department_parent_id, DEPT_KEY)), NULL),
	    ERR_CIRCLE, F_department_parent_id);
	expect_error(client_save(guo, E_branch, BRANCH_HEAD, 1, SENT(NUMBER_OF(F_branch_parent_id, BRANCH_HEAD)), NULL),
	    ERR_CIRCLE, F_branch_parent_id);
	/* ada below ben below lea */
	answer = client_save(guo, E_user, USER_LEA, client_get(guo, E_user, USER_LEA)->get->record->version,
	    SENT(NUMBER_OF(F_user_superior_id, USER_ADA)), NULL);
	expect_error(answer, ERR_CIRCLE, F_user_superior_id);
	expect_error(client_save(guo, E_user, 0, 0, SENT(TEXT_OF(F_user_name, "nobranch"), TEXT_OF(F_user_label, "无网点")), NULL),
	    ERR_REQUIRED, F_user_branch_id);
}

static int
fields_start(void **state)
{
	bed = bed_new(DB);
	make_company();
	ada = client_new(bed, "ada", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
	make_records();
	mia = client_new(bed, "mia", LANG_EN);
	hal = client_new(bed, "hal", LANG_EN);
	both = client_new(bed, "bot", LANG_ZH);
	ext = client_new(bed, "ext", LANG_ZH);
	lea = client_new(bed, "lea", LANG_EN);
	sam = client_new(bed, "sam", LANG_ZH);
	return 0;
}

static int
fields_end(void **state)
{
	struct client *all[] = { ada, mia, hal, both, ext, lea, sam, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(catalogue_has_no_hidden_field_and_marks_masked_ones),
		cmocka_unit_test(of_two_roles_the_most_permissive_counts),
		cmocka_unit_test(get_masks_and_leaves_out),
		cmocka_unit_test(lists_mask_leave_out_and_do_not_know_hidden_columns),
		cmocka_unit_test(masked_and_hidden_fields_do_not_sort),
		cmocka_unit_test(masked_fields_are_compared_whole_or_not_at_all),
		cmocka_unit_test(hidden_fields_are_unknown_to_the_search_language),
		cmocka_unit_test(search_finds_masked_numbers_whole_only),
		cmocka_unit_test(search_does_not_know_hidden_values),
		cmocka_unit_test(related_pages_mask_too),
		cmocka_unit_test(history_masks_and_leaves_out),
		cmocka_unit_test(reports_mask_and_leave_out),
		cmocka_unit_test(save_does_not_know_hidden_fields),
		cmocka_unit_test(masked_names_do_not_order_a_list),
		cmocka_unit_test(errors_do_not_name_hidden_fields),
		cmocka_unit_test(a_mask_is_not_stored),
		cmocka_unit_test(masked_values_are_filled_in_but_never_replaced),
		cmocka_unit_test(masked_lines_are_added_but_not_replaced_or_removed),
		cmocka_unit_test(conflicts_mask_what_others_wrote),
		cmocka_unit_test(reveal_needs_a_reason_and_is_recorded_first),
		cmocka_unit_test(reveal_is_for_masked_fields_of_those_who_may),
		cmocka_unit_test(reveal_shows_a_line_of_that_record_only),
		cmocka_unit_test(reveal_ends_at_the_daily_limit),
		cmocka_unit_test(whole_matches_of_masked_values_are_counted),
		cmocka_unit_test(command_line_masks_and_reveals),
		cmocka_unit_test(viewing_as_another_needs_its_grant_a_reason_and_looks_down),
		cmocka_unit_test(viewing_as_another_is_told_audited_and_listed_at_once),
		cmocka_unit_test(viewing_as_another_shows_rows_of_that_user_and_no_values),
		cmocka_unit_test(viewing_as_another_shows_what_the_viewer_sees_anyway),
		cmocka_unit_test(viewing_as_another_only_looks),
		cmocka_unit_test(viewing_as_another_ends_with_its_time_its_grant_or_a_word),
		cmocka_unit_test(command_line_views_as_another),
		cmocka_unit_test(import_does_not_know_hidden_columns),
		cmocka_unit_test(team_reaches_what_people_below_own),
		cmocka_unit_test(external_users_see_their_company_only),
		cmocka_unit_test(grants_hold_in_their_states_only),
		cmocka_unit_test(grants_name_single_actions),
		cmocka_unit_test(grants_name_what_there_is),
		cmocka_unit_test(nobody_gives_themselves_rights),
		cmocka_unit_test(role_that_somebody_has_is_not_deleted),
		cmocka_unit_test(user_without_a_branch_is_refused),
		cmocka_unit_test(trees_have_no_circle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fields_start, fields_end);
}
