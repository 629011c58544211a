/*
 * Today: what the asker's day holds, each part a page of rows. Two trips to the database: ids of what
 * each part holds, by an index of its own, then the pages of those that hold something, all at once.
 * Statements are named and planned once: planning them took three times what running them does.
 *
 * Nothing is scanned: activities still open have an index by owner, customers to see are in
 * customer_due by owner, birthdays are a number by owner, of either calendar. What of it belongs to colleagues is theirs.
 */
#include "server/record/page.h"
#include "server/record/team.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"

#include <string.h>

#define TODAY_ROWS	20
#define TODAY_ROWS_MAX	50
#define TODAY_SECTIONS	28
#define BIRTHDAY_DAYS	7
#define RECEIPT_DAYS	7
#define LEAVING_DAYS	7
#define QUOTE_DAYS	7
#define CONTRACT_DAYS	30 /* of contracts that end, and of what a customer is to pay */
#define TODAY_COUNT	100 /* of a part that has more, nobody asks how many */

struct today;

/*
 * Most parts are the rows t of a table that are the reader's, still open, and in time: by an index of
 * owner and day. The others find their ids in a function of their own.
 */
struct section_kind {
	const char *name, *zh, *en;
	uint32_t entity;
	const char *list; /* what shows the whole of it as a list; NULL: nothing does */
	const char *columns;
	const char *from, *open, *order; /* "visit t", and what of it is open */
	const char *day;                 /* is at most days from today, or until; NULL: whenever */
	int days;
	int64_t (*until)(const struct call *call);
	void (*find)(struct call *call, const struct today *today, struct sql *sql, size_t limit);
	bool everybody; /* rows of all owners */
	bool shared; /* not only the reader's own: what is shared with them */
	const char *company; /* for a customer's own people, instead of the owner: the column of theirs */
	bool (*concerns)(struct call *call, const struct today *today); /* NULL: everybody */
};

struct section {
	const struct section_kind *kind;
	const struct entity_view *entity;
	struct arms arms;
	uint32_t columns[8];
	size_t column_count;
	struct page_reading *reading;
	struct rows *found;
	int64_t *ids;
};

struct today {
	struct section sections[TODAY_SECTIONS];
	size_t count, limit;
	/* those whose reports the reader reads, and the reader's own line */
	const int64_t *people;
	size_t people_count;
	struct rows *me; /* NULL: no work reports for this reader */
};

/* Whose work it is to do this with everybody's, not only with their own. */
static bool
today_acts_for_all(struct call *call, uint32_t entity)
{
	return access_arms(call->user, catalog_entity(call->catalog, entity)->def, RIGHT_ACT).all;
}

static bool
today_writes_invoices(struct call *call, const struct today *today)
{
	(void)today;
	return today_acts_for_all(call, E_invoice_request);
}

static bool
today_collects(struct call *call, const struct today *today)
{
	(void)today;
	return today_acts_for_all(call, E_receivable);
}

static bool
today_collects_own(struct call *call, const struct today *today)
{
	return !today_collects(call, today);
}

static bool
today_reads_reports(struct call *call, const struct today *today)
{
	(void)call;
	return today->people_count > 0;
}

/* ---- what is found, by an index of its own ------------------------------------------------ */

/* The moment that a day of the reader's begins. */
static void
today_begin(struct call *call, struct sql *sql, int64_t day)
{
	sql_moment(sql, day * US_PER_DAY - call->session.offset_min * INT64_C(60) * US_PER_SECOND);
}

/* Whose people the reader is of: a customer's id, 0 for our own. */
static int64_t
today_company(struct call *call, uint32_t entity)
{
	return access_arms(call->user, catalog_entity(call->catalog, entity)->def, RIGHT_VIEW).company;
}

/* The rows of a part that says where they are. */
static void
today_find_rows(struct call *call, const struct section_kind *kind, struct sql *sql, size_t limit)
{
	sql_addf(sql, "SELECT t.id FROM %s WHERE %s", kind->from, kind->open);
	if (kind->company != NULL) {
		sql_addf(sql, " AND %s = ", kind->company);
		sql_int(sql, today_company(call, kind->entity));
	} else if (!kind->everybody) {
		sql_add(sql, " AND t.owner_id = ");
		sql_int(sql, call->session.user);
	}
	if (kind->day != NULL) {
		sql_addf(sql, " AND %s <= ", kind->day);
		sql_date(sql, kind->until != NULL ? kind->until(call) : call_today(call) + kind->days);
	}
	sql_addf(sql, " ORDER BY %s LIMIT %zu", kind->order, limit);
}

