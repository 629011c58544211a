/*
 * The commands of kehu-admin. Most are a general command of kehu with some of its words fixed,
 * so they are rows of patterns: "user disable USER" is "set user USER disabled=true". What is more than that
 * has a file of its own.
 */
#include "client/admin/admin.h"
#include "client/admin/audit.h"
#include "client/admin/person.h"
#include "client/admin/report_text.h"
#include "client/admin/role.h"

#include "client/admin/config.h"
#include "client/admin/why.h"
#include "common/date.h"
#include "proto/frame.h"
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#define ADMIN_WORDS 64

/*
 * The general command and its words. "%1" is the first word of the user's, "x=%1" has it filled
 * in,
 * "*" stands for all that are left.
 */
struct admin_pattern {
	enum err (*run)(struct cli *cli);
	const char *words[10];
};

static enum err
admin_run_pattern(struct cli *cli)
{
	const struct admin_pattern *pattern = cli->command->pattern;
	const char **words =
	    ARENA_ARRAY(cli->arena, const char *, ADMIN_WORDS + cli->word_count);
	size_t count = 0, used = 0;

	for (size_t i = 0; pattern->words[i] != NULL; i++) {
		const char *word = pattern->words[i], *hole = strchr(word, '%');

		if (strcmp(word, "*") == 0) {
			while (used < cli->word_count)
				words[count++] = cli->words[used++];
			continue;
		}
		if (hole == NULL) {
			words[count++] = word;
			continue;
		}
		size_t which = (size_t)(hole[1] - '1');
		words[count++] = arena_printf(
		    cli->arena, "%.*s%s", (int)(hole - word), word, cli->words[which]);
		used = which + 1 > used ? which + 1 : used;
	}
	cli->words = words;
	cli->word_count = count;
	return pattern->run(cli);
}

/* The preview is an action of its own: nothing is promised that was not counted by the same hand. */
static enum err
admin_hand_over(struct cli *cli)
{
	const char **words = ARENA_ARRAY(cli->arena, const char *, 5);

	words[0] = "user";
	words[1] = cli->words[0];
	words[2] = cli->options.given & OPT_BIT(DRY_RUN) ? "preview_hand_over" : "hand_over";
	words[3] = arena_printf(cli->arena, "to=%s", cli->words[1]);
	cli->words = words;
	cli->word_count = 4;
	return cli_act(cli);
}
/* ---- the commands ---- */

#define ROWS                                                                                   \
	(OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(COLUMNS) | OPT_BIT(LIMIT) | OPT_BIT(SORT))
#define WRITE (OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(INTENTION))
#define SHOW  (OPT_BIT(FORMAT) | OPT_BIT(HEADER))

/* name, least and most words, options, usage, help in both languages, general command, its
 * words */
#define PATTERN(name_, min, max, options_, usage_, en, zh, run_, ...)                          \
	{                                                                                      \
		.name = name_, .run = admin_run_pattern, .words_min = min, .words_max = max,   \
		.options = options_, .usage = usage_, .help = { en, zh },                      \
		.pattern = &(const struct admin_pattern){ run_, { __VA_ARGS__ } },             \
	}

