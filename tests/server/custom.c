/*
 * Custom fields from their definition to the record they are in, as an administrator and a
 * salesperson meet them: kehu-admin, kehud maintain, then lists, imports, history, rights and
 * searches of a kehud that was never started anew.
 */
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "custom"

static struct bed *bed;
static struct client *ada, *guo;
static int64_t firm, other;

/* words are separated by '|'; what it says; its status is checked. */
static const char *
run(const char *program, const char *user, int status, const char *words)
{
	char *copy = arena_strdup(bed->arena, words), *word;
	const char *arguments[30] = { NULL }, *said;
	size_t count = 0;

	while ((word = strsep(&copy, "|")) != NULL)
		arguments[count++] = word;
	int got = bed_run_as(bed, program, user, arguments, &said);
	if (got != status)
		fail_msg("%s %s: %d\n%s", program, words, got, said);
	return said;
}

#define ADMIN(words)         run("kehu-admin", "guo", 0, words)
#define REFUSED(words, text) assert_non_null(strstr(run("kehu-admin", "guo", 1, words), text))
#define ADA(words)           run("kehu", "ada", 0, words)
#define HAS(text, part)                                                                        \
	do {                                                                                   \
		const char *text_ = (text);                                                    \
		if (strstr(text_, part) == NULL)                                               \
			fail_msg("no \"%s\" in: %s", part, text_);                             \
	} while (0)
#define LACKS(text, part)                                                                      \
	do {                                                                                   \
		const char *text_ = (text);                                                    \
		if (strstr(text_, part) != NULL)                                               \
			fail_msg("\"%s\" in: %s", part, text_);                                \
	} while (0)

static void
maintain(void)
{
	const char *arguments[] = { "-c", bed->conf, "--owner", pg_conninfo(DB), "maintain",
		NULL },
		   *said;

	if (bed_run(bed, arguments, &said) != 0)
		fail_msg("%s", said);
}

static const char *
with_id(const char *format, int64_t id)
{
	return arena_printf(bed->arena, format, (long long)id);
}

/* Every kehud knows of a change within a second or two; the catalogue is not asked of the
 * database. */
