/*
 * What a demo company services: equipment at customers', and their tickets in every state with what was
 * done about them.
 */
#include "server/job/demo_make.h"

#include "common/text.h"
#include "server/entity/fields.h"

#include <string.h>

enum { DEMO_TICKET_DAYS = 240, DEMO_TICKET_TEXTS = 3, DEMO_TICKETS_OPEN = 4, DEMO_EQUIPMENT_GOODS = 6 };

static const struct {
	const char *kind, *cause, *solution;
	const char *subjects[DEMO_TICKET_TEXTS];
} demo_tickets[] = {
	{ "repair", "wear", "更换磨损件，试机正常", { "设备不通电", "运行时有异响", "显示屏花屏" } },
	{ "inquiry", "knowledge", "电话中已说明", { "咨询保修期限", "咨询操作方法", "询问配件价格" } },
	{ "complaint", "delivery", "已向客户道歉并补发", { "交货晚了一周", "送来的货少了一箱", "开箱发现划痕" } },
	{ "installation", "other", "安装调试完成，客户已签字", { "新设备安装", "移机安装", "加装模块" } },
	{ "return", "wrong_goods", "已换货", { "型号不符要求换货", "多订的要求退货", "包装破损要求换货" } },
};

struct demo_case {
	struct demo_world *world;
	struct demo_customer *customer;
	struct demo_person agent;
	int64_t id, equipment, opened_us;
	size_t good, kind;
	const char *number, *serial, *subject, *state;
	bool ended;
};

static void
demo_case_search(const struct demo_case *one, enum demo_table table, int64_t id,
    const struct demo_searched *texts, size_t count)
{
	struct demo_customer of = *one->customer;

	of.owner = &one->agent;
	of.pool = 0;
	demo_search_row(one->world, &one->world->chunk.tables[table], id, &of, texts, count);
}

/* ---- equipment --------------------------------------------------------------------------- */

static void
demo_case_equipment(struct demo_case *one, int64_t installed)
{
	struct demo_world *world = one->world;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_equipment];

	one->good = demo_below(one->customer->random, DEMO_EQUIPMENT_GOODS);
	one->equipment = world->next_id++;
	one->serial = arena_printf(one->customer->scratch, "SN%08lld", (long long)one->equipment);
	demo_int(rows, one->equipment);
	demo_int(rows, one->customer->id);
	demo_text(rows, one->serial);
	demo_ref(rows, world->goods[one->good].id);
	demo_text(rows, demo_chance(one->customer->random, 50) ? "一号车间" : "机房");
	demo_date(rows, installed);
	demo_date(rows, installed + 365);
	demo_text(rows, "in_use");
	demo_owner(rows, world, &one->agent);
	demo_stamps(rows, demo_at(installed, 16 * 60), demo_at(installed, 16 * 60), one->agent.user);
	demo_row_end(rows);
	demo_case_search(one, DEMO_TABLE_equipment_search, one->equipment,
	    (const struct demo_searched[]){ { DEMO_OF_EQUIPMENT, F_equipment_serial, one->serial } }, 1);
}

/* ---- tickets ----------------------------------------------------------------------------- */

static void
demo_case_move(const struct demo_case *one, int64_t position, int64_t at_us, const char *from,
    const char *to, const char *note)
{
	struct demo_rows *rows = &one->world->chunk.tables[DEMO_TABLE_ticket_move];

	demo_int(rows, one->world->next_id++);
	demo_int(rows, one->id);
	demo_int(rows, position);
	demo_moment(rows, at_us);
	demo_text(rows, from);
	demo_text(rows, to);
	demo_int(rows, one->agent.user);
	demo_text(rows, note);
	demo_stamps(rows, at_us, at_us, one->agent.user);
	demo_row_end(rows);
}

static void
demo_case_moment(struct demo_rows *rows, bool there, int64_t at_us)
{
	if (there)
		demo_moment(rows, at_us);
	else
		demo_null(rows);
}