/* Activities still open; after this what their moment is to be. */
static void
today_find_open(struct call *call, struct sql *sql)
{
	sql_add(sql, "SELECT v.id FROM visit v WHERE v.owner_id = ");
	sql_int(sql, call->session.user);
	sql_add(sql, " AND v.state IN ('planned', 'started') AND v.deleted_at IS NULL AND v.at");
}

static void
today_find_overdue(struct call *call, const struct today *today, struct sql *sql, size_t limit)
{
	(void)today;
	today_find_open(call, sql);
	sql_add(sql, " < ");
	today_begin(call, sql, call_today(call));
	sql_addf(sql, " ORDER BY v.at, v.id LIMIT %zu", limit);
}

static void
today_find_today(struct call *call, const struct today *today, struct sql *sql, size_t limit)
{
	(void)today;
	today_find_open(call, sql);
	sql_add(sql, " >= ");
	today_begin(call, sql, call_today(call));
	sql_add(sql, " AND v.at < ");
	today_begin(call, sql, call_today(call) + 1);
	sql_addf(sql, " ORDER BY v.at, v.id LIMIT %zu", limit);
}

static int64_t
today_month_end(const struct call *call)
{
	struct ymd next = date_to_ymd(call_today(call));

	next.day = 1;
	next.year += next.month == 12;
	next.month = next.month % 12 + 1;
	return date_from_ymd(next) - 1;
}

static void
today_find_approvals(struct call *call, const struct today *today, struct sql *sql, size_t limit)
{
	const int64_t me = call->session.user;

	(void)today;
	sql_add(sql, "SELECT kehu_approval_step_of(");
	sql_ints(sql, &me, 1);
	sql_addf(sql, ") LIMIT %zu", limit);
}

/* Those nobody met for longest come first, whatever their level. */
static void
today_find_follow(struct call *call, const struct today *today, struct sql *sql, size_t limit)
{
	(void)today;
	sql_add(sql, "SELECT d.id FROM follow_up_rule r CROSS JOIN LATERAL (SELECT d.id, d.met_at "
		     "FROM customer_due d WHERE d.owner_id = ");
	sql_int(sql, call->session.user);
	sql_add(sql, " AND d.level = r.level AND d.met_at < ");
	sql_moment(sql, date_now_us());
	sql_addf(sql, " - make_interval(days => r.days::integer) "
		      "AND (d.next_on IS NULL OR d.next_on > ");
	sql_date(sql, call_today(call));
	sql_addf(sql, ") ORDER BY d.met_at LIMIT %zu) d "
		      "WHERE r.active AND r.deleted_at IS NULL ORDER BY d.met_at LIMIT %zu", limit, limit);
}

static void
today_find_reports(struct call *call, const struct today *today, struct sql *sql, size_t limit)
{
	(void)call;
	sql_add(sql, "SELECT w.id FROM work_report w WHERE w.state = 'handed_in' AND w.deleted_at IS NULL "
		     "AND w.owner_id = ANY(");
	sql_ints(sql, today->people, today->people_count);
	sql_addf(sql, ") ORDER BY w.day LIMIT %zu", limit);
}

/* By either calendar: kehu_kept() says which days of the year are kept. */
static void
today_find_birthdays(struct call *call, const struct today *today, struct sql *sql, size_t limit)
{
	static const struct {
		const char *column, *lunar;
	} calendars[] = { { "birthday_md", "false" }, { "birthday_lunar", "true" } };

	(void)today;
	for (size_t i = 0; i < 2; i++) {
		sql_addf(sql, "%s(SELECT c.id FROM contact c WHERE c.owner_id = ", i > 0 ? " UNION ALL " : "");
		sql_int(sql, call->session.user);
		sql_addf(sql, " AND c.deleted_at IS NULL AND c.%s = ANY(kehu_kept(", calendars[i].column);
		sql_date(sql, call_today(call));
		sql_add(sql, ", ");
		sql_date(sql, call_today(call) + BIRTHDAY_DAYS);
		sql_addf(sql, ", %s)) LIMIT %zu)", calendars[i].lunar, limit);
	}
	sql_addf(sql, " LIMIT %zu", limit);
}