static void
offers(const char *field, bool wanted)
{
	for (int i = 0; i < BED_WAIT_MS / 100; i++) {
		if ((strstr(ADA("fields|customer"), field) != NULL) == wanted)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
	fail_msg("%s is %soffered", field, wanted ? "not " : "");
}

/* ---- defining -----------------------------------------------------------------------------
 */

static void
every_kind_is_defined_and_in_use_without_a_restart(void **state)
{
	REFUSED("field|add|customer.parking|nonsense|停车|Parking", "");
	ADMIN("field|add|customer.parking|text|停车位|Parking|max_chars=12|searched=true|"
	      "listed=true|"
	      "help_zh=车停在哪里|aliases=车位 lot");
	ADMIN("field|add|customer.story|block|故事|Story");
	ADMIN("field|add|customer.seats|number|座位数|Seats|lowest=1|highest=500|indexed=true|"
	      "initial=4");
	ADMIN("field|add|customer.area|number|建筑面积|Floor area|decimals=2");
	ADMIN("field|add|customer.rent|money|租金|Rent|lowest=0|sensitive=true");
	ADMIN("field|add|customer.opened|date|开业日|Opened|highest=today");
	ADMIN("field|add|customer.seen|moment|查看时间|Seen at");
	ADMIN("field|add|customer.trade|choice|细分行业|Trade|dictionary_id=industry");
	ADMIN("field|add|customer.guard|reference|守护人|Guardian|target=user|initial=me");
	ADMIN("field|add|customer.parent|reference|母公司|Mother company|target=customer");
	ADMIN("field|add|customer.vip|yes_no|贵宾|Very important");
	ADMIN("field|add|customer.hotline|phone|热线|Hotline|searched=true");
	ADMIN("field|add|customer.billing|mail|账单邮箱|Billing mail");
	ADMIN("field|add|customer.shop|link|网店|Shop");
	ADMIN("field|add|customer_phone.hours|text|接听时间|Hours");
	ADMIN("field|add|visit.car|text|车号|Car");
	ADMIN("field|add|product.shelf|number|货架|Shelf");
	/* Nobody has them yet, and a definition without a column may go. */
	offers("parking", false);
	ADMIN("field|add|customer.slip|text|笔误|Slip");
	run("kehu", "guo", 0, "delete|custom_field|customer.slip");
	maintain();
	offers("parking", true);
	firm = expect_written(client_save(ada, E_customer, 0, 0,
				  SENT(TEXT_OF(F_customer_name, "东湖饭店")), NULL))
		   ->id;
	other = expect_written(client_save(ada, E_customer, 0, 0,
				   SENT(TEXT_OF(F_customer_name, "西山旅馆")), NULL))
		    ->id;
	/* The defaults of new records. */
	assert_int_equal(
	    pg_int(DB, "SELECT x_10002 FROM customer WHERE id = %" PRId64, firm), 4);
	assert_int_equal(
	    pg_int(DB, "SELECT x_10008 FROM customer WHERE id = %" PRId64, firm), USER_ADA);
}

static void
definitions_that_cannot_be_are_refused_with_the_reason(void **state)
{
	REFUSED("field|add|parking|text|停车|P", "customer.parking");
	REFUSED("field|add|nothing.parking|text|停车|P", "customer.parking");
	REFUSED("field|add|custom_field.more|text|更多|More of it", "customer.parking");
	REFUSED("field|add|customer.Parking|text|停|P", "a letter first");
	REFUSED("field|add|customer.name|text|名|N", "of that name");
	REFUSED("field|add|customer.version|text|版|V", "of that name");
	REFUSED("field|add|customer.parking|text|停|P", "of that name");
	REFUSED("field|add|customer.lot|text|停|P", "of that name"); /* an alias */
	REFUSED("field|add|customer.level2|text|级别|P", "is called so");
	REFUSED("field|add|customer.a|choice|甲|A", "has a list");
	REFUSED("field|add|customer.a|reference|甲|A|target=nothing", "names a kind of record");
	REFUSED("field|add|customer.a|text|甲|A|decimals=2", "Numbers have");
	REFUSED("field|add|customer.a|number|甲|A|lowest=many", "Not a value");
	REFUSED("field|add|customer.a|yes_no|甲|A|lowest=1", "have bounds");
	REFUSED("field|add|customer.a|number|甲|A|initial=many", "Not a value");
	REFUSED("field|add|customer.a|number|甲|A|searched=true", "search box");
	REFUSED("field|add|branch.a|text|甲|A|searched=true", "search box");
	/* What its values are stays, and so does its name. */
	REFUSED("field|set|customer.seats|kind=text", "define another field");
	REFUSED("field|set|customer.area|decimals=3", "define another field");
	REFUSED("field|set|customer.seats|name=customer.chairs", "change its labels");
	assert_non_null(
	    strstr(run("kehu", "guo", 1, "delete|custom_field|customer.seats"), "retire it"));
	/* Only administrators define. */
	run("kehu", "ada", 1, "new|custom_field|name=customer.mine|zh=我|en=Mine|kind=text");
}

/* ---- in use -------------------------------------------------------------------------------
 */

static void
values_are_set_checked_filtered_sorted_and_found(void **state)
{
	ADA(with_id("set|customer|%lld|parking=B2东侧|seats=80|area=120.55|rent=3500|opened="
		    "2020-05-01|trade=machinery|"
		    "vip=yes|hotline=400-800-1234|billing=b@example.com|shop=https://"
		    "e.example|story=很久以前",
	    firm));
	ADA(with_id("set|customer|%lld|parking=A1|seats=20|rent=900", other));
	ADA(arena_printf(
	    bed->arena, "set|customer|%lld|parent=%lld", (long long)other, (long long)firm));
	HAS(ADA(with_id("get|customer|%lld", firm)), "B2东侧");
	HAS(run("kehu", "ada", 1, with_id("set|customer|%lld|seats=501", firm)), "1");
	HAS(run("kehu", "ada", 1, with_id("set|customer|%lld|rent=-5", firm)), "At least");
	run("kehu", "ada", 1, with_id("set|customer|%lld|opened=2999-01-01", firm));
	run("kehu", "ada", 1, with_id("set|customer|%lld|parking=1234567890123", firm));
	run("kehu", "ada", 1, with_id("set|customer|%lld|trade=nothing", firm));
	LACKS(ADA("list|customer|parking:B2东侧|--columns|name,parking"), "西山");
	HAS(ADA("list|customer|车位:B2东侧"), "东湖");
	HAS(ADA("list|customer|停车位:A1"), "西山");
	HAS(ADA("list|customer|seats:>50 vip:yes"), "东湖");
	HAS(ADA("list|customer|rent:800..1000"), "西山");
	LACKS(ADA("list|customer|母公司:东湖饭店"), "东湖饭店\t");
	HAS(ADA(with_id("list|customer|parent:#%lld", firm)), "西山");
	const char *down = ADA("list|customer|has:seats|--sort|seats|--columns|name,seats");
	assert_true(strstr(down, "西山") < strstr(down, "东湖"));
	down = ADA("list|customer|has:parking|--sort|-parking|--columns|name");
	assert_true(strstr(down, "东湖") < strstr(down, "西山"));
	HAS(ADA("search|b2dc"), "东湖");
	HAS(ADA("search|4008001234"), "东湖");
	HAS(ADA(with_id("history|customer|%lld", firm)), "Parking");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM pg_indexes WHERE indexname = 'customer_x_10002'"),
	    1);
}

