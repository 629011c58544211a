-- report: zh="逾期未跟进客户" en="Follow-up overdue" main=customer
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- parameter: level choice list=customer_level zh="级别" en="Level"
-- table: totals
-- column: owner field=customer.owner_id
-- column: name field=customer.name share=1
-- column: level field=customer.level width=10
-- column: visited field=customer.last_visit_at date
-- column: allowed integer zh="规定天数" en="Days allowed" width=9
-- column: due date zh="应跟进日" en="Due" count
-- column: late integer zh="逾期（天）" en="Days late" width=10
-- group: owner subtotal
-- column: one integer hidden
-- chart: bars groups label=owner values=one zh="各负责人逾期客户" en="Overdue by owner"
WITH rules AS (SELECT r.level, min(r.days) AS days FROM {follow_up_rule} r WHERE r.active GROUP BY r.level),
due AS (SELECT c.owner_id, c.id, c.name, c.name_key, c.level, {local c.last_visit_at}::date AS visited, r.days,
		least(c.next_visit_on, {local coalesce_at}::date + r.days::integer) AS due
	FROM (SELECT k.*, coalesce(k.last_visit_at, k.created_at) AS coalesce_at FROM {customer} k) c
	LEFT JOIN rules r ON r.level = c.level
	WHERE c.stage <> 'lost'
		{when level} AND c.level = {=level} {end}
		{when person} AND c.owner_id = {=person} {end}
		{when department} AND c.department_id = ANY ({<department}) {end}
)
SELECT d.owner_id AS owner, d.name, d.level, d.visited, d.days AS allowed, d.due,
	({today} - d.due)::bigint AS late, 1 AS one
FROM due d LEFT JOIN {user} u ON u.id = d.owner_id
WHERE d.due < {today}
ORDER BY u.label_key, d.owner_id, d.due, d.name_key, d.id
