/*
 * The board and the funnel, and the opportunities of others: sums of what one sees.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/lead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static const Kehu__BoardAnswer *
board(struct client *client, const char *query)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Board request = KEHU__BOARD__INIT;
	Kehu__ServerFrame *answer;

	request.query = (char *)(uintptr_t)query;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
	frame.board = &request;
	answer = client_call(client, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_BOARD)
		fail_msg("board refused: %u %s", answer->error->code, answer->error->text);
	return answer->board;
}

static const Kehu__BoardStage *
board_stage(const Kehu__BoardAnswer *answer, const char *code)
{
	for (size_t i = 0; i < answer->n_stages; i++)
		if (strcmp(answer->stages[i]->stage, code) == 0)
			return answer->stages[i];
	fail_msg("no stage %s", code);
	return NULL;
}

static void
board_shows_stages_in_order_with_sums_of_what_one_sees(void **state)
{
	int64_t customer = make_customer(dan, "看板公司", "");
	int64_t one = make_opportunity(dan, customer, "看板甲"), two = make_opportunity(dan, customer, "看板乙");
	int64_t won = make_opportunity(dan, customer, "看板丙");
	const Kehu__BoardAnswer *answer;
	const Kehu__BoardStage *stage;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Board request = KEHU__BOARD__INIT;

	expect_written(client_act(dan, E_opportunity, two, "move", SENT(TEXT_OF(1, "proposal"))));
	expect_written(client_act(dan, E_opportunity, won, "win", NULL));
	answer = board(dan, "");
	assert_int_equal(answer->n_stages, 7);
	assert_string_equal(answer->stages[0]->stage, "prospecting");
	assert_string_equal(answer->stages[6]->stage, "lost");
	stage = board_stage(answer, "prospecting");
	assert_int_equal(stage->count, 1);
	assert_int_equal(stage->page->rows[0]->id, one);
	assert_int_equal(stage->amounts[0]->number, 10000000);
	assert_int_equal(stage->weighted[0]->number, 1000000);
	stage = board_stage(answer, "proposal");
	assert_int_equal(stage->weighted[0]->number, 5000000);
	assert_string_equal(stage->amounts[0]->text, "CNY");
	assert_int_equal(board_stage(answer, "won")->count, 1);
	/* what was closed long ago has left it */
	pg_exec(DB, "UPDATE opportunity SET closed_on = closed_on - 31, opened_on = opened_on - 40 WHERE id = %ld", (long)won);
	stage = board_stage(board(dan, ""), "won");
	assert_int_equal(stage->count, 0);
	assert_int_equal(stage->page->n_rows, 0);
	/* filters and words narrow sums and cards alike */
	stage = board_stage(board(dan, "看板乙"), "proposal");
	assert_int_equal(stage->count, 1);
	assert_int_equal(board_stage(board(dan, "看板乙"), "prospecting")->count, 0);
	assert_int_equal(board_stage(board(dan, "amount:>200000"), "proposal")->count, 0);
	assert_int_equal(board_stage(board(dan, "owner:me"), "proposal")->page->n_rows, 1);
	/* nothing of others, and nothing at all without the right */
	assert_int_equal(board_stage(board(ben, "看板甲"), "prospecting")->count, 0);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
	frame.board = &request;
	expect_error(client_call(guo, &frame), ERR_NO_SUCH_ENTITY, 0);
	request.query = (char *)(uintptr_t)"colour:red";
	expect_error(client_call(dan, &frame), ERR_QUERY, 0);
}

static const char *
funnel(struct client *client)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Report request = KEHU__REPORT__INIT;
	const char *text = "";
	uint32_t pages = 1;

	request.name = (char *)(uintptr_t)"opportunity_funnel";
	request.format = (char *)(uintptr_t)"preview";
	request.has_page = request.has_width = true;
	request.width = 132;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame.report = &request;
	for (request.page = 1; request.page <= pages; request.page++) {
		const Kehu__ServerFrame *answer = client_call(client, &frame);

		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT)
			fail_msg("report refused: %u %s", answer->error->code, answer->error->text);
		pages = answer->report->pages;
		for (size_t i = 0; i < answer->report->n_lines; i++)
			text = arena_printf(client->arena, "%s%s\n", text, answer->report->lines[i]);
	}
	return text;
}