static void
they_go_out_into_a_file_and_come_back(void **state)
{
	const char *path = arena_printf(bed->arena, "%s/custom.csv", bed->dir), *out;

	out = ADA("list|customer|parking:B2东侧|--columns|number,name,parking,seats,rent,"
		  "opened,trade,vip|--format|csv");
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("name,parking,座位数,Rent,trade,vip,customer_phone.number,customer_phone.hours\n"
	      "南岸酒店,C3,45,1200.50,机械制造,是,0571-88886666,9-17\n"
	      "北门客栈,D4,9000,1,机械制造,否,,\n",
	    file);
	fclose(file);
	out = run("kehu", "ada", 1, arena_printf(bed->arena, "import|customer|%s", path));
	HAS(out, "1");
	out = ADA("list|customer|parking:C3|--columns|name,parking,seats,rent,trade,vip|--"
		  "format|csv");
	HAS(out, "南岸酒店,C3,45,");
	LACKS(ADA("list|customer"), "北门客栈"); /* nine thousand seats are more than 500 */
}

static void
merging_takes_own_fields_and_moves_own_references(void **state)
{
	struct client *cai = client_new(bed, "cai", LANG_ZH);
	int64_t kept = expect_written(client_save(ada, E_customer, 0, 0,
					  SENT(TEXT_OF(F_customer_name, "留存公司")), NULL))
			   ->id;
	int64_t gone = expect_written(client_save(ada, E_customer, 0, 0,
					  SENT(TEXT_OF(F_customer_name, "并入公司")), NULL))
			   ->id;
	int64_t child = expect_written(
	    client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "子公司")), NULL))
			    ->id;

	ADA(with_id("set|customer|%lld|parking=Z9|rent=77", gone));
	ADA(arena_printf(
	    bed->arena, "set|customer|%lld|parent=%lld", (long long)child, (long long)gone));
	expect_written(client_act(cai, E_customer, kept, "merge",
	    SENT(NUMBER_OF(1, gone), TEXT_OF(2, "parking 租金"))));
	HAS(ADA(with_id("get|customer|%lld", kept)), "Z9");
	assert_int_equal(
	    pg_int(DB, "SELECT x_10009 FROM customer WHERE id = %" PRId64, child), kept);
	assert_string_equal(pg_exec(DB,
				"SELECT x_10004 || x_10004_currency || x_10000_key FROM "
				"customer WHERE id = %" PRId64,
				kept),
	    pg_exec(DB,
		"SELECT x_10004 || x_10004_currency || x_10000_key FROM customer WHERE id = "
		"%" PRId64,
		gone));
	expect_written(client_act(cai, E_merge,
	    client_list(cai, E_merge, "state:done")->page->rows[0]->id, "undo", NULL));
	assert_int_equal(
	    pg_int(DB, "SELECT x_10009 FROM customer WHERE id = %" PRId64, child), gone);
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM customer WHERE id = %" PRId64 " AND x_10000 IS NULL",
		kept),
	    1);
	client_free(cai);
}

static bool
is_clear(void *context)
{
	return strstr(ADA(with_id("get|customer|%lld", firm)), "B2东侧") != NULL;
}

