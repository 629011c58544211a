/*
 * A person's rights: found, handed over, erased everywhere and again after a restore; and what is
 * not kept for ever. A dump of the database is read for what is left of somebody.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "person"

static struct bed *bed;
static int64_t customer, contact, visit, single;

/* What nobody else has: all of it must be gone. */
static const char *const residues[] = { "欧阳霁月", "13987654321", "139-8765-4321", "jiyue@ouyang.example",
	"wx_jiyue_77", "13711112222", "欧阳旧名", "霁月合同", "ouyang.example" };

static int
person_setup(void **state)
{
	bed = bed_new_with(DB, "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n");
	pg_exec(DB, "INSERT INTO users (id, name, name_key, label, label_key, branch_id, language, password_hash)"
		    " SELECT 150, 'ann', 'ann', 'Ann', 'ann', 1, 'en', password_hash FROM users WHERE id = 101;"
		    "INSERT INTO user_role (user_id, role_id) SELECT 150, id FROM role WHERE name = 'auditor'");
	return 0;
}

static int
person_teardown(void **state)
{
	bed_free(bed);
	return 0;
}

static int
run(const char *program, const char *user, const char **text, ...)
{
	const char *words[20] = { 0 };
	va_list args;

	va_start(args, text);
	for (size_t i = 0; i < 19 && (words[i] = va_arg(args, const char *)) != NULL; i++)
		continue;
	va_end(args);
	return bed_run_as(bed, program, user, words, text);
}

static void
run_well(const char *program, const char *user, const char *a, const char *b, const char *c, const char *d,
    const char *e, const char *f, const char *g)
{
	const char *text;

	if (run(program, user, &text, a, b, c, d, e, f, g, NULL) != 0)
		fail_msg("%s %s %s: %s", program, a, b, text);
}

