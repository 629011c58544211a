/* The commands of kehu, as data: name, words, options, help. */
#include "client/cli/kehu.h"

#include <stdint.h>

#define ROWS  (OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(COLUMNS) | OPT_BIT(LIMIT))
#define WRITE                                                                                  \
	(OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(INTENTION) | OPT_BIT(APPROVER) |           \
	    OPT_BIT(REASON))

#define MANY (OPT_BIT(WHERE) | OPT_BIT(DRY_RUN) | OPT_BIT(SKIP))

static const char kehu_many_en[] =
    "With --where QUERY in place of ID it is done with all records found, at most 10,000, as one: all\n"
    "or none. --dry-run tells how many can be and which cannot; --skip-refused leaves those out.\n"
    "act bulk ID undo takes it back.";
static const char kehu_many_zh[] =
    "用 --where QUERY 代替 ID 时，对查询到的全部记录（至多 10,000 条）一次执行，或全部不执行。\n"
    "--dry-run 只说明可执行几条、哪些不能；--skip-refused 跳过不能的。act bulk ID undo 可撤销。";
static const char kehu_fields_en[] = "A field is given by its name, label or alias (kehu "
				     "fields ENTITY lists them). Dates may be\n"
				     "typed as 2026-11-23, +3d, next mon; money as 32w or "
				     "320,000.50 USD; a choice by code or label;\n"
				     "a reference by id, number or its whole label. "
				     "phones.number=… fills the first line of that\n"
				     "kind, phones[2].number=… the second. FIELD= empties a field.";
static const char kehu_fields_zh[] =
    "字段可用名称、标签或别名（kehu fields ENTITY 列出）。日期可写 2026-11-23、+3d、下周一；\n"
    "金额可写 32万、320,000.50 USD；选项用代码或标签；引用用 id、编号或完整名称。\n"
    "phones.number=… 填写该类的第一行明细，phones[2].number=… 为第二行。“字段=”表示清空。";
static const char kehu_query_en[] = "QUERY is the search language: owner:me level:A,B "
				    "city:上海 -visited:30d amount:>100000 银行.\n"
				    "Without --columns: id and the default columns. tsv has no "
				    "header unless --header is given.";
static const char kehu_query_zh[] =
    "QUERY 为查询语言：负责:我 级别:A,B 城市:上海 -拜访:30天 amount:>100000 银行。\n"
    "不写 --columns 时输出 id 与默认列；tsv 只有加 --header 才有列名。";

