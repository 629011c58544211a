/*
 * What ships in tables: choice lists and roles hold together with the catalogue.
 */
#include "server/access/roles.h"
#include "server/entity/dictionaries.h"
#include "server/entity/entity.h"
#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
check_choice(const struct field *field)
{
	if (field->type != TYPE_CHOICE)
		return;
	if (!dictionary_ships(field->dict, NULL))
		fail_msg("no list %s", field->dict);
	if (field->initial != NULL && !dictionary_ships(field->dict, field->initial))
		fail_msg("%s has no choice %s", field->dict, field->initial);
}

static void
every_choice_field_has_its_list(void **state)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];

		for (const struct field *f = entity->fields; f->number != 0; f++)
			check_choice(f);
		for (const struct action *a = entity->actions; a != NULL && a->name != NULL;
		     a++)
			for (const struct field *f = a->arguments; f != NULL && f->number != 0;
			     f++)
				check_choice(f);
	}
}

static void
check_states(const struct entity *entity, const char *dict, const char *words)
{
	char copy[100];
	char *rest = NULL;

	if (words == NULL)
		return;
	assert_true(strlen(words) < sizeof(copy));
	strcpy(copy, words);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (!dictionary_ships(dict, word))
			fail_msg("%s: no state %s", entity->name, word);
}

static void
states_of_actions_are_choices(void **state)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];
		const char *dict = NULL;

		for (const struct field *f = entity->fields; f->number != 0; f++)
			if (entity->state_field != NULL &&
			    strcmp(f->name, entity->state_field) == 0)
				dict = f->dict;
		for (const struct action *a = entity->actions; a != NULL && a->name != NULL;
		     a++) {
			check_states(entity, dict, a->from);
			check_states(entity, dict, a->to);
		}
	}
}

static const struct entity *
entity_named(const char *name)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		if (strcmp(entity_shipped[e]->name, name) == 0)
			return entity_shipped[e];
	return NULL;
}

static bool
field_named(const char *entity_name, const char *name)
{
	const struct entity *entity = entity_named(entity_name);

	for (const struct field *field = entity != NULL ? entity->fields : NULL;
	     field != NULL && field->number != 0; field++)
		if (strcmp(field->name, name) == 0 ||
		    (strcmp(name, "*") == 0 && (field->flags & FIELD_SENSITIVE) != 0))
			return true;
	return false;
}

static bool
role_named(const char *name)
{
	for (size_t r = 0; r < role_shipped_count; r++)
		if (strcmp(role_shipped[r].name, name) == 0)
			return true;
	return false;
}