/* What one borrowed, and what others have of one's own customers'. */
static void
today_find_papers(struct call *call, const struct today *today, struct sql *sql, size_t limit)
{
	static const char *const whose[] = { "owner_id", "borrower_id" };

	(void)today;
	sql_add(sql, "SELECT p.id FROM (");
	for (size_t i = 0; i < 2; i++) {
		sql_addf(sql, "%s(SELECT t.id, t.due_on FROM paper t WHERE t.%s = ", i > 0 ? " UNION " : "", whose[i]);
		sql_int(sql, call->session.user);
		sql_add(sql, " AND t.state = 'lent' AND t.deleted_at IS NULL AND t.due_on <= ");
		sql_date(sql, call_today(call));
		sql_addf(sql, " ORDER BY t.due_on LIMIT %zu)", limit);
	}
	sql_addf(sql, ") p ORDER BY p.due_on, p.id LIMIT %zu", limit);
}

/* ---- sections ----------------------------------------------------------------------------- */

static const struct section_kind today_kinds[] = {
	{ "reminders", "提醒", "Reminders", E_reminder, .list = "owner:me state:told sort:due_at",
	    .columns = "due_at text customer_id visit_id state", .from = "reminder t",
	    .open = "t.state = 'told' AND t.deleted_at IS NULL", .order = "t.due_at, t.id" },
	{ "overdue", "逾期", "Overdue", E_visit, .list = "owner:me state:planned,started at:<today sort:at",
	    .columns = "at kind customer_id purpose state", .find = today_find_overdue },
	{ "today", "今天", "Today", E_visit, .list = "owner:me state:planned,started at:today sort:at",
	    .columns = "at kind customer_id purpose state minutes", .find = today_find_today },
	{ "approvals", "待审批", "To approve", E_approval, .list = "approvers:me state:waiting",
	    .columns = "created_at title owner_id", .find = today_find_approvals, .shared = true },
	{ "reports", "待阅报告", "To read", E_work_report, .list = "state:handed_in -owner:me",
	    .columns = "day title owner_id state", .find = today_find_reports, .shared = true,
	    .concerns = today_reads_reports },
	{ "invoices", "待开票", "To invoice", E_invoice_request, .list = "state:asked sort:asked_on",
	    .columns = "asked_on customer_id amount number state", .from = "invoice_request t",
	    .open = "t.state = 'asked' AND t.deleted_at IS NULL", .order = "t.asked_on, t.id", .everybody = true, .shared = true,
	    .concerns = today_writes_invoices },
	{ "receipts", "应收款", "Payments", E_receivable, .list = "owner:me overdue:..+7d sort:due_on",
	    .columns = "due_on customer_id open number", .from = "receivable_figures t JOIN receivable r ON r.id = t.id",
	    .open = "r.deleted_at IS NULL", .day = "t.overdue_on", .days = RECEIPT_DAYS, .order = "t.overdue_on",
	    .concerns = today_collects_own },
	{ "receipts", "应收款", "Payments", E_receivable, .list = "overdue:..+7d sort:due_on",
	    .columns = "due_on customer_id open number owner_id", .from = "receivable_figures t JOIN receivable r ON r.id = t.id",
	    .open = "r.deleted_at IS NULL", .day = "t.overdue_on", .days = RECEIPT_DAYS, .order = "t.overdue_on", .everybody = true, .shared = true,
	    .concerns = today_collects },
	{ "tickets", "工单", "Tickets", E_ticket, .list = "owner:me state:new,open sort:opened_at",
	    .columns = "opened_at customer_id subject priority state", .from = "ticket t",
	    .open = "t.state IN ('new', 'open') AND t.deleted_at IS NULL", .order = "t.priority, t.opened_at" },
	{ "contact", "该联系", "To contact", E_customer, .list = "owner:me due:..today",
	    .columns = "next_visit_on name level", .from = "customer_due t",
	    .open = "true", .day = "t.next_on", .order = "t.next_on" },
	{ "plan", "开发计划", "Plan steps", E_plan_step, .list = "owner:me state:open due:..today sort:due_on",
	    .columns = "due_on customer_id step state", .from = "plan_step t",
	    .open = "t.state = 'open' AND t.deleted_at IS NULL", .day = "t.due_on", .order = "t.due_on, t.id" },
	{ "closing", "本月成交", "Closing", E_opportunity,
	    .list = "owner:me state:open expected_on:..eom sort:expected_on",
	    .columns = "expected_on name amount stage", .from = "opportunity t",
	    .open = "t.state = 'open' AND t.deleted_at IS NULL", .day = "t.expected_on", .until = today_month_end, .order = "t.expected_on, t.id" },
	{ "quotes", "报价到期", "Quotes end", E_quote, .list = "owner:me state:issued valid_until:..+7d",
	    .columns = "valid_until customer_id number total state", .from = "quote t",
	    .open = "t.state = 'issued' AND t.deleted_at IS NULL", .day = "t.valid_until", .days = QUOTE_DAYS, .order = "t.valid_until" },
	{ "contracts", "合同到期", "Contracts end", E_contract, .list = "owner:me state:signed valid_until:..+30d sort:valid_until",
	    .columns = "valid_until customer_id number total title", .from = "contract t",
	    .open = "t.state = 'signed' AND t.deleted_at IS NULL", .day = "t.valid_until", .days = CONTRACT_DAYS, .order = "t.valid_until" },
	{ "leads", "新线索", "New leads", E_lead, .list = "owner:me state:new",
	    .columns = "received_on name person state", .from = "lead t",
	    .open = "t.state = 'new' AND t.deleted_at IS NULL", .order = "t.received_on" },
	{ "follow", "该回访", "Not met", E_customer, .columns = "last_visit_at name level",
	    .find = today_find_follow },
	{ "leaving", "将入公海", "Leaving", E_customer, .list = "owner:me leaves:..+7d",
	    .columns = "leaves_on name leaves_by level", .from = "customer_due t JOIN customer_figures f ON f.id = t.id",
	    .open = "true", .day = "f.leaves_on", .days = LEAVING_DAYS, .order = "f.leaves_on, t.id" },
	{ "birthdays", "生日", "Birthdays", E_contact, .columns = "birthday name customer_id",
	    .find = today_find_birthdays },
	{ "anniversaries", "纪念日", "Anniversaries", E_anniversary, .list = "owner:me next:..+7d",
	    .columns = "next_on title customer_id lunar", .from = "anniversary_figures f JOIN anniversary t ON t.id = f.id",
	    .open = "t.deleted_at IS NULL", .day = "f.next_on", .days = BIRTHDAY_DAYS, .order = "f.next_on, t.id" },
	{ "papers", "档案未还", "Papers due back", E_paper, .list = "state:lent due:..today",
	    .columns = "due_on title customer_id borrower_id number", .find = today_find_papers, .shared = true },
	{ "orders", "订单", "Orders", E_order, .list = "state:draft,held,confirmed,part_delivered",
	    .columns = "ordered_on number total state", .from = "sales_order t",
	    .open = "t.state IN ('draft', 'held', 'confirmed', 'part_delivered') AND t.deleted_at IS NULL",
	    .order = "t.ordered_on DESC, t.id DESC", .shared = true, .company = "t.customer_id" },
	{ "deliveries", "待签收", "On the way", E_delivery, .list = "state:shipped",
	    .columns = "delivered_on number carrier waybill", .from = "delivery t",
	    .open = "t.state = 'shipped' AND t.deleted_at IS NULL", .order = "t.delivered_on DESC, t.id DESC", .shared = true,
	    .company = "t.customer_id" },
	{ "to_pay", "待付款", "To pay", E_receivable, .list = "overdue:..+30d sort:due_on",
	    .columns = "due_on number open", .from = "receivable r JOIN receivable_figures t ON t.id = r.id",
	    .open = "t.overdue_on IS NOT NULL AND r.deleted_at IS NULL", .day = "r.due_on", .days = CONTRACT_DAYS,
	    .order = "r.due_on, r.id", .shared = true, .company = "r.customer_id" },
	{ "cases", "工单", "Tickets", E_ticket, .list = "state:new,open,waiting", .columns = "opened_at subject state",
	    .from = "ticket t", .open = "t.state IN ('new', 'open', 'waiting') AND t.deleted_at IS NULL",
	    .order = "(t.state = 'waiting') DESC, t.opened_at DESC, t.id DESC",
	    .shared = true, .company = "t.customer_id" },
	{ "messages", "消息", "Messages", E_message, .list = "owner:me -has:read_at",
	    .columns = "created_at text from_id", .from = "message t",
	    .open = "t.read_at IS NULL AND t.kind <> 'reminder' AND t.deleted_at IS NULL", .order = "t.created_at DESC" },
};

