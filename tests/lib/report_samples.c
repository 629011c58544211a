/*
 * Sample documents, see the header. The figures are small enough to add up by hand: tests know
 * the sums.
 */
#include "tests/lib/report_samples.h"
#include "common/date.h"

#include <string.h>

static enum err
sample_write(void *ctx, const void *data, size_t bytes)
{
	struct sample_file *file = ctx;

	if (file->room_bytes > 0 && file->buf.bytes + bytes > file->room_bytes)
		return ERR_NO_SPACE;
	buf_put(&file->buf, data, bytes);
	return ERR_OK;
}

struct doc_out
sample_out(struct sample_file *file)
{
	return (struct doc_out){ .write = sample_write, .ctx = file };
}

static const char *
sample_say(enum lang lang, const char *en, const char *zh)
{
	return lang == LANG_ZH ? zh : en;
}

static enum err
sample_begin(struct doc *doc, enum lang lang, const char *title, const char *number,
    const struct doc_field *params, size_t param_count)
{
	struct doc_head head = {
		.title = title,
		.lang = lang,
		.paper = DOC_A4,
		.offset_min = 480,
		.organisation = sample_say(
		    lang, "Jiangnan Precision Machinery Co., Ltd.", "江南精密机械有限公司"),
		.number = number,
		.printed = sample_say(lang, "Printed by Wang Fang, 2026-11-22 14:05",
		    "打印：王芳 2026-11-22 14:05"),
		.params = params,
		.param_count = param_count,
	};

	return doc_begin(doc, &head);
}

enum err
sample_visit_sheet(struct doc *doc, enum lang lang)
{
	const struct doc_field fields[] = {
		{ sample_say(lang, "Customer", "客户"),
		    sample_say(lang, "Huadong Electronics Co., Ltd.", "上海华东电子有限公司"),
		    .wide = true },
		{ sample_say(lang, "Customer no.", "客户编号"), "C-000128" },
		{ sample_say(lang, "Level", "客户级别"),
		    sample_say(lang, "A (key account)", "A（重点客户）") },
		{ sample_say(lang, "Contact", "联系人"),
		    sample_say(lang, "Li Ming, purchasing manager", "李明（采购经理）") },
		{ sample_say(lang, "Phone", "电话"), "021-6888 1234" },
		{ sample_say(lang, "Day", "拜访日期"),
		    sample_say(lang, "2026-11-20 Fri", "2026-11-20 周五") },
		{ sample_say(lang, "Time", "时间"), "14:00–15:30" },
		{ sample_say(lang, "Purpose", "拜访目的"),
		    sample_say(lang, "Yearly contract", "年度合同洽谈") },
		{ sample_say(lang, "Visited by", "拜访人"),
		    sample_say(lang, "Wang Fang", "王芳") },
		{ sample_say(lang, "Address", "地址"),
		    sample_say(lang,
			"Room 1204, Building 5, No. 1188 Zhangjiang Road, Pudong, Shanghai",
			"上海市浦东新区张江路 1188 号 5 幢 1204 室"),
		    .wide = true },
		{ sample_say(lang, "What was said", "洽谈内容"),
		    sample_say(lang,
			"Went through next year's frame contract. They expect about 1,200 "
			"units a month from March and ask for delivery in two lots instead of "
			"one, because their new store is smaller.\n"
			"The price of the SX-40 is accepted; payment in 60 days is not "
			"settled yet.",
			"讨论了明年的框架合同。客户预计三月起每月采购约 1,200 台，"
			"因新仓库面积较小，希望改为每月分两批交货。\n"
			"SX-40 的价格已接受；60 天账期尚未谈妥，需回公司请示后答复。"),
		    .wide = true, .min_lines = 5 },
		{ sample_say(lang, "Next step", "下一步"),
		    sample_say(lang, "Send the revised contract by 2026-11-27",
			"11 月 27 日前寄出修改后的合同"),
		    .wide = true, .min_lines = 2 },
		{ sample_say(lang, "Customer's remarks", "客户意见"), NULL, .wide = true,
		    .min_lines = 5 },
	};
	const char *const labels[] = { sample_say(lang, "Visited by", "拜访人"),
		sample_say(lang, "Customer", "客户签字"),
		sample_say(lang, "Supervisor", "主管") };

	sample_begin(
	    doc, lang, sample_say(lang, "Visit sheet", "客户拜访单"), "V-2026-000451", NULL, 0);
	doc_fields(doc, fields, sizeof(fields) / sizeof(*fields), 2);
	doc_signatures(doc, labels, 3);
	return doc_end(doc);
}

struct sample_visit {
	const char *person[2], *day;
	const char *customer[2], *purpose[2];
	int64_t minutes, cost;
};