static void
roles_hide_and_mask_them_as_any_field(void **state)
{
	int64_t role = pg_int(DB, "SELECT id FROM role WHERE name = 'account_manager'");

	run("kehu", "guo", 0,
	    with_id("set|role|%lld|role_field+.entity=customer|role_field+.field=parking|role_"
		    "field+.show=hidden",
		role));
	offers("parking", false);
	LACKS(ADA(with_id("get|customer|%lld", firm)), "B2东侧");
	LACKS(ADA("search|b2dc"), "东湖");
	run("kehu", "ada", 1, "list|customer|parking:B2东侧");
	run("kehu", "ada", 1, with_id("set|customer|%lld|parking=X", firm));
	/* Sensitive ones are masked where a role masks such fields. */
	pg_exec(DB, "UPDATE role_field SET show = 'masked' WHERE field = 'parking'");
	offers("parking", true);
	LACKS(ADA(with_id("get|customer|%lld", firm)), "B2东侧");
	pg_exec(DB, "UPDATE role_field SET deleted_at = now() WHERE field = 'parking'");
	client_wait(ada, is_clear, NULL);
	HAS(ADA(with_id("get|customer|%lld", firm)), "B2东侧");
}

static void
renamed_retired_and_back_nothing_is_lost(void **state)
{
	ADMIN("field|set|customer.parking|zh=泊位|en=Berth");
	offers("Berth", true);
	HAS(ADA("list|customer|泊位:B2东侧"), "东湖");
	ADMIN("field|retire|customer.parking");
	offers("parking", false);
	LACKS(ADA(with_id("get|customer|%lld", firm)), "B2东侧");
	LACKS(ADA(with_id("history|customer|%lld", firm)), "B2东侧");
	run("kehu", "ada", 1, "list|customer|泊位:B2东侧");
	LACKS(ADA("search|b2dc"), "东湖");
	/* A save that names it is refused at it; one that does not goes through. */
	expect_error(client_save(ada, E_customer, firm,
			 pg_int(DB, "SELECT version FROM customer WHERE id = %" PRId64, firm),
			 SENT(TEXT_OF(10000, "Y")), NULL),
	    ERR_NO_SUCH_FIELD, 0);
	ADA(with_id("set|customer|%lld|seats=81", firm));
	maintain();
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM customer_search WHERE doc LIKE '%%B2东侧%%'"), 0);
	ADMIN("field|return|customer.parking");
	maintain();
	offers("parking", true);
	HAS(ADA(with_id("get|customer|%lld", firm)), "B2东侧");
	HAS(ADA(with_id("history|customer|%lld", firm)), "Berth");
	HAS(ADA("search|b2dc"), "东湖");
}

static void
set_up_files_carry_them(void **state)
{
	const char *path = arena_printf(bed->arena, "%s/setup.cfg", bed->dir),
		   *dump = ADMIN("export-config");

	HAS(dump, "customer.parking");
	HAS(dump, "dictionary_id = \"industry\"");
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(dump, file);
	fclose(file);
	HAS(ADMIN(arena_printf(bed->arena, "apply|%s|--dry-run", path)), "");
	file = fopen(path, "w");
	fputs("custom_field = ( { name = \"customer.parking\"; zh = \"停车\"; en = "
	      "\"Parking\"; kind = \"text\"; },\n"
	      "{ name = \"customer.lift\"; zh = \"电梯\"; en = \"Lift\"; kind = \"yes_no\"; } "
	      ");\n",
	    file);
	fclose(file);
	HAS(ADMIN(arena_printf(bed->arena, "apply|%s", path)), "customer.lift");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM field WHERE retired AND deleted_at IS NULL AND "
		       "name IN ('customer.seats', 'visit.car')"),
	    2);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM field WHERE name = 'customer.lift' AND NOT ready"),
	    1);
}

/* ---- choices ------------------------------------------------------------------------------
 */

static bool
is_gone(void *context)
{
	return pg_int(DB, "SELECT count(*) FROM customer WHERE industry = 'machinery' OR "
			  "x_10007 = 'machinery'") == 0 &&
	       pg_int(DB, "SELECT count(*) FROM dictionary_item WHERE code = 'machinery' AND "
			  "merged") == 1;
}