/* The columns this reader may see; those that are masked say nothing in a line. */
static void
today_take_columns(struct call *call, struct section *section)
{
	char *save = NULL, *copy = arena_strdup(call->arena, section->kind->columns);

	for (char *name = strtok_r(copy, " ", &save); name != NULL; name = strtok_r(NULL, " ", &save)) {
		const struct field *field = entity_field_named(section->entity, name);

		if (field != NULL && (field->flags & FIELD_MASKED) == 0)
			section->columns[section->column_count++] = field->number;
	}
}

/* A part whose first column this reader may not see does not exist for them. */
static bool
today_shows(const struct section *section)
{
	size_t length = strcspn(section->kind->columns, " ");
	const struct field *first =
	    section->column_count > 0 ? entity_field(section->entity, section->columns[0]) : NULL;

	return first != NULL && strncmp(first->name, section->kind->columns, length) == 0 &&
	    first->name[length] == '\0';
}

static enum err
today_prepare(struct call *call, struct today *today)
{
	for (size_t i = 0; i < sizeof(today_kinds) / sizeof(today_kinds[0]); i++) {
		struct section *section = &today->sections[today->count];
		struct arms arms;
		enum err err;

		*section = (struct section){ .kind = &today_kinds[i],
			.entity = call_view(call, today_kinds[i].entity) };
		if (section->entity == NULL ||
		    (access_rights(call->user, section->entity->def) & RIGHT_VIEW) == 0 ||
		    (section->kind->company != NULL && today_company(call, section->kind->entity) == 0) ||
		    (section->kind->concerns != NULL && !section->kind->concerns(call, today)))
			continue;
		today_take_columns(call, section);
		if (!today_shows(section))
			continue;
		call_scope_references(call, section->entity);
		arms = call_scope(call, section->entity->def, RIGHT_VIEW);
		section->arms = section->kind->shared ? arms :
			(struct arms){ .right = RIGHT_VIEW, .own = call->session.user };
		err = page_prepare(call, &(struct page_request){
		    .entity = section->entity, .arms = &section->arms, .columns = section->columns,
		    .column_count = section->column_count, .limit = today->limit, .often = true }, &section->reading);
		if (err != ERR_OK)
			return err;
		today->count++;
	}
	/* Read by today_find_follow(). */
	(void)call_scope(call, catalog_entity(call->catalog, E_follow_up_rule)->def, RIGHT_VIEW);
	return ERR_OK;
}

