/*
 * The demo company's days: targets of three months by what was reached before, the evening
 * reports of the week, a contract that ends this month and its reminder, a message of the superior,
 * discounts that wait for a superior's consent, the company of who signs in from outside. Made in the database of
 * what was loaded, for so many people at most, before triggers are put back.
 */
#include "server/job/demo_day.h"

#include "common/date.h"
#include "common/uuid.h"
#include "proto/kehu.pb-c.h"
#include "server/entity/fields.h"

#include <string.h>

#define DEMO_DAY_PEOPLE 300 /* have targets and reports; larger companies are not told apart   \
			     */
#define DEMO_CONSENTS 30    /* wait */

/* Who has them, up to a number. */
static const char demo_people[] =
    "people AS (SELECT u.id, u.label, u.department_id, u.branch_id, u.superior_id FROM users u"
    " JOIN user_role l ON l.user_id = u.id JOIN role r ON r.id = l.role_id"
    " WHERE r.name = 'account_manager' AND u.deleted_at IS NULL ORDER BY u.id LIMIT ";
/*
 * What somebody is to reach is a tenth more than what they had reached. Deleted records are left out, as
 * the indexes leave them out.
 */
static const char demo_targets[] =
    "), months AS (SELECT (date_trunc('month', day.today) - make_interval(months => m))::date "
    "AS month"
    " FROM day, generate_series(0, 2) m),"
    " reached AS (SELECT p.*,"
    " (SELECT count(*) FROM visit v WHERE v.owner_id = p.id AND v.state = 'completed'"
    "  AND v.deleted_at IS NULL AND v.at > day.today - interval '90 days') / 3 AS visits,"
    " (SELECT count(*) FROM customer c WHERE c.owner_id = p.id"
    "  AND c.deleted_at IS NULL AND c.created_at > day.today - interval '90 days') / 3 AS customers,"
    " (SELECT coalesce(sum(o.total_base), 0) FROM sales_order o WHERE o.owner_id = p.id AND"
    "  o.deleted_at IS NULL AND"
    "  o.state NOT IN ('draft', 'held', 'cancelled') AND o.ordered_on > day.today - 90) / 3 AS "
    "orders,"
    " (SELECT coalesce(sum(i.amount_base), 0) FROM receipt i WHERE i.owner_id = p.id"
    "  AND i.deleted_at IS NULL AND i.received_on > day.today - 90) / 3 AS receipts FROM people p, "
    "day),"
    " goals AS (SELECT r.*, x.measure, x.zh, x.number, x.amount FROM reached r, LATERAL (VALUES"
    "  ('visits', '拜访次数', greatest(10, r.visits * 11 / 10), NULL::bigint),"
    "  ('customers', '新增客户', greatest(2, r.customers * 11 / 10), NULL),"
    "  ('orders', '订单金额', NULL, greatest(5000000, (r.orders * 1.1)::bigint / 1000000 * "
    "1000000)),"
    "  ('receipts', '回款金额', NULL, greatest(5000000, (r.receipts * 1.1)::bigint / 1000000 * "
    "1000000))"
    "  ) x (measure, zh, number, amount)),"
    " own AS (INSERT INTO target (title, month, level, person_id, measure, number, amount, "
    "amount_currency,"
    "  owner_id, department_id, branch_id, created_by)"
    "  SELECT to_char(m.month, 'YYYY-MM ') || g.label || ' ' || g.zh, m.month, 'person', g.id, "
    "g.measure,"
    "  g.number, g.amount, CASE WHEN g.amount IS NOT NULL THEN 'CNY' END, g.id, "
    "g.department_id,"
    "  g.branch_id, g.superior_id FROM goals g, months m),"
    " teams AS (INSERT INTO target (title, month, level, of_department_id, measure, number, "
    "amount,"
    "  amount_currency, owner_id, department_id, branch_id, created_by)"
    "  SELECT to_char(m.month, 'YYYY-MM ') || d.name || ' ' || g.zh, m.month, 'department', "
    "d.id, g.measure,"
    "  sum(g.number), sum(g.amount), CASE WHEN sum(g.amount) IS NOT NULL THEN 'CNY' END, "
    "d.manager_id, d.id,"
    "  d.branch_id, d.manager_id FROM goals g JOIN department d ON d.id = g.department_id, "
    "months m"
    "  GROUP BY m.month, d.id, d.name, d.manager_id, d.branch_id, g.measure, g.zh)"
    " INSERT INTO target (title, month, level, measure, number, amount, amount_currency, "
    "owner_id, created_by)"
    "  SELECT to_char(m.month, 'YYYY-MM ') || '公司 ' || g.zh, m.month, 'company', g.measure, "
    "sum(g.number),"
    "  sum(g.amount), CASE WHEN sum(g.amount) IS NOT NULL THEN 'CNY' END, e.id, e.id FROM "
    "goals g, months m,"
    "  (SELECT min(l.user_id) AS id FROM user_role l JOIN role r ON r.id = l.role_id"
    "  WHERE r.name = 'executive') e GROUP BY m.month, e.id, g.measure, g.zh";