static const char *
number(int64_t id)
{
	return arena_printf(bed->arena, "%" PRId64, id);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *
slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text = BUF_INIT;
	char chunk[65536];
	size_t bytes;
	const char *copy;

	if (file == NULL)
		fail_msg("no %s", path);
	while ((bytes = fread(chunk, 1, sizeof chunk, file)) > 0)
		buf_put(&text, chunk, bytes);
	fclose(file);
	copy = arena_strdup(bed->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

static void
shell(const char *format, ...)
{
	char command[4000];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static const char *
dump(const char *name)
{
	const char *path = arena_printf(bed->arena, "%s/%s", bed->dir, name);

	shell("%s --no-owner --dbname='%s' -f %s", pg_bin("pg_dump"), pg_conninfo(DB), path);
	return path;
}

static void
check_no_residue(const char *path)
{
	const char *text = slurp(path);

	for (size_t i = 0; i < sizeof(residues) / sizeof(residues[0]); i++) {
		const char *at = strstr(text, residues[i]);

		if (at != NULL)
			fail_msg("%s is left: %.200s", residues[i], at > text + 80 ? at - 80 : text);
	}
}

/* As people make it: a contact met on a visit, changed, with a file, a comment, mails and messages. */
static void
make_person(void)
{
	const char *file = arena_printf(bed->arena, "%s/c.txt", bed->dir);

	customer = pg_int(DB, "INSERT INTO customer (name, name_key, type, stage, owner_id, department_id, branch_id) VALUES "
			      "('留存公司', 'liucun', 'company', 'potential', 101, 12, 2) RETURNING id");
	run_well("kehu", "ada", "new", "contact", "name=欧阳旧名", arena_printf(bed->arena, "customer_id=#%" PRId64, customer),
	    "mobile=139-8765-4321", "mail=jiyue@ouyang.example", "phones.number=13711112222");
	contact = pg_int(DB, "SELECT id FROM contact WHERE name = '欧阳旧名'");
	run_well("kehu", "ada", "set", "contact", number(contact), "name=欧阳霁月", "wechat=wx_jiyue_77", "birthday=1987-06-05",
	    "remarks=与欧阳霁月长期联系");
	visit = pg_int(DB, "INSERT INTO visit (customer_id, at, kind, purpose, state, summary, owner_id, department_id, branch_id)"
			   " VALUES (%" PRId64 ", now(), 'visit', '见面', 'planned', '与欧阳霁月谈妥，电话 13711112222', 101, 12, 2) RETURNING id",
	    customer);
	pg_exec(DB, "INSERT INTO visit_contact (visit_id, contact_id) VALUES (%" PRId64 ", %" PRId64 ")", visit, contact);
	pg_exec(DB, "UPDATE visit SET next_step = '约欧阳霁月' WHERE id = %" PRId64, visit);
	/* the customer names the person too, in a text and in a line that it is found by */
	run_well("kehu", "ada", "set", "customer", number(customer), "short_name=欧阳霁月之友", "phones.number=13987654321", NULL, NULL);
	write_file(file, "霁月合同正文 jiyue@ouyang.example");
	run_well("kehu", "ada", "attach", "contact", number(contact), file, NULL, NULL, NULL);
	pg_exec(DB, "INSERT INTO outgoing (channel, address, subject, body, state, message_id, anchor_entity, anchor_id, owner_id)"
		    " VALUES ('mail', 'jiyue@ouyang.example', '欧阳霁月您好', '霁月合同', 'sent', 'm1', 14, %" PRId64 ", 101),"
		    " ('mail', 'jiyue@ouyang.example', '另一封', '霁月合同', 'waiting', 'm2', 10, %" PRId64 ", 101)",
	    contact, customer);
	pg_exec(DB, "INSERT INTO comment (text, author_id, anchor_entity, anchor_id) VALUES ('欧阳霁月来电', 101, 19, %" PRId64 ")", visit);
	pg_exec(DB, "INSERT INTO message (text, kind, owner_id) VALUES ('请回复欧阳霁月', 'note', 101)");
	pg_exec(DB, "INSERT INTO login_attempt (name, good) VALUES ('jiyue@ouyang.example', false)");
	pg_exec(DB, "INSERT INTO opt_out (channel, address, address_key) VALUES ('mail', 'jiyue@ouyang.example', 'jiyue@ouyang.example')");
	single = pg_int(DB, "INSERT INTO customer (name, name_key, type, stage, owner_id, department_id, branch_id, updated_at) VALUES "
			    "('独行者', 'duxingzhe', 'person', 'potential', 101, 12, 2, now() - interval '20 years') RETURNING id");
}

static void
a_person_is_found_by_name_number_and_address(void **state)
{
	const char *text, *id;

	make_person();
	id = number(contact);
	if (run("kehu-admin", "eve", &text, "person", "find", "欧阳霁月", "--format", "tsv", NULL) != 0)
		fail_msg("%s", text);
	assert_non_null(strstr(text, id));
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "find", "139 8765 4321", "--format", "tsv", NULL), 0);
	assert_non_null(strstr(text, id));
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "find", arena_printf(bed->arena, "#%s", id), "--format", "tsv", NULL), 0);
	for (size_t i = 0; i < 8; i++) {
		static const char *const places[] = { "record", "line", "link", "history", "search", "anchored", "login", "mention" };

		if (strstr(text, places[i]) == NULL)
			fail_msg("not found as %s: %s", places[i], text);
	}
}

/* Neither who runs the system, nor who checks it, nor who sells. */
static void
only_the_right_of_its_own_finds_and_erases(void **state)
{
	static const char *const users[] = { "guo", "ann", "ada", "cai" };
	const char *text, *id = number(contact);

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(run("kehu-admin", users[i], &text, "person", "find", "欧阳霁月", NULL), 1);
		assert_int_equal(run("kehu-admin", users[i], &text, "person", "erase", id, "--reason", "x", NULL), 1);
		assert_int_equal(run("kehu-admin", users[i], &text, "person", "retention", "--dry-run", NULL), 1);
	}
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM erasure"), 0);
	assert_int_equal(run("kehu-admin", "ann", &text, "person", "journal", NULL), 0);
}

