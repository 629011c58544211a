/*
 * A request for approval at the real terminal: sent by one, decided by another who is told at once,
 * in both languages.
 */
#include "server/entity/fields.h"
#include "tests/lib/company.h"
#include "tests/lib/desk.h"
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

#define DB "walk_approval"

static struct bed *bed;
static struct client *ada, *guo;

struct words {
	const char *lang, *waits, *inbox, *granted, *reason_wanted;
	const char *customer;
};

static const struct words chinese = { "zh", "尚未执行", "待我审批", "已同意",
	"此操作须审批", "华信科技" };
static const struct words english = { "en", "Not done yet", "Waiting for my approval",
	"Granted", "needs somebody's consent", "Northern Lights" };

static int64_t
make_customer(const char *name)
{
	return expect_written(
	    client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL))
	    ->id;
}

/* Ada gives a customer of hers away. */
static void
send_request(struct vt *vt, const struct words *words, const char *name)
{
	desk_type(vt, "{F9}");
	desk_type(vt, name);
	desk_sees(vt, arena_printf(bed->arena, "|>%s", name));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "C000");
	desk_type(vt, "{F8}");
	desk_type(vt, strcmp(words->lang, "zh") == 0 ? "转移" : "Transfer");
	desk_type(vt, "{Enter}");
	desk_type(vt, "Ben{Tab}{F10}");
	desk_sees(vt, words->reason_wanted);
	desk_type(vt, "holiday{F10}");
	desk_sees(vt, words->waits);
}

static void
walk(const struct words *words)
{
	int64_t customer = make_customer(words->customer);
	struct vt *sender = desk_home(bed, "ada", words->lang, 24, 80);
	struct vt *signer = desk_home(bed, "cai", words->lang, 24, 80);

	vt_mask(signer, "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}", "2026-01-01 00:00");
	vt_mask(signer, "AP[0-9]{4}-[0-9]{6}", "AP0000-000000");
	/* the signer's open client is told at once */
	send_request(sender, words, words->customer);
	desk_sees(signer, words->customer);
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE id = %" PRId64, customer), USER_ADA);
	/* the inbox by keyboard: three keys to it, Enter, the changes, a, F10 */
	desk_type(signer, "{F9}dwsp");
	desk_sees(signer, words->inbox);
	desk_type(signer, "{Enter}");
	desk_sees(signer, "Ada");
	desk_type(signer, "{Enter}");
	desk_sees(signer, "holiday");
	desk_type(signer, "{Left}");
	desk_sees(signer, "Ada -> Ben");
	desk_shows(signer, arena_printf(bed->arena, "walk_approval_%s", words->lang));
	desk_type(signer, "a");
	desk_type(signer, "fine{F10}");
	desk_sees(signer, words->granted);
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE id = %" PRId64, customer), USER_BEN);
	/* the sender no longer sees the customer, and has been told why */
	desk_sees(sender, strcmp(words->lang, "zh") == 0 ? "未读消息 " : "Unread ");
	desk_end(sender);
	desk_end(signer);
}

static void
request_is_sent_and_granted_in_chinese(void **state)
{
	walk(&chinese);
}

static void
request_is_sent_and_granted_in_english(void **state)
{
	walk(&english);
}

/* ---- exports ----------------------------------------------------------------------------- */