/* Whom one leads, and the line of oneself; for those who have work reports at all. */
static enum err
today_take_people(struct call *call, struct today *today)
{
	const struct entity *report = catalog_entity(call->catalog, E_work_report)->def;
	struct arms arms;
	int64_t *people;
	enum err err;

	if ((access_rights(call->user, report) & RIGHT_VIEW) == 0)
		return ERR_OK;
	err = team_scope(call, &arms);
	if (err != ERR_OK)
		return err;
	people = ARENA_ARRAY(call->arena, int64_t, access_setup_count(call->access, E_user) + 1);
	today->people_count = team_people(call, &arms, false, people);
	today->people = people;
	return ERR_OK;
}

static enum err
today_find(struct call *call, struct today *today)
{
	enum err err;

	for (size_t i = 0; i < today->count; i++) {
		struct section *section = &today->sections[i];
		struct sql *sql = sql_new(call->arena);

		if (section->kind->find != NULL)
			section->kind->find(call, today, sql, TODAY_COUNT);
		else
			today_find_rows(call, section->kind, sql, TODAY_COUNT);
		sql_named(sql);
		store_queue(call->store, sql, &section->found);
	}
	err = store_flush(call->store, call->arena);
	for (size_t i = 0; err == ERR_OK && i < today->count; i++) {
		struct section *section = &today->sections[i];

		section->ids = ARENA_ARRAY(call->arena, int64_t, section->found->count + 1);
		for (size_t r = 0; r < section->found->count; r++)
			section->ids[r] = rows_int(section->found, r, 0);
	}
	return err;
}