static void
a_person_takes_everything_along(void **state)
{
	const char *dir = arena_printf(bed->arena, "%s/takeout", bed->dir), *text;
	int64_t file = pg_int(DB, "SELECT id FROM attachment WHERE anchor_id = %" PRId64, contact);

	run_well("kehu-admin", "eve", "person", "export", number(contact), "-o", dir, NULL, NULL);
	text = slurp(arena_printf(bed->arena, "%s/person.jsonl", dir));
	assert_non_null(strstr(text, "欧阳霁月"));
	assert_non_null(strstr(text, "欧阳旧名")); /* of before */
	assert_non_null(strstr(text, "13711112222"));
	assert_non_null(strstr(text, "outgoing"));
	assert_string_equal(slurp(arena_printf(bed->arena, "%s/file-%" PRId64, dir, file)), "霁月合同正文 jiyue@ouyang.example");
}

static void
erasing_wants_a_reason_that_names_nobody(void **state)
{
	const char *text, *id = number(contact);

	assert_int_equal(run("kehu-admin", "eve", &text, "person", "erase", id, NULL), 1);
	assert_non_null(strstr(text, "E3022"));
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "erase", id, "--reason", "欧阳霁月要求", NULL), 1);
	assert_non_null(strstr(text, "E3025"));
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "erase", "999999", "--reason", "x", NULL), 1);
	assert_non_null(strstr(text, "E2007"));
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "erase", number(customer), "--reason", "x", NULL), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contact WHERE name = '欧阳霁月'"), 1);
}

static void
an_erased_person_leaves_nothing_in_a_dump(void **state)
{
	const char *text, *before = dump("before.sql");

	assert_non_null(strstr(slurp(before), "欧阳霁月"));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(run("kehu", "ada", &text, "list", "customer", i == 0 ? "欧阳霁月之友" : "13987654321", NULL), 0);
		assert_non_null(strstr(text, "留存公司"));
	}
	run_well("kehu-admin", "eve", "person", "erase", number(contact), "--reason", "本人书面要求", NULL, NULL);
	/* the customer's own search row has no token of the person left, and the others still */
	for (size_t i = 0; i < 3; i++) {
		static const char *const words[] = { "欧阳霁月", "13987654321", "留存公司" };

		assert_int_equal(run("kehu", "ada", &text, "list", "customer", words[i], NULL), 0);
		assert_true((strstr(text, "留存公司") != NULL) == (i == 2));
	}
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer_search WHERE tokens = '' AND doc <> ''"), 0);
	check_no_residue(dump("after.sql"));
	/* What names the record still stands, and what is not the person's is as it was. */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM visit_contact WHERE contact_id = %" PRId64, contact), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM visit WHERE purpose = '见面' AND summary LIKE '与%%谈妥%%'"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '留存公司'"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outgoing WHERE state = 'waiting'"), 0);
	assert_int_equal(run("kehu", "ada", &text, "get", "contact", number(contact), NULL), 0);
	assert_int_equal(run("kehu", "ada", &text, "history", "contact", number(contact), NULL), 0);
	assert_int_equal(run("kehu", "ada", &text, "search", "欧阳霁月", NULL), 0);
	assert_null(strstr(text, number(contact)));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'erased' AND detail = '本人书面要求'"), 1);
}

static void
the_audit_still_verifies(void **state)
{
	const char *text;

	if (run("kehu-admin", "ann", &text, "audit", "verify", NULL) != 0)
		fail_msg("%s", text);
}