static const struct sample_visit sample_visits[] = {
	{ { "Wang Fang", "王芳" }, "2026-10-08", { "Huadong Electronics", "华东电子" },
	    { "Contract", "合同洽谈" }, 90, 12050 },
	{ { "Wang Fang", "王芳" }, "2026-10-15", { "Minghe Foods", "明和食品" },
	    { "Follow-up", "回访" }, 45, 3000 },
	{ { "Wang Fang", "王芳" }, "2026-10-29", { "Beifang Steel Trading", "北方钢铁贸易" },
	    { "First visit", "初访" }, 60, 8800 },
	{ { "Wang Fang", "王芳" }, "2026-11-03", { "Huadong Electronics", "华东电子" },
	    { "Delivery", "交货" }, 30, 2500 },
	{ { "Wang Fang", "王芳" }, "2026-11-20", { "Huadong Electronics", "华东电子" },
	    { "Yearly contract", "年度合同洽谈" }, 90, 12050 },
	{ { "Chen Jie", "陈杰" }, "2026-10-12", { "Tianyi Medical Devices", "天一医疗器械" },
	    { "Demo", "演示" }, 120, 45000 },
	{ { "Chen Jie", "陈杰" }, "2026-10-13", { "Runze Water Technology", "润泽水务科技" },
	    { "Follow-up", "回访" }, 40, 0 },
	{ { "Chen Jie", "陈杰" }, "2026-11-05", { "Tianyi Medical Devices", "天一医疗器械" },
	    { "Contract", "合同洽谈" }, 75, 9900 },
	{ { "Chen Jie", "陈杰" }, "2026-11-06", { "Xinghai Logistics", "星海物流" },
	    { "First visit", "初访" }, 50, 6600 },
	{ { "Chen Jie", "陈杰" }, "2026-11-19", { "Runze Water Technology", "润泽水务科技" },
	    { "Complaint", "投诉处理" }, 105, 15500 },
	{ { "Zhao Lei", "赵磊" }, "2026-10-20", { "Hengtong Auto Parts", "恒通汽车零部件" },
	    { "Follow-up", "回访" }, 35, 1200 },
	{ { "Zhao Lei", "赵磊" }, "2026-11-10", { "Hengtong Auto Parts", "恒通汽车零部件" },
	    { "Contract", "合同洽谈" }, 80, 123456700 },
	{ { "Zhao Lei", "赵磊" }, "2026-11-11",
	    { "Jiahe Home Furnishing International", "嘉禾国际家居用品股份有限公司" },
	    { "First visit, with the regional manager and two engineers",
		"初访，区域经理和两名工程师同行" },
	    150, 30000 },
	{ { "Zhao Lei", "赵磊" }, "2026-11-18", { "Xinghai Logistics", "星海物流" },
	    { "Delivery", "交货" }, 20, 900 },
};
#define SAMPLE_VISITS (sizeof(sample_visits) / sizeof(*sample_visits))

static int64_t
sample_day(const char *text)
{
	int64_t day = 0;

	return date_parse(text, 0, false, &day) == ERR_OK ? day : 0;
}

static void
sample_visit_row(struct doc *doc, int l, const struct sample_visit *visit)
{
	const char month[] = { visit->day[0], visit->day[1], visit->day[2], visit->day[3], '-',
		visit->day[5], visit->day[6], '\0' };

	doc_break(doc,
	    (struct doc_key[]){ { visit->person[0], visit->person[l] }, { month, month } });
	doc_row(doc, (struct doc_cell[]){ doc_value(sample_day(visit->day)),
			 doc_text(visit->customer[l]), doc_text(visit->purpose[l]),
			 doc_value(visit->minutes), doc_value(visit->cost) });
}