static void
grants_name_roles_and_entities(void **state)
{
#define ROLE(...)
#define SECOND_FACTOR(role_) assert_true(role_named(#role_));
#define EVERY(entity_, ...) assert_non_null(entity_named(#entity_));
#define GRANT(role_, entity_, ...)                                                             \
	assert_true(role_named(#role_));                                                       \
	assert_non_null(entity_named(#entity_));
#define SENSITIVE(role_, ...) assert_true(role_named(#role_));
#define FIELD(role_, entity_, field_, ...)                                                     \
	assert_true(role_named(#role_));                                                       \
	assert_true(field_named(#entity_, #field_));
#include "server/access/roles.def"
#undef SECOND_FACTOR
#undef ROLE
#undef EVERY
#undef GRANT
#undef SENSITIVE
#undef FIELD
}

static void
lists_and_codes_are_told_apart(void **state)
{
	assert_true(dictionary_ships("visit_state", "completed"));
	assert_false(dictionary_ships("visit_kind", "completed"));
	assert_false(dictionary_ships("no_such_list", NULL));
}

static void
account_manager_deletes_no_business_record(void **state)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		struct grant_row grant;

		if (role_ships("account_manager", entity_shipped[e]->name, &grant) &&
		    !entity_shipped[e]->personal)
			assert_int_equal(grant.rights & (RIGHT_DELETE | RIGHT_RESTORE), 0);
	}
}

static void
administrator_sees_no_customer_data(void **state)
{
	static const char *const data[] = { "customer", "contact", "customer_relation", "visit",
		"attachment" };
	struct grant_row grant;

	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		assert_false(role_ships("administrator", data[i], &grant));
	assert_true(role_ships("administrator", "user", &grant));
}

static void
auditor_changes_nothing(void **state)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		struct grant_row grant;

		/* One's own filters, reminders, leave and what one has read are nobody's data but one's own. */
		if (role_ships("auditor", entity_shipped[e]->name, &grant) &&
		    !entity_shipped[e]->personal && strcmp(grant.entity, "reminder") != 0)
			assert_int_equal(grant.rights, RIGHT_VIEW);
	}
}

static void
grants_fit_their_entity(void **state)
{
	for (size_t r = 0; r < role_shipped_count; r++)
		for (size_t e = 0; entity_shipped[e] != NULL; e++) {
			const struct entity *entity = entity_shipped[e];
			struct grant_row grant;

			if (!role_ships(role_shipped[r].name, entity->name, &grant))
				continue;
			assert_int_not_equal(entity->kind, ENTITY_LINE);
			assert_true(grant.rights & RIGHT_VIEW);
			assert_true(dictionary_ships("scope", scope_code(grant.scope)));
			if (entity->kind == ENTITY_SETUP)
				assert_int_equal(grant.scope, SCOPE_ALL);
		}
}

static void
every_role_sees_labels(void **state)
{
	static const char *const labels[] = { "branch", "department", "user", "region",
		"dictionary", "tag", "pool" };

	for (size_t r = 0; r < role_shipped_count; r++)
		for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
			struct grant_row grant;

			assert_non_null(entity_named(labels[i]));
			assert_true(role_ships(role_shipped[r].name, labels[i], &grant));
			assert_true(grant.rights & RIGHT_VIEW);
		}
}

static bool
has_action(const struct entity *entity, const char *name)
{
	for (const struct action *a = entity->actions; a != NULL && a->name != NULL; a++)
		if (strcmp(a->name, name) == 0)
			return true;
	return false;
}

static bool
has_tab(const struct entity *entity, const char *other)
{
	for (const struct tab *tab = entity->tabs; tab != NULL && tab->entity != NULL; tab++)
		if (strcmp(tab->entity, other) == 0)
			return true;
	return false;
}

static void
tabs_of_a_record_come_in_one_request(void **state)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		size_t count = 0;

		for (const struct tab *tab = entity_shipped[e]->tabs; tab != NULL && tab->entity != NULL; tab++)
			count++;
		assert_true(count <= GET_MAX_RELATED);
	}
}

/* What may be shared may be talked about and followed, and shows what was said and what waits. */
static void
records_of_business_are_talked_about(void **state)
{
	size_t talked = 0;

	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];
		bool talks = has_action(entity, "comment");

		if (has_action(entity, "follow") != talks || has_action(entity, "unfollow") != talks ||
		    has_tab(entity, "comment") != talks || (talks && !has_tab(entity, "approval")) ||
		    (has_action(entity, "share") && !talks))
			fail_msg("%s: talked about or not?", entity->name);
		talked += talks;
	}
	assert_true(talked >= 16);
}

/* What somebody owns and others may be let into: all but these, each for its reason. */
static void
records_of_business_are_shared_one_by_one(void **state)
{
	static const struct {
		const char *entity, *why;
	} others[] = {
		{ "approval", "waits for whom its rule says" },
		{ "outgoing", "what has left is not worked on" },
		{ "erasure", "the journal of what is no more" },
		{ "customer_relation", "shows with its customer" },
		{ "anniversary", "shows with its customer" },
		{ "customer_month", "shows with its customer" },
		{ "credit_limit", "shows with its customer" },
		{ "prepaid_entry", "booked, shows with its customer" },
		{ "currency_rate", "everybody's" },
		{ "price_list", "everybody's" },
		{ "product", "everybody's" },
		{ "invitation", "whoever may invite may see to it" },
	};
	size_t shared = 0, kept = 0;

	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];
		bool other = entity->kind != ENTITY_ACTIVITY || entity->personal;

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (strcmp(others[i].entity, entity->name) == 0) {
				other = true;
				kept++;
			}
		if (has_action(entity, "share") == other || has_action(entity, "unshare") == other)
			fail_msg("%s: shared or not?", entity->name);
		shared += !other;
	}
	assert_int_equal(kept, sizeof(others) / sizeof(others[0]));
	assert_true(shared >= 15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_choice_field_has_its_list),
		cmocka_unit_test(states_of_actions_are_choices),
		cmocka_unit_test(grants_name_roles_and_entities),
		cmocka_unit_test(lists_and_codes_are_told_apart),
		cmocka_unit_test(account_manager_deletes_no_business_record),
		cmocka_unit_test(administrator_sees_no_customer_data),
		cmocka_unit_test(auditor_changes_nothing),
		cmocka_unit_test(grants_fit_their_entity),
		cmocka_unit_test(every_role_sees_labels),
		cmocka_unit_test(records_of_business_are_shared_one_by_one),
		cmocka_unit_test(tabs_of_a_record_come_in_one_request),
		cmocka_unit_test(records_of_business_are_talked_about),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