static void
demo_case_row(const struct demo_case *one, int64_t answered_us, int64_t solved_us)
{
	struct demo_rows *rows = &one->world->chunk.tables[DEMO_TABLE_ticket];
	struct demo_random *random = one->customer->random;
	static const char *const channels[] = { "phone", "phone", "mail", "portal" };
	static const char *const priorities[] = { "p1", "p2", "p3", "p3", "p3", "p4" };
	bool fresh = strcmp(one->state, "new") == 0, about = one->equipment != 0;
	int64_t updated = one->ended ? solved_us : fresh ? one->opened_us : answered_us;

	demo_int(rows, one->id);
	demo_text(rows, one->number);
	demo_int(rows, one->customer->id);
	demo_text(rows, one->subject);
	demo_text(rows, demo_tickets[one->kind].kind);
	demo_text(rows, priorities[demo_below(random, 6)]);
	demo_text(rows, channels[demo_below(random, 4)]);
	demo_ref(rows, one->customer->contact_count > 0 ? one->customer->contacts[0] : 0);
	demo_ref(rows, one->equipment);
	demo_ref(rows, about ? one->world->goods[one->good].id : 0);
	demo_text(rows, one->serial);
	demo_text(rows, one->state);
	demo_moment(rows, one->opened_us);
	demo_case_moment(rows, !fresh, answered_us);
	demo_case_moment(rows, one->ended, solved_us);
	demo_case_moment(rows, one->ended, solved_us + US_PER_DAY);
	demo_text(rows, one->ended ? demo_tickets[one->kind].solution : NULL);
	demo_text(rows, one->ended ? demo_tickets[one->kind].cause : NULL);
	if (one->ended)
		demo_int(rows, demo_between(random, 3, 5));
	else
		demo_null(rows);
	demo_owner(rows, one->world, &one->agent);
	demo_stamps(rows, one->opened_us, updated, one->agent.user);
	demo_row_end(rows);
}

static void
demo_case_ticket(struct demo_case *one, int64_t day)
{
	static const char *const open[DEMO_TICKETS_OPEN] = { "new", "open", "open", "waiting" };
	struct demo_random *random = one->customer->random;
	int64_t answered, solved;

	one->kind = demo_below(random, sizeof(demo_tickets) / sizeof(demo_tickets[0]));
	one->subject = demo_tickets[one->kind].subjects[demo_below(random, DEMO_TICKET_TEXTS)];
	one->opened_us = demo_at(day, (int)demo_between(random, 8 * 60, 17 * 60));
	answered = one->opened_us + demo_between(random, 5, 120) * 60 * US_PER_SECOND;
	solved = answered + demo_between(random, 1, 60) * 3600 * US_PER_SECOND;
	one->ended = one->world->today - day > 5;
	one->state = one->ended ? "closed" : open[demo_below(random, DEMO_TICKETS_OPEN)];
	one->id = one->world->next_id++;
	one->number = demo_number(one->world, one->customer->scratch, DEMO_SERIES_TICKET, one->opened_us);
	demo_case_row(one, answered, solved);
	demo_case_move(one, 0, one->opened_us, NULL, "new", NULL);
	if (strcmp(one->state, "new") != 0)
		demo_case_move(one, 1, answered, "new", "open", "已联系客户");
	if (strcmp(one->state, "waiting") == 0)
		demo_case_move(one, 2, answered, "open", "waiting", "等客户确认时间");
	if (one->ended) {
		demo_case_move(one, 2, solved, "open", "solved", demo_tickets[one->kind].solution);
		demo_case_move(one, 3, solved + US_PER_DAY, "solved", "closed", NULL);
	}
	demo_case_search(one, DEMO_TABLE_ticket_search, one->id,
	    (const struct demo_searched[]){ { DEMO_OF_TICKET, F_ticket_number, one->number },
		{ DEMO_OF_TICKET, F_ticket_subject, one->subject },
		{ DEMO_OF_TICKET, F_ticket_serial, one->serial } },
	    3);
}

void
demo_make_service(struct demo_world *world, struct demo_customer *customer)
{
	struct demo_random *random = customer->random;
	int64_t created = date_of_us(customer->created_us, DEMO_OFFSET_MIN);
	int64_t oldest = world->today - created < DEMO_TICKET_DAYS ? world->today - created : DEMO_TICKET_DAYS;
	struct demo_case one = { .world = world, .customer = customer,
		.agent = world->branches[customer->keeper->branch].agent };
	uint32_t chance = customer->traded ? 45 : 4;

	if (one.agent.user == 0 || oldest <= 3 || !demo_chance(random, chance))
		return;
	if (customer->traded && world->good_count >= DEMO_EQUIPMENT_GOODS && demo_chance(random, 60))
		demo_case_equipment(&one, world->today - oldest);
	for (size_t i = 0; i < 2; i++)
		if (i == 0 || demo_chance(random, 30))
			demo_case_ticket(&one, world->today - demo_between(random, 0, demo_chance(random, 20) ? 3 : oldest));
}