static void
choices_are_coloured_ordered_retired_and_merged(void **state)
{
	const char *shown;

	/* Found by code, either name, initials, and by what is in the list; regions too. */
	HAS(run("kehu", "guo", 0, "list|dictionary|hy"), "industry");
	HAS(run("kehu", "guo", 0, "list|dictionary|行业"), "industry");
	HAS(run("kehu", "guo", 0, "list|dictionary|机械制造"), "industry");
	HAS(run("kehu", "guo", 0, "list|region|zjshzsxh"), "西湖");
	HAS(run("kehu", "guo", 0, "list|custom_field|tc"), "customer.parking");
	/* Colours have names. */
	ADMIN("dictionary|set|industry|dictionary_item[2].tone=red");
	HAS(ADMIN("dictionary|show|industry"), "Red");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM dictionary_item i JOIN dictionary d "
				    "ON d.id = i.dictionary_id "
				    "WHERE d.name = 'industry' AND tone = 'red'"),
	    1);
	REFUSED("dictionary|set|industry|dictionary_item[2].tone=ultraviolet", "tone");
	/* A code is in records: it stays. */
	REFUSED(
	    "dictionary|set|industry|dictionary_item[1].code=other", "Records hold this code");
	ADMIN("dictionary|place|industry|software|machinery");
	shown = ADMIN("dictionary|show|industry");
	assert_true(strstr(shown, "software") < strstr(shown, "machinery"));
	ADMIN("dictionary|retire|industry|electrical");
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM dictionary_item WHERE code = 'electrical' AND retired"),
	    1);
	ADMIN("dictionary|offer|industry|electrical");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM dictionary_item WHERE code = "
				    "'electrical' AND NOT retired"),
	    1);
	/* Merged: what records have follows, own fields too; who still sends the old one stores
	 * the new one. */
	ADA(with_id("set|customer|%lld|industry=machinery", firm));
	pg_exec(DB, "UPDATE customer SET x_10007 = 'machinery' WHERE id = %" PRId64, firm);
	ADMIN("dictionary|merge|industry|machinery|electronics");
	assert_true(client_wait(guo, is_gone, NULL));
	assert_string_equal(
	    pg_exec(DB, "SELECT industry || ' ' || x_10007 FROM customer WHERE id = %" PRId64,
		firm),
	    "electronics electronics");
	HAS(ADA(with_id("history|customer|%lld", firm)), "Machinery");
	ADA(with_id("set|customer|%lld|industry=machinery", firm));
	assert_string_equal(
	    pg_exec(DB, "SELECT industry FROM customer WHERE id = %" PRId64, firm),
	    "electronics");
	ADMIN("dictionary|merge|industry|electronics|software");
	assert_string_equal(
	    pg_exec(DB, "SELECT instead FROM dictionary_item WHERE code = 'machinery'"),
	    "software");
	REFUSED("dictionary|merge|industry|software|machinery", "in use");
	REFUSED("dictionary|merge|visit_state|planned|completed", "Rules go by");
	REFUSED("dictionary|merge|scope|own|all", "Rules go by");
	REFUSED("dictionary|retire|industry|nothing", "no such choice");
	run("kehu", "ada", 1, "act|dictionary|industry|retire_item|code=software");
}

/* ---- a maintain that runs on ----------------------------------------------------------------
 */

static void
beside_a_maintain_that_runs_on_a_field_comes_by_itself(void **state)
{
	const char *argv[] = { bed_program("kehud"), "-c", bed->conf, "--owner",
		pg_conninfo(DB), "--every", "1", "maintain", NULL };
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO); /* what it did is no line of TAP */
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	ADMIN("field|add|customer.byitself|text|自动|By itself");
	offers("byitself", true);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* ---- the company ------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
tear_down(void **state)
{
	client_free(ada);
	client_free(guo);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_defined_and_in_use_without_a_restart),
		cmocka_unit_test(definitions_that_cannot_be_are_refused_with_the_reason),
		cmocka_unit_test(values_are_set_checked_filtered_sorted_and_found),
		cmocka_unit_test(they_go_out_into_a_file_and_come_back),
		cmocka_unit_test(merging_takes_own_fields_and_moves_own_references),
		cmocka_unit_test(roles_hide_and_mask_them_as_any_field),
		cmocka_unit_test(renamed_retired_and_back_nothing_is_lost),
		cmocka_unit_test(set_up_files_carry_them),
		cmocka_unit_test(choices_are_coloured_ordered_retired_and_merged),
		cmocka_unit_test(beside_a_maintain_that_runs_on_a_field_comes_by_itself),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	pg_start();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
