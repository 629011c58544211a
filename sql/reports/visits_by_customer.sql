-- report: zh="客户拜访统计" en="Visits by customer"
-- parameter: from date default=month zh="起始日期" en="From" help_zh="空：本月一日" help_en="Empty: the first of this month"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: customer field=customer.name share=2
-- column: level field=customer.level width=10
-- column: owner field=customer.owner_id width=10
-- column: visits integer zh="次数" en="Visits" sum width=7
-- column: minutes integer zh="时长（分）" en="Minutes" sum needs=visit.minutes width=8
-- column: average average=minutes/visits zh="平均（分）" en="Average" width=8
-- column: last date zh="最近" en="Last"
-- chart: bars label=customer values=visits zh="拜访最多的客户" en="Most visited"
SELECT coalesce(c.short_name, c.name) AS customer, c.level, c.owner_id AS owner, s.visits, s.minutes, s.last
FROM (SELECT v.customer_id, count(*) AS visits, sum(v.minutes)::bigint AS minutes, max({local v.at})::date AS last
	FROM {visit} v
	WHERE v.state IN ('started', 'completed') AND v.kind <> 'task' AND v.customer_id IS NOT NULL
		AND v.at >= {^from} AND v.at < {$to}
		{when person} AND v.owner_id = {=person} {end}
		{when department} AND v.department_id = ANY ({<department}) {end}
	GROUP BY v.customer_id) s
JOIN {customer} c ON c.id = s.customer_id
ORDER BY s.visits DESC, c.name_key, c.id