static const struct cli_command admin_commands[] = {
	PATTERN("user list", 0, SIZE_MAX, ROWS, "[QUERY]", "List users", "列出用户", cli_list,
	    "user", "*"),
	PATTERN("user show", 1, 1, SHOW, "USER", "Show a user with the roles",
	    "显示用户及其角色", cli_get, "user", "%1"),
	PATTERN("user add", 3, SIZE_MAX, WRITE, "LOGIN NAME BRANCH [FIELD=VALUE…]",
	    "Add a user", "新增用户", cli_new, "user", "name=%1", "label=%2", "branch_id=%3",
	    "*"),
	PATTERN("user set", 2, SIZE_MAX, WRITE, "USER FIELD=VALUE…", "Change a user",
	    "修改用户", cli_set, "user", "%1", "*"),
	PATTERN("user disable", 1, 1, WRITE, "USER", "Stop a user from signing in", "停用用户",
	    cli_set, "user", "%1", "disabled=true"),
	PATTERN("user enable", 1, 1, WRITE, "USER", "Let a user sign in again", "启用用户",
	    cli_set, "user", "%1", "disabled=false"),
	PATTERN("user set-role", 2, 2, WRITE, "USER ROLE",
	    "Give a user this role in place of the first", "设置用户的（第一个）角色", cli_set,
	    "user", "%1", "user_role.role_id=%2"),
	PATTERN("user add-role", 2, 2, WRITE, "USER ROLE", "Give a user one role more",
	    "给用户增加角色", cli_set, "user", "%1", "user_role+.role_id=%2"),
	PATTERN("user reset-password", 1, 1, WRITE, "USER",
	    "Make a one-time password, shown once", "生成一次性密码（只显示一次）", cli_act,
	    "user", "%1", "reset_password"),
	{ .name = "user hand-over",
	    .run = admin_hand_over,
	    .words_min = 2,
	    .words_max = 2,
	    .options = WRITE | OPT_BIT(DRY_RUN),
	    .usage = "USER TO",
	    .help = { "Give all work of a user to another", "把一个用户的全部工作移交给另一人" },
	    .more = { "Records they own and that are not closed, places in pools, those below them, departments they "
		      "manage,\napprovals that wait for them, what is shared with them. A large portfolio goes\nbatch by batch, as a job that is followed to its end; when it is stopped each has a part, and handing\nover again goes on. --dry-run counts.",
		"名下未办结的记录、公海成员、下属、所管部门、待其审批的事项和共享给其的记录，\n较多时由作业分批进行，命令等到其结束；\n中止后双方各有一部分，再次移交即可继续。--dry-run 只计数。" } },
	PATTERN("delegation list", 0, SIZE_MAX, ROWS, "[QUERY]", "List delegations, the latest first",
	    "列出委托，新的在前", cli_list, "delegation", "*"),
	PATTERN("delegation add", 5, 5, WRITE, "USER TO FROM UNTIL REASON", "Let somebody stand in for who is away",
	    "委托他人代办", cli_new, "delegation", "owner_id=%1", "to_user_id=%2", "from_day=%3", "to_day=%4",
	    "reason=%5"),
	PATTERN("delegation end", 1, 1, WRITE, "ID", "Take a delegation back", "撤销委托", cli_delete, "delegation",
	    "%1"),
	PATTERN("role list", 0, SIZE_MAX, ROWS, "[QUERY]", "List roles", "列出角色", cli_list,
	    "role", "*"),
	PATTERN("role show", 1, 1, SHOW, "ROLE", "Show a role with its grants",
	    "显示角色及其权限", cli_get, "role", "%1"),
	PATTERN("branch list", 0, SIZE_MAX, ROWS, "[QUERY]", "List branches", "列出网点",
	    cli_list, "branch", "*"),
	PATTERN("branch add", 1, SIZE_MAX, WRITE, "NAME [FIELD=VALUE…]", "Add a branch",
	    "新增网点", cli_new, "branch", "name=%1", "*"),
	PATTERN("branch set", 2, SIZE_MAX, WRITE, "BRANCH FIELD=VALUE…", "Change a branch",
	    "修改网点", cli_set, "branch", "%1", "*"),
	PATTERN("department list", 0, SIZE_MAX, ROWS, "[QUERY]", "List departments", "列出部门",
	    cli_list, "department", "*"),
	PATTERN("department add", 2, SIZE_MAX, WRITE, "NAME BRANCH [FIELD=VALUE…]",
	    "Add a department", "新增部门", cli_new, "department", "name=%1", "branch_id=%2",
	    "*"),
	PATTERN("department set", 2, SIZE_MAX, WRITE, "DEPARTMENT FIELD=VALUE…",
	    "Change a department", "修改部门", cli_set, "department", "%1", "*"),
	PATTERN("report list", 0, SIZE_MAX, ROWS, "[QUERY]", "List the reports that are texts", "列出 SQL 报表", cli_list,
	    "report", "*"),
	PATTERN("report show", 1, 1, SHOW, "REPORT", "Show the text of a report", "显示报表的 SQL", cli_get, "report",
	    "%1"),
	{ .name = "report add",
	    .run = admin_report_add,
	    .words_min = 1,
	    .words_max = 1,
	    .options = WRITE,
	    .usage = "FILE.sql",
	    .help = { "Add a report: kehu-report(5)", "新增 SQL 报表，见 kehu-report(5)" },
	    .more = { "The file's name is the report's. A text that reads anything but its placeholders is refused.",
		"文件名即报表代码。读取占位符以外内容的文本会被拒绝。" } },
	{ .name = "report replace",
	    .run = admin_report_replace,
	    .words_min = 1,
	    .words_max = 1,
	    .options = WRITE,
	    .usage = "FILE.sql",
	    .help = { "Change the text of a report that was added", "替换已新增报表的文本" } },
	PATTERN("report disable", 1, 1, WRITE, "REPORT", "Offer a report no longer", "停用报表", cli_set, "report", "%1",
	    "disabled=true"),
	PATTERN("report enable", 1, 1, WRITE, "REPORT", "Offer it again", "重新启用报表", cli_set, "report", "%1",
	    "disabled=false"),
	PATTERN("report remove", 1, 1, WRITE, "REPORT", "Delete a report that was added", "删除新增的报表", cli_delete,
	    "report", "%1"),
	PATTERN("field list", 0, SIZE_MAX, ROWS, "[QUERY]", "List custom fields", "列出自定义字段", cli_list,
	    "custom_field", "*"),
	PATTERN("field show", 1, 1, SHOW, "FIELD", "Show a custom field", "显示自定义字段", cli_get,
	    "custom_field", "%1"),
	PATTERN("field add", 4, SIZE_MAX, WRITE, "ENTITY.NAME KIND CHINESE ENGLISH [FIELD=VALUE…]",
	    "Define a custom field; kehud maintain makes its column",
	    "定义自定义字段；由 kehud maintain 建立数据列", cli_new, "custom_field", "name=%1", "kind=%2", "zh=%3",
	    "en=%4", "*"),
	PATTERN("field set", 2, SIZE_MAX, WRITE, "FIELD FIELD=VALUE…",
	    "Change a custom field: labels, checks, where it shows", "修改自定义字段：标签、校验、显示", cli_set,
	    "custom_field", "%1", "*"),
	PATTERN("field retire", 1, 1, WRITE, "FIELD", "Show it nowhere; its values and history stay",
	    "停用自定义字段，数据和历史保留", cli_set, "custom_field", "%1", "retired=true"),
	PATTERN("field return", 1, 1, WRITE, "FIELD", "Show a retired field again, with its values",
	    "恢复停用的自定义字段及其数据", cli_set, "custom_field", "%1", "retired=false"),
	PATTERN("dictionary list", 0, SIZE_MAX, ROWS, "[QUERY]", "List dictionaries",
	    "列出字典", cli_list, "dictionary", "*"),
	PATTERN("dictionary show", 1, 1, SHOW, "DICTIONARY", "Show a dictionary with its items",
	    "显示字典及其选项", cli_get, "dictionary", "%1"),
	PATTERN("dictionary add", 4, 4, WRITE, "DICTIONARY CODE CHINESE ENGLISH",
	    "Add a choice", "给字典增加选项", cli_set, "dictionary", "%1",
	    "dictionary_item+.code=%2", "dictionary_item+.zh=%3", "dictionary_item+.en=%4"),
	PATTERN("dictionary set", 2, SIZE_MAX, WRITE, "DICTIONARY FIELD=VALUE…",
	    "Change a dictionary, or its third choice: dictionary_item[3].tone=red",
	    "修改字典或其选项，如第三项：dictionary_item[3].tone=red", cli_set, "dictionary", "%1", "*"),
	PATTERN("dictionary retire", 2, 2, WRITE, "DICTIONARY CHOICE", "Offer a choice no longer; records keep it",
	    "停用选项，已有记录保留", cli_act, "dictionary", "%1", "retire_item", "code=%2"),
	PATTERN("dictionary offer", 2, 2, WRITE, "DICTIONARY CHOICE", "Offer it again", "恢复选项", cli_act,
	    "dictionary", "%1", "offer_item", "code=%2"),
	PATTERN("dictionary merge", 3, 3, WRITE, "DICTIONARY CHOICE INTO",
	    "Use another choice instead, in all records too", "改用另一选项，已有记录一并改用", cli_act, "dictionary",
	    "%1", "merge_item", "code=%2", "into=%3"),
	PATTERN("dictionary place", 3, 3, WRITE, "DICTIONARY CHOICE BEFORE", "Move a choice before another",
	    "把选项移到另一选项之前", cli_act, "dictionary", "%1", "place_item", "code=%2", "before=%3"),
	PATTERN("calendar list", 0, SIZE_MAX, ROWS, "[QUERY]", "List working calendars", "列出工作日历",
	    cli_list, "work_calendar", "*"),
	PATTERN("calendar add", 2, SIZE_MAX, WRITE, "NAME HOURS [FIELD=VALUE…]",
	    "Add a working calendar; hours as '1-5 09:00-12:00 13:30-18:00'",
	    "新增工作日历，工作时间如 '1-5 09:00-12:00 13:30-18:00'", cli_new, "work_calendar", "name=%1", "hours=%2", "*"),
	PATTERN("calendar set", 2, SIZE_MAX, WRITE, "CALENDAR FIELD=VALUE…", "Change a working calendar",
	    "修改工作日历", cli_set, "work_calendar", "%1", "*"),
	PATTERN("holiday list", 0, SIZE_MAX, ROWS, "[QUERY]", "List holidays and days worked instead",
	    "列出节假日与调休上班日", cli_list, "holiday", "*"),
	PATTERN("holiday add", 2, SIZE_MAX, WRITE, "DAY NAME [FIELD=VALUE…]",
	    "Add a day nobody works, or with working=yes one that is worked", "新增节假日；调休上班日加 working=yes",
	    cli_new, "holiday", "day=%1", "name=%2", "*"),
	PATTERN("holiday set", 2, SIZE_MAX, WRITE, "HOLIDAY FIELD=VALUE…", "Change a holiday",
	    "修改节假日", cli_set, "holiday", "%1", "*"),
	PATTERN("region list", 0, SIZE_MAX, ROWS, "[QUERY]", "List regions; a word is a part of a name or initials",
	    "列出地区，可用名称或拼音首字母", cli_list, "region", "*"),
	PATTERN("region add", 3, SIZE_MAX, WRITE, "CODE NAME PARENT [FIELD=VALUE…]", "Add a region",
	    "新增地区", cli_new, "region", "code=%1", "name=%2", "parent_id=%3", "*"),
	PATTERN("region set", 2, SIZE_MAX, WRITE, "REGION FIELD=VALUE…", "Change a region", "修改地区", cli_set,
	    "region", "%1", "*"),
	{ .name = "demo",
	    .run = admin_demo,
	    .words_min = 0,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(CUSTOMERS) | OPT_BIT(SEED),
	    .usage = "[append=1]",
	    .help = { "Make a believable company in an empty database",
		"在空数据库中生成演示公司" },
	    .more = { "Prints who can log in: login, role, name, id and password, separated by "
		      "tabs.\nappend=1 adds customers to a company that is there, with all they were offered and bought\n"
		      "of its products and prices, and with products where there are none.",
		"输出可登录的人员：登录名、角色、姓名、id、密码，以制表符分隔。\nappend=1 为已有的公司增加客户，连同线索、商机、"
		"按其产品和价目的报价、订单与回款；\n没有产品时一并生成。" } },
	{ .name = "job list",
	    .run = admin_job_list,
	    .words_min = 0,
	    .words_max = 0,
	    .options = SHOW | OPT_BIT(LIMIT),
	    .usage = "",
	    .help = { "List jobs, the newest first", "列出任务（最新在前）" },
	    .more = { "State, kind, how far it is, who started it. --limit 0 shows all that "
		      "are kept: "
		      "30 days.",
		"状态、种类、进度、发起人。--limit 0 显示保留的全部任务（30 天）。" } },
	{ .name = "role matrix",
	    .run = admin_role_show,
	    .words_min = 1,
	    .words_max = 1,
	    .options = SHOW,
	    .usage = "ROLE",
	    .help = { "What a role may do, as one table: kinds of records, rights, scopes",
		"角色权限一览：对象 × 权利 × 范围" } },
	PATTERN("setting list", 0, SIZE_MAX, ROWS, "[QUERY]", "What can be changed while kehud runs",
	    "列出运行时可改的设置", cli_list, "setting", "*"),
	PATTERN("setting get", 1, 1, SHOW, "NAME", "Show one of them", "查看一项设置", cli_get, "setting", "%1"),
	PATTERN("setting set", 2, 2, WRITE, "NAME VALUE", "Change it on every kehud; an empty value: as kehud.conf says",
	    "修改一项设置，对所有 kehud 生效；空值表示取 kehud.conf", cli_set, "setting", "%1", "value=%2"),
	PATTERN("numbering list", 0, SIZE_MAX, ROWS, "[QUERY]", "How documents are numbered", "列出单据编号规则",
	    cli_list, "numbering", "*"),
	PATTERN("numbering set", 2, SIZE_MAX, WRITE, "DOCUMENT FIELD=VALUE…", "Change that: pattern, digits, continuous",
	    "修改编号规则：pattern、digits、continuous", cli_set, "numbering", "%1", "*"),
	{ .name = "why",
	    .run = admin_why,
	    .words_min = 2,
	    .words_max = 3,
	    .options = SHOW,
	    .usage = "USER ENTITY [ID]",
	    .help = { "What gives or denies a user a record and its fields",
		"说明用户为何能看到或看不到某条记录及其字段" },
	    .more = { "Without ID: the kind of record as a whole. USER may be me.",
		"不带 ID 则说明整类记录。USER 可写 me。" } },
	{ .name = "export-config",
	    .run = config_export,
	    .words_min = 0,
	    .words_max = 0,
	    .options = OPT_BIT(OUTPUT),
	    .usage = "",
	    .help = { "Write branches, users, roles, choice lists and all other set-up as a text file",
		"把网点、用户、角色、字典等全部设置写成文本文件" } },
	{ .name = "apply",
	    .run = config_apply,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(DRY_RUN) | OPT_BIT(KEEP),
	    .usage = "FILE",
	    .help = { "Make the set-up equal to a text file, all or nothing", "使设置与文本文件一致，全部成功或不变" },
	    .more = { "What changes is shown as lines of +, ~ and -. Only the kinds of records that the file has "
		      "are touched; of those it does not name, users are disabled, custom fields retired and others deleted, "
		      "unless --keep.",
		"变化以 +、~、- 行显示。只涉及文件中出现的类别；未提及的用户和自定义字段停用、其他记录删除，除非加 --keep。" } },
	{ .name = "audit list",
	    .run = admin_audit_list,
	    .words_min = 0,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(LIMIT),
	    .usage = "[user=NAME] [request=NAME] [action=NAME] [entity=NAME] [record=ID] [since=WHEN] "
		     "[until=WHEN]",
	    .help = { "Who did what, the newest first", "列出审计记录，新的在前" } },
	{ .name = "audit verify",
	    .run = admin_audit_verify,
	    .words_min = 0,
	    .words_max = 0,
	    .options = OPT_BIT(ANCHORS) | OPT_BIT(KEY),
	    .usage = "",
	    .help = { "Check the audit's chain; the first broken link is named", "检查审计链，指出第一处断点" },
	    .more = { "The server checks every row and segment. With --anchors (lines of audit.file, of "
		      "syslog or typed from paper)\nand --key the heads are checked here too: that finds a "
		      "chain that was cut short or made anew.",
		"服务器检查每一行和每个区段。加 --anchors（audit.file、syslog 或纸上抄下的行）和 --key "
		"时，\n在本机再核对链头，可发现被截断或重造的链。" } },
	{ .name = "audit mark",
	    .run = admin_audit_mark,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "TEXT",
	    .help = { "Whose export a name, or the last line of a file, came from",
		"某个名称或文件末行出自谁的导出" } },
	{ .name = "audit head",
	    .run = admin_audit_head,
	    .words_min = 0,
	    .words_max = 0,
	    .usage = "",
	    .help = { "The last head of the chain, as a line to keep", "输出当前链头，供留存" } },
	{ .name = "person find",
	    .run = admin_person_find,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "TEXT|#ID",
	    .help = { "Who has this name, number or address; where one person occurs",
		"按姓名、号码或地址查人；列出某人出现在何处" } },
	{ .name = "person export",
	    .run = admin_person_export,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(OUTPUT),
	    .usage = "ID -o DIR",
	    .help = { "Everything kept of one person, as JSON lines and files",
		"导出某人的全部数据（JSON 行与文件）" } },
	{ .name = "person correct",
	    .run = cli_set,
	    .words_min = 3,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(RECORD_VERSION) | OPT_BIT(REASON),
	    .usage = "ENTITY ID FIELD=VALUE...",
	    .help = { "Put right what is kept of a person", "更正某人的数据" } },
	{ .name = "person erase",
	    .run = admin_person_erase,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(REASON),
	    .usage = "ID --reason TEXT",
	    .help = { "Erase one person everywhere; cannot be undone", "在所有位置删除某人，不可撤销" },
	    .more = { "The record stays, empty, so that visits and orders that name it still stand. The reason "
		      "goes into the audit\nand must not name the person.",
		"记录保留为空壳，使拜访、订单等引用仍成立。理由写入审计，不得含该人信息。" } },
	{ .name = "person journal",
	    .run = admin_person_journal,
	    .words_min = 0,
	    .words_max = 0,
	    .options = OPT_BIT(OUTPUT),
	    .usage = "[-o FILE]",
	    .help = { "Who was erased when, as ids: to keep outside for after a restore",
		"输出删除登记（仅编号和时间），供恢复后重做" } },
	{ .name = "person replay",
	    .run = admin_person_replay,
	    .words_min = 1,
	    .words_max = 1,
	    .usage = "FILE",
	    .help = { "After a restore: erase again whom the journal names", "恢复备份后按登记重新删除" } },
	{ .name = "person retention",
	    .run = admin_person_retention,
	    .words_min = 0,
	    .words_max = 0,
	    .options = OPT_BIT(DRY_RUN) | OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "[--dry-run]",
	    .help = { "Do now, or only count, what the retention rules in force ask for",
		"立即执行保留期限规则，或只计数" } },
	{ .name = "job show",
	    .run = admin_job_show,
	    .words_min = 1,
	    .words_max = 1,
	    .usage = "ID",
	    .help = { "How far a job is", "查看任务进度" } },
	{ .name = "job cancel",
	    .run = admin_job_cancel,
	    .words_min = 1,
	    .words_max = 1,
	    .usage = "ID",
	    .help = { "Stop a job", "取消任务" } },
	{ .name = "job result",
	    .run = admin_job_result,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(OUTPUT),
	    .usage = "ID",
	    .help = { "What a job left behind", "取任务结果" } },
	PATTERN("user reset-factor", 1, 1, WRITE, "USER",
	    "Take a lost second factor away", "清除用户丢失的二次验证", cli_act, "user", "%1",
	    "reset_factor"),
	PATTERN("review list", 0, SIZE_MAX, ROWS, "[QUERY]", "Accounts nobody uses, up for review every quarter",
	    "列出每季度待复核的闲置账号", cli_list, "account_review", "*"),
	PATTERN("review keep", 2, 2, WRITE, "ID REASON", "Keep such an account", "保留闲置账号", cli_act,
	    "account_review", "%1", "keep", "reason=%2"),
	PATTERN("review disable", 1, 1, WRITE, "ID", "Disable such an account", "停用闲置账号", cli_act,
	    "account_review", "%1", "disable"),
	{ .name = "session list",
	    .run = admin_session_list,
	    .words_min = 0,
	    .words_max = 1,
	    .options = SHOW,
	    .usage = "[USER]",
	    .help = { "Who is signed in, from where", "列出已登录的会话" } },
	{ .name = "session end",
	    .run = admin_session_end,
	    .words_min = 1,
	    .words_max = 1,
	    .usage = "ID|USER",
	    .help = { "End a session, or all of a user", "结束会话，或某用户的全部会话" } },
	{ .name = "test-mail",
	    .run = admin_test_mail,
	    .words_min = 1,
	    .words_max = 1,
	    .usage = "ADDRESS",
	    .help = { "Send a test mail and say what the mail server answered", "发送测试邮件并显示邮件服务器的答复" } },
	{ .name = "test-sms",
	    .run = admin_test_sms,
	    .words_min = 1,
	    .words_max = 1,
	    .usage = "NUMBER",
	    .help = { "Send a test text message and say what the gateway answered", "发送测试短信并显示网关的答复" } },
	{ .name = "cert init",
	    .run = admin_cert_init,
	    .words_min = 0,
	    .words_max = 0,
	    .offline = true,
	    .options = OPT_BIT(DIR),
	    .usage = "",
	    .help = { "Make the authority that signs for branches", "建立网点证书签发机构" } },
	{ .name = "cert issue",
	    .run = admin_cert_issue,
	    .words_min = 1,
	    .words_max = 2,
	    .options = OPT_BIT(DIR) | OPT_BIT(DAYS) | OPT_BIT(OUTPUT) | SHOW,
	    .usage = "BRANCH [MACHINE]",
	    .help = { "Sign a certificate for a machine of a branch", "为网点的一台电脑签发证书" },
	    .more = { "Prints serial number, certificate and key file, separated by tabs; it is valid "
		      "for 90 days.",
		"输出序列号、证书文件和私钥文件，以制表符分隔；有效期 90 天。" } },
	PATTERN("cert list", 0, SIZE_MAX, ROWS, "[QUERY]", "List certificates, the next to expire first",
	    "列出证书，先到期者在前", cli_list, "certificate", "*"),
	{ .name = "cert renew",
	    .run = admin_cert_renew,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(DIR) | OPT_BIT(DAYS) | OPT_BIT(OUTPUT) | SHOW,
	    .usage = "SERIAL",
	    .help = { "Sign another for the same machine", "为同一台电脑换发证书" } },
	PATTERN("cert revoke", 1, 1, WRITE, "SERIAL", "Refuse a certificate from now on, ending its sessions",
	    "吊销证书并结束其会话", cli_act, "certificate", "%1", "revoke"),
#include "client/cli/own.def"
	{ .name = "show requests",
	    .run = admin_show_requests,
	    .words_min = 0,
	    .words_max = 0,
	    .offline = true,
	    .options = SHOW,
	    .usage = "",
	    .help = { "List the requests of the protocol", "列出协议请求" } },
	{ .name = "show settings",
	    .run = admin_show_settings,
	    .words_min = 0,
	    .words_max = 0,
	    .offline = true,
	    .usage = "",
	    .help = { "Print a kehu.conf with every setting", "输出含全部设置的 kehu.conf" } },
};

struct cli_program
admin_program(void)
{
	return (struct cli_program){
		.name = "kehu-admin",
		.help = { "kehu-admin: users, roles, branches and other set-up. What is not "
			  "here, kehu does:\n"
			  "every kind of record can be listed and changed with it.",
		    "kehu-admin：用户、角色、网点等设置。其余用 kehu "
		    "即可：任何类别的记录都可列出和修改。" },
		.commands = admin_commands,
		.count = sizeof(admin_commands) / sizeof(admin_commands[0]),
	};
}
