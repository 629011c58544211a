/*
 * Tickets and what follows from them against a real kehud: the company that the parts in
 * tests/parts/service_*.c work in.
 */
#include "tests/parts/service.h"

#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct bed *bed;
struct client *ada, *dan, *eve, *sue, *dis, *tom, *uma, *ext;

int64_t
make_customer(const char *name, const char *phone)
{
	return expect_written(client_save(ada, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_phone, phone)), NULL))->id;
}

int64_t
make_ticket(struct client *client, int64_t customer, const char *subject, const char *kind)
{
	return expect_written(client_save(client, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, customer), TEXT_OF(F_ticket_subject, subject),
		    TEXT_OF(F_ticket_kind, kind)), NULL))->id;
}

const char *
last_message(struct client *client)
{
	const Kehu__ServerFrame *answer = client_list(client, E_message, "owner:me -has:read_at");

	return answer->page->n_rows > 0 ? text_of(client, E_message, answer->page->rows[0]->id, F_message_text) : "";
}

static void
add_user(int64_t id, const char *name, const char *language, const char *role)
{
	pg_exec(DB,
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, department_id, language, password_hash) "
	    "SELECT %" PRId64 ", '%s', '%s', initcap('%s'), '%s', 2, 12, '%s', password_hash FROM users WHERE id = 101;"
	    "INSERT INTO user_role (user_id, role_id) SELECT %" PRId64 ", id FROM role WHERE name = '%s'",
	    id, name, name, name, name, language, id, role);
}

static void
service_start(void)
{
	bed = bed_new(DB);
	add_user(USER_SUE, "sue", "zh", "service_agent");
	add_user(USER_DIS, "dis", "en", "service_dispatcher");
	add_user(USER_TOM, "tom", "zh", "service_technician");
	add_user(USER_UMA, "uma", "en", "service_technician");
	add_user(USER_EXT, "ext", "zh", "external_user");
	pg_exec(DB, "UPDATE state SET access_epoch = access_epoch + 1");
	ada = client_new(bed, "ada", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	eve = client_new(bed, "eve", LANG_EN);
	sue = client_new(bed, "sue", LANG_ZH);
	dis = client_new(bed, "dis", LANG_EN);
	tom = client_new(bed, "tom", LANG_ZH);
	uma = client_new(bed, "uma", LANG_EN);
	ext = client_new(bed, "ext", LANG_ZH);
}

static void
service_end(void)
{
	struct client *const all[] = { ada, dan, eve, sue, dis, tom, uma, ext };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
}

int
main(void)
{
	int (*const parts[])(void) = { service_tickets, service_teams, service_levels, service_jobs, service_boards };
	int failed = 0;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	service_start();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		failed += parts[i]();
	service_end();
	return failed;
}
