-- report: zh="拜访目的统计" en="Visits by purpose"
-- parameter: from date default=month zh="起始日期" en="From" help_zh="空：本月一日" help_en="Empty: the first of this month"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: purpose field=visit.purpose share=1
-- column: visits integer zh="次数" en="Visits" sum width=8
-- column: whole integer hidden
-- column: part percent=visits/whole zh="占比 %" en="Share %" width=8
-- column: customers integer zh="客户数" en="Customers" width=9
-- column: minutes integer zh="时长（分）" en="Minutes" sum needs=visit.minutes
-- chart: pie label=purpose values=visits zh="拜访目的" en="Purposes"
SELECT v.purpose, count(*) AS visits, (sum(count(*)) OVER ())::bigint AS whole,
	count(DISTINCT v.customer_id) AS customers, sum(v.minutes)::bigint AS minutes
FROM {visit} v
WHERE v.state IN ('started', 'completed') AND v.kind <> 'task' AND v.at >= {^from} AND v.at < {$to}
	{when person} AND v.owner_id = {=person} {end}
	{when department} AND v.department_id = ANY ({<department}) {end}
GROUP BY 1 ORDER BY 2 DESC, 1