/* Reports of the five working days before today; the last is not read by everybody's superior.
 */
static const char demo_reports[] =
    "INSERT INTO work_report (title, kind, day, until, done, plan, problems, state, due_on, "
    "handed_in_at,"
    " late, read_at, reader_id, owner_id, department_id, branch_id, created_at, created_by)"
    " SELECT p.label || ' ' || d.day, 'daily', d.day, d.day,"
    " coalesce((SELECT string_agg('拜访 ' || c.name || '：' || coalesce(v.purpose, ''), E'\\n' "
    "ORDER BY v.at, v.id)"
    "  FROM visit v JOIN customer c ON c.id = v.customer_id WHERE v.owner_id = p.id AND "
    "v.state = 'completed'"
    "  AND v.deleted_at IS NULL AND v.at >= d.day - interval '8 hours'"
    "  AND v.at < d.day + interval '16 hours'), '电话联系老客户，整理客户资料。'),"
    " '跟进报价与合同，安排下周拜访。',"
    " CASE WHEN (p.id + (d.day - date '2000-01-01')) % 7 = 0 THEN "
    "'客户要求的交货期比较紧，请协调发货。' END,"
    " CASE WHEN s.seen THEN 'read' ELSE 'handed_in' END, d.day, d.day + time '09:40', false,"
    " CASE WHEN s.seen THEN d.day + time '12:30' END, CASE WHEN s.seen THEN p.superior_id END, "
    "p.id,"
    " p.department_id, p.branch_id, d.day + time '09:10', p.id"
    " FROM people p, day, LATERAL (SELECT g.day::date AS day, row_number() OVER (ORDER BY "
    "g.day DESC) AS nth"
    "  FROM generate_series(day.today - 9, day.today - 1, interval '1 day') g (day)"
    "  WHERE extract(isodow FROM g.day) < 6) d,"
    " LATERAL (SELECT d.nth > 1 OR p.id % 2 = 0 AS seen) s"
    " WHERE d.nth <= 5 AND p.superior_id IS NOT NULL";

