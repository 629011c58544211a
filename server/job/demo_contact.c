/*
 * Contacts of a demo customer: one to four, the first usually the one who decides.
 */
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/job/demo_make.h"

struct demo_contact {
	struct demo_human human;
	int64_t id;
	const char *role;
	enum demo_words titles;
	const char *mobile, *mail, *messenger;
};

static void
demo_contact_role(struct demo_random *random, struct demo_contact *contact, bool first)
{
	static const struct {
		const char *role;
		enum demo_words titles;
	} roles[] = {
		{ "decider", DEMO_title_decider },
		{ "buyer", DEMO_title_buyer },
		{ "influencer", DEMO_title_influencer },
		{ "user", DEMO_title_user },
		{ "gatekeeper", DEMO_title_gatekeeper },
	};
	uint32_t at = demo_below(random, 5);

	if (first && demo_chance(random, 55))
		at = 0;
	contact->role = roles[at].role;
	contact->titles = roles[at].titles;
}

static void
demo_contact_reach(struct demo_world *world, const struct demo_customer *customer,
    struct demo_contact *contact)
{
	struct demo_random *random = customer->random;
	const char *login = contact->human.login;

	contact->id = world->next_id++;
	if (demo_chance(random, 95))
		contact->mobile = customer->abroad
				      ? demo_phone_abroad(random, customer->scratch)
				      : demo_mobile(random, customer->scratch);
	if (demo_chance(random, 55))
		contact->mail =
		    demo_chance(random, 70)
			? arena_printf(customer->scratch, "%s@%s", login, customer->domain)
			: arena_printf(customer->scratch, "%s%u@mail.example.com", login,
			      demo_below(random, 1000));
	if (demo_chance(random, 12))
		contact->messenger = demo_mobile(random, customer->scratch);
}

static void
demo_contact_birthday(
    struct demo_world *world, const struct demo_customer *customer, struct demo_rows *rows)
{
	struct demo_random *random = customer->random;

	if (!demo_chance(random, 35)) {
		demo_null(rows);
		demo_bool(rows, false);
		return;
	}
	demo_date(rows, world->today - demo_between(random, 22 * 365, 60 * 365));
	demo_bool(rows, !customer->english && demo_chance(random, 20));
}

static void
demo_contact_row(struct demo_world *world, const struct demo_customer *customer,
    const struct demo_contact *contact)
{
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_contact];
	struct demo_random *random = customer->random;
	struct arena *scratch = customer->scratch;
	const struct demo_vocabulary *words = world->vocabulary;

	demo_int(rows, contact->id);
	demo_text(rows, contact->human.name);
	demo_text(rows, pinyin_sort_key(scratch, contact->human.name, PINYIN_PERSON));
	demo_int(rows, customer->id);
	demo_text(rows, !customer->company
			    ? NULL
			    : demo_word(random, words,
				  customer->english ? DEMO_title_english : contact->titles));
	demo_text(rows, customer->company && !customer->english && demo_chance(random, 50)
			    ? demo_word(random, words, DEMO_their_department)
			    : NULL);
	demo_text(rows, contact->role);
	demo_text(rows, contact->human.female ? "f" : "m");
	demo_text(rows, contact->mobile);
	demo_text(rows, contact->mobile != NULL ? text_digits(scratch, contact->mobile) : NULL);
	demo_text(rows, contact->mail);
	demo_text(rows,
	    demo_chance(random, 30)
		? arena_printf(scratch, "%s_%u", contact->human.login, demo_below(random, 1000))
		: NULL);
	demo_contact_birthday(world, customer, rows);
	demo_text(
	    rows, demo_chance(random, 20) ? demo_word(random, words, DEMO_hobbies) : NULL);
	demo_null(rows); /* remarks */
	demo_access(rows, world, customer);
	demo_stamps(rows, customer->created_us, customer->created_us, customer->keeper->user);
	demo_row_end(rows);
}

static void
demo_contact_lines(struct demo_world *world, const struct demo_customer *customer,
    const struct demo_contact *contact)
{
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_contact_phone];
	const struct demo_known *other =
	    &world->recent[demo_below(customer->random, DEMO_RECENT)];

	if (contact->messenger != NULL) {
		demo_int(rows, world->next_id++);
		demo_int(rows, contact->id);
		demo_int(rows, 1);
		demo_text(rows, demo_chance(customer->random, 70) ? "mobile" : "home");
		demo_text(rows, contact->messenger);
		demo_text(rows, text_digits(customer->scratch, contact->messenger));
		demo_stamps(
		    rows, customer->created_us, customer->created_us, customer->keeper->user);
		demo_row_end(rows);
	}
	if (!customer->company || !demo_chance(customer->random, 2) || other->id == 0)
		return;
	rows = &world->chunk.tables[DEMO_TABLE_contact_customer];
	demo_int(rows, world->next_id++);
	demo_int(rows, contact->id);
	demo_int(rows, 1);
	demo_int(rows, other->id);
	demo_text(rows, customer->english ? "Adviser" : "顾问");
	demo_stamps(rows, customer->created_us, customer->created_us, customer->keeper->user);
	demo_row_end(rows);
}

static void
demo_contact_search(struct demo_world *world, const struct demo_customer *customer,
    const struct demo_contact *contact)
{
	const struct demo_searched texts[] = {
		{ DEMO_OF_CONTACT, F_contact_name, contact->human.name },
		{ DEMO_OF_CONTACT, F_contact_mobile, contact->mobile },
		{ DEMO_OF_CONTACT, F_contact_mail, contact->mail },
		{ DEMO_OF_CONTACT_PHONE, F_contact_phone_number, contact->messenger },
	};

	demo_search_row(world, &world->chunk.tables[DEMO_TABLE_contact_search], contact->id,
	    customer, texts, sizeof(texts) / sizeof(texts[0]));
}

/* A person seldom has one, and then it is family. */
static size_t
demo_contact_count(const struct demo_customer *customer)
{
	uint32_t at = demo_below(customer->random, 100);

	if (!customer->company)
		return at < 20 ? 1 : 0;
	return at < 42 ? 1 : at < 72 ? 2 : at < 92 ? 3 : 4;
}

void
demo_make_contacts(struct demo_world *world, struct demo_customer *customer)
{
	size_t count = demo_contact_count(customer);

	for (size_t i = 0; i < count; i++) {
		struct demo_contact contact = {
			.human =
			    demo_human(customer->random, customer->scratch, world->vocabulary,
				customer->abroad ||
				    (customer->english && demo_chance(customer->random, 30)))
		};

		demo_contact_role(customer->random, &contact, i == 0);
		demo_contact_reach(world, customer, &contact);
		demo_contact_row(world, customer, &contact);
		demo_contact_lines(world, customer, &contact);
		demo_contact_search(world, customer, &contact);
		customer->contacts[customer->contact_count] = contact.id;
		customer->contact_names[customer->contact_count++] = contact.human.name;
		world->result->contacts++;
	}
}