static enum err
today_read(struct call *call, struct today *today)
{
	for (size_t i = 0; i < today->count; i++) {
		struct section *section = &today->sections[i];

		if (section->found->count == 0)
			continue;
		page_only(section->reading, section->ids,
		    section->found->count < today->limit ? section->found->count : today->limit);
		page_queue(call, section->reading);
	}
	if (today->people != NULL)
		team_queue(call, &call->session.user, 1, &today->me);
	return store_flush(call->store, call->arena);
}

/* ---- the answer --------------------------------------------------------------------------- */

/* Ids found that this reader cannot see after all do not count. */
static uint32_t
today_count(const struct section *section, const struct today *today, const Kehu__Page *page)
{
	return (uint32_t)(section->found->count > today->limit ? section->found->count : page->n_rows);
}

/* In the order the ids were found in, the most urgent first. */
static void
today_order(const struct section *section, Kehu__Page *page)
{
	size_t next = 0;

	for (size_t i = 0; next < page->n_rows && i < section->found->count; i++)
		for (size_t r = next; r < page->n_rows; r++)
			if (page->rows[r]->id == section->ids[i]) {
				Kehu__Row *row = page->rows[r];

				page->rows[r] = page->rows[next];
				page->rows[next++] = row;
				break;
			}
}

static void
today_answer(struct call *call, const struct today *today)
{
	Kehu__TodayAnswer *answer = ARENA_NEW(call->arena, Kehu__TodayAnswer);

	kehu__today_answer__init(answer);
	answer->sections = ARENA_ARRAY(call->arena, Kehu__TodaySection *, today->count + 1);
	for (size_t i = 0; i < today->count; i++) {
		const struct section *section = &today->sections[i];
		const struct section_kind *kind = section->kind;
		Kehu__TodaySection *part;
		Kehu__Page *page;

		if (section->found->count == 0)
			continue;
		page = page_take(call, section->reading);
		if (page->n_rows == 0)
			continue;
		today_order(section, page);
		part = ARENA_NEW(call->arena, Kehu__TodaySection);
		kehu__today_section__init(part);
		part->name = arena_strdup(call->arena, kind->name);
		part->label = arena_strdup(call->arena, call_say(call, kind->en, kind->zh));
		part->has_entity = true;
		part->entity = kind->entity;
		if (kind->list != NULL)
			part->query = arena_strdup(call->arena, kind->list);
		part->page = page;
		part->has_count = true;
		part->count = today_count(section, today, page);
		call->rows += page->n_rows;
		answer->sections[answer->n_sections++] = part;
	}
	if (today->me != NULL && today->me->count > 0)
		answer->me = team_take_member(call, today->me, 0);
	answer->has_leads = today->people_count > 0;
	answer->leads = (uint32_t)today->people_count;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_TODAY;
	call->answer.today = answer;
}

enum err
handle_today(struct call *call)
{
	const Kehu__Today *request = call->request->today;
	struct today *today = ARENA_NEW(call->arena, struct today);
	enum err err;

	today->limit = request->limit == 0 ? TODAY_ROWS : request->limit;
	if (today->limit > TODAY_ROWS_MAX)
		today->limit = TODAY_ROWS_MAX;
	err = today_take_people(call, today);
	if (err == ERR_OK)
		err = today_prepare(call, today);
	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	call_plan_once(call);
	err = today_find(call, today);
	if (err == ERR_OK)
		err = today_read(call, today);
	if (err == ERR_OK)
		today_answer(call, today);
	return err;
}