/* A year's contract as the latest quote that was ordered, which ends in three weeks. */
static const char demo_contracts[] =
    "picked AS (SELECT q.*, day.today, 'HT' || to_char(day.today - 345, 'YYMM-') || lpad((row_number() OVER (ORDER BY q.owner_id))::text,"
    "  6, '0') AS contract FROM day, people p, LATERAL (SELECT * FROM quote q WHERE q.owner_id = p.id AND"
    "  q.state = 'ordered' AND q.deleted_at IS NULL ORDER BY q.quoted_on DESC, q.id LIMIT 1) q),"
    " made AS (INSERT INTO contract (number, title, customer_id, contact_id, signed_on, valid_from, valid_until, remind_on,"
    "  currency, tax_included, state, net, net_currency, tax, tax_currency, total, total_currency, rate, total_base,"
    "  total_base_currency, discount_max, over_limit, terms, owner_id, department_id, branch_id, created_at, created_by)"
    "  SELECT contract, '年度供货合同', customer_id, contact_id, today - 345, today - 345, today + 20, today,"
    "  currency, tax_included, 'signed', net, net_currency, tax, tax_currency, total, total_currency, rate, total_base,"
    "  total_base_currency, discount_max, false, terms, owner_id, department_id, branch_id, today - 345, owner_id"
    "  FROM picked RETURNING id, number, customer_id, valid_until, owner_id, department_id, branch_id, created_at),"
    " reminded AS (INSERT INTO reminder (text, due_at, contract_id, customer_id, state, automatic, owner_id, department_id,"
    "  branch_id, created_by) SELECT format('合同 %s 将于 %s 到期', m.number, m.valid_until), day.today + interval '1 hour', m.id,"
    "  m.customer_id, 'waiting', true, m.owner_id, m.department_id, m.branch_id, m.owner_id FROM made m, day),"
    " told AS (INSERT INTO message (text, from_id, to_id, kind, owner_id, department_id, branch_id, created_at, created_by)"
    "  SELECT '周五上午例会，请带上本月要成交的商机和要续签的合同。', p.superior_id, p.id, 'message', p.id, p.department_id,"
    "  p.branch_id, day.today, p.superior_id FROM people p, day WHERE p.superior_id IS NOT NULL)"
    " INSERT INTO contract_line (contract_id, position, product_id, quantity, unit, price, discount, tax_rate, amount,"
    "  amount_currency, description, list_price, price_list_id, created_at, created_by)"
    "  SELECT m.id, l.position, l.product_id, l.quantity, l.unit, l.price, l.discount, l.tax_rate, l.amount,"
    "  l.amount_currency, l.description, l.list_price, l.price_list_id, m.created_at, m.owner_id"
    "  FROM made m JOIN picked k ON k.contract = m.number JOIN quote_line l ON l.quote_id = k.id AND l.deleted_at IS NULL";

/* Who signs in from outside is of the customer that has most to see: orders under way, money open, tickets. */
static const char demo_outside[] =
    "UPDATE users u SET company_id = (SELECT c.id FROM customer c, LATERAL (SELECT"
    "  (SELECT count(*) FROM sales_order o WHERE o.customer_id = c.id AND o.deleted_at IS NULL"
    "   AND o.state IN ('confirmed', 'part_delivered')) AS orders,"
    "  (SELECT count(*) FROM receivable r JOIN receivable_figures f ON f.id = r.id WHERE r.customer_id = c.id"
    "   AND r.deleted_at IS NULL AND f.open > 0) AS open,"
    "  (SELECT count(*) FROM ticket t WHERE t.customer_id = c.id AND t.deleted_at IS NULL"
    "   AND t.state IN ('new', 'open')) AS tickets) n"
    " WHERE c.deleted_at IS NULL AND c.type = 'company' AND c.owner_id IS NOT NULL"
    " ORDER BY least(n.orders, 1) + least(n.open, 1) + least(n.tickets, 1) DESC, n.orders + n.open DESC, c.id LIMIT 1)"
    " WHERE u.company_id IS NULL AND EXISTS (SELECT FROM user_role l JOIN role r ON r.id = l.role_id"
    "  WHERE l.user_id = u.id AND r.name = 'external_user')";

static struct sql *
demo_day_sql(struct arena *arena, int64_t today)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, "WITH day AS (SELECT ");
	sql_date(sql, today);
	sql_add(sql, " AS today), ");
	return sql;
}

static void
demo_day_targets(struct store *store, struct arena *arena, int64_t today)
{
	struct sql *sql = demo_day_sql(arena, today);

	sql_add(sql, demo_people);
	sql_int(sql, DEMO_DAY_PEOPLE);
	sql_add(sql, demo_targets);
	store_queue(store, sql, NULL);
}