static const struct cli_command kehu_commands[] = {
	{ .name = "list",
	    .run = cli_list,
	    .words_min = 1,
	    .words_max = SIZE_MAX,
	    .in_place = OPT_BIT(VIEW),
	    .options = ROWS | OPT_BIT(SORT) | OPT_BIT(DELETED) | OPT_BIT(VIEW) | OPT_BIT(GROUP) | OPT_BIT(SUM),
	    .usage = "ENTITY [QUERY] | --view NAME [QUERY]",
	    .help = { "List records, page by page", "列出记录" },
	    .more = { kehu_query_en, kehu_query_zh } },
	{ .name = "search",
	    .run = cli_search,
	    .words_min = 1,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(LIMIT) | OPT_BIT(ENTITY),
	    .usage = "TEXT|-",
	    .help = { "Find records by name, pinyin, phone or number",
		"按名称、拼音、电话或编号查找" },
	    .more = { "With - one query is read from each line of standard input. Columns: "
		      "query, entity, id,\n"
		      "label, what matched.",
		"“-”表示从标准输入逐行读取查询。列：查询、类别、id、名称、匹配内容。" } },
	{ .name = "today",
	    .run = cli_today,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(LIMIT),
	    .usage = "",
	    .help = { "What waits for you: reminders, activities, customers to see, approvals", "今日待办：提醒、活动、该联系的客户、审批等" },
	    .more = { "A line is done with act: act visit ID complete outcome=followup, act visit ID done,\n"
		      "act reminder ID done, act reminder ID snooze minutes=30.",
		"用 act 处理：act visit ID complete outcome=followup、act visit ID done、\n"
		"act reminder ID done、act reminder ID snooze minutes=30。" } },
	{ .name = "calendar",
	    .run = cli_calendar,
	    .words_max = 1,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(FROM) | OPT_BIT(TO) | OPT_BIT(OUTPUT),
	    .usage = "[USER]",
	    .help = { "Activities of a time, yours or a colleague's; --format ics: as iCalendar", "一段时间的活动（本人或同事）；--format ics 输出 iCalendar" },
	    .more = { "From today for 30 days unless --from and --to say else. With -o the file appears whole or\n"
		      "not at all, so that a calendar program can follow it.",
		"缺省从今天起 30 天，可用 --from、--to 指定。-o 写出的文件总是完整的，可供日历软件订阅。" } },
	{ .name = "team",
	    .run = cli_team,
	    .usage = "",
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .help = { "What the people one leads did today, and their targets",
		"团队今日工作与本月目标完成情况" } },
	{ .name = "tree",
	    .run = cli_tree,
	    .words_min = 2,
	    .words_max = 2,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "customer ID",
	    .help = { "The group a customer belongs to, with sums upwards", "客户所在的集团树，逐级汇总" },
	    .more = { "Goes by the relations parent and subsidiary, as far as you see the customers: what was\n"
		      "ordered in twelve months and what is owed, each one's own and with all below.",
		"按母公司、子公司关系排列您可查看的客户：近一年订单与应收，分本级与含下属。" } },
	{ .name = "targets",
	    .run = cli_targets,
	    .words_min = 1,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(FROM) | OPT_BIT(TO),
	    .usage = "MEASURE [NAME=GOAL[,GOAL…]…]",
	    .help = { "Targets of people by months with what is done, and set them", "各人各月的目标与完成情况，并可设定" },
	    .more = { "MEASURE: visits, customers, orders or receipts. Three months from this one unless --from and\n"
		      "--to say else (2026-12 will do). Goals are set from the first month on, all or none: an empty\n"
		      "one leaves a month as it is, - takes its target away.",
		"MEASURE：visits、customers、orders、receipts。缺省为本月起三个月，可用 --from、--to 指定\n"
		"（可写 2026-12）。目标从首月起依次设定，全部成功或全部不改：空着为不变，- 为取消。" } },
	{ .name = "check",
	    .run = cli_check,
	    .words_min = 1,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "NAME [phone=N] [tax_number=N] [person=yes]",
	    .help = { "Whether a customer exists, also of colleagues", "客户查重（含同事的客户）" },
	    .more = { "Of customers you may not see it tells that they are there, with whom, and the month of the\n"
		      "last contact. Each question is recorded, and a day has a limit.",
		"对无权查看的客户，只说明其存在、由谁负责以及最近联系的月份。\n每次查询都会记录，每日次数有限。" } },
	{ .name = "merge",
	    .run = cli_merge,
	    .words_min = 3,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(DRY_RUN) | OPT_BIT(APPROVER) | OPT_BIT(REASON),
	    .usage = "ENTITY KEPT OTHER [FIELD=other|FIELD=VALUE…]",
	    .help = { "Make two records one; --dry-run shows both side by side", "合并两条记录；--dry-run 并列显示" },
	    .more = { "KEPT stays, with the fields named of the other and what is typed; all that hangs on OTHER moves.\n"
		      "act merge ID undo takes it back.",
		"保留 KEPT，采用所列对方字段和另填的值；OTHER 名下的一切随之转移。\n撤销：act merge ID undo。" } },
	{ .name = "duplicates scan",
	    .run = cli_duplicates_scan,
	    .usage = "",
	    .options = OPT_BIT(FORMAT),
	    .help = { "Compare all customers with each other; who may approve customers may", "全库扫描疑似重复客户（需客户审批权）" } },
	{ .name = "duplicates list",
	    .run = cli_duplicates_list,
	    .words_max = SIZE_MAX,
	    .options = ROWS | OPT_BIT(SORT),
	    .usage = "[QUERY]",
	    .help = { "Pairs that nobody has decided yet", "列出待核对的疑似重复客户" },
	    .more = { "degree:same are those that certainly are one. What was decided:\n"
		      "list duplicate state:merged,dismissed.",
		"degree:same 为确定相同的。已核对的：list duplicate state:merged,dismissed。" } },
	{ .name = "duplicates look",
	    .run = cli_duplicates_look,
	    .words_min = 1,
	    .words_max = 2,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "PAIR [keep=second]",
	    .help = { "The two side by side, and what merging them would move", "并列显示两个客户及合并将移动的内容" } },
	{ .name = "duplicates merge",
	    .run = cli_duplicates_merge,
	    .words_min = 1,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(DRY_RUN) | OPT_BIT(APPROVER) | OPT_BIT(REASON),
	    .usage = "PAIR [keep=second] [FIELD=other|FIELD=VALUE…]",
	    .help = { "Make the two one; the first stays unless keep=second", "合并这一对；缺省保留客户一，keep=second 保留客户二" } },
	{ .name = "duplicates not",
	    .run = cli_duplicates_not,
	    .words_min = 1,
	    .words_max = 1,
	    .options = WRITE,
	    .usage = "PAIR",
	    .help = { "They are two; no scan proposes them again", "不是重复，今后扫描不再提出" } },
	{ .name = "board",
	    .run = cli_board,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "[QUERY]",
	    .help = { "Opportunities by stage: number, sums, weighted sums",
		"各阶段商机的数量、金额与加权金额" },
	    .more = { "Lost and won ones count for thirty days. A card is moved by\n"
		      "act opportunity ID move stage=proposal, or win, lose, reopen.",
		"赢单与输单只计最近三十天。推进：act opportunity ID move stage=proposal，\n"
		"另有 win、lose、reopen。" } },
	{ .name = "get",
	    .run = cli_get,
	    .words_min = 2,
	    .words_max = 2,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "ENTITY ID",
	    .help = { "Show one record with its lines", "显示一条记录及其明细" } },
	{ .name = "new",
	    .run = cli_new,
	    .words_min = 2,
	    .words_max = SIZE_MAX,
	    .options = WRITE | OPT_BIT(DUPLICATE),
	    .usage = "ENTITY FIELD=VALUE…",
	    .help = { "Create a record", "新建记录" },
	    .more = { kehu_fields_en, kehu_fields_zh } },
	{ .name = "set",
	    .run = cli_set,
	    .words_min = 2,
	    .words_max = SIZE_MAX,
	    .options = WRITE | MANY | OPT_BIT(DUPLICATE) | OPT_BIT(RECORD_VERSION),
	    .usage = "ENTITY ID|--where QUERY FIELD=VALUE…",
	    .help = { "Change fields of a record", "修改记录的字段" },
	    .more = { kehu_fields_en, kehu_fields_zh } },
	{ .name = "act",
	    .run = cli_act,
	    .words_min = 2,
	    .words_max = SIZE_MAX,
	    .options = WRITE | MANY | OPT_BIT(RECORD_VERSION),
	    .usage = "ENTITY ID|-|--where QUERY ACTION [ARGUMENT=VALUE…]",
	    .help = { "Do a named action, such as visit complete", "执行指定操作，如完成拜访" },
	    .more = { kehu_fields_en, kehu_fields_zh } },
	{ .name = "delete",
	    .run = cli_delete,
	    .words_min = 1,
	    .words_max = 2,
	    .options = WRITE | MANY | OPT_BIT(RECORD_VERSION),
	    .usage = "ENTITY ID|--where QUERY",
	    .help = { "Move a record to the recycle bin", "把记录移入回收站" },
	    .more = { kehu_many_en, kehu_many_zh } },
	{ .name = "restore",
	    .run = cli_restore,
	    .words_min = 1,
	    .words_max = 2,
	    .options = WRITE | MANY,
	    .usage = "ENTITY ID|--where QUERY",
	    .help = { "Take a record back from the recycle bin", "从回收站恢复记录" },
	    .more = { kehu_many_en, kehu_many_zh } },
	{ .name = "tag",
	    .run = cli_tag,
	    .words_min = 2,
	    .words_max = SIZE_MAX,
	    .options = WRITE | MANY,
	    .usage = "ENTITY ID|--where QUERY TAG…",
	    .help = { "Put tags on a record, or on many", "给记录加标签，可批量" },
	    .more = { kehu_many_en, kehu_many_zh } },
	{ .name = "untag",
	    .run = cli_untag,
	    .words_min = 2,
	    .words_max = SIZE_MAX,
	    .options = WRITE | MANY,
	    .usage = "ENTITY ID|--where QUERY TAG…",
	    .help = { "Take tags off", "去掉标签，可批量" },
	    .more = { kehu_many_en, kehu_many_zh } },
	{ .name = "related",
	    .run = cli_related,
	    .words_min = 3,
	    .words_max = 3,
	    .options = ROWS,
	    .usage = "ENTITY ID RELATED",
	    .help = { "List what belongs to a record", "列出与记录相关的内容" } },
	{ .name = "history",
	    .run = cli_history,
	    .words_min = 2,
	    .words_max = 2,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(LIMIT),
	    .usage = "ENTITY ID",
	    .help = { "Who changed what, and when", "谁在何时改了什么" } },
	{ .name = "version",
	    .run = cli_version,
	    .words_min = 3,
	    .words_max = 3,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "ENTITY ID VERSION",
	    .help = { "Show a record as it was at a version", "查看记录的某个历史版本" } },
	{ .name = "compare",
	    .run = cli_compare,
	    .words_min = 3,
	    .words_max = 4,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "ENTITY ID VERSION [VERSION|now]",
	    .help = { "What differs between two versions, or one and now", "比较两个版本，或某版本与现在" } },
	{ .name = "put-back",
	    .run = cli_put_back,
	    .words_min = 3,
	    .words_max = SIZE_MAX,
	    .options = WRITE | OPT_BIT(DUPLICATE),
	    .usage = "ENTITY ID VERSION [FIELD…]",
	    .help = { "Put back an earlier version, or single fields of it", "恢复历史版本，或其中的字段" },
	    .more = { "Lines too, when no fields are named. The owner stays: that is changed by transfer.",
		"不写字段时连同明细一起恢复；负责人不变，需用转移操作。" } },
	{ .name = "proposal",
	    .run = cli_proposal,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "APPROVAL",
	    .help = { "What an approval would change", "审批通过后会改动什么" } },
	{ .name = "reveal",
	    .run = cli_reveal,
	    .words_min = 3,
	    .words_max = 3,
	    .options = OPT_BIT(REASON),
	    .usage = "ENTITY ID FIELD",
	    .help = { "Show one masked value, for a reason", "写明原因后查看一个被掩码的值" },
	    .more = { "FIELD of a line is phones.number, or phones[2].number of the second.\n"
		      "Reason, person and time are recorded; a day has a limit.",
		"行中的字段写作 phones.number，第二行为 phones[2].number。\n"
		"原因、人员和时间均会记录，每日次数有限。" } },
	{ .name = "import",
	    .run = cli_import,
	    .words_min = 2,
	    .words_max = 2,
	    .options = OPT_BIT(MAP) | OPT_BIT(DRY_RUN) | OPT_BIT(ERRORS) | OPT_BIT(ENCODING) |
		       OPT_BIT(SEPARATOR) | OPT_BIT(MATCH) | OPT_BIT(ON_MATCH) | OPT_BIT(FORMAT) |
		       OPT_BIT(NO_HEADER) | OPT_BIT(DATES) | OPT_BIT(DETECT) |
		       OPT_BIT(CREATE_REFERENCES),
	    .usage = "ENTITY FILE|-",
	    .help = { "Import a file: csv, tsv, vcard or jsonl", "导入 csv、tsv、vcard 或 jsonl 文件" },
	    .more = { "The map says which column fills which field; \"=X\" is a constant:\n"
		      "    short_name = \"Short name\";  level = \"=B\";  phones = { number = "
		      "\"Telephone\"; };\n"
		      "Without a map, columns are found by the names and labels of the fields. "
		      "The last line of the\n"
		      "output is: read N, created N, updated N, refused N",
		"对应文件说明哪一列填哪个字段，“=X”为常量：\n"
		"    short_name = \"股票名称\";  level = \"=B\";  phones = { number = "
		"\"电话\"; };\n"
		"没有对应文件时，按字段名称和标签识别列。输出的最后一行为：\n"
		"    read N, created N, updated N, refused N" } },
	{ .name = "export",
	    .run = cli_export,
	    .words_min = 1,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(COLUMNS) | OPT_BIT(ENCODING) | OPT_BIT(REASON) |
		OPT_BIT(OUTPUT),
	    .usage = "ENTITY [QUERY]",
	    .help = { "Take records away as a file: csv, tsv, jsonl, vcard, pdf or text", "把记录导出为 csv、tsv、jsonl、vcard、pdf 或 text 文件" },
	    .more = { "Needs the right to export and --reason; many rows wait for approval. The file says who "
		      "took it, when and\nwhat for, and has rows that only it has; imports leave both out. "
		      "--encoding utf-8-bom\nor gb18030 for spreadsheets; vcard is 4.0, vcard3 3.0, of customers and contacts.\n"
		      "pdf and text are pages to print, each with who, when and what for at its foot.",
		"需要导出权限并说明 --reason；行数多时等待审批。文件注明导出人、时间和用途，\n"
		"并含有仅此文件才有的行，导入时会略去。电子表格请用 --encoding utf-8-bom 或\n"
		"gb18030；客户和联系人可导出为 vcard（4.0）或 vcard3（3.0）。\n"
		"pdf 和 text 为可打印的分页，每页页脚注明导出人、时间和用途。" } },
	{ .name = "jobs",
	    .run = cli_jobs,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(LIMIT),
	    .usage = "",
	    .help = { "Exports and imports of yours: how far they are", "本人的导出、导入等作业及进度" } },
	{ .name = "fetch",
	    .run = cli_fetch,
	    .words_min = 1,
	    .words_max = 1,
	    .options = OPT_BIT(OUTPUT),
	    .usage = "JOB|APPROVAL",
	    .help = { "Fetch the file of an export, once", "取回导出的文件（仅一次）" },
	    .more = { "By the job's number, or by the approval's when somebody had to agree. A file is fetched\n"
		      "once and waits for some days.",
		"用作业编号，需审批的用审批编号。文件只能取一次，过期作废。" } },
	{ .name = "cancel",
	    .run = cli_cancel,
	    .words_min = 1,
	    .words_max = 1,
	    .usage = "JOB",
	    .help = { "Stop a job of yours", "停止本人的作业" } },
	{ .name = "report",
	    .run = cli_report,
	    .words_min = 0,
	    .words_max = SIZE_MAX,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER) | OPT_BIT(OUTPUT) | OPT_BIT(WIDTH) | OPT_BIT(REASON) |
		       OPT_BIT(ENCODING) | OPT_BIT(PAPER),
	    .usage = "[NAME [PARAMETER=VALUE…]]",
	    .help = { "Make a report; without a name, list them",
		"生成报表；不写名称则列出全部" },
	    .more = { "More rows than everybody may take away are an export: --reason TEXT says what for.",
		"行数超过限额须作为导出办理：用 --reason 说明用途。" } },
	{ .name = "attach",
	    .run = cli_attach,
	    .words_min = 3,
	    .words_max = 3,
	    .options = OPT_BIT(GET) | OPT_BIT(OUTPUT) | OPT_BIT(GIVE_OUT) | OPT_BIT(KEEP_IN),
	    .usage = "ENTITY ID FILE",
	    .help = { "Attach a file to a record, or fetch one", "给记录添加附件，或取回附件" },
	    .more = { "kehu attach --get ENTITY ID ATTACHMENT -o FILE fetches one; kehu "
		      "related ENTITY ID\n"
		      "attachment lists them. Storing one prints its id. With --give-out or --keep-in\n"
		      "ATTACHMENT is shown to the customer's own people, or to us alone.",
		"取回附件：kehu attach --get ENTITY ID ATTACHMENT -o FILE；\n"
		"列出附件：kehu related ENTITY ID attachment。存入后输出附件 id。\n"
		"--give-out / --keep-in ATTACHMENT：客户自己的人也能看到，或仅内部可见。" } },
	{ .name = "fields",
	    .run = cli_fields,
	    .words_min = 0,
	    .words_max = 1,
	    .options = OPT_BIT(FORMAT) | OPT_BIT(HEADER),
	    .usage = "[ENTITY]",
	    .help = { "What kinds of records and fields there are", "列出记录类别和字段" } },
	{ .name = "open",
	    .screens = true,
	    .words_min = 1,
	    .words_max = 2,
	    .usage = "ENTITY [ID|QUERY]",
	    .help = { "Open the full screen at a record, or at a list", "打开全屏界面，直接到某条记录或列表" },
	    .more = { "kehu open customer 1024; kehu open visit owner:me", "kehu open customer 1024；kehu open visit 负责人:我" } },
#include "client/cli/own.def"
};

struct cli_program
kehu_program(int (*interactive)(struct cli *cli))
{
	return (struct cli_program){
		.name = "kehu",
		.help = { "kehu: customers, contacts and visits. Without a command it opens "
			  "the full screen.",
		    "kehu：客户、联系人与拜访。不带命令时打开全屏界面。" },
		.commands = kehu_commands,
		.count = sizeof(kehu_commands) / sizeof(kehu_commands[0]),
		.interactive = interactive,
	};
}