/* The line that has a word. */
static const char *
line_with(struct client *client, const char *text, const char *word)
{
	const char *at = strstr(text, word);

	if (at == NULL)
		fail_msg("no %s in the report", word);
	while (at > text && at[-1] != '\n')
		at--;
	return arena_strndup(client->arena, at, strcspn(at, "\n"));
}

static void
funnel_adds_up_stages_months_and_win_rate(void **state)
{
	int64_t customer, won, lost;
	const char *text, *line;

	/* Dan has the report to himself: nothing of the others is in it. */
	pg_exec(DB, "UPDATE opportunity SET deleted_at = now() WHERE owner_id = %d AND deleted_at IS NULL", USER_DAN);
	customer = make_customer(dan, "漏斗公司", "");
	make_opportunity(dan, customer, "漏斗一");
	make_opportunity(dan, customer, "漏斗二");
	won = make_opportunity(dan, customer, "漏斗赢");
	lost = make_opportunity(dan, customer, "漏斗输");
	expect_written(client_act(dan, E_opportunity, won, "move", SENT(TEXT_OF(1, "proposal"))));
	pg_exec(DB, "UPDATE opportunity SET stage_since = now() - interval '10 days' WHERE id = %ld", (long)won);
	expect_written(client_act(dan, E_opportunity, won, "win", NULL));
	expect_written(client_act(dan, E_opportunity, lost, "lose", SENT(TEXT_OF(1, "price"))));
	text = funnel(dan);
	line = line_with(dan, text, "初步接触");
	assert_non_null(strstr(line, " 2"));
	assert_non_null(strstr(line, "200,000.00"));
	assert_non_null(strstr(line, "20,000.00"));
	line = line_with(dan, text, "Dan ");
	assert_non_null(strstr(line, "100,000.00"));
	assert_non_null(strstr(line, " 50"));
	line = line_with(dan, text, "方案报价"); /* left once, after ten days */
	assert_non_null(strstr(line, "10"));
	assert_null(strstr(text, "Ada"));
	assert_non_null(strstr(funnel(eve), "Prospecting"));
}

static const char *
data_dir(void)
{
	const char *dir = getenv("KEHU_DATA");

	if (dir == NULL)
		dir = "../shared/data";
	return access(arena_printf(bed->arena, "%s/crm_sales/sales_pipeline.csv", dir), R_OK) == 0 ?
	    arena_printf(bed->arena, "%s/crm_sales", dir) : NULL;
}

/* What a shell prints that knows where the bed and the data are; it must succeed. */
static char *
shell(const char *user, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *command = arena_vprintf(bed->arena, format, args);
	va_end(args);
	return arena_strdup(bed->arena, bed_shell(bed, user, NULL, "DIR='%s' DATA='%s'; export DIR DATA; %s",
	    bed->dir, data_dir() != NULL ? data_dir() : "", command));
}

/* "key count cents" a line, of the file and of the database. */
static void
sums_agree(const char *what, const char *awk_key, const char *sql_key)
{
	char *theirs = shell("cai",
	    "awk -F, 'NR == FNR { sub(/\\r$/, \"\"); team[$1] = $2; next } { sub(/\\r$/, \"\") } FNR > 1 "
	    "{ k = %s; n[k]++; if ($5 == \"Won\") s[k] += $8 * 100 } "
	    "END { for (k in n) printf \"%%s|%%d|%%d\\n\", k, n[k], s[k] }' "
	    "$DATA/sales_teams.csv $DATA/sales_pipeline.csv | LC_ALL=C sort -t'|' -k1,1", awk_key);
	const char *ours = pg_exec(DB,
	    "SELECT string_agg(format('%%s|%%s|%%s', k, n, s), E'\\n' ORDER BY k COLLATE \"C\") FROM ("
	    "SELECT coalesce(%s, '') AS k, count(*) AS n,"
	    " coalesce(sum(o.amount) FILTER (WHERE o.state = 'won'), 0) AS s"
	    " FROM opportunity o JOIN users u ON u.id = o.owner_id JOIN department d ON d.id = o.department_id"
	    " LEFT JOIN customer c ON c.id = o.customer_id"
	    " LEFT JOIN opportunity_product p ON p.opportunity_id = o.id"
	    " WHERE o.deleted_at IS NULL AND o.source = 'import' GROUP BY 1) x", sql_key);

	assert_true(strlen(theirs) > 60);
	theirs[strlen(theirs) - 1] = '\0'; /* the last newline */
	if (strcmp(theirs, ours) != 0)
		fail_msg("%s:\n%.300s\n---\n%.300s", what, theirs, ours);
	print_message("# crm_sales by %s: all sums are equal\n", what);
}

