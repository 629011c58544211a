/*
 * What is read: the catalogue, lists, sorts, filters, searches, related records, history, reports.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/parts/access_fields.h"

#include <inttypes.h>

/* ---- the catalogue ----------------------------------------------------------------------- */

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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