static void
demo_day_reports(struct store *store, struct arena *arena, int64_t today)
{
	struct sql *sql = demo_day_sql(arena, today);

	sql_add(sql, demo_people);
	sql_int(sql, DEMO_DAY_PEOPLE);
	sql_add(sql, ") ");
	sql_add(sql, demo_reports);
	store_queue(store, sql, NULL);
}

static void
demo_day_contracts(struct store *store, struct arena *arena, int64_t today)
{
	struct sql *sql = demo_day_sql(arena, today);

	sql_add(sql, demo_people);
	sql_int(sql, DEMO_DAY_PEOPLE);
	sql_add(sql, "), ");
	sql_add(sql, demo_contracts);
	store_queue(store, sql, NULL);
}

/* ---- consent ----------------------------------------------------------------------------- */

/* "Issue this quote", as its writer's client would have sent it. */
static void
demo_consent_request(struct sql *sql, struct arena *arena, int64_t quote)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;
	uint8_t *packed;

	act.has_entity = act.has_id = act.has_version = true;
	act.entity = E_quote;
	act.id = quote;
	act.version = 1;
	act.action = arena_strdup(arena, "issue");
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	packed = arena_alloc(arena, kehu__client_frame__get_packed_size(&frame));
	sql_bytes(sql, packed, kehu__client_frame__pack(&frame, packed));
}

static void
demo_consent_open(struct store *store, struct arena *arena, const struct rows *quotes,
    size_t row, int64_t today)
{
	struct ymd ymd = date_to_ymd(today);
	struct sql *who = sql_new(arena), *open = sql_new(arena);
	struct uuid intention = uuid_new();

	sql_add(who, "SELECT set_config('kehu.session', '0', true), set_config('kehu.user', ");
	sql_text(who, arena_printf(arena, "%lld", (long long)rows_int(quotes, row, 2)));
	sql_add(who, ", true)");
	store_queue(store, who, NULL);
	sql_add(open, "SELECT o.id FROM kehu_number(");
	sql_text(open, arena_printf(arena, "AP%02d%02d-", ymd.year % 100, ymd.month));
	sql_addf(open, ") n, LATERAL kehu_approval_open(n, %d, ", E_quote);
	sql_int(open, rows_int(quotes, row, 0));
	sql_add(open, ", 'issue', ");
	sql_text(open, arena_printf(arena, "报价单 %s：发出", rows_text(quotes, row, 1)));
	sql_add(open, ", ");
	sql_text(open, "老客户，数量大，竞争对手报价更低");
	sql_add(open, ", ");
	sql_ints(open, (const int64_t[]){ rows_int(quotes, row, 3) }, 1);
	sql_add(open, ", '{}', ");
	demo_consent_request(open, arena, rows_int(quotes, row, 0));
	sql_add(open, ", 'zh', 480, ");
	sql_uuid(open, intention);
	sql_add(open, ") o");
	store_queue(store, open, NULL);
}

enum err
demo_make_day(struct store *store, struct arena *arena, int64_t today)
{
	struct sql *sql = sql_new(arena), *outside = sql_new(arena);
	struct rows *quotes;
	enum err err;

	demo_day_targets(store, arena, today);
	demo_day_reports(store, arena, today);
	demo_day_contracts(store, arena, today);
	sql_add(outside, demo_outside);
	store_queue(store, outside, NULL);
	sql_add(sql,
	    "SELECT q.id, q.number, q.owner_id, r.id FROM quote q JOIN users u ON u.id = "
	    "q.owner_id JOIN users s ON s.id = u.superior_id, approval_rule r WHERE q.state = "
	    "'draft' AND q.over_limit AND r.entity = 'quote' AND r.action = 'issue' AND "
	    "r.active "
	    "AND r.deleted_at IS NULL ORDER BY q.quoted_on DESC, q.id LIMIT ");
	sql_int(sql, DEMO_CONSENTS);
	store_queue(store, sql, &quotes);
	err = store_flush(store, arena);
	for (size_t i = 0; err == ERR_OK && i < quotes->count; i++)
		demo_consent_open(store, arena, quotes, i, today);
	return err == ERR_OK ? store_flush(store, arena) : err;
}