static void
board_is_printed_by_the_command_line(void **state)
{
	const char *text;

	pg_exec(DB, "UPDATE opportunity SET deleted_at = now() WHERE owner_id = %d AND deleted_at IS NULL", USER_DAN);
	make_opportunity(dan, make_customer(dan, "命令行公司", ""), "命令行商机");
	text = shell("dan", "$KEHU board owner:me --format tsv");
	assert_non_null(strstr(text, "prospecting\t"));
	assert_non_null(strstr(text, "\t10\t1\tCNY\t100000.00\t10000.00\n"));
	assert_non_null(strstr(text, "lost\t"));
	text = shell("dan", "$KEHU board nothing:there 2>&1 || test $? = 1");
	assert_non_null(strstr(text, "E2014"));
}

static void
imported_opportunities_add_up_to_the_last_cent(void **state)
{
	if (data_dir() == NULL) {
		print_message("# no crm_sales data here\n");
		skip();
	}
	/* An administrator makes a department for each team and a user for each agent … */
	shell("guo",
	    "awk -F, 'NR > 1 && !($2 in s) { s[$2]; print $2 }' $DATA/sales_teams.csv | "
	    "awk 'BEGIN { print \"name,branch,parent\" } { print $0 \",东区,销售\" }' >$DIR/teams.csv && "
	    "awk -F, 'BEGIN { print \"login,label,department,branch\" } NR > 1 { l = tolower($1); "
	    "gsub(/[^a-z]/, \"\", l); print l \",\" $1 \",\" $2 \",东区\" }' $DATA/sales_teams.csv >$DIR/agents.csv && "
	    "printf '%%s\\n' 'name = \"login\";' 'label = \"label\";' 'department_id = \"department\";' "
	    "'branch_id = \"branch\";' 'user_role = { role_id = \"=account_manager\"; };' >$DIR/agents.map && "
	    "$KEHU import department $DIR/teams.csv 2>&1 && $KEHU import user $DIR/agents.csv --map $DIR/agents.map 2>&1");
	/* … and the supervisor of all of them imports accounts, then opportunities. */
	shell("cai",
	    "printf '%%s\\n' 'name = \"account\";' 'employees = \"employees\";' 'source = \"=import\";' >$DIR/accounts.map && "
	    "$KEHU import customer $DATA/accounts.csv --map $DIR/accounts.map 2>&1");
	shell("cai",
	    "awk -F, -v OFS=, 'NR == 1 { sub(/\\r$/, \"\"); print $0, \"name\"; next } { sub(/\\r$/, \"\"); "
	    "if ($8 != \"\") $8 = $8 \" USD\"; print $0, $3 }' $DATA/sales_pipeline.csv >$DIR/pipeline.csv && "
	    "printf '%%s\\n' 'number = \"opportunity_id\";' 'name = \"name\";' 'owner_id = \"sales_agent\";' "
	    "'customer_id = \"account\";' 'stage = \"deal_stage\";' 'opened_on = \"engage_date\";' "
	    "'closed_on = \"close_date\";' 'amount = \"close_value\";' 'source = \"=import\";' "
	    "'lost_reason = \"=unknown\";' 'products = { product = \"product\"; };' >$DIR/pipeline.map && "
	    "$KEHU import opportunity $DIR/pipeline.csv --map $DIR/pipeline.map 2>&1");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM opportunity WHERE source = 'import'"), 8800);
	sums_agree("agent", "$2", "u.label");
	sums_agree("team", "team[$2]", "d.name");
	sums_agree("quarter", "$7 == \"\" ? \"\" : substr($7, 1, 4) \"Q\" int((substr($7, 6, 2) + 2) / 3)",
	    "to_char(o.closed_on, 'YYYY\"Q\"Q')");
	sums_agree("product", "$3", "p.product");
	sums_agree("customer", "$4", "c.name");
}

int
lead_board(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(board_shows_stages_in_order_with_sums_of_what_one_sees),
		cmocka_unit_test(funnel_adds_up_stages_months_and_win_rate),
		cmocka_unit_test(board_is_printed_by_the_command_line),
		cmocka_unit_test(imported_opportunities_add_up_to_the_last_cent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