static void
a_restore_brings_nobody_back(void **state)
{
	const char *journal = arena_printf(bed->arena, "%s/journal", bed->dir), *text;

	run_well("kehu-admin", "eve", "person", "journal", "-o", journal, NULL, NULL, NULL);
	assert_string_equal(slurp(journal), arena_printf(bed->arena, "contact %" PRId64 " %s\n", contact,
						 pg_exec(DB, "SELECT (extract(epoch FROM created_at) * 1000000)::bigint FROM erasure")));
	bed_kill(bed, SIGTERM);
	pg_drop(DB);
	pg_empty_database(DB);
	shell("%s -q -v ON_ERROR_STOP=0 -d '%s' -f %s/before.sql >/dev/null 2>&1 || true", pg_bin("psql"), pg_conninfo(DB), bed->dir);
	bed_start(bed);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contact WHERE name = '欧阳霁月'"), 1);
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "replay", journal, NULL), 0);
	assert_non_null(strstr(text, "1"));
	check_no_residue(dump("replayed.sql"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM erasure WHERE replayed"), 1);
	/* Once is enough. */
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "replay", journal, NULL), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM erasure"), 1);
	write_file(journal, "nonsense\n");
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "replay", journal, NULL), 1);
}

static void
what_is_over_its_time_goes_when_a_rule_says_so(void **state)
{
	const char *text;

	pg_exec(DB, "INSERT INTO login_attempt (name, good, at) VALUES ('old', false, now() - interval '3 years'), ('new', false, now());"
		    "INSERT INTO history (entity, record_id, root_entity, root_id, version, kind, at) VALUES (10, 1, 10, 1, 1, 1, now() - interval '20 years')");
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "retention", NULL), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM login_attempt WHERE name = 'old'"), 1);
	pg_exec(DB, "UPDATE retention_rule SET active = true");
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "retention", "--dry-run", "--format", "tsv", NULL), 0);
	assert_non_null(strstr(text, "login_attempt\t1"));
	assert_non_null(strstr(text, "customer\t1"));
	assert_non_null(strstr(text, "contact\t0"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM login_attempt WHERE name = 'old'"), 1);
	pg_exec(DB, "INSERT INTO message (text, kind, owner_id, created_at, updated_at) SELECT 'aged ' || d, 'reminder', %d, now() - make_interval(days => d), "
		    "now() - make_interval(days => CASE d WHEN 490 THEN 20 ELSE d END) FROM unnest(ARRAY[3, 400, 490]) d", USER_EVE);
	assert_int_equal(run("kehu-admin", "eve", &text, "person", "retention", NULL), 0);
	assert_string_equal(pg_exec(DB, "SELECT string_agg(text, ' ' ORDER BY text) FROM message WHERE text LIKE 'aged %%'"), "aged 3 aged 490");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM login_attempt WHERE name = 'old'"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM login_attempt WHERE name = 'new'"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history WHERE at < now() - interval '19 years'"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM erasure WHERE record = %" PRId64, single), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '独行者'"), 0);
}

static void
a_rule_of_retention_cannot_be_a_slip_of_the_finger(void **state)
{
	const char *text, *id = number(pg_int(DB, "SELECT id FROM retention_rule WHERE what = 'history'"));

	assert_int_equal(run("kehu", "eve", &text, "set", "retention_rule", id, "days=3", NULL), 1);
	assert_int_equal(run("kehu", "eve", &text, "set", "retention_rule", id, "days=400", NULL), 0);
	assert_int_equal(run("kehu", "guo", &text, "set", "retention_rule", id, "days=400", NULL), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_person_is_found_by_name_number_and_address),
		cmocka_unit_test(only_the_right_of_its_own_finds_and_erases),
		cmocka_unit_test(a_person_takes_everything_along),
		cmocka_unit_test(erasing_wants_a_reason_that_names_nobody),
		cmocka_unit_test(an_erased_person_leaves_nothing_in_a_dump),
		cmocka_unit_test(the_audit_still_verifies),
		cmocka_unit_test(a_restore_brings_nobody_back),
		cmocka_unit_test(what_is_over_its_time_goes_when_a_rule_says_so),
		cmocka_unit_test(a_rule_of_retention_cannot_be_a_slip_of_the_finger),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, person_setup, person_teardown);
}