static size_t
lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t lines = 0;
	int c;

	if (file == NULL)
		return 0;
	while ((c = fgetc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static void
wait_for_lines(struct vt *vt, const char *path, size_t lines)
{
	for (int i = 0; i < 400 && lines_of(path) != lines; i++)
		vt_wait_settled(vt, 50, DESK_SOON_MS);
	assert_int_equal(lines_of(path), lines);
}

struct export_words {
	const char *lang, *head_two, *waits, *granted, *ready, *fetched, *mine;
};

static const struct export_words export_chinese = { "zh", "导出客户：2 条", "尚未执行", "已同意",
	"可取回", "已取走", "我的作业" };
static const struct export_words export_english = { "en", "Export Customer: 2 records",
	"Not done yet", "Granted", "to fetch", "fetched", "My jobs" };

/* Two marked rows at once; all of them only when somebody agrees, fetched once and later. */
static void
walk_export(const struct export_words *words)
{
	const char *two = arena_printf(bed->arena, "%s/two-%s.csv", bed->dir, words->lang);
	const char *all = arena_printf(bed->arena, "%s/all-%s.tsv", bed->dir, words->lang);
	struct vt *vt = desk_home(bed, "cai", words->lang, 24, 80);
	struct vt *signer = desk_home(bed, "eve", words->lang, 24, 80);

	vt_mask(vt, "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}", "2026-01-01 00:00");
	vt_mask(vt, "~/[a-z]*|/tmp/[^ ]*", "PATH");
	desk_type(vt, "{F9}khl{Enter}");
	desk_sees(vt, "1-");
	desk_type(vt, "{Space}{Space}x");
	desk_sees(vt, words->head_two);
	/* No reason, no file. */
	desk_type(vt, "{F10}");
	desk_sees(vt, words->head_two);
	desk_type(vt, "audit{Tab}{Ctrl-U}");
	desk_type(vt, two);
	desk_type(vt, "{F10}");
	/* header, two, one of nobody, watermark */
	wait_for_lines(vt, two, 5);
	desk_sees(vt, words->fetched);
	desk_type(vt, "{F3}{F5}");
	/* All of them, as TSV. */
	desk_type(vt, "{F3}{F9}khl{Enter}");
	desk_sees(vt, "1-");
	desk_type(vt, "x");
	desk_type(vt, "{Up}{F4}{F4}{F4}{Tab}year end{Tab}{Ctrl-U}");
	desk_type(vt, all);
	desk_shows(vt, arena_printf(bed->arena, "walk_export_%s", words->lang));
	desk_type(vt, "{F10}");
	desk_sees(vt, words->waits);
	desk_type(signer, "{F9}dwsp");
	desk_type(signer, "{Enter}");
	desk_sees(signer, " 60 ");
	desk_type(signer, "{Enter}");
	desk_type(signer, "a");
	desk_type(signer, "{F10}");
	desk_sees(signer, words->granted);
	desk_type(vt, "{F9}zy{Enter}");
	desk_sees(vt, words->mine);
	desk_sees(vt, words->ready);
	desk_type(vt, "{Home}{Enter}{Ctrl-U}");
	desk_type(vt, all);
	desk_type(vt, "{Enter}");
	wait_for_lines(vt, all, 1 + DESK_CUSTOMERS + 1 + 1);
	desk_misses(vt, words->ready);
	desk_shows(vt, arena_printf(bed->arena, "walk_export_jobs_%s", words->lang));
	desk_end(vt);
	desk_end(signer);
}

static void
rows_are_exported_and_fetched_in_chinese(void **state)
{
	desk_company(ada);
	pg_exec(DB, "UPDATE users SET superior_id = 105 WHERE id = 103;"
		    "UPDATE approval_rule SET rows_over = 20 WHERE action = 'export';"
		    "UPDATE customer SET deleted_at = now() WHERE id NOT IN (SELECT id FROM customer "
		    "ORDER BY id DESC LIMIT 60);"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	walk_export(&export_chinese);
}

static void
rows_are_exported_and_fetched_in_english(void **state)
{
	walk_export(&export_english);
}

/* ---- imports ----------------------------------------------------------------------------- */

struct import_words {
	const char *lang, *head, *file, *map, *taken, *tried, *did, *refused, *kept, *undo, *undone, *learnt;
};

static const struct import_words import_chinese = { "zh", "客户名称,级别,电话,Memo", "文件", "列与字段的对应", "备注",
	"试导入（未保存）：读取 3，新建 2", "读取 3，新建 2，更新 0，拒绝 1，导入记录", "被拒绝的行已存入", "状态 已完成", "撤销导入",
	"状态 已撤销", "按您上次导入此类文件的列对应" };
static const struct import_words import_english = { "en", "Customer name,Level,Phone,Memo", "File",
	"Which column fills which field", "Remarks", "Tried, nothing stored: read 3, created 2",
	"read 3, created 2, updated 0, refused 1, import", "Refused rows, to be mended", "State Done", "Undo the import",
	"State Undone", "Fields as in your last import of such a file" };

/* A file somebody has: looked at, a column given another field, tried, done, and taken back. */
static void
walk_import(const struct import_words *words)
{
	const char *path = arena_printf(bed->arena, "%s/firms-%s.csv", bed->dir, words->lang);
	struct vt *vt = desk_home(bed, "cai", words->lang, 24, 80);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%s\n导入甲%s公司,A,0531-7000000%d,one\n导入乙%s公司,B,0531-7100000%d,two\n导入坏%s公司,Q,,three\n",
	    words->head, words->lang, words->lang[0] == 'z', words->lang, words->lang[0] == 'z', words->lang);
	fclose(file);
	vt_mask(vt, "/[^]]*\\]|[0-9]{4,}", "X");
	desk_type(vt, "{F9}khl{Enter}");
	desk_sees(vt, "1-");
	desk_type(vt, "X");
	desk_sees(vt, words->file);
	desk_type(vt, path);
	desk_type(vt, "{Tab}");
	desk_sees(vt, "导入乙");
	desk_shows(vt, arena_printf(bed->arena, "walk_import_%s", words->lang));
	desk_type(vt, "{F10}");
	desk_sees(vt, words->map);
	/* The last column means nothing by itself. */
	desk_type(vt, "{End}{Enter}");
	desk_sees(vt, "Memo -");
	desk_type(vt, words->taken);
	desk_type(vt, "{Enter}");
	desk_misses(vt, "Memo -");
	desk_shows(vt, arena_printf(bed->arena, "walk_import_map_%s", words->lang));
	desk_type(vt, "{F10}");
	desk_sees(vt, words->tried);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE '导入_%s公司'", words->lang), 0);
	desk_type(vt, "{F10}");
	desk_sees(vt, words->did);
	desk_sees(vt, words->refused);
	assert_int_equal(lines_of(arena_printf(bed->arena, "%s.errors.csv", path)), 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE '导入_%s公司' AND remarks IN ('one', 'two')",
		words->lang), 2);
	desk_type(vt, "{Enter}");
	desk_sees(vt, words->kept);
	desk_type(vt, "{F8}");
	desk_sees(vt, words->undo);
	desk_type(vt, "{Enter}");
	desk_type(vt, "{Tab}{Enter}");
	desk_sees(vt, words->undone);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE '导入_%s公司' AND deleted_at IS NULL", words->lang), 0);
	/* The next file of these columns is taken the same way. */
	desk_type(vt, "{F9}khl{Enter}");
	desk_sees(vt, "1-");
	desk_type(vt, "X");
	desk_sees(vt, words->file);
	desk_type(vt, path);
	desk_type(vt, "{Tab}");
	desk_sees(vt, "导入乙");
	desk_type(vt, "{F10}");
	desk_sees(vt, words->learnt);
	desk_sees(vt, words->taken);
	desk_end(vt);
}

static void
a_file_is_imported_and_taken_back_in_chinese(void **state)
{
	walk_import(&import_chinese);
}

static void
a_file_is_imported_and_taken_back_in_english(void **state)
{
	walk_import(&import_english);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
	expect_written(client_save(guo, E_approval_rule, 0, 0,
	    SENT(TEXT_OF(F_approval_rule_name, "转移须审批"), TEXT_OF(F_approval_rule_entity, "customer"),
		TEXT_OF(F_approval_rule_action, "transfer"), NUMBER_OF(F_approval_rule_needs_reason, 1),
		NUMBER_OF(F_approval_rule_active, 1)),
	    (const struct sent_line[]){ { .entity = E_approval_rule_step, .id = -1,
		.values = SENT(TEXT_OF(F_approval_rule_step_kind, "person"),
		    NUMBER_OF(F_approval_rule_step_user_id, USER_CAI)) }, { 0 } }));
	return 0;
}

static int
teardown(void **state)
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
		cmocka_unit_test(request_is_sent_and_granted_in_chinese),
		cmocka_unit_test(request_is_sent_and_granted_in_english),
		cmocka_unit_test(rows_are_exported_and_fetched_in_chinese),
		cmocka_unit_test(rows_are_exported_and_fetched_in_english),
		cmocka_unit_test(a_file_is_imported_and_taken_back_in_chinese),
		cmocka_unit_test(a_file_is_imported_and_taken_back_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
