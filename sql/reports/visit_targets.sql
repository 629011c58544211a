-- report: zh="拜访目标完成" en="Visits and their targets" main=visit
-- parameter: from date default=month zh="起始日期" en="From" help_zh="空：本月一日" help_en="Empty: the first of this month"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: person field=visit.owner_id
-- column: month text zh="月份" en="Month" width=8
-- column: visits integer zh="拜访" en="Visits" sum
-- column: goal integer zh="目标" en="Target" sum needs=target.number
-- column: done percent=visits/goal zh="完成 %" en="Done %"
-- group: person subtotal
-- chart: bars groups label=person values=visits zh="各人员拜访次数" en="Visits by person"
WITH done AS (SELECT v.owner_id, date_trunc('month', {local v.at})::date AS month, count(*) AS visits
	FROM {visit} v
	WHERE v.state IN ('started', 'completed') AND v.kind <> 'task' AND v.at >= {^from} AND v.at < {$to}
		{when person} AND v.owner_id = {=person} {end}
		{when department} AND v.department_id = ANY ({<department}) {end}
	GROUP BY 1, 2),
goals AS (SELECT t.person_id, t.month, sum(t.number)::bigint AS goal FROM {target} t
	WHERE t.level = 'person' AND t.measure = 'visits' AND t.month BETWEEN date_trunc('month', {=from}::timestamp)::date AND {=to}
		{when person} AND t.person_id = {=person} {end}
		{when department} AND t.department_id = ANY ({<department}) {end}
	GROUP BY 1, 2)
SELECT coalesce(d.owner_id, g.person_id) AS person, to_char(coalesce(d.month, g.month), 'YYYY-MM') AS month,
	coalesce(d.visits, 0) AS visits, g.goal
FROM done d FULL JOIN goals g ON g.person_id = d.owner_id AND g.month = d.month
LEFT JOIN {user} u ON u.id = coalesce(d.owner_id, g.person_id)
ORDER BY u.label_key, 1, 2