enum err
sample_visits_by_person(struct doc *doc, enum lang lang)
{
	const int l = lang == LANG_ZH;
	const struct doc_field params[] = {
		{ sample_say(lang, "Period", "期间"),
		    sample_say(lang, "2026-10-01 to 2026-11-30", "2026-10-01 至 2026-11-30") },
		{ sample_say(lang, "Department", "部门"),
		    sample_say(lang, "East China sales", "华东销售部") },
	};
	const struct doc_column columns[] = {
		{ .title = sample_say(lang, "Day", "日期"), .kind = DOC_DATE },
		{ .title = sample_say(lang, "Customer", "客户"), .weight = 3 },
		{ .title = sample_say(lang, "Purpose", "目的"), .weight = 2, .wrap = true },
		{ .title = sample_say(lang, "Minutes", "时长（分）"),
		    .kind = DOC_INTEGER,
		    .sum = DOC_SUM,
		    .min_cols = 10 },
		{ .title = sample_say(lang, "Cost", "费用"),
		    .kind = DOC_MONEY,
		    .decimals = 2,
		    .sum = DOC_SUM },
	};
	const int64_t minutes[] = { 315, 390, 285 };
	const struct doc_point points[] = { { sample_say(lang, "Wang Fang", "王芳"), &minutes[0] },
		{ sample_say(lang, "Chen Jie", "陈杰"), &minutes[1] },
		{ sample_say(lang, "Zhao Lei", "赵磊"), &minutes[2] } };
	const char *series[] = { sample_say(lang, "Minutes", "时长") };
	struct doc_table table = { .columns = columns,
		.column_count = 5,
		.levels = { { sample_say(lang, "Person", "人员"), true },
		    { sample_say(lang, "Month", "月份"), true } },
		.level_count = 2,
		.totals = true };

	sample_begin(doc, lang,
	    sample_say(lang, "Visits by person and month", "人员月度拜访统计"), NULL, params,
	    2);
	doc_table(doc, &table);
	for (size_t i = 0; i < SAMPLE_VISITS; i++)
		sample_visit_row(doc, l, &sample_visits[i]);
	doc_chart(doc,
	    &(struct doc_chart){ .kind = DOC_BARS,
		.title = sample_say(lang, "Minutes by person", "各人员拜访时长（分）"),
		.series = series,
		.series_count = 1,
		.points = points,
		.count = 3 });
	doc_note(doc, sample_say(lang, "Visits that were cancelled are not counted.",
			  "已取消的拜访不计入。"));
	return doc_end(doc);
}

enum err
sample_charts(struct doc *doc, enum lang lang)
{
	static const int64_t values[12][3] = { { 420, 180, 60 }, { 380, 210, 20 }, { 505, 190, 75 },
		{ 610, 240, 90 }, { 590, 260, 40 }, { 720, 150, 120 }, { 680, 300, 85 }, { 540, 320, 70 },
		{ 790, 280, 95 }, { 830, 310, 110 }, { 760, 290, 55 }, { 910, 350, 130 } };
	static const enum doc_chart_kind kinds[] = { DOC_BARS, DOC_STACKED, DOC_LINE, DOC_PIE, DOC_PARETO, DOC_HEAT };
	const char *series[] = { sample_say(lang, "East", "华东"), sample_say(lang, "North", "华北"),
		sample_say(lang, "West", "西部") };
	const char *titles[] = { sample_say(lang, "Bars", "柱形"), sample_say(lang, "Stacked bars", "堆积柱形"),
		sample_say(lang, "Lines", "折线"), sample_say(lang, "Pie", "饼图"), sample_say(lang, "Pareto", "帕累托"),
		sample_say(lang, "Heat map", "热力图") };
	struct arena *arena = arena_new(0);
	struct doc_point points[12];

	for (size_t i = 0; i < 12; i++)
		points[i] = (struct doc_point){ arena_printf(arena, sample_say(lang, "2026-%02zu", "%zu月"), i + 1),
			values[i] };
	sample_begin(doc, lang, sample_say(lang, "Charts of every kind", "各种图表"), NULL, NULL, 0);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		doc_chart(doc,
		    &(struct doc_chart){ .kind = kinds[k],
			.title = titles[k],
			.series = series,
			.series_count = kinds[k] == DOC_PIE || kinds[k] == DOC_PARETO ? 1 : 3,
			.points = points,
			.count = kinds[k] == DOC_BARS ? 4 : kinds[k] == DOC_STACKED ? 6 : 12 });
	arena_free(arena);
	return doc_end(doc);
}

enum err
sample_long_list(struct doc *doc, enum lang lang, int64_t rows)
{
	const int l = lang == LANG_ZH;
	const struct doc_column columns[] = {
		{ .title = sample_say(lang, "No.", "序号"),
		    .kind = DOC_INTEGER,
		    .min_cols = 9 },
		{ .title = sample_say(lang, "Day", "日期"), .kind = DOC_DATE },
		{ .title = sample_say(lang, "Customer", "客户") },
		{ .title = sample_say(lang, "Minutes", "时长（分）"),
		    .kind = DOC_INTEGER,
		    .sum = DOC_SUM,
		    .min_cols = 14 },
		{ .title = sample_say(lang, "Cost", "费用"),
		    .kind = DOC_MONEY,
		    .decimals = 2,
		    .sum = DOC_SUM },
	};
	struct doc_table table = { .columns = columns, .column_count = 5, .totals = true };

	sample_begin(doc, lang, sample_say(lang, "All visits", "拜访清单"), NULL, NULL, 0);
	doc_table(doc, &table);
	for (int64_t i = 1; i <= rows && doc_error(doc) == ERR_OK && !doc_satisfied(doc); i++)
		doc_row(
		    doc, (struct doc_cell[]){ doc_value(i), doc_value(20000 + i % 700),
			     doc_text(sample_visits[i % (int64_t)SAMPLE_VISITS].customer[l]),
			     doc_value(i), doc_value(i) });
	return doc_end(doc);
}
